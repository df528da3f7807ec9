//! Proofs that a key is compromised, signed by the key itself: requests with the wording of each CA, the
//! attestation of draft-mpalmer-key-compromise-attestation-00, and a signed statement. Whoever has them can
//! have all certificates on the key that its CA knows of revoked.
//!
//! [`prove`] reads each old key again from where it was found, signs in memory, and writes `proofs/<name>-<12
//! hex of the key>/`. A key that cannot sign here gets `cannot-sign.md` in a directory that ends in
//! `.unsigned`, with the commands that can.

mod model;
mod text;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::format::KeyFormat;
use super::key::{NewKey, pem};
use super::model::Error;
use super::pbes::Opener;
use super::request::{Wish, assemble};
use super::slug::slug;
use super::spec::NewKind;
use super::subject::common_name;
use crate::files::{self, Batch, UNFINISHED};
use crate::id::SpkiHash;
use crate::limits;
use crate::oid;
use crate::read::{self, Place, Roots};
use crate::secret::Secret;
use crate::time::Time;

pub use model::Compromised;
use model::{ATTESTATION, KILL_SWITCH, REQUESTS, Record};

/// The directory of all proofs, inside the case.
pub const PROOFS: &str = "proofs";
/// The version of `proof.json`.
pub const SCHEMA: &str = "certrecall/proof/1";
/// The record of a proof.
pub const RECORD: &str = "proof.json";
/// A record is not longer than this.
const LONGEST: u64 = 1 << 20;

/// What became of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proofs {
    /// Directories with proofs made now, relative to the case.
    pub made: Vec<String>,
    /// Directories that were there already, whole.
    pub before: Vec<String>,
    /// Directories that were there already and are not as they were made: the directory, and what is wrong.
    /// Nothing is mended in them.
    pub damaged: Vec<(String, String)>,
    /// Keys that could not sign: the name, the directory that says how, and why.
    pub unsigned: Vec<(String, String, String)>,
}

