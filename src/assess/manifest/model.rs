//! A manifest as it was read: its rows, and by what they are found.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::columns::{FIELDS, Field};
use super::index::Index;
use super::names::Prefix;
use super::when::{Reading, Survey};
use crate::assess::told::Told;
use crate::finding::Code;
use crate::id::Fingerprint;
use crate::text;
use crate::time::{Span, Time};

/// A manifest, read.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// File names, for sources such as `uploads.csv:7`, in the order of the files.
    pub names: Vec<String>,
    /// Usable rows, in order.
    pub rows: Vec<Row>,
    /// Rows that could not be used, or only with a doubt.
    pub findings: Told,
    pub(super) by_path: Index,
    pub(super) normalised: Normalised,
    pub(super) by_hash: Index,
    pub(super) by_issuer: HashMap<String, Vec<u32>>,
    pub(super) by_host: HashMap<String, Vec<u32>>,
    /// Rows whose host is written with U-labels.
    pub(super) converted_hosts: HashSet<u32>,
    pub(super) accounts: HashMap<Arc<str>, Option<Account>, hashbrown::DefaultHashBuilder>,
    pub(super) seen: HashMap<u128, (u16, u32), hashbrown::DefaultHashBuilder>,
    /// Text that the paths in it begin with and those of the files do not.
    pub(super) prefix: Prefix,
    /// Rows of the files before the one that is read.
    pub(super) from: usize,
    /// How many rows there seem to be.
    pub(super) expected: usize,
    /// It has a column of upload times, so that a row without one is no list of owners.
    pub(super) has_upload_times: bool,
    /// What columns of times look like, while a file is read for the first time.
    pub(super) survey: Option<[Survey; FIELDS]>,
    /// How they are read.
    pub(super) readings: [Reading; FIELDS],
    /// What each file was taken for.
    pub(super) taken: Vec<Taken>,
}

/// Rows of which the path is another one after normalisation, by that.
#[derive(Debug, Clone, Default)]
pub(super) struct Normalised {
    pub(super) names: Vec<(u32, Box<str>)>,
    pub(super) index: Index,
}

impl Normalised {
    pub(super) fn add(&mut self, row: u32, path: Box<str>) {
        let at = self.names.len() as u32;
        self.names.push((row, path));
        let names = &self.names;
        let _ = self.index.add(at, |at| names[at as usize].1.as_bytes());
    }
}

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
pub(super) struct Account {
    pub(super) created: Span,
    pub(super) line: u64,
}

/// The fields of a row as written; empty ones are none.
pub(super) type Fields<'t> = [Option<Cow<'t, str>>; FIELDS];

/// The fields that are times; several columns can mean the same.
pub(super) const TIMES: [Field; 3] = [Field::UploadedAt, Field::AccountCreatedAt, Field::ModifiedAt];

/// Between several values of one field.
pub(super) const ANOTHER: char = '\u{1}';

/// Adds a value to a field, beside another one that is there.
pub(super) fn add_value<'t>(field: &mut Option<Cow<'t, str>>, value: Option<Cow<'t, str>>) {
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

/// What one file was taken for.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    /// Fields and the columns that they were read from, by the number of the field.
    pub(super) columns: BTreeSet<(usize, String)>,
    /// How its times were read, for people.
    pub(super) times: Vec<String>,
}

impl Manifest {
    /// Where rows are, in the order of files and lines: `uploads.csv:7,9`.
    pub(in crate::assess) fn source(&self, rows: &[u32]) -> String {
        let of = |row: &u32| self.rows[*row as usize].file;
        let files = rows.chunk_by(|a, b| of(a) == of(b)).map(|rows| {
            let lines: Vec<String> =
                rows.iter().map(|row| self.rows[*row as usize].line.to_string()).collect();
            format!("{}:{}", self.name_of(rows.first().map_or(0, of)), text::few(&lines, ","))
        });
        files.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn name_of(&self, file: u16) -> &str {
        self.names.get(usize::from(file)).map_or("", String::as_str)
    }

    /// The name of the file that is being read.
    pub(super) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// Where a row is, for findings.
    pub(in crate::assess) fn place(&self, row: &Row) -> String {
        format!("{}:{}", self.name_of(row.file), row.line)
    }

    /// All names, for findings on the manifest as a whole.
    #[must_use]
    pub fn all_names(&self) -> String {
        self.names.join(", ")
    }

    pub(super) fn error(&self, line: Option<u64>, says: String) -> ManifestError {
        ManifestError {
            place: line.map_or_else(|| self.name().to_owned(), |l| format!("{}:{l}", self.name())),
            says,
        }
    }

    pub(super) fn bad_row(&mut self, line: u64, says: String) {
        if self.survey.is_some() {
            return;
        }
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowBad, || (format!("{name}:{line}"), says));
    }

    pub(super) fn doubt(&mut self, line: u64, says: impl FnOnce() -> String) {
        if self.survey.is_some() {
            return;
        }
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowDoubtful, || (format!("{name}:{line}"), says()));
    }

    pub(super) fn tell_latin(&mut self, lines: &BTreeSet<u64>) {
        for line in lines {
            self.doubt(*line, || "it is not UTF-8; it was read as Latin-1".to_owned());
        }
    }
}
