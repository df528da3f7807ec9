//! Many small directories, each there whole or not at all, with a few flushes for all of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::durable::{UNFINISHED, make_directory, sync_directory, write_checked};
use super::error::Error;

/// From this many directories on one flush of the whole file system is cheaper than one for every file.
const FLUSH_ALL: usize = 16;

/// Puts directories into one parent directory: [`Batch::stage`] writes each under a hidden name,
/// [`Batch::commit`] flushes them together and then gives them their names.
#[derive(Debug)]
pub struct Batch {
    parent: PathBuf,
    handle: File,
    /// Whether modes come out right without being set: they did once, and the umask does not change while a
    /// run lasts.
    exact: AtomicBool,
}

/// A directory written whole under a hidden name. Dropping it without [`Batch::commit`] removes it.
#[derive(Debug)]
#[must_use]
pub struct Staged {
    path: PathBuf,
    files: Vec<&'static str>,
    placed: bool,
}

impl Staged {
    /// Where it lies until it is committed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // Best effort: the next run sweeps what stays.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Batch {
    /// Opens the parent directory and removes what a dead run left unfinished in it. **The caller must hold
    /// the lock of the case**: the unfinished work of a living run looks the same.
    ///
    /// # Errors
    /// [`Error::List`] if it is no directory that can be read, [`Error::Remove`] if leftovers cannot be
    /// removed.
    pub fn open(parent: &Path) -> Result<Self, Error> {
        let list = |error| Error::List { path: parent.into(), error };
        let handle = File::open(parent).map_err(list)?;
        for entry in fs::read_dir(parent).map_err(list)? {
            let entry = entry.map_err(list)?;
            // `file_type` does not follow links: only real directories are ours.
            if is_unfinished(&entry.file_name()) && entry.file_type().map_err(list)?.is_dir() {
                fs::remove_dir_all(entry.path())
                    .map_err(|error| Error::Remove { path: entry.path(), error })?;
            }
        }
        Ok(Self { parent: parent.into(), handle, exact: AtomicBool::new(false) })
    }

    /// Writes one directory, mode 0700, with these files, mode 0600, under a hidden name, and reads each file
    /// back. A file may lie in a directory of its own, `a/b`, which is made likewise. It may be called from
    /// several threads at once.
    ///
    /// # Errors
    /// Whatever kept it from being written; nothing of it is left then.
    pub fn stage(&self, files: &[(&'static str, &[u8])]) -> Result<Staged, Error> {
        let mut random = [0; 12];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::NoRandom)?;
        let path = self.parent.join(format!("{UNFINISHED}{}", crate::id::hex(&random)));
        let exact = self.exact.load(Ordering::Relaxed);
        let mut right = make_directory(&path, exact)
            .map_err(|error| Error::CreateDirectory { path: path.clone(), error })?;
        let staged = Staged { path, files: files.iter().map(|(name, _)| *name).collect(), placed: false };
        for (name, contents) in files {
            let path = staged.path.join(name);
            if let Some(inner) = name.rfind('/').map(|at| staged.path.join(&name[..at]))
                && !inner.is_dir()
            {
                right &= make_directory(&inner, exact)
                    .map_err(|error| Error::CreateDirectory { path: inner, error })?;
            }
            right &= write_checked(&path, contents, exact)?;
        }
        if right && !exact {
            self.exact.store(true, Ordering::Relaxed);
        }
        Ok(staged)
    }

    /// Waits until the disk holds all of them, gives each its name, and waits until the disk holds the names.
    /// A name may lead into a directory that is there.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`] for a name that is taken (that one is dropped, what lies there is untouched),
    /// or whatever the disk refused. Those named before the failure stay.
    pub fn commit(&self, staged: Vec<(Staged, String)>) -> Result<(), Error> {
        if staged.is_empty() {
            return Ok(());
        }
        if staged.len() < FLUSH_ALL || !self.flush_all() {
            staged.iter().try_for_each(|(staged, _)| staged.flush())?;
        }
        let mut named = Ok(());
        let many = staged.len() >= FLUSH_ALL;
        let mut elsewhere = Vec::new();
        for (mut staged, name) in staged {
            let path = self.parent.join(name);
            elsewhere.extend(path.parent().filter(|p| *p != self.parent).map(Path::to_owned));
            match rename_new(&staged.path, &path) {
                Ok(()) => staged.placed = true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    named = named.and(Err(Error::AlreadyThere { path }))
                }
                Err(error) => named = named.and(Err(Error::Rename { path, error })),
            }
        }
        let flushed = elsewhere.is_empty() || (many && self.flush_all());
        if !flushed {
            elsewhere.iter().try_for_each(|directory| sync_directory(directory))?;
        }
        sync_directory(&self.parent).and(named)
    }

    /// Flushes the whole file system; `false` where that cannot be done, or failed for a reason that one file
    /// would tell better.
    #[cfg(target_os = "linux")]
    fn flush_all(&self) -> bool {
        rustix::fs::syncfs(&self.handle).is_ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn flush_all(&self) -> bool {
        let _ = &self.handle;
        false
    }
}

impl Staged {
    /// Flushes every file and then the directory that names them.
    fn flush(&self) -> Result<(), Error> {
        for name in &self.files {
            let path = self.path.join(name);
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|error| Error::Sync { path: path.clone(), error })?;
            if let Some(inner) = path.parent().filter(|p| *p != self.path) {
                sync_directory(inner)?;
            }
        }
        sync_directory(&self.path)
    }
}

/// Whether a name is one that [`Batch::stage`] gives.
fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    let random = name.to_str().and_then(|n| n.strip_prefix(UNFINISHED));
    random.is_some_and(|r| r.len() == 24 && r.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Renames unless something of that name is there.
#[cfg(target_os = "linux")]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system knows the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_checked(from, to),
        other => other.map_err(io::Error::from),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_checked(from, to)
}

/// The same without help of the kernel: one process holds the case, and a directory never takes the place of
/// one that has anything in it.
fn rename_checked(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
    }
}
