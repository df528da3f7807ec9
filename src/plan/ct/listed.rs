//! A certificate that is known from elsewhere.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::rows::Row;
use crate::assess::Standing;
use crate::assess::manifest::{issuer, when};
use crate::finding::Code;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::{Certificate, show};
use crate::plan::step::{Step, StepKind};
use crate::time::{Time, Written};

/// A certificate that is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// Its issuer, as the search wrote it.
    pub issuer: String,
    /// Its serial number in hexadecimal, as records have it; certspotter tells it only in the certificate
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What it is for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Option<Time>,
    /// Valid until.
    pub not_after: Option<Time>,
    /// Its number at crt.sh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crt_sh_id: Option<u64>,
    /// Its fingerprint, or that of its precertificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Fingerprint>,
}

/// Certificates known from elsewhere, by key.
pub type Elsewhere = BTreeMap<SpkiHash, Vec<Listed>>;

/// A row as a certificate, and what is doubtful about it.
pub(super) fn listed(row: &Row, keys: &[SpkiHash]) -> Result<(Listed, Option<String>), (Code, String)> {
    let bad = |says: &str| Err((Code::SearchRowBad, says.to_owned()));
    let other = |key: &str| {
        (
            Code::SearchRowOther,
            format!("it is about the key {}, not the one of the step; it was left out", show(key)),
        )
    };
    if !row.is_object {
        return bad("it is no object");
    }
    if let Some(says) = row.wrong {
        return bad(says);
    }
    if let Some(text) = &row.key {
        let Ok(key) = text.parse::<SpkiHash>() else {
            return bad("its pubkey_sha256 is no SHA-256 of 64 hexadecimal digits");
        };
        if !keys.contains(&key) {
            return Err(other(text));
        }
    }
    let sha256: Option<Fingerprint> = row.sha256.as_deref().and_then(|t| t.parse().ok());
    let crt_sh_id =
        row.id.as_deref().and_then(|t| t.rsplit(['=', '/']).next()).and_then(|t| t.trim().parse().ok());
    if row.der.is_some() {
        let Some(certificate) = row.certificate() else {
            return bad("its cert_der is not a certificate in base64");
        };
        if let Some(key) = certificate.key.spki.filter(|k| !keys.contains(k)) {
            return Err(other(&key.to_string()));
        }
        return Ok((
            Listed { crt_sh_id: crt_sh_id.filter(|_| row.key.is_none()), ..Listed::of(&certificate) },
            None,
        ));
    }
    let Some(issuer) = &row.issuer else { return bad("it names no issuer") };
    let serial = row.serial.as_deref().map(|text| issuer::serial_hex(text).ok_or(text)).transpose();
    let serial = match serial {
        Err(text) => return bad(&format!("its serial number {:?} is not hexadecimal", show(text))),
        Ok(None) if row.key.is_none() && sha256.is_none() => {
            return bad("it has neither a serial number nor a fingerprint");
        }
        Ok(serial) => serial.map(|s| even(&s)),
    };
    let mut names: Vec<String> = row.names.clone();
    let mut seen = HashSet::new();
    names.retain(|n| seen.insert(n.to_lowercase()));
    let (not_before, not_after) =
        (date(row.not_before.as_deref(), false), date(row.not_after.as_deref(), true));
    let doubt = not_after.is_none().then(|| {
        "its end date is missing or cannot be read; it counts as one that can still be used".to_owned()
    });
    // certspotter numbers its issuances itself; its rows are told by the hash of the key.
    let crt_sh_id = crt_sh_id.filter(|_| row.key.is_none());
    Ok((Listed { issuer: issuer.clone(), serial, names, not_before, not_after, crt_sh_id, sha256 }, doubt))
}

/// Hexadecimal digits as [`crate::id::Serial::to_hex`] has them.
fn even(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |d| ("-", d));
    format!(
        "{sign}{}{digits}",
        if digits.is_empty() {
            "00"
        } else if digits.len() % 2 == 1 {
            "0"
        } else {
            ""
        }
    )
}

/// A date of a log: UTC where no zone is written, as at crt.sh. Of other forms the reading that keeps the
/// certificate longest.
fn date(text: Option<&str>, end: bool) -> Option<Time> {
    let text = text?;
    if let Ok(written) = Written::parse(text) {
        // A day alone lasts until its end.
        return Some(if matches!(written, Written::Date(_)) && end {
            written.as_utc().plus(crate::time::DAY - 1)
        } else {
            written.as_utc()
        });
    }
    let span = when::read(text).ok()?.span;
    if end { span.latest } else { span.earliest }
}

