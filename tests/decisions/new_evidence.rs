//! Further ways to name a file, accounts, dates in paths, decisions.

use certrecall::finding::Code;

use super::*;

const EXPOSED: &str = "exposed valid replace-and-revoke manifest";
const CLEAR: &str = "not-exposed valid clear manifest";
const UNCLEAR: &str = "undetermined valid replace-and-revoke manifest";
const ON_DATES: &str = "undetermined valid replace-and-revoke certificate-dates";

#[test]
fn certificates_named_by_issuer_and_serial() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").serial(0x2a).by(&ca);
    let text = bundle(&l, &[]);
    let subject = "CN=Example Public CA";
    let one = |t: &mut Table, name, row: &str, want: &str, says: &str| {
        let manifest = format!("issuer;serial;uploaded_at\n{row};2015-06-01T00:00:00Z\n");
        t.case(name).file("a.pem", &text).manifest(&manifest).certificate(&l, want, says);
    };
    one(
        t,
        "issuer and serial",
        &format!("{subject};2a"),
        EXPOSED,
        "at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
    one(t, "decimal serial", &format!("{subject};42"), EXPOSED, "(uploads.csv:2)");
    one(t, "serial with 0x and zeros", &format!("{subject};0x002A"), EXPOSED, "(uploads.csv:2)");
    one(t, "serial with colons", &format!("{subject};00:2a"), EXPOSED, "(uploads.csv:2)");
    one(t, "issuer as OpenSSL prints it", "/CN=Example Public CA;2a", EXPOSED, "(uploads.csv:2)");
    one(t, "common name alone", "example public ca;2a", EXPOSED, "(uploads.csv:2)");
    one(t, "another serial of the issuer", &format!("{subject};2b"), ON_DATES, "nothing records its upload");
    one(t, "the serial at another issuer", "CN=Other CA;2a", ON_DATES, "nothing records its upload");
    t.case("a serial alone never decides")
        .file("a.pem", &text)
        .manifest("path,serial,uploaded_at\n,2a,2015-06-01\n")
        .certificate(&l, ON_DATES, "nothing records its upload")
        .finding("manifest-row-bad")
        .finding("file-without-record");
    t.case("a row with a path is not found by its serial")
        .file("a.pem", &text)
        .manifest(&format!("path,issuer,serial,uploaded_at\nother.pem,{subject},2a,2015-06-01\n"))
        .certificate(&l, ON_DATES, "nothing records its upload")
        .finding("manifest-row-unmatched");
    t.case("a path is stronger than issuer and serial")
        .file("a.pem", &text)
        .manifest(&format!("path,issuer,serial,uploaded_at\na.pem,,,{AFTER}\n,{subject},2a,{BEFORE}\n"))
        .certificate(&l, CLEAR, "(uploads.csv:2), at or after the cutoff")
        .told_not("manifest-row-unmatched");
}

