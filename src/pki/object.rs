//! Which object some bytes are: by their label where there is one, by their shape where the label is wrong or
//! missing.

use std::sync::Arc;

use super::contained::{self, Parsed};
use super::der::{self, BIT_STRING, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::key::{self, KeyError};
use super::spki::{KeyAlgorithm, KeyFacts};
use super::{ber, cert, crl, csr, spki};
use crate::finding::{Code, Reason};
use crate::oid;

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

/// What a PEM label promises (RFC 7468, and what OpenSSL, GnuTLS and others write).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`, `X509 CERTIFICATE`.
    Certificate,
    /// `TRUSTED CERTIFICATE`: a certificate and OpenSSL's trust data behind it.
    TrustedCertificate,
    /// `X509 CRL`, `CRL`.
    Crl,
    /// `CERTIFICATE REQUEST`, `NEW CERTIFICATE REQUEST`.
    Request,
    /// `PRIVATE KEY` and every `... PRIVATE KEY` in DER.
    PrivateKey,
    /// `ENCRYPTED PRIVATE KEY`.
    EncryptedKey,
    /// `OPENSSH PRIVATE KEY`.
    OpenSsh,
    /// `PUBLIC KEY`, `RSA PUBLIC KEY` and the like.
    PublicKey,
    /// `... PARAMETERS`.
    Parameters(&'static str),
    /// `PKCS7`, `CMS`, `PKCS #7 SIGNED DATA`, `CERTIFICATE CHAIN`.
    Pkcs7,
    /// Known, and nothing of X.509 in it.
    Other,
    /// Not known.
    Unknown,
}

impl Label {
    /// Reads a label; case does not count.
    #[must_use]
    pub fn of(label: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" => Self::Certificate,
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" => Self::PrivateKey,
            _ => Self::rare(&label.to_ascii_uppercase()),
        }
    }

    fn rare(label: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" => Self::Certificate,
            b"TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            b"X509 CRL" | b"CRL" => Self::Crl,
            b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Self::Request,
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" | b"DSA PRIVATE KEY"
            | b"DH PRIVATE KEY" | b"ANY PRIVATE KEY" => Self::PrivateKey,
            b"ENCRYPTED PRIVATE KEY" => Self::EncryptedKey,
            b"OPENSSH PRIVATE KEY" => Self::OpenSsh,
            b"PUBLIC KEY" | b"RSA PUBLIC KEY" | b"EC PUBLIC KEY" | b"DSA PUBLIC KEY" => Self::PublicKey,
            b"EC PARAMETERS" | b"SM2 PARAMETERS" => Self::Parameters("ec"),
            b"DH PARAMETERS" | b"X9.42 DH PARAMETERS" | b"X942 DH PARAMETERS" => Self::Parameters("dh"),
            b"DSA PARAMETERS" => Self::Parameters("dsa"),
            b"PKCS7" | b"CMS" | b"PKCS #7 SIGNED DATA" | b"CERTIFICATE CHAIN" | b"CERTIFICATE SET" => {
                Self::Pkcs7
            }
            b"SSH2 PUBLIC KEY"
            | b"SSH SIGNATURE"
            | b"SSL SESSION PARAMETERS"
            | b"ATTRIBUTE CERTIFICATE"
            | b"OCSP RESPONSE"
            | b"OCSP REQUEST"
            | b"AGE ENCRYPTED FILE"
            | b"ECHCONFIG"
            | b"NAMED CURVE"
            | b"TSS2 PRIVATE KEY"
            | b"TSS2 KEY BLOB"
            | b"KEY BLOB"
            | b"SIGNATURE"
            | b"ALGORITHM"
            | b"PKCS11-PROVIDER URI"
            | b"PKCS#11 PROVIDER URI"
            | b"OPENVPN STATIC KEY V1"
            | b"TIMESTAMP QUERY"
            | b"TIMESTAMP RESPONSE" => Self::Other,
            _ if label.starts_with(b"PGP ")
                || label.starts_with(b"OPENVPN ")
                || label.starts_with(b"ENCRYPTED SIGSTORE") =>
            {
                Self::Other
            }
            _ => Self::Unknown,
        }
    }

    const fn expects(self, object: &Object) -> bool {
        match self {
            Self::Certificate | Self::TrustedCertificate => matches!(object, Object::Certificate(_)),
            Self::Crl => matches!(object, Object::Crl(_)),
            Self::Request => matches!(object, Object::Request(_)),
            Self::PrivateKey | Self::OpenSsh => matches!(object, Object::PrivateKey(_)),
            Self::PublicKey => matches!(object, Object::PublicKey(_)),
            Self::Parameters(_) => matches!(object, Object::Parameters(_)),
            Self::EncryptedKey | Self::Pkcs7 | Self::Other | Self::Unknown => false,
        }
    }
}

