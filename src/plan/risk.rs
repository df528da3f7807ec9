//! How urgent a key is: a score that explains itself.

use std::collections::HashSet;

use super::authority::sort_of;
use super::ca::Sort;
use crate::assess::{Assessment, Clock, Exposure, Kind, Verdict};
use crate::id::Fingerprint;
use crate::inventory::{CertificateEntry, Inventory};
use crate::time::{DAY, Time};

/// The urgency of one key. Keys are ordered by it, the highest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risk {
    /// The sum of all parts.
    pub score: u32,
    /// Its parts, each with its reason.
    pub because: Vec<Part>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it adds.
    pub points: u32,
    /// Why.
    pub says: String,
}

/// Somebody uses the key already.
const MISUSED: u32 = 10_000;
/// Whoever has the key of a CA can make certificates for any name.
const AUTHORITY: u32 = 5_000;
/// There is something that an attacker can use today.
const LIVE: u32 = 1_000;
/// The uses that hurt most where a key is known, beyond a server's.
const SIGNS_CODE: u32 = 500;
const SERVES: u32 = 200;
/// A name for a whole domain.
const WILDCARD: u32 = 150;
/// How sure the exposure is.
const EXPOSED: u32 = 100;
const PRESUMED: u32 = 50;
const UNDETERMINED: u32 = 25;
/// Names that count, points for each.
const NAMES: u32 = 100;
const PER_NAME: u32 = 3;
/// Months of validity left that count, points for each.
const MONTHS: u32 = 36;
const PER_MONTH: u32 = 2;

impl Risk {
    /// The urgency of the key at this index of the inventory, explained. `voiding`: the CA certificates that
    /// live ones hang below.
    #[must_use]
    pub fn of(
        inventory: &Inventory,
        assessment: &Assessment,
        voiding: &HashSet<Fingerprint>,
        clock: Clock,
        key: u32,
    ) -> Self {
        let mut out = Self::default();
        weigh(inventory, assessment, voiding, clock, key, &mut |points, says| {
            out.score += points;
            out.because.push(Part { points, says: says() });
        });
        out
    }

    /// The score alone.
    #[must_use]
    pub fn score(
        inventory: &Inventory,
        assessment: &Assessment,
        voiding: &HashSet<Fingerprint>,
        clock: Clock,
        key: u32,
    ) -> u32 {
        let mut score = 0;
        weigh(inventory, assessment, voiding, clock, key, &mut |points, _| score += points);
        score
    }
}

/// Calls `add` with each part that is there.
fn weigh(
    inventory: &Inventory,
    assessment: &Assessment,
    voiding: &HashSet<Fingerprint>,
    clock: Clock,
    key: u32,
    add: &mut dyn FnMut(u32, &dyn Fn() -> String),
) {
    let verdict = &assessment.keys[key as usize];
    let certificates = &inventory.keys[key as usize].certificates;
    let judged = |i: &u32| assessment.certificates[*i as usize].verdict;
    let live: Vec<&CertificateEntry> = certificates
        .iter()
        .filter(|i| judged(i).asks_for_action())
        .map(|i| &inventory.certificates[*i as usize])
        .collect();
    let mut part = |applies: bool, points: u32, says: &dyn Fn() -> String| {
        if applies {
            add(points, says);
        }
    };
    part(verdict.because.iter().any(|b| b.evidence == Kind::Misuse), MISUSED, &|| {
        "misuse of it was seen".to_owned()
    });
    // A CA certificate that has expired voids what hangs below it all the same: the key signs lists and
    // answers, and dates can be chosen.
    let voids = |i: &u32| voiding.contains(&inventory.certificates[*i as usize].certificate.sha256);
    let authority = certificates.iter().any(|i| judged(i) == Verdict::Decide || voids(i));
    part(authority, AUTHORITY, &|| {
        "it is the key of a CA: whoever has it can make certificates for any name".to_owned()
    });
    part(!live.is_empty(), LIVE, &|| format!("{} on it can still be used", count(live.len(), "certificate")));
    let has = |sort: Sort| live.iter().any(|e| sort_of(e) == sort);
    part(has(Sort::CodeSigning), SIGNS_CODE, &|| "it signs programs".to_owned());
    part(has(Sort::TlsServer), SERVES, &|| "it is for servers".to_owned());
    let mut names: Vec<&str> = live.iter().flat_map(|e| &e.certificate.names.dns).collect();
    names.sort_unstable();
    names.dedup();
    part(names.iter().any(|n| n.starts_with("*.")), WILDCARD, &|| {
        "a wildcard name covers a whole domain".to_owned()
    });
    let counted = (names.len() as u32).min(NAMES);
    let says = || format!("{}, {PER_NAME} points each up to {NAMES}", count(names.len(), "name"));
    part(counted > 0, counted * PER_NAME, &says);
    let months = months_left(&live, clock);
    let counted = months.min(MONTHS);
    let says = || {
        format!(
            "{} of validity left, {PER_MONTH} points each up to {MONTHS}",
            count(months as usize, "month")
        )
    };
    part(counted > 0, counted * PER_MONTH, &says);
    let (points, says) = match verdict.exposure {
        Exposure::Exposed => (EXPOSED, "the key is exposed for sure"),
        Exposure::Presumed => (PRESUMED, "the key is presumed to be exposed"),
        Exposure::Undetermined => (UNDETERMINED, "whether the key is exposed is not determined"),
        Exposure::NotExposed | Exposure::Cleared => (0, ""),
    };
    part(points > 0, points, &|| says.to_owned());
}

/// Whole months, of 30 days, that the last of the live certificates can still be used; as many as count if
/// the end of one is not known.
fn months_left(live: &[&CertificateEntry], clock: Clock) -> u32 {
    let left = live.iter().map(|e| e.certificate.not_after.map_or(MONTHS, |end| months_until(end, clock)));
    left.max().unwrap_or(0)
}

fn months_until(end: Time, clock: Clock) -> u32 {
    u32::try_from(end.unix().saturating_sub(clock.as_of.unix()).max(0) / (30 * DAY)).unwrap_or(u32::MAX)
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
