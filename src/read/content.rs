//! The bytes of one file to items: DER by shape, containers by first bytes, text by its blocks.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use super::cache::{Cache, Outcome};
use super::forms;
use super::pem::{Block, Splitter};
use super::pipeline::Options;
use super::walk::{Met, io_unread};
use super::{Found, Item, Place, RootKind, Roots, StdinBytes, jwk, magic};
use crate::finding::{Code, Codes, Reason};
use crate::id::Fingerprint;
use crate::limits::{self, Limits};
use crate::pki::{Label, Object, Parsed, Unread, is_signature, read_der, read_labelled};
use crate::time::Time;

mod contained;
mod reopen;

pub use reopen::{Reopener, certificates_in, each_private_key, reopen, revisit};
mod wrapped;

/// Text that a window shares with the next one, so that what lies across the border is whole in one of them. Only a block may be larger: one
/// without an END in a window moves the border back to its BEGIN.
const OVERLAP: usize = 16 << 20;

/// Reads files, one after another, on one thread. Its buffers held key material: they are wiped after every file that had some.
pub(super) struct Reader<'a> {
    options: &'a Options,
    roots: &'a Roots,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    cache: Cache,
}

/// Sees the DER of every object as it is read.
type Tap<'t> = &'t mut dyn FnMut(&[u8], Option<&Object>);

impl<'a> Reader<'a> {
    pub(super) fn new(options: &'a Options, roots: &'a Roots) -> Self {
        Self { options, roots, buffer: Vec::new(), scratch: Vec::new(), cache: Cache::new() }
    }

    /// Forgets everything, after a defect.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.options, self.roots);
    }

    /// Reads one file.
    pub(super) fn read(&mut self, met: Met) -> Found {
        let place = Place::new(met.root, &met.path);
        let mut found = Found { place, modified: None, file_hash: None, items: Vec::new() };
        match (met.outcome, met.open) {
            (Err(unread), _) => found.items.push(Item::whole_file(Err(unread), "file")),
            (Ok(()), Some(path)) => self.read_file(&path, &mut found),
            (Ok(()), None) => {
                if let Some(RootKind::Stdin(bytes)) = self.roots.list().get(met.root as usize).map(|r| &r.kind) {
                    self.read_stdin(bytes, &mut found);
                }
            }
        }
        if found.items.is_empty() {
            found.items.push(Item::whole_file(Err(Unread::Skipped(Reason::NoPkiContent, String::new())), "file"));
        }
        found
    }

    fn read_stdin(&mut self, bytes: &StdinBytes, found: &mut Found) {
        let limit = self.options.limits.file_size;
        let too_large = |detail| found_whole(Unread::Skipped(Reason::TooLarge, detail));
        let Some(bytes) = bytes.expose() else {
            let detail = format!("more than {} bytes on standard input; write them to a file and name that", limits::STDIN);
            return found.items = too_large(detail);
        };
        if bytes.len() as u64 > limit {
            return found.items = too_large(format!("{} bytes; --max-file-size raises the limit of {limit}", bytes.len()));
        }
        found.file_hash = self.options.hash_files.then(|| Fingerprint::of(bytes));
        let mut content = Content::new(&mut self.scratch, Some(&mut self.cache), None);
        content.most_broken = self.options.limits.broken;
        content.whole(bytes);
        found.items = content.items;
    }

    fn read_file(&mut self, path: &Path, found: &mut Found) {
        let trouble = found_whole;
        let opened = match open(path) {
            Ok(Ok(opened)) => opened,
            Ok(Err(unread)) => return found.items = trouble(unread),
            Err(error) => return found.items = trouble(io_unread(&error)),
        };
        found.modified = Some(opened.modified);
        let limit = &self.options.limits;
        if opened.size > limit.file_size {
            let detail = format!("{} bytes; --max-file-size raises the limit of {}", opened.size, limit.file_size);
            return found.items = trouble(Unread::Skipped(Reason::TooLarge, detail));
        }
        let mut file = opened.file;
        let end = match fill(&mut file, &mut self.buffer, opened.size.min(limit.window as u64) as usize, limit.window) {
            Ok(end) => end,
            Err(error) => return found.items = trouble(io_unread(&error)),
        };
        // Binary objects are read whole; only text can be read in windows.
        let object = crate::pki::declared_length(&self.buffer).filter(|length| !end && *length <= limits::OBJECT_SIZE);
        let end = match object.map(|_| read_more(&mut file, &mut self.buffer, limits::OBJECT_SIZE + 1)) {
            Some(Ok(end)) => end,
            Some(Err(error)) => return found.items = trouble(io_unread(&error)),
            None => end,
        };
        let mut content = Content::new(&mut self.scratch, Some(&mut self.cache), None);
        content.most_broken = limit.broken;
        if end {
            found.file_hash = self.options.hash_files.then(|| Fingerprint::of(&self.buffer));
            content.whole(&self.buffer);
        } else if let Err(error) = content.windows(&mut file, &mut self.buffer, self.options, &mut found.file_hash) {
            content.items.push(Item::whole_file(Err(io_unread(&error)), "file"));
        }
        if self.buffer.len() as u64 != opened.size && end {
            content.items.iter_mut().for_each(|i| i.findings.insert(Code::SourceChanged));
        }
        let secret = content.secret;
        found.items = content.items;
        // A window that grew for one block is not kept for the next file.
        if secret || self.buffer.capacity() > 2 * limit.window {
            wipe(&mut self.buffer);
        }
    }
}

