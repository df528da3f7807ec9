//! A file-name part from a name that an attacker may have chosen.

/// Longest result, in bytes; file systems end names at 255.
const LONGEST: usize = 64;
/// What stands for a name without a usable character.
const NAMELESS: &str = "certificate";

/// Reduces any text to lower-case ASCII letters, digits, `-` and single `.`: never empty, never hidden, never
/// an option, never a way upwards.
#[must_use]
pub fn slug(name: &str) -> String {
    let (wildcard, rest) = match name.strip_prefix("*.") {
        Some(rest) => ("wildcard.", rest),
        None => ("", name),
    };
    let mut out = String::from(wildcard);
    let mut before = ' ';
    for found in rest.chars() {
        if out.len() >= LONGEST {
            break;
        }
        let c = if found.is_ascii_alphanumeric() || found == '.' { found.to_ascii_lowercase() } else { '-' };
        let after_mark = out.is_empty() || out.ends_with(['.', '-']);
        // Two hyphens belong to an A-label (RFC 5890 section 2.3.2.1).
        let second = found == '-' && before == '-' && out.ends_with('-');
        if second || !(after_mark && matches!(c, '.' | '-')) {
            out.push(c);
        }
        before = found;
    }
    out.truncate(out.trim_end_matches(['.', '-']).len());
    if out.is_empty() { NAMELESS.into() } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_parts_of_paths() {
        for (name, part) in [
            ("www.Example.COM", "www.example.com"),
            ("*.example.com", "wildcard.example.com"),
            ("*.", "wildcard"),
            ("../../etc/passwd", "etc-passwd"),
            ("a..b", "a.b"),
            ("-rf", "rf"),
            (".hidden", "hidden"),
            ("", "certificate"),
            ("\u{202e}\0\n", "certificate"),
            ("Größe & Co", "gr-e-co"),
            ("CN=a,O=b", "cn-a-o-b"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("--a--.--b", "a---b"),
        ] {
            assert_eq!(slug(name), part, "{name:?}");
        }
        assert_eq!(slug(&"a".repeat(1000)).len(), 64);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_safe_part(name in any::<String>(), dots in "[*./\\\\-]{0,8}[a-zA-Z.*-]{0,90}") {
            for name in [name, dots] {
                let part = slug(&name);
                prop_assert!(!part.is_empty() && part.len() <= LONGEST);
                prop_assert!(part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.')));
                prop_assert!(!part.starts_with(['.', '-']) && !part.ends_with(['.', '-']) && !part.contains(".."));
            }
        }
    }
}
