//! `plan` and `run`.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::sync::mpsc::sync_channel;

use certrecall::assess::{Decision, Exposure};
use certrecall::case::history::{self, Graver, Milder};
use certrecall::case::roots::{self, GivenRoots, RootsOfCase};
use certrecall::id::{SpkiHash, StepId};
use certrecall::inventory::{Inventory, RecordedFile};
use certrecall::plan::{Status, Step, StepKind, progress};
use certrecall::read::{Reopener, Roots};
use certrecall::rekey::Existing;
use certrecall::report::story::KeyStory;
use certrecall::report::summary::{self, Shape};
use certrecall::report::view::count;
use certrecall::report::{plan_file, plan_text};
use certrecall::store::question::{Given, OptionName, Resolved, Scope};
use certrecall::store::{self, Case, Changes, Orphan, Question, Recording, Run, Store, StoredRoot, Told};

use super::analyse::{self, Analysis, Before, Ready};
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
    let name = args.planning.output.to_string_lossy();
    let lines = |analysis: &Analysis, reported: &Reported| {
        args.format.is_none().then(|| summary::lines(&analysis.planned(), reported.shape(&name, None)))
    };
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
    let order = args.keys.order()?;
    Case::check_owner(&args.planning.output)?;
    let Prepared { case, mut store, mut analysis, existing, default_incident, .. } =
        prepare(&args.planning, terminal, |_, _| ())?;
    let threads = analysis.threads;
    let records: Vec<_> = analysis
        .plan
        .replacements
        .iter()
        .map(|r| plan_file::replacement_record(&analysis.planned(), r))
        .collect();
    let keys = &analysis.inventory.keys;
    let mut known: HashSet<SpkiHash> =
        keys.iter().flat_map(|k| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
    if let Some(question) = store.question(Scope::Plan)? {
        for file in question
            .values(OptionName::KnownCompromised)
            .iter()
            .filter(|f| f.content.as_ref().is_some_and(|c| !c.piped))
        {
            known.extend(analyse::known_compromised(file.value.path())?.1);
        }
    }
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
    store.add_made(done.keys.iter().map(|key| (*key, analysis.clock.now)))?;
    if done.made > 0 {
        write(&case, &analysis, None)?;
    }
    let reported = Reported { default_incident };
    let name = args.planning.output.to_string_lossy();
    let shape = reported.shape(&name, Some((done.made, done.before)));
    terminal.print(&summary::lines(&analysis.planned(), shape))?;
    Ok(ended(analysis, done.failed))
}

/// A plan that is kept in its case, and what was made for it before.
struct Prepared<T> {
    case: Case,
    store: Store,
    analysis: Analysis,
    existing: Existing,
    default_incident: bool,
    /// What was made of it while it was written.
    beside: T,
}

/// A case that is open, with what it is to be judged by.
struct Opened {
    case: Case,
    store: Store,
    roots: RootsOfCase,
    resolved: Resolved,
    ready: Ready,
    /// The question is the one that the case was judged by before, as far as it decides verdicts.
    same_question: bool,
    /// The database was lost.
    gone: bool,
}

