//! What some bytes turned out to be: one object, or a container and what it holds.

use std::borrow::Cow;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::object::{Object, Unread};
use super::pkcs7::{self, Bag, Choice, Entry};
use super::{ber, cert, crl, der, reencode, shape};
use crate::finding::{Code, Codes, Reason};
use crate::id::Fingerprint;
use crate::limits;

/// What some bytes turned out to be.
#[derive(Debug)]
pub enum Parsed<'a> {
    /// A container that was opened.
    Container(Contained<'a>),
    /// One object.
    Object(Piece<'a, Object>),
}

impl<'a> Parsed<'a> {
    /// An object whose bytes are as they should be.
    #[must_use]
    pub const fn as_is(body: Object, der: &'a [u8]) -> Self {
        Self::Object(Piece { body, der: Cow::Borrowed(der), offset: 0, findings: Codes::NONE })
    }
}

/// A container that was opened.
#[derive(Debug)]
pub struct Contained<'a> {
    /// Its name in records.
    pub format: &'static str,
    /// What it holds, in the order found.
    pub pieces: Vec<Piece<'a>>,
    /// What is noteworthy about the container.
    pub findings: Codes,
    content: Option<&'a [u8]>,
}

impl Contained<'_> {
    /// The message in it, if there is one: bytes of any kind, which may be text with objects of their own or
    /// another container.
    #[must_use]
    pub fn content(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.content.map(pkcs7::octets)
    }
}

/// One object with its bytes, or the reason why there is none.
#[derive(Debug)]
pub struct Piece<'a, T = Result<Object, Unread>> {
    /// What it is.
    pub body: T,
    /// Its DER. Rewritten if it was BER; private keys are not kept in that form.
    pub der: Cow<'a, [u8]>,
    /// Where it begins in the container.
    pub offset: usize,
    /// What is noteworthy about the way it lies there.
    pub findings: Codes,
}

/// Opens a container. `None`: these bytes are none.
///
/// # Errors
/// [`Unread`] for one that holds nothing that can be taken.
pub(super) fn open(bytes: &[u8]) -> Option<Result<Contained<'_>, Unread>> {
    pkcs7::open(bytes).map(|opened| opened.map(|bag| read(&bag, bytes)))
}

/// Opens a plain sequence of certificates.
pub(super) fn open_path(bytes: &[u8]) -> Option<Contained<'_>> {
    let bag = pkcs7::open_path(bytes)?;
    certificate(bag.entries.first()?.raw)?;
    Some(read(&bag, bytes))
}

/// Reads an object that lies in BER, by way of its DER.
///
/// # Errors
/// As [`shape::by_tags`].
pub(super) fn from_ber(bytes: &[u8]) -> Result<Option<Piece<'_, Object>>, Unread> {
    let Some((der, used)) = reencode::to_der(bytes) else { return Ok(None) };
    let mut der = Zeroizing::new(der);
    if **der == bytes[..used] {
        return Ok(None);
    }
    let Some(mut body) = shape::by_tags(&der)? else { return Ok(None) };
    name_as_signed(&mut body, bytes);
    let mut findings: Codes = [Code::BerEncoding].into_iter().collect();
    if used < bytes.len() {
        findings.insert(Code::TrailingData);
    }
    let der = if matches!(body, Object::PrivateKey(_)) {
        Cow::Borrowed(bytes)
    } else {
        Cow::Owned(std::mem::take(&mut *der))
    };
    Ok(Some(Piece { body, der, offset: 0, findings }))
}

