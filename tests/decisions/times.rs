//! Times that are read together: what the values of a column say about one another, and what is given about
//! all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use certrecall::assess::{Manifest, Mapping, Reading};

use crate::blocks::hold;
use crate::texts::{ends, option, parts};

/// A column of times, one a line; `: zone Z` and `: order O` are what is given about it.
#[test]
fn columns_of_times() {
    hold("times.txt", |input| {
        let (options, bytes) = parts(input);
        let text = String::from_utf8(bytes).unwrap();
        let given = |name| option(&options, name).first().copied();
        let reading = match Reading::parse(given("zone"), given("order")) {
            Ok(reading) => reading,
            Err((option, says)) => return format!("{option} {says}"),
        };
        let values = text.lines().zip(1..).map(|(time, at)| format!("{at};{time}\n"));
        let csv = format!("path;uploaded_at\n{}", values.collect::<String>());
        let files = [("m".to_owned(), csv.as_bytes())];
        let manifest = Manifest::parse_with(&files, &Mapping::default(), None, reading).unwrap();
        let mut out = String::new();
        for row in &manifest.rows {
            let of_row = |f: &&certrecall::finding::Finding| f.place.ends_with(&format!(":{}", row.line));
            let doubts: Vec<&str> =
                manifest.findings.list.iter().filter(of_row).map(|f| f.code.as_str()).collect();
            let line = usize::try_from(row.line).unwrap();
            writeln!(
                out,
                "{} -> {} {}",
                text.lines().nth(line - 2).unwrap(),
                ends(row.uploaded.earliest, row.uploaded.latest),
                doubts.join(" ")
            )
            .unwrap();
        }
        manifest.taken(&BTreeMap::new()).iter().take(1).for_each(|line| writeln!(out, "{line}").unwrap());
        out
    });
}

/// What `--manifest-zone` is given, one a line, and what becomes of a time and of a day without a zone.
#[test]
fn zones() {
    hold("zones.txt", |input| {
        let of = |zone: &str| {
            let reading = match Reading::parse(Some(zone), None) {
                Ok(reading) => reading,
                Err((option, says)) => {
                    assert!(option == "--manifest-zone" && says.contains("is not an offset from UTC"));
                    return format!("{zone} -> no offset\n");
                }
            };
            let text = b"path,uploaded_at\na,2016-10-31T12:00:00\nb,2016-10-31\nc,2016-10-31T12:00:00Z\n";
            let files = [("m".to_owned(), &text[..])];
            let manifest = Manifest::parse_with(&files, &Mapping::default(), None, reading).unwrap();
            let spans: Vec<String> =
                manifest.rows.iter().map(|r| ends(r.uploaded.earliest, r.uploaded.latest)).collect();
            format!("{zone} -> {}\n    {}\n", spans.join(" "), manifest.taken(&BTreeMap::new())[0])
        };
        input.lines().map(of).collect()
    });
}