/// Reads the decoded body of a PEM block. `encrypted` tells that its headers say so (RFC 1421 section
/// 4.6.1.1).
///
/// # Errors
/// [`Unread`]: locked, broken, or of no concern; never with a byte of the content in its text.
pub fn read_labelled(label: Label, der: &[u8], encrypted: bool) -> Result<Parsed<'_>, Unread> {
    if encrypted {
        return Err(Unread::Locked(Reason::PassphraseNeeded, None));
    }
    if der.is_empty() {
        return Err(Unread::Unreadable(Reason::EmptyBlock, String::new()));
    }
    let promised = match label {
        Label::Certificate | Label::TrustedCertificate => certificate(der, label),
        Label::PrivateKey => match key::read(der) {
            Ok(key) => Some(Object::PrivateKey(Arc::new(key))),
            Err(KeyError::Encrypted) => return Err(Unread::Locked(Reason::PassphraseNeeded, None)),
            Err(_) => None,
        },
        Label::OpenSsh => Some(open_ssh(der)?),
        Label::Parameters(kind) => parameters(der, kind),
        _ => None,
    };
    if let Some(object) = promised {
        return Ok(Parsed::as_is(object, der));
    }
    match by_shape(der) {
        Ok(Some(mut parsed)) => {
            let (findings, expected) = match &mut parsed {
                Parsed::Object(object) => (&mut object.findings, label.expects(&object.body)),
                // OpenSSL labels Netscape certificate sequences CERTIFICATE.
                Parsed::Container(container) => {
                    (&mut container.findings, matches!(label, Label::Pkcs7 | Label::Certificate))
                }
            };
            if !expected {
                findings.insert(Code::LabelDiffers);
            }
            Ok(parsed)
        }
        Err(unread @ (Unread::Locked(..) | Unread::Skipped(..))) => Err(unread),
        Ok(None) | Err(_) => Err(match label {
            Label::EncryptedKey => Unread::Locked(Reason::PassphraseNeeded, None),
            Label::Other => Unread::Skipped(Reason::OtherFormat, String::new()),
            Label::Unknown => Unread::Skipped(Reason::UnknownLabel, String::new()),
            _ => Unread::Unreadable(Reason::BadObject, explain(der)),
        }),
    }
}

/// Reads bytes that carry no label: a DER file, or one taken from a container.
///
/// # Errors
/// [`Unread`] for what is locked or a known container; [`Reason::NoPkiContent`] for what is none of these.
pub fn read_der(der: &[u8]) -> Result<Parsed<'_>, Unread> {
    by_shape(der)?.ok_or_else(|| Unread::Skipped(Reason::NoPkiContent, String::new()))
}

/// An EC key without parameters of its own, in whatever form, read with those of the EC PARAMETERS block
/// before it. `None` where that names it no better than it was.
pub(crate) fn read_ec_key(der: &[u8], parameters: &[u8]) -> Option<Object> {
    let key = key::read_with_parameters(der, Some(parameters)).ok()?;
    (key.facts.algorithm == KeyAlgorithm::Ec && key.facts.spki.is_some())
        .then(|| Object::PrivateKey(Arc::new(key)))
}

/// How long an object is that these bytes begin like: a SEQUENCE with a length in long form whose first
/// element is a SEQUENCE (certificates, requests, lists, public keys), a small INTEGER (keys, PKCS #12) or an
/// OID (PKCS #7). Text cannot begin like that.
pub(crate) fn declared_length(bytes: &[u8]) -> Option<usize> {
    let (tag, header, length) = der::header(bytes)?;
    let like_an_object = match bytes.get(header..header + 3)? {
        [SEQUENCE, second, _] => *second >= 0x80,
        [INTEGER, 1, version] => *version <= 4,
        [OID, 9, 0x2a] => true,
        _ => false,
    };
    (tag == SEQUENCE && header > 2 && like_an_object).then(|| header.saturating_add(length))
}

