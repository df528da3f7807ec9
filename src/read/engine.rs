//! Bytes to items, archives included: what is in an archive is looked at like files, and what comes out of a
//! wrapping in a file may be an archive. **Here alone one knows of the other**: [`Archive`] reads the members of an
//! archive with [`Content`], and gives it a way back, [`unpack`], for the archives in text.
//!
//! Each member is read like a file of its own and handed on as a [`Found`] of its own, in the archive's
//! order, so that not all of them are in memory at once. The archive itself has one only if there is
//! something to tell of it: that it is empty or damaged, or that a limit was reached; it comes last. A tar in
//! a gzip is one archive; everything else adds a step to the way, `inner.zip!/a.pem`.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::archive::budget::Budget;
use super::archive::kind::{Kind, kind};
use super::archive::member::{Member, Stream, Way, is_within, whole};
use super::archive::opening::Opening;
use super::archive::spare::Spare;
use super::archive::tail::Tail;
use super::archive::visit::Visit;
use super::archive::watched::Watched;
use super::archive::zip::{self, Bytes};
use super::cache::Cache;
use super::content::{Allowance, Content, InText, Lent, Made};
use super::found::{Found, Item, Tap, io_unread};
use super::nesting::{Unpacked, Within};
use super::options::Options;
use super::place::Place;
use super::zeroizing_io::{KEPT, read_up_to, reserve, wipe};
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::time::Time;

/// What makes items of the bytes of one file, which may have so many records that are no objects.
pub(super) fn content<'c, 't>(
    scratch: &'c mut Vec<u8>,
    cache: Option<&'c mut Cache>,
    tap: Option<Tap<'t>>,
    broken: u64,
) -> Content<'c, 't> {
    Content::new(Lent { scratch, cache, tap, unpack }, Allowance::of_file(broken))
}

/// Reads an archive that came out of a wrapping.
fn unpack(kind: Kind, bytes: &[u8], text: InText<'_>, emit: &mut dyn FnMut(Found)) -> Unpacked {
    let InText { options, place, spare, scratch, cache, tap, within } = text;
    let archive = Archive {
        options,
        place,
        modified: None,
        size: bytes.len() as u64,
        spare,
        scratch,
        cache,
        tap: tap.map(|tap| tap as _),
        only: None,
        within,
        emit,
    };
    archive.read(kind, &mut &*bytes, Bytes::Memory(bytes))
}

/// One file that is an archive.
pub(super) struct Archive<'a> {
    pub(super) options: &'a Options,
    pub(super) place: &'a Place,
    pub(super) modified: Option<Time>,
    /// Its bytes, as far as they are known.
    pub(super) size: u64,
    /// Buffers to use again.
    pub(super) spare: &'a mut Spare,
    pub(super) scratch: &'a mut Vec<u8>,
    pub(super) cache: Option<&'a mut Cache>,
    /// Sees every object, if asked to.
    pub(super) tap: Option<Tap<'a>>,
    /// Only this member is wanted.
    pub(super) only: Option<&'a str>,
    /// What it lies in.
    pub(super) within: Within,
    /// Takes what is found.
    pub(super) emit: &'a mut dyn FnMut(Found),
}

/// A file that is an archive, with all archives in it: each member is looked at like a file of its own, and opened
/// if it is an archive. This is the one place where reading an archive and reading a file meet.
struct Engine<'a, 'b> {
    archive: Archive<'a>,
    budget: &'b Budget,
    depth: u32,
    /// SHA-256 of all its bytes, if asked for.
    hash: Option<Fingerprint>,
    /// Whether there was a private key in it.
    secret: bool,
    /// Whether the buffer in use held more than one window of a member.
    windows: bool,
    /// What is found in the member of a tar that is being read.
    watched: Watched,
    /// The member that is wanted is a hard link to this one.
    leads_to: Way,
}

impl Archive<'_> {
    /// Reads an archive. `stream` gives its bytes in order, `bytes` has them in any order.
    pub(super) fn read(self, kind: Kind, stream: &mut dyn Read, bytes: Bytes<'_>) -> Unpacked {
        let budget = Budget::new(self.size, &self.options.limits, self.within.most);
        let (watched, leads_to, depth) = (Watched::default(), None, self.within.archives + 1);
        let mut engine = Engine {
            archive: self,
            budget: &budget,
            depth,
            hash: None,
            secret: false,
            windows: false,
            watched,
            leads_to,
        };
        let mut own = Vec::new();
        // Before its members, which carry it.
        let hash = if engine.archive.options.hash_files { bytes.hash() } else { Ok(None) };
        let read = hash.and_then(|hash| {
            engine.hash = hash;
            engine.open(kind, stream, bytes, &None, &mut own)
        });
        let secret = engine.secret;
        match read {
            Ok(false) => return Unpacked { is_one: false, secret, leads_to: None, spent: budget.spent() },
            Ok(true) => {}
            Err(error) => own.push(engine.failed(&error)),
        }
        engine.emit_own(&None, own);
        Unpacked { is_one: true, secret, leads_to: engine.leads_to, spent: budget.spent() }
    }
}

/// Bytes that tell what a member is.
const PEEK: usize = 64 << 10;

/// What is said of a zip that was put behind something else, and was looked at as text.
const NOT_OPENED: &str =
    "a zip lies at its end and was not opened; unpack this one into a private folder and scan that";

