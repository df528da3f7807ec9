//! Paths as records keep them.

use std::path::PathBuf;

/// Paths as they were given, by their octets where one is not UTF-8.
pub(super) fn exact_paths(texts: &[String], octets: &[String]) -> Vec<PathBuf> {
    let decode =
        |text: &String| Some(crate::read::walk::to_path(&base64_simd::STANDARD.decode_to_vec(text).ok()?));
    let exact: Option<Vec<PathBuf>> = octets.iter().map(decode).collect();
    exact.filter(|paths| !paths.is_empty()).unwrap_or_else(|| texts.iter().map(PathBuf::from).collect())
}
