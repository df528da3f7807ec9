//! Small changes of the decisions, one at a time, and whether the tests of the decisions notice.
//!
//! `mutants make` writes a copy of the package in which every change is there behind a switch, and builds it;
//! `mutants draw` names a sample; `mutants run` runs the test binary once for each change of a sample. See
//! docs/measurements.md.

mod copy;
mod points;
mod runs;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: mutants make | draw SEED COUNT | run SEED COUNT | run FILE | all
  in the root of the package; environment: MUTANTS_TEST (default decisions), MUTANTS_DIR (default target/mutants), MUTANTS_JOBS (default 2),
  MUTANTS_CARGO (default cargo)";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(says) => {
            eprintln!("mutants: {says}");
            ExitCode::from(2)
        }
    }
}

/// What every command needs.
pub struct Setting {
    /// Where copy, build and results are.
    pub home: PathBuf,
    /// The test binary.
    pub test: String,
    /// How many changes are tried at a time.
    pub jobs: usize,
}

fn run() -> Result<(), String> {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let jobs = variable("MUTANTS_JOBS", "2").parse().map_err(|_| "MUTANTS_JOBS is a number".to_owned())?;
    let home = std::path::absolute(variable("MUTANTS_DIR", "target/mutants")).map_err(|e| e.to_string())?;
    let setting = Setting { home, test: variable("MUTANTS_TEST", "decisions"), jobs };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<u64>().map_err(|_| USAGE.to_owned());
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make"] => copy::make(&setting),
        ["draw", _, _] => {
            let all = copy::read_list(&setting)?;
            runs::draw(&all, number(&arguments[1])?, number(&arguments[2])? as usize).iter().for_each(|m| println!("{m}"));
            Ok(())
        }
        ["run", _, _] => {
            let all = copy::read_list(&setting)?;
            runs::run(&setting, &runs::draw(&all, number(&arguments[1])?, number(&arguments[2])? as usize))
        }
        ["run", file] => {
            let (known, gone) = runs::find(&copy::read_list(&setting)?, file)?;
            gone.iter().for_each(|line| eprintln!("not there any more: {line}"));
            runs::run(&setting, &known)
        }
        ["all"] => runs::run(&setting, &copy::read_list(&setting)?),
        _ => Err(USAGE.to_owned()),
    }
}
