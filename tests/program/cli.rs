//! Guards the command line as a contract: exit statuses, streams, formats, order, the ledger, and what
//! happens to files on the disk.
#![allow(missing_docs, clippy::type_complexity, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::pki::{
    Cert, bundle, compressed, intermediate_of, leaf, leaked_leaf, pem, private_ca, public_ca, self_signed,
};
use crate::common::{Folder, Ran, certrecall, modes, run, run_with_input, state};
use serde_json::Value;

/// The time at which standing is told.
const AS_OF: &str = "--as-of=2026-01-01";
const BEFORE: &str = "--uploaded=2015-06-01T00:00:00Z";
const AFTER: &str = "--uploaded=2017-06-01T00:00:00Z";

fn expired_leaf() -> Cert {
    leaf("old.example").from("2014-01-01").to("2016-12-31").by(&public_ca())
}

/// A folder `in` with one file of each content.
fn inputs(files: &[(&str, String)]) -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("in")).unwrap();
    files.iter().for_each(|(name, content)| {
        folder.write(format!("in/{name}"), content);
    });
    folder
}

fn plan(folder: &Folder, more: &[&str]) -> Ran {
    let (input, case) = (folder.at("in"), folder.at("case"));
    run(&[&["plan", &input, "-o", &case, AS_OF], more].concat())
}

fn make(folder: &Folder, more: &[&str]) -> Ran {
    let (input, case) = (folder.at("in"), folder.at("case"));
    run(&[&["run", &input, "-o", &case, AS_OF], more].concat())
}

fn scan(folder: &Folder, more: &[&str]) -> Ran {
    let input = folder.at("in");
    run(&[&["scan", &input, "--format=ndjson", "--all"], more].concat())
}

#[test]
fn exit_statuses_of_plan_and_scan() {
    let l = leaked_leaf();
    let files = |content: String| vec![("a.pem", content)];
    let table: Vec<(&str, Vec<(&str, String)>, &str, i32, i32)> = vec![
        ("an empty folder", vec![], BEFORE, 3, 0),
        ("nothing of PKI", files("hello\n".into()), BEFORE, 3, 0),
        ("another format", files("age-encryption.org/v1\n-> X25519 abc\n".into()), BEFORE, 3, 0),
        ("exposed and valid", files(bundle(&l, &[])), BEFORE, 1, 0),
        ("presumed and valid", files(l.pem()), BEFORE, 1, 0),
        ("undetermined and valid", files(bundle(&l, &[])), "--uploaded=2016-11-01", 1, 0),
        ("clear", files(bundle(&l, &[])), AFTER, 0, 0),
        (
            "exposed but expired: the key is to be searched for and destroyed",
            files(bundle(&expired_leaf(), &[])),
            BEFORE,
            1,
            0,
        ),
        ("an exposed key without a certificate", files(l.key.pem()), BEFORE, 1, 0),
        ("an exposed self-signed one", files(bundle(&self_signed("s.example"), &[])), BEFORE, 1, 0),
        ("an exposed CA", files(bundle(&private_ca(), &[])), BEFORE, 1, 0),
        ("locked", files(l.key.encrypted()), BEFORE, 3, 3),
        (
            "locked beside an exposed one: 3 beats 1",
            files(bundle(&l, &[]) + &l.key.encrypted()),
            BEFORE,
            3,
            3,
        ),
        (
            "unreadable",
            files("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".into()),
            AFTER,
            3,
            3,
        ),
        ("a container that is not read", files("PK\x03\x04rest of an archive".into()), AFTER, 3, 3),
    ];
    for (what, files, uploaded, of_plan, of_scan) in table {
        let folder = inputs(&files);
        let planned = plan(&folder, &[uploaded]);
        assert_eq!(planned.status, of_plan, "plan, {what}: {planned:?}");
        let made = make(&folder, &[uploaded]);
        assert_eq!(made.status, of_plan, "run, {what}: {made:?}");
        let scanned = scan(&folder, &[]);
        assert_eq!(scanned.status, of_scan, "scan, {what}: {scanned:?}");
    }
}

