//! Headers inside a block (RFC 1421 section 4.6, RFC 4716 section 3.3).

use super::lines::Split;

/// What the headers of a block say about its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    /// `Proc-Type: 4,ENCRYPTED` (RFC 1421 section 4.6.1.1) or a `DEK-Info`: the content is ciphertext.
    pub(crate) encrypted: bool,
    /// Value of `DEK-Info` (RFC 1421 section 4.6.1.3): cipher name, comma, initialization vector in hex.
    pub(crate) dek_info: Option<String>,
}

/// Reads the headers that `text` begins with, also where their line ends became blanks. Returns them and the
/// text behind them.
pub(super) fn split(text: &[u8]) -> (Headers, &[u8]) {
    let (headers, behind) = parse(text);
    if behind.iter().all(u8::is_ascii_whitespace) {
        return flattened(text).unwrap_or((headers, behind));
    }
    (headers, behind)
}

/// Reads the headers that `text` begins with. Returns them and the text behind them.
///
/// A header is a line `Name: value`; a line after it that begins with a blank continues it, and so does any
/// line after a trailing backslash (RFC 4716). The headers end before the first line that cannot be one;
/// blank lines between them come from doubled line ends, and base64 text has no colon.
fn parse(text: &[u8]) -> (Headers, &[u8]) {
    let mut headers = Headers::default();
    let start = text.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(text.len());
    let mut behind = &text[start..];
    let mut lines = Split::new(behind);
    let mut latest: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut continued = false;
    while let Some(line) = lines.next() {
        if line.trim_ascii().is_empty() {
            headers.take(latest.take());
        } else if let Some((name, value)) = latest.as_mut().filter(|_| continued || is_continuation(line)) {
            if is_wanted(name) {
                value.extend_from_slice(line.trim_ascii());
            }
        } else if let Some((name, value)) = field(line) {
            let name = name.to_ascii_lowercase();
            let value = if is_wanted(&name) { value.to_vec() } else { Vec::new() };
            headers.take(latest.replace((name, value)));
        } else {
            break;
        }
        continued = latest.is_some() && line.ends_with(b"\\");
        behind = lines.rest();
    }
    headers.take(latest);
    (headers, behind)
}

/// Reads the two headers of an encrypted key whose line ends became blanks. `None`: there are none.
fn flattened(text: &[u8]) -> Option<(Headers, &[u8])> {
    let text = text.trim_ascii_start();
    if !text.starts_with(b"Proc-Type:") && !text.starts_with(b"DEK-Info:") {
        return None;
    }
    let at = memchr::memmem::find(text, b"DEK-Info:")?;
    let value = text[at..].strip_prefix(b"DEK-Info:")?.trim_ascii_start();
    let end = value.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b',')))?;
    let mut headers = Headers::default();
    headers.take(Some((b"dek-info".to_vec(), value[..end].to_vec())));
    Some((headers, &value[end..]))
}

impl Headers {
    /// Takes note of one header; its name is in lower case.
    fn take(&mut self, header: Option<(Vec<u8>, Vec<u8>)>) {
        let Some((name, value)) = header else { return };
        match name.as_slice() {
            b"proc-type" => {
                let upper = value.to_ascii_uppercase();
                self.encrypted |= memchr::memmem::find(&upper, b"ENCRYPTED").is_some();
            }
            b"dek-info" => {
                self.encrypted = true;
                self.dek_info = String::from_utf8(value).ok();
            }
            _ => {}
        }
    }
}

/// Whether the value of a header is looked at. Others are not copied: people put anything there, keys too.
fn is_wanted(name: &[u8]) -> bool {
    matches!(name, b"proc-type" | b"dek-info")
}

/// Whether the line can continue a header: it begins with a blank and has something behind it.
fn is_continuation(line: &[u8]) -> bool {
    line.first().is_some_and(|b| matches!(b, b' ' | b'\t'))
        && !line.trim_ascii().is_empty()
        && field(line).is_none()
}

/// Name and value of a header line; blanks in front come from indented blocks.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let ok = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    ok.then(|| (name, value.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(text: &str) -> (bool, Option<String>, String) {
        let (headers, behind) = parse(text.as_bytes());
        (headers.encrypted, headers.dek_info, String::from_utf8_lossy(behind).trim().to_owned())
    }

    #[test]
    fn headers_of_an_encrypted_key() {
        let text = "\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,AB12\n\nMIIB\n";
        assert_eq!(rest(text), (true, Some("DES-EDE3-CBC,AB12".into()), "MIIB".into()));
        assert_eq!(
            rest(&text.replace("\n\n", "\n")),
            (true, Some("DES-EDE3-CBC,AB12".into()), "MIIB".into())
        );
        assert_eq!(rest(&text.replace('\n', "\r\n")).2, "MIIB");
        for doubled in ["\r\r\n", "\n\n", "\n \n", "\n\n\n  "] {
            assert_eq!(
                rest(&text.replace('\n', doubled)),
                (true, Some("DES-EDE3-CBC,AB12".into()), "MIIB".into()),
                "{doubled:?}"
            );
        }
        assert_eq!(rest(&text.replace('\n', "\r")).2, "MIIB");
        assert_eq!(
            rest(&text.replace('\n', "\n  ")),
            (true, Some("DES-EDE3-CBC,AB12".into()), "MIIB".into())
        );
    }

    #[test]
    fn continued_headers() {
        assert_eq!(rest("\nX-A: 1\n 2\n\t3\nMIIB"), (false, None, "MIIB".into()));
        assert_eq!(rest("\nComment: \"a\\\nb c\"\nAAAA"), (false, None, "AAAA".into()));
        assert_eq!(rest("\nMIIB\nA: b"), (false, None, "MIIB\nA: b".into()));
        assert_eq!(rest(""), (false, None, String::new()));
    }

    #[test]
    fn headers_on_one_line() {
        let (headers, behind) =
            flattened(b" Proc-Type: 4,ENCRYPTED DEK-Info: AES-128-CBC,00FF MIIB AAAA").expect("headers");
        assert_eq!(
            (headers.encrypted, headers.dek_info.as_deref(), behind),
            (true, Some("AES-128-CBC,00FF"), &b" MIIB AAAA"[..])
        );
        assert_eq!(flattened(b"MIIB"), None);
    }
}
