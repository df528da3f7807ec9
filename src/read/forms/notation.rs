//! What a notation of bytes in text has to offer.

use std::ops::Range;

use super::haystack::Haystack;

/// Gets the bytes that came out of a wrapping, and where it is; tells whether there was anything in them.
pub(crate) type Visit<'v> = dyn FnMut(Range<usize>, &[u8]) -> bool + 'v;

/// A way to write bytes as text whose beginning does not tell what follows.
pub(crate) trait Notation: Sync {
    /// Whether it may be anywhere in `range`. Cheap; `false` is certain.
    fn may_be_in(&self, text: &Haystack<'_>, range: &Range<usize>) -> bool;

    /// Visits what is written so in `range` with its bytes, in order. Moves forward only.
    fn decode(&self, text: &Haystack<'_>, range: Range<usize>, visit: &mut Visit<'_>);
}
