//! `plan` and `run`.

use std::io::Write as _;

use certrecall::case::inputs::now;
use certrecall::case::rekey::make_planned;
use certrecall::case::{self, CasePlan, Judging, Kept};
use certrecall::report::plan_file;
use certrecall::report::summary::{self, Shape};
use certrecall::store::Case;
use certrecall::store::question::OptionName;

use super::args::{PlanArgs, Planning, RunArgs};
use super::error::Error;
use super::exit::Outcome;
use super::format;
use super::output_format::Format;
use super::term::Terminal;
use super::watch::OnTerminal;

/// Rows per section of the summary.
const ROWS: usize = 12;

/// `certrecall plan`.
pub(crate) fn plan(args: &PlanArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let name = args.planning.output.to_string_lossy();
    let lines = |plan: &CasePlan| {
        args.format.is_none().then(|| summary::lines(&plan.planned(), shape(&name, plan, None)))
    };
    let Kept { plan, beside: lines, .. } = planned(&args.planning, terminal, lines)?;
    match args.format {
        None => terminal.print(&lines.unwrap_or_default())?,
        Some(Format::Json) => {
            let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
            plan_file::write(&plan.planned(), &mut out)?;
            out.flush()?;
        }
        Some(format) => format::verdicts(&plan.planned(), format, terminal)?,
    }
    Ok(ended(plan, false))
}

/// `certrecall run`.
pub(crate) fn run(args: &RunArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let order = args.keys.order()?;
    Case::check_owner(&args.planning.output)?;
    let Kept { case, mut store, mut plan, existing, .. } = planned(&args.planning, terminal, |_| ())?;
    let mut watch = OnTerminal::new(terminal);
    let done = make_planned((&case, &mut *store), &mut plan, &existing, &order, &mut watch)?;
    watch.end();
    let name = args.planning.output.to_string_lossy();
    let shape = shape(&name, &plan, Some((done.made, done.before)));
    terminal.print(&summary::lines(&plan.planned(), shape))?;
    Ok(ended(plan, done.failed))
}

/// Plans, and reports on the way.
fn planned<T: Send>(
    args: &Planning,
    terminal: &Terminal,
    beside: impl FnOnce(&CasePlan) -> T + Send,
) -> Result<Kept<T>, Error> {
    let options = args.given();
    let planning = case::Planning {
        case: &args.output,
        paths: &args.paths,
        add: &args.add,
        relocate: &args.relocate,
        options: &options,
        judging: Judging {
            clear: &args.judging.clear,
            misuse: &args.judging.misuse,
            as_of: args.judging.as_of.as_deref(),
            now: now(),
        },
        access: args.mode,
        threads: args.reading.threads,
    };
    let mut watch = OnTerminal::new(terminal);
    Ok(case::plan(&planning, &mut watch, beside)?)
}

fn shape<'s>(case: &'s str, plan: &CasePlan, made: Option<(usize, usize)>) -> Shape<'s> {
    let default_incident = !plan.question.has(OptionName::Incident);
    Shape { case, rows: ROWS, made, default_incident }
}

/// The outcome. Nothing comes after it: taking hundreds of thousands of public records apart one by one would
/// only delay the end. What holds standard input is wiped like everything that can hold a key.
fn ended(plan: CasePlan, failed: bool) -> Outcome {
    let outcome = Outcome::of_steps(&plan.analysis.plan.steps).and_incomplete(failed || plan.is_empty());
    let certrecall::engine::Analysis { roots, inventory, assessment, plan, .. } = plan.analysis;
    drop(roots);
    std::mem::forget((inventory, assessment, plan));
    outcome
}
