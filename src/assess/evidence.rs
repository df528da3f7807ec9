//! When was it uploaded? The ranking of evidence: the strongest kind present decides, weaker kinds fill an open end and never overrule it.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::manifest::{Manifest, normalise};
use super::path_date::PathDate;
use super::told::Told;
use super::words;
use super::{Clock, Question};
use crate::finding::{Code, Codes};
use crate::inventory::{CertificateEntry, Few, File, Inventory, KeyEntry};
use crate::parallel;
use crate::read::{Root, RootKind, Roots};
use crate::time::{Span, Time};

/// Kinds of evidence and of other grounds for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Somebody was seen to use it who should not have it.
    Misuse,
}

impl Kind {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Manifest => "manifest",
            Self::Uploaded => "uploaded",
            Self::PathDate => "path-date",
            Self::MemberTime => "member-time",
            Self::FileTime => "file-time",
            Self::CertificateDates => "certificate-dates",
            Self::None => "none",
            Self::ChainCertificate => "chain-certificate",
            Self::PublicOnly => "public-only",
            Self::IssuerKey => "issuer-key",
            Self::List => "list",
            Self::SharedFactor => "shared-factor",
            Self::Misuse => "misuse",
        }
    }
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
    /// The span, open ends filled by weaker kinds.
    pub(super) span: Span,
    /// Contradictions and ignored times.
    pub(super) findings: Codes,
    /// What the rows of a manifest say besides. There are very many files, and most incidents have no manifest.
    rows: Option<Box<Named>>,
}

/// What the rows for one file name.
#[derive(Debug, Clone)]
struct Named {
    /// `uploads.csv:7`.
    source: Cow<'static, str>,
    accounts: Few<Arc<str>>,
    /// When the account was created, where that is what the span begins with.
    account_created: Option<Time>,
}

impl FileEvidence {
    /// Where the deciding kind is written, or the time of the file.
    const fn source(&self) -> &Cow<'static, str> {
        match (self.record, &self.rows) {
            (Some(Kind::Manifest), Some(rows)) => &rows.source,
            (Some(Kind::Uploaded), _) => &Cow::Borrowed("--uploaded"),
            (Some(_), _) => &Cow::Borrowed("--date-from-path"),
            (None, _) => &Cow::Borrowed("file time"),
        }
    }

    /// The accounts that manifest rows name.
    pub(super) fn accounts(&self) -> &[Arc<str>] {
        self.rows.as_ref().map_or(&[], |rows| &rows.accounts)
    }

    /// When the account was created, where rows of a manifest decide and that is what the span begins with.
    pub(super) fn account_created(&self) -> Option<Time> {
        self.rows.as_ref().filter(|_| self.record == Some(Kind::Manifest)).and_then(|rows| rows.account_created)
    }
}

/// What decides for one occurrence of one key.
#[derive(Debug, Clone)]
pub(super) struct Decided<'a> {
    pub(super) timing: Timing,
    pub(super) kind: Kind,
    pub(super) source: &'a Cow<'static, str>,
    pub(super) span: Span,
    pub(super) findings: Codes,
}

