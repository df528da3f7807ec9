//! `inspect` steps: what could not be read is looked at by a person, or a later run reads it. One for each
//! file; for formats that are not opened one for each format and root; one for each manifest with rows that
//! name a file and have no usable time (DESIGN.md 3).

use std::collections::BTreeMap;

use super::model::{Given, Plan};
use super::step::{Step, StepKind};
use super::words;
use crate::assess::Assessment;
use crate::finding::Reason;
use crate::id::{Fingerprint, StepId};
use crate::inventory::recorded::content_of;
use crate::inventory::{File, Inventory};
use crate::pki::Unread;

/// What one step is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject<'a> {
    /// A file, or an archive with everything in it: its root, its path, and which content of those that are
    /// not there any more.
    File(u32, &'a [u8], Option<Fingerprint>),
    /// A format that is not opened, below one root.
    Format(u32, &'a str),
}

/// What belongs to it.
#[derive(Debug, Default)]
struct Parts {
    /// Files, in the order of the inventory, each once.
    files: Vec<u32>,
    /// How often each reason occurs.
    reasons: BTreeMap<&'static str, usize>,
}

/// Private keys of a kind whose public half cannot be computed, as a format.
const UNNAMED: &str = "private keys whose public half cannot be computed";

impl Plan {
    /// Adds the `inspect` steps, behind the steps of all keys.
    pub(super) fn inspect(&mut self, inventory: &Inventory, assessment: &Assessment, given: &Given<'_>) {
        let mut subjects: BTreeMap<Subject<'_>, Parts> = BTreeMap::new();
        for trouble in &inventory.troubles {
            let place = &inventory.files[trouble.file as usize].place;
            let subject = match &trouble.unread {
                Unread::Skipped(reason, _) if reason.is_harmless() => continue,
                Unread::Skipped(Reason::FormatNotRead, name) => Subject::Format(place.root, name),
                _ => Subject::File(
                    place.root,
                    place.raw(),
                    inventory
                        .is_gone(trouble.file)
                        .then(|| container_of(&inventory.files[trouble.file as usize])),
                ),
            };
            let (Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) =
                &trouble.unread;
            subjects.entry(subject).or_default().add(trouble.file, reason.as_str());
        }
        for key in &inventory.unnamed_keys {
            let root = inventory.files[key.file as usize].place.root;
            subjects
                .entry(Subject::Format(root, UNNAMED))
                .or_default()
                .add(key.file, "public-key-not-computable");
        }
        let steps: Vec<Step> =
            subjects.iter().map(|(subject, parts)| step(inventory, subject, parts, given)).collect();
        self.steps.extend(steps);
        let mut manifests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (source, file) in &assessment.unusable_rows {
            let path = &inventory.files[*file as usize].place.path;
            for name in names(source) {
                let paths = manifests.entry(name).or_default();
                if paths.last() != Some(&&**path) {
                    paths.push(path);
                }
            }
        }
        for (name, paths) in manifests {
            // The files and their contents: numbers of lines change with every export.
            let own = assessment.unusable_rows.iter().filter(|(source, _)| names(source).any(|n| n == name));
            let mut content = Vec::new();
            own.for_each(|(_, file)| content.push(named_content(&inventory.files[*file as usize])));
            let digest = digest(content);
            let id = StepId::derive(
                StepKind::Inspect.as_str(),
                &[b"manifest", name.as_bytes(), digest.as_bytes()],
            );
            self.steps.push(due(Step::new(id, StepKind::Inspect, words::inspect_rows(name, &paths)), given));
        }
    }
}

/// The manifests of rows as sources have them: `uploads.csv:7,9; more.csv:2`.
fn names(source: &str) -> impl Iterator<Item = &str> {
    source.split("; ").map(|rows| rows.rsplit_once(':').map_or(rows, |(name, _)| name))
}

impl Parts {
    fn add(&mut self, file: u32, reason: &'static str) {
        if self.files.last() != Some(&file) {
            self.files.push(file);
        }
        *self.reasons.entry(reason).or_default() += 1;
    }
}

fn step(inventory: &Inventory, subject: &Subject<'_>, parts: &Parts, given: &Given<'_>) -> Step {
    let file = |at: &u32| &inventory.files[*at as usize];
    // Another content is looked at anew.
    let mut content = Vec::new();
    parts.files.iter().for_each(|at| content.push(named_content(file(at))));
    let content = digest(content);
    let (root, name, message) = match subject {
        Subject::File(root, raw, _) => {
            let path = parts.files.first().map_or("", |at| &file(at).place.path);
            (root, [&b"file"[..], raw], words::inspect_file(path, &parts.reasons))
        }
        Subject::Format(root, name) => {
            let mut places: Vec<String> =
                parts.files.iter().map(|at| file(at).place.shown().into_owned()).collect();
            places.dedup();
            (root, [&b"format"[..], name.as_bytes()], words::inspect_format(name, &places))
        }
    };
    let id = StepId::derive(
        StepKind::Inspect.as_str(),
        &[name[0], &root.to_be_bytes(), name[1], content.as_bytes()],
    );
    due(Step::new(id, StepKind::Inspect, message), given)
}

/// The content of a file, of a member that of its archive.
fn container_of(file: &File) -> Fingerprint {
    file.archive_hash.as_deref().copied().unwrap_or_else(|| content_of(file))
}

/// The path of a file with its content.
fn named_content(file: &File) -> Vec<u8> {
    [file.place.raw(), &[0], content_of(file).as_bytes()].concat()
}

/// In whichever order they were met, and however often.
fn digest(mut contents: Vec<Vec<u8>>) -> Fingerprint {
    contents.sort_unstable();
    contents.dedup();
    Fingerprint::of(&contents.concat())
}

fn due(step: Step, given: &Given<'_>) -> Step {
    Step {
        deadline: given.target,
        deadline_source: given.target.map(|_| super::group::TARGET.into()),
        ..step
    }
}
