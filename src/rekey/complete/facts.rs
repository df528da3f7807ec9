//! What a certificate or request says in its extensions, as far as a replacement is judged by it.

use std::collections::HashSet;

use crate::oid;
use crate::pki::der::{self, Reader, Tlv, context};

/// `status_request`, the TLS feature that is called must-staple (RFC 7633 section 4, RFC 6066 section 8).
const STATUS_REQUEST: u32 = 5;

/// Critical extensions that are understood here, or say nothing about a path: policies are not asked for.
const UNDERSTOOD: &[&[u8]] = &[
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXT_KEY_USAGE,
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::AUTHORITY_INFO_ACCESS,
    oid::SCT_LIST,
    oid::TLS_FEATURE,
    oid::NAME_CONSTRAINTS,
    oid::ISSUER_ALT_NAME,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::FRESHEST_CRL,
    oid::INHIBIT_ANY_POLICY,
];

/// The extensions of one certificate or request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Alternative names: the tag of each `GeneralName`, and its content.
    pub(crate) names: Vec<(u8, Vec<u8>)>,
    /// Extended key usages, by OID; `None` without the extension.
    pub(crate) usages: Option<Vec<Vec<u8>>>,
    /// `keyUsage` bits, digitalSignature = bit 0.
    pub(crate) key_usage: Option<u16>,
    /// `pathLenConstraint` of a CA.
    pub(crate) path_length: Option<u32>,
    /// Must-staple.
    pub(crate) must_staple: bool,
    /// The log of each embedded signed certificate timestamp.
    pub(crate) logs: Vec<[u8; 32]>,
    /// It is a precertificate (RFC 6962 section 3.1).
    pub(crate) poison: bool,
    /// Permitted and excluded subtrees, the whole value.
    pub(crate) constraints: Option<Vec<u8>>,
    /// The names of its distribution points, each a whole `GeneralName`.
    pub(crate) distribution_points: Vec<Vec<u8>>,
    /// Critical extensions that are not understood, dotted.
    pub(crate) unknown_critical: Vec<String>,
    /// The first extension that is there twice, dotted: programs disagree on which one counts.
    pub(crate) repeated: Option<String>,
    /// Whether it has any extension.
    pub(crate) any: bool,
}

impl Facts {
    /// Of a certificate. What cannot be decoded is as good as not there.
    pub(crate) fn of_certificate(certificate: &[u8]) -> Self {
        let tbs = || Reader::new(certificate).sequence()?.sequence();
        let field = tbs().and_then(|mut fields| fields.find(|f| f.tag == context(3)));
        Self::of(field.and_then(|f| f.reader().sequence()))
    }

    /// Of what a request asks for (RFC 2985 section 5.4.2).
    pub(crate) fn of_request(request: &[u8]) -> Self {
        let attributes = || Reader::new(request).sequence()?.sequence()?.find(|f| f.tag == context(0));
        let asked = attributes().into_iter().flat_map(Tlv::reader).find_map(|attribute| {
            let mut parts = attribute.reader();
            (parts.oid()? == oid::EXTENSION_REQUEST)
                .then(|| parts.tagged(der::SET)?.reader().sequence())
                .flatten()
        });
        Self::of(asked)
    }

    fn of(list: Option<Reader<'_>>) -> Self {
        let mut out = Self::default();
        let mut met: HashSet<&[u8]> = HashSet::new();
        for (oid, critical, value) in list.into_iter().flatten().filter_map(open) {
            out.any = true;
            if !met.insert(oid) && out.repeated.is_none() {
                out.repeated = Some(dotted(oid));
            }
            out.take(oid, value);
            if critical && oid != oid::CT_POISON && !UNDERSTOOD.contains(&oid) {
                out.unknown_critical.push(dotted(oid));
            }
        }
        out
    }

