//! Signatures of every kind that OpenSSL makes are checked: those by a key are valid, changed ones and those
//! by another key are not.
#![allow(missing_docs, clippy::unwrap_used)]

use crate::common::pki::{content, element, elements, pem};
use crate::common::{Folder, openssl, run};
use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair,
};
use certrecall::pki::{Checked, check_signature};

/// A certificate by its parts: what is signed, the algorithm, the signature's octets and the key.
struct Signed {
    der: Vec<u8>,
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    spki: Vec<u8>,
}

impl Signed {
    fn read(der: Vec<u8>) -> Self {
        let outer = elements(content(&der));
        let fields = elements(content(outer[0]));
        let (tbs, algorithm, signature) =
            (outer[0].to_vec(), outer[1].to_vec(), content(outer[2])[1..].to_vec());
        Self { tbs, algorithm, signature, spki: fields[6].to_vec(), der }
    }

    fn check(&self, spki: &[u8]) -> Checked {
        check_signature(&self.tbs, &self.algorithm, &self.signature, spki)
    }
}

/// A key made by `openssl genpkey` with these arguments.
fn key(folder: &Folder, name: &str, arguments: &[&str]) -> String {
    let file = folder.at(name);
    openssl(&[&["genpkey", "-out", &file], arguments].concat(), b"")
        .unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
    file
}

/// Two keys of one kind; those of DSA share their parameters.
fn two(folder: &Folder, arguments: &[&str]) -> [String; 2] {
    if arguments[1] == "DSA" {
        let parameters = folder.at("parameters");
        openssl(&[&["genpkey", "-genparam", "-out", &parameters], arguments].concat(), b"").unwrap();
        return ["0", "1"].map(|name| key(folder, name, &["-paramfile", &parameters]));
    }
    ["0", "1"].map(|name| key(folder, name, arguments))
}

/// A self-signed certificate by openssl.
fn certificate(key: &str, options: &[&str]) -> Signed {
    let command = [
        "req",
        "-x509",
        "-new",
        "-subj",
        "/CN=signed.example",
        "-days",
        "30",
        "-outform",
        "DER",
        "-key",
        key,
    ];
    let providers = ["-provider", "legacy", "-provider", "default"];
    Signed::read(
        openssl(&[&command[..], &providers, options].concat(), b"")
            .unwrap_or_else(|e| panic!("{options:?}: {e}")),
    )
}

/// Makes certificates with each set of options by the first of two keys, and holds the checks against what
/// has to come out.
fn holds(arguments: &[&str], all: &[&[&str]]) {
    let folder = Folder::new();
    let [own, other] = two(&folder, arguments);
    let other = openssl(&["pkey", "-in", &other, "-pubout", "-outform", "DER"], b"").unwrap();
    for options in all {
        let what = format!("{arguments:?} {options:?}");
        let mut signed = certificate(&own, options);
        assert_eq!(signed.check(&signed.spki), Checked::Valid, "{what}");
        assert_eq!(signed.check(&other), Checked::Invalid, "{what}");
        let (spki, length) = (signed.spki.clone(), signed.signature.len());
        for at in [0, 3, length / 2, length - 2, length - 1] {
            signed.signature[at] ^= 1;
            assert_eq!(signed.check(&spki), Checked::Invalid, "{what}: octet {at} of the signature");
            signed.signature[at] ^= 1;
        }
        for cut in [0, 1, length - 1] {
            let short = Signed {
                signature: signed.signature[..cut].to_vec(),
                tbs: signed.tbs.clone(),
                der: Vec::new(),
                algorithm: signed.algorithm.clone(),
                spki: Vec::new(),
            };
            assert_eq!(short.check(&spki), Checked::Invalid, "{what}: {cut} octets of the signature");
        }
        let last = signed.tbs.len() - 1;
        signed.tbs[last] ^= 0x40;
        assert_eq!(signed.check(&spki), Checked::Invalid, "{what}: changed content");
    }
}

const HASHES: &[&str] = &[
    "-sha1",
    "-sha224",
    "-sha256",
    "-sha384",
    "-sha512",
    "-sha3-224",
    "-sha3-256",
    "-sha3-384",
    "-sha3-512",
];
const OLD: &[&str] = &["-md4", "-md5", "-ripemd160", "-sha512-224", "-sha512-256"];

