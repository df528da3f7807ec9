//! What is read from files of every form: archives, objects in text, signatures; properties of reading.
#![allow(missing_docs, clippy::unwrap_used)]

mod archived;
mod archives;
#[path = "../common/mod.rs"]
mod common;
mod members;
mod properties;
mod signatures;
mod wrapped;
