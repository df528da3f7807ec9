//! What a case recorded of the files of earlier runs. A file that is gone, that changed or that cannot be read any more takes nothing with it:
//! what it held is put back into the inventory, marked as gone (DESIGN.md 2.9).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Builder, Few, File, Inventory, Occurrence, Trouble};
use crate::id::{Fingerprint, SpkiHash};
use crate::pki::{Certificate, KeyFacts, Unread};
use crate::read::Place;
use crate::time::{Span, Time};

/// A file as a case recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Where it is.
    pub place: Place,
    /// SHA-256 of the content that the case met first.
    pub hash: Option<Fingerprint>,
    /// SHA-256 of what the last run met on the disk: of a member, of its archive.
    pub last_hash: Option<Fingerprint>,
    /// The same of the archive that it was a member of.
    pub archive_hash: Option<Fingerprint>,
    /// When that content was last changed, by the earliest time that was seen of it.
    pub modified: Option<Time>,
    /// The same of a member, by its archive.
    pub member_time: Option<Time>,
    /// Everything that was ever found in it.
    pub objects: Vec<RecordedObject>,
    /// What could not be read of it, as it was last.
    pub unread: Vec<RecordedUnread>,
    /// It was not found in the last run, though its root was.
    pub gone: bool,
}

/// An object in a recorded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedObject {
    /// What it is.
    pub kind: RecordedKind,
    /// SHA-256 of a certificate, or the name of a key.
    pub hash: [u8; 32],
    /// It belongs to the content that the case met first, of which the recorded times are.
    pub first: bool,
    /// What the manifest's rows for the path of the file say of it: it was there when the case used them first.
    pub row: Option<Span>,
    /// It came in the place of what could not be read, so that nobody knows whether the rows are about it: they clear it in no case.
    pub doubtful: bool,
}

/// The kinds of recorded objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordedKind {
    /// A certificate.
    Certificate,
    /// A private key, encrypted or not.
    PrivateKey,
    /// A request or a bare public key.
    PublicKey,
}

impl RecordedKind {
    /// Every kind with the octet that stands for it in a store.
    pub const VALUES: &[(Self, u8)] = &[(Self::Certificate, b'c'), (Self::PrivateKey, b'k'), (Self::PublicKey, b'p')];
}

/// A part of a recorded file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedUnread {
    /// Its index in the file.
    pub index: u32,
    /// The line; 0 if it has none.
    pub line: u32,
    /// Its label.
    pub label: Option<Box<str>>,
    /// What is the matter.
    pub unread: Unread,
}

/// Why a file of the inventory is one of the record, and what the record adds to one that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Why what is in this file is not there any more; `None` for a file that is there, with other content than before.
    pub gone: Option<Gone>,
    /// The times of the content that the case met first.
    pub modified: Option<Time>,
    /// See [`RecordedFile::member_time`].
    pub member_time: Option<Time>,
    /// Its keys, sorted.
    pub keys: Vec<RecordedOfKey>,
    /// What rows for its path said when they were used, each once.
    pub used: Vec<Span>,
    /// Nothing was recorded of its content: what is there now is met first.
    pub unmet: bool,
    /// A part of it could not be read.
    pub unread: bool,
}

/// What a file's record has of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedOfKey {
    /// The key.
    pub spki: SpkiHash,
    /// See [`RecordedObject::first`].
    pub first: bool,
    /// See [`RecordedObject::row`].
    pub row: Option<Span>,
    /// See [`RecordedObject::doubtful`].
    pub doubtful: bool,
}

/// Why recorded content is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The file has other content now.
    Changed,
    /// The file was not found.
    File,
    /// Its root was not found.
    Root,
    /// The file is there and cannot be read.
    Unread,
}

impl Gone {
    /// For people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Changed => "its content changed",
            Self::File => "it is not there any more",
            Self::Root => "the path that it was found under is not there any more",
            Self::Unread => "it cannot be read any more",
        }
    }
}

/// Gives back the facts that a case recorded of certificates and of keys without one.
pub trait Facts {
    /// The facts of a certificate, and whether another certificate was verified to be issued by it.
    fn certificate(&mut self, sha256: &Fingerprint) -> Option<(Arc<Certificate>, bool)>;
    /// The facts of a key without a certificate.
    fn key(&mut self, spki: &SpkiHash) -> Option<Arc<KeyFacts>>;
}

