//! Known answers from OpenSSL, keys that contradict themselves, and hostile numbers.

use proptest::prelude::*;

use super::*;
use crate::id::{SpkiHash, from_hex};
use crate::pki::spki::Curve;

const KNOWN: &str = include_str!("../../../testdata/keys/known.txt");

struct Known {
    name: &'static str,
    label: &'static str,
    bits: u32,
    spki: Option<SpkiHash>,
    der: Vec<u8>,
}

fn known() -> impl Iterator<Item = Known> {
    KNOWN.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let fields: Vec<_> = line.split(' ').collect();
        Known {
            name: fields[0],
            label: fields[1],
            bits: fields[2].parse().unwrap_or(0),
            spki: fields[3].parse().ok(),
            der: from_hex(fields[4]).expect("the file holds hexadecimal"),
        }
    })
}

fn der_of(name: &str) -> Vec<u8> {
    known().find(|key| key.name == name).map(|key| key.der).expect("the file has this key")
}

fn codes(facts: &KeyFacts) -> Vec<&'static str> {
    facts.findings.iter().filter(|code| *code != Code::WeakKey).map(Code::as_str).collect()
}

/// The content octets of every INTEGER of a PKCS #1 or traditional DSA key.
fn numbers(der: &[u8]) -> Vec<Vec<u8>> {
    Reader::new(der).sequence().into_iter().flatten().map(|n| n.content.to_vec()).collect()
}

fn sequence(numbers: &[Vec<u8>]) -> Vec<u8> {
    der::tlv(der::SEQUENCE, &numbers.iter().flat_map(|n| der::unsigned(n)).collect::<Vec<_>>())
}

#[test]
fn public_halves_are_those_that_openssl_computes() {
    for key in known() {
        let read = if key.label.starts_with("OPENSSH") { read_openssh(&key.der) } else { read(&key.der) };
        let Some(spki) = key.spki else {
            assert_eq!(read.err(), Some(KeyError::Encrypted), "{}", key.name);
            continue;
        };
        let facts = read.expect(key.name).facts;
        assert!([facts.spki, facts.spki_raw].contains(&Some(spki)), "{}", key.name);
        let fixed = ["ED25519", "ED448", "X25519", "X448"].contains(&key.name);
        assert!(fixed || facts.bits == key.bits, "{} {}", key.name, facts.bits);
        let expected: &[&str] = match key.name {
            "ec-sect163k1" => &["public-key-not-verified"],
            name if name.starts_with("ecx") => &["explicit-curve"],
            _ => &[],
        };
        assert_eq!(codes(&facts), expected, "{}", key.name);
    }
}

/// The same file with another cipher: its public half stays in the clear.
fn with_cipher(body: &[u8], cipher: &[u8]) -> Vec<u8> {
    let string = |text: &[u8]| [&(text.len() as u32).to_be_bytes()[..], text].concat();
    let plain = [&b"openssh-key-v1\0"[..], &string(b"none"), &string(b"none"), &string(b"")].concat();
    let rest = body.strip_prefix(plain.as_slice()).expect("it is not encrypted");
    [&b"openssh-key-v1\0"[..], &string(cipher), &string(b"bcrypt"), &string(&[7; 24]), rest].concat()
}

#[test]
fn an_encrypted_openssh_key_is_named_by_its_clear_half() {
    for key in known().filter(|key| key.label.starts_with("OPENSSH") && key.spki.is_some()) {
        let locked = with_cipher(&key.der, b"aes256-ctr");
        assert_eq!(read_openssh(&locked).err(), Some(KeyError::Encrypted), "{}", key.name);
        let facts = read_openssh_public(&locked).expect(key.name);
        assert_eq!(
            (facts.spki, facts.bits),
            (key.spki, read_openssh(&key.der).expect(key.name).facts.bits),
            "{}",
            key.name
        );
        assert_eq!(codes(&facts), ["public-key-not-verified"], "{}", key.name);
        for length in 0..80 {
            assert!(read_openssh_public(&locked[..length]).is_none(), "{} {length}", key.name);
        }
    }
    assert!(read_openssh_public(&der_of("ssh-enc")).is_some_and(|facts| facts.spki.is_some()));
}

