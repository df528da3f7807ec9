//! Real files, where they are: read as two other tools read them, identified, and asked for anew.
#![allow(missing_docs, clippy::unwrap_used)]

mod cas;
#[path = "../common/mod.rs"]
mod common;
mod reading;
mod requests;
