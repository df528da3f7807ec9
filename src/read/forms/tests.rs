//! Wide characters, and objects wrapped in base64 or hex outside of blocks.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use super::wide::Narrowed;
use super::*;
use crate::pki::der;
use crate::read::pem::Splitter;

fn to_narrow(bytes: &[u8]) -> Option<Narrowed> {
    wide::to_narrow(&Haystack::new(bytes))
}

fn candidates(bytes: &[u8], taken: &[Range<usize>], first_line: u32, visit: impl FnMut(Candidate)) -> bool {
    embedded::candidates(&Haystack::new(bytes), taken, first_line, visit)
}

fn object(size: usize) -> Vec<u8> {
    let bytes: Vec<u8> = (0..size).map(|i| (i * 37 % 251) as u8).collect();
    der::tlv(der::SEQUENCE, &der::tlv(der::SEQUENCE, &bytes))
}

fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn fold(text: &str, width: usize, ending: &str) -> String {
    text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect::<Vec<_>>().join(ending)
}

fn pem(bytes: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", fold(&encode(bytes), 64, "\n"))
}

fn all(text: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    assert!(candidates(text.as_bytes(), &[], 1, |c| found.push(c)));
    found
}

/// The objects in text candidates and the elements, in order, with the line of each.
fn objects(text: &str) -> Vec<(u32, Vec<u8>)> {
    let mut out = Vec::new();
    let mut found = Vec::new();
    for candidate in all(text) {
        assert!(candidate.offset < text.len());
        if candidate.kind == Kind::Text {
            for block in Splitter::new(&candidate.bytes) {
                if block.decode(&mut out).is_ok() {
                    found.push((candidate.line, out.clone()));
                }
            }
        } else {
            found.push((candidate.line, candidate.bytes.to_vec()));
        }
    }
    found
}

fn in_wide(text: &str, unit: usize, big: bool) -> Vec<u8> {
    text.chars()
        .flat_map(|c| {
            let mut bytes =
                if big { (c as u32).to_be_bytes().to_vec() } else { (c as u32).to_le_bytes().to_vec() };
            if big {
                bytes.drain(..4 - unit)
            } else {
                bytes.drain(unit..)
            };
            bytes
        })
        .collect()
}

#[test]
fn wide_text_becomes_narrow() {
    let text = format!("caf\u{e9}\n{}", pem(&object(300)));
    for unit in [2, 4] {
        for big in [false, true] {
            for mark in ["", "\u{feff}"] {
                let bytes = in_wide(&format!("{mark}{text}"), unit, big);
                let narrow = to_narrow(&bytes).expect("wide text");
                assert!(narrow.whole);
                assert_eq!(
                    &narrow.bytes[..],
                    text.replace('\u{e9}', "\u{1a}").as_bytes(),
                    "{unit} {big} {mark:?}"
                );
                let marked = unit * mark.chars().count();
                assert_eq!(narrow.original(5), marked + 5 * unit);
                assert!(to_narrow(&bytes[..bytes.len() - 1]).is_some());
            }
        }
    }
    assert!(to_narrow(text.as_bytes()).is_none());
    assert!(to_narrow(&[0; 999]).is_none());
    assert!(to_narrow(b"").is_none());
}

#[test]
fn wide_text_inside_of_something_else() {
    let text = pem(&object(300));
    for (unit, big) in [(2, false), (2, true), (4, false), (4, true)] {
        for front in [300, 301, 302, 303] {
            let mut bytes = vec![0xeeu8; front];
            bytes.extend(in_wide(&text, unit, big));
            let narrow = to_narrow(&bytes).expect("wide text");
            assert!(!narrow.whole);
            let block = Splitter::new(&narrow.bytes).next().expect("a block");
            assert_eq!(narrow.original(block.offset) / 4, (front + if big { unit - 1 } else { 0 }) / 4);
            let mut out = Vec::new();
            assert!(block.decode(&mut out).is_ok() && out == object(300), "{unit} {big} {front}");
        }
    }
}

