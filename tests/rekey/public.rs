//! What public TLS CAs refuse is not asked of them, each thing with its rule; what the owner wants is asked
//! for.

use std::path::Path;

use certrecall::pki::dn;
use certrecall::plan::ca::{Reach, Sort};
use certrecall::rekey::{
    Action, Ca, CommonName, KeyFormat, KeyKinds, KeySpec, Made, NameEdit, NewKind, Next, OldKey, Order,
    Target, Wanted, foresee,
};

use super::certificates::{Build, common_name, extension, nine_names, oid, p256, seq, tlv};
use super::{openssl, wanted, wanted_of};

fn public(operator: Option<&str>) -> Ca {
    Ca { reach: Some(Reach::Public), sort: Some(Sort::TlsServer), operator: operator.map(Into::into) }
}

fn subject(text: &str) -> Vec<u8> {
    seq(&[dn::parse(text).unwrap()])
}

fn dns(names: &[&str]) -> Vec<u8> {
    extension("2.5.29.17", false, &seq(&names.iter().map(|n| tlv(0x82, n.as_bytes())).collect::<Vec<_>>()))
}

fn addresses(all: &[&[u8]]) -> Vec<u8> {
    let named =
        seq(&[&[tlv(0x82, b"www.example.com")][..], &all.iter().map(|a| tlv(0x87, a)).collect::<Vec<_>>()]
            .concat());
    extension("2.5.29.17", false, &named)
}

fn usages(oids: &[&str]) -> Vec<u8> {
    extension("2.5.29.37", false, &seq(&oids.iter().map(|o| oid(o)).collect::<Vec<_>>()))
}

fn policies(oid_text: &str) -> Vec<u8> {
    extension("2.5.29.32", false, &seq(&[seq(&[oid(oid_text)])]))
}

/// One request and what openssl says of it.
struct Asked {
    made: Made,
    text: String,
}

fn ask(case: &Path, certificate: &Build, ca: Ca, order: Order) -> Result<Asked, String> {
    let wanted = wanted_of(ca, Wanted { order, ..wanted("the one", certificate.der(), p256()) });
    let outcome = super::make(std::slice::from_ref(&wanted), None, case, &|_| false, 1, &|_| {}).unwrap();
    assert_eq!(
        foresee(&wanted).err(),
        outcome.refused.first().map(|r| r.says.clone()),
        "what is foreseen is what happens"
    );
    let Some(made) = outcome.made.into_iter().next() else { return Err(outcome.refused[0].says.clone()) };
    let file = case.join(&made.directory).join("request.pem");
    assert!(openssl(&["req", "-verify", "-noout"], &file).1.contains("verify OK"));
    let text =
        openssl(&["req", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space,esc_2253"], &file).0;
    Ok(Asked { made, text: String::from_utf8(text).unwrap() })
}

impl Asked {
    fn change(&self, what: &str) -> (Action, &str) {
        let change = self.made.record.changes.iter().find(|c| c.what == what);
        let change = change.unwrap_or_else(|| panic!("{what} in {:?}", self.made.record.changes));
        (change.action, &change.reason)
    }

    fn codes(&self) -> Vec<&str> {
        self.made.record.findings.iter().map(|c| c.as_str()).collect()
    }
}

/// A certificate, what openssl shows of the request, what it must not, and the changes with a part of their
/// reasons.
struct Row {
    name: &'static str,
    subject: &'static str,
    extensions: Vec<Vec<u8>>,
    shows: &'static [&'static str],
    hides: &'static [&'static str],
    changes: &'static [(&'static str, Action, &'static str)],
}

