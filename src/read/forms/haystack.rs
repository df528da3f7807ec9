//! The bytes that objects are looked for in, and where in them each marker can be.
//!
//! Every kind of object and of notation has a marker, and looking for each of them in turn passes over the
//! bytes again and again: on programs and libraries that was half of the time of a scan. Here **one pass**
//! notes which markers begin in which block of the buffer, and a search then looks into the blocks that have
//! its marker. No search is less exact for it: a block is passed over only if the marker does not begin there.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};
use memchr::memmem::Finder;

use super::spans;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// `tLS`, which the digits of dashes in base64 have.
    Dashes,
    /// The first digits of a Java keystore.
    Keystore,
    /// The first digits of an OpenSSH key.
    OpenSsh,
    /// `BEGIN`.
    Begin,
    /// The same with each letter escaped.
    EscapedBegin,
    /// A SEQUENCE in a string literal.
    Literal,
    /// The first offset of a dump.
    Zeros,
    /// The first octet of a SEQUENCE in decimal.
    Decimal,
    /// The same in hexadecimal.
    Hexadecimal,
    /// A line that an equals sign at its end breaks.
    SoftBreak,
    /// `-` in characters of two and of four bytes, the low one first.
    Wide,
    /// A SEQUENCE with a length of two octets.
    Long,
    /// A SEQUENCE with a length of one octet.
    Middle,
    /// The version of PKCS #8 (RFC 5958 section 2) behind a short length.
    Pkcs8,
    /// The version of SEC 1 keys (RFC 5915 section 3) behind a short length.
    Sec1,
    /// [`TEXT`] characters in a row.
    Text,
}

/// The octets that each of them begins with.
const OCTETS: [(&[u8], Marker); 23] = [
    (b"tLS", Marker::Dashes),
    (b"/u3+", Marker::Keystore),
    (b"b3Bl", Marker::OpenSsh),
    (b"BEGIN", Marker::Begin),
    (b"%42%45", Marker::EscapedBegin),
    (b"&#66;", Marker::EscapedBegin),
    (b"\\u0042", Marker::EscapedBegin),
    (b"\\x42", Marker::EscapedBegin),
    (b"0\\", Marker::Literal),
    (b"\\x30", Marker::Literal),
    (b"\\u0030", Marker::Literal),
    (b"\\060", Marker::Literal),
    (b"0000", Marker::Zeros),
    (b"48", Marker::Decimal),
    (b"30", Marker::Hexadecimal),
    (b"=\n", Marker::SoftBreak),
    (b"=\r\n", Marker::SoftBreak),
    (b"-\0-\0", Marker::Wide),
    (b"-\0\0\0-\0\0\0", Marker::Wide),
    (b"\x30\x82", Marker::Long),
    (b"\x30\x81", Marker::Middle),
    (b"\x02\x01\x00\x30", Marker::Pkcs8),
    (b"\x02\x01\x01\x04", Marker::Sec1),
];

/// So many characters of text follow wherever something is looked for by [`Marker::Text`]: the fewest are those
/// of an element in base64, up to the digits that tell its length.
const TEXT: usize = 15;

/// Bytes of a block. Half of the blocks of 4 KiB of a library have some text, of these one in six; a multiple of
/// [`WORD`].
const BLOCK: usize = 512;

/// A block with so many markers is taken to have them all: each takes as long as a hundred bytes.
const CROWDED: usize = 8;

/// Blocks that are searched in one go.
const TOGETHER: usize = 256;

/// Below this size the index costs more than it saves.
const SMALL: usize = 4 << 10;

static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut config = Config::new();
    config.match_kind(MatchKind::LeftmostFirst);
    config.builder().extend(OCTETS.iter().map(|(octets, _)| octets)).build()
});

/// Bytes, and where in them each marker can be.
#[derive(Debug)]
pub(crate) struct Haystack<'a> {
    /// All bytes.
    pub(super) bytes: &'a [u8],
    /// Whether zeros are among them.
    pub(super) has_zeros: bool,
    /// The markers that begin in each block; none if that is not known.
    blocks: Option<Vec<u16>>,
}

