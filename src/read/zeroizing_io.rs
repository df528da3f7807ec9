//! Reading into a buffer that may hold key material: when it has to grow, the old one is wiped before it is
//! given back.

use std::io::{self, Read};

use zeroize::Zeroize;

/// Room that a buffer has at least.
const LEAST: usize = 64 << 10;

/// Appends everything up to the end of `source`; the number of bytes read.
///
/// # Errors
/// What reading gives; what was read before stays in the buffer.
pub(super) fn read_to_end(source: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let before = buffer.len();
    loop {
        reserve(buffer, 1);
        let room = buffer.capacity() - buffer.len();
        // Never more than fits, so it does not grow by itself.
        if source.by_ref().take(room as u64).read_to_end(buffer)? < room {
            return Ok(buffer.len() - before);
        }
    }
}

/// Appends until the buffer holds `most` bytes; `true` if it ended before.
///
/// # Errors
/// What reading gives; what was read before stays in the buffer.
pub(super) fn read_up_to(
    source: &mut (impl Read + ?Sized),
    buffer: &mut Vec<u8>,
    most: usize,
) -> io::Result<bool> {
    let want = most.saturating_sub(buffer.len()) as u64;
    Ok((read_to_end(&mut Read::take(&mut *source, want), buffer)? as u64) < want)
}

/// Makes room for so many bytes more, at least doubling, without leaving a copy of the old ones behind.
pub(super) fn reserve(buffer: &mut Vec<u8>, more: usize) {
    let wanted = buffer.len().saturating_add(more);
    if wanted <= buffer.capacity() {
        return;
    }
    let doubled = if buffer.is_empty() { wanted } else { wanted.max(buffer.capacity().saturating_mul(2)) };
    let mut larger = Vec::with_capacity(doubled.max(LEAST));
    larger.extend_from_slice(buffer);
    std::mem::swap(buffer, &mut larger);
    larger.zeroize();
}

/// Appends to the buffer until it holds `window` bytes. `true` at the end of the file.
pub(in crate::read) fn read_more(
    file: &mut dyn Read,
    buffer: &mut Vec<u8>,
    window: usize,
) -> io::Result<bool> {
    let want = window.saturating_sub(buffer.len());
    reserve(buffer, want.saturating_add(1));
    let got = read_to_end(&mut file.take(want as u64), buffer)?;
    Ok(got < want)
}

/// Overwrites what was written to a buffer that is used again: its first `used` bytes, also those behind its
/// end, where decoding in place leaves text. A plain fill is as fast as memory and cannot be optimised away,
/// since the buffer lives on. Room that only a large file needed is given back.
pub(in crate::read) fn wipe(buffer: &mut Vec<u8>, used: usize) {
    buffer.fill(0);
    buffer.resize(used.clamp(buffer.len(), buffer.capacity()), 0);
    std::hint::black_box(buffer.as_slice());
    buffer.clear();
    buffer.shrink_to(KEPT);
}

/// Room that a buffer keeps after it was wiped.
pub(in crate::read) const KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, as a pipe does.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = out.len().min(self.0.len()).min(1000);
            let (now, later) = self.0.split_at(count);
            out[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    #[test]
    fn everything_is_read_whatever_the_room() {
        for size in [0, 1, 999, LEAST - 1, LEAST, LEAST + 1, 2 * LEAST, 300_000] {
            let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            for room in [0, 1, size, size + 1] {
                let mut buffer = Vec::with_capacity(room + 1);
                buffer.push(7);
                assert_eq!(read_to_end(&mut Drops(&bytes), &mut buffer).expect("it reads"), size);
                assert_eq!((buffer[0], &buffer[1..]), (7, bytes.as_slice()));
            }
        }
    }
}
