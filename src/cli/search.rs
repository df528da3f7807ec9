//! `mark CASE STEP searched --ct-export FILE`: searches that are closed by what they returned.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use certrecall::finding::Finding;
use certrecall::id::{SpkiHash, StepId};
use certrecall::plan::ct::{self, Asked, Listed};
use certrecall::plan::{Mark, Step, StepKind, Word, progress};
use certrecall::report::view::count;
use certrecall::store::model::{KeyRecord, NameKey};
use certrecall::store::{Case, SearchResult, Store};
use certrecall::time::Time;
use certrecall::{limits, pki};

use super::args::MarkArgs;
use super::error::Error;
use super::exit::Outcome;
use super::recorded::{by, show_found};
use super::term::Terminal;
use certrecall::case::inputs::bounded;

/// Findings, and searches, that are listed one by one.
const ROWS: usize = 20;

/// Searches that are marked, in their case.
pub(super) struct Said<'a> {
    pub(super) case: &'a Case,
    pub(super) searches: &'a [Step],
    pub(super) args: &'a MarkArgs,
    pub(super) at: Time,
    pub(super) recorded: Time,
}

/// What a file has for one search.
struct Answer {
    certificates: Vec<Listed>,
    /// Why the search stays open.
    open: Option<String>,
}

/// What a file has for all searches, in their order.
struct Answers {
    list: Vec<Answer>,
    findings: Vec<Finding>,
    counted: u64,
    incomplete: bool,
}

/// Reads what the searches returned, keeps it, and closes the steps with it. What was found joins the steps
/// of each key at once: a revocation may not be ready in the meantime.
pub(super) fn close(
    said: &Said<'_>,
    path: &Path,
    store: &mut dyn Store,
    mut steps: Vec<Step>,
    mut words: Vec<Word>,
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |n| n.to_string_lossy());
    let name = pki::show(&name);
    let stories =
        said.searches.iter().map(|step| record(said, step, store)).collect::<Result<Vec<_>, _>>()?;
    let bytes = bounded("answer of the search", path, limits::CT_EXPORT)?;
    let answers = match stories.as_slice() {
        [story] => of_one(&name, &bytes, story, store)?,
        stories => of_many(&name, &bytes, stories, store)?,
    };
    drop(bytes);
    for finding in answers.findings.iter().take(ROWS) {
        terminal.warn(&format!("{}: {}", finding.place, finding.says));
    }
    if answers.counted > ROWS as u64 {
        terminal.warn(&format!("and {} more rows like these", answers.counted - ROWS as u64));
    }
    // Of each key what is not at hand and can still be used.
    let mut open: BTreeMap<SpkiHash, Vec<&Listed>> = BTreeMap::new();
    let mut found = Vec::new();
    for (story, answer) in stories.iter().zip(&answers.list) {
        let missing = ct::missing(&answer.certificates, story.listed());
        let live: Vec<&Listed> = missing.iter().filter(|l| l.is_live(said.recorded)).copied().collect();
        found.push(format!(
            "{name}: {} on the key, {} of them at hand; of the others {} expired, {} can still be used",
            count(answer.certificates.len(), "certificate"),
            answer.certificates.len() - missing.len(),
            missing.len() - live.len(),
            live.len()
        ));
        open.insert(story.spki_sha256, live);
    }
    let keys: HashSet<SpkiHash> = stories.iter().map(|story| story.spki_sha256).collect();
    let is_of_keys = |step: &&Step| step.key.is_some_and(|key| keys.contains(&key));
    let before: HashMap<StepId, Step> = steps.iter().filter(is_of_keys).map(|s| (s.id, s.clone())).collect();
    let added = ct::join(&mut steps, &open, said.recorded);
    let mut changed: HashMap<SpkiHash, Vec<&Step>> = HashMap::new();
    for step in steps.iter().filter(is_of_keys).filter(|s| before.get(&s.id) != Some(*s)) {
        step.key.iter().for_each(|key| changed.entry(*key).or_default().push(step));
    }
    let person = by(said.args, terminal);
    let word = |step: &Step, found: &String| {
        let reason =
            said.args.reason.as_ref().map_or_else(|| found.clone(), |reason| format!("{reason} ({found})"));
        Word {
            step: step.id,
            mark: Mark::Searched,
            reason,
            by: person.clone(),
            at: said.at,
            recorded: said.recorded,
        }
    };
    let new: Vec<Option<Word>> = said
        .searches
        .iter()
        .zip(&answers.list)
        .zip(&found)
        .map(|((step, answer), found)| answer.open.is_none().then(|| word(step, found)))
        .collect();
    let parts = said.searches.iter().zip(&stories).zip(answers.list.iter().zip(&new));
    let results: Vec<SearchResult<'_>> = parts
        .map(|((search, story), (answer, word))| SearchResult {
            search,
            key: &story.spki_sha256,
            found: &answer.certificates,
            word: word.as_ref(),
            steps: changed.remove(&story.spki_sha256).unwrap_or_default(),
        })
        .collect();
    store.searched(&results)?;
    drop(results);
    words.extend(new.into_iter().flatten());
    progress::apply(&mut steps, &words);
    let behind: HashMap<StepId, Vec<StepId>> = said
        .searches
        .iter()
        .filter_map(|search| Some((search.id, added.get(search.key.as_ref()?)?.clone())))
        .filter(|(_, ids)| !ids.is_empty())
        .collect();
    show_found(said.case, store, &steps, &behind, terminal)?;
    report(said, &answers, &found, &open, &name, terminal);
    Ok(Outcome { to_act_on: false, incomplete: answers.incomplete })
}