fn each<'a>(hashes: &'a [&'a str]) -> Vec<&'a [&'a str]> {
    hashes.chunks(1).collect()
}

#[test]
fn rsa_with_every_hash_size_and_exponent() {
    let all = [HASHES, OLD].concat();
    for bits in [768, 1024, 1025, 2048] {
        holds(&["-algorithm", "RSA", "-pkeyopt", &format!("rsa_keygen_bits:{bits}")], &each(&all));
    }
    // A hash of 512 bits does not fit into the smallest.
    holds(
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"],
        &each(&["-md5", "-sha1", "-sha224", "-sha256", "-sha512-224", "-sha3-256"]),
    );
    for exponent in ["3", "17", "4294967297", "340282366920938463463374607431768211507"] {
        let exponent = format!("rsa_keygen_pubexp:{exponent}");
        holds(
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1536", "-pkeyopt", &exponent],
            &each(&["-sha1", "-sha256", "-sha384"]),
        );
    }
}

#[test]
fn rsa_pss_with_every_hash_mask_and_salt() {
    let pss = |hash: &'static str, mask: &'static str, salt: &'static str| {
        ["-sigopt", "rsa_padding_mode:pss", "-sigopt", mask, "-sigopt", salt, hash]
    };
    let mut all = Vec::new();
    for hash in HASHES.iter().filter(|hash| !hash.contains("sha3")) {
        all.push(pss(hash, "rsa_mgf1_md:sha1", "rsa_pss_saltlen:20"));
        all.push(pss(hash, "rsa_mgf1_md:sha384", "rsa_pss_saltlen:0"));
        all.push(pss(hash, "rsa_mgf1_md:sha224", "rsa_pss_saltlen:11"));
    }
    all.push(pss("-sha256", "rsa_mgf1_md:sha256", "rsa_pss_saltlen:32"));
    all.push(pss("-sha256", "rsa_mgf1_md:sha256", "rsa_pss_saltlen:max"));
    all.push(pss("-sha512", "rsa_mgf1_md:sha512", "rsa_pss_saltlen:1"));
    all.push(pss("-sha512-256", "rsa_mgf1_md:sha512-224", "rsa_pss_saltlen:32"));
    let all: Vec<&[&str]> = all.iter().map(|options| &options[..]).collect();
    // Sizes that are one above, at and below a whole number of octets.
    for bits in [1022, 1023, 1024, 1025, 2048] {
        holds(&["-algorithm", "RSA", "-pkeyopt", &format!("rsa_keygen_bits:{bits}")], &all);
    }
    // A key that is for PSS alone.
    holds(
        &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024"],
        &[&["-sha256"], &["-sha1"], &["-sha384", "-sigopt", "rsa_pss_saltlen:7"]],
    );
}

#[test]
fn dsa_with_every_hash_and_size() {
    for (bits, order) in [("1024", "160"), ("1024", "224"), ("2048", "256")] {
        let (bits, order) = (format!("dsa_paramgen_bits:{bits}"), format!("dsa_paramgen_q_bits:{order}"));
        holds(&["-algorithm", "DSA", "-pkeyopt", &bits, "-pkeyopt", &order], &each(HASHES));
    }
}

#[test]
fn ecdsa_on_every_named_curve_over_a_prime_field() {
    let list = String::from_utf8(openssl(&["ecparam", "-list_curves"], b"").unwrap()).unwrap();
    let named = list.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    let prime = [
        "secp",
        "prime",
        "brainpool",
        "wap-wsg-idm-ecid-wtls6",
        "wap-wsg-idm-ecid-wtls7",
        "wap-wsg-idm-ecid-wtls8",
        "wap-wsg-idm-ecid-wtls9",
        "wap-wsg-idm-ecid-wtls12",
    ];
    let curves: Vec<&str> = named.filter(|name| prime.iter().any(|p| name.starts_with(p))).collect();
    assert!(curves.len() >= 30, "{curves:?}");
    for curve in curves {
        let option = format!("ec_paramgen_curve:{curve}");
        let hashes = if ["secp224r1", "prime256v1", "secp521r1"].contains(&curve) {
            HASHES
        } else {
            &["-sha1", "-sha224", "-sha384", "-sha3-512"]
        };
        holds(&["-algorithm", "EC", "-pkeyopt", &option], &each(hashes));
    }
    // The curve written out, and compressed points.
    for (curve, encoding) in
        [("brainpoolP384r1", "explicit"), ("prime192v1", "explicit"), ("secp384r1", "explicit")]
    {
        let (curve, encoding) = (format!("ec_paramgen_curve:{curve}"), format!("ec_param_enc:{encoding}"));
        holds(
            &["-algorithm", "EC", "-pkeyopt", &curve, "-pkeyopt", &encoding],
            &each(&["-sha224", "-sha256"]),
        );
    }
}

