//! Replacements, checked by the real `openssl`, which must be installed.
#![allow(missing_docs, clippy::unwrap_used)]

mod certificates;
mod disk;
mod formats;
mod handoff;
#[path = "../common/moments.rs"]
mod moments;
mod public;
mod requests;
mod strict;

use std::path::{Path, PathBuf};
use std::process::Command;

use certrecall::id::{Fingerprint, ProfileHash, StepId};
use certrecall::plan::ReplacementRecord;
use certrecall::rekey::{Ca, Error, KeySpec, Next, OldKey, Order, Outcome, Wanted, make};

fn wanted(name: &str, certificate: Vec<u8>, old_key: OldKey) -> Wanted {
    let planned = ReplacementRecord {
        id: StepId::derive("replace", &[name.as_bytes()]),
        profile: ProfileHash::of(name.as_bytes()),
        name: name.into(),
        subject: format!("CN={name}"),
        replaces: vec![Fingerprint::of(&certificate)],
        mirrors: Fingerprint::of(&certificate),
        sources: Vec::new(),
        key_algorithm: old_key.algorithm,
        curve: old_key.curve,
        key_bits: old_key.bits,
        waits_for_new_ca: false,
        sort: None,
        reach: None,
        issuer: String::new(),
        operator: None,
        operator_name: None,
        max_days: None,
        directory: None,
    };
    Wanted { planned, certificate, next: Next::default(), order: Order::default() }
}

/// The same, of this CA.
fn wanted_of(ca: Ca, wanted: Wanted) -> Wanted {
    let Ca { reach, sort, operator } = ca;
    Wanted { planned: ReplacementRecord { reach, sort, operator, ..wanted.planned }, ..wanted }
}

/// So much wanted for a plain certificate on P-256.
fn plain(count: usize) -> Vec<Wanted> {
    let certificate = certificates::Build::new(certificates::common_name("host.example.com"), vec![]).der();
    (0..count)
        .map(|i| wanted(&format!("host{i}.example.com"), certificate.clone(), certificates::p256()))
        .collect()
}

fn made(wanted: &[Wanted], spec: KeySpec, case: &Path) -> Result<Outcome, Error> {
    let ordered = |w: &Wanted| Wanted { order: Order { key: spec, ..w.order.clone() }, ..w.clone() };
    make(&wanted.iter().map(ordered).collect::<Vec<_>>(), None, case, &|_| false, 2, &|_| {})
}

/// Runs openssl, which must succeed; both its outputs.
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

fn names(path: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    names
}
