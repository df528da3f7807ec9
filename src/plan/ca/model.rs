//! What is known of CAs, as the data files have it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::sort::Sort;
use crate::id::{Fingerprint, Serial, SpkiHash};
use crate::inventory::{Anchors, Signer};
use crate::time::Time;

/// How well something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Read in the source named.
    Verified,
    /// From somebody else's account of it.
    Secondary,
    /// Memory or inference, or looked for and not found.
    Unverified,
}

/// One fact, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What is so.
    pub value: T,
    /// Where that stands.
    pub source: String,
    /// The day the source is from, or was read.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

impl<T> Fact<T> {
    /// Where it is from and how well it is known, for brackets behind it.
    #[must_use]
    pub fn origin(&self) -> String {
        let how = match self.certainty {
            Certainty::Verified => "",
            Certainty::Secondary => "; at second hand, check it",
            Certainty::Unverified => "; not verified, check it",
        };
        format!("{}, {}{how}", self.source, self.date)
    }
}

/// A remark for people.
pub type Note = Fact<String>;

/// What a CA does about a proof of possession of the leaked key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofMeans {
    /// It revokes all certificates on the key that it knows of, whoever has them.
    AllCertificatesOnTheKey,
    /// It revokes those of the subscriber who asks.
    ThatSubscriber,
}

/// Somebody who runs a CA.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Short name, `[a-z0-9-]+`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// `O=` of its issuers.
    #[serde(default)]
    pub organizations: Vec<String>,
    /// `O=` of CAs that it runs for others.
    #[serde(default)]
    pub brands: Vec<String>,
    /// Whole issuer names, RFC 4514, in any order of their parts.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// The same with their parts in one order, for comparing.
    #[serde(skip)]
    pub(super) issuers_comparable: Vec<String>,
    /// Hosts in its certificates; what is below them counts too.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What CCADB calls it.
    #[serde(default)]
    pub ccadb: Vec<String>,
    /// Its issuing keys.
    #[serde(default)]
    pub keys: Vec<SpkiHash>,
    /// Roots whose subject names somebody else.
    #[serde(default)]
    pub roots: Vec<Fingerprint>,
    /// Of a private CA its [`Kind`].
    pub kind: Option<String>,
    /// Of a user's CA: it is a public one.
    #[serde(default)]
    pub public: bool,
    /// Commands of a private CA in place of those of its kind.
    #[serde(default)]
    pub revoke: Vec<Vec<String>>,
    /// The form of serial number that they want, in place of that of its kind.
    pub serial: Option<SerialForm>,
    /// What the commands of its kind need.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Where names and hosts are from.
    #[serde(default)]
    pub source: String,
    /// The day of that.
    #[serde(default)]
    pub date: String,
    /// How well they are known; `None` in a user's file.
    pub certainty: Option<Certainty>,
    /// ACME directories for issuing.
    pub acme: Option<Fact<Vec<String>>>,
    /// The ACME directory that takes `revokeCert` signed by the certificate's key (RFC 8555 section 7.6).
    /// Absent: not known to work.
    pub key_revocation: Option<Fact<String>>,
    /// What [`Self::key_revocation`] is limited to, a clause; absent: it takes every certificate.
    pub key_revocation_limit: Option<String>,
    /// Kinds of key that it certifies, by the names of `--key`; absent: not known.
    pub key_kinds: Option<Fact<Vec<String>>>,
    /// A page for reports.
    pub portal: Option<Fact<String>>,
    /// An address for reports.
    pub mail: Option<Fact<String>>,
    /// CNs of requests it takes as proof.
    pub proof: Option<Fact<Vec<String>>>,
    /// It issues no more, or what it issues is not to be trusted: why, a sentence.
    pub retired: Option<Note>,
    /// What it does then; absent: unknown.
    pub proof_means: Option<Fact<ProofMeans>>,
    /// What else there is to know.
    #[serde(default)]
    pub note: Vec<Note>,
    /// Where it was read: `name:line`.
    #[serde(skip)]
    pub place: String,
    /// It comes with the tool, not from a file of the user's.
    #[serde(skip)]
    pub built_in: bool,
}

impl Operator {
    /// Whether it is a private CA: one of the user's own, unless the file says that it is public.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.kind.is_some() || !(self.built_in || self.public)
    }

    /// Its name without remarks in brackets.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.split(" (").next().unwrap_or(&self.name)
    }
}

/// What the CA/B Forum sets for revocations after proof of compromise, in hours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// For a server's certificate.
    pub leaf_hours: Fact<u32>,
    /// For a subordinate CA.
    pub subordinate_hours: Fact<u32>,
    /// For mail.
    pub smime_hours: Fact<u32>,
    /// For programs.
    pub code_signing_hours: Fact<u32>,
}

impl Clock {
    /// The rule for certificates of this sort, if there is one.
    #[must_use]
    pub const fn of(&self, sort: Sort) -> Option<&Fact<u32>> {
        match sort {
            Sort::TlsServer => Some(&self.leaf_hours),
            Sort::Ca => Some(&self.subordinate_hours),
            Sort::Smime => Some(&self.smime_hours),
            Sort::CodeSigning => Some(&self.code_signing_hours),
            Sort::TlsClient | Sort::Other => None,
        }
    }
}

