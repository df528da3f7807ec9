//! Parts that are made on several threads and handed on one after the other, in their order.
//!
//! Whoever completes the next part in line hands it on, so none waits for a collector: while one hands on,
//! the others put what they have in line and go on with the next.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What parts may weigh together that wait for their turn: bounds memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    /// While the next one is still made.
    pub(crate) made: usize,
    /// While one is handed on.
    pub(crate) handed: usize,
}

/// The line. `C` takes the parts, one thread at a time; its first error ends the run.
pub(crate) struct Line<T, C, E> {
    state: Mutex<State<T>>,
    out: Mutex<Out<C, E>>,
    turn: Condvar,
    ahead: Ahead,
}

struct State<T> {
    next: usize,
    /// With their weights.
    ready: BTreeMap<usize, (usize, T)>,
    weight: usize,
    /// Somebody hands on what is ready.
    handing: bool,
    /// Nothing more is wanted.
    over: bool,
}

struct Out<C, E> {
    consume: C,
    error: Option<E>,
}

impl<T, E, C: FnMut(T) -> Result<(), E>> Line<T, C, E> {
    pub(crate) const fn new(ahead: Ahead, consume: C) -> Self {
        let state = State { next: 0, ready: BTreeMap::new(), weight: 0, handing: false, over: false };
        Self {
            state: Mutex::new(state),
            out: Mutex::new(Out { consume, error: None }),
            turn: Condvar::new(),
            ahead,
        }
    }

    /// Puts part `number` in line, and hands on all that is ready unless somebody does so already. Numbers
    /// count from 0 and are drawn in their order, each once. `false` when the run is over.
    pub(crate) fn deliver(&self, number: usize, weight: usize, part: T) -> bool {
        let mut state = lock(&self.state);
        // The part that is next in line waits only while another one is handed on, so this ends.
        let full = |state: &State<T>| {
            if state.handing {
                state.weight >= self.ahead.handed
            } else {
                number > state.next && state.weight >= self.ahead.made
            }
        };
        while !state.over && full(&state) {
            state = self.turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.ready.insert(number, (weight, part));
        state.weight += weight;
        if state.handing {
            return !state.over;
        }
        state.handing = true;
        while !state.over {
            let next = state.next;
            let Some((weight, part)) = state.ready.remove(&next) else { break };
            state.weight -= weight;
            drop(state);
            let failed = {
                let mut out = lock(&self.out);
                out.error = (out.consume)(part).err();
                out.error.is_some()
            };
            state = lock(&self.state);
            state.next += 1;
            state.over |= failed;
            self.turn.notify_all();
        }
        state.handing = false;
        self.turn.notify_all();
        !state.over
    }

    /// Hands on a piece of part `number` before the rest of it is made, as soon as it is its turn. `false`
    /// when the run is over.
    pub(crate) fn piece(&self, number: usize, piece: T) -> bool {
        let mut state = lock(&self.state);
        // All parts before it were drawn before it, and whoever makes them does not wait for it: this ends.
        while !state.over && (state.handing || state.next != number) {
            state = self.turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.over {
            return false;
        }
        state.handing = true;
        drop(state);
        let failed = {
            let mut out = lock(&self.out);
            out.error = (out.consume)(piece).err();
            out.error.is_some()
        };
        state = lock(&self.state);
        state.handing = false;
        state.over |= failed;
        self.turn.notify_all();
        !state.over
    }

    /// Held by each thread while it makes parts: should it panic, nobody is left waiting for a part that
    /// never comes.
    pub(crate) const fn end_on_panic(&self) -> EndOnPanic<'_, T> {
        EndOnPanic { state: &self.state, turn: &self.turn }
    }

    /// The end of the run.
    ///
    /// # Errors
    /// That of `consume` which ended it.
    pub(crate) fn end(self) -> Result<(), E> {
        self.out.into_inner().unwrap_or_else(PoisonError::into_inner).error.map_or(Ok(()), Err)
    }
}

/// Ends the run for all threads when its own panics.
pub(crate) struct EndOnPanic<'a, T> {
    state: &'a Mutex<State<T>>,
    turn: &'a Condvar,
}

impl<T> Drop for EndOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.state).over = true;
            self.turn.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
