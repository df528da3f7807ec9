//! What is ready and late, by account and by CA, in a case of more keys than anybody reads one by one.

use std::fs;

use serde_json::{Value, json};

use crate::common::pki::{Key, bundle, leaf, named_ca};
use crate::common::{Folder, run};

/// Ten accounts with three uploads each of two CAs; every account has one more upload that expired long ago.
fn vendor() -> Folder {
    let folder = Folder::new();
    let mut manifest = "path,account,uploaded_at\n".to_owned();
    let cas = [named_ca("First CA"), named_ca("Second CA")];
    for n in 0..40_u8 {
        let name = format!("host-{n}.example");
        let until = if n < 30 { "2027-01-01" } else { "2016-06-01" };
        let certificate = leaf(&name).serial(n + 1).from("2015-01-01").to(until).by(&cas[usize::from(n % 2)]);
        let path = format!("{n}.pem");
        folder.write(format!("uploads/{path}"), bundle(&certificate, &[]));
        manifest += &format!("{path},account-{},2015-06-01T00:00:00Z\n", n % 10);
    }
    // One key of two accounts.
    let shared = Key::new();
    for (n, account) in [(90, "account-1"), (91, "account-2")] {
        let certificate =
            leaf("shared.example").serial(n).key(&shared).from("2015-01-01").to("2027-01-01").by(&cas[0]);
        folder.write(format!("uploads/{n}.pem"), bundle(&certificate, &[]));
        manifest += &format!("{n}.pem,{account},2015-06-01T00:00:00Z\n");
    }
    folder.write("m.csv", manifest);
    let ran = run(&[
        "plan",
        &folder.at("uploads"),
        "-o",
        &folder.at("case"),
        "--manifest",
        &folder.at("m.csv"),
        "--due",
        "2026-12-01",
    ]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    folder
}

fn status(folder: &Folder, more: &[&str]) -> String {
    let case = folder.at("case");
    let ran = run(&[&["status", &case], more].concat());
    assert!(ran.status < 2, "{}", ran.stderr);
    ran.stdout
}

fn tally<'a>(status: &'a Value, list: &str, name: &str) -> &'a Value {
    status[list].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap()
}

#[test]
fn steps_are_counted_by_account_and_by_ca() {
    let folder = vendor();
    let told: Value =
        serde_json::from_str(&status(&folder, &["--format", "json", "--as-of", "2026-11-30"])).unwrap();
    assert_eq!(told["accounts"].as_array().unwrap().len(), 10);
    // Three live uploads: replace and search ready; deploy, revoke, verify, retire waiting. One expired:
    // search, retire.
    assert_eq!(
        *tally(&told, "accounts", "account-5"),
        json!({"name": "account-5", "late": 0, "ready": 7, "waiting": 13, "over": 0})
    );
    // And the key that two accounts share, with one replacement.
    assert_eq!(
        *tally(&told, "accounts", "account-1"),
        json!({"name": "account-1", "late": 0, "ready": 9, "waiting": 17, "over": 0})
    );
    let first = tally(&told, "authorities", "CN=First CA");
    assert_eq!((&first["ready"], &first["waiting"]), (&json!(16), &json!(32)));
    let text = status(&folder, &["--by", "account", "--as-of", "2026-11-30"]);
    assert_eq!(text.lines().count(), 11, "{text}");
    assert!(
        text.lines().any(|l| l.split_whitespace().collect::<Vec<_>>() == ["account-5", "0", "7", "13", "0"]),
        "{text}"
    );
    assert_eq!(status(&folder, &["--by", "ca"]).lines().count(), 3);
}

#[test]
fn what_is_late_comes_first_and_of_each_kind_some_is_shown() {
    let folder = vendor();
    let plan = folder.json("case/plan.json");
    let key =
        plan["keys"].as_array().unwrap().iter().find(|k| k["accounts"] == json!(["account-7"])).unwrap();
    for step in key["steps"].as_array().unwrap() {
        let ran = run(&["mark", &folder.at("case"), step.as_str().unwrap(), "waived", "--reason", "x"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
    let told: Value =
        serde_json::from_str(&status(&folder, &["--format", "json", "--as-of", "2026-12-02"])).unwrap();
    let accounts = told["accounts"].as_array().unwrap();
    let late: Vec<u64> = accounts.iter().map(|a| a["late"].as_u64().unwrap()).collect();
    assert!(late[0] > 0 && late.is_sorted_by(|a, b| a >= b), "{late:?}");
    let one = tally(&told, "accounts", "account-7");
    assert_eq!(one["over"].as_u64().unwrap(), key["steps"].as_array().unwrap().len() as u64);
    let text = status(&folder, &["--as-of", "2026-12-02"]);
    for part in ["\nlate\n", "more to replace", "more to search", "\nby CA ", "\nby account ", "CN=Second CA"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().count() < 100 && text.lines().all(|l| l.chars().count() < 260), "{text}");
}

#[test]
fn an_account_is_explained_and_its_name_cannot_drive_a_terminal() {
    let folder = vendor();
    let told = run(&["explain", &folder.at("case"), "account-1"]);
    assert_eq!(
        (told.status, told.stdout.matches("in uploads of account-1\n").count()),
        (0, 5),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("shared.example") && !told.stdout.contains("host-2.example"),
        "{}",
        told.stdout
    );
    let hostile = Folder::new();
    let long = "x".repeat(500);
    hostile.write(
        "uploads/a.pem",
        bundle(&leaf("a.example").from("2015-01-01").to("2027-01-01").by(&named_ca("CA \u{1b}[31m")), &[]),
    );
    hostile
        .write("m.csv", format!("path,account,uploaded_at\na.pem,\u{1b}[31mred\u{202e}{long},2015-01-01\n"));
    assert_eq!(
        run(&["plan", &hostile.at("uploads"), "-o", &hostile.at("case"), "--manifest", &hostile.at("m.csv")])
            .status,
        1
    );
    for more in [&[][..], &["--by", "account"], &["--by", "ca"]] {
        let text = status(&hostile, more);
        assert!(
            !text.contains(['\u{1b}', '\u{202e}']) && text.lines().all(|l| l.chars().count() < 260),
            "{text:?}"
        );
    }
    let none = Folder::new();
    fs::create_dir(none.path().join("uploads")).unwrap();
    none.write(
        "uploads/a.pem",
        leaf("a.example").from("2017-01-01").to("2018-01-01").by(&named_ca("CA")).pem(),
    );
    run(&["plan", &none.at("uploads"), "-o", &none.at("case")]);
    assert_eq!(status(&none, &["--by", "account"]).trim(), "no step is of an account that is known");
}
