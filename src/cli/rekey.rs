//! `rekey`.

mod args;
mod orders;
mod proofs;

use std::fs;
use std::path::Path;
use std::thread;

use certrecall::case::inputs::now;
use certrecall::case::rekey::{Job, existing, known_keys, make, next, show_requests};
use certrecall::case::roots::{self, GivenRoots};
use certrecall::case::{AuthorityFiles, views};
use certrecall::pki::show;
use certrecall::plan::{ReplacementRecord, Step};
use certrecall::rekey;
use certrecall::report::view::count;
use certrecall::store::{Case, Store};

pub(crate) use args::{NewKeys, RekeyArgs};
use orders::Orders;

use super::case::progress;
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;
use super::watch::OnTerminal;

/// `certrecall rekey`.
pub(crate) fn rekey(args: &RekeyArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    Case::check_owner(&args.case)?;
    let mut store = case.store()?;
    let about = AuthorityFiles { cas: args.cas.clone(), roots: Vec::new() }.given_or_stored(&*store)?;
    let header = case.header(&*store)?;
    let replacements = store.replacements()?;
    if let Some(step) = &args.show {
        return show_handoff(args, &about, (&case, &*store), &replacements, step, terminal);
    }
    if header.has_stdin() {
        let says =
            "the plan was made from standard input, which cannot be read again; use `certrecall run` instead"
                .to_owned();
        return Err(Error::Value { flag: "CASE", says });
    }
    let given = GivenRoots { paths: &[], add: &[], relocate: &[] };
    let roots = roots::open(&case, store.roots()?, given, &mut || store.files())??.roots;
    if args.proofs {
        return proofs::proofs(args, &about, header.roots.len(), (&case, &*store), &roots, terminal);
    }
    let known = known_keys(&case, &*store, args.known_compromised.as_deref())?;
    let orders = Orders::read(args, &*store, &replacements)?;
    let cas = about.cas()?;
    let passphrase =
        if orders.encrypts() { Some(args.passphrase.for_new_keys()?) } else { args.passphrase.named()? };
    let mut watch = OnTerminal::new(terminal);
    let existing = existing(&case, passphrase.as_ref(), &mut watch)?;
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let job = Job {
        roots: &roots,
        records: &replacements,
        cas: &cas,
        existing: &existing,
        known: &known,
        wishes: &|record| orders.of(record),
        asked_at: &|record| orders.said_of(record),
        passphrase: passphrase.as_ref(),
        threads,
    };
    let done = make(&case, job, &mut watch)?;
    watch.end();
    store.add_made(&done.made_at(now()))?;
    let records: Vec<ReplacementRecord> = replacements
        .into_iter()
        .map(|r| ReplacementRecord { directory: done.directories.get(&r.profile).cloned(), ..r })
        .collect();
    let directory = |r: &ReplacementRecord| Some((r.id, r.directory.clone()?));
    store.set_directories(&records.iter().filter_map(directory).collect())?;
    let (kept, _) = progress(&*store)?;
    let steps: Vec<Step> = kept.into_iter().filter(|k| k.closed.is_none()).map(|k| k.step).collect();
    views::write_plan_file(&case, &*store, &steps)?;
    if done.made > 0 {
        show_requests(&case, &records, &mut watch);
    }
    terminal.say(&format!(
        "{} with requests made, {} there already",
        count(done.made, "new key"),
        done.before
    ));
    if done.made > rekey::HANDED_OFF {
        terminal.say(
            "so many have no handoff.md: `certrecall rekey CASE --show STEP` tells the commands for one",
        );
    }
    let mut out = String::new();
    for record in &records {
        if let Some(directory) = &record.directory {
            out.push_str(&format!(
                "{}\t{}\n",
                show(&args.case.join(directory).join(rekey::REQUEST).to_string_lossy()),
                show(&record.name)
            ));
        }
    }
    terminal.data(out.as_bytes())?;
    let found = store.last_run()?.is_none_or(|run| run.found);
    Ok(Outcome::of_steps(&steps).and_incomplete(done.failed || !found))
}

/// `certrecall rekey --show`: what to do with one request.
fn show_handoff(
    args: &RekeyArgs,
    about: &AuthorityFiles,
    (case, store): (&Case, &dyn Store),
    replacements: &[ReplacementRecord],
    by: &str,
    terminal: &Terminal,
) -> Result<Outcome, Error> {
    let wrong = |says: String| Error::Value { flag: "--show", says };
    let meant = orders::only(&[by.to_owned()], &orders::candidates(store, replacements)?)
        .map_err(|_| wrong(format!("no replacement of the plan is meant by {by:?}")))?;
    let existing = existing(case, None, &mut OnTerminal::new(terminal))?;
    let cas = about.cas()?;
    // What is pasted is run from anywhere, and a path that begins with - would be taken for a flag.
    let whole = std::path::absolute(&args.case).map_err(|error| Error::Input {
        what: "case",
        path: args.case.clone(),
        error,
    })?;
    let whole = whole.to_str().ok_or_else(|| Error::Value {
        flag: "CASE",
        says: format!(
            "{:?} is no UTF-8, so that no command printed would find it; go by {} beside each request",
            args.case,
            rekey::HANDOFF
        ),
    })?;
    for record in replacements.iter().filter(|r| meant.contains(&r.id)) {
        let made = existing.made.iter().find(|m| m.record.profile == record.profile);
        let made = made.ok_or_else(|| {
            wrong(format!("{} has no key and request yet; `certrecall rekey` makes them", record.id))
        })?;
        let directory = format!("{whole}/{}", made.directory);
        let path = Path::new(&directory).join(rekey::REQUEST);
        let request =
            fs::read_to_string(&path).map_err(|error| Error::Input { what: "request", path, error })?;
        let text = rekey::handoff::text(&made.record, &next(record, &cas), &directory, &request);
        terminal.data(text.as_bytes())?;
    }
    Ok(Outcome::default())
}
