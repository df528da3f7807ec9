//! When was it uploaded? The ranking of evidence: the strongest kind present decides, weaker kinds fill an
//! open end and never overrule it.

mod decide;
mod recorded;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::coverage;
use super::file_evidence::{FileEvidence, Named, OfArchive};
pub use super::kind::{Kind, Timing};
use super::manifest::Manifest;
use super::matching::{Matching, Paths, Subject};
use super::path_date::{PathDate, PathPattern};
use super::question::{Clock, Question};
use super::reported;
use super::rows::{Rows, fill, is_ahead};
use super::told::Told;
use super::verdict::Uploaders;
use crate::finding::{Code, Codes};
use crate::inventory::{Few, File, Gone, Inventory};
use crate::parallel;
use crate::read::{RootKind, Roots};
use crate::text;
use crate::time::{EASTERNMOST, Span, Time, WESTERNMOST};

pub(super) use decide::{Bounds, Decided, births, decide};

/// What is known of the uploads of all files.
pub(super) struct Files {
    all: Vec<FileEvidence>,
    /// By file and key, where rows name certificates and not the file that they lie in, beside keys that they
    /// do not name.
    of_keys: HashMap<(u32, u32), FileEvidence>,
}

impl Files {
    /// What the rows that name the path of each file say, where there are any.
    pub(super) fn path_rows(&self) -> Vec<(u32, Span)> {
        let of_file = |(file, own): (u32, &FileEvidence)| own.path_row().map(|row| (file, row));
        let mut out: Vec<(u32, Span)> =
            self.all.iter().zip(0u32..).filter_map(|(own, file)| of_file((file, own))).collect();
        out.extend(self.of_keys.iter().filter_map(|((file, _), own)| of_file((*file, own))));
        out.sort_unstable_by_key(|(file, _)| *file);
        out.dedup_by_key(|(file, _)| *file);
        out
    }

    /// Rows that name a file and have no usable time, with the file.
    pub(super) fn unusable_rows(&self) -> Vec<(String, u32)> {
        let of_file =
            |(own, file): (&FileEvidence, u32)| own.unusable_rows().map(|rows| (rows.to_string(), file));
        self.all.iter().zip(0u32..).filter_map(of_file).collect()
    }

    /// What is known of the upload of a file, as far as it concerns a key in it.
    pub(super) fn of(&self, file: u32, key: u32) -> &FileEvidence {
        let own = if self.of_keys.is_empty() { None } else { self.of_keys.get(&(file, key)) };
        own.unwrap_or(&self.all[file as usize])
    }

    /// The accounts of all files that have one.
    pub(super) fn uploaders(&self) -> Uploaders {
        let accounts = |evidence: &FileEvidence| evidence.accounts().iter().cloned().collect::<Few<_>>();
        let files = self.all.iter().zip(0..).filter(|(evidence, _)| !evidence.accounts().is_empty());
        Uploaders::new(
            files.map(|(evidence, file)| (file, accounts(evidence))).collect(),
            self.of_keys.iter().map(|(place, evidence)| (*place, accounts(evidence))).collect(),
        )
    }
}

/// What is known of a file as far as it concerns single keys in it. A row that names a certificate may speak
/// of an upload that was no more than that certificate and its key, or of a file with others beside it: so it
/// clears no key but that of the certificate.
fn for_keys(
    matching: &Matching<'_>,
    (at, file): (u32, &File),
    contents: &Contents,
    (all, paths): (&FileEvidence, Paths),
    question: &Question<'_>,
) -> Vec<(u32, FileEvidence)> {
    let inventory = matching.inventory();
    let key_of = |c: &u32| inventory.certificates[*c as usize].key;
    let mut certificates = contents.certificates.get(at as usize).cloned().unwrap_or_default();
    certificates.sort_by_key(key_of);
    let private = contents.keys.get(at as usize).map_or(&[][..], Vec::as_slice);
    let own = certificates.iter().filter(|c| inventory.chain_rule(**c, at).is_none()).map(key_of);
    let mut keys: Vec<u32> = own.chain(private.iter().copied()).collect();
    keys.sort_unstable();
    keys.dedup();
    // Of one key alone all is said, but for uploads of its certificates that differ from those of the file.
    if keys.len() < 2 && Timing::of(all.span, question.incident.cutoff) != Timing::Unclear {
        return Vec::new();
    }
    // The certificates on one key; each is looked at for its own key alone, for a file can hold very many.
    let on = |key: u32| {
        let from = certificates.partition_point(|c| key_of(c) < key);
        &certificates[from..from + certificates[from..].partition_point(|c| key_of(c) == key)]
    };
    let named: Vec<bool> = keys.iter().map(|key| matching.names(on(*key))).collect();
    if !named.contains(&true) {
        return Vec::new();
    }
    let exposes = Timing::of(all.span, question.incident.cutoff) == Timing::Before;
    let apart = keys.into_iter().zip(named).filter(|(_, named)| !exposes || *named);
    let weigh = |(key, _): (u32, bool)| {
        let rows = matching.rows_for((at, file), on(key), (paths, Subject::Key));
        (key, for_file(file, rows, contents.oldest[at as usize], question))
    };
    apart.map(weigh).collect()
}

