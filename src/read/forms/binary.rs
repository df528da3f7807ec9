//! Objects as they are, somewhere in a binary file: behind a header, between other data, in the memory of a
//! program that was written out.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::haystack::{Haystack, Marker};
use crate::limits;
use crate::pki::der::{self, BIT_STRING, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, SET};

/// What an element has that text does not, and how far into it that stands at most.
const HEADS: [(&[u8], Marker, usize); 4] = [
    (b"\x30\x82", Marker::Long, 0),
    (b"\x30\x81", Marker::Middle, 0),
    (b"\x02\x01\x00\x30", Marker::Pkcs8, 2),
    (b"\x02\x01\x01\x04", Marker::Sec1, 2),
];

static FINDERS: LazyLock<[Finder<'static>; HEADS.len()]> =
    LazyLock::new(|| HEADS.map(|(octets, ..)| Finder::new(octets)));

/// Whether an element may begin anywhere in `bytes`.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let Some(last) = bytes.len().checked_sub(SMALLEST) else { return false };
    // Text has zeros and ones, but no such octets.
    let long = memchr::memchr2_iter(0x81, 0x82, &bytes[..=last]).any(|at| at > 0 && begins(&bytes[at - 1..]));
    let short = |at: usize| {
        matches!(bytes[at..], [_, 1, 0, SEQUENCE, ..] | [_, 1, 1, OCTET_STRING, ..])
            && at > 1
            && begins(&bytes[at - 2..])
    };
    long || memchr::memchr_iter(INTEGER, &bytes[..=last]).any(short)
}

/// Whether bytes begin like an object: a SEQUENCE whose first part is of a kind that objects begin with and
/// fits into it, with another part behind it or nothing. What is cut short may be one.
pub(super) fn begins(bytes: &[u8]) -> bool {
    if bytes.len() < HEAD {
        return bytes.first() == Some(&SEQUENCE);
    }
    let Some((tag, header, length)) = der::header(&bytes[..HEAD]) else { return bytes[..2] == INDEFINITE };
    let Some(inner) = bytes.get(header..).filter(|_| tag == SEQUENCE) else { return false };
    let Some((tag, header, within)) = der::header(&inner[..inner.len().min(HEAD)]) else {
        return inner.len() < HEAD || inner[..2] == INDEFINITE;
    };
    let first = header.saturating_add(within);
    let other = |tag: &u8| {
        matches!(*tag, SEQUENCE | SET | INTEGER | BIT_STRING | OCTET_STRING | NULL | OID | 0xa0..=0xa3)
    };
    matches!(tag, SEQUENCE | INTEGER | OID)
        && first <= length
        && (first == length || inner.get(first).is_none_or(other))
}

/// Elements below this many bytes hold nothing of interest.
const SMALLEST: usize = 40;

/// Identifier and length octets of an object, and of its first part, are no more.
const HEAD: usize = 16;

/// A SEQUENCE whose end is marked (X.690 section 8.1.3.6).
const INDEFINITE: [u8; 2] = [SEQUENCE, 0x80];

/// Where an element may lie in `bytes[start..end]`, from `start` on. The caller says how far each one
/// reached.
pub(crate) struct Elements<'h, 'a> {
    haystack: &'h Haystack<'a>,
    bytes: &'a [u8],
    end: usize,
    next: [Option<usize>; HEADS.len()],
    allowance: usize,
}

impl<'h, 'a> Elements<'h, 'a> {
    /// Looks in `range`.
    pub(crate) fn new(haystack: &'h Haystack<'a>, range: Range<usize>) -> Self {
        let mut elements = Self {
            haystack,
            bytes: haystack.bytes,
            end: range.end,
            next: [None; HEADS.len()],
            allowance: range.len().saturating_mul(4).saturating_add(1 << 20),
        };
        (0..HEADS.len()).for_each(|i| elements.next[i] = elements.search(i, range.start));
        elements
    }

    fn search(&self, head: usize, from: usize) -> Option<usize> {
        let (_, marker, before) = HEADS[head];
        let from = from.checked_add(before)?;
        Some(self.haystack.find(marker, from..self.end, &FINDERS[head])? - before)
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

impl Iterator for Elements<'_, '_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let at = self.next.iter().copied().flatten().min()?;
            self.skip_to(at + 1);
            let rest = &self.bytes[at..self.end];
            let Some((SEQUENCE, header, length)) = der::header(&rest[..rest.len().min(16)]) else { continue };
            let total = header.saturating_add(length);
            let inner = rest.get(header).copied();
            if total > rest.len().min(limits::OBJECT_SIZE)
                || total < SMALLEST
                || !matches!(inner, Some(SEQUENCE | INTEGER))
                || self.allowance == 0
            {
                continue;
            }
            self.allowance = self.allowance.saturating_sub(total);
            return Some(at..at + total);
        }
    }
}
