//! The hosts that a certificate names for its issuer: authority information access and CRL distribution points.

use std::cell::RefCell;
use std::sync::Arc;

use super::der::{Reader, Tlv, context};
use crate::oid;

/// Hosts kept of one certificate; real ones name up to four.
const HOSTS: usize = 64;
/// Lists of hosts kept for each thread: a heap has few issuers, and what one issues names the same hosts.
const LISTS_KEPT: usize = 64;

thread_local! {
    static LISTS: RefCell<Vec<Arc<Vec<String>>>> = const { RefCell::new(Vec::new()) };
}

/// The hosts of the URLs in `authorityInfoAccess` and `cRLDistributionPoints` (RFC 5280 sections 4.2.2.1 and 4.2.1.13) among these extensions, in
/// lower case, each once, in order; equal lists share their memory. Tolerant: what cannot be read names no host.
pub(crate) fn shared(extensions: &[(&[u8], &[u8])]) -> Option<Arc<Vec<String>>> {
    let found = hosts(extensions);
    if found.is_empty() {
        return None;
    }
    let same = |list: &[String]| list.len() == found.len() && list.iter().zip(&found).all(|(a, b)| a.eq_ignore_ascii_case(b));
    LISTS.with_borrow_mut(|kept| {
        if let Some(at) = kept.iter().position(|list| same(list)) {
            // Towards the front, so that frequent lists are found soon.
            kept.swap(at, at / 2);
            return Some(Arc::clone(&kept[at / 2]));
        }
        let list = Arc::new(found.iter().map(|h| h.to_ascii_lowercase()).collect());
        if kept.len() == LISTS_KEPT {
            kept.pop();
        }
        kept.push(Arc::clone(&list));
        Some(list)
    })
}

fn hosts<'a>(extensions: &[(&[u8], &'a [u8])]) -> Vec<&'a str> {
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
                list.filter_map(|point| inner(point, 0)).filter_map(|name| inner(name, 0)).flat_map(Tlv::reader).for_each(&mut add);
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

/// The host of a URL with an authority (RFC 3986 section 3.2); `None` for one without, such as `ldap:///CN=...`, and for what is no host name.
fn host(url: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(url).ok()?;
    let (_, rest) = text.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    let valid = !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
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
                assert_eq!(shared(&[(oid, value)]), None);
            }
        }
    }
}
