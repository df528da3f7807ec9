//! A case that lasts: what people said of its steps, what it tells of a key, and what being killed, run twice or run at once does to it.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::pki::{bundle, leaf, private_ca, public_ca};
use common::{Folder, Ran, certrecall, run};
use serde_json::Value;

/// Two exposed keys with a live certificate each, one of which was uploaded without its key; and the case that `plan` makes of them.
struct Incident {
    folder: Folder,
}

impl Incident {
    fn new() -> Self {
        let incident = Self { folder: Folder::new() };
        let uploads = incident.folder.path().join("uploads");
        fs::create_dir(&uploads).unwrap();
        let ca = private_ca();
        fs::write(uploads.join("a.pem"), bundle(&leaf("a.example").serial(7).from("2026-10-01").to("2027-03-01").by(&ca), &[])).unwrap();
        fs::write(uploads.join("b.pem"), leaf("b.example").from("2015-01-01").to("2040-01-01").by(&public_ca()).pem()).unwrap();
        incident
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn plan(&self) -> Ran {
        run(&["plan", &self.path("uploads"), "-o", &self.path("case"), "--uploaded", "2016-01-01", "--as-of", "2026-11-20"])
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.path().join("case/plan.json")).unwrap()).unwrap()
    }

    /// The step of that kind about the certificate of that name.
    fn step(&self, kind: &str, name: &str) -> Value {
        let plan = self.json();
        let keys = plan["keys"].as_array().unwrap();
        let key = keys.iter().find(|k| k["certificates"].as_array().unwrap().iter().any(|c| c["dns_names"][0] == name)).unwrap();
        let ids = key["steps"].as_array().unwrap();
        let steps = plan["steps"].as_array().unwrap();
        steps.iter().find(|s| s["kind"] == kind && ids.contains(&s["id"])).unwrap_or_else(|| panic!("{kind} {name}")).clone()
    }

    fn id(&self, kind: &str, name: &str) -> String {
        self.step(kind, name)["id"].as_str().unwrap().to_owned()
    }

    fn mark(&self, step: &str, status: &str, more: &[&str]) -> Ran {
        let case = self.path("case");
        let mut arguments = vec!["mark", &case, step, status, "--reason", "because", "--by", "Ada"];
        arguments.extend(more);
        run(&arguments)
    }
}

#[test]
fn what_is_said_of_a_step_lasts_and_frees_the_next() {
    let incident = Incident::new();
    assert_eq!(incident.plan().status, 1);
    let (deploy, search, revoke) = (incident.id("deploy", "a.example"), incident.id("search", "a.example"), incident.id("revoke", "a.example"));
    assert_eq!(incident.step("revoke", "a.example")["status"], "waiting");
    assert_eq!(incident.mark(&deploy, "deployed", &[]).status, 0);
    assert_eq!(incident.step("replace", "a.example")["status"], "done", "what is deployed was issued");
    assert_eq!(incident.step("revoke", "a.example")["status"], "waiting", "the search is still due");
    assert_eq!(incident.mark(&search[..12], "searched", &[]).status, 0, "the beginning of a name is enough");
    assert_eq!(incident.step("revoke", "a.example")["status"], "ready");
    let text = fs::read_to_string(incident.folder.path().join("case/plan.md")).unwrap();
    assert!(text.lines().any(|l| l.starts_with("- [x]") && l.ends_with(&format!("`{search}`"))), "{text}");
    assert!(text.lines().any(|l| l.starts_with("- [ ]") && l.ends_with(&format!("`{revoke}`"))), "{text}");
    assert_eq!(incident.mark(&revoke, "sent", &["--at", "2026-11-20T10:00:00Z"]).status, 0);
    let before = incident.json();
    assert_eq!(incident.step("verify", "a.example")["deadline"], "2026-11-21T10:00:00Z");
    assert!(incident.step("verify", "a.example")["deadline_source"].as_str().unwrap().starts_with("24 hours from the evidence"));
    // Another run forgets nothing and makes nothing twice.
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.json()["steps"], before["steps"]);
    let status = run(&["status", &incident.path("case"), "--as-of", "2026-11-22T00:00:00Z", "--format", "json"]);
    assert_eq!(status.status, 1);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["late"][0]["id"], incident.id("verify", "a.example"));
    assert_eq!(status["words"][0]["mark"], "sent");
    assert_eq!(status["steps"]["search"], serde_json::json!({"ready": 1, "done": 1}));
    // A word can be taken back.
    assert_eq!(incident.mark(&search, "reopened", &[]).status, 0);
    assert_eq!(incident.step("search", "a.example")["status"], "ready");
}

