//! Searches that are closed by what they returned.

use std::fs;

use serde_json::Value;

use crate::Incident;
use crate::common::run;

/// What crt.sh answers, with one row a certificate: id, serial, name and end.
fn crt_sh(rows: &[(u64, &str, &str, &str)]) -> String {
    let row = |(id, serial, name, end): &(u64, &str, &str, &str)| {
        serde_json::json!({"issuer_ca_id": 1, "issuer_name": "C=US, O=\"Example, Inc.\", CN=Example Public CA", "common_name": name, "name_value": name, "id": id,
            "entry_timestamp": "2025-01-02T00:00:00.1", "not_before": "2025-01-01T00:00:00", "not_after": end, "serial_number": serial, "result_count": 2})
    };
    serde_json::to_string(&rows.iter().map(row).collect::<Vec<_>>()).unwrap()
}

/// The lines of plan.md that are about steps.
fn step_lines(incident: &Incident) -> Vec<String> {
    let text = fs::read_to_string(incident.path("case/plan.md")).unwrap();
    text.lines().filter(|line| line.starts_with("- [") && line.ends_with('`')).map(str::to_owned).collect()
}

#[test]
fn a_search_is_closed_by_what_it_returned_and_that_joins_the_plan() {
    let incident = Incident::new();
    incident.plan();
    let (search, deploy, revoke) = (
        incident.id("search", "a.example"),
        incident.id("deploy", "a.example"),
        incident.id("revoke", "a.example"),
    );
    incident.mark(&deploy, "deployed", &[]);
    let file = incident.path("found.json");
    let live = (12, "beef", "elsewhere.example", "2040-01-01T00:00:00");
    // The one that is here, by its issuer as crt.sh writes it; one elsewhere twice, as precertificate and
    // certificate; one that has expired.
    let here = r#"{"issuer_name":"CN=Example Private CA","name_value":"a.example","id":5,"not_before":"2015-01-01T00:00:00","not_after":"2040-01-01T00:00:00","serial_number":"07"}"#;
    let rows = crt_sh(&[
        (11, "beef", "elsewhere.example", "2040-01-01T00:00:00"),
        live,
        (3, "01", "old.example", "2019-01-01T00:00:00"),
    ]);
    fs::write(&file, rows.replacen('[', &format!("[{here},"), 1)).unwrap();
    let ran =
        run(&["mark", &incident.path("case"), &search, "searched", "--ct-export", &file, "--by", "Ada"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "3 certificates on the key, 1 of them at hand; of the others 1 expired, 1 can still be used"
        ),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("https://crt.sh/?d=12"), "{}", ran.stderr);
    let status = |id: &str| {
        let plan = incident.json();
        plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("{id}"))["status"].as_str().unwrap().to_owned()
    };
    let new = || {
        let plan = incident.json();
        let steps = plan["steps"].as_array().unwrap();
        let found: Vec<Value> = steps
            .iter()
            .filter(|s| s["message"].as_str().unwrap().contains("elsewhere.example"))
            .cloned()
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let replace = new()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (status(&search), status(&revoke), status(&replace)),
        ("done".into(), "waiting".into(), "ready".into()),
        "at once, without another plan"
    );
    assert!(
        incident.step("revoke", "a.example")["needs"]
            .as_array()
            .unwrap()
            .contains(&Value::from(replace.clone()))
    );
    // plan.md too, as the next plan writes it: the new step behind its search, and the numbers and needs that
    // follow.
    let written = step_lines(&incident);
    let place = |id: &str| {
        written
            .iter()
            .position(|line| line.ends_with(&format!("`{id}`")))
            .unwrap_or_else(|| panic!("{id}: {written:#?}"))
    };
    assert_eq!(place(&replace), place(&search) + 1);
    assert!(written[place(&replace)].starts_with("- [ ] "), "{written:#?}");
    // The next plan says the same, and tells of all that is elsewhere.
    incident.plan();
    assert_eq!(step_lines(&incident), written);
    assert_eq!(new()["id"], replace);
    assert_eq!((status(&search), status(&revoke)), ("done".into(), "waiting".into()));
    let plan = incident.json();
    let schema: Value = serde_json::from_str(include_str!("../../docs/schema/plan.schema.json")).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&plan)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let key = plan["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["certificates"][0]["dns_names"][0] == "a.example")
        .unwrap();
    assert!(key["steps"].as_array().unwrap().contains(&Value::from(replace.clone())));
    let elsewhere = key["elsewhere"].as_array().unwrap();
    assert_eq!(elsewhere.len(), 2, "{elsewhere:?}");
    let listed = elsewhere.iter().find(|l| l["serial"] == "beef").unwrap();
    assert_eq!(
        (&listed["crt_sh_id"], &listed["not_after"], &listed["names"][0]),
        (&12.into(), &"2040-01-01T00:00:00Z".into(), &"elsewhere.example".into())
    );
    let told = run(&["explain", &incident.path("case"), "a.example"]).stdout;
    for part in ["and not at hand", "serial beef", "serial 01", "https://crt.sh/?d=12", &replace] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(fs::read_to_string(incident.folder.path().join("case/plan.md")).unwrap().contains(&replace));
    // Replaced where it is used, or waived: the revocation is free.
    assert_eq!(incident.mark(&replace, "confirmed", &[]).status, 0);
    assert_eq!(status(&revoke), "ready");
    // Taken back, and fetched instead: it has steps of its own now, the one about it is closed.
    incident.mark(&replace, "reopened", &[]);
    let text = r#"[{"issuer_name":"CN=b","id":1,"serial_number":"0b","not_after":"2040-01-01"}]"#;
    fs::write(&file, text).unwrap();
    assert_eq!(
        run(&[
            "mark",
            &incident.path("case"),
            &search,
            "searched",
            "--ct-export",
            &file,
            "--reason",
            "again"
        ])
        .status,
        0
    );
    incident.plan();
    assert_eq!(new()["id"], replace, "what an earlier search found is kept");
}

