//! Objects of a file, and their content, by what names them in records.

use super::model::RecordedKind;
use crate::id::Fingerprint;
use crate::inventory::entry::File;
use crate::inventory::model::Inventory;
use crate::time::Time;

/// What tells one content of a file from another: its hash; of one that was not read, the time of its last
/// change.
#[must_use]
pub fn content_of(file: &File) -> Fingerprint {
    file.hash.as_deref().or(file.archive_hash.as_deref()).copied().unwrap_or_else(|| content_unread(file))
}

/// What a file is known by as long as it is not read.
pub(super) fn content_unread(file: &File) -> Fingerprint {
    Fingerprint::of(&file.modified.map_or(0, Time::unix).to_be_bytes())
}

/// The earlier of two times of the same content; one that cannot be does not count.
pub(super) fn earliest(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    let possible = |t: &Time| *t >= Time::Y2000;
    [one, other].into_iter().flatten().filter(possible).min().or(one).or(other)
}

/// What names an object in records.
pub(super) fn hash_of(inventory: &Inventory, kind: RecordedKind, at: u32) -> [u8; 32] {
    let at = at as usize;
    match kind {
        RecordedKind::Certificate => *inventory.certificates[at].certificate.sha256.as_bytes(),
        RecordedKind::Request => *inventory.requests[at].request.sha256.as_bytes(),
        RecordedKind::PrivateKey | RecordedKind::PublicKey | RecordedKind::UnverifiedKey => {
            *inventory.keys[at].spki.as_bytes()
        }
    }
}

/// Calls `each` with the file, the kind and the index of every object.
pub(super) fn each_object(inventory: &Inventory, each: &mut dyn FnMut(u32, RecordedKind, u32)) {
    for (entry, at) in inventory.certificates.iter().zip(0..) {
        entry.occurrences.iter().for_each(|o| each(o.file, RecordedKind::Certificate, at));
    }
    for (key, at) in inventory.keys.iter().zip(0..) {
        key.private.iter().for_each(|o| each(o.file, RecordedKind::PrivateKey, at));
        key.public.iter().for_each(|o| each(o.file, RecordedKind::PublicKey, at));
        key.unverified.iter().for_each(|o| each(o.file, RecordedKind::UnverifiedKey, at));
    }
    for (request, at) in inventory.requests.iter().zip(0..) {
        request.occurrences.iter().for_each(|o| each(o.file, RecordedKind::Request, at));
    }
}
