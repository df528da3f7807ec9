//! What a run found, as a case records it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{Gone, RecordedFile, RecordedKind, RecordedObject, RecordedUnread};
use super::objects::{content_of, each_object, earliest, hash_of};
use crate::inventory::entry::{File, Trouble};
use crate::inventory::model::Inventory;
use crate::pki::Unread;
use crate::read::Place;
use crate::time::Span;

/// Gives `each` the record of every file that is new or not as it was: what earlier runs recorded, with what
/// this one found. `path_rows`: what the manifest's rows for the paths of files say, by index of the file.
pub fn record(
    inventory: &Inventory,
    path_rows: &[(u32, Span)],
    before: &[RecordedFile],
    is_gone: &dyn Fn(u32) -> bool,
    each: &mut dyn FnMut(&RecordedFile),
) {
    let objects = ObjectsOfFiles::of(inventory);
    let mut of_files: HashMap<u32, Vec<RecordedUnread>> = HashMap::new();
    for trouble in &inventory.troubles {
        let (Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) =
            &trouble.unread;
        if !reason.is_harmless() {
            let Trouble { file, index, line, label, unread } = trouble.clone();
            let content = content_of(&inventory.files[file as usize]);
            of_files.entry(file).or_default().push(RecordedUnread {
                index,
                line,
                label,
                unread,
                content,
                row: None,
            });
        }
    }
    let earlier: HashMap<&Place, usize, hashbrown::DefaultHashBuilder> =
        before.iter().enumerate().map(|(i, r)| (&r.place, i)).collect();
    let mut displaced: HashMap<&Place, Vec<u32>> = HashMap::new();
    for (file, at) in inventory
        .files
        .iter()
        .zip(0u32..)
        .filter(|(f, _)| matches!(f.gone(), Some(Gone::Changed | Gone::Unread)))
    {
        displaced.entry(&file.place).or_default().push(at);
    }
    let mut met = vec![false; before.len()];
    // Two members of one name in a tar are one place.
    let mut members: BTreeMap<&Place, RecordedFile> = BTreeMap::new();
    for (at, file) in inventory.files.iter().enumerate().filter(|(_, f)| f.gone().is_none()) {
        let known = earlier.get(&file.place).map(|i| &before[*i]);
        if let Some(i) = earlier.get(&file.place) {
            met[*i] = true;
        }
        let row =
            path_rows.binary_search_by_key(&(at as u32), |(file, _)| *file).ok().map(|i| path_rows[i].1);
        let mut own = of_files.remove(&(at as u32)).unwrap_or_default();
        let unread_before = known.map_or(&[][..], |known| &known.unread);
        for part in &mut own {
            part.row =
                row.or_else(|| unread_before.iter().find(|u| u.content == part.content).and_then(|u| u.row));
        }
        // What other content took the place of is still unread.
        let is_displaced = |part: &RecordedUnread| {
            let mut ghosts = displaced.get(&file.place).into_iter().flatten();
            ghosts.any(|at| {
                of_files.get(at).is_some_and(|parts| parts.iter().any(|p| p.content == part.content))
            })
        };
        own.extend(unread_before.iter().filter(|part| is_displaced(part)).cloned());
        let new = recorded_file(file, objects.of_file(inventory, at as u32), own, row, known);
        if new.objects.is_empty() && new.unread.is_empty() && known.is_none() {
            continue;
        }
        if file.place.member().is_some() {
            members.entry(&file.place).and_modify(|first| first.add(&new)).or_insert(new);
        } else if known != Some(&new) {
            each(&new);
        }
    }
    for (place, record) in members {
        if earlier.get(place).map(|i| &before[*i]) != Some(&record) {
            each(&record);
        }
    }
    let put_back: HashSet<&Place> =
        inventory.files.iter().filter(|f| f.gone().is_some()).map(|f| &f.place).collect();
    for (record, _) in before.iter().zip(met).filter(|(r, met)| !met && !is_gone(r.place.root)) {
        // What was not put back was read, as a folder or an archive.
        let unread = if put_back.contains(&record.place) { record.unread.clone() } else { Vec::new() };
        if !record.gone || unread.len() < record.unread.len() {
            each(&RecordedFile { gone: true, unread, ..record.clone() });
        }
    }
}

