//! Base64 (RFC 4648 section 4) as it lies in PEM: first the usual shape at full speed, then anything.

use base64_simd::{STANDARD, forgiving_decode_inplace};
use zeroize::Zeroize;

use crate::pki::der;

/// What a byte means in base64 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// One of the 64 digits.
    Digit,
    /// White space (RFC 7468 section 3, `W`, and the zero bytes of stray terminators).
    Blank,
    /// `=`.
    Pad,
    /// Anything else.
    Other,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' {
            table[b] = Class::Digit;
        } else if matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0) {
            table[b] = Class::Blank;
        } else if byte == b'=' {
            table[b] = Class::Pad;
        }
        b += 1;
    }
    table
};

/// Whether it is one of the 64 digits.
pub(in crate::read) fn is_digit(byte: u8) -> bool {
    CLASSES[usize::from(byte)] == Class::Digit
}

/// Whether it is white space.
pub(in crate::read) fn is_blank(byte: u8) -> bool {
    CLASSES[usize::from(byte)] == Class::Blank
}

/// Whether it is a digit of one of the alphabets of RFC 4648 (sections 4 and 5).
pub(in crate::read) const fn is_any_digit(byte: u8) -> bool {
    ANY_DIGITS[byte as usize]
}

const ANY_DIGITS: [bool; 256] = {
    let mut digits = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] =
            matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    digits
};

/// Makes room for `length` bytes without leaving copies of the old bytes behind.
pub(in crate::read) fn reset(buffer: &mut Vec<u8>, length: usize) {
    if buffer.capacity() < length {
        buffer.zeroize();
        *buffer = Vec::with_capacity(length);
    }
    buffer.clear();
}

/// Decodes text of lines that are all equally long, the last one excepted, with correct padding. `false`: it
/// is not of that shape.
///
/// The lines are joined by copies of fixed width and decoded at one go: several times as fast as dropping
/// blanks one by one.
pub(super) fn regular(text: &[u8], out: &mut Vec<u8>) -> bool {
    let text = text.trim_ascii();
    reset(out, text.len());
    let mut rest = text;
    if let Some(end) = memchr::memchr(b'\n', text) {
        let (width, ending) = match end.checked_sub(1) {
            Some(before) if text[before] == b'\r' => (before, &b"\r\n"[..]),
            _ => (end, &b"\n"[..]),
        };
        if width == 64 && ending.len() == 1 {
            while let Some((line, behind)) =
                rest.split_first_chunk::<65>().filter(|(line, _)| line[64] == b'\n')
            {
                out.extend_from_slice(&line[..64]);
                rest = behind;
            }
        }
        while let Some(line) = rest.get(..width).filter(|_| rest[width..].starts_with(ending)) {
            out.extend_from_slice(line);
            rest = &rest[width + ending.len()..];
        }
    }
    out.extend_from_slice(rest);
    let decoded = STANDARD.decode_inplace(out).map(|bytes| bytes.len());
    decoded.is_ok_and(|length| {
        out.truncate(length);
        length > 0
    })
}

/// How the digits of a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gathered {
    /// How many `=` ended them.
    pub(super) pads: usize,
    /// The first byte that is neither digit, blank nor part of the padding, if there is one; nothing behind
    /// it was looked at.
    pub(super) stop: Option<usize>,
}

/// Copies the digits of `text` to `out`, up to the first thing that cannot be part of one base64 text.
pub(super) fn gather(text: &[u8], out: &mut Vec<u8>) -> Gathered {
    reset(out, text.len());
    let mut pads = 0;
    for (i, &byte) in text.iter().enumerate() {
        match CLASSES[usize::from(byte)] {
            Class::Digit if pads == 0 => out.push(byte),
            Class::Blank => {}
            Class::Pad => pads += 1,
            Class::Digit | Class::Other => return Gathered { pads, stop: Some(i) },
        }
    }
    Gathered { pads, stop: None }
}

/// Decodes gathered digits in place. `Some(true)`: padding and last bits are as RFC 4648 sections 3.2 and 3.5
/// want them.
///
/// One digit over is no base64: nobody can tell which of them is too many.
pub(super) fn finish(digits: &mut Vec<u8>, pads: usize) -> Option<bool> {
    let remainder = digits.len() % 4;
    let wanted = [0, 0, 2, 1][remainder];
    if remainder == 1 {
        return None;
    }
    let clean = pads == wanted && last_bits(digits) == 0;
    let length = forgiving_decode_inplace(digits).ok()?.len();
    digits.truncate(length);
    (length > 0).then_some(clean)
}

