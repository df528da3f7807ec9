//! Other content in the place of what a case met before: rows, hashes and inspect steps stay with what they
//! are about.

use std::fs;

use certrecall::id::Fingerprint;

use super::gone::Late;
use crate::common::pki::{Key, bundle, leaf, leaked_leaf, private_ca};
use crate::common::{Folder, Member, key, run, tar};
use serde_json::Value;

/// Another readable file in the place of what could not be read says nothing of it.
#[test]
fn other_keys_do_not_close_what_was_not_read() {
    let folder = Folder::new();
    let (first, second) = (Key::new().encrypted(), Key::new().encrypted());
    folder.write("up/key.pem", &first).write("up/cut.pem", &private_ca().pem()[..200]);
    let (up, case) = (folder.at("up"), folder.at("case"));
    let inspect = || -> Vec<(String, String)> {
        let plan = folder.json("case/plan.json");
        let steps = plan["steps"].as_array().unwrap().iter().filter(|s| s["kind"] == "inspect");
        steps
            .map(|s| (s["id"].as_str().unwrap().to_owned(), s["status"].as_str().unwrap().to_owned()))
            .collect()
    };
    assert_eq!(run(&["plan", &up, "-o", &case, "--uploaded", "2018-01-01"]).status, 3);
    let before = inspect();
    for (id, _) in &before {
        assert_eq!(run(&["mark", &case, id, "confirmed", "--reason", "seen"]).status, 0);
    }
    // Another locked key has a step of its own, and both stay, whatever becomes of the file.
    folder.write("up/key.pem", &second);
    assert_eq!(run(&["plan", "-o", &case]).status, 3);
    assert_eq!(inspect().len(), 3);
    for content in [Key::new().pem(), "nothing".to_owned()] {
        folder.write("up/key.pem", &content).write("up/cut.pem", Key::new().pem());
        run(&["plan", "-o", &case]);
        let ready: Vec<_> = inspect().into_iter().filter(|(_, status)| status == "ready").collect();
        assert!(
            inspect().len() == 3 && ready.len() == 1 && before.iter().all(|(id, _)| *id != ready[0].0),
            "{:?}",
            inspect()
        );
    }
    fs::remove_file(folder.path().join("up/key.pem")).unwrap();
    assert_eq!(run(&["plan", "-o", &case]).status, 3);
    assert_eq!(inspect().len(), 3);
    folder.write("up/key.pem", &second);
    run(&["plan", "-o", &case]);
    assert_eq!(inspect().len(), 3);
}

#[test]
fn a_new_row_does_not_speak_of_what_is_gone() {
    let late = Late::new("a.pem,2026-11-10");
    late.plan(&[]);
    fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
    late.again(&[]);
    late.folder.write("rows.csv", "path,uploaded_at\na.pem,2026-11-29\n");
    assert_eq!(late.again(&[]).status, 1);
    assert_eq!(late.exposures(), ["exposed"]);
    late.folder.write("up/a.pem", Late::bundle("b.example"));
    late.again(&[]);
    assert_eq!(late.exposures(), ["exposed", "not-exposed"]);
}

