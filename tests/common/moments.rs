//! When to kill a run, on a machine whose speed changes while the tests go on.

use std::time::{Duration, Instant};

/// Moments spread over the length of a run, as that is now: a run that ended before it could be killed tells
/// that runs have become shorter, one that was killed that they may have become longer.
pub(crate) struct Moments {
    dice: u64,
    /// Microseconds.
    whole: u64,
}

impl Moments {
    /// `seed` makes the choice the same each time; `run` is the run to be killed, whole.
    pub(crate) fn of(seed: u64, mut run: impl FnMut()) -> Self {
        let mut once = || {
            let begun = Instant::now();
            run();
            begun.elapsed().as_micros() as u64
        };
        Self { dice: seed, whole: once().min(once()) }
    }

    /// The next one.
    pub(crate) fn draw(&mut self) -> Duration {
        // Xorshift (Marsaglia 2003).
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        Duration::from_micros(self.dice % self.whole)
    }

    /// Tells how it went.
    pub(crate) fn tell(&mut self, killed: bool) {
        self.whole = (if killed { self.whole * 9 / 8 } else { self.whole * 3 / 4 }).max(100);
    }
}
