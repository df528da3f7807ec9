//! From the text of a block to its bytes: the plain reading first, then one wrapping after another is taken
//! off.
//!
//! Every reading costs a constant number of passes over the text, so the whole is linear in it.

use zeroize::Zeroizing;

use super::base64::{self, Gathered};
use super::block::{Block, BlockError, Decoded};
use super::headers::{self, Headers};
use super::label::{self, Content, Fit};
use super::wrapping::{self as wrap, Plus};
use crate::finding::{Code, Codes, Reason};

/// Text of a block without END is unwrapped only this far: it may be the rest of a large file.
const OPEN_TEXT: usize = 16 << 20;

impl Block<'_> {
    /// Writes the bytes to `out`, replacing what was there.
    ///
    /// **The caller wipes `out`**, its spare capacity too (`Vec::zeroize` does): it may hold a private key,
    /// also after a failure.
    pub(crate) fn decode(&self, out: &mut Vec<u8>) -> Result<Decoded, BlockError> {
        let content = label::content(&self.name());
        if self.closed && base64::regular(self.body, out) {
            let fit = label::fit(content, false, out);
            if fit == Fit::Exact || fit == Fit::Loose && !self.has_digit_prefix() {
                return Ok(Decoded {
                    headers: Headers::default(),
                    findings: self.findings,
                    by_prefix: false,
                    reach: None,
                });
            }
        }
        let mut decoded = recover(self, content, out)?;
        decoded.findings = decoded.findings.union(self.findings);
        Ok(decoded)
    }
}

/// Decodes a block whose text is not of the usual shape.
fn recover(block: &Block<'_>, content: Content, out: &mut Vec<u8>) -> Result<Decoded, BlockError> {
    let mut readings = Readings { content, closed: block.closed, clean: true, by_prefix: false, out };
    let (headers, text) = headers::split(block.body);
    if text.iter().all(|b| base64::is_blank(*b)) {
        if !block.is_prefixed() {
            return Err(block.nothing());
        }
        readings.by_prefix = true;
    }
    let unchecked = matches!(content, Content::Any | Content::Pgp) || headers.encrypted;
    let loose = unchecked && !block.has_digit_prefix();
    let mut plain = readings.plain(&headers, text, loose);
    // Correct padding speaks for a reading: a part of a wrapping that was read as digits would have shifted
    // it.
    for clean in [true, false] {
        if readings.clean != clean {
            readings.clean = clean;
            plain = readings.plain(&headers, text, loose);
        }
        if let Some(codes) = plain.codes {
            return Ok(readings.decoded(block, headers, codes));
        }
        if let Some((headers, codes)) = readings.unwrapped(block) {
            return Ok(readings.decoded(block, headers, codes));
        }
    }
    // Base64 text of something else than the label says: the caller tells what.
    if plain.is_clean && block.closed && readings.plain(&headers, text, true).is_clean {
        return Ok(readings.decoded(block, headers, Codes::NONE));
    }
    if block.closed && wrap::has_escapes(block.body) {
        let mut unescaped = Zeroizing::new(Vec::new());
        wrap::unescape(block.body, Plus::Digit, &mut unescaped);
        let (headers, text) = headers::split(&unescaped);
        if readings.plain(&headers, text, true).is_clean {
            return Ok(readings.decoded(block, headers, Codes::NONE));
        }
    }
    readings.out.clear();
    Err(block.not_base64(text, plain.gathered.stop))
}

/// What the plain reading of a text gave.
struct Plain {
    /// Set when it was accepted; the bytes are in the output then.
    codes: Option<Codes>,
    /// Whether it is base64 text with correct padding, accepted or not.
    is_clean: bool,
    /// How its digits ended.
    gathered: Gathered,
}

/// The state of the readings of one block.
struct Readings<'o> {
    content: Content,
    closed: bool,
    /// Whether only text with correct padding is accepted.
    clean: bool,
    /// Whether a reading was tried that looks at what stands before the block.
    by_prefix: bool,
    out: &'o mut Vec<u8>,
}

