//! Floor 5: verdicts to an ordered plan. Pure.
//!
//! Steps are grouped by key, because revoking by proof of the leaked key revokes every certificate on it: no revocation is due before each
//! member of its group has a replacement in place and the owner has looked for others. What is only presumed or undetermined is replaced
//! like the exposed, but revoked only after its owner decided.

pub mod ca;
pub mod progress;
pub mod step;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::assess::{Assessment, Clock, Exposure, Kind, Verdict};
use crate::id::{Fingerprint, ProfileHash, StepId};
use crate::inventory::Inventory;

pub use progress::{Mark, Word};
pub use step::{Status, Step, StepKind};

/// What to do, in order.
#[derive(Debug)]
pub struct Plan {
    /// All steps; those of what is most at risk first, and each after everything it needs within its group.
    pub steps: Vec<Step>,
    /// The replacements to make, by profile.
    pub replacements: Vec<Replacement>,
    /// For each key of the inventory its steps, in order.
    pub steps_of_key: Vec<Vec<StepId>>,
    /// For each certificate of the inventory its replacement, an index into `replacements`.
    pub replacement_of: Vec<Option<u32>>,
    /// Keys with something to do, most urgent first: indices into the inventory.
    pub order: Vec<u32>,
    /// CA certificates whose exposed key voids a live certificate.
    voiding: HashSet<Fingerprint>,
}

/// One new key and request, and what they stand in for.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The `replace` step.
    pub step: StepId,
    /// What its certificates have in common.
    pub profile: ProfileHash,
    /// The certificate it mirrors, the newest one: index into the inventory.
    pub mirrors: u32,
    /// All it replaces: indices into the inventory, sorted by fingerprint.
    pub replaces: Vec<u32>,
    /// Every one of them hangs below an exposed CA: the request waits for the new one.
    pub waits_for_new_ca: bool,
}

impl Plan {
    /// Makes the plan.
    #[must_use]
    pub fn construct(inventory: &Inventory, assessment: &Assessment, clock: Clock) -> Self {
        let (replacements, replacement_of) = replacements(inventory, assessment);
        let mut plan = Self {
            steps: Vec::new(),
            replacements,
            steps_of_key: vec![Vec::new(); inventory.keys.len()],
            replacement_of,
            order: Vec::new(),
            voiding: voiding(assessment),
        };
        plan.order = order(inventory, assessment, clock);
        let mut known: HashMap<StepId, ()> = HashMap::new();
        for key in plan.order.clone() {
            let steps = Group { inventory, assessment, plan: &plan, key }.steps();
            plan.steps_of_key[key as usize] = steps.iter().map(|s| s.id.clone()).collect();
            // A replacement shared by two keys has one replace and one deploy step.
            plan.steps.extend(steps.into_iter().filter(|s| known.insert(s.id.clone(), ()).is_none()));
        }
        plan
    }
}

/// The CA certificates that the reasons of live certificates name.
fn voiding(assessment: &Assessment) -> HashSet<Fingerprint> {
    let live = assessment.certificates.iter().filter(|c| c.verdict == Verdict::Reissue || c.verdict == Verdict::Decide);
    live.flat_map(|c| &c.because).filter(|b| b.evidence == Kind::IssuerKey).filter_map(|b| b.source.parse().ok()).collect()
}

/// Groups the certificates that get a replacement by what they are for.
fn replacements(inventory: &Inventory, assessment: &Assessment) -> (Vec<Replacement>, Vec<Option<u32>>) {
    let mut groups: BTreeMap<ProfileHash, Vec<u32>> = BTreeMap::new();
    for (i, entry) in inventory.certificates.iter().enumerate() {
        let verdict = &assessment.certificates[i];
        let suspect = assessment.keys[entry.key as usize].exposure.is_suspect();
        if verdict.standing.is_live() && !entry.is_ca() && (suspect || verdict.verdict == Verdict::Reissue) {
            groups.entry(entry.certificate.profile).or_default().push(i as u32);
        }
    }
    let mut of = vec![None; inventory.certificates.len()];
    let mut out = Vec::with_capacity(groups.len());
    for (profile, replaces) in groups {
        let newest = replaces.iter().copied().max_by_key(|i| {
            let certificate = &inventory.certificates[*i as usize].certificate;
            (certificate.not_before, certificate.sha256)
        });
        let Some(mirrors) = newest else { continue };
        replaces.iter().for_each(|i| of[*i as usize] = Some(out.len() as u32));
        let waits_for_new_ca = replaces.iter().all(|i| assessment.certificates[*i as usize].verdict == Verdict::Reissue);
        out.push(Replacement { step: StepId::derive("replace", &[profile.as_bytes()]), profile, mirrors, replaces, waits_for_new_ca });
    }
    (out, of)
}

