//! Standard input, read once into memory that is wiped.

use std::fmt;
use std::io::{self, Read};

use zeroize::Zeroizing;

/// What came over standard input. It may hold keys: wiped when dropped, not printable.
pub struct StdinBytes(Option<crate::secret::Secret>);

impl StdinBytes {
    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Some(crate::secret::Secret::new(bytes)))
    }

    /// The bytes, or `None` if there are more than [`STDIN`](crate::limits::STDIN).
    pub(crate) fn expose(&self) -> Option<&[u8]> {
        self.0.as_ref().map(crate::secret::Secret::expose)
    }

    /// Reads to the end, or until there are more than `most` bytes. Nothing here grows in place, so no copy
    /// stays behind that is not wiped.
    pub(super) fn read(mut input: impl Read, most: u64) -> io::Result<Self> {
        let mut chunks: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut total = 0;
        loop {
            let size = (FIRST_CHUNK << chunks.len().min(10)) as u64;
            let mut chunk = Zeroizing::new(room(size)?);
            let got = input.by_ref().take(size).read_to_end(&mut chunk)? as u64;
            total += got;
            if total > most {
                return Ok(Self(None));
            }
            chunks.push(chunk);
            if got < size {
                break;
            }
        }
        let mut bytes = Zeroizing::new(room(total)?);
        // Each chunk is wiped as soon as it is copied.
        chunks.into_iter().for_each(|chunk| bytes.extend_from_slice(&chunk));
        Ok(Self::new(std::mem::take(&mut *bytes)))
    }
}

/// The first chunk of standard input in bytes; each that follows is twice as large, up to 64 MiB.
const FIRST_CHUNK: usize = 64 << 10;

/// Room for so many bytes, or an error where there is no memory.
fn room(size: u64) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    buffer.try_reserve_exact(size).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    Ok(buffer)
}

impl fmt::Debug for StdinBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StdinBytes({:?} bytes)", self.expose().map(<[u8]>::len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_read_whole_or_not_at_all() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * FIRST_CHUNK + 7).collect();
        for size in [0, 1, FIRST_CHUNK - 1, FIRST_CHUNK, FIRST_CHUNK + 1, 3 * FIRST_CHUNK, bytes.len()] {
            let read = |most: u64| StdinBytes::read(&bytes[..size], most).expect("memory is there");
            assert_eq!(read(size as u64).expose(), Some(&bytes[..size]));
            assert!(size == 0 || read(size as u64 - 1).expose().is_none());
        }
        assert!(
            StdinBytes::read(io::repeat(0), 1 << 20).expect("memory is there").expose().is_none(),
            "what has no end is not read for ever"
        );
    }
}
