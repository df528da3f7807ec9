//! The data files: what is in them, and what is wrong with them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::private::{Kind, SerialForm};
use super::sort::Sort;
use super::{Cas, is_below};
use crate::assess::manifest::issuer;
use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::Anchors;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    clock: Option<Clock>,
    #[serde(default)]
    operator: Vec<Spanned<Operator>>,
    #[serde(default)]
    kind: Vec<Kind>,
    #[serde(default)]
    ceiling: Vec<Ceiling>,
}

/// A file about CAs that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasError {
    /// `name:line`.
    pub place: String,
    /// What is wrong.
    pub says: String,
}

impl fmt::Display for CasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CA data {}: {}", self.place, self.says)
    }
}

impl std::error::Error for CasError {}

impl Cas {
    /// Reads a file of operators; `name` is for messages. A private operator's kind is looked for only in
    /// [`Cas::with`], unless the file has kinds.
    ///
    /// # Errors
    /// [`CasError`] with the line: what is no TOML, unknown names, ids that are no ids, an operator that
    /// nothing could match.
    pub fn parse(name: &str, text: &str) -> Result<Self, CasError> {
        let place =
            |at: usize| format!("{name}:{}", text.get(..at).map_or(1, |t| t.matches('\n').count() + 1));
        let written: AsWritten = toml::from_str(text).map_err(|e| CasError {
            place: e.span().map_or_else(|| name.to_owned(), |s| place(s.start)),
            says: e.message().to_owned(),
        })?;
        let mut operators = Vec::with_capacity(written.operator.len());
        for spanned in written.operator {
            let place = place(spanned.span().start);
            let mut operator = spanned.into_inner();
            operator.hosts.iter_mut().for_each(|h| *h = h.trim_matches('.').to_ascii_lowercase());
            operator.issuers_comparable =
                operator.issuers.iter().map(|name| issuer::comparable(name)).collect();
            operator.place = place;
            operators.push(operator);
        }
        let AsWritten { clock, kind: kinds, ceiling: ceilings, .. } = written;
        let cas =
            Self { operators, kinds, ceilings, clock, roots: HashMap::new(), anchors: Anchors::default() };
        if cas.kinds.is_empty() {
            cas.check_operators()?;
        } else {
            cas.check()?;
        }
        Ok(cas)
    }

    /// That everything fits together.
    pub(super) fn check(&self) -> Result<(), CasError> {
        self.check_operators()?;
        for operator in &self.operators {
            if let Some(kind) = &operator.kind
                && self.kind(kind).is_none()
            {
                let kinds: Vec<&str> = self.kinds.iter().map(|k| k.id.as_str()).collect();
                return Err(wrong(
                    operator,
                    format!("kind {kind:?} does not exist; there are {}", kinds.join(", ")),
                ));
            }
        }
        Ok(())
    }

    fn check_operators(&self) -> Result<(), CasError> {
        let mut ids: HashMap<&str, &Operator> = HashMap::new();
        for operator in &self.operators {
            if operator.id.is_empty()
                || !operator.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            {
                return Err(wrong(
                    operator,
                    "id: only lower-case letters, digits and - may stand in it".to_owned(),
                ));
            }
            if let Some(first) = ids.insert(&operator.id, operator) {
                return Err(wrong(operator, format!("id {:?} is taken by {}", operator.id, first.place)));
            }
            if operator.keys.is_empty()
                && operator.hosts.is_empty()
                && operator.issuers.is_empty()
                && operator.organizations.is_empty()
            {
                return Err(wrong(
                    operator,
                    "without keys, hosts, issuers or organizations nothing can match it".to_owned(),
                ));
            }
            if let Some(kind) = operator
                .key_kinds
                .iter()
                .flat_map(|fact| &fact.value)
                .find(|kind| !KEY_KINDS.contains(&kind.as_str()))
            {
                return Err(wrong(
                    operator,
                    format!("key_kinds: {kind:?} is not one of {}", KEY_KINDS.join(", ")),
                ));
            }
            if operator.hosts.iter().any(|h| {
                h.is_empty() || !h.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            }) {
                return Err(wrong(operator, "hosts: names such as ca.example.com".to_owned()));
            }
        }
        for (i, operator) in self.operators.iter().enumerate() {
            for other in &self.operators[..i] {
                let shared = operator
                    .hosts
                    .iter()
                    .find(|h| other.hosts.iter().any(|o| is_below(h, o) || is_below(o, h)));
                if let Some(host) = shared {
                    return Err(wrong(
                        operator,
                        format!("host {host} belongs to {:?} of {}", other.id, other.place),
                    ));
                }
                if let Some(key) = operator.keys.iter().find(|k| other.keys.contains(k)) {
                    return Err(wrong(
                        operator,
                        format!("key {key} belongs to {:?} of {}", other.id, other.place),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The kinds of key that replacements are made for, as the command line calls them.
const KEY_KINDS: [&str; 7] =
    ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"];

fn wrong(operator: &Operator, says: String) -> CasError {
    CasError { place: operator.place.clone(), says }
}
