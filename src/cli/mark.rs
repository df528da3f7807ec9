//! `mark`: a person's word about a step, or about each of a list of steps.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use certrecall::assess::{Decision, Exposure};
use certrecall::id::{SpkiHash, StepId};
use certrecall::limits;
use certrecall::plan::progress::{self, is_suspicion};
use certrecall::plan::selection::{Selected, Selection, Subjects};
use certrecall::plan::{Mark, Status, Step, Word};
use certrecall::report::status;
use certrecall::report::view::count;
use certrecall::store::model::NameKey;
use certrecall::store::{self, Case, Kept, PlanList, Store};

use super::args::MarkArgs;
use super::error::Error;
use super::exit::Outcome;
use super::recorded::{by, show_again};
use super::search;
use super::term::Terminal;
use certrecall::case::inputs::{listed, moment, now};

/// Steps named in a warning.
const NAMED: usize = 5;

/// Selected steps that are listed one by one.
const LISTED: usize = 100;

/// `certrecall mark`.
pub(crate) fn mark(args: &MarkArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    said("--reason", args.reason.as_deref())?;
    said("--by", args.by.as_deref())?;
    let selection = args.selecting.selection();
    if selection.is_some() == args.step.is_some() {
        let says =
            "name the steps, or select them with --host, --account, --ca, --kind or --ready; one of the two"
                .to_owned();
        return Err(Error::Value { flag: "STEP", says });
    }
    let mut opened = Opened::open(args)?;
    let recorded = now();
    let at = args.at.as_deref().map_or(Ok(recorded), |t| moment("--at", t))?;
    if at > recorded {
        return Err(Error::Value {
            flag: "--at",
            says: format!("{at} has not come yet; say it when it has happened"),
        });
    }
    let ids = match &selection {
        None => named(args, &opened)?,
        Some(selection) => {
            let ids = selected(args.status, selection, &opened, terminal)?;
            if !args.selecting.yes && ids.len() > 1 {
                // The lock is free while a person thinks.
                drop(opened);
                confirm(args.status, ids.len(), terminal)?;
                opened = Opened::open(args)?;
                if selection_of(args.status, selection, &opened)?
                    .steps
                    .iter()
                    .map(|s| s.id)
                    .ne(ids.iter().copied())
                {
                    let says = "the steps it selects have changed since they were listed; nothing was marked, run this again".to_owned();
                    return Err(Error::Value { flag: "STEP", says });
                }
            }
            ids
        }
    };
    let Opened { case, mut store, mut steps, closed, mut words } = opened;
    let meant: HashMap<StepId, &Step> = closed.iter().chain(&steps).map(|s| (s.id, s)).collect();
    let named: Vec<&Step> = ids.iter().filter_map(|id| meant.get(id).copied()).collect();
    if let Some(path) = &args.ct_export {
        let searches: Vec<Step> = named.into_iter().cloned().collect();
        let said = search::Said { case: &case, searches: &searches, args, at, recorded };
        return search::close(&said, path, &mut *store, steps, words, terminal);
    }
    let (reason, by) = (args.reason.clone().unwrap_or_default(), by(args, terminal));
    let word = |step: &Step| Word {
        step: step.id,
        mark: args.status,
        reason: reason.clone(),
        by: by.clone(),
        at,
        recorded,
    };
    let new: Vec<Word> = named.iter().map(|step| word(step)).collect();
    let on = |step: &Step| step.key.map_or(Ok(None), |key| store.exposure(&key));
    let decisions = named.iter().zip(&new).map(|(step, word)| Ok(decision(step, word, on(step)?)));
    let decisions: Vec<_> =
        decisions.collect::<Result<Vec<_>, store::Error>>()?.into_iter().flatten().collect();
    let waits = |step: &&&Step| {
        step.status == Status::Waiting && !matches!(args.status, Mark::Waived | Mark::Reopened)
    };
    let early: HashSet<StepId> = named.iter().filter(waits).map(|step| step.id).collect();
    store.record(&new, &decisions)?;
    words.extend(new);
    progress::apply(&mut steps, &words);
    warn_of_order(&early, &steps, terminal);
    show_again(&case, &*store, &steps, terminal)?;
    match ids.as_slice() {
        [id] => {
            let state = steps.iter().find(|s| s.id == *id).map_or("closed", |s| s.status.as_str());
            terminal.say(&format!("{id} is {state}"));
        }
        ids => terminal.say(&format!("{} marked {}", count(ids.len(), "step"), args.status.as_str())),
    }
    if !decisions.is_empty() {
        let what = if decisions.len() == 1 { "the decision counts" } else { "the decisions count" };
        terminal.say(&format!("{what} from the next `certrecall plan` on, for `rekey --proofs` at once"));
    }
    Ok(Outcome::default())
}