/// Reports what was found, and which searches are done.
fn report(
    said: &Said<'_>,
    answers: &Answers,
    found: &[String],
    open: &BTreeMap<SpkiHash, Vec<&Listed>>,
    name: &str,
    terminal: &Terminal,
) {
    let several = said.searches.len() > 1;
    let of_many = |step: &Step| if several { format!("{}: ", step.id) } else { String::new() };
    let parts = said.searches.iter().zip(&answers.list).zip(found);
    for ((step, _), found) in
        parts.filter(|((_, answer), _)| !several || !answer.certificates.is_empty()).take(ROWS)
    {
        terminal.say(&format!("{}{found}", of_many(step)));
    }
    let listed = || open.iter().flat_map(|(key, list)| list.iter().map(move |listed| (key, listed)));
    for (key, listed) in listed().take(ROWS) {
        terminal.say(&format!(
            "{}: fetch {}, put it beside the uploads and plan again, or see the step",
            listed.step_id(key),
            listed.address()
        ));
    }
    if listed().count() > ROWS {
        terminal
            .say(&format!("and {} more; plan.md and `certrecall status` have all", listed().count() - ROWS));
    }
    let (mut done, mut stay) = (0, 0);
    for (step, answer) in said.searches.iter().zip(&answers.list) {
        match &answer.open {
            None => done += 1,
            Some(why) => {
                stay += 1;
                if stay <= ROWS {
                    let stays =
                        if step.status.is_over() { "stays done by an earlier mark" } else { "stays open" };
                    terminal.warn(&format!("{} {stays}: {why}", step.id));
                }
            }
        }
    }
    if stay > ROWS {
        terminal.warn(&format!("and {} more searches stay as they were", stay - ROWS));
    }
    match said.searches {
        [step] if done == 1 => terminal.say(&format!("{} is done", step.id)),
        [_] => {}
        _ => {
            terminal.say(&format!("{done} of {} closed by {name}", count(said.searches.len(), "search step")))
        }
    }
    if listed().next().is_some() {
        terminal.say("the revocation of a key waits for these; they are in plan.md");
    }
}

