//! Errors that end a run, with the way out.

use std::fmt;
use std::io;
use std::path::PathBuf;

use certrecall::case::roots::RootsError;
use certrecall::plan::ca::CasError;
use certrecall::store::question::QuestionError;
use certrecall::{assess, case, demo, files, read, rekey, store};

/// Whatever ended the run.
#[derive(Debug)]
pub(crate) enum Error {
    /// Work on a case, or on what it is made of.
    Case(case::Error),
    /// The incident to practise on.
    Demo(demo::Error),
    /// A file named on the command line.
    Input { what: &'static str, path: PathBuf, error: io::Error },
    /// A value on the command line.
    Value { flag: &'static str, says: String },
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
            Self::Case(error) => error.hint(),
            Self::Input { what: "plan", .. } => {
                Some("`certrecall plan` on the same paths writes it anew, with all that was said".to_owned())
            }
            Self::Demo(demo::Error::NotEmpty(_)) => Some("name a directory that is new or empty".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(error) => error.fmt(f),
            Self::Demo(error) => error.fmt(f),
            Self::Input { what, path, .. } => write!(f, "cannot read the {what} {path:?}"),
            Self::Value { flag, says } => write!(f, "{flag}: {says}"),
            Self::Output(_) => f.write_str("cannot write to standard output"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Case(error) => error.source(),
            Self::Demo(error) => error.source(),
            Self::Input { error, .. } | Self::Output(error) => Some(error),
            Self::Value { .. } => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<demo::Error> for Error {
    fn from(error: demo::Error) -> Self {
        Self::Demo(error)
    }
}

macro_rules! of_case {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self::Case(error.into())
            }
        })*
    };
}

of_case!(
    assess::IncidentError,
    assess::ManifestError,
    case::Error,
    CasError,
    files::Error,
    QuestionError,
    read::RootError,
    rekey::Error,
    RootsError,
    store::Error
);