/// The only item of a file that was not read.
fn found_whole(unread: Unread) -> Vec<Item> {
    vec![Item::whole_file(Err(unread), "file")]
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.scratch.zeroize();
    }
}

/// Overwrites a buffer that is used again, with its spare room, where decoding in place leaves text. A plain fill is as fast as memory and
/// cannot be optimised away, since the buffer lives on. Room that only a large file needed is given back, so that this stays cheap.
fn wipe(buffer: &mut Vec<u8>) {
    buffer.resize(buffer.capacity(), 0);
    buffer.fill(0);
    std::hint::black_box(buffer.as_slice());
    buffer.clear();
    buffer.shrink_to(KEPT);
}

/// Room that a buffer keeps after it was wiped.
const KEPT: usize = 1 << 20;

struct Opened {
    file: File,
    size: u64,
    modified: Time,
}

/// Opens a regular file and nothing else: `O_NONBLOCK` makes sure that a FIFO put in its place does not stop the run.
fn open(path: &Path) -> io::Result<Result<Opened, Unread>> {
    let flags = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Ok(Err(Unread::Skipped(Reason::SpecialFile, String::new())));
    }
    Ok(Ok(Opened { file, size: meta.len(), modified: Time::from_unix(meta.mtime()) }))
}

/// Reads up to `most` bytes behind what the buffer holds; `expected` sizes the first read. `true` at the end of the file.
fn fill(file: &mut File, buffer: &mut Vec<u8>, expected: usize, most: usize) -> io::Result<bool> {
    buffer.clear();
    // One byte more than expected is asked for, so a file of the expected size ends with the first read.
    super::fill::reserve(buffer, expected.saturating_add(1));
    super::fill::read_to_end(&mut file.take(most as u64), buffer)?;
    Ok(buffer.len() < most)
}

