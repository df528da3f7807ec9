//! Which CA certificates came without their keys (DESIGN.md 2.4), and which are those of servers.

use super::*;
use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose, SanType};

const CHAIN: &str = "not-exposed valid clear chain-certificate";
const SERVER: &str = "presumed valid replace manifest";
const OWNER: &str = "presumed valid decide manifest";

/// As plain `openssl req -x509` makes it: CA:TRUE, no key usage, whatever it is for.
pub(super) fn by_default(name: &str) -> common::pki::Draft {
    leaf("x.example").with(|p| {
        p.distinguished_name = rcgen::DistinguishedName::new();
        p.distinguished_name.push(rcgen::DnType::CommonName, name);
        p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        p.subject_alt_names.clear();
    })
}

#[test]
fn self_signed_certificates_that_name_hosts_are_of_servers() {
    let t = &mut Table::default();
    let names: [(&'static str, common::pki::Draft); 9] = [
        ("host in a common name", by_default("a.field.example")),
        ("wildcard", by_default("*.field.example")),
        ("address in a common name", by_default("192.0.2.7")),
        ("address of version 6", by_default("2001:db8::7")),
        ("localhost", by_default("localhost")),
        ("U-label", by_default("bücher.example")),
        ("dNSName", by_default("Appliance").names(&["a.field.example"])),
        ("iPAddress", by_default("Appliance").also(SanType::IpAddress([192, 0, 2, 7].into()))),
        ("dNSName and all key usages of a CA", named_ca_draft("Appliance").names(&["nas"])),
    ];
    for (name, draft) in names {
        let server = draft.self_signed();
        t.case(name).file("s.crt", server.pem()).row("s.crt", BEFORE).certificate(
            &server,
            SERVER,
            "an upload for TLS brings its key along",
        );
        t.case(name)
            .file("s.pem", format!("{}{}", server.key.encrypted(), server.pem()))
            .row("s.pem", BEFORE)
            .certificate(&server, SERVER, "beside an encrypted private key");
        t.case(name).file("s.crt", server.pem()).row("s.crt", AFTER).certificate(
            &server,
            "not-exposed valid clear manifest",
            "at or after",
        );
        let below = leaf("below.example").by(&server);
        t.case(name)
            .file("d/s.crt", server.pem())
            .file("d/below.pem", bundle(&below, &[]))
            .row("d/s.crt", BEFORE)
            .row("d/below.pem", AFTER)
            .certificate(&server, SERVER, "")
            .certificate(&below, "not-exposed valid reissue issuer-key", "may be exposed");
    }
}

fn named_ca_draft(name: &str) -> common::pki::Draft {
    leaf(name).authority()
}

#[test]
fn certificates_that_signed_themselves_and_name_no_host() {
    let t = &mut Table::default();
    let ca = by_default("Example Root").self_signed();
    let below = leaf("below.example").by(&ca);
    t.case("alone: nothing says what it is for").file("ca.crt", ca.pem()).row("ca.crt", BEFORE).certificate(
        &ca,
        OWNER,
        "brings its key along",
    );
    t.case("beside what it issued, in one file")
        .file("d/b.pem", bundle(&below, &[&ca]))
        .row("d/b.pem", BEFORE)
        .certificate(&ca, CHAIN, "issued a certificate beside it")
        .finding("chain-by-signature")
        .certificate(&below, "exposed valid replace-and-revoke manifest", "");
    t.case("beside what it issued, in one folder")
        .file("d/ca.crt", ca.pem())
        .file("d/b.pem", bundle(&below, &[]))
        .row("d/ca.crt", BEFORE)
        .row("d/b.pem", BEFORE)
        .certificate(&ca, CHAIN, "issued a certificate beside it")
        .told("chain-by-signature", 1, "d/ca.crt");
    t.case("in another folder than what it issued")
        .file("ca/ca.crt", ca.pem())
        .file("d/b.pem", bundle(&below, &[]))
        .row("ca/ca.crt", BEFORE)
        .row("d/b.pem", BEFORE)
        .certificate(&ca, OWNER, "lies in ca/ca.crt")
        .no_finding("chain-by-signature");
    t.case("beside what only names it as issuer")
        .file("d/ca.crt", ca.pem())
        .file("d/b.pem", leaf("below.example").by(&by_default("Example Root").self_signed()).pem())
        .row("d/ca.crt", BEFORE)
        .row("d/b.pem", BEFORE)
        .certificate(&ca, OWNER, "");
    t.case("in one folder, in another archive")
        .member("a.tar", "ca.crt", ca.pem(), None)
        .member("b.tar", "b.pem", bundle(&below, &[]), None)
        .uploaded(BEFORE)
        .certificate(&ca, "presumed valid decide uploaded", "");
    t.case("in one folder of one archive")
        .member("a.tar", "d/ca.crt", ca.pem(), None)
        .member("a.tar", "d/b.pem", bundle(&below, &[]), None)
        .uploaded(BEFORE)
        .certificate(&ca, CHAIN, "");
    let usage = |bits: &[KeyUsagePurpose]| {
        by_default("Example Root").with(|p| p.key_usages = bits.to_vec()).self_signed()
    };
    let alone = usage(&[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]);
    t.case("may do nothing but issue")
        .file("ca.crt", alone.pem())
        .row("ca.crt", BEFORE)
        .certificate(&alone, CHAIN, "nothing but sign")
        .told("ca-alone", 1, "ca.crt");
    for bits in [
        &[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature][..],
        &[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::KeyEncipherment],
        &[KeyUsagePurpose::CrlSign],
        &[KeyUsagePurpose::DigitalSignature],
    ] {
        let other = usage(bits);
        t.case("may do what servers do")
            .file("ca.crt", other.pem())
            .row("ca.crt", BEFORE)
            .certificate(&other, OWNER, "")
            .no_finding("ca-alone");
    }
    let public = by_default("public.example").self_signed();
    t.case("a public CA that names a host, beside a locked key")
        .file("ca.pem", format!("{}{}", public.key.encrypted(), public.pem()))
        .row("ca.pem", BEFORE)
        .public(&public)
        .certificate(&public, CHAIN, "that of a public CA");
}

#[test]
fn certificates_that_another_key_signed() {
    let t = &mut Table::default();
    let root = private_ca();
    let by = |draft: common::pki::Draft| draft.by(&root);
    let plain = by(by_default("Example Intermediate"));
    t.case("CA without key usage").file("i.crt", plain.pem()).row("i.crt", BEFORE).certificate(
        &plain,
        CHAIN,
        "intermediates in a bundle come",
    );
    let named = by(by_default("ca.field.example"));
    t.case("a host in the common name alone")
        .file("i.crt", named.pem())
        .row("i.crt", BEFORE)
        .certificate(&named, CHAIN, "");
    let host = by(by_default("Appliance").names(&["nas.example"]));
    let server = "presumed valid replace-and-revoke manifest";
    t.case("dNSName").file("i.crt", host.pem()).row("i.crt", BEFORE).certificate(
        &host,
        server,
        "brings its key along",
    );
    let address = by(by_default("Appliance").also(SanType::IpAddress([192, 0, 2, 7].into())));
    t.case("iPAddress").file("i.crt", address.pem()).row("i.crt", BEFORE).certificate(&address, server, "");
    let mail = by(by_default("Appliance").also(SanType::Rfc822Name("ca@field.example".try_into().unwrap())));
    t.case("only a mail address")
        .file("i.crt", mail.pem())
        .row("i.crt", BEFORE)
        .certificate(&mail, CHAIN, "");
    let signs = by(by_default("Signer").with(|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]));
    t.case("may not sign certificates")
        .file("i.crt", signs.pem())
        .row("i.crt", BEFORE)
        .certificate(&signs, OWNER, "");
    let both = by(by_default("Signer")
        .with(|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign]));
    t.case("may sign certificates too")
        .file("i.crt", both.pem())
        .row("i.crt", BEFORE)
        .certificate(&both, CHAIN, "");
    // One name, two keys: it is not self-signed, and the other one signed it.
    let other = by_default("Example Private CA").by(&root);
    t.case("of its issuer's name, verified")
        .file("d/o.crt", other.pem())
        .file("d/root.crt", root.pem())
        .row("d/o.crt", BEFORE)
        .row("d/root.crt", BEFORE)
        .certificate(&other, CHAIN, "intermediates");
    t.case("of its issuer's name, nobody known signed it")
        .file("o.crt", other.pem())
        .row("o.crt", BEFORE)
        .certificate(&other, "presumed valid decide manifest", "");
}

