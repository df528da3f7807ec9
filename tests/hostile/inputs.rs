//! Files that a user hands over beside the certificates: manifests and incident profiles.

use crate::common::pki::{bundle, leaked_leaf};
use crate::common::{Folder, Ran};
use crate::{Bounds, SMALL, run};

/// A folder with one exposed certificate, and a file that says something about it.
fn with(name: &str, content: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&leaked_leaf(), &[])).write(name, content);
    folder
}

fn plan(folder: &Folder, flag: &str, name: &str) -> Ran {
    let ran = run(SMALL, &["plan", &folder.at("in"), "-o", &folder.at("case"), flag, &folder.at(name)]);
    for text in [&ran.stdout, &ran.stderr] {
        let raw = |c: char| c.is_control() && c != '\n';
        assert!(
            !text.contains(raw),
            "no raw control character: {:?}",
            text.chars().filter(|c| raw(*c)).collect::<String>()
        );
        assert!(text.len() < 20_000, "what is hostile is not repeated at length: {} bytes", text.len());
    }
    ran
}

#[test]
fn manifests_that_are_broken_are_refused_or_told_row_by_row() {
    let wide: Vec<u8> =
        "path,uploaded_at\na.pem,2015-01-01\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [vec![0xff, 0xfe], wide.clone()].concat();
    let long = "x".repeat(1_000_000);
    let good = "path,uploaded_at,account\na.pem,2015-01-01,acme\n";
    // What, content, exit statuses that are right, whether a row is complained about.
    let table: Vec<(&str, Vec<u8>, &[i32], bool)> = vec![
        ("NUL bytes in a row", format!("{good}b\0.pem,\0,\0\n").into(), &[1], true),
        ("NUL bytes alone", vec![0; 100_000], &[2], false),
        ("UTF-16", wide, &[2, 1], false),
        ("UTF-16 with a mark", marked, &[2, 1], false),
        ("a long path", format!("{good}{long},2015-01-01,\n").into(), &[1], false),
        ("a long time", format!("{good}b.pem,{long},\n").into(), &[1], true),
        ("a long account", format!("path,uploaded_at,account\na.pem,2015-01-01,{long}\n").into(), &[1], false),
        ("a long header", format!("{long},{long}\n1,2\n").into(), &[2], false),
        ("an unbalanced quote", format!("{good}\"b.pem,2015-01-01,\nc.pem,2015-01-01,\nd.pem,2015-01-01,\n").into(), &[1], true),
        ("an unbalanced quote in the header", format!("\"{good}").into(), &[2], false),
        ("many fields", format!("{good}b.pem,2015-01-01{}\n", ",x".repeat(500_000)).into(), &[1], false),
        ("controls in a row", format!("{good}\x1b[2J\x07.pem,\x1b]0;x\x07,\u{202e}\n").into(), &[1], true),
        ("JSON without end", "[".repeat(1_000_000).into(), &[2], false),
        ("JSON objects without end", "{\"a\":".repeat(300_000).into(), &[2], false),
        (
            "JSON that escapes",
            format!(
                "[{{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}},{{\"path\":\"{}\",\"uploaded_at\":\"2015\"}}]",
                "\\u0000\\u001b".repeat(1000)
            )
            .into(),
            &[1],
            true,
        ),
        ("bytes that are no text", [good.as_bytes(), &[0xff, 0xfe, b',', 0x80, b'\n']].concat(), &[1], true),
    ];
    for (what, content, statuses, complains) in table {
        let folder = with("m.csv", &content);
        let ran = plan(&folder, "--manifest", "m.csv");
        assert!(statuses.contains(&ran.status), "{what}: {ran:?}");
        if ran.status == 2 {
            assert!(ran.stderr.contains("manifest m.csv"), "{what}: {}", ran.stderr);
            assert!(!folder.path().join("case").exists(), "{what}");
        } else {
            let plan = folder.json("case/plan.json");
            let findings = plan["findings"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|f| f["code"] == "manifest-row-bad")
                .count();
            assert_eq!(findings > 0, complains, "{what}: {}", plan["findings"]);
        }
    }
}

#[test]
fn a_manifest_of_200000_rows_costs_each_row_once() {
    let mut text = "path,uploaded_at,account\n".to_owned();
    // Half of them name one path, half others; each is looked at once, whatever the number of files.
    for i in 0..100_000 {
        text.push_str(&format!("a.pem,2015-01-01,a{i}\nother/{i}.pem,2015-01-01,\n"));
    }
    let folder = with("m.csv", text);
    let bounds = Bounds { memory: 1024, seconds: 120 };
    let ran =
        run(bounds, &["plan", &folder.at("in"), "-o", &folder.at("case"), "--manifest", &folder.at("m.csv")]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stdout.len() < 100_000, "{} bytes", ran.stdout.len());
}

#[test]
fn incident_profiles_that_are_hostile() {
    let good = "name = \"x\"\ncutoff = \"2016-11-01\"\n";
    let table: Vec<(&str, String, &[i32])> = vec![
        ("nested tables", format!("{good}[{}a]\nb = 1\n", "a.".repeat(100_000)), &[2]),
        ("nested keys", format!("{}a = 1\n", "a.".repeat(100_000)), &[2]),
        ("nested arrays", format!("{good}advice = {}", "[".repeat(100_000)), &[2]),
        ("nested inline tables", format!("{good}title = {}", "{a=".repeat(100_000)), &[2]),
        ("a giant title", format!("{good}title = \"{}\"\n", "x".repeat(5_000_000)), &[1]),
        ("a giant name", format!("name = \"{}\"\ncutoff = \"2016-11-01\"\n", "x".repeat(5_000_000)), &[1, 2]),
        (
            "controls",
            format!(
                "{good}title = \"\\u001b[2J\\u202e\"\nsummary = \"a\\rb\\u0007\"\nadvice = [\"\\u001b[31m\"]\n"
            ),
            &[1],
        ),
        ("controls as they are", format!("{good}title = \"\x1b[2J\"\n"), &[2]),
        ("a hostile key", format!("{good}\"\\u001b[2J\" = 1\n"), &[2]),
        ("a hostile time", "name = \"x\"\ncutoff = \"\\u001b[2J\\u202e\"\n".to_owned(), &[2]),
        ("a year beyond", "name = \"x\"\ncutoff = \"99999999999999999999-01-01\"\n".to_owned(), &[2]),
        ("no text", "name = \"\u{0}\"".to_owned(), &[2]),
    ];
    for (what, text, statuses) in table {
        let folder = with("p.toml", &text);
        let ran = run(
            SMALL,
            &[
                "plan",
                &folder.at("in"),
                "-o",
                &folder.at("case"),
                "--incident",
                &folder.at("p.toml"),
                "--uploaded=2015-01-01",
            ],
        );
        assert!(
            statuses.contains(&ran.status),
            "{what}: {} {}",
            ran.status,
            &ran.stderr[..ran.stderr.len().min(500)]
        );
        let mut texts = vec![ran.stdout, ran.stderr];
        if ran.status == 1 {
            texts.push(folder.text("case/plan.md"));
        }
        for text in texts {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{what}");
        }
    }
}
