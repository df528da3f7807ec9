//! The demo tells the story it promises, and its copy in `testdata/incident` tells the same, today and as of
//! October 2019.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Serial number, exposure, verdict and standing today (that is, until 2040), verdict and standing as of
/// 2019-10-02, files.
type Expected = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
    &'static [&'static str],
);

const CERTIFICATES: &[Expected] = &[
    // Public CA and its root: they came along in bundles.
    (
        "1000000001",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "valid"),
        &["globex/support.globex.example.pem"],
    ),
    (
        "1000000002",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "valid"),
        &[
            "acme/help.acme.example-new.pem",
            "acme/help.acme.example.pem",
            "globex/support.globex.example.pem",
            "initech/vendor/widget/server.pem",
            "soylent/mail.soylent.example.pem",
        ],
    ),
    // Public certificates, all past their end.
    (
        "11a000000001",
        "exposed",
        ("expired", "expired"),
        ("expired", "expired"),
        &["acme/help.acme.example.pem"],
    ),
    (
        "11a000000002",
        "exposed",
        ("expired", "expired"),
        ("replace-and-revoke", "valid"),
        &["acme/help.acme.example-new.pem"],
    ),
    (
        "11a000000003",
        "exposed",
        ("expired", "expired"),
        ("expired", "expired"),
        &["globex/support.globex.example.pem"],
    ),
    (
        "11a000000004",
        "exposed",
        ("expired", "expired"),
        ("expired", "expired"),
        &["initech/vendor/widget/server.pem"],
    ),
    (
        "11a000000005",
        "not-exposed",
        ("clear", "expired"),
        ("clear", "valid"),
        &["soylent/mail.soylent.example.pem"],
    ),
    (
        "11a000000006",
        "exposed",
        ("expired", "expired"),
        ("expired", "expired"),
        &["umbrella/desk.umbrella.example.pem"],
    ),
    // A new certificate on the key of 2015; the encrypted key's.
    (
        "2000000001",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "valid"),
        &["globex/support.globex.example-new.pem"],
    ),
    (
        "21a000000001",
        "exposed",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "not-yet-valid"),
        &["globex/support.globex.example-new.pem"],
    ),
    (
        "21a000000002",
        "presumed",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["globex/chat.globex.example.pem"],
    ),
    // Hours after the cutoff, undecided, one key under three names.
    ("3000000001", "not-exposed", ("clear", "valid"), ("clear", "valid"), &["hooli/care.hooli.example.pem"]),
    (
        "31a000000001",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "valid"),
        &["hooli/care.hooli.example.pem"],
    ),
    (
        "31a000000002",
        "undetermined",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["hooli/jobs.hooli.example.pem"],
    ),
    (
        "31a000000003",
        "exposed",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["hooli/backup/help-copy.pem", "hooli/exports/help.txt"],
    ),
    // A private CA; signed by itself; without its key.
    (
        "4000000001",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "valid"),
        &["initech/helpdesk.initech.example.crt"],
    ),
    (
        "41a000000001",
        "exposed",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["initech/helpdesk.initech.example.crt"],
    ),
    (
        "41a000000002",
        "exposed",
        ("replace", "valid"),
        ("replace", "valid"),
        &["initech/chat.initech.example.pem"],
    ),
    (
        "41a000000003",
        "presumed",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["initech/vpn.initech.example.crt"],
    ),
    // Forgotten by the manifest: before the cutoff and after it, by the certificate.
    (
        "51a000000001",
        "undetermined",
        ("replace-and-revoke", "valid"),
        ("replace-and-revoke", "valid"),
        &["soylent/portal.soylent.example.pem"],
    ),
    (
        "51a000000002",
        "not-exposed",
        ("clear", "valid"),
        ("clear", "not-yet-valid"),
        &["soylent/status.soylent.example.pem"],
    ),
    // The CA whose key was uploaded, and what is below it.
    ("6000000001", "exposed", ("decide", "valid"), ("decide", "valid"), &["umbrella/ca-backup.pem"]),
    (
        "61a000000001",
        "not-exposed",
        ("reissue", "valid"),
        ("reissue", "valid"),
        &["umbrella/portal.umbrella.example.pem"],
    ),
    (
        "61a000000002",
        "exposed",
        ("reissue", "valid"),
        ("reissue", "valid"),
        &["hooli/partner.umbrella.example.pem"],
    ),
    ("61a000000003", "exposed", ("replace", "valid"), ("replace", "valid"), &["umbrella/.old/tls.pem"]),
];

