//! The records of keys and of the certificates on them. There are very many, so certificates are written by
//! hand, straight into the buffer.

use std::borrow::Cow;

use serde::Serialize;

use super::touch;
use crate::assess::{Because, Exposure};
use crate::id::{SpkiHash, StepId, push_hex};
use crate::inventory::{Inventory, Occurrence};
use crate::plan::{Issuance, Risk, authority};
use crate::read::Place;
use crate::report::json::{self, name};
use crate::report::planned::Planned;
use crate::time::Time;

/// Appends the record of a key.
pub(super) fn push(out: &mut Vec<u8>, planned: &Planned<'_>, at: usize) {
    let Planned { inventory, assessment, plan, .. } = *planned;
    let (key, verdict) = (&inventory.keys[at], &assessment.keys[at]);
    out.extend_from_slice(b"{\"spki_sha256\":\"");
    push_hex(out, key.spki.as_bytes());
    out.push(b'"');
    if !key.raw_forms.is_empty() {
        name!(out, "spki_sha256_raw");
        json::push(out, &key.raw_forms);
    }
    name!(out, "key_algorithm");
    json::push_str(out, key.facts.algorithm.as_str());
    name!(out, "key_bits");
    json::push_number(out, u64::from(key.facts.bits));
    name!(out, "exposure");
    json::push_word(out, verdict.exposure.as_str());
    name!(out, "because");
    push_reasons(out, inventory, &verdict.because);
    if verdict.omitted > 0 {
        name!(out, "because_omitted");
        json::push_number(out, verdict.omitted as u64);
    }
    if !verdict.accounts.is_empty() {
        name!(out, "accounts");
        json::push_list(out, verdict.accounts.iter().map(|a| &**a));
    }
    name!(out, "private_key_paths");
    let places: Vec<Occurrence> = key.private_places().copied().collect();
    let private: Vec<_> = files(&places).iter().map(|f| inventory.files[*f as usize].place.shown()).collect();
    json::push_list(out, private.iter().map(|p| &**p));
    push_accounts(out, "private_key_accounts", planned, at as u32, &places);
    name!(out, "certificates");
    out.push(b'[');
    for (i, certificate) in key.certificates.iter().enumerate() {
        key.part_at(i).into_iter().for_each(|part| touch::certificates(planned, part));
        out.extend_from_slice(if i > 0 { b",{" } else { b"{" });
        push_certificate(out, planned, *certificate);
        out.push(b'}');
    }
    out.push(b']');
    push_requests(out, inventory, at as u32);
    // What searches found on it that is not here.
    if let Some(elsewhere) = plan.elsewhere.get(&key.spki).filter(|list| !list.is_empty()) {
        name!(out, "elsewhere");
        json::push(out, elsewhere);
    }
    let steps = plan.steps_of_key[at].as_slice();
    name!(out, "steps");
    json::push_list(out, steps.iter().map(StepId::as_str));
    if !steps.is_empty() {
        name!(out, "risk");
        push_risk(out, &Risk::of(inventory, assessment, &plan.voiding, planned.clock, at as u32));
    }
    if !key.findings.is_empty() {
        name!(out, "findings");
        json::push(out, &key.findings);
    }
    out.push(b'}');
}

