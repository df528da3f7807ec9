//! Makes replacements on several threads while one writes their names: a killed run loses at most the keys of
//! one batch, never half of a pair.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::change::Action;
use super::draft::{Draft, draft};
use super::format::KeyFormat;
use super::handoff;
use super::key::{NewKey, pem};
use super::mirror::Mirror;
use super::model::{Error, HANDED_OFF, HANDOFF, KEY, RECORD, REPLACEMENTS, REQUEST, Wanted};
use super::pbes::{Opener, Sealer};
use super::readback::{check, is_for};
use super::record::{Made, Record, SCHEMA};
use super::request::{Failure, assemble};
use super::slug::slug;
use super::spec::NewKind;
use crate::files::{self, Batch, Staged};
use crate::id::{Fingerprint, ProfileHash, SpkiHash, StepId};
use crate::pki::{der, name};
use crate::plan::ReplacementRecord;
use crate::secret::Secret;

/// Replacements that are flushed to the disk together. A flush costs tens of milliseconds however much it
/// flushes: with 256 it took longer than the keys did.
const BATCH: usize = 2048;
/// Whatever is finished is flushed at least this often: more is never lost. RSA-4096 takes half a second for
/// each.
const PATIENCE: Duration = Duration::from_secs(2);
/// Every file is read back and compared. One replacement in so many, the first one included, is also read by
/// the strict decoders, its key parsed and the signature of its request verified: that catches what is wrong
/// with all of them, and for P-256 it takes longer than making the key and the signature. [`super::existing`]
/// does it for every one, before anything further is done with it.
const SAMPLE: usize = 64;
/// What a maker hands over at once: a channel costs more than a P-256 key if each goes through it alone.
const HANDFUL: usize = 32;
/// Whatever is finished is handed over at least this often.
const HASTE: Duration = Duration::from_millis(20);
/// Keys tried for one replacement. One that is known already means that random numbers repeat; another try
/// hardly helps.
const TRIES: usize = 8;

/// Makes a new key and a request for everything wanted, under `case_dir`, on `threads` threads. **The caller
/// must hold the lock of the case** and must not ask for a profile that [`super::existing`] found.
///
/// A key for whose hash `forbidden` says yes (any key of the inventory) is never used. `passphrase` is for
/// the keys that are to be encrypted. `progress` is told how many are safely on the disk. The same
/// certificates in the same order give replacements in the same order; the keys are new every time.
///
/// # Errors
/// What the disk or the random number generator refuses; the replacements finished before stay and are found
/// by [`super::existing`].
pub fn make(
    wanted: &[Wanted],
    passphrase: Option<&Secret>,
    case_dir: &Path,
    forbidden: &(dyn Fn(&SpkiHash) -> bool + Sync),
    threads: usize,
    progress: &dyn Fn(usize),
) -> Result<Outcome, Error> {
    let parent = case_dir.join(REPLACEMENTS);
    files::create_own_dir(&parent)?;
    let batch = Batch::open(&parent)?;
    let encrypted = wanted.iter().any(|w| w.order.format == KeyFormat::Pkcs8Encrypted);
    let lock = match passphrase.filter(|_| encrypted) {
        Some(passphrase) => {
            Some((Sealer::new(passphrase).map_err(|_| files::Error::NoRandom)?, Opener::new(passphrase)))
        }
        None => None,
    };
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shop =
        Shop { wanted, forbidden, lock: lock.as_ref(), batch: &batch, next, stop, used: Mutex::default() };
    thread::scope(|scope| {
        let (to_writer, from_makers) = sync_channel(2 * BATCH / HANDFUL);
        for _ in 0..threads.clamp(1, wanted.len().max(1)) {
            let (shop, to_writer) = (&shop, to_writer.clone());
            scope.spawn(move || shop.work(&to_writer));
        }
        drop(to_writer);
        let outcome = write(&batch, wanted, &from_makers, progress);
        shop.stop.store(true, Ordering::Relaxed);
        outcome
    })
}

/// Removes what a killed run left half made; it may be part of a new key. **The caller must hold the lock of
/// the case.**
///
/// # Errors
/// What the disk refuses.
pub fn sweep(case_dir: &Path) -> Result<(), Error> {
    let parent = case_dir.join(REPLACEMENTS);
    files::not_linked(&parent)?;
    if parent.is_dir() {
        Batch::open(&parent)?;
    }
    Ok(())
}

/// What a maker hands to the writer.
enum Finished {
    Failed(Error),
    Refused(usize, String),
    Staged(usize, Staged, Box<Made>),
}

