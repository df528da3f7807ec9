//! The subject of a request taken apart, so that single attributes can go; what stays, stays byte by byte.

use std::borrow::Cow;

use crate::oid;
use crate::pki::der::{self, OID, Reader, SEQUENCE, SET, Tlv};
use crate::pki::name;

/// One attribute: its type and its value, both as found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: &'a [u8],
    pub(crate) value: Tlv<'a>,
}

impl Attribute<'_> {
    /// Its value as text, where it is text.
    pub(crate) fn text(self) -> Option<String> {
        name::decode(self.value)
    }

    /// For people: `OU=Sales`.
    pub(crate) fn shown(self) -> String {
        let set =
            der::tlv(SET, &der::tlv(SEQUENCE, &[der::tlv(OID, self.kind), self.value.raw.to_vec()].concat()));
        name::read(&der::tlv(SEQUENCE, &set)).text.to_string()
    }
}

/// The attributes of a subject, in the order of the encoding. `None` if it cannot be read to its end.
pub(crate) fn attributes(subject: &[u8]) -> Option<Vec<Attribute<'_>>> {
    let mut out = Vec::new();
    let mut rdns = Reader::new(subject);
    while let Some(set) = rdns.any() {
        let mut inner = set.reader();
        while let Some(pair) = inner.any() {
            out.push(attribute(pair)?);
        }
        if set.tag != SET || !inner.is_empty() {
            return None;
        }
    }
    rdns.is_empty().then_some(out)
}

/// `AttributeTypeAndValue`.
pub(crate) fn attribute(pair: Tlv<'_>) -> Option<Attribute<'_>> {
    let fields = &mut pair.reader();
    let (kind, value) = (fields.oid()?, fields.any()?);
    (pair.tag == SEQUENCE && fields.is_empty()).then_some(Attribute { kind, value })
}

/// The subject without the attributes that `goes` names, and these. An RDN that loses none is the same bytes.
/// Nothing changes where the subject cannot be read.
pub(crate) fn without<'a>(
    subject: &'a [u8],
    goes: impl Fn(Attribute<'_>) -> bool,
) -> (Cow<'a, [u8]>, Vec<String>) {
    let (mut out, mut gone) = (Vec::with_capacity(subject.len()), Vec::new());
    for set in Reader::new(subject) {
        let mut stays = Vec::new();
        let before = gone.len();
        for pair in set.reader() {
            match attribute(pair) {
                Some(found) if goes(found) => gone.push(found.shown()),
                _ => stays.extend_from_slice(pair.raw),
            }
        }
        match (gone.len() > before, stays.is_empty()) {
            (false, _) => out.extend_from_slice(set.raw),
            (true, false) => out.extend(der::tlv(SET, &stays)),
            (true, true) => {}
        }
    }
    if gone.is_empty() || attributes(subject).is_none() {
        (Cow::Borrowed(subject), Vec::new())
    } else {
        (Cow::Owned(out), gone)
    }
}

/// The subject with other common names, as `UTF8String`, where `instead` has one; and how those were shown.
/// An RDN that keeps its own is the same bytes. `None` if there is nothing to change, or it cannot be read.
pub(crate) fn with_common_names(
    subject: &[u8],
    instead: impl Fn(&str) -> Option<String>,
) -> Option<(Vec<u8>, Vec<String>)> {
    attributes(subject)?;
    let (mut out, mut changed) = (Vec::with_capacity(subject.len()), Vec::new());
    for set in Reader::new(subject) {
        let (mut pairs, before) = (Vec::new(), changed.len());
        for pair in set.reader() {
            let found = attribute(pair)?;
            match found.text().filter(|_| found.kind == oid::COMMON_NAME).and_then(|text| instead(&text)) {
                Some(text) => {
                    changed.push(found.shown());
                    pairs.extend(common_name_attribute(&text));
                }
                None => pairs.extend_from_slice(pair.raw),
            }
        }
        if changed.len() > before {
            out.extend(der::tlv(SET, &pairs))
        } else {
            out.extend_from_slice(set.raw)
        }
    }
    (!changed.is_empty()).then_some((out, changed))
}

/// An RDN with a common name as `UTF8String`.
pub(crate) fn common_name(text: &str) -> Vec<u8> {
    der::tlv(SET, &common_name_attribute(text))
}

fn common_name_attribute(text: &str) -> Vec<u8> {
    der::tlv(SEQUENCE, &[der::tlv(OID, oid::COMMON_NAME), der::tlv(0x0c, text.as_bytes())].concat())
}

/// Whether programs read it: sets of types and values, none empty, the values strings that RFC 5280 section
/// 4.1.2.4 knows and that are text. What stands in a `PrintableString` against its rules is read everywhere.
pub(crate) fn is_readable(subject: &[u8]) -> bool {
    let attributes = attributes(subject);
    attributes.is_some_and(|all| all.iter().all(|a| is_oid(a.kind) && is_text(a.value)))
        && Reader::new(subject).all(|set| !set.content.is_empty())
}

/// X.690 section 8.19: groups of octets, none of which begins with 0x80, and the last of which ends.
pub(crate) fn is_oid(content: &[u8]) -> bool {
    let begins = |i: usize| i == 0 || content[i - 1] & 0x80 == 0;
    content.last().is_some_and(|last| last & 0x80 == 0)
        && !content.iter().enumerate().any(|(i, octet)| *octet == 0x80 && begins(i))
}

fn is_text(value: Tlv<'_>) -> bool {
    let bytes = value.content;
    match value.tag {
        0x0c => std::str::from_utf8(bytes).is_ok(),
        // NumericString, PrintableString, TeletexString, IA5String.
        0x12 | 0x13 | 0x14 | 0x16 => true,
        // BMPString knows no surrogates: X.680 section 41.15.
        0x1e => {
            bytes.len().is_multiple_of(2) && !bytes.iter().step_by(2).any(|high| matches!(high, 0xd8..=0xdf))
        }
        0x1c => bytes.len().is_multiple_of(4) && name::decode(value).is_some(),
        // The BIT STRING of x500UniqueIdentifier: as many bits at its end count for nothing as its first
        // octet says.
        0x03 => bytes.first().is_some_and(|unused| *unused <= 7),
        _ => false,
    }
}

/// A common name that names nothing, for people: empty or a dot. `given`: the subject is no old one but the
/// owner's, who hardly means control characters.
pub(crate) fn naming_nothing(subject: &[u8], given: bool) -> Option<String> {
    let all = attributes(subject).unwrap_or_default();
    let names_nothing = |a: &Attribute<'_>| {
        let text = a.text().filter(|_| a.kind == oid::COMMON_NAME);
        text.is_some_and(|t| matches!(t.trim(), "" | ".") || (given && t.chars().any(char::is_control)))
    };
    all.iter().find(|a| names_nothing(a)).map(|a| a.shown())
}

