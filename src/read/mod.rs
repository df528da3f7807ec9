//! Floor 2: roots to found things. Every file is judged by its content; whatever is met gets a record.
//!
//! [`walk`] finds files, `content` turns the bytes of one file into [`Item`]s with the help of the splitter
//! (`pem`) and the other text forms (`forms`), and `pipeline` does that on all cores while it hands results
//! on in order.

mod archive;
mod cache;
mod content;
pub(crate) mod forms;
pub mod jwk;
pub mod ledger;
mod magic;
pub(crate) mod pem;
mod pipeline;
pub mod walk;
mod zeroizing_io;

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::finding::Codes;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::{Object, Unread};
use crate::time::Time;

pub(crate) use archive::gzip::gunzip;
pub use content::{Reopener, certificates_in, each_private_key, read_bytes, reopen, revisit};
pub use ledger::Ledger;
pub use pipeline::{Options, read};

/// Where reading starts.
#[derive(Debug, Clone)]
pub struct Root {
    /// As the user gave it.
    pub given: PathBuf,
    /// Absolute, links in it resolved; `-` for standard input.
    pub absolute: PathBuf,
    /// What it is.
    pub kind: RootKind,
    /// Where it was before it was moved, absolute.
    pub earlier: Vec<PathBuf>,
}

/// The kinds of root.
#[derive(Debug, Clone)]
pub enum RootKind {
    /// A single file.
    File,
    /// A folder and all below it.
    Folder,
    /// Nothing is there now: a root of an earlier run, unmounted or deleted since, or standard input, which
    /// can be read once only. It was this.
    Gone(WasRoot),
    /// Standard input, read once.
    Stdin(Arc<StdinBytes>),
}

/// What a root was that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasRoot {
    /// A single file.
    File,
    /// A folder.
    Folder,
    /// Standard input.
    Stdin,
}

/// What came over standard input. It may hold keys: wiped when dropped, not printable.
pub struct StdinBytes(Option<crate::secret::Secret>);

impl StdinBytes {
    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Some(crate::secret::Secret::new(bytes)))
    }

    /// The bytes, or `None` if there are more than [`limits::STDIN`].
    pub(crate) fn expose(&self) -> Option<&[u8]> {
        self.0.as_ref().map(crate::secret::Secret::expose)
    }

    /// Reads to the end, or until there are more than `most` bytes. Nothing here grows in place, so no copy
    /// stays behind that is not wiped.
    fn read(mut input: impl Read, most: u64) -> io::Result<Self> {
        let mut chunks: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut total = 0;
        loop {
            let size = (FIRST_CHUNK << chunks.len().min(10)) as u64;
            let mut chunk = Zeroizing::new(room(size)?);
            let got = input.by_ref().take(size).read_to_end(&mut chunk)? as u64;
            total += got;
            if total > most {
                return Ok(Self(None));
            }
            chunks.push(chunk);
            if got < size {
                break;
            }
        }
        let mut bytes = Zeroizing::new(room(total)?);
        // Each chunk is wiped as soon as it is copied.
        chunks.into_iter().for_each(|chunk| bytes.extend_from_slice(&chunk));
        Ok(Self::new(std::mem::take(&mut *bytes)))
    }
}

/// The first chunk of standard input in bytes; each that follows is twice as large, up to 64 MiB.
const FIRST_CHUNK: usize = 64 << 10;

/// Room for so many bytes, or an error where there is no memory.
fn room(size: u64) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    buffer.try_reserve_exact(size).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    Ok(buffer)
}

impl fmt::Debug for StdinBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StdinBytes({:?} bytes)", self.expose().map(<[u8]>::len))
    }
}

/// All roots of a run, checked.
#[derive(Debug, Clone)]
pub struct Roots(Vec<Root>);

/// A root that cannot be read at all.
#[derive(Debug)]
pub struct RootError {
    /// As given.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl fmt::Display for RootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {:?}", self.path)
    }
}

