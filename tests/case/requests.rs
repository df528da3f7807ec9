//! Requests on exposed keys (DESIGN.md 2.13): whoever renews from one has the leaked key certified again.

use super::*;
use common::pki::{Key, leaked_leaf};
use serde_json::json;

#[test]
fn a_request_on_an_exposed_key_is_shown_found_and_leads_to_a_decision() {
    let folder = Folder::new();
    let leaked = leaked_leaf();
    folder.write("in/a.pem", bundle(&leaked, &[]));
    folder.write("in/renew/next.csr", leaked.key.request("next.example"));
    folder.write("in/other.csr", Key::new().request("other.example"));
    let case = folder.at("case");
    let run_plan = |more: &[&str]| {
        run(&[&["plan", &folder.at("in"), "-o", &case, "--uploaded", "2015-01-01"], more].concat())
    };
    let planned = run_plan(&[]);
    assert!(
        planned.status == 1
            && planned.stdout.contains("1 request on these keys")
            && planned.stdout.contains("next.example"),
        "{}",
        planned.stdout
    );
    assert!(!planned.stdout.contains("other.example"), "its key is in no upload: {}", planned.stdout);
    let read = || {
        serde_json::from_str::<Value>(&fs::read_to_string(folder.path().join("case/plan.json")).unwrap())
            .unwrap()
    };
    let plan = read();
    let of_key = |plan: &Value| {
        plan["keys"].as_array().unwrap().iter().find(|k| k["exposure"] == "exposed").unwrap()["requests"]
            .clone()
    };
    assert_eq!(of_key(&plan)[0]["dns_names"], json!(["next.example"]));
    assert_eq!(of_key(&plan)[0]["paths"], json!(["renew/next.csr"]));
    let about = |plan: &Value| -> Vec<Value> {
        let steps = plan["steps"].as_array().unwrap().iter();
        steps
            .filter(|s| {
                s["kind"] == "decide" && s["message"].as_str().unwrap().contains("certification request")
            })
            .cloned()
            .collect()
    };
    let [step] = &about(&plan)[..] else { panic!("one step for one request: {:#}", plan["steps"]) };
    assert!(
        step["message"].as_str().unwrap().contains("next.example")
            && step["message"].as_str().unwrap().contains("renew/next.csr"),
        "{step:#}"
    );
    assert!(fs::read_to_string(folder.path().join("case/plan.md")).unwrap().contains("next"));
    let sha256 = of_key(&plan)[0]["sha256"].as_str().unwrap().to_owned();
    for name in ["next.example", "renew/next.csr", &sha256, "NEXT.example"] {
        let explained = run(&["explain", &case, name]);
        assert!(
            explained.status == 0 && explained.stdout.contains("requests for certificates on it"),
            "{name}: {}",
            explained.stderr
        );
    }
    // The file is gone: what the case knows stays.
    fs::remove_dir_all(folder.path().join("in/renew")).unwrap();
    assert_eq!(run_plan(&[]).status, 1);
    assert_eq!(of_key(&read())[0]["dns_names"], json!(["next.example"]));
    assert_eq!(about(&read())[0]["id"], step["id"], "the same step, still open");
    assert_eq!(about(&read())[0]["status"], "ready");
    let id = step["id"].as_str().unwrap();
    assert_ne!(run(&["mark", &case, id, "confirmed", "--reason", "it renews with a new key now"]).status, 2);
    assert_eq!(about(&read())[0]["status"], "done");
    // Another request is another danger.
    folder.write("in/again.csr", leaked.key.request("again.example"));
    run_plan(&[]);
    let statuses: Vec<Value> = about(&read()).iter().map(|s| s["status"].clone()).collect();
    assert!(statuses.contains(&json!("ready")) && statuses.contains(&json!("done")), "{statuses:?}");
}

/// Makes of a case one of version 5, which knew no requests.
fn make_older(database: &std::path::Path) {
    const OBJECT: usize = 35;
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut select = connection.prepare("SELECT path, objects FROM file").unwrap();
    let files: Vec<(Vec<u8>, Vec<u8>)> =
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (path, objects) in files {
        let known: Vec<u8> = objects.chunks(OBJECT).filter(|o| o[0] != b'r').flatten().copied().collect();
        connection
            .execute("UPDATE file SET objects = ?2 WHERE path = ?1", rusqlite::params![path, known])
            .unwrap();
    }
    connection.execute_batch("DROP TABLE request; DROP TABLE plan; DROP TABLE plan_item; DROP TABLE name; DROP TABLE indexed; PRAGMA user_version = 5").unwrap();
}

#[test]
fn a_case_from_before_requests_were_kept_gets_them() {
    let folder = Folder::new();
    let leaked = leaked_leaf();
    folder.write("in/a.pem", bundle(&leaked, &[]));
    folder.write("in/next.csr", leaked.key.request("next.example"));
    folder.write("uploads.csv", "path,uploaded_at\na.pem,2015-06-01\nnext.csr,2015-06-01\n");
    let case = folder.at("case");
    let plan = || run(&["plan", &folder.at("in"), "-o", &case, "--manifest", &folder.at("uploads.csv")]);
    let read = || {
        serde_json::from_str::<Value>(&fs::read_to_string(folder.path().join("case/plan.json")).unwrap())
            .unwrap()
    };
    assert_eq!(plan().status, 1);
    let before = read();
    make_older(&folder.path().join("case/case.db"));
    for _ in 0..2 {
        assert_eq!(plan().status, 1);
        assert_eq!(
            (&read()["keys"], &read()["findings"]),
            (&before["keys"], &before["findings"]),
            "nothing is gone"
        );
    }
    fs::remove_file(folder.path().join("in/next.csr")).unwrap();
    plan();
    assert_eq!(read()["keys"][0]["requests"][0]["dns_names"], json!(["next.example"]));
}

#[test]
fn files_named_one_by_one_have_the_neighbours_that_they_have_on_the_disk() {
    let folder = Folder::new();
    let ca = common::pki::intermediate_of(&private_ca());
    folder.write("u/ca.crt", ca.pem());
    folder.write("u/ca.key", ca.key.encrypted());
    folder.write("v/r.csr", Key::new().request("a.example"));
    folder.write("v/r.key", Key::new().encrypted());
    for (case, paths) in
        [("folders", vec!["u", "v"]), ("files", vec!["u/ca.crt", "u/ca.key", "v/r.csr", "v/r.key"])]
    {
        let paths: Vec<String> = paths.iter().map(|p| folder.at(p)).collect();
        let case_at = folder.at(case);
        let mut arguments = vec!["plan", "-o", &case_at, "--uploaded", "2015-01-01"];
        arguments.extend(paths.iter().map(String::as_str));
        assert_eq!(run(&arguments).status, 3);
        let plan = serde_json::from_str::<Value>(
            &fs::read_to_string(folder.path().join(case).join("plan.json")).unwrap(),
        )
        .unwrap();
        let exposures: Vec<&Value> =
            plan["keys"].as_array().unwrap().iter().map(|k| &k["exposure"]).collect();
        assert_eq!(exposures, ["presumed", "presumed"], "{case}");
    }
}
