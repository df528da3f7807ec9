//! Files on the disk: opened if they are regular ones, and read into buffers that are used again.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};

use super::walk::Source;
use crate::finding::Reason;
use crate::pki::Unread;
use crate::read::zeroizing_io;
use crate::time::Time;

/// A regular file that was opened.
pub(in crate::read) struct Opened {
    pub(in crate::read) file: File,
    pub(in crate::read) size: u64,
    pub(in crate::read) modified: Time,
}

/// When a file was last changed that cannot be opened: it tells one content of it from another.
pub(in crate::read) fn last_changed(source: &Source, path: &[u8]) -> Option<Time> {
    let meta = match source {
        Source::Path(path) => statat(CWD, path.as_os_str().as_bytes(), AtFlags::empty()),
        Source::In(folder) => statat(folder, last_part(path), AtFlags::empty()),
    };
    meta.ok().map(|meta| Time::from_unix(meta.st_mtime))
}

/// The name of a file in its folder.
pub(in crate::read) fn last_part(path: &[u8]) -> &[u8] {
    &path[memchr::memrchr(b'/', path).map_or(0, |at| at + 1)..]
}

/// Opens a regular file and nothing else.
pub(in crate::read) fn open(path: &Path) -> io::Result<Result<Opened, Unread>> {
    open_in(CWD, path.as_os_str().as_bytes())
}

/// Opens a file by its path from a folder, if it is a regular one: `NONBLOCK` makes sure that a FIFO put in
/// its place does not stop the run.
pub(in crate::read) fn open_in(folder: impl AsFd, path: &[u8]) -> io::Result<Result<Opened, Unread>> {
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
pub(in crate::read) fn fill(
    file: &mut File,
    buffer: &mut Vec<u8>,
    expected: usize,
    most: usize,
) -> io::Result<bool> {
    buffer.clear();
    // More than expected is asked for, so a first read that gives just that met the end. Files that grow, or
    // say 0 as those in /proc do, go on.
    zeroizing_io::reserve(buffer, expected.saturating_add(1));
    if (1..most).contains(&expected) {
        match rustix::io::retry_on_intr(|| rustix::io::read(&*file, spare_capacity(buffer)))? {
            got if got == expected => return Ok(true),
            0 => return Ok(true),
            _ => {}
        }
    }
    let left = most.saturating_sub(buffer.len());
    Ok(zeroizing_io::read_to_end(&mut file.take(left as u64), buffer)? < left)
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
