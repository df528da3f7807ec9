//! `plan` on input that changed: steps keep their names and what was said of them, those that are not needed
//! are closed with a reason, and come back when they are.

use std::fs;

use serde_json::Value;

use crate::Incident;
use crate::common::pki::{bundle, leaf, private_ca, public_ca};
use crate::common::{Ran, run};

impl Incident {
    fn plan_with(&self, more: &[&str]) -> Ran {
        let (uploads, case) = (self.path("uploads"), self.path("case"));
        let mut arguments = vec!["plan", &uploads, "-o", &case];
        arguments.extend(more);
        let ran = run(&arguments);
        assert!(ran.status < 2, "{}", ran.stderr);
        ran
    }

    /// Step and reason of all that is closed, as `explain` tells of the key with this certificate.
    fn closed(&self, name: &str) -> Vec<(String, String)> {
        let told = run(&["explain", &self.path("case"), name]).stdout;
        let mut out = Vec::new();
        let mut lines = told.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.trim().strip_prefix("closed  ") {
                let why = lines.by_ref().find(|l| l.trim().starts_with("closed 2")).unwrap().trim();
                let why = why.split_once("Z: ").unwrap().1;
                out.push((rest.trim().split(':').next().unwrap().to_owned(), why.to_owned()));
            }
        }
        out
    }

    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.json()["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    fn status_of(&self, id: &str) -> Option<String> {
        let plan = self.json();
        let step = plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).cloned();
        step.map(|s| s["status"].as_str().unwrap().to_owned())
    }

    fn count_closed(&self) -> u64 {
        let status: Value =
            serde_json::from_str(&run(&["status", &self.path("case"), "--format", "json"]).stdout).unwrap();
        status["closed"].as_u64().unwrap()
    }
}

const BEFORE: &[&str] = &["--uploaded", "2016-01-01"];

/// The case with a search done and a replacement issued for a.example, what `change` makes of it, and what
/// `back` makes of that.
fn there_and_back(change: impl Fn(&Incident), back: impl Fn(&Incident), why: &str) {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let (search, replace) = (incident.id("search", "a.example"), incident.id("replace", "a.example"));
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    assert_eq!(incident.mark(&replace, "confirmed", &[]).status, 0);
    let before = incident.json()["steps"].clone();
    change(&incident);
    assert!(incident.status_of(&replace).is_none(), "{why}: nothing is to be replaced now");
    assert!(incident.count_closed() > 0, "{why}");
    let told = run(&["explain", &incident.path("case"), &replace_name(&incident)]);
    if told.status == 0 {
        let closed = incident.closed(&replace_name(&incident));
        assert!(closed.iter().any(|(_, reason)| reason.contains(why)), "{why}: {closed:?}\n{}", told.stdout);
    }
    back(&incident);
    assert_eq!(incident.json()["steps"], before, "{why}: as it was, with all that was said");
    assert_eq!(incident.count_closed(), 0, "{why}: needed again");
}

fn replace_name(_: &Incident) -> String {
    "a.example".to_owned()
}

#[test]
fn evidence_that_changes_and_changes_back() {
    there_and_back(
        |incident| drop(incident.plan_with(&["--uploaded", "2017-01-01"])),
        |incident| drop(incident.plan_with(BEFORE)),
        "its key is not-exposed now",
    );
}

#[test]
fn a_certificate_that_expires_since() {
    there_and_back(
        |incident| drop(incident.plan_with(&["--uploaded", "2016-01-01", "--as-of", "2041-01-01"])),
        |incident| drop(incident.plan_with(BEFORE)),
        "no certificate on it needs this now",
    );
}

#[test]
fn a_cutoff_that_moves_and_moves_back() {
    there_and_back(
        |incident| {
            drop(incident.plan_with(&["--uploaded", "2016-01-01", "--cutoff", "2015-01-01T00:00:00Z"]))
        },
        |incident| drop(incident.plan_with(&["--forget", "cutoff"])),
        "its key is not-exposed now",
    );
}