#[test]
fn a_search_that_cannot_be_used_closes_nothing() {
    let incident = Incident::new();
    incident.plan();
    let (search, file) = (incident.id("search", "a.example"), incident.path("found.json"));
    let mark = |step: &str, status: &str, text: &str| {
        fs::write(&file, text).unwrap();
        run(&["mark", &incident.path("case"), step, status, "--ct-export", &file])
    };
    let other =
        r#"[{"issuer_name":"CN=Example Public CA","id":1,"serial_number":"0a1b","not_after":"2040-01-01"}]"#;
    for (text, says) in [
        ("", "it is empty"),
        ("<!doctype html><title>502</title>", "web page"),
        (&crt_sh(&[(1, "01", "x", "2040-01-01")])[..100], "cut off"),
        (other, "was that one searched for?"),
        (&format!("[{{\"pubkey_sha256\":\"{}\"}}]", "ab".repeat(32)), "another key"),
    ] {
        let ran = mark(&search, "searched", text);
        assert_eq!(ran.status, 2, "{text}");
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert_eq!(incident.step("search", "a.example")["status"], "ready");
    }
    for (step, status) in [(&*search, "waived"), (&incident.id("deploy", "a.example"), "deployed")] {
        let ran = mark(step, status, "[]");
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains("it closes searches"), "{}", ran.stderr);
    }
    // Some rows can be used, some cannot: those that can are kept, and the search stays open.
    let some = crt_sh(&[(1, "01", "elsewhere.example", "2040-01-01T00:00:00")]).replacen(
        '[',
        "[{\"issuer_name\":\"CN=A\"},",
        1,
    );
    let ran = mark(&search, "searched", &some);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("found.json:1: it has neither a serial number nor a fingerprint")
            && ran.stderr.contains("stays open"),
        "{}",
        ran.stderr
    );
    assert_eq!(incident.step("search", "a.example")["status"], "ready");
    assert_eq!(mark(&search, "searched", "[]").status, 0, "nothing found is an answer");
    assert_eq!(incident.step("search", "a.example")["status"], "done");
    incident.plan();
    let plan = incident.json();
    assert!(
        plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s["message"].as_str().unwrap().contains("elsewhere.example")),
        "kept from the broken answer"
    );
}

