//! Input is hostile in both directions (DESIGN.md 2.5): whatever is added to a small case, no key that was
//! exposed, presumed or undetermined becomes clear without a finding, and none that was clear becomes exposed
//! without its private key.

use super::chains::by_default;
use super::*;
use certrecall::assess::Exposure;
use certrecall::finding::Code;
use rcgen::KeyUsagePurpose;

/// The keys of the case, by what they are.
struct World {
    exposed: Cert,
    presumed: Cert,
    undetermined: Cert,
    clear: Cert,
    clear_by_dates: Cert,
    rsa: Cert,
    locked: Cert,
    appliance: Cert,
    lost_ca: Cert,
    below_lost: Cert,
    sound_ca: Cert,
    below_sound: Cert,
}

/// What somebody adds: files, and rows of the manifest.
#[derive(Clone, Default)]
struct Added {
    name: &'static str,
    files: Vec<(String, Vec<u8>)>,
    rows: Vec<String>,
    /// The keys whose private halves are among the files.
    private: Vec<SpkiHash>,
    /// Its rows are upload records of files that have none: such a row clears what was undetermined.
    records: bool,
}

impl World {
    fn new() -> Self {
        let ca = public_ca();
        let (lost_ca, sound_ca) = (named_ca("Lost CA"), named_ca("Sound CA"));
        Self {
            exposed: leaf("exposed.example").serial(0x16).by(&ca),
            presumed: leaf("presumed.example").serial(0x10).by(&ca),
            undetermined: leaf("undetermined.example").by(&ca),
            clear: leaf("clear.example").by(&ca),
            clear_by_dates: leaf("dates.example").from("2020-01-01").by(&ca),
            rsa: leaf("rsa.example").key(&Key::rsa()).by(&ca),
            locked: leaf("locked.example").by(&ca),
            appliance: by_default("Appliance").self_signed(),
            below_lost: leaf("below-lost.example").by(&lost_ca),
            below_sound: leaf("below-sound.example").by(&sound_ca),
            lost_ca,
            sound_ca,
        }
    }

    fn files(&self) -> Vec<(&'static str, String)> {
        vec![
            ("old/exposed.pem", bundle(&self.exposed, &[])),
            ("old/presumed.crt", self.presumed.pem()),
            ("any/undetermined.pem", bundle(&self.undetermined, &[])),
            ("new/clear.pem", bundle(&self.clear, &[])),
            ("any/dates.pem", bundle(&self.clear_by_dates, &[])),
            ("new/rsa.crt", self.rsa.pem()),
            ("old/locked.pem", self.locked.pem() + &self.locked.key.encrypted()),
            ("appliance/appliance.crt", self.appliance.pem()),
            ("old/lost-ca.pem", bundle(&self.lost_ca, &[])),
            ("new/below-lost.pem", bundle(&self.below_lost, &[&self.lost_ca])),
            ("new/below-sound.pem", bundle(&self.below_sound, &[&self.sound_ca])),
        ]
    }

    fn rows(&self) -> Vec<String> {
        let of = |path: &str| match path.split('/').next() {
            Some("old" | "appliance") => Some(BEFORE),
            Some("new") => Some(AFTER),
            _ => None,
        };
        self.files()
            .iter()
            .filter_map(|(path, _)| of(path).map(|time| format!("{path},,,,,{time}")))
            .collect()
    }

    fn judge(&self, added: &[&Added]) -> (Inventory, Assessment) {
        let mut table = Table::default();
        let mut rows = self.rows();
        added.iter().for_each(|a| rows.extend(a.rows.iter().cloned()));
        let text = format!("path,sha256,host,serial,account,uploaded_at\n{}\n", rows.join("\n"));
        let mut case = table.case("attack").manifest(&text);
        for (path, content) in self.files() {
            case = case.file(path, content);
        }
        for (path, content) in added.iter().flat_map(|a| &a.files) {
            case = case.file(path, content);
        }
        case.judge()
    }

