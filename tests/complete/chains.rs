//! What stands above an answer: chains that do not hold, broken hashes, revocation lists; and several answers
//! at once.

use certrecall::rekey::complete::Severity::{Refused, Told, Waived};
use certrecall::rekey::complete::{Check, State, Waivers};
use rcgen::{
    BasicConstraints, CertificateRevocationListParams, CrlDistributionPoint, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyIdMethod, KeyUsagePurpose, NameConstraints, RevocationReason, RevokedCertParams,
    SerialNumber,
};

use super::common::pki::{Cert, Draft, Key, chain, leaf, pem};
use super::common::{Folder, openssl, unix};
use super::world::{
    Sent, accepts, authority, hold, must_staple, private, public, refuses, sent, timestamps, waive, world,
};
use super::{day, fresh};

#[test]
fn chains() {
    let world = world();
    let good = || world.good().by(&world.public.middle);
    let (middle, root) = (&world.public.middle, &world.public.root);
    let below = |draft: Draft| {
        let middle = draft.serial(4).by(root);
        sent(chain(&[&world.good().by(&middle), &middle]))
    };
    let named = || authority("Another Intermediate").from("2020-01-01").to("2039-01-01");
    let two_deep = || {
        let upper = named().with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))).by(root);
        let lower = authority("Lowest").from("2020-01-01").to("2039-01-01").by(&upper);
        sent(chain(&[&world.good().by(&lower), &upper, &lower]))
    };
    let forged = {
        // The names of the right CA, and the key of somebody.
        let wrong = authority("Public Root Intermediate")
            .key(&Key::new())
            .by(&authority("Public Root").self_signed());
        let mut stranger = good();
        stranger.der = world.good().with(|p| p.use_authority_key_identifier_extension = false).by(&wrong).der;
        sent(chain(&[&stranger, middle]))
    };
    let private_leaf = world.good().by(&world.private.middle);
    let exposed = Sent { exposed: vec![world.private.middle.key.spki()], ..private(world.good()) };
    hold(vec![
        refuses(
            "the chain is short",
            sent(good().pem()),
            &[(Check::ChainIncomplete, Refused, "the certificate of CN=Public Root Intermediate is missing")],
        ),
        accepts("wrong order, root included", sent(chain(&[root, middle, &good()])), &[]),
        refuses(
            "another signed it",
            forged,
            &[(Check::ChainBroken, Refused, "the signature is not by its key")],
        ),
        refuses(
            "an expired intermediate",
            below(named().to("2024-01-01")),
            &[(Check::ChainBroken, Refused, "it expired on 2024-01-01")],
        ),
        refuses(
            "an intermediate of the future",
            below(named().from(&day(3))),
            &[(Check::ChainBroken, Refused, "not yet valid")],
        ),
        refuses(
            "no CA above",
            below(named().with(|p| p.is_ca = IsCa::NoCa)),
            &[(Check::ChainBroken, Refused, "it is no CA certificate")],
        ),
        refuses(
            "an intermediate that may not sign",
            below(named().with(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign])),
            &[(Check::ChainBroken, Refused, "does not allow it to sign certificates")],
        ),
        refuses(
            "a CA too many",
            two_deep(),
            &[(Check::ChainBroken, Refused, "it allows 0 CAs below it, and there are 1")],
        ),
        refuses(
            "an intermediate for mail",
            below(named().with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection])),
            &[(Check::ChainBroken, Refused, "extended key usage does not allow")],
        ),
        refuses(
            "an intermediate for other names",
            below(named().with(|p| {
                let permitted = vec![GeneralSubtree::DnsName("elsewhere.test".into())];
                p.name_constraints =
                    Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: vec![] });
            })),
            &[(Check::ChainBroken, Refused, "it may not issue for the DNS name www.example")],
        ),
        refuses(
            "an intermediate with an extension twice",
            below(named().with(|p| p.custom_extensions.extend([must_staple(), must_staple()]))),
            &[(Check::ChainBroken, Refused, "1.3.6.1.5.5.7.1.24 is there more than once")],
        ),
        refuses(
            "an intermediate whose own name is not allowed",
            constrained(false),
            &[(Check::ChainBroken, Refused, "in the CA CN=Lower below it")],
        ),
        accepts("one whose name is allowed", constrained(true), &[]),
        refuses(
            "a root of nobody",
            sent(chain(&[&private_leaf, &world.private.middle, &world.private.root])),
            &[(Check::UnknownRoot, Refused, "its chain ends in the root CN=Private Root")],
        ),
        accepts(
            "a root of nobody, accepted",
            Sent {
                waivers: Waivers { unknown_root: true, ..Waivers::default() },
                ..sent(chain(&[&private_leaf, &world.private.middle, &world.private.root]))
            },
            &[(Check::UnknownRoot, Waived, "Private Root")],
        ),
        accepts("a root that was given", private(world.good()), &[]),
        refuses(
            "a private CA after a public one",
            Sent { of_public: true, ..private(world.good()) },
            &[(Check::OtherCa, Refused, "clients of strangers will refuse it")],
        ),
        accepts(
            "a private CA after a public one, waived",
            waive(Sent { of_public: true, ..private(world.good()) }, &[Check::OtherCa], &[]),
            &[(Check::OtherCa, Waived, "clients of strangers will refuse it")],
        ),
        refuses(
            "public rules hold whatever the root",
            Sent {
                of_public: true,
                ..private(world.good().to(&day(3000)).with(|p| p.custom_extensions.truncate(1)))
            },
            &[
                (Check::OtherCa, Refused, "clients of strangers"),
                (Check::TooLong, Refused, "at most 200 days"),
                (Check::Timestamps, Refused, "0 logs"),
            ],
        ),
        accepts(
            "and are told where it moves to another CA on purpose",
            waive(
                Sent {
                    of_public: true,
                    ..private(world.good().to(&day(3000)).with(|p| p.custom_extensions.truncate(1)))
                },
                &[Check::OtherCa],
                &[],
            ),
            &[
                (Check::OtherCa, Waived, "clients of strangers"),
                (Check::TooLong, Waived, "at most 200 days"),
                (Check::Timestamps, Waived, "0 logs"),
            ],
        ),
        refuses(
            "a CA whose key is exposed",
            exposed,
            &[(Check::ExposedIssuer, Refused, "has the exposed key")],
        ),
        refuses(
            "it signed itself",
            sent(world.good().self_signed().pem()),
            &[(Check::UnknownRoot, Refused, "it signed itself, and nobody vouches")],
        ),
    ]);
}

