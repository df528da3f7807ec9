//! What every report for people shows: one row per certificate, with the reason and the request, sorted as
//! the plan orders it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::planned::Planned;
use crate::assess::{Because, Exposure, Kind, Standing, Verdict};
use crate::inventory::Occurrence;
use crate::pki::show;

/// Keys whose steps texts have, the most urgent ones: nobody reads more, and plan.json has them all.
pub(super) const KEYS: usize = 2000;

/// One certificate, in words.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Index into the inventory.
    pub certificate: u32,
    /// What people call it.
    pub name: String,
    /// Exposure of its key.
    pub exposure: Exposure,
    /// Standing.
    pub standing: Standing,
    /// Verdict.
    pub verdict: Verdict,
    /// Last day of validity.
    pub until: String,
    /// Who issued it, short; `itself` for self-signed ones.
    pub issuer: String,
    /// Files, the first few and a count.
    pub places: Vec<String>,
    /// The deciding reason.
    pub why: Cow<'a, str>,
    /// Why its own key is suspect, where the deciding reason is another one.
    pub also: Option<Cow<'a, str>>,
    /// The directory of its replacement, relative to the case.
    pub request: Option<&'a str>,
}

/// The certificates with such verdicts, as in the inventory: for counting.
#[must_use]
pub fn select(planned: &Planned<'_>, wanted: impl Fn(Verdict) -> bool) -> Vec<u32> {
    let verdicts = planned.assessment.certificates.iter().enumerate();
    verdicts.filter(|(_, v)| wanted(v.verdict)).map(|(i, _)| i as u32).collect()
}

/// Puts certificates in the order of reports: by verdict, those of the most urgent keys first, then by name.
pub fn sort(planned: &Planned<'_>, certificates: &mut [u32]) {
    let Planned { inventory, plan, .. } = *planned;
    let mut urgency = vec![usize::MAX; inventory.keys.len()];
    plan.order.iter().enumerate().for_each(|(at, key)| urgency[*key as usize] = at);
    let entry = |i: &u32| &inventory.certificates[*i as usize];
    let rank =
        |i: &u32| (planned.assessment.certificates[*i as usize].verdict, urgency[entry(i).key as usize]);
    certificates.sort_unstable_by_key(rank);
    // Of those to act on few have a rank in common, so few names are made. Certificates are numbered in the
    // order of their hashes.
    for equal in certificates.chunk_by_mut(|a, b| rank(a) == rank(b)).filter(|equal| equal.len() > 1) {
        equal.sort_by_cached_key(|i| (entry(i).certificate.display_name(), *i));
    }
}

/// [`select`] and [`sort`].
#[must_use]
pub fn sorted(planned: &Planned<'_>, wanted: impl Fn(Verdict) -> bool) -> Vec<u32> {
    let mut certificates = select(planned, wanted);
    sort(planned, &mut certificates);
    certificates
}

/// What decides about a certificate: a reason of its own, else the first of its key.
#[must_use]
pub fn ground<'a>(planned: &Planned<'a>, at: u32) -> Option<&'a Because> {
    let key = planned.inventory.certificates[at as usize].key;
    planned.assessment.certificates[at as usize]
        .because
        .as_deref()
        .or_else(|| planned.assessment.keys[key as usize].because.first())
}

/// How many certificates each kind of evidence clears, and which of them are listed one by one.
#[must_use]
pub fn clear_counts(planned: &Planned<'_>, clear: &[u32]) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for at in clear {
        *counts.entry(ground(planned, *at).map_or(Kind::None, |b| b.evidence)).or_default() += 1;
    }
    counts
}

/// How many certificates something clears, and what does.
#[must_use]
pub fn cleared(kind: Kind, n: usize) -> String {
    match (kind, n) {
        (Kind::ChainCertificate, 1) => "1 chain certificate: a bundle brings it without its key".to_owned(),
        (Kind::ChainCertificate, n) => {
            format!("{n} chain certificates: a bundle brings them without their keys")
        }
        (kind, n) => format!("{n} {}", clear_words(kind)),
    }
}

/// What clears a certificate, in words after a number.
const fn clear_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Manifest => "uploaded at or after the cutoff, says the manifest",
        Kind::Uploaded => "uploaded at or after the cutoff, says --uploaded",
        Kind::PathDate => "uploaded at or after the cutoff, says the date in the path",
        Kind::PublicOnly => "of which only the public half was found",
        Kind::Decision => "by decision",
        Kind::CertificateDates => {
            "without an upload record: only the dates of the certificates clear them (--distrust-certificate-dates)"
        }
        _ => "on other evidence",
    }
}

/// The row of one certificate.
#[must_use]
pub fn row<'a>(planned: &Planned<'a>, at: u32) -> Row<'a> {
    let Planned { inventory, assessment, plan, directories, .. } = *planned;
    let entry = &inventory.certificates[at as usize];
    let verdict = &assessment.certificates[at as usize];
    let key = &assessment.keys[entry.key as usize];
    let certificate = &entry.certificate;
    let reason = ground(planned, at);
    let replacement = plan.replacement_of[at as usize].map(|r| &plan.replacements[r as usize]);
    Row {
        certificate: at,
        name: show(&certificate.display_name()),
        exposure: key.exposure,
        standing: verdict.standing,
        verdict: verdict.verdict,
        until: certificate.not_after.map_or_else(|| "unknown".to_owned(), |t| t.day()),
        issuer: if certificate.is_self_signed {
            "itself".to_owned()
        } else {
            short_name(&certificate.issuer.name)
        },
        places: places(planned, &entry.occurrences),
        why: reason.map_or(Cow::Borrowed(""), |b| b.says(inventory)),
        also: key
            .because
            .first()
            .filter(|_| verdict.because.is_some() && key.exposure.is_suspect())
            .map(|b| b.says(inventory)),
        request: replacement.and_then(|r| directories.get(&r.profile)).map(String::as_str),
    }
}

/// Distinct paths, the first few; the rest counted.
fn places(planned: &Planned<'_>, occurrences: &[Occurrence]) -> Vec<String> {
    let mut paths: Vec<String> = occurrences.iter().map(|o| show(&planned.inventory.path(o))).collect();
    paths.dedup();
    let more = paths.len().saturating_sub(PLACES);
    paths.truncate(PLACES);
    if more > 0 {
        paths.push(format!("and {more} more"));
    }
    paths
}

const PLACES: usize = 3;

/// The common name of an RFC 4514 name, else all of it.
#[must_use]
pub fn short_name(name: &str) -> String {
    crate::pki::name::common_name(name).unwrap_or_else(|| name.to_owned())
}

/// `1 certificate`, `2 certificates`.
#[must_use]
pub fn count(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !what.ends_with("key") => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}
