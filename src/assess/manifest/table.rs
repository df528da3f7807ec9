//! Manifests in CSV. A line without quotes is parted at its delimiters; one with quotes is read as RFC 4180
//! says, and a quote that nothing closes costs its own line alone. One pass, whatever the quotes; only the
//! fields that are used are kept.

use std::borrow::Cow;

use super::columns::{FIELDS, Field, Mapping, clean};
use super::model::{Fields, Manifest, ManifestError, TIMES, add_value};
use super::taken::column;
use crate::limits;

/// Lines that are looked at for the header.
const HEADER_LINES: usize = 20;

pub(super) fn read(manifest: &mut Manifest, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
    let mut rows = header(manifest, text, mapping)?;
    while let Some(row) = rows.next() {
        match row {
            Ok(row) => {
                let mut fields = Fields::default();
                for ((_, field), text) in rows.used.iter().zip(row.fields) {
                    add_value(&mut fields[*field], Some(trimmed(text)).filter(|t| !t.is_empty()));
                }
                if row.count > 1 || fields.iter().any(Option::is_some) {
                    manifest.add_row(row.line, fields);
                }
            }
            Err(line) => manifest
                .bad_row(line, "a quote that opens on this line is not closed; the row was not used, reading went on with the next line".to_owned()),
        }
    }
    Ok(())
}

/// Finds the header, which need not be the first line, and what is behind it.
fn header<'t>(manifest: &mut Manifest, text: &'t str, mapping: &Mapping) -> Result<Rows<'t>, ManifestError> {
    let mut at = Rows { rest: text, line: 1, delimiter: b',', width: 0, used: Vec::new() };
    let (mut first_error, mut given, mut passed_over) = (None, None, None);
    for _ in 0..HEADER_LINES {
        at.skip_blank();
        let line = at.rest.lines().next().unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let behind = Rows {
            rest: at.rest.get(line.len() + 1..).unwrap_or_default(),
            line: at.line + 1,
            delimiter: b',',
            width: 0,
            used: Vec::new(),
        };
        // What spreadsheets and PowerShell write in front.
        let separator =
            line.trim().strip_prefix("sep=").and_then(|s| s.bytes().next().filter(|_| s.len() == 1));
        if separator.is_some() || line.starts_with("#TYPE ") {
            given = separator.or(given);
            at = behind;
            continue;
        }
        match columns(manifest, Rows { rest: at.rest, ..at }, line, given, mapping) {
            Ok(rows) => {
                if let Some(first) = passed_over {
                    let header = at.line;
                    manifest.doubt(first, || {
                        format!("it is before the header, which is line {header}, and was not read")
                    });
                }
                return Ok(rows);
            }
            Err(error) => {
                passed_over = passed_over.or(Some(at.line));
                first_error = first_error.or(Some(error));
                at = behind;
            }
        }
    }
    Err(first_error.unwrap_or_else(|| manifest.error(None, "it has no header line".to_owned())))
}