/// Opens the case, or makes it, and reports first in what the question differs from the one it was judged by
/// before.
fn open(args: &Planning, terminal: &Terminal) -> Result<Opened, Error> {
    let mut given = args.given();
    if !Case::exists(&args.output) {
        return open_new(args, &given, terminal);
    }
    let mut case = Case::open(&args.output)?;
    if let Some(access) = args.mode {
        case.share(access)?;
    }
    let (store, gone) = case.store_for_plan()?;
    if gone {
        terminal.warn(&format!(
            "{:?} is gone though the case has a plan. Lost with it: what was marked done, deployed, sent or waived, with reasons and times, and the deadlines that follow from it; decisions about keys (--clear, confirmed, cleared); certificates that searches found; the options that the case was made with, and what it recorded of files that are gone; the history of closed steps. This plan begins without them; keys, requests and bundles made before are used on. With a copy of the file, put it back and run this again",
            case.path(store::DATABASE)
        ));
    }
    let stored = store.question(Scope::Plan)?;
    match (&stored, store.last_run()?) {
        (None, Some(last)) => older_case(&mut given, &last.incident, terminal)?,
        // A first run that did not get so far, or a database that is gone: nobody knows by what the case is
        // to be judged.
        (None, None) if args.paths.is_empty() || !names_incident(&given) && case.was_planned() => {
            let message = "the case has no stored options and paths: name the paths and give the options that it was made with, --incident or --cutoff among them, from then on `-o CASE` is enough";
            return Err(Error::Value { flag: "PATH", says: message.to_owned() });
        }
        _ => {}
    }
    let mut resolved = Question::resolve(Scope::Plan, stored.as_ref(), &given, analyse::now())?;
    let paths = GivenRoots { paths: &args.paths, add: &args.add, relocate: &args.relocate };
    let roots = roots::open(&case, store.roots()?, paths, &mut || store.files())??;
    let ready = analyse::ready(&args.judging, &mut resolved, terminal)?;
    for change in resolved.changes.iter().map(ToString::to_string).chain(roots.changes.iter().cloned()) {
        terminal.say(&format!("changed since the last run: {change}"));
    }
    let same_question =
        stored.is_some() && !resolved.changes.iter().any(|c| c.option.decides_verdicts() && !c.same_meaning);
    Ok(Opened { case, store, roots, resolved, ready, same_question, gone })
}

/// Whether it is given what the case is about.
fn names_incident(given: &Given) -> bool {
    [OptionName::Incident, OptionName::Cutoff].iter().any(|name| given.options.contains_key(name))
}

fn open_new(args: &Planning, given: &Given, terminal: &Terminal) -> Result<Opened, Error> {
    let wrong = |flag, message: &str| {
        Err(Error::Value { flag, says: format!("{message}: {:?} does not have a case yet", args.output) })
    };
    if !args.relocate.is_empty() {
        return wrong("--relocate", "only a root of a case can be moved");
    }
    let paths = [args.paths.as_slice(), args.add.as_slice()].concat();
    if paths.is_empty() {
        return wrong("PATH", "name the files and folders to read");
    }
    let mut resolved = Question::resolve(Scope::Plan, None, given, analyse::now())?;
    if let Some(option) = given.forget.first() {
        return wrong("--forget", &format!("nothing is stored, --{} neither", option.as_str()));
    }
    let ready = analyse::ready(&args.judging, &mut resolved, terminal)?;
    let opened = Roots::open(&paths)?;
    let case = Case::create(&args.output, &opened, args.mode)?;
    let (mut store, _) = case.store_for_plan()?;
    let stored = roots::stored(&opened);
    // A run that is killed before its end is repeated by the same rules.
    store.begin(&resolved.question, &stored, analyse::now())?;
    let roots = RootsOfCase { roots: opened, stored, changes: Vec::new() };
    Ok(Opened { case, store, roots, resolved, ready, same_question: false, gone: false })
}

/// A case of a version that did not store the question: what it was judged by is not known, so it has to be
/// given once more.
fn older_case(given: &mut Given, incident: &str, terminal: &Terminal) -> Result<(), Error> {
    if given.options.is_empty() {
        let message = "the case was made by a version that did not store the options it was given; name the paths and give those options once more (with none but the defaults, --incident NAME), from then on `-o CASE` is enough";
        return Err(Error::Value { flag: "PATH", says: message.to_owned() });
    }
    let built_in = certrecall::assess::incident::BUILT_IN.iter().any(|(name, _)| *name == incident);
    if built_in && incident != certrecall::assess::incident::DEFAULT {
        given.options.entry(OptionName::Incident).or_insert_with(|| vec![incident.into()]);
    }
    terminal.warn(&format!(
        "the case was made by a version that did not store its options; its last incident was {incident}. Those given now are stored: compare what became less exposed"
    ));
    Ok(())
}

