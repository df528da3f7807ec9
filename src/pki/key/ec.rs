//! Elliptic curve keys: the point is the generator times the scalar (SEC 1 section 3.2.1).

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::signature::{ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use super::halves::{settle, with};
use crate::finding::{Code, Codes};
use crate::oid;
use crate::pki::der::{self, Tlv, strip_zeros};
use crate::pki::spki::curve::Curve;
use crate::pki::spki::{Explicit, KeyAlgorithm, KeyFacts, algorithm_identifier, uncompressed, weierstrass};

/// `ECPrivateKey` (RFC 5915 section 3).
pub(super) struct Sec1<'a> {
    /// The whole element.
    raw: &'a [u8],
    scalar: &'a [u8],
    parameters: Option<Tlv<'a>>,
    public: Option<&'a [u8]>,
}

impl<'a> Sec1<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (outer, _) = der::first(der)?;
        let mut fields = (outer.tag == der::SEQUENCE).then(|| outer.reader())?;
        fields.integer()?;
        let scalar = fields.octet_string()?;
        let (mut parameters, mut public) = (None, None);
        for field in fields {
            match field.tag {
                tag if tag == der::context(0) => parameters = field.reader().any(),
                tag if tag == der::context(1) => public = field.reader().bit_string(),
                _ => return None,
            }
        }
        Some(Self { raw: outer.raw, scalar, parameters, public })
    }
}

/// Reads a key. The curve is taken from the AlgorithmIdentifier around it, else from its own parameters, else
/// from `hint`, if that fits; a key without any is tried on every named curve of its point's size, and the
/// one on which its public point comes out is its curve.
pub(super) fn read(
    key: &Sec1<'_>,
    outer: Option<(&[u8], Option<Tlv<'_>>)>,
    outer_public: Option<&[u8]>,
    hint: Option<&[u8]>,
) -> KeyFacts {
    let oid = outer.map_or(oid::EC_PUBLIC_KEY, |(oid, _)| oid);
    let said = [outer.and_then(|(_, parameters)| parameters), key.parameters];
    let mut said: Vec<Tlv<'_>> = said.into_iter().flatten().filter(names_curve).collect();
    said.dedup_by(|a, b| a.raw == b.raw);
    let stored = key.public.or(outer_public);
    let Some(first) = said.first() else {
        return hint
            .and_then(|hint| hinted(key, oid, hint, stored))
            .unwrap_or_else(|| guess(key, oid, stored));
    };
    let facts = on_curve(key, oid, *first, stored);
    if facts.findings.contains(Code::KeyMismatch) {
        // The file names two curves and the public point is on the other one.
        let other = said[1..]
            .iter()
            .map(|other| on_curve(key, oid, *other, stored))
            .find(|facts| !facts.findings.contains(Code::KeyMismatch));
        if let Some(other) = other {
            return with(other, Code::KeyMismatch);
        }
    }
    facts
}

/// Whether parameters say which curve it is: `implicitCurve` does not (RFC 5480 section 2.1.1).
fn names_curve(parameters: &Tlv<'_>) -> bool {
    matches!(parameters.tag, der::OID | der::SEQUENCE)
}

/// Facts of the key on a curve that was named beside it. They may belong to another key: `None` if scalar or
/// point do not fit that curve, or if it cannot be computed on.
fn hinted(key: &Sec1<'_>, oid: &[u8], hint: &[u8], stored: Option<&[u8]>) -> Option<KeyFacts> {
    let (parameters, _) = der::first(hint).filter(|(parameters, _)| names_curve(parameters))?;
    let facts = on_curve(key, oid, parameters, stored);
    let octets = facts.bits.div_ceil(8) as usize;
    // RFC 5915 section 3: as many octets as the order has, which may be one bit longer than the field.
    // Writers drop leading zeros; eight of them are one key in 2^64.
    let fits = strip_zeros(key.scalar).len() <= octets + 1 && key.scalar.len() + 8 > octets;
    let point = stored.is_none_or(|point| [1 + octets, 1 + 2 * octets].contains(&point.len()));
    (octets > 0 && fits && point && facts.spki.is_some() && !facts.findings.contains(Code::KeyMismatch))
        .then_some(facts)
}

/// Facts of the key on the curve that these parameters give.
fn on_curve(key: &Sec1<'_>, oid: &[u8], parameters: Tlv<'_>, stored: Option<&[u8]>) -> KeyFacts {
    let algorithm = algorithm_identifier(oid, parameters.raw);
    let computed = match parameters.tag {
        der::OID => Curve::from_oid(parameters.content).and_then(|curve| public_point(curve, key, stored)),
        _ => Explicit::read(parameters.raw).and_then(|explicit| match explicit.name() {
            Some(curve) => public_point(curve, key, stored),
            None => weierstrass::multiply(&explicit.domain, key.scalar),
        }),
    };
    if computed.as_deref() == Some(INFINITY) {
        // A scalar of 0, or of the order, is the private half of no key.
        let facts = settle(&algorithm, None, stored.or(Some(INFINITY)));
        return if stored.is_some_and(|stored| stored != INFINITY) {
            with(facts, Code::KeyMismatch)
        } else {
            facts
        };
    }
    if let (der::SEQUENCE, Some(point), Some(computed)) = (parameters.tag, stored, &computed)
        && same_point(point, computed)
    {
        // On a curve without a name the two forms of a point have two hashes; here it is seen that they are
        // one key.
        return settle(&algorithm, Some(point), None);
    }
    settle(&algorithm, computed.as_deref(), stored)
}

/// The point at infinity (SEC 1 section 2.3.3).
const INFINITY: &[u8] = &[0];

/// A key that names no curve.
fn guess(key: &Sec1<'_>, oid: &[u8], stored: Option<&[u8]>) -> KeyFacts {
    let found = stored.and_then(|stored| {
        let fits =
            |curve: &Curve| [1 + curve.field_octets(), 1 + 2 * curve.field_octets()].contains(&stored.len());
        Curve::all().filter(fits).find(|curve| {
            let computed = public_point(*curve, key, Some(stored));
            computed.as_deref() == Some(uncompressed(*curve, stored).as_ref())
        })
    });
    if let Some(curve) = found {
        return settle(&algorithm_identifier(oid, &der::tlv(der::OID, curve.oid())), stored, None);
    }
    let findings: Codes = [Code::PublicKeyNotComputable].into_iter().collect();
    KeyFacts { findings, ..KeyFacts::sized(KeyAlgorithm::Ec, 0) }
}

/// Whether a compressed or hybrid point is this uncompressed one.
fn same_point(point: &[u8], computed: &[u8]) -> bool {
    let Some((form, coordinates)) = point.split_first() else { return false };
    let odd = computed.last().map_or(0, |y| y & 1);
    match form {
        2 | 3 => {
            form & 1 == odd
                && computed.len() == 1 + 2 * coordinates.len()
                && computed[1..].starts_with(coordinates)
        }
        6 | 7 => form & 1 == odd && computed.get(1..) == Some(coordinates),
        _ => false,
    }
}

/// The uncompressed public point on a named curve.
fn public_point(curve: Curve, key: &Sec1<'_>, stored: Option<&[u8]>) -> Option<Vec<u8>> {
    fast(curve, key, stored).or_else(|| weierstrass::multiply(&curve.domain(), key.scalar))
}

/// aws-lc's constant-time code, for the curves it has; `None` for others and for scalars it refuses.
fn fast(curve: Curve, key: &Sec1<'_>, stored: Option<&[u8]>) -> Option<Vec<u8>> {
    let ecdh = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
        Curve::P521 => &ECDH_P521,
        Curve::Secp256k1 => return secp256k1(key, stored),
        _ => return None,
    };
    if let Some(stored) = beside(key, stored)
        && agreement::PrivateKey::from_private_key_der(ecdh, key.raw).is_ok()
    {
        return Some(stored.to_vec());
    }
    let scalar = padded(key.scalar, curve.field_octets())?;
    let private = agreement::PrivateKey::from_private_key(ecdh, &scalar).ok()?;
    Some(private.compute_public_key().ok()?.as_ref().to_vec())
}

