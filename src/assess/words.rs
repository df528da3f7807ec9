//! The sentences of verdicts. All wording of reasons is here.

use super::evidence::{Decided, FileEvidence, Kind, Timing};
use super::{Exposure, Question, Role};
use crate::pki::show;
use crate::time::{Span, Time};

/// Why an occurrence speaks for or against the exposure of its key.
pub(super) fn occurrence(role: Role, path: &str, decided: &Decided<'_>, file: &FileEvidence, question: &Question<'_>) -> String {
    let path = show(path);
    let what = match role {
        Role::Private => format!("its private key lies in {path}"),
        Role::EndEntity { beside_locked: true } => format!("a certificate on it lies in {path} beside an encrypted private key"),
        Role::EndEntity { beside_locked: false } => format!("a certificate on it lies in {path}; an upload for TLS brings its key along"),
        Role::Chain => return format!("a CA certificate on it lies in {path}: intermediates in a bundle come without their keys"),
        Role::Public => return format!("only its public half lies in {path}"),
    };
    format!("{what}; {}", when(decided, file, question))
}

fn when(decided: &Decided<'_>, file: &FileEvidence, question: &Question<'_>) -> String {
    let cutoff = question.incident.cutoff;
    let side = match decided.timing {
        Timing::Before => format!("before the cutoff {cutoff}"),
        Timing::After => format!("not before the cutoff {cutoff}"),
        Timing::Unclear => format!("which can be before or after the cutoff {cutoff}"),
    };
    let account = if file.accounts.is_empty() { String::new() } else { format!(" (account {})", file.accounts.join(", ")) };
    match decided.kind {
        Kind::Manifest => format!("row {} of the manifest says it was uploaded {}{account}, {side}", decided.source, span(decided.span)),
        Kind::Uploaded => format!("--uploaded says it was uploaded {}, {side}", span(decided.span)),
        Kind::FileTime if decided.timing == Timing::Before => format!("the file was last changed {}, so it was uploaded {side}", span(decided.span)),
        Kind::CertificateDates if decided.timing == Timing::After => {
            let born = decided.span.earliest.map(Time::day).unwrap_or_default();
            format!("nothing records its upload, but its oldest certificate is of {born}, so the key was uploaded {side}")
        }
        Kind::CertificateDates if question.distrust_certificate_dates => {
            "nothing records its upload, and the dates of certificates are not to be trusted".to_owned()
        }
        Kind::CertificateDates => {
            let born = decided.span.earliest.map(Time::day).unwrap_or_default();
            format!("nothing records its upload; its oldest certificate is of {born}, {side}")
        }
        _ => format!("nothing records its upload, {side}"),
    }
}

fn span(span: Span) -> String {
    match (span.earliest, span.latest) {
        (Some(from), Some(to)) if from == to => format!("at {from}"),
        (Some(from), Some(to)) => format!("between {from} and {to}"),
        (Some(from), None) => format!("at {from} or later"),
        (None, Some(to)) => format!("at {to} or earlier"),
        (None, None) => "at an unknown time".to_owned(),
    }
}

/// Why a certificate below an exposed CA is void.
pub(super) fn issuer_exposed(issuer: &str, exposure: Exposure) -> String {
    let sure = match exposure {
        Exposure::Exposed => "is exposed",
        Exposure::Presumed | Exposure::Undetermined => "may be exposed",
        Exposure::Cleared | Exposure::NotExposed => "is not exposed",
    };
    format!("the key of the CA above it, {issuer}, {sure}: whoever holds it can sign certificates, revocation lists and OCSP answers of that CA")
}
