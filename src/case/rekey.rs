//! Replacements for a plan that is in its case: what is missing is made, what is there is brought up to date.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use super::case_plan::CasePlan;
use super::error::Error;
use super::inputs::known_compromised;
use super::keep;
use super::notice::{Notice, Watch};
use crate::assess::Exposure;
use crate::finding::{Code, Codes};
use crate::id::{ProfileHash, SpkiHash, StepId};
use crate::pki::show;
use crate::plan::ca::Cas;
use crate::plan::{ReplacementRecord, SourceRecord};
use crate::read::{Reopener, Roots};
use crate::rekey::{self, Existing, Next, Order, Wanted};
use crate::report::{plan_file, plan_text};
use crate::secret::Secret;
use crate::store::question::{OptionName, Scope};
use crate::store::{self, Case, Store};
use crate::time::Time;

/// What is done with one replacement.
#[derive(Debug)]
pub enum Wish<'a> {
    /// It is made like this.
    Made(Box<Order>),
    /// It is not among those that are wanted.
    Other,
    /// It is skipped, for this reason.
    Skipped(&'a str),
}

/// What was made.
#[derive(Debug)]
pub struct Done {
    /// How many were made.
    pub made: usize,
    /// How many were there before.
    pub before: usize,
    /// Something could not be made, or is not as it was wanted.
    pub failed: bool,
    /// Where each replacement is, by what its certificates are for; relative to the case.
    pub directories: BTreeMap<ProfileHash, String>,
    /// The new keys.
    pub keys: Vec<SpkiHash>,
}

impl Done {
    /// The new keys, as made at this time.
    #[must_use]
    pub fn made_at(&self, time: Time) -> Vec<(SpkiHash, Time)> {
        self.keys.iter().map(|key| (*key, time)).collect()
    }
}

/// What is to be made, and of what.
pub struct Job<'a> {
    /// Where the old certificates are.
    pub roots: &'a Roots,
    /// The replacements of the plan.
    pub records: &'a [ReplacementRecord],
    /// What is known of CAs.
    pub cas: &'a Cas,
    /// What is there.
    pub existing: &'a Existing,
    /// Keys that no new one may be.
    pub known: &'a HashSet<SpkiHash>,
    /// What is wanted of each.
    pub wishes: &'a dyn Fn(&ReplacementRecord) -> Wish<'a>,
    /// Where somebody wants something of this one alone: then it works out, or nothing at all is made.
    pub asked_at: &'a dyn Fn(&ReplacementRecord) -> Option<&'a str>,
    /// What new keys are encrypted with.
    pub passphrase: Option<&'a Secret>,
    /// How many threads may work on it.
    pub threads: usize,
}

/// The replacements that are in the case, and what is wrong with any.
///
/// # Errors
/// [`Error::Rekey`].
pub fn existing(case: &Case, passphrase: Option<&Secret>, watch: &mut dyn Watch) -> Result<Existing, Error> {
    rekey::sweep(case.directory())?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let existing = rekey::existing_opened(case.directory(), threads, passphrase)?;
    if existing.unopened > 0 {
        watch.notice(Notice::Unopened(existing.unopened));
    }
    existing.troubles.iter().for_each(|trouble| watch.notice(Notice::Replacement(trouble.clone())));
    Ok(existing)
}

