//! What is wrapped in text or lies in binary data, outside of blocks: candidates to items, one wrapping
//! inside another.

use std::ops::Range;

use super::{Content, contained};
use crate::finding::{Codes, Reason};
use crate::limits;
use crate::pki::{Label, Object, Parsed, Unread, read_der, read_labelled};
use crate::read::Item;
use crate::read::forms::{self, Candidate, Kind};
use crate::read::pem::{Lines, Splitter};

/// A gap smaller than this holds nothing.
const GAP: usize = 40;

/// The parts of `length` bytes outside of the `taken` ranges, which ascend.
fn gaps(length: usize, taken: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut gaps = Vec::new();
    for range in taken.iter().chain(std::iter::once(&(length..length))) {
        if range.start.saturating_sub(start) > GAP {
            gaps.push(start..range.start);
        }
        start = start.max(range.end);
    }
    gaps
}

impl Content<'_, '_> {
    /// Objects in base64 whose beginning tells what they are, then whatever may be wrapped in long runs of
    /// digits, numbers, dumps and escapes, then elements as they are. `taken` ranges are not looked at; those
    /// of what is found are added.
    pub(super) fn between_blocks(
        &mut self,
        bytes: &[u8],
        taken: &mut Vec<Range<usize>>,
        original: &dyn Fn(usize) -> usize,
    ) {
        // Most files are blocks and nothing else.
        if gaps(bytes.len(), taken).is_empty() {
            return;
        }
        let mut found = Vec::new();
        let mut complete = forms::candidates(bytes, taken, self.line, |candidate| {
            let offset = original(candidate.offset);
            if offset < self.cut && self.candidate(&candidate, offset) {
                self.reach(candidate.end, bytes, original);
                found.push(candidate.offset..candidate.end);
            }
        });
        add(taken, found);
        for search in forms::SEARCHES {
            let mut found = Vec::new();
            let mut lines = Lines::new(bytes, self.line);
            for gap in gaps(bytes.len(), taken) {
                search(bytes, gap, &mut |range, inner| {
                    let offset = original(range.start);
                    let line = lines.at(range.start);
                    let any = offset < self.cut
                        && self.nested(inner, &contained::spot(self.base + offset as u64, line, "base64"));
                    if any {
                        self.reach(range.end, bytes, original);
                        found.push(range);
                    }
                    any
                });
            }
            add(taken, found);
        }
        for gap in gaps(bytes.len(), taken) {
            self.escaped_markers(bytes, gap.clone(), original);
            // Narrowed text holds no binary elements.
            if original(gap.end) == gap.end {
                complete &= self.binary(bytes, gap, original);
            }
        }
        if !complete {
            let detail =
                "text made to be slow to search; not all between the blocks was looked at".to_owned();
            self.push(Item::whole_file(Err(Unread::Skipped(Reason::TooLarge, detail)), "file"));
        }
    }

    /// Something wrapped in base64 or hexadecimal; what turns out to be no object is dropped, for it was only
    /// a guess. Whether it was anything.
    pub(super) fn candidate(&mut self, found: &Candidate, offset: usize) -> bool {
        let spot = contained::spot(self.base + offset as u64, found.line, "base64");
        let before = self.items.len();
        match found.kind {
            Kind::Keystore => {
                let body = Err(Unread::Skipped(Reason::FormatNotRead, "jks".to_owned()));
                self.push_object(spot, body, Codes::NONE);
            }
            Kind::OpenSsh => {
                if let Ok(Parsed::Object(piece)) = read_labelled(Label::OpenSsh, &found.bytes, false) {
                    self.push_object(spot, Ok(piece.body), piece.findings);
                } else if let Err(unread) = read_labelled(Label::OpenSsh, &found.bytes, false) {
                    self.push_object(spot, Err(unread), Codes::NONE);
                }
            }
            Kind::Der => {
                self.spaced(&found.bytes, |_| spot.clone());
            }
            Kind::Text => return self.nested(&found.bytes, &spot),
        }
        self.items.len() > before
    }

