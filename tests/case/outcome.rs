//! Headlines, inspect steps and exit statuses: nothing is called finished that is not, and commands agree.

use serde_json::Value;

use crate::common::pki::{Key, bundle, leaf, private_ca, public_ca, self_signed};
use crate::common::{Folder, Ran, run};

fn plan(folder: &Folder, more: &[&str]) -> Ran {
    run(&[&["plan", &folder.at("in"), "-o", &folder.at("case")], more].concat())
}

fn steps(folder: &Folder, kind: &str) -> Vec<Value> {
    folder.json("case/plan.json")["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["kind"] == kind)
        .cloned()
        .collect()
}

fn mark(folder: &Folder, step: &Value, status: &str) {
    let ran =
        run(&["mark", &folder.at("case"), step["id"].as_str().unwrap(), status, "--reason", "looked at"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

/// `plan`, a bare `run`, `status` and `rekey` give the same.
fn agree(folder: &Folder, status: i32, what: &str) {
    let case = folder.at("case");
    for arguments in
        [&["plan", "-o", &case][..], &["run", "-o", &case], &["status", &case], &["rekey", &case]]
    {
        let ran = run(arguments);
        assert_eq!(ran.status, status, "{what}, {}: {}{}", arguments[0], ran.stdout, ran.stderr);
    }
}

#[test]
fn what_could_not_be_read_is_a_step_until_it_is_read_confirmed_or_waived() {
    for (what, name, content, reads) in [
        ("locked", "key.pem", Key::new().encrypted(), None),
        (
            "unreadable",
            "cut.pem",
            "-----BEGIN CERTIFICATE-----\nMIIB!!\n-----END CERTIFICATE-----\n".to_owned(),
            Some(private_ca().pem()),
        ),
        ("a format that is not opened", "store.jks", "\u{fe}\u{ed}".to_owned(), None),
    ] {
        let content = if what.starts_with("a format") {
            b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\0".to_vec()
        } else {
            content.into_bytes()
        };
        let folder = Folder::new();
        folder.write(format!("in/{name}"), &content).write("in/ok.pem", private_ca().pem());
        assert_eq!(plan(&folder, &["--uploaded", "2018-01-01"]).status, 3, "{what}");
        let inspect = steps(&folder, "inspect");
        assert_eq!(inspect.len(), 1, "{what}");
        assert!(inspect[0]["message"].as_str().unwrap().contains(name), "{what}: {}", inspect[0]["message"]);
        assert!(folder.text("case/plan.md").contains(inspect[0]["id"].as_str().unwrap()), "{what}");
        assert!(
            run(&["status", &folder.at("case")]).stdout.contains(inspect[0]["id"].as_str().unwrap()),
            "{what}: status lists it"
        );
        agree(&folder, 3, what);
        for status in ["waived", "reopened", "confirmed"] {
            mark(&folder, &inspect[0], status);
            agree(&folder, if status == "reopened" { 3 } else { 0 }, &format!("{what} {status}"));
        }
        // Other content is another step.
        folder.write(format!("in/{name}"), [content.as_slice(), content.as_slice()].concat());
        plan(&folder, &[]);
        let other: Vec<Value> =
            steps(&folder, "inspect").into_iter().filter(|s| s["id"] != inspect[0]["id"]).collect();
        assert_eq!(other.len(), 1, "{what}");
        agree(&folder, 3, &format!("{what}, changed"));
        if let Some(readable) = reads {
            // That this can be read says nothing of what was there.
            folder.write(format!("in/{name}"), readable);
            plan(&folder, &[]);
            assert_eq!(steps(&folder, "inspect").len(), 2, "{what}");
            agree(&folder, 3, &format!("{what}, other content that can be read"));
        }
        mark(&folder, &other[0], "confirmed");
        agree(&folder, 0, &format!("{what}, confirmed"));
    }
}

#[test]
fn formats_have_one_step_for_each_root_and_files_one_each() {
    let folder = Folder::new();
    let jks = b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\0";
    for name in ["a.jks", "b.jks"] {
        folder.write(format!("in/{name}"), jks).write(format!("more/{name}"), jks);
    }
    let locked = Key::new().encrypted();
    folder.write("in/two.pem", format!("{locked}{locked}")).write("in/three.pem", &locked);
    let ran = run(&["plan", &folder.at("in"), &folder.at("more"), "-o", &folder.at("case")]);
    assert_eq!(ran.status, 3);
    assert_eq!(steps(&folder, "inspect").len(), 2 + 2, "{:#?}", steps(&folder, "inspect"));
}

#[test]
fn a_row_that_cannot_be_used_clears_nothing_and_is_a_step_for_its_manifest() {
    for time in ["sometime in 2015", "", "2099-01-01", "31.13.2015"] {
        let folder = Folder::new();
        let ca = private_ca();
        folder.write(
            "in/a.pem",
            bundle(&leaf("a.example").from("2018-01-01").to("2040-01-01").by(&ca), &[&ca]),
        );
        folder.write("rows.csv", format!("path,uploaded_at,account\na.pem,{time},acme\n"));
        let ran = plan(&folder, &["--manifest", &folder.at("rows.csv")]);
        assert_eq!(ran.status, 3, "{time:?}: {}", ran.stdout);
        let json = folder.json("case/plan.json");
        let key =
            json["keys"].as_array().unwrap().iter().find(|k| k["private_key_paths"][0] == "a.pem").unwrap();
        assert_eq!(key["exposure"], "undetermined", "{time:?}: the dates of the certificate do not clear it");
        assert_eq!(key["because"][0]["source"], "rows.csv:2", "{time:?}: {}", key["because"][0]);
        assert_eq!(steps(&folder, "inspect").len(), 1, "{time:?}");
        folder.write("rows.csv", "path,uploaded_at,account\na.pem,2018-06-01,acme\n");
        assert_eq!(plan(&folder, &[]).status, 0, "{time:?}: corrected");
        assert!(steps(&folder, "inspect").is_empty());
    }
    // A row of something else is a finding, and no step.
    let folder = Folder::new();
    folder.write(
        "in/a.pem",
        bundle(&leaf("a.example").from("2018-01-01").to("2040-01-01").by(&private_ca()), &[]),
    );
    folder.write("rows.csv", "path,uploaded_at\nother.pem,never\na.pem,2018-06-01\n");
    assert_eq!(plan(&folder, &["--manifest", &folder.at("rows.csv")]).status, 0);
    // A list of owners has no upload times and stays what it is.
    folder.write("owners.csv", "path,account,account_created_at\na.pem,acme,\n");
    plan(&folder, &["--manifest", &folder.at("owners.csv")]);
    assert!(steps(&folder, "inspect").is_empty(), "{:#?}", steps(&folder, "inspect"));
}

#[test]
fn nothing_found_is_never_an_all_clear() {
    let folder = Folder::new();
    folder.write("in/notes.txt", "nothing\n");
    for command in ["plan", "run"] {
        let ran = run(&[command, &folder.at("in"), "-o", &folder.at(command)]);
        assert_eq!(ran.status, 3, "{}", ran.stdout);
        assert!(
            ran.stdout.contains("Nothing found: no certificate, key or request in")
                && !ran.stdout.contains("still valid"),
            "{}",
            ran.stdout
        );
        assert_eq!(run(&["status", &folder.at(command)]).status, 3);
    }
    // What the case knows already is not nothing.
    folder.write("in/a.pem", private_ca().pem());
    assert_eq!(run(&["plan", "-o", &folder.at("plan")]).status, 0);
    std::fs::remove_file(folder.path().join("in/a.pem")).unwrap();
    assert_eq!(run(&["plan", "-o", &folder.at("plan")]).status, 0);
}

#[test]
fn a_headline_says_what_it_rests_on() {
    let ca = public_ca();
    let new = bundle(&leaf("new.example").from("2020-01-01").to("2030-01-01").by(&ca), &[]);
    let old = bundle(&leaf("old.example").from("2015-01-01").to("2040-01-01").by(&ca), &[]);
    for (what, content, more, headline) in [
        (
            "all newer",
            &new,
            vec![],
            "Nothing in the input is older than the cutoff 2016-11-01T00:00:00Z: the oldest certificate is of 2020-01-01",
        ),
        (
            "on dates",
            &new,
            vec!["--cutoff", "2020-01-01T00:00:00Z"],
            "Nothing in the input is older than the cutoff",
        ),
        ("by record", &old, vec!["--uploaded", "2018-01-01"], "No exposed certificate is still valid"),
    ] {
        let folder = Folder::new();
        folder.write("in/a.pem", content);
        let ran = plan(&folder, &more);
        assert_eq!(ran.status, 0, "{what}: {}", ran.stdout);
        assert!(ran.stdout.contains(headline), "{what}: {}", ran.stdout);
        let asks =
            ran.stdout.contains("the right incident? --incident NAME|FILE and --cutoff TIME choose another");
        assert_eq!(asks, what != "by record", "{what}: {}", ran.stdout);
    }
    // Dates alone, though a file is older than the cutoff.
    let folder = Folder::new();
    folder.write("in/a.pem", &new).write_changed("in/b.txt", "x", "2015-01-01T00:00:00Z");
    let ran = plan(&folder, &["--incident", "zendesk-2016"]);
    assert!(!ran.stdout.contains("the default: --incident"), "somebody chose it: {}", ran.stdout);
    assert!(
        plan(&folder, &["--forget", "incident"])
            .stdout
            .starts_with("Incident zendesk-2016, the default: --incident NAME|FILE chooses another")
    );
}

#[test]
fn steps_of_any_kind_are_left_to_do() {
    let folder = Folder::new();
    folder.write("in/key.pem", Key::new().pem());
    assert_eq!(
        plan(&folder, &["--uploaded", "2015-01-01"]).status,
        1,
        "a key without a certificate is searched for and destroyed"
    );
    agree(&folder, 1, "open");
    mark(&folder, &steps(&folder, "search")[0], "searched");
    agree(&folder, 1, "the key is to be destroyed");
    mark(&folder, &steps(&folder, "retire")[0], "confirmed");
    agree(&folder, 0, "done");
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&self_signed("s.example"), &[]));
    assert_eq!(plan(&folder, &["--uploaded", "2015-01-01"]).status, 1);
    for kind in ["replace", "deploy", "search", "verify", "retire"] {
        steps(&folder, kind).iter().for_each(|step| mark(&folder, step, "waived"));
    }
    let ran = run(&["plan", "-o", &folder.at("case")]);
    assert!(ran.status == 0 && ran.stdout.contains("Done: 1 certificate"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("Next"), "nothing is advised that cannot help: {}", ran.stdout);
}

#[test]
fn a_manifest_that_hardly_fits_is_reported_first_with_what_mends_it() {
    let folder = Folder::new();
    let ca = private_ca();
    let mut rows = "path,uploaded_at\n".to_owned();
    for n in 0..6 {
        folder.write(
            format!("in/acct/{n}.pem"),
            bundle(
                &leaf(&format!("h{n}.example")).serial(n).from("2014-01-01").to("2040-01-01").by(&ca),
                &[],
            ),
        );
        rows += &format!("s3://bucket/export 2019/acct/{n}.pem,2018-01-01\n");
    }
    folder.write("rows.csv", &rows);
    let manifest = folder.at("rows.csv");
    let ran = plan(&folder, &["--manifest", &manifest]);
    let text =
        ran.stdout.find("The manifest hardly matches the files").unwrap_or_else(|| panic!("{}", ran.stdout));
    assert!(text < ran.stdout.find("Act on these").unwrap(), "it comes first: {}", ran.stdout);
    assert!(ran.stdout.contains("--manifest-prefix 's3:/bucket/export 2019/'"), "{}", ran.stdout);
    assert!(folder.text("case/plan.md").contains("manifest-few-matches"));
    for prefix in ["s3:/bucket/export 2019/", "s3://bucket/export 2019", "s3://bucket/export 2019/"] {
        let mended = plan(&folder, &["--manifest-prefix", prefix]);
        assert_eq!(mended.status, 0, "{prefix}: {}", mended.stdout);
        assert!(!mended.stdout.contains("hardly matches"), "{prefix}: {}", mended.stdout);
    }
    // The other way round: the folder above was scanned.
    let above = Folder::new();
    above.write("rows.csv", "path,uploaded_at\na.pem,2018-01-01\nb.pem,2018-01-01\n");
    for name in ["a", "b"] {
        above.write(
            format!("in/deep/{name}.pem"),
            bundle(&leaf(&format!("{name}.example")).from("2014-01-01").to("2040-01-01").by(&ca), &[]),
        );
    }
    let ran = plan(&above, &["--manifest", &above.at("rows.csv")]);
    assert!(ran.stdout.contains("begin below \"deep/\": scan that folder"), "{}", ran.stdout);
    // A manifest that is larger than the input fits all the same.
    let ran =
        run(&["plan", &above.at("in/deep"), "-o", &above.at("part"), "--manifest", &above.at("rows.csv")]);
    assert!(!ran.stdout.contains("hardly matches"), "{}", ran.stdout);
}

#[test]
fn evidence_that_contradicts_is_counted_and_named() {
    let folder = Folder::new();
    let ca = private_ca();
    // Uploaded before its certificate was issued, says the row.
    folder.write("in/a.pem", bundle(&leaf("a.example").from("2018-01-01").to("2040-01-01").by(&ca), &[]));
    folder.write("rows.csv", "path,uploaded_at\na.pem,2015-01-01\n");
    let ran = plan(&folder, &["--manifest", &folder.at("rows.csv")]);
    assert!(ran.stdout.contains("1 evidence-disagrees"), "{}", ran.stdout);
    assert!(
        folder.text("case/plan.md").contains("`evidence-disagrees` a.pem"),
        "{}",
        folder.text("case/plan.md")
    );
    let findings = folder.json("case/plan.json")["findings"].clone();
    assert_eq!(
        findings.as_array().unwrap().iter().filter(|f| f["code"] == "evidence-disagrees").count(),
        1,
        "{findings}"
    );
}
