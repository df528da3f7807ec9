//! Work over a list on several threads, with the results in the order of the list, whatever thread made
//! which.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

mod line;

pub(crate) use line::{Ahead, Line};

/// Items that a thread takes at once: enough that taking them costs nothing, few enough that threads end
/// together.
const SHARE: usize = 256;

/// For each index below `len` what `each` makes of it. `new` makes what a thread keeps for itself while it
/// works.
pub(crate) fn map<S, T: Send>(
    threads: usize,
    len: usize,
    new: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.min(len.div_ceil(SHARE));
    if threads < 2 {
        let mut own = new();
        return (0..len).map(|i| each(&mut own, i)).collect();
    }
    // Each result is put where it stays: very many do not lie in memory twice.
    let mut out: Vec<Option<T>> = (0..len).map(|_| None).collect();
    let shares = Mutex::new(out.chunks_mut(SHARE).enumerate());
    let work = || {
        let mut own = new();
        loop {
            let share = shares.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, places)) = share else { break };
            places.iter_mut().zip(at * SHARE..).for_each(|(place, i)| *place = Some(each(&mut own, i)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    out.into_iter().flatten().collect()
}

/// Makes a part for each number below `len`, and hands them on in that order. `weigh` tells what a part takes
/// in memory.
///
/// # Errors
/// The first error of `consume` ends the run.
pub(crate) fn in_order<T: Send, E: Send>(
    threads: usize,
    len: usize,
    ahead: Ahead,
    make: impl Fn(usize) -> T + Sync,
    weigh: impl Fn(&T) -> usize + Sync,
    consume: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let line = Line::new(ahead, consume);
    let work = || {
        let _end = line.end_on_panic();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= len {
                break;
            }
            let part = make(number);
            if !line.deliver(number, weigh(&part), part) {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(len) {
            scope.spawn(work);
        }
        work();
    });
    line.end()
}

/// Both results, the first one made beside the other.
pub(crate) fn join<A: Send, B>(
    threads: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B,
) -> (A, B) {
    if threads < 2 {
        return (a(), b());
    }
    std::thread::scope(|scope| {
        let a = scope.spawn(a);
        let b = b();
        (a.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_list_whatever_the_threads() {
        for len in [0, 1, SHARE - 1, SHARE, SHARE + 1, 10 * SHARE + 3] {
            let expected: Vec<usize> = (0..len).map(|i| i * i).collect();
            for threads in [0, 1, 2, 3, 64] {
                assert_eq!(map(threads, len, || (), |(), i| i * i), expected, "{len} on {threads}");
            }
        }
        assert_eq!((join(1, || 1, || 2), join(4, || 1, || 2)), ((1, 2), (1, 2)));
    }

    #[test]
    fn each_thread_keeps_what_is_its_own() {
        let count = |n: &mut usize, _| {
            *n += 1;
            *n
        };
        let seen = map(3, 5000, || 0, count);
        // Each thread counts its own items from one, so no number is missing below the largest.
        assert!((1..=*seen.iter().max().unwrap_or(&0)).all(|n| seen.contains(&n)));
        assert!(!seen.is_empty());
    }

    #[test]
    fn parts_are_handed_on_in_order_however_far_ahead_they_may_be() {
        for (made, handed) in [(0, 0), (1, 1), (3, 100), (1000, 1000)] {
            for threads in [0, 1, 2, 5] {
                let mut got = Vec::new();
                // Every seventh takes long.
                let make = |i: usize| {
                    let rounds = if i.is_multiple_of(7) { 100_000 } else { 10 };
                    (0..rounds).fold(i, |n, _| std::hint::black_box(n))
                };
                let consume = |i| {
                    got.push(i);
                    if i == 900 { Err("enough") } else { Ok(()) }
                };
                let ended = in_order(threads, 1000, Ahead { made, handed }, make, |i| *i, consume);
                assert_eq!((got.len(), ended), (901, Err("enough")));
                assert!(got.is_sorted());
            }
        }
    }

    #[test]
    #[should_panic(expected = "panicked")]
    fn a_panic_while_a_part_is_made_leaves_nobody_waiting() {
        let _ = in_order(
            3,
            100,
            Ahead { made: 4, handed: 4 },
            |i| assert!(i > 0, "a part panicked"),
            |()| 1,
            |()| Ok::<(), ()>(()),
        );
    }

    #[test]
    #[should_panic(expected = "of its own")]
    fn a_panic_is_passed_on() {
        let _ = join(2, || assert!(std::hint::black_box(false), "of its own"), || ());
    }
}
