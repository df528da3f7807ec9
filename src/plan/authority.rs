//! Whose certificates they are: for each certificate that somebody has to act on its CA, how sure that is,
//! and what that CA wants.

use std::collections::HashMap;

use super::ca::{
    Cas, Ccadb, Clock, Confidence, Identified, Issued, Operator, ProofMeans, Reach, Signer, Sort,
};
pub use super::issuance::{Authority, Issuance};
use crate::assess::{Assessment, Verdict};
use crate::finding::{Code, Finding};
use crate::id::NameId;
use crate::inventory::{CertificateEntry, Inventory};
use crate::pki::show;
use crate::time::{DAY, Time};

/// The CAs of a plan.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    /// By id.
    pub list: Vec<Authority>,
    of: HashMap<u32, Issuance>,
}

/// The certificates whose CA matters: those that somebody has to act on, and expired ones that signed
/// programs. Indices into the inventory.
#[must_use]
pub fn concerned(inventory: &Inventory, assessment: &Assessment) -> Vec<u32> {
    let signer = |i: usize| sort_of(&inventory.certificates[i]) == Sort::CodeSigning;
    let verdicts = assessment.certificates.iter().enumerate();
    let wanted = verdicts
        .filter(|(i, v)| v.verdict.asks_for_action() || (v.verdict == Verdict::Expired && signer(*i)));
    wanted.map(|(i, _)| i as u32).collect()
}

/// The entries of the user's files about CAs that match nothing in the inventory, as findings: a name with a
/// slip in it would be passed over in silence.
#[must_use]
pub fn unmatched(inventory: &Inventory, authorities: &Authorities, cas: &Cas) -> Vec<Finding> {
    let is_issued_by = |id: &str| authorities.list.iter().any(|a| a.known && a.id == id);
    let finding = |operator: &Operator| {
        let lists = [
            ("issuers", &operator.issuers),
            ("organizations", &operator.organizations),
            ("brands", &operator.brands),
            ("hosts", &operator.hosts),
        ];
        let mut given: Vec<&str> =
            lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, _)| name).collect();
        given.extend((!operator.keys.is_empty()).then_some("keys"));
        given.extend((!operator.roots.is_empty()).then_some("roots"));
        let says = format!(
            "the entry {:?} ({}) matches no certificate here by its {}; `certrecall scan` lists the issuers as they are written",
            operator.id,
            show(&operator.name),
            given.join(", ")
        );
        Finding { code: Code::CaEntryUnmatched, place: operator.place.clone(), says }
    };
    cas.unmatched(inventory, is_issued_by).into_iter().map(finding).collect()
}

/// What is collected of an authority until all its certificates were seen.
struct Seen<'a> {
    at: usize,
    /// The identification that is least sure.
    identified: Identified<'a>,
    /// Who issued, by name.
    issuer: &'a str,
    /// Some of it may be public.
    public: bool,
    /// Some of it is private by its dates.
    private: bool,
}

impl Authorities {
    /// Identifies the CA of everything that somebody has to act on. `chains`: verified issuers,
    /// [`crate::inventory::chain`].
    #[must_use]
    pub fn identify(
        inventory: &Inventory,
        assessment: &Assessment,
        cas: &Cas,
        ccadb: Option<&Ccadb>,
        chains: &HashMap<u32, Vec<Signer>>,
    ) -> Self {
        let mut found: HashMap<Shown<'_>, Identified<'_>> = HashMap::new();
        let mut out = Self::default();
        let mut by_id: HashMap<String, Seen<'_>> = HashMap::new();
        for at in concerned(inventory, assessment) {
            let entry = &inventory.certificates[at as usize];
            let certificate = &entry.certificate;
            let chain = chains.get(&at).map_or(&[][..], Vec::as_slice);
            let issuer = &certificate.issuer;
            let shown =
                Shown { issuer: issuer.id, key_id: issuer.key_id.as_deref(), hosts: &issuer.hosts, chain };
            let identified = found.entry(shown).or_insert_with(|| {
                let issued = Issued {
                    issuer: &issuer.name,
                    authority_key_id: shown.key_id,
                    hosts: shown.hosts,
                    chain,
                };
                cas.identify(&issued, ccadb)
            });
            let (reach, because) = cas.reach(certificate, identified);
            let mut identified = identified.clone();
            if reach == Reach::Private && !identified.operator.is_some_and(Operator::is_private) {
                // No public CA issues that, whatever names stand in it: theirs is not the operator to ask.
                identified = Identified {
                    operator: None,
                    confidence: Confidence::Unknown,
                    because: because.clone(),
                    acme: Vec::new(),
                    ..identified
                };
            }
            let confidence = identified.confidence;
            // What hangs below an exposed CA is not revoked there: the new CA is asked for its successor.
            let asked = !certificate.is_self_signed
                && assessment.certificates[at as usize].verdict != Verdict::Reissue;
            let authority = asked.then(|| out.add(&mut by_id, identified, entry, reach));
            out.of.insert(at, Issuance { authority, sort: sort_of(entry), reach, because, confidence });
        }
        for seen in by_id.into_values() {
            out.list[seen.at].how = how(&seen, cas);
        }
        out.sort();
        out
    }

