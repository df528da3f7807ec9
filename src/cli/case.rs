//! `status` and `explain`: what a case remembers.

use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::plan::progress;
use certrecall::plan::{Step, StepKind, Word};
use certrecall::report::status::{By, CaseStatus, Share};
use certrecall::report::story::KeyStory;
use certrecall::store::{self, Case, Kept, Store};

use super::analyse::{moment, now};
use super::args::{CaseFormat, ExplainArgs, StatusArgs, TalliedBy};
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;

/// Rows of each list of `status`.
const ROWS: usize = 20;

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
        (CaseFormat::Table, None) => {
            let story = |key: &SpkiHash| serde_json::from_slice::<KeyStory>(&store.key(key).ok()??).ok();
            terminal.print(&status.lines(ROWS, &|key| Some(story(key)?.title())))?;
        }
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