/// The certificate that answers the request with this hash, made by openssl below an RSA root of its own.
fn with_hash(hash: &str) -> (String, Vec<u8>) {
    by_root(&["-newkey", "rsa:2048"], hash)
}

fn by_root(kind: &[&str], hash: &str) -> (String, Vec<u8>) {
    let world = world();
    let folder = Folder::new();
    let (root, key) = (folder.at("root.pem"), folder.at("root.key"));
    let subject =
        ["req", "-x509", "-nodes", "-keyout", &key, "-out", &root, "-subj", "/CN=RSA Root", "-days", "900"];
    openssl(&[&subject[..], kind].concat(), b"").unwrap();
    let names = "subjectAltName=DNS:www.example,DNS:alias.example,IP:192.0.2.1,email:ada@example.org\nextendedKeyUsage=serverAuth,clientAuth\n\
                 keyUsage=digitalSignature\n1.3.6.1.5.5.7.1.24=DER:30:03:02:01:05\nauthorityKeyIdentifier=keyid\nbasicConstraints=CA:FALSE\n";
    folder.write("extensions", names);
    let (request, extensions) =
        (world.case.replacement("www.example").join("request.pem"), folder.at("extensions"));
    let request = request.to_str().unwrap();
    let sign = [
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        &root,
        "-CAkey",
        &key,
        "-days",
        "90",
        "-extfile",
        &extensions,
        "-set_serial",
        "7",
        hash,
    ];
    let issued = openssl(&sign, b"").unwrap();
    (String::from_utf8(issued).unwrap(), openssl(&["x509", "-in", &root, "-outform", "DER"], b"").unwrap())
}

#[test]
fn broken_hashes() {
    let (sha1, root) = with_hash("-sha1");
    let given =
        |issued: &str, root: &[u8]| Sent { roots: pem("CERTIFICATE", root), ..sent(issued.to_owned()) };
    let (md5, md5_root) = with_hash("-md5");
    let (binary, binary_root) =
        by_root(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:sect283r1"], "-sha256");
    hold(vec![
        accepts(
            "SHA-1 of a private CA",
            given(&sha1, &root),
            &[(Check::WeakSignature, Told, "sha1WithRSAEncryption: current software refuses that")],
        ),
        accepts(
            "MD5 of a private CA",
            given(&md5, &md5_root),
            &[(Check::WeakSignature, Told, "md5WithRSAEncryption")],
        ),
        refuses(
            "a curve over a binary field",
            given(&binary, &binary_root),
            &[(Check::SignatureNotChecked, Refused, "cannot be checked here")],
        ),
    ]);
    // As if that root were a public one.
    let judged = world().judge(&Sent { public: root, ..sent(sha1) });
    let found =
        &judged.replacements.iter().find(|r| r.name == "www.example").unwrap().certificates[0].findings;
    let weak = found.iter().find(|f| f.check == Check::SignatureAlgorithm).unwrap();
    assert!(weak.severity == Refused && weak.says.contains("no public CA may use it"), "{found:#?}");
}

/// A root of today, an intermediate that excludes a directory name, another one below it, which has such a
/// name or not, and an answer.
fn constrained(allowed: bool) -> Sent {
    let world = world();
    let upper = authority("Upper").serial(21).from("2020-01-01").to("2039-01-01").with(|p| {
        let mut name = rcgen::DistinguishedName::new();
        name.push(rcgen::DnType::CommonName, if allowed { "Somebody" } else { "Lower" });
        p.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![],
            excluded_subtrees: vec![GeneralSubtree::DirectoryName(name)],
        });
    });
    let upper = upper.by(&world.public.root);
    let lower = authority("Lower").serial(22).from("2020-01-01").to("2038-01-01").by(&upper);
    sent(chain(&[&world.good().by(&lower), &lower, &upper]))
}

