//! Where in a file reading is.

/// The part of a file that is in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Where it begins in the file.
    pub(super) base: u64,
    /// The number of its first line; 0 in binary data.
    pub(super) line: u32,
    /// Blocks from here on belong to the next window, if there is more of the file.
    pub(super) cut: usize,
    /// Whether there is.
    pub(super) more: bool,
    /// Where the last object ends that begins before the cut.
    pub(super) reached: usize,
}

/// The whole of a file.
impl Default for Window {
    fn default() -> Self {
        Self { base: 0, line: 1, cut: usize::MAX, more: false, reached: 0 }
    }
}
