//! The common way of `plan` and `run`: roots to inventory to verdicts to plan.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use certrecall::assess::{
    self, Assessment, Clock, Decision, Exposure, Incident, Manifest, Mapping, PathPattern, Profile, Reading,
    parse_span,
};
use certrecall::case::history;
use certrecall::id::{Fingerprint, ProfileHash, SpkiHash};
use certrecall::inventory::{self, Batch, Builder, Inventory, RecordedFile, chain, link};
use certrecall::limits::{self, Limits};
use certrecall::plan::ca::{Cas, Ccadb};
use certrecall::plan::ct::Elsewhere;
use certrecall::plan::{Given, Plan, authority};
use certrecall::read::{self, Options, Reopener, Roots};
use certrecall::report::plan_file::Planned;
use certrecall::report::view::count;
use certrecall::store::question::{OptionName, Resolved, Scope, Value};
use certrecall::store::{Orphan, Question, Store};
use certrecall::time::{Span, Time, Written};

use super::args::{AboutAuthorities, Judging, size};
use super::error::Error;
use super::term::Terminal;

/// How to judge, checked before anything is read.
pub(crate) struct Ready {
    incident: Incident,
    manifest: Option<Manifest>,
    uploaded: Option<Span>,
    known: Option<(String, HashSet<SpkiHash>)>,
    distrust: bool,
    date_from_path: Option<PathPattern>,
    pub(crate) decisions: BTreeMap<SpkiHash, Decision>,
    cas: Cas,
    ccadb: Option<Ccadb>,
    target: Option<Time>,
    clock: Clock,
}

/// Everything that the reports speak of.
pub(crate) struct Analysis {
    pub(crate) roots: Roots,
    pub(crate) incident: Incident,
    pub(crate) clock: Clock,
    pub(crate) inventory: Inventory,
    pub(crate) assessment: Assessment,
    pub(crate) plan: Plan,
    pub(crate) cas: Cas,
    /// Those that hold, new ones among them.
    pub(crate) decisions: BTreeMap<SpkiHash, Decision>,
    pub(crate) directories: BTreeMap<ProfileHash, String>,
    /// The options that it was judged by.
    pub(crate) question: Question,
    /// Keys that the case has only a record of.
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) threads: usize,
}

impl Analysis {
    pub(crate) fn planned(&self) -> Planned<'_> {
        Planned {
            roots: &self.roots,
            incident: &self.incident,
            clock: self.clock,
            inventory: &self.inventory,
            assessment: &self.assessment,
            plan: &self.plan,
            cas: &self.cas,
            directories: &self.directories,
            question: &self.question,
            orphans: &self.orphans,
            threads: self.threads,
        }
    }
}

