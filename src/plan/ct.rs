//! What a search of Certificate Transparency logs found: certificates on a key that are known from elsewhere,
//! not at hand. Pure.
//!
//! A precertificate and its certificate have the same issuer and serial number (RFC 6962 section 3.1), so
//! they are one here. Expired ones are kept, and need nothing.

mod error;
pub(super) mod listed;
mod rows;
mod sorted;

use std::collections::{BTreeMap, HashSet};

use super::model::Plan;
use super::step::{Status, Step, StepKind};
use crate::assess::manifest::text;
use crate::assess::{Clock, Told};
use crate::finding::Code;
use crate::id::{SpkiHash, StepId};
use crate::inventory::Inventory;
use crate::limits;
use crate::time::Time;

use listed::listed;
use rows::Row;

pub use error::CtError;
pub use listed::{Elsewhere, Listed};
pub use sorted::{Answer, Asked, Sorted, read_sorted};

/// The answer of a search, read.
#[derive(Debug)]
pub struct Export {
    /// The certificates on the key, each once.
    pub certificates: Vec<Listed>,
    /// Rows that could not be used, were read with a doubt, or are about another key.
    pub findings: Told,
    /// All rows.
    pub rows: u64,
}

impl Export {
    /// Rows that could not be used: one of them may be a certificate on the key.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.findings.counts.get(&Code::SearchRowBad).copied().unwrap_or(0)
    }

    /// Rows about another key.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.findings.counts.get(&Code::SearchRowOther).copied().unwrap_or(0)
    }
}

/// Reads the answer of a search for the key with these hashes, canonical and other forms; `name` is what
/// findings call the file.
///
/// # Errors
/// [`CtError`]: it is none, is cut off, or is about other keys alone.
pub fn read(name: &str, bytes: &[u8], keys: &[SpkiHash]) -> Result<Export, CtError> {
    let text::Text { text, .. } = text::read(bytes).map_err(|says| CtError::new(None, &says))?;
    let mut found = Found {
        name,
        keys,
        by_identity: BTreeMap::new(),
        findings: Told::default(),
        rows: 0,
        too_many: false,
    };
    rows::each(&text, &mut |line, row| found.add(line, row))?;
    if found.too_many {
        return Err(CtError::new(
            None,
            &format!("it has more than {} certificates: that is no search for one key", limits::SEARCHED),
        ));
    }
    let export = Export {
        certificates: found.by_identity.into_values().collect(),
        findings: found.findings,
        rows: found.rows,
    };
    if export.certificates.is_empty() && export.rows > 0 && export.others() == export.rows {
        return Err(CtError::new(None, "every row of it is about another key than the step"));
    }
    Ok(export)
}

/// Rows gathered.
struct Found<'a> {
    name: &'a str,
    keys: &'a [SpkiHash],
    by_identity: BTreeMap<String, Listed>,
    findings: Told,
    rows: u64,
    too_many: bool,
}

impl Found<'_> {
    fn add(&mut self, line: u64, row: Row) {
        self.rows += 1;
        let name = self.name;
        match listed(&row, self.keys) {
            Ok((listed, doubt)) => {
                if let Some(says) = doubt {
                    self.findings.tell(Code::SearchRowDoubtful, || (format!("{name}:{line}"), says));
                }
                if self.by_identity.len() >= limits::SEARCHED
                    && !self.by_identity.contains_key(&listed.identity())
                {
                    self.too_many = true;
                    return;
                }
                self.by_identity
                    .entry(listed.identity())
                    .and_modify(|before| before.take(&listed))
                    .or_insert(listed);
            }
            Err((code, says)) => self.findings.tell(code, || (format!("{name}:{line}"), says)),
        }
    }
}

