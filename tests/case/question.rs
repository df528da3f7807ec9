//! A case keeps its question: what is stored, what replaces what, what is forgotten, and what is reported
//! about it.

use std::fs;

use serde_json::{Value, json};

use crate::common::pki::{bundle, leaf, private_ca};
use crate::common::{Folder, Ran, run};

/// Uploads with one key, and files for every option that names one.
struct Asked {
    folder: Folder,
}

impl Asked {
    fn new() -> Self {
        let folder = Folder::new();
        let ca = private_ca();
        folder.write(
            "uploads/a.pem",
            bundle(&leaf("a.example").from("2015-01-01").to("2040-01-01").by(&ca), &[]),
        );
        folder.write("ca.pem", ca.pem());
        folder.write("rows.csv", "path,uploaded_at,account\na.pem,2018-01-01T00:00:00Z,acme\n");
        folder.write("more.csv", "when,what\n2018-02-01T00:00:00Z,b.pem\n");
        folder.write("known.txt", "# none\n");
        folder.write("cas.toml", "");
        folder.write("ccadb.csv", "");
        Self { folder }
    }

    fn at(&self, name: &str) -> String {
        self.folder.at(name)
    }

    fn plan(&self, more: &[&str]) -> Ran {
        let (uploads, case) = (self.at("uploads"), self.at("case"));
        run(&[&["plan", &uploads, "-o", &case], more].concat())
    }

    fn again(&self, more: &[&str]) -> Ran {
        run(&[&["plan", "-o", &self.at("case")], more].concat())
    }

    fn plan_json(&self) -> Value {
        self.folder.json("case/plan.json")
    }

    fn exposure(&self) -> String {
        self.plan_json()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|k| k["private_key_paths"][0] == "a.pem")
            .unwrap()["exposure"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The stored options as `status` has them.
    fn stored(&self) -> Value {
        let ran = run(&["status", &self.at("case"), "--format", "json"]);
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr))["question"].clone()
    }

    fn value(&self, option: &str) -> Value {
        self.stored()[option][0]["value"].clone()
    }
}

/// Given, stored, used again, changed, forgotten: every option that belongs to the question, in a table.
#[test]
fn every_option_of_the_question_is_stored_changed_and_forgotten() {
    // Option, a first value, another one; both without effect on each other.
    let table: &[(&str, &[&str], &[&str])] = &[
        ("cutoff", &["2016-01-01"], &["2017-01-01"]),
        ("date-from-path", &["{YYYY}/"], &["{YYYY}-{MM}/"]),
        ("due", &["2027-01-01"], &["2027-02-01"]),
        ("incident", &["zendesk-2016"], &["generic"]),
        ("manifest-prefix", &["eu/"], &["us/"]),
        ("max-broken", &["7"], &["8"]),
        ("max-depth", &["7"], &["8"]),
        ("max-file-size", &["7M"], &["8M"]),
        ("uploaded", &["2015-01-01"], &["2016-01-01..2018-01-01"]),
    ];
    for (option, first, second) in table {
        let asked = Asked::new();
        let flag = format!("--{option}");
        let cutoff: &[&str] = if *option == "incident" { &["--cutoff", "2016-11-01"] } else { &[] };
        assert!(asked.plan(&[&[flag.as_str()], *first, cutoff].concat()).status < 2, "{option}");
        assert_eq!(asked.value(option), first[0], "{option} is stored");
        let judged = asked.plan_json();
        let ran = asked.again(&[]);
        assert!(!ran.stderr.contains("changed since"), "{option}: {}", ran.stderr);
        assert_eq!(asked.value(option), first[0], "{option} stays");
        assert_eq!(asked.plan_json()["keys"], judged["keys"], "{option}: the same verdicts");
        assert_eq!(asked.plan_json()["steps"], judged["steps"], "{option}: the same steps");
        let ran = asked.again(&[&[flag.as_str()], *second].concat());
        assert!(
            ran.stderr
                .starts_with(&format!("changed since the last run: {option}: {} -> {}", first[0], second[0])),
            "{option}: {}",
            ran.stderr
        );
        assert_eq!(asked.value(option), second[0], "{option} is replaced");
        let ran = asked.again(&[&["--forget", option], cutoff].concat());
        assert!(
            ran.stderr
                .starts_with(&format!("changed since the last run: {option}: {} -> not set", second[0])),
            "{option}: {}",
            ran.stderr
        );
        assert_eq!(asked.value(option), Value::Null, "{option} is forgotten");
        let ran = asked.again(&["--forget", option]);
        assert!(
            ran.status == 2 && ran.stderr.contains(&format!("stores no --{option}")),
            "{option}: {}",
            ran.stderr
        );
        let ran = asked.again(&[&[flag.as_str()], *first, &["--forget", option]].concat());
        assert_eq!(ran.status, 2, "{option} given and forgotten: {}", ran.stderr);
    }
}

