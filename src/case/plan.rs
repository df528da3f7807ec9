//! `plan`: opens a case or makes it, reads, judges and plans, and writes all of it into the case.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::case_plan::CasePlan;
use super::criteria::{self, Judging};
use super::error::Error;
use super::history::{self, Graver, Milder};
use super::keep::{self, Recorded};
use super::notice::{Notice, Watch};
use super::past::RecordedPast;
use super::rekey::existing;
use super::roots::{self, GivenRoots, RootsOfCase};
use crate::assess::{Decision, Exposure};
use crate::engine::{self, Criteria, Sources};
use crate::files::Access;
use crate::id::{ProfileHash, SpkiHash, StepId};
use crate::inventory::Inventory;
use crate::pki::show;
use crate::plan::{Status, Step, StepKind, progress};
use crate::read::{Reopener, Roots};
use crate::rekey::Existing;
use crate::store::question::{Given, OptionName, Resolved, Scope};
use crate::store::{self, Case, Orphan, Question, Store};
use crate::time::Time;

/// What a run over a case is given.
#[derive(Debug, Clone, Copy)]
pub struct Planning<'a> {
    /// The directory of the case; one that is new or empty becomes a case.
    pub case: &'a Path,
    /// Files and directories to read; none for the roots of the case.
    pub paths: &'a [PathBuf],
    /// Roots to add to those of the case.
    pub add: &'a [PathBuf],
    /// Roots of the case that were moved, and where they are now.
    pub relocate: &'a [(PathBuf, PathBuf)],
    /// Options that the case stores.
    pub options: &'a Given,
    /// What counts for this run alone, or is recorded as a decision.
    pub judging: Judging<'a>,
    /// Who may work on the case; as it is if not given.
    pub access: Option<Access>,
    /// How many threads work on it; one for each processor if not given.
    pub threads: Option<usize>,
}

/// A plan that is kept in its case.
#[derive(Debug)]
pub struct Kept<T> {
    /// The case, open and locked.
    pub case: Case,
    /// What it remembers.
    pub store: Box<dyn Store>,
    /// What was found, what it means and what to do.
    pub plan: CasePlan,
    /// Replacements that were made earlier.
    pub existing: Existing,
    /// What was made of the plan while it was written.
    pub beside: T,
}

/// Reads, judges and plans, and writes all of it into the case; what was recorded of the steps before still holds.
/// `beside` makes something of the plan while it is written.
///
/// # Errors
/// [`Error`]; the case is then as it was before, but for a new one, which has its options and roots.
pub fn plan<T: Send>(
    planning: &Planning<'_>,
    watch: &mut dyn Watch,
    beside: impl FnOnce(&CasePlan) -> T + Send,
) -> Result<Kept<T>, Error> {
    let Opened { case, mut store, roots, resolved, mut criteria, same_criteria, gone } =
        open(planning, watch)?;
    if !case.is_owned() && store.has_plan()? && store.header()?.is_none() {
        return Err(Error::Value {
            flag: "CASE",
            message: "its plan was made by an earlier version, and where its replacements are only its owner may look: the owner has to run `certrecall plan -o CASE` once"
                .to_owned(),
        });
    }
    remember(&mut criteria.decisions, &mut *store)?;
    criteria.certificates = case.certificates();
    // Only the owner may look at what was made; others take what they need from the plan before.
    let existing = if case.is_owned() { existing(&case, None, watch)? } else { Existing::default() };
    // Without the database nobody knows when they were made: copies have other times.
    let now = criteria.clock.now;
    let made_before: Vec<(SpkiHash, Time)> = existing
        .made
        .iter()
        .filter(|_| !gone)
        .map(|m| (m.record.spki_sha256, m.made_at(case.directory()).unwrap_or(now)))
        .collect();
    store.add_made(&made_before)?;
    let options = criteria::options(&resolved.question, planning.threads)?;
    let RootsOfCase { roots, stored: stored_roots, changes } = roots;
    let past = RecordedPast::read(&*store, same_criteria)?;
    let sources = Sources { roots, options };
    let mut analysis = engine::analyse_after(sources, criteria, &past, &mut |files| watch.files_read(files))?;
    let (files, exposures) = past.into_parts();
    analysis.manifests.drain(..).for_each(|line| watch.notice(Notice::Manifest(line)));
    analysis.unmatched.iter().for_each(|finding| watch.notice(Notice::Unmatched(finding.clone())));
    let changes: Vec<String> = resolved.changes.iter().map(ToString::to_string).chain(changes).collect();
    let milder = history::milder(&exposures, &analysis.inventory, &analysis.assessment, &changes);
    analysis.assessment.report(milder.iter().map(Milder::finding));
    let orphans = orphans(&exposures, &analysis.inventory, &*store)?;
    let mut plan = CasePlan { analysis, orphans, question: resolved.question, directories: BTreeMap::new() };
    settle(&mut plan, &mut *store)?;
    carry_over(&mut plan, &mut *store, &exposures, watch)?;
    let present = history::retired_but_present(&plan.analysis.inventory, &retired(&plan.analysis.plan.steps));
    plan.analysis.assessment.report(present.into_iter());
    plan.directories = if case.is_owned() { existing.directories() } else { directories_of_plan(&*store)? };
    keep_certificates(&case, &plan, watch)?;
    let recorded = Recorded { files: &files, roots: &stored_roots };
    let (changes, beside) = keep::keep(&case, &mut *store, &plan, &recorded, beside)?;
    if changes.closed + changes.reopened > 0 {
        watch.notice(Notice::Plan(changes));
    }
    Ok(Kept { case, store, plan, existing, beside })
}

