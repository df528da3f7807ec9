//! A case that lasts: what people said of its steps, what it tells of a key, and what being killed, run twice
//! or run at once does to it.
#![allow(missing_docs, clippy::unwrap_used)]

mod accounts;
mod attacks;
mod changes;
#[path = "../common/mod.rs"]
mod common;
mod damage;
mod gone;
mod kills;
mod manifests;
mod marks;
mod outcome;
mod question;
mod replaced;
mod requests;
mod search;
mod sharing;
mod store;
mod tallies;
mod versions;
mod views;
mod walks;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::pki::{bundle, leaf, private_ca, public_ca};
use common::{Folder, Ran, run};
use serde_json::Value;

/// Two exposed keys with a live certificate each, one of which was uploaded without its key; and the case
/// that `plan` makes of them.
struct Incident {
    folder: Folder,
}

impl Incident {
    fn new() -> Self {
        let incident = Self { folder: Folder::new() };
        let uploads = incident.folder.path().join("uploads");
        fs::create_dir(&uploads).unwrap();
        let ca = private_ca();
        fs::write(
            uploads.join("a.pem"),
            bundle(&leaf("a.example").serial(7).from("2026-10-01").to("2027-03-01").by(&ca), &[]),
        )
        .unwrap();
        fs::write(
            uploads.join("b.pem"),
            leaf("b.example").from("2015-01-01").to("2040-01-01").by(&public_ca()).pem(),
        )
        .unwrap();
        incident
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn plan(&self) -> Ran {
        let (uploads, case) = (self.path("uploads"), self.path("case"));
        run(&[
            "plan",
            &uploads,
            "-o",
            &case,
            "--incident",
            "zendesk-2016",
            "--uploaded",
            "2016-01-01",
            "--as-of",
            "2026-11-20",
        ])
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.path().join("case/plan.json")).unwrap()).unwrap()
    }

    /// The step of that kind about the certificate of that name.
    fn step(&self, kind: &str, name: &str) -> Value {
        let plan = self.json();
        let keys = plan["keys"].as_array().unwrap();
        let key = keys
            .iter()
            .find(|k| k["certificates"].as_array().unwrap().iter().any(|c| c["dns_names"][0] == name))
            .unwrap();
        let ids = key["steps"].as_array().unwrap();
        let steps = plan["steps"].as_array().unwrap();
        steps
            .iter()
            .find(|s| s["kind"] == kind && ids.contains(&s["id"]))
            .unwrap_or_else(|| panic!("{kind} {name}"))
            .clone()
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
    let (deploy, search, revoke) = (
        incident.id("deploy", "a.example"),
        incident.id("search", "a.example"),
        incident.id("revoke", "a.example"),
    );
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
    assert!(
        incident.step("verify", "a.example")["deadline_source"]
            .as_str()
            .unwrap()
            .starts_with("24 hours from the evidence")
    );
    // Another run forgets nothing and makes nothing twice.
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.json()["steps"], before["steps"]);
    let status =
        run(&["status", &incident.path("case"), "--as-of", "2026-11-22T00:00:00Z", "--format", "json"]);
    assert_eq!(status.status, 1);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["late"][0]["id"], incident.id("verify", "a.example"));
    assert_eq!(status["words"][0]["mark"], "sent");
    assert_eq!(status["steps"]["search"], serde_json::json!({"ready": 1, "done": 1}));
    // A word can be taken back.
    assert_eq!(incident.mark(&search, "reopened", &[]).status, 0);
    assert_eq!(incident.step("search", "a.example")["status"], "ready");
    // Whoever reads the list knows what each is about.
    let told = run(&["status", &incident.path("case")]).stdout;
    assert!(told.contains(&format!("{search}: a.example: look for certificates on this key")), "{told}");
    assert_eq!(told.matches("a.example: have a new certificate").count(), 0, "its sentence says so already");
}

