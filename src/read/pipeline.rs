//! Reading on all cores, handing on in order.
//!
//! Workers draw batches of paths from the one walker, read them, and deliver what `add` made of them. Whoever completes the next batch in
//! line hands it to `consume`, so results arrive in the order of the walk whatever the number of threads, and none waits for a collector:
//! while one hands on, the others put what they have in line and go on reading.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::content::Reader;
use super::walk::{Met, Walk};
use super::{Found, Item, Ledger, Place, Roots};
use crate::finding::Reason;
use crate::limits::Limits;
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

/// Batches that may be done before one in line is: bounds memory when one file takes long.
const AHEAD: u64 = 1024;

/// Batches that may wait for the one who hands on: bounds memory when that takes longer than reading.
const WAITING: usize = 64;

struct Source<'a> {
    walk: Walk<'a>,
    next: u64,
    ended: bool,
}

/// The line of batches.
struct Line<T> {
    next: u64,
    ready: BTreeMap<u64, T>,
    /// Somebody hands on what is ready.
    handing: bool,
    /// Nothing more is wanted.
    over: bool,
    ledgers: Vec<Ledger>,
}

/// Where batches go: one thread at a time.
struct Out<C, E> {
    consume: C,
    error: Option<E>,
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
    let ledgers = vec![Ledger::default(); roots.list().len()];
    let line = Mutex::new(Line { next: 0, ready: BTreeMap::new(), handing: false, over: false, ledgers });
    let out = Mutex::new(Out { consume, error: None });
    let turn = Condvar::new();
    let work = || {
        // Should anything here panic, nobody is left waiting for a batch that never comes.
        let _end = EndOnPanic { line: &line, turn: &turn };
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
            if !deliver(&line, &out, &turn, number, collector) {
                break;
            }
        }
        let mut line = lock(&line);
        line.ledgers.iter_mut().zip(ledgers).for_each(|(sum, part)| *sum += part);
    };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.max(1) {
            scope.spawn(work);
        }
        work();
    });
    match out.into_inner().unwrap_or_else(PoisonError::into_inner).error {
        Some(error) => Err(error),
        None => Ok(line.into_inner().unwrap_or_else(PoisonError::into_inner).ledgers),
    }
}

fn draw(source: &Mutex<Source<'_>>, batch: &mut Vec<Met>) -> Option<u64> {
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

/// Puts a batch in line, and hands on all that is ready unless somebody does so already. `false` when the run is over.
fn deliver<T, E>(line: &Mutex<Line<T>>, out: &Mutex<Out<impl FnMut(T) -> Result<(), E>, E>>, turn: &Condvar, number: u64, collector: T) -> bool {
    let mut queue = lock(line);
    // The batch that is next in line waits only while another one is handed on, so this ends.
    while !queue.over && (number > queue.next + AHEAD || queue.handing && queue.ready.len() >= WAITING) {
        queue = turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    queue.ready.insert(number, collector);
    if queue.handing {
        return !queue.over;
    }
    queue.handing = true;
    while !queue.over {
        let next = queue.next;
        let Some(collector) = queue.ready.remove(&next) else { break };
        drop(queue);
        let failed = {
            let mut out = lock(out);
            out.error = (out.consume)(collector).err();
            out.error.is_some()
        };
        queue = lock(line);
        queue.next += 1;
        queue.over |= failed;
        turn.notify_all();
    }
    queue.handing = false;
    turn.notify_all();
    !queue.over
}

/// Ends the run for all threads when its own panics.
struct EndOnPanic<'a, T> {
    line: &'a Mutex<Line<T>>,
    turn: &'a Condvar,
}

impl<T> Drop for EndOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.line).over = true;
            self.turn.notify_all();
        }
    }
}

/// One file; a defect in a reader costs that file, not the run.
fn read_one(reader: &mut Reader<'_>, met: Met) -> Found {
    let place = Place::new(met.root, &met.path);
    catch_unwind(AssertUnwindSafe(|| reader.read(met))).unwrap_or_else(|_| {
        reader.reset();
        let body = Err(Unread::Unreadable(Reason::InternalError, String::new()));
        Found { place, modified: None, file_hash: None, items: vec![Item::whole_file(body, "file")] }
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
        let roots = Roots::open(&vec![path; (AHEAD as usize + 8) * BATCH]).unwrap();
        let options = Options { threads: 2, ..Options::default() };
        let add = |(): &mut (), found: Found| assert!(found.place.root > 0, "a file panicked");
        let _ = read(&roots, &options, || (), add, |()| Ok::<(), Infallible>(()));
    }
}
