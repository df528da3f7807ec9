//! Errors that end a run, with the way out.

use std::fmt;
use std::io;
use std::path::PathBuf;

use certrecall::case::roots::RootsError;
use certrecall::plan::ca::CasError;
use certrecall::store::question::QuestionError;
use certrecall::{assess, demo, files, read, rekey, store};

/// Whatever ended the run.
#[derive(Debug)]
pub(crate) enum Error {
    /// A path that cannot be read.
    Root(read::RootError),
    /// The case directory.
    Store(store::Error),
    /// Making replacements.
    Rekey(rekey::Error),
    /// Writing.
    Files(files::Error),
    /// The incident to practise on.
    Demo(demo::Error),
    /// The manifest.
    Manifest(assess::ManifestError),
    /// The incident profile.
    Incident(assess::IncidentError),
    /// A file about CAs.
    Cas(CasError),
    /// A file named on the command line.
    Input { what: &'static str, path: PathBuf, error: io::Error },
    /// A value on the command line.
    Value { flag: &'static str, says: String },
    /// The question of the case.
    Question(QuestionError),
    /// The roots of the case.
    Roots(RootsError),
    /// Standard output.
    Output(io::Error),
}

impl Error {
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The way out, if there is a common one.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Question(error) => error.hint(),
            Self::Roots(error) => error.hint().map(str::to_owned),
            Self::Incident(_) => Some("`certrecall incident zendesk-2016` prints a profile to start from".to_owned()),
            Self::Root(error) if error.error.kind() == io::ErrorKind::NotFound => Some("check the spelling of the path".to_owned()),
            Self::Input { what: "plan", .. } => Some("`certrecall plan` on the same paths writes it anew, with all that was said".to_owned()),
            Self::Demo(demo::Error::NotEmpty(_)) => Some("name a directory that is new or empty".to_owned()),
            Self::Files(_) | Self::Rekey(_) => {
                Some("check free space and permissions, then run this again: what was finished stays, nothing is made twice".to_owned())
            }
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
            Self::Demo(error) => error.fmt(f),
            Self::Manifest(error) => error.fmt(f),
            Self::Incident(error) => error.fmt(f),
            Self::Question(error) => error.fmt(f),
            Self::Roots(error) => error.fmt(f),
            Self::Cas(error) => error.fmt(f),
            Self::Input { what, path, .. } => write!(f, "cannot read the {what} {path:?}"),
            Self::Value { flag, says } => write!(f, "{flag}: {says}"),
            Self::Output(_) => f.write_str("cannot write to standard output"),
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
            Self::Demo(error) => error.source(),
            Self::Input { error, .. } | Self::Output(error) => Some(error),
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

from!(Cas CasError, Demo demo::Error, Root read::RootError, Store store::Error, Rekey rekey::Error, Files files::Error, Manifest assess::ManifestError, Incident assess::IncidentError, Question QuestionError, Roots RootsError, Output io::Error);