/// The row of an archive is about what was in it then.
#[test]
fn what_comes_into_an_archive_later_has_no_row() {
    let (one, two) = (Late::bundle("one.example"), Late::bundle("two.example"));
    let first: &[Member<'_>] = &[("one.pem", one.as_bytes(), None)];
    let both: &[Member<'_>] = &[first[0], ("two.pem", two.as_bytes(), None)];
    for (before, after) in [
        (tar(first), tar(both)),
        (tar(first), tar(&both[1..])),
        (tar(first), two.clone().into_bytes()),
        (one.clone().into_bytes(), tar(&both[1..])),
    ] {
        let late = Late::new("uploads.tar,2026-11-29");
        fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
        late.folder.write("up/uploads.tar", before);
        assert_eq!(late.plan(&[]).status, 0);
        late.folder.write("up/uploads.tar", after);
        for _ in 0..2 {
            late.again(&[]);
            assert_eq!(late.exposures(), ["not-exposed", "undetermined"]);
        }
    }
}

/// A row names a member as if the archive were a folder, and a file in a folder of that name.
#[test]
fn what_takes_the_place_of_a_member_has_no_row() {
    let (one, two) = (Late::bundle("one.example"), Late::bundle("two.example"));
    let archive = |pem: &str| tar(&[("one.pem", pem.as_bytes(), None)]);
    let (in_archive, in_folder) = ("up/uploads.tar", "up/uploads.tar/one.pem");
    type Place<'a> = (&'a str, Vec<u8>);
    let cases: [(Place<'_>, Place<'_>, &[&str]); 4] = [
        ((in_archive, archive(&one)), (in_folder, two.clone().into()), &["not-exposed", "undetermined"]),
        ((in_folder, one.clone().into()), (in_archive, archive(&two)), &["not-exposed", "undetermined"]),
        ((in_archive, archive(&one)), (in_folder, one.clone().into()), &["not-exposed"]),
        // The row names what was in the folder more closely.
        ((in_folder, one.clone().into()), (in_archive, archive(&one)), &["undetermined"]),
    ];
    for ((before, content), (after, other), exposures) in cases {
        let late = Late::new("uploads.tar/one.pem,2026-11-29");
        fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
        late.folder.write(before, content);
        assert_eq!(late.plan(&[]).status, 0);
        let place = late.folder.path().join(in_archive);
        if place.is_dir() {
            fs::remove_dir_all(&place).unwrap()
        } else {
            fs::remove_file(&place).unwrap()
        }
        late.folder.write(after, other);
        for _ in 0..2 {
            late.again(&[]);
            assert_eq!(late.exposures(), exposures, "{before} then {after}");
        }
    }
}

#[test]
fn a_row_for_the_hash_of_an_archive_stays_about_its_members() {
    let one = Late::bundle("one.example");
    let member: Member<'_> = ("one.pem", one.as_bytes(), None);
    let before = tar(&[member]);
    let late = Late::new("");
    fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
    late.folder.write("rows.csv", format!("sha256,uploaded_at\n{},2026-11-10\n", Fingerprint::of(&before)));
    late.folder.write("up/uploads.tar", before);
    late.plan(&[]);
    assert_eq!(late.exposures(), ["exposed"]);
    late.folder.write("up/uploads.tar", tar(&[member, ("readme.txt", b"hello", None)]));
    late.again(&[]);
    assert_eq!(late.exposures(), ["exposed"]);
}

/// A folder is not a file: what closes its step is that something below it is read.
#[test]
fn a_folder_that_is_entered_later_is_read() {
    let folder = Folder::new();
    folder.write("up/ok.pem", private_ca().pem()).write("up/one/two/key.pem", private_ca().pem());
    let (up, case) = (folder.at("up"), folder.at("case"));
    let plan = |more: &[&str]| run(&[&["plan", "-o", &case], more].concat());
    assert_eq!(plan(&[&up, "--uploaded", "2018-01-01", "--max-depth", "1"]).status, 3);
    assert_eq!(plan(&[]).status, 3);
    for _ in 0..2 {
        let ran = plan(&["--max-depth", "9"]);
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn what_was_not_read_stays_when_the_first_content_comes_back() {
    let folder = Folder::new();
    let first = private_ca().pem();
    folder.write("up/a.pem", &first);
    let (up, case) = (folder.at("up"), folder.at("case"));
    assert_eq!(run(&["plan", &up, "-o", &case, "--uploaded", "2018-01-01"]).status, 0);
    folder.write("up/a.pem", Key::new().encrypted());
    assert_eq!(run(&["plan", "-o", &case]).status, 3);
    folder.write("up/a.pem", &first);
    for _ in 0..2 {
        assert_eq!(run(&["plan", "-o", &case]).status, 3);
    }
}

/// A row for the hash of one content makes no other row for the path new.
#[test]
fn rows_for_a_hash_do_not_lend_their_path_to_other_content() {
    let late = Late::new("");
    let before = Late::bundle("one.example");
    let rows = format!(
        "path,sha256,uploaded_at\na.pem,,2026-11-29\n,{},2026-11-28\n",
        Fingerprint::of(before.as_bytes())
    );
    late.folder.write("rows.csv", rows).write("up/a.pem", before);
    assert_eq!(late.plan(&[]).status, 0);
    late.folder.write(
        "up/a.pem",
        bundle(&leaf("two.example").from("2026-11-01").to("2040-01-01").by(&private_ca()), &[]),
    );
    for _ in 0..2 {
        late.again(&[]);
        assert_eq!(late.exposures(), ["not-exposed", "undetermined"]);
    }
}

#[test]
fn an_archive_that_was_too_large_is_read_with_a_higher_limit() {
    let late = Late::new("uploads.tar,2026-11-29");
    fs::remove_file(late.folder.path().join("up/a.pem")).unwrap();
    late.folder.write("up/uploads.tar", tar(&[("one.pem", Late::bundle("one.example").as_bytes(), None)]));
    assert_eq!(late.plan(&["--max-file-size", "1K"]).status, 3);
    for _ in 0..2 {
        let ran = late.again(&["--max-file-size", "1M"]);
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(late.exposures(), ["not-exposed"]);
    }
}

/// Nothing is forgotten, and nothing grows, where an archive has two members of one name.
#[test]
fn members_of_one_name_are_recorded_once() {
    let folder = Folder::new();
    let keys = [Key::new(), Key::new(), Key::new()].map(|key| key.encrypted());
    let member = |at: usize| -> Member<'_> { ("x.pem", keys[at].as_bytes(), None) };
    folder.write("up/u.tar", tar(&[member(0)]));
    let (up, case) = (folder.at("up"), folder.at("case"));
    assert_eq!(run(&["plan", &up, "-o", &case, "--uploaded", "2018-01-01"]).status, 3);
    folder.write("up/u.tar", tar(&[member(1), member(2)]));
    assert_eq!(run(&["plan", "-o", &case]).status, 3);
    let steps = folder.json("case/plan.json")["steps"].clone();
    for _ in 0..3 {
        run(&["plan", "-o", &case]);
        assert_eq!(folder.json("case/plan.json")["steps"], steps);
    }
}

#[test]
fn a_row_clears_no_other_file_once_the_one_it_named_is_gone() {
    for (named, other) in [("m\u{fc}/x.pem", "mu\u{308}/x.pem"), ("a/x.pem", "a\\x.pem")] {
        let folder = Folder::new();
        let (first, second) = (leaked_leaf(), leaked_leaf());
        folder.write(format!("in/{named}"), bundle(&first, &[]));
        folder.write(format!("in/{other}"), bundle(&second, &[]));
        folder.write("uploads.csv", format!("path,uploaded_at\n{named},2018-01-01\n"));
        let case = folder.at("case");
        let plan = || run(&["plan", &folder.at("in"), "-o", &case, "--manifest", &folder.at("uploads.csv")]);
        let exposure = || {
            let plan =
                serde_json::from_slice::<Value>(&fs::read(folder.path().join("case/plan.json")).unwrap())
                    .unwrap();
            key(&plan, &second.key.spki().to_string())["exposure"].as_str().unwrap().to_owned()
        };
        assert_eq!(plan().status, 1);
        assert_eq!(exposure(), "undetermined", "{named}");
        fs::remove_file(folder.path().join("in").join(named)).unwrap();
        assert_eq!(plan().status, 1);
        assert_eq!(exposure(), "undetermined", "{named} is gone");
    }
}

#[test]
fn a_row_with_the_hash_of_other_content_clears_nothing_that_came_later() {
    let folder = Folder::new();
    let (first, second) = (bundle(&leaked_leaf(), &[]), leaked_leaf());
    folder.write("in/x.pem", &first);
    let case = folder.at("case");
    assert_eq!(run(&["plan", &folder.at("in"), "-o", &case]).status, 1);
    folder.write("in/x.pem", bundle(&second, &[]));
    for hash in [Fingerprint::of(first.as_bytes()).to_string(), "ab".repeat(32)] {
        folder.write("uploads.csv", format!("path,sha256,uploaded_at\nx.pem,{hash},2018-01-01\n"));
        assert_ne!(run(&["plan", "-o", &case, "--manifest", &folder.at("uploads.csv")]).status, 0);
        let plan = serde_json::from_slice::<Value>(&fs::read(folder.path().join("case/plan.json")).unwrap())
            .unwrap();
        assert_eq!(key(&plan, &second.key.spki().to_string())["exposure"], "undetermined", "{hash}");
    }
}
