//! Requests for certificates of real collections: OpenSSL verifies each, and its parser finds in it, name by
//! name and octet by octet, what it finds in the certificate; each difference has its reason in the record.
//!
//! The collections lie in the directory named by `CERTRECALL_CORPORA`, by default `target/corpora`. One in
//! eight of their certificates is tried; `CERTRECALL_EVERY=1` tries each, which takes minutes.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::openssl;
use certrecall::id::{Fingerprint, ProfileHash, StepId};
use certrecall::plan::ReplacementRecord;
use certrecall::read::Reopener;
use certrecall::rekey::{Action, KeySpec, Made, Next, OldKey, Order, Wanted, make};

/// The extensions that a request takes over, by the names that OpenSSL and the record have for them.
const TAKEN_OVER: [(&str, &str); 4] = [
    ("X509v3 Subject Alternative Name", "subjectAltName"),
    ("X509v3 Key Usage", "keyUsage"),
    ("X509v3 Extended Key Usage", "extendedKeyUsage"),
    ("TLS Feature", "tlsFeature"),
];
/// Of so many certificates with an RSA key one gets an RSA key again; a new one takes longer than everything
/// else.
const RSA: usize = 32;
/// Certificates that OpenSSL cannot read: collections of broken ones hold some, and nothing can be compared
/// then.
const UNPARSED: usize = 100;

/// What OpenSSL's parser finds: the subject, element by element, and each extension with its flag.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    subject: Vec<String>,
    extensions: Vec<(String, bool, String)>,
}

/// One line of `openssl asn1parse`: how deep it lies, and the element with its content.
fn line(text: &str) -> Option<(usize, String)> {
    let (_, rest) = text.split_once(":d=")?;
    let (depth, rest) = rest.split_once(" hl=")?;
    let (_, rest) = rest.split_once(" l=")?;
    let (_, element) = rest.trim_start().split_once(' ')?;
    let (kind, value) = element.split_once(": ").unwrap_or(("", element));
    let (tag, value) = value.split_once(':').unwrap_or((value, ""));
    let tag: Vec<&str> = tag.split_whitespace().collect();
    Some((depth.trim().parse().ok()?, format!("{kind} {}:{value}", tag.join(" "))))
}

/// `None` if it cannot be parsed to its end.
fn parts(der: &[u8], of_certificate: bool) -> Option<Parts> {
    let text = String::from_utf8_lossy(&openssl(&["asn1parse", "-inform", "DER"], der).ok()?).into_owned();
    let lines: Vec<(usize, String)> = text.lines().filter_map(line).collect();
    // The members of what is signed: version, if it is there, then serial number, algorithm, issuer, validity
    // and subject; version and subject.
    let members: Vec<usize> =
        (2..lines.len()).take_while(|i| lines[*i].0 >= 2).filter(|i| lines[*i].0 == 2).collect();
    let versioned = usize::from(lines.get(2)?.1.contains("cont [ 0 ]"));
    let at = *members.get(if of_certificate { versioned + 4 } else { 1 })?;
    let subject = lines[at + 1..]
        .iter()
        .take_while(|(depth, _)| *depth > 2)
        .map(|(depth, element)| format!("{depth} {element}"))
        .collect();
    let mut extensions = Vec::new();
    for (i, (depth, element)) in lines.iter().enumerate() {
        let Some(name) = element.strip_prefix("prim OBJECT:").filter(|_| *depth > 3) else { continue };
        let mut next = lines[i + 1..]
            .iter()
            .take_while(|(d, _)| d == depth)
            .map(|(_, element)| element.as_str())
            .peekable();
        let flag = next.next_if(|e| e.starts_with("prim BOOLEAN:"));
        if let Some(value) = next.next().and_then(|e| e.strip_prefix("prim OCTET STRING")) {
            extensions.push((name.to_owned(), flag.is_some_and(|f| f != "prim BOOLEAN:0"), value.to_owned()));
        }
    }
    Some(Parts { subject, extensions })
}

/// Of so many certificates one is tried.
const EVERY: usize = 8;

