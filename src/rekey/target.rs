//! Where key and certificate are uploaded to: `data/targets.toml`.

use std::fmt;

use serde::Deserialize;

use super::format::KeyFormat;
use super::spec::{KeySpec, NewKind, OldKey};
use crate::plan::ca::Certainty;

/// A place that takes keys and certificates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Kinds of key that it takes, the safest first.
    #[serde(deserialize_with = "kinds")]
    pub kinds: Vec<NewKind>,
    /// Forms of the key file that it takes.
    pub formats: Vec<KeyFormat>,
    /// What else there is to know.
    pub says: String,
    /// Where that stands.
    pub source: String,
    /// The day of that.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    target: Vec<Target>,
}

fn kinds<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<NewKind>, D::Error> {
    let names = Vec::<String>::deserialize(d)?;
    let kind = |name: &String| {
        name.parse::<KeySpec>()
            .ok()
            .and_then(KeySpec::kind)
            .ok_or_else(|| serde::de::Error::custom(format!("{name:?} is no kind of key")))
    };
    names.iter().map(kind).collect()
}

impl Target {
    /// The target of this name.
    ///
    /// # Errors
    /// A sentence that names those there are.
    pub fn named(id: &str) -> Result<Self, String> {
        // A test holds that the built-in table is good.
        let AsWritten { target: all } = toml::from_str(include_str!("../../data/targets.toml"))
            .map_err(|e: toml::de::Error| e.to_string())?;
        let known: Vec<String> = all.iter().map(|t| t.id.clone()).collect();
        all.into_iter()
            .find(|t| t.id == id)
            .ok_or_else(|| format!("no target is called {id:?}; there is {}", known.join(", ")))
    }

    /// Why a key like this is not taken here; `None` if it is. A kind that mirrors the old key becomes one
    /// that is.
    #[must_use]
    pub fn refuses(&self, spec: KeySpec, format: KeyFormat) -> Option<String> {
        if !self.formats.contains(&format) {
            return Some(format!(
                "{self} takes no key as {format}; choose --key-format {}",
                list(self.formats.iter())
            ));
        }
        let refused = spec.kind().is_some_and(|kind| !self.kinds.contains(&kind));
        refused.then(|| {
            format!("{self} takes no {spec} key; choose --key {}", list(self.kinds.iter().map(|k| k.spec())))
        })
    }

    /// The kind of the new key: what was chosen if it is taken there; where that only mirrors the old key,
    /// the nearest kind that is.
    ///
    /// # Errors
    /// A sentence, if a kind or form was asked for that is not taken.
    pub fn constrain(
        &self,
        spec: KeySpec,
        chosen: NewKind,
        format: KeyFormat,
        old: &OldKey,
    ) -> Result<NewKind, String> {
        if !self.formats.contains(&format) {
            return Err(format!("{self} takes no key as {format}, but {}", list(self.formats.iter())));
        }
        match (self.kinds.contains(&chosen), spec) {
            (true, _) => Ok(chosen),
            (false, KeySpec::Mirror) => {
                let like = self.kinds.iter().find(|kind| kind.algorithm() == old.algorithm);
                like.or_else(|| self.kinds.first())
                    .copied()
                    .ok_or_else(|| format!("{self} takes no key at all"))
            }
            (false, spec) => {
                Err(format!("{self} takes no {spec} key, but {}", list(self.kinds.iter().map(|k| k.spec()))))
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// `one or another`.
pub(super) fn list<T: fmt::Display>(things: impl Iterator<Item = T>) -> String {
    things.map(|t| t.to_string()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_zendesk_takes() {
        let zendesk = Target::named("zendesk").unwrap();
        let old = |algorithm: &str| OldKey { algorithm: algorithm.into(), ..OldKey::default() };
        for (spec, chosen, kind) in [
            (KeySpec::Mirror, NewKind::Rsa2048, Some(NewKind::Rsa2048)),
            (KeySpec::Mirror, NewKind::Rsa4096, Some(NewKind::Rsa2048)),
            (KeySpec::Mirror, NewKind::EcdsaP384, Some(NewKind::EcdsaP256)),
            (KeySpec::Mirror, NewKind::Ed25519, Some(NewKind::Rsa2048)),
            (KeySpec::EcdsaP256, NewKind::EcdsaP256, Some(NewKind::EcdsaP256)),
            (KeySpec::EcdsaP384, NewKind::EcdsaP384, None),
            (KeySpec::Rsa4096, NewKind::Rsa4096, None),
        ] {
            assert_eq!(
                zendesk.constrain(spec, chosen, KeyFormat::Pkcs8, &old(chosen.algorithm())).ok(),
                kind,
                "{spec} {chosen:?}"
            );
        }
        let refused =
            |format| zendesk.constrain(KeySpec::Mirror, NewKind::Rsa2048, format, &old("rsa")).unwrap_err();
        assert_eq!(
            refused(KeyFormat::Pkcs8Encrypted),
            "Zendesk takes no key as pkcs8-encrypted, but pkcs8 or pkcs1"
        );
        assert!(refused(KeyFormat::Sec1).contains("sec1"));
        assert!(Target::named("nowhere").unwrap_err().contains("there is zendesk"));
        assert!(
            !zendesk.says.is_empty()
                && !zendesk.source.is_empty()
                && !zendesk.date.is_empty()
                && zendesk.certainty == Certainty::Verified
        );
    }
}
