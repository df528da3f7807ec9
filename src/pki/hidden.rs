//! Characters that a terminal or a page would obey or hide instead of show, and how they are shown.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

pub(super) fn push_escaped(out: &mut String, c: char) {
    let mut bytes = [0; 4];
    for b in c.encode_utf8(&mut bytes).bytes() {
        out.push_str(&format!("\\{b:02X}"));
    }
}

/// Characters that a terminal or a page would obey or hide instead of show: controls, bidirectional and other
/// format characters, separators and every space but the usual one, noncharacters, and what is blank or
/// ignored by default (UAX #44: Cc, Cf, Zl, Zp, Zs, Default_Ignorable_Code_Point).
#[must_use]
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let hidden = matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    );
    hidden || BLANK.iter().any(|blank| blank.contains(&c)) || u32::from(c) & 0xfffe == 0xfffe
}

/// What is hidden although its general category is another. Of Unicode 17.0: Default_Ignorable_Code_Point
/// (DerivedCoreProperties.txt) without Cf, assigned or not; the noncharacters in the Arabic block; letters
/// and symbols without ink.
const BLANK: &[RangeInclusive<char>] = &[
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fdd0}'..='\u{fdef}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffc}',
    '\u{13441}'..='\u{13442}',
    '\u{16fe4}'..='\u{16fe4}',
    '\u{1d159}'..='\u{1d159}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Makes any text safe to show on a terminal: hidden characters become `\HH`. Names that
/// [`super::name`] printed pass unchanged.
#[must_use]
pub fn show(text: &str) -> String {
    shown(text).into_owned()
}

/// [`show`] without a copy of what is safe as it is.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    // Most names are printable ASCII. Without early exit, so that it is computed many bytes at once.
    if !text.bytes().fold(false, |odd, b| odd | !(0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { push_escaped(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of character that is not seen, by both ends of its ranges; and what lies beside them and is.
    #[test]
    fn what_cannot_be_seen_is_hidden() {
        let hidden = [
            0..=0x1f,
            0x7f..=0xa0,
            0xad..=0xad,
            0x34f..=0x34f,
            0x600..=0x605,
            0x61c..=0x61c,
            0x6dd..=0x6dd,
            0x70f..=0x70f,
            0x890..=0x891,
            0x8e2..=0x8e2,
            0x115f..=0x1160,
            0x1680..=0x1680,
            0x17b4..=0x17b5,
            0x180b..=0x180f,
            0x2000..=0x200f,
            0x2028..=0x202f,
            0x205f..=0x206f,
            0x2800..=0x2800,
            0x3000..=0x3000,
            0x3164..=0x3164,
            0xfdd0..=0xfdef,
            0xfe00..=0xfe0f,
            0xfeff..=0xfeff,
            0xffa0..=0xffa0,
            0xfff0..=0xfffc,
            0xfffe..=0xffff,
            0x110bd..=0x110bd,
            0x110cd..=0x110cd,
            0x13430..=0x1343f,
            0x13441..=0x13442,
            0x16fe4..=0x16fe4,
            0x1bca0..=0x1bca3,
            0x1d159..=0x1d159,
            0x1d173..=0x1d17a,
            0x1fffe..=0x1ffff,
            0x8fffe..=0x8ffff,
            0xe0000..=0xe0fff,
            0xefffe..=0xeffff,
            0x10fffe..=0x10ffff,
        ];
        for c in hidden.iter().cloned().flatten().filter_map(char::from_u32) {
            assert!(is_hidden(c), "U+{:04X}", u32::from(c));
            assert_eq!(
                show(&format!("a{c}b")).chars().filter(|c| !c.is_ascii()).count(),
                0,
                "U+{:04X}",
                u32::from(c)
            );
        }
        let seen = [
            'a',
            ' ',
            '~',
            '\u{a1}',
            '\u{ae}',
            '\u{350}',
            'é',
            'ß',
            'Ω',
            'я',
            'ا',
            'א',
            'ก',
            '한',
            '中',
            '\u{2010}',
            '\u{2801}',
            '\u{3001}',
            '\u{ff1d}',
            '\u{fffd}',
            '😀',
            '\u{1d15a}',
        ];
        for c in seen {
            assert!(!is_hidden(c), "U+{:04X}", u32::from(c));
            assert_eq!(show(&format!("a{c}b")), format!("a{c}b"));
        }
        // The categories of the crate against the standard library, which knows two of them.
        for c in (0..=0x10_ffff)
            .filter_map(char::from_u32)
            .filter(|c| c.is_control() || c.is_whitespace() && *c != ' ')
        {
            assert!(is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }
}
