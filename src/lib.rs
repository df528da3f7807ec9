//! Private keys leaked: which certificates that touches, their replacements, and proof that the old ones are
//! revoked.
//!
//! The pipeline, floor by floor; each imports only what lies below it:
//!
//! 1. [`read`] walks roots and turns bytes into [`read::Found`] things, with the help of [`pki`], which knows
//!    the formats.
//! 2. [`inventory`] joins them: one entry per certificate and key, wherever they were found.
//! 3. [`assess`] weighs the evidence: which keys are exposed, where each certificate stands, what that means
//!    for it.
//! 4. [`plan`] orders what is to be done.
//! 5. [`rekey`] makes new keys and requests; it and [`files`] are what writes.
//! 6. [`store`] keeps all that in a directory, and [`report`] shows it.

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
pub mod time;
