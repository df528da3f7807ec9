//! Locked and damaged private keys: whose they can be. A locked key beside an end-entity certificate that it
//! can belong to is that one's; one that is left over can be the own key of a CA certificate beside it
//! (DESIGN.md 2.4).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::near::{Directories, Folder, base_name, is_named_as_key};
use super::{Inventory, KeyEntry, Trouble};
use crate::finding::Reason;
use crate::id::SpkiHash;
use crate::pki::{KeyAlgorithm, Unread};

/// The locked and damaged private keys near each file that has one in it, or beside it under the same base
/// name.
#[derive(Debug, Default)]
pub struct LockedKeys {
    /// Index into `groups`, by index of the file.
    files: HashMap<u32, u32>,
    groups: Vec<Group>,
}

#[derive(Debug, Default)]
struct Group {
    keys: Keys,
    /// Those that belong to no end-entity certificate there.
    left_over: Keys,
}

/// Locked keys by what they say of themselves. A file can hold very many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Keys {
    named: HashSet<SpkiHash>,
    kinds: BTreeMap<KeyAlgorithm, usize>,
    unknown: usize,
}

impl Keys {
    fn add(&mut self, key: LockedKey) {
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
    fn give(&mut self, spki: &SpkiHash, algorithm: &KeyAlgorithm) {
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
enum LockedKey {
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

    /// Finds them. Which certificates are of CAs is known for certain once they are linked.
    pub(super) fn of(inventory: &Inventory, directories: &Directories) -> Self {
        let name = |file: u32| {
            let place = &inventory.files[file as usize].place;
            (Folder::of(place, directories).without_kind(), base_name(place))
        };
        let locked = inventory.troubles.iter().filter_map(|t| Some((t.file, read(inventory, t)?)));
        // Nobody can tell whose these are.
        let unnamed = inventory.unnamed_keys.iter().map(|o| (o.file, LockedKey::Unknown));
        let mut names: HashMap<(Folder, String), u32> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (file, key) in locked.chain(unnamed) {
            let at = *names.entry(name(file)).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() as u32 - 1
            });
            groups[at as usize].keys.add(key);
        }
        if groups.is_empty() {
            return Self::default();
        }
        let files: HashMap<u32, u32> = (0..inventory.files.len() as u32)
            .filter_map(|file| Some((file, *names.get(&name(file))?)))
            .collect();
        let owners = owners(inventory, &files, groups.len());
        for (group, owners) in groups.iter_mut().zip(owners) {
            group.left_over = group.keys.clone();
            for owner in owners.into_iter().map(|owner| &inventory.keys[owner as usize]) {
                group.left_over.give(&owner.spki, &owner.facts.algorithm);
            }
        }
        Self { files, groups }
    }
}

/// What can own a locked key of each group: end-entity certificates whose private key does not lie there in
/// the clear. Each key once. A request or a public key owns none: anybody can add one.
fn owners(inventory: &Inventory, files: &HashMap<u32, u32>, groups: usize) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); groups];
    for (key, at) in inventory.keys.iter().zip(0u32..) {
        let group_of = |o: &super::Occurrence| files.get(&o.file).copied();
        let entries =
            key.certificates.iter().map(|c| &inventory.certificates[*c as usize]).filter(|c| !c.is_ca());
        let mut here: Vec<u32> = entries.flat_map(|c| c.occurrences.iter()).filter_map(group_of).collect();
        here.sort_unstable();
        here.dedup();
        let in_the_clear: HashSet<u32> =
            if here.is_empty() { HashSet::new() } else { key.private.iter().filter_map(group_of).collect() };
        for group in here.into_iter().filter(|group| !in_the_clear.contains(group)) {
            out[group as usize].push(at);
        }
    }
    out
}

/// What the locked or damaged private key that a trouble is says of itself; `None` for what is no such key.
fn read(inventory: &Inventory, trouble: &Trouble) -> Option<LockedKey> {
    let place = &inventory.files[trouble.file as usize].place;
    let label = trouble.label.as_deref().map(str::to_ascii_uppercase);
    let is_key = match (&trouble.unread, &label) {
        // Its public half lies beside it in the clear.
        (Unread::Locked(_, Some(facts)), _) => {
            return Some(facts.spki.map_or(LockedKey::Unknown, LockedKey::Named));
        }
        (Unread::Locked(_, None), _) => true,
        (Unread::Unreadable(..), Some(label)) => label.contains("PRIVATE KEY"),
        (Unread::Unreadable(..), None) => is_named_as_key(place),
        (Unread::Skipped(Reason::FormatNotRead, name), _) => KEY_STORES.contains(&&**name),
        (Unread::Skipped(..), _) => false,
    };
    is_key.then_some(match label.as_deref() {
        Some("RSA PRIVATE KEY") => LockedKey::Kind(KeyAlgorithm::Rsa),
        Some("EC PRIVATE KEY") => LockedKey::Kind(KeyAlgorithm::Ec),
        Some("DSA PRIVATE KEY") => LockedKey::Kind(KeyAlgorithm::Dsa),
        _ => LockedKey::Unknown,
    })
}

/// Formats that hold private keys, and that are not opened.
const KEY_STORES: &[&str] = &["pkcs12", "jks", "jceks", "bcfks", "bks", "uber", "JSON Web Key", "pvk"];

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
