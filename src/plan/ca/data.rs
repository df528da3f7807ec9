//! The data files: what is in them, and what is wrong with them.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::host::is_below;
use super::model::{Cas, Ceiling, Clock, Kind, Operator};
use crate::assess::manifest::issuer;
use crate::inventory::Anchors;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    clock: Option<Clock>,
    #[serde(default)]
    operator: Vec<Spanned<Operator>>,
    #[serde(default)]
    kind: Vec<Kind>,
    #[serde(default)]
    ceiling: Vec<Ceiling>,
}

/// A file about CAs that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasError {
    /// `name:line`.
    pub place: String,
    /// What is wrong.
    pub says: String,
}

impl fmt::Display for CasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CA data {}: {}", self.place, self.says)
    }
}

impl std::error::Error for CasError {}

impl Cas {
    /// Reads a file of operators; `name` is for messages. A private operator's kind is looked for only in
    /// [`Cas::with`], unless the file has kinds.
    ///
    /// # Errors
    /// [`CasError`] with the line: what is no TOML, unknown names, ids that are no ids, an operator that
    /// nothing could match.
    pub fn parse(name: &str, text: &str) -> Result<Self, CasError> {
        let place =
            |at: usize| format!("{name}:{}", text.get(..at).map_or(1, |t| t.matches('\n').count() + 1));
        let written: AsWritten = toml::from_str(text).map_err(|e| CasError {
            place: e.span().map_or_else(|| name.to_owned(), |s| place(s.start)),
            says: e.message().to_owned(),
        })?;
        let mut operators = Vec::with_capacity(written.operator.len());
        for spanned in written.operator {
            let place = place(spanned.span().start);
            let mut operator = spanned.into_inner();
            operator.hosts.iter_mut().for_each(|h| *h = h.trim_matches('.').to_ascii_lowercase());
            operator.issuers_comparable =
                operator.issuers.iter().map(|name| issuer::comparable(name)).collect();
            operator.place = place;
            operators.push(operator);
        }
        let AsWritten { clock, kind: kinds, ceiling: ceilings, .. } = written;
        let cas =
            Self { operators, kinds, ceilings, clock, roots: HashMap::new(), anchors: Anchors::default() };
        if cas.kinds.is_empty() {
            cas.check_operators()?;
        } else {
            cas.check()?;
        }
        Ok(cas)
    }

    /// That everything fits together.
    pub(super) fn check(&self) -> Result<(), CasError> {
        self.check_operators()?;
        for operator in &self.operators {
            if let Some(kind) = &operator.kind
                && self.kind(kind).is_none()
            {
                let kinds: Vec<&str> = self.kinds.iter().map(|k| k.id.as_str()).collect();
                return Err(wrong(
                    operator,
                    format!("kind {kind:?} does not exist; there are {}", kinds.join(", ")),
                ));
            }
        }
        Ok(())
    }

    fn check_operators(&self) -> Result<(), CasError> {
        let mut ids: HashMap<&str, &Operator> = HashMap::new();
        for operator in &self.operators {
            if operator.id.is_empty()
                || !operator.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            {
                return Err(wrong(
                    operator,
                    "id: only lower-case letters, digits and - may stand in it".to_owned(),
                ));
            }
            if let Some(first) = ids.insert(&operator.id, operator) {
                return Err(wrong(operator, format!("id {:?} is taken by {}", operator.id, first.place)));
            }
            if operator.keys.is_empty()
                && operator.hosts.is_empty()
                && operator.issuers.is_empty()
                && operator.organizations.is_empty()
            {
                return Err(wrong(
                    operator,
                    "without keys, hosts, issuers or organizations nothing can match it".to_owned(),
                ));
            }
            if let Some(kind) = operator
                .key_kinds
                .iter()
                .flat_map(|fact| &fact.value)
                .find(|kind| !KEY_KINDS.contains(&kind.as_str()))
            {
                return Err(wrong(
                    operator,
                    format!("key_kinds: {kind:?} is not one of {}", KEY_KINDS.join(", ")),
                ));
            }
            if operator.hosts.iter().any(|h| {
                h.is_empty() || !h.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            }) {
                return Err(wrong(operator, "hosts: names such as ca.example.com".to_owned()));
            }
        }
        for (i, operator) in self.operators.iter().enumerate() {
            for other in &self.operators[..i] {
                let shared = operator
                    .hosts
                    .iter()
                    .find(|h| other.hosts.iter().any(|o| is_below(h, o) || is_below(o, h)));
                if let Some(host) = shared {
                    return Err(wrong(
                        operator,
                        format!("host {host} belongs to {:?} of {}", other.id, other.place),
                    ));
                }
                if let Some(key) = operator.keys.iter().find(|k| other.keys.contains(k)) {
                    return Err(wrong(
                        operator,
                        format!("key {key} belongs to {:?} of {}", other.id, other.place),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The kinds of key that replacements are made for, as the command line calls them.
const KEY_KINDS: [&str; 7] =
    ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"];

fn wrong(operator: &Operator, says: String) -> CasError {
    CasError { place: operator.place.clone(), says }
}
