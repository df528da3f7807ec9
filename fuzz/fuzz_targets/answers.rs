//! What comes back from others and from the owner: the first byte picks the reader. An answer of a CA is
//! judged as if its first certificate were the one that was asked for; revocation lists in it are looked up
//! on the way.
#![no_main]

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::limits::Limits;
use certrecall::plan::ca::Cas;
use certrecall::plan::ct;
use certrecall::read::{Options, Roots};
use certrecall::rekey::complete::{Expected, Gathered, Inputs, Rules, Waivers, gather, judge};
use certrecall::rekey::{Candidate, Made, Record, wishes};
use certrecall::time::Time;
use libfuzzer_sys::fuzz_target;

/// Two keys that the seeds speak of.
const KEYS: [&str; 2] =
    ["4a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8", "5a9f0d8b1c2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8"];

static CAS: LazyLock<Cas> = LazyLock::new(|| Cas::builtin().expect("the facts that are built in"));

/// The file that an answer lies in.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("certrecall-fuzz-{}", std::process::id())));

fuzz_target!(|data: &[u8]| {
    let Some((pick, rest)) = data.split_first() else { return };
    let keys = KEYS.map(|key| key.parse().expect("a hash"));
    match pick % 4 {
        0 => drop(ct::read("fuzz.json", rest, &keys)),
        1 => replacements(rest, &keys),
        _ => answer(rest, pick & 4 != 0),
    }
});

/// The owner's wishes.
fn replacements(text: &[u8], keys: &[SpkiHash]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let candidates: Vec<Candidate> = keys
        .iter()
        .zip(["www.example.com", "mail.example.com"])
        .map(|(key, name)| Candidate {
            id: serde_json::from_value(format!("replace-{}", &key.to_string()[..16]).into()).expect("a step"),
            name: name.to_owned(),
            certificates: vec![Fingerprint::of(name.as_bytes())],
            keys: vec![*key],
        })
        .collect();
    if let Err(wrong) = wishes("fuzz.toml", text, &candidates) {
        assert!(!wrong.is_empty() && wrong.iter().all(|line| line.starts_with("fuzz.toml")));
    }
}

/// What a CA sent; its certificates are roots too, or none are.
fn answer(bytes: &[u8], roots: bool) {
    std::fs::write(&*FILE, bytes).expect("it is written");
    let read = || {
        let roots = Roots::open(&[FILE.clone()]).expect("it is there");
        gather(&roots, &Options { follow_symlinks: false, hash_files: false, threads: 1, limits: Limits::default() })
    };
    let issued = read();
    let key = issued.certificates.first().and_then(|met| met.certificate.key.spki);
    let expected: Vec<Expected> = key.map(expected).into_iter().collect();
    let (none, given) = (Gathered::default(), if roots { read() } else { Gathered::default() });
    let inputs = Inputs {
        case_dir: Path::new("no-case"),
        expected: &expected,
        issued: &issued,
        chain: &none,
        roots: &given,
        lists: &none,
        inventory: &|_| Vec::new(),
        is_old: &|_| false,
        damaged: &HashMap::new(),
        public: &[],
        threads: 1,
    };
    let keys = HashSet::new();
    let waivers = Waivers::default();
    let now = Time::from_unix(1_780_000_000);
    let rules = Rules { now, cas: &CAS, exposed: &keys, suspected: &keys, inventory: &keys, waivers: &waivers };
    assert_eq!(judge(&inputs, &rules).replacements.len(), expected.len());
}

fn expected(key: SpkiHash) -> Expected {
    let record = serde_json::json!({
        "schema": certrecall::rekey::SCHEMA, "id": "replace-4a9f0d8b1c2e3f40", "profile": KEYS[0], "spki_sha256": key.to_string(),
        "key_algorithm": "ec", "key_bits": 256, "subject": "CN=www.example.com", "names": ["www.example.com"], "replaces": [KEYS[1]],
        "waits_for_new_ca": false, "request_sha256": KEYS[0], "findings": [], "changes": [],
    });
    let record: Record = serde_json::from_value(record).expect("a record");
    let made = Made { directory: "replacements/www".to_owned(), record };
    Expected { id: made.record.id, name: "www.example.com".to_owned(), made: Some(made), planned: true, waived: false, of_public: true }
}
