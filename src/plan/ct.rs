//! What a search of Certificate Transparency logs found: certificates on a key that are known from elsewhere,
//! not at hand. Pure.
//!
//! A precertificate and its certificate have the same issuer and serial number (RFC 6962 section 3.1), so
//! they are one here. Expired ones are kept, and need nothing.

mod rows;
mod sorted;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Plan, Status, Step, StepKind};
use crate::assess::manifest::{issuer, text, when};
use crate::assess::{Clock, Standing, Told};
use crate::finding::Code;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::inventory::Inventory;
use crate::limits;
use crate::pki::{Certificate, show};
use crate::time::{Time, Written};

use rows::Row;

pub use sorted::{Answer, Asked, Sorted, read_sorted};

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

/// The answer of a search, read.
#[derive(Debug)]
pub struct Export {
    /// The certificates on the key, each once.
    pub certificates: Vec<Listed>,
    /// Rows that could not be used, were read with a doubt, or are about another key.
    pub findings: Told,
    /// All rows.
    pub rows: u64,
}

impl Export {
    /// Rows that could not be used: one of them may be a certificate on the key.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.findings.counts.get(&Code::SearchRowBad).copied().unwrap_or(0)
    }

    /// Rows about another key.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.findings.counts.get(&Code::SearchRowOther).copied().unwrap_or(0)
    }
}

/// An answer that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CtError {
    /// The line or row, where one is to blame.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub says: String,
}

impl CtError {
    fn new(line: Option<u64>, says: &str) -> Self {
        Self { line, says: says.to_owned() }
    }
}

impl fmt::Display for CtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.map_or(Ok(()), |line| write!(f, "line {line}: "))?;
        f.write_str(&self.says)
    }
}

impl std::error::Error for CtError {}

/// Reads the answer of a search for the key with these hashes, canonical and other forms; `name` is what
/// findings call the file.
///
/// # Errors
/// [`CtError`]: it is none, is cut off, or is about other keys alone.
pub fn read(name: &str, bytes: &[u8], keys: &[SpkiHash]) -> Result<Export, CtError> {
    let text::Text { text, .. } = text::read(bytes).map_err(|says| CtError::new(None, &says))?;
    let mut found = Found {
        name,
        keys,
        by_identity: BTreeMap::new(),
        findings: Told::default(),
        rows: 0,
        too_many: false,
    };
    rows::each(&text, &mut |line, row| found.add(line, row))?;
    if found.too_many {
        return Err(CtError::new(
            None,
            &format!("it has more than {} certificates: that is no search for one key", limits::SEARCHED),
        ));
    }
    let export = Export {
        certificates: found.by_identity.into_values().collect(),
        findings: found.findings,
        rows: found.rows,
    };
    if export.certificates.is_empty() && export.rows > 0 && export.others() == export.rows {
        return Err(CtError::new(None, "every row of it is about another key than the step"));
    }
    Ok(export)
}

/// Rows gathered.
struct Found<'a> {
    name: &'a str,
    keys: &'a [SpkiHash],
    by_identity: BTreeMap<String, Listed>,
    findings: Told,
    rows: u64,
    too_many: bool,
}

impl Found<'_> {
    fn add(&mut self, line: u64, row: Row) {
        self.rows += 1;
        let name = self.name;
        match listed(&row, self.keys) {
            Ok((listed, doubt)) => {
                if let Some(says) = doubt {
                    self.findings.tell(Code::SearchRowDoubtful, || (format!("{name}:{line}"), says));
                }
                if self.by_identity.len() >= limits::SEARCHED
                    && !self.by_identity.contains_key(&listed.identity())
                {
                    self.too_many = true;
                    return;
                }
                self.by_identity
                    .entry(listed.identity())
                    .and_modify(|before| before.take(&listed))
                    .or_insert(listed);
            }
            Err((code, says)) => self.findings.tell(code, || (format!("{name}:{line}"), says)),
        }
    }
}