/// Checks the options of the question, whose files are read already.
pub(crate) fn ready(judging: &Judging, resolved: &mut Resolved, terminal: &Terminal) -> Result<Ready, Error> {
    let question = &resolved.question;
    let text = |option| question.text(option);
    let cutoff = text(OptionName::Cutoff).map(|t| moment("--cutoff", t)).transpose()?;
    let incident = profile(resolved)?.with(cutoff)?;
    let map: Vec<&str> = question.values(OptionName::Map).iter().filter_map(|v| v.value.0.to_str()).collect();
    let mapping = Mapping::parse(&map).map_err(|says| Error::Value { flag: "--map", says })?;
    if !map.is_empty() && !question.has(OptionName::Manifest) {
        return Err(Error::Value {
            flag: "--map",
            says: "it is about the columns of a manifest; give --manifest FILE as well".to_owned(),
        });
    }
    let reading = Reading::parse(text(OptionName::ManifestZone), text(OptionName::DateOrder))
        .map_err(|(flag, says)| Error::Value { flag, says })?;
    let manifest = || {
        let files = question.values(OptionName::Manifest);
        let names = names_of(files);
        let files: Vec<(String, &[u8])> = names
            .into_iter()
            .zip(files)
            .map(|(name, file)| (name, resolved.content(file.value.path())))
            .collect();
        if files.is_empty() {
            Ok(None)
        } else {
            Manifest::parse_with(&files, &mapping, text(OptionName::ManifestPrefix), reading).map(Some)
        }
    };
    // The two that take longest.
    let (manifest, cas) = std::thread::scope(|scope| {
        let cas = scope.spawn(|| cas_of(resolved));
        (manifest(), cas.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let uploaded = text(OptionName::Uploaded)
        .map(|t| parse_span(t).map_err(|says| Error::Value { flag: "--uploaded", says }));
    let now = now();
    if incident.cutoff > now {
        let says = "has not come yet, so whatever has an upload time was uploaded before it";
        terminal.warn(&format!("the cutoff {} {says}; --cutoff names another one", incident.cutoff));
    }
    let as_of = judging.as_of.as_deref().map_or(Ok(now), |t| moment("--as-of", t))?;
    let ahead = |span: &Span| span.earliest.filter(|t| *t > now);
    if let Ok(Some(time)) = uploaded.as_ref().map_or(Ok(None), |u| u.as_ref().map(ahead)) {
        return Err(Error::Value {
            flag: "--uploaded",
            says: format!("{time} has not come yet; nothing was uploaded then"),
        });
    }
    let date_from_path = text(OptionName::DateFromPath)
        .map(|t| PathPattern::parse(t).map_err(|says| Error::Value { flag: "--date-from-path", says }))
        .transpose()?;
    let known = question
        .values(OptionName::KnownCompromised)
        .first()
        .map(|file| known_in(file.value.path(), resolved.content(file.value.path())));
    let ccadb = question
        .values(OptionName::Ccadb)
        .first()
        .map(|file| ccadb(file.value.path(), resolved.content(file.value.path()), terminal));
    let ready = Ready {
        incident,
        manifest: manifest?,
        uploaded: uploaded.transpose()?,
        known: known.transpose()?,
        distrust: question.has(OptionName::DistrustCertificateDates),
        date_from_path,
        decisions: decisions(judging, now)?,
        cas: cas?,
        ccadb: ccadb.transpose()?,
        target: text(OptionName::Due).map(|t| moment("--due", t)).transpose()?,
        clock: Clock { now, as_of },
    };
    resolved.drop_contents();
    Ok(ready)
}

/// Names for the files of a manifest in sources: the file name, with as many folders in front as tell them
/// apart.
fn names_of(files: &[Value]) -> Vec<String> {
    let parts: Vec<Vec<String>> = files
        .iter()
        .map(|f| f.value.path().components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect())
        .collect();
    let tail =
        |parts: &[String], n: usize| certrecall::pki::show(&parts[parts.len().saturating_sub(n)..].join("/"));
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1);
    let distinct = |n: &usize| parts.iter().map(|p| tail(p, *n)).collect::<HashSet<_>>().len() == parts.len();
    let n = (1..=longest).find(distinct).unwrap_or(1);
    parts.iter().map(|p| tail(p, n)).collect()
}

/// The real time.
pub(crate) fn now() -> Time {
    Time::from_unix(
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed()),
    )
}

/// Options of the reading stage, from the question of a case.
pub(crate) fn options(question: &Question, threads: Option<usize>) -> Result<Options, Error> {
    let defaults = Limits::default();
    let number = |option: OptionName, flag, default: u64| match question.text(option) {
        Some(text) => size(text).map_err(|says| Error::Value { flag, says }),
        None => Ok(default),
    };
    let depth = number(OptionName::MaxDepth, "--max-depth", defaults.depth as u64)?;
    Ok(Options {
        follow_symlinks: question.has(OptionName::FollowSymlinks),
        hash_files: true,
        threads: threads.unwrap_or_else(|| Options::default().threads).max(1),
        limits: Limits {
            depth: usize::try_from(depth).unwrap_or(usize::MAX),
            file_size: number(OptionName::MaxFileSize, "--max-file-size", defaults.file_size)?,
            broken: number(OptionName::MaxBroken, "--max-broken", defaults.broken)?,
            ..defaults
        },
    })
}

/// What the case knew before this run.
pub(crate) struct Before<'a> {
    pub(crate) store: &'a Store,
    pub(crate) files: &'a [RecordedFile],
    /// Encodings of keys that were met.
    pub(crate) forms: &'a [(SpkiHash, SpkiHash)],
    /// Exposures, in the order of keys.
    pub(crate) exposures: &'a [(SpkiHash, Exposure)],
    /// Nothing was replaced on purpose since.
    pub(crate) same_question: bool,
    /// Keys that the case made.
    pub(crate) made: &'a BTreeMap<SpkiHash, Time>,
    /// Certificates that searches found.
    pub(crate) elsewhere: &'a Elsewhere,
    /// The folder of certificates that commands name.
    pub(crate) certificates: &'a str,
}

