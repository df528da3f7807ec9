//! What a revocation list says of single certificates (RFC 5280 sections 5.2, 5.3 and 6.3.3). The list is
//! read once for all serial numbers asked.

use std::collections::{HashMap, HashSet};

use super::super::der::{self, Reader, Tlv, context};
use super::super::{name, times};
use crate::id::NameId;
use crate::oid;
use crate::time::Time;

/// A list, read for some serial numbers.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// Who made it.
    pub(crate) issuer: NameId,
    /// When it was made.
    pub(crate) this_update: Option<Time>,
    /// When the next one is due.
    pub(crate) next_update: Option<Time>,
    /// The key identifier of its signer (section 5.2.1).
    pub(crate) authority_key_id: Option<Vec<u8>>,
    /// What it covers, where that is not everything.
    pub(crate) scope: Option<Scope>,
    /// It holds only the changes since another one (section 5.2.4).
    pub(crate) is_delta: bool,
    /// An extension of the list or of an entry is critical and not understood: the list tells nothing
    /// (sections 5.2 and 5.3).
    pub(crate) unknown_critical: bool,
    /// It could not be read to its end.
    pub(crate) broken: bool,
    /// The entries that were asked for, by [`number`].
    pub(crate) entries: HashMap<Vec<u8>, Vec<Entry>>,
}

/// An issuing distribution point (section 5.2.5).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The names of the distribution point, each a whole `GeneralName`; empty if it has none.
    pub(crate) names: Vec<Vec<u8>>,
    /// The name is relative to the issuer.
    pub(crate) relative: bool,
    /// No CA certificates.
    pub(crate) only_users: bool,
    /// CA certificates alone.
    pub(crate) only_authorities: bool,
    /// Not all reasons.
    pub(crate) only_some_reasons: bool,
    /// Certificates of other issuers too.
    pub(crate) indirect: bool,
    /// Attribute certificates alone.
    pub(crate) only_attributes: bool,
}

/// A revoked certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Since when.
    pub(crate) at: Option<Time>,
    /// `CRLReason` (section 5.3.1).
    pub(crate) reason: Option<u32>,
    /// Who issued the certificate, where an indirect list says that it is another than the issuer of the list
    /// (section 5.3.3).
    pub(crate) issuer: Option<NameId>,
}

/// A serial number as it is compared: the content octets without leading zeros.
pub(crate) fn number(content: &[u8]) -> &[u8] {
    der::strip_zeros(content)
}

/// The name of a `CRLReason` (RFC 5280 section 5.3.1).
pub(crate) const fn reason_name(reason: Option<u32>) -> &'static str {
    match reason {
        None | Some(0) => "unspecified",
        Some(1) => "keyCompromise",
        Some(2) => "cACompromise",
        Some(3) => "affiliationChanged",
        Some(4) => "superseded",
        Some(5) => "cessationOfOperation",
        Some(6) => "certificateHold",
        Some(8) => "removeFromCRL",
        Some(9) => "privilegeWithdrawn",
        Some(10) => "aACompromise",
        Some(_) => "unknown",
    }
}

/// Reads a list for these serial numbers, each as [`number`] gives it. `None` if it is none.
pub(crate) fn read(list: &[u8], wanted: &HashSet<Vec<u8>>) -> Option<Lookup> {
    let mut tbs = der::first(list)?.0.reader().sequence()?;
    tbs.integer();
    tbs.sequence()?;
    let issuer = name::read(tbs.tagged(der::SEQUENCE)?.raw).id;
    let is_time = |tag: Option<u8>| matches!(tag, Some(der::UTC_TIME | der::GENERALIZED_TIME));
    let this_update =
        if is_time(tbs.peek()) { tbs.any().and_then(|t| times::read(t).time) } else { return None };
    let next_update = if is_time(tbs.peek()) { tbs.any().and_then(|t| times::read(t).time) } else { None };
    let mut out = Lookup {
        issuer,
        this_update,
        next_update,
        authority_key_id: None,
        scope: None,
        is_delta: false,
        unknown_critical: false,
        broken: false,
        entries: HashMap::new(),
    };
    let issuers = tbs.tagged(der::SEQUENCE).is_some_and(|entries| out.entries_of(entries, wanted));
    if let Some(extensions) = tbs.tagged(context(0)) {
        out.extensions_of(extensions);
    }
    // Only an indirect list may name other issuers.
    out.unknown_critical |= issuers && !out.scope.as_ref().is_some_and(|s| s.indirect);
    out.broken |= !tbs.is_empty();
    Some(out)
}

