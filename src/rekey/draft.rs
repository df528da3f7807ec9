//! What is asked for in the place of an old certificate, before there is a key: the mirror, the owner's
//! wishes, the rules of the CA.

use super::change::{Action, Change};
use super::mirror::{self, Mirror};
use super::model::Wanted;
use super::order::Order;
use super::spec::{KeySpec, NewKind};
use super::{common_name, edit, public, strict, subject};
use crate::finding::{Code, Codes};
use crate::oid;

/// A request without a key.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: NewKind,
    pub(crate) mirror: Mirror,
}

/// Says why no request can be made for something wanted, without making anything: so that wishes can be
/// checked as a whole first.
///
/// # Errors
/// The reason, a sentence.
pub fn foresee(wanted: &Wanted) -> Result<(), String> {
    draft(wanted).map(drop)
}

/// Drafts a request.
pub(crate) fn draft(wanted: &Wanted) -> Result<Draft, String> {
    let Order { format, subject: given, .. } = &wanted.order;
    let Chosen { kind, codes, moved } = choose(wanted)?;
    if !format.holds(kind) {
        return Err(format!(
            "{format} is not a form of the kind {}: pkcs1 is for RSA, sec1 for curves",
            kind.spec()
        ));
    }
    let mut mirror = mirror::mirror(&wanted.certificate, kind)
        .ok_or("the certificate cannot be read well enough to mirror it")?;
    mirror.codes = mirror.codes.union(codes);
    mirror.changes.extend(moved);
    strict::names(&mut mirror);
    strict::usages(&mut mirror);
    common_name::add_hosts(&mut mirror);
    let unreadable = given.is_none() && !subject::is_readable(&mirror.subject);
    strict::subject(&mut mirror);
    if unreadable {
        mirror.codes.insert(Code::SubjectNotReadable);
        mirror.remark("subject", "most programs cannot read it as it was: --subject gives another");
    }
    let asked = edit::apply(&mut mirror, &wanted.order)?;
    let ca = wanted.ca();
    if public::applies(&ca) {
        public::fit(&mut mirror, &ca, &asked, given.is_some())?;
    }
    names_something(&mirror, given.is_some())?;
    Ok(Draft { kind, mirror })
}

/// The kind of the new key.
struct Chosen {
    kind: NewKind,
    codes: Codes,
    /// Why it is another one than the old key's.
    moved: Option<Change>,
}

/// Chooses a kind that the owner, the place where the key goes and the CA agree on.
fn choose(wanted: &Wanted) -> Result<Chosen, String> {
    let Order { key, format, target, .. } = &wanted.order;
    let old_key = wanted.old_key();
    let (mut kind, mut codes) = key.choose(&old_key);
    let mut why = Vec::new();
    if let Some(target) = target {
        let taken = target.constrain(*key, kind, *format, &old_key)?;
        if taken != kind {
            why.push(format!("{target} takes no {} key, so it is {}", kind.spec(), taken.spec()));
            kind = taken;
        }
    }
    let certified = match &wanted.next.key_kinds {
        Some(known) => Some((known.kinds.as_slice(), known.source.as_str())),
        None => public::applies(&wanted.ca()).then_some((&public::KEY_KINDS[..], public::KEY_SOURCE)),
    };
    if let Some((kinds, source)) = certified.filter(|(kinds, _)| !kinds.contains(&kind)) {
        let who = wanted.next.operator.as_deref().map_or_else(|| "a public CA".to_owned(), crate::pki::show);
        let refused = format!("{who} certifies no {} key", called(kind));
        let fits = |k: &NewKind| target.as_ref().is_none_or(|t| t.kinds.contains(k)) && format.holds(*k);
        // The same algorithm before others, then the next larger one.
        let distance = |k: &NewKind| {
            (k.algorithm() != kind.algorithm(), k.bits() < kind.bits(), k.bits().abs_diff(kind.bits()))
        };
        let nearest = kinds.iter().copied().filter(fits).min_by_key(distance);
        kind = match nearest {
            Some(nearest) if *key == KeySpec::Mirror => nearest,
            _ => {
                let names: Vec<String> =
                    kinds.iter().filter(|k| fits(k)).map(|k| k.spec().to_string()).collect();
                return Err(format!(
                    "{refused} ({source}); choose --key {}",
                    if names.is_empty() { "of another kind".to_owned() } else { names.join(" or ") }
                ));
            }
        };
        why.push(format!("{refused}, so it is {} ({source})", kind.spec()));
    }
    if !why.is_empty() && !old_key.is(kind) {
        codes.insert(Code::KeyTypeChanged);
    }
    if why.is_empty() && codes.contains(Code::KeyTypeChanged) {
        why.push(why_another_kind(*key, kind, codes));
    }
    let moved = (!why.is_empty()).then(|| Change::new("key", Action::Changed, &why.join("; ")));
    Ok(Chosen { kind, codes, moved })
}

/// What people call a kind.
fn called(kind: NewKind) -> String {
    match kind {
        NewKind::EcdsaP256 => "P-256".to_owned(),
        NewKind::EcdsaP384 => "P-384".to_owned(),
        NewKind::EcdsaP521 => "P-521".to_owned(),
        NewKind::Ed25519 => "Ed25519".to_owned(),
        NewKind::Rsa2048 | NewKind::Rsa3072 | NewKind::Rsa4096 => format!("RSA-{}", kind.bits()),
    }
}

/// Why the new key is of another kind or size than the old one.
fn why_another_kind(asked: KeySpec, kind: NewKind, codes: Codes) -> String {
    let spec = kind.spec();
    match asked {
        KeySpec::Mirror if codes.contains(Code::CryptoNotSupported) => {
            format!("keys of the old kind are not made here, so it is {spec}")
        }
        KeySpec::Mirror => format!("{spec} is the nearest kind that is made here and good today"),
        _ => format!("{spec}, as its owner asks"),
    }
}

/// Whether there is anything to certify. What the old certificate has beside names that hold stays byte by
/// byte.
fn names_something(mirror: &Mirror, subject_given: bool) -> Result<(), String> {
    let named = mirror.wish(oid::SUBJECT_ALT_NAME).is_some();
    if mirror.subject.is_empty() && !named {
        return Err("nothing is left to ask for: there is neither a subject nor a name; give names with --san or a subject with --subject".to_owned());
    }
    match subject::naming_nothing(&mirror.subject, subject_given).filter(|_| subject_given || !named) {
        Some(shown) => Err(format!(
            "{shown} names nothing, or has control characters; give another subject with --subject"
        )),
        None => Ok(()),
    }
}
