//! Side hall: what the other floors found, as records, files and sentences. It reads their models and decides
//! nothing.

pub mod hash_lists;
pub mod json;
pub mod line;
pub mod plan_file;
pub mod plan_text;
pub mod planned;
pub mod proof_keys;
pub mod record;
pub mod status;
pub mod story;
pub mod summary;
pub mod view;

pub use summary::Summary;