/// Those that are not among these certificates on the same key, each once.
#[must_use]
pub fn missing(listed: &[Listed], here: impl Iterator<Item = Listed>) -> Vec<&Listed> {
    let (mut fingerprints, mut known, mut without_serial) = (HashSet::new(), HashSet::new(), HashSet::new());
    for certificate in here {
        fingerprints.extend(certificate.sha256);
        known.insert(certificate.identity());
        without_serial.insert(certificate.without_serial());
    }
    // An entry without serial number can be another view of one that has it.
    without_serial.extend(listed.iter().filter(|l| l.serial.is_some()).map(Listed::without_serial));
    let is_here = |l: &Listed| {
        l.sha256.is_some_and(|f| fingerprints.contains(&f))
            || known.contains(&l.identity())
            || l.serial.is_none() && without_serial.contains(&l.without_serial())
    };
    listed.iter().filter(|l| !is_here(l)).collect()
}

/// Adds to the steps of each key one for each certificate elsewhere that can still be used; every revocation
/// of the key waits for them, and so does its destruction. A key without a search is one that nothing is to
/// be done about. Returns the ids of all such steps, by key.
pub fn join(
    steps: &mut Vec<Step>,
    elsewhere: &BTreeMap<SpkiHash, Vec<&Listed>>,
    as_of: Time,
) -> BTreeMap<SpkiHash, Vec<StepId>> {
    let is_search = |s: &Step| s.kind == StepKind::Search;
    let searched: HashSet<SpkiHash> = steps.iter().filter(|s| is_search(s)).filter_map(|s| s.key).collect();
    let live = elsewhere.iter().filter(|(key, _)| searched.contains(key));
    let mut new: BTreeMap<SpkiHash, Vec<Step>> = live
        .map(|(key, list)| (*key, list.iter().filter(|l| l.is_live(as_of)).map(|l| l.step(key)).collect()))
        .collect();
    let ids: BTreeMap<SpkiHash, Vec<StepId>> =
        new.iter().map(|(key, list)| (*key, list.iter().map(|s| s.id).collect())).collect();
    let all: HashSet<&StepId> = ids.values().flatten().collect();
    // Those of an earlier round are made anew.
    steps.retain(|s| !all.contains(&s.id));
    let mut out = Vec::with_capacity(steps.len() + all.len());
    for mut step in steps.drain(..) {
        let list = step.key.and_then(|key| ids.get(&key)).filter(|list| !list.is_empty());
        if let (Some(list), StepKind::Revoke | StepKind::Retire) = (list, step.kind) {
            step.needs.retain(|id| !all.contains(id));
            step.needs.extend(list.iter().cloned());
            if step.status == Status::Ready {
                step.status = Status::Waiting;
            }
        }
        let mut follow =
            step.key.filter(|_| is_search(&step)).and_then(|key| new.remove(&key)).unwrap_or_default();
        // The owner's target holds for these too.
        follow
            .iter_mut()
            .for_each(|s| (s.deadline, s.deadline_source) = (step.deadline, step.deadline_source.clone()));
        out.push(step);
        out.append(&mut follow);
    }
    *steps = out;
    ids
}

impl Plan {
    /// Adds what searches found elsewhere. It is no part of the inventory: nothing is known of it but what a
    /// log says.
    pub fn join(&mut self, inventory: &Inventory, elsewhere: &Elsewhere, clock: Clock) {
        if elsewhere.is_empty() {
            return;
        }
        let at = |key: &SpkiHash| inventory.keys.binary_search_by_key(key, |k| k.spki).ok();
        let mut not_here = BTreeMap::new();
        for (key, listed) in elsewhere {
            let Some(at) = at(key) else { continue };
            let here = inventory.keys[at]
                .certificates
                .iter()
                .map(|c| Listed::of(&inventory.certificates[*c as usize].certificate));
            not_here.insert(*key, missing(listed, here));
        }
        for (key, ids) in join(&mut self.steps, &not_here, clock.as_of) {
            let Some(at) = at(&key) else { continue };
            let of_key = &mut self.steps_of_key[at];
            let search = of_key
                .iter()
                .position(|id| *id == StepId::derive(StepKind::Search.as_str(), &[key.as_bytes()]));
            let behind = search.map_or(of_key.len(), |at| at + 1);
            of_key.splice(behind..behind, ids);
        }
        let owned = |(key, list): (SpkiHash, Vec<&Listed>)| (key, list.into_iter().cloned().collect());
        self.elsewhere = not_here.into_iter().filter(|(_, list)| !list.is_empty()).map(owned).collect();
    }
}
