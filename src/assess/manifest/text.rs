//! The bytes of a manifest to text: UTF-8, UTF-16 with byte order mark, Latin-1 line by line.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// A manifest as text.
pub(crate) struct Text<'b> {
    /// With `\n` at the end of lines, and without byte order mark; the bytes themselves, where they are that.
    pub(crate) text: Cow<'b, str>,
    /// Lines that were no UTF-8 and were read as Latin-1, from 1.
    pub(crate) latin: BTreeSet<u64>,
}

/// Reads the bytes; the message says what form is not read.
pub(crate) fn read(bytes: &[u8]) -> Result<Text<'_>, String> {
    let whole: Cow<'_, str> = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] => return lines(rest),
        // In UTF-16 about every other byte of a head is zero; a lone one is a matter of its row.
        _ if bytes.iter().take(HEAD).filter(|b| **b == 0).count() * 3 > bytes.len().min(HEAD) => {
            return Err(
                "it holds NUL bytes; if it is UTF-16, save it as UTF-8 or with a byte order mark".to_owned()
            );
        }
        _ => return lines(bytes),
    };
    Ok(Text { text: one_kind_of_end(whole), latin: BTreeSet::new() })
}

/// Bytes that tell whether a text is UTF-16.
const HEAD: usize = 64;

fn lines(bytes: &[u8]) -> Result<Text<'_>, String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Text { text: one_kind_of_end(Cow::Borrowed(text)), latin: BTreeSet::new() });
    }
    let mut latin = BTreeSet::new();
    let mut text = String::with_capacity(bytes.len());
    for (i, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            // ISO 8859-1: each byte is the character of its number.
            Err(_) => {
                text.extend(line.iter().map(|b| char::from(*b)));
                latin.insert(i as u64 + 1);
            }
        }
    }
    Ok(Text { text: one_kind_of_end(Cow::Owned(text)), latin })
}

/// Line numbers are those that an editor shows.
fn one_kind_of_end(text: Cow<'_, str>) -> Cow<'_, str> {
    let has = |byte| memchr::memchr(byte, text.as_bytes()).is_some();
    match (has(b'\r'), has(b'\n')) {
        (false, _) => text,
        (true, true) => Cow::Owned(text.replace("\r\n", "\n")),
        (true, false) => Cow::Owned(text.replace('\r', "\n")),
    }
}

fn utf_16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|p| unit(*p))).collect();
    match (text, rest) {
        (Ok(text), []) => Ok(text),
        _ => Err("it begins as UTF-16 and is not UTF-16 throughout; save it as UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "path,uploaded_at\nm\u{fc}ller.pem,2015-01-01\n";
        let wide = |bom: u16, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(bom).chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let forms = [
            text.as_bytes().to_vec(),
            text.replace('\n', "\r\n").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            wide(0xfeff, u16::to_le_bytes),
            wide(0xfeff, u16::to_be_bytes),
            latin,
        ];
        for form in &forms {
            assert_eq!(read(form).unwrap().text, text, "{form:x?}");
        }
        assert_eq!(read(&forms[5]).unwrap().latin, BTreeSet::from([2]));
        assert!(
            read(&wide(0xfeff, u16::to_le_bytes)[..9]).is_err()
                && read(&wide(0x70, u16::to_le_bytes)).is_err()
        );
    }
}
