//! Keys, certificates, authorities and lists.

use super::*;

#[test]
fn keys_that_are_not_in_the_file() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").by(&ca);
    t.case("leaf without its key, before").file("a.pem", l.pem()).row("a.pem", BEFORE).certificate(
        &l,
        "presumed valid replace-and-revoke manifest",
        "a certificate on it lies in a.pem, and an upload for TLS brings its key along; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
    );
    t.case("leaf without its key, after").file("a.pem", l.pem()).row("a.pem", AFTER).certificate(
        &l,
        "not-exposed valid clear manifest",
        "at or after the cutoff",
    );
    t.case("leaf without its key, no record").file("a.pem", l.pem()).certificate(
        &l,
        "undetermined valid replace-and-revoke certificate-dates",
        "an upload for TLS brings its key along",
    );
    t.case("leaf beside an encrypted key").file("a.pem", format!("{}{}", l.key.encrypted(), l.pem())).row("a.pem", BEFORE).certificate(
        &l,
        "presumed valid replace-and-revoke manifest",
        "a certificate on it lies in a.pem beside an encrypted private key; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
    );
    t.case("encrypted key whose public half lies in the clear")
        .file("key", l.key.encrypted_openssh())
        .row("key", BEFORE)
        .file("a.pem", l.pem())
        .row("a.pem", AFTER)
        .certificate(
            &l,
            "presumed valid replace-and-revoke manifest",
            "a private key in key says that it is this one, and nothing verifies that;",
        );
    t.case("key in a file of its own")
        .file("acme/cert.pem", l.pem())
        .file("acme/key.pem", l.key.pem())
        .row("acme/cert.pem", BEFORE)
        .row("acme/key.pem", BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in acme/key.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:3)",
        );
    t.case("key under three names, one of them before")
        .file("a/1.pem", l.key.pem())
        .file("b/2.pem", bundle(&l, &[]))
        .file("c/3.pem", l.key.traditional().0)
        .row("a/1.pem", AFTER)
        .row("b/2.pem", AFTER)
        .row("c/3.pem", BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in c/3.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:4)",
        );
    t.case("key under three names, none before")
        .file("a/1.pem", l.key.pem())
        .file("b/2.pem", bundle(&l, &[]))
        .file("c/3.pem", l.key.traditional().0)
        .uploaded(AFTER)
        .certificate(&l, "not-exposed valid clear uploaded", "at or after the cutoff");
    t.case("only a request").file("a.csr", l.key.request("a.example")).row("a.csr", BEFORE).key(
        l.key.spki(),
        "not-exposed public-only",
        "only its public half lies in a.csr",
    );
    t.case("only a bare public key").file("a.pub", l.key.public()).row("a.pub", BEFORE).key(
        l.key.spki(),
        "not-exposed public-only",
        "a.pub",
    );
    t.case("a request beside the leaf changes nothing")
        .file("a.csr", l.key.request("a.example"))
        .file("a.pem", l.pem())
        .uploaded(BEFORE)
        .certificate(&l, "presumed valid replace-and-revoke uploaded", "a certificate on it lies in a.pem");
    t.case("bare key before").file("k.pem", l.key.pem()).row("k.pem", BEFORE).key(
        l.key.spki(),
        "exposed manifest",
        "its private key lies in k.pem",
    );
    t.case("bare key after").file("k.pem", l.key.pem()).row("k.pem", AFTER).key(
        l.key.spki(),
        "not-exposed manifest",
        "at or after the cutoff",
    );
    t.case("bare key in DER").file("k.der", l.key.der()).row("k.der", BEFORE).key(
        l.key.spki(),
        "exposed manifest",
        "lies in k.der",
    );
    // The key is the unit: a certificate issued after the cutoff on a key uploaded before it is as
    // compromised as the old one.
    let old = leaked_leaf();
    let new = reissued_after_cutoff(&old);
    let reissued = || bundle(&new, &[]);
    t.case("reissued on the leaked key")
        .file("2015.pem", bundle(&old, &[]))
        .file("2019.pem", reissued())
        .row("2015.pem", BEFORE)
        .row("2019.pem", "2019-02-01T00:00:00Z")
        .certificate(
            &new,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in 2015.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
        )
        .certificate(&old, "exposed valid replace-and-revoke manifest", "its private key lies in 2015.pem");
    t.case("reissued on the leaked key, the old one expired")
        .file("2015.pem", bundle(&leaf("leaked.example").key(&old.key).to("2017-01-01").by(&ca), &[]))
        .file("2019.pem", new.pem())
        .row("2015.pem", BEFORE)
        .row("2019.pem", AFTER)
        .certificate(&new, "exposed valid replace-and-revoke manifest", "lies in 2015.pem");
}

