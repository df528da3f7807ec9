//! A replacement to be made, the files that it consists of, and what ends the making.

use std::fmt;
use std::path::PathBuf;

use super::ca::{Ca, Next};
use super::order::Order;
use super::spec::OldKey;
use crate::files;
use crate::plan::ReplacementRecord;

/// The directory of all replacements, inside the case.
pub const REPLACEMENTS: &str = "replacements";

/// The file of a new private key in PEM.
pub const KEY: &str = "key.pem";

/// The file of a certification request, PKCS #10 in PEM.
pub const REQUEST: &str = "request.pem";

/// The file that says what a replacement is.
pub const RECORD: &str = "replacement.json";

/// The file that says what to do with the request.
pub const HANDOFF: &str = "handoff.md";

/// Replacements made at once that have [`HANDOFF`] each; of more, it is shown when asked for.
pub const HANDED_OFF: usize = 1000;

/// The name that printed commands give to what the CA issues.
pub const ISSUED: &str = "issued.pem";

/// A replacement to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What the plan asks for. Its name becomes part of a file name, reduced to safe characters.
    pub planned: ReplacementRecord,
    /// DER of the certificate that it mirrors.
    pub certificate: Vec<u8>,
    /// What is known of the CA that the request goes to.
    pub next: Next,
    /// What its owner wants different.
    pub order: Order,
}

impl Wanted {
    /// The key of the certificate that it mirrors.
    #[must_use]
    pub fn old_key(&self) -> OldKey {
        let ReplacementRecord { key_algorithm, curve, key_bits, .. } = &self.planned;
        OldKey { algorithm: key_algorithm.clone(), curve: curve.clone(), bits: *key_bits }
    }

    /// Who is asked for it.
    #[must_use]
    pub fn ca(&self) -> Ca {
        let ReplacementRecord { reach, sort, operator, .. } = &self.planned;
        Ca { reach: *reach, sort: *sort, operator: operator.clone() }
    }
}

/// What ends the making of replacements. Those finished before stay.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The disk.
    Files(files::Error),
    /// No key pair could be made, or it did not sign.
    KeyNotMade {
        /// The name of the replacement.
        name: String,
    },
    /// Every key that was generated is known already.
    NoFreshKey {
        /// The name of the replacement.
        name: String,
    },
    /// What came back from the disk is not what was written.
    NotReadBack {
        /// The name of the replacement.
        name: String,
        /// Where it was written.
        directory: PathBuf,
        /// What is wrong.
        says: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(_) => f.write_str("a replacement cannot be written"),
            Self::KeyNotMade { name } => write!(f, "no key pair could be made for {name:?}"),
            Self::NoFreshKey { name } => {
                write!(
                    f,
                    "every key generated for {name:?} is in use already; the random numbers of this machine repeat themselves"
                )
            }
            Self::NotReadBack { name, directory, says } => {
                write!(f, "the replacement for {name:?} did not survive writing to {directory:?}: {says}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Files(error) => Some(error),
            Self::KeyNotMade { .. } | Self::NoFreshKey { .. } | Self::NotReadBack { .. } => None,
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        Self::Files(error)
    }
}
