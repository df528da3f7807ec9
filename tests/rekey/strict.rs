//! What is asked for follows the standards whatever the old certificate was like: malformed names are left
//! out or mended, and reported.

use std::fs;
use std::path::Path;
use std::process::Command;

use certrecall::plan::ca::{Reach, Sort};
use certrecall::rekey::{Action, Ca, KeySpec, Made, Order, Wanted};

use super::certificates::{Build, CN, UTF8, ava, common_name, extension, oid, p256, rdn, seq, tlv};
use super::{made, openssl, wanted, wanted_of};

fn san(names: &[(u8, &[u8])]) -> Vec<u8> {
    extension(
        "2.5.29.17",
        false,
        &seq(&names.iter().map(|(tag, content)| tlv(*tag, content)).collect::<Vec<_>>()),
    )
}

fn purposes(all: &[&str]) -> Vec<u8> {
    extension("2.5.29.37", false, &seq(&all.iter().map(|p| oid(p)).collect::<Vec<_>>()))
}

fn common_names(all: &[&str]) -> Vec<u8> {
    seq(&all.iter().map(|text| rdn(&[ava(CN, UTF8, text.as_bytes())])).collect::<Vec<_>>())
}

/// An old certificate, the names that the request has, and its findings.
struct Row {
    name: &'static str,
    subject: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    asked: &'static str,
    findings: &'static [&'static str],
    directory: &'static str,
}

const OUT: &[&str] = &["name-left-out"];
const MENDED: &[&str] = &["name-mended"];
const ADDED: &[&str] = &["common-name-added"];

