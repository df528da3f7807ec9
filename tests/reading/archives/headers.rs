//! What is in a tar beside its members: extended headers, maps of sparse files, what fills the last block of
//! a member.

use super::make::{entry, file, tar};
use super::records_of;
use crate::common::pki::{Key, leaked_leaf};

/// A record of an extended header (POSIX.1-2017 `pax`): its length counts itself.
fn record(keyword: &str, value: &[u8]) -> Vec<u8> {
    let rest = [format!(" {keyword}=").as_bytes(), value, b"\n"].concat();
    let length = (1..8)
        .map(|digits| rest.len() + digits)
        .find(|length| length.to_string().len() + rest.len() == *length)
        .unwrap();
    [length.to_string().as_bytes(), &rest].concat()
}

fn extended(kind: u8, content: &[u8]) -> Vec<u8> {
    entry(kind, b"PaxHeaders/x", content.len() as u64, content)
}

const PLAIN: &str = "x.tar!/a no-pki-content";

#[test]
fn objects_in_extended_headers_are_found_once() {
    let pem = leaked_leaf().pem();
    for (kind, content) in [
        (b'x', record("comment", pem.as_bytes())),
        (b'X', record("comment", pem.as_bytes())),
        (b'g', record("comment", pem.as_bytes())),
        (b'x', record("SCHILY.xattr.user.note", format!("see\n{pem}").as_bytes())),
        (
            b'x',
            [record("mtime", b"1425445568"), record("VENDOR.x", pem.as_bytes()), record("uid", b"0")]
                .concat(),
        ),
        (b'x', record("linkpath", pem.as_bytes())),
        (b'K', [pem.as_bytes(), b"\0"].concat()),
    ] {
        let records = records_of("x.tar", &tar(&[extended(kind, &content), file("a", "hello")]));
        assert_eq!(records, [PLAIN, "x.tar certificate"], "{}", char::from(kind));
    }
    // Of a value that names the member too, once.
    for (kind, content) in [
        (b'L', [pem.as_bytes(), b"\0"].concat()),
        (b'x', record("path", pem.as_bytes())),
        (b'x', record("GNU.sparse.name", pem.as_bytes())),
    ] {
        let records = records_of("x.tar", &tar(&[extended(kind, &content), file("a", "hello")]));
        assert_eq!((records.len(), &*records[1]), (2, "x.tar certificate"), "{records:?}");
    }
    // What real archives have says nothing.
    let usual = [
        record("mtime", b"1425445568.5"),
        record("LIBARCHIVE.creationtime", b"1425445568"),
        record("path", &[b'p'; 300]),
    ]
    .concat();
    assert_eq!(records_of("x.tar", &tar(&[extended(b'x', &usual), file("a", "hello")])).len(), 1);
}

#[test]
fn an_extended_header_that_is_damaged_or_too_long_is_recorded() {
    let pem = leaked_leaf().pem();
    let damaged =
        "x.tar bad-object an extended header of the tar is damaged behind byte 512; it was looked at as text";
    for (kind, content) in [
        (b'x', pem.clone().into_bytes()),
        (b'g', [&record("path", b"b")[..], b"99999 comment=", pem.as_bytes()].concat()),
        (b'x', [&record("mtime", b"1425445568")[..], b"\0", pem.as_bytes()].concat()),
        (b'L', [b"name\0", pem.as_bytes()].concat()),
        (b'K', [b"\0", pem.as_bytes()].concat()),
    ] {
        let records = records_of("x.tar", &tar(&[extended(kind, &content), file("a", "hello")]));
        assert_eq!(records[1..], [damaged, "x.tar certificate"], "{}", char::from(kind));
    }
    let long = record("comment", &[pem.as_bytes(), &[b'x'; 1 << 20]].concat());
    let records = records_of("x.tar", &tar(&[extended(b'x', &long), file("a", "hello")]));
    let told = format!(
        "x.tar too-large an extended header of the tar has {} bytes, of which 1048576 were looked at",
        long.len()
    );
    assert!(
        records.contains(&told)
            && records.contains(&"x.tar certificate".to_owned())
            && records.contains(&PLAIN.to_owned()),
        "{records:?}"
    );
}

/// GNU tar's format 1.0 has the map of a sparse file in front of its content; where there is none, all of it
/// is content.
#[test]
fn a_sparse_file_without_a_map_is_read_as_it_is_stored() {
    let pem = leaked_leaf().pem();
    let major = [
        record("GNU.sparse.major", b"1"),
        record("GNU.sparse.minor", b"0"),
        record("GNU.sparse.realsize", b"100000"),
    ]
    .concat();
    let told = "x.tar!/a bad-object the map of the sparse file is missing or damaged: its content was read as it is stored";
    let filled = |text: &str| {
        let mut block = text.as_bytes().to_vec();
        block.resize(512, 0);
        [block, pem.clone().into_bytes()].concat()
    };
    for kind in [b'x', b'g'] {
        for content in [
            pem.clone().into_bytes(),
            format!("0\n{pem}").into_bytes(),
            format!("1\n0\n{}\n{pem}", pem.len()).into_bytes(),
            format!("99999999999\n{pem}").into_bytes(),
            format!("-1\n{pem}").into_bytes(),
            format!("2\n0\n{pem}").into_bytes(),
            filled("1\n0\n7\n"),
            filled("2\n0\n600\n100\n700\n"),
        ] {
            let records = records_of("x.tar", &tar(&[extended(kind, &major), file("a", &content)]));
            assert_eq!(
                records,
                ["x.tar!/a certificate", told],
                "{:?}",
                String::from_utf8_lossy(&content[..40])
            );
        }
        let whole = filled(&format!("1\n90000\n{}\n", pem.len()));
        assert_eq!(
            records_of("x.tar", &tar(&[extended(kind, &major), file("a", &whole)])),
            ["x.tar!/a certificate"]
        );
        let empty = records_of("x.tar", &tar(&[extended(kind, &major), file("a", "")]));
        assert!(empty.contains(&told.to_owned()), "{empty:?}");
    }
    // Format 0.1 with a map that does not fit what is stored.
    let map = [record("GNU.sparse.map", b"0,10,50,10"), record("GNU.sparse.size", b"100")].concat();
    assert_eq!(
        records_of("x.tar", &tar(&[extended(b'x', &map), file("a", &pem)])),
        ["x.tar!/a certificate", told]
    );
}

#[test]
fn what_fills_a_block_is_looked_at() {
    let public = Key::new().public();
    let fill = |mut entry: Vec<u8>, at: usize| {
        entry[at..at + public.len()].copy_from_slice(public.as_bytes());
        entry
    };
    for entries in [
        [fill(file("a", "hello"), 512 + 100), file("b", "hello")],
        [fill(extended(b'x', &record("mtime", b"1425445568")), 512 + 200), file("a", "hello")],
        [fill(extended(b'L', b"a\0"), 512 + 7), file("b", "hello")],
    ] {
        let records = records_of("x.tar", &tar(&entries));
        assert_eq!(records.iter().filter(|record| *record == "x.tar public-key").count(), 1, "{records:?}");
    }
    // Rubbish there is usual in old archives.
    let mut rubbish = file("a", "hello");
    rubbish[512 + 5..].fill(0xa5);
    assert_eq!(records_of("x.tar", &tar(&[rubbish])), [PLAIN]);
}
