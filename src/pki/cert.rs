//! Certificates (RFC 5280 section 4.1), read strictly where possible and tolerantly where not, described
//! completely.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;

use super::alt_names::Names;
use super::der::{self, Reader, Tlv, context};
use super::seen::Seen;
use super::signature::{self, Checked};
use super::{issuer, name, spki, times};
use crate::finding::{Code, Codes};
use crate::id::{Fingerprint, NameId, Octets, ProfileHash, Serial};
use crate::limits;
use crate::oid;
use crate::time::Time;

use super::issuer::Issuer;
pub(crate) use super::spki::KeyFacts;

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

impl Purpose {
    /// Whether `keyUsage` is there and has this bit (RFC 5280 section 4.2.1.3).
    #[must_use]
    pub const fn allows(self, bit: u8) -> Option<bool> {
        match self.key_usage {
            Some(bits) => Some(bits & (1 << bit) != 0),
            None => None,
        }
    }
}

/// Key usages as a certificate states them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// `keyUsage` bits, digitalSignature = bit 0 (RFC 5280 section 4.2.1.3).
    pub key_usage: Option<u16>,
    /// Extended key usages that decide how a certificate is replaced; `None` without the extension.
    pub extended: Option<Extended>,
}

/// Which of the well-known extended key usages are there (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// `id-kp-serverAuth`, or a gated crypto OID of old.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub server: bool,
    /// `id-kp-clientAuth`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client: bool,
    /// `id-kp-emailProtection`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub email: bool,
    /// `id-kp-codeSigning`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
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

/// Extensions as found: what means something here, in order, and the names of all others.
#[derive(Default)]
pub(crate) struct Listed<'a> {
    read: Vec<(&'a [u8], &'a [u8])>,
    others: Seen<'a>,
}

/// `Extensions` in its explicit tag: pairs of OID and value. However many there are, those that mean
/// something here are all found; only names of others are no longer remembered beyond a limit.
pub(crate) fn read_extensions<'a>(field: Tlv<'a>, out: &mut Listed<'a>, findings: &mut Codes) {
    let Some(mut list) = field.reader().sequence() else {
        findings.insert(Code::ExtensionNotRead);
        return;
    };
    while let Some(extension) = list.any() {
        let mut parts = extension.reader();
        let oid = parts.oid();
        if let Some(critical) = parts.tagged(der::BOOLEAN)
            && critical.content == [0]
        {
            findings.insert(Code::ExplicitDefault);
        }
        let (Some(oid), Some(value)) = (oid, parts.octet_string()) else {
            findings.insert(Code::ExtensionNotRead);
            continue;
        };
        let is_new = if !means_something(oid) {
            if out.others.len() >= limits::EXTENSIONS {
                findings.insert(Code::ExtensionNotRead);
                continue;
            }
            out.others.insert(oid)
        } else if out.read.iter().any(|(seen, _)| *seen == oid) {
            false
        } else {
            out.read.push((oid, value));
            true
        };
        if !is_new {
            findings.insert(Code::DuplicateExtension);
        }
    }
    if !list.is_empty() {
        findings.insert(Code::ExtensionNotRead);
    }
}

/// Whether [`Extensions`] or [`Issuer::hosts`] takes something from the extension of that name.
fn means_something(oid: &[u8]) -> bool {
    matches!(
        oid,
        oid::SUBJECT_ALT_NAME
            | oid::BASIC_CONSTRAINTS
            | oid::SUBJECT_KEY_ID
            | oid::AUTHORITY_INFO_ACCESS
            | oid::AUTHORITY_KEY_ID
            | oid::CRL_DISTRIBUTION_POINTS
            | oid::KEY_USAGE
            | oid::EXT_KEY_USAGE
            | oid::SCT_LIST
    )
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

/// What the extensions say.
#[derive(Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) names: Names,
    is_ca: bool,
    subject_key_id: Option<Octets>,
    authority_key_id: Option<&'a [u8]>,
    purpose: Purpose,
    first_sct: Option<Time>,
}

