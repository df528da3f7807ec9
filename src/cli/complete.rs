//! `complete`: the way back from the CA.

mod args;
mod done;
mod inventory;
mod output;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use certrecall::case::AuthorityFiles;
use certrecall::case::inputs::now;
use certrecall::case::rekey::{existing, suspect_keys};
use certrecall::id::{ProfileHash, StepId};
use certrecall::plan::ReplacementRecord;
use certrecall::plan::ca::Reach;
use certrecall::plan::progress::{self, Mark};
use certrecall::plan::{Status, Step, StepKind, Word};
use certrecall::read::{Options, Roots};
use certrecall::rekey::complete::{
    self, Check, Expected, Gathered, Inputs, Judged, Rules, State, Waivers, damaged_keys, gather, judge,
    public_roots,
};
use certrecall::rekey::{Existing, TroubleKind};
use certrecall::store::question::{OptionName, Scope};
use certrecall::store::{Case, PlanHeader, Question, Store};
use certrecall::time::Time;

pub(crate) use args::CompleteArgs;

use super::error::Error;
use super::exit::Outcome;
use super::passphrase;
use super::recorded::show_again;
use super::term::Terminal;
use super::watch::OnTerminal;
use done::Done;
use inventory::{Authorities, fingerprints};

/// Who says that a certificate was issued.
const BY: &str = "certrecall complete";

/// `certrecall complete`.
pub(crate) fn complete(args: &CompleteArgs, terminal: &Terminal) -> Result<Outcome, Error> {
    let case = Case::open(&args.case)?;
    Case::check_owner(&args.case)?;
    let key_passphrase = args.passphrase.named()?;
    let export = args
        .export_passphrase_file
        .as_deref()
        .map(|path| passphrase::from_file("--export-passphrase-file", path))
        .transpose()?;
    if export.as_ref().is_some_and(|e| str::from_utf8(e.expose()).is_err()) {
        return Err(Error::Value {
            flag: "--export-passphrase-file",
            says: "the passphrase of a PKCS #12 file is text in UTF-8".to_owned(),
        });
    }
    if export.as_ref().is_some_and(|e| !e.expose().is_ascii()) {
        terminal.warn(
            "--export-passphrase-file: the passphrase is not plain ASCII: Java does not take such a one, and other programs may read it otherwise",
        );
    }
    let mut store = case.store()?;
    let question = question(args, &*store, terminal)?;
    let header = case.header(&*store)?;
    let replacements = store.replacements()?;
    let existing = existing(&case, key_passphrase.as_ref(), &mut OnTerminal::new(terminal))?;
    let words = store.words()?;
    let mut steps: Vec<Step> =
        store.steps()?.into_iter().filter(|k| k.closed.is_none()).map(|k| k.step).collect();
    progress::apply(&mut steps, &words);
    let expected = expected(&replacements, &existing, &steps);
    let defaults = Options::default();
    let options = Options { threads: args.threads.unwrap_or(defaults.threads).max(1), ..defaults };
    let issued = gather(&Roots::open(&args.issued)?, &options);
    let judged =
        judged(args, &question, &case, &header, &*store, &expected, &issued, &existing, &options, terminal)?;
    let mut done = Done { judged, issued, written: Vec::new(), left_out: Vec::new(), dry_run: args.dry_run };
    if !args.dry_run {
        store.keep_question(Scope::Complete, &question, now())?;
        (done.written, done.left_out) = complete::write(
            case.directory(),
            &expected,
            &done.judged,
            &args.layout,
            key_passphrase.as_ref(),
            export.as_ref(),
        )?;
        let new = said(&done.judged, &steps, &words, now());
        if !new.is_empty() {
            store.record(&new, &[])?;
            progress::apply(&mut steps, &words.into_iter().chain(new).collect::<Vec<_>>());
            show_again(&case, &*store, &steps, terminal)?;
        }
    }
    output::print(&done, args.format, terminal)?;
    let damaged = existing.troubles.iter().any(|t| t.kind == TroubleKind::Damaged);
    let refused = done.judged.has_refused() || !done.left_out.is_empty() || !done.issued.is_complete();
    Ok(Outcome { to_act_on: done.judged.has_missing(), incomplete: damaged || refused })
}

