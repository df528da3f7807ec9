//! Certificate bags: PKCS #7 ([RFC 2315]) and CMS ([RFC 5652]) `SignedData` and its relatives, Netscape
//! certificate sequences, `PkiPath`.
//!
//! [`open`] finds the certificates and revocation lists in one of them as slices of its bytes, in the order
//! found, and tells apart what it cannot take. It walks BER as it lies, so a certificate keeps the bytes it
//! was signed over. Signatures of the messages are not looked at.
//!
//! [RFC 2315]: https://www.rfc-editor.org/rfc/rfc2315
//! [RFC 5652]: https://www.rfc-editor.org/rfc/rfc5652

use zeroize::Zeroizing;

use super::ber::{self, Reader};
use super::der::{INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv, context};
use super::object::Unread;
use super::reencode;
use crate::finding::Reason;
use crate::{limits, oid};

/// What a container holds, not read yet.
#[derive(Debug)]
pub(crate) struct Bag<'a> {
    /// The name of the format.
    pub(crate) format: &'static str,
    /// Certificates, revocation lists and others, in the order found.
    pub(crate) entries: Vec<Entry<'a>>,
    /// How many more there are than [`limits::CONTAINED`].
    pub(crate) beyond: usize,
    /// The element that was signed or digested, if it lies in the container.
    pub(crate) content: Option<&'a [u8]>,
    /// What there is to say about a part that is encrypted or compressed.
    pub(crate) sealed: Option<Unread>,
    /// Some of it is missing or not in the form of the standard.
    pub(crate) broken: bool,
    /// It has indefinite lengths.
    pub(crate) ber: bool,
}

/// One element of a bag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// What its tag says.
    pub(crate) choice: Choice,
    /// The whole element; may be BER.
    pub(crate) raw: &'a [u8],
}

/// The choices of `CertificateChoices` and `RevocationInfoChoice` (RFC 5652 sections 10.2.1 and 10.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// A `Certificate`, also one taken out of a PKCS #6 extended certificate.
    Certificate,
    /// A `CertificateList`.
    Crl,
    /// Something that holds no key; its name.
    Other(&'static str),
    /// An element that the standard does not have there.
    Unknown,
}

/// The content types that can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Authenticated,
    Compressed,
    Data,
    Digested,
    Encrypted,
    Enveloped,
    NetscapeSequence,
    Signed,
    SignedAndEnveloped,
}

impl Type {
    fn of(content_type: &[u8]) -> Option<Self> {
        if let Some([number]) = content_type.strip_prefix(oid::PKCS7) {
            // RFC 2315 section 14.
            return Some(match number {
                1 => Self::Data,
                2 => Self::Signed,
                3 => Self::Enveloped,
                4 => Self::SignedAndEnveloped,
                5 => Self::Digested,
                6 => Self::Encrypted,
                _ => return None,
            });
        }
        match content_type.strip_prefix(oid::SMIME_CONTENT_TYPES) {
            Some([2]) => Some(Self::Authenticated),
            Some([9]) => Some(Self::Compressed),
            // id-ct-authEnvelopedData, RFC 5083 section 2.1: begins as EnvelopedData does.
            Some([23]) => Some(Self::Enveloped),
            _ => (content_type == oid::NETSCAPE_CERTIFICATE_SEQUENCE).then_some(Self::NetscapeSequence),
        }
    }
}

/// Opens a container. `None`: it is none of these. Bytes behind it are not looked at; if its end is missing,
/// what is whole counts.
///
/// # Errors
/// [`Unread`] for one that holds nothing that can be taken: encrypted, or broken from the start.
pub(crate) fn open(bytes: &[u8]) -> Option<Result<Bag<'_>, Unread>> {
    let (outer, _, cut) = ber::element_or_start(bytes).filter(|(t, ..)| t.tag == SEQUENCE)?;
    let mut info = Reader::new(outer.content);
    let mut bag = Bag::new("pkcs7", outer);
    bag.broken |= cut;
    let read = match info.peek()? {
        OID => {
            let content_type = Type::of(info.oid()?)?;
            let content = info.tagged_or_start(context(0));
            content.and_then(|content| bag.take(content_type, content))
        }
        // A SignedData that lost its ContentInfo.
        INTEGER if !cut && is_signed_data(info) => bag.signed(outer),
        _ => return None,
    };
    Some(match read {
        None => Err(Unread::Unreadable(Reason::BadObject, bag.what_is_wrong(cut))),
        Some(()) if bag.broken && bag.entries.is_empty() => {
            Err(Unread::Unreadable(Reason::BadObject, bag.what_is_wrong(cut)))
        }
        Some(()) => match bag.sealed.take() {
            Some(sealed) if bag.entries.is_empty() => Err(sealed),
            sealed => Ok(Bag { sealed, ..bag }),
        },
    })
}

