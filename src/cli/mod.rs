//! Floor 8: what the user typed to calls of the library, and what came of it to text and exit status. No
//! rules live here.

mod args;
mod case;
mod complete;
mod error;
mod exit;
mod format;
mod mark;
mod output_format;
mod passphrase;
mod plan;
mod recorded;
mod rekey;
mod scan;
mod search;
mod small;
mod table;
mod term;
mod user;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use error::Error;
use exit::Outcome;
use term::Terminal;

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    let mut terminal = Terminal::new(args.color, args.quiet, args.verbose);
    let result = run(args.command, &mut terminal);
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) if error.is_broken_pipe() => Outcome::default().into(),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(exit::FATAL)
        }
    }
}

fn run(command: Command, terminal: &mut Terminal) -> Result<Outcome, Error> {
    match command {
        Command::Complete(args) => complete::complete(&args, terminal),
        Command::Explain(args) => case::explain(&args, terminal),
        Command::Mark(args) => mark::mark(&args, terminal),
        Command::Status(args) => case::status(&args, terminal),
        Command::Demo(args) => small::demo(&args, terminal),
        Command::Incident(args) => small::incident(&args, terminal),
        Command::Plan(args) => plan::plan(&args, terminal),
        Command::Rekey(args) => rekey::rekey(&args, terminal),
        Command::Run(args) => plan::run(&args, terminal),
        Command::Scan(args) => scan::scan(&args, terminal),
    }
}