fn rows() -> Vec<Row> {
    use Action::{Added, Changed, Dropped, Kept};
    let row =
        |name, subject, extensions| Row { name, subject, extensions, shows: &[], hides: &[], changes: &[] };
    let www = "CN=www.example.com";
    vec![
        Row {
            shows: &["DNS:www.example.com\n"],
            hides: &["db1", "printer", "a_b", "*.com"],
            changes: &[
                ("subjectAltName", Changed, "without what public CAs refuse"),
                ("subjectAltName DNS:db1", Dropped, "BR 4.2.2"),
                ("subjectAltName DNS:printer.local", Dropped, "RFC 6762"),
                ("subjectAltName DNS:a_b.example.com", Dropped, "underscore"),
                ("subjectAltName DNS:*.com", Dropped, "BR 3.2.2.6"),
                ("subject", Kept, "byte by byte"),
            ],
            ..row(
                "internal names",
                www,
                vec![dns(&["www.example.com", "db1", "printer.local", "a_b.example.com", "*.com"])],
            )
        },
        Row {
            shows: &["DNS:www.example.com, IP Address:8.8.8.8\n"],
            changes: &[
                ("subjectAltName IP:10.0.0.1", Dropped, "RFC 1918"),
                ("subjectAltName IP:fd00::1", Dropped, "RFC 4193"),
                ("subjectAltName IP:#0102", Dropped, "4 or 16 octets"),
            ],
            ..row(
                "reserved addresses",
                www,
                vec![addresses(&[
                    &[10, 0, 0, 1],
                    &[8, 8, 8, 8],
                    &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                    &[1, 2],
                ])],
            )
        },
        Row {
            shows: &["DNS:www.example.com\n"],
            hides: &["othername", "email", "DirName", "URI", "Registered"],
            changes: &[
                ("subjectAltName email:mail@example.com", Dropped, "BR 7.1.2.7.12"),
                ("subjectAltName URI:https://example.com/x", Dropped, "BR 7.1.2.7.12"),
                ("subjectAltName otherName 1.3.6.1.4.1.311.20.2.3", Dropped, "BR 7.1.2.7.12"),
                ("subjectAltName directoryName CN=directory", Dropped, "BR 7.1.2.7.12"),
                ("subjectAltName registeredID 1.2.3.4", Dropped, "BR 7.1.2.7.12"),
                ("subjectAltName x400Address", Dropped, "read by few parsers"),
                ("subjectAltName ediPartyName", Dropped, "read by few parsers"),
                ("subjectAltName IP:192.0.2.7", Dropped, "RFC 5737"),
            ],
            ..row("other kinds of name", www, vec![extension("2.5.29.17", false, &nine_names())])
        },
        Row {
            shows: &["DNS:www.example.com, DNS:x.example.com"],
            changes: &[("subjectAltName DNS:x.example.com.", Changed, "dot of the root")],
            ..row("a dot at the end", www, vec![dns(&["www.example.com", "x.example.com."])])
        },
        Row {
            shows: &["Subject: O=Example, CN=www.example.com\n", "DNS:www.example.com, DNS:x.example.com\n"],
            changes: &[
                ("subjectAltName DNS:www.example.com.", Dropped, "among the names already"),
                ("subjectAltName DNS:x.example.com.", Changed, "dot of the root"),
                ("subjectAltName DNS:X.example.com.", Dropped, "among the names already"),
                ("subject CN=www.example.com.", Changed, "dot of the root"),
                ("subject", Changed, "the rest byte by byte"),
            ],
            ..row(
                "a dot at the end that makes it another name's twin",
                "CN=www.example.com.,O=Example",
                vec![dns(&["www.example.com.", "www.example.com", "x.example.com.", "X.example.com."])],
            )
        },
        Row {
            shows: &["Subject: C=DE, O=Example, CN=www.example.com\n"],
            changes: &[
                ("subject", Changed, "without what public"),
                ("subject OU=Sales", Dropped, "2022-09-01"),
                ("subject OU=IT", Dropped, "7.1.2.7"),
            ],
            ..row(
                "units",
                "CN=www.example.com+OU=IT,OU=Sales,O=Example,C=DE",
                vec![dns(&["www.example.com"])],
            )
        },
        Row {
            shows: &["Subject: O=Example\n"],
            changes: &[
                ("subject CN=old.example.com", Dropped, "BR 7.1.4.3"),
                ("subject CN=a person", Dropped, "BR 7.1.4.3"),
            ],
            ..row(
                "a common name that is no name",
                "CN=a person,CN=old.example.com,O=Example",
                vec![dns(&["www.example.com"])],
            )
        },
        Row {
            shows: &["Subject: \n", "X509v3 Subject Alternative Name: critical"],
            changes: &[
                ("subject CN=old.example.com", Dropped, "BR 7.1.4.3"),
                ("subjectAltName critical", Added, "4.2.1.6"),
            ],
            ..row("nothing left of the subject", "CN=old.example.com", vec![dns(&["www.example.com"])])
        },
        Row {
            shows: &["Subject: CN=WWW.example.com\n"],
            changes: &[("subject O=The CA wrote this", Dropped, "domain-validated")],
            ..row(
                "domain-validated by policy",
                "CN=WWW.example.com,O=The CA wrote this",
                vec![dns(&["www.example.com"]), policies("2.23.140.1.2.1")],
            )
        },
        Row {
            shows: &["Subject: CN=www.example.com\n"],
            changes: &[
                ("subject OU=PositiveSSL", Dropped, "2022"),
                ("subject OU=Domain Control Validated", Dropped, "2022"),
            ],
            ..row(
                "domain-validated by units",
                "CN=www.example.com,OU=PositiveSSL,OU=Domain Control Validated",
                vec![dns(&["www.example.com"])],
            )
        },
        Row {
            shows: &["Subject: CN=www.example.com\n"],
            changes: &[
                ("subject serialNumber=abc", Dropped, "domain-validated"),
                ("subject OU=GT12345678", Dropped, "2022"),
            ],
            ..row(
                "a number of a reseller",
                "CN=www.example.com,OU=GT12345678,serialNumber=abc",
                vec![dns(&["www.example.com"])],
            )
        },
        Row {
            shows: &["Subject: O=Example, CN=www.example.com\n"],
            changes: &[("subject", Kept, "byte by byte")],
            ..row(
                "organization-validated",
                "CN=www.example.com,O=Example",
                vec![dns(&["www.example.com"]), policies("2.23.140.1.2.2")],
            )
        },
        Row {
            shows: &["TLS Web Server Authentication, TLS Web Client Authentication, 1.2.3.4\n"],
            changes: &[
                ("extendedKeyUsage 1.3.6.1.5.5.7.3.3", Dropped, "7.1.2.7.10"),
                ("extendedKeyUsage 1.3.6.1.5.5.7.3.4", Dropped, "7.1.2.7.10"),
                ("extendedKeyUsage 2.5.29.37.0", Dropped, "7.1.2.7.10"),
                ("extendedKeyUsage clientAuth", Kept, "2026"),
            ],
            ..row(
                "purposes",
                www,
                vec![
                    dns(&["www.example.com"]),
                    usages(&[
                        "1.3.6.1.5.5.7.3.1",
                        "1.3.6.1.5.5.7.3.2",
                        "1.3.6.1.5.5.7.3.3",
                        "1.3.6.1.5.5.7.3.4",
                        "2.5.29.37.0",
                        "1.2.3.4",
                    ]),
                ],
            )
        },
        Row {
            hides: &["Extended Key Usage"],
            ..row("no purpose left", www, vec![dns(&["www.example.com"]), usages(&["2.5.29.37.0"])])
        },
        Row {
            shows: &["status_request", "DNS:www.example.com"],
            changes: &[("subjectAltName", Added, "the common name is a host"), ("tlsFeature", Kept, "")],
            ..row(
                "a host in the common name alone",
                www,
                vec![extension("1.3.6.1.5.5.7.1.24", false, &seq(&[vec![2, 1, 5]]))],
            )
        },
    ]
}