#[test]
fn switches_are_stored_and_forgotten() {
    for option in ["distrust-certificate-dates", "follow-symlinks"] {
        let asked = Asked::new();
        asked.plan(&[&format!("--{option}")]);
        assert_eq!(asked.stored()[option], json!([]), "{option}");
        asked.again(&[]);
        assert_eq!(asked.stored()[option], json!([]), "{option}");
        let ran = asked.again(&["--forget", option]);
        assert!(ran.stderr.contains(&format!("{option}: set -> not set")), "{}", ran.stderr);
        assert_eq!(asked.stored()[option], Value::Null, "{option}");
    }
}

#[test]
fn files_are_stored_with_their_hash_and_their_loss_is_an_error_with_both_ways_out() {
    for (option, name) in [
        ("manifest", "rows.csv"),
        ("known-compromised", "known.txt"),
        ("cas", "cas.toml"),
        ("roots", "ca.pem"),
        ("incident", "own.toml"),
    ] {
        let asked = Asked::new();
        asked.folder.write("own.toml", "name = \"own\"\ncutoff = \"2016-11-01\"\n");
        let flag = format!("--{option}");
        let ran = asked.plan(&[&flag, &asked.at(name)]);
        assert!(ran.status < 2, "{option}: {}", ran.stderr);
        let stored = asked.stored()[option][0].clone();
        assert_eq!(stored["value"], asked.at(name), "{option}: absolute");
        assert_eq!(stored["content"]["sha256"].as_str().map(str::len), Some(64), "{option}");
        assert!(!asked.again(&[]).stderr.contains("changed since"), "{option}: the same file");
        let before = asked.folder.text(name);
        asked.folder.write(name, format!("{before}\n"));
        let ran = asked.again(&[]);
        assert!(
            ran.stderr.starts_with(&format!("changed since the last run: {option}: {name} changed since 20")),
            "{option}: {}",
            ran.stderr
        );
        assert!(!asked.again(&[]).stderr.contains("changed since"), "{option}: reported once");
        fs::remove_file(asked.folder.path().join(name)).unwrap();
        let json = asked.plan_json();
        let ran = asked.again(&[]);
        assert_eq!(ran.status, 2, "{option}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("give --{option} again"))
                && ran.stderr.contains(&format!("--forget {option}")),
            "{option}: {}",
            ran.stderr
        );
        assert_eq!(asked.plan_json(), json, "{option}: nothing is judged without it");
        assert!(asked.again(&["--forget", option]).status < 2, "{option}: one way out");
        asked.folder.write(name, before);
        assert!(asked.again(&[&flag, &asked.at(name)]).status < 2, "{option}: the other");
    }
}

#[test]
fn a_list_given_again_replaces_the_list_and_decisions_add() {
    let asked = Asked::new();
    let (rows, more) = (asked.at("rows.csv"), asked.at("more.csv"));
    asked.plan(&["--manifest", &rows]);
    assert_eq!(asked.exposure(), "not-exposed");
    let ran = asked.again(&["--manifest", &more, "--map", "what=path", "--map", "when=uploaded_at"]);
    assert!(ran.stderr.contains("manifest: rows.csv -> more.csv"), "{}", ran.stderr);
    assert_eq!(
        (
            asked.stored()["manifest"].as_array().unwrap().len(),
            asked.stored()["map"].as_array().unwrap().len()
        ),
        (1, 2)
    );
    assert_eq!(asked.exposure(), "undetermined");
    asked.again(&["--manifest", &rows, "--manifest", &asked.at("rows.csv"), "--forget", "map"]);
    let spki = asked.plan_json()["keys"][0]["spki_sha256"].as_str().unwrap().to_owned();
    asked.again(&["--misuse", &format!("{spki}=seen elsewhere")]);
    asked.again(&[]);
    assert_eq!(
        asked.plan_json()["keys"][0]["because"][0]["evidence"],
        "misuse",
        "a decision stays without being given again"
    );
    assert_eq!(asked.stored()["misuse"], Value::Null, "it is a decision, not an option");
}

