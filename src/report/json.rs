//! Writing JSON by hand where it is hot: strings, numbers and lists straight into a buffer.

use std::io;

use crate::pki::name::is_hidden;

/// Appends `,"name":` in one piece: there are millions of them.
macro_rules! name {
    ($out:expr, $name:literal) => {
        $out.extend_from_slice(concat!(",\"", $name, "\":").as_bytes())
    };
}
pub(crate) use name;

/// Appends a JSON string. Hidden and reordering characters are written as `\u` escapes: the value is the
/// same, and a terminal stays unharmed.
pub fn push_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| push_char(out, c));
    }
    out.push(b'"');
}

/// Whether a string can be copied: printable ASCII without quote and backslash. Without early exit, so that
/// it is computed many bytes at once.
fn is_plain(bytes: &[u8]) -> bool {
    let special = |b: u8| !(0x20..0x7f).contains(&b) | (b == b'"') | (b == b'\\');
    !bytes.iter().fold(false, |found, b| found | special(*b))
}

/// Appends a JSON string that is known to be plain: a name of ours.
pub fn push_word(out: &mut Vec<u8>, word: &str) {
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

fn push_char(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if is_hidden(c) => {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.extend_from_slice(b"\\u");
                crate::id::push_hex(out, &unit.to_be_bytes());
            }
        }
        c => {
            let mut bytes = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

/// What lets `serde_json` write strings as [`push_str`] does: the standard asks for escapes below U+0020 only
/// (RFC 8259 section 7).
struct Escaping;

impl serde_json::ser::Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_plain(fragment.as_bytes()) {
            return out.write_all(fragment.as_bytes());
        }
        let mut text = Vec::with_capacity(fragment.len() + 8);
        fragment.chars().for_each(|c| push_char(&mut text, c));
        out.write_all(&text)
    }
}

/// Appends a decimal number.
pub fn push_number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a list of strings.
pub fn push_list<'a>(out: &mut Vec<u8>, items: impl IntoIterator<Item = &'a str>) {
    out.push(b'[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_str(out, item);
    }
    out.push(b']');
}

/// Appends any value; hidden characters are escaped.
pub fn push<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // What is handed in has a JSON form, and a vector takes it.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(out, Escaping));
}

/// Any value in one piece.
#[must_use]
pub fn to_vec<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        for text in ["plain", "q\"uo\\te", "a\n\r\t\u{1}\u{7f}", "ü\u{202e}x\u{e0001}", "", "日本"] {
            let mut out = Vec::new();
            push_str(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).ok().as_deref(), Some(text));
            assert!(!out.iter().any(|b| *b < 0x20));
        }
        let mut out = Vec::new();
        push_number(&mut out, u64::MAX);
        push_number(&mut out, 0);
        assert_eq!(out, b"184467440737095516150");
    }
}