#[test]
fn certificates_named_by_host() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("shop.example").names(&["shop.example", "*.shop.example"]).by(&ca);
    let text = bundle(&l, &[]);
    let one = |t: &mut Table, name, host: &str, want: &str, says: &str| {
        t.case(name)
            .file("a.pem", &text)
            .manifest(&format!("host,uploaded_at\n{host},{BEFORE}\n"))
            .certificate(&l, want, says);
    };
    one(t, "host name", "shop.example", EXPOSED, "(uploads.csv:2), before the cutoff");
    one(t, "host name in capitals, with a dot", "SHOP.example.", EXPOSED, "(uploads.csv:2)");
    one(t, "wildcard name as written", "*.shop.example", EXPOSED, "(uploads.csv:2)");
    one(t, "a wildcard is no pattern here", "www.shop.example", ON_DATES, "nothing records its upload");
    one(t, "part of a host name", "example", ON_DATES, "nothing records its upload");
    t.case("host and a path that is elsewhere")
        .file("a.pem", &text)
        .manifest(&format!("path,host,uploaded_at\nb.pem,shop.example,{BEFORE}\n"))
        .certificate(&l, ON_DATES, "nothing records its upload");
    t.case("a fingerprint is stronger than a host name")
        .file("a.pem", &text)
        .manifest(&format!("sha256,host,uploaded_at\n{},,{AFTER}\n,shop.example,{BEFORE}\n", l.sha256()))
        .certificate(&l, CLEAR, "(uploads.csv:2)");
    t.case("two uploads for one host straddle")
        .file("a.pem", &text)
        .manifest(&format!("host,uploaded_at\nshop.example,{BEFORE}\nshop.example,{AFTER}\n"))
        .certificate(&l, UNCLEAR, "(uploads.csv:2,3), which can be before or after");
    // Renewed on a new key since: a row for the host does not say that the old one was uploaded as late.
    let renewed = leaf("shop.example").serial(9).from("2017-05-01").by(&ca);
    let both = |t: &mut Table, name, rows: &str, of: &Cert, want: &str, says: &str, told: usize| {
        t.case(name)
            .file("old.pem", &text)
            .file("new.pem", bundle(&renewed, &[]))
            .manifest(&format!("host,path,uploaded_at,account,account_created_at\n{rows}\n"))
            .certificate(of, want, says)
            .told("manifest-row-doubtful", told, if told > 0 { "uploads.csv:2" } else { "" });
    };
    let after = format!("shop.example,,{AFTER},x,");
    both(
        t,
        "two keys of one host, the old one",
        &after,
        &l,
        UNCLEAR,
        "at 2017-06-01T00:00:00Z or earlier (uploads.csv:2, account x), which can be",
        1,
    );
    both(
        t,
        "two keys of one host, the new one",
        &after,
        &renewed,
        UNCLEAR,
        "at 2017-06-01T00:00:00Z or earlier (uploads.csv:2",
        1,
    );
    let young = format!("shop.example,,{AFTER},x,2017-01-01");
    both(
        t,
        "two keys of one host of a young account",
        &young,
        &l,
        CLEAR,
        "which was created at 2016-12-31T10:00:00Z or later",
        0,
    );
    // One that contradicts its account decides all the same: another one cannot take that back.
    let mixed = format!("shop.example,,{AFTER},x,2017-01-01\nshop.example,,{BEFORE},y,2017-02-01");
    both(
        t,
        "two keys of one host, rows that straddle the cutoff",
        &mixed,
        &l,
        UNCLEAR,
        "(uploads.csv:2,3",
        0,
    );
    let before = format!("shop.example,,{BEFORE},x,");
    both(
        t,
        "two keys of one host, before",
        &before,
        &l,
        EXPOSED,
        "(uploads.csv:2, account x), before the cutoff",
        0,
    );
    let path = format!("shop.example,,{AFTER},x,\n,old.pem,{AFTER},x,");
    both(t, "two keys of one host, one by its path", &path, &l, CLEAR, "(uploads.csv:3, account x)", 1);
}

