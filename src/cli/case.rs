//! `status` and `explain`: what a case remembers.

use std::collections::BTreeSet;
use std::io;

use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::plan::progress;
use certrecall::plan::{Step, Word};
use certrecall::report::status::{By, CaseStatus, Share, Stored};
use certrecall::report::story::{AccountStory, NoPathAccounts};
use certrecall::store::model::{KeyRecord, NameKey};
use certrecall::store::question::Scope;
use certrecall::store::{Case, Kept, Store};

use super::args::{ExplainArgs, StatusArgs, TalliedBy};
use super::error::Error;
use super::exit::Outcome;
use super::output_format::CaseFormat;
use super::term::Terminal;
use certrecall::case::inputs::{moment, now};

/// Rows of each list of `status`.
const ROWS: usize = 20;

/// The steps with the status that they have now, and what was said.
pub(crate) fn progress(store: &dyn Store) -> Result<(Vec<Kept>, Vec<Word>), Error> {
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
    let (kept, words) = progress(&*store)?;
    let exposures = store.exposures()?;
    let mut shares: Vec<Share> = Vec::new();
    store.each_key(&mut |record| shares.push(Share::of(record)))?;
    let (question, complete, roots) =
        (store.question(Scope::Plan)?, store.question(Scope::Complete)?, store.roots()?);
    let found = store.last_run()?.is_none_or(|run| run.found);
    let stored = Stored { question: question.as_ref(), complete: complete.as_ref(), roots: &roots, found };
    let status = CaseStatus::of(&exposures, &kept, &words, &shares, stored, as_of);
    match (args.format, args.by) {
        (CaseFormat::Table, None) => {
            terminal.print(&status.lines(ROWS, &|key| Some(store.key(key).ok()??.title())))?;
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
    let (kept, words) = progress(&*store)?;
    if let Some((account, stories)) = of_account(&*store, &args.what)? {
        return explain_account(args, &account, &stories, (&kept, &words), terminal);
    }
    let records = records(&*store, &args.what)?;
    if records.is_empty() {
        let says = format!(
            "nothing in the case answers to {:?}: give a host name, a subject, a serial, a path, an account, or a SHA-256 of a certificate or public key",
            args.what
        );
        return Err(Error::Value { flag: "NAME|SHA256|SPKI", says });
    }
    let about = |record: &KeyRecord, step: &Step| {
        step.key == Some(record.spki_sha256)
            || record.certificates.iter().any(|c| step.certificates.contains(&c.sha256))
    };
    match args.format {
        CaseFormat::Table => {
            for (at, record) in records.iter().enumerate() {
                if at > 0 {
                    terminal.data(b"\n")?;
                }
                terminal.print(&record.lines(&kept, &words))?;
            }
        }
        CaseFormat::Json => {
            let mut out = Vec::new();
            for record in &records {
                let steps: Vec<&Step> = kept.iter().map(|k| &k.step).filter(|s| about(record, s)).collect();
                let words: Vec<&Word> =
                    words.iter().filter(|w| steps.iter().any(|s| s.id == w.step)).collect();
                let parts =
                    [("steps", serde_json::to_value(&steps)), ("words", serde_json::to_value(&words))];
                let mut value = serde_json::to_value(record).map_err(io::Error::from)?;
                for (name, part) in parts {
                    value[name] = part.map_err(io::Error::from)?;
                }
                out.push(value);
            }
            json(&out, terminal)?;
        }
    }
    Ok(Outcome::default())
}

/// The account of that name and the keys it uploaded, if there is one: by its exact name, else without regard
/// to case.
fn of_account(store: &dyn Store, name: &str) -> Result<Option<(String, Vec<KeyRecord>)>, Error> {
    let mut records = store.keys_named(&[NameKey::of(name)].into())?;
    let like = |record: &KeyRecord| -> Vec<String> {
        let uploaders = record.uploaders().into_iter();
        uploaders.filter(|account| account.eq_ignore_ascii_case(name)).map(str::to_owned).collect()
    };
    records.retain(|record| !like(record).is_empty());
    let mut names: BTreeSet<String> = records.iter().flat_map(like).collect();
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
    Ok(Some((account, records)))
}

/// What belongs to one account alone, to be sent to it.
fn explain_account(
    args: &ExplainArgs,
    account: &str,
    stories: &[KeyRecord],
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
fn records(store: &dyn Store, what: &str) -> Result<Vec<KeyRecord>, Error> {
    if let Ok(spki) = what.parse::<SpkiHash>()
        && let Some(record) = store.key(&spki)?
    {
        return Ok(vec![record]);
    }
    let sha256 = what.parse::<Fingerprint>().ok();
    let mut names = NameKey::meant_by(what);
    // OpenSSL writes it with colons.
    names.extend(sha256.iter().flat_map(|sha256| NameKey::meant_by(&sha256.to_string())));
    let mut out = store.keys_named(&names)?;
    let has = |record: &KeyRecord| {
        let requests = record.requests.iter().map(|r| r.sha256);
        record.certificates.iter().map(|c| c.sha256).chain(requests).any(|hash| Some(hash) == sha256)
    };
    if let Some(at) = out.iter().position(has) {
        return Ok(vec![out.swap_remove(at)]);
    }
    out.retain(|record| record.answers_to(what));
    Ok(out)
}

fn json<T: serde::Serialize + ?Sized>(value: &T, terminal: &Terminal) -> Result<(), Error> {
    let mut text = certrecall::report::json::to_vec(value);
    text.push(b'\n');
    terminal.data(&text)
}
