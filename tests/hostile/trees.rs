//! Folders and links that are deep, closed, circular or strangely named.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, Mode, OFlags};
use serde_json::Value;

use crate::common::pki::{leaked_leaf, pem};
use crate::common::{Folder, for_anybody};
use crate::{SMALL, bounded, check, finish, kinds, limited, run, scan};

/// Makes so many folders in one another, by steps: no path names the deepest. Puts a file into each
/// `every`th.
fn nest(start: &Path, name: &str, depth: usize, every: usize, text: &[u8]) {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let mut here = rustix::fs::openat(CWD, start, flags, Mode::empty()).unwrap();
    for i in 1..=depth {
        rustix::fs::mkdirat(&here, name, Mode::RWXU).unwrap();
        here = rustix::fs::openat(&here, name, flags, Mode::empty()).unwrap();
        if i % every == 0 {
            let file =
                rustix::fs::openat(&here, "a.pem", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
            std::io::Write::write_all(&mut fs::File::from(file), text).unwrap();
        }
    }
}

/// Removes a tree that is too deep for paths: by steps, too.
fn remove(path: &Path) {
    assert!(Command::new("rm").arg("-rf").arg(path).status().unwrap().success());
}

#[test]
fn ten_thousand_folders_in_one_another() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("in")).unwrap();
    nest(&folder.path().join("in"), "d", 10_000, 100, leaked_leaf().pem().as_bytes());
    let found = |more: &[&str]| scan(SMALL, &[&[folder.at("in").as_str()], more].concat());
    let outcome = std::panic::catch_unwind(|| {
        let (status, records) = found(&[]);
        // The limit of limits.rs is 512.
        let mut want = vec![("certificate", ""); 5];
        want.push(("skipped", "too-deep"));
        let mut got = kinds(&records);
        got.sort();
        assert_eq!((status, got), (3, want));
        assert!(records.iter().any(|r| r["detail"].as_str().is_some_and(|d| d.contains("--max-depth"))));
        // With the limit raised the operating system ends it, and that is told.
        let (status, records) = found(&["--max-depth=100000"]);
        assert_eq!(
            (status, records.iter().filter(|r| r["kind"] != "certificate").count()),
            (3, 1),
            "{:?}",
            kinds(&records)
        );
        assert!(
            records.iter().any(|r| r["kind"] == "unreadable" && r["reason"] == "io-error"),
            "{:?}",
            kinds(&records)
        );
        let ran = run(
            SMALL,
            &[
                "plan",
                &folder.at("in"),
                "-o",
                &folder.at("case"),
                "--uploaded=2015-01-01",
                "--max-depth=100000",
            ],
        );
        assert_eq!(ran.status, 3, "{}", ran.stderr);
    });
    remove(&folder.path().join("in"));
    outcome.unwrap();
}

#[test]
fn full_folders_in_one_another_with_few_open_files() {
    let folder = Folder::new();
    let (text, depth, each) = (leaked_leaf().pem(), 40, 33);
    let mut path = folder.path().to_path_buf();
    for _ in 0..depth {
        path.push("d");
        fs::create_dir(&path).unwrap();
        (0..each).for_each(|i| fs::write(path.join(format!("{i}.pem")), &text).unwrap());
    }
    for limit in ["ulimit -n 64;", "ulimit -n 40;"] {
        let ran = finish(bounded(SMALL, limit).args([
            "scan",
            "--all",
            "--format=ndjson",
            "--threads=2",
            &folder.at("d"),
        ]));
        let (status, records) = check(&ran);
        assert_eq!((status, records.len()), (0, depth * each), "{limit}: {:?}", kinds(&records).last());
        assert!(records.iter().all(|r| r["kind"] == "certificate"));
    }
}

/// What a thread has before it may be from as many folders as it has files.
#[test]
fn full_folders_of_one_file_with_few_open_files() {
    let folder = Folder::new();
    let (text, beside) = (leaked_leaf().pem(), 200);
    for i in 0..beside {
        let path = folder.path().join("in").join(i.to_string());
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("a.pem"), &text).unwrap();
        (0..31).for_each(|i| fs::create_dir(path.join(format!("empty{i}"))).unwrap());
    }
    let ran = finish(bounded(SMALL, "ulimit -n 40;").args([
        "scan",
        "--all",
        "--format=ndjson",
        "--threads=2",
        &folder.at("in"),
    ]));
    let (status, records) = check(&ran);
    assert_eq!((status, records.len()), (0, beside), "{:?}", kinds(&records).last());
    assert!(records.iter().all(|r| r["kind"] == "certificate"));
}

