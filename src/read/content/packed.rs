//! Archives and other containers that came out of a wrapping: attachments of mails, compressed text in a
//! Secret, the content of a signed message.
//!
//! What lies in them has `zip`, `gzip` or `tar` as the first part of its `member`, and the way into it behind
//! that: `zip!/acme/tls.pem`.

use std::sync::Arc;

use super::records::name;
use super::{Allowance, Content, InText};
use crate::finding::Reason;
use crate::limits::{self, Limits};
use crate::pki::Unread;
use crate::read::archive::kind::{Kind, kind};
use crate::read::found::{Found, Item};
use crate::read::magic;
use crate::read::nesting::Within;
use crate::read::options::Options;
use crate::read::place::{INTO, Place};

impl Content<'_, '_> {
    /// Opens an archive that came out of a wrapping, or tells a container that cannot be opened. `false` if
    /// it is neither, or if it is one in which text may lie as it is.
    pub(super) fn archive(&mut self, bytes: &[u8], spot: &Item) -> bool {
        let Some(unread) = magic::within(bytes) else { return false };
        let Some(kind @ (Kind::Gzip | Kind::Tar | Kind::Zip)) = kind(bytes) else {
            let plain = magic::holds_plain_objects(&unread);
            self.found.secret = true;
            self.found.push(Item { body: Err(unread), ..spot.clone() });
            return !plain;
        };
        if self.cost.archives >= limits::ARCHIVES_DEEP {
            let detail = format!(
                "archives nest deeper than {}; unpack this one into a private folder and scan that",
                limits::ARCHIVES_DEEP
            );
            self.found.push(Item { body: Err(Unread::Skipped(Reason::TooDeep, detail)), ..spot.clone() });
            return true;
        }
        let mut found = Vec::new();
        let is_one = self.open(kind, bytes, &mut found);
        let outer = name(format(kind), self.found.containers);
        let mut any = false;
        for Found { place, items, .. } in found {
            for item in items {
                any |= self.member(item, &outer, place.member(), spot);
            }
        }
        self.found.containers += u32::from(any);
        is_one
    }

    /// Reads an archive; what has something of interest is added to `found`.
    fn open(&mut self, kind: Kind, bytes: &[u8], found: &mut Vec<Found>) -> bool {
        self.cost.unpacked.seen += bytes.len() as u64;
        let broken = self.found.most_broken.saturating_sub(self.found.broken);
        let options = Options { limits: Limits { broken, ..Limits::default() }, ..Options::again() };
        let place = Place::new(0, b"");
        // Text can hold very many small ones.
        let mut spare = self.spare.take().unwrap_or_default();
        let Allowance { archives, wrappings, unpacked, .. } = self.cost;
        let text = InText {
            options: &options,
            place: &place,
            spare: &mut spare,
            scratch: &mut *self.lent.scratch,
            cache: self.lent.cache.as_deref_mut(),
            tap: self.lent.tap.as_mut().map(|tap| &mut **tap as _),
            within: Within { archives, wrappings, most: unpacked.room() },
        };
        let opened = (self.lent.unpack)(kind, bytes, text, &mut |mut member| {
            member.items.retain(|item| !matches!(item.body, Err(Unread::Skipped(Reason::NoPkiContent, _))));
            if !member.items.is_empty() {
                found.push(member);
            }
        });
        self.spare = Some(spare);
        self.cost.unpacked.out += opened.spent;
        self.found.secret |= opened.secret;
        opened.is_one
    }

    /// Adds one record of an archive called `outer`. Whether it lies in a member of it.
    fn member(&mut self, item: Item, outer: &str, way: Option<&str>, spot: &Item) -> bool {
        let Some(way) = way else {
            // Of the archive itself.
            self.found.push(Item { body: item.body, findings: item.findings, ..spot.clone() });
            return false;
        };
        // It is told, whatever the limit says.
        let broken = u64::from(matches!(item.body, Err(Unread::Unreadable(..) | Unread::Skipped(..))));
        self.found.broken = self.found.broken.max((self.found.broken + broken).min(self.found.most_broken));
        let inner = item.member.as_deref().map(|inner| format!("{INTO}{inner}")).unwrap_or_default();
        let member: Arc<str> = format!("{outer}{INTO}{way}{inner}").into();
        self.found.place(spot.offset, Item { member: Some(member), ..item });
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
