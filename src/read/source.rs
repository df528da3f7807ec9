//! Sources of bytes: files below folders, single files, standard input. Nothing here knows what the bytes mean.

pub(in crate::read) mod file;
pub(in crate::read) mod roots;
pub(in crate::read) mod stdin;
pub mod walk;
