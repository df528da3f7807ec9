//! What lies in archives, from the plan on: records, the story of a key, where it is read again. The places
//! are made by hand here.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use certrecall::assess::{self, Clock, Profile, Question, incident, parse_span};
use certrecall::inventory::{Batch, Builder, Inventory, Occurrence, link};
use certrecall::plan::ca::Cas;
use certrecall::plan::{Given, Plan};
use certrecall::read::{self, Found, Options, Place, Roots};
use certrecall::report::plan_file::{self, Planned};
use certrecall::report::proof_keys::ProofPlan;
use certrecall::report::story::KeyStory;
use certrecall::time::{Time, Written};
use common::Folder;
use common::pki::{NOW, bundle, leaf, pem, public_ca};
use serde_json::{Value, json};

fn time(text: &str) -> Time {
    Written::parse(text).unwrap().as_utc()
}

/// The plan of a folder, `x!/y` in it taken as the member `y` of the archive `x`.
fn plan(folder: &Folder) -> Value {
    let roots = Roots::open(&[folder.path().join("in")]).unwrap();
    let mut builder = Builder::default();
    let add = |mut found: Found| {
        if let Some((archive, member)) = found.place.path.split_once("!/") {
            found.place = Place::new(0, archive.as_bytes()).with_member(member);
        }
        found
    };
    let consume = |batch: Batch| {
        builder.add(batch);
        Ok::<(), Infallible>(())
    };
    let Ok(ledgers) = read::read(
        &roots,
        &Options { threads: 1, ..Options::default() },
        Batch::default,
        |batch, found| batch.push(add(found)),
        consume,
    );
    let mut inventory = builder.finish(ledgers, 1);
    let reopen = |inventory: &Inventory, sha256, occurrences: &[Occurrence]| {
        occurrences
            .iter()
            .find_map(|o| read::reopen(&roots, &Place::new(0, inventory.path(o).as_bytes()), sha256))
    };
    link::link(&mut inventory, |_| false, 1, || reopen);
    let incident = Profile::built_in(incident::DEFAULT).unwrap().with(None).unwrap();
    let clock = Clock { now: time(NOW), as_of: time(NOW) };
    let question = Question {
        incident: &incident,
        manifest: None,
        uploaded: Some(parse_span("2015-06-01").unwrap()),
        distrust_certificate_dates: false,
        known_compromised: None,
        date_from_path: None,
        decisions: &BTreeMap::new(),
        held: &BTreeMap::new(),
        made: &BTreeMap::new(),
        threads: 1,
        clock,
    };
    let assessment = assess::assess(&inventory, &roots, &question);
    let cas = Cas::builtin().unwrap();
    let given = Given {
        cas: &cas,
        ccadb: None,
        chains: &HashMap::new(),
        target: None,
        certificates: "certificates",
        clock,
        threads: 1,
    };
    let plan = Plan::construct(&inventory, &assessment, &given);
    let planned = Planned {
        roots: &roots,
        incident: &incident,
        clock,
        inventory: &inventory,
        assessment: &assessment,
        plan: &plan,
        cas: &cas,
        directories: &BTreeMap::new(),
        orphans: &[],
        question: &certrecall::store::Question::default(),
        threads: 1,
    };
    let mut out = Vec::new();
    plan_file::write(&planned, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// One key with its certificate in an archive, the certificate in an inner one and in a plain file too; a
/// broken block and a bare key.
fn folder() -> Folder {
    let folder = Folder::new();
    let l = leaf("www.example").by(&public_ca());
    folder.write("in/backup.zip!/acme/tls.pem", bundle(&l, &[]));
    folder.write("in/backup.zip!/inner.tar!/c.pem", l.pem());
    folder.write("in/plain.pem", l.pem());
    folder.write("in/other.zip!/broken.pem", pem("CERTIFICATE", b"no certificate"));
    folder.write("in/other.zip!/k.pem", leaf("k.example").self_signed().key.pem());
    folder
}

#[test]
fn records_name_archive_and_member() {
    let plan = plan(&folder());
    let schema =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/plan.schema.json"))
            .unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&plan).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let keys = plan["keys"].as_array().unwrap();
    let with = |n: usize| keys.iter().find(|k| k["certificates"].as_array().unwrap().len() == n).unwrap();
    let key = with(1);
    let certificate = &key["certificates"][0];
    assert_eq!(certificate["paths"], json!(["backup.zip", "backup.zip", "plain.pem"]));
    assert_eq!(certificate["members"], json!(["acme/tls.pem", "inner.tar!/c.pem", null]));
    assert_eq!(key["private_key_paths"], json!(["backup.zip!/acme/tls.pem"]));
    assert_eq!(key["because"][0]["path"], json!("backup.zip!/acme/tls.pem"));
    assert_eq!(with(0)["private_key_paths"], json!(["other.zip!/k.pem"]));
    assert_eq!(with(0)["certificates"], json!([]));
    let sources = &plan["replacements"][0]["sources"];
    assert_eq!(sources[0], json!({"root": 0, "path": "backup.zip", "member": "acme/tls.pem"}));
    assert_eq!(sources[2], json!({"root": 0, "path": "plain.pem"}));
    let unread = &plan["unread"][0];
    assert_eq!(
        (&unread["path"], &unread["member"], &unread["kind"]),
        (&json!("other.zip"), &json!("broken.pem"), &json!("unreadable"))
    );
    let retire = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["kind"] == "retire" && s["says"].as_str().unwrap().contains("acme"))
        .unwrap();
    assert!(
        retire["says"]
            .as_str()
            .unwrap()
            .contains("among them backup.zip!/acme/tls.pem; what lies in an archive goes with"),
        "{retire}"
    );
}