/// Reads, judges, plans, and writes all of it into the case; what was recorded of the steps before still
/// holds.
fn prepare<T: Send>(
    args: &Planning,
    terminal: &Terminal,
    beside: impl FnOnce(&Analysis, &Reported) -> T + Send,
) -> Result<Prepared<T>, Error> {
    let Opened { case, mut store, roots, resolved, mut ready, same_question, gone } = open(args, terminal)?;
    remember(&mut ready.decisions, &mut store)?;
    // Only the owner may look at what was made; others take it from the plan before.
    let existing =
        if case.is_owned() { rekey::existing(&case, None, terminal)? } else { Existing::default() };
    // Without the database nobody knows when they were made: copies have other times.
    store.add_made(
        existing.made.iter().filter(|_| !gone).map(|m| (m.record.spki_sha256, rekey::made_at(&case, m))),
    )?;
    let (files, exposures, made) = (store.files()?, store.exposure_of_keys()?, store.made()?);
    let options = analyse::options(&resolved.question, args.reading.threads)?;
    let before = Before {
        store: &store,
        files: &files,
        forms: &store.forms()?,
        exposures: &exposures,
        same_question,
        made: &made,
        elsewhere: &store.elsewhere()?,
        certificates: &case.certificates(),
    };
    let RootsOfCase { roots, stored: stored_roots, changes } = roots;
    let mut analysis = analyse::analyse(roots, &options, ready, &before, terminal)?;
    let changes: Vec<String> = resolved.changes.iter().map(ToString::to_string).chain(changes).collect();
    let milder = history::milder(&exposures, &analysis.inventory, &analysis.assessment, &changes);
    analysis.assessment.report(milder.iter().map(Milder::finding));
    settle(&mut analysis, &mut store)?;
    let orphans = orphans(&exposures, &analysis.inventory, &store)?;
    let words = store.words()?;
    let earlier = store.steps()?;
    if !words.is_empty() {
        let (steps, now) = (&analysis.plan.steps, analysis.clock.now);
        let earlier: Vec<Step> = earlier.iter().map(|k| k.step.clone()).collect();
        let graver = Graver::of(&exposures, &analysis.inventory, &analysis.assessment);
        let carried =
            progress::carried_over(&words, &earlier, steps, |a| analysis.cas.operator(a).is_some(), now);
        let taken_back = progress::no_longer_all(
            &words,
            &earlier,
            steps,
            &|step| grown(step, &store, &analysis.inventory),
            &|step| graver.of_step(step),
            now,
        );
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
    // The steps of keys of which the case has the record alone stay as they were.
    let of_orphans: HashSet<StepId> = orphans.iter().flat_map(Orphan::steps).collect();
    let planned: HashSet<StepId> = analysis.plan.steps.iter().map(|s| s.id).collect();
    let kept = earlier
        .into_iter()
        .filter(|k| k.closed.is_none() && of_orphans.contains(&k.step.id) && !planned.contains(&k.step.id));
    analysis.plan.steps.extend(kept.map(|k| k.step));
    progress::apply(&mut analysis.plan.steps, &store.words()?);
    let retired = analysis
        .plan
        .steps
        .iter()
        .filter(|s| s.kind == StepKind::Retire && s.status == Status::Done)
        .filter_map(|s| s.key)
        .collect();
    let present = history::retired_but_present(&analysis.inventory, &retired);
    analysis.assessment.report(present.into_iter());
    analysis.directories =
        if case.is_owned() { rekey::directories(&existing) } else { rekey::directories_of_plan(&case) };
    analysis.orphans = orphans;
    analysis.question = resolved.question;
    keep_certificates(&case, &analysis, terminal)?;
    let reported = Reported { default_incident: !analysis.question.has(OptionName::Incident) };
    let recorded = Recorded { files: &files, roots: &stored_roots };
    let (changes, beside) =
        keep(&case, &mut store, &analysis, &recorded, |analysis| beside(analysis, &reported))?;
    if changes.closed + changes.reopened > 0 {
        terminal.say(&format!(
            "the plan changed: {} new, {} closed, {} needed again; `certrecall status` tells more",
            count(changes.added, "step"),
            changes.closed,
            changes.reopened
        ));
    }
    let default_incident = reported.default_incident;
    Ok(Prepared { case, store, analysis, existing, default_incident, beside })
}

/// What a summary reports of a run besides its plan.
struct Reported {
    default_incident: bool,
}

impl Reported {
    fn shape<'s>(&'s self, case: &'s str, made: Option<(usize, usize)>) -> Shape<'s> {
        Shape { case, rows: ROWS, made, default_incident: self.default_incident }
    }
}

/// Keeps with each new decision what the evidence alone said when it was made.
fn settle(analysis: &mut Analysis, store: &mut Store) -> Result<(), Error> {
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
    store: &Store,
) -> Result<Vec<Orphan>, Error> {
    let gone =
        exposures.iter().filter(|(spki, _)| inventory.keys.binary_search_by_key(spki, |k| k.spki).is_err());
    let mut out = Vec::new();
    for (spki, exposure) in gone {
        if let Some(record) = store.key(spki)? {
            out.push(Orphan { spki: *spki, exposure: *exposure, record });
        }
    }
    Ok(out)
}

/// What of the key of a step is new since the last plan: a copy that is to be destroyed, an encoding that is
/// to be searched for.
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
    let copy = key.private_places().map(|copy| inventory.path(copy)).find(|path| !known.contains(&**path))?;
    Some(format!("another copy of the key lies in {} since", certrecall::pki::show(&copy)))
}