/// The certificates of the collections that are tried, each once.
fn certificates() -> Vec<(String, Vec<u8>, OldKey)> {
    let (roots, inventory) = crate::common::corpora();
    let mut files = Reopener::new(&roots);
    let one = |entry: &certrecall::inventory::CertificateEntry| {
        let certificate = &entry.certificate;
        let der = entry
            .occurrences
            .iter()
            .find_map(|o| files.get(&inventory.files[o.file as usize].place, certificate.sha256));
        let key = &certificate.key;
        let old = OldKey {
            algorithm: key.algorithm.as_str().to_owned(),
            curve: key.curve.map(|c| c.as_str().to_owned()),
            bits: key.bits,
        };
        let place = format!("{} {}", inventory.path(&entry.occurrences[0]), certificate.sha256);
        (place.clone(), der.unwrap_or_else(|| panic!("{place} is not found again")), old)
    };
    let every = std::env::var("CERTRECALL_EVERY").map_or(EVERY, |n| n.parse().unwrap());
    inventory.certificates.iter().step_by(every).map(one).collect()
}

fn wanted(index: usize, certificate: &[u8], old: &OldKey) -> Wanted {
    let rsa = old.algorithm.starts_with("rsa") && !index.is_multiple_of(RSA);
    let planned = ReplacementRecord {
        id: StepId::derive("replace", &[&index.to_be_bytes()]),
        profile: ProfileHash::of(&index.to_be_bytes()),
        name: format!("certificate {index}"),
        subject: "as it was".to_owned(),
        replaces: vec![Fingerprint::of(certificate)],
        mirrors: Fingerprint::of(certificate),
        sources: Vec::new(),
        key_algorithm: old.algorithm.clone(),
        curve: old.curve.clone(),
        key_bits: old.bits,
        waits_for_new_ca: false,
        sort: None,
        reach: None,
        issuer: String::new(),
        operator: None,
        operator_name: None,
        max_days: None,
        directory: None,
    };
    let order = Order { key: if rsa { KeySpec::EcdsaP256 } else { KeySpec::Mirror }, ..Order::default() };
    Wanted { planned, certificate: certificate.to_vec(), next: Next::default(), order }
}

/// What differs without a reason.
fn unexplained(old: &Parts, new: &Parts, made: &Made) -> Vec<String> {
    let reason = |what: &str, actions: &[Action]| {
        made.record
            .changes
            .iter()
            .any(|c| c.what == what && actions.contains(&c.action) && !c.reason.is_empty())
    };
    let mut out = Vec::new();
    if old.subject != new.subject && !reason("subject", &[Action::Changed]) {
        out.push(format!("subject {:?}, was {:?}", new.subject, old.subject));
    }
    for (theirs, ours) in TAKEN_OVER {
        let first = |parts: &Parts| parts.extensions.iter().find(|(name, ..)| name == theirs).cloned();
        let good = match (first(old), first(new)) {
            (None, None) => true,
            (Some(old), Some(new)) if old == new => reason(ours, &[Action::Kept]),
            // What is empty or cannot be decoded is dropped, and a name of the common name may come in its
            // place.
            (Some(_), Some(_)) => {
                reason(ours, &[Action::Changed])
                    || reason(ours, &[Action::Dropped]) && reason(ours, &[Action::Added])
            }
            (Some(_), None) => reason(ours, &[Action::Dropped]),
            (None, Some(_)) => reason(ours, &[Action::Added]),
        };
        if !good {
            out.push(format!("{ours}: {:?}, was {:?}", first(new), first(old)));
        }
    }
    out.extend(
        new.extensions
            .iter()
            .filter(|(name, ..)| TAKEN_OVER.iter().all(|(theirs, _)| name != theirs))
            .map(|e| format!("asks for {e:?}")),
    );
    // Whatever else the old one had is told to be left out.
    let others = old
        .extensions
        .iter()
        .filter(|(name, ..)| TAKEN_OVER.iter().all(|(theirs, _)| name != theirs))
        .count();
    let dropped =
        made.record.changes.iter().filter(|c| c.action == Action::Dropped && !c.reason.is_empty()).count();
    if dropped < others.min(certrecall::limits::EXTENSIONS - TAKEN_OVER.len()) {
        out.push(format!("{dropped} of {others} other extensions are told of"));
    }
    out
}

/// What most have.
const NAMES: &str = "alternative names";

