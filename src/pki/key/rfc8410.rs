//! Ed25519, Ed448, X25519 and X448 keys in PKCS #8 (RFC 8410 section 7).

use aws_lc_rs::agreement::{self, X25519};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::edwards;
use super::error::KeyError;
use super::halves::settle;
use crate::oid;
use crate::pki::der::{self, Reader};
use crate::pki::spki::KeyFacts;

/// Reads a key; `private` is the content of the outer OCTET STRING.
pub(super) fn read(
    oid: &[u8],
    algorithm: &[u8],
    private: &[u8],
    public: Option<&[u8]>,
) -> Result<KeyFacts, KeyError> {
    let octets = match oid {
        oid::ED448 => 57,
        oid::X448 => 56,
        _ => 32,
    };
    // RFC 8410 section 7: an OCTET STRING within the OCTET STRING. Some writers leave the inner one out.
    let mut inner = Reader::new(private);
    let nested = inner.octet_string().filter(|_| inner.is_empty());
    let key = nested.filter(|key| [octets, 2 * octets].contains(&key.len())).unwrap_or(private);
    // Others append the public key to the seed, as NaCl does.
    let (seed, appended) = match key.len() {
        length if length == octets => (key, None),
        length if length == 2 * octets => (&key[..octets], Some(&key[octets..])),
        _ => return Err(KeyError::Malformed("CurvePrivateKey")),
    };
    let computed = match oid {
        oid::ED25519 => ed25519(seed),
        oid::X25519 => agreement::PrivateKey::from_private_key(&X25519, seed)
            .ok()
            .and_then(|k| Some(k.compute_public_key().ok()?.as_ref().to_vec())),
        oid::ED448 => edwards::ed448_public(seed),
        _ => edwards::x448_public(seed),
    };
    Ok(settle(algorithm, computed.as_deref(), public.or(appended)))
}

/// The public key of an Ed25519 seed (RFC 8032 section 5.1.5).
pub(super) fn ed25519(seed: &[u8]) -> Option<Vec<u8>> {
    if seed.len() != 32 {
        return None;
    }
    Some(Ed25519KeyPair::from_seed_unchecked(seed).ok()?.public_key().as_ref().to_vec())
}

/// The AlgorithmIdentifier of one of these: the OID and nothing else (RFC 8410 section 3).
pub(super) fn algorithm(oid: &[u8]) -> Vec<u8> {
    der::tlv(der::SEQUENCE, &der::tlv(der::OID, oid))
}
