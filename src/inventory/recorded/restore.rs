//! What is gone is put back into the inventory, marked as gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::model::{
    Facts, Gone, Recorded, RecordedFile, RecordedKind, RecordedObject, RecordedOfKey, RecordedUnread,
};
use super::objects::{content_of, content_unread, each_object, earliest, hash_of};
use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::{Builder, Few, File, Occurrence, Trouble};
use crate::pki::{Request, Unread};
use crate::read::{INTO, Place};
use crate::time::{Span, Time};

impl Builder {
    /// Puts back what earlier runs found and this one did not. `is_gone` tells which roots are not there.
    pub fn restore(
        &mut self,
        recorded: &[RecordedFile],
        is_gone: &dyn Fn(u32) -> bool,
        facts: &mut dyn Facts,
    ) {
        if recorded.is_empty() {
            return;
        }
        // A tar can have two members of one name.
        let mut by_place: HashMap<&Place, Few<u32>, hashbrown::DefaultHashBuilder> = HashMap::default();
        for (file, at) in self.inventory.files.iter().zip(0u32..) {
            by_place.entry(&file.place).or_default().push(at);
        }
        let here: Vec<Few<u32>> =
            recorded.iter().map(|r| by_place.remove(&r.place).unwrap_or_default()).collect();
        let new: Vec<u32> = by_place.into_values().flat_map(|files| files.to_vec()).collect();
        let entered = self.entered(recorded, &here);
        let mut changed: Vec<(&RecordedFile, Few<u32>)> = Vec::new();
        let mut later = Later::default();
        for (record, files) in recorded.iter().zip(here) {
            let same = |file: &u32| {
                record.hash.is_some()
                    && self.inventory.files[*file as usize].hash.as_deref() == record.hash.as_ref()
            };
            match &*files {
                [] if is_bare(record) && entered.contains(&(record.place.root, record.place.raw())) => {}
                [] => {
                    let gone = if is_gone(record.place.root) { Gone::Root } else { Gone::File };
                    self.put_back(record, gone, (&record.objects, &record.unread), facts, &mut later);
                }
                [file] if same(file) && self.is_as_first(*file, record) => {
                    let file = &mut self.inventory.files[*file as usize];
                    // Copying renews it: the earliest is the closest to the upload.
                    file.modified = earliest(record.modified, file.modified);
                    file.member_time = earliest(record.member_time, file.member_time);
                }
                _ => changed.push((record, files)),
            }
        }
        self.restore_changed(&changed, facts, &mut later);
        self.doubt_new(recorded, &new);
        // The facts of most keys come with their certificates, whichever file has those.
        for (kind, spki, occurrence) in later.keys {
            if let Some(at) = self.recorded_key(&spki, facts) {
                let key = &mut self.inventory.keys[at];
                match kind {
                    RecordedKind::PrivateKey => key.private.push(occurrence),
                    RecordedKind::UnverifiedKey => key.unverified.push(occurrence),
                    RecordedKind::PublicKey | RecordedKind::Certificate | RecordedKind::Request => {
                        key.public.push(occurrence)
                    }
                }
            }
        }
        for (request, occurrence) in later.requests {
            if let Some(at) = request.key.spki.and_then(|spki| self.recorded_key(&spki, facts)) {
                self.add_request(request, at as u32, occurrence);
            }
        }
    }

