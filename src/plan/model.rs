//! A plan: what it rests on, and what is in it.

use std::collections::{HashMap, HashSet};

use super::authority::Authorities;
use super::ca::ccadb::Ccadb;
use super::ca::model::Cas;
use super::ct::listed::Elsewhere;
use super::step::Step;
use crate::assess::Clock;
use crate::id::{Fingerprint, ProfileHash, StepId};
use crate::inventory::Signer;
use crate::time::Time;

/// What a plan rests on besides the verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What is known of CAs.
    pub cas: &'a Cas,
    /// CCADB's list, if it was given.
    pub ccadb: Option<&'a Ccadb>,
    /// Verified issuers of the certificates that [`super::authority::concerned`] names:
    /// [`crate::inventory::chain`].
    pub chains: &'a HashMap<u32, Vec<Signer>>,
    /// When the owner wants it done.
    pub target: Option<Time>,
    /// The folder in which each certificate that a command names has a file `<sha256>.pem`.
    pub certificates: &'a str,
    /// The times.
    pub clock: Clock,
    /// How many threads may make it.
    pub threads: usize,
}

/// What to do, in order.
#[derive(Debug)]
pub struct Plan {
    /// All steps; those of what is most at risk first, and each after everything it needs within its group.
    pub steps: Vec<Step>,
    /// The replacements to make, by profile.
    pub replacements: Vec<Replacement>,
    /// For each key of the inventory its steps, in order.
    pub steps_of_key: Vec<Vec<StepId>>,
    /// For each certificate of the inventory its replacement, an index into `replacements`.
    pub replacement_of: Vec<Option<u32>>,
    /// Keys with something to do, most urgent first: indices into the inventory.
    pub order: Vec<u32>,
    /// Whose certificates they are.
    pub authorities: Authorities,
    /// Certificates on a key that searches found, as far as they are not in the inventory.
    pub elsewhere: Elsewhere,
    /// CA certificates whose exposed key voids a live certificate.
    pub voiding: HashSet<Fingerprint>,
    /// For each exposed CA certificate what hangs below it.
    pub(super) below: HashMap<Fingerprint, Vec<u32>>,
}

/// One new key and request, and what they stand in for.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The `replace` step.
    pub step: StepId,
    /// What its certificates have in common.
    pub profile: ProfileHash,
    /// The certificate it mirrors, the newest one: index into the inventory.
    pub mirrors: u32,
    /// All it replaces: indices into the inventory, sorted by fingerprint.
    pub replaces: Vec<u32>,
    /// Every one of them hangs below an exposed CA: the request waits for the new one.
    pub waits_for_new_ca: bool,
}
