//! Who runs which CA: the data, and the matching against names and hosts as they stand in real certificates.

use std::collections::BTreeSet;

use certrecall::id::{Fingerprint, Serial, SpkiHash};
use certrecall::plan::ca::{Cas, Ccadb, Confidence, Issued, Signer, Sort, ToRevoke, is_below};
use certrecall::time::{Time, Written};

fn identified(cas: &Cas, issuer: &str, hosts: &str) -> (String, Confidence) {
    let hosts: Vec<String> = hosts.split_whitespace().map(str::to_owned).collect();
    let found = cas.identify(&Issued { issuer, hosts: &hosts, ..Issued::default() }, None);
    (found.operator.map_or_else(|| "-".to_owned(), |o| o.id.clone()), found.confidence)
}

/// Issuer, hosts of the certificate, operator.
const TABLE: &[(&str, &str, &str)] = &[
    ("CN=R11,O=Let's Encrypt,C=US", "r11.i.lencr.org r11.c.lencr.org", "lets-encrypt"),
    ("CN=E8,O=Let's Encrypt,C=US", "e8.c.lencr.org", "lets-encrypt"),
    ("CN=R3,O=Let's Encrypt,C=US", "r3.o.lencr.org", "lets-encrypt"),
    ("CN=ISRG Root X1,O=Internet Security Research Group,C=US", "", "lets-encrypt"),
    ("CN=WE1,O=Google Trust Services,C=US", "o.pki.goog i.pki.goog c.pki.goog", "gts"),
    ("CN=GTS CA 1C3,O=Google Trust Services LLC,C=US", "ocsp.pki.goog crls.pki.goog", "gts"),
    ("CN=WE1,O=Google Trust Services,C=US", "", "-"),
    ("CN=Amazon RSA 2048 M01,O=Amazon,C=US", "crt.r2m01.amazontrust.com", "amazon"),
    ("CN=Amazon,O=Amazon,C=US", "crl.sca1b.amazontrust.com", "amazon"),
    ("CN=Amazon RSA 2048 M01,O=Amazon,C=US", "", "-"),
    (
        "CN=DigiCert TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US",
        "cacerts.digicert.com crl3.digicert.com",
        "digicert",
    ),
    ("CN=x,O=DigiCert\\, Inc.,C=US", "", "digicert"),
    ("CN=x,O=DigiCert  Inc,C=US", "", "digicert"),
    ("CN=x,O=DigiCert\\, Inc.,C=US", "cacerts.digicert.eu crl.digicert.eu", "digicert"),
    ("CN=x,O=TrustAsia Technologies\\, Inc.,C=CN", "crl.digicert-cn.com", "digicert"),
    ("CN=GeoTrust RSA CA 2018,O=DigiCert Inc,C=US", "cdp.geotrust.com status.geotrust.com", "digicert"),
    ("CN=Symantec,O=Symantec Corporation", "ss.symcb.com ss.symcd.com", "digicert"),
    ("CN=QuoVadis,O=QuoVadis Limited", "trust.quovadisglobal.com", "digicert"),
    ("CN=Cloudflare Inc ECC CA-3,O=Cloudflare\\, Inc.,C=US", "ocsp.digicert.com", "digicert"),
    ("CN=Cloudflare TLS,O=CLOUDFLARE\\, INC.,C=US", "cert.ssl.com crls.ssl.com", "ssl-com"),
    (
        "CN=Sectigo RSA Domain Validation Secure Server CA,O=Sectigo Limited,C=GB",
        "crt.sectigo.com ocsp.sectigo.com",
        "sectigo",
    ),
    ("CN=x,O=Entrust Limited,C=CA", "crt.sectigo.com", "sectigo"),
    ("CN=Gandi Standard SSL CA 2,O=Gandi,C=FR", "crt.usertrust.com ocsp.usertrust.com", "sectigo"),
    ("CN=COMODO RSA,O=COMODO CA Limited,C=GB", "crl.comodoca.com", "sectigo"),
    ("CN=ZeroSSL RSA,O=ZeroSSL,C=AT", "", "sectigo"),
    ("CN=cPanel,O=cPanel\\, Inc.,C=US", "crl.comodoca.com", "sectigo"),
    ("CN=Namecheap,O=SSLs.com,C=US", "namecheap.crl.sectigo.com", "sectigo"),
    ("CN=InCommon,O=Internet2,C=US", "crl.usertrust.com", "sectigo"),
    ("CN=x,O=Internet2,C=US", "crl.emsign.com", "emsign"),
    ("CN=x,O=Internet2,C=US", "", "-"),
    ("CN=x,O=eMudhra Technologies Limited,C=IN", "emudhra.crl.sectigo.com", "sectigo"),
    ("CN=x,O=eMudhra Technologies Limited,C=IN", "ocsp.emsign.com", "emsign"),
    ("CN=EM OV TLS CA,O=eMudhra Inc,C=US", "", "emsign"),
    ("CN=x,O=Izenpe,C=ES", "", "sectigo"),
    ("CN=x,O=IZENPE S.A.,C=ES", "", "izenpe"),
    ("CN=x,O=IZENPE S.A.,C=ES", "ocsp.izenpe.com", "izenpe"),
    ("CN=x,O=MarketWare - Solu\u{e7}\u{f5}es\u{a0}para\u{a0}Mercados Digitais\\, Lda.,C=PT", "", "sectigo"),
    ("CN=Entrust L1K,O=Entrust\\, Inc.,C=US", "crl.entrust.net", "entrust"),
    ("CN=TrustID,O=IdenTrust,C=US", "apps.identrust.com", "identrust"),
    ("CN=TrustID,O=IdenTrust,C=US", "", "identrust"),
    ("CN=AlphaSSL CA,O=GlobalSign nv-sa,C=BE", "secure2.alphassl.com", "globalsign"),
    ("CN=x,O=Globalsign nv-sa,C=BE", "", "globalsign"),
    ("CN=Go Daddy Secure,O=GoDaddy.com\\, Inc.,C=US", "certificates.godaddy.com", "godaddy"),
    ("CN=x,O=Starfield Technologies\\, LLC,C=US", "", "godaddy"),
    ("CN=SSL.com RSA,O=SSL Corp,C=US", "ocsps.ssl.com", "ssl-com"),
    ("CN=StartCom,O=StartCom Ltd.,C=IL", "aia.startssl.com", "-"),
    ("CN=Certum,O=Unizeto Technologies S.A.,C=PL", "subca.ocsp-certum.com", "certum"),
    ("CN=x,O=JoySSL Limited", "", "-"),
    ("CN=x,O=JoySSL Limited", "ocsp.sheca.com", "sheca"),
    ("CN=NII,O=National Institute of Informatics,C=JP", "niig6.ocsp.secomtrust.net", "secom"),
    ("CN=Actalis,O=Actalis S.p.A./03358520967,C=IT", "crl05.actalis.it", "actalis"),
    ("CN=Certainly R1,O=Certainly,C=US", "int-r1.certainly.com", "certainly"),
    ("CN=Microsoft Azure,O=Microsoft Corporation,C=US", "oneocsp.microsoft.com", "microsoft"),
    ("CN=Microsoft IT,O=Microsoft Corporation,C=US", "", "-"),
    ("CN=Buypass Class 2,O=Buypass AS-983163327,C=NO", "crl.buypass.no ocsp.buypass.com", "buypass"),
    ("CN=Telia,O=Telia Finland Oyj,C=FI", "httpcrl.trust.telia.com", "telia"),
    ("CN=x,O=HARICA", "crl.harica.gr", "harica"),
    ("CN=D-TRUST SSL,O=D-Trust GmbH,C=DE", "crl.d-trust.net", "d-trust"),
    ("CN=SwissSign,O=SwissSign AG,C=CH", "crl.swisssign.net", "swisssign"),
    ("CN=Acme Root,O=Acme,C=US", "crl.acme.example", "-"),
    ("", "", "-"),
];

