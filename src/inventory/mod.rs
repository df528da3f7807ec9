//! Floor 3: found things to an inventory. One entry per distinct object with all its occurrences; keys, certificates and requests joined
//! by canonical SPKI; certificates joined to their issuers ([`link`], [`chain`]).

pub mod chain;
mod few;
pub mod link;
mod numbers;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::finding::{Codes, Reason};
use crate::id::{Fingerprint, SpkiHash};
use crate::parallel;
use crate::pki::{Certificate, KeyFacts, Object, Unread};
use crate::read::{Found, Item, Ledger, Place};
use crate::time::Time;

pub use chain::{Anchors, Signer};
pub use few::Few;
pub use link::{Basis, IssuerLink};

use numbers::Numbers;

/// Everything that was found, joined.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Files that hold an object or could not be read, in the order of the walk.
    pub files: Vec<File>,
    /// Distinct certificates, by fingerprint.
    pub certificates: Vec<CertificateEntry>,
    /// Distinct keys, by canonical SPKI hash.
    pub keys: Vec<KeyEntry>,
    /// Private keys whose public half cannot be had, so that nothing can be joined to them.
    pub unnamed_keys: Vec<Occurrence>,
    /// What was locked, broken or passed over for a reason that may matter.
    pub troubles: Vec<Trouble>,
    /// Objects that are neither key nor certificate (revocation lists, parameters).
    pub others: u64,
    /// One ledger per root.
    pub ledgers: Vec<Ledger>,
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
    /// When a member of an archive was last changed, by the latest that its archive says: a time without a zone can be anywhere.
    pub member_time: Option<Time>,
    /// SHA-256 of the whole file, if it was asked for.
    pub hash: Option<Box<Fingerprint>>,
    /// Of a member: SHA-256 of the archive, if it was asked for.
    pub archive_hash: Option<Box<Fingerprint>>,
    /// Whether an encrypted key lies in it.
    pub holds_locked: bool,
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
}

impl CertificateEntry {
    /// CA:TRUE, or issuer of another certificate here.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.certificate.is_ca || self.issued_others
    }
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
    /// Certificates on it, indices into [`Inventory::certificates`].
    pub certificates: Few<u32>,
    /// Where requests or bare public keys of it lie.
    pub public: Few<Occurrence>,
    /// Keys with the same RSA modulus, this one among them: indices into [`Inventory::keys`], shared by all of them. Empty if it is alone.
    pub same_modulus: Arc<[u32]>,
}

impl KeyEntry {
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

/// Collects what the reading stage finds.
#[derive(Debug, Default)]
pub struct Builder {
    inventory: Inventory,
    certificates: Numbers,
    keys: Numbers,
    members: HashMap<Arc<str>, NonZeroU32>,
}

impl Builder {
    /// Adds one file.
    pub fn add(&mut self, found: Found) {
        let matters = |item: &Item| !matches!(&item.body, Err(Unread::Skipped(Reason::NoPkiContent, _)));
        if !found.items.iter().any(matters) {
            return;
        }
        let file = self.inventory.files.len() as u32;
        let holds_locked = found.items.iter().any(|i| matches!(i.body, Err(Unread::Locked(..))));
        push_slowly(
            &mut self.inventory.files,
            File {
                place: found.place,
                modified: found.modified,
                member_time: found.member_time,
                hash: found.file_hash.map(Box::new),
                archive_hash: found.archive_hash.map(Box::new),
                holds_locked,
            },
        );
        for item in found.items {
            self.add_item(file, item);
        }
    }

