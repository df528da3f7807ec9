//! Subject alternative names, as text.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::der::{self, Reader, Tlv};
use super::name;
use super::texts::{self, Texts};
use crate::{limits, oid};

/// Subject alternative names by kind, as text. RFC 5280 section 4.2.1.6.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// `dNSName`.
    pub dns: Texts,
    /// The rarer kinds; most certificates have none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rare: Option<Box<RareNames>>,
}

/// Names that are no DNS names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RareNames {
    /// `iPAddress`.
    pub ip: Vec<Box<str>>,
    /// `rfc822Name`.
    pub email: Vec<Box<str>>,
    /// `uniformResourceIdentifier`.
    pub uri: Vec<Box<str>>,
    /// All other kinds, `directoryName:...`, `registeredID:...`, `otherName:#hex`.
    pub other: Vec<Box<str>>,
}

impl Names {
    /// IP addresses.
    #[must_use]
    pub fn ip(&self) -> &[Box<str>] {
        self.rare.as_ref().map_or(&[], |r| &r.ip)
    }

    /// Mail addresses.
    #[must_use]
    pub fn email(&self) -> &[Box<str>] {
        self.rare.as_ref().map_or(&[], |r| &r.email)
    }

    /// URIs.
    #[must_use]
    pub fn uri(&self) -> &[Box<str>] {
        self.rare.as_ref().map_or(&[], |r| &r.uri)
    }

    /// Names of all other kinds.
    #[must_use]
    pub fn other(&self) -> &[Box<str>] {
        self.rare.as_ref().map_or(&[], |r| &r.other)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dns.len() + self.ip().len() + self.email().len() + self.uri().len() + self.other().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one `GeneralName`; those of the usual kind to `dns`.
    pub(crate) fn push(&mut self, name: Tlv<'_>, dns: &mut texts::Draft) {
        // As it is: whoever shows it escapes it.
        let text = || String::from_utf8_lossy(name.content);
        if name.tag == 0x82 {
            return dns.push(&text());
        }
        let rare = self.rare.get_or_insert_default();
        match name.tag {
            0x81 => rare.email.push(text().into()),
            0x86 => rare.uri.push(text().into()),
            0x87 => rare.ip.push(ip_text(name.content)),
            0xa4 => rare.other.push(format!("directoryName:{}", name::read(name.content).text).into()),
            0x88 => rare
                .other
                .push(format!("registeredID:{}", oid::dotted(name.content).unwrap_or_default()).into()),
            tag => rare.other.push(
                format!(
                    "{}:#{}",
                    if tag == 0xa0 { "otherName" } else { "name" },
                    crate::id::hex(name.content)
                )
                .into(),
            ),
        }
    }
}

fn ip_text(octets: &[u8]) -> Box<str> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Ipv4Addr::from(v4).to_string().into();
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(v6) => Ipv6Addr::from(v6).to_string().into(),
        Err(_) => format!("#{}", crate::id::hex(octets)).into(),
    }
}

/// The `GeneralName`s of a `GeneralNames` value (RFC 5280 section 4.2.1.6), sorted into kinds.
pub(crate) fn general_names(raw: &[u8], out: &mut Names) -> bool {
    let Some((outer, _)) = der::first(raw).filter(|(t, _)| t.tag == der::SEQUENCE) else {
        return false;
    };
    let mut reader: Reader<'_> = outer.reader();
    let mut dns = texts::Draft::with_room(raw.len());
    for name in reader.by_ref().take(limits::NAMES) {
        out.push(name, &mut dns);
    }
    out.dns = dns.finish();
    reader.is_empty()
}
