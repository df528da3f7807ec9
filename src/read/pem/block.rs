//! One block of text, what decoding it gives, and why it cannot be decoded.

use std::borrow::Cow;

use super::headers::Headers;
use super::label;
use crate::finding::{Codes, Reason};

/// A prefix of a line is looked at no further back than this.
pub(super) const PREFIX: usize = 512;

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
    pub(super) findings: Codes,
    /// What stands before it, some of it.
    pub(super) before: &'a [u8],
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

    /// Whether its markers, and a digit before them, say nothing that its label and text do not say.
    pub(crate) fn has_plain_markers(&self) -> bool {
        self.closed && self.findings.is_empty() && !self.has_digit_prefix()
    }

    /// Whether a digit stands before it, as in a diff: the digits of the lines may then be more than their
    /// base64 text.
    pub(super) fn has_digit_prefix(&self) -> bool {
        self.before.last().is_some_and(|b| matches!(b, b'+' | b'/'))
    }

    /// What stands before it on its line.
    pub(super) fn prefix(&self) -> &'a [u8] {
        let start = memchr::memrchr2(b'\n', b'\r', self.before).map_or(0, |n| n + 1);
        &self.before[start..]
    }
}
