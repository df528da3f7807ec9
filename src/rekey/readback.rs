//! Reads replacements back from the disk, strictly: what we wrote before it counts as done, and what earlier
//! runs made.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls_pemfile::Item;
use zeroize::Zeroize;

use super::format::KeyFormat;
use super::key::{NewKey, unpem, verifies};
use super::model::{Error, KEY, RECORD, REPLACEMENTS, REQUEST};
use super::pbes::{self, Opener, WRONG_PASSPHRASE};
use super::record::{Made, Record};
use super::spec::NewKind;
use crate::files::{self, UNFINISHED};
use crate::id::{ProfileHash, SpkiHash};
use crate::pki::der::{self, SEQUENCE};
use crate::secret::Secret;
use crate::time::Time;

/// Files of a replacement are small; what is larger than this is something else. A request mirrors a
/// certificate, and the largest real ones have about 100 KiB.
const LONGEST: u64 = 16 << 20;

/// The replacements that a case holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Existing {
    /// Those that are whole, in the order of their directories.
    pub made: Vec<Made>,
    /// What is wrong with the others, and with the modes of key files.
    pub troubles: Vec<Trouble>,
    /// Of those that are whole, how many have an encrypted key that was not opened: that it is the key of the
    /// request is not checked.
    pub unopened: usize,
}

impl Existing {
    /// Where each replacement is, by what its certificates are for; relative to the case.
    #[must_use]
    pub fn directories(&self) -> BTreeMap<ProfileHash, String> {
        self.made.iter().map(|m| (m.record.profile, m.directory.clone())).collect()
    }
}

impl Made {
    /// When it was made, by its key file; `case` is the directory of the case.
    #[must_use]
    pub fn made_at(&self, case: &Path) -> Option<Time> {
        let modified = fs::metadata(case.join(&self.directory).join(KEY)).and_then(|meta| meta.modified());
        let since = modified.ok()?.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
        Some(Time::from_unix(since.as_secs().cast_signed()))
    }
}

/// Something wrong in `replacements/`. Nothing there is repaired, deleted or overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// The directory or file, relative to the case.
    pub place: String,
    /// What is wrong, in words.
    pub says: String,
    /// Which certificates it would replace, where that can still be read.
    pub profile: Option<ProfileHash>,
}

/// Kinds of [`Trouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// A replacement that cannot be used: something is missing or does not belong together.
    Damaged,
    /// Others than the owner may read a new key. The replacement is counted all the same.
    KeyReadable,
    /// The passphrase given does not open the key. The replacement is counted all the same.
    NotOpened,
}

/// Reads every replacement of a case and checks that key, request and record belong together. Of an encrypted
/// key only the form is checked.
///
/// # Errors
/// If the directory cannot be listed. A damaged replacement is a [`Trouble`], and so is one that cannot be
/// read.
pub fn existing(case_dir: &Path, threads: usize) -> Result<Existing, Error> {
    existing_opened(case_dir, threads, None)
}

