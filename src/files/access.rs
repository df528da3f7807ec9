//! Who besides the owner has access.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who may read and write what is made here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The owner and the group of the directory. What is made in such a directory gets its group.
    Group,
    /// The owner alone.
    #[default]
    Owner,
}

impl Access {
    /// Its name in records and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Owner => "owner",
        }
    }

    /// The mode of directories.
    #[must_use]
    pub const fn directory(self) -> u32 {
        match self {
            Self::Group => 0o2770,
            Self::Owner => DIRECTORY,
        }
    }

    /// The mode of files.
    #[must_use]
    pub const fn file(self) -> u32 {
        match self {
            Self::Group => 0o660,
            Self::Owner => FILE,
        }
    }
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = [Self::Owner, Self::Group].into_iter().find(|access| access.as_str() == text);
        named.ok_or_else(|| format!("{text:?} is not a mode of a case; write owner or group"))
    }
}

/// Mode of directories for their owner alone.
pub(super) const DIRECTORY: u32 = 0o700;

/// Mode of files for their owner alone.
pub(super) const FILE: u32 = 0o600;
