//! BER to DER, for the readers that know definite lengths only: lengths and the form of strings change, never
//! values or their order.

use zeroize::Zeroizing;

use super::ber::{CONSTRUCTED, END, Header, element};
use super::der::{BIT_STRING, OCTET_STRING};
use crate::limits;

/// Rewrites the first element with definite, minimal lengths and strings in one piece, as DER has them (X.690
/// clauses 10.1 and 10.2). Also gives how many bytes it took. `None` for what is cut short, malformed, too
/// deep or too large.
pub(crate) fn to_der(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (whole, _) = element(bytes)?;
    if whole.raw.len() > limits::OBJECT_SIZE {
        return None;
    }
    let mut measure = Measure::default();
    walk(whole.raw, &mut |event| measure.take(event))?;
    let mut write = Write {
        lengths: measure.lengths.iter(),
        out: Zeroizing::new(Vec::with_capacity(measure.total)),
        bits: Vec::new(),
    };
    walk(whole.raw, &mut |event| write.take(event))?;
    Some((std::mem::take(&mut *write.out), whole.raw.len()))
}

/// What [`walk`] meets.
enum Event<'a> {
    /// A constructed element begins.
    Open(&'a [u8]),
    /// A string in pieces begins; its tag, made primitive.
    Joined(u8),
    /// One piece of it.
    Piece(&'a [u8]),
    /// A primitive element: identifier and contents.
    Value(&'a [u8], &'a [u8]),
    /// What began last ends.
    Close,
}

/// A constructed element that is being walked.
struct Frame {
    /// Where it ends, if its length is definite.
    end: Option<usize>,
    /// Where the innermost definite element around it ends.
    limit: usize,
    /// The tag of the string that its pieces make up.
    joined: Option<u8>,
    /// It is itself a piece: it has no `Open` and no `Close`.
    piece: bool,
}

/// Shows one whole element to `visit`, from outside to inside and in order. `None` if it is malformed or
/// deeper than [`limits::BER_DEPTH`].
fn walk<'a>(bytes: &'a [u8], visit: &mut dyn FnMut(Event<'a>) -> Option<()>) -> Option<()> {
    let mut open: Vec<Frame> = Vec::new();
    let mut at = 0;
    loop {
        while let Some(frame) = open.last() {
            match frame.end {
                Some(end) if at == end => {}
                None if bytes.get(at..frame.limit)?.starts_with(&END) => at += END.len(),
                _ => break,
            }
            if !frame.piece {
                visit(Event::Close)?;
            }
            open.pop();
        }
        if at > 0 && open.is_empty() {
            return (at == bytes.len()).then_some(());
        }
        let limit = open.last().map_or(bytes.len(), |f| f.limit);
        let joined = open.last().and_then(|f| f.joined);
        let rest = bytes.get(at..limit)?;
        let header = Header::read(rest)?;
        let content = at.checked_add(header.size)?;
        let end = header.length.map(|length| content.checked_add(length).filter(|end| *end <= limit));
        if header.tag == 0 || end == Some(None) || open.len() >= limits::BER_DEPTH {
            return None;
        }
        let end = end.flatten();
        if joined.is_some_and(|tag| !is_piece(header.tag, tag)) {
            return None;
        }
        match end {
            Some(end) if header.tag & CONSTRUCTED == 0 => {
                let value = &bytes[content..end];
                visit(if joined.is_some() {
                    Event::Piece(value)
                } else {
                    Event::Value(&rest[..header.identifier], value)
                })?;
                at = end;
            }
            _ => {
                let starts = string_in_pieces(header.tag);
                match (joined, starts) {
                    (Some(_), _) => {}
                    (None, Some(tag)) => visit(Event::Joined(tag))?,
                    (None, None) => visit(Event::Open(&rest[..header.identifier]))?,
                }
                open.push(Frame {
                    end,
                    limit: end.unwrap_or(limit),
                    joined: joined.or(starts),
                    piece: joined.is_some(),
                });
                at = content;
            }
        }
    }
}

/// The primitive tag of a string type that lies there in pieces (X.690 clauses 8.6.4, 8.7.3 and 8.23.6).
const fn string_in_pieces(tag: u8) -> Option<u8> {
    match tag ^ CONSTRUCTED {
        primitive @ (0x03 | 0x04 | 0x0c | 0x12..=0x16 | 0x19..=0x1c | 0x1e) => Some(primitive),
        _ => None,
    }
}

/// Whether an element may be a piece of a string of type `string`: BIT STRINGs consist of their own kind, all
/// others of OCTET STRINGs.
const fn is_piece(tag: u8, string: u8) -> bool {
    let primitive = tag & !CONSTRUCTED;
    primitive == string || primitive == OCTET_STRING && string != BIT_STRING
}

/// First pass: the DER length of the contents of everything constructed, in the order in which they begin.
#[derive(Default)]
struct Measure {
    /// Inputs are below 4 GiB ([`limits::OBJECT_SIZE`]) and lengths grow by a few octets for each 64 KiB at
    /// most.
    lengths: Vec<u32>,
    /// Which of them are open, with the size of their identifiers and whether they are BIT STRINGs.
    open: Vec<(usize, usize, bool)>,
    total: usize,
}

impl Measure {
    fn take(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Open(identifier) => self.begin(identifier.len(), 0, false),
            // A BIT STRING has its octet of unused bits even if no piece follows.
            Event::Joined(tag) => self.begin(1, u32::from(tag == BIT_STRING), tag == BIT_STRING),
            Event::Piece(content) => {
                let bits = self.open.last()?.2;
                self.add(content.len().checked_sub(usize::from(bits))?)
            }
            Event::Value(identifier, content) => {
                self.add(identifier.len() + length_size(content.len()) + content.len())
            }
            Event::Close => {
                let (index, identifier, _) = self.open.pop()?;
                let length = self.lengths[index] as usize;
                self.add(identifier + length_size(length) + length)
            }
        }
    }

    fn begin(&mut self, identifier: usize, length: u32, bits: bool) -> Option<()> {
        self.open.push((self.lengths.len(), identifier, bits));
        self.lengths.push(length);
        Some(())
    }

    fn add(&mut self, octets: usize) -> Option<()> {
        match self.open.last() {
            Some((index, ..)) => {
                let length = &mut self.lengths[*index];
                *length = length.checked_add(u32::try_from(octets).ok()?)?;
            }
            None => self.total = octets,
        }
        Some(())
    }
}

