//! Floor 4: inventory, incident and clock to verdicts. Pure: nothing is read, and the time is an argument.
//!
//! The unit of exposure is the key. [`evidence`] tells when each file was uploaded, this module what follows for each key and each
//! certificate on it, and `words` says so in a sentence.

mod because;
pub mod decision;
pub mod evidence;
pub mod incident;
pub mod manifest;
mod matching;
pub mod path_date;
mod reported;
mod rows;
pub mod told;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding};
use crate::id::SpkiHash;
use crate::inventory::{CertificateEntry, Few, Inventory, KeyEntry, Occurrence};
use crate::parallel;
use crate::read::Roots;
use crate::time::{Span, Time};

pub use because::Because;
pub use decision::Decision;
pub use evidence::{Kind, Timing};
pub use incident::{Incident, IncidentError, Profile};
pub use manifest::{Manifest, ManifestError, Mapping, parse_span};
pub use path_date::PathPattern;
pub use told::Told;

use because::Upload;
use evidence::{Decided, FileEvidence, Files};

/// The two times of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The real time: evidence is weighed against it.
    pub now: Time,
    /// The time for which standing and deadlines are told (`--as-of`); never evidence.
    pub as_of: Time,
}

/// What is asked of an inventory.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// The upload manifest.
    pub manifest: Option<&'a Manifest>,
    /// `--uploaded`: for every file without a record of its own.
    pub uploaded: Option<Span>,
    /// `--distrust-certificate-dates`.
    pub distrust_certificate_dates: bool,
    /// `--known-compromised`: name of the list and the keys on it.
    pub known_compromised: Option<(&'a str, &'a HashSet<SpkiHash>)>,
    /// `--date-from-path`.
    pub date_from_path: Option<&'a PathPattern>,
    /// What persons decided, by canonical name of the key or by another form of it that was met.
    pub decisions: &'a BTreeMap<SpkiHash, Decision>,
    /// The times.
    pub clock: Clock,
    /// How many threads may weigh it.
    pub threads: usize,
}

/// What is known of a key's secrecy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Found in an upload from before the cutoff, or known from elsewhere.
    Exposed,
    /// Not found, but an upload of its certificate brought it along.
    Presumed,
    /// The evidence does not decide.
    Undetermined,
    /// The evidence speaks against it.
    NotExposed,
    /// A recorded decision.
    Cleared,
}

impl Exposure {
    /// Whether it is treated as exposed for replacement.
    #[must_use]
    pub const fn is_suspect(self) -> bool {
        matches!(self, Self::Exposed | Self::Presumed | Self::Undetermined)
    }

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::Presumed => "presumed",
            Self::Undetermined => "undetermined",
            Self::NotExposed => "not-exposed",
            Self::Cleared => "cleared",
        }
    }
}

/// Where a certificate stands in its life at `as_of`. The order is the precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its end date cannot be read.
    Unknown,
    /// Past its end.
    Expired,
    /// Revoked, as a verified list or answer says.
    Revoked,
    /// Before its start.
    NotYetValid,
    /// Within its dates, both ends inclusive.
    Valid,
}

impl Standing {
    /// The standing at a time.
    #[must_use]
    pub fn at(not_before: Option<Time>, not_after: Option<Time>, time: Time) -> Self {
        match (not_before, not_after) {
            (_, None) => Self::Unknown,
            (_, Some(end)) if time > end => Self::Expired,
            (Some(start), _) if time < start => Self::NotYetValid,
            _ => Self::Valid,
        }
    }

    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NotYetValid => "not-yet-valid",
            Self::Valid => "valid",
        }
    }

    /// Whether the certificate can still be used, or may be.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Unknown | Self::NotYetValid | Self::Valid)
    }
}

/// What is to be done about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A CA certificate with an exposed key: its owner must decide.
    Decide,
    /// Its issuer's key is exposed: get it from a new CA.
    Reissue,
    /// New key, new certificate, revoke this one.
    ReplaceAndRevoke,
    /// Self-signed: nobody can revoke it.
    Replace,
    /// Exposed, but past its end; the key is retired.
    Expired,
    /// Revoked for key compromise already.
    Revoked,
    /// Nothing.
    Clear,
}