#[test]
fn each_rule_takes_what_it_is_for() {
    for row in rows() {
        let case = tempfile::tempdir().unwrap();
        let build = Build::new(subject(row.subject), row.extensions.clone());
        let asked = ask(case.path(), &build, public(None), Order::default())
            .unwrap_or_else(|e| panic!("{}: {e}", row.name));
        row.shows
            .iter()
            .for_each(|line| assert!(asked.text.contains(line), "{}: {line} in {}", row.name, asked.text));
        row.hides.iter().for_each(|line| {
            assert!(!asked.text.contains(line), "{}: no {line} in {}", row.name, asked.text)
        });
        for (what, action, reason) in row.changes {
            let (found, why) = asked.change(what);
            assert!(found == *action && why.contains(reason), "{}: {what} {found:?} {why}", row.name);
        }
        // What no CA is asked for is no matter of public ones.
        let public_only = |(_, action, why): &(&str, Action, &str)| {
            *action == Action::Dropped && !why.contains("among the names already")
        };
        let dropped = row.changes.iter().any(public_only) || row.name == "no purpose left";
        assert_eq!(asked.codes().contains(&"not-at-a-public-ca"), dropped, "{}", row.name);
        assert_eq!(asked.codes().contains(&"client-auth-ends"), row.name == "purposes");
        // Every other CA gets all of it.
        for reach in [None, Some(Reach::Private), Some(Reach::SelfSigned), Some(Reach::Unknown)] {
            let case = tempfile::tempdir().unwrap();
            let asked = ask(case.path(), &build, Ca { reach, ..public(None) }, Order::default()).unwrap();
            assert!(
                asked.made.record.changes.iter().all(|c| !c.reason.contains("BR ")),
                "{} at {reach:?}",
                row.name
            );
            assert!(!asked.codes().contains(&"not-at-a-public-ca"));
        }
        let case = tempfile::tempdir().unwrap();
        let mail = ask(case.path(), &build, Ca { sort: Some(Sort::Smime), ..public(None) }, Order::default())
            .unwrap();
        assert!(!mail.codes().contains(&"not-at-a-public-ca"), "the rules are those of TLS");
    }
}

