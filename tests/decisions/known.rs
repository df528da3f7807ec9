//! Combinations that tools of this kind are known to get wrong, one theme a test.

use super::*;

const EXPOSED: &str = "exposed valid replace-and-revoke manifest";
const CLEAR: &str = "not-exposed valid clear manifest";
const ON_DATES: &str = "not-exposed valid clear certificate-dates";
const UNCLEAR: &str = "undetermined valid replace-and-revoke certificate-dates";

#[test]
fn the_generic_profile_judges_by_its_own_cutoff() {
    let t = &mut Table::default();
    let l = leaf("a.example").from("2025-01-01").by(&public_ca());
    let text = bundle(&l, &[]);
    let cutoff = "2025-09-01T12:00:00Z";
    let case = |t: &mut Table, name, uploaded: &str, want: &str, says: &str| {
        t.case(name)
            .profile("generic", cutoff)
            .file("a.pem", &text)
            .row("a.pem", uploaded)
            .certificate(&l, want, says);
    };
    case(
        t,
        "generic: a year that Zendesk's would clear",
        "2025-08-01T00:00:00Z",
        EXPOSED,
        "at 2025-08-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
    case(t, "generic: a second before noon", "2025-09-01T11:59:59Z", EXPOSED, "before the cutoff");
    case(
        t,
        "generic: exactly noon",
        "2025-09-01T12:00:00Z",
        CLEAR,
        "at 2025-09-01T12:00:00Z (uploads.csv:2), at or after the cutoff",
    );
    case(
        t,
        "generic: the day itself",
        "2025-09-01",
        "undetermined valid replace-and-revoke manifest",
        "on 2025-09-01 of whatever time zone",
    );
    // A day in all zones ends at noon UTC of the next day: the cutoff decides about the day before.
    case(
        t,
        "generic: the day before ends a second before the cutoff",
        "2025-08-31",
        EXPOSED,
        "on 2025-08-31 of whatever time zone",
    );
    case(t, "generic: the day after", "2025-09-03", CLEAR, "at or after the cutoff");
    t.case("generic: no record, certificate from before")
        .profile("generic", cutoff)
        .changed("a.pem", &text, "2025-12-01T00:00:00Z")
        .certificate(&l, UNCLEAR, "is of 2025-01-01");
    t.case("generic: no record, certificate from after")
        .profile("generic", "2024-01-01T00:00:00Z")
        .file("a.pem", &text)
        .certificate(
            &l,
            ON_DATES,
            "the oldest certificate on it is of 2025-01-01, so it was uploaded at or after the cutoff",
        )
        .finding("no-upload-record");
    t.case("generic: account created after the cutoff")
        .profile("generic", cutoff)
        .file("a.pem", &text)
        .manifest("path,account,account_created_at\na.pem,acme,2025-10-01T00:00:00Z\n")
        .certificate(&l, CLEAR, "account acme, which was created at 2025-10-01T00:00:00Z or later");
    t.case("generic: cutoff to come, everything is exposed")
        .profile("generic", "2027-01-01T00:00:00Z")
        .file("a.pem", &text)
        .row("a.pem", "2025-12-31T00:00:00Z")
        .certificate(&l, EXPOSED, "before the cutoff");
}

#[test]
fn dates_inside_certificates() {
    let t = &mut Table::default();
    let ca = public_ca();
    // The log saw it before its own begin: backdating is no news, postdating neither.
    let logged_before = leaf("s.example").from("2017-01-01").logged("2016-06-01T00:00:00Z").by(&ca);
    t.case("SCT before the cutoff, notBefore after").file("s.pem", bundle(&logged_before, &[])).certificate(
        &logged_before,
        UNCLEAR,
        "the oldest certificate on it is of 2016-06-01",
    );
    let logged_after = leaf("s.example").from("2018-01-01").logged("2018-01-02T00:00:00Z").by(&ca);
    t.case("SCT later than notBefore").file("s.pem", bundle(&logged_after, &[])).certificate(
        &logged_after,
        ON_DATES,
        "is of 2018-01-01",
    );
    let logged_at = leaf("s.example").from("2018-01-01").logged("2016-11-01T00:00:00Z").by(&ca);
    t.case("SCT exactly at the cutoff").file("s.pem", bundle(&logged_at, &[])).certificate(
        &logged_at,
        ON_DATES,
        "is of 2016-11-01",
    );
    let key = Key::new();
    let young = leaf("y.example").key(&key).serial(1).from("2019-01-01").by(&ca);
    let old_elsewhere =
        leaf("other.example").key(&key).serial(2).from("2013-01-01").to("2014-01-01").by(&private_ca());
    t.case("the oldest certificate on the key is expired, of another CA and in another folder")
        .file("new/y.pem", bundle(&young, &[]))
        .file("attic/2013/other.pem", old_elsewhere.pem())
        .certificate(&young, UNCLEAR, "the oldest certificate on it is of 2013-01-01");
    t.case("the same with a row for the young file alone")
        .file("new/y.pem", bundle(&young, &[]))
        .file("attic/other.pem", old_elsewhere.pem())
        .row("new/y.pem", AFTER)
        .certificate(&young, UNCLEAR, "a certificate on it lies in attic/other.pem");
    t.case("a row after contradicts certificates that are younger still")
        .file("y.pem", bundle(&young, &[]))
        .row("y.pem", AFTER)
        .certificate(&young, CLEAR, "(uploads.csv:2)")
        .finding("evidence-disagrees");
    let today = leaf("n.example").from(NOW).by(&ca);
    t.case("valid from this very second").file("n.pem", bundle(&today, &[])).certificate(
        &today,
        ON_DATES,
        "is of 2026-01-01",
    );
    let tomorrow = leaf("n.example").from("2026-01-01T00:00:01Z").by(&ca);
    t.case("valid from the next second on gives no bound").file("n.pem", bundle(&tomorrow, &[])).certificate(
        &tomorrow,
        "undetermined not-yet-valid replace-and-revoke file-time",
        "nothing records its upload",
    );
    t.case("the same, a second later")
        .at("2026-01-01T00:00:01Z")
        .file("n.pem", bundle(&tomorrow, &[]))
        .certificate(&tomorrow, ON_DATES, "is of 2026-01-01");
    t.case("distrust of dates leaves rows alone")
        .distrusting()
        .file("y.pem", bundle(&young, &[]))
        .row("y.pem", "2019-06-01T00:00:00Z")
        .certificate(&young, CLEAR, "at 2019-06-01T00:00:00Z");
    t.case("distrust of dates and a path date")
        .distrusting()
        .file("2019/06/01/y.pem", bundle(&young, &[]))
        .dated_by_path("{YYYY}/{MM}/{DD}")
        .certificate(&young, "not-exposed valid clear path-date", "(--date-from-path), at or after");
    t.case("distrust of dates and a file time before")
        .distrusting()
        .changed("s.pem", leaf("s.example").key(&key).by(&ca).pem(), "2016-01-01T00:00:00Z")
        .key(key.spki(), "presumed file-time", "last changed at 2016-01-01T00:00:00Z or earlier");
}

#[test]
fn one_key_in_many_places() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").by(&ca);
    let text = bundle(&l, &[]);
    t.case("one copy without a record among recorded ones")
        .file("a.pem", &text)
        .file("copy/a.pem", &text)
        .row("a.pem", AFTER)
        .certificate(&l, UNCLEAR, "its private key lies in copy/a.pem; nothing records its upload")
        .finding("file-without-record");
    t.case("one copy of three before")
        .file("a.pem", &text)
        .file("b.pem", &text)
        .file("c.pem", &text)
        .row("a.pem", AFTER)
        .row("b.pem", BEFORE)
        .row("c.pem", AFTER)
        .certificate(
            &l,
            EXPOSED,
            "its private key lies in b.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:3)",
        );
    // A row by hash speaks of every copy of the file.
    t.case("a row by hash speaks of each copy")
        .file("a.pem", &text)
        .file("copy/b.pem", &text)
        .row_for_hash(Fingerprint::of(text.as_bytes()), AFTER)
        .certificate(&l, CLEAR, "(uploads.csv:2), at or after");
    t.case("certificate before, its key after: the upload for TLS had it already")
        .file("2015/a.pem", l.pem())
        .file("2017/a.key", l.key.pem())
        .row("2015/a.pem", BEFORE)
        .row("2017/a.key", AFTER)
        .certificate(
            &l,
            "presumed valid replace-and-revoke manifest",
            "a certificate on it lies in 2015/a.pem, and an upload for TLS brings its key along",
        );
    t.case("key before, its certificate after")
        .file("a.key", l.key.pem())
        .file("a.pem", l.pem())
        .row("a.key", BEFORE)
        .row("a.pem", AFTER)
        .certificate(&l, EXPOSED, "its private key lies in a.key");
    let second = leaf("b.example").serial(9).from("2020-01-01").by(&private_ca());
    t.case("two keys in one file, each with its own verdict")
        .file("both.pem", format!("{text}{}", bundle(&second, &[])))
        .file("b-old.pem", second.key.pem())
        .row("both.pem", AFTER)
        .row("b-old.pem", BEFORE)
        .certificate(&l, CLEAR, "both.pem")
        .certificate(&second, EXPOSED, "its private key lies in b-old.pem");
    t.case("the second object of a file counts")
        .file("two.pem", format!("{}{}{}", second.pem(), l.pem(), l.key.pem()))
        .row("two.pem", BEFORE)
        .certificate(&l, EXPOSED, "its private key lies in two.pem")
        .certificate(
            &second,
            "presumed valid replace-and-revoke manifest",
            "a certificate on it lies in two.pem",
        );
    t.case("a directory called vendor")
        .file("vendor/node_modules/.git/a.pem", &text)
        .row("vendor/node_modules/.git/a.pem", BEFORE)
        .certificate(&l, EXPOSED, "lies in vendor/node_modules/.git/a.pem");
    let (form, _) = compressed(&l.key);
    t.case("a compressed public key elsewhere is the same key")
        .file("a.pub", form)
        .row("a.pub", BEFORE)
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .certificate(&l, CLEAR, "its private key lies in a.pem");
    let (pem, der) = l.key.traditional();
    t.case("the key in another container is the same key")
        .file("a.key", pem)
        .row("a.key", BEFORE)
        .file("a.pem", l.pem())
        .row("a.pem", AFTER)
        .certificate(&l, EXPOSED, "its private key lies in a.key");
    t.case("the key in DER without a name that tells")
        .file("blob", der)
        .row("blob", BEFORE)
        .file("a.pem", l.pem())
        .row("a.pem", AFTER)
        .certificate(&l, EXPOSED, "its private key lies in blob");
    t.case("a renewal on the same key at another CA, after the cutoff")
        .file("a.pem", &text)
        .file(
            "renewed.pem",
            leaf("a.example").key(&l.key).serial(5).from("2024-01-01").by(&private_ca()).pem(),
        )
        .row("a.pem", BEFORE)
        .row("renewed.pem", "2024-02-01T00:00:00Z")
        .certificate(&l, EXPOSED, "a.pem");
}

