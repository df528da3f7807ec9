//! The answer of a search for one key, and how it joins the plan.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use certrecall::id::{SpkiHash, StepId};
use certrecall::pki::{self, Object, Parsed, Piece};
use certrecall::plan::ct::{Asked, CtError, Export, Listed, join, missing, read, read_sorted};
use certrecall::plan::{Status, Step, StepKind};
use certrecall::time::Time;

const KEY: &str = "4a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8";

fn key() -> SpkiHash {
    KEY.parse().unwrap()
}

fn read_text(text: &str) -> Result<Export, CtError> {
    read("found.json", text.as_bytes(), &[key()])
}

const CRT_SH: &str = r#"[
 {"issuer_ca_id":16418,"issuer_name":"C=US, O=\"X, Inc.\", CN=X Issuing CA","common_name":"a.example","name_value":"a.example\nwww.a.example","id":11,
  "entry_timestamp":"2025-11-07T16:46:43.456","not_before":"2025-11-07T15:46:43","not_after":"2026-12-05T15:46:43","serial_number":"03FFEE","result_count":2},
 {"issuer_ca_id":16418,"issuer_name":"C=US, O=\"X, Inc.\", CN=X Issuing CA","common_name":"a.example","name_value":"a.example","id":12,
  "entry_timestamp":"2025-11-07T16:46:44.456","not_before":"2025-11-07T15:46:43","not_after":"2026-12-05T15:46:43","serial_number":"03ffee","result_count":2},
 {"issuer_name":"CN=Old CA","name_value":"old.example","id":3,"not_before":"2010-01-01T00:00:00","not_after":"2012-01-01T00:00:00","serial_number":"7"}
]"#;

#[test]
fn a_precertificate_and_its_certificate_are_one() {
    let export = read_text(CRT_SH).unwrap();
    assert_eq!((export.rows, export.certificates.len(), export.findings.list.len()), (3, 2, 0));
    let now = Time::from_unix(1_780_000_000);
    let live: Vec<&Listed> = export.certificates.iter().filter(|l| l.is_live(now)).collect();
    let [one] = live.as_slice() else { panic!("{live:?}") };
    assert_eq!(
        (one.serial.as_deref(), one.crt_sh_id, one.names.as_slice()),
        (Some("03ffee"), Some(12), &["a.example".into(), "www.a.example".into()][..])
    );
    assert_eq!(one.address(), "https://crt.sh/?d=12");
    assert_eq!(
        one.not_after.unwrap().to_string(),
        "2026-12-05T15:46:43Z",
        "crt.sh writes UTC without a zone"
    );
}

#[test]
fn the_same_as_csv_and_one_object_a_line() {
    let want = read_text(CRT_SH).unwrap().certificates;
    let csv = "crt.sh ID;Logged At;Not Before;Not After;Common Name;Matching Identities;Issuer Name;Serial Number\n\
        11;2025-11-07;2025-11-07T15:46:43;2026-12-05T15:46:43;a.example;\"a.example\nwww.a.example\";\"C=US, O=\"\"X, Inc.\"\", CN=X Issuing CA\";03FFEE\n\
        12;2025-11-07;2025-11-07T15:46:43;2026-12-05T15:46:43;a.example;a.example;\"C=US, O=\"\"X, Inc.\"\", CN=X Issuing CA\";03ffee\n\
        ;;;;;;;\n\
        3;;2010-01-01T00:00:00;2012-01-01T00:00:00;;old.example;CN=Old CA;07\n";
    assert_eq!(read_text(csv).unwrap().certificates, want);
    let lines = CRT_SH.replace('\n', "").trim_matches(['[', ']']).replace("}, {", "}\n{");
    assert_eq!(read_text(&lines.replace("}, {", "}\n{")).unwrap().certificates, want);
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(csv.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read("f", &wide, &[key()]).unwrap().certificates, want, "as a spreadsheet writes it");
}