impl Verdict {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Reissue => "reissue",
            Self::ReplaceAndRevoke => "replace-and-revoke",
            Self::Replace => "replace",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Clear => "clear",
        }
    }

    /// Whether somebody has to act on the certificate itself.
    #[must_use]
    pub const fn asks_for_action(self) -> bool {
        matches!(self, Self::Decide | Self::Reissue | Self::Replace | Self::ReplaceAndRevoke)
    }
}

/// The verdict on one key.
#[derive(Debug, Clone)]
pub struct KeyVerdict {
    /// Exposure.
    pub exposure: Exposure,
    /// Its reasons, the deciding ones first.
    pub because: Few<Because>,
    /// Further reasons that are only counted.
    pub omitted: usize,
    /// Whose uploads hold it.
    pub accounts: Few<Arc<str>>,
    /// Not exposed on the dates of certificates alone.
    pub on_certificate_dates: bool,
}

/// The verdict on one certificate.
#[derive(Debug, Clone)]
pub struct CertificateVerdict {
    /// Standing at `as_of`.
    pub standing: Standing,
    /// What to do.
    pub verdict: Verdict,
    /// The reason beyond those of its key, if there is one.
    pub because: Option<Box<Because>>,
}

/// Verdicts for the whole inventory; indices as in the inventory.
#[derive(Debug)]
pub struct Assessment {
    /// One per key.
    pub keys: Vec<KeyVerdict>,
    /// One per certificate.
    pub certificates: Vec<CertificateVerdict>,
    /// Findings on evidence.
    pub findings: Vec<Finding>,
    /// How many findings of each code there are; of codes with very many, not all are told.
    pub finding_counts: BTreeMap<Code, u64>,
}

/// Weighs everything.
#[must_use]
pub fn assess(inventory: &Inventory, roots: &Roots, question: &Question<'_>) -> Assessment {
    let mut findings = Told::default();
    let files = evidence::for_files(inventory, roots, question, &mut findings);
    let births = evidence::births(inventory, question.clock, question.threads);
    let weigh = Weigh { inventory, question, files: &files, locked_with_ca: locked_with_ca(inventory) };
    let threads = question.threads;
    let mut keys = parallel::map(threads, inventory.keys.len(), || (), |(), i| weigh.key(i as u32, births[i]));
    spread_over_moduli(inventory, &mut keys);
    let voided = below_exposed(inventory, &keys, question.clock.as_of);
    let certificates = parallel::map(threads, inventory.certificates.len(), || (), |(), i| weigh.certificate(i, &keys, voided[i]));
    decided(inventory, question.decisions, &keys, &mut findings);
    let findings = findings.finish(question.manifest.map_or("evidence", |m| m.name.as_str()));
    Assessment { keys, certificates, findings: findings.list, finding_counts: findings.counts }
}

/// Decisions about keys that are not here, and those that clear a key of which something else says that it is exposed.
fn decided(inventory: &Inventory, decisions: &BTreeMap<SpkiHash, Decision>, verdicts: &[KeyVerdict], findings: &mut Told) {
    for key in decisions.keys() {
        let at = inventory.find_key(key).and_then(|entry| inventory.keys.binary_search_by_key(&entry.spki, |k| k.spki).ok());
        let Some(at) = at else {
            findings.tell(Code::DecisionUnmatched, || (key.to_string(), Code::DecisionUnmatched.describe().to_owned()));
            continue;
        };
        let because = &verdicts[at].because;
        let clears = |b: &&Because| b.evidence == Kind::Decision && b.findings.contains(Code::EvidenceDisagrees);
        if let (Some(_), Some(against)) = (because.first().filter(clears), because.get(1)) {
            findings.tell(Code::EvidenceDisagrees, || (key.to_string(), format!("it is cleared by decision, though {}", against.says(inventory))));
        }
    }
}

struct Weigh<'a> {
    inventory: &'a Inventory,
    question: &'a Question<'a>,
    files: &'a Files,
    locked_with_ca: HashSet<u32>,
}

