//! The way back from the CA: what it issued is matched, checked and put into bundles. OpenSSL is needed.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod bundles;
mod chains;
mod killed;
mod lists;
mod openssl_ca;
mod peers;
mod schema;
mod standing;
mod world;
mod wrong;

use std::fs;
use std::path::PathBuf;

use common::pki::{Cert, Draft, Key, bundle, leaf};
use common::{Folder, Ran, run};
use serde_json::Value;

/// A case with some replacements, made of uploads on exposed keys; `arguments` are those of `rekey`.
struct Case {
    folder: Folder,
}

impl Case {
    /// One upload for each draft, signed by this CA.
    fn new(ca: &Cert, drafts: Vec<Draft>, arguments: &[&str]) -> Self {
        let case = Self { folder: Folder::new() };
        for (i, draft) in drafts.into_iter().enumerate() {
            case.folder.write(
                format!("uploads/{i}.pem"),
                bundle(&draft.from("2015-01-01").to("2040-01-01").by(ca), &[]),
            );
        }
        case.plan(arguments);
        case
    }

    fn plan(&self, arguments: &[&str]) {
        let (uploads, directory) = (self.folder.at("uploads"), self.folder.at("case"));
        let planned = run(&["plan", &uploads, "-o", &directory, "--uploaded", "2016-01-01"]);
        assert_eq!(planned.status, 1, "{}", planned.stderr);
        let made = run(&[&["rekey", &directory], arguments].concat());
        assert_eq!(made.status, 1, "{}", made.stderr);
    }

    /// The directory of the replacement for this name.
    fn replacement(&self, name: &str) -> PathBuf {
        let parent = self.folder.path().join("case/replacements");
        let mut found = fs::read_dir(parent).unwrap().map(|e| e.unwrap().path());
        found
            .find(|p| p.file_name().unwrap().to_str().unwrap().starts_with(name))
            .unwrap_or_else(|| panic!("no replacement for {name}"))
    }

    /// The new key for this name.
    fn key(&self, name: &str) -> Key {
        Key::from_pem(&fs::read_to_string(self.replacement(name).join("key.pem")).unwrap())
    }

    /// Runs `complete` on a file with this text.
    fn complete(&self, issued: &str, arguments: &[&str]) -> Ran {
        self.folder.write("issued.pem", issued);
        let (directory, file) = (self.folder.at("case"), self.folder.at("issued.pem"));
        run(&[&["complete", &directory, &file], arguments].concat())
    }

    fn complete_json(&self, issued: &str, arguments: &[&str]) -> (i32, Value) {
        let ran = self.complete(issued, &[arguments, &["--format", "json"]].concat());
        let told = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|e| panic!("{e}: {} {}", ran.stdout, ran.stderr));
        schema::assert_fits(&told);
        (ran.status, told)
    }

    fn plan_json(&self) -> Value {
        self.folder.json("case/plan.json")
    }

    /// The status of the step of this kind for the replacement of this name.
    fn step(&self, kind: &str, name: &str) -> Value {
        let plan = self.plan_json();
        let replacement =
            plan["replacements"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap().clone();
        let is = |s: &&Value| {
            s["kind"] == kind && s["certificates"].as_array().unwrap().contains(&replacement["mirrors"])
        };
        plan["steps"].as_array().unwrap().iter().find(is).unwrap().clone()
    }
}

/// A public key by its SubjectPublicKeyInfo.
struct Public {
    algorithm: &'static rcgen::SignatureAlgorithm,
    key: Vec<u8>,
}

impl Public {
    fn new(spki: Vec<u8>) -> Self {
        let parts = common::pki::elements(common::pki::content(&spki));
        let algorithm = match common::pki::elements(common::pki::content(parts[0])) {
            ec if ec[0] == [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] && ec[1].len() == 7 => {
                &rcgen::PKCS_ECDSA_P384_SHA384
            }
            ec if ec[0] == [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => &rcgen::PKCS_ECDSA_P256_SHA256,
            _ => &rcgen::PKCS_RSA_SHA256,
        };
        Self { algorithm, key: common::pki::content(parts[1])[1..].to_vec() }
    }
}

impl rcgen::PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

/// A certificate of today on this key: a year from yesterday on.
fn fresh(name: &str, key: &Key) -> Draft {
    leaf(name).key(key).from(&day(-1)).to(&day(90))
}

/// A day relative to the real one, as dates are written.
fn day(offset: i64) -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seconds = now as i64 + offset * 86_400;
    certrecall::time::Time::from_unix(seconds).to_string()
}

/// A program that ran to its end, which must be good.
fn ran(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("{program} is needed: {e}"));
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {} {}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout) + &text(&output.stderr)
}
