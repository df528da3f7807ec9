//! Text that is elements in hexadecimal and nothing else.

use zeroize::Zeroizing;

use super::candidate::{Candidate, Kind};
use crate::limits;
use crate::pki::der;
use crate::read::pem::Lines;

/// A buffer that is elements in hex digits, one behind another, and nothing else, with whatever people put
/// between the digits.
pub(crate) fn whole_hex(buffer: &[u8]) -> Option<Candidate> {
    let head = &buffer[..buffer.len().min(64)];
    if !digits(head).take(2).eq([Some(3), Some(0)])
        || buffer.len() / 2 > limits::OBJECT_SIZE.saturating_mul(3)
    {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(buffer.len() / 2));
    let mut high = None;
    for digit in digits(buffer) {
        high = match (high, digit?) {
            (None, digit) => Some(digit),
            (Some(high), digit) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    let complete = high.is_none() && all_elements(&bytes);
    let offset = buffer.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or_default();
    let line = Lines::new(buffer, 1).at(offset);
    complete.then_some(Candidate { offset, end: buffer.len(), line, kind: Kind::Der, bytes })
}

/// Whether there is an element, and SEQUENCEs behind it fill the bytes.
fn all_elements(bytes: &[u8]) -> bool {
    let Some((_, mut rest)) = der::first(bytes) else { return false };
    while let Some((_, behind)) = der::first(rest).filter(|(tlv, _)| tlv.tag == der::SEQUENCE) {
        rest = behind;
    }
    rest.is_empty()
}

/// The hex digits of a text; `None` for what is neither digit nor separator.
fn digits(text: &[u8]) -> impl Iterator<Item = Option<u8>> {
    let separator = |b: u8| {
        b.is_ascii_whitespace()
            || matches!(b, b':' | b',' | b';' | b'\\' | b'{' | b'}' | b'[' | b']' | b'"' | b'\'')
    };
    text.iter().enumerate().filter_map(move |(i, &b)| match b {
        b'0'..=b'9' if b == b'0' && matches!(text.get(i + 1), Some(b'x' | b'X')) => None,
        b'x' | b'X' if i > 0 && matches!(text[i - 1], b'0' | b'\\') => None,
        b'0'..=b'9' => Some(Some(b - b'0')),
        b'a'..=b'f' => Some(Some(b - b'a' + 10)),
        b'A'..=b'F' => Some(Some(b - b'A' + 10)),
        _ if separator(b) => None,
        _ => Some(None),
    })
}
