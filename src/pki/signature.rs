//! Checks signatures over certificates, requests and revocation lists, for the algorithms that aws-lc has.

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use crate::oid;
use crate::pki::der::{self, Reader};
use crate::pki::spki::{self, Curve, KeyAlgorithm};

/// What became of a signature check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Checked {
    /// The key did not make this signature.
    Invalid,
    /// The algorithm, or the key's size, cannot be checked here. **That is no proof of anything.**
    NotSupported,
    /// The key made this signature.
    Valid,
}

/// Checks `signature` (the octets of the BIT STRING) over `tbs`; `algorithm_identifier` and `spki` are DER. A key of another kind than
/// the algorithm's is [`Checked::Invalid`].
pub fn check(tbs: &[u8], algorithm_identifier: &[u8], signature: &[u8], spki: &[u8]) -> Checked {
    let Some(scheme) = Scheme::read(algorithm_identifier) else {
        return Checked::NotSupported;
    };
    let canonical = spki::canonical(spki);
    let facts = spki::read(&canonical);
    let fits = match scheme {
        Scheme::Ecdsa(_) => facts.algorithm == KeyAlgorithm::Ec,
        Scheme::Ed25519 => facts.algorithm == KeyAlgorithm::Ed25519,
        Scheme::Pkcs1(_) | Scheme::Pss(_) => facts.algorithm == KeyAlgorithm::Rsa,
    };
    if !fits {
        return Checked::Invalid;
    }
    let Some((algorithm, key)) = scheme.verifier(facts.bits, facts.curve).zip(key_octets(&canonical)) else {
        return Checked::NotSupported;
    };
    // What aws-lc does not load (huge exponents, points off the curve) has made no signature that could be checked.
    let Ok(key) = ParsedPublicKey::new(algorithm, key) else {
        return Checked::NotSupported;
    };
    if key.verify_sig(tbs, signature).is_ok() { Checked::Valid } else { Checked::Invalid }
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A signature algorithm with its hash.
enum Scheme {
    Ecdsa(Hash),
    Ed25519,
    Pkcs1(Hash),
    Pss(Hash),
}

impl Scheme {
    fn read(algorithm_identifier: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(algorithm_identifier).sequence()?;
        Some(match fields.oid()? {
            SHA1_WITH_RSA | SHA1_WITH_RSA_OIW => Self::Pkcs1(Hash::Sha1),
            SHA256_WITH_RSA => Self::Pkcs1(Hash::Sha256),
            SHA384_WITH_RSA => Self::Pkcs1(Hash::Sha384),
            SHA512_WITH_RSA => Self::Pkcs1(Hash::Sha512),
            oid::RSASSA_PSS => Self::Pss(pss_hash(fields)?),
            ECDSA_WITH_SHA1 => Self::Ecdsa(Hash::Sha1),
            ECDSA_WITH_SHA256 => Self::Ecdsa(Hash::Sha256),
            ECDSA_WITH_SHA384 => Self::Ecdsa(Hash::Sha384),
            ECDSA_WITH_SHA512 => Self::Ecdsa(Hash::Sha512),
            oid::ED25519 => Self::Ed25519,
            _ => return None,
        })
    }

    /// aws-lc's algorithm for a key of this size or curve.
    fn verifier(&self, bits: u32, curve: Option<Curve>) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, curve) {
            (Self::Pkcs1(_), _) if !(1024..=8192).contains(&bits) => return None,
            (Self::Pkcs1(Hash::Sha1), _) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Self::Pkcs1(Hash::Sha256), _) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Self::Pkcs1(Hash::Sha512), _) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            // aws-lc-rs offers SHA-384 and PSS from 2048 bits on.
            (Self::Pkcs1(_) | Self::Pss(_), _) if !(2048..=8192).contains(&bits) => return None,
            (Self::Pkcs1(Hash::Sha384), _) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Pss(Hash::Sha256), _) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::Pss(Hash::Sha384), _) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::Pss(Hash::Sha512), _) => &signature::RSA_PSS_2048_8192_SHA512,
            (Self::Ed25519, _) => &signature::ED25519,
            (Self::Ecdsa(Hash::Sha1), Some(Curve::P256)) => &signature::ECDSA_P256_SHA1_ASN1,
            (Self::Ecdsa(Hash::Sha256), Some(Curve::P256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), Some(Curve::P256)) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), Some(Curve::P256)) => &signature::ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha256), Some(Curve::P384)) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), Some(Curve::P384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), Some(Curve::P384)) => &signature::ECDSA_P384_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha1), Some(Curve::P521)) => &signature::ECDSA_P521_SHA1_ASN1,
            (Self::Ecdsa(Hash::Sha256), Some(Curve::P521)) => &signature::ECDSA_P521_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), Some(Curve::P521)) => &signature::ECDSA_P521_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), Some(Curve::P521)) => &signature::ECDSA_P521_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha256), Some(Curve::Secp256k1)) => &signature::ECDSA_P256K1_SHA256_ASN1,
            _ => return None,
        })
    }
}

