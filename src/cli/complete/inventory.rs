//! CA certificates that were scanned: they may stand above what the CA issued. They are read again from their
//! places.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use certrecall::id::Fingerprint;
use certrecall::pki::Object;
use certrecall::read::{self, Place, Roots};
use certrecall::rekey::complete::Met;
use certrecall::report::plan_file::PlanHead;
use certrecall::store::Store;
use serde::Deserialize;

use super::super::term::Terminal;

/// Places tried for one certificate.
const PLACES: usize = 8;
/// Certificates of one subject that are looked at: a CA renews its certificate a few times.
const SAME_NAME: usize = 64;

/// What is read of the record of a key, to know its certificates.
#[derive(Deserialize)]
struct Known {
    certificates: Vec<KnownCertificate>,
}

#[derive(Deserialize)]
struct KnownCertificate {
    sha256: Fingerprint,
}

/// Every certificate of the inventory. What cannot be read is told: an old certificate is called an unknown
/// one then.
pub(super) fn fingerprints(store: &Store, terminal: &Terminal) -> HashSet<Fingerprint> {
    let mut out = HashSet::new();
    let read = store.each_key(|record| {
        out.extend(
            serde_json::from_slice::<Known>(record)
                .into_iter()
                .flat_map(|k| k.certificates)
                .map(|c| c.sha256),
        );
    });
    if let Err(error) = read {
        terminal.warn(&format!(
            "certificates of the inventory are not recognised among the issued ones: {error}"
        ));
    }
    out
}

/// Where the CA certificates of the inventory lie, by subject.
pub(super) struct Authorities {
    roots: Option<Roots>,
    by_subject: HashMap<String, Vec<(Fingerprint, Vec<Place>)>>,
}

/// What is read of the record of a key.
#[derive(Deserialize)]
struct KeyRecord {
    certificates: Vec<CertificateRecord>,
}

#[derive(Deserialize)]
struct CertificateRecord {
    sha256: Fingerprint,
    subject: String,
    is_ca: bool,
    paths: Vec<String>,
    #[serde(default)]
    paths_b64: Vec<String>,
    #[serde(default)]
    members: Vec<Option<String>>,
    #[serde(default)]
    roots: Vec<u32>,
}

impl CertificateRecord {
    fn places(&self) -> Vec<Place> {
        let raw = |i: usize| self.paths_b64.get(i).and_then(|b| base64_simd::STANDARD.decode_to_vec(b).ok());
        let place = |(i, path): (usize, &String)| {
            let file = Place::new(
                self.roots.get(i).copied().unwrap_or(0),
                raw(i).as_deref().unwrap_or(path.as_bytes()),
            );
            match self.members.get(i) {
                Some(Some(member)) => file.with_member(member),
                _ => file,
            }
        };
        self.paths.iter().enumerate().take(PLACES).map(place).collect()
    }
}

impl Authorities {
    /// Reads where they lie. Paths that are gone are told: their certificates cannot help then.
    pub(super) fn open(plan: &PlanHead, store: &Store, terminal: &Terminal) -> Self {
        let mut by_subject: HashMap<String, Vec<(Fingerprint, Vec<Place>)>> = HashMap::new();
        let read = store.each_key(|record| {
            if let Ok(key) = serde_json::from_slice::<KeyRecord>(record) {
                for certificate in key.certificates.into_iter().filter(|c| c.is_ca) {
                    let places = certificate.places();
                    by_subject.entry(certificate.subject).or_default().push((certificate.sha256, places));
                }
            }
        });
        if let Err(error) = read {
            terminal.warn(&format!("CA certificates of the inventory are left out: {error}"));
        }
        // Standard input is gone, and must not be taken from whoever calls now.
        let roots =
            if plan.roots.iter().any(|r| r == "-") { None } else { Roots::open(&plan.root_paths()).ok() };
        if roots.is_none() && !by_subject.is_empty() {
            terminal.detail("the scanned paths cannot be read again: CA certificates found there are left out; --chain and --root give them");
        }
        Self { roots, by_subject }
    }

    /// Those with this subject, RFC 4514.
    pub(super) fn named(&self, subject: &str) -> Vec<Met> {
        let Some(roots) = &self.roots else { return Vec::new() };
        let known = self.by_subject.get(subject).map_or(&[][..], Vec::as_slice);
        known
            .iter()
            .take(SAME_NAME)
            .filter_map(|(sha256, places)| places.iter().find_map(|place| open(roots, place, *sha256)))
            .collect()
    }
}

fn open(roots: &Roots, place: &Place, wanted: Fingerprint) -> Option<Met> {
    let mut out = None;
    read::revisit(roots, place, &mut |der, object| {
        if let Object::Certificate(certificate) = object
            && certificate.sha256 == wanted
            && out.is_none()
        {
            out = Some(Met {
                certificate: Arc::clone(certificate),
                der: der.into(),
                place: format!("the scanned {}", place.shown()),
            });
        }
    })?;
    out
}