#[test]
fn locked_and_damaged_keys_beside_a_chain_certificate() {
    let t = &mut Table::default();
    let root = private_ca();
    let ca = intermediate_of(&root);
    let server = leaf("a.example").by(&ca);
    let case = |t: &mut Table, name, files: &[(&'static str, String)], want: &str| {
        let mut case = t.case(name).uploaded(BEFORE);
        for (path, content) in files {
            case = case.file(path, content);
        }
        case.certificate(&ca, want, "");
    };
    let presumed = "presumed valid decide uploaded";
    let cut = |key: &Key| {
        key.pem().lines().take(2).collect::<Vec<_>>().join("\n") + "\n-----END PRIVATE KEY-----\n"
    };
    case(t, "locked, in one file", &[("ca.pem", ca.pem() + &ca.key.encrypted())], presumed);
    case(t, "damaged, in one file", &[("ca.pem", ca.pem() + &cut(&ca.key))], presumed);
    case(t, "locked, beside it", &[("d/ca.crt", ca.pem()), ("d/ca.key", ca.key.encrypted())], presumed);
    case(t, "damaged, beside it", &[("d/ca-cert.pem", ca.pem()), ("d/ca-key.pem", cut(&ca.key))], presumed);
    let store = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1][..], &[7; 64]].concat();
    t.case("a key store beside it")
        .uploaded(BEFORE)
        .file("d/ca.crt", ca.pem())
        .file("d/ca.jks", store)
        .certificate(&ca, presumed, "");
    case(t, "of another name", &[("d/ca.crt", ca.pem()), ("d/server.key", ca.key.encrypted())], CHAIN);
    case(t, "in another folder", &[("d/ca.crt", ca.pem()), ("e/ca.key", ca.key.encrypted())], CHAIN);
    case(t, "that of a server in the file", &[("b.pem", bundle_locked(&server, &ca))], CHAIN);
    // Anybody can add a request or a public key: they own no locked key.
    case(
        t,
        "beside a request",
        &[("b.pem", server.key.request("a.example") + &ca.pem() + &server.key.encrypted())],
        presumed,
    );
    case(
        t,
        "beside a public key",
        &[("d/ca.crt", ca.pem()), ("d/ca.key", ca.key.encrypted()), ("d/ca.pub", Key::new().public())],
        presumed,
    );
    case(
        t,
        "one that says whose it is",
        &[("d/ca.crt", ca.pem()), ("d/ca.key", ca.key.encrypted_openssh())],
        presumed,
    );
    case(
        t,
        "one that says that it is another's",
        &[("d/ca.crt", ca.pem()), ("d/ca.key", Key::new().encrypted_openssh())],
        CHAIN,
    );
    case(
        t,
        "in folders for certificates and keys",
        &[("certs/i.cert.pem", ca.pem()), ("private/i.key.pem", ca.key.encrypted())],
        presumed,
    );
    case(
        t,
        "in such folders of another place",
        &[("a/certs/i.pem", ca.pem()), ("b/private/i.pem", ca.key.encrypted())],
        CHAIN,
    );
    case(
        t,
        "one more than servers in the file",
        &[("b.pem", bundle_locked(&server, &ca) + &ca.key.encrypted())],
        presumed,
    );
    case(
        t,
        "a server whose own key lies there in the clear",
        &[("b.pem", bundle(&server, &[&ca]) + &ca.key.encrypted())],
        presumed,
    );
    let rsa = Key::rsa();
    let traditional =
        common::openssl(&["rsa", "-aes128", "-traditional", "-passout", "pass:x"], rsa.pem().as_bytes())
            .unwrap();
    let traditional = String::from_utf8(traditional).unwrap();
    case(t, "of another kind", &[("ca.pem", ca.pem() + &traditional)], CHAIN);
    case(
        t,
        "of the kind of no server",
        &[("b.pem", chain(&[&server, &ca]) + &traditional + &ca.key.encrypted())],
        CHAIN,
    );
}

