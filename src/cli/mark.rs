//! `mark`: a person's word about a step, or about each of a list of steps.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use certrecall::assess::Decision;
use certrecall::id::{SpkiHash, StepId};
use certrecall::limits;
use certrecall::plan::progress::{self, is_suspicion};
use certrecall::plan::{Mark, Status, Step, Word};
use certrecall::report::view::count;
use certrecall::report::{plan_file, plan_text};
use certrecall::store::{self, Case, Kept};

use super::analyse::{listed, moment, now};
use super::args::MarkArgs;
use super::error::Error;
use super::exit::Outcome;
use super::search;
use super::term::Terminal;

/// Steps named in a warning.
const NAMED: usize = 5;

/// `certrecall mark`.
pub(crate) fn mark(args: &MarkArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    let mut store = case.store()?;
    let recorded = now();
    let at = args.at.as_deref().map_or(Ok(recorded), |t| moment("--at", t))?;
    if at > recorded {
        return Err(Error::Value { flag: "--at", says: format!("{at} has not come yet; say it when it has happened") });
    }
    said("--reason", args.reason.as_deref())?;
    said("--by", args.by.as_deref())?;
    let (kept, mut words) = (store.steps()?, store.words()?);
    let (open, closed): (Vec<Kept>, Vec<Kept>) = kept.into_iter().partition(|k| k.closed.is_none());
    let mut steps: Vec<Step> = open.into_iter().map(|k| k.step).collect();
    progress::apply(&mut steps, &words);
    // A decision closes the step that asked for it; it can be taken back all the same.
    let closed: Vec<Step> = closed.into_iter().map(|k| k.step).filter(|s| args.status == Mark::Reopened && is_suspicion(s)).collect();
    let named = named(args, &steps, &closed)?;
    if let Some(path) = &args.ct_export {
        let [step] = named.as_slice() else {
            return Err(Error::Value { flag: "--ct-export", says: "it closes one search; name that step".to_owned() });
        };
        let step = Step::clone(step);
        let said = search::Said { case: &case, step: &step, args, at, recorded };
        return search::close(&said, path, &mut store, steps, words, terminal);
    }
    let (reason, by) = (args.reason.clone().unwrap_or_default(), by(args));
    let word = |step: &Step| Word { step: step.id, mark: args.status, reason: reason.clone(), by: by.clone(), at, recorded };
    let new: Vec<Word> = named.iter().map(|step| word(step)).collect();
    let decisions: Vec<_> = named.iter().zip(&new).filter_map(|(step, word)| decision(step, word)).collect();
    let ids: Vec<StepId> = named.iter().map(|step| step.id).collect();
    let waits = |step: &&&Step| step.status == Status::Waiting && !matches!(args.status, Mark::Waived | Mark::Reopened);
    let early: HashSet<StepId> = named.iter().filter(waits).map(|step| step.id).collect();
    store.say(&new, &decisions)?;
    words.extend(new);
    progress::apply(&mut steps, &words);
    warn_of_order(&early, &steps, terminal);
    show_again(&case, &steps)?;
    match ids.as_slice() {
        [id] => {
            let state = steps.iter().find(|s| s.id == *id).map_or("closed", |s| s.status.as_str());
            terminal.say(&format!("{id} is {state}"));
        }
        ids => terminal.say(&format!("{} marked {}", count(ids.len(), "step"), args.status.as_str())),
    }
    if !decisions.is_empty() {
        let what = if decisions.len() == 1 { "the decision counts" } else { "the decisions count" };
        terminal.say(&format!("{what} from the next `certrecall plan` on"));
    }
    Ok(Outcome::default())
}

/// The steps that are meant: one by its name, or those of a list, each once.
fn named<'s>(args: &MarkArgs, steps: &'s [Step], closed: &'s [Step]) -> Result<Vec<&'s Step>, Error> {
    let (steps, closed) = (by_name(steps), by_name(closed));
    let one = |name: &str| {
        let step = find(&steps, name).or_else(|says| find(&closed, name).map_err(|_| says)).map_err(|says| ("STEP", says))?;
        args.status.fits(step).map(|()| step).map_err(|e| ("STATUS", e.to_string()))
    };
    let Some(path) = args.step.strip_prefix('@') else {
        return one(&args.step).map(|step| vec![step]).map_err(|(flag, says)| Error::Value { flag, says });
    };
    let path = Path::new(if path == "-" { "/dev/stdin" } else { path });
    let mut out: Vec<&Step> = Vec::new();
    let mut seen = HashSet::new();
    for (line, name) in listed("list of steps", path)? {
        let step = one(&name).map_err(|(flag, says)| Error::Value { flag, says: format!("{}:{line}: {says}", path.display()) })?;
        if seen.insert(step.id) {
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
    let mut like = steps.range(name..).map(|(_, step)| *step).take_while(|step| step.id.as_str().starts_with(name));
    match (like.next(), like.next()) {
        (Some(step), None) => Ok(step),
        (Some(a), Some(b)) => Err(format!("{name:?} is the beginning of several steps, {} and {} among them; write more of it", a.id, b.id)),
        _ => Err(format!("the plan has no step {name:?}; plan.md names them, and `certrecall status` those that can be done now")),
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
        Some(text) if text.trim().is_empty() => "it is empty; whoever reads the case later needs it".to_owned(),
        Some(text) if text.len() > limits::SAID => format!("it has more than {} bytes; name the file or the ticket that has the rest", limits::SAID),
        _ => return Ok(()),
    };
    Err(Error::Value { flag, says })
}

/// Who says so.
pub(super) fn by(args: &MarkArgs) -> String {
    args.by.clone().or_else(|| ["USER", "LOGNAME"].iter().find_map(|n| std::env::var(n).ok())).unwrap_or_else(|| "unknown".to_owned())
}

/// What a word about a suspicion decides about its key: nothing, a decision, or that an earlier one is taken back.
fn decision(step: &Step, word: &Word) -> Option<(SpkiHash, Option<Decision>)> {
    let key = step.key.filter(|_| is_suspicion(step))?;
    let decided = |exposed| Decision { exposed, misused: false, reason: word.reason.clone(), by: word.by.clone(), at: word.at };
    match word.mark {
        Mark::Cleared => Some((key, Some(decided(false)))),
        Mark::Confirmed => Some((key, Some(decided(true)))),
        Mark::Reopened => Some((key, None)),
        _ => None,
    }
}

/// Brings the views of the plan up to date with what was said.
pub(super) fn show_again(case: &Case, steps: &[Step]) -> Result<(), Error> {
    let path = case.path(store::PLAN_JSON);
    let input = |error| Error::Input { what: "plan", path: path.clone(), error };
    let text = fs::read(&path).map_err(input)?;
    case.write(store::PLAN_JSON, &plan_file::with_steps(&text, steps).map_err(input)?)?;
    let path = case.path(store::PLAN_MD);
    let text = fs::read_to_string(&path).map_err(|error| Error::Input { what: "plan", path: path.clone(), error })?;
    Ok(case.write(store::PLAN_MD, plan_text::with_marks(&text, steps).as_bytes())?)
}
