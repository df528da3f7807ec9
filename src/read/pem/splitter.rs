//! The blocks of a buffer, marker by marker.

use super::block::{Block, PREFIX};
use super::label;
use super::lines::Lines;
use super::marker::{self, Marker, Word};
use crate::finding::{Code, Codes};

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
