//! The steps of one key, in order: replace, deploy, search, decide, revoke at each CA, verify, retire.

use std::collections::BTreeMap;

use super::authority::{Authority, is_short_lived, sort_of};
use super::ca::{Reach, Sort, ToRevoke};
use super::model::{Given, Plan};
use super::step::AuthorityClock;
use super::step::{Status, Step, StepKind};
use super::words;
use crate::assess::{Assessment, Exposure, Kind, Verdict, signed_itself};
use crate::id::{Fingerprint, StepId};
use crate::inventory::{Inventory, KeyEntry, RequestEntry};

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
    /// The decision without which nothing is revoked.
    only_if: Option<StepId>,
    /// What comes before the old key is destroyed.
    before_retire: Vec<StepId>,
}

impl Group<'_> {
    /// Those of other keys with those of this one behind them.
    pub(super) fn steps(&self, others: Vec<Step>) -> Vec<Step> {
        let mut draft = Draft { steps: others, ..Draft::default() };
        let key = self.entry();
        let exposure = self.assessment.keys[self.key as usize].exposure;
        let deploys = self.replace_and_deploy(&mut draft.steps);
        self.reissue_authorities(&mut draft.steps);
        if !exposure.is_suspect() {
            return draft.steps;
        }
        let search = self.step(StepKind::Search, &[key.spki.as_bytes()], Vec::new(), words::search(key));
        draft.before_retire.push(search.id);
        draft.gate.clone_from(&deploys);
        draft.gate.push(search.id);
        draft.steps.push(search);
        self.requests(&mut draft.steps);
        let authorities = self.authorities();
        let signed = |i: &u32| self.inventory.certificates[*i as usize].certificate.is_self_signed;
        let (roots, subordinates): (Vec<u32>, Vec<u32>) = authorities.iter().partition(|i| signed(i));
        let revocable = self.revocable(&subordinates);
        self.decide_suspicion(&mut draft, exposure, &revocable);
        self.succeed_authorities(&mut draft, &authorities);
        let alone = self.certificates(|v| matches!(v, Verdict::Replace | Verdict::Reissue));
        self.at_once(&mut draft, !revocable.is_empty(), !roots.is_empty() || !alone.is_empty());
        for (authority, list) in &revocable {
            self.revoke(&mut draft, authority, list, &[b"at", authority.as_bytes(), key.spki.as_bytes()]);
        }
        self.distrust(&mut draft, &roots, &alone, deploys);
        self.expired_signers(&mut draft);
        let keeps = self.sorts().contains(&Sort::Smime);
        draft.steps.push(self.step(
            StepKind::Retire,
            &[key.spki.as_bytes()],
            draft.before_retire,
            words::retire(self.inventory, key, keeps),
        ));
        draft.steps
    }

    /// Requests on the key: a renewal from one has the key certified again (DESIGN.md 2.13).
    fn requests(&self, steps: &mut Vec<Step>) {
        let of = |entry: &RequestEntry| {
            let says = words::decide_request(self.inventory, entry);
            self.step(StepKind::Decide, &[b"request", entry.request.sha256.as_bytes()], Vec::new(), says)
        };
        steps.extend(self.inventory.requests_on(self.key).iter().map(of));
    }

    /// What a CA is asked to revoke, by CA: certificates of subscribers, and of subordinate CAs on this key
    /// that can still be used.
    fn revocable(&self, subordinates: &[u32]) -> BTreeMap<&str, Vec<u32>> {
        let live = |i: &u32| self.assessment.certificates[*i as usize].standing.is_live();
        let mut out: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let leaves = self.certificates(|v| v == Verdict::ReplaceAndRevoke);
        for i in leaves.into_iter().chain(subordinates.iter().copied().filter(live)) {
            out.entry(self.authority_id(i)).or_default().push(i);
        }
        out
    }

    /// What is only presumed or undetermined is revoked only after a person decided.
    fn decide_suspicion(&self, draft: &mut Draft, exposure: Exposure, revocable: &BTreeMap<&str, Vec<u32>>) {
        if exposure == Exposure::Exposed || revocable.is_empty() {
            return;
        }
        let mut decide = self.step(
            StepKind::Decide,
            &[self.entry().spki.as_bytes()],
            Vec::new(),
            words::decide_suspicion(exposure),
        );
        decide.certificates = revocable.values().flat_map(|list| self.fingerprints(list)).collect();
        draft.gate.push(decide.id);
        draft.only_if = Some(decide.id);
        draft.steps.push(decide);
    }

    /// Where misuse is seen, not waiting for replacements is offered; to do so is always a decision.
    fn at_once(&self, draft: &mut Draft, revocable: bool, distrustable: bool) {
        let verdict = &self.assessment.keys[self.key as usize];
        let misused = verdict.because.iter().any(|b| b.evidence == Kind::Misuse);
        if misused && (revocable || distrustable) {
            let says = if revocable { words::REVOKE_FIRST } else { words::DISTRUST_FIRST };
            let decide = self.step(
                StepKind::Decide,
                &[b"revoke-first", self.entry().spki.as_bytes()],
                Vec::new(),
                says.to_owned(),
            );
            draft.first = Some(decide.id);
            draft.steps.push(decide);
        }
    }

    /// Where this is the key of a CA: a new CA, and its trust where the old one is trusted. What hangs below
    /// is issued anew before the old CA is revoked or distrusted.
    fn succeed_authorities(&self, draft: &mut Draft, authorities: &[u32]) {
        if authorities.is_empty() {
            return;
        }
        let spki = self.entry().spki;
        let name = spki.as_bytes();
        let certificates = self.fingerprints(authorities);
        let exposure = self.assessment.keys[self.key as usize].exposure;
        let says = words::decide_ca(self.inventory, authorities, exposure);
        let mut decide = self.step(StepKind::Decide, &[b"ca", name], Vec::new(), says);
        let says = words::distribute_trust(self.inventory, authorities);
        let mut trust = self.step(StepKind::Deploy, &[b"trust", name], vec![decide.id], says);
        (decide.certificates, trust.certificates) = (certificates.clone(), certificates);
        // The key signs the last revocation list of the old CA; until what hangs below is replaced it has to
        // be there.
        let mut gate = vec![decide.id, trust.id];
        gate.extend(self.steps_below(authorities));
        draft.before_retire.extend(gate.iter().cloned());
        draft.gate.extend(gate);
        draft.steps.extend([decide, trust]);
    }

    /// What signed itself cannot be revoked: it is taken out of every place that trusts it.
    fn distrust(&self, draft: &mut Draft, roots: &[u32], alone: &[u32], deploys: Vec<StepId>) {
        let spki = self.entry().spki;
        let gate = draft.gate.clone();
        for (list, name, needs, says) in [
            (roots, &b"distrust"[..], gate, words::verify_distrusted(self.inventory, roots)),
            (alone, &b"trust"[..], deploys, words::VERIFY_REMOVED.to_owned()),
        ] {
            if !list.is_empty() {
                let mut verify = self.step(StepKind::Verify, &[name, spki.as_bytes()], needs, says);
                verify.certificates = self.fingerprints(list);
                verify.or_after.clone_from(&draft.first);
                draft.before_retire.push(verify.id);
                draft.steps.push(verify);
            }
        }
    }

    /// Has these certificates of one CA revoked, and checks that it happened.
    fn revoke(&self, draft: &mut Draft, authority: &str, list: &[u32], name: &[&[u8]]) {
        let known = list.iter().find_map(|i| self.plan.authorities.authority_of(*i));
        let called = known.map_or(authority, |a| &a.name);
        let kind = known.and_then(|a| self.given.cas.software_of(a));
        let says = words::Revoke {
            inventory: self.inventory,
            plan: self.plan,
            authority: called,
            certificates: list,
            at_once: draft.first.is_some(),
        };
        let mut revoke = self.step(StepKind::Revoke, name, draft.gate.clone(), says.to_string());
        revoke.certificates = self.fingerprints(list);
        revoke.authority = known.map(|a| a.id.as_str().into());
        revoke.or_after.clone_from(&draft.first);
        revoke.only_if.clone_from(&draft.only_if);
        revoke.commands = known.map_or_else(Vec::new, |a| self.commands(a, list));
        let says = words::verify_revoked(called, kind.is_none_or(|k| k.reasons));
        let mut verify = self.step(StepKind::Verify, name, vec![revoke.id], says);
        verify.certificates.clone_from(&revoke.certificates);
        verify.authority.clone_from(&revoke.authority);
        verify.clock = self.clock(list).map(Box::new);
        draft.before_retire.push(verify.id);
        draft.steps.extend([revoke, verify]);
    }

    /// The time that the CA of these certificates has: the shortest that a rule of public CAs sets for any of
    /// them.
    fn clock(&self, list: &[u32]) -> Option<AuthorityClock> {
        let clocks = self.given.cas.clock.as_ref()?;
        let of = |i: &u32| {
            let certificate = &self.inventory.certificates[*i as usize].certificate;
            let issued = self.plan.authorities.of(*i)?;
            let short = is_short_lived(certificate.not_before, certificate.not_after)
                && issued.sort == Sort::TlsServer;
            clocks.of(issued.sort).filter(|_| issued.reach != Reach::Private && !short)
        };
        let fact = list.iter().filter_map(of).min_by_key(|fact| fact.value)?;
        let public = list
            .iter()
            .any(|i| self.plan.authorities.of(*i).is_some_and(|issued| issued.reach == Reach::Public));
        let certain = if public { "" } else { "; if it is a private CA, it has rules of its own" };
        let source =
            format!("{} hours from the evidence of key compromise ({}){certain}", fact.value, fact.source);
        Some(AuthorityClock { hours: fact.value, source: source.into() })
    }

    /// The commands of a private CA for these certificates.
    fn commands(&self, authority: &Authority, list: &[u32]) -> Vec<Vec<String>> {
        let certificates = list.iter().map(|i| &*self.inventory.certificates[*i as usize].certificate);
        let all: Vec<ToRevoke<'_>> = certificates
            .map(|c| ToRevoke {
                serial: &c.serial,
                file: format!("{}/{}.pem", self.given.certificates, c.sha256),
                issuer: &c.issuer.name,
                authority_key_id: c.issuer.key_id.as_deref(),
            })
            .collect();
        self.given.cas.commands(authority, &all)
    }

    /// Signatures of programs outlive their certificate: its revocation can still matter after it expired.
    fn expired_signers(&self, draft: &mut Draft) {
        let expired = self.certificates(|v| v == Verdict::Expired);
        let signers: Vec<u32> = expired
            .into_iter()
            .filter(|i| sort_of(&self.inventory.certificates[*i as usize]) == Sort::CodeSigning)
            .collect();
        if signers.is_empty() {
            return;
        }
        let spki = self.entry().spki;
        let says = words::decide_expired_signer(self.inventory, &signers);
        let mut decide = self.step(StepKind::Decide, &[b"signatures", spki.as_bytes()], Vec::new(), says);
        decide.certificates = self.fingerprints(&signers);
        draft.before_retire.push(decide.id);
        let mut by_authority: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for i in signers {
            by_authority.entry(self.authority_id(i)).or_default().push(i);
        }
        // Proof of the key revokes what can still be used too, so the gate of the key holds here as well.
        let (gate, only_if) = (draft.gate.clone(), draft.only_if);
        draft.gate.push(decide.id);
        draft.only_if = Some(decide.id);
        draft.steps.push(decide);
        for (authority, list) in &by_authority {
            self.revoke(draft, authority, list, &[b"signatures", authority.as_bytes(), spki.as_bytes()]);
        }
        (draft.gate, draft.only_if) = (gate, only_if);
    }

    /// The replacements of this key's certificates, each made and put in place. Returns the `deploy` steps.
    fn replace_and_deploy(&self, steps: &mut Vec<Step>) -> Vec<StepId> {
        let mut wanted: Vec<u32> = self
            .certificates(|_| true)
            .iter()
            .filter_map(|c| self.plan.replacement_of[*c as usize])
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut deploys = Vec::with_capacity(wanted.len());
        for at in wanted {
            let replacement = &self.plan.replacements[at as usize];
            let needs = if replacement.waits_for_new_ca {
                self.new_ca_decisions(&replacement.replaces)
            } else {
                Vec::new()
            };
            let mirrored = &self.inventory.certificates[replacement.mirrors as usize].certificate;
            let certificates = self.fingerprints(&replacement.replaces);
            let issued = self.plan.authorities.of(replacement.mirrors);
            let authority = self.plan.authorities.authority_of(replacement.mirrors);
            let ceiling = issued.and_then(|i| self.given.cas.replacement_ceiling(i, self.given.clock.as_of));
            let says = words::replace(mirrored, replacement, authority, ceiling);
            let mut replace = self.step(StepKind::Replace, &[replacement.profile.as_bytes()], needs, says);
            replace.authority = authority.map(|a| a.id.as_str().into());
            let says = words::deploy(mirrored, self.inventory, replacement, issued.map(|i| i.sort));
            let mut deploy =
                self.step(StepKind::Deploy, &[replacement.profile.as_bytes()], vec![replace.id], says);
            (replace.certificates, deploy.certificates) = (certificates.clone(), certificates);
            (replace.key, deploy.key) = (None, None);
            deploys.push(deploy.id);
            steps.extend([replace, deploy]);
        }
        deploys
    }

    /// The CA certificates of this key that someone has to decide about: those with the verdict, and expired
    /// ones that live certificates still hang below.
    fn authorities(&self) -> Vec<u32> {
        let all = &self.inventory.keys[self.key as usize].certificates;
        let voids = |i: &u32| {
            self.plan.voiding.contains(&self.inventory.certificates[*i as usize].certificate.sha256)
        };
        all.iter()
            .copied()
            .filter(|i| self.assessment.certificates[*i as usize].verdict == Verdict::Decide || voids(i))
            .collect()
    }

    /// A CA below an exposed one: its own key may be sound, but its certificate has to come from a new CA.
    fn reissue_authorities(&self, steps: &mut Vec<Step>) {
        let mut stands = None;
        for at in self.certificates(|v| v == Verdict::Reissue) {
            let entry = &self.inventory.certificates[at as usize];
            if entry.is_ca() && self.plan.replacement_of[at as usize].is_none() {
                let sha256 = entry.certificate.sha256;
                let needs = self.new_ca_decisions(&[at]);
                let stands = *stands.get_or_insert_with(|| {
                    signed_itself(self.inventory, self.entry(), self.given.clock.as_of)
                });
                let says = words::reissue_ca(&entry.certificate, stands);
                let mut decide = self.step(StepKind::Decide, &[b"reissue", sha256.as_bytes()], needs, says);
                decide.certificates = vec![sha256];
                steps.push(decide);
            }
        }
    }

    /// What has to be done about all certificates that hang below these CAs: `deploy` steps, and decisions
    /// about CAs among them.
    fn steps_below(&self, authorities: &[u32]) -> Vec<StepId> {
        let below = authorities.iter().filter_map(|i| {
            self.plan.below.get(&self.inventory.certificates[*i as usize].certificate.sha256)
        });
        let mut out: Vec<StepId> = Vec::new();
        for &at in below.flatten() {
            let entry = &self.inventory.certificates[at as usize];
            match self.plan.replacement_of[at as usize] {
                Some(r) => out.push(StepId::derive(
                    StepKind::Deploy.as_str(),
                    &[self.plan.replacements[r as usize].profile.as_bytes()],
                )),
                None if entry.is_ca()
                    && self.assessment.certificates[at as usize].verdict == Verdict::Reissue =>
                {
                    out.push(StepId::derive(
                        StepKind::Decide.as_str(),
                        &[b"reissue", entry.certificate.sha256.as_bytes()],
                    ));
                }
                None => {}
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// The decisions about the exposed CAs that reissued certificates wait for.
    fn new_ca_decisions(&self, certificates: &[u32]) -> Vec<StepId> {
        let mut out = Vec::new();
        for &certificate in certificates {
            for because in self.assessment.certificates[certificate as usize]
                .because
                .iter()
                .filter(|b| b.evidence == Kind::IssuerKey)
            {
                let issuer = because.source.parse::<Fingerprint>().ok();
                let entry = issuer.and_then(|sha| {
                    self.inventory.certificates.binary_search_by_key(&sha, |c| c.certificate.sha256).ok()
                });
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

    /// What stands for the CA of a certificate: the id of its operator, else the issuer's name.
    fn authority_id(&self, certificate: u32) -> &str {
        let issuer = &self.inventory.certificates[certificate as usize].certificate.issuer.name;
        self.plan.authorities.authority_of(certificate).map_or(issuer, |a| &a.id)
    }

    /// What the certificates of this key that can still be used are for.
    fn sorts(&self) -> Vec<Sort> {
        self.certificates(|_| true)
            .iter()
            .map(|i| sort_of(&self.inventory.certificates[*i as usize]))
            .collect()
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
            status,
            needs,
            deadline: due,
            deadline_source: due.map(|_| TARGET.into()),
            key: Some(self.entry().spki),
            ..Step::new(StepId::derive(kind.as_str(), parts), kind, says)
        }
    }
}

/// What a deadline of the owner's rests on.
pub(super) const TARGET: &str = "the owner's own target";
