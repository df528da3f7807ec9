//! Proofs of compromise, as openssl and the draft of the attestation read them.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::pki::{Cert, bundle, leaf, pem, public_ca};
use crate::common::{Folder, Ran, modes, openssl, run, state};
use certrecall::id::SpkiHash;

const BEFORE: &str = "--uploaded=2015-01-01..2015-12-31";

fn rekey(folder: &Folder, arguments: &[&str]) -> Ran {
    run(&[&["rekey", &folder.at("case"), "--proofs"], arguments].concat())
}

fn planned(folder: &Folder, more: &[&str]) {
    let ran = run(&[&["plan", &folder.at("in"), "-o", &folder.at("case"), BEFORE], more].concat());
    assert!(matches!(ran.status, 1 | 3), "{ran:?}");
}

fn proofs(folder: &Folder) -> Vec<PathBuf> {
    let Ok(list) = fs::read_dir(folder.path().join("case/proofs")) else { return Vec::new() };
    let mut out: Vec<_> = list.map(|e| e.unwrap().path()).collect();
    out.sort();
    out
}

fn command(line: &str, directory: &Path) -> String {
    let out = Command::new("sh").args(["-ec", line]).current_dir(directory).output().unwrap();
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// The request of a file after openssl has verified it: its text, and the hash of its key.
fn request(directory: &Path, name: &str) -> (String, SpkiHash) {
    let said = command(&format!("openssl req -verify -noout -in {name}"), directory);
    assert!(said.contains("verify OK"), "{said}");
    let key = command(&format!("openssl req -noout -pubkey -in {name}"), directory);
    let der = openssl(&["pkey", "-pubin", "-outform", "DER"], key.as_bytes()).unwrap();
    (command(&format!("openssl req -noout -text -nameopt utf8 -in {name}"), directory), SpkiHash::of(&der))
}

fn first_lines(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.lines().next().unwrap().contains("KILL SWITCH: whoever has this file"), "{text}");
    }
}

/// The commands that the statement names, run as they stand.
fn statement_holds(directory: &Path, spki: &str) {
    let text = fs::read_to_string(directory.join("statement.txt")).unwrap();
    assert!(text.contains(spki) && text.contains("This key is compromised"));
    let lines: Vec<_> =
        text.lines().filter_map(|l| l.strip_prefix("    ")).filter(|l| l.contains("openssl")).collect();
    assert_eq!(lines.len(), 2);
    let said = command(&lines.join("\n"), directory);
    assert!(said.contains("Verified OK") || said.contains("Signature Verified Successfully"), "{said}");
    fs::write(directory.join("statement.txt.other"), text.replace("compromised", "sound")).unwrap();
    let other = lines.join("\n").replace("statement.txt", "statement.txt.other");
    assert!(
        !Command::new("sh").args(["-ec", &other]).current_dir(directory).output().unwrap().status.success(),
        "nothing else is signed"
    );
    fs::remove_file(directory.join("statement.txt.other")).unwrap();
    fs::remove_file(directory.join("statement.bin")).unwrap();
}

/// The rules of draft-mpalmer-key-compromise-attestation-00, in its order: signature, key, name, extension.
fn attestation_holds(directory: &Path, spki: &str) {
    let (text, key) = request(directory, "attestation.pem");
    assert_eq!(key.to_string(), spki);
    assert!(text.contains("Subject: CN=kca=v1 This Key Is Compromised\n"), "{text}");
    let parsed =
        command("openssl req -in attestation.pem -outform DER | openssl asn1parse -inform DER", directory);
    assert_eq!(parsed.matches("UTF8STRING").count(), 1, "{parsed}");
    assert_eq!(parsed.matches("Extension Request").count(), 1);
    let (_, after) = parsed.split_once("Extension Request").unwrap();
    let lines: Vec<_> = after
        .lines()
        .skip(1)
        .take(6)
        .map(|l| l.split_once("prim:").or_else(|| l.split_once("cons:")).unwrap().1.trim().replace("  ", ""))
        .collect();
    assert!(
        lines[0].starts_with("SET") && lines[1].starts_with("SEQUENCE") && lines[2].starts_with("SEQUENCE"),
        "{lines:?}"
    );
    assert!(lines[3].contains("1.3.6.1.5.5.7.1.23") || lines[3].contains("noSecrecyAfforded"), "{lines:?}");
    assert!(
        lines[4].starts_with("BOOLEAN") && lines[4].ends_with("255") && lines[5].ends_with("0101FF"),
        "{lines:?}"
    );
}

