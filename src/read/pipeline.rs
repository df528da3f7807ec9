//! Reading on all cores, handing on in order.
//!
//! Workers draw batches of paths from the one walker, read them, and put what `add` made of them in line, so
//! that results arrive in the order of the walk whatever the number of threads.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::found::{Found, Item};
use super::ledger::Ledger;
use super::options::Options;
use super::place::Place;
use super::reader::Reader;
use super::source::roots::Roots;
use super::source::walk::{Met, Walk};
use crate::finding::Reason;
use crate::parallel::{Ahead, Line};
use crate::pki::Unread;

/// Paths drawn from the walker at a time: enough that the lock costs nothing, few enough that threads end
/// together.
const BATCH: usize = 32;

/// Records of archives after which a batch is handed on in pieces, each when it is its turn: an archive can
/// have a million members.
const PIECE: usize = 8192;

/// Batches that may wait while one file takes long, and while handing on takes longer than reading.
const AHEAD: Ahead = Ahead { made: 1024, handed: 64 };

struct Source<'a> {
    walk: Walk<'a>,
    next: usize,
    ended: bool,
}

/// Reads every root. For each batch of files `new` makes a collector, `add` puts one file into it on a worker
/// thread, and `consume` gets the collectors in the order of the walk. Returns one ledger per root.
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
    let source = Mutex::new(Source {
        walk: Walk::new(roots, &options.limits, options.follow_symlinks),
        next: 0,
        ended: false,
    });
    let sum = Mutex::new(vec![Ledger::default(); roots.list().len()]);
    let line = Line::new(AHEAD, consume);
    let work = || {
        let _end = line.end_on_panic();
        let mut reader = Reader::new(options, roots);
        let mut ledgers = vec![Ledger::default(); roots.list().len()];
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(number) = draw(&source, &mut batch) {
            let mut batched = Batched { number, collector: new(), records: 0, open: true };
            for met in batch.drain(..) {
                read_one(&mut reader, met, &mut |found| {
                    found.items.iter().for_each(|item| ledgers[found.place.root as usize].count(item));
                    batched.add(found, &line, &new, &add);
                });
            }
            // What members of archives take in memory counts like other files.
            let weight = 1 + batched.records / BATCH;
            if !batched.open || !line.deliver(number, weight, batched.collector) {
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

/// What was made of a batch so far.
struct Batched<T> {
    number: usize,
    collector: T,
    /// Records of members of archives in it.
    records: usize,
    /// Somebody still wants more.
    open: bool,
}

impl<T> Batched<T> {
    /// Adds what was found; when that is much, hands on what there is.
    fn add<E, C: FnMut(T) -> Result<(), E>>(
        &mut self,
        found: Found,
        line: &Line<T, C, E>,
        new: &impl Fn() -> T,
        add: &impl Fn(&mut T, Found),
    ) {
        if !self.open {
            return;
        }
        self.records += if found.place.member().is_some() { found.items.len() } else { 0 };
        add(&mut self.collector, found);
        if self.records >= PIECE {
            self.records = 0;
            self.open = line.piece(self.number, std::mem::replace(&mut self.collector, new()));
        }
    }
}

/// One file, or an archive member by member; a defect in a reader costs that file, not the run. One in `add`
/// ends the run.
fn read_one(reader: &mut Reader<'_>, met: Met, add: &mut dyn FnMut(Found)) {
    let place = Place::new(met.root, &met.path);
    let adding = Cell::new(false);
    let mut guarded = |found| {
        adding.set(true);
        add(found);
        adding.set(false);
    };
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| reader.read(met, &mut guarded))) else { return };
    if adding.get() {
        resume_unwind(panic);
    }
    reader.reset();
    let body = Err(Unread::Unreadable(Reason::InternalError, String::new()));
    add(Found {
        place,
        modified: None,
        member_time: None,
        file_hash: None,
        archive_hash: None,
        items: vec![Item::whole_file(body, "file")],
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// More batches than may be done before the first one: without an end the other thread would wait for it
    /// forever.
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
