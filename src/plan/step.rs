//! Steps.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::time::Time;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A person decides.
    Decide,
    /// Put the new certificate where the old one is.
    Deploy,
    /// Look at what could not be read.
    Inspect,
    /// Have a new certificate issued on a new key.
    Replace,
    /// Destroy the old key.
    Retire,
    /// Have the old certificates revoked.
    Revoke,
    /// Change a credential that is no certificate.
    Rotate,
    /// Look for other certificates on the key.
    Search,
    /// Check that it happened.
    Verify,
}

impl StepKind {
    /// Every kind, in the order of their names.
    pub const ALL: [Self; 9] = [
        Self::Decide,
        Self::Deploy,
        Self::Inspect,
        Self::Replace,
        Self::Retire,
        Self::Revoke,
        Self::Rotate,
        Self::Search,
        Self::Verify,
    ];

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Deploy => "deploy",
            Self::Inspect => "inspect",
            Self::Replace => "replace",
            Self::Retire => "retire",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::Search => "search",
            Self::Verify => "verify",
        }
    }
}

impl FromStr for StepKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("{text:?} is not a kind of step; write {}", names.join(", "))
        })
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It needs others first.
    Waiting,
    /// It can be done now.
    Ready,
    /// It is done.
    Done,
    /// A person decided against it.
    Waived,
    /// It was tried in vain.
    Failed,
}

impl Status {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Waived => "waived",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more is to be done about the step.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Waived)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// A hash of what it does.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub status: Status,
    /// Steps that come first.
    pub needs: Vec<StepId>,
    /// When it is due.
    pub deadline: Option<Time>,
    /// The rule that the deadline follows from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline_source: Option<Box<str>>,
    /// For a person.
    #[serde(rename = "message", alias = "says")]
    pub says: Box<str>,
    /// The key it is about; a replacement can be about several and names none.
    #[serde(rename = "spki_sha256", skip_serializing_if = "Option::is_none", default)]
    pub key: Option<SpkiHash>,
    /// The certificates it is about.
    #[serde(default)]
    pub certificates: Vec<Fingerprint>,
    /// The CA that has to act: the id of one of the plan's authorities.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authority: Option<Box<str>>,
    /// Of a check whether a revocation happened: the time that the CA has for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock: Option<Box<AuthorityClock>>,
    /// A decision that makes this step ready whatever else it needs: to revoke first, since the key is being
    /// misused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub or_after: Option<StepId>,
    /// A decision without which this step is not to be done: it has to be confirmed, and if it goes the other
    /// way this step is waived.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub only_if: Option<StepId>,
    /// Commands that do it, each a program and its arguments.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub commands: Vec<Vec<String>>,
}

impl Step {
    /// A step that can be done now, about nothing yet.
    #[must_use]
    pub fn new(id: StepId, kind: StepKind, says: impl Into<Box<str>>) -> Self {
        Self {
            id,
            kind,
            status: Status::Ready,
            needs: Vec::new(),
            deadline: None,
            deadline_source: None,
            says: says.into(),
            key: None,
            certificates: Vec::new(),
            authority: None,
            clock: None,
            or_after: None,
            only_if: None,
            commands: Vec::new(),
        }
    }
}

/// The time that a CA has from the proof of compromise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityClock {
    /// How long.
    pub hours: u32,
    /// The rule that says so.
    pub source: Box<str>,
}
