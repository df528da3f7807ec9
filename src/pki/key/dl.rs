//! DSA and Diffie-Hellman: y = g^x mod p (FIPS 186-4 section 4.1, RFC 2631 section 2.1.1).

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd, Resize};
use zeroize::Zeroizing;

use super::halves::{settle, with};
use crate::finding::Code;
use crate::limits::DH_BITS;
use crate::oid;
use crate::pki::der::{self, Reader, Tlv, bit_length, strip_zeros};
use crate::pki::spki::{KeyFacts, algorithm_identifier};

/// A key of PKCS #8; `x` are the content octets of the private INTEGER.
pub(super) fn read(
    algorithm: &[u8],
    parameters: Option<Tlv<'_>>,
    x: &[u8],
    public: Option<&[u8]>,
) -> KeyFacts {
    facts(algorithm, parameters.and_then(|parameters| power(algorithm, parameters, x)), public)
}

/// OpenSSL's traditional form, after its version: p, q, g, y, x.
pub(super) fn traditional_dsa(mut fields: Reader<'_>) -> Option<KeyFacts> {
    let (p, q, g) = (fields.any()?, fields.any()?, fields.any()?);
    let (y, x) = (strip_zeros(fields.integer()?), fields.integer()?);
    let parameters = der::tlv(der::SEQUENCE, &[p.raw, q.raw, g.raw].concat());
    let computed = raise(strip_zeros(g.content), x, strip_zeros(p.content));
    // y = 0 stands for "left out": no key has it.
    let stored = (!y.is_empty()).then(|| der::unsigned(y));
    Some(facts(&algorithm_identifier(oid::DSA, &parameters), computed, stored.as_deref()))
}

/// Joins what was computed with what is stored. A result that proves nothing only stands in where nothing is
/// stored.
pub(super) fn facts(algorithm: &[u8], computed: Option<Power>, stored: Option<&[u8]>) -> KeyFacts {
    match computed {
        Some(Power { y, proves: true }) => settle(algorithm, Some(&der::unsigned(&y)), stored),
        Some(Power { y, proves: false }) => {
            let y = der::unsigned(&y);
            let facts = settle(algorithm, None, stored.or(Some(&y)));
            if stored.is_some_and(|stored| stored != y) { with(facts, Code::KeyMismatch) } else { facts }
        }
        None => settle(algorithm, None, stored),
    }
}

/// g^x mod p.
pub(super) struct Power {
    y: Vec<u8>,
    /// Whether knowing x is something: it is not where g or y is 0, 1 or -1.
    proves: bool,
}

/// g^x mod p, with p and g found where this algorithm's parameters have them.
fn power(algorithm: &[u8], parameters: Tlv<'_>, x: &[u8]) -> Option<Power> {
    let oid = Reader::new(algorithm).sequence()?.oid()?;
    let mut numbers = parameters.reader();
    let p = strip_zeros(numbers.integer()?);
    // Dss-Parms are p, q, g (RFC 3279 section 2.3.2); DHParameter and DomainParameters begin with p, g
    // (section 2.3.3, PKCS #3).
    if matches!(oid, oid::DSA | oid::DSA_OIW) {
        numbers.integer()?;
    }
    raise(strip_zeros(numbers.integer()?), x, p)
}

/// g^x mod p in constant time for exponents of one length. `None` for what cannot be computed: even or tiny
/// or huge p, x larger than p.
pub(super) fn raise(g: &[u8], x: &[u8], p: &[u8]) -> Option<Power> {
    let x = strip_zeros(x);
    if bit_length(p) < 3 || p.len() > DH_BITS / 8 || g.len() > p.len() || x.len() > p.len() {
        return None;
    }
    let modulus = BoxedUint::from_be_slice_vartime(p);
    let precision = modulus.bits_precision();
    let odd = Option::<Odd<BoxedUint>>::from(Odd::new(modulus.clone()))?;
    let modulus = Option::<NonZero<BoxedUint>>::from(NonZero::new(modulus))?;
    let g = BoxedUint::from_be_slice_vartime(g).resize(precision).rem_vartime(&modulus);
    let params = BoxedMontyParams::new_vartime(odd);
    let x = Zeroizing::new(BoxedUint::from_be_slice_vartime(if x.is_empty() { &[0] } else { x }));
    let g = BoxedMontyForm::new(g, &params);
    let y = g.pow(&x);
    let one = BoxedMontyForm::one(&params);
    let is_trivial =
        |element: &BoxedMontyForm| bool::from(element.is_zero()) || *element == one || *element == -&one;
    let proves = !is_trivial(&g) && !is_trivial(&y);
    Some(Power { y: strip_zeros(&y.retrieve().to_be_bytes()).to_vec(), proves })
}
