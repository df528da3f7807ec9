//! What is printed to be pasted comes back from a shell word by word, whatever the names are.

use std::fs;
use std::process::Command;

use certrecall::plan::ca::{Cas, Reach, Sort};
use certrecall::rekey::handoff::{text, ways};
use certrecall::rekey::{Action, Change, KeySpec, Next, Record, Wanted};
use certrecall::shell;
use proptest::prelude::*;

use super::certificates::{Build, common_name, extension, nine_names, oid, seq};
use super::{made, openssl, plain};

/// What a shell makes of a line.
fn read_back(line: &str) -> Vec<String> {
    let out = Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().unwrap();
    assert!(out.status.success(), "{line}");
    let text = String::from_utf8(out.stdout).unwrap();
    text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
}

fn record() -> Record {
    let case = tempfile::tempdir().unwrap();
    made(&plain(1), KeySpec::EcdsaP256, case.path()).unwrap().made.remove(0).record
}

fn public(acme: &[&str]) -> Next {
    let acme = acme.iter().map(|a| (*a).to_owned()).collect();
    Next {
        reach: Some(Reach::Public),
        sort: Some(Sort::TlsServer),
        operator: Some("A CA".into()),
        acme,
        max_days: Some(200),
        ..Next::default()
    }
}

fn programs(record: &Record, next: &Next) -> Vec<String> {
    ways(record, next, "").iter().flat_map(|w| &w.commands).map(|c| c[0].clone()).collect()
}

#[test]
fn only_ways_that_fit_are_shown() {
    let record = record();
    assert_eq!(
        programs(&record, &public(&["https://acme.example/directory"])),
        ["certbot", "lego", "lego", "acme.sh", "acme.sh"]
    );
    assert_eq!(
        programs(&record, &public(&[])),
        Vec::<String>::new(),
        "a public CA without ACME has a portal"
    );
    let mail = Next { sort: Some(Sort::Smime), ..public(&["https://acme.example/directory"]) };
    assert_eq!(programs(&record, &mail), Vec::<String>::new(), "ACME is for hosts");
    let private = Next { reach: Some(Reach::Private), acme: vec![], ..public(&[]) };
    assert_eq!(programs(&record, &private), ["openssl", "step"], "no ACME at a private CA");
    let own =
        Next { acme: vec!["https://ca.corp/acme".into()], kind: Some("step-ca".into()), ..private.clone() };
    assert_eq!(
        programs(&record, &own),
        ["certbot", "lego", "lego", "acme.sh", "acme.sh", "step"],
        "unless it is listed"
    );
    for (kind, program) in [
        ("vault", "vault"),
        ("ad-cs", "certreq"),
        ("aws-private-ca", "aws"),
        ("google-cas", "gcloud"),
        ("cfssl", "cfssl"),
        ("openssl", "openssl"),
    ] {
        assert_eq!(programs(&record, &Next { kind: Some(kind.into()), ..private.clone() }), [program]);
    }
    let text = |next: &Next| text(&record, next, "", "-----BEGIN");
    assert!(
        text(&public(&[])).contains("Log in where the old certificate was ordered: at `A CA`")
            && text(&public(&[])).contains("200 days")
    );
    assert!(
        !text(&public(&[])).contains("cert-manager") && text(&private).contains("kind: CertificateRequest")
    );
    assert!(
        text(&Next { reach: Some(Reach::SelfSigned), ..Next::default() })
            .contains("openssl x509 -req -in request.pem -key key.pem")
    );
}

#[test]
fn every_kind_of_private_ca_has_a_way_or_a_hand() {
    let record = record();
    for kind in Cas::builtin().unwrap().kinds {
        let next = Next { kind: Some(kind.id.clone()), reach: Some(Reach::Private), ..Next::default() };
        let by_hand = matches!(kind.id.as_str(), "ejbca" | "other");
        assert_eq!(ways(&record, &next, "").is_empty(), by_hand, "{}", kind.id);
    }
}

#[test]
fn what_certbot_writes_for_complete_has_the_chain() {
    let command = ways(&record(), &public(&["https://acme.example/directory"]), "/case/replacements/x")
        .remove(0)
        .commands
        .remove(0);
    let after = |flag: &str| command[command.iter().position(|w| w == flag).unwrap() + 1].as_str();
    assert_eq!(
        (after("--fullchain-path"), after("--cert-path")),
        ("/case/replacements/x/issued.pem", "/case/replacements/x/issued-cert.pem")
    );
}

#[test]
fn wildcards_are_validated_over_dns() {
    let wild = Record { names: vec!["*.example.com".into(), "example.com".into()], ..record() };
    let all = ways(&wild, &public(&["https://acme.example/directory"]), "");
    let has = |i: usize, word: &str| all[i].commands.iter().flatten().any(|w| w == word);
    assert!(
        has(0, "dns")
            && has(1, "--dns")
            && has(2, "--dns")
            && !has(0, "--standalone")
            && !has(1, "--http")
            && !has(2, "--webroot")
    );
    assert!(all[0].says.contains("*.example.com, example.com"), "certbot wants the names of the request");
}