#[test]
fn encrypted_keys() {
    let t = &mut Table::default();
    let l = leaf("e.example").by(&public_ca());
    let both = format!("{}{}", l.pem(), l.key.encrypted());
    let beside = "a certificate on it lies in e.pem beside an encrypted private key";
    t.case("encrypted key, before").file("e.pem", &both).row("e.pem", BEFORE).certificate(
        &l,
        "presumed valid replace-and-revoke manifest",
        beside,
    );
    t.case("encrypted key, after").file("e.pem", &both).row("e.pem", AFTER).certificate(&l, CLEAR, beside);
    t.case("encrypted key, no record").file("e.pem", &both).certificate(&l, UNCLEAR, beside);
    t.case("encrypted key, on both sides")
        .file("e.pem", &both)
        .row("e.pem", BEFORE)
        .row("e.pem", AFTER)
        .certificate(&l, "undetermined valid replace-and-revoke manifest", beside);
    t.case("encrypted key, cleared by its owner")
        .file("e.pem", &both)
        .row("e.pem", BEFORE)
        .decided(l.key.spki(), false, "a passphrase of 20 words")
        .certificate(&l, "cleared valid clear decision", "a passphrase of 20 words");
    t.case("encrypted in one upload, in the clear in another")
        .file("e.pem", &both)
        .file("clear.key", l.key.pem())
        .row("e.pem", AFTER)
        .row("clear.key", BEFORE)
        .certificate(&l, EXPOSED, "its private key lies in clear.key");
    t.case("in the clear after, encrypted before")
        .file("e.pem", &both)
        .file("clear.key", l.key.pem())
        .row("e.pem", BEFORE)
        .row("clear.key", AFTER)
        .certificate(&l, "presumed valid replace-and-revoke manifest", beside);
    t.case("encrypted OpenSSH key names its public half")
        .file("id", l.key.encrypted_openssh())
        .row("id", BEFORE)
        .key(
            l.key.spki(),
            "presumed manifest",
            "a private key in id says that it is this one, and nothing verifies that",
        );
    let ca = named_ca("Locked CA");
    t.case("CA certificate beside an encrypted key")
        .file("ca.pem", format!("{}{}", ca.pem(), ca.key.encrypted()))
        .row("ca.pem", BEFORE)
        .certificate(
            &ca,
            "presumed valid decide manifest",
            "a certificate on it lies in ca.pem beside an encrypted private key",
        );
    let below = leaf("e.example").by(&ca);
    t.case("CA certificates beside the encrypted key of a server, and in other bundles too")
        .file("e.pem", format!("{}{}", chain(&[&below, &ca]), below.key.encrypted()))
        .file("a.pem", ca.pem())
        .row("e.pem", BEFORE)
        .certificate(
            &ca,
            "not-exposed valid clear chain-certificate",
            "lies in e.pem: it signed itself, names no host and may do nothing but sign",
        );
    t.case("CA certificate beside an encrypted key: that comes first")
        .file("a.pem", ca.pem())
        .file("ca.pem", format!("{}{}", ca.pem(), ca.key.encrypted()))
        .row("a.pem", BEFORE)
        .certificate(
            &ca,
            "undetermined valid decide certificate-dates",
            "a certificate on it lies in ca.pem beside an encrypted private key",
        );
}

