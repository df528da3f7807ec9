//! Archives that lie in text: attachments, compressed text in a Secret, an archive in a signed message.

use certrecall::id::Fingerprint;
use certrecall::read::{Options, Place, Reopener, Roots, read_bytes};
use certrecall::report::record::member;

use super::make::{deflated, file, gzip, stored, tar, zip};
use super::{bundle, read_with, what};
use crate::common::pki::leaked_leaf;
use crate::common::{Folder, openssl};

/// In base64 of lines of 76 digits (RFC 2045 section 6.8), or on one line.
fn base64(bytes: &[u8], lines: bool) -> String {
    let digits = base64_simd::STANDARD.encode_to_string(bytes);
    if !lines {
        return digits;
    }
    digits.as_bytes().chunks(76).map(|line| format!("{}\r\n", str::from_utf8(line).unwrap())).collect()
}

/// The records of a text: the way into it, the line, and what it is.
fn records(text: impl AsRef<[u8]>) -> Vec<String> {
    let folder = Folder::new();
    folder.write("text", &text);
    let (found, _) = read_with(&folder.at("text"), &Options::default());
    let shown: Vec<String> = found
        .iter()
        .flat_map(|f| {
            f.items
                .iter()
                .map(|i| format!("{} {}", member(&f.place, i).unwrap_or_else(|| "-".into()), what(&i.body)))
        })
        .collect();
    let alone: Vec<String> = read_bytes(text.as_ref())
        .iter()
        .map(|i| format!("{} {}", i.member.as_deref().unwrap_or("-"), what(&i.body)))
        .collect();
    assert_eq!(shown, alone);
    shown
}

#[test]
fn attachments_of_a_mail_are_opened() {
    let bundle = bundle();
    let bytes = zip(&[deflated("acme/tls.pem", &bundle), stored("read me.txt", "hello")]);
    let packed = tar(&[file("a.pem", &bundle)]);
    let head = "From: owner@example.com\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mail = format!(
        "{head}{}\r\n--b\r\n\r\n{}\r\n--b\r\n\r\n{}\r\n--b--\r\n",
        base64(&bytes, true),
        base64(&gzip(&packed), true),
        base64(&packed, true)
    );
    let want = [
        "zip!/acme/tls.pem private-key",
        "zip!/acme/tls.pem certificate",
        "gzip#1!/a.pem private-key",
        "gzip#1!/a.pem certificate",
        "tar#2!/a.pem private-key",
        "tar#2!/a.pem certificate",
    ];
    assert_eq!(records(&mail), want);
    // Two of a kind are told apart.
    let twice = format!("{mail}\r\n{}", base64(&zip(&[stored("b.pem", leaked_leaf().pem())]), true));
    assert_eq!(records(twice)[6..], ["zip#3!/b.pem certificate"]);
}

#[test]
fn compressed_text_in_a_secret_is_read() {
    // As releases of Helm are kept: JSON, compressed, in base64 twice.
    let release =
        serde_json::json!({ "manifest": format!("kind: Secret\ntls.crt: |\n{}", bundle()) }).to_string();
    for text in [
        base64(base64(&gzip(release.as_bytes()), false).as_bytes(), false),
        base64(&gzip(release.as_bytes()), false),
    ] {
        let secret = format!("apiVersion: v1\ndata:\n  release: {text}\nkind: Secret\n");
        assert_eq!(records(secret), ["gzip!/content private-key", "gzip!/content certificate"]);
    }
    let digits: String = gzip(release.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(records(format!("blob = \"{digits}\"\n")).len(), 2);
}

#[test]
fn what_cannot_be_opened_in_text_is_told() {
    let bundle = bundle();
    let mut locked = deflated("tls.pem", &bundle);
    locked.flags = 1;
    let in_text = |bytes: &[u8]| records(format!("data: {}\n", base64(bytes, false)));
    assert_eq!(in_text(&zip(&[locked])), ["zip!/tls.pem locked passphrase-needed"]);
    let seven = [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &[0xa5; 80]].concat();
    assert_eq!(in_text(&seven), ["- format-not-read 7z"]);
    assert_eq!(in_text(&[&b"BZh91AY&SY"[..], &[0xa5; 80]].concat()), ["- format-not-read bzip2"]);
    let putty = "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: a key of somebody\r\nPublic-Lines: 2\r\n";
    assert_eq!(in_text(putty.as_bytes()), ["- format-not-read putty-key"]);
    assert_eq!(in_text(&zip(&[stored("x.7z", &seven)])), ["zip!/x.7z format-not-read 7z"]);
    // Damage, and nothing of interest.
    let whole = gzip(bundle.as_bytes());
    let cut = in_text(&whole[..whole.len() - 20]);
    assert!(cut.iter().any(|line| line.contains("cut short")), "{cut:?}");
    assert_eq!(in_text(&gzip(&[b'x'; 5000])), ["- no-pki-content"]);
}

#[test]
fn text_and_archives_in_one_another_end_somewhere() {
    let mut inner = leaked_leaf().pem().into_bytes();
    let mut at = 0;
    let told = loop {
        at += 1;
        inner = base64(&gzip(&inner), false).into_bytes();
        let told = records(&inner);
        if told.len() != 1 || !told[0].ends_with(" certificate") {
            break told;
        }
        assert!(at < 30, "no limit was met");
    };
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("too-deep archives nest deeper than 8"), "{told:?}");
    // What comes out of one in another counts together. A form that is not read takes no time.
    let large = gzip(&[&b"7z\xbc\xaf\x27\x1c"[..], &vec![0; 60 << 20]].concat());
    let text = |count: usize| {
        (0..count).map(|i| format!("file {i}: {}\n", base64(&large, false))).collect::<String>()
    };
    assert_eq!(
        records(text(2)),
        ["gzip!/content format-not-read 7z", "gzip#1!/content format-not-read 7z"],
        "there is room for both"
    );
    let told = records(zip(&[deflated("a.txt", text(5))]));
    assert!(told.iter().any(|line| line.contains("too-large")), "{told:?}");
}

#[test]
fn certificates_in_attachments_are_read_again() {
    let leaf = leaked_leaf();
    let folder = Folder::new();
    folder.write("mail.eml", base64(&zip(&[deflated("a.pem", leaf.pem())]), true));
    let roots = Roots::open(&[folder.path().to_owned()]).unwrap();
    let der = Reopener::new(&roots).get(&Place::new(0, b"mail.eml"), leaf.sha256()).unwrap();
    assert_eq!(Fingerprint::of(&der), leaf.sha256());
}

#[test]
fn an_archive_in_a_signed_message_is_opened() {
    let folder = Folder::new();
    let leaf = leaked_leaf();
    folder.write("signer.pem", bundle());
    folder.write("a.zip", zip(&[deflated("a.pem", leaf.pem())]));
    let arguments = [
        "cms",
        "-sign",
        "-binary",
        "-nodetach",
        "-outform",
        "DER",
        "-signer",
        &folder.at("signer.pem"),
        "-in",
        &folder.at("a.zip"),
    ];
    let signed = openssl(&arguments, b"").unwrap();
    assert_eq!(records(signed), ["pkcs7 certificate", "pkcs7!/content!/zip!/a.pem certificate"]);
}