#[test]
fn explain_tells_the_whole_story_by_any_of_its_names() {
    let incident = Incident::new();
    incident.plan();
    let deploy = incident.id("deploy", "a.example");
    incident.mark(&deploy, "deployed", &["--at", "2026-11-20T10:00:00Z"]);
    let plan = incident.json();
    let key = plan["keys"].as_array().unwrap().iter().find(|k| k["certificates"][0]["dns_names"][0] == "a.example").unwrap();
    let certificate = &key["certificates"][0];
    for name in [&key["spki_sha256"], &certificate["sha256"], &certificate["dns_names"][0], &certificate["serial"], &certificate["paths"][0]] {
        let told = run(&["explain", &incident.path("case"), name.as_str().unwrap()]);
        assert_eq!(told.status, 0, "{name}: {}", told.stderr);
        for part in ["a.pem", "evidence: uploaded", "replace-and-revoke, valid", "2026-11-20T10:00:00Z deployed by Ada: because", &deploy] {
            assert!(told.stdout.contains(part), "{name} tells {part}: {}", told.stdout);
        }
        assert!(!told.stdout.contains("b.example"), "{}", told.stdout);
    }
    let told = run(&["explain", &incident.path("case"), "a.example", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told[0]["words"][0]["by"], "Ada");
    let nothing = run(&["explain", &incident.path("case"), "nobody.example"]);
    assert_eq!(nothing.status, 2);
    assert!(nothing.stderr.contains("nothing in the case answers to"), "{}", nothing.stderr);
}

#[test]
fn what_cannot_be_said_is_refused_with_what_can() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    for (step, status, more, says) in [
        (&*search, "sent", &[][..], "cannot be sent; it can be searched, waived, reopened"),
        ("search-zz", "searched", &[], "the plan has no step"),
        ("search", "searched", &[], "is the beginning of several steps"),
        (&*search, "searched", &["--at", "2999-01-01"], "has not come yet"),
        (&*search, "finished", &[], "write waived, deployed, sent, searched, confirmed, cleared, reopened"),
    ] {
        let ran = incident.mark(step, status, more);
        assert_eq!(ran.status, 2, "{step} {status}");
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    assert_eq!(run(&["mark", &incident.path("case"), &search, "searched"]).status, 2, "a reason is needed");
    // What happened out of turn is written down all the same, and told.
    let ran = incident.mark(&incident.id("revoke", "a.example"), "sent", &[]);
    assert_eq!(ran.status, 0);
    assert!(ran.stderr.contains("was to come before"), "{}", ran.stderr);
}

#[test]
fn steps_that_vanish_are_closed_with_a_reason_and_come_back_with_their_history() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    incident.mark(&search, "searched", &[]);
    let (file, aside) = (incident.folder.path().join("uploads/a.pem"), incident.folder.path().join("aside.pem"));
    fs::rename(&file, &aside).unwrap();
    let ran = incident.plan();
    assert!(ran.stderr.contains("closed"), "{}", ran.stderr);
    let status: Value = serde_json::from_str(&run(&["status", &incident.path("case"), "--format", "json"]).stdout).unwrap();
    assert!(status["closed"].as_u64().unwrap() > 3);
    assert_eq!(status["words"][0]["step"], search, "what was said is kept");
    fs::rename(&aside, &file).unwrap();
    let ran = incident.plan();
    assert!(ran.stderr.contains("needed again"), "{}", ran.stderr);
    assert_eq!(incident.step("search", "a.example")["status"], "done");
}