#[test]
fn base64_of_pem() {
    for size in [100, 101, 102] {
        let bytes = object(size);
        for front in [
            "",
            "x",
            "Bag Attributes\n    friendlyName: an unusually long name for a certificate, to fill a line\n",
        ] {
            let text = encode(format!("{front}{}", pem(&bytes)).as_bytes());
            for (line, wrapped) in [
                (1, format!("TLS_CRT={text}\nNEXT=1\n")),
                (1, text.clone()),
                (3, format!("data:\n  tls.key: aGVsbG8=\n  tls.crt: {text}\n  other: LS0t\n")),
                (3, format!("data:\n  tls.crt: |\n    {}\n  other: LS0t\n", fold(&text, 76, "\n    "))),
                (2, format!("data:\r\n{}\r\n", fold(&text, 64, "\r\n"))),
                (1, format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", text.replace('/', "\\/"), "AAAA")),
                (1, format!("{{\"a\":\"{}\\n\"}}", fold(&text, 76, "\\n"))),
                (1, format!("url(data:application/x-pem-file;base64,{text})")),
                (1, format!("'{}'", text.replace('+', "-").replace('/', "_").replace('=', ""))),
            ] {
                assert_eq!(objects(&wrapped), [(line, bytes.clone())], "{wrapped}");
            }
        }
    }
}

#[test]
fn base64_of_der() {
    for size in [40, 41, 42, 120, 300, 301, 302, 70_000] {
        let bytes = object(size);
        let text = encode(&bytes);
        for (line, wrapped) in [
            (1, text.clone()),
            (1, format!("{}\n", fold(&text, 64, "\n"))),
            (2, format!("\n{}\r\n", fold(&text, 76, "\r\n"))),
            (2, format!("<a>\n<ds:X509Certificate>{text}</ds:X509Certificate>")),
            (2, format!("<a>\n<ds:X509Certificate>{}</ds:X509Certificate>", fold(&text, 64, "&#13;\n"))),
            (3, format!("<a>\n<X509Certificate>\n  {}\n</X509Certificate>", fold(&text, 64, "\n  "))),
            (1, format!("{{\"x5c\":[\"{}\"]}}", text.replace('/', "\\/"))),
            (1, format!("{{\"x5c\":[\"{}\"]}}", text.replace('+', "\\u002B").replace('=', "\\u003d"))),
            (1, format!("cert={}&x=1", text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))),
            (1, format!("{{\"a\":\"\\n{}\\n\"}}", fold(&text, 64, "\\n"))),
            (1, text.replace('=', "").replace('+', "-").replace('/', "_")),
        ] {
            assert_eq!(objects(&wrapped), [(line, bytes.clone())], "{size} {wrapped:.300}");
        }
    }
}

#[test]
fn a_name_and_a_value_below_base64_are_no_part_of_it() {
    // The object ends within its last group of digits, with and without padding: with every size the next
    // line looks different to the decoder.
    for size in 90..100 {
        let object = object(size);
        for next in ["B=1", "NAME=value", "KEY=a", "A==x", "B1=\"x\""] {
            let text = format!("CERT={}\n{next}\n", fold(&encode(&object), 64, "\n"));
            assert_eq!(objects(&text), [(1, object.clone())], "{size} {next}");
            let wrapped = format!("CERT={}\n{next}\n", fold(&encode(pem(&object).as_bytes()), 64, "\n"));
            assert_eq!(objects(&wrapped), [(1, object.clone())], "{size} {next}, a block");
        }
    }
}

#[test]
fn several_objects_in_hex() {
    let (a, b) = (object(70), object(80));
    let both = [a.as_slice(), &b].concat();
    let hex: String = both.iter().map(|b| format!("{b:02x}")).collect();
    for text in [hex.clone(), fold(&hex, 64, "\n")] {
        assert_eq!(whole_hex(text.as_bytes()).map(|c| c.bytes.to_vec()), Some(both.clone()));
    }
    assert!(whole_hex(format!("{hex}3005").as_bytes()).is_none(), "an element that is cut short");
}

