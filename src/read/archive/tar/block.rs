//! The blocks that a tar is made of.

use std::io::{self, Read};

/// Everything in a tar lies in blocks of this size.
pub(super) const BLOCK: usize = 512;

/// Reads until the room is filled or there is no more.
pub(super) fn fill(source: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match source.read(&mut out[filled..])? {
            0 => break,
            got => filled += got,
        }
    }
    Ok(filled)
}
