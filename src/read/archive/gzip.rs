//! gzip (RFC 1952): one stream, or several one behind another, as one file.

use std::io::{self, Read};

use rawzip::Crc32;

use super::budget::Budget;
use super::inflate::{Broken, Decoder, Input, State};
use super::member::Stream;
use crate::limits::{self, Limits};
use crate::time::Time;

/// Section 2.3.1: the identification, DEFLATE, and no flags that have no meaning yet.
pub(super) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, ..] if flags & 0xe0 == 0)
}

/// What the first header says of the file.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Its name, if there is one.
    pub(super) name: Vec<u8>,
    /// When it was changed, in UTC.
    pub(super) time: Option<Time>,
}

/// The file in a gzip.
pub(super) struct Gzip<'s> {
    input: Input<'s>,
    decoder: &'s mut Decoder,
    budget: &'s Budget,
    crc: Crc32,
    total: u64,
    /// Bytes of earlier streams.
    before: u64,
    over: bool,
    trouble: Option<String>,
}

impl<'s> Gzip<'s> {
    /// Reads the first header. `None` if nothing can be decoded.
    pub(super) fn open(
        source: &'s mut dyn Read,
        state: &'s mut State,
        budget: &'s Budget,
    ) -> io::Result<Option<(Header, Self)>> {
        state.decoder.reset();
        let mut input = Input::new(source, &mut state.input);
        let Some(header) = header(&mut input)? else { return Ok(None) };
        let mut gzip = Self {
            input,
            decoder: &mut state.decoder,
            budget,
            crc: Crc32::new(),
            total: 0,
            before: 0,
            over: false,
            trouble: None,
        };
        let any = gzip.decoder.advance(&mut gzip.input)? || gzip.decoder.broken().is_none();
        Ok(any.then_some((header, gzip)))
    }

    /// What lies behind the last stream, if anything but zeros does.
    pub(super) fn behind(&mut self) -> io::Result<Option<&mut Input<'s>>> {
        let any = self.trouble.is_none() && !self.input.peek(1)?.is_empty();
        Ok(any.then_some(&mut self.input))
    }

    /// The end of one stream: its checksum, and whether another one follows.
    fn finish(&mut self) -> io::Result<()> {
        self.over = true;
        if let Some(broken) = self.decoder.broken() {
            let how = if broken == Broken::CutShort { "cut short" } else { "damaged" };
            self.trouble.get_or_insert_with(|| {
                format!("the gzip is {how} behind {} bytes of its content", self.total)
            });
            return Ok(());
        }
        let trailer = self.input.peek(8)?;
        let Some(trailer) = trailer.first_chunk::<8>() else {
            self.trouble.get_or_insert_with(|| {
                format!("the gzip is cut short behind {} bytes of its content", self.total)
            });
            return Ok(());
        };
        // Section 2.3.1: CRC32 and the size modulo 2^32.
        let word =
            |at: usize| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]);
        if (word(0), word(4)) != (self.crc.checksum(), (self.total - self.before) as u32) {
            self.trouble.get_or_insert_with(|| {
                format!("the checksum of the gzip does not fit; what lies before byte {} of its content is doubtful", self.total)
            });
        }
        self.input.pass(8);
        while self.input.peek(1)?.first() == Some(&0) {
            self.input.pass(1);
        }
        if begins(self.input.peek(10)?) && header(&mut self.input)?.is_some() {
            self.decoder.reset();
            (self.crc, self.before, self.over) = (Crc32::new(), self.total, false);
        }
        Ok(())
    }
}

/// What is in a gzip that lies in memory, all streams of it.
///
/// # Errors
/// What is wrong with it; or it has more than `most` bytes.
pub(crate) fn gunzip(bytes: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let budget = Budget::new(bytes.len() as u64, &Limits { file_size: most, ..Limits::default() }, most);
    let (mut source, mut state, mut out) = (bytes, State::new(), Vec::new());
    let opened = Gzip::open(&mut source, &mut state, &budget).map_err(|e| e.to_string())?;
    let (_, mut gzip) = opened.ok_or("the gzip is damaged or cut off")?;
    let read = gzip.read_to_end(&mut out);
    if let Some(trouble) = gzip.trouble() {
        return Err(trouble);
    }
    match (read, gzip.behind()) {
        (Ok(_), Ok(None)) => Ok(out),
        (Ok(_), Ok(Some(_))) => Err("something lies behind the gzip".to_owned()),
        (Err(error), _) | (_, Err(error)) => Err(budget.reached().unwrap_or_else(|| error.to_string())),
    }
}

impl Read for Gzip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.over && !out.is_empty() {
            let count = self.decoder.read(&mut self.input, out)?;
            if count > 0 {
                self.crc.update(&out[..count]);
                self.total += count as u64;
                self.budget.spend(count)?;
                return Ok(count);
            }
            self.finish()?;
        }
        Ok(0)
    }
}

impl Stream for Gzip<'_> {
    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

/// Reads one header; `None` if it is none.
fn header(input: &mut Input<'_>) -> io::Result<Option<Header>> {
    let bytes = input.peek(10)?;
    if !begins(bytes) {
        return Ok(None);
    }
    let flags = bytes[3];
    let seconds = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    input.pass(10);
    let mut header =
        Header { time: (seconds > 0).then(|| Time::from_unix(i64::from(seconds))), ..Header::default() };
    // FEXTRA, FNAME, FCOMMENT, FHCRC, in this order.
    if flags & 4 != 0 {
        let length = input.peek(2)?.first_chunk::<2>().map_or(0, |l| u16::from_le_bytes(*l));
        input.pass(2);
        for _ in 0..length {
            input.byte()?;
        }
    }
    if flags & 8 != 0 {
        while let Some(byte) = input.byte()?.filter(|b| *b != 0) {
            if header.name.len() <= limits::MEMBER_NAME {
                header.name.push(byte);
            }
        }
    }
    if flags & 16 != 0 {
        while input.byte()?.is_some_and(|b| b != 0) {}
    }
    if flags & 2 != 0 {
        input.peek(2)?;
        input.pass(2);
    }
    Ok(Some(header))
}
