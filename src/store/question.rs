//! The question of a case: every option that can change what is seen, a verdict, a deadline or an authority, with the hash of each file that
//! an option names. It is stored in the case, so that a later run judges by the same rules, and reports each difference.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::assess::incident;
use crate::id::Fingerprint;
use crate::limits;
use crate::time::{Time, Written};

macro_rules! options {
    ($($scope:ident: $variant:ident $name:literal $arity:ident $file:ident,)*) => {
        /// An option that belongs to the question.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum OptionName {
            $(#[doc = concat!("`--", $name, "`.")] #[serde(rename = $name)] $variant,)*
        }

        impl OptionName {
            /// Every option, in the order of names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line, without the dashes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The command that it belongs to.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            const fn arity(self) -> Arity {
                match self { $(Self::$variant => Arity::$arity,)* }
            }

            const fn reference(self) -> Reference {
                match self { $(Self::$variant => Reference::$file,)* }
            }
        }
    };
}

options! {
    Complete: AcceptUnknownRoot "accept-unknown-root" Switch Text,
    Plan: Cas "cas" List File,
    Plan: Ccadb "ccadb" One File,
    Complete: Chain "chain" List Path,
    Complete: Crl "crl" List Path,
    Plan: Cutoff "cutoff" One Text,
    Plan: DateFromPath "date-from-path" One Text,
    Plan: DistrustCertificateDates "distrust-certificate-dates" Switch Text,
    Plan: Due "due" One Text,
    Plan: FollowSymlinks "follow-symlinks" Switch Text,
    Plan: Incident "incident" One NameOrFile,
    Plan: KnownCompromised "known-compromised" One File,
    Plan: Manifest "manifest" List File,
    Plan: ManifestPrefix "manifest-prefix" One Text,
    Plan: Map "map" List Text,
    Plan: MaxBroken "max-broken" One Text,
    Plan: MaxDepth "max-depth" One Text,
    Plan: MaxFileSize "max-file-size" One Text,
    Complete: Reason "reason" One Text,
    Complete: Root "root" List Path,
    Plan: Roots "roots" List File,
    Plan: Uploaded "uploaded" One Text,
    Complete: Waive "waive" List Text,
    Complete: WaiveName "waive-name" List Text,
}

impl OptionName {
    /// Whether a change of it is a reason to judge anew; the others bound work or set deadlines.
    #[must_use]
    pub const fn decides_verdicts(self) -> bool {
        !matches!(
            self,
            Self::Cas | Self::Ccadb | Self::Due | Self::FollowSymlinks | Self::MaxBroken | Self::MaxDepth | Self::MaxFileSize | Self::Roots
        )
    }
}

/// The commands that a case keeps options of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `complete`: what vouches for an answer of a CA, and what is accepted of it.
    Complete,
    /// `plan` and `run`: what is read, and how it is judged.
    Plan,
}

impl Scope {
    /// Its name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Plan => "plan",
        }
    }
}

/// How many values an option has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arity {
    Switch,
    One,
    List,
}

/// What the value of an option refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reference {
    Text,
    File,
    /// A file, or a folder with files.
    Path,
    /// A built-in incident profile, else a file.
    NameOrFile,
}

impl std::str::FromStr for OptionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim_start_matches("--");
        Self::ALL.iter().copied().find(|o| o.as_str() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|o| o.as_str()).collect();
            format!("{text:?} is not an option that a case stores; these are: {}", names.join(", "))
        })
    }
}

/// Text as the operating system has it; in records a string, or `{"b64": ...}` where it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raw(pub OsString);

