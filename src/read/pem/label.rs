//! Labels: which are known, and what kind of bytes belongs to them.

use std::borrow::Cow;

use crate::pki::der;

/// What kind of bytes a label promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// One or more BER or DER elements (RFC 7468 sections 5 to 13).
    Der,
    /// A private key in the format of OpenSSH, which begins with a magic word.
    OpenSsh,
    /// OpenPGP (RFC 9580 section 6), which ends with a checksum line that is not part of the data.
    Pgp,
    /// Not known: any bytes.
    Any,
}

/// How well bytes fit what a label promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Not at all.
    None,
    /// A complete element and something behind it, or nothing that could be checked.
    Loose,
    /// Elements without a byte left over, or the magic word.
    Exact,
}

/// Magic word of OpenSSH private keys (PROTOCOL.key of OpenSSH).
const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// The label as standards write it: upper case if it is a known label in another case, blanks undone from
/// their URL form.
pub(super) fn normal(label: &[u8]) -> Cow<'_, [u8]> {
    let label = label.trim_ascii();
    let spaced = if memchr::memmem::find(label, b"%20").is_some() {
        Cow::Owned(String::from_utf8_lossy(label).replace("%20", " ").into_bytes())
    } else if memchr::memchr(b'+', label).is_some() && memchr::memchr(b' ', label).is_none() {
        Cow::Owned(label.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect())
    } else {
        Cow::Borrowed(label)
    };
    if spaced.iter().any(u8::is_ascii_lowercase) {
        let upper = spaced.to_ascii_uppercase();
        if is_known(&upper) {
            return Cow::Owned(upper);
        }
    }
    spaced
}

/// What a label in normal form promises.
pub(super) fn content(label: &[u8]) -> Content {
    if label.starts_with(b"OPENSSH ") {
        return Content::OpenSsh;
    }
    if label.starts_with(b"PGP ") {
        return Content::Pgp;
    }
    if label.starts_with(b"SSH") || !is_known(label) {
        return Content::Any;
    }
    Content::Der
}

/// Whether a label in normal form is one that people use for keys, certificates and their kin.
pub(super) fn is_known(label: &[u8]) -> bool {
    const LAST: [&[u8]; 8] = [
        b"CERTIFICATE",
        b"PRIVATE KEY",
        b"PUBLIC KEY",
        b"REQUEST",
        b"CRL",
        b"PARAMETERS",
        b"SIGNED DATA",
        b"KEY BLOCK",
    ];
    const WHOLE: [&[u8]; 6] = [b"PKCS7", b"PKCS12", b"CMS", b"PKCS #7", b"CERTIFICATE CHAIN", b"PGP MESSAGE"];
    WHOLE.contains(&label) || LAST.iter().any(|last| label.ends_with(last))
}

/// Whether text of such a block may be quoted in a message, one character of it: only where nothing in it can
/// be secret.
pub(super) fn is_public(label: &[u8]) -> bool {
    const LAST: [&[u8]; 5] = [b"CERTIFICATE", b"PUBLIC KEY", b"REQUEST", b"CRL", b"PARAMETERS"];
    LAST.iter().any(|last| label.ends_with(last))
}

/// How well `bytes` fit. `encrypted` bytes (RFC 1421 section 4.6.1.1) are whole cipher blocks and nothing
/// else is known of them.
pub(super) fn fit(content: Content, encrypted: bool, bytes: &[u8]) -> Fit {
    if bytes.is_empty() {
        return Fit::None;
    }
    match content {
        _ if encrypted => {
            if bytes.len().is_multiple_of(8) {
                Fit::Loose
            } else {
                Fit::None
            }
        }
        Content::Der => elements(bytes),
        Content::OpenSsh => match bytes.strip_prefix(OPENSSH) {
            Some(behind) if is_whole(behind) => Fit::Exact,
            Some(_) => Fit::Loose,
            None => Fit::None,
        },
        Content::Pgp | Content::Any => Fit::Loose,
    }
}

/// Whether the fields behind the magic word of OpenSSH fill `bytes`: cipher, key derivation and its options,
/// the number of keys, their public halves and the rest in one field.
fn is_whole(bytes: &[u8]) -> bool {
    let number = |at: &[u8]| at.first_chunk::<4>().map(|n| u32::from_be_bytes(*n) as usize);
    let field = |at: &'_ [u8]| number(at).and_then(|length| length.checked_add(4)).filter(|n| *n <= at.len());
    let mut rest = bytes;
    for _ in 0..3 {
        let Some(length) = field(rest) else { return false };
        rest = &rest[length..];
    }
    let Some(keys) = number(rest) else { return false };
    rest = &rest[4..];
    for _ in 0..=keys.min(rest.len()) {
        let Some(length) = field(rest) else { return false };
        rest = &rest[length..];
    }
    rest.is_empty()
}

/// Whether elements fill `bytes`: one, or one and more SEQUENCEs as in a trusted certificate of OpenSSL.
pub(super) fn elements(bytes: &[u8]) -> Fit {
    if bytes.get(1) == Some(&0x80) && bytes[0] & 0x20 != 0 {
        return if bytes.ends_with(&[0, 0]) { Fit::Exact } else { Fit::Loose };
    }
    let Some((_, mut rest)) = der::first(bytes) else { return Fit::None };
    while !rest.is_empty() {
        let Some((_, behind)) = der::first(rest).filter(|(tlv, _)| tlv.tag == der::SEQUENCE) else {
            return Fit::Loose;
        };
        rest = behind;
    }
    Fit::Exact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_get_their_normal_form() {
        for (raw, want) in [
            (&b"certificate"[..], &b"CERTIFICATE"[..]),
            (b"RSA%20PRIVATE%20KEY", b"RSA PRIVATE KEY"),
            (b"RSA+PRIVATE+KEY", b"RSA PRIVATE KEY"),
            (b"SSH2 PUBLIC KEY ", b"SSH2 PUBLIC KEY"),
            (b"OpenVPN Static key V1", b"OpenVPN Static key V1"),
        ] {
            assert_eq!(&*normal(raw), want);
        }
    }

    #[test]
    fn bytes_fit_their_label() {
        assert_eq!(fit(Content::Der, false, &[4, 1, 9]), Fit::Exact);
        assert_eq!(fit(Content::Der, false, &[4, 1, 9, 0x30, 0]), Fit::Exact);
        assert_eq!(fit(Content::Der, false, &[4, 1, 9, 4, 0]), Fit::Loose);
        assert_eq!(fit(Content::Der, false, &[4, 2, 9]), Fit::None);
        assert_eq!(fit(Content::Der, false, &[0x30, 0x80, 4, 0, 0, 0]), Fit::Exact);
        let fields = [
            &b"openssh-key-v1\0"[..],
            &[0, 0, 0, 1, b'x'].repeat(3),
            &[0, 0, 0, 1],
            &[0, 0, 0, 1, b'x'].repeat(2),
        ]
        .concat();
        assert_eq!(fit(Content::OpenSsh, false, &fields), Fit::Exact);
        assert_eq!(fit(Content::OpenSsh, false, &fields[..fields.len() - 1]), Fit::Loose);
        assert_eq!(fit(Content::OpenSsh, false, &[&fields[..], b"x"].concat()), Fit::Loose);
        assert_eq!(fit(Content::OpenSsh, false, b"openssh-key"), Fit::None);
        assert_eq!(fit(Content::Der, true, &[9; 16]), Fit::Loose);
        assert_eq!(fit(Content::Any, false, &[]), Fit::None);
    }
}
