//! Objects whose numbers, names and sizes are made to hurt.

use crate::common::pki::{Cert, content, elements, leaf, pem, public_ca};
use crate::common::{Folder, openssl};
use crate::{Bounds, SMALL, integer, kinds, run, scan, scan_one, sequence, tlv, with_extension, with_fields};

const BEFORE: &str = "--uploaded=2015-06-01T00:00:00Z";
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DH_PKCS3: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01];
const DH_X942: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3e, 0x02, 0x01];

fn plain() -> Cert {
    leaf("host.example").by(&public_ca())
}

/// Identifiers that cost time squared to print, that no integer holds, or that do not end.
fn bombs() -> Vec<Vec<u8>> {
    let beyond_128_bits = [vec![0x2a], vec![0xff; 19], vec![0x7f]].concat();
    let first_arc = [vec![0xff; 19], vec![0x7f]].concat();
    let one_arc = [vec![0x2a], vec![0xff; 100_000], vec![0x7f]].concat();
    vec![one_arc, vec![0x2a; 100_000], beyond_128_bits, first_arc, vec![0x2a, 0x86], vec![]]
}

/// A certificate with the identifier in every place that has one, by name of the place.
fn with_oid(oid: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let certificate = plain().der;
    let oid = tlv(0x06, oid);
    let algorithm = sequence(&[&oid]);
    let set = |at: usize, value: Vec<u8>| with_fields(&certificate, |fields| fields[at] = value);
    let attribute = sequence(&[&tlv(0x31, &sequence(&[&oid, &tlv(0x0c, b"x")]))]);
    let extension = |id: &[u8], value: Vec<u8>| with_extension(&certificate, id, &value);
    let outer = elements(content(&certificate));
    let bits = tlv(0x03, &[&[0, 4][..], &[7; 64]].concat());
    let ec = tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    let name = tlv(0xa0, &[&oid[..], &tlv(0xa0, &tlv(0x0c, b"x"))].concat());
    vec![
        ("signature", set(2, algorithm.clone())),
        ("outer signature", sequence(&[outer[0], &algorithm, outer[2]])),
        ("issuer", set(3, attribute.clone())),
        ("subject", set(5, attribute)),
        ("key", set(6, sequence(&[&algorithm, &bits]))),
        ("curve", set(6, sequence(&[&sequence(&[&ec, &oid]), &bits]))),
        (
            "extension",
            with_fields(&certificate, |f| {
                f[7] = tlv(0xa3, &sequence(&[&sequence(&[&oid, &tlv(0x04, &[5, 0])])]))
            }),
        ),
        ("extended key usage", extension(&[0x55, 0x1d, 0x25], sequence(&[&oid]))),
        ("policy", extension(&[0x55, 0x1d, 0x20], sequence(&[&sequence(&[&oid])]))),
        (
            "other name",
            with_fields(&certificate, |f| {
                f[7] = tlv(
                    0xa3,
                    &sequence(&[&sequence(&[&[0x06, 3, 0x55, 0x1d, 0x11], &tlv(0x04, &sequence(&[&name]))])]),
                );
            }),
        ),
        (
            "access method",
            extension(&[0x2b, 6, 1, 5, 5, 7, 1, 1], sequence(&[&sequence(&[&oid, &tlv(0x86, b"http://x")])])),
        ),
    ]
}

#[test]
fn an_object_identifier_is_no_bomb() {
    let folder = Folder::new();
    let mut count = 0;
    for (i, bomb) in bombs().iter().enumerate() {
        for (place, der) in with_oid(bomb) {
            folder
                .write(format!("in/{i}-{place}.pem"), pem("CERTIFICATE", &der))
                .write(format!("in/{i}-{place}.der"), &der);
            count += 2;
        }
    }
    let (_, records) = scan(SMALL, &[folder.at("in")]);
    assert_eq!(records.len(), count);
    for record in &records {
        // A broken identifier may make the object unreadable; one that is only huge does not.
        let huge = ["0", "1", "2", "3"].iter().any(|n| record["path"].as_str().unwrap().starts_with(n));
        assert!(record["kind"] == "certificate" || !huge && record["reason"] == "bad-object", "{record}");
        // An alternative name is kept whole, in hexadecimal, whatever it is.
        let most = if record["path"].as_str().unwrap().contains("other name") { 220_000 } else { 4096 };
        assert!(record.to_string().len() < most, "it is not printed: {}", record["path"]);
    }
    for format in ["table", "csv", "json"] {
        run(SMALL, &["scan", &folder.at("in"), "--format", format]);
    }
    let made = run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, "--key=ecdsa-p256"]);
    assert!([1, 3].contains(&made.status), "{made:?}");
    assert_eq!(folder.json("case/plan.json")["ledger"]["seen"], count);
}

