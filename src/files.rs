//! The one door to the disk for writing: private modes whatever the umask, nothing overwritten, nothing half
//! written.
//!
//! A file is made whole under a hidden name, flushed, and only then given its own name, so that a run killed
//! at any moment leaves either the whole thing or nothing that counts. [`Batch`] does this for thousands of
//! small directories at the price of a few flushes.

mod batch;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt as _, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::mpsc::sync_channel;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use batch::{Batch, Staged};

/// Who may read and write what is made here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The owner and the group of the directory. What is made in such a directory gets its group.
    Group,
    /// The owner alone.
    #[default]
    Owner,
}

impl Access {
    /// Its name in records and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Owner => "owner",
        }
    }

    /// The mode of directories.
    #[must_use]
    pub const fn directory(self) -> u32 {
        match self {
            Self::Group => 0o2770,
            Self::Owner => DIRECTORY,
        }
    }

    /// The mode of files.
    #[must_use]
    pub const fn file(self) -> u32 {
        match self {
            Self::Group => 0o660,
            Self::Owner => FILE,
        }
    }
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = [Self::Owner, Self::Group].into_iter().find(|access| access.as_str() == text);
        named.ok_or_else(|| format!("{text:?} is not a mode of a case; write owner or group"))
    }
}

/// Mode of directories for their owner alone.
const DIRECTORY: u32 = 0o700;
/// Mode of files for their owner alone.
const FILE: u32 = 0o600;
/// The bits of a mode that `chmod` sets.
const ALL_BITS: u32 = 0o7777;
/// What the hidden name of anything unfinished begins with.
pub(crate) const UNFINISHED: &str = ".new-";

/// What could not be done to the disk, where, and why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Something of this name is already there, and nothing is ever overwritten.
    AlreadyThere {
        /// What is there.
        path: PathBuf,
    },
    /// A directory could not be made.
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A file could not be made.
    CreateFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A directory inside the case is a symbolic link: what is written through it would lie elsewhere.
    Linked {
        /// The link.
        path: PathBuf,
    },
    /// A directory could not be listed.
    List {
        /// The directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The path has no file name that could be written to.
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The operating system gave no random bytes for a hidden name.
    NoRandom,
    /// Leftovers of a dead run could not be removed.
    Remove {
        /// What is left over.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// What was written whole could not be given its name.
    Rename {
        /// The name it should have.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The disk did not confirm that it holds what was written.
    Sync {
        /// What was written.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The contents could not be written.
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyThere { path } => write!(f, "{path:?} already exists and is not overwritten"),
            Self::CreateDirectory { path, .. } => write!(f, "cannot make the directory {path:?}"),
            Self::CreateFile { path, .. } => write!(f, "cannot make the file {path:?}"),
            Self::Linked { path } => {
                write!(
                    f,
                    "{path:?} is a symbolic link, and keys are neither written nor read through one; put the directory itself in its place"
                )
            }
            Self::List { path, .. } => write!(f, "cannot list the directory {path:?}"),
            Self::NoName { path } => write!(f, "{path:?} does not name a file"),
            Self::NoRandom => f.write_str("the operating system gave no random bytes"),
            Self::Remove { path, .. } => write!(f, "cannot remove {path:?}, left over from an earlier run"),
            Self::Rename { path, .. } => write!(f, "cannot put {path:?} in its place"),
            Self::Sync { path, .. } => write!(f, "the disk does not confirm that {path:?} is written"),
            Self::Write { path, .. } => write!(f, "cannot write {path:?}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::AlreadyThere { .. } | Self::Linked { .. } | Self::NoName { .. } | Self::NoRandom => None,
            Self::CreateDirectory { error, .. }
            | Self::CreateFile { error, .. }
            | Self::List { error, .. }
            | Self::Remove { error, .. }
            | Self::Rename { error, .. }
            | Self::Sync { error, .. }
            | Self::Write { error, .. } => Some(error),
        }
    }
}

/// Makes a directory with mode 0700 and, where they are missing, its parents with the same mode. Returns
/// whether it was made now; one that was there before is left as it is.
///
/// # Errors
/// [`Error::CreateDirectory`], also when a file of that name is in the way.
pub fn create_private_dir(path: &Path) -> Result<bool, Error> {
    create_dir(path, Access::Owner)
}

/// Like [`create_private_dir`], for those who have access.
///
/// # Errors
/// [`Error::CreateDirectory`].
pub fn create_dir(path: &Path, access: Access) -> Result<bool, Error> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(false);
    }
    let parent = parent_of(path);
    create_dir(parent, access)?;
    match make_directory_of(path, access.directory(), false) {
        Ok(_) => {}
        // Someone else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(false),
        Err(error) => return Err(Error::CreateDirectory { path: path.into(), error }),
    }
    sync_directory(parent)?;
    Ok(true)
}