/// Gathers the evidence for every file.
pub(super) fn for_files(
    inventory: &Inventory,
    roots: &Roots,
    question: &Question<'_>,
    findings: &mut Told,
) -> Files {
    let contents = Contents::gather(
        inventory,
        question.clock,
        question.manifest.is_some_and(Manifest::needs_certificates),
    );
    let of_keys = Mutex::new(HashMap::new());
    let rows = question.manifest.map(|manifest| Matching::new(manifest, inventory, roots, question));
    let weigh = |i: usize| {
        let file = &inventory.files[i];
        let here = contents.certificates.get(i).map_or(&[][..], Vec::as_slice);
        // What rows that speak of its path, or do not, say of everything in a file, and of single keys in it.
        let weigh = |file: &File, paths: Paths| {
            let by_rows =
                rows.as_ref().and_then(|m| m.rows_for((i as u32, file), here, (paths, Subject::File)));
            let all = for_file(file, by_rows, contents.oldest[i], question);
            let matching = rows.as_ref().filter(|_| all.record == Some(Kind::Manifest) && !here.is_empty());
            let own = matching
                .map_or_else(Vec::new, |m| for_keys(m, (i as u32, file), &contents, (&all, paths), question));
            (all, own)
        };
        let (all, own) = match &file.recorded {
            None => weigh(file, Paths::Speak),
            Some(recorded) => recorded::weigh(inventory, file, recorded, question.manifest.is_some(), &weigh),
        };
        if !own.is_empty() {
            let own = own.into_iter().map(|(key, evidence)| ((i as u32, key), evidence));
            of_keys.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
        }
        all
    };
    let out = parallel::map(question.threads, inventory.files.len(), || (), |(), i| weigh(i));
    for (root, number) in roots.list().iter().zip(0u32..) {
        let files =
            inventory.files.iter().filter(|f| f.place.root == number && f.gone() == Some(Gone::Root)).count();
        if matches!(root.kind, RootKind::Gone(_)) {
            let message =
                format!("{}; what the case recorded of {files} files below it stays", Gone::Root.describe());
            findings
                .tell(Code::EvidenceGone, || (crate::pki::show(&root.absolute.to_string_lossy()), message));
        }
    }
    reported::tell(&inventory.files, &out, question.manifest.is_some(), findings);
    if let Some(manifest) = question.manifest {
        findings.extend(&manifest.findings);
        for row in &manifest.rows {
            let times =
                [("uploaded", row.uploaded.earliest), ("its account created", manifest.account_created(row))];
            if let Some((what, Some(time))) =
                times.into_iter().find(|(_, time)| is_ahead(*time, question.clock.now))
            {
                let says = || format!("{what} at {time}, which has not come yet; that time was not used");
                findings.tell(Code::ManifestRowBad, || (manifest.place(row), says()));
            }
        }
        if let Some(message) = rows.as_ref().and_then(|matching| coverage::few_matches(matching, &out)) {
            findings.tell(Code::ManifestFewMatches, || (manifest.all_names(), message));
        }
        for row in rows.iter().flat_map(Matching::of_many) {
            let says = || {
                "its host has certificates on several keys here, and it does not tell which was uploaded: it clears none".to_owned()
            };
            findings.tell(Code::ManifestRowDoubtful, || (manifest.place(row), says()));
        }
        if let Some(matching) = &rows {
            matching.report(findings);
        }
        for row in rows.iter().flat_map(Matching::unmatched) {
            findings.tell(Code::ManifestRowUnmatched, || {
                let path = row.path.as_deref().map(|p| format!("{:?}", text::cut(&crate::pki::show(p))));
                let what = path.unwrap_or_else(|| {
                    if row.sha256.is_some() { "its hash" } else { "the certificate it names" }.to_owned()
                });
                (manifest.place(row), format!("{what} matches no file with certificates or keys here"))
            });
        }
    }
    Files { all: out, of_keys: of_keys.into_inner().unwrap_or_else(PoisonError::into_inner) }
}

