//! The files of a case.

/// The database.
pub const DATABASE: &str = "case.db";
/// The plan as data.
pub const PLAN_JSON: &str = "plan.json";
/// The plan for people.
pub const PLAN_MD: &str = "plan.md";
/// Certificates that commands of the plan name.
pub(super) const CERTIFICATES: &str = "certificates";
/// Hashes of exposed keys.
pub const EXPOSED: &str = "exposed-spki.txt";
/// Hashes of keys that are only presumed or undetermined.
pub const SUSPECTED: &str = "suspected-spki.txt";
/// Keeps a case out of version control.
pub(super) const GITIGNORE: &str = ".gitignore";
