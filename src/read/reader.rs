//! What is met on the way to items: each file opened, read and given to the engine, with buffers that are used
//! again.

use std::fs::File;
use std::io::{self, Read};

use zeroize::{Zeroize, Zeroizing};

use super::archive::kind::{Kind, kind};
use super::archive::spare::Spare;
use super::archive::zip::Bytes;
use super::cache::Cache;
use super::content::Made;
use super::engine::{self, Archive};
use super::found::{Found, Item, io_unread};
use super::nesting::Within;
use super::options::Options;
use super::place::Place;
use super::source::file::{Opened, fill, last_changed, last_part, open, open_in};
use super::source::roots::{RootKind, Roots};
use super::source::stdin::StdinBytes;
use super::source::walk::{Met, Source};
use super::zeroizing_io::wipe;
use crate::finding::{Code, Reason};
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;

/// Reads files, one after another, on one thread. Its buffers held key material: they are wiped after every
/// file that had some.
pub(in crate::read) struct Reader<'a> {
    options: &'a Options,
    roots: &'a Roots,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    cache: Cache,
    /// For members of archives.
    spare: Spare,
}

impl<'a> Reader<'a> {
    pub(in crate::read) fn new(options: &'a Options, roots: &'a Roots) -> Self {
        Self {
            options,
            roots,
            buffer: Vec::new(),
            scratch: Vec::new(),
            cache: Cache::new(),
            spare: Spare::default(),
        }
    }

    /// Forgets everything, after a defect.
    pub(in crate::read) fn reset(&mut self) {
        *self = Self::new(self.options, self.roots);
    }

    /// Reads one file, and hands on what is in it: once, or once for each member of an archive.
    pub(in crate::read) fn read(&mut self, met: Met, emit: &mut dyn FnMut(Found)) {
        let place = Place::new(met.root, &met.path);
        let mut found = Found {
            place,
            modified: None,
            member_time: None,
            file_hash: None,
            archive_hash: None,
            items: Vec::new(),
        };
        let is_archive = match (met.outcome, met.open) {
            (Err(unread), _) => {
                found.items.push(Item::whole_file(Err(unread), "file"));
                false
            }
            (Ok(()), Some(source)) => {
                let opened = match &source {
                    Source::Path(path) => open(path),
                    Source::In(folder) => open_in(folder, last_part(&met.path)),
                };
                if opened.is_err() {
                    found.modified = last_changed(&source, &met.path);
                }
                self.read_file(opened, &mut found, emit)
            }
            (Ok(()), None) => match self.roots.list().get(met.root as usize).map(|r| &r.kind) {
                Some(RootKind::Stdin(bytes)) => self.read_stdin(bytes, &mut found, emit),
                _ => false,
            },
        };
        if is_archive {
            return;
        }
        if found.items.is_empty() {
            found
                .items
                .push(Item::whole_file(Err(Unread::Skipped(Reason::NoPkiContent, String::new())), "file"));
        }
        emit(found);
    }

    /// Whether it was an archive, whose members are handed on already.
    fn read_stdin(&mut self, bytes: &StdinBytes, found: &mut Found, emit: &mut dyn FnMut(Found)) -> bool {
        let limit = self.options.limits.file_size;
        let too_large = |detail| found_whole(Unread::Skipped(Reason::TooLarge, detail));
        let Some(bytes) = bytes.expose() else {
            let detail = format!(
                "more than {} bytes on standard input; write them to a file and name that",
                limits::STDIN
            );
            found.items = too_large(detail);
            return false;
        };
        if bytes.len() as u64 > limit {
            found.items =
                too_large(format!("{} bytes; --max-file-size raises the limit of {limit}", bytes.len()));
            return false;
        }
        if let Some(kind) = kind(bytes) {
            let archive = self.archive(found, bytes.len() as u64, emit);
            if archive.read(kind, &mut &*bytes, Bytes::Memory(bytes)).is_one {
                return true;
            }
        }
        found.file_hash = self.options.hash_files.then(|| Fingerprint::of(bytes));
        let mut content =
            engine::content(&mut self.scratch, Some(&mut self.cache), None, self.options.limits.broken);
        content.whole(bytes);
        found.items = content.finish().items;
        false
    }

