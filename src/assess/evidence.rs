//! When was it uploaded? The ranking of evidence: the strongest kind present decides, weaker kinds fill an open end and never overrule it.

use std::borrow::Cow;

use serde::Serialize;

use super::manifest::{Manifest, normalise};
use super::words;
use super::{Clock, Question};
use crate::finding::{Code, Codes, Finding};
use crate::id::Fingerprint;
use crate::inventory::{File, Inventory};
use crate::read::{RootKind, Roots};
use crate::time::{Span, Time};

/// Kinds of evidence and of other grounds for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person decided.
    Decision,
    /// A row of the upload manifest.
    Manifest,
    /// `--uploaded`.
    Uploaded,
    /// A date in the path.
    PathDate,
    /// The time of an archive member.
    MemberTime,
    /// The time the file was last changed: an upper bound, since copying renews it.
    FileTime,
    /// Dates of the certificates on the key.
    CertificateDates,
    /// Nothing at all.
    None,
    /// It is a CA certificate that came along in a bundle, without its key.
    ChainCertificate,
    /// Only requests or bare public keys of it were found.
    PublicOnly,
    /// The key of its issuer is exposed.
    IssuerKey,
    /// A list of known compromised keys names it.
    List,
    /// Another key with the same modulus is exposed.
    SharedFactor,
}

/// Which side of the cutoff an upload lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timing {
    /// All of its span is before: exposed.
    Before,
    /// Neither is certain.
    Unclear,
    /// All of its span is at the cutoff or later.
    After,
}

impl Timing {
    /// `latest < cutoff` is before; `earliest >= cutoff` is after; exactly the cutoff is not exposed.
    #[must_use]
    pub fn of(span: Span, cutoff: Time) -> Self {
        if span.latest.is_some_and(|t| t < cutoff) {
            Self::Before
        } else if span.earliest.is_some_and(|t| t >= cutoff) {
            Self::After
        } else {
            Self::Unclear
        }
    }
}

/// What is known of the upload of one file, the dates of certificates aside.
#[derive(Debug, Clone)]
pub(super) struct FileEvidence {
    /// The kind that decides, if there is an upload record.
    pub(super) record: Option<Kind>,
    /// `uploads.csv:7`, `--uploaded`; of the deciding kind, or of the file time.
    pub(super) source: Cow<'static, str>,
    /// The span, open ends filled by weaker kinds.
    pub(super) span: Span,
    /// The accounts that manifest rows name.
    pub(super) accounts: Vec<String>,
    /// Contradictions and ignored times.
    pub(super) findings: Codes,
}

/// What decides for one occurrence of one key.
#[derive(Debug, Clone)]
pub(super) struct Decided<'a> {
    pub(super) timing: Timing,
    pub(super) kind: Kind,
    pub(super) source: Cow<'a, str>,
    pub(super) span: Span,
    pub(super) findings: Codes,
}

/// Gathers the evidence for every file.
pub(super) fn for_files(inventory: &Inventory, roots: &Roots, question: &Question<'_>, findings: &mut Vec<Finding>) -> Vec<FileEvidence> {
    let dates = FileDates::gather(inventory, question.clock, question.manifest.is_some_and(Manifest::needs_hashes));
    let mut matched = vec![false; question.manifest.map_or(0, |m| m.rows.len())];
    let mut out = Vec::with_capacity(inventory.files.len());
    for (i, file) in inventory.files.iter().enumerate() {
        let rows = question.manifest.map_or_else(Vec::new, |m| rows_for(m, file, roots, dates.fingerprints.get(i).map_or(&[], Vec::as_slice)));
        rows.iter().for_each(|r| matched[*r as usize] = true);
        if question.manifest.is_some() && rows.is_empty() {
            findings.push(finding(Code::FileWithoutRecord, file, "the manifest has no row for it"));
        }
        let evidence = for_file(file, &rows, dates.oldest[i], question);
        for code in evidence.findings.iter() {
            findings.push(finding(code, file, code.describe()));
        }
        out.push(evidence);
    }
    if let Some(manifest) = question.manifest {
        findings.extend(manifest.findings.iter().cloned());
        for (row, _) in manifest.rows.iter().zip(&matched).filter(|(_, hit)| !**hit) {
            let what = row.path.as_deref().map_or_else(|| "its hash".to_owned(), |p| format!("{:?}", words::cut(&crate::pki::show(p))));
            let says = format!("{what} matches no file with certificates or keys here");
            findings.push(Finding { code: Code::ManifestRowUnmatched, place: format!("{}:{}", manifest.name, row.line), says });
        }
    }
    out
}

fn finding(code: Code, file: &File, says: &str) -> Finding {
    Finding { code, place: file.place.path.to_string(), says: says.to_owned() }
}

/// Dates and fingerprints of the certificates of each file.
struct FileDates {
    oldest: Vec<Option<Time>>,
    fingerprints: Vec<Vec<Fingerprint>>,
}

