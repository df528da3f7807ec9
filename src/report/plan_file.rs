//! `plan.json`: the plan as data. Written as a stream, one key and one step a line, so that ten thousand keys
//! cost no more memory than one.

/// Appends `,"name":` in one piece: there are millions of them.
macro_rules! name {
    ($out:expr, $name:literal) => {
        $out.extend_from_slice(concat!(",\"", $name, "\":").as_bytes())
    };
}
mod key;
pub mod read;
mod step;
mod touch;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::json;
use crate::assess::{Assessment, Clock, Exposure, Incident, Verdict};
use crate::finding::Finding;
use crate::id::{Fingerprint, ProfileHash, SpkiHash, StepId};
use crate::inventory::{Inventory, Occurrence};
use crate::parallel::{self, Ahead};
use crate::pki::Unread;
use crate::plan::ca::Cas;
use crate::plan::{Plan, Replacement, ReplacementRecord, SourceRecord, Step};
use crate::read::{Ledger, Roots};
use crate::store::{Orphan, Question, Records, Story, Told};
use crate::time::Time;

pub use key::certificate_line;

/// The schema name written into the file.
pub const SCHEMA: &str = "certrecall/plan/1";

/// Everything a plan file tells of.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The roots.
    pub roots: &'a Roots,
    /// The incident.
    pub incident: &'a Incident,
    /// The times.
    pub clock: Clock,
    /// What was found.
    pub inventory: &'a Inventory,
    /// What that means.
    pub assessment: &'a Assessment,
    /// What to do.
    pub plan: &'a Plan,
    /// What is known of CAs.
    pub cas: &'a Cas,
    /// Directories of replacements that exist, by profile, relative to the case.
    pub directories: &'a BTreeMap<ProfileHash, String>,
    /// The options that it was judged by.
    pub question: &'a Question,
    /// Keys that the case has only a record of.
    pub orphans: &'a [Orphan],
    /// How many threads may write it.
    pub threads: usize,
}

impl Planned<'_> {
    /// Whether a file of the input was last changed before the cutoff.
    #[must_use]
    pub fn has_old_file(&self) -> bool {
        self.inventory
            .files
            .iter()
            .any(|f| f.member_time.or(f.modified).is_some_and(|t| t < self.incident.cutoff))
    }
}

/// What `rekey` reads of a plan.
#[derive(Debug, Deserialize)]
pub struct PlanHead {
    /// Schema of the file.
    pub schema: String,
    /// Absolute paths of the roots.
    pub roots: Vec<String>,
    /// The same in base64, where one is not UTF-8.
    #[serde(default)]
    pub roots_b64: Vec<String>,
    /// What was seen.
    #[serde(default)]
    pub ledger: Option<Ledger>,
    /// All keys known.
    pub keys: Vec<KnownKey>,
    /// The replacements.
    pub replacements: Vec<ReplacementRecord>,
}

impl PlanHead {
    /// The roots as paths.
    #[must_use]
    pub fn root_paths(&self) -> Vec<PathBuf> {
        let exact: Option<Vec<PathBuf>> = self
            .roots_b64
            .iter()
            .map(|b| base64_simd::STANDARD.decode_to_vec(b).ok().map(|raw| crate::read::walk::to_path(&raw)))
            .collect();
        exact
            .filter(|paths| !paths.is_empty())
            .unwrap_or_else(|| self.roots.iter().map(PathBuf::from).collect())
    }
}

/// A key that a new one may not equal.
#[derive(Debug, Deserialize)]
pub struct KnownKey {
    /// Canonical hash.
    pub spki_sha256: SpkiHash,
    /// Hashes of other forms met.
    #[serde(default)]
    pub spki_sha256_raw: Vec<SpkiHash>,
    /// The certificates on it.
    #[serde(default)]
    pub certificates: Vec<KnownCertificate>,
}

