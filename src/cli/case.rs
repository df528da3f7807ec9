//! `mark`, `status` and `explain`: what a case remembers.

use std::fs;

use certrecall::assess::Decision;
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::limits;
use certrecall::plan::progress::{self, is_suspicion, missing};
use certrecall::plan::{Mark, Step, StepKind, Word};
use certrecall::report::status::{By, CaseStatus, Share};
use certrecall::report::story::KeyStory;
use certrecall::report::{plan_file, plan_text};
use certrecall::store::{self, Case, Kept, Store};

use super::analyse::{moment, now};
use super::args::{CaseFormat, ExplainArgs, MarkArgs, StatusArgs, TalliedBy};
use super::error::Error;
use super::exit::Outcome;
use super::search;
use super::term::Terminal;

/// Rows of each list of `status`.
const ROWS: usize = 20;

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
    let step = find(&steps, &args.step).or_else(|error| find(&closed, &args.step).map_err(|_| error))?.clone();
    args.status.fits(&step).map_err(|e| Error::Value { flag: "STATUS", says: e.to_string() })?;
    let waits = missing(&step, &steps);
    if !waits.is_empty() && !matches!(args.status, Mark::Waived | Mark::Reopened) {
        let ids: Vec<&str> = waits.iter().map(|s| s.id.as_str()).collect();
        terminal.warn(&format!("written down, though {} was to come before: look at what that means for the order of the plan", ids.join(", ")));
    }
    if let Some(path) = &args.ct_export {
        let said = search::Said { case: &case, step: &step, args, at, recorded };
        return search::close(&said, path, &mut store, steps, words, terminal);
    }
    let by = by(args);
    let word = Word { step: step.id, mark: args.status, reason: args.reason.clone().unwrap_or_default(), by, at, recorded };
    let decided = decision(&step, &word);
    let decides = decided.is_some();
    store.say(&word, decided)?;
    words.push(word);
    progress::apply(&mut steps, &words);
    show_again(&case, &steps)?;
    let state = steps.iter().find(|s| s.id == step.id).map_or("closed", |s| s.status.as_str());
    terminal.say(&format!("{} is {state}", step.id));
    if decides {
        terminal.say("the decision counts from the next `certrecall plan` on");
    }
    Ok(Outcome::default())
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

