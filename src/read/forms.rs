//! Text forms around PEM and DER: wide characters to bytes, objects in base64 outside of blocks, objects in
//! hex digits.
//!
//! What comes out are guesses ([`Candidate`]); the caller parses them and drops what is no object. Nothing
//! here does I/O.

mod base64_cursor;
mod binary;
mod candidate;
mod catalogue;
mod columns;
mod dumps;
mod embedded;
mod escaped;
mod haystack;
mod hex;
mod hex_text;
mod literals;
mod notation;
mod numbers;
mod prefilter;
mod quoted;
mod runs;
mod spans;
mod strings;
#[cfg(test)]
mod tests;
mod values;
mod wide;

pub(crate) use binary::Elements;
pub(crate) use candidate::{Candidate, Kind};
pub(crate) use catalogue::NOTATIONS;
pub(crate) use embedded::candidates;
pub(crate) use escaped::markers;
pub(crate) use haystack::Haystack;
pub(crate) use hex_text::whole_hex;
pub(crate) use prefilter::may_hold_text;
pub(crate) use wide::to_narrow;