/// What is out of the ordinary about a certificate, and whether its names were compared.
fn oddities(old: &Parts, made: &Made) -> Vec<&'static str> {
    let subject = old.subject.join("\n");
    let has = |part: &str| subject.contains(part);
    let sets = old
        .subject
        .windows(3)
        .any(|w| w[0].contains("cons SET") && w[1].starts_with("4 cons SEQUENCE") && w[2].starts_with("5"));
    let values = old.subject.iter().filter(|l| l.starts_with("4 cons SEQUENCE")).count();
    let rdns = old.subject.iter().filter(|l| l.starts_with("3 cons SET")).count();
    [
        (has("BMPSTRING") || has("UNIVERSALSTRING") || has("T61STRING"), "old string types"),
        (old.subject.is_empty(), "no subject"),
        (sets && values > rdns, "several values at once"),
        (old.extensions.is_empty(), "no extensions"),
        (old.extensions.iter().any(|(name, ..)| name == TAKEN_OVER[0].0), NAMES),
        (
            old.extensions.iter().any(|(name, critical, _)| name == TAKEN_OVER[0].0 && *critical),
            "critical names",
        ),
        (old.extensions.iter().any(|(name, ..)| name == TAKEN_OVER[3].0), "must-staple"),
        (
            old.extensions.iter().any(|(name, ..)| name.starts_with(|c: char| c.is_ascii_digit())),
            "extensions of somebody's own",
        ),
        (made.record.changes.iter().any(|c| c.action == Action::Added), "a name from the common name"),
        (made.record.findings.iter().next().is_some(), "findings"),
    ]
    .into_iter()
    .filter_map(|(is, what)| is.then_some(what))
    .collect()
}

/// The two problems that one certificate can have: OpenSSL says something, or something differs.
fn compared(case: &Path, place: &str, der: &[u8], made: &Made) -> Result<Option<Vec<&'static str>>, String> {
    let request = fs::read(case.join(&made.directory).join("request.pem")).unwrap();
    if let Err(says) = openssl(&["req", "-verify", "-noout"], &request) {
        // A subject that OpenSSL does not read in the certificate either: text that is none, octets in
        // excess.
        let unread = openssl(&["x509", "-inform", "DER", "-noout", "-subject"], der).is_err();
        return if unread { Ok(None) } else { Err(format!("{place}: {says}")) };
    }
    let request =
        openssl(&["req", "-outform", "DER"], &request).map_err(|says| format!("{place}: {says}"))?;
    let Some(old) = parts(der, true) else { return Ok(None) };
    let new = parts(&request, false).ok_or_else(|| format!("{place}: the request is not parsed"))?;
    match unexplained(&old, &new, made) {
        wrong if wrong.is_empty() => Ok(Some(oddities(&old, made))),
        wrong => Err(format!("{place}: {}", wrong.join("; "))),
    }
}

#[test]
#[ignore = "needs the corpora: unpack them to target/corpora"]
fn requests_for_real_certificates_are_what_an_independent_parser_expects() {
    let certificates = certificates();
    assert!(certificates.len() > 300, "{}", certificates.len());
    let case = tempfile::tempdir().unwrap();
    let all: Vec<Wanted> =
        certificates.iter().enumerate().map(|(i, (_, der, old))| wanted(i, der, old)).collect();
    let outcome = make(&all, None, case.path(), &|_| false, 2, &|_| {}).unwrap();
    let refused: Vec<String> = outcome
        .refused
        .iter()
        .map(|r| {
            format!("{}: {}", certificates[all.iter().position(|w| w.planned.id == r.id).unwrap()].0, r.says)
        })
        .collect();
    let by_profile: BTreeMap<ProfileHash, &Made> =
        outcome.made.iter().map(|m| (m.record.profile, m)).collect();
    let jobs: Vec<_> = all
        .iter()
        .zip(&certificates)
        .filter_map(|(w, c)| Some((c, *by_profile.get(&w.planned.profile)?)))
        .collect();
    let compare = |((place, der, _), made): &(&(String, Vec<u8>, OldKey), &Made)| {
        compared(case.path(), place, der, made)
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .chunks(jobs.len().div_ceil(4))
            .map(|jobs| scope.spawn(|| jobs.iter().map(compare).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    let wrong: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{wrong:#?}", wrong.len(), results.len());
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    results.iter().flatten().flatten().flatten().for_each(|what| *odd.entry(what).or_default() += 1);
    let unparsed = results.iter().filter(|r| matches!(r, Ok(None))).count();
    let told = format!(
        "{} certificates, {} refused, {unparsed} not read by OpenSSL, {odd:?}",
        certificates.len(),
        refused.len()
    );
    assert!(unparsed <= UNPARSED && refused.len() <= UNPARSED, "{told} {refused:#?}");
    let ordinary = odd.remove(NAMES).unwrap_or(0);
    assert!(ordinary > 100 && odd.len() >= 8 && odd.values().sum::<usize>() >= 60, "{told}");
}