/// The record of the key that a search is about.
fn record(said: &Said<'_>, step: &Step, store: &dyn Store) -> Result<KeyRecord, Error> {
    let wrong = |says: String| Error::Value { flag: "--ct-export", says };
    let Some(key) = step.key.filter(|_| step.kind == StepKind::Search && said.args.status == Mark::Searched)
    else {
        return Err(wrong(format!(
            "it closes searches; {} {} is not one",
            step.id,
            said.args.status.as_str()
        )));
    };
    store.key(&key)?.ok_or_else(|| {
        wrong(format!("the case does not know the key of {}; run `certrecall plan` again", step.id))
    })
}

/// The answer of the search for one key: a row that names no key is about that one.
fn of_one(name: &str, bytes: &[u8], story: &KeyRecord, store: &dyn Store) -> Result<Answers, Error> {
    let wrong = |says: String| Error::Value { flag: "--ct-export", says: format!("{name}: {says}") };
    let export = ct::read(name, bytes, &story.names()).map_err(|e| wrong(e.to_string()))?;
    if let Some(says) = of_another_key(store, &story.spki_sha256, &export.certificates)? {
        return Err(wrong(says));
    }
    let unusable = export.unusable();
    let open = (unusable > 0).then(|| {
        format!("{} of {name} could not be used; what was read is kept", count(unusable as usize, "row"))
    });
    let counted = export.findings.counts.values().sum();
    let list = vec![Answer { certificates: export.certificates, open }];
    Ok(Answers { list, findings: export.findings.list, counted, incomplete: unusable > 0 })
}

/// The answers of searches for several keys: each row is joined to its key.
fn of_many(name: &str, bytes: &[u8], stories: &[KeyRecord], store: &dyn Store) -> Result<Answers, Error> {
    let asked: Vec<Asked> = stories
        .iter()
        .map(|story| Asked {
            key: story.spki_sha256,
            names: story.names(),
            known: story.listed().chain(story.elsewhere.iter().cloned()).collect(),
        })
        .collect();
    let wrong = |e: ct::CtError| Error::Value { flag: "--ct-export", says: format!("{name}: {e}") };
    let mut sorted = ct::read_sorted(name, bytes, &asked).map_err(wrong)?;
    let unplaced = sorted.unplaced();
    let mut others = HashSet::new();
    if !unplaced.is_empty() {
        let searched: HashSet<SpkiHash> = asked.iter().map(|asked| asked.key).collect();
        let serials = unplaced.iter().filter_map(|identity| identity.split(' ').next());
        let named = store.keys_named(&serials.map(NameKey::of_serial).collect())?;
        for record in named.iter().filter(|record| !searched.contains(&record.spki_sha256)) {
            let identities = record.listed().map(|listed| listed.identity());
            others.extend(identities.filter(|identity| unplaced.contains(identity)));
        }
    }
    sorted.settle(&others);
    let open: Vec<Option<String>> = (0..stories.len()).map(|at| sorted.why_open(at)).collect();
    let (incomplete, counted) = (sorted.is_incomplete(), sorted.findings.counts.values().sum());
    let list = sorted
        .answers
        .into_iter()
        .zip(open)
        .map(|(answer, open)| Answer { certificates: answer.certificates, open })
        .collect();
    Ok(Answers { list, findings: sorted.findings.list, counted, incomplete })
}

/// crt.sh's rows name no key. A row that is a certificate of another key shows that the search was for that
/// one.
fn of_another_key(store: &dyn Store, key: &SpkiHash, serials: &[Listed]) -> Result<Option<String>, Error> {
    let found: HashSet<String> =
        serials.iter().filter(|l| l.serial.is_some()).map(Listed::identity).collect();
    let serials = serials.iter().filter_map(|l| l.serial.as_deref());
    let named = store.keys_named(&serials.map(NameKey::of_serial).collect())?;
    Ok(named.iter().filter(|record| record.spki_sha256 != *key).find_map(|record| {
        let serial = record.listed().find(|l| found.contains(&l.identity()))?.serial?;
        Some(format!("the certificate with serial {serial} in it is here, and on the key {}: was that one searched for?", record.spki_sha256))
    }))
}
