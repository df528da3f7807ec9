//! Certificates whose bytes are needed again: the inventory keeps none.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::file::{Opened, fill, open};
use super::{Content, Tap};
use crate::id::Fingerprint;
use crate::limits::{self, Limits};
use crate::pki::{Object, PrivateKey};
use crate::read::{Options, Place, RootKind, Roots};

/// The DER of every certificate in the bytes of a file, in order.
#[must_use]
pub fn certificates_in(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut tap = |bytes: &[u8], object: Option<&Object>| {
        if matches!(object, Some(Object::Certificate(_))) {
            found.extend(crate::pki::first_element(bytes).map(|(tlv, _)| tlv.to_vec()));
        }
    };
    let mut scratch = Zeroizing::new(Vec::new());
    Content::new(&mut scratch, None, Some(&mut tap)).whole(bytes);
    found
}

/// Opens a file again and gives the DER of the certificate with that fingerprint, if it still is there.
#[must_use]
pub fn reopen(roots: &Roots, place: &Place, wanted: Fingerprint) -> Option<Vec<u8>> {
    let mut der = None;
    each_certificate(roots, place, &mut |sha256, bytes| {
        if der.is_none() && sha256 == wanted {
            der = Some(bytes.to_vec());
        }
    })?;
    der
}

/// Opens files again, one pass for all certificates of a file that are asked for one after another.
pub struct Reopener<'a> {
    roots: &'a Roots,
    last: Option<(Place, HashMap<Fingerprint, Vec<u8>>)>,
    /// Not all certificates of the last file are kept.
    partly: bool,
}

impl<'a> Reopener<'a> {
    /// For the files below these roots.
    #[must_use]
    pub const fn new(roots: &'a Roots) -> Self {
        Self { roots, last: None, partly: false }
    }

    /// The DER of the certificate with that fingerprint, if it still is in that file.
    pub fn get(&mut self, place: &Place, wanted: Fingerprint) -> Option<Vec<u8>> {
        if self.last.as_ref().is_none_or(|(last, _)| last != place) {
            let (mut kept, mut room, mut partly) = (HashMap::new(), limits::REOPENED, false);
            each_certificate(self.roots, place, &mut |sha256, bytes| {
                partly |= bytes.len() > room;
                if bytes.len() <= room && !kept.contains_key(&sha256) {
                    room -= bytes.len();
                    kept.insert(sha256, bytes.to_vec());
                }
            })?;
            self.last = Some((place.clone(), kept));
            self.partly = partly;
        }
        let found = self.last.as_ref().and_then(|(_, kept)| kept.get(&wanted)).cloned();
        if found.is_none() && self.partly { reopen(self.roots, place, wanted) } else { found }
    }
}

/// Calls `each` with every certificate of a file; `None` if it cannot be read.
fn each_certificate(roots: &Roots, place: &Place, each: &mut dyn FnMut(Fingerprint, &[u8])) -> Option<()> {
    revisit(roots, place, &mut |der, object| {
        if let Object::Certificate(certificate) = object {
            each(certificate.sha256, der);
        }
    })
}

/// Opens a file again and shows `each` every object in it with its DER. `None` if it cannot be read to its end any more.
pub fn revisit(roots: &Roots, place: &Place, each: &mut dyn FnMut(&[u8], &Object)) -> Option<()> {
    again(roots, place, &mut |bytes, object| {
        if let (Some(object), Some((der, _))) = (object, crate::pki::first_element(bytes)) {
            each(der, object);
        }
    })
}

/// Opens a file again and hands over the DER of every private key in it: with what is known of it, or with nothing if it is encrypted. **The
/// caller must wipe what it copies.** `None` if the file cannot be read any more.
pub fn each_private_key(roots: &Roots, place: &Place, found: &mut dyn FnMut(&[u8], Option<&PrivateKey>)) -> Option<()> {
    again(roots, place, &mut |bytes, object| match object {
        Some(Object::PrivateKey(key)) => found(bytes, Some(key)),
        None => found(bytes, None),
        Some(_) => {}
    })
}

/// Reads one file again; what was read is wiped.
fn again(roots: &Roots, place: &Place, tap: Tap<'_>) -> Option<()> {
    // Not the default, which asks the system for the number of processors: three more files for each certificate.
    let options = Options { follow_symlinks: false, hash_files: false, threads: 1, limits: Limits::default() };
    let mut scratch = Zeroizing::new(Vec::new());
    let mut content = Content::new(&mut scratch, None, Some(tap));
    match roots.list().get(place.root as usize).map(|r| &r.kind)? {
        RootKind::Stdin(bytes) => content.whole(bytes.expose()?),
        RootKind::File | RootKind::Folder => {
            let Opened { mut file, size, .. } = open(&roots.locate(place.root, place.raw())?).ok()?.ok()?;
            let mut buffer = Zeroizing::new(Vec::new());
            let window = options.limits.window;
            let end = fill(&mut file, &mut buffer, size.min(window as u64) as usize, window).ok()?;
            if end {
                content.whole(&buffer);
            } else {
                content.windows(&mut file, &mut buffer, &options, &mut None).ok()?;
            }
        }
    }
    Some(())
}
