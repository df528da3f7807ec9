//! Public keys: what kind, how large, and the two hashes that name them (RFC 5280 section 4.1.2.7).
//!
//! One key can be written in several ways. The canonical form (DESIGN.md, "Hashes") makes them one: RSA for
//! whatever padding is rsaEncryption with NULL, explicit curve parameters become the name, points are
//! uncompressed. All else stays as found.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::finding::{Code, Codes};
use crate::id::{Fingerprint, SpkiHash};
use crate::oid;
use crate::pki::der::{self, Reader, Tlv, strip_zeros};

pub(crate) mod curve;
pub(crate) mod weierstrass;

pub use curve::Curve;
use curve::{Domain, binary_curve_bits};

/// The kind of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// Finite-field Diffie-Hellman, PKCS #3 or X9.42.
    Dh,
    /// DSA.
    Dsa,
    /// Any elliptic curve in Weierstrass form; the curve says which.
    Ec,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Anything else, by its dotted OID.
    Other(Box<str>),
    /// RSA, for whatever padding.
    Rsa,
    /// X25519.
    X25519,
    /// X448.
    X448,
}

impl KeyAlgorithm {
    /// The name used in records.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dh => "dh",
            Self::Dsa => "dsa",
            Self::Ec => "ec",
            Self::Ed25519 => "ed25519",
            Self::Ed448 => "ed448",
            Self::Other(oid) => oid,
            Self::Rsa => "rsa",
            Self::X25519 => "x25519",
            Self::X448 => "x448",
        }
    }
}

impl Serialize for KeyAlgorithm {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyAlgorithm {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        let known =
            [Self::Dh, Self::Dsa, Self::Ec, Self::Ed25519, Self::Ed448, Self::Rsa, Self::X25519, Self::X448];
        Ok(known
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .unwrap_or_else(|| Self::Other(name.into())))
    }
}

/// What can be said of a public key without any secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// The kind.
    pub algorithm: KeyAlgorithm,
    /// The curve of an EC key, where it is a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<Curve>,
    /// Size in bits: of the modulus, of the field; 0 if not readable.
    pub bits: u32,
    /// Hash of the canonical form; `None` only for private keys whose public half can't be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spki: Option<SpkiHash>,
    /// Hash of the form found, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spki_raw: Option<SpkiHash>,
    /// First 16 bytes of SHA-256 over the RSA modulus (big endian, no leading zeros): same n, one compromise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modulus: Option<[u8; 16]>,
    /// What is noteworthy.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub findings: Codes,
}

/// Reads a `SubjectPublicKeyInfo`. What cannot be decoded still has a hash, of the bytes as they are.
pub(crate) fn read(spki_der: &[u8]) -> KeyFacts {
    let raw = der::first(spki_der).map_or(spki_der, |(tlv, _)| tlv.raw);
    let found = SpkiHash::of(raw);
    let Some(parts) = Parts::split(raw) else {
        return KeyFacts::unread(found);
    };
    let mut facts = match parts.kind() {
        Kind::Rsa => rsa_facts(&parts),
        Kind::Ec => ec_facts(&parts),
        Kind::Dl(algorithm) => dl_facts(&parts, algorithm),
        Kind::Fixed(algorithm, bits) => KeyFacts::sized(algorithm, bits),
        Kind::Unknown => KeyFacts::unknown(parts.oid),
    };
    if parts.key.is_empty() {
        facts.findings.insert(Code::PublicKeyNotRead);
    }
    facts.spki = Some(found);
    if let Some(other) = parts.canonical() {
        let hash = SpkiHash::of(&other);
        if hash != found {
            facts.spki = Some(hash);
            facts.spki_raw = Some(found);
        }
    }
    facts
}

/// Reads a bare `RSAPublicKey` (RFC 8017 appendix A.1.1, the label `RSA PUBLIC KEY`); `None` if it is
/// something else.
pub(crate) fn read_rsa_public_key(der: &[u8]) -> Option<KeyFacts> {
    let mut fields = Reader::new(der).sequence()?;
    let (n, e) = (strip_zeros(fields.integer()?), strip_zeros(fields.integer()?));
    fields.is_empty().then(|| read(&build(RSA_ALGORITHM, &rsa_public_key(n, e))))
}

