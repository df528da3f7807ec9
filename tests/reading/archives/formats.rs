//! What each format can hold.

use std::io::Write as _;

use certrecall::read::Options;
use certrecall::time::Written;

use super::make::{
    CHANGED, deflated, entry, entry_with, file, gzip, gzip_named, stored, tar, zip, zip_behind,
};
use super::{bundle, read_with, records_of};
use crate::common::Folder;

#[test]
fn members_of_a_zip_are_files_of_their_own() {
    let bundle = bundle();
    let bytes = zip(&[
        stored("a/", ""),
        deflated("a/tls.pem", &bundle),
        stored("a/tls.pem", &bundle),
        stored("read me.txt", "hello"),
        stored("", &bundle),
    ]);
    let want = [
        "x.zip!/a/tls.pem private-key",
        "x.zip!/a/tls.pem certificate",
        // A name can be there twice.
        "x.zip!/a/tls.pem private-key",
        "x.zip!/a/tls.pem certificate",
        "x.zip!/read me.txt no-pki-content",
        "x.zip!/content private-key",
        "x.zip!/content certificate",
    ];
    assert_eq!(records_of("x.zip", &bytes), want);
    // Whatever it is called, and behind a program or a script that unpacks it.
    for before in [&b"#!/bin/sh\nexec unzip $0\n"[..], b"MZ\x90\0 and so on", b"\x7fELF\x02\x01\x01"] {
        assert_eq!(
            records_of("x.zip", &zip_behind(before, &[stored("a.pem", &bundle)])).len(),
            2,
            "{before:?}"
        );
    }
    let own = [b"#!/bin/sh\n", bundle.as_bytes()].concat();
    let want = ["x.run!/a.txt no-pki-content", "x.run private-key", "x.run certificate"];
    assert_eq!(records_of("x.run", &zip_behind(&own, &[stored("a.txt", "hello")])), want);
}

#[test]
fn zips_of_another_writer_are_read() {
    use zip::write::SimpleFileOptions;
    let bundle = bundle();
    for large in [false, true] {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().large_file(large);
        writer.add_directory("a", options).unwrap();
        writer.start_file("a/tls.pem", options.compression_method(zip::CompressionMethod::Deflated)).unwrap();
        writer.write_all(bundle.as_bytes()).unwrap();
        writer.start_file("b.pem", options.compression_method(zip::CompressionMethod::Stored)).unwrap();
        writer.write_all(bundle.as_bytes()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(records_of("x.jar", &bytes).len(), 4);
    }
    // Into a pipe: sizes stand behind each member.
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    writer
        .start_file(
            "a.pem",
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated),
        )
        .unwrap();
    writer.write_all(bundle.as_bytes()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(records_of("x.zip", &bytes), ["x.zip!/a.pem private-key", "x.zip!/a.pem certificate"]);
}

#[test]
fn tars_of_another_writer_are_read() {
    let bundle = bundle();
    let long = format!("{}/{}/tls.pem", "a".repeat(99), "b".repeat(150));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bundle.len() as u64);
    header.set_mtime(1_425_445_568);
    for name in ["a/tls.pem", &long] {
        builder.append_data(&mut header, name, bundle.as_bytes()).unwrap();
    }
    let bytes = builder.into_inner().unwrap();
    let want: Vec<String> = ["a/tls.pem", &long]
        .iter()
        .flat_map(|name| ["private-key", "certificate"].map(|kind| format!("x.tar!/{name} {kind}")))
        .collect();
    assert_eq!(records_of("x.tar", &bytes), want);
}