/// What is being made of one file's bytes.
struct Content<'c, 't> {
    items: Vec<Item>,
    /// Where each of them lies in the file; what is in a container lies where the container does.
    placed: Vec<u64>,
    /// How many of them lie in no container.
    own: u32,
    /// How many containers were opened, and how many this one lies in.
    containers: u32,
    depth: u32,
    /// How many wrappings were taken off what is being read.
    wrappings: u32,
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
    /// How many items of the file itself are no objects, and the the limit of them, and the first one beyond it.
    broken: u64,
    most_broken: u64,
    beyond: Option<Item>,
    /// Where the last object ends that begins before the cut.
    reached: usize,
    /// Where the blocks of the current text lie; kept for its memory.
    taken: Vec<Range<usize>>,
    /// The body of the last EC PARAMETERS block: an EC key without parameters means these.
    ec_parameters: Option<Zeroizing<Vec<u8>>>,
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
        }
    }

    /// All bytes of a file.
    fn whole(&mut self, bytes: &[u8]) {
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if bytes.get(blanks) == Some(&0x30) && self.der(bytes, blanks) {
            return;
        }
        if let Some(unread) = magic::recognise(bytes) {
            // Keys lie in some of them as they are.
            self.secret = true;
            let plain = magic::holds_plain_text(&unread);
            self.push(Item::whole_file(Err(unread), "file"));
            if !plain {
                return;
            }
        } else if jwk::holds_private_key(bytes) {
            self.secret = true;
            self.push(Item::whole_file(Err(Unread::Skipped(Reason::FormatNotRead, "JSON Web Key".to_owned())), "file"));
        }
        self.text(bytes);
        self.push_beyond();
        let bytes = &bytes[blanks..];
        // What lies in an object that is cut short does not stand for it.
        if let Some(length) = crate::pki::declared_length(bytes)
            && (self.items.is_empty() || length > bytes.len() && self.items.iter().all(|item| item.container == "der"))
        {
            let unread = if length > bytes.len() {
                Unread::Unreadable(Reason::BadObject, format!("cut short: {} of {length} bytes are there", bytes.len()))
            } else {
                Unread::Skipped(Reason::OtherFormat, "DER of no known kind".to_owned())
            };
            self.push(Item::whole_file(Err(unread), "der"));
            self.sort(0);
        }
    }

    /// A file that does not fit into one window.
    fn windows(&mut self, file: &mut File, buffer: &mut Vec<u8>, options: &Options, hash: &mut Option<Fingerprint>) -> io::Result<()> {
        let mut digest = options.hash_files.then(|| aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256));
        let window = options.limits.window.max(2 * OVERLAP);
        let mut fresh = 0;
        let mut end = false;
        if let Some(unread) = magic::recognise(buffer) {
            self.push(Item::whole_file(Err(unread), "file"));
        } else if crate::pki::declared_length(buffer).is_some() {
            let detail = format!("a binary object of more than {} bytes", limits::OBJECT_SIZE);
            self.push(Item::whole_file(Err(Unread::Skipped(Reason::TooLarge, detail)), "file"));
        }
        loop {
            if let Some(digest) = &mut digest {
                digest.update(&buffer[fresh..]);
            }
            self.more = !end;
            self.cut = if end { usize::MAX } else { buffer.len() - OVERLAP.min(buffer.len()) };
            self.text(buffer);
            if end {
                break;
            }
            // The rest of an object that lies over the cut is not looked at again: it could be taken for another one.
            let next = self.cut.max(std::mem::take(&mut self.reached)).min(buffer.len());
            let keep = buffer.len() - next;
            self.base += next as u64;
            self.line = super::pem::Lines::new(buffer, self.line).at(next);
            buffer.copy_within(next.., 0);
            buffer.truncate(keep);
            fresh = keep;
            // A window grows with what is known to be the text of one block, so each byte is looked at a constant number of times.
            end = read_more(file, buffer, keep.saturating_mul(2).clamp(window, limits::BLOCK_TEXT.max(window)))?;
        }
        self.push_beyond();
        if let Some(digest) = digest {
            *hash = digest.finish().as_ref().try_into().ok().map(Fingerprint::from_bytes);
        }
        Ok(())
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

    /// Blocks and what lies between them. `original` maps a position in `bytes` to one in the file's own bytes.
    fn blocks(&mut self, bytes: &[u8], original: &dyn Fn(usize) -> usize) {
        let mut taken = std::mem::take(&mut self.taken);
        taken.clear();
        for block in Splitter::from_line(bytes, self.line) {
            let offset = original(block.offset);
            let decoded = offset >= self.cut || self.block(&block, offset);
            if decoded && offset < self.cut {
                self.reach(block.end, bytes, original);
            }
            // Text behind a mere mention of BEGIN is looked at like any other.
            if decoded {
                taken.push(block.offset..block.end);
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
    fn behind_blocks(&mut self, bytes: &[u8], taken: &[Range<usize>], original: &dyn Fn(usize) -> usize) -> Vec<Range<usize>> {
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
            let left = self.spaced(&gap[blanks..], |offset| contained::spot(at + offset as u64, 0, "der")).len();
            if end - left > start {
                self.reach(end - left, bytes, original);
                read.push(start..end - left);
            }
        }
        read
    }

    /// Elements with blanks or zeros between them; returns what is left.
    fn spaced<'b>(&mut self, bytes: &'b [u8], spot: impl Fn(usize) -> Item) -> &'b [u8] {
        let mut rest = bytes;
        loop {
            let done = bytes.len() - rest.len();
            let before = rest.len();
            rest = self.elements(rest, |offset| spot(done + offset));
            let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
            if rest.len() == before || blanks == 0 || rest.get(blanks) != Some(&0x30) {
                return rest;
            }
            rest = &rest[blanks..];
        }
    }

    /// Notes that what lies before `end` belongs to an object. One that reaches to the end of the window may go on behind it.
    fn reach(&mut self, end: usize, bytes: &[u8], original: &dyn Fn(usize) -> usize) {
        if end < bytes.len() {
            self.reached = self.reached.max(original(end));
        }
    }

    /// Reads one block, or takes over what an equal one gave. `false` if its text is no base64.
    fn block(&mut self, block: &Block<'_>, offset: usize) -> bool {
        let spot = Item { label: Some(label_text(&block.name())), ..contained::spot(self.base + offset as u64, block.line, "pem") };
        // EC PARAMETERS are remembered for the key behind them, so they are read each time; and what damaged markers mean is no part of the text.
        let cache = self.cache.as_ref().filter(|_| block.label != b"EC PARAMETERS" && block.has_plain_markers());
        let hash = cache.map(|c| c.hash(block.label, block.body));
        let known = self.cache.as_ref().zip(hash).and_then(|(cache, hash)| cache.find(hash, block.label, block.body).cloned());
        let (body, findings) = match known {
            Some(outcome) => outcome,
            None => {
                let Some(outcome) = self.read_block(block, &spot) else { return true };
                // A key that got its name from the block before it may get another one elsewhere.
                let alone = self.ec_parameters.is_none() && outcome.0.as_ref().map_or(true, Object::is_named);
                // What is wrong with a block names its line.
                let alone = alone && !matches!(outcome.0, Err(Unread::Unreadable(..)));
                if let (Some(cache), Some(hash), true) = (&mut self.cache, hash, alone) {
                    cache.offer(hash, block.label, block.body, &outcome);
                }
                outcome
            }
        };
        let decoded = !matches!(body, Err(Unread::Unreadable(Reason::BadBase64 | Reason::EmptyBlock | Reason::MissingEnd, _)));
        self.push_object(spot, body, findings);
        decoded
    }

    /// Reads one block. `None`: it was a container, whose items are added already.
    fn read_block(&mut self, block: &Block<'_>, spot: &Item) -> Option<Outcome> {
        let mut decoded_bytes = std::mem::take(self.scratch);
        let outcome = match block.decode(&mut decoded_bytes) {
            Err(error) => Some((Err(Unread::Unreadable(error.reason, error.detail)), Codes::NONE)),
            Ok(decoded) => {
                let name = block.name();
                let label = Label::of(&name);
                let parsed = read_labelled(label, &decoded_bytes, decoded.headers.encrypted);
                match self.with_parameters(&name, &decoded_bytes, parsed) {
                    Ok(Parsed::Container(container)) => {
                        self.contained(container, Item { findings: decoded.findings, ..spot.clone() });
                        None
                    }
                    Ok(Parsed::Object(object)) => {
                        if let Some(tap) = &mut self.tap {
                            tap(&object.der, Some(&object.body));
                        }
                        let findings = decoded.findings.union(object.findings);
                        // One block should hold one object; where more follow, each is an item.
                        let tail = crate::pki::first_element(&decoded_bytes).map_or(&[][..], |(_, tail)| tail);
                        let blanks = tail.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
                        let tail = &tail[blanks..];
                        if tail.first() == Some(&0x30) && label != Label::TrustedCertificate {
                            self.push_object(spot.clone(), Ok(object.body), findings);
                            self.spaced(tail, |_| spot.clone());
                            None
                        } else {
                            Some((Ok(object.body), findings))
                        }
                    }
                    Err(unread) => {
                        if let (Unread::Locked(..), Some(tap)) = (&unread, &mut self.tap) {
                            tap(&decoded_bytes, None);
                        }
                        Some((Err(unread), decoded.findings))
                    }
                }
            }
        };
        if !matches!(outcome, Some((Ok(Object::Certificate(_)), _))) {
            wipe(&mut decoded_bytes);
        }
        *self.scratch = decoded_bytes;
        outcome
    }

    /// An EC key that names no curve means the EC PARAMETERS before it.
    fn with_parameters<'d>(&mut self, name: &[u8], der: &'d [u8], mut read: Result<Parsed<'d>, Unread>) -> Result<Parsed<'d>, Unread> {
        if read.is_ok() && name == b"EC PARAMETERS" {
            // Whatever lies in a block of that name.
            self.ec_parameters = Some(Zeroizing::new(der.to_vec()));
        } else if let (Ok(Parsed::Object(piece)), Some(parameters)) = (&mut read, &self.ec_parameters)
            && matches!(piece.body, Object::PrivateKey(_))
            && !piece.body.is_named()
            && let Some(object) = crate::pki::read_ec_key(der, parameters)
        {
            piece.body = object;
        }
        read
    }

    fn push_object(&mut self, spot: Item, body: Result<Object, Unread>, findings: Codes) {
        // What could not be read, or is of no concern here, may be a key too.
        self.secret |= match &body {
            Ok(object) => matches!(object, Object::PrivateKey(_)),
            Err(unread) => !matches!(unread, Unread::Skipped(Reason::NoPkiContent, _)),
        };
        self.push(Item { body, findings, ..spot });
    }

    /// One element without a label. `false`, and nothing added, if it is nothing of interest.
    fn unlabelled(&mut self, bytes: &[u8], spot: Item) -> bool {
        match read_der(bytes) {
            Ok(Parsed::Container(container)) => self.contained(container, spot),
            // Signatures in base64 or hexadecimal stand in many texts.
            Ok(Parsed::Object(object)) if spot.container == "base64" && matches!(object.body, Object::PublicKey(_)) && is_signature(&object.der) => {
                return false;
            }
            Ok(Parsed::Object(object)) => {
                if let Some(tap) = &mut self.tap {
                    tap(&object.der, Some(&object.body));
                }
                self.push_object(spot, Ok(object.body), object.findings);
            }
            Err(Unread::Skipped(Reason::NoPkiContent, _)) => return false,
            Err(unread @ Unread::Locked(..)) => {
                if let Some(tap) = &mut self.tap {
                    tap(bytes, None);
                }
                self.push_object(spot, Err(unread), Codes::NONE);
            }
            Err(unread) => self.push_object(spot, Err(unread), Codes::NONE),
        }
        true
    }

    /// A file of DER objects that begin behind some blanks, one behind another; what follows them is looked at as text. `false` if the first
    /// bytes are no object.
    fn der(&mut self, bytes: &[u8], blanks: usize) -> bool {
        let rest = self.spaced(&bytes[blanks..], |offset| contained::spot((blanks + offset) as u64, 0, "der"));
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

    /// Elements one behind another, each an item of its own; returns what is left when one is nothing of interest.
    fn elements<'b>(&mut self, bytes: &'b [u8], spot: impl Fn(usize) -> Item) -> &'b [u8] {
        let mut rest = bytes;
        while !rest.is_empty() {
            // What has no end may be a container that was cut short.
            let (element, tail) = crate::pki::first_element(rest).unwrap_or((rest, &[]));
            if !self.unlabelled(element, spot(bytes.len() - rest.len())) {
                break;
            }
            rest = tail;
        }
        rest
    }
}

