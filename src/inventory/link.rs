//! Issuer links. Names and key identifiers propose; a signature decides wherever the link decides something
//! (DESIGN: once per pair).
//!
//! A link decides something when the issuer is no declared CA (issuing can make it one, or is a sign of
//! misuse), or when its exposure is not ruled out (it would void the certificates below it, and a CA
//! certificate that signed itself is judged by what it issued). Where a signature cannot be checked the
//! careful answer depends on the question: the link voids what hangs below an exposed CA, but makes nothing a
//! CA.

use std::collections::HashMap;

pub use super::entry::{Basis, IssuerLink};
use super::entry::{KeyEntry, Occurrence};
use super::few::Few;
use super::model::{Inventory, in_order_of_files};
use super::owners;
use crate::id::{Fingerprint, NameId, SpkiHash};
use crate::parallel;
use crate::pki::{Checked, check_signature, signed_parts, spki_of};

/// Different keys of one issuer name that are tried for a certificate, those whose exposure would void it
/// first. Real CAs have a handful; more is an attack on our time, and beyond it any CA of that name counts as
/// an issuer, not checked.
const ISSUER_KEYS: usize = 64;

/// Issuers by name alone that are kept for a certificate: cross-certificates of one CA are a handful.
const NAMED_ISSUERS: usize = 16;

/// Links every certificate to its issuers. What `opener` makes for each thread gives the DER of a certificate
/// again, from one of its occurrences; it is asked for those of one file together.
///
/// `suspect` tells which keys something beside the uploads exposes: a list of compromised keys, a decision,
/// what a case recorded.
pub fn link<O: FnMut(&Inventory, Fingerprint, &[Occurrence]) -> Option<Vec<u8>>>(
    inventory: &mut Inventory,
    suspect: impl Fn(&KeyEntry) -> bool,
    threads: usize,
    opener: impl Fn() -> O + Sync,
) {
    let all = &*inventory;
    let ((by_subject, children), decisive) = parallel::join(
        threads,
        || (by_subject(all), in_order_of_files(all, 0..all.certificates.len() as u32)),
        || decisive(all, suspect),
    );
    let verifier = || Verifier {
        inventory,
        open: opener(),
        decisive: &decisive,
        by_subject: &by_subject,
        spkis: HashMap::new(),
    };
    let links =
        parallel::map(threads, children.len(), verifier, |verifier, i| verifier.issuers_of(children[i]));
    for (child, (found, more)) in children.into_iter().zip(links) {
        for issuer in found.iter().filter(|l| l.basis == Basis::Signature) {
            inventory.certificates[issuer.certificate as usize].issued_others = true;
        }
        let entry = &mut inventory.certificates[child as usize];
        (entry.issuers, entry.more_issuers) = (found, more);
    }
    inventory.note_issued_beside();
    // Of certificates of versions 1 and 2 it is known only now which are of CAs.
    inventory.locked_keys = owners::locked_keys(inventory, &inventory.directories);
}

type ByName<T> = HashMap<NameId, T, hashbrown::DefaultHashBuilder>;

/// The certificates of each name that another one gives as its issuer.
fn by_subject(inventory: &Inventory) -> ByName<Vec<u32>> {
    let mut out: ByName<Vec<u32>> = ByName::default();
    for certificate in inventory.certificates.iter().map(|e| &e.certificate).filter(|c| !c.is_self_signed) {
        out.entry(certificate.issuer.id).or_default();
    }
    for (i, entry) in inventory.certificates.iter().enumerate() {
        if let Some(list) = out.get_mut(&entry.certificate.subject_id) {
            list.push(i as u32);
        }
    }
    out
}

/// For each key whether its exposure, or that of a key above it, would void something: on these links
/// everything depends.
fn decisive(inventory: &Inventory, suspect: impl Fn(&KeyEntry) -> bool) -> Vec<bool> {
    let is_decisive = |k: &KeyEntry| {
        !k.private.is_empty() || suspect(k) || !k.same_modulus.is_empty() || inventory.is_beside_locked(k)
    };
    let mut decisive: Vec<bool> = inventory.keys.iter().map(is_decisive).collect();
    let mut below: HashMap<NameId, Vec<u32>> = HashMap::new();
    let mut queue = Vec::new();
    for (i, entry) in inventory.certificates.iter().enumerate().filter(|(_, c)| c.certificate.is_ca) {
        below.entry(entry.certificate.issuer.id).or_default().push(i as u32);
        decisive[entry.key as usize] |= !inventory.is_chain_certificate(i as u32);
        if decisive[entry.key as usize] {
            queue.push(i as u32);
        }
    }
    // Those of versions without extensions are of CAs as soon as they issued anything, and exposed as an
    // end-entity's until then.
    for entry in inventory.certificates.iter().filter(|c| c.certificate.version < 3 && !c.certificate.is_ca) {
        decisive[entry.key as usize] = true;
    }
    while let Some(above) = queue.pop() {
        let issuer = &inventory.certificates[above as usize].certificate;
        // Each name is followed down once, from whichever certificate of that name comes first.
        for child in below.remove(&issuer.subject_id).unwrap_or_default() {
            decisive[inventory.certificates[child as usize].key as usize] = true;
            queue.push(child);
        }
    }
    decisive
}