#[test]
fn the_direct_issuer_decides() {
    let cas = Cas::builtin().unwrap();
    assert!(TABLE.len() >= 60);
    for (issuer, hosts, want) in TABLE {
        let (operator, confidence) = identified(&cas, issuer, hosts);
        assert_eq!(operator, *want, "{issuer} {hosts}");
        assert!(!confidence.may_send() || !hosts.is_empty(), "nothing is sent on a name alone: {issuer}");
    }
}

#[test]
fn hosts_end_at_labels_and_disagreement_is_said() {
    assert!(is_below("ocsp.sectigo.com", "sectigo.com") && is_below("SECTIGO.com.", "sectigo.com"));
    assert!(
        !is_below("notsectigo.com", "sectigo.com")
            && !is_below("alphassl.com", "ssl.com")
            && !is_below("com", "ssl.com")
            && !is_below("x", "")
    );
    let cas = Cas::builtin().unwrap();
    assert_eq!(
        identified(&cas, "O=IdenTrust", "ocsp.sectigo.com"),
        ("sectigo".to_owned(), Confidence::Conflicting)
    );
    assert_eq!(
        identified(&cas, "O=x", "ocsp.sectigo.com crl.digicert.com"),
        ("-".to_owned(), Confidence::Conflicting)
    );
    let found = cas.identify(&Issued { issuer: "O=Acme", ..Issued::default() }, None);
    assert!(found.because.contains("unknown") && found.because.contains("O=Acme"), "{}", found.because);
    assert_eq!(
        Cas::proof_wordings(None, "CN=x,O=Acme"),
        ["Proof of Key Compromise for Acme", "This key is compromised"]
    );
    // A name that is empty is none, and a common name has 64 characters at most (RFC 5280 appendix A.1):
    // longer ones are refused.
    assert_eq!(Cas::proof_wordings(None, "CN=x,O=\\ ")[0], "Proof of Key Compromise for x");
    assert_eq!(Cas::proof_wordings(None, "CN=,O=")[0], "Proof of Key Compromise for this CA");
    let long = |name: &str| Cas::proof_wordings(None, &format!("CN=x,O={name}")).remove(0);
    assert_eq!(
        long("A very long organisation name that goes on"),
        "Proof of Key Compromise for A very long organisation name that"
    );
    assert_eq!(long(&"ä".repeat(70)), format!("Proof of Key Compromise for {}", "ä".repeat(36)));
    assert_eq!(long(&"ä".repeat(36)), format!("Proof of Key Compromise for {}", "ä".repeat(36)));
    assert_eq!(Cas::proof_wordings(cas.operator("digicert"), ""), ["Proof of Key Compromise for DigiCert"]);
}

