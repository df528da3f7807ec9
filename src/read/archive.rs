//! Archives and compressed files: zip, tar and gzip, told by their content, and archives within archives.
//!
//! Each member is read like a file of its own and handed on as a [`Found`] of its own, in the archive's
//! order, so that not all of them are in memory at once. The archive itself has one only if there is
//! something to tell of it: that it is empty or damaged, or that a limit was reached; it comes last. A tar in
//! a gzip is one archive; everything else adds a step to the way, `inner.zip!/a.pem`.
//!
//! Nothing is ever unpacked to the disk, so names of members are only names. What of a member lies in memory
//! is wiped if keys are in it.

use std::io::{self, Read};

use super::cache::Cache;
use super::content::{Made, Within};
use super::{Found, INTO, Item, Options, Place, walk};
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::{Object, Unread};
use crate::time::Time;

mod budget;
mod gaps;
pub(crate) mod gzip;
mod inflate;
mod links;
mod member;
mod tar;
mod zip;

use budget::Budget;
use links::{Links, Watched};
pub(super) use member::Spare;
use member::{Member, Way};
use tar::{Extra, Next, Tar};
pub(super) use zip::Bytes;

/// What can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gzip,
    Tar,
    Zip,
    /// Maybe a zip, behind something else.
    ZipBehind,
}

/// Tells by the first bytes whether a file is, or may be, an archive; by the last ones, if they are there,
/// whether a zip was put behind it.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes.first()? {
        0x1f if gzip::begins(bytes) => Some(Kind::Gzip),
        b'P' if zip::begins(bytes) => Some(Kind::Zip),
        _ if tar::begins(bytes) => Some(Kind::Tar),
        b'M' | b'#' | 0x7f if zip::may_follow(bytes) => Some(Kind::ZipBehind),
        _ => zip::ends(bytes).then_some(Kind::ZipBehind),
    }
}

/// The bytes of one member.
trait Stream: Read {
    /// What is wrong with it, told once it was read to its end.
    fn trouble(&mut self) -> Option<String>;
}

/// Sees the DER of every object as it is read.
type Tap<'t> = &'t mut dyn FnMut(&[u8], Option<&Object>);

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

/// An archive that is read.
struct Opening<'a, 'b> {
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

/// What was read of an archive.
pub(super) struct Opened {
    /// It is one. Otherwise nothing was found, and it is to be read like any other file.
    pub(super) is_one: bool,
    /// A private key was in it, or something that may be one.
    pub(super) secret: bool,
    /// The member that is wanted is a hard link to this one.
    pub(super) leads_to: Option<String>,
    /// Bytes that came out of it.
    pub(super) spent: u64,
}

impl Archive<'_> {
    /// Reads an archive. `stream` gives its bytes in order, `bytes` has them in any order.
    pub(super) fn read(self, kind: Kind, stream: &mut dyn Read, bytes: Bytes<'_>) -> Opened {
        let budget = Budget::new(self.size, &self.options.limits, self.within.most);
        let (watched, leads_to, depth) = (Watched::default(), None, self.within.archives + 1);
        let mut opening = Opening {
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
        let hash = if opening.archive.options.hash_files { bytes.hash() } else { Ok(None) };
        let read = hash.and_then(|hash| {
            opening.hash = hash;
            opening.open(kind, stream, bytes, &None, &mut own)
        });
        let secret = opening.secret;
        match read {
            Ok(false) => return Opened { is_one: false, secret, leads_to: None, spent: budget.spent() },
            Ok(true) => {}
            Err(error) => own.push(opening.failed(&error)),
        }
        opening.emit_own(&None, own);
        Opened { is_one: true, secret, leads_to: opening.leads_to, spent: budget.spent() }
    }
}

impl Opening<'_, '_> {
    /// Opens one archive. Its own records go to `own`. `false`: it is none.
    fn open(
        &mut self,
        kind: Kind,
        stream: &mut dyn Read,
        bytes: Bytes<'_>,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<bool> {
        match kind {
            Kind::Gzip => self.gzip(stream, way, own).map(|()| true),
            Kind::Tar => self.tar(stream, way, own).map(|()| true),
            Kind::Zip | Kind::ZipBehind => self.zip(bytes, way, own, kind),
        }
    }

