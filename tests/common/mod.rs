//! What the end-to-end tests share: the binary, folders to run it in, and a PKI whose constructors name the
//! case ([`pki`]).
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

pub mod moments;
pub mod peers;
pub mod pki;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use certrecall::id::Fingerprint;
use certrecall::inventory::Inventory;
use certrecall::read::{Options, Roots};
use certrecall::time::Written;
use serde_json::Value;

/// What a run of the binary gave.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            status: output.status.code().expect("ended by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    /// Every line as JSON.
    pub fn records(&self) -> Vec<Value> {
        self.stdout.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// The binary, with an environment that changes nothing.
pub fn certrecall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certrecall"));
    command.env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// A copy of the binary that any user can reach: the build folder may lie where only its owner may look.
pub fn for_anybody(folder: &Folder) -> PathBuf {
    let copy = folder.path().join("program");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_certrecall"), &copy).unwrap();
    }
    copy
}

/// Runs a program that was copied a moment ago: a child of another test can still hold it open for writing
/// until it is a program of its own.
pub fn ran_as(command: &mut Command) -> Ran {
    loop {
        match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            ran => return ran.unwrap().into(),
        }
    }
}

/// Runs it with these arguments.
pub fn run<A: AsRef<OsStr>>(arguments: &[A]) -> Ran {
    certrecall().args(arguments).output().unwrap().into()
}

/// Runs it with something on standard input.
pub fn run_with_input(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = certrecall()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

/// A folder of its own, with what tests do to folders.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of something in it, for command lines.
    pub fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, whatever folders it needs, last changed on a day that says nothing.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        self.write_changed(name, content, LATE)
    }

    /// The same, last changed at a time.
    pub fn write_changed(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>, changed: &str) -> &Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_changed(&path, changed);
        self
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }
}

/// What an archive has: the name, what is in it, and when it was last changed.
pub type Member<'m> = (&'m str, &'m [u8], Option<&'m str>);

/// A tar of these members; `x.tar!/y` is the member `y` of the archive `x.tar` in it, and those of one
/// archive follow one another.
pub fn tar(members: &[Member<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let archive = |name: &str| name.split_once("!/").map(|(archive, _)| archive.to_owned());
    for same in members.chunk_by(|a, b| archive(a.0).is_some() && archive(a.0) == archive(b.0)) {
        match archive(same[0].0) {
            Some(name) => {
                let inner: Vec<Member<'_>> = same
                    .iter()
                    .map(|(way, content, time)| (&way[name.len() + 2..], *content, *time))
                    .collect();
                push_member(&mut out, &name, &tar(&inner), None);
            }
            None => same.iter().for_each(|(name, content, time)| push_member(&mut out, name, content, *time)),
        }
    }
    out.extend([0; 1024]);
    out
}

/// A header of POSIX.1-2017 (ustar), and the content in whole blocks. Without a time it says 0.
fn push_member(out: &mut Vec<u8>, name: &str, content: &[u8], time: Option<&str>) {
    let mut header = [0; 512];
    let mut field = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    field(0, name);
    field(100, "0000600\0");
    field(108, "0000000\0");
    field(116, "0000000\0");
    field(124, &format!("{:011o}\0", content.len()));
    field(136, &format!("{:011o}\0", time.map_or(0, unix)));
    field(148, "        0");
    field(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend(header);
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

/// A file time long after any cutoff: as an upper bound it says nothing.
pub const LATE: &str = "2025-06-01T00:00:00Z";

/// Seconds since 1970 of a time as people write it.
pub fn unix(text: &str) -> i64 {
    Written::parse(text).unwrap().as_utc().unix()
}

pub fn set_changed(path: &Path, time: &str) {
    let seconds = unix(time);
    let offset = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { SystemTime::UNIX_EPOCH - offset } else { SystemTime::UNIX_EPOCH + offset };
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Everything below a folder: relative path and metadata, links not followed, sorted.
pub fn everything(folder: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                folders.push(path.clone());
            }
            out.push((path.strip_prefix(folder).unwrap().to_owned(), meta));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// Every path below a folder with its mode, folders with a slash behind.
pub fn modes(folder: &Path) -> Vec<(String, u32)> {
    let shown = |path: &Path, meta: &fs::Metadata| {
        format!("{}{}", path.to_str().unwrap(), if meta.is_dir() { "/" } else { "" })
    };
    everything(folder).iter().map(|(p, m)| (shown(p, m), m.permissions().mode() & 0o7777)).collect()
}

/// Everything about a tree that a reader must leave as it was: content, kind, mode, owner, inode and time of
/// change of every entry.
pub fn state(folder: &Path) -> BTreeMap<PathBuf, String> {
    let describe = |path: &Path, meta: &fs::Metadata| {
        let content = if meta.is_file() {
            Fingerprint::of(&fs::read(folder.join(path)).unwrap()).to_string()
        } else if meta.is_symlink() {
            format!("{:?}", fs::read_link(folder.join(path)).unwrap().as_os_str().as_bytes())
        } else {
            String::new()
        };
        format!(
            "{:o} {} {} {} {}.{} {content}",
            meta.mode(),
            meta.uid(),
            meta.ino(),
            meta.nlink(),
            meta.mtime(),
            meta.mtime_nsec()
        )
    };
    let mut out: BTreeMap<_, _> =
        everything(folder).iter().map(|(p, m)| (p.clone(), describe(p, m))).collect();
    out.insert(PathBuf::from("."), describe(Path::new("."), &fs::metadata(folder).unwrap()));
    out
}

/// The keys of a plan by the name of their hash.
pub fn key<'a>(plan: &'a Value, spki: &str) -> &'a Value {
    plan["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["spki_sha256"] == spki)
        .unwrap_or_else(|| panic!("no key {spki} in the plan"))
}

/// Runs openssl, which must be there; whether it succeeded, and what it wrote.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("openssl is needed for this test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What the collections of real files hold, which lie in the directory named by `CERTRECALL_CORPORA`, by
/// default `target/corpora`.
pub fn corpora() -> (Roots, Inventory) {
    let home =
        std::env::var_os("CERTRECALL_CORPORA").map_or_else(|| PathBuf::from("target/corpora"), PathBuf::from);
    let roots = Roots::open(&[home]).unwrap();
    let inventory = Inventory::read(&roots, &Options::default());
    (roots, inventory)
}
