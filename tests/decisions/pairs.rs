//! Each kind of evidence against each weaker one, in both directions: the stronger decides, and the
//! contradiction is told. Then what agrees, what fills an open end, and the same with a certificate whose key
//! was not found.

use super::*;

/// What one kind of evidence says.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// A decision that the key is exposed, or cleared.
    Decision(bool),
    Row(&'static str),
    Uploaded(&'static str),
    /// The day in the path, before or after the cutoff.
    Path(bool),
    FileTime(&'static str),
    /// The certificate is of 2018; else it is of 2015, and its dates decide nothing.
    Young,
    List,
}

use Says::{Decision as Decided, FileTime, List, Path, Row, Uploaded, Young};

const OLD_TIME: &str = "2016-06-01T00:00:00Z";

/// A bundle, or its certificate alone, with this evidence; `finding` is one that must be there, or with `!`
/// in front one that must not.
#[allow(clippy::too_many_arguments, reason = "a table")]
fn one(
    t: &mut Table,
    name: &'static str,
    with_key: bool,
    evidence: &[Says],
    want: &str,
    says: &str,
    finding: &str,
) {
    let draft = leaf("pair.example");
    let draft = if evidence.contains(&Young) { draft.from("2018-01-01") } else { draft };
    let l = draft.by(&public_ca());
    let path = evidence.iter().find_map(|e| {
        if let Path(before) = e {
            Some(if *before { "2015/06/01/a.pem" } else { "2017/06/01/a.pem" })
        } else {
            None
        }
    });
    let path = path.unwrap_or("a.pem");
    let text = if with_key { bundle(&l, &[]) } else { l.pem() };
    let time =
        evidence.iter().find_map(|e| if let FileTime(time) = e { Some(*time) } else { None }).unwrap_or(LATE);
    let mut case = t.case(name).changed(path, text, time);
    for e in evidence {
        case = match *e {
            Decided(exposed) => case.decided(l.key.spki(), exposed, "so it is"),
            Row(uploaded) => case.row(path, uploaded),
            Uploaded(span) => case.uploaded(span),
            Path(_) => case.dated_by_path("{YYYY}/{MM}/{DD}"),
            List => case.listed(l.key.spki()),
            FileTime(_) | Young => case,
        };
    }
    let case = case.certificate(&l, want, says);
    match finding.strip_prefix('!') {
        Some(code) => drop(case.no_finding(code)),
        None if finding.is_empty() => {}
        None => drop(case.finding(finding)),
    }
}

const DISAGREES: &str = "evidence-disagrees";

#[test]
fn a_decision_against_each_weaker_kind() {
    let t = &mut Table::default();
    let clear = "cleared valid clear decision";
    let says = "it is cleared by decision (alice, 2026-01-01T00:00:00Z): so it is";
    one(t, "cleared, row before", true, &[Decided(false), Row(BEFORE)], clear, says, DISAGREES);
    one(t, "cleared, --uploaded before", true, &[Decided(false), Uploaded(BEFORE)], clear, says, DISAGREES);
    one(t, "cleared, path before", true, &[Decided(false), Path(true)], clear, says, DISAGREES);
    one(t, "cleared, file time before", true, &[Decided(false), FileTime(OLD_TIME)], clear, says, DISAGREES);
    one(t, "cleared, old certificate", true, &[Decided(false)], clear, says, "!evidence-disagrees");
    one(t, "cleared, on the list", true, &[Decided(false), List], clear, says, DISAGREES);
    one(
        t,
        "cleared, presumed by a row",
        false,
        &[Decided(false), Row(BEFORE)],
        clear,
        says,
        "!evidence-disagrees",
    );
    let exposed = "exposed valid replace-and-revoke decision";
    let says = "it is taken as exposed by decision (alice, 2026-01-01T00:00:00Z): so it is";
    one(t, "exposed, row after", true, &[Decided(true), Row(AFTER)], exposed, says, "");
    one(t, "exposed, --uploaded after", true, &[Decided(true), Uploaded(AFTER)], exposed, says, "");
    one(t, "exposed, path after", true, &[Decided(true), Path(false)], exposed, says, "");
    one(t, "exposed, young certificate", true, &[Decided(true), Young], exposed, says, "");
    one(t, "exposed, on the list too", true, &[Decided(true), List], exposed, says, "!evidence-disagrees");
    one(t, "exposed, only the certificate was found", false, &[Decided(true), Row(AFTER)], exposed, says, "");
}

#[test]
fn a_row_against_each_weaker_kind() {
    let t = &mut Table::default();
    let exposed = "exposed valid replace-and-revoke manifest";
    let says = "its private key lies in a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff";
    one(t, "row before, --uploaded after", true, &[Row(BEFORE), Uploaded(AFTER)], exposed, says, DISAGREES);
    one(
        t,
        "row before, path after",
        true,
        &[Row(BEFORE), Path(false)],
        exposed,
        "at 2015-06-01T00:00:00Z (uploads.csv:2), before",
        DISAGREES,
    );
    one(
        t,
        "row before, file time after",
        true,
        &[Row(BEFORE), FileTime(LATE)],
        exposed,
        says,
        "!evidence-disagrees",
    );
    one(t, "row before, young certificate", true, &[Row(BEFORE), Young], exposed, says, DISAGREES);
    let clear = "not-exposed valid clear manifest";
    let says = "it was uploaded at 2017-06-01T00:00:00Z (uploads.csv:2), at or after the cutoff";
    one(t, "row after, --uploaded before", true, &[Row(AFTER), Uploaded(BEFORE)], clear, says, DISAGREES);
    one(t, "row after, path before", true, &[Row(AFTER), Path(true)], clear, says, DISAGREES);
    one(t, "row after, file time before", true, &[Row(AFTER), FileTime(OLD_TIME)], clear, says, DISAGREES);
    one(t, "row after, old certificate", true, &[Row(AFTER)], clear, says, "!evidence-disagrees");
    one(
        t,
        "row after, everything weaker before",
        true,
        &[Row(AFTER), Uploaded(BEFORE), Path(true), FileTime(OLD_TIME)],
        clear,
        says,
        DISAGREES,
    );
    one(
        t,
        "row after, on the list",
        true,
        &[Row(AFTER), List],
        "exposed valid replace-and-revoke list",
        "the list of compromised keys \"pwned.txt\"",
        "",
    );
    // Agreement is no finding.
    one(
        t,
        "row before, all agree",
        true,
        &[Row(BEFORE), Uploaded(BEFORE), Path(true), FileTime(OLD_TIME)],
        exposed,
        "(uploads.csv:2), before",
        "!evidence-disagrees",
    );
    let same = "2017-06-01T12:00:00Z";
    one(
        t,
        "row after, all agree",
        true,
        &[Row(same), Uploaded("2017-06-01"), Path(false)],
        clear,
        "at 2017-06-01T12:00:00Z",
        "!evidence-disagrees",
    );
}

#[test]
fn the_flag_against_each_weaker_kind() {
    let t = &mut Table::default();
    let exposed = "exposed valid replace-and-revoke uploaded";
    let says = "it was uploaded at 2015-06-01T00:00:00Z (--uploaded), before the cutoff";
    one(t, "--uploaded before, path after", true, &[Uploaded(BEFORE), Path(false)], exposed, says, DISAGREES);
    one(
        t,
        "--uploaded before, file time after",
        true,
        &[Uploaded(BEFORE), FileTime(LATE)],
        exposed,
        says,
        "!evidence-disagrees",
    );
    one(
        t,
        "--uploaded before, young certificate",
        true,
        &[Uploaded(BEFORE), Young],
        exposed,
        says,
        DISAGREES,
    );
    let clear = "not-exposed valid clear uploaded";
    let says = "it was uploaded at 2017-06-01T00:00:00Z (--uploaded), at or after the cutoff";
    one(t, "--uploaded after, path before", true, &[Uploaded(AFTER), Path(true)], clear, says, DISAGREES);
    one(
        t,
        "--uploaded after, file time before",
        true,
        &[Uploaded(AFTER), FileTime(OLD_TIME)],
        clear,
        says,
        DISAGREES,
    );
    one(t, "--uploaded after, old certificate", true, &[Uploaded(AFTER)], clear, says, "!evidence-disagrees");
    one(
        t,
        "--uploaded after, only the certificate",
        false,
        &[Uploaded(AFTER)],
        clear,
        "a certificate on it lies in a.pem",
        "",
    );
}

#[test]
fn the_path_against_each_weaker_kind() {
    let t = &mut Table::default();
    let exposed = "exposed valid replace-and-revoke path-date";
    let says = "it was uploaded on 2015-06-01 of whatever time zone (--date-from-path), before the cutoff";
    one(
        t,
        "path before, file time after",
        true,
        &[Path(true), FileTime(LATE)],
        exposed,
        says,
        "!evidence-disagrees",
    );
    one(t, "path before, young certificate", true, &[Path(true), Young], exposed, says, DISAGREES);
    let clear = "not-exposed valid clear path-date";
    let says =
        "it was uploaded on 2017-06-01 of whatever time zone (--date-from-path), at or after the cutoff";
    one(t, "path after, file time before", true, &[Path(false), FileTime(OLD_TIME)], clear, says, DISAGREES);
    one(t, "path after, old certificate", true, &[Path(false)], clear, says, "!evidence-disagrees");
    one(
        t,
        "path before, only the certificate",
        false,
        &[Path(true)],
        "presumed valid replace-and-revoke path-date",
        "an upload for TLS brings its key along",
        "",
    );
}

#[test]
fn the_file_time_against_certificate_dates() {
    let t = &mut Table::default();
    let exposed = "exposed valid replace-and-revoke file-time";
    one(
        t,
        "file time before, old certificate",
        true,
        &[FileTime(OLD_TIME)],
        exposed,
        "last changed at 2016-06-01T00:00:00Z or earlier",
        "",
    );
    // A file is no older than what is in it: such a time is no evidence.
    one(
        t,
        "file time before, young certificate",
        true,
        &[FileTime(OLD_TIME), Young],
        "not-exposed valid clear certificate-dates",
        "oldest certificate on it is of 2018-01-01",
        "file-time-ignored",
    );
    one(
        t,
        "file time after, young certificate",
        true,
        &[FileTime(LATE), Young],
        "not-exposed valid clear certificate-dates",
        "of 2018-01-01, so it was uploaded at or after",
        "no-upload-record",
    );
    one(
        t,
        "file time after, old certificate",
        true,
        &[FileTime(LATE)],
        "undetermined valid replace-and-revoke certificate-dates",
        "it can have been uploaded before or after",
        "no-upload-record",
    );
    one(
        t,
        "file time before, only the certificate",
        false,
        &[FileTime(OLD_TIME)],
        "presumed valid replace-and-revoke file-time",
        "brings its key along; the file was last changed at 2016-06-01",
        "",
    );
    one(
        t,
        "file time a second before the cutoff",
        true,
        &[FileTime("2016-10-31T23:59:59Z")],
        exposed,
        "last changed at 2016-10-31T23:59:59Z or earlier",
        "",
    );
    one(
        t,
        "file time exactly at the oldest certificate",
        true,
        &[FileTime("2015-01-01T00:00:00Z")],
        exposed,
        "at 2015-01-01T00:00:00Z or earlier",
        "!file-time-ignored",
    );
    one(
        t,
        "file time a second before the oldest certificate",
        true,
        &[FileTime("2014-12-31T23:59:59Z")],
        "undetermined valid replace-and-revoke certificate-dates",
        "nothing records its upload",
        "file-time-ignored",
    );
    one(
        t,
        "file time at the epoch",
        true,
        &[FileTime("1970-01-01T00:00:00Z")],
        "undetermined valid replace-and-revoke certificate-dates",
        "nothing records its upload",
        "file-time-ignored",
    );
}

#[test]
fn open_ends_are_filled_by_the_next_that_has_them() {
    let t = &mut Table::default();
    let row = "2015-01-01T00:00:00Z..";
    let exposed = "exposed valid replace-and-revoke manifest";
    let clear = "not-exposed valid clear manifest";
    one(
        t,
        "row without end, --uploaded before",
        true,
        &[Row(row), Uploaded(BEFORE)],
        exposed,
        "between 2015-01-01T00:00:00Z and 2015-06-01T00:00:00Z (uploads.csv:2)",
        "!evidence-disagrees",
    );
    one(
        t,
        "row without end, path before",
        true,
        &[Row(row), Path(true)],
        exposed,
        "between 2015-01-01T00:00:00Z and 2015-06-02T11:59:59Z (uploads.csv:2)",
        "!evidence-disagrees",
    );
    one(
        t,
        "row without end, file time before",
        true,
        &[Row(row), FileTime(OLD_TIME)],
        exposed,
        "and 2016-06-01T00:00:00Z (uploads.csv:2), before",
        "!evidence-disagrees",
    );
    // The next in rank fills it; what is weaker still does not matter any more.
    one(
        t,
        "row without end, --uploaded after, file time before",
        true,
        &[Row(row), Uploaded("..2017-01-01T00:00:00Z"), FileTime(OLD_TIME)],
        "undetermined valid replace-and-revoke manifest",
        "between 2015-01-01T00:00:00Z and 2017-01-01T00:00:00Z",
        "",
    );
    one(
        t,
        "row without beginning, --uploaded after",
        true,
        &[Row("..2018-01-01T00:00:00Z"), Uploaded(AFTER)],
        clear,
        "between 2017-06-01T00:00:00Z and 2018-01-01T00:00:00Z (uploads.csv:2), at or after",
        "!evidence-disagrees",
    );
    one(
        t,
        "row without beginning, path after",
        true,
        &[Row("..2018-01-01T00:00:00Z"), Path(false)],
        clear,
        "between 2017-05-31T10:00:00Z and 2018-01-01T00:00:00Z (uploads.csv:2), at or after",
        "",
    );
    // What contradicts fills nothing.
    one(
        t,
        "row without end, --uploaded earlier",
        true,
        &[Row("2015-06-01T00:00:00Z.."), Uploaded("2014-01-01T00:00:00Z")],
        "undetermined valid replace-and-revoke manifest",
        "between 2015-06-01T00:00:00Z and 2025-06-01T00:00:00Z",
        DISAGREES,
    );
    // Certificate dates speak only where there is no record at all.
    one(
        t,
        "row without beginning, young certificate",
        true,
        &[Row("..2019-01-01T00:00:00Z"), Young],
        "undetermined valid replace-and-revoke manifest",
        "at 2019-01-01T00:00:00Z or earlier (uploads.csv:2), which can be",
        "",
    );
    one(
        t,
        "--uploaded without beginning, path after",
        true,
        &[Uploaded("..2018-01-01T00:00:00Z"), Path(false)],
        "not-exposed valid clear uploaded",
        "(--uploaded), at or after",
        "",
    );
    one(
        t,
        "--uploaded without end, file time before",
        true,
        &[Uploaded("2014-01-01T00:00:00Z.."), FileTime(OLD_TIME)],
        "exposed valid replace-and-revoke uploaded",
        "between 2014-01-01T00:00:00Z and 2016-06-01T00:00:00Z",
        "",
    );
}

#[test]
fn several_rows_for_one_path() {
    let t = &mut Table::default();
    let exposed = "exposed valid replace-and-revoke manifest";
    let unclear = "undetermined valid replace-and-revoke manifest";
    let clear = "not-exposed valid clear manifest";
    one(
        t,
        "before and a second before the cutoff",
        true,
        &[Row(BEFORE), Row("2016-10-31T23:59:59Z")],
        exposed,
        "between 2015-06-01T00:00:00Z and 2016-10-31T23:59:59Z (uploads.csv:2,3)",
        "",
    );
    one(
        t,
        "a second before and exactly the cutoff",
        true,
        &[Row("2016-10-31T23:59:59Z"), Row("2016-11-01T00:00:00Z")],
        unclear,
        "which can be before or after the cutoff",
        "",
    );
    one(
        t,
        "exactly the cutoff, twice",
        true,
        &[Row("2016-11-01T00:00:00Z"), Row("2016-11-01T01:00:00+01:00")],
        clear,
        "at 2016-11-01T00:00:00Z (uploads.csv:2,3), at or after",
        "",
    );
    one(
        t,
        "one of three rows before",
        true,
        &[Row(AFTER), Row("2018-01-01T00:00:00Z"), Row(BEFORE)],
        unclear,
        "between 2015-06-01T00:00:00Z and 2018-01-01T00:00:00Z (uploads.csv:2,3,4)",
        "",
    );
    one(
        t,
        "a row without end widens to the open",
        true,
        &[Row(BEFORE), Row("2015-01-01T00:00:00Z..")],
        unclear,
        "which can be before or after",
        "",
    );
    one(
        t,
        "straddling rows, only the certificate was found",
        false,
        &[Row(BEFORE), Row(AFTER)],
        unclear,
        "an upload for TLS brings its key along; it was uploaded between",
        "",
    );
    one(
        t,
        "straddling rows and a decision",
        true,
        &[Row(BEFORE), Row(AFTER), Decided(false)],
        "cleared valid clear decision",
        "so it is",
        "",
    );
    one(
        t,
        "straddling rows and the list",
        true,
        &[Row(BEFORE), Row(AFTER), List],
        "exposed valid replace-and-revoke list",
        "pwned.txt",
        "",
    );
}