/// A case that is open, with what it is to be judged by.
struct Opened {
    case: Case,
    store: Box<dyn Store>,
    roots: RootsOfCase,
    resolved: Resolved,
    criteria: Criteria,
    /// The criteria are those that the case was judged by before, as far as they decide verdicts.
    same_criteria: bool,
    /// The database was lost.
    gone: bool,
}

/// Opens the case, or makes it, and reports first in what the options differ from those it was judged by before.
fn open(planning: &Planning<'_>, watch: &mut dyn Watch) -> Result<Opened, Error> {
    if !Case::exists(planning.case) {
        return open_new(planning, watch);
    }
    let mut given = planning.options.clone();
    let mut case = Case::open(planning.case)?;
    if let Some(access) = planning.access {
        case.share(access)?;
    }
    let (store, gone) = case.store_for_plan()?;
    if gone {
        watch.notice(Notice::DatabaseGone(case.path(store::DATABASE)));
    }
    let stored = store.question(Scope::Plan)?;
    match (&stored, store.last_run()?) {
        (None, Some(last)) => older_case(&mut given, &last.incident, watch)?,
        // A first run that did not get so far, or a database that is gone: nobody knows by what the case is
        // to be judged.
        (None, None) if planning.paths.is_empty() || !names_incident(&given) && case.was_planned() => {
            let message = "the case has no stored options and paths: name the paths and give the options that it was made with, --incident or --cutoff among them, from then on `-o CASE` is enough";
            return Err(Error::Value { flag: "PATH", message: message.to_owned() });
        }
        _ => {}
    }
    let mut resolved = Question::resolve(Scope::Plan, stored.as_ref(), &given, planning.judging.now)?;
    let paths = GivenRoots { paths: planning.paths, add: planning.add, relocate: planning.relocate };
    let roots = roots::open(&case, store.roots()?, paths, &mut || store.files())??;
    let criteria = criteria::criteria(&planning.judging, &mut resolved, watch)?;
    for change in resolved.changes.iter().map(ToString::to_string).chain(roots.changes.iter().cloned()) {
        watch.notice(Notice::Changed(change));
    }
    let same_criteria =
        stored.is_some() && !resolved.changes.iter().any(|c| c.option.decides_verdicts() && !c.same_meaning);
    Ok(Opened { case, store, roots, resolved, criteria, same_criteria, gone })
}

/// Whether it is given what the case is about.
fn names_incident(given: &Given) -> bool {
    [OptionName::Incident, OptionName::Cutoff].iter().any(|name| given.options.contains_key(name))
}