/// Whether bytes begin like an object in BER: a SEQUENCE whose end is marked (X.690 section 8.1.3.6), with a
/// first element as above.
pub(crate) fn begins_without_length(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [SEQUENCE, 0x80, SEQUENCE, 0x80..=0xff, ..]
            | [SEQUENCE, 0x80, INTEGER, 1, 0..=4, ..]
            | [SEQUENCE, 0x80, OID, 9, 0x2a, ..]
    )
}

/// The first element of some bytes, whole, and what follows it; also in BER.
pub(crate) fn first_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    ber::element(bytes).map(|(tlv, rest)| (tlv.raw, rest))
}

fn certificate(der: &[u8], label: Label) -> Option<Object> {
    let mut certificate = cert::read(der)?;
    if label == Label::TrustedCertificate {
        // Trust data behind the certificate is what this label is for.
        certificate.findings = certificate.findings.iter().filter(|c| *c != Code::TrailingData).collect();
    }
    Some(Object::Certificate(Arc::new(certificate)))
}

fn open_ssh(body: &[u8]) -> Result<Object, Unread> {
    match key::read_openssh(body) {
        Ok(key) => Ok(Object::PrivateKey(Arc::new(key))),
        Err(KeyError::Encrypted) => {
            Err(Unread::Locked(Reason::PassphraseNeeded, key::read_openssh_public(body).map(Arc::new)))
        }
        Err(error) => Err(Unread::Unreadable(Reason::BadObject, error.to_string())),
    }
}

fn parameters(der: &[u8], kind: &'static str) -> Option<Object> {
    let (outer, _) = der::first(der)?;
    matches!((kind, outer.tag), ("ec", OID | SEQUENCE | NULL) | ("dh" | "dsa", SEQUENCE))
        .then_some(Object::Parameters(kind))
}

/// Tells container or object by their first elements; what is neither as it lies may be so in DER, or a plain
/// list of certificates. `Ok(None)`: none of them.
fn by_shape(bytes: &[u8]) -> Result<Option<Parsed<'_>>, Unread> {
    if let Some(opened) = contained::open(bytes) {
        return opened.map(|container| Some(Parsed::Container(container)));
    }
    if let Some(object) = by_tags(bytes)? {
        return Ok(Some(Parsed::as_is(object, bytes)));
    }
    if let Some(object) = contained::from_ber(bytes)? {
        return Ok(Some(Parsed::Object(object)));
    }
    Ok(contained::open_path(bytes).map(Parsed::Container))
}

/// Tells the object by the tags of its first elements. `Ok(None)`: none of them.
///
/// # Errors
/// [`Unread`] for what is encrypted or a container of another kind.
pub(super) fn by_tags(der: &[u8]) -> Result<Option<Object>, Unread> {
    let Some((outer, _)) = der::first(der).filter(|(t, _)| t.tag == SEQUENCE) else {
        return Ok(None);
    };
    let mut parts = outer.reader();
    let tags = [parts.any(), parts.any(), parts.any()].map(|t| t.map(|t| t.tag));
    Ok(match tags {
        [Some(SEQUENCE), Some(SEQUENCE), Some(BIT_STRING)] => signed(der),
        [Some(SEQUENCE), Some(SEQUENCE), None] if is_bcfks(outer.reader()) => return Err(container("bcfks")),
        // A certificate whose signature is cut or of another type.
        [Some(SEQUENCE), Some(SEQUENCE), _] => cert::read(der).map(|c| Object::Certificate(Arc::new(c))),
        [Some(SEQUENCE), Some(BIT_STRING), _] => Some(Object::PublicKey(Arc::new(spki::read(outer.raw)))),
        [Some(SEQUENCE), Some(OCTET_STRING), None]
            if outer.reader().sequence().and_then(|mut a| a.oid()).is_some_and(|oid| !is_digest(oid)) =>
        {
            return Err(Unread::Locked(Reason::PassphraseNeeded, None));
        }
        [Some(INTEGER), Some(SEQUENCE), third] if third == Some(SEQUENCE) || is_pfx(outer.reader()) => {
            return Err(container("pkcs12"));
        }
        [Some(INTEGER), Some(INTEGER), third] => integers(der, outer.reader(), third)?,
        [Some(INTEGER), Some(SEQUENCE | OCTET_STRING), _] => private_key(der)?,
        _ => None,
    })
}

