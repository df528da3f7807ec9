//! Certificates (RFC 5280 section 4.1), read strictly where possible and tolerantly where not, described
//! completely.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;

use super::alt_names::Names;
use super::der::{self, Reader, Tlv, context};
use super::extensions::{Extensions, Listed, Purpose, read_extensions};
use super::issuer::Issuer;
use super::signature::{self, Checked};
use super::spki::KeyFacts;
use super::{issuer, name, spki, times};
use crate::finding::{Code, Codes};
use crate::id::{Fingerprint, NameId, Octets, ProfileHash, Serial};
use crate::oid;
use crate::time::Time;

/// Everything that later stages need of a certificate; all of it is public. As a record it is without its
/// hash, which names it, and without what it says of its issuer, which very many have in common: **whoever
/// keeps one keeps both beside it**.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Certificate {
    /// Over the `Certificate` SEQUENCE alone.
    #[serde(skip, default = "unnamed")]
    pub sha256: Fingerprint,
    /// The certified key.
    pub key: Arc<KeyFacts>,
    /// Subject, RFC 4514.
    pub subject: Box<str>,
    /// Subject, for linking.
    pub subject_id: NameId,
    /// What it says of who issued it.
    #[serde(skip, default = "issuer::unknown")]
    pub issuer: Arc<Issuer>,
    /// Serial number.
    pub serial: Serial,
    /// First moment of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Last moment of validity, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Time>,
    /// Subject alternative names.
    pub names: Names,
    /// `basicConstraints` says CA:TRUE.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ca: bool,
    /// 1, 2 or 3 (RFC 5280 section 4.1.2.1); what no standard defines, and what has extensions all the same,
    /// counts as 3.
    #[serde(default = "v3", skip_serializing_if = "is_v3")]
    pub version: u8,
    /// Subject and issuer are equal and the signature is by its own key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_self_signed: bool,
    /// Subject key identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_key_id: Option<Octets>,
    /// What it may be used for.
    pub purpose: Purpose,
    /// The earliest embedded signed certificate timestamp (RFC 6962 section 3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sct: Option<Time>,
    /// Equal for certificates that one replacement can stand in for.
    pub profile: ProfileHash,
    /// What is noteworthy.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub findings: Codes,
}

/// The hash of a record until the one that names it is known.
pub(super) const fn unnamed() -> Fingerprint {
    Fingerprint::from_bytes([0; 32])
}

/// The version that nearly all have.
const fn v3() -> u8 {
    3
}

/// Whether a record leaves the version out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_v3(version: &u8) -> bool {
    *version == 3
}

impl Certificate {
    /// What people call it: the first DNS name, else another name, else the subject.
    #[must_use]
    pub fn display_name(&self) -> Cow<'_, str> {
        let names = &self.names;
        let first = names
            .dns
            .first()
            .or_else(|| names.ip().first().or_else(|| names.email().first()).map(|name| &**name));
        match first {
            Some(name) => Cow::Borrowed(name),
            None => name::common_name(&self.subject).map_or(Cow::Borrowed(&*self.subject), Cow::Owned),
        }
    }

    /// Whether the encodings link: its issuer is named as `issuer` is, and the key identifiers do not
    /// contradict.
    #[must_use]
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        self.issuer.id == issuer.subject_id
            && match (&self.issuer.key_id, &issuer.subject_key_id) {
                (Some(wanted), Some(have)) => wanted == have,
                _ => true,
            }
    }
}

/// The fields of a certificate as slices of its bytes, from whichever reader succeeded.
struct Fields<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    not_before: Option<Tlv<'a>>,
    not_after: Option<Tlv<'a>>,
    subject: &'a [u8],
    spki: &'a [u8],
    signature_algorithm: &'a [u8],
    extensions: Listed<'a>,
    version: u8,
    findings: Codes,
}

/// Reads a certificate. `der` must begin with it; bytes behind are ignored, with a finding.
pub(crate) fn read(der: &[u8]) -> Option<Certificate> {
    let (outer, rest) = der::first(der).filter(|(t, _)| t.tag == der::SEQUENCE)?;
    let mut strict = X509CertificateParser::new().with_deep_parse_extensions(false);
    let accepted = matches!(strict.parse(outer.raw), Ok((rest, _)) if rest.is_empty());
    let mut fields = walk(outer)?;
    if !accepted {
        fields.findings.insert(Code::StrictParserRefused);
    }
    if !rest.is_empty() {
        fields.findings.insert(Code::TrailingData);
    }
    Some(describe(outer.raw, fields))
}

/// The signed part, the signature algorithm and the signature of a certificate, request or revocation list.
pub(crate) fn signed_parts(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut outer = der::first(der)?.0.reader();
    Some((outer.any()?.raw, outer.any()?.raw, outer.bit_string()?))
}

/// The whole `SubjectPublicKeyInfo` of a certificate.
pub(crate) fn spki_of(der: &[u8]) -> Option<&[u8]> {
    walk(der::first(der)?.0).map(|f| f.spki)
}

