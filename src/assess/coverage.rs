//! Whether a manifest fits the files at all: paths that begin otherwise in every row are the usual reason why
//! it does not.

use std::collections::HashSet;

use super::file_evidence::FileEvidence;
use super::manifest::normalise;
use super::matching::Matching;

/// Rows that are looked at for the cause.
const SAMPLE: usize = 10_000;

/// Parts of a path that are tried as a common beginning.
const PARTS: usize = 32;

/// What is to be reported where few rows match a file and most files have no row, with the likely cause and
/// the option that mends it.
pub(super) fn few_matches(matching: &Matching<'_>, evidence: &[FileEvidence]) -> Option<String> {
    let (rows, matched) = matching.matched();
    let inventory = matching.inventory();
    let present = || inventory.files.iter().zip(evidence).filter(|(f, _)| f.gone().is_none());
    let (files, without) = (present().count(), present().filter(|(_, e)| !e.has_rows()).count());
    if rows == 0 || files == 0 || matched * 2 >= rows || without * 2 <= files {
        return None;
    }
    let cause = cause(matching)
        .unwrap_or_else(|| "compare the paths in it with those below the scanned folder; --map names the column with the paths".to_owned());
    Some(format!(
        "{matched} of {rows} rows name a file here, and {without} of {files} files have no row; {cause}"
    ))
}

fn cause(matching: &Matching<'_>) -> Option<String> {
    let rows: Vec<&str> =
        matching.manifest().rows.iter().filter_map(|r| r.path.as_deref()).take(SAMPLE).collect();
    let files: Vec<String> =
        matching.inventory().files.iter().map(|f| normalise(&f.place.path).into_owned()).collect();
    let names: HashSet<&str> = files.iter().map(String::as_str).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let named: HashSet<&str> = rows.iter().copied().collect();
    let stripped = |list: &[&str], wanted: &HashSet<&str>| {
        let common = common(list);
        let fits = |n: &usize| {
            list.iter().filter(|path| rest(path, *n).is_some_and(|rest| wanted.contains(rest))).count()
        };
        let best =
            (1..=common).map(|n| (fits(&n), n)).max_by_key(|(fits, n)| (*fits, std::cmp::Reverse(*n)))?;
        let first = list.first()?;
        // More than half, so that a chance match of a few names is none.
        let prefix = &first[..first.len() - rest(first, best.1)?.len()];
        (best.0 * 2 > list.len().min(wanted.len())).then(|| crate::pki::show(prefix))
    };
    if let Some(prefix) = stripped(&rows, &names) {
        let option = crate::shell::line(&["--manifest-prefix", &prefix]);
        return Some(format!("every path in it begins with {prefix:?}: {option} removes that"));
    }
    stripped(&files, &named).map(|folder| {
        format!("its paths begin below {folder:?}: scan that folder instead of the one above it")
    })
}

/// How many parts all paths have in common at their beginning, file names aside.
fn common(paths: &[&str]) -> usize {
    let Some((first, others)) = paths.split_first() else { return 0 };
    let parts: Vec<&str> = first.split('/').collect();
    let mut common = parts.len().saturating_sub(1).min(PARTS);
    for path in others {
        common = path.split('/').zip(&parts[..common]).take_while(|(a, b)| a == *b).count();
    }
    common
}

/// A path without its first parts.
fn rest(path: &str, parts: usize) -> Option<&str> {
    let (at, _) = path.match_indices('/').nth(parts.checked_sub(1)?)?;
    path.get(at + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_have_in_common() {
        assert_eq!(common(&["a/b/x", "a/b/y", "a/b/c/z"]), 2);
        assert_eq!(common(&["a/b/x"]), 2);
        assert_eq!(common(&["x", "y"]), 0);
        assert_eq!(rest("a/b/x", 2), Some("x"));
        assert_eq!(rest("x", 1), None);
    }
}
