//! What a manifest's times mean: creation and modification, several columns of one meaning, digits that are a
//! calendar.

use serde_json::Value;

use crate::common::pki::{bundle, leaf, private_ca};
use crate::common::{Folder, run};

/// Exposure, kind of evidence and codes of findings for a key with a certificate that was issued on a day, by
/// one manifest.
fn judged(issued: &str, manifest: &str, more: &[&str]) -> (String, String, Vec<String>) {
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&leaf("a.example").from(issued).to("2040-01-01").by(&private_ca()), &[]));
    let name = if manifest.trim_start().starts_with(['[', '{']) { "m.json" } else { "m.csv" };
    folder.write(name, manifest);
    let ran =
        run(&[&["plan", &folder.at("in"), "-o", &folder.at("case"), "--manifest", &folder.at(name)], more]
            .concat());
    assert!(ran.status != 2, "{manifest}: {}", ran.stderr);
    let plan = folder.json("case/plan.json");
    let key = plan["keys"].as_array().unwrap().iter().find(|k| k["private_key_paths"][0] == "a.pem").unwrap();
    let codes = plan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f: &Value| f["code"].as_str().unwrap().to_owned())
        .collect();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    (text(&key["exposure"]), text(&key["because"][0]["evidence"]), codes)
}

/// 2.2 of the rules: a change renews its time, so it bounds an upload from above and clears nothing.
#[test]
fn a_time_of_the_last_change_is_an_upper_bound() {
    for column in [
        "last_modified",
        "lastmodified",
        "modified_at",
        "updated_at",
        "LastModified",
        "Last Modified",
        "mtime",
    ] {
        for (issued, time, exposure, evidence) in [
            ("2014-01-01", "2020-05-01T00:00:00Z", "undetermined", "certificate-dates"),
            ("2018-01-01", "2020-05-01T00:00:00Z", "not-exposed", "certificate-dates"),
            ("2014-01-01", "2015-05-01T00:00:00Z", "exposed", "manifest"),
            // Whatever the dates of the certificate are.
            ("2018-01-01", "2015-05-01T00:00:00Z", "exposed", "manifest"),
            // Changed last before its oldest certificate was issued: one of the two is wrong.
            ("2020-01-01", "2018-05-01T00:00:00Z", "undetermined", "certificate-dates"),
        ] {
            let (got, by, _) = judged(issued, &format!("path,{column}\na.pem,{time}\n"), &[]);
            assert_eq!(
                (got.as_str(), by.as_str()),
                (exposure, evidence),
                "{column}, issued {issued}, changed {time}"
            );
        }
    }
    let json = judged("2014-01-01", "[{\"key\":\"a.pem\",\"LastModified\":\"2020-05-01T00:00:00Z\"}]", &[]);
    assert_eq!(json.0, "undetermined");
    let mapped = judged("2014-01-01", "path,x\na.pem,2020-05-01T00:00:00Z\n", &["--map", "x=modified_at"]);
    assert_eq!(mapped.0, "undetermined");
}

#[test]
fn an_upload_and_a_change_in_one_row() {
    let of = |uploaded: &str, modified: &str| {
        judged("2014-01-01", &format!("path,uploaded_at,last_modified\na.pem,{uploaded},{modified}\n"), &[]).0
    };
    assert_eq!(of("2018-05-01T00:00:00Z", "2020-05-01T00:00:00Z"), "not-exposed");
    assert_eq!(of("2015-05-01T00:00:00Z", "2020-05-01T00:00:00Z"), "exposed");
    assert_eq!(
        of("2018-05-01T00:00:00Z", "2017-05-01T00:00:00Z"),
        "undetermined",
        "a change before the upload contradicts the row"
    );
    assert_eq!(of("2018-05-01T00:00:00Z", "soon"), "undetermined");
    assert_eq!(
        of("..2018-05-01", "2015-05-01T00:00:00Z"),
        "exposed",
        "it was there before it was changed last"
    );
}

