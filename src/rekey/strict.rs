//! What the standards allow is asked for, whatever the old certificate was like: strict parsers, those of Go
//! and of Python's cryptography among them, refuse a request whole for one malformed name. What is malformed
//! is written as it should be, or left out, and reported.

mod form;
mod general;
mod subject;
mod text;

use std::collections::HashSet;

use super::change::{Action, Change};
use super::general_name::shown;
use super::mirror::Mirror;
use super::subject::is_short_oid;
use crate::oid;
use crate::pki::der::{self, INTEGER, OID, SEQUENCE, Tlv};

pub(crate) use form::Form;
pub(crate) use general::judge;
pub(crate) use text::host;

/// Changes that are reported name by name; a hostile certificate has very many.
const REPORTED: usize = 1000;

/// Alternative names (RFC 5280 section 4.2.1.6).
pub(crate) fn names(mirror: &mut Mirror) {
    let Some(old) = mirror.wish(oid::SUBJECT_ALT_NAME).map(|wish| wish.value.clone()) else { return };
    let (mut kept, mut changes): (Vec<Vec<u8>>, _) = (Vec::new(), Vec::new());
    let (mut left_out, mut written) = (0usize, 0usize);
    let all: Vec<Tlv<'_>> = der::first(&old).into_iter().flat_map(|(all, _)| all.reader()).collect();
    let forms: Vec<Form> = all.iter().map(|name| judge(*name)).collect();
    let as_they_are: HashSet<(u8, Vec<u8>)> = all
        .iter()
        .zip(&forms)
        .filter(|(_, form)| **form == Form::Kept)
        .map(|(name, _)| (name.tag, name.content.to_ascii_lowercase()))
        .collect();
    let mut new = HashSet::new();
    for (name, form) in all.iter().zip(forms) {
        let (action, reason, asked) = match form {
            Form::Kept => {
                kept.push(der::tlv(name.tag, name.content));
                continue;
            }
            Form::LeftOut(reason) => (Action::Dropped, reason, None),
            Form::Written { tag, content, reason } => {
                let same = (tag, content.to_ascii_lowercase());
                match as_they_are.contains(&same) || !new.insert(same) {
                    true => (
                        Action::Dropped,
                        format!("{reason}; in that form it is among the names already"),
                        Some((tag, content, false)),
                    ),
                    false => (Action::Changed, reason.to_owned(), Some((tag, content, true))),
                }
            }
        };
        // What is asked for in another form is not lost.
        left_out += usize::from(asked.is_none());
        written += usize::from(asked.is_some());
        let asked = asked.map(|(tag, content, first)| {
            let der = der::tlv(tag, &content);
            kept.extend(first.then(|| der.clone()));
            der
        });
        mirror.mended.push((name.raw.to_vec(), asked));
        if changes.len() < REPORTED {
            changes.push(Change::new(&format!("subjectAltName {}", shown(*name)), action, &reason));
        }
    }
    let value = der::tlv(SEQUENCE, &kept.concat());
    if value == old {
        return;
    }
    if kept.is_empty() {
        mirror.wishes.retain(|wish| wish.oid != oid::SUBJECT_ALT_NAME);
        mirror.replace("subjectAltName", Action::Dropped, "none of its names is well-formed");
    } else {
        mirror.set_names(value);
        let reason = if changes.is_empty() {
            "its lengths are written in DER"
        } else {
            "as the standards allow it: see each name"
        };
        mirror.replace("subjectAltName", Action::Changed, reason);
    }
    if left_out + written > changes.len() {
        let more = format!("subjectAltName: {} more names", left_out + written - changes.len());
        changes.push(Change::new(&more, Action::Dropped, "left out or written otherwise like those above"));
    }
    mirror.changes.extend(changes);
    mirror.report(left_out > 0, written > 0);
}

