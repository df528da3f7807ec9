//! Host names, mail addresses and URIs as RFC 5280 section 4.2.1.6 asks for them, and how one that is not so
//! is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;

use super::form::Form;
use crate::rekey::general_name::{DNS, EMAIL, IP, URI};

/// Why a name is written with A-labels.
pub(crate) const A_LABEL: &str =
    "written with A-labels: a certificate has host names in ASCII alone (RFC 5280 section 7.2)";

/// Judges the content of a `dNSName`.
pub(crate) fn host(content: &[u8]) -> Form {
    let Ok(text) = std::str::from_utf8(content) else {
        return left_out("it is not ASCII (RFC 5280 section 4.2.1.6)");
    };
    if !text.is_ascii() {
        return match a_labels(text) {
            Some(ascii) => Form::Written { tag: DNS, content: ascii.into_bytes(), reason: A_LABEL },
            None => left_out("it has letters beyond ASCII that cannot be written as A-labels (RFC 5891)"),
        };
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Form::Written {
            tag: IP,
            content: octets(ip),
            reason: "written as iPAddress, since a dNSName is compared with host names alone",
        };
    }
    if let Some(short) = text.strip_suffix('.').filter(|short| problem(short).is_none()) {
        let reason = "written without the dot of the root at its end, which a certificate does not have (RFC 5280 section 4.2.1.6)";
        return Form::Written { tag: DNS, content: short.as_bytes().to_vec(), reason };
    }
    problem(text).map_or(Form::Kept, left_out)
}

/// The name with A-labels; `None` where a label cannot be converted or the result is not a host name.
pub(crate) fn a_labels(text: &str) -> Option<String> {
    let (wildcard, rest) = text.strip_prefix("*.").map_or(("", text), |rest| ("*.", rest));
    let ascii = idna::domain_to_ascii_cow(rest.as_bytes(), AsciiDenyList::EMPTY).ok()?;
    let ascii = format!("{wildcard}{}", ascii.strip_suffix('.').unwrap_or(&ascii));
    problem(&ascii).is_none().then_some(ascii)
}

/// What is wrong with a host name in ASCII. Underscores are in use at private CAs, and parsers take them;
/// hyphens at the ends of a label and partial wildcards match at no client (RFC 9525 section 6.3).
fn problem(text: &str) -> Option<&'static str> {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    match text {
        "" => Some("it is empty (RFC 5280 section 4.2.1.6)"),
        _ if text.len() > 253 => Some("it has more than 253 characters (RFC 1035 section 2.3.4)"),
        _ if rest.contains('*') => {
            Some("a * is a wildcard only as the whole of the first label (RFC 9525 section 6.3)")
        }
        _ if rest.split('.').any(|label| label.len() > 63) => {
            Some("it has a label of more than 63 characters (RFC 1035 section 2.3.4)")
        }
        _ if rest.split('.').any(str::is_empty) => Some("it has an empty label (RFC 1034 section 3.5)"),
        _ if !rest.split('.').all(|label| label.bytes().all(letter)) => {
            Some("it has characters that a host name does not have (RFC 5280 section 4.2.1.6)")
        }
        _ if rest.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) => {
            Some("a label of it begins or ends with a hyphen (RFC 1034 section 3.5)")
        }
        _ => None,
    }
}

/// Judges the content of an `rfc822Name`: a `Mailbox` (RFC 5321 section 4.1.2) without name and angle
/// brackets.
pub(crate) fn mail(content: &[u8]) -> Form {
    let Ok(text) = std::str::from_utf8(content) else {
        return left_out("it is not ASCII (RFC 5280 section 4.2.1.6)");
    };
    let Some((local, domain)) = text.rsplit_once('@') else {
        return left_out("it has no @ (RFC 5280 section 4.2.1.6)");
    };
    if !is_local_part(local) {
        let why = if local.is_ascii() {
            "the part before its @ is not that of a mail address (RFC 5321 section 4.1.2)"
        } else {
            NOT_ASCII_MAIL
        };
        return left_out(why);
    }
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let v6 =
            literal.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("ipv6:")).then(|| &literal[5..]);
        let good =
            v6.map_or_else(|| literal.parse::<Ipv4Addr>().is_ok(), |v6| v6.parse::<Ipv6Addr>().is_ok());
        return if good {
            Form::Kept
        } else {
            left_out("the part after its @ is not an address (RFC 5321 section 4.1.3)")
        };
    }
    match host(domain.as_bytes()) {
        Form::Kept if !domain.starts_with('*') => Form::Kept,
        Form::Written { tag: DNS, content, reason } if !content.starts_with(b"*") => Form::Written {
            tag: EMAIL,
            content: [local.as_bytes(), b"@", content.as_slice()].concat(),
            reason,
        },
        _ => left_out("the part after its @ is not a host name (RFC 5280 section 4.2.1.6)"),
    }
}