#[test]
fn every_kind_of_tar_member_has_its_record() {
    let bundle = bundle();
    let pax = |text: &str| entry(b'x', b"pax", text.len() as u64, text.as_bytes());
    let long = "l".repeat(300);
    let bytes = tar(&[
        file("./a.pem", &bundle),
        entry(b'5', b"folder/", 0, b""),
        entry_with(b'2', b"link", 0, b"", |h| h[157..162].copy_from_slice(b"a.pem")),
        entry_with(b'1', b"hard", 0, b"", |h| h[157..166].copy_from_slice(b"\x1b[31m.pem")),
        entry(b'3', b"tty", 0, b""),
        entry(b'6', b"pipe", 0, b""),
        entry(b'L', b"././@LongLink", 301, format!("{long}\0").as_bytes()),
        file("cut.pem", &bundle),
        pax("19 path=\u{fc}/tls.pem\n"),
        file("short.pem", &bundle),
        entry_with(b'0', b"tls.pem", bundle.len() as u64, bundle.as_bytes(), |h| {
            h[345..353].copy_from_slice(b"far/away")
        }),
        entry(b'Q', b"odd kind", bundle.len() as u64, bundle.as_bytes()),
        entry(b'V', b"label of a volume", 0, b""),
    ]);
    let want: Vec<String> = [
        "x.tar!/a.pem private-key",
        "x.tar!/a.pem certificate",
        "x.tar!/link link-in-archive a link to a.pem",
        "x.tar!/hard special-file a hard link to \\1B[31m.pem, which is not before it in the archive",
        "x.tar!/tty special-file a device",
        "x.tar!/pipe special-file a FIFO",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(
        [&long, "\u{fc}/tls.pem", "far/away/tls.pem", "odd kind"]
            .iter()
            .flat_map(|n| ["private-key", "certificate"].map(|k| format!("x.tar!/{n} {k}"))),
    )
    .collect();
    assert_eq!(records_of("x.tar", &bytes), want);
}

/// Links, devices, folders and FIFOs have no content, whatever size they say; hard links have it if no header
/// follows.
#[test]
fn nothing_is_passed_over_behind_members_without_content() {
    let bundle = bundle();
    let want = ["private-key", "certificate"].map(|kind| format!("x.tar!/behind.pem {kind}"));
    for kind in b'1'..=b'6' {
        for size in [1, 4096, bundle.len() as u64, (1 << 33) - 1] {
            let bytes = tar(&[entry(kind, b"before/", size, b""), file("behind.pem", &bundle)]);
            let records = records_of("x.tar", &bytes);
            assert!(records.ends_with(&want), "{} with {size}: {records:?}", kind as char);
            assert_eq!(records.len(), if kind == b'5' { 2 } else { 3 }, "{records:?}");
            // At the end.
            assert!(
                !records_of("x.tar", &tar(&[entry(kind, b"before/", size, b"")]))
                    .iter()
                    .any(|r| r.contains("bad-object"))
            );
        }
    }
    let full = entry(b'1', b"full.pem", bundle.len() as u64, bundle.as_bytes());
    let records = records_of("x.tar", &tar(&[full, file("behind.pem", &bundle)]));
    assert_eq!(records[..2], ["private-key", "certificate"].map(|kind| format!("x.tar!/full.pem {kind}")));
    assert_eq!(records[2..], want);
}

/// Names fill their field up to its end; and what no other program looks at is looked at.
#[test]
fn names_of_a_hundred_bytes_and_content_of_folders_are_read() {
    let bundle = bundle();
    let long = "n".repeat(100);
    let old = entry_with(0, long.as_bytes(), bundle.len() as u64, bundle.as_bytes(), |h| h[257..265].fill(0));
    let names = entry(b'D', b"names/", bundle.len() as u64, bundle.as_bytes());
    let label = entry(b'V', b"label", bundle.len() as u64, bundle.as_bytes());
    let want: Vec<String> = [&long, "names/", "label"]
        .iter()
        .flat_map(|name| ["private-key", "certificate"].map(|kind| format!("x.tar!/{name} {kind}")))
        .collect();
    assert_eq!(records_of("x.tar", &tar(&[old, names, label])), want);
}

/// A sparse file in each of the formats: what is in it is where it was, and holes are zeros.
#[test]
fn sparse_files_are_whole_again() {
    let bundle = bundle();
    let (start, size) = (100_000, 200_000);
    let octal = |n: usize| format!("{n:011o}\0");
    let old = entry_with(b'S', b"sparse", bundle.len() as u64, bundle.as_bytes(), |h| {
        h[257..265].copy_from_slice(b"ustar  \0");
        h[386..398].copy_from_slice(octal(start).as_bytes());
        h[398..410].copy_from_slice(octal(bundle.len()).as_bytes());
        h[410..422].copy_from_slice(octal(size).as_bytes());
        h[483..495].copy_from_slice(octal(size).as_bytes());
    });
    let record = |text: &str| {
        let length = text.len() + 2;
        let length = if (length + 1).to_string().len() == length.to_string().len() {
            length.to_string().len()
        } else {
            length.to_string().len() + 1
        } + length;
        format!("{length} {text}\n")
    };
    let pax = |records: &[String]| {
        let text: String = records.iter().map(|r| record(r)).collect();
        entry(b'x', b"pax", text.len() as u64, text.as_bytes())
    };
    let map = [&b"1\n"[..], format!("{start}\n{}\n", bundle.len()).as_bytes()].concat();
    let map = [&map[..], &vec![0; 512 - map.len()]].concat();
    let one = [&map[..], bundle.as_bytes()].concat();
    let all = [
        vec![old],
        vec![
            pax(&[
                "GNU.sparse.major=1".into(),
                "GNU.sparse.minor=0".into(),
                "GNU.sparse.name=sparse".into(),
                format!("GNU.sparse.realsize={size}"),
            ]),
            entry(b'0', b"GNUSparseFile.0/sparse", one.len() as u64, &one),
        ],
        vec![
            pax(&[
                format!("GNU.sparse.size={size}"),
                "GNU.sparse.name=sparse".into(),
                format!("GNU.sparse.map={start},{}", bundle.len()),
            ]),
            file("GNUSparseFile.0/sparse", &bundle),
        ],
        vec![
            pax(&[
                format!("GNU.sparse.size={size}"),
                format!("GNU.sparse.offset={start}"),
                format!("GNU.sparse.numbytes={}", bundle.len()),
            ]),
            file("sparse", &bundle),
        ],
    ];
    for (i, entries) in all.into_iter().enumerate() {
        let folder = Folder::new();
        folder.write("x.tar", tar(&[entries, vec![file("after.pem", &bundle)]].concat()));
        let options = Options { hash_files: true, ..Options::default() };
        let (found, _) = read_with(&folder.at("x.tar"), &options);
        assert_eq!(
            found.iter().map(|f| f.place.shown().into_owned()).collect::<Vec<_>>(),
            ["x.tar!/sparse", "x.tar!/after.pem"],
            "format {i}"
        );
        let offsets: Vec<u64> = found[0].items.iter().map(|item| item.offset).collect();
        assert_eq!(
            offsets,
            [start as u64, (start + bundle.find("-----BEGIN CERTIFICATE").unwrap()) as u64],
            "format {i}"
        );
        let mut file = vec![0; size];
        file[start..start + bundle.len()].copy_from_slice(bundle.as_bytes());
        assert_eq!(found[0].file_hash, Some(certrecall::id::Fingerprint::of(&file)), "format {i}");
    }
}

#[test]
fn a_gzip_is_one_file_and_a_tar_in_it_adds_no_step() {
    let bundle = bundle();
    let of =
        |name: &str, way: &str| [format!("{name}!/{way} private-key"), format!("{name}!/{way} certificate")];
    assert_eq!(records_of("both.pem.gz", &gzip(bundle.as_bytes())), of("both.pem.gz", "both.pem"));
    assert_eq!(records_of("both", &gzip(bundle.as_bytes())), of("both", "content"));
    assert_eq!(
        records_of("x.gz", &gzip_named(bundle.as_bytes(), "inner name.pem", 7)),
        of("x.gz", "inner name.pem")
    );
    let inside = tar(&[file("acme/tls.pem", &bundle)]);
    for name in ["backup.tar.gz", "backup.TGZ", "backup"] {
        assert_eq!(records_of(name, &gzip(&inside)), of(name, "acme/tls.pem"));
    }
    // Several streams one behind another are one file, wherever they are divided.
    let cut = bundle.len() / 2;
    let parts =
        [gzip(&bundle.as_bytes()[..cut]), gzip(b""), gzip(&bundle.as_bytes()[cut..]), vec![0; 100]].concat();
    assert_eq!(records_of("both.pem.gz", &parts), of("both.pem.gz", "both.pem"));
    let parts = [gzip(&inside[..700]), gzip(&inside[700..])].concat();
    assert_eq!(records_of("x.tgz", &parts), of("x.tgz", "acme/tls.pem"));
    assert_eq!(records_of("empty.gz", &gzip(b"")), ["empty.gz!/empty no-pki-content"]);
}

#[test]
fn archives_in_archives_are_read_up_to_a_depth() {
    let bundle = bundle();
    let inner = zip(&[deflated("a.pem", &bundle)]);
    let outer = tar(&[
        file("inner.zip", &inner),
        file("x.tar.gz", gzip(&tar(&[file("b.pem", &bundle)]))),
        file("c.pem.gz", gzip(bundle.as_bytes())),
    ]);
    let want: Vec<String> = ["inner.zip!/a.pem", "x.tar.gz!/b.pem", "c.pem.gz!/c.pem"]
        .iter()
        .flat_map(|way| [format!("x.tar.gz!/{way} private-key"), format!("x.tar.gz!/{way} certificate")])
        .collect();
    assert_eq!(records_of("x.tar.gz", &gzip(&outer)), want);
    let mut nested = zip(&[stored("a.pem", &bundle)]);
    for _ in 1..8 {
        nested = zip(&[deflated("z", &nested)]);
    }
    assert_eq!(
        records_of("x.zip", &nested),
        ["private-key", "certificate"].map(|kind| format!("x.zip!/{}a.pem {kind}", "z!/".repeat(7)))
    );
    let deeper = records_of("x.zip", &zip(&[stored("z", &nested)]));
    assert_eq!(deeper.len(), 1);
    assert!(deeper[0].starts_with(&format!("x.zip!/{}z too-deep", "z!/".repeat(7))), "{deeper:?}");
}

/// Times with a zone are exact; those without can be anywhere.
#[test]
fn the_time_of_a_member_is_the_latest_it_can_mean() {
    let utc = |text: &str| Written::parse(text).unwrap().as_utc();
    let exact = utc(CHANGED);
    let unix = [&[0x55, 0x54, 5, 0, 1][..], &(exact.unix() as u32).to_le_bytes()].concat();
    // NTFS: hundreds of nanoseconds since 1601.
    let ticks = (exact.unix() + 11_644_473_600) * 10_000_000;
    let ntfs = [&[0x0a, 0, 32, 0, 0, 0, 0, 0, 1, 0, 24, 0][..], &ticks.to_le_bytes(), &[0; 16]].concat();
    // 2015-03-04 05:06:08.
    let dos = |member: super::make::Zipped| super::make::Zipped {
        date: (2015 - 1980) << 9 | 3 << 5 | 4,
        time: 5 << 11 | 6 << 5 | 4,
        ..member
    };
    let pax = entry(b'x', b"pax", 30, b"30 mtime=1425445568.023960108\n");
    let archives = [
        zip(&[
            dos(stored("dos.txt", "x")),
            super::make::Zipped { extra: unix, ..dos(stored("unix.txt", "x")) },
            super::make::Zipped { extra: ntfs, ..stored("ntfs.txt", "x") },
        ]),
        zip(&[super::make::Zipped { date: 0, ..stored("never.txt", "x") }]),
        tar(&[file("ustar.txt", "x"), pax, file("pax.txt", "x")]),
        gzip_named(b"x", "gzip.txt", exact.unix() as u32),
        gzip_named(b"x", "gzip.txt", 0),
    ];
    let folder = Folder::new();
    for (i, bytes) in archives.iter().enumerate() {
        folder.write(format!("{i}"), bytes);
    }
    let (found, _) = read_with(&folder.at(""), &Options::default());
    let times: Vec<_> = found.iter().map(|f| f.member_time).collect();
    let local = Some(utc("2015-03-04T17:06:10Z"));
    // What stands for no time is the first one there is.
    let never = Some(utc("1980-01-01T12:00:02Z"));
    assert_eq!(
        times,
        [local, Some(exact), Some(exact), never, Some(exact), Some(exact.plus(1)), Some(exact), None]
    );
    // A member was changed when its archive was.
    assert!(found.iter().all(|f| f.modified == Some(utc(crate::common::LATE))));
}

#[test]
fn names_are_names_and_lead_nowhere() {
    let long = vec![b'n'; 70_000];
    let names: [&[u8]; 7] = [
        b"../../etc/a.pem",
        b"/etc/a.pem",
        b"new\nline\x1b[31m",
        b"caf\xe9.pem",
        b"C:\\keys\\a.pem",
        b"./",
        b"a!/b",
    ];
    let mut members: Vec<_> = names.iter().map(|name| stored(name, "x")).collect();
    members[4].made_on = 0;
    members.push(stored(&long[..60_000], "x"));
    let want = [
        "../../etc/a.pem",
        "/etc/a.pem",
        "new\nline\x1b[31m",
        "caf\\xe9.pem",
        "C:/keys/a.pem",
        "content",
        "a!/b",
    ];
    let mut want: Vec<String> = want.iter().map(|name| format!("x.zip!/{name} no-pki-content")).collect();
    want.push(format!("x.zip!/{}... no-pki-content", "n".repeat(4096)));
    assert_eq!(records_of("x.zip", &zip(&members)), want);
    let entries =
        [entry(b'L', b"long", long.len() as u64, &long), file("short", "x"), file("../up.pem", "x")];
    let want = [
        format!("x.tar!/{}... no-pki-content", "n".repeat(4096)),
        "x.tar!/../up.pem no-pki-content".to_owned(),
    ];
    assert_eq!(records_of("x.tar", &tar(&entries)), want);
}
