//! `issued.json`: which certificate stands in a bundle, on what it rests, and what was found. Nothing in it
//! is secret or depends on the hour.

use serde::{Deserialize, Serialize};

use super::check::{Found, Severity, Waiver};
use super::gather::Met;
use super::names;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::name::is_hidden;
use crate::pki::show;
use crate::rekey::Record;
use crate::time::Time;

/// The version of the form.
pub const ISSUED_SCHEMA: &str = "certrecall/issued/1";

/// The record of one bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// [`ISSUED_SCHEMA`].
    pub schema: String,
    /// The step that it does.
    pub id: StepId,
    /// The new key.
    pub spki_sha256: SpkiHash,
    /// The request that it answers.
    pub request_sha256: Fingerprint,
    /// The certificate.
    pub sha256: Fingerprint,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its subject, for people.
    pub subject: String,
    /// Its issuer, for people.
    pub issuer: String,
    /// First moment of validity.
    pub not_before: Option<Time>,
    /// Last moment of validity.
    pub not_after: Option<Time>,
    /// Its alternative names, without their kinds.
    pub names: Vec<String>,
    /// What stands between it and the root, in order.
    pub chain: Vec<Above>,
    /// The root.
    pub root: Top,
    /// What was found and accepted.
    pub findings: Vec<Finding>,
    /// Why what is waived is accepted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A certificate above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Above {
    /// The certificate.
    pub sha256: Fingerprint,
    /// Its subject, for people.
    pub subject: String,
}

/// The top of a chain, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    /// The certificate.
    pub sha256: Fingerprint,
    /// Its subject, for people.
    pub subject: String,
    /// Who vouches for it.
    pub known: Root,
}

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check, by name.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// In words.
    #[serde(rename = "message", alias = "says")]
    pub says: String,
}

impl Issued {
    /// The record of a certificate with the certificates above it; the last of them is its root.
    pub(crate) fn of(
        met: &Met,
        names: &[names::GeneralName],
        chain: &[Met],
        top: (&Met, Root),
        record: &Record,
        found: &[Found],
        reason: &str,
    ) -> Self {
        let certificate = &met.certificate;
        let waived = found.iter().any(|f| f.severity == Severity::Waived);
        Self {
            schema: ISSUED_SCHEMA.into(),
            id: record.id,
            spki_sha256: record.spki_sha256,
            request_sha256: record.request_sha256,
            sha256: certificate.sha256,
            serial: certificate.serial.to_hex(),
            subject: certificate.subject.to_string(),
            issuer: certificate.issuer.name.to_string(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            names: names.iter().map(names::text).collect(),
            chain: chain
                .iter()
                .map(|m| Above { sha256: m.certificate.sha256, subject: m.certificate.subject.to_string() })
                .collect(),
            root: Top {
                sha256: top.0.certificate.sha256,
                subject: top.0.certificate.subject.to_string(),
                known: top.1,
            },
            findings: found
                .iter()
                .map(|f| Finding {
                    check: f.check.as_str().into(),
                    severity: f.severity,
                    says: show(&f.says),
                })
                .collect(),
            reason: if waived { show(reason) } else { String::new() },
        }
    }

    /// Whether somebody accepted this finding when the bundle was made.
    pub(crate) fn waives(&self, found: &Found) -> bool {
        let one_name = found.check.waiver() == Waiver::Name;
        let same = |f: &&Finding| {
            f.severity == Severity::Waived
                && f.check == found.check.as_str()
                && (!one_name || f.says == show(&found.says))
        };
        found.check.waiver() != Waiver::Never && self.findings.iter().any(|f| same(&f))
    }

    /// The file, the same for equal records.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and lists of them always have a JSON form.
        let mut out = serde_json::to_string_pretty(self).unwrap_or_default();
        out.push('\n');
        let hidden = |c: char| c != '\n' && is_hidden(c);
        if out.contains(hidden) {
            let escaped =
                |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            out = out.chars().map(|c| if hidden(c) { escaped(c) } else { String::from(c) }).collect();
        }
        out.into_bytes()
    }

    /// Reads the file back; the reason in words if it is none.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, &'static str> {
        let record: Self = serde_json::from_slice(bytes)
            .map_err(|_| "issued.json is not a record of an issued certificate")?;
        if record.schema == ISSUED_SCHEMA { Ok(record) } else { Err("issued.json is of another version") }
    }
}

/// Who vouches for the top of a chain, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// It is in Mozilla's store, or the user says that public stores have it.
    Public,
    /// The user gave it.
    Given,
    /// It was in the inventory of the case.
    Inventory,
    /// Nobody: it signed itself.
    Unknown,
}