/// `PkiPath` (X.509, RFC 6066 section 8): a plain SEQUENCE OF Certificate. **The caller makes sure that the
/// first one is a certificate.**
pub(crate) fn open_path(bytes: &[u8]) -> Option<Bag<'_>> {
    let (outer, _) = ber::element(bytes).filter(|(t, _)| t.tag == SEQUENCE)?;
    let mut bag = Bag::new("pkipath", outer);
    bag.list(outer, certificate_choice);
    (!bag.broken && !bag.entries.is_empty() && bag.entries.iter().all(|e| e.choice == Choice::Certificate))
        .then_some(bag)
}

/// The octets of a content: those of an OCTET STRING, in whatever pieces it lies, or else the element itself
/// (RFC 2315 section 7 allows any).
pub(crate) fn octets(content: &[u8]) -> Zeroizing<Vec<u8>> {
    let joined = reencode::to_der(content).map(|(der, _)| Zeroizing::new(der));
    let string =
        joined.as_deref().and_then(|der| super::der::first(der)).filter(|(t, _)| t.tag == OCTET_STRING);
    Zeroizing::new(string.map_or(content, |(t, _)| t.content).to_vec())
}

/// Version, digest algorithms and a content with its type (RFC 5652 section 5.1).
fn is_signed_data(mut fields: Reader<'_>) -> bool {
    let small = fields.tagged(INTEGER).is_some_and(|v| v.content.len() == 1);
    small
        && fields.tagged(SET).is_some()
        && fields.tagged(SEQUENCE).is_some_and(|s| Reader::new(s.content).oid().is_some())
}

const fn certificate_choice(tag: u8) -> Choice {
    match tag {
        SEQUENCE => Choice::Certificate,
        0xa1 | 0xa2 => Choice::Other("attribute certificate"),
        0xa3 => Choice::Other("certificate of another format"),
        _ => Choice::Unknown,
    }
}

const fn revocation_choice(tag: u8) -> Choice {
    match tag {
        SEQUENCE => Choice::Crl,
        0xa1 => Choice::Other("revocation information of another format"),
        _ => Choice::Unknown,
    }
}

impl<'a> Bag<'a> {
    fn new(format: &'static str, outer: Tlv<'_>) -> Self {
        Self {
            format,
            entries: Vec::new(),
            beyond: 0,
            content: None,
            sealed: None,
            broken: false,
            ber: is_indefinite(outer),
        }
    }

    /// Takes what a `ContentInfo` holds, given its content with the tag `[0]`. `None`: it has not the form of
    /// its type.
    fn take(&mut self, content_type: Type, explicit: Tlv<'a>) -> Option<()> {
        self.ber |= is_indefinite(explicit);
        let mut reader = Reader::new(explicit.content);
        if content_type == Type::Data {
            self.content = Some(explicit.content).filter(|c| !c.is_empty());
            return Some(());
        }
        let body = reader.tagged_or_start(SEQUENCE)?;
        self.broken |= reader.is_broken();
        self.ber |= is_indefinite(body);
        match content_type {
            Type::Signed | Type::SignedAndEnveloped => self.signed(body)?,
            Type::NetscapeSequence => self.list(body, certificate_choice),
            Type::Digested => self.digested(body)?,
            Type::Authenticated => {
                self.originator(body)?;
                self.sealed = Some(Unread::Skipped(Reason::FormatNotRead, "cms-authenticated".to_owned()));
            }
            Type::Enveloped => {
                let by_password = self.originator(body)?;
                self.sealed = Some(sealed(by_password, "cms-enveloped"));
            }
            Type::Encrypted => self.sealed = Some(sealed(is_by_password(body), "cms-encrypted")),
            Type::Compressed => {
                self.sealed = Some(Unread::Skipped(Reason::FormatNotRead, "cms-compressed".to_owned()))
            }
            Type::Data => {}
        }
        if content_type == Type::SignedAndEnveloped {
            self.content = None;
            self.sealed = Some(sealed(false, "cms-enveloped"));
        }
        Some(())
    }

