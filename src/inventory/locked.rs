//! Locked and damaged private keys: whose they can be. A locked key beside an end-entity certificate that it can belong to is that one's; one that is
//! left over can be the own key of a CA certificate beside it (DESIGN.md 2.4).

use std::collections::HashMap;

use super::near::{Folder, base_name, is_named_as_key};
use super::{Inventory, Trouble};
use crate::finding::Reason;
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
    /// The kind of each key there; `None` where nothing tells.
    keys: Vec<Option<KeyAlgorithm>>,
    /// The same of those that belong to no end-entity certificate there.
    left_over: Vec<Option<KeyAlgorithm>>,
}

impl LockedKeys {
    /// Whether a locked or damaged key lies in this file or beside it that can be the one of a CA certificate of this kind.
    #[must_use]
    pub fn can_be_of_ca(&self, file: u32, algorithm: &KeyAlgorithm) -> bool {
        self.group(file).is_some_and(|group| group.left_over.iter().any(|kind| fits(kind.as_ref(), algorithm)))
    }

    /// Whether a locked or damaged key lies in this file or beside it that can be of this kind.
    #[must_use]
    pub fn can_be_of(&self, file: u32, algorithm: &KeyAlgorithm) -> bool {
        self.group(file).is_some_and(|group| group.keys.iter().any(|kind| fits(kind.as_ref(), algorithm)))
    }

    fn group(&self, file: u32) -> Option<&Group> {
        if self.files.is_empty() { None } else { self.files.get(&file).map(|at| &self.groups[*at as usize]) }
    }

    /// Finds them.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let place = |file: u32| &inventory.files[file as usize].place;
        let mut names: HashMap<(Folder<'_>, String), u32> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (trouble, kind) in inventory.troubles.iter().filter_map(|t| Some((t, kind(inventory, t)?))) {
            let place = place(trouble.file);
            let at = *names.entry((Folder::of(place), base_name(place))).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() as u32 - 1
            });
            groups[at as usize].keys.push(kind);
        }
        if groups.is_empty() {
            return Self::default();
        }
        let member_of = |(file, i): (&super::File, u32)| Some((i, *names.get(&(Folder::of(&file.place), base_name(&file.place)))?));
        let files: HashMap<u32, u32> = inventory.files.iter().zip(0u32..).filter_map(member_of).collect();
        let mut owners = owners(inventory, &files, groups.len());
        for (group, owners) in groups.iter_mut().zip(&mut owners) {
            group.left_over = left_over(&group.keys, owners);
        }
        Self { files, groups }
    }
}

/// What can own a locked key of each group: end-entity certificates, requests and public keys whose private key does not lie there in the clear. Each
/// key once, by kind.
fn owners(inventory: &Inventory, files: &HashMap<u32, u32>, groups: usize) -> Vec<Vec<KeyAlgorithm>> {
    let mut out = vec![Vec::new(); groups];
    for key in &inventory.keys {
        let group_of = |o: &super::Occurrence| files.get(&o.file).copied();
        let entries = key.certificates.iter().map(|c| &inventory.certificates[*c as usize]).filter(|c| !c.certificate.is_ca);
        let mut here: Vec<u32> = entries.flat_map(|c| c.occurrences.iter()).chain(key.public.iter()).filter_map(group_of).collect();
        here.sort_unstable();
        here.dedup();
        let in_the_clear: Vec<u32> = if here.is_empty() { Vec::new() } else { key.private.iter().filter_map(group_of).collect() };
        for group in here.into_iter().filter(|group| !in_the_clear.contains(group)) {
            out[group as usize].push(key.facts.algorithm.clone());
        }
    }
    out
}

/// The keys that remain when as many as possible belong to the owners, those first of which the kind is known.
fn left_over(keys: &[Option<KeyAlgorithm>], owners: &mut Vec<KeyAlgorithm>) -> Vec<Option<KeyAlgorithm>> {
    let mut keys = keys.to_vec();
    keys.sort_by_key(Option::is_none);
    keys.retain(|kind| match owners.iter().position(|owner| fits(kind.as_ref(), owner)) {
        Some(at) => {
            owners.swap_remove(at);
            false
        }
        None => true,
    });
    keys
}

fn fits(kind: Option<&KeyAlgorithm>, algorithm: &KeyAlgorithm) -> bool {
    kind.is_none_or(|kind| kind == algorithm)
}

/// The kind of the locked or damaged private key that a trouble is, as far as it says so; `None` for one that is none, or says whose it is.
#[expect(clippy::option_option, reason = "no key, a key of unknown kind, and one of a kind")]
fn kind(inventory: &Inventory, trouble: &Trouble) -> Option<Option<KeyAlgorithm>> {
    let place = &inventory.files[trouble.file as usize].place;
    let label = trouble.label.as_deref().map(str::to_ascii_uppercase);
    let is_key = match (&trouble.unread, &label) {
        // Its public half lies beside it in the clear.
        (Unread::Locked(_, Some(_)), _) => false,
        (Unread::Locked(_, None), _) => true,
        (Unread::Unreadable(..), Some(label)) => label.contains("PRIVATE KEY"),
        (Unread::Unreadable(..), None) => is_named_as_key(place),
        (Unread::Skipped(Reason::FormatNotRead, name), _) => KEY_STORES.contains(&&**name),
        (Unread::Skipped(..), _) => false,
    };
    let algorithm = match label.as_deref() {
        Some("RSA PRIVATE KEY") => Some(KeyAlgorithm::Rsa),
        Some("EC PRIVATE KEY") => Some(KeyAlgorithm::Ec),
        Some("DSA PRIVATE KEY") => Some(KeyAlgorithm::Dsa),
        _ => None,
    };
    is_key.then_some(algorithm)
}

/// Formats that hold private keys, and that are not opened.
const KEY_STORES: &[&str] = &["pkcs12", "jks", "jceks", "bcfks", "bks", "uber", "JSON Web Key", "pvk"];

#[cfg(test)]
mod tests {
    use super::*;
    use KeyAlgorithm::{Ec, Rsa};

    #[test]
    fn a_locked_key_belongs_to_an_end_entity_before_it_can_be_of_a_ca() {
        let left = |keys: &[Option<KeyAlgorithm>], owners: &[KeyAlgorithm]| left_over(keys, &mut owners.to_vec());
        assert_eq!(left(&[None], &[Rsa]), []);
        assert_eq!(left(&[None], &[]), [None]);
        assert_eq!(left(&[Some(Rsa)], &[Ec]), [Some(Rsa)]);
        assert_eq!(left(&[None, Some(Rsa)], &[Rsa]), [None], "the one of unknown kind can be anybody's");
        assert_eq!(left(&[None, None], &[Rsa]), [None]);
        assert_eq!(left(&[None, Some(Ec)], &[Rsa, Ec]), []);
    }
}