#[test]
fn the_file_lies_beside_the_request_and_its_commands_work() {
    let case = tempfile::tempdir().unwrap();
    let next = Next { reach: Some(Reach::SelfSigned), ..Next::default() };
    let wanted = Wanted { next, ..plain(1).remove(0) };
    let made = made(&[wanted], KeySpec::EcdsaP256, case.path()).unwrap().made.remove(0);
    let directory = case.path().join(&made.directory);
    let text = fs::read_to_string(directory.join("handoff.md")).unwrap();
    let command = text.lines().find_map(|l| l.strip_prefix("    openssl x509")).unwrap();
    assert!(
        Command::new("sh")
            .current_dir(&directory)
            .args(["-c", &format!("openssl x509{command} 2>&1")])
            .status()
            .unwrap()
            .success()
    );
    assert!(
        String::from_utf8(openssl(&["x509", "-noout", "-text"], &directory.join("issued.pem")).0)
            .unwrap()
            .contains("DNS:host.example.com")
    );
    let yaml: Vec<_> = text.split("```").collect();
    let base64 = yaml[1].lines().find_map(|l| l.trim().strip_prefix("request: ")).unwrap();
    assert_eq!(
        base64_simd::STANDARD.decode_to_vec(base64).unwrap(),
        fs::read(directory.join("request.pem")).unwrap()
    );
}

/// `usages` of the manifest for a certificate with these extensions.
fn usages(extensions: Vec<Vec<u8>>) -> (Option<String>, String) {
    let case = tempfile::tempdir().unwrap();
    let certificate = Build::new(common_name("host.example.com"), extensions).der();
    let wanted = Wanted { certificate, ..plain(1).remove(0) };
    let made = made(&[wanted], KeySpec::Rsa2048, case.path()).unwrap().made.remove(0);
    let text = fs::read_to_string(case.path().join(&made.directory).join("handoff.md")).unwrap();
    (text.lines().find_map(|l| l.strip_prefix("  usages: ")).map(str::to_owned), text)
}

#[test]
fn the_manifest_has_the_usages_of_the_request() {
    let purposes =
        |list: &[&str]| extension("2.5.29.37", false, &seq(&list.iter().map(|p| oid(p)).collect::<Vec<_>>()));
    let usage = |octet| extension("2.5.29.15", true, &[3, 2, 0, octet]);
    let (server, client, odd) = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2");
    for (extensions, shown) in [
        (vec![], Some("[digital signature, server auth]")),
        (
            vec![usage(0xa0), purposes(&[server, client])],
            Some("[digital signature, key encipherment, server auth, client auth]"),
        ),
        (vec![usage(0x80)], Some("[digital signature]")),
        (vec![purposes(&[client])], Some("[client auth]")),
        (vec![purposes(&[odd])], None),
    ] {
        assert_eq!(usages(extensions.clone()).0.as_deref(), shown, "{extensions:?}");
    }
    assert!(
        usages(vec![purposes(&[server, odd])])
            .1
            .contains("no name for and may leave out: 1.3.6.1.4.1.311.20.2.2.")
    );
}

#[test]
fn names_that_are_not_listed_are_counted() {
    let names = extension("2.5.29.17", false, &nine_names());
    assert!(usages(vec![names]).1.contains(
        "it asks for `www.example.com`, `192.0.2.7`, and for 5 names that are not plain hosts or addresses."
    ));
    assert!(usages(vec![]).1.contains("it asks for `host.example.com`. The key"));
}

#[test]
fn a_wildcard_and_an_address_together_have_no_challenge() {
    let record = Record { names: vec!["*.example.com".into(), "8.8.8.8".into()], ..record() };
    let next = public(&["https://acme.example/directory"]);
    assert_eq!(programs(&record, &next), Vec::<String>::new());
    assert!(text(&record, &next, "", "").contains("**No ACME order works for this request**"));
    let without = Record { names: vec!["*.example.com".into()], ..record };
    let text = text(&without, &next, "", "");
    assert!(
        !text.contains("No ACME order")
            && text.contains(".lego/certificates/NAME.crt")
            && text.contains("~/.acme.sh/NAME_ecc"),
        "{text}"
    );
}

#[test]
fn a_certificate_that_signs_itself_is_its_own_root() {
    let next = Next { reach: Some(Reach::SelfSigned), ..Next::default() };
    let text = text(&record(), &next, "/a case/replacements/x", "");
    assert!(
        text.contains("    certrecall complete '/a case' '/a case/replacements/x/issued.pem' --root '/a case/replacements/x/issued.pem'\n"),
        "{text}"
    );
    assert!(
        text.contains("-in '/a case/replacements/x/request.pem' -key '/a case/replacements/x/key.pem'"),
        "{text}"
    );
}

