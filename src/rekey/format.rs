//! How a new private key is written down.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::spec::NewKind;

/// The form of `key.pem`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFormat {
    /// PKCS #8 version 1 (RFC 5208), `PRIVATE KEY`: what every server reads.
    #[default]
    Pkcs8,
    /// PKCS #1 (RFC 8017 appendix A.1.2), `RSA PRIVATE KEY`: RSA alone.
    Pkcs1,
    /// RFC 5915, `EC PRIVATE KEY`: curves alone.
    Sec1,
    /// PKCS #8 encrypted with a passphrase (RFC 5958 section 3), `ENCRYPTED PRIVATE KEY`.
    Pkcs8Encrypted,
}

impl KeyFormat {
    /// Every value with its spelling.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("pkcs8", Self::Pkcs8),
        ("pkcs1", Self::Pkcs1),
        ("sec1", Self::Sec1),
        ("pkcs8-encrypted", Self::Pkcs8Encrypted),
    ];

    /// What stands between BEGIN and the dashes (RFC 7468).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Pkcs8Encrypted => "ENCRYPTED PRIVATE KEY",
        }
    }

    /// Whether a key of this kind has this form.
    #[must_use]
    pub fn holds(self, kind: NewKind) -> bool {
        match self {
            Self::Pkcs8 | Self::Pkcs8Encrypted => true,
            Self::Pkcs1 => kind.algorithm() == "rsa",
            Self::Sec1 => kind.algorithm() == "ec",
        }
    }
}

impl fmt::Display for KeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL.iter().find(|(_, format)| format == self).map_or("", |(name, _)| name))
    }
}

impl FromStr for KeyFormat {
    type Err = NotAKeyFormat;

    fn from_str(text: &str) -> Result<Self, NotAKeyFormat> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, format)| *format).ok_or(NotAKeyFormat)
    }
}

/// A text that names no form of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKeyFormat;

impl fmt::Display for NotAKeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a form of a key: one of pkcs8, pkcs1, sec1, pkcs8-encrypted is needed")
    }
}

impl std::error::Error for NotAKeyFormat {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_read_back() {
        for (name, format) in KeyFormat::ALL {
            assert_eq!((name.parse(), format.to_string().as_str()), (Ok(*format), *name));
            assert_eq!(serde_json::to_string(format).unwrap(), format!("{name:?}"), "records spell it alike");
            assert!(NotAKeyFormat.to_string().contains(name));
        }
        assert!("pem".parse::<KeyFormat>().is_err());
    }

    #[test]
    fn each_kind_has_its_forms() {
        for kind in NewKind::ALL {
            assert!(KeyFormat::Pkcs8.holds(*kind) && KeyFormat::Pkcs8Encrypted.holds(*kind));
            assert!(!(KeyFormat::Pkcs1.holds(*kind) && KeyFormat::Sec1.holds(*kind)));
        }
        assert!(!KeyFormat::Sec1.holds(NewKind::Ed25519) && KeyFormat::Pkcs1.holds(NewKind::Rsa4096));
    }
}
