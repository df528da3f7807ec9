//! What is known of the upload of one file.

use std::borrow::Cow;
use std::sync::Arc;

use super::kind::Kind;
use crate::finding::{Code, Codes};
use crate::inventory::Few;
use crate::time::{Span, Time};

/// What is known of the upload of one file, the dates of certificates aside.
#[derive(Debug, Clone)]
pub(super) struct FileEvidence {
    /// The kind that decides, if there is an upload record.
    pub(super) record: Option<Kind>,
    /// The span, open ends filled by weaker kinds.
    pub(super) span: Span,
    /// Contradictions and ignored times, those of its archive aside.
    pub(super) findings: Codes,
    /// Which time bounds the span where there is no upload record: that of a member, or of a file.
    pub(super) bounded_by: Kind,
    /// What is odd about the archive it lies in.
    pub(super) archive: OfArchive,
    /// What the rows of a manifest say besides. There are very many files, and most incidents have no
    /// manifest.
    pub(super) rows: Option<Box<Named>>,
}

/// What the rows for one file name.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// `uploads.csv:7`.
    pub(super) source: Cow<'static, str>,
    pub(super) accounts: Few<Arc<str>>,
    /// When the account was created, where that is what the span begins with.
    pub(super) account_created: Option<Time>,
    /// They name the archive that the file lies in.
    pub(super) of_archive: bool,
    /// What they say, where one of them names the path of the file.
    pub(super) by_path: Option<Span>,
    /// When rows without an upload time say that it was last changed.
    pub(super) modified: Option<Time>,
    /// Rows that name it and have no usable time, `uploads.csv:7`.
    pub(super) unusable: Option<Cow<'static, str>>,
    /// Nobody knows whether they are about this content.
    pub(super) doubtful: bool,
}

/// What is odd about the time of an archive, as one of its members shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OfArchive {
    /// It cannot be when the archive was last changed.
    pub(super) time_ignored: bool,
    /// The member is newer.
    pub(super) member_newer: bool,
}

impl OfArchive {
    pub(super) const fn findings(self) -> Codes {
        let mut out = Codes::NONE;
        if self.time_ignored {
            out.insert(Code::FileTimeIgnored);
        }
        if self.member_newer {
            out.insert(Code::EvidenceDisagrees);
        }
        out
    }
}

impl FileEvidence {
    /// Where the deciding kind is written, or the time of the file.
    pub(super) const fn source(&self) -> &Cow<'static, str> {
        match (self.record, &self.rows) {
            (Some(Kind::Manifest), Some(rows)) => &rows.source,
            (Some(Kind::Uploaded), _) => &Cow::Borrowed("--uploaded"),
            (Some(_), _) => &Cow::Borrowed("--date-from-path"),
            (None, _) if matches!(self.bounded_by, Kind::MemberTime) => &Cow::Borrowed("member time"),
            (None, _) => &Cow::Borrowed("file time"),
        }
    }

    /// The accounts that manifest rows name.
    pub(super) fn accounts(&self) -> &[Arc<str>] {
        self.rows.as_ref().map_or(&[], |rows| &rows.accounts)
    }

    /// Whether what is known of the file contradicts itself, whichever key it is asked for.
    pub(super) const fn contradicts(&self) -> bool {
        self.findings.contains(Code::EvidenceDisagrees)
            || self.archive.findings().contains(Code::EvidenceDisagrees)
    }

    /// Rows that name it and have no usable time.
    pub(super) fn unusable_rows(&self) -> Option<&Cow<'static, str>> {
        self.rows.as_ref().and_then(|rows| rows.unusable.as_ref())
    }

    /// Whether rows of a manifest speak of it.
    pub(super) const fn has_rows(&self) -> bool {
        self.rows.is_some()
    }

    /// Whether rows of a manifest decide that name its archive.
    pub(super) fn decided_by_archive(&self) -> bool {
        self.record == Some(Kind::Manifest) && self.rows.as_ref().is_some_and(|rows| rows.of_archive)
    }

    /// What the rows that name the path of the file say.
    pub(super) fn path_row(&self) -> Option<Span> {
        self.rows.as_ref().and_then(|rows| rows.by_path)
    }

    /// When the account was created, where rows of a manifest decide and that is what the span begins with.
    pub(super) fn account_created(&self) -> Option<Time> {
        self.rows
            .as_ref()
            .filter(|_| self.record == Some(Kind::Manifest))
            .and_then(|rows| rows.account_created)
    }
}

/// What is known of a file, and of single keys in it.
pub(super) type Weighed = (FileEvidence, Vec<(u32, FileEvidence)>);