#[test]
fn paths_as_long_as_they_get() {
    let folder = Folder::new();
    let start = folder.path().join("in");
    fs::create_dir(&start).unwrap();
    let name = "n".repeat(255);
    fs::write(start.join(&name), leaked_leaf().pem()).unwrap();
    // 16 times 256 bytes are beyond the 4,096 of a path: the last folders have no name that can be opened.
    nest(&start, &"d".repeat(255), 17, 1, leaked_leaf().pem().as_bytes());
    let outcome = std::panic::catch_unwind(|| {
        let (status, records) = scan(SMALL, &[folder.at("in")]);
        let read = records.iter().filter(|r| r["kind"] == "certificate").count();
        assert!(status == 3 && read >= 15, "{:?}", kinds(&records));
        assert!(
            records.iter().filter(|r| r["kind"] != "certificate").all(|r| r["reason"] == "io-error"),
            "{:?}",
            kinds(&records)
        );
    });
    remove(&start);
    outcome.unwrap();
}

#[test]
fn names_of_every_byte() {
    let folder = Folder::new();
    let text = leaked_leaf().pem();
    let mut names: Vec<Vec<u8>> = (1..=255_u8).filter(|b| *b != b'/').map(|b| vec![b'x', b, b'.']).collect();
    names.extend(
        ["\u{202e}gpj", "\u{2066}a\u{2069}", "\u{1b}[2J", "a\nb", "-", "--help", " ", "...", "\\xff", "~"]
            .map(|n| n.as_bytes().to_vec()),
    );
    names.push(vec![0xff; 255]);
    for name in &names {
        folder.write(Path::new("in").join(OsStr::from_bytes(name)), &text);
    }
    let (status, records) = scan(SMALL, &[folder.at("in")]);
    assert_eq!(status, 0);
    let raw = |r: &Value| match r["path_b64"].as_str() {
        Some(text) => base64_simd::STANDARD.decode_to_vec(text).unwrap(),
        None => r["path"].as_str().unwrap().as_bytes().to_vec(),
    };
    names.sort();
    assert_eq!(records.iter().map(raw).collect::<Vec<_>>(), names);
}

#[test]
fn what_is_no_file_has_its_record_and_stops_nothing() {
    let folder = Folder::new();
    folder.write("in/z.pem", leaked_leaf().pem());
    let at = |name: &str| folder.path().join("in").join(name);
    drop(UnixListener::bind(at("socket")).unwrap());
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    let mut special = 2;
    // Only root makes devices.
    for (name, minor) in [("null", "3"), ("zero", "5"), ("random", "8")] {
        special += usize::from(
            Command::new("mknod").arg(at(name)).args(["c", "1", minor]).output().unwrap().status.success(),
        );
    }
    for (name, target) in
        [("to-zero", "/dev/zero"), ("to-tty", "/dev/tty"), ("to-fifo", "fifo"), ("to-stdin", "/dev/fd/0")]
    {
        symlink(target, at(name)).unwrap();
        special += usize::from(fs::metadata(at(name)).is_ok_and(|m| !m.is_file()) || name == "to-stdin");
    }
    for follow in [&[][..], &["--follow-symlinks"]] {
        let (status, records) = scan(SMALL, &[&[folder.at("in").as_str()], follow].concat());
        assert_eq!(status, 3);
        assert_eq!(
            records.iter().filter(|r| r["reason"] == "special-file").count(),
            special,
            "{:?}",
            kinds(&records)
        );
        assert_eq!(records.iter().filter(|r| r["kind"] == "certificate").count(), 1);
    }
}

#[test]
fn links_that_lead_nowhere_or_back() {
    let folder = Folder::new();
    folder.write("in/sub/a.pem", leaked_leaf().pem());
    let at = |name: &str| folder.path().join("in").join(name);
    let links = [
        ("self", "self"),
        ("one", "two"),
        ("two", "one"),
        ("sub/parent", ".."),
        ("sub/here", "."),
        ("root", "/proc/self/cwd/nowhere"),
        ("dangling", "nowhere"),
        ("sub/up", "../sub/../sub"),
        ("through", "sub/a.pem/x"),
        ("empty-name", "sub/a.pem/"),
    ];
    for (name, target) in links {
        symlink(target, at(name)).unwrap();
    }
    symlink("x".repeat(4000), at("long")).unwrap();
    for follow in [&[][..], &["--follow-symlinks"]] {
        let (status, records) = scan(SMALL, &[&[folder.at("in").as_str()], follow].concat());
        assert_eq!(status, 3);
        let paths: Vec<&str> = records.iter().map(|r| r["path"].as_str().unwrap()).collect();
        for (name, _) in links {
            assert!(
                paths.iter().any(|p| *p == name || p.starts_with(&format!("{name}/"))),
                "{name} has a record: {paths:?}"
            );
        }
        assert!(records.len() <= 2 * links.len(), "{paths:?}");
        assert!(paths.contains(&"sub/a.pem"));
    }
    // The root of the file system by a link, not followed: one record.
    symlink("/", at("slash")).unwrap();
    let (_, records) = scan(SMALL, &[folder.at("in")]);
    assert!(records.iter().any(|r| r["path"] == "slash" && r["reason"] == "link-not-followed"));
}

