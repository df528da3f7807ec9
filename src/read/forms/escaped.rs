//! Blocks whose markers are escaped too (`%2D%2D%2D%2D%2DBEGIN`, `&#45;`, `\u002d`), or whose dashes a word
//! processor made pretty.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use zeroize::Zeroizing;

use super::haystack::{Haystack, Marker};
use crate::read::pem::wrapping::{self, Plus};

/// What stands for a dash at the end of some text.
const DASHES: [&[u8]; 13] = [
    b"%2D",
    b"%2d",
    b"&#45;",
    b"&#x2d;",
    b"&#x2D;",
    b"\\u002d",
    b"\\u002D",
    b"\\x2d",
    b"\\x2D",
    b"\\055",
    b"\xe2\x80\x93",
    b"\xe2\x80\x94",
    b"\xe2\x88\x92",
];

/// What may stand between BEGIN and a label, other than a blank.
const BLANKS: [&[u8]; 9] =
    [b"%2520", b"%2B", b"%252B", b"\\u0020", b"\\x20", b"&#32;", b"&#x20;", b"&nbsp;", b"\xc2\xa0"];

/// Where such a marker is in a range, and the text from its dashes on, without escapes. `None`: there is
/// none.
pub(crate) fn markers(
    haystack: &Haystack<'_>,
    Range { start, end }: Range<usize>,
) -> Option<(usize, Zeroizing<Vec<u8>>)> {
    let text = haystack.bytes.get(start..end)?;
    let found = begins(haystack, start..end).map(|at| at - start).find(|at| is_escaped(text, *at))?;
    let from = found.saturating_sub(48);
    let mut work = Zeroizing::new(Vec::with_capacity(text.len() - from));
    wrapping::unescape(&plain_dashes(&text[from..]), Plus::Digit, &mut work);
    Some((start + found, work))
}

static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"BEGIN"));

/// Everything escaped: the first letters in each way.
static ESCAPED: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
    let ways = [
        &b"%42%45%47%49%4E"[..],
        b"%42%45%47%49%4e",
        b"&#66;&#69;&#71;&#73;&#78;",
        b"\\u0042\\u0045\\u0047\\u0049\\u004",
        b"\\x42\\x45\\x47\\x49\\x4",
    ];
    ways.map(Finder::new)
});

/// Where `BEGIN` stands, the letters escaped or not.
fn begins(haystack: &Haystack<'_>, range: Range<usize>) -> impl Iterator<Item = usize> {
    let signs = |part: Range<usize>| memchr::memchr3(b'%', b'&', b'\\', &haystack.bytes[part]);
    let find = |way| haystack.find(Marker::EscapedBegin, range.clone(), way);
    let escaped = haystack
        .next(Marker::EscapedBegin, range.clone(), 0, signs)
        .and_then(|_| ESCAPED.iter().filter_map(find).min());
    let mut at = range.start;
    let plain = std::iter::from_fn(move || {
        let found = haystack.find(Marker::Begin, at..range.end, &BEGIN)?;
        at = found + BEGIN.needle().len();
        Some(found)
    });
    plain.chain(escaped)
}

/// Whether the BEGIN at `at` has something other than dashes before it, or something other than a blank
/// behind it.
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    let behind = text.get(at + 5..).unwrap_or_default();
    let doubled = |dash: &[u8]| {
        before.strip_suffix(dash).is_some_and(|rest| {
            rest.ends_with(dash) || rest.ends_with(b"-") || rest.ends_with(b"\xe2\x80\x94")
        })
    };
    let pretty = before.ends_with(b"-")
        && memmem::find(&before[before.len().saturating_sub(12)..], b"\xe2\x80").is_some();
    let again = before.ends_with(b"%252D") || before.ends_with(b"%252d") || before.ends_with(b"&amp;#45;");
    pretty
        || again
        || DASHES.iter().any(|dash| doubled(dash))
        || before.ends_with(b"--") && BLANKS.iter().any(|blank| behind.starts_with(blank))
}

/// The text with dashes of typographers as plain ones; a long one stands for two.
fn plain_dashes(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = memchr::memchr2(0xe2, 0xc2, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (plain, width): (&[u8], usize) = match rest {
            [0xe2, 0x80, 0x94, ..] => (b"--", 3),
            [0xe2, 0x80, 0x90..=0x93, ..] | [0xe2, 0x88, 0x92, ..] => (b"-", 3),
            [0xc2, 0xa0, ..] => (b" ", 2),
            _ => (&rest[..1], 1),
        };
        out.extend_from_slice(plain);
        rest = &rest[width..];
    }
    out.extend_from_slice(rest);
    out
}
