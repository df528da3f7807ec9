//! The subject: every attribute with a value that is text and no longer than RFC 5280 allows, in DER.

use super::text::A_LABEL;
use crate::oid;
use crate::pki::der::{self, OID, Reader, SEQUENCE, SET, Tlv};
use crate::pki::name;
use crate::rekey::change::{Action, Change};
use crate::rekey::subject::{Attribute, attribute, is_short_oid};

/// What a value of an attribute is, by RFC 5280 appendix A.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `DirectoryString`.
    Directory,
    /// `IA5String`.
    Ia5,
    /// `PrintableString`.
    Printable,
    /// An attribute that RFC 5280 does not know: any string.
    Other,
}

/// Attributes with the kind of their value and how many characters it has at most.
const KNOWN: &[(&[u8], Kind, usize)] = &[
    (oid::COMMON_NAME, Kind::Directory, 64),
    (oid::SURNAME, Kind::Directory, 32_768),
    (oid::SERIAL_NUMBER, Kind::Printable, 64),
    (oid::COUNTRY, Kind::Printable, 2),
    (oid::LOCALITY, Kind::Directory, 128),
    (oid::STATE, Kind::Directory, 128),
    (oid::ORGANIZATION, Kind::Directory, 64),
    (oid::ORGANIZATIONAL_UNIT, Kind::Directory, 64),
    (oid::TITLE, Kind::Directory, 64),
    (oid::NAME, Kind::Directory, 32_768),
    (oid::GIVEN_NAME, Kind::Directory, 32_768),
    (oid::INITIALS, Kind::Directory, 32_768),
    (oid::GENERATION_QUALIFIER, Kind::Directory, 32_768),
    (oid::DN_QUALIFIER, Kind::Printable, usize::MAX),
    (oid::PSEUDONYM, Kind::Directory, 128),
    (oid::DOMAIN_COMPONENT, Kind::Ia5, usize::MAX),
    (oid::EMAIL_ADDRESS, Kind::Ia5, 255),
];

const UTF8: u8 = 0x0c;
const NUMERIC: u8 = 0x12;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const IA5: u8 = 0x16;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;

/// A subject, and what became of its attributes.
#[derive(Debug)]
pub(crate) struct Written {
    /// The content of the `Name`.
    pub(crate) subject: Vec<u8>,
    /// Attributes that are left out or written otherwise.
    pub(crate) changes: Vec<Change>,
}

/// The subject as it is written. An RDN whose attributes all stay is the same bytes where it is DER. `host`:
/// the common name that is asked for in the place of another, where it is a host name in letters beyond
/// ASCII.
pub(crate) fn written(subject: &[u8], host: &dyn Fn(&str) -> Option<String>) -> Written {
    let mut out = Written { subject: Vec::with_capacity(subject.len()), changes: Vec::new() };
    let mut rdns = Reader::new(subject);
    while let Some(set) = rdns.any() {
        let mut pairs: Vec<Vec<u8>> = Vec::new();
        let mut inner = set.reader();
        while let Some(pair) = inner.any().filter(|_| set.tag == SET) {
            let Some(found) = attribute(pair) else {
                out.left_out("an attribute", "it could not be read");
                continue;
            };
            pairs.extend(out.attribute(found, host));
        }
        if set.tag != SET || !inner.is_empty() {
            out.left_out("a part", "it could not be read");
        }
        // A SET OF is in the order of its encodings (X.690 section 11.6), and parsers take no attribute
        // twice.
        pairs.sort();
        pairs.dedup();
        if !pairs.is_empty() {
            out.subject.extend(der::tlv(SET, &pairs.concat()));
        }
    }
    if !rdns.is_empty() {
        out.left_out("the rest", "it could not be read");
    }
    out
}

impl Written {
    fn left_out(&mut self, what: &str, reason: &str) {
        self.changes.push(Change::new(&format!("subject {what}"), Action::Dropped, reason));
    }

