//! A plan with what its case adds to it.

use std::collections::BTreeMap;

use crate::engine::Analysis;
use crate::id::{ProfileHash, StepId};
use crate::plan::Replacement;
use crate::report::planned::Planned;
use crate::store::{Orphan, Question};

/// A plan with what its case adds to it.
#[derive(Debug)]
pub struct CasePlan {
    /// What was found, what it means and what to do.
    pub analysis: Analysis,
    /// Directories of replacements that exist, by profile, relative to the case.
    pub directories: BTreeMap<ProfileHash, String>,
    /// The options that it was judged by.
    pub question: Question,
    /// Keys that the case has only a record of.
    pub orphans: Vec<Orphan>,
}

impl CasePlan {
    /// A plan that is in no case yet.
    #[must_use]
    pub fn new(analysis: Analysis) -> Self {
        Self { analysis, directories: BTreeMap::new(), question: Question::default(), orphans: Vec::new() }
    }

    /// What reports are made from.
    #[must_use]
    pub fn planned(&self) -> Planned<'_> {
        let Analysis { roots, inventory, assessment, plan, incident, clock, cas, threads, .. } =
            &self.analysis;
        Planned {
            roots,
            incident,
            clock: *clock,
            inventory,
            assessment,
            plan,
            cas,
            directories: &self.directories,
            question: &self.question,
            orphans: &self.orphans,
            threads: *threads,
        }
    }

    /// The directories of the replacements that exist, by step.
    #[must_use]
    pub fn directories_by_step(&self) -> BTreeMap<StepId, String> {
        let of = |r: &Replacement| Some((r.step, self.directories.get(&r.profile)?.clone()));
        self.analysis.plan.replacements.iter().filter_map(of).collect()
    }

    /// Whether nothing was found, and the case knows of nothing either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.analysis.inventory.has_content() && self.orphans.is_empty()
    }
}