/// Second pass: writes, with the lengths of the first.
struct Write<'m> {
    lengths: std::slice::Iter<'m, u32>,
    /// May be a private key, also when writing ends half-way.
    out: Zeroizing<Vec<u8>>,
    /// For everything open: where the octet of unused bits stands, if it is a BIT STRING.
    bits: Vec<Option<usize>>,
}

impl Write<'_> {
    fn take(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Open(identifier) => {
                self.begin(identifier)?;
                self.bits.push(None);
            }
            Event::Joined(tag) => {
                self.begin(&[tag])?;
                self.bits.push((tag == BIT_STRING).then_some(self.out.len()));
                if tag == BIT_STRING {
                    self.out.push(0);
                }
            }
            Event::Piece(content) => match self.bits.last()? {
                None => self.out.extend_from_slice(content),
                Some(unused) => {
                    let (first, bits) = content.split_first()?;
                    // X.690 clause 8.6.4.1: only the last piece may have unused bits.
                    if self.out[*unused] != 0 {
                        return None;
                    }
                    self.out[*unused] = *first;
                    self.out.extend_from_slice(bits);
                }
            },
            Event::Value(identifier, content) => {
                self.out.extend_from_slice(identifier);
                push_length(&mut self.out, content.len());
                self.out.extend_from_slice(content);
            }
            Event::Close => {
                self.bits.pop();
            }
        }
        Some(())
    }

    fn begin(&mut self, identifier: &[u8]) -> Option<()> {
        let length = *self.lengths.next()? as usize;
        self.out.extend_from_slice(identifier);
        push_length(&mut self.out, length);
        Some(())
    }
}

