//! Files that are or hold containers, from their bytes to their items.

use base64_simd::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::finding::{Code, Codes};
use crate::id::Fingerprint;
use crate::read::engine;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/pkcs7/", $name)).as_slice()
    };
}

fn read(bytes: &[u8]) -> Vec<Item> {
    let mut scratch = Vec::new();
    let mut content = engine::content(&mut scratch, None, None, 100_000);
    content.whole(bytes);
    content.finish().items
}

/// `way index kind-or-reason container`, one for each item.
fn show(items: &[Item]) -> Vec<String> {
    let what = |item: &Item| match &item.body {
        Ok(object) => object.kind(),
        Err(Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) => {
            reason.as_str()
        }
    };
    items
        .iter()
        .map(|i| format!("{} {} {} {}", i.member.as_deref().unwrap_or("-"), i.index, what(i), i.container))
        .collect()
}

fn fingerprints(items: &[Item]) -> Vec<Fingerprint> {
    let certificate = |item: &Item| match &item.body {
        Ok(Object::Certificate(c)) => Some(c.sha256),
        _ => None,
    };
    items.iter().filter_map(certificate).collect()
}

fn der(pem: &[u8]) -> Vec<u8> {
    let text: String = String::from_utf8_lossy(pem).lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode_to_vec(text).expect("base64")
}

fn both() -> [Fingerprint; 2] {
    [Fingerprint::of(&der(fixture!("a.pem"))), Fingerprint::of(&der(fixture!("b.pem")))]
}

fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

#[test]
fn der_files() {
    let items = read(fixture!("certs.p7b"));
    assert_eq!(show(&items), ["pkcs7 0 certificate pkcs7", "pkcs7 1 certificate pkcs7"]);
    assert_eq!(fingerprints(&items), both());
    assert!(items.iter().all(|i| i.findings.is_empty() && i.line == 0 && i.label.is_none()));
    for item in &items {
        let at = item.offset as usize;
        assert_eq!(fixture!("certs.p7b")[at..at + 2], [0x30, 0x82]);
    }
    let items = read(fixture!("stream.p7m"));
    assert_eq!(fingerprints(&items), both());
    assert!(items.iter().all(|i| i.findings.contains(Code::BerEncoding)));
}

#[test]
fn blocks_among_others() {
    let text = [
        &b"before\n"[..],
        fixture!("a.pem"),
        fixture!("with-crl.pem"),
        fixture!("b.pem"),
        fixture!("cms.pem"),
        fixture!("nseq.pem"),
    ]
    .concat();
    let items = read(&text);
    let expected = [
        "- 0 certificate pem",
        "pkcs7 0 certificate pkcs7",
        "pkcs7 1 certificate pkcs7",
        "pkcs7 2 crl pkcs7",
        "- 1 certificate pem",
        "pkcs7#1 0 certificate pkcs7",
        "pkcs7#1 1 certificate pkcs7",
        "pkcs7#2 0 certificate pkcs7",
        "pkcs7#2 1 certificate pkcs7",
    ];
    assert_eq!(show(&items), expected);
    assert_eq!(
        (items[1].line, items[1].label.as_deref(), items[1].findings),
        (12, Some("PKCS7"), Codes::NONE)
    );
    assert_eq!(items[5].label.as_deref(), Some("CMS"));
    assert!(items[7].findings.is_empty(), "OpenSSL's label for a Netscape sequence");
}

#[test]
fn base64_without_a_block_is_put_in_its_place_by_offset() {
    let bare = |bytes: &[u8]| {
        let text = STANDARD.encode_to_string(bytes);
        text.as_bytes().chunks(64).flat_map(|line| [line, b"\n"].concat()).collect::<Vec<_>>()
    };
    let text = [
        &bare(fixture!("certs.p7b")),
        &b"\n"[..],
        fixture!("cms.pem"),
        &b"\n"[..],
        &bare(fixture!("stream.p7m")),
    ]
    .concat();
    let items = read(&text);
    let ways: Vec<_> =
        show(&items).into_iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(ways, ["pkcs7 0", "pkcs7 1", "pkcs7#1 0", "pkcs7#1 1", "pkcs7#2 0", "pkcs7#2 1"]);
    assert_eq!(items[2].label.as_deref(), Some("CMS"));
}

#[test]
fn empty_and_sealed_containers_have_one_record() {
    for name in [fixture!("empty.p7b"), fixture!("data.p7m"), fixture!("digested.p7m")] {
        let items = read(name);
        assert_eq!(show(&items), ["- 0 no-pki-content der"]);
        assert!(!crate::read::ledger::is_quiet(&items[0]));
    }
    assert_eq!(show(&read(fixture!("enveloped.p7m"))), ["- 0 format-not-read der"]);
    assert_eq!(show(&read(fixture!("password.p7m"))), ["- 0 passphrase-needed der"]);
}