#[test]
fn one_object_per_line() {
    let text: String = (60..90).map(|n| encode(&object(n)) + "\n").collect();
    let wanted: Vec<_> = (60..90).map(|n| (u32::try_from(n).expect("small") - 59, object(n))).collect();
    assert_eq!(objects(&text), wanted);
}

#[test]
fn ber_and_keystores() {
    let ber = [&[0x30, 0x80][..], &object(100), &[0, 0]].concat();
    assert_eq!(objects(&format!("p12: {}\n", encode(&ber))), [(1, ber)]);
    let store = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..], &object(100)].concat();
    let text = format!("keystore.jks: {}\n", encode(&store));
    let found = all(&text);
    assert_eq!(
        found.iter().map(|c| (c.kind, c.bytes.to_vec())).collect::<Vec<_>>(),
        [(Kind::Keystore, store)]
    );
}

#[test]
fn blocks_are_not_looked_into() {
    let text = format!("{}{}\n{}", pem(&object(200)), encode(&object(99)), pem(&object(201)));
    let taken: Vec<_> = Splitter::new(text.as_bytes()).map(|b| b.offset..b.end).collect();
    let mut found = Vec::new();
    assert!(candidates(text.as_bytes(), &taken, 11, |c| found.push((c.offset, c.line, c.bytes.to_vec()))));
    let offset = pem(&object(200)).len();
    let line = 11 + u32::try_from(text[..offset].matches('\n').count()).expect("small");
    assert_eq!(found, [(offset, line, object(99))]);
}

#[test]
fn ordinary_text_has_no_candidates() {
    for text in [
        "MICE AND MEN",
        "My MIME types: MIIS, MIX",
        &"MIIB ".repeat(100),
        &"AMIIB".repeat(50),
        "tLStLStLStLS",
        "x".repeat(99).as_str(),
    ] {
        assert!(all(text).is_empty(), "{text}");
    }
}

#[test]
fn the_allowance_ends_hostile_text() {
    // Each line claims to be an element of 16 MB. What is read in vain is bounded by the allowance, and that
    // shows.
    let head = &encode(&[0x30, 0x82, 0xff, 0xff, 0x30, 0x82, 0xff, 0xfb, 0x30])[..12];
    let text = format!("{head}\n").repeat(300_000);
    assert!(!candidates(text.as_bytes(), &[], 1, |_| ()));
}

#[test]
fn hex_digits() {
    let bytes = object(77);
    let pairs: Vec<_> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    for text in [
        pairs.concat(),
        pairs.concat().to_uppercase() + "\n",
        pairs.join(":"),
        pairs.join(" \n"),
        format!("{{ 0x{} }};", pairs.join(", 0x")),
        format!("\"\\x{}\"", pairs.join("\\x")),
        format!("0x{}", pairs.concat()),
        fold(&pairs.concat(), 64, "\r\n"),
    ] {
        assert_eq!(whole_hex(text.as_bytes()).map(|c| c.bytes.to_vec()), Some(bytes.clone()), "{text}");
    }
    for text in ["", "30", "3082", "hello", &pairs.concat()[..60], &(pairs.concat() + "00"), "30x"] {
        assert!(whole_hex(text.as_bytes()).is_none(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_do_no_harm(pieces in vec(prop_oneof![
        Just(b"LS0tLS1CRUdJTi".to_vec()),
        Just(b"/u3+7QAAAAIA".to_vec()),
        Just(b"MIIBMDCB".to_vec()),
        "[\\\\%&=+/_n0-9a-fMIt;#xu\r\n -]{0,12}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..12),
    ], 0..40)) {
        let bytes = pieces.concat();
        let mut end = 0;
        candidates(&bytes, &[], 1, |c| {
            assert!(c.offset >= end && c.offset < bytes.len());
            end = c.offset;
        });
        whole_hex(&bytes);
        if let Some(narrow) = to_narrow(&bytes) {
            assert!(narrow.bytes.is_empty() || narrow.original(narrow.bytes.len() - 1) < bytes.len());
        }
    }
}