fn open_new(planning: &Planning<'_>, watch: &mut dyn Watch) -> Result<Opened, Error> {
    let wrong = |flag, message: &str| {
        let message = format!("{message}: {:?} does not have a case yet", planning.case);
        Err(Error::Value { flag, message })
    };
    if !planning.relocate.is_empty() {
        return wrong("--relocate", "only a root of a case can be moved");
    }
    let paths = [planning.paths, planning.add].concat();
    if paths.is_empty() {
        return wrong("PATH", "name the files and folders to read");
    }
    let now = planning.judging.now;
    let mut resolved = Question::resolve(Scope::Plan, None, planning.options, now)?;
    if let Some(option) = planning.options.forget.first() {
        return wrong("--forget", &format!("nothing is stored, --{} neither", option.as_str()));
    }
    let criteria = criteria::criteria(&planning.judging, &mut resolved, watch)?;
    let opened = Roots::open(&paths)?;
    let case = Case::create(planning.case, &opened, planning.access)?;
    let (mut store, _) = case.store_for_plan()?;
    let stored = roots::stored(&opened);
    // A run that is killed before its end is repeated by the same rules.
    store.begin(&resolved.question, &stored, now)?;
    let roots = RootsOfCase { roots: opened, stored, changes: Vec::new() };
    Ok(Opened { case, store, roots, resolved, criteria, same_criteria: false, gone: false })
}

/// A case of a version that did not store its options: what it was judged by is not known, so it has to be given
/// once more.
fn older_case(given: &mut Given, incident: &str, watch: &mut dyn Watch) -> Result<(), Error> {
    if given.options.is_empty() {
        let message = "the case was made by a version that did not store the options it was given; name the paths and give those options once more (with none but the defaults, --incident NAME), from then on `-o CASE` is enough";
        return Err(Error::Value { flag: "PATH", message: message.to_owned() });
    }
    let built_in = crate::assess::incident::BUILT_IN.iter().any(|(name, _)| *name == incident);
    if built_in && incident != crate::assess::incident::DEFAULT {
        given.options.entry(OptionName::Incident).or_insert_with(|| vec![incident.into()]);
    }
    watch.notice(Notice::OlderCase { incident: incident.to_owned() });
    Ok(())
}

/// Where each replacement is, as the last plan has it.
fn directories_of_plan(store: &dyn Store) -> Result<BTreeMap<ProfileHash, String>, Error> {
    let replacements = store.replacements()?.into_iter();
    Ok(replacements.filter_map(|record| Some((record.profile, record.directory?))).collect())
}

/// Gives steps the status that was recorded for them, reopens those for which there is more to do now, and keeps the
/// steps of keys of which the case has the record alone.
fn carry_over(
    plan: &mut CasePlan,
    store: &mut dyn Store,
    exposures: &[(SpkiHash, Exposure)],
    watch: &mut dyn Watch,
) -> Result<(), Error> {
    let analysis = &mut plan.analysis;
    let words = store.words()?;
    let earlier = store.steps()?;
    if !words.is_empty() {
        let (steps, now) = (&analysis.plan.steps, analysis.clock.now);
        let earlier: Vec<Step> = earlier.iter().map(|k| k.step.clone()).collect();
        let graver = Graver::of(exposures, &analysis.inventory, &analysis.assessment);
        let carried =
            progress::carried_over(&words, &earlier, steps, |a| analysis.cas.operator(a).is_some(), now);
        let taken_back = progress::no_longer_all(
            &words,
            &earlier,
            steps,
            &|step| grown(step, &*store, &analysis.inventory),
            &|step| graver.of_step(step),
            now,
        );
        if let Some(first) = taken_back.first() {
            watch.notice(Notice::Reopened { steps: taken_back.len(), first: first.step });
        }
        let new = [carried, taken_back].concat();
        if !new.is_empty() {
            store.record(&new, &[])?;
        }
    }
    drop(words);
    // The steps of keys of which the case has the record alone stay as they were.
    let of_orphans: HashSet<StepId> = plan.orphans.iter().flat_map(Orphan::steps).copied().collect();
    let planned: HashSet<StepId> = analysis.plan.steps.iter().map(|s| s.id).collect();
    let kept = earlier
        .into_iter()
        .filter(|k| k.closed.is_none() && of_orphans.contains(&k.step.id) && !planned.contains(&k.step.id));
    analysis.plan.steps.extend(kept.map(|k| k.step));
    progress::apply(&mut analysis.plan.steps, &store.words()?);
    Ok(())
}

/// Keys whose retirement is recorded as done.
fn retired(steps: &[Step]) -> HashSet<SpkiHash> {
    let done = steps.iter().filter(|s| s.kind == StepKind::Retire && s.status == Status::Done);
    done.filter_map(|s| s.key).collect()
}

