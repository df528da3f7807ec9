//! The names of a `subjectAltName` (RFC 5280 section 4.2.1.6), kind by kind.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::form::Form;
use super::{subject, text};
use crate::pki::der::{self, OID, Reader, SEQUENCE, Tlv, context};
use crate::rekey::general_name::{self, DNS, EMAIL, IP, URI};
use crate::rekey::subject::is_short_oid;

/// Judges one name.
pub(crate) fn judge(name: Tlv<'_>) -> Form {
    let left_out = |reason: &str| Form::LeftOut(reason.to_owned());
    match name.tag {
        DNS => text::host(name.content),
        EMAIL => text::mail(name.content),
        URI => text::uri(name.content),
        IP if mapped(name.content).is_some() => {
            let content = mapped(name.content).map_or_else(Vec::new, |ip| ip.octets().to_vec());
            Form::Written {
                tag: IP,
                content,
                reason: "written as the IPv4 address that it stands for: parsers refuse the mapped form",
            }
        }
        IP if general_name::address(name.content).is_some() => Form::Kept,
        IP => left_out("it is not an address of 4 or 16 octets (RFC 5280 section 4.2.1.6)"),
        0xa0 if is_other_name(name) => Form::Kept,
        0xa4 => directory(name),
        0x88 if is_short_oid(name.content) => Form::Kept,
        0xa0 | 0x88 => left_out("its content is not what RFC 5280 section 4.2.1.6 says"),
        0xa3 | 0xa5 => left_out(
            "names of this kind are read by few parsers, and others refuse the whole request for one",
        ),
        _ => left_out("it is not of a kind that RFC 5280 section 4.2.1.6 knows"),
    }
}

/// The IPv4 address of an IPv4-mapped one (RFC 4291 section 2.5.5.2).
fn mapped(octets: &[u8]) -> Option<Ipv4Addr> {
    Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).to_ipv4_mapped()
}

/// `AnotherName`: a type and one value, `[0] EXPLICIT`.
fn is_other_name(name: Tlv<'_>) -> bool {
    let fields = &mut name.reader();
    let kind = fields.tagged(OID).is_some_and(|kind| is_short_oid(kind.content));
    let value = fields.tagged(context(0)).is_some_and(|value| value.reader().count() == 1);
    kind && value && fields.is_empty() && is_der(name.content, DEPTH)
}

/// `Name`, `[4] EXPLICIT` since it is a CHOICE.
fn directory(name: Tlv<'_>) -> Form {
    let whole = der::first(name.content).filter(|(inner, rest)| inner.tag == SEQUENCE && rest.is_empty());
    let Some((inner, _)) = whole else {
        return Form::LeftOut("it does not hold a name (RFC 5280 section 4.2.1.6)".to_owned());
    };
    let written = subject::written(inner.content, &|_| None);
    let content = der::tlv(SEQUENCE, &written.subject);
    match () {
        () if written.changes.iter().any(|c| c.action == crate::rekey::Action::Dropped) => Form::LeftOut(
            "a part of it cannot be read, or is longer than RFC 5280 appendix A.1 allows".to_owned(),
        ),
        () if content == name.content => Form::Kept,
        () => Form::Written {
            tag: name.tag,
            content,
            reason: "written as RFC 5280 section 4.1.2.4 asks for it",
        },
    }
}

/// Real values nest two or three deep.
const DEPTH: usize = 16;

/// Whether these are elements in DER one after another, as far as their tags and lengths go (X.690 section
/// 10.1).
fn is_der(bytes: &[u8], depth: usize) -> bool {
    let mut elements = Reader::new(bytes);
    while let Some(element) = elements.any() {
        let constructed = element.tag & 0x20 != 0;
        if der::tlv(element.tag, element.content) != element.raw
            || constructed && (depth == 0 || !is_der(element.content, depth - 1))
        {
            return false;
        }
    }
    elements.is_empty()
}
