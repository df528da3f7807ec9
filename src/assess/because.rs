//! One reason for an exposure or a verdict. Every key has one at least, so what a reason says of a place is
//! put into words when it is asked for (`words`).

use std::borrow::Cow;

use super::kind::{Kind, Timing};
use super::role::Role;
use crate::finding::Codes;
use crate::inventory::Inventory;
use crate::time::{Span, Time};

/// One reason for an exposure or a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// What it rests on.
    pub evidence: Kind,
    /// Where that is written.
    pub source: Cow<'static, str>,
    /// Earliest possible upload.
    pub earliest: Option<Time>,
    /// Latest possible upload.
    pub latest: Option<Time>,
    /// Contradictions and the like.
    pub findings: Codes,
    /// Read by [`Because::says`].
    pub(super) says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    Upload(Upload),
    Words(Box<str>),
}

/// A place where a key or a certificate on it lies, and what follows from its upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    /// Index into [`Inventory::files`].
    pub(super) file: u32,
    pub(super) role: Role,
    pub(super) timing: Timing,
    /// The dates of certificates are not to be trusted.
    pub(super) dates_distrusted: bool,
    /// The key was in some place before the oldest certificate on it was issued.
    pub(super) seen_earlier: bool,
    /// What is to be told of its accounts.
    pub(super) accounts: Box<str>,
}

impl Because {
    /// A reason in words, from `source`.
    pub(super) fn new(evidence: Kind, source: impl Into<Cow<'static, str>>, says: String) -> Self {
        Self {
            evidence,
            source: source.into(),
            earliest: None,
            latest: None,
            findings: Codes::NONE,
            says: Says::Words(says.into()),
        }
    }

    /// A reason as a case recorded it, of evidence that is gone.
    #[must_use]
    pub fn recorded(evidence: Kind, source: String, span: Span, findings: Codes, message: String) -> Self {
        let Span { earliest, latest } = span;
        Self { earliest, latest, findings, ..Self::new(evidence, source, message) }
    }

    /// A reason that an upload gives.
    pub(super) fn of_upload(
        evidence: Kind,
        source: Cow<'static, str>,
        span: Span,
        findings: Codes,
        upload: Upload,
    ) -> Self {
        let Span { earliest, latest } = span;
        Self { evidence, source, earliest, latest, findings, says: Says::Upload(upload) }
    }

    /// The file that it is about: index into [`Inventory::files`].
    pub(super) const fn file(&self) -> Option<u32> {
        match &self.says {
            Says::Upload(upload) => Some(upload.file),
            Says::Words(_) => None,
        }
    }

    /// The path of the file it speaks of. `inventory` has to be the one that was judged.
    #[must_use]
    pub fn path<'a>(&self, inventory: &'a Inventory) -> Option<Cow<'a, str>> {
        match &self.says {
            Says::Upload(upload) => Some(inventory.files[upload.file as usize].place.shown()),
            Says::Words(_) => None,
        }
    }
}