/// A case with its steps as they are now.
struct Opened {
    case: Case,
    store: Box<dyn Store>,
    steps: Vec<Step>,
    /// Suspicions that a decision closed, where they can be reopened.
    closed: Vec<Step>,
    words: Vec<Word>,
}

impl Opened {
    fn open(args: &MarkArgs) -> Result<Self, Error> {
        let case = Case::open_waiting(&args.case, Duration::from_secs(args.wait.into()))?;
        let store = case.store()?;
        let (kept, words) = (store.steps()?, store.words()?);
        let (open, closed): (Vec<Kept>, Vec<Kept>) = kept.into_iter().partition(|k| k.closed.is_none());
        let mut steps: Vec<Step> = open.into_iter().map(|k| k.step).collect();
        progress::apply(&mut steps, &words);
        // A decision closes the step that asked for it; it can be taken back all the same.
        let closed = closed
            .into_iter()
            .map(|k| k.step)
            .filter(|s| args.status == Mark::Reopened && is_suspicion(s))
            .collect();
        Ok(Self { case, store, steps, closed, words })
    }
}

/// The steps that a selection takes, listed on standard error.
fn selected(
    mark: Mark,
    selection: &Selection,
    opened: &Opened,
    terminal: &Terminal,
) -> Result<Vec<StepId>, Error> {
    let Selected { steps, over, unfit } = selection_of(mark, selection, opened)?;
    let state = if mark == Mark::Reopened { "not done or waived" } else { "done or waived" };
    let left_out = [(over, state.to_owned()), (unfit, format!("of a kind that cannot be {}", mark.as_str()))];
    let left_out: Vec<String> =
        left_out.into_iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
    if steps.is_empty() {
        let says = match left_out.as_slice() {
            [] => format!("no step of the plan matches {selection}"),
            why => format!("no step that matches {selection} can be marked: {}", why.join(", ")),
        };
        return Err(Error::Value { flag: "STEP", says });
    }
    let head =
        if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    terminal.say(&format!("{} selected by {selection}{head}", count(steps.len(), "step")));
    for step in steps.iter().take(LISTED) {
        terminal.say(&format!(
            "  {} ({}): {}",
            step.id,
            step.status.as_str(),
            status::brief(&step.says, status::BRIEF)
        ));
    }
    if steps.len() > LISTED {
        terminal.say(&format!("  and {} more", steps.len() - LISTED));
    }
    Ok(steps.iter().map(|s| s.id).collect())
}

fn selection_of<'o>(mark: Mark, selection: &Selection, opened: &'o Opened) -> Result<Selected<'o>, Error> {
    let store = &*opened.store;
    let mut authorities = Vec::new();
    if selection.authority.is_some() {
        authorities = authorities_of(&opened.case, store)?;
    }
    let mut subjects = Subjects::new(authorities);
    let texts = [&selection.host, &selection.account];
    let names: BTreeSet<NameKey> =
        texts.into_iter().flatten().flat_map(|name| NameKey::meant_by(name)).collect();
    for record in store.keys_named(&names)? {
        subjects.add(selection, &record.subject());
    }
    Ok(selection.select(mark, &opened.steps, &subjects))
}

/// The CAs of the plan, id and name.
fn authorities_of(case: &Case, store: &dyn Store) -> Result<Vec<(String, String)>, Error> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
        name: String,
    }
    case.header(store)?;
    let (mut out, mut damaged) = (Vec::new(), None);
    store.each_item(PlanList::Authorities, &mut |text| match serde_json::from_slice(text) {
        Ok(Named { id, name }) => out.push((id, name)),
        Err(error) => damaged = Some(error),
    })?;
    damaged.map_or(Ok(out), |error| {
        Err(store::Error::Damaged { path: case.path(store::DATABASE), error }.into())
    })
}

