//! CCADB's list of CA certificates (`AllCertificateRecordsCSVFormatV5`), read from whatever the caller
//! opened.
//!
//! The list names certificates by SHA-256 and keys by subject key identifier; it has no hash of the key
//! itself.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};

use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::Signer;
use crate::limits;

/// The list has 9 MB; beyond this it is something else.
const BYTES: u64 = 512 << 20;
/// It has some 10,000 rows.
const ROWS: usize = 1_000_000;
/// Problems that are kept; the rest is counted.
const PROBLEMS: usize = 100;

/// The list, by certificate and by key.
#[derive(Debug, Default)]
pub struct Ccadb {
    records: Vec<Record>,
    by_certificate: HashMap<Fingerprint, u32>,
    by_key: HashMap<SpkiHash, u32>,
    by_identifier: HashMap<Box<[u8]>, Vec<u32>>,
    /// Rows that could not be used; the first of them.
    pub problems: Vec<Problem>,
    /// How many there were.
    pub bad_rows: u64,
}

/// One CA certificate of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `CA Owner`.
    pub owner: String,
    /// `Subordinate CA Owner`: if there is one, it is the operator.
    pub subordinate_owner: Option<String>,
    /// ACME directories of all kinds of validation.
    pub acme: Box<[String]>,
    /// `Revocation Status` says revoked, of this certificate or above it.
    pub revoked: bool,
}

impl Record {
    /// Who runs it.
    #[must_use]
    pub fn operator(&self) -> &str {
        self.subordinate_owner.as_deref().unwrap_or(&self.owner)
    }
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub says: String,
}

/// A list that cannot be used at all.
#[derive(Debug)]
pub struct CcadbError {
    /// The line, if it is about one.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub says: String,
}

impl fmt::Display for CcadbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "CCADB list, line {line}: {}", self.says),
            None => write!(f, "CCADB list: {}", self.says),
        }
    }
}

impl std::error::Error for CcadbError {}

/// Where the columns are.
struct Columns {
    count: usize,
    owner: usize,
    subordinate: Option<usize>,
    fingerprint: usize,
    identifier: Option<usize>,
    key: Option<usize>,
    revocation: Option<usize>,
    acme: Vec<usize>,
}

impl Ccadb {
    /// Reads the list, row by row. Rows that cannot be used are [`Self::problems`].
    ///
    /// # Errors
    /// [`CcadbError`] if it cannot be read, lacks `CA Owner` or `SHA-256 Fingerprint`, is far too large, or
    /// has no usable row.
    pub fn read(from: impl Read) -> Result<Self, CcadbError> {
        let rows = Bounded { from: from.take(BYTES).chain(LAST_ROW.as_bytes()), left: limits::CCADB_ROW };
        let mut csv = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(rows);
        let mut row = csv::ByteRecord::new();
        let mut line = next_row(&mut csv, &mut row)?.unwrap_or(1);
        let columns = Columns::find(&row)?;
        let mut out = Self::default();
        let mut ended = false;
        while let Some(at) = next_row(&mut csv, &mut row)? {
            ended = row.as_slice() == LAST_ROW.trim().as_bytes();
            if ended {
                continue;
            }
            line = at;
            if out.records.len() == ROWS {
                return Err(CcadbError {
                    line: Some(line),
                    says: format!("more than {ROWS} rows: this is not the list"),
                });
            }
            if let Err(says) = out.add(&columns, &row) {
                out.bad_rows += 1;
                if out.problems.len() < PROBLEMS {
                    out.problems.push(Problem { line, says });
                }
            }
        }
        if csv.position().byte() >= BYTES {
            return Err(CcadbError {
                line: None,
                says: format!("larger than {BYTES} bytes: this is not the list"),
            });
        }
        if !ended {
            let says = "a quote opens in this row and the list ends before it is closed; what follows it would be lost, so fetch the list again";
            return Err(CcadbError { line: Some(line), says: says.to_owned() });
        }
        if out.records.is_empty() {
            return Err(CcadbError {
                line: None,
                says: "no row can be used; AllCertificateRecordsCSVFormatV5 is the list wanted".to_owned(),
            });
        }
        Ok(out)
    }

    /// How many CA certificates it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it lists none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record of an issuer, by its certificate, else by its key where the list has a column `SPKI
    /// SHA256`.
    #[must_use]
    pub fn of(&self, signer: &Signer) -> Option<&Record> {
        let at = self.by_certificate.get(&signer.certificate).or_else(|| self.by_key.get(&signer.key))?;
        self.records.get(*at as usize)
    }

    /// Who runs the CA with this key identifier, if all records with it agree.
    #[must_use]
    pub fn owner_of_identifier(&self, identifier: &[u8]) -> Option<&str> {
        let mut owners = self
            .by_identifier
            .get(identifier)?
            .iter()
            .filter_map(|at| self.records.get(*at as usize))
            .map(Record::operator);
        let first = owners.next()?;
        owners.all(|o| o == first).then_some(first)
    }