/// A list of the CA between, with this entry.
pub(super) fn list(of: &Cert, revoked: &[u8], from: &str, to: &str) -> String {
    let time = |text: &str| {
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(unix(text).unsigned_abs())
    };
    let entry = |serial: &u8| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&[*serial]),
        revocation_time: time(from),
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    of.sign_list(CertificateRevocationListParams {
        this_update: time(from),
        next_update: time(to),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    })
}

#[test]
fn revocation_lists() {
    let world = world();
    let with = |list: String| Sent { lists: list, ..public(world.good().serial(9)) };
    let (middle, root) = (&world.public.middle, &world.public.root);
    let mut forged = middle.clone();
    forged.key = Key::new();
    let along = Sent {
        issued: public(world.good().serial(9)).issued + &list(middle, &[9], &day(-1), &day(5)),
        ..Sent::default()
    };
    let pointed = || {
        let point = CrlDistributionPoint { uris: vec!["http://crl.example/1.crl".into()] };
        world.good().serial(9).with(|p| p.crl_distribution_points = vec![point])
    };
    let scoped = |uri: &str, revoked: &[u8]| {
        let time = |text: &str| {
            rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(unix(text).unsigned_abs())
        };
        let distribution_point = CrlDistributionPoint { uris: vec![uri.into()] };
        let point = rcgen::CrlIssuingDistributionPoint {
            distribution_point,
            scope: Some(rcgen::CrlScope::UserCertsOnly),
        };
        let entry = |serial: &u8| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: time(&day(-1)),
            reason_code: None,
            invalidity_date: None,
        };
        middle.sign_list(CertificateRevocationListParams {
            this_update: time(&day(-1)),
            next_update: time(&day(5)),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: Some(point),
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        })
    };
    let at_point = |list: String| Sent { lists: list, ..public(pointed()) };
    hold(vec![
        accepts("not on the list", with(list(middle, &[8], &day(-1), &day(5))), &[]),
        refuses(
            "revoked",
            with(list(middle, &[9], &day(-1), &day(5))),
            &[(Check::Revoked, Refused, "reason keyCompromise")],
        ),
        refuses("revoked, and the list came along", along, &[(Check::Revoked, Refused, "issued.pem")]),
        accepts(
            "out of date",
            with(list(middle, &[8], "2020-01-01", "2020-01-08")),
            &[(Check::RevocationNotTold, Told, "out of date since 2020-01-08")],
        ),
        refuses(
            "out of date, and it names it",
            with(list(middle, &[9], "2020-01-01", "2020-01-08")),
            &[(
                Check::ListedAsRevoked,
                Refused,
                "that list alone is no answer: it is out of date since 2020-01-08",
            )],
        ),
        refuses(
            "a fresh one that does not name it is no way out",
            with(list(middle, &[9], "2020-01-01", "2020-01-08") + &list(middle, &[], &day(-1), &day(5))),
            &[(Check::ListedAsRevoked, Refused, "reason keyCompromise")],
        ),
        accepts(
            "out of date, waived",
            waive(with(list(middle, &[9], "2020-01-01", "2020-01-08")), &[Check::ListedAsRevoked], &[]),
            &[(Check::ListedAsRevoked, Waived, "out of date")],
        ),
        accepts(
            "out of date, by another key",
            with(list(&forged, &[9], "2020-01-01", "2020-01-08")),
            &[(Check::RevocationNotTold, Told, "another key")],
        ),
        accepts(
            "of the future",
            with(list(middle, &[9], &day(2), &day(5))),
            &[(Check::RevocationNotTold, Told, "from the future")],
        ),
        accepts(
            "by another key",
            with(list(&forged, &[9], &day(-1), &day(5))),
            &[(Check::RevocationNotTold, Told, "another key")],
        ),
        accepts("of another CA", with(list(&world.private.middle, &[9], &day(-1), &day(5))), &[]),
        refuses(
            "the CA is revoked",
            with(list(root, &[3], &day(-1), &day(5))),
            &[(Check::Revoked, Refused, "the CA CN=Public Root Intermediate is revoked")],
        ),
        accepts("its own distribution point", at_point(scoped("http://crl.example/1.crl", &[])), &[]),
        refuses(
            "revoked at its distribution point",
            at_point(scoped("http://crl.example/1.crl", &[9])),
            &[(Check::Revoked, Refused, "unspecified")],
        ),
        accepts(
            "another distribution point",
            at_point(scoped("http://crl.example/2.crl", &[])),
            &[(Check::RevocationNotTold, Told, "another distribution point")],
        ),
    ]);
}

