//! What a case once held against a key stays: files that are gone, changed, renamed or not mounted close
//! nothing.

use std::fs;

use serde_json::Value;

use crate::common::pki::{Key, bundle, leaf, private_ca};
use crate::common::{Folder, Ran, run};

struct Uploads {
    folder: Folder,
}

impl Uploads {
    fn new() -> Self {
        let folder = Folder::new();
        let ca = private_ca();
        for name in ["a", "b"] {
            folder.write(
                format!("uploads/{name}.pem"),
                bundle(&leaf(&format!("{name}.example")).from("2015-01-01").to("2040-01-01").by(&ca), &[&ca]),
            );
        }
        folder.write(
            "rows.csv",
            "path,uploaded_at,account\na.pem,2015-05-01T00:00:00Z,acme\nb.pem,2018-05-01T00:00:00Z,globex\n",
        );
        Self { folder }
    }

    fn plan(&self, more: &[&str]) -> Ran {
        let (uploads, case, rows) =
            (self.folder.at("uploads"), self.folder.at("case"), self.folder.at("rows.csv"));
        let ran = run(&[&["plan", &uploads, "-o", &case, "--manifest", &rows], more].concat());
        assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
        ran
    }

    fn again(&self, more: &[&str]) -> Ran {
        run(&[&["plan", "-o", &self.folder.at("case")], more].concat())
    }

    fn json(&self) -> Value {
        self.folder.json("case/plan.json")
    }

