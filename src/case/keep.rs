//! Writes a plan into its case: the database, and beside it the views.

use std::sync::mpsc::sync_channel;

use super::case_plan::CasePlan;
use super::error::Error;
use crate::id::SpkiHash;
use crate::inventory::RecordedFile;
use crate::plan::{Step, StepKind};
use crate::report::{hash_lists, plan_file, plan_text};
use crate::store::{self, Case, Changes, PlanPart, Recording, Run, Store, StoredRoot};

/// What a case keeps of a run besides its plan.
pub(super) struct Recorded<'a> {
    pub(super) files: &'a [RecordedFile],
    pub(super) roots: &'a [StoredRoot],
}

/// Writes the case: its database, and beside it, at the same time, the views. The database is what counts; a
/// view that a killed run left behind is written anew by the next. What `beside` makes is made meanwhile.
pub(super) fn keep<T: Send>(
    case: &Case,
    store: &mut dyn Store,
    plan: &CasePlan,
    recorded: &Recorded<'_>,
    beside: impl FnOnce(&CasePlan) -> T + Send,
) -> Result<(Changes, T), Error> {
    let analysis = &plan.analysis;
    let inventory = &analysis.inventory;
    let exposure = |key: &SpkiHash| {
        let at = inventory.keys.binary_search_by_key(key, |k| k.spki).ok()?;
        Some(analysis.assessment.keys[at].exposure.as_str())
    };
    let run = Run {
        at: analysis.clock.now,
        as_of: analysis.clock.as_of,
        incident: &analysis.incident.name,
        question: &plan.question,
        roots: recorded.roots,
        recording: Recording {
            inventory,
            path_rows: &analysis.assessment.path_rows,
            before: recorded.files,
            roots: &analysis.roots,
        },
        found: inventory.has_content(),
        orphans: &plan.orphans,
    };
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| beside(plan));
        let (sender, parts) = sync_channel::<PlanPart>(PARTS);
        let saving = scope.spawn(|| {
            store.save(run, &mut parts.into_iter(), &analysis.plan.steps, &|step| why_closed(step, exposure))
        });
        // Where saving failed nobody listens any more; its result has the reason.
        let written = write(case, plan, Some(&mut |part| drop(sender.send(part))));
        drop(sender);
        let saved = saving.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let made = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written?;
        Ok((saved?, made))
    })
}

/// Parts of a plan, each a hundred kilobytes or two, that may be on their way to the database.
const PARTS: usize = 64;

/// Writes the views of a plan into its case anew.
///
/// # Errors
/// [`Error`]; a view that was written before stays.
pub fn write_views(case: &Case, plan: &CasePlan) -> Result<(), Error> {
    write(case, plan, None)
}

/// Writes every view of the plan, that for people beside that for programs; passes its parts on.
fn write(case: &Case, plan: &CasePlan, listener: Option<plan_file::Listener<'_>>) -> Result<(), Error> {
    let planned = plan.planned();
    let small = || {
        // What programs read is written whatever becomes of the text for people.
        let text = case.write_with(store::PLAN_MD, |out| plan_text::write(&planned, out));
        let (exposed, suspected) =
            hash_lists::spki_lists(&plan.analysis.inventory, &plan.analysis.assessment);
        case.write(store::EXPOSED, exposed.as_bytes())?;
        case.write(store::SUSPECTED, suspected.as_bytes())?;
        Ok(text?)
    };
    std::thread::scope(|scope| {
        let small = scope.spawn(small);
        let plan = case.write_with(store::PLAN_JSON, |out| plan_file::write_with(&planned, out, listener));
        let small = small.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        plan?;
        small
    })
}

/// Why a step that was in the plan is not in it any more.
fn why_closed(step: &Step, exposure: impl Fn(&SpkiHash) -> Option<&'static str>) -> String {
    if step.kind == StepKind::Inspect {
        return "what it was about can be read now, or is not there in this form any more".to_owned();
    }
    match step.key.map(|key| exposure(&key)) {
        Some(Some(_)) if step.kind == StepKind::Replace => {
            "the certificate that was known from elsewhere is here now, or has expired".to_owned()
        }
        Some(None) => "its key is not found any more".to_owned(),
        Some(Some(exposure @ ("exposed" | "presumed" | "undetermined"))) => {
            format!("its key is {exposure}, and no certificate on it needs this now")
        }
        Some(Some(exposure)) => format!("its key is {exposure} now"),
        None => "the certificates it was about are not found any more, or need no replacement now".to_owned(),
    }
}
