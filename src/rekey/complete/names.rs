//! Alternative names compared kind by kind (RFC 5280 sections 4.2.1.6 and 7), and the name constraints of issuers (section 4.2.1.10).

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::facts::Facts;
use crate::pki::der::{self, Reader, SEQUENCE, Tlv, context};
use crate::pki::{name, show};

/// `rfc822Name`.
const EMAIL: u8 = 0x81;
/// `dNSName`.
const DNS: u8 = 0x82;
/// `directoryName`.
const DIRECTORY: u8 = 0xa4;
/// `uniformResourceIdentifier`.
const URI: u8 = 0x86;
/// `iPAddress`.
const IP: u8 = 0x87;

/// Names are held against subtrees so many times; made to be slow, they could be billions.
const COMPARISONS: usize = 10_000_000;

/// One `GeneralName`: its tag, and its content.
pub(crate) type GeneralName = (u8, Vec<u8>);

/// The form in which equal names of one kind are equal bytes. RFC 5280 section 7: DNS names and the hosts of mail addresses are compared without
/// case, the local part of an address and everything else as it is.
fn comparable(name: &GeneralName) -> GeneralName {
    let mut out = name.clone();
    let from = match name.0 {
        DNS => 0,
        EMAIL => name.1.iter().rposition(|b| *b == b'@').unwrap_or(name.1.len()),
        _ => name.1.len(),
    };
    out.1[from..].make_ascii_lowercase();
    out
}

fn split_mail(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|b| *b == b'@')?;
    Some((&text[..at], &text[at + 1..]))
}

/// The names of `wanted` that are not in `there`.
pub(crate) fn missing<'a>(wanted: &'a [GeneralName], there: &[GeneralName]) -> Vec<&'a GeneralName> {
    let there: HashSet<GeneralName> = there.iter().map(comparable).collect();
    wanted.iter().filter(|w| !there.contains(&comparable(w))).collect()
}

/// The name as people write it, without its kind.
pub(crate) fn text(name: &GeneralName) -> String {
    let (tag, content) = name;
    match *tag {
        EMAIL | DNS | URI => show(&String::from_utf8_lossy(content)),
        IP => match (<[u8; 4]>::try_from(content.as_slice()), <[u8; 16]>::try_from(content.as_slice())) {
            (Ok(v4), _) => Ipv4Addr::from(v4).to_string(),
            (_, Ok(v6)) => Ipv6Addr::from(v6).to_string(),
            _ => format!("#{}", crate::id::hex(content)),
        },
        DIRECTORY => name::read(content).text.to_string(),
        0x88 => crate::oid::dotted(content).unwrap_or_else(|| format!("#{}", crate::id::hex(content))),
        _ => format!("#{}", crate::id::hex(content)),
    }
}

/// What people call the kind of a name.
pub(crate) const fn kind(tag: u8) -> &'static str {
    match tag {
        EMAIL => "mail address",
        DNS => "DNS name",
        URI => "URI",
        IP => "IP address",
        DIRECTORY => "directory name",
        0x88 => "registered ID",
        0xa0 => "other name",
        _ => "name",
    }
}

/// Whether a wildcard among the names stands for a DNS name (RFC 9525 section 6.3): it helps, but it is another name.
pub(crate) fn wildcard_for(wanted: &GeneralName, there: &[GeneralName]) -> Option<String> {
    let dot = wanted.1.iter().position(|b| *b == b'.').filter(|_| wanted.0 == DNS)?;
    let covers = |name: &&GeneralName| name.0 == DNS && name.1.first() == Some(&b'*') && name.1[1..].eq_ignore_ascii_case(&wanted.1[dot..]);
    there.iter().find(covers).map(text)
}

