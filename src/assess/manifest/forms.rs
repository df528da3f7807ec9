//! What a manifest comes in: gzip, tables of database shells; and forms that are named, with the way out, and
//! not read.

use std::borrow::Cow;

use crate::limits;

/// Columns of a table that was drawn: each of its lines, however short, has as many fields.
const COLUMNS: usize = 1_000;

/// Between the fields of a table that was drawn.
pub(super) const UNIT: char = '\u{1f}';

/// The bytes of a manifest, unpacked from gzip (RFC 1952).
///
/// # Errors
/// What it is instead, and the way out.
pub(super) fn open(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let save = |what: &str| Err(format!("it is {what}; save it as CSV (UTF-8) and give that"));
    let has = |part: &[u8]| memchr::memmem::find(bytes, part).is_some();
    match bytes {
        [0x1f, 0x8b, 8, ..] => gunzip(bytes).map(Cow::Owned),
        [b'P', b'K', 3, 4, ..] if has(b"xl/workbook") || has(b"xl/worksheets/") => {
            save("an Excel workbook (.xlsx)")
        }
        [b'P', b'K', 3, 4, ..] if has(b"opendocument.spreadsheet") => {
            save("an OpenDocument spreadsheet (.ods)")
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
            Err("it is a zip archive; unpack it and give the files in it".to_owned())
        }
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => {
            save("an old Excel workbook (.xls) or another file of Microsoft Office")
        }
        [b'P', b'A', b'R', b'1', ..] => save("a Parquet file"),
        [b'S', b'Q', b'L', b'i', b't', b'e', b' ', ..] => save("an SQLite database"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            Err("it is compressed, and not with gzip; unpack it and give what is in it".to_owned())
        }
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

/// All members of a gzip.
fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    crate::read::gunzip(bytes, limits::INPUT)
        .map_err(|says| format!("{says}; unpack it and give what is in it"))
}

/// A table that a database shell drew (psql, mysql, sqlite3, sqlcmd), line by line with its fields apart;
/// none if it is not one.
///
/// # Errors
/// What it is instead, and the way out.
pub(super) fn shell_table(text: &str) -> Result<Option<String>, String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    let [first, others @ ..] = lines.as_slice() else { return Ok(None) };
    if first.starts_with("-[ RECORD ") || first.starts_with("***") && first.contains(" row ***") {
        return Err("it is a listing of a database shell with one column a line; write a CSV file instead (\\copy ... csv header, or SELECT ... INTO OUTFILE)".to_owned());
    }
    let is_rule = |line: &str| {
        line.len() > 2
            && line.starts_with('+')
            && line.contains("--")
            && line.bytes().all(|b| matches!(b, b'+' | b'-'))
    };
    let dashes = |line: &str, between: u8| {
        line.trim().starts_with("--") && line.trim().bytes().all(|b| b == b'-' || b == between)
    };
    let second = others.first().copied().unwrap_or_default();
    let ends: Vec<usize>;
    let boxed = is_rule(first);
    if boxed {
        ends = columns(first, '+');
    } else if first.contains('|') && dashes(second, b'+') {
        ends = columns(second, '+');
    } else if dashes(second, b' ') && second.trim().contains(' ') {
        ends = columns(second, ' ');
    } else {
        return Ok(None);
    }
    if ends.len() > COLUMNS {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let is_drawn = is_rule(line) || dashes(line, b'+') || dashes(line, b' ');
        let is_count = is_row_count(line);
        let is_prose = boxed && !line.starts_with('|');
        if !(is_drawn || is_count || is_prose || line.trim().is_empty()) {
            let fields = cells(line, &ends, boxed);
            out.push_str(&fields.iter().map(|f| quoted(f)).collect::<Vec<_>>().join(&UNIT.to_string()));
        }
        out.push('\n');
    }
    Ok(Some(out))
}

/// Whether a line is what a shell writes below a table: `(3 rows)`, `(1 row affected)`.
fn is_row_count(line: &str) -> bool {
    let inner = line.trim_end().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let rest = inner.map(|inner| inner.trim_start_matches(|c: char| c.is_ascii_digit()));
    inner.is_some_and(|inner| inner.starts_with(|c: char| c.is_ascii_digit()))
        && matches!(rest, Some(" row" | " rows" | " row affected" | " rows affected"))
}

/// Where the columns end in a line that is drawn, in characters.
fn columns(rule: &str, between: char) -> Vec<usize> {
    let characters: Vec<char> = rule.trim_end().chars().collect();
    characters
        .iter()
        .zip(0..)
        .filter(|(c, at)| **c == between && *at > 0 && characters.get(at - 1) == Some(&'-'))
        .map(|(_, at)| at)
        .collect()
}

