//! What came of `complete`.

use certrecall::rekey::complete::{Gathered, Judged, LeftOut, Written};

/// Everything that came of a run.
pub(crate) struct Done {
    pub(crate) judged: Judged,
    pub(crate) issued: Gathered,
    pub(crate) written: Vec<Written>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) dry_run: bool,
}