#[test]
fn sm2_edwards_curves_and_lattices() {
    holds(&["-algorithm", "SM2"], &[&["-sm3"], &["-sm3", "-sigopt", "distid:1234567812345678"]]);
    holds(&["-algorithm", "ED25519"], &[&[]]);
    holds(&["-algorithm", "ED448"], &[&[], &["-set_serial", "7"], &["-set_serial", "8"]]);
    for (algorithm, last) in [(&ML_DSA_44_SIGNING, 17), (&ML_DSA_65_SIGNING, 18), (&ML_DSA_87_SIGNING, 19)] {
        let identifier =
            element(0x30, &element(0x06, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last]));
        let keys = [(), ()].map(|()| PqdsaKeyPair::generate(algorithm).unwrap());
        let [own, other] = keys.each_ref().map(|k| {
            element(
                0x30,
                &[&identifier[..], &element(0x03, &[&[0], k.public_key().as_ref()].concat())].concat(),
            )
        });
        let mut signature = vec![0; algorithm.signature_len()];
        keys[0].sign(b"content", &mut signature).unwrap();
        let check =
            |tbs: &[u8], signature: &[u8], spki: &[u8]| check_signature(tbs, &identifier, signature, spki);
        assert_eq!(check(b"content", &signature, &own), Checked::Valid, "{last}");
        assert_eq!(check(b"Content", &signature, &own), Checked::Invalid, "{last}");
        assert_eq!(check(b"content", &signature, &other), Checked::Invalid, "{last}");
        signature[100] ^= 1;
        assert_eq!(check(b"content", &signature, &own), Checked::Invalid, "{last}");
    }
}

/// What everybody could have signed, what costs too much, and what is not known proves nothing.
#[test]
fn what_proves_nothing_is_not_checked() {
    let folder = Folder::new();
    let signed = certificate(
        &key(&folder, "rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        &["-sha256"],
    );
    let unsigned = |number: &[u8]| element(0x02, &[&[0], number].concat());
    let algorithm = element(
        0x30,
        &[&element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01])[..], &[5, 0]].concat(),
    );
    let spki = |n: &[u8], e: &[u8]| {
        let key = element(0x30, &[unsigned(n), unsigned(e)].concat());
        element(0x30, &[&algorithm[..], &element(0x03, &[&[0], &key[..]].concat())].concat())
    };
    let bits = elements(content(&signed.spki))[1];
    let modulus = elements(content(&content(bits)[1..]))[0];
    let n = &content(modulus)[1..];
    for e in [&[][..], &[1], &[2], &[1, 0, 0], &[0xff; 129]] {
        assert_eq!(signed.check(&spki(n, e)), Checked::NotSupported, "{e:?}");
    }
    let mut even = n.to_vec();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(signed.check(&spki(&even, &[3])), Checked::NotSupported);
    // Larger than any program computes with: seconds for each, if it were.
    assert_eq!(signed.check(&spki(&[0xff; 2049], &[3])), Checked::NotSupported);
    assert_eq!(signed.check(&spki(&[0xff; 2048], &[0xff; 2048])), Checked::NotSupported);
    // DSA with a generator or a key of 0 or 1, and with an order that no group has.
    let [dsa, _] = two(&folder, &["-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024"]);
    let signed = certificate(&dsa, &["-sha256"]);
    let identifier = elements(content(elements(content(&signed.spki))[0]));
    let (oid, numbers) = (identifier[0], elements(content(identifier[1])));
    let with = |g: &[u8], y: &[u8], q: &[u8]| {
        let algorithm = element(0x30, &[oid, &element(0x30, &[numbers[0], q, g].concat())].concat());
        element(0x30, &[&algorithm[..], &element(0x03, &[&[0], y].concat())].concat())
    };
    let y = &content(elements(content(&signed.spki))[1])[1..];
    assert_eq!(signed.check(&with(numbers[2], y, numbers[1])), Checked::Valid);
    for small in [[2, 1, 0], [2, 1, 1]] {
        assert_eq!(signed.check(&with(&small, y, numbers[1])), Checked::NotSupported);
        assert_eq!(signed.check(&with(numbers[2], &small, numbers[1])), Checked::NotSupported);
        assert_eq!(signed.check(&with(numbers[2], y, &small)), Checked::NotSupported);
    }
    assert_eq!(signed.check(&with(numbers[2], y, numbers[0])), Checked::NotSupported);
    for hostile in [&b""[..], b"rubbish", &[0x30, 0], &[0x30, 0x80, 0, 0]] {
        assert_eq!(
            check_signature(&signed.tbs, hostile, &signed.signature, &signed.spki),
            Checked::NotSupported
        );
    }
}