#[test]
fn rows_as_spreadsheets_leave_them() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let one = |t: &mut Table, name, manifest: &str, want: &str, says: &str, code: &str| {
        let case = t.case(name).file("a.pem", &text).manifest(manifest).certificate(&l, want, says);
        if code.is_empty() {
            case.told_not("manifest-row-doubtful")
        } else {
            case.finding(code)
        };
    };
    let doubtful = "manifest-row-doubtful";
    one(
        t,
        "the same row twice",
        "path,uploaded_at\na.pem,2015-06-01\na.pem,2015-06-01\n",
        EXPOSED,
        "(uploads.csv:2), before",
        doubtful,
    );
    one(
        t,
        "date with the day first",
        "path;uploaded\na.pem;30.10.2016\n",
        EXPOSED,
        "on 2016-10-30 of whatever time zone",
        "",
    );
    one(
        t,
        "date with slashes, month first",
        "path;uploaded\na.pem;10/30/2016\n",
        EXPOSED,
        "on 2016-10-30 of whatever time zone",
        "",
    );
    one(
        t,
        "date that can be read in two ways",
        "path;uploaded\na.pem;11/10/2016\n",
        UNCLEAR,
        "which can be before or after",
        doubtful,
    );
    one(
        t,
        "two ways, both before",
        "path;uploaded\na.pem;05/06/2015\n",
        EXPOSED,
        "before the cutoff",
        doubtful,
    );
    one(
        t,
        "date as in mails",
        "path,uploaded\na.pem,\"Mon, 31 Oct 2016 23:59:59 GMT\"\n",
        EXPOSED,
        "at 2016-10-31T23:59:59Z",
        "",
    );
    one(
        t,
        "formula in place of a time",
        "path,uploaded\na.pem,=TODAY()\n",
        ON_DATES,
        "nothing records",
        "manifest-row-bad",
    );
    one(
        t,
        "path kept as text by a formula",
        "path,uploaded\n\"=\"\"a.pem\"\"\",2015-06-01\n",
        EXPOSED,
        "(uploads.csv:2)",
        "",
    );
    one(
        t,
        "a quote that nothing closes, before the row",
        "path,uploaded\n\"b.pem,2015-01-01\na.pem,2015-06-01\n",
        EXPOSED,
        "(uploads.csv:3)",
        "manifest-row-bad",
    );
    one(
        t,
        "a quote that nothing closes, in the row",
        "path,uploaded\n\"a.pem,2015-06-01\nb.pem,2015-01-01\n",
        ON_DATES,
        "nothing records",
        "manifest-row-bad",
    );
    one(
        t,
        "vendor columns",
        "S3 Key,Last Modified,Tenant\na.pem,2015-06-01T00:00:00.000Z,acme\n",
        EXPOSED,
        "(uploads.csv:2, account acme)",
        "",
    );
}

#[test]
fn accounts_and_when_they_were_created() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let one = |t: &mut Table, name, rows: &str, want: &str, says: &str| {
        t.case(name)
            .file("a.pem", &text)
            .manifest(&format!("path,uploaded_at,account,account_created_at\n{rows}\n"))
            .certificate(&l, want, says);
    };
    one(
        t,
        "account created after the cutoff, no upload time",
        "a.pem,,acme,2017-01-01T00:00:00Z",
        CLEAR,
        "between 2017-01-01T00:00:00Z and 2025-06-01T00:00:00Z (uploads.csv:2, account acme, which was created at 2017-01-01T00:00:00Z or later), at or after the cutoff",
    );
    one(
        t,
        "created exactly at the cutoff",
        "a.pem,,acme,2016-11-01T00:00:00Z",
        CLEAR,
        "which was created at 2016-11-01T00:00:00Z or later",
    );
    one(
        t,
        "created a second before it",
        "a.pem,,acme,2016-10-31T23:59:59Z",
        ON_DATES,
        "nothing records its upload",
    );
    one(
        t,
        "created on the day of the cutoff, wherever that was",
        "a.pem,,acme,2016-11-01",
        ON_DATES,
        "nothing records its upload",
    );
    one(
        t,
        "created before, uploaded after",
        &format!("a.pem,{AFTER},acme,2014-01-01"),
        CLEAR,
        "at 2017-06-01T00:00:00Z (uploads.csv:2, account acme), at",
    );
    one(
        t,
        "created before, uploaded before",
        &format!("a.pem,{BEFORE},acme,2014-01-01"),
        EXPOSED,
        "(uploads.csv:2, account acme), before the cutoff",
    );
    one(
        t,
        "the creation decides what a date leaves open",
        "a.pem,2016-11-01,acme,2016-11-01T06:00:00Z",
        CLEAR,
        "account acme, which was created at 2016-11-01T06:00:00Z or later), at or after the cutoff",
    );
    one(
        t,
        "created in a row of its own",
        "a.pem,..2018-01-01,acme,\n,,acme,2017-01-01T00:00:00Z",
        CLEAR,
        "account acme, which was created at 2017-01-01",
    );
    one(
        t,
        "two creation dates, the earlier one counts",
        "a.pem,..2018-01-01,acme,2017-01-01T00:00:00Z\n,,acme,2014-01-01T00:00:00Z",
        UNCLEAR,
        "which can be before or after",
    );
    one(
        t,
        "its account alone, which was created after the cutoff, says another row",
        "a.pem,,acme,\n,,acme,2017-01-01T00:00:00Z",
        CLEAR,
        "(uploads.csv:2, account acme, which was created at 2017-01-01T00:00:00Z or later), at or after the cutoff",
    );
    one(
        t,
        "its account alone, which was created before",
        "a.pem,,acme,\n,,acme,2014-01-01",
        ON_DATES,
        "nothing records its upload",
    );
    t.case("its account alone: told, and it is not the file that has no row")
        .file("a.pem", &text)
        .manifest("path,uploaded_at,account\na.pem,,acme\n")
        .certificate(&l, ON_DATES, "nothing records its upload")
        .told("manifest-row-bad", 1, "uploads.csv:2")
        .told_not("file-without-record");
    one(
        t,
        "one of two accounts is old",
        "a.pem,,new,2017-01-01\na.pem,2015-06-01,old,",
        UNCLEAR,
        "account new, old), which can be before or after",
    );
    t.case("an upload before the account was created decides, and is told")
        .file("a.pem", &text)
        .manifest(&format!("path,uploaded_at,account,account_created_at\na.pem,{BEFORE},acme,2017-01-01\n"))
        .certificate(&l, EXPOSED, "at 2015-06-01T00:00:00Z (uploads.csv:2, account acme), before the cutoff")
        .finding("evidence-disagrees");
}