/// The hash of `RSASSA-PSS-params` (RFC 4055 section 3.1), where the mask generation function uses the same and the salt is as long:
/// the only combinations that aws-lc-rs checks, and the only ones the CA/Browser Forum allows. Absent parameters mean SHA-1.
fn pss_hash(mut fields: Reader<'_>) -> Option<Hash> {
    let mut parameters = fields.sequence()?;
    let hash = hash_of(parameters.tagged(der::context(0))?.reader())?;
    let mut mask = parameters.tagged(der::context(1))?.reader().sequence()?;
    if mask.oid()? != MGF1 || hash_of(mask)? != hash {
        return None;
    }
    let salt = parameters.tagged(der::context(2))?.reader().small()?;
    let length = match hash {
        Hash::Sha1 => return None,
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    };
    let trailer = parameters.tagged(der::context(3)).map_or(Some(1), |t| t.reader().small());
    (salt == length && trailer == Some(1)).then_some(hash)
}

/// The hash that an AlgorithmIdentifier names.
fn hash_of(mut reader: Reader<'_>) -> Option<Hash> {
    Some(match reader.sequence()?.oid()? {
        SHA256 => Hash::Sha256,
        SHA384 => Hash::Sha384,
        SHA512 => Hash::Sha512,
        _ => return None,
    })
}

/// The octets of the BIT STRING: `RSAPublicKey`, point or raw key.
fn key_octets(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(spki).sequence()?;
    fields.any()?;
    fields.bit_string()
}

// RFC 8017 appendix A.2.4 and C; OIW for the first variant.
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
const SHA1_WITH_RSA_OIW: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1d];
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const SHA384_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
const SHA512_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
// RFC 3279 section 2.2.3 and RFC 5758 section 3.2.
const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
// RFC 8017 appendix B.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::from_hex;

    const SIGNATURES: &str = include_str!("../../testdata/keys/signatures.txt");

    #[test]
    fn signatures_made_by_openssl() {
        for line in SIGNATURES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split(' ').collect();
            let [algorithm, spki, signature] = [1, 2, 3].map(|i| from_hex(fields[i]).expect("the file holds hexadecimal"));
            let expected = match fields[0] {
                // Too small, a salt of another length, a curve aws-lc lacks.
                "rsa512-sha256" | "rsa1024-sha384" | "pss-salt20" | "bp256-sha256" => Checked::NotSupported,
                _ => Checked::Valid,
            };
            assert_eq!(check(b"certrecall", &algorithm, &signature, &spki), expected, "{}", fields[0]);
            let refused = if expected == Checked::Valid { Checked::Invalid } else { expected };
            assert_eq!(check(b"certrevoke", &algorithm, &signature, &spki), refused, "{}", fields[0]);
            assert_eq!(check(b"certrecall", &algorithm, b"", &spki), refused, "{}", fields[0]);
            assert_eq!(check(b"certrecall", b"", &signature, &spki), Checked::NotSupported, "{}", fields[0]);
        }
    }

    #[test]
    fn a_key_of_another_kind_made_no_signature() {
        let line = |name: &str| SIGNATURES.lines().find(|l| l.starts_with(name)).expect("the file has this line").split(' ').collect::<Vec<_>>();
        let (rsa, ec) = (line("rsa1024-sha256"), line("p256-sha256"));
        let bytes = |text: &str| from_hex(text).expect("the file holds hexadecimal");
        assert_eq!(check(b"certrecall", &bytes(rsa[1]), &bytes(rsa[3]), &bytes(ec[2])), Checked::Invalid);
        assert_eq!(check(b"certrecall", &bytes(ec[1]), &bytes(ec[3]), &bytes(rsa[2])), Checked::Invalid);
        assert_eq!(check(b"certrecall", &bytes(ec[1]), &bytes(ec[3]), b"rubbish"), Checked::Invalid);
    }
}
