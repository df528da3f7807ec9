//! Files that do not fit into one window: text is read piece by piece, each object whole in one of them.

use std::io::{self, Read};

use super::Content;
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;
use crate::read::found::Item;
use crate::read::magic;
use crate::read::options::Options;
use crate::read::pem::Lines;
use crate::read::zeroizing_io::read_more;

/// Text that a window shares with the next one, so that what lies across the border is whole in one of them.
/// Only a block may be larger: one without an END in a window moves the border back to its BEGIN.
const OVERLAP: usize = 16 << 20;

impl Content<'_, '_> {
    /// A file that does not fit into one window.
    pub(super) fn windows(
        &mut self,
        file: &mut dyn Read,
        buffer: &mut Vec<u8>,
        options: &Options,
        hash: &mut Option<Fingerprint>,
    ) -> io::Result<()> {
        if let Some(unread) = magic::recognise(buffer) {
            self.found.push(Item::whole_file(Err(unread), "file"));
        } else if crate::pki::declared_length(buffer).is_some() {
            let detail = format!("a binary object of more than {} bytes", limits::OBJECT_SIZE);
            self.found.push(Item::whole_file(Err(Unread::Skipped(Reason::TooLarge, detail)), "file"));
        }
        self.text_in_windows(file, buffer, options, hash)
    }

    /// Its text, piece by piece; the first one is in the buffer.
    pub(super) fn text_in_windows(
        &mut self,
        file: &mut dyn Read,
        buffer: &mut Vec<u8>,
        options: &Options,
        hash: &mut Option<Fingerprint>,
    ) -> io::Result<()> {
        let mut digest =
            options.hash_files.then(|| aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256));
        let window = options.limits.window.max(2 * OVERLAP);
        let mut fresh = 0;
        let mut end = false;
        loop {
            if let Some(digest) = &mut digest {
                digest.update(&buffer[fresh..]);
            }
            self.at.more = !end;
            self.at.cut = if end { usize::MAX } else { buffer.len() - OVERLAP.min(buffer.len()) };
            self.text(buffer);
            if end {
                break;
            }
            // The rest of an object that lies over the cut is not looked at again: it could be taken for
            // another one.
            let next = self.at.cut.max(std::mem::take(&mut self.at.reached)).min(buffer.len());
            let keep = buffer.len() - next;
            self.at.base += next as u64;
            self.at.line = Lines::new(buffer, self.at.line).at(next);
            buffer.copy_within(next.., 0);
            buffer.truncate(keep);
            fresh = keep;
            // A window grows with what is known to be the text of one block, so each byte is looked at a
            // constant number of times.
            end = read_more(
                file,
                buffer,
                keep.saturating_mul(2).clamp(window, limits::BLOCK_TEXT.max(window)),
            )?;
        }
        self.found.push_beyond();
        if let Some(digest) = digest {
            *hash = digest.finish().as_ref().try_into().ok().map(Fingerprint::from_bytes);
        }
        Ok(())
    }
}
