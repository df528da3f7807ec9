//! The bytes of one file to items: DER by shape, containers by first bytes, text by its blocks.
//!
//! [`Content`] is where in the file it is ([`Window`]), what it found ([`Records`]), what it may still cost
//! ([`Allowance`]) and what it works with ([`Lent`]).

use std::io::{self, Read};
use std::ops::Range;

use zeroize::Zeroizing;

use super::archive::spare::Spare;
use super::forms::{self, Haystack};
use super::found::Item;
use super::options::Options;
use super::pem::{Splitter, unclosed};
use super::zeroizing_io::read_more;
use super::{jwk, magic};
use crate::finding::{Code, Reason};
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::Unread;

mod allowance;
mod contained;
mod lent;
mod objects;
mod packed;
mod records;
mod window;
mod windows;
mod wrapped;

pub(super) use allowance::Allowance;
pub(super) use lent::{InText, Lent};
use records::{Records, spot};
use window::Window;

/// What is being made of one file's bytes.
pub(super) struct Content<'c, 't> {
    /// Where in the file.
    at: Window,
    /// What was found.
    found: Records,
    /// What it may still cost.
    cost: Allowance,
    /// What it works with.
    lent: Lent<'c, 't>,
    /// Buffers for archives in text.
    spare: Option<Box<Spare>>,
    /// Where the blocks of the current text lie; kept for its memory.
    taken: Vec<Range<usize>>,
    /// The body of the last EC PARAMETERS block: an EC key without parameters means these.
    ec_parameters: Option<Zeroizing<Vec<u8>>>,
}

/// What was made of one file's bytes.
pub(super) struct Made {
    pub(super) items: Vec<Item>,
    /// Whether a private key was among them, or something that may be one.
    pub(super) secret: bool,
    /// Bytes that came out of archives in its text.
    pub(super) unpacked: u64,
}

