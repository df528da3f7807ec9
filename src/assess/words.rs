//! The sentences of verdicts. All wording of reasons is here.

use super::evidence::{Decided, FileEvidence, Kind, Timing};
use super::{Decision, Exposure, Question, Role};
use crate::pki::show;
use crate::time::{EASTERNMOST, Span, Time, Written};

/// Why an occurrence speaks for or against the exposure of its key.
pub(super) fn occurrence(role: Role, path: &str, decided: &Decided<'_>, file: &FileEvidence, question: &Question<'_>) -> String {
    let path = show(path);
    let what = match role {
        Role::Private => format!("its private key lies in {path}"),
        Role::EndEntity { beside_locked: true } => format!("a certificate on it lies in {path} beside an encrypted private key"),
        Role::EndEntity { beside_locked: false } => format!("a certificate on it lies in {path}, and an upload for TLS brings its key along"),
        Role::Chain => return format!("a CA certificate on it lies in {path}: intermediates in a bundle come without their keys"),
        Role::Public => return format!("only its public half lies in {path}"),
    };
    format!("{what}; {}", when(decided, file, question))
}

fn when(decided: &Decided<'_>, file: &FileEvidence, question: &Question<'_>) -> String {
    let side = match decided.timing {
        Timing::Before => "before the cutoff",
        Timing::After => "at or after the cutoff",
        Timing::Unclear => "before or after the cutoff",
    };
    let born = || decided.span.earliest.map(Time::day).unwrap_or_default();
    match (decided.kind, decided.timing) {
        (Kind::Manifest | Kind::Uploaded | Kind::PathDate, timing) => {
            let can = if timing == Timing::Unclear { "which can be " } else { "" };
            let account = if file.accounts.is_empty() { String::new() } else { format!(", account {}", few(&file.accounts, ", ")) };
            let account = match file.account_created.filter(|_| decided.kind == Kind::Manifest) {
                Some(created) => format!("{account}, which was created at {created} or later"),
                None => account,
            };
            format!("it was uploaded {} ({}{account}), {can}{side}", span(decided.span), decided.source)
        }
        (Kind::FileTime, Timing::Before) => format!("the file was last changed {}, so it was uploaded {side}", span(decided.span)),
        (Kind::CertificateDates, Timing::After) => {
            format!("nothing records its upload, but the oldest certificate on it is of {}, so it was uploaded {side}", born())
        }
        (Kind::CertificateDates, _) if question.distrust_certificate_dates => {
            "nothing records its upload, and the dates of certificates are not to be trusted".to_owned()
        }
        (Kind::CertificateDates, _) => {
            format!("nothing records its upload; the oldest certificate on it is of {}, so it can have been uploaded {side}", born())
        }
        _ => format!("nothing records its upload; it can have been {side}"),
    }
}

/// What a sentence names of a list.
const FEW: usize = 10;

/// Characters of a name that come from a manifest.
const LONGEST: usize = 256;

/// The first of a list, joined, and how many more there are: a manifest may have a hundred thousand rows for one file.
pub(super) fn few(list: &[impl AsRef<str>], separator: &str) -> String {
    let mut text = list.iter().take(FEW).map(|item| cut(item.as_ref())).collect::<Vec<_>>().join(separator);
    if list.len() > FEW {
        text.push_str(&format!(" and {} more", list.len() - FEW));
    }
    text
}

/// The beginning of a name that is too long for a sentence.
pub(super) fn cut(name: &str) -> String {
    name.char_indices().nth(LONGEST).map_or_else(|| name.to_owned(), |(end, _)| format!("{}...", &name[..end]))
}

/// A span as a person would say it. A date without time or zone is one day on somebody's calendar.
fn span(span: Span) -> String {
    let written = |from: Time| Written::parse(&from.plus(EASTERNMOST).day()).map(Written::span);
    match (span.earliest, span.latest) {
        (Some(from), Some(to)) if from == to => format!("at {from}"),
        (Some(from), Some(_)) if written(from) == Ok(span) => format!("on {} of whatever time zone", from.plus(EASTERNMOST).day()),
        (Some(from), Some(to)) => format!("between {from} and {to}"),
        (Some(from), None) => format!("at {from} or later"),
        (None, Some(to)) => format!("at {to} or earlier"),
        (None, None) => "at an unknown time".to_owned(),
    }
}

/// What a person decided about a key.
pub(super) fn decision(decision: &Decision) -> String {
    let Decision { by, at, .. } = decision;
    if decision.misused {
        return format!("somebody who should not have it was seen to use it ({}, {at}): {}", cut(&show(by)), cut(&show(&decision.reason)));
    }
    let what = if decision.exposed { "is taken as exposed" } else { "is cleared" };
    format!("it {what} by decision ({}, {at}): {}", cut(&show(by)), cut(&show(&decision.reason)))
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