fn signed(der: &[u8]) -> Option<Object> {
    // A request's third element is the SubjectPublicKeyInfo, a list's is a time; everything else is tried as
    // a certificate first.
    let mut tbs = der::first(der)?.0.reader().sequence()?;
    let explicit_version = tbs.peek() == Some(context(0));
    if !explicit_version {
        if let Some(list) = crl::read(der) {
            return Some(Object::Crl(Arc::new(list)));
        }
        let mut probe = tbs;
        if probe.integer().is_some() && probe.sequence().is_some() && is_spki(probe) {
            return csr::read(der).map(|r| Object::Request(Arc::new(r)));
        }
        tbs = probe;
    }
    let _ = tbs;
    cert::read(der).map(|c| Object::Certificate(Arc::new(c)))
}

fn is_spki(mut reader: Reader<'_>) -> bool {
    reader.sequence().is_some_and(|mut s| s.sequence().is_some() && s.peek() == Some(BIT_STRING))
}

/// Whether bytes look like a signature of ECDSA or DSA (RFC 3279 section 2.2.2): two numbers of about the
/// same size, of 66 octets at most. A public key of PKCS #1 has the same shape.
pub(crate) fn is_signature(der: &[u8]) -> bool {
    let numbers = Reader::new(der).sequence().and_then(|mut s| Some((s.unsigned()?, s.unsigned()?)));
    numbers.is_some_and(|(first, second)| first.len() <= 66 && second.len() > first.len() / 2)
}

/// Whether an algorithm is a hash: with an OCTET STRING it is a DigestInfo (RFC 8017 section 9.2), not an
/// encrypted key.
fn is_digest(algorithm: &[u8]) -> bool {
    // RSADSI's digestAlgorithm, NIST's hashAlgs, OIW's SHA-1, TeleTrusT's RIPEMD.
    const ARCS: [&[u8]; 4] = [
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02],
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02],
        &[0x2b, 0x0e, 0x03, 0x02, 0x1a],
        &[0x2b, 0x24, 0x03, 0x02],
    ];
    ARCS.iter().any(|arc| algorithm.starts_with(arc))
}

/// Whether bytes are an encrypted private key (RFC 5958 section 3) under one of the schemes in use: those of
/// PKCS #5 and PKCS #12.
pub(crate) fn is_encrypted_key(der: &[u8]) -> bool {
    let algorithm =
        Reader::new(der).sequence().and_then(|mut info| info.sequence()).and_then(|mut a| a.oid());
    algorithm.is_some_and(|oid| oid.starts_with(&oid::PBES2[..8]) || oid.starts_with(oid::PKCS12_PBE))
}

/// PFX (RFC 7292 section 4): a version, which is 3 by rights, then a ContentInfo.
fn is_pfx(mut reader: Reader<'_>) -> bool {
    reader.small().is_some()
        && reader.sequence().is_some_and(|mut info| matches!(info.oid(), Some(oid::DATA | oid::SIGNED_DATA)))
}

/// A keystore of Bouncy Castle (its `ObjectStore`): what is encrypted, as an AlgorithmIdentifier with PBES2
/// (RFC 8018 section 6.2) and an OCTET STRING, then the check, as algorithms of MAC and key derivation and an
/// OCTET STRING.
fn is_bcfks(mut reader: Reader<'_>) -> bool {
    let (Some(mut store), Some(mut check)) = (reader.sequence(), reader.sequence()) else { return false };
    let encrypted = store.sequence().and_then(|mut a| a.oid()) == Some(oid::PBES2)
        && store.octet_string().is_some()
        && store.is_empty();
    let mut algorithm = || check.sequence().and_then(|mut a| a.oid()).is_some();
    encrypted && algorithm() && algorithm() && check.octet_string().is_some()
}

/// A SEQUENCE of INTEGERs: an RSA or DSA private key, an RSA public key, or DH parameters (p and a small
/// generator).
fn integers(der: &[u8], mut reader: Reader<'_>, third: Option<u8>) -> Result<Option<Object>, Unread> {
    if third == Some(INTEGER)
        && let Some(key) = private_key(der)?
    {
        return Ok(Some(key));
    }
    let (Some(modulus), Some(second)) = (reader.unsigned(), reader.unsigned()) else { return Ok(None) };
    if modulus.len() < 16 {
        return Ok(None);
    }
    // What is encrypted by SM2 begins with two numbers too.
    if third.is_some_and(|third| third != INTEGER) {
        return Ok(None);
    }
    if third.is_some() || matches!(second, [2 | 5]) {
        return Ok(Some(Object::Parameters(if third.is_some() && second.len() > 8 { "dsa" } else { "dh" })));
    }
    Ok(spki::read_rsa_public_key(der).map(|facts| Object::PublicKey(Arc::new(facts))))
}

