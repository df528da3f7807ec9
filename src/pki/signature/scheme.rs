//! Signature algorithms by their identifiers.

use super::hash::Hash;
use crate::oid;
use crate::pki::der::{self, Reader};
use crate::pki::spki::KeyAlgorithm;

/// A signature algorithm with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Dsa(Hash),
    Ecdsa(Hash),
    Ed25519,
    Ed448,
    /// ML-DSA, by the OID that key and signature share (RFC 9881 section 2).
    MlDsa(&'static [u8]),
    Pkcs1(Hash),
    Pss(Pss),
    /// SM2 with SM3 (GB/T 32918.2).
    Sm2,
}

/// `RSASSA-PSS-params` (RFC 4055 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pss {
    /// Hash of what is signed.
    pub(super) hash: Hash,
    /// Hash of the mask generation function, MGF1.
    pub(super) mask: Hash,
    /// Octets of the salt.
    pub(super) salt: usize,
}

impl Scheme {
    /// Reads an AlgorithmIdentifier; `None` for algorithms that are not checked here.
    pub(super) fn read(algorithm_identifier: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(algorithm_identifier).sequence()?;
        let oid = fields.oid()?;
        Some(match oid {
            oid::RSASSA_PSS => Self::Pss(Pss::read(fields)?),
            oid::ED25519 => Self::Ed25519,
            oid::ED448 => Self::Ed448,
            ECDSA_WITH_SPECIFIED => Self::Ecdsa(Hash::read(&mut fields)?),
            SM2_WITH_SM3 => Self::Sm2,
            _ => NAMED.iter().find(|(known, _)| *known == oid).map(|(_, scheme)| *scheme)?,
        })
    }

    /// Whether a key of this kind makes such signatures.
    pub(super) fn fits(self, key: &KeyAlgorithm) -> bool {
        match self {
            Self::Dsa(_) => *key == KeyAlgorithm::Dsa,
            Self::Ecdsa(_) | Self::Sm2 => *key == KeyAlgorithm::Ec,
            Self::Ed25519 => *key == KeyAlgorithm::Ed25519,
            Self::Ed448 => *key == KeyAlgorithm::Ed448,
            Self::MlDsa(oid) => oid::dotted(oid).is_some_and(|dotted| key.as_str() == dotted),
            Self::Pkcs1(_) | Self::Pss(_) => *key == KeyAlgorithm::Rsa,
        }
    }
}

impl Pss {
    /// Reads the parameters; fields that are left out have the defaults of RFC 4055 section 3.1.
    fn read(mut fields: Reader<'_>) -> Option<Self> {
        let mut parameters = fields.sequence()?;
        let hash = match parameters.tagged(der::context(0)) {
            Some(explicit) => Hash::read(&mut explicit.reader())?,
            None => Hash::Sha1,
        };
        let mask = match parameters.tagged(der::context(1)) {
            Some(explicit) => {
                let mut function = explicit.reader().sequence()?;
                (function.oid()? == MGF1).then(|| Hash::read(&mut function))??
            }
            None => Hash::Sha1,
        };
        let salt =
            parameters.tagged(der::context(2)).map_or(Some(20), |explicit| explicit.reader().small())?;
        let trailer =
            parameters.tagged(der::context(3)).map_or(Some(1), |explicit| explicit.reader().small());
        (trailer == Some(1)).then_some(Self { hash, mask, salt: usize::try_from(salt).ok()? })
    }
}

/// RFC 8017 appendix B.2.1.
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// X9.62 `ecdsa-with-Specified`: the hash is a parameter.
const ECDSA_WITH_SPECIFIED: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// GM/T 0006.
const SM2_WITH_SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];

/// Algorithms whose identifier says it all: RFC 8017 appendix C (and OIW, TeleTrusT for old ones), RFC 3279
/// section 2.2, RFC 5758 section 3, NIST's arc 2.16.840.1.101.3.4.3, RFC 9881 section 2.
#[rustfmt::skip]
const NAMED: &[(&[u8], Scheme)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], Scheme::Pkcs1(Hash::Sha256)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], Scheme::Pkcs1(Hash::Sha384)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Scheme::Pkcs1(Hash::Sha512)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e], Scheme::Pkcs1(Hash::Sha224)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0f], Scheme::Pkcs1(Hash::Sha512_224)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x10], Scheme::Pkcs1(Hash::Sha512_256)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], Scheme::Pkcs1(Hash::Sha1)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], Scheme::Pkcs1(Hash::Md5)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x03], Scheme::Pkcs1(Hash::Md4)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02], Scheme::Pkcs1(Hash::Md2)),
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1d], Scheme::Pkcs1(Hash::Sha1)),
    (&[0x2b, 0x0e, 0x03, 0x02, 0x03], Scheme::Pkcs1(Hash::Md5)),
    (&[0x2b, 0x24, 0x03, 0x03, 0x01, 0x02], Scheme::Pkcs1(Hash::Ripemd160)),
    (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x78], Scheme::Pkcs1(Hash::Sm3)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0d], Scheme::Pkcs1(Hash::Sha3_224)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0e], Scheme::Pkcs1(Hash::Sha3_256)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0f], Scheme::Pkcs1(Hash::Sha3_384)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x10], Scheme::Pkcs1(Hash::Sha3_512)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], Scheme::Ecdsa(Hash::Sha256)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Scheme::Ecdsa(Hash::Sha384)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], Scheme::Ecdsa(Hash::Sha512)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01], Scheme::Ecdsa(Hash::Sha224)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], Scheme::Ecdsa(Hash::Sha1)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x09], Scheme::Ecdsa(Hash::Sha3_224)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0a], Scheme::Ecdsa(Hash::Sha3_256)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0b], Scheme::Ecdsa(Hash::Sha3_384)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x0c], Scheme::Ecdsa(Hash::Sha3_512)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], Scheme::Dsa(Hash::Sha1)),
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1b], Scheme::Dsa(Hash::Sha1)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x01], Scheme::Dsa(Hash::Sha224)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02], Scheme::Dsa(Hash::Sha256)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x03], Scheme::Dsa(Hash::Sha384)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x04], Scheme::Dsa(Hash::Sha512)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x05], Scheme::Dsa(Hash::Sha3_224)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x06], Scheme::Dsa(Hash::Sha3_256)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x07], Scheme::Dsa(Hash::Sha3_384)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x08], Scheme::Dsa(Hash::Sha3_512)),
    (oid::ML_DSA_44, Scheme::MlDsa(oid::ML_DSA_44)),
    (oid::ML_DSA_65, Scheme::MlDsa(oid::ML_DSA_65)),
    (oid::ML_DSA_87, Scheme::MlDsa(oid::ML_DSA_87)),
];