fn rows() -> Vec<Row> {
    let row = |name, subject: &str, extensions, asked, findings, directory| Row {
        name,
        subject: common_name(subject),
        extensions,
        asked,
        findings,
        directory,
    };
    let named = |name, extensions, asked, findings, directory| {
        row(name, "a.example", extensions, asked, findings, directory)
    };
    let long = "x".repeat(50) + ".example.com";
    let cn = |name, all: &[&str], extensions, asked, findings, directory| Row {
        subject: common_names(all),
        ..row(name, "", extensions, asked, findings, directory)
    };
    let (server, client) = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    let (dns, ip, mail, uri) = (0x82, 0x87, 0x81, 0x86);
    vec![
        named(
            "an address of 8 octets",
            vec![san(&[(dns, b"a.example"), (ip, &[10, 0, 0, 1, 255, 0, 0, 0])])],
            "DNS:a.example",
            OUT,
            "a.example",
        ),
        named(
            "an address of none",
            vec![san(&[(ip, &[]), (dns, b"b.example"), (ip, &[10, 0, 0, 1])])],
            "DNS:b.example, IP Address:10.0.0.1",
            OUT,
            "a.example",
        ),
        named(
            "an address mapped into IPv6",
            vec![san(&[(ip, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]), (dns, b"a.example")])],
            "IP Address:10.0.0.1, DNS:a.example",
            MENDED,
            "10.0.0.1",
        ),
        named(
            "an address of 32 octets alone",
            vec![san(&[(ip, &[1; 32])])],
            "DNS:a.example",
            &["common-name-added", "name-left-out"],
            "a.example",
        ),
        named(
            "letters",
            vec![san(&[(dns, "bücher.example".as_bytes()), (dns, b"c.example")])],
            "DNS:xn--bcher-kva.example, DNS:c.example",
            MENDED,
            "xn--bcher-kva.example",
        ),
        named(
            "letters and their twin",
            vec![san(&[(dns, "bücher.example".as_bytes()), (dns, b"XN--bcher-kva.example")])],
            "DNS:XN--bcher-kva.example",
            MENDED,
            "xn--bcher-kva.example",
        ),
        named(
            "letters below a wildcard",
            vec![san(&[(dns, "*.bücher.example".as_bytes())])],
            "DNS:*.xn--bcher-kva.example",
            MENDED,
            "wildcard.xn--bcher-kva.example",
        ),
        named(
            "letters in Latin-1",
            vec![san(&[(dns, b"b\xfccher.example"), (dns, b"c.example")])],
            "DNS:c.example",
            OUT,
            "c.example",
        ),
        named(
            "a label that cannot be converted",
            vec![san(&[(dns, "\u{202e}a.example".as_bytes()), (dns, b"c.example")])],
            "DNS:c.example",
            OUT,
            "c.example",
        ),
        named(
            "empty, blank, control",
            vec![san(&[(dns, b""), (dns, b"a b"), (dns, b"a\nb"), (dns, b"c.example")])],
            "DNS:c.example",
            OUT,
            "c.example",
        ),
        named(
            "long label",
            vec![san(&[(dns, &[b'a'; 64]), (dns, b"c.example")])],
            "DNS:c.example",
            OUT,
            "c.example",
        ),
        named(
            "wildcards",
            vec![san(&[(dns, b"w*.a.example"), (dns, b"a.*.example"), (dns, b"*"), (dns, b"*.a.example")])],
            "DNS:*.a.example",
            OUT,
            "wildcard.a.example",
        ),
        named(
            "in use at private CAs",
            vec![san(&[(dns, b"_a.b_c.corp"), (dns, b"db1"), (dns, b"*.corp")])],
            "DNS:_a.b_c.corp, DNS:db1, DNS:*.corp",
            &[],
            "a.b-c.corp",
        ),
        named(
            "an address as a host name",
            vec![san(&[(dns, b"192.0.2.1"), (dns, b"c.example")])],
            "IP Address:192.0.2.1, DNS:c.example",
            MENDED,
            "192.0.2.1",
        ),
        named(
            "the dot of the root",
            vec![san(&[(dns, b"c.example."), (dns, b"d.example")])],
            "DNS:c.example, DNS:d.example",
            MENDED,
            "c.example",
        ),
        named(
            "URIs",
            vec![san(&[
                (uri, b"http://a b/"),
                (uri, b"x"),
                (uri, b"http://a..b/"),
                (uri, b"http://a/%zz"),
                (dns, b"c.example"),
                (uri, "http://b\u{fc}cher.example/".as_bytes()),
            ])],
            "DNS:c.example, URI:http://xn--bcher-kva.example/",
            &["name-left-out", "name-mended"],
            "c.example",
        ),
        named(
            "mail addresses",
            vec![san(&[
                (mail, b"nobody"),
                (mail, b"A <a@b.example>"),
                (mail, "\u{fc}@b.example".as_bytes()),
                (dns, b"c.example"),
                (mail, "a@b\u{fc}cher.example".as_bytes()),
            ])],
            "DNS:c.example, email:a@xn--bcher-kva.example",
            &["name-left-out", "name-mended"],
            "c.example",
        ),
        named(
            "kinds that parsers refuse",
            vec![san(&[
                (0x88, &[]),
                (0x88, &[0x2a, 0x80, 4]),
                (0xa0, &[6, 1, 0x2a]),
                (0xa4, b"\x0c\x01x"),
                (0x89, b"x"),
                (0xa2, b"x"),
                (dns, b"c.example"),
            ])],
            "DNS:c.example",
            OUT,
            "c.example",
        ),
        cn(
            "several hosts",
            &["one.example", "a person", "two.example", "ONE.example"],
            vec![],
            "DNS:one.example, DNS:two.example",
            ADDED,
            "two.example",
        ),
        cn(
            "hosts and an address",
            &["one.example", "192.0.2.1", "*.three.example"],
            vec![],
            "DNS:one.example, IP Address:192.0.2.1, DNS:*.three.example",
            ADDED,
            "wildcard.three.example",
        ),
        cn(
            "beside an address alone",
            &["one.example", "two.example"],
            vec![san(&[(ip, &[10, 0, 0, 1])])],
            "IP Address:10.0.0.1, DNS:one.example, DNS:two.example",
            ADDED,
            "two.example",
        ),
        cn(
            "beside a mail address",
            &["one.example"],
            vec![san(&[(mail, b"a@one.example")]), purposes(&[server])],
            "email:a@one.example, DNS:one.example",
            ADDED,
            "one.example",
        ),
        cn(
            "beside a host name",
            &["one.example", "two.example"],
            vec![san(&[(dns, b"one.example")])],
            "DNS:one.example",
            &[],
            "two.example",
        ),
        cn(
            "a person with a mail address",
            &["john.smith"],
            vec![san(&[(mail, b"a@one.example")]), purposes(&[client])],
            "email:a@one.example",
            &[],
            "john.smith",
        ),
        cn(
            "letters in the common name",
            &["bücher.example"],
            vec![],
            "DNS:xn--bcher-kva.example",
            &["common-name-added", "name-mended"],
            "xn--bcher-kva.example",
        ),
        cn("a person in other letters", &["jörg.müller"], vec![purposes(&[client])], "", &[], "j-rg.m-ller"),
        cn(
            "a long host",
            &[&long, &"y".repeat(65)],
            vec![],
            Box::leak(format!("DNS:{long}").into_boxed_str()),
            &["common-name-added", "name-left-out"],
            Box::leak(long.clone().into_boxed_str()),
        ),
        cn(
            "a common name beyond 64 characters",
            &[&"n".repeat(65), "b.example"],
            vec![san(&[(dns, b"b.example")])],
            "DNS:b.example",
            OUT,
            "b.example",
        ),
        cn(
            "64 characters of two octets each",
            &[&"ä".repeat(64)],
            vec![san(&[(dns, b"b.example")])],
            "DNS:b.example",
            &[],
            "x",
        ),
    ]
}

