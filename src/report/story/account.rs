//! The record of one key as far as it concerns one account, so that it can be sent to the customer: nothing
//! of it names another account, or a path, a host or a date of an upload of another. A text that could is
//! made anew from what belongs to the account.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::show;
use crate::plan::ct::Listed;
use crate::plan::{Mark, Status, Step, StepKind, Word};
use crate::report::line::{Line, Tone, plain, section};
use crate::store::Kept;
use crate::store::model::{BecauseRecord, CertificateRecord, KeyRecord};
use crate::time::Time;

/// A key, for one account.
#[derive(Debug, Serialize)]
pub struct AccountStory<'a> {
    /// The account.
    pub account: &'a str,
    /// The key.
    pub spki_sha256: SpkiHash,
    key_algorithm: &'a str,
    key_bits: u32,
    exposure: &'a str,
    because: Vec<OwnReason<'a>>,
    private_key_paths: Vec<&'a str>,
    /// The key was found in an upload of another account too.
    in_other_uploads: bool,
    certificates: Vec<OwnCertificate<'a>>,
    #[serde(skip_serializing_if = "<[Listed]>::is_empty")]
    elsewhere: &'a [Listed],
    steps: Vec<OwnStep<'a>>,
}

#[derive(Debug, Serialize)]
struct OwnReason<'a> {
    evidence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    earliest: Option<Time>,
    latest: Option<Time>,
    message: String,
}

#[derive(Debug, Serialize)]
struct OwnCertificate<'a> {
    sha256: Fingerprint,
    standing: &'a str,
    verdict: &'a str,
    subject: &'a str,
    issuer: &'a str,
    serial: &'a str,
    not_before: Option<Time>,
    not_after: Option<Time>,
    dns_names: &'a [String],
    paths: Vec<String>,
    is_ca: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct OwnStep<'a> {
    id: StepId,
    kind: StepKind,
    status: Status,
    deadline: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_source: Option<&'a str>,
    message: String,
    marks: Vec<OwnMark>,
}

/// What was recorded of a step. The reason is a note of the people who work on the case, so it is left out.
#[derive(Debug, Serialize)]
struct OwnMark {
    mark: Mark,
    at: Time,
}

/// The record of the key was made before records had the account of each path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPathAccounts;

impl fmt::Display for NoPathAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the plan was made before it recorded the account of each path; run `certrecall plan` again",
        )
    }
}

impl std::error::Error for NoPathAccounts {}

/// Whose upload a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The account's alone.
    Own,
    /// The account's, and others'.
    Shared,
    /// Others' alone.
    Others,
    /// No record names an account.
    Nobody,
}

fn whose(accounts: &[String], account: &str) -> Whose {
    match (accounts.iter().any(|a| a == account), accounts.len()) {
        (true, 1) => Whose::Own,
        (true, _) => Whose::Shared,
        (false, 0) => Whose::Nobody,
        (false, _) => Whose::Others,
    }
}

/// The accounts of paths; none where no account is known.
fn list(accounts: &Option<Vec<Vec<String>>>) -> &[Vec<String>] {
    accounts.as_deref().unwrap_or_default()
}

/// Each path with its accounts, of which there is a list for each path, or none at all.
fn with_accounts<P>(
    paths: impl Iterator<Item = P>,
    accounts: &[Vec<String>],
) -> impl Iterator<Item = (P, &[String])> {
    paths.enumerate().map(|(at, path)| (path, accounts.get(at).map_or(&[][..], Vec::as_slice)))
}

