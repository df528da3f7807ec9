//! Distinguished names: printing them as RFC 4514 says, safe to show, and comparing them as RFC 5280 section
//! 7.1 says.

use super::der::{self, Tlv};
use crate::id::{NameId, push_hex};
use crate::oid;

use super::hidden::push_escaped;
pub(crate) use super::hidden::shown;
pub use super::hidden::{is_hidden, show};

/// A name in the two forms needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// RFC 4514, last RDN first; nothing in it can move a cursor or reorder text.
    pub(crate) text: Box<str>,
    /// For comparing: case and runs of blanks do not count, nor does the string type.
    pub(crate) id: NameId,
}

/// Attribute types that print by name. RFC 4514 section 3 demands the first nine; the others are the names
/// that tools agree on.
pub(super) const KNOWN: &[(&[u8], &str)] = &[
    (oid::COMMON_NAME, "CN"),
    (oid::LOCALITY, "L"),
    (oid::STATE, "ST"),
    (oid::ORGANIZATION, "O"),
    (oid::ORGANIZATIONAL_UNIT, "OU"),
    (oid::COUNTRY, "C"),
    (oid::STREET, "STREET"),
    (oid::DOMAIN_COMPONENT, "DC"),
    (oid::USER_ID, "UID"),
    (oid::SURNAME, "SN"),
    (oid::SERIAL_NUMBER, "serialNumber"),
    (oid::TITLE, "title"),
    (oid::BUSINESS_CATEGORY, "businessCategory"),
    (oid::POSTAL_CODE, "postalCode"),
    (oid::GIVEN_NAME, "givenName"),
    (oid::INITIALS, "initials"),
    (oid::DN_QUALIFIER, "dnQualifier"),
    (oid::ORGANIZATION_IDENTIFIER, "organizationIdentifier"),
    (oid::EMAIL_ADDRESS, "emailAddress"),
    (oid::JURISDICTION_LOCALITY, "jurisdictionLocality"),
    (oid::JURISDICTION_STATE, "jurisdictionState"),
    (oid::JURISDICTION_COUNTRY, "jurisdictionCountry"),
];

/// Reads a `Name` (the whole TLV). What is not understood prints as `#` and hexadecimal, so nothing is lost.
pub(crate) fn read(raw: &[u8]) -> Name {
    let mut comparable = Vec::with_capacity(raw.len());
    let Some((outer, _)) = der::first(raw) else {
        return Name { text: hex_value(raw).into(), id: NameId::of(raw) };
    };
    let mut rdns: Vec<String> = Vec::with_capacity(8);
    let mut reader = outer.reader();
    while let Some(set) = reader.any() {
        let mut parts: Vec<(String, Vec<u8>)> = set.reader().map(|ava| attribute(ava)).collect();
        let text: Vec<&str> = parts.iter().map(|p| p.0.as_str()).collect();
        rdns.push(text.join("+"));
        parts.sort_by(|a, b| a.1.cmp(&b.1));
        for (_, value) in &parts {
            comparable.extend_from_slice(value);
            comparable.push(0x1f);
        }
        comparable.push(0x1e);
    }
    if !reader.is_empty() {
        rdns.push(hex_value(reader.rest()));
        comparable.extend_from_slice(reader.rest());
    }
    rdns.reverse();
    Name { text: rdns.join(",").into(), id: NameId::of(&comparable) }
}

/// The common name in a printed name, unescaped; the last one of the encoding, which is printed first.
/// Escaped commas and plus signs are part of a value (RFC 4514 section 3), so a value cannot pose as a common
/// name.
#[must_use]
pub fn common_name(printed: &str) -> Option<String> {
    let mut rest = printed;
    loop {
        let end = unescaped_end(rest);
        if let Some(value) = rest[..end].strip_prefix("CN=") {
            return Some(unescape(value));
        }
        rest = rest.get(end + 1..)?;
    }
}

/// The organizations (`O=`) in a printed name, unescaped, in the order printed.
#[must_use]
pub fn organizations(printed: &str) -> Vec<String> {
    values(printed, "O=")
}

/// All common names in a printed name, unescaped, in the order printed.
#[must_use]
pub fn common_names(printed: &str) -> Vec<String> {
    values(printed, "CN=")
}

/// The values of one attribute type in a printed name, unescaped, in the order printed.
fn values(printed: &str, kind: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = printed;
    loop {
        let end = unescaped_end(rest);
        out.extend(rest[..end].strip_prefix(kind).map(unescape));
        match rest.get(end + 1..) {
            Some(tail) => rest = tail,
            None => return out,
        }
    }
}

/// Where the first unescaped `,` or `+` is, or the end.
fn unescaped_end(text: &str) -> usize {
    let mut escaped = false;
    for (i, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' | b'+' => return i,
            _ => {}
        }
    }
    text.len()
}

/// Undoes `\,` and the like. `\HH` stays: what it hides is not for showing.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && !next.is_ascii_hexdigit() => {}
            _ => out.push(c),
        }
        if c == '\\' && chars.peek().is_some_and(|next| !next.is_ascii_hexdigit()) {
            out.extend(chars.next());
        }
    }
    out
}