/// Like [`create_private_dir`], for a directory that has to lie where its name says.
///
/// # Errors
/// [`Error::Linked`], [`Error::CreateDirectory`].
pub fn create_own_dir(path: &Path) -> Result<bool, Error> {
    not_linked(path)?;
    create_private_dir(path)
}

/// Makes sure that a path is no symbolic link; one that is not there is none.
///
/// # Errors
/// [`Error::Linked`].
pub fn not_linked(path: &Path) -> Result<(), Error> {
    let linked = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    if linked { Err(Error::Linked { path: path.into() }) } else { Ok(()) }
}

/// Opens a regular file and nothing else for reading: no link is followed, and a FIFO put in its place does
/// not stop the run.
///
/// # Errors
/// What the system refuses; [`io::ErrorKind::InvalidInput`] for anything but a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags =
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NOFOLLOW).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

/// Writes a file that must not exist yet, mode 0600, and waits until the disk holds it. **What fails after
/// the file was made leaves no file.**
///
/// # Errors
/// [`Error::AlreadyThere`], or whatever kept it from being written.
pub fn write_new(path: &Path, contents: &[u8]) -> Result<(), Error> {
    write_new_for(Access::Owner, path, contents)
}

/// Like [`write_new`], for those who have access.
///
/// # Errors
/// Those of [`write_new`].
pub fn write_new_for(access: Access, path: &Path, contents: &[u8]) -> Result<(), Error> {
    if path.file_name().is_none() {
        return Err(Error::NoName { path: path.into() });
    }
    write_file(path, access.file(), |out| out.write_all(contents))?;
    sync_directory(parent_of(path))
}

/// Writes a file, mode 0600, in the place of an older one if there is one: until the new one is whole on the
/// disk the old one stays.
///
/// # Errors
/// Whatever kept it from being written; the old file is then still there.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), Error> {
    replace_for(Access::Owner, path, contents)
}

/// Like [`replace`], for those who have access.
///
/// # Errors
/// Those of [`replace`].
pub fn replace_for(access: Access, path: &Path, contents: &[u8]) -> Result<(), Error> {
    replace_file(path, access.file(), |out| out.write_all(contents))
}

/// Like [`replace_for`], with contents that are written as a stream and never lie in memory whole.
///
/// # Errors
/// Whatever kept it from being written; the old file is then still there.
pub fn replace_with(
    access: Access,
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), Error> {
    replace_file(path, access.file(), |out| {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        write(&mut out)?;
        out.flush()
    })
}

