//! Keys of public CAs among those found.

use std::collections::HashSet;

use super::ccadb::Ccadb;
use super::model::Cas;
use crate::id::SpkiHash;
use crate::inventory::{Inventory, KeyEntry, Signer};

impl Cas {
    /// The keys among those found that belong to public CAs: of Mozilla's roots, of those that the user gave,
    /// and of the certificates that CCADB lists. Their certificates come along in bundles without their keys
    /// (DESIGN.md 2.4).
    #[must_use]
    pub fn public_keys(&self, inventory: &Inventory, ccadb: Option<&Ccadb>) -> HashSet<SpkiHash> {
        let listed = |list: &Ccadb, key: &KeyEntry| {
            key.certificates.iter().any(|at| {
                let certificate = inventory.certificates[*at as usize].certificate.sha256;
                list.of(&Signer { key: key.spki, certificate }).is_some()
            })
        };
        let is_public =
            |key: &&KeyEntry| self.anchors().have(&key.spki) || ccadb.is_some_and(|list| listed(list, key));
        inventory.keys.iter().filter(is_public).map(|key| key.spki).collect()
    }
}