/// A certificate of a plan, as far as the exit status and replacements need it.
#[derive(Debug, Deserialize)]
pub struct KnownCertificate {
    /// The step that replaces it.
    #[serde(default)]
    pub replacement: Option<StepId>,
    /// Its verdict.
    pub verdict: Verdict,
}

#[derive(Serialize)]
struct UnreadRecord<'a> {
    kind: &'static str,
    root: u32,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    index: u32,
    line: Option<u32>,
    label: Option<&'a str>,
    reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

#[derive(Serialize)]
struct IncidentRecord<'a> {
    name: &'a str,
    title: &'a str,
    cutoff: Time,
}

/// Writes the file.
///
/// # Errors
/// Those of `out`.
pub fn write(planned: &Planned<'_>, out: &mut (dyn Write + Send)) -> io::Result<()> {
    write_with(planned, out, None)
}

/// Takes what is told as it is written.
pub type Listener<'a> = &'a mut (dyn FnMut(Told) + Send);

/// The same, telling keys and steps: what is made once is kept twice.
///
/// # Errors
/// Those of `out`.
pub fn write_with(
    planned: &Planned<'_>,
    out: &mut (dyn Write + Send),
    listener: Option<Listener<'_>>,
) -> io::Result<()> {
    let Planned { roots, incident, clock, inventory, assessment, plan, .. } = *planned;
    let mut nobody = drop;
    let listener = listener.unwrap_or(&mut nobody);
    out.write_all(b"{\"schema\":")?;
    member(out, &SCHEMA)?;
    named(out, "as_of", &clock.as_of)?;
    named(out, "roots", &roots.names())?;
    if !roots.names_b64().is_empty() {
        named(out, "roots_b64", &roots.names_b64())?;
    }
    named(out, "question", planned.question)?;
    named(
        out,
        "incident",
        &IncidentRecord { name: &incident.name, title: &incident.title, cutoff: incident.cutoff },
    )?;
    named::<Ledger>(out, "ledger", &inventory.ledger())?;
    list(out, "authorities", plan.authorities.list.iter())?;
    list(out, "replacements", plan.replacements.iter().map(|r| replacement_record(planned, r)))?;
    records(planned, out, listener)?;
    listener(Told::End);
    list(out, "unread", inventory.troubles.iter().map(|t| unread_record(inventory, t)))?;
    list(out, "unnamed_keys", inventory.unnamed_keys.iter().map(|o| inventory.path(o)))?;
    list::<&Finding>(out, "findings", assessment.findings.iter())?;
    out.write_all(b"\n}\n")
}

/// The text with the list of steps that `write` wrote replaced by another.
///
/// # Errors
/// If the text is not as `write` leaves it.
pub fn with_steps(text: &[u8], steps: &[Step]) -> io::Result<Vec<u8>> {
    let edited = || io::Error::new(io::ErrorKind::InvalidData, "it was edited; run `certrecall plan` again");
    let start = memchr::memmem::find(text, b",\n\"steps\":[").ok_or_else(edited)?;
    // Keys come next; before version 0.1 was out, it was what is unread.
    let next =
        [&b",\n\"keys\":["[..], b",\n\"unread\":["].map(|name| memchr::memmem::find(&text[start..], name));
    let end = next.into_iter().flatten().min().map(|n| start + n).ok_or_else(edited)?;
    let mut out = text[..start].to_vec();
    list(&mut out, "steps", steps.iter())?;
    out.extend_from_slice(&text[end..]);
    Ok(out)
}

/// The CAs of a plan, id and name.
///
/// # Errors
/// If the text is not a plan.
pub fn authorities(text: &[u8]) -> io::Result<Vec<(String, String)>> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
        name: String,
    }
    #[derive(Deserialize)]
    struct List {
        authorities: Vec<Named>,
    }
    let List { authorities } = serde_json::from_slice(text)?;
    Ok(authorities.into_iter().map(|Named { id, name }| (id, name)).collect())
}

fn member<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    out.write_all(&json::to_vec(value))
}

