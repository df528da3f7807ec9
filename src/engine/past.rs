//! What earlier analyses of the same sources recorded: what they once held against a key stays (DESIGN.md 2.9).

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::assess::{Assessment, Exposure, Held};
use crate::finding::{Code, Finding};
use crate::id::SpkiHash;
use crate::inventory::{Inventory, RecordedFile, recorded::Facts, recorded::NoFacts};
use crate::plan::ct::Elsewhere;
use crate::time::Time;

/// What earlier analyses recorded.
pub trait Past {
    /// Why it cannot be read.
    type Error;

    /// Files, with what was found in them.
    fn files(&self) -> &[RecordedFile];

    /// The facts of what was found in them.
    fn facts(&self) -> Box<dyn Facts + '_>;

    /// Encodings of keys that were met, canonical name first.
    fn forms(&self) -> &[(SpkiHash, SpkiHash)];

    /// The exposure of each key, in the order of keys.
    fn exposures(&self) -> &[(SpkiHash, Exposure)];

    /// Whether the criteria are those of the last analysis: then no key becomes less exposed because evidence is
    /// gone.
    fn same_criteria(&self) -> bool;

    /// What was held against these keys, with the reasons.
    ///
    /// # Errors
    /// It cannot be read.
    fn held(&self, keys: &[SpkiHash]) -> Result<BTreeMap<SpkiHash, Held>, Self::Error>;

    /// Keys that were made as replacements, and when.
    fn made(&self) -> &BTreeMap<SpkiHash, Time>;

    /// Certificates that searches found, by key.
    fn elsewhere(&self) -> &Elsewhere;
}

/// There were no earlier analyses.
#[derive(Debug, Default)]
pub struct NoPast {
    made: BTreeMap<SpkiHash, Time>,
    elsewhere: Elsewhere,
}

impl Past for NoPast {
    type Error = Infallible;

    fn files(&self) -> &[RecordedFile] {
        &[]
    }

    fn facts(&self) -> Box<dyn Facts + '_> {
        Box::new(NoFacts)
    }

    fn forms(&self) -> &[(SpkiHash, SpkiHash)] {
        &[]
    }

    fn exposures(&self) -> &[(SpkiHash, Exposure)] {
        &[]
    }

    fn same_criteria(&self) -> bool {
        false
    }

    fn held(&self, _: &[SpkiHash]) -> Result<BTreeMap<SpkiHash, Held>, Infallible> {
        Ok(BTreeMap::new())
    }

    fn made(&self) -> &BTreeMap<SpkiHash, Time> {
        &self.made
    }

    fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }
}

/// Keys that were held in a graver exposure before, though no criterion was changed: some file that they were found
/// in is gone or has other content, or some of the record is `lost`. No decision is about them.
pub(super) fn to_hold(
    past: &impl Past,
    inventory: &Inventory,
    assessment: &Assessment,
    lost: bool,
) -> Vec<SpkiHash> {
    let changed = |file: u32| inventory.files[file as usize].recorded.is_some();
    let rests_on_change = |at: usize| {
        let key = &inventory.keys[at];
        let certificates =
            key.certificates.iter().flat_map(|c| inventory.certificates[*c as usize].occurrences.iter());
        key.private_places().chain(key.public.iter()).chain(certificates).any(|o| changed(o.file))
    };
    if !past.same_criteria() || !lost && !inventory.files.iter().any(|f| f.recorded.is_some()) {
        return Vec::new();
    }
    let milder = milder_keys(past.exposures(), inventory, assessment);
    milder
        .filter(|(at, _)| {
            assessment.keys[*at].exposure != Exposure::Cleared && (lost || rests_on_change(*at))
        })
        .map(|(at, _)| inventory.keys[at].spki)
        .collect()
}

/// Keys that are less exposed than before, with what they were.
pub(crate) fn milder_keys(
    before: &[(SpkiHash, Exposure)],
    inventory: &Inventory,
    assessment: &Assessment,
) -> impl Iterator<Item = (usize, Exposure)> {
    before.iter().filter(|(_, exposure)| exposure.is_suspect()).filter_map(|(spki, exposure)| {
        let at = inventory.keys.binary_search_by_key(spki, |k| k.spki).ok()?;
        (assessment.keys[at].exposure > *exposure).then_some((at, *exposure))
    })
}

/// What is to be reported where recorded certificates and keys cannot be read back.
pub(super) fn lost(objects: usize) -> Option<Finding> {
    let message = format!(
        "the recorded facts of {objects} certificates or keys cannot be read; whatever the case held against keys stays"
    );
    (objects > 0).then(|| Finding { code: Code::EvidenceGone, place: "case.db".to_owned(), says: message })
}