fn private_key(der: &[u8]) -> Result<Option<Object>, Unread> {
    match key::read(der) {
        Ok(key) => Ok(Some(Object::PrivateKey(Arc::new(key)))),
        Err(KeyError::Encrypted) => Err(Unread::Locked(Reason::PassphraseNeeded, None)),
        Err(_) => Ok(None),
    }
}

fn container(name: &str) -> Unread {
    Unread::Skipped(Reason::FormatNotRead, name.to_owned())
}

/// What is wrong with bytes that should have been an object, without showing any of them.
pub(super) fn explain(der: &[u8]) -> String {
    match der::header(der) {
        Some((_, header, length)) if header.saturating_add(length) > der.len() => {
            format!("cut short: {} of {} bytes are there", der.len(), header.saturating_add(length))
        }
        Some((SEQUENCE, ..)) => {
            format!("{} bytes of DER in the shape of none of the objects known", der.len())
        }
        _ => format!("{} bytes that are not DER", der.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_every_spelling() {
        assert_eq!(Label::of(b"certificate"), Label::Certificate);
        assert_eq!(Label::of(b"NEW CERTIFICATE REQUEST"), Label::Request);
        assert_eq!(Label::of(b"PGP PRIVATE KEY BLOCK"), Label::Other);
        assert_eq!(Label::of(b"ZEN MASTER JOKE"), Label::Unknown);
    }

    #[test]
    fn an_encrypted_keystore_of_bouncy_castle() {
        let sequence = |parts: &[&[u8]]| der::tlv(SEQUENCE, &parts.concat());
        let algorithm = |oid: &[u8]| sequence(&[&der::tlv(OID, oid), &sequence(&[])]);
        let octets = der::tlv(OCTET_STRING, &[7; 200]);
        let (hmac, pbkdf2) = (
            algorithm(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11]),
            algorithm(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12]),
        );
        let store = |scheme: &[u8]| {
            sequence(&[&sequence(&[&algorithm(scheme), &octets]), &sequence(&[&hmac, &pbkdf2, &octets])])
        };
        assert_eq!(
            read_der(&store(oid::PBES2)).err(),
            Some(Unread::Skipped(Reason::FormatNotRead, "bcfks".to_owned()))
        );
        assert_eq!(
            read_der(&store(oid::DATA)).err(),
            Some(Unread::Skipped(Reason::NoPkiContent, String::new()))
        );
        let encrypted_key = sequence(&[&algorithm(oid::PBES2), &octets]);
        assert_eq!(read_der(&encrypted_key).err(), Some(Unread::Locked(Reason::PassphraseNeeded, None)));
    }

    #[test]
    fn a_pfx_without_a_check_of_any_version() {
        for (version, kind, wanted) in [
            (3, oid::DATA, true),
            (2, oid::DATA, true),
            (0, oid::SIGNED_DATA, true),
            (2, oid::PBES2, false),
            (0, oid::PBES2, false),
        ] {
            let content = der::tlv(context(0), &der::tlv(OCTET_STRING, &[0x30, 0]));
            let info = der::tlv(SEQUENCE, &[der::tlv(OID, kind), content].concat());
            let pfx = der::tlv(SEQUENCE, &[der::tlv(INTEGER, &[version]), info].concat());
            let told =
                read_der(&pfx).err() == Some(Unread::Skipped(Reason::FormatNotRead, "pkcs12".to_owned()));
            assert_eq!(told, wanted, "{version} {kind:02x?}");
        }
    }

    #[test]
    fn bytes_that_are_nothing_say_what_is_wrong_without_showing_them() {
        let cut = read_labelled(Label::Certificate, &[0x30, 0x82, 0x01, 0x00, 0xaa], false);
        assert_eq!(
            cut.err(),
            Some(Unread::Unreadable(Reason::BadObject, "cut short: 5 of 260 bytes are there".to_owned()))
        );
        assert_eq!(
            read_labelled(Label::Unknown, b"hello", false).err(),
            Some(Unread::Skipped(Reason::UnknownLabel, String::new()))
        );
        assert_eq!(
            read_labelled(Label::PrivateKey, b"anything", true).err(),
            Some(Unread::Locked(Reason::PassphraseNeeded, None))
        );
        assert_eq!(read_der(b"text").err(), Some(Unread::Skipped(Reason::NoPkiContent, String::new())));
    }
}
