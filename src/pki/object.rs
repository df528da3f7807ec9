//! One object, described, or the reason why there is none.

use std::sync::Arc;

use super::spki::KeyFacts;
use super::{cert, crl, csr, key};
use crate::finding::Reason;

/// One object, described.
#[derive(Debug, Clone)]
pub enum Object {
    /// A certificate.
    Certificate(Arc<cert::Certificate>),
    /// A revocation list.
    Crl(Arc<crl::Crl>),
    /// Domain parameters of DH, DSA or EC; no key.
    Parameters(&'static str),
    /// A private key; the secret itself is gone.
    PrivateKey(Arc<key::PrivateKey>),
    /// A bare public key.
    PublicKey(Arc<KeyFacts>),
    /// A certification request.
    Request(Arc<csr::Request>),
}

impl Object {
    /// The `kind` of its record.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::Crl(_) => "crl",
            Self::Parameters(_) => "parameters",
            Self::PrivateKey(_) => "private-key",
            Self::PublicKey(_) => "public-key",
            Self::Request(_) => "certificate-request",
        }
    }

    /// Where its facts lie in memory: the same for clones of one object. 0 for what has no facts of its own.
    #[must_use]
    pub fn address(&self) -> usize {
        match self {
            Self::Certificate(c) => Arc::as_ptr(c).cast::<u8>() as usize,
            Self::Crl(c) => Arc::as_ptr(c).cast::<u8>() as usize,
            Self::PrivateKey(k) => Arc::as_ptr(k).cast::<u8>() as usize,
            Self::PublicKey(k) => Arc::as_ptr(k).cast::<u8>() as usize,
            Self::Request(r) => Arc::as_ptr(r).cast::<u8>() as usize,
            Self::Parameters(_) => 0,
        }
    }

    /// Whether its key, if it has one, could be named by a hash.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.key().is_none_or(|key| key.spki.is_some())
    }

    /// The key it holds, if any.
    #[must_use]
    pub fn key(&self) -> Option<&KeyFacts> {
        match self {
            Self::Certificate(c) => Some(&c.key),
            Self::PrivateKey(k) => Some(&k.facts),
            Self::PublicKey(k) => Some(k),
            Self::Request(r) => Some(&r.key),
            Self::Crl(_) | Self::Parameters(_) => None,
        }
    }
}

/// Why something that was found is no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Encrypted; with the facts of the key where its public half lies beside it in the clear.
    Locked(Reason, Option<Arc<KeyFacts>>),
    /// Passed over, for a reason.
    Skipped(Reason, String),
    /// Broken.
    Unreadable(Reason, String),
}
