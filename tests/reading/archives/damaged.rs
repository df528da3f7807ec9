//! What is cut short, damaged, encrypted or says what is not so: what can be read is, and there is a record
//! that says what was not.

use certrecall::limits::Limits;
use certrecall::read::Options;

use super::make::{Zipped, deflated, entry, file, gzip, stored, tar, zip};
use super::{read_with, records_of, shown};
use crate::common::Folder;
use crate::common::pki::leaked_leaf;

fn pem() -> String {
    leaked_leaf().pem()
}

#[test]
fn a_damaged_member_of_a_zip_costs_itself_alone() {
    let pem = pem();
    let good = deflated("good.pem", &pem);
    let bad = |change: &dyn Fn(&mut Zipped)| {
        let mut member = Zipped { name: b"bad.pem".to_vec(), ..good.clone() };
        change(&mut member);
        let mut records = records_of("x.zip", &zip(&[member, good.clone()]));
        // Where nothing leads to it, that is told too.
        records.retain(|record| !record.contains("belong to no member"));
        assert_eq!(records.last().unwrap(), "x.zip!/good.pem certificate", "{records:?}");
        records[..records.len() - 1].join("|").replace("x.zip!/bad.pem ", "")
    };
    assert_eq!(
        bad(&|m| m.crc ^= 1),
        "certificate|bad-object its checksum does not fit: what was read of it is doubtful"
    );
    let size = pem.len();
    assert_eq!(
        bad(&|m| m.size += 1),
        format!("certificate|bad-object {size} bytes are there, and the zip says {}", size + 1)
    );
    assert_eq!(
        bad(&|m| m.size = 3),
        format!("certificate|bad-object {size} bytes are there, and the zip says 3")
    );
    assert_eq!(
        bad(&|m| m.size = u32::MAX - 1),
        format!("certificate|bad-object {size} bytes are there, and the zip says {}", u32::MAX - 1)
    );
    let cut = bad(&|m| m.bytes.truncate(m.bytes.len() / 2));
    assert!(
        cut.contains("bad-object cut short: ") && cut.contains(&format!(" of {size} bytes are there")),
        "{cut}"
    );
    // A kind of block that there is none of (RFC 1951 section 3.2.3).
    assert_eq!(bad(&|m| m.bytes = vec![0xff; 300]), format!("bad-object damaged behind 0 of {size} bytes"));
    assert_eq!(bad(&|m| m.flags |= 1), "locked passphrase-needed");
    assert_eq!(bad(&|m| m.method = 99), "locked passphrase-needed");
    assert_eq!(bad(&|m| m.method = 12), "format-not-read zip, compressed by method 12 (BZIP2)");
    assert_eq!(bad(&|m| m.method = 4711), "format-not-read zip, compressed by method 4711 (UNKNOWN)");
    let nowhere = bad(&|m| m.offset = Some(0x7fff_ffff));
    assert!(nowhere.starts_with("bad-object the zip has no member where it says"), "{nowhere}");
    assert_eq!(bad(&|m| m.offset = Some(0)), "certificate");
}

#[test]
fn a_zip_that_is_none_is_told_like_before() {
    let pem = pem();
    let whole = zip(&[stored("a.pem", &pem), stored("b.pem", &pem)]);
    assert_eq!(records_of("x.zip", b"PK\x03\x04"), ["x.zip format-not-read zip"]);
    assert_eq!(records_of("x.zip", &whole[..whole.len() - 30]), ["x.zip format-not-read zip"]);
    assert_eq!(records_of("x.zip", &zip(&[])), ["x.zip no-pki-content zip without members"]);
    assert_eq!(
        records_of("x.zip", &zip(&[stored("only a folder/", "")])),
        ["x.zip no-pki-content zip without members"]
    );
    // A directory that ends before its end, or claims more.
    let directory = whole.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut cut = whole.clone();
    cut[directory + 46 + 5 + 2] = b'?';
    let records = records_of("x.zip", &cut);
    assert_eq!(records[0], "x.zip!/a.pem certificate");
    assert!(
        records[1].starts_with("x.zip bad-object the directory of the zip is damaged behind 1 members"),
        "{records:?}"
    );
    let mut more = whole.clone();
    let end = more.len();
    more[end - 14..end - 10].copy_from_slice(&[0xff, 0xfe, 0xff, 0xfe]);
    assert_eq!(
        records_of("x.zip", &more),
        [
            "x.zip!/a.pem certificate",
            "x.zip!/b.pem certificate",
            "x.zip bad-object the zip says it has 65279 members, and 2 are there"
        ]
    );
    // Text that begins alike.
    assert_eq!(records_of("x.sh", format!("#!/bin/sh\n{pem}").as_bytes()), ["x.sh certificate"]);
}

