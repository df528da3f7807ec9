//! Options as a case stores them, and in what they differ from those of another run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::Fingerprint;
use crate::time::{Time, Written};

use super::option::{Arity, OptionName, Reference};

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
                let octets = base64_simd::STANDARD
                    .decode_to_vec(b64)
                    .map_err(|_| serde::de::Error::custom("not base64"))?;
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
pub struct Question(pub(super) BTreeMap<OptionName, Vec<Value>>);

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
            Self::Given { option, path, .. } => {
                write!(f, "cannot read {path:?}, given by --{}", option.as_str())
            }
            Self::Stored { option, path, .. } => {
                write!(f, "cannot read {path:?}, which the case uses as --{}", option.as_str())
            }
            Self::Both(option) => write!(f, "--{0} is given, and --forget {0} as well", option.as_str()),
            Self::NotStored(option) => {
                write!(f, "the case stores no --{}, so it cannot be forgotten", option.as_str())
            }
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
            Self::Both(option) => {
                Some(format!("leave out one of them; --{} alone replaces the stored value", option.as_str()))
            }
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

    /// In what an option differs from an earlier question.
    pub(super) fn difference(&self, before: &Self, option: OptionName) -> Option<Change> {
        let (old, new) = (before.0.get(&option), self.0.get(&option));
        let same_values = old.map(|values| texts(values)) == new.map(|values| texts(values));
        let message = match (old, new) {
            _ if old == new => return None,
            (Some(old), Some(new)) if same_values => {
                let changed = old.iter().zip(new).filter(|(old, new)| hash(old) != hash(new));
                let changed: Vec<String> = changed
                    .map(|(old, _)| {
                        let since = old
                            .content
                            .as_ref()
                            .map_or_else(String::new, |c| format!(" since {}", c.since.day()));
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
        let same_meaning =
            option == OptionName::Cutoff && moment(old).is_some() && moment(old) == moment(new);
        Some(Change { option, message, same_meaning })
    }
}

fn texts(values: &[Value]) -> Vec<&Raw> {
    values.iter().map(|v| &v.value).collect()
}

pub(super) fn hash(value: &Value) -> Option<&Fingerprint> {
    value.content.as_ref().map(|c| &c.sha256)
}

/// A value for people: of a file its name.
#[must_use]
pub fn name(option: OptionName, value: &Value) -> String {
    match (option.reference(), value.content.is_some(), value.value.path().file_name()) {
        (Reference::File | Reference::NameOrFile | Reference::Path, true, Some(name)) => {
            crate::pki::show(&name.to_string_lossy())
        }
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