#[test]
fn must_staple_goes_where_the_ca_has_no_ocsp() {
    let build = || {
        Build::new(
            common_name("www.example.com"),
            vec![extension("1.3.6.1.5.5.7.1.24", false, &seq(&[vec![2, 1, 5]]))],
        )
    };
    let case = tempfile::tempdir().unwrap();
    let asked = ask(case.path(), &build(), public(Some("lets-encrypt")), Order::default()).unwrap();
    assert!(!asked.text.contains("status_request") && asked.change("tlsFeature").0 == Action::Dropped);
    let case = tempfile::tempdir().unwrap();
    assert!(
        ask(case.path(), &build(), public(Some("digicert")), Order::default())
            .unwrap()
            .text
            .contains("status_request")
    );
}

#[test]
fn nothing_left_is_refused_and_so_is_what_the_owner_may_not_ask() {
    let order = Order::default;
    let internal = Build::new(common_name("db1.corp"), vec![dns(&["db1", "db1.corp"])]);
    let person = Build::new(common_name("John Q. Public"), vec![]);
    let plain = Build::new(common_name("www.example.com"), vec![]);
    let names = |text: &[&str]| text.iter().map(|t| t.parse::<NameEdit>().unwrap()).collect::<Vec<_>>();
    let given = |text: &str| Order { subject: Some(dn::parse(text).unwrap()), ..order() };
    for (build, order, says) in [
        (&internal, order(), "nothing is left to ask a public CA for"),
        (&person, order(), "nothing is left"),
        (&plain, Order { names: names(&["drop:www.example.com"]), ..order() }, "nothing is left"),
        (
            &plain,
            Order { names: names(&["add:db1.local"]), ..order() },
            "DNS:db1.local is asked for, and no public CA certifies it",
        ),
        (&plain, Order { names: names(&["add:10.1.1.1"]), ..order() }, "IP:10.1.1.1 is asked for"),
        (
            &plain,
            Order { names: names(&["drop:other.example.com"]), ..order() },
            "there are DNS:www.example.com",
        ),
        (&plain, Order { key: KeySpec::Ed25519, ..order() }, "no Ed25519"),
        (&plain, given("CN=www.example.com,OU=x"), "the subject given has OU=x"),
        (&plain, given("CN=other.example.com"), "the subject given has CN=other.example.com"),
    ] {
        let case = tempfile::tempdir().unwrap();
        let error = ask(case.path(), build, public(None), order).err().unwrap_or_else(|| panic!("{says}"));
        assert!(error.contains(says), "{error}");
        assert_eq!(super::names(&case.path().join("replacements")).len(), 0, "nothing is made of it");
    }
    // A private CA is asked for all of that.
    let case = tempfile::tempdir().unwrap();
    let private = Ca { reach: Some(Reach::Private), ..public(None) };
    assert!(ask(case.path(), &internal, private, Order { key: KeySpec::Ed25519, ..order() }).is_ok());
}

