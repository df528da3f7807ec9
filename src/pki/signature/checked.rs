//! What became of a signature check.

/// What became of a signature check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Checked {
    /// The key did not make this signature.
    Invalid,
    /// The algorithm, or the key's size, cannot be checked here. **That is no proof of anything.**
    NotSupported,
    /// The key made this signature.
    Valid,
}
