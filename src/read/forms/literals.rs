//! Base64 in string literals that follow one another and are not equally long, as people break long strings:
//! what has been broken by programs is in `columns.rs`.

use memchr::memchr;

use super::columns::Lines;
use super::spans;
use crate::read::pem::{base64, wrapping};

/// The next literal begins within so many characters.
const REACH: usize = 120;

/// Literals have so many digits on average.
const LEAST: usize = 8;

/// The digits of the literal that `start` lies at the beginning of, and of those behind it, until there are
/// `enough`. `None`: there is no other.
pub(super) fn lines(buffer: &[u8], start: usize, end: usize, enough: usize) -> Option<Lines> {
    let text = buffer.get(..end)?;
    let quote = opening(&text[..start])?;
    let mut runs = Vec::new();
    let (mut at, mut digits) = (start, 0);
    while digits < enough {
        let length = spans::digits(&text[at..]);
        runs.push(at..at + length);
        (at, digits) = (at + length, digits + length);
        // Nobody breaks a string into literals of a few characters, and a place is kept for each.
        if digits < LEAST * (runs.len() - 1) {
            return None;
        }
        // A line end may stand in a literal, and digits behind it.
        let behind = at + line_ends(&text[at..]);
        if behind > at && text.get(behind).is_some_and(|b| base64::is_any_digit(*b)) {
            at = behind;
            continue;
        }
        match text.get(behind).filter(|b| **b == quote).and_then(|_| next(text, behind + 1, quote)) {
            Some(next) => at = next,
            None => break,
        }
    }
    let end = runs.last()?.end;
    let pads = text[end..].iter().take(2).take_while(|b| **b == b'=').count();
    (runs.len() > 1).then_some(Lines::new(runs, end + pads))
}

/// The quotation mark before a text, with blanks behind it or none.
fn opening(before: &[u8]) -> Option<u8> {
    before.trim_ascii_end().last().copied().filter(|b| is_quote(*b))
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// How many bytes stand for line ends and blanks.
fn line_ends(text: &[u8]) -> usize {
    let mut at = 0;
    while text.get(at) == Some(&b'\\')
        && let (Some(b'\n' | b' '), width) = wrapping::backslash(&text[at..])
    {
        at += width;
    }
    at
}

/// Where the digits of the next literal begin. An element of an array that begins like an object is one of
/// its own.
fn next(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let rest = &text[at..];
    let open = memchr(quote, &rest[..rest.len().min(REACH)])?;
    let first = rest[open + 1..].iter().position(|b| *b != b' ').map(|n| at + open + 1 + n)?;
    let own = memchr(b',', &rest[..open]).is_some() && matches!(text[first..], [b'M', b'C'..=b'I', ..]);
    (base64::is_any_digit(text[first]) && !own).then_some(first)
}
