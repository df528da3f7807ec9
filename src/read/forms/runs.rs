//! Long runs of base64 or hexadecimal digits whose beginning does not tell what they are: text in base64 in
//! base64, wide characters in base64, hexadecimal in JSON. They are decoded, and the caller looks at what
//! comes out as at any other text.

use std::ops::Range;

use zeroize::Zeroizing;

use super::base64_cursor::{self, Text};
use super::haystack::{Haystack, Marker};
use super::notation::{Notation, Visit};
use super::prefilter::may_hold;
use super::{columns, hex, spans};
use crate::read::pem::base64::{self, is_any_digit};

/// A run on one line has at least so many digits.
const LINE: usize = 40;

/// So many hexadecimal digits at the beginning of a run are no base64: 44 bytes.
const HEX: usize = 88;

/// In all there are at least so many: the smallest object of interest has 44 bytes, 60 digits of base64.
const WHOLE: usize = 60;

/// So many digits on lines with something around them tell whether there is more to them.
const TOGETHER: usize = 4096;

/// Long runs of digits of base64 or hexadecimal.
pub(super) struct Runs;

impl Notation for Runs {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        text.may_have(Marker::Text, range)
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the long runs in `start..end` with their decoded bytes, in order. Moves forward only, but that runs
/// of several lines that turn out to be nothing together are looked at one by one.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let (buffer, Range { start, end }) = (haystack.bytes, range);
    let mut at = start;
    // Lines before this were read together.
    let mut together = start;
    // Used again for each run: most are nothing.
    let mut digits = Zeroizing::new(Vec::new());
    while let Some(run) = haystack.run(at..end, LINE, is_any_digit) {
        // Signs before a marker may be taken for those that it begins with.
        let first = first_digit(buffer, at, run.start).min(end);
        let text = Text { buffer, end };
        // Most runs are digits that stand for themselves, and nothing goes on behind them.
        let plain = if (run.start..run.end).contains(&first) && !has_dashes(&buffer[first..run.end]) {
            run.end
        } else {
            first
        };
        let (more, stop) = text.walk(plain, usize::MAX, |_| ());
        let count = plain - first + more;
        if first >= together && !is_part_of_token(buffer, first, stop) {
            let mut several = |enough: usize| {
                let lines =
                    columns::lines(buffer, first, end, enough).filter(|lines| lines.digits() > count)?;
                lines.copy_to(buffer, usize::MAX, &mut digits);
                let promising = decode(&mut digits) && may_hold(&digits);
                Some((lines, promising))
            };
            // Each line of a log may have a token, and together they are nothing.
            let mut lines = several(TOGETHER);
            if let Some((some, true)) = &lines
                && some.digits() >= TOGETHER
            {
                lines = several(usize::MAX);
            }
            if let Some((lines, promising)) = lines {
                let stop = lines.end.max(run.end);
                if promising && visit(first..stop, &digits) {
                    at = stop;
                    continue;
                }
                // What lies across the end of the first lines is looked at with the next ones.
                together = if promising { lines.end } else { lines.last_but_one() };
            }
        }
        at = stop.max(run.end);
        if count < WHOLE {
            continue;
        }
        base64::reset(&mut digits, count);
        digits.extend_from_slice(&buffer[first..plain]);
        text.walk(plain, more, |some| digits.extend_from_slice(some));
        base64_cursor::standard(&mut digits);
        if decode(&mut digits) && may_hold(&digits) && visit(first..at, &digits) {
            continue;
        }
        if more > 0 {
            words(buffer, first..at, &mut digits, visit);
        }
    }
}

/// Visits the words of a run that is nothing together, as the columns of a table are.
fn words(buffer: &[u8], range: Range<usize>, digits: &mut Vec<u8>, visit: &mut Visit<'_>) {
    let mut at = range.start;
    while let Some(word) = spans::next(buffer, at..range.end, WHOLE, is_any_digit) {
        at = word.end;
        base64::reset(digits, word.len());
        digits.extend_from_slice(&buffer[word.clone()]);
        base64_cursor::standard(digits);
        if decode(digits) && may_hold(digits) {
            visit(word, digits);
        }
    }
}

/// Whether the digits between two places are a part of a token of JOSE (RFC 7515 section 7.1), which is never
/// broken into lines.
fn is_part_of_token(buffer: &[u8], first: usize, stop: usize) -> bool {
    buffer.get(stop) == Some(&b'.') || first > 0 && buffer[first - 1] == b'.'
}

/// Where a run begins: behind the letters of an escape, or before escapes that stand for digits, and digits
/// before these.
fn first_digit(buffer: &[u8], floor: usize, start: usize) -> usize {
    let mut first = match (&buffer[floor.max(start.saturating_sub(1))..start], &buffer[start..]) {
        ([b'\\'], [b'n' | b'r' | b't', ..]) => start + 1,
        ([b'\\'], [b'u', b'0', b'0', ..]) => start + 5,
        ([b'\\'], [b'/', ..]) => start - 1,
        ([b'%'], [b'2', b'B' | b'b' | b'F' | b'f', ..]) => start - 1,
        ([b'%'], _) => start + 2,
        _ => start,
    };
    if first <= start {
        loop {
            first -= match &buffer[floor..first] {
                [.., b'%', b'2', b'B' | b'b' | b'F' | b'f'] => 3,
                [.., b'\\', b'/'] => 2,
                [.., digit] if first < start && is_any_digit(*digit) => 1,
                _ => break,
            };
        }
    }
    // No text of interest begins with these (`/` is the first digit of a byte order mark), but a form has
    // them for blanks, and flags begin so.
    first + buffer[first..].iter().take_while(|b| matches!(b, b'+' | b'-')).count()
}

/// Makes bytes of hexadecimal digits if all are, else of base64, in place.
fn decode(digits: &mut Vec<u8>) -> bool {
    let before = match digits.as_slice() {
        [b'0', b'x' | b'X', ..] => 2,
        [b'x' | b'X', ..] => 1,
        _ => 0,
    };
    // A word behind it may have been taken along.
    let length = hex::leading(&digits[before..]);
    if length < HEX {
        return base64::decode_some(digits);
    }
    hex::decode(digits, before, length);
    true
}

/// Whether dashes of a marker are among digits.
fn has_dashes(digits: &[u8]) -> bool {
    memchr::memchr_iter(b'-', digits).any(|at| digits[at..].starts_with(b"----"))
}