/// The step of that name, or the only one whose name begins like that.
fn find<'a>(steps: &'a [Step], name: &str) -> Result<&'a Step, Error> {
    let says = |says: String| Error::Value { flag: "STEP", says };
    if let Some(step) = steps.iter().find(|s| s.id.as_str() == name) {
        return Ok(step);
    }
    let mut like = steps.iter().filter(|s| s.id.as_str().starts_with(name));
    match (like.next(), like.next()) {
        (Some(step), None) => Ok(step),
        (Some(a), Some(b)) => Err(says(format!("{name:?} is the beginning of several steps, {} and {} among them; write more of it", a.id, b.id))),
        _ => Err(says(format!("the plan has no step {name:?}; plan.md names them, and `certrecall status` those that can be done now"))),
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

/// The steps with the status that they have now, and what was said.
fn progress(store: &Store) -> Result<(Vec<Kept>, Vec<Word>), Error> {
    let (mut kept, words) = (store.steps()?, store.words()?);
    let mut open: Vec<Step> = kept.iter().filter(|k| k.closed.is_none()).map(|k| k.step.clone()).collect();
    progress::apply(&mut open, &words);
    kept.iter_mut().filter(|k| k.closed.is_none()).zip(open).for_each(|(kept, step)| kept.step = step);
    Ok((kept, words))
}

/// `certrecall status`.
pub(crate) fn status(args: &StatusArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    let store = case.store()?;
    let as_of = args.as_of.as_deref().map_or_else(|| Ok(now()), |t| moment("--as-of", t))?;
    let (kept, words) = progress(&store)?;
    let exposures = store.exposures()?;
    let mut shares: Vec<Share> = Vec::new();
    let mut wrong = None;
    store.each_key(|record| match serde_json::from_slice(record) {
        Ok(share) => shares.push(share),
        Err(error) => wrong = Some(error),
    })?;
    if let Some(error) = wrong {
        return Err(damaged(&case, &error));
    }
    let status = CaseStatus::of(&exposures, &kept, &words, &shares, as_of);
    match (args.format, args.by) {
        (CaseFormat::Table, None) => terminal.print(&status.lines(ROWS))?,
        (CaseFormat::Table, Some(TalliedBy::Account)) => terminal.print(&status.table(By::Account))?,
        (CaseFormat::Table, Some(TalliedBy::Ca)) => terminal.print(&status.table(By::Authority))?,
        (CaseFormat::Json, _) => json(&status, terminal)?,
    }
    Ok(Outcome { to_act_on: status.is_open(), incomplete: false })
}

/// `certrecall explain`.
pub(crate) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    let store = case.store()?;
    let (kept, words) = progress(&store)?;
    let records = records(&store, &args.what)?;
    if records.is_empty() {
        let says = format!(
            "nothing in the case answers to {:?}: give a host name, a subject, a serial, a path, an account, or a SHA-256 of a certificate or public key",
            args.what
        );
        return Err(Error::Value { flag: "NAME|SHA256|SPKI", says });
    }
    let about = |key: &SpkiHash, certificates: &[Fingerprint], step: &Step| {
        step.key == Some(*key) || certificates.iter().any(|c| step.certificates.contains(c))
    };
    match args.format {
        CaseFormat::Table => {
            for (at, record) in records.iter().enumerate() {
                if at > 0 {
                    terminal.data(b"\n")?;
                }
                let story: KeyStory = serde_json::from_slice(record).map_err(|e| damaged(&case, &e))?;
                terminal.print(&story.lines(&kept, &words))?;
            }
        }
        CaseFormat::Json => {
            let mut out = Vec::new();
            for record in &records {
                let mut value: serde_json::Value = serde_json::from_slice(record).map_err(|e| damaged(&case, &e))?;
                let story: KeyStory = serde_json::from_slice(record).map_err(|e| damaged(&case, &e))?;
                let certificates = story.fingerprints();
                let steps: Vec<&Step> = kept.iter().map(|k| &k.step).filter(|s| about(&story.spki_sha256, &certificates, s)).collect();
                let said: Vec<&Word> = words.iter().filter(|w| steps.iter().any(|s| s.id == w.step)).collect();
                value["steps"] = serde_json::to_value(&steps).map_err(|e| damaged(&case, &e))?;
                value["words"] = serde_json::to_value(&said).map_err(|e| damaged(&case, &e))?;
                out.push(value);
            }
            json(&out, terminal)?;
        }
    }
    Ok(Outcome::default())
}

/// The records of the keys that `what` can mean.
fn records(store: &Store, what: &str) -> Result<Vec<Vec<u8>>, Error> {
    if let Ok(spki) = what.parse::<SpkiHash>()
        && let Some(record) = store.key(&spki)?
    {
        return Ok(vec![record]);
    }
    if let Ok(sha256) = what.parse::<Fingerprint>()
        && let Some(record) = store.key_of(&sha256)?
    {
        return Ok(vec![record]);
    }
    let mut out = Vec::new();
    store.each_key(|record| {
        if serde_json::from_slice::<KeyStory>(record).is_ok_and(|story| story.answers_to(what)) {
            out.push(record.to_vec());
        }
    })?;
    Ok(out)
}

pub(super) fn damaged(case: &Case, error: &serde_json::Error) -> Error {
    Error::Value {
        flag: "CASE",
        says: format!("{:?} holds a record that cannot be read ({error}); run `certrecall plan` again", case.path(store::DATABASE)),
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T, terminal: &Terminal) -> Result<(), Error> {
    let mut text = certrecall::report::json::to_vec(value);
    text.push(b'\n');
    terminal.data(&text)
}

/// Why a step that was in the plan is not in it any more.
pub(crate) fn why_closed(step: &Step, exposure: impl Fn(&SpkiHash) -> Option<&'static str>) -> String {
    match step.key.map(|key| exposure(&key)) {
        Some(Some(_)) if step.kind == StepKind::Replace => "the certificate that was known from elsewhere is here now, or has expired".to_owned(),
        Some(None) => "its key is not found any more".to_owned(),
        Some(Some(exposure @ ("exposed" | "presumed" | "undetermined"))) => format!("its key is {exposure}, and no certificate on it needs this now"),
        Some(Some(exposure)) => format!("its key is {exposure} now"),
        None => "the certificates it was about are not found any more, or need no replacement now".to_owned(),
    }
}
