//! The hosts that a certificate names for its issuer: authority information access and CRL distribution
//! points.

use super::der::{Reader, Tlv, context};
use crate::oid;

/// Hosts kept of one certificate; real ones name up to four.
const HOSTS: usize = 64;

/// The hosts of the URLs in `authorityInfoAccess` and `cRLDistributionPoints` (RFC 5280 sections 4.2.2.1 and
/// 4.2.1.13) among these extensions, each once, in order. Tolerant: what cannot be read names no host.
pub(crate) fn read<'a>(extensions: &[(&[u8], &'a [u8])]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    let mut add = |name: Tlv<'a>| {
        if let Some(host) = url(name).and_then(host)
            && out.len() < HOSTS
            && !out.iter().any(|h| h.eq_ignore_ascii_case(host))
        {
            out.push(host);
        }
    };
    for &(oid, value) in extensions {
        let list = Reader::new(value).sequence().into_iter().flatten();
        match oid {
            // AccessDescription: method, then one GeneralName.
            oid::AUTHORITY_INFO_ACCESS => list.filter_map(|access| access.reader().nth(1)).for_each(&mut add),
            // DistributionPoint: [0] distributionPoint, in it [0] fullName, in it the names.
            oid::CRL_DISTRIBUTION_POINTS => {
                list.filter_map(|point| inner(point, 0))
                    .filter_map(|name| inner(name, 0))
                    .flat_map(Tlv::reader)
                    .for_each(&mut add);
            }
            _ => {}
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

/// The host of a URL with an authority (RFC 3986 section 3.2); `None` for one without, such as
/// `ldap:///CN=...`, and for what is no host name.
fn host(url: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(url).ok()?;
    let (_, rest) = text.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    let valid = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    valid.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls_and_of_nothing_else() {
        for (url, want) in [
            ("http://R10.c.Lencr.org/1.crl", Some("R10.c.Lencr.org")),
            ("http://crl.example:8080?x", Some("crl.example")),
            ("http://ocsp.sectigo.com@evil.example/", Some("evil.example")),
            ("https://a.example.#x", Some("a.example")),
            ("ldap:///CN=CA,DC=x", None),
            ("file://server/share", Some("server")),
            ("http://[::1]/", None),
            ("http://a\u{202e}b/", None),
            ("mailto:a@b", None),
        ] {
            assert_eq!(host(url.as_bytes()), want, "{url}");
        }
    }

    #[test]
    fn broken_extensions_name_no_host() {
        for value in [&b""[..], b"\x30\x03\x30\x01\x00", &[0xff; 40]] {
            for oid in [oid::AUTHORITY_INFO_ACCESS, oid::CRL_DISTRIBUTION_POINTS] {
                assert!(read(&[(oid, value)]).is_empty());
            }
        }
    }
}
