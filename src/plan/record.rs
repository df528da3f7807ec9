//! A replacement as a case records it, with all that is needed to make it.

use serde::{Deserialize, Serialize};

use super::ca::{Reach, Sort};
use crate::id::{Fingerprint, ProfileHash, StepId};
use crate::read::Place;

/// A replacement as `plan.json` has it: all that `rekey` needs to make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacementRecord {
    /// The `replace` step.
    pub id: StepId,
    /// What its certificates are for.
    pub profile: ProfileHash,
    /// The name people know it by.
    pub name: String,
    /// The subject, RFC 4514.
    pub subject: String,
    /// Every certificate it replaces.
    pub replaces: Vec<Fingerprint>,
    /// The certificate it mirrors.
    pub mirrors: Fingerprint,
    /// Files that hold that certificate.
    pub sources: Vec<SourceRecord>,
    /// The old key.
    pub key_algorithm: String,
    /// Its curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
    /// Its size.
    pub key_bits: u32,
    /// Whether it waits for a new CA.
    pub waits_for_new_ca: bool,
    /// What the old certificate was for.
    #[serde(default)]
    pub sort: Option<Sort>,
    /// Whether a public CA issued it.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Who issued it, RFC 4514.
    #[serde(default)]
    pub issuer: String,
    /// The operator of that CA, an id in `data/cas.toml` or a file of the user's, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// Days that a public CA may make the new one valid for, by the rules of the time of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_days: Option<u32>,
    /// Where key and request lie, relative to the case, once they are made.
    #[serde(default)]
    pub directory: Option<String>,
}

/// A file to open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// Index of the root.
    pub root: u32,
    /// Path as printed.
    pub path: String,
    /// Its bytes, where they are no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_b64: Option<String>,
    /// The way into an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

impl SourceRecord {
    /// As a place to open.
    #[must_use]
    pub fn place(&self) -> Place {
        let raw = self.path_b64.as_ref().and_then(|b| base64_simd::STANDARD.decode_to_vec(b).ok());
        let place = Place::new(self.root, raw.as_deref().unwrap_or(self.path.as_bytes()));
        match &self.member {
            Some(member) => place.with_member(member),
            None => place,
        }
    }
}
