//! What people and programs wrap around the lines of a block: escapes, string literals, prefixes of lines.
//! Each function takes one wrapping off and writes what is left, never more than it was given.

use super::base64::{is_blank, is_digit, reset};
use super::lines::Split;

/// How `+` is to be read in a text with percent escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) enum Plus {
    /// It is a digit.
    Digit,
    /// It is a blank (`application/x-www-form-urlencoded`).
    Blank,
}

/// Whether `text` has anything that [`unescape`] would change.
pub(super) fn has_escapes(text: &[u8]) -> bool {
    memchr::memchr3(b'\\', b'%', b'&', text).is_some()
        || memchr::memchr3(b'<', b'`', b'#', text).is_some()
        || memchr::memchr(0x1b, text).is_some()
}

/// Undoes escapes of JSON, shells, source code, URLs, HTML and XML. What stands for a line end becomes one.
///
/// Any number of backslashes counts as one, since text that passed through several programs was escaped
/// several times.
pub(in crate::read) fn unescape(text: &[u8], plus: Plus, out: &mut Vec<u8>) {
    reset(out, text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let (meaning, width) = match byte {
            b'\\' => backslash(rest),
            b'#' => hash(rest),
            0x1b => (None, colour(rest)),
            b'`' if matches!(rest.get(1), Some(b'n' | b'r')) => (Some(b'\n'), 2),
            b'%' => percent(rest),
            b'&' => entity(rest),
            b'<' => match rest.iter().take(64).position(|b| *b == b'>') {
                Some(end) => (Some(b'\n'), end + 1),
                None => (Some(byte), 1),
            },
            b'+' if plus == Plus::Blank => (Some(b' '), 1),
            _ => (Some(byte), 1),
        };
        out.extend(meaning);
        at += width;
    }
}

/// Meaning and width of an escape that begins with a backslash.
pub(in crate::read) fn backslash(text: &[u8]) -> (Option<u8>, usize) {
    let run = text.iter().position(|b| *b != b'\\').unwrap_or(text.len());
    let rest = &text[run..];
    match rest.first() {
        Some(b'n' | b'r') => (Some(b'\n'), run + 1),
        Some(b't') => (Some(b' '), run + 1),
        Some(b'u') => match number(rest.get(1..5), 16) {
            Some(code) => (Some(narrow(code)), run + 5),
            None => (None, run),
        },
        Some(b'x') => match number(rest.get(1..3), 16) {
            Some(code) => (Some(narrow(code)), run + 3),
            None => (None, run),
        },
        Some(b'0'..=b'1') => match number(rest.get(..3), 8).or_else(|| number(rest.get(..2), 8)) {
            Some(code) => (Some(narrow(code)), run + if number(rest.get(..3), 8).is_some() { 3 } else { 2 }),
            None => (None, run),
        },
        _ => (None, run),
    }
}

/// Meaning and width of a percent escape, also one that was escaped again (`%250A`).
pub(in crate::read) fn percent(text: &[u8]) -> (Option<u8>, usize) {
    let mut width = 1;
    while text.get(width..).is_some_and(|t| t.starts_with(b"25") && number(t.get(2..4), 16).is_some()) {
        width += 2;
    }
    match number(text.get(width..width + 2), 16) {
        Some(code) => (Some(narrow(code)), width + 2),
        None => (Some(b'%'), 1),
    }
}

/// Width of a control sequence of a terminal (ECMA-48 section 5.4), as programs colour their output.
fn colour(text: &[u8]) -> usize {
    let parameters =
        text.get(2..).unwrap_or_default().iter().take(16).take_while(|b| (0x20..0x40).contains(*b)).count();
    match text.get(1) {
        Some(b'[') if text.get(2 + parameters).is_some_and(|b| (0x40..0x7f).contains(b)) => 3 + parameters,
        _ => 1,
    }
}

/// Meaning and width of a control character as rsyslog writes it: a hash and three octal digits.
fn hash(text: &[u8]) -> (Option<u8>, usize) {
    match text {
        [_, b'0', b'1', b'2' | b'5', ..] => (Some(b'\n'), 4),
        [_, b'0', b'1', b'1', ..] => (Some(b' '), 4),
        _ => (Some(b'#'), 1),
    }
}

/// Meaning and width of a character reference of HTML or XML, also of one that was escaped again
/// (`&amp;#10;`).
pub(in crate::read) fn entity(text: &[u8]) -> (Option<u8>, usize) {
    // Where the `&` is, or the `;` that stands for one.
    let mut at = 0;
    while text.get(at + 1..).is_some_and(|t| t.starts_with(b"amp;")) {
        at += 4;
    }
    match reference(&text[at..]) {
        (_, 1) => (Some(b'&'), at + 1),
        (meaning, width) => (meaning, at + width),
    }
}

