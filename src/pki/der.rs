//! A tolerant reader of tag, length and value (ITU-T X.690): what strict parsers refuse still has to be
//! inventoried.
//!
//! It accepts non-minimal lengths (BER) and says so; indefinite lengths only through [`super::ber`].

/// `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(crate) const SET: u8 = 0x31;
/// `BOOLEAN`.
pub(crate) const BOOLEAN: u8 = 0x01;
/// `INTEGER`.
pub(crate) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(crate) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// `NULL`.
pub(crate) const NULL: u8 = 0x05;
/// `OBJECT IDENTIFIER`.
pub(crate) const OID: u8 = 0x06;
/// `UTCTime`.
pub(crate) const UTC_TIME: u8 = 0x17;
/// `GeneralizedTime`.
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// The tag octet of context-specific tag `number`, constructed.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    /// The identifier octet (tags above 30 are not used by anything read here).
    pub(crate) tag: u8,
    /// The value.
    pub(crate) content: &'a [u8],
    /// Identifier, length and value.
    pub(crate) raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Reads the elements inside.
    pub(crate) const fn reader(self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is. `None` leaves the reader where it was.
    pub(crate) fn any(&mut self) -> Option<Tlv<'a>> {
        let (tag, header, length) = header(self.rest)?;
        let end = header.checked_add(length)?;
        let raw = self.rest.get(..end)?;
        self.rest = &self.rest[end..];
        Some(Tlv { tag, content: &raw[header..], raw })
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub(crate) fn tagged(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.peek()? == tag { self.any() } else { None }
    }

    /// The elements inside the next SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Option<Self> {
        self.tagged(SEQUENCE).map(Tlv::reader)
    }

    /// The content of the next OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Option<&'a [u8]> {
        self.tagged(OID).map(|t| t.content)
    }

    /// The content octets of the next INTEGER.
    pub(crate) fn integer(&mut self) -> Option<&'a [u8]> {
        self.tagged(INTEGER).map(|t| t.content)
    }

    /// The magnitude of the next INTEGER, leading zero octets stripped; `None` if negative.
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let content = self.integer()?;
        if content.first().is_some_and(|b| b & 0x80 != 0) {
            return None;
        }
        Some(strip_zeros(content))
    }

    /// The next INTEGER as a small number.
    pub(crate) fn small(&mut self) -> Option<u32> {
        let bytes = self.unsigned()?;
        (bytes.len() <= 4).then(|| bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
    }

    /// The octets of the next BIT STRING that has no unused bits.
    pub(crate) fn bit_string(&mut self) -> Option<&'a [u8]> {
        let (unused, bits) = self.tagged(BIT_STRING)?.content.split_first()?;
        (*unused == 0).then_some(bits)
    }

    /// The content of the next OCTET STRING.
    pub(crate) fn octet_string(&mut self) -> Option<&'a [u8]> {
        self.tagged(OCTET_STRING).map(|t| t.content)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        self.any()
    }
}

/// Identifier octet, length of identifier and length octets, length of the value. `None` for what is cut
/// short, indefinite or has a long tag.
pub(crate) fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    let octets = rest.get(..count)?;
    let significant = strip_zeros(octets);
    if count == 0 || significant.len() > size_of::<usize>() {
        return None;
    }
    let length = significant.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    Some((tag, 2 + count, length))
}

/// The first element and what follows it.
pub(crate) fn first(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let mut reader = Reader::new(bytes);
    let tlv = reader.any()?;
    Some((tlv, reader.rest()))
}

/// Drops leading zero octets.
pub(crate) fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    &bytes[zeros..]
}

/// The number of significant bits of a big-endian number.
pub(crate) fn bit_length(bytes: &[u8]) -> u32 {
    let bytes = strip_zeros(bytes);
    bytes.first().map_or(0, |top| (bytes.len() as u32).saturating_mul(8) - top.leading_zeros())
}

/// Writes one element in DER.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let significant = strip_zeros(&bytes);
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

/// Writes an unsigned INTEGER.
pub(crate) fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let digits = strip_zeros(magnitude);
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|b| b & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    tlv(INTEGER, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_every_form() {
        assert_eq!(
            first(&[0x04, 0x01, 0xaa, 0xbb]).map(|(t, rest)| (t.content, rest)),
            Some((&[0xaa][..], &[0xbb][..]))
        );
        assert_eq!(first(&[0x04, 0x82, 0x00, 0x01, 0xaa]).map(|(t, _)| t.content), Some(&[0xaa][..]));
        for bad in [
            &[0x04][..],
            &[0x04, 0x02, 0xaa],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x1f, 0x01, 0xaa],
            &[0x04, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ] {
            assert_eq!(first(bad), None, "{bad:?}");
        }
        assert_eq!(first(&[0x04, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let bytes = tlv(OCTET_STRING, &content);
            assert_eq!(first(&bytes).map(|(t, rest)| (t.content.to_vec(), rest.len())), Some((content, 0)));
        }
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
    }
}
