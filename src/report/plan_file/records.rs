//! The long lists of a plan: replacements, steps and keys. Their records are made on all threads and written in
//! order.

use std::io::{self, Write};
use std::ops::Range;

use super::{items, key, step, touch};
use crate::parallel::{self, Ahead};
use crate::report::json;
use crate::report::planned::Planned;
use crate::store::model::KeyRecord;
use crate::store::{KeyEntry, Orphan, PlanList, PlanPart, Records};

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
pub(super) fn write(
    planned: &Planned<'_>,
    out: &mut (dyn Write + Send),
    listener: &mut (dyn FnMut(PlanPart) + Send),
) -> io::Result<()> {
    let Planned { inventory, assessment, plan, threads, .. } = *planned;
    let replacements = shares(plan.replacements.iter().map(|_| 1)).into_iter().map(Share::Replacements);
    let steps = shares(plan.steps.iter().map(|_| 1)).into_iter().map(Share::Steps);
    let keys = shares(inventory.keys.iter().map(|k| 1 + k.certificates.len())).into_iter().map(Share::Keys);
    let all: Vec<Share> = replacements.chain(steps).chain(keys).collect();
    let of_plan = Keys::of(planned);
    let make = |number: usize| {
        let mut records = Records::with_capacity(SHARE * OCTETS);
        match &all[number] {
            Share::Replacements(share) => plan.replacements[share.clone()].iter().for_each(|r| {
                records.push(|record| json::push(record, &items::replacement_record(planned, r)))
            }),
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