/// Octets of an OBJECT IDENTIFIER; parsers refuse longer ones.
const LONGEST_OID: usize = 63;

/// An OBJECT IDENTIFIER that parsers take.
pub(crate) fn is_short_oid(content: &[u8]) -> bool {
    content.len() <= LONGEST_OID && is_oid(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::dn;

    #[test]
    fn single_attributes_go_and_the_rest_stays_byte_by_byte() {
        let subject = dn::parse("CN=a+OU=x,OU=y,O=Example,C=DE").unwrap();
        let (rest, gone) = without(&subject, |a| a.kind == oid::ORGANIZATIONAL_UNIT);
        assert_eq!(
            (rest.as_ref(), gone),
            (
                dn::parse("CN=a,O=Example,C=DE").unwrap().as_slice(),
                vec!["OU=y".to_owned(), "OU=x".to_owned()]
            )
        );
        assert!(
            matches!(without(&subject, |_| false), (Cow::Borrowed(same), gone) if same == subject && gone.is_empty())
        );
        assert!(without(&subject, |_| true).0.is_empty());
        assert_eq!(attributes(&common_name("x")).unwrap()[0].shown(), "CN=x");
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for broken in [&b"\x31\x05abc"[..], b"\x31\x02\x05\x00", b"\x30\x00", b"\x31\x00x"] {
            assert!(
                matches!(without(broken, |_| true), (Cow::Borrowed(same), _) if same == broken),
                "{broken:?}"
            );
        }
    }
}
