//! What the requests ask for.

use std::path::Path;
use std::process::Command;

use certrecall::finding::Code;
use certrecall::id::SpkiHash;
use certrecall::rekey::{Action, KeySpec, Made, OldKey, slug};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::certificates::{Build, Case, UTF8, cases, general_names, oid, p256, seq, tlv};
use super::{made, openssl, plain, wanted};

/// The request in DER and as openssl describes it, after openssl has verified its signature.
fn verified(case: &Path, made: &Made) -> (Vec<u8>, String) {
    let file = case.join(&made.directory).join("request.pem");
    let (_, talk) = openssl(&["req", "-verify", "-noout"], &file);
    assert!(talk.contains("verify OK"), "{talk}");
    let (text, _) = openssl(&["req", "-noout", "-text"], &file);
    (openssl(&["req", "-outform", "DER"], &file).0, String::from_utf8_lossy(&text).into_owned())
}

/// Whether key and request are for the key that the record names, by openssl's account.
fn same_key(case: &Path, made: &Made, request: &[u8]) {
    let (public, _) =
        openssl(&["pkey", "-pubout", "-outform", "DER"], &case.join(&made.directory).join("key.pem"));
    assert_eq!(SpkiHash::of(&public), made.record.spki_sha256);
    let (_, request) = X509CertificationRequest::from_der(request).unwrap();
    assert_eq!(SpkiHash::of(request.certification_request_info.subject_pki.raw), made.record.spki_sha256);
}

#[test]
fn odd_certificates_are_mirrored() {
    let case = tempfile::tempdir().unwrap();
    let table = cases();
    let all: Vec<_> = table.iter().map(|case| wanted(case.name, case.build.der(), p256())).collect();
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    assert_eq!((outcome.made.len(), outcome.refused.len()), (table.len(), 0));
    assert!(table.len() >= 60, "{}", table.len());
    for (expected, made) in table.iter().zip(&outcome.made) {
        let (request, text) = verified(case.path(), made);
        same_key(case.path(), made, &request);
        as_expected(expected, made, &request, &text);
        let called =
            made.directory.strip_prefix("replacements/").and_then(|name| name.rsplit_once('-')).unwrap().0;
        let asked = made.record.names.iter().map(|name| slug(name)).collect::<Vec<_>>();
        assert!(asked.is_empty() || asked[0] == called, "{called} is not named after {asked:?}");
    }
}

fn as_expected(expected: &Case, made: &Made, request: &[u8], text: &str) {
    let Case { name, build, shows, hides, changes, findings, names } = expected;
    let (_, parsed) = X509CertificationRequest::from_der(request).unwrap();
    let subject = parsed.certification_request_info.subject.as_raw();
    assert_eq!(
        subject != build.subject,
        changes.contains(&("subject", Action::Changed)),
        "{name}: the subject is the same bytes"
    );
    shows.iter().for_each(|line| assert!(text.contains(line), "{name}: {line} in {text}"));
    hides.iter().for_each(|line| assert!(!text.contains(line), "{name}: no {line} in {text}"));
    for (what, action) in *changes {
        assert!(
            made.record
                .changes
                .iter()
                .any(|c| c.what == *what && c.action == *action && !c.reason.is_empty()),
            "{name}: {what} {action:?}"
        );
    }
    assert_eq!(made.record.findings.iter().map(|c| c.as_str()).collect::<Vec<_>>(), *findings, "{name}");
    assert_eq!(made.record.names, *names, "{name}");
    assert_eq!(
        text.contains("(none)"),
        !text.contains("X509v3") && !text.contains("TLS Feature"),
        "{name}: no empty attribute"
    );
}

#[test]
fn names_of_every_kind_are_the_same_bytes() {
    let case = tempfile::tempdir().unwrap();
    let build = cases().into_iter().find(|c| c.name == "nine kinds of name").unwrap().build;
    let outcome = made(&[wanted("n", build.der(), p256())], KeySpec::Mirror, case.path()).unwrap();
    let (request, _) = verified(case.path(), &outcome.made[0]);
    // Two kinds are read by few parsers, and refused whole by others.
    let value =
        seq(&general_names().into_iter().filter(|name| !matches!(name[0], 0xa3 | 0xa5)).collect::<Vec<_>>());
    assert!(request.windows(value.len()).any(|w| w == value));
}