#[test]
fn the_summary_names_what_is_next_until_it_is_done() {
    let incident = Incident::new();
    let case = incident.path("case");
    let told = incident.plan().stdout;
    assert!(
        told.contains(&format!(
            "make the new keys and requests, if these hosts are yours: certrecall rekey {case}\n"
        )),
        "{told}"
    );
    assert!(told.contains("only then have the old certificates revoked"), "{told}");
    assert_eq!(run(&["rekey", &case]).status, 1);
    let steps = incident.json()["steps"].clone();
    for step in steps.as_array().unwrap().iter().filter(|s| s["kind"] == "revoke") {
        incident.mark(step["id"].as_str().unwrap(), "waived", &[]);
    }
    let revoke = incident.id("revoke", "a.example");
    let ticked = |tick: &str| {
        let text = fs::read_to_string(incident.folder.path().join("case/plan.md")).unwrap();
        text.lines().any(|l| l.starts_with(tick) && l.ends_with(&format!("`{revoke}`")))
    };
    assert!(ticked("- [-]"), "what is waived is not done");
    incident.mark(&revoke, "reopened", &[]);
    assert!(ticked("- [ ]"));
    incident.mark(&revoke, "waived", &[]);
    assert!(ticked("- [-]"));
    let told = incident.plan().stdout;
    assert!(ticked("- [-]"));
    assert!(!told.contains("certrecall rekey"), "they are made: {told}");
    assert!(!told.contains("only then have"), "nothing is left to revoke: {told}");
}

#[test]
fn the_summary_does_not_call_safe_what_could_not_be_read() {
    let folder = Folder::new();
    let ca = private_ca();
    folder.write("ca.pem", ca.pem());
    let plan =
        |case: &str| run(&["plan", &folder.at("ca.pem"), "-o", &folder.at(case), "--uploaded", "2016-01-01"]);
    let read = plan("read");
    assert!(
        read.status == 0 && read.stdout.contains("No exposed certificate is still valid\n"),
        "{}",
        read.stdout
    );
    folder.write("other.pem", ca.key.encrypted());
    let locked = run(&[
        "plan",
        &folder.at("ca.pem"),
        &folder.at("other.pem"),
        "-o",
        &folder.at("locked"),
        "--uploaded",
        "2016-01-01",
    ]);
    assert!(
        locked.status == 3
            && locked.stdout.contains("No exposed certificate is still valid among those that could be read"),
        "{}",
        locked.stdout
    );
}

