//! The curves that have names: SEC 2 (both editions), X9.62, RFC 5639, GB/T 32918.5 and WAP-WTLS, with their
//! domain parameters.
//!
//! Curves over prime fields are a [`Curve`], so that public halves can be computed on them and explicit
//! parameters recognised; of curves over binary fields only the size is known here. Sizes are those of the
//! group order, as OpenSSL counts them.

mod table;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::from_hex;
use crate::oid;
use crate::pki::der::strip_zeros;

use table::{BINARY, Row, TABLE};

/// A named curve over a prime field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// `brainpoolP160r1` (RFC 5639).
    Brainpool160r1,
    /// `brainpoolP160t1` (RFC 5639).
    Brainpool160t1,
    /// `brainpoolP192r1` (RFC 5639).
    Brainpool192r1,
    /// `brainpoolP192t1` (RFC 5639).
    Brainpool192t1,
    /// `brainpoolP224r1` (RFC 5639).
    Brainpool224r1,
    /// `brainpoolP224t1` (RFC 5639).
    Brainpool224t1,
    /// `brainpoolP256r1` (RFC 5639).
    Brainpool256r1,
    /// `brainpoolP256t1` (RFC 5639).
    Brainpool256t1,
    /// `brainpoolP320r1` (RFC 5639).
    Brainpool320r1,
    /// `brainpoolP320t1` (RFC 5639).
    Brainpool320t1,
    /// `brainpoolP384r1` (RFC 5639).
    Brainpool384r1,
    /// `brainpoolP384t1` (RFC 5639).
    Brainpool384t1,
    /// `brainpoolP512r1` (RFC 5639).
    Brainpool512r1,
    /// `brainpoolP512t1` (RFC 5639).
    Brainpool512t1,
    /// `secp192r1` (NIST P-192, X9.62 `prime192v1`).
    P192,
    /// `secp224r1` (NIST P-224).
    P224,
    /// `secp256r1` (NIST P-256, X9.62 `prime256v1`).
    P256,
    /// `secp384r1` (NIST P-384).
    P384,
    /// `secp521r1` (NIST P-521).
    P521,
    /// `prime192v2` (X9.62).
    Prime192v2,
    /// `prime192v3` (X9.62).
    Prime192v3,
    /// `prime239v1` (X9.62).
    Prime239v1,
    /// `prime239v2` (X9.62).
    Prime239v2,
    /// `prime239v3` (X9.62).
    Prime239v3,
    /// `secp112r1` (SEC 2).
    Secp112r1,
    /// `secp112r2` (SEC 2).
    Secp112r2,
    /// `secp128r1` (SEC 2).
    Secp128r1,
    /// `secp128r2` (SEC 2).
    Secp128r2,
    /// `secp160k1` (SEC 2).
    Secp160k1,
    /// `secp160r1` (SEC 2).
    Secp160r1,
    /// `secp160r2` (SEC 2).
    Secp160r2,
    /// `secp192k1` (SEC 2).
    Secp192k1,
    /// `secp224k1` (SEC 2).
    Secp224k1,
    /// `secp256k1` (SEC 2).
    Secp256k1,
    /// `SM2` (GB/T 32918.5).
    Sm2,
    /// `wap-wsg-idm-ecid-wtls12` (WAP-WTLS).
    Wtls12,
    /// `wap-wsg-idm-ecid-wtls6` (WAP-WTLS).
    Wtls6,
    /// `wap-wsg-idm-ecid-wtls7` (WAP-WTLS).
    Wtls7,
    /// `wap-wsg-idm-ecid-wtls8` (WAP-WTLS).
    Wtls8,
    /// `wap-wsg-idm-ecid-wtls9` (WAP-WTLS).
    Wtls9,
}

/// Domain parameters of a curve over a prime field, y^2 = x^3 + ax + b mod p (SEC 1 section 3.1.1.1);
/// magnitudes, big endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    /// The prime.
    pub(crate) p: Vec<u8>,
    /// Coefficient a.
    pub(crate) a: Vec<u8>,
    /// Coefficient b.
    pub(crate) b: Vec<u8>,
    /// The generator's x.
    pub(crate) gx: Vec<u8>,
    /// The generator's y.
    pub(crate) gy: Vec<u8>,
    /// The generator's order.
    pub(crate) n: Vec<u8>,
}