/// What vouches for certificates, and what is accepted of them: as given now, else as an earlier run was
/// given it.
fn question(args: &CompleteArgs, store: &dyn Store, terminal: &Terminal) -> Result<Question, Error> {
    let stored = store.question(Scope::Complete)?;
    let given = args.given();
    let resolved = Question::resolve(Scope::Complete, stored.as_ref(), &given, now())?;
    for change in &resolved.changes {
        terminal.say(&format!("changed since the last run: {change}"));
    }
    let used: Vec<String> = resolved
        .question
        .options()
        .filter(|(o, _)| !given.options.contains_key(o))
        .map(|(o, _)| format!("--{}", o.as_str()))
        .collect();
    if !used.is_empty() {
        terminal.say(&format!("used as stored in the case: {}", used.join(", ")));
    }
    Ok(resolved.question)
}

/// Every replacement of the plan, and those that were made for an earlier one.
fn expected(replacements: &[ReplacementRecord], existing: &Existing, steps: &[Step]) -> Vec<Expected> {
    let mut made: BTreeMap<ProfileHash, Vec<_>> = BTreeMap::new();
    existing.made.iter().for_each(|m| made.entry(m.record.profile).or_default().push(m.clone()));
    let waived: HashSet<&StepId> =
        steps.iter().filter(|s| s.status == Status::Waived).map(|s| &s.id).collect();
    let mut out = Vec::with_capacity(replacements.len());
    for record in replacements {
        let mut of_it = made.remove(&record.profile).unwrap_or_default().into_iter();
        let one = |made| Expected {
            id: record.id,
            name: record.name.clone(),
            made,
            planned: true,
            waived: waived.contains(&record.id),
            of_public: record.reach == Some(Reach::Public),
        };
        out.push(one(of_it.next()));
        // One of another run that was damaged then and is not now.
        out.extend(of_it.map(|m| Expected { planned: false, ..one(Some(m)) }));
    }
    let left = made.into_values().flatten();
    out.extend(left.map(|m| Expected {
        id: m.record.id,
        name: m.record.subject.clone(),
        made: Some(m),
        planned: false,
        waived: false,
        of_public: false,
    }));
    out
}

#[allow(clippy::too_many_arguments, reason = "each is a different thing; a struct would be used once")]
fn judged(
    args: &CompleteArgs,
    question: &Question,
    case: &Case,
    header: &PlanHeader,
    store: &dyn Store,
    expected: &[Expected],
    issued: &Gathered,
    existing: &Existing,
    options: &Options,
    terminal: &Terminal,
) -> Result<Judged, Error> {
    let given = |flag, paths: &[PathBuf]| given(flag, paths, options, terminal);
    let (chain, roots, lists) = (
        given("--chain", &question.paths(OptionName::Chain))?,
        given("--root", &question.paths(OptionName::Root))?,
        given("--crl", &question.paths(OptionName::Crl))?,
    );
    let files = AuthorityFiles { cas: args.cas.clone(), roots: args.roots.clone() }.given_or_stored(store)?;
    let (cas, more_roots) = (files.cas()?, files.roots()?);
    let public: Vec<&[u8]> = public_roots().into_iter().chain(more_roots.iter().map(Vec::as_slice)).collect();
    let (exposed, suspected) = suspect_keys(case, store)?;
    let inventory = store.key_hashes()?;
    let waivers = Waivers {
        names: question.texts(OptionName::WaiveName).into_iter().map(str::to_owned).collect(),
        checks: question.texts(OptionName::Waive).into_iter().filter_map(Check::named).collect(),
        unknown_root: question.has(OptionName::AcceptUnknownRoot),
        reason: question.text(OptionName::Reason).unwrap_or_default().to_owned(),
    };
    let rules = Rules {
        now: now(),
        cas: &cas,
        exposed: &exposed,
        suspected: &suspected,
        inventory: &inventory,
        waivers: &waivers,
    };
    let authorities: OnceCell<Authorities<'_>> = OnceCell::new();
    let of_inventory =
        |subject: &str| authorities.get_or_init(|| Authorities::open(header, store, terminal)).named(subject);
    let old = OnceCell::new();
    let inputs = Inputs {
        case_dir: case.directory(),
        expected,
        issued,
        chain: &chain,
        roots: &roots,
        lists: &lists,
        inventory: &of_inventory,
        is_old: &|sha256| old.get_or_init(|| fingerprints(store, terminal)).contains(sha256),
        damaged: &damaged_keys(case.directory(), &existing.troubles),
        public: &public,
        threads: options.threads,
    };
    Ok(judge(&inputs, &rules))
}