/// A single character reference; the first byte is not looked at.
fn reference(text: &[u8]) -> (Option<u8>, usize) {
    let Some(end) = text.iter().take(10).skip(1).position(|b| *b == b';').map(|n| n + 1) else {
        return (Some(b'&'), 1);
    };
    let name = &text[1..end];
    let code = if let Some(hex) = name.strip_prefix(b"#x").or_else(|| name.strip_prefix(b"#X")) {
        number(Some(hex), 16)
    } else if let Some(decimal) = name.strip_prefix(b"#") {
        number(Some(decimal), 10)
    } else {
        let code = match name {
            b"amp" => b'&',
            b"equals" => b'=',
            b"gt" => b'>',
            b"lt" => b'<',
            b"nbsp" => b' ',
            b"NewLine" => b'\n',
            b"plus" => b'+',
            b"quot" => b'"',
            b"sol" => b'/',
            _ => return (Some(b'&'), 1),
        };
        Some(u32::from(code))
    };
    code.map_or((Some(b'&'), 1), |code| (Some(narrow(code)), end + 1))
}

/// A number in ASCII digits.
fn number(digits: Option<&[u8]>, radix: u32) -> Option<u32> {
    let digits =
        digits.filter(|d| !d.is_empty() && d.len() <= 8 && d.iter().all(u8::is_ascii_alphanumeric))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// A character as one byte; what is not ASCII becomes a byte that no base64 text has, a separator of lines
/// becomes one.
fn narrow(code: u32) -> u8 {
    match code {
        0xa0 => b' ',
        0x85 | 0x2028 | 0x2029 => b'\n',
        _ => u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(0x1a),
    }
}

/// Whether `text` has an escape or a soft line break of [`unquote_printable`]; padding at its end is neither.
pub(super) fn is_quoted_printable(text: &[u8]) -> bool {
    memchr::memchr_iter(b'=', text).any(|at| {
        let behind = text[at + 1..].trim_ascii_start();
        behind.first().is_some_and(|b| is_digit(*b))
    })
}

/// Undoes the quoted-printable encoding of mail (RFC 2045 section 6.7).
pub(in crate::read) fn unquote_printable(text: &[u8], out: &mut Vec<u8>) {
    reset(out, text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let (meaning, width) = match (byte, &text[at..]) {
            (b'=', [_, b'\r', b'\n', ..]) => (None, 3),
            (b'=', [_, b'\n' | b'\r', ..]) => (None, 2),
            (b'=', rest) => match number(rest.get(1..3), 16) {
                Some(code) => (Some(narrow(code)), 3),
                None => (Some(byte), 1),
            },
            _ => (Some(byte), 1),
        };
        out.extend(meaning);
        at += width;
    }
}

/// Keeps what stands inside string literals, a line end after each. `inside`: the text begins within one.
pub(super) fn literals(text: &[u8], inside: bool, out: &mut Vec<u8>) {
    reset(out, text.len());
    let is_quote = |b: u8| matches!(b, b'"' | b'\'' | b'`');
    let mut open: Option<Option<u8>> = inside.then_some(None);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte == b'\\' && text.get(at).is_some_and(|b| is_quote(*b) || *b == b'\\') {
            at += 1;
            continue;
        }
        match open {
            None if is_quote(byte) => open = Some(Some(byte)),
            None => {}
            Some(quote) if is_quote(byte) && quote.is_none_or(|q| q == byte) => {
                open = None;
                out.push(b'\n');
            }
            Some(_) => out.push(byte),
        }
    }
}

/// Rewrites the lines between the line of the BEGIN and the line of the END, each by `strip`; `tail`: the
/// last line counts too.
pub(super) fn by_line<'a>(
    text: &'a [u8],
    tail: bool,
    out: &mut Vec<u8>,
    strip: impl Fn(&'a [u8]) -> &'a [u8],
) {
    reset(out, text.len());
    let mut lines = Split::new(text);
    lines.next();
    while let Some(line) = lines.next() {
        if lines.clone().next().is_none() && !tail {
            break;
        }
        out.extend_from_slice(strip(line));
        // A line end was consumed before each line, so there is room.
        out.push(b'\n');
    }
}