#[test]
fn dates_in_paths() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let pattern = "{YYYY}/{MM}/{DD}";
    let exposed = "exposed valid replace-and-revoke path-date";
    t.case("date in the path before").file("2015/06/01/a.pem", &text).dated_by_path(pattern).certificate(
        &l,
        exposed,
        "lies in 2015/06/01/a.pem; it was uploaded on 2015-06-01 of whatever time zone (--date-from-path), before the cutoff",
    );
    t.case("date in the path after").file("2017/06/01/a.pem", &text).dated_by_path(pattern).certificate(
        &l,
        "not-exposed valid clear path-date",
        "on 2017-06-01 of whatever time zone (--date-from-path), at or after the cutoff",
    );
    t.case("date in the path, the day before the cutoff")
        .file("2016/10/31/a.pem", &text)
        .dated_by_path(pattern)
        .certificate(
            &l,
            "undetermined valid replace-and-revoke path-date",
            "which can be before or after the cutoff",
        );
    t.case("month in the path").file("2016-09/a.pem", &text).dated_by_path("{YYYY}-{MM}").certificate(
        &l,
        exposed,
        "before the cutoff",
    );
    t.case("month of the cutoff in the path")
        .file("2016-11/a.pem", &text)
        .dated_by_path("{YYYY}-{MM}")
        .certificate(&l, "undetermined valid replace-and-revoke path-date", "which can be before or after");
    t.case("a manifest row beats the path")
        .file("2015/06/01/a.pem", &text)
        .dated_by_path(pattern)
        .row("2015/06/01/a.pem", AFTER)
        .certificate(&l, CLEAR, "(uploads.csv:2)")
        .finding("evidence-disagrees");
    t.case("--uploaded beats the path")
        .file("2015/06/01/a.pem", &text)
        .dated_by_path(pattern)
        .uploaded(AFTER)
        .certificate(&l, "not-exposed valid clear uploaded", "(--uploaded)");
    t.case("the path beats the file time")
        .changed("2017/06/01/a.pem", &text, BEFORE)
        .dated_by_path(pattern)
        .certificate(&l, "not-exposed valid clear path-date", "(--date-from-path)")
        .finding("evidence-disagrees");
    t.case("the path fills an open row")
        .file("2015/06/01/a.pem", &text)
        .dated_by_path(pattern)
        .row("2015/06/01/a.pem", "2015-01-01..")
        .certificate(&l, EXPOSED, "(uploads.csv:2), before the cutoff");
    t.case("impossible date in the path")
        .file("2015/02/30/a.pem", &text)
        .dated_by_path(pattern)
        .certificate(&l, ON_DATES, "nothing records its upload")
        .finding("path-date-bad");
    t.case("no date in the path")
        .file("a.pem", &text)
        .dated_by_path(pattern)
        .certificate(&l, ON_DATES, "nothing")
        .finding("path-date-bad");
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("the path beats certificate dates, which contradict it")
        .file("2015/06/01/a.pem", bundle(&young, &[]))
        .dated_by_path(pattern)
        .certificate(&young, exposed, "on 2015-06-01")
        .finding("evidence-disagrees");
}