/// Walks the data as TOML, so that a field nobody thought of is looked at too.
fn facts(value: &toml::Value, path: &str, count: &mut usize) {
    match value {
        toml::Value::Table(table) => {
            let says = |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default();
            let owns = ["value", "id", "sort"].iter().any(|k| table.contains_key(*k));
            if owns {
                *count += 1;
                assert!(!says("source").is_empty() && says("date").len() == 10, "{path}: {table:?}");
                assert!(["verified", "secondary", "unverified"].contains(&says("certainty")), "{path}");
            }
            table.iter().for_each(|(k, v)| facts(v, &format!("{path}.{k}"), count));
        }
        toml::Value::Array(list) => list.iter().for_each(|v| facts(v, path, count)),
        _ => {}
    }
}

#[test]
fn every_fact_has_its_source_and_the_data_fits_together() {
    let text = include_str!("../../data/cas.toml");
    let mut count = 0;
    facts(&toml::Value::Table(text.parse().unwrap()), "", &mut count);
    assert!(count > 120, "{count}");
    let cas = Cas::builtin().unwrap();
    let ids: BTreeSet<&str> = cas.operators.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(ids.len(), cas.operators.len());
    let hosts: Vec<&String> = cas.operators.iter().flat_map(|o| &o.hosts).collect();
    for (i, host) in hosts.iter().enumerate() {
        assert!(hosts[..i].iter().all(|h| !is_below(h, host) && !is_below(host, h)), "{host}");
    }
    assert_eq!(cas.clock.unwrap().leaf_hours.value, 24);
}