impl KeyRecord {
    /// The record as far as it concerns one account, if the account uploaded anything of the key.
    ///
    /// # Errors
    /// [`NoPathAccounts`].
    pub fn of_account<'a>(
        &'a self,
        account: &'a str,
        steps: &'a [Kept],
        words: &'a [Word],
    ) -> Result<Option<AccountStory<'a>>, NoPathAccounts> {
        let uploaders = self.uploaders();
        if !uploaders.contains(account) {
            return Ok(None);
        }
        let certificates = self.certificates.iter().map(|c| (c.paths.len(), list(&c.path_accounts).len()));
        let mut lists =
            certificates.chain([(self.private_key_paths.len(), list(&self.private_key_accounts).len())]);
        if !self.accounts.is_empty() && lists.any(|(paths, accounts)| paths != accounts) {
            return Err(NoPathAccounts);
        }
        let is_own = |whose: Whose| matches!(whose, Whose::Own | Whose::Shared);
        let private = || self.private().map(|(path, accounts)| (path, whose(accounts, account)));
        let private_key_paths: Vec<&str> =
            private().filter(|(_, whose)| is_own(*whose)).map(|(path, _)| path).collect();
        let is_alone = uploaders.len() == 1
            && private().all(|(_, whose)| whose == Whose::Own)
            && self
                .certificates
                .iter()
                .all(|c| c.with_accounts().all(|(_, accounts)| whose(accounts, account) == Whose::Own));
        let certificates: Vec<OwnCertificate<'_>> =
            self.certificates.iter().filter_map(|c| c.of_account(account)).collect();
        let in_other_uploads =
            private_key_paths.is_empty() && private().any(|(_, whose)| whose == Whose::Others);
        let because = self
            .because
            .iter()
            .filter_map(|because| because.of_account(self.whose_path(because.path.as_deref(), account)))
            .collect();
        let about =
            Own { key: self.spki_sha256, certificates: &certificates, private: &private_key_paths, is_alone };
        // What is to be done about a CA is for those who have its key.
        let is_for_others = in_other_uploads && certificates.iter().all(|c| c.is_ca);
        let open = steps.iter().filter(|kept| kept.closed.is_none() && !is_for_others);
        let steps = open.filter_map(|kept| about.step(&kept.step, words)).collect();
        Ok(Some(AccountStory {
            account,
            spki_sha256: self.spki_sha256,
            key_algorithm: &self.key_algorithm,
            key_bits: self.key_bits,
            exposure: self.exposure.as_str(),
            because,
            private_key_paths,
            in_other_uploads,
            certificates,
            elsewhere: if is_alone { &self.elsewhere } else { &[] },
            steps,
        }))
    }

    fn private(&self) -> impl Iterator<Item = (&str, &[String])> {
        with_accounts(self.private_key_paths.iter().map(String::as_str), list(&self.private_key_accounts))
    }

    /// Whose upload a path is that a reason names. Files of several roots can have a path in common.
    fn whose_path(&self, path: Option<&str>, account: &str) -> Option<Whose> {
        let path = path?;
        let mut all: BTreeSet<&String> =
            self.private().filter(|(place, _)| *place == path).flat_map(|(_, accounts)| accounts).collect();
        for certificate in &self.certificates {
            all.extend(
                certificate
                    .with_accounts()
                    .filter(|(place, _)| place == path)
                    .flat_map(|(_, accounts)| accounts),
            );
        }
        let all: Vec<String> = all.into_iter().cloned().collect();
        Some(whose(&all, account))
    }
}

impl BecauseRecord {
    /// The reason for the account that a path belongs to; `None` without a path: what a list or a person says
    /// of the key.
    fn of_account(&self, whose: Option<Whose>) -> Option<OwnReason<'_>> {
        let general = |message: &str| OwnReason {
            evidence: &self.evidence,
            path: None,
            earliest: None,
            latest: None,
            message: message.to_owned(),
        };
        let found = |path: &str| format!("found in {}", show(path));
        match (whose, self.path.as_deref()) {
            (Some(Whose::Own), Some(path)) => {
                let (earliest, latest) = (self.earliest, self.latest);
                let message = format!("{}{}", found(path), uploaded(earliest, latest));
                Some(OwnReason { evidence: &self.evidence, path: Some(path), earliest, latest, message })
            }
            // The times can be those of the other.
            (Some(Whose::Shared), Some(path)) => {
                Some(OwnReason { path: Some(path), ..general(&found(path)) })
            }
            (None, _) if self.evidence == "list" => Some(general("on a list of compromised keys")),
            (None, _) if self.evidence == "decision" => {
                Some(general("decided by the people who work on the incident"))
            }
            (None, _) if self.evidence == "shared-factor" => {
                Some(general("shares its RSA modulus with an exposed key"))
            }
            (None, _) if self.evidence == "misuse" => Some(general("misuse of the key was observed")),
            _ => None,
        }
    }
}

