//! One file with the answers of searches for several keys.

use std::collections::HashSet;

use certrecall::finding::Code;
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::plan::ct::{Asked, Listed, read_sorted};

fn known(issuer: &str, serial: &str, sha256: Option<Fingerprint>) -> Listed {
    let (issuer, serial) = (issuer.to_owned(), Some(serial.to_owned()));
    Listed { issuer, serial, names: Vec::new(), not_before: None, not_after: None, crt_sh_id: None, sha256 }
}

fn asked(name: &[u8], known: Vec<Listed>) -> Asked {
    let key = SpkiHash::of(name);
    Asked { key, names: vec![key], known }
}

#[test]
fn rows_are_joined_to_their_keys() {
    let print = Fingerprint::of(b"1");
    let keys = [
        asked(b"a", vec![known("CN=X,O=Y", "0a", Some(print))]),
        asked(b"b", vec![known("CN=X,O=Y", "0b", None)]),
        asked(b"c", Vec::new()),
    ];
    let (a, c) = (keys[0].key, keys[2].key);
    let text = format!(
        r#"[{{"issuer_name":"O=Y, CN=X","serial_number":"0B","not_after":"2040-01-01"}},
            {{"sha256":"{print}","issuer_name":"CN=Z","not_after":"2040-01-01"}},
            {{"spki_sha256":"{a}","issuer_name":"CN=Z","serial_number":"01","not_after":"2040-01-01"}},
            {{"key":"{c}"}}, {{"key":"{}","issuer_name":"CN=Z","serial_number":"02"}}]"#,
        SpkiHash::of(b"another")
    );
    let mut sorted = read_sorted("f", text.as_bytes(), &keys).unwrap();
    sorted.settle(&HashSet::new());
    assert_eq!(sorted.answers.iter().map(|answer| answer.certificates.len()).collect::<Vec<_>>(), [2, 1, 0]);
    assert_eq!(
        (0..3).map(|at| sorted.why_open(at)).collect::<Vec<_>>(),
        [None, None, None],
        "the last was found on nothing, and the file names it"
    );
    assert_eq!(sorted.findings.counts.get(&Code::SearchRowOther), Some(&1));
    assert!(!sorted.is_incomplete());
}

#[test]
fn what_can_be_about_a_key_keeps_its_search_open() {
    let keys =
        [asked(b"a", vec![known("CN=X", "0a", None)]), asked(b"b", Vec::new()), asked(b"c", Vec::new())];
    let read = |more: &str| {
        let text = format!(
            r#"[{{"issuer_name":"CN=X","serial_number":"0a","not_after":"2040-01-01"}},{{"spki_sha256":"{}"}}{more}]"#,
            keys[1].key
        );
        read_sorted("f", text.as_bytes(), &keys).unwrap()
    };
    let mut sorted = read("");
    sorted.settle(&HashSet::new());
    assert_eq!((sorted.why_open(0), sorted.why_open(1)), (None, None));
    assert_eq!(sorted.why_open(2).as_deref(), Some("f has no row for its key"));
    // A certificate that nothing joins to a key.
    let stray = r#",{"issuer_name":"CN=Z","serial_number":"01","not_after":"2040-01-01"}"#;
    let mut sorted = read(stray);
    assert_eq!(sorted.unplaced().len(), 1);
    sorted.settle(&HashSet::new());
    assert!(sorted.why_open(0).unwrap().contains("1 row of f can be about its key"));
    assert_eq!(sorted.why_open(1), None, "the file names the key of each row of that one");
    assert!(sorted.is_incomplete() && sorted.findings.counts.get(&Code::SearchRowOther) == Some(&1));
    // It is on another key of the case.
    let mut sorted = read(stray);
    let elsewhere = sorted.unplaced();
    sorted.settle(&elsewhere);
    assert!(sorted.why_open(0).is_none() && !sorted.is_incomplete());
    // A row that cannot be read can be about each of them.
    let mut sorted = read(r#",{"issuer_name":"CN=Z"}"#);
    sorted.settle(&HashSet::new());
    assert!(
        sorted.why_open(0).unwrap().contains("1 row of f could not be used") && sorted.why_open(1).is_some()
    );
    // A member that is not known is more than the key alone.
    let mut sorted = read(&format!(r#",{{"spki_sha256":"{}","issuer_dn_hash":"x"}}"#, keys[2].key));
    sorted.settle(&HashSet::new());
    assert!(sorted.why_open(2).unwrap().contains("could not be used"));
}

#[test]
fn an_issuer_and_serial_number_of_two_keys_join_nothing() {
    let keys = [asked(b"a", vec![known("CN=X", "0a", None)]), asked(b"b", vec![known("CN=X", "0a", None)])];
    let text = br#"[{"issuer_name":"CN=X","serial_number":"0a","not_after":"2040-01-01"}]"#;
    let mut sorted = read_sorted("f", text, &keys).unwrap();
    sorted.settle(&HashSet::new());
    assert!(sorted.answers.iter().all(|answer| answer.certificates.is_empty()) && sorted.is_incomplete());
}