    /// Whether it was an archive, whose members are handed on already.
    fn read_file(
        &mut self,
        opened: io::Result<Result<Opened, Unread>>,
        found: &mut Found,
        emit: &mut dyn FnMut(Found),
    ) -> bool {
        let trouble = match opened {
            Ok(Ok(opened)) => return self.read_opened(opened, found, emit),
            Ok(Err(unread)) => unread,
            Err(error) => io_unread(&error),
        };
        found.items = found_whole(trouble);
        false
    }

    fn read_opened(&mut self, opened: Opened, found: &mut Found, emit: &mut dyn FnMut(Found)) -> bool {
        found.modified = Some(opened.modified);
        let limit = &self.options.limits;
        if opened.size > limit.file_size {
            let detail =
                format!("{} bytes; --max-file-size raises the limit of {}", opened.size, limit.file_size);
            found.items = found_whole(Unread::Skipped(Reason::TooLarge, detail));
            return false;
        }
        let mut file = opened.file;
        let mut end = match fill(
            &mut file,
            &mut self.buffer,
            opened.size.min(limit.window as u64) as usize,
            limit.window,
        ) {
            Ok(end) => end,
            Err(error) => {
                let used = self.buffer.capacity();
                wipe(&mut self.buffer, used);
                found.items = found_whole(io_unread(&error));
                return false;
            }
        };
        if let Some(kind) = kind(&self.buffer)
            && self.read_archive(kind, &file, end, opened.size, found, emit)
        {
            return true;
        }
        let mut content = engine::content(&mut self.scratch, Some(&mut self.cache), None, limit.broken);
        if let Err(error) =
            content.file(&mut file, &mut self.buffer, &mut end, self.options, &mut found.file_hash)
        {
            content.push(Item::whole_file(Err(io_unread(&error)), "file"));
        }
        let Made { mut items, secret, .. } = content.finish();
        if self.buffer.len() as u64 != opened.size && end {
            items.iter_mut().for_each(|i| i.findings.insert(Code::SourceChanged));
        }
        found.items = items;
        // A window that grew for one block is not kept for the next file.
        if secret || self.buffer.capacity() > 2 * limit.window {
            let used = if end { self.buffer.len() } else { self.buffer.capacity() };
            wipe(&mut self.buffer, used);
        }
        false
    }

    /// Reads an archive whose beginning is in the buffer, or all of it.
    fn read_archive(
        &mut self,
        kind: Kind,
        file: &File,
        end: bool,
        size: u64,
        found: &Found,
        emit: &mut dyn FnMut(Found),
    ) -> bool {
        // Wiped whatever happens meanwhile.
        let mut buffer = Zeroizing::new(std::mem::take(&mut self.buffer));
        let bytes = if end { Bytes::Memory(&buffer) } else { Bytes::File(file, size) };
        let mut rest = file;
        let read = self.archive(found, size, emit).read(kind, &mut buffer.as_slice().chain(&mut rest), bytes);
        self.buffer = std::mem::take(&mut *buffer);
        if read.secret {
            let used = self.buffer.len();
            wipe(&mut self.buffer, used);
        }
        read.is_one
    }

    /// What reads an archive that lies where `found` does.
    fn archive<'b>(&'b mut self, found: &'b Found, size: u64, emit: &'b mut dyn FnMut(Found)) -> Archive<'b> {
        Archive {
            options: self.options,
            place: &found.place,
            modified: found.modified,
            size,
            spare: &mut self.spare,
            scratch: &mut self.scratch,
            cache: Some(&mut self.cache),
            tap: None,
            only: None,
            within: Within::default(),
            emit,
        }
    }
}

/// The only item of a file that was not read.
fn found_whole(unread: Unread) -> Vec<Item> {
    vec![Item::whole_file(Err(unread), "file")]
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.scratch.zeroize();
    }
}
