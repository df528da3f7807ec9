//! Which object some bytes are, by their first elements; what they begin like, and what is wrong with them.

use std::sync::Arc;

use super::der::{self, BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::key::{self, KeyError};
use super::object::{Object, Unread};
use super::{ber, cert, crl, csr, spki};
use crate::finding::Reason;
use crate::oid;

/// How long an object is that these bytes begin like: a SEQUENCE with a length in long form whose first
/// element is a SEQUENCE (certificates, requests, lists, public keys), a small INTEGER (keys, PKCS #12) or an
/// OID (PKCS #7). Text cannot begin like that.
pub(crate) fn declared_length(bytes: &[u8]) -> Option<usize> {
    let (tag, header, length) = der::header(bytes)?;
    let like_an_object = match bytes.get(header..header + 3)? {
        [SEQUENCE, second, _] => *second >= 0x80,
        [INTEGER, 1, version] => *version <= 4,
        [OID, 9, 0x2a] => true,
        _ => false,
    };
    (tag == SEQUENCE && header > 2 && like_an_object).then(|| header.saturating_add(length))
}

/// Whether bytes begin like an object in BER: a SEQUENCE whose end is marked (X.690 section 8.1.3.6), with a
/// first element as above.
pub(crate) fn begins_without_length(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [SEQUENCE, 0x80, SEQUENCE, 0x80..=0xff, ..]
            | [SEQUENCE, 0x80, INTEGER, 1, 0..=4, ..]
            | [SEQUENCE, 0x80, OID, 9, 0x2a, ..]
    )
}

/// The first element of some bytes, whole, and what follows it; also in BER.
pub(crate) fn first_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    ber::element(bytes).map(|(tlv, rest)| (tlv.raw, rest))
}

/// Tells the object by the tags of its first elements. `Ok(None)`: none of them.
///
/// # Errors
/// [`Unread`] for what is encrypted or a container of another kind.
pub(super) fn by_tags(der: &[u8]) -> Result<Option<Object>, Unread> {
    let Some((outer, _)) = der::first(der).filter(|(t, _)| t.tag == SEQUENCE) else {
        return Ok(None);
    };
    let mut parts = outer.reader();
    let tags = [parts.any(), parts.any(), parts.any()].map(|t| t.map(|t| t.tag));
    Ok(match tags {
        [Some(SEQUENCE), Some(SEQUENCE), Some(BIT_STRING)] => signed(der),
        [Some(SEQUENCE), Some(SEQUENCE), None] if is_bcfks(outer.reader()) => return Err(container("bcfks")),
        // A certificate whose signature is cut or of another type.
        [Some(SEQUENCE), Some(SEQUENCE), _] => cert::read(der).map(|c| Object::Certificate(Arc::new(c))),
        [Some(SEQUENCE), Some(BIT_STRING), _] => Some(Object::PublicKey(Arc::new(spki::read(outer.raw)))),
        [Some(SEQUENCE), Some(OCTET_STRING), None]
            if outer.reader().sequence().and_then(|mut a| a.oid()).is_some_and(|oid| !is_digest(oid)) =>
        {
            return Err(Unread::Locked(Reason::PassphraseNeeded, None));
        }
        [Some(INTEGER), Some(SEQUENCE), third] if third == Some(SEQUENCE) || is_pfx(outer.reader()) => {
            return Err(container("pkcs12"));
        }
        [Some(INTEGER), Some(INTEGER), third] => integers(der, outer.reader(), third)?,
        [Some(INTEGER), Some(SEQUENCE | OCTET_STRING), _] => private_key(der)?,
        _ => None,
    })
}

fn signed(der: &[u8]) -> Option<Object> {
    // A request's third element is the SubjectPublicKeyInfo, a list's is a time; everything else is tried as
    // a certificate first.
    let mut tbs = der::first(der)?.0.reader().sequence()?;
    let explicit_version = tbs.peek() == Some(context(0));
    if !explicit_version {
        if let Some(list) = crl::read(der) {
            return Some(Object::Crl(Arc::new(list)));
        }
        let mut probe = tbs;
        if probe.integer().is_some() && probe.sequence().is_some() && is_spki(probe) {
            return csr::read(der).map(|r| Object::Request(Arc::new(r)));
        }
        tbs = probe;
    }
    let _ = tbs;
    cert::read(der).map(|c| Object::Certificate(Arc::new(c)))
}

fn is_spki(mut reader: Reader<'_>) -> bool {
    reader.sequence().is_some_and(|mut s| s.sequence().is_some() && s.peek() == Some(BIT_STRING))
}

