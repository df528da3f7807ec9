//! An incident: a cutoff, and what there is to say about it. As written in TOML, and validated.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::time::{Time, Written};

/// An incident that passed validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Short name, `[a-z0-9-]+`.
    pub name: String,
    /// One line.
    pub title: String,
    /// What was uploaded before this moment is exposed; exactly at it is not.
    pub cutoff: Time,
    /// What happened.
    pub summary: String,
    /// What the plan tells its readers besides the steps.
    pub advice: Vec<String>,
    /// Where this is known from.
    pub sources: Vec<String>,
    /// The profile as TOML, to start another one from.
    pub text: String,
}

/// A profile that is valid, with or without a cutoff of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Short name, `[a-z0-9-]+`.
    pub name: String,
    /// One line.
    pub title: String,
    /// Its cutoff; none where only the user can know it.
    pub cutoff: Option<Time>,
    summary: String,
    advice: Vec<String>,
    sources: Vec<String>,
    /// The profile as TOML, to start another one from.
    pub text: String,
    place: String,
}

/// An incident as written.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default, deserialize_with = "moment")]
    cutoff: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    advice: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
}

/// A time in quotes, or as TOML itself writes one.
fn moment<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    match toml::Value::deserialize(value)? {
        toml::Value::String(text) => Ok(Some(text)),
        toml::Value::Datetime(time) => Ok(Some(time.to_string())),
        other => Err(serde::de::Error::custom(format!(
            "a time is wanted, such as 2016-11-01T00:00:00Z, and here is {}",
            other.type_str()
        ))),
    }
}

/// A profile that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentError {
    /// Where, as `name:line`, or only the name.
    pub place: String,
    /// What is wrong.
    pub says: String,
}

impl fmt::Display for IncidentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "incident profile {}: {}", self.place, self.says)
    }
}

impl std::error::Error for IncidentError {}

/// The profiles that come with the tool: name and TOML.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("zendesk-2016", include_str!("../../data/incidents/zendesk-2016.toml")),
    ("generic", include_str!("../../data/incidents/generic.toml")),
];

/// The profile used when none is named.
pub const DEFAULT: &str = "zendesk-2016";

impl Incident {
    /// A built-in profile that has a cutoff.
    ///
    /// # Errors
    /// As [`Profile::built_in`] and [`Profile::with`].
    pub fn built_in(name: &str) -> Result<Self, IncidentError> {
        Profile::built_in(name)?.with(None)
    }

    /// Reads and validates a profile that has a cutoff; `place` is its file name, for messages.
    ///
    /// # Errors
    /// As [`Profile::from_toml`] and [`Profile::with`].
    pub fn from_toml(place: &str, text: &str) -> Result<Self, IncidentError> {
        Profile::from_toml(place, text)?.with(None)
    }
}

