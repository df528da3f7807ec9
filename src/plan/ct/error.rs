//! Why an answer cannot be used at all.

use std::fmt;

/// An answer that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CtError {
    /// The line or row, where one is to blame.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub says: String,
}

impl CtError {
    pub(super) fn new(line: Option<u64>, says: &str) -> Self {
        Self { line, says: says.to_owned() }
    }
}

impl fmt::Display for CtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.map_or(Ok(()), |line| write!(f, "line {line}: "))?;
        f.write_str(&self.says)
    }
}

impl std::error::Error for CtError {}
