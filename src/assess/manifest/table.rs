//! Manifests in CSV: the header, which columns are used, and their rows.

use std::borrow::Cow;

use super::columns::{FIELDS, Field, Mapping, clean};
use super::csv::Rows;
use super::model::{Fields, Manifest, ManifestError, TIMES, add_value};
use super::taken::column;
use crate::limits;

/// Lines that are looked at for the header.
const HEADER_LINES: usize = 20;

pub(super) fn read(manifest: &mut Manifest, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
    let mut rows = header(manifest, text, mapping)?;
    while let Some(row) = rows.next() {
        match row {
            Ok(row) => {
                let mut fields = Fields::default();
                for ((_, field), text) in rows.used.iter().zip(row.fields) {
                    add_value(&mut fields[*field], Some(trimmed(text)).filter(|t| !t.is_empty()));
                }
                if row.count > 1 || fields.iter().any(Option::is_some) {
                    manifest.add_row(row.line, fields);
                }
            }
            Err(line) => manifest
                .bad_row(line, "a quote that opens on this line is not closed; the row was not used, reading went on with the next line".to_owned()),
        }
    }
    Ok(())
}

/// Finds the header, which need not be the first line, and what is behind it.
fn header<'t>(manifest: &mut Manifest, text: &'t str, mapping: &Mapping) -> Result<Rows<'t>, ManifestError> {
    let mut at = Rows { rest: text, line: 1, delimiter: b',', width: 0, used: Vec::new() };
    let (mut first_error, mut given, mut passed_over) = (None, None, None);
    for _ in 0..HEADER_LINES {
        at.skip_blank();
        let line = at.rest.lines().next().unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let behind = Rows {
            rest: at.rest.get(line.len() + 1..).unwrap_or_default(),
            line: at.line + 1,
            delimiter: b',',
            width: 0,
            used: Vec::new(),
        };
        // What spreadsheets and PowerShell write in front.
        let separator =
            line.trim().strip_prefix("sep=").and_then(|s| s.bytes().next().filter(|_| s.len() == 1));
        if separator.is_some() || line.starts_with("#TYPE ") {
            given = separator.or(given);
            at = behind;
            continue;
        }
        match columns(manifest, Rows { rest: at.rest, ..at }, line, given, mapping) {
            Ok(rows) => {
                if let Some(first) = passed_over {
                    let header = at.line;
                    manifest.doubt(first, || {
                        format!("it is before the header, which is line {header}, and was not read")
                    });
                }
                return Ok(rows);
            }
            Err(error) => {
                passed_over = passed_over.or(Some(at.line));
                first_error = first_error.or(Some(error));
                at = behind;
            }
        }
    }
    Err(first_error.unwrap_or_else(|| manifest.error(None, "it has no header line".to_owned())))
}

