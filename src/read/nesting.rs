//! What an archive lies in, and what reading it came to.

/// What an archive lies in.
#[derive(Debug, Clone, Copy)]
pub(in crate::read) struct Within {
    /// So many archives.
    pub(in crate::read) archives: u32,
    /// So many wrappings.
    pub(in crate::read) wrappings: u32,
    /// What may still come out of all that is in it, in bytes.
    pub(in crate::read) most: u64,
}

impl Default for Within {
    fn default() -> Self {
        Self { archives: 0, wrappings: 0, most: u64::MAX }
    }
}

/// What was read of an archive.
pub(in crate::read) struct Unpacked {
    /// It is one. Otherwise nothing was found, and it is to be read like any other file.
    pub(in crate::read) is_one: bool,
    /// A private key was in it, or something that may be one.
    pub(in crate::read) secret: bool,
    /// The member that is wanted is a hard link to this one.
    pub(in crate::read) leads_to: Option<String>,
    /// Bytes that came out of it.
    pub(in crate::read) spent: u64,
}
