#![doc = include_str!("../README.md")]
//!
//! # As a library
//!
//! [`engine::analyse`] is the front door: sources and criteria in, an analysis out. Nothing is written.
//!
//! ```
//! use certrecall::assess::{Manifest, Profile};
//! use certrecall::engine::{self, Criteria, Sources};
//! use certrecall::plan::ca::Cas;
//! use certrecall::read::{Options, Roots};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let roots = Roots::open(&["testdata/incident/uploads".into()])?;
//! let incident = Profile::built_in("zendesk-2016")?.with(None)?;
//! let manifest = Manifest::parse("uploads.csv", &std::fs::read("testdata/incident/uploads.csv")?)?;
//! let criteria = Criteria::new(incident, Cas::builtin()?, certrecall::case::inputs::now());
//! let criteria = Criteria { manifest: Some(manifest), ..criteria };
//! let analysis = engine::analyse(Sources { roots, options: Options::default() }, criteria);
//! assert!(analysis.exposed_keys().count() > 0);
//! for step in analysis.plan.steps.iter().take(3) {
//!     println!("{}: {}", step.kind.as_str(), step.says);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`case::plan`] does the same in a case, a directory that remembers what was found, decided and done. `examples/` has
//! two small programs: an inventory of a directory, and an incident from input to requests.
//!
//! The stages, each of which imports only what is before it:
//!
//! 1. [`read`] walks roots and turns bytes into [`read::Found`] things, with the help of [`pki`], which knows the formats.
//! 2. [`inventory`] joins them: one entry per certificate and key, wherever they were found.
//! 3. [`assess`] weighs the evidence: which keys are exposed, where each certificate stands, what that means for it.
//! 4. [`plan`] orders what is to be done. [`engine`] runs these four.
//! 5. [`rekey`] makes new keys and requests; it and [`files`] are what writes.
//! 6. [`store`] keeps all that in a directory, [`report`] shows it, and [`case`] is what front ends call.

pub mod assess;
pub mod case;
pub mod demo;
pub mod engine;
pub mod files;
pub mod finding;
pub mod id;
pub mod inventory;
pub mod limits;
pub mod oid;
pub(crate) mod parallel;
pub mod pki;
pub mod plan;
pub mod read;
pub mod rekey;
pub mod report;
pub mod secret;
pub mod shell;
pub mod store;
pub(crate) mod text;
pub mod time;
