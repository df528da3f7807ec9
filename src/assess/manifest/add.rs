//! A row, from its fields as written to what it says.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::columns::Field;
use super::model::{ANOTHER, Account, Fields, Manifest, Row, TIMES};
use super::names::{host, lower};
use super::when::Reading;
use super::{issuer, when};
use crate::id::Fingerprint;
use crate::limits;
use crate::pki::show;
use crate::text;
use crate::time::Span;

impl Manifest {
    /// Takes a row; what of it cannot be used, or only with a doubt, is a finding.
    pub(super) fn add_row(&mut self, line: u64, fields: Fields<'_>) {
        if let Some(survey) = &mut self.survey {
            for field in TIMES {
                let values = fields[field as usize].iter().flat_map(|text| text.split(ANOTHER));
                values.for_each(|text| survey[field as usize].look(&literal(Cow::Borrowed(text))));
            }
            return;
        }
        let [_, _, uploaded, _, created, _, _, _, modified] = &fields;
        let timeless = uploaded.is_none() && created.is_none() && modified.is_none();
        let digest = digest(&fields, &self.readings);
        let [path, hash, uploaded, account, created, issuer, serial, host_name, modified] =
            fields.map(|f| f.map(literal));
        if [&uploaded, &created, &modified].into_iter().flatten().any(|t| t.contains(ANOTHER)) {
            self.doubt(line, || {
                "columns of the same meaning have different values; all of them count".to_owned()
            });
        }
        let file = self.names.len().saturating_sub(1) as u16;
        if let Some((other, first)) = self.seen.get(&digest).copied() {
            let of = if other == file { String::new() } else { format!(" of {}", self.name_of(other)) };
            return self.doubt(line, || format!("it says the same as line {first}{of}; it was counted once"));
        }
        let readings = self.readings;
        let time = |text: Option<Cow<'_, str>>, field: Field| {
            text.map(|t| when::all(t.split(ANOTHER), readings[field as usize])).transpose()
        };
        let mut unusable = timeless && self.has_upload_times;
        let (uploaded, created) =
            match (time(uploaded, Field::UploadedAt), time(created, Field::AccountCreatedAt)) {
                (Ok(uploaded), Ok(created)) => (uploaded, created),
                (Err(says), created) => {
                    unusable = true;
                    self.bad_row(line, says);
                    (None, created.unwrap_or_default())
                }
                (Ok(uploaded), Err(says)) => {
                    unusable = true;
                    self.bad_row(line, format!("the creation date of the account: {says}"));
                    (uploaded, None)
                }
            };
        let modified = time(modified, Field::ModifiedAt).unwrap_or_else(|says| {
            unusable = true;
            self.bad_row(line, format!("the time of the last change: {says}"));
            None
        });
        let mut reported = unusable && !timeless;
        if timeless && account.is_none() {
            self.bad_row(line, "it says no upload time".to_owned());
            reported = true;
        }
        let sha256 = match hash.as_deref().map(str::parse) {
            Some(Err(_)) if path.is_none() => {
                return self.bad_row(line, "its hash is no SHA-256 of 64 hexadecimal digits".to_owned());
            }
            Some(Ok(hash)) => Some(hash),
            _ => None,
        };
        let by_issuer =
            issuer.as_deref().zip(serial.as_deref()).map_or_else(Vec::new, |(i, s)| issuer::of_row(i, s));
        let named = path.is_some() || sha256.is_some() || !by_issuer.is_empty() || host_name.is_some();
        if !named && (account.is_none() || created.is_none()) {
            if reported {
                return;
            }
            let says = if serial.is_some() {
                "a serial number names a certificate only together with its issuer"
            } else {
                "it names no path, hash, certificate or host"
            };
            return self.bad_row(line, says.to_owned());
        }
        if self.rows.len() >= limits::MANIFEST_ROWS {
            return self.bad_row(
                line,
                format!("a manifest has up to {} rows; it was not used", limits::MANIFEST_ROWS),
            );
        }
        if timeless && account.is_some() {
            // Whose it is, it says all the same; another row may tell when that account was created.
            self.bad_row(line, "it says no upload time; only its account was used".to_owned());
        }
        let account = account.map(|a| self.account(&show(&a)));
        if [&uploaded, &created, &modified].into_iter().flatten().any(|t| t.ambiguous) {
            self.doubt(line, || {
                "its date can be read with the day or the month first; both count".to_owned()
            });
        }
        if path.as_deref().is_some_and(|p| p.starts_with(['=', '#'])) {
            self.doubt(line, || {
                "its path looks like a formula or an error of a spreadsheet; it was taken as it is".to_owned()
            });
        }
        if let (Some(account), Some(created)) = (&account, created) {
            self.add_account(line, account, created.span);
        }
        self.seen.insert(digest, (file, u32::try_from(line).unwrap_or(u32::MAX)));
        if !named {
            return;
        }
        let at = self.rows.len() as u32;
        let (path, normalised) = path
            .map(|p| self.prefix.apply(p.trim()))
            .map_or((None, None), |(path, normalised)| (Some(path), normalised));
        let (by_path, by_hash) = (path.is_some(), sha256.is_some());
        self.rows.push(Row {
            file,
            line,
            path,
            sha256,
            uploaded: uploaded.map(|u| u.span).unwrap_or_default(),
            modified: modified.and_then(|m| m.span.latest),
            account,
            unusable,
        });
        // A row speaks by its strongest name: a host has many certificates, a path is one file.
        if by_path || by_hash {
            let rows = &self.rows;
            let mut before = None;
            if by_path {
                self.by_path.expect(self.expected);
                before = self
                    .by_path
                    .add(at, |row| rows[row as usize].path.as_deref().unwrap_or_default().as_bytes());
                if let Some(path) = normalised {
                    self.normalised.add(at, path);
                }
            }
            if by_hash {
                self.by_hash.expect(self.expected);
                self.by_hash
                    .add(at, |row| rows[row as usize].sha256.as_ref().map_or(&[], |hash| hash.as_bytes()));
            }
            self.several_times(at, before);
        } else if !by_issuer.is_empty() {
            by_issuer.into_iter().for_each(|name| self.by_issuer.entry(name).or_default().push(at));
        } else if let Some(name) = host_name {
            let compared = host(&name);
            if compared != lower(&name) {
                self.converted_hosts.insert(at);
            }
            self.by_host.entry(compared).or_default().push(at);
        }
    }

    /// Reports that a row and one before it name one path with different times, and not each its own content.
    fn several_times(&mut self, at: u32, before: Option<u32>) {
        let Some((first, row)) = before.map(|before| (&self.rows[before as usize], &self.rows[at as usize]))
        else {
            return;
        };
        let same = first.uploaded == row.uploaded && first.modified == row.modified;
        if same || first.unusable || row.unusable || first.sha256.is_some() && row.sha256.is_some() {
            return;
        }
        let (line, place) = (row.line, self.place(first));
        self.doubt(line, || format!("the row {place} has another time for the same path; the upload can have been at any time between them"));
    }

    /// The one text for an account that all its rows share.
    fn account(&mut self, name: &str) -> Arc<str> {
        if let Some((known, _)) = self.accounts.get_key_value(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.accounts.insert(Arc::clone(&name), None);
        name
    }

    fn add_account(&mut self, line: u64, account: &Arc<str>, created: Span) {
        match self.accounts.entry(Arc::clone(account)) {
            Entry::Occupied(mut entry) if entry.get().is_some_and(|known| known.created != created) => {
                let Some(first) = *entry.get() else { return };
                // The earlier one clears less.
                if created.earliest < first.created.earliest {
                    entry.insert(Some(Account { created, line }));
                }
                let account = text::cut(account);
                self.doubt(line, || {
                    format!(
                        "line {} has another creation date of the account {account}; the earlier one counts",
                        first.line
                    )
                });
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().get_or_insert(Account { created, line });
            }
            Entry::Vacant(entry) => {
                entry.insert(Some(Account { created, line }));
            }
        }
    }
}

/// A field without what spreadsheets put around text so that they do not compute with it: `="x"`, `'=x`.
fn literal(text: Cow<'_, str>) -> Cow<'_, str> {
    let quoted = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"'));
    let marked = || text.strip_prefix('\'').filter(|t| t.starts_with(['=', '+', '-', '@']));
    match quoted.or_else(marked) {
        Some(inner) => Cow::Owned(inner.to_owned()),
        None => text,
    }
}

/// Equal for rows that say the same; half of a SHA-256, so that nobody makes two that differ.
fn digest(fields: &Fields<'_>, readings: &[Reading]) -> u128 {
    let mut text = Vec::with_capacity(128);
    // The same text can be another time in another file.
    text.extend(TIMES.iter().map(|field| readings[*field as usize].octet()));
    for field in fields {
        text.push(u8::from(field.is_some()));
        text.extend_from_slice(field.as_deref().unwrap_or_default().as_bytes());
        text.push(0xff);
    }
    let hash = Fingerprint::of(&text);
    hash.as_bytes()[..16].iter().fold(0, |n, b| n << 8 | u128::from(*b))
}