    fn gzip(&mut self, stream: &mut dyn Read, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        let mut state = self.archive.spare.state();
        let read = self.gzip_with(stream, &mut state, way, own);
        self.archive.spare.put_state(state);
        read
    }

    fn gzip_with(
        &mut self,
        stream: &mut dyn Read,
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let Some((header, mut content)) = gzip::Gzip::open(stream, state, self.budget)? else {
            own.push(whole(Unread::Skipped(Reason::FormatNotRead, "gzip".to_owned())));
            return Ok(());
        };
        self.budget.member()?;
        let name = if header.name.is_empty() {
            self.without_suffix(way)
        } else {
            self.name(&header.name, way, own)?
        };
        let member = Member { way: join(way, &name), time: header.time, size: 0, gzip: Some(way) };
        self.member(&member, &mut content, own)?;
        if let Some(rest) = content.behind()? {
            let before = own.len();
            self.behind(&[], rest, 0, own)?;
            if own.len() == before {
                let detail = "what lies behind the gzip stream is none, and no text with objects; another program may read more of it";
                own.push(whole(Unread::Unreadable(Reason::BadObject, detail.to_owned())));
            }
        }
        Ok(())
    }

    /// The name of a compressed file without what says that it is compressed.
    fn without_suffix(&self, way: &Way) -> String {
        let full = way.as_deref().unwrap_or(&self.archive.place.path);
        let base = full.rsplit('/').next().unwrap_or(full);
        let cut = |suffix: &str| {
            base.len()
                .checked_sub(suffix.len())
                .filter(|at| *at > 0 && base.as_bytes()[*at..].eq_ignore_ascii_case(suffix.as_bytes()))
        };
        if let Some(at) = cut(".tgz") {
            return format!("{}.tar", &base[..at]);
        }
        cut(".gz").map_or_else(|| NAMELESS.to_owned(), |at| base[..at].to_owned())
    }

    fn tar(&mut self, stream: &mut dyn Read, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        let mut tar = Tar::new(stream);
        let (mut any, mut last, mut links) = (false, String::new(), Links::default());
        let behind = loop {
            match tar.next()? {
                Next::End if any => return Ok(()),
                Next::End => {
                    own.push(whole(Unread::Skipped(Reason::NoPkiContent, "tar without members".to_owned())));
                    return Ok(());
                }
                Next::CutShort => {
                    let behind = if any { format!(" behind {last}") } else { String::new() };
                    let detail = format!("the tar ends without its end mark{behind}: it may be cut short");
                    own.push(whole(Unread::Unreadable(Reason::BadObject, detail)));
                    return Ok(());
                }
                Next::Extra(extra) => {
                    self.extra(&extra, way, own)?;
                    continue;
                }
                Next::File(mut entry) => {
                    self.budget.member()?;
                    let name = self.tar_name(&tar, &entry.name, way, own)?;
                    let member =
                        Member { way: join(way, &name), time: entry.time, size: entry.size, gzip: None };
                    let mut content = tar.content(&mut entry, self.budget);
                    let outer = self.watch(&member.way);
                    let read = self.member(&member, &mut content, own);
                    self.watched(outer, &mut links, &entry.name, entry.size);
                    read?;
                    // Whatever was not of interest.
                    io::copy(&mut content, &mut io::sink())?;
                    last = shown(&entry.name);
                }
                Next::Special(raw, says) => {
                    self.budget.member()?;
                    let name = self.tar_name(&tar, &raw, way, own)?;
                    self.emit(
                        &join(way, &name),
                        None,
                        None,
                        vec![whole(Unread::Skipped(Reason::SpecialFile, says.to_owned()))],
                    );
                    last = shown(&raw);
                }
                Next::Link(link) => {
                    self.budget.member()?;
                    self.link(way, &link, &mut links)?;
                    last = shown(&link.name);
                }
                Next::Damaged(block) => {
                    let at = tar.last_block();
                    let detail =
                        format!("the tar is damaged at byte {at}; what lies behind it was looked at as text");
                    own.push(Item { offset: at, ..whole(Unread::Unreadable(Reason::BadObject, detail)) });
                    break block;
                }
                Next::Behind(block) => break block,
            }
            any = true;
        };
        let at = tar.last_block();
        self.behind(&behind[..], tar.rest(), at, own)
    }