impl Readings<'_> {
    /// The result, once the bytes are in the output.
    fn decoded(&self, block: &Block<'_>, headers: Headers, mut findings: Codes) -> Decoded {
        if !self.closed {
            findings.insert(Code::MissingEnd);
        }
        let open = !self.closed || findings.contains(Code::TrailingData);
        // What is wrapped around the digits has some too: then the last digits of the object are taken for
        // text behind it, which does no harm.
        let digits = self.out.len().saturating_mul(4).div_ceil(3);
        let reach = || {
            let last = block
                .body
                .iter()
                .enumerate()
                .filter(|(_, b)| base64::is_digit(**b))
                .nth(digits.saturating_sub(1));
            last.map_or(block.body.len(), |(at, _)| at + 1)
        };
        Decoded { headers, findings, by_prefix: self.by_prefix, reach: open.then(reach) }
    }

    /// Reads text as base64 with blanks. `loose` accepts bytes that cannot be checked or have something
    /// behind them.
    fn plain(&mut self, headers: &Headers, text: &[u8], loose: bool) -> Plain {
        let text = if self.content == Content::Pgp { before_checksum(text) } else { text };
        let gathered = base64::gather(text, self.out);
        let mut plain = Plain { codes: None, is_clean: false, gathered };
        if gathered.stop.is_some() && (self.closed || self.content != Content::Der) {
            return plain;
        }
        if !self.closed
            && self.content != Content::OpenSsh
            && (self.content != Content::Der || headers.encrypted || !base64::cut(self.out))
        {
            return plain;
        }
        let pads =
            if gathered.stop.is_none() || !self.closed { self.pads(gathered.pads) } else { gathered.pads };
        let Some(clean) = base64::finish(self.out, pads) else { return plain };
        plain.is_clean = clean;
        let fit = label::fit(self.content, headers.encrypted, self.out);
        if self.clean && !clean {
            return plain;
        }
        if fit == Fit::Exact || fit == Fit::Loose && loose && self.closed {
            plain.codes = Some(if clean { Codes::NONE } else { Codes::from_iter([Code::BadPadding]) });
        }
        plain
    }

    /// The padding to judge: an element that was cut out of open text is not judged by what stands behind it.
    fn pads(&self, found: usize) -> usize {
        if self.closed { found } else { [0, 0, 2, 1][self.out.len() % 4] }
    }

    /// Takes wrappings off until the bytes fit.
    fn unwrapped(&mut self, block: &Block<'_>) -> Option<(Headers, Codes)> {
        let body = if block.closed { block.body } else { &block.body[..block.body.len().min(OPEN_TEXT)] };
        let mut text = Zeroizing::new(Vec::new());
        let mut work = Zeroizing::new(Vec::new());
        let prefix = block.prefix();
        let mut found = self.lines(body, prefix, &mut work);
        if found.is_none() && wrap::has_escapes(body) {
            wrap::unescape(body, Plus::Digit, &mut text);
            found = self.text(&text).or_else(|| self.lines(&text, prefix, &mut work));
            if found.is_none() && memchr::memchr(b'%', body).is_some() && memchr::memchr(b'+', body).is_some()
            {
                wrap::unescape(body, Plus::Blank, &mut text);
                found = self.text(&text).or_else(|| self.lines(&text, prefix, &mut work));
            }
        }
        if found.is_none() && body.iter().any(|b| matches!(b, b'"' | b'\'' | b'`')) {
            found = [true, false].into_iter().find_map(|inside| {
                wrap::literals(body, inside, &mut work);
                wrap::unescape(&work, Plus::Digit, &mut text);
                self.text(&text)
            });
        }
        if found.is_none() && wrap::is_quoted_printable(body) {
            wrap::unquote_printable(body, &mut text);
            found = self.text(&text).or_else(|| self.lines(&text, prefix, &mut work));
            if found.is_none() && wrap::has_escapes(&text) {
                wrap::unescape(&text, Plus::Digit, &mut work);
                found = self.text(&work);
            }
        }
        found.or_else(|| self.last_resorts(body, &mut work))
    }

    /// One text with its headers, accepted only if the bytes fit exactly or cannot be checked.
    fn text(&mut self, text: &[u8]) -> Option<(Headers, Codes)> {
        let (headers, behind) = headers::split(text);
        let loose = headers.encrypted || matches!(self.content, Content::Any | Content::Pgp);
        self.plain(&headers, behind, loose).codes.map(|codes| (headers, codes))
    }

    /// Takes prefixes off the lines of a text.
    fn lines(&mut self, text: &[u8], prefix: &[u8], work: &mut Vec<u8>) -> Option<(Headers, Codes)> {
        memchr::memchr2(b'\n', b'\r', text)?;
        self.by_prefix = true;
        let tail = !self.closed;
        let checked = self.content == Content::Der || self.content == Content::OpenSsh;
        if !prefix.trim_ascii().is_empty() {
            wrap::by_line(text, tail, work, |line| wrap::without_prefix(line, prefix));
            if let Some(found) = self.text(work) {
                return Some(found);
            }
        }
        if !prefix.is_empty() {
            wrap::by_line(text, tail, work, |line| wrap::without_columns(line, prefix.len()));
            if let Some(found) = self.text(work) {
                return Some(found);
            }
        }
        if !checked {
            return None;
        }
        wrap::by_line(text, tail, work, wrap::last_word);
        if let Some(found) = self.text(work) {
            return Some(found);
        }
        wrap::by_line(text, tail, work, wrap::longest_run);
        self.text(work)
    }

    /// Guesses that only an exact fit can justify.
    fn last_resorts(&mut self, body: &[u8], work: &mut Vec<u8>) -> Option<(Headers, Codes)> {
        if self.content != Content::Der && self.content != Content::OpenSsh {
            return None;
        }
        let (headers, text) = headers::split(body);
        if headers.encrypted {
            return None;
        }
        if let Some(found) = wrap::from_first_full_line(text).and_then(|rest| self.text(rest)) {
            return Some(found);
        }
        base64::reset(work, text.len());
        work.extend(text.iter().copied().filter(|b| base64::is_digit(*b)));
        if let Some(found) = self.text(work) {
            return Some(found);
        }
        if memchr::memchr2(b'-', b'_', text).is_some() {
            base64::reset(work, text.len());
            work.extend(text.iter().map(|b| match b {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            }));
            if let Some(found) = self.text(work) {
                return Some(found);
            }
        }
        if self.clean { None } else { self.head(headers, text) }
    }

    /// A whole element, with something behind it that is no base64 text.
    fn head(&mut self, headers: Headers, text: &[u8]) -> Option<(Headers, Codes)> {
        base64::gather(text, self.out);
        if self.content != Content::Der || !base64::cut(self.out) {
            return None;
        }
        let pads = [0, 0, 2, 1][self.out.len() % 4];
        base64::finish(self.out, pads)?;
        (label::elements(self.out) == Fit::Exact).then(|| (headers, Codes::from_iter([Code::TrailingData])))
    }
}

