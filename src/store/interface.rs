//! What a case keeps, as whole stages: the interface of a store, without a type of any database. What changes
//! together is one call, and a call does all of it or nothing.
//!
//! `tests/case/store.rs` is a suite over the interface, which every store has to pass.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::model::{KeyRecord, NameKey};
use super::paths::exact_paths;
use super::question::{Question, Scope, StoredRoot};
use crate::assess::{Decision, Exposure};
use crate::id::{SpkiHash, StepId};
use crate::inventory::recorded::Facts;
use crate::inventory::{Inventory, RecordedFile};
use crate::plan::ct::{Elsewhere, Listed};
use crate::plan::{ReplacementRecord, Step, Word};
use crate::read::{Ledger, Roots};
use crate::time::{Span, Time};

/// What a case keeps. **Whoever holds it has to hold the lock of the case.**
///
/// # Errors
/// Each method: [`Error::Database`] where the store fails, [`Error::Damaged`] where a record cannot be read;
/// what was to be written is not written then, not even in part.
pub trait Store: fmt::Debug + Send {
    /// Whether a plan was ever finished.
    fn has_plan(&self) -> Result<bool, Error>;

    /// Stores what a new case is to be judged by, before anything is read.
    fn begin(&mut self, question: &Question, roots: &[StoredRoot], now: Time) -> Result<(), Error>;

    /// Replaces what is known of keys and of the plan, and brings the list of steps up to date: steps keep
    /// what was recorded of them, those that are gone are closed with the reason that `why` gives. What did
    /// not change is not written again. `parts` gives the plan as `plan.json` has it, then
    /// [`PlanPart::End`].
    fn save(
        &mut self,
        run: Run<'_>,
        parts: &mut dyn Iterator<Item = PlanPart>,
        steps: &[Step],
        why: &dyn Fn(&Step) -> String,
    ) -> Result<Changes, Error>;

    /// What a plan begins with; `None` if the last one was made by a version that did not keep it.
    fn header(&self) -> Result<Option<PlanHeader>, Error>;

