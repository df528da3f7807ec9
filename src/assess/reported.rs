//! What is told of the evidence of files: one by one, and of an archive once what holds for everything in it.

use std::ops::Range;

use super::file_evidence::FileEvidence;
use super::told::Told;
use crate::finding::{Code, Codes};
use crate::inventory::{File, Gone};
use crate::pki::show;

/// Tells the findings on the evidence of all files, in their order.
pub(super) fn tell(files: &[File], evidence: &[FileEvidence], has_manifest: bool, findings: &mut Told) {
    let codes = |at: usize| {
        let FileEvidence { findings, .. } = &evidence[at];
        let missing = has_manifest && !evidence[at].has_rows() && files[at].recorded.is_none();
        let missing = if missing { [Code::FileWithoutRecord].into_iter().collect() } else { Codes::NONE };
        // A root that is gone is reported once.
        let of_root = if files[at].gone() == Some(Gone::Root) {
            [Code::EvidenceGone].into_iter().collect()
        } else {
            Codes::NONE
        };
        // Rows are reported at their own lines.
        let of_rows = [Code::ManifestRowBad].into_iter().collect();
        findings.union(missing).difference(of_root).difference(of_rows)
    };
    let one = |findings: &mut Told, at: usize, code: Code| {
        let message = || match files[at].gone().filter(|_| code == Code::EvidenceGone) {
            Some(gone) => format!("{}; what the case recorded of it stays", gone.describe()),
            None => code.describe().to_owned(),
        };
        findings.tell(code, || (files[at].place.shown().into_owned(), message()));
    };
    for range in archives(files) {
        let first = range.start;
        let members: Vec<usize> = range.clone().filter(|at| files[*at].place.member().is_some()).collect();
        if members.is_empty() {
            // Without a record first, as its lack explains the others.
            let codes = codes(first);
            let (missing, others): (Vec<Code>, Vec<Code>) =
                codes.iter().partition(|c| *c == Code::FileWithoutRecord);
            missing.into_iter().chain(others).for_each(|code| one(findings, first, code));
            continue;
        }
        let archive = || files[first].place.path.to_string();
        let of_all = members
            .iter()
            .map(|at| codes(*at))
            .reduce(Codes::intersection)
            .filter(|_| members.len() > 1)
            .unwrap_or_default();
        for code in of_all.iter() {
            findings.tell(code, || {
                (
                    archive(),
                    format!(
                        "it holds for each of the {} files in this archive: {}",
                        members.len(),
                        code.describe()
                    ),
                )
            });
        }
        for at in range {
            codes(at).iter().filter(|code| !of_all.contains(*code)).for_each(|code| one(findings, at, code));
        }
        let odd = |is: fn(&FileEvidence) -> bool| {
            members.iter().copied().filter(|at| is(&evidence[*at])).collect::<Vec<_>>()
        };
        let ignored = odd(|e| e.archive.time_ignored);
        if !ignored.is_empty() {
            let says = || {
                format!(
                    "the time of the archive is impossible (before 2000, or before the oldest certificate of what lies in it) for {}, and was ignored there",
                    named(files, &ignored)
                )
            };
            findings.tell(Code::FileTimeIgnored, || (archive(), says()));
        }
        let newer = odd(|e| e.archive.member_newer);
        if !newer.is_empty() {
            let says = || {
                format!(
                    "by its own word the archive has {} that changed after the archive itself did; its word on each decided",
                    named(files, &newer)
                )
            };
            findings.tell(Code::EvidenceDisagrees, || (archive(), says()));
        }
    }
}

/// The files of each archive, which lie side by side; every other one alone.
fn archives(files: &[File]) -> impl Iterator<Item = Range<usize>> {
    let same = |a: &File, b: &File| {
        let (a, b) = (&a.place, &b.place);
        (a.member().is_some() || b.member().is_some()) && (a.root, a.raw()) == (b.root, b.raw())
    };
    files.chunk_by(same).scan(0, |begin, chunk| {
        let range = *begin..*begin + chunk.len();
        *begin = range.end;
        Some(range)
    })
}

/// `1 file (a.pem)`, `3 files (the first is a.pem)`.
fn named(files: &[File], members: &[usize]) -> String {
    let first =
        members.first().map_or_else(String::new, |at| show(files[*at].place.member().unwrap_or_default()));
    match members.len() {
        1 => format!("1 file ({first})"),
        many => format!("{many} files (the first is {first})"),
    }
}
