//! Bytes written as numbers: arrays of source code and JSON, hexadecimal with separators, escapes of strings.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use super::hex;
use super::notation::{Notation, Visit};
use super::prefilter::may_hold;
use crate::read::pem::base64;

/// A stretch of numbers has at least so many characters; the smallest object of interest has 44 bytes.
const LEAST: usize = 120;

/// So much of a stretch tells how its numbers are written.
const SAMPLE: usize = 4096;

/// Fewer bytes are of no interest.
const BYTES: usize = 44;

/// What is written in a stretch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// Numbers from 0 to 255.
    Decimal,
    /// Pairs of hexadecimal digits.
    Hex,
    /// The same, each with `0x` or `\x` before it.
    Marked,
    /// Three octal digits, each with a backslash before it.
    Octal,
}

/// Numbers one behind another.
pub(super) struct Numbers;

impl Notation for Numbers {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        text.may_have(Marker::Text, range)
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the stretches of numbers in `start..end` with their bytes, in order. Moves forward only.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let (buffer, Range { start, end }) = (haystack.bytes, range);
    let mut at = start;
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(stretch) = haystack.run(at..end, LEAST, is_part) {
        at = stretch.end;
        let text = &buffer[stretch.clone()];
        // Each byte takes two characters at least, so this never grows and leaves no copy behind.
        base64::reset(&mut bytes, text.len() / 2 + 1);
        let base = base(text);
        let mut first = None;
        let mut flush = |bytes: &mut Vec<u8>, first: &mut Option<usize>, stop: usize| {
            if let Some(first) = first.take().filter(|_| bytes.len() >= BYTES && may_hold(bytes)) {
                visit(stretch.start + first..stretch.start + stop, bytes);
            }
            bytes.clear();
        };
        for word in words(text, base) {
            // The prefix of a string of bytes, as in Python.
            if base == Base::Marked && text[word.clone()] == *b"b" {
                continue;
            }
            if push(base, &text[word.clone()], &mut bytes) {
                first.get_or_insert(word.start);
            } else {
                flush(&mut bytes, &mut first, word.start);
            }
        }
        flush(&mut bytes, &mut first, text.len());
    }
}

/// What stands before numbers in hexadecimal.
static MARKS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| [&b"0x"[..], b"0X", b"\\x"].map(Finder::new));

/// How the numbers of a stretch are written. Letters of a name before it or of a word behind it may belong to
/// the stretch.
fn base(text: &[u8]) -> Base {
    let head = &text[..text.len().min(SAMPLE)];
    if hex::leading(head) >= LEAST {
        return Base::Hex;
    }
    if MARKS.iter().any(|mark| mark.find(head).is_some()) {
        return Base::Marked;
    }
    if head.windows(8).any(|w| w[0] == b'\\' && w[4] == b'\\' && w[1..4].iter().all(u8::is_ascii_digit)) {
        return Base::Octal;
    }
    // Numbers have one digit or three now and then; bytes in hexadecimal never have.
    let (odd, all) =
        words(head, Base::Hex).fold((0usize, 0usize), |(odd, all), word| (odd + word.len() % 2, all + 1));
    if odd * 20 < all { Base::Hex } else { Base::Decimal }
}

/// The words of a stretch, each a number.
fn words(text: &[u8], base: Base) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(u8::is_ascii_alphanumeric)?;
        if matches!(text[at], b'n' | b'r' | b't') && at > 0 && text[at - 1] == b'\\' {
            // A line end of a string literal, with nothing or a number behind it.
            at += 1;
            at += text[at..].iter().position(u8::is_ascii_alphanumeric)?;
        }
        let start = at;
        let most = match base {
            // A string literal goes on right behind such an escape.
            Base::Octal => 3,
            Base::Marked => 4 - usize::from(matches!(text[start], b'x' | b'X')),
            Base::Decimal | Base::Hex => usize::MAX,
        };
        at += text[start..]
            .iter()
            .take(most)
            .position(|b| !b.is_ascii_alphanumeric())
            .unwrap_or_else(|| (text.len() - start).min(most));
        Some(start..at)
    })
}

/// Adds the bytes of one word.
fn push(base: Base, word: &[u8], bytes: &mut Vec<u8>) -> bool {
    let byte = match (base, word) {
        (Base::Decimal, _) => number(word, 10),
        (Base::Octal, _) => number(word, 8),
        (Base::Marked, [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..]) => number(digits, 16),
        (Base::Marked, _) => None,
        (Base::Hex, _) => {
            let whole = word.len().is_multiple_of(2) && hex::leading(word) == word.len();
            if whole {
                hex::append(word, bytes);
            }
            return whole;
        }
    };
    bytes.extend(byte);
    byte.is_some()
}

/// The byte that up to three digits stand for.
fn number(digits: &[u8], radix: u8) -> Option<u8> {
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    digits
        .iter()
        .map(|b| hex::value(*b))
        .try_fold(0u8, |sum, digit| sum.checked_mul(radix)?.checked_add(digit).filter(|_| digit < radix))
}

fn is_part(byte: u8) -> bool {
    PARTS[usize::from(byte)]
}

const PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        parts[byte] = part(byte as u8);
        byte += 1;
    }
    parts
};

/// Digits, the letters of marks and of escaped line ends, and what stands between numbers or before the lines
/// of comments.
const fn part(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'x' | b'X' | b'n' | b'r' | b't' | b'\\' | b'"' | b'\'')
        || matches!(
            byte,
            b',' | b':'
                | b';'
                | b'{'
                | b'}'
                | b'['
                | b']'
                | b'('
                | b')'
                | b'|'
                | b'#'
                | b'>'
                | b'*'
                | b'/'
                | b'+'
        )
}
