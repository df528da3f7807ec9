//! Text forms around PEM and DER: wide characters to bytes, objects in base64 outside of blocks, objects in
//! hex digits.
//!
//! What comes out are guesses ([`Candidate`]); the caller parses them and drops what is no object. Nothing
//! here does I/O.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use crate::limits;
use crate::pki::der;

mod base64_cursor;
mod binary;
mod columns;
mod dumps;
mod embedded;
mod escaped;
mod hex;
mod literals;
mod numbers;
mod prefilter;
mod quoted;
mod runs;
mod strings;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use binary::Elements;
pub(crate) use embedded::candidates;
pub(crate) use escaped::markers;
pub(crate) use prefilter::may_hold_text;

/// Gets the bytes that came out of a wrapping, and where it is; tells whether there was anything in them.
type Visit<'v> = dyn FnMut(std::ops::Range<usize>, &[u8]) -> bool + 'v;

/// Visits what may be wrapped in a range of a buffer.
type Search = fn(&[u8], std::ops::Range<usize>, &mut Visit<'_>);

/// What to look for where no beginning tells what follows, dumps first: their offsets are numbers too.
pub(crate) const SEARCHES: [Search; 6] =
    [dumps::find, runs::find, numbers::find, values::find, strings::find, quoted::find];

/// What a candidate seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One BER or DER element.
    Der,
    /// A Java keystore.
    Keystore,
    /// A private key in the format of OpenSSH.
    OpenSsh,
    /// Text with PEM blocks in it.
    Text,
}

/// Something that was wrapped in text.
pub(crate) struct Candidate {
    /// Where its text begins in the buffer.
    pub(crate) offset: usize,
    /// Where its text ends.
    pub(crate) end: usize,
    /// Line of its first character.
    pub(crate) line: u32,
    /// What it seems to be.
    pub(crate) kind: Kind,
    /// The bytes; they may be a private key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// Text of wide characters, one byte for each code unit now. What is not ASCII became the byte 0x1A.
pub(crate) struct Narrowed {
    /// The text.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Whether the whole buffer is wide text. If not, wide text was found somewhere in it, and **the buffer
    /// as it stands has to be read too**.
    pub(crate) whole: bool,
    unit: usize,
    skipped: usize,
}

impl Narrowed {
    /// Where the code unit at `position` of the text stood in the buffer.
    pub(crate) const fn original(&self, position: usize) -> usize {
        position.saturating_mul(self.unit).saturating_add(self.skipped)
    }
}

/// How wide characters lie in memory.
#[derive(Debug, Clone, Copy)]
struct Wide {
    unit: usize,
    big_endian: bool,
}

/// A BEGIN in characters of two and four bytes, the low one first.
static WIDE_MARKERS: LazyLock<[(usize, Finder<'static>); 2]> = LazyLock::new(|| {
    let four = b"-\0\0\0-\0\0\0-\0\0\0-\0\0\0B\0\0\0E\0\0\0G\0\0\0I\0\0\0N";
    [(2, Finder::new(b"-\0-\0-\0-\0B\0E\0G\0I\0N")), (4, Finder::new(four))]
});

/// Byte order marks (Unicode 16, section 23.8). That of UTF-32LE begins with that of UTF-16LE, so it comes
/// first.
const MARKS: [(&[u8], Wide); 4] = [
    (b"\xff\xfe\0\0", Wide { unit: 4, big_endian: false }),
    (b"\0\0\xfe\xff", Wide { unit: 4, big_endian: true }),
    (b"\xff\xfe", Wide { unit: 2, big_endian: false }),
    (b"\xfe\xff", Wide { unit: 2, big_endian: true }),
];

/// So many bytes tell by their zeros whether text is wide.
const SAMPLE: usize = 256;

/// UTF-16 and UTF-32 text, with or without byte order mark, as one byte for each code unit. `None`: it is no
/// such text.
///
/// Without a mark the zeros of the first bytes decide, else a BEGIN in wide characters anywhere in the
/// buffer.
pub(crate) fn to_narrow(buffer: &[u8]) -> Option<Narrowed> {
    for (mark, wide) in MARKS {
        if buffer.starts_with(mark) {
            return Some(narrow(buffer, wide, mark.len(), true));
        }
    }
    memchr::memchr(0, buffer)?;
    if let Some(wide) = by_zeros(&buffer[..buffer.len().min(SAMPLE)]) {
        return Some(narrow(buffer, wide, 0, true));
    }
    for (unit, marker) in WIDE_MARKERS.iter() {
        if let Some(at) = marker.find(buffer) {
            // In ASCII the units of both byte orders look alike but for where they begin.
            return Some(narrow(buffer, Wide { unit: *unit, big_endian: false }, at % unit, false));
        }
    }
    None
}

/// The form of text whose zeros all lie where ASCII in wide characters has them.
fn by_zeros(sample: &[u8]) -> Option<Wide> {
    for unit in [4, 2] {
        let units = sample.len() / unit;
        if units < 4 {
            continue;
        }
        for big_endian in [false, true] {
            let wide = Wide { unit, big_endian };
            let ascii = sample.chunks_exact(unit).filter(|c| !matches!(one(c, wide), 0 | 0x1a)).count();
            if ascii * 10 >= units * 9 {
                return Some(wide);
            }
        }
    }
    None
}

/// One code unit as a byte.
fn one(unit: &[u8], wide: Wide) -> u8 {
    let (low, high) =
        if wide.big_endian { (unit[unit.len() - 1], &unit[..unit.len() - 1]) } else { (unit[0], &unit[1..]) };
    if low.is_ascii() && high.iter().all(|b| *b == 0) { low } else { 0x1a }
}

/// What a word processor makes of a dash or a blank, as what it was (U+2010 to U+2015, U+2212, U+00A0).
fn like_ascii(unit: &[u8], wide: Wide) -> Option<u8> {
    let (low, high) = match (unit, wide.big_endian) {
        ([low, high] | [low, high, 0, 0], false) | ([high, low] | [0, 0, high, low], true) => (*low, *high),
        _ => return None,
    };
    match (high, low) {
        (0x20, 0x10..=0x15) | (0x22, 0x12) => Some(b'-'),
        (0, 0xa0) => Some(b' '),
        _ => None,
    }
}

/// Narrows everything behind the first `skipped` bytes. An odd rest is one unit more, its missing bytes taken
/// for zeros.
fn narrow(buffer: &[u8], wide: Wide, skipped: usize, whole: bool) -> Narrowed {
    let units = buffer[skipped..].chunks_exact(wide.unit);
    let rest = units.remainder();
    let mut bytes = Zeroizing::new(Vec::with_capacity(units.len() + 1));
    bytes.extend(units.map(|unit| like_ascii(unit, wide).unwrap_or_else(|| one(unit, wide))));
    if let Some(first) = rest.first().filter(|_| !wide.big_endian) {
        bytes.push(if first.is_ascii() { *first } else { 0x1a });
    }
    Narrowed { bytes, whole, unit: wide.unit, skipped }
}

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
    let line = super::pem::Lines::new(buffer, 1).at(offset);
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
