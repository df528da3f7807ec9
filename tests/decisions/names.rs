//! Names as people write them (DESIGN.md 2.12), and rows that contradict themselves (2.2).

use super::*;

const CLEAR: &str = "not-exposed valid clear manifest";
const EXPOSED: &str = "exposed valid replace-and-revoke manifest";
const UNSURE: &str = "undetermined valid replace-and-revoke manifest";
const ON_DATES: &str = "undetermined valid replace-and-revoke certificate-dates";

fn old(name: &str) -> Cert {
    leaf(name).from("2014-01-01").to("2040-01-01").by(&public_ca())
}

/// A stored zip (APPNOTE 4.3.7) with one member of these octets as its name, and no UTF-8 flag.
fn zip(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    for word in [crc.sum(), content.len() as u32, content.len() as u32] {
        common.extend(word.to_le_bytes());
    }
    common.extend((name.len() as u16).to_le_bytes());
    let local = [b"PK\x03\x04", &common[..], &[0, 0], name, content].concat();
    let directory = [b"PK\x01\x02\x14\x00", &common[..], &[0; 12], &[0; 4], name].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((directory.len() as u32).to_le_bytes());
    end.extend((local.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [local, directory, end].concat()
}

#[test]
fn composed_and_decomposed_are_one_name() {
    let t = &mut Table::default();
    let l = old("shop.example");
    let text = bundle(&l, &[]);
    for (file, row) in [
        ("mu\u{308}ller.pem", "m\u{fc}ller.pem"),
        ("m\u{fc}ller.pem", "mu\u{308}ller.pem"),
        ("e\u{301}cole/A\u{30a}.pem", "\u{e9}cole/\u{212b}.pem"),
        ("\u{1100}\u{1161}/tls.pem", "\u{ac00}/tls.pem"),
        ("acme/tls.pem", "acme\\tls.pem"),
        ("acme/m\u{fc}ller.pem", "acme\\mu\u{308}ller.pem"),
        ("b.pem", "a/../b.pem"),
    ] {
        t.case("before")
            .file(file, &text)
            .row(row, BEFORE)
            .certificate(&l, EXPOSED, "(uploads.csv:2)")
            .finding("name-normalised");
        t.case("after")
            .file(file, &text)
            .row(row, AFTER)
            .certificate(&l, CLEAR, "(uploads.csv:2)")
            .finding("name-normalised");
        t.case("as it is")
            .file(file, &text)
            .row(file, AFTER)
            .certificate(&l, CLEAR, "(uploads.csv:2)")
            .told_not("name-normalised");
    }
}

#[test]
fn an_exact_name_comes_first_and_clears_no_other() {
    let t = &mut Table::default();
    let (a, b) = (old("a.example"), old("b.example"));
    for (exact, other) in [
        ("m\u{fc}ller.pem", "mu\u{308}ller.pem"),
        ("mu\u{308}ller.pem", "m\u{fc}ller.pem"),
        ("acme\\tls.pem", "acme/tls.pem"),
        ("acme/tls.pem", "acme\\tls.pem"),
    ] {
        let case = |t: &mut Table, certificate: &Cert, want: &str, says: &str| {
            t.case("both are there")
                .file(exact, bundle(&a, &[]))
                .file(other, bundle(&b, &[]))
                .row(exact, AFTER)
                .certificate(certificate, want, says)
                .finding("manifest-row-doubtful");
        };
        case(t, &a, CLEAR, "(uploads.csv:2)");
        case(t, &b, UNSURE, "(uploads.csv:2)");
        // Each by its own row.
        let each = |t: &mut Table, certificate: &Cert, want: &str, says: &str| {
            t.case("a row each")
                .file(exact, bundle(&a, &[]))
                .file(other, bundle(&b, &[]))
                .row(exact, AFTER)
                .row(other, BEFORE)
                .certificate(certificate, want, says);
        };
        each(t, &a, CLEAR, "(uploads.csv:2)");
        each(t, &b, EXPOSED, "(uploads.csv:3)");
    }
    for (member, want) in [(&a, UNSURE), (&b, CLEAR)] {
        t.case("a folder named like a way into an archive")
            .member("x.zip", "a.pem", bundle(&a, &[]), None)
            .file("x.zip!/a.pem", bundle(&b, &[]))
            .row("x.zip!/a.pem", AFTER)
            .certificate(member, want, "(uploads.csv:2)");
    }
    t.case("a way into an archive")
        .member("x.zip", "a.pem", bundle(&a, &[]), None)
        .row("x.zip!/a.pem", AFTER)
        .certificate(&a, CLEAR, "")
        .told_not("name-normalised");
}

#[test]
fn what_fits_several_after_normalisation_clears_none() {
    let t = &mut Table::default();
    let (a, b) = (old("a.example"), old("b.example"));
    for (files, row) in [
        (["acme/m\u{fc}ller.pem", "acme/mu\u{308}ller.pem"], "acme\\m\u{fc}ller.pem"),
        (["\u{c5}.pem", "A\u{30a}.pem"], "\u{212b}.pem"),
        (["acme/tls.pem", "acme\\tls.pem"], "x/../acme\\.\\tls.pem"),
    ] {
        for (time, want) in [(AFTER, UNSURE), (BEFORE, EXPOSED)] {
            for certificate in [&a, &b] {
                t.case("two of them")
                    .file(files[0], bundle(&a, &[]))
                    .file(files[1], bundle(&b, &[]))
                    .row(row, time)
                    .certificate(certificate, want, "(uploads.csv:2)")
                    .finding("manifest-row-doubtful");
            }
        }
    }
}

#[test]
fn zips_of_windows_and_macos_have_names_of_their_own() {
    let t = &mut Table::default();
    let l = old("shop.example");
    let text = bundle(&l, &[]);
    for (raw, row) in [
        (&b"m\x81ller.pem"[..], "m\u{fc}ller.pem"),
        (b"stra\xe1e/\x90cole.pem", "stra\u{df}e/\u{c9}cole.pem"),
        (b"\xb7.pem", "\u{c0}.pem"),
        (b"m\xfcller.pem", "mu\u{308}ller.pem"),
        ("mu\u{308}ller.pem".as_bytes(), "m\u{fc}ller.pem"),
    ] {
        let archive = zip(raw, text.as_bytes());
        for row in
            [format!("up.zip!/{row}"), format!("up.zip/{row}"), format!("up.zip\\{}", row.replace('/', "\\"))]
        {
            t.case("a member")
                .file("up.zip", &archive)
                .row(&row, BEFORE)
                .certificate(&l, EXPOSED, "(uploads.csv:2)")
                .finding("name-normalised");
            t.case("a member, after").file("up.zip", &archive).row(&row, AFTER).certificate(
                &l,
                CLEAR,
                "(uploads.csv:2)",
            );
        }
    }
}

#[test]
fn hosts_match_as_a_labels() {
    let t = &mut Table::default();
    let l = old("xn--mller-kva.example");
    for host in
        ["m\u{fc}ller.example", "mu\u{308}ller.example", "M\u{dc}LLER.example.", "xn--MLLER-kva.example"]
    {
        let rows = |time: &str| format!("host,uploaded_at\n{host},{time}\n");
        let case = t.case("a host").file("a.pem", bundle(&l, &[])).manifest(&rows(BEFORE)).certificate(
            &l,
            EXPOSED,
            "(uploads.csv:2)",
        );
        if host.is_ascii() {
            case.told_not("name-normalised")
        } else {
            case.finding("name-normalised")
        };
        t.case("a host, after").file("a.pem", bundle(&l, &[])).manifest(&rows(AFTER)).certificate(
            &l,
            CLEAR,
            "(uploads.csv:2)",
        );
    }
}

#[test]
fn a_row_of_another_hash_contradicts_itself() {
    let t = &mut Table::default();
    let l = old("shop.example");
    let text = bundle(&l, &[]);
    let rows = |hash: Fingerprint, time: &str| format!("path,sha256,uploaded_at\na.pem,{hash},{time}\n");
    for other in
        [Fingerprint::of(b"other"), Fingerprint::of(b""), Fingerprint::of(format!("{text}\n").as_bytes())]
    {
        t.case("after")
            .file("a.pem", &text)
            .manifest(&rows(other, AFTER))
            .certificate(&l, UNSURE.replace("manifest", "certificate-dates").as_str(), "")
            .finding("manifest-row-bad");
        t.case("before").file("a.pem", &text).manifest(&rows(other, BEFORE)).certificate(
            &l,
            EXPOSED,
            "(uploads.csv:2)",
        );
        t.case("--uploaded may expose")
            .file("a.pem", &text)
            .manifest(&rows(other, AFTER))
            .uploaded(BEFORE)
            .certificate(&l, "exposed valid replace-and-revoke uploaded", "--uploaded");
        t.case("--uploaded may not clear")
            .file("a.pem", &text)
            .manifest(&rows(other, AFTER))
            .uploaded(AFTER)
            .certificate(&l, UNSURE, "(uploads.csv:2)");
        let new = leaf("new.example").from("2018-01-01").to("2040-01-01").by(&public_ca());
        t.case("nor may dates").file("a.pem", bundle(&new, &[])).manifest(&rows(other, AFTER)).certificate(
            &new,
            UNSURE,
            "(uploads.csv:2)",
        );
    }
    for own in [Fingerprint::of(text.as_bytes()), l.sha256()] {
        t.case("its own")
            .file("a.pem", &text)
            .manifest(&rows(own, AFTER))
            .certificate(&l, CLEAR, "(uploads.csv:2)")
            .told_not("manifest-row-bad");
    }
    t.case("an archive")
        .member("x.tar", "a.pem", &text, None)
        .manifest(&format!("path,sha256,uploaded_at\nx.tar,{},{AFTER}\n", Fingerprint::of(b"other")))
        .certificate(&l, ON_DATES, "")
        .finding("manifest-row-bad");
}

#[test]
fn a_row_from_before_its_account_contradicts_itself() {
    let t = &mut Table::default();
    let l = old("shop.example");
    let rows = |uploaded: &str, created: &str| {
        format!("path,uploaded_at,account,account_created_at\na.pem,{uploaded},x,{created}\n")
    };
    for (uploaded, created, want) in [
        (AFTER, "2018-01-01T00:00:00Z", ON_DATES),
        ("2017-01-01", "2020-01-01", ON_DATES),
        ("..2017-01-01", "2020-01-01", ON_DATES),
        (BEFORE, "2018-01-01T00:00:00Z", EXPOSED),
    ] {
        t.case("before its account")
            .file("a.pem", bundle(&l, &[]))
            .manifest(&rows(uploaded, created))
            .certificate(&l, want, "")
            .finding("manifest-row-bad")
            .finding("evidence-disagrees");
    }
    t.case("behind it")
        .file("a.pem", bundle(&l, &[]))
        .manifest(&rows(AFTER, "2014-01-01"))
        .certificate(&l, CLEAR, "")
        .told_not("manifest-row-bad");
}

#[test]
fn a_serial_number_that_can_be_two_clears_one_certificate_alone() {
    let t = &mut Table::default();
    let ca = public_ca();
    let of = |serial: u8| {
        leaf(&format!("s{serial}.example")).serial(serial).from("2014-01-01").to("2040-01-01").by(&ca)
    };
    for (decimal, hexadecimal, text) in
        [(16, 0x16, "16"), (10, 0x10, "10"), (25, 0x25, "25"), (99, 0x99, "99")]
    {
        let (a, b) = (of(decimal), of(hexadecimal));
        let rows = |time: &str| format!("issuer,serial,uploaded_at\nExample Public CA,{text},{time}\n");
        for certificate in [&a, &b] {
            for (time, want) in [(AFTER, UNSURE), (BEFORE, EXPOSED)] {
                t.case("both are there")
                    .file("a.pem", bundle(&a, &[]))
                    .file("b.pem", bundle(&b, &[]))
                    .manifest(&rows(time))
                    .certificate(certificate, want, "(uploads.csv:2)")
                    .finding("manifest-row-doubtful");
            }
            t.case("one is there")
                .file("a.pem", bundle(certificate, &[]))
                .manifest(&rows(AFTER))
                .certificate(certificate, CLEAR, "(uploads.csv:2)");
        }
        let other =
            leaf("o.example").serial(hexadecimal).from("2014-01-01").to("2040-01-01").by(&private_ca());
        t.case("the other is of another issuer")
            .file("a.pem", bundle(&a, &[]))
            .file("b.pem", bundle(&other, &[]))
            .manifest(&rows(AFTER))
            .certificate(&a, CLEAR, "(uploads.csv:2)");
    }
}
