//! `plan` and `run`.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::sync::mpsc::sync_channel;

use certrecall::assess::Decision;
use certrecall::id::SpkiHash;
use certrecall::inventory::Inventory;
use certrecall::plan::{Step, StepKind, progress};
use certrecall::read::{Reopener, Roots};
use certrecall::rekey::{Existing, Order};
use certrecall::report::story::KeyStory;
use certrecall::report::summary::{self, Shape};
use certrecall::report::view::count;
use certrecall::report::{plan_file, plan_text};
use certrecall::store::{self, Case, Changes, Run, Store, Told};

use super::analyse::{self, Analysis};
use super::args::{Format, PlanArgs, Planning, RunArgs};
use super::case::why_closed;
use super::error::Error;
use super::exit::Outcome;
use super::rekey::Ordered;
use super::term::Terminal;
use super::{format, rekey};

/// Rows per section of the summary.
const ROWS: usize = 12;

/// `certrecall plan`.
pub(crate) fn plan(args: &PlanArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let shape = Shape { case: &args.planning.output.to_string_lossy(), rows: ROWS, made: None };
    let lines = |analysis: &Analysis| args.format.is_none().then(|| summary::lines(&analysis.planned(), shape));
    let Prepared { analysis, beside: lines, .. } = prepare(&args.planning, terminal, lines)?;
    match args.format {
        None => terminal.print(&lines.unwrap_or_default())?,
        Some(Format::Json) => {
            let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
            plan_file::write(&analysis.planned(), &mut out)?;
            out.flush()?;
        }
        Some(format) => format::verdicts(&analysis.planned(), format, terminal)?,
    }
    Ok(ended(analysis, false))
}

