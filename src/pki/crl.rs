//! Certificate revocation lists (RFC 5280 section 5), as facts for the inventory.

pub(crate) mod lookup;

use std::borrow::Cow;

use super::algorithm::algorithm_name;
use super::der::{self, context};
use super::{name, times};
use crate::finding::{Code, Codes};
use crate::id::{Fingerprint, NameId};
use crate::oid;
use crate::time::Time;

/// A revocation list.
#[derive(Debug, Clone)]
pub struct Crl {
    /// Over the whole `CertificateList`.
    pub sha256: Fingerprint,
    /// Issuer, RFC 4514.
    pub issuer: Box<str>,
    /// Issuer, for linking.
    pub issuer_id: NameId,
    /// When it was made.
    pub this_update: Option<Time>,
    /// When the next one is due.
    pub next_update: Option<Time>,
    /// How many certificates it lists.
    pub entries: u64,
    /// Name of the signature algorithm, or its dotted OID.
    pub signature_algorithm: Cow<'static, str>,
    /// What is noteworthy.
    pub findings: Codes,
}

/// Reads a list; bytes behind it are ignored, with a finding.
pub(crate) fn read(der: &[u8]) -> Option<Crl> {
    let (outer, rest) = der::first(der).filter(|(t, _)| t.tag == der::SEQUENCE)?;
    let mut parts = outer.reader();
    let mut tbs = parts.sequence()?;
    tbs.integer();
    tbs.sequence()?;
    let issuer = name::read(tbs.tagged(der::SEQUENCE)?.raw);
    let is_time = |tag: Option<u8>| matches!(tag, Some(der::UTC_TIME | der::GENERALIZED_TIME));
    if !is_time(tbs.peek()) {
        return None;
    }
    let this_update = tbs.any().map(times::read);
    let next_update = if is_time(tbs.peek()) { tbs.any().map(times::read) } else { None };
    let entries = tbs.tagged(der::SEQUENCE).map_or(0, |list| list.reader().count() as u64);
    let mut findings = Codes::NONE;
    if !tbs.is_empty() && tbs.peek() != Some(context(0)) {
        findings.insert(Code::StrictParserRefused);
    }
    if [this_update, next_update].into_iter().flatten().any(|t| !t.regular) {
        findings.insert(Code::BadTime);
    }
    let algorithm = parts.sequence().and_then(|mut a| a.oid()).unwrap_or_default();
    parts.tagged(der::BIT_STRING)?;
    if !rest.is_empty() {
        findings.insert(Code::TrailingData);
    }
    Some(Crl {
        sha256: Fingerprint::of(outer.raw),
        issuer: issuer.text,
        issuer_id: issuer.id,
        this_update: this_update.and_then(|t| t.time),
        next_update: next_update.and_then(|t| t.time),
        entries,
        signature_algorithm: algorithm_name(algorithm)
            .map_or_else(|| oid::dotted(algorithm).unwrap_or_default().into(), Cow::Borrowed),
        findings,
    })
}