/// secp256k1 comes with signing only, which loads keys all the same. Without a stored point the generic
/// routine is quicker.
fn secp256k1(key: &Sec1<'_>, stored: Option<&[u8]>) -> Option<Vec<u8>> {
    let stored = beside(key, stored)?;
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256K1_SHA256_ASN1_SIGNING, key.raw)
        .ok()
        .map(|_| stored.to_vec())
}

/// The uncompressed point within the `ECPrivateKey`. Loading a key with its point makes aws-lc multiply once,
/// to compare; loading the bare scalar makes it multiply twice, to compute and to compare. So a point that is
/// there and fits costs half.
fn beside<'a>(key: &Sec1<'a>, stored: Option<&[u8]>) -> Option<&'a [u8]> {
    key.public.filter(|point| point.first() == Some(&4) && Some(*point) == stored)
}

/// The scalar in exactly so many octets; writers drop leading zeros or add them (RFC 5915 section 3 says
/// neither is right).
fn padded(scalar: &[u8], octets: usize) -> Option<Zeroizing<Vec<u8>>> {
    let digits = strip_zeros(scalar);
    let zeros = octets.checked_sub(digits.len())?;
    let mut out = Zeroizing::new(Vec::with_capacity(octets));
    out.resize(zeros, 0);
    out.extend_from_slice(digits);
    Some(out)
}

/// The public point of a scalar on a named curve, for formats other than SEC 1.
pub(super) fn public_of_scalar(curve: Curve, scalar: &[u8]) -> Option<Vec<u8>> {
    public_point(curve, &Sec1 { raw: &[], scalar, parameters: None, public: None }, None)
        .filter(|point| point != INFINITY)
}
