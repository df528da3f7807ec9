//! One member of an archive: read like a file, or opened if it is an archive itself; and what is used again
//! from one to the next.

use std::io::{self, Read};

use zeroize::{Zeroize as _, Zeroizing};

use super::{Bytes, Kind, Opening, Stream, inflate, kind, whole, zip};
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::read::content::{Content, KEPT, Within, wipe};
use crate::read::walk::io_unread;
use crate::read::zeroizing_io::read_up_to;
use crate::read::{Found, INTO, Item};
use crate::time::Time;

/// The way into an archive; none is the file itself.
pub(super) type Way = Option<String>;

/// What is known of a member before it is read.
pub(super) struct Member<'m> {
    pub(super) way: Way,
    pub(super) time: Option<Time>,
    /// What the archive says of its size; it need not be so.
    pub(super) size: u64,
    /// It is the content of the gzip that lies there.
    pub(super) gzip: Option<&'m Way>,
}

/// Bytes that tell what a member is.
const PEEK: usize = 64 << 10;

/// Buffers and decoders that are used again. They held what was in the archives: wiped when dropped, and
/// before that where keys were.
#[derive(Default)]
pub(in crate::read) struct Spare {
    buffers: Vec<Vec<u8>>,
    states: Vec<inflate::State>,
}

impl Spare {
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    pub(super) fn state(&mut self) -> inflate::State {
        self.states.pop().unwrap_or_else(inflate::State::new)
    }

    pub(super) fn put_state(&mut self, mut state: inflate::State) {
        state.decoder.reset();
        state.input.fill(0);
        self.states.push(state);
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.buffers.iter_mut().for_each(|buffer| buffer.zeroize());
    }
}

/// What is said of a zip that was put behind something else, and was looked at as text.
const NOT_OPENED: &str =
    "a zip lies at its end and was not opened; unpack this one into a private folder and scan that";

/// Keeps the last bytes of what is read: the end of a zip is there, if there is one.
struct Tail<'s> {
    source: &'s mut dyn Stream,
    last: Zeroizing<Vec<u8>>,
    /// How many bytes came before those.
    before: u64,
}

impl Read for Tail<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(out)?;
        let new = &out[got.saturating_sub(zip::END)..got];
        if self.last.capacity() == 0 {
            self.last.reserve_exact(2 * zip::END);
        }
        let over = if self.last.len() + new.len() > 2 * zip::END {
            (self.last.len() + new.len() - zip::END).min(self.last.len())
        } else {
            0
        };
        self.last.copy_within(over.., 0);
        let kept = self.last.len() - over;
        self.last.truncate(kept);
        self.last.extend_from_slice(new);
        self.before += (over + got - new.len()) as u64;
        Ok(got)
    }
}

impl Opening<'_, '_> {
    /// Reads a member and hands on what is in it. Records of the archive that it lies in go to `own`.
    pub(super) fn member(
        &mut self,
        member: &Member<'_>,
        source: &mut dyn Stream,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        if member.gzip.is_none() && !self.wants(&member.way) {
            return Ok(());
        }
        // Wiped whatever happens meanwhile.
        let mut buffer = Zeroizing::new(self.archive.spare.buffer());
        let outside = std::mem::take(&mut self.secret);
        let read = self.member_with(member, source, &mut buffer, own);
        self.put_back(std::mem::take(&mut *buffer));
        self.secret |= outside;
        read
    }

    /// Gives back a buffer: wiped, if there was a key since it was taken.
    pub(super) fn put_back(&mut self, mut buffer: Vec<u8>) {
        if self.secret || buffer.capacity() > KEPT {
            // What is read in windows leaves something behind the end of the last one.
            let used = if std::mem::take(&mut self.windows) { buffer.capacity() } else { buffer.len() };
            wipe(&mut buffer, used);
        }
        self.archive.spare.buffers.push(buffer);
    }

