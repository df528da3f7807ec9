//! Names in rows and names of files, in the forms in which they compare.

use std::borrow::Cow;

/// Text to remove from the beginning of paths (`--manifest-prefix`).
#[derive(Debug, Clone, Default)]
pub(super) struct Prefix {
    /// As given, for what is no folder, such as `backup-`.
    text: String,
    /// Normalised like paths; a folder.
    folder: String,
}

impl Prefix {
    pub(super) fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        Self { text: text.trim_start_matches("./").to_owned(), folder: normalise(text).into_owned() }
    }

    /// A path without it; one that does not begin with it stays.
    pub(super) fn strip<'p>(&self, path: Cow<'p, str>) -> Cow<'p, str> {
        if self.text.is_empty() {
            return path;
        }
        let folder = path.strip_prefix(self.folder.as_str()).and_then(|rest| rest.strip_prefix('/')).filter(|_| !self.folder.is_empty());
        match folder.or_else(|| path.strip_prefix(self.text.as_str()).filter(|rest| !rest.is_empty())) {
            Some(rest) => Cow::Owned(rest.trim_start_matches('/').to_owned()),
            None => path,
        }
    }
}

/// `./a\b//c` and `/a/b/c` to `a/b/c`. Blanks around it are part of a name; rows are freed of them before.
#[must_use]
pub fn normalise(path: &str) -> Cow<'_, str> {
    // Most paths are as they should be.
    if !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

/// What comes before the first slash of a path, without what marks an archive there.
pub(crate) fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches('!')
}

/// A host name in the form in which they compare.
pub(super) fn host(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}