struct Verifier<'a, F> {
    inventory: &'a Inventory,
    open: F,
    /// For each key whether its exposure could void something.
    decisive: &'a [bool],
    by_subject: &'a ByName<Vec<u32>>,
    spkis: HashMap<u32, Option<Vec<u8>>>,
}

impl<F: FnMut(&Inventory, Fingerprint, &[Occurrence]) -> Option<Vec<u8>>> Verifier<'_, F> {
    /// The issuers of a certificate, and whether more keys bear their name than were tried.
    fn issuers_of(&mut self, child: u32) -> (Few<IssuerLink>, bool) {
        let inventory = self.inventory;
        let certificate = &inventory.certificates[child as usize].certificate;
        let Some(candidates) =
            self.by_subject.get(&certificate.issuer.id).filter(|_| !certificate.is_self_signed)
        else {
            return (Few::NONE, false);
        };
        let mut more = false;
        let mut child_der = None;
        let mut tried: Vec<(SpkiHash, Option<Basis>)> = Vec::new();
        let mut found = Few::NONE;
        // Those whose exposure would void something come first: whatever else bears the name, they are tried.
        let is_decisive =
            |issuer: &&u32| self.decisive[inventory.certificates[**issuer as usize].key as usize];
        let (first, others): (Vec<u32>, Vec<u32>) = candidates.iter().partition(is_decisive);
        for issuer in first.into_iter().chain(others).filter(|i| *i != child) {
            let entry = &inventory.certificates[issuer as usize];
            let key = &inventory.keys[entry.key as usize];
            if entry.certificate.is_ca && !self.decisive[entry.key as usize] {
                // Nothing depends on it but the levels above, and one of equal standing is as good as a
                // thousand.
                if found.len() < NAMED_ISSUERS && certificate.names_issuer(&entry.certificate) {
                    found.push(IssuerLink { certificate: issuer, basis: Basis::Names });
                }
                continue;
            }
            let known = tried.iter().find(|(spki, _)| *spki == key.spki).map(|(_, basis)| *basis);
            let basis = match known {
                Some(basis) => basis,
                // A limit that is reached never means that there is no link.
                None if tried.len() >= ISSUER_KEYS => {
                    more |= self.decisive[entry.key as usize];
                    None
                }
                None => {
                    if child_der.is_none() {
                        child_der = Some(self.der(child));
                    }
                    let basis = self.check(child_der.as_ref().and_then(Option::as_deref), issuer);
                    tried.push((key.spki, basis));
                    basis
                }
            };
            if let Some(basis) = basis {
                found.push(IssuerLink { certificate: issuer, basis });
            }
        }
        (found, more)
    }

    fn der(&mut self, certificate: u32) -> Option<Vec<u8>> {
        let entry = &self.inventory.certificates[certificate as usize];
        (self.open)(self.inventory, entry.certificate.sha256, &entry.occurrences)
    }

    /// `None`: the signature is by another key.
    fn check(&mut self, child: Option<&[u8]>, issuer: u32) -> Option<Basis> {
        if !self.spkis.contains_key(&issuer) {
            let spki = self.der(issuer).and_then(|der| spki_of(&der).map(<[u8]>::to_vec));
            self.spkis.insert(issuer, spki);
        }
        let (Some(Some(spki)), Some(child)) = (self.spkis.get(&issuer), child) else {
            return Some(Basis::NotChecked);
        };
        let (tbs, algorithm, signature) = signed_parts(child)?;
        match check_signature(tbs, algorithm, signature, spki) {
            Checked::Valid => Some(Basis::Signature),
            Checked::Invalid => None,
            Checked::NotSupported => Some(Basis::NotChecked),
        }
    }
}
