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
            oid::ECDSA_WITH_SPECIFIED => Self::Ecdsa(Hash::read(&mut fields)?),
            oid::SM2_WITH_SM3 => Self::Sm2,
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
                (function.oid()? == oid::MGF1).then(|| Hash::read(&mut function))??
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

/// Algorithms whose identifier says it all: RFC 8017 appendix C (and OIW, TeleTrusT for old ones), RFC 3279
/// section 2.2, RFC 5758 section 3, NIST's arc 2.16.840.1.101.3.4.3, RFC 9881 section 2.
#[rustfmt::skip]
const NAMED: &[(&[u8], Scheme)] = &[
    (oid::RSA_SHA256, Scheme::Pkcs1(Hash::Sha256)),
    (oid::RSA_SHA384, Scheme::Pkcs1(Hash::Sha384)),
    (oid::RSA_SHA512, Scheme::Pkcs1(Hash::Sha512)),
    (oid::RSA_SHA224, Scheme::Pkcs1(Hash::Sha224)),
    (oid::RSA_SHA512_224, Scheme::Pkcs1(Hash::Sha512_224)),
    (oid::RSA_SHA512_256, Scheme::Pkcs1(Hash::Sha512_256)),
    (oid::RSA_SHA1, Scheme::Pkcs1(Hash::Sha1)),
    (oid::RSA_MD5, Scheme::Pkcs1(Hash::Md5)),
    (oid::RSA_MD4, Scheme::Pkcs1(Hash::Md4)),
    (oid::RSA_MD2, Scheme::Pkcs1(Hash::Md2)),
    (oid::RSA_SHA1_OIW, Scheme::Pkcs1(Hash::Sha1)),
    (oid::RSA_MD5_OIW, Scheme::Pkcs1(Hash::Md5)),
    (oid::RSA_RIPEMD160, Scheme::Pkcs1(Hash::Ripemd160)),
    (oid::RSA_SM3, Scheme::Pkcs1(Hash::Sm3)),
    (oid::RSA_SHA3_224, Scheme::Pkcs1(Hash::Sha3_224)),
    (oid::RSA_SHA3_256, Scheme::Pkcs1(Hash::Sha3_256)),
    (oid::RSA_SHA3_384, Scheme::Pkcs1(Hash::Sha3_384)),
    (oid::RSA_SHA3_512, Scheme::Pkcs1(Hash::Sha3_512)),
    (oid::ECDSA_SHA256, Scheme::Ecdsa(Hash::Sha256)),
    (oid::ECDSA_SHA384, Scheme::Ecdsa(Hash::Sha384)),
    (oid::ECDSA_SHA512, Scheme::Ecdsa(Hash::Sha512)),
    (oid::ECDSA_SHA224, Scheme::Ecdsa(Hash::Sha224)),
    (oid::ECDSA_SHA1, Scheme::Ecdsa(Hash::Sha1)),
    (oid::ECDSA_SHA3_224, Scheme::Ecdsa(Hash::Sha3_224)),
    (oid::ECDSA_SHA3_256, Scheme::Ecdsa(Hash::Sha3_256)),
    (oid::ECDSA_SHA3_384, Scheme::Ecdsa(Hash::Sha3_384)),
    (oid::ECDSA_SHA3_512, Scheme::Ecdsa(Hash::Sha3_512)),
    (oid::DSA_SHA1, Scheme::Dsa(Hash::Sha1)),
    (oid::DSA_SHA1_OIW, Scheme::Dsa(Hash::Sha1)),
    (oid::DSA_SHA224, Scheme::Dsa(Hash::Sha224)),
    (oid::DSA_SHA256, Scheme::Dsa(Hash::Sha256)),
    (oid::DSA_SHA384, Scheme::Dsa(Hash::Sha384)),
    (oid::DSA_SHA512, Scheme::Dsa(Hash::Sha512)),
    (oid::DSA_SHA3_224, Scheme::Dsa(Hash::Sha3_224)),
    (oid::DSA_SHA3_256, Scheme::Dsa(Hash::Sha3_256)),
    (oid::DSA_SHA3_384, Scheme::Dsa(Hash::Sha3_384)),
    (oid::DSA_SHA3_512, Scheme::Dsa(Hash::Sha3_512)),
    (oid::ML_DSA_44, Scheme::MlDsa(oid::ML_DSA_44)),
    (oid::ML_DSA_65, Scheme::MlDsa(oid::ML_DSA_65)),
    (oid::ML_DSA_87, Scheme::MlDsa(oid::ML_DSA_87)),
];