/// Files with an encrypted key that hold no certificate but of CAs.
fn locked_with_ca(inventory: &Inventory) -> HashSet<u32> {
    let mut out: HashSet<u32> = inventory.files.iter().zip(0..).filter(|(f, _)| f.holds_locked).map(|(_, i)| i).collect();
    if !out.is_empty() {
        for entry in inventory.certificates.iter().filter(|e| !e.is_ca()) {
            entry.occurrences.iter().for_each(|o| _ = out.remove(&o.file));
        }
    }
    out
}

/// What an occurrence means for the exposure of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Private,
    EndEntity {
        beside_locked: bool,
    },
    /// A CA certificate; `beside_locked`: with an encrypted key in its file, and no certificate but of CAs that this could belong to.
    Chain {
        beside_locked: bool,
    },
    Public,
}

impl Weigh<'_> {
    fn key(&self, at: u32, born: Option<Time>) -> KeyVerdict {
        let key = &self.inventory.keys[at as usize];
        let mut accounts: Vec<&Arc<str>> = Vec::new();
        let mut reasons: Vec<Reason<'_>> = Vec::new();
        for (role, occurrence) in self.occurrences(key) {
            let file = self.files.of(occurrence.file, at);
            accounts.extend(file.accounts());
            reasons.push(Reason::new(role, occurrence, file, evidence::decide(file, born, self.question)));
        }
        accounts.sort_unstable();
        accounts.dedup();
        let listed = self.question.known_compromised.filter(|(_, list)| key.is_on(list));
        // Chain certificates and bare public keys prove nothing either way unless they are all there is.
        let by_upload = reasons.iter().filter(|r| r.speaks()).map(|r| r.exposure).min().unwrap_or(Exposure::NotExposed);
        let by_list = if listed.is_some() { Exposure::Exposed } else { by_upload };
        let decision = self.decision(key);
        let exposure = decision.map_or(by_list, |d| if d.exposed { Exposure::Exposed } else { Exposure::Cleared });
        let on_dates = |r: &Reason<'_>| r.speaks() && r.decided.kind == Kind::CertificateDates;
        let on_certificate_dates = exposure == Exposure::NotExposed && reasons.iter().any(on_dates);
        // The deciding ones first; of those that say the same of many files, one speaks for all.
        reasons.sort_by_key(Reason::rank);
        reasons.dedup_by(|a, b| a.says_the_same(b));
        let omitted = reasons.len().saturating_sub(REASONS);
        let list = listed.map(|(name, _)| Because::new(Kind::List, name.to_owned(), format!("the list of compromised keys {name:?} names it")));
        let decided = decision.map(|d| {
            let (kind, source) = if d.misused { (Kind::Misuse, "misuse") } else { (Kind::Decision, "decision") };
            let mut because = Because::new(kind, source, words::decision(d));
            // The key itself lay in an upload, or a list says that somebody has it; a person may know better, and that is told.
            if by_list == Exposure::Exposed && !d.exposed {
                because.findings.insert(Code::EvidenceDisagrees);
            }
            because
        });
        let because = decided.into_iter().chain(list).chain(reasons.into_iter().take(REASONS).map(|r| self.because(r))).collect();
        let accounts = accounts.into_iter().cloned().collect();
        KeyVerdict { exposure, because, omitted, accounts, on_certificate_dates }
    }

    fn decision(&self, key: &KeyEntry) -> Option<&Decision> {
        let decisions = self.question.decisions;
        decisions.get(&key.spki).or_else(|| key.raw_forms.iter().find_map(|raw| decisions.get(raw)))
    }

    /// Every occurrence of a key, with its part in this.
    fn occurrences<'k>(&'k self, key: &'k KeyEntry) -> Vec<(Role, &'k Occurrence)> {
        let mut out: Vec<(Role, &Occurrence)> = key.private.iter().map(|o| (Role::Private, o)).collect();
        let mut with_key: Vec<u32> = key.private.iter().map(|o| o.file).collect();
        with_key.sort_unstable();
        let has_key = |file: u32| with_key.binary_search(&file).is_ok();
        for &i in &key.certificates {
            let entry = &self.inventory.certificates[i as usize];
            for occurrence in &entry.occurrences {
                let beside_locked = self.inventory.files[occurrence.file as usize].holds_locked;
                // Where the key itself lies in the same file, it speaks for both.
                match entry.is_ca() {
                    true if key.private.is_empty() => {
                        out.push((Role::Chain { beside_locked: self.locked_with_ca.contains(&occurrence.file) }, occurrence))
                    }
                    false if !has_key(occurrence.file) => out.push((Role::EndEntity { beside_locked }, occurrence)),
                    _ => {}
                }
            }
        }
        if key.certificates.is_empty() {
            out.extend(key.public.iter().filter(|o| !has_key(o.file)).map(|o| (Role::Public, o)));
        }
        out
    }

    fn because(&self, reason: Reason<'_>) -> Because {
        let Reason { role, occurrence, file, decided: Decided { timing, kind, source, span, findings }, .. } = reason;
        let (kind, accounts) = match role {
            Role::Chain { .. } => (Kind::ChainCertificate, String::new()),
            Role::Public => (Kind::PublicOnly, String::new()),
            Role::Private | Role::EndEntity { .. } => (kind, words::accounts(kind, file)),
        };
        let dates_distrusted = self.question.distrust_certificate_dates;
        let upload = Upload { file: occurrence.file, role, timing, dates_distrusted, accounts: accounts.into() };
        Because::of_upload(kind, source.clone(), span, findings, upload)
    }

    fn certificate(&self, at: usize, keys: &[KeyVerdict], voided_by: Option<u32>) -> CertificateVerdict {
        let entry = &self.inventory.certificates[at];
        let certificate = &entry.certificate;
        let standing = Standing::at(certificate.not_before, certificate.not_after, self.question.clock.as_of);
        let exposure = keys[entry.key as usize].exposure;
        let because = voided_by.map(|issuer| {
            let issuer = &self.inventory.certificates[issuer as usize];
            let key = &keys[issuer.key as usize];
            let says = words::issuer_exposed(&issuer.certificate.subject, key.exposure);
            let mut because = Because::new(Kind::IssuerKey, issuer.certificate.sha256.to_string(), says);
            if entry.issuers.iter().any(|l| l.basis == crate::inventory::Basis::NotChecked) {
                because.findings.insert(Code::SignatureNotChecked);
            }
            Box::new(because)
        });
        let verdict = match (exposure.is_suspect(), standing) {
            (true, Standing::Expired) => Verdict::Expired,
            (false, Standing::Expired) => Verdict::Clear,
            (true, _) if entry.is_ca() => Verdict::Decide,
            _ if voided_by.is_some() => Verdict::Reissue,
            (true, _) if certificate.is_self_signed => Verdict::Replace,
            (true, _) => Verdict::ReplaceAndRevoke,
            (false, _) => Verdict::Clear,
        };
        CertificateVerdict { standing, verdict, because }
    }
}