    /// Calls `each` with every record of a list of the plan, in its order, as JSON.
    fn each_item(&self, list: PlanList, each: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// The replacements of the plan, in their order.
    fn replacements(&self) -> Result<Vec<ReplacementRecord>, Error>;

    /// Stores the directories of replacements, all that there are.
    fn set_directories(&mut self, directories: &BTreeMap<StepId, String>) -> Result<(), Error>;

    /// Every step that ever was in the plan: those of today in their order, then those that are closed.
    fn steps(&self) -> Result<Vec<Kept>, Error>;

    /// Every status change that was recorded, oldest first.
    fn words(&self) -> Result<Vec<Word>, Error>;

    /// Records status changes, and with them what they decide about keys (`None` takes an earlier decision
    /// back).
    fn record(&mut self, words: &[Word], decisions: &[(SpkiHash, Option<Decision>)]) -> Result<(), Error>;

    /// Records decisions about keys.
    fn decide(&mut self, decisions: &BTreeMap<SpkiHash, Decision>) -> Result<(), Error>;

    /// The decision that holds for each key: the last one.
    fn decisions(&self) -> Result<BTreeMap<SpkiHash, Decision>, Error>;

    /// Records what searches found, and with it the status changes that close their steps and what changes in
    /// the list of steps: new ones have the place of their search.
    fn searched(&mut self, results: &[SearchResult<'_>]) -> Result<(), Error>;

    /// All certificates that searches found, by key.
    fn elsewhere(&self) -> Result<Elsewhere, Error>;

    /// The record of the key of that name, in any encoding that was found.
    fn key(&self, spki: &SpkiHash) -> Result<Option<KeyRecord>, Error>;

    /// The records of keys that the index has under any of these names, in the order of their hashes. **The
    /// caller has to compare**: names that are not the same can have one form.
    fn keys_named(&self, names: &BTreeSet<NameKey>) -> Result<Vec<KeyRecord>, Error>;

    /// Calls `each` with the record of every key, in the order of their hashes.
    fn each_key(&self, each: &mut dyn FnMut(KeyRecord)) -> Result<(), Error>;

    /// The same with records as JSON, as they are stored.
    fn each_key_text(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// The hashes of every key, in every encoding that was found.
    fn key_hashes(&self) -> Result<HashSet<SpkiHash>, Error>;

    /// How many keys have each exposure.
    fn exposures(&self) -> Result<BTreeMap<String, u64>, Error>;

    /// The exposure of every key, in the order of their hashes.
    fn exposure_of_keys(&self) -> Result<Vec<(SpkiHash, Exposure)>, Error>;

    /// The exposure of one key.
    fn exposure(&self, spki: &SpkiHash) -> Result<Option<Exposure>, Error>;

    /// The other encodings of keys that were found, each with the name of its key.
    fn forms(&self) -> Result<Vec<(SpkiHash, SpkiHash)>, Error>;

    /// The question that the case was last judged by; `None` in a case of a version that did not store it.
    fn question(&self, scope: Scope) -> Result<Option<Question>, Error>;

    /// Stores the options of a command other than `plan`, which stores its own with what it made of them.
    fn keep_question(&mut self, scope: Scope, question: &Question, now: Time) -> Result<(), Error>;

    /// The roots of the case in their order; none in a case of a version that did not store them.
    fn roots(&self) -> Result<Vec<StoredRoot>, Error>;

    /// The incident of the last run, when that was, and whether it found anything.
    fn last_run(&self) -> Result<Option<LastRun>, Error>;

    /// Every file that the case recorded.
    fn files(&self) -> Result<Vec<RecordedFile>, Error>;

    /// The recorded facts of certificates, requests and keys, read one by one as they are asked for.
    fn facts(&self) -> Box<dyn Facts + '_>;

    /// The keys that the case made, with the time at which it first knew of them.
    fn made(&self) -> Result<BTreeMap<SpkiHash, Time>, Error>;

    /// Records keys that the case made; one that is recorded already keeps its time.
    fn add_made(&mut self, keys: &[(SpkiHash, Time)]) -> Result<(), Error>;
}

/// What a plan begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHeader {
    /// The time for which standing was judged.
    pub as_of: Time,
    /// Absolute paths of the roots.
    pub roots: Vec<String>,
    /// The same in base64, where one is not UTF-8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots_b64: Vec<String>,
    /// The options that it was judged by.
    pub question: Question,
    /// The incident.
    pub incident: IncidentRecord,
    /// What was seen.
    pub ledger: Ledger,
}

impl PlanHeader {
    /// The roots as paths.
    #[must_use]
    pub fn root_paths(&self) -> Vec<PathBuf> {
        exact_paths(&self.roots, &self.roots_b64)
    }

    /// Whether something was read from standard input, which cannot be read again.
    #[must_use]
    pub fn has_stdin(&self) -> bool {
        self.roots.iter().any(|root| root == "-")
    }
}

/// An incident as a plan names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What was uploaded before this time is exposed.
    pub cutoff: Time,
}

/// A list of a plan besides its keys and steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanList {
    /// The CAs that have to act.
    Authorities,
    /// Findings on the evidence.
    Findings,
    /// New keys and requests, and what they stand in for.
    Replacements,
    /// Private keys whose public half cannot be computed.
    UnnamedKeys,
    /// What could not be read.
    Unread,
}

impl PlanList {
    /// Its name in `plan.json`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorities => "authorities",
            Self::Findings => "findings",
            Self::Replacements => "replacements",
            Self::UnnamedKeys => "unnamed_keys",
            Self::Unread => "unread",
        }
    }
}

/// A part of a plan, as `plan.json` has it, on its way into the store.
#[derive(Debug)]
pub enum PlanPart {
    /// What it begins with.
    Header(PlanHeader),
    /// Records of a list, in its order.
    Items(PlanList, Records),
    /// Keys and their records, in the order of their hashes.
    Keys(Vec<KeyEntry>, Records),
    /// Steps, in the order of the plan.
    Steps(Records),
    /// The plan is whole. Without it what came before was cut off.
    End,
}

