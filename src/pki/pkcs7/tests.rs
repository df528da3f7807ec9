use proptest::prelude::*;

use super::*;
use crate::pki::der::tlv;

const CERTS: &[u8] = include_bytes!("../../../testdata/pkcs7/certs.p7b");
const STREAM: &[u8] = include_bytes!("../../../testdata/pkcs7/stream.p7m");
const MESSAGE_STREAM: &[u8] = include_bytes!("../../../testdata/pkcs7/message-stream.p7m");

fn choices(bytes: &[u8]) -> Vec<Choice> {
    open(bytes).expect("a container").expect("opened").entries.iter().map(|e| e.choice).collect()
}

fn container(content_type: &[u8], content: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[tlv(OID, content_type), tlv(context(0), content)].concat())
}

fn signed(certificates: &[u8], lists: &[u8]) -> Vec<u8> {
    let info = tlv(SEQUENCE, &tlv(OID, oid::DATA));
    let rest = [tlv(context(0), certificates), tlv(context(1), lists), tlv(SET, &[])].concat();
    tlv(SEQUENCE, &[tlv(INTEGER, &[1]), tlv(SET, &[]), info, rest].concat())
}

#[test]
fn signed_data_in_der_and_ber() {
    assert_eq!(choices(CERTS), [Choice::Certificate; 2]);
    assert_eq!(choices(STREAM), [Choice::Certificate; 2]);
    let bag = open(STREAM).expect("a container").expect("opened");
    assert!(bag.ber && !bag.broken);
    assert_eq!(bag.content.map(octets).as_deref().map(Vec::as_slice), Some(&b"hello\n"[..]));
}

#[test]
fn a_message_in_pieces_is_joined() {
    let bag = open(MESSAGE_STREAM).expect("a container").expect("opened");
    let content = octets(bag.content.expect("not detached"));
    assert!(content.starts_with(&[b'x'; 5000]) && content.ends_with(b"-----END CERTIFICATE-----\n"));
}

#[test]
fn every_choice_is_told_apart() {
    let extended =
        tlv(context(0), &tlv(SEQUENCE, &[tlv(INTEGER, &[0]), tlv(SEQUENCE, b"\x05\x00")].concat()));
    let certificates = [
        tlv(SEQUENCE, &[]),
        extended,
        tlv(0xa1, &[]),
        tlv(0xa2, &[]),
        tlv(0xa3, &[]),
        tlv(OCTET_STRING, &[]),
    ]
    .concat();
    let lists = [tlv(SEQUENCE, &[]), tlv(0xa1, &[])].concat();
    let (attribute, other) =
        (Choice::Other("attribute certificate"), Choice::Other("certificate of another format"));
    let all =
        [Choice::Certificate, Choice::Certificate, attribute, attribute, other, Choice::Unknown, Choice::Crl];
    let bytes = container(oid::SIGNED_DATA, &signed(&certificates, &lists));
    let found = choices(&bytes);
    assert_eq!(found[..7], all);
    assert_eq!(found[7..], [Choice::Other("revocation information of another format")]);
    assert_eq!(open(&bytes).expect("a container").expect("opened").entries[1].raw, [0x30, 2, 5, 0]);
}

#[test]
fn signed_data_without_its_content_info() {
    assert_eq!(choices(&signed(&tlv(SEQUENCE, &[]), &[])), [Choice::Certificate]);
}

#[test]
fn what_is_encrypted_says_whether_a_passphrase_helps() {
    let skipped = |name: &str| Some(Unread::Skipped(Reason::FormatNotRead, name.to_owned()));
    let unread = |bytes: &[u8]| open(bytes).expect("a container").err();
    assert_eq!(unread(include_bytes!("../../../testdata/pkcs7/enveloped.p7m")), skipped("cms-enveloped"));
    assert_eq!(unread(include_bytes!("../../../testdata/pkcs7/encrypted.p7m")), skipped("cms-encrypted"));
    assert_eq!(
        unread(include_bytes!("../../../testdata/pkcs7/password.p7m")),
        Some(Unread::Locked(Reason::PassphraseNeeded, None))
    );
    let pbes2 = [oid::PKCS5, &[0x0d]].concat();
    let info = tlv(SEQUENCE, &[tlv(OID, oid::DATA), tlv(SEQUENCE, &tlv(OID, &pbes2))].concat());
    let encrypted = tlv(SEQUENCE, &[tlv(INTEGER, &[0]), info].concat());
    assert_eq!(
        unread(&container(&[oid::PKCS7, &[6]].concat(), &encrypted)),
        Some(Unread::Locked(Reason::PassphraseNeeded, None))
    );
    let compressed = container(&[oid::SMIME_CONTENT_TYPES, &[9]].concat(), &tlv(SEQUENCE, &[]));
    assert_eq!(unread(&compressed), skipped("cms-compressed"));
}

