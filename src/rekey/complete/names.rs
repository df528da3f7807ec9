//! Alternative names compared kind by kind (RFC 5280 sections 4.2.1.6 and 7), and the name constraints of
//! issuers (section 4.2.1.10).

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

/// The form in which equal names of one kind are equal bytes. RFC 5280 section 7: DNS names and the hosts of
/// mail addresses are compared without case, the local part of an address and everything else as it is.
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

/// Whether somebody means this name: hosts, and the scheme of a URI (RFC 3986 section 6.2.2.1), without case;
/// the rest of a URI and the local part of a mail address (RFC 5280 section 7.5) as they are.
pub(crate) fn is_meant(name: &GeneralName, said: &str) -> bool {
    let own = text(name);
    let parts: fn(&str) -> [&str; 4] = match name.0 {
        URI => uri_parts,
        EMAIL => {
            |mail| mail.rsplit_once('@').map_or([mail, "", "", ""], |(local, host)| ["", local, host, ""])
        }
        _ => |whole| [whole, "", "", ""],
    };
    let ([scheme, user, host, rest], [said_scheme, said_user, said_host, said_rest]) =
        (parts(&own), parts(said));
    scheme.eq_ignore_ascii_case(said_scheme)
        && host.eq_ignore_ascii_case(said_host)
        && user == said_user
        && rest == said_rest
}