#[test]
fn a_certificate_of_more_than_a_megabyte_is_read() {
    let der = with_extension(&plain().der, &[0x2a, 3, 4], &vec![b'x'; 1_200_000]);
    let folder = Folder::new();
    folder.write("in/a.der", &der).write("in/b.pem", pem("CERTIFICATE", &der));
    let (status, records) = scan(SMALL, &[folder.at("in")]);
    assert_eq!((status, kinds(&records)), (0, vec![("certificate", ""); 2]));
    assert_eq!(records[0]["sha256"], records[1]["sha256"]);
    let made = run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE]);
    assert_eq!(made.status, 1, "{made:?}");
}

#[test]
fn as_many_names_as_anybody_could_want() {
    // Beyond the limit they are counted, not kept: limits.rs.
    for (count, kept) in [(100_000, 100_000), (250_000, 200_000)] {
        let names: Vec<u8> = (0..count).flat_map(|i| tlv(0x82, format!("n{i}.example").as_bytes())).collect();
        let extension = sequence(&[&[0x06, 3, 0x55, 0x1d, 0x11], &tlv(0x04, &tlv(0x30, &names))]);
        let der = with_fields(&plain().der, |fields| fields[7] = tlv(0xa3, &sequence(&[&extension])));
        let folder = Folder::new();
        folder.write("in/a.pem", pem("CERTIFICATE", &der));
        let (status, records) = scan(SMALL, &[folder.at("in")]);
        assert_eq!((status, kinds(&records)), (0, vec![("certificate", "")]));
        assert_eq!(records[0]["dns_names"].as_array().unwrap().len(), kept);
        assert_eq!(
            records[0]["findings"].as_array().unwrap().is_empty(),
            kept == count,
            "what is left out is told: {}",
            records[0]["findings"]
        );
        let made = run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE]);
        assert_eq!(made.status, 1, "{}", made.stderr);
    }
}

#[test]
fn names_are_found_behind_any_number_of_extensions() {
    let alternative =
        sequence(&[&[0x06, 3, 0x55, 0x1d, 0x11], &tlv(0x04, &sequence(&[&tlv(0x82, b"behind.example")]))]);
    let other = |i: u32| {
        sequence(&[
            &tlv(0x06, &[0x2a, i as u8 >> 1, (i >> 7 & 0x7f) as u8 | 0x80, (i >> 14 & 0x7f) as u8]),
            &[4, 0],
        ])
    };
    for (count, distinct, finding) in [
        (2_000, true, None),
        (2_000, false, Some("duplicate-extension")),
        (200_000, true, Some("extension-not-read")),
    ] {
        let others: Vec<u8> = (0..count).flat_map(|i| other(if distinct { i * 2 } else { 0 })).collect();
        let der =
            with_fields(&plain().der, |fields| fields[7] = tlv(0xa3, &sequence(&[&others, &alternative])));
        let folder = Folder::new();
        folder.write("in/a.pem", pem("CERTIFICATE", &der));
        let (status, records) = scan(SMALL, &[folder.at("in")]);
        assert_eq!((status, kinds(&records)), (0, vec![("certificate", "")]));
        assert_eq!(records[0]["dns_names"], serde_json::json!(["behind.example"]), "{count}");
        let findings: Vec<_> = records[0]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| *f != "strict-parser-refused")
            .collect();
        assert_eq!(findings, finding.iter().collect::<Vec<_>>(), "{count}");
        let made =
            run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, "--key=ecdsa-p256"]);
        assert_eq!(made.status, 1, "{}", made.stderr);
        let record = crate::common::everything(&folder.path().join("case"))
            .into_iter()
            .find(|(path, _)| path.ends_with("replacement.json"))
            .unwrap()
            .0;
        let record = folder.json(&format!("case/{}", record.display()));
        assert!(record.to_string().contains("behind.example"), "{count}");
        let told = record["changes"].as_array().unwrap();
        assert!(told.len() <= 10_010, "{}", told.len());
        assert_eq!(
            told.iter().any(|c| c["what"].as_str().unwrap().ends_with(" more extensions")),
            count > 10_000,
            "{count}"
        );
    }
}

