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

use super::records::{Records, name, spot};
use super::{Allowance, Content, Lent};
use crate::finding::Reason;
use crate::limits;
use crate::pki::{Contained, Object, Unread};
use crate::read::found::Item;
use crate::read::place::INTO;

impl Content<'_, '_> {
    /// Adds what a container holds. `spot` stands for the container itself.
    pub(super) fn contained(&mut self, container: Contained<'_>, spot: Item) {
        let member: Arc<str> = name(container.format, self.found.containers).into();
        let findings = container.findings.union(spot.findings);
        let at = spot.offset;
        let mut index = 0;
        let message = container.content();
        for piece in container.pieces {
            self.found.secret |=
                !matches!(&piece.body, Ok(object) if !matches!(object, Object::PrivateKey(_)));
            if let (Ok(object), Some(tap)) = (&piece.body, &mut self.lent.tap) {
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
            self.found.place(at, item);
            index += 1;
        }
        let inside = message.map(|message| self.message(&message)).unwrap_or_default();
        let empty = index == 0 && inside.is_empty();
        for item in inside {
            let way = item.member.as_deref().map(|inner| format!("{INTO}{inner}")).unwrap_or_default();
            self.found.place(at, Item { member: Some(format!("{member}{INTO}content{way}").into()), ..item });
        }
        if empty {
            let body = Err(Unread::Skipped(
                Reason::NoPkiContent,
                format!("{} without certificates or revocation lists", container.format),
            ));
            self.found.push(Item { body, findings, ..spot });
        } else {
            self.found.containers += 1;
        }
    }

    /// Reads a message that was found in a container.
    fn message(&mut self, bytes: &[u8]) -> Vec<Item> {
        if self.cost.containers >= limits::CONTAINERS_DEEP {
            let detail = format!("containers nest deeper than {}", limits::CONTAINERS_DEEP);
            return vec![Item::whole_file(Err(Unread::Skipped(Reason::TooDeep, detail)), "file")];
        }
        let mut scratch = Vec::new();
        let lent = Lent {
            scratch: &mut scratch,
            cache: None,
            tap: self.lent.tap.as_mut().map(|tap| &mut **tap as _),
            unpack: self.lent.unpack,
        };
        let broken = self.found.most_broken;
        let mut inner =
            Content::new(lent, Allowance { broken, containers: self.cost.containers + 1, ..self.cost });
        if !inner.archive(bytes, &spot(0, 0, "file")) {
            inner.whole(bytes);
        }
        let (Records { items, secret, .. }, unpacked) = (inner.found, inner.cost.unpacked);
        self.found.secret |= secret;
        self.cost.unpacked = unpacked;
        scratch.zeroize();
        items
    }
}

#[cfg(test)]
mod tests;
