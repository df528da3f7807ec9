//! Everything that was found, joined.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::entry::{CertificateEntry, File, KeyEntry, Occurrence, RequestEntry, Trouble};
use super::locked::LockedKeys;
use super::near;
use crate::finding::Reason;
use crate::id::SpkiHash;
use crate::pki::Unread;
use crate::read::Ledger;

/// Everything that was found, joined.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Files that hold an object or could not be read, in the order of the walk.
    pub files: Vec<File>,
    /// Distinct certificates, by fingerprint.
    pub certificates: Vec<CertificateEntry>,
    /// Distinct keys, by canonical SPKI hash.
    pub keys: Vec<KeyEntry>,
    /// Distinct certification requests on keys that have a name, in the order of those.
    pub requests: Vec<RequestEntry>,
    /// Private keys whose public half cannot be had, so that nothing can be joined to them.
    pub unnamed_keys: Vec<Occurrence>,
    /// What was locked, broken or passed over for a reason that may matter.
    pub troubles: Vec<Trouble>,
    /// Objects that are neither key nor certificate (revocation lists, parameters).
    pub others: u64,
    /// One ledger per root.
    pub ledgers: Vec<Ledger>,
    /// Whose the locked and damaged private keys can be.
    pub locked_keys: LockedKeys,
    /// The directories of the roots.
    pub(super) directories: near::Directories,
    /// Keys of public CAs among those here.
    pub(super) public_cas: HashSet<SpkiHash>,
    /// CA certificates that signed themselves, with the files in whose folder lies one that they verifiably
    /// issued.
    pub(super) issued_beside: HashSet<(u32, u32)>,
    /// Ways into containers, each once.
    pub(super) members: Vec<Arc<str>>,
}

/// Certificates in the order of the places where they lie first: so each file is opened again once.
pub(super) fn in_order_of_files(inventory: &Inventory, certificates: impl Iterator<Item = u32>) -> Vec<u32> {
    let place = |c: u32| inventory.certificates[c as usize].occurrences.first().map(|o| (o.file, o.index));
    let mut order: Vec<_> = certificates.map(|c| (place(c), c)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, c)| c).collect()
}

impl Inventory {
    /// The sum of all ledgers.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut sum = Ledger::default();
        self.ledgers.iter().for_each(|l| sum += *l);
        sum
    }

    /// Adds encodings of keys that were met in earlier runs, each with the name of its key.
    pub fn add_forms(&mut self, forms: &[(SpkiHash, SpkiHash)]) {
        for (raw, spki) in forms {
            if let Ok(at) = self.keys.binary_search_by_key(spki, |k| k.spki) {
                let known = &mut self.keys[at].raw_forms;
                if let Err(place) = known.binary_search(raw) {
                    known.insert(place, *raw);
                }
            }
        }
    }

    /// Whether anything of interest was found, or is recorded: a certificate, a key, a request, a revocation
    /// list or parameters.
    #[must_use]
    pub fn has_content(&self) -> bool {
        !self.certificates.is_empty()
            || !self.keys.is_empty()
            || !self.unnamed_keys.is_empty()
            || self.others > 0
    }

    /// The key of that name, in canonical or any other form met.
    #[must_use]
    pub fn find_key(&self, spki: &SpkiHash) -> Option<&KeyEntry> {
        match self.keys.binary_search_by_key(spki, |k| k.spki) {
            Ok(at) => self.keys.get(at),
            Err(_) => self.keys.iter().find(|k| k.raw_forms.contains(spki)),
        }
    }

    /// The requests on a key.
    #[must_use]
    pub fn requests_on(&self, key: u32) -> &[RequestEntry] {
        let from = self.requests.partition_point(|r| r.key < key);
        &self.requests[from..from + self.requests[from..].partition_point(|r| r.key == key)]
    }

    /// Where an occurrence lies, for people: the path of its file, and the way into an archive.
    #[must_use]
    pub fn path(&self, occurrence: &Occurrence) -> Cow<'_, str> {
        self.files[occurrence.file as usize].place.shown()
    }

    /// The way into a container that an occurrence is reached by.
    #[must_use]
    pub fn member(&self, occurrence: &Occurrence) -> Option<&str> {
        occurrence.member.and_then(|n| self.members.get(n.get() as usize - 1)).map(|m| &**m)
    }

    /// How often each reason for trouble occurs, most frequent first.
    #[must_use]
    pub fn trouble_counts(&self) -> Vec<(Reason, usize)> {
        let mut counts: HashMap<Reason, usize> = HashMap::new();
        for trouble in &self.troubles {
            let (Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) =
                &trouble.unread;
            *counts.entry(*reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
        counts
    }

    /// Whether a file is one of the record alone.
    #[must_use]
    pub fn is_gone(&self, file: u32) -> bool {
        self.files[file as usize].gone().is_some()
    }
}