const NOT_ASCII_MAIL: &str =
    "the part before its @ is not ASCII, and an rfc822Name cannot hold that (RFC 9598 section 3)";

/// `Dot-string` or `Quoted-string`; dots anywhere, since providers have given such addresses away.
fn is_local_part(local: &str) -> bool {
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let inner = local.get(1..local.len().saturating_sub(1)).unwrap_or_default();
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    match quoted {
        true => {
            inner.bytes().all(|b| matches!(b, b' '..=b'~'))
                && !inner.replace("\\\\", "").replace("\\\"", "").contains(['"', '\\'])
        }
        false => !local.is_empty() && local.bytes().all(atom),
    }
}

/// Judges the content of a `uniformResourceIdentifier`: absolute, with something behind the scheme, and an
/// authority that is a host or an address (RFC 5280 section 4.2.1.6, RFC 3986). An IRI becomes a URI (RFC
/// 5280 section 7.4).
pub(crate) fn uri(content: &[u8]) -> Form {
    let Ok(text) = std::str::from_utf8(content) else {
        return left_out("it is not ASCII (RFC 5280 section 4.2.1.6)");
    };
    if text.is_ascii() {
        return uri_problem(text).map_or(Form::Kept, left_out);
    }
    let Some(mapped) = mapped(text).filter(|mapped| uri_problem(mapped).is_none()) else {
        return left_out(
            "it has characters beyond ASCII and cannot be written as a URI (RFC 5280 section 7.4)",
        );
    };
    let reason = "written in ASCII: its host with A-labels, the rest percent-encoded (RFC 5280 section 7.4)";
    Form::Written { tag: URI, content: mapped.into_bytes(), reason }
}

/// RFC 3987 section 3.1, with the host as A-labels.
fn mapped(text: &str) -> Option<String> {
    let encoded = |part: &str| {
        let one = |c: char| match c.is_ascii() {
            true => c.to_string(),
            false => c.encode_utf8(&mut [0; 4]).bytes().map(|b| format!("%{b:02X}")).collect(),
        };
        part.chars().map(one).collect::<String>()
    };
    let Some((head, behind)) = text.split_once("://") else { return Some(encoded(text)) };
    let (authority, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
    let (user, host) =
        authority.rsplit_once('@').map_or(("", authority), |(user, host)| (&authority[..=user.len()], host));
    let (host, port) = host.rfind(':').map_or((host, ""), |at| host.split_at(at));
    let host = if host.is_ascii() { host.to_owned() } else { a_labels(host)? };
    Some(format!("{head}://{}{host}{port}{}", encoded(user), encoded(rest)))
}

/// What is wrong with a URI in ASCII.
fn uri_problem(text: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = text.split_once(':') else {
        return Some("it is not an absolute URI: it has no scheme (RFC 5280 section 4.2.1.6)");
    };
    let begins = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if !begins || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
        return Some("it is not an absolute URI: it has no scheme (RFC 5280 section 4.2.1.6)");
    }
    if rest.is_empty() {
        return Some("nothing is behind its scheme (RFC 5280 section 4.2.1.6)");
    }
    let (authority, behind) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            (Some(authority), behind)
        }
        None => (None, rest),
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&b);
    let fragments = behind.matches('#').count();
    if fragments > 1
        || !behind.bytes().all(|b| allowed(b) || b == b'#')
        || !authority.is_none_or(is_authority)
    {
        return Some("it is not a URI of the syntax of RFC 3986");
    }
    let escapes = text
        .split('%')
        .skip(1)
        .all(|after| after.get(..2).is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit())));
    (!escapes)
        .then_some("it is not a URI of the syntax of RFC 3986: a % is not followed by two hexadecimal digits")
}

