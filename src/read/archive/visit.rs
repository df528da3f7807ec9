//! What reading an archive calls for: the formats yield members and what lies between them, and a visitor looks
//! at what is in those.

use std::io::{self, Read};

use super::member::{Member, Stream, Way};
use super::spare::Spare;
use super::watched::Watched;
use crate::id::Fingerprint;
use crate::read::found::Item;
use crate::time::Time;

/// Gets what is in an archive, in its order. Records of the archive itself go to `own`.
pub(in crate::read) trait Visit {
    /// Reads a member.
    ///
    /// # Errors
    /// A limit was reached, or the file cannot be read: it ends the reading of the archive.
    fn member(
        &mut self,
        member: &Member<'_>,
        content: &mut dyn Stream,
        own: &mut Vec<Item>,
    ) -> io::Result<()>;

    /// Looks at what lies in an archive where no member is, from `at` on; its first bytes were read already.
    ///
    /// # Errors
    /// Like [`Visit::member`].
    fn behind(&mut self, begin: &[u8], rest: &mut dyn Read, at: u64, own: &mut Vec<Item>) -> io::Result<()>;

    /// Looks at the file that a zip was put behind.
    ///
    /// # Errors
    /// Like [`Visit::member`].
    fn before(&mut self, file: &mut dyn Read, own: &mut Vec<Item>) -> io::Result<()>;

    /// Takes the records of a member that is not read, or not here.
    fn emit(&mut self, way: &Way, time: Option<Time>, hash: Option<Fingerprint>, items: Vec<Item>);

    /// Learns that the member that is wanted is a hard link to this one.
    fn leads_to(&mut self, target: Way);

    /// What is found in the member of a tar that is being read.
    fn watched(&mut self) -> &mut Watched;

    /// Buffers and decoders to use again.
    fn spare(&mut self) -> &mut Spare;
}
