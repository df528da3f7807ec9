//! Locked and damaged private keys: whose they can be. A locked key beside an end-entity certificate that it
//! can belong to is that one's; one that is left over can be the own key of a CA certificate beside it
//! (DESIGN.md 2.4).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::entry::KeyEntry;
use crate::id::SpkiHash;
use crate::pki::KeyAlgorithm;

/// The locked and damaged private keys near each file that has one in it, or beside it under the same base
/// name.
#[derive(Debug, Default)]
pub struct LockedKeys {
    /// Index into `groups`, by index of the file.
    pub(super) files: HashMap<u32, u32>,
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) keys: Keys,
    /// Those that belong to no end-entity certificate there.
    pub(super) left_over: Keys,
}

/// Locked keys by what they say of themselves. A file can hold very many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keys {
    named: HashSet<SpkiHash>,
    kinds: BTreeMap<KeyAlgorithm, usize>,
    unknown: usize,
}

impl Keys {
    pub(super) fn add(&mut self, key: LockedKey) {
        match key {
            LockedKey::Named(spki) => _ = self.named.insert(spki),
            LockedKey::Kind(kind) => *self.kinds.entry(kind).or_default() += 1,
            LockedKey::Unknown => self.unknown += 1,
        }
    }

    /// Whether one of them can be this one.
    fn can_be(&self, spki: &SpkiHash, algorithm: &KeyAlgorithm) -> bool {
        self.unknown > 0
            || self.named.contains(spki)
            || self.kinds.get(algorithm).is_some_and(|count| *count > 0)
    }

    /// Gives one of them to an owner, that which says most of itself.
    pub(super) fn give(&mut self, spki: &SpkiHash, algorithm: &KeyAlgorithm) {
        if self.named.remove(spki) {
            return;
        }
        match self.kinds.get_mut(algorithm).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => self.unknown = self.unknown.saturating_sub(1),
        }
    }
}

/// What a locked or damaged private key says of itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LockedKey {
    /// Its public half, in the clear.
    Named(SpkiHash),
    /// Its kind.
    Kind(KeyAlgorithm),
    /// Nothing.
    Unknown,
}

impl LockedKeys {
    /// Whether a locked or damaged key is in this file or beside it that can be that of a CA certificate.
    #[must_use]
    pub fn can_be_of_ca(&self, file: u32, key: &KeyEntry) -> bool {
        self.group(file).is_some_and(|group| group.left_over.can_be(&key.spki, &key.facts.algorithm))
    }

    /// Whether a locked or damaged key is in this file or beside it that can be this one.
    #[must_use]
    pub fn can_be(&self, file: u32, key: &KeyEntry) -> bool {
        self.group(file).is_some_and(|group| group.keys.can_be(&key.spki, &key.facts.algorithm))
    }

    fn group(&self, file: u32) -> Option<&Group> {
        if self.files.is_empty() { None } else { self.files.get(&file).map(|at| &self.groups[*at as usize]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyAlgorithm::{Ec, Rsa};
    use LockedKey::{Kind, Named, Unknown};

    #[test]
    fn a_locked_key_belongs_to_an_end_entity_before_it_can_be_of_a_ca() {
        let spki = |n: u8| SpkiHash::of(&[n]);
        let keys = |all: &[LockedKey]| {
            let mut keys = Keys::default();
            all.iter().cloned().for_each(|key| keys.add(key));
            keys
        };
        let left = |all: &[LockedKey], owners: &[KeyAlgorithm]| {
            let mut left = keys(all);
            owners.iter().zip(10..).for_each(|(owner, n)| left.give(&spki(n), owner));
            left
        };
        let can_be = |left: &Keys, kind| left.can_be(&spki(1), &kind);
        for (all, owners, rsa, ec) in [
            (&[Unknown][..], &[Rsa][..], false, false),
            (&[Unknown], &[], true, true),
            (&[Kind(Rsa)], &[Ec], true, false),
            (&[Unknown, Kind(Rsa)], &[Rsa], true, true),
            (&[Unknown, Unknown], &[Rsa], true, true),
            (&[Unknown, Kind(Ec)], &[Rsa, Ec], false, false),
            (&[Named(spki(1))], &[Rsa], true, true),
            (&[Named(spki(2))], &[], false, false),
            (&[Named(spki(10))], &[Rsa], false, false),
        ] {
            let left = left(all, owners);
            assert_eq!((can_be(&left, Rsa), can_be(&left, Ec)), (rsa, ec), "{all:?} {owners:?}");
        }
    }
}