/// Keys with something to do, most at risk first: CA keys found in an upload, then keys of live certificates by the names they cover and the
/// time they have left, then the rest.
fn order(inventory: &Inventory, assessment: &Assessment, clock: Clock) -> Vec<u32> {
    let mut keys: Vec<_> = (0..inventory.keys.len() as u32)
        .filter(|k| concerns(inventory, assessment, *k))
        .map(|k| (risk(inventory, assessment, clock, k), k))
        .collect();
    keys.sort();
    keys.into_iter().map(|(_, k)| k).collect()
}

/// Whether there is anything to do about a key: it is suspect itself, or a certificate on it hangs below an exposed CA.
fn concerns(inventory: &Inventory, assessment: &Assessment, key: u32) -> bool {
    let reissue = |i: &u32| assessment.certificates[*i as usize].verdict == Verdict::Reissue;
    assessment.keys[key as usize].exposure.is_suspect() || inventory.keys[key as usize].certificates.iter().any(reissue)
}

type Risk = (Reverse<bool>, Reverse<bool>, Reverse<usize>, Reverse<i64>, Exposure);

fn risk(inventory: &Inventory, assessment: &Assessment, clock: Clock, key: u32) -> Risk {
    let live = || {
        let live = |i: &&u32| assessment.certificates[**i as usize].verdict.asks_for_action();
        inventory.keys[key as usize].certificates.iter().filter(live).map(|i| &inventory.certificates[*i as usize])
    };
    let decide = |i: &u32| assessment.certificates[*i as usize].verdict == Verdict::Decide;
    let ca = inventory.keys[key as usize].certificates.iter().any(decide);
    let names = live().map(|c| c.certificate.names.len().max(1)).sum();
    let left = live().map(|c| c.certificate.not_after.map_or(i64::MAX, |t| t.unix() - clock.as_of.unix())).max().unwrap_or(0);
    (Reverse(ca), Reverse(live().next().is_some()), Reverse(names), Reverse(left), assessment.keys[key as usize].exposure)
}

/// Makes the steps of one key.
struct Group<'a> {
    inventory: &'a Inventory,
    assessment: &'a Assessment,
    plan: &'a Plan,
    key: u32,
}

