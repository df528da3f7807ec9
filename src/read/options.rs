//! How to read.

use crate::limits::Limits;

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

impl Options {
    /// For what was read once under the limits that were asked for. Not the default, which asks the system for
    /// the number of processors: three more files for each certificate.
    pub(in crate::read) fn again() -> Self {
        Self { follow_symlinks: false, hash_files: false, threads: 1, limits: Limits::default() }
    }
}
