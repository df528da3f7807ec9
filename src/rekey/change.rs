//! What becomes of each part of an old certificate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of one part of the old certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The part.
    pub what: String,
    /// What was done with it.
    pub action: Action,
    /// Why.
    pub reason: String,
}

impl Change {
    pub(crate) fn new(what: &str, action: Action, reason: &str) -> Self {
        Self { what: what.into(), action, reason: reason.into() }
    }
}

/// What is done with a part of the old certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was not there and is not in the request either, though a CA may ask for it.
    Absent,
    /// It was not there and is in the request.
    Added,
    /// It is in the request in another form.
    Changed,
    /// It is not in the request.
    Dropped,
    /// It is in the request as it was.
    Kept,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Dropped => "dropped",
            Self::Kept => "kept",
        })
    }
}

/// Extensions that certificates have of their CA. That they are not asked for is nothing new to anybody.
pub(crate) const OF_THE_CA: &[&str] = &[
    "authorityInfoAccess",
    "authorityKeyIdentifier",
    "basicConstraints",
    "cRLDistributionPoints",
    "certificatePolicies",
    "signedCertificateTimestampList",
    "subjectKeyIdentifier",
];
