//! Layouts, read by the programs that they are for; and versions of a bundle.

use std::fs;
use std::path::Path;

use super::common::pki::{Cert, Key, leaf, private_ca};
use super::common::{modes, openssl, run};
use super::{Case, day, fresh, ran};

const PASSPHRASE: &str = "pässphrase of €xport";

/// A case with an RSA and a P-256 replacement, an intermediate, and what it issued for both.
struct World {
    case: Case,
    root: Cert,
    middle: Cert,
    issued: String,
}

impl World {
    fn new(arguments: &[&str]) -> Self {
        let root = leaf("Layout Root").authority().from("2020-01-01").to("2040-01-01").self_signed();
        let middle =
            leaf("Layout Intermediate").authority().serial(3).from("2020-01-01").to("2039-01-01").by(&root);
        let case = Case::new(
            &private_ca(),
            vec![leaf("rsa.example").key(&Key::rsa()), leaf("ec.example")],
            arguments,
        );
        case.folder.write("root.pem", root.pem()).write("passphrase", format!("{PASSPHRASE}\n"));
        let world = Self { case, root, middle, issued: String::new() };
        let issued = ["rsa.example", "ec.example"].map(|name| world.issue(name, 1, -1).pem()).concat()
            + &world.middle.pem();
        Self { issued, ..world }
    }

    /// For the request, not the key: that may be encrypted.
    fn issue(&self, name: &str, serial: u8, from: i64) -> Cert {
        let request = self.case.replacement(name).join("request.pem");
        let spki = openssl(&["req", "-in", request.to_str().unwrap(), "-noout", "-pubkey"], b"").unwrap();
        let spki = openssl(&["pkey", "-pubin", "-outform", "DER"], &spki).unwrap();
        leaf(name)
            .serial(serial)
            .from(&day(from))
            .to(&day(90))
            .on_public_by(&super::Public::new(spki), &self.middle)
    }

    fn complete(&self, issued: &str, arguments: &[&str]) -> super::Ran {
        let root = self.case.folder.at("root.pem");
        self.case.complete(issued, &[&["--root", &root], arguments].concat())
    }

    fn file(&self, name: &str, path: &str) -> String {
        self.case.replacement(name).join("issued").join(path).to_str().unwrap().to_owned()
    }

    fn text(&self, name: &str, path: &str) -> String {
        fs::read_to_string(self.file(name, path)).unwrap()
    }
}

const ALL: &[&str] = &[
    "--layout",
    "zendesk",
    "--layout",
    "nginx",
    "--layout",
    "haproxy",
    "--layout",
    "kubernetes",
    "--layout",
    "pkcs12",
    "--layout",
    "pem",
];

#[test]
fn every_layout() {
    let world = World::new(&[]);
    let passphrase = world.case.folder.at("passphrase");
    let done = world.complete(&world.issued, &[ALL, &["--export-passphrase-file", &passphrase]].concat());
    assert_eq!(done.status, 0, "{} {}", done.stdout, done.stderr);
    assert_eq!(
        done.stderr.contains("is not plain ASCII: Java does not take"),
        !PASSPHRASE.is_ascii(),
        "{}",
        done.stderr
    );
    for name in ["rsa.example", "ec.example"] {
        let key = fs::read_to_string(world.case.replacement(name).join("key.pem")).unwrap();
        let full = world.text(name, "fullchain.pem");
        assert_eq!(world.text(name, "zendesk/bundle.pem"), full);
        assert_eq!(world.text(name, "zendesk/key.pem"), key);
        assert_eq!(world.text(name, "haproxy/haproxy.pem"), full.clone() + &key, "certificate, chain, key");
        assert_eq!(
            (world.text(name, "nginx/fullchain.pem"), world.text(name, "nginx/key.pem")),
            (full.clone(), key.clone())
        );
        assert!(world.text(name, "nginx/nginx.conf").contains(&format!("server_name {name};")));
        manifest(&world.text(name, "kubernetes/secret.yaml"), name, &full, &key);
        pkcs12(&world.file(name, "pkcs12/bundle.p12"), name, &full, &key, &world.root);
    }
    for (path, mode) in modes(&world.case.folder.path().join("case/replacements")) {
        assert_eq!(mode, if path.ends_with('/') { 0o700 } else { 0o600 }, "{path}");
    }
    assert!(!done.stdout.contains("PRIVATE KEY") && !done.stderr.contains("PRIVATE KEY"));
}

