//! Steps and their words.

use serde::{Deserialize, Serialize};

use super::Replacement;
use crate::assess::Exposure;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::inventory::{Inventory, KeyEntry};
use crate::pki::Certificate;
use crate::time::Time;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A person decides.
    Decide,
    /// Put the new certificate where the old one is.
    Deploy,
    /// Have a new certificate issued on a new key.
    Replace,
    /// Destroy the old key.
    Retire,
    /// Have the old certificates revoked.
    Revoke,
    /// Change a credential that is no certificate.
    Rotate,
    /// Look for other certificates on the key.
    Search,
    /// Check that it happened.
    Verify,
}

impl StepKind {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Deploy => "deploy",
            Self::Replace => "replace",
            Self::Retire => "retire",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::Search => "search",
            Self::Verify => "verify",
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It needs others first.
    Waiting,
    /// It can be done now.
    Ready,
    /// It is done.
    Done,
    /// A person decided against it.
    Waived,
    /// It was tried in vain.
    Failed,
}

impl Status {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Waived => "waived",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more is to be done about the step.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Waived)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// A hash of what it does.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub status: Status,
    /// Steps that come first.
    pub needs: Vec<StepId>,
    /// When it is due.
    pub deadline: Option<Time>,
    /// The rule that the deadline follows from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline_source: Option<String>,
    /// For a person.
    pub says: String,
    /// The key it is about; a replacement can be about several and names none.
    #[serde(rename = "spki_sha256", skip_serializing_if = "Option::is_none", default)]
    pub key: Option<SpkiHash>,
    /// The certificates it is about.
    #[serde(default)]
    pub certificates: Vec<Fingerprint>,
    /// Whether one of them is a CA certificate: those who have to revoke it have longer.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub of_authority: bool,
}

impl Step {
    /// Hours that a public CA has from the proof of compromise, and the rule that says so.
    pub(super) const fn authority_clock(&self) -> (i64, &'static str) {
        if self.of_authority {
            (
                7 * 24,
                "7 days from the evidence for the certificate of a subordinate CA (CA/B Baseline Requirements 4.9.1.2); a private CA has its own rules",
            )
        } else {
            (24, "24 hours from the evidence of key compromise (CA/B Baseline Requirements 4.9.1.1); a private CA has its own rules")
        }
    }
}

pub(super) fn replace(mirrored: &Certificate, replacement: &Replacement) -> String {
    let name = mirrored.display_name();
    let count = replacement.replaces.len();
    let what = if count == 1 { format!("serial {}", mirrored.serial.to_hex()) } else { format!("{count} certificates") };
    if replacement.waits_for_new_ca {
        format!("once the new CA stands, send it the new request for {name}; it replaces {what} below the exposed CA")
    } else if mirrored.is_self_signed {
        format!("make a new certificate for {name} from the new key and request; the old one signed itself, so nobody can revoke it")
    } else {
        format!("have a new certificate issued for {name} from the new request; it replaces {what} of {}", mirrored.issuer)
    }
}

pub(super) fn deploy(mirrored: &Certificate, inventory: &Inventory, replacement: &Replacement) -> String {
    let mut places: Vec<&str> = Vec::new();
    for &i in &replacement.replaces {
        places.extend(inventory.certificates[i as usize].occurrences.iter().map(|o| inventory.path(o)));
    }
    places.sort_unstable();
    places.dedup();
    let shown: Vec<String> = places.iter().take(PLACES).map(|p| crate::pki::show(p)).collect();
    let more = if places.len() > PLACES { format!(" and {} more", places.len() - PLACES) } else { String::new() };
    format!(
        "install the new key and certificate for {} wherever the old one is in use, and check that it is served; the old one was found in {}{more}",
        mirrored.display_name(),
        shown.join(", ")
    )
}

/// Places that a sentence names before it counts the rest; the records name all.
const PLACES: usize = 5;

pub(super) fn search(key: &KeyEntry) -> String {
    let hashes: Vec<String> = std::iter::once(&key.spki).chain(&key.raw_forms).map(|h| format!("https://crt.sh/?spkisha256={h}")).collect();
    format!(
        "look for certificates on this key that are not here: {}, the portal of the CA, CAs of your own; also uses outside TLS (SSH, JWT, SAML, DKIM)",
        hashes.join(" and ")
    )
}

pub(super) fn decide_ca(inventory: &Inventory, authorities: &[u32]) -> String {
    let names: Vec<&str> = authorities.iter().map(|i| &*inventory.certificates[*i as usize].certificate.subject).collect();
    format!(
        "the private key of the CA {} was in an upload: set up a new CA, reissue what hangs below it, distribute the new trust, then distrust or revoke the old one. Revoking first is a decision of its own; take it when misuse is seen",
        names.join(" and ")
    )
}

pub(super) fn reissue_ca(authority: &Certificate) -> String {
    format!(
        "the CA {} hangs below an exposed one: once the new CA stands, have this one certified by it, or retire it with what hangs below it",
        authority.subject
    )
}

pub(super) fn decide_suspicion(exposure: Exposure) -> String {
    let why = if exposure == Exposure::Presumed {
        "the key itself was not found; it is presumed to have come along with its certificate"
    } else {
        "the evidence does not tell whether the key was uploaded before the cutoff"
    };
    format!("{why}. Decide whether it counts as compromised: only then may its certificates be revoked for key compromise")
}

pub(super) fn revoke(inventory: &Inventory, issuer: &str, certificates: &[u32]) -> String {
    let serials: Vec<String> = certificates.iter().take(PLACES).map(|i| inventory.certificates[*i as usize].certificate.serial.to_hex()).collect();
    let more = if certificates.len() > PLACES { format!(" and {} more", certificates.len() - PLACES) } else { String::new() };
    format!(
        "have {issuer} revoke serial {}{more} for keyCompromise. Proof of the key revokes every certificate on it at that CA, known here or not, and starts the 24 hours of a public CA: so only after each replacement is in place",
        serials.join(", ")
    )
}

pub(super) fn verify_revoked(issuer: &str) -> String {
    format!(
        "check in a fresh, signed revocation list or OCSP answer of {issuer} that each is revoked for keyCompromise; absence from an old list proves nothing"
    )
}

pub(super) const VERIFY_REMOVED: &str = "check that the old certificate is served nowhere and trusted nowhere: remove it from trust stores and pins, since no revocation will reach those who have it";

pub(super) fn retire(inventory: &Inventory, key: &KeyEntry) -> String {
    let mut places: Vec<String> = key.private.iter().map(|o| crate::pki::show(inventory.path(o))).collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return "destroy every copy of the old key; none was found here".to_owned();
    }
    let more = if places.len() > PLACES { format!(" and {} more", places.len() - PLACES) } else { String::new() };
    places.truncate(PLACES);
    format!("destroy every copy of the old key, among them {}{more}; keep nothing but the proofs", places.join(", "))
}
