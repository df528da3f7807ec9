//! What is expected back from the CA, and what came.

use std::collections::HashMap;
use std::path::Path;

use super::gather::{Gathered, Met};
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::rekey::Made;

/// A replacement that a certificate may come for.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its step.
    pub id: StepId,
    /// The name people know it by.
    pub name: String,
    /// Its key and request, once they are made.
    pub made: Option<Made>,
    /// Whether the plan still asks for it.
    pub planned: bool,
    /// Whether somebody decided against it.
    pub waived: bool,
    /// Whether a public CA issued the old certificate.
    pub of_public: bool,
}

/// What is judged.
pub struct Inputs<'a> {
    /// The case.
    pub case_dir: &'a Path,
    /// Every replacement of the case.
    pub expected: &'a [Expected],
    /// What came back.
    pub issued: &'a Gathered,
    /// Certificates that may stand between.
    pub chain: &'a Gathered,
    /// Roots that the user vouches for.
    pub roots: &'a Gathered,
    /// Revocation lists.
    pub lists: &'a Gathered,
    /// The CA certificates of the inventory with this subject, RFC 4514.
    pub inventory: &'a dyn Fn(&str) -> Vec<Met>,
    /// Whether the inventory has a certificate.
    pub is_old: &'a dyn Fn(&Fingerprint) -> bool,
    /// Keys of damaged replacements, with where and why.
    pub damaged: &'a HashMap<SpkiHash, String>,
    /// Mozilla's roots, DER.
    pub public: &'a [&'a [u8]],
    /// How many threads.
    pub threads: usize,
}
