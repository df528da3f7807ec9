//! Manifests in CSV. A line without quotes is parted at its delimiters; one with quotes is read as RFC 4180 says, and a quote that nothing
//! closes costs its own line alone.

use super::columns::{FIELDS, Field, Mapping, clean};
use super::{Fields, Manifest, ManifestError};
use crate::limits;

pub(super) fn read(manifest: &mut Manifest, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
    let blank = text.lines().take_while(|l| l.trim().is_empty()).count();
    let mut rest = text;
    for _ in 0..blank {
        rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
    }
    let first = rest.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|d| first.bytes().filter(|b| b == d).count()).unwrap_or(b',');
    let mut rows = Rows { rest, line: blank as u64 + 1, delimiter };
    let head_line = rows.line;
    let Some(Ok(head)) = rows.next(|_| true) else {
        return Err(manifest.error(Some(head_line), "a quote in its header line is not closed".to_owned()));
    };
    let heads: Vec<String> = head.fields.iter().map(|h| clean(h)).collect();
    let columns = mapping.columns(heads.iter().map(String::as_str));
    check(manifest, head_line, &head.fields, &heads, columns, mapping)?;
    let width = heads.len();
    // A row over lines has all its fields, nothing that is used has a line end in it, and no line of it looks like a row: else a quote went
    // astray.
    let is_row = |line: &str| width > 1 && line.bytes().filter(|b| *b == delimiter).count() >= width - 1;
    let whole = |fields: &[String]| {
        fields.len() == width && columns.iter().flatten().all(|c| !fields[*c].contains('\n')) && !fields.iter().any(|f| f.lines().skip(1).any(is_row))
    };
    while let Some(row) = rows.next(whole) {
        match row {
            Ok(row) => {
                let mut fields = Fields::default();
                for i in 0..FIELDS {
                    fields[i] = columns[i].and_then(|c| row.fields.get(c)).map(|t| t.trim()).filter(|t| !t.is_empty()).map(str::to_owned);
                }
                if row.fields.len() > 1 || fields.iter().any(Option::is_some) {
                    manifest.add_row(row.line, fields);
                }
            }
            Err(line) => manifest
                .bad_row(line, "a quote that opens on this line is not closed; the row was not used, reading went on with the next line".to_owned()),
        }
    }
    Ok(())
}

fn check(
    manifest: &Manifest,
    line: u64,
    shown: &[String],
    heads: &[String],
    columns: [Option<usize>; FIELDS],
    mapping: &Mapping,
) -> Result<(), ManifestError> {
    let seen = || shown.iter().take(COLUMNS_SHOWN).map(|n| column(n)).collect::<Vec<_>>().join(", ");
    if let Some(missing) = mapping.missing(heads.iter().map(String::as_str)) {
        return Err(manifest.error(Some(line), format!("--map names a column {missing:?}; it has: {}", seen())));
    }
    let has = |field: Field| columns[field as usize].is_some();
    let named = has(Field::Path) || has(Field::Sha256) || has(Field::Host) || has(Field::Issuer) && has(Field::Serial);
    let timed = has(Field::UploadedAt) && named || has(Field::AccountCreatedAt) && (named || has(Field::Account));
    if timed {
        return Ok(());
    }
    let says = format!("it needs a column path or sha256, and a column uploaded_at (or --map column=field); it has: {}", seen());
    Err(manifest.error(Some(line), says))
}

/// The rows of a text, one after the other.
struct Rows<'t> {
    rest: &'t str,
    line: u64,
    delimiter: u8,
}

/// One of them.
struct Record {
    line: u64,
    fields: Vec<String>,
}