/// Reads, joins, judges and plans.
pub(crate) fn analyse(
    roots: Roots,
    options: &Options,
    ready: Ready,
    before: &Before<'_>,
    terminal: &Terminal,
) -> Result<Analysis, Error> {
    let (inventory, lost) = inventory(&roots, options, &ready, before, terminal);
    let nothing = BTreeMap::new();
    let question = assess::Question {
        incident: &ready.incident,
        manifest: ready.manifest.as_ref(),
        uploaded: ready.uploaded,
        distrust_certificate_dates: ready.distrust,
        known_compromised: ready.known.as_ref().map(|(name, list)| (name.as_str(), list)),
        date_from_path: ready.date_from_path.as_ref(),
        decisions: &ready.decisions,
        held: &nothing,
        made: before.made,
        threads: options.threads,
        clock: ready.clock,
    };
    let mut assessment = assess::assess(&inventory, &roots, &question);
    let to_hold = if before.same_question {
        history::to_hold(before.exposures, &inventory, &assessment, lost > 0)
    } else {
        Vec::new()
    };
    if !to_hold.is_empty() {
        let held = history::held(before.store, before.exposures, &to_hold)?;
        assessment = assess::assess(&inventory, &roots, &assess::Question { held: &held, ..question });
    }
    assessment.report(history::lost(lost).into_iter());
    for line in ready.manifest.iter().flat_map(|manifest| manifest.taken(&assessment.finding_counts)) {
        terminal.say(&line);
    }
    let Ready { cas, ccadb, target, clock, incident, manifest, known, decisions, .. } = ready;
    // Judged: what it rested on is not needed any more.
    drop((manifest, known));
    let concerned = authority::concerned(&inventory, &assessment);
    let chains = chain::chains(&inventory, &concerned, cas.anchors(), options.threads, opener(&roots));
    let given = Given {
        cas: &cas,
        ccadb: ccadb.as_ref(),
        chains: &chains,
        target,
        certificates: before.certificates,
        clock,
        threads: options.threads,
    };
    let mut plan = Plan::construct(&inventory, &assessment, &given);
    plan.join(&inventory, before.elsewhere, clock);
    for finding in authority::unmatched(&inventory, &plan.authorities, &cas) {
        terminal.warn(&format!("{}: {}", finding.place, finding.says));
        assessment.add(finding);
    }
    let directories = BTreeMap::new();
    Ok(Analysis {
        roots,
        incident,
        clock,
        inventory,
        assessment,
        plan,
        cas,
        decisions,
        directories,
        question: Question::default(),
        orphans: Vec::new(),
        threads: options.threads,
    })
}

/// What opens certificates again on each thread.
pub(crate) fn opener<'a>(roots: &'a Roots) -> impl Fn() -> Open<'a> + Sync {
    move || {
        let mut files = Reopener::new(roots);
        Box::new(move |inventory, sha256, occurrences| reopen(&mut files, inventory, sha256, occurrences))
    }
}

/// Gives the bytes of a certificate, from one of its places.
type Open<'a> = Box<dyn FnMut(&Inventory, Fingerprint, &[inventory::Occurrence]) -> Option<Vec<u8>> + 'a>;

/// The bytes of a certificate, from one of its places.
pub(crate) fn reopen(
    files: &mut Reopener<'_>,
    inventory: &Inventory,
    sha256: Fingerprint,
    occurrences: &[inventory::Occurrence],
) -> Option<Vec<u8>> {
    occurrences.iter().take(REOPEN).find_map(|o| files.get(&inventory.files[o.file as usize].place, sha256))
}

