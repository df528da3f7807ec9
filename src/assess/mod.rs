//! Floor 4: inventory, incident and clock to verdicts. Pure: nothing is read, and the time is an argument.
//!
//! The unit of exposure is the key. [`evidence`] tells when each file was uploaded, this module what follows for each key and each
//! certificate on it, and `words` says so in a sentence.

mod because;
mod coverage;
pub mod decision;
pub mod evidence;
pub mod incident;
pub mod manifest;
mod matching;
pub mod path_date;
mod reported;
mod rows;
mod spread;
pub mod told;
mod verdict;
mod words;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::finding::Code;
use crate::id::SpkiHash;
use crate::inventory::{Few, Inventory, KeyEntry, Occurrence};
use crate::parallel;
use crate::read::Roots;
use crate::time::{Span, Time};

pub use because::Because;
pub use decision::Decision;
pub use evidence::{Kind, Timing};
pub use incident::{Incident, IncidentError, Profile};
pub use manifest::{Manifest, ManifestError, Mapping, parse_span};
pub use path_date::PathPattern;
pub(crate) use spread::signed_itself;
pub use told::Told;
pub use verdict::{Assessment, CertificateVerdict, Exposure, KeyVerdict, Standing, Uploaders, Verdict};

use because::Upload;
use evidence::{Decided, FileEvidence, Files};
use spread::{below_exposed, spread_over_moduli};

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
    /// What the case held against keys before, some evidence of which is gone: that stays, unless a decision says otherwise.
    pub held: &'a BTreeMap<SpkiHash, Held>,
    /// Keys that the case made, and when: no record older than that speaks of them.
    pub made: &'a BTreeMap<SpkiHash, Time>,
    /// The times.
    pub clock: Clock,
    /// How many threads may weigh it.
    pub threads: usize,
}

/// What a case held against a key when its evidence was still there.
#[derive(Debug, Clone)]
pub struct Held {
    /// The exposure.
    pub exposure: Exposure,
    /// The reasons, as they were recorded.
    pub because: Vec<Because>,
}

/// Weighs everything.
#[must_use]
pub fn assess(inventory: &Inventory, roots: &Roots, question: &Question<'_>) -> Assessment {
    let mut findings = Told::default();
    let files = evidence::for_files(inventory, roots, question, &mut findings);
    let births = evidence::births(inventory, question.clock, question.threads);
    let weigh = Weigh { inventory, question, files: &files, locked_with_ca: locked_with_ca(inventory) };
    let threads = question.threads;
    let mut keys = parallel::map(
        threads,
        inventory.keys.len(),
        || 0..0,
        |touched, i| {
            if !touched.contains(&i) {
                *touched = i..(i + TOUCHED).min(inventory.keys.len());
                inventory.touch(touched.clone());
            }
            weigh.key(i as u32, births[i])
        },
    );
    disagreements(&keys, inventory, &files, &mut findings);
    spread_over_moduli(inventory, &mut keys);
    let voided = below_exposed(inventory, &keys, question.clock.as_of);
    let certificates = parallel::map(threads, inventory.certificates.len(), || (), |(), i| weigh.certificate(i, &keys, voided[i]));
    decided(inventory, question.decisions, &keys, &mut findings);
    let findings = findings.finish(&question.manifest.map_or_else(|| "evidence".to_owned(), Manifest::all_names));
    Assessment {
        keys,
        certificates,
        path_rows: files.path_rows(),
        unusable_rows: files.unusable_rows(),
        uploaders: files.uploaders(),
        findings: findings.list,
        finding_counts: findings.counts,
    }
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
        if let Some(first) = because.first().filter(|b| b.findings.contains(Code::DecisionOutdated)) {
            let message = || format!("{}; now {}: {}", Code::DecisionOutdated.describe(), verdicts[at].exposure.as_str(), first.says(inventory));
            findings.tell(Code::DecisionOutdated, || (key.to_string(), message()));
        }
        let clears = |b: &&Because| b.evidence == Kind::Decision && b.findings.contains(Code::EvidenceDisagrees);
        if let (Some(_), Some(against)) = (because.first().filter(clears), because.get(1)) {
            findings.tell(Code::EvidenceDisagrees, || (key.to_string(), format!("it is cleared by decision, though {}", against.says(inventory))));
        }
    }
}

/// Reports evidence of a key that contradicts its own certificates; what holds for a whole file is reported already.
fn disagreements(keys: &[KeyVerdict], inventory: &Inventory, files: &Files, findings: &mut Told) {
    for (verdict, at) in keys.iter().zip(0u32..) {
        for because in &*verdict.because {
            let Some(file) = because.file().filter(|_| because.findings.contains(Code::EvidenceDisagrees)) else { continue };
            if !files.of(file, at).contradicts() {
                let place = || inventory.files[file as usize].place.shown().into_owned();
                findings.tell(Code::EvidenceDisagrees, || (place(), because.says(inventory).into_owned()));
            }
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
        let made = self.question.made.get(&key.spki).filter(|made| **made >= self.question.incident.cutoff);
        let by_upload = if made.is_some() { Exposure::NotExposed } else { by_upload };
        let held = self.question.held.get(&key.spki).filter(|held| made.is_none() && held.exposure < by_upload);
        let by_upload = held.map_or(by_upload, |held| held.exposure);
        let by_list = if listed.is_some() { Exposure::Exposed } else { by_upload };
        let outdated = self.decision(key).filter(|d| !d.holds(by_list));
        let decision = self.decision(key).filter(|d| d.holds(by_list));
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
        let made = made.map(|at| Because::new(Kind::MadeByCase, "case", words::made(*at)));
        let held = held.map_or(&[][..], |held| &held.because).iter().cloned();
        let mut because: Few<Because> =
            decided.into_iter().chain(list).chain(made).chain(held).chain(reasons.into_iter().take(REASONS).map(|r| self.because(r))).collect();
        if let (Some(_), Some(first)) = (outdated, because.first_mut()) {
            first.findings.insert(Code::DecisionOutdated);
        }
        let accounts = accounts.into_iter().cloned().collect();
        KeyVerdict { exposure, by_evidence: by_list, because, omitted, accounts, on_certificate_dates }
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
        for (at, &i) in key.certificates.iter().enumerate() {
            key.part_at(at).into_iter().for_each(|part| self.inventory.touch_certificates(part));
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

/// Keys that are touched at a time.
const TOUCHED: usize = 64;

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