impl<'a> Haystack<'a> {
    /// Makes the index where it is of use: in bytes with zeros among them. In text as such nearly everything
    /// is to be searched anyway.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let has_zeros = memchr::memchr(0, bytes).is_some();
        let blocks = if has_zeros && bytes.len() >= SMALL {
            SEARCHER.as_ref().map(|searcher| index(bytes, searcher))
        } else {
            None
        };
        Self { bytes, has_zeros, blocks }
    }

    /// All bytes.
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next place in `range` that `search` finds, which gets the parts of it that may have the marker, one
    /// after another, each with as many bytes behind it as the marker has at most beyond its first one.
    pub(super) fn next(
        &self,
        marker: Marker,
        range: Range<usize>,
        beyond: usize,
        search: impl Fn(Range<usize>) -> Option<usize>,
    ) -> Option<usize> {
        if range.is_empty() {
            return None;
        }
        let Some(blocks) = &self.blocks else { return search(range) };
        let mut at = range.start;
        while at < range.end {
            let first = at / BLOCK;
            let last = range.end.div_ceil(BLOCK).min(blocks.len());
            let has = |block: &u16| block & marker.bit() != 0;
            let first = first + blocks.get(first..last)?.iter().position(has)?;
            let last = last.min(first + TOGETHER);
            let count = blocks[first..last].iter().take_while(|block| has(block)).count();
            at = at.max(first * BLOCK);
            let end = ((first + count) * BLOCK).min(range.end);
            if let Some(found) = search(at..end.saturating_add(beyond).min(range.end)) {
                return Some(found);
            }
            at = end;
        }
        None
    }

    /// Where `needle`, which has the marker, is next in `range`.
    pub(super) fn find(&self, marker: Marker, range: Range<usize>, needle: &Finder<'_>) -> Option<usize> {
        self.next(marker, range, needle.needle().len() - 1, |part| {
            Some(part.start + needle.find(self.bytes.get(part.clone())?)?)
        })
    }

    /// The next `least` or more characters of a kind in `range`, one behind another: [`TEXT`] at least.
    pub(super) fn run(
        &self,
        range: Range<usize>,
        least: usize,
        is: impl Fn(u8) -> bool + Copy,
    ) -> Option<Range<usize>> {
        let first = |part| spans::first(self.bytes, part, least, is);
        let start = self.next(Marker::Text, range.clone(), least - 1, first)?;
        Some(start..start + spans::leading(&self.bytes[start..range.end], is))
    }

    /// Whether the marker may begin in `range`.
    pub(super) fn may_have(&self, marker: Marker, range: &Range<usize>) -> bool {
        self.next(marker, range.clone(), 0, |part| Some(part.start)).is_some()
    }
}