#[test]
fn what_is_not_stored() {
    let asked = Asked::new();
    asked.plan(&["--as-of", "2020-01-01", "--threads", "1"]);
    assert_eq!(asked.stored(), json!({}));
    asked.again(&[]);
    assert_ne!(asked.plan_json()["as_of"], "2020-01-01T00:00:00Z", "the time of the run");
}

#[test]
fn several_manifests_are_one_and_their_rows_keep_the_name_of_their_file() {
    let folder = Folder::new();
    let ca = private_ca();
    for name in ["a", "b", "c"] {
        folder.write(
            format!("uploads/{name}.pem"),
            bundle(&leaf(&format!("{name}.example")).from("2015-01-01").to("2040-01-01").by(&ca), &[]),
        );
    }
    folder.write(
        "eu/rows.csv",
        "path,uploaded_at,account\na.pem,2015-01-01T00:00:00Z,acme\nb.pem,2018-01-01T00:00:00Z,globex\n",
    );
    folder.write(
        "us/rows.csv",
        "path,uploaded_at,account\nb.pem,2015-03-01T00:00:00Z,globex\nc.pem,2018-01-01T00:00:00Z,initech\n",
    );
    let case = folder.at("case");
    run(&[
        "plan",
        &folder.at("uploads"),
        "-o",
        &case,
        "--manifest",
        &folder.at("eu/rows.csv"),
        "--manifest",
        &folder.at("us/rows.csv"),
    ]);
    let plan = folder.json("case/plan.json");
    let of = |name: &str| {
        plan["keys"].as_array().unwrap().iter().find(|k| k["private_key_paths"][0] == name).unwrap().clone()
    };
    assert_eq!(of("a.pem")["exposure"], "exposed");
    assert_eq!(of("a.pem")["because"][0]["source"], "eu/rows.csv:2");
    assert_eq!(of("b.pem")["exposure"], "undetermined", "both rows count");
    assert_eq!(of("b.pem")["because"][0]["source"], "eu/rows.csv:3; us/rows.csv:2");
    assert_eq!(of("c.pem")["exposure"], "not-exposed");
}

#[test]
fn a_pipe_is_not_read_again() {
    let asked = Asked::new();
    let script = format!(
        "cat '{}' | \"$0\" plan '{}' -o '{}' --manifest /dev/stdin",
        asked.at("rows.csv"),
        asked.at("uploads"),
        asked.at("case")
    );
    let ran = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_certrecall")])
        .output()
        .unwrap();
    assert!(ran.status.code().unwrap() < 2, "{}", String::from_utf8_lossy(&ran.stderr));
    let ran = asked.again(&[]);
    assert!(
        ran.status == 2 && ran.stderr.contains("pipe") && ran.stderr.contains("--forget manifest"),
        "{}",
        ran.stderr
    );
}

#[test]
fn roots_are_those_of_the_case() {
    let asked = Asked::new();
    assert_eq!(asked.again(&[]).status, 2, "without a case");
    asked.plan(&["--uploaded", "2015-01-01"]);
    let steps = asked.plan_json()["steps"].clone();
    asked.folder.write(
        "found/b.pem",
        bundle(&leaf("b.example").from("2015-01-01").to("2040-01-01").by(&private_ca()), &[]),
    );
    let ran = run(&["plan", &asked.at("found"), "-o", &asked.at("case")]);
    assert!(ran.status == 2 && ran.stderr.contains("--add PATH"), "{}", ran.stderr);
    let ran = asked.again(&["--add", &asked.at("found")]);
    assert!(ran.stderr.starts_with("changed since the last run: root added: "), "{}", ran.stderr);
    let after = asked.plan_json();
    assert_eq!(after["roots"], json!([asked.at("uploads"), asked.at("found")]));
    let ids = |steps: &Value| steps.as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>();
    assert!(ids(&steps).iter().all(|id| ids(&after["steps"]).contains(id)), "the same names of steps");
    assert!(asked.again(&["--add", &asked.at("found")]).stderr.is_empty(), "it is a root already");
    assert!(asked.plan(&[]).status < 2, "the paths that it was made from");
    let (found, uploads) = (asked.at("found"), asked.at("uploads"));
    assert!(
        run(&["plan", &found, &uploads, "-o", &asked.at("case")]).status < 2,
        "all its paths, in any order"
    );
    assert_eq!(asked.plan_json()["steps"], after["steps"]);
    assert_eq!(asked.again(&[&asked.at("nowhere")]).status, 2, "a path given now has to be there");
}

