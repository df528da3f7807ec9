//! Which rows of a manifest speak of which file, or of which member of an archive.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::fits::{Fits, Fitting, NORMALISED, Names};
use super::manifest::{Manifest, Row, plain_way};
use super::question::Question;
use super::rows::{Doubts, Rows};
use super::told::Told;
use crate::finding::Code;
use crate::id::Fingerprint;
use crate::inventory::{CertificateEntry, File, Inventory};
use crate::read::{INTO, Place, Roots};
use crate::text;
use crate::time::Time;

/// Whether rows for the path of a file speak of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paths {
    /// They do.
    Speak,
    /// The content came to this path after the case used them first.
    Silent,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// All that is in a file.
    File,
    /// One key in it.
    Key,
}

/// What the rows for each archive say, by its root and path, and the way to it where it lies in another.
type Archives = HashMap<(u32, String, Option<Fingerprint>), Option<Arc<Rows>>>;

/// The row speaks of some file.
const MATCHED: u8 = 1;
/// It does so only after normalisation.
const READ_OTHERWISE: u8 = 2;
/// Its path fits several files after normalisation, and none as it is written.
const FITS_SEVERAL: u8 = 4;
/// Its path names one file more closely than others that it fits.
const FITS_ANOTHER: u8 = 8;
/// Its path is that of a file whose content has another hash.
const OTHER_HASH: u8 = 16;
/// Its issuer and serial number fit certificates on several keys.
const SEVERAL_SERIALS: u8 = 32;