fn inventory(
    roots: &Roots,
    options: &Options,
    ready: &Ready,
    before: &Before<'_>,
    terminal: &Terminal,
) -> (Inventory, usize) {
    let mut builder = Builder::default();
    let mut files = 0;
    let mut progress = terminal.progress("files read:");
    let consume = |batch: Batch| {
        files += batch.len();
        progress.tick(files);
        builder.add(batch);
        Ok::<(), Infallible>(())
    };
    let Ok(ledgers) = read::read(roots, options, Batch::default, Batch::push, consume);
    drop(progress);
    let mut facts = before.store.facts();
    builder.restore(before.files, &|root| roots.is_gone(root), &mut facts);
    let mut inventory = builder.finish(ledgers, options.threads);
    inventory.add_forms(before.forms);
    inventory.set_surroundings(roots, ready.cas.public_keys(&inventory, ready.ccadb.as_ref()));
    let known = ready.known.as_ref().map(|(_, list)| list);
    let held: HashSet<SpkiHash> = before
        .exposures
        .iter()
        .filter(|(_, exposure)| exposure.is_suspect())
        .map(|(spki, _)| *spki)
        .collect();
    let suspect = |key: &inventory::KeyEntry| {
        let decided = || {
            std::iter::once(&key.spki).chain(&key.raw_forms).any(|spki| ready.decisions.contains_key(spki))
        };
        known.is_some_and(|list| key.is_on(list)) || held.contains(&key.spki) || decided()
    };
    link::link(&mut inventory, suspect, options.threads, opener(roots));
    (inventory, facts.failed.len())
}

/// Places tried when a certificate's bytes are needed again.
pub(crate) const REOPEN: usize = 8;

/// The profile that the question names, else the default one.
fn profile(resolved: &Resolved) -> Result<Profile, Error> {
    let Some(value) = resolved.question.values(OptionName::Incident).first() else {
        return Ok(Profile::built_in(assess::incident::DEFAULT)?);
    };
    if value.content.is_none() {
        return Ok(Profile::built_in(&value.value.0.to_string_lossy())?);
    }
    let path = value.value.path();
    let text = utf8("incident profile", path, resolved.content(path))?;
    Ok(Profile::from_toml(&path.to_string_lossy(), text)?)
}

/// Bytes that have to be text.
fn utf8<'a>(what: &'static str, path: &Path, bytes: &'a [u8]) -> Result<&'a str, Error> {
    let not_text = |_| Error::Input {
        what,
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"),
    };
    str::from_utf8(bytes).map_err(not_text)
}

/// The bytes of a file named on the command line. It may be a pipe, as `<(command)` gives; what has no end is
/// given up at the limit.
fn input(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    bounded(what, path, limits::INPUT)
}

/// The same up to another limit.
pub(super) fn bounded(what: &'static str, path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let wrong = |error| Error::Input { what, path: path.to_owned(), error };
    let file = File::open(path).map_err(wrong)?;
    let told = file.metadata().map_or(0, |meta| meta.len());
    let mut bytes = Vec::new();
    if told <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(wrong)?;
    }
    if told.max(bytes.len() as u64) > limit {
        let says = format!("it has more than {limit} bytes; leave out what concerns nothing here");
        return Err(wrong(io::Error::new(io::ErrorKind::FileTooLarge, says)));
    }
    Ok(bytes)
}

/// The same as text.
fn text(what: &'static str, path: &Path) -> Result<String, Error> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(input(what, path)?).map_err(no_text).map_err(|error| Error::Input {
        what,
        path: path.to_owned(),
        error,
    })
}

/// A time that sets something: a date is midnight UTC, a time of day needs its zone.
pub(crate) fn moment(flag: &'static str, text: &str) -> Result<Time, Error> {
    match Written::parse(text) {
        Ok(Written::Local(_)) => Err(Error::Value {
            flag,
            says: format!("{text:?} has no zone; write it with one, such as 2016-11-01T00:00:00Z"),
        }),
        Ok(time) => Ok(time.as_utc()),
        Err(error) => Err(Error::Value { flag, says: error.to_string() }),
    }
}

