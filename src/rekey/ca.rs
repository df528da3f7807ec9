//! Who is asked for a new certificate, and what is known of that CA.

use std::collections::BTreeMap;

use super::spec::NewKind;
use crate::plan::ca::{Reach, Sort};

/// Who is asked for the new certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ca {
    /// Whether it is a public CA, where that is known.
    pub reach: Option<Reach>,
    /// What the certificate is for.
    pub sort: Option<Sort>,
    /// The operator: an id of `data/cas.toml` or of the user's file.
    pub operator: Option<String>,
}

/// What is known of the CA that a request goes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// Whether it is a public CA.
    pub reach: Option<Reach>,
    /// What the certificate is for.
    pub sort: Option<Sort>,
    /// Its operator's name, where it is known.
    pub operator: Option<String>,
    /// Who issued the old certificate, RFC 4514.
    pub issuer: String,
    /// ACME directories for issuing.
    pub acme: Vec<String>,
    /// The id of the software that runs it, for a private CA: a kind of `data/cas.toml`.
    pub kind: Option<String>,
    /// What the commands of that software need.
    pub parameters: BTreeMap<String, String>,
    /// Days that the new certificate may be valid for.
    pub max_days: Option<u32>,
    /// It issues no more, or what it issues is not to be trusted: why, a clause.
    pub retired: Option<String>,
    /// The kinds of key that it certifies, where that is known.
    pub key_kinds: Option<KeyKinds>,
}

/// The kinds of key that a CA certifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKinds {
    /// The kinds.
    pub kinds: Vec<NewKind>,
    /// Where that is from.
    pub source: String,
}
