//! What every report of a run is made from.

use std::collections::BTreeMap;

use crate::assess::{Assessment, Clock, Incident};
use crate::id::ProfileHash;
use crate::inventory::Inventory;
use crate::plan::Plan;
use crate::plan::ca::Cas;
use crate::read::Roots;
use crate::store::{Orphan, Question};

/// A plan with all that it was made from.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The roots.
    pub roots: &'a Roots,
    /// The incident.
    pub incident: &'a Incident,
    /// The times.
    pub clock: Clock,
    /// What was found.
    pub inventory: &'a Inventory,
    /// What that means.
    pub assessment: &'a Assessment,
    /// What to do.
    pub plan: &'a Plan,
    /// What is known of CAs.
    pub cas: &'a Cas,
    /// Directories of replacements that exist, by profile, relative to the case.
    pub directories: &'a BTreeMap<ProfileHash, String>,
    /// The options that it was judged by.
    pub question: &'a Question,
    /// Keys that the case has only a record of.
    pub orphans: &'a [Orphan],
    /// How many threads may write it.
    pub threads: usize,
}

impl Planned<'_> {
    /// Whether a file of the input was last changed before the cutoff.
    #[must_use]
    pub fn has_old_file(&self) -> bool {
        self.inventory
            .files
            .iter()
            .any(|f| f.member_time.or(f.modified).is_some_and(|t| t < self.incident.cutoff))
    }
}