/// Gathers the evidence for every file.
pub(super) fn for_files(inventory: &Inventory, roots: &Roots, question: &Question<'_>, findings: &mut Told) -> Vec<FileEvidence> {
    let contents = Contents::gather(inventory, question.clock, question.manifest.is_some_and(Manifest::needs_certificates));
    let rows = question.manifest.map(|manifest| Matching::new(manifest, inventory, roots));
    let weigh = |i: usize| {
        let file = &inventory.files[i];
        let here = contents.certificates.get(i).map_or(&[][..], Vec::as_slice);
        let rows = rows.as_ref().map_or_else(Vec::new, |m| m.rows_for(i as u32, here));
        for_file(file, &rows, contents.oldest[i], question)
    };
    let out = parallel::map(question.threads, inventory.files.len(), || (), |(), i| weigh(i));
    for (file, evidence) in inventory.files.iter().zip(&out) {
        let mut tell = |code: Code| findings.tell(code, || (file.place.shown().into_owned(), code.describe().to_owned()));
        if question.manifest.is_some() && evidence.rows.is_none() {
            tell(Code::FileWithoutRecord);
        }
        evidence.findings.iter().for_each(tell);
    }
    if let Some(manifest) = question.manifest {
        findings.extend(&manifest.findings);
        for row in &manifest.rows {
            let times = [("uploaded", row.uploaded.earliest), ("its account created", manifest.account_created(row))];
            if let Some((what, Some(time))) = times.into_iter().find(|(_, time)| is_ahead(*time, question.clock.now)) {
                let says = || format!("{what} at {time}, which has not come yet; that time was not used");
                findings.tell(Code::ManifestRowBad, || (format!("{}:{}", manifest.name, row.line), says()));
            }
        }
        let matched = rows.as_ref().map_or(&[][..], |m| &m.matched);
        for (row, _) in manifest.rows.iter().zip(matched).filter(|(_, hit)| !hit.load(Ordering::Relaxed)) {
            findings.tell(Code::ManifestRowUnmatched, || {
                let path = row.path.as_deref().map(|p| format!("{:?}", words::cut(&crate::pki::show(p))));
                let what = path.unwrap_or_else(|| if row.sha256.is_some() { "its hash" } else { "the certificate it names" }.to_owned());
                (format!("{}:{}", manifest.name, row.line), format!("{what} matches no file with certificates or keys here"))
            });
        }
    }
    out
}

/// Dates and certificates of each file.
struct Contents {
    oldest: Vec<Option<Time>>,
    /// Indices into [`Inventory::certificates`]; only gathered where rows are matched by them.
    certificates: Vec<Vec<u32>>,
}

