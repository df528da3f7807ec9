//! Certification requests (PKCS #10, RFC 2986).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::algorithm::algorithm_name;
use super::alt_names::Names;
use super::cert;
use super::der::{self, context};
use super::extensions::{Extensions, Listed, read_extensions};
use super::spki::KeyFacts;
use super::{name, spki};
use crate::finding::{Code, Codes};
use crate::id::Fingerprint;
use crate::oid;

/// A certification request. As a record it is without its hash, which names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Over the whole `CertificationRequest`.
    #[serde(skip, default = "cert::unnamed")]
    pub sha256: Fingerprint,
    /// The key that asks.
    pub key: KeyFacts,
    /// Subject, RFC 4514.
    pub subject: Box<str>,
    /// Requested subject alternative names.
    pub names: Names,
    /// Name of the signature algorithm, or its dotted OID.
    pub signature_algorithm: Cow<'static, str>,
    /// What is noteworthy.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub findings: Codes,
}

impl Request {
    /// What people call it: the first DNS name, else the common name, else the subject.
    #[must_use]
    pub fn display_name(&self) -> Cow<'_, str> {
        match self.names.dns.first() {
            Some(name) => Cow::Borrowed(name),
            None => name::common_name(&self.subject).map_or(Cow::Borrowed(&*self.subject), Cow::Owned),
        }
    }
}

/// Reads a request; bytes behind it are ignored, with a finding.
pub(crate) fn read(der: &[u8]) -> Option<Request> {
    let (outer, rest) = der::first(der).filter(|(t, _)| t.tag == der::SEQUENCE)?;
    let mut parts = outer.reader();
    let mut info = parts.sequence()?;
    info.integer()?;
    let subject = info.tagged(der::SEQUENCE)?.raw;
    let spki = info.tagged(der::SEQUENCE)?.raw;
    let mut findings = Codes::NONE;
    let mut extensions = Listed::default();
    // The attributes are mandatory but often left out; old Microsoft tools put the extensions under an OID of
    // their own.
    for attribute in info.tagged(context(0)).into_iter().flat_map(|a| a.reader()) {
        let mut parts = attribute.reader();
        if matches!(parts.oid(), Some(oid::EXTENSION_REQUEST | oid::MS_CERT_EXTENSIONS))
            && let Some(values) = parts.tagged(der::SET)
        {
            read_extensions(values, &mut extensions, &mut findings);
        }
    }
    let algorithm = parts.sequence().and_then(|mut a| a.oid()).unwrap_or_default();
    parts.tagged(der::BIT_STRING)?;
    if !rest.is_empty() {
        findings.insert(Code::TrailingData);
    }
    let key = spki::read(spki);
    Some(Request {
        sha256: Fingerprint::of(outer.raw),
        subject: name::read(subject).text,
        names: Extensions::read(&extensions, &mut findings).names,
        signature_algorithm: algorithm_name(algorithm)
            .map_or_else(|| oid::dotted(algorithm).unwrap_or_default().into(), Cow::Borrowed),
        findings: findings.union(key.findings),
        key,
    })
}