    fn additions(&self) -> Vec<Added> {
        let all = [
            &self.exposed,
            &self.presumed,
            &self.undetermined,
            &self.clear,
            &self.clear_by_dates,
            &self.rsa,
            &self.locked,
            &self.appliance,
            &self.lost_ca,
            &self.below_lost,
            &self.sound_ca,
            &self.below_sound,
        ];
        let mut out: Vec<Added> = Vec::new();
        let mut add = |name: &'static str, files: Vec<(String, String)>, rows: Vec<String>| {
            let files: Vec<(String, Vec<u8>)> =
                files.into_iter().map(|(path, content)| (path, content.into_bytes())).collect();
            let files_are_none = files.is_empty();
            out.push(Added {
                name,
                files,
                rows,
                private: Vec::new(),
                records: name.ends_with("later") && files_are_none,
            });
        };
        // Something on each key, in a file beside it and in one of its own.
        let of_each = |folder: &str, make: &dyn Fn(&Cert) -> String| -> Vec<(String, String)> {
            all.iter().enumerate().map(|(i, c)| (format!("{folder}/{i}.pem"), make(c))).collect()
        };
        let attacker = named_ca("Attacker");
        let on = |c: &Cert| leaf("again.example").key(&c.key).serial(9);
        add(
            "later certificates on each key",
            of_each("x", &|c| on(c).from("2022-01-01").by(&attacker).pem()),
            vec![],
        );
        add(
            "earlier certificates on each key",
            of_each("x", &|c| on(c).from("2011-01-01").by(&attacker).pem()),
            vec![],
        );
        add(
            "certificates of the future on each key",
            of_each("x", &|c| on(c).from("2040-01-01").by(&attacker).pem()),
            vec![],
        );
        add("CA certificates on each key", of_each("x", &|c| on(c).authority().by(&attacker).pem()), vec![]);
        add(
            "self-signed CA certificates on each key",
            of_each("x", &|c| by_default("Root").key(&c.key).self_signed().pem()),
            vec![],
        );
        add(
            "roots by key usage on each key",
            of_each("x", &|c| named_usage("Root").key(&c.key).self_signed().pem()),
            vec![],
        );
        add(
            "certificates of version 1 on each key",
            of_each("x", &|c| on(c).self_signed().version_1(&c.key).pem()),
            vec![],
        );
        add(
            "certificates signed with each key",
            of_each("x", &|c| leaf("forged.example").by(c).pem()),
            vec![],
        );
        let same_folder = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let beside = self.files().into_iter().zip(all).map(|((path, _), c)| {
            (
                format!("{}/forged-{}", same_folder(path), path.replace('/', "-")),
                leaf("forged.example").by(c).pem(),
            )
        });
        add("certificates signed with each key, beside it", beside.collect(), vec![]);
        add(
            "CA certificates signed with each key",
            of_each("x", &|c| named_usage("Forged CA").by(c).pem()),
            vec![],
        );
        add("requests on each key", of_each("x", &|c| c.key.request("next.example")), vec![]);
        add("public halves of each key", of_each("x", &|c| c.key.public()), vec![]);
        add(
            "locked keys that say whose they are",
            of_each("x", &|c| {
                if c.key.pem().len() < 400 { c.key.encrypted_openssh() } else { String::from("none") }
            }),
            vec![],
        );
        add("locked keys that don't", of_each("x", &|_| Key::new().encrypted()), vec![]);
        add(
            "damaged keys",
            of_each("x", &|_| "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n".to_owned()),
            vec![],
        );
        add(
            "three hundred certificates of the CA's name",
            (0..300)
                .map(|i| {
                    (
                        format!("x/{i}.pem"),
                        leaf("Lost CA").with(|p| p.subject_alt_names.clear()).by(&attacker).pem(),
                    )
                })
                .collect(),
            vec![],
        );
        add(
            "another CA of the CA's name",
            vec![("x/ca.pem".to_owned(), named_ca("Lost CA").pem() + &named_ca("Sound CA").pem())],
            vec![],
        );
        add(
            "the sound CA, certified by the lost one",
            vec![(
                "x/ca.pem".to_owned(),
                named_usage("Sound CA").key(&self.sound_ca.key).by(&self.lost_ca).pem(),
            )],
            vec![],
        );
        add(
            "the lost CA, certified by the sound one",
            vec![(
                "x/ca.pem".to_owned(),
                named_usage("Lost CA").key(&self.lost_ca.key).by(&self.sound_ca).pem(),
            )],
            vec![],
        );
        add(
            "rsa numbers without a private part",
            vec![
                ("x/k.pem".to_owned(), no_key(&self.rsa.key, 1, 1)),
                ("x/l.pem".to_owned(), no_key(&self.rsa.key, 65537, 12345)),
                ("x/m.pem".to_owned(), no_key(&self.rsa.key, 65537, 0)),
            ],
            vec![],
        );
        add(
            "copies of all, later",
            self.files()
                .into_iter()
                .map(|(path, content)| {
                    (
                        format!("x/{path}"),
                        if path.starts_with("new") || path.starts_with("any") {
                            leaf("y.example").by(&attacker).pem()
                        } else {
                            content
                        },
                    )
                })
                .collect(),
            self.files().iter().map(|(path, _)| format!("x/{path},,,,,{AFTER}")).collect(),
        );
        let rows = |make: &dyn Fn(&str, &Cert) -> String| {
            self.files().into_iter().zip(all).map(|((path, _), c)| make(path, c)).collect::<Vec<_>>()
        };
        add("rows by fingerprint, later", vec![], rows(&|_, c| format!(",{},,,,{AFTER}", c.sha256())));
        add(
            "rows by host, later",
            vec![],
            ["exposed", "presumed", "undetermined", "locked"]
                .iter()
                .map(|h| format!(",,{h}.example,,,{AFTER}"))
                .collect(),
        );
        add("rows by path, later", vec![], rows(&|path, _| format!("{path},,,,,{AFTER}")));
        add(
            "rows by path in other writing, later",
            vec![],
            rows(&|path, _| format!("./{},,,,,{AFTER}", path.replace('/', "\\"))),
        );
        add(
            "rows by path and a hash of something else, later",
            vec![],
            rows(&|path, _| format!("{path},{},,,,{AFTER}", attacker.sha256())),
        );
        add(
            "rows by serial number, later",
            vec![],
            vec![format!(",,,16,,{AFTER}"), format!(",,,10,,{AFTER}"), format!(",,,22,,{AFTER}")],
        );
        add("rows without a usable time", vec![], rows(&|path, _| format!("{path},,,,,sometime")));
        add("rows of the future", vec![], rows(&|path, _| format!("{path},,,,,2099-01-01")));
        out.push(Added {
            name: "the private key of the clear one",
            files: vec![("x/k.pem".to_owned(), self.clear.key.pem().into_bytes())],
            rows: vec![format!("x/k.pem,,,,,{BEFORE}")],
            private: vec![self.clear.key.spki()],
            records: false,
        });
        // Whatever is added may have been uploaded at any time.
        let timed = |time: &str| -> Vec<Added> {
            let rows =
                |a: &Added| a.files.iter().map(|(path, _)| format!("{path},,,,,{time}")).collect::<Vec<_>>();
            out.iter().filter(|a| a.rows.is_empty()).map(|a| Added { rows: rows(a), ..a.clone() }).collect()
        };
        let (before, after) = (timed(BEFORE), timed(AFTER));
        out.into_iter().chain(before).chain(after).collect()
    }

    /// What is wrong with this addition, if anything is.
    fn wrong(&self, before: &(Inventory, Assessment), added: &[&Added]) -> Vec<String> {
        let after = self.judge(added);
        let findings = |assessment: &Assessment| -> BTreeMap<Code, u64> {
            let mut all = assessment.finding_counts.clone();
            for code in assessment.keys.iter().flat_map(|k| &k.because).flat_map(|b| b.findings.iter()) {
                *all.entry(code).or_default() += 1;
            }
            all
        };
        let (old, new) = (findings(&before.1), findings(&after.1));
        let more = new.iter().any(|(code, n)| old.get(code).is_none_or(|before| n > before));
        let names: Vec<&str> = added.iter().map(|a| a.name).collect();
        let mut out = Vec::new();
        for (key, verdict) in before.0.keys.iter().zip(&before.1.keys) {
            let Ok(at) = after.0.keys.binary_search_by_key(&key.spki, |k| k.spki) else { continue };
            let (was, now) = (verdict.exposure, after.1.keys[at].exposure);
            let which = || {
                key.certificates
                    .first()
                    .map(|c| before.0.certificates[*c as usize].certificate.subject.to_string())
            };
            let recorded = was == Exposure::Undetermined && added.iter().any(|a| a.records);
            if was.is_suspect() && !now.is_suspect() && !more && !recorded {
                out.push(format!(
                    "{names:?}: {which:?} was {} and is {}, without a finding",
                    was.as_str(),
                    now.as_str(),
                    which = which()
                ));
            }
            if !was.is_suspect()
                && now == Exposure::Exposed
                && !added.iter().any(|a| a.private.contains(&key.spki))
            {
                out.push(format!(
                    "{names:?}: {which:?} was {} and is exposed",
                    was.as_str(),
                    which = which()
                ));
            }
        }
        out
    }
}

