//! What is wrapped in text or lies in binary data, outside of blocks: candidates to items, one wrapping
//! inside another.

use std::ops::Range;

use super::Content;
use super::objects::label_text;
use super::records::spot;
use super::window::Window;
use crate::finding::{Codes, Reason};
use crate::limits;
use crate::pki::{Label, Object, Parsed, Unread, read_der, read_labelled};
use crate::read::forms::{self, Candidate, Haystack, Kind};
use crate::read::found::Item;
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
        haystack: &Haystack<'_>,
        taken: &mut Vec<Range<usize>>,
        original: &dyn Fn(usize) -> usize,
    ) {
        let bytes = haystack.bytes();
        // Most files are blocks and nothing else.
        if gaps(bytes.len(), taken).is_empty() {
            return;
        }
        let mut found = Vec::new();
        let mut complete = forms::candidates(haystack, taken, self.at.line, |candidate| {
            let offset = original(candidate.offset);
            if offset < self.at.cut && self.candidate(&candidate, offset) {
                self.reach(candidate.end, bytes, original);
                found.push(candidate.offset..candidate.end);
            }
        });
        add(taken, found);
        for notation in forms::NOTATIONS {
            let mut found = Vec::new();
            let mut lines = Lines::new(bytes, self.at.line);
            for gap in gaps(bytes.len(), taken) {
                if !notation.may_be_in(haystack, &gap) {
                    continue;
                }
                notation.decode(haystack, gap, &mut |range, inner| {
                    let offset = original(range.start);
                    let line = lines.at(range.start);
                    let any = offset < self.at.cut
                        && self.nested(inner, &spot(self.at.base + offset as u64, line, "base64"));
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
            self.escaped_markers(haystack, gap.clone(), original);
            // Narrowed text holds no binary elements.
            if original(gap.end) == gap.end {
                complete &= self.binary(haystack, gap, original);
            }
        }
        if !complete {
            let detail =
                "text made to be slow to search; not all between the blocks was looked at".to_owned();
            self.found.push(Item::whole_file(Err(Unread::Skipped(Reason::TooLarge, detail)), "file"));
        }
    }

    /// Something wrapped in base64 or hexadecimal; what turns out to be no object is dropped, for it was only
    /// a guess. Whether it was anything.
    pub(super) fn candidate(&mut self, found: &Candidate, offset: usize) -> bool {
        let spot = spot(self.at.base + offset as u64, found.line, "base64");
        let before = self.found.items.len();
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
        self.found.items.len() > before
    }

    /// The bytes that came out of a wrapping, read like a file of their own. Whether anything was in them.
    pub(super) fn nested(&mut self, bytes: &[u8], spot: &Item) -> bool {
        let (first, had_beyond) = (self.found.items.len(), self.found.beyond.is_some());
        if self.cost.wrappings >= limits::WRAPPED_DEEP {
            let detail = format!("texts are wrapped in one another more than {} times", limits::WRAPPED_DEEP);
            self.found.push(Item { body: Err(Unread::Skipped(Reason::TooDeep, detail)), ..spot.clone() });
            return true;
        }
        self.cost.wrappings += 1;
        if self.archive(bytes, spot) {
            self.cost.wrappings -= 1;
            return true;
        }
        let outside = self.at;
        self.at = Window { reached: outside.reached, ..Window::default() };
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let rest = if bytes.get(blanks) == Some(&0x30) {
            self.spaced(&bytes[blanks..], |_| spot.clone())
        } else {
            bytes
        };
        self.text(rest);
        self.cost.wrappings -= 1;
        self.at = outside;
        for (item, placed) in self.found.items[first..].iter_mut().zip(&mut self.found.placed[first..]) {
            *placed = spot.offset;
            item.line = spot.line;
            if item.member.is_none() {
                (item.offset, item.container) = (spot.offset, spot.container);
            }
        }
        if let Some(beyond) = self.found.beyond.as_mut().filter(|_| !had_beyond) {
            (beyond.offset, beyond.line) = (spot.offset, spot.line);
        }
        self.found.items.len() > first || self.found.beyond.is_some() && !had_beyond
    }

    /// Blocks whose markers are escaped. What is no object is told only where the plain search had no block.
    fn escaped_markers(
        &mut self,
        haystack: &Haystack<'_>,
        gap: Range<usize>,
        original: &dyn Fn(usize) -> usize,
    ) {
        let Some((at, text)) = forms::markers(haystack, gap) else { return };
        let offset = original(at);
        if offset >= self.at.cut {
            return;
        }
        let spot =
            spot(self.at.base + offset as u64, Lines::new(haystack.bytes(), self.at.line).at(at), "pem");
        for block in Splitter::new(&text) {
            let spot = Item { label: Some(label_text(&block.name())), ..spot.clone() };
            if let Some((body, findings)) = self.read_block(&block, &spot).outcome
                && !matches!(body, Err(Unread::Unreadable(..)))
            {
                self.push_object(spot, body, findings);
            }
        }
    }

    /// Elements as they are, somewhere in binary data. Only what cannot be there by chance counts. Whether
    /// everything was looked at.
    fn binary(
        &mut self,
        haystack: &Haystack<'_>,
        gap: Range<usize>,
        original: &dyn Fn(usize) -> usize,
    ) -> bool {
        let bytes = haystack.bytes();
        let mut elements = forms::Elements::new(haystack, gap);
        while let Some(range) = elements.next() {
            if range.start >= self.at.cut {
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
                let spot = spot(self.at.base + range.start as u64, 0, "der");
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
