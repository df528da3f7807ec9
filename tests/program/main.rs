//! The program as people use it: commands, what they print and write, pages and schemas that describe it.
#![allow(missing_docs, clippy::unwrap_used)]

mod cli;
#[path = "../common/mod.rs"]
mod common;
mod demo;
mod docs;
mod files;
mod proofs;
mod rekey_cli;
mod requests;
mod schema;
mod secrets;
