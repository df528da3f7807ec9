//! Host names that no public CA certifies (CA/B Forum TLS BR 4.2.2 and 7.1.2.7.12).

/// Top-level names that are not in the public DNS and, by a promise of the IETF or ICANN or by their use in
/// every second company, never will be. A list of those that are would refuse the names of tomorrow.
const NEVER_PUBLIC: &[(&str, &str)] = &[
    ("alt", "RFC 9476"),
    ("corp", "never delegated, ICANN board resolution of 2018-02-04"),
    ("example", "RFC 6761"),
    ("home", "never delegated, ICANN board resolution of 2018-02-04"),
    ("internal", "reserved by ICANN in 2024"),
    ("intranet", "RFC 6762 appendix G"),
    ("invalid", "RFC 6761"),
    ("lan", "RFC 6762 appendix G"),
    ("local", "RFC 6762"),
    ("localdomain", "no top-level domain"),
    ("localhost", "RFC 6761"),
    ("mail", "never delegated, ICANN board resolution of 2018-02-04"),
    ("private", "RFC 6762 appendix G"),
    ("test", "RFC 6761"),
    ("workgroup", "no top-level domain"),
];

/// What becomes of a host name at a public CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is asked for as it is.
    Fine,
    /// It is not asked for, for this reason.
    Refused(String),
}

/// Judges one `dNSName`.
pub(crate) fn judge(name: &[u8]) -> Verdict {
    let refused = |says: &str| Verdict::Refused(says.to_owned());
    let Ok(text) = std::str::from_utf8(name) else { return refused("it is no host name (BR 7.1.2.7.12)") };
    let host = text.strip_prefix("*.").unwrap_or(text);
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    if host.contains('*') {
        return refused("a * may only be the whole of the first label (BR 1.6.1, Wildcard Domain Name)");
    }
    if host.contains('_') {
        return refused("an underscore is no letter of a host name (BR 7.1.2.7.12)");
    }
    if text.len() > 253 || labels.iter().any(|label| !is_ldh(label)) {
        return refused("it is no host name of letters, digits and hyphens (BR 7.1.2.7.12)");
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return refused("it ends like an address, not like a host name (BR 7.1.2.7.12)");
    }
    if let Some(label) = labels.iter().find(|l| is_reserved_ldh(l)) {
        return Verdict::Refused(format!(
            "the label {label} has hyphens in its third and fourth place, which only xn-- may have (BR 7.1.2.7.12)"
        ));
    }
    if labels.len() == 1 {
        let says = if host.len() == text.len() {
            "an internal name: it has no dot (BR 4.2.2)"
        } else {
            "a wildcard for a whole top-level domain (BR 3.2.2.6)"
        };
        return refused(says);
    }
    internal(&labels, &last)
}

fn internal(labels: &[&str], last: &str) -> Verdict {
    let below = |suffix: [&str; 2]| {
        labels.len() >= 2
            && labels[labels.len() - 2..].iter().zip(suffix).all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    if let Some((_, source)) = NEVER_PUBLIC.iter().find(|(name, _)| *name == last) {
        return Verdict::Refused(format!(
            "an internal name: .{last} is not in the public DNS ({source}; BR 4.2.2)"
        ));
    }
    if below(["home", "arpa"]) {
        return Verdict::Refused(
            "an internal name: home.arpa is for homes alone (RFC 8375; BR 4.2.2)".to_owned(),
        );
    }
    if below(["in-addr", "arpa"]) || below(["ip6", "arpa"]) {
        return Verdict::Refused(
            "a name for reverse look-up, not certified from 2026-03-15 on (BR 7.1.2.7.12)".to_owned(),
        );
    }
    if last == "onion" && !is_onion(labels) {
        return Verdict::Refused("not an onion service of version 3 (BR appendix B)".to_owned());
    }
    Verdict::Fine
}

/// An LDH label, RFC 5890 section 2.3.1.
fn is_ldh(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A reserved LDH label that is no A-label, RFC 5890 section 2.3.1.
fn is_reserved_ldh(label: &str) -> bool {
    label.as_bytes().get(2..4) == Some(b"--")
        && !label.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("xn"))
}

/// The address of an onion service of version 3: 56 characters of base32 (RFC 4648), whose last 5 bits say
/// the version.
fn is_onion(labels: &[&str]) -> bool {
    let address = labels[labels.len() - 2].to_ascii_lowercase();
    address.len() == 56
        && address.ends_with('d')
        && address.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_refuses_what_it_is_for_and_nothing_beside_it() {
        let onion = format!("{}d.onion", "a".repeat(55));
        for name in [
            "www.example.com",
            "*.example.com",
            "a-b.xn--bcher-kva.example.org",
            "WWW.EXAMPLE.COM",
            "local.example.com",
            "corp.de",
            &onion,
            "1.2.com",
        ] {
            assert_eq!(judge(name.as_bytes()), Verdict::Fine, "{name}");
        }
        for (name, says) in [
            ("db1", "no dot"),
            ("printer.local", ".local is not"),
            ("a.b.INTERNAL", ".internal is not"),
            ("x.corp", ".corp is not"),
            ("x.lan", ".lan is not"),
            ("x.test", "6761"),
            ("www.example", "6761"),
            ("x.invalid", "6761"),
            ("x.localhost", "6761"),
            ("router.home.arpa", "8375"),
            ("1.2.0.192.in-addr.arpa", "reverse"),
            ("8.b.d.0.ip6.arpa", "reverse"),
            ("a.onion", "version 3"),
            ("*.local", "whole top-level"),
            ("*.com", "whole top-level"),
            ("w*.example.com", "whole of the first"),
            ("a.*.example.com", "whole of the first"),
            ("*.*.example.com", "whole of the first"),
            ("a_b.example.com", "underscore"),
            ("-a.example.com", "letters, digits"),
            ("a..example.com", "letters, digits"),
            ("b\u{fc}cher.example.com", "letters, digits"),
            ("a b.example.com", "letters, digits"),
            ("", "letters, digits"),
            ("ab--c.example.com", "third and fourth"),
            ("10.1.2.3", "like an address"),
            ("www.example.com.", "letters, digits"),
        ] {
            match judge(name.as_bytes()) {
                Verdict::Refused(reason) => assert!(reason.contains(says), "{name}: {reason}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(
            matches!(judge(b"\xff.com"), Verdict::Refused(_))
                && matches!(judge("a.".repeat(200).as_bytes()), Verdict::Refused(_))
        );
        assert!(matches!(judge(format!("{}.com", "a".repeat(64)).as_bytes()), Verdict::Refused(_)));
    }
}
