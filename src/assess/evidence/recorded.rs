//! Evidence for files that a case recorded: what is gone keeps its rows and times, what came to a path later
//! has none of them (DESIGN.md 2.9).

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use super::super::file_evidence::{FileEvidence, Named, Weighed};
use super::super::kind::Kind;
use super::super::matching::Paths;
use super::super::rows::fill;
use crate::inventory::{Few, File, Gone, Inventory, Recorded};
use crate::time::Span;

/// What is known of a file that a case recorded with other content, or that is gone, and of single keys in
/// it. A row by path is about the content that was there when the case used it first, and the times of that
/// content stay (DESIGN.md 2.9); what came to the file since has no upload record by its path.
pub(super) fn weigh(
    inventory: &Inventory,
    file: &File,
    recorded: &Recorded,
    has_manifest: bool,
    weigh: &dyn Fn(&File, Paths) -> Weighed,
) -> Weighed {
    let archive_hash = recorded.archive_hash.map(Box::new).or_else(|| file.archive_hash.clone());
    let first =
        File { modified: recorded.modified, member_time: recorded.member_time, archive_hash, ..file.clone() };
    let row = weigh(&first, Paths::Speak).0.path_row();
    // Rows that were never used before are about what is there now, or was there last.
    let replaced = row.is_some_and(|row| !recorded.used.contains(&row));
    let (all, own) = match recorded {
        _ if replaced || recorded.unmet => weigh(file, Paths::Speak),
        Recorded { doubtful: true, .. } => {
            let (all, own) = weigh(file, Paths::Speak);
            (doubted(all), own.into_iter().map(|(key, evidence)| (key, doubted(evidence))).collect())
        }
        _ => weigh(file, Paths::Silent),
    };
    let mut of_keys: HashMap<u32, FileEvidence> = own.into_iter().collect();
    // When content was last changed that came later and is gone again, nobody knows: the recorded times are
    // of what was met first.
    let later = if recorded.gone.is_some() {
        &File { modified: None, member_time: None, ..file.clone() }
    } else {
        file
    };
    let cache: [OnceCell<(FileEvidence, HashMap<u32, FileEvidence>)>; 4] = Default::default();
    for key in &recorded.keys {
        let Ok(at) = inventory.keys.binary_search_by_key(&key.spki, |k| k.spki) else { continue };
        // There are four answers at most: of the content that was met first or that is there now, by its path
        // too or not.
        let own = |paths| {
            let (file, at_first) = if key.first { (&first, 2) } else { (later, 0) };
            let (all, of_keys) = cache[at_first + usize::from(paths == Paths::Speak)].get_or_init(|| {
                let (all, of_keys) = weigh(file, paths);
                (all, of_keys.into_iter().collect())
            });
            of_keys.get(&(at as u32)).unwrap_or(all).clone()
        };
        let evidence = match (recorded.gone, key.row) {
            // Content that is there no more keeps its row, whatever the manifest says of what is there now,
            // or has no row for.
            (Some(_), Some(then)) if has_manifest && row != Some(then) => with_row(own(Paths::Silent), then),
            (Some(Gone::Changed), None) => own(Paths::Silent),
            (_, None) if row.is_some() && !replaced && !recorded.unmet => own(Paths::Silent),
            // It was first used for other content.
            (None, Some(then)) if row.is_some_and(|row| row != then) && !replaced => own(Paths::Silent),
            // A row that is new after it was gone.
            (Some(Gone::File | Gone::Unread), None) => doubted(own(Paths::Speak)),
            _ if key.doubtful && !replaced => doubted(own(Paths::Speak)),
            _ => own(Paths::Speak),
        };
        of_keys.insert(at as u32, evidence);
    }
    let mut own: Vec<(u32, FileEvidence)> = of_keys.into_iter().collect();
    own.sort_unstable_by_key(|(at, _)| *at);
    (all, own)
}

/// The same where it is not certain that the rows are about this content: they clear nothing.
fn doubted(mut evidence: FileEvidence) -> FileEvidence {
    if let Some(rows) = evidence.rows.as_mut().filter(|_| evidence.record == Some(Kind::Manifest)) {
        rows.doubtful = true;
    }
    evidence
}

/// The same with a row that the manifest had for this content when the case used it.
fn with_row(mut all: FileEvidence, row: Span) -> FileEvidence {
    // Rows for its hash speak beside it.
    let (row, weaker) = if all.record == Some(Kind::Manifest) {
        (all.span.hull(row), Span::default())
    } else {
        (row, all.span)
    };
    all.span = row;
    if all.record.is_none() {
        fill(&mut all.span, Span { earliest: None, ..weaker }, &mut all.findings);
    }
    all.record = Some(Kind::Manifest);
    // Rows for its hash that cannot be used, or may be about something else, still clear nothing.
    let doubts = all.rows.as_ref().map(|rows| (rows.unusable.clone(), rows.doubtful));
    let (unusable, doubtful) = doubts.unwrap_or_default();
    let accounts = all.rows.take().map_or(Few::NONE, |rows| rows.accounts);
    let source = Cow::Borrowed("an earlier row of the manifest");
    let named = Named {
        source,
        accounts,
        account_created: None,
        of_archive: false,
        by_path: Some(row),
        modified: None,
        unusable,
        doubtful,
    };
    all.rows = Some(Box::new(named));
    all
}
