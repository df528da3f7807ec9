//! Old certificates as they are found in the wild, assembled tag by tag: what no library would build.

use certrecall::rekey::{Action, OldKey};
use rcgen::{KeyPair, PublicKeyData, SigningKey};

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..=127 => out.push(n as u8),
        n @ 128..=255 => out.extend([0x81, n as u8]),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    der::Encode::to_der(&der::asn1::ObjectIdentifier::new(dotted).unwrap()).unwrap()
}

/// One attribute of a name.
pub(crate) fn ava(dotted: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    seq(&[oid(dotted), tlv(tag, value)])
}

pub(crate) fn rdn(attributes: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, &attributes.concat())
}

pub(crate) const CN: &str = "2.5.4.3";
const OU: &str = "2.5.4.11";
const O: &str = "2.5.4.10";
const DC: &str = "0.9.2342.19200300.100.1.25";
pub(crate) const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const IA5: u8 = 0x16;
const BMP: u8 = 0x1e;

pub(crate) fn common_name(text: &str) -> Vec<u8> {
    seq(&[rdn(&[ava(CN, UTF8, text.as_bytes())])])
}

/// `keyUsage`: digitalSignature and keyEncipherment.
const TLS_USAGE: &[u8] = &[0x03, 0x02, 0x05, 0xa0];

pub(crate) fn extension(dotted: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { vec![1, 1, 0xff] } else { vec![] };
    seq(&[oid(dotted), critical, tlv(4, value)])
}

/// A certificate around these parts. `extensions` as `None` makes it version 1.
pub(crate) struct Build {
    pub(crate) subject: Vec<u8>,
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) times: [Vec<u8>; 2],
}

impl Build {
    pub(crate) fn new(subject: Vec<u8>, extensions: Vec<Vec<u8>>) -> Self {
        let times = [tlv(0x17, b"150101000000Z"), tlv(0x17, b"350101000000Z")];
        Self { subject, extensions: Some(extensions), serial: vec![1], times }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let algorithm = seq(&[oid("1.2.840.10045.4.3.2")]);
        let mut parts = vec![
            tlv(2, &self.serial),
            algorithm.clone(),
            common_name("Test CA"),
            seq(&self.times),
            self.subject.clone(),
        ];
        parts.push(key.subject_public_key_info());
        if let Some(extensions) = &self.extensions {
            parts.insert(0, tlv(0xa0, &[2, 1, 2]));
            parts.push(tlv(0xa3, &seq(extensions)));
        }
        let tbs = seq(&parts);
        let signature = [vec![0], key.sign(&tbs).unwrap()].concat();
        seq(&[tbs, algorithm, tlv(3, &signature)])
    }
}

/// An odd certificate and what must become of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) build: Build,
    /// Lines that `openssl req -text` must show.
    pub(crate) shows: &'static [&'static str],
    /// Lines that it must not show.
    pub(crate) hides: &'static [&'static str],
    pub(crate) changes: &'static [(&'static str, Action)],
    pub(crate) findings: &'static [&'static str],
    pub(crate) names: &'static [&'static str],
}

fn case(name: &'static str, build: Build) -> Case {
    Case {
        name,
        build,
        shows: &[],
        hides: &[],
        changes: &[("subject", Action::Kept)],
        findings: &[],
        names: &[],
    }
}

fn dns(names: &[&str]) -> Vec<u8> {
    seq(&names.iter().map(|n| tlv(0x82, n.as_bytes())).collect::<Vec<_>>())
}

/// All nine kinds of GeneralName.
pub(crate) fn nine_names() -> Vec<u8> {
    seq(&general_names())
}

