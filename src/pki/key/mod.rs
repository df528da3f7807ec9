//! Private keys: the public half computed from the private numbers, and checked against what the file says of
//! it.
//!
//! [`read`] judges DER by its content (PKCS #8, PKCS #1, SEC 1, traditional DSA), [`read_openssh`] reads
//! OpenSSH's own format. Both give a [`PrivateKey`] that holds public facts only: private numbers live in the
//! caller's buffer and in wiped copies here, and appear in no finding and no error.

mod dl;
mod ec;
pub(super) mod edwards;
mod error;
mod halves;
mod mldsa;
mod openssh;
mod rfc8410;
mod rsa;
mod shake;

use crate::finding::Code;
use crate::oid;
use crate::pki::der::{self, Reader, Tlv, strip_zeros};
use crate::pki::spki::{self, KeyFacts};

pub(crate) use error::KeyError;
use halves::settle;

/// A private key that was found, as far as it concerns anybody: its public facts.
#[derive(Debug, Clone)]
pub struct PrivateKey {
    /// What the private numbers say of the public half.
    pub facts: KeyFacts,
}

/// Reads a private key in DER, whatever its form.
pub(crate) fn read(der: &[u8]) -> Result<PrivateKey, KeyError> {
    read_with_parameters(der, None)
}

/// Reads a private key in DER; `ec_parameters` is the content of an `EC PARAMETERS` block in front of it, for
/// EC keys that name no curve.
pub(crate) fn read_with_parameters(der: &[u8], ec_parameters: Option<&[u8]>) -> Result<PrivateKey, KeyError> {
    let (outer, rest) = der::first(der).ok_or(KeyError::NotAKey)?;
    if outer.tag != der::SEQUENCE {
        return Err(KeyError::NotAKey);
    }
    let mut facts = judge(outer, ec_parameters)?;
    if !rest.is_empty() {
        facts.findings.insert(Code::TrailingData);
    }
    Ok(PrivateKey { facts })
}

/// Reads the decoded body of an `OPENSSH PRIVATE KEY`.
pub(crate) fn read_openssh(bytes: &[u8]) -> Result<PrivateKey, KeyError> {
    Ok(PrivateKey { facts: openssh::read(bytes)? })
}

/// The public half that lies in the clear in an `OPENSSH PRIVATE KEY`, encrypted or not. Nothing proves that
/// it belongs to the private one.
pub(crate) fn read_openssh_public(bytes: &[u8]) -> Option<KeyFacts> {
    openssh::read_public(bytes)
}

/// Tells the forms apart by the tags they begin with; no two of them share these.
fn judge(outer: Tlv<'_>, ec_parameters: Option<&[u8]>) -> Result<KeyFacts, KeyError> {
    let mut fields = outer.reader();
    if fields.peek() == Some(der::SEQUENCE) {
        // EncryptedPrivateKeyInfo (RFC 5958 section 3): an AlgorithmIdentifier and an OCTET STRING, nothing
        // else.
        let encrypted = fields.sequence().and_then(|mut algorithm| algorithm.oid()).is_some()
            && fields.octet_string().is_some()
            && fields.is_empty();
        return Err(if encrypted { KeyError::Encrypted } else { KeyError::NotAKey });
    }
    let version = fields.integer().ok_or(KeyError::NotAKey)?;
    let (mut facts, versions) = match fields.peek() {
        Some(der::SEQUENCE) => (pkcs8(fields, ec_parameters)?, 2),
        Some(der::OCTET_STRING) if version == [1] => {
            (ec::read(&ec::Sec1::read(outer.raw).ok_or(KeyError::NotAKey)?, None, None, ec_parameters), 2)
        }
        Some(der::INTEGER) => (integers(fields)?, 2),
        _ => return Err(KeyError::NotAKey),
    };
    if strip_zeros(version).iter().any(|v| *v >= versions) || version.len() > 1 {
        facts.findings.insert(Code::UnusualVersion);
    }
    Ok(facts)
}

/// PKCS #1 (RFC 8017 appendix A.1.2) and traditional DSA: nothing but INTEGERs after the version, told apart
/// by their number.
fn integers(fields: Reader<'_>) -> Result<KeyFacts, KeyError> {
    match fields.take_while(|field| field.tag == der::INTEGER).count() {
        // n, e, d and five numbers for the Chinese remainder theorem; or the first three alone.
        8 | 3 => Ok(rsa::read(
            spki::RSA_ALGORITHM,
            &rsa::Numbers::read(fields).ok_or(KeyError::Malformed("RSAPrivateKey"))?,
        )),
        // p, q, g, y, x.
        5 => dl::traditional_dsa(fields).ok_or(KeyError::Malformed("DSA private key")),
        _ => Err(KeyError::NotAKey),
    }
}

/// `OneAsymmetricKey` of RFC 5958 section 2, after its version.
fn pkcs8(mut fields: Reader<'_>, ec_parameters: Option<&[u8]>) -> Result<KeyFacts, KeyError> {
    let algorithm = fields.any().ok_or(KeyError::NotAKey)?;
    let mut inner = algorithm.reader();
    let oid = inner.oid().ok_or(KeyError::NotAKey)?;
    let parameters = inner.any();
    let private = fields.octet_string().ok_or(KeyError::NotAKey)?;
    let public = outer_public_key(fields);
    match oid {
        oid::RSA | oid::RSASSA_PSS | oid::RSAES_OAEP => {
            let mut numbers = Reader::new(private).sequence().ok_or(KeyError::Malformed("RSAPrivateKey"))?;
            numbers.integer();
            let numbers = rsa::Numbers::read(numbers).ok_or(KeyError::Malformed("RSAPrivateKey"))?;
            Ok(rsa::read(algorithm.raw, &numbers))
        }
        oid::EC_PUBLIC_KEY | oid::EC_DH | oid::EC_MQV => {
            let sec1 = ec::Sec1::read(private).ok_or(KeyError::Malformed("ECPrivateKey"))?;
            Ok(ec::read(&sec1, Some((oid, parameters)), public, ec_parameters))
        }
        oid::DSA | oid::DSA_OIW | oid::DH_PKCS3 | oid::DH_X942 => {
            let x = Reader::new(private).integer().ok_or(KeyError::Malformed("private value"))?;
            Ok(dl::read(algorithm.raw, parameters, x, public))
        }
        oid::ED25519 | oid::ED448 | oid::X25519 | oid::X448 => {
            rfc8410::read(oid, algorithm.raw, private, public)
        }
        oid::ML_DSA_44 | oid::ML_DSA_65 | oid::ML_DSA_87 => {
            Ok(mldsa::read(oid, algorithm.raw, private, public))
        }
        _ => Ok(settle(algorithm.raw, None, public)),
    }
}

/// `publicKey [1] IMPLICIT BIT STRING` after any attributes (RFC 5958 section 2). Some writers make it
/// explicit; both are read.
fn outer_public_key(fields: Reader<'_>) -> Option<&[u8]> {
    for field in fields {
        match field.tag {
            0x81 => {
                return field.content.split_first().and_then(|(unused, bits)| (*unused == 0).then_some(bits));
            }
            0xa1 => return field.reader().bit_string(),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