/// Takes `prefix` off, and whatever follows the text proper: a quotation mark, an escape, a tag.
pub(super) fn without_prefix<'a>(line: &'a [u8], prefix: &[u8]) -> &'a [u8] {
    let bare = prefix.trim_ascii();
    let rest =
        line.strip_prefix(prefix).or_else(|| line.trim_ascii_start().strip_prefix(bare)).unwrap_or(line);
    until_wrapping(rest)
}

/// Takes the first `width` bytes off, and whatever follows the text proper. What is left with a blank in it,
/// other than a header, still has a part of a prefix; it becomes something that is no base64 text, or that
/// part would be read as digits.
pub(super) fn without_columns(line: &[u8], width: usize) -> &[u8] {
    let text = until_wrapping(line.get(width..).unwrap_or_default()).trim_ascii();
    if text.iter().any(|b| is_blank(*b)) && memchr::memchr(b':', text).is_none() { b"!" } else { text }
}

/// The text up to the first byte that only a wrapping has.
fn until_wrapping(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|b| matches!(b, b'\\' | b'"' | b'\'' | b'`' | b'<' | b'&'))
        .unwrap_or(text.len());
    &text[..end]
}

/// The last word of a line.
pub(super) fn last_word(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| is_digit(*b) || *b == b'=').map_or(0, |n| n + 1);
    let line = &line[..end];
    let start = line.iter().rposition(|b| is_blank(*b)).map_or(0, |n| n + 1);
    &line[start..]
}

/// The longest run of base64 text in a line.
pub(super) fn longest_run(line: &[u8]) -> &[u8] {
    line.split(|b| !is_digit(*b) && *b != b'=').max_by_key(|run| run.len()).unwrap_or_default()
}

/// The text from the first line on that is base64 text of full length.
pub(super) fn from_first_full_line(text: &[u8]) -> Option<&[u8]> {
    let mut lines = Split::new(text);
    loop {
        let rest = lines.rest();
        let line = lines.next()?.trim_ascii();
        if line.len() >= 48 && line.iter().all(|b| is_digit(*b) || *b == b'=') {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(f: impl Fn(&[u8], &mut Vec<u8>), text: &str) -> String {
        let mut out = Vec::new();
        f(text.as_bytes(), &mut out);
        assert!(out.len() <= text.len(), "{text:?}");
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn escapes() {
        for (text, want) in [
            (r"a\nb\r\nc", "a\nb\n\nc"),
            (r"a\\nb\\\\nc", "a\nb\nc"),
            (r"a\/b\u002Bc\u000ad\x3d", "a/b+c\nd="),
            (r"a\012b\0c", "a\nb0c"),
            ("a%0D%0Ab%2B%3d%250A%", "a\r\nb+=\n%"),
            ("a&#13;&#10;b&#x2B;&#xA;&amp;&quot;&x;", "a\r\nb+\n&\"&x;"),
            ("a<br/>b<br>c<", "a\nb\nc<"),
            ("a`r`nb", "a\n\nb"),
            ("a&amp;#10;b&amp;amp;#x2B;&amp;c&amp;", "a\nb+&c&"),
            ("\u{1b}[1;32ma\u{1b}[0m\u{1b}[Kb\u{1b}", "ab"),
            ("a#012b#015#012c#12#", "a\nb\n\nc#12#"),
        ] {
            assert_eq!(through(|t, o| unescape(t, Plus::Digit, o), text), want);
        }
        assert_eq!(through(|t, o| unescape(t, Plus::Blank, o), "a+b%2B"), "a b+");
        assert_eq!(through(unquote_printable, "a=3D=3d=\nb=\r\nc="), "a==bc=");
    }

    #[test]
    fn string_literals() {
        assert_eq!(through(|t, o| literals(t, true, o), "a\\n\" +\n \"b\\n\" +"), "a\\n\nb\\n\n");
        assert_eq!(through(|t, o| literals(t, false, o), "\n'a' .\n'b+' . "), "a\nb+\n");
    }

    #[test]
    fn lines() {
        let strip =
            |text: &str, tail| through(|t, o| by_line(t, tail, o, |l| without_prefix(l, b"> ")), text);
        assert_eq!(strip("\n> a\n>\n> b\n> ", false), "a\n\nb\n");
        assert_eq!(strip("\n> a\n> b", true), "a\nb\n");
        assert_eq!(without_columns(b"12:30 AB\",x", 6), b"AB");
        assert_eq!(without_columns(b"12:30 O AB", 6), b"!");
        assert_eq!(last_word(b"12:30 info AB==\",  "), b"AB==");
        assert_eq!(longest_run(b"12:30 ABCDEF= x"), b"ABCDEF=");
    }
}
