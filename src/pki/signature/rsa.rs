//! RSA signatures (RFC 8017 section 8) of every key size, exponent and hash; aws-lc checks the usual ones
//! faster.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, Resize};

use super::checked::Checked;
use super::hash::Hash;
use super::scheme::Pss;
use crate::limits::{RSA_BITS, RSA_EXPONENT_BITS, RSA_SMALL_BITS};
use crate::pki::der::{self, Reader, bit_length, strip_zeros};

/// Checks an RSASSA-PKCS1-v1_5 signature (section 8.2.2); `key` is an `RSAPublicKey` in DER. The hash's
/// AlgorithmIdentifier may have NULL or no parameters: verifiers differ in which they accept (section 8.2.2,
/// note; appendix A.2.4).
pub(super) fn pkcs1(hash: Hash, tbs: &[u8], signature: &[u8], key: &[u8]) -> Checked {
    let (message, _) = match open(key, signature) {
        Ok(opened) => opened,
        Err(checked) => return checked,
    };
    let digest = der::tlv(der::OCTET_STRING, &hash.of(&[tbs]));
    let valid = hash
        .oids()
        .flat_map(|oid| [&[der::NULL, 0][..], &[]].map(|parameters| (oid, parameters)))
        .any(|(oid, parameters)| {
            let algorithm = der::tlv(der::SEQUENCE, &[&der::tlv(der::OID, oid), parameters].concat());
            is_padded(&message, &der::tlv(der::SEQUENCE, &[&algorithm[..], &digest].concat()))
        });
    if valid { Checked::Valid } else { Checked::Invalid }
}

/// Whether the message is `info` in the padding of section 9.2: 00 01, at least eight octets ff, 00.
fn is_padded(message: &[u8], info: &[u8]) -> bool {
    let Some([0, 1, padding @ .., 0]) = message.strip_suffix(info) else { return false };
    padding.len() >= 8 && padding.iter().all(|b| *b == 0xff)
}

/// Checks an RSASSA-PSS signature (sections 8.1.2 and 9.1.2).
pub(super) fn pss(parameters: Pss, tbs: &[u8], signature: &[u8], key: &[u8]) -> Checked {
    let (message, bits) = match open(key, signature) {
        Ok(opened) => opened,
        Err(checked) => return checked,
    };
    if is_pss(parameters, tbs, &message, bits) { Checked::Valid } else { Checked::Invalid }
}

/// `EMSA-PSS-VERIFY`; `bits` are those of the modulus.
fn is_pss(Pss { hash, mask, salt }: Pss, tbs: &[u8], message: &[u8], bits: u32) -> bool {
    let digest = hash.of(&[tbs]);
    let length = (bits as usize - 1).div_ceil(8);
    // With a modulus of 8n + 1 bits the message is one octet shorter than the modulus.
    let (above, message) = message.split_at(message.len() - length);
    if above.iter().any(|b| *b != 0) || length < digest.len().saturating_add(salt).saturating_add(2) {
        return false;
    }
    let [rest @ .., 0xbc] = message else { return false };
    let (masked, h) = rest.split_at(rest.len() - digest.len());
    let unused = 8 * length - (bits as usize - 1);
    let top = 0xff_u8.checked_shr(unused as u32).unwrap_or(0);
    let mut block = masked.to_vec();
    if block.first().is_some_and(|b| b & !top != 0) {
        return false;
    }
    mask_generation(mask, h, &mut block);
    if let Some(first) = block.first_mut() {
        *first &= top;
    }
    let (padding, salt) = block.split_at(block.len() - salt);
    let Some((1, zeros)) = padding.split_last() else { return false };
    zeros.iter().all(|b| *b == 0) && hash.of(&[&[0; 8], &digest, salt]) == h
}

/// MGF1 (appendix B.2.1), added to `block`.
fn mask_generation(hash: Hash, seed: &[u8], block: &mut [u8]) {
    let mut rest = block;
    for counter in 0u32.. {
        if rest.is_empty() {
            return;
        }
        let mask = hash.of(&[seed, &counter.to_be_bytes()]);
        let (now, later) = rest.split_at_mut(mask.len().min(rest.len()));
        now.iter_mut().zip(&mask).for_each(|(octet, mask)| *octet ^= mask);
        rest = later;
    }
}

/// signature^e mod n in as many octets as n has (section 5.2.2), and the bits of n.
fn open(key: &[u8], signature: &[u8]) -> Result<(Vec<u8>, u32), Checked> {
    let mut numbers = Reader::new(key).sequence().ok_or(Checked::NotSupported)?;
    let mut number = || numbers.integer().map(strip_zeros).ok_or(Checked::NotSupported);
    let (n, e) = (number()?, number()?);
    let (bits, exponent_bits) = (bit_length(n), bit_length(e));
    let limit = if bits <= RSA_SMALL_BITS { bits } else { RSA_EXPONENT_BITS };
    // With e = 1 everybody makes every signature, and an even e has no d: such a key proves nothing.
    if bits < 16
        || bits as usize > RSA_BITS
        || exponent_bits < 2
        || exponent_bits > limit
        || e.last().is_some_and(|b| b & 1 == 0)
    {
        return Err(Checked::NotSupported);
    }
    if signature.len() != n.len() || signature >= n {
        return Err(Checked::Invalid);
    }
    let modulus = BoxedUint::from_be_slice_vartime(n);
    let precision = modulus.bits_precision();
    let odd = Option::<Odd<BoxedUint>>::from(Odd::new(modulus)).ok_or(Checked::NotSupported)?;
    let params = BoxedMontyParams::new_vartime(odd);
    let base = BoxedMontyForm::new(BoxedUint::from_be_slice_vartime(signature).resize(precision), &params);
    let message =
        base.pow_bounded_exp(&BoxedUint::from_be_slice_vartime(e), exponent_bits).retrieve().to_be_bytes();
    // The precision is in whole words.
    message
        .len()
        .checked_sub(n.len())
        .map(|zeros| (message[zeros..].to_vec(), bits))
        .ok_or(Checked::NotSupported)
}
