//! New key pairs, and the only hands that hold them: generated, encoded and used here, wiped when done.

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64_simd::{Out, STANDARD};
use zeroize::Zeroize;

use super::format::KeyFormat;
use super::pbes::Sealer;
use super::spec::NewKind;
use crate::id::SpkiHash;
use crate::pki::der::{INTEGER, Reader, SEQUENCE};
use crate::secret::Secret;

/// A key pair. It has no `Debug`: there is nothing of it to show but [`NewKey::spki`].
pub(crate) struct NewKey {
    kind: NewKind,
    pair: Pair,
    spki: Vec<u8>,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl NewKey {
    /// Makes a fresh one.
    pub(crate) fn generate(kind: NewKind) -> Result<Self, Unspecified> {
        let pair = match kind {
            NewKind::EcdsaP256 | NewKind::EcdsaP384 | NewKind::EcdsaP521 => {
                Pair::Ec(EcdsaKeyPair::generate(signing(kind).ok_or(Unspecified)?)?)
            }
            NewKind::Ed25519 => Pair::Ed(Ed25519KeyPair::generate()?),
            NewKind::Rsa2048 => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048)?)),
            NewKind::Rsa3072 => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa3072)?)),
            NewKind::Rsa4096 => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa4096)?)),
        };
        Self::of(kind, pair)
    }

    /// Reads one back from DER; `None` if it is not a key of this kind in this form, or its halves contradict
    /// each other.
    pub(crate) fn from_der(kind: NewKind, format: KeyFormat, der: &[u8]) -> Option<Self> {
        let pair = match (signing(kind), kind, format) {
            (Some(algorithm), _, KeyFormat::Sec1) => {
                Pair::Ec(EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?)
            }
            (None, NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096, KeyFormat::Pkcs1) => {
                Pair::Rsa(Box::new(RsaKeyPair::from_der(der).ok()?))
            }
            (_, _, KeyFormat::Pkcs1 | KeyFormat::Sec1) => return None,
            (Some(algorithm), ..) => Pair::Ec(EcdsaKeyPair::from_pkcs8(algorithm, der).ok()?),
            (None, NewKind::Ed25519, _) => Pair::Ed(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?),
            (None, ..) => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).ok()?)),
        };
        Self::of(kind, pair).ok()
    }

    fn of(kind: NewKind, pair: Pair) -> Result<Self, Unspecified> {
        let spki = match &pair {
            Pair::Ec(pair) => pair.public_key().as_der()?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_der()?.as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_der()?.as_ref().to_vec(),
        };
        Ok(Self { kind, pair, spki })
    }

    /// Its `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The name of the key.
    pub(crate) fn hash(&self) -> SpkiHash {
        SpkiHash::of(&self.spki)
    }

    /// What kind it is.
    pub(crate) const fn kind(&self) -> NewKind {
        self.kind
    }

    /// Signs with the algorithm of its kind.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match &self.pair {
            Pair::Ec(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out)?;
                Ok(out)
            }
        }
    }

    /// The private half as PEM in this form. PKCS #8 is of version 1 (RFC 5208, RFC 7468 section 10): version
    /// 2 with the public half beside it (RFC 5958) is refused by OpenSSL before 3.2 for Ed25519. **The
    /// encrypted form needs a sealer.**
    pub(crate) fn to_pem(&self, format: KeyFormat, sealer: Option<&Sealer>) -> Result<Secret, Unspecified> {
        let label = format.label();
        Ok(Secret::new(match format {
            KeyFormat::Pkcs8 => pem(label, self.to_pkcs8()?.expose()),
            KeyFormat::Pkcs8Encrypted => {
                pem(label, &sealer.ok_or(Unspecified)?.seal(self.to_pkcs8()?.expose())?)
            }
            KeyFormat::Pkcs1 => pem(label, pkcs1_of(self.to_pkcs8()?.expose()).ok_or(Unspecified)?),
            KeyFormat::Sec1 => match &self.pair {
                Pair::Ec(pair) => {
                    pem(label, AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&pair.private_key())?.as_ref())
                }
                Pair::Ed(_) | Pair::Rsa(_) => return Err(Unspecified),
            },
        }))
    }

    /// The private half as PKCS #8 of version 1.
    pub(crate) fn to_pkcs8(&self) -> Result<Secret, Unspecified> {
        let bytes = match &self.pair {
            Pair::Ec(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair.as_ref())?.as_ref().to_vec(),
        };
        Ok(Secret::new(bytes))
    }
}

/// `RSAPrivateKey` (RFC 8017 appendix A.1.2) within `PrivateKeyInfo` (RFC 5208 section 5).
fn pkcs1_of(pkcs8: &[u8]) -> Option<&[u8]> {
    let fields = &mut Reader::new(pkcs8).sequence()?;
    fields.tagged(INTEGER)?;
    fields.tagged(SEQUENCE)?;
    fields.octet_string()
}

/// The signing algorithm of an ECDSA kind.
fn signing(kind: NewKind) -> Option<&'static EcdsaSigningAlgorithm> {
    match kind {
        NewKind::EcdsaP256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        NewKind::EcdsaP384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        NewKind::EcdsaP521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
        NewKind::Ed25519 | NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096 => None,
    }
}

/// Whether a signature made by a key of this kind is good.
pub(crate) fn verifies(kind: NewKind, spki: &[u8], message: &[u8], signed: &[u8]) -> bool {
    let algorithm: &dyn VerificationAlgorithm = match kind {
        NewKind::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
        NewKind::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1,
        NewKind::EcdsaP521 => &signature::ECDSA_P521_SHA512_ASN1,
        NewKind::Ed25519 => &signature::ED25519,
        NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096 => &signature::RSA_PKCS1_2048_8192_SHA256,
    };
    let mut reader = Reader::new(spki);
    let Some(fields) = &mut reader.sequence() else { return false };
    let public = fields.any().and_then(|_algorithm| fields.bit_string());
    public.is_some_and(|key| UnparsedPublicKey::new(algorithm, key).verify(message, signed).is_ok())
}

/// PEM with lines of 64 characters (RFC 7468 section 2). The buffer is made once, at its final size, so that
/// no copy of a secret stays behind.
pub(crate) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    const OCTETS: usize = 48;
    let lines = der.len().div_ceil(OCTETS);
    let mut out = Vec::with_capacity(lines * 65 + 2 * label.len() + 40);
    out.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    let mut line = [0u8; 64];
    for octets in der.chunks(OCTETS) {
        let text = STANDARD.encode(octets, Out::from_slice(&mut line));
        out.extend_from_slice(text);
        out.push(b'\n');
    }
    line.zeroize();
    out.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    out
}

/// What [`pem`] wrote, back to DER; `None` for anything else.
pub(crate) fn unpem(label: &str, text: &[u8]) -> Option<Vec<u8>> {
    let body = text
        .strip_prefix(format!("-----BEGIN {label}-----\n").as_bytes())?
        .strip_suffix(format!("\n-----END {label}-----\n").as_bytes())?;
    let mut digits: Vec<u8> = Vec::with_capacity(body.len());
    body.split(|b| *b == b'\n').for_each(|line| digits.extend_from_slice(line));
    STANDARD.decode_to_vec(digits).ok()
}
