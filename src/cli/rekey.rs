//! `rekey`, and the making of replacements for `run`.

mod args;
mod orders;
mod proofs;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::thread;

use certrecall::case::AuthorityFiles;
use certrecall::case::inputs::{known_compromised, now};
use certrecall::case::roots::{self, GivenRoots};
use certrecall::case::views;
use certrecall::finding::{Code, Codes};
use certrecall::id::{ProfileHash, SpkiHash, StepId};
use certrecall::pki::show;
use certrecall::plan::ca::Cas;
use certrecall::plan::{ReplacementRecord, SourceRecord, Step};
use certrecall::read::{Place, Reopener, Roots};
use certrecall::rekey::{self, Ca, Existing, Next, OldKey, Order, Wanted};
use certrecall::report::plan_text;
use certrecall::report::view::count;
use certrecall::secret::Secret;
use certrecall::store::{self, Case, Store};
use certrecall::time::Time;

pub(crate) use args::{NewKeys, RekeyArgs};
pub(crate) use orders::Wanted as Ordered;

use orders::Orders;

use super::case::progress;
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;

/// What was made.
pub(crate) struct Done {
    pub(crate) made: usize,
    pub(crate) before: usize,
    pub(crate) failed: bool,
    pub(crate) directories: BTreeMap<ProfileHash, String>,
    /// The new keys.
    pub(crate) keys: Vec<SpkiHash>,
}

impl Done {
    /// The new keys, as made at this time.
    pub(crate) fn made_at(&self, time: Time) -> Vec<(SpkiHash, Time)> {
        self.keys.iter().map(|key| (*key, time)).collect()
    }
}

/// What is to be made, and of what.
pub(crate) struct Job<'a> {
    pub(crate) roots: &'a Roots,
    pub(crate) records: &'a [ReplacementRecord],
    /// What is known of CAs.
    pub(crate) cas: &'a Cas,
    pub(crate) existing: &'a Existing,
    /// Keys that no new one may be.
    pub(crate) known: &'a HashSet<SpkiHash>,
    /// What is wanted of each.
    pub(crate) orders: &'a dyn Fn(&ReplacementRecord) -> Ordered<'a>,
    /// Where somebody wants something of this one alone: then it works out, or nothing at all is made.
    pub(crate) said_of: &'a dyn Fn(&ReplacementRecord) -> Option<&'a str>,
    pub(crate) passphrase: Option<&'a Secret>,
    pub(crate) threads: usize,
}

/// Names the requests in the plan for people. It is a view: without it the keys are made all the same.
fn show_requests(case: &Case, records: &[ReplacementRecord], terminal: &Terminal) {
    let path = case.path(store::PLAN_MD);
    let directories: HashMap<StepId, String> =
        records.iter().filter_map(|r| Some((r.id, r.directory.clone()?))).collect();
    let text = fs::read_to_string(&path).map_err(|error| error.to_string());
    let written = text.and_then(|text| {
        case.write(store::PLAN_MD, plan_text::with_requests(&text, &directories).as_bytes())
            .map_err(|e| e.to_string())
    });
    if let Err(says) = written {
        terminal
            .warn(&format!("{path:?} does not name the requests: {says}; `certrecall plan` writes it anew"));
    }
}

/// Reads the replacements that are there and tells what is wrong with any.
pub(crate) fn existing(
    case: &Case,
    passphrase: Option<&Secret>,
    terminal: &Terminal,
) -> Result<Existing, Error> {
    rekey::sweep(case.directory())?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let existing = rekey::existing_opened(case.directory(), threads, passphrase)?;
    if existing.unopened > 0 {
        terminal.detail(&format!(
            "{} encrypted and was not opened: its record, its request and its form were checked; with --key-passphrase-file the key is too",
            count(existing.unopened, "new key is").replace("keys is", "keys are")
        ));
    }
    for trouble in &existing.troubles {
        terminal.warn(&format!("{}: {}", trouble.place, trouble.says));
    }
    Ok(existing)
}

