//! Answers that are wrong in one way each, and the sentence that each gets.

use certrecall::rekey::complete::Check;
use certrecall::rekey::complete::Severity::{Refused, Told, Waived};
use rcgen::{
    BasicConstraints, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
};

use super::common::pki::{Key, leaf};
use super::day;
use super::world::{Sent, accepts, hold, private, public, refuses, rich, timestamps, waive, world};

#[test]
fn keys() {
    let world = world();
    let on = |key: &Key| {
        public(
            rich("www.example", key)
                .from(&day(-1))
                .to(&day(90))
                .with(|p| p.custom_extensions.push(timestamps(2))),
        )
    };
    let leaked = Sent { exposed: vec![world.key.spki()], ..public(world.good()) };
    hold(vec![
        accepts("all is well", public(world.good()), &[]),
        refuses(
            "the old key again",
            on(&world.old),
            &[(Check::OldKey, Refused, "the CA certified the old key again")],
        ),
        refuses(
            "a key of nobody",
            on(&Key::new()),
            &[(Check::UnknownKey, Refused, "its key is of no replacement")],
        ),
        refuses(
            "the new key leaked as well",
            leaked,
            &[(Check::OldKey, Refused, "the new key leaked as well")],
        ),
        // The certificate for one name on the key of the other.
        refuses(
            "swapped",
            public(
                leaf("other.example")
                    .key(&world.key)
                    .from(&day(-1))
                    .to(&day(90))
                    .with(|p| p.custom_extensions.push(timestamps(2))),
            ),
            &[
                (Check::MissingName, Refused, "the DNS name www.example is not in it"),
                (Check::MissingName, Refused, "the DNS name alias.example"),
                (Check::MissingName, Refused, "the IP address 192.0.2.1"),
                (Check::MissingName, Refused, "the mail address ada@example.org"),
                (Check::ExtraName, Told, "not asked for: DNS name other.example"),
                (
                    Check::SubjectChanged,
                    Told,
                    "its subject is CN=other.example, and CN=www.example was asked for",
                ),
                (Check::MustStaple, Refused, "must-staple was asked for"),
            ],
        ),
    ]);
}

#[test]
fn names() {
    let world = world();
    let without =
        |keep: fn(&SanType) -> bool| public(world.good().with(|p| p.subject_alt_names.retain(keep)));
    let is_ip = |n: &SanType| matches!(n, SanType::IpAddress(_));
    hold(vec![
        refuses(
            "no IP address",
            without(|n| !matches!(n, SanType::IpAddress(_))),
            &[(Check::MissingName, Refused, "the IP address 192.0.2.1 is not in it")],
        ),
        accepts(
            "waived",
            waive(without(|n| !matches!(n, SanType::IpAddress(_))), &[], &["192.0.2.1"]),
            &[(Check::MissingName, Waived, "the IP address 192.0.2.1")],
        ),
        refuses(
            "another is waived",
            waive(without(|n| !matches!(n, SanType::IpAddress(_))), &[], &["192.0.2.2"]),
            &[(Check::MissingName, Refused, "the IP address 192.0.2.1")],
        ),
        refuses(
            "the address as a DNS name",
            public(world.good().with(|p| {
                p.subject_alt_names.retain(|n| !is_ip(n));
                p.subject_alt_names.push(SanType::DnsName("192.0.2.1".try_into().unwrap()));
            })),
            &[
                (Check::MissingName, Refused, "the IP address 192.0.2.1"),
                (Check::ExtraName, Told, "DNS name 192.0.2.1"),
            ],
        ),
        accepts(
            "capital letters",
            public(
                world
                    .good()
                    .with(|p| p.subject_alt_names[0] = SanType::DnsName("WWW.Example".try_into().unwrap())),
            ),
            &[],
        ),
        refuses(
            "a wildcard for it",
            public(
                world
                    .good()
                    .with(|p| p.subject_alt_names[1] = SanType::DnsName("*.example".try_into().unwrap())),
            ),
            &[
                (Check::MissingName, Refused, "*.example stands for it only where wildcards"),
                (Check::ExtraName, Told, "DNS name *.example"),
            ],
        ),
        accepts(
            "one more",
            public(world.good().also(SanType::DnsName("more.example".try_into().unwrap()))),
            &[(Check::ExtraName, Told, "more.example")],
        ),
        accepts(
            "another subject",
            public(world.good().with(|p| p.distinguished_name.push(DnType::OrganizationName, "Added"))),
            &[(Check::SubjectChanged, Told, "O=Added")],
        ),
    ]);
}

