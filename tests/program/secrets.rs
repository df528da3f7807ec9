//! Guards that no byte of a private key, old or new, shows up in any output, file or error but the new
//! `key.pem`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;

use crate::common::pki::{Key, bundle, content, elements, leaf, pem, private_ca, public_ca};
use crate::common::{Folder, certrecall, everything};

/// Every way to write a secret down that would give away 8 bytes or more of it: windows of 16 characters.
struct Needles(HashSet<[u8; 16]>);

impl Needles {
    fn of(secrets: &[Vec<u8>]) -> Self {
        let mut set = HashSet::new();
        for secret in secrets {
            let hex = certrecall::id::hex(secret);
            let mut forms = vec![
                secret.clone(),
                hex.to_uppercase().into_bytes(),
                spaced(&hex).into_bytes(),
                decimal(secret).into_bytes(),
                hex.into_bytes(),
            ];
            for skip in 0..3 {
                let whole = &secret[skip..skip + (secret.len() - skip) / 3 * 3];
                forms.push(base64_simd::STANDARD.encode_to_string(whole).into_bytes());
                forms.push(base64_simd::URL_SAFE.encode_to_string(whole).into_bytes());
            }
            for form in forms {
                set.extend(form.windows(16).map(|w| <[u8; 16]>::try_from(w).unwrap()));
            }
        }
        Self(set)
    }

    /// The line that shows a secret: these keys are for tests only.
    fn line_with<'t>(&self, text: &'t [u8]) -> std::borrow::Cow<'t, str> {
        let line = text.split(|b| *b == b'\n').find(|l| self.are_in(l));
        String::from_utf8_lossy(line.unwrap_or_default())
    }

    fn are_in(&self, text: &[u8]) -> bool {
        let hit = |text: &[u8]| text.windows(16).any(|w| self.0.contains(w));
        // Line breaks could hide a secret from the search.
        hit(text) || hit(&text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<_>>())
    }
}

/// `ab:cd`, as openssl prints numbers.
fn spaced(hex: &str) -> String {
    hex.as_bytes().chunks(2).map(|c| String::from_utf8_lossy(c)).collect::<Vec<_>>().join(":")
}

/// A number of any size in decimal.
fn decimal(number: &[u8]) -> String {
    let mut digits = vec![0u8];
    for byte in number {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|d| char::from(b'0' + d)).collect()
}

/// The private numbers of a key: the scalar of an EC key; d, p, q and what is computed from them of an RSA
/// key.
fn secrets_of(key: &Key) -> Vec<Vec<u8>> {
    let der = key.traditional().1;
    let parts: Vec<Vec<u8>> = elements(content(&der)).into_iter().map(|e| content(e).to_vec()).collect();
    // ECPrivateKey (RFC 5915 section 3): version, scalar. RSAPrivateKey (RFC 8017 appendix A.1.2): version,
    // n, e, d, p, q, ...
    if parts.len() < 6 { vec![parts[1].clone()] } else { parts[3..].to_vec() }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let key = Key::rsa();
    let needles = Needles::of(&secrets_of(&key));
    let d = &secrets_of(&key)[0];
    for leak in [
        key.pem(),
        key.traditional().0,
        decimal(d),
        spaced(&certrecall::id::hex(d)),
        certrecall::id::hex(&d[40..60]).to_uppercase(),
    ] {
        assert!(needles.are_in(leak.as_bytes()), "{leak}");
    }
    assert!(!needles.are_in(key.public().as_bytes()));
    assert_eq!(decimal(&[1, 0]), "256");
}