/// Text without the checksum line of OpenPGP (RFC 9580 section 6.1).
fn before_checksum(text: &[u8]) -> &[u8] {
    let end = memchr::memmem::rfind(text, b"\n=").or_else(|| memchr::memmem::rfind(text, b"\r="));
    end.map_or(text, |end| &text[..end])
}

impl Block<'_> {
    /// Whether the text has lines that begin like the line of the BEGIN: all of them may look like headers
    /// then.
    fn is_prefixed(&self) -> bool {
        let prefix = self.prefix().trim_ascii();
        !prefix.is_empty() && memchr::memmem::find(self.body, prefix).is_some()
    }

    /// The failure of a block without text.
    fn nothing(&self) -> BlockError {
        let (reason, says) = if self.closed {
            (Reason::EmptyBlock, "nothing between BEGIN and END")
        } else {
            (Reason::MissingEnd, "BEGIN without END")
        };
        BlockError { reason, detail: format!("line {}: {says}", self.line) }
    }

    /// The failure of a block whose text, a tail of the body, stops being base64 at `stop`.
    fn not_base64(&self, text: &[u8], stop: Option<usize>) -> BlockError {
        if !self.closed || text.iter().all(|b| base64::is_blank(*b)) {
            return self.nothing();
        }
        let before = self.body.len() - text.len() + stop.unwrap_or_else(|| text.trim_ascii_end().len());
        let ended = super::lines::ended(&self.body[..before], self.body.get(before).copied());
        let line = self.line.saturating_add(u32::try_from(ended).unwrap_or(u32::MAX));
        let says = match stop.and_then(|at| text.get(at)) {
            Some(byte) if label::is_public(&self.name()) && (byte.is_ascii_graphic()) => {
                format!("'{}' is not base64 here", char::from(*byte))
            }
            Some(_) => "this is not base64".to_owned(),
            None => "the base64 text ends too early".to_owned(),
        };
        BlockError { reason: Reason::BadBase64, detail: format!("line {line}: {says}") }
    }
}