/// The canonical form; borrowed where the key already has it.
pub(crate) fn canonical(spki_der: &[u8]) -> Cow<'_, [u8]> {
    let raw = der::first(spki_der).map_or(spki_der, |(tlv, _)| tlv.raw);
    Parts::split(raw).and_then(|parts| parts.canonical()).map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Writes a `SubjectPublicKeyInfo` from an AlgorithmIdentifier (DER, whole) and the octets of the key.
pub(crate) fn build(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let mut bits = Vec::with_capacity(key.len() + 1);
    bits.push(0);
    bits.extend_from_slice(key);
    let mut content = Vec::with_capacity(algorithm.len() + bits.len() + 6);
    content.extend_from_slice(algorithm);
    content.extend_from_slice(&der::tlv(der::BIT_STRING, &bits));
    der::tlv(der::SEQUENCE, &content)
}

/// Writes an AlgorithmIdentifier; `parameters` is the whole element, empty for absent ones.
pub(crate) fn algorithm_identifier(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    der::tlv(der::SEQUENCE, &[&der::tlv(der::OID, oid), parameters].concat())
}

/// Writes the `RSAPublicKey` of RFC 8017 appendix A.1.1.
pub(crate) fn rsa_public_key(n: &[u8], e: &[u8]) -> Vec<u8> {
    der::tlv(der::SEQUENCE, &[der::unsigned(n), der::unsigned(e)].concat())
}

/// `AlgorithmIdentifier { rsaEncryption, NULL }` (RFC 8017 appendix A.1).
pub(crate) const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// What an algorithm's OID says, as far as reading goes.
enum Kind {
    /// Discrete logarithms: DSA and Diffie-Hellman.
    Dl(KeyAlgorithm),
    Ec,
    /// A key without parameters and of one size.
    Fixed(KeyAlgorithm, u32),
    Rsa,
    Unknown,
}

/// The elements of a `SubjectPublicKeyInfo`.
struct Parts<'a> {
    /// The whole AlgorithmIdentifier.
    algorithm: &'a [u8],
    oid: &'a [u8],
    parameters: Option<Tlv<'a>>,
    key: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(raw: &'a [u8]) -> Option<Self> {
        let mut spki = Reader::new(raw).sequence()?;
        let algorithm = spki.tagged(der::SEQUENCE)?;
        let mut inner = algorithm.reader();
        let oid = inner.oid()?;
        // Unused bits make no sense in any key here; what is known of the algorithm still is.
        Some(Self {
            algorithm: algorithm.raw,
            oid,
            parameters: inner.any(),
            key: spki.bit_string().unwrap_or_default(),
        })
    }

    fn kind(&self) -> Kind {
        match self.oid {
            oid::RSA | oid::RSASSA_PSS | oid::RSAES_OAEP | oid::RSA_X500 => Kind::Rsa,
            oid::EC_PUBLIC_KEY | oid::EC_DH | oid::EC_MQV => Kind::Ec,
            oid::DSA | oid::DSA_OIW => Kind::Dl(KeyAlgorithm::Dsa),
            oid::DH_PKCS3 | oid::DH_X942 => Kind::Dl(KeyAlgorithm::Dh),
            // Sizes as OpenSSL's EVP_PKEY_get_bits gives them.
            oid::ED25519 => Kind::Fixed(KeyAlgorithm::Ed25519, 256),
            oid::ED448 => Kind::Fixed(KeyAlgorithm::Ed448, 456),
            oid::X25519 => Kind::Fixed(KeyAlgorithm::X25519, 253),
            oid::X448 => Kind::Fixed(KeyAlgorithm::X448, 448),
            _ => Kind::Unknown,
        }
    }

    /// n and e of an `RSAPublicKey`, leading zeros stripped. An INTEGER without its sign octet counts as
    /// unsigned: a modulus is.
    fn rsa(&self) -> Option<(&'a [u8], &'a [u8])> {
        let mut numbers = Reader::new(self.key).sequence()?;
        Some((strip_zeros(numbers.integer()?), strip_zeros(numbers.integer()?)))
    }

    /// The canonical form where it may differ from the form found.
    fn canonical(&self) -> Option<Vec<u8>> {
        match self.kind() {
            Kind::Rsa if self.algorithm != RSA_ALGORITHM => {
                let (n, e) = self.rsa()?;
                Some(build(RSA_ALGORITHM, &rsa_public_key(n, e)))
            }
            Kind::Ec => self.canonical_ec(),
            _ => None,
        }
    }

    fn canonical_ec(&self) -> Option<Vec<u8>> {
        let parameters = self.parameters?;
        let (curve, explicit) = match parameters.tag {
            der::OID => (Curve::from_oid(parameters.content)?, false),
            der::SEQUENCE => (Explicit::read(parameters.raw)?.name()?, true),
            _ => return None,
        };
        let point = uncompressed(curve, self.key);
        if !explicit && matches!(point, Cow::Borrowed(_)) {
            return None;
        }
        let algorithm = if explicit {
            algorithm_identifier(self.oid, &der::tlv(der::OID, curve.oid()))
        } else {
            self.algorithm.to_vec()
        };
        Some(build(&algorithm, &point))
    }
}