#[test]
fn chains_and_what_hangs_below() {
    let t = &mut Table::default();
    let root = private_ca();
    let intermediate = intermediate_of(&root);
    let l = leaf("a.example").by(&intermediate);
    let sibling = leaf("b.example").serial(8).by(&root);
    let reissue = "not-exposed valid reissue issuer-key";
    let at = |t: &mut Table, name, key: &Key, uploaded: &str, of: &Cert, want: &str, says: &str| {
        t.case(name)
            .file("a.pem", bundle(&l, &[&intermediate, &root]))
            .file("b.pem", bundle(&sibling, &[&root]))
            .file("ca.key", key.pem())
            .row("a.pem", AFTER)
            .row("b.pem", AFTER)
            .row("ca.key", uploaded)
            .certificate(of, want, says);
    };
    at(
        t,
        "intermediate exposed: the leaf below it",
        &intermediate.key,
        BEFORE,
        &l,
        reissue,
        "CN=Example Intermediate, is exposed",
    );
    at(
        t,
        "intermediate exposed: the root above it",
        &intermediate.key,
        BEFORE,
        &root,
        "not-exposed valid clear chain-certificate",
        "it is taken as a root that came without its key",
    );
    at(
        t,
        "intermediate exposed: a leaf beside it",
        &intermediate.key,
        BEFORE,
        &sibling,
        CLEAR,
        "its private key lies in b.pem",
    );
    at(
        t,
        "root exposed: a leaf right below it",
        &root.key,
        BEFORE,
        &sibling,
        reissue,
        "CN=Example Private CA, is exposed",
    );
    at(
        t,
        "root undetermined: it is decided about",
        &root.key,
        "2016-11-01",
        &root,
        "undetermined valid decide manifest",
        "its private key lies in ca.key",
    );
    at(
        t,
        "root undetermined: what hangs below",
        &root.key,
        "2016-11-01",
        &l,
        reissue,
        "CN=Example Private CA, may be exposed",
    );
    at(
        t,
        "root uploaded exactly at the cutoff",
        &root.key,
        "2016-11-01T00:00:00Z",
        &l,
        CLEAR,
        "its private key lies in a.pem",
    );
    let presumed = leaf("p.example").serial(7).by(&intermediate);
    t.case("presumed leaf below an exposed CA")
        .file("p.pem", chain(&[&presumed, &intermediate]))
        .file("ca.key", intermediate.key.pem())
        .uploaded(BEFORE)
        .certificate(&presumed, "presumed valid reissue issuer-key", "the key of the CA above it");
    t.case("CA on its list, the leaf cleared by decision")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .row("a.pem", BEFORE)
        .listed(intermediate.key.spki())
        .decided(l.key.spki(), false, "x")
        .certificate(&l, "cleared valid reissue issuer-key", "CN=Example Intermediate, is exposed");
    t.case("misuse of the root decided, leaf without a record")
        .file("a.pem", bundle(&l, &[&intermediate, &root]))
        .decided(root.key.spki(), true, "signed a stranger's request")
        .certificate(&root, "exposed valid decide decision", "signed a stranger's request")
        .certificate(&l, "undetermined valid reissue issuer-key", "CN=Example Private CA, is exposed");
    // The same CA key in two certificates: cross-signed, so both are decided about.
    let crossed = leaf("Example Private CA").authority().key(&root.key).serial(4).by(&public_ca());
    t.case("cross-signed CA whose key was uploaded")
        .file("ca.pem", chain(&[&root, &crossed]))
        .file("ca.key", root.key.pem())
        .uploaded(BEFORE)
        .certificate(&root, "exposed valid decide uploaded", "its private key lies in ca.key")
        .certificate(&crossed, "exposed valid decide uploaded", "its private key lies in ca.key");
    t.case("CA certificates alone, nothing below")
        .file("roots.pem", chain(&[&root, &crossed]))
        .row("roots.pem", BEFORE)
        .certificate(
            &crossed,
            "not-exposed valid clear chain-certificate",
            "a CA certificate on it lies in roots.pem",
        );
}