impl Raw {
    /// As a path.
    #[must_use]
    pub fn path(&self) -> &Path {
        Path::new(&self.0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawRecord {
    Text(String),
    Octets { b64: String },
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let record = match self.0.to_str() {
            Some(text) => RawRecord::Text(text.to_owned()),
            None => RawRecord::Octets { b64: base64_simd::STANDARD.encode_to_string(self.0.as_bytes()) },
        };
        record.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match RawRecord::deserialize(d)? {
            RawRecord::Text(text) => Ok(Self(text.into())),
            RawRecord::Octets { b64 } => {
                let octets = base64_simd::STANDARD.decode_to_vec(b64).map_err(|_| serde::de::Error::custom("not base64"))?;
                Ok(Self(OsString::from_vec(octets)))
            }
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::pki::show(&self.0.to_string_lossy()))
    }
}

/// One value of a stored option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// As given; the absolute path of a file.
    pub value: Raw,
    /// Of a file: what was in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// The content of a file that an option names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its hash.
    pub sha256: Fingerprint,
    /// When the case used this content first.
    pub since: Time,
    /// It was a pipe, which cannot be read again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub piped: bool,
}

/// The options that a case was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Question(BTreeMap<OptionName, Vec<Value>>);

/// A root as a case keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRoot {
    /// As the user wrote it first; manifests may name files below it.
    pub given: Raw,
    /// Absolute, links in it resolved; `-` for standard input.
    pub absolute: Raw,
    /// What it is.
    pub kind: StoredRootKind,
    /// Where it was before, the last place last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_from: Vec<Raw>,
}

/// The kinds of root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredRootKind {
    /// A single file.
    File,
    /// A folder and all below it.
    Folder,
    /// Standard input.
    Stdin,
}

/// What a command line gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Options with their values, as typed; a switch has none.
    pub options: BTreeMap<OptionName, Vec<OsString>>,
    /// Options to drop from the stored question.
    pub forget: Vec<OptionName>,
}

/// A question with the contents of its files.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The options that count now, to be stored.
    pub question: Question,
    /// In what they differ from the stored ones, in the order of names.
    pub changes: Vec<Change>,
    contents: BTreeMap<PathBuf, Vec<u8>>,
}

/// The digest of a folder: of the names and contents of everything below it, so that what is added to it is reported.
fn folder(path: &Path) -> io::Result<Fingerprint> {
    let mut names = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let entry = entry?.path();
            if entry.is_dir() && !entry.is_symlink() { folders.push(entry) } else { names.push(entry) }
        }
    }
    names.sort();
    let mut text = Vec::new();
    for name in names {
        text.extend_from_slice(name.strip_prefix(path).unwrap_or(&name).as_os_str().as_bytes());
        text.push(0);
        let mut content = Vec::new();
        // What cannot be read is not used either.
        if let Ok(file) = File::open(&name)
            .and_then(|file| file.metadata().map(|meta| (file, meta)))
            .and_then(|(file, meta)| if meta.is_file() { Ok(file) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) })
        {
            file.take(limits::INPUT).read_to_end(&mut content)?;
        }
        text.extend_from_slice(Fingerprint::of(&content).as_bytes());
    }
    Ok(Fingerprint::of(&text))
}

/// A difference between the stored question and the one that counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The option.
    pub option: OptionName,
    /// What is different.
    pub message: String,
    /// The values are written otherwise and mean the same.
    pub same_meaning: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option.as_str(), self.message)
    }
}

/// A question that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum QuestionError {
    /// A file that the command line names cannot be read.
    Given {
        /// The option.
        option: OptionName,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that the stored question names cannot be read any more.
    Stored {
        /// The option.
        option: OptionName,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// An option is given and to be forgotten.
    Both(OptionName),
    /// An option is to be forgotten that the case does not store.
    NotStored(OptionName),
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { option, path, .. } => write!(f, "cannot read {path:?}, given by --{}", option.as_str()),
            Self::Stored { option, path, .. } => write!(f, "cannot read {path:?}, which the case uses as --{}", option.as_str()),
            Self::Both(option) => write!(f, "--{0} is given, and --forget {0} as well", option.as_str()),
            Self::NotStored(option) => write!(f, "the case stores no --{}, so it cannot be forgotten", option.as_str()),
        }
    }
}

impl std::error::Error for QuestionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Given { error, .. } | Self::Stored { error, .. } => Some(error),
            Self::Both(_) | Self::NotStored(_) => None,
        }
    }
}

impl QuestionError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Stored { option, .. } => {
                let name = option.as_str();
                Some(format!(
                    "put the file back, or give --{name} again; --forget {name} drops it from the case, and what rests on it is judged anew"
                ))
            }
            Self::Both(option) => Some(format!("leave out one of them; --{} alone replaces the stored value", option.as_str())),
            Self::NotStored(_) => Some("`certrecall status CASE` lists what the case stores".to_owned()),
            Self::Given { .. } => None,
        }
    }
}

