//! The records of `scan`: one JSON object per item, fields in a fixed order (DESIGN section 4 is the
//! contract).

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use super::json::{push_list, push_number, push_str, push_word};
use crate::id::{Fingerprint, SpkiHash, push_hex};
use crate::pki::{Certificate, KeyFacts, Names, Object, Unread};
use crate::read::{INTO, Item, Place};
use crate::time::Time;

/// Appends one record, without a line end.
pub fn push(out: &mut Vec<u8>, place: &Place, item: &Item) {
    let kind = match &item.body {
        Ok(object) => object.kind(),
        Err(Unread::Locked(..)) => "locked",
        Err(Unread::Unreadable(..)) => "unreadable",
        Err(Unread::Skipped(..)) => "skipped",
    };
    out.extend_from_slice(b"{\"kind\":");
    push_word(out, kind);
    push_place(out, place, item);
    match &item.body {
        Ok(object) => push_object(out, object),
        Err(unread) => push_unread(out, unread),
    }
    let findings = item.all_findings();
    if item.body.is_ok() || !findings.is_empty() {
        field(out, "findings");
        push_list(out, findings.iter().map(|c| c.as_str()));
    }
    out.push(b'}');
}

fn field(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    field(out, name);
    push_str(out, value);
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    field(out, name);
    push_number(out, value);
}

