//! Objects in base64 outside of PEM blocks: Kubernetes Secrets, `.env` files, JSON, `data:` URLs, XML, JWK
//! `x5c`, bare files.
//!
//! Only the gaps between blocks are looked at, by a few fast searches. Every search moves forward; what a
//! failed attempt read is counted against an allowance, so hostile text cannot make it slow, only incomplete,
//! and the caller learns of that.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::{self, Finder};
use zeroize::Zeroizing;

use super::base64_cursor::{Step, Text};
use super::candidate::{Candidate, Kind};
use super::columns;
use super::haystack::{Haystack, Marker};
use super::literals;
use crate::limits;
use crate::pki::der;
use crate::read::pem::{Lines, base64};

/// What the digits of dashes have in common at all three alignments to groups of four, and nothing shorter
/// would be rare.
static COMMON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"tLS"));

/// Digits from [`COMMON`] on of `-----BEGIN` and `-----END` at each alignment. An END counts because a line
/// end may split the BEGIN.
const MARKERS: [&[u8]; 6] =
    [b"tLS1CRUdJTi", b"tLS0tQkVHSU4", b"tLS0tLUJFR0lO", b"tLS1FTkQ", b"tLS0tRU5E", b"tLS0tLUVORC"];

/// Digits of the first bytes of a Java keystore: 0xFEEDFEED, version 1 or 2.
static KEYSTORE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"/u3+7QAAAA"));

/// Digits of the magic word of an OpenSSH private key, whose BEGIN may have been lost or altered.
static OPENSSH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"b3BlbnNzaC1rZXktdjEA"));

/// Elements below this many bytes hold nothing of interest; an Ed25519 public key has 44.
const SMALLEST: usize = 40;

/// A run whose lines are shorter than this is not continued upwards.
const FULL_LINE: usize = 48;

/// Visits the candidates of a buffer outside of the `taken` ranges, which ascend, in order. `first_line` is
/// the number of its first line.
///
/// Returns whether everything was looked at; `false` only for text made to be slow.
pub(crate) fn candidates(
    haystack: &Haystack<'_>,
    taken: &[Range<usize>],
    first_line: u32,
    mut visit: impl FnMut(Candidate),
) -> bool {
    let buffer = haystack.bytes;
    let mut lines = Lines::new(buffer, first_line);
    let mut allowance = buffer.len().saturating_mul(4).saturating_add(1 << 20);
    let mut complete = true;
    let mut start = 0;
    let rest = buffer.len()..buffer.len();
    for range in taken.iter().chain(std::iter::once(&rest)) {
        let end = range.start.min(buffer.len());
        // Base64 text of the smallest object does not fit into less.
        if end.saturating_sub(start) > SMALLEST {
            let mut gap = Gap::new(haystack, start, end, allowance);
            while let Some((found, bytes)) = gap.next_candidate() {
                let Found { kind, text } = found;
                visit(Candidate {
                    offset: text.start,
                    end: text.end,
                    line: lines.at(text.start),
                    kind,
                    bytes,
                });
            }
            allowance = gap.allowance;
            complete &= allowance > 0;
        }
        start = start.max(range.end);
    }
    complete
}

/// What takes digits of several lines together.
type Together = fn(&[u8], usize, usize, usize) -> Option<columns::Lines>;

/// A candidate without its bytes.
struct Found {
    kind: Kind,
    text: Range<usize>,
}

/// A stretch of text without blocks.
struct Gap<'h, 'a> {
    haystack: &'h Haystack<'a>,
    buffer: &'a [u8],
    start: usize,
    end: usize,
    at: usize,
    /// Where the last candidate ended.
    floor: usize,
    allowance: usize,
    text: Option<usize>,
    store: Option<usize>,
    ssh: Option<usize>,
    element: Option<usize>,
}

