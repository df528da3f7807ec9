//! Where things lie: in a file below a root, or in a member of an archive.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// Where a file lies, or a member of an archive: a path relative to its root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of the root.
    pub root: u32,
    /// `/` between parts; bytes that are not UTF-8 as `\xHH`. Of a member it is the path of the archive.
    pub path: Box<str>,
    rare: Option<Box<Rare>>,
}

/// What few places have.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rare {
    /// The raw bytes of the path, where they are not UTF-8.
    raw: Option<Box<[u8]>>,
    /// The way into the archive.
    member: Option<Box<str>>,
}

impl Place {
    /// Makes that of a file from raw bytes.
    #[must_use]
    pub fn new(root: u32, raw: &[u8]) -> Self {
        let (path, raw) = path_text(raw);
        Self { root, path, rare: raw.map(|raw| Box::new(Rare { raw: Some(raw), member: None })) }
    }

    /// That of a member of the archive that lies here: `a.pem`, or `inner.zip!/a.pem` in an archive within
    /// it.
    #[must_use]
    pub fn with_member(&self, member: &str) -> Self {
        let rare = Rare { raw: self.raw_path().map(Box::from), member: Some(member.into()) };
        Self { root: self.root, path: self.path.clone(), rare: Some(Box::new(rare)) }
    }

    /// That of the archive, for a member.
    #[must_use]
    pub fn file(&self) -> Self {
        let raw = self.raw_path().map(|raw| Box::new(Rare { raw: Some(raw.into()), member: None }));
        Self { root: self.root, path: self.path.clone(), rare: raw }
    }

    /// The bytes that the operating system knows the file by.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.raw_path().unwrap_or(self.path.as_bytes())
    }

    /// The same, only where they are not UTF-8.
    #[must_use]
    pub fn raw_path(&self) -> Option<&[u8]> {
        self.rare.as_ref()?.raw.as_deref()
    }

    /// The way into an archive; none for a file that lies in none.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        self.rare.as_ref()?.member.as_deref()
    }

    /// For people, and for patterns and manifests that name places: `backup.zip!/a.pem`, or the path alone.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        self.member()
            .map_or(Cow::Borrowed(&self.path), |member| Cow::Owned(format!("{}{INTO}{member}", self.path)))
    }
}

/// Between an archive or a container and what lies in it.
pub(crate) const INTO: &str = "!/";

/// A path as text: bytes that are not UTF-8 print as `\xHH`; then the raw bytes are kept beside.
#[must_use]
pub(crate) fn path_text(raw: &[u8]) -> (Box<str>, Option<Box<[u8]>>) {
    if let Ok(text) = std::str::from_utf8(raw) {
        return (text.into(), None);
    }
    let mut out = String::with_capacity(raw.len() + 8);
    for chunk in raw.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|b| out.push_str(&format!("\\x{b:02x}")));
    }
    (out.into(), Some(raw.into()))
}

/// Raw bytes back to a path.
pub(crate) fn to_path(raw: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(raw.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_no_text_keep_their_bytes() {
        assert_eq!(path_text(b"a/b"), ("a/b".into(), None));
        assert_eq!(path_text(b"a\xff/b"), ("a\\xff/b".into(), Some(b"a\xff/b"[..].into())));
    }
}
