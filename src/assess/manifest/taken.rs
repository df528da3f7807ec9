//! What a manifest was taken for: which column is what, and how its times were read. It is shown, so that a
//! wrong guess is seen (DESIGN.md 2.9).

use std::collections::BTreeMap;

use super::columns::Field;
use super::model::{Manifest, TIMES, Taken};
use super::when::Reading;
use crate::finding::Code;
use crate::pki::show;

/// Columns that are named.
pub(super) const COLUMNS: usize = 32;

impl Manifest {
    /// Ends the first reading of a file: decides how its times are read.
    pub(super) fn settle(&mut self, given: Reading) {
        let Some(surveys) = self.survey.take() else { return };
        let mut times = Vec::new();
        for field in TIMES {
            let (survey, name) = (surveys[field as usize], field.as_str());
            self.readings[field as usize] = survey.reading(given);
            match (given.order, survey.order()) {
                (None, Some((order, rows))) => times.push(format!(
                    "{name}: {}, as {rows} dates can be read in this order alone",
                    order.as_str()
                )),
                (Some(order), _) => times.push(format!("{name}: {} (--date-order)", order.as_str())),
                (None, None) => {}
            }
            if survey.is_serial() {
                times.push(format!("{name}: days as spreadsheets count them from 1900"));
                let place = self.name().to_owned();
                let says = format!(
                    "{name} has nothing but numbers of days as spreadsheets count them from 1900; they were read as dates"
                );
                self.findings.tell(Code::ManifestRowDoubtful, || (place, says));
            }
        }
        times.push(match given.zone {
            Some(zone) => format!(
                "times without a zone are {}{:02}:{:02} (--manifest-zone)",
                if zone < 0 { '-' } else { '+' },
                zone.abs() / 3_600,
                zone.abs() / 60 % 60
            ),
            None => "times without a zone can be in any (--manifest-zone)".to_owned(),
        });
        if let Some(taken) = self.taken.last_mut() {
            taken.times = times;
        }
    }

    /// Notes the column that a field is read from.
    pub(super) fn take_column(&mut self, field: usize, column: &str) {
        if let Some(taken) = self.taken.last_mut().filter(|taken| taken.columns.len() < COLUMNS) {
            taken.columns.insert((field, column.trim().to_owned()));
        }
    }

    /// What each file was taken for, a line each; and how many rows were used and not, by the findings of an
    /// assessment.
    #[must_use]
    pub fn taken(&self, counts: &BTreeMap<Code, u64>) -> Vec<String> {
        let line = |(at, (name, taken)): (usize, (&String, &Taken))| {
            let rows = self.rows.iter().filter(|row| usize::from(row.file) == at).count();
            let columns = taken.columns.iter().map(|(field, column)| {
                let field = Field::ALL.get(*field).map_or("", |f| f.as_str());
                if field == column {
                    field.to_owned()
                } else {
                    format!("{field} from {:?}", self::column(column))
                }
            });
            let columns: Vec<String> = columns.collect();
            show(&format!("manifest {name}: {rows} rows; {}; {}", columns.join(", "), taken.times.join("; ")))
        };
        let of = |code| counts.get(&code).copied().unwrap_or(0);
        let (doubtful, bad, unmatched) =
            (of(Code::ManifestRowDoubtful), of(Code::ManifestRowBad), of(Code::ManifestRowUnmatched));
        let sum = format!(
            "manifest: {} rows read, {doubtful} doubtful, {bad} not usable, {unmatched} without a file here",
            self.rows.len()
        );
        self.names.iter().zip(&self.taken).enumerate().map(line).chain([sum]).collect()
    }
}

/// A column for a message, as it is written; but what is no manifest may be a key, of which nothing is shown.
pub(super) fn column(name: &str) -> String {
    let name = name.trim();
    let digits: String = name.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let like_a_key = digits
        .split(|c| !is_code(c))
        .any(|run| run.len() >= 40 || run.len() >= 16 && run.bytes().all(|b| b.is_ascii_hexdigit()))
        || name.split(|c| !is_code(c)).any(|run| run.len() >= 32);
    let characters = name.chars().count();
    if like_a_key || name.is_empty() || characters > COLUMN_SHOWN {
        format!("({characters} characters)")
    } else {
        show(name)
    }
}

/// Characters of a column name in a message.
const COLUMN_SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_shown_as_they_are_and_keys_are_not() {
        for name in [
            "Dateiname (Original)",
            "T\u{e9}l\u{e9}vers\u{e9} le",
            "customer_account_created_timestamp_utc",
            "a/b=c",
        ] {
            assert_eq!(super::column(name), name);
        }
        for key in [
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
            "00:c3:5f:11:9a:22:bb:cc:dd:ee:01:02:03:04:05",
            "c35f119a22bbccddee0102030405",
            "",
        ] {
            assert!(super::column(key).ends_with("characters)"), "{key}");
        }
    }
}
