//! One file with the answers of searches for several keys, sorted by key.
//!
//! A row belongs to a key that it names (`spki_sha256`, or the certificate itself), else to the key of a
//! known certificate with its fingerprint, or its issuer and serial number. A row without any of these can be
//! on each of the keys, so it clears none of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::CtError;
use super::listed::{Listed, listed};
use super::rows::{self, Row};
use crate::assess::Told;
use crate::assess::manifest::text;
use crate::finding::Code;
use crate::id::{Fingerprint, SpkiHash};
use crate::limits;
use crate::pki::{self, show};

/// A key that was searched for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The key.
    pub key: SpkiHash,
    /// Its hashes, the canonical one first.
    pub names: Vec<SpkiHash>,
    /// The certificates known on it: those at hand, and those that earlier searches found.
    pub known: Vec<Listed>,
}

/// What a file has for one key.
#[derive(Debug, Default)]
pub struct Answer {
    /// The certificates on the key, each once.
    pub certificates: Vec<Listed>,
    /// Whether a row names the key.
    is_named: bool,
    /// Rows of the key that could not be used.
    unusable: u64,
}

/// The answers of a file.
#[derive(Debug)]
pub struct Sorted {
    /// One for each key asked for, in their order.
    pub answers: Vec<Answer>,
    /// Rows that could not be used, were read with a doubt, or are about another key.
    pub findings: Told,
    /// Rows that cannot be used and that name no key.
    unusable: u64,
    /// Rows that fit no known certificate and that name no key.
    unplaced: Vec<(u64, Listed)>,
    name: String,
}

/// Reads a file with answers for several keys; `name` is what findings call it.
///
/// # Errors
/// [`CtError`]: it is not an answer, or is cut off.
pub fn read_sorted(name: &str, bytes: &[u8], asked: &[Asked]) -> Result<Sorted, CtError> {
    let text::Text { text, .. } = text::read(bytes).map_err(|says| CtError::new(None, &says))?;
    let mut sorting = Sorting::new(name, asked);
    rows::each(&text, &mut |line, row| sorting.add(line, &row))?;
    if sorting.by_identity.iter().any(|found| found.len() > limits::SEARCHED) {
        return Err(CtError::new(
            None,
            &format!("it has more than {} certificates on one key", limits::SEARCHED),
        ));
    }
    let mut sorted = sorting.sorted;
    for (answer, found) in sorted.answers.iter_mut().zip(sorting.by_identity) {
        answer.certificates = found.into_values().collect();
    }
    Ok(sorted)
}

impl Sorted {
    /// The identities of the rows that fit no key of the search, to be looked for on other keys of the case.
    #[must_use]
    pub fn unplaced(&self) -> HashSet<String> {
        self.unplaced.iter().map(|(_, listed)| listed.identity()).collect()
    }

    /// Reports the rows that fit no key of the search as findings. Those that are on other keys of the case
    /// (`elsewhere`, by identity) are in no doubt.
    pub fn settle(&mut self, elsewhere: &HashSet<String>) {
        let (mut doubtful, unplaced) = (Vec::new(), std::mem::take(&mut self.unplaced));
        for (line, listed) in unplaced {
            let is_known = elsewhere.contains(&listed.identity());
            let message = if is_known {
                "its certificate is on a key of the case that is not among those searched for; it was left out"
            } else {
                "it names no key, and no certificate known on the keys searched for has its issuer and serial number; it was left out"
            };
            self.findings
                .tell(Code::SearchRowOther, || (format!("{}:{line}", self.name), message.to_owned()));
            if !is_known {
                doubtful.push((line, listed));
            }
        }
        self.unplaced = doubtful;
    }

    /// Why the search for the key at this place stays open, if it does: the file has nothing of it, or a row
    /// that may be about it was not used.
    #[must_use]
    pub fn why_open(&self, at: usize) -> Option<String> {
        let answer = self.answers.get(at)?;
        let unusable = answer.unusable + self.unusable;
        if answer.certificates.is_empty() && !answer.is_named && answer.unusable == 0 {
            return Some(format!("{} has no row for its key", self.name));
        }
        if unusable > 0 {
            return Some(format!("{} of {} could not be used", rows_of(unusable), self.name));
        }
        let unplaced = self.unplaced.len() as u64;
        (unplaced > 0 && !answer.is_named).then(|| {
            format!(
                "{} of {} can be about its key, and nothing in the file names the key",
                rows_of(unplaced),
                self.name
            )
        })
    }

    /// Whether a row could not be used, or fits no key.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.unusable > 0
            || !self.unplaced.is_empty()
            || self.answers.iter().any(|answer| answer.unusable > 0)
    }
}

fn rows_of(n: u64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}

/// What a row says about its key.
enum Place {
    /// It is on the key asked for at this place; whether the row itself names the key.
    Of(usize, bool),
    /// It names another key.
    Other(String),
    Unknown,
}

