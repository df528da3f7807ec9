//! Which rows of a manifest speak of which file, or of which member of an archive.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Question;
use super::manifest::{Manifest, Row, first_part, normalise};
use super::rows::Rows;
use crate::id::Fingerprint;
use crate::inventory::{CertificateEntry, File, Inventory};
use crate::read::{INTO, Place, Root, RootKind, Roots, WasRoot};
use crate::time::Time;

/// Whether rows for the path of a file speak of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paths {
    /// They do.
    Speak,
    /// The content came to this path after the case used them first.
    Silent,
}

/// What the rows for each archive say, by its root and path, and the way to it where it lies in another.
type Archives = HashMap<(u32, String, Option<Fingerprint>), Option<Arc<Rows>>>;

/// The rows of a manifest and the files they speak of.
pub(super) struct Matching<'a> {
    manifest: &'a Manifest,
    inventory: &'a Inventory,
    roots: &'a Roots,
    question: &'a Question<'a>,
    /// The paths of each root, normalised: as the user wrote it, and absolute. None for standard input, and none below which no row can name
    /// anything.
    bases: Vec<Vec<String>>,
    /// Rows that name some file.
    matched: Vec<AtomicBool>,
    /// What the rows for an archive say: weighed once, however much lies in it.
    archives: Mutex<Archives>,
    /// Hosts in rows that have certificates on several keys here. Which of them was uploaded, such a row does not tell, nor whether the others were
    /// before.
    of_many: BTreeSet<String>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(manifest: &'a Manifest, inventory: &'a Inventory, roots: &'a Roots, question: &'a Question<'a>) -> Self {
        let first = manifest.first_parts();
        let bases = |root: &Root| match root.kind {
            RootKind::Gone(WasRoot::Stdin) | RootKind::Stdin(_) => Vec::new(),
            _ => {
                let all = [&root.given, &root.absolute].into_iter().chain(&root.earlier);
                all.map(|base| normalise(&base.to_string_lossy()).into_owned()).filter(|base| first.contains(first_part(base))).collect()
            }
        };
        let matched = manifest.rows.iter().map(|_| AtomicBool::new(false)).collect();
        let bases = roots.list().iter().map(bases).collect();
        Self { manifest, inventory, roots, question, bases, matched, archives: Mutex::default(), of_many: of_many(manifest, inventory) }
    }

    /// Rows that clear nothing though they tell of uploads after the cutoff: their host has certificates on several keys.
    pub(super) fn of_many(&self) -> impl Iterator<Item = &'a Row> {
        let mut rows: Vec<u32> = self.of_many.iter().flat_map(|host| self.manifest.rows_of_host(host)).copied().collect();
        rows.sort_unstable();
        let after = |t: Option<Time>| t.is_some_and(|t| t >= self.question.incident.cutoff);
        let clears = move |row: &&Row| after(row.uploaded.earliest) && !after(self.manifest.account_created(row));
        rows.into_iter().map(|row| &self.manifest.rows[row as usize]).filter(clears)
    }

    pub(super) const fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    pub(super) const fn manifest(&self) -> &'a Manifest {
        self.manifest
    }

    /// How many rows with a path there are, and how many rows name a file.
    pub(super) fn matched(&self) -> (usize, usize) {
        let rows = self.manifest.rows.iter().zip(&self.matched);
        (rows.clone().filter(|(row, _)| row.path.is_some()).count(), rows.filter(|(_, hit)| hit.load(Ordering::Relaxed)).count())
    }

    /// Rows that spoke of no file so far.
    pub(super) fn unmatched(&self) -> impl Iterator<Item = &'a Row> {
        self.manifest.rows.iter().zip(&self.matched).filter(|(_, hit)| !hit.load(Ordering::Relaxed)).map(|(row, _)| row)
    }

    /// What the rows say that speak of a file with these certificates in it. The strongest way in which any row names it counts: path relative to
    /// its root, below the root as the user wrote it, or absolute, hash of the file, fingerprint of a certificate in it; then issuer and serial
    /// number of one; then the path of the archive it lies in, the innermost first; then a host name of one that is no CA. Rows for the archive
    /// fill in what closer ones leave open. The intermediates of a bundle lie in many others too: a row that names one of them says nothing of this
    /// file, unless there is nothing else in it. All rows that name it, or something in it or around it, are marked.
    pub(super) fn rows_for(&self, (at, file): (u32, &File), certificates: &[u32], paths: Paths) -> Option<Rows> {
        let Self { manifest, inventory, .. } = *self;
        let entry = |c: &u32| &inventory.certificates[*c as usize];
        // Occurrences come in the order of files.
        let with_key = |e: &CertificateEntry| inventory.keys[e.key as usize].private.binary_search_by_key(&at, |o| o.file).is_ok();
        let own = |c: &&u32| inventory.chain_rule(**c, at).is_none() || with_key(entry(c));
        let none_is_own = !certificates.iter().any(|c| own(&c));
        let speaks = |c: &&u32| none_is_own || own(c);
        let entries = || certificates.iter().filter(speaks).map(entry);
        for other in certificates.iter().filter(|c| !speaks(c)).map(entry) {
            manifest.rows_for_hash(&other.certificate.sha256).for_each(|row| self.mark(row));
            manifest.rows_for_issuer(&other.certificate).into_iter().for_each(|row| self.mark(row));
        }
        let way = file.place.member().map(way);
        let mut rows = if paths == Paths::Speak { self.rows_for_path(&file.place, way.as_deref()) } else { Vec::new() };
        let of_path = rows.len();
        for hash in file.hash.iter().map(AsRef::as_ref).chain(entries().map(|e| &e.certificate.sha256)) {
            rows.extend(manifest.rows_for_hash(hash));
        }
        let by_issuer: Vec<u32> = entries().flat_map(|e| manifest.rows_for_issuer(&e.certificate)).collect();
        let by_host: Vec<u32> = entries().filter(|e| !e.is_ca()).flat_map(|e| manifest.rows_for_host(&e.certificate)).collect();
        let archive = way.and_then(|way| self.rows_for_archive(file, &way, paths));
        let ways = [rows, by_issuer, by_host];
        ways.iter().flatten().for_each(|row| self.mark(*row));
        // A host has many certificates; the path of an archive means what lies in it.
        let closest = ways.into_iter().take(if archive.is_some() { 2 } else { 3 }).enumerate().find(|(_, rows)| !rows.is_empty());
        let of_many = || entries().filter(|e| !e.is_ca()).flat_map(|e| manifest.hosts_of(&e.certificate)).any(|host| self.of_many.contains(&host));
        let own = closest.map(|(way, mut rows)| {
            let weighed = Rows::weigh_with_path(manifest, &mut rows, if way == 0 { of_path } else { 0 }, self.question);
            if way == 2 && of_many() { weighed.latest_of_several(manifest, &rows, self.question) } else { weighed }
        });
        match (own, archive) {
            (Some(own), Some(archive)) => Some(own.within(&archive)),
            (None, Some(archive)) => Some(Rows::clone(&archive)),
            (own, None) => own,
        }
    }

    /// Whether rows name one of these certificates, and not the file that they lie in.
    pub(super) fn names(&self, certificates: &[u32]) -> bool {
        let Self { manifest, inventory, .. } = *self;
        certificates.iter().map(|c| &inventory.certificates[*c as usize]).any(|e| {
            let by_hash = manifest.rows_for_hash(&e.certificate.sha256).next().is_some();
            by_hash || !manifest.rows_for_issuer(&e.certificate).is_empty() || !e.is_ca() && !manifest.rows_for_host(&e.certificate).is_empty()
        })
    }

    fn mark(&self, row: u32) {
        self.matched[row as usize].store(true, Ordering::Relaxed);
    }

    /// Rows with the path of a file, or of what lies at the end of a way into it.
    fn rows_for_path(&self, place: &Place, way: Option<&str>) -> Vec<u32> {
        let mut rows = Vec::new();
        let mut look = |path: &str| rows.extend(self.manifest.rows_for_path(path));
        let mut name = |path: &str| match way {
            None => look(path),
            // Into an archive: as it is shown here, or as if the archive were a folder.
            Some(way) => {
                look(&format!("{path}{INTO}{way}"));
                look(&format!("{path}/{}", way.replace(INTO, "/")));
            }
        };
        let root = place.root as usize;
        let path = normalise(&place.path);
        name(&path);
        for base in self.bases.get(root).into_iter().flatten() {
            match self.roots.list()[root].kind {
                RootKind::Folder | RootKind::Gone(WasRoot::Folder) if !base.is_empty() => name(&format!("{base}/{path}")),
                RootKind::File | RootKind::Gone(WasRoot::File) => name(base),
                _ => {}
            }
        }
        // An archive that is the root itself is a folder of its own.
        if let Some(way) = way.filter(|_| !matches!(self.roots.list()[root].kind, RootKind::Folder | RootKind::Gone(WasRoot::Folder))) {
            look(way);
        }
        rows
    }

    /// What the rows say that name the archives on the way, by path or by the hash of the file, from the innermost to the outermost; all are marked.
    fn rows_for_archive(&self, file: &File, way: &str, paths: Paths) -> Option<Arc<Rows>> {
        let place = &file.place;
        let inner = way.rsplit_once(INTO).map_or("", |(inner, _)| inner);
        let key = (place.root, format!("{}{INTO}{inner}", place.path), file.archive_hash.as_deref().copied());
        if paths == Paths::Silent {
            let rows: Vec<u32> = file.archive_hash.iter().flat_map(|hash| self.manifest.rows_for_hash(hash)).collect();
            return (!rows.is_empty()).then(|| Arc::new(Rows { of_archive: true, ..Rows::weigh(self.manifest, &rows, self.question) }));
        }
        if let Some(known) = self.archives.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let ways = way.rmatch_indices(INTO).map(|(end, _)| Some(&way[..end])).chain([None]);
        let of_path = |way| {
            let rows = self.rows_for_path(place, way);
            (rows.len(), rows)
        };
        let mut all: Vec<(usize, Vec<u32>)> = ways.map(of_path).collect();
        if let (Some((_, outermost)), Some(hash)) = (all.last_mut(), &file.archive_hash) {
            outermost.extend(self.manifest.rows_for_hash(hash));
        }
        all.iter().flat_map(|(_, rows)| rows).for_each(|row| self.mark(*row));
        let weighed = all.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(of_path, mut rows)| {
            let weighed = Rows::weigh_with_path(self.manifest, &mut rows, of_path, self.question);
            Rows { of_archive: true, ..weighed }
        });
        let rows = weighed.reduce(|inner, outer| inner.within(&outer)).map(Arc::new);
        self.archives.lock().unwrap_or_else(PoisonError::into_inner).insert(key, rows.clone());
        rows
    }
}

/// Hosts in rows that have certificates on several keys.
fn of_many(manifest: &Manifest, inventory: &Inventory) -> BTreeSet<String> {
    let mut key_of: HashMap<String, u32> = HashMap::new();
    let mut out = BTreeSet::new();
    for entry in inventory.certificates.iter().filter(|e| !e.is_ca()) {
        for host in manifest.hosts_of(&entry.certificate) {
            if *key_of.entry(host.clone()).or_insert(entry.key) != entry.key {
                out.insert(host);
            }
        }
    }
    out
}

/// The way into an archive, normalised as paths are, and apart from the path of the archive: a name full of `..` leads out of no archive.
fn way(member: &str) -> String {
    member.split(INTO).map(normalise).collect::<Vec<_>>().join(INTO)
}