#[test]
fn a_ca_that_issues_no_more_is_not_asked() {
    let next = Next {
        retired: Some("it issues no more since 2025-10-31".into()),
        ..public(&["https://acme.example/directory"])
    };
    assert_eq!(programs(&record(), &next), Vec::<String>::new());
    let text = text(&record(), &next, "", "");
    assert!(
        text.contains("Order the certificate at another CA than `A CA` (it issues no more since 2025-10-31)")
            && !text.contains("Log in"),
        "{text}"
    );
}

/// What is left of a Markdown page without code: blocks that are fenced or indented, and spans between equal
/// runs of backticks.
fn without_code(page: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        if fenced || line.starts_with("```") || line.starts_with("    ") {
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            let run = rest[at..].chars().take_while(|c| *c == '`').count();
            let (before, behind) = (&rest[..at], &rest[at + run..]);
            out.push_str(before);
            let ends = |at: &usize| {
                behind[*at..].chars().take_while(|c| *c == '`').count() == run
                    && !behind[..*at].ends_with('`')
            };
            let Some(end) = behind.match_indices('`').map(|(at, _)| at).find(ends) else {
                out.push_str("UNCLOSED");
                rest = behind;
                continue;
            };
            rest = &behind[end + run..];
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[test]
fn hostile_names_are_no_markup() {
    let names = [
        "](http://evil.example/)",
        "<script>alert(1)</script>",
        "a`b``c```d",
        "`",
        "``` x",
        "| a | b |",
        "![x](http://evil.example/y.png)",
        "**b** _i_ ~s~",
        "a\n# evil head\n```\n",
        "<!-- evil",
        "http://evil.example/",
        "www.evil.example",
        "evil@evil.example",
        "&lt;evil",
        "[evil]: http://evil.example",
    ];
    let acme = ["https://acme.example/directory"];
    for name in names {
        let change = |action| Change {
            what: format!("subjectAltName DNS:{name}"),
            action,
            reason: format!("the label {name} is not a host"),
        };
        let record = Record {
            names: vec![name.to_owned(), "evil.example".to_owned()],
            subject: format!("CN={name}"),
            changes: vec![change(Action::Dropped), change(Action::Added)],
            ..record()
        };
        for (reach, operator) in [
            (Reach::Public, Some(name)),
            (Reach::Public, None),
            (Reach::Private, None),
            (Reach::SelfSigned, None),
            (Reach::Unknown, Some(name)),
        ] {
            let retired = operator.map(|_| format!("retired: {name}"));
            for retired in [None, retired] {
                let next = Next {
                    reach: Some(reach),
                    operator: operator.map(Into::into),
                    issuer: format!("CN={name}"),
                    retired,
                    ..public(&acme)
                };
                let plain = without_code(&text(&record, &next, "/case/replacements/x", ""));
                // Escaped, a name is text: nothing that begins markup is left without its backslash or as
                // itself.
                for bad in [
                    "](", "<script", "<!--", "![x]", "| a |", "**b**", "://evil", "www.evil", "@evil",
                    "UNCLOSED", "[evil]",
                ] {
                    let at = plain.match_indices(bad).find(|(at, _)| !plain[..*at].ends_with('\\'));
                    assert!(at.is_none(), "{name:?}: {bad} in {plain}");
                }
                assert!(
                    !plain.lines().any(|line| line.trim_start().starts_with("# evil")
                        || line.trim_start().starts_with("```")),
                    "{plain}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn commands_come_back_from_a_shell(
        name in "[ -~\u{e9}\u{202e}'`$\\\\\"\n]{0,40}", server in "[ -~'`$]{1,40}", directory in "[ -~'`$\\\\\"\n]{0,40}", parameter in any::<String>()
    ) {
        let record = Record { names: vec![name.clone()], subject: name.clone(), ..record() };
        let parameters: std::collections::BTreeMap<_, _> = ["config", "mount", "arn", "pool"].map(|p| (p.to_owned(), parameter.replace('\0', ""))).into();
        for kind in [None, Some("openssl"), Some("vault"), Some("aws-private-ca"), Some("google-cas")] {
            let reach = if kind.is_none() { Reach::Public } else { Reach::Private };
            let next = Next { reach: Some(reach), kind: kind.map(Into::into), acme: vec![server.clone()], parameters: parameters.clone(), issuer: name.clone(), ..public(&[]) };
            let text = text(&record, &next, &directory, "");
            for command in ways(&record, &next, &directory).iter().flat_map(|w| &w.commands) {
                let line = shell::line(command);
                prop_assert_eq!(&read_back(&line), command);
                let indented = format!("    {line}\n");
                prop_assert!(text.contains(&indented));
            }
            let hidden = text.chars().filter(|c| certrecall::pki::name::is_hidden(*c) && *c != '\n').count();
            let quoted: usize = ways(&record, &next, &directory).iter().flat_map(|w| &w.commands).flatten().map(|w| w.chars().filter(|c| certrecall::pki::name::is_hidden(*c)).count()).sum();
            prop_assert!(hidden <= quoted, "names are shown escaped");
        }
    }
}
