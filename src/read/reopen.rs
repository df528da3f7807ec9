//! Files that are read again, for the bytes of what is in them: the inventory keeps none.

use std::collections::HashMap;
use std::io::Read as _;

use memchr::memmem;
use zeroize::{Zeroize as _, Zeroizing};

use super::archive::kind::kind;
use super::archive::zip::Bytes;
use super::engine;
use super::found::Tap;
use super::memory::{broken, read_archive};
use super::nesting::Unpacked;
use super::options::Options;
use super::place::Place;
use super::source::file::{Opened, fill, open};
use super::source::roots::{RootKind, Roots};
use super::zeroizing_io::KEPT;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::{Object, PrivateKey};

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
    last: Option<Last>,
    /// Wiped after each file.
    buffer: Zeroizing<Vec<u8>>,
    /// Bytes of certificates that are kept.
    room: usize,
}

/// What is kept of the last file.
struct Last {
    place: Place,
    /// Wiped: a block may be no certificate, whatever its label says.
    kept: HashMap<Fingerprint, Zeroizing<Vec<u8>>>,
    /// Bytes that may still be kept.
    room: usize,
    /// Not all certificates of it are kept.
    partly: bool,
    /// Everything in it was read, and not its plain PEM blocks alone.
    whole: bool,
}

impl Last {
    fn keep(&mut self, sha256: Fingerprint, der: &[u8]) {
        self.partly |= der.len() > self.room;
        if der.len() <= self.room && !self.kept.contains_key(&sha256) {
            self.room -= der.len();
            self.kept.insert(sha256, Zeroizing::new(der.to_vec()));
        }
    }
}

impl<'a> Reopener<'a> {
    /// For the files below these roots.
    #[must_use]
    pub fn new(roots: &'a Roots) -> Self {
        Self { roots, last: None, buffer: Zeroizing::new(Vec::new()), room: limits::REOPENED }
    }

    /// The DER of the certificate with that fingerprint, if it still is in that file.
    pub fn get(&mut self, place: &Place, wanted: Fingerprint) -> Option<Vec<u8>> {
        // An archive is read as a whole: its members are asked for one after another.
        let file = place.file();
        let mut last = match self.last.take() {
            Some(last) if last.place == file => last,
            _ => self.blocks(&file),
        };
        if !last.kept.contains_key(&wanted) && !last.whole {
            last = Last { kept: HashMap::new(), room: self.room, partly: false, whole: true, ..last };
            each_certificate(self.roots, &file, &mut |sha256, der| last.keep(sha256, der))?;
        }
        if last.partly && !last.kept.contains_key(&wanted) {
            // They are asked for in about their order: what is kept begins with this one, so that not each
            // takes a pass.
            (last.kept, last.room) = (HashMap::new(), self.room);
            let mut met = false;
            each_certificate(self.roots, &file, &mut |sha256, der| {
                met |= sha256 == wanted;
                if met {
                    last.keep(sha256, der);
                }
            })?;
        }
        let found = last.kept.get(&wanted).map(|der| der.to_vec());
        self.last = Some(last);
        found
    }

    /// The certificates in plain PEM of a file. Their keys and their contents do not matter: a certificate is
    /// known by its hash. What cannot be had this way is had by reading the file as it was read the first
    /// time.
    fn blocks(&mut self, place: &Place) -> Last {
        let mut last =
            Last { place: place.clone(), kept: HashMap::new(), room: self.room, partly: false, whole: false };
        let _ = self.fill(place);
        if kind(&self.buffer).is_some() {
            self.wipe();
            return last;
        }
        let mut rest = self.buffer.as_mut_slice();
        while let Some(begin) = memmem::find(rest, BEGIN) {
            rest = &mut rest[begin + BEGIN.len()..];
            let Some(end) = memmem::find(rest, END) else { break };
            let (text, behind) = rest.split_at_mut(end);
            // In place: a block without END may have a key behind it, and a copy that cannot be decoded would
            // not be wiped.
            if let Ok(der) = base64_simd::forgiving_decode_inplace(text) {
                last.keep(Fingerprint::of(der), der);
            }
            rest = behind;
        }
        self.wipe();
        last
    }

