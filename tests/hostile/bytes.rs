//! Files that are large, endless, cut short, or change while they are read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::Folder;
use crate::common::pki::{Cert, bundle, content, elements, leaf, leaked_leaf, public_ca};
use crate::{Bounds, SMALL, check, finish, head, kinds, run, scan, scan_one, sequence, tlv};

/// Files above one window: two threads, each with a window and what is decoded from it.
const LARGE: Bounds = Bounds { memory: 1024, seconds: 300 };

/// The size of a window: limits.rs.
const WINDOW: u64 = 64 << 20;

/// A file of so many bytes, nearly all of them zeros that are not stored, with these pieces in it.
fn sparse(path: &Path, size: u64, pieces: &[(u64, &[u8])]) {
    let file = File::create(path).unwrap();
    file.set_len(size).unwrap();
    pieces.iter().for_each(|(at, bytes)| file.write_all_at(bytes, *at).unwrap());
}

fn certificates(count: u8) -> Vec<Cert> {
    let ca = public_ca();
    (0..count).map(|i| leaf(&format!("h{i}.example")).serial(i + 1).by(&ca)).collect()
}

/// Blocks at the start, over the border of the first window, in the middle and at the very end; each is found
/// once, where it is.
fn blocks_in_a_file_of(size: u64, threads: &str) {
    let all = certificates(6);
    let text: Vec<String> = all.iter().map(Cert::pem).collect();
    let length = text[0].len() as u64;
    let places =
        [0, WINDOW - length / 2, WINDOW * 3 / 4 - 10, WINDOW * 2 - 1, size / 2, size - text[5].len() as u64];
    let pieces: Vec<(u64, &[u8])> = places.iter().copied().zip(text.iter().map(String::as_bytes)).collect();
    let folder = Folder::new();
    sparse(&folder.path().join("big"), size, &pieces);
    let (status, records) = scan(LARGE, &[&folder.at("big"), "--threads", threads]);
    assert_eq!(status, 0);
    let mut want: Vec<(u64, String)> =
        places.iter().copied().zip(all.iter().map(|c| c.sha256().to_string())).collect();
    want.sort();
    let found: Vec<_> = records
        .iter()
        .map(|r| (r["offset"].as_u64().unwrap(), r["sha256"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(found, want);
}

#[test]
fn a_large_file_is_read_to_its_end() {
    blocks_in_a_file_of(WINDOW * 3 + 12_345, "2");
}

#[test]
#[ignore = "reads 20 GiB: minutes"]
fn a_file_of_20_gib_is_read_to_its_end() {
    blocks_in_a_file_of(20 << 30, "1");
}

#[test]
fn a_file_above_the_limit_has_its_record() {
    let folder = Folder::new();
    // No file system here refuses a terabyte that is not stored; it takes no time at all.
    sparse(&folder.path().join("big"), 1 << 40, &[(0, leaked_leaf().pem().as_bytes())]);
    let (status, records) = scan(SMALL, &[&folder.at("big")]);
    assert_eq!((status, kinds(&records)), (3, vec![("skipped", "too-large")]));
}

/// A real log: every line has a prefix, and blocks lie in it, some over the borders of windows.
fn log_of(size: u64) {
    let all = certificates(40);
    let folder = Folder::new();
    let path = folder.path().join("app.log");
    let stamp = |i: u64| format!("2015-03-0{}T04:05:06.{:03}Z host-7 app[4711]: ", i % 9 + 1, i % 1000);
    let mut chunk = String::new();
    for i in 0.. {
        chunk.push_str(&format!(
            "{}GET /Mail/MIIx/{i}?q=MCowBQ== -- {} \"Mozilla/5.0\" 200 tLS1CRUd ----\n",
            stamp(i),
            i * 7919
        ));
        if chunk.len() > 1 << 20 {
            break;
        }
    }
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    let (mut written, mut next) = (0_u64, 0);
    while written < size {
        file.write_all(chunk.as_bytes()).unwrap();
        written += chunk.len() as u64;
        if next < all.len() && written >= size / all.len() as u64 * next as u64 {
            for line in all[next].pem().lines() {
                let line = format!("{}{line}\n", stamp(next as u64));
                file.write_all(line.as_bytes()).unwrap();
                written += line.len() as u64;
            }
            next += 1;
        }
    }
    drop(file);
    let (status, records) = scan(LARGE, &[&folder.at("app.log")]);
    fs::remove_file(path).unwrap();
    let found: Vec<&str> = records.iter().map(|r| r["sha256"].as_str().unwrap_or_default()).collect();
    assert_eq!(found, all[..next].iter().map(|c| c.sha256().to_string()).collect::<Vec<_>>());
    assert_eq!((status, next), (0, all.len()));
}

#[test]
fn a_log_with_prefixed_blocks() {
    log_of(WINDOW + WINDOW / 2);
}

#[test]
#[ignore = "writes and reads 300 MB"]
fn a_log_of_300_mb_with_prefixed_blocks() {
    log_of(300_000_000);
}

/// Text of lines with a prefix, of so many bytes, with a block whose BEGIN lies at `at`.
fn with_prefixed_block(size: usize, at: usize, certificate: &Cert) -> Vec<u8> {
    let prefix = "host-7 app[4711]: ";
    let block: String = certificate.pem().lines().map(|line| format!("{prefix}{line}\n")).collect();
    let mut text = ".".repeat(at - prefix.len() - 1) + "\n" + &block;
    text.push_str(&".".repeat(size - text.len()));
    text.into_bytes()
}

#[test]
fn a_prefix_on_the_border_of_two_windows() {
    // A window of 64 MiB is followed by one that begins 16 MiB before its end.
    let certificate = leaked_leaf();
    for at in [WINDOW * 3 / 4 - 1, WINDOW * 3 / 4, WINDOW * 3 / 4 + 5] {
        let folder = Folder::new();
        folder.write("log", with_prefixed_block(WINDOW as usize + 1000, at as usize, &certificate));
        let (status, records) = scan(LARGE, &[folder.at("log")]);
        assert_eq!((status, kinds(&records)), (0, vec![("certificate", "")]), "{at}");
    }
}

/// 20 MiB of DER that begin at 40 MiB, in what the first window reads last, and end behind it; with a second
/// certificate behind them.
fn large_block(prefix: &str) {
    let folder = Folder::new();
    let der = crate::with_extension(&leaked_leaf().der, &[0x2a, 3, 4], &vec![b'x'; 20 << 20]);
    let block = crate::common::pki::pem("CERTIFICATE", &der);
    let block: String = if prefix.is_empty() {
        block
    } else {
        block.lines().map(|line| format!("{prefix}{line}\n")).collect()
    };
    let text = [".".repeat(40 << 20), "\n".to_owned(), block, leaked_leaf().pem()].concat();
    let second = text.rfind("-----BEGIN").unwrap();
    folder.write("big", text);
    let (status, records) = scan(LARGE, &[folder.at("big")]);
    assert_eq!((status, kinds(&records)), (0, vec![("certificate", ""); 2]));
    let places: Vec<_> =
        records.iter().map(|r| (r["offset"].as_u64().unwrap(), r["index"].as_u64().unwrap())).collect();
    assert_eq!(places, [((40 << 20) + 1 + prefix.len() as u64, 0), (second as u64, 1)]);
    assert_eq!(records[0]["line"], 2);
}

#[test]
fn a_large_block_over_the_border_of_two_windows() {
    large_block("");
}

#[test]
#[ignore = "decodes 40 MB of text with prefixes"]
fn a_large_block_with_prefixed_lines_over_the_border_of_two_windows() {
    large_block("host-7 app[4711]: ");
}

#[test]
#[ignore = "reads 500 MiB of text behind a BEGIN"]
fn a_begin_without_end_is_told_once_and_hides_nothing() {
    let folder = Folder::new();
    let certificate = leaked_leaf();
    let begin = b"\n-----BEGIN CERTIFICATE-----\n";
    let places = [WINDOW / 2, WINDOW * 3, WINDOW * 8 - 1];
    let block = certificate.pem();
    let pieces = [(places[0], &begin[..]), (places[1], begin), (places[2], block.as_bytes())];
    let size = WINDOW * 8 + 10_000;
    sparse(&folder.path().join("big"), size, &pieces);
    let (status, records) = scan(LARGE, &[folder.at("big")]);
    assert_eq!(
        (status, kinds(&records)),
        (3, vec![("unreadable", "missing-end"), ("unreadable", "missing-end"), ("certificate", "")])
    );
    let found: Vec<_> = records.iter().map(|r| r["offset"].as_u64().unwrap()).collect();
    assert_eq!(found, [places[0] + 1, places[1] + 1, places[2]]);
}

/// Where the octets of `inner` lie in `outer`.
fn place(outer: &[u8], inner: &[u8]) -> usize {
    inner.as_ptr() as usize - outer.as_ptr() as usize
}

/// Writes a DER certificate with an extension of so many zeros, which are not stored.
fn large_certificate(path: &Path, size: usize) {
    let small = leaf("host.example").by(&public_ca()).der;
    let outer = elements(content(&small));
    let fields = elements(content(outer[0]));
    let extensions = content(content(fields[7]));
    let id = tlv(0x06, &[0x2a, 3, 4]);
    let value = head(0x04, size);
    let extension = head(0x30, id.len() + value.len() + size);
    let list = extensions.len() + extension.len() + id.len() + value.len() + size;
    let list_head = head(0x30, list);
    let explicit = head(0xa3, list_head.len() + list);
    let before = &content(outer[0])[..place(content(outer[0]), fields[7])];
    let tbs = before.len() + explicit.len() + list_head.len() + list;
    let tbs_head = head(0x30, tbs);
    let whole = head(0x30, tbs_head.len() + tbs + outer[1].len() + outer[2].len());
    let start =
        [&whole, &tbs_head, before, &explicit, &list_head, extensions, &extension, &id, &value].concat();
    let end = [outer[1], outer[2]].concat();
    let behind = (start.len() + size) as u64;
    sparse(path, behind + end.len() as u64, &[(0, &start), (behind, &end)]);
}

/// Writes a DER revocation list with so many entries.
fn large_list(path: &Path, entries: usize) {
    let ca = public_ca();
    let outer = elements(content(&ca.der));
    let fields = elements(content(outer[0]));
    let entry = sequence(&[&[0x02, 8, 0x11, 2, 3, 4, 5, 6, 7, 8], &tlv(0x17, b"150101000000Z")]);
    let revoked = tlv(0x30, &entry.repeat(entries));
    let list = sequence(&[
        &[2, 1, 1],
        fields[2],
        fields[3],
        &tlv(0x17, b"150101000000Z"),
        &tlv(0x17, b"150201000000Z"),
        &revoked,
    ]);
    fs::write(path, sequence(&[&list, outer[1], outer[2]])).unwrap();
}

#[test]
fn a_certificate_larger_than_a_window_is_read_whole() {
    let folder = Folder::new();
    large_certificate(&folder.path().join("a.der"), 70 << 20);
    let (status, records) = scan(LARGE, &[&folder.at("a.der")]);
    assert_eq!((status, kinds(&records)), (0, vec![("certificate", "")]));
}

#[test]
fn a_revocation_list_larger_than_a_window_is_read_whole() {
    let folder = Folder::new();
    large_list(&folder.path().join("a.crl"), 2_600_000);
    let (status, records) = scan(LARGE, &[&folder.at("a.crl")]);
    assert_eq!((status, kinds(&records)), (0, vec![("crl", "")]));
    assert_eq!(records[0]["entries"], 2_600_000);
}

#[test]
fn der_above_the_limit_of_objects_has_its_record() {
    let folder = Folder::new();
    large_certificate(&folder.path().join("a.der"), 200 << 20);
    let (status, records) = scan(LARGE, &[&folder.at("a.der")]);
    assert_eq!((status, kinds(&records)), (3, vec![("skipped", "too-large")]));
}

#[test]
fn der_cut_short_is_unreadable() {
    let ca = public_ca();
    let leaf = leaf("host.example").by(&ca);
    for der in [&leaf.der, &leaf.key.der()] {
        for length in [der.len() / 2, der.len() * 9 / 10, der.len() - 1] {
            let (status, records) = scan_one("cut.der", &der[..length]);
            assert_eq!(
                (status, kinds(&records)),
                (3, vec![("unreadable", "bad-object")]),
                "{length} of {}",
                der.len()
            );
        }
    }
}

#[test]
fn pem_cut_short_is_unreadable() {
    let text = leaked_leaf().pem();
    for length in [40, text.len() / 2, text.len() - 30] {
        let (status, records) = scan_one("cut.pem", &text[..length]);
        assert_eq!(
            (status, records.len(), &records[0]["kind"]),
            (3, 1, &"unreadable".into()),
            "{length}: {records:?}"
        );
    }
}

/// What is broken has a record up to the limit of limits.rs, and then one for all the rest.
const BROKEN: usize = 100_000;

#[test]
fn a_million_blocks_without_end() {
    let folder = Folder::new();
    folder.write("in/markers.pem", "-----BEGIN CERTIFICATE-----\n".repeat(1_000_000) + &leaked_leaf().pem());
    let (status, records) = scan(SMALL, &[folder.at("in")]);
    assert_eq!(status, 3);
    assert_eq!(
        records.iter().filter(|r| r["kind"] == "certificate").count(),
        1,
        "what is whole is found behind them"
    );
    assert_eq!(records.len(), BROKEN + 2);
    let rest: Vec<_> = records.iter().filter(|r| r["reason"] == "too-large").collect();
    assert_eq!((rest.len(), &rest[0]["line"]), (1, &(BROKEN + 1).into()));
    assert!(rest[0]["detail"].as_str().unwrap().starts_with("900000 more places"), "{}", rest[0]);
    let ran = run(SMALL, &["plan", &folder.at("in"), "-o", &folder.at("case"), "--uploaded=2015-01-01"]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(
        ran.stdout.len() < 100_000 && folder.read("case/plan.md").len() < 20_000_000,
        "{}",
        folder.read("case/plan.md").len()
    );
}

#[test]
fn a_hundred_megabytes_of_begin() {
    for (name, marker) in [("glued", "-----BEGIN A-----"), ("ends", "-----BEGIN A-----\n-----END A-----\n")] {
        let folder = Folder::new();
        folder.write(name, marker.repeat(100_000_000 / marker.len()));
        let (status, records) = scan(LARGE, &[folder.at(name)]);
        assert_eq!(status, 3, "{name}");
        assert_eq!(records.len(), BROKEN + 1);
    }
}

#[test]
fn base64_without_end() {
    let line = "MIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIB\n";
    let table: Vec<(&str, String, bool)> = vec![
        ("one line", "MIIB".repeat(4_000_000), true),
        ("lines", line.repeat(200_000), true),
        ("words", "MIIBAAAA ".repeat(1_500_000), true),
        ("in a block", format!("-----BEGIN CERTIFICATE-----\n{}", line.repeat(200_000)), false),
        ("of markers", "LS0tLS1CRUdJTiBB".repeat(600_000), false),
        ("escaped", "\\n".repeat(6_000_000), true),
        ("escaped digits", format!("\"{}", "\\u004d\\u0049\\u0049\\u0042".repeat(400_000)), true),
        ("escapes of escapes", format!("{{\"a\":\"{}", "\\\\\\\"".repeat(3_000_000)), true),
        ("nested JSON", "{\"a\":[".repeat(2_000_000), true),
        ("hexadecimal", "30".repeat(6_000_000), true),
        ("dashes", "-".repeat(16_000_000), true),
        ("begin and dashes", "-----BEGIN ".repeat(1_000_000), true),
        (
            "headers",
            format!("-----BEGIN RSA PRIVATE KEY-----\n{}", "Proc-Type: 4,ENCRYPTED\n".repeat(500_000)),
            false,
        ),
        ("wide", "-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 \0A\0-\0-\0-\0-\0-\0\n\0".repeat(300_000), false),
    ];
    for (name, text, nothing) in table {
        let (status, records) = scan_one(name, text);
        assert_eq!(status == 0, nothing, "{name}: {} records, {:?}", records.len(), records.first());
    }
}

#[test]
fn a_block_in_json_in_json_in_json() {
    let certificate = leaked_leaf();
    let mut text = certificate.pem();
    for depth in 1..8 {
        text = serde_json::to_string(&serde_json::json!({ "a": text })).unwrap();
        let (_, records) = scan_one("a.json", &text);
        assert!(
            !records.is_empty() && kinds(&records) != [("skipped", "no-pki-content")],
            "{depth}: it is told of, read or not: {records:?}"
        );
    }
}

/// Runs something again and again while the scans run.
fn meanwhile(change: impl Fn(u64) + Sync, scans: impl FnOnce()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..).take_while(|_| !over.load(Ordering::Relaxed)).for_each(&change));
        // Also if a scan fails: a thread that never ends would hide why.
        let guard = Over(&over);
        scans();
        drop(guard);
    });
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let folder = Folder::new();
    let text = leaked_leaf().pem();
    folder.write("in/grows.pem", text.repeat(2000));
    let path = folder.path().join("in/grows.pem");
    let grow = |i: u64| {
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        if i.is_multiple_of(50) {
            file.set_len(text.len() as u64 * 1000).unwrap();
        }
        std::thread::yield_now();
    };
    meanwhile(grow, || {
        for _ in 0..8 {
            let (_, records) = scan(SMALL, &[folder.at("in")]);
            assert!(records.len() >= 999, "{}", records.len());
        }
    });
}