    /// What is known of the issuer of a certificate that somebody has to act on.
    #[must_use]
    pub fn of(&self, certificate: u32) -> Option<&Issuance> {
        self.of.get(&certificate)
    }

    /// Its CA; none for what signed itself.
    #[must_use]
    pub fn authority_of(&self, certificate: u32) -> Option<&Authority> {
        self.of(certificate).and_then(|i| i.authority).and_then(|a| self.list.get(a as usize))
    }

    fn add<'a>(
        &mut self,
        by_id: &mut HashMap<String, Seen<'a>>,
        identified: Identified<'a>,
        entry: &'a CertificateEntry,
        reach: Reach,
    ) -> u32 {
        let issuer = &*entry.certificate.issuer.name;
        let id = identified.operator.map_or_else(|| issuer.to_owned(), |o| o.id.clone());
        let seen = by_id.entry(id.clone()).or_insert_with(|| {
            self.list.push(Authority {
                id,
                name: identified.operator.map_or_else(|| issuer_name(issuer), |o| o.name.clone()),
                known: identified.operator.is_some(),
                confidence: identified.confidence,
                because: identified.because.clone(),
                certificates: 0,
                retired: identified
                    .operator
                    .and_then(|o| o.retired.as_ref())
                    .map(|fact| format!("{} ({})", fact.value, fact.origin())),
                how: Vec::new(),
            });
            Seen {
                at: self.list.len() - 1,
                identified: identified.clone(),
                issuer,
                public: false,
                private: false,
            }
        });
        seen.public |= reach != Reach::Private;
        seen.private |= reach == Reach::Private;
        let authority = &mut self.list[seen.at];
        authority.certificates += 1;
        if identified.confidence > authority.confidence {
            authority.confidence = identified.confidence;
            authority.because.clone_from(&identified.because);
            seen.identified = identified;
        }
        seen.at as u32
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by(|a, b| self.list[*a].id.cmp(&self.list[*b].id));
        let mut new = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| new[*from] = to as u32);
        self.of.values_mut().for_each(|i| i.authority = i.authority.map(|a| new[a as usize]));
        self.list.sort_by(|a, b| a.id.cmp(&b.id));
    }
}

/// What the identification of a certificate rests on; equal for most of what one CA issued.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shown<'a> {
    issuer: NameId,
    key_id: Option<&'a [u8]>,
    hosts: &'a [String],
    chain: &'a [Signer],
}

/// What it is for; who issued others is a CA whatever it says.
#[must_use]
pub fn sort_of(entry: &CertificateEntry) -> Sort {
    if entry.is_ca() { Sort::Ca } else { Sort::of(&entry.certificate) }
}

fn issuer_name(issuer: &str) -> String {
    if issuer.is_empty() { "an issuer without a name".to_owned() } else { issuer.to_owned() }
}

/// Of a private CA that nobody told of.
const PRIVATE: &str = "by its dates it is no public CA: whoever runs it revokes by serial number and publishes a new list. In a file for --cas you can say who that is; the steps then have the commands";

/// What to know before asking a CA to revoke.
fn how(seen: &Seen<'_>, cas: &Cas) -> Vec<String> {
    let Seen { identified, issuer, .. } = seen;
    let mut out = Vec::new();
    let Some(operator) = identified.operator else {
        out.extend(seen.private.then(|| PRIVATE.to_owned()));
        if seen.public {
            let wordings = quoted(&Cas::proof_wordings(None, issuer));
            let says = if identified.confidence == Confidence::Conflicting {
                "once it is known who it is, proof is"
            } else {
                "as proof send"
            };
            out.push(format!("{says} both requests, with the CNs {wordings}"));
            clock(&mut out, cas);
        }
        return out;
    };
    if !identified.confidence.may_send() {
        out.push(format!("look at it before anything is sent: {}", identified.confidence.describe()));
    }
    if operator.is_private() {
        match operator.kind.as_deref().and_then(|kind| cas.kind(kind)) {
            Some(kind) => {
                out.push(format!(
                    "it runs {}: the steps have its commands ({}, {})",
                    kind.name, kind.source, kind.date
                ));
                out.extend(Some(kind.says.clone()).filter(|s| !s.is_empty()));
            }
            None => out.push(OWN.to_owned()),
        }
        out.push(BY_SERIAL.to_owned());
        out.extend(
            operator.portal.iter().chain(&operator.mail).map(|f| format!("reports go to {}", f.value)),
        );
    } else {
        channels(&mut out, operator, identified);
        proof(&mut out, operator, issuer);
        clock(&mut out, cas);
    }
    out.extend(
        operator.retired.iter().chain(&operator.note).map(|n| format!("{} ({})", n.value, n.origin())),
    );
    out
}

