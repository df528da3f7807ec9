//! What is asked of an inventory.

use std::collections::{BTreeMap, HashSet};

use super::because::Because;
use super::decision::Decision;
use super::exposure::Exposure;
use super::incident::Incident;
use super::manifest::Manifest;
use super::path_date::PathPattern;
use crate::id::SpkiHash;
use crate::time::{Span, Time};

/// The two times of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The real time: evidence is weighed against it.
    pub now: Time,
    /// The time for which standing and deadlines are told (`--as-of`); never evidence.
    pub as_of: Time,
}

/// What is asked of an inventory.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// The upload manifest.
    pub manifest: Option<&'a Manifest>,
    /// `--uploaded`: for every file without a record of its own.
    pub uploaded: Option<Span>,
    /// `--distrust-certificate-dates`.
    pub distrust_certificate_dates: bool,
    /// `--known-compromised`: name of the list and the keys on it.
    pub known_compromised: Option<(&'a str, &'a HashSet<SpkiHash>)>,
    /// `--date-from-path`.
    pub date_from_path: Option<&'a PathPattern>,
    /// What persons decided, by canonical name of the key or by another form of it that was met.
    pub decisions: &'a BTreeMap<SpkiHash, Decision>,
    /// What the case held against keys before, some evidence of which is gone: that stays, unless a decision
    /// says otherwise.
    pub held: &'a BTreeMap<SpkiHash, Held>,
    /// Keys that the case made, and when: no record older than that speaks of them.
    pub made: &'a BTreeMap<SpkiHash, Time>,
    /// The times.
    pub clock: Clock,
    /// How many threads may weigh it.
    pub threads: usize,
}

/// What a case held against a key when its evidence was still there.
#[derive(Debug, Clone)]
pub struct Held {
    /// The exposure.
    pub exposure: Exposure,
    /// The reasons, as they were recorded.
    pub because: Vec<Because>,
}
