//! Upload manifests: what a vendor's records say about when each file came in. CSV, JSON or NDJSON, told by
//! content.

mod add;
mod columns;
mod csv;
mod forms;
mod index;
pub(crate) mod issuer;
mod json;
mod lookup;
mod model;
mod names;
mod table;
mod taken;
pub(crate) mod text;
pub(crate) mod when;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::time::{Span, WESTERNMOST, Written};

pub use columns::{Field, Mapping};
pub use model::{Manifest, ManifestError, Row};
pub use names::normalise;
pub use when::{Order, Reading};

pub(crate) use names::host;
pub(super) use names::{first_part, is_simple, plain, plain_way, readings};

use model::Taken;
use names::Prefix;

/// Rows for which room is made at once.
const EXPECTED: usize = 1 << 18;

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
        self.taken.push(Taken::default());
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
}

#[cfg(test)]
mod tests;
