//! Whether a certificate names a host: what makes of a CA certificate one of a server (DESIGN.md 2.4).

use std::net::IpAddr;

use super::cert::Certificate;
use super::name;

impl Certificate {
    /// Whether its `subjectAltName` has a `dNSName` or an `iPAddress`.
    #[must_use]
    pub fn alt_name_is_host(&self) -> bool {
        self.names.dns.first().is_some() || !self.names.ip().is_empty()
    }

    /// Whether it names a host: in its `subjectAltName`, or in a common name.
    #[must_use]
    pub fn names_host(&self) -> bool {
        self.alt_name_is_host() || name::common_names(&self.subject).iter().any(|cn| is_host(cn))
    }
}

/// Whether a common name is one of a host: an address, `localhost`, a wildcard, a name in other letters than
/// ASCII's (a U-label), or a name of two labels and more.
#[must_use]
pub fn is_host(name: &str) -> bool {
    let name = name.trim();
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    if bare.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || name == "*" {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let (wildcard, rest) = name.strip_prefix("*.").map_or((false, name), |rest| (true, rest));
    // UTS #46 section 2.3: these are dots too.
    let labels: Vec<&str> = rest.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).collect();
    let last_is_number = labels.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let is_international =
        !rest.is_ascii() || rest.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
    labels.iter().all(|l| is_label(l))
        && !last_is_number
        && (wildcard || labels.len() > 1 || is_international)
}

/// Letters of any script, digits, hyphens and underscores (which no standard allows, and many hosts have), or
/// a wildcard within.
fn is_label(label: &str) -> bool {
    let allowed = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '-' | '_' | '*')
            || !c.is_ascii() && !c.is_whitespace() && !name::is_hidden(c)
    };
    (1..=63).contains(&label.chars().count()) && label.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn names_of_hosts_and_of_authorities() {
        for host in [
            "a.example",
            "A.Example.",
            "*.example",
            "*",
            "localhost",
            "192.0.2.1",
            "2001:db8::1",
            "[::1]",
            "my_host.example",
            "bücher.example",
            "bücher",
            "xn--bcher-kva",
            "x。example",
        ] {
            assert!(is_host(host), "{host}");
        }
        for other in [
            "Example Root CA",
            "ISRG Root X1",
            "Acme, Inc.",
            "appliance",
            "v1.0",
            "Root.2",
            "a@b.example",
            "http://a.example/",
            "a..example",
            "",
            "Müller CA",
        ] {
            assert!(!is_host(other), "{other}");
        }
    }
}
