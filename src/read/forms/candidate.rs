//! What may be an object wrapped in text: a guess, which the caller parses.

use zeroize::Zeroizing;

/// What a candidate seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One BER or DER element.
    Der,
    /// A Java keystore.
    Keystore,
    /// A private key in the format of OpenSSH.
    OpenSsh,
    /// Text with PEM blocks in it.
    Text,
}

/// Something that was wrapped in text.
pub(crate) struct Candidate {
    /// Where its text begins in the buffer.
    pub(crate) offset: usize,
    /// Where its text ends.
    pub(crate) end: usize,
    /// Line of its first character.
    pub(crate) line: u32,
    /// What it seems to be.
    pub(crate) kind: Kind,
    /// The bytes; they may be a private key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}