/// The names that openssl prints of a request.
fn asked(file: &Path) -> String {
    let text = String::from_utf8(openssl(&["req", "-noout", "-text"], file).0).unwrap();
    text.lines()
        .skip_while(|l| !l.contains("Subject Alternative Name"))
        .nth(1)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[test]
fn malformed_names_are_left_out_or_mended_and_reported() {
    let case = tempfile::tempdir().unwrap();
    let rows = rows();
    let private = Ca { reach: Some(Reach::Private), sort: Some(Sort::TlsServer), operator: None };
    let one = |row: &Row| {
        // As a plan names it: the first host as found, or the last common name.
        let certificate = Build::new(row.subject.clone(), row.extensions.clone()).der();
        wanted_of(private.clone(), wanted(plan_name(row), certificate, p256()))
    };
    let outcome = made(&rows.iter().map(one).collect::<Vec<_>>(), KeySpec::Mirror, case.path()).unwrap();
    assert_eq!(outcome.made.len(), rows.len(), "{:?}", outcome.refused);
    for (row, made) in rows.iter().zip(&outcome.made) {
        let directory = case.path().join(&made.directory);
        let file = directory.join("request.pem");
        assert!(openssl(&["req", "-verify", "-noout"], &file).1.contains("verify OK"), "{}", row.name);
        assert_eq!(asked(&file), row.asked, "{}", row.name);
        assert_eq!(
            made.record.findings.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
            row.findings,
            "{}: {:?}",
            row.name,
            made.record.changes
        );
        if row.directory != "x" {
            assert_eq!(called(made), row.directory, "{}", row.name);
        }
        reported(row.name, made, &fs::read_to_string(directory.join("handoff.md")).unwrap());
    }
}

fn plan_name(row: &Row) -> &'static str {
    match row.name {
        "letters" | "letters and their twin" => "bücher.example",
        "letters below a wildcard" => "*.bücher.example",
        "wildcards" => "w*.a.example",
        "in use at private CAs" => "_a.b_c.corp",
        "an address as a host name" => "192.0.2.1",
        "the dot of the root" => "c.example.",
        "several hosts" | "beside an address alone" | "beside a host name" => "two.example",
        "hosts and an address" => "*.three.example",
        "beside a mail address" => "one.example",
        "a person with a mail address" => "john.smith",
        "letters in the common name" => "bücher.example",
        "a person in other letters" => "jörg.müller",
        "an address of none" | "an address of 8 octets" | "an address of 32 octets alone" => "a.example",
        _ => "left.out.example",
    }
}

