//! The command line of certrecall.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
