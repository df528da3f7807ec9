//! DER as a string literal, its bytes partly escapes and partly characters: `b'0\x82\x01...'` as Python
//! prints it, `"0\u0082\u0001"` as JSON.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use super::notation::{Notation, Visit};

/// How a SEQUENCE with a length of two octets begins, up to the digit that tells how many.
const HEADS: [&[u8]; 6] = [b"0\\x8", b"0\\u008", b"0\\20", b"\\x30\\x8", b"\\u0030\\u008", b"\\060\\20"];

static FINDERS: LazyLock<[Finder<'static>; HEADS.len()]> = LazyLock::new(|| HEADS.map(Finder::new));

/// Fewer bytes are of no interest.
const BYTES: usize = 44;

/// String literals of escapes and characters.
pub(super) struct Strings;

impl Notation for Strings {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        // All of them have a backslash.
        let first = |part: Range<usize>| Some(part.start + memchr::memchr(b'\\', &text.bytes[part.clone()])?);
        text.next(Marker::Literal, range.clone(), 1, first).is_some()
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the literals in `range` that begin like an element, in order. Moves forward only.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let text = &haystack.bytes[..range.end];
    let search = |head: &Finder<'_>, from: usize| haystack.find(Marker::Literal, from..range.end, head);
    let mut next = FINDERS.each_ref().map(|head| search(head, range.start));
    while let Some(at) = next.iter().copied().flatten().min() {
        let (bytes, end) = unescape(&text[at..]);
        if bytes.len() >= BYTES {
            visit(at..at + end, &bytes);
        }
        for (next, head) in next.iter_mut().zip(FINDERS.iter()) {
            if next.is_some_and(|n| n < at + end) {
                *next = search(head, at + end);
            }
        }
    }
}

/// The bytes up to the end of a literal, and where that is: a quotation mark, or what cannot be in one. At
/// least one byte is passed over.
fn unescape(text: &[u8]) -> (Zeroizing<Vec<u8>>, usize) {
    let (mut at, mut count) = (0, 0usize);
    while let Some((_, width)) = text.get(at..).and_then(one) {
        at += width;
        count += 1;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(count));
    let mut rest = &text[..at];
    while let Some((byte, width)) = one(rest) {
        bytes.push(byte);
        rest = &rest[width..];
    }
    (bytes, at.max(1))
}

/// One byte and the width of what stands for it.
fn one(text: &[u8]) -> Option<(u8, usize)> {
    let number = |digits: Option<&[u8]>, radix| {
        digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, radix).ok())
    };
    match text {
        [b'\\', b'x', ..] => Some((number(text.get(2..4), 16)?, 4)),
        [b'\\', b'u', b'0', b'0', ..] => Some((number(text.get(4..6), 16)?, 6)),
        [b'\\', b'0'..=b'7', ..] => {
            let digits = text[1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            Some((number(text.get(1..=digits), 8)?, 1 + digits))
        }
        [b'\\', letter, ..] => {
            let byte = match letter {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 7,
                b'b' => 8,
                b'v' => 0x0b,
                b'f' => 0x0c,
                b'e' => 0x1b,
                b'\\' | b'"' | b'\'' | b'`' | b'?' | b'/' => *letter,
                _ => return None,
            };
            Some((byte, 2))
        }
        [byte @ (b' '..=b'~'), ..] => Some((*byte, 1)),
        _ => None,
    }
}
