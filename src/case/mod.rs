//! Floor 8: work on a case, for every front end. A front end turns what people type into calls of this module, and
//! results into text.

mod authorities;
mod case_plan;
mod criteria;
mod error;
pub mod history;
pub mod inputs;
mod keep;
mod notice;
mod past;
mod plan;
pub mod rekey;
pub mod roots;
pub mod views;

pub use authorities::AuthorityFiles;
pub use case_plan::CasePlan;
pub use criteria::{Judging, options};
pub use error::Error;
pub use keep::write_views;
pub use notice::{Level, Notice, Watch};
pub use plan::{Kept, Planning, plan};
