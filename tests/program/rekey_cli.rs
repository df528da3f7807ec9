//! `certrecall rekey` as it is typed.
#![allow(missing_docs, clippy::unwrap_used)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use crate::common::pki::{bundle, leaf, public_ca};
use crate::common::{Folder, Ran, certrecall, run};
use serde_json::Value;

const BEFORE: &str = "--uploaded=2015-01-01..2015-12-31";
const AS_OF: &str = "--as-of=2026-11-25";

/// A case with replacements for these hosts, all of one unknown CA.
fn planned(hosts: &[&str]) -> Folder {
    let ca = public_ca();
    let folder = Folder::new();
    for host in hosts {
        folder.write(format!("in/{host}.pem"), bundle(&leaf(host).by(&ca), &[]));
    }
    assert_eq!(run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
    folder
}

fn rekey(folder: &Folder, arguments: &[&str]) -> Ran {
    let case = folder.at("case");
    run(&[&["rekey", &case], arguments].concat())
}

/// The directories of replacements, and what their records say.
fn made(folder: &Folder) -> Vec<(PathBuf, Value)> {
    let Ok(list) = fs::read_dir(folder.path().join("case/replacements")) else { return Vec::new() };
    let mut out: Vec<_> = list
        .map(|e| e.unwrap().path())
        .map(|d| (d.clone(), serde_json::from_slice(&fs::read(d.join("replacement.json")).unwrap()).unwrap()))
        .collect();
    out.sort_by(|a: &(PathBuf, Value), b| a.0.cmp(&b.0));
    out
}

fn text_of(directory: &std::path::Path) -> String {
    let out = Command::new("openssl")
        .args(["req", "-noout", "-text", "-verify", "-in"])
        .arg(directory.join("request.pem"))
        .output()
        .unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn only_makes_those_that_are_named() {
    let folder = planned(&["a.example", "b.example", "c.example"]);
    let plan = folder.json("case/plan.json");
    let step = |name: &str| {
        let all = plan["replacements"].as_array().unwrap();
        all.iter().find(|r| r["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let wrong = rekey(&folder, &["--only", "nobody.example"]);
    assert_eq!((wrong.status, made(&folder).len()), (2, 0));
    assert!(
        wrong.stderr.contains("no replacement of the plan is meant by \"nobody.example\""),
        "{}",
        wrong.stderr
    );
    assert_eq!(rekey(&folder, &["--only", "a.example"]).status, 1);
    assert_eq!(made(&folder).len(), 1);
    assert_eq!(rekey(&folder, &["--only", &step("b.example"), "--only", "a.example"]).status, 1);
    assert_eq!(made(&folder).len(), 2);
    let key = plan["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["certificates"][0]["dns_names"][0] == "c.example")
        .unwrap();
    assert_eq!(rekey(&folder, &["--only", key["spki_sha256"].as_str().unwrap()]).status, 1);
    assert_eq!(made(&folder).len(), 3);
}

#[test]
fn what_is_wanted_of_one_that_is_there_is_not_ignored_without_a_word() {
    let folder = planned(&["a.example"]);
    assert_eq!(rekey(&folder, &[]).status, 1);
    let before = made(&folder);
    assert!(
        !rekey(&folder, &["--only", "a.example"]).stderr.contains("stays as it is"),
        "nothing else is wanted"
    );
    for flags in [
        &["--key", "rsa-3072"][..],
        &["--key-format", "sec1"],
        &["--common-name", "drop"],
        &["--target", "zendesk"],
    ] {
        let ran = rekey(&folder, &[&["--only", "a.example"], flags].concat());
        assert!(
            ran.status == 1
                && ran.stderr.contains("stays as it is; to have it made anew, move that directory out"),
            "{flags:?} {}",
            ran.stderr
        );
    }
    assert_eq!(made(&folder), before);
    let ran = rekey(&folder, &["--target", "zendesk", "--key-format", "sec1"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("Zendesk takes no key as sec1"),
        "not one by one: {}",
        ran.stderr
    );
}

#[test]
fn wishes_for_one_certificate_need_to_say_which() {
    let folder = planned(&["a.example", "b.example"]);
    for flags in [
        &["--subject", "CN=x"][..],
        &["--san", "add:x.example"],
        &["--common-name", "drop"],
        &["--san", "add:x.example", "--only", "a.example", "--only", "b.example"],
    ] {
        let ran = rekey(&folder, flags);
        assert!(ran.status == 2 && ran.stderr.contains("say which with --only"), "{flags:?} {}", ran.stderr);
    }
    for (flags, says) in [
        (&["--subject", "/CN=x"][..], "with commas"),
        (&["--san", "add:x", "--san", "drop:x"], "added and dropped"),
        (&["--san", "drop:other.example"], "is to be dropped and is not there"),
        (&["--target", "nowhere"], "there is zendesk"),
        (&["--target", "zendesk", "--key-format", "sec1"], "choose --key-format pkcs8 or pkcs1"),
        (
            &["--target", "zendesk", "--key", "ecdsa-p384", "--san", "add:x.example"],
            "takes no ecdsa-p384 key",
        ),
    ] {
        let ran = rekey(&folder, &[flags, &["--only", "a.example"]].concat());
        assert!(ran.status == 2 && ran.stderr.contains(says), "{flags:?} {}", ran.stderr);
    }
    assert_eq!(made(&folder).len(), 0, "what does not work out leaves nothing");
    let flags = [
        "--only",
        "a.example",
        "--subject",
        "CN=other,O=Example",
        "--san",
        "add:x.example",
        "--san",
        "drop:a.example",
        "--common-name",
        "first-san",
    ];
    assert_eq!(rekey(&folder, &flags).status, 1);
    let text = text_of(&made(&folder)[0].0);
    assert!(
        text.contains("Subject: O = Example, CN = x.example\n") && text.contains("DNS:x.example\n"),
        "{text}"
    );
}

#[test]
fn a_file_of_wishes_is_checked_as_a_whole() {
    let folder = planned(&["a.example", "b.example", "c.example"]);
    let file = folder.at("r.toml");
    let good = "[[replacement]]\nmatch = \"a.example\"\nkey = \"rsa-2048\"\nkey_format = \"pkcs1\"\nsan = [\"add:new.example\"]\n\n\
                [[replacement]]\nmatch = \"b.example\"\nskip = \"switched off\"\n";
    folder.write("r.toml", format!("{good}\n[[replacement]]\nmatch = \"d.example\"\nkey = \"rsa-2048\"\n"));
    let ran = rekey(&folder, &["--replacements", &file]);
    assert!(
        ran.status == 2
            && ran.stderr.contains("r.toml:11: no replacement of the plan is meant by \"d.example\""),
        "{}",
        ran.stderr
    );
    folder.write(
        "r.toml",
        format!("{good}\n[[replacement]]\nmatch = \"c.example\"\nsan = [\"drop:x.example\"]\n"),
    );
    let ran = rekey(&folder, &["--replacements", &file]);
    assert!(ran.status == 2 && ran.stderr.contains("nothing was made"), "{}", ran.stderr);
    assert_eq!(made(&folder).len(), 0);
    let two = "[[replacement]]\nmatch = \"a.example\"\nsan = [\"drop:x.example\"]\n\n\
               [[replacement]]\nmatch = \"b.example\"\nkey = \"ed25519\"\nkey_format = \"sec1\"\n";
    folder.write("r.toml", two);
    let ran = rekey(&folder, &["--replacements", &file]);
    assert!(
        ran.stderr.contains("r.toml:1: a.example (replace-")
            && ran.stderr.contains("r.toml:5: b.example (replace-"),
        "all of it, each with its line: {}",
        ran.stderr
    );
    assert!(ran.stderr.contains("sec1 is not a form of the kind ed25519"), "{}", ran.stderr);
    assert_eq!((ran.status, made(&folder).len()), (2, 0));
    folder.write("r.toml", good);
    let ran = rekey(&folder, &["--replacements", &file]);
    assert!(
        ran.status == 1
            && ran.stderr.contains("b.example (replace-")
            && ran.stderr.contains(") is skipped: switched off"),
        "{}",
        ran.stderr
    );
    let all = made(&folder);
    let facts: Vec<_> = all
        .iter()
        .map(|(_, r)| (r["key_algorithm"].as_str().unwrap(), r["key_format"].as_str().unwrap()))
        .collect();
    assert_eq!(facts, [("rsa", "pkcs1"), ("ec", "pkcs8")]);
    assert!(text_of(&all[0].0).contains("DNS:a.example, DNS:new.example"));
    let again = rekey(&folder, &["--replacements", &file]);
    assert!(
        again.stderr.contains("is there already in replacements/a.example-") && made(&folder) == all,
        "{}",
        again.stderr
    );
}

#[test]
fn passphrases_come_from_files_and_the_environment_and_are_not_empty() {
    let folder = planned(&["a.example"]);
    folder.write("empty", "\n").write("right", "c\u{f6}rrect horse\nsecond line\n").write("wrong", "wrong\n");
    let encrypted = ["--key-format", "pkcs8-encrypted"];
    for (more, says) in [
        (&["--key-passphrase-file", &folder.at("empty")][..], "is empty"),
        (&["--key-passphrase-file", &folder.at("none")], "cannot read the file with the passphrase"),
        (&["--key-passphrase-env", "CERTRECALL_NO_SUCH_VARIABLE"], "no variable"),
    ] {
        let ran = rekey(&folder, &[&encrypted[..], more].concat());
        assert!(ran.status == 2 && ran.stderr.contains(says), "{more:?} {}", ran.stderr);
    }
    let ran = rekey(&folder, &[&encrypted[..], &["--key-passphrase-file", &folder.at("right")]].concat());
    assert!(ran.status == 1 && !format!("{ran:?}").contains("horse"), "{ran:?}");
    let key = made(&folder)[0].0.join("key.pem");
    let opens = |pass: &str| {
        Command::new("openssl")
            .args(["pkey", "-noout", "-passin", pass, "-in"])
            .arg(&key)
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(opens(&format!("file:{}", folder.at("right"))) && !opens("pass:wrong"));
    assert_eq!(rekey(&folder, &[]).status, 1, "without passphrase it is there all the same");
    let ran = rekey(&folder, &["--key-passphrase-file", &folder.at("wrong")]);
    assert!(
        ran.stderr.contains("the passphrase does not open it") && made(&folder).len() == 1,
        "{}",
        ran.stderr
    );
}

#[test]
fn no_key_of_any_list_is_used() {
    let folder = planned(&["a.example"]);
    // What another tool added to the case's own list has to be read, even where it is no list.
    folder.write("case/exposed-spki.txt", "not a hash\n");
    folder.write("known.txt", "xyz\n");
    let ran = rekey(&folder, &["--known-compromised", &folder.at("known.txt")]);
    assert!(ran.status == 2 && ran.stderr.contains("known.txt:1"), "{}", ran.stderr);
    folder.write("known.txt", format!("{}\n", "ab".repeat(32)));
    assert_eq!(rekey(&folder, &["--known-compromised", &folder.at("known.txt")]).status, 1);
}

#[test]
fn what_to_do_with_a_request_is_shown() {
    let folder = planned(&["a.example", "b.example"]);
    let none = rekey(&folder, &["--show", "a.example"]);
    assert!(none.status == 2 && none.stderr.contains("has no key and request yet"), "{}", none.stderr);
    assert_eq!(rekey(&folder, &[]).status, 1);
    let ran = rekey(&folder, &["--show", "a.example"]);
    let request = made(&folder)[0].0.join("request.pem");
    assert_eq!(ran.status, 0);
    assert!(
        ran.stdout.contains(&format!("openssl ca -config CONFIG -notext -in {}", request.display())),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("b.example"));
    let file = fs::read_to_string(made(&folder)[0].0.join("handoff.md")).unwrap();
    assert!(file.contains("openssl ca -config CONFIG -notext -in request.pem -out issued.pem\n"), "{file}");
    assert!(rekey(&folder, &["--show", "nobody"]).stderr.contains("no replacement of the plan"));
    // From a directory of its own, what is printed is absolute; a name that is no UTF-8 cannot be printed.
    let case = folder.path().join("case");
    fs::rename(&case, folder.path().join("-case")).unwrap();
    let shown = |case: &OsStr| {
        Ran::from(
            certrecall()
                .current_dir(folder.path())
                .args([OsStr::new("rekey"), "--show=a.example".as_ref(), "--".as_ref(), case])
                .output()
                .unwrap(),
        )
    };
    let ran = shown("-case".as_ref());
    assert!(
        ran.status == 0 && ran.stdout.contains(&format!("-in {}/replacements/", folder.at("-case"))),
        "{ran:?}"
    );
    let odd = OsStr::from_bytes(b"case\xff");
    fs::rename(folder.path().join("-case"), folder.path().join(odd)).unwrap();
    let ran = shown(odd);
    assert!(ran.status == 2 && ran.stdout.is_empty() && ran.stderr.contains("is no UTF-8"), "{ran:?}");
    fs::rename(folder.path().join(odd), case).unwrap();
    // The user's own file about CAs says how this one is asked.
    folder.write("cas.toml", "[[operator]]\nid = \"ours\"\nname = \"Our CA\"\nissuers = [\"CN=Example Public CA\"]\nkind = \"vault\"\nparameters = { mount = \"pki\", role = \"web\" }\n");
    let cas = folder.at("cas.toml");
    assert_eq!(
        run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF, "--cas", &cas]).status,
        1
    );
    let ran = rekey(&folder, &["--show", "a.example", "--cas", &cas]);
    assert!(ran.stdout.contains("vault write -field=certificate pki/sign/web csr=@"), "{}", ran.stdout);
}

#[test]
fn each_request_mirrors_its_own_certificate_however_many_lie_in_one_file() {
    let ca = public_ca();
    let folder = Folder::new();
    let mut files = [String::new(), String::new(), String::new()];
    for i in 0..60 {
        files[i % 3].push_str(&bundle(&leaf(&format!("host{i}.example")).by(&ca), &[]));
    }
    for (i, text) in files.iter().enumerate() {
        folder.write(format!("in/{i}.pem"), text);
    }
    assert_eq!(run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
    let ran = rekey(&folder, &["--threads", "2"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let all = made(&folder);
    assert_eq!(all.len(), 60);
    for (directory, record) in all {
        let host = record["names"][0].as_str().unwrap();
        assert!(
            directory.file_name().unwrap().to_str().unwrap().starts_with(&format!("{host}-")),
            "{directory:?} {host}"
        );
        assert!(text_of(&directory).contains(&format!("DNS:{host}\n")), "{host}");
    }
    // In the order of the plan, whatever the order of reading.
    let names: Vec<_> = ran.stdout.lines().map(|l| l.split('\t').nth(1).unwrap().to_owned()).collect();
    let plan: Vec<_> = folder.json("case/plan.json")["replacements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, plan);
}

#[test]
fn no_key_is_written_through_a_link() {
    let folder = planned(&["a.example"]);
    let (case, elsewhere) = (folder.path().join("case"), folder.path().join("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    for (name, flags) in [("replacements", &[][..]), ("proofs", &["--proofs", "--all-exposed"])] {
        symlink(&elsewhere, case.join(name)).unwrap();
        let ran = rekey(&folder, flags);
        assert!(
            ran.status == 2 && ran.stderr.contains("is a symbolic link, and keys are neither"),
            "{name} {}",
            ran.stderr
        );
        fs::remove_file(case.join(name)).unwrap();
    }
    assert_eq!(rekey(&folder, &[]).status, 1);
    let directory = made(&folder).remove(0).0;
    fs::rename(&directory, elsewhere.join("x")).unwrap();
    symlink(elsewhere.join("x"), &directory).unwrap();
    let record = fs::read(elsewhere.join("x/replacement.json")).unwrap();
    let ran = rekey(&folder, &[]);
    assert!(ran.stderr.contains("is a symbolic link") && made(&folder).len() == 2, "{}", ran.stderr);
    assert_eq!(fs::read(elsewhere.join("x/replacement.json")).unwrap(), record);
}

#[test]
fn what_is_no_regular_file_stops_nothing() {
    let folder = planned(&["a.example"]);
    assert_eq!(rekey(&folder, &[]).status, 1);
    let directory = made(&folder).remove(0).0;
    for name in ["replacement.json", "request.pem", "key.pem"] {
        let (file, aside) = (directory.join(name), folder.path().join("aside"));
        fs::rename(&file, &aside).unwrap();
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        let fifo = rekey(&folder, &["--show", "a.example"]);
        fs::remove_file(&file).unwrap();
        symlink(&aside, &file).unwrap();
        let link = rekey(&folder, &["--show", "a.example"]);
        for ran in [fifo, link] {
            assert!(
                ran.stderr.contains(&format!("{name} is a link or no regular file")),
                "{name} {}",
                ran.stderr
            );
        }
        fs::rename(&aside, &file).unwrap();
    }
    assert_eq!(rekey(&folder, &["--show", "a.example"]).status, 0);
}

#[test]
fn what_is_not_as_in_the_old_certificate_is_told_at_once() {
    let folder = planned(&["a.example", "b.example"]);
    let done = rekey(&folder, &["--key=rsa-2048", "--only=a.example"]);
    let told = "1 request not as the old certificate: 1 key-type-changed; handoff.md beside each says what is different and why\n";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let (directory, record) = made(&folder).remove(0);
    let changes = record["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|c| c["what"] == "key" && c["reason"] == "rsa-2048, as its owner asks"),
        "{changes:?}"
    );
    let handoff = fs::read_to_string(directory.join("handoff.md")).unwrap();
    let (_, told) = handoff.split_once("## Not as in the old certificate, or to be known\n").unwrap();
    assert!(told.contains("- changed: `key`: rsa-2048, as its owner asks\n"), "{told}");
    assert!(!told.contains("subjectKeyIdentifier"), "what every CA sets is no news: {told}");
    let plain = rekey(&folder, &[]);
    assert!(!plain.stderr.contains("not as the old"), "{}", plain.stderr);
    let (directory, _) =
        made(&folder).into_iter().find(|(_, record)| record["names"][0] == "b.example").unwrap();
    assert!(!fs::read_to_string(directory.join("handoff.md")).unwrap().contains("Not as in"));
}

#[test]
fn a_request_that_cannot_be_made_is_told_with_its_name() {
    let folder = planned(&["a.example"]);
    let all = rekey(&folder, &["--key-format=pkcs1"]);
    assert_eq!(all.status, 3, "{}", all.stderr);
    assert!(all.stderr.contains("no request for a.example (step replace-"), "{}", all.stderr);
    let one = rekey(&folder, &["--key-format=pkcs1", "--only=a.example"]);
    assert_eq!(one.status, 2);
    assert!(one.stderr.contains("--only: a.example (replace-"), "{}", one.stderr);
}

#[test]
fn a_view_that_is_gone_is_written_anew() {
    let folder = planned(&["a.example"]);
    fs::remove_file(folder.path().join("case/plan.json")).unwrap();
    assert_eq!(rekey(&folder, &[]).status, 1);
    let (directory, _) = made(&folder).remove(0);
    let named = folder.json("case/plan.json")["replacements"][0]["directory"].as_str().unwrap().to_owned();
    assert!(directory.ends_with(&named), "{directory:?} {named}");
}

#[test]
fn a_plan_says_how_its_requests_are_made() {
    let folder = planned(&["a.example"]);
    let plan = || run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).stdout;
    let next = format!(
        "  1. make the new keys and requests, if these hosts are yours: certrecall rekey {}\n  2. look for other certificates",
        folder.at("case")
    );
    assert!(plan().contains(&next), "{}", plan());
    assert!(folder.text("case/plan.md").contains("`certrecall rekey` makes the request"));
    assert_eq!(rekey(&folder, &[]).status, 1);
    // The text for people names it at once.
    let (directory, _) = made(&folder).remove(0);
    let told = folder.text("case/plan.md");
    let request =
        format!("The request: replacements/{}/request.pem", directory.file_name().unwrap().to_str().unwrap());
    assert!(told.contains(&request) && !told.contains("makes the request"), "{told}");
    assert!(plan().contains("  1. have 1 certificate issued"), "{}", plan());
    assert!(folder.text("case/plan.md").contains(&request));
}

#[test]
fn a_target_is_for_run_too_and_a_key_that_does_not_fit_is_reported() {
    let kind = |folder: &Folder| {
        let (_, record) = made(folder).remove(0);
        (record["key_algorithm"].as_str().unwrap().to_owned(), record["key_bits"].as_u64().unwrap())
    };
    let certificate = leaf("a.example").by(&public_ca());
    let run_with = |folder: &Folder, more: &[&str]| {
        folder.write("in/a.pem", bundle(&certificate, &[]));
        run(&[&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF], more].concat())
    };
    // Nothing is planned where the options contradict.
    for (more, says) in [
        (&["--target=nowhere"][..], "there is zendesk"),
        (&["--target=zendesk", "--key=ecdsa-p384"], "choose --key rsa-2048 or ecdsa-p256"),
    ] {
        let folder = Folder::new();
        let ran = run_with(&folder, more);
        assert!(
            ran.status == 2 && ran.stderr.contains(says) && !folder.path().join("case").exists(),
            "{ran:?}"
        );
    }
    let folder = Folder::new();
    let ran = run_with(&folder, &["--target=zendesk"]);
    assert_eq!((ran.status, kind(&folder)), (1, ("ec".to_owned(), 256)), "{ran:?}");
    assert_eq!(run_with(&folder, &["--target=zendesk"]).status, 1, "it fits");
    // Made for no place, or in another form.
    for (command, more) in
        [("run", &["--key=ecdsa-p384"][..]), ("run", &["--key=rsa-4096"]), ("rekey", &["--key-format=sec1"])]
    {
        let folder = Folder::new();
        if command == "run" {
            run_with(&folder, more);
        } else {
            folder.write("in/a.pem", bundle(&certificate, &[]));
            assert_eq!(run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
            assert_eq!(rekey(&folder, more).status, 1);
        }
        let before = made(&folder);
        for ran in [rekey(&folder, &["--target", "zendesk"]), run_with(&folder, &["--target=zendesk"])] {
            assert_eq!(ran.status, 3, "{ran:?}");
            assert!(
                ran.stderr.contains("(target-mismatch)")
                    && ran.stderr.contains("out of the case and run this again"),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(made(&folder), before, "it stays as it is");
        fs::rename(&before[0].0, folder.path().join("moved")).unwrap();
        assert_eq!((rekey(&folder, &["--target", "zendesk"]).status, made(&folder).len()), (1, 1));
    }
}
