//! What vouches for an answer, and whether a bundle in place still holds: through the command line.

use std::fs;

use certrecall::rekey::complete::{Check, State};

use super::chains::list;
use super::common::pki::{Cert, Draft, bundle, leaf};
use super::common::{Folder, run};
use super::world::{Sent, World, authority, sent, timestamps};
use super::{Case, day, fresh};

/// A CA whose root lay among the uploads and is public by `--roots`.
fn public_by_word() -> (Cert, Case, String) {
    let root = leaf("Own Public Root").authority().from("2015-01-01").to("2040-01-01").self_signed();
    let case = Case { folder: Folder::new() };
    let old = leaf("a.example.com").from("2015-01-01").to("2040-01-01").by(&root);
    case.folder.write("uploads/a.pem", bundle(&old, &[&root])).write("root.pem", root.pem());
    let (uploads, directory, roots) =
        (case.folder.at("uploads"), case.folder.at("case"), case.folder.at("root.pem"));
    let planned = run(&["plan", &uploads, "-o", &directory, "--uploaded", "2016-01-01", "--roots", &roots]);
    assert_eq!(planned.status, 1, "{}", planned.stderr);
    assert_eq!(run(&["rekey", &directory]).status, 1);
    assert_eq!(case.plan_json()["replacements"][0]["reach"], "public");
    (root, case, roots)
}

#[test]
fn a_root_of_the_inventory_makes_no_public_certificate_private() {
    let (root, case, roots) = public_by_word();
    let long = fresh("a.example.com", &case.key("a.example.com")).to(&day(3000)).by(&root);
    // The case stores --roots of its plan, and an answer is held to the same.
    let stored = case.complete(&long.pem(), &[]);
    assert!(
        stored.status == 3
            && stored.stdout.contains("refused too-long")
            && !stored.stdout.contains("other-ca"),
        "{}",
        stored.stdout
    );
    case.folder.write("other.pem", leaf("Another Root").authority().self_signed().pem());
    let other = case.folder.at("other.pem");
    let refused = case.complete(&long.pem(), &["--roots", &other]);
    assert_eq!(refused.status, 3, "{}", refused.stdout);
    for check in [
        "refused other-ca",
        "refused too-long",
        "refused timestamps",
        "--roots FILE",
        "--waive other-ca --reason TEXT",
    ] {
        assert!(refused.stdout.contains(check), "{check}: {}", refused.stdout);
    }
    let others = case.complete(&long.pem(), &["--waive", "timestamps", "--reason", "moved"]);
    assert!(others.status == 3 && others.stdout.contains("refused too-long"), "{}", others.stdout);
    let public = case.complete(&long.pem(), &["--roots", &roots]);
    assert!(
        public.status == 3
            && public.stdout.contains("refused too-long")
            && !public.stdout.contains("other-ca"),
        "{}",
        public.stdout
    );
    let logged = |d: Draft| d.with(|p| p.custom_extensions.push(timestamps(2)));
    let good = logged(fresh("a.example.com", &case.key("a.example.com")).serial(5)).by(&root);
    let taken = case.complete(&good.pem(), &["--roots", &roots]);
    assert_eq!(taken.status, 0, "{}", taken.stdout);
    let record = fs::read_to_string(case.replacement("a.example.com").join("issued/issued.json")).unwrap();
    assert!(record.contains("\"known\": \"public\""), "{record}");
    case.folder.write("none.pem", "nothing");
    let none = case.complete(&good.pem(), &["--roots", &case.folder.at("none.pem")]);
    assert!(none.status == 2 && none.stderr.contains("holds no certificate"), "{}", none.stderr);
}

#[test]
fn what_a_file_about_cas_says_holds_for_answers() {
    let (root, case, roots) = public_by_word();
    let answer = || {
        fresh("a.example.com", &case.key("a.example.com"))
            .with(|p| p.custom_extensions.push(timestamps(2)))
            .by(&root)
    };
    let rule = "[[ceiling]]\nsort = \"tls-server\"\nfrom = \"2026-04-01\"\ndays = 30\nsource = \"our contract\"\ndate = \"2026-11-25\"\ncertainty = \"verified\"\n";
    case.folder.write("cas.toml", rule).write("broken.toml", "[[ceiling]]\ndays = 30\n");
    let (cas, broken) = (case.folder.at("cas.toml"), case.folder.at("broken.toml"));
    let refused = case.complete(&answer().pem(), &["--roots", &roots, "--cas", &cas]);
    assert_eq!(refused.status, 3, "{}", refused.stdout);
    assert!(
        refused.stdout.contains("refused too-long") && refused.stdout.contains("at most 30 days"),
        "{}",
        refused.stdout
    );
    let none = case.complete(&answer().pem(), &["--roots", &roots, "--cas", &broken]);
    assert!(none.status == 2 && none.stderr.contains("broken.toml"), "{}", none.stderr);
    let missing = case.complete(&answer().pem(), &["--roots", &roots, "--cas", &case.folder.at("none.toml")]);
    assert!(missing.status == 2 && missing.stderr.contains("none.toml"), "{}", missing.stderr);
    assert!(!case.replacement("a.example.com").join("issued").exists());
    assert_eq!(
        case.complete(&answer().pem(), &["--roots", &roots]).status,
        0,
        "by the built-in rules it is good"
    );
}

