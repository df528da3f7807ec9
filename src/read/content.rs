//! The bytes of one file to items: DER by shape, containers by first bytes, text by its blocks.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::archive::Spare;
use super::cache::Cache;
use super::pem::Splitter;
use super::{INTO, Item, Options, forms, jwk, magic};
use crate::finding::{Code, Reason};
use crate::limits::{self, Limits};
use crate::pki::{Object, Unread};

mod contained;
mod file;
mod objects;
mod packed;
mod reopen;
mod windows;
mod wrapped;

pub(super) use file::{KEPT, Reader, wipe};
use packed::Unpacked;
pub(super) use packed::Within;
pub use reopen::{Reopener, certificates_in, each_private_key, reopen, revisit};

/// Sees the DER of every object as it is read.
type Tap<'t> = &'t mut dyn FnMut(&[u8], Option<&Object>);

/// What is being made of one file's bytes.
pub(super) struct Content<'c, 't> {
    items: Vec<Item>,
    /// Where each of them lies in the file; what is in a container lies where the container does.
    placed: Vec<u64>,
    /// How many of them lie in no container.
    own: u32,
    /// How many containers were opened, and how many this one lies in.
    containers: u32,
    depth: u32,
    /// How many wrappings were taken off what is being read, and how many archives it lies in.
    wrappings: u32,
    archives: u32,
    /// What comes out of archives in it, and buffers for them.
    unpacked: Unpacked,
    spare: Option<Box<Spare>>,
    /// Whether a private key was among them.
    secret: bool,
    scratch: &'c mut Vec<u8>,
    cache: Option<&'c mut Cache>,
    tap: Option<Tap<'t>>,
    /// Offset and line of the current window.
    base: u64,
    line: u32,
    /// Blocks from here on belong to the next window, if there is more of the file.
    cut: usize,
    more: bool,
    /// How many items of the file itself are no objects, the limit of them, and the first one beyond it.
    broken: u64,
    most_broken: u64,
    beyond: Option<Item>,
    /// Where the last object ends that begins before the cut.
    reached: usize,
    /// Where the blocks of the current text lie; kept for its memory.
    taken: Vec<Range<usize>>,
    /// The body of the last EC PARAMETERS block: an EC key without parameters means these.
    ec_parameters: Option<Zeroizing<Vec<u8>>>,
    /// Whether what stands before the last block may have told how to read it.
    by_prefix: bool,
    /// How far the object in the body of the last block reaches, if something else may follow it there.
    read_to: Option<usize>,
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
    fn new(scratch: &'c mut Vec<u8>, cache: Option<&'c mut Cache>, tap: Option<Tap<'t>>) -> Self {
        Self {
            items: Vec::new(),
            placed: Vec::new(),
            own: 0,
            containers: 0,
            depth: 0,
            wrappings: 0,
            archives: 0,
            unpacked: Unpacked::default(),
            spare: None,
            secret: false,
            scratch,
            cache,
            tap,
            base: 0,
            line: 1,
            cut: usize::MAX,
            more: false,
            broken: 0,
            most_broken: Limits::default().broken,
            beyond: None,
            reached: 0,
            taken: Vec::new(),
            ec_parameters: None,
            by_prefix: false,
            read_to: None,
        }
    }

    /// For one file in a run with these limits.
    pub(super) fn with_limits(
        scratch: &'c mut Vec<u8>,
        cache: Option<&'c mut Cache>,
        tap: Option<Tap<'t>>,
        limits: &Limits,
    ) -> Self {
        Self::with_most_broken(scratch, cache, tap, limits.broken)
    }

    /// For one file or member that may have so many records of its own that are no objects.
    fn with_most_broken(
        scratch: &'c mut Vec<u8>,
        cache: Option<&'c mut Cache>,
        tap: Option<Tap<'t>>,
        most_broken: u64,
    ) -> Self {
        Self { most_broken, ..Self::new(scratch, cache, tap) }
    }

