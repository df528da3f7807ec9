//! Encrypted PKCS #8 (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2): PBKDF2 and AES in CBC mode.
//!
//! The primitives are those of aws-lc-rs, which is here already; what is written of our own is their
//! parameters in DER. New keys are written with HMAC-SHA-256 and AES-256, which OpenSSL 1.1.1 and Java 8
//! read. Scrypt, triple DES and the schemes of PKCS #5 version 1 are told and not opened.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
};
use aws_lc_rs::cipher::{PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::limits;
use crate::oid;
use crate::pki::der::{self, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, Tlv};
use crate::secret::Secret;

/// Iterations for new keys: what OWASP's password storage recommendations of 2023 ask for with HMAC-SHA-256.
/// OpenSSL's default is 2,048.
pub(crate) const ITERATIONS: u32 = 600_000;
/// Octets of salt: RFC 8018 section 4.1 asks for eight at least.
const SALT: usize = 16;
/// Octets of a block of AES, and of its initialisation vector.
const BLOCK: usize = 16;

/// The reason for what the passphrase given does not fit.
pub(crate) const WRONG_PASSPHRASE: &str = "the passphrase does not open it";

/// Encrypts the keys of one run. The key that comes of the passphrase is derived once, with one salt: who
/// knows the passphrase knows all of them anyhow, and 600,000 iterations for each of ten thousand keys would
/// take an hour. Each file has an initialisation vector of its own.
pub(crate) struct Sealer {
    salt: [u8; SALT],
    key: Zeroizing<[u8; 32]>,
}

impl Sealer {
    /// Derives the key.
    pub(crate) fn new(passphrase: &Secret) -> Result<Self, Unspecified> {
        let mut sealer = Self { salt: [0; SALT], key: Zeroizing::new([0; 32]) };
        rand::fill(&mut sealer.salt)?;
        let iterations = NonZeroU32::new(ITERATIONS).ok_or(Unspecified)?;
        pbkdf2::derive(PBKDF2_HMAC_SHA256, iterations, &sealer.salt, passphrase.expose(), &mut *sealer.key);
        Ok(sealer)
    }

    /// `EncryptedPrivateKeyInfo` around a key in PKCS #8.
    pub(crate) fn seal(&self, pkcs8: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut vector = [0; BLOCK];
        rand::fill(&mut vector)?;
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &*self.key)?)?;
        // Room for the padding at once: growing would leave a copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(pkcs8.len() + BLOCK));
        text.extend_from_slice(pkcs8);
        key.less_safe_encrypt(&mut *text, EncryptionContext::Iv128(FixedLength::from(vector)))?;
        let prf = sequence(&[der::tlv(OID, oid::HMAC_SHA256), der::tlv(NULL, &[])]);
        let derivation =
            sequence(&[der::tlv(OCTET_STRING, &self.salt), der::unsigned(&ITERATIONS.to_be_bytes()), prf]);
        let derivation = sequence(&[der::tlv(OID, oid::PBKDF2), derivation]);
        let cipher = sequence(&[der::tlv(OID, oid::AES_256_CBC), der::tlv(OCTET_STRING, &vector)]);
        let scheme = sequence(&[der::tlv(OID, oid::PBES2), sequence(&[derivation, cipher])]);
        Ok(sequence(&[scheme, der::tlv(OCTET_STRING, &text)]))
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der::tlv(SEQUENCE, &parts.concat())
}

/// Keys that were derived, by what they were derived with.
type Derived = HashMap<(Vec<u8>, u32, usize), Zeroizing<Vec<u8>>>;

/// Decrypts with one passphrase; what was derived for one file serves the others that have its salt.
pub(crate) struct Opener<'p> {
    passphrase: &'p Secret,
    derived: Mutex<Derived>,
}

impl<'p> Opener<'p> {
    pub(crate) fn new(passphrase: &'p Secret) -> Self {
        Self { passphrase, derived: Mutex::default() }
    }

