//! The ranking of evidence: the strongest kind decides, weaker ones fill open ends.

use super::*;

#[test]
fn the_strongest_kind_decides() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("manifest beats --uploaded")
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .uploaded(BEFORE)
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)")
        .finding("evidence-disagrees");
    // A file that was changed before it was uploaded contradicts nothing but itself: the row decides, and the
    // contradiction is told.
    t.case("manifest beats the file time")
        .changed("a.pem", &text, BEFORE)
        .row("a.pem", AFTER)
        .certificate(
            &l,
            "not-exposed valid clear manifest",
            "at 2017-06-01T00:00:00Z (uploads.csv:2), at or after",
        )
        .finding("evidence-disagrees");
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("manifest beats certificate dates")
        .file("a.pem", bundle(&young, &[]))
        .row("a.pem", BEFORE)
        .certificate(
            &young,
            "exposed valid replace-and-revoke manifest",
            "at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
        )
        .finding("evidence-disagrees");
    t.case("--uploaded beats the file time")
        .changed("a.pem", &text, BEFORE)
        .uploaded(AFTER)
        .certificate(
            &l,
            "not-exposed valid clear uploaded",
            "it was uploaded at 2017-06-01T00:00:00Z (--uploaded), at or after",
        )
        .finding("evidence-disagrees");
    t.case("--uploaded beats certificate dates")
        .file("a.pem", bundle(&young, &[]))
        .uploaded(BEFORE)
        .certificate(
            &young,
            "exposed valid replace-and-revoke uploaded",
            "it was uploaded at 2015-06-01T00:00:00Z (--uploaded), before",
        );
    t.case("--uploaded with an open beginning before")
        .file("a.pem", &text)
        .uploaded("..2016-10-31T23:59:59Z")
        .certificate(
            &l,
            "exposed valid replace-and-revoke uploaded",
            "at 2016-10-31T23:59:59Z or earlier (--uploaded), before the cutoff",
        );
    t.case("--uploaded with an open beginning reaching over")
        .file("a.pem", &text)
        .uploaded("..2017-01-01T00:00:00Z")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke uploaded",
            "at 2017-01-01T00:00:00Z or earlier (--uploaded), which can be before or after",
        );
    t.case("--uploaded with an open end at the cutoff")
        .file("a.pem", &text)
        .uploaded("2016-11-01T00:00:00Z..")
        .certificate(&l, "not-exposed valid clear uploaded", "2016-11-01T00:00:00Z");
    t.case("--uploaded as a bare date").file("a.pem", &text).uploaded("2016-10-30").certificate(
        &l,
        "exposed valid replace-and-revoke uploaded",
        "on 2016-10-30 of whatever time zone (--uploaded)",
    );
    t.case("another cutoff")
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .cutoff("2018-01-01T00:00:00Z")
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "at 2017-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
        );
}

#[test]
fn file_times_are_upper_bounds() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("file time before the cutoff").changed("a.pem", &text, "2016-06-01T00:00:00Z").certificate(
        &l,
        "exposed valid replace-and-revoke file-time",
        "its private key lies in a.pem; the file was last changed at 2016-06-01T00:00:00Z or earlier, so it was uploaded before the cutoff",
    );
    t.case("file time exactly the cutoff proves nothing")
        .changed("a.pem", &text, "2016-11-01T00:00:00Z")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "the oldest certificate on it is of 2015-01-01",
        );
    t.case("file time after the cutoff proves nothing").file("a.pem", &text).certificate(
        &l,
        "undetermined valid replace-and-revoke certificate-dates",
        "before or after the cutoff",
    );
    t.case("file time before 2000 is ignored")
        .changed("a.pem", &text, "1980-01-01T00:00:00Z")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "nothing records its upload",
        )
        .finding("file-time-ignored");
    t.case("file time before its oldest certificate is ignored")
        .changed("a.pem", &text, "2014-06-01T00:00:00Z")
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "nothing records its upload",
        )
        .finding("file-time-ignored");
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("a young certificate in a file with an old time")
        .changed("a.pem", bundle(&young, &[]), BEFORE)
        .certificate(
            &young,
            "not-exposed valid clear certificate-dates",
            "the oldest certificate on it is of 2018-01-01, so it was uploaded at or after",
        )
        .finding("file-time-ignored");
    t.case("an ignored file time does not contradict a row")
        .changed("a.pem", &text, "1980-01-01T00:00:00Z")
        .row("a.pem", AFTER)
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)")
        .no_finding("evidence-disagrees");
    let bare = Key::new();
    t.case("bare key, file time before").changed("k.pem", bare.pem(), BEFORE).key(
        bare.spki(),
        "exposed file-time",
        "its private key lies in k.pem; the file was last changed at 2015-06-01T00:00:00Z or earlier",
    );
    t.case("bare key, file time after").file("k.pem", bare.pem()).key(
        bare.spki(),
        "undetermined file-time",
        "its private key lies in k.pem; nothing",
    );
}

