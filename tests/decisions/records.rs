//! Records of uploads: rows around the cutoff, ways to name a file.

use super::*;

#[test]
fn manifest_rows_around_the_cutoff() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let one = |t: &mut Table, name, uploaded: &str, want: &str, says: &str| {
        t.case(name).file("a.pem", bundle(&l, &[])).row("a.pem", uploaded).certificate(&l, want, says);
    };
    let exposed = "exposed valid replace-and-revoke manifest";
    let unclear = "undetermined valid replace-and-revoke manifest";
    let clear = "not-exposed valid clear manifest";
    one(
        t,
        "row long before",
        BEFORE,
        exposed,
        "its private key lies in a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
    one(
        t,
        "one second before",
        "2016-10-31T23:59:59Z",
        exposed,
        "at 2016-10-31T23:59:59Z (uploads.csv:2), before the cutoff",
    );
    // Exactly the cutoff is not exposed.
    one(
        t,
        "exactly the cutoff",
        "2016-11-01T00:00:00Z",
        clear,
        "at 2016-11-01T00:00:00Z (uploads.csv:2), at or after the cutoff",
    );
    one(t, "one second after", "2016-11-01T00:00:01Z", clear, "at or after the cutoff");
    one(
        t,
        "row long after",
        AFTER,
        clear,
        "it was uploaded at 2017-06-01T00:00:00Z (uploads.csv:2), at or after the cutoff",
    );
    // A zone makes a timestamp exact, wherever it is.
    one(
        t,
        "the cutoff, told by a clock in Tokyo",
        "2016-11-01T09:00:00+09:00",
        clear,
        "at 2016-11-01T00:00:00Z",
    );
    one(
        t,
        "just before, told by a clock in New York",
        "2016-10-31T19:59:59-04:00",
        exposed,
        "at 2016-10-31T23:59:59Z",
    );
    // A date covers its whole day in all zones: from 14 hours before midnight UTC to 12 hours after the end
    // of the day.
    one(
        t,
        "date of the day before",
        "2016-10-31",
        unclear,
        "on 2016-10-31 of whatever time zone (uploads.csv:2), which can be before or after",
    );
    one(
        t,
        "date two days before",
        "2016-10-30",
        exposed,
        "on 2016-10-30 of whatever time zone (uploads.csv:2), before the cutoff",
    );
    one(t, "date of the cutoff", "2016-11-01", unclear, "on 2016-11-01 of whatever time zone");
    one(t, "date of the day after", "2016-11-02", clear, "on 2016-11-02 of whatever time zone");
    // So does a timestamp without a zone: -12 h to +14 h.
    one(
        t,
        "zone-less, just before",
        "2016-10-31T23:59:59",
        unclear,
        "between 2016-10-31T09:59:59Z and 2016-11-01T11:59:59Z",
    );
    one(
        t,
        "zone-less, before everywhere",
        "2016-10-31T11:59:59",
        exposed,
        "and 2016-10-31T23:59:59Z (uploads.csv:2), before the cutoff",
    );
    one(
        t,
        "zone-less, the cutoff in the west",
        "2016-10-31T12:00:00",
        unclear,
        "and 2016-11-01T00:00:00Z (uploads.csv:2), which can be",
    );
    one(t, "zone-less, after everywhere", "2016-11-01T14:00:00", clear, "between 2016-11-01T00:00:00Z and");
    one(
        t,
        "zone-less, a second short of that",
        "2016-11-01T13:59:59",
        unclear,
        "between 2016-10-31T23:59:59Z and",
    );
    one(
        t,
        "a span with both ends before",
        "2015-01-01T00:00:00Z..2015-02-01T00:00:00Z",
        exposed,
        "between 2015-01-01T00:00:00Z and 2015-02-01",
    );
    one(
        t,
        "a span over the cutoff",
        "2016-01-01T00:00:00Z..2017-01-01T00:00:00Z",
        unclear,
        "before or after the cutoff",
    );
    one(t, "seconds since 1970", "1433116800", exposed, "at 2015-06-01T00:00:00Z");
}