#[test]
fn diffie_hellman_of_32768_bits() {
    let (p, g) = (integer(32_768), integer(2));
    let (status, records) = scan_one("dh.pem", pem("DH PARAMETERS", &sequence(&[&p, &g])));
    assert_eq!((status, kinds(&records)), (0, vec![("parameters", "")]));
    for (oid, parameters) in
        [(DH_PKCS3, sequence(&[&p, &g])), (DH_X942, sequence(&[&p, &g, &integer(32_767)]))]
    {
        let algorithm = sequence(&[&tlv(0x06, oid), &parameters]);
        let private = sequence(&[&integer(0), &algorithm, &tlv(0x04, &integer(32_000))]);
        let public = sequence(&[&algorithm, &tlv(0x03, &[vec![0], integer(32_000)].concat())]);
        let certificate = with_fields(&plain().der, |fields| fields[6] = public.clone());
        let text =
            [pem("PRIVATE KEY", &private), pem("PUBLIC KEY", &public), pem("CERTIFICATE", &certificate)]
                .concat();
        let (status, records) = scan_one("key.pem", text);
        assert_eq!(
            (status, kinds(&records)),
            (0, vec![("private-key", ""), ("public-key", ""), ("certificate", "")]),
            "{records:?}"
        );
        assert!(records.iter().all(|r| r["key_algorithm"] == "dh" && r["key_bits"] == 32_768), "{records:?}");
        assert!(
            records[0]["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|f| f.as_str().unwrap().starts_with("public-key-not")),
            "{}",
            records[0]
        );
    }
}

#[test]
fn rsa_keys_of_sizes_that_nobody_has() {
    for bits in [0, 1, 2, 7, 16_385, 20_000, 262_144] {
        let (n, e) = (integer(bits), integer(17));
        let half = integer(bits / 2);
        let private = sequence(&[&integer(0), &n, &e, &integer(bits), &half, &half, &half, &half, &half]);
        let algorithm = sequence(&[&tlv(0x06, RSA), &[5, 0]]);
        let pkcs8 = sequence(&[&integer(0), &algorithm, &tlv(0x04, &private)]);
        let public = sequence(&[&algorithm, &tlv(0x03, &[vec![0], sequence(&[&n, &e])].concat())]);
        let certificate = with_fields(&plain().der, |fields| fields[6] = public.clone());
        // Signed by itself, it seems: that is checked with the key.
        let own = with_fields(&certificate, |fields| fields[3] = fields[5].clone());
        let folder = Folder::new();
        let blocks = [
            pem("RSA PRIVATE KEY", &private),
            pem("PRIVATE KEY", &pkcs8),
            pem("PUBLIC KEY", &public),
            pem("CERTIFICATE", &certificate),
            pem("CERTIFICATE", &own),
        ];
        folder.write("in/key.pem", blocks.concat());
        let (_, records) = scan(SMALL, &[folder.at("in")]);
        assert_eq!(records.len(), 5, "{bits}: {records:?}");
        for (i, record) in records.iter().enumerate() {
            assert!(
                record["key_algorithm"] == "rsa" || i < 2 && record["reason"] == "bad-object",
                "{bits}: {record}"
            );
            assert!(record["key_bits"] == bits || bits == 0 || i < 2, "{bits}: {record}");
        }
        let made = run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE]);
        assert!([1, 3].contains(&made.status), "{made:?}");
        // Nobody makes us compute a key of their size.
        for entry in std::fs::read_dir(folder.path().join("case/replacements")).into_iter().flatten() {
            let request = std::fs::read(entry.unwrap().path().join("request.pem")).unwrap();
            let text = String::from_utf8(openssl(&["req", "-noout", "-text"], &request).unwrap()).unwrap();
            assert!(
                ["(2048 bit)", "(3072 bit)", "(4096 bit)"].iter().any(|size| text.contains(size)),
                "{text}"
            );
        }
    }
}

#[test]
fn elements_in_elements_without_end() {
    // 30 80 30 80 ... and 30 84 ffffffff ...: depth costs no stack, lengths no memory.
    let indefinite = [0x30, 0x80].repeat(2_000_000);
    let definite =
        (0..20_000).fold(vec![5, 0], |inner, _| if inner.len() < 60_000 { tlv(0x30, &inner) } else { inner });
    let liar = [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x30, 0x82, 0xff, 0xff].repeat(50_000)].concat();
    let bounds = Bounds { memory: 512, seconds: 60 };
    for (name, bytes) in [("indefinite", indefinite), ("definite", definite), ("liar", liar)] {
        let folder = Folder::new();
        let labels = ["CERTIFICATE", "PKCS7", "PRIVATE KEY", "X509 CRL", "CERTIFICATE REQUEST", "PUBLIC KEY"];
        folder.write("in/a.der", &bytes).write("in/b.pem", labels.map(|label| pem(label, &bytes)).concat());
        let (_, records) = scan(bounds, &[folder.at("in")]);
        assert!(records.len() > labels.len(), "{name}");
    }
}

#[test]
fn a_common_name_within_another_name_is_none() {
    let attribute = |kind: u8, value: &str| {
        tlv(0x31, &sequence(&[&[0x06, 3, 0x55, 4, kind], &tlv(0x0c, value.as_bytes())]))
    };
    let subject = sequence(&[&attribute(3, "real, indeed"), &attribute(10, "x,CN=good.example,y")]);
    let der = with_fields(&plain().der, |fields| {
        fields[5] = subject;
        fields.truncate(7);
    });
    let folder = Folder::new();
    folder.write("in/a.pem", pem("CERTIFICATE", &der));
    let ran = run(SMALL, &["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, "--format=ndjson"]);
    assert_eq!(ran.records()[0]["name"], "real, indeed", "{}", ran.stdout);
}
