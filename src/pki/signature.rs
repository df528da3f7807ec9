//! Checks signatures over certificates, requests and revocation lists.
//!
//! aws-lc checks what it offers. Everything else that OpenSSL checks is checked here: [`rsa`], [`dsa`] and
//! [`ec`] compute with public numbers only, in variable time, and within limits. An algorithm that is not
//! checked is a way around every rule that rests on signatures.

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use crate::oid;
use crate::pki::der::Reader;
use crate::pki::key::edwards;
use crate::pki::spki::{self, Curve, KeyFacts};

mod checked;
mod dsa;
mod ec;
mod hash;
mod rsa;
mod scalar;
mod scheme;

pub use checked::Checked;
use hash::Hash;
use scheme::{Pss, Scheme};

/// Checks `signature` (the octets of the BIT STRING) over `tbs`; `algorithm_identifier` and `spki` are DER. A
/// key of another kind than the algorithm's is [`Checked::Invalid`].
pub fn check(tbs: &[u8], algorithm_identifier: &[u8], signature: &[u8], spki: &[u8]) -> Checked {
    let Some(scheme) = Scheme::read(algorithm_identifier) else {
        return Checked::NotSupported;
    };
    let canonical = spki::canonical(spki);
    let facts = spki::read(&canonical);
    if !scheme.fits(&facts.algorithm) {
        return Checked::Invalid;
    }
    let Some(key) = key_octets(&canonical) else {
        return Checked::NotSupported;
    };
    match by_library(scheme, &facts, tbs, signature, key) {
        // aws-lc takes one of the two forms that PKCS #1 v1.5 has.
        Some(Checked::Invalid) if matches!(scheme, Scheme::Pkcs1(_)) => {}
        Some(checked) => return checked,
        None => {}
    }
    match (scheme, facts.curve) {
        (Scheme::Dsa(hash), _) => dsa::check(hash, tbs, signature, &canonical, key),
        (Scheme::Ecdsa(hash), Some(curve)) => ec::ecdsa(curve, hash, tbs, signature, key),
        (Scheme::Sm2, Some(curve)) => ec::sm2(curve, tbs, signature, key),
        (Scheme::Ed448, _) => match edwards::ed448_verify(key, tbs, signature) {
            Some(true) => Checked::Valid,
            Some(false) => Checked::Invalid,
            None => Checked::NotSupported,
        },
        (Scheme::Pkcs1(hash), _) => rsa::pkcs1(hash, tbs, signature, key),
        (Scheme::Pss(parameters), _) => rsa::pss(parameters, tbs, signature, key),
        // A curve without a name: whoever chose it may know a key for every point (CVE-2020-0601).
        (Scheme::Ecdsa(_) | Scheme::Sm2, None) | (Scheme::Ed25519 | Scheme::MlDsa(_), _) => {
            Checked::NotSupported
        }
    }
}

/// Checks with aws-lc; `None` for what it does not offer, and for keys that it does not load (huge exponents,
/// points off the curve).
fn by_library(scheme: Scheme, facts: &KeyFacts, tbs: &[u8], signature: &[u8], key: &[u8]) -> Option<Checked> {
    let key = ParsedPublicKey::new(verifier(scheme, facts.bits, facts.curve)?, key).ok()?;
    Some(if key.verify_sig(tbs, signature).is_ok() { Checked::Valid } else { Checked::Invalid })
}

