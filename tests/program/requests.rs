//! Guards the requests that `run` leaves behind: `openssl` accepts them, they ask for what the old
//! certificates had, and their keys are new.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::pki::{Cert, Key, bundle, chain, leaf, private_ca, public_ca, self_signed};
use crate::common::{Folder, run, state};
use certrecall::id::SpkiHash;
use rcgen::SanType;
use serde_json::Value;

const AS_OF: &str = "--as-of=2026-01-01";
const BEFORE: &str = "--uploaded=2015-06-01T00:00:00Z";

/// Both outputs of openssl, which must succeed.
fn openssl(arguments: &[&str], file: &Path) -> (Vec<u8>, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .arg("-in")
        .arg(file)
        .output()
        .expect("openssl is needed for this test");
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?} {file:?}: {talk}");
    (output.stdout, talk)
}

/// The alternative names that openssl prints of a request or certificate.
fn names(what: &str, file: &Path) -> Vec<String> {
    let text = String::from_utf8(openssl(&[what, "-noout", "-text"], file).0).unwrap();
    let line =
        text.lines().skip_while(|l| !l.contains("Subject Alternative Name")).nth(1).unwrap_or_default();
    line.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
}

/// Certificates of many kinds, each with a life left.
fn certificates() -> Vec<Cert> {
    let (ca, root) = (public_ca(), private_ca());
    vec![
        leaf("one.example").by(&ca),
        leaf("many.example")
            .names(&["many.example", "*.many.example", "xn--mnchen-3ya.example"])
            .organisation("Many & Sons, \"Ltd\"")
            .by(&ca),
        leaf("address.example")
            .also(SanType::IpAddress("192.0.2.7".parse().unwrap()))
            .also(SanType::IpAddress("2001:db8::7".parse().unwrap()))
            .by(&ca),
        leaf("mail.example").also(SanType::Rfc822Name("post@mail.example".try_into().unwrap())).by(&ca),
        leaf("uri.example").also(SanType::URI("spiffe://uri.example/x".try_into().unwrap())).by(&ca),
        leaf("rsa.example").key(&Key::rsa()).by(&ca),
        leaf("nameless.example").names(&[]).by(&ca),
        self_signed("self.example"),
        leaf("inner.example").by(&root),
        leaf("later.example").from("2030-01-01").by(&ca),
    ]
}

