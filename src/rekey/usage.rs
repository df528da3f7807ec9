//! `keyUsage` (RFC 5280 section 4.2.1.3) fitted to the kind of the new key.

use super::change::{Action, Change};
use super::spec::NewKind;
use crate::pki::der::{self, BIT_STRING};

/// The bits, in the order of RFC 5280 section 4.2.1.3.
pub(crate) const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// The bit without which no current TLS handshake works (RFC 8446 section 4.4.2.2).
pub(crate) const DIGITAL_SIGNATURE: u16 = 1 << 0;
const NON_REPUDIATION: u16 = 1 << 1;
const KEY_ENCIPHERMENT: u16 = 1 << 2;
const DATA_ENCIPHERMENT: u16 = 1 << 3;
const KEY_AGREEMENT: u16 = 1 << 4;
const KEY_CERT_SIGN: u16 = 1 << 5;
const CRL_SIGN: u16 = 1 << 6;
const ENCIPHER_ONLY: u16 = 1 << 7;
const DECIPHER_ONLY: u16 = 1 << 8;

/// The extension's value in DER for a key of this kind, and what had to change; `None` if the value is not a
/// BIT STRING.
pub(crate) fn fit(value: &[u8], kind: NewKind) -> Option<(Vec<u8>, Vec<Change>)> {
    let old = decode(value)?;
    let mut changes = Vec::new();
    let mut new = old & allowed(kind);
    drop_bits(
        &mut changes,
        old & !allowed(kind) & !KEY_CERT_SIGN,
        &format!("not a use of the new {} key", kind.algorithm()),
    );
    // RFC 5280 section 4.2.1.9: keyCertSign needs CA:TRUE, which is not asked for.
    drop_bits(&mut changes, old & KEY_CERT_SIGN, "only a CA certificate may have it");
    if new & KEY_AGREEMENT == 0 {
        // RFC 5280 section 4.2.1.3: without keyAgreement these two mean nothing.
        drop_bits(&mut changes, new & (ENCIPHER_ONLY | DECIPHER_ONLY), "means nothing without keyAgreement");
        new &= !(ENCIPHER_ONLY | DECIPHER_ONLY);
    }
    let lost_encipherment = old & !new & (KEY_ENCIPHERMENT | DATA_ENCIPHERMENT) != 0;
    if new & DIGITAL_SIGNATURE == 0 && (new == 0 || lost_encipherment) {
        new |= DIGITAL_SIGNATURE;
        changes.push(Change::new(
            "keyUsage digitalSignature",
            Action::Added,
            "the new key is for signing and has no other use left",
        ));
    }
    Some((encode(new), changes))
}

/// Which bits are set, by their numbers in RFC 5280 section 4.2.1.3; `None` if the value is no BIT STRING.
pub(crate) fn set(value: &[u8]) -> Option<Vec<usize>> {
    let bits = decode(value)?;
    Some((0..NAMES.len()).filter(|i| bits & 1 << i != 0).collect())
}

/// What a key of this kind may be for. RSA: RFC 3279 section 2.3.1. ECDSA: RFC 5480 section 3 as updated by
/// RFC 8813. Ed25519: RFC 8410 section 5.
const fn allowed(kind: NewKind) -> u16 {
    let signing = DIGITAL_SIGNATURE | NON_REPUDIATION | CRL_SIGN;
    match kind {
        NewKind::EcdsaP256 | NewKind::EcdsaP384 | NewKind::EcdsaP521 => {
            signing | KEY_AGREEMENT | ENCIPHER_ONLY | DECIPHER_ONLY
        }
        NewKind::Ed25519 => signing,
        NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096 => {
            signing | KEY_ENCIPHERMENT | DATA_ENCIPHERMENT
        }
    }
}

fn drop_bits(changes: &mut Vec<Change>, bits: u16, reason: &str) {
    for (i, name) in NAMES.iter().enumerate() {
        if bits & (1 << i) != 0 {
            changes.push(Change::new(&format!("keyUsage {name}"), Action::Dropped, reason));
        }
    }
}

