//! `rekey`, and the making of replacements for `run`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;

use certrecall::id::{ProfileHash, SpkiHash};
use certrecall::pki::show;
use certrecall::read::{self, Place, Roots};
use certrecall::rekey::{self, Existing, KeySpec, OldKey, Wanted};
use certrecall::report::plan_file::{self, KnownKey, PlanHead, ReplacementRecord, SourceRecord};
use certrecall::report::view::count;
use certrecall::store::{self, Case};

use super::args::RekeyArgs;
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;

/// What was made.
pub(crate) struct Done {
    pub(crate) made: usize,
    pub(crate) before: usize,
    pub(crate) failed: bool,
    pub(crate) directories: BTreeMap<ProfileHash, String>,
}

/// Reads the replacements that are there and tells what is wrong with any.
pub(crate) fn existing(case: &Case, terminal: &Terminal) -> Result<Existing, Error> {
    rekey::sweep(case.directory())?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let existing = rekey::existing(case.directory(), threads)?;
    for trouble in &existing.troubles {
        terminal.warn(&format!("{}: {}", trouble.place, trouble.says));
    }
    Ok(existing)
}

/// Where each replacement lies.
pub(crate) fn directories(existing: &Existing) -> BTreeMap<ProfileHash, String> {
    existing.made.iter().map(|m| (m.record.profile, m.directory.clone())).collect()
}

/// Makes what is missing and brings records up to date.
#[allow(clippy::too_many_arguments, reason = "each is a different thing; a struct would be used once")]
pub(crate) fn make(
    case: &Case,
    roots: &Roots,
    records: &[ReplacementRecord],
    existing: &Existing,
    known: &HashSet<SpkiHash>,
    key: KeySpec,
    threads: usize,
    terminal: &Terminal,
) -> Result<Done, Error> {
    let mut done = Done { made: 0, before: 0, failed: false, directories: directories(existing) };
    let earlier: HashSet<SpkiHash> = existing.made.iter().map(|m| m.record.spki_sha256).collect();
    let damaged: BTreeSet<ProfileHash> =
        existing.troubles.iter().filter(|t| t.kind == rekey::TroubleKind::Damaged).filter_map(|t| t.profile).collect();
    let by_profile: BTreeMap<ProfileHash, &rekey::Made> = existing.made.iter().map(|m| (m.record.profile, m)).collect();
    let mut missing = Vec::new();
    for record in records {
        if let Some(made) = by_profile.get(&record.profile) {
            made.update(case.directory(), &wanted(record, Vec::new()))?;
            done.before += 1;
            continue;
        }
        if damaged.contains(&record.profile) {
            terminal.warn(&format!("the replacement for {} is damaged; it is left as it is and a new one is made", show(&record.name)));
        }
        match record.sources.iter().find_map(|source| open(roots, source, record)) {
            Some(der) => missing.push(wanted(record, der)),
            None => {
                terminal.warn(&format!(
                    "no replacement for {}: its certificate is not where it was found any more; run the plan again",
                    show(&record.name)
                ));
                done.failed = true;
            }
        }
    }
    if missing.is_empty() {
        return Ok(done);
    }
    let progress = std::cell::RefCell::new(terminal.progress("keys and requests made:"));
    let forbidden = |spki: &SpkiHash| known.contains(spki) || earlier.contains(spki);
    let outcome = rekey::make(&missing, key, case.directory(), &forbidden, threads, &|n| progress.borrow_mut().tick(n))?;
    drop(progress);
    for refused in &outcome.refused {
        terminal.warn(&format!("no request for step {}: {}", refused.id, refused.says));
        done.failed = true;
    }
    done.made = outcome.made.len();
    for made in outcome.made {
        let findings: Vec<_> = made.record.findings.iter().map(|c| c.describe()).collect();
        if !findings.is_empty() {
            terminal.detail(&format!("{}: {}", made.directory, findings.join("; ")));
        }
        done.directories.insert(made.record.profile, made.directory);
    }
    Ok(done)
}

fn wanted(record: &ReplacementRecord, certificate: Vec<u8>) -> Wanted {
    Wanted {
        id: record.id.clone(),
        profile: record.profile,
        name: record.name.clone(),
        subject: record.subject.clone(),
        certificate,
        old_key: OldKey { algorithm: record.key_algorithm.clone(), curve: record.curve.clone(), bits: record.key_bits },
        replaces: record.replaces.clone(),
        waits_for_new_ca: record.waits_for_new_ca,
    }
}

fn open(roots: &Roots, source: &SourceRecord, record: &ReplacementRecord) -> Option<Vec<u8>> {
    let raw = source.path_b64.as_ref().and_then(|b| base64_simd::STANDARD.decode_to_vec(b).ok());
    let place = Place::new(source.root, raw.as_deref().unwrap_or(source.path.as_bytes()));
    read::reopen(roots, &place, record.mirrors)
}

/// `certrecall rekey`.
pub(crate) fn rekey(args: &RekeyArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    let path = case.path(store::PLAN_JSON);
    let text = fs::read(&path).map_err(|error| Error::Input { what: "plan", path: path.clone(), error })?;
    let wrong = |says: String| Error::Value { flag: "CASE", says };
    let plan: PlanHead = serde_json::from_slice(&text).map_err(|e| wrong(format!("{path:?} is no plan: {e}; run `certrecall plan` again")))?;
    if plan.schema != plan_file::SCHEMA {
        return Err(wrong(format!(
            "{path:?} has the schema {:?}, this version reads {:?}; run `certrecall plan` again",
            plan.schema,
            plan_file::SCHEMA
        )));
    }
    if plan.roots.iter().any(|r| r == "-") {
        return Err(wrong("the plan was made from standard input, which cannot be read again; use `certrecall run` instead".to_owned()));
    }
    let roots = Roots::open(&plan.root_paths())?;
    let known: HashSet<SpkiHash> = plan.keys.iter().flat_map(|k| std::iter::once(k.spki_sha256).chain(k.spki_sha256_raw.iter().copied())).collect();
    let existing = existing(&case, terminal)?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let done = make(&case, &roots, &plan.replacements, &existing, &known, args.key, threads, terminal)?;
    let records: Vec<ReplacementRecord> =
        plan.replacements.into_iter().map(|r| ReplacementRecord { directory: done.directories.get(&r.profile).cloned(), ..r }).collect();
    let text = plan_file::with_replacements(&text, &records).map_err(|error| Error::Input { what: "plan", path, error })?;
    case.write(store::PLAN_JSON, &text)?;
    terminal.say(&format!("{} with requests made, {} there already", count(done.made, "new key"), done.before));
    let mut out = String::new();
    for record in &records {
        if let Some(directory) = &record.directory {
            out.push_str(&format!("{}\t{}\n", show(&args.case.join(directory).join(rekey::REQUEST).to_string_lossy()), show(&record.name)));
        }
    }
    terminal.data(out.as_bytes())?;
    Ok(Outcome {
        to_act_on: plan.keys.iter().any(KnownKey::asks_for_action),
        incomplete: done.failed || plan.ledger.is_none_or(|l| !l.is_complete()),
    })
}
