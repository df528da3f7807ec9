//! Evidence for files that a case recorded: what is gone keeps its rows and times, what came to a path later has none of them (DESIGN.md 2.9).

use std::borrow::Cow;

use super::super::matching::Paths;
use super::super::rows::fill;
use super::{Kind, Named, Weighed};
use crate::inventory::{Few, File, Gone, Inventory, Recorded};
use crate::time::Span;

/// What is known of a file that a case recorded with other content, or that is gone, and of single keys in it. A row by path is about the content that was there when the case used it
/// first, and the times of that content stay (DESIGN.md 2.9); what came to the file since has no upload record by its path.
pub(super) fn weigh(inventory: &Inventory, file: &File, recorded: &Recorded, has_manifest: bool, weigh: &dyn Fn(&File, Paths) -> Weighed) -> Weighed {
    let archive_hash = recorded.archive_hash.map(Box::new).or_else(|| file.archive_hash.clone());
    let first = File { modified: recorded.modified, member_time: recorded.member_time, archive_hash, ..file.clone() };
    let row = weigh(&first, Paths::Speak).0.path_row();
    // Rows that were never used before are about what is there now, or was there last.
    let replaced = row.is_some_and(|row| !recorded.used.contains(&row));
    let (all, mut own) = match recorded {
        _ if replaced || recorded.unmet => weigh(file, Paths::Speak),
        Recorded { doubtful: true, .. } => doubted(weigh(file, Paths::Speak)),
        _ => weigh(file, Paths::Silent),
    };
    for key in &recorded.keys {
        let Ok(at) = inventory.keys.binary_search_by_key(&key.spki, |k| k.spki) else { continue };
        let own_file = if key.first { &first } else { file };
        let (evidence, own_of_key) = match (recorded.gone, key.row) {
            // Content that is there no more keeps its row, whatever the manifest says of what is there now, or has no row for.
            (Some(_), Some(then)) if has_manifest && row != Some(then) => with_row(weigh(own_file, Paths::Silent), then),
            (Some(Gone::Changed), None) => weigh(own_file, Paths::Silent),
            (_, None) if row.is_some() && !replaced && !recorded.unmet => weigh(own_file, Paths::Silent),
            _ if key.doubtful && !replaced => doubted(weigh(own_file, Paths::Speak)),
            _ => weigh(own_file, Paths::Speak),
        };
        let evidence = own_of_key.into_iter().find(|(k, _)| *k as usize == at).map_or(evidence, |(_, evidence)| evidence);
        own.retain(|(k, _)| *k as usize != at);
        own.push((at as u32, evidence));
    }
    (all, own)
}

/// The same where it is not certain that the rows are about this content: they clear nothing.
fn doubted((mut all, mut own): Weighed) -> Weighed {
    for evidence in std::iter::once(&mut all).chain(own.iter_mut().map(|(_, e)| e)) {
        if let Some(rows) = evidence.rows.as_mut().filter(|_| evidence.record == Some(Kind::Manifest)) {
            rows.doubtful = true;
        }
    }
    (all, own)
}

/// The same with a row that the manifest had for this content when the case used it.
fn with_row((mut all, _): Weighed, row: Span) -> Weighed {
    let weaker = std::mem::replace(&mut all.span, row);
    if all.record.is_none() {
        fill(&mut all.span, Span { earliest: None, ..weaker }, &mut all.findings);
    }
    all.record = Some(Kind::Manifest);
    let accounts = all.rows.take().map_or(Few::NONE, |rows| rows.accounts);
    let source = Cow::Borrowed("an earlier row of the manifest");
    let named =
        Named { source, accounts, account_created: None, of_archive: false, by_path: Some(row), modified: None, unusable: None, doubtful: false };
    all.rows = Some(Box::new(named));
    (all, Vec::new())
}
