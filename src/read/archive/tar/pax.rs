//! Extended headers of a tar (POSIX.1-2017 `pax`, section "pax Extended Header"): what the fields of a header
//! are too small for.

use super::sparse::Piece;
use crate::limits;
use crate::time::Time;

/// What extended headers say.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) time: Option<Time>,
    pub(super) sparse: Sparse,
}

/// What GNU tar says of sparse files.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Formats 0.0 and 0.1.
    pub(super) pieces: Vec<Piece>,
    /// Format 1.0: the pieces stand at the beginning of the content.
    pub(super) in_content: bool,
}

impl Pax {
    /// Takes over records of the form `LENGTH KEYWORD=VALUE\n`. What is no record ends them, and is given
    /// back.
    pub(super) fn read<'t>(&mut self, mut text: &'t [u8]) -> Read<'t> {
        let mut free = false;
        while let Some((keyword, value, rest)) = record(text) {
            free |= !self.take(keyword, value) && value.len() >= FREE_TEXT;
            text = rest;
        }
        Read { rest: text, free }
    }

    /// `false` for a keyword that is not used here.
    fn take(&mut self, keyword: &[u8], value: &[u8]) -> bool {
        let whole = || str::from_utf8(value).ok().and_then(|v| v.parse::<u64>().ok());
        let name = || Some(value).filter(|v| !v.is_empty()).map(<[u8]>::to_vec);
        match keyword {
            b"path" => self.path = name(),
            b"linkpath" => self.link = name(),
            b"size" => self.size = whole(),
            // Rounded up: the latest that it can mean.
            b"mtime" => self.time = seconds(value),
            b"GNU.sparse.name" => self.sparse.name = name(),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse.size = whole(),
            b"GNU.sparse.major" => self.sparse.in_content = value == b"1",
            b"GNU.sparse.offset" => {
                if let Some(offset) = whole().filter(|_| self.sparse.pieces.len() < limits::SPARSE_PIECES) {
                    self.sparse.pieces.push(Piece { offset, length: 0 });
                }
            }
            b"GNU.sparse.numbytes" => {
                if let (Some(length), Some(last)) = (whole(), self.sparse.pieces.last_mut()) {
                    last.length = length;
                }
            }
            b"GNU.sparse.map" => {
                let numbers: Vec<u64> =
                    value.split(|b| *b == b',').map_while(|n| str::from_utf8(n).ok()?.parse().ok()).collect();
                self.sparse.pieces = numbers
                    .chunks_exact(2)
                    .take(limits::SPARSE_PIECES)
                    .map(|p| Piece { offset: p[0], length: p[1] })
                    .collect();
            }
            _ => return false,
        }
        true
    }
}

/// What became of the text of an extended header.
pub(super) struct Read<'t> {
    /// What is behind the records.
    pub(super) rest: &'t [u8],
    /// A value that is not used is long enough to hold an object: a comment, an extended attribute.
    pub(super) free: bool,
}

/// No key or certificate is shorter, in whatever form.
const FREE_TEXT: usize = 32;

/// The first record, and what follows it.
fn record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = memchr::memchr(b' ', text.get(..text.len().min(20))?)?;
    let length: usize = str::from_utf8(&text[..blank]).ok()?.parse().ok()?;
    let (record, rest) = text.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', record)?;
    Some((&record[..equals], &record[equals + 1..], rest))
}

/// Seconds since 1970 with a fraction.
fn seconds(value: &[u8]) -> Option<Time> {
    let text = str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let up = i64::from(fraction.bytes().any(|b| b != b'0'));
    Some(Time::from_unix(whole.saturating_add(up))).filter(|_| whole > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_until_one_is_none() {
        let mut pax = Pax::default();
        pax.read(b"12 path=a/b\n30 mtime=1350244992.023960108\n11 size=77\nx");
        assert_eq!(pax.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!((pax.time, pax.size), (Some(Time::from_unix(1_350_244_993)), Some(77)));
        for bad in [
            &b""[..],
            b"12",
            b"99 path=a\n",
            b"3 path=a\n",
            b" path=a\n",
            b"9 path=ab",
            b"18446744073709551616 a=b\n",
            b"6 path\n",
        ] {
            let mut pax = Pax::default();
            pax.read(bad);
            assert!(pax.path.is_none(), "{bad:?}");
        }
    }
}
