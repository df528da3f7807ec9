//! Bytes to the object or container that they are: by their label where there is one, by their shape where
//! the label is wrong or missing.

use std::sync::Arc;

use super::cert;
use super::contained::{self, Parsed};
use super::der::{self, NULL, OID, SEQUENCE};
use super::key::{self, KeyError};
use super::label::Label;
use super::object::{Object, Unread};
use super::shape::{by_tags, explain};
use super::spki::KeyAlgorithm;
use crate::finding::{Code, Reason};

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

#[cfg(test)]
mod tests {
    use super::super::der::{INTEGER, OCTET_STRING, context};
    use super::*;
    use crate::oid;

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
