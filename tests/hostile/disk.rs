//! Disks that are full or closed, and runs that are killed.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::common::pki::{bundle, leaf, leaked_leaf, public_ca};
use crate::common::{Folder, certrecall, everything, for_anybody, openssl};
use crate::{SMALL, bounded, finish, limited, run};

const BEFORE: &str = "--uploaded=2015-06-01T00:00:00Z";

/// `in` with so many bundles, each on a key of its own.
fn bundles(count: usize) -> Folder {
    let folder = Folder::new();
    let ca = public_ca();
    for i in 0..count {
        folder.write(format!("in/{i}.pem"), bundle(&leaf(&format!("h{i}.example")).by(&ca), &[]));
    }
    folder
}

fn arguments(folder: &Folder, case: &Path) -> [String; 5] {
    ["run".to_owned(), folder.at("in"), "-o".to_owned(), case.to_str().unwrap().to_owned(), BEFORE.to_owned()]
}

/// Directories of replacements that have their final name.
fn finished(case: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(case.join("replacements")).into_iter().flatten().map(|e| e.unwrap().path());
    names.filter(|p| !p.file_name().unwrap().to_str().unwrap().starts_with(".new-")).collect()
}

/// **What has its final name is whole**: JSON parses, keys and requests have their ends, marker and plan are
/// there or not.
fn whole(case: &Path) {
    for (path, meta) in everything(case).into_iter().filter(|(_, m)| m.is_file()) {
        if path.components().any(|c| c.as_os_str().to_str().unwrap().starts_with(".new-")) {
            continue;
        }
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{path:?}");
        if path.starts_with("case.db") || path.starts_with("case.db-journal") {
            // That the database opens and what it holds is whole, the next run shows.
            continue;
        }
        let text = fs::read_to_string(case.join(&path)).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("json") => assert!(serde_json::from_str::<Value>(&text).is_ok(), "{path:?}: {text}"),
            Some("pem") => assert!(
                text.starts_with("-----BEGIN ") && text.trim_end().ends_with("-----"),
                "{path:?}: {text}"
            ),
            // Lists may be empty.
            Some("txt") => assert!(text.is_empty() || text.ends_with('\n'), "{path:?}"),
            _ => assert!(text.ends_with('\n'), "{path:?}"),
        }
    }
    for directory in finished(case) {
        for name in ["key.pem", "request.pem", "replacement.json"] {
            assert!(directory.join(name).is_file(), "{directory:?} has no {name}");
        }
    }
}

/// Every replacement is there, and openssl accepts three of them.
fn complete(case: &Path, count: usize) {
    whole(case);
    let directories = finished(case);
    assert_eq!(directories.len(), count);
    let plan: Value = serde_json::from_slice(&fs::read(case.join("plan.json")).unwrap()).unwrap();
    let replacements = plan["replacements"].as_array().unwrap();
    assert_eq!(replacements.len(), count);
    assert!(
        replacements
            .iter()
            .all(|r| case.join(r["directory"].as_str().unwrap()).join("request.pem").is_file())
    );
    for directory in directories.iter().step_by(count.div_ceil(3)) {
        let read = |name: &str| fs::read(directory.join(name)).unwrap();
        openssl(&["req", "-verify", "-noout"], &read("request.pem")).unwrap();
        let public = openssl(&["req", "-noout", "-pubkey"], &read("request.pem")).unwrap();
        assert_eq!(
            public,
            openssl(&["pkey", "-pubout"], &read("key.pem")).unwrap(),
            "the request is for the key beside it"
        );
    }
    let leftovers = everything(case)
        .into_iter()
        .filter(|(p, _)| p.to_str().unwrap().contains("replacements/.new-"))
        .count();
    assert_eq!(leftovers, 0);
}

/// A file system of its own, unmounted in the end.
struct Mount(PathBuf);

impl Mount {
    /// `None` where one may not mount.
    fn new(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(path)
            .output()
            .ok()?;
        done.status.success().then(|| Self(path.to_owned()))
    }

