//! DEFLATE (RFC 1951): a decoder whose buffers are wiped.
//!
//! What was decoded lies in its window, what is to be decoded in its input (a stored block as it is): both
//! are wiped. The tables of the decoder itself hold lengths of codes and some bits of input at most, and are
//! overwritten with the next stream.

use std::io::{self, Read};
use std::ops::Range;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use zeroize::Zeroizing;

/// The window, twice what RFC 1951 asks for: what is decoded is handed on in larger pieces.
const WINDOW: usize = 64 << 10;
/// Bytes read at a time.
const INPUT: usize = 32 << 10;

/// Why a stream ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// There are no more bytes.
    CutShort,
    /// It is no DEFLATE.
    Damaged,
}

/// What decoding needs, made once and used for one stream after another.
pub(super) struct State {
    pub(super) decoder: Decoder,
    pub(super) input: Zeroizing<Vec<u8>>,
}

impl State {
    pub(super) fn new() -> Self {
        Self { decoder: Decoder::new(), input: Zeroizing::new(vec![0; INPUT]) }
    }
}

/// Compressed bytes, read in pieces.
pub(super) struct Input<'s> {
    source: &'s mut dyn Read,
    buffer: &'s mut [u8],
    ready: Range<usize>,
    over: bool,
}

impl<'s> Input<'s> {
    pub(super) fn new(source: &'s mut dyn Read, buffer: &'s mut [u8]) -> Self {
        Self { source, buffer, ready: 0..0, over: false }
    }

    /// The next bytes, at least so many unless there are no more. No more than the buffer has are asked for.
    pub(super) fn peek(&mut self, least: usize) -> io::Result<&[u8]> {
        while self.ready.len() < least && !self.over {
            self.buffer.copy_within(self.ready.clone(), 0);
            self.ready = 0..self.ready.len();
            let got = self.source.read(&mut self.buffer[self.ready.end..])?;
            self.ready.end += got;
            self.over = got == 0;
        }
        Ok(&self.buffer[self.ready.clone()])
    }

    /// Passes over bytes that were seen.
    pub(super) fn pass(&mut self, count: usize) {
        self.ready.start = (self.ready.start + count).min(self.ready.end);
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek(1)?.first().copied();
        self.pass(1);
        Ok(byte)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            return self.source.read(out);
        }
        let count = out.len().min(self.ready.len());
        out[..count].copy_from_slice(&self.buffer[self.ready.start..][..count]);
        self.pass(count);
        Ok(count)
    }
}

/// Decodes one stream after another.
pub(super) struct Decoder {
    core: Box<DecompressorOxide>,
    window: Zeroizing<Vec<u8>>,
    at: usize,
    /// Decoded, and not handed on yet.
    ready: Range<usize>,
    used: usize,
    done: bool,
    broken: Option<Broken>,
}

impl Decoder {
    fn new() -> Self {
        let window = Zeroizing::new(vec![0; WINDOW]);
        Self { core: Box::default(), window, at: 0, ready: 0..0, used: 0, done: false, broken: None }
    }

    /// Makes it ready for a new stream. Nothing of the last one is left that the new one could refer to.
    pub(super) fn reset(&mut self) {
        self.window[..self.used.min(WINDOW)].fill(0);
        std::hint::black_box(self.window.as_slice());
        *self.core = DecompressorOxide::new();
        (self.at, self.ready, self.used, self.done, self.broken) = (0, 0..0, 0, false, None);
    }

    /// Decodes until there is something to hand on. `false` at the end of the stream, whether it is one or
    /// not.
    pub(super) fn advance(&mut self, input: &mut Input<'_>) -> io::Result<bool> {
        while self.ready.is_empty() {
            if self.done || self.broken.is_some() {
                return Ok(false);
            }
            let bytes = input.peek(1)?;
            let over = bytes.is_empty();
            // Without the flag it would go on with zeros at the end of what there is.
            let (status, read, written) =
                decompress(&mut self.core, bytes, &mut self.window, self.at, TINFL_FLAG_HAS_MORE_INPUT);
            input.pass(read);
            self.ready = self.at..self.at + written;
            self.at = (self.at + written) % WINDOW;
            self.used = self.used.saturating_add(written);
            match status {
                TINFLStatus::Done => self.done = true,
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput if !over => {}
                TINFLStatus::NeedsMoreInput | TINFLStatus::FailedCannotMakeProgress => {
                    self.broken = Some(Broken::CutShort)
                }
                _ => self.broken = Some(Broken::Damaged),
            }
        }
        Ok(true)
    }

    /// Hands on what is decoded; 0 at the end.
    pub(super) fn read(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> io::Result<usize> {
        if !self.advance(input)? {
            return Ok(0);
        }
        let count = out.len().min(self.ready.len());
        out[..count].copy_from_slice(&self.window[self.ready.start..][..count]);
        self.ready.start += count;
        Ok(count)
    }

    /// What is wrong with the stream that came to its end.
    pub(super) const fn broken(&self) -> Option<Broken> {
        self.broken
    }
}
