//! Upload manifests: what a vendor's records say about when each file came in. CSV, JSON or NDJSON, told by
//! content.

mod add;
mod columns;
mod forms;
mod index;
pub(crate) mod issuer;
mod json;
mod lookup;
mod names;
mod table;
mod taken;
pub(crate) mod text;
pub(crate) mod when;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::told::Told;
use super::words;
use crate::finding::Code;
use crate::id::Fingerprint;
use crate::time::{Span, Time, WESTERNMOST, Written};

pub use columns::{Field, Mapping};
pub use names::normalise;
pub use when::{Order, Reading};

pub(crate) use names::host;
pub(super) use names::{first_part, is_simple, plain, plain_way, readings};

use columns::FIELDS;
use index::Index;
use names::Prefix;

/// A manifest, read.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// File names, for sources such as `uploads.csv:7`, in the order of the files.
    pub names: Vec<String>,
    /// Usable rows, in order.
    pub rows: Vec<Row>,
    /// Rows that could not be used, or only with a doubt.
    pub findings: Told,
    by_path: Index,
    normalised: Normalised,
    by_hash: Index,
    by_issuer: HashMap<String, Vec<u32>>,
    by_host: HashMap<String, Vec<u32>>,
    /// Rows whose host is written with U-labels.
    converted_hosts: HashSet<u32>,
    accounts: HashMap<Arc<str>, Option<Account>, hashbrown::DefaultHashBuilder>,
    seen: HashMap<u128, (u16, u32), hashbrown::DefaultHashBuilder>,
    /// Text that the paths in it begin with and those of the files do not.
    prefix: Prefix,
    /// Rows of the files before the one that is read.
    from: usize,
    /// How many rows there seem to be.
    expected: usize,
    /// It has a column of upload times, so that a row without one is no list of owners.
    has_upload_times: bool,
    /// What columns of times look like, while a file is read for the first time.
    survey: Option<[when::Survey; FIELDS]>,
    /// How they are read.
    readings: [Reading; FIELDS],
    /// What each file was taken for.
    taken: Vec<taken::Taken>,
}

/// Rows of which the path is another one after normalisation, by that.
#[derive(Debug, Clone, Default)]
struct Normalised {
    names: Vec<(u32, Box<str>)>,
    index: Index,
}

impl Normalised {
    fn add(&mut self, row: u32, path: Box<str>) {
        let at = self.names.len() as u32;
        self.names.push((row, path));
        let names = &self.names;
        let _ = self.index.add(at, |at| names[at as usize].1.as_bytes());
    }
}

/// Rows for which room is made at once.
const EXPECTED: usize = 1 << 18;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file it is in: index into [`Manifest::names`].
    pub file: u16,
    /// Line in the file, from 1.
    pub line: u64,
    /// Path, as written but for `.`, empty parts and the prefix.
    pub path: Option<Box<str>>,
    /// SHA-256 of the file, or of a certificate in it.
    pub sha256: Option<Fingerprint>,
    /// When it was uploaded; open on both ends where the row only has other times.
    pub uploaded: Span,
    /// When it was last changed, by the latest reading: an upper bound of its upload.
    pub modified: Option<Time>,
    /// Whose it is.
    pub account: Option<Arc<str>>,
    /// Its time is empty or cannot be read: whatever it names is not cleared (DESIGN.md 2.9).
    pub unusable: bool,
}

/// What is known of an account.
#[derive(Debug, Clone, Copy)]
struct Account {
    created: Span,
    line: u64,
}

/// The fields of a row as written; empty ones are none.
type Fields<'t> = [Option<Cow<'t, str>>; FIELDS];

/// The fields that are times; several columns can mean the same.
const TIMES: [Field; 3] = [Field::UploadedAt, Field::AccountCreatedAt, Field::ModifiedAt];

/// Between several values of one field.
const ANOTHER: char = '\u{1}';

/// Adds a value to a field, beside another one that is there.
fn add_value<'t>(field: &mut Option<Cow<'t, str>>, value: Option<Cow<'t, str>>) {
    match (&field, value) {
        (_, None) => {}
        (Some(first), Some(value)) if first.split(ANOTHER).any(|v| v == value) => {}
        (Some(first), Some(value)) => *field = Some(Cow::Owned(format!("{first}{ANOTHER}{value}"))),
        (None, value) => *field = value,
    }
}

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
    let one = |t: &str| Written::parse(t).map_err(|e| e.to_string());
    let Some((from, to)) = text.split_once("..") else { return one(text).map(Written::span) };
    let end = |t: &str| if t.trim().is_empty() { Ok(None) } else { one(t).map(Some) };
    let (from, to) = (end(from)?, end(to)?);
    // On one calendar: that a time without a zone can be anywhere turns no two days round.
    let last = |written: Written| match written.span() {
        Span { earliest, latest } if earliest == latest => latest,
        span => span.latest.map(|latest| latest.plus(-WESTERNMOST)),
    };
    match (from, to) {
        (None, None) => Err(format!("{text:?} says nothing; give at least one end of FROM..TO")),
        (Some(from), Some(to)) if last(to).is_some_and(|last| from.as_utc() > last) => {
            Err(format!("{text:?} ends before it begins"))
        }
        _ => Ok(Span {
            earliest: from.and_then(|w| w.span().earliest),
            latest: to.and_then(|w| w.span().latest),
        }),
    }
}

