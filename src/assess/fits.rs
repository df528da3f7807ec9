//! The names that a file has for the rows of a manifest, and which file a row names best: an exact name comes
//! first, and what holds only after normalisation clears nothing where it fits several files (DESIGN.md
//! 2.12).

use std::collections::HashMap;

use super::manifest::{Manifest, first_part, is_simple, normalise, plain, plain_way, readings};
use crate::inventory::Inventory;
use crate::read::{INTO, Place, Root, RootKind, Roots, WasRoot};

/// How closely a row names a file; the lower the closer.
pub(super) type Rank = u8;

/// Its path below the root.
const EXACT: Rank = 0;
/// The same with the path of the root in front.
const BASED: Rank = 1;
/// The way into an archive, as it is shown here.
const INTO_ARCHIVE: Rank = 2;
/// The same as if the archive were a folder.
const AS_FOLDER: Rank = 4;
/// The same only after normalisation.
pub(super) const NORMALISED: Rank = 8;

/// The names of files, as rows can have them.
pub(super) struct Names<'a> {
    manifest: &'a Manifest,
    roots: &'a Roots,
    /// The paths of each root: as the user wrote it, and absolute. None for standard input, and none below
    /// which no row can name anything.
    bases: Vec<Vec<String>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(manifest: &'a Manifest, roots: &'a Roots) -> Self {
        let first = manifest.first_parts();
        let bases = |root: &Root| match root.kind {
            RootKind::Gone(WasRoot::Stdin) | RootKind::Stdin(_) => Vec::new(),
            _ => {
                let all = [&root.given, &root.absolute]
                    .into_iter()
                    .chain(&root.earlier)
                    .map(|base| base.to_string_lossy());
                let mut all: Vec<String> =
                    all.flat_map(|base| [plain(&base).into_owned(), normalise(&base).into_owned()]).collect();
                all.sort_unstable();
                all.dedup();
                all.retain(|base| first.contains(first_part(base)));
                all
            }
        };
        Self { manifest, roots, bases: roots.list().iter().map(bases).collect() }
    }

    fn bases(&self, root: u32) -> &[String] {
        self.bases.get(root as usize).map_or(&[], Vec::as_slice)
    }

    fn is_folder(&self, root: u32) -> bool {
        matches!(self.roots.list()[root as usize].kind, RootKind::Folder | RootKind::Gone(WasRoot::Folder))
    }

    /// Every name of a file at a path of a root, or of what is at the end of a way into it.
    fn each(&self, root: u32, path: &str, way: Option<&str>, each: &mut dyn FnMut(&str, Rank)) {
        let mut name = |path: &str, based: Rank| match way {
            None => each(path, EXACT + based),
            Some(way) => {
                each(&format!("{path}{INTO}{way}"), INTO_ARCHIVE + based);
                each(&format!("{path}/{}", way.replace(INTO, "/")), AS_FOLDER + based);
            }
        };
        name(path, EXACT);
        for base in self.bases(root) {
            match self.roots.list()[root as usize].kind {
                RootKind::Folder | RootKind::Gone(WasRoot::Folder) if !base.is_empty() => {
                    name(&format!("{base}/{path}"), BASED)
                }
                RootKind::File | RootKind::Gone(WasRoot::File) => name(base, BASED),
                _ => {}
            }
        }
        // An archive that is the root itself is a folder of its own.
        if let Some(way) = way.filter(|_| !self.is_folder(root)) {
            each(way, EXACT);
        }
    }

    /// Whether a row can name it in no way but by its path below the root.
    fn is_plain(&self, place: &Place, way: Option<&str>) -> bool {
        way.is_none() && self.bases(place.root).is_empty() && !self.may_be_normalised(place, way)
    }

    fn may_be_normalised(&self, place: &Place, way: Option<&str>) -> bool {
        self.manifest.has_normalised() || !is_simple(&place.path) || !way.is_none_or(is_simple)
    }

    /// Rows with a name of what is at a place, or at the end of a way into it, each once and with the closest
    /// of its names.
    pub(super) fn rows(&self, place: &Place, way: Option<&str>) -> Vec<(u32, Rank)> {
        let mut found = Vec::new();
        let exact = way.map(plain_way);
        self.each(place.root, &plain(&place.path), exact.as_deref(), &mut |name, rank| {
            found.extend(self.manifest.rows_for_path(name).map(|row| (row, rank)));
        });
        if self.may_be_normalised(place, way) {
            let paths = readings(&place.path);
            let ways: Vec<Option<String>> =
                way.map_or_else(|| vec![None], |way| readings(way).into_iter().map(Some).collect());
            for (path, way) in paths.iter().flat_map(|path| ways.iter().map(move |way| (path, way))) {
                self.each(place.root, path, way.as_deref(), &mut |name, _| {
                    found.extend(self.manifest.rows_normalised(name).map(|row| (row, NORMALISED)));
                });
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(row, _)| *row);
        found
    }
}

/// What rows with more than the plainest names fit best.
#[derive(Debug, Default)]
pub(super) struct Fits(HashMap<u32, Fit>);

#[derive(Debug)]
struct Fit {
    best: Rank,
    /// What it fits after normalisation: the first, and whether there are others.
    first: Option<Box<str>>,
    several: bool,
}

/// What a row may do for a file that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fitting {
    /// It is about this file.
    Here,
    /// It may be about this file or about another one: it clears neither.
    Doubtful,
    /// It names another file more closely.
    Elsewhere,
}

impl Fits {
    /// Looks at every file, and at the archives on the way to it. Those that are gone count: a row that named
    /// one of them is not about what is left.
    pub(super) fn new(names: &Names<'_>, inventory: &Inventory) -> Self {
        let mut out = Self::default();
        let mut last = None;
        let places = || inventory.files.iter().map(|f| &f.place);
        for place in places() {
            let way = place.member();
            if names.is_plain(place, way) {
                continue;
            }
            out.add(names, place, way);
            // The archives on the way, once for members that follow one another.
            let inner = way
                .map(|way| (place.root, &*place.path, way.rsplit_once(INTO).map_or("", |(inner, _)| inner)));
            if let Some(way) = way.filter(|_| inner != last) {
                way.rmatch_indices(INTO)
                    .map(|(end, _)| Some(&way[..end]))
                    .chain([None])
                    .for_each(|way| out.add(names, place, way));
                last = inner;
            }
        }
        if !out.0.is_empty() {
            for place in places().filter(|place| names.is_plain(place, place.member())) {
                for row in names.manifest.rows_for_path(&plain(&place.path)) {
                    if let Some(fit) = out.0.get_mut(&row) {
                        fit.best = EXACT;
                    }
                }
            }
        }
        out
    }

    fn add(&mut self, names: &Names<'_>, place: &Place, way: Option<&str>) {
        for (row, rank) in names.rows(place, way) {
            let fit = self.0.entry(row).or_insert(Fit { best: rank, first: None, several: false });
            fit.best = fit.best.min(rank);
            if rank == NORMALISED {
                let ident: Box<str> =
                    format!("{}:{}{INTO}{}", place.root, place.path, way.unwrap_or_default()).into();
                match &fit.first {
                    Some(first) => fit.several |= *first != ident,
                    None => fit.first = Some(ident),
                }
            }
        }
    }

    /// What a row may do for a file that it names so closely.
    pub(super) fn of(&self, row: u32, rank: Rank) -> Fitting {
        match self.0.get(&row) {
            Some(fit) if rank > fit.best => Fitting::Elsewhere,
            Some(fit) if rank == NORMALISED && fit.several => Fitting::Doubtful,
            _ => Fitting::Here,
        }
    }
}
