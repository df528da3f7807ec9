//! The pipeline in one place: sources and criteria to an [`Analysis`]. What is found is read and joined, judged by
//! what is known of uploads, and planned for, in this order; nothing is written.

mod past;

use std::collections::{BTreeMap, HashSet};

pub(crate) use past::milder_keys;
pub use past::{NoPast, Past};

use crate::assess::{self, Assessment, Clock, Decision, Exposure, Held, Incident, Manifest, PathPattern};
use crate::finding::Finding;
use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::{Inventory, KeyEntry, Occurrence, chain, link};
use crate::plan::ca::{Cas, Ccadb};
use crate::plan::{Given, Plan, authority};
use crate::read::{Options, Reopener, Roots};
use crate::time::{Span, Time};

/// What is read, and how.
#[derive(Debug)]
pub struct Sources {
    /// Files, directories and standard input.
    pub roots: Roots,
    /// Limits, links and threads. Files are hashed whatever it says: a manifest can name them by hash.
    pub options: Options,
}

/// What everything is judged by.
#[derive(Debug)]
pub struct Criteria {
    /// The incident.
    pub incident: Incident,
    /// When what was uploaded, by whom.
    pub manifest: Option<Manifest>,
    /// When every file without a record of its own was uploaded.
    pub uploaded: Option<Span>,
    /// A list of compromised keys, with its name.
    pub known_compromised: Option<(String, HashSet<SpkiHash>)>,
    /// Certificate dates clear no key.
    pub distrust_certificate_dates: bool,
    /// Where paths have dates in them.
    pub date_from_path: Option<PathPattern>,
    /// What persons decided about keys.
    pub decisions: BTreeMap<SpkiHash, Decision>,
    /// What is known of CAs and of public roots.
    pub cas: Cas,
    /// The list of CA certificates of the Common CA Database.
    pub ccadb: Option<Ccadb>,
    /// When everything is to be replaced at the latest.
    pub target: Option<Time>,
    /// The folder of certificates that commands of the plan name.
    pub certificates: String,
    /// The times.
    pub clock: Clock,
}

impl Criteria {
    /// Judges by the incident alone, at this time.
    #[must_use]
    pub fn new(incident: Incident, cas: Cas, now: Time) -> Self {
        Self {
            incident,
            manifest: None,
            uploaded: None,
            known_compromised: None,
            distrust_certificate_dates: false,
            date_from_path: None,
            decisions: BTreeMap::new(),
            cas,
            ccadb: None,
            target: None,
            certificates: "certificates".to_owned(),
            clock: Clock { now, as_of: now },
        }
    }

    /// Whether something beside the uploads exposes a key: a list or a decision.
    fn is_suspect(&self, key: &KeyEntry) -> bool {
        let listed = self.known_compromised.as_ref().is_some_and(|(_, list)| key.is_on(list));
        listed
            || std::iter::once(&key.spki).chain(&key.raw_forms).any(|spki| self.decisions.contains_key(spki))
    }
}

/// What was found, what it means, and what to do.
#[derive(Debug)]
pub struct Analysis {
    /// What was read.
    pub roots: Roots,
    /// What was found.
    pub inventory: Inventory,
    /// What that means.
    pub assessment: Assessment,
    /// What to do.
    pub plan: Plan,
    /// The incident that it was judged by.
    pub incident: Incident,
    /// The times that it was judged at.
    pub clock: Clock,
    /// What is known of CAs.
    pub cas: Cas,
    /// Decisions that hold.
    pub decisions: BTreeMap<SpkiHash, Decision>,
    /// What each manifest was taken for: its columns, zone and order of dates, and how many of its rows were used.
    pub manifests: Vec<String>,
    /// Entries about CAs that match nothing that was found; the assessment has them too.
    pub unmatched: Vec<Finding>,
    /// How many threads worked on it.
    pub threads: usize,
}

impl Analysis {
    /// Keys that are certain to be exposed, by their canonical names.
    pub fn exposed_keys(&self) -> impl Iterator<Item = &SpkiHash> {
        let keys = self.inventory.keys.iter().zip(&self.assessment.keys);
        keys.filter(|(_, verdict)| verdict.exposure == Exposure::Exposed).map(|(key, _)| &key.spki)
    }
}

/// Reads, joins, judges and plans, with nothing known of earlier analyses.
#[must_use]
pub fn analyse(sources: Sources, criteria: Criteria) -> Analysis {
    let Ok(analysis) = analyse_after(sources, criteria, &NoPast::default(), &mut |_| ());
    analysis
}

/// The same after earlier analyses of the same sources. `progress` is told how many files were read so far.
///
/// # Errors
/// What was recorded earlier cannot be read.
pub fn analyse_after<P: Past>(
    sources: Sources,
    criteria: Criteria,
    past: &P,
    progress: &mut (dyn FnMut(usize) + Send),
) -> Result<Analysis, P::Error> {
    let Sources { roots, options } = sources;
    let (inventory, lost) = inventory(&roots, &options, &criteria, past, progress);
    let assessment = judge(&inventory, &roots, &criteria, past, lost, options.threads)?;
    Ok(plan(roots, inventory, assessment, criteria, past, options.threads))
}

