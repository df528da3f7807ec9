//! What lies near each other: files of one folder, and files that people name alike because they belong
//! together.

use std::os::unix::ffi::OsStrExt as _;

use crate::read::{Place, RootKind, Roots, WasRoot};

/// The directory of each root on the disk: of a file the one it is in, so that files given one by one have
/// the neighbours that they have there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directories(Vec<Vec<u8>>);

impl Directories {
    /// Those of these roots.
    pub(crate) fn of(roots: &Roots) -> Self {
        let of = |(root, number): (&crate::read::Root, u32)| {
            let path = match root.kind {
                RootKind::Folder | RootKind::Gone(WasRoot::Folder) => Some(root.absolute.as_path()),
                RootKind::File | RootKind::Gone(WasRoot::File) => root.absolute.parent(),
                RootKind::Stdin(_) | RootKind::Gone(WasRoot::Stdin) => None,
            };
            path.map_or_else(|| number.to_be_bytes().to_vec(), |path| path.as_os_str().as_bytes().to_vec())
        };
        Self(roots.list().iter().zip(0..).map(of).collect())
    }

    fn path(&self, place: &Place) -> Vec<u8> {
        let root =
            self.0.get(place.root as usize).cloned().unwrap_or_else(|| place.root.to_be_bytes().to_vec());
        [&root[..], b"/", place.raw()].concat()
    }
}

/// The folder of a file, or of a member of an archive in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Folder {
    /// Of a file its folder, of a member its archive.
    path: Vec<u8>,
    /// Of a member: the way into the archive, without its file name.
    member: Option<String>,
}

impl Folder {
    /// That of a place.
    pub(crate) fn of(place: &Place, directories: &Directories) -> Self {
        let mut path = directories.path(place);
        match place.member() {
            None => {
                path.truncate(memchr::memrchr(b'/', &path).unwrap_or(0));
                Self { path, member: None }
            }
            Some(member) => Self { path, member: Some(member[..member.rfind('/').unwrap_or(0)].to_owned()) },
        }
    }

    /// The same without a last part that only tells keys from certificates: `certs/ca.crt` belongs to
    /// `private/ca.key`.
    pub(crate) fn without_kind(mut self) -> Self {
        let part = |path: &[u8]| memchr::memrchr(b'/', path).map_or(0, |at| at + 1);
        let is_kind = |name: &[u8]| FOLDERS.iter().any(|folder| name.eq_ignore_ascii_case(folder.as_bytes()));
        match &mut self.member {
            Some(member) if is_kind(&member.as_bytes()[part(member.as_bytes())..]) => {
                member.truncate(part(member.as_bytes()).saturating_sub(1))
            }
            None if is_kind(&self.path[part(&self.path)..]) => {
                self.path.truncate(part(&self.path).saturating_sub(1))
            }
            _ => {}
        }
        self
    }
}

/// Names of folders that tell keys from certificates.
const FOLDERS: &[&str] = &[
    "cert",
    "certificate",
    "certificates",
    "certs",
    "crt",
    "csr",
    "csrs",
    "key",
    "keys",
    "newcerts",
    "private",
    "public",
    "req",
    "reqs",
    "requests",
];

/// The name of a file without what tells a key from its certificate: `site.key`, `site.crt`, `site-key.pem`
/// and `sitecert.pem` have one base name.
pub(crate) fn base_name(place: &Place) -> String {
    let path = place.member().unwrap_or(&place.path);
    let mut name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    while let Some(at) = name.rfind(['.', '-', '_']).filter(|at| *at > 0 && PARTS.contains(&&name[at + 1..]))
    {
        name.truncate(at);
    }
    let joined = ["key", "cert", "crt", "csr", "req"]
        .iter()
        .find_map(|part| name.strip_suffix(part).filter(|rest| rest.len() > 1));
    joined.map(str::to_owned).unwrap_or(name)
}

/// Whether the name of a file says that it holds a private key.
pub(crate) fn is_named_as_key(place: &Place) -> bool {
    let path = place.member().unwrap_or(&place.path).to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    name.split(['.', '-', '_'])
        .skip(1)
        .any(|part| matches!(part, "key" | "p8" | "pk8" | "pvk" | "p12" | "pfx" | "jks" | "private"))
}

/// What the names of files that belong together differ in: suffixes of formats, and words for what is in
/// them.
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
        let (one, two, other) =
            (zip.with_member("d/a.pem"), zip.with_member("d/b.pem"), zip.with_member("a.pem"));
        let folder = |place: &Place| Folder::of(place, &Directories::default());
        assert_eq!(folder(&one), folder(&two));
        assert_ne!(folder(&one), folder(&other));
        assert_ne!(folder(&other), folder(&Place::new(0, b"x/a.zip/a.pem")));
        assert_eq!(base_name(&one), base_name(&other));
        let kind = |path: &str| folder(&Place::new(0, path.as_bytes())).without_kind();
        assert_eq!(kind("ca/certs/intermediate.cert.pem"), kind("ca/private/intermediate.key.pem"));
        assert_eq!(kind("ca/certs/ca.pem"), kind("ca/ca.pem"));
        assert_ne!(kind("a/certs/ca.pem"), kind("b/private/ca.pem"));
        let member = |way: &str| folder(&zip.with_member(way)).without_kind();
        assert_eq!(member("p/certs/ca.crt"), member("p/Private/ca.key"));
        assert_eq!(member("certs/ca.crt"), member("private/ca.key"));
    }
}