/// Wherever it is cut: what was before is found, and something says that it was cut.
#[test]
fn a_tar_that_is_cut_short_is_told_and_read() {
    let pem = pem();
    let whole = tar(&[file("a.pem", &pem), file("b.pem", &pem), file("c.pem", &pem)]);
    let step = whole.len().min(97);
    for end in (512..whole.len() - 1024).step_by(step) {
        let records = records_of("x.tar", &whole[..end]);
        let certificates = records.iter().filter(|r| r.ends_with(" certificate")).count();
        let block = 512 + pem.len().next_multiple_of(512);
        let complete = (0..3).filter(|i| i * block + 512 + pem.len() <= end).count();
        assert!((complete..=complete + 1).contains(&certificates), "cut at {end}: {records:?}");
        assert!(records.iter().any(|r| r.contains(" bad-object ")), "cut at {end}: {records:?}");
    }
}

#[test]
fn what_lies_behind_damage_in_a_tar_is_looked_at_as_text() {
    let pem = pem();
    let mut bytes = tar(&[file("a.pem", &pem), file("b.pem", &pem), file("c.pem", &pem)]);
    let second = 512 + pem.len().next_multiple_of(512);
    bytes[second + 5] ^= 0x20;
    let told = format!(
        "x.tar bad-object the tar is damaged at byte {second}; what lies behind it was looked at as text"
    );
    let want = ["x.tar!/a.pem certificate", &told, "x.tar certificate", "x.tar certificate"];
    assert_eq!(records_of("x.tar", &bytes), want);
    // One whose first header is damaged is no tar; text in it is found as ever.
    bytes[5] ^= 0x20;
    let want = ["x.tar format-not-read tar", "x.tar certificate", "x.tar certificate", "x.tar certificate"];
    assert_eq!(records_of("x.tar", &bytes), want);
    // Several tars one behind another, and something else behind the end.
    let two = [tar(&[file("a.pem", &pem)]), tar(&[file("b.pem", &pem)]), pem.clone().into_bytes()].concat();
    assert_eq!(
        records_of("x.tar", &two),
        ["x.tar!/a.pem certificate", "x.tar!/b.pem certificate", "x.tar certificate"]
    );
    let folders = tar(&[entry(b'5', b"only a folder/", 0, b"")]);
    assert_eq!(records_of("x.tar", &folders), ["x.tar no-pki-content tar without members"]);
    let lying = [entry(b'0', b"a.pem", (1 << 33) - 1, pem.as_bytes())].concat();
    assert_eq!(records_of("x.tar", &lying)[0], "x.tar!/a.pem certificate");
}

