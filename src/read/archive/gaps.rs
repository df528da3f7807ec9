//! What of a zip belongs to none of its members and not to its directory: what lies before, between and
//! behind them, and comments. No program that unpacks the zip shows it. It is looked at as text, and told if
//! it may be a member that the directory does not name.

use std::io::{self, Read};

use memchr::memmem;
use rawzip::ReaderAt as _;
use zeroize::Zeroizing;

use super::member::whole;
use super::visit::Visit;
use super::zip::{self, Bytes};
use crate::finding::Reason;
use crate::pki::Unread;
use crate::read::found::Item;
use crate::read::zeroizing_io::read_up_to;

/// Fewer bytes are padding: no member fits into them (its header has 30), and no key.
const LEAST: u64 = 32;

/// Extra fields up to this many bytes are what writers put there: times, owners, sizes.
const EXTRA: u64 = 256;

/// Bytes of what has no place that are searched for the header of a member.
const SEARCHED: usize = 64 << 10;

/// So many of them are told one by one.
const TOLD: u64 = 100;

/// Ranges of a file; those that follow one another are one.
#[derive(Default)]
struct Runs(Vec<(u64, u64)>);

impl Runs {
    fn add(&mut self, start: u64, end: u64) {
        match self.0.last_mut() {
            _ if end <= start => {}
            Some(last) if last.1 == start => last.1 = end,
            _ => self.0.push((start, end)),
        }
    }
}

/// Which bytes of a zip have a place in it.
pub(super) struct Covered {
    members: Runs,
    directory: Runs,
    /// Where the last record of the directory ends.
    reached: u64,
}

impl Covered {
    /// Of a zip whose directory begins there.
    pub(super) fn new(directory: u64) -> Self {
        Self { members: Runs::default(), directory: Runs::default(), reached: directory }
    }

    /// A record of the directory, without its comment and what of extra fields is more than usual.
    pub(super) fn record(&mut self, entry: &zip::Entry) {
        let zip::Record { start, named, extra, end } = entry.record;
        self.directory.add(start, if extra - named > EXTRA { named } else { extra });
        self.reached = end;
    }

    /// A member, whose content lies in `body`; what describes it behind that belongs to it (section 4.3.9).
    pub(super) fn member(
        &mut self,
        bytes: Bytes<'_>,
        entry: &zip::Entry,
        body: (u64, u64),
    ) -> io::Result<()> {
        let named = entry.offset.saturating_add(30 + entry.name.len() as u64).min(body.0);
        self.members.add(entry.offset, if body.0 - named > EXTRA { named } else { body.0 });
        self.members.add(body.0, body.1);
        if entry.descriptor {
            let mut room = [0; 24];
            let got = bytes.read_at(&mut room, body.1)?;
            self.members.add(body.1, body.1.saturating_add(entry.described(&room[..got])));
        }
        Ok(())
    }

    /// The end of the directory, at `at`, and before it what stands for large ones (sections 4.3.14 to
    /// 4.3.16).
    pub(super) fn end(&mut self, bytes: Bytes<'_>, at: u64) -> io::Result<()> {
        self.directory.add(at, at.saturating_add(22));
        for (start, mark, size) in
            [(self.reached, b"PK\x06\x06", 56), (at.saturating_sub(20), b"PK\x06\x07", 20)]
        {
            let mut found = [0; 4];
            if bytes.read_at(&mut found, start)? == 4 && &found == mark {
                self.directory.add(start, start.saturating_add(size).min(at));
            }
        }
        Ok(())
    }

    /// What is left of a file of this size.
    pub(super) fn gaps(self, size: u64) -> Vec<(u64, u64)> {
        let mut covered = self.members.0;
        covered.extend(self.directory.0);
        covered.sort_unstable();
        let (mut at, mut gaps) = (0u64, Vec::new());
        for (start, end) in covered.into_iter().chain([(size, size)]) {
            let start = start.min(size);
            if start.saturating_sub(at) >= LEAST {
                gaps.push((at, start));
            }
            at = at.max(end);
        }
        gaps
    }
}

/// Some of the bytes of a zip, in order.
struct Part<'b> {
    bytes: Bytes<'b>,
    at: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(out.len());
        let got = self.bytes.read_at(&mut out[..most], self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

/// Whether a member seems to lie in this: it begins with the mark of one, or has a header of one that says
/// what can be so.
fn holds_member(bytes: &[u8]) -> bool {
    let mark = b"PK\x03\x04";
    let padding = bytes.iter().take_while(|b| **b == 0).count();
    let word = |at: usize| bytes.get(at..at + 2).and_then(|w| w.try_into().ok()).map(u16::from_le_bytes);
    bytes[padding..].starts_with(mark)
        || memmem::find_iter(bytes, mark).any(|at| {
            let version = word(at + 4).is_some_and(|version| version & 0xff <= 63);
            let method = word(at + 8).is_some_and(|method| method <= 20 || (93..=99).contains(&method));
            version
                && method
                && word(at + 26).is_some_and(|name| name > 0 && at + 30 + usize::from(name) <= bytes.len())
        })
}

/// Looks at what has no place in a zip; what stands before its first member is a file of its own if it has up
/// to `front` bytes.
pub(super) fn look(
    visit: &mut dyn Visit,
    bytes: Bytes<'_>,
    gaps: Vec<(u64, u64)>,
    front: u64,
    own: &mut Vec<Item>,
) -> io::Result<()> {
    let mut head = Zeroizing::new(Vec::new());
    let (mut told, mut more) = (0u64, 0u64);
    for (start, end) in gaps {
        let mut part = Part { bytes, at: start, end };
        head.clear();
        let ended = read_up_to(&mut part, &mut head, SEARCHED)?;
        if ended && head.iter().all(|b| *b == 0) {
            continue;
        }
        if holds_member(&head) {
            told += 1;
            more += if told > TOLD { end - start } else { 0 };
            if told <= TOLD {
                let detail = format!(
                    "{} bytes at {start} belong to no member of its directory; they were looked at as text",
                    end - start
                );
                own.push(Item { offset: start, ..whole(Unread::Unreadable(Reason::BadObject, detail)) });
            }
        }
        if start == 0 && end <= front {
            visit.before(&mut Part { bytes, at: start, end }, own)?;
        } else {
            visit.behind(&head, &mut part, start, own)?;
        }
    }
    if told > TOLD {
        let detail = format!(
            "{} more places, of {more} bytes in all, belong to no member of its directory",
            told - TOLD
        );
        own.push(whole(Unread::Unreadable(Reason::BadObject, detail)));
    }
    Ok(())
}
