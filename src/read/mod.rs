//! Floor 2: roots to found things. Every file is judged by its content; whatever is met gets a record.
//!
//! From the bottom up: `source` opens files and standard input; `pem` and `forms` find what is in text, and
//! `archive` what is in archives; `content` turns the bytes of one file into [`Item`]s; `engine` brings archives
//! and content together; `pipeline` does that on all cores and hands results on in order.
//!
//! Every key and certificate in something:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use certrecall::read::read_bytes;
//!
//! let bytes = std::fs::read("testdata/pkcs7/certs.p7b")?;
//! for item in read_bytes(&bytes) {
//!     if let Ok(object) = &item.body {
//!         println!("{} at byte {}", object.kind(), item.offset);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod archive;
mod cache;
mod content;
mod engine;
pub(crate) mod forms;
mod found;
pub mod jwk;
pub mod ledger;
mod magic;
mod memory;
mod nesting;
mod options;
pub(crate) mod pem;
mod pipeline;
mod place;
mod reader;
mod reopen;
mod source;
mod zeroizing_io;

pub(crate) use archive::gzip::gunzip;
pub use found::{Found, Item};
pub use ledger::Ledger;
pub use memory::{certificates_in, read_bytes};
pub use options::Options;
pub use pipeline::read;
pub(crate) use place::INTO;
pub use place::Place;
pub use reopen::{Reopener, each_private_key, reopen, revisit};
pub use source::roots::{Root, RootError, RootKind, Roots, WasRoot, absolute};
pub use source::stdin::StdinBytes;
pub use source::walk;
