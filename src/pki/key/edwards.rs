//! The Goldilocks curve: public halves and signatures of Ed448 (RFC 8032 section 5.2), public halves of X448
//! (RFC 7748 section 5). No library here has them.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Choice, CtAssign, CtEq, NonZero, Odd, Uint};
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
/// The order of the base point (RFC 8032 section 5.2).
const ORDER: &str = "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3";
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
    let params = field()?;
    let mut sum = multiply(&base(&params), &digest[..56], &params);
    let out = encode(&sum);
    sum.wipe();
    out
}

/// Whether an Ed448 signature over a message is by this key (RFC 8032 section 5.2.7, without a context).
/// `None` for a key that is no point.
pub(crate) fn ed448_verify(public: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let params = field()?;
    let public_point = decode(public, &params)?;
    // S is below the order of the base point, little endian in 57 octets, of which the last is zero.
    let Some((r, [s @ .., 0])) = signature.split_at_checked(57).filter(|_| signature.len() == 114) else {
        return Some(false);
    };
    let order = NonZero::new(Uint::<LIMBS>::from_be_hex(ORDER)).into_option()?;
    if Uint::<LIMBS>::from_le_slice(s) >= *order {
        return Some(false);
    }
    // dom4 with flag 0 and an empty context (section 2).
    let mut digest = [0; 114];
    shake256(&[b"SigEd448\0\0", r, public, message].concat(), &mut digest);
    let mut wide = [0; 120];
    wide[..114].copy_from_slice(&digest);
    let k = Uint::<15>::from_le_slice(&wide).rem_vartime(&order);
    // S * B - k * A is R.
    let negated = Point { x: -public_point.x, ..public_point };
    let minus_d = Element::new(&Uint::from(MINUS_D), &params);
    let sum = add(
        &multiply(&base(&params), s, &params),
        &multiply(&negated, &little_endian(&k), &params),
        &minus_d,
    );
    Some(encode(&sum)? == r)
}

/// The base point of edwards448.
fn base(params: &FixedMontyParams<LIMBS>) -> Point {
    let element = |digits: &str| Element::new(&Uint::from_be_hex(digits), params);
    Point { x: element(BASE_X), y: element(BASE_Y), z: Element::one(params) }
}

/// A point times a scalar, little endian, in constant time for scalars of one length.
fn multiply(point: &Point, scalar: &[u8], params: &FixedMontyParams<LIMBS>) -> Point {
    let (zero, one) = (Element::zero(params), Element::one(params));
    let minus_d = Element::new(&Uint::from(MINUS_D), params);
    let neutral = Point { x: zero, y: one, z: one };
    let mut table = [neutral; 16];
    for i in 1..16 {
        table[i] = add(&table[i - 1], point, &minus_d);
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
    sum
}

/// Section 5.2.2: y in 57 octets little endian, the sign of x in the last bit.
fn encode(point: &Point) -> Option<Vec<u8>> {
    let inverse = Option::<Element>::from(point.z.invert())?;
    let (x, y) = ((point.x * inverse).retrieve(), (point.y * inverse).retrieve());
    let mut out = little_endian(&y);
    out.push(if bool::from(x.is_odd()) { 0x80 } else { 0 });
    Some(out)
}

/// Section 5.2.3. `None` for what no point is encoded as.
fn decode(octets: &[u8], params: &FixedMontyParams<LIMBS>) -> Option<Point> {
    let (y, [sign @ (0 | 0x80)]) = octets.split_at_checked(56)? else { return None };
    let (y, p) = (Uint::<LIMBS>::from_le_slice(y), Uint::<LIMBS>::from_be_hex(P));
    if y >= p {
        return None;
    }
    let (y, one) = (Element::new(&y, params), Element::one(params));
    let minus_d = Element::new(&Uint::from(MINUS_D), params);
    // x^2 = u / v with u = y^2 - 1 and v = d y^2 - 1; p is 3 modulo 4.
    let (u, v) = (y.square() - one, -(minus_d * y.square()) - one);
    let exponent = p.wrapping_sub(&Uint::from(3u32)).wrapping_shr_vartime(2);
    let root = u.square() * u * v * (u.square().square() * u * v.square() * v).pow_vartime(&exponent);
    if v * root.square() != u {
        return None;
    }
    let odd = *sign != 0;
    let x = if bool::from(root.retrieve().is_odd()) == odd { root } else { -root };
    // 0 has no odd twin.
    (bool::from(x.retrieve().is_odd()) == odd).then_some(Point { x, y, z: one })
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
