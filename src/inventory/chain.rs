//! Who really issued a certificate: the certificates above it whose keys verified the signature below.
//! [`super::link`] checks only what can void something; this is for the certificates whose CA has to be
//! asked.

use std::collections::{HashMap, HashSet};

use super::entry::{Basis, Occurrence};
use super::model::{Inventory, in_order_of_files};
use crate::id::{Fingerprint, NameId, SpkiHash};
use crate::parallel;
use crate::pki::{Checked, cert, check_signature, signed_parts, spki_of};

/// A certificate above another one, whose key verified the signature below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signer {
    /// Its key, canonical.
    pub key: SpkiHash,
    /// The certificate.
    pub certificate: Fingerprint,
}

/// Root certificates that were not found but are known.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    by_subject: HashMap<NameId, Vec<Anchor>>,
    keys: HashSet<SpkiHash>,
}

#[derive(Debug, Clone)]
struct Anchor {
    signer: Signer,
    spki: Box<[u8]>,
}

impl Anchors {
    /// Whether one of them has this key.
    #[must_use]
    pub fn have(&self, key: &SpkiHash) -> bool {
        self.keys.contains(key)
    }

    /// Adds a certificate, DER. Returns whether it can be read.
    pub fn add(&mut self, der: &[u8]) -> bool {
        let (Some(certificate), Some(spki)) = (cert::read(der), spki_of(der)) else { return false };
        let Some(key) = certificate.key.spki else { return false };
        let signer = Signer { key, certificate: certificate.sha256 };
        self.keys.insert(key);
        self.by_subject.entry(certificate.subject_id).or_default().push(Anchor { signer, spki: spki.into() });
        true
    }
}

/// Certificates above one that are followed; real chains have two or three.
const LEVELS: usize = 8;
/// Issuers of one name that are tried for a certificate: renewed and cross-certified CAs have a handful.
const TRIED: usize = 64;

/// For each of these certificates its issuer, that one's issuer and so on, as far as signatures verify;
/// anchors end a chain. Certificates without a verified issuer are left out. What `opener` makes for each
/// thread gives the DER of a certificate again; it is asked for those of one file together.
pub fn chains<O: FnMut(&Inventory, Fingerprint, &[Occurrence]) -> Option<Vec<u8>>>(
    inventory: &Inventory,
    certificates: &[u32],
    anchors: &Anchors,
    threads: usize,
    opener: impl Fn() -> O + Sync,
) -> HashMap<u32, Vec<Signer>> {
    let certificates = in_order_of_files(inventory, certificates.iter().copied());
    let climber =
        || Climber { inventory, anchors, open: opener(), spkis: HashMap::new(), above: HashMap::new() };
    let found =
        parallel::map(threads, certificates.len(), climber, |climber, i| climber.chain(certificates[i]));
    certificates.into_iter().zip(found).filter(|(_, chain)| !chain.is_empty()).collect()
}

/// What is directly above a certificate.
#[derive(Clone, Copy)]
enum Above {
    Anchor(Signer),
    Found(u32),
    Nothing,
}

struct Climber<'a, F> {
    inventory: &'a Inventory,
    anchors: &'a Anchors,
    open: F,
    spkis: HashMap<u32, Option<Vec<u8>>>,
    /// Known answers for CA certificates, which many others lie below.
    above: HashMap<u32, Above>,
}

impl<F: FnMut(&Inventory, Fingerprint, &[Occurrence]) -> Option<Vec<u8>>> Climber<'_, F> {
    fn chain(&mut self, certificate: u32) -> Vec<Signer> {
        let mut out: Vec<Signer> = Vec::new();
        let mut at = certificate;
        while out.len() < LEVELS {
            match self.above(at) {
                Above::Nothing => break,
                Above::Anchor(signer) => {
                    out.push(signer);
                    break;
                }
                Above::Found(issuer) => {
                    let entry = &self.inventory.certificates[issuer as usize];
                    let signer = Signer {
                        key: self.inventory.keys[entry.key as usize].spki,
                        certificate: entry.certificate.sha256,
                    };
                    // Two CAs that certify each other.
                    if issuer == certificate || out.contains(&signer) {
                        break;
                    }
                    out.push(signer);
                    at = issuer;
                }
            }
        }
        out
    }

    fn above(&mut self, at: u32) -> Above {
        if let Some(known) = self.above.get(&at) {
            return *known;
        }
        let found = self.look_up(at);
        if self.inventory.certificates[at as usize].is_ca() {
            self.above.insert(at, found);
        }
        found
    }

    fn look_up(&mut self, at: u32) -> Above {
        let entry = &self.inventory.certificates[at as usize];
        let certificate = &entry.certificate;
        if certificate.is_self_signed {
            return Above::Nothing;
        }
        // A signature that was verified before is not verified again.
        if let Some(link) = entry.issuers.iter().find(|l| l.basis == Basis::Signature) {
            return Above::Found(link.certificate);
        }
        let anchors = self.anchors.by_subject.get(&certificate.issuer.id);
        let proposed: Vec<u32> = entry
            .issuers
            .iter()
            .filter(|l| l.basis == Basis::Names)
            .map(|l| l.certificate)
            .take(TRIED)
            .collect();
        if proposed.is_empty() && anchors.is_none() {
            return Above::Nothing;
        }
        let Some(der) = self.der(at) else { return Above::Nothing };
        let Some((tbs, algorithm, signature)) = signed_parts(&der) else { return Above::Nothing };
        let mut tried: Vec<u32> = Vec::new();
        for issuer in proposed {
            let key = self.inventory.certificates[issuer as usize].key;
            if tried.contains(&key) {
                continue;
            }
            tried.push(key);
            if let Some(spki) = self.spki(issuer)
                && check_signature(tbs, algorithm, signature, spki) == Checked::Valid
            {
                return Above::Found(issuer);
            }
        }
        let verified = |a: &&Anchor| check_signature(tbs, algorithm, signature, &a.spki) == Checked::Valid;
        anchors
            .and_then(|list| list.iter().take(TRIED).find(verified))
            .map_or(Above::Nothing, |a| Above::Anchor(a.signer))
    }

    fn der(&mut self, at: u32) -> Option<Vec<u8>> {
        let entry = &self.inventory.certificates[at as usize];
        (self.open)(self.inventory, entry.certificate.sha256, &entry.occurrences)
    }

    fn spki(&mut self, at: u32) -> Option<&[u8]> {
        if !self.spkis.contains_key(&at) {
            let spki = self.der(at).and_then(|der| spki_of(&der).map(<[u8]>::to_vec));
            self.spkis.insert(at, spki);
        }
        self.spkis.get(&at)?.as_deref()
    }
}
