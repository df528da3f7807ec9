//! What an inventory has an entry for: files, certificates, requests, keys and what could not be read, each
//! with its places.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::few::Few;
use super::recorded::{Gone, Recorded};
use crate::finding::Codes;
use crate::id::{Fingerprint, SpkiHash};
use crate::pki::{Certificate, KeyFacts, Request, Unread};
use crate::read::Place;
use crate::time::Time;

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
    /// Index into [`super::Inventory::files`].
    pub file: u32,
    /// Index of the object in its file.
    pub index: u32,
    /// Line it begins on; 0 in binary data.
    pub line: u32,
    /// Index into the ways into containers, from 1: [`super::Inventory::member`].
    pub(super) member: Option<NonZeroU32>,
}

/// One certificate.
#[derive(Debug)]
pub struct CertificateEntry {
    /// Its facts.
    pub certificate: Arc<Certificate>,
    /// Every place it was found.
    pub occurrences: Few<Occurrence>,
    /// Index into [`super::Inventory::keys`].
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
    /// Index into [`super::Inventory::keys`].
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
    /// Certificates on it, indices into [`super::Inventory::certificates`].
    pub certificates: Few<u32>,
    /// Where requests or bare public keys of it lie.
    pub public: Few<Occurrence>,
    /// Keys with the same RSA modulus, this one among them: indices into [`super::Inventory::keys`], shared by all
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

/// What a link rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Names and key identifiers; nothing depended on more.
    Names,
    /// The issuer's key verifies the signature.
    Signature,
    /// The algorithm cannot be checked here, or the bytes could not be read again; taken as true, since that
    /// is the careful answer.
    NotChecked,
}

/// A certificate that may have issued another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerLink {
    /// Index into [`super::Inventory::certificates`].
    pub certificate: u32,
    /// What the link rests on.
    pub basis: Basis,
}