/// One file for both searches.
#[test]
fn one_file_closes_the_searches_of_many_keys() {
    let incident = Incident::new();
    incident.plan();
    let (a, b) = (incident.step("search", "a.example"), incident.step("search", "b.example"));
    let file = incident.path("found.json");
    let mark = |rows: &[Value]| {
        fs::write(&file, serde_json::to_string(rows).unwrap()).unwrap();
        run(&[
            "mark",
            &incident.path("case"),
            "--kind",
            "search",
            "searched",
            "--ct-export",
            &file,
            "--by",
            "Ada",
            "--yes",
        ])
    };
    let row = |issuer: &str, serial: &str, name: &str| serde_json::json!({"issuer_name": issuer, "serial_number": serial, "name_value": name, "not_after": "2040-01-01"});
    let named = |key: &Value, serial: &str, name: &str| {
        let mut row = row("CN=Another CA", serial, name);
        row["spki_sha256"] = key["spki_sha256"].clone();
        row
    };
    // The certificate at hand joins the one row to its key; nothing joins the other, so it clears nothing.
    let here = row("CN=Example Private CA", "07", "a.example");
    let ran = mark(&[here.clone(), row("CN=Another CA", "01", "stray.example")]);
    assert_eq!(ran.status, 3, "{ran:?}");
    let (id_a, id_b) = (a["id"].as_str().unwrap(), b["id"].as_str().unwrap());
    assert!(
        ran.stderr.contains(&format!("{id_a} stays open: 1 row of found.json can be about its key")),
        "{ran:?}"
    );
    assert!(ran.stderr.contains(&format!("{id_b} stays open: found.json has no row for its key")), "{ran:?}");
    assert!(
        ran.stderr.contains("found.json:2: it names no key")
            && ran.stderr.contains("0 of 2 search steps closed"),
        "{ran:?}"
    );
    assert_eq!(
        (incident.step("search", "a.example")["status"].clone(), step_lines(&incident).len()),
        ("ready".into(), incident.json()["steps"].as_array().unwrap().len())
    );
    // One key has rows, the other none and is not named: that one stays open, which is no failure.
    let ran = mark(&[here, named(&a, "02", "found-a.example")]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr.contains(&format!("{id_a}: found.json: 2 certificates on the key, 1 of them at hand")),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains(&format!("{id_b} stays open: found.json has no row"))
            && ran.stderr.contains("1 of 2 search steps closed"),
        "{ran:?}"
    );
    assert_eq!(
        (
            incident.step("search", "a.example")["status"].clone(),
            incident.step("search", "b.example")["status"].clone()
        ),
        ("done".into(), "ready".into())
    );
    // The rest, once the file names its key; what was found for each is a step at once, in plan.json and in
    // plan.md.
    run(&["mark", &incident.path("case"), id_a, "reopened", "--reason", "again", "--by", "Ada"]);
    let ran = mark(&[
        named(&a, "02", "found-a.example"),
        named(&b, "03", "found-b.example"),
        named(&b, "04", "found-c.example"),
    ]);
    assert!(ran.status == 0 && ran.stderr.contains("2 of 2 search steps closed"), "{ran:?}");
    let written = step_lines(&incident);
    let place = |part: &str| {
        written.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {written:#?}"))
    };
    assert_eq!(place("found-a.example"), place(id_a) + 1);
    let mut behind = [place("found-b.example"), place("found-c.example")];
    behind.sort_unstable();
    assert_eq!(behind, [place(id_b) + 1, place(id_b) + 2]);
    let steps = incident.json()["steps"].clone();
    incident.plan();
    assert_eq!(
        (step_lines(&incident), &incident.json()["steps"]),
        (written, &steps),
        "as the next plan has them"
    );
}