    /// Reads a file that is small enough to be read at once; otherwise nothing is in the buffer.
    fn fill(&mut self, place: &Place) -> Option<()> {
        let Opened { mut file, size, .. } = open(&self.roots.locate(place.root, place.raw())?).ok()?.ok()?;
        let whole = size <= AT_ONCE as u64
            && fill(&mut file, &mut self.buffer, size as usize, AT_ONCE).is_ok_and(|end| end);
        if !whole {
            self.wipe();
        }
        Some(())
    }

    /// Wipes what was read of a file, and not all the room for the largest one.
    fn wipe(&mut self) {
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
    }
}

/// The lines around a certificate in plain PEM (RFC 7468 section 5).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
/// Files up to this size are searched for plain PEM first.
const AT_ONCE: usize = 64 << 20;

/// Calls `each` with every certificate of a file; `None` if it cannot be read.
fn each_certificate(roots: &Roots, place: &Place, each: &mut dyn FnMut(Fingerprint, &[u8])) -> Option<()> {
    revisit(roots, place, &mut |der, object| {
        if let Object::Certificate(certificate) = object {
            each(certificate.sha256, der);
        }
    })
}

/// Opens a file again and shows `each` every object in it with its DER. `None` if it cannot be read to its
/// end any more.
pub fn revisit(roots: &Roots, place: &Place, each: &mut dyn FnMut(&[u8], &Object)) -> Option<()> {
    again(roots, place, &mut |bytes, object| {
        if let (Some(object), Some((der, _))) = (object, crate::pki::first_element(bytes)) {
            each(der, object);
        }
    })
}

/// Opens a file again and hands over the DER of every private key in it: with what is known of it, or with
/// nothing if it is encrypted. **The caller must wipe what it copies.** `None` if the file cannot be read any
/// more.
pub fn each_private_key(
    roots: &Roots,
    place: &Place,
    found: &mut dyn FnMut(&[u8], Option<&PrivateKey>),
) -> Option<()> {
    again(roots, place, &mut |bytes, object| match object {
        Some(Object::PrivateKey(key)) => found(bytes, Some(key)),
        None => found(bytes, None),
        Some(_) => {}
    })
}

/// Reads one file again, or one member of an archive; what was read is wiped.
fn again(roots: &Roots, place: &Place, tap: Tap<'_>) -> Option<()> {
    follow(roots, place, tap, LINKS)
}

/// Links lead to files; only in a made-up archive to links in turn.
const LINKS: u32 = 4;

/// The same; the member may be a hard link, which is followed so many times.
fn follow(roots: &Roots, place: &Place, tap: Tap<'_>, links: u32) -> Option<()> {
    let whole = |bytes: &[u8], tap: Tap<'_>| {
        let mut scratch = Zeroizing::new(Vec::new());
        engine::content(&mut scratch, None, Some(tap), broken()).whole(bytes);
    };
    match roots.list().get(place.root as usize).map(|r| &r.kind)? {
        RootKind::Gone(_) => return None,
        RootKind::Stdin(bytes) => {
            let bytes = bytes.expose()?;
            let kind = kind(bytes);
            let size = bytes.len() as u64;
            let mut read = |kind| {
                read_archive(
                    kind,
                    &mut &*bytes,
                    Bytes::Memory(bytes),
                    size,
                    place,
                    Some(&mut *tap),
                    &mut |_| {},
                )
            };
            match kind.map(&mut read).filter(|opened| opened.is_one) {
                Some(opened) => return linked(roots, place, opened, tap, links),
                None => whole(bytes, tap),
            }
        }
        RootKind::File | RootKind::Folder => {
            let Opened { mut file, size, .. } = open(&roots.locate(place.root, place.raw())?).ok()?.ok()?;
            let mut buffer = Zeroizing::new(Vec::new());
            let options = Options::again();
            let window = options.limits.window;
            let mut end = fill(&mut file, &mut buffer, size.min(window as u64) as usize, window).ok()?;
            if let Some(kind) = kind(&buffer) {
                let bytes = if end { Bytes::Memory(&buffer) } else { Bytes::File(&file, size) };
                let opened = read_archive(
                    kind,
                    &mut buffer.as_slice().chain(&file),
                    bytes,
                    size,
                    place,
                    Some(&mut *tap),
                    &mut |_| {},
                );
                if opened.is_one {
                    drop(buffer);
                    return linked(roots, place, opened, tap, links);
                }
            }
            let mut scratch = Zeroizing::new(Vec::new());
            engine::content(&mut scratch, None, Some(tap), broken())
                .file(&mut file, &mut buffer, &mut end, &options, &mut None)
                .ok()?;
        }
    }
    Some(())
}

