//! `status` and `explain`: what a case remembers.

use std::collections::BTreeSet;

use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::plan::progress;
use certrecall::plan::{Step, Word};
use certrecall::report::status::{By, CaseStatus, Share, Stored};
use certrecall::report::story::{AccountStory, KeyStory, NoPathAccounts};
use certrecall::store::question::Scope;
use certrecall::store::{self, Case, Kept, Store};

use super::args::{CaseFormat, ExplainArgs, StatusArgs, TalliedBy};
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;
use certrecall::case::inputs::{moment, now};

/// Rows of each list of `status`.
const ROWS: usize = 20;

/// The steps with the status that they have now, and what was said.
pub(crate) fn progress(store: &Store) -> Result<(Vec<Kept>, Vec<Word>), Error> {
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
    let (question, complete, roots) =
        (store.question(Scope::Plan)?, store.question(Scope::Complete)?, store.roots()?);
    let found = store.last_run()?.is_none_or(|run| run.found);
    let stored = Stored { question: question.as_ref(), complete: complete.as_ref(), roots: &roots, found };
    let status = CaseStatus::of(&exposures, &kept, &words, &shares, stored, as_of);
    match (args.format, args.by) {
        (CaseFormat::Table, None) => {
            let story = |key: &SpkiHash| serde_json::from_slice::<KeyStory>(&store.key(key).ok()??).ok();
            terminal.print(&status.lines(ROWS, &|key| Some(story(key)?.title())))?;
        }
        (CaseFormat::Table, Some(TalliedBy::Account)) => terminal.print(&status.table(By::Account))?,
        (CaseFormat::Table, Some(TalliedBy::Ca)) => terminal.print(&status.table(By::Authority))?,
        (CaseFormat::Json, _) => json(&status, terminal)?,
    }
    Ok(Outcome::of_steps(kept.iter().filter(|k| k.closed.is_none()).map(|k| &k.step)).and_incomplete(!found))
}

/// `certrecall explain`.
pub(crate) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    let store = case.store()?;
    let (kept, words) = progress(&store)?;
    if let Some((account, stories)) = of_account(&case, &store, &args.what)? {
        return explain_account(args, &account, &stories, (&kept, &words), terminal);
    }
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
                let mut value: serde_json::Value =
                    serde_json::from_slice(record).map_err(|e| damaged(&case, &e))?;
                let story: KeyStory = serde_json::from_slice(record).map_err(|e| damaged(&case, &e))?;
                let certificates = story.fingerprints();
                let steps: Vec<&Step> = kept
                    .iter()
                    .map(|k| &k.step)
                    .filter(|s| about(&story.spki_sha256, &certificates, s))
                    .collect();
                let said: Vec<&Word> =
                    words.iter().filter(|w| steps.iter().any(|s| s.id == w.step)).collect();
                value["steps"] = serde_json::to_value(&steps).map_err(|e| damaged(&case, &e))?;
                value["words"] = serde_json::to_value(&said).map_err(|e| damaged(&case, &e))?;
                out.push(value);
            }
            json(&out, terminal)?;
        }
    }
    Ok(Outcome::default())
}

/// The account of that name and the keys it uploaded, if there is one: by its exact name, else without regard
/// to case.
fn of_account(case: &Case, store: &Store, name: &str) -> Result<Option<(String, Vec<KeyStory>)>, Error> {
    let mut stories: Vec<KeyStory> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut wrong = None;
    store.each_key(|record| match serde_json::from_slice::<KeyStory>(record) {
        Ok(story) => {
            let like: Vec<String> = story
                .uploaders()
                .into_iter()
                .filter(|account| account.eq_ignore_ascii_case(name))
                .map(str::to_owned)
                .collect();
            if !like.is_empty() {
                names.extend(like);
                stories.push(story);
            }
        }
        Err(error) => wrong = Some(error),
    })?;
    if let Some(error) = wrong {
        return Err(damaged(case, &error));
    }
    let account = match (names.contains(name), names.len()) {
        (true, _) => name.to_owned(),
        (false, 0) => return Ok(None),
        (false, 1) => names.pop_first().unwrap_or_default(),
        (false, _) => {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            return Err(Error::Value {
                flag: "NAME|SHA256|SPKI",
                says: format!(
                    "several accounts have that name but for case; write one of {}",
                    names.join(", ")
                ),
            });
        }
    };
    Ok(Some((account, stories)))
}

/// What belongs to one account alone, to be sent to it.
fn explain_account(
    args: &ExplainArgs,
    account: &str,
    stories: &[KeyStory],
    (kept, words): (&[Kept], &[Word]),
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let wrong = |e: NoPathAccounts| Error::Value { flag: "CASE", says: e.to_string() };
    let own = stories
        .iter()
        .map(|story| story.of_account(account, kept, words))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    let own: Vec<AccountStory<'_>> = own.into_iter().flatten().collect();
    terminal
        .say(&format!("{account:?} is an account: only what belongs to its own uploads is shown; name a host, a path or a hash for whole records"));
    match args.format {
        CaseFormat::Table => {
            for (at, story) in own.iter().enumerate() {
                if at > 0 {
                    terminal.data(b"\n")?;
                }
                terminal.print(&story.lines())?;
            }
        }
        CaseFormat::Json => json(&own, terminal)?,
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
        says: format!(
            "{:?} holds a record that cannot be read ({error}); run `certrecall plan` again",
            case.path(store::DATABASE)
        ),
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T, terminal: &Terminal) -> Result<(), Error> {
    let mut text = certrecall::report::json::to_vec(value);
    text.push(b'\n');
    terminal.data(&text)
}