#[test]
fn canonical_forms_link_a_key_to_its_other_spellings() {
    let explicit = read(&der_of("ecx-p256")).expect("it reads").facts;
    assert_eq!(explicit.curve, Some(Curve::P256));
    assert!(explicit.spki_raw.is_some());
    let pss = read(&der_of("pss")).expect("it reads").facts;
    assert!(pss.spki_raw.is_some() && pss.modulus.is_some());
    assert_eq!(
        read(&der_of("sec1-p256")).map(|k| k.facts.spki),
        read(&der_of("sec1nopub-p256")).map(|k| k.facts.spki)
    );
    let compressed = read(&der_of("sec1comp-p224")).expect("it reads").facts;
    assert_eq!(Some(compressed.spki), read(&der_of("ec-secp224r1")).ok().map(|k| k.facts.spki));
    assert!(compressed.spki_raw.is_some());
}

#[test]
fn a_stored_point_of_another_key_is_not_believed() {
    for (name, curve) in [
        ("ec-prime256v1", Curve::P256),
        ("ec-secp384r1", Curve::P384),
        ("ec-brainpoolP256r1", Curve::Brainpool256r1),
    ] {
        let good = read(&der_of(name)).expect("it reads").facts;
        let generator = curve.domain();
        let stored = [&[4], generator.gx.as_slice(), &generator.gy].concat();
        let mut bad = der_of(name);
        let at = bad.len() - stored.len();
        bad[at..].copy_from_slice(&stored);
        let facts = read(&bad).expect("it reads").facts;
        assert_eq!((facts.spki, codes(&facts)), (good.spki, vec!["key-mismatch"]), "{name}");
        assert_eq!(facts.spki_raw, None, "{name}: what is stored is another key");
    }
    let mut ed = der_of("ED25519");
    ed[1] += 35;
    ed.extend_from_slice(&[0x81, 33, 0]);
    ed.extend_from_slice(&[9; 32]);
    assert_eq!(codes(&read(&ed).expect("it reads").facts), ["key-mismatch"]);
}

#[test]
fn a_key_that_names_no_curve_is_tried_on_those_of_its_size() {
    let good = read(&der_of("sec1-p256")).expect("it reads").facts;
    let whole = der_of("sec1-p256");
    let fields: Vec<_> = Reader::new(&whole).sequence().into_iter().flatten().map(|t| t.raw).collect();
    let bare = der::tlv(der::SEQUENCE, &[fields[0], fields[1], fields[3]].concat());
    assert_eq!(read(&bare).map(|k| k.facts.spki), Ok(good.spki));
    let private = der::tlv(der::SEQUENCE, &[fields[0], fields[1]].concat());
    let facts = read(&private).expect("it reads").facts;
    assert_eq!((facts.spki, codes(&facts)), (None, vec!["public-key-not-computable"]));
    let block = der::tlv(der::OID, oid::P256);
    assert_eq!(read_with_parameters(&private, Some(&block)).map(|k| k.facts.spki), Ok(good.spki));
}

/// Version and scalar alone, as SEC 1 and in PKCS #8 without parameters.
fn without_curve(scalar: &[u8]) -> [Vec<u8>; 2] {
    let sec1 = der::tlv(der::SEQUENCE, &[&[2, 1, 1][..], &der::tlv(der::OCTET_STRING, scalar)].concat());
    let algorithm = der::tlv(der::SEQUENCE, &der::tlv(der::OID, oid::EC_PUBLIC_KEY));
    let pkcs8 =
        der::tlv(der::SEQUENCE, &[&[2, 1, 0][..], &algorithm, &der::tlv(der::OCTET_STRING, &sec1)].concat());
    [sec1, pkcs8]
}