/// Makes what a plan wants that was just made, and writes its views anew.
///
/// # Errors
/// [`Error`]; each replacement is whole or not there.
pub fn make_planned(
    (case, store): (&Case, &mut dyn Store),
    plan: &mut CasePlan,
    existing: &Existing,
    order: &Order,
    watch: &mut dyn Watch,
) -> Result<Done, Error> {
    let analysis = &plan.analysis;
    let planned = plan.planned();
    let records: Vec<_> =
        analysis.plan.replacements.iter().map(|r| plan_file::replacement_record(&planned, r)).collect();
    let keys = &analysis.inventory.keys;
    let mut known: HashSet<SpkiHash> =
        keys.iter().flat_map(|k| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
    if let Some(question) = store.question(Scope::Plan)? {
        let lists = question.values(OptionName::KnownCompromised).iter();
        for file in lists.filter(|f| f.content.as_ref().is_some_and(|c| !c.piped)) {
            known.extend(known_compromised(file.value.path())?.1);
        }
    }
    let job = Job {
        roots: &analysis.roots,
        records: &records,
        cas: &analysis.cas,
        existing,
        known: &known,
        wishes: &|_| Wish::Made(Box::new(order.clone())),
        asked_at: &|_| None,
        passphrase: None,
        threads: analysis.threads,
    };
    let done = make(case, job, watch)?;
    store.add_made(&done.made_at(analysis.clock.now))?;
    plan.directories.clone_from(&done.directories);
    if done.made > 0 {
        store.set_directories(&plan.directories_by_step())?;
        keep::write_views(case, plan)?;
    }
    Ok(done)
}

/// Makes what is missing and brings records up to date.
///
/// # Errors
/// [`Error`]; each replacement is whole or not there.
pub fn make(case: &Case, job: Job<'_>, watch: &mut dyn Watch) -> Result<Done, Error> {
    let Job { roots, records, cas, existing, known, wishes, asked_at, passphrase, threads } = job;
    let mut done =
        Done { made: 0, before: 0, failed: false, directories: existing.directories(), keys: Vec::new() };
    let earlier: HashSet<SpkiHash> = existing.made.iter().map(|m| m.record.spki_sha256).collect();
    let damaged: BTreeSet<ProfileHash> = existing
        .troubles
        .iter()
        .filter(|t| t.kind == rekey::TroubleKind::Damaged)
        .filter_map(|t| t.profile)
        .collect();
    let by_profile: BTreeMap<ProfileHash, &rekey::Made> =
        existing.made.iter().map(|m| (m.record.profile, m)).collect();
    let mut missing = Vec::new();
    for record in records {
        if let Some(made) = by_profile.get(&record.profile) {
            made.update(case.directory(), record)?;
            done.before += 1;
            if let Wish::Made(order) = wishes(record)
                && let Some(finding) = order.target.as_ref().and_then(|target| target.mismatch(made))
            {
                watch.notice(Notice::Unfit(finding));
                done.failed = true;
            }
            if asked_at(record).is_some() {
                watch.notice(Notice::StaysAsItIs { step: record.id, directory: made.directory.clone() });
            }
            continue;
        }
        let order = match wishes(record) {
            Wish::Made(order) => order,
            Wish::Other => continue,
            Wish::Skipped(reason) => {
                let reason = reason.to_owned();
                watch.notice(Notice::ReplacementSkipped {
                    name: record.name.clone(),
                    step: record.id,
                    reason,
                });
                continue;
            }
        };
        if damaged.contains(&record.profile) {
            watch.notice(Notice::ReplacementDamaged(record.name.clone()));
        }
        missing.push((record, order));
    }
    let records: Vec<_> = missing.iter().map(|(record, _)| *record).collect();
    let opened = opened(roots, &records, threads);
    let (mut all, mut wrong) = (Vec::with_capacity(missing.len()), Vec::new());
    for ((record, order), der) in missing.into_iter().zip(opened) {
        let Some(der) = der else {
            watch.notice(Notice::NotReplaced(record.name.clone()));
            done.failed = true;
            continue;
        };
        let wanted = wanted(record, der, *order, cas);
        if let (Some(place), Err(says)) = (asked_at(record), rekey::foresee(&wanted)) {
            wrong.push(format!("{place}: {} ({}): {says}", show(&record.name), record.id));
        }
        all.push(wanted);
    }
    if !wrong.is_empty() {
        return Err(Error::Value {
            flag: "--only or --replacements",
            message: format!("{}; nothing was made", wrong.join("; ")),
        });
    }
    let missing = all;
    if missing.is_empty() {
        return Ok(done);
    }
    let progress = std::cell::RefCell::new(&mut *watch);
    let forbidden = |spki: &SpkiHash| known.contains(spki) || earlier.contains(spki);
    let outcome = rekey::make(&missing, passphrase, case.directory(), &forbidden, threads, &|n| {
        progress.borrow_mut().keys_made(n)
    })?;
    case.share_listing()?;
    done.failed |= !outcome.refused.is_empty();
    outcome.refused.into_iter().for_each(|refused| watch.notice(Notice::Refused(refused)));
    done.made = outcome.made.len();
    done.keys = outcome.made.iter().map(|m| m.record.spki_sha256).collect();
    report_differences(&outcome.made, watch);
    for made in outcome.made {
        if made.record.findings != Codes::NONE {
            let (directory, findings) = (made.directory.clone(), made.record.findings);
            watch.notice(Notice::RequestDiffers { directory, findings });
        }
        done.directories.insert(made.record.profile, made.directory);
    }
    Ok(done)
}

/// What the new requests have otherwise than the old certificates, counted: nobody reads ten thousand records
/// to find out.
fn report_differences(made: &[rekey::Made], watch: &mut dyn Watch) {
    /// The rest is counted below.
    const WARNED: usize = 10;
    for one in made.iter().filter(|m| m.record.findings.contains(Code::SubjectNotReadable)).take(WARNED) {
        watch.notice(Notice::SubjectNotReadable(one.directory.clone()));
    }
    let noteworthy = made.iter().filter(|m| m.record.findings != Codes::NONE).count();
    if noteworthy == 0 {
        return;
    }
    let codes: BTreeSet<Code> = made.iter().flat_map(|m| m.record.findings.iter()).collect();
    let counted = |code: Code| (code, made.iter().filter(|m| m.record.findings.contains(code)).count());
    watch.notice(Notice::RequestsDiffer {
        requests: noteworthy,
        findings: codes.into_iter().map(counted).collect(),
        file: if made.len() > rekey::HANDED_OFF { "replacement.json" } else { rekey::HANDOFF },
    });
}

/// Names the requests in the plan for people. It is a view: without it the keys are made all the same.
pub fn show_requests(case: &Case, records: &[ReplacementRecord], watch: &mut dyn Watch) {
    let path = case.path(store::PLAN_MD);
    let directories: HashMap<StepId, String> =
        records.iter().filter_map(|r| Some((r.id, r.directory.clone()?))).collect();
    let text = fs::read_to_string(&path).map_err(|error| error.to_string());
    let written = text.and_then(|text| {
        case.write(store::PLAN_MD, plan_text::with_requests(&text, &directories).as_bytes())
            .map_err(|e| e.to_string())
    });
    if let Err(message) = written {
        watch.notice(Notice::RequestsNotShown { path, message });
    }
}

/// Keys that are exposed, and keys that are only presumed or undetermined, each in every encoding that was found.
/// The case knows them; what another tool added to its lists counts as well.
///
/// # Errors
/// [`Error`].
pub fn suspect_keys(case: &Case, store: &dyn Store) -> Result<(HashSet<SpkiHash>, HashSet<SpkiHash>), Error> {
    let (mut exposed, mut suspected) = (listed(case, store::EXPOSED)?, listed(case, store::SUSPECTED)?);
    let exposures = store.exposure_of_keys()?;
    let forms = store.forms()?;
    let by_name = |spki: &SpkiHash| {
        exposures.binary_search_by_key(spki, |(key, _)| *key).ok().map(|at| exposures[at].1)
    };
    let names = exposures.iter().map(|(spki, exposure)| (*spki, *exposure));
    let encodings = forms.iter().filter_map(|(raw, spki)| Some((*raw, by_name(spki)?)));
    for (name, exposure) in names.chain(encodings).filter(|(_, exposure)| exposure.is_suspect()) {
        if exposure == Exposure::Exposed { &mut exposed } else { &mut suspected }.insert(name);
    }
    Ok((exposed, suspected))
}

/// A list of keys of the case; none if it is not there.
fn listed(case: &Case, name: &str) -> Result<HashSet<SpkiHash>, Error> {
    let path = case.path(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().filter_map(|line| line.trim().parse().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(Error::Input { what: "list of keys", path, error }),
    }
}

/// Keys that no new one may be: all that the case knows in every form met, those of its lists, which another
/// tool may have made longer, and those known to be compromised elsewhere.
///
/// # Errors
/// [`Error`].
pub fn known_keys(case: &Case, store: &dyn Store, list: Option<&Path>) -> Result<HashSet<SpkiHash>, Error> {
    let mut known = store.key_hashes()?;
    for name in [store::EXPOSED, store::SUSPECTED] {
        known.extend(listed(case, name)?);
    }
    if let Some(file) = list {
        known.extend(known_compromised(file)?.1);
    }
    Ok(known)
}

fn wanted(record: &ReplacementRecord, certificate: Vec<u8>, order: Order, cas: &Cas) -> Wanted {
    Wanted { planned: record.clone(), certificate, next: next(record, cas), order }
}

/// What is known of the CA that a request goes to.
#[must_use]
pub fn next(record: &ReplacementRecord, cas: &Cas) -> Next {
    let operator = record.operator.as_deref().and_then(|id| cas.operator(id));
    Next {
        reach: record.reach,
        sort: record.sort,
        operator: record.operator_name.clone(),
        issuer: record.issuer.clone(),
        acme: operator.and_then(|o| o.acme.as_ref()).map_or_else(Vec::new, |fact| fact.value.clone()),
        kind: operator.and_then(|o| o.kind.clone()),
        parameters: operator.map_or_else(BTreeMap::new, |o| o.parameters.clone()),
        max_days: record.max_days,
        retired: operator
            .and_then(|o| o.retired.as_ref())
            .map(|fact| format!("{}, {}", fact.value, fact.origin())),
        key_kinds: operator.and_then(|o| o.key_kinds.as_ref()).map(|fact| {
            let kinds = fact
                .value
                .iter()
                .filter_map(|name| name.parse().ok().and_then(rekey::KeySpec::kind))
                .collect();
            rekey::KeyKinds { kinds, source: fact.origin() }
        }),
    }
}

/// The certificates that replacements mirror, in the same order. Those of one file are asked for together, so
/// that it is read once for each thread and not once for each of them.
fn opened(roots: &Roots, records: &[&ReplacementRecord], threads: usize) -> Vec<Option<Vec<u8>>> {
    let mut by_file: Vec<usize> = (0..records.len()).collect();
    by_file.sort_by_cached_key(|i| records[*i].sources.first().map(SourceRecord::place));
    let read = |indices: &[usize]| {
        let mut files = Reopener::new(roots);
        indices
            .iter()
            .map(|i| records[*i].sources.iter().find_map(|s| files.get(&s.place(), records[*i].mirrors)))
            .collect::<Vec<_>>()
    };
    let share = records.len().div_ceil(threads.max(1)).max(1);
    let found: Vec<_> = thread::scope(|scope| {
        let readers: Vec<_> = by_file.chunks(share).map(|chunk| scope.spawn(move || read(chunk))).collect();
        readers
            .into_iter()
            .flat_map(|r| r.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut out = vec![None; records.len()];
    by_file.into_iter().zip(found).for_each(|(i, der)| out[i] = der);
    out
}
