//! zip (PKWARE APPNOTE 6.3): the members that its directory names, each from wherever it lies in the file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use rawzip::path::RawPath;
use rawzip::time::ZipDateTimeKind;
use rawzip::{
    CompressionMethod, Crc32, CreatorSystem, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord, ZipLocator,
};
use zeroize::Zeroizing;

use super::budget::Budget;
use super::inflate::{Broken, Decoder, Input};
use super::member::Stream;
use crate::id::Fingerprint;
use crate::time::{Time, Written};

/// Whether a file begins like a zip: with a member, with the end of an empty one, or with the mark of one in
/// parts, or that came to be in one.
pub(super) fn begins(bytes: &[u8]) -> bool {
    [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08", b"PK00PK\x03\x04"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
}

/// Whether a zip may lie behind the beginning: that of a program for Windows or Linux, or of a script
/// (self-extractors, executable jars).
pub(super) fn may_follow(bytes: &[u8]) -> bool {
    [&b"MZ"[..], b"\x7fELF", b"#!"].iter().any(|magic| bytes.starts_with(magic))
}

/// Whether a file ends like a zip: with the end of a directory that says what can be so, and whose comment
/// ends with the file. Text has none of the bytes that are looked for, so this costs little.
pub(in crate::read) fn ends(bytes: &[u8]) -> bool {
    ends_at(bytes, 0)
}

/// The longest end of a directory, with its comment.
pub(super) const END: usize = 22 + 0xffff;

/// The same of the last bytes of a file, which so many come before.
pub(super) fn ends_at(bytes: &[u8], before: u64) -> bool {
    let last = &bytes[bytes.len().saturating_sub(END)..];
    memchr::memrchr_iter(0x06, last).any(|at| {
        let Some(end) = at.checked_sub(3).and_then(|start| last.get(start..)) else { return false };
        let word = |at: usize| {
            end.get(at..at + 2).and_then(|w| w.try_into().ok()).map(u16::from_le_bytes).map(usize::from)
        };
        let long = |at: usize| {
            end.get(at..at + 4)
                .and_then(|w| w.try_into().ok())
                .map_or(u64::MAX / 4, |w| u64::from(u32::from_le_bytes(w)))
        };
        let room = before.saturating_add((bytes.len() - end.len()) as u64);
        let fits =
            long(12) + long(16) <= room || long(12) == u64::from(u32::MAX) || long(16) == u64::from(u32::MAX);
        end.starts_with(b"PK\x05\x06") && word(20).is_some_and(|comment| 22 + comment == end.len()) && fits
    })
}

/// The bytes of a zip: read in any order.
#[derive(Clone, Copy)]
pub(in crate::read) enum Bytes<'b> {
    /// In memory.
    Memory(&'b [u8]),
    /// In a file of this size.
    File(&'b File, u64),
}

impl Bytes<'_> {
    pub(super) const fn len(self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, size) => size,
        }
    }

    /// SHA-256 of all of them.
    pub(in crate::read) fn hash(self) -> io::Result<Option<Fingerprint>> {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        let mut buffer = Zeroizing::new(vec![0; 64 << 10]);
        let mut at = 0;
        loop {
            match self.read_at(&mut buffer, at)? {
                0 => break,
                got => {
                    digest.update(&buffer[..got]);
                    at += got as u64;
                }
            }
        }
        Ok(digest.finish().as_ref().try_into().ok().map(Fingerprint::from_bytes))
    }
}

impl ReaderAt for Bytes<'_> {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let count = out.len().min(rest.len());
                out[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            }
            Self::File(file, _) => file.read_at(out, offset),
        }
    }
}

/// The end of a directory stands at the end of the file, before a comment of up to 64 KiB; what else may
/// follow it is little.
const SEARCHED: u64 = 128 << 10;

/// Room for the largest record of a directory: three fields of 64 KiB and some more.
pub(super) const RECORD: usize = 256 << 10;

/// Whether the mark of a directory's end is where it can be; where that costs little to tell.
pub(super) fn may_have_end(bytes: Bytes<'_>) -> bool {
    let Bytes::Memory(bytes) = bytes else { return true };
    memchr::memmem::rfind(&bytes[bytes.len().saturating_sub(SEARCHED as usize)..], b"PK\x05\x06").is_some()
}

/// Finds the directory; `None` if there is none.
pub(super) fn open<'b>(bytes: Bytes<'b>, room: &mut [u8]) -> io::Result<Option<ZipArchive<Bytes<'b>>>> {
    match ZipLocator::new().max_search_space(SEARCHED).locate_in_reader(bytes, room, bytes.len()) {
        Ok(zip) => Ok(Some(zip)),
        Err((_, error)) => match error.into_kind() {
            rawzip::ErrorKind::IO(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(None),
        },
    }
}

/// What the directory says of a member.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) time: Option<Time>,
    pub(super) at: ZipArchiveEntryWayfinder,
    pub(super) method: CompressionMethod,
    pub(super) crc: u32,
    pub(super) size: u64,
    pub(super) encrypted: bool,
    /// Where it lies in the file.
    pub(super) offset: u64,
    /// Its size there.
    packed: u64,
    /// Whether sizes stand behind it once more.
    pub(super) descriptor: bool,
    pub(super) record: Record,
}

/// Where the directory's record of a member lies in the file, and where its parts end.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) start: u64,
    pub(super) named: u64,
    pub(super) extra: u64,
    pub(super) end: u64,
}

