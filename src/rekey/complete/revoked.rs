//! Whether a revocation list at hand names a certificate. What is not understood is no answer (RFC 5280
//! section 6.3.3).

use std::collections::HashSet;

use super::chain::{Authorities, Path, verify};
use super::facts::Facts;
use super::gather::{List, Met};
use crate::id::SpkiHash;
use crate::pki::crl::lookup::{self, Entry, Lookup};
use crate::pki::{Checked, spki_of};
use crate::time::{HOUR, Time};

/// `cRLSign` (RFC 5280 section 4.2.1.3).
const CRL_SIGN: u16 = 1 << 6;
/// `certificateHold` and `removeFromCRL` (RFC 5280 section 5.3.1): what is on hold may have come back since.
const HOLD: u32 = 6;
const REMOVED: u32 = 8;
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
    /// A list that is no answer by itself names it as revoked, with these words.
    Listed(String),
    /// It is revoked, with these words.
    Revoked(String),
}

impl<'a> Lists<'a> {
    /// Reads the lists for these serial numbers, as certificates have them.
    pub(crate) fn read<'s>(
        lists: impl Iterator<Item = &'a List>,
        serials: impl Iterator<Item = &'s [u8]>,
    ) -> Self {
        let wanted: HashSet<Vec<u8>> = serials.map(|s| lookup::number(s).to_vec()).collect();
        Self { lists: lists.map(|list| (list, lookup::read(&list.der, &wanted))).collect() }
    }

    /// What the lists say of a certificate whose issuer is the next one of the path. `exposed` keys sign
    /// nothing that counts.
    pub(crate) fn ask(
        &self,
        of: &Met,
        facts: &Facts,
        issuer: &Met,
        issuer_facts: &Facts,
        exposed: &dyn Fn(&SpkiHash) -> bool,
        now: Time,
    ) -> Answer {
        let mut answer = Answer::NotAsked;
        for (list, lookup) in &self.lists {
            let Some(lookup) = lookup.as_ref().filter(|l| l.issuer == of.certificate.issuer.id) else {
                continue;
            };
            let told = judge(list, lookup, of, facts, issuer, issuer_facts, exposed, now);
            match (&answer, &told) {
                (_, Answer::Revoked(_)) => return told,
                // A revocation is for good: an older list that names it counts for more than one that does
                // not.
                (_, Answer::Listed(_)) => answer = told,
                (Answer::Good(_) | Answer::Listed(_), _) => {}
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
            let what =
                if i == 0 { "it".to_owned() } else { format!("the CA {}", below.0.certificate.subject) };
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
    if lookup.broken || lookup.unknown_critical {
        return none("a part of it is not understood, so none of it counts");
    }
    match partial(lookup, now) {
        None => covered(list, lookup, of, facts).unwrap_or_else(none),
        // That a certificate is not in such a list tells nothing; that it is in it does.
        Some(why) => match entry(lookup, of).filter(|e| !matches!(e.reason, Some(HOLD | REMOVED))) {
            Some(entry) => Answer::Listed(format!(
                "{}, although that list alone is no answer: {why}",
                words(entry, list)
            )),
            None => none(&why),
        },
    }
}

/// Why a sound list does not tell of each certificate whether it is revoked.
fn partial(lookup: &Lookup, now: Time) -> Option<String> {
    match lookup.next_update {
        Some(next) if next > now => {}
        Some(next) => return Some(format!("it is out of date since {next}; fetch a fresh one")),
        None => return Some("it does not say until when it holds".to_owned()),
    }
    if lookup.is_delta {
        return Some("it holds only the changes since another list; give the complete one".to_owned());
    }
    let indirect = lookup.scope.as_ref().is_some_and(|s| s.indirect && !s.only_attributes);
    indirect.then(|| "it lists certificates of several issuers, which is not understood here".to_owned())
}

/// The entry of a certificate, which is of the issuer of the list.
fn entry<'l>(lookup: &'l Lookup, of: &Met) -> Option<&'l Entry> {
    let of_it = |e: &&Entry| e.issuer.is_none_or(|issuer| issuer == of.certificate.issuer.id);
    lookup.entries.get(lookup::number(of.certificate.serial.content()))?.iter().find(of_it)
}

fn words(entry: &Entry, list: &List) -> String {
    let since = entry.at.map_or_else(String::new, |t| format!(" since {t}"));
    format!("revoked{since}, reason {}, says {}", lookup::reason_name(entry.reason), list.place)
}

/// The answer of a list that is sound in itself, or why it covers the certificate not.
fn covered(list: &List, lookup: &Lookup, of: &Met, facts: &Facts) -> Result<Answer, &'static str> {
    let scope = lookup.scope.as_ref();
    if scope.is_some_and(|s| s.only_attributes) {
        return Err("it is for attribute certificates");
    }
    if let Some(entry) = entry(lookup, of) {
        return Ok(Answer::Revoked(words(entry, list)));
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
