//! One block or one element to its items.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::Content;
use super::records::spot;
use crate::finding::{Codes, Reason};
use crate::pki::{Label, Object, Parsed, Unread, is_signature, read_der, read_labelled};
use crate::read::cache::Outcome;
use crate::read::forms;
use crate::read::found::Item;
use crate::read::pem::Block;
use crate::read::zeroizing_io::wipe;

/// What reading one block gave.
pub(super) struct Reading {
    /// `None`: it was a container, whose items are added already.
    pub(super) outcome: Option<Outcome>,
    /// Whether what stands before the block may have told how to read it.
    by_prefix: bool,
    /// How far the object in its body reaches, if something else may follow it there.
    reach: Option<usize>,
}

impl Content<'_, '_> {
    /// Elements with blanks or zeros between them; returns what is left.
    pub(super) fn spaced<'b>(&mut self, bytes: &'b [u8], spot: impl Fn(usize) -> Item) -> &'b [u8] {
        let mut rest = bytes;
        loop {
            let done = bytes.len() - rest.len();
            let before = rest.len();
            rest = self.elements(rest, |offset| spot(done + offset));
            let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
            if rest.len() == before || blanks == 0 || rest.get(blanks) != Some(&0x30) {
                return rest;
            }
            rest = &rest[blanks..];
        }
    }

    /// Reads one block, or takes over what an equal one gave. `false` if its text is no base64, or has no END
    /// and is no object; and how far the object reaches in its body, if something else may follow it there.
    pub(super) fn block(&mut self, block: &Block<'_>, offset: usize) -> (bool, Option<usize>) {
        let mut reach = None;
        let spot = Item {
            label: Some(label_text(&block.name())),
            ..spot(self.at.base + offset as u64, block.line, "pem")
        };
        // EC PARAMETERS are remembered for the key behind them, so they are read each time; and what damaged
        // markers mean is no part of the text.
        let cache =
            self.lent.cache.as_ref().filter(|_| block.label != b"EC PARAMETERS" && block.has_plain_markers());
        let hash = cache.map(|c| c.hash(block.label, block.body));
        let known = self
            .lent
            .cache
            .as_ref()
            .zip(hash)
            .and_then(|(cache, hash)| cache.find(hash, block.label, block.body).cloned());
        let (body, findings) = match known {
            Some(outcome) => outcome,
            None => {
                let read = self.read_block(block, &spot);
                reach = read.reach;
                let Some(outcome) = read.outcome else { return (true, reach) };
                // A key that got its name from the block before it may get another one elsewhere.
                let alone = self.ec_parameters.is_none() && outcome.0.as_ref().map_or(true, Object::is_named);
                // What is wrong with a block names its line, and what follows an object in it is read each
                // time.
                let alone = alone
                    && !read.by_prefix
                    && reach.is_none()
                    && !matches!(outcome.0, Err(Unread::Unreadable(..)));
                if let (Some(cache), Some(hash), true) = (&mut self.lent.cache, hash, alone) {
                    cache.offer(hash, block.label, block.body, &outcome);
                }
                outcome
            }
        };
        let decoded = match &body {
            Err(Unread::Unreadable(Reason::BadBase64 | Reason::EmptyBlock | Reason::MissingEnd, _)) => false,
            Err(Unread::Unreadable(..)) => block.closed,
            _ => true,
        };
        self.push_object(spot, body, findings);
        (decoded, reach)
    }

    /// Reads one block.
    pub(super) fn read_block(&mut self, block: &Block<'_>, spot: &Item) -> Reading {
        let (mut by_prefix, mut reach) = (false, None);
        let mut decoded_bytes = std::mem::take(self.lent.scratch);
        let outcome = match block.decode(&mut decoded_bytes) {
            Err(error) => Some((Err(Unread::Unreadable(error.reason, error.detail)), Codes::NONE)),
            Ok(decoded) => {
                (by_prefix, reach) = (decoded.by_prefix, decoded.reach);
                let name = block.name();
                let label = Label::of(&name);
                let parsed = read_labelled(label, &decoded_bytes, decoded.headers.encrypted);
                match self.with_parameters(&name, &decoded_bytes, parsed) {
                    Ok(Parsed::Container(container)) => {
                        self.contained(container, Item { findings: decoded.findings, ..spot.clone() });
                        None
                    }
                    Ok(Parsed::Object(object)) => {
                        if let Some(tap) = &mut self.lent.tap {
                            tap(&object.der, Some(&object.body));
                        }
                        let findings = decoded.findings.union(object.findings);
                        // One block should hold one object; where more follow, each is an item.
                        let tail =
                            crate::pki::first_element(&decoded_bytes).map_or(&[][..], |(_, tail)| tail);
                        let blanks = tail.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
                        let tail = &tail[blanks..];
                        if tail.first() == Some(&0x30) && label != Label::TrustedCertificate {
                            self.push_object(spot.clone(), Ok(object.body), findings);
                            self.spaced(tail, |_| spot.clone());
                            None
                        } else {
                            Some((Ok(object.body), findings))
                        }
                    }
                    Err(unread) => {
                        if let (Unread::Locked(..), Some(tap)) = (&unread, &mut self.lent.tap) {
                            tap(&decoded_bytes, None);
                        }
                        let wrapped = matches!(unread, Unread::Unreadable(Reason::BadObject, _))
                            && self.text_in_block(&decoded_bytes, spot);
                        (!wrapped).then_some((Err(unread), decoded.findings))
                    }
                }
            }
        };
        if !matches!(outcome, Some((Ok(Object::Certificate(_)), _))) {
            // Whatever was tried on the text, never more was written than it has.
            wipe(&mut decoded_bytes, block.body.len());
        }
        *self.lent.scratch = decoded_bytes;
        Reading { outcome, by_prefix, reach }
    }

    /// Text in a block where an object should be, as it is when somebody encodes a file that is encoded
    /// already. Whether there was an object in it.
    fn text_in_block(&mut self, bytes: &[u8], spot: &Item) -> bool {
        let first = self.found.items.len();
        if bytes.first() != Some(&0x30) && forms::may_hold_text(bytes) {
            self.nested(bytes, spot);
        }
        self.found.items[first..].iter().any(|item| matches!(item.body, Ok(_) | Err(Unread::Locked(..))))
    }

    /// An EC key that names no curve means the EC PARAMETERS before it.
    fn with_parameters<'d>(
        &mut self,
        name: &[u8],
        der: &'d [u8],
        mut read: Result<Parsed<'d>, Unread>,
    ) -> Result<Parsed<'d>, Unread> {
        if read.is_ok() && name == b"EC PARAMETERS" {
            // Whatever lies in a block of that name.
            self.ec_parameters = Some(Zeroizing::new(der.to_vec()));
        } else if let (Ok(Parsed::Object(piece)), Some(parameters)) = (&mut read, &self.ec_parameters)
            && matches!(piece.body, Object::PrivateKey(_))
            && !piece.body.is_named()
            && let Some(object) = crate::pki::read_ec_key(der, parameters)
        {
            piece.body = object;
        }
        read
    }

    pub(super) fn push_object(&mut self, spot: Item, body: Result<Object, Unread>, findings: Codes) {
        // What could not be read, or is of no concern here, may be a key too.
        self.found.secret |= match &body {
            Ok(object) => matches!(object, Object::PrivateKey(_)),
            Err(unread) => !matches!(unread, Unread::Skipped(Reason::NoPkiContent, _)),
        };
        self.found.push(Item { body, findings, ..spot });
    }

    /// One element without a label. `false`, and nothing added, if it is nothing of interest.
    pub(super) fn unlabelled(&mut self, bytes: &[u8], spot: Item) -> bool {
        match read_der(bytes) {
            Ok(Parsed::Container(container)) => self.contained(container, spot),
            // Signatures in base64 or hexadecimal stand in many texts.
            Ok(Parsed::Object(object))
                if spot.container == "base64"
                    && matches!(object.body, Object::PublicKey(_))
                    && is_signature(&object.der) =>
            {
                return false;
            }
            Ok(Parsed::Object(object)) => {
                if let Some(tap) = &mut self.lent.tap {
                    tap(&object.der, Some(&object.body));
                }
                self.push_object(spot, Ok(object.body), object.findings);
            }
            Err(Unread::Skipped(Reason::NoPkiContent, _)) => return false,
            Err(unread @ Unread::Locked(..)) => {
                if let Some(tap) = &mut self.lent.tap {
                    tap(bytes, None);
                }
                self.push_object(spot, Err(unread), Codes::NONE);
            }
            Err(unread) => self.push_object(spot, Err(unread), Codes::NONE),
        }
        true
    }

    /// Elements one behind another, each an item of its own; returns what is left when one is nothing of
    /// interest.
    fn elements<'b>(&mut self, bytes: &'b [u8], spot: impl Fn(usize) -> Item) -> &'b [u8] {
        let mut rest = bytes;
        while !rest.is_empty() {
            // What has no end may be a container that was cut short.
            let (element, tail) = crate::pki::first_element(rest).unwrap_or((rest, &[]));
            if !self.unlabelled(element, spot(bytes.len() - rest.len())) {
                break;
            }
            rest = tail;
        }
        rest
    }
}

/// Labels in use are not copied.
pub(super) fn label_text(label: &[u8]) -> Cow<'static, str> {
    const KNOWN: &[&str] = &[
        "CERTIFICATE",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PUBLIC KEY",
        "CERTIFICATE REQUEST",
        "X509 CRL",
        "TRUSTED CERTIFICATE",
        "EC PARAMETERS",
        "DH PARAMETERS",
    ];
    match KNOWN.iter().find(|k| k.as_bytes() == label) {
        Some(known) => Cow::Borrowed(known),
        None if like_a_label(label) => Cow::Owned(crate::pki::show(&String::from_utf8_lossy(label))),
        None => Cow::Owned(format!("({} bytes)", label.len())),
    }
}

/// Words of letters and digits. Anything else between BEGIN and its dashes may be part of a key and is not
/// shown.
fn like_a_label(label: &[u8]) -> bool {
    label.split(|b| *b == b' ').all(|word| {
        word.len() <= 20
            && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'.' | b'-' | b'_'))
    })
}
