//! Kinds of evidence, and which side of the cutoff an upload is on.

use crate::time::{Span, Time};

/// Kinds of evidence and of other grounds for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person decided.
    Decision,
    /// A row of the upload manifest.
    Manifest,
    /// `--uploaded`.
    Uploaded,
    /// A date in the path.
    PathDate,
    /// The time of an archive member.
    MemberTime,
    /// The time the file was last changed: an upper bound, since copying renews it.
    FileTime,
    /// Dates of the certificates on the key.
    CertificateDates,
    /// Nothing at all.
    None,
    /// It is a CA certificate that came along in a bundle, without its key.
    ChainCertificate,
    /// Only requests or bare public keys of it were found.
    PublicOnly,
    /// The key of its issuer is exposed.
    IssuerKey,
    /// A list of known compromised keys names it.
    List,
    /// Another key with the same modulus is exposed.
    SharedFactor,
    /// Somebody was seen to use it who should not have it.
    Misuse,
    /// The case made it, after the cutoff.
    MadeByCase,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Decision,
        Self::Manifest,
        Self::Uploaded,
        Self::PathDate,
        Self::MemberTime,
        Self::FileTime,
        Self::CertificateDates,
        Self::None,
        Self::ChainCertificate,
        Self::PublicOnly,
        Self::IssuerKey,
        Self::List,
        Self::SharedFactor,
        Self::Misuse,
        Self::MadeByCase,
    ];

    /// The kind of that name in records.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == name)
    }

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Manifest => "manifest",
            Self::Uploaded => "uploaded",
            Self::PathDate => "path-date",
            Self::MemberTime => "member-time",
            Self::FileTime => "file-time",
            Self::CertificateDates => "certificate-dates",
            Self::None => "none",
            Self::ChainCertificate => "chain-certificate",
            Self::PublicOnly => "public-only",
            Self::IssuerKey => "issuer-key",
            Self::List => "list",
            Self::SharedFactor => "shared-factor",
            Self::Misuse => "misuse",
            Self::MadeByCase => "made-by-case",
        }
    }
}

/// Which side of the cutoff an upload lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timing {
    /// All of its span is before: exposed.
    Before,
    /// Neither is certain.
    Unclear,
    /// All of its span is at the cutoff or later.
    After,
}

impl Timing {
    /// `latest < cutoff` is before; `earliest >= cutoff` is after; exactly the cutoff is not exposed.
    #[must_use]
    pub fn of(span: Span, cutoff: Time) -> Self {
        if span.latest.is_some_and(|t| t < cutoff) {
            Self::Before
        } else if span.earliest.is_some_and(|t| t >= cutoff) {
            Self::After
        } else {
            Self::Unclear
        }
    }
}
