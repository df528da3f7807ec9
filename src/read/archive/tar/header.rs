//! One header of a tar (POSIX.1-2017 `pax`, section "ustar Interchange Format").

use super::block::BLOCK;
use crate::time::Time;

/// What a header says by itself.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) size: u64,
    pub(super) time: Option<Time>,
    pub(super) kind: u8,
}

impl Header {
    /// Reads a header; `None` if its checksum does not fit or its size is no number.
    pub(super) fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let said = number(&block[148..156])?;
        let counted = |i: usize| if (148..156).contains(&i) { b' ' } else { block[i] };
        let unsigned: u64 = (0..BLOCK).map(|i| u64::from(counted(i))).sum();
        // Some old systems took octets for signed numbers.
        let signed: i64 = (0..BLOCK).map(|i| i64::from(counted(i).cast_signed())).sum();
        if said != unsigned && i64::try_from(said) != Ok(signed) {
            return None;
        }
        let mut name = text(&block[..100]).to_vec();
        // GNU tar has times where ustar has the beginning of the name; star ends it earlier.
        let prefix = if block[257..].starts_with(b"ustar\0") { text(&block[345..500]) } else { &[] };
        if !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let time = number(&block[136..148])
            .and_then(|t| i64::try_from(t).ok())
            .filter(|t| *t > 0)
            .map(Time::from_unix);
        Some(Self {
            name,
            target: text(&block[157..257]).to_vec(),
            size: number(&block[124..136])?,
            time,
            kind: block[156],
        })
    }
}

/// A field of text, up to its first zero.
fn text(field: &[u8]) -> &[u8] {
    &field[..memchr::memchr(0, field).unwrap_or(field.len())]
}

/// A number in octal digits, or in base 256 behind a set bit, as GNU tar and star write large ones. Negative
/// ones are none.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let first = *field.first()?;
    if first & 0x80 != 0 {
        let rest = field[1..]
            .iter()
            .try_fold(u64::from(first & 0x7f), |n, b| n.checked_mul(256)?.checked_add(u64::from(*b)));
        return rest.filter(|_| first == 0x80);
    }
    let digits = field.split(|b| *b == 0).next()?.trim_ascii();
    digits.iter().try_fold(0u64, |n, b| {
        matches!(b, b'0'..=b'7').then(|| n.checked_mul(8)?.checked_add(u64::from(b - b'0')))?
    })
}
