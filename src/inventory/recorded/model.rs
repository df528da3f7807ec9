//! What a case recorded: of a file, and of the inventory that it is put back into.

use std::sync::Arc;

use crate::id::{Fingerprint, SpkiHash};
use crate::pki::{Certificate, KeyFacts, Request, Unread};
use crate::read::Place;
use crate::time::{Span, Time};

/// A file as a case recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Where it is.
    pub place: Place,
    /// SHA-256 of the content that the case met first.
    pub hash: Option<Fingerprint>,
    /// SHA-256 of what the last run met on the disk: of a member, of its archive.
    pub last_hash: Option<Fingerprint>,
    /// The same of the archive that it was a member of.
    pub archive_hash: Option<Fingerprint>,
    /// When that content was last changed, by the earliest time that was seen of it.
    pub modified: Option<Time>,
    /// The same of a member, by its archive.
    pub member_time: Option<Time>,
    /// Everything that was ever found in it.
    pub objects: Vec<RecordedObject>,
    /// What could not be read of it, as it was last.
    pub unread: Vec<RecordedUnread>,
    /// It was not found in the last run, though its root was.
    pub gone: bool,
}

impl RecordedFile {
    /// What rows said that the case used for its path.
    pub(super) fn used_rows(&self) -> impl Iterator<Item = Span> + '_ {
        self.objects.iter().filter_map(|o| o.row).chain(self.unread.iter().filter_map(|u| u.row))
    }
}

/// An object in a recorded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedObject {
    /// What it is.
    pub kind: RecordedKind,
    /// SHA-256 of a certificate or a request, or the name of a key.
    pub hash: [u8; 32],
    /// It belongs to the content that the case met first, of which the recorded times are.
    pub first: bool,
    /// What the manifest's rows for the path of the file say of it: it was there when the case used them
    /// first.
    pub row: Option<Span>,
    /// It came in the place of what could not be read, so that nobody knows whether the rows are about it:
    /// they clear it in no case.
    pub doubtful: bool,
}

/// The kinds of recorded objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordedKind {
    /// A certificate.
    Certificate,
    /// A private key.
    PrivateKey,
    /// A request or a bare public key.
    PublicKey,
    /// A private key that nothing verifies, or a locked one that says whose it is.
    UnverifiedKey,
    /// A request; its key is recorded beside it as a public one.
    Request,
}

impl RecordedKind {
    /// Every kind with the octet that stands for it in a store.
    pub const VALUES: &[(Self, u8)] = &[
        (Self::Certificate, b'c'),
        (Self::PrivateKey, b'k'),
        (Self::PublicKey, b'p'),
        (Self::UnverifiedKey, b'u'),
        (Self::Request, b'r'),
    ];
}

/// A part of a recorded file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedUnread {
    /// Its index in the file.
    pub index: u32,
    /// The line; 0 if it has none.
    pub line: u32,
    /// Its label.
    pub label: Option<Box<str>>,
    /// What is the matter.
    pub unread: Unread,
    /// The content that it is a part of, see [`super::content_of`].
    pub content: Fingerprint,
    /// See [`RecordedObject::row`].
    pub row: Option<Span>,
}

/// Why a file of the inventory is one of the record, and what the record adds to one that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Why what is in this file is not there any more; `None` for a file that is there, with other content
    /// than before.
    pub gone: Option<Gone>,
    /// The times of the content that the case met first.
    pub modified: Option<Time>,
    /// See [`RecordedFile::member_time`].
    pub member_time: Option<Time>,
    /// Its keys, sorted.
    pub keys: Vec<RecordedOfKey>,
    /// What rows for its path said when they were used, each once.
    pub used: Vec<Span>,
    /// Nothing was recorded of its content: what is there now is met first.
    pub unmet: bool,
    /// It came in the place of what could not be read, or of other content of an archive.
    pub doubtful: bool,
    /// The archive that its content was met in first.
    pub archive_hash: Option<Fingerprint>,
}

/// What a file's record has of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedOfKey {
    /// The key.
    pub spki: SpkiHash,
    /// See [`RecordedObject::first`].
    pub first: bool,
    /// See [`RecordedObject::row`].
    pub row: Option<Span>,
    /// See [`RecordedObject::doubtful`].
    pub doubtful: bool,
}

/// Why recorded content is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The file has other content now.
    Changed,
    /// The file was not found.
    File,
    /// Its root was not found.
    Root,
    /// The file is there and cannot be read.
    Unread,
}

impl Gone {
    /// For people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Changed => "its content changed",
            Self::File => "it is not there any more",
            Self::Root => "the path that it was found under is not there any more",
            Self::Unread => "it cannot be read any more",
        }
    }
}

/// Gives back the facts that a case recorded of certificates and of keys without one.
pub trait Facts {
    /// The facts of a certificate, and whether another certificate was verified to be issued by it.
    fn certificate(&mut self, sha256: &Fingerprint) -> Option<(Arc<Certificate>, bool)>;
    /// The facts of a key without a certificate.
    fn key(&mut self, spki: &SpkiHash) -> Option<Arc<KeyFacts>>;
    /// The facts of a request.
    fn request(&mut self, sha256: &Fingerprint) -> Option<Arc<Request>>;
    /// Of how many objects that were asked for the facts cannot be read.
    fn lost(&self) -> usize;
}

/// Nothing was recorded.
#[derive(Debug)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn certificate(&mut self, _: &Fingerprint) -> Option<(Arc<Certificate>, bool)> {
        None
    }

    fn key(&mut self, _: &SpkiHash) -> Option<Arc<KeyFacts>> {
        None
    }

    fn request(&mut self, _: &Fingerprint) -> Option<Arc<Request>> {
        None
    }

    fn lost(&self) -> usize {
        0
    }
}
