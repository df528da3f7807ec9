//! Roots to files: every file below a folder, in the byte order of full paths, nothing left out without a
//! record.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use rustix::fs::{Mode, OFlags};

use super::roots::{RootKind, Roots};
use crate::finding::Reason;
use crate::limits::Limits;
use crate::pki::Unread;
use crate::read::found::io_unread;
pub(crate) use crate::read::place::to_path;

/// The file that makes a folder a case of this tool.
pub const MARKER: &str = "certrecall-case.json";

/// How the marker file begins; a file of that name with another beginning hides nothing.
pub const MARKER_START: &[u8] = b"{\"schema\":\"certrecall/case/";

/// Something met on the way.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) root: u32,
    /// Relative to the root, raw bytes, `/` between parts.
    pub(crate) path: Vec<u8>,
    /// Where to open it; `None` for standard input and what is no file.
    pub(crate) open: Option<Source>,
    /// A file to read, or the reason why it is none.
    pub(crate) outcome: Result<(), Unread>,
}

/// Where to open a file.
#[derive(Debug)]
pub(crate) enum Source {
    /// By its whole path.
    Path(PathBuf),
    /// By the last part of its path, in this folder: the system has no path to follow for each file.
    In(Arc<OwnedFd>),
}

/// Walks all roots. Order: root, then path as bytes; a folder sorts as if its name ended in `/`, which makes
/// the order that of full paths.
pub(crate) struct Walk<'a> {
    roots: &'a Roots,
    limits: &'a Limits,
    follow: bool,
    next_root: usize,
    stack: Vec<Folder>,
    /// Folders that may be open still: files of one that was left can be waiting to be read.
    open: Vec<Weak<OwnedFd>>,
    /// Folders already entered through a link: each target is entered that way once, so that links cannot
    /// multiply the tree.
    linked: HashSet<(u64, u64)>,
}

struct Folder {
    path: PathBuf,
    /// Length of the root's own path: what follows is relative.
    prefix: Vec<u8>,
    identity: Option<(u64, u64)>,
    entries: std::vec::IntoIter<Entry>,
    /// Open, where it has many files.
    handle: Option<Arc<OwnedFd>>,
}

/// A folder of so many entries is kept open while its files are read.
const KEPT_OPEN: usize = 32;

/// So many folders are open at a time. Systems allow a process 256 open files or more, and each thread needs
/// a few.
const OPEN_FOLDERS: usize = 16;

struct Entry {
    name: OsString,
    kind: Kind,
    /// Whether it sorts as a folder.
    folder: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Link,
    Special,
    Unknown,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(roots: &'a Roots, limits: &'a Limits, follow: bool) -> Self {
        Self {
            roots,
            limits,
            follow,
            next_root: 0,
            stack: Vec::new(),
            open: Vec::new(),
            linked: HashSet::new(),
        }
    }

    fn root(&self) -> u32 {
        (self.next_root - 1) as u32
    }

    fn start_root(&mut self) -> Option<Met> {
        let root = self.roots.list().get(self.next_root)?;
        self.next_root += 1;
        match &root.kind {
            RootKind::Stdin(_) => {
                Some(Met { root: self.root(), path: b"-".to_vec(), open: None, outcome: Ok(()) })
            }
            RootKind::Gone(_) => None,
            RootKind::File => {
                // As the user wrote it: a link keeps its own name.
                let name = root
                    .given
                    .file_name()
                    .or_else(|| root.absolute.file_name())
                    .unwrap_or_default()
                    .as_bytes()
                    .to_vec();
                Some(Met {
                    root: self.root(),
                    path: name,
                    open: Some(Source::Path(root.absolute.clone())),
                    outcome: Ok(()),
                })
            }
            RootKind::Folder => {
                let path = root.absolute.clone();
                self.enter(path, Vec::new(), None)
                    .err()
                    .map(|unread| self.met(b".".to_vec(), None, Err(unread)))
            }
        }
    }

    fn met(&self, path: Vec<u8>, open: Option<Source>, outcome: Result<(), Unread>) -> Met {
        Met { root: self.root(), path, open, outcome }
    }

    /// Lists a folder and puts it on the stack.
    fn enter(&mut self, path: PathBuf, prefix: Vec<u8>, identity: Option<(u64, u64)>) -> Result<(), Unread> {
        if self.stack.len() >= self.limits.depth {
            return Err(Unread::Skipped(
                Reason::TooDeep,
                format!("{} folders deep; --max-depth raises the limit", self.limits.depth),
            ));
        }
        let mut entries = Vec::new();
        let mut is_case = false;
        for entry in fs::read_dir(&path).map_err(|e| io_unread(&e))? {
            let entry = entry.map_err(|e| io_unread(&e))?;
            let name = entry.file_name();
            is_case |= name.as_bytes() == MARKER.as_bytes();
            let kind = entry.file_type().map_or(Kind::Unknown, |t| match t {
                t if t.is_file() => Kind::File,
                t if t.is_dir() => Kind::Folder,
                t if t.is_symlink() => Kind::Link,
                t if t.is_fifo() || t.is_socket() || t.is_block_device() || t.is_char_device() => {
                    Kind::Special
                }
                _ => Kind::Unknown,
            });
            // A link that is followed sorts as what it leads to.
            let folder = kind == Kind::Folder
                || self.follow && kind == Kind::Link && fs::metadata(entry.path()).is_ok_and(|m| m.is_dir());
            entries.push(Entry { name, kind, folder });
        }
        if is_case && is_marker(&path.join(MARKER)) {
            return Err(Unread::Skipped(Reason::OwnCase, String::new()));
        }
        entries.sort_unstable_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        // Loops are only possible through links.
        let identity = if self.follow {
            identity.or_else(|| fs::metadata(&path).ok().map(|m| (m.dev(), m.ino())))
        } else {
            None
        };
        let handle = if entries.len() >= KEPT_OPEN { self.keep_open(&path) } else { None };
        self.stack.push(Folder { path, prefix, identity, entries: entries.into_iter(), handle });
        Ok(())
    }