#[test]
fn every_kind_of_key_is_one_that_openssl_reads() {
    for (name, algorithm, says) in [
        ("rsa-2048", "Signature Algorithm: sha256WithRSAEncryption", "(2048 bit, 2 primes)"),
        ("rsa-3072", "Signature Algorithm: sha256WithRSAEncryption", "(3072 bit, 2 primes)"),
        ("rsa-4096", "Signature Algorithm: sha256WithRSAEncryption", "(4096 bit, 2 primes)"),
        ("ecdsa-p256", "Signature Algorithm: ecdsa-with-SHA256", "NIST CURVE: P-256"),
        ("ecdsa-p384", "Signature Algorithm: ecdsa-with-SHA384", "NIST CURVE: P-384"),
        ("ecdsa-p521", "Signature Algorithm: ecdsa-with-SHA512", "NIST CURVE: P-521"),
        ("ed25519", "Signature Algorithm: ED25519", "ED25519 Private-Key"),
    ] {
        let case = tempfile::tempdir().unwrap();
        let outcome = made(&plain(1), name.parse().unwrap(), case.path()).unwrap();
        let (request, text) = verified(case.path(), &outcome.made[0]);
        same_key(case.path(), &outcome.made[0], &request);
        assert!(text.contains(algorithm), "{name}: {text}");
        let (key, _) = openssl(
            &["pkey", "-noout", "-text", "-check"],
            &case.path().join(&outcome.made[0].directory).join("key.pem"),
        );
        let key = String::from_utf8_lossy(&key).into_owned();
        assert!(key.contains(says) && (name == "ed25519" || key.contains("Key is valid")), "{name}");
        let changed: Vec<_> = outcome.made[0]
            .record
            .findings
            .iter()
            .map(|c| c.as_str())
            .filter(|c| *c == "key-type-changed")
            .collect();
        assert_eq!(changed.is_empty(), name == "ecdsa-p256", "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_the_rest_made() {
    let case = tempfile::tempdir().unwrap();
    let mut all = plain(3);
    all[1].certificate = b"\x30\x03\x02\x01\x05".to_vec();
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    assert_eq!(
        outcome.made.iter().map(|m| m.record.profile).collect::<Vec<_>>(),
        [all[0].planned.profile, all[2].planned.profile]
    );
    assert_eq!((outcome.refused.len(), outcome.refused[0].profile), (1, all[1].planned.profile));
    // Every way of cutting a certificate short ends in one of the two.
    let whole = all[0].certificate.clone();
    let cut: Vec<_> =
        (0..whole.len()).step_by(7).map(|n| wanted("cut", whole[..n].to_vec(), OldKey::default())).collect();
    let outcome = made(&cut, KeySpec::EcdsaP256, case.path()).unwrap();
    assert_eq!(outcome.made.len() + outcome.refused.len(), cut.len());
}

/// Subjects, and whether most programs read them. OpenSSL is the judge of the certificate; what it alone
/// takes is not meant. Whatever it was like, the request has a subject that is read.
#[test]
fn a_subject_that_most_programs_cannot_read_is_written_anew() {
    let attribute = |kind: &[u8], value: Vec<u8>| seq(&[tlv(6, kind), value]);
    let organization = |value| attribute(&[0x55, 0x04, 0x0a], value);
    let set = |parts: &[Vec<u8>]| tlv(0x31, &parts.concat());
    let text = |tag, content: &[u8]| set(&[organization(tlv(tag, content))]);
    let kind = |kind: &[u8]| set(&[attribute(kind, tlv(UTF8, b"x"))]);
    let only_openssl = [set(&[]), text(0x30, &tlv(UTF8, b"x")), text(0x2c, &tlv(UTF8, b"x"))];
    let mut rdns = only_openssl.to_vec();
    rdns.extend([
        text(UTF8, b"Example"),
        text(UTF8, b""),
        text(UTF8, b"\xff\xfe"),
        text(UTF8, b"\xed\xa0\x80"),
        text(0x12, b"12 34"),
        text(0x13, b"*@_\xff"),
        text(0x14, b"M\xfcller"),
        text(0x16, b"caf\xe9"),
        text(0x1a, b"visible"),
        text(0x1b, b"general"),
        text(0x1e, b"\0A"),
        text(0x1e, b"\0A\0"),
        text(0x1e, b"\xd8\x3d\xde\x00"),
        text(0x1c, b"\0\0\0A"),
        text(0x1c, b"\0\0\0A\0"),
        text(0x1c, b"\x7f\xff\xff\xff"),
        text(2, b"\x05"),
        text(3, b"\0\xab"),
        text(3, b"\x09\xab"),
        kind(&[0x55, 0x04, 0x8a]),
        kind(&[0x55, 0x80, 0x04]),
        kind(&[]),
        kind(&[0x2a, 0x03, 0x04]),
        set(&[seq(&[oid("2.5.4.10")])]),
        set(&[seq(&[oid("2.5.4.10"), tlv(UTF8, b"x"), tlv(UTF8, b"y")])]),
        seq(&[organization(tlv(UTF8, b"x"))]),
        set(&[organization(tlv(UTF8, b"x")), organization(tlv(UTF8, b"y"))]),
    ]);
    let case = tempfile::tempdir().unwrap();
    let common = set(&[attribute(&[0x55, 0x04, 0x03], tlv(UTF8, b"host.example.com"))]);
    let certificate = |rdn: &Vec<u8>| Build::new(seq(&[rdn.clone(), common.clone()]), vec![]).der();
    let all: Vec<_> = rdns.iter().map(|rdn| wanted("odd", certificate(rdn), p256())).collect();
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    assert_eq!(outcome.made.len(), rdns.len());
    for ((rdn, made), wanted) in rdns.iter().zip(&outcome.made).zip(&all) {
        let old = case.path().join("old.der");
        std::fs::write(&old, &wanted.certificate).unwrap();
        let read = Command::new("openssl")
            .args(["x509", "-inform", "DER", "-noout", "-subject", "-in"])
            .arg(old)
            .output()
            .unwrap()
            .status
            .success();
        let reported = made.record.findings.contains(Code::SubjectNotReadable);
        assert_eq!(reported, !read || only_openssl.contains(rdn), "{rdn:02x?}");
        let handoff = std::fs::read_to_string(case.path().join(&made.directory).join("handoff.md")).unwrap();
        assert_eq!(
            handoff.contains("most programs cannot read it as it was: --subject gives another"),
            reported
        );
        let (request, text) = verified(case.path(), made);
        assert!(
            text.contains("CN = host.example.com") && X509CertificationRequest::from_der(&request).is_ok(),
            "{rdn:02x?}: {text}"
        );
        let same =
            request.windows(wanted_subject(rdn, &common).len()).any(|w| w == wanted_subject(rdn, &common));
        let strict =
            [Code::NameLeftOut, Code::NameMended].iter().any(|code| made.record.findings.contains(*code));
        assert_eq!(same, !strict, "{rdn:02x?}: what is not as it was is reported");
    }
}

fn wanted_subject(rdn: &[u8], common: &[u8]) -> Vec<u8> {
    seq(&[rdn.to_vec(), common.to_vec()])
}

/// The lines that `openssl asn1parse` prints of some DER, without places and lengths of what is around.
fn parsed(der: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("der");
    std::fs::write(&file, der).unwrap();
    let (text, _) = openssl(&["asn1parse", "-inform", "DER"], &file);
    String::from_utf8_lossy(&text).lines().filter_map(|l| Some(l.split_once("l=")?.1.to_owned())).collect()
}

/// Name by name and octet by octet, by an independent parser: the subject, and each extension that is asked
/// for with its flag.
#[test]
fn an_independent_parser_finds_each_part_of_the_old_certificate() {
    let case = tempfile::tempdir().unwrap();
    let table = cases();
    let all: Vec<_> = table.iter().map(|case| wanted(case.name, case.build.der(), p256())).collect();
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    for (expected, made) in table.iter().zip(&outcome.made) {
        let (request, _) = verified(case.path(), made);
        let lines = parsed(&request);
        let subject = parsed(&expected.build.subject);
        let start = lines.windows(subject.len()).position(|w| contents(w) == contents(&subject));
        assert!(
            start.is_some() || expected.changes.contains(&("subject", Action::Changed)),
            "{}: {subject:?} in {lines:?}",
            expected.name
        );
        for kept in made.record.changes.iter().filter(|c| c.action == Action::Kept && c.what != "subject") {
            let old = expected.build.extensions.iter().flatten().find(|e| is_named(e, &kept.what)).unwrap();
            let old = parsed(old);
            assert!(
                lines.windows(old.len()).any(|w| contents(w) == contents(&old)),
                "{}: {} in {lines:?}",
                expected.name,
                kept.what
            );
        }
    }
}

/// What the elements are and hold, without how deep they lie.
fn contents(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|l| Some(l.split_once(": ")?.1.trim())).collect()
}

fn is_named(extension: &[u8], what: &str) -> bool {
    let oid: &[u8] = match what {
        "subjectAltName" => &[0x55, 0x1d, 0x11],
        "keyUsage" => &[0x55, 0x1d, 0x0f],
        "extendedKeyUsage" => &[0x55, 0x1d, 0x25],
        "tlsFeature" => &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18],
        other => panic!("{other} is kept"),
    };
    extension.windows(oid.len()).any(|w| w == oid)
}
