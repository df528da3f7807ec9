//! The directory of a case: made, opened, locked, and written to.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::db::Sqlite;
use super::error::Error;
use super::interface::{PlanHeader, Store};
use super::names::{CERTIFICATES, DATABASE, EXPOSED, GITIGNORE, PLAN_JSON, PLAN_MD};
use super::owner;
use super::paths::exact_paths;
use crate::files::{self, Access};
use crate::id::Fingerprint;
use crate::read::Roots;
use crate::read::walk::{MARKER, is_marker};

/// An open, locked case.
#[derive(Debug)]
pub struct Case {
    pub(super) directory: PathBuf,
    pub(super) roots: Vec<String>,
    pub(super) roots_b64: Vec<String>,
    pub(super) access: Access,
    /// Whether the directory belongs to the user that runs this.
    pub(super) owned: bool,
    /// Holds the lock until dropped.
    pub(super) lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) schema: String,
    pub(super) roots: Vec<String>,
    /// The same in base64, where one is not UTF-8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roots_b64: Vec<String>,
    #[serde(default, skip_serializing_if = "is_owner")]
    pub(super) mode: Access,
}

fn is_owner(access: &Access) -> bool {
    *access == Access::Owner
}

pub(super) const SCHEMA: &str = "certrecall/case/1";

impl Marker {
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

impl Case {
    /// Opens the case at `directory`, or makes one for these roots. A mode that is given is applied to all
    /// that is there.
    ///
    /// # Errors
    /// [`Error`]; a directory that holds anything else, or that belongs to another user, is never touched.
    pub fn create(directory: &Path, roots: &Roots, mode: Option<Access>) -> Result<Self, Error> {
        if !directory.join(MARKER).exists() {
            if directory.is_dir() {
                owner::check(directory, Access::Owner)?;
            }
            make(directory, roots, mode.unwrap_or_default())?;
        }
        let mut case = Self::open(directory)?;
        if case.roots != roots.names() || case.roots_b64 != roots.names_b64() {
            return Err(Error::OtherRoots { path: directory.to_owned(), roots: case.roots });
        }
        if let Some(access) = mode {
            case.share(access)?;
        }
        Ok(case)
    }

    /// Whether there is a case at `directory`.
    #[must_use]
    pub fn exists(directory: &Path) -> bool {
        directory.join(MARKER).exists()
    }

    /// Opens and locks an existing case; one that is locked is an error at once.
    ///
    /// # Errors
    /// [`Error`]: not a case, or in use.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        Self::open_waiting(directory, Duration::ZERO)
    }

    /// Opens and locks an existing case, and waits at most this long for another process to give up its lock.
    ///
    /// # Errors
    /// [`Error`]: not a case, or still in use.
    pub fn open_waiting(directory: &Path, wait: Duration) -> Result<Self, Error> {
        let path = directory.join(MARKER);
        let io = |error| Error::Io { path: path.clone(), error };
        match fs::metadata(directory) {
            Err(error) => return Err(Error::Io { path: directory.to_owned(), error }),
            Ok(_) if !is_marker(&path) => return Err(Error::NotACase(directory.to_owned())),
            Ok(_) => {}
        }
        let lock = lock(&path, wait)
            .map_err(io)?
            .ok_or_else(|| Error::Locked { path: directory.to_owned(), waited: wait })?;
        // Read once it is locked: the process before may have changed it.
        let mut text = Vec::new();
        (&lock).read_to_end(&mut text).map_err(io)?;
        let marker: Marker =
            serde_json::from_slice(&text).map_err(|_| Error::UnknownMarker(directory.to_owned()))?;
        if marker.schema != SCHEMA {
            return Err(Error::UnknownMarker(directory.to_owned()));
        }
        let Marker { roots, roots_b64, mode: access, .. } = marker;
        let owned = owner::check(directory, access)?;
        Ok(Self { directory: directory.to_owned(), roots, roots_b64, access, owned, lock })
    }

    /// Opens what the case remembers.
    ///
    /// # Errors
    /// [`Error::DatabaseGone`] and [`Error::NoPlan`] if it remembers nothing; [`Error::Database`],
    /// [`Error::NewerDatabase`].
    pub fn store(&self) -> Result<Box<dyn Store>, Error> {
        self.check_database()?;
        let store: Box<dyn Store> = Box::new(Sqlite::open(&self.directory, self.access)?);
        if store.has_plan()? { Ok(store) } else { Err(Error::NoPlan(self.directory.clone())) }
    }

    /// The same for a new plan: what is not there is made. Tells as well whether it was there once and is
    /// gone, **which the caller has to say**.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::NewerDatabase`], [`Error::Files`].
    pub fn store_for_plan(&self) -> Result<(Box<dyn Store>, bool), Error> {
        let gone = matches!(self.check_database(), Err(Error::DatabaseGone(_)));
        Ok((Box::new(Sqlite::open(&self.directory, self.access)?), gone))
    }

    /// Whether a plan was ever written into it.
    #[must_use]
    pub fn was_planned(&self) -> bool {
        [PLAN_JSON, PLAN_MD, EXPOSED].iter().any(|name| self.path(name).exists())
    }