/// Why an issuer with these constraints cannot have issued a certificate with these names; `None` if it can.
pub(crate) fn violates(constraints: &[u8], subject: &[u8], facts: &Facts) -> Option<String> {
    let Some(fields) = Reader::new(constraints).sequence() else { return Some("its name constraints cannot be read".to_owned()) };
    let subject = (DIRECTORY, subject.to_vec());
    // An empty subject names nothing.
    let own = (!Reader::new(&subject.1).sequence().is_none_or(|s| s.is_empty())).then_some(&subject);
    let names = || facts.names.iter().chain(own);
    for field in fields {
        let bases: Vec<Tlv<'_>> = field.reader().filter_map(|subtree| subtree.reader().any()).collect();
        if bases.len().saturating_mul(facts.names.len() + 1) > COMPARISONS {
            return Some("it has too many name constraints for so many names".to_owned());
        }
        for name in names() {
            let of_kind: Vec<&Tlv<'_>> = bases.iter().filter(|b| b.tag == name.0).collect();
            if of_kind.is_empty() {
                continue;
            }
            let mut inside = false;
            for base in of_kind {
                match within(name, base.content) {
                    Some(within) => inside |= within,
                    None => return Some(format!("its name constraints for a {} cannot be checked here", kind(name.0))),
                }
            }
            match (field.tag, inside) {
                (0xa0, false) => return Some(format!("it may not issue for the {} {}", kind(name.0), text(name))),
                (0xa1, true) => return Some(format!("it must not issue for the {} {}", kind(name.0), text(name))),
                _ => {}
            }
        }
    }
    None
}

/// Whether a name lies in a subtree; `None` where that cannot be told.
fn within(name: &GeneralName, base: &[u8]) -> Option<bool> {
    match name.0 {
        DNS => Some(below(&name.1, base.strip_prefix(b".").unwrap_or(base))),
        EMAIL => {
            let (_, host) = split_mail(&name.1)?;
            Some(match (split_mail(base), base.strip_prefix(b".")) {
                (Some(_), _) => comparable(name) == comparable(&(EMAIL, base.to_vec())),
                (None, Some(domain)) => host.len() > domain.len() && below(host, domain),
                (None, None) => host.eq_ignore_ascii_case(base),
            })
        }
        URI => {
            let host = host_of(&name.1)?;
            Some(match base.strip_prefix(b".") {
                Some(domain) => host.len() > domain.len() && below(host, domain),
                None => host.eq_ignore_ascii_case(base),
            })
        }
        IP => {
            let (address, mask) = base.split_at_checked(base.len() / 2)?;
            if address.len() != name.1.len() || mask.len() != address.len() {
                return Some(false);
            }
            Some(name.1.iter().zip(address.iter().zip(mask)).all(|(n, (a, m))| n & m == a & m))
        }
        DIRECTORY => {
            let rdns = |raw: &[u8]| -> Option<Vec<Vec<u8>>> { Some(Reader::new(raw).sequence()?.map(|rdn| rdn.raw.to_vec()).collect()) };
            let (own, base) = (rdns(&name.1)?, rdns(base)?);
            let id = |rdns: &[Vec<u8>]| name::read(&der::tlv(SEQUENCE, &rdns.concat())).id;
            Some(own.len() >= base.len() && id(&own[..base.len()]) == id(&base))
        }
        _ => None,
    }
}

/// Whether a host is a domain or below it, at label boundaries; an empty domain is everything.
fn below(host: &[u8], domain: &[u8]) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    domain.is_empty() || host[start..].eq_ignore_ascii_case(domain) && (start == 0 || host[start - 1] == b'.')
}

/// The host of a URI; `None` where the authority is none or an address.
fn host_of(uri: &[u8]) -> Option<&[u8]> {
    let text = std::str::from_utf8(uri).ok()?;
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?;
    (!host.is_empty() && !host.starts_with('[') && host.parse::<Ipv4Addr>().is_err()).then_some(host.as_bytes())
}