impl Builder {
    /// Puts back what earlier runs found and this one did not. `is_gone` tells which roots are not there.
    pub fn restore(&mut self, recorded: &[RecordedFile], is_gone: &dyn Fn(u32) -> bool, facts: &mut dyn Facts) {
        if recorded.is_empty() {
            return;
        }
        // A tar can have two members of one name.
        let mut by_place: HashMap<&Place, Few<u32>, hashbrown::DefaultHashBuilder> = HashMap::default();
        for (file, at) in self.inventory.files.iter().zip(0u32..) {
            by_place.entry(&file.place).or_default().push(at);
        }
        let here: Vec<Few<u32>> = recorded.iter().map(|r| by_place.remove(&r.place).unwrap_or_default()).collect();
        drop(by_place);
        let mut changed: Vec<(&RecordedFile, Few<u32>)> = Vec::new();
        let mut keys = Vec::new();
        for (record, files) in recorded.iter().zip(here) {
            let same = |file: &u32| record.hash.is_some() && self.inventory.files[*file as usize].hash.as_deref() == record.hash.as_ref();
            match &*files {
                [] => {
                    let gone = if is_gone(record.place.root) { Gone::Root } else { Gone::File };
                    self.put_back(record, gone, (&record.objects, &record.unread), facts, &mut keys);
                }
                // What came to the file later is spoken of by no row for its path.
                [file] if same(file) && record.objects.iter().all(|o| o.first && !o.doubtful) => {
                    let file = &mut self.inventory.files[*file as usize];
                    // Copying renews it: the earliest is the closest to the upload.
                    file.modified = earliest(record.modified, file.modified);
                    file.member_time = earliest(record.member_time, file.member_time);
                }
                _ => changed.push((record, files)),
            }
        }
        self.restore_changed(&changed, facts, &mut keys);
        // The facts of most keys come with their certificates, whichever file has those.
        for (kind, spki, occurrence) in keys {
            if let Some(at) = self.recorded_key(&spki, facts) {
                let key = &mut self.inventory.keys[at];
                if kind == RecordedKind::PrivateKey { key.private.push(occurrence) } else { key.public.push(occurrence) }
            }
        }
    }

    /// Files that are there, with other content than the case recorded.
    fn restore_changed(&mut self, changed: &[(&RecordedFile, Few<u32>)], facts: &mut dyn Facts, keys: &mut Vec<KeyPutBack>) {
        if changed.is_empty() {
            return;
        }
        let record_of: HashMap<u32, usize> = changed.iter().enumerate().flat_map(|(i, (_, files))| files.iter().map(move |f| (*f, i))).collect();
        let mut here: Vec<HashSet<(RecordedKind, [u8; 32])>> = vec![HashSet::new(); changed.len()];
        let inventory = &self.inventory;
        each_object(inventory, &mut |file, kind, at| {
            if let Some(record) = record_of.get(&file) {
                let hash = match kind {
                    RecordedKind::Certificate => inventory.certificates[at as usize].certificate.sha256.as_bytes(),
                    RecordedKind::PrivateKey | RecordedKind::PublicKey => inventory.keys[at as usize].spki.as_bytes(),
                };
                here[*record].insert((kind, *hash));
            }
        });
        for ((record, files), here) in changed.iter().zip(here) {
            let missing: Vec<RecordedObject> = record.objects.iter().filter(|o| !here.contains(&(o.kind, o.hash))).copied().collect();
            let recorded = self.recorded(record, None, facts);
            for file in files.iter() {
                self.inventory.files[*file as usize].recorded = Some(Box::new(recorded.clone()));
            }
            let troubled = files.iter().any(|file| self.inventory.troubles.iter().any(|t| t.file == *file));
            let new = |kind: RecordedKind| here.iter().any(|(k, h)| *k == kind && !record.objects.iter().any(|o| (o.kind, &o.hash) == (*k, h)));
            // What was locked was opened if a private key came, and what was damaged mended if anything did; else it is there no more, unread.
            let mended = |unread: &RecordedUnread| match unread.unread {
                Unread::Locked(..) => new(RecordedKind::PrivateKey),
                _ => RecordedKind::VALUES.iter().any(|(kind, _)| new(*kind)),
            };
            let unread: Vec<RecordedUnread> = record.unread.iter().filter(|u| !troubled && !mended(u)).cloned().collect();
            if !missing.is_empty() || !unread.is_empty() {
                let gone = if here.is_empty() { Gone::Unread } else { Gone::Changed };
                self.put_back(record, gone, (&missing, &unread), facts, keys);
            }
        }
    }

