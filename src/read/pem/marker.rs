//! BEGIN and END markers (RFC 7468 section 3, `preeb` and `posteb`; RFC 4716 section 3.2), found in one pass.
//!
//! The pass looks for runs of dashes alone. The base64 text of a block has none, so every byte is looked at
//! once, and that one needle also finds the variants in use: lower case, four or six dashes, a blank between
//! dashes and word.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::label;
use crate::limits;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `BEGIN`.
    Begin,
    /// `END`.
    End,
}

/// One marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker<'a> {
    /// BEGIN or END.
    pub(super) word: Word,
    /// Where its dashes begin; five of them belong to it at most.
    pub(super) offset: usize,
    /// Where its closing dashes end.
    pub(super) after: usize,
    /// Between the word and the closing dashes, as it stands.
    pub(super) label: &'a [u8],
}

/// Fewest dashes of a marker.
const DASHES: &[u8] = b"----";

/// Dashes of a marker that follows the standard.
const STANDARD: &[u8] = b"-----";

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(DASHES));

/// The next marker at or after `from`.
pub(super) fn next(buffer: &[u8], from: usize) -> Option<Marker<'_>> {
    let mut position = from;
    loop {
        let start = position.checked_add(FINDER.find(buffer.get(position..)?)?)?;
        let end = run_end(buffer, start);
        if let Some(marker) = parse(buffer, start, end) {
            return Some(marker);
        }
        position = end;
    }
}

/// Where the run of dashes ends that `start` lies in.
fn run_end(buffer: &[u8], start: usize) -> usize {
    buffer[start..].iter().position(|b| *b != b'-').map_or(buffer.len(), |n| start + n)
}

/// The marker whose opening dashes are `start..end`, if it is one.
fn parse(buffer: &[u8], start: usize, end: usize) -> Option<Marker<'_>> {
    let spaced = buffer.get(end) == Some(&b' ');
    let rest = &buffer[end + usize::from(spaced)..];
    let (word, length, exact) = if rest.get(..5).is_some_and(|w| w.eq_ignore_ascii_case(b"BEGIN")) {
        (Word::Begin, 5, rest.starts_with(b"BEGIN "))
    } else if rest.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(b"END")) {
        (Word::End, 3, true)
    } else {
        return None;
    };
    let behind = &rest[length..];
    let separator = separator(behind, word)?;
    let text = buffer.len() - behind.len() + separator;
    let offset = end - (end - start).min(STANDARD.len());
    let standard = exact && !spaced && end - start >= STANDARD.len();
    let (label, after) = match word {
        Word::Begin => begin_label(buffer, text, standard)?,
        Word::End => end_label(buffer, text)?,
    };
    Some(Marker { word, offset, after, label })
}

/// Width of what stands between word and label: a blank, or what a URL makes of it. An END may go without a
/// label.
fn separator(behind: &[u8], word: Word) -> Option<usize> {
    match behind.first() {
        Some(b' ' | b'\t' | b'+') => Some(1),
        Some(b'%') if behind.starts_with(b"%20") => Some(3),
        Some(b'-' | b'\r' | b'\n') | None if word == Word::End => Some(0),
        _ => None,
    }
}

/// The rest of the line from `text` on, as far as a label with its dashes can reach; and whether the line
/// ends there.
fn reach(buffer: &[u8], text: usize) -> (&[u8], bool) {
    let window = &buffer[text..buffer.len().min(text.saturating_add(limits::LABEL + STANDARD.len() + 8))];
    match memchr::memchr2(b'\n', b'\r', window) {
        Some(end) => (&window[..end], true),
        None => (window, text + window.len() == buffer.len()),
    }
}

/// Label of a BEGIN and where its closing dashes end. What departs from the standard needs a known label.
fn begin_label(buffer: &[u8], text: usize, standard: bool) -> Option<(&[u8], usize)> {
    let (line, whole) = reach(buffer, text);
    if let Some(end) = memmem::find(line, STANDARD).filter(|_| standard) {
        return within(&line[..end]).then(|| (&line[..end], close(buffer, text + end)));
    }
    let known = |label: &[u8]| within(label) && label::is_known(&label::normal(&label.to_ascii_uppercase()));
    if let Some(end) = memmem::find(line, DASHES) {
        return known(&line[..end]).then(|| (&line[..end], close(buffer, text + end)));
    }
    let label = unfinished(line);
    (whole && known(label)).then_some((label, text + line.len()))
}

