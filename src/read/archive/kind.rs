//! Which archives can be opened, told by their bytes.

use super::{gzip, tar, zip};

/// What can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) enum Kind {
    Gzip,
    Tar,
    Zip,
    /// Maybe a zip, behind something else.
    ZipBehind,
}

/// Tells by the first bytes whether a file is, or may be, an archive; by the last ones, if they are there,
/// whether a zip was put behind it.
pub(in crate::read) fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes.first()? {
        0x1f if gzip::begins(bytes) => Some(Kind::Gzip),
        b'P' if zip::begins(bytes) => Some(Kind::Zip),
        _ if tar::begins(bytes) => Some(Kind::Tar),
        b'M' | b'#' | 0x7f if zip::may_follow(bytes) => Some(Kind::ZipBehind),
        _ => zip::ends(bytes).then_some(Kind::ZipBehind),
    }
}