/// Reads what the wanted member is a hard link to: it came before it in the archive.
fn linked(roots: &Roots, place: &Place, opened: Unpacked, tap: Tap<'_>, links: u32) -> Option<()> {
    match opened.leads_to {
        Some(target) if links > 0 => follow(roots, &place.file().with_member(&target), tap, links - 1),
        _ => Some(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A certificate that is no longer where it was is not found, and whatever it is wrapped in, it is found
    /// like the first time.
    #[test]
    fn plain_and_wrapped_certificates_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = |name: &str| {
            let key = rcgen::KeyPair::generate().unwrap();
            rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap()
        };
        let (a, b, c, gone) = (
            certificate("a.example"),
            certificate("b.example"),
            certificate("c.example"),
            certificate("gone.example"),
        );
        let json = format!("{{\"crt\":{:?}}}\n", b.pem());
        let other_lines = c.pem().replace('\n', "\r\n");
        fs::write(
            folder.path().join("mixed"),
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n{}{json}{other_lines}", a.pem()),
        )
        .unwrap();
        fs::write(folder.path().join("der"), c.der()).unwrap();
        let roots = Roots::open(&[folder.path().to_owned()]).unwrap();
        let name = |certificate: &rcgen::Certificate| Fingerprint::of(certificate.der());
        let mut files = Reopener::new(&roots);
        let (mixed, der) = (Place::new(0, b"mixed"), Place::new(0, b"der"));
        for _ in 0..2 {
            for (place, certificate) in [(&mixed, &a), (&mixed, &b), (&der, &c), (&mixed, &c), (&mixed, &b)] {
                assert_eq!(files.get(place, name(certificate)).as_deref(), Some(&certificate.der()[..]));
                assert_eq!(reopen(&roots, place, name(certificate)).as_deref(), Some(&certificate.der()[..]));
            }
            for (place, certificate) in
                [(&mixed, &gone), (&der, &a), (&Place::new(0, b"none"), &a), (&Place::new(7, b"mixed"), &a)]
            {
                assert_eq!(files.get(place, name(certificate)), None);
            }
        }
        assert!(files.buffer.is_empty());
        // Whatever is kept of them.
        for room in [0, 1, a.der().len(), a.der().len() + b.der().len(), 1 << 20] {
            let mut files = Reopener { room, ..Reopener::new(&roots) };
            for (place, certificate) in [(&mixed, &a), (&mixed, &b), (&mixed, &c), (&mixed, &a), (&der, &c)] {
                let found = files.get(place, name(certificate));
                assert_eq!(
                    found.as_deref(),
                    Some(&certificate.der()[..]).filter(|der| der.len() <= room),
                    "{room}"
                );
            }
            assert_eq!(files.get(&mixed, name(&gone)), None);
        }
    }
}