    /// Folders that could not be entered before, and archives that were not read: files in them show that
    /// they are now.
    fn entered<'a>(&self, recorded: &'a [RecordedFile], here: &[Few<u32>]) -> HashSet<(u32, &'a [u8])> {
        let candidates = recorded.iter().zip(here).filter(|(r, files)| files.is_empty() && is_bare(r));
        let mut candidates: HashMap<(u32, &'a [u8]), Option<Time>> =
            candidates.map(|(r, _)| ((r.place.root, r.place.raw()), r.modified)).collect();
        if !candidates.is_empty() {
            let (mut folders, mut archives) = (HashSet::new(), HashSet::new());
            for file in &self.inventory.files {
                let (root, raw) = (file.place.root, file.place.raw());
                folders.extend(
                    raw.iter()
                        .enumerate()
                        .filter(|(_, octet)| **octet == b'/')
                        .map(|(at, _)| (root, &raw[..at])),
                );
                if file.place.member().is_some() {
                    archives.insert((root, raw, file.modified));
                }
            }
            candidates.retain(|(root, raw), modified| {
                folders.contains(&(*root, *raw)) || archives.contains(&(*root, *raw, *modified))
            });
        }
        candidates.into_keys().collect()
    }

    /// Whether everything that was ever recorded is of the content that was met first, and a member is in the
    /// archive that it was met in.
    fn is_as_first(&self, file: u32, record: &RecordedFile) -> bool {
        let file = &self.inventory.files[file as usize];
        file.archive_hash.as_deref() == record.archive_hash.as_ref()
            && record.objects.iter().all(|o| o.first && !o.doubtful)
            && (record.unread.is_empty() || record.unread.iter().all(|u| u.content == content_of(file)))
    }

    /// What is new at a path that had other content: an archive that changed, or that has the place of a file
    /// or a folder, or the reverse. Rows for that path that were used before are not about it for certain.
    fn doubt_new(&mut self, recorded: &[RecordedFile], new: &[u32]) {
        let mut before: HashMap<(u32, Vec<u8>), Vec<&RecordedFile>> = HashMap::new();
        for at in new {
            let place = &self.inventory.files[*at as usize].place;
            before.extend(
                [place.raw().to_vec(), as_in_folder(place)].map(|path| ((place.root, path), Vec::new())),
            );
        }
        if before.is_empty() {
            return;
        }
        for record in recorded {
            let mut add = |path: Vec<u8>| {
                _ = before.get_mut(&(record.place.root, path)).map(|of_path| of_path.push(record))
            };
            add(record.place.raw().to_vec());
            if record.place.member().is_some() {
                add(as_in_folder(&record.place));
            }
        }
        for at in new {
            let file = &mut self.inventory.files[*at as usize];
            let of_path = |path: Vec<u8>| before.get(&(file.place.root, path)).map_or(&[][..], Vec::as_slice);
            // A member has its own path and that of its archive.
            let in_folder = file.place.member().map_or(&[][..], |_| of_path(as_in_folder(&file.place)));
            let records: Vec<&RecordedFile> =
                of_path(file.place.raw().to_vec()).iter().chain(in_folder).copied().collect();
            let own = file.hash.as_deref().copied();
            let container = file.archive_hash.as_deref().copied().or(own);
            let is_known = |r: &&RecordedFile| {
                let not_read_then = is_bare(r) && r.modified.is_some() && r.modified == file.modified;
                not_read_then
                    || container.is_some() && [r.archive_hash.or(r.hash), r.last_hash].contains(&container)
                    || own.is_some() && r.hash == own && as_in_folder(&r.place) == as_in_folder(&file.place)
            };
            if records.is_empty() || records.iter().any(is_known) {
                continue;
            }
            file.recorded = Some(Box::new(Recorded {
                gone: None,
                modified: file.modified,
                member_time: file.member_time,
                keys: Vec::new(),
                used: used_rows(&records),
                unmet: false,
                doubtful: true,
                archive_hash: file.archive_hash.as_deref().copied(),
            }));
        }
    }

    /// Files that are there, with other content than the case recorded.
    fn restore_changed(
        &mut self,
        changed: &[(&RecordedFile, Few<u32>)],
        facts: &mut dyn Facts,
        later: &mut Later,
    ) {
        if changed.is_empty() {
            return;
        }
        let record_of: HashMap<u32, usize> = changed
            .iter()
            .enumerate()
            .flat_map(|(i, (_, files))| files.iter().map(move |f| (*f, i)))
            .collect();
        let mut here: Vec<HashSet<(RecordedKind, [u8; 32])>> = vec![HashSet::new(); changed.len()];
        let inventory = &self.inventory;
        each_object(inventory, &mut |file, kind, at| {
            if let Some(record) = record_of.get(&file) {
                let hash = hash_of(inventory, kind, at);
                here[*record].insert((kind, hash));
            }
        });
        for ((record, files), here) in changed.iter().zip(here) {
            let missing: Vec<RecordedObject> =
                record.objects.iter().filter(|o| !here.contains(&(o.kind, o.hash))).copied().collect();
            let mut recorded = self.recorded(record, None, facts);
            let was_not_read = |of: &File| {
                of.modified == record.modified
                    && record.unread.iter().all(|u| u.content == content_unread(of))
            };
            recorded.unmet &= files.iter().all(|file| was_not_read(&self.inventory.files[*file as usize]));
            for file in files.iter() {
                self.inventory.files[*file as usize].recorded = Some(Box::new(recorded.clone()));
            }
            let is_here = |unread: &RecordedUnread| {
                files
                    .iter()
                    .map(|file| &self.inventory.files[*file as usize])
                    .any(|file| [content_of(file), content_unread(file)].contains(&unread.content))
            };
            let opened = opened(record, &here, facts);
            let unread: Vec<RecordedUnread> = record
                .unread
                .iter()
                .filter(|u| {
                    !(is_here(u)
                        || opened && record.hash == Some(u.content) && matches!(u.unread, Unread::Locked(..)))
                })
                .cloned()
                .collect();
            if !missing.is_empty() || !unread.is_empty() {
                let gone = if here.is_empty() { Gone::Unread } else { Gone::Changed };
                self.put_back(record, gone, (&missing, &unread), facts, later);
            }
        }
    }

    /// What the record of a file adds to it.
    fn recorded(&self, record: &RecordedFile, gone: Option<Gone>, facts: &mut dyn Facts) -> Recorded {
        let spki = |o: &RecordedObject, facts: &mut dyn Facts| match o.kind {
            RecordedKind::PrivateKey | RecordedKind::PublicKey | RecordedKind::UnverifiedKey => {
                Some(SpkiHash::from_bytes(o.hash))
            }
            RecordedKind::Certificate => {
                facts.certificate(&Fingerprint::from_bytes(o.hash)).and_then(|(c, _)| c.key.spki)
            }
            // Its key is recorded beside it.
            RecordedKind::Request => None,
        };
        let mut keys: BTreeMap<SpkiHash, RecordedOfKey> = BTreeMap::new();
        for object in &record.objects {
            let RecordedObject { first, row, doubtful, .. } = *object;
            let Some(spki) = spki(object, facts) else { continue };
            let of = keys.entry(spki).or_insert(RecordedOfKey { spki, first, row, doubtful });
            *of = RecordedOfKey {
                spki,
                first: of.first || first,
                row: of.row.or(row),
                doubtful: of.doubtful && doubtful,
            };
        }
        Recorded {
            gone,
            modified: record.modified,
            member_time: record.member_time,
            keys: keys.into_values().collect(),
            used: used_rows(&[record]),
            unmet: record.hash.is_none() && record.objects.is_empty(),
            doubtful: !record.unread.is_empty(),
            archive_hash: record.archive_hash,
        }
    }

    /// Adds a file that is gone, with these objects and unread parts of it: one for each content.
    fn put_back(
        &mut self,
        record: &RecordedFile,
        gone: Gone,
        (objects, unread): (&[RecordedObject], &[RecordedUnread]),
        facts: &mut dyn Facts,
        later: &mut Later,
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
                    if let Some((certificate, issued_others)) =
                        facts.certificate(&Fingerprint::from_bytes(object.hash))
                    {
                        self.add_recorded_certificate(certificate, issued_others, occurrence);
                    }
                }
                RecordedKind::Request => later
                    .requests
                    .extend(facts.request(&Fingerprint::from_bytes(object.hash)).map(|r| (r, occurrence))),
                kind => later.keys.push((kind, SpkiHash::from_bytes(object.hash), occurrence)),
            }
        }
        // What could not be read is not read by being gone.
        let mut file_of: BTreeMap<Fingerprint, u32> =
            BTreeMap::from([(content_of(&self.inventory.files[at as usize]), at)]);
        for RecordedUnread { index, line, label, unread, content, .. } in unread {
            let file = *file_of.entry(*content).or_insert_with(|| {
                let other = File {
                    hash: Some(Box::new(*content)),
                    archive_hash: None,
                    ..self.inventory.files[at as usize].clone()
                };
                self.inventory.files.push(other);
                self.inventory.files.len() as u32 - 1
            });
            self.inventory.troubles.push(Trouble {
                file,
                index: *index,
                line: *line,
                label: label.clone(),
                unread: unread.clone(),
            });
        }
    }
}