fn made() -> (Folder, Vec<Cert>, Value) {
    let certificates = certificates();
    let folder = Folder::new();
    for (i, certificate) in certificates.iter().enumerate() {
        folder
            .write(format!("in/{i}.pem"), bundle(certificate, &[]))
            .write(format!("certificates/{}.pem", certificate.sha256()), certificate.pem());
    }
    let ran = run(&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let plan = folder.json("case/plan.json");
    (folder, certificates, plan)
}

#[test]
fn requests_are_good_and_ask_for_what_was_there() {
    let (folder, certificates, plan) = made();
    let replacements = plan["replacements"].as_array().unwrap();
    assert_eq!(replacements.len(), certificates.len());
    let known: HashSet<&str> =
        plan["keys"].as_array().unwrap().iter().map(|k| k["spki_sha256"].as_str().unwrap()).collect();
    let mut fresh = HashSet::new();
    for replacement in replacements {
        let directory = folder.path().join("case").join(replacement["directory"].as_str().unwrap());
        let (request, key) = (directory.join("request.pem"), directory.join("key.pem"));
        let (_, talk) = openssl(&["req", "-verify", "-noout"], &request);
        assert!(talk.contains("verify OK"), "{request:?}: {talk}");
        let old = folder
            .path()
            .join("certificates")
            .join(format!("{}.pem", replacement["mirrors"].as_str().unwrap()));
        let (asked, had) = (names("req", &request), names("x509", &old));
        if had.is_empty() {
            assert_eq!(
                asked,
                ["DNS:nameless.example"],
                "a common name alone is asked for as an alternative name"
            );
        } else {
            assert_eq!(asked, had, "{old:?}");
        }
        let subject =
            |what: &str, file: &Path| openssl(&[what, "-noout", "-subject", "-nameopt", "RFC2253"], file).0;
        assert_eq!(subject("req", &request), subject("x509", &old));
        let public = openssl(&["req", "-noout", "-pubkey"], &request).0;
        assert_eq!(public, openssl(&["pkey", "-pubout"], &key).0, "the request is for the key beside it");
        let spki =
            SpkiHash::of(&crate::common::openssl(&["pkey", "-pubin", "-outform", "DER"], &public).unwrap())
                .to_string();
        assert!(!known.contains(spki.as_str()), "no key of the inventory is used again");
        assert!(fresh.insert(spki), "each request has a key of its own");
        openssl(&["pkey", "-check", "-noout"], &key);
    }
}

#[test]
fn every_certificate_is_replaced_once() {
    let (_, certificates, plan) = made();
    let mut replaced: Vec<String> = plan["replacements"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r["replaces"].as_array().unwrap())
        .map(|s| s.as_str().unwrap().to_owned())
        .collect();
    replaced.sort();
    let mut wanted: Vec<String> = certificates.iter().map(|c| c.sha256().to_string()).collect();
    wanted.sort();
    assert_eq!(replaced, wanted);
}

#[test]
fn equal_names_share_a_request_and_others_do_not() {
    let ca = public_ca();
    let first = leaf("a.example").by(&ca);
    let renewed = leaf("a.example").serial(2).from("2019-01-01").by(&ca);
    let more_names = leaf("a.example").serial(3).names(&["a.example", "b.example"]).by(&ca);
    let folder = Folder::new();
    folder
        .write("in/1.pem", bundle(&first, &[]))
        .write("in/2.pem", bundle(&renewed, &[]))
        .write("in/3.pem", bundle(&more_names, &[]));
    assert_eq!(run(&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
    let plan = folder.json("case/plan.json");
    let mut sizes: Vec<usize> = plan["replacements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["replaces"].as_array().unwrap().len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
    let shared = plan["replacements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["replaces"].as_array().unwrap().len() == 2)
        .unwrap();
    assert_eq!(shared["mirrors"], renewed.sha256().to_string(), "the newest is mirrored");
}

#[test]
fn no_request_for_what_needs_none() {
    let (ca, root) = (public_ca(), private_ca());
    let expired = leaf("old.example").to("2017-01-01").by(&ca);
    let below = leaf("below.example").by(&root);
    let folder = Folder::new();
    folder
        .write("in/expired.pem", bundle(&expired, &[]))
        .write("in/root.pem", bundle(&root, &[]))
        .write("in/below.pem", chain(&[&below, &ca]));
    let ran = run(&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]);
    assert_eq!(ran.status, 1);
    // No CA and nothing expired; what is below an exposed CA waits for the new one.
    let plan = folder.json("case/plan.json");
    let replacements = plan["replacements"].as_array().unwrap();
    assert_eq!(replacements.len(), 1);
    assert_eq!(
        (&replacements[0]["name"], &replacements[0]["waits_for_new_ca"]),
        (&"below.example".into(), &true.into())
    );
    let clear = Folder::new();
    clear.write("in/a.pem", bundle(&below, &[]));
    assert_eq!(
        run(&["run", &clear.at("in"), "-o", &clear.at("case"), "--uploaded=2017-01-01", AS_OF]).status,
        0
    );
    assert!(
        fs::read_dir(clear.path().join("case/replacements")).map_or(0, Iterator::count) == 0,
        "nothing is made for the clear"
    );
}

#[test]
fn a_second_run_makes_nothing_new() {
    let (folder, _, plan) = made();
    let before = state(&folder.path().join("case/replacements"));
    let ran = run(&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]);
    assert!(ran.stdout.contains("Nothing to do: all 10 keys and requests already exist"), "{}", ran.stdout);
    assert_eq!(run(&["rekey", &folder.at("case")]).status, 1);
    assert_eq!(state(&folder.path().join("case/replacements")), before);
    assert_eq!(folder.json("case/plan.json"), plan);
}

#[test]
fn plan_then_rekey_is_run() {
    let ca = public_ca();
    let folder = Folder::new();
    folder
        .write("in/a.pem", bundle(&leaf("a.example").by(&ca), &[]))
        .write("in/s.pem", bundle(&self_signed("s.example"), &[]));
    assert_eq!(run(&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
    assert!(!folder.path().join("case/replacements").exists(), "a plan makes no keys");
    let rekeyed = run(&["rekey", &folder.at("case")]);
    assert_eq!((rekeyed.status, rekeyed.stdout.lines().count()), (1, 2), "{rekeyed:?}");
    let planned = folder.json("case/plan.json");
    assert_eq!(run(&["run", &folder.at("in"), "-o", &folder.at("case"), BEFORE, AS_OF]).status, 1);
    assert_eq!(folder.json("case/plan.json"), planned, "both ways lead to one plan");
    assert_eq!(fs::read_dir(folder.path().join("case/replacements")).unwrap().count(), 2);
}
