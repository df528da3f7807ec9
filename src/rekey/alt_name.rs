//! Names that somebody asks for or does not want, as people write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::general_name::{DNS, EMAIL, IP, URI, shown};
use super::strict::{Form, judge};
use crate::pki::der::{self, Tlv};
use crate::pki::show;

/// A name that somebody asks for or does not want: one of the four kinds that can be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltName {
    tag: u8,
    content: Vec<u8>,
}

impl AltName {
    /// The element of `GeneralNames`.
    pub(crate) fn der(&self) -> Vec<u8> {
        der::tlv(self.tag, &self.content)
    }

    /// Whether it is the same name: hosts and the hosts of mail addresses in any case.
    pub(crate) fn is(&self, other: Tlv<'_>) -> bool {
        self.tag == other.tag
            && match self.tag {
                DNS => self.content.eq_ignore_ascii_case(other.content),
                EMAIL => {
                    let at = self.content.iter().rposition(|b| *b == b'@').unwrap_or(0);
                    self.content.len() == other.content.len()
                        && self.content[..at] == other.content[..at]
                        && self.content[at..].eq_ignore_ascii_case(&other.content[at..])
                }
                _ => self.content == other.content,
            }
    }
}

impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(Tlv { tag: self.tag, content: &self.content, raw: &[] }))
    }
}

impl FromStr for AltName {
    type Err = String;

    /// `KIND:VALUE` with dns, ip, email or uri; without a kind it is told by its looks.
    fn from_str(text: &str) -> Result<Self, String> {
        let kinds = [("dns:", DNS), ("ip:", IP), ("email:", EMAIL), ("uri:", URI)];
        let of_kind = |(prefix, tag): &(&str, u8)| {
            let head = text.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix))?;
            Some((*tag, &text[head.len()..]))
        };
        let (tag, value) = kinds.iter().find_map(of_kind).unwrap_or_else(|| match text {
            _ if text.parse::<IpAddr>().is_ok() => (IP, text),
            _ if text.contains("://") => (URI, text),
            _ if text.contains('@') => (EMAIL, text),
            _ => (DNS, text),
        });
        let content = match (tag, value.parse()) {
            (IP, Err(_)) => return Err(format!("{value:?} is not an IP address")),
            (IP, Ok(IpAddr::V4(ip))) => ip.octets().to_vec(),
            (IP, Ok(IpAddr::V6(ip))) => ip.octets().to_vec(),
            _ => value.as_bytes().to_vec(),
        };
        match judge(Tlv { tag, content: &content, raw: &[] }) {
            Form::Kept => Ok(Self { tag, content }),
            Form::Written { tag, content, .. } => Ok(Self { tag, content }),
            Form::LeftOut(why) => Err(format!("{value:?} cannot be asked for: {why}")),
        }
    }
}

/// A name that somebody does not want: one of the four kinds, or any other as it is shown, so that what is
/// listed can be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwanted {
    pub(crate) name: Option<AltName>,
    text: String,
}

impl Unwanted {
    pub(crate) fn is(&self, other: Tlv<'_>) -> bool {
        self.name.as_ref().is_some_and(|name| name.is(other)) || shown(other) == self.text
    }
}

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => name.fmt(f),
            None => f.write_str(&show(&self.text)),
        }
    }
}

impl FromStr for Unwanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("there is no name after drop:".to_owned());
        }
        Ok(Self { name: text.parse().ok(), text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_or_seen() {
        for (text, shown) in [
            ("www.example.com", "DNS:www.example.com"),
            ("dns:*.example.com", "DNS:*.example.com"),
            ("DNS:2001.example", "DNS:2001.example"),
            ("192.0.2.1", "IP:192.0.2.1"),
            ("2001:db8::1", "IP:2001:db8::1"),
            ("ip:2001:DB8::1", "IP:2001:db8::1"),
            ("a@example.com", "email:a@example.com"),
            ("uri:spiffe://a/b", "URI:spiffe://a/b"),
            ("https://a@b/c", "URI:https://a@b/c"),
            ("uri:urn:x", "URI:urn:x"),
            ("b\u{fc}cher.example", "DNS:xn--bcher-kva.example"),
            ("www.example.com.", "DNS:www.example.com"),
        ] {
            assert_eq!(text.parse::<AltName>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "dns:",
            "ip:www",
            "email:a",
            "email:@b",
            "uri:x",
            "a b",
            "a..b",
            "w*.example",
            "uri:http://a b/",
            "a\nb",
        ] {
            assert!(wrong.parse::<AltName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sameness_looks_at_case_where_the_standard_does() {
        let is = |a: &str, b: &str| {
            let b = b.parse::<AltName>().unwrap().der();
            a.parse::<AltName>().unwrap().is(der::first(&b).unwrap().0)
        };
        assert!(
            is("WWW.example.com", "www.Example.com")
                && is("a@EXAMPLE.com", "a@example.com")
                && is("::ffff", "0::FFFF")
        );
        assert!(
            !is("A@example.com", "a@example.com")
                && !is("uri:http://A", "uri:http://a")
                && !is("dns:a.b", "uri:a:b")
        );
    }
}