/// The path of a file, of a member as if its archives were folders.
fn as_in_folder(place: &Place) -> Vec<u8> {
    match place.member() {
        None => place.raw().to_vec(),
        Some(way) => [place.raw(), b"/", way.replace(INTO, "/").as_bytes()].concat(),
    }
}

/// Whether nothing at all was read of it.
fn is_bare(record: &RecordedFile) -> bool {
    record.hash.is_none() && record.objects.is_empty() && record.place.member().is_none()
}

/// What rows said that the case used for the path of these, each once.
fn used_rows(records: &[&RecordedFile]) -> Vec<Span> {
    let mut used: Vec<Span> = Vec::new();
    for row in records.iter().flat_map(|r| r.used_rows()) {
        if !used.contains(&row) {
            used.push(row);
        }
    }
    used
}

/// Whether the one locked key of a file was decrypted: a private key came to it, of a certificate that was
/// there before.
fn opened(record: &RecordedFile, here: &HashSet<(RecordedKind, [u8; 32])>, facts: &mut dyn Facts) -> bool {
    if record
        .unread
        .iter()
        .filter(|u| matches!(u.unread, Unread::Locked(..)) && record.hash == Some(u.content))
        .count()
        != 1
    {
        return false;
    }
    let is_recorded =
        |kind, hash: &[u8; 32]| record.objects.iter().any(|o| (o.kind, &o.hash) == (kind, hash));
    let certificates = record.objects.iter().filter(|o| o.first && o.kind == RecordedKind::Certificate);
    certificates
        .filter_map(|o| facts.certificate(&Fingerprint::from_bytes(o.hash)).and_then(|(c, _)| c.key.spki))
        .any(|spki| {
            here.contains(&(RecordedKind::PrivateKey, *spki.as_bytes()))
                && !is_recorded(RecordedKind::PrivateKey, spki.as_bytes())
        })
}

/// What is put back once all certificates are.
#[derive(Default)]
struct Later {
    keys: Vec<(RecordedKind, SpkiHash, Occurrence)>,
    requests: Vec<(Arc<Request>, Occurrence)>,
}
