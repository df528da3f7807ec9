//! What is known of the secrecy of a key.

use serde::{Deserialize, Serialize};

/// What is known of a key's secrecy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Found in an upload from before the cutoff, or known from elsewhere.
    Exposed,
    /// Not found, but an upload of its certificate brought it along.
    Presumed,
    /// The evidence does not decide.
    Undetermined,
    /// The evidence speaks against it.
    NotExposed,
    /// A recorded decision.
    Cleared,
}

impl Exposure {
    /// Every exposure, the gravest first.
    pub const ALL: &[Self] =
        &[Self::Exposed, Self::Presumed, Self::Undetermined, Self::NotExposed, Self::Cleared];

    /// The exposure of that name in records.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|e| e.as_str() == name)
    }

    /// Whether it is treated as exposed for replacement.
    #[must_use]
    pub const fn is_suspect(self) -> bool {
        matches!(self, Self::Exposed | Self::Presumed | Self::Undetermined)
    }

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::Presumed => "presumed",
            Self::Undetermined => "undetermined",
            Self::NotExposed => "not-exposed",
            Self::Cleared => "cleared",
        }
    }
}
