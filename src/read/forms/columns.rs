//! Base64 text in lines with something else around it: string literals of source code, comments, quoted mail,
//! logs, arrays of lines.

use std::ops::Range;

use memchr::{memchr2, memrchr2};
use zeroize::Zeroizing;

use super::base64_cursor;
use super::spans;
use crate::read::pem::base64::{self, is_any_digit};
use crate::read::pem::wrapping;

/// A first line with fewer digits is not continued.
const LEAST: usize = 40;

/// Text around the digits of a line is looked at up to here, and digits are counted up to so many.
const REACH: usize = 512;

/// The digits of some lines: here all equally many, on the last line fewer.
pub(super) struct Lines {
    runs: Vec<Range<usize>>,
    /// Where the last run ends, behind its padding.
    pub(super) end: usize,
}

impl Lines {
    /// Runs of digits, in order.
    pub(super) const fn new(runs: Vec<Range<usize>>, end: usize) -> Self {
        Self { runs, end }
    }

    /// How many digits there are.
    pub(super) fn digits(&self) -> usize {
        self.runs.iter().map(ExactSizeIterator::len).sum()
    }

    /// Where the last but one begins.
    pub(super) fn last_but_one(&self) -> usize {
        self.runs.iter().nth_back(1).map_or(self.end, |run| run.start)
    }

    /// The first `most` digits, in the standard alphabet.
    pub(super) fn copy(&self, buffer: &[u8], most: usize) -> Zeroizing<Vec<u8>> {
        let mut digits = Zeroizing::new(Vec::new());
        self.copy_to(buffer, most, &mut digits);
        digits
    }

    /// Puts the first `most` digits into a buffer that may hold others, in the standard alphabet.
    pub(super) fn copy_to(&self, buffer: &[u8], most: usize, digits: &mut Vec<u8>) {
        base64::reset(digits, self.digits());
        self.runs.iter().for_each(|run| digits.extend_from_slice(&buffer[run.clone()]));
        digits.truncate(most);
        base64_cursor::standard(digits);
    }
}

/// The lines that begin with the run of digits at `start`, until there are `enough`. `None`: there is only
/// one.
pub(super) fn lines(buffer: &[u8], start: usize, end: usize, enough: usize) -> Option<Lines> {
    let first = run(buffer, start, end);
    let width = first.len();
    if !(LEAST..=REACH).contains(&width) {
        return None;
    }
    let mut column = line_start(buffer, start).map(|line| start - line);
    let mut digits = width;
    let mut last = first.clone();
    let mut runs = vec![first];
    // Whether escaped line ends count.
    let mut escapes = true;
    while digits < enough && buffer[..end].get(last.end) != Some(&b'=') {
        let below = |escapes| {
            let line = next_line(buffer, last.end, end, escapes)?;
            let same = column
                .map(|column| line.start + column)
                .filter(|at| begins(buffer, line.clone(), *at))
                .map(|at| run(buffer, at, line.end));
            let fits = |run: &Range<usize>| !run.is_empty() && run.len() <= width;
            let next = same.filter(fits).or_else(|| longest(buffer, line.clone()).filter(fits))?;
            Some((line.start, next))
        };
        let is_full =
            |found: &Option<(usize, Range<usize>)>| found.as_ref().is_some_and(|(_, run)| run.len() == width);
        let mut found = below(escapes);
        if !is_full(&found) {
            let other = below(!escapes);
            let length =
                |found: &Option<(usize, Range<usize>)>| found.as_ref().map_or(0, |(_, run)| run.len());
            // With two lines there is no full one to tell; a sign between literals is a digit too.
            if is_full(&other) || found.is_none() || runs.len() == 1 && length(&other) > length(&found) {
                (escapes, found) = (!escapes, other);
            }
        }
        let Some((line, next)) = found else { break };
        // The column of the second line counts: before the first there may be a name.
        column = Some(next.start - line);
        digits += next.len();
        last = next.clone();
        let ended = next.len() < width;
        runs.push(next);
        if ended {
            break;
        }
    }
    let pads = buffer[last.end..end].iter().take(2).take_while(|b| **b == b'=').count();
    (runs.len() > 1).then_some(Lines::new(runs, last.end + pads))
}

