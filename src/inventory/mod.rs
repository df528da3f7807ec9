//! Floor 3: found things to an inventory. One entry per distinct object with all its occurrences; keys,
//! certificates and requests joined by canonical SPKI; certificates joined to their issuers ([`link`],
//! [`chain`]).

mod authority;
mod builder;
pub mod chain;
mod few;
pub mod link;
mod locked;
mod near;
mod numbers;
pub mod recorded;
mod touch;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::finding::{Codes, Reason};
use crate::id::{Fingerprint, SpkiHash};
use crate::pki::{Certificate, KeyFacts, Request, Unread};
use crate::read::{Ledger, Place};
use crate::time::Time;

pub use authority::ChainRule;
pub use builder::{Batch, Builder};
pub use chain::{Anchors, Signer};
pub use few::Few;
pub use link::{Basis, IssuerLink};
pub use locked::LockedKeys;
pub use recorded::{Gone, Recorded, RecordedFile};
pub(crate) use touch::AT_ONCE;

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
    directories: near::Directories,
    /// Keys of public CAs among those here.
    public_cas: HashSet<SpkiHash>,
    /// CA certificates that signed themselves, with the files in whose folder lies one that they verifiably
    /// issued.
    issued_beside: HashSet<(u32, u32)>,
    /// Ways into containers, each once.
    members: Vec<Arc<str>>,
}

/// One file.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it lies.
    pub place: Place,
    /// When it was last changed; of a member, when its archive was.
    pub modified: Option<Time>,
    /// When a member of an archive was last changed, by the latest that its archive says: a time without a
    /// zone can be anywhere.
    pub member_time: Option<Time>,
    /// SHA-256 of the whole file, if it was asked for.
    pub hash: Option<Box<Fingerprint>>,
    /// Of a member: SHA-256 of the archive, if it was asked for.
    pub archive_hash: Option<Box<Fingerprint>>,
    /// Whether an encrypted key lies in it.
    pub holds_locked: bool,
    /// What the case recorded of it, where that is not what is there now.
    pub recorded: Option<Box<Recorded>>,
}

impl File {
    /// Why what was found in it is not there any more.
    #[must_use]
    pub fn gone(&self) -> Option<Gone> {
        self.recorded.as_ref().and_then(|r| r.gone)
    }
}

/// Where an object was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Index into [`Inventory::files`].
    pub file: u32,
    /// Index of the object in its file.
    pub index: u32,
    /// Line it begins on; 0 in binary data.
    pub line: u32,
    /// Index into the ways into containers, from 1: [`Inventory::member`].
    member: Option<NonZeroU32>,
}

/// One certificate.
#[derive(Debug)]
pub struct CertificateEntry {
    /// Its facts.
    pub certificate: Arc<Certificate>,
    /// Every place it was found.
    pub occurrences: Few<Occurrence>,
    /// Index into [`Inventory::keys`].
    pub key: u32,
    /// Who may have issued it, among the certificates here.
    pub issuers: Few<IssuerLink>,
    /// Whether it issued another certificate here.
    pub issued_others: bool,
    /// More keys bear the name of its issuer than were tried: any CA of that name may be it.
    pub more_issuers: bool,
}

/// One certification request.
#[derive(Debug)]
pub struct RequestEntry {
    /// Its facts.
    pub request: Arc<Request>,
    /// Every place it was found.
    pub occurrences: Few<Occurrence>,
    /// Index into [`Inventory::keys`].
    pub key: u32,
}

/// One key.
#[derive(Debug)]
pub struct KeyEntry {
    /// Its canonical name.
    pub spki: SpkiHash,
    /// Its facts, from whichever object showed them first.
    pub facts: Arc<KeyFacts>,
    /// Other encodings of the same key that were met.
    pub raw_forms: Vec<SpkiHash>,
    /// Findings on any of its objects.
    pub findings: Codes,
    /// Where its private half lies, encrypted or not.
    pub private: Few<Occurrence>,
    /// Where a private key lies that says it is this one, and that nothing verifies: one without a private
    /// part that fits, or locked with a public half in the clear.
    pub unverified: Few<Occurrence>,
    /// Certificates on it, indices into [`Inventory::certificates`].
    pub certificates: Few<u32>,
    /// Where requests or bare public keys of it lie.
    pub public: Few<Occurrence>,
    /// Keys with the same RSA modulus, this one among them: indices into [`Inventory::keys`], shared by all
    /// of them. Empty if it is alone.
    pub same_modulus: Arc<[u32]>,
}

impl KeyEntry {
    /// Every place where its private half lies, or says that it does.
    pub fn private_places(&self) -> impl Iterator<Item = &Occurrence> {
        self.private.iter().chain(self.unverified.iter())
    }

    /// Whether a list of hashes names it in any form met.
    #[must_use]
    pub fn is_on(&self, list: &HashSet<SpkiHash>) -> bool {
        list.contains(&self.spki) || self.raw_forms.iter().any(|r| list.contains(r))
    }
}

/// A record that is no object.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// The file.
    pub file: u32,
    /// Its index in the file.
    pub index: u32,
    /// The line; 0 if it has none.
    pub line: u32,
    /// Its label.
    pub label: Option<Box<str>>,
    /// What is the matter.
    pub unread: Unread,
}

/// Certificates in the order of the places where they lie first: so each file is opened again once.
fn in_order_of_files(inventory: &Inventory, certificates: impl Iterator<Item = u32>) -> Vec<u32> {
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
}
