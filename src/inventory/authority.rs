//! Which certificates are of CAs, and which of those came without their keys: intermediates and roots that a
//! bundle brings along (DESIGN.md 2.4).

use std::collections::HashSet;

use super::entry::{Basis, CertificateEntry, IssuerLink, KeyEntry};
use super::model::Inventory;
use super::near::{Directories, Folder};
use super::owners;
use crate::finding::Code;
use crate::id::SpkiHash;
use crate::read::Roots;

/// Bits of `keyUsage` (RFC 5280 section 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_ENCIPHERMENT: u8 = 2;
const KEY_CERT_SIGN: u8 = 5;

/// Why a CA certificate is one that came without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainRule {
    /// Its key is that of a public CA.
    Public,
    /// Another key signed it.
    SignedByAnother,
    /// The same, and it is of a version that says nothing of CAs: that it is one only a certificate that it
    /// issued shows.
    Old,
    /// It signed itself, and verifiably issued a certificate beside it.
    Issued,
    /// It signed itself, and its key may sign certificates and do nothing that a server does.
    Usage,
}

impl CertificateEntry {
    /// CA:TRUE, or of a version without extensions and verified issuer of another certificate here. An
    /// explicit CA:FALSE never is one.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.certificate.is_ca || self.certificate.version < 3 && self.issued_others
    }

    /// Whether a host in a record can mean it: it is of no CA, or names a host.
    #[must_use]
    pub fn can_be_of_host(&self) -> bool {
        !self.is_ca() || self.certificate.names_host()
    }

    /// Whether it names a host, as far as that speaks against a certificate that another key signed: by its
    /// `subjectAltName`, of versions without extensions by its common name.
    fn is_of_host(&self) -> bool {
        self.certificate.alt_name_is_host() || self.certificate.version < 3 && self.certificate.names_host()
    }

    /// Whether its issuer has its own name.
    fn is_self_issued(&self) -> bool {
        self.certificate.issuer.id == self.certificate.subject_id
    }

    /// Whether its key may sign certificates, and neither sign nor decrypt what a server does.
    fn is_for_issuing(&self) -> bool {
        let allows = |bit| self.certificate.purpose.allows(bit) == Some(true);
        allows(KEY_CERT_SIGN) && !allows(DIGITAL_SIGNATURE) && !allows(KEY_ENCIPHERMENT)
    }
}

impl Inventory {
    /// Why this CA certificate came to this file without its key, if it did; what it issued is known once
    /// certificates are linked.
    #[must_use]
    pub fn chain_rule(&self, certificate: u32, file: u32) -> Option<ChainRule> {
        let entry = &self.certificates[certificate as usize];
        if !entry.is_ca() {
            return None;
        }
        if self.public_cas.contains(&self.keys[entry.key as usize].spki) {
            return Some(ChainRule::Public);
        }
        // What cannot be read may name a host, and may be a usage without `keyCertSign`.
        if entry.certificate.findings.contains(Code::ExtensionNotRead) {
            return None;
        }
        let rule = if self.is_signed_by_another(entry) {
            let may_issue = entry.certificate.purpose.allows(KEY_CERT_SIGN) != Some(false);
            let rule =
                if entry.certificate.version < 3 { ChainRule::Old } else { ChainRule::SignedByAnother };
            (!entry.is_of_host() && may_issue).then_some(rule)?
        } else if entry.certificate.names_host() {
            return None;
        } else if self.issued_beside.contains(&(certificate, file)) {
            ChainRule::Issued
        } else {
            entry.is_for_issuing().then_some(ChainRule::Usage)?
        };
        (!self.locked_keys.can_be_of_ca(file, &self.keys[entry.key as usize])).then_some(rule)
    }

    /// Whether it is certain before anything is linked that this CA certificate came without its key wherever
    /// it lies.
    pub(super) fn is_chain_certificate(&self, certificate: u32) -> bool {
        let entry = &self.certificates[certificate as usize];
        entry.occurrences.iter().all(|o| self.chain_rule(certificate, o.file).is_some())
    }

    fn is_signed_by_another(&self, entry: &CertificateEntry) -> bool {
        let by_another = |l: &IssuerLink| {
            l.basis == Basis::Signature && self.certificates[l.certificate as usize].key != entry.key
        };
        !entry.is_self_issued() || !entry.certificate.is_self_signed && entry.issuers.iter().any(by_another)
    }

    /// Notes in which places a CA certificate that signed itself lies beside one that it verifiably issued.
    pub(super) fn note_issued_beside(&mut self) {
        let signed_itself = |at: u32| {
            let entry = &self.certificates[at as usize];
            entry.is_ca() && !self.is_signed_by_another(entry) && !entry.certificate.names_host()
        };
        let folder = |file: u32| Folder::of(&self.files[file as usize].place, &self.directories);
        let mut issued: HashSet<(u32, Folder)> = HashSet::new();
        for entry in &self.certificates {
            for issuer in
                entry.issuers.iter().filter(|l| l.basis == Basis::Signature && signed_itself(l.certificate))
            {
                issued.extend(entry.occurrences.iter().map(|o| (issuer.certificate, folder(o.file))));
            }
        }
        let issuers: HashSet<u32> = issued.iter().map(|(issuer, _)| *issuer).collect();
        let mut beside = HashSet::new();
        for issuer in issuers {
            let files = self.certificates[issuer as usize].occurrences.iter().map(|o| o.file);
            let near = files.filter(|file| issued.contains(&(issuer, folder(*file))));
            beside.extend(near.map(|file| (issuer, file)));
        }
        self.issued_beside = beside;
    }

    /// Names the roots that all was found below, and the keys of public CAs among those here: what lies
    /// beside what, and which CA certificates came without their keys, is judged by them.
    pub fn set_surroundings(&mut self, roots: &Roots, public_cas: HashSet<SpkiHash>) {
        self.public_cas = public_cas;
        self.directories = Directories::of(roots);
        self.locked_keys = owners::locked_keys(self, &self.directories);
    }

    /// Whether a key lies somewhere as a request or in public beside a locked key that can be its own.
    pub(super) fn is_beside_locked(&self, key: &KeyEntry) -> bool {
        key.public.iter().any(|o| self.locked_keys.can_be(o.file, key))
    }
}