impl Manifest {
    /// Reads a manifest by the usual names of columns; `name` is what sources call it.
    ///
    /// # Errors
    /// [`ManifestError`] if it has no usable form; single bad rows are findings.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        Self::parse_all(&[(name.to_owned(), bytes)], &Mapping::default(), None)
    }

    /// Reads the files of a manifest, an export for each region for example. Columns are named by `--map`
    /// where the usual names do not; `prefix` is removed from the beginning of paths.
    ///
    /// # Errors
    /// As [`Manifest::parse`]; and if a mapped column is not there.
    pub fn parse_all(
        files: &[(String, &[u8])],
        mapping: &Mapping,
        prefix: Option<&str>,
    ) -> Result<Self, ManifestError> {
        Self::parse_with(files, mapping, prefix, Reading::default())
    }

    /// The same with what is known of its times.
    ///
    /// # Errors
    /// As [`Manifest::parse_all`].
    pub fn parse_with(
        files: &[(String, &[u8])],
        mapping: &Mapping,
        prefix: Option<&str>,
        reading: Reading,
    ) -> Result<Self, ManifestError> {
        let mut manifest = Self { prefix: Prefix::of(prefix), ..Self::default() };
        for (name, bytes) in files {
            manifest.names.push(name.clone());
            manifest.parse_one(bytes, mapping, reading)?;
        }
        manifest.seen = HashMap::default();
        manifest.accounts.retain(|_, account| account.is_some());
        manifest.rows.shrink_to_fit();
        Ok(manifest)
    }

    /// Adds the rows of the file that was named last.
    fn parse_one(&mut self, bytes: &[u8], mapping: &Mapping, reading: Reading) -> Result<(), ManifestError> {
        self.from = self.rows.len();
        self.has_upload_times = false;
        let opened = forms::open(bytes).map_err(|says| self.error(None, says))?;
        let bytes = &*opened;
        let text::Text { text, latin } = text::read(bytes).map_err(|says| self.error(None, says))?;
        let text = forms::shell_table(&text).map_err(|says| self.error(None, says))?.map_or(text, Cow::Owned);
        // A row has a line as a rule. What is taken too much is given back, or never touched.
        self.expected = memchr::memchr_iter(b'\n', bytes).count().min(EXPECTED);
        self.rows.reserve(self.expected);
        self.seen.reserve(self.expected);
        self.taken.push(taken::Taken::default());
        // What all values of a column look like decides how each is read.
        self.survey = Some(Default::default());
        self.read_rows(&text, mapping)?;
        self.settle(reading);
        self.read_rows(&text, mapping)?;
        // JSON has no header: whether rows have upload times is known at its end.
        let rows = &mut self.rows[self.from..];
        if !self.has_upload_times
            && rows.iter().any(|row| row.uploaded != Span::default() || row.modified.is_some())
        {
            rows.iter_mut()
                .filter(|row| row.uploaded == Span::default() && row.modified.is_none())
                .for_each(|row| row.unusable = true);
        }
        self.tell_latin(&latin);
        Ok(())
    }

    fn read_rows(&mut self, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
        match text.trim_start().chars().next() {
            None => Err(self.error(
                None,
                "it is empty; a header line such as path,uploaded_at,account is the least".to_owned(),
            )),
            Some('[' | '{') => json::read(self, text, mapping),
            Some(_) => table::read(self, text, mapping),
        }
    }

    /// Where rows are, in the order of files and lines: `uploads.csv:7,9`.
    pub(super) fn source(&self, rows: &[u32]) -> String {
        let of = |row: &u32| self.rows[*row as usize].file;
        let files = rows.chunk_by(|a, b| of(a) == of(b)).map(|rows| {
            let lines: Vec<String> =
                rows.iter().map(|row| self.rows[*row as usize].line.to_string()).collect();
            format!("{}:{}", self.name_of(rows.first().map_or(0, of)), words::few(&lines, ","))
        });
        files.collect::<Vec<_>>().join("; ")
    }

    fn name_of(&self, file: u16) -> &str {
        self.names.get(usize::from(file)).map_or("", String::as_str)
    }

    /// The name of the file that is being read.
    fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// Where a row is, for findings.
    pub(super) fn place(&self, row: &Row) -> String {
        format!("{}:{}", self.name_of(row.file), row.line)
    }

    /// All names, for findings on the manifest as a whole.
    #[must_use]
    pub fn all_names(&self) -> String {
        self.names.join(", ")
    }

    fn error(&self, line: Option<u64>, says: String) -> ManifestError {
        ManifestError {
            place: line.map_or_else(|| self.name().to_owned(), |l| format!("{}:{l}", self.name())),
            says,
        }
    }

    fn bad_row(&mut self, line: u64, says: String) {
        if self.survey.is_some() {
            return;
        }
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowBad, || (format!("{name}:{line}"), says));
    }

    fn doubt(&mut self, line: u64, says: impl FnOnce() -> String) {
        if self.survey.is_some() {
            return;
        }
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowDoubtful, || (format!("{name}:{line}"), says()));
    }

    fn tell_latin(&mut self, lines: &BTreeSet<u64>) {
        for line in lines {
            self.doubt(*line, || "it is not UTF-8; it was read as Latin-1".to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
