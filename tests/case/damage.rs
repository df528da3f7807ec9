//! Cases that cannot be written, are damaged, or are of another version: each has its message, and nothing is
//! made worse.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::Incident;
use crate::common::{Ran, everything, for_anybody, ran_as, run};

/// Everything that a case can be asked for, with the status that is right where it can only be read.
fn commands(incident: &Incident, search: &str) -> Vec<(Vec<String>, bool)> {
    let owned = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let (case, uploads) = (incident.path("case"), incident.path("uploads"));
    vec![
        (owned(&["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01"]), true),
        (owned(&["mark", &case, search, "searched", "--reason", "x"]), true),
        (owned(&["rekey", &case]), true),
        (owned(&["status", &case]), false),
        (owned(&["explain", &case, "a.example"]), false),
    ]
}

#[test]
fn a_case_that_may_only_be_read_is_told_and_still_tells() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    let case = incident.folder.path().join("case");
    // Root may write whatever the modes are; so then it belongs to somebody else, who asks.
    let root = fs::metadata(incident.folder.path()).unwrap().uid() == 0;
    let mode = |path: PathBuf, bits| fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    for (path, _) in everything(&case) {
        mode(case.join(&path), 0o400);
        if root {
            chown(case.join(&path), Some(65_534), Some(65_534)).unwrap();
        }
    }
    mode(case.clone(), 0o500);
    mode(incident.folder.path().to_owned(), 0o755);
    if root {
        chown(&case, Some(65_534), Some(65_534)).unwrap();
    }
    let before = fs::read(case.join("case.db")).unwrap();
    for (arguments, writes) in commands(&incident, &search) {
        let mut command = Command::new(for_anybody(&incident.folder));
        command.args(&arguments);
        if root {
            command.uid(65_534).gid(65_534);
        }
        let ran = ran_as(&mut command);
        if writes {
            assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
            let says = ran.stderr.contains("Permission denied") || ran.stderr.contains("readonly database");
            assert!(
                says && ran.stderr.contains("case") && ran.stderr.contains("hint: "),
                "{arguments:?}: {}",
                ran.stderr
            );
        } else {
            assert!(ran.status < 2, "{arguments:?}: {ran:?}");
        }
    }
    mode(case.clone(), 0o700);
    assert_eq!(fs::read(case.join("case.db")).unwrap(), before);
}

#[test]
fn a_damaged_database_is_told_and_left_as_it_is() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    let database = incident.folder.path().join("case/case.db");
    let good = fs::read(&database).unwrap();
    let cut = good[..good.len() / 2].to_vec();
    let mut noise = good.clone();
    noise[4096..].iter_mut().enumerate().for_each(|(i, b)| *b = (i * 7) as u8);
    let mut head = good.clone();
    head[..16].copy_from_slice(b"SQLite format 4\0");
    for (what, bytes, says) in [
        ("cut off", cut, "malformed"),
        ("noise in its pages", noise, "malformed"),
        ("another head", head, "not a database"),
        (
            "text",
            b"this is no database, but long enough to be taken for one at first sight, or so one would think"
                .to_vec(),
            "not a database",
        ),
        ("empty", Vec::new(), "it is empty, though the case has a plan"),
    ] {
        fs::write(&database, &bytes).unwrap();
        for (arguments, _) in commands(&incident, &search).into_iter().filter(|(a, _)| a[0] != "rekey") {
            let ran = run(&arguments);
            assert_eq!(ran.status, 2, "{what}: {arguments:?}: {ran:?}");
            let told = ran.stderr.contains("cannot use")
                && ran.stderr.contains("case.db")
                && ran.stderr.contains(says);
            let way_out = ran.stderr.contains("put a copy from before in its place, or take it away");
            assert!(told && way_out, "{what}: {arguments:?}: {}", ran.stderr);
            assert_eq!(fs::read(&database).unwrap(), bytes, "{what}: {arguments:?} left it alone");
        }
    }
    fs::write(&database, &good).unwrap();
    assert_eq!(incident.plan().status, 1);
    assert_eq!(
        incident.step("search", "a.example")["status"],
        "done",
        "a copy from before brings everything back"
    );
}

#[test]
fn a_database_that_is_gone_is_told_and_only_a_plan_goes_on() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    let (case, uploads) = (incident.path("case"), incident.path("uploads"));
    let database = incident.folder.path().join("case/case.db");
    let good = fs::read(&database).unwrap();
    let before = everything(&incident.folder.path().join("case")).len();
    fs::remove_file(&database).unwrap();
    let readers: &[&[&str]] = &[
        &["mark", &case, &search, "searched", "--reason", "x"],
        &["status", &case],
        &["explain", &case, "a.example"],
        &["rekey", &case],
        &["rekey", &case, "--proofs"],
        &["complete", &case, &uploads],
    ];
    for arguments in readers {
        let ran = run(arguments);
        assert_eq!((ran.status, &*ran.stdout), (2, ""), "{arguments:?}: {ran:?}");
        let told = ran.stderr.contains("case.db")
            && ran.stderr.contains("is gone")
            && ran.stderr.contains("what was said");
        assert!(
            told && ran.stderr.contains("hint: put a copy of it back; or run `certrecall plan` again"),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert_eq!(
            everything(&incident.folder.path().join("case")).len(),
            before - 1,
            "{arguments:?} made something"
        );
    }
    let ran = incident.plan();
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("case.db\" is gone") && ran.stderr.contains("decisions about keys"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        incident.step("search", "a.example")["status"],
        "ready",
        "what was said is lost, and that was told"
    );
    assert!(!incident.plan().stderr.contains("is gone"), "once");
    // A copy turns up.
    fs::write(&database, &good).unwrap();
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.step("search", "a.example")["status"], "done");
}