/// Whether bytes look like a signature of ECDSA or DSA (RFC 3279 section 2.2.2): two numbers of about the
/// same size, of 66 octets at most. A public key of PKCS #1 has the same shape.
pub(crate) fn is_signature(der: &[u8]) -> bool {
    let numbers = Reader::new(der).sequence().and_then(|mut s| Some((s.unsigned()?, s.unsigned()?)));
    numbers.is_some_and(|(first, second)| first.len() <= 66 && second.len() > first.len() / 2)
}

/// Whether an algorithm is a hash: with an OCTET STRING it is a DigestInfo (RFC 8017 section 9.2), not an
/// encrypted key.
fn is_digest(algorithm: &[u8]) -> bool {
    // RSADSI's digestAlgorithm, NIST's hashAlgs, OIW's SHA-1, TeleTrusT's RIPEMD.
    const ARCS: [&[u8]; 4] = [oid::RSADSI_DIGESTS, oid::NIST_HASHES, oid::SHA1, oid::TELETRUST_HASHES];
    ARCS.iter().any(|arc| algorithm.starts_with(arc))
}

/// Whether bytes are an encrypted private key (RFC 5958 section 3) under one of the schemes in use: those of
/// PKCS #5 and PKCS #12.
pub(crate) fn is_encrypted_key(der: &[u8]) -> bool {
    let algorithm =
        Reader::new(der).sequence().and_then(|mut info| info.sequence()).and_then(|mut a| a.oid());
    algorithm.is_some_and(|oid| oid.starts_with(&oid::PBES2[..8]) || oid.starts_with(oid::PKCS12_PBE))
}

/// PFX (RFC 7292 section 4): a version, which is 3 by rights, then a ContentInfo.
fn is_pfx(mut reader: Reader<'_>) -> bool {
    reader.small().is_some()
        && reader.sequence().is_some_and(|mut info| matches!(info.oid(), Some(oid::DATA | oid::SIGNED_DATA)))
}

/// A keystore of Bouncy Castle (its `ObjectStore`): what is encrypted, as an AlgorithmIdentifier with PBES2
/// (RFC 8018 section 6.2) and an OCTET STRING, then the check, as algorithms of MAC and key derivation and an
/// OCTET STRING.
fn is_bcfks(mut reader: Reader<'_>) -> bool {
    let (Some(mut store), Some(mut check)) = (reader.sequence(), reader.sequence()) else { return false };
    let encrypted = store.sequence().and_then(|mut a| a.oid()) == Some(oid::PBES2)
        && store.octet_string().is_some()
        && store.is_empty();
    let mut algorithm = || check.sequence().and_then(|mut a| a.oid()).is_some();
    encrypted && algorithm() && algorithm() && check.octet_string().is_some()
}

/// A SEQUENCE of INTEGERs: an RSA or DSA private key, an RSA public key, or DH parameters (p and a small
/// generator).
fn integers(der: &[u8], mut reader: Reader<'_>, third: Option<u8>) -> Result<Option<Object>, Unread> {
    if third == Some(INTEGER)
        && let Some(key) = private_key(der)?
    {
        return Ok(Some(key));
    }
    let (Some(modulus), Some(second)) = (reader.unsigned(), reader.unsigned()) else { return Ok(None) };
    if modulus.len() < 16 {
        return Ok(None);
    }
    // What is encrypted by SM2 begins with two numbers too.
    if third.is_some_and(|third| third != INTEGER) {
        return Ok(None);
    }
    if third.is_some() || matches!(second, [2 | 5]) {
        return Ok(Some(Object::Parameters(if third.is_some() && second.len() > 8 { "dsa" } else { "dh" })));
    }
    Ok(spki::read_rsa_public_key(der).map(|facts| Object::PublicKey(Arc::new(facts))))
}

fn private_key(der: &[u8]) -> Result<Option<Object>, Unread> {
    match key::read(der) {
        Ok(key) => Ok(Some(Object::PrivateKey(Arc::new(key)))),
        Err(KeyError::Encrypted) => Err(Unread::Locked(Reason::PassphraseNeeded, None)),
        Err(_) => Ok(None),
    }
}

fn container(name: &str) -> Unread {
    Unread::Skipped(Reason::FormatNotRead, name.to_owned())
}

/// What is wrong with bytes that should have been an object, without showing any of them.
pub(super) fn explain(der: &[u8]) -> String {
    match der::header(der) {
        Some((_, header, length)) if header.saturating_add(length) > der.len() => {
            format!("cut short: {} of {} bytes are there", der.len(), header.saturating_add(length))
        }
        Some((SEQUENCE, ..)) => {
            format!("{} bytes of DER in the shape of none of the objects known", der.len())
        }
        _ => format!("{} bytes that are not DER", der.len()),
    }
}