#[test]
fn a_key_answers_to_archive_member_and_the_whole_way() {
    let plan = plan(&folder());
    let story = |sort: &str| -> KeyStory {
        let keys = plan["keys"].as_array().unwrap();
        let key =
            keys.iter().find(|k| k["private_key_paths"][0].as_str().unwrap().starts_with(sort)).unwrap();
        serde_json::from_value(key.clone()).unwrap()
    };
    let (full, bare) = (story("backup.zip"), story("other.zip"));
    for name in [
        "backup.zip",
        "acme/tls.pem",
        "backup.zip!/acme/tls.pem",
        "inner.tar",
        "c.pem",
        "inner.tar!/c.pem",
        "backup.zip!/inner.tar",
        "backup.zip!/inner.tar!/c.pem",
        "plain.pem",
        "www.example",
    ] {
        assert!(full.answers_to(name) && !bare.answers_to(name), "{name}");
    }
    for name in ["other.zip", "k.pem", "other.zip!/k.pem"] {
        assert!(bare.answers_to(name) && !full.answers_to(name), "{name}");
    }
    assert!(!full.answers_to("tls.pem") && !full.answers_to("acme"));
    let text: Vec<String> =
        full.lines(&[], &[]).iter().map(|l| l.iter().map(|(_, t)| t.as_str()).collect()).collect();
    for line in [
        "  backup.zip!/acme/tls.pem",
        "      in backup.zip!/acme/tls.pem",
        "      in backup.zip!/inner.tar!/c.pem",
        "      in plain.pem",
    ] {
        assert!(text.iter().any(|t| t == line), "{line:?} in {text:#?}");
    }
}

#[test]
fn a_proof_looks_for_the_key_where_it_lies() {
    let plan = plan(&folder());
    let plan: ProofPlan = serde_json::from_value(plan).unwrap();
    let key = plan.keys.iter().find(|k| k.is_meant("www.example")).unwrap();
    let compromised = key.compromised(1, &Cas::builtin().unwrap(), time(NOW)).unwrap();
    let archive = Place::new(0, b"backup.zip");
    for place in [
        archive.with_member("acme/tls.pem"),
        archive.with_member("inner.tar!/c.pem"),
        Place::new(0, b"plain.pem"),
    ] {
        assert!(compromised.places.contains(&place), "{place:?}");
    }
    assert!(!compromised.places.contains(&archive), "an archive is no key");
}