fn short(spki: &str) -> &str {
    &spki[..12]
}

#[test]
fn an_exposed_key_signs_all_of_it_once() {
    let ca = public_ca();
    let folder = Folder::new();
    let certificate = leaf("leaked.example").by(&ca);
    folder.write("in/a.pem", bundle(&certificate, &[]));
    planned(&folder, &[]);
    let before = fs::read(folder.path().join("case/plan.json")).unwrap();
    assert_eq!(rekey(&folder, &[]).status, 2, "it has to be said for which keys");
    assert_eq!(proofs(&folder).len(), 0);
    let ran = rekey(&folder, &["--only", "leaked.example"]);
    assert!(ran.status == 1 && ran.stderr.contains("kill switch"), "{ran:?}");
    let spki = certificate.key.spki().to_string();
    let directory = proofs(&folder).remove(0);
    assert_eq!(directory.file_name().unwrap().to_str().unwrap(), format!("leaked.example-{}", short(&spki)));
    let files: Vec<_> = modes(&directory);
    let names: Vec<_> = files.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        names,
        [
            "attestation.pem",
            "proof.json",
            "public.pem",
            "request-1.pem",
            "request-2.pem",
            "statement.sig",
            "statement.txt"
        ]
    );
    assert!(files.iter().all(|(_, mode)| *mode == 0o600));
    first_lines(&directory);
    for (name, wording) in [
        ("request-1.pem", "Proof of Key Compromise for Example Public CA"),
        ("request-2.pem", "This key is compromised"),
    ] {
        let (text, key) = request(&directory, name);
        assert!(
            key == certificate.key.spki() && text.contains(&format!("Subject: CN={wording}\n")),
            "{text}"
        );
    }
    attestation_holds(&directory, &spki);
    statement_holds(&directory, &spki);
    let there = state(&folder.path().join("case/proofs"));
    for flags in [
        &["--only", "leaked.example"][..],
        &["--all-exposed"],
        &["--only", &spki],
        &["--only", &certificate.sha256().to_string()],
    ] {
        let ran = rekey(&folder, flags);
        assert!(ran.status == 1 && ran.stdout.contains(short(&spki)), "{ran:?}");
    }
    assert_eq!(state(&folder.path().join("case/proofs")), there, "a second run makes nothing new");
    assert_eq!(fs::read(folder.path().join("case/plan.json")).unwrap(), before, "proofs are in no plan");
    planned(&folder, &[]);
    for file in ["plan.json", "plan.md"] {
        assert!(
            !fs::read_to_string(folder.path().join("case").join(file))
                .unwrap()
                .contains("BEGIN CERTIFICATE REQUEST")
        );
    }
}

#[test]
fn a_proof_that_is_not_whole_any_more_is_told() {
    let ca = public_ca();
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&leaf("leaked.example").by(&ca), &[]));
    planned(&folder, &[]);
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 1);
    let directory = proofs(&folder).remove(0);
    let told = |says: &str| {
        let ran = rekey(&folder, &["--all-exposed"]);
        assert!(
            ran.status == 3
                && ran.stderr.contains(says)
                && ran.stderr.contains("made anew")
                && ran.stdout.is_empty(),
            "{says}: {ran:?}"
        );
    };
    for name in ["statement.sig", "request-1.pem", "proof.json"] {
        let aside = folder.path().join("aside");
        fs::rename(directory.join(name), &aside).unwrap();
        told(&format!("{name} is missing"));
        fs::rename(&aside, directory.join(name)).unwrap();
        fs::set_permissions(directory.join(name), Permissions::from_mode(0o644)).unwrap();
        told(&format!("the mode of {name} is 0644"));
        fs::set_permissions(directory.join(name), Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 1, "it is whole again");
    fs::rename(&directory, folder.path().join("moved")).unwrap();
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 1);
    assert_eq!(proofs(&folder), [directory], "made anew");
}