#[test]
fn certificate_dates_come_last() {
    let t = &mut Table::default();
    let ca = public_ca();
    let old = leaf("a.example").by(&ca);
    let young = leaf("b.example").from("2018-01-01").by(&ca);
    t.case("oldest certificate after the cutoff")
        .file("b.pem", bundle(&young, &[]))
        .certificate(
            &young,
            "not-exposed valid clear certificate-dates",
            "nothing records its upload, but the oldest certificate on it is of 2018-01-01, so it was uploaded at or after the cutoff",
        )
        .finding("no-upload-record");
    t.case("oldest certificate exactly at the cutoff")
        .file("b.pem", bundle(&leaf("b.example").key(&young.key).from("2016-11-01T00:00:00Z").by(&ca), &[]))
        .key(young.key.spki(), "not-exposed certificate-dates", "2016-11-01");
    t.case("oldest certificate a second before it")
        .file("b.pem", bundle(&leaf("b.example").key(&young.key).from("2016-10-31T23:59:59Z").by(&ca), &[]))
        .key(
            young.key.spki(),
            "undetermined certificate-dates",
            "the oldest certificate on it is of 2016-10-31",
        );
    t.case("certificate dates are not to be trusted")
        .file("b.pem", bundle(&young, &[]))
        .distrusting()
        .certificate(
            &young,
            "undetermined valid replace-and-revoke certificate-dates",
            "nothing records its upload, and the dates of certificates are not to be trusted",
        );
    // The bound of a key is the oldest of all certificates on it in the whole inventory.
    let renewed = leaf("a.example").key(&old.key).serial(2).from("2019-01-01").by(&ca);
    t.case("renewed on the same key, the old certificate elsewhere")
        .file("new/a.pem", bundle(&renewed, &[]))
        .file("attic/a.pem", old.pem())
        .certificate(
            &renewed,
            "undetermined valid replace-and-revoke certificate-dates",
            "the oldest certificate on it is of 2015-01-01",
        );
    // A notBefore later than now gives no bound.
    let future = leaf("f.example").from("2030-01-01").by(&ca);
    t.case("not valid before a time to come").file("f.pem", bundle(&future, &[])).certificate(
        &future,
        "undetermined not-yet-valid replace-and-revoke file-time",
        "nothing records its upload; it can have been before or after",
    );
    // as-of is never evidence: the same inventory, looked at from the future, has the same exposure.
    t.case("the same, as of later")
        .file("f.pem", bundle(&future, &[]))
        .looked_at("2031-01-01T00:00:00Z")
        .certificate(
            &future,
            "undetermined valid replace-and-revoke file-time",
            "nothing records its upload",
        );
    t.case("as of before the cutoff changes no exposure")
        .file("b.pem", bundle(&young, &[]))
        .looked_at("2016-01-01T00:00:00Z")
        .certificate(&young, "not-exposed not-yet-valid clear certificate-dates", "2018-01-01");
    // A begin that cannot be read could be older than any other.
    let beginless = leaf("n.example").key(&young.key).from("2018-01-01").by(&ca).beginless(&ca.key);
    t.case("a certificate whose begin cannot be read takes the bound away")
        .file("b.pem", bundle(&young, &[]))
        .file("n.pem", beginless.pem())
        .key(young.key.spki(), "undetermined file-time", "nothing records its upload");
    t.case("a second certificate from a time to come does not lift the bound")
        .file("a.pem", bundle(&young, &[]))
        .file("f.pem", leaf("f.example").key(&young.key).from("2030-01-01").by(&ca).pem())
        .key(
            young.key.spki(),
            "not-exposed certificate-dates",
            "the oldest certificate on it is of 2018-01-01",
        );
    t.case("a bare key has no dates").file("k.pem", old.key.pem()).distrusting().key(
        old.key.spki(),
        "undetermined file-time",
        "nothing records",
    );
}
