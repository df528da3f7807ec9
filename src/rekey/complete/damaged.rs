//! Replacements of the case that are damaged: a certificate for one of them is no fault of the CA.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::current::read_regular;
use crate::id::SpkiHash;
use crate::pki::der::{INTEGER, Reader, SEQUENCE};
use crate::rekey::key::unpem;
use crate::rekey::{RECORD, REQUEST, Trouble, TroubleKind};

/// All that is read of a record here.
#[derive(Deserialize)]
struct Key {
    spki_sha256: SpkiHash,
}

/// The keys of damaged replacements, as far as their records or requests still tell them; of each where it
/// lies and what is wrong with it, in words.
#[must_use]
pub fn damaged_keys(case_dir: &Path, troubles: &[Trouble]) -> HashMap<SpkiHash, String> {
    let damaged = troubles.iter().filter(|t| t.kind == TroubleKind::Damaged);
    let key = |t: &Trouble| {
        let directory = case_dir.join(&t.place);
        Some((of_record(&directory).or_else(|| of_request(&directory))?, format!("{}: {}", t.place, t.says)))
    };
    damaged.filter_map(key).collect()
}

fn of_record(directory: &Path) -> Option<SpkiHash> {
    let text = read_regular(&directory.join(RECORD)).ok()?;
    serde_json::from_slice(&text).ok().map(|Key { spki_sha256 }| spki_sha256)
}

/// The key stands behind version and subject (RFC 2986 section 4.1).
fn of_request(directory: &Path) -> Option<SpkiHash> {
    let request = unpem("CERTIFICATE REQUEST", &read_regular(&directory.join(REQUEST)).ok()?)?;
    let info = &mut Reader::new(&request).sequence()?.sequence()?;
    info.tagged(INTEGER)?;
    info.tagged(SEQUENCE)?;
    info.tagged(SEQUENCE).map(|key| SpkiHash::of(key.raw))
}
