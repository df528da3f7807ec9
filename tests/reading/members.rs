//! What is in archives, from the plan on: records, the history of a key, where it is read again.
#![allow(missing_docs, clippy::unwrap_used)]

use crate::common::pki::{NOW, bundle, leaf, pem, public_ca};
use crate::common::{Folder, Member, tar};
use certrecall::assess::{Profile, incident, parse_span};
use certrecall::case::CasePlan;
use certrecall::engine::{self, Criteria, Sources};
use certrecall::plan::ca::Cas;
use certrecall::read::{Options, Place, Roots};
use certrecall::report::plan_file;
use certrecall::store::model::KeyRecord;
use certrecall::time::{Time, Written};
use serde_json::{Value, json};

fn time(text: &str) -> Time {
    Written::parse(text).unwrap().as_utc()
}

/// The plan of a folder.
fn plan(folder: &Folder) -> Value {
    let roots = Roots::open(&[folder.path().join("in")]).unwrap();
    let incident = Profile::built_in(incident::DEFAULT).unwrap().with(None).unwrap();
    let criteria = Criteria {
        uploaded: Some(parse_span("2015-06-01").unwrap()),
        ..Criteria::new(incident, Cas::builtin().unwrap(), time(NOW))
    };
    let sources = Sources { roots, options: Options { threads: 1, ..Options::default() } };
    let plan = CasePlan::new(engine::analyse(sources, criteria));
    let mut out = Vec::new();
    plan_file::write(&plan.planned(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// One key with its certificate in an archive, the certificate in an inner one and in a plain file too; a
/// broken block and a bare key.
fn folder() -> Folder {
    let folder = Folder::new();
    let l = leaf("www.example").by(&public_ca());
    let packed = |name: &str, members: &[(&str, &[u8])]| {
        let members: Vec<Member<'_>> =
            members.iter().map(|(name, content)| (*name, *content, None)).collect();
        folder.write(format!("in/{name}"), tar(&members));
    };
    let inner = tar(&[("c.pem", l.pem().as_bytes(), None)]);
    packed("backup.tar", &[("acme/tls.pem", bundle(&l, &[]).as_bytes()), ("inner.tar", &inner)]);
    folder.write("in/plain.pem", l.pem());
    let broken = pem("CERTIFICATE", b"no certificate");
    let key = leaf("k.example").self_signed().key.pem();
    packed("other.tar", &[("broken.pem", broken.as_bytes()), ("k.pem", key.as_bytes())]);
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
    assert_eq!(certificate["paths"], json!(["backup.tar", "backup.tar", "plain.pem"]));
    assert_eq!(certificate["members"], json!(["acme/tls.pem", "inner.tar!/c.pem", null]));
    assert_eq!(key["private_key_paths"], json!(["backup.tar!/acme/tls.pem"]));
    assert_eq!(key["because"][0]["path"], json!("backup.tar!/acme/tls.pem"));
    assert_eq!(with(0)["private_key_paths"], json!(["other.tar!/k.pem"]));
    assert_eq!(with(0)["certificates"], json!([]));
    let sources = &plan["replacements"][0]["sources"];
    assert_eq!(sources[0], json!({"root": 0, "path": "backup.tar", "member": "acme/tls.pem"}));
    assert_eq!(sources[2], json!({"root": 0, "path": "plain.pem"}));
    let unread = &plan["unread"][0];
    assert_eq!(
        (&unread["path"], &unread["member"], &unread["kind"]),
        (&json!("other.tar"), &json!("broken.pem"), &json!("unreadable"))
    );
    let retire = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["kind"] == "retire" && s["message"].as_str().unwrap().contains("acme"))
        .unwrap();
    assert!(
        retire["message"]
            .as_str()
            .unwrap()
            .contains("among them backup.tar!/acme/tls.pem; what lies in an archive goes with"),
        "{retire}"
    );
}

#[test]
fn a_key_answers_to_archive_member_and_the_whole_way() {
    let plan = plan(&folder());
    let story = |sort: &str| -> KeyRecord {
        let keys = plan["keys"].as_array().unwrap();
        let key =
            keys.iter().find(|k| k["private_key_paths"][0].as_str().unwrap().starts_with(sort)).unwrap();
        serde_json::from_value(key.clone()).unwrap()
    };
    let (full, bare) = (story("backup.tar"), story("other.tar"));
    for name in [
        "backup.tar",
        "acme/tls.pem",
        "backup.tar!/acme/tls.pem",
        "inner.tar",
        "c.pem",
        "inner.tar!/c.pem",
        "backup.tar!/inner.tar",
        "backup.tar!/inner.tar!/c.pem",
        "plain.pem",
        "www.example",
    ] {
        assert!(full.answers_to(name) && !bare.answers_to(name), "{name}");
    }
    for name in ["other.tar", "k.pem", "other.tar!/k.pem"] {
        assert!(bare.answers_to(name) && !full.answers_to(name), "{name}");
    }
    assert!(!full.answers_to("tls.pem") && !full.answers_to("acme"));
    let text: Vec<String> =
        full.lines(&[], &[]).iter().map(|l| l.iter().map(|(_, t)| t.as_str()).collect()).collect();
    for line in [
        "  backup.tar!/acme/tls.pem",
        "      in backup.tar!/acme/tls.pem",
        "      in backup.tar!/inner.tar!/c.pem",
        "      in plain.pem",
    ] {
        assert!(text.iter().any(|t| t == line), "{line:?} in {text:#?}");
    }
}

#[test]
fn a_proof_looks_for_the_key_where_it_lies() {
    let plan = plan(&folder());
    let keys: Vec<KeyRecord> = serde_json::from_value(plan["keys"].clone()).unwrap();
    let key = keys.iter().find(|k| k.is_meant("www.example")).unwrap();
    let compromised = key.compromised(1, &Cas::builtin().unwrap(), time(NOW)).unwrap();
    let archive = Place::new(0, b"backup.tar");
    for place in [
        archive.with_member("acme/tls.pem"),
        archive.with_member("inner.tar!/c.pem"),
        Place::new(0, b"plain.pem"),
    ] {
        assert!(compromised.places.contains(&place), "{place:?}");
    }
    assert!(!compromised.places.contains(&archive), "an archive is no key");
}
