//! RSA: the modulus is the product of the primes, and e belongs to d (RFC 8017 section 3.2).
//!
//! Who knows the factors of n has the private key, whatever the exponents are. Without factors e and d have
//! to undo one another, and numbers with which that is no proof (e = 1, an even e) make no private key:
//! anybody can write the n of another into a file.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Odd, Resize};
use zeroize::Zeroizing;

use super::halves::{settle, with};
use crate::finding::Code;
use crate::limits::RSA_BITS;
use crate::pki::der::{self, Reader, bit_length, strip_zeros};
use crate::pki::spki::{KeyFacts, rsa_public_key};

/// The numbers of an `RSAPrivateKey`, magnitudes, big endian. Zero and absent are the same.
pub(super) struct Numbers<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
    pub(super) d: &'a [u8],
    /// For each prime: itself, its exponent, its coefficient (none for the first).
    pub(super) primes: Vec<Prime<'a>>,
}

/// One prime factor with what the Chinese remainder theorem needs (`OtherPrimeInfo` of RFC 8017 appendix
/// A.1.2).
pub(super) struct Prime<'a> {
    pub(super) prime: &'a [u8],
    pub(super) exponent: &'a [u8],
    pub(super) coefficient: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// Reads the numbers that follow the version.
    pub(super) fn read(mut fields: Reader<'a>) -> Option<Self> {
        let mut required = || fields.integer().map(strip_zeros);
        let (n, e, d) = (required()?, required()?, required()?);
        let mut optional = || fields.integer().map_or(&[][..], strip_zeros);
        let (p, q, dp, dq, q_inverse) = (optional(), optional(), optional(), optional(), optional());
        let mut primes = vec![
            // The coefficient belongs to q in the first pair: q * qInv = 1 mod p.
            Prime { prime: p, exponent: dp, coefficient: q_inverse },
            Prime { prime: q, exponent: dq, coefficient: &[] },
        ];
        if let Some(others) = fields.tagged(der::SEQUENCE) {
            for other in others.reader().take(MOST_PRIMES) {
                let mut numbers = other.reader();
                let mut number = || numbers.integer().map(strip_zeros);
                primes.push(Prime { prime: number()?, exponent: number()?, coefficient: number()? });
            }
        }
        Some(Self { n, e, d, primes })
    }

    /// Whether every number is within the limit.
    fn within_limits(&self) -> bool {
        let primes = self.primes.iter().flat_map(|p| [p.prime, p.exponent, p.coefficient]);
        [self.n, self.e, self.d].into_iter().chain(primes).all(|number| number.len() <= RSA_BITS / 8)
    }
}

/// More primes than this are an attack: RFC 8017 sets no ceiling, OpenSSL's is 5.
const MOST_PRIMES: usize = 16;

/// Moduli above this many bits are not exponentiated with when the primes are missing or wrong: it would take
/// seconds.
const EXPONENTIATED_BITS: u32 = 8192;

/// Computes the public half and compares; `algorithm` is the AlgorithmIdentifier of the file.
pub(super) fn read(algorithm: &[u8], numbers: &Numbers<'_>) -> KeyFacts {
    let stored = rsa_public_key(numbers.n, numbers.e);
    let not_verified = || settle(algorithm, None, Some(&stored));
    if !numbers.within_limits() {
        return not_verified();
    }
    if numbers.primes.iter().any(|p| number(p.prime).bits_vartime() < 2) {
        return match fits(numbers.n, numbers.e, numbers.d) {
            Some(true) => settle(algorithm, Some(&stored), None),
            // Without primes nothing else can be computed, but the contradiction is plain.
            Some(false) => with(not_verified(), Code::KeyMismatch),
            None => not_verified(),
        };
    }
    let product = product(&numbers.primes);
    if strip_zeros(&product) != numbers.n {
        let of_primes = rsa_public_key(&product, numbers.e);
        // Whatever the primes are: if d undoes e mod n, then the private key of n is in this file.
        return if fits(numbers.n, numbers.e, numbers.d) == Some(true) {
            settle(algorithm, Some(&stored), Some(&of_primes))
        } else {
            let e = believed_exponent(numbers);
            settle(
                algorithm,
                Some(&rsa_public_key(&product, e.as_deref().unwrap_or(numbers.e))),
                Some(&stored),
            )
        };
    }
    if exponents_agree(numbers) {
        return settle(algorithm, Some(&stored), None);
    }
    let e = believed_exponent(numbers);
    with(
        settle(algorithm, Some(&rsa_public_key(numbers.n, e.as_deref().unwrap_or(numbers.e))), Some(&stored)),
        Code::KeyMismatch,
    )
}

