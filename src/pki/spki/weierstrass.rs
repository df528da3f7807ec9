//! Arithmetic on curves y^2 = x^3 + ax + b over prime fields, for every set of domain parameters (SEC 1
//! section 2.2.1).
//!
//! The complete addition formulas of Renes, Costello and Batina (2016, algorithm 1) know no special cases, so
//! one routine serves named and explicit parameters alike and the work does not depend on the scalar. Hostile
//! parameters give `None` or a meaningless point, never a panic; the time is bounded because fields above
//! [`LARGEST_FIELD`] octets are refused.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{CtAssign, CtEq, Odd, Uint};
use zeroize::Zeroizing;

use super::curve::Domain;
use crate::pki::der::{bit_length, strip_zeros};

/// Fields above this many octets are not computed with: P-521 is the largest curve in use.
pub(crate) const LARGEST_FIELD: usize = 72;

/// Scalars of more octets are not computed with: twice the largest field is more than any defect in use
/// gives.
const LONGEST_SCALAR: usize = 2 * LARGEST_FIELD;

/// Multiplies the generator by `scalar` (big endian): the point, uncompressed, or one zero octet for infinity
/// (SEC 1 section 2.3.3). `None` for parameters that are no curve (even prime, generator not on it) or too
/// large.
pub(crate) fn multiply(domain: &Domain, scalar: &[u8]) -> Option<Vec<u8>> {
    match domain.p.len() {
        0..=32 => Field::<4>::new(domain)?.multiply(domain, scalar),
        33..=48 => Field::<6>::new(domain)?.multiply(domain, scalar),
        49..=LARGEST_FIELD => Field::<9>::new(domain)?.multiply(domain, scalar),
        _ => None,
    }
}

/// The x of `u1` times the generator plus `u2` times a point, as checking a signature needs it (SEC 1 section
/// 4.1.4): in variable time, for public numbers only. No octets at infinity. `None` for what [`multiply`]
/// does not compute with, and for a point that is compressed or not on the curve.
pub(crate) fn combine(domain: &Domain, u1: &[u8], u2: &[u8], point: &[u8]) -> Option<Vec<u8>> {
    match domain.p.len() {
        0..=32 => Field::<4>::new(domain)?.combine(domain, u1, u2, point),
        33..=48 => Field::<6>::new(domain)?.combine(domain, u1, u2, point),
        49..=LARGEST_FIELD => Field::<9>::new(domain)?.combine(domain, u1, u2, point),
        _ => None,
    }
}

/// Finds y of the point with this x and this parity of y (SEC 1 section 2.3.4); `None` if there is no such
/// point.
pub(crate) fn decompress(domain: &Domain, x: &[u8], odd: bool) -> Option<Vec<u8>> {
    match domain.p.len() {
        0..=32 => Field::<4>::new(domain)?.decompress(x, odd),
        33..=48 => Field::<6>::new(domain)?.decompress(x, odd),
        49..=LARGEST_FIELD => Field::<9>::new(domain)?.decompress(x, odd),
        _ => None,
    }
}

/// The field and the curve's coefficients in Montgomery form.
struct Field<const LIMBS: usize> {
    params: FixedMontyParams<LIMBS>,
    p: Uint<LIMBS>,
    octets: usize,
    a: FixedMontyForm<LIMBS>,
    b: FixedMontyForm<LIMBS>,
    b3: FixedMontyForm<LIMBS>,
}

/// A point in projective coordinates.
#[derive(Clone, Copy)]
struct Point<const LIMBS: usize> {
    x: FixedMontyForm<LIMBS>,
    y: FixedMontyForm<LIMBS>,
    z: FixedMontyForm<LIMBS>,
}

impl<const LIMBS: usize> Point<LIMBS> {
    /// Takes `other` if `choice`, in constant time. The parameters of both are the same.
    fn assign(&mut self, other: &Self, choice: crypto_bigint::Choice) {
        for (mine, theirs) in [(&mut self.x, &other.x), (&mut self.y, &other.y), (&mut self.z, &other.z)] {
            mine.as_montgomery_mut().ct_assign(theirs.as_montgomery(), choice);
        }
    }

    fn wipe(&mut self) {
        for coordinate in [&mut self.x, &mut self.y, &mut self.z] {
            zeroize::Zeroize::zeroize(coordinate.as_montgomery_mut());
        }
    }
}

impl<const LIMBS: usize> Field<LIMBS> {
    fn new(domain: &Domain) -> Option<Self> {
        let p = number::<LIMBS>(&domain.p)?;
        // A field of three elements or fewer is no curve anyone uses, and arithmetic below assumes more.
        if bit_length(&domain.p) < 3 {
            return None;
        }
        let params = FixedMontyParams::new_vartime(Option::<Odd<Uint<LIMBS>>>::from(Odd::new(p))?);
        let element = |bytes: &[u8]| {
            let value = number::<LIMBS>(bytes)?;
            (value < p).then(|| FixedMontyForm::new(&value, &params))
        };
        let (a, b) = (element(&domain.a)?, element(&domain.b)?);
        Some(Self { params, p, octets: domain.p.len(), a, b, b3: b + b + b })
    }