#[test]
fn every_name_that_is_listed_can_be_dropped() {
    let odd = seq(&[
        tlv(0x82, b"a b"),
        tlv(0x82, b""),
        tlv(0x82, b"x\ny"),
        tlv(0x87, b"\x01\x02\x03"),
        tlv(0x89, b"x"),
        tlv(0x82, b"www.example.com"),
    ]);
    let private = || Ca { reach: Some(Reach::Private), ..Ca::default() };
    for all in [nine_names(), odd] {
        let build = Build::new(common_name("www.example.com"), vec![extension("2.5.29.17", false, &all)]);
        let drop =
            |text: &str| Order { names: vec![format!("drop:{text}").parse().unwrap()], ..Order::default() };
        let case = tempfile::tempdir().unwrap();
        let listed = ask(case.path(), &build, private(), drop("nobody.example")).err().unwrap();
        let listed: Vec<&str> = listed.split_once("; there are ").unwrap().1.split(", ").collect();
        // Those that are left out are no less known to their owner.
        let case = tempfile::tempdir().unwrap();
        let asked = ask(case.path(), &build, private(), Order::default()).unwrap();
        let left_out = asked
            .made
            .record
            .changes
            .iter()
            .filter(|c| c.action == Action::Dropped)
            .filter_map(|c| c.what.strip_prefix("subjectAltName "));
        let all: Vec<&str> = listed.into_iter().chain(left_out.filter(|name| !name.is_empty())).collect();
        assert!(all.len() > 5, "{all:?}");
        for name in all {
            let asked = ask(case.path(), &build, private(), drop(name)).unwrap();
            assert_eq!(asked.change(&format!("subjectAltName {name}")).0, Action::Dropped);
        }
    }
    assert!("drop:".parse::<NameEdit>().is_err());
}

#[test]
fn owners_wishes_are_asked_for_and_told() {
    let build = Build::new(
        subject("CN=www.example.com+OU=x,O=Example"),
        vec![dns(&["www.example.com", "old.example.com"])],
    );
    let names = |text: &[&str]| text.iter().map(|t| t.parse::<NameEdit>().unwrap()).collect::<Vec<_>>();
    let case = tempfile::tempdir().unwrap();
    let private = || Ca { reach: Some(Reach::Private), ..Ca::default() };
    let edits = names(&[
        "add:new.example.com",
        "drop:OLD.example.com",
        "add:ip:2001:db8::1",
        "add:email:a@example.com",
        "add:uri:urn:x",
        "add:www.example.com",
    ]);
    let asked = ask(case.path(), &build, private(), Order { names: edits, ..Order::default() }).unwrap();
    assert!(
        asked.text.contains("DNS:www.example.com, DNS:new.example.com, IP Address:2001:DB8:0:0:0:0:0:1, email:a@example.com, URI:urn:x"),
        "{}",
        asked.text
    );
    assert_eq!(asked.change("subjectAltName DNS:old.example.com").0, Action::Dropped);
    assert_eq!(asked.change("subjectAltName DNS:new.example.com").0, Action::Added);
    assert_eq!(
        (asked.change("subjectAltName").0, asked.change("subject").0),
        (Action::Changed, Action::Kept)
    );
    assert_eq!(asked.made.record.names, ["www.example.com", "new.example.com", "2001:db8::1"]);

    let case = tempfile::tempdir().unwrap();
    let order = Order {
        subject: Some(dn::parse("CN=Other,O=Größe,C=DE").unwrap()),
        common_name: CommonName::FirstSan,
        ..Order::default()
    };
    let asked = ask(case.path(), &build, private(), order).unwrap();
    assert!(asked.text.contains("Subject: C=DE, O=Größe, CN=www.example.com\n"), "{}", asked.text);
    assert_eq!(asked.made.record.subject, "CN=www.example.com,O=Größe,C=DE");
    assert_eq!(
        (asked.change("subject").0, asked.change("subject CN=Other").0),
        (Action::Changed, Action::Dropped)
    );

    let case = tempfile::tempdir().unwrap();
    let asked =
        ask(case.path(), &build, private(), Order { common_name: CommonName::Drop, ..Order::default() })
            .unwrap();
    assert!(asked.text.contains("Subject: O=Example, OU=x\n"), "{}", asked.text);

    let case = tempfile::tempdir().unwrap();
    let bare = Build::new(seq(&[]), vec![]);
    let asked =
        ask(case.path(), &bare, private(), Order { names: names(&["add:a.example"]), ..Order::default() })
            .unwrap();
    assert!(
        asked.text.contains("X509v3 Subject Alternative Name: critical\n                    DNS:a.example"),
        "{}",
        asked.text
    );
}

