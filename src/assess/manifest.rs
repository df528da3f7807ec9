//! Upload manifests: what a vendor's records say about when each file came in. CSV, JSON or NDJSON, told by content.

use std::collections::HashMap;

use serde_json::Value;

use crate::finding::{Code, Finding};
use crate::id::Fingerprint;
use crate::time::{Span, Time, Written};

/// A manifest, read.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// File name, for sources such as `uploads.csv:7`.
    pub name: String,
    /// Usable rows, in order.
    pub rows: Vec<Row>,
    /// Rows that could not be used.
    pub findings: Vec<Finding>,
    by_path: HashMap<String, Vec<u32>>,
    by_hash: HashMap<Fingerprint, Vec<u32>>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: u64,
    /// Normalised path.
    pub path: Option<String>,
    /// SHA-256 of the file, or of a certificate in it.
    pub sha256: Option<Fingerprint>,
    /// When it was uploaded.
    pub uploaded: Span,
    /// Whose it is.
    pub account: Option<String>,
}

/// The column names understood, in order of preference.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("path", &["path", "file", "filename", "file_name", "file_path", "filepath", "key", "object", "name"]),
    ("sha256", &["sha256", "sha-256", "file_sha256", "hash", "digest", "checksum", "fingerprint", "fingerprint_sha256", "certificate_sha256"]),
    (
        "uploaded_at",
        &[
            "uploaded_at",
            "uploaded",
            "upload_time",
            "upload_date",
            "uploadedat",
            "created_at",
            "createdat",
            "timestamp",
            "last_modified",
            "date",
            "time",
        ],
    ),
    ("account", &["account", "account_id", "customer", "customer_id", "tenant", "subdomain", "owner"]),
];

/// A manifest that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// `name` or `name:line`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub says: String,
}

impl std::fmt::Display for ManifestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "manifest {}: {}", self.place, self.says)
    }
}

impl std::error::Error for ManifestError {}

/// Reads `2016-05-01`, `2016-05-01T10:00:00Z` or `FROM..TO` with either end left out.
///
/// # Errors
/// The text of what is wrong.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let one = |t: &str| Written::parse(t).map(Written::span).map_err(|e| e.to_string());
    let Some((from, to)) = text.split_once("..") else { return one(text) };
    let end = |t: &str| if t.trim().is_empty() { Ok(None) } else { one(t).map(Some) };
    let (from, to) = (end(from)?, end(to)?);
    let span = Span { earliest: from.and_then(|s| s.earliest), latest: to.and_then(|s| s.latest) };
    match (span.earliest, span.latest) {
        (None, None) => Err(format!("{text:?} says nothing; give at least one end of FROM..TO")),
        (Some(from), Some(to)) if from > to => Err(format!("{text:?} ends before it begins")),
        _ => Ok(span),
    }
}

