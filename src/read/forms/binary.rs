//! Objects as they are, somewhere in a binary file: behind a header, between other data, in the memory of a program that was written out.

use std::ops::Range;

use memchr::memmem;

use crate::limits;
use crate::pki::der::{self, INTEGER, SEQUENCE};

/// Octets that text does not have, and how far into an element they stand at most: a SEQUENCE with a length of two or one octets; the version of
/// PKCS #8 (RFC 5958 section 2) and of SEC 1 keys (RFC 5915 section 3) behind a short length.
const HEADS: [(&[u8], usize); 4] = [(b"\x30\x82", 0), (b"\x30\x81", 0), (b"\x02\x01\x00\x30", 2), (b"\x02\x01\x01\x04", 2)];

/// Where an element may lie in `bytes[start..end]`, from `start` on. The caller says how far each one reached.
pub(crate) struct Elements<'a> {
    bytes: &'a [u8],
    end: usize,
    next: [Option<usize>; HEADS.len()],
    allowance: usize,
}

impl<'a> Elements<'a> {
    /// Looks in `range`.
    pub(crate) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        let mut elements =
            Self { bytes, end: range.end, next: [None; HEADS.len()], allowance: range.len().saturating_mul(4).saturating_add(1 << 20) };
        (0..HEADS.len()).for_each(|i| elements.next[i] = elements.search(i, range.start));
        elements
    }

    fn search(&self, head: usize, from: usize) -> Option<usize> {
        let (octets, before) = HEADS[head];
        let from = from.checked_add(before)?;
        Some(from + memmem::find(self.bytes.get(from..self.end)?, octets)? - before)
    }

    /// Goes on at `at`.
    pub(crate) fn skip_to(&mut self, at: usize) {
        for i in 0..HEADS.len() {
            if self.next[i].is_some_and(|n| n < at) {
                self.next[i] = self.search(i, at);
            }
        }
    }

    /// Whether everything was looked at; `false` only for bytes made to be slow.
    pub(crate) const fn is_complete(&self) -> bool {
        self.allowance > 0
    }
}

impl Iterator for Elements<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let at = self.next.iter().copied().flatten().min()?;
            self.skip_to(at + 1);
            let rest = &self.bytes[at..self.end];
            let Some((SEQUENCE, header, length)) = der::header(&rest[..rest.len().min(16)]) else { continue };
            let total = header.saturating_add(length);
            let inner = rest.get(header).copied();
            if total > rest.len().min(limits::OBJECT_SIZE) || total < 40 || !matches!(inner, Some(SEQUENCE | INTEGER)) || self.allowance == 0 {
                continue;
            }
            self.allowance = self.allowance.saturating_sub(total);
            return Some(at..at + total);
        }
    }
}
