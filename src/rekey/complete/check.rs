//! What is checked of a certificate that came back, by name, and what was found.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::names::{self, GeneralName};

macro_rules! checks {
    ($($variant:ident $text:literal $waiver:expr, $says:literal,)*) => {
        /// What is checked. Each has its rule in docs/complete.md.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $says] $variant,)*
        }

        impl Check {
            /// Every value, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $says,)* }
            }

            /// How a failure can be accepted.
            #[must_use]
            pub const fn waiver(self) -> Waiver {
                match self { $(Self::$variant => $waiver,)* }
            }
        }
    };
}

/// What accepts a failure of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiver {
    /// `--accept-unknown-root` with `--reason`.
    AcceptUnknownRoot,
    /// `--waive-name NAME` with `--reason`.
    Name,
    /// Nothing: it is wrong.
    Never,
    /// Nothing has to: it is only told.
    Told,
    /// `--waive CHECK` with `--reason`.
    Waive,
}

checks! {
    CaCertificate "ca-certificate" Waiver::Never, "it is a CA certificate, and an end-entity certificate was asked for",
    ChainBroken "chain-broken" Waiver::Never, "the certificates above it do not carry it",
    ChainIncomplete "chain-incomplete" Waiver::Never, "a certificate between it and a root is missing",
    CriticalExtension "critical-extension" Waiver::Never, "a critical extension is not known here, so nobody can tell what it means",
    DamagedCase "damaged-case" Waiver::Never, "it is for a replacement of the case that is damaged",
    Expired "expired" Waiver::Never, "it has expired",
    ExposedIssuer "exposed-issuer" Waiver::Never, "the key of its CA is exposed itself",
    ExtendedKeyUsage "extended-key-usage" Waiver::Waive, "a usage that was asked for is not there",
    ExtraName "extra-name" Waiver::Told, "it has a name that was not asked for",
    KeyInInventory "key-in-inventory" Waiver::Told, "its new key was found under the scanned paths",
    KeyUsage "key-usage" Waiver::Waive, "a key usage that was asked for is not there",
    ListedAsRevoked "listed-as-revoked" Waiver::Waive, "a revocation list that is out of date, or only a part of one, names it or a certificate above it",
    LostUsage "lost-usage" Waiver::Told, "a usage that public CAs give no more, or that servers do without, is gone",
    MissingName "missing-name" Waiver::Name, "a name that was asked for is not there",
    MustStaple "must-staple" Waiver::Waive, "must-staple was asked for and is not there",
    NotYetValid "not-yet-valid" Waiver::Never, "its validity begins more than a day from now",
    OldCertificate "old-certificate" Waiver::Never, "it is one of the old certificates",
    OldKey "old-key" Waiver::Never, "the CA certified an old key of the case again",
    OtherCa "other-ca" Waiver::Waive, "the old certificate was of a public CA, and its chain ends elsewhere",
    Precertificate "precertificate" Waiver::Never, "it is a precertificate, which nothing accepts",
    RepeatedExtension "repeated-extension" Waiver::Never, "it has the same extension twice, so nobody can tell which one counts",
    RevocationNotTold "revocation-not-told" Waiver::Told, "a revocation list at hand gives no answer",
    Revoked "revoked" Waiver::Never, "it, or a certificate above it, is revoked already",
    SignatureAlgorithm "signature-algorithm" Waiver::Never, "a signature in its chain rests on SHA-1 or MD5",
    SignatureNotChecked "signature-not-checked" Waiver::Waive, "a signature in its chain is of an algorithm that cannot be checked here",
    SubjectChanged "subject-changed" Waiver::Told, "its subject is not the one asked for",
    Timestamps "timestamps" Waiver::Waive, "it lacks the timestamps of certificate logs that browsers ask of public certificates",
    TooLong "too-long" Waiver::Never, "it is valid for longer than a public CA may make it",
    UnknownKey "unknown-key" Waiver::Never, "its key is of no replacement of the case",
    UnknownRoot "unknown-root" Waiver::AcceptUnknownRoot, "its chain ends in a root that nobody vouches for",
    WeakKey "weak-key" Waiver::Never, "a key in its chain is too short",
    WeakSignature "weak-signature" Waiver::Told, "a signature in its private chain rests on SHA-1, MD5 or a short key, which current software refuses",
}

impl Check {
    /// The check of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == name)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The certificate is not taken.
    Refused,
    /// It would not be taken, but for somebody's word.
    Waived,
    /// It is taken all the same.
    Told,
}

/// One finding about one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What was checked.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in words.
    #[serde(rename = "message")]
    pub says: String,
    /// What to do about it: what to ask the CA for, or what to give here.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ask: String,
}

/// What somebody accepts, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waivers {
    /// Names that may be missing.
    pub names: Vec<String>,
    /// Checks that may fail.
    pub checks: Vec<Check>,
    /// A root that nobody vouches for.
    pub unknown_root: bool,
    /// Why.
    pub reason: String,
}

impl Waivers {
    /// A finding with the severity that its check has under these waivers. `name` is the name it is about, if
    /// it is about one.
    pub(crate) fn found(&self, check: Check, name: Option<&GeneralName>, says: String, ask: &str) -> Found {
        let severity = match check.waiver() {
            Waiver::Told => Severity::Told,
            Waiver::AcceptUnknownRoot if self.unknown_root => Severity::Waived,
            Waiver::Name
                if name.is_some_and(|name| self.names.iter().any(|said| names::is_meant(name, said))) =>
            {
                Severity::Waived
            }
            Waiver::Waive if self.checks.contains(&check) => Severity::Waived,
            _ => Severity::Refused,
        };
        Found { check, severity, says, ask: ask.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_kebab_case() {
        let names: Vec<_> = Check::ALL.iter().map(|c| c.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        assert!(Check::ALL.iter().all(|c| Check::named(c.as_str()) == Some(*c)));
    }

    #[test]
    fn only_what_is_waived_is_accepted() {
        let waivers = Waivers {
            names: vec!["A.example".into()],
            checks: vec![Check::MustStaple, Check::Revoked],
            unknown_root: false,
            reason: String::new(),
        };
        let severity = |check, name: Option<&str>| {
            let name = name.map(|name| (0x82, name.as_bytes().to_vec()));
            waivers.found(check, name.as_ref(), String::new(), "").severity
        };
        assert_eq!(severity(Check::MissingName, Some("a.example")), Severity::Waived);
        assert_eq!(severity(Check::MissingName, Some("b.example")), Severity::Refused);
        assert_eq!(severity(Check::MustStaple, None), Severity::Waived);
        assert_eq!(severity(Check::Revoked, None), Severity::Refused, "it cannot be waived");
        assert_eq!(severity(Check::UnknownRoot, None), Severity::Refused);
        assert_eq!(severity(Check::ExtraName, None), Severity::Told);
    }
}