fn named<T: Serialize + ?Sized>(out: &mut dyn Write, name: &str, value: &T) -> io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    member(out, value)
}

fn list<T: Serialize>(out: &mut dyn Write, name: &str, items: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    for (i, item) in items.enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        member(out, &item)?;
    }
    out.write_all(b"]")
}

/// Some records of one of the long lists, which are made, written and told together.
enum Share {
    Steps(Range<usize>),
    Keys(Range<usize>),
}

/// Writes the lists of steps and of keys, records made on any thread, and tells each share when it is
/// written. Steps are made quickly and kept slowly, keys the other way round: so steps come first, and who
/// keeps them has caught up before the last key is made.
fn records(planned: &Planned<'_>, out: &mut (dyn Write + Send), listener: Listener<'_>) -> io::Result<()> {
    let Planned { inventory, assessment, plan, threads, .. } = *planned;
    let steps = shares(plan.steps.iter().map(|_| 1)).into_iter().map(Share::Steps);
    let keys = shares(inventory.keys.iter().map(|k| 1 + k.certificates.len())).into_iter().map(Share::Keys);
    let all: Vec<Share> = steps.chain(keys).collect();
    let make = |number: usize| {
        let mut records = Records::with_capacity(SHARE * OCTETS);
        match &all[number] {
            Share::Steps(share) => {
                share.clone().for_each(|at| records.push(|record| step::push(record, &plan.steps[at])))
            }
            Share::Keys(share) => {
                touch::keys(planned, share.clone());
                share.clone().for_each(|at| records.push(|record| key::push(record, planned, at)));
            }
        }
        (number, records)
    };
    let story = |at: usize| {
        let key = &inventory.keys[at];
        Story {
            spki: key.spki,
            forms: key.raw_forms.clone(),
            exposure: assessment.keys[at].exposure.as_str(),
        }
    };
    let write = |(number, records): (usize, Records)| {
        let (begins, Share::Steps(share) | Share::Keys(share)) = (number == 0, &all[number]);
        if share.start == 0 {
            let name = if matches!(all[number], Share::Steps(_)) { "steps" } else { "keys" };
            write!(out, "{},\n\"{name}\":[", if begins { "" } else { "]" })?;
        }
        if !share.is_empty() {
            out.write_all(if share.start == 0 { b"\n" } else { b",\n" })?;
            out.write_all(records.text())?;
        }
        listener(match &all[number] {
            Share::Steps(_) => Told::Steps(records),
            Share::Keys(share) => Told::Keys(share.clone().map(story).collect(), records),
        });
        Ok::<(), io::Error>(())
    };
    parallel::in_order(threads, all.len(), AHEAD, make, |(_, records)| records.text().len(), write)?;
    let mut any = !inventory.keys.is_empty();
    // A record that is damaged would damage the file.
    let whole = |orphan: &&Orphan| serde_json::from_slice::<serde::de::IgnoredAny>(&orphan.record).is_ok();
    for orphan in planned.orphans.iter().filter(whole) {
        out.write_all(if any { b",\n" } else { b"\n" })?;
        out.write_all(&orphan.record)?;
        any = true;
    }
    out.write_all(b"]")
}

/// Cuts a list into shares that weigh about the same: one heavy record is a share of its own. An empty list
/// is one empty share.
fn shares(weights: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut shares: Vec<Range<usize>> = Vec::new();
    let mut weight = SHARE;
    for (at, more) in weights.enumerate() {
        match shares.last_mut() {
            Some(share) if weight + more <= SHARE => share.end = at + 1,
            _ => {
                shares.push(at..at + 1);
                weight = 0;
            }
        }
        weight += more;
    }
    if shares.is_empty() {
        shares.push(0..0);
    }
    shares
}

/// What the records weigh that a thread makes at a time: enough that taking them costs nothing.
const SHARE: usize = 256;

/// Octets of a record for each of these, as a rule.
const OCTETS: usize = 512;

