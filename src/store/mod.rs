//! Side hall: the case, a directory that keeps a plan and what was made for it. Mode 0700, every file in it
//! 0600; in group mode the group of the directory may read and write everything but keys and proofs.
//!
//! `certrecall-case.json` marks it and names its roots and its mode; a process that works on the case holds a
//! lock on that file.

mod case_directory;
mod db;
mod error;
mod interface;
pub mod model;
mod names;
mod owner;
mod paths;
pub mod question;
mod sharing;

pub use case_directory::Case;
pub use error::Error;
pub use interface::{
    Changes, IncidentRecord, Kept, KeyEntry, LastRun, Orphan, PlanHeader, PlanList, PlanPart, Recording,
    Records, Run, SearchResult, Store,
};
pub use names::{DATABASE, EXPOSED, PLAN_JSON, PLAN_MD, SUSPECTED};
pub use question::{Question, StoredRoot};
