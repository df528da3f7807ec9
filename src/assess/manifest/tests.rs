use super::*;

fn rows(text: &str) -> Vec<(u64, Option<String>, String, Option<String>)> {
    let manifest = Manifest::parse("m", text.as_bytes()).unwrap();
    let show = |s: Span| {
        format!(
            "{}..{}",
            s.earliest.map(|t| t.to_string()).unwrap_or_default(),
            s.latest.map(|t| t.to_string()).unwrap_or_default()
        )
    };
    manifest
        .rows
        .into_iter()
        .map(|r| (r.line, r.path.map(String::from), show(r.uploaded), r.account.map(|a| a.to_string())))
        .collect()
}

#[test]
fn every_form_gives_the_same_rows() {
    let want = vec![(
        2,
        Some("acme/tls.pem".to_owned()),
        "2015-06-01T00:00:00Z..2015-06-01T00:00:00Z".to_owned(),
        Some("acme".to_owned()),
    )];
    assert_eq!(rows("path,uploaded_at,account\n./acme//tls.pem,2015-06-01T00:00:00Z,acme\n"), want);
    assert_eq!(rows("\u{feff}Account;Uploaded At;File\r\nacme;1433116800;/acme//tls.pem\r\n"), want);
    assert_eq!(
        rows("\n{\"file\":\"acme/tls.pem\",\"uploaded_at\":1433116800000,\"account\":\"acme\"}\n{}\n"),
        want
    );
    let json = rows(
        "{\"uploads\":[{\"path\":\"acme/tls.pem\",\"uploaded_at\":\"2015-06-01T00:00:00Z\",\"account\":\"acme\"}]}",
    );
    assert_eq!((json.len(), json[0].0), (1, 1));
    // The first array of a wrapper need not be the rows, nor an array inside a row.
    let json = rows(
        "{\"errors\":[],\"uploads\":[{\"path\":\"acme/tls.pem\",\"Uploaded At\":\"2015-06-01T00:00:00Z\"}]}",
    );
    assert_eq!((json.len(), json[0].2.as_str()), (1, "2015-06-01T00:00:00Z..2015-06-01T00:00:00Z"));
    assert_eq!(
        rows("{\"path\":\"acme/tls.pem\",\"uploaded_at\":\"2015-06-01T00:00:00Z\",\"tags\":[\"x\"]}").len(),
        1
    );
}

#[test]
fn bad_rows_are_findings_and_bad_files_errors() {
    let manifest =
        Manifest::parse("m.csv", b"path,uploaded_at\na,never\nb,\n,2015-01-01\nc,2015-01-01\n").unwrap();
    assert_eq!(
        manifest.rows.iter().map(|r| r.unusable).collect::<Vec<_>>(),
        [true, true, false],
        "what they name is not cleared"
    );
    let places: Vec<_> = manifest.findings.list.iter().map(|f| f.place.as_str()).collect();
    assert_eq!(places, ["m.csv:2", "m.csv:3", "m.csv:4"]);
    for text in ["", "a,b\n1,2\n", "{broken", "path\nx\n", "[]", "{\"a\":1}", "{\"uploads\":[]}"] {
        assert!(Manifest::parse("m", text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn the_first_part_of_a_path_is_that_of_what_it_lies_in() {
    let parts = ["real.zip", "real.zip!/a.pem", "real.zip/a.pem"].map(first_part);
    assert_eq!(parts, ["real.zip"; 3]);
    let manifest = Manifest::parse(
        "m",
        b"path,uploaded_at\na/b,2015-01-01\na/c,2015-01-01\nz.zip!/d,2015-01-01\n../e,2015-01-01\n",
    )
    .unwrap();
    assert_eq!(manifest.first_parts(), ["a", "z.zip", ".."].into());
}

#[test]
fn spans_as_users_write_them() {
    assert!(parse_span("2015-01-01..2016-01-01").is_ok());
    assert_eq!(parse_span("..2016-01-01T00:00:00Z").map(|s| s.earliest), Ok(None));
    for right in [
        "2016-11-01..2016-11-01",
        "2016-11-01T12:00..2016-11-01",
        "2016-11-01T12:00:00Z..2016-11-01T12:00:00Z",
    ] {
        assert!(parse_span(right).is_ok(), "{right}");
    }
    for wrong in [
        "..",
        "2016-01-01..2015-01-01",
        "2016-11-02..2016-11-01",
        "2016-11-01T12:00..2016-11-01T11:59",
        "x..y",
        "",
    ] {
        assert!(parse_span(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_made_to_hurt_is_refused() {
    for cell in [
        ".".repeat(1 << 20),
        "..".to_owned() + &"2016-01-01..".repeat(50_000),
        "2016-01-01..2016-01-02..2016-01-03".to_owned(),
    ] {
        let manifest = Manifest::parse("m", format!("path,uploaded_at\na,{cell}\n").as_bytes()).unwrap();
        assert!(manifest.rows.iter().all(|row| row.unusable));
    }
    let rule = "-+".repeat(2_000_000);
    assert!(Manifest::parse("m", format!("a|b\n-{rule}-\n{}", "x\n".repeat(5_000)).as_bytes()).is_err());
}