    /// `SignedData` (RFC 5652 section 5.1), and `SignedAndEnvelopedData` (RFC 2315 section 11.1), which has
    /// one SET more in front.
    fn signed(&mut self, body: Tlv<'a>) -> Option<()> {
        let mut fields = Reader::new(body.content);
        fields.tagged(INTEGER)?;
        while fields.tagged(SET).is_some() {}
        self.encapsulated(fields.tagged_or_start(SEQUENCE)?);
        self.choices(&mut fields);
        // What is left are signerInfos.
        fields.by_ref().for_each(drop);
        self.broken |= fields.is_broken();
        Some(())
    }

    /// `DigestedData` (RFC 5652 section 7).
    fn digested(&mut self, body: Tlv<'a>) -> Option<()> {
        let mut fields = Reader::new(body.content);
        fields.tagged(INTEGER)?;
        fields.tagged(SEQUENCE)?;
        self.encapsulated(fields.tagged_or_start(SEQUENCE)?);
        Some(())
    }

    /// `EnvelopedData` and `AuthenticatedData` (RFC 5652 sections 6.1 and 9.1): certificates of the sender.
    /// Tells whether a password opens it.
    fn originator(&mut self, body: Tlv<'a>) -> Option<bool> {
        let mut fields = Reader::new(body.content);
        fields.tagged(INTEGER)?;
        if let Some(originator) = fields.tagged_or_start(context(0)) {
            self.choices(&mut Reader::new(originator.content));
        }
        // RFC 5652 section 6.2: PasswordRecipientInfo has tag 3.
        Some(
            fields
                .tagged(SET)
                .is_some_and(|recipients| Reader::new(recipients.content).any(|r| r.tag == context(3))),
        )
    }

    /// `EncapsulatedContentInfo` (RFC 5652 section 5.2): type, and the content with the tag `[0]`.
    fn encapsulated(&mut self, info: Tlv<'a>) {
        let mut info = Reader::new(info.content);
        let _type = info.oid();
        self.content = info.tagged_or_start(context(0)).map(|c| c.content).filter(|c| !c.is_empty());
    }

    /// `certificates [0]` and `crls [1]`, both optional.
    fn choices(&mut self, fields: &mut Reader<'a>) {
        if let Some(set) = fields.tagged_or_start(context(0)) {
            self.list(set, certificate_choice);
        }
        if let Some(set) = fields.tagged_or_start(context(1)) {
            self.list(set, revocation_choice);
        }
    }

    fn list(&mut self, set: Tlv<'a>, choice: fn(u8) -> Choice) {
        self.ber |= is_indefinite(set);
        let mut members = Reader::new(set.content);
        for member in members.by_ref() {
            if self.entries.len() >= limits::CONTAINED {
                self.beyond += 1;
                continue;
            }
            let extended = if member.tag == context(0) { extended(member) } else { None };
            self.entries.push(match extended {
                Some(certificate) => Entry { choice: Choice::Certificate, raw: certificate.raw },
                None => Entry { choice: choice(member.tag), raw: member.raw },
            });
        }
        self.broken |= members.is_broken();
    }

    fn what_is_wrong(&self, cut: bool) -> String {
        format!("{}: {}", self.format, if cut { "cut short" } else { "not in the form of its type" })
    }
}

/// The certificate in a PKCS #6 `ExtendedCertificate` (RFC 2315 section 6.3).
fn extended(member: Tlv<'_>) -> Option<Tlv<'_>> {
    let info = Reader::new(member.content).tagged(SEQUENCE)?;
    let mut info = Reader::new(info.content);
    info.tagged(INTEGER)?;
    info.tagged(SEQUENCE)
}

/// What is locked opens with a passphrase; what is encrypted to a key pair or another key does not.
fn sealed(by_password: bool, name: &str) -> Unread {
    if by_password {
        Unread::Locked(Reason::PassphraseNeeded, None)
    } else {
        Unread::Skipped(Reason::FormatNotRead, name.to_owned())
    }
}

/// Whether an `EncryptedData` (RFC 5652 section 8) is encrypted by a scheme of PKCS #5 or PKCS #12, so with a
/// password.
fn is_by_password(body: Tlv<'_>) -> bool {
    let mut fields = Reader::new(body.content);
    let scheme = fields.tagged(INTEGER).and_then(|_| fields.tagged(SEQUENCE)).and_then(|info| {
        let mut info = Reader::new(info.content);
        info.oid()?;
        Reader::new(info.tagged(SEQUENCE)?.content).oid()
    });
    scheme.is_some_and(|scheme| scheme.starts_with(oid::PKCS5) || scheme.starts_with(oid::PKCS12_PBE))
}

fn is_indefinite(element: Tlv<'_>) -> bool {
    element.raw.get(1) == Some(&0x80)
}

#[cfg(test)]
mod tests;