#[test]
fn a_manifest_that_is_given_later() {
    let manifest = |incident: &Incident| {
        fs::write(incident.path("m.csv"), "path,uploaded_at\na.pem,2018-01-01\nb.pem,2018-01-01\n").unwrap();
        incident.path("m.csv")
    };
    there_and_back(
        |incident| drop(incident.plan_with(&["--uploaded", "2016-01-01", "--manifest", &manifest(incident)])),
        |incident| drop(incident.plan_with(&["--forget", "manifest"])),
        "its key is not-exposed now",
    );
}

#[test]
fn a_key_that_is_cleared_and_taken_back() {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let (search, decide) = (incident.id("search", "b.example"), incident.id("decide", "b.example"));
    incident.mark(&search, "searched", &[]);
    let before = incident.json()["steps"].clone();
    incident.mark(&decide, "cleared", &[]);
    incident.plan_with(BEFORE);
    assert!(incident.status_of(&search).is_none());
    assert!(
        incident.closed("b.example").iter().any(|(id, why)| *id == search && why == "its key is cleared now"),
        "{:?}",
        incident.closed("b.example")
    );
    incident.mark(&decide, "reopened", &[]);
    incident.plan_with(BEFORE);
    assert_eq!(incident.json()["steps"], before);
}

#[test]
fn a_file_that_is_added_changes_nothing_of_the_others() {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let search = incident.id("search", "a.example");
    incident.mark(&search, "searched", &[]);
    let before = incident.ids();
    let new = leaf("c.example").serial(9).from("2015-01-01").to("2040-01-01").by(&public_ca());
    fs::write(incident.folder.path().join("uploads/c.pem"), bundle(&new, &[])).unwrap();
    incident.plan_with(BEFORE);
    let after = incident.ids();
    assert!(before.iter().all(|id| after.contains(id)) && after.len() > before.len());
    assert_eq!((incident.status_of(&search).as_deref(), incident.count_closed()), (Some("done"), 0));
    assert_eq!(incident.step("search", "c.example")["status"], "ready");
}

