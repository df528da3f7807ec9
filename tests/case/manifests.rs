//! What a manifest's times mean: creation and modification, several columns of one meaning, digits that are a calendar.

use serde_json::Value;

use crate::common::pki::{bundle, leaf, private_ca};
use crate::common::{Folder, run};

/// Exposure, kind of evidence and codes of findings for a key with a certificate that was issued on a day, by one manifest.
fn judged(issued: &str, manifest: &str, more: &[&str]) -> (String, String, Vec<String>) {
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&leaf("a.example").from(issued).to("2040-01-01").by(&private_ca()), &[]));
    let name = if manifest.trim_start().starts_with(['[', '{']) { "m.json" } else { "m.csv" };
    folder.write(name, manifest);
    let ran = run(&[&["plan", &folder.at("in"), "-o", &folder.at("case"), "--manifest", &folder.at(name)], more].concat());
    assert!(ran.status != 2, "{manifest}: {}", ran.stderr);
    let plan = folder.json("case/plan.json");
    let key = plan["keys"].as_array().unwrap().iter().find(|k| k["private_key_paths"][0] == "a.pem").unwrap();
    let codes = plan["findings"].as_array().unwrap().iter().map(|f: &Value| f["code"].as_str().unwrap().to_owned()).collect();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    (text(&key["exposure"]), text(&key["because"][0]["evidence"]), codes)
}

/// 2.2 of the rules: a change renews its time, so it bounds an upload from above and clears nothing.
#[test]
fn a_time_of_the_last_change_is_an_upper_bound() {
    for column in ["last_modified", "lastmodified", "modified_at", "updated_at", "LastModified", "Last Modified", "mtime"] {
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
            assert_eq!((got.as_str(), by.as_str()), (exposure, evidence), "{column}, issued {issued}, changed {time}");
        }
    }
    let json = judged("2014-01-01", "[{\"key\":\"a.pem\",\"LastModified\":\"2020-05-01T00:00:00Z\"}]", &[]);
    assert_eq!(json.0, "undetermined");
    let mapped = judged("2014-01-01", "path,x\na.pem,2020-05-01T00:00:00Z\n", &["--map", "x=modified_at"]);
    assert_eq!(mapped.0, "undetermined");
}

#[test]
fn an_upload_and_a_change_in_one_row() {
    let of = |uploaded: &str, modified: &str| judged("2014-01-01", &format!("path,uploaded_at,last_modified\na.pem,{uploaded},{modified}\n"), &[]).0;
    assert_eq!(of("2018-05-01T00:00:00Z", "2020-05-01T00:00:00Z"), "not-exposed");
    assert_eq!(of("2015-05-01T00:00:00Z", "2020-05-01T00:00:00Z"), "exposed");
    assert_eq!(of("2018-05-01T00:00:00Z", "2017-05-01T00:00:00Z"), "undetermined", "a change before the upload contradicts the row");
    assert_eq!(of("2018-05-01T00:00:00Z", "soon"), "undetermined");
    assert_eq!(of("..2018-05-01", "2015-05-01T00:00:00Z"), "exposed", "it was there before it was changed last");
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
        ("[{\"path\":\"a.pem\",\"uploaded_at\":\"2020-01-01\",\"uploaded_at\":\"2015-01-01\"}]", "undetermined", true),
        ("[{\"path\":\"a.pem\",\"uploaded_at\":\"2020-01-01\",\"created_at\":\"2015-01-01\"}]", "undetermined", true),
    ] {
        let (got, _, codes) = judged("2014-01-01", manifest, &[]);
        assert_eq!((got.as_str(), codes.iter().any(|c| c == "manifest-row-doubtful")), (exposure, doubtful), "{manifest}: {codes:?}");
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
        assert_eq!(judged("2014-01-01", &format!("path,uploaded_at\na.pem,{time}\n"), &[]).0, exposure, "{time}");
    }
}
