//! What public TLS CAs refuse is not asked of them: a request with one name too many is refused whole. Each
//! thing left out is told with its rule.
//!
//! BR are the TLS Baseline Requirements of the CA/Browser Forum, version 2.2.6 of 2026-03-31.

pub(crate) mod address;
pub(crate) mod host;

use super::ca::Ca;
use super::change::{Action, Change};
use super::general_name::{self, DNS, IP};
use super::mirror::Mirror;
use super::spec::NewKind;
use super::subject;
use crate::finding::Code;
use crate::oid;
use crate::pki::der::{self, OID, SEQUENCE, Tlv};
use crate::plan::ca::{Reach, Sort};
use host::Verdict;

/// Organizational units that CAs put in by themselves, not their customers: how these texts begin.
const UNITS_OF_CAS: &[&str] = &[
    "Domain Control Validated",
    "Domain Validated",
    "PositiveSSL",
    "EssentialSSL",
    "InstantSSL",
    "COMODO SSL",
    "See www.",
    "Free SSL",
    "StartCom",
];

/// Kinds of key that public CAs certify for servers: the BR (6.1.5) allow P-521 too, Mozilla does not, and no
/// CA does without it.
pub(crate) const KEY_KINDS: [NewKind; 5] =
    [NewKind::EcdsaP256, NewKind::EcdsaP384, NewKind::Rsa2048, NewKind::Rsa3072, NewKind::Rsa4096];
/// Where that is from.
pub(crate) const KEY_SOURCE: &str = "Mozilla Root Store Policy 5.1, BR 6.1.5";

/// Whether these rules are for requests to this CA.
pub(crate) fn applies(ca: &Ca) -> bool {
    ca.reach == Some(Reach::Public) && ca.sort == Some(Sort::TlsServer)
}

/// Takes out of the request what a public TLS CA refuses. `asked`: names that the owner asks for beyond the
/// old certificate; `subject_given`: the subject is the owner's.
///
/// # Errors
/// A sentence, if nothing is left to ask for, or the owner asks for what is refused.
pub(crate) fn fit(
    mirror: &mut Mirror,
    ca: &Ca,
    asked: &[Vec<u8>],
    subject_given: bool,
) -> Result<(), String> {
    let before = mirror.changes.len();
    fit_names(mirror, asked)?;
    fit_subject(mirror, subject_given)?;
    fit_usages(mirror);
    if ca.operator.as_deref() == Some("lets-encrypt") && remove_wish(mirror, oid::TLS_FEATURE) {
        let why = "Let's Encrypt answers no OCSP since 2025-08-06 and refuses requests with must-staple";
        mirror.replace("tlsFeature", Action::Dropped, why);
    }
    if mirror.changes[before..].iter().any(|c| c.action == Action::Dropped) {
        mirror.codes.insert(Code::NotAtAPublicCa);
    }
    Ok(())
}

/// Names: hosts of the public DNS and public addresses, nothing else (BR 7.1.2.7.12).
fn fit_names(mirror: &mut Mirror, asked: &[Vec<u8>]) -> Result<(), String> {
    let old = mirror.wish(oid::SUBJECT_ALT_NAME).map(|wish| wish.value.clone()).unwrap_or_default();
    let (mut kept, mut changed) = (Vec::new(), false);
    for name in der::first(&old).into_iter().flat_map(|(all, _)| all.reader()) {
        match of_name(name) {
            Verdict::Fine => kept.extend_from_slice(name.raw),
            Verdict::Refused(why) if asked.iter().any(|raw| raw == name.raw) => {
                return Err(format!(
                    "{} is asked for, and no public CA certifies it: {why}",
                    general_name::shown(name)
                ));
            }
            Verdict::Refused(why) => {
                mirror.changes.push(Change::new(
                    &format!("subjectAltName {}", general_name::shown(name)),
                    Action::Dropped,
                    &why,
                ));
                changed = true;
            }
        }
    }
    if kept.is_empty() {
        return Err(
            "nothing is left to ask a public CA for: it has no name that one certifies; use a CA of your own, or give names with --san".into()
        );
    }
    if changed {
        mirror.set_names(der::tlv(SEQUENCE, &kept));
        mirror.replace("subjectAltName", Action::Changed, "without what public CAs refuse");
    }
    Ok(())
}

fn of_name(name: Tlv<'_>) -> Verdict {
    match name.tag {
        DNS => host::judge(name.content),
        IP => match general_name::address(name.content) {
            None => {
                Verdict::Refused("it is no address of 4 or 16 octets (RFC 5280 section 4.2.1.6)".to_owned())
            }
            Some(ip) => address::reserved(ip).map_or(Verdict::Fine, |block| {
                Verdict::Refused(format!("a reserved address: {block} (BR 4.2.2)"))
            }),
        },
        _ => Verdict::Refused(
            "a TLS certificate has DNS names and IP addresses alone (BR 7.1.2.7.12)".to_owned(),
        ),
    }
}