/// The fields of a line: at its bars, where these are as many as the columns; else by where the columns end.
fn cells(line: &str, ends: &[usize], boxed: bool) -> Vec<String> {
    let inner = if boxed { line.trim().trim_start_matches('|').trim_end_matches('|') } else { line };
    let bars: Vec<&str> = inner.split('|').collect();
    let wanted = if boxed { ends.len() } else { ends.len() + 1 };
    if inner.contains('|') && bars.len() == wanted {
        return bars.into_iter().map(|f| f.trim().to_owned()).collect();
    }
    let characters: Vec<char> = line.chars().collect();
    let mut from = usize::from(boxed);
    let mut out: Vec<String> = Vec::new();
    for end in ends.iter().copied().chain(if boxed { None } else { Some(characters.len()) }) {
        let cell: String =
            characters.get(from..end.min(characters.len()).max(from)).unwrap_or_default().iter().collect();
        out.push(cell.trim().to_owned());
        from = end + 1;
    }
    out
}

/// A field as RFC 4180 has it, where it has to be quoted.
fn quoted(field: &str) -> String {
    if field.contains('"') { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;

    /// The paths of the rows, and the lines.
    fn rows(bytes: &[u8]) -> Vec<(u64, String)> {
        let manifest = Manifest::parse("m", bytes).unwrap_or_else(|e| panic!("{e}"));
        assert!(manifest.findings.list.is_empty(), "{:?}", manifest.findings.list);
        manifest
            .rows
            .iter()
            .map(|row| (row.line, row.path.as_deref().unwrap_or_default().to_owned()))
            .collect()
    }

    #[test]
    fn tables_of_database_shells() {
        let psql = " path  |     uploaded_at     \n-------+---------------------\n a.pem | 2015-05-01 00:00:00\n b.pem | 2018-05-01 00:00:00\n(2 rows)\n\n";
        let mysql = "+-------+---------------------+\n| path  | uploaded_at         |\n+-------+---------------------+\n| a.pem | 2015-05-01 00:00:00 |\n| b.pem | 2018-05-01 00:00:00 |\n+-------+---------------------+\n2 rows in set (0.00 sec)\n";
        let sqlite = "path   uploaded_at        \n-----  -------------------\na.pem  2015-05-01 00:00:00\nb.pem  2018-05-01 00:00:00\n";
        for (text, first) in [(psql, 3), (mysql, 4), (sqlite, 3)] {
            assert_eq!(
                rows(text.as_bytes()),
                [(first, "a.pem".to_owned()), (first + 1, "b.pem".to_owned())],
                "{text}"
            );
        }
        // What only looks like the count below a table is a row of it.
        for path in ["(3 rows of)", "(x rows)", "(2 row)s)", "( rows)"] {
            let text = format!(
                "path        uploaded_at        \n----------  -------------------\n{path:<10}  2015-05-01 00:00:00\n"
            );
            assert_eq!(rows(text.as_bytes()).len(), 1, "{text}");
        }
        for count in ["(1 row)", "(12 rows affected)"] {
            let text = format!(
                " path  |     uploaded_at     \n-------+---------------------\n a.pem | 2015-05-01 00:00:00\n{count}\n"
            );
            assert_eq!(rows(text.as_bytes()), [(3, "a.pem".to_owned())], "{count}");
        }
        let text = "-[ RECORD 1 ]----\npath | a.pem\n";
        assert!(Manifest::parse("m", text.as_bytes()).is_err_and(|e| e.says.contains("CSV")));
    }

    #[test]
    fn gzip_is_unpacked() {
        use std::io::Write as _;
        let pack = |text: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        };
        let text = format!("path,uploaded_at\n{}", "a.pem,2015-05-01\nb.pem,2018-05-01\n");
        assert_eq!(rows(&pack(text.as_bytes())).len(), 2);
        assert_eq!(rows(&pack(b"[{\"path\":\"a.pem\",\"uploaded_at\":\"2015-05-01\"}]")).len(), 1);
        assert_eq!(
            rows(&[pack(b"path,uploaded_at\na,2015-05-01\n"), pack(b"b,2015-05-01\n")].concat()).len(),
            2,
            "several members"
        );
        let whole = pack(text.as_bytes());
        assert!(open(&whole[..whole.len() - 9]).is_err() && open(&whole[..12]).is_err());
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (bytes, name) in [
            (&b"PK\x03\x04xl/workbook.xml"[..], "Excel"),
            (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
            (b"PK\x03\x04a.csv", "zip"),
            (b"PAR1", "Parquet"),
            (b"SQLite format 3\0", "SQLite"),
        ] {
            let says = Manifest::parse("m", bytes).unwrap_err().says;
            assert!(says.contains(name) && (says.contains("CSV") || says.contains("unpack")), "{says}");
        }
    }
}
