//! ECDSA (FIPS 186-4 section 6.4, SEC 1 section 4.1.4) and SM2 (GB/T 32918.2) on every named curve; aws-lc
//! checks the usual ones faster.

use crypto_bigint::BoxedUint;

use super::checked::Checked;
use super::hash::Hash;
use super::scalar::{Scalars, leftmost};
use crate::pki::spki::curve::{Curve, Domain};
use crate::pki::spki::weierstrass;

/// Checks an ECDSA signature; `point` is the public key, uncompressed.
pub(super) fn ecdsa(curve: Curve, hash: Hash, tbs: &[u8], signature: &[u8], point: &[u8]) -> Checked {
    let domain = curve.domain();
    let Some(scalars) = Scalars::new(&domain.n) else { return Checked::NotSupported };
    let digest = hash.of(&[tbs]);
    let Some((r, u1, u2)) = scalars.read(signature, leftmost(&digest, curve.bits())) else {
        return Checked::Invalid;
    };
    // A point that is not on the curve has made no signature that could be checked.
    let Some(x) = weierstrass::combine(&domain, &u1.to_be_bytes(), &u2.to_be_bytes(), point) else {
        return Checked::NotSupported;
    };
    if scalars.reduce(number(&x)) == r { Checked::Valid } else { Checked::Invalid }
}

/// Checks an SM2 signature with SM3. Which identity the signer goes by is written nowhere: GM/T 0009 has a
/// default, OpenSSL has none.
pub(super) fn sm2(curve: Curve, tbs: &[u8], signature: &[u8], point: &[u8]) -> Checked {
    let domain = curve.domain();
    let Some(scalars) = Scalars::new(&domain.n) else { return Checked::NotSupported };
    let Some([r, s]) = scalars.pair(signature) else { return Checked::Invalid };
    let t = scalars.reduce(r.concatenating_add(&s));
    if bool::from(t.is_zero()) {
        return Checked::Invalid;
    }
    let Some(x) = weierstrass::combine(&domain, &s.to_be_bytes(), &t.to_be_bytes(), point) else {
        return Checked::NotSupported;
    };
    let (r, x) = (scalars.reduce(r), number(&x));
    let valid = [&b"1234567812345678"[..], b""].iter().any(|identity| {
        let e = Hash::Sm3.of(&[&signer(&domain, identity, point), tbs]);
        scalars.reduce(number(&e).concatenating_add(&x)) == r
    });
    if valid { Checked::Valid } else { Checked::Invalid }
}

/// Z of GB/T 32918.2 section 5.5: the hash of the identity (behind its length in bits), the curve and the
/// key.
fn signer(domain: &Domain, identity: &[u8], point: &[u8]) -> Vec<u8> {
    let bits = [0, identity.len() as u8 * 8];
    let full =
        |octets: &[u8]| [vec![0; domain.p.len().saturating_sub(octets.len())].as_slice(), octets].concat();
    let [a, b, x, y] = [&domain.a, &domain.b, &domain.gx, &domain.gy].map(|octets| full(octets));
    Hash::Sm3.of(&[&bits, identity, &a, &b, &x, &y, point.get(1..).unwrap_or_default()])
}

fn number(octets: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(octets)
}