/// Like [`existing`], and opens encrypted keys with the passphrase.
///
/// # Errors
/// If the directory cannot be listed.
pub fn existing_opened(
    case_dir: &Path,
    threads: usize,
    passphrase: Option<&Secret>,
) -> Result<Existing, Error> {
    let parent = case_dir.join(REPLACEMENTS);
    files::not_linked(&parent)?;
    let names = match list(&parent) {
        Err(files::Error::List { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Existing::default());
        }
        names => names?,
    };
    let opener = passphrase.map(Opener::new);
    let read = |chunk: &[String]| {
        chunk.iter().map(|name| read_one(&parent, name, opener.as_ref())).collect::<Vec<_>>()
    };
    let read: Vec<_> = std::thread::scope(|scope| {
        let share = names.len().div_ceil(threads.max(1)).max(1);
        let readers: Vec<_> = names.chunks(share).map(|chunk| scope.spawn(move || read(chunk))).collect();
        // A reader ends by panic only if this module is wrong; the panic goes on here.
        readers
            .into_iter()
            .flat_map(|r| r.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut out = Existing::default();
    for One { made, trouble, opened } in read {
        out.unopened += usize::from(made.is_some() && !opened);
        out.made.extend(made);
        out.troubles.extend(trouble);
    }
    Ok(out)
}

/// The names in `replacements/`, sorted; unfinished ones belong to a dead run and are left to the next
/// [`files::Batch`].
fn list(parent: &Path) -> Result<Vec<String>, files::Error> {
    let failed = |error| files::Error::List { path: parent.into(), error };
    let mut names = Vec::new();
    for entry in fs::read_dir(parent).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(UNFINISHED) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What became of one directory.
struct One {
    made: Option<Made>,
    trouble: Option<Trouble>,
    opened: bool,
}

fn read_one(parent: &Path, name: &str, opener: Option<&Opener<'_>>) -> One {
    let directory = parent.join(name);
    let place = format!("{REPLACEMENTS}/{name}");
    let damaged = |place, says: &str, profile| {
        let trouble = Some(Trouble { kind: TroubleKind::Damaged, place, says: says.into(), profile });
        One { made: None, trouble, opened: true }
    };
    if files::not_linked(&directory).is_err() {
        return damaged(
            place,
            "it is a symbolic link, and keys are neither written nor read through one; put the directory itself in its place",
            None,
        );
    }
    let record = match read_file(&directory.join(RECORD)).and_then(|bytes| Record::from_json(bytes.expose()))
    {
        Ok(record) => record,
        Err(says) => return damaged(place, says, None),
    };
    let (opened, wrong_passphrase) = match check(&directory, &record, opener) {
        Ok(opened) => (opened, false),
        // It may have another passphrase, and is no less there for that.
        Err(WRONG_PASSPHRASE) if check(&directory, &record, None).is_ok() => (false, true),
        Err(says) => return damaged(place, says, Some(record.profile)),
    };
    if wrong_passphrase {
        let (place, profile) = (format!("{place}/{KEY}"), Some(record.profile));
        let trouble =
            Some(Trouble { kind: TroubleKind::NotOpened, place, says: WRONG_PASSPHRASE.into(), profile });
        return One { made: Some(Made::new(name, record)), trouble, opened };
    }
    let mode = fs::metadata(directory.join(KEY)).map_or(0, |m| m.permissions().mode());
    let trouble = (mode & 0o077 != 0).then(|| Trouble {
        kind: TroubleKind::KeyReadable,
        place: format!("{place}/{KEY}"),
        says: format!(
            "its mode is {:04o}, so that others than its owner may read the new key; 0600 is right",
            mode & 0o7777
        ),
        profile: Some(record.profile),
    });
    One { made: Some(Made::new(name, record)), trouble, opened }
}

/// Checks that a request is for this subject, byte by byte.
pub(crate) fn is_for(request: &[u8], subject: &[u8]) -> Result<(), &'static str> {
    let parts = parts(request).ok_or("the request cannot be decoded")?;
    if parts.subject == subject { Ok(()) } else { Err("the request is for another subject") }
}

/// Checks that key and request in a directory are those of the record: the key parses and its public half is
/// the recorded one, the request is for that key and its signature is good. The reason in words if not.
/// `false`: the key is encrypted, and only its form was checked.
pub(crate) fn check(
    directory: &Path,
    record: &Record,
    opener: Option<&Opener<'_>>,
) -> Result<bool, &'static str> {
    let kind = kind(record)?;
    let opened = match (record.key_format, opener) {
        (KeyFormat::Pkcs8Encrypted, None) => {
            pbes::well_formed(&encrypted(&read_file(&directory.join(KEY))?)?)?;
            false
        }
        _ => {
            read_key(&directory.join(KEY), kind, record, opener)?;
            true
        }
    };
    let request = read_file(&directory.join(REQUEST))?;
    let Ok(Some((Item::Csr(request), _))) = rustls_pemfile::read_one_from_slice(request.expose()) else {
        return Err("request.pem is not a certification request in PEM");
    };
    let parts = parts(&request).ok_or("request.pem cannot be decoded")?;
    if SpkiHash::of(parts.spki) != record.spki_sha256 {
        return Err("request.pem is for another key than replacement.json says");
    }
    if !verifies(kind, parts.spki, parts.info, parts.signature) {
        return Err("the signature of request.pem is not good");
    }
    Ok(opened)
}

/// The new key of a replacement, which must be the one that its record names. `passphrase` is for encrypted
/// ones.
pub(crate) fn open_key(
    directory: &Path,
    record: &Record,
    passphrase: Option<&Secret>,
) -> Result<NewKey, &'static str> {
    read_key(&directory.join(KEY), kind(record)?, record, passphrase.map(Opener::new).as_ref())
}

fn kind(record: &Record) -> Result<NewKind, &'static str> {
    NewKind::named(&record.key_algorithm, record.key_bits)
        .ok_or("replacement.json names a kind of key that is not made here")
}

