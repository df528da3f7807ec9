//! A small incident to practise on.
use crate::files;
use std::path::Path;
/// Writes it.
///
/// # Errors
/// Disk.
pub fn write(_: &Path) -> Result<(), files::Error> {
    Ok(())
}