fn called(made: &Made) -> &str {
    made.directory.strip_prefix("replacements/").and_then(|name| name.rsplit_once('-')).unwrap().0
}

/// Each name that is not asked for as it was is in the record and in the text for people.
fn reported(row: &str, made: &Made, handoff: &str) {
    for code in made.record.findings.iter() {
        let of = |action| {
            made.record
                .changes
                .iter()
                .any(|c| c.action == action && (c.what.starts_with("subject") && c.what.contains(' ')))
        };
        match code.as_str() {
            "name-left-out" => assert!(of(Action::Dropped), "{row}"),
            "name-mended" => assert!(of(Action::Changed) || of(Action::Dropped), "{row}"),
            _ => {}
        }
    }
    for change in made.record.changes.iter().filter(|c| c.what.starts_with("subjectAltName ")) {
        assert!(
            handoff.contains(&change.what) && !change.reason.is_empty(),
            "{row}: {} in {handoff}",
            change.what
        );
    }
}

#[test]
fn usages_are_written_in_der() {
    let case = tempfile::tempdir().unwrap();
    let name = || common_name("host.example.com");
    let long = [&[6, 70][..], &[0x2a], &[4; 69]].concat();
    let usage = |value: &[u8]| Build::new(name(), vec![extension("2.5.29.15", true, value)]).der();
    let purpose = |value: Vec<u8>| Build::new(name(), vec![extension("2.5.29.37", false, &value)]).der();
    let staple =
        |value: Vec<u8>| Build::new(name(), vec![extension("1.3.6.1.5.5.7.1.24", false, &value)]).der();
    let all = [
        (usage(&[3, 3, 0, 0x80, 0]), "Digital Signature\n", "keyUsage"),
        (usage(&[3, 2, 0, 0x80]), "Digital Signature\n", "keyUsage"),
        (usage(&[3, 2, 5, 0x9f]), "Digital Signature\n", "keyUsage"),
        (
            purpose(seq(&[oid("1.3.6.1.5.5.7.3.1"), tlv(6, &[0x2a, 0x80, 4])])),
            "TLS Web Server Authentication\n",
            "extendedKeyUsage",
        ),
        (
            purpose(seq(&[oid("1.3.6.1.5.5.7.3.1"), long])),
            "TLS Web Server Authentication\n",
            "extendedKeyUsage",
        ),
        (
            purpose(seq(&[tlv(UTF8, b"x"), oid("1.3.6.1.5.5.7.3.2")])),
            "TLS Web Client Authentication\n",
            "extendedKeyUsage",
        ),
        (staple(seq(&[vec![2, 1, 5], vec![2, 1, 6]])), "status_request\n", "tlsFeature"),
        (staple(seq(&[vec![2, 2, 0, 5], vec![2, 1, 17]])), "status_request_v2\n", "tlsFeature"),
        (staple(seq(&[vec![4, 1, 5], vec![2, 1, 5]])), "status_request\n", "tlsFeature"),
    ];
    let wanted: Vec<Wanted> =
        all.iter().map(|(der, ..)| wanted("host.example.com", der.clone(), p256())).collect();
    let outcome = made(&wanted, KeySpec::EcdsaP256, case.path()).unwrap();
    for ((_, shows, what), made) in all.iter().zip(&outcome.made) {
        let text = String::from_utf8(
            openssl(&["req", "-noout", "-text"], &case.path().join(&made.directory).join("request.pem")).0,
        )
        .unwrap();
        assert!(text.contains(shows), "{shows} in {text}");
        assert!(
            made.record.changes.iter().any(|c| c.what == *what && c.action == Action::Changed),
            "{what}: {:?}",
            made.record.changes
        );
    }
}

