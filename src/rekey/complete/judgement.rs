//! What came of the certificates that were sent, for each replacement and for those that are for none.

use serde::Serialize;

use super::check::{Check, Found};
use super::gather::Met;
use super::record::Issued;
use crate::id::{Fingerprint, StepId};
use crate::rekey::Made;
use crate::time::Time;

/// Where a replacement stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A certificate is accepted.
    Accepted,
    /// A certificate was accepted before and stays.
    Complete,
    /// No certificate came for it.
    Missing,
    /// It has no key and request yet.
    NotMade,
    /// What came for it is refused.
    Refused,
    /// Somebody decided against it.
    Waived,
}

impl State {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Complete => "complete",
            Self::Missing => "missing",
            Self::NotMade => "not-made",
            Self::Refused => "refused",
            Self::Waived => "waived",
        }
    }
}

/// What came of one replacement.
#[derive(Debug, Serialize)]
pub struct Judgement {
    /// Its step.
    pub id: StepId,
    /// The name people know it by.
    pub name: String,
    /// Where it lies, relative to the case.
    pub directory: Option<String>,
    /// Where it stands.
    pub state: State,
    /// The certificate that counts.
    pub sha256: Option<Fingerprint>,
    /// Until when that is valid.
    pub not_after: Option<Time>,
    /// In words.
    pub says: String,
    /// Everything that came for it, the newest first.
    pub certificates: Vec<Candidate>,
    /// What to write.
    #[serde(skip)]
    pub accepted: Option<Accepted>,
}

/// A certificate that came for a replacement.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// The certificate.
    pub sha256: Fingerprint,
    /// Where it was found.
    pub place: String,
    /// Whether it could be taken.
    pub acceptable: bool,
    /// What was found.
    pub findings: Vec<Found>,
}

/// A certificate to be put beside its key.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The replacement.
    pub made: Made,
    /// The certificate.
    pub certificate: Met,
    /// What stands between it and the root, in order.
    pub chain: Vec<Met>,
    /// Its record.
    pub issued: Issued,
}

/// A certificate that is for no replacement.
#[derive(Debug, Serialize)]
pub struct Stranger {
    /// The certificate.
    pub sha256: Fingerprint,
    /// Where it was found.
    pub place: String,
    /// Whether it should not have come; else it is only told.
    pub refused: bool,
    /// What was found.
    pub check: Option<Check>,
    /// In words.
    pub says: String,
    /// What to ask the CA for.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub ask: &'static str,
}

/// The whole judgement.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// Every replacement, in the order expected.
    pub replacements: Vec<Judgement>,
    /// Certificates that are for none.
    pub strangers: Vec<Stranger>,
}

impl Judged {
    /// Whether a certificate was refused.
    #[must_use]
    pub fn has_refused(&self) -> bool {
        self.strangers.iter().any(|s| s.refused) || self.replacements.iter().any(|r| r.certificates.iter().any(|c| !c.acceptable))
    }

    /// Whether a replacement of the plan has no certificate.
    #[must_use]
    pub fn has_missing(&self) -> bool {
        self.replacements.iter().any(|r| matches!(r.state, State::Missing | State::NotMade | State::Refused) && r.sha256.is_none())
    }
}