impl<'h, 'a> Gap<'h, 'a> {
    /// The stretch `start..end`, with the first place of everything looked for.
    fn new(haystack: &'h Haystack<'a>, start: usize, end: usize, allowance: usize) -> Self {
        let mut gap = Self {
            haystack,
            buffer: haystack.bytes,
            start,
            end,
            at: start,
            floor: start,
            allowance,
            text: None,
            store: None,
            ssh: None,
            element: None,
        };
        gap.text = gap.find(start, Marker::Dashes, &COMMON);
        gap.store = gap.find(start, Marker::Keystore, &KEYSTORE);
        gap.ssh = gap.find(start, Marker::OpenSsh, &OPENSSH);
        gap.element = gap.element(start);
        gap
    }

    /// The next candidate.
    fn next_candidate(&mut self) -> Option<(Found, Zeroizing<Vec<u8>>)> {
        loop {
            let first = [self.text, self.store, self.ssh, self.element].into_iter().flatten().min()?;
            let result = if self.text == Some(first) {
                self.text(first)
            } else if self.store == Some(first) {
                self.run(first, Kind::Keystore)
            } else if self.ssh == Some(first) {
                self.run(first, Kind::OpenSsh)
            } else {
                self.der(first)
            };
            let next = match &result {
                Ok((found, _)) => {
                    self.floor = found.text.end;
                    found.text.end
                }
                Err(next) => *next,
            };
            self.advance(next.max(first + 1));
            if let Ok(found) = result {
                return Some(found);
            }
        }
    }

    /// Goes on at `at`. Only what lies behind is looked for anew, so each search passes over the gap once.
    fn advance(&mut self, at: usize) {
        self.at = at;
        let behind = |place: Option<usize>| place.is_some_and(|p| p < at);
        if behind(self.text) {
            self.text = self.find(at, Marker::Dashes, &COMMON);
        }
        if behind(self.store) {
            self.store = self.find(at, Marker::Keystore, &KEYSTORE);
        }
        if behind(self.ssh) {
            self.ssh = self.find(at, Marker::OpenSsh, &OPENSSH);
        }
        if behind(self.element) {
            self.element = self.element(at);
        }
    }

    /// Where `needle` is next.
    fn find(&self, from: usize, marker: Marker, needle: &Finder<'_>) -> Option<usize> {
        self.haystack.find(marker, from..self.end, needle)
    }

    /// Where the digits of a SEQUENCE can begin next: a run that begins with `M` and a digit that a length
    /// octet in use can give.
    fn element(&self, from: usize) -> Option<usize> {
        let begins = |at: &usize| {
            matches!(self.buffer.get(at + 1), Some(b'C'..=b'I'))
                && self.goes_on(at + 2)
                && self.begins_run(*at)
        };
        self.haystack.next(Marker::Text, from..self.end, 0, |part| {
            memchr_iter(b'M', &self.buffer[part.clone()]).map(|at| part.start + at).find(begins)
        })
    }

    /// Whether digits or escapes stand at `at`: words end here.
    fn goes_on(&self, at: usize) -> bool {
        let run = self.buffer[..self.end].get(at..at + 8);
        run.is_some_and(|run| {
            run.iter().all(|b| base64::is_digit(*b) || matches!(b, b'-' | b'_' | b'\\' | b'%'))
        })
    }

    /// Whether no digit stands before `at`, other than the last letter of an escape.
    fn begins_run(&self, at: usize) -> bool {
        let before = &self.buffer[self.start.max(at.saturating_sub(6))..at];
        match before {
            [.., b'\\', b'n' | b'r' | b't']
            | [.., b'%', b'0' | b'2' | b'3', _]
            | [.., b'\\', b'u', b'0', b'0', _, _] => true,
            [.., last] => !base64::is_digit(*last),
            [] => true,
        }
    }