#[test]
fn messages_are_read_like_files() {
    for name in [fixture!("message.p7m"), fixture!("message-stream.p7m")] {
        let items = read(name);
        assert_eq!(show(&items), ["pkcs7!/content 0 certificate pem"]);
        assert_eq!(fingerprints(&items), both()[1..]);
    }
}

#[test]
fn signed_and_signed_again() {
    let mut bytes = fixture!("certs.p7b").to_vec();
    let data = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    for _ in 0..=limits::CONTAINERS_DEEP {
        bytes = indefinite(
            0x30,
            &[&data[..], &indefinite(0xa0, &indefinite(0x24, &crate::pki::der::tlv(4, &bytes)))].concat(),
        );
    }
    assert_eq!(
        show(&read(&bytes)),
        [format!("pkcs7{} 0 too-deep file", "!/content!/pkcs7".repeat(8) + "!/content")]
    );
}

#[test]
fn broken_containers_have_a_record_and_give_what_is_whole() {
    let bytes = fixture!("certs.p7b");
    assert_eq!(
        show(&read(&bytes[..bytes.len() - 50])),
        ["pkcs7 0 certificate pkcs7", "pkcs7 1 bad-object pkcs7"]
    );
    assert_eq!(show(&read(&bytes[..80])), ["- 0 bad-object der"]);
    let trailing = [bytes, b"\0\0\0"].concat();
    let items = read(&trailing);
    assert_eq!(
        items.iter().map(|i| i.findings.contains(Code::TrailingData)).collect::<Vec<_>>(),
        [false, true]
    );
    let twice = [bytes, bytes].concat();
    assert_eq!(show(&read(&twice))[2..], ["pkcs7#1 0 certificate pkcs7", "pkcs7#1 1 certificate pkcs7"]);
}

#[test]
fn plain_objects_in_ber() {
    let whole = der(fixture!("a.pem"));
    let (certificate, _) = crate::pki::der::first(&whole).expect("DER");
    let bytes = indefinite(0x30, certificate.content);
    let items = read(&bytes);
    assert_eq!(fingerprints(&items), both()[..1]);
    assert!(items[0].findings.contains(Code::BerEncoding) && items[0].container == "der");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode_to_string(&bytes)
    );
    let items = read(pem.as_bytes());
    assert_eq!(fingerprints(&items), both()[..1]);
    assert!(items[0].findings.contains(Code::BerEncoding) && !items[0].findings.contains(Code::LabelDiffers));
}

/// OpenSSL 3.0: `openssl x509 -inform DER -fingerprint -sha256` gives for such a certificate the hash over
/// DER with the signed part as found.
#[test]
fn a_signed_part_in_ber_keeps_its_name() {
    let whole = der(fixture!("a.pem"));
    let (certificate, _) = crate::pki::der::first(&whole).expect("DER");
    let mut parts = certificate.reader();
    let signed = indefinite(0x30, parts.any().expect("the signed part").content);
    let inner = [&signed, parts.rest()].concat();
    let items = read(&indefinite(0x30, &inner));
    assert_eq!(fingerprints(&items), [Fingerprint::of(&crate::pki::der::tlv(0x30, &inner))]);
    assert_eq!(items.len(), 1);
}

#[test]
fn a_plain_list_of_certificates() {
    let list = [der(fixture!("a.pem")), der(fixture!("b.pem"))].concat();
    let items = read(&crate::pki::der::tlv(0x30, &list));
    assert_eq!(show(&items), ["pkipath 0 certificate pkipath", "pkipath 1 certificate pkipath"]);
    assert_eq!(fingerprints(&items), both());
}

#[test]
fn the_tap_sees_what_lies_in_containers() {
    for bytes in [fixture!("certs.p7b"), fixture!("stream.p7m"), fixture!("cms.pem"), fixture!("message.p7m")]
    {
        let mut seen = Vec::new();
        let mut tap = |der: &[u8], _: Option<&Object>| seen.push(Fingerprint::of(der));
        let mut scratch = Vec::new();
        let mut content = engine::content(&mut scratch, None, Some(&mut tap), 100_000);
        content.whole(bytes);
        let items = content.finish().items;
        assert!(seen.contains(&both()[1]));
        assert_eq!(seen, fingerprints(&items));
    }
}

proptest! {
    #[test]
    fn no_change_makes_it_panic(at in 0..700usize, with in proptest::collection::vec(any::<u8>(), 0..6), stream in any::<bool>()) {
        let mut bytes = if stream { fixture!("stream.p7m").to_vec() } else { fixture!("certs.p7b").to_vec() };
        bytes.splice(at..at + with.len(), with);
        prop_assert!(!read(&bytes).is_empty() || at < 24);
    }
}
