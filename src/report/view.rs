//! What every report for people shows: one row per certificate, with the reason and the request, sorted as the plan orders it.

use std::collections::HashMap;

use super::plan_file::Planned;
use crate::assess::{Exposure, Kind, Standing, Verdict};
use crate::inventory::Occurrence;
use crate::pki::show;

/// One certificate, in words.
#[derive(Debug, Clone)]
pub struct Row {
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
    pub why: String,
    /// The directory of its replacement, relative to the case.
    pub request: Option<String>,
    /// What its clearance rests on.
    pub ground: Kind,
}

/// Rows of all certificates, those of the most urgent keys first.
#[must_use]
pub fn rows(planned: &Planned<'_>) -> Vec<Row> {
    let Planned { inventory, plan, .. } = *planned;
    let urgency: HashMap<u32, usize> = plan.order.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    let mut order: Vec<u32> = (0..inventory.certificates.len() as u32).collect();
    order.sort_by_cached_key(|i| {
        let entry = &inventory.certificates[*i as usize];
        let verdict = planned.assessment.certificates[*i as usize].verdict;
        (verdict, urgency.get(&entry.key).copied().unwrap_or(usize::MAX), entry.certificate.display_name().to_owned(), entry.certificate.sha256)
    });
    order.into_iter().map(|i| row(planned, i)).collect()
}

fn row(planned: &Planned<'_>, at: u32) -> Row {
    let Planned { inventory, assessment, plan, directories, .. } = *planned;
    let entry = &inventory.certificates[at as usize];
    let verdict = &assessment.certificates[at as usize];
    let key = &assessment.keys[entry.key as usize];
    let certificate = &entry.certificate;
    let reason = verdict.because.first().or_else(|| key.because.first());
    let replacement = plan.replacement_of[at as usize].map(|r| &plan.replacements[r as usize]);
    Row {
        certificate: at,
        name: show(certificate.display_name()),
        exposure: key.exposure,
        standing: verdict.standing,
        verdict: verdict.verdict,
        until: certificate.not_after.map_or_else(|| "unknown".to_owned(), |t| t.day()),
        issuer: if certificate.is_self_signed { "itself".to_owned() } else { short_name(&certificate.issuer) },
        places: places(planned, &entry.occurrences),
        why: reason.map_or_else(String::new, |b| b.says.clone()),
        request: replacement.and_then(|r| directories.get(&r.profile)).cloned(),
        ground: reason.map_or(Kind::None, |b| b.evidence),
    }
}

/// Distinct paths, the first few; the rest counted.
fn places(planned: &Planned<'_>, occurrences: &[Occurrence]) -> Vec<String> {
    let mut paths: Vec<String> = occurrences.iter().map(|o| show(planned.inventory.path(o))).collect();
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
    name.split(',').find_map(|part| part.strip_prefix("CN=")).unwrap_or(name).to_owned()
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