#[test]
fn every_kind_of_key_that_can_sign_does() {
    let ca = public_ca();
    let folder = Folder::new();
    let kinds = [
        ("rsa2048", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("rsa2056", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2056"]),
        ("p256", &["ecparam", "-genkey", "-name", "prime256v1"]),
        ("p384", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("p521", &["ecparam", "-genkey", "-noout", "-name", "secp521r1"]),
        ("ed25519", &["genpkey", "-algorithm", "ED25519"]),
    ];
    let mut keys = Vec::new();
    for (name, make) in kinds {
        let key = openssl(make, b"").unwrap();
        let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &key).unwrap();
        folder.write(
            format!("in/{name}.pem"),
            [key, certificate_for(&ca, name, &public).into_bytes()].concat(),
        );
        keys.push(SpkiHash::of(&public).to_string());
    }
    planned(&folder, &[]);
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 1);
    assert_eq!(proofs(&folder).len(), keys.len());
    for spki in keys {
        let directory =
            proofs(&folder).into_iter().find(|d| d.to_str().unwrap().ends_with(short(&spki))).unwrap();
        attestation_holds(&directory, &spki);
        statement_holds(&directory, &spki);
        first_lines(&directory);
    }
}

/// A certificate of this CA for a public key that rcgen knows nothing of.
fn certificate_for(ca: &Cert, name: &str, spki: &[u8]) -> String {
    let spki = spki.to_vec();
    leaf(&format!("{name}.example")).by(ca).with_fields(&ca.key, |fields| fields[6] = spki).pem()
}

#[test]
fn what_cannot_sign_is_told_with_the_commands_that_can() {
    let ca = public_ca();
    let folder = Folder::new();
    for (name, make) in [
        ("small", &["genrsa", "-traditional", "1024"][..]),
        ("brainpool", &["ecparam", "-genkey", "-noout", "-name", "brainpoolP256r1"]),
    ] {
        let key = openssl(make, b"").unwrap();
        let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &key).unwrap();
        folder.write(
            format!("in/{name}'s $(file).pem"),
            [key, certificate_for(&ca, name, &public).into_bytes()].concat(),
        );
    }
    planned(&folder, &[]);
    let ran = rekey(&folder, &["--all-exposed"]);
    assert!(ran.status == 3 && ran.stderr.contains("cannot be loaded here"), "{ran:?}");
    assert_eq!(proofs(&folder).len(), 2);
    let there = state(&folder.path().join("case/proofs"));
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 3);
    assert_eq!(state(&folder.path().join("case/proofs")), there);
    for directory in proofs(&folder) {
        assert!(directory.to_str().unwrap().ends_with(".unsigned"));
        let text = fs::read_to_string(directory.join("cannot-sign.md")).unwrap();
        assert!(
            text.starts_with("The key ") && text.contains("will be a kill switch"),
            "nothing is signed yet: {text}"
        );
        let lines: Vec<_> = text.lines().filter_map(|l| l.strip_prefix("    ")).collect();
        assert_eq!(lines.len(), 3, "{text}");
        let elsewhere = Folder::new();
        command(&lines.join("\n"), elsewhere.path());
        assert!(
            request(elsewhere.path(), "request-1.pem")
                .0
                .contains("CN=Proof of Key Compromise for Example Public CA\n")
        );
        let (_, key) = request(elsewhere.path(), "attestation.pem");
        attestation_holds(elsewhere.path(), &key.to_string());
    }
}

#[test]
fn encrypted_keys_sign_with_their_passphrase_alone() {
    let ca = public_ca();
    let folder = Folder::new();
    let certificate = leaf("locked.example").by(&ca);
    folder.write("in/a.pem", format!("{}{}", certificate.key.encrypted(), certificate.pem()));
    // What lies encrypted is only presumed; a list says that it is exposed.
    let spki = certificate.key.spki().to_string();
    folder.write("known.txt", format!("{spki}\n"));
    planned(&folder, &["--known-compromised", &folder.at("known.txt")]);
    let ran = rekey(&folder, &["--only", &spki]);
    assert!(ran.status == 3 && ran.stderr.contains("none of the passphrases opens it"), "{ran:?}");
    folder.write("wrong", "a\n\nb\n").write("right", "\nc0rrect-h0rse\nother");
    assert_eq!(rekey(&folder, &["--only", &spki, "--passphrase-file", &folder.at("wrong")]).status, 3);
    let ran = rekey(&folder, &["--only", &spki, "--passphrase-file", &folder.at("right")]);
    // The file with the locked key is still to be looked at.
    assert!(ran.status == 3 && !format!("{ran:?}").contains("h0rse"), "{ran:?}");
    let directory =
        proofs(&folder).into_iter().find(|d| d.to_str().unwrap().ends_with(short(&spki))).unwrap();
    attestation_holds(&directory, &spki);
}