/// User, host and port. It may be empty as a whole, as in `file:///x`.
fn is_authority(authority: &str) -> bool {
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let of_user = |b: u8| b.is_ascii_alphanumeric() || b"-._~:!$&'()*+,;=%".contains(&b);
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, port)) => (v6.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (host, port) = place.find(':').map_or((place, ""), |at| place.split_at(at));
            let empty = host.is_empty() && port.is_empty() && user.is_empty();
            (
                empty || host.parse::<Ipv4Addr>().is_ok() || problem(host).is_none() && !host.contains('*'),
                port,
            )
        }
    };
    let port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    host && port && user.bytes().all(of_user)
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn left_out(reason: &str) -> Form {
    Form::LeftOut(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `None` for a name that is left out.
    fn form(judge: fn(&[u8]) -> Form, name: &str) -> Option<String> {
        match judge(name.as_bytes()) {
            Form::Kept => Some(name.to_owned()),
            Form::Written { content, tag: IP, .. } => Some(format!("ip {content:?}")),
            Form::Written { content, .. } => Some(String::from_utf8(content).unwrap()),
            Form::LeftOut(reason) => {
                assert!(!reason.is_empty());
                None
            }
        }
    }

    #[test]
    fn hosts() {
        let (label, long) = ("a".repeat(63), "ab.".repeat(84));
        for kept in [
            "www.example.com",
            "UPPER.example",
            "db1",
            "_a.b_c.corp",
            "*.example.com",
            "*.corp",
            "xn--bcher-kva.example",
            "1.2.3",
            &label,
        ] {
            assert_eq!(form(host, kept).as_deref(), Some(kept));
        }
        for (name, written) in [
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("*.B\u{dc}CHER.example", "*.xn--bcher-kva.example"),
            ("a_b.b\u{fc}cher.corp", "a_b.xn--bcher-kva.corp"),
            ("\u{4f8b}\u{3048}\u{3002}\u{30c6}\u{30b9}\u{30c8}", "xn--r8jz45g.xn--zckzah"),
            ("www.example.com.", "www.example.com"),
            ("b\u{fc}cher.example.", "xn--bcher-kva.example"),
            ("192.0.2.1", "ip [192, 0, 2, 1]"),
            ("2001:db8::1", "ip [32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]"),
        ] {
            assert_eq!(form(host, name).as_deref(), Some(written), "{name}");
        }
        for gone in [
            "",
            ".",
            "a b",
            "a\nb",
            "a\0b",
            " a.example",
            "a..b",
            ".a.b",
            "a.example..",
            "*",
            "w*.a.example",
            "a.*.example",
            "*.*.example",
            "a:80",
            "http://a/",
            "a@b",
            "-a.b",
            "a-.b",
            "a\u{fc} b.example",
            "\u{202e}a.example",
            "a\u{fc}..example",
            "\u{2f}\u{fc}",
        ] {
            assert_eq!(form(host, gone), None, "{gone:?}");
        }
        assert_eq!(form(host, &format!("{label}a.b")), None);
        assert_eq!(
            (form(host, &format!("{long}c")).is_some(), form(host, &format!("{long}cd"))),
            (true, None)
        );
        assert_eq!(
            form(host, &format!("{}\u{fc}.example", "\u{e4}".repeat(60))),
            None,
            "too long once it is written in ASCII"
        );
        assert!(matches!(host(b"b\xfccher.example"), Form::LeftOut(_)));
    }

    #[test]
    fn mail_addresses() {
        for kept in [
            "a@b.example",
            "a.b+c@localhost",
            "a..b.@b.example",
            "\"a b\"@b.example",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            "a@b_c.corp",
        ] {
            assert_eq!(form(mail, kept).as_deref(), Some(kept));
        }
        assert_eq!(form(mail, "a@b\u{fc}cher.example").as_deref(), Some("a@xn--bcher-kva.example"));
        for gone in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "Bob <b@x.example>",
            "a b@c",
            "a\n@b",
            "\u{fc}@b.example",
            "a@*.b",
            "a@b c",
            "a@192.0.2.1",
            "a@[x]",
            "\"a\"b\"@c",
            "\"@c",
            "a@b,c@d",
        ] {
            assert_eq!(form(mail, gone), None, "{gone:?}");
        }
    }

    #[test]
    fn uris() {
        for kept in [
            "https://a.example/x?y=%20#z",
            "spiffe://a_b.corp/c",
            "urn:uuid:x",
            "file:///x",
            "ldap:///CN=a,DC=b",
            "http://[2001:db8::1]:80/",
            "https://a.example:8443",
            "http://u:p@192.0.2.1/",
            "mailto:a@b",
            "tag:a.example,2020:x",
        ] {
            assert_eq!(form(uri, kept).as_deref(), Some(kept));
        }
        assert_eq!(
            form(uri, "http://b\u{fc}cher.example:80/\u{fc}?\u{e4}").as_deref(),
            Some("http://xn--bcher-kva.example:80/%C3%BC?%C3%A4")
        );
        assert_eq!(form(uri, "urn:x:\u{fc}").as_deref(), Some("urn:x:%C3%BC"));
        for gone in [
            "",
            "/x",
            "a.example",
            "a:",
            ":a",
            "1a:b",
            "http://a b/",
            "http://a/%zz",
            "http://a/%4",
            "http://a:x/",
            "http://[::1/",
            "http://[::1]x/",
            "http://a.example./",
            "http://a..b/",
            "http://a/\"<>",
            "http://a/{x}",
            "http://*.a/",
            "http://a/\u{1}",
            "http://a\\b/",
            "http://a%41/",
            "http://a/|",
            "http://a/#x#y",
            "http://u@/",
            "http://a/\u{202e} b",
            "http:///\u{fc} x",
        ] {
            assert_eq!(form(uri, gone), None, "{gone:?}");
        }
    }
}