/// `./a\b//c` and `/a/b/c` to `a/b/c`.
#[must_use]
pub fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.trim().split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl Manifest {
    /// Reads a manifest; `name` is what sources call it.
    ///
    /// # Errors
    /// [`ManifestError`] if it has no usable form; single bad rows are findings.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = String::from_utf8_lossy(bytes);
        // One kind of line end, so that line numbers are those that an editor shows.
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let text = text.as_str();
        let mut manifest = Self { name: name.to_owned(), ..Self::default() };
        match text.trim_start().chars().next() {
            None => return Err(manifest.error(None, "it is empty; a header line such as path,uploaded_at,account is the least".to_owned())),
            Some('[' | '{') => manifest.read_json(text)?,
            Some(_) => manifest.read_csv(text)?,
        }
        for (i, row) in manifest.rows.iter().enumerate() {
            if let Some(path) = &row.path {
                manifest.by_path.entry(path.clone()).or_default().push(i as u32);
            }
            if let Some(hash) = row.sha256 {
                manifest.by_hash.entry(hash).or_default().push(i as u32);
            }
        }
        Ok(manifest)
    }

    /// Rows for a normalised path.
    #[must_use]
    pub fn rows_for_path(&self, path: &str) -> &[u32] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// Rows for a hash.
    #[must_use]
    pub fn rows_for_hash(&self, hash: &Fingerprint) -> &[u32] {
        self.by_hash.get(hash).map_or(&[], Vec::as_slice)
    }

    /// Whether any row names a hash, so that files must be hashed.
    #[must_use]
    pub fn needs_hashes(&self) -> bool {
        !self.by_hash.is_empty()
    }

    fn error(&self, line: Option<u64>, says: String) -> ManifestError {
        ManifestError { place: line.map_or_else(|| self.name.clone(), |l| format!("{}:{l}", self.name)), says }
    }

    fn bad_row(&mut self, line: u64, says: String) {
        self.findings.push(Finding { code: Code::ManifestRowBad, place: format!("{}:{line}", self.name), says });
    }

    fn read_csv(&mut self, text: &str) -> Result<(), ManifestError> {
        let header = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
        let delimiter = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|d| header.bytes().filter(|b| b == d).count()).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| self.error(Some(1), e.to_string()))?.clone();
        let columns = COLUMNS.map(|(_, names)| names.iter().find_map(|n| header.iter().position(|h| clean(h) == *n)));
        if columns[0].is_none() && columns[1].is_none() || columns[2].is_none() {
            let seen = header.iter().take(COLUMNS_SHOWN).map(column).collect::<Vec<_>>().join(", ");
            let says = format!("it needs a column path or sha256, and a column uploaded_at; it has: {seen}");
            return Err(self.error(Some(1), says));
        }
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(e) => {
                    self.bad_row(e.position().map_or(0, csv::Position::line), e.to_string());
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let field = |i: usize| columns[i].and_then(|c| record.get(c)).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
            self.add_row(line, [field(0), field(1), field(2), field(3)]);
        }
        Ok(())
    }

    fn read_json(&mut self, text: &str) -> Result<(), ManifestError> {
        let wrong = "a JSON manifest is an array of objects with path or sha256 and uploaded_at, or one such object a line";
        if let Ok(whole) = serde_json::from_str::<Value>(text) {
            let list = match whole {
                Value::Array(list) => list,
                row @ Value::Object(_) if is_row(&row) => vec![row],
                // A wrapper around the rows: its array of such objects, whatever its name.
                Value::Object(map) => {
                    let rows =
                        map.into_iter().find_map(|(_, v)| if let Value::Array(list) = v { list.iter().any(is_row).then_some(list) } else { None });
                    rows.ok_or_else(|| self.error(None, wrong.to_owned()))?
                }
                _ => return Err(self.error(None, wrong.to_owned())),
            };
            // A document has no lines of its own: rows are numbered from 1.
            for (i, value) in list.iter().enumerate() {
                self.add_json(i as u64 + 1, value);
            }
        } else {
            for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
                match serde_json::from_str::<Value>(line) {
                    Ok(value) => self.add_json(i as u64 + 1, &value),
                    Err(e) => self.bad_row(i as u64 + 1, format!("no JSON: {e}")),
                }
            }
        }
        if self.rows.is_empty() { Err(self.error(Some(1), format!("no row of it can be used; {wrong}"))) } else { Ok(()) }
    }

    fn add_json(&mut self, line: u64, value: &Value) {
        let field = |i: usize| json_field(value, i);
        self.add_row(line, [field(0), field(1), field(2), field(3)]);
    }

    fn add_row(&mut self, line: u64, [path, hash, uploaded, account]: [Option<String>; 4]) {
        let Some(uploaded) = uploaded else {
            return self.bad_row(line, "it says no upload time".to_owned());
        };
        let uploaded = match epoch(&uploaded).map_or_else(|| parse_span(&uploaded), Ok) {
            Ok(span) => span,
            Err(says) => return self.bad_row(line, says),
        };
        let sha256 = match hash.as_deref().map(str::parse) {
            Some(Err(_)) if path.is_none() => return self.bad_row(line, "its hash is no SHA-256 of 64 hexadecimal digits".to_owned()),
            Some(Ok(hash)) => Some(hash),
            _ => None,
        };
        if path.is_none() && sha256.is_none() {
            return self.bad_row(line, "it names neither a path nor a hash".to_owned());
        }
        let path = path.map(|p| normalise(&p));
        self.rows.push(Row { line, path, sha256, uploaded, account: account.map(|a| crate::pki::show(&a)) });
    }
}