fn named_usage(name: &str) -> common::pki::Draft {
    by_default(name).with(|p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign])
}

/// `RSAPrivateKey` of the modulus of a key, with these exponents and without factors (RFC 8017 appendix
/// A.1.2).
pub(super) fn no_key(key: &Key, public: u32, private: u32) -> String {
    let der = key.der();
    let pkcs8 = common::pki::elements(common::pki::content(&der));
    let inner = common::pki::content(pkcs8[2]);
    let numbers = common::pki::elements(common::pki::content(inner));
    let integer = |n: u32| {
        common::pki::element(
            0x02,
            &[&[0][..], &n.to_be_bytes()]
                .concat()
                .iter()
                .copied()
                .skip_while(|b| *b == 0)
                .collect::<Vec<_>>(),
        )
    };
    let number = |n: u32| if n == 0 { common::pki::element(0x02, &[0]) } else { integer(n) };
    let fields =
        [&common::pki::element(0x02, &[0])[..], numbers[1], &number(public), &number(private)].concat();
    common::pki::pem("RSA PRIVATE KEY", &common::pki::element(0x30, &fields))
}

#[test]
fn the_case_is_what_it_seems() {
    let world = World::new();
    let (inventory, assessment) = world.judge(&[]);
    let exposure = |c: &Cert| {
        let at = inventory.keys.binary_search_by_key(&c.key.spki(), |k| k.spki).unwrap();
        assessment.keys[at].exposure.as_str()
    };
    let got = [
        &world.exposed,
        &world.presumed,
        &world.undetermined,
        &world.clear,
        &world.clear_by_dates,
        &world.rsa,
    ]
    .map(exposure);
    assert_eq!(got, ["exposed", "presumed", "undetermined", "not-exposed", "not-exposed", "not-exposed"]);
    let got = [
        &world.locked,
        &world.appliance,
        &world.lost_ca,
        &world.below_lost,
        &world.sound_ca,
        &world.below_sound,
    ]
    .map(exposure);
    assert_eq!(got, ["presumed", "presumed", "exposed", "not-exposed", "not-exposed", "not-exposed"]);
}

#[test]
fn nothing_that_is_added_hides_a_key_or_accuses_one() {
    let world = World::new();
    let before = world.judge(&[]);
    let additions = world.additions();
    let mut wrong: Vec<String> = additions.iter().flat_map(|one| world.wrong(&before, &[one])).collect();
    let small: Vec<&Added> = additions.iter().filter(|a| a.files.len() < 100).collect();
    for (i, one) in small.iter().enumerate() {
        // Each with some of the others; all pairs would take minutes.
        for other in small.iter().skip(i + 1).step_by(23) {
            let (mut one, mut other) = ((*one).clone(), (*other).clone());
            for (added, folder) in [(&mut one, "p/"), (&mut other, "q/")] {
                let moved = |path: &str| {
                    if path.starts_with("x/") { format!("{folder}{path}") } else { path.to_owned() }
                };
                added.files.iter_mut().for_each(|(path, _)| *path = moved(path));
                added.rows.iter_mut().for_each(|row| *row = moved(row));
            }
            wrong.extend(world.wrong(&before, &[&one, &other]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
