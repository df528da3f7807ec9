//! `plan.json`: the plan as data. Written as a stream, one key and one step a line, so that ten thousand keys
//! cost no more memory than one.

/// Appends `,"name":` in one piece: there are millions of them.
macro_rules! name {
    ($out:expr, $name:literal) => {
        $out.extend_from_slice(concat!(",\"", $name, "\":").as_bytes())
    };
}
mod key;
mod step;
mod touch;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;

use super::json;
use crate::assess::{Assessment, Clock, Exposure, Incident};
use crate::finding::Finding;
use crate::id::{ProfileHash, SpkiHash};
use crate::inventory::{Inventory, Occurrence};
use crate::parallel::{self, Ahead};
use crate::pki::Unread;
use crate::plan::ca::Cas;
use crate::plan::{Plan, Replacement, ReplacementRecord, SourceRecord, Step};
use crate::read::Roots;
use crate::store::model::KeyRecord;
use crate::store::{
    self, IncidentRecord, KeyEntry, Orphan, PlanHeader, PlanList, PlanPart, Question, Records, Store,
};

pub use key::certificate_line;

/// The schema name written into the file.
pub const SCHEMA: &str = "certrecall/plan/1";

/// Everything a plan file is made of.
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

/// Writes the file.
///
/// # Errors
/// Those of `out`.
pub fn write(planned: &Planned<'_>, out: &mut (dyn Write + Send)) -> io::Result<()> {
    write_with(planned, out, None)
}

/// Takes the parts of a plan as they are written.
pub type Listener<'a> = &'a mut (dyn FnMut(PlanPart) + Send);

/// The same, passing every part on to `listener`: what is made once is kept twice.
///
/// # Errors
/// Those of `out`.
pub fn write_with(
    planned: &Planned<'_>,
    out: &mut (dyn Write + Send),
    listener: Option<Listener<'_>>,
) -> io::Result<()> {
    let Planned { inventory, assessment, plan, .. } = *planned;
    let mut nobody = drop;
    let listener = listener.unwrap_or(&mut nobody);
    let header = header(planned);
    write_header(out, &header)?;
    listener(PlanPart::Header(header));
    items(out, listener, PlanList::Authorities, plan.authorities.list.iter())?;
    records(planned, out, listener)?;
    items(out, listener, PlanList::Unread, inventory.troubles.iter().map(|t| unread_record(inventory, t)))?;
    items(out, listener, PlanList::UnnamedKeys, inventory.unnamed_keys.iter().map(|o| inventory.path(o)))?;
    items::<&Finding>(out, listener, PlanList::Findings, assessment.findings.iter())?;
    listener(PlanPart::End);
    out.write_all(END)
}

/// Writes the file anew from what a case keeps, with the steps as they are now.
///
/// # Errors
/// Those of `out`; those of the store, as a source.
pub fn write_kept(
    store: &dyn Store,
    header: &PlanHeader,
    steps: &[Step],
    out: &mut dyn Write,
) -> io::Result<()> {
    write_header(out, header)?;
    let kept = |out: &mut dyn Write, list: PlanList| {
        elements(out, list.as_str(), |each| store.each_item(list, each))
    };
    kept(out, PlanList::Authorities)?;
    let replacements = store.replacements().map_err(io::Error::other)?;
    // Made anew, for that of the store has hidden characters as they are.
    let mut record = Vec::new();
    elements(out, PlanList::Replacements.as_str(), |each| {
        for replacement in &replacements {
            record.clear();
            json::push(&mut record, replacement);
            each(&record);
        }
        Ok(())
    })?;
    elements(out, "steps", |each| {
        for step in steps {
            record.clear();
            step::push(&mut record, step);
            each(&record);
        }
        Ok(())
    })?;
    elements(out, "keys", |each| store.each_key_text(each))?;
    kept(out, PlanList::Unread)?;
    kept(out, PlanList::UnnamedKeys)?;
    kept(out, PlanList::Findings)?;
    out.write_all(END)
}

