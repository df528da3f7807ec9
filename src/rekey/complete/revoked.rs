//! Whether a revocation list at hand names a certificate. What is not understood is no answer (RFC 5280 section 6.3.3).

use std::collections::HashSet;

use super::chain::{Authorities, Path, verify};
use super::facts::Facts;
use super::gather::{List, Met};
use crate::id::SpkiHash;
use crate::pki::crl::lookup::{self, Lookup};
use crate::pki::{Checked, spki_of};
use crate::time::{HOUR, Time};

/// `cRLSign` (RFC 5280 section 4.2.1.3).
const CRL_SIGN: u16 = 1 << 6;
/// A clock may be so far behind that of the CA.
const SKEW: i64 = HOUR;

/// The lists at hand, each read once for all certificates that are judged.
pub(crate) struct Lists<'a> {
    lists: Vec<(&'a List, Option<Lookup>)>,
}

/// What the lists say of one certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// No list at hand is of its issuer.
    NotAsked,
    /// A list is, and it tells nothing, for this reason.
    None(String),
    /// It is not revoked, as of this list.
    Good(String),
    /// It is revoked, with these words.
    Revoked(String),
}

impl<'a> Lists<'a> {
    /// Reads the lists for these serial numbers, as certificates have them.
    pub(crate) fn read<'s>(lists: impl Iterator<Item = &'a List>, serials: impl Iterator<Item = &'s [u8]>) -> Self {
        let wanted: HashSet<Vec<u8>> = serials.map(|s| lookup::number(s).to_vec()).collect();
        Self { lists: lists.map(|list| (list, lookup::read(&list.der, &wanted))).collect() }
    }

    /// What the lists say of a certificate whose issuer is the next one of the path. `exposed` keys sign nothing that counts.
    pub(crate) fn ask(&self, of: &Met, facts: &Facts, issuer: &Met, issuer_facts: &Facts, exposed: &dyn Fn(&SpkiHash) -> bool, now: Time) -> Answer {
        let mut answer = Answer::NotAsked;
        for (list, lookup) in &self.lists {
            let Some(lookup) = lookup.as_ref().filter(|l| l.issuer == of.certificate.issuer_id) else { continue };
            let told = judge(list, lookup, of, facts, issuer, issuer_facts, exposed, now);
            match (&answer, &told) {
                (_, Answer::Revoked(_)) => return told,
                (Answer::Good(_), _) => {}
                _ => answer = told,
            }
        }
        answer
    }

    /// What the lists say of the certificates of a path, the nearest to the leaf first.
    pub(crate) fn ask_path(
        &self,
        leaf: &Met,
        facts: &Facts,
        all: &Authorities,
        path: &Path,
        exposed: &dyn Fn(&SpkiHash) -> bool,
        now: Time,
    ) -> Vec<(String, Answer)> {
        let mut out = Vec::new();
        let mut below = (leaf, facts);
        for (i, at) in path.above.iter().enumerate() {
            let link = all.link(*at);
            let what = if i == 0 { "it".to_owned() } else { format!("the CA {}", below.0.certificate.subject) };
            out.push((what, self.ask(below.0, below.1, &link.met, &link.facts, exposed, now)));
            below = (&link.met, &link.facts);
        }
        out
    }
}

#[allow(clippy::too_many_arguments, reason = "each is a different thing that the rule needs")]
fn judge(
    list: &List,
    lookup: &Lookup,
    of: &Met,
    facts: &Facts,
    issuer: &Met,
    issuer_facts: &Facts,
    exposed: &dyn Fn(&SpkiHash) -> bool,
    now: Time,
) -> Answer {
    let none = |why: &str| Answer::None(format!("{} gives no answer: {why}", list.place));
    if let (Some(signer), Some(own)) = (&lookup.authority_key_id, &issuer.certificate.subject_key_id)
        && **signer != **own
    {
        return none("it is signed by another key of that CA");
    }
    match spki_of(&issuer.der).map_or(Checked::Invalid, |spki| verify(&list.der, spki)) {
        Checked::Valid => {}
        Checked::Invalid => return none("its signature is not by the key of the CA"),
        Checked::NotSupported => return none("its signature cannot be checked here"),
    }
    if issuer_facts.key_usage.is_some_and(|bits| bits & CRL_SIGN == 0) {
        return none("the CA may not sign revocation lists");
    }
    if issuer.certificate.key.spki.is_some_and(|key| exposed(&key)) {
        return none("the key of the CA is exposed, so anybody can have made it");
    }
    if lookup.this_update.is_none_or(|t| t > now.plus(SKEW)) {
        return none("it is from the future");
    }
    match lookup.next_update {
        Some(next) if next > now => {}
        Some(next) => return none(&format!("it is out of date since {next}; fetch a fresh one")),
        None => return none("it does not say until when it holds"),
    }
    if lookup.broken || lookup.unknown_critical {
        return none("a part of it is not understood, so none of it counts");
    }
    if lookup.is_delta {
        return none("it holds only the changes since another list; give the complete one");
    }
    covered(list, lookup, of, facts).unwrap_or_else(none)
}

/// The answer of a list that is sound in itself, or why it covers the certificate not.
fn covered(list: &List, lookup: &Lookup, of: &Met, facts: &Facts) -> Result<Answer, &'static str> {
    let scope = lookup.scope.as_ref();
    if scope.is_some_and(|s| s.indirect) {
        return Err("it lists certificates of several issuers, which is not understood here");
    }
    if scope.is_some_and(|s| s.only_attributes) {
        return Err("it is for attribute certificates");
    }
    if let Some(entry) = lookup.entries.get(lookup::number(of.certificate.serial.content())) {
        let since = entry.at.map_or_else(String::new, |t| format!(" since {t}"));
        return Ok(Answer::Revoked(format!("revoked{since}, reason {}, says {}", lookup::reason_name(entry.reason), list.place)));
    }
    if let Some(scope) = scope {
        let of_point = !scope.names.is_empty() || scope.relative;
        if of_point && !scope.names.iter().any(|n| facts.distribution_points.contains(n)) {
            return Err("it is of another distribution point than the certificate names");
        }
        if scope.only_users && of.certificate.is_ca || scope.only_authorities && !of.certificate.is_ca {
            return Err("it is not for certificates of this kind");
        }
        if scope.only_some_reasons {
            return Err("it lists revocations for some reasons only");
        }
    }
    Ok(Answer::Good(list.place.clone()))
}