impl FileDates {
    fn gather(inventory: &Inventory, clock: Clock, hashes: bool) -> Self {
        // Fingerprints are only needed to match rows that name a hash.
        let mut out = Self {
            oldest: vec![None; inventory.files.len()],
            fingerprints: if hashes { vec![Vec::new(); inventory.files.len()] } else { Vec::new() },
        };
        for entry in &inventory.certificates {
            let from = entry.certificate.not_before.filter(|t| *t <= clock.now);
            for occurrence in &entry.occurrences {
                let at = occurrence.file as usize;
                if let Some(list) = out.fingerprints.get_mut(at) {
                    list.push(entry.certificate.sha256);
                }
                out.oldest[at] = match (out.oldest[at], from) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        out
    }
}

/// Rows that speak of a file: by path relative to its root, below the root as the user wrote it, absolute; by the hash of the file; by the
/// fingerprint of a certificate in it.
fn rows_for(manifest: &Manifest, file: &File, roots: &Roots, fingerprints: &[Fingerprint]) -> Vec<u32> {
    let path = &*file.place.path;
    let mut rows = manifest.rows_for_path(&normalise(path)).to_vec();
    if let Some(root) = roots.list().get(file.place.root as usize) {
        let bases = [root.given.to_string_lossy(), root.absolute.to_string_lossy()];
        for base in bases {
            let full = match root.kind {
                RootKind::Folder => normalise(&format!("{base}/{path}")),
                RootKind::File => normalise(&base),
                RootKind::Stdin(_) => continue,
            };
            rows.extend(manifest.rows_for_path(&full));
        }
    }
    for hash in file.hash.iter().map(AsRef::as_ref).chain(fingerprints) {
        rows.extend(manifest.rows_for_hash(hash));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn for_file(file: &File, rows: &[u32], oldest: Option<Time>, question: &Question<'_>) -> FileEvidence {
    let mut findings = Codes::NONE;
    let time = file.modified.filter(|t| {
        let possible = *t >= Time::Y2000 && oldest.is_none_or(|o| *t >= o);
        if !possible {
            findings.insert(Code::FileTimeIgnored);
        }
        possible
    });
    let mut accounts = Vec::new();
    let record = match (question.manifest, rows) {
        (Some(manifest), [first, rest @ ..]) => {
            let row = |i: u32| &manifest.rows[i as usize];
            let span = rest.iter().fold(row(*first).uploaded, |s, i| s.hull(row(*i).uploaded));
            accounts = rows.iter().filter_map(|i| row(*i).account.clone()).collect();
            accounts.sort_unstable();
            accounts.dedup();
            let lines: Vec<String> = rows.iter().map(|i| row(*i).line.to_string()).collect();
            Some((Kind::Manifest, Cow::Owned(format!("{}:{}", manifest.name, words::few(&lines, ","))), span))
        }
        _ => question.uploaded.map(|span| (Kind::Uploaded, Cow::Borrowed("--uploaded"), span)),
    };
    let by_time = Span { earliest: None, latest: time };
    let Some((kind, source, mut span)) = record else {
        return FileEvidence { record: None, source: Cow::Borrowed("file time"), span: by_time, accounts, findings };
    };
    // A weaker kind below --uploaded is another record; below both is the file time.
    if kind == Kind::Manifest
        && let Some(weaker) = question.uploaded
    {
        fill(&mut span, weaker, &mut findings);
    }
    fill(&mut span, by_time, &mut findings);
    FileEvidence { record: Some(kind), source, span, accounts, findings }
}

/// Fills open ends of `span` from weaker evidence that agrees with it; notes it where it does not.
fn fill(span: &mut Span, weaker: Span, findings: &mut Codes) {
    if !span.meets(weaker) {
        findings.insert(Code::EvidenceDisagrees);
        return;
    }
    span.earliest = span.earliest.or(weaker.earliest);
    span.latest = span.latest.or(weaker.latest);
}

/// What decides for an occurrence in a file, given the lower bound that the certificates on the key set.
pub(super) fn decide<'a>(evidence: &'a FileEvidence, born: Option<Time>, question: &Question<'_>) -> Decided<'a> {
    let cutoff = question.incident.cutoff;
    let mut findings = evidence.findings;
    if let Some(kind) = evidence.record {
        if evidence.span.latest.zip(born).is_some_and(|(latest, born)| latest < born) {
            findings.insert(Code::EvidenceDisagrees);
        }
        return Decided { timing: Timing::of(evidence.span, cutoff), kind, source: Cow::Borrowed(&evidence.source), span: evidence.span, findings };
    }
    let source = || Cow::Borrowed(&*evidence.source);
    if Timing::of(evidence.span, cutoff) == Timing::Before {
        return Decided { timing: Timing::Before, kind: Kind::FileTime, source: source(), span: evidence.span, findings };
    }
    match born {
        Some(born) => {
            let span = Span { earliest: Some(born), latest: evidence.span.latest };
            let trusted = !question.distrust_certificate_dates;
            let timing = if trusted { Timing::of(span, cutoff) } else { Timing::Unclear };
            findings.insert(Code::NoUploadRecord);
            Decided { timing, kind: Kind::CertificateDates, source: Cow::Borrowed("certificate dates"), span, findings }
        }
        None if evidence.span.latest.is_some() => {
            Decided { timing: Timing::Unclear, kind: Kind::FileTime, source: source(), span: evidence.span, findings }
        }
        None => Decided { timing: Timing::Unclear, kind: Kind::None, source: Cow::Borrowed(""), span: Span::default(), findings },
    }
}

/// The lower bound of each key: the oldest notBefore, or embedded SCT time if earlier, of all certificates on it. A certificate that is not
/// valid before now gives none; one whose date cannot be read could be older than any other, so then there is no bound at all.
pub(super) fn births(inventory: &Inventory, clock: Clock) -> Vec<Option<Time>> {
    let born = |i: &u32| {
        let certificate = &inventory.certificates[*i as usize].certificate;
        let dates = [certificate.not_before, certificate.first_sct.filter(|_| certificate.not_before.is_some())];
        dates.into_iter().flatten().min()
    };
    inventory
        .keys
        .iter()
        .map(|key| {
            let dates: Option<Vec<Time>> = key.certificates.iter().map(born).collect();
            dates?.into_iter().filter(|t| *t <= clock.now).min()
        })
        .collect()
}
