//! Finds the locked and damaged private keys, and whose they can be.

use std::collections::{HashMap, HashSet};

use super::entry::{Occurrence, Trouble};
use super::locked::{Group, LockedKey, LockedKeys};
use super::model::Inventory;
use super::near::{Directories, Folder, base_name, is_named_as_key};
use crate::finding::Reason;
use crate::pki::{KeyAlgorithm, Unread};

/// Finds them. Which certificates are of CAs is known for certain once they are linked.
pub(super) fn locked_keys(inventory: &Inventory, directories: &Directories) -> LockedKeys {
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
        return LockedKeys::default();
    }
    let files: HashMap<u32, u32> =
        (0..inventory.files.len() as u32).filter_map(|file| Some((file, *names.get(&name(file))?))).collect();
    let owners = owners(inventory, &files, groups.len());
    for (group, owners) in groups.iter_mut().zip(owners) {
        group.left_over = group.keys.clone();
        for owner in owners.into_iter().map(|owner| &inventory.keys[owner as usize]) {
            group.left_over.give(&owner.spki, &owner.facts.algorithm);
        }
    }
    LockedKeys { files, groups }
}

/// What can own a locked key of each group: end-entity certificates whose private key does not lie there in
/// the clear. Each key once. A request or a public key owns none: anybody can add one.
fn owners(inventory: &Inventory, files: &HashMap<u32, u32>, groups: usize) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); groups];
    for (key, at) in inventory.keys.iter().zip(0u32..) {
        let group_of = |o: &Occurrence| files.get(&o.file).copied();
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
