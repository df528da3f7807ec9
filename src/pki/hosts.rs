//! The hosts that a certificate names for its issuer: authority information access and CRL distribution points.

use super::cert;
use super::der::{Reader, Tlv, context};
use crate::oid;

/// Hosts kept of one certificate; real ones name up to four.
const HOSTS: usize = 64;

/// The hosts of the URLs in `authorityInfoAccess` and `cRLDistributionPoints` (RFC 5280 sections 4.2.2.1 and 4.2.1.13) of a certificate, in
/// lower case, each once, in order. Tolerant: what cannot be read names no host.
#[must_use]
pub fn hosts(der: &[u8]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (oid, value) in cert::extensions_of(der).unwrap_or_default() {
        let list = Reader::new(value).sequence().into_iter().flatten();
        let urls: Vec<&[u8]> = match oid {
            // AccessDescription: method, then one GeneralName.
            oid::AUTHORITY_INFO_ACCESS => list.filter_map(|access| access.reader().nth(1)).filter_map(url).collect(),
            // DistributionPoint: [0] distributionPoint, in it [0] fullName, in it the names.
            oid::CRL_DISTRIBUTION_POINTS => {
                list.filter_map(|point| inner(point, 0)).filter_map(|name| inner(name, 0)).flat_map(Tlv::reader).filter_map(url).collect()
            }
            _ => continue,
        };
        for host in urls.into_iter().filter_map(host) {
            if out.len() < HOSTS && !out.contains(&host) {
                out.push(host);
            }
        }
    }
    out
}

/// The first element with this context tag.
fn inner(outer: Tlv<'_>, number: u8) -> Option<Tlv<'_>> {
    outer.reader().find(|t| t.tag == context(number))
}

/// The text of a `uniformResourceIdentifier`.
fn url(name: Tlv<'_>) -> Option<&[u8]> {
    (name.tag == 0x86).then_some(name.content)
}

/// The host of a URL with an authority (RFC 3986 section 3.2); `None` for one without, such as `ldap:///CN=...`, and for what is no host name.
fn host(url: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(url).ok()?;
    let (_, rest) = text.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.').to_ascii_lowercase();
    let valid = !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    valid.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls_and_of_nothing_else() {
        for (url, want) in [
            ("http://R10.c.Lencr.org/1.crl", Some("r10.c.lencr.org")),
            ("http://crl.example:8080?x", Some("crl.example")),
            ("http://ocsp.sectigo.com@evil.example/", Some("evil.example")),
            ("https://a.example.#x", Some("a.example")),
            ("ldap:///CN=CA,DC=x", None),
            ("file://server/share", Some("server")),
            ("http://[::1]/", None),
            ("http://a\u{202e}b/", None),
            ("mailto:a@b", None),
        ] {
            assert_eq!(host(url.as_bytes()).as_deref(), want, "{url}");
        }
    }

    #[test]
    fn broken_certificates_name_no_host() {
        for der in [&b""[..], b"\x30\x03\x30\x01\x00", &[0xff; 40]] {
            assert!(hosts(der).is_empty());
        }
    }
}
