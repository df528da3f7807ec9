//! `plan` and `run`.

use std::collections::HashSet;
use std::io::Write as _;

use certrecall::case::inputs::{known_compromised, now};
use certrecall::case::{self, CasePlan, Judging, Kept, Level, Notice, Watch};
use certrecall::id::SpkiHash;
use certrecall::report::plan_file;
use certrecall::report::summary::{self, Shape};
use certrecall::store::Case;
use certrecall::store::question::{OptionName, Scope};

use super::args::{Format, PlanArgs, Planning, RunArgs};
use super::error::Error;
use super::exit::Outcome;
use super::rekey::Ordered;
use super::term::{Progress, Terminal};
use super::{format, rekey};

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
    let analysis = &plan.analysis;
    let records: Vec<_> = analysis
        .plan
        .replacements
        .iter()
        .map(|r| plan_file::replacement_record(&plan.planned(), r))
        .collect();
    let keys = &analysis.inventory.keys;
    let mut known: HashSet<SpkiHash> =
        keys.iter().flat_map(|k| std::iter::once(k.spki).chain(k.raw_forms.iter().copied())).collect();
    if let Some(question) = store.question(Scope::Plan)? {
        for file in question
            .values(OptionName::KnownCompromised)
            .iter()
            .filter(|f| f.content.as_ref().is_some_and(|c| !c.piped))
        {
            known.extend(known_compromised(file.value.path())?.1);
        }
    }
    let orders = |_: &_| Ordered::Made(Box::new(order.clone()));
    let done = rekey::make(
        &case,
        rekey::Job {
            roots: &analysis.roots,
            records: &records,
            cas: &analysis.cas,
            existing: &existing,
            known: &known,
            orders: &orders,
            said_of: &|_| None,
            passphrase: None,
            threads: analysis.threads,
        },
        terminal,
    )?;
    store.add_made(&done.made_at(analysis.clock.now))?;
    plan.directories = done.directories;
    if done.made > 0 {
        store.set_directories(&plan.directories_by_step())?;
        case::write_views(&case, &plan)?;
    }
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
    let mut watch = OnTerminal { terminal, files: None };
    Ok(case::plan(&planning, &mut watch, beside)?)
}

/// Shows on the terminal what a run reports.
struct OnTerminal<'a> {
    terminal: &'a Terminal,
    /// Shown while files are read.
    files: Option<Progress>,
}

impl Watch for OnTerminal<'_> {
    fn notice(&mut self, notice: Notice) {
        // The line is taken away before something else is written.
        self.files = None;
        let text = notice.to_string();
        match notice.level() {
            Level::Detail => self.terminal.detail(&text),
            Level::Note => self.terminal.say(&text),
            Level::Warning => self.terminal.warn(&text),
        }
    }

    fn files_read(&mut self, count: usize) {
        self.files.get_or_insert_with(|| self.terminal.progress("files read:")).tick(count);
    }
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