/// Reads a private key. The decoder's own line buffer is not ours to wipe; everything else is wiped.
fn read_key(
    path: &Path,
    kind: NewKind,
    record: &Record,
    opener: Option<&Opener<'_>>,
) -> Result<NewKey, &'static str> {
    let text = read_file(path)?;
    let format = record.key_format;
    let der = match format {
        KeyFormat::Pkcs8Encrypted => {
            opener.ok_or("key.pem is encrypted; its passphrase is needed")?.open(&encrypted(&text)?)?
        }
        _ => plain(&text, format)?,
    };
    let key = NewKey::from_der(kind, format, der.expose())
        .ok_or("key.pem is not a key of the kind that replacement.json says")?;
    if key.hash() == record.spki_sha256 {
        Ok(key)
    } else {
        Err("key.pem is another key than replacement.json says")
    }
}

/// The DER of a private key in PEM without encryption.
fn plain(text: &Secret, format: KeyFormat) -> Result<Secret, &'static str> {
    let wrong = match format {
        KeyFormat::Pkcs1 => "key.pem is not a private key in PKCS #1 PEM without encryption",
        KeyFormat::Sec1 => "key.pem is not a private key in SEC 1 PEM without encryption",
        KeyFormat::Pkcs8 | KeyFormat::Pkcs8Encrypted => {
            "key.pem is not a private key in PKCS #8 PEM without encryption"
        }
    };
    match (rustls_pemfile::read_one_from_slice(text.expose()), format) {
        (Ok(Some((Item::Pkcs8Key(mut key), _))), KeyFormat::Pkcs8) => {
            Ok(taken(key.secret_pkcs8_der().to_vec(), &mut key))
        }
        (Ok(Some((Item::Pkcs1Key(mut key), _))), KeyFormat::Pkcs1) => {
            Ok(taken(key.secret_pkcs1_der().to_vec(), &mut key))
        }
        (Ok(Some((Item::Sec1Key(mut key), _))), KeyFormat::Sec1) => {
            Ok(taken(key.secret_sec1_der().to_vec(), &mut key))
        }
        _ => Err(wrong),
    }
}

/// The bytes, and the decoder's own copy wiped.
fn taken(bytes: Vec<u8>, decoded: &mut impl Zeroize) -> Secret {
    decoded.zeroize();
    Secret::new(bytes)
}

/// The DER of an encrypted private key in PEM; the strict decoder does not know that label.
fn encrypted(text: &Secret) -> Result<Vec<u8>, &'static str> {
    unpem(KeyFormat::Pkcs8Encrypted.label(), text.expose())
        .ok_or("key.pem is not an encrypted private key in PKCS #8 PEM")
}

fn read_file(path: &Path) -> Result<Secret, &'static str> {
    let unread = |error: std::io::Error| match path.file_name().and_then(|n| n.to_str()) {
        Some(KEY) if is_other(&error) => "key.pem is a link or no regular file, and is not opened",
        Some(REQUEST) if is_other(&error) => "request.pem is a link or no regular file, and is not opened",
        Some(KEY) => "key.pem is missing or cannot be read",
        Some(REQUEST) => "request.pem is missing or cannot be read",
        _ if is_other(&error) => "replacement.json is a link or no regular file, and is not opened",
        _ => "replacement.json is missing or cannot be read",
    };
    let file = files::open_regular(path).map_err(unread)?;
    let size = file.metadata().map_err(unread)?.len();
    // One octet more than the size: the buffer never grows, so that no copy of a secret stays behind.
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(LONGEST)).unwrap_or(0) + 64);
    let read = file.take(LONGEST).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    read.map_err(unread)?;
    Ok(bytes)
}

/// Whether a file was not opened because of what it is.
fn is_other(error: &std::io::Error) -> bool {
    // ELOOP, a link, has no stable kind.
    error.kind() == std::io::ErrorKind::InvalidInput
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// The parts of a `CertificationRequest` (RFC 2986 section 4).
struct Parts<'a> {
    info: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
    signature: &'a [u8],
}

fn parts(request: &[u8]) -> Option<Parts<'_>> {
    let (whole, rest) = der::first(request)?;
    let fields = &mut whole.reader();
    let info = fields.tagged(SEQUENCE)?;
    fields.tagged(SEQUENCE)?;
    let signature = fields.bit_string()?;
    let inner = &mut info.reader();
    inner.integer()?;
    let subject = inner.tagged(SEQUENCE)?.content;
    let spki = inner.tagged(SEQUENCE)?.raw;
    (whole.tag == SEQUENCE && rest.is_empty() && fields.is_empty()).then_some(Parts {
        info: info.raw,
        subject,
        spki,
        signature,
    })
}
