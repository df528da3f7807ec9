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
    (0, b"PK00PK\x03\x04", "zip"),
    (0, b"\x1f\x8b\x08", "gzip"),
    // Behind `BZh` and a digit, which text may begin with.
    (4, b"1AY&SY", "bzip2"),
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
    (0, b"kych\x00\x01", "keychain"),
    // Hash and btree, in both byte orders: at the beginning up to version 1.85, behind the page's log number
    // and its own in later ones.
    (0, b"\x00\x06\x15\x61", "berkeley-db"),
    (0, b"\x61\x15\x06\x00", "berkeley-db"),
    (0, b"\x00\x05\x31\x62", "berkeley-db"),
    (0, b"\x62\x31\x05\x00", "berkeley-db"),
    (12, b"\x00\x06\x15\x61", "berkeley-db"),
    (12, b"\x61\x15\x06\x00", "berkeley-db"),
    (12, b"\x00\x05\x31\x62", "berkeley-db"),
    (12, b"\x62\x31\x05\x00", "berkeley-db"),
    (0, b"\x00\x00\x00\x00CERT", "sst"),
    (0, b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "pkcs7"),
    (0, b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", "pkcs12"),
    (257, b"ustar", "tar"),
];

/// Formats that hold nothing of X.509.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"age-encryption.org/v1\n", "age"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"SSH PRIVATE KEY FILE FORMAT 1.1\n", "ssh1-key"),
];

/// Tells a container or foreign format; `None` for everything else.
pub(super) fn recognise(bytes: &[u8]) -> Option<Unread> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|b| b.starts_with(magic));
    let container = CONTAINERS.iter().find(|(offset, magic, _)| at(*offset, magic)).map(|(_, _, name)| *name);
    let blob = || if is_capi_blob(bytes) { Some("msblob") } else { is_cng_blob(bytes).then_some("cng-blob") };
    if let Some(name) = container.or_else(blob) {
        return Some(Unread::Skipped(Reason::FormatNotRead, name.to_owned()));
    }
    FOREIGN
        .iter()
        .find(|(magic, _)| at(0, magic))
        .map(|(_, name)| Unread::Skipped(Reason::OtherFormat, (*name).to_owned()))
}

/// Whether something that came out of a wrapping is such a container. Two bytes alone are no sign there: most
/// of what is unwrapped is random.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| FIRST[*first as usize]) && within(bytes).is_some()
}

/// The same, and which. What is DER is told by its reader.
pub(super) fn within(bytes: &[u8]) -> Option<Unread> {
    let certain = |unread: &Unread| matches!(unread, Unread::Skipped(Reason::FormatNotRead, name) if name != "compress");
    if bytes.first() == Some(&0x30) { None } else { recognise(bytes).filter(certain) }
}

/// The first bytes of all that [`begins`] knows.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    // What is told by something behind it: bzip2, and the key BLOBs of Windows. Others of these have text
    // before it, or zeros, which pass anyway.
    (first[b'B' as usize], first[7], first[b'R' as usize], first[b'E' as usize], first[b'D' as usize]) =
        (true, true, true, true, true);
    let mut at = 0;
    while at < CONTAINERS.len() {
        if CONTAINERS[at].0 == 0 {
            first[CONTAINERS[at].1[0] as usize] = true;
        }
        at += 1;
    }
    first
};

/// Whether text or certificates lie in such a container as they are, so that they can be found without
/// opening it.
pub(super) fn holds_plain_objects(unread: &Unread) -> bool {
    const PLAIN: [&str; 7] = ["ar", "berkeley-db", "cpio", "keychain", "sqlite", "sst", "tar"];
    matches!(unread, Unread::Skipped(_, name) if PLAIN.contains(&name.as_str()))
}

/// PRIVATEKEYBLOB of the CryptoAPI of Windows: type 7, version 2 or 3, two reserved octets, the number of the
/// algorithm (RSA, DSS, DH and EC keys for signing have 0x22 or 0x24 in its second octet, for key exchange
/// 0xa4 or 0xaa) and the magic of a private key.
fn is_capi_blob(bytes: &[u8]) -> bool {
    const PRIVATE: [&[u8; 4]; 5] = [b"RSA2", b"DSS2", b"DSS4", b"\0DH2", b"\0DH4"];
    match bytes.first_chunk::<12>() {
        Some([7, 2 | 3, 0, 0, _, 0x22 | 0x24 | 0xa4 | 0xaa, 0, 0, magic @ ..]) => PRIVATE.contains(&magic),
        _ => false,
    }
}

