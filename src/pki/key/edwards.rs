//! Public halves on the Goldilocks curve: Ed448 (RFC 8032 section 5.2) and X448 (RFC 7748 section 5). No library here has them.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Choice, CtAssign, CtEq, Odd, Uint};
use zeroize::{Zeroize, Zeroizing};

use super::shake::shake256;

/// Words of an element: 448 bits.
const LIMBS: usize = 7;
type Element = FixedMontyForm<LIMBS>;

/// The field prime 2^448 - 2^224 - 1.
const P: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
/// The base point of edwards448 (RFC 8032 section 5.2).
const BASE_X: &str = "4f1970c66bed0ded221d15a622bf36da9e146570470f1767ea6de324a3d3a46412ae1af72ab66511433b80e18b00938e2626a82bc70cc05e";
/// Its other coordinate.
const BASE_Y: &str = "693f46716eb6bc248876203756c9c7624bea73736ca3984087789c1e05a0c2d73ad3ff1ce67c39c4fdbd132c4ed7c8ad9808795bf230fa14";
/// -d of the curve x^2 + y^2 = 1 + d x^2 y^2; also (A - 2) / 4 of the Montgomery form (RFC 7748 section 5).
const MINUS_D: u32 = 39081;

/// The public key of an Ed448 seed of 57 octets (RFC 8032 section 5.2.5).
pub(super) fn ed448_public(seed: &[u8]) -> Option<Vec<u8>> {
    if seed.len() != 57 {
        return None;
    }
    let mut digest = Zeroizing::new([0u8; 57]);
    shake256(seed, digest.as_mut_slice());
    // Clamping: the cofactor's two bits cleared, the highest octet zero, the highest bit below it set.
    digest[0] &= 0xfc;
    digest[55] |= 0x80;
    let scalar = &digest[..56];
    let params = field()?;
    let element = |digits: &str| Element::new(&Uint::from_be_hex(digits), &params);
    let (zero, one) = (Element::zero(&params), Element::one(&params));
    let minus_d = Element::new(&Uint::from(MINUS_D), &params);
    let neutral = Point { x: zero, y: one, z: one };
    let base = Point { x: element(BASE_X), y: element(BASE_Y), z: one };
    let mut table = [neutral; 16];
    for i in 1..16 {
        table[i] = add(&table[i - 1], &base, &minus_d);
    }
    let mut sum = neutral;
    for nibble in scalar.iter().rev().flat_map(|octet| [octet >> 4, octet & 15]) {
        for _ in 0..4 {
            sum = add(&sum, &sum, &minus_d);
        }
        let mut chosen = neutral;
        for (i, multiple) in (0u8..).zip(&table) {
            chosen.assign(multiple, i.ct_eq(&nibble));
        }
        sum = add(&sum, &chosen, &minus_d);
        chosen.wipe();
    }
    let inverse = Option::<Element>::from(sum.z.invert())?;
    let (x, y) = ((sum.x * inverse).retrieve(), (sum.y * inverse).retrieve());
    sum.wipe();
    // Section 5.2.2: y in 57 octets little endian, the sign of x in the last bit.
    let mut out = little_endian(&y);
    out.push(if bool::from(x.is_odd()) { 0x80 } else { 0 });
    Some(out)
}

/// The public key of an X448 private key of 56 octets: the ladder on u = 5 (RFC 7748 section 5).
pub(super) fn x448_public(private: &[u8]) -> Option<Vec<u8>> {
    if private.len() != 56 {
        return None;
    }
    let mut scalar = Zeroizing::new([0u8; 56]);
    scalar.copy_from_slice(private);
    scalar[0] &= 0xfc;
    scalar[55] |= 0x80;
    let params = field()?;
    let one = Element::one(&params);
    let a24 = Element::new(&Uint::from(MINUS_D), &params);
    let u = Element::new(&Uint::from(5u32), &params);
    let (mut x2, mut z2, mut x3, mut z3) = (one, Element::zero(&params), u, one);
    let mut swapped = 0;
    for index in (0..448).rev() {
        let bit = scalar[index / 8] >> (index % 8) & 1;
        let swap = (swapped ^ bit).ct_eq(&1);
        swapped = bit;
        exchange(&mut x2, &mut x3, swap);
        exchange(&mut z2, &mut z3, swap);
        let (a, b, c, d) = (x2 + z2, x2 - z2, x3 + z3, x3 - z3);
        let (aa, bb, da, cb) = (a.square(), b.square(), d * a, c * b);
        let e = aa - bb;
        x3 = (da + cb).square();
        z3 = u * (da - cb).square();
        x2 = aa * bb;
        z2 = e * (aa + a24 * e);
    }
    let swap = swapped.ct_eq(&1);
    exchange(&mut x2, &mut x3, swap);
    exchange(&mut z2, &mut z3, swap);
    let out = Option::<Element>::from(z2.invert()).map(|inverse| little_endian(&(x2 * inverse).retrieve()));
    for element in [&mut x2, &mut z2, &mut x3, &mut z3] {
        element.as_montgomery_mut().zeroize();
    }
    out
}

fn field() -> Option<FixedMontyParams<LIMBS>> {
    Some(FixedMontyParams::new_vartime(Option::<Odd<Uint<LIMBS>>>::from(Odd::new(Uint::from_be_hex(P)))?))
}

fn little_endian(value: &Uint<LIMBS>) -> Vec<u8> {
    let bytes = value.to_le_bytes();
    let bytes: &[u8] = bytes.as_ref();
    bytes.to_vec()
}

/// A point in projective coordinates.
#[derive(Clone, Copy)]
struct Point {
    x: Element,
    y: Element,
    z: Element,
}

impl Point {
    /// Takes `other` if `choice`, in constant time.
    fn assign(&mut self, other: &Self, choice: Choice) {
        for (mine, theirs) in [(&mut self.x, &other.x), (&mut self.y, &other.y), (&mut self.z, &other.z)] {
            mine.as_montgomery_mut().ct_assign(theirs.as_montgomery(), choice);
        }
    }

    fn wipe(&mut self) {
        for coordinate in [&mut self.x, &mut self.y, &mut self.z] {
            coordinate.as_montgomery_mut().zeroize();
        }
    }
}

/// RFC 8032 section 5.2.4; complete, because d is no square.
fn add(l: &Point, r: &Point, minus_d: &Element) -> Point {
    let a = l.z * r.z;
    let (b, c, d) = (a.square(), l.x * r.x, l.y * r.y);
    let e = -(*minus_d * c * d);
    let (f, g) = (b - e, b + e);
    let h = (l.x + l.y) * (r.x + r.y);
    Point { x: a * f * (h - c - d), y: a * g * (d - c), z: f * g }
}

/// Swaps if `choice`, in constant time.
fn exchange(a: &mut Element, b: &mut Element, choice: Choice) {
    let before = *a.as_montgomery();
    a.as_montgomery_mut().ct_assign(b.as_montgomery(), choice);
    b.as_montgomery_mut().ct_assign(&before, choice);
}
