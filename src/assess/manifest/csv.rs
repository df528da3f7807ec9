//! Records of CSV. A line without quotes is parted at its delimiters; one with quotes is read as RFC 4180
//! says, and a quote that nothing closes costs its own line alone. One pass, whatever the quotes; only the
//! fields that are used are kept.

use std::borrow::Cow;

use crate::limits;

/// The rows of a text, one after the other.
pub(super) struct Rows<'t> {
    pub(super) rest: &'t str,
    pub(super) line: u64,
    pub(super) delimiter: u8,
    /// Columns of the header; 0 while it is read.
    pub(super) width: usize,
    /// The columns that are used, in order, and as which field; all of them while the header is read.
    pub(super) used: Vec<(usize, usize)>,
}

/// One of them.
pub(super) struct Record<'t> {
    pub(super) line: u64,
    /// Number of its fields.
    pub(super) count: usize,
    /// Those that are used; all of a header.
    pub(super) fields: Vec<Cow<'t, str>>,
}

impl<'t> Rows<'t> {
    pub(super) fn skip_blank(&mut self) {
        while !self.rest.is_empty() {
            let (first, behind) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            if !first.trim().is_empty() {
                break;
            }
            (self.rest, self.line) = (behind, self.line + 1);
        }
    }

    /// The next row, or the line on which a quote opens that nothing closes.
    pub(super) fn next(&mut self) -> Option<Result<Record<'t>, u64>> {
        self.skip_blank();
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let first = &self.rest[..end];
        let (scan, length) = match self.scan(first, false) {
            Some(scan) => (scan, end),
            // A quote is open at the end of the line: what follows may close it.
            None => match self.over_lines() {
                Some(found) => found,
                None => {
                    (self.rest, self.line) = (self.rest.get(end + 1..).unwrap_or_default(), line + 1);
                    return Some(Err(line));
                }
            },
        };
        let taken = &self.rest[..length];
        self.line += memchr::memchr_iter(b'\n', taken.as_bytes()).count() as u64 + 1;
        let fields = self.fields(taken, &scan);
        self.rest = self.rest.get(length + 1..).unwrap_or_default();
        Some(Ok(Record { line, count: scan.count, fields }))
    }

    /// A row over lines: within a bound, with quotes only where RFC 4180 has them, and nothing about it that
    /// shows that a quote went astray.
    fn over_lines(&self) -> Option<(Scan, usize)> {
        let mut bound = self.rest.len().min(limits::QUOTED_FIELD);
        while !self.rest.is_char_boundary(bound) {
            bound -= 1;
        }
        let scan = self.scan(&self.rest[..bound], true)?;
        // Cut by the bound alone, it may have gone on.
        let length = scan.length;
        let ended = length < bound || bound == self.rest.len();
        (ended && scan.count == self.width).then_some((scan, length))
    }

    /// Looks for the fields of one row. On one line quotes may stand anywhere, as far as none is open at its
    /// end; over lines they are strict.
    fn scan(&self, text: &str, over_lines: bool) -> Option<Scan> {
        let bytes = text.as_bytes();
        let mut out = Scan { count: 0, length: bytes.len(), kept: Vec::new() };
        let mut at = 0;
        loop {
            let field = if bytes.get(at) == Some(&b'"') {
                self.quoted_field(bytes, at, over_lines, self.is_used(out.count))?
            } else {
                let end =
                    memchr::memchr2(self.delimiter, b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
                if over_lines && memchr::memchr(b'"', &bytes[at..end]).is_some() {
                    return None;
                }
                Span { from: at, to: end, next: end, quoted: false }
            };
            if self.is_used(out.count) {
                out.kept.push((field.from, field.to, field.quoted));
            }
            out.count += 1;
            at = field.next + 1;
            match bytes.get(field.next) {
                Some(byte) if *byte == self.delimiter => {
                    // A row over lines has as many fields as the header.
                    if over_lines && out.count >= self.width {
                        return None;
                    }
                }
                _ => {
                    out.length = field.next;
                    return Some(out);
                }
            }
        }
    }

    fn is_used(&self, column: usize) -> bool {
        self.width == 0 || self.used.iter().any(|(c, _)| *c == column)
    }

    /// A field that begins with a quote; none if that is not closed, or not as it has to be.
    fn quoted_field(&self, bytes: &[u8], at: usize, over_lines: bool, used: bool) -> Option<Span> {
        let mut delimiters = 0;
        let mut first_line = true;
        let mut i = at + 1;
        loop {
            let found = i + memchr::memchr3(b'"', b'\n', self.delimiter, bytes.get(i..)?)?;
            match bytes[found] {
                b'"' if bytes.get(found + 1) == Some(&b'"') => i = found + 2,
                b'"' => {
                    i = found;
                    break;
                }
                // Nothing that is used has a line end in it, and no line of a field looks like a row.
                b'\n' if used || !first_line && self.is_row(delimiters) => return None,
                b'\n' => (delimiters, first_line, i) = (0, false, found + 1),
                _ => (delimiters, i) = (delimiters + 1, found + 1),
            }
        }
        if !first_line && self.is_row(delimiters) {
            return None;
        }
        match bytes.get(i + 1) {
            None => Some(Span { from: at, to: i + 1, next: i + 1, quoted: true }),
            Some(b) if *b == self.delimiter || *b == b'\n' => {
                Some(Span { from: at, to: i + 1, next: i + 1, quoted: true })
            }
            Some(_) if over_lines => None,
            // `"a" b`: text behind the quotes belongs to the field, as most readers have it.
            Some(_) => {
                let end = memchr::memchr2(self.delimiter, b'\n', &bytes[i + 1..])
                    .map_or(bytes.len(), |n| i + 1 + n);
                Some(Span { from: at, to: end, next: end, quoted: true })
            }
        }
    }

    fn is_row(&self, delimiters: usize) -> bool {
        self.width > 1 && delimiters >= self.width - 1
    }

    /// The texts of the fields kept, in the order of `used`.
    fn fields(&self, text: &'t str, scan: &Scan) -> Vec<Cow<'t, str>> {
        let all = scan.kept.iter().map(|(from, to, quoted)| {
            let raw = &text[*from..*to];
            if *quoted { unquoted(raw) } else { Cow::Borrowed(raw) }
        });
        if self.width == 0 {
            return all.collect();
        }
        let mut all = all.fuse();
        let mut out: Vec<Cow<'t, str>> = Vec::with_capacity(self.used.len());
        for (i, (column, _)) in self.used.iter().enumerate() {
            // One column can be used twice.
            let again = i > 0 && self.used[i - 1].0 == *column;
            out.push(if again { out[i - 1].clone() } else { all.next().unwrap_or_default() });
        }
        out
    }
}

/// Where the fields of a row lie.
struct Scan {
    count: usize,
    length: usize,
    kept: Vec<(usize, usize, bool)>,
}

/// One field: from its first byte to behind its last, and where its delimiter stands.
struct Span {
    from: usize,
    to: usize,
    next: usize,
    quoted: bool,
}

/// The text of a field that begins with a quote.
fn unquoted(raw: &str) -> Cow<'_, str> {
    let inner = &raw[1..];
    // The closing quote is the first one that is not doubled.
    let mut end = 0;
    let mut doubled = false;
    while let Some(found) = memchr::memchr(b'"', &inner.as_bytes()[end..]).map(|n| end + n) {
        end = found;
        if inner.as_bytes().get(end + 1) != Some(&b'"') {
            break;
        }
        doubled = true;
        end += 2;
    }
    let (text, behind) = (&inner[..end], inner.get(end + 1..).unwrap_or_default());
    match (doubled, behind) {
        (false, "") => Cow::Borrowed(text),
        (_, behind) => Cow::Owned(text.replace("\"\"", "\"") + behind),
    }
}
