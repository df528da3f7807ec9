//! Upload manifests: what a vendor's records say about when each file came in. CSV, JSON or NDJSON, told by content.

mod columns;
mod index;
pub(crate) mod issuer;
mod json;
mod table;
pub(crate) mod text;
pub(crate) mod when;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::told::Told;
use super::words;
use crate::finding::Code;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::{Certificate, show};
use crate::time::{Span, Time, Written};

pub use columns::{Field, Mapping};

use columns::FIELDS;
use index::Index;

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
    by_hash: Index,
    by_issuer: HashMap<String, Vec<u32>>,
    by_host: HashMap<String, Vec<u32>>,
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
    /// Normalised path.
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

/// Text to remove from the beginning of paths (`--manifest-prefix`).
#[derive(Debug, Clone, Default)]
struct Prefix {
    /// As given, for what is no folder, such as `backup-`.
    text: String,
    /// Normalised like paths; a folder.
    folder: String,
}

impl Prefix {
    fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        Self { text: text.trim_start_matches("./").to_owned(), folder: normalise(text).into_owned() }
    }

    /// A path without it; one that does not begin with it stays.
    fn strip<'p>(&self, path: Cow<'p, str>) -> Cow<'p, str> {
        if self.text.is_empty() {
            return path;
        }
        let folder = path.strip_prefix(self.folder.as_str()).and_then(|rest| rest.strip_prefix('/')).filter(|_| !self.folder.is_empty());
        match folder.or_else(|| path.strip_prefix(self.text.as_str()).filter(|rest| !rest.is_empty())) {
            Some(rest) => Cow::Owned(rest.trim_start_matches('/').to_owned()),
            None => path,
        }
    }
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

/// `./a\b//c` and `/a/b/c` to `a/b/c`. Blanks around it are part of a name; rows are freed of them before.
#[must_use]
pub fn normalise(path: &str) -> Cow<'_, str> {
    // Most paths are as they should be.
    if !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