/// The record of a file that was found, with what was recorded of it before. `here` is sorted.
fn recorded_file(
    file: &File,
    here: Vec<(RecordedKind, [u8; 32])>,
    unread: Vec<RecordedUnread>,
    row: Option<Span>,
    before: Option<&RecordedFile>,
) -> RecordedFile {
    let object = |first, row, doubtful| {
        move |(kind, hash): &(RecordedKind, [u8; 32])| RecordedObject {
            kind: *kind,
            hash: *hash,
            first,
            row,
            doubtful,
        }
    };
    let hash = file.hash.as_deref().copied();
    // What is on the disk: of a member, its archive.
    let last_hash = if file.place.member().is_some() { file.archive_hash.as_deref().copied() } else { hash };
    // Nothing was met before where the content could not be read at all.
    let Some(before) = before.filter(|before| before.hash.is_some() || !before.objects.is_empty()) else {
        let doubtful = file
            .recorded
            .as_deref()
            .is_some_and(|r| r.doubtful && !r.unmet && row.is_some_and(|row| r.used.contains(&row)));
        return RecordedFile {
            place: file.place.clone(),
            hash,
            last_hash,
            archive_hash: file.archive_hash.as_deref().copied(),
            modified: file.modified,
            member_time: file.member_time,
            objects: here.iter().map(object(true, row, doubtful)).collect(),
            unread,
            gone: false,
        };
    };
    // Rows that were not used before are about what is there now.
    let replaced = row.filter(|row| !before.used_rows().any(|used| used == *row));
    let is_here = |o: &RecordedObject| here.binary_search(&(o.kind, o.hash)).is_ok();
    let kept = |o: &RecordedObject| match replaced.filter(|_| is_here(o)) {
        Some(row) => RecordedObject { row: Some(row), doubtful: false, ..*o },
        None => *o,
    };
    let mut objects: Vec<RecordedObject> = before.objects.iter().map(kept).collect();
    let known: HashSet<(RecordedKind, [u8; 32])> = before.objects.iter().map(|o| (o.kind, o.hash)).collect();
    // The same content: what a later version reads of it was there from the first, and the earliest time that
    // is seen of it counts.
    let same = hash.is_some() && hash == before.hash && before.objects.iter().all(|o| o.first && !o.doubtful);
    let doubtful = replaced.is_none() && !before.unread.is_empty() && !same;
    let of_new = replaced.or_else(|| row.filter(|_| doubtful || same));
    objects.extend(here.iter().filter(|o| !known.contains(o)).map(object(same, of_new, doubtful)));
    objects.sort_unstable_by_key(|o| (o.kind, o.hash));
    let same = hash.is_some() && hash == before.hash;
    let modified = if same { earliest(before.modified, file.modified) } else { before.modified };
    let member_time = if same { earliest(before.member_time, file.member_time) } else { before.member_time };
    RecordedFile { objects, unread, last_hash, modified, member_time, gone: false, ..before.clone() }
}

impl RecordedFile {
    /// Adds what another file of the same name holds.
    fn add(&mut self, other: &Self) {
        self.objects.extend(&other.objects);
        self.objects.sort_unstable_by_key(|o| (o.kind, o.hash));
        self.objects.dedup_by_key(|o| (o.kind, o.hash));
        for part in &other.unread {
            if !self.unread.contains(part) {
                self.unread.push(part.clone());
            }
        }
    }
}

/// The objects of each file, in two pieces of memory.
struct ObjectsOfFiles {
    /// Where those of each file begin.
    from: Vec<u32>,
    /// What each is, and its index in the list of its kind.
    all: Vec<(RecordedKind, u32)>,
}

impl ObjectsOfFiles {
    fn of(inventory: &Inventory) -> Self {
        let mut from = vec![0u32; inventory.files.len() + 1];
        each_object(inventory, &mut |file, _, _| from[file as usize + 1] += 1);
        for i in 1..from.len() {
            from[i] += from[i - 1];
        }
        let mut next = from.clone();
        let mut all =
            vec![(RecordedKind::Certificate, 0u32); from.last().copied().unwrap_or_default() as usize];
        each_object(inventory, &mut |file, kind, at| {
            let place = &mut next[file as usize];
            all[*place as usize] = (kind, at);
            *place += 1;
        });
        Self { from, all }
    }

    fn of_file(&self, inventory: &Inventory, file: u32) -> Vec<(RecordedKind, [u8; 32])> {
        let range = self.from[file as usize] as usize..self.from[file as usize + 1] as usize;
        let hash = |(kind, at): &(RecordedKind, u32)| (*kind, hash_of(inventory, *kind, *at));
        let mut out: Vec<_> = self.all[range].iter().map(hash).collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}
