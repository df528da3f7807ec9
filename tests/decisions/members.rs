//! Members of archives: their own time, that of their archive, and what manifests and paths say of either.

use super::*;

const ZIP: &str = "backup.zip";
const TLS: &str = "acme/tls.pem";
const DISAGREES: &str = "evidence-disagrees";
const IGNORED: &str = "file-time-ignored";
/// What a zip archive has that says no time.
const DOS: &str = "1980-01-01T00:00:00Z";

#[test]
fn member_times_are_upper_bounds() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("member time before the cutoff")
        .member(ZIP, TLS, &text, Some(BEFORE))
        .certificate(
            &l,
            "exposed valid replace-and-revoke member-time",
            "its private key lies in backup.zip!/acme/tls.pem; its archive says that it was last changed at 2015-06-01T00:00:00Z or earlier, so it was uploaded before the cutoff",
        )
        .no_finding(DISAGREES)
        .no_finding(IGNORED);
    let undetermined = "undetermined valid replace-and-revoke certificate-dates";
    t.case("member time exactly the cutoff").member(ZIP, TLS, &text, Some("2016-11-01T00:00:00Z")).certificate(
        &l,
        undetermined,
        "its private key lies in backup.zip!/acme/tls.pem; nothing records its upload; the oldest certificate on it is of 2015-01-01",
    );
    t.case("member time a second before it")
        .member(ZIP, TLS, &text, Some("2016-10-31T23:59:59Z"))
        .certificate(&l, "exposed valid replace-and-revoke member-time", "2016-10-31T23:59:59Z or earlier");
    t.case("member time after the cutoff proves nothing").member(ZIP, TLS, &text, Some(AFTER)).certificate(
        &l,
        undetermined,
        "nothing records its upload",
    );
    t.case("no member time, archive packed after the cutoff").member(ZIP, TLS, &text, None).certificate(
        &l,
        undetermined,
        "nothing records its upload",
    );
    t.case("no member time, archive packed before the cutoff").member(ZIP, TLS, &text, None).packed(ZIP, BEFORE).certificate(
        &l,
        "exposed valid replace-and-revoke file-time",
        "its private key lies in backup.zip!/acme/tls.pem; the archive was last changed at 2015-06-01T00:00:00Z or earlier, so it was uploaded before the cutoff",
    );
    let bare = Key::new();
    t.case("bare key, member time after").member(ZIP, "k.pem", bare.pem(), Some(AFTER)).key(
        bare.spki(),
        "undetermined member-time",
        "its private key lies in backup.zip!/k.pem; nothing records its upload; it can have been before or after the cutoff",
    );
    t.case("bare key, no time but that of the archive").member(ZIP, "k.pem", bare.pem(), None).key(
        bare.spki(),
        "undetermined file-time",
        "nothing",
    );
    t.case("only the certificate, member time before").member(ZIP, "c.pem", l.pem(), Some(BEFORE)).certificate(
        &l,
        "presumed valid replace-and-revoke member-time",
        "a certificate on it lies in backup.zip!/c.pem, and an upload for TLS brings its key along; its archive says",
    );
    t.case("in an archive within an archive")
        .member("b.tar", "inner.zip!/a.pem", &text, Some(BEFORE))
        .certificate(
            &l,
            "exposed valid replace-and-revoke member-time",
            "its private key lies in b.tar!/inner.zip!/a.pem; its archive says",
        );
}

#[test]
fn impossible_times_are_ignored() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let undetermined = "undetermined valid replace-and-revoke certificate-dates";
    t.case("a zip that says no time")
        .member(ZIP, TLS, &text, Some(DOS))
        .certificate(&l, undetermined, "nothing records its upload")
        .told(IGNORED, 1, "backup.zip!/acme/tls.pem");
    t.case("the same, packed before the cutoff")
        .member(ZIP, TLS, &text, Some(DOS))
        .packed(ZIP, BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke file-time",
            "the archive was last changed at 2015-06-01T00:00:00Z or earlier",
        )
        .finding(IGNORED);
    t.case("member time before its oldest certificate")
        .member(ZIP, TLS, &text, Some("2014-06-01T00:00:00Z"))
        .certificate(&l, undetermined, "the oldest certificate on it is of 2015-01-01")
        .finding(IGNORED);
    t.case("an old certificate in another member is no bound of this one")
        .member(ZIP, TLS, &text, Some("2014-06-01T00:00:00Z"))
        .member(
            ZIP,
            "old.pem",
            leaf("old.example").from("2013-01-01").by(&public_ca()).pem(),
            Some("2014-06-01T00:00:00Z"),
        )
        .certificate(&l, undetermined, "the oldest certificate on it is of 2015-01-01")
        .told(IGNORED, 1, "backup.zip!/acme/tls.pem");
    t.case("the archive is of before its certificates, the member not")
        .member(ZIP, TLS, &text, Some(BEFORE))
        .packed(ZIP, "2014-06-01T00:00:00Z")
        .certificate(&l, "exposed valid replace-and-revoke member-time", "its archive says")
        .told(IGNORED, 1, ZIP)
        .no_finding(DISAGREES);
    t.case("all members without a time are told of once")
        .member(ZIP, TLS, &text, Some(DOS))
        .member(ZIP, "b.pem", leaf("b.example").by(&public_ca()).pem(), Some(DOS))
        .member("other.zip", "c.pem", leaf("c.example").by(&public_ca()).pem(), Some(DOS))
        .certificate(&l, undetermined, "nothing")
        .told(IGNORED, 2, ZIP);
    t.case("some members without a time are told of one by one")
        .member(ZIP, TLS, &text, Some(DOS))
        .member(ZIP, "b.pem", leaf("b.example").by(&public_ca()).pem(), Some(AFTER))
        .certificate(&l, undetermined, "nothing")
        .told(IGNORED, 1, "backup.zip!/acme/tls.pem");
    t.case("an ignored member time does not contradict a row")
        .member(ZIP, TLS, &text, Some(DOS))
        .row("backup.zip!/acme/tls.pem", AFTER)
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)")
        .no_finding(DISAGREES);
}

