//! The options that belong to the question of a case: one row each.

use serde::{Deserialize, Serialize};

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

            pub(super) const fn arity(self) -> Arity {
                match self { $(Self::$variant => Arity::$arity,)* }
            }

            pub(super) const fn reference(self) -> Reference {
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
    Plan: DateOrder "date-order" One Text,
    Plan: DistrustCertificateDates "distrust-certificate-dates" Switch Text,
    Plan: Due "due" One Text,
    Plan: FollowSymlinks "follow-symlinks" Switch Text,
    Plan: Incident "incident" One NameOrFile,
    Plan: KnownCompromised "known-compromised" One File,
    Plan: Manifest "manifest" List File,
    Plan: ManifestPrefix "manifest-prefix" One Text,
    Plan: ManifestZone "manifest-zone" One Text,
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
            Self::Cas
                | Self::Ccadb
                | Self::Due
                | Self::FollowSymlinks
                | Self::MaxBroken
                | Self::MaxDepth
                | Self::MaxFileSize
                | Self::Roots
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
pub(super) enum Arity {
    Switch,
    One,
    List,
}

/// What the value of an option refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
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