/// Asks whether the listed steps are to be marked.
fn confirm(mark: Mark, steps: usize, terminal: &Terminal) -> Result<(), Error> {
    let wrong = |says: String| Err(Error::Value { flag: "--yes", says });
    match terminal.ask(&format!("mark {} {}?", count(steps, "step"), mark.as_str())) {
        Some(true) => Ok(()),
        Some(false) => wrong("not confirmed; nothing was marked".to_owned()),
        None => wrong(format!(
            "{} selected and not a terminal to ask on; nothing was marked, give --yes to mark them",
            count(steps, "step")
        )),
    }
}

/// The steps that are named: one by its name, or those of a list, each once.
fn named(args: &MarkArgs, opened: &Opened) -> Result<Vec<StepId>, Error> {
    let (steps, closed) = (by_name(&opened.steps), by_name(&opened.closed));
    let given = args.step.as_deref().unwrap_or_default();
    let one = |name: &str| {
        let step = find(&steps, name)
            .or_else(|says| find(&closed, name).map_err(|_| says))
            .map_err(|says| ("STEP", says))?;
        args.status.fits(step).map(|()| step.id).map_err(|e| ("STATUS", e.to_string()))
    };
    let Some(path) = given.strip_prefix('@') else {
        return one(given).map(|step| vec![step]).map_err(|(flag, says)| Error::Value { flag, says });
    };
    let path = Path::new(if path == "-" { "/dev/stdin" } else { path });
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for (line, name) in listed("list of steps", path)? {
        let step = one(&name).map_err(|(flag, says)| Error::Value {
            flag,
            says: format!("{}:{line}: {says}", path.display()),
        })?;
        if seen.insert(step) {
            out.push(step);
        }
    }
    if out.is_empty() {
        return Err(Error::Value { flag: "STEP", says: format!("{} names no step", path.display()) });
    }
    Ok(out)
}

type Names<'s> = BTreeMap<&'s str, &'s Step>;

fn by_name(steps: &[Step]) -> Names<'_> {
    steps.iter().map(|step| (step.id.as_str(), step)).collect()
}

/// The step of that name, or the only one whose name begins like that.
fn find<'s>(steps: &Names<'s>, name: &str) -> Result<&'s Step, String> {
    if let Some(step) = steps.get(name) {
        return Ok(step);
    }
    let mut like =
        steps.range(name..).map(|(_, step)| *step).take_while(|step| step.id.as_str().starts_with(name));
    match (like.next(), like.next()) {
        (Some(step), None) => Ok(step),
        (Some(a), Some(b)) => Err(format!(
            "{name:?} is the beginning of several steps, {} and {} among them; write more of it",
            a.id, b.id
        )),
        _ => Err(format!(
            "the plan has no step {name:?}; plan.md names them, and `certrecall status` those that can be done now"
        )),
    }
}

/// Warns of steps that are done though others were to come before.
fn warn_of_order(early: &HashSet<StepId>, steps: &[Step], terminal: &Terminal) {
    let mut told = progress::missing(early, steps);
    for (step, waits) in told.by_ref().take(NAMED) {
        let waits: Vec<&str> = waits.iter().map(|id| id.as_str()).collect();
        let waits = waits.join(", ");
        terminal.warn(&format!("written down, though {waits} was to come before {}: look at what that means for the order of the plan", step.id));
    }
    let more = told.count();
    if more > 0 {
        terminal.warn(&format!("and {} more like these", count(more, "step")));
    }
}

/// What a person says is something, and is no file.
fn said(flag: &'static str, text: Option<&str>) -> Result<(), Error> {
    let says = match text {
        Some(text) if text.trim().is_empty() => {
            "it is empty; whoever reads the case later needs it".to_owned()
        }
        Some(text) if text.len() > limits::SAID => {
            format!("it has more than {} bytes; name the file or the ticket that has the rest", limits::SAID)
        }
        _ => return Ok(()),
    };
    Err(Error::Value { flag, says })
}

/// What a word about a suspicion decides about its key: nothing, a decision, or that an earlier one is taken
/// back.
fn decision(step: &Step, word: &Word, on: Option<Exposure>) -> Option<(SpkiHash, Option<Decision>)> {
    let key = step.key.filter(|_| is_suspicion(step))?;
    let decided = |exposed| Decision {
        exposed,
        misused: false,
        reason: word.reason.clone(),
        by: word.by.clone(),
        at: word.at,
        on,
    };
    match word.mark {
        Mark::Cleared => Some((key, Some(decided(false)))),
        Mark::Confirmed => Some((key, Some(decided(true)))),
        Mark::Reopened => Some((key, None)),
        _ => None,
    }
}