    /// The PKCS #8 inside; the reason in words if it cannot be had.
    pub(crate) fn open(&self, encrypted: &[u8]) -> Result<Secret, &'static str> {
        let sealed = Sealed::read(encrypted)?;
        let wrong = |_| WRONG_PASSPHRASE;
        let key = self.derive(&sealed);
        let key =
            PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(sealed.cipher, &key).map_err(wrong)?)
                .map_err(wrong)?;
        let mut text = Zeroizing::new(sealed.text.to_vec());
        let plain = key
            .decrypt(&mut text, DecryptionContext::Iv128(FixedLength::from(sealed.vector)))
            .map_err(wrong)?;
        // A wrong passphrase leaves good padding once in 256 times.
        match der::first(plain) {
            Some((element, [])) if element.tag == SEQUENCE => Ok(Secret::new(plain.to_vec())),
            _ => Err(WRONG_PASSPHRASE),
        }
    }

    fn derive(&self, sealed: &Sealed<'_>) -> Zeroizing<Vec<u8>> {
        let length = key_length(sealed.cipher);
        let name = (sealed.salt.to_vec(), sealed.iterations.get(), length);
        // A poisoned map is still a map of finished keys.
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let key = derived.entry(name).or_insert_with(|| {
            let mut key = Zeroizing::new(vec![0; length]);
            pbkdf2::derive(sealed.prf, sealed.iterations, sealed.salt, self.passphrase.expose(), &mut key);
            key
        });
        key.clone()
    }
}

/// Whether it is an `EncryptedPrivateKeyInfo` that can be opened with the right passphrase; the reason in
/// words if not.
pub(crate) fn well_formed(encrypted: &[u8]) -> Result<(), &'static str> {
    Sealed::read(encrypted).map(drop)
}

/// The parts of an `EncryptedPrivateKeyInfo`.
struct Sealed<'a> {
    salt: &'a [u8],
    iterations: NonZeroU32,
    prf: pbkdf2::Algorithm,
    cipher: &'static Algorithm,
    vector: [u8; BLOCK],
    text: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn read(encrypted: &'a [u8]) -> Result<Self, &'static str> {
        const BROKEN: &str = "it is not an encrypted key in PKCS #8";
        let (outer, rest) = der::first(encrypted).filter(|(outer, _)| outer.tag == SEQUENCE).ok_or(BROKEN)?;
        let mut fields = outer.reader();
        let mut scheme = fields.sequence().ok_or(BROKEN)?;
        let text = fields.octet_string().ok_or(BROKEN)?;
        if !rest.is_empty() || !fields.is_empty() || text.is_empty() || !text.len().is_multiple_of(BLOCK) {
            return Err(BROKEN);
        }
        if scheme.oid() != Some(oid::PBES2) {
            return Err(
                "it is encrypted with a scheme older than PBES2 (RFC 8018), which is not opened here",
            );
        }
        let mut parameters = scheme.sequence().ok_or(BROKEN)?;
        let (mut derivation, mut encryption) =
            (parameters.sequence().ok_or(BROKEN)?, parameters.sequence().ok_or(BROKEN)?);
        if derivation.oid() != Some(oid::PBKDF2) {
            return Err("its key derivation is not PBKDF2, and not known here");
        }
        let cipher = cipher(encryption.oid().ok_or(BROKEN)?)
            .ok_or("its cipher is not AES in CBC mode, and not known here")?;
        let vector = encryption.octet_string().and_then(|v| v.try_into().ok()).ok_or(BROKEN)?;
        let mut derivation = derivation.sequence().ok_or(BROKEN)?;
        let salt = derivation.octet_string().ok_or(BROKEN)?;
        let iterations = derivation.small().and_then(NonZeroU32::new).ok_or(BROKEN)?;
        if iterations.get() > limits::ITERATIONS {
            return Err("its key derivation takes more iterations than the limit");
        }
        derivation.tagged(INTEGER);
        let prf =
            prf(derivation.tagged(SEQUENCE)).ok_or("the hash of its key derivation is not known here")?;
        Ok(Self { salt, iterations, prf, cipher, vector, text })
    }
}

