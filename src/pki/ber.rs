//! BER (ITU-T X.690 clause 8) where DER was expected: finding the ends of elements.
//!
//! [`Reader`] walks indefinite lengths as they lie, so that what is inside a container keeps the bytes it was
//! signed over.

use super::der::{OID, Tlv};

/// The bit of an identifier octet that tells constructed from primitive (X.690 clause 8.1.2.5).
pub(super) const CONSTRUCTED: u8 = 0x20;
/// An identifier whose low bits are all set goes on in further octets (X.690 clause 8.1.2.4).
const LONG_TAG: u8 = 0x1f;
/// End-of-contents octets (X.690 clause 8.1.5).
pub(super) const END: [u8; 2] = [0, 0];

/// Identifier and length octets.
pub(super) struct Header {
    /// The first identifier octet.
    pub(super) tag: u8,
    /// How many identifier octets there are.
    pub(super) identifier: usize,
    /// How many octets identifier and length have together.
    pub(super) size: usize,
    /// Of the contents; `None` is indefinite.
    pub(super) length: Option<usize>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let tag = *bytes.first()?;
        let identifier = if tag & LONG_TAG == LONG_TAG {
            // Tag numbers beyond 2^28 are not in use; four more octets hold them.
            2 + bytes.get(1..)?.iter().take(4).position(|b| b & 0x80 == 0)?
        } else {
            1
        };
        let first = *bytes.get(identifier)?;
        let size = identifier + 1;
        match first {
            0..0x80 => Some(Self { tag, identifier, size, length: Some(usize::from(first)) }),
            // X.690 clause 8.1.3.2: the indefinite form is for constructed encodings only.
            0x80 => (tag & CONSTRUCTED != 0).then_some(Self { tag, identifier, size, length: None }),
            _ => {
                let octets = bytes.get(size..size + usize::from(first & 0x7f))?;
                let significant = super::der::strip_zeros(octets);
                if significant.len() > size_of::<usize>() {
                    return None;
                }
                let length = significant.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
                Some(Self { tag, identifier, size: size + octets.len(), length: Some(length) })
            }
        }
    }
}

/// The first element, and what follows it; lengths may be indefinite. The tag is its first identifier octet.
pub(crate) fn element(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let header = Header::read(bytes)?;
    let (content_end, end) = match header.length {
        Some(length) => header.size.checked_add(length).map(|end| (end, end))?,
        None => end_of_contents(bytes, header.size).map(|end| (end - END.len(), end))?,
    };
    let raw = bytes.get(..end)?;
    Some((Tlv { tag: header.tag, content: &raw[header.size..content_end], raw }, &bytes[end..]))
}

/// The first element even if its end is missing: then what there is of it, and `true`.
pub(crate) fn element_or_start(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8], bool)> {
    if let Some((tlv, rest)) = element(bytes) {
        return Some((tlv, rest, false));
    }
    let header = Header::read(bytes)?;
    Some((Tlv { tag: header.tag, content: bytes.get(header.size..)?, raw: bytes }, &[], true))
}

/// Where an indefinite element ends whose contents begin at `at`. Levels are counted, not entered, so depth
/// costs nothing.
fn end_of_contents(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 1usize;
    loop {
        let rest = bytes.get(at..)?;
        if rest.starts_with(&END) {
            at += END.len();
            open -= 1;
            if open == 0 {
                return Some(at);
            }
            continue;
        }
        let header = Header::read(rest)?;
        at = at.checked_add(header.size)?;
        match header.length {
            Some(length) => at = at.checked_add(length)?,
            None => open += 1,
        }
    }
}

/// Reads elements one after another, indefinite ones too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    cut: bool,
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, cut: false }
    }

    /// Whether bytes are left that are no element, or the last element came without its end.
    pub(crate) const fn is_broken(&self) -> bool {
        self.cut || !self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub(crate) fn tagged(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.peek()? == tag { self.next() } else { None }
    }

    /// As [`Self::tagged`], but gives the start of an element whose end is missing.
    pub(crate) fn tagged_or_start(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.peek()? != tag {
            return None;
        }
        let (tlv, rest, cut) = element_or_start(self.rest)?;
        self.rest = rest;
        self.cut |= cut;
        Some(tlv)
    }

    /// The content of the next OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Option<&'a [u8]> {
        self.tagged(OID).map(|t| t.content)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let (tlv, rest) = element(self.rest)?;
        self.rest = rest;
        Some(tlv)
    }
}