    fn add_item(&mut self, file: u32, item: Item) {
        let member = item.member.as_ref().and_then(|member| self.member(member));
        let occurrence = Occurrence { file, index: item.index, line: item.line, member };
        let object = match item.body {
            Ok(object) => object,
            Err(Unread::Skipped(Reason::NoPkiContent, _)) => return,
            Err(unread) => {
                // Uploaded in encrypted form is uploaded too: guessing is offline.
                if let Unread::Locked(_, Some(facts)) = &unread
                    && let Some(spki) = facts.spki
                {
                    let key = self.key(spki, facts, || Arc::new((**facts).clone()));
                    self.inventory.keys[key as usize].private.push(occurrence);
                }
                let label = item.label.map(|l| l.into_owned().into());
                return self.inventory.troubles.push(Trouble { file, index: item.index, line: item.line, label, unread });
            }
        };
        match object {
            Object::Certificate(certificate) => self.add_certificate(certificate, occurrence),
            Object::PrivateKey(private) => match private.facts.spki {
                Some(spki) => {
                    let key = self.key(spki, &private.facts, || Arc::new(private.facts.clone()));
                    self.inventory.keys[key as usize].private.push(occurrence);
                }
                None => self.inventory.unnamed_keys.push(occurrence),
            },
            Object::PublicKey(facts) => self.add_public(&facts, occurrence),
            Object::Request(request) => self.add_public(&request.key, occurrence),
            Object::Crl(_) | Object::Parameters(_) => self.inventory.others += 1,
        }
    }

    fn member(&mut self, name: &Arc<str>) -> Option<NonZeroU32> {
        let members = &mut self.inventory.members;
        if let Some(known) = self.members.get(name) {
            return Some(*known);
        }
        members.push(Arc::clone(name));
        let number = NonZeroU32::new(members.len() as u32)?;
        self.members.insert(Arc::clone(name), number);
        Some(number)
    }

    fn add_public(&mut self, facts: &KeyFacts, occurrence: Occurrence) {
        if let Some(spki) = facts.spki {
            let key = self.key(spki, facts, || Arc::new(facts.clone()));
            self.inventory.keys[key as usize].public.push(occurrence);
        }
    }

    fn add_certificate(&mut self, mut certificate: Arc<Certificate>, occurrence: Occurrence) {
        let at = self.inventory.certificates.len() as u32;
        let known = &self.inventory.certificates;
        if let Some(at) = self.certificates.find_or_add(certificate.sha256.as_bytes(), at, |i| known[i as usize].certificate.sha256.as_bytes()) {
            return self.inventory.certificates[at as usize].occurrences.push(occurrence);
        }
        // A certificate's key always has a hash: of the form found, where no other can be computed.
        let spki = certificate.key.spki.unwrap_or_else(|| SpkiHash::of(&[]));
        let key = self.key(spki, &certificate.key, || Arc::clone(&certificate.key));
        self.inventory.keys[key as usize].certificates.push(at);
        // What others showed of the key in the same form is kept once.
        let facts = &self.inventory.keys[key as usize].facts;
        if certificate.key == *facts
            && let Some(certificate) = Arc::get_mut(&mut certificate)
        {
            certificate.key = Arc::clone(facts);
        }
        let entry = CertificateEntry { certificate, occurrences: Few::one(occurrence), key, issuers: Few::NONE, issued_others: false };
        push_slowly(&mut self.inventory.certificates, entry);
    }

    /// The entry of a key. If there is none yet, it gets what `shared` gives of these facts.
    fn key(&mut self, spki: SpkiHash, facts: &KeyFacts, shared: impl FnOnce() -> Arc<KeyFacts>) -> u32 {
        let keys = &mut self.inventory.keys;
        let new = keys.len() as u32;
        let known = self.keys.find_or_add(spki.as_bytes(), new, |i| keys[i as usize].spki.as_bytes());
        let at = known.unwrap_or_else(|| {
            push_slowly(
                keys,
                KeyEntry {
                    spki,
                    facts: shared(),
                    raw_forms: Vec::new(),
                    findings: Codes::NONE,
                    private: Few::NONE,
                    certificates: Few::NONE,
                    public: Few::NONE,
                    same_modulus: Arc::default(),
                },
            );
            new
        });
        let entry = &mut keys[at as usize];
        entry.findings = entry.findings.union(facts.findings);
        if let Some(raw) = facts.spki_raw
            && !entry.raw_forms.contains(&raw)
        {
            entry.raw_forms.push(raw);
        }
        at
    }

