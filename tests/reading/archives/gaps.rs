//! What of a zip is in no member that its directory names.

use super::make::{deflated, stored, zip, zip_behind};
use super::{bundle, records_of};
use crate::common::pki::leaked_leaf;

const OWN: [&str; 2] = ["x.zip private-key", "x.zip certificate"];

/// The same zip, with a comment.
fn commented(mut zip: Vec<u8>, comment: &str) -> Vec<u8> {
    let end = zip.len();
    zip[end - 2..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    zip.extend_from_slice(comment.as_bytes());
    zip
}

#[test]
fn text_that_is_in_no_member_is_found() {
    let bundle = bundle();
    let plain = zip(&[stored("a.txt", "hello"), deflated("b.txt", "hello")]);
    let members = ["x.zip!/a.txt no-pki-content", "x.zip!/b.txt no-pki-content"];
    assert_eq!(records_of("x.zip", &plain), members);
    let want = [members, OWN].concat();
    assert_eq!(records_of("x.zip", &[plain.as_slice(), bundle.as_bytes()].concat()), want);
    assert_eq!(records_of("x.zip", &commented(plain.clone(), &bundle)), want);
    assert_eq!(records_of("x.zip", &commented(plain.clone(), "made by hand")), members);
    // Between the members and the directory, where packages of Android have their signatures, and behind the
    // name in the directory.
    let signed = zip_with_gap(&[b"APK Sig Block 42".repeat(9), bundle.clone().into_bytes()].concat());
    assert_eq!(records_of("x.zip", &signed), ["x.zip!/a.txt no-pki-content", OWN[0], OWN[1]]);
    assert_eq!(records_of("x.zip", &zip_with_gap(&[0; 5000])), ["x.zip!/a.txt no-pki-content"]);
    let mut extra = stored("a.txt", "hello");
    extra.extra = bundle.clone().into_bytes();
    assert_eq!(records_of("x.zip", &zip(&[extra])), ["x.zip!/a.txt no-pki-content", OWN[0], OWN[1]]);
    let mut comment = zip(&[stored("a.txt", "hello")]);
    let (directory, end) = (comment.len() - 22 - 46 - 5, comment.len() - 22);
    comment[directory + 32..directory + 34].copy_from_slice(&(bundle.len() as u16).to_le_bytes());
    let size = comment.len() + 12 - 22;
    let said = (46 + 5 + bundle.len()) as u32;
    comment[size..size + 4].copy_from_slice(&said.to_le_bytes());
    comment.splice(end..end, bundle.bytes());
    assert_eq!(records_of("x.zip", &comment), ["x.zip!/a.txt no-pki-content", OWN[0], OWN[1]]);
}

/// A zip with something between its member and its directory.
fn zip_with_gap(gap: &[u8]) -> Vec<u8> {
    let mut bytes = zip(&[stored("a.txt", "hello")]);
    let directory = 30 + 5 + 5;
    bytes.splice(directory..directory, gap.iter().copied());
    let end = bytes.len();
    bytes[end - 6..end - 2].copy_from_slice(&((directory + gap.len()) as u32).to_le_bytes());
    bytes
}

#[test]
fn members_that_the_directory_does_not_name_are_told() {
    let bundle = bundle();
    let (first, second) = (zip(&[stored("first.pem", &bundle)]), zip(&[stored("b.txt", "hello")]));
    let both = [first.as_slice(), &second].concat();
    let told = |size: usize, at: usize| {
        format!(
            "x.zip bad-object {size} bytes at {at} belong to no member of its directory; they were looked at as text"
        )
    };
    assert_eq!(
        records_of("x.zip", &both),
        ["x.zip!/b.txt no-pki-content", &told(first.len(), 0), OWN[0], OWN[1]]
    );
    // A member that was taken out of the directory only; a compressed one cannot be seen into.
    let hidden = deflated("hidden.pem", &bundle);
    let all = zip(&[stored("a.txt", "hello"), hidden.clone()]);
    let local = &all[40..40 + 30 + 10 + hidden.bytes.len()];
    assert_eq!(
        records_of("x.zip", &zip_with_gap(local)),
        ["x.zip!/a.txt no-pki-content", &told(local.len(), 40)]
    );
    let padded = [&[0; 64], local].concat();
    assert_eq!(
        records_of("x.zip", &zip_with_gap(&padded)),
        ["x.zip!/a.txt no-pki-content", &told(padded.len(), 40)]
    );
    // Behind something that is none.
    let noted = [&b"deleted: "[..], local].concat();
    assert_eq!(
        records_of("x.zip", &zip_with_gap(&noted)),
        ["x.zip!/a.txt no-pki-content", &told(noted.len(), 40)]
    );
    // Something before the first one, that begins like it.
    let before = [&b"PK\x03\x04"[..], bundle.as_bytes()].concat();
    let want = ["x.zip!/b.txt no-pki-content", &told(before.len(), 0), OWN[0], OWN[1]];
    assert_eq!(records_of("x.zip", &zip_behind(&before, &[stored("b.txt", "hello")])), want);
}

/// So many that each cannot be told.
#[test]
fn many_gaps_are_counted() {
    let noise = |i: u32| stored(format!("{i:04}"), [7; 40]);
    let all: Vec<_> = (0..600).map(noise).collect();
    let size = 30 + 4 + 40;
    let members = all
        .iter()
        .zip(0u32..)
        .filter(|(_, i)| i % 2 == 1)
        .map(|(m, i)| super::make::Zipped { offset: Some(i * size), ..m.clone() });
    let members: Vec<_> = members.collect();
    let whole = zip(&all);
    let named = zip(&members);
    let data = (600 * size) as usize;
    let directory = (300 * size) as usize;
    let mut bytes = [&whole[..data], &named[directory..]].concat();
    let end = bytes.len();
    bytes[end - 6..end - 2].copy_from_slice(&(data as u32).to_le_bytes());
    let records = records_of("x.zip", &bytes);
    assert_eq!(records.len(), 300 + 101);
    assert_eq!(
        records[400],
        format!(
            "x.zip bad-object 200 more places, of {} bytes in all, belong to no member of its directory",
            200 * size
        )
    );
}

#[test]
fn a_folder_with_content_is_a_file() {
    let bundle = bundle();
    let mut member = deflated("key.pem/", &bundle);
    member.size = 0;
    let records = records_of("x.zip", &zip(&[member]));
    assert_eq!(records[..2], ["x.zip!/key.pem/ private-key", "x.zip!/key.pem/ certificate"]);
    assert!(records[2].contains("bad-object") && records.len() == 3, "{records:?}");
    // What a compressor makes of nothing.
    assert_eq!(
        records_of("x.zip", &zip(&[deflated("a/", ""), stored("b", "")])),
        ["x.zip!/b no-pki-content"]
    );
}

/// Whatever a zip was put behind.
#[test]
fn a_zip_behind_anything_is_one() {
    let bundle = bundle();
    let members = [deflated("a.pem", &bundle)];
    let want = ["x.zip!/a.pem private-key", "x.zip!/a.pem certificate"];
    let noise: Vec<u8> = (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for before in [&b"\xff\xd8\xff\xe0 picture"[..], b"Cr24\x03\0\0\0", b"PK00", &noise] {
        assert_eq!(records_of("x.zip", &zip_behind(before, &members)), want);
        assert_eq!(records_of("x.zip", &[before, &zip(&members)].concat()), want);
    }
    let outer = zip(&[deflated("in.bin", zip_behind(&noise, &members))]);
    assert_eq!(records_of("x.zip", &outer), want.map(|w| w.replace("!/", "!/in.bin!/")));
    let picture = zip_behind(bundle.as_bytes(), &members);
    assert_eq!(records_of("x.zip", &commented(picture.clone(), "a comment")), [want, OWN].concat());
    let der = [leaked_leaf().der.as_slice(), &zip(&members)].concat();
    assert_eq!(records_of("x.zip", &der), [want[0], want[1], "x.zip certificate"]);
    // What only has the mark of one is none.
    assert_eq!(records_of("x.pem", &[bundle.as_bytes(), b"PK\x05\x06"].concat()).len(), 2);
    assert_eq!(records_of("x.pem", &[bundle.as_bytes(), b"PK\x05\x06", &[0xff; 18]].concat()).len(), 2);
}

/// What is too deep or too large to be opened is told.
#[test]
fn a_zip_behind_something_that_is_not_opened_is_told() {
    let members = [deflated("a.pem", bundle())];
    for before in [&b"#!/bin/sh\nexec unzip $0\n"[..], b"picture"] {
        let mut nested = zip_behind(before, &members);
        for _ in 0..8 {
            nested = zip(&[deflated("z", &nested)]);
        }
        let records = records_of("x.zip", &nested);
        assert!(records.len() == 1 && records[0].contains("z too-deep a zip lies at its end"), "{records:?}");
        let large = [before, &vec![b'\n'; 65 << 20], &zip(&members)].concat();
        let records = records_of("x.tar", &super::make::tar(&[super::make::file("z", &large)]));
        assert!(
            records.len() == 1 && records[0].starts_with("x.tar!/z too-large a zip lies at its end"),
            "{records:?}"
        );
    }
}
