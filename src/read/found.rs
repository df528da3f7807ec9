//! What reading gives: one [`Found`] for each file or member, with an [`Item`] for each record in it.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use super::place::Place;
use crate::finding::{Codes, Reason};
use crate::id::Fingerprint;
use crate::pki::{Object, Unread};
use crate::time::Time;

/// Sees the DER of every object as it is read.
pub(in crate::read) type Tap<'t> = &'t mut dyn FnMut(&[u8], Option<&Object>);

/// One file (or folder that could not be entered) and everything found in it.
#[derive(Debug)]
pub struct Found {
    /// Where it lies.
    pub place: Place,
    /// When it was last changed; of a member, when its archive was.
    pub modified: Option<Time>,
    /// When a member of an archive was last changed, by the latest that its archive says: a time without a
    /// zone can be anywhere.
    pub member_time: Option<Time>,
    /// SHA-256 of the whole file or member, where [`Options::hash_files`](super::Options::hash_files) asks for it.
    pub file_hash: Option<Fingerprint>,
    /// The same of the archive that a member lies in, as it lies on the disk: what a manifest of uploads can
    /// name.
    pub archive_hash: Option<Fingerprint>,
    /// What is in it, in order; at least one.
    pub items: Vec<Item>,
}

/// One record: an object or the reason why there is none, with its place in the file.
#[derive(Debug, Clone)]
pub struct Item {
    /// The way into archives and containers.
    pub member: Option<Arc<str>>,
    /// Counts the items of the file or member from 0.
    pub index: u32,
    /// Where it begins in the file or member, in bytes.
    pub offset: u64,
    /// The line it begins on, from 1; 0 in binary data.
    pub line: u32,
    /// The PEM label as found.
    pub label: Option<Cow<'static, str>>,
    /// `pem`, `der`, `base64` and so on.
    pub container: &'static str,
    /// What was found.
    pub body: Result<Object, Unread>,
    /// What is noteworthy about this occurrence (the object has its own findings).
    pub findings: Codes,
}

impl Item {
    /// An item that stands for a whole file.
    #[must_use]
    pub const fn whole_file(body: Result<Object, Unread>, container: &'static str) -> Self {
        Self {
            member: None,
            index: 0,
            offset: 0,
            line: 0,
            label: None,
            container,
            body,
            findings: Codes::NONE,
        }
    }

    /// Every finding, the object's and the occurrence's.
    #[must_use]
    pub fn all_findings(&self) -> Codes {
        let own = match &self.body {
            Ok(Object::Certificate(c)) => c.findings,
            Ok(Object::Crl(c)) => c.findings,
            Ok(Object::Request(r)) => r.findings,
            Ok(Object::PrivateKey(k)) => k.facts.findings,
            Ok(Object::PublicKey(k)) => k.findings,
            Err(Unread::Locked(_, Some(facts))) => facts.findings,
            Ok(Object::Parameters(_)) | Err(_) => Codes::NONE,
        };
        own.union(self.findings)
    }
}

/// An error of the operating system as a record.
pub(crate) fn io_unread(error: &io::Error) -> Unread {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Unread::Unreadable(Reason::PermissionDenied, String::new()),
        io::ErrorKind::NotFound => Unread::Unreadable(Reason::Vanished, String::new()),
        _ => Unread::Unreadable(Reason::IoError, error.to_string()),
    }
}
