//! Sparse files in a tar (GNU tar manual, appendix "Sparse Formats"): which parts of a file are there; the
//! others are zeros.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::block::{BLOCK, fill};
use super::header;
use crate::limits;

/// One part of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The map in a header of the old format or in a block behind it; `more` tells whether another block follows.
pub(super) fn old(map: &[u8], more: u8) -> (Vec<Piece>, bool) {
    let piece = |field: &[u8]| {
        Some(Piece { offset: header::number(&field[..12])?, length: header::number(&field[12..])? })
    };
    // An entry of zeros ends the list: empty fields are read as 0.
    let used = |piece: &Piece| piece.offset != 0 || piece.length != 0;
    (map.chunks_exact(24).map_while(piece).filter(used).collect(), more != 0)
}

/// What is at the beginning of the content of a sparse file.
pub(super) struct InContent {
    /// The map; `None` if what is there is no map: then it is content.
    pub(super) pieces: Option<Vec<Piece>>,
    /// The bytes that were read for it.
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Reads the map at the beginning of the content (format 1.0): decimal numbers on lines, and zeros up to the
/// end of a block.
pub(super) fn in_content(source: &mut dyn Read, most: u64) -> io::Result<InContent> {
    let (mut numbers, mut text, mut parsed) = (Vec::<u64>::new(), Zeroizing::new(Vec::new()), 0);
    loop {
        let wanted = numbers.first().map_or(1, |n| n.saturating_mul(2).saturating_add(1));
        if numbers.len() as u64 == wanted {
            let is_map = text[parsed..].iter().all(|b| *b == 0);
            let pieces = is_map.then(|| {
                numbers[1..].chunks_exact(2).map(|p| Piece { offset: p[0], length: p[1] }).collect()
            });
            return Ok(InContent { pieces, bytes: text });
        }
        if let Some(end) = memchr::memchr(b'\n', &text[parsed..]) {
            let Some(number) =
                str::from_utf8(&text[parsed..parsed + end]).ok().and_then(|line| line.parse().ok())
            else {
                return Ok(InContent { pieces: None, bytes: text });
            };
            numbers.push(number);
            parsed += end + 1;
            continue;
        }
        let mut block = Zeroizing::new([0; BLOCK]);
        let room = usize::try_from(most - text.len() as u64).map_or(BLOCK, |left| left.min(BLOCK));
        let got = fill(source, &mut block[..room])?;
        text.extend_from_slice(&block[..got]);
        // No line of a map is longer than a number.
        if got == 0
            || text.len() - parsed > BLOCK + LONGEST_NUMBER
            || wanted > 2 * limits::SPARSE_PIECES as u64
        {
            return Ok(InContent { pieces: None, bytes: text });
        }
    }
}

/// Digits of the largest number of 64 bits.
const LONGEST_NUMBER: usize = 20;

/// Whether the pieces ascend, fit into the file and have as many bytes as are stored.
pub(super) fn is_consistent(pieces: &[Piece], size: u64, stored: u64) -> bool {
    let mut end = 0u64;
    let mut sum = 0u64;
    for piece in pieces {
        let Some(next) = piece.offset.checked_add(piece.length) else { return false };
        if piece.offset < end || next > size {
            return false;
        }
        (end, sum) = (next, sum.saturating_add(piece.length));
    }
    sum == stored
}

/// Whether the holes are not too large to be made, and not too many.
pub(super) const fn is_usable(pieces: &[Piece], size: u64, stored: u64) -> bool {
    size.saturating_sub(stored) <= limits::HOLES && pieces.len() < limits::SPARSE_PIECES
}

/// Which part of a sparse file comes next.
pub(super) struct Layout {
    pieces: std::vec::IntoIter<Piece>,
    now: Option<Piece>,
    at: u64,
    size: u64,
}

impl Layout {
    pub(super) fn new(pieces: Vec<Piece>, size: u64) -> Self {
        Self { pieces: pieces.into_iter(), now: None, at: 0, size }
    }

    /// Whether a hole comes next, and how many bytes of it, or of what is there, are at most `most`; 0 at the
    /// end.
    pub(super) fn next(&mut self, most: usize) -> (bool, usize) {
        while self.now.is_none_or(|piece| piece.offset + piece.length <= self.at) {
            self.now = self.pieces.next();
            if self.now.is_none() {
                break;
            }
        }
        let (hole, left) = match self.now {
            Some(piece) if piece.offset > self.at => (true, piece.offset - self.at),
            Some(piece) => (false, piece.offset + piece.length - self.at),
            None => (true, self.size - self.at),
        };
        (hole, most.min(usize::try_from(left).unwrap_or(usize::MAX)))
    }

    /// So many bytes were handed on.
    pub(super) const fn pass(&mut self, count: usize) {
        self.at += count as u64;
    }
}