impl Marker {
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Notes for each block which markers begin in it.
fn index(bytes: &[u8], searcher: &Searcher) -> Vec<u16> {
    let mut blocks = vec![0u16; bytes.len().div_ceil(BLOCK)];
    let (mut at, mut last, mut count) = (0, 0, 0);
    while let Some(found) = searcher.find_in(bytes, Span { start: at, end: bytes.len() }) {
        let block = found.start() / BLOCK;
        blocks[block] |= OCTETS[found.pattern().as_usize()].1.bit();
        count = if block == last { count + 1 } else { 1 };
        last = block;
        // Markers may overlap.
        at = found.start() + 1;
        if count == CROWDED {
            blocks[block] = u16::MAX;
            at = at.max((block + 1) * BLOCK).min(bytes.len());
        }
    }
    for (block, bytes) in bytes.chunks(BLOCK).enumerate() {
        let (words, _) = bytes.as_chunks::<WORD>();
        if words.iter().fold(false, |any, word| any | may_be_text(*word)) {
            blocks[block] |= Marker::Text.bit();
        }
        // The text may begin in the block before.
        if block > 0 && words.first().is_some_and(|word| may_be_text(*word)) {
            blocks[block - 1] |= Marker::Text.bit();
        }
    }
    blocks
}

/// Bytes that are looked at together: [`TEXT`] characters in a row have a whole word of these.
const WORD: usize = 8;

/// Whether no byte is from 0 to 8 or beyond 127. Without a branch, so that the compiler takes many at a time:
/// looking for the characters of text one by one took a quarter of the time of a scan.
const fn may_be_text(word: [u8; WORD]) -> bool {
    const HIGH: u64 = 0x80 * (u64::MAX / 255);
    const TABS: u64 = 0x09 * (u64::MAX / 255);
    let word = u64::from_le_bytes(word);
    (word | word.wrapping_sub(TABS)) & HIGH == 0
}

const _: () = assert!(BLOCK.is_multiple_of(WORD) && TEXT >= 2 * WORD - 1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a linear congruential generator (Knuth's MMIX), with zeros among them.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        std::iter::repeat_with(&mut next).take(count).collect()
    }

    #[test]
    fn every_marker_is_found_where_a_plain_search_finds_it() {
        let mut bytes = noise(128 << 10);
        // Over the borders of blocks, side by side, and one in another.
        for (i, (octets, _)) in OCTETS.iter().enumerate() {
            for at in [BLOCK * (8 * i + 3) - 1, BLOCK * (8 * i + 5) - octets.len() + 1, BLOCK * 8 * i + 7] {
                bytes[at..at + octets.len()].copy_from_slice(octets);
            }
        }
        bytes[60_000..60_013].copy_from_slice(b"30\x82\x01\x0048tLStLS");
        bytes[61_000..62_000].fill(b'3');
        bytes[61_500..61_502].copy_from_slice(b"30");
        let haystack = Haystack::new(&bytes);
        assert!(haystack.blocks.is_some());
        for (octets, marker) in OCTETS {
            let finder = Finder::new(octets);
            for start in [0, 1, BLOCK - 1, 5000, 60_001] {
                let mut at = start;
                loop {
                    let plain = finder.find(&bytes[at..]).map(|n| at + n);
                    assert_eq!(
                        haystack.find(marker, at..bytes.len(), &finder),
                        plain,
                        "{marker:?} from {at}"
                    );
                    let Some(found) = plain else { break };
                    at = found + 1;
                }
                let end = start + 700;
                let plain = finder.find(&bytes[start..end]).map(|n| start + n);
                assert_eq!(haystack.find(marker, start..end, &finder), plain, "{marker:?} up to {end}");
            }
        }
    }

    #[test]
    fn markers_everywhere_up_to_the_end() {
        for length in [SMALL, SMALL + 1, SMALL + BLOCK - 1] {
            let bytes: Vec<u8> = b"-\0\0\0".iter().copied().cycle().take(length).collect();
            let haystack = Haystack::new(&bytes);
            assert!((0..length - 8).step_by(BLOCK).all(|at| haystack.may_have(Marker::Wide, &(at..at + 1))));
        }
    }

    #[test]
    fn text_is_found_over_the_borders_of_blocks() {
        let mut bytes = vec![0u8; 16 << 10];
        let text = b"MIIBIjANBgkqhki";
        for at in [BLOCK - 1, 4 * BLOCK - 9, 8 * BLOCK + 5] {
            bytes[at..at + text.len()].copy_from_slice(text);
        }
        let haystack = Haystack::new(&bytes);
        let finder = Finder::new(text);
        let mut at = 0;
        let mut found = Vec::new();
        while let Some(next) = haystack.find(Marker::Text, at..bytes.len(), &finder) {
            found.push(next);
            at = next + 1;
        }
        assert_eq!(found, [BLOCK - 1, 4 * BLOCK - 9, 8 * BLOCK + 5]);
        assert!(!haystack.may_have(Marker::Text, &(2 * BLOCK..3 * BLOCK)));
        assert!(haystack.may_have(Marker::Text, &(3 * BLOCK..bytes.len())));
    }
}