const END: &[u8] = b"\n}\n";

/// What a plan begins with.
fn header(planned: &Planned<'_>) -> PlanHeader {
    let Planned { roots, incident, clock, inventory, question, .. } = *planned;
    PlanHeader {
        as_of: clock.as_of,
        roots: roots.names(),
        roots_b64: roots.names_b64(),
        question: question.clone(),
        incident: IncidentRecord {
            name: incident.name.clone(),
            title: incident.title.clone(),
            cutoff: incident.cutoff,
        },
        ledger: inventory.ledger(),
    }
}

fn write_header(out: &mut dyn Write, header: &PlanHeader) -> io::Result<()> {
    let PlanHeader { as_of, roots, roots_b64, question, incident, ledger } = header;
    out.write_all(b"{\"schema\":")?;
    member(out, &SCHEMA)?;
    named(out, "as_of", as_of)?;
    named(out, "roots", roots)?;
    if !roots_b64.is_empty() {
        named(out, "roots_b64", roots_b64)?;
    }
    named(out, "question", question)?;
    named(out, "incident", incident)?;
    named(out, "ledger", ledger)
}

fn member<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    out.write_all(&json::to_vec(value))
}

fn named<T: Serialize + ?Sized>(out: &mut dyn Write, name: &str, value: &T) -> io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    member(out, value)
}

/// A list of which each element has a line.
fn items<T: Serialize>(
    out: &mut dyn Write,
    listener: &mut dyn FnMut(PlanPart),
    list: PlanList,
    items: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{}\":[", list.as_str())?;
    let mut items = items.peekable();
    let mut is_first = true;
    while items.peek().is_some() {
        let mut records = Records::default();
        items.by_ref().take(SHARE).for_each(|item| records.push(|record| json::push(record, &item)));
        out.write_all(if is_first { b"\n" } else { Records::BETWEEN })?;
        out.write_all(records.text())?;
        listener(PlanPart::Items(list, records));
        is_first = false;
    }
    out.write_all(b"]")
}

/// The same of elements that `give` gives as JSON.
fn elements(
    out: &mut dyn Write,
    name: &str,
    give: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), store::Error>,
) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    let (mut written, mut is_first) = (Ok(()), true);
    give(&mut |record| {
        if written.is_ok() {
            let before: &[u8] = if is_first { b"\n" } else { Records::BETWEEN };
            written = out.write_all(before).and_then(|()| out.write_all(record));
            is_first = false;
        }
    })
    .map_err(io::Error::other)?;
    written?;
    out.write_all(b"]")
}

/// Some records of one of the long lists, which are made, written and passed on together.
enum Share {
    Replacements(Range<usize>),
    Steps(Range<usize>),
    Keys(Range<usize>),
}

impl Share {
    const fn name(&self) -> &'static str {
        match self {
            Self::Replacements(_) => PlanList::Replacements.as_str(),
            Self::Steps(_) => "steps",
            Self::Keys(_) => "keys",
        }
    }

    const fn range(&self) -> &Range<usize> {
        match self {
            Self::Replacements(range) | Self::Steps(range) | Self::Keys(range) => range,
        }
    }
}

/// A key of a plan: one of the inventory, or one that the case has only a record of.
#[derive(Clone, Copy)]
enum Key<'a> {
    Found(usize),
    Orphan(&'a Orphan, &'a KeyRecord),
}

/// The keys of a plan in the order of their hashes: by index of the key of the inventory that follows, what is
/// only in the record.
struct Keys<'a> {
    orphans: Vec<(usize, Key<'a>)>,
    found: usize,
}