#[test]
fn parameters_beside_a_key_count_if_they_fit() {
    let whole = der_of("sec1-p256");
    let scalar = Reader::new(&whole)
        .sequence()
        .and_then(|mut fields| fields.nth(1))
        .expect("a scalar")
        .content
        .to_vec();
    let good = read(&whole).expect("it reads").facts;
    let named = |curve: &[u8]| der::tlv(der::OID, curve);
    for key in without_curve(&scalar) {
        let first = read(&key).expect("it reads").facts;
        let beside =
            |parameters: &[u8]| read_with_parameters(&key, Some(parameters)).expect("it reads").facts;
        assert_eq!((first.spki, codes(&first)), (None, vec!["public-key-not-computable"]));
        let fitting = beside(&named(oid::P256));
        assert_eq!((fitting.spki, fitting.curve, codes(&fitting)), (good.spki, Some(Curve::P256), vec![]));
        // Too large, too small, not known, no curve, cut, not DER, explicit and broken.
        let cut = &named(oid::P256)[..5];
        for foreign in [
            &named(Curve::P521.oid())[..],
            &named(Curve::Brainpool160r1.oid()),
            &named(&[0x2a, 3, 4]),
            &[5, 0],
            cut,
            b"",
            &[0x30, 3, 2, 1, 1],
        ] {
            let facts = beside(foreign);
            assert_eq!(
                (facts.spki, facts.bits, codes(&facts)),
                (None, first.bits, codes(&first)),
                "{foreign:02x?}"
            );
        }
    }
    // The leading zeros that some writers drop, and one too many.
    for scalar in [&[7; 31][..], &[&[0][..], &scalar].concat()] {
        for key in without_curve(scalar) {
            assert!(
                read_with_parameters(&key, Some(&named(oid::P256))).expect("it reads").facts.spki.is_some()
            );
        }
    }
}

#[test]
fn parameters_beside_a_key_do_not_displace_its_own() {
    let foreign = der::tlv(der::OID, Curve::P384.oid());
    for name in ["ec-prime256v1", "sec1-p256", "ec-brainpoolP256r1"] {
        let facts = |parameters| {
            read_with_parameters(&der_of(name), parameters).map(|key| (key.facts.spki, codes(&key.facts)))
        };
        assert_eq!(facts(Some(&foreign)), facts(None), "{name}");
    }
}

#[test]
fn rsa_parts_that_contradict() {
    let good = numbers(&der_of("rsa1024"));
    let facts = |numbers: &[Vec<u8>]| read(&sequence(numbers)).expect("it reads").facts;
    let own = facts(&good).spki;
    let other = numbers(&der_of("rsa512"));
    // version, n, e, d, p, q, dP, dQ, qInv.
    for (part, replacement, believed) in [
        (1, &other[1], own),
        (2, &vec![3], own),
        (4, &other[4], own), // d fits n, so n is the key's own.
        (6, &other[6], own),
        (8, &other[8], own),
        (3, &other[3], own),
    ] {
        let mut bad = good.clone();
        bad[part].clone_from(replacement);
        let facts = facts(&bad);
        assert_eq!((facts.spki, codes(&facts)), (believed, vec!["key-mismatch"]), "part {part}");
    }
    let mut bare = good.clone();
    for part in &mut bare[4..] {
        part.clear();
    }
    assert_eq!((facts(&bare).spki, codes(&facts(&bare))), (own, vec![]));
    assert_eq!(codes(&facts(&bare[..4])), Vec::<&str>::new());
    bare[3] = other[3].clone();
    assert_eq!(codes(&facts(&bare)), ["key-mismatch", "public-key-not-verified"]);
    bare[3].clear();
    assert_eq!(codes(&facts(&bare)), ["public-key-not-verified"]);
    // The factors are the key, whatever is left out besides.
    let mut factors = good.clone();
    for part in [3, 6, 7, 8] {
        factors[part].clear();
    }
    assert_eq!((facts(&factors).spki, codes(&facts(&factors))), (own, vec![]));
}