/// `extendedKeyUsage` (RFC 5280 section 4.2.1.12) and TLS features (RFC 7633 section 4.1): what is not an
/// element of these goes.
pub(crate) fn usages(mirror: &mut Mirror) {
    let purpose = |element: Tlv<'_>| element.tag == OID && is_short_oid(element.content);
    // status_request and status_request_v2: no others are defined, and parsers refuse what they do not know.
    let feature = |element: Tlv<'_>| element.tag == INTEGER && matches!(element.content, [5 | 17]);
    elements(mirror, oid::EXT_KEY_USAGE, "extendedKeyUsage", &purpose);
    elements(mirror, oid::TLS_FEATURE, "tlsFeature", &feature);
}

fn elements(mirror: &mut Mirror, extension: &'static [u8], what: &str, good: &dyn Fn(Tlv<'_>) -> bool) {
    let Some(old) = mirror.wish(extension).map(|wish| wish.value.clone()) else { return };
    let all: Vec<Tlv<'_>> = der::first(&old).into_iter().flat_map(|(all, _)| all.reader()).collect();
    let kept: Vec<u8> = all.iter().filter(|e| good(**e)).flat_map(|e| der::tlv(e.tag, e.content)).collect();
    let value = der::tlv(SEQUENCE, &kept);
    if value == old {
        return;
    }
    if kept.is_empty() {
        mirror.wishes.retain(|wish| wish.oid != extension);
        mirror.replace(what, Action::Dropped, "none of its elements is well-formed");
    } else {
        if let Some(wish) = mirror.wish_mut(extension) {
            wish.value = value;
        }
        mirror.replace(what, Action::Changed, "in DER, without elements that are malformed");
    }
    let gone = all.iter().filter(|e| !good(**e)).take(REPORTED).map(|e| {
        let shown = if e.tag == OID { oid::dotted(e.content) } else { None };
        Change::new(
            &format!("{what} {}", shown.unwrap_or_else(|| format!("#{}", crate::id::hex(e.raw)))),
            Action::Dropped,
            "parsers do not read it",
        )
    });
    let gone: Vec<Change> = gone.collect();
    mirror.report(!gone.is_empty(), gone.is_empty());
    mirror.changes.extend(gone);
}

/// The subject (RFC 5280 section 4.1.2.6).
pub(crate) fn subject(mirror: &mut Mirror) {
    let host = a_host(mirror);
    let subject::Written { subject, changes } = subject::written(&mirror.subject, &host);
    if subject == mirror.subject {
        return;
    }
    let left_out = changes.iter().any(|c| c.action == Action::Dropped);
    let written = changes.is_empty() || changes.iter().any(|c| c.action == Action::Changed);
    mirror.report(left_out, written);
    let reason = if changes.is_empty() {
        "written in DER"
    } else {
        "as the standards allow it: see each part; the rest byte by byte"
    };
    mirror.replace("subject", Action::Changed, reason);
    mirror.changes.extend(changes.into_iter().take(REPORTED));
    mirror.set_subject(subject);
}

/// A subject that the owner gives, as it is written.
///
/// # Errors
/// A sentence about the part that no request can have.
pub(crate) fn given(content: &[u8]) -> Result<Vec<u8>, String> {
    let subject::Written { subject, changes } = subject::written(content, &|text| {
        text::a_labels(text).filter(|_| !text.is_ascii() && text.contains('.'))
    });
    match changes.iter().find(|c| c.action == Action::Dropped) {
        Some(Change { what, reason, .. }) => Err(format!("the {what} given cannot be asked for: {reason}")),
        None => Ok(subject),
    }
}

/// The form of a common name that is a host in letters beyond ASCII: where it has a dot and the certificate
/// is for a server, or is among the names.
fn a_host(mirror: &Mirror) -> impl Fn(&str) -> Option<String> + use<> {
    let (names, serves) = (mirror.plain_names(), mirror.serves());
    move |common: &str| {
        let ascii = if common.is_ascii() { None } else { text::a_labels(common) }?;
        let is_name = names.iter().any(|name| name.eq_ignore_ascii_case(&ascii));
        (is_name || serves && common.contains('.')).then_some(ascii)
    }
}
