//! `plan.json` read back and edited as a stream: one key and one step stand on each line, so that a plan of
//! any size takes no more memory than what is wanted of it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::de::{Deserialize, IgnoredAny};

use super::{KnownKey, PlanHead, SCHEMA, list};
use crate::plan::ReplacementRecord;

/// The list that `rekey` writes anew.
const REPLACEMENTS: &str = "replacements";
/// Bytes read and copied at once.
const CHUNK: usize = 256 << 10;

/// A plan file that was read, open for being copied with other replacements.
#[derive(Debug)]
pub struct PlanFile {
    file: File,
    length: u64,
    /// The list of replacements from the comma before it to the comma after it; `None` if the file is not as
    /// [`super::write`] leaves it.
    replacements: Option<Range<u64>>,
}

/// Why a plan could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoPlan {
    /// The file.
    Io(io::Error),
    /// It is of another version.
    OtherSchema(String),
    /// It is no plan.
    Wrong(serde_json::Error),
}

impl fmt::Display for NoPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the plan cannot be read"),
            Self::OtherSchema(schema) => {
                write!(f, "it has the schema {schema:?}, this version reads {SCHEMA:?}")
            }
            Self::Wrong(error) => write!(f, "it is no plan: {error}"),
        }
    }
}

impl std::error::Error for NoPlan {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Wrong(_) | Self::OtherSchema(_) => None,
        }
    }
}

impl PlanFile {
    /// Reads a plan. One that somebody formatted anew is read as a whole.
    ///
    /// # Errors
    /// [`NoPlan`].
    pub fn open(path: &Path) -> Result<(Self, PlanHead), NoPlan> {
        let mut file = File::open(path).map_err(NoPlan::Io)?;
        let length = file.metadata().map_err(NoPlan::Io)?.len();
        let (head, replacements) = match by_lines(&file).map_err(NoPlan::Io)? {
            Some((head, place)) => (head, Some(place)),
            None => {
                let mut text = Vec::new();
                file.rewind().and_then(|()| file.read_to_end(&mut text)).map_err(NoPlan::Io)?;
                (serde_json::from_slice::<PlanHead>(&text).map_err(NoPlan::Wrong)?, None)
            }
        };
        if head.schema != SCHEMA {
            return Err(NoPlan::OtherSchema(head.schema));
        }
        Ok((Self { file, length, replacements }, head))
    }

    /// Writes the plan with another list of replacements.
    ///
    /// # Errors
    /// Those of `out`, and [`io::ErrorKind::InvalidData`] if the file is not as [`super::write`] leaves it.
    pub fn with_replacements(&self, records: &[ReplacementRecord], out: &mut dyn Write) -> io::Result<()> {
        let edited =
            || io::Error::new(io::ErrorKind::InvalidData, "it was edited; run `certrecall plan` again");
        let Range { start, end } = self.replacements.clone().ok_or_else(edited)?;
        self.copy(0..start, out)?;
        list(out, REPLACEMENTS, records.iter())?;
        self.copy(end..self.length, out)
    }

    /// Whether [`Self::with_replacements`] knows where they stand.
    #[must_use]
    pub const fn is_as_written(&self) -> bool {
        self.replacements.is_some()
    }

    fn copy(&self, Range { mut start, end }: Range<u64>, out: &mut dyn Write) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        while start < end {
            let part = usize::try_from(end - start).map_or(CHUNK, |left| left.min(CHUNK));
            self.file.read_exact_at(&mut chunk[..part], start)?;
            out.write_all(&chunk[..part])?;
            start += part as u64;
        }
        Ok(())
    }
}

/// Reads a plan line by line, as [`super::write`] lays it out; `None` for any other layout, and for what is
/// no plan.
fn by_lines(file: &File) -> io::Result<Option<(PlanHead, Range<u64>)>> {
    let mut lines = BufReader::with_capacity(CHUNK, file);
    let (mut line, mut at) = (Vec::new(), 0u64);
    let mut plan = Lines::default();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(plan.end());
        }
        if plan.line(line.strip_suffix(b"\n").unwrap_or(&line), at).is_none() {
            return Ok(None);
        }
        at += read as u64;
    }
}

/// What was met so far.
#[derive(Default)]
struct Lines {
    /// The file without the elements of its lists.
    skeleton: Vec<u8>,
    keys: Vec<KnownKey>,
    replacements: Vec<ReplacementRecord>,
    within: Within,
    /// Where the list of replacements begins, and where the member after it does.
    from: Option<u64>,
    to: Option<u64>,
}

/// The list that a line stands in.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    None,
    Keys,
    Replacements,
    Other,
}

impl Lines {
    /// Takes one line; `None` if it is nothing that stands there.
    fn line(&mut self, line: &[u8], at: u64) -> Option<()> {
        if self.within == Within::None {
            return self.member(line, at);
        }
        // An element is an object or a string; only the last one is followed by the end of the list.
        let (item, last) = match line {
            [item @ .., b']', b','] | [item @ .., b']'] => (item, true),
            [item @ .., b','] => (item, false),
            _ => return None,
        };
        match self.within {
            Within::Keys => self.keys.push(read(item)?),
            Within::Replacements => self.replacements.push(read(item)?),
            Within::None | Within::Other => drop(read::<IgnoredAny>(item)?),
        }
        if last {
            self.skeleton.extend_from_slice(&line[item.len()..]);
            self.within = Within::None;
        }
        Some(())
    }

    /// A member of the plan, or the head of a list of which each element has a line.
    fn member(&mut self, line: &[u8], at: u64) -> Option<()> {
        let begins = |name: &str| {
            line.strip_prefix(b"\"")
                .and_then(|l| l.strip_prefix(name.as_bytes()))
                .is_some_and(|l| l.starts_with(b"\":["))
        };
        // The comma and the end of the line before it.
        let before = at.checked_sub(2).filter(|_| self.skeleton.ends_with(b","));
        if self.from.is_some() && self.to.is_none() {
            self.to = Some(before?);
        }
        if begins(REPLACEMENTS) {
            self.from = Some(before?);
        }
        self.skeleton.extend_from_slice(line);
        if line.ends_with(b"\":[") {
            // Written otherwise, the name of a list could be one of those wanted and not look it.
            if !line.starts_with(b"\"") || line.contains(&b'\\') {
                return None;
            }
            self.within = match () {
                () if begins("keys") => Within::Keys,
                () if begins(REPLACEMENTS) => Within::Replacements,
                () => Within::Other,
            };
        }
        Some(())
    }

    fn end(self) -> Option<(PlanHead, Range<u64>)> {
        let Self { skeleton, keys, replacements, within, from, to } = self;
        let head: PlanHead = read(&skeleton)?;
        // Nothing of either list may stand on the line of its head.
        let whole = within == Within::None && head.keys.is_empty() && head.replacements.is_empty();
        whole.then_some((PlanHead { keys, replacements, ..head }, from?..to?))
    }
}

fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests;