#[test]
fn a_move_to_a_private_ca_is_one_word_and_lasts() {
    let (_, case, _) = public_by_word();
    let root = authority("Own Private CA").from("2015-01-01").to("2040-01-01").self_signed();
    case.folder.write("own.pem", root.pem());
    let own = case.folder.at("own.pem");
    let long = fresh("a.example.com", &case.key("a.example.com")).to(&day(3000)).by(&root);
    let dry = case.complete(
        &long.pem(),
        &["--root", &own, "--waive", "other-ca", "--reason", "moved to our own CA", "--dry-run"],
    );
    assert_eq!(dry.status, 0, "{}", dry.stdout);
    let moved = case
        .complete(&long.pem(), &["--root", &own, "--waive", "other-ca", "--reason", "moved to our own CA"]);
    assert_eq!(moved.status, 0, "{}", moved.stdout);
    for check in ["waived other-ca", "waived too-long", "waived timestamps"] {
        assert!(moved.stdout.contains(check), "{check}: {}", moved.stdout);
    }
    let record = fs::read_to_string(case.replacement("a.example.com").join("issued/issued.json")).unwrap();
    assert!(record.contains("moved to our own CA"), "{record}");
    // Both are stored: the same answer again changes nothing, and with a list of its CA that says nothing
    // against it, what lies there stays.
    let (status, told) = case.complete_json(&list(&root, &[99], &day(-1), &day(5)), &[]);
    assert_eq!((status, told["replacements"][0]["state"].as_str()), (0, Some("complete")), "{told}");
    assert_eq!(case.step("replace", "a.example.com")["status"], "done");
}

/// A CA, a case with one replacement, and what the CA issued for it, in place.
fn in_place() -> (Cert, Case, String) {
    let ca = authority("Standing CA").from("2015-01-01").to("2040-01-01").self_signed();
    let case = Case::new(&ca, vec![leaf("a.example")], &[]);
    case.folder.write("root.pem", ca.pem());
    let root = case.folder.at("root.pem");
    let issued = fresh("a.example", &case.key("a.example")).serial(9).by(&ca);
    assert_eq!(case.complete(&issued.pem(), &["--root", &root]).status, 0);
    assert_eq!(case.step("replace", "a.example")["status"], "done");
    (ca, case, root)
}

#[test]
fn a_replacement_that_is_gone_opens_its_step_again() {
    let (ca, case, root) = in_place();
    let directory = case.replacement("a.example");
    fs::rename(&directory, case.folder.path().join("moved")).unwrap();
    assert_eq!(run(&["rekey", &case.folder.at("case")]).status, 1);
    let dry = case.complete(&ca.pem(), &["--root", &root, "--dry-run"]);
    assert_eq!(
        (dry.status, case.step("replace", "a.example")["status"].as_str()),
        (1, Some("done")),
        "a dry run says nothing"
    );
    let missing = case.complete(&ca.pem(), &["--root", &root]);
    assert_eq!(missing.status, 1, "{}", missing.stdout);
    assert_eq!(case.step("replace", "a.example")["status"], "ready");
    assert_eq!(case.step("deploy", "a.example")["status"], "waiting");
    let words = run(&["status", &case.folder.at("case")]).stdout;
    assert!(words.contains("reopened by certrecall complete: no certificate for its key came"), "{words}");
    let again = case.complete(&ca.pem(), &["--root", &root]);
    assert_eq!(again.status, 1);
    assert_eq!(run(&["status", &case.folder.at("case")]).stdout, words, "it is said once");
    // The old one comes back: what was taken back by this is said again.
    fs::rename(case.replacement("a.example"), case.folder.path().join("second")).unwrap();
    fs::rename(case.folder.path().join("moved"), directory).unwrap();
    assert_eq!(case.complete(&ca.pem(), &["--root", &root]).status, 0);
    assert_eq!(case.step("replace", "a.example")["status"], "done");
}