/// Makes what is missing and brings records up to date.
pub(crate) fn make(case: &Case, job: Job<'_>, terminal: &Terminal) -> Result<Done, Error> {
    let Job { roots, records, cas, existing, known, orders, said_of, passphrase, threads } = job;
    let mut done =
        Done { made: 0, before: 0, failed: false, directories: existing.directories(), keys: Vec::new() };
    let earlier: HashSet<SpkiHash> = existing.made.iter().map(|m| m.record.spki_sha256).collect();
    let damaged: BTreeSet<ProfileHash> = existing
        .troubles
        .iter()
        .filter(|t| t.kind == rekey::TroubleKind::Damaged)
        .filter_map(|t| t.profile)
        .collect();
    let by_profile: BTreeMap<ProfileHash, &rekey::Made> =
        existing.made.iter().map(|m| (m.record.profile, m)).collect();
    let mut missing = Vec::new();
    for record in records {
        if let Some(made) = by_profile.get(&record.profile) {
            made.update(case.directory(), &wanted(record, Vec::new(), Order::default(), cas))?;
            done.before += 1;
            if let Ordered::Made(order) = orders(record)
                && let Some(finding) = order.target.as_ref().and_then(|target| target.mismatch(made))
            {
                terminal.warn(&format!("{}: {} ({})", finding.place, finding.says, finding.code));
                done.failed = true;
            }
            if said_of(record).is_some() {
                let (id, directory) = (record.id, &made.directory);
                terminal.warn(&format!(
                    "{id} is there already in {directory} and stays as it is; to have it made anew, move that directory out of the case first"
                ));
            }
            continue;
        }
        let order = match orders(record) {
            Ordered::Made(order) => order,
            Ordered::Other => continue,
            Ordered::Skipped(reason) => {
                terminal.say(&format!("{} ({}) is skipped: {reason}", show(&record.name), record.id));
                continue;
            }
        };
        if damaged.contains(&record.profile) {
            terminal.warn(&format!(
                "the replacement for {} is damaged; it is left as it is and a new one is made",
                show(&record.name)
            ));
        }
        missing.push((record, order));
    }
    let records: Vec<_> = missing.iter().map(|(record, _)| *record).collect();
    let opened = opened(roots, &records, threads);
    let (mut all, mut wrong) = (Vec::with_capacity(missing.len()), Vec::new());
    for ((record, order), der) in missing.into_iter().zip(opened) {
        let Some(der) = der else {
            let says = "its certificate is not where it was found any more; run the plan again";
            terminal.warn(&format!("no replacement for {}: {says}", show(&record.name)));
            done.failed = true;
            continue;
        };
        let wanted = wanted(record, der, *order, cas);
        if let (Some(place), Err(says)) = (said_of(record), rekey::foresee(&wanted)) {
            wrong.push(format!("{place}: {} ({}): {says}", show(&record.name), record.id));
        }
        all.push(wanted);
    }
    if !wrong.is_empty() {
        return Err(Error::Value {
            flag: "--only or --replacements",
            says: format!("{}; nothing was made", wrong.join("; ")),
        });
    }
    let missing = all;
    if missing.is_empty() {
        return Ok(done);
    }
    let progress = std::cell::RefCell::new(terminal.progress("keys and requests made:"));
    let forbidden = |spki: &SpkiHash| known.contains(spki) || earlier.contains(spki);
    let outcome = rekey::make(&missing, passphrase, case.directory(), &forbidden, threads, &|n| {
        progress.borrow_mut().tick(n)
    })?;
    drop(progress);
    case.share_listing()?;
    for refused in &outcome.refused {
        terminal.warn(&format!(
            "no request for {} (step {}): {}",
            show(&refused.name),
            refused.id,
            refused.says
        ));
        done.failed = true;
    }
    done.made = outcome.made.len();
    done.keys = outcome.made.iter().map(|m| m.record.spki_sha256).collect();
    tell_noteworthy(&outcome.made, terminal);
    for made in outcome.made {
        let findings: Vec<_> = made.record.findings.iter().map(|c| c.describe()).collect();
        if !findings.is_empty() {
            terminal.detail(&format!("{}: {}", made.directory, findings.join("; ")));
        }
        done.directories.insert(made.record.profile, made.directory);
    }
    Ok(done)
}

/// What the new requests have otherwise than the old certificates, counted: nobody reads ten thousand records
/// to find out.
fn tell_noteworthy(made: &[rekey::Made], terminal: &Terminal) {
    /// The rest is counted below.
    const WARNED: usize = 10;
    for one in made.iter().filter(|m| m.record.findings.contains(Code::SubjectNotReadable)).take(WARNED) {
        let says = Code::SubjectNotReadable.describe();
        terminal.warn(&format!(
            "{}: {says}; check what is left of it, and to have it made anew with --only and --subject, move that directory out of the case first",
            one.directory
        ));
    }
    let noteworthy = made.iter().filter(|m| m.record.findings != Codes::NONE).count();
    if noteworthy == 0 {
        return;
    }
    let codes: BTreeSet<Code> = made.iter().flat_map(|m| m.record.findings.iter()).collect();
    let counted =
        |code: &Code| format!("{} {code}", made.iter().filter(|m| m.record.findings.contains(*code)).count());
    let file = if made.len() > rekey::HANDED_OFF { "replacement.json" } else { rekey::HANDOFF };
    terminal.say(&format!(
        "{} not as the old certificate: {}; {file} beside each says what is different and why",
        count(noteworthy, "request"),
        codes.iter().map(counted).collect::<Vec<_>>().join(", "),
    ));
}