/// Writes the certificates that commands of the plan name, each in a file of its own: an upload can hold
/// several, and `openssl ca -revoke` takes the first.
fn keep_certificates(case: &Case, analysis: &Analysis, terminal: &Terminal) -> Result<(), Error> {
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
                analyse::reopen(&mut files, inventory, *sha256, &inventory.certificates[at].occurrences)
            });
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

/// What a case keeps of a run besides its plan.
struct Recorded<'a> {
    files: &'a [RecordedFile],
    roots: &'a [StoredRoot],
}

/// Writes the case: its database, and beside it, at the same time, the views. The database is what counts; a
/// view that a killed run left behind is written anew by the next. What `beside` makes is made meanwhile.
fn keep<T: Send>(
    case: &Case,
    store: &mut Store,
    analysis: &Analysis,
    recorded: &Recorded<'_>,
    beside: impl FnOnce(&Analysis) -> T + Send,
) -> Result<(Changes, T), Error> {
    let inventory = &analysis.inventory;
    let exposure = |key: &SpkiHash| {
        let at = inventory.keys.binary_search_by_key(key, |k| k.spki).ok()?;
        Some(analysis.assessment.keys[at].exposure.as_str())
    };
    let run = Run {
        at: analysis.clock.now,
        as_of: analysis.clock.as_of,
        incident: &analysis.incident.name,
        question: &analysis.question,
        roots: recorded.roots,
        recording: Recording {
            inventory,
            path_rows: &analysis.assessment.path_rows,
            before: recorded.files,
            roots: &analysis.roots,
        },
        found: inventory.has_content(),
        orphans: &analysis.orphans,
    };
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| beside(analysis));
        let (tell, told) = sync_channel::<Told>(TOLD);
        let saving = scope.spawn(|| {
            store.save(run, told.into_iter(), &analysis.plan.steps, |step| why_closed(step, exposure))
        });
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

/// The outcome. Nothing comes after it: taking hundreds of thousands of public records apart one by one would
/// only delay the end. What holds standard input is wiped like everything that can hold a key.
fn ended(analysis: Analysis, failed: bool) -> Outcome {
    let outcome = outcome(&analysis, failed);
    let Analysis { roots, inventory, assessment, plan, .. } = analysis;
    drop(roots);
    std::mem::forget((inventory, assessment, plan));
    outcome
}

fn outcome(analysis: &Analysis, failed: bool) -> Outcome {
    let nothing = !analysis.inventory.has_content() && analysis.orphans.is_empty();
    Outcome::of_steps(&analysis.plan.steps).and_incomplete(failed || nothing)
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
