//! The exit statuses: one table, for every command.
//!
//! | command | 1 | 3 |
//! |---|---|---|
//! | `plan`, `run` | a step other than `inspect` is open | an `inspect` step is open; a request could not be made; nothing was found, and the case knows nothing |
//! | `status` | the same | the same, but for requests |
//! | `rekey` | the same | the same; a proof could not be made |
//! | `complete` | a replacement has no certificate | one was refused, something could not be read, or a replacement is damaged |
//! | `scan` | never | an item is locked, unreadable, or skipped for a reason that may matter |
//! | `mark` | never | an export of a search could not be used as a whole |
//! | `explain`, `demo`, `incident` | never | never |
//!
//! 2 is wrong usage, or an error that ended the run. 3 beats 1.

use std::process::ExitCode;

use certrecall::plan::{Step, StepKind};

/// Wrong usage (clap's own number), or an error that ended the run.
pub(crate) const FATAL: u8 = 2;

/// What a finished run has to tell its caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Certificates with exposed, presumed or undetermined keys remain to act on.
    pub(crate) to_act_on: bool,
    /// Something was locked, unreadable, skipped for a reason that may matter, or failed.
    pub(crate) incomplete: bool,
}

impl Outcome {
    /// What the steps of a plan leave to do: what could not be read is looked at before anything is complete.
    pub(crate) fn of_steps<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        let mut out = Self::default();
        for step in steps.into_iter().filter(|s| !s.status.is_over()) {
            if step.kind == StepKind::Inspect { out.incomplete = true } else { out.to_act_on = true }
        }
        out
    }

    /// The same, and incomplete for another reason.
    pub(crate) const fn and_incomplete(self, incomplete: bool) -> Self {
        Self { to_act_on: self.to_act_on, incomplete: self.incomplete || incomplete }
    }

    /// The table: 3 beats 1.
    pub(crate) const fn status(self) -> u8 {
        match (self.incomplete, self.to_act_on) {
            (true, _) => 3,
            (false, true) => 1,
            (false, false) => 0,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        for (to_act_on, incomplete, status) in
            [(false, false, 0), (true, false, 1), (false, true, 3), (true, true, 3)]
        {
            assert_eq!(Outcome { to_act_on, incomplete }.status(), status);
        }
    }
}