#[test]
fn a_farm_of_links_is_walked_once() {
    let folder = Folder::new();
    let count = 20;
    for i in 0..count {
        folder.write(format!("in/{i}/a.pem"), leaked_leaf().pem());
    }
    for i in 0..count {
        for j in (0..count).filter(|j| *j != i) {
            symlink(format!("../{j}"), folder.path().join(format!("in/{i}/to-{j}"))).unwrap();
        }
    }
    let (status, records) = scan(SMALL, &[&folder.at("in"), "--follow-symlinks"]);
    assert_eq!(status, 3);
    let count = |kind: &str| records.iter().filter(|r| r["kind"] == kind).count();
    // Each folder itself and once by a link at most, with 19 links in each.
    assert!((20..=40).contains(&count("certificate")), "{}", count("certificate"));
    assert!(records.len() <= 40 * 20, "{}", records.len());
    for i in 0..20 {
        let path = format!("{i}/a.pem");
        assert!(records.iter().any(|r| r["path"] == path.as_str()), "{path} is found by its own name too");
    }
}

#[test]
fn roots_given_twice_and_roots_in_roots() {
    let folder = Folder::new();
    folder.write("in/sub/a.pem", leaked_leaf().pem());
    let (all, sub) = (folder.at("in"), folder.at("in/sub"));
    let (_, records) = scan(SMALL, &[&all, &all, &sub, &folder.at("in/sub/a.pem")]);
    let places: Vec<_> =
        records.iter().map(|r| (r["root"].as_u64().unwrap(), r["path"].as_str().unwrap())).collect();
    assert_eq!(places, [(0, "sub/a.pem"), (1, "sub/a.pem"), (2, "a.pem"), (3, "a.pem")]);
    let ran = run(SMALL, &["run", &all, &all, &sub, "-o", &folder.at("case"), "--uploaded=2015-01-01"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let plan = folder.json("case/plan.json");
    assert_eq!(
        (plan["keys"].as_array().unwrap().len(), plan["replacements"].as_array().unwrap().len()),
        (1, 1),
        "one certificate, however often"
    );
    // A root that holds the case, given beside it.
    let again = run(
        SMALL,
        &["scan", folder.path().to_str().unwrap(), &folder.at("case"), "--all", "--format=ndjson"],
    );
    let (_, records) = check(&again);
    assert_eq!(records.iter().filter(|r| r["reason"] == "own-case").count(), 2, "{records:?}");
}

#[test]
fn folders_that_may_be_listed_or_entered_but_not_both() {
    let folder = Folder::new();
    for name in ["closed", "listed", "entered", "open"] {
        folder
            .write(format!("in/{name}/a.pem"), leaked_leaf().pem())
            .write(format!("in/{name}/sub/b.pem"), leaked_leaf().pem());
    }
    folder.write("root/a.pem", leaked_leaf().pem());
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    let user = |arguments: &[&str]| {
        let mut command = limited(SMALL, "", for_anybody(&folder).as_os_str());
        command.args(arguments);
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            mode(".", 0o755);
            command.uid(65_534).gid(65_534);
        }
        finish(&mut command)
    };
    for (name, bits) in [("in/closed", 0), ("in/listed", 0o444), ("in/entered", 0o111), ("root", 0)] {
        mode(name, bits);
    }
    let (status, records) = check(&user(&["scan", "--all", "--format=ndjson", &folder.at("in")]));
    let got: Vec<_> =
        records.iter().map(|r| (r["path"].as_str().unwrap(), r["kind"].as_str().unwrap())).collect();
    let denied = "unreadable";
    let want = [
        ("closed", denied),
        ("entered", denied),
        ("listed/a.pem", denied),
        ("listed/sub", denied),
        ("open/a.pem", "certificate"),
        ("open/sub/b.pem", "certificate"),
    ];
    assert_eq!((status, got), (3, want.to_vec()));
    assert!(
        records.iter().all(|r| r["kind"] == "certificate" || r["reason"] == "permission-denied"),
        "{records:?}"
    );
    // A root that may not be listed is a record; one below it cannot even be looked at and ends the run.
    let (status, records) = check(&user(&["scan", "--all", "--format=ndjson", &folder.at("root")]));
    assert_eq!((status, kinds(&records)), (3, vec![("unreadable", "permission-denied")]));
    assert_eq!(user(&["scan", &folder.at("root/a.pem")]).status, 2);
    for name in ["in/closed", "in/listed", "in/entered", "root"] {
        mode(name, 0o755);
    }
}

#[test]
fn a_folder_of_many_small_files_of_rubbish() {
    let folder = Folder::new();
    for i in 0..2000_u32 {
        // The first bytes of everything, and then something else.
        let tag = [0x30, 0x04, 0xfe, b'P', 0x1f, b'-', b'M', 0xff][i as usize % 8];
        let noise: Vec<u8> =
            (0..i % 97).map(|n| (n.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        folder.write(format!("in/{i}"), [vec![tag], noise].concat());
    }
    folder.write("in/label", pem("A\u{1b}[2JB", b"x"));
    let (_, records) = scan(SMALL, &[folder.at("in")]);
    assert!(records.len() >= 2001);
}
