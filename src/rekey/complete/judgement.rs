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
    /// A certificate was accepted before, and does not hold any more.
    Reopened,
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
            Self::Reopened => "reopened",
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
    #[serde(rename = "message")]
    pub says: String,
    /// What it was no use to send, and what to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub warns: String,
    /// Checks of the certificate that counts which somebody accepts, and why; empty if there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub waived: String,
    /// What is found of the certificate in place, if that does not hold any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_place: Vec<Found>,
    /// Everything that came for it, the newest first.
    pub certificates: Vec<Candidate>,
    /// What to write.
    #[serde(skip)]
    pub accepted: Option<Accepted>,
}

impl Judgement {
    /// Whether it is asked for and has no certificate that holds.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        match self.state {
            State::Missing | State::NotMade | State::Reopened => true,
            State::Refused => self.sha256.is_none(),
            State::Accepted | State::Complete | State::Waived => false,
        }
    }
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
    #[serde(rename = "message")]
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
        self.strangers.iter().any(|s| s.refused)
            || self.replacements.iter().any(|r| r.certificates.iter().any(|c| !c.acceptable))
    }

    /// Whether a replacement of the plan has no certificate.
    #[must_use]
    pub fn has_missing(&self) -> bool {
        self.replacements.iter().any(Judgement::is_missing)
    }
}