fn decisions(judging: &Judging, now: Time) -> Result<BTreeMap<SpkiHash, Decision>, Error> {
    type Read = fn(&str, Time) -> Result<(SpkiHash, Decision), String>;
    let lists: [(&'static str, &[String], Read); 2] =
        [("--clear", &judging.clear, Decision::clear), ("--misuse", &judging.misuse, Decision::misuse)];
    let mut out = BTreeMap::new();
    for (flag, list, read) in lists {
        for text in list {
            let wrong = |says| Error::Value { flag, says };
            let (key, decision) = read(text, now).map_err(wrong)?;
            if out.insert(key, decision).is_some() {
                return Err(wrong(format!("{key} is given twice")));
            }
        }
    }
    Ok(out)
}

/// What is known of CAs, with what the question of the case adds.
fn cas_of(resolved: &Resolved) -> Result<Cas, Error> {
    let mut cas = Cas::builtin()?;
    for file in resolved.question.values(OptionName::Cas) {
        let path = file.value.path();
        cas = cas.with(Cas::parse(
            &path.to_string_lossy(),
            utf8("file about CAs", path, resolved.content(path))?,
        )?)?;
    }
    for file in resolved.question.values(OptionName::Roots) {
        let found = read::certificates_in(resolved.content(file.value.path()));
        if found.is_empty() {
            return Err(Error::Value {
                flag: "--roots",
                says: format!("{:?} has no certificate in it", file.value.path()),
            });
        }
        found.iter().for_each(|der| {
            cas.add_root(der);
        });
    }
    Ok(cas)
}

/// What is known of CAs, with what the user knows besides.
pub(crate) fn cas(given: &AboutAuthorities) -> Result<Cas, Error> {
    let mut cas = Cas::builtin()?;
    for path in &given.cas {
        let name = path.to_string_lossy();
        cas = cas.with(Cas::parse(&name, &text("file about CAs", path)?)?)?;
    }
    roots(given)?.iter().for_each(|der| {
        cas.add_root(der);
    });
    Ok(cas)
}

/// What the user says of CAs: as given now, else as the case stores it.
pub(crate) fn about(store: &Store, cas: &[PathBuf], roots: &[PathBuf]) -> Result<AboutAuthorities, Error> {
    let stored = store.question(Scope::Plan)?.unwrap_or_default();
    // Each is looked at as `plan` looks at it: one that is gone is an error with both ways out.
    let or_stored = |given: &[PathBuf], option| {
        if given.is_empty() {
            Ok(stored.check(option)?.paths(option))
        } else {
            Ok::<_, Error>(given.to_vec())
        }
    };
    Ok(AboutAuthorities {
        cas: or_stored(cas, OptionName::Cas)?,
        ccadb: None,
        roots: or_stored(roots, OptionName::Roots)?,
    })
}

/// The roots that the user says are public, DER.
pub(crate) fn roots(given: &AboutAuthorities) -> Result<Vec<Vec<u8>>, Error> {
    let mut out = Vec::new();
    for path in &given.roots {
        let found = read::certificates_in(&input("file of roots", path)?);
        if found.is_empty() {
            return Err(Error::Value { flag: "--roots", says: format!("{path:?} holds no certificate") });
        }
        out.extend(found);
    }
    Ok(out)
}

/// CCADB's list. Rows that cannot be used are reported.
fn ccadb(path: &Path, bytes: &[u8], terminal: &Terminal) -> Result<Ccadb, Error> {
    let list =
        Ccadb::read(bytes).map_err(|e| Error::Value { flag: "--ccadb", says: format!("{path:?}: {e}") })?;
    if list.bad_rows > 0 {
        let first: Vec<String> = list
            .problems
            .iter()
            .take(3)
            .map(|p| format!("line {}: {}", p.line, certrecall::pki::show(&p.says)))
            .collect();
        terminal.warn(&format!(
            "{}: {} in doubt or of no use: {}",
            path.display(),
            count(list.bad_rows as usize, "row"),
            first.join("; ")
        ));
    }
    Ok(list)
}

pub(crate) fn known_compromised(path: &Path) -> Result<(String, HashSet<SpkiHash>), Error> {
    known_in(path, &input("list of compromised keys", path)?)
}

/// A list of compromised keys, by its path.
fn known_in(path: &Path, bytes: &[u8]) -> Result<(String, HashSet<SpkiHash>), Error> {
    let mut list = HashSet::new();
    for (line, name) in lines_of(utf8("list of compromised keys", path, bytes)?) {
        let hash = name.parse().map_err(|e| Error::Value {
            flag: "--known-compromised",
            says: format!("{}:{line}: {e}", path.display()),
        })?;
        list.insert(hash);
    }
    Ok((path.display().to_string(), list))
}

/// What the lines of a list name, with their numbers; `#` begins a comment.
fn lines_of(text: &str) -> Vec<(usize, String)> {
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, line.split('#').next().unwrap_or_default().trim().to_owned()));
    lines.filter(|(_, name)| !name.is_empty()).collect()
}

/// What a list names, one a line, with the numbers of the lines; `#` begins a comment.
pub(crate) fn listed(what: &'static str, path: &Path) -> Result<Vec<(usize, String)>, Error> {
    Ok(lines_of(&text(what, path)?))
}