#[test]
fn what_a_ca_signed_that_stands_on_its_own_root() {
    let t = &mut Table::default();
    let old = leaf("Example Root").authority().from("2010-01-01").self_signed();
    let new = leaf("Example Root").authority().serial(2).self_signed();
    let new_with_old = leaf("Example Root").authority().serial(3).key(&new.key).by(&old);
    let l = leaf("a.example").by(&new);
    let case = |t: &mut Table, name, above: &[&Cert], of: &Cert, want: &str, says: &str| {
        t.case(name)
            .file("a.pem", bundle(&l, above))
            .file("old.pem", bundle(&old, &[]))
            .row("a.pem", AFTER)
            .row("old.pem", BEFORE)
            .certificate(of, want, says);
    };
    let void = "not-exposed valid reissue issuer-key";
    case(
        t,
        "what the new root signed, the old one exposed",
        &[&new_with_old, &new],
        &l,
        CLEAR,
        "its private key lies in a.pem",
    );
    case(
        t,
        "the certificate of the new root by the old one",
        &[&new_with_old, &new],
        &new_with_old,
        void,
        "CN=Example Root, is exposed",
    );
    case(
        t,
        "the new root itself",
        &[&new_with_old, &new],
        &new,
        "not-exposed valid clear chain-certificate",
        "come without their keys",
    );
    case(
        t,
        "only the certificate by the old one is here",
        &[&new_with_old],
        &l,
        void,
        "CN=Example Root, is exposed",
    );
    let ended = leaf("Example Root").authority().serial(4).key(&new.key).to("2020-01-01").self_signed();
    case(t, "the new root has ended", &[&new_with_old, &ended], &l, void, "CN=Example Root, is exposed");
    t.case("the new root is exposed itself")
        .file("a.pem", bundle(&l, &[&new_with_old, &new]))
        .file("old.pem", bundle(&old, &[]))
        .file("new.key", new.key.pem())
        .uploaded(BEFORE)
        .certificate(&l, "exposed valid reissue issuer-key", "CN=Example Root, is exposed");
}