fn bundle_locked(server: &Cert, ca: &Cert) -> String {
    chain(&[server, ca]) + &server.key.encrypted()
}

#[test]
fn only_certificates_of_cas_are_chain_certificates() {
    let t = &mut Table::default();
    let root = private_ca();
    let server = leaf("a.example").with(|p| p.is_ca = IsCa::ExplicitNoCa).by(&root);
    let presumed = "presumed valid replace-and-revoke manifest";
    // Who has the leaked key signs what he likes with it.
    let forged = leaf("victim.example").by(&server);
    t.case("signed with the key of a server")
        .file("d/a.pem", server.pem())
        .file("d/f.pem", forged.pem())
        .row("d/a.pem", BEFORE)
        .row("d/f.pem", AFTER)
        .certificate(&server, presumed, "")
        .told("signed-by-end-entity", 1, "d/f.pem")
        .certificate(&forged, "not-exposed valid reissue issuer-key", "");
    let bare = leaf("b.example").by(&root);
    let forged = leaf("victim.example").by(&bare);
    t.case("of version 3, without basic constraints")
        .file("d/a.pem", bare.pem())
        .file("d/f.pem", forged.pem())
        .row("d/a.pem", BEFORE)
        .row("d/f.pem", AFTER)
        .certificate(&bare, presumed, "")
        .finding("signed-by-end-entity");
    let draft = leaf("Old Root").with(|p| p.subject_alt_names.clear()).self_signed();
    let old = draft.version_1(&draft.key);
    let below = leaf("c.example").by(&draft);
    t.case("of version 1, issued another beside it")
        .file("d/old.crt", old.pem())
        .file("d/c.pem", bundle(&below, &[]))
        .row("d/old.crt", BEFORE)
        .row("d/c.pem", AFTER)
        .certificate(&old, CHAIN, "issued a certificate beside it")
        .told("signed-by-end-entity", 0, "");
    t.case("of version 1, issued nothing").file("old.crt", old.pem()).row("old.crt", BEFORE).certificate(
        &old,
        "presumed valid replace manifest",
        "",
    );
}

