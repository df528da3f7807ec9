//! Whose certificate it is, and what that CA wants. Pure: data from `data/cas.toml`, from the user's files
//! and from CCADB's list.
//!
//! The direct issuer decides, by its key where that is known, then by the hosts the certificate itself names,
//! then by the issuer's name. Never the root that is reached: operators certify one another's keys.

pub mod ccadb;
mod ceilings;
mod data;
mod host;
mod identify;
pub(super) mod model;
pub mod private;
mod public;
pub mod sort;

pub use ccadb::Ccadb;
pub use data::CasError;
pub use host::is_below;
pub use model::{
    Cas, Ceiling, Certainty, Clock, Confidence, Fact, Identified, Issued, Note, Operator, ProofMeans,
};
pub use private::{Kind, SerialForm, ToRevoke};
pub use sort::{Reach, Sort};

use crate::id::SpkiHash;
use crate::inventory::Anchors;
pub use crate::inventory::Signer;
use crate::pki::{self, name};
use crate::plan::issuance::Authority;

impl Cas {
    /// What comes with the tool.
    ///
    /// # Errors
    /// [`CasError`] if the built-in data is broken; a test holds that it is not.
    pub fn builtin() -> Result<Self, CasError> {
        let mut cas = Self::parse("data/cas.toml", include_str!("../../data/cas.toml"))?;
        cas.operators.iter_mut().for_each(|o| o.built_in = true);
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            if let Some(certificate) = pki::cert::read(root) {
                let operator = cas.of_root(&certificate.sha256, &certificate.subject);
                cas.roots.extend(certificate.key.spki.map(|spki| (spki, operator)));
                cas.anchors.add(root);
            }
        }
        Ok(cas)
    }

    /// Adds a root, DER, whose CA counts as public; who runs it is not told by its name. Returns whether it
    /// can be read.
    pub fn add_root(&mut self, der: &[u8]) -> bool {
        let Some(spki) = pki::cert::read(der).and_then(|c| c.key.spki) else { return false };
        self.roots.entry(spki).or_insert(None);
        self.anchors.add(der)
    }

    /// The public roots, to verify what hangs directly below them.
    #[must_use]
    pub const fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// Adds a user's operators.
    ///
    /// # Errors
    /// [`CasError`] for an id that is taken, a host that another operator has, and a kind that does not
    /// exist.
    pub fn with(mut self, extra: Self) -> Result<Self, CasError> {
        self.kinds.extend(extra.kinds);
        self.ceilings.extend(extra.ceilings);
        self.clock = self.clock.or(extra.clock);
        self.operators.extend(extra.operators);
        self.check()?;
        Ok(self)
    }

    /// The operator with this id.
    #[must_use]
    pub fn operator(&self, id: &str) -> Option<&Operator> {
        self.operators.iter().find(|o| o.id == id)
    }

    /// The kind with this id.
    #[must_use]
    pub fn kind(&self, id: &str) -> Option<&Kind> {
        self.kinds.iter().find(|k| k.id == id)
    }

    /// The software of a private CA, where it is known.
    #[must_use]
    pub fn software_of(&self, authority: &Authority) -> Option<&Kind> {
        let operator = self.operator(&authority.id).filter(|_| authority.known)?;
        self.kind(operator.kind.as_deref()?)
    }

    /// The commands of a private CA that revoke these certificates; none where its software is not known.
    #[must_use]
    pub fn commands(&self, authority: &Authority, certificates: &[ToRevoke<'_>]) -> Vec<Vec<String>> {
        let operator = self.operator(&authority.id).filter(|_| authority.known);
        match (operator, self.software_of(authority)) {
            (Some(operator), Some(kind)) => kind.commands(operator, certificates),
            _ => Vec::new(),
        }
    }

    /// Whether these commands need a file with the certificate.
    #[must_use]
    pub fn wants_files(&self, authority: &Authority) -> bool {
        let operator = self.operator(&authority.id).filter(|_| authority.known);
        operator.zip(self.software_of(authority)).is_some_and(|(operator, kind)| kind.names_files(operator))
    }

    /// Whether a key is that of a public root: in Mozilla's store, or given as one.
    #[must_use]
    pub fn is_public_root(&self, key: &SpkiHash) -> bool {
        self.roots.contains_key(key)
    }

    /// The CNs of the requests that prove the compromise to this CA. Of an unknown CA, or one whose wording
    /// is not known, both families.
    #[must_use]
    pub fn proof_wordings(operator: Option<&Operator>, issuer: &str) -> Vec<String> {
        if let Some(proof) = operator.and_then(|o| o.proof.as_ref()).filter(|p| !p.value.is_empty()) {
            return proof.value.clone();
        }
        let says = |name: &String| !name.trim().is_empty();
        let short = operator
            .map(|o| o.short_name().to_owned())
            .or_else(|| name::organizations(issuer).into_iter().find(says))
            .or_else(|| name::common_name(issuer).filter(says))
            .unwrap_or_else(|| "this CA".to_owned());
        vec![
            format!("{PROOF_FOR}{}", shortened(&short, LONGEST_COMMON_NAME - PROOF_FOR.len())),
            "This key is compromised".to_owned(),
        ]
    }
}

/// One of the two families of wordings; the name of the CA follows.
const PROOF_FOR: &str = "Proof of Key Compromise for ";
/// Characters of a common name (RFC 5280 appendix A.1): OpenSSL makes no longer one, and CAs refuse it.
const LONGEST_COMMON_NAME: usize = 64;

/// At most so many characters of a name, whole words where there are any.
fn shortened(name: &str, longest: usize) -> &str {
    let Some((end, _)) = name.char_indices().nth(longest) else { return name };
    let cut = &name[..end];
    if name[end..].starts_with(' ') { cut } else { cut.rsplit_once(' ').map_or(cut, |(words, _)| words) }
}
