//! What `explain` shows of one account, and the accounts in lists.

use serde_json::Value;

use crate::common::pki::{Cert, Key, bundle, chain, intermediate_of, leaf, named_ca};
use crate::common::{Folder, Ran, run};

/// Three customers below one intermediate, whose key one of them uploaded; and one key that two of them
/// share.
fn vendor() -> Folder {
    let folder = Folder::new();
    let root = named_ca("Root");
    let intermediate = intermediate_of(&root);
    let shared = Key::new();
    let mut manifest = "path,account,uploaded_at\n".to_owned();
    let mut upload = |path: &str, account: &str, day: &str, content: String| {
        folder.write(format!("uploads/{path}"), content);
        manifest += &format!("{path},{account},{day}T00:00:00Z\n");
    };
    let made = |name: &str, serial: u8| -> Cert {
        leaf(name).serial(serial).from("2015-01-01").to("2040-01-01").by(&intermediate)
    };
    upload("acme/help.pem", "acme", "2015-03-01", bundle(&made("help.acme.example", 0x41), &[&intermediate]));
    upload(
        "globex/help.pem",
        "globex",
        "2015-04-02",
        bundle(&made("help.globex.example", 0x42), &[&intermediate]),
    );
    upload("globex/ca-key.pem", "globex", "2015-05-03", intermediate.key.pem());
    upload(
        "initech/chain.pem",
        "initech",
        "2015-06-04",
        chain(&[&made("help.initech.example", 0x43), &intermediate]),
    );
    for (account, serial, day) in [("acme", 0x51, "2015-07-05"), ("globex", 0x52, "2015-08-06")] {
        let certificate = leaf("shared.example")
            .serial(serial)
            .key(&shared)
            .from("2015-01-01")
            .to("2040-01-01")
            .by(&intermediate);
        upload(&format!("{account}/shared.pem"), account, day, bundle(&certificate, &[&intermediate]));
    }
    folder.write("m.csv", manifest);
    let ran = plan(&folder, &[]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    folder
}

fn plan(folder: &Folder, more: &[&str]) -> Ran {
    run(&[
        &["plan", &folder.at("uploads"), "-o", &folder.at("case"), "--manifest", &folder.at("m.csv")],
        more,
    ]
    .concat())
}

#[test]
fn nothing_of_another_account_is_shown_to_an_account() {
    let folder = vendor();
    let plan = folder.json("case/plan.json");
    // What people note is not for customers either.
    for step in plan["steps"].as_array().unwrap().iter().filter(|s| s["kind"] == "search") {
        let ran = run(&[
            "mark",
            &folder.at("case"),
            step["id"].as_str().unwrap(),
            "searched",
            "--reason",
            "globex called",
            "--by",
            "Ada",
        ]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }
    let foreign = |account: &str| -> Vec<&str> {
        let of = [
            ("acme", vec!["acme", "2015-03-01", "2015-07-05", "serial 51", ", 51", "serial 41"]),
            (
                "globex",
                vec![
                    "globex",
                    "ca-key",
                    "2015-04-02",
                    "2015-05-03",
                    "2015-08-06",
                    "serial 52",
                    ", 52",
                    "serial 42",
                ],
            ),
            ("initech", vec!["initech", "2015-06-04", "serial 43"]),
        ];
        let others = of.into_iter().filter(|(name, _)| *name != account).flat_map(|(_, words)| words);
        others.chain(["because", "Ada"]).collect()
    };
    for account in ["acme", "globex", "initech"] {
        let table = run(&["explain", &folder.at("case"), account]);
        assert_eq!(table.status, 0, "{table:?}");
        assert!(table.stderr.contains("only what belongs to its own uploads"), "{table:?}");
        let json = run(&["explain", &folder.at("case"), &account.to_uppercase(), "--format", "json"]);
        let parsed: Value = serde_json::from_str(&json.stdout).unwrap();
        // The one member of that name.
        let texts = [table.stdout.clone(), json.stdout.replace("\"because\":", "")];
        for text in &texts {
            for word in foreign(account) {
                assert!(!text.contains(word), "{account}: {word}: {text}");
            }
            assert!(
                text.contains(&format!("{account}/")) && text.contains(&format!("help.{account}.example")),
                "{account}: {text}"
            );
        }
        assert!(parsed.as_array().unwrap().iter().all(|key| key["account"] == account), "{parsed}");
    }
    // The key of the intermediate was in an upload of one of them.
    let also = "also in an upload of another account";
    let shown = |account: &str| run(&["explain", &folder.at("case"), account]).stdout;
    assert_eq!(
        (
            shown("acme").matches(also).count(),
            shown("initech").matches(also).count(),
            shown("globex").matches(also).count()
        ),
        (1, 1, 0)
    );
    assert!(
        shown("globex").contains("globex/ca-key.pem, uploaded at 2015-05-03T00:00:00Z (evidence: manifest)"),
        "{}",
        shown("globex")
    );
    // The key that two share: each sees its own certificate and steps about that one.
    assert!(
        shown("acme").contains("acme/shared.pem")
            && shown("acme").contains("install the new key and certificate for shared.example wherever")
    );
    // By host or path the whole record.
    assert!(run(&["explain", &folder.at("case"), "shared.example"]).stdout.contains("globex/shared.pem"));
}

#[test]
fn a_plan_from_before_paths_had_accounts_is_to_be_made_again() {
    let folder = vendor();
    let database = rusqlite::Connection::open(folder.path().join("case/case.db")).unwrap();
    database.execute_batch("UPDATE key SET story = replace(replace(story, 'path_accounts', 'x'), 'private_key_accounts', 'y')").unwrap();
    drop(database);
    let ran = run(&["explain", &folder.at("case"), "acme"]);
    assert!(
        ran.status == 2 && ran.stdout.is_empty() && ran.stderr.contains("run `certrecall plan` again"),
        "{ran:?}"
    );
    assert_eq!(plan(&folder, &[]).status, 1);
    assert_eq!(run(&["explain", &folder.at("case"), "acme"]).status, 0);
}

#[test]
fn accounts_that_differ_in_case_are_two() {
    let folder = Folder::new();
    let ca = named_ca("CA");
    let mut manifest = "path,account,uploaded_at\n".to_owned();
    for (path, account) in [("a.pem", "Acme"), ("b.pem", "ACME")] {
        folder.write(
            format!("uploads/{path}"),
            bundle(&leaf(&format!("{path}.example")).from("2015-01-01").to("2040-01-01").by(&ca), &[]),
        );
        manifest += &format!("{path},{account},2015-06-01T00:00:00Z\n");
    }
    folder.write("m.csv", manifest);
    plan(&folder, &[]);
    let ran = run(&["explain", &folder.at("case"), "acme"]);
    assert!(ran.status == 2 && ran.stderr.contains("write one of \"ACME\", \"Acme\""), "{ran:?}");
    let ran = run(&["explain", &folder.at("case"), "ACME"]);
    assert!(ran.status == 0 && ran.stdout.contains("b.pem") && !ran.stdout.contains("a.pem"), "{ran:?}");
}

#[test]
fn lists_have_the_accounts_of_the_key() {
    let folder = vendor();
    let csv = plan(&folder, &["--format", "csv"]).stdout;
    let (head, rows) = csv.split_once('\n').unwrap();
    let column = head.split(',').position(|name| name == "account").unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let of = |record: &csv::StringRecord| (record[4].to_owned(), record[column].to_owned());
    let listed: Vec<(String, String)> = reader.records().map(|record| of(&record.unwrap())).collect();
    assert_eq!(
        listed.iter().filter(|row| **row == ("shared.example".to_owned(), "acme; globex".to_owned())).count(),
        2,
        "{rows}"
    );
    assert!(listed.contains(&("help.initech.example".to_owned(), "initech".to_owned())), "{rows}");
    let lines = plan(&folder, &["--format", "ndjson"]).records();
    let initech = lines.iter().find(|line| line["name"] == "help.initech.example").unwrap();
    assert_eq!(
        (&initech["accounts"], &initech["path_accounts"]),
        (&serde_json::json!(["initech"]), &serde_json::json!([["initech"]]))
    );
    let table = plan(&folder, &["--format", "table"]).stdout;
    assert!(table.contains("ACCOUNT") && table.contains("acme; globex"), "{table}");
    let schema: Value = serde_json::from_str(include_str!("../../docs/schema/plan.schema.json")).unwrap();
    let plan = folder.json("case/plan.json");
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&plan)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