/// Private keys of Windows CNG (`BCRYPT_RSAKEY_BLOB` and the like): a magic, then sizes. Text may begin like
/// the magic, but not go on like sizes of numbers that are all there.
fn is_cng_blob(bytes: &[u8]) -> bool {
    let word = |i: usize| {
        bytes
            .get(4 * i..4 * i + 4)
            .and_then(|w| <[u8; 4]>::try_from(w).ok())
            .map_or(0, |w| u32::from_le_bytes(w) as usize)
    };
    let Some(magic) = bytes.first_chunk::<4>() else { return false };
    match magic {
        // Bits, then octets of exponent, modulus and primes.
        b"RSA2" | b"RSA3" => {
            let (bits, exponent, modulus) = (word(1), word(2), word(3));
            (1..=8).contains(&exponent)
                && (32..=1 << 13).contains(&modulus)
                && bits.div_ceil(8) == modulus
                && bytes.len() > 24 + exponent + modulus
        }
        // Octets of a coordinate; two of them and the scalar follow.
        b"ECS2" | b"ECS4" | b"ECS6" | b"ECK2" | b"ECK4" | b"ECK6" | b"ECDV" | b"ECKV" => {
            let octets = word(1);
            (14..=128).contains(&octets) && bytes.len() >= 8 + 3 * octets
        }
        b"DSPV" | b"DPV2" | b"DHPV" => {
            let octets = word(1);
            (32..=1 << 13).contains(&octets) && bytes.len() > 8 + 2 * octets
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Option<String> {
        match recognise(bytes) {
            Some(Unread::Skipped(Reason::FormatNotRead, name)) => Some(name),
            _ => None,
        }
    }

    #[test]
    fn key_blobs_of_windows() {
        for (version, algorithm, magic) in [
            (2, 0x24, b"RSA2"),
            (2, 0xa4, b"RSA2"),
            (2, 0x22, b"DSS2"),
            (3, 0x22, b"DSS4"),
            (2, 0xaa, b"\0DH2"),
            (3, 0xaa, b"\0DH4"),
        ] {
            let blob = [&[7, version, 0, 0, 0, algorithm, 0, 0][..], magic, &[0; 64]].concat();
            assert_eq!(name(&blob).as_deref(), Some("msblob"), "{magic:?}");
            assert_eq!(name(&[&[6][..], &blob[1..]].concat()), None, "a public key");
            assert_eq!(name(&[&blob[..8], b"RSA1", &[0; 64]].concat()), None, "a public key");
        }
        let words = |magic: &[u8; 4], sizes: &[u32], rest: usize| {
            [&magic[..], &sizes.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<_>>(), &vec![7; rest]]
                .concat()
        };
        for magic in [b"RSA2", b"RSA3"] {
            assert_eq!(name(&words(magic, &[2048, 3, 256, 128, 128], 3 + 512)).as_deref(), Some("cng-blob"));
            assert_eq!(
                name(&words(magic, &[2048, 3, 255, 128, 128], 3 + 512)),
                None,
                "sizes that contradict"
            );
            assert_eq!(
                name(&words(magic, &[2048, 3, 256, 128, 128], 100)),
                None,
                "numbers that are not there"
            );
        }
        for magic in [b"ECS2", b"ECK2", b"ECDV"] {
            assert_eq!(name(&words(magic, &[32], 96)).as_deref(), Some("cng-blob"));
            assert_eq!(name(&words(magic, &[32], 95)), None);
        }
        assert_eq!(name(&words(b"ECS1", &[32], 96)), None, "a public key");
        assert_eq!(name(&words(b"DSPV", &[128], 400)).as_deref(), Some("cng-blob"));
        for text in [
            "RSA2 and RSA3 are names of magics, and this is some text that says so, at length",
            "ECS2",
            "RSA2",
            "",
        ] {
            assert_eq!(name(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn databases_in_both_byte_orders() {
        for magic in [0x0006_1561_u32, 0x0005_3162] {
            for magic in [magic.to_be_bytes(), magic.to_le_bytes()] {
                for before in [0, 12] {
                    let page = [&vec![0; before][..], &magic, &[0; 500]].concat();
                    assert_eq!(name(&page).as_deref(), Some("berkeley-db"), "{magic:02x?} at {before}");
                }
            }
        }
        assert_eq!(name(&[0; 512]), None);
    }
}