#[test]
fn a_request_for_nothing_is_not_made() {
    let case = tempfile::tempdir().unwrap();
    let asks = |build: &Build, order| {
        ask(case.path(), build, Ca { reach: Some(Reach::Private), ..Ca::default() }, order).map(drop)
    };
    let named = |text: &str| Build::new(common_name(text), vec![]);
    let bare = Build::new(seq(&[]), vec![]);
    let dropped = Order { common_name: CommonName::Drop, ..Order::default() };
    let given = |text: &str| Order { subject: Some(dn::parse(text).unwrap()), ..Order::default() };
    for (build, order, says) in [
        (&bare, Order::default(), "neither a subject nor a name"),
        (&named("a person"), dropped, "neither a subject nor a name"),
        (&named("."), Order::default(), "names nothing"),
        (&Build::new(common_name("x"), vec![dns(&["a.example"])]), given("CN=."), "names nothing"),
        (&named("x"), given("CN=a\\07b"), "control characters"),
    ] {
        let said = asks(build, order).unwrap_err();
        assert!(said.contains(says), "{said}");
    }
    let old = Build::new(common_name("."), vec![dns(&["a.example"])]);
    assert_eq!(asks(&old, Order::default()), Ok(()), "beside names it stays as it was");
    assert_eq!(asks(&named("a person"), Order::default()), Ok(()));
}

#[test]
fn edits_that_contradict_are_seen() {
    let edits = |text: &[&str]| text.iter().map(|t| t.parse::<NameEdit>().unwrap()).collect::<Vec<_>>();
    assert!(NameEdit::contradict(&edits(&["add:a.example", "drop:dns:a.example"])).is_some());
    assert!(NameEdit::contradict(&edits(&["add:a.example", "drop:b.example"])).is_none());
    assert!("a.example".parse::<NameEdit>().is_err() && "add:".parse::<NameEdit>().is_err());
    assert!("middle".parse::<CommonName>().is_err());
}

#[test]
fn a_target_decides_about_the_key() {
    let zendesk = || Some(Target::named("zendesk").unwrap());
    let case = tempfile::tempdir().unwrap();
    let old = OldKey { algorithm: "ec".into(), curve: Some("secp384r1".into()), bits: 384 };
    let certificate = Build::new(common_name("help.example.com"), vec![]).der();
    let order = |key, format| Order { key, format, target: zendesk(), ..Order::default() };
    let of =
        |key, format| Wanted { order: order(key, format), ..wanted("x", certificate.clone(), old.clone()) };
    let all = [
        of(KeySpec::Mirror, KeyFormat::Pkcs8),
        of(KeySpec::Rsa2048, KeyFormat::Pkcs1),
        of(KeySpec::EcdsaP384, KeyFormat::Pkcs8),
        of(KeySpec::Mirror, KeyFormat::Pkcs8Encrypted),
    ];
    let outcome = super::make(&all, None, case.path(), &|_| false, 1, &|_| {}).unwrap();
    let kinds: Vec<_> =
        outcome.made.iter().map(|m| (m.record.key_algorithm.as_str(), m.record.key_bits)).collect();
    assert_eq!(kinds, [("ec", 256), ("rsa", 2048)]);
    let key = outcome.made[0].record.changes.iter().find(|c| c.what == "key").unwrap();
    assert_eq!(
        (key.action, key.reason.as_str()),
        (Action::Changed, "Zendesk takes no ecdsa-p384 key, so it is ecdsa-p256")
    );
    let says: Vec<_> = outcome.refused.iter().map(|r| r.says.as_str()).collect();
    assert!(
        says.len() == 2 && says[0].contains("takes no ecdsa-p384 key, but rsa-2048 or ecdsa-p256"),
        "{says:?}"
    );
}