/// AES in CBC mode by the last arc of its name, RFC 8018 appendix B.2.5 and NIST's list.
fn cipher(oid: &[u8]) -> Option<&'static Algorithm> {
    let (last, arc) = oid.split_last()?;
    match (arc == &oid::AES_256_CBC[..oid::AES_256_CBC.len() - 1], last) {
        (true, 0x02) => Some(&AES_128),
        (true, 0x16) => Some(&AES_192),
        (true, 0x2a) => Some(&AES_256),
        _ => None,
    }
}

fn key_length(cipher: &'static Algorithm) -> usize {
    if *cipher == AES_128 {
        16
    } else if *cipher == AES_192 {
        24
    } else {
        32
    }
}

/// The pseudo-random function, RFC 8018 appendix B.1; HMAC-SHA-1 where none is named (appendix A.2).
fn prf(algorithm: Option<Tlv<'_>>) -> Option<pbkdf2::Algorithm> {
    let Some(algorithm) = algorithm else { return Some(PBKDF2_HMAC_SHA1) };
    let fields: &mut Reader<'_> = &mut algorithm.reader();
    let (last, arc) = fields.oid()?.split_last()?;
    match (arc == &oid::HMAC_SHA256[..oid::HMAC_SHA256.len() - 1], last) {
        (true, 7) => Some(PBKDF2_HMAC_SHA1),
        (true, 9) => Some(PBKDF2_HMAC_SHA256),
        (true, 10) => Some(PBKDF2_HMAC_SHA384),
        (true, 11) => Some(PBKDF2_HMAC_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_passphrase_alone() {
        let (right, wrong) = (Secret::new(b"correct horse".to_vec()), Secret::new(b"correct horsf".to_vec()));
        let sealer = Sealer::new(&right).unwrap();
        let opener = Opener::new(&right);
        for length in [0, 1, 14, 15, 16, 17, 1200] {
            let plain = der::tlv(SEQUENCE, &vec![7; length]);
            let (one, two) = (sealer.seal(&plain).unwrap(), sealer.seal(&plain).unwrap());
            assert_ne!(one, two, "each has a vector of its own");
            assert_eq!(opener.open(&one).unwrap().expose(), plain);
            assert!(Opener::new(&wrong).open(&one).is_err());
            assert_eq!(well_formed(&one), Ok(()));
            assert!((0..one.len()).all(|n| well_formed(&one[..n]).is_err()), "what is cut short is none");
        }
        assert_eq!(opener.derived.into_inner().unwrap().len(), 1, "one salt, one derivation");
    }

    #[test]
    fn foreign_schemes_are_told() {
        let wrap = |scheme: &[Vec<u8>]| sequence(&[sequence(scheme), der::tlv(OCTET_STRING, &[0; 16])]);
        let says = |bytes: &[u8]| well_formed(bytes).unwrap_err();
        assert!(says(&wrap(&[der::tlv(OID, &oid::PBES2[..8])])).contains("older than PBES2"));
        let scrypt =
            sequence(&[sequence(&[der::tlv(OID, &[0x2b])]), sequence(&[der::tlv(OID, oid::AES_256_CBC)])]);
        assert!(says(&wrap(&[der::tlv(OID, oid::PBES2), scrypt])).contains("not PBKDF2"));
        let huge = sequence(&[der::tlv(OCTET_STRING, &[1; 8]), der::unsigned(&u32::MAX.to_be_bytes())]);
        let cipher = sequence(&[der::tlv(OID, oid::AES_256_CBC), der::tlv(OCTET_STRING, &[0; 16])]);
        let huge = sequence(&[sequence(&[der::tlv(OID, oid::PBKDF2), huge]), cipher]);
        assert!(says(&wrap(&[der::tlv(OID, oid::PBES2), huge])).contains("iterations"));
        assert!(says(b"\x30\x00").contains("not an encrypted key"));
    }
}