/// What was read anew on 2026-11-30, and what is known at second hand alone.
#[test]
fn facts_that_were_outdated_are_mended() {
    use certrecall::plan::ca::Certainty::{Secondary, Unverified, Verified};
    let cas = Cas::builtin().unwrap();
    let of = |id: &str| cas.operator(id).unwrap();
    assert_eq!(of("digicert").proof_means.as_ref().unwrap().certainty, Secondary);
    assert_eq!(of("identrust").proof_means.as_ref().unwrap().certainty, Verified);
    for (id, directory) in [
        ("actalis", "https://acme-api.actalis.com/acme/directory"),
        ("emsign", "https://acme.emsign.com/v1/directory"),
    ] {
        let operator = of(id);
        assert_eq!(operator.key_revocation.as_ref().unwrap().value, directory);
        assert_eq!(operator.key_revocation_limit.as_deref(), Some("for what was issued by ACME alone"));
    }
    assert_eq!(of("emsign").mail.as_ref().unwrap().value, "problem-reporting@emsign.com");
    // What is left below Entrust is Sectigo's; that its endpoint takes it is inference, and says so.
    let (entrust, sectigo) = (of("entrust"), of("sectigo"));
    let value = |o: &certrecall::plan::ca::Operator| {
        [&o.key_revocation, &o.portal, &o.mail].map(|f| f.as_ref().unwrap().value.clone())
    };
    assert_eq!(value(entrust), value(sectigo));
    assert!(
        [&entrust.key_revocation, &entrust.portal, &entrust.mail].iter().all(|f| f
            .as_ref()
            .unwrap()
            .certainty
            == Unverified)
    );
    assert_eq!(
        of("globalsign").mail.as_ref().unwrap().source,
        "one script, which four public lists have copied"
    );
    for operator in &cas.operators {
        for kind in operator.key_kinds.iter().flat_map(|fact| &fact.value) {
            assert!(
                kind.parse::<certrecall::rekey::KeySpec>().is_ok_and(|spec| spec.kind().is_some()),
                "{}: {kind}",
                operator.id
            );
        }
    }
}

/// No text promises that proof revokes every certificate: a CA revokes what it knows of, and short-lived ones
/// perhaps not.
#[test]
fn no_text_promises_what_proof_does_not_do() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("docs"), root.join("data")];
    let mut files = vec![root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
    }
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for bad in [
            "proof revokes every",
            "of the key revokes every",
            "key revokes every",
            "revokes every certificate",
            "have every certificate on",
            "revokes all certificates on it\"",
        ] {
            assert!(!text.contains(bad), "{}: {bad}", file.display());
        }
    }
}

#[test]
fn errors_name_the_line() {
    for (text, place) in [
        ("[[operator]]\nid = \"a\"\nname = \"A\"\nhost = [\"x.example\"]\n", "c:4"),
        ("[[operator]]\nid = \"A b\"\nname = \"A\"\nhosts = [\"x.example\"]\n", "c:1"),
        ("\n[[operator]]\nid = \"a\"\nname = \"A\"\n", "c:2"),
        (
            "[[operator]]\nid = \"a\"\nname = \"A\"\nhosts = [\"x.example\"]\nkey_kinds = { value = [\"rsa\"], source = \"x\", date = \"2026-11-30\", certainty = \"verified\" }\n",
            "c:1",
        ),
    ] {
        assert_eq!(Cas::parse("c", text).unwrap_err().place, place, "{text}");
    }
    let with = |text: &str| Cas::builtin().unwrap().with(Cas::parse("c", text).unwrap());
    assert!(
        with("[[operator]]\nid = \"a\"\nname = \"A\"\nhosts = [\"ca.sectigo.com\"]\n")
            .unwrap_err()
            .says
            .contains("sectigo")
    );
    assert!(
        with("[[operator]]\nid = \"a\"\nname = \"A\"\nkind = \"none\"\nhosts = [\"x.example\"]\n")
            .unwrap_err()
            .says
            .contains("step-ca")
    );
    let cas = with("[[operator]]\nid = \"a\"\nname = \"A\"\nkind = \"openssl\"\nissuers = [\"CN=My CA,O=Let's Encrypt\"]\nparameters = { config = \"a b.cnf\" }\n").unwrap();
    assert_eq!(identified(&cas, "CN=my  CA,O=Let's Encrypt", "").0, "a");
    let serial = Serial::from_content(&[1, 0xab]);
    let to_revoke = |file: &str| ToRevoke {
        serial: &serial,
        file: file.to_owned(),
        issuer: "CN=My CA",
        authority_key_id: None,
    };
    let two = [to_revoke("{config}.pem"), to_revoke("b.pem")];
    let commands = cas.kind("openssl").unwrap().commands(cas.operator("a").unwrap(), &two);
    assert_eq!(commands.len(), 3, "the list is published once, at the end");
    assert_eq!(commands[0][3..6], ["a b.cnf", "-revoke", "{config}.pem"]);
    assert_eq!(commands[2][4..], ["-gencrl", "-out", "<crl>"]);
}

