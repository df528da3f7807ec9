//! Whether bytes that came out of a wrapping can hold anything: most tokens of a log are random bytes or a
//! little JSON, and looking for every form in each of them would take far longer than decoding them.

use super::{binary, spans};
use crate::read::magic;
use crate::read::pem::base64;

/// Text of interest has so many characters in a row somewhere: no object in base64 or hexadecimal goes
/// without.
const TEXT: usize = 40;

/// In shorter text an object is base64, with so many digits in a row, or something is escaped: as numbers it
/// would be longer.
const SHORT: usize = 120;
const DIGITS: usize = 20;

/// Whether there may be an object in `bytes`, an element as it is, something in a text form or an archive.
/// `false` is certain but for text that has something other than ASCII every few characters.
pub(crate) fn may_hold(bytes: &[u8]) -> bool {
    let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    binary::begins(&bytes[blanks..])
        || magic::begins(bytes)
        || binary::may_begin(bytes)
        || may_hold_text(bytes)
}

/// Whether there may be something in a text form in `bytes`.
pub(crate) fn may_hold_text(bytes: &[u8]) -> bool {
    if spans::first(bytes, 0..bytes.len(), TEXT, is_text).is_none() {
        return false;
    }
    let plain =
        |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~') && !matches!(b, b'\\' | b'%' | b'&');
    bytes.len() >= SHORT
        || !bytes.iter().all(plain)
        || bytes.windows(4).any(|four| four == b"----")
        || spans::first(bytes, 0..bytes.len(), DIGITS, base64::is_digit).is_some()
}

/// Characters of text, and the zeros of wide ones.
const fn is_text(byte: u8) -> bool {
    matches!(byte, 0 | 0x08..=0x0d | 0x1a | 0x1b | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_and_claims_of_tokens_hold_nothing() {
        // A linear congruential generator (Knuth's MMIX).
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let promising = (0..10_000)
            .filter(|_| may_hold(&std::iter::repeat_with(&mut next).take(64).collect::<Vec<u8>>()))
            .count();
        assert!(promising < 20, "{promising}");
        assert!(!may_hold(br#"{"sub":"user1","exp":1700000001,"iss":"https://idp.example/","scope":"openid profile email"}"#));
        let noise = [0x91u8; 50];
        assert!(!may_hold(&noise) && !may_hold(b"") && !may_hold(b"text"));
    }

    #[test]
    fn what_holds_something_says_so() {
        let noise = [0x91u8; 50];
        for inside in [
            &b"\x30\x82\x01\x00\x30\x82\x00\xfc"[..],
            b"\x30\x81\x90\x02\x01\x00\x30",
            b"0.\x02\x01\x00\x30",
            b"01\x02\x01\x01\x04",
            b"\x30\x82\x01\x00\x30\x80",
            &[b'A'; 40],
            &[b'A', 0].repeat(20),
            b"in short text: -----BEGIN CERTIFICATE-----",
        ] {
            assert!(may_hold(&[&noise, inside, &noise].concat()), "{inside:?}");
        }
        assert!(
            may_hold(b"\n 0\x03\x02\x01\x00") && may_hold(b"0\x80\x02\x01\x00") && may_hold(b"0\x82\x01")
        );
        assert!(may_hold(b"in short text: -----BEGIN CERTIFICATE-----"));
        assert!(may_hold(b"in short text: %2D%2D%2D%2D%2DBEGIN CERTIFICATE"));
        assert!(may_hold(b"a Secret of so few digits: MIIBIjANBgkqhkiG9w0B"));
    }
}
