//! Public keys: what kind, how large, and the two hashes that name them (RFC 5280 section 4.1.2.7).

use crate::finding::Codes;
use crate::id::SpkiHash;

/// The kind of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// Finite-field Diffie-Hellman, PKCS #3 or X9.42.
    Dh,
    /// DSA.
    Dsa,
    /// Any elliptic curve in Weierstrass form; the curve says which.
    Ec,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Anything else, by its dotted OID.
    Other(Box<str>),
    /// RSA, for whatever padding.
    Rsa,
    /// X25519.
    X25519,
    /// X448.
    X448,
}

impl KeyAlgorithm {
    /// The name used in records.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dh => "dh",
            Self::Dsa => "dsa",
            Self::Ec => "ec",
            Self::Ed25519 => "ed25519",
            Self::Ed448 => "ed448",
            Self::Other(oid) => oid,
            Self::Rsa => "rsa",
            Self::X25519 => "x25519",
            Self::X448 => "x448",
        }
    }
}

/// What can be said of a public key without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// The kind.
    pub algorithm: KeyAlgorithm,
    /// The curve of an EC key, where it is a known one.
    pub curve: Option<Curve>,
    /// Size in bits: of the modulus, of the field; 0 if not readable.
    pub bits: u32,
    /// Hash of the canonical form; `None` only for private keys whose public half can't be had.
    pub spki: Option<SpkiHash>,
    /// Hash of the form found, where that is another one.
    pub spki_raw: Option<SpkiHash>,
    /// First 16 bytes of SHA-256 over the RSA modulus (big endian, no leading zeros): same n, one compromise.
    pub modulus: Option<[u8; 16]>,
    /// What is noteworthy.
    pub findings: Codes,
}
