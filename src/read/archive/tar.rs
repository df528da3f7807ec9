//! tar (POSIX.1-2017 `pax`, ustar; GNU tar): the members of a stream, one behind another.
//!
//! Read strictly enough that what is no header is told, and leniently enough that real archives are read:
//! both ways to sum up a header, both kinds of long names, several archives one behind another.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::budget::Budget;
use super::member::{Stream, block_in};
use crate::finding::Reason;
use crate::limits;
use crate::pki::Unread;
use crate::time::Time;

mod block;
mod header;
mod pax;
mod sparse;

use block::{BLOCK, fill};
use header::Header;
use pax::Pax;
use sparse::Piece;

/// Whether a file begins with the header of a tar, of any kind that has a checksum.
pub(super) fn begins(bytes: &[u8]) -> bool {
    // The checksum decides, and few other files have digits where it is.
    let Some(block) = bytes.first_chunk::<BLOCK>() else { return false };
    let plausible = block.get(257..262) == Some(b"ustar")
        || block[148..156].iter().all(|b| matches!(b, b'0'..=b'7' | b' ' | 0));
    plausible && block[0] != 0 && Header::read(block).is_some()
}

/// What comes next in a tar.
pub(super) enum Next {
    /// A member with content, which is read from [`Tar::content`].
    File(Entry),
    /// A device or a FIFO: its name, and what it is.
    Special(Vec<u8>, &'static str),
    /// A link without content.
    Link(Link),
    /// Bytes that are no member's: the content of an extended header, what fills a block.
    Extra(Extra),
    /// The end, with its mark.
    End,
    /// The end without its mark.
    CutShort,
    /// Something that is no header; the block is given back.
    Damaged(Box<[u8; BLOCK]>),
    /// Something else than zeros behind the end; the block is given back.
    Behind(Box<[u8; BLOCK]>),
}

/// Bytes of a tar that may hold something although they belong to no member.
pub(super) struct Extra {
    /// Where they begin.
    pub(super) at: u64,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// What is wrong with them.
    pub(super) trouble: Option<Unread>,
}

/// A link to another member, or to what is none.
pub(super) struct Link {
    pub(super) name: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) time: Option<Time>,
    /// To the same file, and not to a name.
    pub(super) hard: bool,
}

/// A member with content.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) time: Option<Time>,
    /// Bytes of it, as far as is known.
    pub(super) size: u64,
    /// Bytes of it in the archive.
    stored: u64,
    pieces: Option<Vec<Piece>>,
    /// What is wrong with its map.
    trouble: Option<&'static str>,
}

/// A tar that is read.
pub(super) struct Tar<'s> {
    source: Source<'s>,
    /// Bytes that were read.
    at: u64,
    /// Bytes up to the next header.
    skip: u64,
    /// The end mark was met.
    ended: bool,
    /// What holds for all members that follow.
    global: Pax,
    /// What was read of the headers in front of the next member.
    before: Option<Before>,
    /// The name of the last member was in an extended header.
    named: bool,
}

/// What headers in front of a member say of it.
struct Before {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    pax: Pax,
}

impl<'s> Tar<'s> {
    pub(super) fn new(source: &'s mut dyn Read) -> Self {
        let source = Source { stream: source, ahead: Zeroizing::default() };
        Self { source, at: 0, skip: 0, ended: false, global: Pax::default(), before: None, named: false }
    }

    /// Whether the name of the last member was in an extended header, and so in a [`Next::Extra`] if there is
    /// an object in it.
    pub(super) const fn is_named_by_extension(&self) -> bool {
        self.named
    }

    /// Where the last block that was read begins.
    pub(super) const fn last_block(&self) -> u64 {
        self.at.saturating_sub(BLOCK as u64)
    }

    /// What follows what was read.
    pub(super) fn rest(&mut self) -> &mut dyn Read {
        &mut self.source
    }