/// The rows behind a header line.
fn columns<'t>(
    manifest: &mut Manifest,
    mut rows: Rows<'t>,
    line: &str,
    given: Option<u8>,
    mapping: &Mapping,
) -> Result<Rows<'t>, ManifestError> {
    let count = |d: &u8| memchr::memchr_iter(*d, line.as_bytes()).count();
    rows.delimiter =
        given.unwrap_or_else(|| [b',', b';', b'\t', b'|'].into_iter().max_by_key(count).unwrap_or(b','));
    if count(&(super::forms::UNIT as u8)) > 0 {
        rows.delimiter = super::forms::UNIT as u8;
    }
    let head_line = rows.line;
    if count(&rows.delimiter) >= limits::COLUMNS {
        let says = format!("its header line has more than {} columns", limits::COLUMNS);
        return Err(manifest.error(Some(head_line), says));
    }
    let Some(Ok(head)) = rows.next() else {
        return Err(manifest.error(Some(head_line), "a quote in its header line is not closed".to_owned()));
    };
    let heads: Vec<String> = head.fields.iter().map(|h| clean(h)).collect();
    let columns = mapping.columns(heads.iter().map(String::as_str));
    check(manifest, head_line, &head.fields, &heads, columns, mapping)?;
    manifest.has_upload_times =
        [Field::UploadedAt, Field::ModifiedAt].iter().any(|f| columns[*f as usize].is_some());
    rows.width = heads.len();
    rows.used = columns.iter().enumerate().filter_map(|(field, column)| column.map(|c| (c, field))).collect();
    for field in TIMES {
        rows.used.extend(
            mapping
                .more(field, heads.iter().map(String::as_str))
                .into_iter()
                .map(|column| (column, field as usize)),
        );
    }
    rows.used.sort_unstable();
    for (column, field) in &rows.used {
        manifest.take_column(*field, &head.fields[*column]);
    }
    Ok(rows)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn check(
    manifest: &Manifest,
    line: u64,
    shown: &[Cow<'_, str>],
    heads: &[String],
    columns: [Option<usize>; FIELDS],
    mapping: &Mapping,
) -> Result<(), ManifestError> {
    let seen = || {
        let more = if shown.len() > COLUMNS_SHOWN {
            format!(" and {} more", shown.len() - COLUMNS_SHOWN)
        } else {
            String::new()
        };
        shown.iter().take(COLUMNS_SHOWN).map(|n| column(n)).collect::<Vec<_>>().join(", ") + &more
    };
    if let Some(missing) = mapping.missing(heads.iter().map(String::as_str)) {
        return Err(
            manifest.error(Some(line), format!("--map names a column {missing:?}; it has: {}", seen()))
        );
    }
    let has = |field: Field| columns[field as usize].is_some();
    let named = has(Field::Path)
        || has(Field::Sha256)
        || has(Field::Host)
        || has(Field::Issuer) && has(Field::Serial);
    let timed = (has(Field::UploadedAt) || has(Field::ModifiedAt)) && named
        || has(Field::AccountCreatedAt) && (named || has(Field::Account));
    if timed {
        return Ok(());
    }
    let says = format!(
        "it needs a column path, sha256 or host, or issuer and serial, and a column uploaded_at, modified_at or account_created_at (or --map column=field); it has: {}",
        seen()
    );
    Err(manifest.error(Some(line), says))
}

/// The rows of a text, one after the other.
struct Rows<'t> {
    rest: &'t str,
    line: u64,
    delimiter: u8,
    /// Columns of the header; 0 while it is read.
    width: usize,
    /// The columns that are used, in order, and as which field; all of them while the header is read.
    used: Vec<(usize, usize)>,
}

/// One of them.
struct Record<'t> {
    line: u64,
    /// Number of its fields.
    count: usize,
    /// Those that are used; all of a header.
    fields: Vec<Cow<'t, str>>,
}

impl<'t> Rows<'t> {
    fn skip_blank(&mut self) {
        while !self.rest.is_empty() {
            let (first, behind) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            if !first.trim().is_empty() {
                break;
            }
            (self.rest, self.line) = (behind, self.line + 1);
        }
    }

    /// The next row, or the line on which a quote opens that nothing closes.
    fn next(&mut self) -> Option<Result<Record<'t>, u64>> {
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

/// Columns that a message names.
const COLUMNS_SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::Manifest;

    /// Lines of rows that can be used, and of findings.
    fn lines(text: &str) -> (Vec<u64>, Vec<String>) {
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        (
            manifest.rows.iter().map(|r| r.line).collect(),
            manifest.findings.list.iter().map(|f| f.place.clone()).collect(),
        )
    }