/// aws-lc's algorithm for a key of this size or curve.
fn verifier(scheme: Scheme, bits: u32, curve: Option<Curve>) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (scheme, curve) {
        (Scheme::Pkcs1(_) | Scheme::Pss(_), _) if !(1024..=8192).contains(&bits) => return None,
        (Scheme::Pkcs1(Hash::Sha1), _) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Scheme::Pkcs1(Hash::Sha256), _) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Scheme::Pkcs1(Hash::Sha512), _) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        // aws-lc-rs offers SHA-384 and PSS from 2048 bits on.
        (Scheme::Pkcs1(_) | Scheme::Pss(_), _) if bits < 2048 => return None,
        (Scheme::Pkcs1(Hash::Sha384), _) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Scheme::Pss(Pss { hash: Hash::Sha256, mask: Hash::Sha256, salt: 32 }), _) => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        (Scheme::Pss(Pss { hash: Hash::Sha384, mask: Hash::Sha384, salt: 48 }), _) => {
            &signature::RSA_PSS_2048_8192_SHA384
        }
        (Scheme::Pss(Pss { hash: Hash::Sha512, mask: Hash::Sha512, salt: 64 }), _) => {
            &signature::RSA_PSS_2048_8192_SHA512
        }
        (Scheme::Ed25519, _) => &signature::ED25519,
        (Scheme::Ecdsa(Hash::Sha1), Some(Curve::P256)) => &signature::ECDSA_P256_SHA1_ASN1,
        (Scheme::Ecdsa(Hash::Sha256), Some(Curve::P256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (Scheme::Ecdsa(Hash::Sha384), Some(Curve::P256)) => &signature::ECDSA_P256_SHA384_ASN1,
        (Scheme::Ecdsa(Hash::Sha512), Some(Curve::P256)) => &signature::ECDSA_P256_SHA512_ASN1,
        (Scheme::Ecdsa(Hash::Sha256), Some(Curve::P384)) => &signature::ECDSA_P384_SHA256_ASN1,
        (Scheme::Ecdsa(Hash::Sha384), Some(Curve::P384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (Scheme::Ecdsa(Hash::Sha512), Some(Curve::P384)) => &signature::ECDSA_P384_SHA512_ASN1,
        (Scheme::Ecdsa(Hash::Sha1), Some(Curve::P521)) => &signature::ECDSA_P521_SHA1_ASN1,
        (Scheme::Ecdsa(Hash::Sha256), Some(Curve::P521)) => &signature::ECDSA_P521_SHA256_ASN1,
        (Scheme::Ecdsa(Hash::Sha384), Some(Curve::P521)) => &signature::ECDSA_P521_SHA384_ASN1,
        (Scheme::Ecdsa(Hash::Sha512), Some(Curve::P521)) => &signature::ECDSA_P521_SHA512_ASN1,
        (Scheme::Ecdsa(Hash::Sha256), Some(Curve::Secp256k1)) => &signature::ECDSA_P256K1_SHA256_ASN1,
        (Scheme::MlDsa(oid::ML_DSA_44), _) => &signature::ML_DSA_44,
        (Scheme::MlDsa(oid::ML_DSA_65), _) => &signature::ML_DSA_65,
        (Scheme::MlDsa(oid::ML_DSA_87), _) => &signature::ML_DSA_87,
        _ => return None,
    })
}

/// The octets of the BIT STRING: `RSAPublicKey`, point or raw key.
fn key_octets(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(spki).sequence()?;
    fields.any()?;
    fields.bit_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::from_hex;

    const SIGNATURES: &str = include_str!("../../testdata/keys/signatures.txt");

    #[test]
    fn signatures_made_by_openssl() {
        for line in SIGNATURES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split(' ').collect();
            let [algorithm, spki, signature] =
                [1, 2, 3].map(|i| from_hex(fields[i]).expect("the file holds hexadecimal"));
            assert_eq!(check(b"certrecall", &algorithm, &signature, &spki), Checked::Valid, "{}", fields[0]);
            assert_eq!(
                check(b"certrevoke", &algorithm, &signature, &spki),
                Checked::Invalid,
                "{}",
                fields[0]
            );
            assert_eq!(check(b"certrecall", &algorithm, b"", &spki), Checked::Invalid, "{}", fields[0]);
            assert_eq!(check(b"certrecall", b"", &signature, &spki), Checked::NotSupported, "{}", fields[0]);
        }
    }

    #[test]
    fn a_key_of_another_kind_made_no_signature() {
        let line = |name: &str| {
            SIGNATURES
                .lines()
                .find(|l| l.starts_with(name))
                .expect("the file has this line")
                .split(' ')
                .collect::<Vec<_>>()
        };
        let (rsa, ec) = (line("rsa1024-sha256"), line("p256-sha256"));
        let bytes = |text: &str| from_hex(text).expect("the file holds hexadecimal");
        assert_eq!(check(b"certrecall", &bytes(rsa[1]), &bytes(rsa[3]), &bytes(ec[2])), Checked::Invalid);
        assert_eq!(check(b"certrecall", &bytes(ec[1]), &bytes(ec[3]), &bytes(rsa[2])), Checked::Invalid);
        assert_eq!(check(b"certrecall", &bytes(ec[1]), &bytes(ec[3]), b"rubbish"), Checked::Invalid);
    }
}
