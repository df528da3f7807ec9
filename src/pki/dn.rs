//! A distinguished name as people write it (RFC 4514) to DER, with the string types that RFC 5280 asks for.

use der::{Decode as _, Encode as _, asn1::ObjectIdentifier};

use super::der::{OID, SEQUENCE, SET, tlv};
use super::name::KNOWN;

/// `UTF8String`.
const UTF8: u8 = 0x0c;
/// `PrintableString`.
const PRINTABLE: u8 = 0x13;
/// `IA5String`.
const IA5: u8 = 0x16;

/// The content of a `Name` (RFC 5280 section 4.1.2.4): what is written last comes first. Types by name or as
/// dotted numbers, values with `\` before what means something, `\HH` for bytes, `#` and hexadecimal for any
/// DER.
///
/// # Errors
/// A sentence that says what is wrong where.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    if text.starts_with('/') {
        return Err(
            "write CN=www.example.com,O=Example,C=DE (RFC 4514): the most specific part first, with commas"
                .to_owned(),
        );
    }
    let mut rdns = Vec::new();
    for rdn in split(text, ',')?.into_iter().filter(|_| !text.trim().is_empty()) {
        let mut attributes = split(rdn, '+')?.into_iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
        // A SET OF is in the order of its encodings (X.690 section 11.6).
        attributes.sort_unstable();
        rdns.push(tlv(SET, &attributes.concat()));
    }
    rdns.reverse();
    Ok(rdns.concat())
}

/// The parts between separators that nothing escapes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' | ';' | '<' | '>' | '\0' => return Err(format!("{c:?} needs a \\ before it")),
            _ if c == separator => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// One `AttributeTypeAndValue`.
fn attribute(text: &str) -> Result<Vec<u8>, String> {
    let Some((kind, value)) = text.split_once('=') else { return Err(format!("{text:?} is no TYPE=VALUE")) };
    let kind = kind.trim();
    let oid = match KNOWN.iter().find(|(_, name)| name.eq_ignore_ascii_case(kind)) {
        Some((oid, _)) => oid.to_vec(),
        None => dotted(kind)?,
    };
    let value = trimmed(value);
    let value = match value.strip_prefix('#') {
        Some(hex) => crate::id::from_hex(hex)
            .filter(|der| der::AnyRef::from_der(der).is_ok())
            .ok_or_else(|| format!("{value:?} is not # and the hexadecimal digits of one DER element"))?,
        None => string(kind, &oid, &unescape(value)?)?,
    };
    Ok(tlv(SEQUENCE, &[tlv(OID, &oid), value].concat()))
}

/// A type as numbers with dots.
fn dotted(kind: &str) -> Result<Vec<u8>, String> {
    let numbers = kind.strip_prefix("OID.").or_else(|| kind.strip_prefix("oid.")).unwrap_or(kind);
    let oid = ObjectIdentifier::new(numbers).map_err(|_| {
        let names: Vec<&str> = KNOWN.iter().map(|(_, name)| *name).collect();
        format!("{kind:?} is no type of a name: there are {}, and dotted numbers", names.join(", "))
    })?;
    oid.to_der().map(|der| der[2..].to_vec()).map_err(|e| e.to_string())
}

/// Without the blanks around it; one that is escaped belongs to the value.
fn trimmed(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let bare = value.trim_end_matches(' ');
    let slashes = bare.len() - bare.trim_end_matches('\\').len();
    if slashes % 2 == 1 { &value[..bare.len() + usize::from(bare.len() < value.len())] } else { bare }
}

fn unescape(value: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match c {
            '\\' if rest.get(..2).is_some_and(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit())) => {
                bytes.extend(u8::from_str_radix(&rest[..2], 16));
                chars = rest[2..].chars();
            }
            '\\' => match chars.next() {
                Some(c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\')) => bytes.push(c as u8),
                _ => return Err(format!("a \\ in {value:?} is before nothing that needs one")),
            },
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("the bytes of {value:?} are not UTF-8"))
}

/// A string of the type that RFC 5280 appendix A.1 has for the attribute: PrintableString for countries and
/// numbers, IA5String for domain components and mail addresses, UTF8String (section 4.1.2.4) for all others.
fn string(kind: &str, oid: &[u8], text: &str) -> Result<Vec<u8>, String> {
    let name = KNOWN.iter().find(|(known, _)| *known == oid).map_or("", |(_, name)| *name);
    let (tag, most) = match name {
        "C" | "jurisdictionCountry" => (PRINTABLE, 2),
        "serialNumber" | "dnQualifier" => (PRINTABLE, 64),
        "DC" => (IA5, 63),
        "emailAddress" => (IA5, 255),
        "CN" | "O" | "OU" | "title" => (UTF8, 64),
        _ => (UTF8, 32_768),
    };
    let length = text.chars().count();
    if length == 0 || length > most {
        return Err(format!(
            "{kind} has {length} characters, and 1 to {most} are allowed (RFC 5280 appendix A.1)"
        ));
    }
    if most == 2 && !(length == 2 && text.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(format!("{kind} is a country code of two capital letters, not {text:?}"));
    }
    let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b);
    if tag == PRINTABLE && !text.bytes().all(printable) || tag == IA5 && !text.is_ascii() {
        return Err(format!("{kind} takes letters, digits and a few marks of ASCII alone, not {text:?}"));
    }
    Ok(tlv(tag, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pki::name::read;

    fn printed(text: &str) -> String {
        read(&tlv(SEQUENCE, &parse(text).unwrap())).text.to_string()
    }

    #[test]
    fn names_print_as_they_were_written() {
        for text in [
            "CN=www.example.com,O=Example\\, Inc.,L=Köln,C=DE",
            "CN=a+serialNumber=42,DC=example,DC=com",
            "CN=\\#a\\ ,O=\\ b",
            "1.2.3.4=#0c0178",
            "emailAddress=a@example.com,CN=x",
            "",
        ] {
            assert_eq!(printed(text), text);
        }
        assert_eq!(printed("cn = a , o=b"), "CN=a,O=b");
        assert_eq!(printed("CN=Lu\\C4\\8Di\\C4\\87"), "CN=Lučić");
        assert_eq!(printed("CN=a\\\\ ,O=b"), "CN=a\\\\,O=b");
    }

    #[test]
    fn string_types_are_those_of_the_standard() {
        let der = parse("CN=x,DC=y,C=DE").unwrap();
        let tags: Vec<u8> = super::super::der::Reader::new(&der)
            .map(|set| set.content[2 + usize::from(set.content[3]) + 2])
            .collect();
        assert_eq!(tags, [PRINTABLE, IA5, UTF8]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("/CN=a", "with commas"),
            ("a", "no TYPE=VALUE"),
            ("CN=a,", "no TYPE=VALUE"),
            ("CN=\"a\"", "needs a \\"),
            ("CN=a;O=b", "needs a \\"),
            ("XY=a", "no type of a name"),
            ("CN=", "0 characters"),
            ("C=Germany", "7 characters"),
            ("C=de", "capital letters"),
            ("CN=\\x", "before nothing"),
            ("CN=\\ff", "not UTF-8"),
            ("CN=#0c05", "hexadecimal digits"),
            ("serialNumber=ä", "of ASCII alone"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_written_makes_it_fall_over(text in "[CNO=,+#\\\\ a-f0-9\"é]{0,40}") {
            if let Ok(der) = parse(&text) {
                let name = tlv(SEQUENCE, &der);
                prop_assert_eq!(parse(&read(&name).text).unwrap(), der);
            }
        }
    }
}