/// Label of an END and where its closing dashes end. An END is only looked for behind a BEGIN, so it may
/// depart further.
fn end_label(buffer: &[u8], text: usize) -> Option<(&[u8], usize)> {
    let (line, whole) = reach(buffer, text);
    if let Some(end) = memmem::find(line, DASHES) {
        return Some((&line[..end], close(buffer, text + end)));
    }
    let label = unfinished(line);
    (whole && (label.is_empty() || label::is_known(&label::normal(&label.to_ascii_uppercase()))))
        .then_some((label, text + line.len()))
}

/// A label whose closing dashes are missing or too few.
fn unfinished(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| !matches!(b, b'-' | b' ' | b'\t')).map_or(0, |n| n + 1);
    &line[..end]
}

/// Whether the length is that of a label.
fn within(label: &[u8]) -> bool {
    let length = label.trim_ascii().len();
    length > 0 && length <= limits::LABEL
}

/// Where the closing dashes that begin at `start` end. On one line with the next marker, a long run is
/// divided between the two and a short one is left to the next.
fn close(buffer: &[u8], start: usize) -> usize {
    let end = run_end(buffer, start);
    let behind = &buffer[end..];
    match end - start {
        ..8 if behind.starts_with(b"BEGIN ") || behind.starts_with(b"END ") => start,
        ..8 => end,
        run @ 8..=12 => start + run / 2,
        _ => start + STANDARD.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Word, usize, usize, &str)> {
        let mut from = 0;
        let mut found = Vec::new();
        while let Some(m) = next(text.as_bytes(), from) {
            assert!(m.after > m.offset && m.offset >= from, "{text:?}");
            from = m.after;
            found.push((
                m.word,
                m.offset,
                m.after,
                std::str::from_utf8(m.label).expect("test labels are ASCII"),
            ));
        }
        found
    }

    #[test]
    fn markers_as_the_standard_has_them() {
        let text = "x-----BEGIN A B-----\n-----END A B----------BEGIN C-----";
        assert_eq!(
            all(text),
            [(Word::Begin, 1, 20, "A B"), (Word::End, 21, 38, "A B"), (Word::Begin, 38, 55, "C")]
        );
        assert_eq!(
            all("-----BEGIN A----------END A-----"),
            [(Word::Begin, 0, 17, "A"), (Word::End, 17, 32, "A")]
        );
        assert_eq!(all("------BEGIN A-----"), [(Word::Begin, 1, 18, "A")]);
        assert_eq!(all("-----END A-----BEGIN B-----"), [(Word::End, 0, 10, "A"), (Word::Begin, 10, 27, "B")]);
    }

    #[test]
    fn variants_of_known_labels() {
        for text in [
            "-----begin certificate-----",
            "-----Begin Certificate-----",
            "----BEGIN CERTIFICATE----",
            "------BEGIN CERTIFICATE------",
            "---- BEGIN SSH2 PUBLIC KEY ----",
            "----- BEGIN CERTIFICATE -----",
            "-----BEGIN CERTIFICATE",
            "-----BEGIN CERTIFICATE---\n",
            "-----BEGIN%20RSA%20PRIVATE%20KEY-----",
            "-----BEGIN+RSA+PRIVATE+KEY-----",
        ] {
            assert_eq!(all(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn text_is_not_a_marker() {
        let long = format!("-----BEGIN {}-----", "A".repeat(limits::LABEL + 1));
        for text in [
            "-----BEGIN -----",
            "-----BEGIN-----",
            "-----BEGINNING A-----",
            "---BEGIN CERTIFICATE---",
            "---- begin of log ----",
            "-----BEGIN A\n-----",
            "-----BEGIN CERTIFICATE and more of it",
            "-----END of story",
            "--------",
            long.as_str(),
        ] {
            assert_eq!(all(text), [], "{text}");
        }
        assert_eq!(all(&format!("-----BEGIN {}-----", "A".repeat(limits::LABEL))).len(), 1);
    }

    #[test]
    fn ends_may_be_damaged() {
        for text in [
            "-----END A----",
            "-----END CERTIFICATE",
            "-----END CERTIFICATE--\n",
            "-----END-----",
            "-----END",
            "---- END SSH2 PUBLIC KEY ----",
            "-----end a-----",
        ] {
            assert_eq!(all(text).iter().filter(|m| m.0 == Word::End).count(), 1, "{text}");
        }
    }
}