/// Reasons kept for one key; a key found in more places has them counted.
const REASONS: usize = 32;

/// What one occurrence says about its key, before it is put into words.
struct Reason<'a> {
    exposure: Exposure,
    role: Role,
    occurrence: &'a Occurrence,
    file: &'a FileEvidence,
    decided: Decided<'a>,
}

impl<'a> Reason<'a> {
    const fn new(role: Role, occurrence: &'a Occurrence, file: &'a FileEvidence, decided: Decided<'a>) -> Self {
        let exposure = match (role, decided.timing) {
            (Role::Chain { .. } | Role::Public, _) | (_, Timing::After) => Exposure::NotExposed,
            (Role::Private, Timing::Before) => Exposure::Exposed,
            (Role::EndEntity { .. }, Timing::Before) => Exposure::Presumed,
            (_, Timing::Unclear) => Exposure::Undetermined,
        };
        Self { exposure, role, occurrence, file, decided }
    }

    const fn speaks(&self) -> bool {
        !matches!(self.role, Role::Chain { .. } | Role::Public)
    }

    /// Those that decide come first, then as found.
    const fn rank(&self) -> (Exposure, bool, bool, Kind, u32, u32) {
        let usual = !matches!(self.role, Role::Chain { beside_locked: true });
        (self.exposure, !self.speaks(), usual, self.decided.kind, self.occurrence.file, self.occurrence.index)
    }