impl Question {
    /// The stored options in the order of their names, each with its values.
    pub fn options(&self) -> impl Iterator<Item = (OptionName, &[Value])> {
        self.0.iter().map(|(option, values)| (*option, values.as_slice()))
    }

    /// Whether a switch is on, or an option has a value.
    #[must_use]
    pub fn has(&self, option: OptionName) -> bool {
        self.0.contains_key(&option)
    }

    /// The values of an option; none where it is not set.
    #[must_use]
    pub fn values(&self, option: OptionName) -> &[Value] {
        self.0.get(&option).map_or(&[], Vec::as_slice)
    }

    /// The values of an option as paths.
    #[must_use]
    pub fn paths(&self, option: OptionName) -> Vec<PathBuf> {
        self.values(option).iter().map(|v| v.value.path().to_owned()).collect()
    }

    /// The values of an option as text.
    #[must_use]
    pub fn texts(&self, option: OptionName) -> Vec<&str> {
        self.values(option).iter().filter_map(|v| v.value.0.to_str()).collect()
    }

    /// The value of an option that has one, as text.
    #[must_use]
    pub fn text(&self, option: OptionName) -> Option<&str> {
        self.values(option).first().and_then(|v| v.value.0.to_str())
    }

    /// This question alone with one of its options, if the files that it names are there.
    ///
    /// # Errors
    /// [`QuestionError::Stored`].
    pub fn check(&self, option: OptionName) -> Result<Self, QuestionError> {
        let values = Resolved::default().stored(option, self.values(option), Time::from_unix(0))?;
        Ok(Self(if values.is_empty() { BTreeMap::new() } else { BTreeMap::from([(option, values)]) }))
    }

    /// Combines the stored question with what is given now: an option given again replaces the stored one, a list as a whole. Every file that
    /// is named is read and hashed.
    ///
    /// # Errors
    /// [`QuestionError`]; the stored question stays as it is then.
    pub fn resolve(scope: Scope, stored: Option<&Self>, given: &Given, now: Time) -> Result<Resolved, QuestionError> {
        let nothing = Self::default();
        let before = stored.unwrap_or(&nothing);
        for option in &given.forget {
            if given.options.contains_key(option) {
                return Err(QuestionError::Both(*option));
            }
            if !before.has(*option) {
                return Err(QuestionError::NotStored(*option));
            }
        }
        let mut out = Resolved::default();
        for option in OptionName::ALL.iter().copied().filter(|o| o.scope() == scope && !given.forget.contains(o)) {
            let values = match (given.options.get(&option), before.0.get(&option)) {
                (Some(values), _) => out.given(option, values, before.values(option), now)?,
                (None, Some(values)) => out.stored(option, values, now)?,
                (None, None) => continue,
            };
            out.question.0.insert(option, values);
        }
        if stored.is_some() {
            out.changes = OptionName::ALL.iter().filter_map(|o| out.question.difference(before, *o)).collect();
        }
        Ok(out)
    }

    /// In what an option differs from an earlier question.
    fn difference(&self, before: &Self, option: OptionName) -> Option<Change> {
        let (old, new) = (before.0.get(&option), self.0.get(&option));
        let same_values = old.map(|values| texts(values)) == new.map(|values| texts(values));
        let message = match (old, new) {
            _ if old == new => return None,
            (Some(old), Some(new)) if same_values => {
                let changed = old.iter().zip(new).filter(|(old, new)| hash(old) != hash(new));
                let changed: Vec<String> = changed
                    .map(|(old, _)| {
                        let since = old.content.as_ref().map_or_else(String::new, |c| format!(" since {}", c.since.day()));
                        format!("{} changed{since}", name(option, old))
                    })
                    .collect();
                if changed.is_empty() {
                    return None;
                }
                changed.join(", ")
            }
            _ => format!("{} -> {}", described(option, old), described(option, new)),
        };
        let moment = |values: Option<&Vec<Value>>| {
            let text = values.and_then(|v| v.first()).and_then(|v| v.value.0.to_str())?;
            Written::parse(text).ok().map(Written::as_utc)
        };
        let same_meaning = option == OptionName::Cutoff && moment(old).is_some() && moment(old) == moment(new);
        Some(Change { option, message, same_meaning })
    }
}

fn texts(values: &[Value]) -> Vec<&Raw> {
    values.iter().map(|v| &v.value).collect()
}