#[test]
fn the_time_of_the_archive_is_weaker() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("a member that is newer than its archive")
        .member(ZIP, TLS, &text, Some(AFTER))
        .packed(ZIP, BEFORE)
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "the oldest certificate on it is of 2015-01-01",
        )
        .finding(DISAGREES)
        .told(DISAGREES, 1, ZIP);
    t.case("within a day, a time without zone explains it")
        .member(ZIP, TLS, &text, Some("2015-06-02T02:00:00Z"))
        .packed(ZIP, BEFORE)
        .certificate(&l, "exposed valid replace-and-revoke member-time", "2015-06-02T02:00:00Z or earlier")
        .no_finding(DISAGREES);
    t.case("beyond that, nothing does")
        .member(ZIP, TLS, &text, Some("2015-06-02T02:00:01Z"))
        .packed(ZIP, BEFORE)
        .certificate(&l, "exposed valid replace-and-revoke member-time", "2015-06-02T02:00:01Z or earlier")
        .finding(DISAGREES);
    t.case("two such members are told of once")
        .member(ZIP, TLS, &text, Some(AFTER))
        .member(ZIP, "b.pem", leaf("b.example").by(&public_ca()).pem(), Some(AFTER))
        .packed(ZIP, BEFORE)
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing")
        .told(DISAGREES, 1, ZIP);
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("young certificate, old member time")
        .member(ZIP, TLS, bundle(&young, &[]), Some(BEFORE))
        .certificate(
            &young,
            "not-exposed valid clear certificate-dates",
            "the oldest certificate on it is of 2018-01-01, so it was uploaded at or after",
        )
        .finding(IGNORED);
    t.case("young certificate, later member time")
        .member(ZIP, TLS, bundle(&young, &[]), Some("2019-01-01T00:00:00Z"))
        .certificate(&young, "not-exposed valid clear certificate-dates", "2018-01-01")
        .no_finding(IGNORED);
    t.case("young certificate, dates not to be trusted")
        .member(ZIP, TLS, bundle(&young, &[]), Some("2019-01-01T00:00:00Z"))
        .distrusting()
        .certificate(
            &young,
            "undetermined valid replace-and-revoke certificate-dates",
            "the dates of certificates are not to be trusted",
        );
}