fn read<'a>(bag: &Bag<'a>, whole: &[u8]) -> Contained<'a> {
    let mut pieces: Vec<_> = bag.entries.iter().map(|entry| piece(entry, whole)).collect();
    let mut add = |unread| {
        pieces.push(Piece { body: Err(unread), der: Cow::Borrowed(&[]), offset: 0, findings: Codes::NONE })
    };
    if let Some(sealed) = &bag.sealed {
        add(sealed.clone());
    }
    if bag.beyond > 0 {
        add(Unread::Skipped(
            Reason::TooLarge,
            format!("{} more objects behind the first {}", bag.beyond, limits::CONTAINED),
        ));
    }
    if bag.broken {
        add(Unread::Unreadable(
            Reason::BadObject,
            format!("{}: a part of it is missing or broken", bag.format),
        ));
    }
    let mut findings = Codes::NONE;
    if bag.ber {
        findings.insert(Code::BerEncoding);
    }
    if ber::element(whole).is_some_and(|(_, rest)| !rest.is_empty()) {
        findings.insert(Code::TrailingData);
    }
    Contained { format: bag.format, pieces, findings, content: bag.content }
}

fn piece<'a>(entry: &Entry<'a>, whole: &[u8]) -> Piece<'a> {
    let raw = entry.raw;
    let offset = raw.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    let read = match entry.choice {
        Choice::Certificate => certificate(raw),
        Choice::Crl => list(raw),
        Choice::Other(name) => {
            return unread(Unread::Skipped(Reason::OtherFormat, name.to_owned()), raw, offset);
        }
        Choice::Unknown => None,
    };
    // A list among the certificates and the other way round.
    let read = read.or_else(|| certificate(raw)).or_else(|| list(raw));
    match read {
        Some(piece) => Piece { body: Ok(piece.body), der: piece.der, offset, findings: piece.findings },
        None => unread(Unread::Unreadable(Reason::BadObject, shape::explain(raw)), raw, offset),
    }
}

/// Gives an object in BER the fingerprint that other tools (OpenSSL among them) know it by: the signed part
/// stays as found, since the signature is over those bytes as they see it, and what is around it is DER.
fn name_as_signed(body: &mut Object, raw: &[u8]) {
    let Some(fingerprint) = signed_as_found(raw) else { return };
    match body {
        Object::Certificate(certificate) => Arc::make_mut(certificate).sha256 = fingerprint,
        Object::Crl(list) => Arc::make_mut(list).sha256 = fingerprint,
        Object::Request(request) => Arc::make_mut(request).sha256 = fingerprint,
        Object::Parameters(_) | Object::PrivateKey(_) | Object::PublicKey(_) => {}
    }
}

fn signed_as_found(raw: &[u8]) -> Option<Fingerprint> {
    let mut parts = ber::Reader::new(ber::element(raw)?.0.content);
    let (signed, algorithm, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let (algorithm, _) = reencode::to_der(algorithm.raw)?;
    let (signature, _) = reencode::to_der(signature.raw)?;
    Some(Fingerprint::of(&der::tlv(der::SEQUENCE, &[signed.raw, &algorithm, &signature].concat())))
}

const fn unread(why: Unread, raw: &[u8], offset: usize) -> Piece<'_> {
    Piece { body: Err(why), der: Cow::Borrowed(raw), offset, findings: Codes::NONE }
}

fn certificate(raw: &[u8]) -> Option<Piece<'_, Object>> {
    as_is_or_rewritten(raw, |der| cert::read(der).map(|c| Object::Certificate(c.into())))
}

fn list(raw: &[u8]) -> Option<Piece<'_, Object>> {
    as_is_or_rewritten(raw, |der| crl::read(der).map(|c| Object::Crl(c.into())))
}

/// Reads an element as it lies; if that fails and it is BER, its DER (RFC 5280 section 4.1.1.3: signatures
/// are over the DER).
fn as_is_or_rewritten(raw: &[u8], read: impl Fn(&[u8]) -> Option<Object>) -> Option<Piece<'_, Object>> {
    if let Some(body) = read(raw) {
        return Some(Piece { body, der: Cow::Borrowed(raw), offset: 0, findings: Codes::NONE });
    }
    let (der, _) = reencode::to_der(raw).filter(|(der, _)| der != raw)?;
    let mut body = read(&der)?;
    name_as_signed(&mut body, raw);
    Some(Piece { body, der: Cow::Owned(der), offset: 0, findings: [Code::BerEncoding].into_iter().collect() })
}
