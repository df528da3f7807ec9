//! Equal PEM bodies are read once: in every real heap the same intermediates lie beside each leaf.
//!
//! One table per thread, so nothing is locked. A body is kept only when it is met a second time; a unique
//! leaf costs eight bytes.

use std::hash::BuildHasher;

use zeroize::Zeroizing;

use crate::finding::Codes;
use crate::pki::{Object, Unread};

/// What reading a body gave.
pub(super) type Outcome = (Result<Object, Unread>, Codes);

/// A table of fixed size: entries that share a slot displace each other.
pub(super) struct Cache {
    hasher: hashbrown::DefaultHashBuilder,
    seen: Vec<u64>,
    /// The hash of each slot, together in little memory: most bodies are in no slot.
    kept: Vec<u64>,
    slots: Vec<Option<Slot>>,
}

struct Slot {
    label: Box<[u8]>,
    /// May be a private key.
    body: Zeroizing<Box<[u8]>>,
    outcome: Outcome,
}

/// Slots per thread: the distinct chain certificates of a large heap are a few thousand.
const SLOTS: usize = 1 << 13;

/// Larger bodies are not kept; they are revocation lists, and rare.
const LARGEST: usize = 64 << 10;

impl Cache {
    pub(super) fn new() -> Self {
        let slots = std::iter::repeat_with(|| None).take(SLOTS).collect();
        Self {
            hasher: hashbrown::DefaultHashBuilder::default(),
            seen: vec![0; SLOTS],
            kept: vec![0; SLOTS],
            slots,
        }
    }

    pub(super) fn hash(&self, label: &[u8], body: &[u8]) -> u64 {
        self.hasher.hash_one((label, body))
    }

    /// The outcome for an equal label and body: compared in full, so no two bodies can be taken for each
    /// other.
    pub(super) fn find(&self, hash: u64, label: &[u8], body: &[u8]) -> Option<&Outcome> {
        let at = slot_of(hash);
        let slot = if self.kept[at] == hash { self.slots[at].as_ref()? } else { return None };
        (*slot.label == *label && **slot.body == *body).then_some(&slot.outcome)
    }

    /// Tells what reading a body gave. Kept from the second time on.
    pub(super) fn offer(&mut self, hash: u64, label: &[u8], body: &[u8], outcome: &Outcome) {
        let at = slot_of(hash);
        if self.seen[at] != hash || body.len() > LARGEST {
            self.seen[at] = hash;
            return;
        }
        self.kept[at] = hash;
        self.slots[at] =
            Some(Slot { label: label.into(), body: Zeroizing::new(body.into()), outcome: outcome.clone() });
    }
}

const fn slot_of(hash: u64) -> usize {
    hash as usize & (SLOTS - 1)
}
