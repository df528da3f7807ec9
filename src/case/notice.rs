//! What a run reports while it works, beside its results.

use std::fmt;
use std::path::PathBuf;

use crate::finding::{Code, Codes, Finding};
use crate::id::{Fingerprint, StepId};
use crate::pki::show;
use crate::rekey::{Refused, Trouble};
use crate::report::view::count;
use crate::store::Changes;
use crate::time::Time;

/// Who watches a run.
pub trait Watch: Send {
    /// Something is reported.
    fn notice(&mut self, notice: Notice);

    /// So many files were read so far.
    fn files_read(&mut self, count: usize);

    /// So many keys and requests were made so far.
    fn keys_made(&mut self, count: usize);
}

/// Nobody watches: the results have everything that matters.
impl Watch for () {
    fn notice(&mut self, _: Notice) {}

    fn files_read(&mut self, _: usize) {}

    fn keys_made(&mut self, _: usize) {}
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
    /// There is no replacement for this name: its certificate is not where it was found.
    NotReplaced(String),
    /// No request could be made.
    Refused(Refused),
    /// Something is wrong with a replacement that is in the case.
    Replacement(Trouble),
    /// The replacement for this name is damaged; another one is made.
    ReplacementDamaged(String),
    /// A replacement is not made, for the reason that its owner gave.
    ReplacementSkipped {
        /// Its name.
        name: String,
        /// Its step.
        step: StepId,
        /// The reason.
        reason: String,
    },
    /// What a request has otherwise than the old certificate.
    RequestDiffers {
        /// Where it is.
        directory: String,
        /// What is different.
        findings: Codes,
    },
    /// The same of all requests that were made.
    RequestsDiffer {
        /// How many.
        requests: usize,
        /// What is different in how many of them.
        findings: Vec<(Code, usize)>,
        /// The file beside each that has the details.
        file: &'static str,
    },
    /// The plan for people does not name the requests.
    RequestsNotShown {
        /// Its file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A replacement that was asked for is there already.
    StaysAsItIs {
        /// Its step.
        step: StepId,
        /// Where it is.
        directory: String,
    },
    /// The subject of a request is not what the old certificate has.
    SubjectNotReadable(String),
    /// An existing key does not fit where it is to go.
    Unfit(Finding),
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
            Self::RequestDiffers { .. } | Self::Unopened(_) => Level::Detail,
            Self::Changed(_)
            | Self::Manifest(_)
            | Self::Plan(_)
            | Self::Reopened { .. }
            | Self::ReplacementSkipped { .. }
            | Self::RequestsDiffer { .. } => Level::Note,
            Self::CertificateGone { .. }
            | Self::CutoffAhead(_)
            | Self::DatabaseGone(_)
            | Self::OlderCase { .. }
            | Self::NotReplaced(_)
            | Self::Refused(_)
            | Self::Replacement(_)
            | Self::ReplacementDamaged(_)
            | Self::RequestsNotShown { .. }
            | Self::StaysAsItIs { .. }
            | Self::SubjectNotReadable(_)
            | Self::Unfit(_)
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
            Self::NotReplaced(name) => write!(
                f,
                "no replacement for {}: its certificate is not where it was found any more; run the plan again",
                show(name)
            ),
            Self::Refused(refused) => {
                write!(f, "no request for {} (step {}): {}", show(&refused.name), refused.id, refused.says)
            }
            Self::ReplacementDamaged(name) => write!(
                f,
                "the replacement for {} is damaged; it is left as it is and a new one is made",
                show(name)
            ),
            Self::ReplacementSkipped { name, step, reason } => {
                write!(f, "{} ({step}) is skipped: {reason}", show(name))
            }
            Self::RequestDiffers { directory, findings } => {
                let findings: Vec<_> = findings.iter().map(Code::describe).collect();
                write!(f, "{directory}: {}", findings.join("; "))
            }
            Self::RequestsDiffer { requests, findings, file } => {
                let counted: Vec<_> =
                    findings.iter().map(|(code, count)| format!("{count} {code}")).collect();
                write!(
                    f,
                    "{} not as the old certificate: {}; {file} beside each says what is different and why",
                    count(*requests, "request"),
                    counted.join(", ")
                )
            }
            Self::RequestsNotShown { path, message } => {
                write!(f, "{path:?} does not name the requests: {message}; `certrecall plan` writes it anew")
            }
            Self::StaysAsItIs { step, directory } => write!(
                f,
                "{step} is there already in {directory} and stays as it is; to have it made anew, move that directory out of the case first"
            ),
            Self::SubjectNotReadable(directory) => write!(
                f,
                "{directory}: {}; check what is left of it, and to have it made anew with --only and --subject, move that directory out of the case first",
                Code::SubjectNotReadable.describe()
            ),
            Self::Unfit(finding) => write!(f, "{}: {} ({})", finding.place, finding.says, finding.code),
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