/// Anybody can write the public numbers of another into the file of a private key: without a private part
/// that belongs to them it is none.
#[test]
fn public_numbers_alone_are_not_verified() {
    let not_verified = |der: &[u8], what: &str| {
        let facts = read(der).expect(what).facts;
        assert!(codes(&facts).contains(&"public-key-not-verified"), "{what}: {:?}", codes(&facts));
    };
    for name in ["rsa512", "rsa1024"] {
        let good = numbers(&der_of(name));
        let (n, e, one) = (&good[1], &good[2], vec![1]);
        let minus_one = [&n[..n.len() - 1], &[n[n.len() - 1] - 1]].concat();
        for (e, d) in [
            (&one, &one),
            (e, &one),
            (e, &vec![]),
            (e, e),
            (&vec![2], &good[3]),
            (&vec![], &good[3]),
            (&minus_one, &good[3]),
            (&one, &good[3]),
        ] {
            let three = [vec![0], n.clone(), e.clone(), d.clone()];
            not_verified(&sequence(&three), name);
            // Factors that are none: nothing, and n itself.
            for (p, q) in [(vec![], vec![]), (n.clone(), vec![1]), (vec![1], n.clone())] {
                not_verified(&sequence(&[&three[..], &[p, q, vec![], vec![], vec![]]].concat()), name);
            }
        }
    }
    let good = numbers(&der_of("dsat"));
    let minus_one = [&good[1][..good[1].len() - 1], &[good[1][good[1].len() - 1] - 1]].concat();
    // version, p, q, g, y, x.
    for (part, value) in
        [(5, vec![]), (3, vec![]), (3, vec![1]), (3, minus_one.clone()), (3, good[1].clone())]
    {
        let mut bad = good.clone();
        bad[part].clone_from(&value);
        not_verified(&sequence(&bad), &format!("DSA, part {part}"));
        // The same numbers as DSA and Diffie-Hellman in PKCS #8, with the public value beside.
        let unsigned = |number: &[u8]| der::unsigned(number);
        for (oid, parameters) in [(oid::DSA, &bad[1..4]), (oid::DH_X942, &[bad[1].clone(), bad[3].clone()])] {
            let parameters =
                der::tlv(der::SEQUENCE, &parameters.iter().flat_map(|n| unsigned(n)).collect::<Vec<_>>());
            let public = der::tlv(0x81, &[&[0], &unsigned(&good[4])[..]].concat());
            let private = der::tlv(der::OCTET_STRING, &unsigned(&bad[5]));
            let der = der::tlv(
                der::SEQUENCE,
                &[&[2, 1, 1][..], &spki::algorithm_identifier(oid, &parameters), &private, &public].concat(),
            );
            not_verified(&der, &format!("PKCS #8, part {part}"));
        }
    }
    for curve in [Curve::P256, Curve::P384, Curve::Secp256k1, Curve::Brainpool256r1, Curve::P224] {
        let domain = curve.domain();
        let point = [&[4], domain.gx.as_slice(), &domain.gy].concat();
        for scalar in [vec![], vec![0], vec![0; 32], domain.n.clone()] {
            let parameters = der::tlv(der::context(0), &der::tlv(der::OID, curve.oid()));
            let public = der::tlv(der::context(1), &der::tlv(der::BIT_STRING, &[&[0], &point[..]].concat()));
            let sec1 = [&[2, 1, 1][..], &der::tlv(der::OCTET_STRING, &scalar), &parameters, &public].concat();
            not_verified(&der::tlv(der::SEQUENCE, &sec1), curve.as_str());
        }
    }
}

#[test]
fn an_openssh_key_whose_outer_half_is_of_another_key_says_so() {
    let ssh: Vec<_> = known().filter(|key| key.label.starts_with("OPENSSH") && key.spki.is_some()).collect();
    assert!(ssh.len() >= 2);
    let string = |bytes: &[u8], at: usize| {
        at + 4 + u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
    };
    // Behind magic, cipher, derivation, its options and the number of keys.
    let public = |der: &[u8]| {
        let start = string(der, string(der, string(der, 15))) + 4;
        start..string(der, start)
    };
    for (i, key) in ssh.iter().enumerate() {
        let other = &ssh[(i + 1) % ssh.len()];
        let mut der = key.der.clone();
        der.splice(public(&key.der), other.der[public(&other.der)].iter().copied());
        let facts = read_openssh(&der).expect(key.name).facts;
        assert_eq!((facts.spki, codes(&facts)), (key.spki, vec!["key-mismatch"]), "{}", key.name);
    }
}

#[test]
fn dsa_public_values_are_computed() {
    let good = numbers(&der_of("dsat"));
    let mut bad = good.clone();
    bad[4] = vec![7];
    let facts = read(&sequence(&bad)).expect("it reads").facts;
    assert_eq!(
        (Some(facts.spki), codes(&facts)),
        (read(&der_of("dsat")).ok().map(|k| k.facts.spki), vec!["key-mismatch"])
    );
    bad[4].clear();
    assert_eq!(codes(&read(&sequence(&bad)).expect("it reads").facts), Vec::<&str>::new());
}

#[test]
fn forms_are_told_by_content() {
    assert_eq!(read(b"").err(), Some(KeyError::NotAKey));
    assert_eq!(read(&sequence(&[vec![1], vec![2]])).err(), Some(KeyError::NotAKey));
    let encrypted =
        der::tlv(der::SEQUENCE, &[spki::RSA_ALGORITHM, &der::tlv(der::OCTET_STRING, b"x")].concat());
    assert_eq!(read(&encrypted).err(), Some(KeyError::Encrypted));
    assert_eq!(read_openssh(b"something else").err(), Some(KeyError::NotAKey));
    let mut trailing = der_of("ED25519");
    trailing.push(0);
    assert_eq!(codes(&read(&trailing).expect("it reads").facts), ["trailing-data"]);
}