    fn element(&self, bytes: &[u8]) -> Option<FixedMontyForm<LIMBS>> {
        let value = number::<LIMBS>(bytes)?;
        (value < self.p).then(|| FixedMontyForm::new(&value, &self.params))
    }

    fn octets(&self, element: &FixedMontyForm<LIMBS>) -> Vec<u8> {
        let bytes = element.retrieve().to_be_bytes();
        let bytes: &[u8] = bytes.as_ref();
        // Below p, so everything in front of its length is zero.
        bytes[bytes.len() - self.octets..].to_vec()
    }

    /// x^3 + ax + b.
    fn right_side(&self, x: &FixedMontyForm<LIMBS>) -> FixedMontyForm<LIMBS> {
        (x.square() + self.a) * x + self.b
    }

    fn multiply(&self, domain: &Domain, scalar: &[u8]) -> Option<Vec<u8>> {
        let scalar = strip_zeros(scalar);
        // A private key is below the order; more octets are wrong but still a number.
        if scalar.len() > LONGEST_SCALAR {
            return None;
        }
        let table = self.multiples(&domain.gx, &domain.gy)?;
        let infinity = table[0];
        // As many octets as the order has, so that the time does not tell how small the scalar is.
        let padding = domain.n.len().min(LONGEST_SCALAR).saturating_sub(scalar.len());
        let padded = Zeroizing::new([vec![0; padding].as_slice(), scalar].concat());
        let mut sum = infinity;
        for nibble in padded.iter().flat_map(|octet| [octet >> 4, octet & 15]) {
            for _ in 0..4 {
                sum = self.add(&sum, &sum);
            }
            let mut chosen = infinity;
            for (i, multiple) in (0u8..).zip(&table) {
                chosen.assign(multiple, i.ct_eq(&nibble));
            }
            sum = self.add(&sum, &chosen);
            chosen.wipe();
        }
        let point = if bool::from(sum.z.retrieve().is_zero()) {
            Some(vec![0])
        } else {
            // No inverse: the "prime" is composite.
            let inverse = Option::<FixedMontyForm<LIMBS>>::from(sum.z.invert());
            inverse.map(|inverse| {
                [&[4], self.octets(&(sum.x * inverse)).as_slice(), &self.octets(&(sum.y * inverse))].concat()
            })
        };
        sum.wipe();
        point
    }

    fn combine(&self, domain: &Domain, u1: &[u8], u2: &[u8], point: &[u8]) -> Option<Vec<u8>> {
        let (form, coordinates) = point.split_first()?;
        if *form != 4 || coordinates.len() != 2 * self.octets || u1.len().max(u2.len()) > LONGEST_SCALAR {
            return None;
        }
        let (x, y) = coordinates.split_at(self.octets);
        let tables = [self.multiples(&domain.gx, &domain.gy)?, self.multiples(x, y)?];
        let mut sum = tables[0][0];
        for at in (0..u1.len().max(u2.len())).rev() {
            for shift in [4, 0] {
                for _ in 0..4 {
                    sum = self.add(&sum, &sum);
                }
                for (table, scalar) in tables.iter().zip([u1, u2]) {
                    let octet = scalar.len().checked_sub(at + 1).map_or(0, |index| scalar[index]);
                    sum = self.add(&sum, &table[usize::from(octet >> shift & 15)]);
                }
            }
        }
        if bool::from(sum.z.retrieve().is_zero()) {
            return Some(Vec::new());
        }
        let inverse = Option::<FixedMontyForm<LIMBS>>::from(sum.z.invert())?;
        Some(self.octets(&(sum.x * inverse)))
    }

    /// The multiples 0 to 15 of a point; four doublings and one addition for each half octet of a scalar need
    /// no others. `None` if the point is not on the curve.
    fn multiples(&self, x: &[u8], y: &[u8]) -> Option<[Point<LIMBS>; 16]> {
        let (x, y) = (self.element(x)?, self.element(y)?);
        if y.square() != self.right_side(&x) {
            return None;
        }
        let (zero, one) = (FixedMontyForm::zero(&self.params), FixedMontyForm::one(&self.params));
        let point = Point { x, y, z: one };
        let mut table = [Point { x: zero, y: one, z: zero }; 16];
        for i in 1..16 {
            table[i] = self.add(&table[i - 1], &point);
        }
        Some(table)
    }

    /// Algorithm 1 of Renes, Costello, Batina: complete for groups of odd order, and within any subgroup of
    /// odd order.
    fn add(&self, l: &Point<LIMBS>, r: &Point<LIMBS>) -> Point<LIMBS> {
        let (xx, yy, zz) = (l.x * r.x, l.y * r.y, l.z * r.z);
        let xy = (l.x + l.y) * (r.x + r.y) - xx - yy;
        let xz = (l.x + l.z) * (r.x + r.z) - xx - zz;
        let yz = (l.y + l.z) * (r.y + r.z) - yy - zz;
        let azz = self.a * zz;
        let s = self.a * xz + self.b3 * zz;
        let (minus, plus) = (yy - s, yy + s);
        let m = xx + xx + xx + azz;
        let t = self.b3 * xz + self.a * (xx - azz);
        Point { x: xy * minus - yz * t, y: plus * minus + m * t, z: yz * plus + xy * m }
    }