#[test]
fn no_key_is_younger_than_a_place_that_it_was_in() {
    let t = &mut Table::default();
    let new = leaf("a.example").from("2024-01-01").by(&public_ca());
    let places = [("request", new.key.request("a.example")), ("public key", new.key.public())];
    t.case("a certificate of 2024 alone").file("new.pem", new.pem()).certificate(
        &new,
        "not-exposed valid clear certificate-dates",
        "",
    );
    for (name, content) in &places {
        t.case(name)
            .file("new.pem", new.pem())
            .changed("old.txt", content, "2015-03-01T00:00:00Z")
            .certificate(
                &new,
                "undetermined valid replace-and-revoke certificate-dates",
                "the key was in some place by 2015-03-01",
            );
        t.case(name).file("new.pem", new.pem()).file("old.txt", content).row("old.txt", BEFORE).certificate(
            &new,
            "undetermined valid replace-and-revoke certificate-dates",
            "the key was in some place by 2015-06-01",
        );
        t.case(name)
            .file("new.pem", new.pem())
            .file("old.txt", content)
            .row("old.txt", AFTER)
            .row("new.pem", AFTER)
            .certificate(&new, "not-exposed valid clear manifest", "");
        t.case(name)
            .file("new/c.pem", new.pem())
            .file("old/site.pem", new.key.encrypted() + content)
            .row("old/site.pem", BEFORE)
            .row("new/c.pem", AFTER)
            .certificate(
                &new,
                "presumed valid replace-and-revoke manifest",
                "beside a locked private key that can be its own",
            );
        t.case(name)
            .file("new/c.pem", new.pem())
            .file("old/site.key", new.key.encrypted())
            .file("old/site.csr", content)
            .row("old/site.csr", BEFORE)
            .row("new/c.pem", AFTER)
            .certificate(
                &new,
                "presumed valid replace-and-revoke manifest",
                "lies in old/site.csr beside a locked",
            );
    }
    let late = leaf("b.example").from("2024-01-01").by(&public_ca());
    t.case("locked key of another kind beside the request")
        .file("new/c.pem", late.pem())
        .file("old/site.pem", {
            let rsa = common::openssl(
                &["rsa", "-aes128", "-traditional", "-passout", "pass:x"],
                Key::rsa().pem().as_bytes(),
            )
            .unwrap();
            String::from_utf8(rsa).unwrap() + &late.key.request("b.example")
        })
        .row("old/site.pem", BEFORE)
        .row("new/c.pem", AFTER)
        .certificate(&late, "not-exposed valid clear manifest", "");
}

#[test]
fn a_key_that_nothing_verifies_concerns_no_other() {
    let t = &mut Table::default();
    let ca = private_ca();
    let server = leaf("a.example").by(&ca);
    let claims = ca.key.encrypted_openssh();
    t.case("the CA is presumed, what hangs below it stands")
        .file("a.pem", bundle(&server, &[&ca]))
        .file("id", &claims)
        .row("a.pem", AFTER)
        .row("id", BEFORE)
        .certificate(&ca, "presumed valid decide manifest", "nothing verifies that")
        .finding("public-key-not-verified")
        .certificate(&server, "not-exposed valid clear manifest", "");
    t.case("the CA's own certificate stays a chain certificate")
        .file("a.pem", bundle(&server, &[&ca]))
        .file("id", &claims)
        .row("a.pem", BEFORE)
        .row("id", AFTER)
        .certificate(&ca, "not-exposed valid clear manifest", "nothing verifies that");
    t.case("cleared by decision")
        .file("id", claims)
        .file("a.pem", bundle(&server, &[&ca]))
        .uploaded(BEFORE)
        .decided(ca.key.spki(), false, "somebody else's file")
        .certificate(&ca, "cleared valid clear decision", "");
}

