//! Long runs of base64 or hexadecimal digits whose beginning does not tell what they are: text in base64 in base64, wide characters in base64,
//! hexadecimal in JSON. They are decoded, and the caller looks at what comes out as at any other text.

use std::ops::Range;

use zeroize::Zeroizing;

use super::step::Text;
use super::{columns, embedded};
use crate::read::pem::base64;

/// A run on one line has at least so many digits.
const LINE: usize = 40;

/// So many hexadecimal digits at the beginning of a run are no base64: 44 bytes.
const HEX: usize = 88;

/// In all there are at least so many: the smallest object of interest has 44 bytes, 60 digits of base64.
const WHOLE: usize = 60;

/// Visits the long runs in `start..end` with their decoded bytes, in order. Moves forward only.
pub(super) fn find(buffer: &[u8], range: Range<usize>, visit: &mut dyn FnMut(Range<usize>, Zeroizing<Vec<u8>>)) {
    let Range { start, end } = range;
    let mut at = start;
    while let Some(run) = next(buffer, at, end, LINE, is_digit) {
        let first = first_digit(buffer, at, run.start);
        let text = Text { buffer, end };
        let (count, mut stop) = text.walk(first, usize::MAX, |_| ());
        let lines = columns::lines(buffer, first, end, usize::MAX).filter(|lines| lines.digits() > count);
        let digits = match lines {
            Some(lines) => {
                stop = lines.end;
                lines.copy(buffer, usize::MAX)
            }
            None => text.copy(first, count),
        };
        at = stop.max(run.end);
        if digits.len() < WHOLE {
            continue;
        }
        if let Some(bytes) = decode(digits) {
            visit(first..at, bytes);
        }
    }
}

/// The next `least` or more bytes of a kind, one behind another. Whole words are leapt over, so few bytes of ordinary text are looked at.
pub(super) fn next(buffer: &[u8], start: usize, end: usize, least: usize, is: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let mut at = start;
    loop {
        let window = buffer[..end].get(at..at.checked_add(least)?)?;
        match window.iter().rposition(|b| !is(*b)) {
            Some(other) => at += other + 1,
            None => {
                let more = buffer[at + least..end].iter().position(|b| !is(*b)).unwrap_or(end - at - least);
                return Some(at..at + least + more);
            }
        }
    }
}

/// Where a run begins: behind the letters of an escape, or before escapes that stand for digits, and digits before these.
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
                [.., digit] if first < start && is_digit(*digit) => 1,
                _ => break,
            };
        }
    }
    // No text of interest begins with these (`/` is the first digit of a byte order mark), but a form has them for blanks, and flags begin so.
    first + buffer[first..].iter().take_while(|b| matches!(b, b'+' | b'-')).count()
}

/// Bytes from hexadecimal digits if all are, else from base64.
fn decode(mut digits: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let hex = match digits.as_slice() {
        [b'0', b'x' | b'X', rest @ ..] | [b'x' | b'X', rest @ ..] => rest,
        whole => whole,
    };
    // A word behind it may have been taken along.
    let length = hex.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(hex.len());
    if length >= HEX {
        let hex = &hex[..length];
        let value = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
        bytes.extend(hex.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])));
        return Some(bytes);
    }
    embedded::decoded(&mut digits).then_some(digits)
}

fn is_digit(byte: u8) -> bool {
    base64::is_digit(byte) || matches!(byte, b'-' | b'_')
}