#[test]
fn a_root_that_moved_is_found_by_what_is_in_it() {
    let asked = Asked::new();
    let (uploads, case) = (asked.at("uploads"), asked.at("case"));
    // The time of the file is all there is: a copy is newer.
    asked.folder.write_changed("uploads/a.pem", asked.folder.text("uploads/a.pem"), "2015-06-01T00:00:00Z");
    assert_eq!(run(&["plan", &uploads, "-o", &case]).status, 1);
    assert_eq!(
        (asked.exposure(), asked.plan_json()["keys"].clone()),
        ("exposed".to_owned(), asked.plan_json()["keys"].clone())
    );
    let before = asked.plan_json();
    asked.folder.write("moved/a.pem", asked.folder.text("uploads/a.pem"));
    asked.folder.write("other/a.pem", "another file\n");
    let moved = |to: &str| format!("{uploads}={}", asked.at(to));
    let ran = asked.again(&["--relocate", &moved("other")]);
    assert!(ran.status == 2 && ran.stderr.contains("1 of 1 recorded files are not in"), "{}", ran.stderr);
    let ran = asked.again(&["--relocate", &format!("{}={}", asked.at("nowhere"), asked.at("moved"))]);
    assert!(ran.status == 2 && ran.stderr.contains("is not a root of the case"), "{}", ran.stderr);
    fs::remove_dir_all(asked.folder.path().join("uploads")).unwrap();
    let ran = asked.again(&["--relocate", &moved("moved")]);
    assert!(ran.stderr.starts_with("changed since the last run: root moved: "), "{}", ran.stderr);
    assert_eq!(ran.status, 1);
    let after = asked.plan_json();
    assert_eq!(after["roots"], json!([asked.at("moved")]));
    assert_eq!(after["steps"], before["steps"]);
    assert_eq!(after["keys"], before["keys"], "the time of the copy replaces nothing");
    assert!(
        asked.again(&["--relocate", &moved("moved")]).stderr.is_empty(),
        "the same again changes nothing"
    );
}

#[test]
fn a_case_of_the_version_before_opens_and_asks_once_for_its_question() {
    let folder = Folder::new();
    let uploads = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident/uploads/globex");
    let case = folder.at("case");
    run(&["plan", uploads, "-o", &case, "--uploaded", "2015-01-01"]);
    let database = folder.path().join("case/case.db");
    fs::remove_file(&database).unwrap();
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch(include_str!("../../testdata/case/version-4.sql"))
        .unwrap();
    let bare = run(&["plan", "-o", &case]);
    assert!(bare.status == 2 && bare.stderr.contains("did not store the options"), "{}", bare.stderr);
    let status = run(&["status", &case]);
    assert!(
        status.stdout.contains("not stored: the case was made by an earlier version"),
        "{}",
        status.stdout
    );
    let ran = run(&["plan", uploads, "-o", &case, "--uploaded", "2015-01-01"]);
    assert!(ran.stderr.contains("its last incident was zendesk-2016"), "{}", ran.stderr);
    let plan = folder.json("case/plan.json");
    let step = |id: &str| {
        plan["steps"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("{id}"))["status"].clone()
    };
    for id in ["deploy-02ac0f2a04910804", "replace-b4419158408cdf34", "search-ca5e40ca35cabc91"] {
        assert_eq!(step(id), "done", "{id}");
    }
    let keys = plan["keys"].clone();
    let again = run(&["plan", "-o", &case]);
    assert!(again.stderr.is_empty(), "{}", again.stderr);
    assert_eq!(folder.json("case/plan.json")["keys"], keys, "from then on it is stored");
}