    #[test]
    fn an_open_quote_costs_its_own_line_alone() {
        for bad in ["\"b.pem,2015-01-02", "b.pem,\"2015-01-02", "b.pem,2015-01-02,\"a note"] {
            for later in [
                "d.pem,2015-01-04,x",
                "\"d.pem\",\"2015-01-04\",\"x\"",
                "d.pem,2015-01-04,\"x\"",
                "d.pem,\"2015-01-04\",\"\"",
                "d.pem,2015-01-04,x \"y\"",
            ] {
                let text =
                    format!("path,uploaded_at,note\na.pem,2015-01-01,\n{bad}\nc.pem,2015-01-03,\n{later}\n");
                assert_eq!(lines(&text), (vec![2, 4, 5], vec!["m:3".to_owned()]), "{text}");
            }
        }
        let both = "path,uploaded_at,note\na.pem,2015-01-01,\"x\nb.pem,2015-01-02,\nc.pem,2015-01-03,\"\nd.pem,2015-01-04,\n";
        assert_eq!(
            lines(both),
            (vec![3, 5], vec!["m:2".to_owned(), "m:4".to_owned()]),
            "two that seem to belong together"
        );
        assert_eq!(
            lines("path,uploaded_at\na,2015-01-01\nb,\"2015-01-01"),
            (vec![2], vec!["m:3".to_owned()]),
            "on the last line"
        );
    }

    #[test]
    fn quotes_that_are_closed_are_read_as_they_are_meant() {
        let (rows, findings) = lines(
            "\"path\",\"note\",\"uploaded_at\"\n\"a \"\"b\"\".pem\",\"one\ntwo, three\",2015-01-01\n\n\"c\",,\"2015-01-01\"",
        );
        assert_eq!((rows, findings), (vec![2, 5], vec![]));
        let manifest =
            Manifest::parse("m", b"path;uploaded_at\n\"a;b.pem\";2015-01-01\nc \"d\".pem;2015-01-01\n")
                .unwrap();
        let paths: Vec<_> = manifest.rows.iter().filter_map(|r| r.path.as_deref()).collect();
        assert_eq!(paths, ["a;b.pem", "c \"d\".pem"]);
    }

    proptest::proptest! {
        /// What RFC 4180 writes, any other reader of it reads alike.
        #[test]
        fn agrees_with_another_reader(rows in proptest::collection::vec(("[a-c\"; ]{1,6}", "[a-c\",\n ]{0,8}"), 1..8), delimiter in proptest::sample::select(vec![b',', b';'])) {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(["path", "uploaded_at", "note"]).unwrap();
            // A note that looks like rows is one that a stray quote made.
            let note = |text: &str| text.replace(char::from(delimiter), "_");
            rows.iter().for_each(|(path, text)| writer.write_record([path.as_str(), "2015-01-01T00:00:00Z", &note(text)]).unwrap());
            let text = writer.into_inner().unwrap();
            let manifest = Manifest::parse("m", &text).unwrap();
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_slice());
            let mut want: Vec<(String, u64)> = Vec::new();
            for record in reader.records().map(Result::unwrap) {
                let written = (record[0].trim().to_owned(), record.position().unwrap().line());
                if !record[0].trim().is_empty() && !want.iter().any(|(seen, _)| *seen == written.0) {
                    want.push(written);
                }
            }
            let got: Vec<u64> = manifest.rows.iter().map(|r| r.line).collect();
            proptest::prop_assert_eq!(got, want.iter().map(|(_, line)| *line).collect::<Vec<_>>(), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn the_header_need_not_be_the_first_line() {
        for (before, findings) in [
            ("sep=;\n", 0),
            ("#TYPE System.Management.Automation.PSCustomObject\n", 0),
            ("Uploads of 2016\n\n", 1),
            ("Report;;\nmade on;2026-11-30;\n\n", 1),
            ("\n\n", 0),
        ] {
            let text = format!("{before}path;uploaded_at;note\na.pem;2015-01-01;x\n");
            let line = before.matches('\n').count() as u64 + 2;
            let (rows, told) = lines(&text);
            assert_eq!((rows, told.len()), (vec![line], findings), "{text}");
        }
        // The separator that is given counts, whatever the header has most of.
        assert_eq!(lines("sep=;\npath;uploaded_at;a,b,c,d\na.pem;2015-01-01;\n").0, [3]);
        let error = Manifest::parse("m", b"one,two\nthree,four\n").unwrap_err();
        assert!(error.place == "m:1" && error.says.ends_with("it has: one, two"), "{error}");
    }

    #[test]
    fn many_open_quotes_take_no_time() {
        let text = format!("path,uploaded_at\n{}", "a\"b,\"c\n".repeat(2_000));
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        assert_eq!(manifest.findings.counts.values().sum::<u64>(), 2_000);
    }
}
