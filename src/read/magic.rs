//! Containers and foreign formats, told by their first bytes.

use crate::finding::Reason;
use crate::pki::Unread;

/// Formats that can hold certificates or keys and cannot be opened yet.
const CONTAINERS: &[(usize, &[u8], &str)] = &[
    (0, b"\xfe\xed\xfe\xed\x00\x00\x00", "jks"),
    (0, b"\xce\xce\xce\xce\x00\x00\x00", "jceks"),
    (0, b"\x00\x00\x00\x02\x00\x00\x00\x14", "bks"),
    (0, b"\x00\x00\x00\x01\x00\x00\x00\x14", "bks"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"PK\x07\x08", "zip"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"!<arch>\n", "ar"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (0, b"PuTTY-User-Key-File-", "putty-key"),
    (0, b"\x1e\xf1\xb5\xb0\x00\x00\x00\x00", "pvk"),
    (0, b"\x07\x02\x00\x00\x00\x24\x00\x00", "msblob"),
    (0, b"\x07\x02\x00\x00\x00\xa4\x00\x00", "msblob"),
    (0, b"\x07\x02\x00\x00\x00\x22\x00\x00", "msblob"),
    (0, b"kych\x00\x01", "keychain"),
    (0, b"\x00\x06\x15\x61", "berkeley-db"),
    (12, b"\x61\x15\x06\x00", "berkeley-db"),
    (0, b"\x00\x00\x00\x00CERT", "sst"),
    (0, b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "pkcs7"),
    (0, b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", "pkcs12"),
    (257, b"ustar", "tar"),
];

/// Formats that hold nothing of X.509.
const FOREIGN: &[(&[u8], &str)] =
    &[(b"age-encryption.org/v1\n", "age"), (b"\x89PNG\r\n\x1a\n", "png"), (b"SSH PRIVATE KEY FILE FORMAT 1.1\n", "ssh1-key")];

/// Tells a container or foreign format; `None` for everything else.
pub(super) fn recognise(bytes: &[u8]) -> Option<Unread> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|b| b.starts_with(magic));
    if let Some((_, _, name)) = CONTAINERS.iter().find(|(offset, magic, _)| at(*offset, magic)) {
        return Some(Unread::Skipped(Reason::FormatNotRead, (*name).to_owned()));
    }
    FOREIGN.iter().find(|(magic, _)| at(0, magic)).map(|(_, name)| Unread::Skipped(Reason::OtherFormat, (*name).to_owned()))
}

/// Whether text may lie in such a container as it is, so that blocks in it can be found without opening it.
pub(super) fn holds_plain_text(unread: &Unread) -> bool {
    matches!(unread, Unread::Skipped(_, name) if matches!(name.as_str(), "tar" | "ar" | "cpio" | "sqlite"))
}
