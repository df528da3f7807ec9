//! Replacements of the case that are damaged: a certificate for one of them is no fault of the CA.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::bundle::read_regular;
use crate::id::SpkiHash;
use crate::rekey::{RECORD, Trouble, TroubleKind};

/// All that is read of a record here.
#[derive(Deserialize)]
struct Key {
    spki_sha256: SpkiHash,
}

/// The keys of damaged replacements, as far as their records still tell them; of each where it lies and what is wrong with it, in words.
#[must_use]
pub fn damaged_keys(case_dir: &Path, troubles: &[Trouble]) -> HashMap<SpkiHash, String> {
    let damaged = troubles.iter().filter(|t| t.kind == TroubleKind::Damaged);
    let key = |t: &Trouble| {
        let text = read_regular(&case_dir.join(&t.place).join(RECORD)).ok()?;
        let Key { spki_sha256 } = serde_json::from_slice(&text).ok()?;
        Some((spki_sha256, format!("{}: {}", t.place, t.says)))
    };
    damaged.filter_map(key).collect()
}