    /// The next member. What is left of the last one is passed over, but for what fills its last block.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        let (filling, length) = (self.skip % BLOCK as u64, self.skip);
        self.skip = 0;
        self.at += pass(&mut self.source, length - filling)?;
        if filling > 0 {
            let at = self.at;
            let bytes = self.bytes(filling)?;
            if bytes.iter().any(|b| *b != 0) {
                return Ok(Next::Extra(Extra { at, bytes, trouble: None }));
            }
        }
        let mut before = self.before.take().unwrap_or_else(|| Before {
            name: None,
            target: None,
            pax: self.global.clone(),
        });
        loop {
            let Some(block) = self.block()? else {
                return Ok(if self.ended { Next::End } else { Next::CutShort });
            };
            if block.iter().all(|b| *b == 0) {
                self.ended = true;
                continue;
            }
            let Some(header) = Header::read(&block) else {
                return Ok(if self.ended {
                    Next::Behind(Box::new(block))
                } else {
                    Next::Damaged(Box::new(block))
                });
            };
            self.ended = false;
            if !matches!(header.kind, b'L' | b'N' | b'K' | b'x' | b'X' | b'g') {
                if let Some(next) = self.member(&block, header, before)? {
                    return Ok(next);
                }
                before = Before { name: None, target: None, pax: self.global.clone() };
                continue;
            }
            if let Some(extra) = self.extension(&header, &mut before)? {
                self.before = Some(before);
                return Ok(Next::Extra(extra));
            }
        }
    }

    /// Takes over an extended header. What its content has besides is given back, and so is a content that is
    /// damaged or too long.
    fn extension(&mut self, header: &Header, before: &mut Before) -> io::Result<Option<Extra>> {
        let at = self.at;
        let read = header.size.min(limits::TAR_EXTENSION);
        let mut bytes = self.bytes(read)?;
        let (rest, free) = match header.kind {
            b'L' | b'N' | b'K' => {
                let (name, rest) = bytes.split_at(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
                let field = if header.kind == b'K' { &mut before.target } else { &mut before.name };
                *field = Some(name.to_vec());
                (rest.iter().any(|b| *b != 0), block_in(&bytes).is_some())
            }
            kind => {
                if kind == b'g' {
                    self.global.read(&bytes);
                }
                let pax::Read { rest, free } = before.pax.read(&bytes);
                (rest.iter().any(|b| *b != 0), free || block_in(&bytes).is_some())
            }
        };
        let behind = if header.size > read {
            self.at += pass(&mut self.source, padded(header.size) - read)?;
            true
        } else {
            let filling = self.bytes(padded(header.size) - header.size)?;
            let behind = filling.iter().any(|b| *b != 0);
            if behind {
                bytes.extend_from_slice(&filling);
            }
            behind
        };
        let trouble = if header.size > read {
            Some(Unread::Skipped(
                Reason::TooLarge,
                format!(
                    "an extended header of the tar has {} bytes, of which {read} were looked at",
                    header.size
                ),
            ))
        } else if rest {
            let detail = format!(
                "an extended header of the tar is damaged behind byte {at}; it was looked at as text"
            );
            Some(Unread::Unreadable(Reason::BadObject, detail))
        } else {
            None
        };
        Ok((trouble.is_some() || free || behind).then_some(Extra { at, bytes, trouble }))
    }

    /// What one header says, with what stood before it; `None` for folders and labels.
    fn member(
        &mut self,
        block: &[u8; BLOCK],
        header: Header,
        Before { name, target, pax }: Before,
    ) -> io::Result<Option<Next>> {
        let stored = match (header.kind, pax.size.unwrap_or(header.size)) {
            // Whatever they say of a size, no content follows them.
            (b'2'..=b'6', _) => 0,
            (b'1', size) if size > 0 && self.header_follows()? => 0,
            (_, size) => size,
        };
        let name = pax.sparse.name.clone().or_else(|| pax.path.clone()).or(name);
        self.named = name.is_some();
        let name = name.unwrap_or(header.name);
        let target = pax.link.clone().or(target).unwrap_or(header.target);
        let time = pax.time.or(header.time);
        match header.kind {
            b'1' if stored == 0 => return Ok(Some(Next::Link(Link { name, target, time, hard: true }))),
            b'2' => return Ok(Some(Next::Link(Link { name, target, time, hard: false }))),
            b'3' | b'4' => return Ok(Some(Next::Special(name, "a device"))),
            b'6' => return Ok(Some(Next::Special(name, "a FIFO"))),
            // Folders, and the label of a volume. GNU tar lists names in 'D', which are looked at like any
            // text.
            b'5' | b'D' | b'V' if stored == 0 => return Ok(None),
            // Up to version 7 a folder is told by its name.
            b'0' | 0 if stored == 0 && name.ends_with(b"/") => return Ok(None),
            _ => {}
        }
        let mut entry = Entry { name, time, size: stored, stored, pieces: None, trouble: None };
        self.skip = padded(stored);
        self.sparse(block, header.kind, &pax, &mut entry)?;
        Ok(Some(Next::File(entry)))
    }

    /// Finds out where the content of a sparse file belongs.
    fn sparse(&mut self, block: &[u8; BLOCK], kind: u8, pax: &Pax, entry: &mut Entry) -> io::Result<()> {
        let (pieces, size) = if kind == b'S' {
            let (mut pieces, mut more) = sparse::old(&block[386..482], block[482]);
            while more && pieces.len() < limits::SPARSE_PIECES {
                let Some(block) = self.block()? else { break };
                let (further, again) = sparse::old(&block[..504], block[504]);
                pieces.extend(further);
                more = again;
            }
            (pieces, header::number(&block[483..495]).unwrap_or(0))
        } else if pax.sparse.in_content {
            let sparse::InContent { pieces, bytes } = sparse::in_content(&mut self.source, entry.stored)?;
            let Some(pieces) = pieces else {
                self.source.put_back(&bytes);
                entry.trouble = Some(NO_MAP);
                return Ok(());
            };
            let read = bytes.len() as u64;
            self.at += read;
            self.skip = self.skip.saturating_sub(read);
            entry.stored = entry.stored.saturating_sub(read);
            (pieces, pax.sparse.size.unwrap_or(0))
        } else if !pax.sparse.pieces.is_empty() {
            (pax.sparse.pieces.clone(), pax.sparse.size.unwrap_or(0))
        } else {
            return Ok(());
        };
        // Otherwise as it lies there, without its holes.
        entry.size = entry.stored;
        if !sparse::is_consistent(&pieces, size, entry.stored) {
            entry.trouble = Some(NO_MAP);
        } else if sparse::is_usable(&pieces, size, entry.stored) {
            (entry.size, entry.pieces) = (size, Some(pieces));
        }
        Ok(())
    }

    /// The content of the member that was met last.
    pub(super) fn content<'c>(&'c mut self, entry: &mut Entry, budget: &'c Budget) -> Content<'c> {
        let stored = entry.stored;
        self.skip = self.skip.saturating_sub(stored);
        self.at = self.at.saturating_add(stored);
        let pieces = entry.pieces.take().map(|pieces| sparse::Layout::new(pieces, entry.size));
        Content {
            source: &mut self.source,
            budget,
            left: stored,
            stored,
            short: false,
            pieces,
            map: entry.trouble.take(),
        }
    }

    /// Whether a header, the end mark or the end comes next: hard links have content in some archives of
    /// `pax`, and only say so in others.
    fn header_follows(&mut self) -> io::Result<bool> {
        let mut block = Zeroizing::new([0; BLOCK]);
        let got = fill(&mut self.source, &mut block[..])?;
        self.source.put_back(&block[..got]);
        Ok(got == 0 || block.iter().all(|b| *b == 0) || Header::read(&block).is_some())
    }

    /// One block; `None` if there is none. The last one may be cut short, and is filled with zeros.
    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        if fill(&mut self.source, &mut block)? == 0 {
            return Ok(None);
        }
        self.at += BLOCK as u64;
        Ok(Some(block))
    }

    /// So many bytes, or as many as there are.
    fn bytes(&mut self, count: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(Vec::new());
        Read::take(&mut self.source, count).read_to_end(&mut out)?;
        self.at += out.len() as u64;
        Ok(out)
    }
}