/// Appends the requests on a key; most have none.
fn push_requests(out: &mut Vec<u8>, inventory: &Inventory, key: u32) {
    name!(out, "requests");
    out.push(b'[');
    for (i, entry) in inventory.requests_on(key).iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",{\"sha256\":\"" } else { b"{\"sha256\":\"" });
        push_hex(out, entry.request.sha256.as_bytes());
        out.push(b'"');
        name!(out, "subject");
        json::push_str(out, &entry.request.subject);
        name!(out, "dns_names");
        json::push_list(out, &entry.request.names.dns);
        name!(out, "paths");
        let paths: Vec<_> =
            files(&entry.occurrences).iter().map(|f| inventory.files[*f as usize].place.shown()).collect();
        json::push_list(out, paths.iter().map(|p| &**p));
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends reasons, as they serialise; there is one at least for every key.
fn push_reasons(out: &mut Vec<u8>, inventory: &Inventory, reasons: &[Because]) {
    for (i, because) in reasons.iter().enumerate() {
        let Because { evidence, source, earliest, latest, findings, .. } = because;
        out.extend_from_slice(if i == 0 { b"[{\"evidence\":" } else { b",{\"evidence\":" });
        json::push_word(out, evidence.as_str());
        name!(out, "source");
        json::push_str(out, source);
        name!(out, "earliest");
        push_time(out, *earliest);
        name!(out, "latest");
        push_time(out, *latest);
        name!(out, "message");
        json::push_str(out, &because.says(inventory));
        if let Some(path) = because.path(inventory) {
            name!(out, "path");
            json::push_str(out, &path);
        }
        if !findings.is_empty() {
            name!(out, "findings");
            json::push(out, findings);
        }
        out.push(b'}');
    }
    out.extend_from_slice(if reasons.is_empty() { b"[]" } else { b"]" });
}

fn push_risk(out: &mut Vec<u8>, risk: &Risk) {
    out.extend_from_slice(b"{\"score\":");
    json::push_number(out, u64::from(risk.score));
    out.extend_from_slice(b",\"because\":[");
    for (i, part) in risk.because.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"{\"points\":" } else { b",{\"points\":" });
        json::push_number(out, u64::from(part.points));
        name!(out, "message");
        json::push_str(out, &part.says);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// Appends the fields of a certificate, without braces.
fn push_certificate(out: &mut Vec<u8>, planned: &Planned<'_>, at: u32) {
    let Planned { inventory, assessment, plan, .. } = *planned;
    let entry = &inventory.certificates[at as usize];
    let verdict = &assessment.certificates[at as usize];
    let certificate = &entry.certificate;
    out.extend_from_slice(b"\"sha256\":\"");
    push_hex(out, certificate.sha256.as_bytes());
    out.push(b'"');
    name!(out, "standing");
    json::push_word(out, verdict.standing.as_str());
    name!(out, "verdict");
    json::push_word(out, verdict.verdict.as_str());
    name!(out, "subject");
    json::push_str(out, &certificate.subject);
    name!(out, "issuer");
    json::push_str(out, &certificate.issuer.name);
    name!(out, "serial");
    json::push_word(out, &certificate.serial.to_hex());
    name!(out, "not_before");
    push_time(out, certificate.not_before);
    name!(out, "not_after");
    push_time(out, certificate.not_after);
    name!(out, "dns_names");
    json::push_list(out, &certificate.names.dns);
    name!(out, "is_ca");
    push_bool(out, entry.is_ca());
    name!(out, "is_self_signed");
    push_bool(out, certificate.is_self_signed);
    name!(out, "sort");
    json::push_word(out, authority::sort_of(entry).as_str());
    if let Some(issued) = plan.authorities.of(at) {
        name!(out, "issued");
        push_issued(out, plan.authorities.authority_of(at).map(|a| a.id.as_str()), issued);
    }
    push_places(out, inventory, &entry.occurrences);
    push_accounts(out, "path_accounts", planned, entry.key, &entry.occurrences);
    if let Some(because) = &verdict.because {
        name!(out, "because");
        push_reasons(out, inventory, std::slice::from_ref(&**because));
    }
    if let Some(replacement) = plan.replacement_of[at as usize] {
        name!(out, "replacement");
        json::push_word(out, plan.replacements[replacement as usize].step.as_str());
    }
}

