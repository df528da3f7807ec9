//! What can be wrong with a case, and what can be done about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::files;

/// What is wrong with a case directory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The disk.
    Files(files::Error),
    /// It cannot be read.
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database of the case.
    Database {
        /// Where.
        path: PathBuf,
        /// Why.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process has locked it.
    Locked {
        /// The case.
        path: PathBuf,
        /// How long the lock was waited for.
        waited: Duration,
    },
    /// The database holds a record that cannot be read.
    Damaged {
        /// Where.
        path: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
    /// The case has a plan and no database: it was deleted, or the case is a copy without it.
    DatabaseGone(PathBuf),
    /// No plan was finished in it yet.
    NoPlan(PathBuf),
    /// Its plan was made by a version that kept less of it in the database.
    EarlierPlan(PathBuf),
    /// The database was made by a newer version.
    NewerDatabase(PathBuf),
    /// It, or a directory in it, belongs to another user.
    NotOwner {
        /// The directory.
        path: PathBuf,
        /// The name of its owner.
        owner: String,
        /// Whether the case is shared with its group, so that only what makes or uses keys is refused.
        shared: bool,
    },
    /// There is something in the directory, and it is no case.
    NotACase(PathBuf),
    /// The marker is of a form this version does not know.
    UnknownMarker(PathBuf),
    /// It was made from other roots.
    OtherRoots {
        /// The case.
        path: PathBuf,
        /// Its roots.
        roots: Vec<String>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(_) => f.write_str("cannot write the case"),
            Self::Io { path, .. } => write!(f, "cannot read {path:?}"),
            Self::Database { path, .. } => write!(f, "cannot use {path:?}"),
            Self::Damaged { path, .. } => write!(f, "{path:?} holds a record that cannot be read"),
            Self::DatabaseGone(path) => {
                write!(
                    f,
                    "the case has a plan, but {path:?} is gone, and with it what was said of its steps, decided about its keys and found by searches"
                )
            }
            Self::NoPlan(path) => write!(f, "the case {path:?} has no finished plan"),
            Self::EarlierPlan(path) => {
                write!(f, "the plan of the case {path:?} was made by an earlier version")
            }
            Self::NewerDatabase(path) => write!(f, "{path:?} was written by a newer certrecall"),
            Self::Locked { path, waited } => {
                write!(f, "another certrecall works on the case {path:?}")?;
                if waited.is_zero() {
                    Ok(())
                } else {
                    write!(f, ", and its lock was not free within {} s", waited.as_secs())
                }
            }
            Self::NotOwner { path, owner, shared: false } => {
                write!(f, "{path:?} belongs to the user {owner}, and is not shared with you as a group")
            }
            Self::NotOwner { path, owner, shared: true } => {
                write!(f, "{path:?} belongs to the user {owner}, and only its owner makes or uses keys")
            }
            Self::NotACase(path) => write!(f, "{path:?} is no case directory"),
            Self::UnknownMarker(path) => {
                write!(f, "the case {path:?} is of a version that this one cannot read")
            }
            Self::OtherRoots { path, roots } => {
                write!(f, "the case {path:?} was made from other paths: {}", roots.join(", "))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Files(error) => Some(error),
            Self::Io { error, .. } => Some(error),
            Self::Database { error, .. } => Some(&**error),
            Self::Damaged { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl Error {
    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotOwner { shared: false, .. } => Some(
                "run this as its owner; or let its owner share it with a group that you are in, with `certrecall plan ... --mode group`",
            ),
            Self::NotOwner { shared: true, .. } => Some("run this as its owner, for example with `sudo -u`"),
            Self::Locked { waited: Duration::ZERO, .. } => Some("wait until it is done, then run this again"),
            Self::Locked { .. } => {
                Some("wait until it is done, then run this again, or wait longer with --wait SECONDS")
            }
            Self::NotACase(_) => {
                Some("name a directory that is new or empty, or one that an earlier run made")
            }
            Self::OtherRoots { .. } => {
                Some("name another directory for these paths, or run with the paths of the case")
            }
            Self::Database { .. } => Some(
                "check free space and permissions, then run this again; if the file is damaged, put a copy from before in its place, or take it away: `certrecall plan` then makes a new one, without what was said",
            ),
            Self::DatabaseGone(_) => Some(
                "put a copy of it back; or run `certrecall plan` again, which makes a new one without what was said",
            ),
            Self::Damaged { .. } => Some("run `certrecall plan` again"),
            Self::EarlierPlan(_) => {
                Some("run `certrecall plan -o CASE` once; it keeps all that was recorded")
            }
            Self::NoPlan(_) => Some("run `certrecall plan` with the paths of the case, until it ends"),
            Self::NewerDatabase(_) | Self::UnknownMarker(_) => {
                Some("use the version that made it, or name a new directory")
            }
            Self::Files(_) => Some(
                "check free space and permissions, then run this again: what was finished stays, nothing is made twice",
            ),
            Self::Io { .. } => None,
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        Self::Files(error)
    }
}