/// When something was uploaded, for a sentence.
fn uploaded(earliest: Option<Time>, latest: Option<Time>) -> String {
    match (earliest, latest) {
        (None, None) => String::new(),
        (Some(from), Some(to)) if from == to => format!(", uploaded at {from}"),
        (Some(from), Some(to)) => format!(", uploaded between {from} and {to}"),
        (Some(from), None) => format!(", uploaded at {from} or later"),
        (None, Some(to)) => format!(", uploaded at {to} or earlier"),
    }
}

impl CertificateRecord {
    fn with_accounts(&self) -> impl Iterator<Item = (String, &[String])> {
        with_accounts(self.shown_places(), list(&self.path_accounts))
    }

    /// The certificate as far as it was found in uploads of an account.
    fn of_account(&self, account: &str) -> Option<OwnCertificate<'_>> {
        let own = self.with_accounts().filter(|(_, accounts)| accounts.iter().any(|a| a == account));
        let paths: Vec<String> = own.map(|(place, _)| place).collect();
        (!paths.is_empty()).then_some(OwnCertificate {
            sha256: self.sha256,
            standing: self.standing.as_str(),
            verdict: self.verdict.as_str(),
            subject: &self.subject,
            issuer: &self.issuer,
            serial: &self.serial,
            not_before: self.not_before,
            not_after: self.not_after,
            dns_names: &self.dns_names,
            paths,
            is_ca: self.is_ca,
            authority: self.issued.as_ref().and_then(|issued| issued.authority.as_deref()),
        })
    }
}

impl OwnCertificate<'_> {
    fn name(&self) -> String {
        show(self.dns_names.first().map_or(self.subject, String::as_str))
    }
}

/// What of a key belongs to an account.
struct Own<'a> {
    key: SpkiHash,
    certificates: &'a [OwnCertificate<'a>],
    private: &'a [&'a str],
    /// Nobody else uploaded anything of the key.
    is_alone: bool,
}

impl Own<'_> {
    /// A step that concerns the account.
    fn step<'s>(&self, step: &'s Step, words: &[Word]) -> Option<OwnStep<'s>> {
        let own: Vec<&OwnCertificate<'_>> =
            self.certificates.iter().filter(|c| step.certificates.contains(&c.sha256)).collect();
        let of_key = step.key == Some(self.key);
        // What only a search knows can be of anybody.
        let of_anybody = step.kind == StepKind::Replace && step.certificates.is_empty() && !self.is_alone;
        if own.is_empty() && (!of_key || of_anybody || !step.certificates.is_empty()) {
            return None;
        }
        let message = if self.is_alone && own.len() == step.certificates.len() {
            step.says.to_string()
        } else {
            self.message(step, &own)
        };
        let marks =
            words.iter().filter(|w| w.step == step.id).map(|w| OwnMark { mark: w.mark, at: w.at }).collect();
        Some(OwnStep {
            id: step.id,
            kind: step.kind,
            status: step.status,
            deadline: step.deadline,
            deadline_source: step.deadline_source.as_deref(),
            message,
            marks,
        })
    }

    /// A sentence for a step that concerns others too, from what belongs to the account.
    fn message(&self, step: &Step, own: &[&OwnCertificate<'_>]) -> String {
        let mut names: Vec<String> = own.iter().map(|c| c.name()).collect();
        names.dedup();
        let names = names.join(", ");
        let serials: Vec<&str> = own.iter().map(|c| c.serial).collect();
        let (serials, authority) = (
            serials.join(", "),
            own.iter().find_map(|c| c.authority).map_or_else(|| "the CA".to_owned(), show),
        );
        match step.kind {
            StepKind::Decide => "a decision about this key, or about a CA on it".to_owned(),
            StepKind::Deploy => {
                format!("install the new key and certificate for {names} wherever the old one is in use")
            }
            StepKind::Inspect => "look at what could not be read".to_owned(),
            StepKind::Replace => format!("have a new certificate issued for {names}, on a new key"),
            StepKind::Retire => match self.private {
                [] => "destroy every copy of the old key".to_owned(),
                paths => format!(
                    "destroy every copy of the old key, also in {}",
                    paths.iter().map(|p| show(p)).collect::<Vec<_>>().join(", ")
                ),
            },
            StepKind::Revoke => format!("have {authority} revoke serial {serials}"),
            StepKind::Rotate => "change the credential".to_owned(),
            // It names hashes of the key alone.
            StepKind::Search => step.says.to_string(),
            StepKind::Verify => format!("check that serial {serials} of {authority} is revoked"),
        }
    }
}