/// By its name in records.
impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Self::all()
            .find(|curve| curve.as_str() == name)
            .ok_or_else(|| serde::de::Error::custom("not a known curve"))
    }
}

impl Curve {
    /// The name used in records: of SEC 2 where it has one, else OpenSSL's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Finds the curve by the content octets of its OID.
    #[must_use]
    pub(crate) fn from_oid(content: &[u8]) -> Option<Self> {
        // P-256 is nearly every EC key there is.
        if content == oid::P256 {
            return Some(Self::P256);
        }
        TABLE.iter().position(|row| row.oid == content).map(|at| ROWS[at])
    }

    /// Every curve, those preferred as the name of explicit parameters first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        ROWS.into_iter()
    }

    /// The content octets of its OID.
    #[must_use]
    pub(crate) fn oid(self) -> &'static [u8] {
        self.row().oid
    }

    /// Bits of the group order; of the field too, but for a few old curves.
    #[must_use]
    pub(crate) fn bits(self) -> u32 {
        self.row().bits
    }

    /// Octets of one coordinate.
    #[must_use]
    pub(crate) fn field_octets(self) -> usize {
        // Every prime of the table is written in full octets without leading zeros.
        self.row().numbers[0].len() / 2
    }

    /// The domain parameters.
    #[must_use]
    pub(crate) fn domain(self) -> Domain {
        let [p, a, b, gx, gy, n] =
            self.row().numbers.map(|digits| strip_zeros(&from_hex(digits).unwrap_or_default()).to_vec());
        Domain { p, a, b, gx, gy, n }
    }

    fn row(self) -> &'static Row {
        // The tests hold the table to list the variants in their order in `INDEX`.
        &TABLE[INDEX[self as usize] as usize]
    }
}

/// Bits of the group order of a named curve over a binary field.
pub(crate) fn binary_curve_bits(content: &[u8]) -> Option<u32> {
    BINARY.iter().find(|(oid, _)| *oid == content).map(|(_, bits)| *bits)
}

/// The curve of each row of [`TABLE`].
const ROWS: [Curve; 40] = [
    Curve::P256,
    Curve::P384,
    Curve::P521,
    Curve::Secp256k1,
    Curve::P224,
    Curve::P192,
    Curve::Secp112r1,
    Curve::Secp112r2,
    Curve::Secp128r1,
    Curve::Secp128r2,
    Curve::Secp160k1,
    Curve::Secp160r1,
    Curve::Secp160r2,
    Curve::Secp192k1,
    Curve::Secp224k1,
    Curve::Prime192v2,
    Curve::Prime192v3,
    Curve::Prime239v1,
    Curve::Prime239v2,
    Curve::Prime239v3,
    Curve::Brainpool160r1,
    Curve::Brainpool160t1,
    Curve::Brainpool192r1,
    Curve::Brainpool192t1,
    Curve::Brainpool224r1,
    Curve::Brainpool224t1,
    Curve::Brainpool256r1,
    Curve::Brainpool256t1,
    Curve::Brainpool320r1,
    Curve::Brainpool320t1,
    Curve::Brainpool384r1,
    Curve::Brainpool384t1,
    Curve::Brainpool512r1,
    Curve::Brainpool512t1,
    Curve::Sm2,
    Curve::Wtls6,
    Curve::Wtls7,
    Curve::Wtls8,
    Curve::Wtls9,
    Curve::Wtls12,
];

/// Where each variant stands in [`TABLE`].
const INDEX: [u8; 40] = [
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 5, 4, 0, 1, 2, 15, 16, 17, 18, 19, 6, 7, 8, 9,
    10, 11, 12, 13, 14, 3, 34, 39, 35, 36, 37, 38,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_finds_its_own_row() {
        let mut curves: Vec<_> = Curve::all().collect();
        assert_eq!((curves.len(), TABLE.len()), (INDEX.len(), INDEX.len()));
        assert!(curves.iter().all(|c| Curve::from_oid(c.oid()) == Some(*c)));
        curves.sort();
        curves.dedup();
        assert_eq!(curves.len(), INDEX.len());
    }

    #[test]
    fn orders_have_the_bits_said() {
        for curve in Curve::all() {
            let domain = curve.domain();
            assert_eq!(crate::pki::der::bit_length(&domain.n), curve.bits(), "{}", curve.as_str());
            assert_eq!(domain.p.len(), curve.field_octets(), "{}", curve.as_str());
        }
    }
}