#[test]
fn columns_of_one_meaning_span_and_none_wins_silently() {
    for (manifest, exposure, doubtful) in [
        ("id,created_at,path,created_at\n7,2020-01-01,a.pem,2015-10-31\n", "undetermined", true),
        ("path,uploaded_at,created_at\na.pem,2015-01-01,2020-01-01\n", "undetermined", true),
        ("path,uploaded_at,created_at\na.pem,2018-01-01,2020-01-01\n", "not-exposed", true),
        ("path,uploaded_at,created_at\na.pem,2018-01-01,2018-01-01\n", "not-exposed", false),
        ("path,uploaded_at,created_at\na.pem,2018-01-01,\n", "not-exposed", false),
        // A date can be that of anything.
        ("path,uploaded_at,date\na.pem,2018-01-01,2015-01-01\n", "not-exposed", false),
        (
            "[{\"path\":\"a.pem\",\"uploaded_at\":\"2020-01-01\",\"uploaded_at\":\"2015-01-01\"}]",
            "undetermined",
            true,
        ),
        (
            "[{\"path\":\"a.pem\",\"uploaded_at\":\"2020-01-01\",\"created_at\":\"2015-01-01\"}]",
            "undetermined",
            true,
        ),
    ] {
        let (got, _, codes) = judged("2014-01-01", manifest, &[]);
        assert_eq!(
            (got.as_str(), codes.iter().any(|c| c == "manifest-row-doubtful")),
            (exposure, doubtful),
            "{manifest}: {codes:?}"
        );
    }
}

#[test]
fn digits_that_are_a_calendar_are_read_as_one() {
    for (time, exposure) in [
        ("201805011200", "not-exposed"),
        ("2018050112", "not-exposed"),
        ("20180501120000", "not-exposed"),
        ("201505011200", "exposed"),
        ("2015050112", "exposed"),
        // Seconds and milliseconds since 1970.
        ("1525176000", "not-exposed"),
        ("1525176000000", "not-exposed"),
        ("1430481600", "exposed"),
        ("31 Oct 2018 1530", "not-exposed"),
        ("1530 31 Oct 2018", "not-exposed"),
    ] {
        assert_eq!(
            judged("2014-01-01", &format!("path,uploaded_at\na.pem,{time}\n"), &[]).0,
            exposure,
            "{time}"
        );
    }
}

/// Rows for other files with these times, before the one for a.pem.
fn among(others: &[&str], time: &str) -> String {
    let others: Vec<String> = others.iter().zip(0..).map(|(time, i)| format!("o{i}.pem,{time}\n")).collect();
    format!("path,uploaded_at\n{}a.pem,{time}\n", others.concat())
}

#[test]
fn the_order_of_day_and_month_is_inferred_only_where_enough_rows_agree() {
    // The cutoff is 2016-11-01: the 10th of December, or the 12th of October.
    let ambiguous = "12/10/2016";
    let (day, month) =
        (["31/01/2016", "30/01/2016", "29/01/2016"], ["01/31/2016", "01/30/2016", "01/29/2016"]);
    let of = |others: &[&str], more: &[&str]| judged("2014-01-01", &among(others, ambiguous), more).0;
    assert_eq!(of(&day, &[]), "exposed", "the 12th of October");
    assert_eq!(of(&month, &[]), "not-exposed", "the 10th of December");
    for others in [
        &day[..2],
        &[],
        &[day[0], day[1], month[2]],
        &["05/05/2016", "06/06/2016", "07/07/2016"],
        &["31.01.2016", "30.01.2016", "29.01.2016"],
    ] {
        assert_eq!(of(others, &[]), "undetermined", "{others:?}");
    }
    assert_eq!(of(&[], &["--date-order", "dmy"]), "exposed");
    assert_eq!(of(&[], &["--date-order", "mdy"]), "not-exposed");
    assert_eq!(
        judged("2014-01-01", &among(&[], "31/12/2018"), &["--date-order", "mdy"]).0,
        "undetermined",
        "it cannot be so"
    );
}

#[test]
fn a_zone_is_that_of_times_without_one() {
    for (time, zone, exposure) in [
        ("2016-11-01 00:30:00", "+01:00", "exposed"),
        ("2016-11-01 01:00:00", "+01:00", "not-exposed"),
        ("2016-10-31 23:59:59", "UTC", "exposed"),
        ("2016-11-01", "UTC", "not-exposed"),
        ("2016-10-31", "-05:00", "undetermined"),
        ("2016-11-01T00:30:00Z", "+01:00", "not-exposed"),
        // A zone that is named and not known can be any.
        ("2016-11-01 01:00:00 CET", "+01:00", "undetermined"),
    ] {
        assert_eq!(
            judged("2014-01-01", &among(&[], time), &["--manifest-zone", zone]).0,
            exposure,
            "{time} {zone}"
        );
    }
}