/// How many octets a DER length takes.
const fn length_size(length: usize) -> usize {
    if length < 0x80 { 1 } else { 1 + (usize::BITS - length.leading_zeros()).div_ceil(8) as usize }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets = length_size(length) - 1;
        out.push(0x80 | octets as u8);
        out.extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - octets..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pki::der;

    fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
        to_der(bytes).map(|(der, _)| der)
    }

    #[test]
    fn indefinite_lengths_become_definite() {
        let ber = [0x30, 0x80, 0x02, 0x01, 0x07, 0xa0, 0x80, 0x05, 0x00, 0, 0, 0, 0, 0xff];
        assert_eq!(to_der(&ber), Some((vec![0x30, 0x07, 0x02, 0x01, 0x07, 0xa0, 0x02, 0x05, 0x00], 13)));
        assert_eq!(element(&ber).map(|(t, rest)| (t.content.len(), rest)), Some((9, &[0xff][..])));
    }

    #[test]
    fn lengths_become_minimal() {
        assert_eq!(rewritten(&[0x30, 0x83, 0, 0, 4, 0x04, 0x82, 0, 0]), Some(vec![0x30, 0x02, 0x04, 0x00]));
        assert_eq!(
            rewritten(&[0xbf, 0x81, 0x01, 0x80, 0x05, 0x00, 0, 0]),
            Some(vec![0xbf, 0x81, 0x01, 0x02, 0x05, 0x00])
        );
    }

    #[test]
    fn strings_in_pieces_are_joined() {
        assert_eq!(
            rewritten(&[0x24, 0x80, 4, 1, b'a', 0x24, 4, 4, 2, b'b', b'c', 4, 0, 0, 0]),
            Some(vec![4, 3, b'a', b'b', b'c'])
        );
        assert_eq!(rewritten(&[0x2c, 0x80, 4, 1, b'a', 0, 0]), Some(vec![0x0c, 1, b'a']));
        assert_eq!(
            rewritten(&[0x23, 0x80, 3, 2, 0, 0xaa, 3, 2, 4, 0xb0, 0, 0]),
            Some(vec![3, 3, 4, 0xaa, 0xb0])
        );
        assert_eq!(rewritten(&[0x23, 0x80, 0, 0]), Some(vec![3, 1, 0]));
        for bad in [
            &[0x24, 0x80, 2, 1, 1, 0, 0][..],
            &[0x23, 0x80, 3, 2, 4, 0xa0, 3, 2, 0, 0xbb, 0, 0],
            &[0x23, 0x80, 3, 0, 0, 0],
        ] {
            assert_eq!(to_der(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn malformed_input_is_refused() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 0],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0x03, 0x30, 0x80, 0, 0, 0],
            &[0x30, 0x02, 0x30, 0x80, 0, 0],
            &[0x30, 0x02, 0, 0],
            &[0x30, 0x03, 0x04, 0x05, 0],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
            &[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0],
        ] {
            assert_eq!(to_der(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_levels_end_at_once() {
        let levels = 100_000;
        let mut nested = [0x30, 0x80].repeat(levels);
        assert_eq!(to_der(&nested), None);
        nested.extend(END.repeat(levels));
        assert_eq!(to_der(&nested), None);
        assert_eq!(element(&nested).map(|(t, rest)| (t.raw.len(), rest.len())), Some((4 * levels, 0)));
        let within =
            [[0x30, 0x80].repeat(limits::BER_DEPTH - 1), vec![5, 0], END.repeat(limits::BER_DEPTH - 1)]
                .concat();
        assert!(to_der(&within).is_some());
    }

    /// A tree of elements, in BER with the forms that `forms` choose, and in DER.
    fn encode(tree: &Tree, forms: &mut impl Iterator<Item = u8>, ber: &mut Vec<u8>) -> Vec<u8> {
        let form = forms.next().unwrap_or(0);
        let (tag, inner, der) = match tree {
            Tree::Leaf(content) if form % 4 == 3 => {
                let middle = content.len() / 2;
                let pieces =
                    [der::tlv(OCTET_STRING, &content[..middle]), der::tlv(OCTET_STRING, &content[middle..])]
                        .concat();
                (0x24, pieces, der::tlv(OCTET_STRING, content))
            }
            Tree::Leaf(content) => {
                ber.extend(der::tlv(OCTET_STRING, content));
                return der::tlv(OCTET_STRING, content);
            }
            Tree::Node(children) => {
                let mut inner = Vec::new();
                let content: Vec<u8> =
                    children.iter().flat_map(|child| encode(child, forms, &mut inner)).collect();
                (der::SEQUENCE, inner, der::tlv(der::SEQUENCE, &content))
            }
        };
        match form % 3 {
            0 => ber.extend(der::tlv(tag, &inner)),
            1 => ber.extend([&[tag, 0x80][..], &inner, &END].concat()),
            _ => {
                ber.extend([tag, 0x84]);
                ber.extend((inner.len() as u32).to_be_bytes());
                ber.extend(inner);
            }
        }
        der
    }

    #[derive(Debug, Clone)]
    enum Tree {
        Leaf(Vec<u8>),
        Node(Vec<Self>),
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let leaf = proptest::collection::vec(any::<u8>(), 0..200).prop_map(Tree::Leaf);
        leaf.prop_recursive(6, 40, 5, |inner| proptest::collection::vec(inner, 0..5).prop_map(Tree::Node))
    }

    proptest! {
        #[test]
        fn every_form_comes_back_as_the_same_der(tree in trees(), forms in proptest::collection::vec(any::<u8>(), 64)) {
            let mut ber = Vec::new();
            let der = encode(&tree, &mut forms.into_iter(), &mut ber);
            let length = ber.len();
            ber.push(0x55);
            prop_assert_eq!(to_der(&ber), Some((der.clone(), length)));
            prop_assert_eq!(to_der(&der), Some((der.clone(), der.len())));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(prop_oneof![Just(0u8), Just(0x30), Just(0x80), Just(0x24), Just(4), Just(3), any::<u8>()], 0..200)) {
            if let Some((der, used)) = to_der(&bytes) {
                // A BIT STRING in no parts, two octets, becomes one that says how many bits are unused, three
                // octets.
                prop_assert!(used <= bytes.len() && der.len() <= 2 * used);
                prop_assert_eq!(to_der(&der), Some((der.clone(), der.len())));
            }
        }
    }
}