#[test]
fn a_quote_that_went_astray_takes_no_row_away_in_silence() {
    const HEAD: &str = "id,issuer_name,serial_number,not_after,name_value\n";
    let rows = |text: &str| read_text(&format!("{HEAD}1,CN=X,01,2027-01-01,a.example\n{text}"));
    let error = rows("2,CN=X,02,2027-01-01,\"b.example\n3,CN=X,03,2027-01-01,c.example\n").unwrap_err();
    assert!(error.line == Some(3) && error.says.contains("not closed"), "{error}");
    for (bad, used) in [
        // The next row's quote closes it, in the same column, and in another.
        (
            "2,CN=X,02,2027-01-01,\"b.example\n3,CN=X,03,2027-01-01,\"c.example\"\n4,CN=X,04,2027-01-01,d.example\n",
            2,
        ),
        (
            "2,CN=X,02,2027-01-01,\"b.example\n3,\"CN=X,O=Y\",03,2027-01-01,c.example\n4,CN=X,04,2027-01-01,d.example\n",
            2,
        ),
        ("2,CN=X,02\n", 1),
    ] {
        let export = rows(bad).unwrap();
        assert_eq!((export.certificates.len(), export.unusable()), (used, 1), "{bad}: {export:?}");
        assert_eq!(export.findings.list[0].place, "found.json:3", "{bad}");
    }
}

#[test]
fn digits_that_are_a_number_are_not_taken_for_hexadecimal() {
    let row = |serial: &str| {
        format!(r#"[{{"issuer_name":"CN=X","serial_number":{serial},"not_after":"2027-01-01"}}]"#)
    };
    assert_eq!(read_text(&row("\"123\"")).unwrap().certificates[0].serial.as_deref(), Some("0123"));
    for serial in ["123", "-5", "1e3", "99999999999999999999999"] {
        assert_eq!(read_text(&row(serial)).unwrap().unusable(), 1, "{serial}");
    }
}

#[test]
fn certspotter_rows_of_another_key_are_left_out_and_told() {
    let text = format!(
        r#"[{{"id":"1","tbs_sha256":"{0}","cert_sha256":"{0}","dns_names":["a.example","b.example"],"pubkey_sha256":"{KEY}","issuer":{{"friendly_name":"X","name":"C=US, O=X","pubkey_sha256":"{0}"}},"not_before":"2025-11-07T15:46:43Z","not_after":"2026-12-05T15:46:43Z","revoked":false}},
            {{"id":"2","dns_names":["c.example"],"pubkey_sha256":"{0}","issuer":{{"name":"O=X"}},"not_before":"2025-11-07T15:46:43Z","not_after":"2026-12-05T15:46:43Z"}}]"#,
        "ab".repeat(32)
    );
    let export = read_text(&text).unwrap();
    let [one] = export.certificates.as_slice() else { panic!("{export:?}") };
    assert_eq!((one.issuer.as_str(), one.serial.as_deref(), one.crt_sh_id), ("C=US, O=X", None, None));
    assert_eq!(one.address(), format!("https://crt.sh/?q={}", "ab".repeat(32)));
    assert_eq!(export.others(), 1);
    assert!(
        export.findings.list[0].place == "found.json:2" && export.findings.list[0].says.contains("left out"),
        "{:?}",
        export.findings.list
    );
    let error = read_text(&text.replace(KEY, &"cd".repeat(32))).unwrap_err();
    assert!(error.says.contains("another key"), "{error}");
}

