//! An incident from input to requests: plans for a directory of uploads, all of them uploaded at one time, and makes
//! new keys and requests for what is exposed.
//!
//! usage: incident UPLOADS WHEN CASE

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};

use certrecall::case::inputs::now;
use certrecall::case::rekey::make_planned;
use certrecall::case::{self, Judging, Planning};
use certrecall::rekey::{Order, REQUEST};
use certrecall::store::question::{Given, OptionName};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [uploads, when, case] = arguments.as_slice() else {
        return Err("usage: incident UPLOADS WHEN CASE".into());
    };
    let mut options = Given::default();
    options.options.insert(OptionName::Uploaded, vec![when.clone()]);
    let planning = Planning {
        case: Path::new(case),
        paths: &[PathBuf::from(uploads)],
        add: &[],
        relocate: &[],
        options: &options,
        judging: Judging { clear: &[], misuse: &[], as_of: None, now: now() },
        access: None,
        threads: None,
    };
    let case::Kept { case, mut store, mut plan, existing, .. } = case::plan(&planning, &mut (), |_| ())?;
    for spki in plan.analysis.exposed_keys() {
        println!("exposed {spki}");
    }
    make_planned((&case, &mut *store), &mut plan, &existing, &Order::default(), &mut ())?;
    for directory in plan.directories.values() {
        println!("request {}", case.directory().join(directory).join(REQUEST).display());
    }
    Ok(())
}