    fn add(&mut self, columns: &Columns, row: &csv::ByteRecord) -> Result<(), String> {
        let field =
            |at: usize| row.get(at).map(|f| String::from_utf8_lossy(f).trim().to_owned()).unwrap_or_default();
        let optional = |at: Option<usize>| at.map(field).filter(|f| !f.is_empty());
        let fields = || {
            format!(
                "{} fields under {} columns; a quote or a line end is wrong in it",
                row.len(),
                columns.count
            )
        };
        if row.len() < columns.count {
            return Err(fields());
        }
        // A quote that the next row's closes, in the same column, keeps the number of fields and takes a row
        // away.
        if row.iter().any(holds_a_row) {
            return Err(
                "one of its fields holds another row, so a quote is wrong in it; fetch the list again"
                    .to_owned(),
            );
        }
        let fingerprint = field(columns.fingerprint)
            .parse::<Fingerprint>()
            .map_err(|e| format!("SHA-256 Fingerprint: {e}"))?;
        let owner = optional(Some(columns.owner)).ok_or("CA Owner is empty")?;
        let at = self.records.len() as u32;
        if self.by_certificate.insert(fingerprint, at).is_some() {
            return Err(format!("certificate {fingerprint} is listed twice; the last row counts"))
                .inspect_err(|_| self.push(columns, row, owner));
        }
        if let Some(key) = optional(columns.key) {
            let key = key
                .parse()
                .ok()
                .or_else(|| base64(&key).and_then(|b| b.try_into().ok()).map(SpkiHash::from_bytes));
            if let Some(key) = key {
                self.by_key.insert(key, at);
            }
        }
        if let Some(identifier) = optional(columns.identifier).and_then(|i| base64(&i)) {
            self.by_identifier.entry(identifier.into()).or_default().push(at);
        }
        self.push(columns, row, owner);
        // What the header has no name for is empty in the real list. What the row says of itself holds;
        // another may have vanished in it.
        if row.iter().skip(columns.count).any(|f| !f.trim_ascii().is_empty()) {
            return Err(format!("{}, and another row may be lost in it", fields()));
        }
        Ok(())
    }

    fn push(&mut self, columns: &Columns, row: &csv::ByteRecord, owner: String) {
        let field = |at: usize| {
            row.get(at).map(|f| String::from_utf8_lossy(f).trim().to_owned()).filter(|f| !f.is_empty())
        };
        let urls = columns.acme.iter().filter_map(|at| field(*at));
        let mut acme: Vec<String> = urls
            .flat_map(|list| list.split([';', ' ', '\n']).map(str::to_owned).collect::<Vec<_>>())
            .collect();
        acme.retain(|url| url.starts_with("https://"));
        acme.sort_unstable();
        acme.dedup();
        let revoked =
            columns.revocation.and_then(field).is_some_and(|s| s == "Revoked" || s == "Parent Cert Revoked");
        self.records.push(Record {
            owner,
            subordinate_owner: columns.subordinate.and_then(field),
            acme: acme.into(),
            revoked,
        });
    }
}

impl Columns {
    fn find(header: &csv::ByteRecord) -> Result<Self, CcadbError> {
        let names: Vec<String> = header
            .iter()
            .map(|h| String::from_utf8_lossy(h).trim_start_matches('\u{feff}').trim().to_ascii_lowercase())
            .collect();
        let column = |name: &str| names.iter().position(|n| n == name);
        let wanted = |name: &str| {
            let says = || {
                format!("there is no column {name:?}; AllCertificateRecordsCSVFormatV5 is the list wanted")
            };
            column(&name.to_ascii_lowercase()).ok_or_else(|| CcadbError { line: Some(1), says: says() })
        };
        let count = names.iter().rposition(|n| !n.is_empty()).map_or(0, |last| last + 1);
        Ok(Self {
            count,
            owner: wanted("CA Owner")?,
            fingerprint: wanted("SHA-256 Fingerprint")?,
            subordinate: column("subordinate ca owner"),
            identifier: column("subject key identifier"),
            key: column("spki sha256").or_else(|| column("spki sha-256")),
            revocation: column("revocation status"),
            acme: (0..names.len()).filter(|i| names[*i].contains("acme directory")).collect(),
        })
    }
}

/// Whether this is text over lines with a fingerprint between delimiters, as rows have.
fn holds_a_row(field: &[u8]) -> bool {
    let field = field.trim_ascii();
    let hash = |token: &[u8]| {
        std::str::from_utf8(token).is_ok_and(|t| t.trim_matches('"').parse::<Fingerprint>().is_ok())
    };
    memchr::memchr(b'\n', field)
        .is_some_and(|first| field[first..].split(|b| matches!(b, b',' | b'\n')).any(hash))
}

/// A row behind the last one: where a quote is open at the end of the list, it is not met as a row.
const LAST_ROW: &str = "\n\u{1}end\n";

/// Gives at most so many bytes until it is told to go on, so that a quote that nothing closes costs one row's
/// memory and time.
struct Bounded<R> {
    from: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let wanted = buffer.len().min(self.left);
        let read = self.from.read(&mut buffer[..wanted])?;
        self.left -= read;
        Ok(read)
    }
}

/// Reads the next row, and tells on which line it begins.
fn next_row<R: Read>(
    csv: &mut csv::Reader<Bounded<R>>,
    row: &mut csv::ByteRecord,
) -> Result<Option<u64>, CcadbError> {
    csv.get_mut().left = limits::CCADB_ROW;
    let began = csv.position().line();
    match csv.read_byte_record(row) {
        Ok(more) => Ok(more.then(|| row.position().map_or(began, csv::Position::line))),
        Err(_) if csv.get_ref().left == 0 => {
            let says = format!(
                "a quote opens and is not closed within {} bytes; what follows would be lost, so fetch the list again",
                limits::CCADB_ROW
            );
            Err(CcadbError { line: Some(began), says })
        }
        Err(error) => {
            Err(CcadbError { line: error.position().map(csv::Position::line), says: error.to_string() })
        }
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text.as_bytes()).ok().filter(|b| !b.is_empty())
}