    fn take(&mut self, oid: &[u8], value: &[u8]) {
        let sequence = || Reader::new(value).sequence().into_iter().flatten();
        match oid {
            oid::SUBJECT_ALT_NAME => self.names = sequence().map(|n| (n.tag, n.content.to_vec())).collect(),
            oid::EXT_KEY_USAGE => self.usages = Some(sequence().map(|u| u.content.to_vec()).collect()),
            oid::KEY_USAGE => self.key_usage = key_usage(value),
            oid::BASIC_CONSTRAINTS => {
                self.path_length = Reader::new(value).sequence().and_then(|mut s| {
                    s.tagged(der::BOOLEAN);
                    s.small()
                });
            }
            oid::TLS_FEATURE => {
                self.must_staple = Reader::new(value)
                    .sequence()
                    .is_some_and(|mut s| std::iter::from_fn(|| s.small()).any(|f| f == STATUS_REQUEST));
            }
            oid::SCT_LIST => self.logs = Reader::new(value).octet_string().map(logs).unwrap_or_default(),
            oid::CT_POISON => self.poison = true,
            oid::NAME_CONSTRAINTS => self.constraints = Some(value.to_vec()),
            oid::CRL_DISTRIBUTION_POINTS => {
                // DistributionPoint: [0] distributionPoint, in it [0] fullName, in it the names.
                let inner = |t: Tlv<'_>| t.reader().find(|t| t.tag == context(0)).map(|t| t.content.to_vec());
                for name in sequence().filter_map(inner) {
                    for full in Reader::new(&name).filter(|t| t.tag == context(0)) {
                        self.distribution_points.extend(full.reader().map(|n| n.raw.to_vec()));
                    }
                }
            }
            _ => {}
        }
    }
}

fn dotted(oid: &[u8]) -> String {
    oid::dotted(oid).unwrap_or_else(|| "an unreadable one".to_owned())
}

fn open(extension: Tlv<'_>) -> Option<(&[u8], bool, &[u8])> {
    let mut parts = extension.reader();
    let oid = parts.oid()?;
    let critical = parts.tagged(der::BOOLEAN).is_some_and(|b| b.content != [0]);
    Some((oid, critical, parts.octet_string()?))
}

fn key_usage(value: &[u8]) -> Option<u16> {
    let (_, bits) = Reader::new(value).tagged(der::BIT_STRING)?.content.split_first()?;
    Some(bits.iter().take(2).enumerate().fold(0, |n, (i, b)| n | u16::from(b.reverse_bits()) << (8 * i)))
}

/// The logs of a `SignedCertificateTimestampList` (RFC 6962 section 3.3): lengths of two octets, then version
/// and log.
fn logs(list: &[u8]) -> Vec<[u8; 32]> {
    let mut rest = list.get(2..).unwrap_or_default();
    let mut out = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let Some(timestamp) = tail.get(..usize::from(u16::from_be_bytes(*length))) else { break };
        rest = &tail[timestamp.len()..];
        if let Some(log) = timestamp.get(1..33).and_then(|l| l.try_into().ok())
            && !out.contains(&log)
        {
            out.push(log);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::tlv;

    #[test]
    fn logs_are_counted_once() {
        let timestamp = |log: u8| [&[0, 47, 0][..], &[log; 32], &[0; 14]].concat();
        let list = [timestamp(1), timestamp(2), timestamp(1)].concat();
        let list = [&(list.len() as u16).to_be_bytes()[..], &list].concat();
        assert_eq!(logs(&list), [[1; 32], [2; 32]]);
        assert!(logs(&[]).is_empty() && logs(&[0, 9, 0, 40, 1]).is_empty());
    }

    #[test]
    fn broken_bytes_say_nothing() {
        for bytes in [&b""[..], b"\x30\x00", b"\x30\x03\x30\x01\xa3", &[0xff; 30]] {
            assert_eq!(Facts::of_certificate(bytes), Facts::default());
            assert_eq!(Facts::of_request(bytes), Facts::default());
        }
    }

    #[test]
    fn must_staple_is_one_feature_among_others() {
        let mut facts = Facts::default();
        let features = |list: &[u8]| {
            tlv(der::SEQUENCE, &list.iter().flat_map(|f| tlv(der::INTEGER, &[*f])).collect::<Vec<_>>())
        };
        facts.take(oid::TLS_FEATURE, &features(&[17]));
        assert!(!facts.must_staple);
        facts.take(oid::TLS_FEATURE, &features(&[17, 5]));
        assert!(facts.must_staple);
    }
}
