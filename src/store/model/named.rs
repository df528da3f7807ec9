//! The names by which a person can mean a key.

use std::collections::BTreeSet;

use super::records::{CertificateRecord, KeyRecord};
use crate::assess::manifest::{host, normalise};
use crate::pki::name::{common_name, common_names};
use crate::read::INTO;

/// A name in the form in which the index of a case has it. Names that a person takes for one have one form;
/// two that are not one can have it too, so what is found by it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameKey(String);

impl NameKey {
    /// The form of a name as written.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let trimmed = name.trim();
        let lower = trimmed.strip_suffix('.').unwrap_or(trimmed).to_lowercase();
        Self(normalise(&lower).into_owned())
    }

    /// The form of a serial number: without zeros in front.
    #[must_use]
    pub fn of_serial(digits: &str) -> Self {
        Self(format!("serial {}", digits.trim_start_matches('0')))
    }

    /// The forms that a name as a person writes it can have in the index.
    #[must_use]
    pub fn meant_by(name: &str) -> BTreeSet<Self> {
        let serial = serial(name).map(|digits| Self::of_serial(&digits));
        [Self::of(name), Self::of(&host(name))].into_iter().chain(serial).collect()
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyRecord {
    /// Every form of a name that the index has for this key: names, subjects, serial numbers and places of
    /// its certificates and requests, their fingerprints, the places of the key, and accounts.
    #[must_use]
    pub fn name_keys(&self) -> BTreeSet<NameKey> {
        let mut out = BTreeSet::new();
        let mut add = |text: &str| _ = out.insert(NameKey::of(text));
        self.private_key_paths.iter().for_each(|path| ways(path, &mut add));
        self.uploaders().into_iter().for_each(&mut add);
        for request in &self.requests {
            common_names(&request.subject).iter().for_each(|name| add(name));
            request.dns_names.iter().for_each(|name| add(name));
            add(&request.subject);
            add(&request.sha256.to_string());
            request.paths.iter().for_each(|path| ways(path, &mut add));
        }
        for listed in &self.elsewhere {
            for name in &listed.names {
                add(name);
                add(&host(name));
            }
        }
        for certificate in &self.certificates {
            for name in certificate.dns_names.iter().cloned().chain(common_name(&certificate.subject)) {
                add(&name);
                add(&host(&name));
            }
            certificate.paths.iter().for_each(|path| add(path));
            certificate.shown_places().for_each(|place| ways(&place, &mut add));
            add(&certificate.subject);
            add(&certificate.sha256.to_string());
        }
        out.extend(self.certificates.iter().map(|c| NameKey::of_serial(&c.serial)));
        out
    }

    /// The accounts that uploaded it, or a certificate on it.
    #[must_use]
    pub fn uploaders(&self) -> BTreeSet<&str> {
        let of_paths = self
            .private_key_accounts
            .iter()
            .chain(self.certificates.iter().filter_map(|c| c.path_accounts.as_ref()))
            .flatten()
            .flatten();
        self.accounts.iter().chain(of_paths).map(String::as_str).collect()
    }

    /// Whether a person who writes `name` can mean this key: a name, a subject or a place of one of its
    /// certificates, a place of the key, or an account.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        let (path, wanted) = (normalise(name), host(name));
        // As people read it: NFC or NFD, U-labels or A-labels.
        let same = |text: &String| {
            text.eq_ignore_ascii_case(name)
                || !(text.is_ascii() && name.is_ascii()) && normalise(text) == path
        };
        let same_host = |text: &String| same(text) || host(text) == wanted;
        // A place in archives has several names: its own, that of each of them, and each piece of the way.
        let part = |shown: &String| shown.contains(INTO) && parts(shown).any(|part| same(&part));
        let serial = serial(name);
        let common = |c: &CertificateRecord| {
            common_name(&c.subject).is_some_and(|n| n.eq_ignore_ascii_case(name) || host(&n) == wanted)
        };
        self.private_key_paths.iter().any(|path| same(path) || part(path))
            || self.accounts.iter().any(same)
            || self.requests.iter().any(|r| {
                common_names(&r.subject).iter().any(|n| n.eq_ignore_ascii_case(name))
                    || r.dns_names.iter().any(same)
                    || same(&r.subject)
                    || r.paths.iter().any(|path| same(path) || part(path))
            })
            || self.certificates.iter().any(|c| {
                c.dns_names.iter().any(same_host)
                    || c.paths.iter().any(same)
                    || c.shown_places().any(|place| same(&place) || part(&place))
                    || same(&c.subject)
                    || serial.as_deref().is_some_and(|serial| c.serial.trim_start_matches('0') == serial)
                    || common(c)
            })
    }
}

/// A serial number as programs print it (`0x0A1B`, `0A:1B`, `0a1b`), as records have it, without zeros in
/// front.
fn serial(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let plain: String =
        digits.chars().filter(|c| !matches!(c, ':' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let number = plain.strip_prefix('-').unwrap_or(&plain);
    (!number.is_empty() && number.chars().all(|c| c.is_ascii_hexdigit()))
        .then(|| plain.trim_start_matches('0').to_owned())
}

/// A place and, in archives, every piece of the way to it.
fn ways(shown: &str, add: &mut dyn FnMut(&str)) {
    add(shown);
    if shown.contains(INTO) {
        parts(shown).for_each(|part| add(&part));
    }
}

/// Every piece of a way into archives.
fn parts(shown: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = shown.splitn(LEVELS, INTO).collect();
    let mut pieces = Vec::new();
    for from in 0..parts.len() {
        pieces.extend((from + 1..=parts.len()).map(|to| parts[from..to].join(INTO)));
    }
    pieces.into_iter()
}

/// Levels of archives that are told apart in a name: the name of a file can be full of what separates them,
/// and the number of pieces grows with the square.
const LEVELS: usize = 16;
