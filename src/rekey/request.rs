//! A certification request (PKCS #10, RFC 2986) with its parts as found, not as a library would spell them.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, SetOfVec};
use der::{Encode, Sequence, Tag, ValueOrd};

use super::key::NewKey;
use super::spec::NewKind;
use crate::oid;

/// One extension that the CA is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Its name.
    pub(crate) oid: &'static [u8],
    /// Whether it is critical.
    pub(crate) critical: bool,
    /// What the OCTET STRING holds.
    pub(crate) value: Vec<u8>,
}

/// `Extension`, RFC 5280 section 4.1.
#[derive(Sequence, ValueOrd)]
struct Extension<'a> {
    oid: ObjectIdentifier,
    #[asn1(default = "not_critical")]
    critical: bool,
    value: &'a OctetStringRef,
}

fn identifier(content: &[u8]) -> der::Result<ObjectIdentifier> {
    Ok(ObjectIdentifier::from_bytes(content)?)
}

impl<'a> Extension<'a> {
    fn of(wish: &'a Wish) -> der::Result<Self> {
        let Wish { oid, critical, value } = wish;
        Ok(Self { oid: identifier(oid)?, critical: *critical, value: OctetStringRef::new(value)? })
    }
}

const fn not_critical() -> bool {
    false
}

/// `Attribute`, RFC 2986 section 4.1, of the one type that is used.
#[derive(Sequence, ValueOrd)]
struct Attribute<'a> {
    oid: ObjectIdentifier,
    values: SetOfVec<Vec<Extension<'a>>>,
}

/// `CertificationRequestInfo`, RFC 2986 section 4.1.
#[derive(Sequence)]
struct Info<'a> {
    version: u8,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    attributes: SetOfVec<Attribute<'a>>,
}

/// `AlgorithmIdentifier`, RFC 5280 section 4.1.1.2.
#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

/// `CertificationRequest`, RFC 2986 section 4.2.
#[derive(Sequence)]
struct Request<'a> {
    info: AnyRef<'a>,
    algorithm: Algorithm<'a>,
    signature: BitStringRef<'a>,
}

/// Why a request could not be made of a certificate that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A part does not fit into DER.
    Encoding,
    /// The key did not sign.
    Signing,
}

impl From<der::Error> for Failure {
    fn from(_: der::Error) -> Self {
        Self::Encoding
    }
}

/// Assembles and signs a request. `subject` is the content of the `Name`, as found.
pub(crate) fn assemble(subject: &[u8], wishes: &[Wish], key: &NewKey) -> Result<Vec<u8>, Failure> {
    let mut attributes = SetOfVec::new();
    if !wishes.is_empty() {
        let extensions = wishes.iter().map(Extension::of).collect::<der::Result<Vec<_>>>()?;
        let values = SetOfVec::try_from(vec![extensions])?;
        attributes.insert(Attribute { oid: identifier(oid::EXTENSION_REQUEST)?, values })?;
    }
    let info = Info {
        version: 0,
        subject: AnyRef::new(Tag::Sequence, subject)?,
        public_key: AnyRef::try_from(key.spki())?,
        attributes,
    }
    .to_der()?;
    let signed = key.sign(&info).map_err(|_| Failure::Signing)?;
    let request = Request {
        info: AnyRef::try_from(info.as_slice())?,
        algorithm: algorithm(key.kind())?,
        signature: BitStringRef::from_bytes(&signed)?,
    };
    Ok(request.to_der()?)
}

/// The signature algorithm of a kind: RSA carries a NULL (RFC 4055 section 5), the others nothing (RFC 5758
/// section 3.2, RFC 8410 section 3).
fn algorithm(kind: NewKind) -> der::Result<Algorithm<'static>> {
    let (oid, parameters) = match kind {
        NewKind::EcdsaP256 => (oid::ECDSA_SHA256, None),
        NewKind::EcdsaP384 => (oid::ECDSA_SHA384, None),
        NewKind::EcdsaP521 => (oid::ECDSA_SHA512, None),
        NewKind::Ed25519 => (oid::ED25519, None),
        NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096 => (oid::RSA_SHA256, Some(AnyRef::NULL)),
    };
    Ok(Algorithm { oid: identifier(oid)?, parameters })
}
