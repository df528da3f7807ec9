//! Two requests, two CAs, and a table of what comes back: checked through the library, where a root of our
//! own can be public.

use std::collections::HashSet;
use std::sync::OnceLock;

use certrecall::id::SpkiHash;
use certrecall::plan::ca::Cas;
use certrecall::read::{Options, Roots};
use certrecall::rekey;
use certrecall::rekey::complete::{
    Check, Expected, Gathered, Inputs, Judged, Rules, Severity, State, Waivers, gather, judge,
};
use certrecall::time::Time;
use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType};

use super::common::pki::{Cert, Draft, Key, chain, leaf};
use super::common::{Folder, unix};
use super::{Case, day};

/// A root, an intermediate below it, and what is issued below that.
pub(super) struct Authority {
    pub(super) root: Cert,
    pub(super) middle: Cert,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let root = authority(name).from("2020-01-01").to("2040-01-01").self_signed();
        let middle = authority(&format!("{name} Intermediate"))
            .serial(3)
            .from("2020-01-01")
            .to("2039-01-01")
            .by(&root);
        Self { root, middle }
    }
}

pub(super) fn authority(name: &str) -> Draft {
    leaf(name).authority().with(|p| p.use_authority_key_identifier_extension = true)
}

/// The old certificate and the requests that mirror it: two replacements, `www.example` with everything, and
/// `other.example`.
pub(super) struct World {
    pub(super) case: Case,
    /// A CA of a store that is made public here.
    pub(super) public: Authority,
    /// A CA that nobody knows.
    pub(super) private: Authority,
    pub(super) old: Key,
    pub(super) key: Key,
    pub(super) other: Key,
}

pub(super) fn rich(name: &str, key: &Key) -> Draft {
    leaf(name)
        .key(key)
        .names(&[name, "alias.example"])
        .also(ip())
        .also(SanType::Rfc822Name("ada@example.org".try_into().unwrap()))
        .with(|p| {
            p.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            p.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            p.custom_extensions.push(must_staple());
        })
}

pub(super) fn ip() -> SanType {
    SanType::IpAddress("192.0.2.1".parse().unwrap())
}

/// TLS feature `status_request`, RFC 7633.
pub(super) fn must_staple() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 0x03, 0x02, 0x01, 0x05])
}

/// A list of timestamps of so many logs, none of them real.
pub(super) fn timestamps(logs: u8) -> CustomExtension {
    let one = |log: u8| [&[0, 47, 0][..], &[log; 32], &[0; 14]].concat();
    let list: Vec<u8> = (0..logs).flat_map(one).collect();
    let list = [&(list.len() as u16).to_be_bytes()[..], &list].concat();
    let mut value = vec![0x04, 0x82];
    value.extend((list.len() as u16).to_be_bytes());
    value.extend(list);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], value)
}

impl World {
    pub(super) fn new() -> Self {
        let issuer = Authority::new("Old CA");
        let old = Key::new();
        let case = Case::new(&issuer.middle, vec![rich("www.example", &old), leaf("other.example")], &[]);
        let (key, other) = (case.key("www.example"), case.key("other.example"));
        Self {
            case,
            public: Authority::new("Public Root"),
            private: Authority::new("Private Root"),
            old,
            key,
            other,
        }
    }

    /// A certificate that answers the first request in everything, as a public CA makes it.
    pub(super) fn good(&self) -> Draft {
        rich("www.example", &self.key)
            .from(&day(-1))
            .to(&day(90))
            .with(|p| p.custom_extensions.push(timestamps(2)))
    }

    fn gathered(&self, name: &str, text: &str) -> Gathered {
        let folder = Folder::new();
        folder.write(name, text);
        gather(
            &Roots::open(&[folder.path().join(name)]).unwrap(),
            &Options { threads: 1, ..Options::default() },
        )
    }

    pub(super) fn judge(&self, sent: &Sent) -> Judged {
        let existing = rekey::existing(&self.case.folder.path().join("case"), 1).unwrap();
        let expected: Vec<Expected> = existing
            .made
            .into_iter()
            .map(|m| Expected {
                id: m.record.id,
                name: m.record.names[0].clone(),
                made: Some(m),
                planned: true,
                waived: false,
                of_public: sent.of_public,
            })
            .collect();
        let hashes = |name: &str| -> HashSet<SpkiHash> {
            self.case.folder.text(name).lines().map(|l| l.parse().unwrap()).collect()
        };
        let (mut exposed, suspected) = (hashes("case/exposed-spki.txt"), hashes("case/suspected-spki.txt"));
        let inventory: HashSet<SpkiHash> = self.case.plan_json()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| k["spki_sha256"].as_str().unwrap().parse().unwrap())
            .collect();
        exposed.extend(&sent.exposed);
        let cas = Cas::builtin().unwrap();
        let rules = Rules {
            now: Time::from_unix(unix(&day(sent.days))),
            cas: &cas,
            exposed: &exposed,
            suspected: &suspected,
            inventory: &inventory,
            waivers: &sent.waivers,
        };
        let empty = Gathered::default();
        let (issued, lists) =
            (self.gathered("issued.pem", &sent.issued), self.gathered("lists.pem", &sent.lists));
        let roots = self.gathered("roots.pem", &sent.roots);
        let inputs = Inputs {
            case_dir: &self.case.folder.path().join("case"),
            expected: &expected,
            issued: &issued,
            chain: &empty,
            roots: &roots,
            lists: &lists,
            inventory: &|_| Vec::new(),
            is_old: &|_| false,
            damaged: &std::collections::HashMap::new(),
            public: &[&self.public.root.der, &sent.public],
            threads: 2,
        };
        judge(&inputs, &rules)
    }
}

