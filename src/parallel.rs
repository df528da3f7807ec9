//! Work over a list on several threads, with the results in the order of the list, whatever thread made which.

use std::sync::{Mutex, PoisonError};

/// Items that a thread takes at once: enough that taking them costs nothing, few enough that threads end together.
const SHARE: usize = 256;

/// For each index below `len` what `each` makes of it. `new` makes what a thread keeps for itself while it works.
pub(crate) fn map<S, T: Send>(threads: usize, len: usize, new: impl Fn() -> S + Sync, each: impl Fn(&mut S, usize) -> T + Sync) -> Vec<T> {
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

/// Both results, the first one made beside the other.
pub(crate) fn join<A: Send, B>(threads: usize, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
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
    #[should_panic(expected = "of its own")]
    fn a_panic_is_passed_on() {
        let _ = join(2, || assert!(std::hint::black_box(false), "of its own"), || ());
    }
}