/// Walks the outer fields by tag.
fn walk(outer: Tlv<'_>) -> Option<Fields<'_>> {
    let mut findings = Codes::NONE;
    let mut parts = outer.reader();
    let mut tbs = parts.sequence()?;
    let version = match tbs.tagged(context(0)) {
        Some(explicit) => {
            let number = explicit.reader().small().unwrap_or(u32::MAX);
            if number == 0 {
                findings.insert(Code::ExplicitDefault);
            }
            number
        }
        None => 0,
    };
    if version > 2 {
        findings.insert(Code::UnusualVersion);
    }
    let serial = tbs.integer()?;
    tbs.sequence()?;
    let issuer = tbs.tagged(der::SEQUENCE)?.raw;
    let mut validity = tbs.sequence()?;
    let (not_before, not_after) = (validity.any(), validity.any());
    let subject = tbs.tagged(der::SEQUENCE)?.raw;
    let spki = tbs.tagged(der::SEQUENCE)?.raw;
    let mut extensions = Listed::default();
    while let Some(field) = tbs.any() {
        if field.tag == context(3) {
            read_extensions(field, &mut extensions, &mut findings);
        }
    }
    // The signature fields may be broken; the certificate is inventoried all the same.
    let signature_algorithm = parts.sequence().and_then(|mut a| a.oid()).unwrap_or_default();
    if parts.tagged(der::BIT_STRING).is_none() {
        findings.insert(Code::StrictParserRefused);
    }
    let version = version.min(2) as u8 + 1;
    Some(Fields {
        serial,
        issuer,
        not_before,
        not_after,
        subject,
        spki,
        signature_algorithm,
        extensions,
        version,
        findings,
    })
}

fn describe(raw: &[u8], fields: Fields<'_>) -> Certificate {
    let mut findings = fields.findings;
    let serial = Serial::from_content(fields.serial);
    for (wrong, code) in [
        (serial.is_negative(), Code::NegativeSerial),
        (serial.is_zero(), Code::ZeroSerial),
        (serial.content().len() > 20, Code::LongSerial),
    ] {
        if wrong {
            findings.insert(code);
        }
    }
    let mut time = |field: Option<Tlv<'_>>| {
        let read = field.map(times::read);
        if !read.is_some_and(|r| r.regular) {
            findings.insert(Code::BadTime);
        }
        read.and_then(|r| r.time)
    };
    let (not_before, not_after) = (time(fields.not_before), time(fields.not_after));
    let subject = name::read(fields.subject);
    let key = spki::read(fields.spki);
    let has_extensions = !fields.extensions.read.is_empty();
    let extensions = Extensions::read(&fields.extensions, &mut findings);
    let issuer = issuer::read(&issuer::Said {
        name: fields.issuer,
        key_id: extensions.authority_key_id,
        algorithm: fields.signature_algorithm,
        extensions: &fields.extensions.read,
        is_own: fields.issuer == fields.subject,
    });
    let self_issued = subject.id == issuer.id;
    let is_self_signed = self_issued && by_own_key(raw, fields.spki, &mut findings);
    Certificate {
        sha256: Fingerprint::of(raw),
        findings: findings.union(key.findings),
        profile: profile(fields.subject, &fields.extensions.read),
        key: Arc::new(key),
        subject: subject.text,
        subject_id: subject.id,
        issuer,
        serial,
        not_before,
        not_after,
        names: extensions.names,
        is_ca: extensions.is_ca,
        // What has extensions says by them whether it is of a CA.
        version: if has_extensions { 3 } else { fields.version },
        is_self_signed,
        subject_key_id: extensions.subject_key_id,
        purpose: extensions.purpose,
        first_sct: extensions.first_sct,
    }
}

/// Whether a self-issued certificate is signed by its own key. What cannot be checked is not (DESIGN.md 2.5),
/// with a finding: whoever adds a certificate chooses its algorithm and its key identifiers.
fn by_own_key(raw: &[u8], spki: &[u8], findings: &mut Codes) -> bool {
    let checked = signed_parts(raw).map_or(Checked::Invalid, |(tbs, algorithm, signature)| {
        signature::check(tbs, algorithm, signature, spki)
    });
    if checked == Checked::NotSupported {
        findings.insert(Code::SignatureNotChecked);
    }
    checked == Checked::Valid
}

/// Hashes subject, alternative names (order aside) and usages.
fn profile(subject: &[u8], extensions: &[(&[u8], &[u8])]) -> ProfileHash {
    let value = |oid: &[u8]| extensions.iter().find(|(o, _)| *o == oid).map_or(&[][..], |(_, v)| v);
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(subject);
    for oid in [oid::SUBJECT_ALT_NAME, oid::EXT_KEY_USAGE] {
        let mut items: Vec<&[u8]> =
            Reader::new(value(oid)).sequence().into_iter().flatten().map(|t| t.raw).collect();
        items.sort_unstable();
        items.dedup();
        bytes.push(0);
        items.iter().for_each(|i| bytes.extend_from_slice(i));
    }
    bytes.push(0);
    bytes.extend_from_slice(value(oid::KEY_USAGE));
    ProfileHash::of(&bytes)
}
