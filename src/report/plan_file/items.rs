//! The records of replacements, and of what could not be read.

use serde::Serialize;

use crate::inventory::{Inventory, Occurrence};
use crate::pki::Unread;
use crate::plan::{Replacement, ReplacementRecord, SourceRecord};
use crate::report::planned::Planned;

#[derive(Serialize)]
pub(super) struct UnreadRecord<'a> {
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

pub(super) fn unread_record<'a>(
    inventory: &'a Inventory,
    trouble: &'a crate::inventory::Trouble,
) -> UnreadRecord<'a> {
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