/// A folder of keys in every form, whole and damaged, and their private numbers.
fn hoard() -> (Folder, Vec<Vec<u8>>) {
    let (ec, rsa, ca, bare) =
        (leaf("ec.example").by(&public_ca()), leaf("rsa.example").key(&Key::rsa()), private_ca(), Key::new());
    let rsa = rsa.by(&ca);
    let folder = Folder::new();
    folder
        .write("in/ec.pem", bundle(&ec, &[]))
        .write("in/rsa.pem", rsa.key.traditional().0 + &rsa.pem())
        .write("in/ca.pem", bundle(&ca, &[]));
    folder.write("in/locked.pem", ec.key.encrypted());
    let mut secrets = Vec::new();
    for (name, key) in [("ec", &ec.key), ("rsa", &rsa.key), ("ca", &ca.key), ("bare", &bare)] {
        secrets.extend(secrets_of(key));
        let (traditional, der) = key.traditional();
        folder.write(format!("in/{name}.der"), key.der()).write(format!("in/{name}.trad.der"), &der);
        for (form, text) in [("pkcs8", key.pem()), ("trad", traditional)] {
            let lines: Vec<&str> = text.lines().collect();
            let body = lines[1..lines.len() - 1].concat();
            let one_line = format!("{}\\n{body}\\n{}\\n", lines[0], lines[lines.len() - 1]);
            let middle = text.len() / 2;
            let corrupt = |with: &str| format!("{}{with}{}", &text[..middle], &text[middle + 1..]);
            for (damage, damaged) in [
                ("bang", corrupt("!")),
                ("star", corrupt("*")),
                ("umlaut", corrupt("ü")),
                ("equals", corrupt("=")),
                ("missing", corrupt("")),
                ("other-letter", corrupt(if text.as_bytes()[middle] == b'A' { "B" } else { "A" })),
                ("cut", text[..middle].to_owned()),
                ("no-begin", text[text.find('\n').unwrap() + 1..].to_owned()),
                (
                    "certificate",
                    text.replace("EC PRIVATE KEY", "CERTIFICATE")
                        .replace("RSA PRIVATE KEY", "CERTIFICATE")
                        .replace("PRIVATE KEY", "CERTIFICATE"),
                ),
                ("unknown", text.replace("PRIVATE KEY", "SECRET THING")),
                ("header", text.replacen('\n', &format!("\nComment: {body}\n\n"), 1)),
                ("json", format!("{{\"key\": \"{one_line}\"}}\n")),
                ("base64", body.clone()),
                ("hex", certrecall::id::hex(&base64_simd::STANDARD.decode_to_vec(&body).unwrap())),
                ("twice", text.clone() + &text),
            ] {
                folder.write(format!("in/{name}-{form}-{damage}.pem"), damaged);
            }
        }
        folder.write(format!("in/{name}-half.der"), &der[..der.len() * 3 / 4]);
        folder.write(format!("in/{name}-tail.der"), [&der[..], b"and more"].concat());
        folder.write(format!("in/{name}-pkcs12.pem"), pem("PKCS12", &key.der()));
    }
    (folder, secrets)
}