/// Decodes digits in place, whatever their number and last bits.
pub(in crate::read) fn decode(digits: &mut Vec<u8>) -> bool {
    finish(digits, 0).is_some()
}

/// Decodes digits, a surplus one left out.
pub(in crate::read) fn decode_some(digits: &mut Vec<u8>) -> bool {
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    decode(digits)
}

/// The bits of the last digit that belong to no byte.
fn last_bits(digits: &[u8]) -> u8 {
    let unused = match digits.len() % 4 {
        2 => 0x0f,
        3 => 0x03,
        _ => return 0,
    };
    digits.last().map_or(0, |d| value(*d) & unused)
}

/// The value of a digit.
fn value(digit: u8) -> u8 {
    match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

/// Cuts gathered digits behind the element that they begin with. `false`: it is not complete, or nothing that
/// a block holds: a SEQUENCE, or an OID for parameters. Any text begins with some element.
pub(in crate::read) fn cut(digits: &mut Vec<u8>) -> bool {
    let mut head = [0u8; 12];
    for (four, three) in digits.chunks_exact(4).zip(head.chunks_exact_mut(3)) {
        let bits = four.iter().fold(0u32, |bits, d| bits << 6 | u32::from(value(*d)));
        three.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    let known = (digits.len() / 4 * 3).min(head.len());
    let Some((der::SEQUENCE | der::OID, header, length)) = der::header(&head[..known]) else { return false };
    let Some(total) = header.checked_add(length).filter(|n| *n <= digits.len()) else { return false };
    // At most 4/3 of a number that is no larger than a slice in memory.
    let needed = total / 3 * 4 + [0, 2, 3][total % 3];
    digits.truncate(needed);
    digits.len() == needed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8]) -> Option<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        let gathered = gather(text, &mut out);
        assert_eq!(gathered.stop, None);
        finish(&mut out, gathered.pads).map(|clean| (out, clean))
    }

    #[test]
    fn regular_lines_of_any_width_and_end() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let text = STANDARD.encode_to_string(&bytes);
        for width in [1, 4, 60, 63, 64, 65, 76, 1000, 5000] {
            for ending in ["\n", "\r\n"] {
                let lines: Vec<&str> =
                    text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).expect("ASCII")).collect();
                let mut out = Vec::new();
                assert!(
                    regular(format!("{ending}{}{ending}", lines.join(ending)).as_bytes(), &mut out),
                    "{width} {ending:?}"
                );
                assert_eq!(out, bytes);
            }
        }
        for bad in [&b""[..], b"\n", b"AA", b"AAAA\nA=A=", b"AAAAA\nAAA\nAAAA", b"AB=="] {
            assert!(!regular(bad, &mut Vec::new()), "{bad:?}");
        }
    }

    #[test]
    fn padding_is_judged_but_not_needed() {
        assert_eq!(decode(b"AA=="), Some((vec![0], true)));
        assert_eq!(decode(b"AA"), Some((vec![0], false)));
        assert_eq!(decode(b"A A\r\n=\0="), Some((vec![0], true)));
        assert_eq!(decode(b"AB=="), Some((vec![0], false)));
        assert_eq!(decode(b"AAAA="), Some((vec![0; 3], false)));
        assert_eq!(decode(b"AAAAA"), None);
        assert_eq!(decode(b"A"), None);
        assert_eq!(decode(b"="), None);
    }

    #[test]
    fn an_element_is_cut_from_what_follows() {
        for length in [1usize, 2, 3, 40, 200, 300] {
            let bytes = der::tlv(0x30, &vec![7; length]);
            let mut digits = base64_simd::STANDARD_NO_PAD.encode_to_string(&bytes).into_bytes();
            let whole = digits.len();
            digits.extend_from_slice(b"somethingbehind");
            assert!(cut(&mut digits));
            assert_eq!(digits.len(), whole);
            assert_eq!(finish(&mut digits, 0).map(|_| digits), Some(bytes));
            let mut short =
                base64_simd::STANDARD_NO_PAD.encode_to_string(der::tlv(0x30, &vec![7; length])).into_bytes();
            short.pop();
            assert!(!cut(&mut short) || length < 2);
        }
    }
}