impl Rows<'_> {
    /// The next row, or the line on which a quote opens that nothing closes. `whole` tells of a row over lines whether it can be meant.
    fn next(&mut self, whole: impl Fn(&[String]) -> bool) -> Option<Result<Record, u64>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            let (first, behind) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            if !first.contains('"') {
                (self.rest, self.line) = (behind, line + 1);
                if first.trim().is_empty() {
                    continue;
                }
                let fields = first.split(char::from(self.delimiter)).map(str::to_owned).collect();
                return Some(Ok(Record { line, fields }));
            }
            let (fields, length) = self.quoted();
            let used = self.rest.get(..length).unwrap_or(self.rest);
            let over_lines = used.len() > first.len() + 1;
            let closed = fields.as_ref().is_some_and(|f| !over_lines || (strict(used.trim_end_matches('\n'), self.delimiter) && whole(f)));
            let Some(fields) = fields.filter(|_| closed) else {
                (self.rest, self.line) = (behind, line + 1);
                return Some(Err(line));
            };
            self.line += used.matches('\n').count() as u64 + u64::from(!used.ends_with('\n'));
            self.rest = &self.rest[used.len()..];
            return Some(Ok(Record { line, fields }));
        }
    }

    /// The fields of a row with quotes and its length; no fields if a quote is open at the end of what may belong to it.
    fn quoted(&self) -> (Option<Vec<String>>, usize) {
        let line = self.rest.find('\n').map_or(self.rest.len(), |i| i + 1);
        let mut end = self.rest.len().min(limits::QUOTED_FIELD);
        while !self.rest.is_char_boundary(end) {
            end -= 1;
        }
        match self.one(line) {
            (None, _) if end > line => self.one(end),
            found => found,
        }
    }

    /// The first row of the text up to `end`.
    fn one(&self, end: usize) -> (Option<Vec<String>>, usize) {
        let text = &self.rest[..end];
        // At the end of a text the reader takes an open quote for closed; another row behind it shows whether it was.
        let probe = [text.as_bytes(), if text.ends_with('\n') { b"" } else { b"\n" }, b"end\n"].concat();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(1 << 10)
            .from_reader(probe.as_slice());
        let mut record = csv::StringRecord::new();
        if !reader.read_record(&mut record).unwrap_or(false) {
            return (None, end);
        }
        let length = reader.position().byte() as usize;
        let open = length >= probe.len();
        ((!open).then(|| record.iter().map(str::to_owned).collect()), length.min(text.len()))
    }
}

/// Whether every quote stands where RFC 4180 has quotes: around a field, or doubled in one.
fn strict(row: &str, delimiter: u8) -> bool {
    let (mut begin, mut quoted, mut closing) = (true, false, false);
    for byte in row.bytes() {
        (begin, quoted, closing) = match byte {
            b'"' if begin || closing => (false, true, false),
            b'"' if quoted => (false, false, true),
            b'"' => return false,
            _ if quoted => (false, true, false),
            _ if byte == delimiter || byte == b'\n' => (true, false, false),
            _ if closing => return false,
            _ => (false, false, false),
        };
    }
    !quoted
}

/// Columns that a message names.
const COLUMNS_SHOWN: usize = 20;

/// A column for a message: shown only if it looks like a name, since what is no manifest may be a key.
fn column(name: &str) -> String {
    let name = name.trim();
    let like_a_name = name.len() <= 30 && name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.')) && !name.is_empty();
    if like_a_name { name.to_owned() } else { format!("({} characters)", name.chars().count()) }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;

    /// Lines of rows that can be used, and of findings.
    fn lines(text: &str) -> (Vec<u64>, Vec<String>) {
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        (manifest.rows.iter().map(|r| r.line).collect(), manifest.findings.list.iter().map(|f| f.place.clone()).collect())
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
                let text = format!("path,uploaded_at,note\na.pem,2015-01-01,\n{bad}\nc.pem,2015-01-03,\n{later}\n");
                assert_eq!(lines(&text), (vec![2, 4, 5], vec!["m:3".to_owned()]), "{text}");
            }
        }
        let both = "path,uploaded_at,note\na.pem,2015-01-01,\"x\nb.pem,2015-01-02,\nc.pem,2015-01-03,\"\nd.pem,2015-01-04,\n";
        assert_eq!(lines(both), (vec![3, 5], vec!["m:2".to_owned(), "m:4".to_owned()]), "two that seem to belong together");
        assert_eq!(lines("path,uploaded_at\na,2015-01-01\nb,\"2015-01-01"), (vec![2], vec!["m:3".to_owned()]), "on the last line");
    }

    #[test]
    fn quotes_that_are_closed_are_read_as_they_are_meant() {
        let (rows, findings) =
            lines("\"path\",\"note\",\"uploaded_at\"\n\"a \"\"b\"\".pem\",\"one\ntwo, three\",2015-01-01\n\n\"c\",,\"2015-01-01\"");
        assert_eq!((rows, findings), (vec![2, 5], vec![]));
        let manifest = Manifest::parse("m", b"path;uploaded_at\n\"a;b.pem\";2015-01-01\nc \"d\".pem;2015-01-01\n").unwrap();
        let paths: Vec<_> = manifest.rows.iter().filter_map(|r| r.path.as_deref()).collect();
        assert_eq!(paths, ["a;b.pem", "c \"d\".pem"]);
    }

    #[test]
    fn many_open_quotes_take_no_time() {
        let text = format!("path,uploaded_at\n{}", "a\"b,\"c\n".repeat(2_000));
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        assert_eq!(manifest.findings.counts.values().sum::<u64>(), 2_000);
    }
}
