//! Sparse files in a tar (GNU tar manual, appendix "Sparse Formats"): which parts of a file are there; the others are zeros.

use std::io::{self, Read};

use super::{BLOCK, fill, header};
use crate::limits;

/// One part of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The map in a header of the old format or in a block behind it; `more` tells whether another block follows.
pub(super) fn old(map: &[u8], more: u8) -> (Vec<Piece>, bool) {
    let piece = |field: &[u8]| Some(Piece { offset: header::number(&field[..12])?, length: header::number(&field[12..])? });
    // An entry of zeros ends the list: empty fields are read as 0.
    let used = |piece: &Piece| piece.offset != 0 || piece.length != 0;
    (map.chunks_exact(24).map_while(piece).filter(used).collect(), more != 0)
}

/// The map at the beginning of the content (format 1.0), and how many bytes it fills: decimal numbers on lines, up to the end of a block.
pub(super) fn in_content(source: &mut dyn Read, most: u64) -> io::Result<(Vec<Piece>, u64)> {
    let (mut numbers, mut text, mut read) = (Vec::new(), Vec::new(), 0);
    let wanted = |numbers: &[u64]| numbers.first().map_or(1, |n| n.saturating_mul(2).saturating_add(1));
    while (numbers.len() as u64) < wanted(&numbers) && read < most && numbers.len() <= 2 * limits::SPARSE_PIECES {
        let mut block = [0; BLOCK];
        let got = fill(source, &mut block[..usize::try_from(most - read).map_or(BLOCK, |left| left.min(BLOCK))])?;
        if got == 0 {
            break;
        }
        read += got as u64;
        text.extend_from_slice(&block[..got]);
        let end = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
        for line in text[..end].split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            match str::from_utf8(line).ok().and_then(|l| l.parse().ok()) {
                Some(number) if (numbers.len() as u64) < wanted(&numbers) => numbers.push(number),
                // What fills the last block.
                _ => break,
            }
        }
        text.drain(..end);
        if text.len() > BLOCK {
            break;
        }
    }
    let pieces = numbers.get(1..).unwrap_or_default().chunks_exact(2).map(|p| Piece { offset: p[0], length: p[1] }).collect();
    Ok((pieces, read))
}

/// Whether the pieces ascend, fit into the file and have as many bytes as are stored, and the holes are not too large to be made.
pub(super) fn is_usable(pieces: &[Piece], size: u64, stored: u64) -> bool {
    let mut end = 0u64;
    let mut sum = 0u64;
    for piece in pieces {
        let Some(next) = piece.offset.checked_add(piece.length) else { return false };
        if piece.offset < end || next > size {
            return false;
        }
        (end, sum) = (next, sum.saturating_add(piece.length));
    }
    sum == stored && size.saturating_sub(stored) <= limits::HOLES && pieces.len() < limits::SPARSE_PIECES
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

    /// Whether a hole comes next, and how many bytes of it, or of what is there, are at most `most`; 0 at the end.
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
