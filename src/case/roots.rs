//! The roots of a case: those it was made from, and what was added or moved since.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::id::Fingerprint;
use crate::inventory::RecordedFile;
use crate::pki::show;
use crate::read::{Root, RootError, RootKind, Roots, WasRoot};
use crate::store::question::{Raw, StoredRootKind};
use crate::store::{Case, StoredRoot};

/// The roots that a command line names.
#[derive(Debug, Clone, Copy)]
pub struct GivenRoots<'a> {
    /// `PATH`: all roots, or none where the case has them.
    pub paths: &'a [PathBuf],
    /// `--add PATH`.
    pub add: &'a [PathBuf],
    /// `--relocate OLD=NEW`.
    pub relocate: &'a [(PathBuf, PathBuf)],
}

/// The roots that a run reads.
#[derive(Debug)]
pub struct RootsOfCase {
    /// To be read; [`RootKind::Gone`] where nothing is there any more.
    pub roots: Roots,
    /// To be kept.
    pub stored: Vec<StoredRoot>,
    /// What is different from the stored ones, for people.
    pub changes: Vec<String>,
}

/// Roots that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum RootsError {
    /// A path that is given cannot be read.
    Root(RootError),
    /// Other roots are given than the case has.
    Other {
        /// The case.
        case: PathBuf,
        /// Its roots.
        roots: Vec<String>,
    },
    /// `--relocate` names a root that the case does not have.
    NotARoot {
        /// What is named.
        old: PathBuf,
        /// The roots of the case.
        roots: Vec<String>,
    },
    /// Files that the case recorded are not at the new place.
    NotMoved {
        /// The new place.
        new: PathBuf,
        /// How many recorded files are not there with their content.
        missing: usize,
        /// How many there are.
        of: usize,
        /// The first of them.
        first: String,
    },
    /// The new place is a root of the case already.
    Taken(PathBuf),
    /// The case recorded nothing below the root, so that nobody can tell whether it moved.
    NothingRecorded(PathBuf),
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(error) => error.fmt(f),
            Self::Other { case, roots } => {
                write!(f, "the case {case:?} was made from other paths: {}", roots.join(", "))
            }
            Self::NotARoot { old, roots } => {
                write!(f, "--relocate: {old:?} is not a root of the case; its roots are {}", roots.join(", "))
            }
            Self::NotMoved { new, missing, of, first } => {
                write!(
                    f,
                    "--relocate: {missing} of {of} recorded files are not in {new:?} with the content that the case recorded, the first is {first:?}"
                )
            }
            Self::Taken(new) => write!(f, "--relocate: {new:?} is a root of the case already"),
            Self::NothingRecorded(old) => {
                write!(f, "--relocate: the case has recorded no file below {old:?}")
            }
        }
    }
}

impl std::error::Error for RootsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Root(error) => error.source(),
            _ => None,
        }
    }
}

impl RootsError {
    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Other { .. } => Some(
                "leave the paths out to run on those of the case, add one with --add PATH, move one with --relocate OLD=NEW, or name another directory for these paths",
            ),
            Self::NotMoved { .. } => {
                Some("name the place where the files are, unchanged; --add PATH adds a root with other files")
            }
            Self::NothingRecorded(_) => Some(
                "run the plan once while the files are at the old place; or add the new place with --add PATH",
            ),
            Self::Root(_) | Self::NotARoot { .. } | Self::Taken(_) => None,
        }
    }
}

impl From<RootError> for RootsError {
    fn from(error: RootError) -> Self {
        Self::Root(error)
    }
}

/// The stored form of roots that were opened.
#[must_use]
pub fn stored(roots: &Roots) -> Vec<StoredRoot> {
    roots.list().iter().map(stored_root).collect()
}

fn stored_root(root: &Root) -> StoredRoot {
    let kind = match root.kind {
        RootKind::File | RootKind::Gone(WasRoot::File) => StoredRootKind::File,
        RootKind::Folder | RootKind::Gone(WasRoot::Folder) => StoredRootKind::Folder,
        RootKind::Stdin(_) | RootKind::Gone(WasRoot::Stdin) => StoredRootKind::Stdin,
    };
    StoredRoot {
        given: Raw(root.given.clone().into()),
        absolute: Raw(root.absolute.clone().into()),
        kind,
        moved_from: Vec::new(),
    }
}