impl<'c, 't> Content<'c, 't> {
    /// For one file, one member of an archive, or one message of a container.
    pub(super) fn new(lent: Lent<'c, 't>, cost: Allowance) -> Self {
        Self {
            at: Window::default(),
            found: Records::new(cost.broken),
            cost,
            lent,
            spare: None,
            taken: Vec::new(),
            ec_parameters: None,
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Made {
        Made { items: self.found.items, secret: self.found.secret, unpacked: self.cost.unpacked.out }
    }

    /// Adds a record of the file itself.
    pub(super) fn push(&mut self, item: Item) {
        self.found.push(item);
    }

    /// Reads a file whose beginning is in the buffer, or all of it if `end`; sets `end` if all of it is there
    /// in the end.
    ///
    /// # Errors
    /// What reading gives; what was found before stays.
    pub(super) fn file(
        &mut self,
        source: &mut dyn Read,
        buffer: &mut Vec<u8>,
        end: &mut bool,
        options: &Options,
        hash: &mut Option<Fingerprint>,
    ) -> io::Result<()> {
        // Binary objects are read whole; only text can be read in windows.
        if !*end && crate::pki::declared_length(buffer).is_some_and(|length| length <= limits::OBJECT_SIZE) {
            *end = read_more(source, buffer, limits::OBJECT_SIZE + 1)?;
        }
        if *end {
            *hash = options.hash_files.then(|| Fingerprint::of(buffer));
            self.whole(buffer);
            return Ok(());
        }
        self.windows(source, buffer, options, hash)
    }

    /// What lies from `at` on in a file that has another form before it, looked at as text. Its beginning is
    /// in the buffer, or all of it.
    pub(super) fn behind(
        &mut self,
        rest: &mut dyn Read,
        buffer: &mut Vec<u8>,
        end: bool,
        at: u64,
        options: &Options,
    ) -> io::Result<()> {
        (self.at.base, self.at.line) = (at, 0);
        if end {
            self.text(buffer);
            self.found.push_beyond();
            return Ok(());
        }
        self.text_in_windows(rest, buffer, options, &mut None)
    }

    /// All bytes of a file.
    pub(super) fn whole(&mut self, bytes: &[u8]) {
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if bytes.get(blanks) == Some(&0x30) && self.der(bytes, blanks) {
            return;
        }
        if let Some(unread) = magic::recognise(bytes) {
            // Keys lie in some of them as they are.
            self.found.secret = true;
            let plain = magic::holds_plain_objects(&unread);
            self.found.push(Item::whole_file(Err(unread), "file"));
            if !plain {
                return;
            }
        } else if jwk::holds_private_key(bytes) {
            self.found.secret = true;
            self.found.push(Item::whole_file(
                Err(Unread::Skipped(Reason::FormatNotRead, "JSON Web Key".to_owned())),
                "file",
            ));
        }
        self.text(bytes);
        self.found.push_beyond();
        let bytes = &bytes[blanks..];
        // What lies in an object that is cut short does not stand for it.
        if let Some(length) = crate::pki::declared_length(bytes)
            && (self.found.items.is_empty()
                || length > bytes.len() && self.found.items.iter().all(|item| item.container == "der"))
        {
            let unread = if length > bytes.len() {
                Unread::Unreadable(
                    Reason::BadObject,
                    format!("cut short: {} of {length} bytes are there", bytes.len()),
                )
            } else {
                Unread::Skipped(Reason::OtherFormat, "DER of no known kind".to_owned())
            };
            self.found.push(Item::whole_file(Err(unread), "der"));
            self.found.push_beyond();
            self.found.sort(0);
        } else if self.found.items.is_empty() && crate::pki::begins_without_length(bytes) {
            let unread = match crate::pki::first_element(bytes) {
                Some(_) => Unread::Skipped(Reason::OtherFormat, "BER of no known kind".to_owned()),
                None => Unread::Unreadable(Reason::BadObject, "BER that is cut short or broken".to_owned()),
            };
            self.found.push(Item::whole_file(Err(unread), "der"));
        }
    }

    /// Text in whatever encoding.
    fn text(&mut self, bytes: &[u8]) {
        let first = self.found.items.len();
        let haystack = Haystack::new(bytes);
        let narrowed = forms::to_narrow(&haystack);
        let plain = narrowed.as_ref().is_none_or(|n| !n.whole);
        if self.at.more && bytes.len() < limits::BLOCK_TEXT {
            let open = if plain { unclosed(bytes) } else { None };
            let wide = narrowed.as_ref().and_then(|n| Some(n.original(unclosed(&n.bytes)?)));
            self.at.cut = open.into_iter().chain(wide).fold(self.at.cut, usize::min);
        }
        if plain {
            self.blocks(&haystack, &|position| position);
        }
        if let Some(narrowed) = &narrowed {
            self.blocks(&Haystack::new(&narrowed.bytes), &|position| narrowed.original(position));
        }
        self.found.sort(first);
    }

    /// Blocks and what lies between them. `original` maps a position in `bytes` to one in the file's own
    /// bytes.
    fn blocks(&mut self, haystack: &Haystack<'_>, original: &dyn Fn(usize) -> usize) {
        let bytes = haystack.bytes();
        let mut taken = std::mem::take(&mut self.taken);
        taken.clear();
        for block in Splitter::from_line(bytes, self.at.line) {
            let offset = original(block.offset);
            let (decoded, reach) =
                if offset < self.at.cut { self.block(&block, offset) } else { (true, None) };
            // Text behind a mere mention of BEGIN is looked at like any other, and so is what follows an
            // object in it or without an END.
            let end = reach.map_or(block.end, |reach| block.text + reach);
            if decoded && offset < self.at.cut {
                self.reach(end, bytes, original);
            }
            if decoded {
                taken.push(block.offset..end);
            }
        }
        let behind = self.behind_blocks(bytes, &taken, original);
        if !behind.is_empty() {
            taken.extend(behind);
            taken.sort_unstable_by_key(|range| range.start);
        }
        if taken.is_empty()
            && self.at.base == 0
            && let Some(found) = forms::whole_hex(bytes)
            && self.candidate(&found, 0)
        {
            return self.taken = taken;
        }
        self.between_blocks(haystack, &mut taken, original);
        self.taken = taken;
    }

    /// Binary elements right behind a block; the ranges they fill, for nobody to look for text in them.
    fn behind_blocks(
        &mut self,
        bytes: &[u8],
        taken: &[Range<usize>],
        original: &dyn Fn(usize) -> usize,
    ) -> Vec<Range<usize>> {
        let mut read = Vec::new();
        for (i, block) in taken.iter().enumerate() {
            let end = taken.get(i + 1).map_or(bytes.len(), |next| next.start);
            let Some(gap) = bytes.get(block.end..end) else { continue };
            let blanks = gap.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
            let start = block.end + blanks;
            // Narrowed text holds no binary elements.
            if gap.get(blanks) != Some(&0x30) || original(start) != start || start >= self.at.cut {
                continue;
            }
            let at = self.at.base + start as u64;
            let left = self.spaced(&gap[blanks..], |offset| spot(at + offset as u64, 0, "der")).len();
            if end - left > start {
                self.reach(end - left, bytes, original);
                read.push(start..end - left);
            }
        }
        read
    }

    /// Notes that what lies before `end` belongs to an object. One that reaches to the end of the window may
    /// go on behind it.
    fn reach(&mut self, end: usize, bytes: &[u8], original: &dyn Fn(usize) -> usize) {
        if end < bytes.len() {
            self.at.reached = self.at.reached.max(original(end));
        }
    }

    /// A file of DER objects that begin behind some blanks, one behind another; what follows them is looked
    /// at as text. `false` if the first bytes are no object.
    fn der(&mut self, bytes: &[u8], blanks: usize) -> bool {
        let rest = self.spaced(&bytes[blanks..], |offset| spot((blanks + offset) as u64, 0, "der"));
        let found = self.found.items.len();
        if found > 0 && !rest.trim_ascii().is_empty() {
            let start = bytes.len() - rest.len();
            self.at.base = start as u64;
            self.at.line = 0;
            self.text(rest);
            (self.at.base, self.at.line) = (0, 1);
            if self.found.items.len() == found
                && let Some(last) = self.found.items.last_mut()
            {
                last.findings.insert(Code::TrailingData);
            }
        }
        found > 0
    }
}