    /// A folder to open files in, unless too many are open.
    fn keep_open(&mut self, path: &Path) -> Option<Arc<OwnedFd>> {
        self.open.retain(|folder| folder.strong_count() > 0);
        let folder = if self.open.len() < OPEN_FOLDERS { open_folder(path)? } else { return None };
        self.open.push(Arc::downgrade(&folder));
        Some(folder)
    }

    /// Deals with one entry of the folder on top; `None` if it only changed the stack.
    fn visit(&mut self, entry: Entry) -> Option<Met> {
        let folder = self.stack.last()?;
        let mut relative = folder.prefix.clone();
        relative.extend_from_slice(entry.name.as_bytes());
        if let (Kind::File, Some(handle)) = (entry.kind, &folder.handle) {
            let open = Source::In(Arc::clone(handle));
            return Some(self.met(relative, Some(open), Ok(())));
        }
        let path = folder.path.join(&entry.name);
        match entry.kind {
            Kind::File => Some(self.met(relative, Some(Source::Path(path)), Ok(()))),
            Kind::Folder => self.descend(path, relative, None),
            Kind::Link | Kind::Unknown => self.resolve(path, relative, entry.kind == Kind::Link),
            Kind::Special => {
                Some(self.met(relative, None, Err(Unread::Skipped(Reason::SpecialFile, String::new()))))
            }
        }
    }

    fn descend(&mut self, path: PathBuf, relative: Vec<u8>, identity: Option<(u64, u64)>) -> Option<Met> {
        let mut prefix = relative.clone();
        prefix.push(b'/');
        self.enter(path, prefix, identity).err().map(|unread| self.met(relative, None, Err(unread)))
    }

    /// A link, or an entry whose kind the file system did not tell.
    fn resolve(&mut self, path: PathBuf, relative: Vec<u8>, is_link: bool) -> Option<Met> {
        let target = match fs::metadata(&path) {
            Ok(target) => target,
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return Some(self.met(relative, None, Err(Unread::Skipped(Reason::LinkLoop, String::new()))));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let reason = if is_link { Reason::DanglingLink } else { Reason::Vanished };
                return Some(self.met(relative, None, Err(Unread::Unreadable(reason, String::new()))));
            }
            Err(e) => return Some(self.met(relative, None, Err(io_unread(&e)))),
        };
        if target.is_file() {
            return Some(self.met(relative, Some(Source::Path(path)), Ok(())));
        }
        if !target.is_dir() {
            return Some(self.met(relative, None, Err(Unread::Skipped(Reason::SpecialFile, String::new()))));
        }
        if !is_link {
            return self.descend(path, relative, None);
        }
        if !self.follow {
            return Some(self.met(
                relative,
                None,
                Err(Unread::Skipped(Reason::LinkNotFollowed, String::new())),
            ));
        }
        let identity = (target.dev(), target.ino());
        let refused = if self.stack.iter().any(|f| f.identity == Some(identity)) {
            Some((Reason::LinkLoop, "leads back to a folder above it"))
        } else if !self.linked.insert(identity) {
            Some((Reason::LinkRepeated, ""))
        } else {
            None
        };
        if let Some((reason, detail)) = refused {
            return Some(self.met(relative, None, Err(Unread::Skipped(reason, detail.to_owned()))));
        }
        self.descend(path, relative, Some(identity))
    }
}

impl Iterator for Walk<'_> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        loop {
            let Some(folder) = self.stack.last_mut() else {
                if self.next_root >= self.roots.list().len() {
                    return None;
                }
                if let Some(met) = self.start_root() {
                    return Some(met);
                }
                continue;
            };
            match folder.entries.next() {
                None => {
                    self.stack.pop();
                }
                Some(entry) => {
                    if let Some(met) = self.visit(entry) {
                        return Some(met);
                    }
                }
            }
        }
    }
}

/// A folder to open files in; without one they are opened by their paths.
fn open_folder(path: &Path) -> Option<Arc<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::open(path, flags, Mode::empty()).ok().map(Arc::new)
}

/// The bytes to sort by: a folder as if its name ended in `/`.
fn sort_key(entry: &Entry) -> SortKey<'_> {
    SortKey(entry.name.as_bytes(), entry.folder)
}

#[derive(PartialEq, Eq)]
struct SortKey<'a>(&'a [u8], bool);

impl Ord for SortKey<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let common = self.0.len().min(other.0.len());
        let tail = |key: &Self| key.0.get(common).copied().or(if key.1 { Some(b'/') } else { None });
        self.0[..common]
            .cmp(&other.0[..common])
            .then_with(|| tail(self).cmp(&tail(other)))
            .then_with(|| self.0.len().cmp(&other.0.len()))
    }
}

impl PartialOrd for SortKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether the file is the marker of a case.
pub(crate) fn is_marker(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; MARKER_START.len()];
    let regular = fs::symlink_metadata(path).is_ok_and(|m| m.is_file());
    regular
        && fs::File::open(path).and_then(|mut f| f.read_exact(&mut start)).is_ok()
        && start == MARKER_START
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_sort_where_their_content_belongs() {
        let key = |name: &'static str, folder| SortKey(name.as_bytes(), folder);
        assert!(key("a.pem", false) < key("a", true), "a.pem comes before a/b");
        assert!(key("a", false) < key("a", true));
        assert!(key("a", true) < key("a0", false));
        assert!(key("a-b", false) < key("a", true));
    }
}