/// The longest validity of one sort of certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Of what.
    pub sort: Sort,
    /// From this `notBefore` on; `None` since ever.
    pub from: Option<Time>,
    /// Days of 86,400 seconds, both ends inclusive.
    pub days: u32,
    /// What the rules recommend.
    pub should: Option<u32>,
    /// Where that stands.
    pub source: String,
    /// The day of that.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

/// Software that runs private CAs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How it writes serial numbers.
    pub serial: SerialForm,
    /// Commands that revoke for key compromise and publish, in order; lists of arguments with `{names}`.
    pub revoke: Vec<Vec<String>>,
    /// Whether it records a reason for a revocation.
    #[serde(default = "yes")]
    pub reasons: bool,
    /// What else there is to know.
    pub says: String,
    /// Where that stands.
    pub source: String,
    /// The day of that.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

const fn yes() -> bool {
    true
}

/// A form of serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SerialForm {
    /// Decimal.
    Decimal,
    /// Lower-case hexadecimal, an even number of digits.
    Hex,
    /// Upper-case hexadecimal, an even number of digits.
    UpperHex,
    /// Lower-case hexadecimal, octets with colons between.
    ColonHex,
}

impl SerialForm {
    /// Writes a serial number; a `-` stands before a negative one.
    #[must_use]
    pub fn write(self, serial: &Serial) -> String {
        let hex = serial.to_hex();
        match self {
            Self::Decimal => serial.to_decimal(),
            Self::Hex => hex,
            Self::UpperHex => hex.to_uppercase(),
            Self::ColonHex => {
                let (sign, digits) = hex.strip_prefix('-').map_or(("", hex.as_str()), |d| ("-", d));
                let octets: Vec<&str> =
                    (0..digits.len()).step_by(2).filter_map(|i| digits.get(i..i + 2)).collect();
                format!("{sign}{}", octets.join(":"))
            }
        }
    }
}

/// What is known about CA operators.
#[derive(Debug, Clone)]
pub struct Cas {
    /// All operators, the built-in ones first.
    pub operators: Vec<Operator>,
    /// Kinds of private CAs.
    pub kinds: Vec<Kind>,
    /// Longest validities, each sort by the day from which they hold.
    pub ceilings: Vec<Ceiling>,
    /// What a public CA has to keep to after it got the proof; absent from users' files.
    pub clock: Option<Clock>,
    /// Keys of public roots, Mozilla's and those that were given, and the operators (indices) known of them.
    pub(super) roots: HashMap<SpkiHash, Option<usize>>,
    pub(super) anchors: Anchors,
}

/// What one certificate shows of its issuer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Issued<'a> {
    /// Issuer, RFC 4514.
    pub issuer: &'a str,
    /// Its authority key identifier.
    pub authority_key_id: Option<&'a [u8]>,
    /// The hosts it names for its issuer: [`crate::pki::Issuer::hosts`].
    pub hosts: &'a [String],
    /// Its direct issuer, then that one's, as far as they are at hand. **Must** hold only certificates whose
    /// key verified the signature of the one before.
    pub chain: &'a [Signer],
}

/// How sure an identification is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The issuer's key is known to be this operator's.
    Key,
    /// The issuer's key is known, and CCADB names another operator than the owner.
    KeyOfSubordinate,
    /// A host of this operator stands in the certificate.
    Host,
    /// The key identifier that the certificate gives for its issuer is of this operator; anybody can write
    /// that.
    KeyIdentifier,
    /// The issuer's name says so; anybody can write that.
    Name,
    /// Hosts and names point to different operators.
    Conflicting,
    /// Nothing is known.
    Unknown,
}

impl Confidence {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::KeyOfSubordinate => "key-of-subordinate",
            Self::Host => "host",
            Self::KeyIdentifier => "key-identifier",
            Self::Name => "name",
            Self::Conflicting => "conflicting",
            Self::Unknown => "unknown",
        }
    }

    /// What it rests on, in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Key => "the key of the issuer shows it",
            Self::KeyOfSubordinate => {
                "the key of the issuer shows it, run by another operator than the owner"
            }
            Self::Host => "hosts in the certificate show it",
            Self::KeyIdentifier => "only the key identifier says so, which anybody can write",
            Self::Name => "only the name says so, which anybody can write",
            Self::Conflicting => "hosts and names contradict each other",
            Self::Unknown => "nothing shows it",
        }
    }

    /// Whether something may be sent without a person looking: never on a name alone.
    #[must_use]
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Key | Self::KeyOfSubordinate | Self::Host)
    }
}

/// Whose certificate it is.
#[derive(Debug, Clone)]
pub struct Identified<'a> {
    /// The operator, if one is known.
    pub operator: Option<&'a Operator>,
    /// How sure that is.
    pub confidence: Confidence,
    /// The reason, a sentence; for an unknown CA also what to do.
    pub because: String,
    /// The chain ends in, or passes, a root of Mozilla, or the issuer stands in CCADB.
    pub publicly_known: bool,
    /// ACME directories that CCADB gives for this issuer.
    pub acme: Vec<String>,
}