impl Group<'_> {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let key = &self.inventory.keys[self.key as usize];
        let exposure = self.assessment.keys[self.key as usize].exposure;
        let name = key.spki.as_bytes();
        let deploys = self.replace_and_deploy(&mut steps);
        self.reissue_authorities(&mut steps);
        if !exposure.is_suspect() {
            return steps;
        }
        let search = self.step(StepKind::Search, &[name], Vec::new(), step::search(key));
        let mut before_retire = vec![search.id.clone()];
        let mut gate = deploys.clone();
        gate.push(search.id.clone());
        steps.push(search);
        let authorities = self.authorities();
        if !authorities.is_empty() {
            let mut decide = self.step(StepKind::Decide, &[b"ca", name], Vec::new(), step::decide_ca(self.inventory, &authorities));
            decide.certificates = self.fingerprints(&authorities);
            before_retire.push(decide.id.clone());
            // The key signs the last revocation list of the old CA; until what hangs below is replaced it has to be there.
            before_retire.extend(self.deploys_below(&authorities));
            steps.push(decide);
        }
        let revocable = self.by_issuer();
        if exposure != Exposure::Exposed && !revocable.is_empty() {
            let mut decide = self.step(StepKind::Decide, &[name], Vec::new(), step::decide_suspicion(exposure));
            decide.certificates = revocable.values().flat_map(|list| self.fingerprints(list)).collect();
            gate.push(decide.id.clone());
            steps.push(decide);
        }
        for (issuer, list) in &revocable {
            let mut revoke = self.step(StepKind::Revoke, &[issuer.as_bytes(), name], gate.clone(), step::revoke(self.inventory, issuer, list));
            revoke.certificates = self.fingerprints(list);
            let mut verify = self.step(StepKind::Verify, &[issuer.as_bytes(), name], vec![revoke.id.clone()], step::verify_revoked(issuer));
            verify.certificates = revoke.certificates.clone();
            before_retire.push(verify.id.clone());
            steps.extend([revoke, verify]);
        }
        let alone = self.certificates(|v| matches!(v, Verdict::Replace | Verdict::Reissue));
        if !alone.is_empty() {
            let mut verify = self.step(StepKind::Verify, &[b"trust", name], deploys, step::VERIFY_REMOVED.to_owned());
            verify.certificates = self.fingerprints(&alone);
            before_retire.push(verify.id.clone());
            steps.push(verify);
        }
        steps.push(self.step(StepKind::Retire, &[name], before_retire, step::retire(self.inventory, key)));
        steps
    }

    /// The replacements of this key's certificates, each made and put in place. Returns the `deploy` steps.
    fn replace_and_deploy(&self, steps: &mut Vec<Step>) -> Vec<StepId> {
        let mut wanted: Vec<u32> = self.certificates(|_| true).iter().filter_map(|c| self.plan.replacement_of[*c as usize]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut deploys = Vec::with_capacity(wanted.len());
        for at in wanted {
            let replacement = &self.plan.replacements[at as usize];
            let needs = if replacement.waits_for_new_ca { self.new_ca_decisions(&replacement.replaces) } else { Vec::new() };
            let mirrored = &self.inventory.certificates[replacement.mirrors as usize].certificate;
            let certificates = self.fingerprints(&replacement.replaces);
            let mut replace = self.step(StepKind::Replace, &[replacement.profile.as_bytes()], needs, step::replace(mirrored, replacement));
            let says = step::deploy(mirrored, self.inventory, replacement);
            let mut deploy = self.step(StepKind::Deploy, &[replacement.profile.as_bytes()], vec![replace.id.clone()], says);
            (replace.certificates, deploy.certificates) = (certificates.clone(), certificates);
            (replace.key, deploy.key) = (None, None);
            deploys.push(deploy.id.clone());
            steps.extend([replace, deploy]);
        }
        deploys
    }

    /// The CA certificates of this key that someone has to decide about: those with the verdict, and expired ones that live certificates
    /// still hang below.
    fn authorities(&self) -> Vec<u32> {
        let all = &self.inventory.keys[self.key as usize].certificates;
        let voids = |i: &u32| self.plan.voiding.contains(&self.inventory.certificates[*i as usize].certificate.sha256);
        all.iter().copied().filter(|i| self.assessment.certificates[*i as usize].verdict == Verdict::Decide || voids(i)).collect()
    }

    /// A CA below an exposed one: its own key may be sound, but its certificate has to come from a new CA.
    fn reissue_authorities(&self, steps: &mut Vec<Step>) {
        for at in self.certificates(|v| v == Verdict::Reissue) {
            let entry = &self.inventory.certificates[at as usize];
            if entry.is_ca() {
                let sha256 = entry.certificate.sha256;
                let needs = self.new_ca_decisions(&[at]);
                let mut decide = self.step(StepKind::Decide, &[b"reissue", sha256.as_bytes()], needs, step::reissue_ca(&entry.certificate));
                decide.certificates = vec![sha256];
                steps.push(decide);
            }
        }
    }

    /// The `deploy` steps of all certificates that hang below these CAs.
    fn deploys_below(&self, authorities: &[u32]) -> Vec<StepId> {
        let names: Vec<String> = self.fingerprints(authorities).iter().map(ToString::to_string).collect();
        let below = |certificate: &u32| self.assessment.certificates[*certificate as usize].because.iter().any(|b| names.contains(&b.source));
        let waiting = self.plan.replacements.iter().filter(|r| r.replaces.iter().any(below));
        waiting.map(|r| StepId::derive(StepKind::Deploy.as_str(), &[r.profile.as_bytes()])).collect()
    }

    /// The decisions about the exposed CAs that reissued certificates wait for.
    fn new_ca_decisions(&self, certificates: &[u32]) -> Vec<StepId> {
        let mut out = Vec::new();
        for &certificate in certificates {
            for because in self.assessment.certificates[certificate as usize].because.iter().filter(|b| b.evidence == Kind::IssuerKey) {
                let issuer = because.source.parse::<Fingerprint>().ok();
                let entry = issuer.and_then(|sha| self.inventory.certificates.binary_search_by_key(&sha, |c| c.certificate.sha256).ok());
                if let Some(at) = entry {
                    let key = &self.inventory.keys[self.inventory.certificates[at].key as usize];
                    out.push(StepId::derive(StepKind::Decide.as_str(), &[b"ca", key.spki.as_bytes()]));
                }
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// Certificates to be revoked, by the issuer that has to do it.
    fn by_issuer(&self) -> BTreeMap<&str, Vec<u32>> {
        let mut out: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for i in self.certificates(|v| v == Verdict::ReplaceAndRevoke) {
            out.entry(&self.inventory.certificates[i as usize].certificate.issuer).or_default().push(i);
        }
        out
    }

    fn certificates(&self, wanted: impl Fn(Verdict) -> bool) -> Vec<u32> {
        let all = &self.inventory.keys[self.key as usize].certificates;
        all.iter().copied().filter(|i| wanted(self.assessment.certificates[*i as usize].verdict)).collect()
    }

    fn fingerprints(&self, certificates: &[u32]) -> Vec<Fingerprint> {
        certificates.iter().map(|i| self.inventory.certificates[*i as usize].certificate.sha256).collect()
    }

    fn step(&self, kind: StepKind, parts: &[&[u8]], needs: Vec<StepId>, says: String) -> Step {
        let status = if needs.is_empty() { Status::Ready } else { Status::Waiting };
        let key = Some(self.inventory.keys[self.key as usize].spki);
        Step {
            id: StepId::derive(kind.as_str(), parts),
            kind,
            status,
            needs,
            deadline: None,
            deadline_source: None,
            says,
            key,
            certificates: Vec::new(),
            of_authority: false,
        }
    }
}
