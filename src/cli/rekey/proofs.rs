//! `rekey --proofs`: proofs that keys are compromised, made only where asked for.

use std::collections::BTreeMap;
use std::fs;

use certrecall::assess::{Decision, Exposure};
use certrecall::case::AuthorityFiles;
use certrecall::case::inputs::now;
use certrecall::id::SpkiHash;
use certrecall::pki::show;
use certrecall::plan::{Step, progress};
use certrecall::read::Roots;
use certrecall::rekey::proof;
use certrecall::report::view::count;
use certrecall::secret::Secret;
use certrecall::store::model::KeyRecord;
use certrecall::store::{Case, Store};
use zeroize::Zeroizing;

use super::super::error::Error;
use super::super::exit::Outcome;
use super::super::term::Terminal;
use super::RekeyArgs;

/// Keys that are warned of one by one.
const WARNED: usize = 10;

/// Steps named in a warning.
const NAMED: usize = 5;

/// `certrecall rekey --proofs`.
pub(crate) fn proofs(
    args: &RekeyArgs,
    about: &AuthorityFiles,
    roots_of_plan: usize,
    (case, store): (&Case, &dyn Store),
    roots: &Roots,
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let value = |flag, says: String| Error::Value { flag, says };
    if args.only.is_empty() && !args.all_exposed {
        return Err(value(
            "--proofs",
            "say for which keys: --only STEP|NAME|SHA256|SPKI, or --all-exposed".to_owned(),
        ));
    }
    let mut keys: Vec<KeyRecord> = Vec::new();
    store.each_key(&mut |record| keys.push(record))?;
    // A decision counts at once, not from the next plan on.
    let mut decisions: BTreeMap<SpkiHash, Decision> = store.decisions()?;
    let exposures: BTreeMap<SpkiHash, Exposure> = store.exposure_of_keys()?.into_iter().collect();
    // One that was made on weaker evidence than the plan has counts no more.
    decisions.retain(|key, decision| exposures.get(key).is_none_or(|exposure| decision.holds(*exposure)));
    keys.iter_mut().for_each(|key| key.decide(&decisions));
    let mut steps: Vec<Step> =
        store.steps()?.into_iter().filter(|kept| kept.closed.is_none()).map(|kept| kept.step).collect();
    progress::apply(&mut steps, &store.words()?);
    let passphrases = passphrases(args)?;
    let (cas, now) = (about.cas()?, now());
    let mut wanted: Vec<&KeyRecord> = Vec::new();
    for by in &args.only {
        let before = wanted.len();
        wanted.extend(keys.iter().filter(|k| k.is_meant(by)));
        if wanted.len() == before {
            return Err(value(
                "--only",
                format!(
                    "no key of the plan is meant by {by:?}: give a step, a name, or the SHA-256 of a certificate or key"
                ),
            ));
        }
    }
    if args.all_exposed {
        wanted.extend(&keys);
    }
    wanted.sort_by_key(|k| k.spki_sha256);
    wanted.dedup_by_key(|k| k.spki_sha256);
    let (mut compromised, mut open) = (Vec::new(), Vec::new());
    for key in wanted {
        match key.compromised(roots_of_plan, &cas, now) {
            Ok(proved) => {
                let steps = key.open_replacements(&steps);
                if !steps.is_empty() {
                    open.push((proved.name.clone(), steps));
                }
                compromised.push(proved);
            }
            Err(says) if args.all_exposed => {
                terminal.detail(&format!("no proof for {}: {says}", key.spki_sha256))
            }
            Err(says) => return Err(value("--only", format!("no proof for {}: {says}", key.spki_sha256))),
        }
    }
    let done = proof::prove(&compromised, roots, &passphrases, case.directory(), now)?;
    for (name, directory, why) in &done.unsigned {
        terminal.warn(&format!("{}: {why}; {directory} says what can be done", show(name)));
    }
    for (directory, says) in &done.damaged {
        terminal.warn(&format!(
            "{}: {says}. It is left as it is: set its mode right, or move the directory out of the case, and run this again to have it made anew",
            show(&args.case.join(directory).to_string_lossy())
        ));
    }
    for (name, steps) in open.iter().take(WARNED) {
        let named: Vec<&str> = steps.iter().take(NAMED).map(|step| step.id.as_str()).collect();
        let more =
            if steps.len() > NAMED { format!(" and {} more", steps.len() - NAMED) } else { String::new() };
        terminal.warn(&format!(
            "{}: once a proof is sent, all certificates on the key that the CA knows of are revoked, and replacements are not in place yet: {}{more}",
            show(name),
            named.join(", ")
        ));
    }
    if open.len() > WARNED {
        terminal.warn(&format!(
            "and {} more with replacements that are not in place",
            count(open.len() - WARNED, "key")
        ));
    }
    let counts = (done.made.len(), done.before.len());
    terminal.say(&format!(
        "proofs for {} made, for {} there already. Each is a kill switch: keep them like keys until they are sent",
        count(counts.0, "key"),
        counts.1
    ));
    let mut out = String::new();
    for directory in done.made.iter().chain(&done.before) {
        out.push_str(&format!("{}\n", show(&args.case.join(directory).to_string_lossy())));
    }
    terminal.data(out.as_bytes())?;
    Ok(Outcome::of_steps(&steps).and_incomplete(!done.unsigned.is_empty() || !done.damaged.is_empty()))
}

/// The passphrases of the file, one a line, their bytes as they stand; an empty line is the empty one.
fn passphrases(args: &RekeyArgs) -> Result<Vec<Secret>, Error> {
    let Some(path) = &args.passphrase_file else { return Ok(Vec::new()) };
    let bytes = fs::read(path).map_err(|error| Error::Input {
        what: "file of passphrases",
        path: path.clone(),
        error,
    })?;
    let bytes = Zeroizing::new(bytes);
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    Ok(text.split(|b| *b == b'\n').map(|line| Secret::new(line.to_vec())).collect())
}
