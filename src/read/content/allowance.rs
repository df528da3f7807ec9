//! What reading one file may still cost.

use crate::limits;
use crate::read::nesting::Within;

/// How deep things may lie in one another, and how much may come out of them.
#[derive(Debug, Clone, Copy)]
pub(in crate::read) struct Allowance {
    /// Records that are no objects.
    pub(super) broken: u64,
    /// How many containers the bytes lie in.
    pub(super) containers: u32,
    /// How many wrappings were taken off them.
    pub(super) wrappings: u32,
    /// How many archives they lie in.
    pub(super) archives: u32,
    /// What comes out of archives in their text.
    pub(super) unpacked: Inflated,
}

impl Allowance {
    /// For a file that lies in nothing.
    pub(in crate::read) fn of_file(broken: u64) -> Self {
        Self { broken, containers: 0, wrappings: 0, archives: 0, unpacked: Inflated::default() }
    }

    /// For one member of an archive.
    pub(in crate::read) fn in_archive(broken: u64, within: Within) -> Self {
        let unpacked = Inflated { most: Some(within.most), ..Inflated::default() };
        let Within { archives, wrappings, .. } = within;
        Self { archives, wrappings, unpacked, ..Self::of_file(broken) }
    }
}

/// What comes out of archives in one file's text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Inflated {
    /// What the archive that the text lies in leaves.
    pub(super) most: Option<u64>,
    /// Bytes of archives in the text.
    pub(super) seen: u64,
    /// Bytes that came out of them.
    pub(super) out: u64,
}

impl Inflated {
    /// What may come out of one more archive.
    pub(super) fn room(&self) -> u64 {
        let ratio = limits::INFLATED_ANYWAY.saturating_add(self.seen.saturating_mul(limits::INFLATED_RATIO));
        self.most.unwrap_or(ratio).saturating_sub(self.out)
    }
}