#[test]
fn the_database_is_private_and_an_older_or_newer_case_is_told_apart() {
    let incident = Incident::new();
    incident.plan();
    let database = incident.folder.path().join("case/case.db");
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    let search = incident.id("search", "a.example");
    // A case from before there was a database: it gets one.
    fs::remove_file(&database).unwrap();
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    // The version is at byte 60 of the file (SQLite file format, section 1.3).
    let mut bytes = fs::read(&database).unwrap();
    assert_eq!(bytes[60..64], [0, 0, 0, 2]);
    bytes[60..64].copy_from_slice(&[0, 0, 0, 99]);
    fs::write(&database, &bytes).unwrap();
    let ran = run(&["status", &incident.path("case")]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("was written by a newer certrecall"), "{}", ran.stderr);
    fs::write(&database, b"this is no database, but long enough to be taken for one at first sight, or so one would think").unwrap();
    let ran = run(&["status", &incident.path("case")]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("cannot use") && ran.stderr.contains("case.db"), "{}", ran.stderr);
}

#[test]
fn a_case_of_version_1_opens_with_all_that_was_said_in_it() {
    let folder = Folder::new();
    let uploads = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident/uploads/globex");
    let case = folder.at("case");
    let plan = || run(&["plan", uploads, "-o", &case, "--uploaded", "2015-01-01"]);
    assert_eq!(plan().status, 3, "a locked key is told");
    let database = folder.path().join("case/case.db");
    fs::remove_file(&database).unwrap();
    rusqlite::Connection::open(&database).unwrap().execute_batch(include_str!("../testdata/case/version-1.sql")).unwrap();
    let status = || serde_json::from_str::<Value>(&run(&["status", &case, "--format", "json"]).stdout).unwrap();
    let said = status()["words"].clone();
    assert_eq!(said.as_array().unwrap().len(), 4);
    let version: u32 = rusqlite::Connection::open(&database).unwrap().query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
    assert_eq!(version, 2, "opening it brought it to the present form");
    assert_eq!(plan().status, 3);
    assert_eq!(status()["words"], said);
    let plan: Value = serde_json::from_slice(&fs::read(folder.path().join("case/plan.json")).unwrap()).unwrap();
    let step = |id: &str| plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("{id}"))["status"].clone();
    for id in ["deploy-02ac0f2a04910804", "replace-b4419158408cdf34", "search-ca5e40ca35cabc91"] {
        assert_eq!(step(id), "done", "{id}");
    }
    let presumed = common::key(&plan, "4d1a9e97662010f736ff541b51eb15dfebebd84d17156e04acc3cbe7d8fcbe7e");
    assert_eq!(presumed["exposure"], "cleared", "the decision holds");
}