#[test]
fn ceilings_at_their_borders() {
    let cas = Cas::builtin().unwrap();
    let time = |text: &str| Written::parse(text).unwrap().as_utc();
    for (from, days) in [
        ("2012-07-01", 1827),
        ("2015-03-31T23:59:59Z", 1827),
        ("2016-06-30T23:59:59Z", 1827),
        ("2016-07-01", 1188),
        ("2018-02-28T23:59:59Z", 1188),
        ("2018-03-01", 825),
        ("2020-08-31T23:59:59Z", 825),
        ("2020-09-01", 398),
        ("2026-03-14T23:59:59Z", 398),
        ("2026-03-15", 200),
        ("2027-03-15", 100),
        ("2029-03-15", 47),
    ] {
        let from = time(from);
        let to = |seconds: i64| Some(Time::from_unix(from.unix() + seconds));
        assert_eq!(cas.max_validity_today(Sort::TlsServer, from).unwrap().days, days);
        // The last second counts.
        assert_eq!(cas.too_long(Sort::TlsServer, Some(from), to(i64::from(days) * 86_400 - 1)), None);
        let says = cas.too_long(Sort::TlsServer, Some(from), to(i64::from(days) * 86_400)).unwrap();
        assert!(
            says.contains(&format!("it is valid for {} days, and from", days + 1)),
            "a second is a day more: {says}"
        );
    }
    assert!(cas.max_validity_today(Sort::Ca, time("2026-11-23")).is_none());
    assert_eq!(cas.max_validity_today(Sort::CodeSigning, time("2026-03-01")).unwrap().days, 460);
    // Before there were rules, public CAs issued for ten years.
    assert!(cas.max_validity_today(Sort::TlsServer, time("2012-06-30T23:59:59Z")).is_none());
    assert_eq!(cas.too_long(Sort::TlsServer, Some(time("2012-06-30")), Some(time("2022-06-30"))), None);
    for (from, days) in [
        ("2023-08-31", None),
        ("2023-09-01", Some(1185)),
        ("2025-07-14T23:59:59Z", Some(1185)),
        ("2025-07-15", Some(825)),
    ] {
        assert_eq!(cas.max_validity_today(Sort::Smime, time(from)).map(|c| c.days), days, "{from}");
    }
}

#[test]
fn ccadb_goes_before_hosts_and_names() {
    let cas = Cas::builtin().unwrap();
    let certificate = Fingerprint::of(b"ca");
    let signer = Signer { key: SpkiHash::of(b"key"), certificate };
    let text = format!(
        "CA Owner,Subordinate CA Owner,SHA-256 Fingerprint,Subject Key Identifier,DV ACME Directory URL(s)\nGoDaddy,Certainly LLC,{},AQID,https://api.certainly.com/directory\nX,,junk,,\n\"multi\nline\",,{},AQIE,\n",
        certificate.to_string().to_uppercase(),
        Fingerprint::of(b"other")
    );
    let ccadb = Ccadb::read(text.as_bytes()).unwrap();
    assert_eq!((ccadb.len(), ccadb.bad_rows, ccadb.problems[0].line), (2, 1, 3));
    let hosts = ["ocsp.sectigo.com".to_owned()];
    let found = cas.identify(
        &Issued { issuer: "O=DigiCert Inc", hosts: &hosts, chain: &[signer], ..Issued::default() },
        Some(&ccadb),
    );
    assert_eq!(
        (found.operator.unwrap().id.as_str(), found.confidence),
        ("certainly", Confidence::KeyOfSubordinate)
    );
    assert_eq!((found.publicly_known, found.acme.len()), (true, 1));
    let found = cas.identify(
        &Issued { issuer: "O=?", authority_key_id: Some(&[1, 2, 3]), ..Issued::default() },
        Some(&ccadb),
    );
    assert_eq!(
        (found.operator.unwrap().id.as_str(), found.confidence),
        ("certainly", Confidence::KeyIdentifier)
    );
    for wrong in [
        "",
        "a,b\n1,2\n",
        "CA Owner,SHA-256 Fingerprint\n",
        "CA Owner,SHA-256 Fingerprint\nx,y\n",
        "\u{0}\u{1}",
    ] {
        assert!(Ccadb::read(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

#[test]
fn how_sure_an_identification_is_has_one_name_in_all_records() {
    use Confidence::*;
    for confidence in [Key, KeyOfSubordinate, Host, KeyIdentifier, Name, Conflicting, Unknown] {
        assert_eq!(serde_json::to_value(confidence).unwrap(), confidence.as_str());
    }
}
