//! How exposure spreads: to keys with the same modulus, and from the key of a CA to what hangs below it.

use std::collections::{HashMap, VecDeque};

use super::because::Because;
use super::exposure::Exposure;
use super::kind::Kind;
use super::verdict::{KeyVerdict, Standing};
use crate::finding::Code;
use crate::id::NameId;
use crate::inventory::{Basis, CertificateEntry, Inventory, IssuerLink, KeyEntry};
use crate::time::Time;

/// RSA keys with one modulus are one compromise, whatever their exponents: each is as exposed as the most
/// exposed of them.
pub(super) fn spread_over_moduli(inventory: &Inventory, keys: &mut [KeyVerdict]) {
    let before: Vec<(Exposure, Exposure)> = keys.iter().map(|k| (k.exposure, k.spreads)).collect();
    let mut worst_of: HashMap<*const u32, u32> = HashMap::new();
    for (i, entry) in inventory.keys.iter().enumerate().filter(|(_, k)| !k.same_modulus.is_empty()) {
        let worst =
            || entry.same_modulus.iter().copied().min_by_key(|s| before[*s as usize].1).unwrap_or(i as u32);
        let source = *worst_of.entry(entry.same_modulus.as_ptr()).or_insert_with(worst);
        let (_, exposure) = before[source as usize];
        if !exposure.is_suspect() || exposure >= before[i].0 {
            continue;
        }
        let name = inventory.keys[source as usize].spki.to_string();
        let says = format!(
            "it has the modulus of the key {name}, which is {}: who holds that one can compute this one",
            exposure.as_str()
        );
        let verdict = &mut keys[i];
        let mut says = Because::new(Kind::SharedFactor, name, says);
        // What follows from numbers, no decision about one of the keys can undo.
        if verdict.exposure == Exposure::Cleared {
            says.findings.insert(Code::EvidenceDisagrees);
        }
        verdict.exposure = exposure;
        (verdict.on_certificate_dates, verdict.on_chain_rule, verdict.spreads) = (false, false, exposure);
        verdict.because.push(says);
        verdict.because.rotate_right(1);
    }
}

/// For each certificate, the CA certificate with an exposed key that it descends from, the nearest one. Where
/// a CA has a certificate from an exposed one and another that it signed itself, the former is void; what its
/// own key signed stands on the latter.
pub(super) fn below_exposed(inventory: &Inventory, keys: &[KeyVerdict], as_of: Time) -> Vec<Option<u32>> {
    // Few certificates have issued any.
    let mut children: hashbrown::HashMap<u32, Vec<u32>> = hashbrown::HashMap::new();
    for (i, entry) in inventory.certificates.iter().enumerate() {
        // What is no CA has issued nothing but what its key verifies.
        let issued = |l: &&IssuerLink| {
            l.basis == Basis::Signature || inventory.certificates[l.certificate as usize].is_ca()
        };
        entry
            .issuers
            .iter()
            .filter(issued)
            .for_each(|l| children.entry(l.certificate).or_default().push(i as u32));
    }
    let children = |of: u32| children.get(&of).into_iter().flatten();
    // Those of one name hang below the first CA of that name that is concerned.
    let mut more: HashMap<NameId, Vec<u32>> = HashMap::new();
    for (entry, i) in inventory.certificates.iter().zip(0u32..).filter(|(e, _)| e.more_issuers) {
        more.entry(entry.certificate.issuer.id).or_default().push(i);
    }
    let mut of_name = |of: u32| {
        let entry = &inventory.certificates[of as usize];
        if more.is_empty() || !entry.is_ca() {
            Vec::new()
        } else {
            more.remove(&entry.certificate.subject_id).unwrap_or_default()
        }
    };
    let mut voided: Vec<Option<u32>> = vec![None; inventory.certificates.len()];
    let suspect = |entry: &CertificateEntry| keys[entry.key as usize].spreads.is_suspect();
    // First in, first out: whoever comes first is the nearest.
    let mut queue: VecDeque<(u32, u32)> = VecDeque::new();
    for (i, _) in inventory
        .certificates
        .iter()
        .enumerate()
        .filter(|(_, e)| (e.is_ca() || e.issued_others) && suspect(e))
    {
        queue.extend(children(i as u32).map(|c| (*c, i as u32)));
        queue.extend(of_name(i as u32).into_iter().filter(|c| *c != i as u32).map(|c| (c, i as u32)));
    }
    // A key can have very many certificates.
    let mut stands: HashMap<u32, bool> = HashMap::new();
    while let Some((child, by)) = queue.pop_front() {
        let at = child as usize;
        if voided[at].is_none() {
            voided[at] = Some(by);
            let entry = &inventory.certificates[at];
            let mut stands = || {
                *stands
                    .entry(entry.key)
                    .or_insert_with(|| signed_itself(inventory, &inventory.keys[entry.key as usize], as_of))
            };
            if !stands() {
                queue.extend(children(child).map(|c| (*c, by)));
                queue.extend(of_name(child).into_iter().map(|c| (c, by)));
            }
        }
    }
    voided
}

/// Whether a key has a CA certificate that it signed itself, which can be used.
pub(crate) fn signed_itself(inventory: &Inventory, key: &KeyEntry, as_of: Time) -> bool {
    key.certificates.iter().map(|i| &inventory.certificates[*i as usize]).any(|entry| {
        let certificate = &entry.certificate;
        let standing = Standing::at(certificate.not_before, certificate.not_after, as_of);
        certificate.is_self_signed && entry.is_ca() && standing == Standing::Valid
    })
}
