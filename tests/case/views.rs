//! The views of a case are written from its database alone: nothing reads them back.

use std::fs;

use certrecall::case::rekey::suspect_keys;
use certrecall::id::SpkiHash;
use certrecall::report::json;
use certrecall::store::Case;
use certrecall::store::model::KeyRecord;
use serde_json::Value;

use crate::Incident;
use crate::common::pki::{bundle, leaf, private_ca};
use crate::common::{Folder, run};

/// Uploads with everything that a plan can have a record of: accounts, archives, paths that are not UTF-8,
/// names with hidden characters, requests, a locked and a broken file, a manifest row without a file.
fn awkward() -> Folder {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new();
    let ca = private_ca();
    let one = leaf("one.example").by(&ca);
    folder.write("in/one.pem", bundle(&one, &[&ca]));
    folder.write("in/back.zip!/deep/one.pem", one.pem());
    folder.write("in/\u{202e}two.pem", bundle(&leaf("xn--zwlf-6qa.example").by(&ca), &[]));
    let odd = std::ffi::OsStr::from_bytes(b"\xff.pem");
    fs::write(folder.path().join("in").join(odd), leaf("three.example").self_signed().pem()).unwrap();
    folder.write("in/broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    folder.write(
        "m.csv",
        "path,uploaded_at,account\none.pem,2015-01-01,\u{202e}acme\nback.zip,2015-02-01,other\nnone.pem,2015-01-01,x\n",
    );
    folder
}

fn plan(folder: &Folder) -> i32 {
    run(&["plan", &folder.at("in"), "-o", &folder.at("case"), "--manifest", &folder.at("m.csv")]).status
}