impl Record {
    fn new(record: &ZipFileHeaderRecord<'_>) -> Self {
        let path: rawzip::path::ZipFilePath<RawPath<'_>> = record.file_path();
        let start = record.central_directory_offset();
        // Section 4.3.12: 46 bytes before the name.
        let named = start.saturating_add(46 + path.as_bytes().len() as u64);
        let extra = named.saturating_add(record.extra_fields().remaining_bytes().len() as u64);
        Self { start, named, extra, end: extra.saturating_add(record.comment().as_bytes().len() as u64) }
    }
}

impl Entry {
    pub(super) fn new(record: &ZipFileHeaderRecord<'_>) -> Self {
        let path: rawzip::path::ZipFilePath<RawPath<'_>> = record.file_path();
        let mut name = path.as_bytes().to_vec();
        // Section 4.4.17.1 asks for slashes; some programs for Windows write what that has.
        let made_on = record.version_made_by().creator_system();
        if (made_on == CreatorSystem::FAT || made_on == CreatorSystem::NTFS) && !name.contains(&b'/') {
            name.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
        }
        let flags = record.flags();
        Self {
            name,
            time: time(&record.last_modified()),
            at: record.wayfinder(),
            method: record.compression_method(),
            crc: record.crc32(),
            size: record.uncompressed_size_hint(),
            encrypted: flags.is_encrypted()
                || flags.has_strong_encryption()
                || flags.is_masked()
                || record.compression_method() == CompressionMethod::AES,
            offset: record.local_header_offset(),
            packed: record.compressed_size_hint(),
            descriptor: flags.has_data_descriptor(),
            record: Record::new(record),
        }
    }

    /// Whether it stands for a folder. What compressors make of nothing, and what encryption puts before it,
    /// has up to 14 bytes.
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with(b"/") && self.size == 0 && self.packed <= 14
    }

    /// How many of the bytes behind it say once more what the directory does: with a mark or without, sizes
    /// of 4 or 8 bytes.
    pub(super) fn described(&self, bytes: &[u8]) -> u64 {
        let marked = bytes.starts_with(b"PK\x07\x08");
        let fits = |fields: &[u8]| {
            let short = [self.crc, self.packed as u32, self.size as u32].map(u32::to_le_bytes).concat();
            let long =
                [&self.crc.to_le_bytes()[..], &self.packed.to_le_bytes(), &self.size.to_le_bytes()].concat();
            let length = [short, long].iter().find(|says| fields.starts_with(says)).map(Vec::len);
            length.map(|length| length as u64)
        };
        match (fits(bytes), bytes.get(4..).filter(|_| marked)) {
            (_, Some(fields)) => 4 + fits(fields).unwrap_or(12),
            (found, None) => found.unwrap_or(0),
        }
    }
}

/// The latest that a time in a zip can mean: what has no zone can be anywhere, and counts in steps of two
/// seconds.
fn time(said: &ZipDateTimeKind) -> Option<Time> {
    let fields = || {
        let second = u32::from(said.second());
        Time::from_fields(
            i32::from(said.year()),
            u32::from(said.month()),
            u32::from(said.day()),
            u32::from(said.hour()),
            u32::from(said.minute()),
            second,
        )
    };
    match said {
        // A fraction of a second is rounded up.
        ZipDateTimeKind::Utc(_) => fields().map(|t| t.plus(i64::from(said.nanosecond() > 0))),
        // Many tools write the first time there is where they know none; that it is none is told of the
        // evidence.
        ZipDateTimeKind::Local(_) => Written::Local(fields()?).span().latest.map(|t| t.plus(2)),
    }
}

/// The content of one member: read to its end, it is held against what the directory says.
pub(super) struct Member<'m> {
    input: Input<'m>,
    /// None: it is not compressed.
    decoder: Option<&'m mut Decoder>,
    budget: &'m Budget,
    crc: Crc32,
    size: u64,
    said: (u32, u64),
    over: bool,
}

impl<'m> Member<'m> {
    pub(super) fn new(
        input: Input<'m>,
        decoder: Option<&'m mut Decoder>,
        entry: &Entry,
        budget: &'m Budget,
    ) -> Self {
        Self {
            input,
            decoder,
            budget,
            crc: Crc32::new(),
            size: 0,
            said: (entry.crc, entry.size),
            over: false,
        }
    }
}

impl Read for Member<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.decoder {
            Some(decoder) => decoder.read(&mut self.input, out)?,
            None => self.input.read(out)?,
        };
        self.crc.update(&out[..count]);
        self.size += count as u64;
        self.over |= count == 0 && !out.is_empty();
        self.budget.spend(count)?;
        Ok(count)
    }
}

impl Stream for Member<'_> {
    fn trouble(&mut self) -> Option<String> {
        let (crc, size) = self.said;
        match self.decoder.as_ref().and_then(|decoder| decoder.broken()) {
            Some(Broken::CutShort) => Some(format!("cut short: {} of {size} bytes are there", self.size)),
            Some(Broken::Damaged) => Some(format!("damaged behind {} of {size} bytes", self.size)),
            None if self.over && self.size != size => {
                Some(format!("{} bytes are there, and the zip says {size}", self.size))
            }
            None if self.over && self.crc.checksum() != crc => {
                Some("its checksum does not fit: what was read of it is doubtful".to_owned())
            }
            None => None,
        }
    }
}
