//! Looks at what records are about to be made of: see [`Inventory::touch`].
//!
//! [`Inventory::touch`]: crate::inventory::Inventory

use std::hint::black_box;
use std::ops::Range;

use crate::inventory::{AT_ONCE, Occurrence};
use crate::report::planned::Planned;

/// Touches what the records of some keys need; what those of certificates need only where a key has few.
pub(super) fn keys(planned: &Planned<'_>, keys: Range<usize>) {
    let inventory = planned.inventory;
    inventory.touch(keys.clone());
    let keys = &inventory.keys[keys];
    black_box(
        keys.iter().filter_map(|key| key.private_places().next()).map(|o| path(planned, o)).sum::<usize>(),
    );
    let few: Vec<u32> =
        keys.iter().filter(|key| !key.has_many()).flat_map(|key| key.certificates.iter().copied()).collect();
    few.chunks(AT_ONCE).for_each(|some| texts(planned, some));
}

/// Touches what the records of some certificates need.
pub(super) fn certificates(planned: &Planned<'_>, certificates: &[u32]) {
    planned.inventory.touch_certificates(certificates);
    texts(planned, certificates);
}

fn texts(planned: &Planned<'_>, certificates: &[u32]) {
    let Planned { inventory, assessment, plan, .. } = *planned;
    let mut seen = 0;
    for at in certificates.iter().map(|at| *at as usize) {
        seen += usize::from(assessment.certificates[at].because.is_some())
            + usize::from(plan.replacement_of[at].is_some());
        let entry = &inventory.certificates[at];
        seen += first(&entry.certificate.subject)
            + entry.certificate.issuer.name.len()
            + usize::from(entry.certificate.names.dns.is_empty());
        seen += entry.occurrences.first().map_or(0, |o| path(planned, o));
    }
    black_box(seen);
}

fn path(planned: &Planned<'_>, occurrence: &Occurrence) -> usize {
    first(&planned.inventory.files[occurrence.file as usize].place.path)
}

fn first(text: &str) -> usize {
    usize::from(text.as_bytes().first().copied().unwrap_or_default())
}
