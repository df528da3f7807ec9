//! The exit statuses: one table.

use std::process::ExitCode;

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
        for (to_act_on, incomplete, status) in [(false, false, 0), (true, false, 1), (false, true, 3), (true, true, 3)] {
            assert_eq!(Outcome { to_act_on, incomplete }.status(), status);
        }
    }
}
