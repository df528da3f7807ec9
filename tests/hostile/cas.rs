//! Lists of CAs that are broken or hostile, and each kind of private CA with its commands and its form of
//! serial numbers.
#![allow(missing_docs, clippy::unwrap_used)]

use certrecall::id::{Fingerprint, Serial, SpkiHash};
use certrecall::plan::ca::private::ToRevoke;
use certrecall::plan::ca::{Cas, Ccadb, Signer};

const HEAD: &str =
    "CA Owner,Subordinate CA Owner,SHA-256 Fingerprint,Subject Key Identifier,Revocation Status\n";

fn row(owner: &str, certificate: &str) -> String {
    format!("{owner},,{},,Not Revoked\n", Fingerprint::of(certificate.as_bytes()))
}

fn owner(list: &Ccadb, certificate: &str) -> Option<String> {
    let signer =
        Signer { key: SpkiHash::of(b"unknown"), certificate: Fingerprint::of(certificate.as_bytes()) };
    list.of(&signer).map(|r| r.owner.clone())
}

#[test]
fn rows_that_cannot_be_used_are_told_and_the_others_read() {
    let text = [
        HEAD,
        &row("Sectigo", "a"),
        ",,,,\n",
        "Sectigo,,not a hash,,\n",
        &row("", "b"),
        "short\n",
        &row("Let's Encrypt", "c").replace('\n', ",more,fields\n"),
        &row("DigiCert", "a"),
        &row("\"Amazon, \"\"Inc.\"\"\n(AWS)\"", "d"),
    ]
    .concat();
    let bytes = [
        b"\xef\xbb\xbf",
        text.as_bytes(),
        b"\xff\xfe,,",
        Fingerprint::of(b"e").to_string().as_bytes(),
        b",,\n",
    ]
    .concat();
    let list = Ccadb::read(bytes.as_slice()).unwrap();
    assert_eq!(owner(&list, "a").as_deref(), Some("DigiCert"), "the last row of a certificate counts");
    assert_eq!(owner(&list, "c").as_deref(), Some("Let's Encrypt"));
    assert_eq!(owner(&list, "d").as_deref(), Some("Amazon, \"Inc.\"\n(AWS)"));
    assert!(owner(&list, "e").is_some(), "bytes that are no UTF-8 cost their own text alone");
    let lines: Vec<u64> = list.problems.iter().map(|p| p.line).collect();
    assert_eq!((list.bad_rows, lines), (6, vec![3, 4, 5, 6, 7, 8]), "what is used with a doubt is told too");
}

#[test]
fn lists_that_are_none_are_one_clear_error() {
    let long = row("Sectigo", "x").repeat(100);
    let open = format!("{HEAD}{}\"Sectigo,,x\n{long}", row("Sectigo", "a"));
    for (text, line, says) in [
        (String::new(), Some(1), "there is no column \"CA Owner\""),
        ("<html><body>503</body></html>".to_owned(), Some(1), "there is no column"),
        ("CA Owner,x\na,b\n".to_owned(), Some(1), "there is no column \"SHA-256 Fingerprint\""),
        (HEAD.to_owned(), None, "no row can be used"),
        (format!("{HEAD}{}", ",".repeat(1_000_000)), None, "no row can be used"),
        (format!("{HEAD}{}", "\0".repeat(1_000_000)), None, "no row can be used"),
        (format!("{HEAD}{}", "\"".repeat(999_999)), Some(2), "the list ends before it is closed"),
        (format!("{HEAD}{}", "\"".repeat(1_200_001)), Some(2), "is not closed within"),
        (open, Some(3), "a quote opens in this row"),
    ] {
        let error = Ccadb::read(text.as_bytes()).unwrap_err();
        assert!(error.line == line && error.to_string().contains(says), "{says}: {error}");
    }
}

#[test]
fn each_kind_of_private_ca_gets_the_serial_in_its_form() {
    // Decimal 43981 with a high octet in front of it, as the encoding has it.
    let serial = Serial::from_content(&[0x00, 0xab, 0xcd]);
    let negative = Serial::from_content(&[0xff, 0x01]);
    for (kind, whole, of_negative) in [
        ("openssl", "openssl ca -config <config> -revoke f.pem -crl_reason keyCompromise", ""),
        ("step-ca", "step ca revoke --reasonCode 1 --reason key compromise 43981", "-255"),
        ("vault", "vault write <mount>/revoke serial_number=ab:cd", "-ff"),
        (
            "ejbca",
            "curl --cert <client> -X PUT <url>/ejbca/ejbca-rest-api/v1/certificate/CN%3DMy%20CA%2CO%3Da%26b/abcd/revoke?reason=KEY_COMPROMISE",
            "-ff",
        ),
        ("ad-cs", "certutil -config <config> -revoke abcd 1", "-ff"),
        (
            "aws-private-ca",
            "aws acm-pca revoke-certificate --certificate-authority-arn <arn> --certificate-serial ab:cd --revocation-reason KEY_COMPROMISE",
            "-ff",
        ),
        (
            "google-cas",
            "gcloud privateca certificates revoke --serial-number=abcd --issuer-pool=<pool> --issuer-location=<location> --reason=key_compromise",
            "-ff",
        ),
        ("cfssl", "cfssl revoke -db-config <db> -serial 43981 -aki 0aff -reason keyCompromise", "-255"),
    ] {
        let text = format!(
            "[[operator]]\nid = \"mine\"\nname = \"Mine\"\nkind = \"{kind}\"\nissuers = [\"CN=My CA\"]\n"
        );
        let cas = Cas::builtin().unwrap().with(Cas::parse("c.toml", &text).unwrap()).unwrap();
        let first = |serial: &Serial| {
            let to_revoke = ToRevoke {
                serial,
                file: "f.pem".to_owned(),
                issuer: "CN=My CA,O=a&b",
                authority_key_id: Some(&[0x0a, 0xff]),
            };
            cas.kind(kind).unwrap().commands(cas.operator("mine").unwrap(), &[to_revoke])[0].join(" ")
        };
        assert_eq!(first(&serial), whole, "{kind}");
        assert!(first(&negative).contains(of_negative), "{kind}: {}", first(&negative));
    }
}

#[test]
fn files_for_cas_tell_where_they_are_wrong() {
    for (text, line) in [
        ("[[operator]]\nid = \"a\"\nname = 3\n", "c.toml:3"),
        ("[[operator]]\nid = \"a\"\nname = \"A\"\nhosts = \"x.example\"\n", "c.toml:4"),
        ("[[operator]]\nid = \"a\"\nname = \"A\"\nhosts = [\"x.example\"]\nserial = \"octal\"\n", "c.toml:5"),
        ("[[operators]]\nid = \"a\"\n", "c.toml:1"),
        ("[[operator]]\nid = \"a\n", "c.toml:2"),
        ("[[operator]\n", "c.toml:1"),
    ] {
        let error = Cas::parse("c.toml", text).unwrap_err();
        assert_eq!(error.place, line, "{text}: {}", error.says);
    }
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(Cas::parse("c.toml", &deep).is_err());
}