/// What a flag names, each path of which has to be of use.
fn given(
    flag: &'static str,
    paths: &[PathBuf],
    options: &Options,
    terminal: &Terminal,
) -> Result<Gathered, Error> {
    let mut out = Gathered::default();
    for path in paths {
        let one = gather(&Roots::open(std::slice::from_ref(path))?, options);
        for other in one.others.iter().filter(|_| one.empty == 0) {
            terminal.warn(&format!("{flag}: {}: {}", other.place, other.what));
        }
        let (none, what) = match flag {
            "--crl" => (one.lists.is_empty(), "revocation list"),
            _ => (one.certificates.is_empty(), "certificate"),
        };
        if none {
            return Err(Error::Value { flag, says: format!("{path:?} holds no {what} that can be read") });
        }
        out.certificates.extend(one.certificates);
        out.lists.extend(one.lists);
    }
    Ok(out)
}

/// What is to be written down: that each certificate in place was issued, once; and that a step is open again
/// if that holds no more.
fn said(judged: &Judged, steps: &[Step], words: &[Word], now: Time) -> Vec<Word> {
    let open: HashSet<&StepId> =
        steps.iter().filter(|s| s.kind == StepKind::Replace).map(|s| &s.id).collect();
    let mut before: HashMap<&StepId, Vec<&Word>> = HashMap::new();
    words.iter().for_each(|w| before.entry(&w.step).or_default().push(w));
    let mut out: Vec<Word> = Vec::new();
    let mut good: HashSet<&StepId> = HashSet::new();
    let word =
        |step: StepId, mark, reason| Word { step, mark, reason, by: BY.to_owned(), at: now, recorded: now };
    for one in judged
        .replacements
        .iter()
        .filter(|r| matches!(r.state, State::Accepted | State::Complete) && open.contains(&r.id))
    {
        let Some(sha256) = one.sha256 else { continue };
        if !good.insert(&one.id) {
            continue;
        }
        let name = sha256.to_string();
        // What this said before is said again only if it took it back itself, or if more is waived.
        let of_it = before.get(&one.id).map_or(&[][..], Vec::as_slice).iter().rev().filter(|w| w.by == BY);
        let mut since = of_it.take_while(|w| w.mark != Mark::Reopened);
        if since.any(|w| w.reason.contains(&name) && w.reason.contains(&one.waived)) {
            continue;
        }
        let because = if one.waived.is_empty() {
            String::new()
        } else {
            format!("; accepted with waivers: {}", one.waived)
        };
        out.push(word(
            one.id,
            Mark::Confirmed,
            format!("the certificate with SHA-256 {name} was issued and checked{because}"),
        ));
    }
    let mut again: HashSet<&StepId> = HashSet::new();
    for one in
        judged.replacements.iter().filter(|r| r.is_missing() && open.contains(&r.id) && !good.contains(&r.id))
    {
        let last = before.get(&one.id).and_then(|words| words.last());
        // What somebody else said is theirs to take back.
        if last.is_some_and(|w| w.by == BY && w.mark == Mark::Confirmed) && again.insert(&one.id) {
            out.push(word(one.id, Mark::Reopened, one.says.clone()));
        }
    }
    out
}