/// `certrecall run`.
pub(crate) fn run(args: &RunArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    Case::check_owner(&args.planning.output)?;
    let Prepared { case, mut analysis, existing, .. } = prepare(&args.planning, terminal, |_| ())?;
    let threads = analysis.threads;
    let records: Vec<_> = analysis.plan.replacements.iter().map(|r| plan_file::replacement_record(&analysis.planned(), r)).collect();
    let keys = &analysis.inventory.keys;
    let mut known: HashSet<SpkiHash> = keys.iter().flat_map(|k| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
    if let Some(file) = &args.planning.judging.known_compromised {
        known.extend(analyse::known_compromised(file)?.1);
    }
    let order = Order { key: args.key, ..Order::default() };
    let orders = |_: &_| Ordered::Made(Box::new(order.clone()));
    let done = rekey::make(
        &case,
        rekey::Job {
            roots: &analysis.roots,
            records: &records,
            cas: &analysis.cas,
            existing: &existing,
            known: &known,
            orders: &orders,
            said_of: &|_| None,
            passphrase: None,
            threads,
        },
        terminal,
    )?;
    analysis.directories = done.directories;
    if done.made > 0 {
        write(&case, &analysis, None)?;
    }
    let shape = Shape { case: &args.planning.output.to_string_lossy(), rows: ROWS, made: Some((done.made, done.before)) };
    terminal.print(&summary::lines(&analysis.planned(), shape))?;
    Ok(ended(analysis, done.failed))
}

/// A plan that is kept in its case, and what was made for it before.
struct Prepared<T> {
    case: Case,
    analysis: Analysis,
    existing: Existing,
    /// What was made of it while it was written.
    beside: T,
}

/// Reads, judges, plans, and writes all of it into the case; what was said of the steps before still holds.
fn prepare<T: Send>(args: &Planning, terminal: &Terminal, beside: impl FnOnce(&Analysis) -> T + Send) -> Result<Prepared<T>, Error> {
    let mut ready = analyse::ready(&args.judging, terminal)?;
    let roots = Roots::open(&args.reading.paths)?;
    let case = Case::create(&args.output, &roots, args.mode)?;
    let (mut store, gone) = case.store_for_plan()?;
    if gone {
        terminal.warn(&format!(
            "{:?} is gone though the case has a plan. Lost with it: what was marked done, deployed, sent or waived, with reasons and times, and the deadlines that follow from it; decisions about keys (--clear, confirmed, cleared); certificates that searches found; the history of closed steps. This plan begins without them; keys, requests and bundles made before are used on. With a copy of the file, put it back and run this again",
            case.path(store::DATABASE)
        ));
    }
    remember(&mut ready.decisions, &mut store)?;
    let mut analysis = analyse::analyse(roots, &args.reading, ready, &store.elsewhere()?, &case.certificates(), terminal);
    let words = store.words()?;
    if !words.is_empty() {
        let (steps, now) = (&analysis.plan.steps, analysis.clock.now);
        let earlier: Vec<Step> = store.steps()?.into_iter().map(|k| k.step).collect();
        let carried = progress::carried_over(&words, &earlier, steps, |a| analysis.cas.operator(a).is_some(), now);
        let taken_back = progress::no_longer_all(&words, &earlier, steps, &|step| grown(step, &store, &analysis.inventory), now);
        if let Some(first) = taken_back.first() {
            terminal.say(&format!(
                "more belongs to {} of which something was said, among them {}: open again for that, `certrecall status` tells why",
                count(taken_back.len(), "step"),
                first.step
            ));
        }
        let new = [carried, taken_back].concat();
        if !new.is_empty() {
            store.say::<Decision>(&new, &[])?;
        }
    }
    drop(words);
    progress::apply(&mut analysis.plan.steps, &store.words()?);
    // Only the owner may look at what was made; others take it from the plan before.
    let existing = if case.is_owned() { rekey::existing(&case, None, terminal)? } else { Existing::default() };
    analysis.directories = if case.is_owned() { rekey::directories(&existing) } else { rekey::directories_of_plan(&case) };
    keep_certificates(&case, &analysis, terminal)?;
    let (changes, beside) = keep(&case, &mut store, &analysis, beside)?;
    if changes.closed + changes.reopened > 0 {
        terminal.say(&format!(
            "the plan changed: {} new, {} closed, {} needed again; `certrecall status` tells more",
            count(changes.added, "step"),
            changes.closed,
            changes.reopened
        ));
    }
    Ok(Prepared { case, analysis, existing, beside })
}

/// What of the key of a step is new since the last plan: a copy that is to be destroyed, an encoding that is to be searched for.
fn grown(step: &Step, store: &Store, inventory: &Inventory) -> Option<String> {
    let key = inventory.find_key(step.key.as_ref()?)?;
    let record = store.key(&key.spki).transpose()?;
    // Nobody can tell what is new then, so nothing is taken for done.
    let Some(story) = record.ok().and_then(|record| serde_json::from_slice::<KeyStory>(&record).ok()) else {
        return Some("what was known of the key before cannot be read".to_owned());
    };
    if step.kind == StepKind::Search {
        let form = key.raw_forms.iter().find(|form| !story.names().contains(form))?;
        return Some(format!("the key was met in another encoding since, {form}"));
    }
    let known: HashSet<&str> = story.copies().iter().map(String::as_str).collect();
    let copy = key.private.iter().map(|copy| inventory.path(copy)).find(|path| !known.contains(&**path))?;
    Some(format!("another copy of the key lies in {} since", certrecall::pki::show(&copy)))
}

/// Writes the certificates that commands of the plan name, each in a file of its own: an upload can hold several, and `openssl ca -revoke` takes
/// the first.
fn keep_certificates(case: &Case, analysis: &Analysis, terminal: &Terminal) -> Result<(), Error> {
    let inventory = &analysis.inventory;
    let authority = |step: &Step| analysis.plan.authorities.list.iter().find(|a| Some(a.id.as_str()) == step.authority.as_deref());
    let mut files = Reopener::new(&analysis.roots);
    for step in analysis.plan.steps.iter().filter(|s| !s.commands.is_empty()) {
        if !authority(step).is_some_and(|a| analysis.cas.wants_files(a)) {
            continue;
        }
        for sha256 in &step.certificates {
            let at = inventory.certificates.binary_search_by_key(sha256, |c| c.certificate.sha256);
            let der = at.ok().and_then(|at| analyse::reopen(&mut files, inventory, *sha256, &inventory.certificates[at].occurrences));
            match der {
                Some(der) => case.keep_certificate(sha256, &der)?,
                None => terminal.warn(&format!(
                    "the certificate {sha256} is not where it was found any more, so the commands of {} have no file for it; run the plan again",
                    step.id
                )),
            }
        }
    }
    Ok(())
}

/// Writes new decisions down, and adds those that the case remembers.
fn remember(decisions: &mut BTreeMap<SpkiHash, Decision>, store: &mut Store) -> Result<(), Error> {
    let mut kept: BTreeMap<SpkiHash, Decision> = store.decisions()?;
    // Said again in the same words it stays what it was, with its date.
    decisions.retain(|key, new| kept.get(key).is_none_or(|old| (old.exposed, old.misused, &old.reason) != (new.exposed, new.misused, &new.reason)));
    if !decisions.is_empty() {
        store.decide(decisions)?;
    }
    kept.append(decisions);
    *decisions = kept;
    Ok(())
}

/// Writes the case: its database, and beside it, at the same time, the views. The database is what counts; a view that a killed run left
/// behind is written anew by the next. What `beside` makes is made meanwhile.
fn keep<T: Send>(case: &Case, store: &mut Store, analysis: &Analysis, beside: impl FnOnce(&Analysis) -> T + Send) -> Result<(Changes, T), Error> {
    let inventory = &analysis.inventory;
    let exposure = |key: &SpkiHash| {
        let at = inventory.keys.binary_search_by_key(key, |k| k.spki).ok()?;
        Some(analysis.assessment.keys[at].exposure.as_str())
    };
    let run = Run { at: analysis.clock.now, as_of: analysis.clock.as_of, incident: &analysis.incident.name };
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| beside(analysis));
        let (tell, told) = sync_channel::<Told>(TOLD);
        let saving = scope.spawn(|| store.save(run, told.into_iter(), &analysis.plan.steps, |step| why_closed(step, exposure)));
        // Where saving failed nobody listens any more; why, it tells itself.
        let written = write(case, analysis, Some(&mut |part| drop(tell.send(part))));
        drop(tell);
        let saved = saving.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let made = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written?;
        Ok((saved?, made))
    })
}