/// An open step of the plan.
fn open_step(plan: &Value) -> String {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().find(|s| s["status"] == "ready").unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn plan_json_written_from_the_case_is_the_one_that_plan_wrote() {
    let folder = awkward();
    assert!(plan(&folder) > 0);
    let (path, case) = (folder.path().join("case/plan.json"), folder.at("case"));
    let before = fs::read_to_string(&path).unwrap();
    let step = open_step(&serde_json::from_str(&before).unwrap());
    for damage in [None, Some(""), Some("{\"schema\":\"certrecall/plan/9\"}")] {
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let ran = run(&["mark", &case, &step, "reopened", "--reason", "nothing changes"]);
        assert_eq!((ran.status, ran.stderr.contains("plan.json")), (0, false), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{damage:?}");
    }
}

#[test]
fn a_record_read_back_is_the_record_that_was_written() {
    let folder = awkward();
    plan(&folder);
    let text = fs::read_to_string(folder.path().join("case/plan.json")).unwrap();
    let (mut keys, mut within) = (0, false);
    for line in text.lines() {
        match line {
            "\"keys\":[" => within = true,
            _ if !within => {}
            line => {
                let (record, last) = match line.strip_suffix("],") {
                    Some(record) => (record, true),
                    None => (line.trim_end_matches(','), false),
                };
                let read: KeyRecord = serde_json::from_str(record).unwrap();
                assert_eq!(String::from_utf8(json::to_vec(&read)).unwrap(), record);
                keys += 1;
                within = !last;
            }
        }
    }
    assert!(keys >= 4, "{text}");
}

#[test]
fn keys_are_made_and_named_without_any_view() {
    let incident = Incident::new();
    incident.plan();
    let case = incident.path("case");
    for view in ["plan.json", "exposed-spki.txt", "suspected-spki.txt"] {
        fs::remove_file(incident.folder.path().join("case").join(view)).unwrap();
    }
    let ran = run(&["rekey", &case]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let directories: Vec<Value> =
        incident.json()["replacements"].as_array().unwrap().iter().map(|r| r["directory"].clone()).collect();
    assert!(!directories.is_empty() && directories.iter().all(Value::is_string), "{directories:?}");
    let again = run(&["rekey", &case]);
    assert!(again.stderr.contains("0 new keys with requests made"), "{}", again.stderr);
}

/// Every name that explain and mark take, found in the index; the second time it is not made anew.
#[test]
fn keys_are_found_by_every_kind_of_name() {
    let folder = awkward();
    plan(&folder);
    let case = folder.at("case");
    let plan: Value = folder.json("case/plan.json");
    let certificate = plan["keys"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|k| k["certificates"].as_array().unwrap())
        .find(|c| c["dns_names"][0] == "one.example")
        .unwrap()
        .clone();
    let text = |name: &str| certificate[name].as_str().unwrap().to_owned();
    let serial = format!("0x{}", text("serial").to_uppercase());
    let names = [
        "ONE.example".to_owned(),
        "one.pem".to_owned(),
        "back.zip!/deep/one.pem".to_owned(),
        "deep/one.pem".to_owned(),
        text("subject"),
        text("sha256"),
        serial,
    ];
    for _ in 0..2 {
        for name in &names {
            let ran = run(&["explain", &case, name]);
            assert!(ran.status == 0 && ran.stdout.contains("one.example"), "{name}: {}", ran.stderr);
        }
        let idn = run(&["explain", &case, "zw\u{f6}lf.EXAMPLE"]);
        assert!(idn.stdout.contains("key "), "{}", idn.stderr);
        assert_eq!(run(&["explain", &case, "one.exam"]).status, 2);
    }
    // What is new is found too.
    folder.write("in/new.pem", bundle(&leaf("new.example").self_signed(), &[]));
    run(&["plan", "-o", &case]);
    assert_eq!(run(&["explain", &case, "new.example"]).status, 0);
    let host =
        run(&["mark", &case, "--host", "new.example.", "--kind", "search", "searched", "--reason", "x"]);
    assert_eq!(host.status, 0, "{}", host.stderr);
}

/// A record that is cut off is in no view, and keeps none from being read.
#[test]
fn a_cut_record_of_a_key_leaves_the_plan_readable() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    let database = rusqlite::Connection::open(incident.folder.path().join("case/case.db")).unwrap();
    let sql = "UPDATE key SET story = substr(story, 1, 40) WHERE spki = (SELECT min(spki) FROM key)";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
    let keys = incident.json()["keys"].as_array().unwrap().len();
    assert_eq!(incident.mark(&search, "waived", &[]).status, 0);
    assert_eq!(incident.json()["keys"].as_array().unwrap().len(), keys - 1);
}

/// The lists of hashes are views: what the case holds against a key does not go with them.
#[test]
fn keys_stay_suspect_without_their_lists() {
    let incident = Incident::new();
    incident.plan();
    let directory = incident.folder.path().join("case");
    let suspects = || {
        let case = Case::open(&directory).unwrap();
        suspect_keys(&case, &*case.store().unwrap()).unwrap()
    };
    let before = suspects();
    assert!(!before.0.is_empty());
    let more = SpkiHash::of(b"of another tool");
    let list = directory.join("exposed-spki.txt");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{text}{more}\n")).unwrap();
    assert!(suspects().0.contains(&more));
    for name in ["exposed-spki.txt", "suspected-spki.txt"] {
        fs::remove_file(directory.join(name)).unwrap();
    }
    assert_eq!(suspects(), before);
}

/// The index of names is made for those who ask for a name; a fingerprint may be written as OpenSSL does.
#[test]
fn names_are_indexed_when_one_is_asked_for() {
    let incident = Incident::new();
    incident.plan();
    let database = incident.folder.path().join("case/case.db");
    let indexed = || -> i64 {
        let database = rusqlite::Connection::open(&database).unwrap();
        database.query_row("SELECT count(*) FROM indexed", [], |row| row.get(0)).unwrap()
    };
    let case = incident.path("case");
    let ran = run(&["mark", &case, "--kind", "search", "searched", "--reason", "x", "--yes"]);
    assert_eq!((ran.status, indexed()), (0, 0), "{ran:?}");
    let plan = incident.json();
    let hash = plan["steps"].as_array().unwrap().iter().find_map(|s| s["certificates"][0].as_str()).unwrap();
    let pairs: Vec<&str> = (0..hash.len()).step_by(2).map(|at| &hash[at..at + 2]).collect();
    let colons = pairs.join(":").to_uppercase();
    let (plain, written) = (run(&["explain", &case, hash]), run(&["explain", &case, &colons]));
    assert_eq!((plain.status, written.status, indexed()), (0, 0, 1), "{written:?}");
    assert_eq!(plain.stdout, written.stdout);
}