#[test]
fn standings() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").from("2015-01-01").to("2017-12-31T23:59:59Z").by(&ca);
    let text = bundle(&l, &[]);
    let one = |t: &mut Table, name, as_of, uploaded: &str, want: &str| {
        t.case(name).file("a.pem", &text).row("a.pem", uploaded).looked_at(as_of).certificate(
            &l,
            want,
            "(uploads.csv:2)",
        );
    };
    one(t, "exposed and expired", NOW, BEFORE, "exposed expired expired manifest");
    one(t, "clear and expired", NOW, AFTER, "not-exposed expired clear manifest");
    one(t, "undetermined and expired", NOW, "2016-11-01", "undetermined expired expired manifest");
    // Valid up to and including notAfter, and from notBefore on.
    one(
        t,
        "the last second of validity",
        "2017-12-31T23:59:59Z",
        BEFORE,
        "exposed valid replace-and-revoke manifest",
    );
    one(t, "one second later", "2018-01-01T00:00:00Z", BEFORE, "exposed expired expired manifest");
    one(
        t,
        "the first second of validity",
        "2015-01-01T00:00:00Z",
        BEFORE,
        "exposed valid replace-and-revoke manifest",
    );
    one(
        t,
        "one second earlier",
        "2014-12-31T23:59:59Z",
        BEFORE,
        "exposed not-yet-valid replace-and-revoke manifest",
    );
    let endless = leaf("e.example").by(&ca).endless(&ca.key);
    t.case("no end date readable, exposed")
        .file("e.pem", bundle(&endless, &[]))
        .row("e.pem", BEFORE)
        .certificate(
            &endless,
            "exposed unknown replace-and-revoke manifest",
            "its private key lies in e.pem",
        );
    t.case("no end date readable, clear")
        .file("e.pem", bundle(&endless, &[]))
        .row("e.pem", AFTER)
        .certificate(&endless, "not-exposed unknown clear manifest", "at or after the cutoff");
}

#[test]
fn self_signed_certificates() {
    let t = &mut Table::default();
    let s = self_signed("s.example");
    t.case("self-signed CA:FALSE with its key")
        .file("s.pem", bundle(&s, &[]))
        .row("s.pem", BEFORE)
        .certificate(&s, "exposed valid replace manifest", "its private key lies in s.pem");
    t.case("self-signed CA:FALSE without its key").file("s.pem", s.pem()).row("s.pem", BEFORE).certificate(
        &s,
        "presumed valid replace manifest",
        "an upload for TLS brings its key along",
    );
    t.case("self-signed CA:FALSE, after").file("s.pem", bundle(&s, &[])).row("s.pem", AFTER).certificate(
        &s,
        "not-exposed valid clear manifest",
        "",
    );
    let expired = leaf("s.example").to("2016-01-01").self_signed();
    t.case("self-signed and expired").file("s.pem", bundle(&expired, &[])).row("s.pem", BEFORE).certificate(
        &expired,
        "exposed expired expired manifest",
        "lies in s.pem",
    );
    let ca = leaf("s.example").authority().self_signed();
    t.case("self-signed CA:TRUE with its key")
        .file("s.pem", bundle(&ca, &[]))
        .row("s.pem", BEFORE)
        .certificate(&ca, "exposed valid replace manifest", "its private key lies in s.pem");
    t.case("self-signed CA:TRUE without its key").file("s.pem", ca.pem()).row("s.pem", BEFORE).certificate(
        &ca,
        "presumed valid replace manifest",
        "a certificate on it lies in s.pem, and an upload for TLS brings its key along",
    );
}