/// Parts of what is told, each a hundred kilobytes or two, that may be on their way to the database.
const TOLD: usize = 64;

/// The outcome. Nothing comes after it: taking hundreds of thousands of public records apart one by one would only delay the end. What holds
/// standard input is wiped like everything that can hold a key.
fn ended(analysis: Analysis, failed: bool) -> Outcome {
    let outcome = outcome(&analysis, failed);
    let Analysis { roots, inventory, assessment, plan, .. } = analysis;
    drop(roots);
    std::mem::forget((inventory, assessment, plan));
    outcome
}

fn outcome(analysis: &Analysis, failed: bool) -> Outcome {
    let to_act_on = analysis.assessment.certificates.iter().any(|c| c.verdict.asks_for_action());
    // A key that nothing can be joined to may belong to any certificate.
    let complete = analysis.inventory.ledger().is_complete() && analysis.inventory.unnamed_keys.is_empty();
    Outcome { to_act_on, incomplete: failed || !complete }
}

/// Writes every view of the plan, that for people beside that for programs; tells keys and steps on the way.
fn write(case: &Case, analysis: &Analysis, listener: Option<plan_file::Listener<'_>>) -> Result<(), Error> {
    let planned = analysis.planned();
    let small = || {
        // What programs read is written whatever becomes of the text for people.
        let text = case.write_with(store::PLAN_MD, |out| plan_text::write(&planned, out));
        let (exposed, suspected) = plan_file::spki_lists(&analysis.inventory, &analysis.assessment);
        case.write(store::EXPOSED, exposed.as_bytes())?;
        case.write(store::SUSPECTED, suspected.as_bytes())?;
        Ok(text?)
    };
    std::thread::scope(|scope| {
        let small = scope.spawn(small);
        let plan = case.write_with(store::PLAN_JSON, |out| plan_file::write_with(&planned, out, listener));
        let small = small.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        plan?;
        small
    })
}