    /// Bytes of a tar that belong to no member: objects in them are the archive's own.
    fn extra(&mut self, extra: &Extra, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        self.budget.member()?;
        own.extend(extra.trouble.clone().map(|unread| Item { offset: extra.at, ..whole(unread) }));
        if self.wants_own(way) { self.behind(&extra.bytes, &mut io::empty(), extra.at, own) } else { Ok(()) }
    }

    /// The name of a member of a tar. One that was in an extended header was looked at there.
    fn tar_name(&mut self, tar: &Tar<'_>, raw: &[u8], way: &Way, own: &mut Vec<Item>) -> io::Result<String> {
        if tar.is_named_by_extension() { Ok(name(raw)) } else { self.name(raw, way, own) }
    }

    /// The name of a member; a PEM block in it is looked at like what lies in the archive itself.
    fn name(&mut self, raw: &[u8], way: &Way, own: &mut Vec<Item>) -> io::Result<String> {
        if block_in(raw).is_some() && self.wants_own(way) {
            self.behind(raw, &mut io::empty(), 0, own)?;
        }
        Ok(name(raw))
    }

    /// What lies in an archive where no member is: looked at like a file of its own, from its beginning on
    /// that was read already.
    fn behind(&mut self, begin: &[u8], rest: &mut dyn Read, at: u64, own: &mut Vec<Item>) -> io::Result<()> {
        let mut buffer = self.archive.spare.buffer();
        let read = self.behind_with(&mut buffer, &mut begin.chain(rest), at, own);
        self.put_back(buffer);
        read
    }