fn flag(out: &mut Vec<u8>, name: &str, value: bool) {
    field(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn hash(out: &mut Vec<u8>, name: &str, value: Option<&[u8; 32]>) {
    field(out, name);
    match value {
        Some(bytes) => {
            out.push(b'"');
            push_hex(out, bytes);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

fn time(out: &mut Vec<u8>, name: &str, value: Option<Time>) {
    field(out, name);
    match value {
        Some(time) => {
            out.push(b'"');
            time.push(out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

/// The way into archives and containers.
#[must_use]
pub fn member<'a>(place: &'a Place, item: &'a Item) -> Option<Cow<'a, str>> {
    match (place.member(), &item.member) {
        (Some(outer), Some(inner)) => Some(Cow::Owned(format!("{outer}{INTO}{inner}"))),
        (outer, inner) => outer.or(inner.as_deref()).map(Cow::Borrowed),
    }
}

fn push_place(out: &mut Vec<u8>, place: &Place, item: &Item) {
    number(out, "root", u64::from(place.root));
    text(out, "path", &place.path);
    if let Some(raw) = place.raw_path() {
        text(out, "path_b64", &base64_simd::STANDARD.encode_to_string(raw));
    }
    field(out, "member");
    match member(place, item) {
        Some(member) => push_str(out, &member),
        None => out.extend_from_slice(b"null"),
    }
    number(out, "index", u64::from(item.index));
    number(out, "offset", item.offset);
    field(out, "line");
    if item.line == 0 {
        out.extend_from_slice(b"null")
    } else {
        push_number(out, u64::from(item.line))
    }
    field(out, "label");
    match &item.label {
        Some(label) => push_str(out, label),
        None => out.extend_from_slice(b"null"),
    }
    field(out, "container");
    push_word(out, item.container);
}

fn push_unread(out: &mut Vec<u8>, unread: &Unread) {
    let (reason, detail) = match unread {
        Unread::Locked(reason, _) => (reason, ""),
        Unread::Skipped(reason, detail) | Unread::Unreadable(reason, detail) => (reason, detail.as_str()),
    };
    text(out, "reason", reason.as_str());
    if !detail.is_empty() {
        text(out, "detail", detail);
    }
    if let Unread::Locked(_, Some(facts)) = unread {
        push_spki(out, facts);
        push_key(out, facts);
    }
}

fn push_object(out: &mut Vec<u8>, object: &Object) {
    match object {
        Object::Certificate(certificate) => repeated(out, object, certificate, push_certificate),
        Object::PrivateKey(key) => repeated(out, object, key, |out, key| {
            push_spki(out, &key.facts);
            push_key(out, &key.facts);
            flag(out, "encrypted", false);
        }),
        Object::PublicKey(facts) => {
            push_spki(out, facts);
            push_key(out, facts);
        }
        Object::Request(request) => {
            hash(out, "sha256", Some(Fingerprint::as_bytes(&request.sha256)));
            push_spki(out, &request.key);
            text(out, "subject", &request.subject);
            push_names(out, &request.names);
            push_key(out, &request.key);
            text(out, "signature_algorithm", &request.signature_algorithm);
        }
        Object::Crl(list) => {
            hash(out, "sha256", Some(Fingerprint::as_bytes(&list.sha256)));
            text(out, "issuer", &list.issuer);
            time(out, "this_update", list.this_update);
            time(out, "next_update", list.next_update);
            number(out, "entries", list.entries);
            text(out, "signature_algorithm", &list.signature_algorithm);
        }
        Object::Parameters(kind) => text(out, "key_algorithm", kind),
    }
}

thread_local! {
    /// Facts already written out, of objects that the reader met more than once: an intermediate beside every
    /// leaf, a key in many files.
    static WRITTEN: RefCell<Vec<Option<Written>>> = const { RefCell::new(Vec::new()) };
}

/// An object and its facts as text.
type Written = (Object, Box<[u8]>);

/// Slots of that table; objects that share one displace each other.
const WRITTEN_SLOTS: usize = 1024;

/// Appends the facts of an object; copies them if the same object was written before on this thread.
fn repeated<T>(out: &mut Vec<u8>, object: &Object, shared: &Arc<T>, write: impl FnOnce(&mut Vec<u8>, &T)) {
    // Nobody else holds it: the reader met it for the first time and keeps nothing.
    if Arc::strong_count(shared) < 2 {
        return write(out, shared);
    }
    WRITTEN.with_borrow_mut(|slots| {
        slots.resize(WRITTEN_SLOTS, None);
        // The table holds the object, so its address belongs to no other.
        let address = Arc::as_ptr(shared).cast::<u8>() as usize;
        let slot = &mut slots[(address >> 6) % WRITTEN_SLOTS];
        if let Some((known, text)) = slot
            && known.address() == address
        {
            return out.extend_from_slice(text);
        }
        let start = out.len();
        write(out, shared);
        *slot = Some((object.clone(), out[start..].into()));
    });
}

fn push_certificate(out: &mut Vec<u8>, certificate: &Certificate) {
    hash(out, "sha256", Some(certificate.sha256.as_bytes()));
    push_spki(out, &certificate.key);
    text(out, "subject", &certificate.subject);
    text(out, "issuer", &certificate.issuer.name);
    text(out, "serial", &certificate.serial.to_hex());
    text(out, "serial_decimal", &certificate.serial.to_decimal());
    time(out, "not_before", certificate.not_before);
    time(out, "not_after", certificate.not_after);
    push_names(out, &certificate.names);
    push_key(out, &certificate.key);
    text(out, "signature_algorithm", &certificate.issuer.algorithm);
    flag(out, "is_ca", certificate.is_ca);
    flag(out, "is_self_signed", certificate.is_self_signed);
}

fn push_spki(out: &mut Vec<u8>, facts: &KeyFacts) {
    hash(out, "spki_sha256", facts.spki.as_ref().map(SpkiHash::as_bytes));
    if let Some(raw) = &facts.spki_raw {
        hash(out, "spki_sha256_raw", Some(raw.as_bytes()));
    }
}

fn push_key(out: &mut Vec<u8>, facts: &KeyFacts) {
    field(out, "key_algorithm");
    push_word(out, facts.algorithm.as_str());
    field(out, "key_bits");
    if facts.bits == 0 {
        out.extend_from_slice(b"null")
    } else {
        push_number(out, u64::from(facts.bits))
    }
    if let Some(curve) = facts.curve {
        text(out, "curve", curve.as_str());
    }
}

fn push_names(out: &mut Vec<u8>, names: &Names) {
    field(out, "dns_names");
    push_list(out, &names.dns);
    let mut list = |name: &str, values: &[Box<str>]| {
        field(out, name);
        push_list(out, values.iter().map(AsRef::as_ref));
    };
    list("ip_addresses", names.ip());
    list("email_addresses", names.email());
    list("uris", names.uri());
    if !names.other().is_empty() {
        list("other_names", names.other());
    }
}
