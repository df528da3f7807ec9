//! The bytes of one file that are in memory already.

use std::io::Read;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::archive::kind::{Kind, kind};
use super::archive::spare::Spare;
use super::archive::zip::Bytes;
use super::engine::{self, Archive};
use super::found::{Found, Item, Tap};
use super::nesting::{Unpacked, Within};
use super::options::Options;
use super::place::{INTO, Place};
use crate::finding::Reason;
use crate::limits::Limits;
use crate::pki::{Object, Unread};

/// Reads the bytes of one file that are in memory already: the door for a single buffer. What the file would
/// be told by its name, size or time is not known here; at least one item comes back. Those of the members of
/// an archive carry the way to them.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    if !archive_in(bytes, None, &mut |found| {
        let member = found.place.member().map(Arc::<str>::from);
        items.extend(found.items.into_iter().map(|item| {
            let way = match (&member, &item.member) {
                (Some(outer), Some(inner)) => Some(format!("{outer}{INTO}{inner}").into()),
                (outer, inner) => outer.clone().or_else(|| inner.clone()),
            };
            Item { member: way, ..item }
        }));
    }) {
        let mut scratch = Zeroizing::new(Vec::new());
        let mut content = engine::content(&mut scratch, None, None, broken());
        content.whole(bytes);
        items = content.finish().items;
    }
    if items.is_empty() {
        items.push(Item::whole_file(Err(Unread::Skipped(Reason::NoPkiContent, String::new())), "file"));
    }
    items
}

/// The DER of every certificate in the bytes of a file, in order.
#[must_use]
pub fn certificates_in(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut tap = |bytes: &[u8], object: Option<&Object>| {
        if matches!(object, Some(Object::Certificate(_))) {
            found.extend(crate::pki::first_element(bytes).map(|(tlv, _)| tlv.to_vec()));
        }
    };
    if !archive_in(bytes, Some(&mut tap), &mut |_| {}) {
        let mut scratch = Zeroizing::new(Vec::new());
        engine::content(&mut scratch, None, Some(&mut tap), broken()).whole(bytes);
    }
    found
}

/// Reads the members of an archive that is in memory. `false` if it is none; then nothing was called.
fn archive_in(bytes: &[u8], tap: Option<Tap<'_>>, emit: &mut dyn FnMut(Found)) -> bool {
    let Some(kind) = kind(bytes) else { return false };
    let place = Place::new(0, b"");
    read_archive(kind, &mut &*bytes, Bytes::Memory(bytes), bytes.len() as u64, &place, tap, emit).is_one
}

/// Reads an archive, or the one member of it that the place names.
pub(super) fn read_archive(
    kind: Kind,
    stream: &mut dyn Read,
    bytes: Bytes<'_>,
    size: u64,
    place: &Place,
    tap: Option<Tap<'_>>,
    emit: &mut dyn FnMut(Found),
) -> Unpacked {
    let (options, mut spare, mut scratch) = (Options::again(), Spare::default(), Zeroizing::new(Vec::new()));
    let only = place.member();
    let tap = tap.map(|tap| tap as _);
    let (spare, scratch, within) = (&mut spare, &mut scratch, Within::default());
    Archive {
        options: &options,
        place,
        modified: None,
        size,
        spare,
        scratch,
        cache: None,
        tap,
        only,
        within,
        emit,
    }
    .read(kind, stream, bytes)
}

/// How many records that are no objects one file may have where nothing else is asked for.
pub(super) fn broken() -> u64 {
    Limits::default().broken
}