    /// Sorts everything by its name, so that the order of files and threads leaves no trace, and joins keys of one modulus.
    #[must_use]
    pub fn finish(self, ledgers: Vec<Ledger>, threads: usize) -> Inventory {
        let Self { mut inventory, certificates: by_fingerprint, keys: by_spki, members } = self;
        drop((by_fingerprint, by_spki, members));
        inventory.files.shrink_to_fit();
        inventory.certificates.shrink_to_fit();
        inventory.keys.shrink_to_fit();
        let Inventory { certificates, keys, .. } = &mut inventory;
        let (certificate_order, key_order) =
            parallel::join(threads, || sort_order(certificates, |c| c.certificate.sha256.as_bytes()), || sort_order(keys, |k| k.spki.as_bytes()));
        let sort_certificates = || {
            for certificate in certificates.iter_mut() {
                certificate.key = key_order[certificate.key as usize];
                certificate.occurrences.shrink_to_fit();
            }
            put_in_order(certificates, &certificate_order);
        };
        let sort_keys = || {
            for key in keys.iter_mut() {
                key.certificates.iter_mut().for_each(|c| *c = certificate_order[*c as usize]);
                key.certificates.sort_unstable();
                key.raw_forms.sort_unstable();
            }
            put_in_order(keys, &key_order);
            join_moduli(keys);
        };
        parallel::join(threads, sort_certificates, sort_keys);
        inventory.ledgers = ledgers;
        inventory
    }
}

/// Appends, growing by a quarter: doubling would leave up to half of the largest lists unused.
fn push_slowly<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 64);
    }
    list.push(item);
}

/// For each old index its new one, when they are sorted by these hashes. Beginnings are compared first: they lie side by side in memory.
fn sort_order<T>(items: &[T], hash: impl Fn(&T) -> &[u8; 32]) -> Vec<u32> {
    let beginning = |item| hash(item).first_chunk().map_or(0, |first: &[u8; 8]| u64::from_be_bytes(*first));
    let mut order: Vec<(u64, u32)> = items.iter().enumerate().map(|(i, item)| (beginning(item), i as u32)).collect();
    order.sort_unstable_by(|(a, i), (b, j)| a.cmp(b).then_with(|| hash(&items[*i as usize]).cmp(hash(&items[*j as usize]))));
    let mut new = vec![0; items.len()];
    order.iter().enumerate().for_each(|(at, (_, old))| new[*old as usize] = at as u32);
    new
}

/// Moves each item to its new index.
fn put_in_order<T>(items: &mut [T], new: &[u32]) {
    let mut new = new.to_vec();
    for i in 0..items.len() {
        // Each swap brings one item to its place.
        while new[i] as usize != i {
            let to = new[i] as usize;
            items.swap(i, to);
            new.swap(i, to);
        }
    }
}

fn join_moduli(keys: &mut [KeyEntry]) {
    let mut by_modulus: HashMap<[u8; 16], Vec<u32>> = HashMap::new();
    for (i, key) in keys.iter().enumerate() {
        if let Some(modulus) = key.facts.modulus {
            by_modulus.entry(modulus).or_default().push(i as u32);
        }
    }
    for group in by_modulus.into_values().filter(|g| g.len() > 1) {
        let group: Arc<[u32]> = group.into();
        for &i in group.iter() {
            keys[i as usize].same_modulus = Arc::clone(&group);
        }
    }
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

    /// The key of that name, in canonical or any other form met.
    #[must_use]
    pub fn find_key(&self, spki: &SpkiHash) -> Option<&KeyEntry> {
        match self.keys.binary_search_by_key(spki, |k| k.spki) {
            Ok(at) => self.keys.get(at),
            Err(_) => self.keys.iter().find(|k| k.raw_forms.contains(spki)),
        }
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
            let (Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) = &trouble.unread;
            *counts.entry(*reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
        counts
    }
}