#[test]
fn the_signature_decides_who_issued_a_certificate() {
    let t = &mut Table::default();
    let ca = named_ca("Example CA");
    let twin = named_ca("Example CA");
    let strange = leaf("a.example")
        .with(|p| {
            p.use_authority_key_identifier_extension = false;
            // keyIdentifier [0], of no CA here.
            let id = common::pki::element(0x30, &common::pki::element(0x80, &[7; 20]));
            p.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 35], id));
        })
        .by(&ca);
    let below_ca = leaf("a.example").by(&ca);
    let below_twin = leaf("b.example").by(&twin);
    let reissue = "not-exposed valid reissue issuer-key";
    let clear = "not-exposed valid clear manifest";
    let with_lost_key = |t: &mut Table, name, of: &Cert, want: &str| {
        t.case(name)
            .file("ca.pem", bundle(&ca, &[]))
            .file("twin.pem", twin.pem())
            .file("a.pem", bundle(of, &[]))
            .row("ca.pem", BEFORE)
            .row("twin.pem", AFTER)
            .row("a.pem", AFTER)
            .certificate(of, want, "");
    };
    with_lost_key(t, "another key identifier than its issuer's", &strange, reissue);
    with_lost_key(t, "below the CA whose key is exposed", &below_ca, reissue);
    with_lost_key(t, "below another of its name", &below_twin, clear);
    let misused = |t: &mut Table, name, of: &Cert, want: &str| {
        t.case(name)
            .file("x/ca.pem", ca.pem())
            .file("y/twin.pem", twin.pem())
            .file("z/a.pem", bundle(of, &[]))
            .uploaded(AFTER)
            .decided(ca.key.spki(), true, "seen to sign what it should not")
            .certificate(of, want, "");
    };
    misused(t, "below the one of two CAs of one name that is misused", &below_ca, reissue);
    misused(t, "below the other of them", &below_twin, "not-exposed valid clear uploaded");
    t.case("below one of many of its name")
        .file("ca.pem", bundle(&ca, &[]))
        .file("others.pem", (0..100).map(|_| named_ca("Example CA").pem()).collect::<String>())
        .file("a.pem", bundle(&below_ca, &[]))
        .row("ca.pem", BEFORE)
        .row("a.pem", AFTER)
        .certificate(&below_ca, reissue, "");
}

/// The same with a signature algorithm that nobody knows.
fn by_unknown_algorithm(certificate: &Cert) -> Cert {
    let ecdsa = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let mut out = certificate.clone();
    while let Some(at) = out.der.windows(ecdsa.len()).position(|w| w == ecdsa) {
        out.der[at + ecdsa.len() - 1] = 0x7f;
    }
    out
}

#[test]
fn what_only_says_that_it_signed_itself_hangs_below_every_issuer_of_its_name() {
    let t = &mut Table::default();
    let ca = named_ca("Example CA");
    let own = by_unknown_algorithm(&named_ca("Example CA"));
    let below = leaf("a.example").key(&Key::new()).by(&own);
    t.case("a CA of the exposed one's name, by an algorithm that cannot be checked")
        .file("ca.pem", bundle(&ca, &[]))
        .file("own.pem", own.pem())
        .file("a.pem", bundle(&below, &[]))
        .row("ca.pem", BEFORE)
        .row("own.pem", AFTER)
        .row("a.pem", AFTER)
        .certificate(&own, "not-exposed valid reissue issuer-key", "")
        .finding("signature-not-checked")
        .certificate(&below, "not-exposed valid reissue issuer-key", "");
    let other = by_unknown_algorithm(&named_ca("Another CA"));
    t.case("a CA of another name")
        .file("ca.pem", bundle(&ca, &[]))
        .file("own.pem", other.pem())
        .row("ca.pem", BEFORE)
        .row("own.pem", AFTER)
        .certificate(&other, "not-exposed valid clear chain-certificate", "");
}

