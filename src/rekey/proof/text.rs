//! The texts of proofs: each begins with the warning.

use base64_simd::STANDARD;

use super::super::markdown::code;
use super::super::record;
use super::super::spec::NewKind;
use super::model::{ATTESTATION, Compromised, KILL_SWITCH, REQUESTS, Record};
use crate::oid;
use crate::pki::show;
use crate::shell;
use crate::time::Time;

pub(super) const ATTESTATION_FILE: &str = "attestation.pem";
pub(super) const STATEMENT: &str = "statement.txt";
pub(super) const SIGNATURE: &str = "statement.sig";
pub(super) const PUBLIC: &str = "public.pem";
pub(super) const CANNOT_SIGN: &str = "cannot-sign.md";
/// What commands call a key whose file is not known.
const OLD_KEY: &str = "OLD_KEY.pem";

/// PEM with the warning and a line for people before it: text outside of the block is no part of it (RFC 7468
/// section 2).
pub(super) fn before(says: &str, pem: &[u8]) -> Vec<u8> {
    [format!("{KILL_SWITCH}\n{}\n\n", show(says)).as_bytes(), pem].concat()
}

/// The statement that the key signs.
pub(super) fn statement(key: &Compromised, kind: NewKind, now: Time) -> String {
    let hash = match kind {
        NewKind::EcdsaP384 => "-sha384",
        NewKind::EcdsaP521 => "-sha512",
        _ => "-sha256",
    };
    let check = match kind {
        // What it signs is not hashed before.
        NewKind::Ed25519 => format!(
            "openssl pkeyutl -verify -pubin -inkey {PUBLIC} -rawin -in {STATEMENT} -sigfile statement.bin"
        ),
        _ => format!("openssl dgst {hash} -verify {PUBLIC} -signature statement.bin {STATEMENT}"),
    };
    format!(
        "{KILL_SWITCH}\n\n\
         The private key of the public key whose SubjectPublicKeyInfo (DER) has the SHA-256\n\n    {}\n\n\
         is compromised: others than its owner have it. This key is compromised, and signs this itself.\n\
         All certificates on it, short-lived ones included, are to be revoked for key compromise (RFC 5280 section 5.3.1, reason 1).\n\n\
         Signed on {}. The signature is in {SIGNATURE}. To check it:\n\n    \
         sed 1d {SIGNATURE} | openssl base64 -d -out statement.bin\n    {check}\n",
        key.spki,
        now.day()
    )
}

/// The signature in base64 below the warning.
pub(super) fn signature(bytes: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode_to_string(bytes);
    let mut out = format!("{KILL_SWITCH}\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
    out.into_bytes()
}

/// The record, its warning on the first line.
pub(super) fn json(record: &Record) -> Vec<u8> {
    record::json(record).replacen("{\n  ", "{", 1).into_bytes()
}

/// What to do about a key that cannot sign here; `located` is the file that may hold it, and the way into an
/// archive.
pub(super) fn cannot_sign(
    key: &Compromised,
    why: &str,
    wordings: &[String],
    located: Option<(String, Option<&str>)>,
) -> String {
    let file =
        located.as_ref().filter(|(_, member)| member.is_none()).map_or(OLD_KEY, |(file, _)| file.as_str());
    let mut out = format!(
        "The key {} ({} {}) did not sign here: {why}.\n\n\
         OpenSSL may sign with it; these commands make the same proofs, in the directory where you run them. Each of them will be a kill switch: \
         whoever has it can have all certificates on this key that its CA knows of revoked. Keep it like a key until it is sent.\n\n",
        key.spki, key.algorithm, key.bits
    );
    if let Some((archive, Some(member))) = &located {
        out.push_str(&format!(
            "The key lies in an archive: {} holds it as {}. Take it out into a file {OLD_KEY} that only you can read, and destroy that file afterwards.\n\n",
            code(archive),
            code(member)
        ));
    }
    let request = |wording: &str, name: &str, more: &[&str]| {
        let subject = format!("/CN={}", subject(wording));
        let command = [
            &["openssl", "req", "-new", "-utf8", "-sha256", "-key", file, "-subj", &subject],
            more,
            &["-out", name],
        ]
        .concat();
        format!("    {}\n", shell::line(&command))
    };
    for (wording, name) in wordings.iter().zip(REQUESTS) {
        out.push_str(&request(wording, name, &[]));
    }
    let no_secrecy = oid::dotted(oid::NO_SECRECY_AFFORDED).unwrap_or_default();
    out.push_str(&request(
        ATTESTATION,
        ATTESTATION_FILE,
        &["-addext", &format!("{no_secrecy}=critical,DER:0101FF")],
    ));
    out.push_str(
        "\nNever send the key itself. A CA may also take a string of its own, signed: `openssl dgst -sha256 -sign` the string with the key.\n",
    );
    out
}

/// A value of `openssl req -subj`: a slash begins the next RDN, a plus sign the next attribute.
fn subject(value: &str) -> String {
    value.chars().flat_map(|c| matches!(c, '/' | '+' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SpkiHash;

    #[test]
    fn the_warning_is_the_first_line_of_the_record() {
        let record = Record {
            kill_switch: KILL_SWITCH.into(),
            schema: "s".into(),
            spki_sha256: SpkiHash::of(b"x"),
            signed: true,
            date: "2026-11-25".into(),
            authorities: vec!["CN=\u{202e}a\nb".into()],
            wordings: vec![],
            files: vec![],
        };
        let text = String::from_utf8(json(&record)).unwrap();
        assert!(text.starts_with(&format!("{{\"kill_switch\": \"{KILL_SWITCH}\",\n")), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    }

    #[test]
    fn no_command_names_what_lies_in_an_archive() {
        let key = Compromised {
            spki: SpkiHash::of(b"x"),
            name: "www.example".into(),
            algorithm: "dsa".into(),
            bits: 2048,
            wordings: vec!["A".into()],
            authorities: vec![],
            places: vec![],
        };
        let text = |located| cannot_sign(&key, "why", &key.wordings, located);
        let archived = text(Some(("/in/b.zip".into(), Some("x\u{202e}/k.pem"))));
        let says = "The key lies in an archive: `/in/b.zip` holds it as `x\\E2\\80\\AE/k.pem`. Take it out into a file OLD_KEY.pem that only you can read";
        assert!(
            archived.contains(says)
                && archived.contains(" -key OLD_KEY.pem ")
                && !archived.contains("-key /in"),
            "{archived}"
        );
        let plain = text(Some(("/in/k.pem".into(), None)));
        assert!(plain.contains(" -key /in/k.pem ") && !plain.contains("archive"), "{plain}");
        assert!(text(None).contains(" -key OLD_KEY.pem "));
    }

    #[test]
    fn subjects_are_escaped_for_openssl() {
        assert_eq!(subject("A/S + B\\C"), "A\\/S \\+ B\\\\C");
    }
}
