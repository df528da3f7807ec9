//! The last bytes of a member that is too large to be held: a zip may have been put behind it.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::member::Stream;
use super::zip;

/// Keeps the last bytes of what is read: the end of a zip is there, if there is one.
pub(in crate::read) struct Tail<'s> {
    source: &'s mut dyn Stream,
    last: Zeroizing<Vec<u8>>,
    /// How many bytes came before those.
    before: u64,
}

impl<'s> Tail<'s> {
    /// Reads from `source`, which so many bytes were taken from before.
    pub(in crate::read) fn new(source: &'s mut dyn Stream, before: u64) -> Self {
        Self { source, last: Zeroizing::new(Vec::new()), before }
    }

    /// Whether the end of a zip was among the last bytes.
    pub(in crate::read) fn ends_like_zip(&self) -> bool {
        zip::ends_at(&self.last, self.before)
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.source.read(out)?;
        let new = &out[got.saturating_sub(zip::END)..got];
        if self.last.capacity() == 0 {
            self.last.reserve_exact(2 * zip::END);
        }
        let over = if self.last.len() + new.len() > 2 * zip::END {
            (self.last.len() + new.len() - zip::END).min(self.last.len())
        } else {
            0
        };
        self.last.copy_within(over.., 0);
        let kept = self.last.len() - over;
        self.last.truncate(kept);
        self.last.extend_from_slice(new);
        self.before += (over + got - new.len()) as u64;
        Ok(got)
    }
}