impl std::error::Error for RootError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl Roots {
    /// Checks the paths a user gave; `-` is standard input, which is read here, once.
    ///
    /// # Errors
    /// [`RootError`] for a path that is not there, is no file or folder, or is a second `-`.
    pub fn open(paths: &[PathBuf]) -> Result<Self, RootError> {
        let mut roots: Vec<Root> = Vec::with_capacity(paths.len());
        for given in paths {
            let wrong = |error| RootError { path: given.clone(), error };
            if given.as_os_str() == "-" {
                if roots.iter().any(|r| matches!(r.kind, RootKind::Stdin(_))) {
                    return Err(wrong(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "standard input can be read once only",
                    )));
                }
                // Not through the handle of the standard library: its buffer is never wiped.
                let input = io::stdin().as_fd().try_clone_to_owned().map(fs::File::from);
                let bytes = input.and_then(|input| StdinBytes::read(input, limits::STDIN)).map_err(wrong)?;
                roots.push(Root {
                    given: given.clone(),
                    absolute: given.clone(),
                    kind: RootKind::Stdin(Arc::new(bytes)),
                    earlier: Vec::new(),
                });
                continue;
            }
            let absolute = fs::canonicalize(given).map_err(wrong)?;
            let meta = fs::metadata(&absolute).map_err(wrong)?;
            let kind = if meta.is_dir() {
                RootKind::Folder
            } else if meta.is_file() {
                RootKind::File
            } else {
                return Err(wrong(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "neither a file nor a folder; devices, sockets and FIFOs are not opened",
                )));
            };
            roots.push(Root { given: given.clone(), absolute, kind, earlier: Vec::new() });
        }
        Ok(Self(roots))
    }

    /// Roots that were checked one by one, in this order.
    #[must_use]
    pub const fn of(roots: Vec<Root>) -> Self {
        Self(roots)
    }

    /// The roots, in the order given.
    #[must_use]
    pub fn list(&self) -> &[Root] {
        &self.0
    }

    /// Whether nothing is where this root was.
    #[must_use]
    pub fn is_gone(&self, root: u32) -> bool {
        self.0.get(root as usize).is_some_and(|root| matches!(root.kind, RootKind::Gone(_)))
    }

    /// The absolute paths as text; bytes that are not UTF-8 as `\xHH`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|r| walk::path_text(r.absolute.as_os_str().as_bytes()).0.into()).collect()
    }

    /// The absolute paths in base64, if any of them is not UTF-8; empty otherwise.
    #[must_use]
    pub fn names_b64(&self) -> Vec<String> {
        if self.0.iter().all(|r| r.absolute.to_str().is_some()) {
            return Vec::new();
        }
        self.0
            .iter()
            .map(|r| base64_simd::STANDARD.encode_to_string(r.absolute.as_os_str().as_bytes()))
            .collect()
    }

    /// Where to open a file of root `root` at relative path `raw`; `None` for standard input.
    #[must_use]
    pub fn locate(&self, root: u32, raw: &[u8]) -> Option<PathBuf> {
        let root = self.0.get(root as usize)?;
        match root.kind {
            RootKind::Gone(_) | RootKind::Stdin(_) => None,
            RootKind::File => Some(root.absolute.clone()),
            RootKind::Folder => Some(root.absolute.join(walk::to_path(raw))),
        }
    }
}

/// Where a file lies, or a member of an archive: a path relative to its root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the root.
    pub root: u32,
    /// `/` between parts; bytes that are not UTF-8 as `\xHH`. Of a member it is the path of the archive.
    pub path: Box<str>,
    rare: Option<Box<Rare>>,
}

/// What few places have.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rare {
    /// The raw bytes of the path, where they are not UTF-8.
    raw: Option<Box<[u8]>>,
    /// The way into the archive.
    member: Option<Box<str>>,
}

impl Place {
    /// Makes that of a file from raw bytes.
    #[must_use]
    pub fn new(root: u32, raw: &[u8]) -> Self {
        let (path, raw) = walk::path_text(raw);
        Self { root, path, rare: raw.map(|raw| Box::new(Rare { raw: Some(raw), member: None })) }
    }

    /// That of a member of the archive that lies here: `a.pem`, or `inner.zip!/a.pem` in an archive within
    /// it.
    #[must_use]
    pub fn with_member(&self, member: &str) -> Self {
        let rare = Rare { raw: self.raw_path().map(Box::from), member: Some(member.into()) };
        Self { root: self.root, path: self.path.clone(), rare: Some(Box::new(rare)) }
    }