/// Of a private CA whose software nobody told.
const OWN: &str = "it is a CA of your own, and its software is not known here: with kind in the file for --cas the steps have its commands";

/// What software of private CAs does.
const BY_SERIAL: &str = "it revokes by serial number: only what is named is revoked, and a certificate on the key that nobody names stays. Ask it for all on this key";

/// Where to send it.
fn channels(out: &mut Vec<String>, operator: &Operator, identified: &Identified<'_>) {
    if let Some(fact) = &operator.key_revocation {
        let limit =
            operator.key_revocation_limit.as_ref().map_or_else(String::new, |limit| format!(", {limit},"));
        out.push(format!(
            "{} takes{limit} a revocation signed by the leaked key itself, without an account (RFC 8555 section 7.6): the quickest way, and a proof ({})",
            fact.value,
            fact.origin()
        ));
    }
    if let Some(fact) = operator.acme.as_ref().filter(|_| operator.key_revocation.is_none()) {
        let says = "whether it takes a revocation signed by the leaked key is not known; every ACME server must (RFC 8555 section 7.6)";
        out.push(format!("ACME at {}: {says} ({})", fact.value.join(", "), fact.origin()));
    }
    if operator.acme.is_none() && !identified.acme.is_empty() {
        out.push(format!("CCADB lists its ACME directories: {}", identified.acme.join(", ")));
    }
    out.extend(operator.portal.as_ref().map(|f| format!("portal: {} ({})", f.value, f.origin())));
    out.extend(operator.mail.as_ref().map(|f| {
        format!("mail: {}, with all PEM in the text: filters drop attachments ({})", f.value, f.origin())
    }));
    if operator.key_revocation.is_none() && operator.portal.is_none() && operator.mail.is_none() {
        let says = "where it takes reports is not known here: its CPS, section 1.5.2, says so, and so does CCADB's list of problem reporting mechanisms";
        out.push(says.to_owned());
    }
}

/// What it takes as proof, and what it does then.
fn proof(out: &mut Vec<String>, operator: &Operator, issuer: &str) {
    match &operator.proof {
        // Another form than a request; its notes tell which.
        Some(fact) if fact.value.is_empty() => {}
        Some(fact) => {
            out.push(format!(
                "as proof it takes a request signed by the leaked key with the CN {} ({})",
                quoted(&fact.value),
                fact.origin()
            ));
        }
        None if operator.key_revocation.is_some() => {
            out.push("that revocation, signed by the key, is the proof".to_owned())
        }
        None => {
            let wordings = quoted(&Cas::proof_wordings(Some(operator), issuer));
            out.push(format!(
                "which proof it takes is not known here: send both requests, with the CNs {wordings}"
            ));
        }
    }
    out.push(match &operator.proof_means {
        Some(fact) if fact.value == ProofMeans::AllCertificatesOnTheKey => {
            format!("proof revokes all certificates on the key that the CA knows of, whoever has them; short-lived ones perhaps not ({})", fact.origin())
        }
        Some(fact) => format!("proof revokes the certificates of the subscriber who sends it ({})", fact.origin()),
        None => "expect the CA to revoke all certificates on this key that it knows of once it has proof, short-lived ones perhaps not (CA/B Forum TLS BR 6.1.2)".to_owned(),
    });
}

fn clock(out: &mut Vec<String>, cas: &Cas) {
    if let Some(clock) = &cas.clock {
        let Clock { leaf_hours: leaf, subordinate_hours: subordinate, .. } = clock;
        out.push(format!(
            "a public CA has {} hours from the proof, {} for the certificate of a subordinate CA ({})",
            leaf.value,
            subordinate.value,
            leaf.origin()
        ));
    }
}

fn quoted(wordings: &[String]) -> String {
    wordings.iter().map(|w| format!("\u{201c}{w}\u{201d}")).collect::<Vec<_>>().join(" and ")
}

/// Longest validity, in seconds, of TLS certificates that public CAs need not revoke at all (CA/B Forum TLS
/// BR 1.6.1), by `notBefore`: 7 days, 10 for those issued before 15 March 2026.
const SHORT: [(i64, i64); 2] = [(1_773_532_800, 7 * DAY), (1_710_460_800, 10 * DAY)];

/// Whether a certificate is short-lived, so that its CA may leave it to expire.
#[must_use]
pub fn is_short_lived(not_before: Option<Time>, not_after: Option<Time>) -> bool {
    let (Some(from), Some(to)) = (not_before, not_after) else { return false };
    let longest = SHORT.iter().find(|(since, _)| from.unix() >= *since).map_or(0, |(_, longest)| *longest);
    to.unix().saturating_sub(from.unix()).saturating_add(1) <= longest
}
