//! `replacement.json`: what a replacement replaces and what its request asks for. Nothing in it is secret or
//! depends on the hour.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::format::KeyFormat;
use super::model::{Error, RECORD, REPLACEMENTS};
use crate::files;
use crate::finding::Codes;
use crate::id::{Fingerprint, ProfileHash, SpkiHash, StepId};
use crate::pki::name::is_hidden;
use crate::plan::ReplacementRecord;

/// The version of the form.
pub const SCHEMA: &str = "certrecall/replacement/1";

/// One replacement as recorded beside its key and request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: String,
    /// The step that it does.
    pub id: StepId,
    /// What the certificates it replaces are for.
    pub profile: ProfileHash,
    /// The name of the new key.
    pub spki_sha256: SpkiHash,
    /// The kind of the new key, as in records.
    pub key_algorithm: String,
    /// The size of the new key.
    pub key_bits: u32,
    /// The form of `key.pem`; records of earlier versions do not say, and mean the default.
    #[serde(default)]
    pub key_format: KeyFormat,
    /// The subject, for people.
    pub subject: String,
    /// Host names and addresses among the alternative names that the request asks for.
    pub names: Vec<String>,
    /// The certificates it replaces, in the order of their hashes.
    pub replaces: Vec<Fingerprint>,
    /// Whether the request is for a CA that must be made first.
    pub waits_for_new_ca: bool,
    /// SHA-256 of the request's DER.
    pub request_sha256: Fingerprint,
    /// What is noteworthy.
    pub findings: Codes,
    /// What was kept, dropped, changed and added.
    pub changes: Vec<Change>,
}

/// A replacement that lies in the case, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its directory, relative to the case: `replacements/<name>`.
    pub directory: String,
    /// What `replacement.json` says.
    pub record: Record,
}

impl Made {
    /// Brings the record up to date with what the plan asks for now: more certificates to replace, another step, a
    /// new CA to wait for. Key and request stay; certificates once listed stay listed. Nothing is written if
    /// nothing changes.
    ///
    /// # Errors
    /// If the record cannot be written; the old one is then still there.
    pub fn update(&self, case_dir: &Path, planned: &ReplacementRecord) -> Result<Self, Error> {
        let mut record = self.record.clone();
        record.id = planned.id;
        record.waits_for_new_ca = planned.waits_for_new_ca;
        record.replaces.extend(&planned.replaces);
        let made = Self { directory: self.directory.clone(), record: record.sorted() };
        if made != *self {
            files::replace(&case_dir.join(&self.directory).join(RECORD), &made.record.to_json())?;
        }
        Ok(made)
    }

    pub(crate) fn new(name: &str, record: Record) -> Self {
        Self { directory: format!("{REPLACEMENTS}/{name}"), record }
    }
}

impl Record {
    /// With the certificates in the order of their hashes, each once.
    pub(crate) fn sorted(mut self) -> Self {
        self.replaces.sort_unstable();
        self.replaces.dedup();
        self
    }

    /// The file, the same for equal records.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        json(self).into_bytes()
    }

    /// Reads the file back; the reason in words if it is none.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, &'static str> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|_| "replacement.json is not a record of a replacement")?;
        if record.schema == SCHEMA { Ok(record) } else { Err("replacement.json is of another version") }
    }
}

/// A record as JSON with lines for people; hidden characters are escaped, so that it may be shown as it is.
pub(crate) fn json<T: Serialize>(record: &T) -> String {
    // Strings, numbers and lists of them always have a JSON form; the map keys are field names.
    let mut out = serde_json::to_string_pretty(record).unwrap_or_default();
    out.push('\n');
    // Outside of strings only line ends are hidden, and in them there is none.
    let hidden = |c: char| c != '\n' && is_hidden(c);
    // Most are plain ASCII, and looking at octets is much quicker.
    let plain = out.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~'));
    if !plain && out.contains(hidden) {
        let escaped =
            |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
        out = out.chars().map(|c| if hidden(c) { escaped(c) } else { String::from(c) }).collect();
    }
    out
}