    /// Whether another one differs in nothing but the file, or in how late the file was changed where that decides nothing.
    fn says_the_same(&self, other: &Self) -> bool {
        let late = |r: &Self| if r.decided.timing == Timing::Before || r.decided.kind == Kind::Manifest { r.decided.span.latest } else { None };
        let same =
            |a: &Self, b: &Self| a.decided.source == b.decided.source && a.decided.span.earliest == b.decided.span.earliest && late(a) == late(b);
        let role = std::mem::discriminant(&self.role) == std::mem::discriminant(&other.role);
        role && self.exposure == other.exposure && self.decided.kind == other.decided.kind && (!self.speaks() || same(self, other))
    }
}

/// RSA keys with one modulus are one compromise, whatever their exponents: each is as exposed as the most exposed of them.
fn spread_over_moduli(inventory: &Inventory, keys: &mut [KeyVerdict]) {
    let before: Vec<Exposure> = keys.iter().map(|k| k.exposure).collect();
    let mut worst_of: HashMap<*const u32, u32> = HashMap::new();
    for (i, entry) in inventory.keys.iter().enumerate().filter(|(_, k)| !k.same_modulus.is_empty()) {
        let worst = || entry.same_modulus.iter().copied().min_by_key(|s| before[*s as usize]).unwrap_or(i as u32);
        let source = *worst_of.entry(entry.same_modulus.as_ptr()).or_insert_with(worst);
        if !before[source as usize].is_suspect() || before[source as usize] >= before[i] {
            continue;
        }
        let exposure = before[source as usize];
        let name = inventory.keys[source as usize].spki.to_string();
        let says = format!("it has the modulus of the key {name}, which is {}: who holds that one can compute this one", exposure.as_str());
        let verdict = &mut keys[i];
        let mut says = Because::new(Kind::SharedFactor, name, says);
        // What follows from numbers, no decision about one of the keys can undo.
        if verdict.exposure == Exposure::Cleared {
            says.findings.insert(Code::EvidenceDisagrees);
        }
        verdict.exposure = exposure;
        verdict.on_certificate_dates = false;
        verdict.because.push(says);
        verdict.because.rotate_right(1);
    }
}

/// For each certificate, the CA certificate with an exposed key that it descends from, the nearest one. Where a CA has a certificate from an exposed
/// one and another that it signed itself, the former is void; what its own key signed stands on the latter.
fn below_exposed(inventory: &Inventory, keys: &[KeyVerdict], as_of: Time) -> Vec<Option<u32>> {
    // Few certificates have issued any.
    let mut children: hashbrown::HashMap<u32, Vec<u32>> = hashbrown::HashMap::new();
    for (i, entry) in inventory.certificates.iter().enumerate() {
        entry.issuers.iter().for_each(|l| children.entry(l.certificate).or_default().push(i as u32));
    }
    let children = |of: u32| children.get(&of).into_iter().flatten();
    let mut voided: Vec<Option<u32>> = vec![None; inventory.certificates.len()];
    let suspect = |entry: &CertificateEntry| keys[entry.key as usize].exposure.is_suspect();
    // First in, first out: whoever comes first is the nearest.
    let mut queue: VecDeque<(u32, u32)> = VecDeque::new();
    for (i, _) in inventory.certificates.iter().enumerate().filter(|(_, e)| e.is_ca() && suspect(e)) {
        queue.extend(children(i as u32).map(|c| (*c, i as u32)));
    }
    while let Some((child, by)) = queue.pop_front() {
        let at = child as usize;
        if voided[at].is_none() {
            voided[at] = Some(by);
            let key = &inventory.keys[inventory.certificates[at].key as usize];
            if !inventory.certificates[at].is_ca() || !signed_itself(inventory, key, as_of) {
                queue.extend(children(child).map(|c| (*c, by)));
            }
        }
    }
    voided
}

/// Whether a key has a CA certificate that it signed itself, which can be used.
pub(crate) fn signed_itself(inventory: &Inventory, key: &KeyEntry, as_of: Time) -> bool {
    key.certificates.iter().map(|i| &inventory.certificates[*i as usize]).any(|entry| {
        let certificate = &entry.certificate;
        let standing = Standing::at(certificate.not_before, certificate.not_after, as_of);
        certificate.is_self_signed && entry.is_ca() && standing == Standing::Valid
    })
}