/// Names what the makers staged, batch by batch, until they are done or something fails.
fn write(
    batch: &Batch,
    wanted: &[Wanted],
    makers: &Receiver<Vec<Finished>>,
    progress: &dyn Fn(usize),
) -> Result<Outcome, Error> {
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    let (mut pending, mut since) = (Vec::new(), Instant::now());
    let mut failed = None;
    for finished in makers.iter().flatten() {
        match finished {
            Finished::Failed(error) => {
                failed = Some(error);
                break;
            }
            Finished::Refused(index, says) => refused.push((index, says)),
            Finished::Staged(index, staged, made) => pending.push((index, staged, *made)),
        }
        if pending.len() >= BATCH || since.elapsed() >= PATIENCE {
            commit(batch, &mut pending, &mut made)?;
            progress(made.len());
            since = Instant::now();
        }
    }
    // What was finished before a failure is good and stays.
    let committed = commit(batch, &mut pending, &mut made);
    if let Some(error) = failed {
        return Err(error);
    }
    committed?;
    progress(made.len());
    made.sort_unstable_by_key(|(index, _)| *index);
    refused.sort_unstable_by_key(|(index, _)| *index);
    let refusal = |(index, says): (usize, String)| {
        let ReplacementRecord { id, profile, name, .. } = &wanted[index].planned;
        Refused { id: *id, profile: *profile, name: name.clone(), says }
    };
    Ok(Outcome {
        made: made.into_iter().map(|(_, made)| made).collect(),
        refused: refused.into_iter().map(refusal).collect(),
    })
}

fn commit(
    batch: &Batch,
    pending: &mut Vec<(usize, Staged, Made)>,
    made: &mut Vec<(usize, Made)>,
) -> Result<(), Error> {
    let mut staged = Vec::with_capacity(pending.len());
    for (index, directory, record) in pending.drain(..) {
        // The directory is `replacements/<name>`; the batch lies in `replacements`.
        let name = record.directory[REPLACEMENTS.len() + 1..].to_owned();
        staged.push((directory, name));
        made.push((index, record));
    }
    Ok(batch.commit(staged)?)
}

/// What all makers share.
struct Shop<'a> {
    wanted: &'a [Wanted],
    forbidden: &'a (dyn Fn(&SpkiHash) -> bool + Sync),
    /// What encrypts keys, and opens them again.
    lock: Option<&'a (Sealer, Opener<'a>)>,
    batch: &'a Batch,
    next: AtomicUsize,
    stop: AtomicBool,
    /// Keys of this run: none is used twice.
    used: Mutex<HashSet<SpkiHash>>,
}