/// Everything that a run says.
fn said(arguments: &[&str]) -> Vec<u8> {
    let output = certrecall().args(arguments).output().unwrap();
    assert!(
        output.status.code().is_some_and(|c| c != 101),
        "{arguments:?} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    [output.stdout, output.stderr].concat()
}

#[test]
fn no_output_and_no_file_holds_a_private_key() {
    let (folder, old) = hoard();
    let old = Needles::of(&old);
    let (input, case) = (folder.at("in"), folder.at("case"));
    let mut outputs: Vec<(String, Vec<u8>)> = Vec::new();
    for format in ["table", "json", "ndjson", "csv"] {
        outputs.push((format!("scan {format}"), said(&["scan", &input, "-v", "--all", "--format", format])));
        outputs.push((
            format!("plan {format}"),
            said(&["plan", &input, "-v", "-o", &case, "--uploaded=2015-01-01", "--format", format]),
        ));
    }
    outputs.push(("plan".into(), said(&["plan", &input, "-v", "-o", &case, "--uploaded=2015-01-01"])));
    outputs.push(("run".into(), said(&["run", &input, "-v", "-o", &case, "--uploaded=2015-01-01"])));
    outputs.push(("run again".into(), said(&["run", &input, "-v", "-o", &case, "--uploaded=2015-01-01"])));
    outputs.push(("rekey".into(), said(&["rekey", &case, "-v"])));
    let mut new = Vec::new();
    for (path, meta) in everything(&folder.path().join("case")) {
        let bytes =
            if meta.is_file() { fs::read(folder.path().join("case").join(&path)).unwrap() } else { continue };
        if path.ends_with("key.pem") {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let traditional =
                crate::common::openssl(&["pkey", "-traditional", "-outform", "DER"], text.as_bytes())
                    .unwrap();
            let parts: Vec<Vec<u8>> =
                elements(content(&traditional)).into_iter().map(|e| content(e).to_vec()).collect();
            new.extend(if parts.len() < 6 { vec![parts[1].clone()] } else { parts[3..].to_vec() });
            assert!(!old.are_in(&bytes), "{path:?} is an old key");
        } else {
            outputs.push((format!("{path:?}"), bytes));
        }
    }
    assert!(new.len() >= 2, "there are new keys to look for");
    let new = Needles::of(&new);
    for (what, text) in &outputs {
        assert!(!old.are_in(text), "{what} shows an old key: {}", old.line_with(text));
        assert!(!new.are_in(text), "{what} shows a new key: {}", new.line_with(text));
    }
}

#[test]
fn damaged_new_keys_are_told_of_without_being_shown() {
    let l = leaf("a.example").by(&public_ca());
    let folder = Folder::new();
    folder.write("in/a.pem", bundle(&l, &[]));
    let arguments = ["run", &folder.at("in"), "-v", "-o", &folder.at("case"), "--uploaded=2015-01-01"];
    said(&arguments);
    let (path, _) =
        everything(&folder.path().join("case")).into_iter().find(|(p, _)| p.ends_with("key.pem")).unwrap();
    let path = folder.path().join("case").join(path);
    let text = fs::read_to_string(&path).unwrap();
    let der = crate::common::openssl(&["pkey", "-traditional", "-outform", "DER"], text.as_bytes()).unwrap();
    let needles = Needles::of(&[content(elements(content(&der))[1]).to_vec()]);
    let middle = text.len() / 2;
    fs::write(&path, format!("{}!{}", &text[..middle], &text[middle + 1..])).unwrap();
    let told = said(&arguments);
    assert!(String::from_utf8_lossy(&told).contains("key.pem"), "the damage is told");
    assert!(!needles.are_in(&told));
}

#[test]
fn a_key_given_where_something_else_was_wanted_is_not_quoted() {
    let key = Key::new();
    let needles = Needles::of(&secrets_of(&key));
    let folder = Folder::new();
    folder.write("in/a.pem", leaf("a.example").by(&public_ca()).pem()).write("key", key.pem());
    for flag in ["--manifest", "--known-compromised", "--incident"] {
        let told = said(&["plan", &folder.at("in"), "-v", "-o", &folder.at("case"), flag, &folder.at("key")]);
        assert!(!needles.are_in(&told), "{flag}: {}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn a_key_in_bare_base64_given_as_a_manifest_is_not_quoted() {
    let key = Key::new();
    let needles = Needles::of(&secrets_of(&key));
    let folder = Folder::new();
    folder
        .write("in/a.pem", leaf("a.example").by(&public_ca()).pem())
        .write("key", base64_simd::STANDARD.encode_to_string(key.der()));
    for flag in ["--manifest", "--known-compromised", "--incident"] {
        let told = said(&["plan", &folder.at("in"), "-v", "-o", &folder.at("case"), flag, &folder.at("key")]);
        assert!(!needles.are_in(&told), "{flag}: {}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn key_text_in_the_place_of_a_label_is_not_shown() {
    let key = Key::new();
    let needles = Needles::of(&secrets_of(&key));
    let folder = Folder::new();
    let (text, _) = key.traditional();
    let (_, body) = text.split_once('\n').unwrap();
    folder.write("in/key.pem", format!("-----BEGIN {}-----\n{body}", &body[..60]));
    for format in ["table", "json", "ndjson", "csv"] {
        let told = said(&["scan", &folder.at("in"), "-v", "--format", format]);
        assert!(!needles.are_in(&told), "{format}: {}", needles.line_with(&told));
    }
}

/// The writable memory of a process of ours.
fn memory_of(pid: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let file = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut all = Vec::new();
    for map in maps.lines().filter(|l| l.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let (start, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|n| u64::from_str_radix(n, 16).unwrap());
        // Reserved and never touched parts of large maps read as zeros; one page at a time keeps them out.
        for page in (start..end).step_by(4096) {
            let mut bytes = [0; 4096];
            if std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, page).is_ok()
                && bytes != [0; 4096]
            {
                all.extend_from_slice(&bytes);
            }
        }
    }
    all
}

#[test]
fn keys_that_were_read_are_wiped_from_memory() {
    let (folder, public) = (Folder::new(), leaf("public.example").by(&public_ca()));
    let mut texts = Vec::new();
    // Each key once: what is met twice is kept for comparison until the end.
    for (i, form) in
        ["plain", "wide", "json", "indented", "header", "unknown"].into_iter().cycle().take(24).enumerate()
    {
        let key = if i < 18 { Key::new() } else { Key::rsa() };
        let text = if i % 2 == 0 { key.pem() } else { key.traditional().0 };
        texts.extend(
            text.lines().filter(|l| !l.starts_with('-')).map(|l| l.as_bytes()[l.len() / 2..].to_vec()),
        );
        let written = match form {
            "wide" => text.bytes().flat_map(|b| [b, 0]).collect(),
            "json" => format!("{{\"key\": \"{}\"}}", text.replace('\n', "\\n")).into_bytes(),
            "indented" => text.replace('\n', "\n    ").into_bytes(),
            "header" => text
                .replacen('\n', &format!("\nComment: {}\n\n", &text[40..100].replace('\n', "")), 1)
                .into_bytes(),
            "unknown" => text.replace("PRIVATE KEY", "SECRET THING").into_bytes(),
            _ => text.into_bytes(),
        };
        folder.write(format!("in/a/{i}-{form}.pem"), written);
    }
    // Records without end, which nobody takes: the program stands still behind the keys.
    for i in 0..400 {
        folder.write(format!("in/b/{i}.pem"), public.pem());
    }
    let mut child = certrecall()
        .args(["scan", "--threads", "1", "--format", "ndjson", &folder.at("in")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let memory = memory_of(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    let holds = |text: &[u8]| memory.windows(text.len()).any(|w| w == text);
    assert!(holds(b"public.example"), "the search sees what is there");
    let needles: HashSet<&[u8]> = texts.iter().filter_map(|t| t.get(..16)).collect();
    let begins: HashSet<[u8; 2]> = needles.iter().map(|n| [n[0], n[1]]).collect();
    let begins: Vec<bool> = (0..=u16::MAX).map(|n| begins.contains(&n.to_be_bytes())).collect();
    let left = memory
        .windows(16)
        .find(|w| begins[usize::from(w[0]) << 8 | usize::from(w[1])] && needles.contains(w));
    assert!(
        left.is_none(),
        "a line of a private key is left in memory: {}",
        String::from_utf8_lossy(left.unwrap_or_default())
    );
}