#[test]
fn files_that_vanish_and_change_kind_while_they_are_read() {
    let folder = Folder::new();
    let text = bundle(&leaked_leaf(), &[]);
    for i in 0..400 {
        folder.write(format!("in/{i}.pem"), &text);
    }
    folder.write("in/sub/deep/a.pem", &text).write("stays/a.pem", &text);
    let at = |name: &str| folder.path().join(name);
    let rewrite = |i: u64| {
        let path = at(&format!("in/{}.pem", i * 7 % 400));
        // One after the other: gone, a link to nowhere, a folder, a FIFO, a socket of no one, a file again.
        let _ = match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => Ok(()),
        };
        let _ = match i / 7 % 5 {
            0 => Ok(()),
            1 => std::os::unix::fs::symlink("nowhere", &path),
            2 => fs::create_dir(&path),
            3 => rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RUSR,
                0,
            )
            .map_err(Into::into),
            _ => fs::write(&path, &text),
        };
        if i.is_multiple_of(100) {
            let _ = fs::rename(at("in/sub"), at("elsewhere"))
                .or_else(|_| fs::rename(at("elsewhere"), at("in/sub")));
        }
    };
    meanwhile(rewrite, || {
        for i in 0..10 {
            let threads = ["1", "3"][i % 2];
            check(&finish(crate::bounded(SMALL, "").args([
                "scan",
                "--all",
                "--format=ndjson",
                &folder.at("in"),
                &folder.at("stays"),
                "--threads",
                threads,
            ])));
            let ran = run(
                SMALL,
                &[
                    "run",
                    &folder.at("in"),
                    "-o",
                    &folder.at("case"),
                    "--uploaded=2015-01-01",
                    "--key=ecdsa-p256",
                ],
            );
            assert!([0, 1, 3].contains(&ran.status), "{ran:?}");
            let ledger = &folder.json("case/plan.json")["ledger"];
            let of = |name: &str| ledger[name].as_u64().unwrap();
            assert_eq!(of("seen"), of("read") + of("locked") + of("unreadable") + of("skipped"));
        }
    });
}