#[test]
fn one_modulus() {
    let t = &mut Table::default();
    let ca = public_ca();
    let rsa = Key::rsa();
    let first = leaf("r.example").key(&rsa).by(&ca);
    let other = RsaPublic::with_exponent(&rsa, 3);
    let second = leaf("r3.example").on_public_by(&other, &ca);
    let pair = |t: &mut Table, name, first_at: &str, second_at: &str, of: &Cert, want: &str, says: &str| {
        t.case(name)
            .file("r.pem", bundle(&first, &[]))
            .file("r3.pem", second.pem())
            .row("r.pem", first_at)
            .row("r3.pem", second_at)
            .certificate(of, want, says);
    };
    let shared = "it has the modulus of the key";
    pair(
        t,
        "the other exponent exposed first",
        AFTER,
        BEFORE,
        &first,
        "presumed valid replace-and-revoke shared-factor",
        shared,
    );
    pair(t, "neither is exposed", AFTER, AFTER, &second, CLEAR, "a certificate on it lies in r3.pem");
    pair(
        t,
        "one undetermined, the other clear",
        "2016-11-01",
        AFTER,
        &second,
        "undetermined valid replace-and-revoke shared-factor",
        "which is undetermined",
    );
    pair(
        t,
        "each by its own evidence",
        BEFORE,
        BEFORE,
        &second,
        "exposed valid replace-and-revoke shared-factor",
        "which is exposed",
    );
    t.case("the sibling on the list")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .uploaded(AFTER)
        .listed(other.spki())
        .certificate(
            &first,
            "exposed valid replace-and-revoke shared-factor",
            "which is exposed: who holds that one can compute this one",
        );
    t.case("the sibling exposed by decision")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .uploaded(AFTER)
        .decided(other.spki(), true, "x")
        .certificate(&first, "exposed valid replace-and-revoke shared-factor", shared);
    t.case("the sibling cleared by decision, this one exposed")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .uploaded(BEFORE)
        .decided(other.spki(), false, "x")
        .certificate(&first, "exposed valid replace-and-revoke uploaded", "its private key lies in r.pem");
}

