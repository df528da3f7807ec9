//! New private keys and certification requests: one replacement for every profile that lost its key.
//!
//! [`make()`] turns [`Wanted`] into directories `replacements/<name>-<12 hex of the new key>/` that hold
//! `key.pem`, `request.pem`, `replacement.json` and `handoff.md`; [`existing`] reads those of earlier runs,
//! so that a second run makes nothing new. A request mirrors the old certificate byte by byte as far as a
//! request can (RFC 2986) and the standards allow. Private keys leave this module only into `key.pem`, mode
//! 0600.

mod alt_name;
mod ca;
mod change;
mod common_name;
pub mod complete;
mod draft;
mod edit;
mod format;
mod general_name;
pub mod handoff;
mod key;
mod make;
mod markdown;
mod mirror;
mod mismatch;
mod model;
mod order;
mod pbes;
pub mod proof;
mod public;
mod readback;
mod record;
mod request;
mod rows;
mod slug;
mod spec;
mod strict;
mod subject;
mod target;
mod usage;

pub use alt_name::{AltName, Unwanted};
pub use ca::{Ca, KeyKinds, Next};
pub use change::{Action, Change};
pub use draft::foresee;
pub use format::{KeyFormat, NotAKeyFormat};
pub(crate) use key::pem;
pub use make::{Outcome, Refused, make, sweep};
pub use model::{Error, HANDED_OFF, HANDOFF, ISSUED, KEY, RECORD, REPLACEMENTS, REQUEST, Wanted};
pub use order::{CommonName, NameEdit, Order};
pub use readback::{Existing, Trouble, TroubleKind, existing, existing_opened};
pub use record::{Made, Record, SCHEMA};
pub use rows::{Candidate, Wish as WishRow, wishes};
pub use slug::slug;
pub use spec::{KeySpec, NewKind, NotAKeySpec, OldKey};
pub use target::Target;