struct Sorting<'a> {
    asked: &'a [Asked],
    names: HashMap<SpkiHash, usize>,
    fingerprints: HashMap<Fingerprint, usize>,
    /// `None` where certificates of two keys have an issuer and a serial number in common.
    identities: HashMap<String, Option<usize>>,
    by_identity: Vec<BTreeMap<String, Listed>>,
    sorted: Sorted,
}

impl<'a> Sorting<'a> {
    fn new(name: &str, asked: &'a [Asked]) -> Self {
        let (mut names, mut fingerprints, mut identities) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, key) in asked.iter().enumerate() {
            names.extend(key.names.iter().map(|name| (*name, at)));
            for listed in &key.known {
                fingerprints.extend(listed.sha256.map(|sha256| (sha256, at)));
                if listed.serial.is_some() {
                    let other = |of: &mut Option<usize>| *of = of.filter(|of| *of == at);
                    identities.entry(listed.identity()).and_modify(other).or_insert(Some(at));
                }
            }
        }
        let sorted = Sorted {
            answers: asked.iter().map(|_| Answer::default()).collect(),
            findings: Told::default(),
            unusable: 0,
            unplaced: Vec::new(),
            name: name.to_owned(),
        };
        Self {
            asked,
            names,
            fingerprints,
            identities,
            by_identity: asked.iter().map(|_| BTreeMap::new()).collect(),
            sorted,
        }
    }

    fn add(&mut self, line: u64, row: &Row) {
        let place = self.place(row);
        let at = match place {
            Place::Other(key) => {
                let message = format!(
                    "it is about the key {}, which is not among those searched for; it was left out",
                    show(&key)
                );
                return self.find(Code::SearchRowOther, line, message);
            }
            Place::Of(at, is_named) => {
                self.sorted.answers[at].is_named |= is_named;
                if is_named && row.is_key_alone() {
                    return;
                }
                Some(at)
            }
            Place::Unknown => None,
        };
        let keys = at.map_or(&[][..], |at| &self.asked[at].names);
        match (listed(row, keys), at) {
            (Ok((listed, doubt)), Some(at)) => {
                if let Some(doubt) = doubt {
                    self.find(Code::SearchRowDoubtful, line, doubt);
                }
                self.by_identity[at]
                    .entry(listed.identity())
                    .and_modify(|before| before.take(&listed))
                    .or_insert(listed);
            }
            (Ok((listed, _)), None) => self.sorted.unplaced.push((line, listed)),
            (Err((code, message)), at) => {
                *at.map_or(&mut self.sorted.unusable, |at| &mut self.sorted.answers[at].unusable) += 1;
                self.find(code, line, message);
            }
        }
    }

    fn find(&mut self, code: Code, line: u64, message: String) {
        let Sorted { findings, name, .. } = &mut self.sorted;
        findings.tell(code, || (format!("{name}:{line}"), message));
    }

    fn place(&self, row: &Row) -> Place {
        let of_key = |key: &SpkiHash| {
            self.names.get(key).map_or_else(|| Place::Other(key.to_string()), |at| Place::Of(*at, true))
        };
        if let Some(text) = &row.key {
            // What is not a hash is reported where the row is read.
            return text.parse().map_or(Place::Unknown, |key| of_key(&key));
        }
        if let Some(key) = row.certificate().and_then(|certificate| certificate.key.spki) {
            return of_key(&key);
        }
        let sha256 = row.sha256.as_deref().and_then(|text| text.parse::<Fingerprint>().ok());
        if let Some(at) = sha256.and_then(|sha256| self.fingerprints.get(&sha256)) {
            return Place::Of(*at, false);
        }
        let identity = listed(row, &[])
            .ok()
            .filter(|(listed, _)| listed.serial.is_some())
            .map(|(listed, _)| listed.identity());
        identity
            .and_then(|identity| self.identities.get(&identity).copied().flatten())
            .map_or(Place::Unknown, |at| Place::Of(at, false))
    }
}

impl Row {
    /// The certificate that the row has whole.
    pub(super) fn certificate(&self) -> Option<pki::Certificate> {
        let der = base64_simd::STANDARD.decode_to_vec(self.der.as_ref()?).ok()?;
        pki::cert::read(&der)
    }

    /// Whether the row names a key and nothing else: the search for it found nothing.
    fn is_key_alone(&self) -> bool {
        let Self {
            is_object,
            id,
            issuer,
            serial,
            wrong,
            not_before,
            not_after,
            names,
            key: _,
            sha256,
            der,
            has_more,
        } = self;
        let texts = [id, issuer, serial, not_before, not_after, sha256, der];
        *is_object
            && !has_more
            && wrong.is_none()
            && names.is_empty()
            && texts.iter().all(|text| text.is_none())
    }
}