    fn behind_with(
        &mut self,
        buffer: &mut Vec<u8>,
        rest: &mut dyn Read,
        at: u64,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let options = self.archive.options;
        let end = super::zeroizing_io::read_up_to(rest, buffer, options.limits.window)?;
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

    fn zip(&mut self, bytes: Bytes<'_>, way: &Way, own: &mut Vec<Item>, kind: Kind) -> io::Result<bool> {
        if !zip::may_have_end(bytes) {
            return Ok(false);
        }
        let mut room = vec![0; zip::RECORD];
        let Some(zip) = zip::open(bytes, &mut room)? else { return Ok(false) };
        let mut state = self.archive.spare.state();
        let read = self.zip_with(&zip, &mut room, &mut state, way, own);
        self.archive.spare.put_state(state);
        let Some(gaps) = read? else { return Ok(false) };
        if self.wants_own(way) {
            self.gaps(bytes, gaps, kind, own)?;
        }
        Ok(true)
    }

    /// Reads the members of a zip; what of it has no place in it. `None` if the directory is none.
    fn zip_with(
        &mut self,
        zip: &rawzip::ZipArchive<Bytes<'_>>,
        room: &mut [u8],
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<Option<Vec<(u64, u64)>>> {
        let (mut count, mut files, mut covered) = (0u64, 0u64, gaps::Covered::new(zip.directory_offset()));
        let mut entries = zip.entries(room);
        let wrong = loop {
            let entry = match entries.next_entry() {
                Ok(Some(record)) => zip::Entry::new(&record),
                Ok(None) => break None,
                Err(_) if count == 0 => return Ok(None),
                Err(error) => {
                    break Some(format!(
                        "the directory of the zip is damaged behind {count} members: {error}"
                    ));
                }
            };
            count += 1;
            self.budget.member()?;
            covered.record(&entry);
            let found = zip.get_entry(entry.at);
            if let Ok(found) = &found {
                covered.member(*zip.get_ref(), &entry, found.compressed_data_range())?;
            }
            if !entry.is_folder() {
                files += 1;
                self.zip_member(found, &entry, state, way, own)?;
            }
        };
        covered.end(*zip.get_ref(), zip.eocd_offset())?;
        // Without ZIP64 the number counts to 65,535, and starts anew in what old programs wrote.
        let said = zip.entries_hint();
        let wrong = wrong.or_else(|| {
            (said != count && said != count & 0xffff)
                .then(|| format!("the zip says it has {said} members, and {count} are there"))
        });
        if let Some(detail) = wrong {
            own.push(whole(Unread::Unreadable(Reason::BadObject, detail)));
        } else if files == 0 {
            own.push(whole(Unread::Skipped(Reason::NoPkiContent, "zip without members".to_owned())));
        }
        Ok(Some(covered.gaps(zip.get_ref().len())))
    }

    fn zip_member(
        &mut self,
        found: Result<rawzip::ZipEntry<'_, Bytes<'_>>, rawzip::Error>,
        entry: &zip::Entry,
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let name = self.name(&entry.name, way, own)?;
        let member = Member { way: join(way, &name), time: entry.time, size: entry.size, gzip: None };
        if !self.wants(&member.way) {
            return Ok(());
        }
        let compressed = match entry.method {
            _ if entry.encrypted => {
                self.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Locked(Reason::PassphraseNeeded, None))],
                );
                return Ok(());
            }
            rawzip::CompressionMethod::STORE => false,
            rawzip::CompressionMethod::DEFLATE => true,
            method => {
                let detail = format!("zip, compressed by method {method}");
                self.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Skipped(Reason::FormatNotRead, detail))],
                );
                return Ok(());
            }
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let detail = format!("the zip has no member where it says: {error}");
                self.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Unreadable(Reason::BadObject, detail))],
                );
                return Ok(());
            }
        };
        let mut raw = found.reader();
        state.decoder.reset();
        let input = inflate::Input::new(&mut raw, &mut state.input);
        let decoder = compressed.then_some(&mut state.decoder);
        self.member(&member, &mut zip::Member::new(input, decoder, entry, self.budget), own)
    }
}

/// A record of an archive or a member as a whole.
fn whole(unread: Unread) -> Item {
    Item::whole_file(Err(unread), "file")
}

/// What a member is called that has no name.
const NAMELESS: &str = "content";

/// The name of a member: as it is, but for `./` before it, up to the limit; bytes that are not UTF-8 as
/// `\xHH`. Of a PEM block in it nothing is shown: it may be a private key.
fn name(raw: &[u8]) -> String {
    let mut raw = raw;
    while let Some(rest) = raw.strip_prefix(b"./") {
        raw = rest;
    }
    if raw.is_empty() {
        return NAMELESS.to_owned();
    }
    let block = block_in(raw).unwrap_or(raw.len());
    if block > limits::MEMBER_NAME {
        return format!("{}...", walk::path_text(&raw[..limits::MEMBER_NAME]).0);
    }
    let before: String = walk::path_text(&raw[..block]).0.into();
    if block < raw.len() {
        format!("{before}({} bytes that look like a PEM block)", raw.len() - block)
    } else {
        before
    }
}

/// Where a PEM block begins in a name, with whatever dashes.
fn block_in(raw: &[u8]) -> Option<usize> {
    let is_dash = |byte: &u8| matches!(byte, b'-' | b'=' | b'_' | b' ' | 0x80..);
    memchr::memmem::find_iter(raw, b"BEGIN").find_map(|at| {
        let dashes = raw[..at].iter().rev().take_while(|byte| is_dash(byte)).count();
        (dashes >= 2 && raw[at + 5..].first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
            .then_some(at - dashes)
    })
}

/// A name in words.
fn shown(raw: &[u8]) -> String {
    crate::pki::show(&name(raw))
}

/// The way to a member of what lies at `way`.
fn join(way: &Way, name: &str) -> Way {
    Some(way.as_ref().map_or_else(|| name.to_owned(), |way| format!("{way}{INTO}{name}")))
}
