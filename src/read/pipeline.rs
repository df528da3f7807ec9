//! Reading on all cores, handing on in order.
//!
//! Workers draw batches of paths from the one walker, read them, and put what `add` made of them in line, so that results arrive in the order
//! of the walk whatever the number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::content::Reader;
use super::walk::{Met, Walk};
use super::{Found, Item, Ledger, Place, Roots};
use crate::finding::Reason;
use crate::limits::Limits;
use crate::parallel::{Ahead, Line};
use crate::pki::Unread;

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Follow links to folders.
    pub follow_symlinks: bool,
    /// Compute the SHA-256 of every file.
    pub hash_files: bool,
    /// How many threads; at least one.
    pub threads: usize,
    /// Limits.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { follow_symlinks: false, hash_files: false, threads, limits: Limits::default() }
    }
}

/// Paths drawn from the walker at a time: enough that the lock costs nothing, few enough that threads end together.
const BATCH: usize = 32;

/// Batches that may wait while one file takes long, and while handing on takes longer than reading.
const AHEAD: Ahead = Ahead { made: 1024, handed: 64 };

struct Source<'a> {
    walk: Walk<'a>,
    next: usize,
    ended: bool,
}

/// Reads every root. For each batch of files `new` makes a collector, `add` puts one file into it on a worker thread, and `consume` gets the
/// collectors in the order of the walk. Returns one ledger per root.
///
/// # Errors
/// The first error of `consume` ends the run.
pub fn read<T: Send, E: Send>(
    roots: &Roots,
    options: &Options,
    new: impl Fn() -> T + Sync,
    add: impl Fn(&mut T, Found) + Sync,
    consume: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<Vec<Ledger>, E> {
    let source = Mutex::new(Source { walk: Walk::new(roots, &options.limits, options.follow_symlinks), next: 0, ended: false });
    let sum = Mutex::new(vec![Ledger::default(); roots.list().len()]);
    let line = Line::new(AHEAD, consume);
    let work = || {
        let _end = line.end_on_panic();
        let mut reader = Reader::new(options, roots);
        let mut ledgers = vec![Ledger::default(); roots.list().len()];
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(number) = draw(&source, &mut batch) {
            let mut collector = new();
            for met in batch.drain(..) {
                let found = read_one(&mut reader, met);
                found.items.iter().for_each(|item| ledgers[found.place.root as usize].count(item));
                add(&mut collector, found);
            }
            if !line.deliver(number, 1, collector) {
                break;
            }
        }
        lock(&sum).iter_mut().zip(ledgers).for_each(|(sum, part)| *sum += part);
    };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.max(1) {
            scope.spawn(work);
        }
        work();
    });
    line.end()?;
    Ok(sum.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn draw(source: &Mutex<Source<'_>>, batch: &mut Vec<Met>) -> Option<usize> {
    let mut source = lock(source);
    if source.ended {
        return None;
    }
    batch.extend(source.walk.by_ref().take(BATCH));
    source.ended = batch.len() < BATCH;
    let number = source.next;
    source.next += 1;
    Some(number)
}

/// One file; a defect in a reader costs that file, not the run.
fn read_one(reader: &mut Reader<'_>, met: Met) -> Found {
    let place = Place::new(met.root, &met.path);
    catch_unwind(AssertUnwindSafe(|| reader.read(met))).unwrap_or_else(|_| {
        reader.reset();
        let body = Err(Unread::Unreadable(Reason::InternalError, String::new()));
        Found { place, modified: None, member_time: None, file_hash: None, items: vec![Item::whole_file(body, "file")] }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// More batches than may be done before the first one: without an end the other thread would wait for it forever.
    #[test]
    #[should_panic(expected = "panicked")]
    fn a_defect_while_a_file_is_put_in_line_ends_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        std::fs::write(&path, "nothing").unwrap();
        let roots = Roots::open(&vec![path; (AHEAD.made + 8) * BATCH]).unwrap();
        let options = Options { threads: 2, ..Options::default() };
        let add = |(): &mut (), found: Found| assert!(found.place.root > 0, "a file panicked");
        let _ = read(&roots, &options, || (), add, |()| Ok::<(), Infallible>(()));
    }
}
