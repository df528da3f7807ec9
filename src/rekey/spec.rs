//! Which kind of key the new one is to be.

use std::fmt;
use std::str::FromStr;

use crate::finding::{Code, Codes};

/// What the user asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// As the old key was, as far as that is a good key today.
    #[default]
    Mirror,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl KeySpec {
    /// Every value with its spelling.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("mirror", Self::Mirror),
        ("rsa-2048", Self::Rsa2048),
        ("rsa-3072", Self::Rsa3072),
        ("rsa-4096", Self::Rsa4096),
        ("ecdsa-p256", Self::EcdsaP256),
        ("ecdsa-p384", Self::EcdsaP384),
        ("ecdsa-p521", Self::EcdsaP521),
        ("ed25519", Self::Ed25519),
    ];

    /// The kind that it names; none where it depends on the old key.
    #[must_use]
    pub const fn kind(self) -> Option<NewKind> {
        match self {
            Self::Mirror => None,
            Self::Rsa2048 => Some(NewKind::Rsa2048),
            Self::Rsa3072 => Some(NewKind::Rsa3072),
            Self::Rsa4096 => Some(NewKind::Rsa4096),
            Self::EcdsaP256 => Some(NewKind::EcdsaP256),
            Self::EcdsaP384 => Some(NewKind::EcdsaP384),
            Self::EcdsaP521 => Some(NewKind::EcdsaP521),
            Self::Ed25519 => Some(NewKind::Ed25519),
        }
    }

    /// The kind of the new key, given the old one, and what is noteworthy about that choice. A kind that is
    /// never generated here, or RSA of another size, costs a finding; RSA sizes are bounded, so an RSA-16384
    /// certificate does not make us compute one.
    #[must_use]
    pub fn choose(self, old: &OldKey) -> (NewKind, Codes) {
        let mut codes = Codes::NONE;
        let kind = self.kind().or_else(|| old.nearest()).unwrap_or_else(|| {
            codes.insert(Code::CryptoNotSupported);
            NewKind::EcdsaP256
        });
        if !old.is(kind) {
            codes.insert(Code::KeyTypeChanged);
        }
        (kind, codes)
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, spec)| spec == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

impl FromStr for KeySpec {
    type Err = NotAKeySpec;

    fn from_str(text: &str) -> Result<Self, NotAKeySpec> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, spec)| *spec).ok_or(NotAKeySpec)
    }
}

/// A text that names no kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKeySpec;

impl fmt::Display for NotAKeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a kind of key: one of")?;
        KeySpec::ALL
            .iter()
            .enumerate()
            .try_for_each(|(i, (name, _))| write!(f, "{} {name}", if i == 0 { "" } else { "," }))?;
        f.write_str(" is needed")
    }
}

impl std::error::Error for NotAKeySpec {}

/// What is known of the key to be replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldKey {
    /// Its kind as in records: `rsa`, `ec`, `ed25519`, or anything else.
    pub algorithm: String,
    /// Its curve, for a curve with a name: `secp256r1` and so on.
    pub curve: Option<String>,
    /// Its size in bits.
    pub bits: u32,
}

impl OldKey {
    /// The nearest kind that is generated here: RSA of the next size up, the NIST curves and Ed25519
    /// themselves.
    fn nearest(&self) -> Option<NewKind> {
        match (self.algorithm.as_str(), self.curve.as_deref()) {
            ("rsa", _) if self.bits <= 2048 => Some(NewKind::Rsa2048),
            ("rsa", _) if self.bits <= 3072 => Some(NewKind::Rsa3072),
            ("rsa", _) => Some(NewKind::Rsa4096),
            ("ec", Some(curve)) => NewKind::ALL.iter().copied().find(|kind| kind.curve() == Some(curve)),
            ("ed25519", _) => Some(NewKind::Ed25519),
            _ => None,
        }
    }

    /// Whether it is of this very kind and size.
    pub(crate) fn is(&self, kind: NewKind) -> bool {
        self.algorithm == kind.algorithm()
            && self.curve.as_deref().filter(|_| self.algorithm == "ec") == kind.curve()
            && (self.algorithm != "rsa" || self.bits == kind.bits())
    }
}

