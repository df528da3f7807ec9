//! Whose certificate it is.

use std::collections::HashSet;

use super::ccadb::{self, Ccadb};
use super::host::is_below;
use super::model::{Cas, Confidence, Identified, Issued, Operator};
use crate::assess::manifest::issuer;
use crate::id::Fingerprint;
use crate::inventory::Inventory;
use crate::pki::{self, name};

impl Cas {
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
    pub(super) fn of_root(&self, certificate: &Fingerprint, subject: &str) -> Option<usize> {
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

/// Lower case, runs of blanks (no-break ones too) as one: RFC 5280 section 7.1.
fn fold(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