/// A row as a certificate, and what is doubtful about it.
fn listed(row: &Row, keys: &[SpkiHash]) -> Result<(Listed, Option<String>), (Code, String)> {
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
            Some(serial) => format!("{serial} {}", issuer::values(&self.issuer).join("\n")),
            None => format!("- {}", self.without_serial()),
        }
    }

    /// The same for an entry without serial number: what else tells certificates of one key apart.
    fn without_serial(&self) -> String {
        let dates = [self.not_before, self.not_after].map(|t| t.map_or_else(String::new, |t| t.to_string()));
        let mut names: Vec<String> = self.names.iter().map(|n| n.to_lowercase()).collect();
        names.sort_unstable();
        format!("{} {} {}", issuer::values(&self.issuer).join("\n"), dates.join(" "), names.join("\n"))
    }

    /// Takes over what another entry about the same certificate knows more.
    fn take(&mut self, other: &Self) {
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

    fn step(&self, key: &SpkiHash) -> Step {
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

/// Those that are not among these certificates on the same key, each once.
#[must_use]
pub fn missing(listed: &[Listed], here: impl Iterator<Item = Listed>) -> Vec<&Listed> {
    let (mut fingerprints, mut known, mut without_serial) = (HashSet::new(), HashSet::new(), HashSet::new());
    for certificate in here {
        fingerprints.extend(certificate.sha256);
        known.insert(certificate.identity());
        without_serial.insert(certificate.without_serial());
    }
    // An entry without serial number can be another view of one that has it.
    without_serial.extend(listed.iter().filter(|l| l.serial.is_some()).map(Listed::without_serial));
    let is_here = |l: &Listed| {
        l.sha256.is_some_and(|f| fingerprints.contains(&f))
            || known.contains(&l.identity())
            || l.serial.is_none() && without_serial.contains(&l.without_serial())
    };
    listed.iter().filter(|l| !is_here(l)).collect()
}

/// Adds to the steps of each key one for each certificate elsewhere that can still be used; every revocation
/// of the key waits for them, and so does its destruction. A key without a search is one that nothing is to
/// be done about. Returns the ids of all such steps, by key.
pub fn join(
    steps: &mut Vec<Step>,
    elsewhere: &BTreeMap<SpkiHash, Vec<&Listed>>,
    as_of: Time,
) -> BTreeMap<SpkiHash, Vec<StepId>> {
    let is_search = |s: &Step| s.kind == StepKind::Search;
    let searched: HashSet<SpkiHash> = steps.iter().filter(|s| is_search(s)).filter_map(|s| s.key).collect();
    let live = elsewhere.iter().filter(|(key, _)| searched.contains(key));
    let mut new: BTreeMap<SpkiHash, Vec<Step>> = live
        .map(|(key, list)| (*key, list.iter().filter(|l| l.is_live(as_of)).map(|l| l.step(key)).collect()))
        .collect();
    let ids: BTreeMap<SpkiHash, Vec<StepId>> =
        new.iter().map(|(key, list)| (*key, list.iter().map(|s| s.id).collect())).collect();
    let all: HashSet<&StepId> = ids.values().flatten().collect();
    // Those of an earlier round are made anew.
    steps.retain(|s| !all.contains(&s.id));
    let mut out = Vec::with_capacity(steps.len() + all.len());
    for mut step in steps.drain(..) {
        let list = step.key.and_then(|key| ids.get(&key)).filter(|list| !list.is_empty());
        if let (Some(list), StepKind::Revoke | StepKind::Retire) = (list, step.kind) {
            step.needs.retain(|id| !all.contains(id));
            step.needs.extend(list.iter().cloned());
            if step.status == Status::Ready {
                step.status = Status::Waiting;
            }
        }
        let mut follow =
            step.key.filter(|_| is_search(&step)).and_then(|key| new.remove(&key)).unwrap_or_default();
        // The owner's target holds for these too.
        follow
            .iter_mut()
            .for_each(|s| (s.deadline, s.deadline_source) = (step.deadline, step.deadline_source.clone()));
        out.push(step);
        out.append(&mut follow);
    }
    *steps = out;
    ids
}

impl Plan {
    /// Adds what searches found elsewhere. It is no part of the inventory: nothing is known of it but what a
    /// log says.
    pub fn join(&mut self, inventory: &Inventory, elsewhere: &Elsewhere, clock: Clock) {
        if elsewhere.is_empty() {
            return;
        }
        let at = |key: &SpkiHash| inventory.keys.binary_search_by_key(key, |k| k.spki).ok();
        let mut not_here = BTreeMap::new();
        for (key, listed) in elsewhere {
            let Some(at) = at(key) else { continue };
            let here = inventory.keys[at]
                .certificates
                .iter()
                .map(|c| Listed::of(&inventory.certificates[*c as usize].certificate));
            not_here.insert(*key, missing(listed, here));
        }
        for (key, ids) in join(&mut self.steps, &not_here, clock.as_of) {
            let Some(at) = at(&key) else { continue };
            let of_key = &mut self.steps_of_key[at];
            let search = of_key
                .iter()
                .position(|id| *id == StepId::derive(StepKind::Search.as_str(), &[key.as_bytes()]));
            let behind = search.map_or(of_key.len(), |at| at + 1);
            of_key.splice(behind..behind, ids);
        }
        let owned = |(key, list): (SpkiHash, Vec<&Listed>)| (key, list.into_iter().cloned().collect());
        self.elsewhere = not_here.into_iter().filter(|(_, list)| !list.is_empty()).map(owned).collect();
    }
}
