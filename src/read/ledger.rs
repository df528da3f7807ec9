//! The ledger: everything seen is read, locked, unreadable or skipped, and the sums say so.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::found::Item;
use crate::finding::Reason;
use crate::pki::Unread;

/// Counts of records. `seen = read + locked + unreadable + skipped`, always: `seen` is only ever computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// All records.
    pub seen: u64,
    /// Objects read.
    pub read: u64,
    /// Encrypted, and not opened.
    pub locked: u64,
    /// Broken, or refused by the operating system.
    pub unreadable: u64,
    /// Passed over, with a reason.
    pub skipped: u64,
    /// How many of the skipped are of no concern (no PKI content, another format, a case of ours).
    #[serde(default)]
    pub harmless: u64,
}

impl Ledger {
    /// Counts one item.
    pub fn count(&mut self, item: &Item) {
        self.seen += 1;
        match &item.body {
            Ok(_) => self.read += 1,
            Err(Unread::Locked(..)) => self.locked += 1,
            Err(Unread::Unreadable(..)) => self.unreadable += 1,
            Err(Unread::Skipped(reason, _)) => {
                self.skipped += 1;
                self.harmless += u64::from(reason.is_harmless());
            }
        }
    }

    /// Whether nothing that could matter was left unread: the difference between exit statuses 0 or 1 and 3.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.locked == 0 && self.unreadable == 0 && self.skipped == self.harmless
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        self.seen += other.seen;
        self.read += other.read;
        self.locked += other.locked;
        self.unreadable += other.unreadable;
        self.skipped += other.skipped;
        self.harmless += other.harmless;
    }
}

/// Whether a record is listed only on request: files without PKI content would drown the others. A container
/// that was opened and found empty has a detail, and is listed.
#[must_use]
pub const fn is_quiet(item: &Item) -> bool {
    matches!(&item.body, Err(Unread::Skipped(Reason::NoPkiContent, detail)) if detail.is_empty())
}
