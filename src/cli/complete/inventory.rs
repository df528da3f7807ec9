//! CA certificates that were scanned: they may stand above what the CA issued. They are read again from their
//! places.

use std::collections::HashSet;
use std::sync::Arc;

use certrecall::id::Fingerprint;
use certrecall::pki::Object;
use certrecall::read::{self, Place, Roots};
use certrecall::rekey::complete::Met;
use certrecall::store::model::{CertificateRecord, NameKey};
use certrecall::store::{PlanHeader, Store};

use super::super::term::Terminal;

/// Places tried for one certificate.
const PLACES: usize = 8;
/// Certificates of one subject that are looked at: a CA renews its certificate a few times.
const SAME_NAME: usize = 64;

/// Every certificate of the inventory. What cannot be read is told: an old certificate is called an unknown
/// one then.
pub(super) fn fingerprints(store: &dyn Store, terminal: &Terminal) -> HashSet<Fingerprint> {
    let mut out = HashSet::new();
    let read = store.each_key(&mut |record| out.extend(record.certificates.iter().map(|c| c.sha256)));
    if let Err(error) = read {
        terminal.warn(&format!(
            "certificates of the inventory are not recognised among the issued ones: {error}"
        ));
    }
    out
}

/// The CA certificates of the inventory, which are read again from their places.
pub(super) struct Authorities<'a> {
    roots: Option<Roots>,
    store: &'a dyn Store,
    terminal: &'a Terminal,
}

impl<'a> Authorities<'a> {
    /// Opens the scanned paths. Certificates in paths that are gone cannot help.
    pub(super) fn open(header: &PlanHeader, store: &'a dyn Store, terminal: &'a Terminal) -> Self {
        // Standard input is gone, and must not be taken from whoever calls now.
        let roots = if header.has_stdin() { None } else { Roots::open(&header.root_paths()).ok() };
        if roots.is_none() {
            terminal.detail("the scanned paths cannot be read again: CA certificates found there are left out; --chain and --root give them");
        }
        Self { roots, store, terminal }
    }

    /// Those with this subject, RFC 4514.
    pub(super) fn named(&self, subject: &str) -> Vec<Met> {
        let Some(roots) = &self.roots else { return Vec::new() };
        let keys = self.store.keys_named(&[NameKey::of(subject)].into()).unwrap_or_else(|error| {
            self.terminal.warn(&format!("CA certificates of the inventory are left out: {error}"));
            Vec::new()
        });
        let is_meant = |c: &&CertificateRecord| c.is_ca && c.subject == subject;
        keys.iter()
            .flat_map(|key| &key.certificates)
            .filter(is_meant)
            .take(SAME_NAME)
            .filter_map(|c| c.places().take(PLACES).find_map(|place| open(roots, &place, c.sha256)))
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
