//! Base64 text outside of blocks, place by place: digits of both alphabets, line ends, padding, and the
//! escapes that stand for them.

use zeroize::Zeroizing;

use crate::read::pem::{base64, wrapping};

/// What stands at one place of a run.
pub(super) enum Step {
    /// A digit of the standard alphabet, and how many bytes stood for it.
    Digit(u8, usize),
    /// White space or what stands for it, and whether a line ends there.
    Break(usize, bool),
    /// `=`.
    Pad(usize),
    /// The run is over.
    Stop,
}

/// Reads one place of a run; both alphabets of RFC 4648 (sections 4 and 5) count, and escapes of JSON, URLs
/// and XML, also several times over.
fn step(buffer: &[u8], at: usize, end: usize) -> Step {
    let Some(rest) = buffer.get(at..end) else { return Step::Stop };
    if let Some(&digit) = rest.first().filter(|b| base64::is_digit(**b)) {
        return Step::Digit(digit, 1);
    }
    let (byte, width) = match rest {
        [b'\\', b'\n' | b'\r', ..] => (b'\n', 2),
        [b'\\', ..] => meaning(escaped(rest)),
        [b'%', ..] => meaning(wrapping::percent(rest)),
        [b'&', ..] => meaning(wrapping::entity(rest)),
        [b'<', b'b' | b'B', b'r' | b'R', ..] => match rest.iter().take(8).position(|b| *b == b'>') {
            Some(end) => (b'\n', end + 1),
            None => (0, 1),
        },
        // Dashes of an END.
        [b'-', b'-', b'-', b'-', ..] => (0, 1),
        [byte, ..] => (*byte, 1),
        [] => return Step::Stop,
    };
    match byte {
        b'-' => Step::Digit(b'+', width),
        b'_' => Step::Digit(b'/', width),
        b'=' => Step::Pad(width),
        0 => Step::Stop,
        _ if base64::is_digit(byte) => Step::Digit(byte, width),
        _ if base64::is_blank(byte) => Step::Break(width, matches!(byte, b'\n' | b'\r')),
        _ => Step::Stop,
    }
}

/// An escape that begins with backslashes; a slash may stand behind them too.
fn escaped(text: &[u8]) -> (Option<u8>, usize) {
    let run = text.iter().position(|b| *b != b'\\').unwrap_or(text.len());
    if text.get(run) == Some(&b'/') { (Some(b'/'), run + 1) } else { wrapping::backslash(text) }
}

/// What has no meaning ends a run, as a zero byte does.
fn meaning((byte, width): (Option<u8>, usize)) -> (u8, usize) {
    (byte.unwrap_or(0), width)
}

/// A stretch of text in which runs are followed.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    /// The whole buffer.
    pub(super) buffer: &'a [u8],
    /// Where the stretch ends.
    pub(super) end: usize,
}

/// Turns digits of the URL-safe alphabet into those of the standard one.
pub(super) fn standard(digits: &mut [u8]) {
    for digit in digits {
        *digit = match *digit {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
    }
}

impl Text<'_> {
    /// What stands at `at`.
    pub(super) fn step(self, at: usize) -> Step {
        step(self.buffer, at, self.end)
    }

    /// The first `count` digits of the run that begins at `start`.
    pub(super) fn copy(self, start: usize, count: usize) -> Zeroizing<Vec<u8>> {
        let mut digits = Zeroizing::new(Vec::new());
        self.copy_to(start, count, &mut digits);
        digits
    }

    /// Puts the first `count` digits of the run that begins at `start` into a buffer that may hold others, in
    /// the standard alphabet.
    pub(super) fn copy_to(self, start: usize, count: usize, digits: &mut Vec<u8>) {
        base64::reset(digits, count);
        self.walk(start, count, |some| digits.extend_from_slice(some));
        standard(digits);
    }

    /// Passes up to `most` digits of either alphabet of the run that begins at `start`; returns their number
    /// and where it stopped, behind any padding.
    pub(super) fn walk(self, start: usize, most: usize, mut pass: impl FnMut(&[u8])) -> (usize, usize) {
        let mut at = start;
        let mut count = 0;
        while count < most {
            // Most digits stand for themselves.
            let plain = self.buffer.get(at..self.end).unwrap_or_default();
            let plain = &plain[..plain.len().min(most - count)];
            let length = plain.iter().position(|b| !base64::is_digit(*b)).unwrap_or(plain.len());
            if length > 0 {
                pass(&plain[..length]);
                count += length;
                at += length;
                continue;
            }
            match self.step(at) {
                Step::Digit(digit, width) => {
                    pass(&[digit]);
                    count += 1;
                    at += width;
                }
                Step::Break(..) => match self.next_line(at) {
                    Some(next) => at = next,
                    None => break,
                },
                Step::Pad(_) | Step::Stop => break,
            }
        }
        while let Step::Pad(width) = self.step(at) {
            at += width;
        }
        (count, at)
    }

    /// Where a run goes on behind blanks, if the next line or word has nothing but digits up to its own end
    /// or a closing quotation mark.
    fn next_line(self, mut at: usize) -> Option<usize> {
        let mut line = false;
        loop {
            match self.step(at) {
                Step::Break(width, ends) => (at, line) = (at + width, line | ends),
                Step::Digit(_, 1) => break,
                Step::Digit(..) => return Some(at),
                _ => return None,
            }
        }
        let closing = |b: Option<&u8>| {
            matches!(
                b,
                None | Some(
                    b'\n'
                        | b'\r'
                        | b' '
                        | b'\t'
                        | b'"'
                        | b'\''
                        | b'`'
                        | b'\\'
                        | b'<'
                        | b'&'
                        | b'%'
                        | b','
                        | b')'
                        | b']'
                        | b'}'
                        | b';'
                )
            )
        };
        let length =
            self.buffer[at..self.end].iter().position(|b| !base64::is_digit(*b) && !matches!(b, b'-' | b'_'));
        let behind = length.map_or(self.end, |n| at + n);
        let pads = self.buffer[behind..self.end].iter().take(3).take_while(|b| **b == b'=').count();
        // A name and a value, as in `B=1`, are a line of something else.
        let closes = pads <= 2
            && closing(self.buffer[..self.end].get(behind + pads))
            && !(line && self.goes_on_behind_blank(behind + pads));
        // So is the border of two parts of a mail.
        let border = self.buffer[at..self.end].starts_with(b"--");
        (closes && !border && length != Some(0)).then_some(at)
    }

    /// Whether a blank stands at `at`, and a word behind it: what stands before it is a prefix then, as `//`
    /// of a comment, or a word of a text.
    fn goes_on_behind_blank(self, at: usize) -> bool {
        let rest = &self.buffer[at..self.end];
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        blanks > 0 && rest.get(blanks).is_some_and(|b| base64::is_digit(*b))
    }
}
