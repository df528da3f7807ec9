//! What `mark` and what closes steps share: who recorded it, and the views that show it.

use std::collections::HashMap;

use certrecall::case::views;
use certrecall::id::StepId;
use certrecall::plan::Step;
use certrecall::store::{self, Case, Store};

use super::args::MarkArgs;
use super::error::Error;
use super::term::Terminal;
use super::user::{self, Person};

/// The person that the record names.
pub(super) fn by(args: &MarkArgs, terminal: &Terminal) -> String {
    args.by.clone().unwrap_or_else(|| {
        let Person { name, doubt } = user::of_the_system();
        doubt.iter().for_each(|doubt| terminal.warn(doubt));
        name
    })
}

/// Brings the views of the plan up to date with what was recorded.
pub(super) fn show_again(
    case: &Case,
    store: &dyn Store,
    steps: &[Step],
    terminal: &Terminal,
) -> Result<(), Error> {
    show_found(case, store, steps, &HashMap::new(), terminal)
}

/// The same, with the steps that searches added, by search.
pub(super) fn show_found(
    case: &Case,
    store: &dyn Store,
    steps: &[Step],
    behind: &HashMap<StepId, Vec<StepId>>,
    terminal: &Terminal,
) -> Result<(), Error> {
    if !views::write_plan_file(case, store, steps)? {
        terminal.warn(&format!(
            "{:?} stays as an earlier version wrote it; `certrecall plan` writes it anew",
            case.path(store::PLAN_JSON)
        ));
    }
    let written = views::mark_plan_text(case, steps, behind);
    Ok(written.map_err(|error| Error::Input { what: "plan", path: case.path(store::PLAN_MD), error })??)
}