/// What came, and what is said about it.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) issued: String,
    pub(super) lists: String,
    pub(super) roots: String,
    pub(super) exposed: Vec<SpkiHash>,
    pub(super) waivers: Waivers,
    /// The old certificate was of a public CA.
    pub(super) of_public: bool,
    /// Days from now on which it is judged.
    pub(super) days: i64,
    /// A root that is public beside the usual one, DER.
    pub(super) public: Vec<u8>,
}

pub(super) fn sent(issued: String) -> Sent {
    Sent { issued, ..Sent::default() }
}

/// The world, made once for all tests.
pub(super) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

/// One row of the table: what comes, whether `www.example` is accepted, and the findings, each with a part of
/// its sentence.
pub(super) struct Row {
    name: &'static str,
    sent: Sent,
    accepted: bool,
    found: &'static [(Check, Severity, &'static str)],
}

pub(super) fn accepts(
    name: &'static str,
    sent: Sent,
    found: &'static [(Check, Severity, &'static str)],
) -> Row {
    Row { name, sent, accepted: true, found }
}

pub(super) fn refuses(
    name: &'static str,
    sent: Sent,
    found: &'static [(Check, Severity, &'static str)],
) -> Row {
    Row { name, sent, accepted: false, found }
}

pub(super) fn hold(rows: Vec<Row>) {
    let world = world();
    for row in rows {
        let judged = world.judge(&row.sent);
        let of_www = judged.replacements.iter().find(|r| r.name == "www.example").unwrap();
        let mut found: Vec<_> = of_www
            .certificates
            .iter()
            .flat_map(|c| &c.findings)
            .map(|f| (f.check, f.severity, f.says.as_str()))
            .collect();
        found.extend(
            judged
                .strangers
                .iter()
                .filter(|s| s.refused)
                .map(|s| (s.check.unwrap(), Severity::Refused, s.says.as_str())),
        );
        let state = if row.accepted { State::Accepted } else { State::Refused };
        let missing_only = of_www.certificates.is_empty() && !row.accepted;
        assert!(
            of_www.state == state || missing_only && of_www.state == State::Missing,
            "{}: {:?} {found:#?}",
            row.name,
            of_www.state
        );
        assert_eq!(judged.has_refused(), !row.accepted, "{}: {found:#?}", row.name);
        let kinds: Vec<_> = found.iter().map(|f| (f.0, f.1)).collect();
        assert_eq!(
            kinds,
            row.found.iter().map(|f| (f.0, f.1)).collect::<Vec<_>>(),
            "{}: {found:#?}",
            row.name
        );
        for ((check, _, says), (_, _, part)) in found.iter().zip(row.found) {
            assert!(says.contains(part), "{}: {check}: {says:?} says {part:?}", row.name);
        }
        // Whatever is refused says what to ask for.
        let asks = of_www
            .certificates
            .iter()
            .flat_map(|c| &c.findings)
            .filter(|f| f.severity == Severity::Refused)
            .all(|f| !f.ask.is_empty());
        assert!(asks && judged.strangers.iter().all(|s| !s.refused || !s.ask.is_empty()), "{}", row.name);
    }
}

/// What a public CA gives: the leaf and the certificate between.
pub(super) fn public(leaf: Draft) -> Sent {
    let world = world();
    sent(chain(&[&leaf.by(&world.public.middle), &world.public.middle]))
}

pub(super) fn private(leaf: Draft) -> Sent {
    let world = world();
    Sent {
        roots: world.private.root.pem(),
        ..sent(chain(&[&leaf.by(&world.private.middle), &world.private.middle]))
    }
}

pub(super) fn waive(mut sent: Sent, checks: &[Check], names: &[&str]) -> Sent {
    sent.waivers.checks = checks.to_vec();
    sent.waivers.names = names.iter().map(|n| (*n).to_owned()).collect();
    "because".clone_into(&mut sent.waivers.reason);
    sent
}
