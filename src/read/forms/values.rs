//! Bytes as numbers in the notations of programming languages that `numbers.rs` does not know, with casts,
//! signs, suffixes and comments: `(byte)0x30, (byte)0x82`, `48, -126`, `0x82.toByte()`, `48u8`, `&H30`,
//! `$30`, `16#30`, `30-82`.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::{self, Finder};
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use super::hex;
use super::notation::{Notation, Visit};
use super::prefilter::may_hold;
use crate::read::pem::base64;

/// The first octet of a SEQUENCE, in hexadecimal and in decimal.
static FIRST: LazyLock<[(Marker, Finder<'static>); 2]> =
    LazyLock::new(|| [(Marker::Hexadecimal, Finder::new(b"30")), (Marker::Decimal, Finder::new(b"48"))]);

/// Fewer bytes are of no interest.
const BYTES: usize = 44;

/// What stands between two numbers has no more characters, a comment not counted.
const BETWEEN: usize = 120;

/// Comments between two numbers have no more.
const COMMENTS: usize = 1000;

/// What stands before a number in hexadecimal, in lower case.
const MARKS: [&[u8]; 5] = [b"0x", b"\\x", b"&h", b"16#", b"$"];

/// Words between numbers: casts and conversions, directives of assemblers, prefixes of string literals.
const WORDS: [&[u8]; 16] = [
    b"byte",
    b"sbyte",
    b"cbyte",
    b"tobyte",
    b"char",
    b"chr",
    b"unsigned",
    b"signed",
    b"int8_t",
    b"uint8_t",
    b"int8",
    b"uint8",
    b"u8",
    b"i8",
    b"db",
    b"b",
];

/// What may stand right behind a number.
const SUFFIXES: [&[u8]; 5] = [b"u8", b"_u8", b"i8", b"uy", b"u"];

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// From -128 to 255.
    Decimal,
    /// Two hexadecimal digits and a hyphen.
    Dashed,
    /// Hexadecimal with this before it.
    Marked(&'static [u8]),
}

/// Numbers as the source code of a program has them.
pub(super) struct Values;

impl Notation for Values {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        text.may_have(Marker::Hexadecimal, range) || text.may_have(Marker::Decimal, range)
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the lists of numbers in `range` from a SEQUENCE on, in order. Each list is read once.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let text = &haystack.bytes[..range.end];
    let search = |(marker, finder): &(Marker, Finder<'_>), from: usize| {
        haystack.find(*marker, from..range.end, finder)
    };
    let mut next = FIRST.each_ref().map(|finder| search(finder, range.start));
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(at) = next.iter().copied().flatten().min() {
        let mut behind = at + 1;
        if let Some((notation, start)) = notation(text, at, range.start)
            && begins(text, start, notation)
        {
            // Each number has two characters at least, with what stands behind it.
            let (count, end) = walk(text, start, notation, usize::MAX, |_| ());
            base64::reset(&mut bytes, count + 1);
            // Elements in a longer list are looked for as in binary data.
            if goes_on(&text[..start]) {
                bytes.push(0);
            }
            walk(text, start, notation, count, |byte| bytes.push(byte));
            if count >= BYTES && may_hold(&bytes) {
                visit(start..end, &bytes);
            }
            behind = end.max(behind);
        }
        for (next, finder) in next.iter_mut().zip(FIRST.iter()) {
            if next.is_some_and(|n| n < behind) {
                *next = search(finder, behind);
            }
        }
    }
}

/// How the number is written whose digits are at `at`, and where it begins.
fn notation(text: &[u8], at: usize, floor: usize) -> Option<(Spelling, usize)> {
    let before = &text[floor..at];
    if text[at] == b'4' {
        let other = before
            .last()
            .is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.' | b'#' | b'$'));
        return other.then_some((Spelling::Decimal, at));
    }
    let ends = |mark: &&[u8]| {
        before.len().checked_sub(mark.len()).is_some_and(|from| before[from..].eq_ignore_ascii_case(mark))
    };
    if let Some(mark) = MARKS.into_iter().find(ends) {
        return Some((Spelling::Marked(mark), at - mark.len()));
    }
    let dashed = matches!(
        text[at..],
        [_, _, b'-', b'8', b'0'..=b'3', b'-', ..] | [_, _, b'-', b'2'..=b'7', _, b'-', ..]
    );
    (dashed && before.last().is_none_or(|b| !b.is_ascii_alphanumeric())).then_some((Spelling::Dashed, at))
}

/// Whether the numbers at `start` are the beginning of an element that begins like an object.
fn begins(text: &[u8], start: usize, notation: Spelling) -> bool {
    let (mut head, mut count) = ([0; 5], 0);
    walk(text, start, notation, head.len(), |byte| {
        head[count] = byte;
        count += 1;
    });
    let inner = match head {
        [0x30, 0x80, inner, ..] | [0x30, 0x81, _, inner, _] | [0x30, 0x82, _, _, inner] => inner,
        [0x30, 0x83, ..] => 0x30,
        [0x30, 0x2e..=0x7f, inner, ..] => inner,
        _ => return false,
    };
    count == head.len() && matches!(inner, 0x30 | 2 | 6)
}

/// Whether a text ends with a number and a comma: what is behind it is the middle of a list.
fn goes_on(before: &[u8]) -> bool {
    let before = &before[before.len().saturating_sub(BETWEEN)..];
    let open = before.iter().rposition(|b| matches!(b, b'{' | b'[' | b'=' | b'<'));
    before[open.map_or(0, |n| n + 1)..].iter().any(u8::is_ascii_digit)
}

/// Passes up to `most` bytes of the list that begins at `start`; returns their number and where the last one
/// ends.
fn walk(
    text: &[u8],
    start: usize,
    notation: Spelling,
    most: usize,
    mut pass: impl FnMut(u8),
) -> (usize, usize) {
    let (mut at, mut count, mut end) = (start, 0, start);
    while count < most
        && let Some((byte, width)) = number(&text[at..], notation)
    {
        pass(byte);
        count += 1;
        end = at + width;
        match between(&text[end..], notation) {
            Some(width) => at = end + width,
            None => break,
        }
    }
    (count, end)
}

/// A number and how many characters it has.
fn number(text: &[u8], notation: Spelling) -> Option<(u8, usize)> {
    match notation {
        Spelling::Dashed => Some((hex::pair(*text.first_chunk()?)?, 2))
            .filter(|_| text.get(2).is_none_or(|b| !b.is_ascii_alphanumeric())),
        Spelling::Decimal => {
            let sign = usize::from(text.first() == Some(&b'-'));
            let digits = text[sign..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
            let value = std::str::from_utf8(&text[sign..sign + digits]).ok()?.parse::<i16>().ok()?;
            let byte = if sign == 0 {
                u8::try_from(value).ok()?
            } else {
                i8::try_from(-value).ok()?.cast_unsigned()
            };
            Some((byte, sign + digits + suffix(&text[sign + digits..])?))
        }
        Spelling::Marked(mark) => {
            let rest = text.get(mark.len()..).filter(|_| text[..mark.len()].eq_ignore_ascii_case(mark))?;
            let digits = rest.iter().take(3).take_while(|b| b.is_ascii_hexdigit()).count();
            let byte = match rest {
                [high, low, ..] if digits == 2 => hex::pair([*high, *low])?,
                [digit, ..] if digits == 1 => hex::value(*digit),
                _ => return None,
            };
            Some((byte, mark.len() + digits + suffix(&rest[digits..])?))
        }
    }
}

/// How long the suffix of a number is; `None` for a letter or digit that is none.
fn suffix(text: &[u8]) -> Option<usize> {
    let length = SUFFIXES
        .iter()
        .find(|s| text.get(..s.len()).is_some_and(|t| t.eq_ignore_ascii_case(s)))
        .map_or(0, |s| s.len());
    text.get(length).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_').then_some(length)
}

/// How long the text is that stands between two numbers; `None` where a list ends.
fn between(text: &[u8], notation: Spelling) -> Option<usize> {
    if notation == Spelling::Dashed {
        let blanks = text.get(1..)?.iter().take(4).take_while(|b| b.is_ascii_whitespace()).count();
        return (text[0] == b'-').then_some(1 + blanks);
    }
    let (mut at, mut most) = (0, BETWEEN);
    while at < most {
        let rest = &text[at..];
        let comment = &rest[..rest.len().min(COMMENTS.saturating_sub(at))];
        let width = match rest {
            [b'/', b'/', ..] | [b'#', ..] => memchr(b'\n', comment).inspect(|width| most += width)?,
            [b'/', b'*', ..] => memmem::find(comment, b"*/").map(|n| n + 2).inspect(|width| most += width)?,
            _ if is_number(rest, notation) => {
                return Some(at).filter(|at| *at > 0 || matches!(notation, Spelling::Marked(_)));
            }
            [b',' | b'(' | b')' | b'"' | b'\'' | b'+' | b'.' | b'|' | b'_' | b':', ..] => 1,
            [b'\\', b'\n' | b'\r', ..] => 1,
            [b'&', b' ' | b'\t', ..] => 1,
            [byte, ..] if byte.is_ascii_whitespace() => 1,
            [byte, ..] if byte.is_ascii_alphabetic() => {
                let length = rest.iter().take(16).position(|b| !b.is_ascii_alphanumeric() && *b != b'_')?;
                WORDS.iter().any(|word| rest[..length].eq_ignore_ascii_case(word)).then_some(length)?
            }
            _ => return None,
        };
        at += width;
    }
    None
}

/// Whether a number begins a text.
fn is_number(text: &[u8], notation: Spelling) -> bool {
    match (notation, text) {
        (Spelling::Decimal, [b'-', digit, ..] | [digit, ..]) => digit.is_ascii_digit(),
        (Spelling::Marked(mark), _) => text.get(..mark.len()).is_some_and(|t| t.eq_ignore_ascii_case(mark)),
        _ => false,
    }
}