impl PlanPart {
    /// How much there is to write of it, about.
    pub(super) fn octets(&self) -> usize {
        match self {
            Self::Items(_, records) | Self::Keys(_, records) | Self::Steps(records) => records.text.len(),
            Self::Header(_) | Self::End => 0,
        }
    }
}

/// What is stored of a key beside its record.
#[derive(Debug)]
pub struct KeyEntry {
    /// Its name.
    pub spki: SpkiHash,
    /// Its other encodings.
    pub forms: Vec<SpkiHash>,
    /// Its exposure, by name.
    pub exposure: &'static str,
}

/// Records in JSON, one behind the other in one piece of text.
#[derive(Debug, Default)]
pub struct Records {
    text: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Records {
    /// What stands between two records.
    pub const BETWEEN: &[u8] = b",\n";

    /// With room for so many octets of text.
    #[must_use]
    pub fn with_capacity(octets: usize) -> Self {
        Self { text: Vec::with_capacity(octets), places: Vec::new() }
    }

    /// Adds the record that `write` writes.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.places.is_empty() {
            self.text.extend_from_slice(Self::BETWEEN);
        }
        let from = self.text.len();
        write(&mut self.text);
        self.places.push(from..self.text.len());
    }

    /// All of them as elements of a JSON array, a line each.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// One by one; our own JSON is UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.text[place.clone()])
    }
}

/// A run, for the record.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// When.
    pub at: Time,
    /// The time for which standing was judged.
    pub as_of: Time,
    /// The incident.
    pub incident: &'a str,
    /// The options that count.
    pub question: &'a Question,
    /// The roots, in their order.
    pub roots: &'a [StoredRoot],
    /// What was found.
    pub recording: Recording<'a>,
    /// Whether anything was found.
    pub found: bool,
    /// Keys that are only in the record, in the order of their hashes. Those whose record cannot be read are
    /// in no part of the plan, and stay.
    pub orphans: &'a [Orphan],
}

/// What is to be recorded of the files of a run.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// What was found, what was put back included.
    pub inventory: &'a Inventory,
    /// What the manifest's rows for the paths of files say, by index of the file.
    pub path_rows: &'a [(u32, Span)],
    /// What earlier runs recorded.
    pub before: &'a [RecordedFile],
    /// Where it was found.
    pub roots: &'a Roots,
}

/// A key of which a case has nothing but its record.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// Its name.
    pub spki: SpkiHash,
    /// Its exposure.
    pub exposure: Exposure,
    /// The record; `None` if it cannot be read.
    pub record: Option<KeyRecord>,
}

impl Orphan {
    /// The steps that its record lists.
    #[must_use]
    pub fn steps(&self) -> &[StepId] {
        self.record.as_ref().map_or(&[], |record| &record.steps)
    }
}

/// The last run of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Name of the incident.
    pub incident: String,
    /// When it was.
    pub at: Time,
    /// Whether any certificate, key or other object was found.
    pub found: bool,
}

/// A step as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The step, with the status that it had when it was planned.
    pub step: Step,
    /// Why it is not in the plan any more, and since when.
    pub closed: Option<(String, Time)>,
}

/// What a search found, and what follows from it.
#[derive(Debug)]
pub struct SearchResult<'a> {
    /// The step.
    pub search: &'a Step,
    /// The key that was searched for.
    pub key: &'a SpkiHash,
    /// The certificates found on it.
    pub found: &'a [Listed],
    /// The status change that closes the step, if it is closed.
    pub word: Option<&'a Word>,
    /// Steps that are new or changed.
    pub steps: Vec<&'a Step>,
}

/// What a new plan changed in the list of steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// New ones.
    pub added: usize,
    /// Gone ones, closed with a reason.
    pub closed: usize,
    /// Ones that were closed and are needed again.
    pub reopened: usize,
}
