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

pub(in crate::read) mod base64;
mod block;
mod headers;
mod label;
pub(in crate::read) mod lines;
mod marker;
mod recover;
mod splitter;
#[cfg(test)]
mod tests;
pub(in crate::read) mod wrapping;

pub(crate) use block::Block;
pub(crate) use lines::Lines;
pub(crate) use splitter::{Splitter, unclosed};