/// The evidence that decides, by serial number, where it is worth a look.
const EVIDENCE: &[(&str, &str, &str)] = &[
    ("1000000002", "chain-certificate", ""),
    ("21a000000001", "manifest", "uploads.csv:6"),
    ("21a000000002", "manifest", "uploads.csv:7"),
    ("31a000000001", "manifest", "uploads.csv:11"),
    ("31a000000002", "manifest", "uploads.csv:12"),
    ("31a000000003", "manifest", "uploads.csv:9"),
    ("51a000000001", "certificate-dates", ""),
    ("51a000000002", "certificate-dates", ""),
];

fn certrecall(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_certrecall"))
        .args(arguments.iter().map(|a| a.as_ref()))
        .output()
        .unwrap()
}

/// Runs on an incident; returns the exit status.
fn run(incident: &Path, case: &Path, as_of: Option<&str>) -> Option<i32> {
    let (uploads, manifest) = (incident.join("uploads"), incident.join("uploads.csv"));
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> =
        vec![&"run", &uploads, &"--manifest", &manifest, &"-o", &case, &"--quiet"];
    if let Some(time) = &as_of {
        arguments.extend([&"--as-of" as &dyn AsRef<std::ffi::OsStr>, time]);
    }
    let output = certrecall(&arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    output.status.code()
}

fn plan(case: &Path) -> Value {
    serde_json::from_slice(&fs::read(case.join("plan.json")).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn strings(value: &Value, field: &str) -> Vec<String> {
    list(value, field).iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Every file below a directory by its path, hidden ones too.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.insert(path.strip_prefix(directory).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    out
}

fn paths(directory: &Path) -> BTreeSet<PathBuf> {
    tree(directory).into_keys().collect()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/incident")
}

/// Compares every certificate and every key without one with the tables.
fn check(plan: &Value, in_2019: bool) {
    let mut found = BTreeMap::new();
    let mut bare = Vec::new();
    for key in list(plan, "keys") {
        let exposure = key["exposure"].as_str().unwrap();
        for certificate in list(key, "certificates") {
            let text = |field: &str| certificate[field].as_str().unwrap().to_owned();
            found.insert(
                text("serial"),
                (exposure.to_owned(), text("verdict"), text("standing"), strings(certificate, "paths")),
            );
            if let Some((_, evidence, source)) =
                EVIDENCE.iter().find(|(serial, _, _)| *serial == text("serial"))
            {
                let because = &key["because"][0];
                assert_eq!(because["evidence"], *evidence, "{}", text("serial"));
                assert!(source.is_empty() || because["source"] == *source, "{}: {because}", text("serial"));
            }
        }
        if list(key, "certificates").is_empty() {
            bare.push((exposure.to_owned(), strings(key, "private_key_paths")));
        }
    }
    let expected: BTreeMap<_, _> = CERTIFICATES
        .iter()
        .map(|(serial, exposure, today, then, paths)| {
            let (verdict, standing) = if in_2019 { then } else { today };
            let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
            (
                (*serial).to_owned(),
                ((*exposure).to_owned(), (*verdict).to_owned(), (*standing).to_owned(), paths),
            )
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(bare, [("exposed".to_owned(), vec!["acme/spare.key".to_owned()])]);
    let ledger: Vec<_> = ["seen", "read", "locked", "unreadable", "skipped"]
        .iter()
        .map(|f| plan["ledger"][f].as_u64().unwrap())
        .collect();
    assert_eq!(ledger, [55, 51, 1, 2, 1]);
    let findings: Vec<_> = list(plan, "findings")
        .iter()
        .map(|f| (f["code"].as_str().unwrap(), f["place"].as_str().unwrap()))
        .collect();
    for finding in [
        ("file-without-record", "soylent/portal.soylent.example.pem"),
        ("file-without-record", "soylent/status.soylent.example.pem"),
        ("manifest-row-unmatched", "uploads.csv:2"),
    ] {
        assert!(findings.contains(&finding), "{finding:?} in {findings:?}");
    }
}

/// Names of the certificates that got a new key, and whether their request waits for a new CA.
fn replaced(plan: &Value) -> BTreeMap<String, bool> {
    let of = |r: &Value| (r["name"].as_str().unwrap().to_owned(), r["waits_for_new_ca"].as_bool().unwrap());
    list(plan, "replacements").iter().map(of).collect()
}

#[test]
fn the_demo_tells_its_story_and_a_second_run_makes_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let (incident, case) = (folder.path().join("a/demo"), folder.path().join("case"));
    let output = certrecall(&[&"demo", &incident]);
    assert_eq!(output.status.code(), Some(0));
    let says = String::from_utf8(output.stdout).unwrap();
    assert!(says.starts_with("certrecall run ") && says.ends_with(" -o case\n"), "{says}");
    let written = tree(&incident);

    assert_eq!(run(&incident, &case, None), Some(3));
    let first = plan(&case);
    check(&first, false);
    let want = [
        ("chat.globex.example", false),
        ("chat.initech.example", false),
        ("help.hooli.example", false),
        ("helpdesk.initech.example", false),
        ("jobs.hooli.example", false),
        ("partner.umbrella.example", true),
        ("portal.soylent.example", false),
        ("portal.umbrella.example", true),
        ("support.globex.example", false),
        ("tickets.umbrella.example", false),
        ("vpn.initech.example", false),
    ];
    assert_eq!(replaced(&first), want.map(|(name, waits)| (name.to_owned(), waits)).into());

    let replacements = tree(&case.join("replacements"));
    assert_eq!(replacements.len(), 4 * 11);
    assert_eq!(run(&incident, &case, None), Some(3));
    assert_eq!(tree(&case.join("replacements")), replacements);
    assert_eq!(without_time(plan(&case)), without_time(first));
    assert_eq!(tree(&incident), written, "nothing under the scanned paths is changed");
}

/// A plan without what may differ between two runs.
fn without_time(mut plan: Value) -> Value {
    plan["as_of"] = Value::Null;
    for key in plan["keys"].as_array_mut().unwrap() {
        for certificate in key["certificates"].as_array_mut().unwrap() {
            certificate["standing"] = Value::Null;
        }
    }
    plan
}

#[test]
fn the_copy_tells_the_same_today_and_in_2019() {
    let folder = tempfile::tempdir().unwrap();
    for (name, as_of) in [("today", None), ("then", Some("2019-10-02"))] {
        let case = folder.path().join(name);
        assert_eq!(run(&testdata(), &case, as_of), Some(3), "{name}");
        check(&plan(&case), as_of.is_some());
        assert_eq!(replaced(&plan(&case)).contains_key("help.acme.example"), as_of.is_some());
    }
}

#[test]
fn the_copy_is_what_the_demo_writes() {
    let folder = tempfile::tempdir().unwrap();
    certrecall::demo::write(folder.path()).unwrap();
    assert_eq!(paths(folder.path()), paths(&testdata()));
    for name in ["README.md", "uploads.csv"] {
        assert_eq!(
            fs::read_to_string(folder.path().join(name)).unwrap(),
            fs::read_to_string(testdata().join(name)).unwrap()
        );
    }
    let text = tree(&testdata());
    let with_crlf: Vec<_> = text
        .iter()
        .filter(|(_, bytes)| bytes.contains(&b'\r'))
        .map(|(path, _)| path.to_str().unwrap())
        .collect();
    assert_eq!(with_crlf, ["uploads/hooli/backup/help-copy.pem"]);
}

#[test]
fn every_private_key_says_that_it_is_for_tests_only() {
    let mut keys = 0;
    for (path, bytes) in tree(&testdata().join("uploads")) {
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, l)| l.starts_with("-----BEGIN ") && l.ends_with("PRIVATE KEY-----"))
        {
            assert_eq!(lines[at - 1], "TEST ONLY - this key is public, never use it", "{path:?}");
            keys += 1;
        }
    }
    assert_eq!(keys, 22);
}

#[test]
fn what_is_there_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| {
        let before = tree(folder.path());
        let output = certrecall(&[&"demo", &path]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{stderr}");
        assert!(stderr.contains("nothing is overwritten") && stderr.contains("hint: "), "{stderr}");
        assert_eq!(tree(folder.path()), before);
    };
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    refused(&file);
    refused(folder.path());
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(certrecall(&[&"demo", &empty]).status.code(), Some(0));
    refused(&empty);
}