/// Where the lines begin that go on with the run at `at`: above it, each as long as the one that `at` lies
/// in.
pub(super) fn first(buffer: &[u8], floor: usize, at: usize) -> usize {
    let begin = |at: usize| {
        buffer[floor.max(at.saturating_sub(REACH))..at].iter().rev().take_while(|b| is_any_digit(**b)).count()
    };
    let mut start = at - begin(at);
    let width = run(buffer, start, buffer.len()).len();
    if !(LEAST..=REACH).contains(&width) {
        return start;
    }
    while let Some(line) = line_start(buffer, start).filter(|line| *line > floor) {
        let above = line_start(buffer, line.saturating_sub(1)).unwrap_or(floor).max(floor)..line;
        let same = above.start + (start - line);
        let same = begins(buffer, above.clone(), same)
            .then(|| run(buffer, same, above.end))
            .filter(|run| run.len() == width);
        match same.or_else(|| longest(buffer, above).filter(|run| run.len() == width)) {
            Some(run) => start = run.start,
            None => break,
        }
    }
    start
}

/// The digits from `start` on, those of the URL-safe alphabet too.
fn run(buffer: &[u8], start: usize, end: usize) -> Range<usize> {
    let reach = end.min(start + REACH + 1);
    start..start + spans::digits(&buffer[start..reach])
}

/// Whether a run begins at `at`, which lies in `line`.
fn begins(buffer: &[u8], line: Range<usize>, at: usize) -> bool {
    at < line.end && is_any_digit(buffer[at]) && (at == line.start || !is_any_digit(buffer[at - 1]))
}

/// The line behind the one that `at` lies in, its end left out.
fn next_line(buffer: &[u8], at: usize, end: usize, escapes: bool) -> Option<Range<usize>> {
    let mut line = line_end(buffer, at, end.min(at.saturating_add(REACH)), escapes)?.end;
    // CRLF, in whatever form.
    if let Some(second) =
        line_end(buffer, line, end.min(line + 8), escapes).filter(|second| second.start == line)
    {
        line = second.end;
    }
    let reach = end.min(line.saturating_add(3 * REACH));
    let stop = line_end(buffer, line, reach, escapes).map_or(reach, |next| next.start);
    (stop > line).then_some(line..stop)
}

/// The next line end at or after `at`, as it is or with `escapes` as string literals and XML have it.
fn line_end(buffer: &[u8], at: usize, end: usize, escapes: bool) -> Option<Range<usize>> {
    let text = buffer.get(at..end)?;
    let plain = memchr2(b'\n', b'\r', text);
    let before = plain.unwrap_or(text.len());
    let mut from = 0;
    while escapes && let Some(found) = text.get(from..before).and_then(|rest| memchr2(b'\\', b'&', rest)) {
        let found = from + found;
        let rest = &text[found..];
        match if rest[0] == b'\\' { wrapping::backslash(rest) } else { wrapping::entity(rest) } {
            (Some(b'\n' | b'\r'), width) => return Some(at + found..at + found + width),
            (_, width) => from = found + width,
        }
    }
    plain.map(|found| at + found..at + found + 1)
}

/// Where the line begins that `at` lies in.
fn line_start(buffer: &[u8], at: usize) -> Option<usize> {
    let mut from = at.saturating_sub(REACH);
    let mut start = memrchr2(b'\n', b'\r', &buffer[from..at]).map(|end| from + end + 1);
    from = start.unwrap_or(from);
    while let Some(end) = line_end(buffer, from, at, true) {
        from = end.end;
        start = Some(end.end);
    }
    start
}

/// The longest run of a line.
fn longest(buffer: &[u8], line: Range<usize>) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    let mut at = line.start;
    while at < line.end {
        let run = run(buffer, at, line.end);
        at = run.end + 1;
        if run.len() > best.as_ref().map_or(0, ExactSizeIterator::len) {
            best = Some(run);
        }
    }
    best
}
