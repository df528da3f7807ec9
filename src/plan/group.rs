//! The steps of one key, in order: replace, deploy, search, decide, revoke at each CA, verify, retire.

use std::collections::BTreeMap;

use super::authority::{Authority, sort_of};
use super::ca::{Reach, Sort};
use super::step::AuthorityClock;
use super::{Given, Plan, Status, Step, StepKind, words};
use crate::assess::{Assessment, Exposure, Kind, Verdict};
use crate::id::{Fingerprint, StepId};
use crate::inventory::{Inventory, KeyEntry};

/// Makes the steps of one key.
pub(super) struct Group<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) assessment: &'a Assessment,
    pub(super) given: &'a Given<'a>,
    pub(super) plan: &'a Plan,
    pub(super) key: u32,
}

/// Steps as they are collected, and what the later ones wait for.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    /// What comes before a revocation.
    gate: Vec<StepId>,
    /// The decision to revoke first, where it is offered.
    first: Option<StepId>,
    /// What comes before the old key is destroyed.
    before_retire: Vec<StepId>,
}

impl Group<'_> {
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut draft = Draft::default();
        let key = self.entry();
        let exposure = self.assessment.keys[self.key as usize].exposure;
        let deploys = self.replace_and_deploy(&mut draft.steps);
        self.reissue_authorities(&mut draft.steps);
        if !exposure.is_suspect() {
            return draft.steps;
        }
        let search = self.step(StepKind::Search, &[key.spki.as_bytes()], Vec::new(), words::search(key));
        draft.before_retire.push(search.id.clone());
        draft.gate = deploys.clone();
        draft.gate.push(search.id.clone());
        draft.steps.push(search);
        let revocable = self.by_authority(|v| v == Verdict::ReplaceAndRevoke);
        self.decide_suspicion(&mut draft, exposure, &revocable);
        self.revoke_first(&mut draft);
        self.authorities_of_this_key(&mut draft);
        for (authority, list) in &revocable {
            let gate = draft.gate.clone();
            self.revoke(&mut draft, authority, list, gate, &[authority.as_bytes(), key.spki.as_bytes()]);
        }
        let alone = self.certificates(|v| matches!(v, Verdict::Replace | Verdict::Reissue));
        if !alone.is_empty() {
            let mut verify = self.step(StepKind::Verify, &[b"trust", key.spki.as_bytes()], deploys, words::VERIFY_REMOVED.to_owned());
            verify.certificates = self.fingerprints(&alone);
            draft.before_retire.push(verify.id.clone());
            draft.steps.push(verify);
        }
        self.expired_signers(&mut draft);
        let keeps = self.sorts().contains(&Sort::Smime);
        draft.steps.push(self.step(StepKind::Retire, &[key.spki.as_bytes()], draft.before_retire, words::retire(self.inventory, key, keeps)));
        draft.steps
    }

    /// What is only presumed or undetermined is revoked only after a person decided.
    fn decide_suspicion(&self, draft: &mut Draft, exposure: Exposure, revocable: &BTreeMap<&str, Vec<u32>>) {
        let authorities = self.authorities();
        if exposure == Exposure::Exposed || (revocable.is_empty() && authorities.is_empty()) {
            return;
        }
        let mut decide = self.step(StepKind::Decide, &[self.entry().spki.as_bytes()], Vec::new(), words::decide_suspicion(exposure));
        decide.certificates = revocable.values().chain([&authorities]).flat_map(|list| self.fingerprints(list)).collect();
        draft.gate.push(decide.id.clone());
        draft.steps.push(decide);
    }

    /// Where misuse is seen, not waiting for replacements is offered; to do so is always a decision.
    fn revoke_first(&self, draft: &mut Draft) {
        let verdict = &self.assessment.keys[self.key as usize];
        if verdict.because.iter().any(|b| b.evidence == Kind::Misuse) {
            let says = words::REVOKE_FIRST.to_owned();
            let decide = self.step(StepKind::Decide, &[b"revoke-first", self.entry().spki.as_bytes()], Vec::new(), says);
            draft.first = Some(decide.id.clone());
            draft.steps.push(decide);
        }
    }

    /// Where this is the key of a CA: a new CA, its trust where the old one is trusted, then the old one distrusted or revoked.
    fn authorities_of_this_key(&self, draft: &mut Draft) {
        let authorities = self.authorities();
        if authorities.is_empty() {
            return;
        }
        let spki = self.entry().spki;
        let name = spki.as_bytes();
        let certificates = self.fingerprints(&authorities);
        let mut decide = self.step(StepKind::Decide, &[b"ca", name], Vec::new(), words::decide_ca(self.inventory, &authorities));
        let mut trust =
            self.step(StepKind::Deploy, &[b"trust", name], vec![decide.id.clone()], words::distribute_trust(self.inventory, &authorities));
        (decide.certificates, trust.certificates) = (certificates.clone(), certificates);
        // The key signs the last revocation list of the old CA; until what hangs below is replaced it has to be there.
        let below = self.deploys_below(&authorities);
        let mut gate = vec![decide.id.clone(), trust.id.clone()];
        gate.extend(below);
        draft.before_retire.extend(gate.iter().cloned());
        draft.steps.extend([decide, trust]);
        let suspicion = super::progress::suspicion(&spki);
        gate.extend(draft.gate.contains(&suspicion).then_some(suspicion));
        let signed = |i: &u32| self.inventory.certificates[*i as usize].certificate.is_self_signed;
        let live = |i: &u32| self.assessment.certificates[*i as usize].standing.is_live();
        let roots: Vec<u32> = authorities.iter().copied().filter(|i| signed(i)).collect();
        if !roots.is_empty() {
            let mut verify = self.step(StepKind::Verify, &[b"distrust", name], gate.clone(), words::verify_distrusted(self.inventory, &roots));
            verify.certificates = self.fingerprints(&roots);
            draft.before_retire.push(verify.id.clone());
            draft.steps.push(verify);
        }
        let mut by_parent: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for i in authorities.into_iter().filter(|i| !signed(i) && live(i)) {
            by_parent.entry(self.authority_id(i)).or_default().push(i);
        }
        for (authority, list) in &by_parent {
            self.revoke(draft, authority, list, gate.clone(), &[b"ca", authority.as_bytes(), name]);
        }
    }

    /// Has these certificates of one CA revoked, and checks that it happened.
    fn revoke(&self, draft: &mut Draft, authority: &str, list: &[u32], gate: Vec<StepId>, name: &[&[u8]]) {
        let known = list.iter().find_map(|i| self.plan.authorities.authority_of(*i));
        let called = known.map_or(authority, |a| &a.name);
        let mut revoke = self.step(StepKind::Revoke, name, gate, words::revoke(self.inventory, called, list));
        revoke.certificates = self.fingerprints(list);
        revoke.authority = known.map(|a| a.id.clone());
        revoke.or_after.clone_from(&draft.first);
        revoke.commands = self.commands(known, list);
        let mut verify = self.step(StepKind::Verify, name, vec![revoke.id.clone()], words::verify_revoked(called));
        verify.certificates.clone_from(&revoke.certificates);
        verify.authority.clone_from(&revoke.authority);
        verify.clock = self.clock(list);
        draft.before_retire.push(verify.id.clone());
        draft.steps.extend([revoke, verify]);
    }

    /// The time that the CA of these certificates has: the rules of public CAs, unless it is a private one.
    fn clock(&self, list: &[u32]) -> Option<AuthorityClock> {
        let reach = |i: &u32| self.plan.authorities.of(*i).map(|issued| issued.reach);
        let clock = self.given.cas.clock.as_ref().filter(|_| list.iter().any(|i| reach(i) != Some(Reach::Private)))?;
        let of_authority = list.iter().all(|i| self.inventory.certificates[*i as usize].is_ca());
        let fact = if of_authority { &clock.subordinate_hours } else { &clock.leaf_hours };
        let certain = if list.iter().any(|i| reach(i) == Some(Reach::Public)) { "" } else { "; if it is a private CA, it has rules of its own" };
        let source = format!("{} hours from the evidence of key compromise ({}){certain}", fact.value, fact.source);
        Some(AuthorityClock { hours: fact.value, source })
    }

    /// The commands of a private CA for each of these certificates.
    fn commands(&self, authority: Option<&Authority>, list: &[u32]) -> Vec<Vec<String>> {
        let cas = self.given.cas;
        let Some(operator) = authority.filter(|a| a.known).and_then(|a| cas.operator(&a.id)) else { return Vec::new() };
        let Some(kind) = operator.kind.as_deref().and_then(|k| cas.kind(k)) else { return Vec::new() };
        let mut out: Vec<Vec<String>> = Vec::new();
        for i in list.iter().take(COMMANDS) {
            let entry = &self.inventory.certificates[*i as usize];
            let places = entry.occurrences.iter().map(|o| &self.inventory.files[o.file as usize].place);
            let file = places.filter_map(|p| self.given.roots.locate(p.root, p.raw())).find_map(|p| p.to_str().map(str::to_owned));
            let file = file.unwrap_or_else(|| "<file of the certificate>".to_owned());
            for command in kind.commands(operator, &entry.certificate.serial, &file, &entry.certificate.issuer) {
                // What publishes the list is the same for all, and comes last.
                out.retain(|c| *c != command);
                out.push(command);
            }
        }
        out
    }

    /// Signatures of programs outlive their certificate: its revocation can still matter after it expired.
    fn expired_signers(&self, draft: &mut Draft) {
        let expired = self.certificates(|v| v == Verdict::Expired);
        let signers: Vec<u32> = expired.into_iter().filter(|i| sort_of(&self.inventory.certificates[*i as usize]) == Sort::CodeSigning).collect();
        if !signers.is_empty() {
            let says = words::decide_expired_signer(self.inventory, &signers);
            let mut decide = self.step(StepKind::Decide, &[b"signatures", self.entry().spki.as_bytes()], Vec::new(), says);
            decide.certificates = self.fingerprints(&signers);
            draft.before_retire.push(decide.id.clone());
            draft.steps.push(decide);
        }
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
            let issued = self.plan.authorities.of(replacement.mirrors);
            let authority = self.plan.authorities.authority_of(replacement.mirrors);
            let ceiling = issued.and_then(|i| self.given.cas.replacement_ceiling(i, self.given.clock.as_of));
            let says = words::replace(mirrored, replacement, authority, ceiling);
            let mut replace = self.step(StepKind::Replace, &[replacement.profile.as_bytes()], needs, says);
            replace.authority = authority.map(|a| a.id.clone());
            let says = words::deploy(mirrored, self.inventory, replacement, issued.map(|i| i.sort));
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
                let mut decide = self.step(StepKind::Decide, &[b"reissue", sha256.as_bytes()], needs, words::reissue_ca(&entry.certificate));
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

    /// Certificates of this key with such verdicts, by the CA that has to act.
    fn by_authority(&self, wanted: impl Fn(Verdict) -> bool) -> BTreeMap<&str, Vec<u32>> {
        let mut out: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for i in self.certificates(wanted) {
            out.entry(self.authority_id(i)).or_default().push(i);
        }
        out
    }

    /// What stands for the CA of a certificate: the id of its operator, else the issuer's name.
    fn authority_id(&self, certificate: u32) -> &str {
        let issuer = &self.inventory.certificates[certificate as usize].certificate.issuer;
        self.plan.authorities.authority_of(certificate).map_or(issuer, |a| &a.id)
    }

    /// What the certificates of this key that can still be used are for.
    fn sorts(&self) -> Vec<Sort> {
        self.certificates(|_| true).iter().map(|i| sort_of(&self.inventory.certificates[*i as usize])).collect()
    }

    fn entry(&self) -> &KeyEntry {
        &self.inventory.keys[self.key as usize]
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
        // The owner's target is for what the owner does; how long a CA takes is its own affair.
        let due = self.given.target.filter(|_| !matches!(kind, StepKind::Verify | StepKind::Retire));
        Step {
            id: StepId::derive(kind.as_str(), parts),
            kind,
            status,
            needs,
            deadline: due,
            deadline_source: due.map(|_| TARGET.to_owned()),
            says,
            key: Some(self.entry().spki),
            certificates: Vec::new(),
            authority: None,
            clock: None,
            or_after: None,
            commands: Vec::new(),
        }
    }
}

/// Certificates of a group whose commands are written out; a private CA can be asked for more by the same form.
const COMMANDS: usize = 1000;

/// What a deadline of the owner's rests on.
const TARGET: &str = "the owner's own target";