fn wanted(record: &ReplacementRecord, certificate: Vec<u8>, order: Order, cas: &Cas) -> Wanted {
    Wanted {
        id: record.id,
        profile: record.profile,
        name: record.name.clone(),
        subject: record.subject.clone(),
        certificate,
        old_key: OldKey {
            algorithm: record.key_algorithm.clone(),
            curve: record.curve.clone(),
            bits: record.key_bits,
        },
        replaces: record.replaces.clone(),
        waits_for_new_ca: record.waits_for_new_ca,
        ca: Ca { reach: record.reach, sort: record.sort, operator: record.operator.clone() },
        next: next(record, cas),
        order,
    }
}

/// What is known of the CA that a request goes to.
pub(crate) fn next(record: &ReplacementRecord, cas: &Cas) -> Next {
    let operator = record.operator.as_deref().and_then(|id| cas.operator(id));
    Next {
        reach: record.reach,
        sort: record.sort,
        operator: record.operator_name.clone(),
        issuer: record.issuer.clone(),
        acme: operator.and_then(|o| o.acme.as_ref()).map_or_else(Vec::new, |fact| fact.value.clone()),
        kind: operator.and_then(|o| o.kind.clone()),
        parameters: operator.map_or_else(BTreeMap::new, |o| o.parameters.clone()),
        max_days: record.max_days,
        retired: operator
            .and_then(|o| o.retired.as_ref())
            .map(|fact| format!("{}, {}", fact.value, fact.origin())),
        key_kinds: operator.and_then(|o| o.key_kinds.as_ref()).map(|fact| {
            let kinds = fact
                .value
                .iter()
                .filter_map(|name| name.parse().ok().and_then(rekey::KeySpec::kind))
                .collect();
            rekey::KeyKinds { kinds, source: fact.origin() }
        }),
    }
}

/// The certificates that replacements mirror, in the same order. Those of one file are asked for together, so
/// that it is read once for each thread and not once for each of them.
fn opened(roots: &Roots, records: &[&ReplacementRecord], threads: usize) -> Vec<Option<Vec<u8>>> {
    let mut by_file: Vec<usize> = (0..records.len()).collect();
    by_file.sort_by_cached_key(|i| records[*i].sources.first().map(place));
    let read = |indices: &[usize]| {
        let mut files = Reopener::new(roots);
        indices
            .iter()
            .map(|i| records[*i].sources.iter().find_map(|s| files.get(&place(s), records[*i].mirrors)))
            .collect::<Vec<_>>()
    };
    let share = records.len().div_ceil(threads.max(1)).max(1);
    let found: Vec<_> = thread::scope(|scope| {
        let readers: Vec<_> = by_file.chunks(share).map(|chunk| scope.spawn(move || read(chunk))).collect();
        readers
            .into_iter()
            .flat_map(|r| r.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut out = vec![None; records.len()];
    by_file.into_iter().zip(found).for_each(|(i, der)| out[i] = der);
    out
}

fn place(source: &SourceRecord) -> Place {
    let raw = source.path_b64.as_ref().and_then(|b| base64_simd::STANDARD.decode_to_vec(b).ok());
    let place = Place::new(source.root, raw.as_deref().unwrap_or(source.path.as_bytes()));
    match &source.member {
        Some(member) => place.with_member(member),
        None => place,
    }
}

/// Keys that no new one may be: all that the case knows in every form met, those of its lists, which another
/// tool may have made longer, and those known to be compromised elsewhere.
fn known(case: &Case, store: &dyn Store, args: &RekeyArgs) -> Result<HashSet<SpkiHash>, Error> {
    let mut known = store.key_hashes()?;
    for name in [store::EXPOSED, store::SUSPECTED] {
        let path = case.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => known.extend(text.lines().filter_map(|line| line.trim().parse::<SpkiHash>().ok())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Input { what: "list of keys", path, error }),
        }
    }
    if let Some(file) = &args.known_compromised {
        known.extend(known_compromised(file)?.1);
    }
    Ok(known)
}

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
    let known = known(&case, &*store, args)?;
    let orders = Orders::read(args, &*store, &replacements)?;
    let cas = about.cas()?;
    let passphrase =
        if orders.encrypts() { Some(args.passphrase.for_new_keys()?) } else { args.passphrase.named()? };
    let existing = existing(&case, passphrase.as_ref(), terminal)?;
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let job = Job {
        roots: &roots,
        records: &replacements,
        cas: &cas,
        existing: &existing,
        known: &known,
        orders: &|record| orders.of(record),
        said_of: &|record| orders.said_of(record),
        passphrase: passphrase.as_ref(),
        threads,
    };
    let done = make(&case, job, terminal)?;
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
        show_requests(&case, &records, terminal);
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
    let existing = existing(case, None, terminal)?;
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