#[test]
fn a_suspicion_is_cleared_or_confirmed_by_a_word_and_that_can_be_taken_back() {
    let incident = Incident::new();
    incident.plan();
    let decide = incident.id("decide", "b.example");
    let exposure = || {
        let plan = incident.json();
        let keys = plan["keys"].as_array().unwrap();
        let key = keys.iter().find(|k| k["certificates"][0]["dns_names"][0] == "b.example").unwrap();
        (key["exposure"].clone(), key["because"][0]["evidence"].clone(), key["because"][0]["says"].as_str().unwrap().to_owned())
    };
    assert_eq!(exposure().0, "presumed");
    assert_eq!(incident.mark(&decide, "cleared", &[]).status, 0);
    incident.plan();
    let (now, evidence, says) = exposure();
    assert_eq!((now, evidence), ("cleared".into(), "decision".into()));
    assert!(says.contains("because") && says.contains("Ada"), "{says}");
    let first = incident.json();
    incident.plan();
    assert_eq!(incident.json()["keys"], first["keys"], "the decision keeps its date");
    assert_eq!(incident.mark(&decide, "reopened", &[]).status, 0);
    incident.plan();
    assert_eq!(exposure().0, "presumed");
    assert_eq!(incident.mark(&decide, "confirmed", &[]).status, 0);
    incident.plan();
    assert_eq!(exposure().0, "exposed");
    // On the command line too, and remembered from then on.
    let key = incident.json()["keys"][0]["spki_sha256"].as_str().unwrap().to_owned();
    let clear = format!("{key}=it lived in a module that gives no key away");
    run(&["plan", &incident.path("uploads"), "-o", &incident.path("case"), "--uploaded", "2016-01-01", "--clear", &clear]);
    incident.plan();
    assert_eq!(incident.json()["keys"][0]["exposure"], "cleared");
}

#[test]
fn two_at_once_exclude_each_other() {
    let incident = Incident::new();
    incident.plan();
    let marker = fs::File::open(incident.folder.path().join("case/certrecall-case.json")).unwrap();
    marker.lock().unwrap();
    for ran in [incident.plan(), incident.mark("search", "searched", &[]), run(&["status", &incident.path("case")])] {
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains("another certrecall works on the case"), "{}", ran.stderr);
    }
    // Another test may be starting a program right now, which for a moment holds a copy of this descriptor: closing it would not do.
    marker.unlock().unwrap();
    assert_eq!(incident.plan().status, 1);
}

#[test]
fn a_hundred_kills_leave_a_case_that_opens_and_goes_on() {
    let incident = Incident::new();
    incident.plan();
    let (search, case, uploads) = (incident.id("search", "a.example"), incident.path("case"), incident.path("uploads"));
    let plan: &[&str] = &["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01"];
    let mark: &[&str] = &["mark", &case, &search, "searched", "--reason", "again", "--by", "Ada"];
    let begun = Instant::now();
    assert_eq!(incident.plan().status, 1);
    let whole = begun.elapsed().as_micros() as u64;
    let mut killed = 0;
    for round in 0..100u64 {
        let command = if round % 2 == 0 { plan } else { mark };
        let mut child = certrecall().args(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Points spread over the length of a run, in no order (a step of 37 visits them all).
        sleep(Duration::from_micros(whole * (round * 37 % 100) / 100));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        if round % 10 == 9 {
            let status = run(&["status", &case]);
            assert_eq!(status.status, 1, "round {round}: {}", status.stderr);
        }
    }
    assert!(killed > 20, "only {killed} runs were killed");
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.step("search", "a.example")["status"], "done");
    let leftovers: Vec<_> = fs::read_dir(&case).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let known = [".gitignore", "case.db", "certrecall-case.json", "exposed-spki.txt", "plan.json", "plan.md", "suspected-spki.txt"];
    assert!(leftovers.iter().all(|n| known.contains(&n.as_str())), "{leftovers:?}");
}

