//! Bytes of one kind that follow one another.

use std::ops::Range;

use crate::read::pem::base64;

/// The next `least` or more bytes of a kind, one behind another.
pub(super) fn next(
    buffer: &[u8],
    range: Range<usize>,
    least: usize,
    is: impl Fn(u8) -> bool + Copy,
) -> Option<Range<usize>> {
    let start = first(buffer, range.clone(), least, is)?;
    Some(start..start + leading(&buffer[start..range.end], is))
}

/// Where they begin. Whole words are leapt over, so few bytes of ordinary text are looked at.
pub(super) fn first(
    buffer: &[u8],
    range: Range<usize>,
    least: usize,
    is: impl Fn(u8) -> bool,
) -> Option<usize> {
    let mut at = range.start;
    loop {
        let window = buffer[..range.end].get(at..at.checked_add(least)?)?;
        match window.iter().rposition(|b| !is(*b)) {
            Some(other) => at += other + 1,
            None => return Some(at),
        }
    }
}

/// How many bytes of a kind a text begins with.
pub(super) fn leading(text: &[u8], is: impl Fn(u8) -> bool) -> usize {
    // Without a branch for each byte.
    let (blocks, _) = text.as_chunks::<8>();
    let whole = blocks.iter().take_while(|block| block.iter().fold(true, |all, b| all & is(*b))).count() * 8;
    whole + text[whole..].iter().position(|b| !is(*b)).unwrap_or(text.len() - whole)
}

/// How many digits of either alphabet a text begins with.
pub(super) fn digits(text: &[u8]) -> usize {
    leading(text, base64::is_any_digit)
}
