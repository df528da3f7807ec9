//! A small incident to practise on: accounts with their uploads, a manifest, and a page that tells what is in
//! it.
//!
//! Keys are new each time; names, dates and serial numbers are the same. Only names that RFC 2606 sets aside
//! occur. **The keys are no secrets**: every block says so, they protect nothing, and they are not wiped from
//! memory.

mod pki;
mod story;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files;

/// The page that explains the incident.
const README: &str = include_str!("../../data/demo/README.md");
/// The upload manifest.
const MANIFEST: &str = include_str!("../../data/demo/uploads.csv");

/// What kept the incident from being written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The disk.
    Files(files::Error),
    /// Making a key or a certificate.
    Generate(rcgen::Error),
    /// Something is there already, and nothing is ever overwritten.
    NotEmpty(PathBuf),
    /// What is there already cannot be looked at.
    Read {
        /// The directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(_) => f.write_str("cannot write the incident"),
            Self::Generate(_) => f.write_str("cannot make the keys and certificates of the incident"),
            Self::NotEmpty(path) => write!(f, "there is something in {path:?}, and nothing is overwritten"),
            Self::Read { path, .. } => write!(f, "cannot list the directory {path:?}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Files(error) => Some(error),
            Self::Generate(error) => Some(error),
            Self::NotEmpty(_) => None,
            Self::Read { error, .. } => Some(error),
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        Self::Files(error)
    }
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Generate(error)
    }
}

/// Writes `uploads/`, `uploads.csv` and `README.md` into a directory that is new or empty. All of it is made
/// before the first byte is written.
///
/// # Errors
/// [`Error::NotEmpty`] if anything is there, or whatever kept it from being made or written; what was written
/// before a failure stays.
pub fn write(directory: &Path) -> Result<(), Error> {
    refuse_unless_empty(directory)?;
    let uploads = story::uploads()?;
    for (path, contents) in &uploads {
        let path = directory.join("uploads").join(path);
        if let Some(folder) = path.parent() {
            files::create_private_dir(folder)?;
        }
        files::write_new(&path, contents)?;
    }
    files::write_new(&directory.join("uploads.csv"), MANIFEST.as_bytes())?;
    Ok(files::write_new(&directory.join("README.md"), README.as_bytes())?)
}

fn refuse_unless_empty(directory: &Path) -> Result<(), Error> {
    match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(Error::NotEmpty(directory.to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Error::NotEmpty(directory.to_owned()))
        }
        Err(error) => Err(Error::Read { path: directory.to_owned(), error }),
    }
}