/// Gives `work` a word to say how many octets it wrote to the file, and has the disk take them while it goes
/// on, so that the flush at its end has little left to do. `flushed` is told each time.
///
/// # Errors
/// The disk did not take them. The system tells that once, so the flush at the end may not.
pub(crate) fn flushing<T>(
    file: &File,
    flushed: fn(&File),
    work: impl FnOnce(&mut (dyn FnMut(usize) + Send)) -> T,
) -> io::Result<T> {
    std::thread::scope(|scope| {
        let (mut since, mut flusher) = (0, None);
        let mut wrote = |octets| {
            since += octets;
            if since < FLUSHED {
                return;
            }
            since = 0;
            let (tick, _) = flusher.get_or_insert_with(|| {
                let (tick, ticks) = sync_channel(1);
                (
                    tick,
                    scope.spawn(move || {
                        ticks.into_iter().try_for_each(|()| file.sync_data().map(|()| flushed(file)))
                    }),
                )
            });
            // Where it is busy still, or failed, the next one or the end tells.
            let _ = tick.try_send(());
        };
        let done = work(&mut wrote);
        if let Some((tick, flusher)) = flusher {
            drop(tick);
            flusher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(done)
    })
}

/// Lets go of what the disk holds beyond the part of a file that is likely to be read again: memory that a
/// very large file would fill is better used by others. It is advice, so nothing is lost where the system
/// does not take it.
fn let_go(file: &File) {
    #[cfg(target_os = "linux")]
    if file.metadata().is_ok_and(|meta| meta.len() > KEPT) {
        let _ = rustix::fs::fadvise(file, KEPT, None, rustix::fs::Advice::DontNeed);
    }
}

/// So many octets of a file may stay in memory; few in tests, so that they see it.
#[cfg(target_os = "linux")]
const KEPT: u64 = if cfg!(test) { 8 << 20 } else { 256 << 20 };

/// So many octets are flushed at a time.
const FLUSHED: usize = 16 << 20;

fn replace_file(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), Error> {
    let Some(name) = path.file_name() else { return Err(Error::NoName { path: path.into() }) };
    let mut hidden = OsString::from(UNFINISHED);
    hidden.push(name);
    let unfinished = path.with_file_name(hidden);
    match fs::remove_file(&unfinished) {
        // On a read-only disk nothing is there that could be left over; that it cannot be written is what
        // matters.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            return Err(Error::Write { path: path.into(), error });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::Remove { path: unfinished, error });
        }
        _ => {}
    }
    write_file(&unfinished, mode, write)?;
    if let Err(error) = fs::rename(&unfinished, path) {
        // The old file stays; what could not take its place goes.
        let _ = fs::remove_file(&unfinished);
        return Err(Error::Rename { path: path.into(), error });
    }
    sync_directory(parent_of(path))
}

/// Lets two directories change places, in one step where the system can; a missing `there` is simply named.
/// Nothing is lost if the run is killed: where it takes several steps, the names in between end in `-old`.
///
/// # Errors
/// [`Error::Rename`], [`Error::Sync`].
pub fn exchange(here: &Path, there: &Path) -> Result<(), Error> {
    let failed = |error| Error::Rename { path: there.into(), error };
    if fs::symlink_metadata(there).is_err() {
        fs::rename(here, there).map_err(failed)?;
    } else if !swapped(here, there).map_err(failed)? {
        let mut aside = here.as_os_str().to_owned();
        aside.push("-old");
        fs::rename(there, &aside)
            .and_then(|()| fs::rename(here, there))
            .and_then(|()| fs::rename(&aside, here))
            .map_err(failed)?;
    }
    sync_directory(parent_of(there))
}

/// Changes both names at once; `false` where the system or the file system cannot.
#[cfg(target_os = "linux")]
fn swapped(here: &Path, there: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, here, CWD, there, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        other => other.map(|()| true).map_err(io::Error::from),
    }
}

#[cfg(not(target_os = "linux"))]
fn swapped(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Makes a file that must not exist, and waits until the disk holds it; removes it again if it cannot be
/// written whole.
fn write_file(
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
fn write_checked(path: &Path, contents: &[u8], exact: bool) -> Result<bool, Error> {
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
fn create(options: &mut OpenOptions, path: &Path) -> Result<File, Error> {
    match options.create_new(true).mode(FILE).open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::AlreadyThere { path: path.into() })
        }
        Err(error) => Err(Error::CreateFile { path: path.into(), error }),
    }
}