#[test]
fn decisions_come_first() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    let key = l.key.spki();
    t.case("cleared by decision")
        .file("a.pem", &text)
        .row("a.pem", BEFORE)
        .decided(key, false, "it lay in an HSM")
        .certificate(
            &l,
            "cleared valid clear decision",
            "it is cleared by decision (alice, 2026-01-01T00:00:00Z): it lay in an HSM",
        );
    t.case("exposed by decision")
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .decided(key, true, "seen for sale")
        .certificate(
            &l,
            "exposed valid replace-and-revoke decision",
            "it is taken as exposed by decision (alice, 2026-01-01T00:00:00Z): seen for sale",
        );
    t.case("cleared, though the key itself lay in an upload: told")
        .file("a.pem", &text)
        .row("a.pem", BEFORE)
        .decided(key, false, "x")
        .finding("evidence-disagrees")
        .told("evidence-disagrees", 1, &key.to_string());
    t.case("a suspicion cleared contradicts nothing")
        .file("a.pem", l.pem())
        .row("a.pem", BEFORE)
        .decided(key, false, "x")
        .no_finding("evidence-disagrees")
        .told_not("evidence-disagrees");
    t.case("an undetermined key cleared").file("a.pem", &text).decided(key, false, "x").certificate(
        &l,
        "cleared valid clear decision",
        ": x",
    );
    t.case("a presumed key cleared")
        .file("a.pem", l.pem())
        .row("a.pem", BEFORE)
        .decided(key, false, "x")
        .certificate(&l, "cleared valid clear decision", "by decision");
    t.case("cleared although it is on a list")
        .file("a.pem", &text)
        .listed(key)
        .decided(key, false, "the list is wrong")
        .certificate(&l, "cleared valid clear decision", "the list is wrong")
        .finding("evidence-disagrees");
    let (other_form, raw) = compressed(&l.key);
    t.case("decided by the name of another form")
        .file("a.pem", &text)
        .file("a.pub", other_form)
        .decided(raw, false, "x")
        .certificate(&l, "cleared valid clear decision", "by decision");
    t.case("a decision about a key that is not here")
        .file("a.pem", &text)
        .row("a.pem", BEFORE)
        .decided(Key::new().spki(), false, "x")
        .certificate(&l, EXPOSED, "(uploads.csv:2)")
        .finding("decision-unmatched");
    let root = private_ca();
    let below = leaf("b.example").by(&root);
    t.case("a CA exposed by decision")
        .file("b.pem", bundle(&below, &[&root]))
        .row("b.pem", AFTER)
        .decided(root.key.spki(), true, "x")
        .certificate(&root, "exposed valid decide decision", "is taken as exposed")
        .certificate(&below, "not-exposed valid reissue issuer-key", "is exposed");
    t.case("a CA cleared by decision")
        .file("b.pem", bundle(&below, &[]))
        .file("root.pem", bundle(&root, &[]))
        .row("b.pem", AFTER)
        .row("root.pem", BEFORE)
        .decided(root.key.spki(), false, "x")
        .certificate(&root, "cleared valid clear decision", "is cleared")
        .certificate(&below, CLEAR, "");
    let rsa = Key::rsa();
    let ca = public_ca();
    let first = leaf("r.example").key(&rsa).by(&ca);
    let sibling = RsaPublic::with_exponent(&rsa, 3);
    let second = leaf("r3.example").on_public_by(&sibling, &ca);
    t.case("a decision does not undo an exposed modulus")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .uploaded(BEFORE)
        .decided(sibling.spki(), false, "x")
        .certificate(&second, "exposed valid replace-and-revoke shared-factor", "it has the modulus")
        .finding("evidence-disagrees");
}

