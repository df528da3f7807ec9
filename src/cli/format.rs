//! Lists as tables and as comma-separated values.

use std::borrow::Cow;
use std::io::{self, Write};

use certrecall::pki::{Object, Unread, show};
use certrecall::plan::authority;
use certrecall::read::{Found, Item, Place};
use certrecall::report::plan_file;
use certrecall::report::planned::Planned;
use certrecall::report::{record, view};

use super::error::Error;
use super::output_format::Format;
use super::table;
use super::term::Terminal;

/// Rows of a scan: made on the reading threads, written in order.
pub(crate) struct Rows {
    format: Format,
    rows: Vec<Vec<String>>,
}

const TABLE: &[&str] = &["kind", "where", "what", "key", "from", "until", "findings"];

const CSV: &[&str] = &[
    "kind",
    "root",
    "path",
    "member",
    "index",
    "offset",
    "line",
    "label",
    "container",
    "sha256",
    "spki_sha256",
    "subject",
    "issuer",
    "serial",
    "not_before",
    "not_after",
    "dns_names",
    "key_algorithm",
    "key_bits",
    "signature_algorithm",
    "is_ca",
    "is_self_signed",
    "reason",
    "detail",
    "findings",
];

impl Rows {
    pub(crate) const fn new(format: Format) -> Self {
        Self { format, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, found: &Found, listed: impl Fn(&Item) -> bool) {
        for item in found.items.iter().filter(|i| listed(i)) {
            self.rows.push(if self.format == Format::Csv {
                csv_row(&found.place, item)
            } else {
                table_row(&found.place, item)
            });
        }
    }

    pub(crate) fn head(&self, out: &mut impl Write) -> io::Result<()> {
        if self.format == Format::Csv {
            write_csv(out, &[CSV.iter().map(|c| (*c).to_owned()).collect()])
        } else {
            Ok(())
        }
    }

    pub(crate) fn part(&mut self, out: &mut impl Write, part: Self) -> io::Result<()> {
        if self.format == Format::Csv {
            return write_csv(out, &part.rows);
        }
        self.rows.extend(part.rows);
        Ok(())
    }

    pub(crate) fn close(&self, out: &mut impl Write) -> io::Result<()> {
        if self.format == Format::Csv || self.rows.is_empty() {
            return Ok(());
        }
        out.write_all(table::render(TABLE, &self.rows).as_bytes())
    }
}

/// The parts of an item that tables show.
struct Shown {
    kind: &'static str,
    what: String,
    key: String,
    from: String,
    until: String,
}

fn shown(item: &Item) -> Shown {
    let mut shown = Shown {
        kind: "",
        what: String::new(),
        key: String::new(),
        from: String::new(),
        until: String::new(),
    };
    match &item.body {
        Ok(object) => {
            shown.kind = object.kind();
            if let Some(key) = object.key() {
                let curve = key.curve.map_or_else(String::new, |c| format!(" {}", c.as_str()));
                shown.key = format!("{}{curve} {}", key.algorithm.as_str(), key.bits);
            }
            match object {
                Object::Certificate(c) => {
                    shown.what = c.display_name().into_owned();
                    shown.from = c.not_before.map_or_else(String::new, |t| t.day());
                    shown.until = c.not_after.map_or_else(String::new, |t| t.day());
                }
                Object::Crl(c) => {
                    shown.what = format!("{} ({} entries)", c.issuer, c.entries);
                    shown.from = c.this_update.map_or_else(String::new, |t| t.day());
                    shown.until = c.next_update.map_or_else(String::new, |t| t.day());
                }
                Object::Request(r) => {
                    shown.what = r.names.dns.first().map_or_else(|| r.subject.to_string(), str::to_owned)
                }
                Object::PrivateKey(_) | Object::PublicKey(_) => {
                    shown.what = object
                        .key()
                        .and_then(|k| k.spki)
                        .map_or_else(String::new, |s| format!("{}...", &s.to_string()[..16]));
                }
                Object::Parameters(kind) => shown.what = (*kind).to_owned(),
            }
        }
        Err(unread) => {
            let (kind, reason, detail) = parts(unread);
            shown.kind = kind;
            shown.what = if detail.is_empty() { reason.to_owned() } else { format!("{reason}: {detail}") };
        }
    }
    shown
}

fn parts(unread: &Unread) -> (&'static str, &'static str, &str) {
    match unread {
        Unread::Locked(reason, _) => ("locked", reason.as_str(), ""),
        Unread::Skipped(reason, detail) => ("skipped", reason.as_str(), detail),
        Unread::Unreadable(reason, detail) => ("unreadable", reason.as_str(), detail),
    }
}

fn findings(item: &Item) -> String {
    item.all_findings().iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" ")
}

