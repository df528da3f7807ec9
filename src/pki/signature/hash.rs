//! Hash functions that signatures are made over, by their names in ASN.1.

use aws_lc_rs::digest::{self, Algorithm};
use sha3::Digest;

use crate::oid;
use crate::pki::der::Reader;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md2,
    Md4,
    Md5,
    Ripemd160,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Sha512,
    Sha512_224,
    Sha512_256,
    Sm3,
}

impl Hash {
    /// The function that an AlgorithmIdentifier names; its parameters, NULL or nothing, say nothing.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let oid = reader.sequence()?.oid()?;
        OIDS.iter().find(|(_, known)| *known == oid).map(|(hash, _)| *hash)
    }

    /// The content octets of its OID, or of each, where programs differ.
    pub(super) fn oids(self) -> impl Iterator<Item = &'static [u8]> {
        OIDS.iter().filter(move |(hash, _)| *hash == self).map(|(_, oid)| *oid)
    }

    /// The hash of these octets, one part behind another.
    pub(super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md2 => portable::<md2::Md2>(parts),
            Self::Md4 => portable::<md4::Md4>(parts),
            Self::Md5 => portable::<md5::Md5>(parts),
            Self::Ripemd160 => portable::<ripemd::Ripemd160>(parts),
            Self::Sha1 => fast(&digest::SHA1_FOR_LEGACY_USE_ONLY, parts),
            Self::Sha224 => fast(&digest::SHA224, parts),
            Self::Sha256 => fast(&digest::SHA256, parts),
            Self::Sha384 => fast(&digest::SHA384, parts),
            Self::Sha3_224 => portable::<sha3::Sha3_224>(parts),
            Self::Sha3_256 => fast(&digest::SHA3_256, parts),
            Self::Sha3_384 => fast(&digest::SHA3_384, parts),
            Self::Sha3_512 => fast(&digest::SHA3_512, parts),
            Self::Sha512 => fast(&digest::SHA512, parts),
            Self::Sha512_224 => portable::<sha2::Sha512_224>(parts),
            Self::Sha512_256 => fast(&digest::SHA512_256, parts),
            Self::Sm3 => portable::<sm3::Sm3>(parts),
        }
    }
}

fn fast(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

fn portable<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = D::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().to_vec()
}

/// RFC 8017 appendix B.1 and C, NIST's arc 2.16.840.1.101.3.4.2 (FIPS 180-4, FIPS 202), TeleTrusT's for
/// RIPEMD-160, GM/T 0006 for SM3.
const OIDS: &[(Hash, &[u8])] = &[
    (Hash::Sha256, oid::SHA256),
    (Hash::Sha384, oid::SHA384),
    (Hash::Sha512, oid::SHA512),
    (Hash::Sha224, oid::SHA224),
    (Hash::Sha512_224, oid::SHA512_224),
    (Hash::Sha512_256, oid::SHA512_256),
    (Hash::Sha3_224, oid::SHA3_224),
    (Hash::Sha3_256, oid::SHA3_256),
    (Hash::Sha3_384, oid::SHA3_384),
    (Hash::Sha3_512, oid::SHA3_512),
    (Hash::Sha1, oid::SHA1),
    (Hash::Md2, oid::MD2),
    (Hash::Md4, oid::MD4),
    // OpenSSL 3 signs with this one.
    (Hash::Md4, oid::MD4_RSADSI),
    (Hash::Md5, oid::MD5),
    (Hash::Ripemd160, oid::RIPEMD160),
    (Hash::Sm3, oid::SM3),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::hex;

    /// RFC 1319 appendix A.5: OpenSSL has this one no longer, and so makes no test signatures with it.
    #[test]
    fn known_answers() {
        assert_eq!(hex(&Hash::Md2.of(&[b"a", b"bc"])), "da853b0d3f88d99b30283a69e6ded6bb");
        assert_eq!(hex(&Hash::Md2.of(&[])), "8350e5a3e24c153df2275c9f80692773");
    }
}
