//! PKCS #12 (RFC 7292) in the one form that is written: key and certificates under PBES2 with AES-256, the
//! whole under HMAC-SHA-256.
//!
//! OpenSSL 3 writes the same by default, and Java reads it from 8u301 on. What encrypts is
//! [`super::super::pbes`]; what is of our own here is DER and the derivation of the key of the MAC.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hmac, rand};
use zeroize::{Zeroize as _, Zeroizing};

use crate::oid;
use crate::pki::der::{self, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, SET, context};
use crate::rekey::pbes::{ITERATIONS, Sealer};
use crate::secret::Secret;

/// `BMPString`.
const BMP_STRING: u8 = 0x1e;
/// Octets of salt for the MAC; OpenSSL takes eight, RFC 7292 sets none.
const SALT: usize = 16;
/// Octets of a block of SHA-256, which the derivation fills up to (RFC 7292 appendix B.2: v).
const BLOCK: usize = 64;
/// What the derived octets are for: a key of a MAC (RFC 7292 appendix B.3).
const FOR_MAC: u8 = 3;

/// Writes the files of one run under one passphrase. What comes of the passphrase is derived once: who knows
/// it knows all of them anyhow.
pub(crate) struct Exporter {
    sealer: Sealer,
    salt: [u8; SALT],
    mac: hmac::Key,
}

impl Exporter {
    /// Derives the keys. The passphrase is UTF-8, or no other program could be given it.
    pub(crate) fn new(passphrase: &Secret) -> Result<Self, Unspecified> {
        let text = str::from_utf8(passphrase.expose()).map_err(|_| Unspecified)?;
        let mut salt = [0; SALT];
        rand::fill(&mut salt)?;
        let mut key = derive(text, &salt, ITERATIONS);
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key.zeroize();
        Ok(Self { sealer: Sealer::new(passphrase)?, salt, mac })
    }

    /// A file with a key in PKCS #8, its certificate and those above it.
    pub(crate) fn write(
        &self,
        name: &str,
        pkcs8: &[u8],
        leaf: &[u8],
        above: &[&[u8]],
    ) -> Result<Secret, Unspecified> {
        let id = digest::digest(&digest::SHA256, leaf);
        let own = attributes(name, id.as_ref());
        let mut bags = vec![bag(oid::CERTIFICATE_BAG, &certificate(leaf), &own)];
        bags.extend(above.iter().map(|der| bag(oid::CERTIFICATE_BAG, &certificate(der), &[])));
        let keys = sequence(&[bag(oid::SHROUDED_KEY_BAG, &self.sealer.seal(pkcs8)?, &own)]);
        let safe = sequence(&[
            self.encrypted(&sequence(&bags))?,
            content(oid::DATA, &der::tlv(OCTET_STRING, &keys)),
        ]);
        let mac = hmac::sign(&self.mac, &safe);
        let algorithm = sequence(&[der::tlv(OID, oid::SHA256), der::tlv(NULL, &[])]);
        let mac = sequence(&[algorithm, der::tlv(OCTET_STRING, mac.as_ref())]);
        let mac =
            sequence(&[mac, der::tlv(OCTET_STRING, &self.salt), der::unsigned(&ITERATIONS.to_be_bytes())]);
        let whole = content(oid::DATA, &der::tlv(OCTET_STRING, &safe));
        Ok(Secret::new(sequence(&[der::tlv(INTEGER, &[3]), whole, mac])))
    }

    /// A `ContentInfo` with encrypted content (RFC 5652 section 8).
    fn encrypted(&self, safe: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let sealed = self.sealer.seal(safe)?;
        // The same scheme and text as around a key, in another frame.
        let mut parts = Reader::new(&sealed).sequence().ok_or(Unspecified)?;
        let (scheme, text) = (parts.any().ok_or(Unspecified)?, parts.octet_string().ok_or(Unspecified)?);
        let inner = sequence(&[der::tlv(OID, oid::DATA), scheme.raw.to_vec(), der::tlv(0x80, text)]);
        Ok(content(oid::ENCRYPTED_DATA, &sequence(&[der::tlv(INTEGER, &[0]), inner])))
    }
}

/// The key of the MAC (RFC 7292 appendix B.2 with SHA-256; 32 octets need one block of output).
fn derive(passphrase: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    // A BMPString with two zero octets behind it (appendix B.1).
    let mut text: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(2 * passphrase.len() + 2));
    passphrase.encode_utf16().chain([0]).for_each(|unit| text.extend_from_slice(&unit.to_be_bytes()));
    let filled = |bytes: &[u8]| bytes.len().div_ceil(BLOCK) * BLOCK;
    let mut input = Zeroizing::new(Vec::with_capacity(BLOCK + filled(salt) + filled(&text)));
    input.extend([FOR_MAC; BLOCK]);
    input.extend(salt.iter().cycle().take(filled(salt)));
    input.extend(text.iter().cycle().take(filled(&text)));
    let mut out = [0; 32];
    let mut hash = digest::digest(&digest::SHA256, &input);
    for _ in 1..iterations {
        hash = digest::digest(&digest::SHA256, hash.as_ref());
    }
    out.copy_from_slice(hash.as_ref());
    out
}

/// `ContentInfo`, RFC 5652 section 3.
fn content(kind: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[der::tlv(OID, kind), der::tlv(context(0), value)])
}

/// `SafeBag`, RFC 7292 section 4.2.
fn bag(kind: &[u8], value: &[u8], attributes: &[u8]) -> Vec<u8> {
    sequence(&[der::tlv(OID, kind), der::tlv(context(0), value), attributes.to_vec()])
}

/// `CertBag`, RFC 7292 section 4.2.3.
fn certificate(der: &[u8]) -> Vec<u8> {
    sequence(&[der::tlv(OID, oid::X509_CERTIFICATE), der::tlv(context(0), &der::tlv(OCTET_STRING, der))])
}

/// Name and number by which programs join a key with its certificate, in the order that DER demands of a set.
fn attributes(name: &str, id: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let attribute = |oid: &[u8], value: Vec<u8>| sequence(&[der::tlv(OID, oid), der::tlv(SET, &value)]);
    let mut all = [
        attribute(oid::FRIENDLY_NAME, der::tlv(BMP_STRING, &name)),
        attribute(oid::LOCAL_KEY_ID, der::tlv(OCTET_STRING, id)),
    ];
    all.sort();
    der::tlv(SET, &all.concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der::tlv(SEQUENCE, &parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivation_is_that_of_rfc_7292() {
        // Of OpenSSL 3.0: `openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexpass:... -kdfopt
        // hexsalt:... -kdfopt iter:N -kdfopt id:3 PKCS12KDF`.
        let vectors = [
            (
                "smeg",
                "0a58cf64530d823f",
                1000,
                "35ac16a454d608fb10c8d7c6338ca85818587aed0ff771fd265957e412c2c03c",
            ),
            (
                "pässword €",
                "00112233445566778899aabbccddeeff",
                1,
                "9c3f277df0d965388ab10765aefaaca05961666abc7e984619d610f5fb336998",
            ),
        ];
        for (passphrase, salt, iterations, key) in vectors {
            let salt = crate::id::from_hex(salt).expect("hexadecimal");
            assert_eq!(crate::id::hex(&derive(passphrase, &salt, iterations)), key);
        }
    }
}