#[test]
fn a_kind_of_key_that_the_ca_refuses_becomes_the_nearest_that_it_takes() {
    let certificate = || Build::new(common_name("www.example.com"), vec![]).der();
    let old = |algorithm: &str, curve: Option<&str>, bits| OldKey {
        algorithm: algorithm.into(),
        curve: curve.map(Into::into),
        bits,
    };
    let (p521, ed25519, rsa) =
        (old("ec", Some("secp521r1"), 521), old("ed25519", None, 255), old("rsa", None, 3072));
    let private = Ca { reach: Some(Reach::Private), ..public(None) };
    let only = |kinds: &[NewKind]| Next {
        key_kinds: Some(KeyKinds { kinds: kinds.to_vec(), source: "its CPS".into() }),
        ..Next::default()
    };
    let zendesk = || Order { target: Some(Target::named("zendesk").unwrap()), ..Order::default() };
    let asks = |key| Order { key, ..Order::default() };
    let (ec384, ec256, rsa4096) = (NewKind::EcdsaP384, NewKind::EcdsaP256, NewKind::Rsa4096);
    type Row<'r> = (&'r OldKey, Ca, Next, Order, Result<(&'r str, u32), &'r str>);
    let rows: Vec<Row<'_>> = vec![
        (&p521, public(None), Next::default(), Order::default(), Ok(("ec", 384))),
        (&ed25519, public(None), Next::default(), Order::default(), Ok(("ec", 256))),
        (&rsa, public(None), Next::default(), Order::default(), Ok(("rsa", 3072))),
        (&p521, private.clone(), Next::default(), Order::default(), Ok(("ec", 521))),
        (&ed25519, Ca::default(), Next::default(), Order::default(), Ok(("ed25519", 255))),
        (
            &p521,
            Ca { sort: Some(Sort::Smime), ..public(None) },
            Next::default(),
            Order::default(),
            Ok(("ec", 521)),
        ),
        // What an entry about the CA says goes first, of a private CA too.
        (&p521, private.clone(), only(&[ec256]), Order::default(), Ok(("ec", 256))),
        (&rsa, private.clone(), only(&[NewKind::Rsa2048, rsa4096]), Order::default(), Ok(("rsa", 4096))),
        (&p521, public(None), only(&[rsa4096, ec384]), Order::default(), Ok(("ec", 384))),
        // Where the key goes counts too.
        (&p521, public(None), Next::default(), zendesk(), Ok(("ec", 256))),
        (
            &ed25519,
            public(None),
            only(&[ec384]),
            zendesk(),
            Err("a public CA certifies no RSA-2048 key (its CPS); choose --key of another kind"),
        ),
        (
            &p521,
            public(None),
            Next::default(),
            asks(KeySpec::EcdsaP521),
            Err("certifies no P-521 key (Mozilla"),
        ),
        (
            &rsa,
            private,
            only(&[ec384]),
            asks(KeySpec::Rsa4096),
            Err("certifies no RSA-4096 key (its CPS); choose --key ecdsa-p384"),
        ),
    ];
    for (old, ca, next, order, expected) in rows {
        let case = tempfile::tempdir().unwrap();
        let wanted =
            wanted_of(ca, Wanted { next, order, ..wanted("www.example.com", certificate(), old.clone()) });
        let outcome =
            super::make(std::slice::from_ref(&wanted), None, case.path(), &|_| false, 1, &|_| {}).unwrap();
        match (expected, outcome.made.first()) {
            (Ok((algorithm, bits)), Some(made)) => {
                assert_eq!(
                    (made.record.key_algorithm.as_str(), made.record.key_bits),
                    (algorithm, bits),
                    "{old:?}"
                );
                let same = old.algorithm == algorithm && old.bits == bits;
                assert_eq!(made.record.findings.iter().any(|c| c.as_str() == "key-type-changed"), !same);
                assert_eq!(
                    made.record.changes.iter().any(|c| c.what == "key" && !c.reason.is_empty()),
                    !same,
                    "{:?}",
                    made.record.changes
                );
            }
            (Err(says), None) => {
                assert!(outcome.refused[0].says.contains(says), "{}", outcome.refused[0].says)
            }
            (expected, made) => panic!("{old:?}: {expected:?}, {made:?}, {:?}", outcome.refused),
        }
    }
}