/// One of each, in the order of their tags.
pub(crate) fn general_names() -> [Vec<u8>; 9] {
    [
        tlv(0xa0, &[oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, &tlv(UTF8, b"user@corp"))].concat()),
        tlv(0x81, b"mail@example.com"),
        tlv(0x82, b"www.example.com"),
        tlv(0xa3, &seq(&[])),
        tlv(0xa4, &common_name("directory")),
        tlv(0xa5, &tlv(0xa1, &tlv(UTF8, b"party"))),
        tlv(0x86, b"https://example.com/x"),
        tlv(0x87, &[192, 0, 2, 7]),
        tlv(0x88, &oid("1.2.3.4")[2..]),
    ]
}

pub(crate) fn p256() -> OldKey {
    OldKey { algorithm: "ec".into(), curve: Some("secp256r1".into()), bits: 256 }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = subjects();
    all.extend(extensions());
    all.extend(host_names());
    all.extend(broken());
    all.extend(string_types());
    all.extend(name_kinds());
    all.extend(flags());
    all
}

/// Every string type in every attribute that people use, in an order that no tool would choose.
fn string_types() -> Vec<Case> {
    let types: [(&'static str, u8, &[u8]); 7] = [
        ("UTF8String", UTF8, "Größe".as_bytes()),
        ("PrintableString", PRINTABLE, b"Plain"),
        ("TeletexString", TELETEX, b"Gr\xf6\xdfe"),
        ("IA5String", IA5, b"mail@example.com"),
        ("BMPString", BMP, &[0, b'B', 0x20, 0xac]),
        ("UniversalString", 0x1c, &[0, 0, 0, b'U', 0, 1, 0xf6, 0]),
        ("NumericString", 0x12, b"0123 45"),
    ];
    let attributes = [
        "2.5.4.3",
        "2.5.4.10",
        "2.5.4.11",
        "2.5.4.7",
        "2.5.4.5",
        "0.9.2342.19200300.100.1.1",
        "1.2.840.113549.1.9.1",
    ];
    let all: Vec<Case> = types
        .into_iter()
        .map(|(name, tag, value)| {
            let rdns: Vec<_> = attributes.iter().rev().map(|a| rdn(&[ava(a, tag, value)])).collect();
            let hosts = extension("2.5.29.17", false, &dns(&["kept.example"]));
            let build = Build::new(seq(&rdns), vec![hosts]);
            let findings: &[&str] = match name {
                "UTF8String" | "BMPString" | "UniversalString" => &["name-left-out"],
                "PrintableString" | "NumericString" => &["name-mended"],
                _ => &["name-left-out", "name-mended"],
            };
            Case {
                names: &["kept.example"],
                shows: &["DNS:kept.example"],
                changes: &[("subject", Action::Changed)],
                findings,
                ..case(name, build)
            }
        })
        .collect();
    assert_eq!(all.len(), 7);
    all
}

/// Each kind of name alone, and two of each.
fn name_kinds() -> Vec<Case> {
    let upn = tlv(0xa0, &[oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, &tlv(UTF8, b"user@corp"))].concat());
    let directory = tlv(
        0xa4,
        &seq(&[rdn(&[ava(O, UTF8, b"One"), ava(OU, PRINTABLE, b"Two")]), rdn(&[ava(O, BMP, &[0, b'3'])])]),
    );
    let address6 = tlv(0x87, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    type Kind = (&'static str, Vec<u8>, &'static [&'static str], &'static [&'static str]);
    let kinds: Vec<Kind> = vec![
        ("otherName", upn, &["othername"], &[]),
        ("rfc822Name", tlv(0x81, b"Mail@Example.com"), &["email:Mail@Example.com"], &[]),
        ("dNSName", tlv(0x82, b"UPPER.example"), &["DNS:UPPER.example"], &["UPPER.example"]),
        (
            "dNSName with an underscore",
            tlv(0x82, b"a_b.c.example"),
            &["DNS:a_b.c.example"],
            &["a_b.c.example"],
        ),
        ("directoryName", directory, &["DirName:"], &[]),
        ("URI", tlv(0x86, b"spiffe://example.com/x"), &["URI:spiffe://example.com/x"], &[]),
        ("URN", tlv(0x86, b"urn:uuid:x"), &["URI:urn:uuid:x"], &[]),
        ("IPv4", tlv(0x87, &[10, 0, 0, 1]), &["IP Address:10.0.0.1"], &["10.0.0.1"]),
        ("IPv6", address6, &["IP Address:2001:DB8:0:0:0:0:0:1"], &["2001:db8::1"]),
        ("registeredID", tlv(0x88, &oid("1.2.3.4")[2..]), &["Registered ID:1.2.3.4"], &[]),
    ];
    let kept = &[("subject", Action::Kept), ("subjectAltName", Action::Kept)];
    kinds
        .into_iter()
        .map(|(name, general, shows, names)| {
            let build =
                Build::new(common_name("a name"), vec![extension("2.5.29.17", false, &seq(&[general]))]);
            Case { shows, names, changes: kept, ..case(name, build) }
        })
        .collect()
}

/// Critical or not, and odd extensions that are asked for again.
fn flags() -> Vec<Case> {
    let usages = |oids: &[&str]| seq(&oids.iter().map(|o| oid(o)).collect::<Vec<_>>());
    let server = usages(&["1.3.6.1.5.5.7.3.1"]);
    let many = dns(&(0..100)
        .map(|i| format!("h{i}.example"))
        .collect::<Vec<_>>()
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>());
    let stapled = |critical, list: &[u8]| extension("1.3.6.1.5.5.7.1.24", critical, list);
    let signing = &[0x03, 0x02, 0x07, 0x80];
    let build = |extensions| Build::new(common_name("a name"), extensions);
    vec![
        Case {
            shows: &["X509v3 Extended Key Usage: critical"],
            ..case("critical purposes", build(vec![extension("2.5.29.37", true, &server)]))
        },
        Case {
            shows: &["X509v3 Extended Key Usage: \n"],
            ..case("purposes", build(vec![extension("2.5.29.37", false, &server)]))
        },
        Case {
            shows: &["X509v3 Key Usage: critical\n"],
            ..case("critical usages", build(vec![extension("2.5.29.15", true, signing)]))
        },
        Case {
            shows: &["X509v3 Key Usage: \n"],
            ..case("usages", build(vec![extension("2.5.29.15", false, signing)]))
        },
        Case {
            shows: &["TLS Feature: critical"],
            ..case("critical must-staple", build(vec![stapled(true, &seq(&[vec![2, 1, 5]]))]))
        },
        Case {
            shows: &["status_request, status_request_v2"],
            ..case(
                "both kinds of must-staple",
                build(vec![stapled(false, &seq(&[vec![2, 1, 5], vec![2, 1, 17]]))]),
            )
        },
        Case {
            shows: &["Key Agreement"],
            ..case("key agreement", build(vec![extension("2.5.29.15", true, &[0x03, 0x02, 0x03, 0x08])]))
        },
        Case {
            shows: &["Digital Signature, Non Repudiation"],
            ..case("non-repudiation", build(vec![extension("2.5.29.15", true, &[0x03, 0x02, 0x06, 0xc0])]))
        },
        Case {
            shows: &["Encipher Only", "Decipher Only", "Key Agreement"],
            ..case("nine bits", build(vec![extension("2.5.29.15", false, &[0x03, 0x03, 0x07, 0x09, 0x80])]))
        },
        Case {
            shows: &["X509v3 Subject Alternative Name: critical\n", "CN = a name"],
            names: &["a.example"],
            ..case(
                "critical names beside a subject",
                build(vec![extension("2.5.29.17", true, &dns(&["a.example"]))]),
            )
        },
        Case {
            shows: &["DNS:a.example, DNS:a.example, DNS:A.example"],
            names: &["a.example", "a.example", "A.example"],
            ..case(
                "the same name three times",
                build(vec![extension("2.5.29.17", false, &dns(&["a.example", "a.example", "A.example"]))]),
            )
        },
        Case {
            shows: &["TLS Web Server Authentication, TLS Web Server Authentication"],
            ..case(
                "the same purpose twice",
                build(vec![extension(
                    "2.5.29.37",
                    false,
                    &usages(&["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.1"]),
                )]),
            )
        },
        case("a long serial", Build { serial: vec![0x7f; 20], ..build(vec![]) }),
        case("no serial to speak of", Build { serial: vec![0], ..build(vec![]) }),
        case(
            "the end of time",
            Build { times: [tlv(0x17, b"150101000000Z"), tlv(0x18, b"99991231235959Z")], ..build(vec![]) },
        ),
        Case {
            shows: &["Any Extended Key Usage, Time Stamping, OCSP Signing"],
            ..case(
                "odd purposes",
                build(vec![extension(
                    "2.5.29.37",
                    false,
                    &usages(&["2.5.29.37.0", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"]),
                )]),
            )
        },
        Case {
            shows: &["DNS:h0.example", "DNS:h99.example"],
            names: Box::leak(
                (0..100)
                    .map(|i| &*Box::leak(format!("h{i}.example").into_boxed_str()))
                    .collect::<Vec<_>>()
                    .into_boxed_slice(),
            ),
            ..case("a hundred hosts", build(vec![extension("2.5.29.17", false, &many)]))
        },
        Case {
            shows: &["CN = a, CN = b, CN = c"],
            hides: &["Alternative"],
            changes: &[("subject", Action::Changed), ("subject CN=b", Action::Changed)],
            findings: &["name-mended"],
            ..case(
                "three common names",
                Build::new(
                    seq(&[
                        rdn(&[ava(CN, UTF8, b"a")]),
                        rdn(&[ava(CN, IA5, b"b")]),
                        rdn(&[ava(CN, PRINTABLE, b"c")]),
                    ]),
                    vec![extension("2.5.29.37", false, &usages(&["1.3.6.1.5.5.7.3.4"]))],
                ),
            )
        },
        Case {
            shows: &["CN = a + UID = c + DC = b"],
            hides: &["Alternative"],
            changes: &[("subject", Action::Changed)],
            findings: &["name-mended"],
            ..case(
                "an RDN of three in an order that is not DER",
                Build::new(
                    seq(&[rdn(&[
                        ava(DC, IA5, b"b"),
                        ava(CN, UTF8, b"a"),
                        ava("0.9.2342.19200300.100.1.1", UTF8, b"c"),
                    ])]),
                    vec![extension("2.5.29.37", false, &usages(&["1.3.6.1.5.5.7.3.4"]))],
                ),
            )
        },
    ]
}

fn subjects() -> Vec<Case> {
    let many = seq(&[
        rdn(&[ava(DC, IA5, b"com")]),
        rdn(&[ava(DC, IA5, b"example")]),
        rdn(&[ava(OU, PRINTABLE, b"One")]),
        rdn(&[ava(OU, UTF8, b"Two")]),
        rdn(&[ava(CN, UTF8, b"x.example.com"), ava("2.5.4.5", PRINTABLE, b"42")]),
    ]);
    let strings = seq(&[
        rdn(&[ava(O, TELETEX, b"M\xfcller")]),
        rdn(&[ava(OU, BMP, &[0x26, 0x3a, 0x00, 0x41])]),
        rdn(&[ava("1.2.3.4.5", 0x1c, &[0, 0, 0, 0x41])]),
    ]);
    vec![
        Case {
            shows: &[
                "DC = com, DC = example, OU = One, OU = Two, serialNumber = 42 + CN = x.example.com",
                "DNS:x.example.com",
            ],
            changes: &[("subject", Action::Changed), ("subjectAltName", Action::Added)],
            findings: &["common-name-added", "name-mended"],
            names: &["x.example.com"],
            ..case("repeated and multi-valued", Build::new(many, vec![]))
        },
        Case {
            hides: &["Alternative"],
            changes: &[
                ("subject", Action::Changed),
                ("subject O=Müller", Action::Changed),
                ("subjectAltName", Action::Absent),
            ],
            findings: &["name-mended"],
            ..case("old string types", Build::new(strings, vec![]))
        },
        Case {
            shows: &["X509v3 Subject Alternative Name: critical"],
            changes: &[("subject", Action::Kept), ("subjectAltName", Action::Kept)],
            names: &["a.example"],
            ..case(
                "empty subject",
                Build::new(seq(&[]), vec![extension("2.5.29.17", true, &dns(&["a.example"]))]),
            )
        },
        case("hostile name", Build::new(common_name("../../\u{202e}\n\0<script>"), vec![])),
    ]
}

fn extensions() -> Vec<Case> {
    let usages = seq(&[oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.4.1.99999.7"), oid("1.3.6.1.5.5.7.3.2")]);
    let dropped = vec![
        extension("2.5.29.35", false, &seq(&[tlv(0x80, &[7; 20])])),
        extension("2.5.29.14", false, &tlv(4, &[8; 20])),
        extension("2.5.29.19", true, &seq(&[])),
        extension("2.5.29.31", false, &seq(&[seq(&[])])),
        extension("1.3.6.1.5.5.7.1.1", false, &seq(&[seq(&[])])),
        extension("2.5.29.32", false, &seq(&[seq(&[oid("2.23.140.1.2.1")])])),
        extension("1.3.6.1.4.1.11129.2.4.2", false, &tlv(4, &[0, 0])),
        extension("1.2.3.4", true, b"anything"),
        extension("2.5.29.17", false, &dns(&["kept.example"])),
        extension("2.5.29.17", false, &dns(&["second.example"])),
    ];
    vec![
        Case {
            shows: &[
                "othername",
                "email:mail@example.com",
                "DNS:www.example.com",
                "DirName:",
                "URI:https://example.com/x",
                "IP Address:192.0.2.7",
                "Registered ID:1.2.3.4",
            ],
            hides: &["X400Name", "EdiPartyName"],
            changes: &[
                ("subjectAltName", Action::Changed),
                ("subjectAltName x400Address", Action::Dropped),
                ("subjectAltName ediPartyName", Action::Dropped),
            ],
            findings: &["name-left-out"],
            names: &["www.example.com", "192.0.2.7"],
            ..case(
                "nine kinds of name",
                Build::new(
                    common_name("www.example.com"),
                    vec![extension("2.5.29.17", false, &nine_names())],
                ),
            )
        },
        Case {
            shows: &[
                "TLS Web Server Authentication, 1.3.6.1.4.1.99999.7, TLS Web Client Authentication",
                "status_request",
            ],
            changes: &[("extendedKeyUsage", Action::Kept), ("tlsFeature", Action::Kept)],
            findings: &["common-name-added"],
            names: &["m.example.com"],
            ..case(
                "own usages and must-staple",
                Build::new(
                    common_name("m.example.com"),
                    vec![
                        extension("2.5.29.37", true, &usages),
                        extension("1.3.6.1.5.5.7.1.24", false, &seq(&[vec![2, 1, 5]])),
                    ],
                ),
            )
        },
        Case {
            shows: &["X509v3 Key Usage: critical", "Digital Signature"],
            hides: &["Key Encipherment"],
            changes: &[("keyUsage", Action::Changed), ("keyUsage keyEncipherment", Action::Dropped)],
            ..case(
                "encipherment on EC",
                Build::new(common_name("a person"), vec![extension("2.5.29.15", true, TLS_USAGE)]),
            )
        },
        Case {
            shows: &["DNS:kept.example"],
            hides: &["second.example", "Authority", "Basic Constraints", "CRL", "Policies", "1.2.3.4"],
            changes: &[
                ("authorityKeyIdentifier", Action::Dropped),
                ("subjectKeyIdentifier", Action::Dropped),
                ("basicConstraints", Action::Dropped),
                ("cRLDistributionPoints", Action::Dropped),
                ("authorityInfoAccess", Action::Dropped),
                ("certificatePolicies", Action::Dropped),
                ("signedCertificateTimestampList", Action::Dropped),
                ("1.2.3.4", Action::Dropped),
                ("subjectAltName", Action::Dropped),
            ],
            findings: &["duplicate-extension"],
            names: &["kept.example"],
            ..case("dropped extensions", Build::new(common_name("kept.example"), dropped))
        },
    ]
}

fn host_names() -> Vec<Case> {
    let client = extension("2.5.29.37", false, &seq(&[oid("1.3.6.1.5.5.7.3.2")]));
    let two = seq(&[
        rdn(&[ava(CN, UTF8, b"first.example.com")]),
        rdn(&[ava(CN, BMP, &[0, b'b', 0, b'.', 0, b'c'])]),
    ]);
    vec![
        Case {
            shows: &["DNS:*.example.com"],
            findings: &["common-name-added"],
            names: &["*.example.com"],
            changes: &[("subjectAltName", Action::Added)],
            ..case("wildcard in the common name", Build::new(common_name("*.example.com"), vec![]))
        },
        Case {
            shows: &["IP Address:192.0.2.9"],
            findings: &["common-name-added"],
            names: &["192.0.2.9"],
            ..case("address in the common name", Build::new(common_name("192.0.2.9"), vec![]))
        },
        Case {
            shows: &["IP Address:2001:DB8:0:0:0:0:0:1"],
            findings: &["common-name-added"],
            names: &["2001:db8::1"],
            ..case("longer address", Build::new(common_name("2001:db8::1"), vec![]))
        },
        Case {
            hides: &["Alternative"],
            ..case("spaces in the common name", Build::new(common_name("John Q. Public"), vec![]))
        },
        Case {
            shows: &["DNS:db1"],
            findings: &["common-name-added"],
            names: &["db1"],
            ..case("single word", Build::new(common_name("db1"), vec![]))
        },
        Case {
            hides: &["Alternative"],
            ..case("single word of a client", Build::new(common_name("alice"), vec![client]))
        },
        Case {
            hides: &["Alternative"],
            ..case("number at the end", Build::new(common_name("10.1.300"), vec![]))
        },
        Case {
            hides: &["Alternative"],
            ..case("underscore", Build::new(common_name("a_b.example"), vec![]))
        },
        Case {
            shows: &["DNS:first.example.com, DNS:b.c\n"],
            findings: &["common-name-added"],
            names: &["first.example.com", "b.c"],
            ..case("two of two", Build::new(two, vec![]))
        },
    ]
}

fn broken() -> Vec<Case> {
    let plain = || Build::new(common_name("old.example.com"), vec![]);
    let added = Case {
        shows: &["DNS:old.example.com"],
        findings: &["common-name-added"],
        names: &["old.example.com"],
        ..case("", plain())
    };
    let unread = Case { findings: &["common-name-added", "extension-not-read"], ..case("", plain()) };
    let with = |name, extensions, like: &Case| Case {
        shows: like.shows,
        findings: like.findings,
        names: added.names,
        ..case(name, Build::new(common_name("old.example.com"), extensions))
    };
    vec![
        Case { build: Build { extensions: None, ..plain() }, name: "version 1", ..with("", vec![], &added) },
        Case {
            build: Build { serial: vec![0x80, 1], ..plain() },
            name: "negative serial",
            ..with("", vec![], &added)
        },
        Case {
            build: Build { times: [tlv(0x17, b"never"), tlv(0x18, b"99999999")], ..plain() },
            name: "impossible times",
            ..with("", vec![], &added)
        },
        with("broken names", vec![extension("2.5.29.17", false, b"\x30\x05abc")], &unread),
        with("empty names", vec![extension("2.5.29.17", false, &seq(&[]))], &added),
        with("broken usage", vec![extension("2.5.29.15", false, b"\x03\x00")], &unread),
        with("no extension at all", vec![b"\x02\x01\x05".to_vec()], &unread),
    ]
}