/// Keeps with each new decision what the evidence alone said when it was made.
fn settle(plan: &mut CasePlan, store: &mut dyn Store) -> Result<(), Error> {
    let analysis = &mut plan.analysis;
    let mut settled: BTreeMap<SpkiHash, Decision> = BTreeMap::new();
    for (key, decision) in analysis.decisions.iter_mut().filter(|(_, d)| d.on.is_none()) {
        let at = analysis
            .inventory
            .find_key(key)
            .and_then(|entry| analysis.inventory.keys.binary_search_by_key(&entry.spki, |k| k.spki).ok());
        // Of a key that is not known there was nothing to decide about: it holds for nothing that comes
        // later.
        decision.on = Some(at.map_or(Exposure::NotExposed, |at| analysis.assessment.keys[at].by_evidence));
        settled.insert(*key, decision.clone());
    }
    if !settled.is_empty() {
        store.decide(&settled)?;
    }
    Ok(())
}

/// Keys that the case has a record of and nothing else: their files are gone, and a version that recorded no
/// files met them, or their facts cannot be read.
fn orphans(
    exposures: &[(SpkiHash, Exposure)],
    inventory: &Inventory,
    store: &dyn Store,
) -> Result<Vec<Orphan>, Error> {
    let gone =
        exposures.iter().filter(|(spki, _)| inventory.keys.binary_search_by_key(spki, |k| k.spki).is_err());
    let mut out = Vec::new();
    for (spki, exposure) in gone {
        let record = match store.key(spki) {
            Err(store::Error::Damaged { .. }) => None,
            record => record?,
        };
        out.push(Orphan { spki: *spki, exposure: *exposure, record });
    }
    Ok(out)
}

/// What of the key of a step is new since the last plan: a copy that is to be destroyed, an encoding that is
/// to be searched for.
fn grown(step: &Step, store: &dyn Store, inventory: &Inventory) -> Option<String> {
    let key = inventory.find_key(step.key.as_ref()?)?;
    // Nobody can tell what is new then, so nothing is taken for done.
    let Ok(record) = store.key(&key.spki).transpose()? else {
        return Some("what was known of the key before cannot be read".to_owned());
    };
    if step.kind == StepKind::Search {
        let form = key.raw_forms.iter().find(|form| !record.names().contains(form))?;
        return Some(format!("the key was met in another encoding since, {form}"));
    }
    let known: HashSet<&str> = record.private_key_paths.iter().map(String::as_str).collect();
    let copy = key.private_places().map(|copy| inventory.path(copy)).find(|path| !known.contains(&**path))?;
    Some(format!("another copy of the key lies in {} since", show(&copy)))
}

/// Writes the certificates that commands of the plan name, each in a file of its own: an upload can hold
/// several, and `openssl ca -revoke` takes the first.
fn keep_certificates(case: &Case, plan: &CasePlan, watch: &mut dyn Watch) -> Result<(), Error> {
    let analysis = &plan.analysis;
    let inventory = &analysis.inventory;
    let authority = |step: &Step| {
        analysis.plan.authorities.list.iter().find(|a| Some(a.id.as_str()) == step.authority.as_deref())
    };
    let mut files = Reopener::new(&analysis.roots);
    for step in analysis.plan.steps.iter().filter(|s| !s.commands.is_empty()) {
        if !authority(step).is_some_and(|a| analysis.cas.wants_files(a)) {
            continue;
        }
        for sha256 in &step.certificates {
            let at = inventory.certificates.binary_search_by_key(sha256, |c| c.certificate.sha256);
            let der = at.ok().and_then(|at| {
                engine::reopen(&mut files, inventory, *sha256, &inventory.certificates[at].occurrences)
            });
            match der {
                Some(der) => case.keep_certificate(sha256, &der)?,
                None => watch.notice(Notice::CertificateGone { sha256: *sha256, step: step.id }),
            }
        }
    }
    Ok(())
}

/// Writes new decisions down, and adds those that the case remembers.
fn remember(decisions: &mut BTreeMap<SpkiHash, Decision>, store: &mut dyn Store) -> Result<(), Error> {
    let mut kept: BTreeMap<SpkiHash, Decision> = store.decisions()?;
    // Said again in the same words it stays what it was, with its date.
    decisions.retain(|key, new| {
        kept.get(key).is_none_or(|old| {
            (old.exposed, old.misused, &old.reason) != (new.exposed, new.misused, &new.reason)
        })
    });
    if !decisions.is_empty() {
        store.decide(decisions)?;
    }
    kept.append(decisions);
    *decisions = kept;
    Ok(())
}
