//! What one file may cost: how much may come out of it, how many members, how much is held in memory.

use std::cell::{Cell, RefCell};
use std::io;

use crate::limits::{self, Limits};
use crate::pki::Unread;
use crate::read::found::Item;

/// Spent while one archive is read, with all archives in it. The first limit that is reached ends the reading
/// of the whole file.
pub(in crate::read) struct Budget {
    left: Cell<u64>,
    all: u64,
    most: String,
    members: Cell<u64>,
    held: Cell<usize>,
    broken: Cell<u64>,
    each: u64,
    reached: RefCell<Option<String>>,
}

impl Budget {
    /// For an archive of so many bytes, out of which no more than `most` may come where it lies in something
    /// else.
    pub(in crate::read) fn new(size: u64, limits: &Limits, most: u64) -> Self {
        let file_size = limits.file_size;
        let ratio = limits::INFLATED_ANYWAY.saturating_add(size.saturating_mul(limits::INFLATED_RATIO));
        let all = ratio.min(file_size).min(most);
        let most = if all < ratio.min(file_size) {
            "more comes out of archives in one another than the limit; unpack them into a private folder and scan that".to_owned()
        } else if ratio < file_size {
            format!(
                "more than {ratio} bytes come out of its {size}; if that is right, unpack it into a private folder and scan that"
            )
        } else {
            format!("more than {file_size} bytes come out of it; --max-file-size raises the limit")
        };
        Self {
            left: Cell::new(all),
            all,
            most,
            members: Cell::new(0),
            held: Cell::new(0),
            broken: Cell::new(limits.broken),
            each: limits.broken.min(1),
            reached: RefCell::new(None),
        }
    }

    /// Bytes that came out of a compressed stream, a zip or a hole.
    pub(in crate::read) fn spend(&self, bytes: usize) -> io::Result<()> {
        match self.left.get().checked_sub(bytes as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.reach(self.most.clone())),
        }
    }

    /// Bytes that came out of archives in the text of a member, within what was left.
    pub(in crate::read) fn take(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    /// What may still come out of it.
    pub(in crate::read) const fn left(&self) -> u64 {
        self.left.get()
    }

    /// What came out of it.
    pub(in crate::read) const fn spent(&self) -> u64 {
        self.all - self.left.get()
    }

    /// One more member.
    pub(in crate::read) fn member(&self) -> io::Result<()> {
        self.members.set(self.members.get() + 1);
        if self.members.get() > limits::MEMBERS {
            return Err(self.reach(format!(
                "more than {} members; unpack it into a private folder and scan that",
                limits::MEMBERS
            )));
        }
        Ok(())
    }

    /// So many bytes more may be held in memory at the same time.
    pub(in crate::read) const fn room(&self) -> usize {
        limits::MEMBERS_HELD.saturating_sub(self.held.get())
    }

    /// Notes that so many bytes are held until [`Budget::let_go`].
    pub(in crate::read) fn hold(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_add(bytes));
    }

    /// They are held no more.
    pub(in crate::read) fn let_go(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// How many records that are no objects the next member may have: one at least, since it may be the only
    /// one that it has.
    pub(in crate::read) fn broken(&self) -> u64 {
        self.broken.get().max(self.each)
    }

    /// Counts those of a member. Otherwise each of a thousand small members could have as many as a file.
    pub(in crate::read) fn count_broken(&self, items: &[Item]) {
        let is_broken = |item: &&Item| {
            item.member.is_none() && matches!(item.body, Err(Unread::Unreadable(..) | Unread::Skipped(..)))
        };
        let count = items.iter().filter(is_broken).count() as u64;
        self.broken.set(self.broken.get().saturating_sub(count.saturating_sub(self.each)));
    }

    /// Which limit was reached.
    pub(in crate::read) fn reached(&self) -> Option<String> {
        self.reached.borrow().clone()
    }

    fn reach(&self, says: String) -> io::Error {
        let error = io::Error::other(says.clone());
        self.reached.borrow_mut().get_or_insert(says);
        error
    }
}