#[test]
fn stronger_kinds_decide_against_member_times() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let clear = "not-exposed valid clear";
    let (archive, path, text, time) = (ZIP, TLS, &text, Some("2016-06-01T00:00:00Z"));
    t.case("row of the member after")
        .member(archive, path, text, time)
        .row("backup.zip!/acme/tls.pem", AFTER)
        .certificate(
            &l,
            &format!("{clear} manifest"),
            "its private key lies in backup.zip!/acme/tls.pem; it was uploaded at 2017-06-01T00:00:00Z (uploads.csv:2), at or after the cutoff",
        )
        .finding(DISAGREES);
    t.case("row of the archive after")
        .member(archive, path, text, time)
        .row(ZIP, AFTER)
        .certificate(
            &l,
            &format!("{clear} manifest"),
            "it was uploaded at 2017-06-01T00:00:00Z (uploads.csv:2 for its archive), at or after the cutoff",
        )
        .finding(DISAGREES);
    t.case("--uploaded after")
        .member(archive, path, text, time)
        .uploaded(AFTER)
        .certificate(
            &l,
            &format!("{clear} uploaded"),
            "it was uploaded at 2017-06-01T00:00:00Z (--uploaded), at or after the cutoff",
        )
        .finding(DISAGREES);
    t.case("date in the path of the member after")
        .member(archive, "2017-06-01/a.pem", text, time)
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(
            &l,
            &format!("{clear} path-date"),
            "it was uploaded on 2017-06-01 of whatever time zone (--date-from-path), at or after the cutoff",
        )
        .finding(DISAGREES);
    t.case("a decision")
        .member(archive, path, text, time)
        .decided(l.key.spki(), false, "so it is")
        .certificate(&l, "cleared valid clear decision", "so it is");
    t.case("a member time fills the open end of a row")
        .member(archive, path, text, time)
        .row("backup.zip!/acme/tls.pem", "2015-01-01T00:00:00Z..")
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "it was uploaded between 2015-01-01T00:00:00Z and 2016-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
        )
        .no_finding(DISAGREES);
    t.case("the time of the archive does where the member has none")
        .member(archive, path, text, None)
        .packed(ZIP, "2016-07-01T00:00:00Z")
        .row("backup.zip!/acme/tls.pem", "2015-01-01T00:00:00Z..")
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "it was uploaded between 2015-01-01T00:00:00Z and 2016-07-01T00:00:00Z (uploads.csv:2), before the cutoff",
        );
    t.case("a member time before fills the open end of a date in the path")
        .member(archive, "2015/a.pem", text, time)
        .dated_by_path("{YYYY}")
        .certificate(
            &l,
            "exposed valid replace-and-revoke path-date",
            "(--date-from-path), before the cutoff",
        );
}

#[test]
fn rows_name_members_and_archives() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let straddling = "undetermined valid replace-and-revoke manifest";
    let exposed = "exposed valid replace-and-revoke manifest";
    let of_member = "it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff";
    for path in [
        "backup.zip!/acme/tls.pem",
        "backup.zip/acme/tls.pem",
        "backup.zip\\acme\\tls.pem",
        "/backup.zip!/./acme//tls.pem",
    ] {
        t.case("a row of the member")
            .member(ZIP, TLS, &text, None)
            .row(path, BEFORE)
            .certificate(&l, exposed, of_member)
            .told_not("manifest-row-unmatched");
    }
    for path in ["b.tar!/in/inner.zip!/x/a.pem", "b.tar/in/inner.zip/x/a.pem"] {
        t.case("a row of a member of an inner archive")
            .member("b.tar", "in/inner.zip!/x/a.pem", &text, None)
            .row(path, BEFORE)
            .certificate(&l, exposed, of_member);
    }
    t.case("a row of the archive")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, BEFORE)
        .certificate(&l, exposed, "(uploads.csv:2 for its archive), before")
        .told_not("manifest-row-unmatched");
    t.case("a row of the member is stronger than a later one of its archive")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, AFTER)
        .row("backup.zip!/acme/tls.pem", BEFORE)
        .certificate(&l, exposed, "(uploads.csv:3), before")
        .finding(DISAGREES)
        .told_not("manifest-row-unmatched");
    // Nothing in an archive came later than the archive: a closer row clears nothing.
    t.case("rows of the member and, earlier, of its archive")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, BEFORE)
        .row("backup.zip!/acme/tls.pem", AFTER)
        .certificate(&l, straddling, "(uploads.csv:3,2), which can be before or after")
        .finding(DISAGREES)
        .told_not("manifest-row-unmatched");
    t.case("rows of the certificate and, earlier, of its archive")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, BEFORE)
        .row_for_hash(l.sha256(), AFTER)
        .certificate(&l, straddling, "(uploads.csv:3,2), which can be before or after");
    t.case("rows of the inner and, earlier, of the outer archive")
        .member("b.tar", "inner.zip!/a.pem", &text, None)
        .row("b.tar", BEFORE)
        .row("b.tar!/inner.zip", AFTER)
        .certificate(&l, straddling, "(uploads.csv:3,2 for its archive), which can be before or after");
    t.case("a row of the archive fills what that of the member leaves open")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, "2016-01-01T00:00:00Z")
        .row("backup.zip!/acme/tls.pem", "2015-01-01T00:00:00Z..")
        .certificate(
            &l,
            exposed,
            "between 2015-01-01T00:00:00Z and 2016-01-01T00:00:00Z (uploads.csv:3), before",
        )
        .no_finding(DISAGREES);
    t.case("a row of the inner archive is stronger than one of the outer")
        .member("b.tar", "inner.zip!/a.pem", &text, None)
        .row("b.tar", AFTER)
        .row("b.tar!/inner.zip", BEFORE)
        .certificate(&l, exposed, "(uploads.csv:3 for its archive), before")
        .told_not("manifest-row-unmatched");
    t.case("a row by the hash of the member")
        .member(ZIP, TLS, &text, None)
        .row_for_hash(Fingerprint::of(text.as_bytes()), BEFORE)
        .certificate(&l, exposed, of_member);
    t.case("a row by the certificate in it is stronger than one of its archive")
        .member(ZIP, TLS, &text, None)
        .row(ZIP, AFTER)
        .row_for_hash(l.sha256(), BEFORE)
        .certificate(&l, exposed, "(uploads.csv:3), before");
    t.case("a row of another member says nothing of this one")
        .member(ZIP, TLS, &text, None)
        .member(ZIP, "b.pem", leaf("b.example").by(&public_ca()).pem(), None)
        .row("backup.zip!/b.pem", BEFORE)
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records")
        .told("file-without-record", 1, "backup.zip!/acme/tls.pem");
    t.case("no row for anything in an archive is told once")
        .member(ZIP, TLS, &text, None)
        .member(ZIP, "b.pem", leaf("b.example").by(&public_ca()).pem(), None)
        .file("c.pem", leaf("c.example").by(&public_ca()).pem())
        .row("c.pem", BEFORE)
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records")
        .told("file-without-record", 1, ZIP);
    t.case("a member whose name leads out of the archive is not the file there")
        .member(ZIP, "x/../../b.pem", &text, None)
        .row("b.pem", AFTER)
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records")
        .told("manifest-row-unmatched", 1, "uploads.csv:2");
    t.case("a row that matches no member")
        .member(ZIP, TLS, &text, None)
        .row("backup.zip!/gone.pem", BEFORE)
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records")
        .told("manifest-row-unmatched", 1, "uploads.csv:2");
    t.case("the account of the archive is that of what lies in it")
        .member(ZIP, TLS, &text, None)
        .manifest("path,uploaded_at,account\nbackup.zip,2015-06-01T00:00:00Z,acme\n")
        .certificate(&l, exposed, "(uploads.csv:2 for its archive, account acme), before");
    t.case("the account of the member is closer")
        .member(ZIP, TLS, &text, None)
        .manifest("path,uploaded_at,account\nbackup.zip,2015-06-01T00:00:00Z,vendor\nbackup.zip!/acme/tls.pem,2015-05-01T00:00:00Z..2015-07-01T00:00:00Z,acme\n")
        .certificate(&l, exposed, "(uploads.csv:3, account acme), before");
}