/// Old and new uploads of a CA and of what is below it.
fn world<'t>(
    t: &'t mut Table,
    name: &'static str,
    files: &[(&'static str, String)],
    of: &Cert,
    want: &str,
) -> Case<'t> {
    let mut case = t.case(name).row("a/ca.crt", BEFORE).row("a/ca.key", BEFORE).row("b/l.pem", AFTER);
    for (path, content) in files {
        case = case.file(path, content);
    }
    case.certificate(of, want, "")
}

#[test]
fn versions_without_extensions_and_extensions_that_cannot_be_read() {
    let t = &mut Table::default();
    let root = private_ca();
    let draft = by_default("Old Intermediate").by(&root);
    let old = draft.version_1(&root.key);
    let below = leaf("a.example").by(&draft);
    let issued = [("a/ca.crt", old.pem()), ("b/l.pem", bundle(&below, &[]))];
    world(t, "of version 1, and issued another", &issued, &old, CHAIN)
        .finding("chain-by-signature")
        .certificate(&old, CHAIN, "its version says nothing of CAs");
    let locked = [issued[0].clone(), issued[1].clone(), ("a/ca.key", old.key.encrypted())];
    world(t, "with its locked key", &locked, &old, "presumed valid decide manifest");
    world(t, "below that", &locked, &below, "not-exposed valid reissue issuer-key");
    let server = leaf("Mailserver").with(|p| p.subject_alt_names.clear()).by(&root);
    let server = server.version_1(&root.key);
    t.case("a server of version 1 whose leaked key signed something")
        .file("a/s.crt", server.pem())
        .file(
            "x/f.pem",
            leaf("Mailserver").with(|p| p.subject_alt_names.clear()).key(&server.key).by(&root).pem(),
        )
        .row("a/s.crt", BEFORE)
        .certificate(&server, "presumed valid replace-and-revoke manifest", "");
    // keyUsage as an OCTET STRING.
    let odd = by_default("Odd Intermediate").with(|p| {
        p.key_usages.clear();
        p.custom_extensions
            .push(rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![0x04, 0x01, 0x80]));
    });
    let odd = odd.by(&root);
    t.case("a key usage that cannot be read")
        .file("i.crt", odd.pem())
        .row("i.crt", BEFORE)
        .certificate(&odd, OWNER, "");
}

#[test]
fn an_unverified_key_takes_nothing_from_what_is_known() {
    let t = &mut Table::default();
    let ca = by_default("Lab").key(&Key::rsa()).self_signed();
    let below = leaf("a.example").by(&ca);
    let added = [
        ("none", String::new()),
        ("numbers without a private part", attacks::no_key(&ca.key, 65537, 12345)),
        ("another exponent", attacks::no_key(&ca.key, 3, 7)),
    ];
    for (name, content) in added {
        t.case(name)
            .file("any/ca.pem", ca.pem())
            .file("new/l.pem", bundle(&below, &[]))
            .file("x/k.pem", content)
            .row("new/l.pem", AFTER)
            .row("x/k.pem", BEFORE)
            .certificate(&below, "not-exposed valid reissue issuer-key", "");
    }
}

#[test]
fn a_limit_of_candidates_never_means_that_there_is_no_link() {
    let t = &mut Table::default();
    let root = by_default("Old Root").self_signed();
    let old = root.version_1(&root.key);
    let below = leaf("a.example").by(&root);
    let others = |count: usize| (0..count).map(|_| named_usage_ca("Old Root").pem()).collect::<String>();
    t.case("a root of version 1 among many of its name")
        .file("o/root.crt", old.pem())
        .file("n/l.pem", bundle(&below, &[]))
        .file("z/d.pem", others(90))
        .row("o/root.crt", BEFORE)
        .row("n/l.pem", AFTER)
        .certificate(&below, "not-exposed valid reissue issuer-key", "");
    let ca = intermediate_of(&private_ca());
    let below = leaf("b.example").by(&ca);
    t.case("a CA that is presumed for its request beside a locked key")
        .file("o/x.csr", ca.key.request("Example Intermediate"))
        .file("o/x.key", ca.key.encrypted())
        .file("i/ca.pem", ca.pem())
        .file("n/l.pem", bundle(&below, &[]))
        .file("z/d.pem", (0..90).map(|_| named_usage_ca("Example Intermediate").pem()).collect::<String>())
        .row("o/x.csr", BEFORE)
        .row("i/ca.pem", AFTER)
        .row("n/l.pem", AFTER)
        .certificate(&below, "not-exposed valid reissue issuer-key", "");
}

fn named_usage_ca(name: &str) -> Cert {
    by_default(name)
        .with(|p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign])
        .self_signed()
}
