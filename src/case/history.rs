//! What a case once held against a key stays, and what became milder is reported first (DESIGN.md 2.9).

use std::collections::{BTreeMap, HashSet};

use crate::assess::{Assessment, Because, Exposure, Held, Kind};
use crate::engine::milder_keys;
use crate::finding::{Code, Finding};
use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::Inventory;
use crate::pki::show;
use crate::plan::Step;
use crate::store::model::BecauseRecord;
use crate::store::{self, Store};
use crate::time::Span;

/// What the case held against these keys, with the reasons as it recorded them.
///
/// # Errors
/// [`store::Error::Database`].
pub fn held(
    store: &dyn Store,
    before: &[(SpkiHash, Exposure)],
    keys: &[SpkiHash],
) -> Result<BTreeMap<SpkiHash, Held>, store::Error> {
    let mut out = BTreeMap::new();
    for spki in keys {
        let Some(exposure) = before.binary_search_by_key(spki, |(key, _)| *key).ok().map(|at| before[at].1)
        else {
            continue;
        };
        let record = match store.key(spki) {
            Err(store::Error::Damaged { .. }) => None,
            record => record?,
        };
        let because = match record {
            Some(record) => record.because.into_iter().map(because).collect(),
            // The exposure itself is in a column of its own.
            None => vec![Because::recorded(
                Kind::None,
                "case.db".to_owned(),
                Span::default(),
                [Code::EvidenceGone].into_iter().collect(),
                "the case held it so, and its record of the reasons cannot be read".to_owned(),
            )],
        };
        out.insert(*spki, Held { exposure, because });
    }
    Ok(out)
}

/// A reason as the case recorded it.
fn because(record: BecauseRecord) -> Because {
    let kind = Kind::named(&record.evidence).unwrap_or(Kind::None);
    let mut findings = record.findings;
    findings.insert(Code::EvidenceGone);
    let span = Span { earliest: record.earliest, latest: record.latest };
    Because::recorded(kind, record.source, span, findings, record.message)
}

/// Keys that are more exposed than the case had them in its last plan.
#[derive(Debug)]
pub struct Graver<'a> {
    inventory: &'a Inventory,
    keys: BTreeMap<SpkiHash, (Exposure, Exposure)>,
}

impl<'a> Graver<'a> {
    /// Compares.
    #[must_use]
    pub fn of(before: &[(SpkiHash, Exposure)], inventory: &'a Inventory, assessment: &Assessment) -> Self {
        let graver = before.iter().filter_map(|(spki, exposure)| {
            let at = inventory.keys.binary_search_by_key(spki, |k| k.spki).ok()?;
            let now = assessment.keys[at].exposure;
            (now < *exposure && now.is_suspect()).then_some((*spki, (*exposure, now)))
        });
        Self { inventory, keys: graver.collect() }
    }

    /// What is graver about the key of a step, or about a key of its certificates.
    #[must_use]
    pub fn of_step(&self, step: &Step) -> Option<String> {
        if self.keys.is_empty() {
            return None;
        }
        let certificates = &self.inventory.certificates;
        let of_certificate = |sha256: &Fingerprint| {
            let at = certificates.binary_search_by_key(sha256, |c| c.certificate.sha256).ok()?;
            Some(self.inventory.keys[certificates[at].key as usize].spki)
        };
        let mut keys = step.key.into_iter().chain(step.certificates.iter().filter_map(of_certificate));
        let (before, now) = keys.find_map(|key| self.keys.get(&key))?;
        Some(format!("its key was {} when the step was waived, and is {} now", before.as_str(), now.as_str()))
    }
}

/// A key that is less exposed than the case had it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milder {
    /// The key.
    pub spki: SpkiHash,
    /// What people call it.
    pub title: String,
    /// What it was.
    pub before: Exposure,
    /// What it is.
    pub now: Exposure,
    /// Why.
    pub reason: String,
}

/// Every key whose exposure became milder, with the reason. `changes`: what is different in the question.
#[must_use]
pub fn milder(
    before: &[(SpkiHash, Exposure)],
    inventory: &Inventory,
    assessment: &Assessment,
    changes: &[String],
) -> Vec<Milder> {
    let of = |(at, exposure): (usize, Exposure)| {
        let verdict = &assessment.keys[at];
        let because = verdict.because.first().map_or_else(String::new, |b| b.says(inventory).into_owned());
        let changed = if changes.is_empty() || verdict.exposure == Exposure::Cleared {
            String::new()
        } else {
            format!("; the question changed ({})", changes.join("; "))
        };
        Milder {
            spki: inventory.keys[at].spki,
            title: title(inventory, at),
            before: exposure,
            now: verdict.exposure,
            reason: format!("{because}{changed}"),
        }
    };
    milder_keys(before, inventory, assessment).map(of).collect()
}

/// What people call a key: the name of a certificate on it, else where it was found.
fn title(inventory: &Inventory, key: usize) -> String {
    let entry = &inventory.keys[key];
    let certificate = entry
        .certificates
        .first()
        .map(|c| inventory.certificates[*c as usize].certificate.display_name().into_owned());
    let place = || {
        entry.private_places().next().or_else(|| entry.public.first()).map(|o| inventory.path(o).into_owned())
    };
    show(&certificate.or_else(place).unwrap_or_else(|| entry.spki.to_string()))
}

impl Milder {
    /// As a finding of the run.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let Self { spki, title, before, now, reason } = self;
        Finding {
            code: Code::ExposureMilder,
            place: format!("{title} ({spki})"),
            says: format!("{} -> {}: {reason}", before.as_str(), now.as_str()),
        }
    }
}

/// Keys whose retirement is recorded as done though a private half of them is still in the input, with the
/// first place of each.
#[must_use]
pub fn retired_but_present(inventory: &Inventory, retired: &HashSet<SpkiHash>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (key, at) in inventory.keys.iter().zip(0usize..).filter(|(key, _)| retired.contains(&key.spki)) {
        let here: Vec<_> = key.private_places().filter(|o| !inventory.is_gone(o.file)).collect();
        if let Some(first) = here.first() {
            let more =
                if here.len() > 1 { format!(" and {} more places", here.len() - 1) } else { String::new() };
            let message =
                format!("{}: {}{more}", Code::RetiredKeyPresent.describe(), show(&inventory.path(first)));
            out.push(Finding {
                code: Code::RetiredKeyPresent,
                place: format!("{} ({})", title(inventory, at), key.spki),
                says: message,
            });
        }
    }
    out
}