impl Contents {
    fn gather(inventory: &Inventory, clock: Clock, certificates: bool) -> Self {
        let mut out = Self {
            oldest: vec![None; inventory.files.len()],
            certificates: if certificates { vec![Vec::new(); inventory.files.len()] } else { Vec::new() },
        };
        for (i, entry) in inventory.certificates.iter().enumerate() {
            let from = entry.certificate.not_before.filter(|t| *t <= clock.now);
            for occurrence in &entry.occurrences {
                let at = occurrence.file as usize;
                if let Some(list) = out.certificates.get_mut(at) {
                    list.push(i as u32);
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

/// The rows of a manifest and the files they speak of.
struct Matching<'a> {
    manifest: &'a Manifest,
    inventory: &'a Inventory,
    roots: &'a Roots,
    /// The paths of each root, normalised: as the user wrote it, and absolute. None for standard input.
    bases: Vec<Vec<String>>,
    /// Rows that name some file.
    matched: Vec<AtomicBool>,
}

impl<'a> Matching<'a> {
    fn new(manifest: &'a Manifest, inventory: &'a Inventory, roots: &'a Roots) -> Self {
        let bases = |root: &Root| match root.kind {
            RootKind::Stdin(_) => Vec::new(),
            _ => [&root.given, &root.absolute].map(|base| normalise(&base.to_string_lossy())).to_vec(),
        };
        let matched = manifest.rows.iter().map(|_| AtomicBool::new(false)).collect();
        Self { manifest, inventory, roots, bases: roots.list().iter().map(bases).collect(), matched }
    }

    /// Rows that speak of a file with these certificates in it. The strongest way in which any row names it counts: path relative to its root,
    /// below the root as the user wrote it, or absolute, hash of the file, fingerprint of a certificate in it; then issuer and serial number of
    /// one; then a host name of one that is no CA. The intermediates of a bundle lie in many others too: a row that names one of them says
    /// nothing of this file, unless there is nothing else in it. All rows that name it, or something in it, are marked.
    fn rows_for(&self, at: u32, certificates: &[u32]) -> Vec<u32> {
        let Self { manifest, inventory, .. } = *self;
        let file = &inventory.files[at as usize];
        let all = || certificates.iter().map(|c| &inventory.certificates[*c as usize]);
        // Occurrences come in the order of files.
        let with_key = |e: &CertificateEntry| inventory.keys[e.key as usize].private.binary_search_by_key(&at, |o| o.file).is_ok();
        let own = |e: &CertificateEntry| !e.is_ca() || with_key(e);
        let none_is_own = !all().any(own);
        let speaks = |e: &CertificateEntry| none_is_own || own(e);
        let entries = || all().filter(|e| speaks(e));
        let mark = |row: u32| self.matched[row as usize].store(true, Ordering::Relaxed);
        for other in all().filter(|e| !speaks(e)) {
            manifest.rows_for_hash(&other.certificate.sha256).for_each(mark);
            manifest.rows_for_issuer(&other.certificate).into_iter().for_each(mark);
        }
        let path = normalise(&file.place.shown());
        let mut rows = manifest.rows_for_path(&path).collect::<Vec<_>>();
        let root = file.place.root as usize;
        for base in self.bases.get(root).into_iter().flatten() {
            match self.roots.list()[root].kind {
                RootKind::Folder if !base.is_empty() => rows.extend(manifest.rows_for_path(&format!("{base}/{path}"))),
                RootKind::File => rows.extend(manifest.rows_for_path(base)),
                _ => {}
            }
        }
        for hash in file.hash.iter().map(AsRef::as_ref).chain(entries().map(|e| &e.certificate.sha256)) {
            rows.extend(manifest.rows_for_hash(hash));
        }
        let by_issuer: Vec<u32> = entries().flat_map(|e| manifest.rows_for_issuer(&e.certificate)).collect();
        let by_host: Vec<u32> = entries().filter(|e| !e.is_ca()).flat_map(|e| manifest.rows_for_host(&e.certificate)).collect();
        let ways = [rows, by_issuer, by_host];
        ways.iter().flatten().copied().for_each(mark);
        let mut rows = ways.into_iter().find(|r| !r.is_empty()).unwrap_or_default();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
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
    let by_time = Span { earliest: None, latest: time };
    let by_rows = question.manifest.filter(|_| !rows.is_empty()).map(|m| Rows::weigh(m, rows, question));
    let by_path = question.date_from_path.and_then(|pattern| match pattern.look(&file.place.shown()) {
        PathDate::Found(span) if !is_ahead(span.earliest, question.clock.now) => Some(span),
        PathDate::Found(_) | PathDate::Absent | PathDate::Impossible => {
            findings.insert(Code::PathDateBad);
            None
        }
    });
    // From the strongest to the weakest; the first there is decides, the others fill its open ends.
    let mut records = [
        by_rows.as_ref().and_then(|r| r.span).map(|span| (Kind::Manifest, span)),
        question.uploaded.map(|span| (Kind::Uploaded, span)),
        by_path.map(|span| (Kind::PathDate, span)),
    ]
    .into_iter()
    .flatten();
    let strongest = records.next();
    findings = findings.union(by_rows.as_ref().map_or(Codes::NONE, |r| r.findings));
    let named = |Rows { source, accounts, account_created, .. }| Named { source: source.into(), accounts, account_created };
    let rows = by_rows.map(named).map(Box::new);
    let Some((kind, mut span)) = strongest else {
        return FileEvidence { record: None, span: by_time, findings, rows };
    };
    for (_, weaker) in records {
        fill(&mut span, weaker, &mut findings);
    }
    fill(&mut span, by_time, &mut findings);
    FileEvidence { record: Some(kind), span, findings, rows }
}

/// What the rows for one file say together.
#[derive(Default)]
struct Rows {
    source: String,
    span: Option<Span>,
    accounts: Few<Arc<str>>,
    account_created: Option<Time>,
    findings: Codes,
}

impl Rows {
    fn weigh(manifest: &Manifest, rows: &[u32], question: &Question<'_>) -> Self {
        let (cutoff, now) = (question.incident.cutoff, question.clock.now);
        let mut out = Self::default();
        let (mut lines, mut accounts) = (Vec::new(), Vec::new());
        for row in rows.iter().map(|i| &manifest.rows[*i as usize]) {
            accounts.extend(row.account.clone());
            // What has not come yet is no time of an upload: a row that says so knows none. It would clear, and so it must not.
            let uploaded = Some(row.uploaded).filter(|s| !is_ahead(s.earliest, now)).unwrap_or_default();
            let mut span = uploaded;
            let created = manifest.account_created(row).filter(|c| *c <= now);
            // Nothing was uploaded for an account before there was one. A row that says it was decides, and the contradiction is told.
            if let Some(created) = created {
                if span.latest.is_some_and(|latest| latest < created) {
                    out.findings.insert(Code::EvidenceDisagrees);
                } else {
                    span.earliest = Some(span.earliest.map_or(created, |e| e.max(created)));
                }
            }
            // A row without an upload time is an upload record only where its account is too young.
            if uploaded == Span::default() && span.earliest.is_none_or(|e| e < cutoff) {
                continue;
            }
            let first = out.span.and_then(|s| s.earliest);
            if created.is_some() && span.earliest == created && uploaded.earliest != created && first.is_none_or(|f| span.earliest <= Some(f)) {
                out.account_created = created;
            }
            out.span = Some(out.span.map_or(span, |s| s.hull(span)));
            lines.push(row.line.to_string());
        }
        if out.span.and_then(|s| s.earliest) != out.account_created {
            out.account_created = None;
        }
        accounts.sort_unstable();
        accounts.dedup();
        out.accounts = accounts.into_iter().collect();
        out.source = format!("{}:{}", manifest.name, words::few(&lines, ","));
        out
    }
}

fn is_ahead(time: Option<Time>, now: Time) -> bool {
    time.is_some_and(|t| t > now)
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
        return Decided { timing: Timing::of(evidence.span, cutoff), kind, source: evidence.source(), span: evidence.span, findings };
    }
    if Timing::of(evidence.span, cutoff) == Timing::Before {
        return Decided { timing: Timing::Before, kind: Kind::FileTime, source: evidence.source(), span: evidence.span, findings };
    }
    match born {
        Some(born) => {
            let span = Span { earliest: Some(born), latest: evidence.span.latest };
            let trusted = !question.distrust_certificate_dates;
            let timing = if trusted { Timing::of(span, cutoff) } else { Timing::Unclear };
            findings.insert(Code::NoUploadRecord);
            Decided { timing, kind: Kind::CertificateDates, source: &Cow::Borrowed("certificate dates"), span, findings }
        }
        None if evidence.span.latest.is_some() => {
            Decided { timing: Timing::Unclear, kind: Kind::FileTime, source: evidence.source(), span: evidence.span, findings }
        }
        None => Decided { timing: Timing::Unclear, kind: Kind::None, source: &Cow::Borrowed(""), span: Span::default(), findings },
    }
}

/// The lower bound of each key: the oldest notBefore, or embedded SCT time if earlier, of all certificates on it. A certificate that is not
/// valid before now gives none; one whose date cannot be read could be older than any other, so then there is no bound at all.
pub(super) fn births(inventory: &Inventory, clock: Clock, threads: usize) -> Vec<Option<Time>> {
    let born = |i: &u32| {
        let certificate = &inventory.certificates[*i as usize].certificate;
        let dates = [certificate.not_before, certificate.first_sct.filter(|_| certificate.not_before.is_some())];
        dates.into_iter().flatten().min()
    };
    let of = |key: &KeyEntry| {
        let dates: Option<Vec<Time>> = key.certificates.iter().map(born).collect();
        dates?.into_iter().filter(|t| *t <= clock.now).min()
    };
    parallel::map(threads, inventory.keys.len(), || (), |(), i| of(&inventory.keys[i]))
}
