//! The common way of `plan` and `run`: roots to inventory to verdicts to plan.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use certrecall::assess::{self, Assessment, Clock, Decision, Incident, Manifest, Mapping, PathPattern, Profile, Question, parse_span};
use certrecall::id::{Fingerprint, ProfileHash, SpkiHash};
use certrecall::inventory::{self, Batch, Builder, Inventory, chain, link};
use certrecall::limits::{self, Limits};
use certrecall::plan::ca::{Cas, Ccadb};
use certrecall::plan::ct::Elsewhere;
use certrecall::plan::{Given, Plan, authority};
use certrecall::read::{self, Options, Reopener, Roots};
use certrecall::report::plan_file::Planned;
use certrecall::report::view::count;
use certrecall::time::{Span, Time, Written};

use super::args::{AboutAuthorities, Judging, Reading};
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
    pub(crate) directories: BTreeMap<ProfileHash, String>,
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
            threads: self.threads,
        }
    }
}

/// Checks flags and reads the files they name.
pub(crate) fn ready(judging: &Judging, terminal: &Terminal) -> Result<Ready, Error> {
    let cutoff = judging.cutoff.as_deref().map(|t| moment("--cutoff", t)).transpose()?;
    let incident = profile(&judging.incident)?.with(cutoff)?;
    let mapping = Mapping::parse(&judging.map).map_err(|says| Error::Value { flag: "--map", says })?;
    let manifest = || {
        let read = judging.manifest.as_deref().map(|path| {
            let bytes = input("manifest", path)?;
            let name = path.file_name().map_or_else(|| path.to_string_lossy(), |n| n.to_string_lossy());
            Ok::<_, Error>(Manifest::parse_mapped(&certrecall::pki::show(&name), &bytes, &mapping)?)
        });
        read.transpose()
    };
    // The two that take longest.
    let (manifest, cas) = std::thread::scope(|scope| {
        let cas = scope.spawn(|| cas(&judging.authorities));
        (manifest(), cas.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let uploaded = judging.uploaded.as_deref().map(|t| parse_span(t).map_err(|says| Error::Value { flag: "--uploaded", says }));
    let known = judging.known_compromised.as_deref().map(known_compromised);
    let now = now();
    if incident.cutoff > now {
        let says = "has not come yet, so whatever has an upload time was uploaded before it";
        terminal.warn(&format!("the cutoff {} {says}; --cutoff names another one", incident.cutoff));
    }
    let as_of = judging.as_of.as_deref().map_or(Ok(now), |t| moment("--as-of", t))?;
    let ahead = |span: &Span| span.earliest.filter(|t| *t > now);
    if let Ok(Some(time)) = uploaded.as_ref().map_or(Ok(None), |u| u.as_ref().map(ahead)) {
        return Err(Error::Value { flag: "--uploaded", says: format!("{time} has not come yet; nothing was uploaded then") });
    }
    let date_from_path =
        judging.date_from_path.as_deref().map(|t| PathPattern::parse(t).map_err(|says| Error::Value { flag: "--date-from-path", says }));
    Ok(Ready {
        incident,
        manifest: manifest?,
        uploaded: uploaded.transpose()?,
        known: known.transpose()?,
        distrust: judging.distrust_certificate_dates,
        date_from_path: date_from_path.transpose()?,
        decisions: decisions(judging, now)?,
        cas: cas?,
        ccadb: judging.authorities.ccadb.as_deref().map(|path| ccadb(path, terminal)).transpose()?,
        target: judging.due.as_deref().map(|t| moment("--due", t)).transpose()?,
        clock: Clock { now, as_of },
    })
}

/// The real time.
pub(crate) fn now() -> Time {
    Time::from_unix(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed()))
}

/// Options of the reading stage.
pub(crate) fn options(reading: &Reading) -> Options {
    let defaults = Options::default();
    Options {
        follow_symlinks: reading.follow_symlinks,
        hash_files: false,
        threads: reading.threads.unwrap_or(defaults.threads).max(1),
        limits: Limits { depth: reading.max_depth, file_size: reading.max_file_size, broken: reading.max_broken, ..Limits::default() },
    }
}

/// Reads, joins, judges and plans.
pub(crate) fn analyse(roots: Roots, reading: &Reading, ready: Ready, elsewhere: &Elsewhere, certificates: &str, terminal: &Terminal) -> Analysis {
    let mut options = options(reading);
    options.hash_files = ready.manifest.as_ref().is_some_and(Manifest::needs_hashes);
    let inventory = inventory(&roots, &options, ready.known.as_ref().map(|(_, list)| list), terminal);
    let question = Question {
        incident: &ready.incident,
        manifest: ready.manifest.as_ref(),
        uploaded: ready.uploaded,
        distrust_certificate_dates: ready.distrust,
        known_compromised: ready.known.as_ref().map(|(name, list)| (name.as_str(), list)),
        date_from_path: ready.date_from_path.as_ref(),
        decisions: &ready.decisions,
        threads: options.threads,
        clock: ready.clock,
    };
    let mut assessment = assess::assess(&inventory, &roots, &question);
    let Ready { cas, ccadb, target, clock, incident, manifest, known, .. } = ready;
    // Judged: what it rested on is not needed any more.
    drop((manifest, known));
    let concerned = authority::concerned(&inventory, &assessment);
    let chains = chain::chains(&inventory, &concerned, cas.anchors(), options.threads, opener(&roots));
    let given = Given { cas: &cas, ccadb: ccadb.as_ref(), chains: &chains, target, certificates, clock, threads: options.threads };
    let mut plan = Plan::construct(&inventory, &assessment, &given);
    plan.join(&inventory, elsewhere, clock);
    for finding in authority::unmatched(&inventory, &plan.authorities, &cas) {
        terminal.warn(&format!("{}: {}", finding.place, finding.says));
        assessment.add(finding);
    }
    Analysis { roots, incident, clock, inventory, assessment, plan, cas, directories: BTreeMap::new(), threads: options.threads }
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
pub(crate) fn reopen(files: &mut Reopener<'_>, inventory: &Inventory, sha256: Fingerprint, occurrences: &[inventory::Occurrence]) -> Option<Vec<u8>> {
    occurrences.iter().take(REOPEN).find_map(|o| files.get(&inventory.files[o.file as usize].place, sha256))
}

fn inventory(roots: &Roots, options: &Options, known: Option<&HashSet<SpkiHash>>, terminal: &Terminal) -> Inventory {
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
    let mut inventory = builder.finish(ledgers, options.threads);
    let listed = |key: &inventory::KeyEntry| known.is_some_and(|list| key.is_on(list));
    link::link(&mut inventory, listed, options.threads, opener(roots));
    inventory
}

/// Places tried when a certificate's bytes are needed again.
pub(crate) const REOPEN: usize = 8;

fn profile(name: &str) -> Result<Profile, Error> {
    let is_file = Path::new(name).is_file() && assess::incident::BUILT_IN.iter().all(|(n, _)| *n != name);
    if !is_file {
        return Ok(Profile::built_in(name)?);
    }
    let text = text("incident profile", Path::new(name))?;
    Ok(Profile::from_toml(name, &text)?)
}

/// The bytes of a file named on the command line. It may be a pipe, as `<(command)` gives; what has no end is given up at the limit.
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
    String::from_utf8(input(what, path)?).map_err(no_text).map_err(|error| Error::Input { what, path: path.to_owned(), error })
}

/// A time that sets something: a date is midnight UTC, a time of day needs its zone.
pub(crate) fn moment(flag: &'static str, text: &str) -> Result<Time, Error> {
    match Written::parse(text) {
        Ok(Written::Local(_)) => Err(Error::Value { flag, says: format!("{text:?} has no zone; write it with one, such as 2016-11-01T00:00:00Z") }),
        Ok(time) => Ok(time.as_utc()),
        Err(error) => Err(Error::Value { flag, says: error.to_string() }),
    }
}

fn decisions(judging: &Judging, now: Time) -> Result<BTreeMap<SpkiHash, Decision>, Error> {
    type Read = fn(&str, Time) -> Result<(SpkiHash, Decision), String>;
    let lists: [(&'static str, &[String], Read); 2] = [("--clear", &judging.clear, Decision::clear), ("--misuse", &judging.misuse, Decision::misuse)];
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

/// CCADB's list, as a stream. Rows that cannot be used are told.
fn ccadb(path: &Path, terminal: &Terminal) -> Result<Ccadb, Error> {
    let wrong = |error| Error::Input { what: "CCADB list", path: path.to_owned(), error };
    let file = File::open(path).map_err(wrong)?;
    let list = Ccadb::read(io::BufReader::new(file)).map_err(|e| Error::Value { flag: "--ccadb", says: format!("{path:?}: {e}") })?;
    if list.bad_rows > 0 {
        let first: Vec<String> = list.problems.iter().take(3).map(|p| format!("line {}: {}", p.line, certrecall::pki::show(&p.says))).collect();
        terminal.warn(&format!("{}: {} in doubt or of no use: {}", path.display(), count(list.bad_rows as usize, "row"), first.join("; ")));
    }
    Ok(list)
}

pub(crate) fn known_compromised(path: &Path) -> Result<(String, HashSet<SpkiHash>), Error> {
    let mut list = HashSet::new();
    for (line, name) in listed("list of compromised keys", path)? {
        let hash = name.parse().map_err(|e| Error::Value { flag: "--known-compromised", says: format!("{}:{line}: {e}", path.display()) })?;
        list.insert(hash);
    }
    Ok((path.display().to_string(), list))
}

/// What a list names, one a line, with the numbers of the lines; `#` begins a comment.
pub(crate) fn listed(what: &'static str, path: &Path) -> Result<Vec<(usize, String)>, Error> {
    let text = text(what, path)?;
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.split('#').next().unwrap_or_default().trim().to_owned()));
    Ok(lines.filter(|(_, name)| !name.is_empty()).collect())
}
