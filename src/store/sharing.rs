//! Who a case belongs to, and who else may work on it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::Uid;

use super::case_directory::{Case, Marker, SCHEMA};
use super::error::Error;
use super::names::{CERTIFICATES, DATABASE, EXPOSED, GITIGNORE, PLAN_JSON, PLAN_MD, SUSPECTED};
use super::owner::not_owner;
use crate::files::{self, Access};
use crate::read::walk::MARKER;

/// The directories in which only the owner of a case writes.
const KEYS: [&str; 2] = ["replacements", "proofs"];

impl Case {
    /// Who may read and write it.
    #[must_use]
    pub const fn access(&self) -> Access {
        self.access
    }

    /// Whether it belongs to the user that runs this, and not to another of its group.
    #[must_use]
    pub const fn is_owned(&self) -> bool {
        self.owned
    }

    /// For what makes or uses keys, and for what executes: the case, and what in it holds keys, has to belong
    /// to the user that runs this. A directory that is not there belongs to nobody yet.
    ///
    /// # Errors
    /// [`Error::NotOwner`].
    pub fn check_owner(directory: &Path) -> Result<(), Error> {
        let paths = std::iter::once(directory.to_owned()).chain(KEYS.iter().map(|name| directory.join(name)));
        for path in paths {
            let uid = match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // The case itself may be a link to where it is.
                Ok(meta) if meta.is_symlink() && path == directory => {
                    fs::metadata(&path).map(|meta| meta.uid())
                }
                meta => meta.map(|meta| meta.uid()),
            };
            let uid = uid.map_err(|error| Error::Io { path: path.clone(), error })?;
            if uid != Uid::effective().as_raw() {
                return Err(not_owner(&path, uid, true));
            }
        }
        Ok(())
    }

    /// Shares the case with the group of its directory, or takes that back: everything but keys and proofs,
    /// which stay with the owner.
    ///
    /// # Errors
    /// [`Error::NotOwner`], [`Error::Files`].
    pub fn share(&mut self, access: Access) -> Result<(), Error> {
        if !self.owned {
            let uid = fs::metadata(&self.directory).map_or(0, |meta| meta.uid());
            return Err(not_owner(&self.directory, uid, true));
        }
        if access != self.access {
            self.write_marker(access)?;
            self.access = access;
        }
        // From the outside in when the group goes, the other way round when it comes: nothing is open for a
        // moment that is not meant to be.
        let certificates = self.path(CERTIFICATES);
        let inner: Vec<_> = match fs::read_dir(&certificates) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(_) => Vec::new(),
        };
        let files =
            [MARKER, DATABASE, PLAN_JSON, PLAN_MD, EXPOSED, SUSPECTED, GITIGNORE].map(|name| self.path(name));
        let mut paths = vec![self.directory.clone(), self.path(KEYS[0]), certificates];
        paths.extend(files);
        paths.extend(inner);
        if access == Access::Group {
            paths.reverse();
        }
        paths.iter().try_for_each(|path| files::set_access(path, access)).map_err(Error::from)
    }

    /// Lets the group of a shared case list the replacements: their names, not what is in them.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn share_listing(&self) -> Result<(), Error> {
        if self.access == Access::Group {
            Ok(files::set_access(&self.path(KEYS[0]), self.access)?)
        } else {
            Ok(())
        }
    }

    /// Writes the marker with another mode. The new one is locked before it has its name, so that the lock is
    /// never free in between.
    fn write_marker(&mut self, mode: Access) -> Result<(), Error> {
        let text = Marker {
            schema: SCHEMA.to_owned(),
            roots: self.roots.clone(),
            roots_b64: self.roots_b64.clone(),
            mode,
        }
        .text();
        let unfinished = self.path(&format!("{}{}-{MARKER}", files::UNFINISHED, std::process::id()));
        files::replace_for(mode, &unfinished, &text)?;
        let io = |error| Error::Io { path: unfinished.clone(), error };
        let lock = File::open(&unfinished).map_err(io)?;
        lock.lock().map_err(io)?;
        fs::rename(&unfinished, self.path(MARKER)).map_err(io)?;
        self.lock = lock;
        Ok(())
    }
}