fn fill(
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
fn set_mode(file: &File, mode: u32) -> io::Result<bool> {
    let right = file.metadata()?.permissions().mode() & ALL_BITS == mode;
    if !right {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(right)
}

/// Gives what is there the mode for those who have access; links are left alone. A file of another user is
/// written anew, for only its owner may change its mode.
///
/// # Errors
/// Whatever kept it from being changed.
pub fn set_access(path: &Path, access: Access) -> Result<(), Error> {
    let failed = |error| Error::Write { path: path.into(), error };
    let meta = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta.map_err(failed)?,
    };
    let mode = if meta.is_dir() { access.directory() } else { access.file() };
    if meta.is_symlink() || meta.permissions().mode() & ALL_BITS == mode {
        return Ok(());
    }
    match fs::set_permissions(path, Permissions::from_mode(mode)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && meta.is_file() => {
            replace_for(access, path, &fs::read(path).map_err(failed)?)
        }
        changed => changed.map_err(failed),
    }
}

/// Makes one directory, mode 0700 whatever the umask; `exact`: its mode is known to come out right. Returns
/// whether it did.
fn make_directory(path: &Path, exact: bool) -> io::Result<bool> {
    make_directory_of(path, DIRECTORY, exact)
}

fn make_directory_of(path: &Path, mode: u32, exact: bool) -> io::Result<bool> {
    // For its owner alone until it has its mode: the umask of others may be wider.
    DirBuilder::new().mode(DIRECTORY).create(path)?;
    let right = exact || fs::symlink_metadata(path)?.permissions().mode() & ALL_BITS == mode;
    if !right {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(right)
}

/// Waits until the disk holds the names in a directory.
fn sync_directory(path: &Path) -> Result<(), Error> {
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
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_flushed_on_the_way_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let piece: Vec<u8> = (0..=250).cycle().take(1 << 20).collect();
        let write = |out: &mut (dyn Write + Send)| (0..50).try_for_each(|_| out.write_all(&piece));
        replace_with(Access::Owner, &path, write).unwrap();
        assert!(fs::read(&path).unwrap().chunks(piece.len()).eq(std::iter::repeat_n(&piece[..], 50)));
    }

    #[test]
    fn access_is_given_whatever_the_mode_was_and_never_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, directory, link) =
            (folder.path().join("file"), folder.path().join("directory"), folder.path().join("link"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & ALL_BITS;
        write_new_for(Access::Group, &file, b"x").unwrap();
        create_dir(&directory, Access::Group).unwrap();
        assert_eq!((mode(&file), mode(&directory)), (0o660, 0o2770));
        for access in [Access::Owner, Access::Group] {
            [&file, &directory].iter().for_each(|path| set_access(path, access).unwrap());
            assert_eq!((mode(&file), mode(&directory)), (access.file(), access.directory()));
        }
        std::os::unix::fs::symlink(&file, &link).unwrap();
        set_access(&link, Access::Owner).unwrap();
        assert_eq!(mode(&file), 0o660, "the link is left alone");
        set_access(&folder.path().join("nothing"), Access::Owner).unwrap();
        assert_eq!(
            ["owner", "group", "all"].map(|name| name.parse().ok()),
            [Some(Access::Owner), Some(Access::Group), None]
        );
    }

    #[test]
    fn a_flush_that_fails_on_the_way_is_told() {
        // What cannot be flushed: a pipe (POSIX fsync, EINVAL).
        let (_reader, writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(flushing(&pipe, let_go, |wrote| wrote(FLUSHED)).is_err());
        assert_eq!(
            flushing(&pipe, let_go, |wrote| wrote(FLUSHED - 1)).ok(),
            Some(()),
            "little is left to the flush at the end"
        );
    }
}