#[test]
fn certificates_of_the_sender_come_out_of_an_envelope() {
    let originator = tlv(context(0), &tlv(context(0), &tlv(SEQUENCE, &[])));
    let enveloped = tlv(SEQUENCE, &[tlv(INTEGER, &[2]), originator, tlv(SET, &[])].concat());
    let bytes = container(&[oid::PKCS7, &[3]].concat(), &enveloped);
    let bag = open(&bytes).expect("a container").expect("opened");
    assert_eq!(bag.entries.len(), 1);
    assert_eq!(bag.sealed, Some(Unread::Skipped(Reason::FormatNotRead, "cms-enveloped".to_owned())));
    let both = tlv(
        SEQUENCE,
        &[
            tlv(INTEGER, &[1]),
            tlv(SET, &[]),
            tlv(SET, &[]),
            tlv(SEQUENCE, &[]),
            tlv(context(0), &tlv(SEQUENCE, &[])),
        ]
        .concat(),
    );
    let both = container(&[oid::PKCS7, &[4]].concat(), &both);
    assert!(
        open(&both).expect("a container").is_ok_and(|bag| bag.entries.len() == 1 && bag.sealed.is_some())
    );
}

#[test]
fn what_was_cut_short_gives_what_is_whole() {
    let cut = open(&CERTS[..CERTS.len() - 100]).expect("a container").expect("opened");
    assert!(cut.broken && cut.entries.len() == 1);
    assert_eq!(
        open(&CERTS[..60]).expect("a container").err(),
        Some(Unread::Unreadable(Reason::BadObject, "pkcs7: cut short".to_owned()))
    );
    let no_content = tlv(SEQUENCE, &tlv(OID, oid::SIGNED_DATA));
    assert!(matches!(open(&no_content), Some(Err(Unread::Unreadable(..)))));
    for length in 13..STREAM.len() {
        assert!(
            open(&STREAM[..length]).is_some_and(|opened| opened.is_ok_and(|bag| bag.broken) || length < 600),
            "{length}"
        );
    }
}

#[test]
fn other_shapes_are_left_alone() {
    for other in [
        &b""[..],
        b"text",
        &tlv(SEQUENCE, &tlv(OID, oid::RSA)),
        &tlv(SEQUENCE, &tlv(INTEGER, &[1])),
        &tlv(SET, &[]),
    ] {
        assert!(open(other).is_none(), "{other:?}");
    }
}

#[test]
fn hostile_nesting_and_numbers_end_soon() {
    let nested = [&STREAM[..60], &[0x30, 0x80].repeat(100_000)].concat();
    let _ = open(&nested);
    let many = container(oid::SIGNED_DATA, &signed(&[0x30, 0].repeat(limits::CONTAINED + 7), &[]));
    let bag = open(&many).expect("a container").expect("opened");
    assert_eq!((bag.entries.len(), bag.beyond), (limits::CONTAINED, 7));
}

proptest! {
    #[test]
    fn no_change_makes_it_panic(at in 0..STREAM.len(), with in proptest::collection::vec(any::<u8>(), 0..6), cut in 0..STREAM.len(), der in any::<bool>()) {
        let mut bytes = if der { CERTS.to_vec() } else { STREAM.to_vec() };
        let at = at.min(bytes.len());
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with);
        bytes.truncate(bytes.len() - cut.min(bytes.len()) / 8);
        let _ = open(&bytes).map(|opened| opened.map(|bag| bag.content.map(octets)));
        let _ = open_path(&bytes);
    }
}