    /// What the record of a file adds to it.
    fn recorded(&self, record: &RecordedFile, gone: Option<Gone>, facts: &mut dyn Facts) -> Recorded {
        let spki = |o: &RecordedObject, facts: &mut dyn Facts| match o.kind {
            RecordedKind::PrivateKey | RecordedKind::PublicKey => Some(SpkiHash::from_bytes(o.hash)),
            RecordedKind::Certificate => facts.certificate(&Fingerprint::from_bytes(o.hash)).and_then(|(c, _)| c.key.spki),
        };
        let mut keys: BTreeMap<SpkiHash, RecordedOfKey> = BTreeMap::new();
        for object in &record.objects {
            let RecordedObject { first, row, doubtful, .. } = *object;
            let Some(spki) = spki(object, facts) else { continue };
            let of = keys.entry(spki).or_insert(RecordedOfKey { spki, first, row, doubtful });
            *of = RecordedOfKey { spki, first: of.first || first, row: of.row.or(row), doubtful: of.doubtful && doubtful };
        }
        let mut used: Vec<Span> = Vec::new();
        for row in record.objects.iter().filter_map(|o| o.row) {
            if !used.contains(&row) {
                used.push(row);
            }
        }
        Recorded {
            gone,
            modified: record.modified,
            member_time: record.member_time,
            keys: keys.into_values().collect(),
            used,
            unmet: record.hash.is_none(),
            unread: !record.unread.is_empty(),
        }
    }

    /// Adds a file that is gone, with these objects and unread parts of it.
    fn put_back(
        &mut self,
        record: &RecordedFile,
        gone: Gone,
        (objects, unread): (&[RecordedObject], &[RecordedUnread]),
        facts: &mut dyn Facts,
        keys: &mut Vec<KeyPutBack>,
    ) {
        let recorded = self.recorded(record, Some(gone), facts);
        let at = self.inventory.files.len() as u32;
        self.inventory.files.push(File {
            place: record.place.clone(),
            modified: record.modified,
            member_time: record.member_time,
            hash: record.hash.map(Box::new),
            archive_hash: record.archive_hash.map(Box::new),
            holds_locked: unread.iter().any(|u| matches!(u.unread, Unread::Locked(..))),
            recorded: Some(Box::new(recorded)),
        });
        for (object, index) in objects.iter().zip(0u32..) {
            let occurrence = Occurrence { file: at, index, line: 0, member: None };
            match object.kind {
                RecordedKind::Certificate => {
                    if let Some((certificate, issued_others)) = facts.certificate(&Fingerprint::from_bytes(object.hash)) {
                        self.add_recorded_certificate(certificate, issued_others, occurrence);
                    }
                }
                kind => keys.push((kind, SpkiHash::from_bytes(object.hash), occurrence)),
            }
        }
        // What could not be read is not read by being gone.
        for RecordedUnread { index, line, label, unread } in unread {
            self.inventory.troubles.push(Trouble { file: at, index: *index, line: *line, label: label.clone(), unread: unread.clone() });
        }
    }
}

/// The earlier of two times of the same content; one that cannot be does not count.
fn earliest(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    let possible = |t: &Time| *t >= Time::Y2000;
    [one, other].into_iter().flatten().filter(possible).min().or(one).or(other)
}

/// A key that is put back once all certificates are.
type KeyPutBack = (RecordedKind, SpkiHash, Occurrence);

impl Inventory {
    /// Whether a file is one of the record alone.
    #[must_use]
    pub fn is_gone(&self, file: u32) -> bool {
        self.files[file as usize].gone().is_some()
    }
}

