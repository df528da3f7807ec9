//! Who issued a certificate, and who is asked to act on it.

use serde::Serialize;

use super::ca::model::Confidence;
use super::ca::sort::{Reach, Sort};

/// A CA that has to be asked, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authority {
    /// The id of its operator, or of an unknown one the issuer's name. Certificates with the same id on one
    /// key are revoked together.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether its operator is known; then `id` is that of the operator.
    pub known: bool,
    /// How sure that is: of several certificates the least sure.
    pub confidence: Confidence,
    /// The reason of that, a sentence.
    pub because: String,
    /// Certificates of it that somebody has to act on.
    pub certificates: u32,
    /// It issues no more, or what it issues is not to be trusted: why, a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<String>,
    /// What to know before asking it: sentences, each with its source.
    pub how: Vec<String>,
}

/// What is known of who issued one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issuance {
    /// Index into [`super::Authorities::list`]; none for what signed itself.
    #[serde(skip)]
    pub authority: Option<u32>,
    /// What it is for.
    pub sort: Sort,
    /// Whether a public CA issued it.
    pub reach: Reach,
    /// The reason of that, a sentence.
    pub because: String,
    /// How sure the operator is.
    pub confidence: Confidence,
}
