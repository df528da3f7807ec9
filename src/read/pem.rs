//! Dirty text to PEM blocks (RFC 7468, RFC 1421, RFC 4716): every block of a buffer, wherever it stands and
//! however it is wrapped.
//!
//! [`Splitter`] yields [`Block`]s in order; [`Block::decode`] turns one into bytes. Nothing here does I/O or
//! knows what the bytes mean, except that a reading of wrapped text is believed only when the bytes are
//! complete elements.
//!
//! Time is linear in the buffer by construction. The splitter moves through it marker by marker and never
//! back. A block reaches from its BEGIN to the next marker, so blocks do not overlap, and decoding one costs
//! a constant number of passes over it.

use std::borrow::Cow;

use crate::finding::{Code, Codes, Reason};

pub(in crate::read) mod base64;
mod headers;
mod label;
pub(in crate::read) mod lines;
mod marker;
mod recover;
#[cfg(test)]
mod tests;
pub(in crate::read) mod wrapping;

pub(crate) use headers::Headers;
pub(crate) use lines::Lines;

use label::Fit;
use marker::{Marker, Word};

/// A prefix of a line is looked at no further back than this.
const PREFIX: usize = 512;

/// One PEM-like block found in a buffer. It has not been decoded yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    /// Where the dashes of its BEGIN are in the buffer.
    pub(crate) offset: usize,
    /// Line of its BEGIN.
    pub(crate) line: u32,
    /// Where it ends: behind its END, else at the next BEGIN, else at the end of the buffer.
    pub(crate) end: usize,
    /// The label as it stands.
    pub(crate) label: &'a [u8],
    /// Where the text begins.
    pub(crate) text: usize,
    /// What stands between the two markers.
    pub(crate) body: &'a [u8],
    /// Whether it has an END.
    pub(crate) closed: bool,
    /// What is noteworthy about its markers.
    findings: Codes,
    /// What stands before it, some of it.
    before: &'a [u8],
}

/// What decoding a block gave besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Its headers.
    pub(crate) headers: Headers,
    /// What is noteworthy about it: `BadPadding`, `LabelDiffers`, `MissingEnd`, `TrailingData`.
    pub(crate) findings: Codes,
    /// Whether what stands before its BEGIN may have told how to read it: an equal text elsewhere may be read
    /// in another way.
    pub(crate) by_prefix: bool,
    /// Where something else follows, as without an END: how far the text of the object reaches in the body,
    /// about.
    pub(crate) reach: Option<usize>,
}

/// Why a block could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockError {
    /// The kind of trouble: `BadBase64`, `EmptyBlock`, `MissingEnd`.
    pub(crate) reason: Reason,
    /// Line and circumstances. It quotes one character at most, and none where the block may be secret.
    pub(crate) detail: String,
}

impl<'a> Block<'a> {
    /// The label in normal form: known labels in upper case, blanks undone from their URL form.
    pub(crate) fn name(&self) -> Cow<'a, [u8]> {
        label::normal(self.label)
    }

    /// Writes the bytes to `out`, replacing what was there.
    ///
    /// **The caller wipes `out`**, its spare capacity too (`Vec::zeroize` does): it may hold a private key,
    /// also after a failure.
    pub(crate) fn decode(&self, out: &mut Vec<u8>) -> Result<Decoded, BlockError> {
        let content = label::content(&self.name());
        if self.closed && base64::regular(self.body, out) {
            let fit = label::fit(content, false, out);
            if fit == Fit::Exact || fit == Fit::Loose && !self.has_digit_prefix() {
                return Ok(Decoded {
                    headers: Headers::default(),
                    findings: self.findings,
                    by_prefix: false,
                    reach: None,
                });
            }
        }
        let mut decoded = recover::decode(self, content, out)?;
        decoded.findings = decoded.findings.union(self.findings);
        Ok(decoded)
    }

    /// Whether its markers, and a digit before them, say nothing that its label and text do not say.
    pub(crate) fn has_plain_markers(&self) -> bool {
        self.closed && self.findings.is_empty() && !self.has_digit_prefix()
    }

    /// Whether a digit stands before it, as in a diff: the digits of the lines may then be more than their
    /// base64 text.
    fn has_digit_prefix(&self) -> bool {
        self.before.last().is_some_and(|b| matches!(b, b'+' | b'/'))
    }

    /// What stands before it on its line.
    fn prefix(&self) -> &'a [u8] {
        let start = memchr::memrchr2(b'\n', b'\r', self.before).map_or(0, |n| n + 1);
        &self.before[start..]
    }
}

/// Where the line begins, or the part of it that is looked at, on which the last block of the buffer has its
/// BEGIN, if that block has no END.
pub(crate) fn unclosed(buffer: &[u8]) -> Option<usize> {
    let mut last = None;
    while let Some(marker) = marker::next(buffer, last.map_or(0, |m: Marker<'_>| m.after)) {
        last = Some(marker);
    }
    let begin = last.filter(|m| m.word == Word::Begin)?.offset;
    let from = begin.saturating_sub(PREFIX);
    Some(memchr::memrchr2(b'\n', b'\r', &buffer[from..begin]).map_or(from, |n| from + n + 1))
}

/// Yields the blocks of a buffer in order. A stray END is nothing.
#[derive(Debug, Clone)]
pub(crate) struct Splitter<'a> {
    buffer: &'a [u8],
    position: usize,
    pending: Option<Marker<'a>>,
    lines: Lines<'a>,
}

impl<'a> Splitter<'a> {
    /// Splits `buffer`.
    pub(crate) const fn new(buffer: &'a [u8]) -> Self {
        Self::from_line(buffer, 1)
    }

    /// Splits `buffer`, whose first line has the number `line`: a later window of a file.
    pub(crate) const fn from_line(buffer: &'a [u8], line: u32) -> Self {
        Self { buffer, position: 0, pending: None, lines: Lines::new(buffer, line) }
    }

    /// The next marker.
    fn marker(&mut self) -> Option<Marker<'a>> {
        let found = self.pending.take().or_else(|| marker::next(self.buffer, self.position));
        self.position = found.map_or(self.buffer.len(), |m| m.after);
        found
    }
}

impl<'a> Iterator for Splitter<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let begin = loop {
            let marker = self.marker()?;
            if marker.word == Word::Begin {
                break marker;
            }
        };
        let mut findings = Codes::NONE;
        let (body_end, end, closed) = match self.marker() {
            Some(marker) if marker.word == Word::End => {
                if marker.label != begin.label && label::normal(marker.label) != label::normal(begin.label) {
                    findings.insert(Code::LabelDiffers);
                }
                (marker.offset, marker.after, true)
            }
            Some(marker) => {
                self.pending = Some(marker);
                (marker.offset, marker.offset, false)
            }
            None => (self.buffer.len(), self.buffer.len(), false),
        };
        Some(Block {
            offset: begin.offset,
            line: self.lines.at(begin.offset),
            end,
            label: begin.label,
            text: begin.after,
            body: &self.buffer[begin.after..body_end],
            closed,
            findings,
            before: &self.buffer[begin.offset.saturating_sub(PREFIX)..begin.offset],
        })
    }
}
