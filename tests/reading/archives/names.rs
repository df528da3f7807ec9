//! Names of members that hold more than names.

use std::fs;

use super::make::{deflated, entry, file, gzip, gzip_named, stored, tar, zip};
use super::records_of;
use crate::common::pki::leaked_leaf;
use crate::common::{Folder, run};

/// A private key in a name is found, and is shown nowhere.
#[test]
fn a_key_in_the_name_of_a_member_is_found_and_not_shown() {
    let key = leaked_leaf().key.pem();
    let named = format!("keys/{key}.txt");
    let shown = |archive: &str| {
        format!("{archive}!/keys/({} bytes that look like a PEM block) no-pki-content", named.len() - 5)
    };
    let tarred =
        tar(&[entry(b'L', b"././@LongLink", named.len() as u64, named.as_bytes()), file("short", "x")]);
    let all = [
        ("a.zip", zip(&[deflated(&named, "x")]), vec![shown("a.zip")]),
        ("b.tar", tarred.clone(), vec![shown("b.tar")]),
        ("c.gz", gzip_named(b"x", &named, 7), vec![shown("c.gz")]),
        ("d.tgz", gzip(&tarred), vec![shown("d.tgz")]),
        ("e.zip", zip(&[stored("in.zip", zip(&[deflated(&named, "x")]))]), vec![shown("e.zip!/in.zip")]),
    ];
    let folder = Folder::new();
    for (archive, bytes, mut want) in all {
        let own = if archive == "e.zip" { "e.zip!/in.zip" } else { archive };
        want.push(format!("{own} private-key"));
        assert_eq!(records_of(archive, &bytes), want);
        folder.write(archive, bytes);
    }
    // No line of it, and none that goes on.
    let parts: Vec<&str> =
        key.lines().filter(|line| !line.contains("-----")).map(|line| &line[..line.len().min(20)]).collect();
    let case = Folder::new();
    let runs: [&[&str]; 3] = [
        &["scan", "--all", "--format=ndjson", &folder.at("")],
        &["scan", "--all", &folder.at("")],
        &["plan", "--output", &case.at("case"), &folder.at("")],
    ];
    let search = |bytes: &[u8], place: &str| {
        let text = String::from_utf8_lossy(bytes);
        assert!(parts.iter().all(|part| !text.contains(part)), "{place}");
    };
    for arguments in runs {
        let ran = run(arguments);
        search(ran.stdout.as_bytes(), arguments[0]);
        search(ran.stderr.as_bytes(), arguments[0]);
    }
    let mut files = 0;
    for found in fs::read_dir(case.at("case")).unwrap() {
        let path = found.unwrap().path();
        if path.is_file() {
            search(&fs::read(&path).unwrap(), &path.to_string_lossy());
            files += 1;
        }
    }
    assert!(files > 2);
}

#[test]
fn names_that_only_say_begin_are_shown() {
    for name in ["BEGIN.txt", "a-BEGIN-b", "--BEGINNER", "x/BEGIN PRIVATE KEY"] {
        assert_eq!(
            records_of("x.zip", &zip(&[stored(name, "x")])),
            [format!("x.zip!/{name} no-pki-content")]
        );
    }
    for dashes in ["-----", "----", "==", "\u{2014}\u{2014}", "---- "] {
        let shown = "x.zip!/a(23 bytes that look like a PEM block) no-pki-content";
        let name = format!("a{dashes}BEGIN {}", "B".repeat(23 - 6 - dashes.len()));
        assert_eq!(records_of("x.zip", &zip(&[stored(name, "x")]))[0], shown);
    }
}