impl Visit for Engine<'_, '_> {
    /// Reads a member and hands on what is in it. Records of the archive that it lies in go to `own`.
    fn member(
        &mut self,
        member: &Member<'_>,
        source: &mut dyn Stream,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        if member.gzip.is_none() && !is_within(self.archive.only, &member.way) {
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

    /// What lies in an archive where no member is: looked at like a file of its own, from its beginning on
    /// that was read already.
    fn behind(&mut self, begin: &[u8], rest: &mut dyn Read, at: u64, own: &mut Vec<Item>) -> io::Result<()> {
        let mut buffer = self.archive.spare.buffer();
        let read = self.behind_with(&mut buffer, &mut begin.chain(rest), at, own);
        self.put_back(buffer);
        read
    }

    fn before(&mut self, file: &mut dyn Read, own: &mut Vec<Item>) -> io::Result<()> {
        let mut buffer = Zeroizing::new(self.archive.spare.buffer());
        let read = read_up_to(file, &mut buffer, usize::MAX);
        let mut content = self.content();
        if read.is_ok() {
            content.whole(&buffer);
        }
        let found = content.finish();
        own.extend(self.counted(found));
        self.put_back(std::mem::take(&mut *buffer));
        read.map(|_| ())
    }

    /// Hands on what was found in a member.
    fn emit(&mut self, way: &Way, time: Option<Time>, hash: Option<Fingerprint>, mut items: Vec<Item>) {
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

    fn leads_to(&mut self, target: Way) {
        self.leads_to = target;
    }

    fn watched(&mut self) -> &mut Watched {
        &mut self.watched
    }

    fn spare(&mut self) -> &mut Spare {
        self.archive.spare
    }
}

impl Engine<'_, '_> {
    /// Opens one archive. Its own records go to `own`. `false`: it is none.
    fn open(
        &mut self,
        kind: Kind,
        stream: &mut dyn Read,
        bytes: Bytes<'_>,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<bool> {
        let (budget, only, path) = (self.budget, self.archive.only, &*self.archive.place.path);
        let window = self.archive.options.limits.window;
        Opening { visit: self, budget, only, path, window }.open(kind, stream, bytes, way, own)
    }

    /// What makes items of bytes.
    fn content(&mut self) -> Content<'_, '_> {
        let archive = &mut self.archive;
        let lent = Lent {
            scratch: archive.scratch,
            cache: archive.cache.as_deref_mut(),
            tap: archive.tap.as_mut().map(|tap| &mut **tap as _),
            unpack,
        };
        let within = Within { archives: self.depth, most: self.budget.left(), ..archive.within };
        Content::new(lent, Allowance::in_archive(self.budget.broken(), within))
    }

    fn behind_with(
        &mut self,
        buffer: &mut Vec<u8>,
        rest: &mut dyn Read,
        at: u64,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let options = self.archive.options;
        let end = read_up_to(rest, buffer, options.limits.window)?;
        let mut content = self.content();
        let read = content.behind(rest, buffer, end, at, options);
        let found = content.finish();
        own.extend(self.counted(found));
        self.windows |= !end;
        read
    }

    /// Counts what was found in one piece of the archive against its limits, and whether a private key was
    /// there.
    fn counted(&mut self, made: Made) -> Vec<Item> {
        self.budget.count_broken(&made.items);
        self.budget.take(made.unpacked);
        self.secret |= made.secret;
        made.items
    }

    /// Gives back a buffer: wiped, if there was a key since it was taken.
    fn put_back(&mut self, mut buffer: Vec<u8>) {
        if self.secret || buffer.capacity() > KEPT {
            // What is read in windows leaves something behind the end of the last one.
            let used = if std::mem::take(&mut self.windows) { buffer.capacity() } else { buffer.len() };
            wipe(&mut buffer, used);
        }
        self.archive.spare.put_buffer(buffer);
    }

    fn member_with(
        &mut self,
        member: &Member<'_>,
        source: &mut dyn Stream,
        buffer: &mut Vec<u8>,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let expected = usize::try_from(member.size).unwrap_or(PEEK).min(PEEK);
        reserve(buffer, expected + 1);
        let (mut end, mut failed) = until(read_up_to(source, buffer, PEEK));
        if failed.is_none()
            && let Some(kind) = kind(buffer)
            && self.nested(kind, member, source, buffer, &mut end, own)?
        {
            return Ok(());
        }
        if !is_within(self.archive.only, &member.way) {
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
            let mut tail = Tail::new(source, buffer.len() as u64);
            let whole_zip = end && too_deep && zip::ends(buffer);
            failed = content.file(&mut tail, buffer, &mut end, options, &mut hash).err();
            windows = !end;
            if whole_zip || tail.ends_like_zip() {
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

    /// Hands on the records of an archive itself, if it has any.
    fn emit_own(&mut self, way: &Way, mut own: Vec<Item>) {
        if !own.is_empty() {
            let places = own.iter_mut().filter(|item| item.member.is_none());
            places.zip(0..).for_each(|(item, index)| item.index = index);
            self.emit(way, None, None, own);
        }
    }

    /// The record of what ended the reading of the whole archive.
    fn failed(&self, error: &io::Error) -> Item {
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
