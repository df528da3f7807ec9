//! Formats of standard output.

use clap::ValueEnum;

/// Output formats of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values, safe to open in a spreadsheet
    Csv,
}

/// Output formats of what a case tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaseFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
}