#[test]
fn a_row_that_names_an_intermediate_says_nothing_of_the_bundles_it_lies_in() {
    let t = &mut Table::default();
    let ca = intermediate_of(&named_ca("Root"));
    let l = leaf("shop.example").from("2014-01-01").to("2040-01-01").serial(7).by(&ca);
    let text = bundle(&l, &[&ca]);
    let by_hash = |c: &Cert, when: &str| format!("sha256,uploaded_at\n{},{when}\n", c.sha256());
    let by_serial = |issuer: &str, serial: &str, when: &str| {
        format!("issuer,serial,uploaded_at\n{issuer},{serial},{when}\n")
    };
    for (name, manifest) in [
        ("the hash of an intermediate", by_hash(&ca, AFTER)),
        ("issuer and serial of an intermediate", by_serial("Root", "03", AFTER)),
    ] {
        let case = t.case(name).file("a.pem", &text).manifest(&manifest);
        let told = case.judge().1.finding_counts;
        case.certificate(&l, ON_DATES, "nothing records its upload");
        assert!(!told.contains_key(&Code::ManifestRowUnmatched), "it names something that is here: {told:?}");
        assert!(told.contains_key(&Code::FileWithoutRecord), "{told:?}");
    }
    t.case("the intermediate later than the leaf, as each is first seen")
        .file("a.pem", &text)
        .manifest(&format!("{}{},{AFTER}\n", by_hash(&l, BEFORE), ca.sha256()))
        .certificate(&l, "exposed valid replace-and-revoke manifest", "(uploads.csv:2)");
    t.case("a file with nothing else").file("ca.pem", ca.pem()).manifest(&by_hash(&ca, BEFORE)).certificate(
        &ca,
        "not-exposed valid clear chain-certificate",
        "intermediates in a bundle come without their keys",
    );
    t.case("a CA uploaded with its key")
        .file("ca.pem", bundle(&ca, &[&named_ca("Root")]))
        .manifest(&by_hash(&ca, BEFORE))
        .certificate(&ca, "exposed valid decide manifest", "(uploads.csv:2)");
    t.case("a CA with its key beside a leaf of it")
        .file("both.pem", format!("{}{}", bundle(&ca, &[]), l.pem()))
        .manifest(&by_hash(&ca, BEFORE))
        .certificate(&ca, "exposed valid decide manifest", "(uploads.csv:2)");
}