#[test]
fn exit_status_2_for_wrong_usage_and_fatal_errors() {
    let l = leaked_leaf();
    let folder = inputs(&[("a.pem", bundle(&l, &[]))]);
    folder
        .write("empty.csv", "")
        .write("odd.csv", "a,b\n1,2\n")
        .write("list", "zz\n")
        .write("bad.toml", "name = 1\n")
        .write("foreign/x", "x");
    folder.write("no-plan/certrecall-case.json", "{\"schema\":\"certrecall/case/1\",\"roots\":[]}\n");
    let at = |name: &str| folder.at(name);
    let table: Vec<(Vec<&str>, Vec<(&str, &str)>, &str)> = vec![
        (vec![], vec![], "Usage"),
        (vec!["frobnicate"], vec![], "frobnicate"),
        (vec!["scan"], vec![], "PATH"),
        (vec!["scan", "--format=xml"], vec![("", "in")], "xml"),
        (vec!["scan", "--no-such-flag"], vec![("", "in")], "--no-such-flag"),
        (vec!["scan", "--max-file-size=much"], vec![("", "in")], "much"),
        (vec!["scan"], vec![("", "missing")], "missing"),
        (vec!["scan"], vec![("", "in"), ("", "missing")], "missing"),
        (vec!["plan"], vec![("", "in")], "--output"),
        (vec!["plan"], vec![("", "missing"), ("-o", "case")], "missing"),
        (vec!["plan", "--cutoff=soon"], vec![("", "in"), ("-o", "case")], "--cutoff"),
        (vec!["plan", "--cutoff=2016-11-01T00:00:00"], vec![("", "in"), ("-o", "case")], "zone"),
        (vec!["plan", "--as-of=never"], vec![("", "in"), ("-o", "case")], "--as-of"),
        (vec!["plan", "--uploaded=.."], vec![("", "in"), ("-o", "case")], "--uploaded"),
        (vec!["plan", "--uploaded=2999-01-01"], vec![("", "in"), ("-o", "case")], "--uploaded"),
        (vec!["plan", "--uploaded=2016-01-01..2015-01-01"], vec![("", "in"), ("-o", "case")], "--uploaded"),
        (vec!["plan", "--incident=no-such"], vec![("", "in"), ("-o", "case")], "zendesk-2016"),
        (vec!["plan"], vec![("", "in"), ("-o", "case"), ("--incident", "bad.toml")], "bad.toml:1"),
        (vec!["plan"], vec![("", "in"), ("-o", "case"), ("--manifest", "missing.csv")], "missing.csv"),
        (vec!["plan"], vec![("", "in"), ("-o", "case"), ("--manifest", "empty.csv")], "empty.csv"),
        (vec!["plan"], vec![("", "in"), ("-o", "case"), ("--manifest", "odd.csv")], "uploaded_at"),
        (vec!["plan"], vec![("", "in"), ("-o", "case"), ("--known-compromised", "list")], "list:1"),
        (vec!["plan", "--incident=generic"], vec![("", "in"), ("-o", "case")], "--cutoff"),
        (vec!["plan", "--map=x=path"], vec![("", "in"), ("-o", "case")], "--manifest"),
        (
            vec!["plan", "--map=x=paths"],
            vec![("", "in"), ("-o", "case"), ("--manifest", "odd.csv")],
            "uploaded_at",
        ),
        (vec!["plan", "--date-from-path=%Y"], vec![("", "in"), ("-o", "case")], "--date-from-path"),
        (vec!["plan", "--clear=ab=reason"], vec![("", "in"), ("-o", "case")], "--clear"),
        (vec!["run", "--key=rsa-512"], vec![("", "in"), ("-o", "case")], "rsa-512"),
        (vec!["plan"], vec![("", "in"), ("-o", "foreign")], "no case directory"),
        (vec!["rekey"], vec![("", "missing")], "missing"),
        (vec!["rekey"], vec![("", "foreign")], "no case directory"),
        (vec!["rekey"], vec![("", "no-plan")], "plan"),
        (vec!["incident", "no-such"], vec![], "zendesk-2016"),
    ];
    for (words, paths, says) in table {
        let mut arguments: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        for (flag, path) in &paths {
            arguments.extend((!flag.is_empty()).then(|| (*flag).to_owned()));
            arguments.push(at(path));
        }
        let ran = run(&arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says), "{arguments:?} says {says:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    assert!(!folder.path().join("case").exists(), "a refused command line makes no case");
    for arguments in
        [&["--help"][..], &["--version"], &["scan", "--help"], &["incident"], &["incident", "zendesk-2016"]]
    {
        let ran = run(arguments);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(!ran.stdout.is_empty());
    }
}

#[test]
fn the_incident_that_is_printed_can_be_given_back() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    folder.write("mine.toml", run(&["incident", "zendesk-2016"]).stdout.replace("2016-11-01", "2014-11-01"));
    let ran = plan(&folder, &[BEFORE, "--incident", &folder.at("mine.toml")]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(folder.json("case/plan.json")["incident"]["cutoff"], "2014-11-01T00:00:00Z");
}

#[test]
fn stdout_is_data_and_stderr_is_talk() {
    let folder = inputs(&[
        ("a.pem", bundle(&leaked_leaf(), &[])),
        ("b.pem", leaf("b.example").by(&public_ca()).key.encrypted()),
    ]);
    let scanned = scan(&folder, &[]);
    assert_eq!(scanned.records().len(), 3);
    assert!(
        scanned.stderr.contains("3 seen = 2 read + 1 locked + 0 unreadable + 0 skipped"),
        "{}",
        scanned.stderr
    );
    for quiet in ["-q", "--quiet"] {
        for ran in [scan(&folder, &[quiet]), plan(&folder, &[BEFORE, quiet]), make(&folder, &[BEFORE, quiet])]
        {
            assert_eq!((ran.status, ran.stderr.as_str()), (3, ""), "{ran:?}");
        }
    }
    let rekeyed = run(&["rekey", &folder.at("case")]);
    assert!(
        rekeyed.stdout.lines().all(|l| Path::new(l.split('\t').next().unwrap()).is_file()),
        "{}",
        rekeyed.stdout
    );
    let wrong = run(&["scan", "-q", &folder.at("missing")]);
    assert!(
        wrong.stderr.starts_with("certrecall: error: ") && wrong.stderr.contains("hint: "),
        "errors are told even so: {}",
        wrong.stderr
    );
}

#[test]
fn colour_only_where_it_is_wanted() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    let colourful = |ran: &Ran| ran.stdout.contains('\x1b') || ran.stderr.contains('\x1b');
    assert!(!colourful(&plan(&folder, &[BEFORE])), "not a terminal");
    assert!(!colourful(&plan(&folder, &[BEFORE, "--color=never"])));
    assert!(colourful(&plan(&folder, &[BEFORE, "--color=always"])));
    let arguments = ["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE];
    let ran: Ran = certrecall().args(arguments).env("NO_COLOR", "1").output().unwrap().into();
    assert!(!colourful(&ran));
    // Colour is paint: the words are the same without it.
    let plain = |text: &str| {
        let mut out = String::new();
        for (i, part) in text.split("\x1b[").enumerate() {
            out.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        out
    };
    assert_eq!(plain(&plan(&folder, &[BEFORE, "--color=always"]).stdout), plan(&folder, &[BEFORE]).stdout);
}

/// Names that a format could trip over.
fn awkward() -> Folder {
    let ca = public_ca();
    let names = [
        "=cmd|' /C calc'!A0",
        "a,b;\"c\"",
        "<script>alert(1)</script>",
        "x | y\nz",
        "\u{202e}gpj.exe\x1b[31m",
    ];
    let folder = inputs(&[]);
    for (i, name) in names.iter().enumerate() {
        let certificate = leaf("host.example").organisation(name).serial(i as u8 + 1).by(&ca);
        folder.write(format!("in/{i}.pem"), bundle(&certificate, &[]));
    }
    folder
        .write("in/text", "hello")
        .write("in/broken.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    folder
}

#[test]
fn every_format_of_scan_parses_and_tells_of_every_record() {
    let folder = awkward();
    let input = folder.at("in");
    for all in [&["--all"][..], &[]] {
        let of = |format: &str| run(&[&["scan", &input, "--format", format], all].concat());
        let records = of("ndjson").records();
        assert_eq!(records.len(), if all.is_empty() { 11 } else { 12 });
        let json: Value = serde_json::from_str(&of("json").stdout).unwrap();
        assert_eq!(json.as_array().unwrap(), &records);
        let text = of("csv").stdout;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        let rows: Vec<BTreeMap<String, String>> = reader
            .records()
            .map(|r| head.iter().map(str::to_owned).zip(r.unwrap().iter().map(str::to_owned)).collect())
            .collect();
        assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            for field in ["kind", "path", "sha256", "spki_sha256", "serial", "not_after", "reason"] {
                assert_eq!(row[field], record[field].as_str().unwrap_or_default(), "{field}");
            }
            assert!(
                row.values().all(|cell| !cell.starts_with(['=', '+', '@', '\t', '\r'])),
                "no cell is a formula: {row:?}"
            );
        }
        let table = of("table").stdout;
        assert_eq!(table.lines().count(), records.len() + 1, "{table}");
        for text in [&table, &text, &of("ndjson").stdout] {
            assert!(!text.contains(['\x1b', '\u{202e}']), "no name drives the terminal: {text:?}");
        }
    }
    let empty = inputs(&[]);
    assert_eq!(
        run(&["scan", &empty.at("in"), "--format=json"]).stdout.split_whitespace().collect::<String>(),
        "[]"
    );
    assert_eq!(run(&["scan", &empty.at("in"), "--format=ndjson"]).stdout, "");
    assert_eq!(run(&["scan", &empty.at("in"), "--format=csv"]).stdout.lines().count(), 1);
}

#[test]
fn every_format_of_plan_parses() {
    let folder = awkward();
    let json: Value = serde_json::from_str(&plan(&folder, &[BEFORE, "--format=json"]).stdout).unwrap();
    assert_eq!(json, folder.json("case/plan.json"));
    assert_eq!(json["schema"], "certrecall/plan/1");
    assert_eq!(plan(&folder, &[BEFORE, "--format=ndjson"]).records().len(), 5);
    let text = plan(&folder, &[BEFORE, "--format=csv"]).stdout;
    assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count(), 5);
    assert_eq!(plan(&folder, &[BEFORE, "--format=table"]).stdout.lines().count(), 6);
    let markdown = folder.text("case/plan.md");
    assert!(!markdown.contains("<script>") && !markdown.contains(['\x1b', '\u{202e}']), "{markdown}");
}

/// A tree in which threads finish in another order than they begin.
fn wide() -> Folder {
    let folder = inputs(&[]);
    let ca = public_ca();
    for i in 0..90u32 {
        let l = leaf(&format!("h{i}.example")).by(&ca);
        let noise = "x".repeat((i as usize * 7919) % 200_000);
        let folder_name = ["a", "a.b", "a-b", "b/c", "b"][i as usize % 5];
        folder.write(
            format!("in/{folder_name}/{}.pem", i * 37 % 90),
            format!("{noise}\n{}{}", bundle(&l, &[]), ca.pem()),
        );
    }
    folder
}

#[test]
fn order_does_not_depend_on_threads() {
    let folder = wide();
    for format in ["ndjson", "json", "csv", "table"] {
        let of = |threads: &str| {
            run(&["scan", &folder.at("in"), "--all", "--format", format, "--threads", threads]).stdout
        };
        let one = of("1");
        assert!(one.len() > 10_000);
        assert!(["2", "7"].iter().all(|n| of(n) == one), "{format}");
    }
    let mut plans = Vec::new();
    for threads in ["1", "2", "7"] {
        assert_eq!(plan(&folder, &[BEFORE, "--threads", threads]).status, 1);
        plans.push((
            folder.text("case/plan.json"),
            folder.text("case/plan.md"),
            folder.text("case/exposed-spki.txt"),
        ));
    }
    assert!(plans.windows(2).all(|w| w[0] == w[1]));
    // Order of root, path, then position: paths as bytes, a folder where its content belongs.
    let records = run(&["scan", &folder.at("in"), "--format=ndjson"]).records();
    let places: Vec<(String, u64)> = records
        .iter()
        .map(|r| (r["path"].as_str().unwrap().to_owned(), r["offset"].as_u64().unwrap()))
        .collect();
    assert!(places.is_sorted());
}

/// One of everything that gets a record, by the name of its file.
fn zoo() -> (Folder, Vec<(&'static str, &'static str, &'static str)>) {
    let l = leaked_leaf();
    let broken = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n");
    let folder = inputs(&[
        ("leaf.pem", l.pem()),
        ("key.pem", l.key.pem()),
        ("locked.pem", l.key.encrypted()),
        ("base64.pem", broken("MIIB!!!!not base64 at all\n")),
        ("empty-block.pem", broken("")),
        ("object.pem", broken("AAAA\n")),
        ("label.pem", pem("ZEN MASTER JOKE", b"haha")),
        ("no-end.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n".to_owned()),
        ("text.txt", "nothing\n".to_owned()),
        ("zero", String::new()),
        ("archive.zip", "PK\x03\x04".to_owned()),
        ("secret.age", "age-encryption.org/v1\n".to_owned()),
    ]);
    let at = |name: &str| folder.path().join("in").join(name);
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    drop(UnixListener::bind(at("socket")).unwrap());
    symlink("nowhere", at("dangling")).unwrap();
    symlink("itself", at("itself")).unwrap();
    symlink("leaf.pem", at("to-file")).unwrap();
    symlink("fifo", at("to-fifo")).unwrap();
    symlink("/dev/zero", at("to-device")).unwrap();
    fs::create_dir(at("sub")).unwrap();
    symlink("..", at("sub/up")).unwrap();
    folder
        .write("in/kept/certrecall-case.json", "{\"schema\":\"certrecall/case/1\",\"roots\":[]}\n")
        .write("in/kept/key.pem", l.key.pem());
    let want = vec![
        ("archive.zip", "skipped", "format-not-read"),
        ("base64.pem", "unreadable", "bad-base64"),
        ("dangling", "unreadable", "dangling-link"),
        ("empty-block.pem", "unreadable", "empty-block"),
        ("fifo", "skipped", "special-file"),
        ("itself", "skipped", "link-loop"),
        ("kept", "skipped", "own-case"),
        ("key.pem", "private-key", ""),
        ("label.pem", "skipped", "unknown-label"),
        ("leaf.pem", "certificate", ""),
        ("locked.pem", "locked", "passphrase-needed"),
        ("no-end.pem", "unreadable", "missing-end"),
        ("object.pem", "unreadable", "bad-object"),
        ("secret.age", "skipped", "other-format"),
        ("socket", "skipped", "special-file"),
        ("sub/up", "skipped", "link-not-followed"),
        ("text.txt", "skipped", "no-pki-content"),
        ("to-device", "skipped", "special-file"),
        ("to-fifo", "skipped", "special-file"),
        ("to-file", "certificate", ""),
        ("zero", "skipped", "no-pki-content"),
    ];
    (folder, want)
}

fn shown(records: &[Value]) -> Vec<(&str, &str, &str)> {
    records
        .iter()
        .map(|r| {
            (
                r["path"].as_str().unwrap(),
                r["kind"].as_str().unwrap(),
                r["reason"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn whatever_is_met_has_its_record_and_the_ledger_adds_up() {
    let (folder, want) = zoo();
    let scanned = scan(&folder, &[]);
    let records = scanned.records();
    assert_eq!(shown(&records), want);
    assert_eq!(scanned.status, 3);
    let count =
        |kinds: &[&str]| records.iter().filter(|r| kinds.contains(&r["kind"].as_str().unwrap())).count();
    let (locked, unreadable, skipped) = (count(&["locked"]), count(&["unreadable"]), count(&["skipped"]));
    let read = records.len() - locked - unreadable - skipped;
    let equation = format!(
        "{} seen = {read} read + {locked} locked + {unreadable} unreadable + {skipped} skipped",
        records.len()
    );
    assert!(scanned.stderr.contains(&equation), "{equation}\n{}", scanned.stderr);
    plan(&folder, &[AFTER]);
    let ledger = &folder.json("case/plan.json")["ledger"];
    let of = |name: &str| ledger[name].as_u64().unwrap() as usize;
    assert_eq!(
        ["seen", "read", "locked", "unreadable", "skipped"].map(of),
        [records.len(), read, locked, unreadable, skipped]
    );
    // Without --all only files without PKI content are left out.
    let listed = run(&["scan", &folder.at("in"), "--format=ndjson"]).records();
    let loud: Vec<_> = want.iter().copied().filter(|(_, _, reason)| *reason != "no-pki-content").collect();
    assert_eq!(shown(&listed), loud);
}

#[test]
fn each_reason_has_its_status() {
    let table = [
        ("special-file", 3),
        ("dangling-link", 3),
        ("link-loop", 3),
        ("format-not-read", 3),
        ("unknown-label", 3),
        ("bad-base64", 3),
        ("passphrase-needed", 3),
        ("link-not-followed", 3),
        ("no-pki-content", 0),
        ("other-format", 0),
        ("own-case", 0),
    ];
    let (folder, want) = zoo();
    for (reason, status) in table {
        let (path, ..) = want.iter().find(|(_, _, r)| *r == reason).unwrap();
        let lonely = inputs(&[]);
        let path = if reason == "link-not-followed" { "sub" } else { path };
        assert!(
            Command::new("cp")
                .arg("-a")
                .arg(folder.path().join("in").join(path))
                .arg(lonely.path().join("in"))
                .status()
                .unwrap()
                .success()
        );
        let ran = scan(&lonely, &[]);
        assert_eq!((ran.status, ran.records().len()), (status, 1), "{reason}: {ran:?}");
        assert_eq!(ran.records()[0]["reason"], reason);
    }
}

#[test]
fn links_followed_on_request_end() {
    let l = leaked_leaf();
    let folder = inputs(&[("real/leaf.pem", l.pem())]);
    let at = |name: &str| folder.path().join("in").join(name);
    symlink("real", at("alias")).unwrap();
    symlink("..", at("real/up")).unwrap();
    folder.write("outside/other.pem", l.pem());
    symlink("../outside", at("out")).unwrap();
    let followed = scan(&folder, &["--follow-symlinks"]);
    let records = followed.records();
    let of = |kind: &str| {
        shown(&records)
            .iter()
            .filter(|(_, k, _)| *k == kind)
            .map(|(p, ..)| (*p).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("certificate"),
        ["alias/leaf.pem", "out/other.pem", "real/leaf.pem"],
        "one occurrence per path, links included"
    );
    assert!(
        shown(&records)
            .iter()
            .filter(|(_, k, _)| *k == "skipped")
            .all(|(p, _, r)| p.ends_with("up") && *r == "link-loop"),
        "{records:?}"
    );
    let plain = scan(&folder, &[]);
    assert_eq!(shown(&plain.records()).iter().filter(|(_, _, r)| *r == "link-not-followed").count(), 3);
}

#[test]
fn a_second_link_to_a_folder_is_told_as_such() {
    let folder = inputs(&[]);
    folder.write("outside/leaf.pem", leaked_leaf().pem());
    for link in ["a", "b"] {
        symlink("../outside", folder.path().join("in").join(link)).unwrap();
    }
    let ran = scan(&folder, &["--follow-symlinks"]);
    assert_eq!(shown(&ran.records()), [("a/leaf.pem", "certificate", ""), ("b", "skipped", "link-repeated")]);
    assert_eq!(ran.status, 3, "a file may be expected under the second path");
}

#[test]
fn a_link_to_a_file_is_a_second_occurrence() {
    let l = leaked_leaf();
    let folder = inputs(&[("a.pem", bundle(&l, &[]))]);
    symlink("a.pem", folder.path().join("in/b.pem")).unwrap();
    plan(&folder, &[BEFORE]);
    let plan = folder.json("case/plan.json");
    assert_eq!(plan["keys"].as_array().unwrap().len(), 1);
    assert_eq!(plan["keys"][0]["certificates"][0]["paths"], serde_json::json!(["a.pem", "b.pem"]));
}

#[test]
fn limits_are_told_and_can_be_raised() {
    let folder = inputs(&[("a/b/c/leaf.pem", leaked_leaf().pem())]);
    for (flag, reason) in [("--max-depth=2", "too-deep"), ("--max-file-size=100", "too-large")] {
        let ran = scan(&folder, &[flag]);
        assert_eq!((ran.status, ran.records().len()), (3, 1), "{ran:?}");
        assert_eq!(ran.records()[0]["reason"], reason);
        assert!(
            ran.records()[0]["detail"].as_str().unwrap().contains(flag.split('=').next().unwrap()),
            "the flag that raises it is named"
        );
    }
    assert_eq!(scan(&folder, &["--max-depth=9", "--max-file-size=1M"]).status, 0);
}

#[test]
fn broken_places_beyond_the_limit_share_a_record() {
    let folder = inputs(&[("log", "-----BEGIN CERTIFICATE-----\n!\n".repeat(5))]);
    let ran = scan(&folder, &["--max-broken=3"]);
    let reasons: Vec<_> = ran.records().iter().map(|r| r["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ran.status, reasons.len(), &*reasons[3]), (3, 4, "too-large"), "{reasons:?}");
    assert!(
        ran.records()[3]["detail"].as_str().unwrap().starts_with("2 more places")
            && ran.stdout.contains("--max-broken"),
        "{}",
        ran.stdout
    );
    assert!(!scan(&folder, &["--max-broken=5"]).stdout.contains("too-large"));
}

#[test]
fn standard_input_has_the_limit_of_files() {
    let folder = inputs(&[("a.pem", leaked_leaf().pem())]);
    for (limit, status, reason) in [("--max-file-size=100", 3, "too-large"), ("--max-file-size=1M", 0, "")] {
        let input = File::open(folder.path().join("in/a.pem")).unwrap();
        let ran = Ran::from(
            certrecall().args(["scan", "-", "--format=ndjson", limit]).stdin(input).output().unwrap(),
        );
        assert_eq!((ran.status, ran.records().len()), (status, 1), "{ran:?}");
        assert_eq!(ran.records()[0]["reason"].as_str().unwrap_or_default(), reason);
    }
}

#[test]
fn a_manifest_or_list_above_the_limit_ends_the_run() {
    let folder = inputs(&[("a.pem", leaked_leaf().pem())]);
    File::create(folder.path().join("long")).unwrap().set_len((1 << 30) + 1).unwrap();
    for flag in ["--manifest", "--known-compromised"] {
        let ran = run(&["plan", &folder.at("in"), "-o", &folder.at("case"), flag, &folder.at("long")]);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.stderr.contains("long") && ran.stderr.contains("1073741824 bytes"), "{}", ran.stderr);
        assert!(!folder.path().join("case").exists());
    }
}

/// As somebody who is not allowed everything: root may read whatever it likes.
fn unprivileged(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = certrecall();
    if fs::metadata(folder.path()).unwrap().uid() == 0 {
        command = Command::new(crate::common::for_anybody(folder));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(65_534).gid(65_534);
    }
    command.args(arguments).output().unwrap().into()
}

#[test]
fn what_may_not_be_read_is_unreadable() {
    let folder = inputs(&[
        ("closed.pem", leaked_leaf().pem()),
        ("cellar/leaf.pem", leaked_leaf().pem()),
        ("open.pem", leaked_leaf().pem()),
    ]);
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path().join("in").join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    mode("closed.pem", 0);
    mode("cellar", 0);
    let ran = unprivileged(&folder, &["scan", &folder.at("in"), "--format=ndjson"]);
    let records = ran.records();
    let (denied, reason) = ("unreadable", "permission-denied");
    assert_eq!(
        shown(&records),
        [("cellar", denied, reason), ("closed.pem", denied, reason), ("open.pem", "certificate", "")]
    );
    assert_eq!(ran.status, 3);
    mode("cellar", 0o755);
}

#[test]
fn an_error_of_the_operating_system_is_a_record() {
    // Reading the first page of a process's memory fails for everybody.
    let ran = run(&["scan", "/proc/self/mem", "--format=ndjson"]);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert_eq!(
        (ran.records()[0]["kind"].as_str(), ran.records()[0]["reason"].as_str()),
        (Some("unreadable"), Some("io-error"))
    );
}

#[test]
fn a_fifo_or_device_is_no_root() {
    let (folder, _) = zoo();
    for path in [folder.at("in/fifo"), folder.at("in/socket"), "/dev/null".to_owned(), "/dev/zero".to_owned()]
    {
        assert_eq!(run(&["scan", &path]).status, 2, "{path}");
    }
}

#[test]
fn no_folder_is_passed_over_for_its_name() {
    let l = leaked_leaf();
    let names = [
        "vendor",
        "node_modules",
        ".git",
        ".hidden",
        "target",
        "tests",
        "__pycache__",
        "case",
        "replacements",
        "...",
    ];
    let folder = inputs(&[]);
    names.iter().for_each(|name| {
        folder.write(format!("in/{name}/.leaf.bak~"), l.pem());
    });
    folder.write("in/.gitignore", "*\n").write("in/vendor/certrecall-case.json", "{}");
    let ran = scan(&folder, &[]);
    assert_eq!(
        ran.records().iter().filter(|r| r["kind"] == "certificate").count(),
        names.len(),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.status, 0);
}

#[test]
fn names_that_are_no_text_are_printed_harmlessly_and_whole() {
    let l = leaked_leaf();
    let folder = inputs(&[]);
    let names: [&[u8]; 6] = [
        b"line\nbreak.pem",
        b"esc\x1b[31m.pem",
        b"latin-\xe9.pem",
        b"\xff\xfe.pem",
        b"back\\slash.pem",
        "bidi\u{202e}mep.pem".as_bytes(),
    ];
    names.iter().for_each(|name| {
        folder.write(Path::new("in").join(OsStr::from_bytes(name)), bundle(&l, &[]));
    });
    let records = scan(&folder, &[]).records();
    let raw = |r: &Value| match r.get("path_b64").and_then(Value::as_str) {
        Some(text) => base64_simd::STANDARD.decode_to_vec(text).unwrap(),
        None => r["path"].as_str().unwrap().as_bytes().to_vec(),
    };
    let mut found: Vec<Vec<u8>> = records.iter().map(raw).collect();
    found.dedup();
    let mut wanted: Vec<Vec<u8>> = names.iter().map(|n| n.to_vec()).collect();
    wanted.sort();
    assert_eq!(found, wanted);
    assert!(records.iter().any(|r| r["path"] == "latin-\\xe9.pem" && r["path_b64"].is_string()));
    assert!(
        records.iter().all(|r| r["path_b64"].is_null() || r["path"].as_str().unwrap().contains("\\x")),
        "only where it is needed"
    );
    for format in ["table", "csv", "ndjson", "json"] {
        let text = run(&["scan", &folder.at("in"), "--format", format]).stdout;
        assert!(!text.contains(['\x1b', '\u{202e}', '\r']), "{format}: {text:?}");
    }
    // The paths are enough to find the certificates again.
    let made = make(&folder, &[BEFORE]);
    assert_eq!(made.status, 1, "{made:?}");
    assert!(!made.stdout.contains(['\x1b', '\u{202e}']), "{:?}", made.stdout);
    assert_eq!(fs::read_dir(folder.path().join("case/replacements")).unwrap().count(), 1);
}

#[test]
fn standard_input_is_a_root() {
    let l = leaked_leaf();
    let folder = inputs(&[]);
    let scanned = run_with_input(&["scan", "-", "--format=ndjson"], bundle(&l, &[]).as_bytes());
    assert_eq!((scanned.status, scanned.records().len()), (0, 2));
    assert!(scanned.records().iter().all(|r| r["path"] == "-"));
    assert_eq!(
        run_with_input(&["scan", "-", "--format=ndjson", "--all"], b"").records()[0]["reason"],
        "no-pki-content"
    );
    assert_eq!(run_with_input(&["scan", "-", "-"], b"").status, 2, "it can be read once only");
    let case = folder.at("case");
    let made = run_with_input(&["run", "-", "-o", &case, BEFORE, AS_OF], bundle(&l, &[]).as_bytes());
    assert_eq!(made.status, 1, "{made:?}");
    assert_eq!(folder.json("case/plan.json")["roots"], serde_json::json!(["-"]));
    assert_eq!(fs::read_dir(folder.path().join("case/replacements")).unwrap().count(), 1);
    let rekeyed = run(&["rekey", &case]);
    assert_eq!(rekeyed.status, 2);
    assert!(
        rekeyed.stderr.contains("standard input") && rekeyed.stderr.contains("certrecall run"),
        "{}",
        rekeyed.stderr
    );
}

#[test]
fn several_roots_keep_their_order_and_number() {
    let l = leaked_leaf();
    let folder = inputs(&[("z/a.pem", l.pem()), ("b/a.pem", l.pem())]);
    folder.write("lone.pem", l.key.pem());
    let (z, b, lone) = (folder.at("in/z"), folder.at("in/b"), folder.at("lone.pem"));
    let records = run(&["scan", &z, &lone, &b, "--format=ndjson"]).records();
    let places: Vec<_> =
        records.iter().map(|r| (r["root"].as_u64().unwrap_or(0), r["path"].as_str().unwrap())).collect();
    assert_eq!(places, [(0, "a.pem"), (1, "lone.pem"), (2, "a.pem")]);
    let case = folder.at("case");
    assert_eq!(run(&["plan", &z, &lone, &b, "-o", &case, BEFORE]).status, 1);
    assert_eq!(folder.json("case/plan.json")["roots"], serde_json::json!([z, lone, b]));
}

#[test]
fn a_root_that_is_a_file_is_called_by_its_own_name() {
    let folder = inputs(&[("v1.pem", leaked_leaf().pem())]);
    assert_eq!(run(&["scan", &folder.at("in/v1.pem"), "--format=ndjson"]).records()[0]["path"], "v1.pem");
}

#[test]
fn a_root_that_is_a_link_to_a_file_is_called_as_the_user_wrote_it() {
    let folder = inputs(&[("v1.pem", leaked_leaf().pem())]);
    symlink("v1.pem", folder.path().join("in/current.pem")).unwrap();
    assert_eq!(
        run(&["scan", &folder.at("in/current.pem"), "--format=ndjson"]).records()[0]["path"],
        "current.pem"
    );
}

#[test]
fn a_case_inside_the_scanned_tree_is_passed_over_every_time() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    let (input, case) = (folder.at("in"), folder.at("in/deep/case"));
    let mut seen = Vec::new();
    for _ in 0..3 {
        assert_eq!(run(&["run", &input, "-o", &case, BEFORE, AS_OF]).status, 1);
        seen.push((
            folder.json("in/deep/case/plan.json")["ledger"].clone(),
            folder.text("in/deep/case/exposed-spki.txt"),
        ));
    }
    assert!(seen.windows(2).all(|w| w[0] == w[1]), "{seen:?}");
    let scanned = scan(&folder, &[]);
    assert_eq!(shown(&scanned.records())[2], ("deep/case", "skipped", "own-case"));
    assert_eq!(scanned.status, 0);
}

#[test]
fn a_case_belongs_to_its_roots() {
    let folder =
        inputs(&[("a/a.pem", bundle(&leaked_leaf(), &[])), ("b/b.pem", bundle(&leaked_leaf(), &[]))]);
    let (a, b, case) = (folder.at("in/a"), folder.at("in/b"), folder.at("case"));
    assert_eq!(run(&["run", &a, "-o", &case, BEFORE]).status, 1);
    let before = state(&folder.path().join("case"));
    for roots in [vec![&b], vec![&a, &b]] {
        for command in ["plan", "run"] {
            let mut arguments = vec![command];
            arguments.extend(roots.iter().map(|r| r.as_str()));
            let ran = run(&[&arguments[..], &["-o", &case, BEFORE]].concat());
            assert_eq!(ran.status, 2);
            assert!(
                ran.stderr.contains("made from other paths") && ran.stderr.contains("--add PATH"),
                "{}",
                ran.stderr
            );
        }
    }
    assert_eq!(state(&folder.path().join("case")), before);
}

#[test]
fn a_directory_of_somebody_else_is_refused_and_left_alone() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    folder
        .write("foreign/thesis.txt", "years of work")
        .write("foreign/certrecall-case.json.bak", "x")
        .write("file", "x");
    let before = state(&folder.path().join("foreign"));
    for (output, says) in [("foreign", "no case directory"), ("file", "file"), ("file/below", "file")] {
        let ran = run(&["run", &folder.at("in"), "-o", &folder.at(output), BEFORE]);
        assert_eq!(ran.status, 2, "{output}: {ran:?}");
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    assert_eq!(state(&folder.path().join("foreign")), before);
    assert_eq!(folder.text("file"), "x");
    // One that is empty is taken, and closed to others.
    fs::create_dir(folder.path().join("case")).unwrap();
    assert_eq!(make(&folder, &[BEFORE]).status, 1);
    assert_eq!(fs::metadata(folder.path().join("case")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn roots_that_are_no_text_are_told_apart() {
    let folder = inputs(&[]);
    let case = folder.at("case");
    let mut statuses = Vec::new();
    for name in [&b"in/\xfe"[..], b"in/\xff"] {
        folder.write(Path::new(OsStr::from_bytes(name)).join("a.pem"), bundle(&leaked_leaf(), &[]));
        let root = folder.path().join(OsStr::from_bytes(name));
        statuses.push(
            run(&[
                OsStr::new("plan"),
                root.as_os_str(),
                OsStr::new("-o"),
                OsStr::new(&case),
                OsStr::new(BEFORE),
            ])
            .status,
        );
    }
    assert_eq!(statuses, [1, 2]);
}

#[test]
fn the_lists_of_hashes_hold_every_form_and_no_guess_among_the_certain() {
    let (sure, guess, clear) = (
        leaked_leaf(),
        leaf("guess.example").by(&public_ca()),
        leaf("clear.example").from("2018-01-01").by(&public_ca()),
    );
    let (public, raw) = compressed(&sure.key);
    let folder = inputs(&[
        ("sure.pem", bundle(&sure, &[])),
        ("sure.pub", public),
        ("guess.pem", guess.pem()),
        ("clear.pem", bundle(&clear, &[])),
    ]);
    folder.write(
        "uploads.csv",
        "path,uploaded_at,account\nsure.pem,2015-01-01,acme\nguess.pem,2015-01-01,\nclear.pem,2018-02-01,\n",
    );
    let ran = plan(&folder, &["--manifest", &folder.at("uploads.csv")]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let mut hashes = [sure.key.spki().to_string(), raw.to_string()];
    hashes.sort();
    assert_eq!(folder.text("case/exposed-spki.txt"), hashes.map(|h| h + "\n").concat());
    assert_eq!(folder.text("case/suspected-spki.txt"), format!("{}\n", guess.key.spki()));
    let plan = folder.json("case/plan.json");
    let key = crate::common::key(&plan, &sure.key.spki().to_string());
    assert_eq!(
        (&key["accounts"], &key["spki_sha256_raw"]),
        (&serde_json::json!(["acme"]), &serde_json::json!([raw.to_string()]))
    );
    assert!(
        key["because"][0]["message"]
            .as_str()
            .unwrap()
            .contains("(uploads.csv:2, account acme), before the cutoff"),
        "{key}"
    );
    assert!(
        crate::common::key(&plan, &clear.key.spki().to_string())["steps"].as_array().unwrap().is_empty(),
        "every key is there, clear ones too"
    );
}

#[test]
fn columns_accounts_paths_and_decisions_from_the_command_line() {
    let ca = public_ca();
    let names = ["mapped", "young", "dated", "cleared"];
    let leaves: Vec<_> = names.iter().map(|n| leaf(&format!("{n}.example")).by(&ca)).collect();
    let folder = inputs(&[]);
    for (name, leaf) in names.iter().zip(&leaves) {
        folder.write(format!("in/{name}-2015-06-01.pem"), bundle(leaf, &[]));
    }
    folder.write(
        "export.csv",
        "Where,When,Who,Since\nmapped-2015-06-01.pem,2015-06-02T00:00:00Z,acme,2014-01-01\nyoung-2015-06-01.pem,,new,2017-01-01T00:00:00Z\n",
    );
    let clear = format!("--clear={}=it lay in an HSM", leaves[3].key.spki());
    let maps =
        ["--map=where=path", "--map=When=uploaded_at", "--map=Who=account", "--map=Since=account_created_at"];
    let ran = plan(
        &folder,
        &[&["--manifest", &folder.at("export.csv"), "--date-from-path={YYYY}-{MM}-{DD}", &clear], &maps[..]]
            .concat(),
    );
    assert_eq!(ran.status, 1, "{ran:?}");
    let plan = folder.json("case/plan.json");
    let got: Vec<_> = leaves
        .iter()
        .map(|l| {
            let key = crate::common::key(&plan, &l.key.spki().to_string());
            (
                key["exposure"].as_str().unwrap().to_owned(),
                key["because"][0]["evidence"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let want = [
        ("exposed", "manifest"),
        ("not-exposed", "manifest"),
        ("exposed", "path-date"),
        ("cleared", "decision"),
    ];
    assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let says =
        crate::common::key(&plan, &leaves[3].key.spki().to_string())["because"][0]["message"].to_string();
    assert!(says.contains("it lay in an HSM"), "{says}");
}

#[test]
fn the_generic_profile_takes_its_cutoff_from_the_command_line() {
    assert!(run(&["incident"]).stdout.contains("generic\n"), "it is listed");
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    let ran = plan(
        &folder,
        &["--incident", "generic", "--cutoff", "2026-01-01T00:00:00Z", "--uploaded", "2025-12-01T00:00:00Z"],
    );
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(folder.json("case/plan.json")["incident"]["cutoff"], "2026-01-01T00:00:00Z");
    // A slip of the hand that makes everything exposed is told.
    let ran = plan(
        &folder,
        &["--incident", "generic", "--cutoff", "8026-01-01T00:00:00Z", "--uploaded", "2025-12-01T00:00:00Z"],
    );
    assert!(
        ran.status == 1 && ran.stderr.contains("the cutoff 8026-01-01T00:00:00Z has not come yet"),
        "{ran:?}"
    );
}

#[test]
fn two_runs_at_once_on_a_case() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    assert_eq!(plan(&folder, &[BEFORE]).status, 1);
    let before = state(&folder.path().join("case"));
    let marker = File::open(folder.path().join("case/certrecall-case.json")).unwrap();
    marker.lock().unwrap();
    for ran in [plan(&folder, &[BEFORE]), make(&folder, &[BEFORE]), run(&["rekey", &folder.at("case")])] {
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("another certrecall works on the case") && ran.stderr.contains("hint: wait"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(state(&folder.path().join("case")), before);
    marker.unlock().unwrap();
    assert_eq!(make(&folder, &[BEFORE]).status, 1);
}

#[test]
fn a_case_is_for_its_owner_alone() {
    let folder =
        inputs(&[("a.pem", bundle(&leaked_leaf(), &[])), ("s.pem", bundle(&self_signed("s.example"), &[]))]);
    // Whatever the umask.
    let script =
        format!("umask 0; exec {} run in -o case {BEFORE} {AS_OF}", env!("CARGO_BIN_EXE_certrecall"));
    let status = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let list = modes(&folder.path().join("case"));
    for (path, mode) in &list {
        assert_eq!(*mode, if path.ends_with('/') { 0o700 } else { 0o600 }, "{path} {mode:o}");
    }
    assert_eq!(fs::metadata(folder.path().join("case")).unwrap().permissions().mode() & 0o7777, 0o700);
    let names: Vec<&str> =
        list.iter().map(|(p, _)| p.as_str()).filter(|p| !p.starts_with("replacements")).collect();
    assert_eq!(
        names,
        [
            ".gitignore",
            "case.db",
            "certrecall-case.json",
            "exposed-spki.txt",
            "plan.json",
            "plan.md",
            "suspected-spki.txt"
        ]
    );
    assert_eq!(folder.text("case/.gitignore"), "*\n");
    let replacements: Vec<&str> = list
        .iter()
        .filter_map(|(p, _)| p.strip_prefix("replacements/"))
        .filter(|p| p.ends_with('/') && p.len() > 1)
        .collect();
    assert_eq!(replacements.len(), 2);
    for directory in replacements {
        let (slug, hash) = directory.trim_end_matches('/').rsplit_once('-').unwrap();
        assert!(["leaked.example", "s.example"].contains(&slug) && hash.len() == 12, "{directory}");
        let record = folder.json(&format!("case/replacements/{directory}replacement.json"));
        assert!(record["spki_sha256"].as_str().unwrap().starts_with(hash));
    }
}

#[test]
fn nothing_under_the_scanned_paths_changes() {
    let (folder, _) = zoo();
    let input = folder.path().join("in");
    let before = state(&input);
    assert_eq!(scan(&folder, &["--follow-symlinks"]).status, 3);
    for _ in 0..2 {
        assert_eq!(make(&folder, &[BEFORE, "--follow-symlinks"]).status, 3);
    }
    run(&["rekey", &folder.at("case")]);
    assert_eq!(state(&input), before);
}

/// `scan | head -1` of so many files that no pipe holds the output.
fn head_of_scan(format: &str) -> (Option<i32>, String) {
    let folder = inputs(&[]);
    let text = bundle(&leaked_leaf(), &[]);
    (0..1500).for_each(|i| {
        folder.write(format!("in/{i}.pem"), &text);
    });
    let mut command = certrecall();
    command
        .args(["scan", &folder.at("in"), "--format", format])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_broken_pipe_is_a_quiet_success() {
    for format in ["ndjson", "json", "table"] {
        assert_eq!(head_of_scan(format), (Some(0), String::new()), "{format}");
    }
}

#[test]
fn a_broken_pipe_is_a_quiet_success_in_csv_too() {
    assert_eq!(head_of_scan("csv"), (Some(0), String::new()));
}

#[test]
fn what_a_killed_run_left_behind_does_not_count() {
    let folder =
        inputs(&[("a.pem", bundle(&leaked_leaf(), &[])), ("s.pem", bundle(&self_signed("s.example"), &[]))]);
    // Killed before the marker had its name: the directory is still free.
    folder
        .write("case/.gitignore", "*\n")
        .write("case/.new-4711-certrecall-case.json", "{\"schema\":\"certrec");
    assert_eq!(plan(&folder, &[BEFORE]).status, 1);
    // Killed while it wrote views and a replacement.
    let staged = "case/replacements/.new-0123456789abcdef01234567";
    folder
        .write("case/.new-plan.json", "{\"schema\":")
        .write("case/.new-plan.md", "#")
        .write(format!("{staged}/key.pem"), "-----BEGIN PRI");
    fs::create_dir_all(folder.path().join("case/replacements/.new-fedcba987654321001234567")).unwrap();
    let made = make(&folder, &[BEFORE]);
    assert_eq!(made.status, 1, "{made:?}");
    let names: Vec<String> = modes(&folder.path().join("case")).into_iter().map(|(p, _)| p).collect();
    assert_eq!(names.iter().filter(|p| p.ends_with("request.pem")).count(), 2);
    assert!(!names.iter().any(|p| p.contains(".new-") && !p.starts_with(".new-4711")), "{names:?}");
}

#[test]
fn a_half_made_key_of_a_killed_run_is_swept_even_if_nothing_is_to_be_made() {
    let folder = inputs(&[("a.pem", bundle(&leaked_leaf(), &[]))]);
    assert_eq!(make(&folder, &[BEFORE]).status, 1);
    folder.write("case/replacements/.new-0123456789abcdef01234567/key.pem", "-----BEGIN PRIVATE KEY-----\n");
    assert_eq!(make(&folder, &[BEFORE]).status, 1);
    assert!(!folder.path().join("case/replacements/.new-0123456789abcdef01234567").exists());
}

#[test]
fn a_run_killed_at_any_moment_is_finished_by_the_next() {
    let ca = public_ca();
    let folder = inputs(&[]);
    for i in 0..60 {
        folder.write(format!("in/{i}.pem"), bundle(&leaf(&format!("h{i}.example")).by(&ca), &[]));
    }
    for pause in [5, 20, 60] {
        let arguments = ["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF];
        let mut child =
            certrecall().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let made = make(&folder, &[BEFORE]);
    assert_eq!(made.status, 1, "{made:?}");
    let names: Vec<String> = modes(&folder.path().join("case")).into_iter().map(|(p, _)| p).collect();
    for name in ["key.pem", "request.pem", "replacement.json"] {
        assert_eq!(names.iter().filter(|p| p.ends_with(name)).count(), 60, "{name}");
    }
    let plan = folder.json("case/plan.json");
    for replacement in plan["replacements"].as_array().unwrap() {
        assert!(
            folder
                .path()
                .join("case")
                .join(replacement["directory"].as_str().unwrap())
                .join("request.pem")
                .is_file()
        );
    }
}

/// A CA below an exposed one is somebody's work too: it has a step, and what hangs below waits for decisions.
#[test]
fn every_certificate_to_act_on_has_a_step_that_is_not_retire() {
    let root = private_ca();
    let intermediate = intermediate_of(&root);
    let below = leaf("below.example").by(&intermediate);
    let folder =
        inputs(&[("root.key", root.key.pem()), ("chain.pem", bundle(&below, &[&intermediate, &root]))]);
    folder.write("uploads.csv", "path,uploaded_at\nroot.key,2015-01-01\nchain.pem,2018-01-01\n");
    let ran = plan(&folder, &["--manifest", &folder.at("uploads.csv")]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let plan = folder.json("case/plan.json");
    let steps = plan["steps"].as_array().unwrap();
    for certificate in [&root, &intermediate, &below] {
        let sha256 = serde_json::json!(certificate.sha256().to_string());
        let names =
            |s: &&Value| s["kind"] != "retire" && s["certificates"].as_array().unwrap().contains(&sha256);
        assert!(steps.iter().any(|s| names(&s)), "{sha256} has no step");
    }
    let replace = steps.iter().find(|s| s["kind"] == "replace").unwrap();
    assert_eq!(
        (&replace["status"], replace["needs"].as_array().map(Vec::len)),
        (&serde_json::json!("waiting"), Some(1)),
        "{replace}"
    );
}

/// The second object of a file counts as much as the first, however the two were put together.
#[test]
fn objects_behind_the_first_one_are_found() {
    let (a, b) = (leaked_leaf(), leaf("b.example").by(&public_ca()));
    let folder = inputs(&[]);
    let encode = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
    folder.write("in/der-then-pem", [a.der.as_slice(), a.key.pem().as_bytes()].concat());
    folder.write("in/der-then-der", [a.der.as_slice(), &b.der].concat());
    folder.write("in/blank-then-der", [b"\r\n", a.der.as_slice()].concat());
    folder.write("in/two-in-a-block.pem", pem("CERTIFICATE", &[a.der.as_slice(), &b.der].concat()));
    folder.write("in/two-in-a-line.txt", encode(&[a.der.as_slice(), &b.der].concat()));
    let ran = run(&["scan", "--format", "ndjson", &folder.at("in")]);
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in ran.records() {
        kinds
            .entry(record["path"].as_str().unwrap().to_owned())
            .or_default()
            .push(record["kind"].as_str().unwrap().to_owned());
    }
    let certificates = |n: usize| vec!["certificate".to_owned(); n];
    assert_eq!(kinds["der-then-pem"], ["certificate", "private-key"]);
    assert_eq!(kinds["blank-then-der"], certificates(1));
    for two in ["der-then-der", "two-in-a-block.pem", "two-in-a-line.txt"] {
        assert_eq!(kinds[two], certificates(2), "{two}");
    }
    assert_eq!(ran.status, 0);
}

/// An EC key without a curve means the EC PARAMETERS before it, in each file anew, also where equal blocks
/// were read before.
#[test]
fn parameters_before_a_key_are_those_of_the_key() {
    let openssl = |args: &[&str]| {
        let ran = Command::new("openssl").args(args).output().unwrap();
        assert!(ran.status.success(), "{args:?}");
        ran.stdout
    };
    let key = openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-outform", "DER"]);
    // Version and scalar alone: RFC 5915 lets parameters and point be left out.
    let scalar = &key[5..39];
    let bare = [&[0x30, 0x25, 2, 1, 1][..], scalar].concat();
    let parameters = String::from_utf8(openssl(&["ecparam", "-name", "prime256v1"])).unwrap();
    let folder = inputs(&[]);
    // The same in PKCS #8 whose AlgorithmIdentifier has no parameters either.
    let algorithm = [0x30, 9, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let pkcs8 = [&[0x30, 0x37, 2, 1, 0][..], &algorithm, &[4, 0x27], &bare].concat();
    for i in 0..3 {
        folder.write(format!("in/{i}.pem"), format!("{parameters}{}", pem("EC PRIVATE KEY", &bare)));
        folder.write(format!("in/{i}.p8.pem"), format!("{parameters}{}", pem("PRIVATE KEY", &pkcs8)));
    }
    let foreign = String::from_utf8(openssl(&["ecparam", "-name", "secp521r1"])).unwrap();
    folder.write(
        "foreign/key.pem",
        format!("{foreign}{}{}", pem("PRIVATE KEY", &pkcs8), pem("EC PRIVATE KEY", &bare)),
    );
    let ran = run(&["scan", "--threads", "1", "--format", "ndjson", &folder.at("in")]);
    let keys: Vec<_> = ran.records().into_iter().filter(|r| r["kind"] == "private-key").collect();
    assert_eq!(keys.len(), 6);
    assert!(
        keys.iter().all(|k| k["spki_sha256"].is_string() && k["spki_sha256"] == keys[0]["spki_sha256"]),
        "{keys:?}"
    );
    let foreign = run(&["scan", "--format", "ndjson", &folder.at("foreign")]).records();
    assert_eq!(foreign.len(), 3);
    for key in &foreign[1..] {
        assert!(key["spki_sha256"].is_null() && key["key_bits"].is_null(), "{key}");
        assert_eq!(key["findings"], serde_json::json!(["public-key-not-computable"]));
    }
}

#[test]
fn elements_behind_a_block_and_behind_blanks_in_one_are_read() {
    let (a, b, c) =
        (leaf("a.example").self_signed(), leaf("b.example").self_signed(), leaf("c.example").self_signed());
    let der = |cert: &Cert| {
        let body: String = cert.pem().lines().filter(|l| !l.starts_with('-')).collect();
        base64_simd::STANDARD.decode_to_vec(body).unwrap()
    };
    let two = [der(&a).as_slice(), b"\r\n", &der(&b)].concat();
    let folder = inputs(&[("block.pem", pem("CERTIFICATE", &two))]);
    fs::write(
        folder.path().join("in/behind.pem"),
        [a.pem().as_bytes(), &der(&b), b"\n", c.pem().as_bytes(), &der(&b)].concat(),
    )
    .unwrap();
    let records = run(&["scan", &folder.at("in"), "--format", "ndjson"]).records();
    let found: Vec<(&str, &str)> = records
        .iter()
        .map(|r| (r["path"].as_str().unwrap(), r["dns_names"][0].as_str().unwrap_or("none")))
        .collect();
    let behind = |name| ("behind.pem", name);
    assert_eq!(
        found,
        [
            behind("a.example"),
            behind("b.example"),
            behind("c.example"),
            behind("b.example"),
            ("block.pem", "a.example"),
            ("block.pem", "b.example")
        ]
    );
}
