//! What options and the files that they name are read to.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use super::error::Error;
use crate::id::SpkiHash;
use crate::limits;
use crate::time::{Time, Written};

/// The real time.
#[must_use]
pub fn now() -> Time {
    Time::from_unix(
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed()),
    )
}

/// Bytes that have to be text.
pub(super) fn utf8<'a>(what: &'static str, path: &Path, bytes: &'a [u8]) -> Result<&'a str, Error> {
    let not_text = |_| Error::Input {
        what,
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"),
    };
    str::from_utf8(bytes).map_err(not_text)
}

/// The bytes of a file named on the command line. It may be a pipe, as `<(command)` gives; what has no end is
/// given up at the limit.
pub(super) fn input(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    bounded(what, path, limits::INPUT)
}

/// The same up to another limit.
///
/// # Errors
/// [`Error::Input`].
pub fn bounded(what: &'static str, path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let wrong = |error| Error::Input { what, path: path.to_owned(), error };
    let file = File::open(path).map_err(wrong)?;
    let length = file.metadata().map_or(0, |meta| meta.len());
    let mut bytes = Vec::new();
    if length <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(wrong)?;
    }
    if length.max(bytes.len() as u64) > limit {
        let message = format!("it has more than {limit} bytes; leave out what concerns nothing here");
        return Err(wrong(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(bytes)
}

/// The same as text.
pub(super) fn text(what: &'static str, path: &Path) -> Result<String, Error> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(input(what, path)?).map_err(no_text).map_err(|error| Error::Input {
        what,
        path: path.to_owned(),
        error,
    })
}

/// A time that sets something: a date is midnight UTC, a time of day needs its zone.
///
/// # Errors
/// [`Error::Value`].
pub fn moment(flag: &'static str, text: &str) -> Result<Time, Error> {
    match Written::parse(text) {
        Ok(Written::Local(_)) => Err(Error::Value {
            flag,
            message: format!("{text:?} has no zone; write it with one, such as 2016-11-01T00:00:00Z"),
        }),
        Ok(time) => Ok(time.as_utc()),
        Err(error) => Err(Error::Value { flag, message: error.to_string() }),
    }
}

/// A list of compromised keys, by its path.
///
/// # Errors
/// [`Error::Input`], [`Error::Value`].
pub fn known_compromised(path: &Path) -> Result<(String, HashSet<SpkiHash>), Error> {
    known_in(path, &input("list of compromised keys", path)?)
}

/// The same from its content.
pub(super) fn known_in(path: &Path, bytes: &[u8]) -> Result<(String, HashSet<SpkiHash>), Error> {
    let mut list = HashSet::new();
    for (line, name) in lines_of(utf8("list of compromised keys", path, bytes)?) {
        let hash = name.parse().map_err(|e| Error::Value {
            flag: "--known-compromised",
            message: format!("{}:{line}: {e}", path.display()),
        })?;
        list.insert(hash);
    }
    Ok((path.display().to_string(), list))
}

/// What the lines of a list name, with their numbers; `#` begins a comment.
fn lines_of(text: &str) -> Vec<(usize, String)> {
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, line.split('#').next().unwrap_or_default().trim().to_owned()));
    lines.filter(|(_, name)| !name.is_empty()).collect()
}

/// What a list names, one a line, with the numbers of the lines; `#` begins a comment.
///
/// # Errors
/// [`Error::Input`].
pub fn listed(what: &'static str, path: &Path) -> Result<Vec<(usize, String)>, Error> {
    Ok(lines_of(&text(what, path)?))
}

/// A size in octets, with a unit behind or without.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let upper = text.trim().to_ascii_uppercase();
    let unit = ["K", "M", "G", "T"].iter().zip(1u32..).find(|(unit, _)| upper.ends_with(**unit));
    let (digits, factor) =
        unit.map_or((&*upper, 1u64), |(unit, n)| (&upper[..upper.len() - unit.len()], 1 << (10 * n)));
    let number: u64 =
        digits.trim().parse().map_err(|_| format!("{text:?} is not a size; write 500000, 64K, 10M or 2G"))?;
    number.checked_mul(factor).ok_or_else(|| format!("{text:?} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("10"), Ok(10));
        assert_eq!(size("2k"), Ok(2048));
        assert_eq!(size("64G"), Ok(64 << 30));
        for wrong in ["x", "99999999T", "", "K", "1KK", "-1"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