#[test]
fn only_what_is_exposed_for_sure_and_can_be_revoked_is_proved() {
    let ca = public_ca();
    let folder = Folder::new();
    let (expired, own, bare) = (
        leaf("old.example").to("2017-01-01").by(&ca),
        leaf("own.example").self_signed(),
        leaf("bare.example").by(&ca),
    );
    folder
        .write("in/expired.pem", bundle(&expired, &[]))
        .write("in/own.pem", bundle(&own, &[]))
        .write("in/bare.pem", bare.pem());
    planned(&folder, &[]);
    for (name, says) in [
        ("old.example", "nothing to revoke"),
        ("own.example", "nothing to revoke"),
        ("bare.example", "it is presumed"),
        ("x.example", "no key of the plan"),
    ] {
        let ran = rekey(&folder, &["--only", name]);
        assert!(ran.status == 2 && ran.stderr.contains(says), "{name}: {}", ran.stderr);
    }
    assert_eq!(rekey(&folder, &["--all-exposed"]).status, 1);
    assert_eq!(proofs(&folder).len(), 0);
    // A key that is gone from its place.
    let gone = leaf("gone.example").by(&ca);
    folder.write("in/gone.pem", bundle(&gone, &[]));
    planned(&folder, &[]);
    folder.write("in/gone.pem", pem("CERTIFICATE", &gone.der));
    let ran = rekey(&folder, &["--all-exposed"]);
    assert!(ran.status == 3 && ran.stderr.contains("not where it was found any more"), "{}", ran.stderr);
}

#[test]
fn a_decision_counts_at_once_and_open_replacements_are_named() {
    let folder = Folder::new();
    folder.write(
        "in/a.pem",
        bundle(&leaf("a.example").from("2015-01-01").to("2040-01-01").by(&public_ca()), &[]),
    );
    // Before or after the cutoff.
    let ran = run(&["plan", &folder.at("in"), "-o", &folder.at("case"), "--uploaded=2015-01-01..2017-12-31"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let plan = folder.json("case/plan.json");
    assert_eq!(plan["keys"][0]["exposure"], "undetermined");
    let step = |kind: &str| {
        plan["steps"].as_array().unwrap().iter().find(|s| s["kind"] == kind).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mark = |step: &str, status: &str| {
        let ran = run(&["mark", &folder.at("case"), step, status, "--reason", "because", "--by", "Ada"]);
        assert_eq!(ran.status, 0, "{ran:?}");
    };
    let refused = |word: &str| {
        let ran = rekey(&folder, &["--only", "a.example"]);
        assert!(ran.status == 2 && ran.stderr.contains(word), "{ran:?}");
        assert_eq!(proofs(&folder).len(), 0);
    };
    refused("it is undetermined");
    mark(&step("decide"), "cleared");
    refused("it is cleared");
    mark(&step("decide"), "confirmed");
    let ran = rekey(&folder, &["--only", "a.example"]);
    assert!(ran.status == 1 && proofs(&folder).len() == 1, "without another plan: {ran:?}");
    let deploy = step("deploy");
    assert!(
        ran.stderr.contains("warning: a.example: once a proof is sent")
            && ran.stderr.contains(&format!("not in place yet: {deploy}\n")),
        "{ran:?}"
    );
    assert!(!ran.stderr.contains(&step("replace")), "its deployment stands for it: {ran:?}");
    mark(&deploy, "waived");
    mark(&step("replace"), "confirmed");
    assert!(!rekey(&folder, &["--only", "a.example"]).stderr.contains("warning"));
    // Taken back after a plan that knew it: what is left of it is for the next plan to judge.
    run(&["plan", &folder.at("in"), "-o", &folder.at("case"), "--uploaded=2015-01-01..2017-12-31"]);
    assert_eq!(folder.json("case/plan.json")["keys"][0]["exposure"], "exposed");
    mark(&step("decide"), "reopened");
    fs::remove_dir_all(folder.path().join("case/proofs")).unwrap();
    refused("it is undetermined");
}
