//! Private keys as JSON (RFC 7517): recognised, not read.

/// Fewer characters of base64url are no private number: 112 bits are 19.
const SHORTEST: usize = 19;

const TYPE: u8 = 1;
const PRIVATE: u8 = 2;

/// Whether a JSON text has a private key in it, alone or in a set: an object with a key type (`kty`, RFC 7517
/// section 4.1) and a private number (`d`, RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2) among its
/// own members. Looks at each byte once.
pub(super) fn holds_private_key(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return false;
    }
    // Which members the open objects have, outermost first.
    let mut open: Vec<u8> = Vec::new();
    // The name of the member whose value comes next, and the last string met.
    let (mut name, mut last): (&[u8], &[u8]) = (b"", b"");
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'{' => {
                open.push(0);
                name = b"";
            }
            b'}' => {
                open.pop();
                name = b"";
            }
            b'[' | b']' | b',' => name = b"",
            b':' => name = last,
            b'"' => {
                (last, rest) = string(rest);
                let Some(members) = open.last_mut() else { continue };
                *members |= match name {
                    b"kty" if matches!(last, b"RSA" | b"EC" | b"OKP") => TYPE,
                    b"d" if last.len() >= SHORTEST
                        && last
                            .iter()
                            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=')) =>
                    {
                        PRIVATE
                    }
                    _ => 0,
                };
                if *members == TYPE | PRIVATE {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// A string up to its closing quote, and what follows.
fn string(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return (&text[..at], &text[at + 1..]),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (text, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE";

    #[test]
    fn private_keys_alone_and_in_sets() {
        for text in [
            format!(r#"{{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"{D}"}}"#),
            format!("\u{feff} {{\n \"d\" : \"{D}\",\n \"kty\" : \"OKP\" }}"),
            format!(
                r#"{{"keys":[{{"kty":"RSA","n":"a","e":"AQAB"}},{{"x5c":["a","b"],"kty":"RSA","oth":[{{"r":"a"}}],"d":"{D}"}}]}}"#
            ),
            format!(r#"[{{"note":"a \" }} quote","kty":"EC","d":"{D}"#),
        ] {
            assert!(holds_private_key(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_json_is_none() {
        for text in [
            r#"{"kty":"EC","crv":"P-256","x":"a","y":"b"}"#.to_owned(),
            r#"{"kty":"EC","d":"short"}"#.to_owned(),
            r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}"#.to_owned(),
            format!(r#"{{"kty":"XX","d":"{D}"}}"#),
            format!(r#"{{"d":"{D}","kind":"EC"}}"#),
            format!(r#"{{"kty":"EC","more":{{"d":"{D}"}}}}"#),
            format!(r#"[{{"kty":"EC"}},{{"d":"{D}"}}]"#),
            format!(r#"{{"kty":["EC"],"d":["{D}"]}}"#),
            format!(r#"{{"text":"\"kty\":\"EC\",\"d\":\"{D}\""}}"#),
            format!(r#"{{"kty":"EC","d":"a sentence with blanks in it, {D}"}}"#),
            format!(r#"see {{"kty":"EC","d":"{D}"}}"#),
            "{".repeat(100_000),
            "{\"".repeat(100_000),
            "[\\".to_owned(),
            String::new(),
        ] {
            assert!(!holds_private_key(text.as_bytes()), "{}", &text[..text.len().min(100)]);
        }
    }
}