/// The raw subject of a certificate (RFC 5280 section 4.1.2.6), and of a request (RFC 2986 section 4.1).
pub(crate) fn subject_of(der: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(der).sequence()?.sequence()?;
    let of_certificate = fields.tagged(context(0)).is_some();
    fields.integer()?;
    match fields.any()? {
        // A request has its subject behind the version; a certificate of version 1 has an algorithm there, which begins with an OID.
        first if !of_certificate && first.reader().peek() != Some(der::OID) => Some(first.raw),
        _algorithm => {
            fields.tagged(SEQUENCE)?;
            fields.tagged(SEQUENCE)?;
            fields.tagged(SEQUENCE).map(|subject| subject.raw)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::tlv;

    fn dns(name: &str) -> GeneralName {
        (DNS, name.as_bytes().to_vec())
    }

    #[test]
    fn names_are_compared_by_kind() {
        let there = [dns("WWW.example"), (EMAIL, b"Ada@EXAMPLE.org".to_vec()), (IP, vec![192, 0, 2, 1]), (URI, b"https://a/".to_vec())];
        for (wanted, found) in [
            (dns("www.EXAMPLE"), true),
            (dns("192.0.2.1"), false),
            ((EMAIL, b"Ada@example.ORG".to_vec()), true),
            ((EMAIL, b"ada@example.org".to_vec()), false),
            ((IP, vec![192, 0, 2, 1]), true),
            ((IP, vec![192, 0, 2, 2]), false),
            ((URI, b"https://A/".to_vec()), false),
        ] {
            assert_eq!(missing(std::slice::from_ref(&wanted), &there).is_empty(), found, "{}", text(&wanted));
        }
        assert_eq!(wildcard_for(&dns("a.b.example"), &[dns("*.B.example")]).as_deref(), Some("*.B.example"));
        assert_eq!(wildcard_for(&dns("x.a.b.example"), &[dns("*.b.example")]), None);
        assert_eq!(text(&(IP, vec![0; 16])), "::");
        assert_eq!(text(&dns("a\u{202e}b")), "a\\E2\\80\\AEb");
    }

    fn constraints(permitted: &[GeneralName], excluded: &[GeneralName]) -> Vec<u8> {
        let list = |tag: u8, names: &[GeneralName]| {
            let trees: Vec<u8> = names.iter().flat_map(|(tag, content)| tlv(SEQUENCE, &tlv(*tag, content))).collect();
            if names.is_empty() { Vec::new() } else { tlv(tag, &trees) }
        };
        tlv(SEQUENCE, &[list(0xa0, permitted), list(0xa1, excluded)].concat())
    }

    #[test]
    fn name_constraints() {
        let leaf = |names: &[GeneralName]| Facts { names: names.to_vec(), ..Facts::default() };
        let empty = tlv(SEQUENCE, &[]);
        let ours = constraints(&[dns("example.org"), (IP, vec![10, 0, 0, 0, 255, 0, 0, 0])], &[dns("bad.example.org")]);
        for (names, fits) in [
            (vec![dns("www.example.org"), dns("EXAMPLE.org")], true),
            (vec![dns("wwwexample.org")], false),
            (vec![dns("x.bad.example.org")], false),
            (vec![(IP, vec![10, 1, 2, 3])], true),
            (vec![(IP, vec![11, 1, 2, 3])], false),
            (vec![(EMAIL, b"a@anywhere".to_vec())], true),
        ] {
            assert_eq!(violates(&ours, &empty, &leaf(&names)).is_none(), fits, "{names:?}");
        }
        let mail = constraints(&[(EMAIL, b".example.org".to_vec())], &[]);
        assert!(violates(&mail, &empty, &leaf(&[(EMAIL, b"a@b.example.org".to_vec())])).is_none());
        assert!(violates(&mail, &empty, &leaf(&[(EMAIL, b"a@example.org".to_vec())])).is_some());
        assert!(violates(&constraints(&[(0xa0, vec![1])], &[]), &empty, &leaf(&[(0xa0, vec![1])])).is_some(), "what is not understood is no pass");
        let rdn = |value: &[u8]| tlv(0x31, &tlv(SEQUENCE, &[tlv(der::OID, &[0x55, 4, 10]), tlv(0x0c, value)].concat()));
        let directory = constraints(&[(DIRECTORY, tlv(SEQUENCE, &rdn(b"Acme")))], &[]);
        assert!(violates(&directory, &tlv(SEQUENCE, &[rdn(b"ACME"), rdn(b"x")].concat()), &leaf(&[])).is_none());
        assert!(violates(&directory, &tlv(SEQUENCE, &rdn(b"Other")), &leaf(&[])).is_some());
        assert!(violates(b"junk", &empty, &leaf(&[])).is_some());
    }
}
