//! The lists of hashes for other tools: keys that are exposed, and keys that only may be.

use crate::assess::{Assessment, Exposure};
use crate::id::SpkiHash;
use crate::inventory::Inventory;

/// The two lists of hashes: of keys that are exposed, and of those that are only presumed or undetermined.
/// Sorted, canonical and raw forms.
#[must_use]
pub fn spki_lists(inventory: &Inventory, assessment: &Assessment) -> (String, String) {
    let list = |wanted: fn(Exposure) -> bool| {
        let keys = inventory.keys.iter().zip(&assessment.keys).filter(|(_, v)| wanted(v.exposure));
        let mut hashes: Vec<SpkiHash> =
            keys.flat_map(|(k, _)| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.iter().map(|h| format!("{h}\n")).collect::<String>()
    };
    (list(|e| e == Exposure::Exposed), list(|e| matches!(e, Exposure::Presumed | Exposure::Undetermined)))
}
