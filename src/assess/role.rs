//! What each place where a key lies means for its exposure.

use super::Weigh;
use super::evidence::{Decided, FileEvidence, Kind, Timing};
use super::verdict::Exposure;
use crate::finding::{Code, Codes};
use crate::inventory::{ChainRule, KeyEntry, Occurrence};

/// What an occurrence means for the exposure of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its private half.
    Private,
    /// A private key that says it is this one, and that nothing verifies.
    Unverified,
    /// A certificate that is judged like an end-entity certificate.
    EndEntity { beside_locked: bool },
    /// A CA certificate that came without its key.
    Chain(ChainRule),
    /// A request or a bare public key beside a locked key that can be its own.
    PublicBesideLocked,
    /// A request or a bare public key.
    Public,
}

impl Role {
    /// Whether it says something of the key. Chain certificates and bare public keys prove nothing either
    /// way.
    pub(super) const fn speaks(self) -> bool {
        !matches!(self, Self::Chain(_) | Self::Public)
    }

    /// What is noteworthy about it.
    pub(super) const fn findings(self) -> Codes {
        let mut out = Codes::NONE;
        match self {
            Self::Chain(ChainRule::Issued | ChainRule::Old) => out.insert(Code::ChainBySignature),
            Self::Chain(ChainRule::Usage) => out.insert(Code::CaAlone),
            Self::Unverified => out.insert(Code::PublicKeyNotVerified),
            _ => {}
        }
        out
    }

    /// Whether what it says is a sign that the key itself was there, so that what hangs on the key is
    /// concerned too.
    pub(super) const fn spreads(self) -> bool {
        self.speaks() && !matches!(self, Self::Unverified)
    }
}

/// What one occurrence says about its key, before it is put into words.
pub(super) struct Reason<'a> {
    pub(super) exposure: Exposure,
    pub(super) role: Role,
    pub(super) occurrence: &'a Occurrence,
    pub(super) file: &'a FileEvidence,
    pub(super) decided: Decided<'a>,
}

impl<'a> Reason<'a> {
    pub(super) const fn new(
        role: Role,
        occurrence: &'a Occurrence,
        file: &'a FileEvidence,
        decided: Decided<'a>,
    ) -> Self {
        let exposure = match (role, decided.timing) {
            (Role::Chain(_) | Role::Public, _) | (_, Timing::After) => Exposure::NotExposed,
            (Role::Private, Timing::Before) => Exposure::Exposed,
            (Role::EndEntity { .. } | Role::PublicBesideLocked | Role::Unverified, Timing::Before) => {
                Exposure::Presumed
            }
            (_, Timing::Unclear) => Exposure::Undetermined,
        };
        Self { exposure, role, occurrence, file, decided }
    }

    pub(super) const fn speaks(&self) -> bool {
        self.role.speaks()
    }

    /// Those that decide come first, then as found.
    pub(super) const fn rank(&self) -> (Exposure, bool, Kind, u32, u32) {
        (self.exposure, !self.speaks(), self.decided.kind, self.occurrence.file, self.occurrence.index)
    }

    /// Whether another one differs in nothing but the file, or in how late the file was changed where that
    /// decides nothing.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let late = |r: &Self| {
            if r.decided.timing == Timing::Before || r.decided.kind == Kind::Manifest {
                r.decided.span.latest
            } else {
                None
            }
        };
        let same = |a: &Self, b: &Self| {
            a.decided.source == b.decided.source
                && a.decided.span.earliest == b.decided.span.earliest
                && late(a) == late(b)
        };
        let role = match (self.role, other.role) {
            (Role::Chain(one), Role::Chain(other)) => one == other,
            (one, other) => std::mem::discriminant(&one) == std::mem::discriminant(&other),
        };
        role && self.exposure == other.exposure
            && self.decided.kind == other.decided.kind
            && (!self.speaks() || same(self, other))
    }
}

impl Weigh<'_> {
    /// Every occurrence of a key that is a reason for or against its exposure, with its part in this.
    pub(super) fn occurrences<'k>(&'k self, key: &'k KeyEntry) -> Vec<(Role, &'k Occurrence)> {
        let inventory = self.inventory;
        let mut out: Vec<(Role, &Occurrence)> = key.private.iter().map(|o| (Role::Private, o)).collect();
        out.extend(key.unverified.iter().map(|o| (Role::Unverified, o)));
        let mut with_key: Vec<u32> = key.private.iter().map(|o| o.file).collect();
        with_key.sort_unstable();
        // Where the key itself lies in the same file, it speaks for both.
        let has_key = |file: u32| with_key.binary_search(&file).is_ok();
        for (at, &i) in key.certificates.iter().enumerate() {
            key.part_at(at).into_iter().for_each(|part| inventory.touch_certificates(part));
            let entry = &inventory.certificates[i as usize];
            for occurrence in entry.occurrences.iter().filter(|o| !has_key(o.file)) {
                let in_file = inventory.files[occurrence.file as usize].holds_locked;
                let beside_locked = in_file || inventory.locked_keys.can_be(occurrence.file, key);
                match inventory.chain_rule(i, occurrence.file) {
                    Some(rule) if key.private.is_empty() => out.push((Role::Chain(rule), occurrence)),
                    // Its own key was found, and speaks for it.
                    Some(_) => {}
                    None => out.push((Role::EndEntity { beside_locked }, occurrence)),
                }
            }
        }
        for occurrence in key.public.iter().filter(|o| !has_key(o.file)) {
            if inventory.locked_keys.can_be(occurrence.file, key) {
                out.push((Role::PublicBesideLocked, occurrence));
            } else if key.certificates.is_empty() {
                out.push((Role::Public, occurrence));
            }
        }
        out
    }

    /// The files that a key occurs in, in whatever form; one more than once where it has several.
    pub(super) fn files_of<'k>(&'k self, key: &'k KeyEntry) -> impl Iterator<Item = u32> + 'k {
        let certificates =
            key.certificates.iter().flat_map(|c| self.inventory.certificates[*c as usize].occurrences.iter());
        key.private_places().chain(key.public.iter()).chain(certificates).map(|o| o.file)
    }
}
