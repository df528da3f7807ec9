//! What is asked for in the place of an old certificate, before there is a key: the mirror, the owner's wishes, the rules of the CA.

use super::mirror::{self, Action, Change, Mirror};
use super::spec::NewKind;
use super::{Order, Wanted, edit, public};
use crate::finding::Code;

/// A request without a key.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: NewKind,
    pub(crate) mirror: Mirror,
}

/// Says why no request can be made for something wanted, without making anything: so that wishes can be checked as a whole first.
///
/// # Errors
/// The reason, a sentence.
pub fn foresee(wanted: &Wanted) -> Result<(), String> {
    draft(wanted).map(drop)
}

/// Drafts a request.
pub(crate) fn draft(wanted: &Wanted) -> Result<Draft, String> {
    let Order { key, format, subject, names: _, common_name: _, target } = &wanted.order;
    let (mut kind, mut codes) = key.choose(&wanted.old_key);
    let mut moved = None;
    if let Some(target) = target {
        let taken = target.constrain(*key, kind, *format, &wanted.old_key)?;
        if taken != kind {
            moved = Some(Change::new("key", Action::Changed, &format!("{target} takes no {} key, so it is {}", kind.spec(), taken.spec())));
            kind = taken;
            codes = if wanted.old_key.is(kind) { codes } else { codes.union([Code::KeyTypeChanged].into_iter().collect()) };
        }
    }
    if !format.holds(kind) {
        return Err(format!("a {} key has no such form as {format}: pkcs1 is for RSA, sec1 for curves", kind.spec()));
    }
    let mut mirror = mirror::mirror(&wanted.certificate, kind).ok_or("the certificate cannot be read well enough to mirror it")?;
    mirror.codes = mirror.codes.union(codes);
    mirror.changes.extend(moved);
    let asked = edit::apply(&mut mirror, &wanted.order)?;
    if public::applies(&wanted.ca) {
        public::fit(&mut mirror, &wanted.ca, kind, &asked, subject.is_some())?;
    }
    Ok(Draft { kind, mirror })
}