/// What is found and what was recorded, joined. Returns as well of how many recorded objects the facts cannot be
/// read.
fn inventory(
    roots: &Roots,
    options: &Options,
    criteria: &Criteria,
    past: &impl Past,
    progress: &mut (dyn FnMut(usize) + Send),
) -> (Inventory, usize) {
    let options = Options { hash_files: true, ..options.clone() };
    let mut lost = 0;
    let mut inventory = Inventory::read_with(roots, &options, progress, |builder| {
        let mut facts = past.facts();
        builder.restore(past.files(), &|root| roots.is_gone(root), &mut *facts);
        lost = facts.lost();
    });
    inventory.add_forms(past.forms());
    inventory.set_surroundings(roots, criteria.cas.public_keys(&inventory, criteria.ccadb.as_ref()));
    let held: HashSet<&SpkiHash> =
        past.exposures().iter().filter(|(_, exposure)| exposure.is_suspect()).map(|(spki, _)| spki).collect();
    let suspect = |key: &KeyEntry| criteria.is_suspect(key) || held.contains(&key.spki);
    link::link(&mut inventory, suspect, options.threads, opener(roots));
    (inventory, lost)
}

/// What everything means. Where evidence is gone, keys keep what was held against them (DESIGN.md 2.9).
fn judge<P: Past>(
    inventory: &Inventory,
    roots: &Roots,
    criteria: &Criteria,
    past: &P,
    lost: usize,
    threads: usize,
) -> Result<Assessment, P::Error> {
    let weigh = |held: &BTreeMap<SpkiHash, Held>| {
        let question = assess::Question {
            incident: &criteria.incident,
            manifest: criteria.manifest.as_ref(),
            uploaded: criteria.uploaded,
            distrust_certificate_dates: criteria.distrust_certificate_dates,
            known_compromised: criteria.known_compromised.as_ref().map(|(name, list)| (name.as_str(), list)),
            date_from_path: criteria.date_from_path.as_ref(),
            decisions: &criteria.decisions,
            held,
            made: past.made(),
            threads,
            clock: criteria.clock,
        };
        assess::assess(inventory, roots, &question)
    };
    let mut assessment = weigh(&BTreeMap::new());
    let to_hold = past::to_hold(past, inventory, &assessment, lost > 0);
    if !to_hold.is_empty() {
        assessment = weigh(&past.held(&to_hold)?);
    }
    assessment.report(past::lost(lost).into_iter());
    Ok(assessment)
}

/// What to do.
fn plan(
    roots: Roots,
    inventory: Inventory,
    mut assessment: Assessment,
    criteria: Criteria,
    past: &impl Past,
    threads: usize,
) -> Analysis {
    let counts = &assessment.finding_counts;
    let manifests = criteria.manifest.as_ref().map_or_else(Vec::new, |manifest| manifest.taken(counts));
    let Criteria {
        incident,
        manifest,
        known_compromised,
        decisions,
        cas,
        ccadb,
        target,
        certificates,
        clock,
        ..
    } = criteria;
    // Judged: what it rested on is not needed any more, and both can be large.
    drop((manifest, known_compromised));
    let concerned = authority::concerned(&inventory, &assessment);
    let chains = chain::chains(&inventory, &concerned, cas.anchors(), threads, opener(&roots));
    let given = Given {
        cas: &cas,
        ccadb: ccadb.as_ref(),
        chains: &chains,
        target,
        certificates: &certificates,
        clock,
        threads,
    };
    let mut plan = Plan::construct(&inventory, &assessment, &given);
    plan.join(&inventory, past.elsewhere(), clock);
    let unmatched = authority::unmatched(&inventory, &plan.authorities, &cas);
    unmatched.iter().for_each(|finding| assessment.add(finding.clone()));
    Analysis {
        roots,
        inventory,
        assessment,
        plan,
        incident,
        clock,
        cas,
        decisions,
        manifests,
        unmatched,
        threads,
    }
}

/// Gives the bytes of a certificate, from one of its places.
type Open<'a> = Box<dyn FnMut(&Inventory, Fingerprint, &[Occurrence]) -> Option<Vec<u8>> + 'a>;

/// What opens certificates again on each thread.
fn opener<'a>(roots: &'a Roots) -> impl Fn() -> Open<'a> + Sync {
    move || {
        let mut files = Reopener::new(roots);
        Box::new(move |inventory, sha256, occurrences| reopen(&mut files, inventory, sha256, occurrences))
    }
}

/// The bytes of a certificate, from one of its places.
pub fn reopen(
    files: &mut Reopener<'_>,
    inventory: &Inventory,
    sha256: Fingerprint,
    occurrences: &[Occurrence],
) -> Option<Vec<u8>> {
    occurrences.iter().take(REOPEN).find_map(|o| files.get(&inventory.files[o.file as usize].place, sha256))
}

/// Places tried when the bytes of a certificate are needed again.
const REOPEN: usize = 8;
