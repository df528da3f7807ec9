//! Opens files and standard input, and reads them into buffers that are used again.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use zeroize::{Zeroize, Zeroizing};

use super::{Content, Made, Within};
use crate::finding::{Code, Reason};
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::read::archive::{self, Archive, Bytes, Kind, Spare};
use crate::read::cache::Cache;
use crate::read::pipeline::Options;
use crate::read::walk::{Met, Source, io_unread};
use crate::read::{Found, Item, Place, RootKind, Roots, StdinBytes};
use crate::time::Time;

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
        if let Some(kind) = archive::kind(bytes) {
            let archive = self.archive(found, bytes.len() as u64, emit);
            if archive.read(kind, &mut &*bytes, Bytes::Memory(bytes)).is_one {
                return true;
            }
        }
        found.file_hash = self.options.hash_files.then(|| Fingerprint::of(bytes));
        let mut content =
            Content::with_limits(&mut self.scratch, Some(&mut self.cache), None, &self.options.limits);
        content.whole(bytes);
        found.items = content.items;
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
        if let Some(kind) = archive::kind(&self.buffer)
            && self.read_archive(kind, &file, end, opened.size, found, emit)
        {
            return true;
        }
        let mut content = Content::with_limits(&mut self.scratch, Some(&mut self.cache), None, limit);
        if let Err(error) =
            content.file(&mut file, &mut self.buffer, &mut end, self.options, &mut found.file_hash)
        {
            content.push(Item::whole_file(Err(io_unread(&error)), "file"));
        }
        if self.buffer.len() as u64 != opened.size && end {
            content.items.iter_mut().for_each(|i| i.findings.insert(Code::SourceChanged));
        }
        let Made { items, secret, .. } = content.finish();
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

impl Content<'_, '_> {
    /// Reads a file whose beginning is in the buffer, or all of it if `end`; sets `end` if all of it is there
    /// in the end.
    ///
    /// # Errors
    /// What reading gives; what was found before stays.
    pub(in crate::read) fn file(
        &mut self,
        source: &mut dyn Read,
        buffer: &mut Vec<u8>,
        end: &mut bool,
        options: &Options,
        hash: &mut Option<Fingerprint>,
    ) -> io::Result<()> {
        // Binary objects are read whole; only text can be read in windows.
        if !*end && crate::pki::declared_length(buffer).is_some_and(|length| length <= limits::OBJECT_SIZE) {
            *end = read_more(source, buffer, limits::OBJECT_SIZE + 1)?;
        }
        if *end {
            *hash = options.hash_files.then(|| Fingerprint::of(buffer));
            self.whole(buffer);
            return Ok(());
        }
        self.windows(source, buffer, options, hash)
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

/// Overwrites what was written to a buffer that is used again: its first `used` bytes, also those behind its
/// end, where decoding in place leaves text. A plain fill is as fast as memory and cannot be optimised away,
/// since the buffer lives on. Room that only a large file needed is given back.
pub(in crate::read) fn wipe(buffer: &mut Vec<u8>, used: usize) {
    buffer.fill(0);
    buffer.resize(used.clamp(buffer.len(), buffer.capacity()), 0);
    std::hint::black_box(buffer.as_slice());
    buffer.clear();
    buffer.shrink_to(KEPT);
}

/// Room that a buffer keeps after it was wiped.
pub(in crate::read) const KEPT: usize = 1 << 20;

pub(super) struct Opened {
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) modified: Time,
}

/// When a file was last changed that cannot be opened: it tells one content of it from another.
fn last_changed(source: &Source, path: &[u8]) -> Option<Time> {
    let meta = match source {
        Source::Path(path) => statat(CWD, path.as_os_str().as_bytes(), AtFlags::empty()),
        Source::In(folder) => statat(folder, last_part(path), AtFlags::empty()),
    };
    meta.ok().map(|meta| Time::from_unix(meta.st_mtime))
}

/// The name of a file in its folder.
fn last_part(path: &[u8]) -> &[u8] {
    &path[memchr::memrchr(b'/', path).map_or(0, |at| at + 1)..]
}

/// Opens a regular file and nothing else.
pub(super) fn open(path: &Path) -> io::Result<Result<Opened, Unread>> {
    open_in(CWD, path.as_os_str().as_bytes())
}

/// Opens a file by its path from a folder, if it is a regular one: `NONBLOCK` makes sure that a FIFO put in
/// its place does not stop the run.
fn open_in(folder: impl AsFd, path: &[u8]) -> io::Result<Result<Opened, Unread>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(openat(folder, path, flags, Mode::empty())?);
    let meta = fstat(&file)?;
    if !FileType::from_raw_mode(meta.st_mode).is_file() {
        return Ok(Err(Unread::Skipped(Reason::SpecialFile, String::new())));
    }
    Ok(Ok(Opened { file, size: meta.st_size.cast_unsigned(), modified: Time::from_unix(meta.st_mtime) }))
}

/// Reads up to `most` bytes into the buffer, or few more; `expected` is the size that the file is said to
/// have. `true` at the end of the file.
pub(super) fn fill(file: &mut File, buffer: &mut Vec<u8>, expected: usize, most: usize) -> io::Result<bool> {
    buffer.clear();
    // More than expected is asked for, so a first read that gives just that met the end. Files that grow, or
    // say 0 as those in /proc do, go on.
    crate::read::zeroizing_io::reserve(buffer, expected.saturating_add(1));
    if (1..most).contains(&expected) {
        match rustix::io::retry_on_intr(|| rustix::io::read(&*file, spare_capacity(buffer)))? {
            got if got == expected => return Ok(true),
            0 => return Ok(true),
            _ => {}
        }
    }
    let left = most.saturating_sub(buffer.len());
    Ok(crate::read::zeroizing_io::read_to_end(&mut file.take(left as u64), buffer)? < left)
}

/// Appends to the buffer until it holds `window` bytes. `true` at the end of the file.
pub(super) fn read_more(file: &mut dyn Read, buffer: &mut Vec<u8>, window: usize) -> io::Result<bool> {
    let want = window.saturating_sub(buffer.len());
    crate::read::zeroizing_io::reserve(buffer, want.saturating_add(1));
    let got = crate::read::zeroizing_io::read_to_end(&mut file.take(want as u64), buffer)?;
    Ok(got < want)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_another_size_than_they_said_are_read_to_their_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for size in [0usize, 1, 4095, 70_000, 200_000] {
            let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            std::fs::write(&path, &bytes).expect("it is written");
            for said in [0, 1, size / 2, size.saturating_sub(1), size, size + 1, 2 * size] {
                let mut buffer = vec![7; 10];
                let mut file = File::open(&path).expect("it is there");
                assert!(
                    fill(&mut file, &mut buffer, said, 1 << 20).expect("it reads"),
                    "{size}, said {said}"
                );
                assert!(buffer == bytes, "{size}, said {said}");
                let end =
                    fill(&mut File::open(&path).expect("it is there"), &mut buffer, said.min(1000), 1000)
                        .expect("it reads");
                assert_eq!(end, size < 1000, "{size}, said {said}");
                assert!(end || buffer.len() >= 1000 && bytes.starts_with(&buffer), "{size}, said {said}");
            }
        }
        let mut file = File::open("/proc/self/status").expect("it is there");
        let mut buffer = Vec::new();
        assert!(fill(&mut file, &mut buffer, 0, 1 << 20).expect("it reads") && buffer.starts_with(b"Name:"));
    }
}