#[test]
fn authorities() {
    let t = &mut Table::default();
    let root = private_ca();
    let intermediate = intermediate_of(&root);
    let l = leaf("a.example").by(&intermediate);
    let clear_chain = "not-exposed valid clear chain-certificate";
    t.case("intermediate and root in a bundle")
        .file("a.pem", bundle(&l, &[&intermediate, &root]))
        .row("a.pem", BEFORE)
        .certificate(&intermediate, clear_chain, "intermediates in a bundle come without their keys")
        .certificate(&root, clear_chain, "a CA certificate on it lies in a.pem")
        .certificate(&l, "exposed valid replace-and-revoke manifest", "its private key lies in a.pem");
    t.case("intermediate whose own key was uploaded before")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", BEFORE)
        .certificate(
            &intermediate,
            "exposed valid decide manifest",
            "its private key lies in ca.key; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:3)",
        )
        .certificate(
            &l,
            "not-exposed valid reissue issuer-key",
            "the key of the CA above it, CN=Example Intermediate, is exposed: whoever holds it",
        );
    t.case("intermediate whose own key was uploaded after")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", AFTER)
        .certificate(&intermediate, "not-exposed valid clear manifest", "its private key lies in ca.key")
        .certificate(&l, "not-exposed valid clear manifest", "");
    t.case("leaf two steps below an exposed root")
        .file("a.pem", bundle(&l, &[&intermediate, &root]))
        .file("root.key", root.key.pem())
        .row("a.pem", AFTER)
        .row("root.key", BEFORE)
        .certificate(&root, "exposed valid decide manifest", "its private key lies in root.key")
        .certificate(
            &intermediate,
            "not-exposed valid reissue issuer-key",
            "the key of the CA above it, CN=Example Private CA, is exposed",
        )
        .certificate(&l, "not-exposed valid reissue issuer-key", "CN=Example Private CA, is exposed");
    let (listed, other) = (private_ca(), private_ca());
    let of_other = leaf("b.example").by(&other);
    t.case("two CAs of one name, the one that did not sign on the list")
        .file("x.pem", bundle(&of_other, &[&listed, &other]))
        .row("x.pem", AFTER)
        .listed(listed.key.spki())
        .certificate(&listed, "exposed valid decide list", "the list of compromised keys")
        .certificate(&of_other, "not-exposed valid clear manifest", "");
    t.case("two CAs of one name, the one that signed on the list")
        .file("x.pem", bundle(&of_other, &[&listed, &other]))
        .row("x.pem", AFTER)
        .listed(other.key.spki())
        .certificate(&of_other, "not-exposed valid reissue issuer-key", "is exposed: whoever holds it");
    t.case("leaf with an exposed key below an exposed CA")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .uploaded(BEFORE)
        .certificate(&l, "exposed valid reissue issuer-key", "the key of the CA above it");
    let expired = leaf("a.example").from("2014-01-01").to("2016-01-01").by(&intermediate);
    t.case("expired leaf below an exposed CA")
        .file("a.pem", bundle(&expired, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", BEFORE)
        .certificate(&expired, "not-exposed expired clear issuer-key", "");
    let old_root = leaf("Example Private CA").authority().to("2016-06-01").self_signed();
    t.case("expired CA whose key was uploaded")
        .file("ca.pem", bundle(&old_root, &[]))
        .row("ca.pem", BEFORE)
        .certificate(&old_root, "exposed expired expired manifest", "its private key lies in ca.pem");
    // Names alone do not make an issuer where that decides something: a signature does.
    let v1 = named_ca("Old Root").version_1(&named_ca("unused").key);
    let v1 = v1.version_1(&v1.key);
    let below = leaf("b.example").by(&v1);
    t.case("version 1 root that issued another certificate here")
        .file("b.pem", bundle(&below, &[&v1]))
        .row("b.pem", BEFORE)
        .certificate(&v1, clear_chain, "a CA certificate on it lies in b.pem")
        .certificate(&below, "exposed valid replace-and-revoke manifest", "its private key lies in b.pem");
    t.case("version 1 root with its key uploaded")
        .file("b.pem", bundle(&below, &[]))
        .file("root.pem", bundle(&v1, &[]))
        .row("b.pem", AFTER)
        .row("root.pem", BEFORE)
        .certificate(&v1, "exposed valid decide manifest", "its private key lies in root.pem")
        .certificate(&below, "not-exposed valid reissue issuer-key", "CN=Old Root, is exposed");
    t.case("version 1 self-signed certificate that issued nothing")
        .file("v1.pem", v1.pem())
        .row("v1.pem", BEFORE)
        .certificate(&v1, "presumed valid replace manifest", "an upload for TLS brings its key along");
    let stranger = self_signed("Old Root");
    let stranger = stranger.version_1(&stranger.key);
    t.case("certificate named like an issuer whose signature it is not")
        .file("x.pem", chain(&[&stranger, &below]))
        .row("x.pem", BEFORE)
        .certificate(&stranger, "presumed valid replace manifest", "an upload for TLS brings its key along");
    let impostor = named_ca("Example Intermediate");
    let plain = leaf("p.example").by(&intermediate_of(&root));
    t.case("exposed CA of the same name that did not sign it")
        .file("p.pem", bundle(&plain, &[]))
        .file("impostor.pem", bundle(&impostor, &[]))
        .row("p.pem", AFTER)
        .row("impostor.pem", BEFORE)
        .certificate(&impostor, "exposed valid decide manifest", "its private key lies in impostor.pem")
        .certificate(&plain, "not-exposed valid clear manifest", "");
}

#[test]
fn lists_and_shared_factors() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").from("2018-01-01").by(&ca);
    t.case("key on the list, whatever the dates")
        .file("a.pem", l.pem())
        .row("a.pem", AFTER)
        .listed(l.key.spki())
        .certificate(
            &l,
            "exposed valid replace-and-revoke list",
            "the list of compromised keys \"pwned.txt\" names it",
        );
    let (other_form, raw) = compressed(&l.key);
    t.case("key on the list by the hash of another form that was met")
        .file("a.pem", l.pem())
        .file("a.pub", other_form)
        .row("a.pem", AFTER)
        .listed(raw)
        .certificate(&l, "exposed valid replace-and-revoke list", "pwned.txt");
    t.case("another key on the list")
        .file("a.pem", l.pem())
        .row("a.pem", AFTER)
        .listed(Key::new().spki())
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)");
    let root = private_ca();
    t.case("CA key on the list")
        .file("ca.pem", chain(&[&root, &leaf("b.example").by(&root)]))
        .row("ca.pem", AFTER)
        .listed(root.key.spki())
        .certificate(&root, "exposed valid decide list", "pwned.txt");
    let below = leaf("b.example").by(&root);
    t.case("leaf below a CA whose key is on the list")
        .file("ca.pem", chain(&[&root, &below]))
        .row("ca.pem", AFTER)
        .listed(root.key.spki())
        .certificate(&below, "not-exposed valid reissue issuer-key", "CN=Example Private CA, is exposed");
    // RSA keys with the same n and another e are one compromise.
    let rsa = Key::rsa();
    let sibling = RsaPublic::with_exponent(&rsa, 3);
    let first = leaf("r.example").key(&rsa).by(&ca);
    let second = leaf("r3.example").on_public_by(&sibling, &ca);
    t.case("same modulus, other exponent")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .row("r.pem", BEFORE)
        .row("r3.pem", AFTER)
        .certificate(
            &second,
            "exposed valid replace-and-revoke shared-factor",
            "it has the modulus of the key",
        )
        .key(sibling.spki(), "exposed shared-factor", &rsa.spki().to_string());
}

#[test]
fn one_modulus_is_one_compromise_when_it_is_only_presumed() {
    let t = &mut Table::default();
    let ca = public_ca();
    let rsa = Key::rsa();
    let first = leaf("r.example").key(&rsa).by(&ca);
    let second = leaf("r3.example").on_public_by(&RsaPublic::with_exponent(&rsa, 3), &ca);
    t.case("same modulus, other exponent, the first one presumed")
        .file("r.pem", first.pem())
        .file("r3.pem", second.pem())
        .row("r.pem", BEFORE)
        .row("r3.pem", AFTER)
        .certificate(&first, "presumed valid replace-and-revoke manifest", "")
        .certificate(&second, "presumed valid replace-and-revoke shared-factor", "");
}
