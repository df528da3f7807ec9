//! What reading one file works with: buffers, what was read before, and the way to open an archive.

use crate::read::archive::kind::Kind;
use crate::read::archive::spare::Spare;
use crate::read::cache::Cache;
use crate::read::found::{Found, Tap};
use crate::read::nesting::{Unpacked, Within};
use crate::read::options::Options;
use crate::read::place::Place;

/// Opens an archive that came out of a wrapping, and hands on its members. They are read like this file, so what
/// does that is above this and is passed in.
pub(in crate::read) type Unpack = fn(Kind, &[u8], InText<'_>, &mut dyn FnMut(Found)) -> Unpacked;

/// Lent for one file.
pub(in crate::read) struct Lent<'c, 't> {
    /// For bytes that are decoded; **the lender wipes it**.
    pub(in crate::read) scratch: &'c mut Vec<u8>,
    /// What equal blocks gave.
    pub(in crate::read) cache: Option<&'c mut Cache>,
    /// Sees every object, if asked to.
    pub(in crate::read) tap: Option<Tap<'t>>,
    /// Opens archives in text.
    pub(in crate::read) unpack: Unpack,
}

/// What an archive in text is opened with.
pub(in crate::read) struct InText<'a> {
    pub(in crate::read) options: &'a Options,
    pub(in crate::read) place: &'a Place,
    pub(in crate::read) spare: &'a mut Spare,
    pub(in crate::read) scratch: &'a mut Vec<u8>,
    pub(in crate::read) cache: Option<&'a mut Cache>,
    pub(in crate::read) tap: Option<Tap<'a>>,
    pub(in crate::read) within: Within,
}