/// Bit 0 of the BIT STRING, its most significant one, becomes bit 0 of the number.
fn decode(value: &[u8]) -> Option<u16> {
    let (bits, rest) = der::first(value)?;
    let (unused, octets) = bits.content.split_first()?;
    if bits.tag != BIT_STRING || !rest.is_empty() || *unused > 7 {
        return None;
    }
    // What stands in the unused bits means nothing.
    let length = (octets.len() * 8).saturating_sub(usize::from(*unused));
    let set = |i: usize| i < length && octets.get(i / 8).is_some_and(|b| b & (0x80 >> (i % 8)) != 0);
    Some((0..NAMES.len()).filter(|i| set(*i)).fold(0, |bits, i| bits | 1 << i))
}

/// A named bit list in DER: no trailing zero bits (X.690 section 11.2.2).
fn encode(bits: u16) -> Vec<u8> {
    let octets: Vec<u8> = if bits & DECIPHER_ONLY == 0 { vec![low(bits)] } else { vec![low(bits), 0x80] };
    let unused = octets.last().map_or(0, |b| b.trailing_zeros().min(7) as u8);
    let mut content = vec![unused];
    content.extend_from_slice(&octets);
    der::tlv(BIT_STRING, &content)
}

/// The first eight bits as an octet.
const fn low(bits: u16) -> u8 {
    ((bits & 0xff) as u8).reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(bits: u16, kind: NewKind) -> (u16, Vec<String>) {
        let (value, changes) = fit(&encode(bits), kind).unwrap();
        (decode(&value).unwrap(), changes.into_iter().map(|c| c.what).collect())
    }

    #[test]
    fn every_combination_becomes_a_valid_one() {
        for kind in NewKind::ALL {
            for bits in 0..512 {
                let (new, changes) = fitted(bits, *kind);
                assert_eq!(new & !allowed(*kind), 0, "{kind:?} {bits:#b}");
                assert_ne!(new, 0);
                assert_eq!(changes.is_empty(), new == bits, "{kind:?} {bits:#b}");
                assert_eq!(fitted(new, *kind), (new, vec![]), "a second pass changes nothing");
            }
        }
    }

    #[test]
    fn encipherment_goes_where_the_key_cannot_do_it() {
        let tls = DIGITAL_SIGNATURE | KEY_ENCIPHERMENT;
        assert_eq!(fitted(tls, NewKind::Rsa2048), (tls, vec![]));
        assert_eq!(
            fitted(tls, NewKind::EcdsaP256),
            (DIGITAL_SIGNATURE, vec!["keyUsage keyEncipherment".into()])
        );
        let (new, changes) = fitted(KEY_ENCIPHERMENT, NewKind::Ed25519);
        assert_eq!((new, changes.len()), (DIGITAL_SIGNATURE, 2));
        let (new, _) = fitted(KEY_ENCIPHERMENT | KEY_AGREEMENT, NewKind::EcdsaP384);
        assert_eq!(new, DIGITAL_SIGNATURE | KEY_AGREEMENT);
    }

    #[test]
    fn odd_encodings() {
        assert_eq!(fit(&[], NewKind::Rsa2048), None);
        assert_eq!(fit(&[0x03, 0x01], NewKind::Rsa2048), None);
        assert_eq!(fit(&[0x04, 0x02, 0x05, 0xa0], NewKind::Rsa2048), None);
        // Trailing zero bits and bits beyond the length are not DER: it is written anew.
        for loose in [
            &[0x03, 0x03, 0x00, 0xa0, 0x00][..],
            &[0x03, 0x02, 0x00, 0xa0],
            &[0x03, 0x81, 0x02, 0x05, 0xa0],
            &[0x03, 0x03, 0x00, 0xa0, 0x7f],
            &[0x03, 0x02, 0x05, 0xbf],
        ] {
            assert_eq!(
                fit(loose, NewKind::Rsa2048),
                Some((vec![0x03, 0x02, 0x05, 0xa0], vec![])),
                "{loose:02x?}"
            );
        }
    }
}
