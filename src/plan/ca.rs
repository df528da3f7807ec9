//! Whose certificate it is, and what that CA wants. Pure: data from `data/cas.toml`, from the user's files
//! and from CCADB's list.
//!
//! The direct issuer decides, by its key where that is known, then by the hosts the certificate itself names,
//! then by the issuer's name. Never the root that is reached: operators certify one another's keys.

pub mod ccadb;
mod data;
pub mod private;
mod public;
pub mod sort;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

pub use ccadb::Ccadb;
pub use data::{CasError, Ceiling, Certainty, Clock, Fact, Note, Operator, ProofMeans};
pub use private::{Kind, SerialForm, ToRevoke};
pub use sort::{Reach, Sort};

use crate::assess::manifest::issuer;
use crate::id::{Fingerprint, SpkiHash};
pub use crate::inventory::Signer;
use crate::inventory::{Anchors, Inventory};
use crate::pki::{self, name};
use crate::plan::Authority;

/// What is known about CA operators.
#[derive(Debug, Clone)]
pub struct Cas {
    /// All operators, the built-in ones first.
    pub operators: Vec<Operator>,
    /// Kinds of private CAs.
    pub kinds: Vec<Kind>,
    /// Longest validities, each sort by the day from which they hold.
    pub ceilings: Vec<Ceiling>,
    /// What a public CA has to keep to after it got the proof; absent from users' files.
    pub clock: Option<Clock>,
    /// Keys of public roots, Mozilla's and those that were given, and the operators (indices) known of them.
    roots: HashMap<SpkiHash, Option<usize>>,
    anchors: Anchors,
}

/// What one certificate shows of its issuer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Issued<'a> {
    /// Issuer, RFC 4514.
    pub issuer: &'a str,
    /// Its authority key identifier.
    pub authority_key_id: Option<&'a [u8]>,
    /// The hosts it names for its issuer: [`crate::pki::Issuer::hosts`].
    pub hosts: &'a [String],
    /// Its direct issuer, then that one's, as far as they are at hand. **Must** hold only certificates whose
    /// key verified the signature of the one before.
    pub chain: &'a [Signer],
}

/// How sure an identification is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The issuer's key is known to be this operator's.
    Key,
    /// The issuer's key is known, and CCADB names another operator than the owner.
    KeyOfSubordinate,
    /// A host of this operator stands in the certificate.
    Host,
    /// The key identifier that the certificate gives for its issuer is of this operator; anybody can write
    /// that.
    KeyIdentifier,
    /// The issuer's name says so; anybody can write that.
    Name,
    /// Hosts and names point to different operators.
    Conflicting,
    /// Nothing is known.
    Unknown,
}

impl Confidence {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::KeyOfSubordinate => "key-of-subordinate",
            Self::Host => "host",
            Self::KeyIdentifier => "key-identifier",
            Self::Name => "name",
            Self::Conflicting => "conflicting",
            Self::Unknown => "unknown",
        }
    }

    /// What it rests on, in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Key => "the key of the issuer shows it",
            Self::KeyOfSubordinate => {
                "the key of the issuer shows it, run by another operator than the owner"
            }
            Self::Host => "hosts in the certificate show it",
            Self::KeyIdentifier => "only the key identifier says so, which anybody can write",
            Self::Name => "only the name says so, which anybody can write",
            Self::Conflicting => "hosts and names contradict each other",
            Self::Unknown => "nothing shows it",
        }
    }

    /// Whether something may be sent without a person looking: never on a name alone.
    #[must_use]
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Key | Self::KeyOfSubordinate | Self::Host)
    }
}