#[test]
fn validity_and_kind() {
    let world = world();
    hold(vec![
        refuses(
            "expired",
            public(world.good().from(&day(-30)).to(&day(-1))),
            &[(Check::Expired, Refused, "it expired on")],
        ),
        refuses(
            "from the day after tomorrow",
            public(world.good().from(&day(2))),
            &[(Check::NotYetValid, Refused, "more than a day from now")],
        ),
        accepts(
            "from this evening",
            public(world.good().from(&day(0)).with(|p| p.not_before += std::time::Duration::from_secs(3600))),
            &[],
        ),
        refuses(
            "too long for a public CA",
            public(world.good().to(&day(300)).with(|p| p.custom_extensions.push(timestamps(3))).with(|p| {
                p.custom_extensions.remove(1);
            })),
            &[(Check::TooLong, Refused, "at most 200 days were allowed")],
        ),
        accepts("as long at a private CA", private(world.good().to(&day(3000))), &[]),
        refuses(
            "a CA certificate",
            public(world.good().with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
            &[(Check::CaCertificate, Refused, "basicConstraints CA:TRUE")],
        ),
        refuses(
            "a precertificate",
            public(world.good().with(|p| {
                let mut poison =
                    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3], vec![5, 0]);
                poison.set_criticality(true);
                p.custom_extensions.push(poison);
            })),
            &[(Check::Precertificate, Refused, "precertificate")],
        ),
        refuses(
            "the same extension twice",
            public(world.good().with(|p| p.custom_extensions.push(timestamps(3)))),
            &[(Check::RepeatedExtension, Refused, "1.3.6.1.4.1.11129.2.4.2 is there more than once")],
        ),
        refuses(
            "a critical extension of nobody",
            public(world.good().with(|p| {
                let mut strange = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                strange.set_criticality(true);
                p.custom_extensions.push(strange);
            })),
            &[(Check::CriticalExtension, Refused, "1.2.3.4")],
        ),
    ]);
}

#[test]
fn usages() {
    let world = world();
    let usages = |list: &[ExtendedKeyUsagePurpose]| {
        public(world.good().with(|p| p.extended_key_usages = list.to_vec()))
    };
    let bare = || {
        world
            .good()
            .with(|p| p.custom_extensions.retain(|e| e.oid_components().ne([1, 3, 6, 1, 5, 5, 7, 1, 24])))
    };
    hold(vec![
        accepts(
            "clientAuth at a public CA",
            usages(&[ExtendedKeyUsagePurpose::ServerAuth]),
            &[(Check::LostUsage, Told, "public CAs give it no more")],
        ),
        refuses(
            "clientAuth at a private one",
            private(world.good().with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])),
            &[(Check::ExtendedKeyUsage, Refused, "clientAuth")],
        ),
        refuses(
            "serverAuth",
            usages(&[ExtendedKeyUsagePurpose::ClientAuth]),
            &[(Check::ExtendedKeyUsage, Refused, "serverAuth")],
        ),
        accepts(
            "serverAuth, waived",
            waive(usages(&[ExtendedKeyUsagePurpose::ClientAuth]), &[Check::ExtendedKeyUsage], &[]),
            &[(Check::ExtendedKeyUsage, Waived, "serverAuth")],
        ),
        accepts(
            "any usage",
            usages(&[ExtendedKeyUsagePurpose::Any, ExtendedKeyUsagePurpose::ServerAuth]),
            &[],
        ),
        accepts("no restriction", usages(&[]), &[]),
        refuses("must-staple is gone", public(bare()), &[(Check::MustStaple, Refused, "must-staple")]),
        accepts(
            "must-staple, waived",
            waive(public(bare()), &[Check::MustStaple], &[]),
            &[(Check::MustStaple, Waived, "must-staple")],
        ),
        refuses(
            "no digital signature",
            public(world.good().with(|p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement])),
            &[(Check::KeyUsage, Refused, "digitalSignature")],
        ),
    ]);
}

#[test]
fn timestamps_of_logs() {
    let world = world();
    let with = |logs: u8| {
        public(world.good().with(|p| {
            p.custom_extensions.truncate(1);
            if logs > 0 {
                p.custom_extensions.push(timestamps(logs));
            }
        }))
    };
    hold(vec![
        refuses("none", with(0), &[(Check::Timestamps, Refused, "of 0 logs, and browsers ask for 2")]),
        refuses("one", with(1), &[(Check::Timestamps, Refused, "counted, not verified")]),
        accepts(
            "waived",
            waive(with(0), &[Check::Timestamps], &[]),
            &[(Check::Timestamps, Waived, "0 logs")],
        ),
        accepts(
            "a private CA needs none",
            private(world.good().with(|p| p.custom_extensions.truncate(1))),
            &[],
        ),
    ]);
}
