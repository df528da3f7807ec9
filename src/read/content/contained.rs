//! Items for what lies in containers, and their places.
//!
//! The records of contained objects carry the container's name as `container`, and as `member` the way into
//! it: `pkcs7` for the first container of a file, `pkcs7#1` and so on for those behind it, whether they are
//! the file or lie in it as PEM blocks or base64. `index` and `offset` count in the container; `line` and
//! `label` are those of the text that it lay in. The message that a signed container may carry along is read
//! like a file of its own, `pkcs7!/content`. An opened container has the records of its objects; an empty one
//! has a single record, without `member`.

use std::sync::Arc;

use zeroize::Zeroize as _;

use super::{Content, Item};
use crate::finding::{Codes, Reason};
use crate::limits;
use crate::pki::{Contained, Object, Unread};
use crate::read::INTO;

impl Content<'_, '_> {
    /// Adds what a container holds. `spot` stands for the container itself.
    pub(super) fn contained(&mut self, container: Contained<'_>, spot: Item) {
        let member: Arc<str> = name(container.format, self.containers).into();
        let findings = container.findings.union(spot.findings);
        let at = spot.offset;
        let mut index = 0;
        let message = container.content();
        for piece in container.pieces {
            self.secret |= !matches!(&piece.body, Ok(object) if !matches!(object, Object::PrivateKey(_)));
            if let (Ok(object), Some(tap)) = (&piece.body, &mut self.tap) {
                tap(&piece.der, Some(object));
            }
            let item = Item {
                member: Some(Arc::clone(&member)),
                index,
                offset: piece.offset as u64,
                container: container.format,
                body: piece.body,
                findings: piece.findings.union(findings),
                ..spot.clone()
            };
            self.place(at, item);
            index += 1;
        }
        let inside = message.map(|message| self.message(&message)).unwrap_or_default();
        let empty = index == 0 && inside.is_empty();
        for item in inside {
            let way = item.member.as_deref().map(|inner| format!("{INTO}{inner}")).unwrap_or_default();
            self.place(at, Item { member: Some(format!("{member}{INTO}content{way}").into()), ..item });
        }
        if empty {
            let body = Err(Unread::Skipped(
                Reason::NoPkiContent,
                format!("{} without certificates or revocation lists", container.format),
            ));
            self.push(Item { body, findings, ..spot });
        } else {
            self.containers += 1;
        }
    }

    /// Reads a message that was found in a container.
    fn message(&mut self, bytes: &[u8]) -> Vec<Item> {
        if self.depth >= limits::CONTAINERS_DEEP {
            let detail = format!("containers nest deeper than {}", limits::CONTAINERS_DEEP);
            return vec![Item::whole_file(Err(Unread::Skipped(Reason::TooDeep, detail)), "file")];
        }
        let mut scratch = Vec::new();
        let tap = self.tap.as_mut().map(|tap| &mut **tap as _);
        let mut inner = Content::new(&mut scratch, None, tap);
        inner.depth = self.depth + 1;
        inner.most_broken = self.most_broken;
        (inner.archives, inner.wrappings, inner.unpacked) = (self.archives, self.wrappings, self.unpacked);
        if !inner.archive(bytes, &spot(0, 0, "file")) {
            inner.whole(bytes);
        }
        let (items, secret, unpacked) = (inner.items, inner.secret, inner.unpacked);
        self.secret |= secret;
        self.unpacked = unpacked;
        scratch.zeroize();
        items
    }

    /// Puts the items from `first` on into the order of the file, and numbers them anew.
    pub(super) fn sort(&mut self, first: usize) {
        if self.placed[first..].is_sorted() {
            return;
        }
        let mut items: Vec<_> = self.placed.drain(first..).zip(self.items.drain(first..)).collect();
        items.sort_by_key(|(at, _)| *at);
        for (at, item) in items {
            self.placed.push(at);
            self.items.push(item);
        }
        self.number();
    }

    /// Numbers the objects of the file, and its containers in the names of members.
    fn number(&mut self) {
        (self.own, self.containers) = (0, 0);
        let mut last: Option<(Box<str>, Box<str>)> = None;
        for item in &mut self.items {
            let Some(member) = &item.member else {
                item.index = self.own;
                self.own += 1;
                continue;
            };
            let (outer, way) = member.split_at(member.find(INTO).unwrap_or(member.len()));
            let now = match &last {
                Some((old, now)) if **old == *outer => now.clone(),
                _ => {
                    let format = outer.split('#').next().unwrap_or(outer);
                    self.containers += 1;
                    name(format, self.containers - 1).into_boxed_str()
                }
            };
            let renamed = (*now != *outer).then(|| format!("{now}{way}").into());
            last = Some((outer.into(), now));
            if let Some(renamed) = renamed {
                item.member = Some(renamed);
            }
        }
    }

    /// Adds an item of the file itself.
    pub(in crate::read) fn push(&mut self, mut item: Item) {
        if matches!(item.body, Err(Unread::Unreadable(..) | Unread::Skipped(..))) {
            self.broken += 1;
            if self.broken > self.most_broken {
                self.beyond.get_or_insert(item);
                return;
            }
        }
        item.index = self.own;
        self.own += 1;
        self.place(item.offset, item);
    }

    /// Adds one record for all that had none of their own, where the first of them lies.
    pub(super) fn push_beyond(&mut self) {
        if let Some(first) = self.beyond.take() {
            let most = self.most_broken;
            let detail = format!(
                "{} more places without an object behind the first {most}; --max-broken raises the limit",
                self.broken - most
            );
            let spot = spot(first.offset, first.line, first.container);
            self.broken = 0;
            self.most_broken = self.most_broken.max(1);
            self.push(Item { body: Err(Unread::Skipped(Reason::TooLarge, detail)), ..spot });
            self.sort(0);
        }
    }

    /// Adds an item that lies at `at` in the file, in a container or not.
    pub(super) fn place(&mut self, at: u64, item: Item) {
        self.placed.push(at);
        self.items.push(item);
    }
}

/// The member name of a container.
pub(super) fn name(format: &str, number: u32) -> String {
    if number == 0 { format.to_owned() } else { format!("{format}#{number}") }
}

/// An item in the making: where something lies, before it is known what it is.
pub(super) fn spot(offset: u64, line: u32, container: &'static str) -> Item {
    let body = Err(Unread::Skipped(Reason::NoPkiContent, String::new()));
    Item { offset, line, findings: Codes::NONE, ..Item::whole_file(body, container) }
}

#[cfg(test)]
mod tests;
