//! Names in rows and names of files, in the forms in which they compare: as written, and as people read them
//! (DESIGN.md 2.12).

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::read::INTO;

/// Text to remove from the beginning of paths (`--manifest-prefix`).
#[derive(Debug, Clone, Default)]
pub(super) struct Prefix {
    /// As given, for what is no folder, such as `backup-`.
    text: String,
    /// A folder, as written.
    plain: String,
    /// The same, normalised.
    folder: String,
}

impl Prefix {
    pub(super) fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        Self {
            text: text.trim_start_matches("./").to_owned(),
            plain: plain(text).into_owned(),
            folder: fold(text).into_owned(),
        }
    }

    /// The path of a row without it: as written, and normalised where that is another text. A path that does
    /// not begin with it stays.
    pub(super) fn apply(&self, path: &str) -> (Box<str>, Option<Box<str>>) {
        let written = self.strip(plain(path), &self.plain);
        let folded = self.strip(fold(path), &self.folder);
        let folded = (folded != written).then(|| folded.into());
        (written.into(), folded)
    }

    fn strip<'p>(&self, path: Cow<'p, str>, folder: &str) -> Cow<'p, str> {
        if self.text.is_empty() {
            return path;
        }
        let below =
            path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).filter(|_| !folder.is_empty());
        match below.or_else(|| path.strip_prefix(self.text.as_str()).filter(|rest| !rest.is_empty())) {
            Some(rest) => Cow::Owned(rest.trim_start_matches('/').to_owned()),
            None => path,
        }
    }
}

/// A path as written, but for what no file system counts: `./a//b` and `/a/b` are `a/b`.
pub(crate) fn plain(path: &str) -> Cow<'_, str> {
    if path.split('/').all(|part| !matches!(part, "" | ".")) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/"))
}

/// `./a\b//c` and `/a/x/../b/c` to `a/b/c`, in Unicode NFC. Blanks around it are part of a name; rows are
/// freed of them before.
#[must_use]
pub fn normalise(path: &str) -> Cow<'_, str> {
    let composed = match is_nfc_quick(path.chars()) {
        IsNormalized::Yes => Cow::Borrowed(path),
        _ => Cow::Owned(path.nfc().collect::<String>()),
    };
    // Most paths are as they should be.
    if !composed.contains('\\') && composed.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return composed;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in composed.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

/// The same of a way into archives, piece by piece: a name full of `..` leads out of no archive.
pub(super) fn fold(path: &str) -> Cow<'_, str> {
    if path.contains(INTO) {
        Cow::Owned(path.split(INTO).map(normalise).collect::<Vec<_>>().join(INTO))
    } else {
        normalise(path)
    }
}

/// A way into archives as written, piece by piece.
pub(crate) fn plain_way(way: &str) -> String {
    way.split(INTO).map(plain).collect::<Vec<_>>().join(INTO)
}

/// Whether a name has one reading, which is as it is written.
pub(crate) fn is_simple(name: &str) -> bool {
    name.is_ascii() && !name.contains('\\') && !name.contains("..")
}

/// What a name of a file can mean, normalised. Bytes that are not UTF-8 are shown as `\xHH`: zip archives of
/// Windows have code page 437 or that of the country there (APPNOTE 6.3.10 section 4.4.4 and appendix D),
/// older systems Latin-1.
pub(crate) fn readings(name: &str) -> Vec<String> {
    let mut out = vec![fold(name).into_owned()];
    if let Some(bytes) = escaped(name) {
        let latin: String = (0x80..=0xff).map(|b: u8| char::from(b)).collect();
        for page in [CP437, CP850, &latin] {
            let page: Vec<char> = page.chars().collect();
            let text: String = bytes
                .iter()
                .map(|b| b.map_or_else(|c| c, |b| page.get(usize::from(b - 0x80)).copied().unwrap_or('?')))
                .collect();
            out.push(fold(&text).into_owned());
        }
        out.sort_unstable();
        out.dedup();
    }
    out
}

/// The characters of a name and the bytes that were not UTF-8 in it; none if there are no such bytes.
fn escaped(name: &str) -> Option<Vec<Result<u8, char>>> {
    let mut any = false;
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let byte = rest
            .strip_prefix("\\x")
            .and_then(|r| r.get(..2))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|b| *b >= 0x80);
        match byte {
            Some(byte) => {
                any = true;
                out.push(Ok(byte));
                rest = &rest[4..];
            }
            None => {
                out.push(Err(c));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    any.then_some(out)
}

/// The upper half of code page 437, the names of zip archives without the UTF-8 flag.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// That of code page 850: Windows in Western Europe.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// What comes before the first slash of a path, without what marks an archive there.
pub(crate) fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches('!')
}

/// A host name in the form in which they compare: lower case, A-labels for U-labels (RFC 5890 section
/// 2.3.2.1, UTS 46).
#[must_use]
pub(crate) fn host(name: &str) -> String {
    let name = lower(name);
    if name.is_ascii() { name } else { idna::domain_to_ascii(&name).unwrap_or(name) }
}

/// The same without a change of its labels.
pub(super) fn lower(name: &str) -> String {
    name.trim().trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_many_forms() {
        for text in
            ["m\u{fc}ller/a.pem", "mu\u{308}ller/a.pem", "mu\u{308}ller\\a.pem", "./x/../m\u{fc}ller//a.pem"]
        {
            assert_eq!(normalise(text), "m\u{fc}ller/a.pem", "{text:?}");
        }
        assert_eq!(plain("./a//b/../c\\d"), "a/b/../c\\d");
        assert_eq!(fold("x.zip!/../../b.pem"), "x.zip!/../../b.pem");
        assert!(readings("m\\x81ller.pem").contains(&"m\u{fc}ller.pem".to_owned()), "code page 437");
        assert!(readings("\\xb7ngstrom.pem").contains(&"\u{c0}ngstrom.pem".to_owned()), "code page 850");
        assert!(readings("m\\xfcller.pem").contains(&"m\u{fc}ller.pem".to_owned()), "Latin-1");
        assert_eq!(readings("a\\x41.pem"), ["a/x41.pem"]);
        assert_eq!((CP437.chars().count(), CP850.chars().count()), (128, 128));
    }

    #[test]
    fn hosts_compare_as_a_labels() {
        for name in ["M\u{dc}LLER.example.", "mu\u{308}ller.example", "xn--mller-kva.example"] {
            assert_eq!(host(name), "xn--mller-kva.example", "{name}");
        }
        assert_eq!(host("*.B\u{fc}cher.example"), "*.xn--bcher-kva.example");
        assert_eq!(host("_x.Example"), "_x.example");
    }
}
