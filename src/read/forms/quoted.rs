//! Text in quoted-printable (RFC 2045 section 6.7), as mail has it: long lines are broken by an equals sign
//! at their end. Blocks in it are read as they are; here it is what lies outside of blocks.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use super::notation::{Notation, Visit};
use super::prefilter::may_hold;
use crate::read::pem::{base64, wrapping};

/// How long a broken line is, its equals sign counted. The standard allows 76, and writers use that.
const LINE: std::ops::RangeInclusive<usize> = 70..=76;

/// So many digits of base64 before a broken line's end are no words.
const DIGITS: usize = 40;

/// A line that begins with dashes ends a part of a mail (RFC 2046 section 5.1.1).
static BORDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n--"));

/// Parts of mails.
pub(super) struct QuotedPrintable;

impl Notation for QuotedPrintable {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        text.may_have(Marker::SoftBreak, range)
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the parts of mails in `range` that are in quoted-printable, decoded, in order. Moves forward only.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let text = &haystack.bytes[..range.end];
    let mut at = range.start;
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(found) = next(haystack, at..range.end) {
        let start = memchr::memrchr(b'\n', &text[at..found]).map_or(at, |end| at + end + 1);
        let stop = BORDER.find(&text[found..]).map_or(text.len(), |end| found + end + 1);
        wrapping::unquote_printable(&text[start..stop], &mut bytes);
        if may_hold(&bytes) {
            visit(start..stop, &bytes);
        }
        at = stop;
    }
}

/// The next equals sign that only this encoding has. Escapes do not tell: a token behind a name and `=` may
/// begin like one.
fn next(haystack: &Haystack<'_>, range: Range<usize>) -> Option<usize> {
    let (from, text) = (range.start, &haystack.bytes[..range.end]);
    let breaks = |at: &usize| match &text[at + 1..] {
        [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] => breaks(&text[from..*at], behind),
        _ => false,
    };
    haystack.next(Marker::SoftBreak, range, 0, |part| {
        memchr::memchr_iter(b'=', &text[part.clone()]).map(|at| part.start + at).find(breaks)
    })
}

/// Whether the equals sign between two texts breaks a line, and is no padding.
fn breaks(before: &[u8], behind: &[u8]) -> bool {
    let reach = &before[before.len().saturating_sub(*LINE.end())..];
    let line = memchr::memrchr(b'\n', reach).map_or(reach, |end| &reach[end + 1..]);
    let digits = || {
        line.iter().rev().take_while(|b| base64::is_any_digit(**b)).count() >= DIGITS
            && behind.first().is_some_and(|b| base64::is_any_digit(*b))
    };
    let again = || {
        let next = &behind[..behind.len().min(LINE.end() + 2)];
        let next = memchr::memchr(b'\n', next).map_or(&next[..0], |end| next[..end].trim_ascii_end());
        LINE.contains(&next.len()) && next.ends_with(b"=")
    };
    LINE.contains(&(line.len() + 1)) && (digits() || again())
}
