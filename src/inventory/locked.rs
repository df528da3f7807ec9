//! Locked and damaged private keys: whose they can be. A locked key beside an end-entity certificate that it can belong to is that one's; one that is
//! left over can be the own key of a CA certificate beside it (DESIGN.md 2.4).

use std::collections::HashMap;

use super::near::{Directories, Folder, base_name, is_named_as_key};
use super::{Inventory, KeyEntry, Trouble};
use crate::finding::Reason;
use crate::id::SpkiHash;
use crate::pki::{KeyAlgorithm, Unread};

/// The locked and damaged private keys near each file that has one in it, or beside it under the same base name.
#[derive(Debug, Default)]
pub struct LockedKeys {
    /// Index into `groups`, by index of the file.
    files: HashMap<u32, u32>,
    groups: Vec<Group>,
}

#[derive(Debug, Default)]
struct Group {
    keys: Vec<LockedKey>,
    /// Those that belong to no end-entity certificate there.
    left_over: Vec<LockedKey>,
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

impl LockedKey {
    fn can_be(&self, key: &KeyEntry) -> bool {
        match self {
            Self::Named(spki) => *spki == key.spki,
            Self::Kind(kind) => *kind == key.facts.algorithm,
            Self::Unknown => true,
        }
    }
}

impl LockedKeys {
    /// Whether a locked or damaged key lies in this file or beside it that can be that of a CA certificate.
    #[must_use]
    pub fn can_be_of_ca(&self, file: u32, key: &KeyEntry) -> bool {
        self.group(file).is_some_and(|group| group.left_over.iter().any(|locked| locked.can_be(key)))
    }

    /// Whether a locked or damaged key lies in this file or beside it that can be this one.
    #[must_use]
    pub fn can_be(&self, file: u32, key: &KeyEntry) -> bool {
        self.group(file).is_some_and(|group| group.keys.iter().any(|locked| locked.can_be(key)))
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
            groups[at as usize].keys.push(key);
        }
        if groups.is_empty() {
            return Self::default();
        }
        let files: HashMap<u32, u32> = (0..inventory.files.len() as u32).filter_map(|file| Some((file, *names.get(&name(file))?))).collect();
        let mut owners = owners(inventory, &files, groups.len());
        for (group, owners) in groups.iter_mut().zip(&mut owners) {
            group.left_over = left_over(&group.keys, owners, |locked, owner| locked.can_be(&inventory.keys[*owner as usize]));
        }
        Self { files, groups }
    }
}

/// What can own a locked key of each group: end-entity certificates whose private key does not lie there in the clear. Each key once. A request or a
/// public key owns none: anybody can add one.
fn owners(inventory: &Inventory, files: &HashMap<u32, u32>, groups: usize) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); groups];
    for (key, at) in inventory.keys.iter().zip(0u32..) {
        let group_of = |o: &super::Occurrence| files.get(&o.file).copied();
        let entries = key.certificates.iter().map(|c| &inventory.certificates[*c as usize]).filter(|c| !c.is_ca());
        let mut here: Vec<u32> = entries.flat_map(|c| c.occurrences.iter()).filter_map(group_of).collect();
        here.sort_unstable();
        here.dedup();
        let in_the_clear: Vec<u32> = if here.is_empty() { Vec::new() } else { key.private.iter().filter_map(group_of).collect() };
        for group in here.into_iter().filter(|group| !in_the_clear.contains(group)) {
            out[group as usize].push(at);
        }
    }
    out
}

/// The keys that remain when as many as possible belong to the owners, those first that say most of themselves.
fn left_over<T>(keys: &[LockedKey], owners: &mut Vec<T>, can_be: impl Fn(&LockedKey, &T) -> bool) -> Vec<LockedKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.retain(|key| match owners.iter().position(|owner| can_be(key, owner)) {
        Some(at) => {
            owners.swap_remove(at);
            false
        }
        None => true,
    });
    keys
}

/// What the locked or damaged private key that a trouble is says of itself; `None` for what is no such key.
fn read(inventory: &Inventory, trouble: &Trouble) -> Option<LockedKey> {
    let place = &inventory.files[trouble.file as usize].place;
    let label = trouble.label.as_deref().map(str::to_ascii_uppercase);
    let is_key = match (&trouble.unread, &label) {
        // Its public half lies beside it in the clear.
        (Unread::Locked(_, Some(facts)), _) => return Some(facts.spki.map_or(LockedKey::Unknown, LockedKey::Named)),
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
    use LockedKey::{Kind, Unknown};

    #[test]
    fn a_locked_key_belongs_to_an_end_entity_before_it_can_be_of_a_ca() {
        let can_be = |key: &LockedKey, owner: &KeyAlgorithm| *key == Unknown || *key == Kind(owner.clone());
        let left = |keys: &[LockedKey], owners: &[KeyAlgorithm]| left_over(keys, &mut owners.to_vec(), can_be);
        assert_eq!(left(&[Unknown], &[Rsa]), []);
        assert_eq!(left(&[Unknown], &[]), [Unknown]);
        assert_eq!(left(&[Kind(Rsa)], &[Ec]), [Kind(Rsa)]);
        assert_eq!(left(&[Unknown, Kind(Rsa)], &[Rsa]), [Unknown], "the one of unknown kind can be anybody's");
        assert_eq!(left(&[Unknown, Unknown], &[Rsa]), [Unknown]);
        assert_eq!(left(&[Unknown, Kind(Ec)], &[Rsa, Ec]), []);
    }
}