#[test]
fn explain_tells_the_whole_story_by_any_of_its_names() {
    let incident = Incident::new();
    incident.plan();
    let deploy = incident.id("deploy", "a.example");
    incident.mark(&deploy, "deployed", &["--at", "2026-11-20T10:00:00Z"]);
    let plan = incident.json();
    let key = plan["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["certificates"][0]["dns_names"][0] == "a.example")
        .unwrap();
    let certificate = &key["certificates"][0];
    assert_eq!(certificate["serial"], "07");
    let names = [
        &key["spki_sha256"],
        &certificate["sha256"],
        &certificate["dns_names"][0],
        &certificate["serial"],
        &certificate["paths"][0],
    ];
    for name in names.map(|n| n.as_str().unwrap()).into_iter().chain(["7", "0x07", "00:07"]) {
        let told = run(&["explain", &incident.path("case"), name]);
        assert_eq!(told.status, 0, "{name}: {}", told.stderr);
        for part in [
            "a.pem",
            "evidence: uploaded (--uploaded), uploaded between 2015-12-31T10:00:00Z and 2016-01-02T11:59:59Z",
            "replace-and-revoke, valid",
            "2026-11-20T10:00:00Z deployed by Ada: because",
            &deploy,
        ] {
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
    let long = "x".repeat(4_097);
    for (reason, by, says) in [
        (" ", "Ada", "--reason: it is empty"),
        ("x", "", "--by: it is empty"),
        (&*long, "Ada", "--reason: it has more than"),
    ] {
        let ran = run(&["mark", &incident.path("case"), &search, "searched", "--reason", reason, "--by", by]);
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    // What happened out of turn is written down all the same, and told.
    let ran = incident.mark(&incident.id("revoke", "a.example"), "sent", &[]);
    assert_eq!(ran.status, 0);
    assert!(ran.stderr.contains("was to come before"), "{}", ran.stderr);
}

#[test]
fn a_list_of_steps_is_marked_at_once_or_not_at_all() {
    let incident = Incident::new();
    incident.plan();
    let searches = [incident.id("search", "a.example"), incident.id("search", "b.example")];
    let list = |text: &str| {
        incident.folder.write("steps.txt", text);
        format!("@{}", incident.path("steps.txt"))
    };
    // What is wrong is told with its line, and nothing is written.
    for (text, says) in [
        (format!("{}\n\nsearch-zz\n", searches[0]), "steps.txt:3: the plan has no step"),
        (format!("# first\n{}\n{}\n", searches[0], incident.id("deploy", "a.example")), "steps.txt:3: "),
        ("# nothing\n".to_owned(), "names no step"),
    ] {
        let ran = incident.mark(&list(&text), "searched", &[]);
        assert_eq!(ran.status, 2, "{text}");
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert_eq!(incident.step("search", "a.example")["status"], "ready");
    }
    let ran = incident.mark(
        &list(&format!("{}\n  {} # b\n{}\n", searches[0], &searches[1][..14], searches[0])),
        "searched",
        &[],
    );
    assert_eq!((ran.status, ran.stderr.contains("2 steps marked searched")), (0, true), "{ran:?}");
    for name in ["a.example", "b.example"] {
        assert_eq!(incident.step("search", name)["status"], "done");
    }
    let status: Value =
        serde_json::from_str(&run(&["status", &incident.path("case"), "--format", "json"]).stdout).unwrap();
    assert_eq!(status["words"].as_array().unwrap().len(), 2, "each once");
    // Decisions too, over standard input; what comes before in the same list is not missing.
    let (revoke, deploy) = (incident.id("revoke", "a.example"), incident.id("deploy", "a.example"));
    let ran = incident.mark(&list(&incident.id("decide", "b.example")), "confirmed", &[]);
    assert!(ran.stderr.contains("the decision counts"), "{ran:?}");
    let piped = |text: &str, status: &str| {
        common::run_with_input(
            &["mark", &incident.path("case"), "@-", status, "--reason", "x"],
            text.as_bytes(),
        )
    };
    let ran = piped(&format!("{deploy}\n"), "deployed");
    assert_eq!((ran.status, ran.stderr.contains("warning")), (0, false), "{ran:?}");
    let ran = piped(&format!("{revoke}\n{}\n", incident.id("revoke", "b.example")), "sent");
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("was to come before") && ran.stderr.matches("warning").count() == 1,
        "{ran:?}"
    );
    let export = incident.mark(&list(&deploy), "deployed", &["--ct-export", &incident.path("none")]);
    assert_eq!((export.status, export.stderr.contains("it closes searches")), (2, true), "{export:?}");
}

#[test]
fn steps_that_vanish_are_closed_with_a_reason_and_come_back_with_their_history() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    incident.mark(&search, "searched", &[]);
    let case = incident.path("case");
    let ran = run(&["plan", "-o", &case, "--cutoff", "2015-01-01"]);
    assert!(ran.stderr.contains("closed"), "{}", ran.stderr);
    let status: Value =
        serde_json::from_str(&run(&["status", &incident.path("case"), "--format", "json"]).stdout).unwrap();
    assert!(status["closed"].as_u64().unwrap() > 3);
    assert_eq!(status["words"][0]["step"], search, "what was said is kept");
    let ran = run(&["plan", "-o", &case, "--forget", "cutoff"]);
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
    assert_eq!(bytes[60..64], [0, 0, 0, 7]);
    bytes[60..64].copy_from_slice(&[0, 0, 0, 99]);
    fs::write(&database, &bytes).unwrap();
    let ran = run(&["status", &incident.path("case")]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("was written by a newer certrecall"), "{}", ran.stderr);
    fs::write(
        &database,
        b"this is no database, but long enough to be taken for one at first sight, or so one would think",
    )
    .unwrap();
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
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch(include_str!("../../testdata/case/version-1.sql"))
        .unwrap();
    let status =
        || serde_json::from_str::<Value>(&run(&["status", &case, "--format", "json"]).stdout).unwrap();
    let said = status()["words"].clone();
    assert_eq!(said.as_array().unwrap().len(), 4);
    let version: u32 = rusqlite::Connection::open(&database)
        .unwrap()
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .unwrap();
    assert_eq!(version, 7, "opening it brought it to the present form");
    assert_eq!(plan().status, 3);
    assert_eq!(status()["words"], said);
    let plan: Value =
        serde_json::from_slice(&fs::read(folder.path().join("case/plan.json")).unwrap()).unwrap();
    let step = |id: &str| {
        plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("{id}"))["status"].clone()
    };
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
        (
            key["exposure"].clone(),
            key["because"][0]["evidence"].clone(),
            key["because"][0]["message"].as_str().unwrap().to_owned(),
        )
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
    run(&[
        "plan",
        &incident.path("uploads"),
        "-o",
        &incident.path("case"),
        "--uploaded",
        "2016-01-01",
        "--clear",
        &clear,
    ]);
    incident.plan();
    assert_eq!(incident.json()["keys"][0]["exposure"], "cleared");
}