    /// Whether the database of the case is where it has to be.
    ///
    /// # Errors
    /// [`Error::DatabaseGone`], [`Error::NoPlan`].
    fn check_database(&self) -> Result<(), Error> {
        let path = self.path(DATABASE);
        match (path.exists(), self.path(PLAN_JSON).exists()) {
            (true, _) => Ok(()),
            (false, true) => Err(Error::DatabaseGone(path)),
            (false, false) => Err(Error::NoPlan(self.directory.clone())),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What it was made from.
    #[must_use]
    pub fn roots(&self) -> &[String] {
        &self.roots
    }

    /// The same as paths.
    #[must_use]
    pub fn root_paths(&self) -> Vec<PathBuf> {
        exact_paths(&self.roots, &self.roots_b64)
    }

    /// What its plan begins with.
    ///
    /// # Errors
    /// [`Error::EarlierPlan`] if the last plan was made by a version that did not keep it.
    pub fn header(&self, store: &dyn Store) -> Result<PlanHeader, Error> {
        store.header()?.ok_or_else(|| Error::EarlierPlan(self.directory.clone()))
    }

    /// The path of a file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The folder of certificates that commands name, absolute. A path that is no text cannot stand in a
    /// command.
    #[must_use]
    pub fn certificates(&self) -> String {
        let path = crate::read::absolute(&self.directory).join(CERTIFICATES);
        path.to_str().map_or_else(|| format!("<case>/{CERTIFICATES}"), str::to_owned)
    }

    /// Keeps a certificate as a file of its own, `<sha256>.pem`, for commands that want one; what is there
    /// already stays.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn keep_certificate(&self, sha256: &Fingerprint, der: &[u8]) -> Result<(), Error> {
        let folder = self.path(CERTIFICATES);
        files::create_dir(&folder, self.access)?;
        let path = folder.join(format!("{sha256}.pem"));
        if path.exists() {
            Ok(())
        } else {
            Ok(files::write_new_for(self.access, &path, &crate::rekey::pem("CERTIFICATE", der))?)
        }
    }

    /// Writes a view anew, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        Ok(files::replace_for(self.access, &self.path(name), content)?)
    }

    /// The same with content that is written as a stream.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn write_with(
        &self,
        name: &str,
        write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    ) -> Result<(), Error> {
        Ok(files::replace_with(self.access, &self.path(name), write)?)
    }
}

/// The marker, locked; `None` if another process had the lock all the time.
fn lock(path: &Path, wait: Duration) -> io::Result<Option<File>> {
    let since = Instant::now();
    loop {
        let marker = File::open(path)?;
        match marker.try_lock() {
            // A marker that took the place of this one meanwhile has a lock of its own.
            Ok(()) if is_still(path, &marker)? => return Ok(Some(marker)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if since.elapsed() >= wait => return Ok(None),
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(POLL.min(wait.saturating_sub(since.elapsed())))
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Time between two looks at a lock. Forty commands that each hold it for some hundredths of a second get it
/// one after the other within a second or two, as the disk is.
const POLL: Duration = Duration::from_millis(10);

/// Whether the file at `path` is the open one.
fn is_still(path: &Path, open: &File) -> io::Result<bool> {
    let (there, open) = (fs::metadata(path)?, open.metadata()?);
    Ok((there.dev(), there.ino()) == (open.dev(), open.ino()))
}

/// Makes a new case: the marker appears whole and last, so that a run killed before that leaves nothing that
/// counts.
fn make(directory: &Path, roots: &Roots, mode: Access) -> Result<(), Error> {
    let io = |error| Error::Io { path: directory.to_owned(), error };
    match fs::read_dir(directory) {
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(io)?.file_name();
                if name != GITIGNORE && !name.to_string_lossy().starts_with(files::UNFINISHED) {
                    // Another run may have made the case since this one looked: nothing else lies there
                    // before the marker does.
                    return if is_marker(&directory.join(MARKER)) {
                        Ok(())
                    } else {
                        Err(Error::NotACase(directory.to_owned()))
                    };
                }
            }
            fs::set_permissions(directory, fs::Permissions::from_mode(mode.directory())).map_err(io)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Of two runs that begin at once, one makes it.
            let made = files::create_dir(directory, mode);
            if !directory.is_dir() {
                made?;
            }
        }
        Err(error) => return Err(io(error)),
    }
    // Under a name of this run's own, for the same reason.
    let own = |name: &str| directory.join(format!("{}{}-{name}", files::UNFINISHED, std::process::id()));
    files::replace_for(mode, &own(GITIGNORE), b"*\n")?;
    fs::rename(own(GITIGNORE), directory.join(GITIGNORE)).map_err(io)?;
    let text =
        Marker { schema: SCHEMA.to_owned(), roots: roots.names(), roots_b64: roots.names_b64(), mode }.text();
    let unfinished = own(MARKER);
    files::replace_for(mode, &unfinished, &text)?;
    // A link fails if the name is taken: of two runs that begin at once, one makes the case and both open the
    // same marker.
    let linked = fs::hard_link(&unfinished, directory.join(MARKER));
    let _ = fs::remove_file(&unfinished);
    match linked {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => match files::write_new_for(mode, &directory.join(MARKER), &text) {
            Err(files::Error::AlreadyThere { .. }) => Ok(()),
            written => Ok(written?),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moment between looking for a marker and making one, in which another run has done so.
    #[test]
    fn a_case_that_another_run_made_meanwhile_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let roots = Roots::open(&[folder.path().to_owned()]).unwrap();
        let directory = folder.path().join("case");
        make(&directory, &roots, Access::Owner).unwrap();
        fs::write(directory.join(DATABASE), b"").unwrap();
        make(&directory, &roots, Access::Owner).unwrap();
        Case::open(&directory).unwrap();
        fs::remove_file(directory.join(MARKER)).unwrap();
        assert!(
            matches!(make(&directory, &roots, Access::Owner), Err(Error::NotACase(_))),
            "something else lies there"
        );
    }
}
