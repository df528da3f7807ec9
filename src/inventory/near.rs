//! What lies near each other: files of one folder, and files that people name alike because they belong together.

use crate::read::Place;

/// The folder that a file lies in, or that a member of an archive has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Folder<'a> {
    root: u32,
    /// Of a file its folder, of a member its archive.
    path: &'a [u8],
    /// Of a member: the way into the archive, without its file name.
    member: Option<&'a str>,
}

impl<'a> Folder<'a> {
    /// That of a place.
    pub(crate) fn of(place: &'a Place) -> Self {
        let parent = |path: &'a [u8]| memchr::memrchr(b'/', path).map_or(&[][..], |at| &path[..at]);
        match place.member() {
            None => Self { root: place.root, path: parent(place.raw()), member: None },
            Some(member) => Self { root: place.root, path: place.raw(), member: Some(member.rfind('/').map_or("", |at| &member[..at])) },
        }
    }
}

/// The name of a file without what tells a key from its certificate: `site.key`, `site.crt`, `site-key.pem` and `sitecert.pem` have one base name.
pub(crate) fn base_name(place: &Place) -> String {
    let path = place.member().unwrap_or(&place.path);
    let mut name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    while let Some(at) = name.rfind(['.', '-', '_']).filter(|at| *at > 0 && PARTS.contains(&&name[at + 1..])) {
        name.truncate(at);
    }
    let joined = ["key", "cert", "crt", "csr", "req"].iter().find_map(|part| name.strip_suffix(part).filter(|rest| rest.len() > 1));
    joined.map(str::to_owned).unwrap_or(name)
}

/// Whether the name of a file says that it holds a private key.
pub(crate) fn is_named_as_key(place: &Place) -> bool {
    let path = place.member().unwrap_or(&place.path).to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    name.split(['.', '-', '_']).skip(1).any(|part| matches!(part, "key" | "p8" | "pk8" | "pvk" | "p12" | "pfx" | "jks" | "private"))
}

/// What the names of files that belong together differ in: suffixes of formats, and words for what is in them.
const PARTS: &[&str] = &[
    "asc",
    "b64",
    "bak",
    "cer",
    "cert",
    "certificate",
    "crt",
    "csr",
    "der",
    "enc",
    "encrypted",
    "jks",
    "key",
    "keystore",
    "locked",
    "old",
    "orig",
    "p10",
    "p12",
    "p7b",
    "p7c",
    "p8",
    "pem",
    "pfx",
    "pk8",
    "pkcs8",
    "priv",
    "private",
    "pub",
    "public",
    "pvk",
    "req",
    "request",
    "save",
    "txt",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_belong_together_have_one_base_name() {
        let base = |path: &str| base_name(&Place::new(0, path.as_bytes()));
        for path in [
            "a/Site.example.key",
            "a/site.example.crt",
            "site.example-key.pem",
            "site.example.key.enc.bak",
            "site.example_private.key.txt",
            "site.examplekey.pem",
        ] {
            assert_eq!(base(path), "site.example", "{path}");
        }
        for path in ["key.pem", "ca.key", ".key", "chain.pem", "www.example.com", "a/b"] {
            assert!(!base(path).is_empty(), "{path}");
        }
        assert_ne!(base("a.example.key"), base("b.example.key"));
    }

    #[test]
    fn members_lie_in_folders_of_their_archive() {
        let zip = Place::new(0, b"x/a.zip");
        let (one, two, other) = (zip.with_member("d/a.pem"), zip.with_member("d/b.pem"), zip.with_member("a.pem"));
        assert_eq!(Folder::of(&one), Folder::of(&two));
        assert_ne!(Folder::of(&one), Folder::of(&other));
        assert_ne!(Folder::of(&other), Folder::of(&Place::new(0, b"x/a.zip/a.pem")));
        assert_eq!(base_name(&one), base_name(&other));
    }
}