impl Manifest {
    /// Reads a manifest by the usual names of columns; `name` is what sources call it.
    ///
    /// # Errors
    /// [`ManifestError`] if it has no usable form; single bad rows are findings.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        Self::parse_all(&[(name.to_owned(), bytes)], &Mapping::default(), None)
    }

    /// Reads the files of a manifest, an export for each region for example. Columns are named by `--map` where the usual names do not; `prefix` is removed
    /// from the beginning of paths.
    ///
    /// # Errors
    /// As [`Manifest::parse`]; and if a mapped column is not there.
    pub fn parse_all(files: &[(String, &[u8])], mapping: &Mapping, prefix: Option<&str>) -> Result<Self, ManifestError> {
        let mut manifest = Self { prefix: Prefix::of(prefix), ..Self::default() };
        for (name, bytes) in files {
            manifest.names.push(name.clone());
            manifest.parse_one(bytes, mapping)?;
        }
        manifest.seen = HashMap::default();
        manifest.accounts.retain(|_, account| account.is_some());
        manifest.rows.shrink_to_fit();
        Ok(manifest)
    }

    /// Adds the rows of the file that was named last.
    fn parse_one(&mut self, bytes: &[u8], mapping: &Mapping) -> Result<(), ManifestError> {
        self.from = self.rows.len();
        self.has_upload_times = false;
        let text::Text { text, latin } = text::read(bytes).map_err(|says| self.error(None, says))?;
        // A row has a line as a rule. What is taken too much is given back, or never touched.
        self.expected = memchr::memchr_iter(b'\n', bytes).count().min(EXPECTED);
        self.rows.reserve(self.expected);
        self.seen.reserve(self.expected);
        match text.trim_start().chars().next() {
            None => return Err(self.error(None, "it is empty; a header line such as path,uploaded_at,account is the least".to_owned())),
            Some('[' | '{') => json::read(self, &text, mapping)?,
            Some(_) => table::read(self, &text, mapping)?,
        }
        // JSON has no header: whether rows have upload times is known at its end.
        let rows = &mut self.rows[self.from..];
        if !self.has_upload_times && rows.iter().any(|row| row.uploaded != Span::default() || row.modified.is_some()) {
            rows.iter_mut().filter(|row| row.uploaded == Span::default() && row.modified.is_none()).for_each(|row| row.unusable = true);
        }
        self.tell_latin(&latin);
        Ok(())
    }

    /// Where rows are, in the order of files and lines: `uploads.csv:7,9`.
    pub(super) fn source(&self, rows: &[u32]) -> String {
        let of = |row: &u32| self.rows[*row as usize].file;
        let files = rows.chunk_by(|a, b| of(a) == of(b)).map(|rows| {
            let lines: Vec<String> = rows.iter().map(|row| self.rows[*row as usize].line.to_string()).collect();
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

    /// Rows for a normalised path.
    pub fn rows_for_path(&self, path: &str) -> impl Iterator<Item = u32> {
        self.by_path.rows(path.as_bytes(), |row| self.path_of(row))
    }

    /// The first parts of all paths in it.
    pub(super) fn first_parts(&self) -> hashbrown::HashSet<&str> {
        let mut out = hashbrown::HashSet::new();
        let mut last = None;
        for part in self.rows.iter().filter_map(|row| row.path.as_deref()).map(first_part) {
            if last.replace(part) != Some(part) {
                out.insert(part);
            }
        }
        out
    }

    /// Rows for a hash.
    pub fn rows_for_hash(&self, hash: &Fingerprint) -> impl Iterator<Item = u32> {
        self.by_hash.rows(hash.as_bytes(), |row| self.hash_of(row))
    }

    fn path_of(&self, row: u32) -> &[u8] {
        self.rows[row as usize].path.as_deref().unwrap_or_default().as_bytes()
    }

    fn hash_of(&self, row: u32) -> &[u8] {
        self.rows[row as usize].sha256.as_ref().map_or(&[], |hash| hash.as_bytes())
    }

    /// Rows that name a certificate by issuer and serial number, and nothing stronger.
    pub(super) fn rows_for_issuer(&self, certificate: &Certificate) -> Vec<u32> {
        if self.by_issuer.is_empty() {
            return Vec::new();
        }
        issuer::of_certificate(certificate).filter_map(|name| self.by_issuer.get(&name)).flatten().copied().collect()
    }

    /// Rows that name a certificate by one of its `dNSName`s, and nothing stronger.
    pub(super) fn rows_for_host(&self, certificate: &Certificate) -> Vec<u32> {
        if self.by_host.is_empty() {
            return Vec::new();
        }
        certificate.names.dns.iter().filter_map(|name| self.by_host.get(&host(name))).flatten().copied().collect()
    }

    /// Hosts of a certificate that rows name, and nothing stronger.
    pub(super) fn hosts_of<'a>(&'a self, certificate: &'a Certificate) -> impl Iterator<Item = String> + 'a {
        let any = !self.by_host.is_empty();
        certificate.names.dns.iter().filter(move |_| any).map(host).filter(|name| self.by_host.contains_key(name))
    }

    /// Rows that name a host, as [`Self::hosts_of`] writes it.
    pub(super) fn rows_of_host(&self, host: &str) -> &[u32] {
        self.by_host.get(host).map_or(&[], Vec::as_slice)
    }

    /// Whether any row names a hash, so that files must be hashed.
    #[must_use]
    pub fn needs_hashes(&self) -> bool {
        !self.by_hash.is_empty()
    }

    /// Whether any row is found by the certificates in a file.
    pub(super) fn needs_certificates(&self) -> bool {
        !(self.by_hash.is_empty() && self.by_issuer.is_empty() && self.by_host.is_empty())
    }

    /// The first moment at which the account of a row can have been created.
    pub(super) fn account_created(&self, row: &Row) -> Option<Time> {
        self.accounts.get(row.account.as_ref()?)?.as_ref()?.created.earliest
    }

    fn error(&self, line: Option<u64>, says: String) -> ManifestError {
        ManifestError { place: line.map_or_else(|| self.name().to_owned(), |l| format!("{}:{l}", self.name())), says }
    }

    fn bad_row(&mut self, line: u64, says: String) {
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowBad, || (format!("{name}:{line}"), says));
    }

    fn doubt(&mut self, line: u64, says: impl FnOnce() -> String) {
        let name = self.names.last().map_or("", String::as_str);
        self.findings.tell(Code::ManifestRowDoubtful, || (format!("{name}:{line}"), says()));
    }

    fn tell_latin(&mut self, lines: &BTreeSet<u64>) {
        for line in lines {
            self.doubt(*line, || "it is not UTF-8; it was read as Latin-1".to_owned());
        }
    }

    /// Takes a row; what of it cannot be used, or only with a doubt, is a finding.
    fn add_row(&mut self, line: u64, fields: Fields<'_>) {
        let [_, _, uploaded, _, created, _, _, _, modified] = &fields;
        let timeless = uploaded.is_none() && created.is_none() && modified.is_none();
        let digest = digest(&fields);
        let [path, hash, uploaded, account, created, issuer, serial, host_name, modified] = fields.map(|f| f.map(literal));
        if [&uploaded, &created, &modified].into_iter().flatten().any(|t| t.contains(ANOTHER)) {
            self.doubt(line, || "columns of the same meaning have different values; all of them count".to_owned());
        }
        let file = self.names.len().saturating_sub(1) as u16;
        if let Some((other, first)) = self.seen.get(&digest).copied() {
            let of = if other == file { String::new() } else { format!(" of {}", self.name_of(other)) };
            return self.doubt(line, || format!("it says the same as line {first}{of}; it was counted once"));
        }
        let time = |text: Option<Cow<'_, str>>| text.map(|t| when::all(t.split(ANOTHER))).transpose();
        let mut unusable = timeless && self.has_upload_times;
        let (uploaded, created) = match (time(uploaded), time(created)) {
            (Ok(uploaded), Ok(created)) => (uploaded, created),
            (Err(says), created) => {
                unusable = true;
                self.bad_row(line, says);
                (None, created.unwrap_or_default())
            }
            (Ok(uploaded), Err(says)) => {
                unusable = true;
                self.bad_row(line, format!("the creation date of the account: {says}"));
                (uploaded, None)
            }
        };
        let modified = time(modified).unwrap_or_else(|says| {
            unusable = true;
            self.bad_row(line, format!("the time of the last change: {says}"));
            None
        });
        let mut reported = unusable && !timeless;
        if timeless && account.is_none() {
            self.bad_row(line, "it says no upload time".to_owned());
            reported = true;
        }
        let sha256 = match hash.as_deref().map(str::parse) {
            Some(Err(_)) if path.is_none() => return self.bad_row(line, "its hash is no SHA-256 of 64 hexadecimal digits".to_owned()),
            Some(Ok(hash)) => Some(hash),
            _ => None,
        };
        let by_issuer = issuer.as_deref().zip(serial.as_deref()).map_or_else(Vec::new, |(i, s)| issuer::of_row(i, s));
        let named = path.is_some() || sha256.is_some() || !by_issuer.is_empty() || host_name.is_some();
        if !named && (account.is_none() || created.is_none()) {
            if reported {
                return;
            }
            let says = if serial.is_some() {
                "a serial number names a certificate only together with its issuer"
            } else {
                "it names no path, hash, certificate or host"
            };
            return self.bad_row(line, says.to_owned());
        }
        if self.rows.len() >= limits::MANIFEST_ROWS {
            return self.bad_row(line, format!("a manifest has up to {} rows; it was not used", limits::MANIFEST_ROWS));
        }
        if timeless && account.is_some() {
            // Whose it is, it says all the same; another row may tell when that account was created.
            self.bad_row(line, "it says no upload time; only its account was used".to_owned());
        }
        let account = account.map(|a| self.account(&show(&a)));
        if [&uploaded, &created, &modified].into_iter().flatten().any(|t| t.ambiguous) {
            self.doubt(line, || "its date can be read with the day or the month first; both count".to_owned());
        }
        if path.as_deref().is_some_and(|p| p.starts_with(['=', '#'])) {
            self.doubt(line, || "its path looks like a formula or an error of a spreadsheet; it was taken as it is".to_owned());
        }
        if let (Some(account), Some(created)) = (&account, created) {
            self.add_account(line, account, created.span);
        }
        self.seen.insert(digest, (file, u32::try_from(line).unwrap_or(u32::MAX)));
        if !named {
            return;
        }
        let at = self.rows.len() as u32;
        let path = path.map(|p| self.prefix.strip(normalise(p.trim())).into());
        let (by_path, by_hash) = (path.is_some(), sha256.is_some());
        self.rows.push(Row {
            file,
            line,
            path,
            sha256,
            uploaded: uploaded.map(|u| u.span).unwrap_or_default(),
            modified: modified.and_then(|m| m.span.latest),
            account,
            unusable,
        });
        // A row speaks by its strongest name: a host has many certificates, a path is one file.
        if by_path || by_hash {
            let rows = &self.rows;
            if by_path {
                self.by_path.expect(self.expected);
                self.by_path.add(at, |row| rows[row as usize].path.as_deref().unwrap_or_default().as_bytes());
            }
            if by_hash {
                self.by_hash.expect(self.expected);
                self.by_hash.add(at, |row| rows[row as usize].sha256.as_ref().map_or(&[], |hash| hash.as_bytes()));
            }
        } else if !by_issuer.is_empty() {
            by_issuer.into_iter().for_each(|name| self.by_issuer.entry(name).or_default().push(at));
        } else if let Some(name) = host_name {
            self.by_host.entry(host(&name)).or_default().push(at);
        }
    }

    /// The one text for an account that all its rows share.
    fn account(&mut self, name: &str) -> Arc<str> {
        if let Some((known, _)) = self.accounts.get_key_value(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.accounts.insert(Arc::clone(&name), None);
        name
    }

    fn add_account(&mut self, line: u64, account: &Arc<str>, created: Span) {
        match self.accounts.entry(Arc::clone(account)) {
            Entry::Occupied(mut entry) if entry.get().is_some_and(|known| known.created != created) => {
                let Some(first) = *entry.get() else { return };
                // The earlier one clears less.
                if created.earliest < first.created.earliest {
                    entry.insert(Some(Account { created, line }));
                }
                let account = words::cut(account);
                self.doubt(line, || format!("line {} has another creation date of the account {account}; the earlier one counts", first.line));
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().get_or_insert(Account { created, line });
            }
            Entry::Vacant(entry) => {
                entry.insert(Some(Account { created, line }));
            }
        }
    }
}

/// What comes before the first slash of a path, without what marks an archive there.
pub(super) fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches('!')
}

/// A host name in the form in which they compare.
fn host(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// A field without what spreadsheets put around text so that they do not compute with it: `="x"`, `'=x`.
fn literal(text: Cow<'_, str>) -> Cow<'_, str> {
    let quoted = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"'));
    let marked = || text.strip_prefix('\'').filter(|t| t.starts_with(['=', '+', '-', '@']));
    match quoted.or_else(marked) {
        Some(inner) => Cow::Owned(inner.to_owned()),
        None => text,
    }
}

/// Equal for rows that say the same; half of a SHA-256, so that nobody makes two that differ.
fn digest(fields: &Fields<'_>) -> u128 {
    let mut text = Vec::with_capacity(128);
    for field in fields {
        text.push(u8::from(field.is_some()));
        text.extend_from_slice(field.as_deref().unwrap_or_default().as_bytes());
        text.push(0xff);
    }
    let hash = Fingerprint::of(&text);
    hash.as_bytes()[..16].iter().fold(0, |n, b| n << 8 | u128::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Option<String>, String, Option<String>)> {
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        let show =
            |s: Span| format!("{}..{}", s.earliest.map(|t| t.to_string()).unwrap_or_default(), s.latest.map(|t| t.to_string()).unwrap_or_default());
        manifest.rows.into_iter().map(|r| (r.line, r.path.map(String::from), show(r.uploaded), r.account.map(|a| a.to_string()))).collect()
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
        assert_eq!(manifest.rows.iter().map(|r| r.unusable).collect::<Vec<_>>(), [true, true, false], "what they name is not cleared");
        let places: Vec<_> = manifest.findings.list.iter().map(|f| f.place.as_str()).collect();
        assert_eq!(places, ["m.csv:2", "m.csv:3", "m.csv:4"]);
        for text in ["", "a,b\n1,2\n", "{broken", "path\nx\n", "[]", "{\"a\":1}", "{\"uploads\":[]}"] {
            assert!(Manifest::parse("m", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_part_of_a_path_is_that_of_what_it_lies_in() {
        let parts = ["real.zip", "real.zip!/a.pem", "real.zip/a.pem"].map(first_part);
        assert_eq!(parts, ["real.zip"; 3]);
        let manifest = Manifest::parse("m", b"path,uploaded_at\na/b,2015-01-01\na/c,2015-01-01\nz.zip!/d,2015-01-01\n../e,2015-01-01\n").unwrap();
        assert_eq!(manifest.first_parts(), ["a", "z.zip", ".."].into());
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
