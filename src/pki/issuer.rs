//! What the certificates of one CA have in common. A heap has few issuers and very many certificates, so it
//! is kept once for all of them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::algorithm::algorithm_name;
use super::{hosts, name};
use crate::id::{NameId, Octets};
use crate::oid;

/// What a certificate says of who issued it, and how.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Issuer {
    /// Its name, RFC 4514.
    pub name: Box<str>,
    /// Its name, for linking.
    pub id: NameId,
    /// Authority key identifier (`keyIdentifier` only).
    pub key_id: Option<Octets>,
    /// Name of the signature algorithm, or its dotted OID.
    pub algorithm: Cow<'static, str>,
    /// The hosts of the URLs in `authorityInfoAccess` and `cRLDistributionPoints` (RFC 5280 sections 4.2.2.1
    /// and 4.2.1.13), in lower case, each once, in order.
    pub hosts: Box<[String]>,
}

/// The issuer of a record of a certificate, until the one that is kept beside it is known.
pub(super) fn unknown() -> Arc<Issuer> {
    Arc::new(Issuer {
        name: Box::default(),
        id: NameId([0; 16]),
        key_id: None,
        algorithm: Cow::Borrowed(""),
        hosts: Box::default(),
    })
}

/// What an [`Issuer`] is read from, as it is encoded.
pub(crate) struct Said<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) key_id: Option<&'a [u8]>,
    pub(crate) algorithm: &'a [u8],
    pub(crate) extensions: &'a [(&'a [u8], &'a [u8])],
    /// A name of its own: nothing else is of that issuer, as a rule.
    pub(crate) is_own: bool,
}

/// Issuers kept for each thread; when there are more, all are read anew.
const KEPT: usize = 1024;
/// Longer names are not kept.
const LONGEST: usize = 1024;

#[derive(Default)]
struct Known {
    issuers: HashTable<Entry>,
    hasher: hashbrown::DefaultHashBuilder,
}

struct Entry {
    hash: u64,
    name: Box<[u8]>,
    algorithm: Box<[u8]>,
    issuer: Arc<Issuer>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Reads who issued a certificate; what says the same shares its memory.
pub(crate) fn read(said: &Said<'_>) -> Arc<Issuer> {
    let hosts = hosts::read(said.extensions);
    if said.is_own || said.name.len() > LONGEST {
        return Arc::new(said.issuer(&hosts));
    }
    KNOWN.with_borrow_mut(|known| {
        let hash = known.hasher.hash_one((said.name, said.key_id, said.algorithm, &hosts));
        if let Some(entry) = known.issuers.find(hash, |e| e.hash == hash && e.is(said, &hosts)) {
            return Arc::clone(&entry.issuer);
        }
        if known.issuers.len() == KEPT {
            known.issuers.clear();
        }
        let issuer = Arc::new(said.issuer(&hosts));
        let entry = Entry {
            hash,
            name: said.name.into(),
            algorithm: said.algorithm.into(),
            issuer: Arc::clone(&issuer),
        };
        known.issuers.insert_unique(hash, entry, |e| e.hash);
        issuer
    })
}

impl Entry {
    fn is(&self, said: &Said<'_>, hosts: &[&str]) -> bool {
        *self.name == *said.name
            && *self.algorithm == *said.algorithm
            && self.issuer.key_id.as_deref() == said.key_id
            && self.issuer.hosts.len() == hosts.len()
            && self.issuer.hosts.iter().zip(hosts).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }
}

impl Said<'_> {
    fn issuer(&self, hosts: &[&str]) -> Issuer {
        let name::Name { text, id } = name::read(self.name);
        let algorithm = algorithm_name(self.algorithm)
            .map_or_else(|| oid::dotted(self.algorithm).unwrap_or_default().into(), Cow::Borrowed);
        let hosts = hosts.iter().map(|h| h.to_ascii_lowercase()).collect();
        Issuer { name: text, id, key_id: self.key_id.map(Octets::from), algorithm, hosts }
    }
}

#[cfg(test)]
mod tests {
    use super::super::der::{OID, SEQUENCE, SET, tlv};
    use super::*;

    #[test]
    fn what_differs_in_anything_is_kept_apart() {
        let named = |text: &[u8]| {
            let value = tlv(SEQUENCE, &[tlv(OID, oid::COMMON_NAME), tlv(0x0c, text)].concat());
            tlv(SEQUENCE, &tlv(SET, &value))
        };
        let at = |host: &str| {
            let access = [tlv(OID, &[1, 2, 3]), tlv(0x86, format!("http://{host}/x").as_bytes())].concat();
            tlv(SEQUENCE, &tlv(SEQUENCE, &access))
        };
        let (names, hosts) =
            ([named(b"One CA"), named(b"one ca")], [at("a.example"), at("A.example"), at("b.example")]);
        let mut all = Vec::new();
        for name in &names {
            for host in &hosts {
                for key_id in [None, Some(&[1, 2][..]), Some(&[1, 3])] {
                    for algorithm in [oid::ED25519, oid::ED448] {
                        let extensions = [(oid::AUTHORITY_INFO_ACCESS, host.as_slice())];
                        let said = Said { name, key_id, algorithm, extensions: &extensions, is_own: false };
                        let alone = read(&Said { is_own: true, ..said });
                        let issuer = read(&said);
                        assert_eq!(issuer, alone);
                        assert!(Arc::ptr_eq(&issuer, &read(&said)) && !Arc::ptr_eq(&issuer, &alone));
                        assert_eq!((issuer.key_id.as_deref(), issuer.hosts.len()), (key_id, 1));
                        all.push(issuer);
                    }
                }
            }
        }
        assert!(all.iter().enumerate().all(|(i, a)| all[..i].iter().all(|b| !Arc::ptr_eq(a, b))));
        assert_eq!(
            all.iter().filter(|i| **i == all[0]).count(),
            2,
            "the letters of a host are of either case"
        );
    }
}