#[test]
fn of_several_the_newest_that_can_be_taken_counts() {
    let world = world();
    let older = world.good().serial(1).from(&day(-5)).by(&world.public.middle);
    let newer = world.good().serial(2).from(&day(-2)).by(&world.public.middle);
    let bad = world.good().serial(3).from(&day(-1)).names(&["www.example"]).by(&world.public.middle);
    let judged = world.judge(&sent(chain(&[&older, &bad, &newer, &world.public.middle, &newer])));
    let www = judged.replacements.iter().find(|r| r.name == "www.example").unwrap();
    assert_eq!((www.state, www.sha256), (State::Accepted, Some(newer.sha256())), "{}", www.says);
    assert!(
        www.says.ends_with("; of 3 that came it is the newest that can be taken"),
        "one is newer and refused: {}",
        www.says
    );
    assert_eq!(
        www.certificates.iter().map(|c| (c.sha256, c.acceptable)).collect::<Vec<_>>(),
        [(bad.sha256(), false), (newer.sha256(), true), (older.sha256(), true)]
    );
    assert!(judged.has_refused(), "what is refused is told although another was taken");
    let other = judged.replacements.iter().find(|r| r.name == "other.example").unwrap();
    assert_eq!((other.state, other.says.as_str()), (State::Missing, "no certificate for its key came"));
    assert!(judged.has_missing());
    let both = fresh("other.example", &world.other)
        .with(|p| p.custom_extensions.push(timestamps(2)))
        .by(&world.public.middle);
    let judged = world.judge(&sent(chain(&[&both, &newer, &world.public.middle])));
    assert!(!judged.has_missing() && !judged.has_refused());
}

#[test]
fn no_octet_of_a_certificate_can_be_another() {
    let world = world();
    let middle = world.public.middle.pem();
    let good = world.good().by(&world.public.middle);
    let taken = |all: &[Vec<u8>]| {
        let text: String = all.iter().map(|der| pem("CERTIFICATE", der)).collect();
        let judged = world.judge(&sent(text + &middle));
        judged.replacements.iter().find_map(|r| r.accepted.as_ref().map(|a| a.certificate.der.to_vec()))
    };
    assert_eq!(taken(std::slice::from_ref(&good.der)).as_ref(), Some(&good.der));
    let altered: Vec<Vec<u8>> = (0..good.der.len())
        .flat_map(|at| {
            let mut flipped = good.der.clone();
            flipped[at] ^= 1 << (at % 8);
            [flipped, good.der[..at].to_vec()]
        })
        .collect();
    for all in altered.chunks(200) {
        let taken = taken(all);
        let place = taken.as_ref().and_then(|t| t.iter().zip(&good.der).position(|(a, b)| a != b));
        assert_eq!(taken, None, "octet {place:?} is another");
    }
}

#[test]
fn criss_cross_certification_ends() {
    // Twelve CAs of one name, each certified by all: every path would be tried in turn.
    let world = world();
    let keys: Vec<Key> = (0..12).map(|_| Key::new()).collect();
    let draft = |key: &Key| {
        leaf("Criss")
            .authority()
            .key(key)
            .with(|p| p.use_authority_key_identifier_extension = false)
            .from("2020-01-01")
    };
    let selves: Vec<Cert> = keys.iter().map(|k| draft(k).self_signed()).collect();
    let mut all = Vec::new();
    for (i, child) in keys.iter().enumerate() {
        all.extend(selves.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, s)| draft(child).by(s)));
    }
    let leaf = world.good().with(|p| p.use_authority_key_identifier_extension = false).by(&selves[0]);
    let text: String = std::iter::once(&leaf).chain(&all).map(Cert::pem).collect();
    let judged = world.judge(&sent(text));
    let www = judged.replacements.iter().find(|r| r.name == "www.example").unwrap();
    assert_eq!(www.state, State::Refused, "{}", www.says);
    assert!(
        www.says.contains("too many ways")
            || www.says.contains("is missing")
            || www.says.contains("not by its key"),
        "{}",
        www.says
    );
}