#[test]
fn hostile_numbers_neither_panic_nor_go_on_for_ever() {
    let sizes = [0, 1, 2, 3, 64, 1024, 2048, 2049, 3000];
    let values = |size: usize| {
        [
            vec![0xff; size],
            vec![0xfe; size],
            vec![1; size],
            [vec![0x80; size.min(1)], vec![0; size.saturating_sub(1)]].concat(),
        ]
    };
    for size in sizes {
        for value in values(size) {
            for part in 0..9 {
                let mut bad = numbers(&der_of("rsa512"));
                bad[part].clone_from(&value);
                let _ = read(&sequence(&bad));
                let mut same = vec![value.clone(); 9];
                same[part] = vec![3];
                if size <= 1024 || part == 1 {
                    let _ = read(&sequence(&same));
                }
            }
            if size <= 64 || size > 1280 {
                for part in 0..6 {
                    let mut bad = numbers(&der_of("dsat"));
                    bad[part].clone_from(&value);
                    let _ = read(&sequence(&bad));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = spki::read(&bytes);
        let _ = read_openssh(&[b"openssh-key-v1\0".as_slice(), &bytes].concat());
        let _ = read_openssh_public(&[b"openssh-key-v1\0".as_slice(), &bytes].concat());
    }

    #[test]
    fn keys_with_a_changed_octet_never_panic(which in 0usize..40, at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let keys: Vec<_> = known().filter(|key| key.der.len() < 400).collect();
        let key = &keys[which % keys.len()];
        let mut der = key.der.clone();
        let at = at.index(der.len());
        der[at] = value;
        let _ = read(&der);
        let _ = read_openssh(&der);
        let _ = spki::read(&der);
    }
}

/// Hashes by the Python package `cryptography`, of the keys that the octets 0 to 31 are the seeds of.
#[test]
fn ml_dsa_in_each_form() {
    use aws_lc_rs::encoding::AsRawBytes;
    use aws_lc_rs::signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair};
    let seed: Vec<u8> = (0..32).collect();
    for (oid, parameters, hash) in [
        (
            oid::ML_DSA_44,
            &ML_DSA_44_SIGNING,
            "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be",
        ),
        (
            oid::ML_DSA_65,
            &ML_DSA_65_SIGNING,
            "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d",
        ),
        (
            oid::ML_DSA_87,
            &ML_DSA_87_SIGNING,
            "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642",
        ),
    ] {
        let key = |private: &[u8]| {
            let algorithm = der::tlv(der::SEQUENCE, &der::tlv(der::OID, oid));
            read(&der::tlv(
                der::SEQUENCE,
                &[&[2, 1, 0], &algorithm[..], &der::tlv(der::OCTET_STRING, private)].concat(),
            ))
            .unwrap()
            .facts
        };
        let octets = |content: &[u8]| der::tlv(der::OCTET_STRING, content);
        let expanded = |seed: &[u8]| {
            PqdsaKeyPair::from_seed(parameters, seed)
                .unwrap()
                .private_key()
                .as_raw_bytes()
                .unwrap()
                .as_ref()
                .to_vec()
        };
        let (own, other) = (expanded(&seed), expanded(&[9; 32]));
        let both = |expanded: &[u8]| der::tlv(der::SEQUENCE, &[octets(&seed), octets(expanded)].concat());
        for private in
            [der::tlv(0x80, &seed), octets(&own), both(&own), octets(&seed), seed.clone(), own.clone()]
        {
            let facts = key(&private);
            assert_eq!(facts.spki, hash.parse().ok(), "{} octets", private.len());
            assert_eq!(codes(&facts), ["unknown-algorithm"]);
        }
        let contradicts = key(&both(&other));
        assert_eq!(
            (contradicts.spki, codes(&contradicts).contains(&"key-mismatch")),
            (hash.parse().ok(), true)
        );
        let broken = key(&octets(&own[1..]));
        assert_eq!((broken.spki, codes(&broken).contains(&"public-key-not-computable")), (None, true));
    }
}
