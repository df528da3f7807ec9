//! ML-DSA keys (FIPS 204) in PKCS #8 (RFC 9881 section 6): the seed, the expanded key, or both.

use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
};

use super::halves::{settle, with};
use crate::finding::Code;
use crate::oid;
use crate::pki::der::Reader;
use crate::pki::spki::KeyFacts;

/// Octets of a seed, for each set of parameters.
const SEED: usize = 32;

/// The tag of `seed [0] IMPLICIT OCTET STRING`.
const SEED_TAG: u8 = 0x80;

/// The set of parameters that an OID names.
fn parameters(oid: &[u8]) -> Option<&'static PqdsaSigningAlgorithm> {
    match oid {
        oid::ML_DSA_44 => Some(&ML_DSA_44_SIGNING),
        oid::ML_DSA_65 => Some(&ML_DSA_65_SIGNING),
        oid::ML_DSA_87 => Some(&ML_DSA_87_SIGNING),
        _ => None,
    }
}

/// Reads a key; `private` is the content of the outer OCTET STRING. A seed is believed; an expanded key
/// beside it has to belong to it.
pub(super) fn read(oid: &[u8], algorithm: &[u8], private: &[u8], public: Option<&[u8]>) -> KeyFacts {
    let (seed, expanded) = parts(private);
    let from_seed = seed.and_then(|seed| PqdsaKeyPair::from_seed(parameters(oid)?, seed).ok());
    let from_expanded =
        expanded.and_then(|key| PqdsaKeyPair::from_raw_private_key(parameters(oid)?, key).ok());
    let halves =
        [&from_seed, &from_expanded].map(|pair| pair.as_ref().map(|pair| pair.public_key().as_ref()));
    let facts = settle(algorithm, halves[0].or(halves[1]), public);
    match halves {
        [Some(one), Some(other)] if one != other => with(facts, Code::KeyMismatch),
        _ => facts,
    }
}

/// The seed and the expanded key, as far as they are there. Before RFC 9881 they were written without a tag
/// of their own.
fn parts(private: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let mut reader = Reader::new(private);
    if let Some(seed) = reader.tagged(SEED_TAG) {
        return (Some(seed.content), None);
    }
    if let Some(mut both) = Reader::new(private).sequence() {
        return (both.octet_string(), both.octet_string());
    }
    let key = Reader::new(private).octet_string().unwrap_or(private);
    if key.len() == SEED { (Some(key), None) } else { (None, Some(key)) }
}