/// A column of a JSON row; names compare like those of CSV heads.
fn json_field(value: &Value, column: usize) -> Option<String> {
    let (_, names) = COLUMNS[column];
    let fields = value.as_object()?;
    names.iter().find_map(|n| fields.iter().find(|(k, _)| clean(k) == *n)).and_then(|(_, v)| match v {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    })
}

/// Whether an object says when something was uploaded.
fn is_row(value: &Value) -> bool {
    json_field(value, 2).is_some() && (json_field(value, 0).is_some() || json_field(value, 1).is_some())
}

/// A column name in the form in which names compare.
fn clean(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace([' ', '.'], "_")
}

/// Columns that a message names.
const COLUMNS_SHOWN: usize = 20;

/// A column for a message: shown only if it looks like a name, since what is no manifest may be a key.
fn column(name: &str) -> String {
    let name = name.trim();
    let like_a_name = name.len() <= 30 && name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.')) && !name.is_empty();
    if like_a_name { name.to_owned() } else { format!("({} characters)", name.chars().count()) }
}

/// Seconds or milliseconds since 1970, as exports of databases have them.
fn epoch(text: &str) -> Option<Span> {
    let digits = text.len();
    let number: i64 = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))?;
    match digits {
        9 | 10 => Some(Span::at(Time::from_unix(number))),
        12 | 13 => Some(Span::at(Time::from_unix(number / 1000))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Option<String>, String, Option<String>)> {
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        let show =
            |s: Span| format!("{}..{}", s.earliest.map(|t| t.to_string()).unwrap_or_default(), s.latest.map(|t| t.to_string()).unwrap_or_default());
        manifest.rows.into_iter().map(|r| (r.line, r.path, show(r.uploaded), r.account)).collect()
    }

    #[test]
    fn every_form_gives_the_same_rows() {
        let want = vec![(2, Some("acme/tls.pem".to_owned()), "2015-06-01T00:00:00Z..2015-06-01T00:00:00Z".to_owned(), Some("acme".to_owned()))];
        assert_eq!(rows("path,uploaded_at,account\n./acme\\tls.pem,2015-06-01T00:00:00Z,acme\n"), want);
        assert_eq!(rows("\u{feff}Account;Uploaded At;File\r\nacme;1433116800;/acme//tls.pem\r\n"), want);
        assert_eq!(rows("\n{\"file\":\"acme/tls.pem\",\"uploaded_at\":1433116800000,\"account\":\"acme\"}\n{}\n"), want);
        let json = rows("{\"uploads\":[{\"path\":\"acme/tls.pem\",\"uploaded_at\":\"2015-06-01T00:00:00Z\",\"account\":\"acme\"}]}");
        assert_eq!((json.len(), json[0].0), (1, 1));
        // The first array of a wrapper need not be the rows, nor an array inside a row.
        let json = rows("{\"errors\":[],\"uploads\":[{\"path\":\"acme/tls.pem\",\"Uploaded At\":\"2015-06-01T00:00:00Z\"}]}");
        assert_eq!((json.len(), json[0].2.as_str()), (1, "2015-06-01T00:00:00Z..2015-06-01T00:00:00Z"));
        assert_eq!(rows("{\"path\":\"acme/tls.pem\",\"uploaded_at\":\"2015-06-01T00:00:00Z\",\"tags\":[\"x\"]}").len(), 1);
    }

    #[test]
    fn bad_rows_are_findings_and_bad_files_errors() {
        let manifest = Manifest::parse("m.csv", b"path,uploaded_at\na,never\nb,\n,2015-01-01\nc,2015-01-01\n").unwrap();
        assert_eq!(manifest.rows.len(), 1);
        let places: Vec<_> = manifest.findings.iter().map(|f| f.place.as_str()).collect();
        assert_eq!(places, ["m.csv:2", "m.csv:3", "m.csv:4"]);
        for text in ["", "a,b\n1,2\n", "{broken", "path\nx\n", "[]", "{\"a\":1}", "{\"uploads\":[]}"] {
            assert!(Manifest::parse("m", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_as_users_write_them() {
        assert!(parse_span("2015-01-01..2016-01-01").is_ok());
        assert_eq!(parse_span("..2016-01-01T00:00:00Z").map(|s| s.earliest), Ok(None));
        for wrong in ["..", "2016-01-01..2015-01-01", "x..y", ""] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }
}
