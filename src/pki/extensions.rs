//! Extensions of certificates and requests (RFC 5280 section 4.2): which are there, and what those mean that
//! mean something here.

use serde::{Deserialize, Serialize};

use super::alt_names::{Names, general_names};
use super::der::{self, Reader, Tlv};
use super::seen::Seen;
use crate::finding::{Code, Codes};
use crate::id::Octets;
use crate::limits;
use crate::oid;
use crate::time::Time;

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

/// Extensions as found: what means something here, in order, and the names of all others.
#[derive(Default)]
pub(crate) struct Listed<'a> {
    pub(super) read: Vec<(&'a [u8], &'a [u8])>,
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

/// Whether [`Extensions`] or [`super::Issuer::hosts`] takes something from the extension of that name.
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

/// What the extensions say.
#[derive(Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) names: Names,
    pub(super) is_ca: bool,
    pub(super) subject_key_id: Option<Octets>,
    pub(super) authority_key_id: Option<&'a [u8]>,
    pub(super) purpose: Purpose,
    pub(super) first_sct: Option<Time>,
}

impl<'a> Extensions<'a> {
    pub(crate) fn read(extensions: &Listed<'a>, findings: &mut Codes) -> Self {
        let mut out = Self::default();
        for (oid, value) in &extensions.read {
            let understood = match *oid {
                oid::SUBJECT_ALT_NAME => general_names(value, &mut out.names),
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
    let mut out = Extended::default();
    for usage in list {
        match usage.content.strip_prefix(oid::KEY_PURPOSE) {
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