impl Profile {
    /// A built-in profile.
    ///
    /// # Errors
    /// [`IncidentError`] naming those there are.
    pub fn built_in(name: &str) -> Result<Self, IncidentError> {
        let names = || BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
        let text = BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, t)| *t);
        let text = text.ok_or_else(|| IncidentError {
            place: format!("{name:?}"),
            says: format!(
                "there is neither a built-in profile nor a file of this name; built in: {}",
                names()
            ),
        })?;
        Self::from_toml(name, text)
    }

    /// Reads and validates a profile; `place` is its file name, for messages.
    ///
    /// # Errors
    /// [`IncidentError`] with the line.
    pub fn from_toml(place: &str, text: &str) -> Result<Self, IncidentError> {
        let line_of = |at: usize| text.get(..at).map_or(1, |t| t.matches('\n').count() + 1);
        let written: AsWritten = toml::from_str(text).map_err(|e| IncidentError {
            place: e.span().map_or_else(|| place.to_owned(), |s| format!("{place}:{}", line_of(s.start))),
            says: e.message().to_owned(),
        })?;
        let is_field = |line: &str, field: &str| {
            line.trim_start().strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let field_line = |field: &str| text.lines().position(|l| is_field(l, field)).map_or(1, |l| l + 1);
        let wrong = |field: &str, says: String| IncidentError {
            place: format!("{place}:{}", field_line(field)),
            says,
        };
        if written.name.is_empty()
            || !written.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(wrong(
                "name",
                "name: only lower-case letters, digits and - may stand in it".to_owned(),
            ));
        }
        let cutoff = match written.cutoff.as_deref().map(Written::parse).transpose() {
            Ok(Some(Written::Local(_))) => {
                return Err(wrong(
                    "cutoff",
                    "cutoff: a time of day needs its zone, such as 2016-11-01T00:00:00Z".to_owned(),
                ));
            }
            Ok(time) => time.map(Written::as_utc),
            Err(e) => return Err(wrong("cutoff", format!("cutoff: {e}"))),
        };
        let AsWritten { name, title, cutoff: _, summary, advice, sources } = written;
        Ok(Self {
            name,
            title,
            cutoff,
            summary,
            advice,
            sources,
            text: text.to_owned(),
            place: place.to_owned(),
        })
    }

    /// The incident, with this cutoff in place of its own.
    ///
    /// # Errors
    /// [`IncidentError`] if there is neither.
    pub fn with(self, cutoff: Option<Time>) -> Result<Incident, IncidentError> {
        let Self { name, title, cutoff: own, summary, advice, sources, text, place } = self;
        let says =
            "it has no cutoff; give --cutoff TIME, the moment from which the leak was closed".to_owned();
        let cutoff = cutoff.or(own).ok_or(IncidentError { place, says })?;
        Ok(Incident { name, title, cutoff, summary, advice, sources, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid_and_named_as_listed() {
        for (name, _) in BUILT_IN {
            assert_eq!(Profile::built_in(name).unwrap().name, *name);
        }
        assert_eq!(Incident::built_in(DEFAULT).unwrap().cutoff.to_string(), "2016-11-01T00:00:00Z");
        assert!(Incident::built_in("nope").unwrap_err().to_string().contains("zendesk-2016"));
    }

    #[test]
    fn a_profile_without_cutoff_needs_one() {
        let says = Incident::built_in("generic").unwrap_err().to_string();
        assert!(says.contains("generic") && says.contains("--cutoff"), "{says}");
        let cutoff = Time::from_unix(1_700_000_000);
        assert_eq!(Profile::built_in("generic").unwrap().with(Some(cutoff)).unwrap().cutoff, cutoff);
        assert_eq!(Profile::built_in(DEFAULT).unwrap().with(Some(cutoff)).unwrap().cutoff, cutoff);
    }

    #[test]
    fn a_time_needs_no_quotes() {
        for text in [
            "\"2016-11-01T01:00:00+01:00\"",
            "2016-11-01T01:00:00+01:00",
            "2016-11-01 00:00:00Z",
            "2016-11-01",
        ] {
            let profile =
                Incident::from_toml("p.toml", &format!("name = \"x\"\ncutoff = {text} # UTC\n")).unwrap();
            assert_eq!(profile.cutoff.to_string(), "2016-11-01T00:00:00Z", "{text}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        for (text, place) in [
            ("name = \"x\"\ncutoff = \"soon\"\n", "p.toml:2"),
            ("name = \"x\"\n\ncut = \"2016-01-01\"\n", "p.toml:3"),
            ("name = \"X y\"\ncutoff = \"2016-01-01\"\n", "p.toml:1"),
            ("name = \"x\"\ncutoff = \"2016-01-01 10:00\"\n", "p.toml:2"),
            ("name = ", "p.toml:1"),
            ("# a cutoff\ncutoffs = 1\n", "p.toml:2"),
            ("name_of = 1\nname = \"x\"\n", "p.toml:1"),
            ("name = \"x\"\nsummary = \"\"\"\ncutoff of\n\"\"\"\ncutoff = \"x\"\n", "p.toml:5"),
            ("name = \"x\"\ntitle = 3\n", "p.toml:2"),
            ("name = \"x\"\ncutoff = 2016\n", "p.toml:2"),
            ("name = \"x\"\ncutoff = 2016-01-01T10:00:00\n", "p.toml:2"),
            ("name = \"x\"\ncutoff = 10:00:00\n", "p.toml:2"),
        ] {
            assert_eq!(Incident::from_toml("p.toml", text).unwrap_err().place, place, "{text}");
        }
    }
}
