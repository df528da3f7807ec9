//! Cases that belong to somebody else, and cases that a group shares.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::Incident;
use crate::common::{Ran, everything, for_anybody, modes, ran_as};

/// The owner of the case, a colleague of the same group, and a user of another one. No system has names for
/// them.
const OWNER: (u32, u32) = (54_001, 54_000);
const COLLEAGUE: (u32, u32) = (54_002, 54_000);
const STRANGER: (u32, u32) = (54_003, 54_009);
const ROOT: (u32, u32) = (0, 0);

fn run_as((uid, gid): (u32, u32), incident: &Incident, arguments: &[&str]) -> Ran {
    let mut command = Command::new(for_anybody(&incident.folder));
    ran_as(command.args(arguments).env("USER", "ada").uid(uid).gid(gid))
}

/// An incident whose folder belongs to the owner; `None` where tests do not run as root, who alone can become
/// somebody else.
fn incident() -> Option<Incident> {
    let incident = Incident::new();
    if fs::metadata(incident.folder.path()).unwrap().uid() != 0 {
        return None;
    }
    for_anybody(&incident.folder);
    for (path, meta) in everything(incident.folder.path()) {
        let path = incident.folder.path().join(path);
        fs::set_permissions(
            &path,
            fs::Permissions::from_mode(if meta.is_dir() { 0o755 } else { meta.mode() | 0o044 }),
        )
        .unwrap();
    }
    fs::set_permissions(incident.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(incident.folder.path(), Some(OWNER.0), Some(OWNER.1)).unwrap();
    Some(incident)
}

fn plan(user: (u32, u32), incident: &Incident, more: &[&str]) -> Ran {
    let (uploads, case) = (incident.path("uploads"), incident.path("case"));
    let mut arguments =
        vec!["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01", "--as-of", "2026-11-20"];
    arguments.extend(more);
    run_as(user, incident, &arguments)
}

#[test]
fn a_case_of_another_user_is_refused_with_its_owner_and_the_way_out() {
    let Some(incident) = incident() else { return };
    assert_eq!(plan(OWNER, &incident, &[]).status, 1);
    let (search, case, uploads) =
        (incident.id("search", "a.example"), incident.path("case"), incident.path("uploads"));
    let before = crate::common::state(&incident.folder.path().join("case"));
    for arguments in [
        &["mark", &case, &search, "searched", "--reason", "x"][..],
        &["status", &case],
        &["explain", &case, "a.example"],
        &["rekey", &case],
        &["complete", &case, &uploads],
        &["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01"],
        &["run", &uploads, "-o", &case, "--uploaded", "2016-01-01"],
    ] {
        let ran = run_as(ROOT, &incident, arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:?}");
        assert!(
            ran.stderr.contains("belongs to the user with the ID 54001")
                && ran.stderr.contains("hint: run this as its owner"),
            "{arguments:?}: {ran:?}"
        );
    }
    assert_eq!(crate::common::state(&incident.folder.path().join("case")), before);
    // A directory of somebody else is no place for a new case.
    let empty = incident.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    chown(&empty, Some(OWNER.0), Some(OWNER.1)).unwrap();
    let ran = run_as(ROOT, &incident, &["plan", &uploads, "-o", empty.to_str().unwrap()]);
    assert!(ran.status == 2 && ran.stderr.contains("belongs to the user"), "{ran:?}");
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
}

#[test]
fn a_group_shares_all_of_a_case_but_its_keys() {
    let Some(incident) = incident() else { return };
    assert_eq!(plan(OWNER, &incident, &["--mode", "group"]).status, 1);
    let (case, uploads) = (incident.path("case"), incident.path("uploads"));
    assert_eq!(run_as(OWNER, &incident, &["rekey", &case]).status, 1);
    let made = fs::read_dir(incident.folder.path().join("case/replacements"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap());
    let made: Vec<String> = made.collect();
    assert!(!made.is_empty());
    let right = |name: &str| match name {
        "replacements/" => 0o2770,
        name if name.starts_with("replacements/") && name.ends_with('/') => 0o700,
        name if name.starts_with("replacements/") => 0o600,
        name if name.ends_with('/') => 0o2770,
        _ => 0o660,
    };
    let check = || {
        for (name, mode) in modes(&incident.folder.path().join("case")) {
            assert_eq!(mode, right(&name), "{name}: {mode:o}");
        }
        assert_eq!(fs::metadata(&case).unwrap().permissions().mode() & 0o7777, 0o2770);
    };
    check();
    // A colleague marks, looks and plans anew; what was made is still known.
    let search = incident.id("search", "a.example");
    let ran = run_as(COLLEAGUE, &incident, &["mark", &case, &search, "searched", "--reason", "x"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(run_as(COLLEAGUE, &incident, &["status", &case]).status, 1);
    assert_eq!(run_as(COLLEAGUE, &incident, &["explain", &case, "a.example"]).status, 0);
    let directories = |plan: &serde_json::Value| {
        plan["replacements"].as_array().unwrap().iter().map(|r| r["directory"].clone()).collect::<Vec<_>>()
    };
    let before = directories(&incident.json());
    assert!(before.iter().any(serde_json::Value::is_string), "{before:?}");
    let ran = plan(COLLEAGUE, &incident, &[]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(directories(&incident.json()), before);
    check();
    // An earlier version kept these directories in plan.json alone, which nothing reads any more.
    let database = rusqlite::Connection::open(incident.folder.path().join("case/case.db")).unwrap();
    database.execute_batch("DELETE FROM plan; DELETE FROM plan_item;").unwrap();
    drop(database);
    let ran = plan(COLLEAGUE, &incident, &[]);
    assert!(ran.status == 2 && ran.stderr.contains("the owner has to run"), "{ran:?}");
    assert_eq!(directories(&incident.json()), before);
    // And then the owner again.
    let ran = run_as(OWNER, &incident, &["mark", &case, &search, "reopened", "--reason", "x"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(plan(OWNER, &incident, &[]).status, 1);
    check();
    // Keys are for the owner alone, and so is the mode.
    for arguments in [
        &["rekey", &case][..],
        &["rekey", &case, "--proofs", "--all-exposed"],
        &["complete", &case, &uploads],
        &["run", &uploads, "-o", &case, "--uploaded", "2016-01-01"],
        &["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01", "--mode", "owner"],
    ] {
        let ran = run_as(COLLEAGUE, &incident, arguments);
        assert!(
            ran.status == 2 && ran.stderr.contains("only its owner makes or uses keys"),
            "{arguments:?}: {ran:?}"
        );
    }
    for other in [STRANGER, ROOT] {
        let ran = run_as(other, &incident, &["status", &case]);
        assert!(ran.status == 2, "{ran:?}");
    }
    let ran = run_as(ROOT, &incident, &["status", &case]);
    assert!(ran.stderr.contains("is not shared with you as a group"), "root is not of the group: {ran:?}");
    // Back to its owner alone, the files that the colleague wrote last included.
    assert_eq!(plan(COLLEAGUE, &incident, &[]).status, 1);
    let ran = plan(OWNER, &incident, &["--mode", "owner"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    for (name, mode) in modes(&incident.folder.path().join("case")) {
        assert_eq!(mode, if name.ends_with('/') { 0o700 } else { 0o600 }, "{name}: {mode:o}");
    }
    assert!(everything(&incident.folder.path().join("case")).iter().all(|(_, meta)| meta.uid() == OWNER.0));
    assert_eq!(run_as(COLLEAGUE, &incident, &["status", &case]).status, 2);
}

/// A colleague could put a directory of theirs in the place of the one that keys are written to.
#[test]
fn no_key_is_written_into_a_directory_of_a_colleague() {
    let Some(incident) = incident() else { return };
    assert_eq!(plan(OWNER, &incident, &["--mode", "group"]).status, 1);
    let replacements = incident.folder.path().join("case/replacements");
    fs::create_dir(&replacements).unwrap();
    chown(&replacements, Some(COLLEAGUE.0), Some(COLLEAGUE.1)).unwrap();
    fs::set_permissions(&replacements, fs::Permissions::from_mode(0o2770)).unwrap();
    let ran = run_as(OWNER, &incident, &["rekey", &incident.path("case")]);
    assert!(
        ran.status == 2 && ran.stderr.contains("replacements\" belongs to the user with the ID 54002"),
        "{ran:?}"
    );
    assert_eq!(fs::read_dir(&replacements).unwrap().count(), 0);
}