impl<'a> Keys<'a> {
    fn of(planned: &Planned<'a>) -> Self {
        let keys = &planned.inventory.keys;
        let place = |orphan: &Orphan| keys.partition_point(|key| key.spki < orphan.spki);
        // One that cannot be read is left out.
        let whole = |orphan: &'a Orphan| Some((place(orphan), Key::Orphan(orphan, orphan.record.as_ref()?)));
        Self { orphans: planned.orphans.iter().filter_map(whole).collect(), found: keys.len() }
    }

    /// Those of a share of the keys of the inventory; the last one has what is behind.
    fn in_share(&self, share: &Range<usize>) -> impl Iterator<Item = Key<'a>> {
        let before = |at: usize| {
            let from = self.orphans.partition_point(|(place, _)| *place < at);
            self.orphans[from..].iter().take_while(move |(place, _)| *place == at).map(|(_, key)| *key)
        };
        let behind = (share.end == self.found).then(|| before(self.found)).into_iter().flatten();
        share.clone().flat_map(move |at| before(at).chain([Key::Found(at)])).chain(behind)
    }
}

/// Writes the lists of replacements, steps and keys, records made on any thread, and passes each share on when
/// it is written. Steps are made quickly and kept slowly, keys the other way round: so steps come first, and
/// who keeps them has caught up before the last key is made.
fn records(planned: &Planned<'_>, out: &mut (dyn Write + Send), listener: Listener<'_>) -> io::Result<()> {
    let Planned { inventory, assessment, plan, threads, .. } = *planned;
    let replacements = shares(plan.replacements.iter().map(|_| 1)).into_iter().map(Share::Replacements);
    let steps = shares(plan.steps.iter().map(|_| 1)).into_iter().map(Share::Steps);
    let keys = shares(inventory.keys.iter().map(|k| 1 + k.certificates.len())).into_iter().map(Share::Keys);
    let all: Vec<Share> = replacements.chain(steps).chain(keys).collect();
    let of_plan = Keys::of(planned);
    let make = |number: usize| {
        let mut records = Records::with_capacity(SHARE * OCTETS);
        match &all[number] {
            Share::Replacements(share) => plan.replacements[share.clone()]
                .iter()
                .for_each(|r| records.push(|record| json::push(record, &replacement_record(planned, r)))),
            Share::Steps(share) => {
                share.clone().for_each(|at| records.push(|record| step::push(record, &plan.steps[at])))
            }
            Share::Keys(share) => {
                touch::keys(planned, share.clone());
                of_plan.in_share(share).for_each(|key| {
                    records.push(|record| match key {
                        Key::Found(at) => key::push(record, planned, at),
                        Key::Orphan(_, orphan) => json::push(record, orphan),
                    });
                });
            }
        }
        (number, records)
    };
    let entry = |key: Key<'_>| match key {
        Key::Found(at) => KeyEntry {
            spki: inventory.keys[at].spki,
            forms: inventory.keys[at].raw_forms.clone(),
            exposure: assessment.keys[at].exposure.as_str(),
        },
        Key::Orphan(orphan, record) => KeyEntry {
            spki: orphan.spki,
            forms: record.spki_sha256_raw.clone(),
            exposure: orphan.exposure.as_str(),
        },
    };
    let write = |(number, records): (usize, Records)| {
        let share = &all[number];
        let is_first = share.range().start == 0;
        if is_first {
            write!(out, "{},\n\"{}\":[", if number == 0 { "" } else { "]" }, share.name())?;
        }
        if !records.text().is_empty() {
            out.write_all(if is_first { b"\n" } else { Records::BETWEEN })?;
            out.write_all(records.text())?;
        }
        listener(match share {
            Share::Replacements(_) => PlanPart::Items(PlanList::Replacements, records),
            Share::Steps(_) => PlanPart::Steps(records),
            Share::Keys(share) => PlanPart::Keys(of_plan.in_share(share).map(entry).collect(), records),
        });
        Ok::<(), io::Error>(())
    };
    parallel::in_order(threads, all.len(), AHEAD, make, |(_, records)| records.text().len(), write)?;
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
