//! Text of wide characters (UTF-16, UTF-32) to bytes.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};

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
pub(crate) fn to_narrow(haystack: &Haystack<'_>) -> Option<Narrowed> {
    let buffer = haystack.bytes;
    for (mark, wide) in MARKS {
        if buffer.starts_with(mark) {
            return Some(narrow(buffer, wide, mark.len(), true));
        }
    }
    if !haystack.has_zeros {
        return None;
    }
    if let Some(wide) = by_zeros(&buffer[..buffer.len().min(SAMPLE)]) {
        return Some(narrow(buffer, wide, 0, true));
    }
    for (unit, marker) in WIDE_MARKERS.iter() {
        if let Some(at) = haystack.find(Marker::Wide, 0..buffer.len(), marker) {
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
