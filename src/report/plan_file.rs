//! `plan.json`: the plan as data. Written as a stream, one key and one step a line, so that ten thousand keys
//! cost no more memory than one; from a run, or from what a case keeps.

mod items;
mod key;
mod records;
mod step;
mod touch;

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::planned::Planned;
use crate::finding::Finding;
use crate::plan::Step;
use crate::store::{self, IncidentRecord, PlanHeader, PlanList, PlanPart, Records, Store};

pub use items::replacement_record;
pub use key::certificate_line;

/// The schema name written into the file.
pub const SCHEMA: &str = "certrecall/plan/1";

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
    records::write(planned, out, listener)?;
    items(
        out,
        listener,
        PlanList::Unread,
        inventory.troubles.iter().map(|t| items::unread_record(inventory, t)),
    )?;
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
    // A record that is cut off is in no view, as in that of a plan.
    elements(out, "keys", |each| {
        store.each_key_text(&mut |text| {
            if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() {
                each(text);
            }
        })
    })?;
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

/// Records of the short lists that are passed on at a time.
const SHARE: usize = 256;