fn hash(value: &Value) -> Option<&Fingerprint> {
    value.content.as_ref().map(|c| &c.sha256)
}

/// A value for people: of a file its name.
#[must_use]
pub fn name(option: OptionName, value: &Value) -> String {
    match (option.reference(), value.content.is_some(), value.value.path().file_name()) {
        (Reference::File | Reference::NameOrFile | Reference::Path, true, Some(name)) => crate::pki::show(&name.to_string_lossy()),
        _ => value.value.to_string(),
    }
}

fn described(option: OptionName, values: Option<&Vec<Value>>) -> String {
    match values {
        None => "not set".to_owned(),
        Some(_) if option.arity() == Arity::Switch => "set".to_owned(),
        Some(values) => values.iter().map(|v| name(option, v)).collect::<Vec<_>>().join(", "),
    }
}

impl Resolved {
    /// The content of a file that the question names; empty for one that it does not name.
    #[must_use]
    pub fn content(&self, path: &Path) -> &[u8] {
        self.contents.get(path).map_or(&[], Vec::as_slice)
    }

    /// Frees the contents, which nothing needs once they are parsed.
    pub fn drop_contents(&mut self) {
        self.contents.clear();
    }

    /// Values as given now.
    fn given(&mut self, option: OptionName, values: &[OsString], before: &[Value], now: Time) -> Result<Vec<Value>, QuestionError> {
        let one = |text: &OsString| {
            if !is_file(option, text) {
                return Ok(Value { value: Raw(text.clone()), content: None });
            }
            let path = std::path::absolute(Path::new(text)).unwrap_or_else(|_| PathBuf::from(text));
            let content = self.read(option, &path).map_err(|error| QuestionError::Given { option, path: PathBuf::from(text), error })?;
            let value = Raw(path.into_os_string());
            let same = before.iter().find(|b| b.value == value && hash(b) == Some(&content.sha256)).and_then(|b| b.content.clone());
            Ok(Value { value, content: Some(same.unwrap_or(Content { since: now, ..content })) })
        };
        values.iter().map(one).collect()
    }

    /// Values as the case stores them, with the contents that their files have now.
    fn stored(&mut self, option: OptionName, values: &[Value], now: Time) -> Result<Vec<Value>, QuestionError> {
        let one = |before: &Value| {
            let path = before.value.path();
            let Some(content) = &before.content else { return Ok(before.clone()) };
            let wrong = |error| QuestionError::Stored { option, path: path.to_owned(), error };
            if content.piped {
                return Err(wrong(io::Error::new(io::ErrorKind::NotSeekable, "it was a pipe, which cannot be read again")));
            }
            let read = self.read(option, path).map_err(wrong)?;
            let content = if read.sha256 == content.sha256 { content.clone() } else { Content { since: now, ..read } };
            Ok(Value { value: before.value.clone(), content: Some(content) })
        };
        values.iter().map(one).collect()
    }

    /// Reads a file up to the limit and keeps its content.
    fn read(&mut self, option: OptionName, path: &Path) -> Result<Content, io::Error> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if option.reference() == Reference::Path && meta.is_dir() {
            return Ok(Content { sha256: folder(path)?, since: Time::from_unix(0), piped: false });
        }
        let limit = limits::INPUT;
        let mut bytes = Vec::new();
        if meta.len() <= limit {
            file.take(limit + 1).read_to_end(&mut bytes)?;
        }
        if meta.len().max(bytes.len() as u64) > limit {
            let message = format!("it has more than {limit} bytes, the limit of --{}; leave out what concerns nothing here", option.as_str());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let sha256 = Fingerprint::of(&bytes);
        self.contents.insert(path.to_owned(), bytes);
        Ok(Content { sha256, since: Time::from_unix(0), piped: !meta.is_file() })
    }
}

/// Whether a value names a file.
fn is_file(option: OptionName, text: &OsStr) -> bool {
    match option.reference() {
        Reference::Text => false,
        Reference::File | Reference::Path => true,
        // A name that is neither built in nor a file is reported with those there are.
        Reference::NameOrFile => Path::new(text).is_file() && incident::BUILT_IN.iter().all(|(name, _)| text != *name),
    }
}

#[cfg(test)]
mod tests;