impl Listed {
    /// A certificate at hand in the same form.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            issuer: certificate.issuer.name.to_string(),
            serial: Some(certificate.serial.to_hex()),
            names: certificate.names.dns.iter().map(str::to_owned).collect(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            crt_sh_id: None,
            sha256: Some(certificate.sha256),
        }
    }

    /// Equal for entries about one certificate, precertificates among them.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.serial {
            Some(serial) => format!("{serial} {}", self.issuer_values()),
            None => format!("- {}", self.without_serial()),
        }
    }

    /// The issuer, in whatever order and form its name is written; what is not a name, as it is.
    fn issuer_values(&self) -> String {
        let values = issuer::values(&self.issuer);
        if values.is_empty() { self.issuer.clone() } else { values.join("\n") }
    }

    /// The same for an entry without serial number: what else tells certificates of one key apart.
    pub(super) fn without_serial(&self) -> String {
        let dates = [self.not_before, self.not_after].map(|t| t.map_or_else(String::new, |t| t.to_string()));
        let mut names: Vec<String> = self.names.iter().map(|n| n.to_lowercase()).collect();
        names.sort_unstable();
        format!("{} {} {}", self.issuer_values(), dates.join(" "), names.join("\n"))
    }

    /// Takes over what another entry about the same certificate knows more.
    pub(super) fn take(&mut self, other: &Self) {
        // The final certificate was logged later than its precertificate and is the one to fetch.
        self.crt_sh_id = self.crt_sh_id.max(other.crt_sh_id);
        self.sha256 = self.sha256.or(other.sha256);
        self.not_before = self.not_before.or(other.not_before);
        self.not_after = self.not_after.or(other.not_after);
        if self.names.len() < other.names.len() {
            self.names.clone_from(&other.names);
        }
    }

    /// Whether it can still be used at a time.
    #[must_use]
    pub fn is_live(&self, time: Time) -> bool {
        Standing::at(self.not_before, self.not_after, time).is_live()
    }

    /// Where it can be fetched.
    #[must_use]
    pub fn address(&self) -> String {
        match (self.crt_sh_id, self.sha256, &self.serial) {
            (Some(id), _, _) => format!("https://crt.sh/?d={id}"),
            (None, Some(sha256), _) => format!("https://crt.sh/?q={sha256}"),
            (None, None, Some(serial)) => format!("https://crt.sh/?serial={serial}"),
            (None, None, None) => "https://crt.sh".to_owned(),
        }
    }

    /// The step that sees to it.
    #[must_use]
    pub fn step_id(&self, key: &SpkiHash) -> StepId {
        StepId::derive(
            StepKind::Replace.as_str(),
            &[b"elsewhere", key.as_bytes(), self.identity().as_bytes()],
        )
    }

    pub(super) fn step(&self, key: &SpkiHash) -> Step {
        let name = self.names.first().map_or_else(|| "a certificate".to_owned(), |n| cut(n));
        let more = if self.names.len() > 1 {
            format!(" and {} more name{}", self.names.len() - 1, if self.names.len() > 2 { "s" } else { "" })
        } else {
            String::new()
        };
        let serial = self.serial.as_ref().map_or_else(String::new, |s| format!("serial {} of ", cut(s)));
        let until = self.not_after.map_or_else(|| "an unknown day".to_owned(), Time::day);
        let says = format!(
            "{name}{more} ({serial}{}, until {until}) is on this key too, says the search of CT logs, and is not at hand: fetch {}, put it beside the uploads and plan again; or replace it where it is in use and mark this confirmed; or waive it. Proof of the key revokes it too",
            cut(&self.issuer),
            self.address(),
        );
        Step { key: Some(*key), ..Step::new(self.step_id(key), StepKind::Replace, says) }
    }
}

/// Characters of a name that a sentence takes over.
const LONGEST: usize = 128;

fn cut(text: &str) -> String {
    let shown = show(text);
    shown
        .char_indices()
        .nth(LONGEST)
        .map_or_else(|| shown.clone(), |(end, _)| format!("{}...", &shown[..end]))
}