fn table_row(place: &Place, item: &Item) -> Vec<String> {
    let Shown { kind, what, key, from, until } = shown(item);
    let line = if item.line > 0 { format!(":{}", item.line) } else { String::new() };
    let at = format!("{}{line}", place.shown());
    [kind.to_owned(), at, what, key, from, until, findings(item)].iter().map(|t| show(t)).collect()
}

fn csv_row(place: &Place, item: &Item) -> Vec<String> {
    let certificate = if let Ok(Object::Certificate(c)) = &item.body { Some(c) } else { None };
    let request = if let Ok(Object::Request(r)) = &item.body { Some(r) } else { None };
    let key = item.body.as_ref().ok().and_then(Object::key);
    let (kind, reason, detail) = match &item.body {
        Ok(object) => (object.kind(), "", ""),
        Err(unread) => parts(unread),
    };
    let names = certificate.map(|c| &c.names).or_else(|| request.map(|r| &r.names));
    let text = |value: Option<String>| value.unwrap_or_default();
    vec![
        kind.to_owned(),
        place.root.to_string(),
        place.path.to_string(),
        text(record::member(place, item).map(Cow::into_owned)),
        item.index.to_string(),
        item.offset.to_string(),
        text((item.line > 0).then(|| item.line.to_string())),
        text(item.label.as_ref().map(ToString::to_string)),
        item.container.to_owned(),
        text(certificate.map(|c| c.sha256.to_string())),
        text(key.and_then(|k| k.spki).map(|s| s.to_string())),
        text(certificate.map(|c| c.subject.to_string()).or_else(|| request.map(|r| r.subject.to_string()))),
        text(certificate.map(|c| c.issuer.name.to_string())),
        text(certificate.map(|c| c.serial.to_hex())),
        text(certificate.and_then(|c| c.not_before).map(|t| t.to_string())),
        text(certificate.and_then(|c| c.not_after).map(|t| t.to_string())),
        text(names.map(|n| n.dns.iter().collect::<Vec<_>>().join(" "))),
        text(key.map(|k| k.algorithm.as_str().to_owned())),
        text(key.map(|k| k.bits.to_string())),
        text(certificate.map(|c| c.issuer.algorithm.to_string())),
        text(certificate.map(|c| c.is_ca.to_string())),
        text(certificate.map(|c| c.is_self_signed.to_string())),
        reason.to_owned(),
        detail.to_owned(),
        findings(item),
    ]
}

/// Writes rows; a cell that a spreadsheet would take for a formula begins with an apostrophe.
fn write_csv(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell))).map_err(|error| {
            match error.into_kind() {
                csv::ErrorKind::Io(error) => error,
                // Rows of one length into one writer; nothing else can go wrong.
                _ => io::ErrorKind::InvalidData.into(),
            }
        })?;
    }
    writer.flush()
}

fn harmless(cell: &str) -> String {
    let shown = show(cell);
    if shown.starts_with(FORMULA) { format!("'{shown}") } else { shown }
}

/// What a formula begins with, in their wide and small forms too, which spreadsheets of East Asia take for
/// the same. A tab or line end before them is shown as `\HH`.
const FORMULA: [char; 14] = [
    '=', '+', '-', '@', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{fe66}', '\u{fe62}',
    '\u{fe63}', '\u{fe6b}', '\u{2212}',
];

