//! Why bytes did not become a private key.

use std::fmt;

/// Why bytes did not become a [`super::PrivateKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It is a private key, but encrypted.
    Encrypted,
    /// It is a private key of this form, but cannot be decoded.
    Malformed(&'static str),
    /// It is something else.
    NotAKey,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("the private key is encrypted"),
            Self::Malformed(what) => write!(f, "malformed private key: {what}"),
            Self::NotAKey => f.write_str("not a private key"),
        }
    }
}

impl std::error::Error for KeyError {}
