//! Floor 4: inventory, incident and clock to verdicts. Pure: nothing is read, and the time is an argument.
//!
//! The unit of exposure is the key. [`evidence`] tells when each file was uploaded, this module what follows
//! for each key and each certificate on it, and `words` says so in a sentence.

mod because;
mod coverage;
pub mod decision;
pub mod evidence;
mod exposure;
mod file_evidence;
mod fits;
pub mod incident;
mod kind;
pub mod manifest;
mod matching;
pub mod path_date;
mod question;
mod reason;
mod reported;
mod role;
mod rows;
mod spread;
pub mod told;
mod verdict;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::Code;
use crate::id::SpkiHash;
use crate::inventory::{Basis, ChainRule, Few, Inventory, IssuerLink, KeyEntry};
use crate::parallel;
use crate::read::Roots;
use crate::time::Time;

pub use because::Because;
pub use decision::Decision;
pub use exposure::Exposure;
pub use incident::{Incident, IncidentError, Profile};
pub use kind::{Kind, Timing};
pub use manifest::{Manifest, ManifestError, Mapping, Reading, parse_span};
pub use path_date::PathPattern;
pub use question::{Clock, Held, Question};
pub(crate) use spread::signed_itself;
pub use told::Told;
pub use verdict::{Assessment, CertificateVerdict, KeyVerdict, Standing, Uploaders, Verdict};

use because::Upload;
use evidence::{Bounds, Decided, Files};
use reason::Reason;
use role::{Role, files_of, occurrences};
use spread::{below_exposed, spread_over_moduli};

/// Weighs everything.
#[must_use]
pub fn assess(inventory: &Inventory, roots: &Roots, question: &Question<'_>) -> Assessment {
    let mut findings = Told::default();
    let files = evidence::for_files(inventory, roots, question, &mut findings);
    let births = evidence::births(inventory, question.clock, question.threads);
    let weigh = Weigh { inventory, question, files: &files };
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
    authorities(&keys, inventory, &mut findings);
    spread_over_moduli(inventory, &mut keys);
    let voided = below_exposed(inventory, &keys, question.clock.as_of);
    let certificates = parallel::map(
        threads,
        inventory.certificates.len(),
        || (),
        |(), i| weigh.certificate(i, &keys, voided[i]),
    );
    decided(inventory, question.decisions, &keys, &mut findings);
    let findings =
        findings.finish(&question.manifest.map_or_else(|| "evidence".to_owned(), Manifest::all_names));
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

/// Decisions about keys that are not here, and those that clear a key of which something else says that it is
/// exposed.
fn decided(
    inventory: &Inventory,
    decisions: &BTreeMap<SpkiHash, Decision>,
    verdicts: &[KeyVerdict],
    findings: &mut Told,
) {
    for key in decisions.keys() {
        let at = inventory
            .find_key(key)
            .and_then(|entry| inventory.keys.binary_search_by_key(&entry.spki, |k| k.spki).ok());
        let Some(at) = at else {
            findings.tell(Code::DecisionUnmatched, || {
                (key.to_string(), Code::DecisionUnmatched.describe().to_owned())
            });
            continue;
        };
        let because = &verdicts[at].because;
        if let Some(first) = because.first().filter(|b| b.findings.contains(Code::DecisionOutdated)) {
            let message = || {
                format!(
                    "{}; now {}: {}",
                    Code::DecisionOutdated.describe(),
                    verdicts[at].exposure.as_str(),
                    first.says(inventory)
                )
            };
            findings.tell(Code::DecisionOutdated, || (key.to_string(), message()));
        }
        let clears =
            |b: &&Because| b.evidence == Kind::Decision && b.findings.contains(Code::EvidenceDisagrees);
        if let (Some(_), Some(against)) = (because.first().filter(clears), because.get(1)) {
            findings.tell(Code::EvidenceDisagrees, || {
                (key.to_string(), format!("it is cleared by decision, though {}", against.says(inventory)))
            });
        }
    }
}

/// Reports evidence of a key that contradicts its own certificates; what holds for a whole file is reported
/// already.
fn disagreements(keys: &[KeyVerdict], inventory: &Inventory, files: &Files, findings: &mut Told) {
    for (verdict, at) in keys.iter().zip(0u32..) {
        for because in &*verdict.because {
            let Some(file) = because.file().filter(|_| because.findings.contains(Code::EvidenceDisagrees))
            else {
                continue;
            };
            if !files.of(file, at).contradicts() {
                let place = || inventory.files[file as usize].place.shown().into_owned();
                findings.tell(Code::EvidenceDisagrees, || (place(), because.says(inventory).into_owned()));
            }
        }
    }
}

/// Reports keys that are not exposed because of what their certificates look like, and certificates that are
/// signed with the key of one of no CA.
fn authorities(keys: &[KeyVerdict], inventory: &Inventory, findings: &mut Told) {
    for verdict in keys.iter().filter(|k| k.on_chain_rule) {
        for (because, code) in verdict
            .because
            .iter()
            .filter_map(|b| CHAIN_FINDINGS.into_iter().find(|c| b.findings.contains(*c)).map(|c| (b, c)))
        {
            let place = || because.path(inventory).unwrap_or_default().into_owned();
            findings.tell(code, || (place(), because.says(inventory).into_owned()));
        }
    }
    for entry in &inventory.certificates {
        let is_ca = |l: &IssuerLink| inventory.certificates[l.certificate as usize].is_ca();
        // A CA can have certificates of both kinds on its key.
        let by_end_entity = |l: &&IssuerLink| l.basis == Basis::Signature && !entry.issuers.iter().any(is_ca);
        if let Some(link) = entry.issuers.iter().find(by_end_entity) {
            let issuer = &inventory.certificates[link.certificate as usize].certificate;
            let place =
                || entry.occurrences.first().map(|o| inventory.path(o).into_owned()).unwrap_or_default();
            let says = || {
                let (subject, sha256) = (&entry.certificate.subject, issuer.sha256);
                format!(
                    "{}: {subject} is signed with the key of {} ({sha256})",
                    Code::SignedByEndEntity.describe(),
                    issuer.subject
                )
            };
            findings.tell(Code::SignedByEndEntity, || (place(), says()));
        }
    }
}

/// Findings on certificates that are taken as those of CAs by what they look like.
const CHAIN_FINDINGS: [Code; 2] = [Code::ChainBySignature, Code::CaAlone];

struct Weigh<'a> {
    inventory: &'a Inventory,
    question: &'a Question<'a>,
    files: &'a Files,
}

