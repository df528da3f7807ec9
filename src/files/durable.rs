//! Single steps of durable writing: exact modes, contents that are read back, flushes.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt as _, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::access::{DIRECTORY, FILE};
use super::error::Error;
use super::flush::{flushing, let_go};

/// The bits of a mode that `chmod` sets.
pub(super) const ALL_BITS: u32 = 0o7777;

/// What the hidden name of anything unfinished begins with.
pub(crate) const UNFINISHED: &str = ".new-";

/// Makes a file that must not exist, and waits until the disk holds it; removes it again if it cannot be
/// written whole.
pub(super) fn write_file(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), Error> {
    let file = create(OpenOptions::new().write(true), path)?;
    let written = fill(&file, mode, write).map_err(|error| Error::Write { path: path.into(), error });
    let written =
        written.and_then(|()| file.sync_all().map_err(|error| Error::Sync { path: path.into(), error }));
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes a file that must not exist and reads it back through the same descriptor; whoever calls flushes many
/// at once. It is removed again if it cannot be written whole. `exact`: its mode is known to come out right.
/// Returns whether it did.
pub(super) fn write_checked(path: &Path, contents: &[u8], exact: bool) -> Result<bool, Error> {
    let mut file = create(OpenOptions::new().read(true).write(true), path)?;
    let mut right = true;
    let written = || {
        if !exact {
            right = set_mode(&file, FILE)?;
        }
        file.write_all(contents)?;
        // One byte more than there should be; the buffer is wiped, for it may hold a key.
        let mut found = Zeroizing::new(vec![0; contents.len() + 1]);
        let got = read_at_most(&file, &mut found)?;
        if found[..got] == *contents {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "other bytes came back than were written"))
        }
    };
    let written: io::Result<()> = { written }();
    if let Err(error) = written {
        let _ = fs::remove_file(path);
        return Err(Error::Write { path: path.into(), error });
    }
    Ok(right)
}

/// Reads from the beginning until the end of the file or of the buffer. All but one byte is taken for the
/// whole: the end of a file, as a rule.
fn read_at_most(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = file.read_at(buffer, 0)?;
    while got + 1 < buffer.len() {
        match file.read_at(&mut buffer[got..], got as u64)? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// Makes a file that must not exist.
pub(super) fn create(options: &mut OpenOptions, path: &Path) -> Result<File, Error> {
    match options.create_new(true).mode(FILE).open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::AlreadyThere { path: path.into() })
        }
        Err(error) => Err(Error::CreateFile { path: path.into(), error }),
    }
}

pub(super) fn fill(
    file: &File,
    mode: u32,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    set_mode(file, mode)?;
    // Not buffered here: a buffer would keep a copy of a new key in memory.
    flushing(file, let_go, |wrote| write(&mut Counted { file, wrote }))?
}

/// A file that tells how much is written to it.
struct Counted<'a> {
    file: &'a File,
    wrote: &'a mut (dyn FnMut(usize) + Send),
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        (self.wrote)(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The mode given at creation passed through the umask; this one does not. Returns whether it was right
/// before: asking costs less than setting.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<bool> {
    let right = file.metadata()?.permissions().mode() & ALL_BITS == mode;
    if !right {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(right)
}

/// Makes one directory, mode 0700 whatever the umask; `exact`: its mode is known to come out right. Returns
/// whether it did.
pub(super) fn make_directory(path: &Path, exact: bool) -> io::Result<bool> {
    make_directory_of(path, DIRECTORY, exact)
}

pub(super) fn make_directory_of(path: &Path, mode: u32, exact: bool) -> io::Result<bool> {
    // For its owner alone until it has its mode: the umask of others may be wider.
    DirBuilder::new().mode(DIRECTORY).create(path)?;
    let right = exact || fs::symlink_metadata(path)?.permissions().mode() & ALL_BITS == mode;
    if !right {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(right)
}

/// Waits until the disk holds the names in a directory.
pub(super) fn sync_directory(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    match synced {
        // Some file systems cannot flush a directory and say so; there is nothing better to do on them.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other.map_err(|error| Error::Sync { path: path.into(), error }),
    }
}

/// The directory a path lies in; `.` for a bare name.
pub(super) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