/// The subject: what the CA put there itself, units, and common names that are no name of the certificate go.
fn fit_subject(mirror: &mut Mirror, given: bool) -> Result<(), String> {
    without_root_dot(mirror);
    let names = mirror.plain_names();
    let is_ours = |common: &str| {
        names.iter().any(|n| n.eq_ignore_ascii_case(common))
            || common.parse().is_ok_and(|ip: std::net::IpAddr| names.contains(&ip.to_string()))
    };
    let by_ca =
        !given && (mirror.domain_validated || units(&mirror.subject).iter().any(|unit| is_of_a_ca(unit)));
    let why = |kind: &[u8], text: Option<&str>| match kind {
        oid::COMMON_NAME if text.is_some_and(is_ours) => None,
        oid::COMMON_NAME => Some("it is no name of the certificate (BR 7.1.4.3)"),
        oid::ORGANIZATIONAL_UNIT => {
            Some("units are not certified since 2022-09-01 (BR 7.1.2.7.2 to 7.1.2.7.5)")
        }
        _ if by_ca => Some(
            "the certificate is domain-validated: the CA put it there, and certifies no such thing (BR 7.1.2.7.2)",
        ),
        _ => None,
    };
    let found = subject::attributes(&mirror.subject).unwrap_or_default();
    let gone: Vec<(String, &str)> =
        found.iter().filter_map(|a| Some((a.shown(), why(a.kind, a.text().as_deref())?))).collect();
    let Some((first, reason)) = gone.first() else { return Ok(()) };
    if given {
        return Err(format!("the subject given has {first}: {reason}"));
    }
    let (rest, _) = subject::without(&mirror.subject, |a| why(a.kind, a.text().as_deref()).is_some());
    let rest = rest.into_owned();
    mirror.replace("subject", Action::Changed, "without what public CAs refuse; the rest byte by byte");
    mirror
        .changes
        .extend(gone.iter().map(|(what, why)| Change::new(&format!("subject {what}"), Action::Dropped, why)));
    mirror.set_subject(rest);
    Ok(())
}

/// A common name is a name of the certificate character by character (BR 7.1.4.3), so that it loses the dot
/// of the root as that does.
fn without_root_dot(mirror: &mut Mirror) {
    let names = mirror.plain_names();
    let short = |text: &str| {
        let short = text.strip_suffix('.')?;
        names.iter().any(|n| n.eq_ignore_ascii_case(short)).then(|| short.to_owned())
    };
    let Some((subject, changed)) = subject::with_common_names(&mirror.subject, short) else { return };
    mirror.replace("subject", Action::Changed, "without the dot of the root; the rest byte by byte");
    let why = "the dot of the root at its end may not stand in a certificate (BR 7.1.2.7.12)";
    mirror
        .changes
        .extend(changed.iter().map(|what| Change::new(&format!("subject {what}"), Action::Changed, why)));
    mirror.set_subject(subject);
}

fn units(subject: &[u8]) -> Vec<String> {
    let all = subject::attributes(subject).unwrap_or_default();
    all.into_iter()
        .filter(|a| a.kind == oid::ORGANIZATIONAL_UNIT)
        .filter_map(subject::Attribute::text)
        .collect()
}

/// Whether a unit is one that CAs wrote by themselves; `GT` and digits is a customer's number at GeoTrust and
/// RapidSSL.
fn is_of_a_ca(unit: &str) -> bool {
    let number = unit
        .strip_prefix("GT")
        .is_some_and(|rest| rest.len() >= 5 && rest.bytes().all(|b| b.is_ascii_digit()));
    number
        || UNITS_OF_CAS
            .iter()
            .any(|text| unit.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text)))
}

/// Purposes: those of other kinds of certificate go (BR 7.1.2.7.10).
fn fit_usages(mirror: &mut Mirror) {
    /// codeSigning, emailProtection, timeStamping, OCSPSigning (RFC 5280 section 4.2.1.12): the last arc of
    /// id-kp.
    const OTHER_KINDS: [u8; 4] = [3, 4, 8, 9];
    /// `anyExtendedKeyUsage`, and Google's purpose of precertificate signers.
    const NEVER: [&[u8]; 2] = [oid::ANY_EXT_KEY_USAGE, oid::PRECERTIFICATE_SIGNING];
    let old = mirror.wish(oid::EXT_KEY_USAGE).map(|wish| wish.value.clone()).unwrap_or_default();
    let purposes: Vec<Tlv<'_>> =
        der::first(&old).into_iter().flat_map(|(all, _)| all.reader()).filter(|p| p.tag == OID).collect();
    let last =
        |purpose: &Tlv<'_>| purpose.content.strip_prefix(oid::KEY_PURPOSE).and_then(<[u8]>::first).copied();
    let goes =
        |p: &Tlv<'_>| NEVER.contains(&p.content) || last(p).is_some_and(|arc| OTHER_KINDS.contains(&arc));
    let name = |p: &Tlv<'_>| format!("extendedKeyUsage {}", oid::dotted(p.content).unwrap_or_default());
    for purpose in purposes.iter().filter(|p| goes(p)) {
        mirror.changes.push(Change::new(
            &name(purpose),
            Action::Dropped,
            "not a use of a TLS server certificate (BR 7.1.2.7.10)",
        ));
    }
    if purposes.iter().any(|p| last(p) == Some(2)) {
        let why = "public CAs end clientAuth in 2026, the CA may leave it out: whoever logs in with this certificate needs one of a private CA";
        mirror.changes.push(Change::new("extendedKeyUsage clientAuth", Action::Kept, why));
        mirror.codes.insert(Code::ClientAuthEnds);
    }
    let kept: Vec<u8> = purposes.iter().filter(|p| !goes(p)).flat_map(|p| p.raw.iter().copied()).collect();
    if purposes.iter().any(goes) {
        if kept.is_empty() {
            remove_wish(mirror, oid::EXT_KEY_USAGE);
        } else if let Some(wish) = mirror.wish_mut(oid::EXT_KEY_USAGE) {
            wish.value = der::tlv(SEQUENCE, &kept);
        }
        mirror.replace("extendedKeyUsage", Action::Changed, "without what public CAs refuse");
    }
}

fn remove_wish(mirror: &mut Mirror, oid: &'static [u8]) -> bool {
    let before = mirror.wishes.len();
    mirror.wishes.retain(|wish| wish.oid != oid);
    mirror.wishes.len() < before
}
