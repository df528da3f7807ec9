//! What a run reports while it works, beside its results.

use std::fmt;
use std::path::PathBuf;

use crate::finding::Finding;
use crate::id::{Fingerprint, StepId};
use crate::rekey::Trouble;
use crate::report::view::count;
use crate::store::Changes;
use crate::time::Time;

/// Who watches a run.
pub trait Watch: Send {
    /// Something is reported.
    fn notice(&mut self, notice: Notice);

    /// So many files were read so far.
    fn files_read(&mut self, count: usize);
}

/// Nobody watches: the results have everything that matters.
impl Watch for () {
    fn notice(&mut self, _: Notice) {}

    fn files_read(&mut self, _: usize) {}
}

/// Something that a run reports.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// A certificate that commands of the plan name is not where it was found any more.
    CertificateGone {
        /// The certificate.
        sha256: Fingerprint,
        /// The step that has the commands.
        step: StepId,
    },
    /// An option or a root is different from the last run.
    Changed(String),
    /// The cutoff has not come yet.
    CutoffAhead(Time),
    /// The database of the case is gone.
    DatabaseGone(PathBuf),
    /// What a manifest was taken for.
    Manifest(String),
    /// The case was made by a version that did not store its options.
    OlderCase {
        /// Its last incident.
        incident: String,
    },
    /// What the new plan changed in the list of steps.
    Plan(Changes),
    /// Something is wrong with a replacement that is in the case.
    Replacement(Trouble),
    /// Steps are open again, because there is more to do for them than when their status was recorded.
    Reopened {
        /// How many.
        steps: usize,
        /// One of them.
        first: StepId,
    },
    /// Rows of CCADB's list that cannot be used.
    RowsOfCcadb {
        /// The list.
        path: PathBuf,
        /// How many.
        rows: u64,
        /// The first of them, with the reasons.
        first: Vec<String>,
    },
    /// An entry about a CA that matches nothing that was found.
    Unmatched(Finding),
    /// New keys that are encrypted and were not opened.
    Unopened(usize),
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who want to know everything.
    Detail,
    /// Good to know.
    Note,
    /// Something may be wrong.
    Warning,
}

impl Notice {
    /// How much it matters.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Unopened(_) => Level::Detail,
            Self::Changed(_) | Self::Manifest(_) | Self::Plan(_) | Self::Reopened { .. } => Level::Note,
            Self::CertificateGone { .. }
            | Self::CutoffAhead(_)
            | Self::DatabaseGone(_)
            | Self::OlderCase { .. }
            | Self::Replacement(_)
            | Self::RowsOfCcadb { .. }
            | Self::Unmatched(_) => Level::Warning,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateGone { sha256, step } => write!(
                f,
                "the certificate {sha256} is not where it was found any more, so the commands of {step} have no file for it; run the plan again"
            ),
            Self::Changed(change) => write!(f, "changed since the last run: {change}"),
            Self::CutoffAhead(cutoff) => write!(
                f,
                "the cutoff {cutoff} has not come yet, so whatever has an upload time was uploaded before it; --cutoff names another one"
            ),
            Self::DatabaseGone(path) => write!(
                f,
                "{path:?} is gone though the case has a plan. Lost with it: what was marked done, deployed, sent or waived, with reasons and times, and the deadlines that follow from it; decisions about keys (--clear, confirmed, cleared); certificates that searches found; the options that the case was made with, and what it recorded of files that are gone; the history of closed steps. This plan begins without them; keys, requests and bundles made before are used on. With a copy of the file, put it back and run this again"
            ),
            Self::Manifest(line) => f.write_str(line),
            Self::OlderCase { incident } => write!(
                f,
                "the case was made by a version that did not store its options; its last incident was {incident}. Those given now are stored: compare what became less exposed"
            ),
            Self::Plan(changes) => write!(
                f,
                "the plan changed: {} new, {} closed, {} needed again; `certrecall status` tells more",
                count(changes.added, "step"),
                changes.closed,
                changes.reopened
            ),
            Self::Replacement(trouble) => write!(f, "{}: {}", trouble.place, trouble.says),
            Self::Reopened { steps, first } => write!(
                f,
                "more belongs to {} of which something was said, among them {first}: open again for that, `certrecall status` tells why",
                count(*steps, "step")
            ),
            Self::RowsOfCcadb { path, rows, first } => write!(
                f,
                "{}: {} in doubt or of no use: {}",
                path.display(),
                count(*rows as usize, "row"),
                first.join("; ")
            ),
            Self::Unmatched(finding) => write!(f, "{}: {}", finding.place, finding.says),
            Self::Unopened(keys) => write!(
                f,
                "{} encrypted and was not opened: its record, its request and its form were checked; with --key-passphrase-file the key is too",
                count(*keys, "new key is").replace("keys is", "keys are")
            ),
        }
    }
}