/// The paths, each file once; the ways into archives if any lies in one; their bytes in base64 if any is not
/// UTF-8; and the root of each unless all are the first one.
fn push_places(out: &mut Vec<u8>, inventory: &Inventory, occurrences: &[Occurrence]) {
    let files = files(occurrences);
    let places = || files.iter().map(|f| &inventory.files[*f as usize].place);
    name!(out, "paths");
    json::push_list(out, places().map(|p| &*p.path));
    if places().any(|p| p.member().is_some()) {
        name!(out, "members");
        json::push(out, &places().map(Place::member).collect::<Vec<_>>());
    }
    if places().any(|p| p.raw_path().is_some()) {
        name!(out, "paths_b64");
        let encoded: Vec<String> =
            places().map(|p| base64_simd::STANDARD.encode_to_string(p.raw())).collect();
        json::push_list(out, encoded.iter().map(String::as_str));
    }
    if places().any(|p| p.root != 0) {
        name!(out, "roots");
        out.push(b'[');
        for (i, place) in places().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            json::push_number(out, u64::from(place.root));
        }
        out.push(b']');
    }
}

/// The accounts of each path, in the order of the paths; nothing where no account is known, neither of a path
/// nor of the key.
fn push_accounts(out: &mut Vec<u8>, name: &str, planned: &Planned<'_>, key: u32, occurrences: &[Occurrence]) {
    let assessment = planned.assessment;
    // Most plans have no manifest, and there are very many records.
    if assessment.uploaders.is_empty() {
        return;
    }
    let files = files(occurrences);
    let accounts = |file: &u32| assessment.uploaders.of(*file, key);
    if assessment.keys[key as usize].accounts.is_empty() && files.iter().all(|file| accounts(file).is_empty())
    {
        return;
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (i, file) in files.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json::push_list(out, accounts(file).iter().map(|a| &**a));
    }
    out.push(b']');
}

/// The files of some places, each once.
fn files(occurrences: &[Occurrence]) -> Vec<u32> {
    let mut files: Vec<u32> = occurrences.iter().map(|o| o.file).collect();
    files.dedup();
    files
}

pub(super) fn push_time(out: &mut Vec<u8>, time: Option<Time>) {
    match time {
        Some(time) => {
            out.push(b'"');
            time.push(out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

fn push_bool(out: &mut Vec<u8>, yes: bool) {
    out.extend_from_slice(if yes { b"true" } else { b"false" });
}

/// Who issued a certificate: the id of one of the plan's authorities; none for what signed itself.
fn push_issued(out: &mut Vec<u8>, authority: Option<&str>, issued: &Issuance) {
    out.extend_from_slice(b"{\"authority\":");
    match authority {
        Some(id) => json::push_str(out, id),
        None => out.extend_from_slice(b"null"),
    }
    name!(out, "confidence");
    json::push_word(out, issued.confidence.as_str());
    name!(out, "reach");
    json::push_word(out, issued.reach.as_str());
    name!(out, "because");
    json::push_str(out, &issued.because);
    out.push(b'}');
}

/// What a list says of a certificate before its record.
#[derive(Serialize)]
struct CertificateHead<'a> {
    name: &'a str,
    spki_sha256: SpkiHash,
    exposure: Exposure,
    why: Option<Cow<'a, str>>,
    request: Option<String>,
    accounts: Vec<&'a str>,
}

/// One certificate as a JSON object on one line: verdict, key, every path.
#[must_use]
pub fn certificate_line(planned: &Planned<'_>, at: u32) -> Vec<u8> {
    let Planned { inventory, assessment, plan, directories, .. } = *planned;
    let entry = &inventory.certificates[at as usize];
    let replacement = plan.replacement_of[at as usize].map(|r| &plan.replacements[r as usize]);
    let head = CertificateHead {
        name: &entry.certificate.display_name(),
        spki_sha256: inventory.keys[entry.key as usize].spki,
        exposure: assessment.keys[entry.key as usize].exposure,
        why: crate::report::view::ground(planned, at).map(|b| b.says(inventory)),
        request: replacement.and_then(|r| directories.get(&r.profile)).map(|d| format!("{d}/request.pem")),
        accounts: assessment.keys[entry.key as usize].accounts.iter().map(|a| &**a).collect(),
    };
    let mut line = Vec::new();
    json::push(&mut line, &head);
    line.pop();
    line.push(b',');
    push_certificate(&mut line, planned, at);
    line.push(b'}');
    line
}
