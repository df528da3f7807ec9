//! The verdicts: standing of a certificate, and what follows from it and from the exposure of the key.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::because::Because;
use super::exposure::Exposure;
use super::told::Told;
use crate::finding::{Code, Finding};
use crate::inventory::Few;
use crate::time::{Span, Time};

/// Where a certificate stands in its life at `as_of`. The order is the precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its end date cannot be read.
    Unknown,
    /// Past its end.
    Expired,
    /// Revoked, as a verified list or answer says.
    Revoked,
    /// Before its start.
    NotYetValid,
    /// Within its dates, both ends inclusive.
    Valid,
}

impl Standing {
    /// The standing at a time.
    #[must_use]
    pub fn at(not_before: Option<Time>, not_after: Option<Time>, time: Time) -> Self {
        match (not_before, not_after) {
            (_, None) => Self::Unknown,
            (_, Some(end)) if time > end => Self::Expired,
            (Some(start), _) if time < start => Self::NotYetValid,
            _ => Self::Valid,
        }
    }

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NotYetValid => "not-yet-valid",
            Self::Valid => "valid",
        }
    }

    /// Whether the certificate can still be used, or may be.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Unknown | Self::NotYetValid | Self::Valid)
    }
}

/// What is to be done about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A CA certificate with an exposed key: its owner must decide.
    Decide,
    /// Its issuer's key is exposed: get it from a new CA.
    Reissue,
    /// New key, new certificate, revoke this one.
    ReplaceAndRevoke,
    /// Self-signed: nobody can revoke it.
    Replace,
    /// Exposed, but past its end; the key is retired.
    Expired,
    /// Revoked for key compromise already.
    Revoked,
    /// Nothing.
    Clear,
}

impl Verdict {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Reissue => "reissue",
            Self::ReplaceAndRevoke => "replace-and-revoke",
            Self::Replace => "replace",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Clear => "clear",
        }
    }

    /// Whether somebody has to act on the certificate itself.
    #[must_use]
    pub const fn asks_for_action(self) -> bool {
        matches!(self, Self::Decide | Self::Reissue | Self::Replace | Self::ReplaceAndRevoke)
    }
}

/// The verdict on one key.
#[derive(Debug, Clone)]
pub struct KeyVerdict {
    /// Exposure.
    pub exposure: Exposure,
    /// What the evidence says without any decision.
    pub by_evidence: Exposure,
    /// Its reasons, the deciding ones first.
    pub because: Few<Because>,
    /// Further reasons that are only counted.
    pub omitted: usize,
    /// Whose uploads hold it.
    pub accounts: Few<Arc<str>>,
    /// Not exposed on the dates of certificates alone.
    pub on_certificate_dates: bool,
    /// Not exposed because a certificate is taken as that of a CA by its key usage, or by what it issued.
    pub on_chain_rule: bool,
    /// The exposure that concerns what hangs below it, and keys with its modulus: a private key that nothing
    /// verifies adds nothing to that.
    pub spreads: Exposure,
}

/// The verdict on one certificate.
#[derive(Debug, Clone)]
pub struct CertificateVerdict {
    /// Standing at `as_of`.
    pub standing: Standing,
    /// What to do.
    pub verdict: Verdict,
    /// The reason beyond those of its key, if there is one.
    pub because: Option<Box<Because>>,
}

/// The accounts that uploaded files, where a manifest names them; files without one are not in it.
#[derive(Debug, Default)]
pub struct Uploaders {
    files: HashMap<u32, Few<Arc<str>>>,
    /// Where rows name single certificates of a file: by file and key.
    of_keys: HashMap<(u32, u32), Few<Arc<str>>>,
}

impl Uploaders {
    pub(super) fn new(
        files: HashMap<u32, Few<Arc<str>>>,
        of_keys: HashMap<(u32, u32), Few<Arc<str>>>,
    ) -> Self {
        Self { files, of_keys }
    }

    /// Whether no account is known of any file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.of_keys.is_empty()
    }

    /// The accounts that uploaded a file, as far as it concerns a key in it.
    #[must_use]
    pub fn of(&self, file: u32, key: u32) -> &[Arc<str>] {
        let own = if self.of_keys.is_empty() { None } else { self.of_keys.get(&(file, key)) };
        own.or_else(|| self.files.get(&file)).map_or(&[], |accounts| accounts)
    }
}

/// Verdicts for the whole inventory; indices as in the inventory.
#[derive(Debug)]
pub struct Assessment {
    /// One per key.
    pub keys: Vec<KeyVerdict>,
    /// One per certificate.
    pub certificates: Vec<CertificateVerdict>,
    /// What the manifest's rows for the paths of files say, by index of the file, for the record of the case.
    pub path_rows: Vec<(u32, Span)>,
    /// Rows of manifests that name a file and have no usable time, as `uploads.csv:7`, with the index of the
    /// file.
    pub unusable_rows: Vec<(String, u32)>,
    /// The accounts that uploaded each file, where a manifest names them.
    pub uploaders: Uploaders,
    /// Findings on evidence.
    pub findings: Vec<Finding>,
    /// How many findings of each code there are; of codes with very many, not all are told.
    pub finding_counts: BTreeMap<Code, u64>,
}

impl Assessment {
    /// Adds findings that a case has of its history, before the others.
    pub fn report(&mut self, findings: impl Iterator<Item = Finding>) {
        let mut list = Told::default();
        findings.for_each(|finding| list.tell(finding.code, || (finding.place, finding.says)));
        let list = list.finish("case");
        for (code, count) in list.counts {
            *self.finding_counts.entry(code).or_default() += count;
        }
        self.findings.splice(0..0, list.list);
    }

    /// Adds a finding of a later stage.
    pub fn add(&mut self, finding: Finding) {
        *self.finding_counts.entry(finding.code).or_default() += 1;
        self.findings.push(finding);
    }
}
