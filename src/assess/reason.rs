//! What one place where a key is says about the exposure of the key.

use super::evidence::Decided;
use super::exposure::Exposure;
use super::file_evidence::FileEvidence;
use super::kind::{Kind, Timing};
use super::role::Role;
use crate::inventory::Occurrence;

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
