//! `demo` and `incident`.

use certrecall::assess::Incident;
use certrecall::assess::incident::{BUILT_IN, DEFAULT};
use certrecall::demo;

use super::args::{DemoArgs, IncidentArgs};
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;

/// `certrecall demo`.
pub(crate) fn demo(args: &DemoArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    demo::write(&args.directory)?;
    let dir = args.directory.display();
    terminal.say(&format!("a small incident to practise on lies in {dir}; its keys are for tests only"));
    terminal.data(format!("certrecall run {dir}/uploads --manifest {dir}/uploads.csv -o case\n").as_bytes())?;
    Ok(Outcome::default())
}

/// `certrecall incident`.
pub(crate) fn incident(args: &IncidentArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let text = match &args.name {
        Some(name) => Incident::built_in(name)?.text,
        None => {
            let mut lines = String::new();
            for (name, _) in BUILT_IN {
                let incident = Incident::built_in(name)?;
                let default = if *name == DEFAULT { " (default)" } else { "" };
                lines.push_str(&format!("{name}{default}\n    {}\n    cutoff {}\n", incident.title, incident.cutoff));
            }
            lines
        }
    };
    terminal.data(text.as_bytes())?;
    Ok(Outcome::default())
}