/// One `AttributeTypeAndValue`: its printed form and its comparable form.
fn attribute(ava: Tlv<'_>) -> (String, Vec<u8>) {
    let mut parts = ava.reader();
    let (Some(kind), Some(value)) = (parts.oid(), parts.any()) else {
        return (hex_value(ava.raw), ava.raw.to_vec());
    };
    let known = KNOWN.iter().find(|(oid, _)| *oid == kind).map(|(_, name)| *name);
    let text = decode(value);
    let mut comparable = kind.to_vec();
    comparable.push(b'=');
    match &text {
        Some(text) => fold(text, &mut comparable),
        None => comparable.extend_from_slice(value.raw),
    }
    let printed = match (known, text) {
        (Some(name), Some(text)) => format!("{name}={}", escape(&text)),
        (Some(name), None) => format!("{name}={}", hex_value(value.raw)),
        (None, _) => {
            format!("{}={}", oid::dotted(kind).unwrap_or_else(|| "?".to_owned()), hex_value(value.raw))
        }
    };
    (printed, comparable)
}

/// Lower case, runs of blanks as one, none at the ends (RFC 5280 section 7.1 by way of RFC 4518 section 2.6).
fn fold(text: &str, out: &mut Vec<u8>) {
    for (i, word) in text.split_whitespace().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        if word.is_ascii() {
            out.extend(word.bytes().map(|b| b.to_ascii_lowercase()));
        } else {
            out.extend_from_slice(word.to_lowercase().as_bytes());
        }
    }
}

/// The text of a directory string; `None` for other types and broken encodings.
pub(crate) fn decode(value: Tlv<'_>) -> Option<String> {
    let bytes = value.content;
    match value.tag {
        // UTF8String, and the ASCII types, which often hold UTF-8 although they may not.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(_) => Some(bytes.iter().map(|b| char::from(*b)).collect()),
        },
        // TeletexString: Latin-1 is what everybody puts there.
        0x14 => Some(bytes.iter().map(|b| char::from(*b)).collect()),
        0x1e if bytes.len().is_multiple_of(2) => {
            let units = bytes.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        0x1c if bytes.len().is_multiple_of(4) => bytes
            .chunks_exact(4)
            .map(|c| char::from_u32(u32::from_be_bytes([c[0], c[1], c[2], c[3]])))
            .collect(),
        _ => None,
    }
}

fn hex_value(raw: &[u8]) -> String {
    let mut out = vec![b'#'];
    push_hex(&mut out, raw);
    out.into_iter().map(char::from).collect()
}

/// Escapes a value as RFC 4514 section 2.4 says, and hidden characters besides.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let last = text.chars().count().saturating_sub(1);
    for (i, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' ' if i == 0 || i == last => out.push_str("\\ "),
            '#' if i == 0 => out.push_str("\\#"),
            c if is_hidden(c) => push_escaped(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::der::{SEQUENCE, SET, tlv};
    use super::*;

    fn ava(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        tlv(SEQUENCE, &[tlv(der::OID, oid), tlv(tag, value)].concat())
    }

    fn name(rdns: &[Vec<u8>]) -> Vec<u8> {
        tlv(SEQUENCE, &rdns.iter().map(|r| tlv(SET, r)).collect::<Vec<_>>().concat())
    }

    const CN: &[u8] = oid::COMMON_NAME;
    const O: &[u8] = &[0x55, 4, 10];

    #[test]
    fn last_rdn_first_and_multivalued() {
        let raw = name(&[ava(O, 0x13, b"Acme, Inc."), [ava(CN, 0x0c, b"a"), ava(O, 0x0c, b"b")].concat()]);
        assert_eq!(&*read(&raw).text, "CN=a+O=b,O=Acme\\, Inc.");
    }

    #[test]
    fn a_value_cannot_pose_as_a_common_name() {
        for (printed, name) in [
            ("CN=Smith\\, John,O=x", Some("Smith, John")),
            ("O=x\\,CN=www.bank.example,CN=real.example", Some("real.example")),
            ("OU=a+CN=b\\+c,O=d", Some("b+c")),
            ("CN=a\\1B\\\\", Some("a\\1B\\")),
            ("O=x", None),
            ("", None),
        ] {
            assert_eq!(common_name(printed).as_deref(), name, "{printed}");
        }
    }

    #[test]
    fn hostile_values_cannot_act() {
        let raw = name(&[ava(CN, 0x0c, "\u{1b}[31m\u{202e}x\n ".as_bytes())]);
        assert_eq!(&*read(&raw).text, "CN=\\1B[31m\\E2\\80\\AEx\\0A\\ ");
        let raw = name(&[ava(CN, 0x0c, b"#a\0")]);
        assert_eq!(&*read(&raw).text, "CN=\\#a\\00");
    }

    #[test]
    fn unknown_types_and_broken_strings_print_as_hex() {
        let raw = name(&[ava(&[0x2a, 3, 4], 0x0c, b"x")]);
        assert_eq!(&*read(&raw).text, "1.2.3.4=#0c0178");
        let raw = name(&[ava(CN, 0x1e, b"abc")]);
        assert_eq!(&*read(&raw).text, "CN=#1e03616263");
        assert_eq!(&*read(b"junk").text, "#6a756e6b");
        assert_eq!(&*read(&name(&[])).text, "");
    }

    #[test]
    fn comparison_ignores_string_type_case_and_blanks() {
        let a = read(&name(&[ava(CN, 0x13, b"Example  CA")]));
        let b = read(&name(&[ava(CN, 0x0c, b" example ca")]));
        let c = read(&name(&[ava(CN, 0x0c, b"example cb")]));
        assert_eq!(a.id, b.id);
        assert_ne!(a.id, c.id);
    }
}
