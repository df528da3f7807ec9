//! What decides for one place of one key: the strongest kind of evidence, with the bounds that the
//! certificates and the other places of the key set.

use std::borrow::Cow;

use crate::assess::file_evidence::FileEvidence;
use crate::assess::kind::{Kind, Timing};
use crate::assess::question::{Clock, Question};
use crate::finding::{Code, Codes};
use crate::inventory::{Inventory, KeyEntry};
use crate::parallel;
use crate::time::{Span, Time};

/// What decides for one occurrence of one key.
#[derive(Debug, Clone)]
pub(in crate::assess) struct Decided<'a> {
    pub(in crate::assess) timing: Timing,
    pub(in crate::assess) kind: Kind,
    pub(in crate::assess) source: &'a Cow<'static, str>,
    pub(in crate::assess) span: Span,
    pub(in crate::assess) findings: Codes,
}

/// Since when a key can have been there, where no upload record says so.
#[derive(Debug, Clone, Copy)]
pub(in crate::assess) struct Bounds {
    /// When the oldest certificate on it was issued.
    pub(in crate::assess) issued: Option<Time>,
    /// The earliest time by which it was in some place, as a certificate, a request, a public or a private
    /// key: it is no younger.
    pub(in crate::assess) seen: Option<Time>,
}

impl Bounds {
    /// Whether it was in some place before the oldest certificate on it was issued.
    pub(in crate::assess) fn is_seen_earlier(self) -> bool {
        self.issued.zip(self.seen).is_some_and(|(issued, seen)| seen < issued)
    }

    /// The earliest possible upload; none without a certificate (DESIGN.md 2.3).
    fn lower(self) -> Option<Time> {
        self.issued.map(|issued| self.seen.map_or(issued, |seen| issued.min(seen)))
    }
}

/// What decides for an occurrence in a file, given the lower bound that the certificates on the key set. A
/// row that names the file and has no usable time clears nothing: weaker evidence may expose the key, never
/// clear it (DESIGN.md 2.9).
pub(in crate::assess) fn decide<'a>(
    evidence: &'a FileEvidence,
    bounds: Bounds,
    question: &Question<'_>,
) -> Decided<'a> {
    let decided = by_strongest(evidence, bounds, question);
    let doubtful = evidence.rows.as_ref().filter(|rows| rows.doubtful).map(|rows| &rows.source);
    match evidence.unusable_rows().or(doubtful) {
        Some(source) if decided.timing == Timing::After => Decided {
            timing: Timing::Unclear,
            kind: Kind::Manifest,
            source,
            span: Span { earliest: None, ..decided.span },
            ..decided
        },
        _ => decided,
    }
}

fn by_strongest<'a>(evidence: &'a FileEvidence, bounds: Bounds, question: &Question<'_>) -> Decided<'a> {
    let cutoff = question.incident.cutoff;
    let mut findings = evidence.findings.union(evidence.archive.findings());
    if let Some(kind) = evidence.record {
        if evidence.span.latest.zip(bounds.issued).is_some_and(|(latest, born)| latest < born) {
            findings.insert(Code::EvidenceDisagrees);
        }
        return Decided {
            timing: Timing::of(evidence.span, cutoff),
            kind,
            source: evidence.source(),
            span: evidence.span,
            findings,
        };
    }
    if Timing::of(evidence.span, cutoff) == Timing::Before {
        return Decided {
            timing: Timing::Before,
            kind: evidence.bounded_by,
            source: evidence.source(),
            span: evidence.span,
            findings,
        };
    }
    match bounds.lower() {
        Some(born) => {
            let span = Span { earliest: Some(born), latest: evidence.span.latest };
            // Changed last before the oldest certificate on it was issued: one of the two is wrong.
            let issued = bounds.issued.unwrap_or(born);
            let contradicts =
                evidence.rows.as_ref().and_then(|r| r.modified).is_some_and(|modified| modified < issued);
            if contradicts {
                findings.insert(Code::EvidenceDisagrees);
            }
            let trusted = !question.distrust_certificate_dates && !contradicts;
            let timing = if trusted { Timing::of(span, cutoff) } else { Timing::Unclear };
            findings.insert(Code::NoUploadRecord);
            Decided {
                timing,
                kind: Kind::CertificateDates,
                source: &Cow::Borrowed("certificate dates"),
                span,
                findings,
            }
        }
        None if evidence.span.latest.is_some() => Decided {
            timing: Timing::Unclear,
            kind: evidence.bounded_by,
            source: evidence.source(),
            span: evidence.span,
            findings,
        },
        None => Decided {
            timing: Timing::Unclear,
            kind: Kind::None,
            source: &Cow::Borrowed(""),
            span: Span::default(),
            findings,
        },
    }
}

/// The lower bound of each key: the oldest notBefore, or embedded SCT time if earlier, of all certificates on
/// it. A certificate that is not valid before now gives none; one whose date cannot be read could be older
/// than any other, so then there is no bound at all.
pub(in crate::assess) fn births(inventory: &Inventory, clock: Clock, threads: usize) -> Vec<Option<Time>> {
    let born = |i: &u32| {
        let certificate = &inventory.certificates[*i as usize].certificate;
        let dates =
            [certificate.not_before, certificate.first_sct.filter(|_| certificate.not_before.is_some())];
        dates.into_iter().flatten().min()
    };
    let of = |key: &KeyEntry| {
        let dates: Option<Vec<Time>> = key.certificates.iter().map(born).collect();
        dates?.into_iter().filter(|t| *t <= clock.now).min()
    };
    parallel::map(threads, inventory.keys.len(), || (), |(), i| of(&inventory.keys[i]))
}
