//! Uploads that lie in archives, through the program: judged, replaced, proved, explained, and what the CA
//! sends back in one.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;

use crate::common::pki::{Cert, bundle, leaf, named_ca, private_ca, public_ca};
use crate::common::{Folder, key, openssl, run, run_with_input, tar};
use serde_json::{Value, json};

const OLD: &str = "2015-06-01T00:00:00Z";

/// A tar with the key and the certificate of `www.example` in it, and the certificate once more in a tar
/// within it.
fn uploads(l: &Cert) -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let (text, alone) = (bundle(l, &[]), l.pem());
    let archive = tar(&[
        ("./acme/tls.pem", text.as_bytes(), Some(OLD)),
        ("inner.tar!/c.pem", alone.as_bytes(), Some("2017-01-01")),
    ]);
    folder.write("in/backup.tar", &archive);
    (folder, archive)
}

fn plan(folder: &Folder, arguments: &[&str]) -> Value {
    let ran = run(&[&["plan", &folder.at("in"), "-o", &folder.at("case")], arguments].concat());
    assert!(ran.status < 2, "{ran:?}");
    folder.json("case/plan.json")
}

#[test]
fn a_member_is_judged_by_its_own_time() {
    let l = leaf("www.example").by(&public_ca());
    let (folder, _) = uploads(&l);
    let plan = plan(&folder, &[]);
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/plan.schema.json")).unwrap(),
    )
    .unwrap();
    let errors: Vec<_> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(&plan)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let key = key(&plan, &l.key.spki().to_string());
    assert_eq!(
        (&key["exposure"], &key["because"][0]["evidence"]),
        (&json!("exposed"), &json!("member-time"))
    );
    assert_eq!(key["because"][0]["path"], json!("backup.tar!/acme/tls.pem"));
    assert_eq!(key["private_key_paths"], json!(["backup.tar!/acme/tls.pem"]));
    assert_eq!(key["certificates"][0]["paths"], json!(["backup.tar", "backup.tar"]));
    assert_eq!(key["certificates"][0]["members"], json!(["acme/tls.pem", "inner.tar!/c.pem"]));
    let text = folder.text("case/plan.md");
    assert!(
        text.contains("backup.tar\\!/acme/tls.pem") && text.contains("backup.tar\\!/inner.tar\\!/c.pem"),
        "{text}"
    );
    for name in ["backup.tar", "acme/tls.pem", "backup.tar!/acme/tls.pem", "inner.tar!/c.pem"] {
        let told = run(&["explain", &folder.at("case"), name]);
        assert!(
            told.stdout
                .contains("its archive says that it was last changed at 2015-06-01T00:00:00Z or earlier"),
            "{name}: {told:?}"
        );
        assert!(told.stdout.contains("in backup.tar!/inner.tar!/c.pem"), "{name}: {told:?}");
    }
    assert_eq!(run(&["explain", &folder.at("case"), "tls.pem"]).status, 2);
}

