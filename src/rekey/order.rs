//! What the owner of a replacement wants of it, beyond what the old certificate says.

use super::format::KeyFormat;
use super::spec::KeySpec;

/// The wishes of one replacement; the default is to mirror the old certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The kind of the new key.
    pub key: KeySpec,
    /// The form in which it is written down.
    pub format: KeyFormat,
}