#[test]
fn what_names_nothing_any_more_is_refused_with_the_reason() {
    let case = tempfile::tempdir().unwrap();
    let build = |subject: Vec<u8>, extensions| Build::new(subject, extensions).der();
    let all = [
        wanted("x", build(seq(&[]), vec![san(&[(0x82, b"a b"), (0x87, b"\x01")])]), p256()),
        wanted("x", build(common_name(&"n".repeat(65)), vec![]), p256()),
        wanted("x", build(common_name(""), vec![san(&[(0xa3, b"")])]), p256()),
        wanted(
            "x",
            build(
                seq(&[rdn(&[ava("2.5.4.6", 0x13, b"Germany")]), rdn(&[ava("2.5.4.10", UTF8, &[b'o'; 65])])]),
                vec![],
            ),
            p256(),
        ),
    ];
    let outcome = super::make(&all, None, case.path(), &|_| false, 1, &|_| {}).unwrap();
    let says: Vec<&str> = outcome.refused.iter().map(|r| r.says.as_str()).collect();
    assert_eq!(says.len(), all.len(), "{says:?}");
    assert!(
        says.iter().all(|says| says.contains("nothing is left to ask for") && says.contains("--san")),
        "{says:?}"
    );
    for given in [
        format!("CN={}", "n".repeat(65)),
        "CN=a.example,C=Germany".to_owned(),
        format!("CN=a.example,O={}", "n".repeat(65)),
    ] {
        assert!(certrecall::pki::dn::parse(&given).unwrap_err().contains("are allowed"), "{given}");
    }
    // A subject in other letters is written like an old one.
    let subject = Some(certrecall::pki::dn::parse("CN=bücher.example,O=Bücher").unwrap());
    let order = Order { subject, ..Order::default() };
    let outcome =
        super::make(&[Wanted { order, ..all[1].clone() }], None, case.path(), &|_| false, 1, &|_| {})
            .unwrap();
    assert_eq!(outcome.made[0].record.subject, "CN=xn--bcher-kva.example,O=Bücher");
}

/// Reads every request as Python's `cryptography` does: the subject, and each extension.
const READ: &str = "
import sys
from cryptography import x509
for path in sys.stdin.read().split('\\n')[:-1]:
    with open(path, 'rb') as file:
        request = x509.load_pem_x509_csr(file.read())
    request.subject.rfc4514_string()
    assert request.is_signature_valid, path
    list(request.extensions)
";

#[test]
#[ignore = "needs the Python package cryptography (PYTHON names an interpreter that has it)"]
fn a_strict_parser_reads_every_request() {
    use std::io::Write as _;
    let case = tempfile::tempdir().unwrap();
    let odd = super::certificates::cases().into_iter().map(|c| c.build);
    let all = odd.chain(rows().into_iter().map(|row| Build::new(row.subject, row.extensions)));
    let wanted: Vec<Wanted> = all.map(|build| wanted("x.example", build.der(), p256())).collect();
    let outcome = made(&wanted, KeySpec::Mirror, case.path()).unwrap();
    assert_eq!(outcome.refused, []);
    let mut python = Command::new(std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned()))
        .args(["-W", "ignore", "-c", READ])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let paths: String = outcome
        .made
        .iter()
        .map(|m| case.path().join(&m.directory).join("request.pem").to_str().unwrap().to_owned() + "\n")
        .collect();
    python.stdin.take().unwrap().write_all(paths.as_bytes()).unwrap();
    assert!(python.wait().unwrap().success());
    if let Ok(keep) = std::env::var("CERTRECALL_KEEP") {
        outcome.made.iter().enumerate().for_each(|(i, m)| {
            fs::copy(
                case.path().join(&m.directory).join("request.pem"),
                Path::new(&keep).join(format!("{i}.pem")),
            )
            .unwrap();
        });
    }
}