#[test]
fn dates_in_paths_within_archives() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let exposed = "exposed valid replace-and-revoke path-date";
    let says = "it was uploaded on 2015-01-01 of whatever time zone (--date-from-path), before the cutoff";
    t.case("in the path of the member")
        .member(ZIP, "acme/2015-01-01/tls.pem", &text, None)
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(&l, exposed, says);
    t.case("in that of the archive")
        .member("2015-01-01.zip", TLS, &text, None)
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(
            &l,
            exposed,
            "it was uploaded at 2015-01-02T11:59:59Z or earlier (--date-from-path), before the cutoff",
        );
    for (name, path, by) in [
        ("that of the archive clears nothing", TLS, "path-date"),
        ("one that has not come yet clears nothing", "2099-01-01/a.pem", "certificate-dates"),
        ("one that cannot be clears nothing", "2015-02-30/a.pem", "certificate-dates"),
    ] {
        let undetermined = format!("undetermined valid replace-and-revoke {by}");
        t.case(name)
            .member("2018-01-01.zip", path, &text, None)
            .dated_by_path("{YYYY}-{MM}-{DD}")
            .certificate(&l, &undetermined, "before or after");
    }
    t.case("in both, packed later")
        .member("2026-01-01.zip", "2015-01-01/a.pem", &text, None)
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(&l, exposed, says);
    t.case("in both, packed earlier")
        .member("2015-01-01.zip", "2017-01-01/a.pem", &text, None)
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke path-date",
            "(--date-from-path), which can be before or after the cutoff",
        );
    t.case("nowhere")
        .member(ZIP, TLS, &text, Some(BEFORE))
        .dated_by_path("{YYYY}-{MM}-{DD}")
        .certificate(&l, "exposed valid replace-and-revoke member-time", "its archive says")
        .finding("path-date-bad");
}

/// A row for an archive can have the fingerprint of a certificate in it, and of no other.
#[test]
fn a_row_for_an_archive_with_another_hash_clears_nothing() {
    let t = &mut Table::default();
    let (inside, outside) = (leaked_leaf(), leaked_leaf());
    let text = bundle(&inside, &[]);
    let row = |cert: &Cert| format!("path,sha256,uploaded_at\nbackup.zip,{},2018-01-01\n", cert.sha256());
    for (cert, want) in [(&inside, "not-exposed manifest"), (&outside, "undetermined certificate-dates")] {
        t.case("fingerprint of a certificate")
            .member(ZIP, TLS, &text, None)
            .file("other.pem", bundle(&outside, &[]))
            .manifest(&row(cert))
            .key(inside.key.spki(), want, "");
    }
}