impl KeyFacts {
    /// Facts of a key of known kind, before its hashes are known.
    pub(crate) fn sized(algorithm: KeyAlgorithm, bits: u32) -> Self {
        let mut findings = Codes::NONE;
        let least = match algorithm {
            KeyAlgorithm::Rsa | KeyAlgorithm::Dsa | KeyAlgorithm::Dh => 2048,
            KeyAlgorithm::Ec => 224,
            _ => 0,
        };
        if bits == 0 {
            findings.insert(Code::PublicKeyNotRead);
        } else if bits < least {
            findings.insert(Code::WeakKey);
        }
        Self { algorithm, curve: None, bits, spki: None, spki_raw: None, modulus: None, findings }
    }

    /// Facts of a key whose algorithm is not known here.
    pub(crate) fn unknown(oid: &[u8]) -> Self {
        let algorithm = KeyAlgorithm::Other(oid::dotted(oid).unwrap_or_else(|| "unknown".to_owned()).into());
        Self { findings: [Code::UnknownAlgorithm].into_iter().collect(), ..Self::sized(algorithm, 0) }
    }

    /// Facts of something that is no `SubjectPublicKeyInfo` at all.
    fn unread(found: SpkiHash) -> Self {
        Self { spki: Some(found), ..Self::sized(KeyAlgorithm::Other("unknown".into()), 0) }
    }
}

fn rsa_facts(parts: &Parts<'_>) -> KeyFacts {
    let Some((n, _)) = parts.rsa() else {
        return KeyFacts::sized(KeyAlgorithm::Rsa, 0);
    };
    KeyFacts { modulus: Some(modulus_hash(n)), ..KeyFacts::sized(KeyAlgorithm::Rsa, der::bit_length(n)) }
}

/// The name of an RSA modulus, given without leading zeros.
fn modulus_hash(n: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Fingerprint::of(n).as_bytes()[..16]);
    out
}

fn ec_facts(parts: &Parts<'_>) -> KeyFacts {
    match parts.parameters {
        Some(parameters) if parameters.tag == der::OID => match Curve::from_oid(parameters.content) {
            Some(curve) => KeyFacts { curve: Some(curve), ..KeyFacts::sized(KeyAlgorithm::Ec, curve.bits()) },
            None => {
                let mut facts =
                    KeyFacts::sized(KeyAlgorithm::Ec, binary_curve_bits(parameters.content).unwrap_or(0));
                if facts.bits == 0 {
                    facts.findings = [Code::UnknownAlgorithm].into_iter().collect();
                }
                facts
            }
        },
        Some(parameters) if parameters.tag == der::SEQUENCE => {
            let order = order_bits(parameters).unwrap_or(0);
            let curve = Explicit::read(parameters.raw).and_then(|explicit| explicit.name());
            let mut facts =
                KeyFacts { curve, ..KeyFacts::sized(KeyAlgorithm::Ec, curve.map_or(order, Curve::bits)) };
            facts.findings.insert(Code::ExplicitCurve);
            facts
        }
        // implicitCurve, or nothing at all: the curve is agreed elsewhere (RFC 5480 section 2.1.1 forbids
        // it).
        _ => KeyFacts::sized(KeyAlgorithm::Ec, 0),
    }
}