/// Whose certificate it is.
#[derive(Debug, Clone)]
pub struct Identified<'a> {
    /// The operator, if one is known.
    pub operator: Option<&'a Operator>,
    /// How sure that is.
    pub confidence: Confidence,
    /// The reason, a sentence; for an unknown CA also what to do.
    pub because: String,
    /// The chain ends in, or passes, a root of Mozilla, or the issuer stands in CCADB.
    pub publicly_known: bool,
    /// ACME directories that CCADB gives for this issuer.
    pub acme: Vec<String>,
}

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

    /// Says whose certificate it is.
    #[must_use]
    pub fn identify(&self, issued: &Issued<'_>, ccadb: Option<&Ccadb>) -> Identified<'_> {
        let record = issued.chain.first().and_then(|signer| ccadb.and_then(|c| c.of(signer)));
        let mut out = self.by_key(issued, record).unwrap_or_else(|| self.by_what_it_says(issued, ccadb));
        if let Some(record) = record.filter(|r| self.of_owner(r.operator()).is_none()) {
            out.because = format!(
                "CCADB lists the issuing certificate as that of {}, which no entry here is called. {}",
                pki::show(record.operator()),
                out.because
            );
        }
        if record.is_some_and(|r| r.revoked) {
            out.because = format!(
                "{}. CCADB lists the issuing certificate as revoked",
                out.because.trim_end_matches('.')
            );
        }
        out.publicly_known = record.is_some() || issued.chain.iter().any(|s| self.is_public_root(&s.key));
        out.acme = record.map_or_else(Vec::new, |r| r.acme.to_vec());
        out
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

    fn by_key(&self, issued: &Issued<'_>, record: Option<&ccadb::Record>) -> Option<Identified<'_>> {
        let signer = issued.chain.first()?;
        if let Some(operator) = self.operators.iter().find(|o| o.keys.contains(&signer.key)) {
            return Some(found(
                operator,
                Confidence::Key,
                format!("the issuing key {} is listed as {}'s", signer.key, operator.name),
            ));
        }
        if let Some(record) = record {
            let (owner, confidence) = match &record.subordinate_owner {
                Some(subordinate) => (subordinate, Confidence::KeyOfSubordinate),
                None => (&record.owner, Confidence::Key),
            };
            let because = format!(
                "CCADB lists the issuing certificate {} as that of {}",
                signer.certificate,
                pki::show(owner)
            );
            return self.of_owner(owner).map(|operator| found(operator, confidence, because));
        }
        let root = self.roots.get(&signer.key).copied().flatten()?;
        let operator = &self.operators[root];
        Some(found(
            operator,
            Confidence::Key,
            format!("the issuing key is that of a root of {} in Mozilla's store", operator.name),
        ))
    }

    fn by_what_it_says(&self, issued: &Issued<'_>, ccadb: Option<&Ccadb>) -> Identified<'_> {
        let mut by_host: Vec<(&Operator, &str)> = Vec::new();
        for host in issued.hosts {
            let owner = self.operators.iter().find(|o| o.hosts.iter().any(|suffix| is_below(host, suffix)));
            if let Some(operator) = owner.filter(|o| !by_host.iter().any(|(seen, _)| seen.id == o.id)) {
                by_host.push((operator, host));
            }
        }
        let by_name = self.named(issued.issuer);
        let names = |list: &[&Operator]| list.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ");
        match (by_host.as_slice(), by_name.as_slice()) {
            ([], named) => match (self.by_identifier(issued, ccadb), named) {
                (Some(by_id), [operator]) if by_id.operator.is_some_and(|o| o.id != operator.id) => {
                    let says = format!(
                        "{}, but the issuer's name is one of {}'s: {FIRST}",
                        by_id.because, operator.name
                    );
                    Identified { confidence: Confidence::Conflicting, ..unknown(says) }
                }
                (Some(by_id), _) => by_id,
                (None, []) => unknown(what_to_do(issued.issuer)),
                (None, [operator]) => found(
                    operator,
                    Confidence::Name,
                    format!("the issuer's name is one of {}'s; nothing else shows it", operator.name),
                ),
                (None, several) => unknown(format!(
                    "the issuer's name is in use at {}, so it decides nothing. {}",
                    names(several),
                    what_to_do(issued.issuer)
                )),
            },
            ([(operator, host)], [] | [_]) if by_name.iter().all(|n| n.id == operator.id) => {
                found(operator, Confidence::Host, format!("it names the host {host} of {}", operator.name))
            }
            ([(operator, host)], several) if several.len() > 1 => found(
                operator,
                Confidence::Host,
                format!(
                    "it names the host {host} of {}; the issuer's name alone is in use at several",
                    operator.name
                ),
            ),
            ([(operator, host)], _) => {
                let says = format!(
                    "it names the host {host} of {}, but the issuer's name is one of {}'s: {FIRST}",
                    operator.name,
                    names(&by_name)
                );
                found(operator, Confidence::Conflicting, says)
            }
            (several, _) => {
                let hosts: Vec<String> =
                    several.iter().map(|(o, host)| format!("{host} of {}", o.name)).collect();
                let because = format!("it names hosts of different operators: {}: {FIRST}", hosts.join(", "));
                Identified { confidence: Confidence::Conflicting, ..unknown(because) }
            }
        }
    }

    fn by_identifier(&self, issued: &Issued<'_>, ccadb: Option<&Ccadb>) -> Option<Identified<'_>> {
        let owner = ccadb?.owner_of_identifier(issued.authority_key_id?)?;
        let operator = self.of_owner(owner)?;
        Some(found(
            operator,
            Confidence::KeyIdentifier,
            format!("CCADB lists the key identifier it gives for its issuer as {}'s", operator.name),
        ))
    }

    /// Everybody whose issuer this can be by its name: a private operator that lists exactly this name, else
    /// all that list its organization.
    fn named(&self, issuer: &str) -> Vec<&Operator> {
        let named = Named::of(issuer);
        let exact: Vec<&Operator> = self.operators.iter().filter(|o| named.is_issuer_of(o)).collect();
        if exact.is_empty() {
            self.operators.iter().filter(|o| named.is_organization_of(o)).collect()
        } else {
            exact
        }
    }

    /// The operators of the user's files that nothing here is of: no certificate has an issuer, an
    /// organization of an issuer or a host that the entry lists, and none is one of its keys or roots.
    /// `issued_by`: whether a certificate to act on is of the operator with this id.
    #[must_use]
    pub fn unmatched(&self, inventory: &Inventory, issued_by: impl Fn(&str) -> bool) -> Vec<&Operator> {
        let mut open: Vec<&Operator> =
            self.operators.iter().filter(|o| !o.built_in && !issued_by(&o.id)).collect();
        open.retain(|o| !o.keys.iter().any(|key| inventory.find_key(key).is_some()));
        let mut issuers = HashSet::new();
        for entry in &inventory.certificates {
            if open.is_empty() {
                break;
            }
            let issuer = &entry.certificate.issuer;
            let named = issuers.insert(issuer.id).then(|| Named::of(&issuer.name));
            open.retain(|o| {
                let by_name =
                    named.as_ref().is_some_and(|named| named.is_issuer_of(o) || named.is_organization_of(o));
                let by_host =
                    issuer.hosts.iter().any(|host| o.hosts.iter().any(|suffix| is_below(host, suffix)));
                !(by_name || by_host || o.roots.contains(&entry.certificate.sha256))
            });
        }
        open
    }

    /// The operator of a root, by its subject. Only its own names count: brands are subordinate CAs.
    fn of_root(&self, certificate: &Fingerprint, subject: &str) -> Option<usize> {
        if let Some(at) = self.operators.iter().position(|o| o.roots.contains(certificate)) {
            return Some(at);
        }
        let organizations: Vec<String> = name::organizations(subject).iter().map(|o| fold(o)).collect();
        let mut owners = (0..self.operators.len())
            .filter(|i| self.operators[*i].organizations.iter().any(|o| organizations.contains(&fold(o))));
        owners.next().filter(|_| owners.next().is_none())
    }

    fn of_owner(&self, owner: &str) -> Option<&Operator> {
        let owner = fold(owner);
        let is = |name: &String| fold(name) == owner;
        let listed = self.operators.iter().find(|o| o.ccadb.iter().any(is) || is(&o.name));
        listed.or_else(|| {
            let mut named = self.operators.iter().filter(|o| o.organizations.iter().any(is));
            named.next().filter(|_| named.next().is_none())
        })
    }
}

/// The name of an issuer, as entries are compared with it.
struct Named {
    folded: String,
    /// Its parts in one order.
    comparable: String,
    organizations: Vec<String>,
}

impl Named {
    fn of(issuer: &str) -> Self {
        let organizations = name::organizations(issuer).iter().map(|o| fold(o)).collect();
        Self { folded: fold(issuer), comparable: issuer::comparable(issuer), organizations }
    }

    /// Whether an entry lists this name, in any order of its parts: tools differ in the direction of a name.
    fn is_issuer_of(&self, operator: &Operator) -> bool {
        let in_any_order =
            || !self.comparable.is_empty() && operator.issuers_comparable.contains(&self.comparable);
        operator.issuers.iter().any(|name| fold(name) == self.folded) || in_any_order()
    }

    fn is_organization_of(&self, operator: &Operator) -> bool {
        let has = |list: &[String]| list.iter().any(|o| self.organizations.contains(&fold(o)));
        has(&operator.organizations) || has(&operator.brands)
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

fn found(operator: &Operator, confidence: Confidence, because: String) -> Identified<'_> {
    Identified { operator: Some(operator), confidence, because, publicly_known: false, acme: Vec::new() }
}

fn unknown<'a>(because: String) -> Identified<'a> {
    Identified {
        operator: None,
        confidence: Confidence::Unknown,
        because,
        publicly_known: false,
        acme: Vec::new(),
    }
}

/// What contradictions ask for: a proof names the certificate and the key to whoever gets it.
const FIRST: &str = "find out first which one issued it, and send proof to nobody before";

/// What a person can do about a CA that is not known.
fn what_to_do(issuer: &str) -> String {
    let name = if issuer.is_empty() { "whoever issued it (the issuer's name is empty)" } else { issuer };
    format!(
        "The operator of this CA is unknown: ask {name} how it takes proof of key compromise, and send it both requests, one with each wording; with --ccadb FILE or --cas FILE it may be known"
    )
}

/// Whether a host is `suffix` or below it, compared at label boundaries: `ssl.com` has `ocsp.ssl.com`, not
/// `startssl.com`.
#[must_use]
pub fn is_below(host: &str, suffix: &str) -> bool {
    let host = host.trim_end_matches('.');
    let Some(start) = host.len().checked_sub(suffix.len()) else { return false };
    let labels = host.as_bytes();
    !suffix.is_empty()
        && labels[start..].eq_ignore_ascii_case(suffix.as_bytes())
        && (start == 0 || labels[start - 1] == b'.')
}

/// Lower case, runs of blanks (no-break ones too) as one: RFC 5280 section 7.1.
fn fold(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
