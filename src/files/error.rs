//! What keeps a file or a directory from being written.

use std::path::PathBuf;
use std::{fmt, io};

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
