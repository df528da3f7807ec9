//! What the owner of a replacement wants of it, beyond what the old certificate says.

use std::fmt;
use std::str::FromStr;

use super::alt_name::{AltName, Unwanted};
use super::format::KeyFormat;
use super::spec::KeySpec;
use super::target::Target;

/// The wishes of one replacement; the default is to mirror the old certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The kind of the new key.
    pub key: KeySpec,
    /// The form in which it is written down.
    pub format: KeyFormat,
    /// Another subject: the content of the `Name` in DER, from [`crate::pki::dn::parse`].
    pub subject: Option<Vec<u8>>,
    /// Names to add and to drop.
    pub names: Vec<NameEdit>,
    /// What becomes of the common name.
    pub common_name: CommonName,
    /// Where key and certificate go.
    pub target: Option<Target>,
}

/// A name to add to or to drop from the alternative names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameEdit {
    /// Ask for it too.
    Add(AltName),
    /// Do not ask for it.
    Drop(Unwanted),
}

impl NameEdit {
    pub(crate) const fn added(&self) -> Option<&AltName> {
        match self {
            Self::Add(name) => Some(name),
            Self::Drop(_) => None,
        }
    }

    pub(crate) const fn dropped(&self) -> Option<&Unwanted> {
        match self {
            Self::Add(_) => None,
            Self::Drop(name) => Some(name),
        }
    }

    /// Whether two edits contradict: one adds what the other drops.
    #[must_use]
    pub fn contradict(edits: &[Self]) -> Option<&AltName> {
        let dropped: Vec<&AltName> =
            edits.iter().filter_map(Self::dropped).filter_map(|unwanted| unwanted.name.as_ref()).collect();
        edits.iter().filter_map(Self::added).find(|name| dropped.contains(name))
    }
}

impl FromStr for NameEdit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("add", name)) => Ok(Self::Add(name.parse()?)),
            Some(("drop", name)) => Ok(Self::Drop(name.parse()?)),
            _ => Err(format!(
                "{text:?}: write add:NAME or drop:NAME, with dns:, ip:, email: or uri: before the name where its kind is not plain"
            )),
        }
    }
}

/// What becomes of the common name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommonName {
    /// It stays as it was.
    #[default]
    Keep,
    /// It goes.
    Drop,
    /// It becomes the first host name or address among the alternative names.
    FirstSan,
}

impl CommonName {
    /// Every value with its spelling.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("drop", Self::Drop), ("first-san", Self::FirstSan)];
}

impl fmt::Display for CommonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, value)| value == self).map_or("", |(name, _)| name))
    }
}

impl FromStr for CommonName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| format!("{text:?}: write keep, drop or first-san"))
    }
}
