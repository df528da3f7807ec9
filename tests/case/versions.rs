//! Cases of earlier versions open: what was recorded is there, and what such a version did not keep is asked
//! for.

use std::fs;

use serde_json::Value;

use crate::common::{Folder, run};

/// A case as that version left it, without its `plan.json`.
fn case_of(sql: &str) -> Folder {
    let folder = Folder::new();
    let uploads = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident/uploads/globex");
    run(&["plan", uploads, "-o", &folder.at("case"), "--uploaded", "2015-01-01"]);
    let database = folder.path().join("case/case.db");
    fs::remove_file(&database).unwrap();
    let sql = sql.replace("/case/incident", concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident"));
    rusqlite::Connection::open(&database).unwrap().execute_batch(&sql).unwrap();
    folder
}

const VERSIONS: [(&str, usize); 3] = [
    (include_str!("../../testdata/case/version-1.sql"), 4),
    (include_str!("../../testdata/case/version-4.sql"), 3),
    (include_str!("../../testdata/case/version-6.sql"), 3),
];

#[test]
fn what_was_recorded_is_there_and_can_be_added_to() {
    for (sql, words) in VERSIONS {
        let folder = case_of(sql);
        let case = folder.at("case");
        let status =
            || serde_json::from_str::<Value>(&run(&["status", &case, "--format", "json"]).stdout).unwrap();
        assert_eq!(status()["words"].as_array().unwrap().len(), words);
        let explained = run(&["explain", &case, "support.globex.example", "--format", "json"]);
        assert_eq!(explained.status, 0, "{}", explained.stderr);
        let plan_json = fs::read(folder.path().join("case/plan.json")).unwrap();
        let marked = run(&["mark", &case, "search-ca5e40ca35cabc91", "reopened", "--reason", "again"]);
        assert_eq!(marked.status, 0, "{}", marked.stderr);
        assert!(marked.stderr.contains("stays as an earlier version wrote it"), "{}", marked.stderr);
        assert_eq!(fs::read(folder.path().join("case/plan.json")).unwrap(), plan_json);
        assert_eq!(status()["words"].as_array().unwrap().len(), words + 1);
    }
}

#[test]
fn what_needs_the_plan_asks_for_one_run_of_it() {
    for (sql, _) in VERSIONS {
        let folder = case_of(sql);
        let case = folder.at("case");
        for arguments in [
            &["rekey", &case][..],
            &["rekey", &case, "--show", "support.globex.example"],
            &["rekey", &case, "--proofs", "--all-exposed"],
            &["complete", &case, &case],
            &["mark", &case, "--ca", "x", "waived", "--reason", "x"],
        ] {
            let ran = run(arguments);
            assert!(
                ran.status == 2
                    && ran.stderr.contains("was made by an earlier version")
                    && ran.stderr.contains("hint: run `certrecall plan -o CASE` once"),
                "{arguments:?}: {}",
                ran.stderr
            );
        }
        let uploads = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident/uploads/globex");
        let planned = run(&["plan", uploads, "-o", &case, "--uploaded", "2015-01-01"]);
        assert_eq!(planned.status, 3, "a locked key: {}", planned.stderr);
        let rekeyed = run(&["rekey", &case]);
        assert!(rekeyed.status < 2 || rekeyed.status == 3, "{}", rekeyed.stderr);
    }
}
