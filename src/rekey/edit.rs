//! What the owner wants different from the old certificate: another subject, names added and dropped.

use super::alt_name::AltName;
use super::change::{Action, Change};
use super::general_name;
use super::mirror::Mirror;
use super::order::{CommonName, NameEdit, Order};
use super::request::Wish;
use super::{strict, subject};
use crate::oid;
use crate::pki::der::{self, SEQUENCE, Tlv};

const ASKED: &str = "as its owner asks";

/// Applies the wishes; returns the names that were added.
///
/// # Errors
/// A sentence: what was to be dropped is not there, or there is no name to become the common name.
pub(crate) fn apply(mirror: &mut Mirror, order: &Order) -> Result<Vec<Vec<u8>>, String> {
    if let Some(given) = &order.subject {
        mirror.set_subject(strict::given(given)?);
        mirror.replace("subject", Action::Changed, ASKED);
    }
    let added = edit_names(mirror, &order.names)?;
    match order.common_name {
        CommonName::Keep => {}
        CommonName::Drop => drop_common_names(mirror),
        CommonName::FirstSan => {
            let first = mirror.plain_names().into_iter().next();
            let first = first.ok_or("there is no host name or address to become the common name")?;
            drop_common_names(mirror);
            let common = strict::given(&subject::common_name(&first))?;
            let subject = [mirror.subject.as_slice(), &common].concat();
            mirror.set_subject(subject);
            mirror.changes.push(Change::new(&format!("subject CN={first}"), Action::Added, ASKED));
        }
    }
    Ok(added)
}

fn drop_common_names(mirror: &mut Mirror) {
    let (rest, gone) = subject::without(&mirror.subject, |a| a.kind == oid::COMMON_NAME);
    let rest = rest.into_owned();
    if !gone.is_empty() {
        mirror.set_subject(rest);
        mirror.replace(
            "subject",
            Action::Changed,
            "without common name, as its owner asks; the rest byte by byte",
        );
        mirror
            .changes
            .extend(gone.iter().map(|what| Change::new(&format!("subject {what}"), Action::Dropped, ASKED)));
    }
}

fn edit_names(mirror: &mut Mirror, edits: &[NameEdit]) -> Result<Vec<Vec<u8>>, String> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    let old = mirror.wish(oid::SUBJECT_ALT_NAME).map(|wish| wish.value.clone()).unwrap_or_default();
    let mut names: Vec<Tlv<'_>> = der::first(&old).into_iter().flat_map(|(all, _)| all.reader()).collect();
    let mut dropped = Vec::new();
    for name in edits.iter().filter_map(NameEdit::dropped) {
        // By the form that it had, too: what is malformed is asked for otherwise, or not at all.
        let had: Vec<&Option<Vec<u8>>> = mirror
            .mended
            .iter()
            .filter(|(old, _)| der::first(old).is_some_and(|(old, _)| name.is(old)))
            .map(|(_, new)| new)
            .collect();
        let (gone, stays): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|n| name.is(*n) || had.iter().any(|new| new.as_deref() == Some(n.raw)));
        if gone.is_empty() && had.is_empty() {
            let have: Vec<String> = stays.iter().map(|n| general_name::shown(*n)).collect();
            return Err(format!(
                "{name} is to be dropped and is not there; there {}",
                if have.is_empty() { "is none".into() } else { format!("are {}", have.join(", ")) }
            ));
        }
        names = stays;
        dropped.extend(gone);
    }
    let added: Vec<Vec<u8>> = edits
        .iter()
        .filter_map(NameEdit::added)
        .filter(|new| !names.iter().any(|n| new.is(*n)))
        .map(AltName::der)
        .collect();
    let value: Vec<u8> =
        names.iter().map(|n| n.raw.to_vec()).chain(added.iter().cloned()).flatten().collect();
    let had = mirror.wish(oid::SUBJECT_ALT_NAME).is_some();
    match (value.is_empty(), had) {
        (true, _) => mirror.wishes.retain(|wish| wish.oid != oid::SUBJECT_ALT_NAME),
        (false, true) => mirror.set_names(der::tlv(SEQUENCE, &value)),
        // Critical where it is all the name there is (RFC 5280 section 4.2.1.6).
        (false, false) => mirror.wishes.push(Wish {
            oid: oid::SUBJECT_ALT_NAME,
            critical: mirror.subject.is_empty(),
            value: der::tlv(SEQUENCE, &value),
        }),
    }
    mirror.replace("subjectAltName", if value.is_empty() { Action::Dropped } else { Action::Changed }, ASKED);
    let note = |name: String, action| Change::new(&format!("subjectAltName {name}"), action, ASKED);
    mirror.changes.extend(dropped.into_iter().map(|n| note(general_name::shown(n), Action::Dropped)));
    let new = added
        .iter()
        .filter_map(|raw| der::first(raw))
        .map(|(name, _)| note(general_name::shown(name), Action::Added));
    mirror.changes.extend(new.collect::<Vec<_>>());
    Ok(added)
}
