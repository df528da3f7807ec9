//! One member of an archive: what is known of it, and its name.

use std::io::Read;

use crate::limits;
use crate::pki::Unread;
use crate::read::found::Item;
use crate::read::place::{INTO, path_text};
use crate::time::Time;

/// The way into an archive; none is the file itself.
pub(in crate::read) type Way = Option<String>;

/// What is known of a member before it is read.
pub(in crate::read) struct Member<'m> {
    pub(in crate::read) way: Way,
    pub(in crate::read) time: Option<Time>,
    /// What the archive says of its size; it need not be so.
    pub(in crate::read) size: u64,
    /// It is the content of the gzip that lies there.
    pub(in crate::read) gzip: Option<&'m Way>,
}

/// The bytes of one member.
pub(in crate::read) trait Stream: Read {
    /// What is wrong with it, told once it was read to its end.
    fn trouble(&mut self) -> Option<String>;
}

/// A record of an archive or a member as a whole.
pub(in crate::read) fn whole(unread: Unread) -> Item {
    Item::whole_file(Err(unread), "file")
}

/// Whether the member at `way`, or one within it, is asked for, where `only` one is.
pub(in crate::read) fn is_within(only: Option<&str>, way: &Way) -> bool {
    let (Some(only), Some(way)) = (only, way) else { return true };
    only.strip_prefix(way.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(INTO))
}

/// Whether what lies in the archive at `way` itself, in no member of it, is asked for.
pub(in crate::read) fn is_own(only: Option<&str>, way: &Way) -> bool {
    only.is_none() || only == way.as_deref()
}

/// What a member is called that has no name.
pub(super) const NAMELESS: &str = "content";

/// The name of a member: as it is, but for `./` before it, up to the limit; bytes that are not UTF-8 as
/// `\xHH`. Of a PEM block in it nothing is shown: it may be a private key.
pub(super) fn name(raw: &[u8]) -> String {
    let mut raw = raw;
    while let Some(rest) = raw.strip_prefix(b"./") {
        raw = rest;
    }
    if raw.is_empty() {
        return NAMELESS.to_owned();
    }
    let block = block_in(raw).unwrap_or(raw.len());
    if block > limits::MEMBER_NAME {
        return format!("{}...", path_text(&raw[..limits::MEMBER_NAME]).0);
    }
    let before: String = path_text(&raw[..block]).0.into();
    if block < raw.len() {
        format!("{before}({} bytes that look like a PEM block)", raw.len() - block)
    } else {
        before
    }
}

/// Where a PEM block begins in a name, with whatever dashes.
pub(super) fn block_in(raw: &[u8]) -> Option<usize> {
    let is_dash = |byte: &u8| matches!(byte, b'-' | b'=' | b'_' | b' ' | 0x80..);
    memchr::memmem::find_iter(raw, b"BEGIN").find_map(|at| {
        let dashes = raw[..at].iter().rev().take_while(|byte| is_dash(byte)).count();
        (dashes >= 2 && raw[at + 5..].first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
            .then_some(at - dashes)
    })
}

/// A name in words.
pub(super) fn shown(raw: &[u8]) -> String {
    crate::pki::show(&name(raw))
}

/// The way to a member of what lies at `way`.
pub(super) fn join(way: &Way, name: &str) -> Way {
    Some(way.as_ref().map_or_else(|| name.to_owned(), |way| format!("{way}{INTO}{name}")))
}
