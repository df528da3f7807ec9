//! The sentences of verdicts. All wording of reasons is here.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use super::because::{Because, Says, Upload};
use super::decision::Decision;
use super::exposure::Exposure;
use super::file_evidence::FileEvidence;
use super::kind::{Kind, Timing};
use super::role::Role;
use crate::finding::Code;
use crate::inventory::{ChainRule, Inventory};
use crate::pki::name::shown;
use crate::pki::show;
use crate::read::Place;
use crate::text::{cut, push_few};
use crate::time::{EASTERNMOST, Span, Time, Written};

impl Because {
    /// For a person. `inventory` has to be the one that was judged.
    #[must_use]
    pub fn says(&self, inventory: &Inventory) -> Cow<'_, str> {
        match &self.says {
            Says::Upload(upload) => {
                Cow::Owned(upload_says(self, upload, &inventory.files[upload.file as usize].place))
            }
            Says::Words(words) => Cow::Borrowed(words),
        }
    }
}

/// Why an upload speaks for or against the exposure of its key. There are very many of them, so each is
/// written into one piece of memory.
fn upload_says(because: &Because, upload: &Upload, place: &Place) -> String {
    let path = place.shown();
    let path = shown(&path);
    let mut out = String::with_capacity(path.len() + ROOM);
    // Writing to a string cannot fail.
    let _ = what(&mut out, upload.role, &path);
    if upload.role.speaks() {
        out.push_str("; ");
        let _ = when(&mut out, because, upload, place.member().is_some());
    }
    out
}

/// Why no upload record speaks against a key that the case made.
pub(super) fn made(at: Time) -> String {
    format!(
        "this case made the key on {}, after the cutoff; an older record of its path is about another key",
        at.day()
    )
}

/// Octets that a sentence has besides its path, as a rule.
const ROOM: usize = 160;

fn what(out: &mut String, role: Role, path: &str) -> fmt::Result {
    match role {
        Role::Private => write!(out, "its private key lies in {path}"),
        Role::EndEntity { beside_locked: true } => {
            write!(out, "a certificate on it lies in {path} beside an encrypted private key")
        }
        Role::EndEntity { beside_locked: false } => {
            write!(out, "a certificate on it lies in {path}, and an upload for TLS brings its key along")
        }
        Role::Unverified => {
            write!(out, "a private key in {path} says that it is this one, and nothing verifies that")
        }
        Role::PublicBesideLocked => {
            write!(out, "its public half lies in {path} beside a locked private key that can be its own")
        }
        Role::Chain(rule) => {
            write!(out, "a CA certificate on it lies in {path}: ")?;
            out.push_str(match rule {
                ChainRule::Public => "it is that of a public CA, which bundles bring along without its key",
                ChainRule::SignedByAnother => "intermediates in a bundle come without their keys",
                ChainRule::Old => "its version says nothing of CAs; a certificate here is signed with its key, so it is taken as an intermediate that came without it",
                ChainRule::Issued => "it signed itself, names no host and issued a certificate beside it, so it is taken as a root that came without its key",
                ChainRule::Usage => "it signed itself, names no host and may do nothing but sign certificates and revocation lists, so it is taken as a root that came without its key",
            });
            Ok(())
        }
        Role::Public => write!(out, "only its public half lies in {path}"),
    }
}

fn when(out: &mut String, because: &Because, upload: &Upload, in_archive: bool) -> fmt::Result {
    let side = match upload.timing {
        Timing::Before => "before the cutoff",
        Timing::After => "at or after the cutoff",
        Timing::Unclear => "before or after the cutoff",
    };
    let uploaded = Span { earliest: because.earliest, latest: because.latest };
    let born = || uploaded.earliest.map(Time::day).unwrap_or_default();
    match (because.evidence, upload.timing) {
        (Kind::Manifest, Timing::Unclear)
            if because.findings.contains(Code::ManifestRowBad) && uploaded.earliest.is_none() =>
        {
            write!(
                out,
                "its manifest row has no usable time, or contradicts itself ({}{}), so it can have been uploaded {side}",
                because.source, upload.accounts
            )
        }
        (Kind::Manifest | Kind::Uploaded | Kind::PathDate, timing) => {
            out.push_str("it was uploaded ");
            span(out, uploaded)?;
            let which = if timing == Timing::Unclear { "which can be " } else { "" };
            write!(out, " ({}{}), {which}{side}", because.source, upload.accounts)
        }
        (Kind::MemberTime | Kind::FileTime, Timing::Before) => {
            out.push_str(match (because.evidence, in_archive) {
                (Kind::MemberTime, _) => "its archive says that it was last changed ",
                (_, true) => "the archive was last changed ",
                (_, false) => "the file was last changed ",
            });
            span(out, uploaded)?;
            write!(out, ", so it was uploaded {side}")
        }
        (Kind::CertificateDates, Timing::After) => {
            write!(
                out,
                "nothing records its upload, but the oldest certificate on it is of {}, so it was uploaded {side}",
                born()
            )
        }
        (Kind::CertificateDates, _) if upload.dates_distrusted => {
            write!(out, "nothing records its upload, and the dates of certificates are not to be trusted")
        }
        (Kind::CertificateDates, _) if upload.seen_earlier => {
            write!(
                out,
                "nothing records its upload; the key was in some place by {}, before the oldest certificate on it was issued, so it can have been uploaded {side}",
                born()
            )
        }
        (Kind::CertificateDates, _) => {
            write!(
                out,
                "nothing records its upload; the oldest certificate on it is of {}, so it can have been uploaded {side}",
                born()
            )
        }
        _ => write!(out, "nothing records its upload; it can have been {side}"),
    }
}

/// What is to be told of the accounts whose upload it was, where a record tells of it.
pub(super) fn accounts(kind: Kind, file: &FileEvidence) -> String {
    let mut out = String::new();
    if kind == Kind::Manifest && file.decided_by_archive() {
        out.push_str(" for its archive");
    }
    if matches!(kind, Kind::Manifest | Kind::Uploaded | Kind::PathDate) && !file.accounts().is_empty() {
        out.push_str(", account ");
        push_few(&mut out, file.accounts(), ", ");
    }
    if let Some(created) = file.account_created() {
        out.push_str(&format!(", which was created at {created} or later"));
    }
    out
}

/// A span as a person would say it. A date without time or zone is one day on somebody's calendar.
fn span(out: &mut String, span: Span) -> fmt::Result {
    let written = |from: Time| Written::parse(&from.plus(EASTERNMOST).day()).map(Written::span);
    match (span.earliest, span.latest) {
        (Some(from), Some(to)) if from == to => write!(out, "at {from}"),
        (Some(from), Some(_)) if written(from) == Ok(span) => {
            write!(out, "on {} of whatever time zone", from.plus(EASTERNMOST).day())
        }
        (Some(from), Some(to)) => write!(out, "between {from} and {to}"),
        (Some(from), None) => write!(out, "at {from} or later"),
        (None, Some(to)) => write!(out, "at {to} or earlier"),
        (None, None) => write!(out, "at an unknown time"),
    }
}

/// What a person decided about a key.
pub(super) fn decision(decision: &Decision) -> String {
    let Decision { by, at, .. } = decision;
    if decision.misused {
        return format!(
            "somebody who should not have it was seen to use it ({}, {at}): {}",
            cut(&show(by)),
            cut(&show(&decision.reason))
        );
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
    format!(
        "the key of the CA above it, {issuer}, {sure}: whoever holds it can sign certificates, revocation lists and OCSP answers of that CA"
    )
}
