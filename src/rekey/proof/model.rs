//! A key to prove the compromise of, and what its proof consists of.

use serde::{Deserialize, Serialize};

use crate::id::SpkiHash;
use crate::read::Place;

/// Files of the requests, one for each wording. Wordings are as many as CAs, and one key at more CAs than
/// this is not heard of.
pub(super) const REQUESTS: [&str; 12] = [
    "request-1.pem",
    "request-2.pem",
    "request-3.pem",
    "request-4.pem",
    "request-5.pem",
    "request-6.pem",
    "request-7.pem",
    "request-8.pem",
    "request-9.pem",
    "request-10.pem",
    "request-11.pem",
    "request-12.pem",
];

/// The first line of every file.
pub(super) const KILL_SWITCH: &str = "KILL SWITCH: whoever has this file can have all certificates on this key that its CA knows of revoked. Keep it like a key until it is sent.";

/// The subject of an attestation, draft-mpalmer-key-compromise-attestation-00.
pub(super) const ATTESTATION: &str = "kca=v1 This Key Is Compromised";

/// A key to prove the compromise of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compromised {
    /// The name of the key.
    pub spki: SpkiHash,
    /// The name people know it by: that of a certificate on it.
    pub name: String,
    /// Its kind as in records.
    pub algorithm: String,
    /// Its size.
    pub bits: u32,
    /// The common names that its CAs want in a request: [`crate::plan::ca::Cas::proof_wordings`].
    pub wordings: Vec<String>,
    /// Who issued certificates on it, for people.
    pub authorities: Vec<String>,
    /// Files that may hold it.
    pub places: Vec<Place>,
}

/// `proof.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) kill_switch: String,
    pub(super) schema: String,
    pub(super) spki_sha256: SpkiHash,
    pub(super) signed: bool,
    pub(super) date: String,
    pub(super) authorities: Vec<String>,
    pub(super) wordings: Vec<String>,
    pub(super) files: Vec<String>,
}