/// The kinds of key that are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NewKind {
    /// ECDSA on P-256, signing with SHA-256.
    EcdsaP256,
    /// ECDSA on P-384, signing with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521, signing with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits, signing with SHA-256 and PKCS #1 v1.5 padding.
    Rsa2048,
    /// RSA of 3072 bits, likewise.
    Rsa3072,
    /// RSA of 4096 bits, likewise.
    Rsa4096,
}

impl NewKind {
    /// Every value.
    pub const ALL: &'static [Self] = &[
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// The kind as records call it.
    #[must_use]
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "ec",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => "rsa",
        }
    }

    /// The size in bits: of the modulus, of the field.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::EcdsaP256 => 256,
            Self::EcdsaP384 => 384,
            Self::EcdsaP521 => 521,
            Self::Ed25519 => 255,
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }

    /// The name of the curve of an ECDSA key (RFC 5480 section 2.1.1.1).
    #[must_use]
    pub const fn curve(self) -> Option<&'static str> {
        match self {
            Self::EcdsaP256 => Some("secp256r1"),
            Self::EcdsaP384 => Some("secp384r1"),
            Self::EcdsaP521 => Some("secp521r1"),
            _ => None,
        }
    }

    /// How the command line calls it.
    #[must_use]
    pub fn spec(self) -> KeySpec {
        KeySpec::ALL.iter().map(|(_, spec)| *spec).find(|spec| spec.kind() == Some(self)).unwrap_or_default()
    }

    /// The kind that a record names.
    #[must_use]
    pub fn named(algorithm: &str, bits: u32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.algorithm() == algorithm && (kind.bits() == bits || algorithm == "ed25519"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(algorithm: &str, curve: Option<&str>, bits: u32) -> OldKey {
        OldKey { algorithm: algorithm.into(), curve: curve.map(Into::into), bits }
    }

    #[test]
    fn spellings_read_back() {
        for (name, spec) in KeySpec::ALL {
            assert_eq!((name.parse(), spec.to_string().as_str()), (Ok(*spec), *name));
        }
        assert!("rsa-1024".parse::<KeySpec>().is_err());
        assert!(NotAKeySpec.to_string().contains("mirror, rsa-2048"));
    }

    #[test]
    fn mirroring_keeps_good_keys_and_says_what_it_changes() {
        use Code::{CryptoNotSupported, KeyTypeChanged};
        for (old, kind, codes) in [
            (old("rsa", None, 2048), NewKind::Rsa2048, &[][..]),
            (old("rsa", None, 1024), NewKind::Rsa2048, &[KeyTypeChanged]),
            (old("rsa", None, 2049), NewKind::Rsa3072, &[KeyTypeChanged]),
            (old("rsa", None, 4096), NewKind::Rsa4096, &[]),
            (old("rsa", None, 16_384), NewKind::Rsa4096, &[KeyTypeChanged]),
            (old("rsa", None, 0), NewKind::Rsa2048, &[KeyTypeChanged]),
            (old("ec", Some("secp256r1"), 256), NewKind::EcdsaP256, &[]),
            (old("ec", Some("secp384r1"), 384), NewKind::EcdsaP384, &[]),
            (old("ec", Some("secp521r1"), 521), NewKind::EcdsaP521, &[]),
            (old("ec", Some("secp256k1"), 256), NewKind::EcdsaP256, &[CryptoNotSupported, KeyTypeChanged]),
            (old("ec", None, 256), NewKind::EcdsaP256, &[CryptoNotSupported, KeyTypeChanged]),
            (old("ed25519", None, 255), NewKind::Ed25519, &[]),
            (old("dsa", None, 2048), NewKind::EcdsaP256, &[CryptoNotSupported, KeyTypeChanged]),
            (old("1.2.3", None, 0), NewKind::EcdsaP256, &[CryptoNotSupported, KeyTypeChanged]),
        ] {
            let (chosen, found) = KeySpec::Mirror.choose(&old);
            assert_eq!((chosen, found.iter().collect::<Vec<_>>().as_slice()), (kind, codes), "{old:?}");
        }
        let (kind, codes) = KeySpec::Ed25519.choose(&old("rsa", None, 2048));
        assert_eq!((kind, codes), (NewKind::Ed25519, [KeyTypeChanged].into_iter().collect()));
    }
}