impl Lookup {
    /// Returns whether an entry names the issuer of its certificate; that holds for those behind it too
    /// (section 5.3.3).
    fn entries_of(&mut self, entries: Tlv<'_>, wanted: &HashSet<Vec<u8>>) -> bool {
        let mut issuer: Option<NameId> = None;
        let mut list = entries.reader();
        while let Some(entry) = list.any() {
            let mut parts = entry.reader();
            let (Some(serial), Some(at)) = (parts.integer(), parts.any()) else {
                self.broken = true;
                continue;
            };
            let extensions = parts.sequence();
            let asked = wanted.contains(number(serial));
            if extensions.is_none() && !asked {
                continue;
            }
            let mut reason = None;
            for (oid, critical, value) in extensions.into_iter().flatten().filter_map(extension) {
                match oid {
                    oid::REASON_CODE => {
                        reason = der::first(value).and_then(|(t, _)| {
                            t.content
                                .iter()
                                .try_fold(0u32, |n, b| n.checked_mul(256)?.checked_add(u32::from(*b)))
                        })
                    }
                    oid::CERTIFICATE_ISSUER => match directory_name(value) {
                        Some(name) => issuer = Some(name),
                        None => self.broken = true,
                    },
                    oid::INVALIDITY_DATE => {}
                    _ => self.unknown_critical |= critical,
                }
            }
            if asked {
                self.entries.entry(number(serial).to_vec()).or_default().push(Entry {
                    at: times::read(at).time,
                    reason,
                    issuer,
                });
            }
        }
        self.broken |= !list.is_empty();
        issuer.is_some()
    }

    fn extensions_of(&mut self, field: Tlv<'_>) {
        for (oid, critical, value) in field.reader().sequence().into_iter().flatten().filter_map(extension) {
            match oid {
                oid::AUTHORITY_KEY_ID => {
                    self.authority_key_id = Reader::new(value)
                        .sequence()
                        .and_then(|mut s| s.tagged(0x80))
                        .map(|id| id.content.to_vec());
                }
                oid::DELTA_CRL_INDICATOR => self.is_delta = true,
                oid::ISSUING_DISTRIBUTION_POINT => match scope(value) {
                    Some(scope) => self.scope = Some(scope),
                    None => self.broken = true,
                },
                oid::CRL_NUMBER => {}
                _ => self.unknown_critical |= critical,
            }
        }
    }
}

fn extension(element: Tlv<'_>) -> Option<(&[u8], bool, &[u8])> {
    let mut parts = element.reader();
    let oid = parts.oid()?;
    let critical = parts.tagged(der::BOOLEAN).is_some_and(|b| b.content != [0]);
    Some((oid, critical, parts.octet_string()?))
}

/// The directory name among some `GeneralNames`.
fn directory_name(value: &[u8]) -> Option<NameId> {
    let field = Reader::new(value).sequence()?.find(|n| n.tag == context(4))?;
    Some(name::read(field.reader().tagged(der::SEQUENCE)?.raw).id)
}