    /// The `AttributeTypeAndValue`, if it stays.
    fn attribute(&mut self, found: Attribute<'_>, host: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
        let whole = |tag: u8, content: &[u8]| {
            der::tlv(SEQUENCE, &[der::tlv(OID, found.kind), der::tlv(tag, content)].concat())
        };
        let shown = || found.shown();
        if !is_readable_type(found.kind) {
            self.left_out(&shown(), "parsers do not read its type");
            return None;
        }
        let value = found.value;
        if value.tag == der::BIT_STRING && found.kind == oid::UNIQUE_IDENTIFIER && is_bit_string(value) {
            return Some(whole(value.tag, value.content));
        }
        let Some(text) = name::decode(value).or_else(|| general_string(value)) else {
            self.left_out(
                &shown(),
                "its value is not text, and most programs do not read it (RFC 5280 section 4.1.2.4)",
            );
            return None;
        };
        let instead = (found.kind == oid::COMMON_NAME).then(|| host(&text)).flatten();
        let reason = if instead.is_some() {
            A_LABEL
        } else {
            "written as the kind of string that RFC 5280 asks for (section 4.1.2.4, appendix A.1)"
        };
        let changed = instead.is_some();
        let text = instead.unwrap_or(text);
        let (kind, longest) = KNOWN
            .iter()
            .find(|(oid, ..)| *oid == found.kind)
            .map_or((Kind::Other, usize::MAX), |(_, kind, longest)| (*kind, *longest));
        let characters = text.chars().count();
        if let Some(why) = too_long(found.kind, characters, longest) {
            self.left_out(&shown(), &why);
            return None;
        }
        if !changed && stays(value, kind) {
            return Some(whole(value.tag, value.content));
        }
        let tag = match kind {
            Kind::Directory | Kind::Other => UTF8,
            Kind::Ia5 if text.is_ascii() => IA5,
            Kind::Printable if is_printable(text.as_bytes()) => PRINTABLE,
            Kind::Ia5 | Kind::Printable => {
                self.left_out(
                    &shown(),
                    "it has characters that its kind of string does not have (RFC 5280 appendix A.1)",
                );
                return None;
            }
        };
        self.changes.push(Change::new(&format!("subject {}", shown()), Action::Changed, reason));
        Some(whole(tag, text.as_bytes()))
    }
}

/// A type that Go's and other parsers take: numbers below 2^31.
fn is_readable_type(kind: &[u8]) -> bool {
    let arcs = kind.split_inclusive(|octet| octet & 0x80 == 0);
    let small = |arc: &[u8]| arc.len() < 5 || arc.len() == 5 && arc[0] & 0x7f < 8;
    is_short_oid(kind) && arcs.into_iter().all(small)
}

fn too_long(kind: &[u8], characters: usize, longest: usize) -> Option<String> {
    match characters {
        0 => Some("it is empty (RFC 5280 appendix A.1)".to_owned()),
        n if n > longest => {
            Some(format!("it has {n} characters, and {longest} are the most (RFC 5280 appendix A.1)"))
        }
        // Two characters, not up to two.
        1 if kind == oid::COUNTRY => Some("a country has two letters (RFC 5280 appendix A.1)".to_owned()),
        _ => None,
    }
}

/// Whether a value is of a type that its attribute may have and that holds what its type allows.
fn stays(value: Tlv<'_>, kind: Kind) -> bool {
    let bytes = value.content;
    let good = match value.tag {
        UTF8 => std::str::from_utf8(bytes).is_ok(),
        PRINTABLE => is_printable(bytes),
        // Parsers differ about what is not ASCII in it.
        TELETEX | IA5 => bytes.is_ascii(),
        NUMERIC => bytes.iter().all(|b| b.is_ascii_digit() || *b == b' '),
        // It has no surrogates (X.680 section 41.15).
        BMP => !bytes.iter().step_by(2).any(|high| matches!(high, 0xd8..=0xdf)),
        UNIVERSAL => true,
        _ => false,
    };
    let fits = match kind {
        Kind::Directory => matches!(value.tag, UTF8 | PRINTABLE | TELETEX | BMP | UNIVERSAL),
        Kind::Ia5 => value.tag == IA5,
        Kind::Printable => value.tag == PRINTABLE,
        Kind::Other => true,
    };
    good && fits
}

/// `PrintableString`, X.680 section 41.4.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(b))
}

/// `GeneralString`, in practice ASCII.
fn general_string(value: Tlv<'_>) -> Option<String> {
    (value.tag == 0x1b && value.content.is_ascii())
        .then(|| String::from_utf8_lossy(value.content).into_owned())
}

fn is_bit_string(value: Tlv<'_>) -> bool {
    let Some((unused, bits)) = value.content.split_first() else { return false };
    match bits.last() {
        Some(last) => *unused <= 7 && last.trailing_zeros() >= u32::from(*unused),
        None => *unused == 0,
    }
}