#[test]
fn a_column_of_days_as_spreadsheets_count_them() {
    for (others, time, exposure, doubtful) in [
        (&[][..], "42674", "undetermined", true),
        (&[], "42600", "exposed", true),
        (&["42600.5"], "43000.25", "not-exposed", true),
        (&["2015-01-01"], "43000", "undetermined", false),
    ] {
        let (got, _, codes) = judged("2014-01-01", &among(others, time), &[]);
        assert_eq!(
            (got.as_str(), codes.iter().any(|c| c == "manifest-row-doubtful")),
            (exposure, doubtful),
            "{others:?} {time}"
        );
    }
    assert_eq!(judged("2014-01-01", "[{\"path\":\"a.pem\",\"uploaded_at\":42600}]", &[]).0, "exposed");
}

#[test]
fn dates_of_mongodb_and_all_arrays_of_a_wrapper() {
    let row = |date: &str| format!("[{{\"path\":\"a.pem\",\"uploaded_at\":{date}}}]");
    for (date, exposure) in [
        ("{\"$date\":\"2018-05-01T00:00:00Z\"}", "not-exposed"),
        ("{\"$date\":1525176000000}", "not-exposed"),
        ("{\"$date\":{\"$numberLong\":\"1430481600000\"}}", "exposed"),
        ("\"/Date(1430481600000)/\"", "exposed"),
        ("{\"seconds\":1525176000}", "undetermined"),
    ] {
        assert_eq!(judged("2014-01-01", &row(date), &[]).0, exposure, "{date}");
    }
    let (after, before) = (row("\"2018-05-01T00:00:00Z\""), row("\"2015-05-01T00:00:00Z\""));
    for wrapper in [
        format!("{{\"eu\":{after},\"us\":{before}}}"),
        format!("{{\"us\":{before},\"eu\":{after}}}"),
        format!("{{\"eu\":{after},\"more\":{{\"us\":{before}}}}}"),
        format!("{{\"errors\":[],\"data\":{{\"eu\":{after}}},\"us\":{before}}}"),
    ] {
        assert_eq!(judged("2014-01-01", &wrapper, &[]).0, "undetermined", "{wrapper}");
    }
}

#[test]
fn what_a_manifest_was_taken_for_is_shown() {
    let folder = Folder::new();
    folder.write(
        "in/a.pem",
        bundle(&leaf("a.example").from("2014-01-01").to("2040-01-01").by(&private_ca()), &[]),
    );
    folder
        .write("m.csv", "Uploads\nDateiname;Hochgeladen am;Ge\u{e4}ndert am\na.pem;31/01/2018;1/2/2018\nb.pem;30/01/2018;\nc.pem;29/01/2018;soon\n");
    let plan = |more: &[&str]| {
        run(&[&["plan", &folder.at("in"), "-o", &folder.at("case"), "--manifest", &folder.at("m.csv")], more]
            .concat())
    };
    let ran = plan(&["--manifest-zone", "+01:00"]);
    for part in [
        "manifest m.csv: 3 rows; path from \"Dateiname\", uploaded_at from \"Hochgeladen am\", modified_at from \"Ge\u{e4}ndert am\"",
        "uploaded_at: day first, as 3 dates can be read in this order alone",
        "times without a zone are +01:00",
        "2 without a file here",
    ] {
        assert!(ran.stderr.contains(part), "{part}\n{}", ran.stderr);
    }
    // Both are options of the case.
    let again = run(&["plan", "-o", &folder.at("case")]);
    assert!(again.stderr.contains("times without a zone are +01:00"), "{}", again.stderr);
    for (more, part) in [
        (["--manifest-zone", "Europe/Berlin"], "is not an offset from UTC"),
        (["--date-order", "ymd"], "is not dmy or mdy"),
    ] {
        let ran = plan(&more);
        assert!(ran.status == 2 && ran.stderr.contains(part), "{}", ran.stderr);
    }
}

#[test]
fn explain_finds_names_as_people_write_them() {
    let folder = Folder::new();
    folder.write(
        "in/mu\u{308}ller.pem",
        bundle(&leaf("xn--mller-kva.example").from("2014-01-01").to("2040-01-01").by(&private_ca()), &[]),
    );
    run(&["plan", &folder.at("in"), "-o", &folder.at("case"), "--uploaded", "2015-01-01"]);
    for name in [
        "m\u{fc}ller.example",
        "M\u{dc}LLER.example",
        "mu\u{308}ller.example",
        "xn--mller-kva.example",
        "m\u{fc}ller.pem",
        "mu\u{308}ller.pem",
    ] {
        let ran = run(&["explain", &folder.at("case"), name]);
        assert!(
            ran.status == 0 && ran.stdout.contains("xn--mller-kva.example"),
            "{name}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