#[test]
fn a_row_that_names_one_certificate_of_a_file_clears_no_key_but_its_own() {
    let t = &mut Table::default();
    let ca = public_ca();
    let (a, b) = (leaf("a.example").serial(7).by(&ca), leaf("b.example").serial(8).by(&ca));
    let bare = Key::new();
    let all = format!("{}{}{}", bundle(&a, &[]), bundle(&b, &[]), bare.pem());
    let rows = |rows: &str| format!("issuer,serial,host,sha256,path,uploaded_at,account\n{rows}\n");
    let ways = |c: &Cert, time: &str| {
        let (name, serial) = if c.sha256() == a.sha256() { ("a.example", "07") } else { ("b.example", "08") };
        [
            format!("Example Public CA,{serial},,,,{time},x"),
            format!(",,{name},,,{time},x"),
            format!(",,,{},,{time},x", c.sha256()),
        ]
    };
    for at in 0..3 {
        t.case("named, after").file("all.pem", &all).manifest(&rows(&ways(&a, AFTER)[at])).certificate(
            &a,
            CLEAR,
            "(uploads.csv:2, account x)",
        );
        t.case("beside one named, after")
            .file("all.pem", &all)
            .manifest(&rows(&ways(&a, AFTER)[at]))
            .certificate(&b, ON_DATES, "nothing records its upload");
        t.case("a bare key beside it").file("all.pem", &all).manifest(&rows(&ways(&a, AFTER)[at])).key(
            bare.spki(),
            "undetermined file-time",
            "nothing records its upload",
        );
        // As a rule a file is one upload: what exposes one key in it exposes the others.
        t.case("beside one named, before")
            .file("all.pem", &all)
            .manifest(&rows(&ways(&a, BEFORE)[at]))
            .certificate(&b, EXPOSED, "(uploads.csv:2");
        let both = rows(&[ways(&a, BEFORE)[at].clone(), ways(&b, AFTER)[at].clone()].join("\n"));
        t.case("each by its own row, before").file("all.pem", &all).manifest(&both).certificate(
            &a,
            EXPOSED,
            "(uploads.csv:2, account x)",
        );
        t.case("each by its own row, after").file("all.pem", &all).manifest(&both).certificate(
            &b,
            CLEAR,
            "(uploads.csv:3, account x)",
        );
    }
    let path = rows(&format!(",,,,all.pem,{AFTER},x"));
    t.case("the file itself named").file("all.pem", &all).manifest(&path).certificate(
        &b,
        CLEAR,
        "(uploads.csv:2, account x)",
    );
    let path_and_one = rows(&format!("{}\n,,,,all.pem,{AFTER},x", ways(&a, BEFORE)[2]));
    t.case("the file and one certificate: that one")
        .file("all.pem", &all)
        .manifest(&path_and_one)
        .certificate(&a, EXPOSED, "(uploads.csv:2, account x)");
    t.case("the file and one certificate: the other")
        .file("all.pem", &all)
        .manifest(&path_and_one)
        .certificate(&b, CLEAR, "(uploads.csv:3,");
}

#[test]
fn an_upload_that_has_not_come_yet_clears_nothing() {
    let t = &mut Table::default();
    let l = leaf("shop.example").from("2014-01-01").to("2040-01-01").by(&public_ca());
    let text = bundle(&l, &[]);
    let ahead = "9999-12-31T23:59:59Z";
    for manifest in [
        format!("path,uploaded_at\na.pem,{ahead}\n"),
        format!("path,account,account_created_at\na.pem,x,{ahead}\n"),
    ] {
        let case = t.case("a time ahead").file("a.pem", &text).manifest(&manifest);
        let told = case.judge().1;
        let says: Vec<&str> =
            told.findings.iter().filter(|f| f.code == Code::ManifestRowBad).map(|f| &*f.says).collect();
        assert!(says.len() == 1 && says[0].contains("which has not come yet"), "{says:?}");
        case.certificate(&l, ON_DATES, "nothing records its upload");
    }
    t.case("a date ahead in the path")
        .file("2999/06/01/a.pem", &text)
        .dated_by_path("{YYYY}/{MM}/{DD}")
        .certificate(&l, ON_DATES, "nothing records its upload")
        .finding("path-date-bad");
    t.case("another row knows").file("a.pem", &text).row("a.pem", ahead).row("a.pem", BEFORE).certificate(
        &l,
        EXPOSED,
        "(uploads.csv:3)",
    );
    t.case("the day that some already have").file("a.pem", &text).row("a.pem", &NOW[..10]).certificate(
        &l,
        CLEAR,
        "(uploads.csv:2)",
    );
}

#[test]
fn a_name_that_begins_with_a_blank_is_another_one_below_its_root() {
    let t = &mut Table::default();
    let l = leaf("shop.example").from("2014-01-01").to("2040-01-01").by(&public_ca());
    let case = t.case("rows by absolute path").file(" a.pem", bundle(&l, &[]));
    let at = case.folder.path().join("in").canonicalize().unwrap();
    let manifest = format!("path,uploaded_at\n{0}/ a.pem,{BEFORE}\n{0}/a.pem,{AFTER}\n", at.display());
    case.manifest(&manifest).certificate(&l, EXPOSED, "(uploads.csv:2)");
    let unsure = "undetermined valid replace-and-revoke certificate-dates";
    t.case("a name that ends with a blank").file("a.pem ", bundle(&l, &[])).row("a.pem", AFTER).certificate(
        &l,
        unsure,
        "nothing records its upload",
    );
}