const VERDICTS: &[&str] = &[
    "verdict",
    "exposure",
    "standing",
    "until",
    "certificate",
    "issued by",
    "found in",
    "request",
    "account",
];

/// What the comma-separated list has besides.
const VERDICTS_CSV: &[&str] = &["sha256", "spki_sha256", "serial", "why", "sort", "reach", "authority"];

/// The certificates by verdict.
pub(crate) fn verdicts(planned: &Planned<'_>, format: Format, terminal: &Terminal) -> Result<(), Error> {
    let order = view::sorted(planned, |_| true);
    let mut out = Vec::new();
    match format {
        Format::Csv => {
            write_csv(
                &mut out,
                &[VERDICTS.iter().chain(VERDICTS_CSV).map(|c| c.replace(' ', "_")).collect()],
            )?;
            let rows: Vec<Vec<String>> = order.iter().map(|at| csv_verdict(planned, *at)).collect();
            write_csv(&mut out, &rows)?;
        }
        Format::Ndjson => {
            for at in order {
                out.extend_from_slice(&plan_file::certificate_line(planned, at));
                out.push(b'\n');
            }
        }
        Format::Table | Format::Json => {
            let rows: Vec<Vec<String>> = order
                .iter()
                .map(|at| verdict(view::row(planned, *at), accounts(planned, *at, ACCOUNTS)))
                .collect();
            out = table::render(VERDICTS, &rows).into_bytes();
        }
    }
    terminal.data(&out)
}

/// Accounts that a row of the table names.
const ACCOUNTS: usize = 3;

/// The accounts that uploaded the key of a certificate, so many at most; the others are counted.
fn accounts(planned: &Planned<'_>, at: u32, most: usize) -> String {
    let key = planned.inventory.certificates[at as usize].key;
    let all = &planned.assessment.keys[key as usize].accounts;
    let named: Vec<&str> = all.iter().take(most).map(|account| &**account).collect();
    let more = if all.len() > most { format!(" and {} more", all.len() - most) } else { String::new() };
    format!("{}{more}", named.join("; "))
}

fn verdict(row: view::Row<'_>, accounts: String) -> Vec<String> {
    let words = [row.verdict.as_str(), row.exposure.as_str(), row.standing.as_str()].map(str::to_owned);
    let rest = [
        row.until,
        row.name,
        row.issuer,
        row.places.join(", "),
        row.request.map(|d| format!("{d}/request.pem")).unwrap_or_default(),
        accounts,
    ];
    words.into_iter().chain(rest).collect()
}

/// All places, not the first few, and what names the certificate.
fn csv_verdict(planned: &Planned<'_>, at: u32) -> Vec<String> {
    let inventory = planned.inventory;
    let entry = &inventory.certificates[at as usize];
    let row = view::row(planned, at);
    let why = row.why.clone();
    let mut cells = verdict(row, accounts(planned, at, usize::MAX));
    let mut places: Vec<Cow<'_, str>> = entry.occurrences.iter().map(|o| inventory.path(o)).collect();
    places.dedup();
    cells[6] = places.join(" | ");
    cells.push(entry.certificate.sha256.to_string());
    cells.push(inventory.keys[entry.key as usize].spki.to_string());
    cells.push(entry.certificate.serial.to_hex());
    cells.push(why.into_owned());
    let authorities = &planned.plan.authorities;
    cells.push(authority::sort_of(entry).as_str().to_owned());
    cells.push(authorities.of(at).map_or_else(String::new, |issued| issued.reach.as_str().to_owned()));
    cells.push(authorities.authority_of(at).map_or_else(String::new, |a| a.name.clone()));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, want) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("-5", "'-5"),
            ("plain", "plain"),
            ("\t=x", "\\09=x"),
            ("\r=x", "\\0D=x"),
            ("\n=x", "\\0A=x"),
        ] {
            assert_eq!(harmless(cell), want);
        }
        for wide in ['＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−'] {
            assert_eq!(harmless(&format!("{wide}1+1")), format!("'{wide}1+1"));
            assert_eq!(harmless(&format!("a{wide}1")), format!("a{wide}1"));
        }
    }
}
