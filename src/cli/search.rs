//! `mark CASE STEP searched --ct-export FILE`: a search that is closed by what it returned.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use certrecall::id::{SpkiHash, StepId};
use certrecall::plan::ct::{self, Listed};
use certrecall::plan::{Mark, Step, StepKind, Word, progress};
use certrecall::report::story::KeyStory;
use certrecall::report::view::count;
use certrecall::store::{Case, Store};
use certrecall::time::Time;
use certrecall::{limits, pki};

use super::analyse::bounded;
use super::args::MarkArgs;
use super::case::damaged;
use super::error::Error;
use super::exit::Outcome;
use super::mark::{by, show_again};
use super::term::Terminal;

/// Findings said one by one.
const ROWS: usize = 20;

/// A word, in its case.
pub(super) struct Said<'a> {
    pub(super) case: &'a Case,
    pub(super) step: &'a Step,
    pub(super) args: &'a MarkArgs,
    pub(super) at: Time,
    pub(super) recorded: Time,
}

/// Reads what the search returned, keeps it, and closes the step with it. What it found joins the steps of the key at once: their revocation
/// may not be taken for ready in the meantime.
pub(super) fn close(
    said: &Said<'_>,
    path: &Path,
    store: &mut Store,
    mut steps: Vec<Step>,
    mut words: Vec<Word>,
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let wrong = |says: String| Error::Value { flag: "--ct-export", says };
    let step = said.step;
    let Some(key) = step.key.filter(|_| step.kind == StepKind::Search && said.args.status == Mark::Searched) else {
        return Err(wrong(format!("it closes a search; {} {} is none", step.id, said.args.status.as_str())));
    };
    let record = store.key(&key)?.ok_or_else(|| wrong(format!("the case does not know the key of {}; run `certrecall plan` again", step.id)))?;
    let story: KeyStory = serde_json::from_slice(&record).map_err(|e| damaged(said.case, &e))?;
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |n| n.to_string_lossy());
    let name = pki::show(&name);
    let bytes = bounded("answer of the search", path, limits::CT_EXPORT)?;
    let export = ct::read(&name, &bytes, &story.names()).map_err(|e| wrong(format!("{name}: {e}")))?;
    if let Some(says) = of_another_key(store, &key, &export.certificates)? {
        return Err(wrong(format!("{name}: {says}")));
    }
    for finding in export.findings.list.iter().take(ROWS) {
        terminal.warn(&format!("{}: {}", finding.place, finding.says));
    }
    let findings: u64 = export.findings.counts.values().sum();
    if findings > ROWS as u64 {
        terminal.warn(&format!("and {} more rows like these", findings - ROWS as u64));
    }
    let missing = ct::missing(&export.certificates, story.listed());
    let open: Vec<&Listed> = missing.iter().filter(|l| l.is_live(said.recorded)).copied().collect();
    let found = format!(
        "{name}: {} on the key, {} of them at hand; of the others {} expired, {} can still be used",
        count(export.certificates.len(), "certificate"),
        export.certificates.len() - missing.len(),
        missing.len() - open.len(),
        open.len()
    );
    let before: BTreeMap<StepId, Step> = steps.iter().filter(|s| s.key == Some(key)).map(|s| (s.id, s.clone())).collect();
    ct::join(&mut steps, &BTreeMap::from([(key, open.clone())]), said.recorded);
    let changed: Vec<&Step> = steps.iter().filter(|s| s.key == Some(key) && before.get(&s.id) != Some(*s)).collect();
    let reason = said.args.reason.as_ref().map_or_else(|| found.clone(), |reason| format!("{reason} ({found})"));
    let word = Word { step: step.id, mark: Mark::Searched, reason, by: by(said.args, terminal), at: said.at, recorded: said.recorded };
    let complete = export.unusable() == 0;
    store.searched(step, &key, &export.certificates, complete.then_some(&word), &changed)?;
    if complete {
        words.push(word);
    }
    progress::apply(&mut steps, &words);
    show_again(said.case, &steps)?;
    terminal.say(&found);
    for listed in &open {
        terminal.say(&format!("{}: fetch {}, put it beside the uploads and plan again, or see the step", listed.step_id(&key), listed.address()));
    }
    if complete {
        terminal.say(&format!("{} is done", step.id));
    } else {
        let rows = count(export.unusable() as usize, "row");
        let stays = if step.status.is_over() { "stays done by an earlier word" } else { "stays open" };
        terminal.warn(&format!("{} {stays}: {rows} of {name} could not be used; what was read is kept", step.id));
    }
    if !open.is_empty() {
        terminal.say("the revocation of the key waits for these; `certrecall plan` brings plan.md up to date");
    }
    Ok(Outcome { to_act_on: false, incomplete: !complete })
}

/// crt.sh's rows name no key. A row that is a certificate of another key shows that the search was for that one.
fn of_another_key(store: &Store, key: &SpkiHash, found: &[Listed]) -> Result<Option<String>, Error> {
    let found: HashSet<String> = found.iter().filter(|l| l.serial.is_some()).map(Listed::identity).collect();
    let mut out = None;
    if found.is_empty() {
        return Ok(out);
    }
    store.each_key(|record| {
        if out.is_none()
            && let Ok(story) = serde_json::from_slice::<KeyStory>(record)
            && story.spki_sha256 != *key
            && let Some(other) = story.listed().find(|l| found.contains(&l.identity()))
        {
            let serial = other.serial.unwrap_or_default();
            out =
                Some(format!("the certificate with serial {serial} in it is here, and on the key {}: was that one searched for?", story.spki_sha256));
        }
    })?;
    Ok(out)
}