    /// What follows runs of digits up to the end of the gap.
    const fn words(&self) -> Text<'a> {
        Text { buffer: self.buffer, end: self.end }
    }

    /// Text with a BEGIN in it, whose digits are somewhere around `at`.
    fn text(&mut self, at: usize) -> Result<(Found, Zeroizing<Vec<u8>>), usize> {
        let near = self.words().copy(at, 13);
        if !MARKERS.iter().any(|marker| near.starts_with(marker)) {
            return Err(at + COMMON.needle().len());
        }
        // What was met in vain before may be a part of it: the end of a BEGIN that a line end goes through.
        let start = self.run_start(if self.allowance > 0 { self.floor } else { self.at }, at);
        self.allowance = self.allowance.saturating_sub(at - start);
        let (found, bytes) = self.run(self.aligned(start, at), Kind::Text)?;
        let begins = memmem::find(&bytes, b"-BEGIN").is_some();
        let ends = |bytes: &[u8]| memmem::find(bytes, b"--END ").is_some();
        if begins && ends(&bytes) {
            return Ok((found, bytes));
        }
        // The marker that was met may be the second one, when a line end with something around it goes
        // through the first.
        let above = if self.allowance > 0 { columns::first(self.buffer, self.floor, at) } else { at };
        self.allowance = self.allowance.saturating_sub(at - above);
        let mut lines = self.in_columns(above.min(start), usize::MAX);
        if !lines.as_ref().is_some_and(|(_, bytes)| ends(bytes)) {
            lines = self.in_literals(start, usize::MAX).filter(|(_, bytes)| ends(bytes)).or(lines);
        }
        match lines {
            Some((found, bytes)) if memmem::find(&bytes, b"-BEGIN").is_some() => {
                Ok((Found { kind: Kind::Text, ..found }, bytes))
            }
            _ if begins => Ok((found, bytes)),
            _ => Err(found.text.end),
        }
    }

    /// Where a group of four digits begins at or after `start`, so that one begins three digits before `at`,
    /// as dashes have it. Digits of a path or a name may stand before the text.
    fn aligned(&self, start: usize, at: usize) -> usize {
        let mut before = 0;
        let mut position = start;
        while position < at {
            position += match self.words().step(position) {
                Step::Digit(_, width) => {
                    before += 1;
                    width
                }
                Step::Break(width, _) | Step::Pad(width) => width,
                Step::Stop => 1,
            };
        }
        let mut surplus = (before + 1) % 4;
        let mut aligned = start;
        while surplus > 0
            && let Step::Digit(_, width) = self.words().step(aligned)
        {
            aligned += width;
            surplus -= 1;
        }
        aligned
    }

    /// The digits of lines with something else around them, cut to so many.
    fn in_columns(&mut self, start: usize, needed: usize) -> Option<(Found, Zeroizing<Vec<u8>>)> {
        self.together(columns::lines, start, needed)
    }

    /// The digits of literals that follow one another, cut to so many.
    fn in_literals(&mut self, start: usize, needed: usize) -> Option<(Found, Zeroizing<Vec<u8>>)> {
        self.together(literals::lines, start, needed)
    }

    /// The digits of several lines, cut to so many.
    fn together(
        &mut self,
        lines: Together,
        start: usize,
        needed: usize,
    ) -> Option<(Found, Zeroizing<Vec<u8>>)> {
        if self.allowance == 0 {
            return None;
        }
        let lines = lines(self.buffer, start, self.end, needed)?;
        self.allowance = self.allowance.saturating_sub(lines.end - start);
        if lines.digits() < needed && needed != usize::MAX {
            return None;
        }
        let mut bytes = lines.copy(self.buffer, needed);
        let text = start..lines.end;
        base64::decode_some(&mut bytes).then_some((Found { kind: Kind::Der, text }, bytes))
    }

    /// The first digit at or behind `floor` of the run that `at` lies in. Full lines above belong to it.
    fn run_start(&self, floor: usize, at: usize) -> usize {
        let mut start = at;
        loop {
            let line = self.buffer[floor..start]
                .iter()
                .rposition(|b| !base64::is_digit(*b))
                .map_or(floor, |n| floor + n + 1);
            let line = self.after_escape(line, start);
            let above = self.buffer[floor..line]
                .iter()
                .rposition(|b| !base64::is_blank(*b))
                .map_or(floor, |n| floor + n + 1);
            let width = self.buffer[floor..above].iter().rev().take_while(|b| base64::is_digit(**b)).count();
            let ends_line = self.buffer[above..line].iter().any(|b| matches!(b, b'\n' | b'\r'));
            if !ends_line || width < FULL_LINE || line == floor {
                return line;
            }
            start = above;
        }
    }

    /// The first digit at or after `line` that is not the letter of an escape.
    fn after_escape(&self, line: usize, before: usize) -> usize {
        let letter = line > self.start
            && line < before
            && self.buffer[line - 1] == b'\\'
            && matches!(self.buffer[line], b'n' | b'r' | b't');
        line + usize::from(letter)
    }

    /// All digits from `start` on.
    fn run(&self, start: usize, kind: Kind) -> Result<(Found, Zeroizing<Vec<u8>>), usize> {
        let (count, end) = self.words().walk(start, usize::MAX, |_| ());
        let mut bytes = self.words().copy(start, count);
        base64::decode_some(&mut bytes).then_some((Found { kind, text: start..end }, bytes)).ok_or(end)
    }

    /// One element that begins at `start` and ends where its run of digits ends.
    fn der(&mut self, start: usize) -> Result<(Found, Zeroizing<Vec<u8>>), usize> {
        let failed = Err(start + 1);
        let mut head = self.words().copy(start, 16);
        if head.len() < 16 || !base64::decode(&mut head) {
            return failed;
        }
        let indefinite = head.starts_with(&[0x30, 0x80]);
        let (inner, total) = match der::header(&head) {
            Some((_, inner, length)) => (inner, inner.saturating_add(length)),
            None if indefinite => (2, limits::OBJECT_SIZE),
            None => return failed,
        };
        let plausible = matches!(head.get(inner), Some(&(der::SEQUENCE | der::INTEGER | der::OID)));
        if !plausible || !(SMALLEST..=limits::OBJECT_SIZE).contains(&total) || self.allowance == 0 {
            return failed;
        }
        // No overflow: the limit above is far below the largest number.
        let needed = total / 3 * 4 + [0, 2, 3][total % 3];
        if !indefinite && needed > self.end - start {
            return failed;
        }
        // Counted first, so that a failed attempt needs no memory.
        let (count, end) = self.words().walk(start, needed, |_| ());
        if !indefinite
            && count == needed
            && self.continues(end)
            && let Some(several) = self.several(start, total)
        {
            return Ok(several);
        }
        if indefinite || count == needed {
            let mut bytes = self.words().copy(start, count);
            if base64::decode(&mut bytes) && (!indefinite || bytes.ends_with(&[0, 0])) {
                return Ok((Found { kind: Kind::Der, text: start..end }, bytes));
            }
        }
        self.allowance = self.allowance.saturating_sub(end - start);
        if indefinite {
            failed
        } else {
            self.in_columns(start, needed).or_else(|| self.in_literals(start, needed)).ok_or(start + 1)
        }
    }

    /// Elements one behind another in one run of digits, the first of which has `total` bytes.
    fn several(&mut self, start: usize, total: usize) -> Option<(Found, Zeroizing<Vec<u8>>)> {
        let (count, end) = self.words().walk(start, usize::MAX, |_| ());
        self.allowance = self.allowance.saturating_sub(end - start);
        let mut bytes = self.words().copy(start, count);
        let whole = base64::decode(&mut bytes) && bytes.get(total) == Some(&der::SEQUENCE);
        whole.then_some((Found { kind: Kind::Der, text: start..end }, bytes))
    }

    /// Whether the digits go on at `end` on the same line.
    fn continues(&self, end: usize) -> bool {
        matches!(self.words().step(end), Step::Digit(..))
    }
}
