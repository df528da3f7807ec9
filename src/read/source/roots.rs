//! Where reading starts: files, folders and standard input.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::stdin::StdinBytes;
use crate::limits;
use crate::read::place::{path_text, to_path};

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
        self.0.iter().map(|r| path_text(r.absolute.as_os_str().as_bytes()).0.into()).collect()
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
            RootKind::Folder => Some(root.absolute.join(to_path(raw))),
        }
    }
}

/// The absolute form of a path for messages, whether or not it exists.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
