//! `demo` and `incident`.

use certrecall::assess::Profile;
use certrecall::assess::incident::{BUILT_IN, DEFAULT};
use certrecall::{demo, shell};

use super::args::{DemoArgs, IncidentArgs};
use super::error::Error;
use super::exit::Outcome;
use super::term::Terminal;

/// `certrecall demo`.
pub(crate) fn demo(args: &DemoArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    demo::write(&args.directory)?;
    terminal.say(&format!("a small incident to practise on is in {:?}; README.md there tells its story, and this is what to run:", args.directory));
    let word = |name: &str| shell::quote(&args.directory.join(name).to_string_lossy()).into_owned();
    terminal.data(
        format!("certrecall run {} --manifest {} -o case\n", word("uploads"), word("uploads.csv")).as_bytes(),
    )?;
    Ok(Outcome::default())
}

/// `certrecall incident`.
pub(crate) fn incident(args: &IncidentArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let text = match &args.name {
        Some(name) => Profile::built_in(name)?.text,
        None => {
            let mut lines = String::new();
            for (name, _) in BUILT_IN {
                let incident = Profile::built_in(name)?;
                let cutoff =
                    incident.cutoff.map_or_else(|| "given with --cutoff".to_owned(), |t| t.to_string());
                let default = if *name == DEFAULT { " (default)" } else { "" };
                lines.push_str(&format!("{name}{default}\n    {}\n    cutoff {cutoff}\n", incident.title));
            }
            lines
        }
    };
    terminal.data(text.as_bytes())?;
    Ok(Outcome::default())
}