#[test]
fn what_expires_and_what_cannot_be_told() {
    let t = &mut Table::default();
    let ca = public_ca();
    let expired = leaf("x.example").to("2017-01-01").by(&ca);
    let text = bundle(&expired, &[]);
    t.case("expired and presumed").file("x.pem", expired.pem()).row("x.pem", BEFORE).certificate(
        &expired,
        "presumed expired expired manifest",
        "brings its key along",
    );
    t.case("expired and on the list").file("x.pem", &text).listed(expired.key.spki()).certificate(
        &expired,
        "exposed expired expired list",
        "pwned.txt",
    );
    t.case("expired and cleared").file("x.pem", &text).decided(expired.key.spki(), false, "x").certificate(
        &expired,
        "cleared expired clear decision",
        ": x",
    );
    t.case("expired, looked at while it was valid")
        .file("x.pem", &text)
        .row("x.pem", BEFORE)
        .looked_at("2016-12-01T00:00:00Z")
        .certificate(&expired, EXPOSED, "x.pem");
    let live = leaf("x.example").key(&expired.key).serial(6).from("2020-01-01").by(&ca);
    t.case("an expired one exposes the living one on its key")
        .file("x.pem", &text)
        .file("live.pem", live.pem())
        .row("x.pem", BEFORE)
        .row("live.pem", AFTER)
        .certificate(&live, EXPOSED, "its private key lies in x.pem")
        .certificate(&expired, "exposed expired expired manifest", "its private key lies in x.pem");
    let future = leaf("f.example").from("2030-01-01").by(&ca);
    t.case("not yet valid and exposed").file("f.pem", bundle(&future, &[])).row("f.pem", BEFORE).certificate(
        &future,
        "exposed not-yet-valid replace-and-revoke manifest",
        "its private key lies in f.pem",
    );
    t.case("not yet valid and clear").file("f.pem", bundle(&future, &[])).row("f.pem", AFTER).certificate(
        &future,
        "not-exposed not-yet-valid clear manifest",
        "at or after the cutoff",
    );
    let endless = leaf("e.example").by(&ca).endless(&ca.key);
    t.case("no end and only presumed").file("e.pem", endless.pem()).row("e.pem", BEFORE).certificate(
        &endless,
        "presumed unknown replace-and-revoke manifest",
        "an upload for TLS",
    );
    let backwards = leaf("b.example").from("2030-01-01").to("2020-01-01").by(&ca);
    t.case("ends before it begins: expired comes first")
        .file("b.pem", bundle(&backwards, &[]))
        .row("b.pem", BEFORE)
        .certificate(&backwards, "exposed expired expired manifest", "b.pem");
    let own = leaf("s.example").from("2018-01-01").self_signed();
    t.case("self-signed with dates of its own")
        .file("s.pem", bundle(&own, &[]))
        .certificate(&own, ON_DATES, "is of 2018-01-01")
        .finding("no-upload-record");
    t.case("self-signed, not to be trusted about its dates")
        .distrusting()
        .file("s.pem", bundle(&own, &[]))
        .certificate(
            &own,
            "undetermined valid replace certificate-dates",
            "the dates of certificates are not to be trusted",
        );
}