impl Weigh<'_> {
    fn key(&self, at: u32, born: Option<Time>) -> KeyVerdict {
        let key = &self.inventory.keys[at as usize];
        let mut accounts: Vec<&Arc<str>> = Vec::new();
        let mut reasons: Vec<Reason<'_>> = Vec::new();
        let bounds = self.bounds(at, key, born);
        for (role, occurrence) in occurrences(self.inventory, key) {
            let file = self.files.of(occurrence.file, at);
            accounts.extend(file.accounts());
            reasons.push(Reason::new(role, occurrence, file, evidence::decide(file, bounds, self.question)));
        }
        accounts.sort_unstable();
        accounts.dedup();
        let listed = self.question.known_compromised.filter(|(_, list)| key.is_on(list));
        let gravest = |of: fn(Role) -> bool| {
            reasons.iter().filter(|r| of(r.role)).map(|r| r.exposure).min().unwrap_or(Exposure::NotExposed)
        };
        let (by_upload, verified) = (gravest(Role::speaks), gravest(Role::spreads));
        let made = self.question.made.get(&key.spki).filter(|made| **made >= self.question.incident.cutoff);
        let by_upload = if made.is_some() { Exposure::NotExposed } else { by_upload };
        let held =
            self.question.held.get(&key.spki).filter(|held| made.is_none() && held.exposure < by_upload);
        let by_upload = held.map_or(by_upload, |held| held.exposure);
        let by_list = if listed.is_some() { Exposure::Exposed } else { by_upload };
        let outdated = self.decision(key).filter(|d| !d.holds(by_list));
        let decision = self.decision(key).filter(|d| d.holds(by_list));
        let exposure =
            decision.map_or(by_list, |d| if d.exposed { Exposure::Exposed } else { Exposure::Cleared });
        let on_dates = |r: &Reason<'_>| r.speaks() && r.decided.kind == Kind::CertificateDates;
        // What rests on an unverified key alone concerns no other one.
        let by_upload_alone = held.is_none() && listed.is_none() && decision.is_none() && made.is_none();
        let spreads = if by_upload_alone { verified } else { exposure };
        let on_certificate_dates = exposure == Exposure::NotExposed && reasons.iter().any(on_dates);
        let on_chain_rule = |r: &Reason<'_>| {
            matches!(r.role, Role::Chain(ChainRule::Issued | ChainRule::Usage | ChainRule::Old))
        };
        let on_chain_rule = exposure == Exposure::NotExposed && reasons.iter().any(on_chain_rule);
        // The deciding ones first; of those that say the same of many files, one speaks for all.
        reasons.sort_by_key(Reason::rank);
        reasons.dedup_by(|a, b| a.says_the_same(b));
        let omitted = reasons.len().saturating_sub(REASONS);
        let list = listed.map(|(name, _)| {
            Because::new(
                Kind::List,
                name.to_owned(),
                format!("the list of compromised keys {name:?} names it"),
            )
        });
        let decided = decision.map(|d| {
            let (kind, source) =
                if d.misused { (Kind::Misuse, "misuse") } else { (Kind::Decision, "decision") };
            let mut because = Because::new(kind, source, words::decision(d));
            // The key itself lay in an upload, or a list says that somebody has it; a person may know better,
            // and that is told.
            if by_list == Exposure::Exposed && !d.exposed {
                because.findings.insert(Code::EvidenceDisagrees);
            }
            because
        });
        let made = made.map(|at| Because::new(Kind::MadeByCase, "case", words::made(*at)));
        let held = held.map_or(&[][..], |held| &held.because).iter().cloned();
        let mut because: Few<Because> = decided
            .into_iter()
            .chain(list)
            .chain(made)
            .chain(held)
            .chain(reasons.into_iter().take(REASONS).map(|r| self.because(r, bounds)))
            .collect();
        if let (Some(_), Some(first)) = (outdated, because.first_mut()) {
            first.findings.insert(Code::DecisionOutdated);
        }
        let accounts = accounts.into_iter().cloned().collect();
        KeyVerdict {
            exposure,
            by_evidence: by_list,
            because,
            omitted,
            accounts,
            on_certificate_dates,
            on_chain_rule,
            spreads,
        }
    }

    /// Between which times the key can have been uploaded, by the certificates on it and by all places where
    /// it lies.
    fn bounds(&self, at: u32, key: &KeyEntry, born: Option<Time>) -> Bounds {
        let latest = |file: u32| self.files.of(file, at).span.latest;
        Bounds {
            issued: born,
            seen: born.and_then(|_| files_of(self.inventory, key).filter_map(latest).min()),
        }
    }

    fn decision(&self, key: &KeyEntry) -> Option<&Decision> {
        let decisions = self.question.decisions;
        decisions.get(&key.spki).or_else(|| key.raw_forms.iter().find_map(|raw| decisions.get(raw)))
    }

    fn because(&self, reason: Reason<'_>, bounds: Bounds) -> Because {
        let Reason {
            role, occurrence, file, decided: Decided { timing, kind, source, span, findings }, ..
        } = reason;
        let findings = findings.union(role.findings());
        let (kind, accounts) = match role {
            Role::Chain(_) => (Kind::ChainCertificate, String::new()),
            Role::Public => (Kind::PublicOnly, String::new()),
            Role::Private | Role::Unverified | Role::EndEntity { .. } | Role::PublicBesideLocked => {
                (kind, words::accounts(kind, file))
            }
        };
        let dates_distrusted = self.question.distrust_certificate_dates;
        let upload = Upload {
            file: occurrence.file,
            role,
            timing,
            dates_distrusted,
            seen_earlier: bounds.is_seen_earlier(),
            accounts: accounts.into(),
        };
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
            if entry.more_issuers || entry.issuers.iter().any(|l| l.basis == Basis::NotChecked) {
                because.findings.insert(Code::SignatureNotChecked);
            }
            Box::new(because)
        });
        let verdict = match (exposure.is_suspect(), standing) {
            (true, Standing::Expired) => Verdict::Expired,
            (false, Standing::Expired) => Verdict::Clear,
            (true, _) if entry.is_ca() && !certificate.names_host() => Verdict::Decide,
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