fn scope(value: &[u8]) -> Option<Scope> {
    let mut out = Scope::default();
    for field in Reader::new(value).sequence()? {
        let says = field.content.iter().any(|b| *b != 0);
        match field.tag {
            0xa0 => {
                let name = field.reader().any()?;
                out.relative = name.tag != context(0);
                if !out.relative {
                    out.names = name.reader().map(|n| n.raw.to_vec()).collect();
                }
            }
            0x81 => out.only_users = says,
            0x82 => out.only_authorities = says,
            0x83 => out.only_some_reasons = true,
            0x84 => out.indirect = says,
            0x85 => out.only_attributes = says,
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::der::tlv;
    use super::*;

    fn list(entries: &[u8], extensions: &[u8]) -> Vec<u8> {
        let algorithm = tlv(der::SEQUENCE, &tlv(der::OID, &[0x2a, 3]));
        let time = tlv(der::UTC_TIME, b"260101000000Z");
        let extensions = tlv(context(0), &tlv(der::SEQUENCE, extensions));
        let fields = [
            tlv(der::INTEGER, &[1]),
            algorithm.clone(),
            tlv(der::SEQUENCE, &[]),
            time.clone(),
            time,
            tlv(der::SEQUENCE, entries),
            extensions,
        ];
        tlv(
            der::SEQUENCE,
            &[tlv(der::SEQUENCE, &fields.concat()), algorithm, tlv(der::BIT_STRING, &[0])].concat(),
        )
    }

    fn entry(serial: &[u8], extensions: &[u8]) -> Vec<u8> {
        let parts =
            [tlv(der::INTEGER, serial), tlv(der::UTC_TIME, b"260102000000Z"), tlv(der::SEQUENCE, extensions)];
        tlv(der::SEQUENCE, &parts.concat())
    }

    fn ext(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
        let critical = if critical { tlv(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        tlv(der::SEQUENCE, &[tlv(der::OID, oid), critical, tlv(der::OCTET_STRING, value)].concat())
    }

    #[test]
    fn entries_scope_and_what_makes_a_list_useless() {
        let wanted: HashSet<Vec<u8>> = [vec![0x8f, 1], vec![7]].into_iter().collect();
        let entries =
            [entry(&[0, 0x8f, 1], &ext(oid::REASON_CODE, false, &tlv(0x0a, &[1]))), entry(&[9], &[])]
                .concat();
        let point = ext(
            oid::ISSUING_DISTRIBUTION_POINT,
            true,
            &tlv(der::SEQUENCE, &[tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"u"))), tlv(0x81, &[0xff])].concat()),
        );
        let read_list = read(&list(&entries, &point), &wanted).unwrap();
        assert_eq!(read_list.entries.len(), 1, "only what was asked for");
        let found = read_list.entries[&vec![0x8f, 1]][0];
        assert_eq!(
            (reason_name(found.reason), found.at.unwrap().day().as_str()),
            ("keyCompromise", "2026-01-02")
        );
        let scope = read_list.scope.as_ref().unwrap();
        assert_eq!(
            (scope.names.as_slice(), scope.only_users, scope.indirect),
            (&[tlv(0x86, b"u")][..], true, false)
        );
        assert!(!read_list.is_delta && !read_list.unknown_critical && !read_list.broken);
        let delta =
            read(&list(&entries, &ext(oid::DELTA_CRL_INDICATOR, true, &tlv(der::INTEGER, &[1]))), &wanted)
                .unwrap();
        assert!(delta.is_delta);
        let strange = read(&list(&entry(&[9], &ext(&[0x2a, 3, 4], true, &[])), &[]), &wanted).unwrap();
        assert!(strange.unknown_critical, "of an entry that was not asked for");
        let strange = read(&list(&[], &ext(&[0x2a, 3, 4], true, &[])), &wanted).unwrap();
        assert!(strange.unknown_critical);
        assert!(read(b"\x30\x00", &wanted).is_none());
        // An issuer holds for the entries behind it, and only in an indirect list.
        let other = tlv(
            der::SEQUENCE,
            &tlv(0x31, &tlv(der::SEQUENCE, &[tlv(der::OID, &[0x55, 4, 3]), tlv(0x0c, b"x")].concat())),
        );
        let named = ext(oid::CERTIFICATE_ISSUER, true, &tlv(der::SEQUENCE, &tlv(0xa4, &other)));
        let entries = [entry(&[7], &[]), entry(&[7], &named), entry(&[0, 0x8f, 1], &[])].concat();
        let indirect = ext(oid::ISSUING_DISTRIBUTION_POINT, true, &tlv(der::SEQUENCE, &tlv(0x84, &[0xff])));
        let several = read(&list(&entries, &indirect), &wanted).unwrap();
        let issuers = |serial: &[u8]| several.entries[serial].iter().map(|e| e.issuer).collect::<Vec<_>>();
        let other = Some(name::read(&other).id);
        assert_eq!((issuers(&[7]), issuers(&[0x8f, 1])), (vec![None, other], vec![other]));
        assert!(!several.unknown_critical && !several.broken);
        assert!(read(&list(&entries, &[]), &wanted).unwrap().unknown_critical);
    }
}
