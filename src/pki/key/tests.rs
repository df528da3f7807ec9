//! Known answers and hostile keys.
