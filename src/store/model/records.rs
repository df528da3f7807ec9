//! The types of the records of a case. Each has one type, in the database, in `plan.json` and for every command.

use serde::{Deserialize, Serialize};

use crate::assess::{Exposure, Standing, Verdict};
use crate::finding::Codes;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::name::common_name;
use crate::pki::show;
use crate::plan::ca::{Confidence, Reach, Sort};
use crate::plan::ct::Listed;
use crate::plan::selection::KeySubject;
use crate::read::{INTO, Place};
use crate::time::Time;

/// A key: what it is, how it was judged and why, everything on it, and its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its name.
    pub spki_sha256: SpkiHash,
    /// Its other encodings that were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spki_sha256_raw: Vec<SpkiHash>,
    /// Its kind.
    pub key_algorithm: String,
    /// Its size.
    pub key_bits: u32,
    /// Its exposure.
    pub exposure: Exposure,
    /// The reasons, the deciding one first.
    pub because: Vec<BecauseRecord>,
    /// How many weaker reasons were left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub because_omitted: usize,
    /// The accounts that uploaded it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The places of its private half.
    #[serde(default)]
    pub private_key_paths: Vec<String>,
    /// The accounts of each of these, where any account is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_accounts: Option<Vec<Vec<String>>>,
    /// The certificates on it.
    #[serde(default)]
    pub certificates: Vec<CertificateRecord>,
    /// The requests for certificates on it.
    #[serde(default)]
    pub requests: Vec<RequestRecord>,
    /// The certificates on it that only searches know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Listed>,
    /// Its steps, in their order.
    #[serde(default)]
    pub steps: Vec<StepId>,
    /// How urgent it is, where it has steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskRecord>,
    /// What is noteworthy about it.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub findings: Codes,
}

/// A reason for an exposure or a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BecauseRecord {
    /// The kind of evidence.
    pub evidence: String,
    /// Where that is written.
    pub source: String,
    /// Earliest possible upload.
    pub earliest: Option<Time>,
    /// Latest possible upload.
    pub latest: Option<Time>,
    /// For a person; records of earlier versions call it `says`.
    #[serde(alias = "says")]
    pub message: String,
    /// The file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Contradictions and the like.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub findings: Codes,
}

/// A certificate on a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRecord {
    /// Its name.
    pub sha256: Fingerprint,
    /// Where it stands in its life.
    pub standing: Standing,
    /// What is to be done about it.
    pub verdict: Verdict,
    /// Its subject, RFC 4514.
    pub subject: String,
    /// Its issuer, RFC 4514.
    pub issuer: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// First moment of validity.
    pub not_before: Option<Time>,
    /// Last moment of validity.
    pub not_after: Option<Time>,
    /// Its host names.
    pub dns_names: Vec<String>,
    /// Whether it is one of a CA.
    #[serde(default)]
    pub is_ca: bool,
    /// Whether it verifies with its own key.
    #[serde(default)]
    pub is_self_signed: bool,
    /// What it is for.
    #[serde(default)]
    pub sort: Option<Sort>,
    /// Who issued it, where somebody has to act on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<IssuedRecord>,
    /// The files that have it, each once.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The ways into archives, where any of the files is in one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Option<String>>,
    /// The octets of the paths, where any of them is not UTF-8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths_b64: Vec<String>,
    /// The roots of the paths, where any of them is not the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<u32>,
    /// The accounts of each path, where any account is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_accounts: Option<Vec<Vec<String>>>,
    /// The reason for its verdict, where it is not that of its key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<BecauseRecord>,
    /// The step that replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<StepId>,
}

/// Who issued a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedRecord {
    /// The id of one of the plan's authorities; none for what signed itself.
    pub authority: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whether a public CA issued it.
    pub reach: Reach,
    /// The reason of that.
    pub because: String,
}

/// A request for a certificate on a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Its name.
    pub sha256: Fingerprint,
    /// Its subject, RFC 4514.
    pub subject: String,
    /// The host names that it asks for.
    pub dns_names: Vec<String>,
    /// The files that have it.
    pub paths: Vec<String>,
}

/// How urgent a key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRecord {
    /// The sum of all parts.
    pub score: u32,
    /// The parts.
    pub because: Vec<RiskPart>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskPart {
    /// What it adds.
    pub points: u32,
    /// Why.
    #[serde(alias = "says")]
    pub message: String,
}

impl KeyRecord {
    /// What people call it: by its first certificate that can still be used, else the first of all, else by
    /// where the key is.
    #[must_use]
    pub fn title(&self) -> String {
        let live =
            self.certificates.iter().find(|c| !matches!(c.standing, Standing::Expired | Standing::Revoked));
        let Some(certificate) = live.or_else(|| self.certificates.first()) else {
            let first =
                self.private_key_paths.first().or_else(|| self.requests.first().map(RequestRecord::name));
            return first.map_or_else(|| self.spki_sha256.to_string(), |name| show(name));
        };
        let name = certificate.dns_names.first().cloned().or_else(|| common_name(&certificate.subject));
        show(&name.unwrap_or_else(|| certificate.subject.clone()))
    }

    /// Its hashes, the canonical one first.
    #[must_use]
    pub fn names(&self) -> Vec<SpkiHash> {
        std::iter::once(self.spki_sha256).chain(self.spki_sha256_raw.iter().copied()).collect()
    }

    /// The certificates on it as a search would list them.
    pub fn listed(&self) -> impl Iterator<Item = Listed> {
        self.certificates.iter().map(|c| Listed {
            issuer: c.issuer.clone(),
            serial: Some(c.serial.clone()),
            names: c.dns_names.clone(),
            not_before: c.not_before,
            not_after: c.not_after,
            crt_sh_id: None,
            sha256: Some(c.sha256),
        })
    }

    /// The parts by which steps are selected.
    #[must_use]
    pub fn subject(&self) -> KeySubject<'_> {
        let names =
            |c: &CertificateRecord| c.dns_names.iter().cloned().chain(common_name(&c.subject)).collect();
        KeySubject {
            key: self.spki_sha256,
            accounts: &self.accounts,
            steps: &self.steps,
            certificates: self.certificates.iter().map(|c| (c.sha256, names(c))).collect(),
            elsewhere: &self.elsewhere,
        }
    }
}

impl RequestRecord {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &String {
        self.dns_names.first().unwrap_or(&self.subject)
    }
}

impl CertificateRecord {
    /// Its places as they are shown: paths, with the way into an archive.
    pub fn shown_places(&self) -> impl Iterator<Item = String> {
        self.paths.iter().enumerate().map(|(i, path)| match self.members.get(i) {
            Some(Some(member)) => format!("{path}{INTO}{member}"),
            _ => path.clone(),
        })
    }

    /// Its places, to be opened.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let raw = |i: usize| self.paths_b64.get(i).and_then(|b| base64_simd::STANDARD.decode_to_vec(b).ok());
        self.paths.iter().enumerate().map(move |(i, path)| {
            let root = self.roots.get(i).copied().unwrap_or(0);
            let file = Place::new(root, raw(i).as_deref().unwrap_or(path.as_bytes()));
            match self.members.get(i) {
                Some(Some(member)) => file.with_member(member),
                _ => file,
            }
        })
    }
}

const fn is_zero(n: &usize) -> bool {
    *n == 0
}
