//! The views of a plan, brought up to date from what the case keeps.

use std::collections::HashMap;
use std::io;

use crate::id::StepId;
use crate::plan::Step;
use crate::report::{plan_file, plan_text};
use crate::store::{self, Case, Store};

/// Writes `plan.json` from what the case keeps, with the steps as they are now. Returns false if the last plan
/// was made by a version that did not keep enough of it; the file stays as it was then.
///
/// # Errors
/// [`store::Error`].
pub fn write_plan_file(case: &Case, store: &dyn Store, steps: &[Step]) -> Result<bool, store::Error> {
    let Some(header) = store.header()? else { return Ok(false) };
    case.write_with(store::PLAN_JSON, |out| plan_file::write_kept(store, &header, steps, out))?;
    Ok(true)
}

/// Brings the ticks of `plan.md` up to date, and adds the steps that searches found (`behind`, by search).
/// Notes of people in it stay.
///
/// # Errors
/// Those of the file.
pub fn mark_plan_text(
    case: &Case,
    steps: &[Step],
    behind: &HashMap<StepId, Vec<StepId>>,
) -> Result<Result<(), store::Error>, io::Error> {
    let text = std::fs::read_to_string(case.path(store::PLAN_MD))?;
    let text = plan_text::with_found(&text, steps, behind);
    Ok(case.write(store::PLAN_MD, plan_text::with_marks(&text, steps).as_bytes()))
}
