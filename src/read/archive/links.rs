//! Links in a tar: whether they lead out of it, and what was found where hard links lead to.
//!
//! A hard link is one more place of a file that came before it: what was found there is found at the link
//! too. What a symbolic link leads to is read under its own name, unless it lies elsewhere.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;

use super::budget::Budget;
use super::member::{Way, join, name, shown, whole};
use super::tar::Link;
use super::visit::Visit;
use super::watched::Known;
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::read::found::Item;

/// The members of one tar, by a hash of their names.
#[derive(Default)]
pub(super) struct Links {
    state: RandomState,
    members: HashMap<u64, Known>,
    kept: u64,
}

impl Links {
    /// Notes what was found in a member of so many bytes.
    pub(super) fn met(&mut self, name: &[u8], size: u64, known: Known) {
        let Some(key) = self.key(name) else { return };
        // Facts of objects can be about as large as their text.
        let cost = size.max(limits::LINKED_EACH);
        let known = match known {
            Known::Items(_) if self.kept.saturating_add(cost) > limits::LINKED => Known::Much,
            Known::Items(items) => {
                self.kept += cost;
                Known::Items(items)
            }
            other => other,
        };
        self.members.insert(key, known);
    }

    fn key(&self, name: &[u8]) -> Option<u64> {
        Some(self.state.hash_one(inside(&[], name)?))
    }

    /// Tells of a link, or what is found by it.
    pub(super) fn link(
        &mut self,
        visit: &mut dyn Visit,
        budget: &Budget,
        only: Option<&str>,
        way: &Way,
        link: &Link,
    ) -> io::Result<()> {
        let at = join(way, &name(&link.name));
        if link.hard && only.is_some() && only == at.as_deref() {
            visit.leads_to(join(way, &name(&link.target)));
        }
        let says = format!("a {} to {}", if link.hard { "hard link" } else { "link" }, shown(&link.target));
        let unread = if link.hard {
            match self.key(&link.target).and_then(|key| self.members.get(&key)).cloned() {
                Some(Known::Items(found)) => return self.linked(visit, budget, &at, link, &found),
                Some(Known::Nothing) => Unread::Skipped(Reason::LinkInArchive, says),
                Some(Known::Much) => {
                    Unread::Skipped(Reason::LinkRepeated, format!("{says}; what is in it is told only there"))
                }
                None => Unread::Skipped(
                    Reason::SpecialFile,
                    format!("{says}, which is not before it in the archive"),
                ),
            }
        } else if inside(&link.name, &link.target).is_some() {
            Unread::Skipped(Reason::LinkInArchive, says)
        } else {
            Unread::Skipped(Reason::SpecialFile, says)
        };
        visit.emit(&at, link.time, None, vec![whole(unread)]);
        Ok(())
    }

    /// What was found in the file is found at a hard link to it too.
    fn linked(
        &mut self,
        visit: &mut dyn Visit,
        budget: &Budget,
        at: &Way,
        link: &Link,
        found: &Arc<(Vec<Item>, Option<Fingerprint>)>,
    ) -> io::Result<()> {
        for _ in 1..found.0.len() {
            // A link is shorter than what it repeats.
            budget.member()?;
        }
        visit.emit(at, link.time, found.1, found.0.clone());
        if let Some(key) = self.key(&link.name) {
            // Shared with the first, so it costs nothing more.
            self.members.insert(key, Known::Items(Arc::clone(found)));
        }
        Ok(())
    }
}

/// Where a link of this name leads to, from the root of its archive; `None` if that is out of it.
fn inside(link: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let is_absolute = target.starts_with(b"/") && !link.is_empty();
    let folder = memchr::memrchr(b'/', link).map_or(&[][..], |at| &link[..at]);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in folder.split(|b| *b == b'/').chain(target.split(|b| *b == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!is_absolute).then(|| parts.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_out_of_an_archive_or_not() {
        for (link, target, want) in [
            ("a", "b", Some("b")),
            ("./x/a", "../b", Some("b")),
            ("x/y/a", "./../z//b", Some("x/z/b")),
            ("x/a", "../../b", None),
            ("a", "..", None),
            ("a", "/etc/ssl/private/tls.key", None),
            ("", "/a/./b", Some("a/b")),
            ("../a", "b", None),
        ] {
            assert_eq!(
                inside(link.as_bytes(), target.as_bytes()).as_deref(),
                want.map(str::as_bytes),
                "{link} -> {target}"
            );
        }
    }
}