    /// What was found.
    pub(super) fn finish(self) -> Made {
        Made { items: self.items, secret: self.secret, unpacked: self.unpacked.out }
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
        (self.base, self.line) = (at, 0);
        if end {
            self.text(buffer);
            self.push_beyond();
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
            self.secret = true;
            let plain = magic::holds_plain_objects(&unread);
            self.push(Item::whole_file(Err(unread), "file"));
            if !plain {
                return;
            }
        } else if jwk::holds_private_key(bytes) {
            self.secret = true;
            self.push(Item::whole_file(
                Err(Unread::Skipped(Reason::FormatNotRead, "JSON Web Key".to_owned())),
                "file",
            ));
        }
        self.text(bytes);
        self.push_beyond();
        let bytes = &bytes[blanks..];
        // What lies in an object that is cut short does not stand for it.
        if let Some(length) = crate::pki::declared_length(bytes)
            && (self.items.is_empty()
                || length > bytes.len() && self.items.iter().all(|item| item.container == "der"))
        {
            let unread = if length > bytes.len() {
                Unread::Unreadable(
                    Reason::BadObject,
                    format!("cut short: {} of {length} bytes are there", bytes.len()),
                )
            } else {
                Unread::Skipped(Reason::OtherFormat, "DER of no known kind".to_owned())
            };
            self.push(Item::whole_file(Err(unread), "der"));
            self.push_beyond();
            self.sort(0);
        } else if self.items.is_empty() && crate::pki::begins_without_length(bytes) {
            let unread = match crate::pki::first_element(bytes) {
                Some(_) => Unread::Skipped(Reason::OtherFormat, "BER of no known kind".to_owned()),
                None => Unread::Unreadable(Reason::BadObject, "BER that is cut short or broken".to_owned()),
            };
            self.push(Item::whole_file(Err(unread), "der"));
        }
    }

    /// Text in whatever encoding.
    fn text(&mut self, bytes: &[u8]) {
        let first = self.items.len();
        let narrowed = forms::to_narrow(bytes);
        let plain = narrowed.as_ref().is_none_or(|n| !n.whole);
        if self.more && bytes.len() < limits::BLOCK_TEXT {
            let open = if plain { super::pem::unclosed(bytes) } else { None };
            let wide = narrowed.as_ref().and_then(|n| Some(n.original(super::pem::unclosed(&n.bytes)?)));
            self.cut = open.into_iter().chain(wide).fold(self.cut, usize::min);
        }
        if plain {
            self.blocks(bytes, &|position| position);
        }
        if let Some(narrowed) = &narrowed {
            self.blocks(&narrowed.bytes, &|position| narrowed.original(position));
        }
        self.sort(first);
    }

    /// Blocks and what lies between them. `original` maps a position in `bytes` to one in the file's own
    /// bytes.
    fn blocks(&mut self, bytes: &[u8], original: &dyn Fn(usize) -> usize) {
        let mut taken = std::mem::take(&mut self.taken);
        taken.clear();
        for block in Splitter::from_line(bytes, self.line) {
            let offset = original(block.offset);
            let decoded = offset >= self.cut || self.block(&block, offset);
            // Text behind a mere mention of BEGIN is looked at like any other, and so is what follows an
            // object in it or without an END.
            let end =
                self.read_to.filter(|_| offset < self.cut).map_or(block.end, |reach| block.text + reach);
            if decoded && offset < self.cut {
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
            && self.base == 0
            && let Some(found) = forms::whole_hex(bytes)
            && self.candidate(&found, 0)
        {
            return self.taken = taken;
        }
        self.between_blocks(bytes, &mut taken, original);
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
            if gap.get(blanks) != Some(&0x30) || original(start) != start || start >= self.cut {
                continue;
            }
            let at = self.base + start as u64;
            let left =
                self.spaced(&gap[blanks..], |offset| contained::spot(at + offset as u64, 0, "der")).len();
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
            self.reached = self.reached.max(original(end));
        }
    }

    /// A file of DER objects that begin behind some blanks, one behind another; what follows them is looked
    /// at as text. `false` if the first bytes are no object.
    fn der(&mut self, bytes: &[u8], blanks: usize) -> bool {
        let rest =
            self.spaced(&bytes[blanks..], |offset| contained::spot((blanks + offset) as u64, 0, "der"));
        let found = self.items.len();
        if found > 0 && !rest.trim_ascii().is_empty() {
            let start = bytes.len() - rest.len();
            self.base = start as u64;
            self.line = 0;
            self.text(rest);
            (self.base, self.line) = (0, 1);
            if self.items.len() == found
                && let Some(last) = self.items.last_mut()
            {
                last.findings.insert(Code::TrailingData);
            }
        }
        found > 0
    }
}

/// Reads the bytes of one file that are in memory already: the door for a single buffer. What the file would
/// be told by its name, size or time is not known here; at least one item comes back. Those of the members of
/// an archive carry the way to them.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    if !reopen::archive_in(bytes, None, &mut |found| {
        let member = found.place.member().map(Arc::<str>::from);
        items.extend(found.items.into_iter().map(|item| {
            let way = match (&member, &item.member) {
                (Some(outer), Some(inner)) => Some(format!("{outer}{INTO}{inner}").into()),
                (outer, inner) => outer.clone().or_else(|| inner.clone()),
            };
            Item { member: way, ..item }
        }));
    }) {
        let mut scratch = Zeroizing::new(Vec::new());
        let mut content = Content::new(&mut scratch, None, None);
        content.whole(bytes);
        items = content.items;
    }
    if items.is_empty() {
        items.push(Item::whole_file(Err(Unread::Skipped(Reason::NoPkiContent, String::new())), "file"));
    }
    items
}