/// A manifest as Kubernetes reads it, taken apart by the rules of its few lines.
fn manifest(text: &str, name: &str, full: &str, key: &str) {
    let decode =
        |value: &str| String::from_utf8(base64_simd::STANDARD.decode_to_vec(value).unwrap()).unwrap();
    let value = |key: &str| {
        text.lines().find_map(|l| l.strip_prefix(key)).unwrap_or_else(|| panic!("{key}: {text}")).to_owned()
    };
    assert!(text.starts_with("apiVersion: v1\nkind: Secret\nmetadata:\n"), "{text}");
    assert_eq!((value("  name: "), value("type: ")), (format!("{name}-tls"), "kubernetes.io/tls".to_owned()));
    assert_eq!(
        (decode(&value("  tls.crt: ")), decode(&value("  tls.key: "))),
        (full.to_owned(), key.to_owned())
    );
    assert!(text.lines().all(|l| l.starts_with(char::is_alphabetic) || l.starts_with("  ")), "{text}");
}

fn pkcs12(file: &str, name: &str, full: &str, key: &str, root: &Cert) {
    let pass = format!("pass:{PASSPHRASE}");
    let read = |more: &[&str]| {
        openssl(&[&["pkcs12", "-in", file, "-passin", &pass][..], more].concat(), b"").unwrap()
    };
    let public = |pem: &[u8]| openssl(&["pkey", "-pubout"], pem).unwrap();
    assert_eq!(public(&read(&["-nocerts", "-nodes"])), public(key.as_bytes()));
    let shown = String::from_utf8(read(&["-nokeys"])).unwrap();
    let blocks = |text: &str| -> Vec<String> {
        text.split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|b| b.split("-----END").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(blocks(&shown), blocks(full), "the certificates in order");
    assert!(shown.contains(&format!("friendlyName: {name}")) && shown.contains("localKeyID"), "{shown}");
    let told = ran("openssl", &["pkcs12", "-in", file, "-passin", &pass, "-info", "-noout"]);
    assert!(
        told.contains("MAC: sha256")
            && told.matches("PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256").count() == 2,
        "{told}"
    );
    assert!(openssl(&["pkcs12", "-in", file, "-passin", "pass:wrong", "-noout"], b"").is_err());
    assert!(!shown.contains(&root.pem()[28..80]), "no root in it");
}

#[test]
fn encrypted_keys_are_opened_for_layouts_and_only_then() {
    let folder = super::common::Folder::new();
    folder.write("key-passphrase", "of the key\n");
    let key_passphrase = folder.at("key-passphrase");
    let world = World::new(&["--key-format", "pkcs8-encrypted", "--key-passphrase-file", &key_passphrase]);
    let plain = world.complete(&world.issued, &[]);
    assert_eq!(plain.status, 0, "no key is needed for the plain files: {}", plain.stdout);
    let locked = world.complete(&world.issued, &["--layout", "haproxy"]);
    assert_eq!(locked.status, 3);
    assert!(
        locked.stdout.contains(
            "haproxy left out: key.pem is encrypted; --key-passphrase-file FILE or --key-passphrase-env NAME"
        ),
        "{}",
        locked.stdout
    );
    assert!(!Path::new(&world.file("ec.example", "haproxy")).exists());
    let opened =
        world.complete(&world.issued, &["--layout", "haproxy", "--key-passphrase-file", &key_passphrase]);
    assert_eq!(opened.status, 0, "{}", opened.stdout);
    assert!(world.text("ec.example", "haproxy/haproxy.pem").contains("-----BEGIN PRIVATE KEY-----"));
    let without =
        world.complete(&world.issued, &["--layout", "pkcs12", "--key-passphrase-file", &key_passphrase]);
    assert_eq!(without.status, 3);
    assert!(without.stdout.contains("--export-passphrase-file FILE"), "{}", without.stdout);
}

#[test]
fn zendesk_takes_some_kinds_of_key() {
    let world = World::new(&["--key", "ecdsa-p384"]);
    let done = world.complete(&world.issued, &["--layout", "zendesk", "--layout", "nginx"]);
    assert_eq!(done.status, 3, "{}", done.stdout);
    assert!(
        done.stdout
            .contains("zendesk left out: Zendesk takes RSA keys of 2048 bits and ECDSA P-256 keys alone"),
        "{}",
        done.stdout
    );
    assert!(
        Path::new(&world.file("ec.example", "nginx/key.pem")).exists()
            && !Path::new(&world.file("ec.example", "zendesk")).exists()
    );
    assert!(done.stderr.contains("2 accepted"), "the certificates are good: {}", done.stderr);
    // SEC 1 is what the owner chose for the file; the form takes PKCS #8.
    let world = World::new(&["--key", "ecdsa-p256", "--key-format", "sec1"]);
    let done = world.complete(&world.issued, &["--layout", "zendesk", "--layout", "nginx"]);
    assert_eq!(done.status, 0, "{}", done.stdout);
    assert!(world.text("ec.example", "nginx/key.pem").contains("-----BEGIN EC PRIVATE KEY-----"));
    assert!(world.text("ec.example", "zendesk/key.pem").contains("-----BEGIN PRIVATE KEY-----"));
    let public =
        |file: &str| openssl(&["pkey", "-in", &world.file("ec.example", file), "-pubout"], b"").unwrap();
    assert_eq!(public("zendesk/key.pem"), public("nginx/key.pem"));
    let world = World::new(&["--key", "rsa-3072"]);
    let done = world.complete(&world.issued, &["--layout", "zendesk"]);
    assert!(done.status == 3 && done.stdout.contains("zendesk left out"), "{}", done.stdout);
}

#[test]
fn files_of_a_bundle_that_are_none_do_not_stop_the_run() {
    let world = World::new(&[]);
    assert_eq!(world.complete(&world.issued, &[]).status, 0);
    for (i, name) in ["issued.json", "cert.pem", "chain.pem", "fullchain.pem"].into_iter().enumerate() {
        let file = world.file("ec.example", name);
        fs::rename(&file, world.case.folder.path().join(name)).unwrap();
        match i % 2 {
            0 => drop(ran("mkfifo", &[&file])),
            _ => std::os::unix::fs::symlink(world.case.folder.path().join(name), &file).unwrap(),
        }
        let told = world.complete(&world.middle.pem(), &[]);
        assert!(
            told.status == 1 && told.stdout.contains(&format!("{name} is missing or cannot be read")),
            "{name}: {}",
            told.stdout
        );
        fs::remove_file(&file).unwrap();
        fs::rename(world.case.folder.path().join(name), &file).unwrap();
    }
    let file = world.file("ec.example", "cert.pem");
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(1 << 40).unwrap();
    let told = world.complete(&world.middle.pem(), &[]);
    assert!(
        told.status == 1 && told.stdout.contains("cert.pem is missing or cannot be read"),
        "{}",
        told.stdout
    );
}

#[test]
fn a_newer_certificate_keeps_the_old_one_and_an_older_one_changes_nothing() {
    let world = World::new(&[]);
    let all = world.middle.pem() + &world.issue("rsa.example", 1, -1).pem();
    let step = |serial: u8, from: i64| {
        world.complete(&(all.clone() + &world.issue("ec.example", serial, from).pem()), &[])
    };
    let serial = |folder: &str| {
        let path = world.case.replacement("ec.example").join(folder).join("issued.json");
        fs::read(path).ok().map(|text| {
            serde_json::from_slice::<serde_json::Value>(&text).unwrap()["serial"].as_str().unwrap().to_owned()
        })
    };
    assert_eq!(step(10, -5).status, 0);
    assert_eq!(step(11, -4).status, 0);
    assert_eq!(
        (serial("issued"), serial("issued-1"), serial("issued-2")),
        (Some("0b".into()), Some("0a".into()), None)
    );
    let older = step(9, -8);
    assert_eq!(older.status, 0);
    assert!(older.stdout.contains("a newer one is in place already"), "{}", older.stdout);
    assert!(
        older.stdout.contains("warning: ")
            && older.stdout.contains("/issued out of the case and run this again"),
        "{}",
        older.stdout
    );
    let newest = all.clone() + &world.issue("ec.example", 12, -3).pem();
    assert_eq!(world.complete(&newest, &[]).status, 0);
    let versions = || ["issued", "issued-1", "issued-2", "issued-3"].map(&serial);
    assert_eq!(versions(), [Some("0c".into()), Some("0a".into()), Some("0b".into()), None]);
    // A run that was killed before the last step left the new one under the other name.
    let directory = world.case.replacement("ec.example");
    fs::rename(directory.join("issued"), directory.join("issued-3")).unwrap();
    fs::rename(directory.join("issued-2"), directory.join("issued")).unwrap();
    assert_eq!(world.complete(&newest, &[]).status, 0);
    let mut now: Vec<_> = versions().into_iter().flatten().collect();
    assert_eq!(now[0], "0c");
    now.sort();
    assert_eq!(now, ["0a", "0b", "0c"], "nothing is lost and nothing is there twice");
    let word = run(&["status", &world.case.folder.at("case")]).stdout;
    assert_eq!(
        word.matches("confirmed by certrecall complete").count(),
        4,
        "rsa once, ec three times: {word}"
    );
}

#[test]
fn a_damaged_bundle_is_told_and_kept() {
    let world = World::new(&[]);
    assert_eq!(world.complete(&world.issued, &[]).status, 0);
    let cert = world.file("ec.example", "cert.pem");
    fs::write(&cert, world.root.pem()).unwrap();
    let other = world.middle.pem() + &world.issue("rsa.example", 1, -1).pem();
    let told = world.complete(&other, &[]);
    assert!(
        told.stdout.contains("its bundle is damaged: cert.pem is another certificate than issued.json says"),
        "{}",
        told.stdout
    );
    assert_eq!(told.status, 1, "it counts as missing: {}", told.stdout);
    assert_eq!(world.case.step("replace", "ec.example")["status"], "ready", "and its step is open again");
    let mended = world.complete(&world.issued, &[]);
    assert_eq!(mended.status, 0, "{}", mended.stdout);
    assert_ne!(world.text("ec.example", "cert.pem"), world.root.pem());
    let kept = world.case.replacement("ec.example").join("issued-1/cert.pem");
    assert_eq!(fs::read_to_string(kept).unwrap(), world.root.pem());
}

#[test]
fn names_of_certificates_cannot_act_in_a_layout() {
    let hostile = "a;} http { evil";
    let ca = private_ca();
    let case = Case::new(
        &ca,
        vec![
            leaf("a.example")
                .names(&["a.example", hostile])
                .with(|p| p.distinguished_name.push(rcgen::DnType::OrganizationName, "x\n---\nkind: Pod")),
        ],
        &[],
    );
    let key = case.key("a.example");
    let issued = fresh("a.example", &key).names(&["a.example", hostile]).by(&ca);
    let text = issued.pem() + &ca.pem();
    let done = case.complete(
        &text,
        &["--accept-unknown-root", "--reason", "a test", "--layout", "nginx", "--layout", "kubernetes"],
    );
    assert_eq!(done.status, 0, "{}", done.stdout);
    let read =
        |path: &str| fs::read_to_string(case.replacement("a.example").join("issued").join(path)).unwrap();
    let (nginx, manifest) = (read("nginx/nginx.conf"), read("kubernetes/secret.yaml"));
    assert!(
        !nginx.contains("evil") && nginx.contains("1 more names of the certificate are left out"),
        "{nginx}"
    );
    assert!(!manifest.contains("Pod") && !manifest.contains("evil"), "{manifest}");
}

#[test]
#[ignore = "needs keytool"]
fn java_reads_pkcs12() {
    let world = World::new(&[]);
    let passphrase = world.case.folder.at("passphrase");
    world.case.folder.write("passphrase", "plain export passphrase\n");
    let done =
        world.complete(&world.issued, &["--layout", "pkcs12", "--export-passphrase-file", &passphrase]);
    assert_eq!(done.status, 0, "{} {}", done.stdout, done.stderr);
    for name in ["rsa.example", "ec.example"] {
        let store = world.file(name, "pkcs12/bundle.p12");
        let told = ran(
            "keytool",
            &[
                "-list",
                "-v",
                "-keystore",
                &store,
                "-storetype",
                "PKCS12",
                "-storepass",
                "plain export passphrase",
            ],
        );
        assert!(told.contains("PrivateKeyEntry") && told.contains("Certificate chain length: 2"), "{told}");
        assert!(told.contains(&format!("Alias name: {name}")), "{told}");
    }
}
