//! Floor 3: found things to an inventory. One entry per distinct object with all its occurrences; keys,
//! certificates and requests joined by canonical SPKI; certificates joined to their issuers ([`link`],
//! [`chain`]).

mod authority;
mod builder;
pub mod chain;
mod entry;
mod few;
pub mod link;
mod locked;
mod model;
mod near;
mod numbers;
mod owners;
pub mod recorded;
mod touch;

pub use authority::ChainRule;
pub use builder::{Batch, Builder};
pub use chain::{Anchors, Signer};
pub use entry::{Basis, CertificateEntry, File, IssuerLink, KeyEntry, Occurrence, RequestEntry, Trouble};
pub use few::Few;
pub use locked::LockedKeys;
pub use model::Inventory;
pub use recorded::{Gone, Recorded, RecordedFile};
pub(crate) use touch::AT_ONCE;
