//! Errors of work on a case, with the way out.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::roots::RootsError;
use crate::plan::ca::CasError;
use crate::store::question::QuestionError;
use crate::{assess, files, read, rekey, store};

/// Why work on a case ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A path that cannot be read.
    Root(read::RootError),
    /// The case directory.
    Store(store::Error),
    /// Making replacements.
    Rekey(rekey::Error),
    /// Writing.
    Files(files::Error),
    /// The manifest.
    Manifest(assess::ManifestError),
    /// The incident profile.
    Incident(assess::IncidentError),
    /// A file about CAs.
    Cas(CasError),
    /// The stored options of the case.
    Question(QuestionError),
    /// The roots of the case.
    Roots(RootsError),
    /// A file that an option names cannot be read.
    Input {
        /// What it is.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The value of an option, or what its file holds.
    Value {
        /// The option as it is typed.
        flag: &'static str,
        /// What is wrong with it.
        message: String,
    },
}

impl Error {
    /// The way out, if there is a common one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Question(error) => error.hint(),
            Self::Roots(error) => error.hint().map(str::to_owned),
            Self::Incident(_) => {
                Some("`certrecall incident zendesk-2016` prints a profile to start from".to_owned())
            }
            Self::Root(error) if error.error.kind() == io::ErrorKind::NotFound => {
                Some("check the spelling of the path".to_owned())
            }
            Self::Files(_) | Self::Rekey(_) => Some(
                "check free space and permissions, then run this again: what was finished stays, nothing is made twice"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Rekey(error) => error.fmt(f),
            Self::Files(error) => error.fmt(f),
            Self::Manifest(error) => error.fmt(f),
            Self::Incident(error) => error.fmt(f),
            Self::Question(error) => error.fmt(f),
            Self::Roots(error) => error.fmt(f),
            Self::Cas(error) => error.fmt(f),
            Self::Input { what, path, .. } => write!(f, "cannot read the {what} {path:?}"),
            Self::Value { flag, message } => write!(f, "{flag}: {message}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Root(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Rekey(error) => error.source(),
            Self::Question(error) => error.source(),
            Self::Roots(error) => error.source(),
            Self::Files(error) => error.source(),
            Self::Input { error, .. } => Some(error),
            Self::Manifest(_) | Self::Incident(_) | Self::Cas(_) | Self::Value { .. } => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident $kind:ty),*) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from!(
    Cas CasError, Files files::Error, Incident assess::IncidentError, Manifest assess::ManifestError,
    Question QuestionError, Rekey rekey::Error, Root read::RootError, Roots RootsError, Store store::Error
);