    /// Exposure and codes of findings of the key of a host.
    fn key(&self, host: &str) -> Value {
        let plan = self.json();
        let has = |k: &&Value| {
            k["certificates"]
                .as_array()
                .unwrap()
                .iter()
                .any(|c| c["dns_names"][0] == host && c["is_ca"] == false)
        };
        plan["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(has)
            .unwrap_or_else(|| panic!("no key of {host}"))
            .clone()
    }

    fn findings(&self, code: &str) -> Vec<Value> {
        self.json()["findings"].as_array().unwrap().iter().filter(|f| f["code"] == code).cloned().collect()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Exposures, steps with their statuses, and verdicts: what must not change because a file is gone.
fn held(plan: &Value) -> (Vec<Value>, Vec<Value>) {
    let keys = plan["keys"].as_array().unwrap();
    let verdicts = |k: &Value| {
        k["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (c["sha256"].clone(), c["verdict"].clone()))
            .collect::<Vec<_>>()
    };
    let keys = keys
        .iter()
        .map(|k| serde_json::json!([k["spki_sha256"], k["exposure"], verdicts(k), k["steps"]]))
        .collect();
    let steps =
        plan["steps"].as_array().unwrap().iter().map(|s| serde_json::json!([s["id"], s["status"]])).collect();
    (keys, steps)
}

#[test]
fn whatever_happens_to_the_files_closes_nothing() {
    type Change = fn(&Uploads);
    let changes: &[(&str, Change)] = &[
        ("deleted", |u| fs::remove_file(u.path("uploads/a.pem")).unwrap()),
        ("renamed", |u| fs::rename(u.path("uploads/a.pem"), u.path("uploads/z.pem")).unwrap()),
        ("emptied", |u| fs::write(u.path("uploads/a.pem"), "").unwrap()),
        ("replaced by text", |u| fs::write(u.path("uploads/a.pem"), "nothing here\n").unwrap()),
        ("damaged", |u| {
            let text = fs::read_to_string(u.path("uploads/a.pem")).unwrap();
            fs::write(u.path("uploads/a.pem"), &text[..text.len() / 3]).unwrap();
        }),
        ("the folder is empty, as where nothing is mounted", |u| {
            fs::remove_dir_all(u.path("uploads")).unwrap();
            fs::create_dir(u.path("uploads")).unwrap();
        }),
        ("the root is gone", |u| fs::remove_dir_all(u.path("uploads")).unwrap()),
        ("the root is a file", |u| {
            fs::remove_dir_all(u.path("uploads")).unwrap();
            fs::write(u.path("uploads"), "x").unwrap();
        }),
        ("the certificate alone is left", |u| {
            let text = fs::read_to_string(u.path("uploads/a.pem")).unwrap();
            fs::write(u.path("uploads/a.pem"), &text[text.find("-----BEGIN CERTIFICATE").unwrap()..])
                .unwrap();
        }),
    ];
    for (what, change) in changes {
        let uploads = Uploads::new();
        uploads.plan(&[]);
        let before = uploads.json();
        change(&uploads);
        for round in ["first", "second"] {
            let ran = uploads.again(&[]);
            assert!(ran.status == 1 || ran.status == 3, "{what}, {round}: {}{}", ran.stdout, ran.stderr);
            let (now, then) = (held(&uploads.json()), held(&before));
            assert_eq!(now.0, then.0, "{what}, {round}");
            let inspect = |s: &&Value| !s[0].as_str().unwrap().starts_with("inspect");
            assert_eq!(
                now.1.iter().filter(inspect).collect::<Vec<_>>(),
                then.1.iter().collect::<Vec<_>>(),
                "{what}, {round}"
            );
            if *what != "renamed" {
                assert!(
                    uploads.key("a.example")["because"][0]["source"]
                        .as_str()
                        .unwrap()
                        .starts_with("rows.csv:2"),
                    "{what}"
                );
            }
            assert!(!uploads.findings("evidence-gone").is_empty(), "{what}, {round}");
            assert!(uploads.folder.text("case/plan.md").contains("evidence-gone"), "{what}");
            assert!(
                uploads
                    .folder
                    .text("case/exposed-spki.txt")
                    .contains(uploads.key("a.example")["spki_sha256"].as_str().unwrap()),
                "{what}"
            );
        }
    }
}

#[test]
fn files_that_come_back_are_as_they_were() {
    let uploads = Uploads::new();
    uploads.plan(&[]);
    let before = uploads.json();
    fs::rename(uploads.path("uploads"), uploads.path("away")).unwrap();
    assert_eq!(uploads.again(&[]).status, 1);
    fs::rename(uploads.path("away"), uploads.path("uploads")).unwrap();
    assert_eq!(uploads.again(&[]).status, 1);
    assert_eq!(uploads.json()["keys"], before["keys"]);
    assert!(uploads.findings("evidence-gone").is_empty());
}

/// A row by path is about the content that was there: b.pem was uploaded in 2018, what is put there now was
/// not.
#[test]
fn a_row_does_not_clear_what_came_to_its_path_later() {
    let uploads = Uploads::new();
    uploads.plan(&[]);
    assert_eq!(uploads.key("b.example")["exposure"], "not-exposed");
    let old = bundle(&leaf("old.example").from("2014-01-01").to("2040-01-01").by(&private_ca()), &[]);
    uploads.folder.write("uploads/b.pem", old);
    uploads.again(&[]);
    let now = uploads.key("old.example");
    assert_eq!(now["exposure"], "undetermined", "{now}");
    assert_eq!(now["because"][0]["evidence"], "certificate-dates");
    assert_eq!(uploads.key("b.example")["exposure"], "not-exposed", "the row stays evidence for the old key");
    assert_eq!(uploads.key("b.example")["because"][0]["evidence"], "manifest");
    // A manifest given anew, with another row for this path, is about what is there now.
    uploads.folder.write(
        "rows.csv",
        "path,uploaded_at,account\na.pem,2015-05-01T00:00:00Z,acme\nb.pem,2019-05-01T00:00:00Z,globex\n",
    );
    let ran = uploads.again(&[]);
    assert!(ran.stderr.contains("manifest: rows.csv changed since"), "{}", ran.stderr);
    assert_eq!(uploads.key("old.example")["exposure"], "not-exposed");
    assert_eq!(uploads.findings("exposure-milder").len(), 1);
    assert!(ran.stdout.contains("Less exposed than before"), "{}", ran.stdout);
}

/// The other way round: exposed content is replaced by sound content at the same path.
#[test]
fn a_new_key_at_the_old_path_is_not_exposed_by_the_old_row() {
    let uploads = Uploads::new();
    uploads.plan(&[]);
    let new = bundle(&leaf("new.example").from("2026-01-01").to("2040-01-01").by(&private_ca()), &[]);
    uploads.folder.write("uploads/a.pem", new);
    uploads.again(&[]);
    assert_eq!(uploads.key("new.example")["exposure"], "not-exposed");
    assert_eq!(uploads.key("a.example")["exposure"], "exposed");
}

/// The customer puts the new key where the old one was, and the old record says 2015 for every file.
#[test]
fn a_key_that_the_case_made_is_never_exposed_by_an_older_record() {
    let folder = Folder::new();
    let ca = private_ca();
    folder.write(
        "uploads/a.pem",
        bundle(&leaf("a.example").from("2015-01-01").to("2040-01-01").by(&ca), &[&ca]),
    );
    let (uploads, case) = (folder.at("uploads"), folder.at("case"));
    assert_eq!(run(&["run", &uploads, "-o", &case, "--uploaded", "2015-01-01"]).status, 1);
    let directory =
        fs::read_dir(folder.path().join("case/replacements")).unwrap().next().unwrap().unwrap().path();
    let key = Key::from_pem(&fs::read_to_string(directory.join("key.pem")).unwrap());
    let new = leaf("a.example").key(&key).from("2026-11-01").to("2027-01-01").by(&ca);
    folder.write("uploads/a.pem", format!("{}{}", key.pem(), new.pem()));
    run(&["run", "-o", &case]);
    let plan = folder.json("case/plan.json");
    let of = |spki: &str| {
        plan["keys"].as_array().unwrap().iter().find(|k| k["spki_sha256"] == spki).unwrap().clone()
    };
    let made = of(&key.spki().to_string());
    assert_eq!(
        (made["exposure"].clone(), made["because"][0]["evidence"].clone()),
        ("not-exposed".into(), "made-by-case".into()),
        "{made}"
    );
    assert_eq!(
        plan["keys"].as_array().unwrap().iter().filter(|k| k["exposure"] == "exposed").count(),
        1,
        "the old one"
    );
    assert_eq!(
        fs::read_dir(folder.path().join("case/replacements")).unwrap().count(),
        1,
        "no replacement for the replacement"
    );
}

#[test]
fn a_copy_with_a_newer_time_exposes_as_before() {
    let folder = Folder::new();
    let ca = private_ca();
    folder.write_changed(
        "uploads/a.pem",
        bundle(&leaf("a.example").from("2014-01-01").to("2040-01-01").by(&ca), &[]),
        "2015-01-01T00:00:00Z",
    );
    let (uploads, case) = (folder.at("uploads"), folder.at("case"));
    assert_eq!(run(&["plan", &uploads, "-o", &case]).status, 1);
    let before = folder.json("case/plan.json");
    folder.write("uploads/a.pem", folder.text("uploads/a.pem"));
    assert_eq!(run(&["plan", "-o", &case]).status, 1);
    assert_eq!(folder.json("case/plan.json")["keys"], before["keys"]);
}

#[test]
fn a_decision_holds_for_the_evidence_it_was_made_on() {
    let folder = Folder::new();
    let ca = private_ca();
    let certificate = leaf("a.example").from("2014-01-01").to("2040-01-01").by(&ca);
    folder.write("uploads/a.pem", certificate.pem());
    let (uploads, case) = (folder.at("uploads"), folder.at("case"));
    assert_eq!(run(&["run", &uploads, "-o", &case, "--uploaded", "2015-01-01"]).status, 1);
    let plan = folder.json("case/plan.json");
    let decide = plan["steps"].as_array().unwrap().iter().find(|s| s["kind"] == "decide").unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(run(&["mark", &case, &decide, "cleared", "--reason", "it never left the HSM"]).status, 0);
    assert_eq!(run(&["run", "-o", &case]).status, 0);
    assert_eq!(folder.json("case/plan.json")["keys"][0]["exposure"], "cleared");
    folder.write("uploads/key.pem", certificate.key.pem());
    let ran = run(&["run", "-o", &case]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("Decisions that do not hold any more"), "{}", ran.stdout);
    let plan = folder.json("case/plan.json");
    assert_eq!(plan["keys"][0]["exposure"], "exposed");
    assert!(plan["steps"].as_array().unwrap().iter().any(|s| s["kind"] == "revoke" && s["status"] != "done"));
    // On the evidence there is now it can be decided again.
    let spki = plan["keys"][0]["spki_sha256"].as_str().unwrap();
    let ran = run(&["run", "-o", &case, "--clear", &format!("{spki}=the upload was a test key of ours")]);
    assert_eq!(ran.status, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("Less exposed than before"), "{}", ran.stdout);
    assert_eq!(run(&["run", "-o", &case]).status, 0);
}

#[test]
fn a_key_recorded_as_destroyed_that_is_still_there_is_a_finding() {
    let uploads = Uploads::new();
    uploads.plan(&[]);
    let key = uploads.key("a.example");
    let retire = key["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s.as_str().unwrap().starts_with("retire"))
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        run(&["mark", &uploads.folder.at("case"), &retire, "confirmed", "--reason", "shredded"]).status,
        0
    );
    let ran = uploads.again(&[]);
    assert!(ran.stdout.contains("Recorded as destroyed, but still there"), "{}", ran.stdout);
    assert_eq!(uploads.findings("retired-key-present").len(), 1);
    fs::remove_file(uploads.path("uploads/a.pem")).unwrap();
    uploads.again(&[]);
    assert!(uploads.findings("retired-key-present").is_empty());
}

/// Archives, requests and bare keys come back like files; what was locked stays to be looked at.
#[test]
fn members_bare_keys_and_locked_files_stay_as_well() {
    let folder = Folder::new();
    let ca = private_ca();
    let (inside, bare, locked) =
        (leaf("in.example").from("2015-01-01").to("2040-01-01").by(&ca), Key::new(), Key::new());
    folder.write("uploads/x.tar", crate::common::tar(&[("a/b.pem", bundle(&inside, &[]).as_bytes(), None)]));
    folder.write("uploads/bare.pem", bare.pem());
    folder.write("uploads/locked.pem", locked.encrypted());
    folder.write("uploads/next.csr", bare.request("next.example"));
    let (uploads, case) = (folder.at("uploads"), folder.at("case"));
    assert_eq!(run(&["plan", &uploads, "-o", &case, "--uploaded", "2015-01-01"]).status, 3);
    let before = folder.json("case/plan.json");
    assert!(before["steps"].as_array().unwrap().iter().any(|s| s["kind"] == "inspect"));
    fs::remove_dir_all(folder.path().join("uploads")).unwrap();
    assert_eq!(run(&["plan", "-o", &case]).status, 3);
    let after = folder.json("case/plan.json");
    assert_eq!(held(&after), held(&before));
    assert_eq!(after["ledger"]["seen"], 0, "what is gone is outside of the ledger");
}

/// A late bundle: without its upload record it would be clear on certificate dates.
pub(super) struct Late {
    pub(super) folder: Folder,
}

impl Late {
    pub(super) fn new(row: &str) -> Self {
        let folder = Folder::new();
        folder.write("up/a.pem", Self::bundle("a.example"));
        folder.write("rows.csv", format!("path,uploaded_at\n{row}\n"));
        Self { folder }
    }

    pub(super) fn bundle(host: &str) -> String {
        bundle(&leaf(host).from("2026-11-20").to("2040-01-01").by(&private_ca()), &[])
    }

    pub(super) fn plan(&self, more: &[&str]) -> Ran {
        let (up, case, rows) = (self.folder.at("up"), self.folder.at("case"), self.folder.at("rows.csv"));
        run(&[
            &[
                "plan",
                &up,
                "-o",
                &case,
                "--incident",
                "generic",
                "--cutoff",
                "2026-11-15T00:00:00Z",
                "--manifest",
                &rows,
            ],
            more,
        ]
        .concat())
    }

    pub(super) fn again(&self, more: &[&str]) -> Ran {
        run(&[&["plan", "-o", &self.folder.at("case")], more].concat())
    }

    pub(super) fn exposures(&self) -> Vec<String> {
        let plan = self.folder.json("case/plan.json");
        let mut out: Vec<String> = plan["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| k["exposure"].as_str().unwrap().to_owned())
            .collect();
        out.sort();
        out
    }
}

/// The usual remedy: the customer uploads a new bundle to the old path, and the next export has its new time.
#[test]
fn a_new_upload_with_a_new_row_does_not_clear_the_old_key() {
    for order in [["file", "rows"], ["rows", "file"]] {
        let late = Late::new("a.pem,2026-11-10");
        assert_eq!(late.plan(&[]).status, 1);
        for what in order {
            match what {
                "file" => late.folder.write("up/a.pem", Late::bundle("b.example")),
                _ => late.folder.write("rows.csv", "path,uploaded_at\na.pem,2026-11-29\n"),
            };
        }
        for round in 0..3 {
            assert_eq!(late.again(&[]).status, 1, "{order:?} {round}");
            assert_eq!(late.exposures(), ["exposed", "not-exposed"], "{order:?} {round}");
        }
        // The file goes, and its row with it.
        fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
        late.folder.write("rows.csv", "path,uploaded_at\nother.pem,2026-11-29\n");
        assert_eq!(late.again(&[]).status, 1);
        assert_eq!(late.exposures(), ["exposed", "not-exposed"], "{order:?}, gone");
    }
}

/// What could not be read when the case met it first is met when it can be.
#[test]
fn a_file_that_is_read_later_has_its_row() {
    let late = Late::new("a.pem,2026-11-10");
    assert_eq!(late.plan(&["--max-file-size", "20"]).status, 3);
    assert_eq!(late.again(&["--forget", "max-file-size"]).status, 1);
    assert_eq!(late.exposures(), ["exposed"]);
    // Damaged first, mended later; locked first, opened in place later.
    let key = Key::new();
    let certificate = leaf("a.example").key(&key).from("2026-11-20").to("2040-01-01").by(&private_ca()).pem();
    for first in
        ["-----BEGIN PRIVATE KEY-----\nMIIE!!\n-----END PRIVATE KEY-----\n".to_owned(), key.encrypted()]
    {
        for row in ["a.pem,2026-11-10", "a.pem,2026-11-18"] {
            let late = Late::new(row);
            late.folder.write("up/a.pem", format!("{first}{certificate}"));
            assert_eq!(late.plan(&[]).status, 3);
            late.folder.write("up/a.pem", format!("{}{certificate}", key.pem()));
            for round in 0..2 {
                late.again(&[]);
                let exposure = if row.ends_with("10") { "exposed" } else { "not-exposed" };
                assert_eq!(late.exposures(), [exposure], "{row}, {round}: {first}");
            }
        }
    }
}

#[test]
fn rows_with_the_path_of_a_root_hold_after_it_moved() {
    let late = Late::new("");
    let up = late.folder.at("up");
    late.folder.write("rows.csv", format!("path,uploaded_at\n{up}/a.pem,2026-11-10\n"));
    assert_eq!(late.plan(&[]).status, 1);
    fs::rename(late.folder.path().join("up"), late.folder.path().join("moved")).unwrap();
    assert_eq!(late.again(&["--relocate", &format!("{up}={}", late.folder.at("moved"))]).status, 1);
    assert_eq!(late.exposures(), ["exposed"]);
    assert!(late.again(&[]).stdout.contains("Act on these"));
    // What was changed since is compared as it was last.
    late.folder.write("moved/a.pem", Late::bundle("b.example"));
    late.again(&[]);
    fs::rename(late.folder.path().join("moved"), late.folder.path().join("twice")).unwrap();
    let moved = format!("{}={}", late.folder.at("moved"), late.folder.at("twice"));
    assert_eq!(late.again(&["--relocate", &moved]).status, 1);
}

/// Nothing that has nothing to do with it lets go of what is held.
#[test]
fn an_option_about_something_else_clears_nothing() {
    let folder = Folder::new();
    let key = Key::new();
    let (compressed, raw) = crate::common::pki::compressed(&key);
    folder.write(
        "up/a.pem",
        leaf("a.example").key(&key).from("2026-11-20").to("2040-01-01").by(&private_ca()).pem(),
    );
    folder.write("up/pub.pem", compressed).write("list.txt", format!("{raw}\n")).write("cas.toml", "");
    let (up, case) = (folder.at("up"), folder.at("case"));
    let list = folder.at("list.txt");
    let first = [
        "plan",
        &up,
        "-o",
        &case,
        "--incident",
        "generic",
        "--cutoff",
        "2026-11-15",
        "--known-compromised",
        &list,
    ];
    assert_eq!(run(&first).status, 1);
    fs::remove_file(folder.path().join("up/pub.pem")).unwrap();
    for more in [vec!["--cas", &folder.at("cas.toml")], vec!["--cutoff", "2026-11-15T00:00:00Z"], vec![]] {
        assert_eq!(run(&[&["plan", "-o", &case][..], &more].concat()).status, 1, "{more:?}");
        assert_eq!(folder.json("case/plan.json")["keys"][0]["exposure"], "exposed", "{more:?}");
    }
}

#[test]
fn what_was_waived_of_a_suspicion_is_open_once_the_key_is_known_to_be_out() {
    let folder = Folder::new();
    let certificate = leaf("a.example").from("2014-01-01").to("2040-01-01").by(&private_ca());
    folder.write("up/a.pem", certificate.pem());
    let (up, case) = (folder.at("up"), folder.at("case"));
    assert_eq!(run(&["plan", &up, "-o", &case, "--uploaded", "2015-01-01"]).status, 1);
    for step in folder.json("case/plan.json")["steps"].as_array().unwrap() {
        run(&["mark", &case, step["id"].as_str().unwrap(), "waived", "--reason", "only presumed"]);
    }
    assert_eq!(run(&["plan", "-o", &case]).status, 0);
    folder.write("list.txt", format!("{}\n", certificate.key.spki()));
    assert_eq!(run(&["plan", "-o", &case, "--known-compromised", &folder.at("list.txt")]).status, 1);
    let steps = folder.json("case/plan.json")["steps"].clone();
    for kind in ["replace", "deploy", "search", "revoke", "verify", "retire"] {
        let step = steps.as_array().unwrap().iter().find(|s| s["kind"] == kind).unwrap();
        assert!(step["status"] == "ready" || step["status"] == "waiting", "{kind}: {}", step["status"]);
    }
}

#[test]
fn a_key_is_not_cleared_before_it_is_known() {
    let folder = Folder::new();
    let key = Key::new();
    folder.write("up/ca.pem", private_ca().pem()).write("new/key.pem", key.pem());
    let (up, case) = (folder.at("up"), folder.at("case"));
    run(&[
        "plan",
        &up,
        "-o",
        &case,
        "--uploaded",
        "2015-01-01",
        "--clear",
        &format!("{}=not ours", key.spki()),
    ]);
    assert_eq!(run(&["plan", "-o", &case, "--add", &folder.at("new")]).status, 1);
    let plan = folder.json("case/plan.json");
    assert_eq!(crate::common::key(&plan, &key.spki().to_string())["exposure"], "exposed");
}

#[test]
fn the_earliest_time_of_a_content_counts() {
    let late = Late::new("");
    late.folder.write("rows.csv", "path,uploaded_at\nother.pem,2026-11-10\n");
    late.folder.write_changed("up/a.pem", Key::new().pem(), "2026-11-28T00:00:00Z");
    late.plan(&[]);
    assert_eq!(late.exposures(), ["undetermined"]);
    crate::common::set_changed(&late.folder.path().join("up/a.pem"), "2026-11-01T00:00:00Z");
    assert_eq!(late.again(&[]).status, 1);
    assert_eq!(late.exposures(), ["exposed"]);
    crate::common::set_changed(&late.folder.path().join("up/a.pem"), "2026-11-29T00:00:00Z");
    late.again(&[]);
    assert_eq!(late.exposures(), ["exposed"]);
}

#[test]
fn other_content_does_not_close_what_was_locked() {
    let folder = Folder::new();
    let key = Key::new();
    folder.write("up/key.pem", key.encrypted()).write("up/ok.pem", private_ca().pem());
    let (up, case) = (folder.at("up"), folder.at("case"));
    assert_eq!(run(&["plan", &up, "-o", &case, "--uploaded", "2018-01-01"]).status, 3);
    folder.write("up/key.pem", private_ca().pem());
    for _ in 0..2 {
        assert_eq!(run(&["plan", "-o", &case]).status, 3, "a certificate in its place opens no key");
    }
}

/// Without its database nobody knows by what a case is to be judged.
#[test]
fn a_case_without_its_database_asks_for_its_options() {
    let late = Late::new("a.pem,2026-11-10");
    assert_eq!(late.plan(&[]).status, 1);
    fs::remove_file(late.folder.path().join("case/case.db")).unwrap();
    let up = late.folder.at("up");
    for given in [vec![], vec![&*up], vec![&*up, "--due", "2026-12-20"]] {
        let ran = run(&[&["plan", "-o", &late.folder.at("case")], given.as_slice()].concat());
        assert!(ran.status == 2 && ran.stderr.contains("no stored options"), "{}", ran.stderr);
        // The database was made anew and is empty; the refusal holds.
    }
    assert_eq!(late.plan(&[]).status, 1);
    assert_eq!(late.exposures(), ["exposed"]);
}