/// Makes the proofs that are not there yet. **The caller must hold the lock of the case.** `passphrases` are
/// tried on encrypted keys.
///
/// # Errors
/// What the disk refuses; the proofs made before stay.
pub fn prove(
    keys: &[Compromised],
    roots: &Roots,
    passphrases: &[Secret],
    case_dir: &Path,
    now: Time,
) -> Result<Proofs, Error> {
    let parent = case_dir.join(PROOFS);
    files::create_own_dir(&parent)?;
    let batch = Batch::open(&parent)?;
    let there = there(&parent)?;
    let openers: Vec<Opener<'_>> = passphrases.iter().map(Opener::new).collect();
    let (mut out, mut staged, mut unpacked) = (Proofs::default(), Vec::new(), Unpacked::default());
    for key in keys {
        let short = &key.spki.to_string()[..12];
        let signed = format!("{}-{short}", slug(&key.name));
        if let Some(name) = there.iter().find(|name| name.ends_with(&format!("-{short}"))) {
            let directory = format!("{PROOFS}/{name}");
            match intact(&parent.join(name), key.spki) {
                Ok(()) => out.before.push(directory),
                Err(says) => out.damaged.push((directory, says)),
            }
            continue;
        }
        match reopen(key, roots, &openers, &mut unpacked) {
            Ok(opened) => {
                let files = signed_files(key, &opened, now)?;
                let listed: Vec<(&'static str, &[u8])> =
                    files.iter().map(|(name, contents)| (*name, contents.as_slice())).collect();
                staged.push((batch.stage(&listed)?, signed.clone()));
                out.made.push(format!("{PROOFS}/{signed}"));
            }
            Err(why) => {
                let name = format!("{signed}.unsigned");
                let directory = format!("{PROOFS}/{name}");
                if !there.contains(&name) {
                    let text = text::cannot_sign(key, why, &all_wordings(key), located(key, roots));
                    staged.push((batch.stage(&[(text::CANNOT_SIGN, text.as_bytes())])?, name));
                }
                out.unsigned.push((key.name.clone(), directory, why.to_owned()));
            }
        }
    }
    batch.commit(staged)?;
    Ok(out)
}

/// The directories of earlier runs.
fn there(parent: &Path) -> Result<BTreeSet<String>, files::Error> {
    let failed = |error| files::Error::List { path: parent.into(), error };
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(parent).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(UNFINISHED) {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Whether a proof of an earlier run is still whole and its owner's alone; what is wrong, in words, if not.
fn intact(directory: &Path, spki: SpkiHash) -> Result<(), String> {
    files::not_linked(directory).map_err(|_| "it is a symbolic link".to_owned())?;
    let read = |name: &str| {
        let missing = |_| format!("{name} is missing, or no regular file that can be read");
        let file = files::open_regular(&directory.join(name)).map_err(missing)?;
        let mode = file.metadata().map_err(missing)?.permissions().mode() & 0o7777;
        if mode & 0o077 == 0 {
            Ok(file)
        } else {
            Err(format!(
                "the mode of {name} is {mode:04o}, so that others than its owner may read it; 0600 is right"
            ))
        }
    };
    let mut text = Vec::new();
    read(RECORD)?
        .take(LONGEST)
        .read_to_end(&mut text)
        .map_err(|e| format!("{RECORD} cannot be read: {e}"))?;
    let record: Record =
        serde_json::from_slice(&text).map_err(|_| format!("{RECORD} is no record of a proof"))?;
    if record.spki_sha256 != spki {
        return Err(format!("{RECORD} is of another key"));
    }
    for name in &record.files {
        if !ours(name) {
            return Err(format!("{RECORD} names a file that no proof has: {name:?}"));
        }
        read(name)?;
    }
    Ok(())
}

/// Whether a proof has a file of this name.
fn ours(name: &str) -> bool {
    REQUESTS.contains(&name)
        || [text::ATTESTATION_FILE, text::STATEMENT, text::SIGNATURE, text::PUBLIC].contains(&name)
}

/// Where the first file lies that may hold a key, and the way into it where it is an archive.
fn located<'k>(key: &'k Compromised, roots: &Roots) -> Option<(String, Option<&'k str>)> {
    let located =
        |p: &'k Place| Some((roots.locate(p.root, p.raw()).filter(|path| path.exists())?, p.member()));
    // A command can name no member, so a file that lies in no archive is better.
    let files = key.places.iter().filter(|p| p.member().is_none());
    let members = key.places.iter().filter(|p| p.member().is_some());
    files.chain(members).find_map(located).map(|(path, member)| (path.to_string_lossy().into_owned(), member))
}

/// The keys of the archive that was opened last, so that one with thousands of them is not unpacked once for
/// each. Wiped with it.
#[derive(Default)]
struct Unpacked {
    archive: Option<Place>,
    keys: HashMap<SpkiHash, Secret>,
}

impl Unpacked {
    /// A key that lies in an archive and is not encrypted.
    fn get(&mut self, roots: &Roots, place: &Place, spki: SpkiHash) -> Option<&Secret> {
        place.member()?;
        let file = place.file();
        if self.archive.as_ref() != Some(&file) {
            self.keys.clear();
            let (keys, mut room) = (&mut self.keys, limits::REOPENED);
            let _ = read::each_private_key(roots, &file, &mut |der, facts| {
                // What does not fit is read again when it is wanted.
                if let Some(spki) = facts.and_then(|facts| facts.facts.spki)
                    && der.len() <= room
                {
                    room -= der.len();
                    keys.entry(spki).or_insert_with(|| Secret::new(der.to_vec()));
                }
            });
            self.archive = Some(file);
        }
        self.keys.get(&spki)
    }
}

/// Reads a key again from the first place that still has it; the reason in words if it cannot be had.
fn reopen(
    key: &Compromised,
    roots: &Roots,
    openers: &[Opener<'_>],
    unpacked: &mut Unpacked,
) -> Result<NewKey, &'static str> {
    let mut encrypted = false;
    for place in &key.places {
        if let Some(opened) = unpacked.get(roots, place, key.spki).and_then(|der| load(key, der)) {
            return Ok(opened);
        }
        let (mut plain, mut sealed) = (Vec::new(), Vec::new());
        let is_it = |facts: &crate::pki::PrivateKey| facts.facts.spki == Some(key.spki);
        // What was encrypted is not secret by itself.
        let read = read::each_private_key(roots, place, &mut |der, facts| match facts {
            Some(facts) if is_it(facts) => plain.push(Secret::new(der.to_vec())),
            Some(_) => {}
            None => sealed.push(der.to_vec()),
        });
        if read.is_none() {
            continue;
        }
        encrypted |= !sealed.is_empty();
        for sealed in &sealed {
            plain.extend(openers.iter().filter_map(|opener| opener.open(sealed).ok()));
        }
        for der in &plain {
            match load(key, der) {
                Some(opened) => return Ok(opened),
                None if sealed.is_empty() => return Err("a key of this kind cannot be loaded here"),
                None => {}
            }
        }
    }
    Err(if encrypted {
        "it is encrypted, and none of the passphrases opens it"
    } else {
        "the private key is not where it was found any more"
    })
}

/// A key in any form; `None` if it is another one, or of a kind that does not sign here: RSA below 2,048
/// bits, DSA, other curves.
fn load(key: &Compromised, der: &Secret) -> Option<NewKey> {
    let kind = match (key.algorithm.as_str(), key.bits) {
        // Any size that can be loaded signs alike.
        ("rsa", _) => NewKind::Rsa2048,
        ("ec", 256) => NewKind::EcdsaP256,
        ("ec", 384) => NewKind::EcdsaP384,
        ("ec", 521) => NewKind::EcdsaP521,
        ("ed25519", _) => NewKind::Ed25519,
        _ => return None,
    };
    let forms = [KeyFormat::Pkcs8, KeyFormat::Pkcs1, KeyFormat::Sec1];
    forms
        .iter()
        .find_map(|form| NewKey::from_der(kind, *form, der.expose()))
        .filter(|opened| opened.hash() == key.spki)
}

/// The wordings, each once; what is beyond the files there are is left out.
fn all_wordings(key: &Compromised) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for wording in &key.wordings {
        if !out.contains(wording) && out.len() < REQUESTS.len() {
            out.push(wording.clone());
        }
    }
    out
}

/// Everything that the key signs.
fn signed_files(
    key: &Compromised,
    opened: &NewKey,
    now: Time,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let failed = || Error::KeyNotMade { name: key.name.clone() };
    let wordings = all_wordings(key);
    let mut files = Vec::new();
    for (name, wording) in REQUESTS.iter().zip(&wordings) {
        let request = assemble(&common_name(wording), &[], opened).map_err(|_| failed())?;
        files.push((
            *name,
            text::before(
                &format!("For the CA that asks for the common name {wording:?}."),
                &pem("CERTIFICATE REQUEST", &request),
            ),
        ));
    }
    let wish = Wish { oid: oid::NO_SECRECY_AFFORDED, critical: true, value: vec![0x01, 0x01, 0xff] };
    let request = assemble(&common_name(ATTESTATION), &[wish], opened).map_err(|_| failed())?;
    files.push((
        text::ATTESTATION_FILE,
        text::before(
            "Key compromise attestation, draft-mpalmer-key-compromise-attestation-00.",
            &pem("CERTIFICATE REQUEST", &request),
        ),
    ));
    let statement = text::statement(key, opened.kind(), now);
    let signature = opened.sign(statement.as_bytes()).map_err(|_| failed())?;
    files.push((text::STATEMENT, statement.into_bytes()));
    files.push((text::SIGNATURE, text::signature(&signature)));
    files.push((text::PUBLIC, text::before("The public key.", &pem("PUBLIC KEY", opened.spki()))));
    let record = Record {
        kill_switch: KILL_SWITCH.into(),
        schema: SCHEMA.into(),
        spki_sha256: key.spki,
        signed: true,
        date: now.day(),
        authorities: key.authorities.clone(),
        wordings,
        files: files.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    files.push((RECORD, text::json(&record)));
    Ok(files)
}