#[test]
fn a_certificate_that_is_added_to_a_key_that_was_done_opens_what_it_needs() {
    let incident = Incident::new();
    let key = leaf("k.example").serial(3).from("2015-01-01").to("2040-01-01").by(&private_ca());
    fs::write(incident.folder.path().join("uploads/k.pem"), bundle(&key, &[])).unwrap();
    incident.plan_with(BEFORE);
    let (deploy, revoke) = (incident.id("deploy", "k.example"), incident.id("revoke", "k.example"));
    incident.mark(&deploy, "deployed", &[]);
    incident.mark(&incident.id("search", "k.example"), "searched", &[]);
    assert_eq!(incident.status_of(&revoke).as_deref(), Some("ready"));
    // Another certificate on the same key, for another name: its replacement comes before the revocation that
    // would hit it too.
    let second =
        leaf("second.example").key(&key.key).serial(4).from("2020-01-01").to("2040-01-01").by(&private_ca());
    fs::write(incident.folder.path().join("uploads/second.pem"), second.pem()).unwrap();
    incident.plan_with(BEFORE);
    assert_eq!(incident.status_of(&deploy).as_deref(), Some("done"));
    assert_eq!(incident.status_of(&revoke).as_deref(), Some("waiting"));
    let deploys = incident.step("revoke", "k.example")["needs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n.as_str().unwrap().starts_with("deploy-"))
        .count();
    assert_eq!(deploys, 2);
}

#[test]
fn a_certificate_that_comes_after_all_was_done_is_to_be_done() {
    let incident = Incident::new();
    let ca = private_ca();
    let key = leaf("k.example").serial(3).from("2015-01-01").to("2040-01-01").by(&ca);
    fs::write(incident.folder.path().join("uploads/k.pem"), bundle(&key, &[])).unwrap();
    incident.plan_with(BEFORE);
    for (kind, word) in [
        ("deploy", "deployed"),
        ("search", "searched"),
        ("revoke", "sent"),
        ("verify", "confirmed"),
        ("retire", "confirmed"),
    ] {
        assert_eq!(incident.mark(&incident.id(kind, "k.example"), word, &[]).status, 0, "{kind}");
    }
    let statuses = || {
        ["replace", "deploy", "revoke", "verify"]
            .map(|kind| incident.step(kind, "k.example")["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(statuses(), ["done"; 4]);
    // Renewed on the leaked key, in secret: the same names and usages, so the same steps.
    let renewed = leaf("k.example").key(&key.key).serial(4).from("2026-10-01").to("2027-03-01").by(&ca);
    fs::write(incident.folder.path().join("uploads/renewed.pem"), renewed.pem()).unwrap();
    let ran = incident.plan_with(BEFORE);
    assert_eq!(statuses(), ["done", "ready", "waiting", "waiting"], "{}", ran.stderr);
    assert!(ran.stderr.contains("more belongs to 3 steps of which something was said"), "{}", ran.stderr);
    let told = run(&["explain", &incident.path("case"), "k.example"]).stdout;
    assert!(
        told.contains(&format!("the certificate with SHA-256 {} belongs to it since", renewed.sha256())),
        "{told}"
    );
    incident.mark(&incident.id("deploy", "k.example"), "deployed", &[]);
    incident.plan_with(BEFORE);
    assert_eq!(statuses(), ["done", "done", "ready", "waiting"], "what is said now holds for all");
}

#[test]
fn a_file_that_is_copied_or_renamed_changes_no_step() {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let search = incident.id("search", "a.example");
    incident.mark(&search, "searched", &[]);
    let before = incident.ids();
    let uploads = incident.folder.path().join("uploads");
    fs::copy(uploads.join("a.pem"), uploads.join("copy.pem")).unwrap();
    fs::rename(uploads.join("b.pem"), uploads.join("renamed.pem")).unwrap();
    let ran = incident.plan_with(BEFORE);
    assert!(!ran.stderr.contains("the plan changed"), "{}", ran.stderr);
    assert_eq!((incident.ids(), incident.status_of(&search).as_deref()), (before, Some("done")));
}

#[test]
fn a_copy_of_a_key_that_was_destroyed_is_to_be_destroyed_too() {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let (retire, search) = (incident.id("retire", "a.example"), incident.id("search", "a.example"));
    incident.mark(&retire, "confirmed", &[]);
    incident.mark(&search, "searched", &[]);
    let uploads = incident.folder.path().join("uploads");
    fs::copy(uploads.join("a.pem"), uploads.join("copy.pem")).unwrap();
    let ran = incident.plan_with(BEFORE);
    assert!(
        ran.stderr
            .contains(&format!("more belongs to 1 step of which something was said, among them {retire}")),
        "{}",
        ran.stderr
    );
    assert_ne!(incident.status_of(&retire).as_deref(), Some("done"));
    assert_eq!(
        incident.status_of(&search).as_deref(),
        Some("done"),
        "a search is for the key, wherever it lies"
    );
    let status = run(&["status", &incident.path("case")]).stdout;
    assert!(status.contains("another copy of the key lies in copy.pem since"), "{status}");
    // Said once; and what is said now holds.
    assert!(!incident.plan_with(BEFORE).stderr.contains("more belongs"));
    incident.mark(&retire, "confirmed", &[]);
    incident.plan_with(BEFORE);
    assert_eq!(incident.status_of(&retire).as_deref(), Some("done"));
    // One that is gone changes nothing.
    fs::remove_file(uploads.join("copy.pem")).unwrap();
    incident.plan_with(BEFORE);
    assert_eq!(incident.status_of(&retire).as_deref(), Some("done"));
}

#[test]
fn another_encoding_of_a_key_is_to_be_searched_for_too() {
    let incident = Incident::new();
    incident.plan_with(BEFORE);
    let search = incident.id("search", "a.example");
    incident.mark(&search, "searched", &[]);
    let key = incident.path("uploads/a.pem");
    let compressed =
        crate::common::openssl(&["ec", "-in", &key, "-pubout", "-conv_form", "compressed"], b"").unwrap();
    fs::write(incident.path("uploads/a.pub"), compressed).unwrap();
    incident.plan_with(BEFORE);
    assert_eq!(incident.status_of(&search).as_deref(), Some("ready"));
}
