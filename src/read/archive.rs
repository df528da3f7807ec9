//! Archives and compressed files: zip, tar and gzip, told by their content. They yield their members; what is in
//! those is for a [`visit::Visit`].
//!
//! Nothing is ever unpacked to the disk, so names of members are only names. What of a member lies in memory
//! is wiped if keys are in it.

pub(in crate::read) mod budget;
mod gaps;
pub(crate) mod gzip;
mod inflate;
pub(in crate::read) mod kind;
mod links;
pub(in crate::read) mod member;
pub(in crate::read) mod opening;
pub(in crate::read) mod spare;
pub(in crate::read) mod tail;
mod tar;
pub(in crate::read) mod visit;
pub(in crate::read) mod watched;
pub(in crate::read) mod zip;