impl<'a> Extensions<'a> {
    pub(crate) fn read(extensions: &Listed<'a>, findings: &mut Codes) -> Self {
        let mut out = Self::default();
        for (oid, value) in &extensions.read {
            let understood = match *oid {
                oid::SUBJECT_ALT_NAME => name::general_names(value, &mut out.names),
                oid::BASIC_CONSTRAINTS => Reader::new(value)
                    .sequence()
                    .map(|mut s| out.is_ca = s.tagged(der::BOOLEAN).is_some_and(|b| b.content != [0]))
                    .is_some(),
                oid::SUBJECT_KEY_ID => {
                    Reader::new(value).octet_string().map(|id| out.subject_key_id = Some(id.into())).is_some()
                }
                oid::AUTHORITY_KEY_ID => Reader::new(value)
                    .sequence()
                    .map(|mut s| out.authority_key_id = s.tagged(0x80).map(|id| id.content))
                    .is_some(),
                oid::KEY_USAGE => key_usage(value).map(|bits| out.purpose.key_usage = Some(bits)).is_some(),
                oid::EXT_KEY_USAGE => {
                    Reader::new(value).sequence().map(|s| out.purpose.extended = Some(extended(s))).is_some()
                }
                oid::SCT_LIST => {
                    Reader::new(value).octet_string().map(|list| out.first_sct = first_sct(list)).is_some()
                }
                _ => true,
            };
            if !understood {
                findings.insert(Code::ExtensionNotRead);
            }
        }
        out
    }
}

fn key_usage(value: &[u8]) -> Option<u16> {
    let (_, bits) = Reader::new(value).tagged(der::BIT_STRING)?.content.split_first()?;
    Some(bits.iter().take(2).enumerate().fold(0, |n, (i, b)| n | u16::from(b.reverse_bits()) << (8 * i)))
}

fn extended(list: Reader<'_>) -> Extended {
    const KP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];
    let mut out = Extended::default();
    for usage in list {
        match usage.content.strip_prefix(KP) {
            Some([1]) => out.server = true,
            Some([2]) => out.client = true,
            Some([3]) => out.code = true,
            Some([4]) => out.email = true,
            _ => {}
        }
    }
    out
}

/// The earliest timestamp of a `SignedCertificateTimestampList` (RFC 6962 section 3.3: lengths of two octets,
/// then version, log id, milliseconds).
fn first_sct(list: &[u8]) -> Option<Time> {
    let mut rest = list.get(2..)?;
    let mut first = None;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let sct = tail.get(..usize::from(u16::from_be_bytes(*length)))?;
        rest = &tail[sct.len()..];
        if let Some(millis) = sct.get(33..41).and_then(|b| <[u8; 8]>::try_from(b).ok()) {
            let time = Time::from_unix(i64::try_from(u64::from_be_bytes(millis) / 1000).ok()?);
            first = Some(first.map_or(time, |f: Time| f.min(time)));
        }
    }
    first
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

/// Signature algorithms by the names their standards give them.
pub(crate) fn algorithm_name(content: &[u8]) -> Option<&'static str> {
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    const NIST_DSA: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
    if let Some([last]) = content.strip_prefix(PKCS1) {
        return Some(match last {
            2 => "md2WithRSAEncryption",
            4 => "md5WithRSAEncryption",
            5 => "sha1WithRSAEncryption",
            10 => "rsassaPss",
            11 => "sha256WithRSAEncryption",
            12 => "sha384WithRSAEncryption",
            13 => "sha512WithRSAEncryption",
            14 => "sha224WithRSAEncryption",
            _ => return None,
        });
    }
    if let Some(tail) = content.strip_prefix(ECDSA) {
        return Some(match tail {
            [1] => "ecdsa-with-SHA1",
            [3, 1] => "ecdsa-with-SHA224",
            [3, 2] => "ecdsa-with-SHA256",
            [3, 3] => "ecdsa-with-SHA384",
            [3, 4] => "ecdsa-with-SHA512",
            _ => return None,
        });
    }
    if let Some([last]) = content.strip_prefix(NIST_DSA) {
        return Some(match last {
            1 => "dsa-with-sha224",
            2 => "dsa-with-sha256",
            9 => "ecdsa-with-SHA3-224",
            10 => "ecdsa-with-SHA3-256",
            11 => "ecdsa-with-SHA3-384",
            12 => "ecdsa-with-SHA3-512",
            17 => "ml-dsa-44",
            18 => "ml-dsa-65",
            19 => "ml-dsa-87",
            _ => return None,
        });
    }
    match content {
        oid::ED25519 => Some("ed25519"),
        oid::ED448 => Some("ed448"),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => Some("dsa-with-sha1"),
        [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75] => Some("sm2-with-sm3"),
        _ => None,
    }
}