/// The rows of a manifest and the files they speak of.
pub(super) struct Matching<'a> {
    manifest: &'a Manifest,
    inventory: &'a Inventory,
    question: &'a Question<'a>,
    names: Names<'a>,
    fits: Fits,
    /// What is known of each row.
    marks: Vec<AtomicU8>,
    /// What the rows for an archive say: weighed once, however much lies in it.
    archives: Mutex<Archives>,
    /// Hosts in rows that have certificates on several keys here. Which of them was uploaded, such a row does
    /// not tell, nor whether the others were before.
    of_many: BTreeSet<String>,
    /// Rows whose issuer and serial number fit certificates on several keys: `16` is 0x10 and 0x16.
    of_many_serials: HashSet<u32>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        inventory: &'a Inventory,
        roots: &'a Roots,
        question: &'a Question<'a>,
    ) -> Self {
        let names = Names::new(manifest, roots);
        Self {
            manifest,
            inventory,
            question,
            fits: Fits::new(&names, inventory),
            names,
            marks: manifest.rows.iter().map(|_| AtomicU8::new(0)).collect(),
            archives: Mutex::default(),
            of_many: of_many(manifest, inventory),
            of_many_serials: of_many_serials(manifest, inventory),
        }
    }

    /// Rows that clear nothing though they tell of uploads after the cutoff: their host has certificates on
    /// several keys.
    pub(super) fn of_many(&self) -> impl Iterator<Item = &'a Row> {
        let mut rows: Vec<u32> =
            self.of_many.iter().flat_map(|host| self.manifest.rows_of_host(host)).copied().collect();
        rows.sort_unstable();
        let after = |t: Option<Time>| t.is_some_and(|t| t >= self.question.incident.cutoff);
        let clears =
            move |row: &&Row| after(row.uploaded.earliest) && !after(self.manifest.account_created(row));
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
        let with_path = self.manifest.rows.iter().filter(|row| row.path.is_some()).count();
        (with_path, self.marks.iter().filter(|marks| marks.load(Ordering::Relaxed) & MATCHED != 0).count())
    }

    /// Rows that spoke of no file so far.
    pub(super) fn unmatched(&self) -> impl Iterator<Item = &'a Row> {
        self.marked().filter(|(_, marks)| marks & MATCHED == 0).map(|(row, _)| row)
    }

    fn marked(&self) -> impl Iterator<Item = (&'a Row, u8)> {
        self.manifest.rows.iter().zip(&self.marks).map(|(row, marks)| (row, marks.load(Ordering::Relaxed)))
    }

    /// Reports rows that were matched with a doubt, or that contradict what they name.
    pub(super) fn report(&self, findings: &mut Told) {
        let manifest = self.manifest;
        let messages = [
            (
                READ_OTHERWISE,
                Code::NameNormalised,
                "the name in the row is written otherwise than the one here; after normalisation they are the same",
            ),
            (
                FITS_SEVERAL,
                Code::ManifestRowDoubtful,
                "its path fits several files here after normalisation, and none as it is written: it clears none of them",
            ),
            (
                FITS_ANOTHER,
                Code::ManifestRowDoubtful,
                "its path names one file here more closely than others that it fits: it clears none of the others",
            ),
            (
                OTHER_HASH,
                Code::ManifestRowBad,
                "the file at its path has another SHA-256: the row contradicts itself, and clears nothing",
            ),
            (
                SEVERAL_SERIALS,
                Code::ManifestRowDoubtful,
                "its serial number can be decimal or hexadecimal, or its issuer is not the only one of that name, and certificates on several keys fit: it clears none",
            ),
        ];
        for (row, marks) in self.marked() {
            for (mark, code, message) in messages.iter().filter(|(mark, ..)| marks & mark != 0) {
                let path = row.path.as_deref().filter(|_| mark & (SEVERAL_SERIALS) == 0);
                let path =
                    path.map_or_else(String::new, |p| format!("{:?}: ", text::cut(&crate::pki::show(p))));
                findings.tell(*code, || (manifest.place(row), format!("{path}{message}")));
            }
            let created = if marks & MATCHED != 0 { manifest.account_created(row) } else { None };
            if let (Some(latest), Some(created)) =
                (row.uploaded.latest, created.filter(|created| row.uploaded.latest < Some(*created)))
            {
                let says = || {
                    format!(
                        "uploaded at {latest} or earlier, and its account was created at {created} or later: the row contradicts itself, and clears nothing"
                    )
                };
                findings.tell(Code::ManifestRowBad, || (manifest.place(row), says()));
            }
        }
    }

    /// What the rows say that speak of a file with these certificates in it. The strongest way in which any
    /// row names it counts: path relative to its root, below the root as the user wrote it, or absolute, hash
    /// of the file, fingerprint of a certificate in it; then issuer and serial number of one; then the path
    /// of the archive it lies in, the innermost first; then a host name of one that is no CA. Rows for the
    /// archive fill in what closer ones leave open. The intermediates of a bundle lie in many others too: a
    /// row that names one of them says nothing of this file, unless there is nothing else in it. All rows
    /// that name it, or something in it or around it, are marked.
    pub(super) fn rows_for(
        &self,
        (at, file): (u32, &File),
        certificates: &[u32],
        (paths, subject): (Paths, Subject),
    ) -> Option<Rows> {
        let Self { manifest, inventory, .. } = *self;
        let entry = |c: &u32| &inventory.certificates[*c as usize];
        // Occurrences come in the order of files.
        let with_key = |e: &CertificateEntry| {
            inventory.keys[e.key as usize].private.binary_search_by_key(&at, |o| o.file).is_ok()
        };
        let own = |c: &&u32| inventory.chain_rule(**c, at).is_none() || with_key(entry(c));
        let none_is_own = !certificates.iter().any(|c| own(&c));
        let speaks = |c: &&u32| none_is_own || own(c);
        let entries = || certificates.iter().filter(speaks).map(entry);
        for other in certificates.iter().filter(|c| !speaks(c)).map(entry) {
            manifest.rows_for_hash(&other.certificate.sha256).for_each(|row| self.mark(row, MATCHED));
            manifest.rows_for_issuer(&other.certificate).into_iter().for_each(|row| self.mark(row, MATCHED));
        }
        let member = file.place.member();
        let mut doubts = Doubts::default();
        let mut rows =
            if paths == Paths::Speak { self.of_path(&file.place, member, &mut doubts) } else { Vec::new() };
        let of_path = rows.len();
        rows.extend(file.hash.iter().flat_map(|hash| manifest.rows_for_hash(hash)));
        let of_file = rows.len();
        rows.extend(entries().flat_map(|e| manifest.rows_for_hash(&e.certificate.sha256)));
        // The upload of one certificate is not that of all that is in the file.
        let of_content = if subject == Subject::Key { rows.len() } else { of_file };
        doubts.by_content = rows[of_path..of_content].iter().copied().collect();
        self.contradicting(&rows[..of_path], &mut doubts, |hash| {
            [&file.hash, &file.archive_hash].into_iter().flatten().any(|own| **own == *hash)
                || self.is_certificate_in(hash, &|file| file == at)
        });
        let by_issuer: Vec<u32> = entries().flat_map(|e| manifest.rows_for_issuer(&e.certificate)).collect();
        let hosts = || certificates.iter().filter(|c| inventory.chain_rule(**c, at).is_none()).map(entry);
        let by_host: Vec<u32> = hosts().flat_map(|e| self.rows_for_host(e)).collect();
        let archive = member.and_then(|way| self.rows_for_archive(file, way, paths));
        let ways = [rows, by_issuer, by_host];
        ways.iter().flatten().for_each(|row| self.mark(*row, MATCHED));
        // A host has many certificates; the path of an archive means what lies in it.
        let ways = ways
            .into_iter()
            .take(if archive.is_some() { 2 } else { 3 })
            .enumerate()
            .filter(|(_, rows)| !rows.is_empty());
        let of_many = || {
            hosts().flat_map(|e| manifest.hosts_of(&e.certificate)).any(|host| self.of_many.contains(&host))
        };
        let mut own: Option<Rows> = None;
        for (way, mut rows) in ways {
            if way == 1 {
                doubts.doubtful =
                    rows.iter().copied().filter(|row| self.of_many_serials.contains(row)).collect();
                doubts.doubtful.iter().for_each(|row| self.mark(*row, SEVERAL_SERIALS));
            }
            let weighed = Rows::weigh_with_path(
                manifest,
                &mut rows,
                if way == 0 { of_path } else { 0 },
                (self.question, &doubts),
            );
            let weighed = if way == 2 && of_many() {
                weighed.latest_of_several(manifest, &rows, self.question)
            } else {
                weighed
            };
            // A closer row that tells no time, an owners' list for example, hides none that does.
            let weighed = own.take().map_or_else(|| weighed.clone(), |closer| closer.filled_by(&weighed));
            let has_time = weighed.span.is_some();
            own = Some(weighed);
            if has_time {
                break;
            }
        }
        match (own, archive) {
            (Some(own), Some(archive)) => Some(own.within(&archive)),
            (None, Some(archive)) => Some(Rows::clone(&archive)),
            (own, None) => own,
        }
    }

    /// Rows that name a host of a certificate; those that write it otherwise are marked.
    fn rows_for_host(&self, entry: &CertificateEntry) -> Vec<u32> {
        let rows = self.manifest.rows_for_host(&entry.certificate);
        if !rows.is_empty() {
            let converted = Manifest::converts_hosts(&entry.certificate);
            let otherwise = rows.iter().filter(|row| converted || self.manifest.is_host_converted(**row));
            otherwise.for_each(|row| self.mark(*row, READ_OTHERWISE));
        }
        rows
    }

    /// Rows with the path of a file, or of what is at the end of a way into it. A row that names another file
    /// more closely counts only where no other row names this one.
    fn of_path(&self, place: &Place, way: Option<&str>, doubts: &mut Doubts) -> Vec<u32> {
        let found = self.names.rows(place, way);
        let found: Vec<(u32, Fitting)> = found
            .into_iter()
            .map(|(row, rank)| {
                let fitting = self.fits.of(row, rank);
                let otherwise =
                    if rank == NORMALISED && fitting != Fitting::Elsewhere { READ_OTHERWISE } else { 0 };
                self.mark(row, MATCHED | otherwise);
                (row, fitting)
            })
            .collect();
        let has_own = found.iter().any(|(_, fitting)| *fitting != Fitting::Elsewhere);
        for (row, fitting) in &found {
            match fitting {
                Fitting::Here => continue,
                Fitting::Doubtful => self.mark(*row, FITS_SEVERAL),
                Fitting::Elsewhere => self.mark(*row, FITS_ANOTHER),
            }
            doubts.doubtful.insert(*row);
        }
        found
            .into_iter()
            .filter(|(_, fitting)| !has_own || *fitting != Fitting::Elsewhere)
            .map(|(row, _)| row)
            .collect()
    }

    /// Notes the rows that name another hash than what they name by path has.
    fn contradicting(&self, rows: &[u32], doubts: &mut Doubts, fits: impl Fn(&Fingerprint) -> bool) {
        for row in rows
            .iter()
            .filter(|row| self.manifest.rows[**row as usize].sha256.as_ref().is_some_and(|hash| !fits(hash)))
        {
            self.mark(*row, OTHER_HASH);
            doubts.contradicting.insert(*row);
        }
    }

    /// Whether a hash is that of a certificate in one of these files.
    fn is_certificate_in(&self, hash: &Fingerprint, files: &dyn Fn(u32) -> bool) -> bool {
        let list = &self.inventory.certificates;
        let found =
            list.binary_search_by(|entry| entry.certificate.sha256.cmp(hash)).ok().map(|at| &list[at]);
        found.is_some_and(|entry| entry.occurrences.iter().any(|o| files(o.file)))
    }

    /// Whether rows name one of these certificates, and not the file that they lie in.
    pub(super) fn names(&self, certificates: &[u32]) -> bool {
        let Self { manifest, inventory, .. } = *self;
        certificates.iter().map(|c| &inventory.certificates[*c as usize]).any(|e| {
            let by_hash = manifest.rows_for_hash(&e.certificate.sha256).next().is_some();
            by_hash
                || !manifest.rows_for_issuer(&e.certificate).is_empty()
                || e.can_be_of_host() && !manifest.rows_for_host(&e.certificate).is_empty()
        })
    }

    fn mark(&self, row: u32, mark: u8) {
        self.marks[row as usize].fetch_or(mark, Ordering::Relaxed);
    }

    /// What the rows say that name the archives on the way, by path or by the hash of the file, from the
    /// innermost to the outermost; all are marked.
    fn rows_for_archive(&self, file: &File, way: &str, paths: Paths) -> Option<Arc<Rows>> {
        let place = &file.place;
        let plain = plain_way(way);
        let inner = plain.rsplit_once(INTO).map_or("", |(inner, _)| inner);
        let key = (place.root, format!("{}{INTO}{inner}", place.path), file.archive_hash.as_deref().copied());
        if paths == Paths::Silent {
            let rows: Vec<u32> =
                file.archive_hash.iter().flat_map(|hash| self.manifest.rows_for_hash(hash)).collect();
            let doubts = Doubts { by_content: rows.iter().copied().collect(), ..Doubts::default() };
            return (!rows.is_empty()).then(|| {
                Arc::new(Rows {
                    of_archive: true,
                    ..Rows::weigh(self.manifest, &rows, (self.question, &doubts))
                })
            });
        }
        if let Some(known) = self.archives.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let ways = way.rmatch_indices(INTO).map(|(end, _)| Some(&way[..end])).chain([None]);
        let weighed = ways.filter_map(|way| {
            let mut doubts = Doubts::default();
            let mut rows = self.of_path(place, way, &mut doubts);
            let of_path = rows.len();
            if let (None, Some(hash)) = (way, &file.archive_hash) {
                rows.extend(self.manifest.rows_for_hash(hash));
                doubts.by_content = rows[of_path..].iter().copied().collect();
                rows[of_path..].iter().for_each(|row| self.mark(*row, MATCHED));
                // A row for an archive can have the fingerprint of a certificate in it.
                let is_in = |file: u32| {
                    let other = &self.inventory.files[file as usize].place;
                    other.member().is_some() && (other.root, &other.path) == (place.root, &place.path)
                };
                self.contradicting(&rows[..of_path], &mut doubts, |own| {
                    *own == **hash || self.is_certificate_in(own, &is_in)
                });
            }
            (!rows.is_empty()).then(|| {
                let weighed =
                    Rows::weigh_with_path(self.manifest, &mut rows, of_path, (self.question, &doubts));
                Rows { of_archive: true, ..weighed }
            })
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
    for entry in inventory.certificates.iter().filter(|e| e.can_be_of_host()) {
        for host in manifest.hosts_of(&entry.certificate) {
            if *key_of.entry(host.clone()).or_insert(entry.key) != entry.key {
                out.insert(host);
            }
        }
    }
    out
}

/// Rows whose issuer and serial number fit certificates on several keys.
fn of_many_serials(manifest: &Manifest, inventory: &Inventory) -> HashSet<u32> {
    let mut key_of: HashMap<u32, u32> = HashMap::new();
    let named = inventory
        .certificates
        .iter()
        .flat_map(|e| manifest.rows_for_issuer(&e.certificate).into_iter().map(|row| (row, e.key)));
    named.filter(|(row, key)| *key_of.entry(*row).or_insert(*key) != *key).map(|(row, _)| row).collect()
}
