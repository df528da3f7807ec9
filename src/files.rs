//! The one door to the disk for writing: private modes whatever the umask, nothing overwritten, nothing half
//! written.
//!
//! A file is made whole under a hidden name, flushed, and only then given its own name, so that a run killed
//! at any moment leaves either the whole thing or nothing that counts. [`Batch`] does this for thousands of
//! small directories at the price of a few flushes.

mod access;
mod batch;
mod durable;
mod error;
mod flush;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

pub use access::Access;
pub use batch::{Batch, Staged};
pub(crate) use durable::UNFINISHED;
pub use error::Error;
pub(crate) use flush::flushing;

use durable::{ALL_BITS, make_directory_of, parent_of, sync_directory, write_file};

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
}
