//! Hostile text in Markdown: names and paths as code, sentences with everything escaped that means something.

use crate::pki::show;

/// A name as a code span, where nothing in it means anything (CommonMark section 6.1).
pub(crate) fn code(text: &str) -> String {
    let text = show(text);
    let fence = "`".repeat(1 + text.split(|c| c != '`').map(str::len).max().unwrap_or(0));
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence that may hold a name.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = show(text);
    for (i, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Bare addresses become links in many readers.
            ':' if text[i + 1..].starts_with("//") => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    // The other kind of bare address (GFM section 6.9).
    out.replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_code_span() {
        for (text, span) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("a\nb", "`a\\0Ab`"),
            ("](http://x)|<b>", "`](http://x)|<b>`"),
        ] {
            assert_eq!(code(text), span);
        }
    }

    #[test]
    fn sentences_are_plain() {
        assert_eq!(
            escape("it is not a host name (RFC 5280 section 4.2.1.6)"),
            "it is not a host name (RFC 5280 section 4.2.1.6)"
        );
        assert_eq!(
            escape("[x](http://www.e) <b> `c` | *d* _e_ a@b &amp;\n"),
            "\\[x\\](http&#58;//www&#46;e) &lt;b&gt; \\`c\\` \\| \\*d\\* \\_e\\_ a&#64;b &amp;amp;\\\\0A"
        );
    }
}