/// What crt.sh answers, with one row a certificate: id, serial, name and end.
fn crt_sh(rows: &[(u64, &str, &str, &str)]) -> String {
    let row = |(id, serial, name, end): &(u64, &str, &str, &str)| {
        serde_json::json!({"issuer_ca_id": 1, "issuer_name": "C=US, O=\"Example, Inc.\", CN=Example Public CA", "common_name": name, "name_value": name, "id": id,
            "entry_timestamp": "2025-01-02T00:00:00.1", "not_before": "2025-01-01T00:00:00", "not_after": end, "serial_number": serial, "result_count": 2})
    };
    serde_json::to_string(&rows.iter().map(row).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_search_is_closed_by_what_it_returned_and_that_joins_the_plan() {
    let incident = Incident::new();
    incident.plan();
    let (search, deploy, revoke) = (incident.id("search", "a.example"), incident.id("deploy", "a.example"), incident.id("revoke", "a.example"));
    incident.mark(&deploy, "deployed", &[]);
    let file = incident.path("found.json");
    let live = (12, "beef", "elsewhere.example", "2040-01-01T00:00:00");
    // The one that is here, by its issuer as crt.sh writes it; one elsewhere twice, as precertificate and certificate; one that has expired.
    let here = r#"{"issuer_name":"CN=Example Private CA","name_value":"a.example","id":5,"not_before":"2015-01-01T00:00:00","not_after":"2040-01-01T00:00:00","serial_number":"07"}"#;
    let rows = crt_sh(&[(11, "beef", "elsewhere.example", "2040-01-01T00:00:00"), live, (3, "01", "old.example", "2019-01-01T00:00:00")]);
    fs::write(&file, rows.replacen('[', &format!("[{here},"), 1)).unwrap();
    let ran = run(&["mark", &incident.path("case"), &search, "searched", "--ct-export", &file, "--by", "Ada"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("3 certificates on the key, 1 of them at hand; of the others 1 expired, 1 can still be used"), "{}", ran.stderr);
    assert!(ran.stderr.contains("https://crt.sh/?d=12"), "{}", ran.stderr);
    let status = |id: &str| {
        let plan = incident.json();
        plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("{id}"))["status"].as_str().unwrap().to_owned()
    };
    let new = || {
        let plan = incident.json();
        let steps = plan["steps"].as_array().unwrap();
        let found: Vec<Value> = steps.iter().filter(|s| s["says"].as_str().unwrap().contains("elsewhere.example")).cloned().collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let replace = new()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (status(&search), status(&revoke), status(&replace)),
        ("done".into(), "waiting".into(), "ready".into()),
        "at once, without another plan"
    );
    assert!(incident.step("revoke", "a.example")["needs"].as_array().unwrap().contains(&Value::from(replace.clone())));
    // The next plan says the same, and tells of all that is elsewhere.
    incident.plan();
    assert_eq!(new()["id"], replace);
    assert_eq!((status(&search), status(&revoke)), ("done".into(), "waiting".into()));
    let plan = incident.json();
    let schema: Value = serde_json::from_str(include_str!("../docs/schema/plan.schema.json")).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&plan).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let key = plan["keys"].as_array().unwrap().iter().find(|k| k["certificates"][0]["dns_names"][0] == "a.example").unwrap();
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
    assert_eq!(run(&["mark", &incident.path("case"), &search, "searched", "--ct-export", &file, "--reason", "again"]).status, 0);
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
    let other = r#"[{"issuer_name":"CN=Example Public CA","id":1,"serial_number":"0a1b","not_after":"2040-01-01"}]"#;
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
        assert!(ran.stderr.contains("it closes a search"), "{}", ran.stderr);
    }
    // Some rows can be used, some cannot: those that can are kept, and the search stays open.
    let some = crt_sh(&[(1, "01", "elsewhere.example", "2040-01-01T00:00:00")]).replacen('[', "[{\"issuer_name\":\"CN=A\"},", 1);
    let ran = mark(&search, "searched", &some);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("found.json:1: it has neither a serial number nor a fingerprint") && ran.stderr.contains("stays open"),
        "{}",
        ran.stderr
    );
    assert_eq!(incident.step("search", "a.example")["status"], "ready");
    assert_eq!(mark(&search, "searched", "[]").status, 0, "nothing found is an answer");
    assert_eq!(incident.step("search", "a.example")["status"], "done");
    incident.plan();
    let plan = incident.json();
    assert!(
        plan["steps"].as_array().unwrap().iter().any(|s| s["says"].as_str().unwrap().contains("elsewhere.example")),
        "kept from the broken answer"
    );
}
