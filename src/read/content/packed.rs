//! Archives and other containers that came out of a wrapping: attachments of mails, compressed text in a
//! Secret, the content of a signed message.
//!
//! What lies in them has `zip`, `gzip` or `tar` as the first part of its `member`, and the way into it behind
//! that: `zip!/acme/tls.pem`.

use std::sync::Arc;

use super::contained::name;
use super::reopen::options;
use super::{Cache, Content, Tap};
use crate::finding::Reason;
use crate::limits::{self, Limits};
use crate::pki::Unread;
use crate::read::archive::{self, Archive, Bytes, Kind};
use crate::read::{Found, INTO, Item, Options, Place, magic};

/// What an archive lies in.
#[derive(Debug, Clone, Copy)]
pub(in crate::read) struct Within {
    /// So many archives.
    pub(in crate::read) archives: u32,
    /// So many wrappings.
    pub(in crate::read) wrappings: u32,
    /// What may still come out of all that is in it, in bytes.
    pub(in crate::read) most: u64,
}

/// A file on the disk.
impl Default for Within {
    fn default() -> Self {
        Self { archives: 0, wrappings: 0, most: u64::MAX }
    }
}

/// What comes out of archives in one file's text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Unpacked {
    /// What the archive that the text lies in leaves.
    most: Option<u64>,
    /// Bytes of archives in the text.
    seen: u64,
    /// Bytes that came out of them.
    pub(super) out: u64,
}

impl Unpacked {
    /// What may come out of one more archive.
    fn room(&self) -> u64 {
        let ratio = limits::INFLATED_ANYWAY.saturating_add(self.seen.saturating_mul(limits::INFLATED_RATIO));
        self.most.unwrap_or(ratio).saturating_sub(self.out)
    }
}

impl<'c, 't> Content<'c, 't> {
    /// For one member of an archive.
    pub(in crate::read) fn in_archive(
        scratch: &'c mut Vec<u8>,
        cache: Option<&'c mut Cache>,
        tap: Option<Tap<'t>>,
        most_broken: u64,
        within: Within,
    ) -> Self {
        let unpacked = Unpacked { most: Some(within.most), ..Unpacked::default() };
        let Within { archives, wrappings, .. } = within;
        Self { archives, wrappings, unpacked, ..Self::with_most_broken(scratch, cache, tap, most_broken) }
    }
}

impl Content<'_, '_> {
    /// Opens an archive that came out of a wrapping, or tells a container that cannot be opened. `false` if
    /// it is neither, or if it is one in which text may lie as it is.
    pub(super) fn archive(&mut self, bytes: &[u8], spot: &Item) -> bool {
        let Some(unread) = magic::within(bytes) else { return false };
        let Some(kind @ (Kind::Gzip | Kind::Tar | Kind::Zip)) = archive::kind(bytes) else {
            let plain = magic::holds_plain_objects(&unread);
            self.secret = true;
            self.push(Item { body: Err(unread), ..spot.clone() });
            return !plain;
        };
        if self.archives >= limits::ARCHIVES_DEEP {
            let detail = format!(
                "archives nest deeper than {}; unpack this one into a private folder and scan that",
                limits::ARCHIVES_DEEP
            );
            self.push(Item { body: Err(Unread::Skipped(Reason::TooDeep, detail)), ..spot.clone() });
            return true;
        }
        let mut found = Vec::new();
        let is_one = self.open(kind, bytes, &mut found);
        let outer = name(format(kind), self.containers);
        let mut any = false;
        for Found { place, items, .. } in found {
            for item in items {
                any |= self.unpacked(item, &outer, place.member(), spot);
            }
        }
        self.containers += u32::from(any);
        is_one
    }

    /// Reads an archive; what has something of interest is added to `found`.
    fn open(&mut self, kind: Kind, bytes: &[u8], found: &mut Vec<Found>) -> bool {
        self.unpacked.seen += bytes.len() as u64;
        let broken = self.most_broken.saturating_sub(self.broken);
        let options = Options { limits: Limits { broken, ..Limits::default() }, ..options() };
        let place = Place::new(0, b"");
        // Text can hold very many small ones.
        let mut spare = self.spare.take().unwrap_or_default();
        let archive = Archive {
            options: &options,
            place: &place,
            modified: None,
            size: bytes.len() as u64,
            spare: &mut spare,
            scratch: &mut *self.scratch,
            cache: self.cache.as_deref_mut(),
            tap: self.tap.as_mut().map(|tap| &mut **tap as _),
            only: None,
            within: Within { archives: self.archives, wrappings: self.wrappings, most: self.unpacked.room() },
            emit: &mut |mut member| {
                member
                    .items
                    .retain(|item| !matches!(item.body, Err(Unread::Skipped(Reason::NoPkiContent, _))));
                if !member.items.is_empty() {
                    found.push(member);
                }
            },
        };
        let opened = archive.read(kind, &mut &*bytes, Bytes::Memory(bytes));
        self.spare = Some(spare);
        self.unpacked.out += opened.spent;
        self.secret |= opened.secret;
        opened.is_one
    }

    /// Adds one record of an archive called `outer`. Whether it lies in a member of it.
    fn unpacked(&mut self, item: Item, outer: &str, way: Option<&str>, spot: &Item) -> bool {
        let Some(way) = way else {
            // Of the archive itself.
            self.push(Item { body: item.body, findings: item.findings, ..spot.clone() });
            return false;
        };
        // It is told, whatever the limit says.
        let broken = u64::from(matches!(item.body, Err(Unread::Unreadable(..) | Unread::Skipped(..))));
        self.broken = self.broken.max((self.broken + broken).min(self.most_broken));
        let inner = item.member.as_deref().map(|inner| format!("{INTO}{inner}")).unwrap_or_default();
        let member: Arc<str> = format!("{outer}{INTO}{way}{inner}").into();
        self.place(spot.offset, Item { member: Some(member), ..item });
        true
    }
}

const fn format(kind: Kind) -> &'static str {
    match kind {
        Kind::Gzip => "gzip",
        Kind::Tar => "tar",
        Kind::Zip | Kind::ZipBehind => "zip",
    }
}
