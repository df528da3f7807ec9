//! Names of a `subjectAltName` (RFC 5280 section 4.2.1.6), and how they print.

use std::net::IpAddr;

use crate::oid;
use crate::pki::der::{self, Tlv};
use crate::pki::{name, show};

/// `rfc822Name`.
pub(crate) const EMAIL: u8 = 0x81;
/// `dNSName`.
pub(crate) const DNS: u8 = 0x82;
/// `uniformResourceIdentifier`.
pub(crate) const URI: u8 = 0x86;
/// `iPAddress`.
pub(crate) const IP: u8 = 0x87;

/// For people: `DNS:www.example.com`, safe to show.
pub(crate) fn shown(name: Tlv<'_>) -> String {
    let text = || show(&String::from_utf8_lossy(name.content));
    match name.tag {
        EMAIL => format!("email:{}", text()),
        DNS => format!("DNS:{}", text()),
        URI => format!("URI:{}", text()),
        IP => address(name.content)
            .map_or_else(|| format!("IP:#{}", crate::id::hex(name.content)), |ip| format!("IP:{ip}")),
        0xa0 => format!(
            "otherName {}",
            name.reader().oid().and_then(oid::dotted).unwrap_or_else(|| "without a readable type".into())
        ),
        0xa3 => "x400Address".into(),
        0xa4 => format!("directoryName {}", name::read(name.content).text),
        0xa5 => "ediPartyName".into(),
        0x88 => format!("registeredID {}", oid::dotted(name.content).unwrap_or_default()),
        tag => format!("a name of unknown kind {tag:#04x}"),
    }
}

/// The address of an `iPAddress` name.
pub(crate) fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    }
}

/// Host names and addresses of a `subjectAltName`; names with anything but printable ASCII are left out here,
/// not in the request.
pub(crate) fn plain_names(value: &[u8]) -> Vec<String> {
    let plain = |name: Tlv<'_>| match name.tag {
        DNS if name.content.iter().all(u8::is_ascii_graphic) => String::from_utf8(name.content.to_vec()).ok(),
        IP => address(name.content).map(|ip| ip.to_string()),
        _ => None,
    };
    der::first(value).into_iter().flat_map(|(all, _)| all.reader()).filter_map(plain).collect()
}