impl AccountStory<'_> {
    /// For people.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut out = Vec::new();
        out.push(vec![(Tone::Head, format!("key {}", self.spki_sha256))]);
        out.push(plain(format!("  {} {}: {}", show(self.key_algorithm), self.key_bits, self.exposure)));
        out.push(plain(format!("  in uploads of {}", show(self.account))));
        section(&mut out, "where the private key was found");
        out.extend(self.private_key_paths.iter().map(|path| plain(format!("  {}", show(path)))));
        if self.in_other_uploads {
            out.push(plain("  also in an upload of another account".to_owned()));
        } else if self.private_key_paths.is_empty() {
            out.push(plain("  not in these uploads".to_owned()));
        }
        if !self.because.is_empty() {
            section(&mut out, "why");
            out.extend(
                self.because
                    .iter()
                    .map(|reason| plain(format!("  {} (evidence: {})", reason.message, reason.evidence))),
            );
        }
        section(&mut out, "certificates on it");
        if self.certificates.is_empty() {
            out.push(plain("  none in these uploads".to_owned()));
        }
        for certificate in &self.certificates {
            let day = |t: Option<Time>| t.map_or_else(|| "unknown".to_owned(), Time::day);
            let OwnCertificate {
                sha256,
                standing,
                verdict,
                issuer,
                serial,
                not_before,
                not_after,
                paths,
                authority,
                ..
            } = certificate;
            out.push(vec![
                (Tone::Head, format!("  {}", certificate.name())),
                (Tone::Plain, format!(": {verdict}, {standing}")),
            ]);
            let by = authority.map_or_else(String::new, |a| format!("; CA: {}", show(a)));
            out.push(plain(format!("      serial {serial} of {}{by}", show(issuer))));
            out.push(plain(format!(
                "      from {} until {}; sha256 {sha256}",
                day(*not_before),
                day(*not_after)
            )));
            out.extend(paths.iter().map(|path| plain(format!("      in {}", show(path)))));
        }
        if !self.elsewhere.is_empty() {
            section(&mut out, "on it too, found by a search");
        }
        for listed in self.elsewhere {
            let name = listed.names.first().map_or("a certificate", |name| name);
            out.push(plain(format!(
                "  {}: serial {} of {}",
                show(name),
                show(listed.serial.as_deref().unwrap_or("unknown")),
                show(&listed.issuer)
            )));
        }
        section(&mut out, "steps");
        if self.steps.is_empty() {
            out.push(plain("  none: nothing is to be done about it".to_owned()));
        }
        for step in &self.steps {
            out.push(plain(format!("  {:8}{}: {}", step.status.as_str(), step.id, show(&step.message))));
            if let (Some(deadline), Some(source)) = (step.deadline, step.deadline_source) {
                out.push(plain(format!("          due {deadline}: {}", show(source))));
            }
            out.extend(
                step.marks.iter().map(|mark| plain(format!("          {} {}", mark.at, mark.mark.as_str()))),
            );
        }
        out
    }
}