/// Opens the roots of a case that there is already. `stored`: those it keeps, none in a case of a version
/// that kept only their paths. `recorded` gives the files that it recorded; it is called only for a root that
/// moves.
///
/// # Errors
/// [`RootsError`]. A stored root that is gone is none.
pub fn open(
    case: &Case,
    mut stored: Vec<StoredRoot>,
    given: GivenRoots<'_>,
    recorded: &mut dyn FnMut() -> Result<Vec<RecordedFile>, crate::store::Error>,
) -> Result<Result<RootsOfCase, RootsError>, crate::store::Error> {
    let made_from = case.root_paths();
    if stored.is_empty() {
        stored = made_from.iter().map(|path| of_marker(path)).collect();
        // A manifest may name files below a root as it is written on the command line, which that version did
        // not keep.
        for opened in Roots::open(given.paths).iter().flat_map(Roots::list) {
            stored
                .iter_mut()
                .filter(|s| s.absolute.path() == opened.absolute)
                .for_each(|s| s.given = Raw(opened.given.clone().into()));
        }
    }
    let mut changes = Vec::new();
    for (old, new) in given.relocate {
        match relocate(&mut stored, old, new, recorded)? {
            Ok(change) => changes.extend(change),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(combine(case, stored, &made_from, given, changes))
}

fn combine(
    case: &Case,
    mut stored: Vec<StoredRoot>,
    made_from: &[PathBuf],
    given: GivenRoots<'_>,
    mut changes: Vec<String>,
) -> Result<RootsOfCase, RootsError> {
    let opened = Roots::open(given.paths)?;
    let named: BTreeSet<&OsStr> = opened.list().iter().map(|r| r.absolute.as_os_str()).collect();
    let kept: BTreeSet<&OsStr> = stored.iter().map(|r| r.absolute.0.as_os_str()).collect();
    let first: BTreeSet<&OsStr> = made_from.iter().map(|p| p.as_os_str()).collect();
    if !named.is_empty() && named != kept && named != first {
        return Err(RootsError::Other {
            case: case.directory().to_owned(),
            roots: stored.iter().map(|r| r.absolute.to_string()).collect(),
        });
    }
    let standard_input = opened.list().iter().find(|r| matches!(r.kind, RootKind::Stdin(_)));
    let mut roots: Vec<Root> = stored.iter().map(|root| again(root, standard_input)).collect();
    for root in Roots::open(given.add)?.list() {
        if roots.iter().any(|r| r.absolute == root.absolute) {
            continue;
        }
        changes.push(format!("root added: {}", show(&root.absolute.to_string_lossy())));
        stored.push(stored_root(root));
        roots.push(root.clone());
    }
    Ok(RootsOfCase { roots: Roots::of(roots), stored, changes })
}

/// A root of a version that kept only its path.
fn of_marker(path: &Path) -> StoredRoot {
    let kind = match fs::metadata(path) {
        _ if path.as_os_str() == "-" => StoredRootKind::Stdin,
        Ok(meta) if meta.is_file() => StoredRootKind::File,
        _ => StoredRootKind::Folder,
    };
    let path = Raw(path.as_os_str().to_owned());
    StoredRoot { given: path.clone(), absolute: path, kind, moved_from: Vec::new() }
}

/// A stored root as it is now.
fn again(root: &StoredRoot, standard_input: Option<&Root>) -> Root {
    let (given, absolute) = (root.given.path().to_owned(), root.absolute.path().to_owned());
    let meta = fs::metadata(&absolute);
    let kind = match (root.kind, meta, standard_input) {
        (StoredRootKind::Stdin, _, Some(root)) => root.kind.clone(),
        (StoredRootKind::Stdin, _, None) => RootKind::Gone(WasRoot::Stdin),
        (StoredRootKind::File, Ok(meta), _) if meta.is_file() => RootKind::File,
        (StoredRootKind::File, ..) => RootKind::Gone(WasRoot::File),
        (StoredRootKind::Folder, Ok(meta), _) if meta.is_dir() => RootKind::Folder,
        (StoredRootKind::Folder, ..) => RootKind::Gone(WasRoot::Folder),
    };
    let earlier = root.moved_from.iter().map(|path| path.path().to_owned()).collect();
    Root { given, absolute, kind, earlier }
}

/// Moves one root, if what was recorded below it is at the new place.
fn relocate(
    stored: &mut [StoredRoot],
    old: &Path,
    new: &Path,
    recorded: &mut dyn FnMut() -> Result<Vec<RecordedFile>, crate::store::Error>,
) -> Result<Result<Option<String>, RootsError>, crate::store::Error> {
    let to = match Roots::open(&[new.to_owned()]) {
        Ok(roots) => roots,
        Err(error) => return Ok(Err(error.into())),
    };
    let Some(to) = to.list().first() else { return Ok(Ok(None)) };
    let whole = std::path::absolute(old).unwrap_or_else(|_| old.to_owned());
    // As it is now before as it was given: a root that moved is no longer at its first place.
    let is_now = |root: &StoredRoot| root.absolute.path() == whole || root.absolute.path() == old;
    let was_given = |root: &StoredRoot| root.moved_from.is_empty() && root.given.path() == old;
    let number = stored.iter().position(is_now).or_else(|| stored.iter().position(was_given));
    let names: Vec<String> = stored.iter().map(|r| r.absolute.to_string()).collect();
    // The same command line again changes nothing.
    let moved = stored
        .iter()
        .any(|r| r.absolute.path() == to.absolute && r.moved_from.iter().any(|m| m.path() == whole));
    let Some(at) = number else {
        return Ok(if moved {
            Ok(None)
        } else {
            Err(RootsError::NotARoot { old: old.to_owned(), roots: names })
        });
    };
    if stored.iter().enumerate().any(|(other, root)| other != at && root.absolute.path() == to.absolute) {
        return Ok(Err(RootsError::Taken(new.to_owned())));
    }
    let (number, root) = (at as u32, &mut stored[at]);
    let all = recorded()?;
    let below: Vec<&RecordedFile> = all.iter().filter(|f| f.place.root == number).collect();
    // Files that were deleted before need not have moved, unless the last run saw none at all.
    let any_here = below.iter().any(|f| !f.gone);
    let hashes: BTreeMap<&[u8], &Fingerprint> = below
        .iter()
        .filter(|f| !f.gone || !any_here)
        .filter_map(|f| Some((f.place.raw(), f.last_hash.as_ref()?)))
        .collect();
    if hashes.is_empty() {
        return Ok(Err(RootsError::NothingRecorded(old.to_owned())));
    }
    let is_file = matches!(to.kind, RootKind::File);
    let at = |raw: &[u8]| {
        if is_file { to.absolute.clone() } else { to.absolute.join(crate::read::walk::to_path(raw)) }
    };
    let missing: Vec<&[u8]> = hashes
        .iter()
        .filter(|(raw, hash)| sha256(&at(raw)).ok().as_ref() != Some(**hash))
        .map(|(raw, _)| *raw)
        .collect();
    if let Some(first) = missing.first() {
        let first = show(&String::from_utf8_lossy(first));
        return Ok(Err(RootsError::NotMoved {
            new: new.to_owned(),
            missing: missing.len(),
            of: hashes.len(),
            first,
        }));
    }
    let change = format!("root moved: {} -> {}", root.absolute, show(&to.absolute.to_string_lossy()));
    root.moved_from.push(std::mem::replace(&mut root.absolute, Raw(to.absolute.clone().into())));
    root.kind = if is_file { StoredRootKind::File } else { StoredRootKind::Folder };
    Ok(Ok(Some(change)))
}

/// The hash of a file, whatever its size.
fn sha256(path: &Path) -> io::Result<Fingerprint> {
    let mut file = File::open(path)?;
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut buffer = zeroize::Zeroizing::new(vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
    }
    let mut out = [0; 32];
    out.copy_from_slice(digest.finish().as_ref());
    Ok(Fingerprint::from_bytes(out))
}
