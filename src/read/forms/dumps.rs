//! Dumps (`xxd`, `hexdump -C`, `od -t x1`, `certutil -dump`): lines of an offset, bytes in hexadecimal, and
//! what they are as text.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use super::hex;
use super::notation::{Notation, Visit};
use crate::read::zeroizing_io;

/// Fewer bytes are of no interest.
const BYTES: usize = 44;

/// Bytes on one line.
const LINE: usize = 16;

/// The next offset stands within so many characters.
const REACH: usize = 400;

/// How the first offset begins.
static ZEROS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"0000"));

/// Lines of an offset, bytes in hexadecimal, and what they are as text.
pub(super) struct Dumps;

impl Notation for Dumps {
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool {
        text.may_have(Marker::Zeros, range)
    }

    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
        find(text, range, visit);
    }
}

/// Visits the dumps in `range` with their bytes, in order. Whatever stands before each line may do so, for
/// the next line is known by its offset.
fn find(haystack: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>) {
    let (buffer, Range { start, end }) = (haystack.bytes, range);
    let mut at = start;
    while let Some(first) = haystack.find(Marker::Zeros, at..end, &ZEROS) {
        let digits = buffer[first..end].iter().position(|b| *b != b'0').unwrap_or(end - first);
        at = first + digits;
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(length) = line(&buffer[at..end], &mut bytes) {
            at += length;
            let reach = &buffer[at..end.min(at + REACH)];
            let offset = format!("{:0digits$x}", bytes.len());
            let next = following(reach, offset.as_bytes())
                .or_else(|| following(reach, offset.to_ascii_uppercase().as_bytes()));
            match next {
                Some(next) if bytes.len() % LINE == 0 => at += next + offset.len(),
                _ => break,
            }
        }
        if bytes.len() >= BYTES {
            visit(first..at, &bytes);
        }
    }
}

/// Where an offset is in a text, by itself: a short one may be among the bytes and what they are as text.
fn following(text: &[u8], offset: &[u8]) -> Option<usize> {
    let alone = |at: usize| {
        !text[..at].last().is_some_and(u8::is_ascii_alphanumeric)
            && matches!(text.get(at + offset.len()), Some(b' ' | b'\t' | b':'))
    };
    memmem::find_iter(text, offset).find(|at| offset.len() > 5 || alone(*at))
}

/// Adds the bytes that stand behind an offset; how far they reach. `None`: there are none.
fn line(text: &[u8], bytes: &mut Vec<u8>) -> Option<usize> {
    let before = bytes.len();
    let mut at = usize::from(text.first() == Some(&b':'));
    while bytes.len() - before < LINE {
        let rest = &text[at..];
        let blanks = rest.iter().take(8).take_while(|b| matches!(b, b' ' | b'\t')).count();
        let digits = rest[blanks..].iter().take(2 * LINE + 1).take_while(|b| b.is_ascii_hexdigit()).count();
        // The text behind the bytes is further away than the gap in the middle of them.
        let most = if bytes.len() == before { 8 } else { 3 };
        let fits = (1..most).contains(&blanks)
            && digits > 0
            && digits % 2 == 0
            && bytes.len() - before + digits / 2 <= LINE;
        if !fits {
            break;
        }
        zeroizing_io::reserve(bytes, LINE);
        bytes.extend(
            rest[blanks..blanks + digits].as_chunks::<2>().0.iter().filter_map(|digits| hex::pair(*digits)),
        );
        at += blanks + digits;
    }
    (bytes.len() > before).then_some(at)
}