/// The bytes of a tar, with those that were looked at ahead.
struct Source<'s> {
    stream: &'s mut dyn Read,
    ahead: Zeroizing<Vec<u8>>,
}

impl Source<'_> {
    /// They come once more.
    fn put_back(&mut self, bytes: &[u8]) {
        self.ahead.splice(..0, bytes.iter().copied());
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            return self.stream.read(out);
        }
        let count = out.len().min(self.ahead.len());
        out[..count].copy_from_slice(&self.ahead[..count]);
        self.ahead.drain(..count);
        Ok(count)
    }
}

/// The content of one member.
pub(super) struct Content<'c> {
    source: &'c mut dyn Read,
    budget: &'c Budget,
    left: u64,
    stored: u64,
    short: bool,
    pieces: Option<sparse::Layout>,
    /// What is wrong with the map of a sparse file.
    map: Option<&'static str>,
}

const NO_MAP: &str = "the map of the sparse file is missing or damaged: its content was read as it is stored";

impl Content<'_> {
    fn stored(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 || self.short {
            return Ok(0);
        }
        let got = self.source.read(&mut out[..most])?;
        self.left -= got as u64;
        self.short = got == 0;
        Ok(got)
    }
}

impl Read for Content<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(layout) = &mut self.pieces else { return self.stored(out) };
        let (hole, length) = layout.next(out.len());
        if length == 0 {
            return Ok(0);
        }
        let got = if hole {
            // A small archive can have large holes.
            self.budget.spend(length)?;
            out[..length].fill(0);
            length
        } else {
            self.stored(&mut out[..length])?
        };
        if let Some(layout) = &mut self.pieces {
            layout.pass(got);
        }
        Ok(got)
    }
}

impl Stream for Content<'_> {
    fn trouble(&mut self) -> Option<String> {
        if std::mem::take(&mut self.short) {
            return Some(format!(
                "cut short: {} of {} bytes are there",
                self.stored - self.left,
                self.stored
            ));
        }
        self.map.take().map(str::to_owned)
    }
}

/// With what fills its last block.
const fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64)
}

/// Passes over so many bytes; how many there were.
fn pass(source: &mut dyn Read, count: u64) -> io::Result<u64> {
    io::copy(&mut source.take(count), &mut io::sink())
}
