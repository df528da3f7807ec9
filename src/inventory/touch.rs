//! Looks at what is about to be needed. Keys, their certificates and files lie all over the memory: asked for
//! in a row, many answers are on their way at once, while work on one after the other waits for each.

use std::hint::black_box;
use std::ops::Range;

use super::entry::{CertificateEntry, File, KeyEntry, Occurrence};
use super::model::Inventory;

/// So many at a time: what is touched has to stay near until it is used.
pub(crate) const AT_ONCE: usize = 256;

impl Inventory {
    /// Touches these keys and, but for keys that have very many, the certificates on them.
    pub(crate) fn touch(&self, keys: Range<usize>) {
        let keys = &self.keys[keys];
        black_box(
            keys.iter().filter_map(|key| key.private.first()).map(|o| self.touch_file(o)).sum::<usize>(),
        );
        let certificates: Vec<u32> = keys
            .iter()
            .filter(|key| !key.has_many())
            .flat_map(|key| key.certificates.iter().copied())
            .collect();
        certificates.chunks(AT_ONCE).for_each(|some| self.touch_certificates(some));
    }

    /// Touches certificates and the first file of each. Level by level: nothing that is asked for in one pass
    /// waits for another answer of the same pass.
    pub(crate) fn touch_certificates(&self, certificates: &[u32]) {
        let entries = || certificates.iter().map(|at| &self.certificates[*at as usize]);
        let mut seen = entries().map(|entry| entry.occurrences.len()).sum::<usize>();
        seen += entries().map(touch_certificate).sum::<usize>();
        seen += entries()
            .filter_map(|entry| entry.occurrences.first())
            .map(|o| self.touch_file(o))
            .sum::<usize>();
        black_box(seen);
    }

    fn touch_file(&self, occurrence: &Occurrence) -> usize {
        let File { place, holds_locked, .. } = &self.files[occurrence.file as usize];
        place.path.len() + usize::from(*holds_locked)
    }
}

/// A certificate takes several lines of the cache; these fields lie on different ones.
fn touch_certificate(entry: &CertificateEntry) -> usize {
    let certificate = &*entry.certificate;
    let seen = certificate.subject.len()
        + usize::from(certificate.is_ca)
        + usize::from(certificate.first_sct.is_some());
    seen + usize::from(certificate.names.rare.is_some()) + usize::from(certificate.not_after.is_some())
}

impl KeyEntry {
    /// Whether it has so many certificates that they are touched a part at a time.
    pub(crate) fn has_many(&self) -> bool {
        self.certificates.len() > AT_ONCE / 4
    }

    /// Where it has so many, the part of them that begins with this one, if one does.
    pub(crate) fn part_at(&self, at: usize) -> Option<&[u32]> {
        let begins = self.has_many() && at.is_multiple_of(AT_ONCE);
        self.certificates.get(at..).filter(|_| begins)?.chunks(AT_ONCE).next()
    }
}