/// Gives `each` the record of every file that is new or not as it was: what earlier runs recorded, with what this one found. `path_rows`: what the
/// manifest's rows for the paths of files say, by index of the file.
pub fn record(
    inventory: &Inventory,
    path_rows: &[(u32, Span)],
    before: &[RecordedFile],
    is_gone: &dyn Fn(u32) -> bool,
    each: &mut dyn FnMut(&RecordedFile),
) {
    let objects = ObjectsOfFiles::of(inventory);
    let mut unread: HashMap<u32, Vec<RecordedUnread>> = HashMap::new();
    for trouble in &inventory.troubles {
        let (Unread::Locked(reason, _) | Unread::Skipped(reason, _) | Unread::Unreadable(reason, _)) = &trouble.unread;
        if !reason.is_harmless() {
            let Trouble { file, index, line, label, unread: why } = trouble.clone();
            unread.entry(file).or_default().push(RecordedUnread { index, line, label, unread: why });
        }
    }
    let earlier: HashMap<&Place, usize, hashbrown::DefaultHashBuilder> = before.iter().enumerate().map(|(i, r)| (&r.place, i)).collect();
    let mut displaced: HashMap<&Place, Vec<u32>> = HashMap::new();
    for (file, at) in inventory.files.iter().zip(0u32..).filter(|(f, _)| matches!(f.gone(), Some(Gone::Changed | Gone::Unread))) {
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
        let mut own = unread.remove(&(at as u32)).unwrap_or_default();
        // What other content took the place of is still unread.
        own.extend(displaced.get(&file.place).into_iter().flatten().filter_map(|at| unread.get(at)).flatten().cloned());
        let row = path_rows.binary_search_by_key(&(at as u32), |(file, _)| *file).ok().map(|i| path_rows[i].1);
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
    for (record, _) in before.iter().zip(met).filter(|(r, met)| !met && !r.gone && !is_gone(r.place.root)) {
        each(&RecordedFile { gone: true, ..record.clone() });
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
    let object =
        |first, row, doubtful| move |(kind, hash): &(RecordedKind, [u8; 32])| RecordedObject { kind: *kind, hash: *hash, first, row, doubtful };
    let hash = file.hash.as_deref().copied();
    // What is on the disk: of a member, its archive.
    let last_hash = if file.place.member().is_some() { file.archive_hash.as_deref().copied() } else { hash };
    // Nothing was met before where the content could not be read at all.
    let Some(before) = before.filter(|before| before.hash.is_some()) else {
        return RecordedFile {
            place: file.place.clone(),
            hash,
            last_hash,
            archive_hash: file.archive_hash.as_deref().copied(),
            modified: file.modified,
            member_time: file.member_time,
            objects: here.iter().map(object(true, row, false)).collect(),
            unread,
            gone: false,
        };
    };
    // Rows that were not used before are about what is there now.
    let replaced = row.filter(|row| !before.objects.iter().any(|o| o.row == Some(*row)));
    let is_here = |o: &RecordedObject| here.binary_search(&(o.kind, o.hash)).is_ok();
    let kept = |o: &RecordedObject| match replaced.or(row.filter(|_| o.row.is_some())).filter(|_| is_here(o)) {
        Some(row) => RecordedObject { row: Some(row), doubtful: o.doubtful && replaced.is_none(), ..*o },
        None => *o,
    };
    let mut objects: Vec<RecordedObject> = before.objects.iter().map(kept).collect();
    let known: HashSet<(RecordedKind, [u8; 32])> = before.objects.iter().map(|o| (o.kind, o.hash)).collect();
    let doubtful = replaced.is_none() && !before.unread.is_empty();
    let of_new = replaced.or(row.filter(|_| doubtful));
    objects.extend(here.iter().filter(|o| !known.contains(o)).map(object(false, of_new, doubtful)));
    objects.sort_unstable_by_key(|o| (o.kind, o.hash));
    // The same content: the earliest time that is seen of it.
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
        self.unread.extend(other.unread.iter().cloned());
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
        let mut all = vec![(RecordedKind::Certificate, 0u32); from.last().copied().unwrap_or_default() as usize];
        each_object(inventory, &mut |file, kind, at| {
            let place = &mut next[file as usize];
            all[*place as usize] = (kind, at);
            *place += 1;
        });
        Self { from, all }
    }

    fn of_file(&self, inventory: &Inventory, file: u32) -> Vec<(RecordedKind, [u8; 32])> {
        let range = self.from[file as usize] as usize..self.from[file as usize + 1] as usize;
        let hash = |(kind, at): &(RecordedKind, u32)| match kind {
            RecordedKind::Certificate => (*kind, *inventory.certificates[*at as usize].certificate.sha256.as_bytes()),
            RecordedKind::PrivateKey | RecordedKind::PublicKey => (*kind, *inventory.keys[*at as usize].spki.as_bytes()),
        };
        let mut out: Vec<_> = self.all[range].iter().map(hash).collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// Calls `each` with the file, the kind and the index of every object.
fn each_object(inventory: &Inventory, each: &mut dyn FnMut(u32, RecordedKind, u32)) {
    for (entry, at) in inventory.certificates.iter().zip(0..) {
        entry.occurrences.iter().for_each(|o| each(o.file, RecordedKind::Certificate, at));
    }
    for (key, at) in inventory.keys.iter().zip(0..) {
        key.private.iter().for_each(|o| each(o.file, RecordedKind::PrivateKey, at));
        key.public.iter().for_each(|o| each(o.file, RecordedKind::PublicKey, at));
    }
}