#[test]
fn a_revoked_certificate_in_place_opens_its_step_again() {
    let (ca, case, root) = in_place();
    let (directory, step) =
        (case.folder.at("case"), case.step("deploy", "a.example")["id"].as_str().unwrap().to_owned());
    assert_eq!(run(&["mark", &directory, &step, "deployed", "--reason", "on all hosts"]).status, 0);
    // The root is not needed for that; the list is signed by the CA, which is the root here, so it is given.
    let revoked = list(&ca, &[9], &day(-1), &day(5));
    let opened = case.complete(&revoked, &["--root", &root]);
    assert_eq!(opened.status, 1, "{}", opened.stdout);
    assert!(
        opened.stdout.contains("reopened  a.example")
            && opened.stdout.contains("refused revoked: it is revoked since"),
        "{}",
        opened.stdout
    );
    assert!(opened.stderr.contains("1 reopened"), "{}", opened.stderr);
    assert_eq!(case.step("replace", "a.example")["status"], "ready", "although it was deployed");
    let words = run(&["status", &directory]).stdout;
    assert!(
        words.contains(
            "reopened by certrecall complete: the one in place does not hold any more: it is revoked"
        ),
        "{words}"
    );
    // Another one, even of the same dates, takes its place.
    let next = fresh("a.example", &case.key("a.example")).serial(10).by(&ca);
    let taken = case.complete(&(next.pem() + &revoked), &["--root", &root]);
    assert_eq!(taken.status, 0, "{}", taken.stdout);
    assert_eq!(case.step("replace", "a.example")["status"], "done");
}

#[test]
fn without_the_root_at_hand_a_bundle_stays() {
    let (ca, case, _) = in_place();
    let stays = case.complete(&leaf("Another CA").authority().self_signed().pem(), &[]);
    assert_eq!(stays.status, 0, "{}", stays.stdout);
    assert!(stays.stdout.contains("it came before"), "{}", stays.stdout);
    assert_eq!(case.step("replace", "a.example")["status"], "done");
    // A person who takes the word back is not overruled by the same certificate.
    let (directory, step) =
        (case.folder.at("case"), case.step("replace", "a.example")["id"].as_str().unwrap().to_owned());
    assert_eq!(run(&["mark", &directory, &step, "reopened", "--reason", "wrong CA"]).status, 0);
    assert_eq!(case.complete(&ca.pem(), &[]).status, 0);
    assert_eq!(case.step("replace", "a.example")["status"], "ready");
}

#[test]
fn of_equal_dates_the_one_given_now_counts() {
    let (ca, case, root) = in_place();
    let (from, to) = (day(-1), day(90));
    for (serial, hours) in [(11, 0), (12, 0), (13, 30), (14, 0)] {
        let dated = leaf("a.example").key(&case.key("a.example")).serial(serial).from(&from).to(&to);
        let issued = dated.with(|p| p.not_before -= std::time::Duration::from_secs(hours * 3600)).by(&ca);
        for state in ["accepted", "complete"] {
            let (status, told) = case.complete_json(&issued.pem(), &["--root", &root]);
            assert_eq!((status, told["replacements"][0]["state"].as_str()), (0, Some(state)), "{told}");
            assert_eq!(told["replacements"][0]["sha256"], issued.sha256().to_string(), "{serial}");
        }
    }
}

#[test]
fn an_expired_certificate_in_place_is_no_certificate() {
    let world = World::new();
    let root = world.case.folder.write("root.pem", world.private.root.pem()).at("root.pem");
    let sent = |days| Sent { days, roots: world.private.root.pem(), ..sent(world.private.middle.pem()) };
    let issued = world.good().by(&world.private.middle).pem() + &world.private.middle.pem();
    assert_eq!(world.case.complete(&issued, &["--root", &root]).status, 1, "the other one is missing");
    for (days, state) in [(0, State::Complete), (80, State::Complete), (91, State::Reopened)] {
        let judged = world.judge(&sent(days));
        let www = judged.replacements.iter().find(|r| r.name == "www.example").unwrap();
        assert_eq!(www.state, state, "{days}: {}", www.says);
        assert_eq!(www.in_place.iter().any(|f| f.check == Check::Expired), state == State::Reopened);
    }
}
