//! Archives that are made to cost much: whatever comes out of them is bounded, and what was left out is told.

use std::io::Write as _;

use crate::common::Folder;
use crate::common::pki::leaked_leaf;
use crate::{Bounds, SMALL, kinds, scan, scan_one};

fn compress(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..times).for_each(|_| out.write_all(bytes).unwrap());
    out.finish().unwrap()
}

/// A zip of these names and compressed contents; all of them lie at the first one if `overlap`.
fn zip(members: usize, content: &[u8], size: u32, crc: u32, overlap: bool) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for i in 0..members {
        let name = format!("{i:06}");
        let at = if overlap { 0 } else { out.len() as u32 };
        let mut common = [20u16, 0, 8, 0, 0x21].map(u16::to_le_bytes).concat();
        common.extend([crc, content.len() as u32, size].map(u32::to_le_bytes).concat());
        common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        if !overlap || i == 0 {
            out.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat());
        }
        directory.extend(
            [&b"PK\x01\x02\x14\x03"[..], &common, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let end = [
        &[members as u16; 2].map(u16::to_le_bytes).concat()[..],
        &(directory.len() as u32).to_le_bytes(),
        &(out.len() as u32).to_le_bytes(),
    ]
    .concat();
    [&out[..], &directory, b"PK\x05\x06\0\0\0\0", &end, &[0, 0]].concat()
}

/// The DEFLATE in a gzip without a name, and the checksum of what it holds.
fn deflated(bytes: &[u8], times: usize) -> (Vec<u8>, u32) {
    let gzip = compress(bytes, times);
    let crc = gzip[gzip.len() - 8..gzip.len() - 4].try_into().map(u32::from_le_bytes).unwrap();
    (gzip[10..gzip.len() - 8].to_vec(), crc)
}

fn is_too_large(records: &[serde_json::Value]) -> bool {
    records.last().is_some_and(|last| {
        last["reason"] == "too-large"
            && last["member"].is_null()
            && last["detail"].as_str().unwrap().contains("bytes come out of")
    })
}

#[test]
fn what_comes_out_of_a_gzip_is_bounded() {
    let zeros = vec![0; 1 << 20];
    let part = compress(&zeros, 64);
    let (status, records) = scan_one("zeros.gz", part.repeat(8));
    assert_eq!(status, 3);
    assert!(is_too_large(&records), "{records:?}");
    // A key before them is found all the same.
    let leaf = leaked_leaf();
    let (_, records) =
        scan_one("zeros.gz", [compress(leaf.key.pem().as_bytes(), 1), part.repeat(8)].concat());
    assert_eq!(records[0]["kind"], "private-key");
    assert!(is_too_large(&records), "{records:?}");
    // Twice as many zeros as a small file may have are no attack where they are not many.
    let (status, records) = scan_one("few.gz", compress(&zeros, 3));
    assert_eq!((status, kinds(&records)), (0, vec![("skipped", "no-pki-content")]));
}

#[test]
fn members_that_lie_over_one_another_are_bounded() {
    let (content, crc) = deflated(&vec![0; 1 << 20], 2);
    let (status, records) = scan_one("overlap.zip", zip(3_000, &content, 2 << 20, crc, true));
    assert_eq!(status, 3);
    assert!(is_too_large(&records) && records.len() > 100, "{}", records.len());
}

/// Zips in zips in zips: each level multiplies by 16.
#[test]
fn bombs_in_bombs_are_bounded() {
    let (content, crc) = deflated(&vec![0; 1 << 20], 1);
    let mut bomb = zip(16, &content, 1 << 20, crc, false);
    for _ in 0..4 {
        let (content, crc) = deflated(&bomb, 1);
        bomb = zip(16, &content, bomb.len() as u32, crc, false);
    }
    let (status, records) = scan_one("42.zip", bomb);
    assert_eq!(status, 3);
    assert!(is_too_large(&records), "{:?}", records.last());
}

/// A zip within a zip is held in memory, but not whatever it takes.
#[test]
fn a_large_zip_within_an_archive_is_not_held() {
    let folder = Folder::new();
    let inner = [&zip(1, b"\x03\0", 0, 0, false)[..], &vec![7; 300 << 20]].concat();
    let mut header = vec![0; 512];
    header[..5].copy_from_slice(b"a.zip");
    header[124..135].copy_from_slice(format!("{:011o}", inner.len()).as_bytes());
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    folder.write("x.tar", [&header[..], &inner, &vec![0; 1024 + 512 - inner.len() % 512]].concat());
    let (status, records) = scan(Bounds { memory: 1200, seconds: 120 }, &[folder.at("x.tar")]);
    assert_eq!((status, kinds(&records)), (3, vec![("skipped", "too-large")]));
    assert_eq!(records[0]["member"], "a.zip");
}

/// What sizes and counts say is believed by nobody: no memory is taken for them.
#[test]
fn numbers_that_are_not_so_cost_nothing() {
    let record = |version: u64, entries: u64, size: u64, offset: u64| {
        let mut out = b"PK\x06\x06".to_vec();
        out.extend(44u64.to_le_bytes());
        out.extend([45u16, 45].map(u16::to_le_bytes).concat());
        out.extend([0u32, 0].map(u32::to_le_bytes).concat());
        out.extend([entries, entries, size, offset].map(u64::to_le_bytes).concat());
        out.extend([&b"PK\x06\x07\0\0\0\0"[..], &version.to_le_bytes(), &1u32.to_le_bytes()].concat());
        out.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0, 0]].concat());
        out
    };
    for (entries, size, offset) in [
        (1 << 32, 1 << 40, 4),
        (u64::MAX, u64::MAX, u64::MAX),
        (1 << 32, 0, 0),
        (1, 46, 4),
        (1 << 62, u64::MAX - 100, 200),
    ] {
        let bytes = [&b"PK\x03\x04"[..], &record(4, entries, size, offset)].concat();
        let (status, records) = scan_one("x.zip", bytes);
        // Either it is no zip, or one that has fewer members than it says, with bytes that belong to none.
        let told = [("skipped", "format-not-read"), ("unreadable", "bad-object")];
        assert!(
            status == 3 && records.len() <= 2 && kinds(&records).iter().all(|kind| told.contains(kind)),
            "{records:?}"
        );
    }
    let header = |kind: u8, name: &[u8], size: &[u8; 12]| {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name);
        header[124..136].copy_from_slice(size);
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar  \0");
        header
    };
    let summed = |mut header: Vec<u8>| {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        header
    };
    let huge = b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff";
    let pem = leaked_leaf().pem();
    for kind in [b'0', b'L', b'K', b'x', b'g', b'S', b'2', b'5', b'D', b'V'] {
        for size in [huge, b"77777777777\0", b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"] {
            let (_, records) =
                scan_one("x.tar", [summed(header(kind, b"a", size)), pem.clone().into_bytes()].concat());
            assert!(records.iter().any(|r| r["kind"] == "unreadable"), "{} {records:?}", kind as char);
        }
    }
    // A hole of eight exabytes; it is read without.
    let mut sparse = header(b'S', b"sparse", b"00000000000\0");
    sparse[386..410].copy_from_slice(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff00000000000\0");
    sparse[483..495].copy_from_slice(huge);
    let (status, records) = scan_one("x.tar", [summed(sparse), vec![0; 1024]].concat());
    assert_eq!((status, kinds(&records)), (0, vec![("skipped", "no-pki-content")]));
    let pax = "29 size=18446744073709551615\n";
    let entries = [
        summed(header(b'x', b"pax", b"00000000035\0")),
        [pax.as_bytes(), &[0; 483]].concat(),
        summed(header(b'0', b"a", b"00000000001\0")),
    ];
    let (status, records) = scan_one("x.tar", [entries.concat(), pem.into_bytes()].concat());
    assert_eq!((status, records[0]["kind"].as_str()), (3, Some("certificate")));
}

#[test]
#[ignore = "a million members: minutes without optimisation"]
fn the_number_of_members_is_bounded() {
    let (content, crc) = deflated(b"x", 1);
    let folder = Folder::new();
    let inner = zip(65_000, &content, 1, crc, false);
    let (content, crc) = deflated(&inner, 1);
    folder.write("x.zip", zip(20, &content, inner.len() as u32, crc, false));
    let (status, records) = scan(SMALL, &[folder.at("x.zip")]);
    assert_eq!(status, 3);
    assert!(
        records.len() > 999_000 && records.last().unwrap()["detail"].as_str().unwrap().contains("members"),
        "{:?}",
        records.last()
    );
}