/// Whether what is there of the exponents agrees: e * d = 1 mod every (prime - 1), the same for the primes'
/// own exponents, and the coefficients invert what they should (RFC 8017 section 3.2). Reductions of numbers
/// that are there; no exponentiation.
fn exponents_agree(numbers: &Numbers<'_>) -> bool {
    let e = number(numbers.e);
    let d = number(numbers.d);
    let ed = Zeroizing::new(e.concatenating_mul(&*d));
    let mut before: Option<Zeroizing<BoxedUint>> = None;
    for (index, part) in numbers.primes.iter().enumerate() {
        let prime = number(part.prime);
        let order = Zeroizing::new(prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision())));
        if !numbers.d.is_empty() && !is_one_mod(&ed, &order) {
            return false;
        }
        if !part.exponent.is_empty()
            && !is_one_mod(&Zeroizing::new(e.concatenating_mul(&*number(part.exponent))), &order)
        {
            return false;
        }
        // The coefficient of the first entry inverts q mod p; that of the third and later ones the product of
        // all primes before.
        let inverted =
            if index == 0 { numbers.primes.get(1).map(|q| number(q.prime)) } else { before.clone() };
        if let Some(inverted) = inverted.filter(|_| !part.coefficient.is_empty())
            && !is_one_mod(&Zeroizing::new(inverted.concatenating_mul(&*number(part.coefficient))), &prime)
        {
            return false;
        }
        // Needed by multi-prime keys alone.
        if numbers.primes.len() > 2 {
            before = Some(Zeroizing::new(
                before.map_or_else(|| (*prime).clone(), |b| b.concatenating_mul(&*prime)),
            ));
        }
    }
    true
}

/// Whether the number is 1 modulo `modulus` (everything is, modulo 1).
fn is_one_mod(value: &BoxedUint, modulus: &BoxedUint) -> bool {
    let Some(modulus) = Option::<NonZero<BoxedUint>>::from(NonZero::new(modulus.clone())) else {
        return false;
    };
    // Variable time in the length of the modulus only.
    let rest = Zeroizing::new(value.rem_vartime(&modulus));
    let modulus = Zeroizing::new(modulus.get());
    bool::from(rest.is_one()) || bool::from(modulus.is_one())
}

/// The product of the primes, big endian.
fn product(primes: &[Prime<'_>]) -> Vec<u8> {
    // All but the last value is a prime or a product of some of them.
    let mut product = Zeroizing::new(BoxedUint::one());
    for part in primes {
        product = Zeroizing::new(product.concatenating_mul(&*number(part.prime)));
    }
    product.to_be_bytes().into_vec()
}

/// The e that d belongs to, where it is a number that people use: below 2^64. `None` when d itself must be
/// wrong.
fn believed_exponent(numbers: &Numbers<'_>) -> Option<Vec<u8>> {
    let first = numbers.primes.first()?;
    let prime = number(first.prime);
    let order = prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision()));
    let order = Zeroizing::new(Option::<NonZero<BoxedUint>>::from(NonZero::new(order))?);
    let d = Zeroizing::new(number(numbers.d).rem_vartime(&order));
    let e = Option::<BoxedUint>::from(d.invert_mod(&order))?;
    let bytes = e.to_be_bytes();
    let e = strip_zeros(&bytes);
    // It was found modulo the first prime; it has to hold modulo the others too.
    let candidate = Numbers { e, primes: Vec::new(), ..*numbers };
    let ed = Zeroizing::new(number(candidate.e).concatenating_mul(&*number(candidate.d)));
    let holds = numbers.primes.iter().all(|part| {
        let prime = number(part.prime);
        is_one_mod(&ed, &prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision())))
    });
    (e.len() <= 8 && holds).then(|| e.to_vec())
}

/// Whether raising to e and then to d gives back 2 and 3 modulo n; `None` where that cannot be told: even or
/// tiny or huge moduli, no d, and an e of 1 or an even one, with which it would be no proof.
fn fits(n: &[u8], e: &[u8], d: &[u8]) -> Option<bool> {
    let bits = bit_length(n);
    if bit_length(e) < 2 || e.last().is_some_and(|octet| octet & 1 == 0) {
        return None;
    }
    if !(3..=EXPONENTIATED_BITS).contains(&bits)
        || d.is_empty()
        || e.is_empty()
        || d.len() > n.len() + 8
        || e.len() > n.len()
    {
        return None;
    }
    let modulus = BoxedUint::from_be_slice_vartime(n);
    let precision = modulus.bits_precision();
    let params = BoxedMontyParams::new_vartime(Option::<Odd<BoxedUint>>::from(Odd::new(modulus))?);
    let (e, d) = (number(e), number(d));
    // 2 alone convinces where exponentiation is slow.
    let bases: &[u64] = if bits <= 4096 { &[2, 3] } else { &[2] };
    Some(bases.iter().all(|base| {
        let base = BoxedMontyForm::new(BoxedUint::from(*base).resize(precision), &params);
        base.pow_bounded_exp(&e, e.bits_vartime()).pow(&d) == base
    }))
}

/// Takes a number into a container that wipes it.
fn number(bytes: &[u8]) -> Zeroizing<BoxedUint> {
    Zeroizing::new(BoxedUint::from_be_slice_vartime(bytes))
}
