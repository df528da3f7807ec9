//! The arithmetic that DSA and ECDSA share: a pair (r, s) modulo the order of a group (FIPS 186-4 sections
//! 4.7 and 6.4).

use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero};

use crate::pki::der::{self, Reader, bit_length, strip_zeros};

/// Numbers modulo the order of a group; all of them are public.
pub(super) struct Scalars {
    order: NonZero<BoxedUint>,
}

impl Scalars {
    /// `None` for an order of 0 or 1.
    pub(super) fn new(order: &[u8]) -> Option<Self> {
        let order = (bit_length(order) > 1).then(|| BoxedUint::from_be_slice_vartime(strip_zeros(order)))?;
        Some(Self { order: Option::from(NonZero::new(order))? })
    }

    /// Reads a signature (`Dss-Sig-Value`, RFC 3279 section 2.2.2): r, and the exponents u1 = z / s and u2 =
    /// r / s. `None` if it is no signature: r and s are at least 1 and less than the order, in DER.
    pub(super) fn read(&self, signature: &[u8], z: BoxedUint) -> Option<(BoxedUint, BoxedUint, BoxedUint)> {
        let [r, s] = self.pair(signature)?;
        let inverse = Option::<BoxedUint>::from(self.reduce(s).invert_mod(&self.order))?;
        let (z, r) = (self.reduce(z), self.reduce(r));
        let (u1, u2) = (self.multiply(&z, &inverse), self.multiply(&r, &inverse));
        Some((r, u1, u2))
    }

    /// Both numbers of a signature, each at least 1 and less than the order.
    pub(super) fn pair(&self, signature: &[u8]) -> Option<[BoxedUint; 2]> {
        let mut numbers = Reader::new(signature).sequence()?;
        let (r, s) = (numbers.unsigned()?, numbers.unsigned()?);
        // As strict as OpenSSL is: what is not DER is no signature.
        if der::tlv(der::SEQUENCE, &[der::unsigned(r), der::unsigned(s)].concat()) != signature {
            return None;
        }
        let inside = |octets: &[u8]| {
            let number = (!octets.is_empty() && bit_length(octets) <= self.order.bits_vartime())
                .then(|| BoxedUint::from_be_slice_vartime(octets))?;
            (number < *self.order.as_ref()).then_some(number)
        };
        Some([inside(r)?, inside(s)?])
    }

    /// The product.
    pub(super) fn multiply(&self, a: &BoxedUint, b: &BoxedUint) -> BoxedUint {
        a.concatenating_mul(b).rem_vartime(&self.order)
    }

    /// The remainder.
    pub(super) fn reduce(&self, number: BoxedUint) -> BoxedUint {
        number.rem_vartime(&self.order)
    }
}

/// As many bits of a hash, from the left, as the order has.
pub(super) fn leftmost(digest: &[u8], bits: u32) -> BoxedUint {
    let octets = bits.div_ceil(8) as usize;
    if octets > digest.len() {
        return BoxedUint::from_be_slice_vartime(digest);
    }
    BoxedUint::from_be_slice_vartime(&digest[..octets]).wrapping_shr_vartime(octets as u32 * 8 - bits)
}