    fn decompress(&self, x: &[u8], odd: bool) -> Option<Vec<u8>> {
        let y = self.square_root(&self.right_side(&self.element(x)?))?;
        let y = if bool::from(y.retrieve().is_odd()) == odd { y } else { -y };
        // y = 0 has no odd twin.
        (bool::from(y.retrieve().is_odd()) == odd).then(|| self.octets(&y))
    }

    /// Tonelli and Shanks; the loops are bounded by the bits of p, so that a composite "prime" ends too.
    /// Public numbers only.
    fn square_root(&self, square: &FixedMontyForm<LIMBS>) -> Option<FixedMontyForm<LIMBS>> {
        let one = FixedMontyForm::one(&self.params);
        let p_minus_1 = self.p.wrapping_sub(&Uint::ONE);
        let twos = p_minus_1.trailing_zeros_vartime();
        let odd_part = p_minus_1.wrapping_shr_vartime(twos);
        let half = p_minus_1.wrapping_shr_vartime(1);
        // (odd_part + 1) / 2: the odd part is odd, so this is its half rounded up.
        let root_exponent = odd_part.wrapping_shr_vartime(1).wrapping_add(&Uint::ONE);
        let mut root = square.pow_vartime(&root_exponent);
        if twos > 1 {
            let mut candidate = one + one;
            let mut tries = 0;
            while candidate.pow_vartime(&half) != -one {
                candidate += one;
                tries += 1;
                if tries > 200 {
                    return None;
                }
            }
            let mut step = candidate.pow_vartime(&odd_part);
            let mut rest = square.pow_vartime(&odd_part);
            let mut height = twos;
            while rest != one && bool::from(rest.retrieve().is_nonzero()) {
                let mut order = 0;
                let mut power = rest;
                while power != one {
                    power = power.square();
                    order += 1;
                    if order >= height {
                        return None;
                    }
                }
                let factor = step.square_repeat_vartime(height - order - 1);
                root *= factor;
                step = factor.square();
                rest *= step;
                height = order;
            }
        }
        (root.square() == *square).then_some(root)
    }
}

fn number<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    let bytes = strip_zeros(bytes);
    (bytes.len() <= LIMBS * 8).then(|| Uint::from_be_slice_truncated(bytes, Uint::<LIMBS>::BITS))
}

#[cfg(test)]
mod tests {
    use super::super::curve::Curve;
    use super::*;

    #[test]
    fn the_order_leads_back_to_infinity_on_every_curve() {
        for curve in Curve::all() {
            let domain = curve.domain();
            let full = |bytes: &[u8]| [vec![0; domain.p.len() - bytes.len()].as_slice(), bytes].concat();
            let generator = [&[4], full(&domain.gx).as_slice(), &full(&domain.gy)].concat();
            assert_eq!(multiply(&domain, &[1]), Some(generator.clone()), "{}", curve.as_str());
            assert_eq!(multiply(&domain, &domain.n), Some(vec![0]), "{}", curve.as_str());
            let mut last = domain.n.clone();
            *last.last_mut().expect("orders are not empty") -= 1;
            let negated = multiply(&domain, &last).expect("one less than the order is a scalar");
            assert_eq!(negated[..=domain.p.len()], generator[..=domain.p.len()], "{}", curve.as_str());
            assert_ne!(negated, generator, "{}", curve.as_str());
            let odd = domain.gy.last().is_some_and(|b| b & 1 == 1);
            assert_eq!(decompress(&domain, &domain.gx, odd), Some(full(&domain.gy)), "{}", curve.as_str());
            assert_ne!(decompress(&domain, &domain.gx, !odd), Some(full(&domain.gy)), "{}", curve.as_str());
        }
    }

    #[test]
    fn hostile_parameters_end() {
        let good = Curve::P256.domain();
        for p in [
            vec![],
            vec![0],
            vec![1],
            vec![2],
            vec![3],
            vec![4],
            vec![0x10; 32],
            vec![0xff; 32],
            vec![0xff; 33],
            vec![0xff; 73],
            vec![0xff; 9000],
        ] {
            for a in [good.a.clone(), vec![], vec![1]] {
                let domain = Domain { p: p.clone(), a, ..good.clone() };
                let _ = multiply(&domain, &[3; 32]);
                let _ = decompress(&domain, &[5], true);
            }
        }
        assert_eq!(multiply(&Domain { gy: vec![7], ..good.clone() }, &[3]), None);
        assert_eq!(multiply(&good, &[]), Some(vec![0]));
        assert_eq!(multiply(&good, &[1; 500]), None);
    }
}