    fn member_with(
        &mut self,
        member: &Member<'_>,
        source: &mut dyn Stream,
        buffer: &mut Vec<u8>,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let expected = usize::try_from(member.size).unwrap_or(PEEK).min(PEEK);
        crate::read::zeroizing_io::reserve(buffer, expected + 1);
        let (mut end, mut failed) = until(read_up_to(source, buffer, PEEK));
        if failed.is_none()
            && let Some(kind) = kind(buffer)
            && self.nested(kind, member, source, buffer, &mut end, own)?
        {
            return Ok(());
        }
        if !self.wants(&member.way) {
            return Ok(());
        }
        let (options, too_deep) = (self.archive.options, self.depth >= limits::ARCHIVES_DEEP);
        if !end {
            (end, failed) = until(read_up_to(source, buffer, options.limits.window));
            if end
                && failed.is_none()
                && zip::ends(buffer)
                && self.nested(Kind::ZipBehind, member, source, buffer, &mut end, own)?
            {
                return Ok(());
            }
        }
        let mut content = self.content();
        let (mut hash, mut windows) = (None, false);
        if failed.is_none() {
            let mut tail = Tail { source, last: Zeroizing::new(Vec::new()), before: buffer.len() as u64 };
            let whole_zip = end && too_deep && zip::ends(buffer);
            failed = content.file(&mut tail, buffer, &mut end, options, &mut hash).err();
            windows = !end;
            if whole_zip || zip::ends_at(&tail.last, tail.before) {
                content.push(whole(Unread::Skipped(
                    if too_deep { Reason::TooDeep } else { Reason::TooLarge },
                    NOT_OPENED.to_owned(),
                )));
            }
        } else {
            // What came before the limit was reached, or the disk failed.
            content.whole(buffer);
        }
        let found = content.finish();
        let mut items = self.counted(found);
        if let (None, Some(says)) = (&failed, source.trouble()) {
            // Beyond all limits.
            let index = items
                .iter()
                .filter(|item| item.member.is_none())
                .map(|item| item.index + 1)
                .max()
                .unwrap_or(0);
            items.push(Item { index, ..whole(Unread::Unreadable(Reason::BadObject, says)) });
        }
        self.windows |= windows;
        if failed.is_none() || !items.is_empty() {
            self.emit(&member.way, member.time, hash, items);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Opens a member that is an archive itself. `false`: it turned out to be none.
    fn nested(
        &mut self,
        kind: Kind,
        member: &Member<'_>,
        source: &mut dyn Stream,
        buffer: &mut Vec<u8>,
        end: &mut bool,
        own: &mut Vec<Item>,
    ) -> io::Result<bool> {
        if self.depth >= limits::ARCHIVES_DEEP {
            if kind == Kind::ZipBehind {
                return Ok(false);
            }
            let detail = format!(
                "archives nest deeper than {}; unpack this one into a private folder and scan that",
                limits::ARCHIVES_DEEP
            );
            self.emit(&member.way, member.time, None, vec![whole(Unread::Skipped(Reason::TooDeep, detail))]);
            return Ok(true);
        }
        self.depth += 1;
        let opened = self.nested_with(kind, member, source, buffer, end, own);
        self.depth -= 1;
        opened
    }

    fn nested_with(
        &mut self,
        kind: Kind,
        member: &Member<'_>,
        source: &mut dyn Stream,
        buffer: &mut Vec<u8>,
        end: &mut bool,
        own: &mut Vec<Item>,
    ) -> io::Result<bool> {
        let (mut within, mut bytes) = (Vec::new(), Bytes::Memory(&[]));
        if let (Kind::Zip | Kind::ZipBehind, false) = (kind, *end) {
            // A program is held only as far as it would be otherwise.
            let most = if kind == Kind::Zip { usize::MAX } else { self.archive.options.limits.window };
            let room = self.budget.room().min(most);
            *end = read_up_to(source, buffer, room.max(buffer.len()))?;
            if !*end {
                if kind == Kind::ZipBehind {
                    return Ok(false);
                }
                let detail = format!(
                    "a zip within an archive of more than {room} bytes; unpack it into a private folder and scan that"
                );
                self.emit(
                    &member.way,
                    member.time,
                    None,
                    vec![whole(Unread::Skipped(Reason::TooLarge, detail))],
                );
                return Ok(true);
            }
        }
        if let Kind::Zip | Kind::ZipBehind = kind {
            bytes = Bytes::Memory(buffer);
        }
        self.budget.hold(buffer.len());
        // A tar in a gzip is one archive with it.
        let (way, records) = match member.gzip {
            Some(outer) if kind == Kind::Tar => (outer, own),
            _ => (&member.way, &mut within),
        };
        let opened = self.open(kind, &mut buffer.as_slice().chain(&mut *source), bytes, way, records);
        self.budget.let_go(buffer.len());
        let opened = opened?;
        if opened {
            // So that its checksum is looked at.
            io::copy(source, &mut io::sink())?;
            records.extend(source.trouble().map(|says| whole(Unread::Unreadable(Reason::BadObject, says))));
            self.emit_own(&member.way, within);
        }
        Ok(opened)
    }

    /// Whether a member, or one within it, is asked for.
    pub(super) fn wants(&self, way: &Way) -> bool {
        let (Some(only), Some(way)) = (self.archive.only, way) else { return true };
        only.strip_prefix(way.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(INTO))
    }

    /// Whether what lies in an archive itself, in no member of it, is asked for.
    pub(super) fn wants_own(&self, way: &Way) -> bool {
        self.archive.only.is_none() || self.archive.only == way.as_deref()
    }

    /// What makes items of bytes.
    pub(super) fn content(&mut self) -> Content<'_, '_> {
        let archive = &mut self.archive;
        let tap = archive.tap.as_mut().map(|tap| &mut **tap as _);
        let within = Within { archives: self.depth, most: self.budget.left(), ..archive.within };
        Content::in_archive(archive.scratch, archive.cache.as_deref_mut(), tap, self.budget.broken(), within)
    }

    /// Hands on what was found in a member.
    pub(super) fn emit(
        &mut self,
        way: &Way,
        time: Option<Time>,
        hash: Option<Fingerprint>,
        mut items: Vec<Item>,
    ) {
        self.watched.notice(way, &items, hash);
        let archive = &mut self.archive;
        if items.is_empty() {
            items.push(whole(Unread::Skipped(Reason::NoPkiContent, String::new())));
        }
        let place =
            way.as_deref().map_or_else(|| archive.place.clone(), |way| archive.place.with_member(way));
        let (file_hash, archive_hash) = if way.is_some() { (hash, self.hash) } else { (self.hash, None) };
        (archive.emit)(Found {
            place,
            modified: archive.modified,
            member_time: time,
            file_hash,
            archive_hash,
            items,
        });
    }

    /// Hands on the records of an archive itself, if it has any.
    pub(super) fn emit_own(&mut self, way: &Way, mut own: Vec<Item>) {
        if !own.is_empty() {
            let places = own.iter_mut().filter(|item| item.member.is_none());
            places.zip(0..).for_each(|(item, index)| item.index = index);
            self.emit(way, None, None, own);
        }
    }

    /// The record of what ended the reading of the whole archive.
    pub(super) fn failed(&self, error: &io::Error) -> Item {
        whole(
            self.budget
                .reached()
                .map_or_else(|| io_unread(error), |says| Unread::Skipped(Reason::TooLarge, says)),
        )
    }
}

/// An error ends what there is to read.
fn until(read: io::Result<bool>) -> (bool, Option<io::Error>) {
    read.map_or_else(|error| (true, Some(error)), |end| (end, None))
}