#[test]
fn several_rows_and_ways_to_name_a_file() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    // Several rows for one path span [min, max].
    t.case("two rows before").file("a.pem", &text).row("a.pem", BEFORE).row("a.pem", "2014-01-01T00:00:00Z").certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "it was uploaded between 2014-01-01T00:00:00Z and 2015-06-01T00:00:00Z (uploads.csv:2,3), before the cutoff",
    );
    t.case("rows on both sides")
        .file("a.pem", &text)
        .row("a.pem", BEFORE)
        .row("a.pem", AFTER)
        .certificate(
            &l,
            "undetermined valid replace-and-revoke manifest",
            "it was uploaded between 2015-06-01T00:00:00Z and 2017-06-01T00:00:00Z (uploads.csv:2,3), which can be before or after",
        )
        .told("manifest-row-doubtful", 1, "uploads.csv:3");
    t.case("two rows after")
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .row("a.pem", "2018-01-01T00:00:00Z")
        .certificate(&l, "not-exposed valid clear manifest", "at or after the cutoff");
    t.case("row by the hash of the file")
        .file("a.pem", &text)
        .row_for_hash(Fingerprint::of(text.as_bytes()), BEFORE)
        .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:2)");
    t.case("row by the fingerprint of the certificate")
        .file("a.pem", &text)
        .row_for_hash(l.sha256(), BEFORE)
        .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:2)");
    // Each row that names the content is an upload of it.
    for hash in [l.sha256(), Fingerprint::of(text.as_bytes())] {
        t.case("row by path, another by hash before")
            .file("a.pem", &text)
            .row("a.pem", AFTER)
            .row_for_hash(hash, BEFORE)
            .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:3)");
        t.case("row by path before, another by hash")
            .file("a.pem", &text)
            .row("a.pem", BEFORE)
            .row_for_hash(hash, AFTER)
            .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:2)");
        t.case("two by hash")
            .file("a.pem", &text)
            .row_for_hash(hash, AFTER)
            .row_for_hash(hash, BEFORE)
            .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:3)");
    }
    t.case("the path with a leading slash and backslashes")
        .file("acme/a.pem", &text)
        .row("\\acme\\.\\a.pem", BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "lies in acme/a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
        );
    for relative in [true, false] {
        let case = t
            .case(if relative { "row by path below the root" } else { "row by absolute path" })
            .file("acme/a.pem", &text);
        let path = if relative { "./acme//a.pem".to_owned() } else { case.folder.at("in/acme/a.pem") };
        case.row(&path, BEFORE).certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "lies in acme/a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
        );
    }
    t.case("a row for another file says nothing of this one")
        .file("a.pem", &text)
        .row("b.pem", BEFORE)
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "nothing records its upload; the oldest certificate on it is of 2015-01-01",
        )
        .finding("manifest-row-unmatched")
        .finding("file-without-record");
    // A row with an open end: weaker kinds fill it.
    t.case("open row filled by the file time")
        .changed("a.pem", &text, "2016-06-01T00:00:00Z")
        .row("a.pem", "2015-06-01T00:00:00Z..")
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "between 2015-06-01T00:00:00Z and 2016-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
        );
    t.case("open row that nothing fills")
        .file("a.pem", &text)
        .row("a.pem", "2015-06-01T00:00:00Z..")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke manifest",
            "between 2015-06-01T00:00:00Z and 2025-06-01T00:00:00Z (uploads.csv:2), which can be",
        );
    t.case("open row filled by --uploaded")
        .file("a.pem", &text)
        .row("a.pem", "..2017-01-01T00:00:00Z")
        .uploaded("2016-12-01T00:00:00Z..")
        .certificate(
            &l,
            "not-exposed valid clear manifest",
            "between 2016-12-01T00:00:00Z and 2017-01-01T00:00:00Z (uploads.csv:2), at or after",
        );
}

#[test]
fn sources_name_the_line_however_lines_end() {
    for end in ["\n", "\r\n"] {
        let text = ["path,uploaded_at", "a.pem,2015-06-01", "b.pem,soon", ""].join(end);
        let manifest = Manifest::parse("uploads.csv", text.as_bytes()).unwrap();
        let lines = (manifest.rows[0].line, manifest.findings.list[0].place.as_str());
        assert_eq!(lines, (2, "uploads.csv:3"), "lines end in {end:?}");
    }
}

#[test]
fn rows_that_are_older_than_their_account() {
    let t = &mut Table::default();
    let l = leaf("late.example").from("2017-01-01").by(&public_ca());
    let text = bundle(&l, &[]);
    let undetermined = "undetermined valid replace-and-revoke manifest";
    for (name, manifest) in [
        (
            "changed before there was an account",
            "path,account,account_created_at,modified_at\na.pem,A,2019-01-01,2018-01-01\n",
        ),
        ("uploaded before", "path,account,account_created_at,uploaded_at\na.pem,A,2019-01-01,2018-01-01\n"),
        (
            "both times before",
            "path,account,account_created_at,uploaded_at,modified_at\na.pem,A,2019-01-01,2017-05-01,2018-01-01\n",
        ),
        (
            "changed before, by another row",
            "path,account,account_created_at,modified_at\na.pem,A,,2018-01-01\nb.pem,A,2019-01-01,2020-01-01\n",
        ),
    ] {
        t.case(name)
            .file("a.pem", &text)
            .manifest(manifest)
            .certificate(&l, undetermined, "contradicts itself")
            .finding("manifest-row-bad");
    }
    t.case("changed after")
        .file("a.pem", &text)
        .manifest("path,account,account_created_at,modified_at\na.pem,A,2017-01-01,2018-01-01\n")
        .certificate(&l, "not-exposed valid clear manifest", "");
}