#[test]
fn a_gzip_that_ends_early_gives_what_is_there() {
    let pem = pem();
    let noise: Vec<u8> = (0..50_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let content = [pem.as_bytes(), &noise].concat();
    let whole = gzip(&content);
    for cut in [whole.len() / 2, whole.len() - 9, whole.len() - 4, whole.len() - 1] {
        let records = records_of("x.pem.gz", &whole[..cut]);
        assert_eq!(records[0], "x.pem.gz!/x.pem certificate");
        assert!(
            records[1].starts_with("x.pem.gz!/x.pem bad-object the gzip is cut short behind "),
            "{records:?}"
        );
    }
    let mut wrong = whole.clone();
    let end = wrong.len();
    wrong[end - 6] ^= 1;
    assert!(records_of("x.pem.gz", &wrong)[1].contains("bad-object the checksum of the gzip does not fit"));
    let mut damaged = whole.clone();
    damaged[end / 2..end / 2 + 100].fill(0xff);
    assert!(records_of("x.pem.gz", &damaged)[1].starts_with("x.pem.gz!/x.pem bad-object the "));
    let tarred = gzip(&tar(&[file("a.pem", &pem), file("noise", &noise)]));
    let records = records_of("x.tgz", &tarred[..tarred.len() / 2]);
    assert_eq!(records[0], "x.tgz!/a.pem certificate");
    assert!(records.iter().any(|r| r.starts_with("x.tgz bad-object the gzip is cut short")), "{records:?}");
    // Nothing comes out of it: it is told like before.
    assert_eq!(
        records_of("x.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff"),
        ["x.gz format-not-read gzip"]
    );
    assert_eq!(records_of("x.gz", b"\x1f\x8b\x08"), ["x.gz format-not-read gzip"]);
    // What lies behind it is no part of it, and is looked at all the same.
    let behind = [gzip(b"hello"), pem.into_bytes()].concat();
    assert_eq!(records_of("x.txt.gz", &behind), ["x.txt.gz!/x.txt no-pki-content", "x.txt.gz certificate"]);
}

/// The limit of records that are no objects holds for the archive, not for each member; and each member keeps
/// one.
#[test]
fn members_of_one_archive_share_the_limit_of_broken_places() {
    let lines = "-----BEGIN X509 CRL-----\n".repeat(10);
    let mut members: Vec<_> = (0..5).map(|i| deflated(format!("{i}"), &lines)).collect();
    members.push(deflated("last.pem", pem()));
    members.push(stored("x.bz2", b"BZh91AY&SY"));
    let mut wrong = deflated("wrong", &lines);
    wrong.crc ^= 1;
    members.push(wrong);
    let folder = Folder::new();
    folder.write("x.zip", zip(&[stored("inner.zip", zip(&members))]));
    for threads in [1, 3] {
        let limits = Limits { broken: 22, ..Limits::default() };
        let (found, _) = read_with(&folder.at(""), &Options { limits, threads, ..Options::default() });
        let records = shown(&found);
        let of = |member: &str| {
            let way = format!("x.zip!/inner.zip!/{member} ");
            records
                .iter()
                .filter_map(|record| record.strip_prefix(&way))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let told = |count: u32, most: u32| {
            format!(
                "too-large {count} more places without an object behind the first {most}; --max-broken raises the limit"
            )
        };
        assert_eq!(
            ["0", "1", "2", "3", "4"].map(|member| of(member).len()),
            [10, 10, 5, 2, 2],
            "{records:?}"
        );
        assert_eq!((&of("2")[4], &of("3")[1]), (&told(6, 4), &told(9, 1)));
        assert_eq!(of("last.pem"), ["certificate"]);
        assert_eq!(of("x.bz2"), ["format-not-read bzip2"]);
        assert_eq!((of("wrong").len(), &of("wrong")[1]), (3, &told(9, 1)));
        assert!(of("wrong")[2].starts_with("bad-object its checksum"), "{records:?}");
    }
}

/// What stands before zips within the archive counts like members.
#[test]
fn programs_before_zips_share_the_limit_too() {
    let script = |i: u32| {
        let content = [
            format!("#!/bin/sh\n{}", "-----BEGIN X509 CRL-----\n".repeat(10)).into_bytes(),
            zip(&[stored("x", "x")]),
        ]
        .concat();
        stored(format!("{i}.sh"), content)
    };
    let folder = Folder::new();
    folder.write("x.zip", zip(&(0..5).map(script).collect::<Vec<_>>()));
    let limits = Limits { broken: 22, ..Limits::default() };
    let (found, _) = read_with(&folder.at(""), &Options { limits, ..Options::default() });
    let records = shown(&found);
    let of = |i: u32| {
        records.iter().filter(|record| record.starts_with(&format!("x.zip!/{i}.sh missing-end"))).count()
    };
    assert_eq!([0, 1, 2, 3, 4].map(of), [10, 10, 4, 1, 1], "{records:#?}");
}

/// Bytes behind a gzip that are nothing known may hide another stream.
#[test]
fn what_is_behind_a_gzip_and_nothing_known_is_told() {
    let told = "x.txt.gz bad-object what lies behind the gzip stream is none, and no text with objects; another program may read more of it";
    let mut reserved = gzip(pem().as_bytes());
    reserved[3] |= 0x80;
    for behind in [[b"JUNK".to_vec(), gzip(pem().as_bytes())].concat(), reserved] {
        assert_eq!(
            records_of("x.txt.gz", &[gzip(b"hello"), behind].concat()),
            ["x.txt.gz!/x.txt no-pki-content", told]
        );
    }
    assert_eq!(records_of("x.txt.gz", &[gzip(b"hello"), vec![0; 5000]].concat()).len(), 1);
}

/// Whatever single bit of an archive is wrong: nothing panics, and there is a record.
#[test]
fn no_wrong_bit_does_harm() {
    let pem = pem();
    let zipped = zip(&[
        deflated("a.pem", &pem),
        stored("b.txt", "hello"),
        deflated("c.zip", zip(&[stored("d.pem", &pem)])),
    ]);
    let tarred = tar(&[
        file("a.pem", &pem),
        entry(b'x', b"pax", 20, b"12 path=x/y\n8 ab=c\n"),
        file("b", "hello"),
        file("c.gz", gzip(pem.as_bytes())),
    ]);
    for whole in [&zipped, &tarred, &gzip(&tarred)] {
        let mut bytes = whole.clone();
        for at in 0..bytes.len() {
            let bit = [1, 0x10, 0x80][at % 3];
            bytes[at] ^= bit;
            assert!(!certrecall::read::read_bytes(&bytes).is_empty());
            bytes[at] ^= bit;
        }
        for end in (0..whole.len()).step_by(3) {
            assert!(!certrecall::read::read_bytes(&whole[..end]).is_empty());
        }
    }
}