#[test]
fn rows_are_found_relative_to_each_root() {
    let l = leaf("www.example").by(&public_ca());
    let (folder, archive) = uploads(&l);
    let name = l.key.spki().to_string();
    let evidence = |plan: &Value| key(plan, &name)["because"][0]["source"].as_str().unwrap().to_owned();
    let manifest = |path: &str| {
        folder.write("m.csv", format!("path,uploaded_at\n{path},2015-01-02T00:00:00Z\n"));
        folder.at("m.csv")
    };
    let absolute = |way: &str| {
        format!("{}{way}", fs::canonicalize(folder.path()).unwrap().join("in/backup.tar").display())
    };
    for path in [
        "backup.tar!/acme/tls.pem",
        "backup.tar/acme/tls.pem",
        "backup.tar",
        &absolute("!/acme/tls.pem"),
        &absolute("/acme/tls.pem"),
        &absolute(""),
    ] {
        let plan = plan(&folder, &["--manifest", &manifest(path)]);
        assert_eq!(evidence(&plan), "m.csv:2", "{path}");
        fs::remove_dir_all(folder.path().join("case")).unwrap();
    }
    // An archive that is given itself, and one that comes over standard input, are folders of their own.
    for path in ["acme/tls.pem", "backup.tar!/acme/tls.pem", "backup.tar"] {
        let ran = run(&[
            "plan",
            &folder.at("in/backup.tar"),
            "-o",
            &folder.at("case"),
            "--manifest",
            &manifest(path),
        ]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert_eq!(evidence(&folder.json("case/plan.json")), "m.csv:2", "{path}");
        fs::remove_dir_all(folder.path().join("case")).unwrap();
    }
    for path in ["acme/tls.pem", "-!/acme/tls.pem", "-"] {
        let ran =
            run_with_input(&["plan", "-", "-o", &folder.at("case"), "--manifest", &manifest(path)], &archive);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert_eq!(evidence(&folder.json("case/plan.json")), "m.csv:2", "{path}");
        fs::remove_dir_all(folder.path().join("case")).unwrap();
    }
}

#[test]
fn a_row_by_the_hash_of_a_member_or_of_its_archive() {
    let l = leaf("www.example").by(&public_ca());
    let (folder, archive) = uploads(&l);
    let member = certrecall::id::Fingerprint::of(bundle(&l, &[]).as_bytes());
    let row = |hash: &certrecall::id::Fingerprint| format!("{hash},2015-01-02T00:00:00Z\n");
    let whole = certrecall::id::Fingerprint::of(&archive);
    for (rows, source) in [
        (row(&member), "m.csv:2"),
        (row(&whole), "m.csv:2"),
        // That of the member is closer.
        (row(&whole) + &row(&member), "m.csv:3"),
    ] {
        folder.write("m.csv", format!("sha256,uploaded_at\n{rows}"));
        let plan = plan(&folder, &["--manifest", &folder.at("m.csv")]);
        assert_eq!(key(&plan, &l.key.spki().to_string())["because"][0]["source"], source);
        assert!(
            plan["findings"].as_array().unwrap().iter().all(|f| f["code"] != "manifest-row-unmatched"),
            "{plan}"
        );
    }
}

#[test]
fn keys_and_certificates_are_read_again_from_archives() {
    let ca = private_ca();
    let l = leaf("www.example").by(&ca);
    let (folder, _) = uploads(&l);
    folder.write("cas.toml", "[[operator]]\nid = \"ours\"\nname = \"Our CA\"\nkind = \"openssl\"\nissuers = [\"CN=Example Private CA\"]\n");
    let cas = folder.at("cas.toml");
    plan(&folder, &["--cas", &cas]);
    // A command takes the certificate from the case.
    let kept = folder.read(&format!("case/certificates/{}.pem", l.sha256()));
    let der = openssl(&["x509", "-outform", "DER"], &kept).unwrap();
    assert_eq!(certrecall::id::Fingerprint::of(&der), l.sha256());
    // The request mirrors the certificate.
    let made = run(&["rekey", &folder.at("case"), "--cas", &cas]);
    assert_eq!(made.status, 1, "{made:?}");
    let replacements: Vec<_> = fs::read_dir(folder.path().join("case/replacements")).unwrap().collect();
    assert_eq!(replacements.len(), 1);
    // The old key signs.
    let proved = run(&["rekey", &folder.at("case"), "--proofs", "--all-exposed", "--cas", &cas]);
    assert_eq!(proved.status, 1, "{proved:?}");
    let proofs: Vec<_> =
        fs::read_dir(folder.path().join("case/proofs")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(proofs.len() == 1 && !proofs[0].to_str().unwrap().ends_with(".unsigned"), "{proofs:?}");
}

#[test]
fn what_a_ca_sends_back_in_an_archive() {
    let root = named_ca("Archive Root");
    let l = leaf("www.example").by(&root);
    let folder = Folder::new();
    let (text, authority) = (bundle(&l, &[]), root.pem());
    folder.write(
        "in/backup.tar",
        tar(&[("tls.pem", text.as_bytes(), Some(OLD)), ("ca.pem", authority.as_bytes(), Some(OLD))]),
    );
    plan(&folder, &[]);
    assert_eq!(run(&["rekey", &folder.at("case")]).status, 1);
    let made = fs::read_dir(folder.path().join("case/replacements")).unwrap().next().unwrap().unwrap().path();
    let new = crate::common::pki::Key::from_pem(&fs::read_to_string(made.join("key.pem")).unwrap());
    let issued = leaf("www.example").key(&new).serial(9).from("2026-01-01").to("2030-01-01").by(&root).pem();
    folder.write(
        "sent.tar",
        tar(&[
            ("www/cert.pem", issued.as_bytes(), None),
            ("old/cert.pem", l.pem().as_bytes(), None),
            ("readme.txt", b"thanks", None),
        ]),
    );
    // The root is found in the archive that was scanned, and what is told names the way into the one that was
    // sent.
    let done = run(&["complete", &folder.at("case"), &folder.at("sent.tar"), "--format", "json"]);
    let told: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    assert!(told.to_string().contains("/sent.tar!/old/cert.pem:1"), "{told:#}");
    let chain = fs::read_to_string(made.join("issued/fullchain.pem")).unwrap();
    assert!(chain.contains(issued.trim()), "{done:?}");
    assert_eq!(told["replacements"][0]["state"], json!("accepted"));
}
