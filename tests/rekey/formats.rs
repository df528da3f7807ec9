//! Every form of a new key, as openssl reads it.

use std::fs;
use std::process::Command;

use certrecall::id::SpkiHash;
use certrecall::rekey::{
    KeyFormat, KeySpec, NewKind, Order, TroubleKind, Wanted, existing, existing_opened, make,
};
use certrecall::secret::Secret;

use super::{openssl, plain};

fn ordered(specs: &[(KeySpec, KeyFormat)]) -> Vec<Wanted> {
    let order = |(wanted, (key, format)): (Wanted, &(KeySpec, KeyFormat))| Wanted {
        order: Order { key: *key, format: *format, ..Order::default() },
        ..wanted
    };
    plain(specs.len()).into_iter().zip(specs).map(order).collect()
}

/// One of each kind that is quick to make in each form that it has.
fn every_form() -> Vec<(KeySpec, KeyFormat)> {
    let quick = [
        (KeySpec::EcdsaP256, NewKind::EcdsaP256),
        (KeySpec::EcdsaP384, NewKind::EcdsaP384),
        (KeySpec::EcdsaP521, NewKind::EcdsaP521),
        (KeySpec::Ed25519, NewKind::Ed25519),
        (KeySpec::Rsa2048, NewKind::Rsa2048),
    ];
    let forms = |(spec, kind)| {
        KeyFormat::ALL.iter().map(|(_, f)| *f).filter(move |f| f.holds(kind)).map(move |f| (spec, f))
    };
    quick.into_iter().flat_map(forms).collect()
}

#[test]
fn openssl_reads_every_form_and_so_do_we() {
    let case = tempfile::tempdir().unwrap();
    let forms = every_form();
    assert_eq!(forms.len(), 14);
    let passphrase = Secret::new(b"correct h\xc3\xb6rse".to_vec());
    let outcome = make(&ordered(&forms), Some(&passphrase), case.path(), &|_| false, 2, &|_| {}).unwrap();
    assert_eq!((outcome.made.len(), outcome.refused.len()), (14, 0));
    for (made, (spec, format)) in outcome.made.iter().zip(&forms) {
        let file = case.path().join(&made.directory).join("key.pem");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(&format!("-----BEGIN {}-----\n", format.label())), "{spec} {format}");
        assert_eq!(made.record.key_format, *format);
        let (public, _) =
            openssl(&["pkey", "-passin", "pass:correct h\u{f6}rse", "-pubout", "-outform", "DER"], &file);
        assert_eq!(SpkiHash::of(&public), made.record.spki_sha256, "{spec} {format}");
        let (parameters, _) = if *format == KeyFormat::Sec1 {
            openssl(&["ec", "-noout", "-text"], &file)
        } else {
            (vec![], String::new())
        };
        assert!(!String::from_utf8_lossy(&parameters).contains("Field Type"), "the curve is a name");
    }
    let found = existing_opened(case.path(), 2, Some(&passphrase)).unwrap();
    assert_eq!((found.made.len(), found.troubles.len(), found.unopened), (14, 0, 0));
    let found = existing(case.path(), 2).unwrap();
    assert_eq!(
        (found.made.len(), found.troubles.len(), found.unopened),
        (14, 0, 5),
        "without the passphrase the form is checked"
    );
    let found = existing_opened(case.path(), 2, Some(&Secret::new(b"wrong".to_vec()))).unwrap();
    assert_eq!(
        (found.made.len(), found.troubles.len(), found.unopened),
        (14, 5, 5),
        "a wrong passphrase is no reason to make new keys"
    );
    assert!(found.troubles.iter().all(|t| t.kind == TroubleKind::NotOpened), "{:?}", found.troubles);
}

#[test]
fn encrypted_keys_are_encrypted_as_they_say() {
    let case = tempfile::tempdir().unwrap();
    let passphrase = Secret::new(b"correct horse".to_vec());
    let wanted = ordered(&[
        (KeySpec::EcdsaP256, KeyFormat::Pkcs8Encrypted),
        (KeySpec::EcdsaP256, KeyFormat::Pkcs8Encrypted),
    ]);
    let outcome = make(&wanted, Some(&passphrase), case.path(), &|_| false, 1, &|_| {}).unwrap();
    let shown = |i: usize| {
        let file = case.path().join(&outcome.made[i].directory).join("key.pem");
        String::from_utf8(openssl(&["asn1parse"], &file).0).unwrap()
    };
    let (one, two) = (shown(0), shown(1));
    for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0927C0"] {
        assert!(one.contains(part), "{part} in {one}");
    }
    let octets = |text: &str| {
        text.lines()
            .filter(|l| l.contains("OCTET STRING"))
            .map(|l| l.rsplit(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_ne!(octets(&one)[1], octets(&two)[1], "each file has a vector of its own");
    let file = case.path().join(&outcome.made[0].directory).join("key.pem");
    let refused = Command::new("openssl")
        .args(["pkey", "-noout", "-passin", "pass:other", "-in"])
        .arg(file)
        .output()
        .unwrap();
    assert!(!refused.status.success());
    // Cut short it is no longer one.
    let file = case.path().join(&outcome.made[1].directory).join("key.pem");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\n-----END", "\nAAAA\n-----END", 1)).unwrap();
    assert_eq!(existing(case.path(), 1).unwrap().troubles.len(), 1);
}

#[test]
fn a_form_that_does_not_fit_is_refused() {
    let case = tempfile::tempdir().unwrap();
    let specs = [
        (KeySpec::EcdsaP256, KeyFormat::Pkcs1),
        (KeySpec::Ed25519, KeyFormat::Sec1),
        (KeySpec::Mirror, KeyFormat::Pkcs8Encrypted),
        (KeySpec::Mirror, KeyFormat::Pkcs8),
    ];
    let outcome = make(&ordered(&specs), None, case.path(), &|_| false, 1, &|_| {}).unwrap();
    let says: Vec<_> = outcome.refused.iter().map(|r| r.says.as_str()).collect();
    assert!(
        says.len() == 3
            && says[0].contains("pkcs1 is for RSA")
            && says[1].contains("sec1 for curves")
            && says[2].contains("no passphrase"),
        "{says:?}"
    );
    assert_eq!(existing(case.path(), 1).unwrap().made.len(), 1);
}

#[test]
fn a_record_without_a_form_means_pkcs8() {
    let case = tempfile::tempdir().unwrap();
    let wanted = plain(1);
    let outcome = make(&wanted, None, case.path(), &|_| false, 1, &|_| {}).unwrap();
    let file = case.path().join(&outcome.made[0].directory).join("replacement.json");
    let text = fs::read_to_string(&file).unwrap();
    let older = text.replace("  \"key_format\": \"pkcs8\",\n", "");
    assert_ne!(text, older);
    fs::write(&file, &older).unwrap();
    let found = existing(case.path(), 1).unwrap();
    assert_eq!((found.troubles.as_slice(), found.made.as_slice()), (&[][..], outcome.made.as_slice()));
    found.made[0].update(case.path(), &wanted[0].planned).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), older, "nothing is written where nothing changes");
}
