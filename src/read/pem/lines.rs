//! Line numbers of ascending positions, each byte counted once.

use memchr::{memchr, memchr_iter};

/// Counts lines up to ascending positions of one buffer. LF, CRLF and a lone CR each end a line (RFC 7468
/// section 3, `eol`).
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    buffer: &'a [u8],
    position: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// Counts in `buffer`, whose first line has the number `first`.
    pub(crate) const fn new(buffer: &'a [u8], first: u32) -> Self {
        Self { buffer, position: 0, line: first }
    }

    /// The line of `position`. **Positions must ascend**; an earlier one gets the line of the latest.
    pub(crate) fn at(&mut self, position: usize) -> u32 {
        let end = position.min(self.buffer.len());
        if end > self.position {
            let ended = ended(&self.buffer[self.position..end], self.buffer.get(end).copied());
            self.line = self.line.saturating_add(u32::try_from(ended).unwrap_or(u32::MAX));
            self.position = end;
        }
        self.line
    }
}

/// How many lines end in `text`. A CR at its very end is not counted when `next` is the LF that belongs to
/// it.
pub(super) fn ended(text: &[u8], next: Option<u8>) -> usize {
    let feeds = memchr_iter(b'\n', text).count();
    let Some(first) = memchr(b'\r', text) else { return feeds };
    let returns = &text[first..];
    feeds.saturating_add(
        memchr_iter(b'\r', returns).filter(|i| returns.get(i + 1).copied().or(next) != Some(b'\n')).count(),
    )
}

/// Splits text into lines without their ends.
#[derive(Debug, Clone)]
pub(super) struct Split<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Split<'a> {
    /// Splits `text`; a text that ends with a line end yields one empty line more.
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { rest: Some(text) }
    }

    /// What has not been split yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let Some(end) = memchr::memchr2(b'\n', b'\r', text) else {
            self.rest = None;
            return Some(text);
        };
        let width = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        self.rest = Some(&text[end + width..]);
        Some(&text[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = b"a\nb\r\nc\rd\r\r\n\ne";
        let mut lines = Lines::new(text, 1);
        let seen: Vec<_> = (0..text.len()).map(|i| lines.at(i)).collect();
        assert_eq!(seen, [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7]);
        assert_eq!(Lines::new(text, 1).at(99), 7);
    }

    #[test]
    fn splitting_agrees_with_counting() {
        let text = b"a\nb\r\nc\rd\r\r\n\ne";
        assert_eq!(Split::new(text).collect::<Vec<_>>(), [&b"a"[..], b"b", b"c", b"d", b"", b"", b"e"]);
        assert_eq!(Split::new(b"").count(), 1);
    }
}