/// The rows behind a header line.
fn columns<'t>(
    manifest: &mut Manifest,
    mut rows: Rows<'t>,
    line: &str,
    given: Option<u8>,
    mapping: &Mapping,
) -> Result<Rows<'t>, ManifestError> {
    let count = |d: &u8| memchr::memchr_iter(*d, line.as_bytes()).count();
    rows.delimiter =
        given.unwrap_or_else(|| [b',', b';', b'\t', b'|'].into_iter().max_by_key(count).unwrap_or(b','));
    if count(&(super::forms::UNIT as u8)) > 0 {
        rows.delimiter = super::forms::UNIT as u8;
    }
    let head_line = rows.line;
    if count(&rows.delimiter) >= limits::COLUMNS {
        let says = format!("its header line has more than {} columns", limits::COLUMNS);
        return Err(manifest.error(Some(head_line), says));
    }
    let Some(Ok(head)) = rows.next() else {
        return Err(manifest.error(Some(head_line), "a quote in its header line is not closed".to_owned()));
    };
    let heads: Vec<String> = head.fields.iter().map(|h| clean(h)).collect();
    let columns = mapping.columns(heads.iter().map(String::as_str));
    check(manifest, head_line, &head.fields, &heads, columns, mapping)?;
    manifest.has_upload_times =
        [Field::UploadedAt, Field::ModifiedAt].iter().any(|f| columns[*f as usize].is_some());
    rows.width = heads.len();
    rows.used = columns.iter().enumerate().filter_map(|(field, column)| column.map(|c| (c, field))).collect();
    for field in TIMES {
        rows.used.extend(
            mapping
                .more(field, heads.iter().map(String::as_str))
                .into_iter()
                .map(|column| (column, field as usize)),
        );
    }
    rows.used.sort_unstable();
    for (column, field) in &rows.used {
        manifest.take_column(*field, &head.fields[*column]);
    }
    Ok(rows)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn check(
    manifest: &Manifest,
    line: u64,
    shown: &[Cow<'_, str>],
    heads: &[String],
    columns: [Option<usize>; FIELDS],
    mapping: &Mapping,
) -> Result<(), ManifestError> {
    let seen = || {
        let more = if shown.len() > COLUMNS_SHOWN {
            format!(" and {} more", shown.len() - COLUMNS_SHOWN)
        } else {
            String::new()
        };
        shown.iter().take(COLUMNS_SHOWN).map(|n| column(n)).collect::<Vec<_>>().join(", ") + &more
    };
    if let Some(missing) = mapping.missing(heads.iter().map(String::as_str)) {
        return Err(
            manifest.error(Some(line), format!("--map names a column {missing:?}; it has: {}", seen()))
        );
    }
    let has = |field: Field| columns[field as usize].is_some();
    let named = has(Field::Path)
        || has(Field::Sha256)
        || has(Field::Host)
        || has(Field::Issuer) && has(Field::Serial);
    let timed = (has(Field::UploadedAt) || has(Field::ModifiedAt)) && named
        || has(Field::AccountCreatedAt) && (named || has(Field::Account));
    if timed {
        return Ok(());
    }
    let says = format!(
        "it needs a column path, sha256 or host, or issuer and serial, and a column uploaded_at, modified_at or account_created_at (or --map column=field); it has: {}",
        seen()
    );
    Err(manifest.error(Some(line), says))
}

/// Columns that a message names.
const COLUMNS_SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::Manifest;

    /// Lines of rows that can be used, and of findings.
    fn lines(text: &str) -> (Vec<u64>, Vec<String>) {
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        (
            manifest.rows.iter().map(|r| r.line).collect(),
            manifest.findings.list.iter().map(|f| f.place.clone()).collect(),
        )
    }

    #[test]
    fn an_open_quote_costs_its_own_line_alone() {
        for bad in ["\"b.pem,2015-01-02", "b.pem,\"2015-01-02", "b.pem,2015-01-02,\"a note"] {
            for later in [
                "d.pem,2015-01-04,x",
                "\"d.pem\",\"2015-01-04\",\"x\"",
                "d.pem,2015-01-04,\"x\"",
                "d.pem,\"2015-01-04\",\"\"",
                "d.pem,2015-01-04,x \"y\"",
            ] {
                let text =
                    format!("path,uploaded_at,note\na.pem,2015-01-01,\n{bad}\nc.pem,2015-01-03,\n{later}\n");
                assert_eq!(lines(&text), (vec![2, 4, 5], vec!["m:3".to_owned()]), "{text}");
            }
        }
        let both = "path,uploaded_at,note\na.pem,2015-01-01,\"x\nb.pem,2015-01-02,\nc.pem,2015-01-03,\"\nd.pem,2015-01-04,\n";
        assert_eq!(
            lines(both),
            (vec![3, 5], vec!["m:2".to_owned(), "m:4".to_owned()]),
            "two that seem to belong together"
        );
        assert_eq!(
            lines("path,uploaded_at\na,2015-01-01\nb,\"2015-01-01"),
            (vec![2], vec!["m:3".to_owned()]),
            "on the last line"
        );
    }

    #[test]
    fn quotes_that_are_closed_are_read_as_they_are_meant() {
        let (rows, findings) = lines(
            "\"path\",\"note\",\"uploaded_at\"\n\"a \"\"b\"\".pem\",\"one\ntwo, three\",2015-01-01\n\n\"c\",,\"2015-01-01\"",
        );
        assert_eq!((rows, findings), (vec![2, 5], vec![]));
        let manifest =
            Manifest::parse("m", b"path;uploaded_at\n\"a;b.pem\";2015-01-01\nc \"d\".pem;2015-01-01\n")
                .unwrap();
        let paths: Vec<_> = manifest.rows.iter().filter_map(|r| r.path.as_deref()).collect();
        assert_eq!(paths, ["a;b.pem", "c \"d\".pem"]);
    }

    proptest::proptest! {
        /// What RFC 4180 writes, any other reader of it reads alike.
        #[test]
        fn agrees_with_another_reader(rows in proptest::collection::vec(("[a-c\"; ]{1,6}", "[a-c\",\n ]{0,8}"), 1..8), delimiter in proptest::sample::select(vec![b',', b';'])) {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(["path", "uploaded_at", "note"]).unwrap();
            // A note that looks like rows is one that a stray quote made.
            let note = |text: &str| text.replace(char::from(delimiter), "_");
            rows.iter().for_each(|(path, text)| writer.write_record([path.as_str(), "2015-01-01T00:00:00Z", &note(text)]).unwrap());
            let text = writer.into_inner().unwrap();
            let manifest = Manifest::parse("m", &text).unwrap();
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_slice());
            let mut want: Vec<(String, u64)> = Vec::new();
            for record in reader.records().map(Result::unwrap) {
                let written = (record[0].trim().to_owned(), record.position().unwrap().line());
                if !record[0].trim().is_empty() && !want.iter().any(|(seen, _)| *seen == written.0) {
                    want.push(written);
                }
            }
            let got: Vec<u64> = manifest.rows.iter().map(|r| r.line).collect();
            proptest::prop_assert_eq!(got, want.iter().map(|(_, line)| *line).collect::<Vec<_>>(), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn the_header_need_not_be_the_first_line() {
        for (before, findings) in [
            ("sep=;\n", 0),
            ("#TYPE System.Management.Automation.PSCustomObject\n", 0),
            ("Uploads of 2016\n\n", 1),
            ("Report;;\nmade on;2026-11-30;\n\n", 1),
            ("\n\n", 0),
        ] {
            let text = format!("{before}path;uploaded_at;note\na.pem;2015-01-01;x\n");
            let line = before.matches('\n').count() as u64 + 2;
            let (rows, told) = lines(&text);
            assert_eq!((rows, told.len()), (vec![line], findings), "{text}");
        }
        // The separator that is given counts, whatever the header has most of.
        assert_eq!(lines("sep=;\npath;uploaded_at;a,b,c,d\na.pem;2015-01-01;\n").0, [3]);
        let error = Manifest::parse("m", b"one,two\nthree,four\n").unwrap_err();
        assert!(error.place == "m:1" && error.says.ends_with("it has: one, two"), "{error}");
    }

    #[test]
    fn many_open_quotes_take_no_time() {
        let text = format!("path,uploaded_at\n{}", "a\"b,\"c\n".repeat(2_000));
        let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
        assert_eq!(manifest.findings.counts.values().sum::<u64>(), 2_000);
    }
}