/// Dates and certificates of each file.
struct Contents {
    oldest: Vec<Option<Time>>,
    /// Indices into [`Inventory::certificates`]; only gathered where rows are matched by them.
    certificates: Vec<Vec<u32>>,
    /// Indices into [`Inventory::keys`] of those whose private halves lie there; only gathered with them.
    keys: Vec<Vec<u32>>,
}

impl Contents {
    fn gather(inventory: &Inventory, clock: Clock, certificates: bool) -> Self {
        let mut out = Self {
            oldest: vec![None; inventory.files.len()],
            certificates: if certificates { vec![Vec::new(); inventory.files.len()] } else { Vec::new() },
            keys: if certificates { vec![Vec::new(); inventory.files.len()] } else { Vec::new() },
        };
        for (key, occurrence) in inventory
            .keys
            .iter()
            .zip(0u32..)
            .filter(|_| certificates)
            .flat_map(|(k, i)| k.private.iter().map(move |o| (i, o)))
        {
            out.keys[occurrence.file as usize].push(key);
        }
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

fn for_file(
    file: &File,
    by_rows: Option<Rows>,
    oldest: Option<Time>,
    question: &Question<'_>,
) -> FileEvidence {
    let mut findings = Codes::NONE;
    let times = Times::of(file, oldest, question.clock.now, &mut findings);
    let date = |pattern: &PathPattern| match file.place.member() {
        Some(member) => pattern.look_within(&file.place.path, member, question.clock.now),
        None => pattern.look(&file.place.path),
    };
    let by_path = question.date_from_path.and_then(|pattern| match date(pattern) {
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
    if file.gone().is_some() {
        findings.insert(Code::EvidenceGone);
    }
    let named = |Rows {
                     source,
                     accounts,
                     account_created,
                     of_archive,
                     by_path,
                     unusable,
                     modified,
                     doubtful,
                     ..
                 }| {
        let unusable = question.manifest.filter(|_| !unusable.is_empty()).map(|m| m.source(&unusable).into());
        Named {
            source: source.into(),
            accounts,
            account_created,
            of_archive,
            by_path,
            unusable,
            modified,
            doubtful,
        }
    };
    if by_rows.as_ref().is_some_and(|r| !r.unusable.is_empty()) {
        findings.insert(Code::ManifestRowBad);
    }
    let rows = by_rows.map(named).map(Box::new);
    let record = strongest.map(|(kind, _)| kind);
    let mut span = strongest.map_or_else(Span::default, |(_, span)| span);
    let modified = rows.as_ref().and_then(|r| r.modified);
    fill(&mut span, Span { earliest: None, latest: modified }, &mut findings);
    for (_, weaker) in records {
        fill(&mut span, weaker, &mut findings);
    }
    for latest in [times.member, times.file] {
        fill(&mut span, Span { earliest: None, latest }, &mut findings);
    }
    FileEvidence { record, span, findings, bounded_by: times.bounded_by(), archive: times.archive, rows }
}

/// The times of a file that are possible: upper bounds, since copying renews them.
struct Times {
    /// When the archive that it lies in says that it was last changed.
    member: Option<Time>,
    /// When the file, or that archive, was last changed.
    file: Option<Time>,
    archive: OfArchive,
}

impl Times {
    fn of(file: &File, oldest: Option<Time>, now: Time, findings: &mut Codes) -> Self {
        let possible = |t: &Time| *t >= Time::Y2000 && oldest.is_none_or(|o| *t >= o);
        // The latest reading of a time without a zone can be ahead of us.
        let has_come = |t: &Time| t.plus(-EASTERNMOST - WESTERNMOST) <= now;
        let (member, changed) =
            (file.member_time.filter(possible).filter(has_come), file.modified.filter(possible));
        let in_archive = file.place.member().is_some();
        let mut archive = OfArchive::default();
        let ignored = file.modified.is_some() && changed.is_none();
        if member.is_none() && file.member_time.is_some() || ignored && !in_archive {
            findings.insert(Code::FileTimeIgnored);
        }
        archive.time_ignored = ignored && in_archive;
        // The time of a member can be one without a zone, of which the latest reading is known: only what is
        // newer by all of them is odd.
        archive.member_newer = member
            .zip(changed)
            .is_some_and(|(member, changed)| member.plus(-EASTERNMOST - WESTERNMOST) > changed);
        Self { member, file: changed, archive }
    }

    const fn bounded_by(&self) -> Kind {
        if self.member.is_some() { Kind::MemberTime } else { Kind::FileTime }
    }
}