impl Shop<'_> {
    /// Takes one wanted replacement after another until none is left.
    fn work(&self, to_writer: &SyncSender<Vec<Finished>>) {
        let (mut handful, mut since) = (Vec::new(), Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(wanted) = self.wanted.get(index) else { break };
            handful.push(match self.one(index, wanted) {
                Ok(Ok((staged, made))) => Finished::Staged(index, staged, Box::new(made)),
                Ok(Err(says)) => Finished::Refused(index, says),
                Err(error) => {
                    self.stop.store(true, Ordering::Relaxed);
                    Finished::Failed(error)
                }
            });
            if handful.len() >= HANDFUL || since.elapsed() >= HASTE {
                // The writer is gone only after a failure of its own, which it reports.
                if to_writer.send(std::mem::take(&mut handful)).is_err() {
                    return;
                }
                since = Instant::now();
            }
        }
        let _ = to_writer.send(handful);
    }

    /// One replacement, whole under a hidden name and read back; or why it cannot be made.
    fn one(&self, index: usize, wanted: &Wanted) -> Result<Result<(Staged, Made), String>, Error> {
        let format = wanted.order.format;
        if format == KeyFormat::Pkcs8Encrypted && self.lock.is_none() {
            return Ok(Err("its key is to be encrypted, and there is no passphrase".to_owned()));
        }
        let Draft { kind, mirror } = match draft(wanted) {
            Ok(draft) => draft,
            Err(says) => return Ok(Err(says)),
        };
        let key = self.fresh_key(kind, &wanted.planned.name)?;
        let not_made = || Error::KeyNotMade { name: wanted.planned.name.clone() };
        let request = match assemble(&mirror.subject, &mirror.wishes, &key) {
            Ok(request) => request,
            Err(Failure::Encoding) => return Ok(Err("the request would be too large".to_owned())),
            Err(Failure::Signing) => return Err(not_made()),
        };
        let subject = mirror.subject.clone();
        let called = slug(&called(&wanted.planned.name, &mirror));
        let record = record(wanted, &key, mirror, &request).sorted();
        let private = key.to_pem(format, self.lock.map(|(sealer, _)| sealer)).map_err(|_| not_made())?;
        let pem = pem("CERTIFICATE REQUEST", &request);
        let json = record.to_json();
        let mut files: Vec<(&'static str, &[u8])> =
            vec![(KEY, private.expose()), (REQUEST, &pem), (RECORD, &json)];
        // A file costs more than its content: whoever makes very many looks the commands of one up when they
        // are needed.
        let advice = (self.wanted.len() <= HANDED_OFF)
            .then(|| handoff::text(&record, &wanted.next, "", &String::from_utf8_lossy(&pem)));
        files.extend(advice.iter().map(|text| (HANDOFF, text.as_bytes())));
        let staged = self.batch.stage(&files)?;
        let read_back = || {
            is_for(&request, &subject)?;
            if index.is_multiple_of(SAMPLE) {
                check(staged.path(), &record, self.lock.map(|(_, opener)| opener)).map(drop)
            } else {
                Ok(())
            }
        };
        let not_read_back = |says| Error::NotReadBack {
            name: wanted.planned.name.clone(),
            directory: staged.path().into(),
            says,
        };
        read_back().map_err(not_read_back)?;
        let hash = record.spki_sha256.to_string();
        Ok(Ok((staged, Made::new(&format!("{called}-{}", &hash[..12]), record))))
    }

    /// A key that is neither forbidden nor used in this run.
    fn fresh_key(&self, kind: NewKind, name: &str) -> Result<NewKey, Error> {
        for _ in 0..TRIES {
            let key = NewKey::generate(kind).map_err(|_| Error::KeyNotMade { name: name.into() })?;
            let hash = key.hash();
            // A poisoned set is still a set; the panic of the other thread is passed on by the scope.
            if !(self.forbidden)(&hash)
                && self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
            {
                return Ok(key);
            }
        }
        Err(Error::NoFreshKey { name: name.into() })
    }
}

/// The name that a directory is called by: that of the plan where the request asks for it, else one that it
/// does ask for.
fn called(wanted: &str, mirror: &Mirror) -> String {
    let printed = name::read(&der::tlv(der::SEQUENCE, &mirror.subject)).text;
    let common = name::common_name(&printed);
    let is_common = common.as_deref().is_some_and(|common| common.eq_ignore_ascii_case(wanted));
    if mirror.asks_for(wanted) || is_common || *printed == *wanted {
        return wanted.to_owned();
    }
    mirror.plain_names().into_iter().next().or(common).unwrap_or_else(|| printed.to_string())
}

/// The record of a replacement.
fn record(wanted: &Wanted, key: &NewKey, mirror: Mirror, request: &[u8]) -> Record {
    let names = mirror.plain_names();
    let Mirror { subject: asked, wishes: _, changes, codes, domain_validated: _, mended: _ } = mirror;
    let Wanted { planned, certificate: _, next: _, order } = wanted;
    let ReplacementRecord { id, profile, subject, replaces, waits_for_new_ca, .. } = planned;
    // As the plan prints it, unless it is another one.
    let edited = changes.iter().any(|c| c.what == "subject" && c.action != Action::Kept);
    let subject =
        if edited { name::read(&der::tlv(der::SEQUENCE, &asked)).text.to_string() } else { subject.clone() };
    Record {
        schema: SCHEMA.into(),
        id: *id,
        profile: *profile,
        spki_sha256: key.hash(),
        key_algorithm: key.kind().algorithm().into(),
        key_bits: key.kind().bits(),
        key_format: order.format,
        subject,
        names,
        replaces: replaces.clone(),
        waits_for_new_ca: *waits_for_new_ca,
        request_sha256: Fingerprint::of(request),
        findings: codes,
        changes,
    }
}

/// What [`make()`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The replacements made, in the order in which they were wanted.
    pub made: Vec<Made>,
    /// Those for which no request could be made, likewise in order.
    pub refused: Vec<Refused>,
}

/// A certificate that cannot be mirrored; the run goes on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The step that asked for it.
    pub id: StepId,
    /// What the certificates are for.
    pub profile: ProfileHash,
    /// The name people know it by, as found.
    pub name: String,
    /// Why, in words.
    pub says: String,
}