    /// The bytes that came out of a wrapping, read like a file of their own. Whether anything was in them.
    pub(super) fn nested(&mut self, bytes: &[u8], spot: &Item) -> bool {
        let (first, had_beyond) = (self.items.len(), self.beyond.is_some());
        if self.wrappings >= limits::WRAPPED_DEEP {
            let detail = format!("texts are wrapped in one another more than {} times", limits::WRAPPED_DEEP);
            self.push(Item { body: Err(Unread::Skipped(Reason::TooDeep, detail)), ..spot.clone() });
            return true;
        }
        self.wrappings += 1;
        if self.archive(bytes, spot) {
            self.wrappings -= 1;
            return true;
        }
        let outside = (self.base, self.line, self.cut, self.more, self.reached);
        (self.base, self.line, self.cut, self.more) = (0, 1, usize::MAX, false);
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let rest = if bytes.get(blanks) == Some(&0x30) {
            self.spaced(&bytes[blanks..], |_| spot.clone())
        } else {
            bytes
        };
        self.text(rest);
        self.wrappings -= 1;
        (self.base, self.line, self.cut, self.more, self.reached) = outside;
        for (item, placed) in self.items[first..].iter_mut().zip(&mut self.placed[first..]) {
            *placed = spot.offset;
            item.line = spot.line;
            if item.member.is_none() {
                (item.offset, item.container) = (spot.offset, spot.container);
            }
        }
        if let Some(beyond) = self.beyond.as_mut().filter(|_| !had_beyond) {
            (beyond.offset, beyond.line) = (spot.offset, spot.line);
        }
        self.items.len() > first || self.beyond.is_some() && !had_beyond
    }

    /// Blocks whose markers are escaped. What is no object is told only where the plain search had no block.
    fn escaped_markers(&mut self, bytes: &[u8], gap: Range<usize>, original: &dyn Fn(usize) -> usize) {
        let Some((at, text)) = forms::markers(bytes, gap.start, gap.end) else { return };
        let offset = original(at);
        if offset >= self.cut {
            return;
        }
        let spot = contained::spot(self.base + offset as u64, Lines::new(bytes, self.line).at(at), "pem");
        for block in Splitter::new(&text) {
            let spot = Item { label: Some(super::objects::label_text(&block.name())), ..spot.clone() };
            if let Some((body, findings)) = self.read_block(&block, &spot)
                && !matches!(body, Err(Unread::Unreadable(..)))
            {
                self.push_object(spot, body, findings);
            }
        }
    }

    /// Elements as they are, somewhere in binary data. Only what cannot be there by chance counts. Whether
    /// everything was looked at.
    fn binary(&mut self, bytes: &[u8], gap: Range<usize>, original: &dyn Fn(usize) -> usize) -> bool {
        let mut elements = forms::Elements::new(bytes, gap);
        while let Some(range) = elements.next() {
            if range.start >= self.cut {
                break;
            }
            let parsed = read_der(&bytes[range.clone()]);
            let counts = match &parsed {
                Ok(Parsed::Object(piece)) => match &piece.body {
                    Object::Certificate(_) | Object::Crl(_) | Object::Request(_) => true,
                    Object::PrivateKey(key) => key.facts.spki.is_some(),
                    // Public keys are parts of certificates, also of one that is cut short.
                    Object::Parameters(_) | Object::PublicKey(_) => false,
                },
                Ok(Parsed::Container(container)) => !container.pieces.is_empty(),
                Err(unread) => {
                    matches!(unread, Unread::Locked(..))
                        && crate::pki::is_encrypted_key(&bytes[range.clone()])
                }
            };
            if counts {
                let spot = contained::spot(self.base + range.start as u64, 0, "der");
                self.unlabelled(&bytes[range.clone()], spot);
                self.reach(range.end, bytes, original);
                elements.skip_to(range.end);
            }
        }
        elements.is_complete()
    }
}

/// Adds ranges to others, all in order.
fn add(taken: &mut Vec<Range<usize>>, found: Vec<Range<usize>>) {
    if !found.is_empty() {
        taken.extend(found);
        taken.sort_unstable_by_key(|range| range.start);
    }
}