/// Scheme, user, host with port, and the rest, beginning with what sets it apart.
fn uri_parts(uri: &str) -> [&str; 4] {
    let Some((scheme, behind)) = uri.split_once(':') else { return ["", "", "", uri] };
    let Some(behind) = behind.strip_prefix("//") else { return [scheme, "", "", behind] };
    let (authority, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    [scheme, user, host, rest]
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

/// Whether a wildcard among the names stands for a DNS name (RFC 9525 section 6.3): it helps, but it is
/// another name.
pub(crate) fn wildcard_for(wanted: &GeneralName, there: &[GeneralName]) -> Option<String> {
    let dot = wanted.1.iter().position(|b| *b == b'.').filter(|_| wanted.0 == DNS)?;
    let covers = |name: &&GeneralName| {
        name.0 == DNS && name.1.first() == Some(&b'*') && name.1[1..].eq_ignore_ascii_case(&wanted.1[dot..])
    };
    there.iter().find(covers).map(text)
}

/// Why an issuer with these constraints cannot have issued a certificate with these names; `None` if it can.
pub(crate) fn violates(constraints: &[u8], subject: &[u8], facts: &Facts) -> Option<String> {
    let Some(fields) = Reader::new(constraints).sequence() else {
        return Some("its name constraints cannot be read".to_owned());
    };
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
                    None => {
                        return Some(format!(
                            "its name constraints for a {} cannot be checked here",
                            kind(name.0)
                        ));
                    }
                }
            }
            match (field.tag, inside) {
                (0xa0, false) => {
                    return Some(format!("it may not issue for the {} {}", kind(name.0), text(name)));
                }
                (0xa1, true) => {
                    return Some(format!("it must not issue for the {} {}", kind(name.0), text(name)));
                }
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
            let rdns = |raw: &[u8]| -> Option<Vec<Vec<u8>>> {
                Some(Reader::new(raw).sequence()?.map(|rdn| rdn.raw.to_vec()).collect())
            };
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
    (!host.is_empty() && !host.starts_with('[') && host.parse::<Ipv4Addr>().is_err())
        .then_some(host.as_bytes())
}

/// The raw subject of a certificate (RFC 5280 section 4.1.2.6), and of a request (RFC 2986 section 4.1).
pub(crate) fn subject_of(der: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(der).sequence()?.sequence()?;
    let of_certificate = fields.tagged(context(0)).is_some();
    fields.integer()?;
    match fields.any()? {
        // A request has its subject behind the version; a certificate of version 1 has an algorithm there,
        // which begins with an OID.
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
        let there = [
            dns("WWW.example"),
            (EMAIL, b"Ada@EXAMPLE.org".to_vec()),
            (IP, vec![192, 0, 2, 1]),
            (URI, b"https://a/".to_vec()),
        ];
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

    #[test]
    fn names_are_meant_by_kind() {
        let uri = |uri: &str| (URI, uri.as_bytes().to_vec());
        let mail = |mail: &str| (EMAIL, mail.as_bytes().to_vec());
        for (name, said, meant) in [
            (dns("A.example"), "a.EXAMPLE", true),
            (dns("a.example"), "b.example", false),
            (uri("https://a.example/Path"), "HTTPS://A.Example/Path", true),
            (uri("https://a.example/Path"), "https://a.example/path", false),
            (uri("https://a.example?Q"), "https://a.example?q", false),
            (uri("https://a.example#F"), "https://A.example#F", true),
            (uri("https://Ada@a.example:8443/"), "https://Ada@A.example:8443/", true),
            (uri("https://Ada@a.example/"), "https://ada@a.example/", false),
            (uri("https://[2001:DB8::A]/x"), "https://[2001:db8::a]/x", true),
            (uri("https://a.example/x@Y"), "https://a.example/x@y", false),
            (uri("https://a.example/"), "https://a.example", false),
            (uri("spiffe://Trust.Domain/ns/Prod"), "SPIFFE://trust.domain/ns/Prod", true),
            (uri("urn:Example:Thing"), "URN:Example:Thing", true),
            (uri("urn:Example:Thing"), "urn:example:Thing", false),
            (uri("urn:x"), "urn://x", false),
            (uri("NoScheme"), "noscheme", false),
            (mail("Ada@Example.org"), "Ada@example.ORG", true),
            (mail("Ada@example.org"), "ada@example.org", false),
            (mail("nobody"), "Nobody", true),
            ((IP, vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]), "2001:DB8::A", true),
        ] {
            assert_eq!(is_meant(&name, said), meant, "{} {said}", text(&name));
        }
    }

    fn constraints(permitted: &[GeneralName], excluded: &[GeneralName]) -> Vec<u8> {
        let list = |tag: u8, names: &[GeneralName]| {
            let trees: Vec<u8> =
                names.iter().flat_map(|(tag, content)| tlv(SEQUENCE, &tlv(*tag, content))).collect();
            if names.is_empty() { Vec::new() } else { tlv(tag, &trees) }
        };
        tlv(SEQUENCE, &[list(0xa0, permitted), list(0xa1, excluded)].concat())
    }

    #[test]
    fn name_constraints() {
        let leaf = |names: &[GeneralName]| Facts { names: names.to_vec(), ..Facts::default() };
        let empty = tlv(SEQUENCE, &[]);
        let ours = constraints(
            &[dns("example.org"), (IP, vec![10, 0, 0, 0, 255, 0, 0, 0])],
            &[dns("bad.example.org")],
        );
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
        // RFC 5280 section 4.2.1.10, kind by kind: one permitted or excluded subtree, a name, and whether it
        // fits under the permitted one.
        let v6 = |last: u8| [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[last]].concat();
        let v6_net = [v6(0), vec![0xff; 15], vec![0xf0]].concat();
        for (base, name, inside) in [
            (dns("host.example.com"), dns("www.host.example.com"), true),
            (dns("host.example.com"), dns("host1.example.com"), false),
            (dns("host.example.com"), dns("example.com"), false),
            (dns("Host.Example.com"), dns("WWW.HOST.example.COM"), true),
            (dns(""), dns("anything.example"), true),
            (dns("example.com"), dns("*.example.com"), true),
            ((IP, vec![192, 0, 2, 0, 255, 255, 255, 0]), (IP, vec![192, 0, 2, 200]), true),
            ((IP, vec![192, 0, 2, 0, 255, 255, 255, 0]), (IP, vec![192, 0, 3, 1]), false),
            ((IP, vec![192, 0, 2, 128, 255, 255, 255, 128]), (IP, vec![192, 0, 2, 127]), false),
            ((IP, vec![0; 8]), (IP, vec![203, 0, 113, 9]), true),
            ((IP, v6_net.clone()), (IP, v6(15)), true),
            ((IP, v6_net.clone()), (IP, v6(16)), false),
            ((IP, vec![0; 8]), (IP, v6(1)), false),
            ((EMAIL, b"root@example.com".to_vec()), (EMAIL, b"root@EXAMPLE.com".to_vec()), true),
            ((EMAIL, b"root@example.com".to_vec()), (EMAIL, b"Root@example.com".to_vec()), false),
            ((EMAIL, b"example.com".to_vec()), (EMAIL, b"anyone@Example.com".to_vec()), true),
            ((EMAIL, b"example.com".to_vec()), (EMAIL, b"anyone@mail.example.com".to_vec()), false),
            ((EMAIL, b".example.com".to_vec()), (EMAIL, b"anyone@mail.example.com".to_vec()), true),
            ((EMAIL, b".example.com".to_vec()), (EMAIL, b"anyone@notexample.com".to_vec()), false),
            ((URI, b"host.example.com".to_vec()), (URI, b"https://HOST.example.com:8443/x".to_vec()), true),
            ((URI, b"host.example.com".to_vec()), (URI, b"https://www.host.example.com/".to_vec()), false),
            ((URI, b".example.com".to_vec()), (URI, b"https://www.host.example.com/".to_vec()), true),
            ((URI, b".example.com".to_vec()), (URI, b"https://example.com/".to_vec()), false),
        ] {
            let shown = format!("{} under {:?}", text(&name), String::from_utf8_lossy(&base.1));
            let names = leaf(std::slice::from_ref(&name));
            assert_eq!(
                violates(&constraints(std::slice::from_ref(&base), &[]), &empty, &names).is_none(),
                inside,
                "{shown}"
            );
            assert_eq!(
                violates(&constraints(&[], &[base]), &empty, &names).is_some(),
                inside,
                "{shown}, excluded"
            );
        }
        // No host that could be compared: the certificate must be refused, permitted or excluded.
        for uri in ["urn:x", "https://192.0.2.1/", "https://[2001:db8::1]/", "https:///x"] {
            let names = leaf(&[(URI, uri.as_bytes().to_vec())]);
            let base = || vec![(URI, b".example.com".to_vec())];
            assert!(violates(&constraints(&base(), &[]), &empty, &names).is_some(), "{uri}");
            assert!(violates(&constraints(&[], &base()), &empty, &names).is_some(), "{uri}, excluded");
        }
        // A mask that is no mask of that address, and an address of the wrong length.
        for bad in [vec![192, 0, 2, 0], vec![192, 0, 2, 0, 255, 255, 255], vec![]] {
            assert!(
                violates(&constraints(&[(IP, bad)], &[]), &empty, &leaf(&[(IP, vec![192, 0, 2, 1])]))
                    .is_some()
            );
        }
        let mail = constraints(&[(EMAIL, b".example.org".to_vec())], &[]);
        assert!(violates(&mail, &empty, &leaf(&[(EMAIL, b"a@b.example.org".to_vec())])).is_none());
        assert!(violates(&mail, &empty, &leaf(&[(EMAIL, b"a@example.org".to_vec())])).is_some());
        assert!(
            violates(&constraints(&[(0xa0, vec![1])], &[]), &empty, &leaf(&[(0xa0, vec![1])])).is_some(),
            "what is not understood is no pass"
        );
        let rdn = |value: &[u8]| {
            tlv(0x31, &tlv(SEQUENCE, &[tlv(der::OID, &[0x55, 4, 10]), tlv(0x0c, value)].concat()))
        };
        let directory = constraints(&[(DIRECTORY, tlv(SEQUENCE, &rdn(b"Acme")))], &[]);
        assert!(
            violates(&directory, &tlv(SEQUENCE, &[rdn(b"ACME"), rdn(b"x")].concat()), &leaf(&[])).is_none()
        );
        assert!(violates(&directory, &tlv(SEQUENCE, &rdn(b"Other")), &leaf(&[])).is_some());
        assert!(violates(b"junk", &empty, &leaf(&[])).is_some());
    }
}