fn dl_facts(parts: &Parts<'_>, algorithm: KeyAlgorithm) -> KeyFacts {
    // All four forms of parameters begin with p; DSA keys may inherit theirs (RFC 3279 section 2.3.2).
    let p = parts.parameters.and_then(|p| p.reader().integer()).map_or(0, der::bit_length);
    KeyFacts::sized(algorithm, p)
}

/// The point without compression, where that can be had.
pub(crate) fn uncompressed(curve: Curve, point: &[u8]) -> Cow<'_, [u8]> {
    let octets = curve.field_octets();
    let rewritten = match point.split_first() {
        // X9.62 hybrid form: both coordinates and the parity of y, which has to fit.
        Some((form @ (6 | 7), xy))
            if xy.len() == octets * 2 && xy.last().is_some_and(|y| y & 1 == form & 1) =>
        {
            Some([&[4], xy].concat())
        }
        Some((form @ (2 | 3), x)) if x.len() == octets => {
            weierstrass::decompress(&curve.domain(), x, form & 1 == 1)
                .map(|y| [&[4], x, y.as_slice()].concat())
        }
        _ => None,
    };
    rewritten.map_or(Cow::Borrowed(point), Cow::Owned)
}

/// Curve parameters written out: `SpecifiedECDomain` of SEC 1 appendix C.2 (X9.62 `ECParameters`), over a
/// prime field.
pub(crate) struct Explicit {
    /// The numbers.
    pub(crate) domain: Domain,
}

impl Explicit {
    /// Reads the parameters; `None` for binary fields and for what does not decode.
    pub(crate) fn read(parameters: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(parameters).sequence()?;
        fields.integer()?;
        let mut field = fields.sequence()?;
        if field.oid()? != oid::PRIME_FIELD {
            return None;
        }
        let p = strip_zeros(field.integer()?).to_vec();
        let mut curve = fields.sequence()?;
        let a = strip_zeros(curve.octet_string()?).to_vec();
        let b = strip_zeros(curve.octet_string()?).to_vec();
        let base = fields.octet_string()?;
        let n = strip_zeros(fields.integer()?).to_vec();
        // Larger fields are never computed with, nor is any curve known there.
        if p.len() > weierstrass::LARGEST_FIELD || n.len() > weierstrass::LARGEST_FIELD {
            return None;
        }
        let (form, coordinates) = base.split_first()?;
        let (gx, gy) = match form {
            4 | 6 | 7 if coordinates.len() % 2 == 0 => coordinates.split_at(coordinates.len() / 2),
            2 | 3 => (coordinates, &[][..]),
            _ => return None,
        };
        let mut domain = Domain { p, a, b, gx: strip_zeros(gx).to_vec(), gy: strip_zeros(gy).to_vec(), n };
        if matches!(form, 2 | 3) {
            domain.gy = strip_zeros(&weierstrass::decompress(&domain, gx, form & 1 == 1)?).to_vec();
        }
        Some(Self { domain })
    }

    /// The name of the curve, if all numbers are those of a named one. A known curve with another generator
    /// is **not** that curve: whoever chose the generator knows a private key for every public one
    /// (CVE-2020-0601).
    pub(crate) fn name(&self) -> Option<Curve> {
        Curve::all()
            .find(|curve| curve.bits() == der::bit_length(&self.domain.n) && curve.domain() == self.domain)
    }
}

/// Bits of the order in explicit parameters over any field.
fn order_bits(parameters: Tlv<'_>) -> Option<u32> {
    let mut fields = parameters.reader();
    fields.integer()?;
    fields.sequence()?;
    fields.sequence()?;
    fields.octet_string()?;
    fields.integer().map(der::bit_length)
}