/// Appends to the buffer until it holds `window` bytes. `true` at the end of the file.
fn read_more(file: &mut File, buffer: &mut Vec<u8>, window: usize) -> io::Result<bool> {
    let want = window.saturating_sub(buffer.len());
    super::fill::reserve(buffer, want.saturating_add(1));
    let got = super::fill::read_to_end(&mut file.take(want as u64), buffer)?;
    Ok(got < want)
}

/// Labels in use are not copied.
fn label_text(label: &[u8]) -> Cow<'static, str> {
    const KNOWN: &[&str] = &[
        "CERTIFICATE",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PUBLIC KEY",
        "CERTIFICATE REQUEST",
        "X509 CRL",
        "TRUSTED CERTIFICATE",
        "EC PARAMETERS",
        "DH PARAMETERS",
    ];
    match KNOWN.iter().find(|k| k.as_bytes() == label) {
        Some(known) => Cow::Borrowed(known),
        None if like_a_label(label) => Cow::Owned(crate::pki::show(&String::from_utf8_lossy(label))),
        None => Cow::Owned(format!("({} bytes)", label.len())),
    }
}

/// Words of letters and digits. Anything else between BEGIN and its dashes may be part of a key and is not shown.
fn like_a_label(label: &[u8]) -> bool {
    label
        .split(|b| *b == b' ')
        .all(|word| word.len() <= 20 && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'.' | b'-' | b'_')))
}

/// Reads the bytes of one file that are in memory already: the door for a single buffer. What the file would be told by its name, size
/// or time is not known here; at least one item comes back.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Vec<Item> {
    let mut scratch = Vec::new();
    let mut content = Content::new(&mut scratch, None, None);
    content.whole(bytes);
    let mut items = content.items;
    scratch.zeroize();
    if items.is_empty() {
        items.push(Item::whole_file(Err(Unread::Skipped(Reason::NoPkiContent, String::new())), "file"));
    }
    items
}
