//! What `complete --format json` prints is held against `docs/schema/complete.schema.json`: here, and
//! wherever a test reads it.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use certrecall::rekey::complete::{Check, Layout};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::chains::list;
use super::common::Folder;
use super::common::pki::{leaf, self_signed};
use super::world::authority;
use super::{Case, day, fresh};

fn schema() -> Value {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/complete.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        jsonschema::draft202012::meta::validate(&schema()).expect("the schema is one of draft 2020-12");
        jsonschema::draft202012::new(&schema()).expect("the schema can be used")
    })
}

/// Fails if the document is not as the schema says.
pub(super) fn assert_fits(document: &Value) {
    let errors: Vec<String> =
        validator().iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}

#[test]
fn the_lists_are_those_of_the_code() {
    let schema = schema();
    let listed = |name: &str| -> Vec<String> {
        serde_json::from_value(schema["$defs"][name]["enum"].clone()).unwrap()
    };
    assert_eq!(listed("check"), Check::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>());
    assert_eq!(listed("layout"), Layout::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// Calls `change` with every object of a document in turn.
fn each_object(document: &Value, change: &mut dyn FnMut(&Value)) {
    fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                out.push(at.to_owned());
                members.iter().for_each(|(name, value)| paths(value, &format!("{at}/{name}"), out));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, value)| paths(value, &format!("{at}/{i}"), out))
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    paths(document, "", &mut all);
    for path in all {
        let mut more = document.clone();
        more.pointer_mut(&path).unwrap()["surprise"] = json!(1);
        change(&more);
        for name in document.pointer(&path).unwrap().as_object().unwrap().keys() {
            let mut other = document.clone();
            other.pointer_mut(&path).unwrap()[name] = json!({"of": "another kind"});
            change(&other);
        }
    }
}

#[test]
fn every_state_fits_the_schema_and_nothing_else_does() {
    let ca = authority("Standing CA").from("2015-01-01").to("2040-01-01").self_signed();
    let names = ["a.example", "b.example", "c.example", "d.example"];
    let case = Case::new(&ca, names.map(leaf).into_iter().collect(), &["--key", "ecdsa-p384"]);
    let root = case.folder.write("root.pem", ca.pem()).at("root.pem");
    let of = |name: &str, serial| fresh(name, &case.key(name)).serial(serial).by(&ca).pem();
    let mut states = BTreeSet::new();
    let mut fits = |issued: &str, arguments: &[&str], status| -> Value {
        let (ended, told) = case.complete_json(issued, &[&["--root", &root], arguments].concat());
        assert_eq!(ended, status, "{told}");
        assert_fits(&told);
        states.extend(
            told["replacements"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap().to_owned()),
        );
        told
    };
    let step = case.step("replace", "d.example")["id"].as_str().unwrap().to_owned();
    assert_eq!(
        super::run(&["mark", &case.folder.at("case"), &step, "waived", "--reason", "switched off"]).status,
        0
    );
    // One to take, one without its name, one of nobody, the CA itself, a list, and no layout for this kind of
    // key.
    let wrong = fresh("wrong.example", &case.key("b.example")).serial(2).by(&ca).pem();
    let sent = [
        of("a.example", 1),
        wrong,
        self_signed("stranger.example").pem(),
        ca.pem(),
        list(&ca, &[77], &day(-1), &day(5)),
    ]
    .concat();
    let first = fits(&sent, &["--layout", "zendesk", "--layout", "nginx"], 3);
    for list in ["replacements", "strangers", "written", "left_out"] {
        assert!(first[list].as_array().is_some_and(|l| !l.is_empty()), "{list}: {first:#}");
    }
    fits(&of("c.example", 3), &["--dry-run"], 1);
    fits(&list(&ca, &[1], &day(-1), &day(5)), &[], 1);
    let folder = Folder::new();
    fs::rename(case.replacement("c.example"), folder.path().join("gone")).unwrap();
    fits(&ca.pem(), &[], 1);
    let all = ["accepted", "missing", "not-made", "refused", "reopened", "waived"];
    assert!(all.iter().all(|s| states.contains(*s)), "{states:?}");
    let mut changed = 0;
    each_object(&first, &mut |other| {
        changed += 1;
        assert!(!validator().is_valid(other), "{other:#}");
    });
    assert!(changed > 80, "{changed}");
}
