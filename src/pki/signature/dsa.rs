//! DSA (FIPS 186-4 section 4.7).

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, Resize};

use super::checked::Checked;
use super::hash::Hash;
use super::scalar::{Scalars, leftmost};
use crate::limits::{DH_BITS, DSA_ORDER_BITS};
use crate::pki::der::{Reader, bit_length, strip_zeros};

/// Checks a signature; `spki` is the whole `SubjectPublicKeyInfo` (RFC 3279 section 2.3.2), `key` the octets
/// of its BIT STRING.
pub(super) fn check(hash: Hash, tbs: &[u8], signature: &[u8], spki: &[u8], key: &[u8]) -> Checked {
    let Some(public) = PublicKey::read(spki, key) else { return Checked::NotSupported };
    let Some(scalars) = Scalars::new(public.q) else { return Checked::NotSupported };
    let digest = hash.of(&[tbs]);
    let Some((r, u1, u2)) = scalars.read(signature, leftmost(&digest, bit_length(public.q))) else {
        return Checked::Invalid;
    };
    let Some(v) = public.power(&u1, &u2) else { return Checked::NotSupported };
    if scalars.reduce(v) == r { Checked::Valid } else { Checked::Invalid }
}

/// The numbers of a public key.
struct PublicKey<'a> {
    p: &'a [u8],
    q: &'a [u8],
    g: &'a [u8],
    y: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Reads a key. `None` for parameters inherited from elsewhere, for sizes that nobody uses, and for g or
    /// y of 0 or 1, with which everybody can sign.
    fn read(spki: &'a [u8], key: &'a [u8]) -> Option<Self> {
        let mut algorithm = Reader::new(spki).sequence()?.sequence()?;
        algorithm.oid()?;
        let mut parameters = algorithm.sequence()?;
        let mut number = || parameters.integer().map(strip_zeros);
        let (p, q, g) = (number()?, number()?, number()?);
        let y = strip_zeros(Reader::new(key).integer()?);
        let below = |number: &[u8]| bit_length(number) > 1 && (number.len(), number) < (p.len(), p);
        let sizes = p.len() <= DH_BITS / 8 && (8..=DSA_ORDER_BITS).contains(&bit_length(q)) && below(q);
        (sizes && below(g) && below(y)).then_some(Self { p, q, g, y })
    }

    /// g^u1 * y^u2 mod p.
    fn power(&self, u1: &BoxedUint, u2: &BoxedUint) -> Option<BoxedUint> {
        let modulus = BoxedUint::from_be_slice_vartime(self.p);
        let precision = modulus.bits_precision();
        let params = BoxedMontyParams::new_vartime(Option::<Odd<BoxedUint>>::from(Odd::new(modulus))?);
        let raised = |base: &[u8], exponent: &BoxedUint| {
            let base = BoxedMontyForm::new(BoxedUint::from_be_slice_vartime(base).resize(precision), &params);
            base.pow_bounded_exp(exponent, exponent.bits_vartime().max(1))
        };
        Some((raised(self.g, u1) * raised(self.y, u2)).retrieve())
    }
}