/// Verifiers differ in whether the hash has NULL as its parameters (RFC 8017 section 8.2.2, note): both are
/// by the key.
#[test]
fn both_forms_of_a_pkcs1_hash_are_read() {
    let folder = Folder::new();
    let rsa = key(&folder, "rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let spki = openssl(&["pkey", "-in", &rsa, "-pubout", "-outform", "DER"], b"").unwrap();
    for (hash, oid, last) in [
        ("-sha256", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01][..], 11),
        ("-sha1", &[0x2b, 0x0e, 0x03, 0x02, 0x1a], 5),
        ("-md5", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05], 4),
        ("-sha224", &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], 14),
    ] {
        let digest = openssl(&["dgst", hash, "-binary"], b"content").unwrap();
        let algorithm =
            element(0x30, &element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last]));
        for (parameters, result) in [
            (&[5, 0][..], Checked::Valid),
            (&[], Checked::Valid),
            (&[4, 0], Checked::Invalid),
            (&[5, 0, 5, 0], Checked::Invalid),
        ] {
            let identifier = element(0x30, &[&element(0x06, oid), parameters].concat());
            folder.write("info", element(0x30, &[identifier, element(0x04, &digest)].concat()));
            let signature =
                openssl(&["pkeyutl", "-sign", "-inkey", &rsa, "-in", &folder.at("info")], b"").unwrap();
            assert_eq!(
                check_signature(b"content", &algorithm, &signature, &spki),
                result,
                "{hash} {parameters:?}"
            );
            assert_eq!(
                check_signature(b"Content", &algorithm, &signature, &spki),
                Checked::Invalid,
                "{hash} {parameters:?}"
            );
        }
    }
}

/// An unchecked self-issued certificate is not self-signed: it hangs below every issuer of that name, and
/// says that it was not checked.
#[test]
fn self_signed_means_verified() {
    let folder = Folder::new();
    let rsa = key(&folder, "rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let signed = certificate(&rsa, &["-sha224"]);
    let facts = |name: &str, der: &[u8]| {
        folder.write(name, pem("CERTIFICATE", der));
        let records = run(&["scan", &folder.at(name), "--format", "ndjson"]).records();
        assert_eq!(records.len(), 1, "{records:?}");
        (
            records[0]["is_self_signed"] == true,
            records[0]["findings"].to_string().contains("signature-not-checked"),
        )
    };
    assert_eq!(facts("sha224.pem", &signed.der), (true, false));
    let outer = elements(content(&signed.der));
    for (name, oid) in [
        ("gost", &[0x2a, 0x85, 0x03, 0x07, 0x01, 0x01, 0x03, 0x02][..]),
        ("own", &[0x2a, 3, 4]),
        ("sha0", &[0x2b, 0x0e, 3, 2, 0x0f]),
    ] {
        let algorithm = element(0x30, &element(0x06, oid));
        let fields = elements(content(&signed.tbs));
        let tbs = element(0x30, &[&fields[..2], &[&algorithm[..]], &fields[3..]].concat().concat());
        let der = element(0x30, &[&tbs, &algorithm, outer[2]].concat());
        assert_eq!(facts(name, &der), (false, true), "{name}");
    }
}
