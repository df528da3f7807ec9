//! An incident: a cutoff, and what there is to say about it. As written in TOML, and validated.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// An incident as written.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    name: String,
    #[serde(default)]
    title: String,
    cutoff: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    advice: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
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
pub const BUILT_IN: &[(&str, &str)] = &[("zendesk-2016", include_str!("../../data/incidents/zendesk-2016.toml"))];

/// The profile used when none is named.
pub const DEFAULT: &str = "zendesk-2016";

impl Incident {
    /// A built-in profile.
    ///
    /// # Errors
    /// [`IncidentError`] naming those there are.
    pub fn built_in(name: &str) -> Result<Self, IncidentError> {
        let names = || BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
        let text = BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, t)| *t);
        let text = text.ok_or_else(|| IncidentError {
            place: format!("{name:?}"),
            says: format!("there is neither a built-in profile nor a file of this name; built in: {}", names()),
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
        let field_line = |field: &str| text.lines().position(|l| l.trim_start().starts_with(field)).map_or(1, |l| l + 1);
        let wrong = |field: &str, says: String| IncidentError { place: format!("{place}:{}", field_line(field)), says };
        if written.name.is_empty() || !written.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(wrong("name", "name: only lower-case letters, digits and - may stand in it".to_owned()));
        }
        let cutoff = match Written::parse(&written.cutoff) {
            Ok(Written::Local(_)) => return Err(wrong("cutoff", "cutoff: a time of day needs its zone, such as 2016-11-01T00:00:00Z".to_owned())),
            Ok(time) => time.as_utc(),
            Err(e) => return Err(wrong("cutoff", format!("cutoff: {e}"))),
        };
        let AsWritten { name, title, cutoff: _, summary, advice, sources } = written;
        Ok(Self { name, title, cutoff, summary, advice, sources, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid_and_named_as_listed() {
        for (name, _) in BUILT_IN {
            assert_eq!(Incident::built_in(name).unwrap().name, *name);
        }
        assert_eq!(Incident::built_in(DEFAULT).unwrap().cutoff.to_string(), "2016-11-01T00:00:00Z");
        assert!(Incident::built_in("nope").unwrap_err().to_string().contains("zendesk-2016"));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, place) in [
            ("name = \"x\"\ncutoff = \"soon\"\n", "p.toml:2"),
            ("name = \"x\"\n\ncut = \"2016-01-01\"\n", "p.toml:3"),
            ("name = \"X y\"\ncutoff = \"2016-01-01\"\n", "p.toml:1"),
            ("name = \"x\"\ncutoff = \"2016-01-01 10:00\"\n", "p.toml:2"),
            ("name = ", "p.toml:1"),
        ] {
            assert_eq!(Incident::from_toml("p.toml", text).unwrap_err().place, place, "{text}");
        }
    }
}