    /// That of the archive, for a member.
    #[must_use]
    pub fn file(&self) -> Self {
        let raw = self.raw_path().map(|raw| Box::new(Rare { raw: Some(raw.into()), member: None }));
        Self { root: self.root, path: self.path.clone(), rare: raw }
    }

    /// The bytes that the operating system knows the file by.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw_path().unwrap_or(self.path.as_bytes())
    }

    /// The same, only where they are not UTF-8.
    #[must_use]
    pub fn raw_path(&self) -> Option<&[u8]> {
        self.rare.as_ref()?.raw.as_deref()
    }

    /// The way into an archive; none for a file that lies in none.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        self.rare.as_ref()?.member.as_deref()
    }

    /// For people, and for patterns and manifests that name places: `backup.zip!/a.pem`, or the path alone.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        self.member()
            .map_or(Cow::Borrowed(&self.path), |member| Cow::Owned(format!("{}{INTO}{member}", self.path)))
    }
}

/// Between an archive or a container and what lies in it.
pub(crate) const INTO: &str = "!/";

/// One file (or folder that could not be entered) and everything found in it.
#[derive(Debug)]
pub struct Found {
    /// Where it lies.
    pub place: Place,
    /// When it was last changed; of a member, when its archive was.
    pub modified: Option<Time>,
    /// When a member of an archive was last changed, by the latest that its archive says: a time without a
    /// zone can be anywhere.
    pub member_time: Option<Time>,
    /// SHA-256 of the whole file or member, where [`Options::hash_files`] asks for it.
    pub file_hash: Option<Fingerprint>,
    /// The same of the archive that a member lies in, as it lies on the disk: what a manifest of uploads can
    /// name.
    pub archive_hash: Option<Fingerprint>,
    /// What is in it, in order; at least one.
    pub items: Vec<Item>,
}

/// One record: an object or the reason why there is none, with its place in the file.
#[derive(Debug, Clone)]
pub struct Item {
    /// The way into archives and containers.
    pub member: Option<Arc<str>>,
    /// Counts the items of the file or member from 0.
    pub index: u32,
    /// Where it begins in the file or member, in bytes.
    pub offset: u64,
    /// The line it begins on, from 1; 0 in binary data.
    pub line: u32,
    /// The PEM label as found.
    pub label: Option<Cow<'static, str>>,
    /// `pem`, `der`, `base64` and so on.
    pub container: &'static str,
    /// What was found.
    pub body: Result<Object, Unread>,
    /// What is noteworthy about this occurrence (the object has its own findings).
    pub findings: Codes,
}

impl Item {
    /// An item that stands for a whole file.
    #[must_use]
    pub const fn whole_file(body: Result<Object, Unread>, container: &'static str) -> Self {
        Self {
            member: None,
            index: 0,
            offset: 0,
            line: 0,
            label: None,
            container,
            body,
            findings: Codes::NONE,
        }
    }

    /// Every finding, the object's and the occurrence's.
    #[must_use]
    pub fn all_findings(&self) -> Codes {
        let own = match &self.body {
            Ok(Object::Certificate(c)) => c.findings,
            Ok(Object::Crl(c)) => c.findings,
            Ok(Object::Request(r)) => r.findings,
            Ok(Object::PrivateKey(k)) => k.facts.findings,
            Ok(Object::PublicKey(k)) => k.findings,
            Err(Unread::Locked(_, Some(facts))) => facts.findings,
            Ok(Object::Parameters(_)) | Err(_) => Codes::NONE,
        };
        own.union(self.findings)
    }
}

/// The absolute form of a path for messages, whether or not it exists.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_read_whole_or_not_at_all() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * FIRST_CHUNK + 7).collect();
        for size in [0, 1, FIRST_CHUNK - 1, FIRST_CHUNK, FIRST_CHUNK + 1, 3 * FIRST_CHUNK, bytes.len()] {
            let read = |most: u64| StdinBytes::read(&bytes[..size], most).expect("memory is there");
            assert_eq!(read(size as u64).expose(), Some(&bytes[..size]));
            assert!(size == 0 || read(size as u64 - 1).expose().is_none());
        }
        assert!(
            StdinBytes::read(io::repeat(0), 1 << 20).expect("memory is there").expose().is_none(),
            "what has no end is not read for ever"
        );
    }
}