/// Octets that may wait for their turn.
const AHEAD: Ahead = Ahead { made: 8 << 20, handed: 1 << 20 };

/// The record of one replacement.
#[must_use]
pub fn replacement_record(planned: &Planned<'_>, replacement: &Replacement) -> ReplacementRecord {
    let inventory = planned.inventory;
    let mirrored = &inventory.certificates[replacement.mirrors as usize];
    let certificate = &mirrored.certificate;
    let issued = planned.plan.authorities.of(replacement.mirrors);
    let operator = planned.plan.authorities.authority_of(replacement.mirrors).filter(|a| a.known);
    let ceiling = issued.and_then(|i| planned.cas.replacement_ceiling(i, planned.clock.as_of));
    let source = |o: &Occurrence| {
        let place = &inventory.files[o.file as usize].place;
        let path_b64 = place.raw_path().map(|raw| base64_simd::STANDARD.encode_to_string(raw));
        SourceRecord {
            root: place.root,
            path: place.path.to_string(),
            path_b64,
            member: place.member().map(str::to_owned),
        }
    };
    ReplacementRecord {
        id: replacement.step,
        profile: replacement.profile,
        name: certificate.display_name().into_owned(),
        subject: certificate.subject.to_string(),
        replaces: replacement
            .replaces
            .iter()
            .map(|i| inventory.certificates[*i as usize].certificate.sha256)
            .collect(),
        mirrors: certificate.sha256,
        sources: mirrored.occurrences.iter().take(SOURCES).map(source).collect(),
        key_algorithm: certificate.key.algorithm.as_str().to_owned(),
        curve: certificate.key.curve.map(|c| c.as_str().to_owned()),
        key_bits: certificate.key.bits,
        waits_for_new_ca: replacement.waits_for_new_ca,
        sort: issued.map(|i| i.sort),
        reach: issued.map(|i| i.reach),
        issuer: certificate.issuer.name.to_string(),
        operator: operator.map(|o| o.id.clone()),
        operator_name: operator.map(|o| o.name.clone()),
        max_days: ceiling.map(|c| c.days),
        directory: planned.directories.get(&replacement.profile).cloned(),
    }
}

/// Files named for opening a certificate again; any one of them is enough.
const SOURCES: usize = 8;

fn unread_record<'a>(inventory: &'a Inventory, trouble: &'a crate::inventory::Trouble) -> UnreadRecord<'a> {
    let place = &inventory.files[trouble.file as usize].place;
    let (kind, reason, detail) = match &trouble.unread {
        Unread::Locked(reason, _) => ("locked", reason, ""),
        Unread::Skipped(reason, detail) => ("skipped", reason, detail.as_str()),
        Unread::Unreadable(reason, detail) => ("unreadable", reason, detail.as_str()),
    };
    let line = (trouble.line > 0).then_some(trouble.line);
    let path_b64 = place.raw_path().map(|raw| base64_simd::STANDARD.encode_to_string(raw));
    UnreadRecord {
        path_b64,
        kind,
        root: place.root,
        path: &place.path,
        member: place.member(),
        index: trouble.index,
        line,
        label: trouble.label.as_deref(),
        reason: reason.as_str(),
        detail,
    }
}

/// The two lists of hashes: of keys that are exposed, and of those that are only presumed or undetermined.
/// Sorted, canonical and raw forms.
#[must_use]
pub fn spki_lists(inventory: &Inventory, assessment: &Assessment) -> (String, String) {
    let list = |wanted: fn(Exposure) -> bool| {
        let keys = inventory.keys.iter().zip(&assessment.keys).filter(|(_, v)| wanted(v.exposure));
        let mut hashes: Vec<SpkiHash> =
            keys.flat_map(|(k, _)| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.iter().map(|h| format!("{h}\n")).collect::<String>()
    };
    (list(|e| e == Exposure::Exposed), list(|e| matches!(e, Exposure::Presumed | Exposure::Undetermined)))
}