#[test]
fn a_row_that_holds_the_certificate_says_it_best() {
    let base64: String =
        include_str!("../../testdata/pkcs7/a.pem").lines().filter(|l| !l.starts_with("-----")).collect();
    let der = base64_simd::STANDARD.decode_to_vec(&base64).unwrap();
    let certificate = certificate(&der);
    let text = format!(r#"[{{"id":"9","pubkey_sha256":"{KEY}","cert_der":"{base64}"}}]"#);
    let spki = certificate.key.spki.unwrap();
    let error = read_text(&text).unwrap_err();
    assert!(error.says.contains("another key"), "{error}");
    let export = read("f", text.replace(KEY, &spki.to_string()).as_bytes(), &[spki]).unwrap();
    assert_eq!(
        missing(&export.certificates, std::iter::once(Listed::of(&certificate))),
        Vec::<&Listed>::new()
    );
    assert_eq!(export.certificates[0].serial, Some(certificate.serial.to_hex()));
    // certspotter numbers its issuances itself; without the hash of the key it is a number of crt.sh.
    assert_eq!(export.certificates[0].crt_sh_id, None);
    let text = format!(r#"[{{"id":"9","cert_der":"{base64}"}}]"#);
    let export = read("f", text.as_bytes(), &[spki]).unwrap();
    assert_eq!(export.certificates[0].crt_sh_id, Some(9));
    // Of several keys it is on the one that it names.
    let asked = [key(), spki].map(|key| Asked { key, names: vec![key], known: Vec::new() });
    let mut sorted = read_sorted("f", text.as_bytes(), &asked).unwrap();
    sorted.settle(&HashSet::new());
    assert_eq!((sorted.answers[0].certificates.len(), sorted.answers[1].certificates.len()), (0, 1));
    assert_eq!((sorted.why_open(1), sorted.is_incomplete()), (None, false));
    let mut sorted = read_sorted("f", text.as_bytes(), &asked[..1]).unwrap();
    sorted.settle(&HashSet::new());
    assert_eq!(sorted.why_open(0).as_deref(), Some("f has no row for its key"));
    assert!(!sorted.is_incomplete(), "it is about another key, whatever else may be");
}

#[test]
fn bad_rows_are_findings_and_bad_files_errors() {
    let text = r#"[1, "x", [[{"id":1}]], null, {}, {"issuer_name":"CN=A","serial_number":"xyz"}, {"issuer_name":"CN=A"}, {"serial_number":"01"},
        {"issuer_name":{"name":{"name":1}},"serial_number":"01"}, {"issuer_name":"CN=A","serial_number":"1","not_after":"soon"},
        {"issuer_name":"CN=A","serial_number":"0a","not_after":"2026-01-01","cert_der":"AAAA"}, {"issuer_name":"CN=A","serial_number":"0a","pubkey_sha256":"zz"}]"#;
    let export = read_text(text).unwrap();
    assert_eq!((export.rows, export.certificates.len(), export.unusable()), (12, 1, 11));
    let places: Vec<&str> = export.findings.list.iter().map(|f| f.place.as_str()).collect();
    assert_eq!(places.len(), 12, "each with its number, and the doubt of row 10: {places:?}");
    assert!(places.contains(&"found.json:10"));
    for (text, says) in [
        ("", "empty"),
        ("  \n", "empty"),
        ("<html><body>502</body></html>", "web page"),
        ("[{\"id\":1}", "cut off"),
        ("[1] x", "broken"),
        ("path,uploaded_at\na,b\n", "issuer_name and serial_number"),
        ("\u{0}\u{0}\u{0}\u{0}", "NUL"),
        ("{\"id\":1}{", "cut off"),
    ] {
        let error = read_text(text).unwrap_err();
        assert!(error.to_string().contains(says), "{text:?}: {error}");
    }
    assert_eq!(read_text("[]").unwrap().rows, 0, "an answer without certificates is one");
    assert_eq!(read_text("issuer_name,serial_number\n").unwrap().rows, 0);
}

#[test]
fn what_is_at_hand_is_not_elsewhere() {
    let base64: String =
        include_str!("../../testdata/pkcs7/a.pem").lines().filter(|l| !l.starts_with("-----")).collect();
    let here = certificate(&base64_simd::STANDARD.decode_to_vec(&base64).unwrap());
    let row =
        Listed { sha256: None, crt_sh_id: Some(1), issuer: "CN = BAG-A.example".into(), ..Listed::of(&here) };
    let unnumbered = Listed { serial: None, ..row.clone() };
    let other = Listed { serial: Some("1b".into()), ..row.clone() };
    let of = |list: &[Listed]| missing(list, std::iter::once(Listed::of(&here))).len();
    assert_eq!(
        (
            of(std::slice::from_ref(&row)),
            of(std::slice::from_ref(&unnumbered)),
            of(std::slice::from_ref(&other))
        ),
        (0, 0, 1)
    );
    assert_eq!(
        missing(&[unnumbered.clone(), other.clone()], std::iter::empty()),
        [&other],
        "one without a number is one that has it"
    );
    assert_eq!(missing(std::slice::from_ref(&unnumbered), std::iter::empty()), [&unnumbered]);
}

#[test]
fn what_is_made_to_hurt_does_not() {
    let deep = format!(
        "[{{\"issuer_name\":\"CN=A\",\"serial_number\":\"01\",\"x\":{}{}}}]",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let _ = read_text(&deep);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read_text(&deep).is_err() || read_text(&deep).unwrap().unusable() > 0);
    let many = format!("[{}0]", "0,".repeat(200_000));
    assert_eq!(read_text(&many).unwrap().unusable(), 200_001);
    let name = "\u{202e}\u{1b}[31m".repeat(1_000);
    let text =
        serde_json::json!([{"issuer_name": name, "serial_number": "01", "name_value": name}]).to_string();
    let export = read_text(&text).unwrap();
    let mut steps = vec![step(StepKind::Search), step(StepKind::Revoke)];
    join(&mut steps, &not_here(&export), Time::from_unix(0));
    assert!(
        steps[1].says.len() < 2_000 && !steps[1].says.contains(['\u{202e}', '\u{1b}']),
        "{}",
        steps[1].says
    );
}

fn certificate(der: &[u8]) -> Arc<pki::Certificate> {
    let Ok(Parsed::Object(Piece { body: Object::Certificate(certificate), .. })) = pki::read_der(der) else {
        panic!("not a certificate")
    };
    certificate
}

fn not_here(export: &Export) -> BTreeMap<SpkiHash, Vec<&Listed>> {
    BTreeMap::from([(key(), missing(&export.certificates, std::iter::empty()))])
}

fn step(kind: StepKind) -> Step {
    Step { key: Some(key()), ..Step::new(StepId::derive(kind.as_str(), &[b"k"]), kind, "") }
}

#[test]
fn what_is_not_at_hand_holds_the_revocation_back() {
    let export = read_text(CRT_SH).unwrap();
    let mut steps =
        vec![step(StepKind::Search), step(StepKind::Revoke), step(StepKind::Verify), step(StepKind::Retire)];
    let now = Time::from_unix(1_780_000_000);
    let ids = join(&mut steps, &not_here(&export), now).remove(&key()).unwrap();
    let kinds: Vec<StepKind> = steps.iter().map(|s| s.kind).collect();
    assert_eq!(
        kinds,
        [StepKind::Search, StepKind::Replace, StepKind::Revoke, StepKind::Verify, StepKind::Retire],
        "the expired one needs nothing"
    );
    assert_eq!((&steps[2].needs, &steps[4].needs, steps[2].status), (&ids, &ids, Status::Waiting));
    assert!(
        steps[1].says.contains("serial 03ffee") && steps[1].says.contains("https://crt.sh/?d=12"),
        "{}",
        steps[1].says
    );
    let before = steps.clone();
    assert_eq!(join(&mut steps, &not_here(&export), now)[&key()], ids);
    assert_eq!(steps, before, "twice is once");
    let mut clear = vec![step(StepKind::Replace)];
    assert!(join(&mut clear, &not_here(&export), now).is_empty(), "a key that nothing is to be done about");
}

#[test]
fn what_holds_a_step_back_leaves_what_is_done() {
    let listed = |name: &str| Listed {
        issuer: "CN=X".into(),
        serial: Some("01".into()),
        names: vec![name.into()],
        not_before: None,
        not_after: None,
        crt_sh_id: None,
        sha256: None,
    };
    let (found, other) = (listed("a.example"), SpkiHash::of(b"other"));
    let elsewhere = BTreeMap::from([(key(), vec![&found]), (other, vec![&found])]);
    let of = |kind, status| Step { status, ..step(kind) };
    let foreign =
        Step { key: Some(other), ..Step::new(StepId::derive("revoke", &[b"other"]), StepKind::Revoke, "") };
    for (status, after) in [
        (Status::Ready, Status::Waiting),
        (Status::Waiting, Status::Waiting),
        (Status::Done, Status::Done),
        (Status::Waived, Status::Waived),
    ] {
        let mut steps = vec![
            of(StepKind::Search, Status::Done),
            of(StepKind::Revoke, status),
            of(StepKind::Verify, status),
            of(StepKind::Retire, status),
            foreign.clone(),
        ];
        let (deadline, source) = (Some(Time::from_unix(7)), Some("rule".into()));
        (steps[0].deadline, steps[0].deadline_source) = (deadline, source.clone());
        for round in 0..2 {
            let ids = join(&mut steps, &elsewhere, Time::from_unix(0));
            assert_eq!(
                (ids.len(), ids[&key()].len(), steps.len()),
                (1, 1, 6),
                "the other key has no search: round {round}"
            );
            assert_eq!(
                steps.iter().map(|s| s.status).collect::<Vec<_>>(),
                [Status::Done, Status::Ready, after, status, after, Status::Ready]
            );
            assert_eq!(steps.iter().map(|s| s.needs.len()).collect::<Vec<_>>(), [0, 0, 1, 0, 1, 0]);
            assert_eq!(
                (steps[1].deadline, &steps[1].deadline_source),
                (deadline, &source),
                "the target of its search"
            );
        }
    }
}

#[test]
fn an_answer_has_an_end() {
    let rows = |n: usize| {
        format!(
            "[{}]",
            (0..n).map(|i| format!(r#"{{"issuer":"CN=x","serial":"{i:x}"}}"#)).collect::<Vec<_>>().join(",")
        )
    };
    let error = read_text(&rows(certrecall::limits::SEARCHED + 1)).unwrap_err();
    assert!(error.says.contains("more than 100000 certificates"), "{error}");
    let again = rows(certrecall::limits::SEARCHED).replace(']', r#",{"issuer":"CN=X","serial":"07"}]"#);
    assert_eq!(
        read_text(&again).unwrap().certificates.len(),
        certrecall::limits::SEARCHED,
        "one of them again is none more"
    );
    // The same of each key of several.
    let asked = [key(), SpkiHash::of(b"other")].map(|key| Asked { key, names: vec![key], known: Vec::new() });
    let sorted = |n: usize| {
        let named = rows(n).replace(r#"{"issuer""#, &format!(r#"{{"key":"{KEY}","issuer""#));
        read_sorted("f", named.as_bytes(), &asked)
    };
    let most = sorted(certrecall::limits::SEARCHED).unwrap();
    assert_eq!(most.answers[0].certificates.len(), certrecall::limits::SEARCHED);
    let error = sorted(certrecall::limits::SEARCHED + 1).unwrap_err();
    assert!(error.says.contains("more than 100000 certificates on one key"), "{error}");
}

#[test]
fn a_head_with_an_open_quote_is_no_answer() {
    for text in ["issuer,serial,\"x", "issuer,serial,\"x\nCN=x,01,", "issuer,serial\nCN=x,\"01\n"] {
        assert!(read_text(text).is_err(), "{text}");
    }
}