    fn resize(&self, size: &str) {
        assert!(
            Command::new("mount")
                .args(["-o", &format!("remount,size={size}")])
                .arg(&self.0)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_the_run_and_a_later_one_finishes() {
    let count = 200;
    let folder = bundles(count);
    // So small that nothing fits, the plan does not, some replacements do not.
    for size in ["8k", "64k", "256k", "1m"] {
        let Some(mount) = Mount::new(&folder.path().join("disk"), size) else {
            // By limit of file size alone then, in the next test.
            return;
        };
        let case = mount.0.join("case");
        let ran = run(SMALL, &arguments(&folder, &case));
        assert_eq!(ran.status, 2, "{size}: {ran:?}");
        let says =
            ["No space left on device", "database or disk is full"].iter().any(|s| ran.stderr.contains(s));
        assert!(says && ran.stderr.contains("disk/case"), "{size}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{size}");
        if case.is_dir() {
            whole(&case);
        }
        mount.resize("64m");
        let ran = run(SMALL, &arguments(&folder, &case));
        assert_eq!(ran.status, 1, "{size}: {ran:?}");
        complete(&case, count);
    }
}

#[test]
fn a_file_that_may_not_grow_ends_the_run_and_a_later_one_finishes() {
    let count = 20;
    // In blocks of 512 bytes, or of 1,024 in some shells. The signal is ignored, so that writing fails as on
    // a full disk.
    for blocks in [0, 1, 8, 40] {
        let folder = bundles(count);
        let case = folder.path().join("case");
        let shell = format!("trap '' XFSZ; ulimit -f {blocks};");
        let ran = finish(bounded(SMALL, &shell).args(arguments(&folder, &case)));
        assert_eq!(ran.status, 2, "{blocks}: {ran:?}");
        let says = ["File too large", "disk I/O error", "database or disk is full"]
            .iter()
            .any(|s| ran.stderr.contains(s));
        assert!(ran.stderr.contains("case") && says, "{blocks}: {}", ran.stderr);
        if case.is_dir() {
            whole(&case);
        }
        let ran = run(SMALL, &arguments(&folder, &case));
        assert_eq!(ran.status, 1, "{blocks}: {ran:?}");
        complete(&case, count);
    }
}

#[test]
fn data_that_cannot_be_written_ends_the_run() {
    let folder = bundles(3);
    for format in ["table", "csv", "json", "ndjson"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = bounded(SMALL, "");
        command.args(["scan", &folder.at("in"), "--format", format]).stdout(full).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{format}: {talk}");
        assert!(talk.contains("No space left on device"), "{format}: {talk}");
    }
}

#[test]
fn a_case_that_may_not_be_written_ends_the_run() {
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&leaked_leaf(), &[])).write("somebody/x", "").write("mine/case/x", "");
    let made = run(SMALL, &["run", &folder.at("in"), "-o", &folder.at("theirs"), BEFORE]);
    assert_eq!(made.status, 1);
    let root = fs::metadata(folder.path()).unwrap().uid() == 0;
    let mode = |name: &str, bits| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(bits)).unwrap()
    };
    mode(".", 0o755);
    fs::remove_file(folder.path().join("mine/case/x")).unwrap();
    for (name, bits) in [("somebody", 0o555), ("mine/case", 0o555), ("theirs", 0o500)] {
        mode(name, bits);
    }
    for case in ["somebody/new", "mine/case", "theirs"] {
        // Its owner may read it and not write; everybody else may not even read it.
        if !root && case == "theirs" {
            continue;
        }
        let program = for_anybody(&folder);
        let before = everything(folder.path()).len();
        let mut command = limited(SMALL, "", program.as_os_str());
        command.args(["run", &folder.at("in"), "-o", &folder.at(case), BEFORE]);
        if root {
            command.uid(65_534).gid(65_534);
        }
        let ran = finish(&mut command);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{case}: {ran:?}");
        let refused = ["not permitted", "permission denied", "belongs to the user root"]
            .iter()
            .any(|says| ran.stderr.to_lowercase().contains(says));
        assert!(ran.stderr.contains(case) && refused, "{case}: {}", ran.stderr);
        assert_eq!(everything(folder.path()).len(), before, "{case}");
    }
    for name in ["somebody", "mine/case", "theirs"] {
        mode(name, 0o755);
    }
}

#[test]
fn runs_killed_at_thirty_moments_are_finished_by_the_next() {
    let count = 200;
    let folder = bundles(count);
    let case = folder.path().join("case");
    // Not evenly spread, not the same ones every time; a failure prints them.
    let mut seed = u64::from(std::process::id()) | 1;
    let mut pauses = Vec::new();
    for _ in 0..30 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pause = (seed >> 33) % 250;
        pauses.push(pause);
        let mut child = certrecall()
            .args(arguments(&folder, &case))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        let _ = child.kill();
        child.wait().unwrap();
        if case.is_dir() {
            whole(&case);
        }
    }
    let ran = run(SMALL, &arguments(&folder, &case));
    assert_eq!(ran.status, 1, "{pauses:?}: {ran:?}");
    complete(&case, count);
}
