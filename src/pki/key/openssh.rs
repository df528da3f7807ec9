//! OpenSSH's own format, `openssh-key-v1` (PROTOCOL.key in its sources; numbers as in RFC 4251 section 5).
//!
//! The public half is written as X.509 does, so that an SSH key that also has a certificate is found to be
//! the same key.

use super::error::KeyError;
use super::halves::settle;
use super::{dl, ec, rfc8410, rsa};
use crate::finding::Code;
use crate::oid;
use crate::pki::der::{self, strip_zeros};
use crate::pki::spki::{self, Curve, KeyFacts, algorithm_identifier};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const MALFORMED: KeyError = KeyError::Malformed("openssh-key-v1");

/// Reads the body.
pub(super) fn read(bytes: &[u8]) -> Result<KeyFacts, KeyError> {
    let body = bytes.strip_prefix(MAGIC).ok_or(KeyError::NotAKey)?;
    let mut outer = Strings(body);
    let cipher = outer.string().ok_or(MALFORMED)?;
    if cipher != b"none" {
        return Err(KeyError::Encrypted);
    }
    let _kdf = outer.string().ok_or(MALFORMED)?;
    let _kdf_options = outer.string().ok_or(MALFORMED)?;
    // More than one key is allowed by the format and written by nobody; the first one counts.
    let count = outer.number().ok_or(MALFORMED)?;
    if count == 0 {
        return Err(MALFORMED);
    }
    for _ in 0..count {
        outer.string().ok_or(MALFORMED)?;
    }
    let mut private = Strings(outer.string().ok_or(MALFORMED)?);
    // Twice the same number; a test of the passphrase, of no use without one.
    private.number().ok_or(MALFORMED)?;
    private.number().ok_or(MALFORMED)?;
    let mut facts = key(&mut private)?;
    if facts.spki.is_some() && read_public(bytes).is_some_and(|public| public.spki != facts.spki) {
        facts.findings.insert(Code::KeyMismatch);
    }
    if !outer.0.is_empty() {
        facts.findings.insert(Code::TrailingData);
    }
    Ok(facts)
}

/// The first public key, which lies before the private section and is never encrypted.
pub(super) fn read_public(bytes: &[u8]) -> Option<KeyFacts> {
    let mut outer = Strings(bytes.strip_prefix(MAGIC)?);
    let (_cipher, _kdf, _kdf_options) = (outer.string()?, outer.string()?, outer.string()?);
    if outer.number()? == 0 {
        return None;
    }
    let mut fields = Strings(outer.string()?);
    let kind = fields.string()?;
    let mut string = || fields.string();
    let (algorithm, key) = match kind {
        // RFC 4253 section 6.6.
        b"ssh-rsa" => {
            let (e, n) = (string()?, string()?);
            (
                spki::RSA_ALGORITHM.to_vec(),
                der::tlv(der::SEQUENCE, &[n, e].map(|n| der::unsigned(strip_zeros(n))).concat()),
            )
        }
        b"ssh-dss" => {
            let parameters =
                [string()?, string()?, string()?].map(|n| der::unsigned(strip_zeros(n))).concat();
            (
                algorithm_identifier(oid::DSA, &der::tlv(der::SEQUENCE, &parameters)),
                der::unsigned(strip_zeros(string()?)),
            )
        }
        // RFC 8709 section 4.
        b"ssh-ed25519" | b"sk-ssh-ed25519@openssh.com" => {
            (rfc8410::algorithm(oid::ED25519), string()?.to_vec())
        }
        // RFC 5656 section 3.1.
        _ => {
            let curve = match kind {
                b"ecdsa-sha2-nistp256" | b"sk-ecdsa-sha2-nistp256@openssh.com" => Curve::P256,
                b"ecdsa-sha2-nistp384" => Curve::P384,
                b"ecdsa-sha2-nistp521" => Curve::P521,
                _ => return None,
            };
            string()?;
            (algorithm_identifier(oid::EC_PUBLIC_KEY, &der::tlv(der::OID, curve.oid())), string()?.to_vec())
        }
    };
    Some(settle(&algorithm, None, Some(&key)))
}

/// The private section's first key.
fn key(fields: &mut Strings<'_>) -> Result<KeyFacts, KeyError> {
    let kind = fields.string().ok_or(MALFORMED)?;
    let facts = match kind {
        b"ssh-rsa" => rsa_key(fields),
        b"ssh-dss" => dsa_key(fields),
        b"ssh-ed25519" => ed25519_key(fields),
        b"ecdsa-sha2-nistp256" => ec_key(fields, Curve::P256),
        b"ecdsa-sha2-nistp384" => ec_key(fields, Curve::P384),
        b"ecdsa-sha2-nistp521" => ec_key(fields, Curve::P521),
        // Keys on tokens: the private half is not here, but what is names the key.
        b"sk-ecdsa-sha2-nistp256@openssh.com" => token_ec_key(fields),
        b"sk-ssh-ed25519@openssh.com" => {
            fields.string().map(|public| settle(&rfc8410::algorithm(oid::ED25519), None, Some(public)))
        }
        // Later kinds, which have no X.509 form here.
        _ => Some(settle(&[], None, None)),
    };
    facts.ok_or(MALFORMED)
}

fn rsa_key(fields: &mut Strings<'_>) -> Option<KeyFacts> {
    let mut number = || fields.string().map(strip_zeros);
    let (n, e, d, q_inverse, p, q) = (number()?, number()?, number()?, number()?, number()?, number()?);
    let primes = vec![
        rsa::Prime { prime: p, exponent: &[], coefficient: q_inverse },
        rsa::Prime { prime: q, exponent: &[], coefficient: &[] },
    ];
    Some(rsa::read(spki::RSA_ALGORITHM, &rsa::Numbers { n, e, d, primes }))
}

fn dsa_key(fields: &mut Strings<'_>) -> Option<KeyFacts> {
    let mut number = || fields.string().map(strip_zeros);
    let (p, q, g, y, x) = (number()?, number()?, number()?, number()?, number()?);
    let parameters =
        der::tlv(der::SEQUENCE, &[der::unsigned(p), der::unsigned(q), der::unsigned(g)].concat());
    Some(dl::facts(&algorithm_identifier(oid::DSA, &parameters), dl::raise(g, x, p), Some(&der::unsigned(y))))
}

fn ec_key(fields: &mut Strings<'_>, curve: Curve) -> Option<KeyFacts> {
    let _name = fields.string()?;
    let (point, scalar) = (fields.string()?, fields.string()?);
    let algorithm = algorithm_identifier(oid::EC_PUBLIC_KEY, &der::tlv(der::OID, curve.oid()));
    Some(settle(&algorithm, ec::public_of_scalar(curve, scalar).as_deref(), Some(point)))
}

fn ed25519_key(fields: &mut Strings<'_>) -> Option<KeyFacts> {
    // The public key, then seed and public key once more.
    let (public, pair) = (fields.string()?, fields.string()?);
    let computed = rfc8410::ed25519(pair.get(..32)?);
    Some(settle(&rfc8410::algorithm(oid::ED25519), computed.as_deref(), Some(public)))
}

fn token_ec_key(fields: &mut Strings<'_>) -> Option<KeyFacts> {
    let _name = fields.string()?;
    let algorithm = algorithm_identifier(oid::EC_PUBLIC_KEY, &der::tlv(der::OID, Curve::P256.oid()));
    Some(settle(&algorithm, None, Some(fields.string()?)))
}

/// Numbers and strings of RFC 4251 section 5, one after another.
struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    fn number(&mut self) -> Option<u32> {
        let (octets, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*octets))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}