#[test]
fn a_case_without_a_finished_plan_is_no_case_without_work() {
    let incident = Incident::new();
    incident.plan();
    let case = incident.folder.path().join("case");
    let database = rusqlite::Connection::open(case.join("case.db")).unwrap();
    // As a first plan leaves it that is killed: before anything is written, and between the views and the
    // database.
    database.execute_batch("DELETE FROM run; DELETE FROM step; DELETE FROM key").unwrap();
    for left in ["plan.json", "case.db", ""] {
        for arguments in
            [&["status", &incident.path("case")][..], &["explain", &incident.path("case"), "a.example"]]
        {
            let ran = run(arguments);
            assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
            assert!(
                ran.stderr.contains("has no finished plan")
                    && ran.stderr.contains("hint: run `certrecall plan`"),
                "{}",
                ran.stderr
            );
        }
        if !left.is_empty() {
            fs::remove_file(case.join(left)).unwrap();
        }
    }
    let ran = incident.plan();
    assert_eq!((ran.status, ran.stderr.contains("is gone")), (1, false), "{}", ran.stderr);
}

#[test]
fn rows_that_cannot_be_read_are_told() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    let database = incident.folder.path().join("case/case.db");
    let good = fs::read(&database).unwrap();
    for (sql, command) in [
        ("UPDATE step SET content = '{'", 3),
        ("UPDATE word SET content = '{\"mark\":\"eaten\"}'", 3),
        ("UPDATE key SET story = '[]'", 4),
        ("DROP TABLE step", 3),
        ("DROP TABLE run", 3),
        ("DELETE FROM key", 4),
    ] {
        fs::write(&database, &good).unwrap();
        rusqlite::Connection::open(&database).unwrap().execute_batch(sql).unwrap();
        let ran = run(&commands(&incident, &search)[command].0);
        assert_eq!(ran.status, 2, "{sql}: {ran:?}");
        assert!(
            ran.stderr.contains("case.db") || ran.stderr.contains("nothing in the case answers"),
            "{sql}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_newer_version_is_told_by_every_command() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    let database = incident.folder.path().join("case/case.db");
    rusqlite::Connection::open(&database).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = fs::read(&database).unwrap();
    for (arguments, _) in commands(&incident, &search).into_iter().filter(|(a, _)| a[0] != "rekey") {
        let ran = run(&arguments);
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(
            ran.stderr.contains("was written by a newer certrecall")
                && ran.stderr.contains("use the version that made it"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn a_mark_on_a_full_disk_is_refused_and_said_again_later() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    let case = incident.path("case");
    // In blocks of 512 bytes, or of 1,024 in some shells. The signal is ignored, so that writing fails as on
    // a full disk.
    for blocks in [0, 8, 24] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mark = ["mark", &case, &search, "searched", "--reason", "x"];
        let ran: Ran = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_certrecall")])
            .args(mark)
            .output()
            .unwrap()
            .into();
        assert_eq!(ran.status, 2, "{blocks}: {ran:?}");
        let says = ["File too large", "disk I/O error", "database or disk is full"]
            .iter()
            .any(|s| ran.stderr.contains(s));
        assert!(says && ran.stderr.contains("check free space"), "{blocks}: {}", ran.stderr);
        assert_eq!(run(&["status", &case]).status, 1, "{blocks}");
    }
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    assert_eq!(incident.step("search", "a.example")["status"], "done");
}

#[test]
fn lists_for_programs_are_written_though_the_text_for_people_cannot_be() {
    let incident = Incident::new();
    let case = incident.folder.path().join("case");
    incident.plan();
    let list = case.join("exposed-spki.txt");
    let exposed = fs::read(&list).unwrap();
    assert!(!exposed.is_empty());
    fs::remove_file(&list).unwrap();
    fs::remove_file(case.join("plan.md")).unwrap();
    fs::create_dir_all(case.join("plan.md/in the way")).unwrap();
    let ran = incident.plan();
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("plan.md"), "{}", ran.stderr);
    assert_eq!(fs::read(&list).unwrap(), exposed);
}

#[test]
fn no_keys_are_made_for_a_plan_that_was_not_finished() {
    let incident = Incident::new();
    let case = incident.folder.path().join("case");
    incident.plan();
    // As a first run leaves it that is killed between plan.json and the database.
    let database = case.join("case.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("DELETE FROM run; DELETE FROM key; DELETE FROM step")
        .unwrap();
    let ran = run(&["rekey", &incident.path("case")]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("has no finished plan") && ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(!case.join("replacements").exists());
}
