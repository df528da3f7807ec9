//! Which certificate is for which replacement, by its key; and which of several counts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use super::bundle;
use super::chain::Authorities;
use super::check::{Check, Severity};
use super::checks::{Asked, Checked, Rules, check};
use super::facts::Facts;
use super::gather::{Gathered, Met};
use super::judgement::{Accepted, Candidate, Judged, Judgement, State, Stranger};
use super::names;
use super::record::Issued;
use super::revoked::Lists;
use crate::id::{Fingerprint, NameId, SpkiHash, StepId};
use crate::pki::show;
use crate::rekey::key::unpem;
use crate::rekey::{Made, REQUEST};
use crate::time::Time;

/// A replacement that a certificate may come for.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its step.
    pub id: StepId,
    /// The name people know it by.
    pub name: String,
    /// Its key and request, once they are made.
    pub made: Option<Made>,
    /// Whether the plan still asks for it.
    pub planned: bool,
    /// Whether somebody decided against it.
    pub waived: bool,
    /// Whether a public CA issued the old certificate.
    pub of_public: bool,
}

/// What is judged.
pub struct Inputs<'a> {
    /// The case.
    pub case_dir: &'a Path,
    /// Every replacement of the case.
    pub expected: &'a [Expected],
    /// What came back.
    pub issued: &'a Gathered,
    /// Certificates that may stand between.
    pub chain: &'a Gathered,
    /// Roots that the user vouches for.
    pub roots: &'a Gathered,
    /// Revocation lists.
    pub lists: &'a Gathered,
    /// The CA certificates of the inventory with this subject, RFC 4514.
    pub inventory: &'a dyn Fn(&str) -> Vec<Met>,
    /// Whether the inventory has a certificate.
    pub is_old: &'a dyn Fn(&Fingerprint) -> bool,
    /// Mozilla's roots, DER.
    pub public: &'a [&'a [u8]],
    /// How many threads.
    pub threads: usize,
}

/// Matches and checks everything that came.
#[must_use]
pub fn judge(inputs: &Inputs<'_>, rules: &Rules<'_>) -> Judged {
    let by_key: HashMap<SpkiHash, usize> =
        inputs.expected.iter().enumerate().filter_map(|(i, e)| e.made.as_ref().map(|m| (m.record.spki_sha256, i))).collect();
    let ours = |met: &Met| met.certificate.key.spki.and_then(|key| by_key.get(&key).copied());
    let issuers: HashSet<NameId> =
        inputs.issued.certificates.iter().filter(|m| !m.certificate.is_self_signed).map(|m| m.certificate.issuer_id).collect();
    let (mut candidates, mut above, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
    for met in &inputs.issued.certificates {
        match ours(met) {
            Some(at) => candidates.push((at, met)),
            None if met.certificate.is_ca || issuers.contains(&met.certificate.subject_id) => above.push(met),
            None => strangers.push(stranger(met, inputs, rules)),
        }
    }
    let before: HashMap<usize, Result<bundle::Current, &'static str>> = (0..inputs.expected.len())
        .filter_map(|i| Some((i, bundle::current(&inputs.case_dir.join(&inputs.expected[i].made.as_ref()?.directory))?)))
        .collect();
    let authorities = authorities(inputs, &candidates, &above, before.values().filter_map(|b| b.as_ref().ok()));
    let serials = candidates.iter().map(|(_, m)| *m).chain(authorities.all()).map(|m| m.certificate.serial.content());
    let lists = Lists::read(inputs.issued.lists.iter().chain(&inputs.lists.lists), serials);
    let checked = check_all(&candidates, inputs, &authorities, &lists, rules);
    let used: BTreeSet<Fingerprint> =
        checked.iter().filter_map(|c| c.path.as_ref()).flat_map(|p| &p.above).map(|at| authorities.link(*at).met.certificate.sha256).collect();
    strangers.extend(above.iter().filter(|m| !used.contains(&m.certificate.sha256)).map(|met| unused(met)));
    let mut of_each: Vec<Vec<(&Met, Checked)>> = inputs.expected.iter().map(|_| Vec::new()).collect();
    candidates.iter().zip(checked).for_each(|((at, met), checked)| of_each[*at].push((met, checked)));
    let one = |(i, came): (usize, Vec<(&Met, Checked)>)| decide(&inputs.expected[i], came, before.get(&i), &authorities, rules);
    Judged { replacements: of_each.into_iter().enumerate().map(one).collect(), strangers }
}

/// Everything that may stand above a certificate, with who vouches for it.
fn authorities<'a>(
    inputs: &Inputs<'_>,
    candidates: &[(usize, &Met)],
    above: &[&Met],
    before: impl Iterator<Item = &'a bundle::Current>,
) -> Authorities {
    use super::chain::Root;
    let mut all = Authorities::default();
    inputs.public.iter().for_each(|der| all.add_public(der));
    inputs.roots.certificates.iter().for_each(|met| all.add(met, Some(Root::Given)));
    above.iter().for_each(|met| all.add(met, None));
    inputs.chain.certificates.iter().for_each(|met| all.add(met, None));
    before.flat_map(|b| &b.chain).for_each(|met| all.add(met, None));
    // What was scanned may hold the certificates between, and the root of a private CA.
    let mut asked: HashSet<String> = HashSet::new();
    let mut names: Vec<String> = candidates.iter().map(|(_, m)| m).chain(above).map(|m| m.certificate.issuer.to_string()).collect();
    names.extend(inputs.chain.certificates.iter().map(|m| m.certificate.issuer.to_string()));
    while let Some(name) = names.pop() {
        if !asked.insert(name.clone()) {
            continue;
        }
        for met in (inputs.inventory)(&name) {
            names.push(met.certificate.issuer.to_string());
            all.add(&met, met.certificate.is_self_signed.then_some(Root::Inventory));
        }
    }
    all
}

fn check_all(candidates: &[(usize, &Met)], inputs: &Inputs<'_>, all: &Authorities, lists: &Lists<'_>, rules: &Rules<'_>) -> Vec<Checked> {
    let one = |(at, met): &(usize, &Met)| check(met, &asked(inputs.case_dir, &inputs.expected[*at]), all, lists, rules);
    let share = candidates.len().div_ceil(inputs.threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = candidates.chunks(share).map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Vec<_>>())).collect();
        // A worker ends by panic only if this module is wrong; the panic goes on here.
        workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// What the request of a replacement asks for. It was read and verified with the other files of the replacement.
fn asked(case_dir: &Path, expected: &Expected) -> Asked {
    let path = expected.made.as_ref().map(|m| case_dir.join(&m.directory).join(REQUEST));
    let request = path.and_then(|p| fs::read(p).ok()).and_then(|text| unpem("CERTIFICATE REQUEST", &text)).unwrap_or_default();
    Asked { of_public: expected.of_public, facts: Facts::of_request(&request), subject: names::subject_of(&request).unwrap_or_default().to_vec() }
}

/// Which of the certificates that came for a replacement counts.
fn decide(
    expected: &Expected,
    mut came: Vec<(&Met, Checked)>,
    before: Option<&Result<bundle::Current, &'static str>>,
    all: &Authorities,
    rules: &Rules<'_>,
) -> Judgement {
    // The newest first.
    came.sort_by_key(|(met, _)| std::cmp::Reverse(age(met)));
    let acceptable = |checked: &Checked| checked.path.is_some() && checked.found.iter().all(|f| f.severity != Severity::Refused);
    let newest = came.iter().position(|(_, checked)| acceptable(checked));
    let current = before.and_then(|b| b.as_ref().ok());
    let mut out = Judgement {
        id: expected.id,
        name: expected.name.clone(),
        directory: expected.made.as_ref().map(|m| m.directory.clone()),
        state: State::Missing,
        sha256: current.map(|c| c.issued.sha256),
        not_after: current.and_then(|c| c.issued.not_after),
        says: String::new(),
        certificates: Vec::new(),
        accepted: None,
    };
    let until = |end: Option<Time>| end.map_or_else(|| "an unknown day".to_owned(), Time::day);
    let others = |n: usize| if n > 1 { format!("; {} older of {n} that came are left aside", n - 1) } else { String::new() };
    (out.state, out.says) = match (newest, current, &expected.made) {
        (Some(at), Some(current), _) if came[at].0.certificate.sha256 == current.issued.sha256 || age(came[at].0) < age(&current.certificate) => {
            let same = came[at].0.certificate.sha256 == current.issued.sha256;
            let what = if same { "it is in place already" } else { "a newer one is in place already" };
            (State::Complete, format!("{what}, valid until {}", until(current.issued.not_after)))
        }
        (Some(at), _, Some(made)) => {
            let (met, checked) = &came[at];
            let accepted = accepted(made, met, checked, all, rules);
            out.sha256 = Some(met.certificate.sha256);
            out.not_after = met.certificate.not_after;
            let says = format!("valid until {}, issued by {}{}", until(out.not_after), show(&met.certificate.issuer), others(came.len()));
            out.accepted = accepted;
            (State::Accepted, says)
        }
        (_, Some(current), _) if !came.is_empty() => {
            (State::Refused, format!("{}; the one in place stays, valid until {}", first_reason(&came), until(current.issued.not_after)))
        }
        (_, None, _) if !came.is_empty() => (State::Refused, first_reason(&came)),
        (_, Some(current), _) => (State::Complete, format!("it came before, valid until {}", until(current.issued.not_after))),
        (_, None, None) if !expected.waived => {
            (State::NotMade, "it has no key and request, or damaged ones; `certrecall rekey` makes them".to_owned())
        }
        (_, None, _) if expected.waived => (State::Waived, "somebody decided against it".to_owned()),
        (_, None, _) if !expected.planned => (State::Waived, "the plan does not ask for it any more".to_owned()),
        (_, None, _) => (State::Missing, "no certificate for its key came".to_owned()),
    };
    if let Some(Err(says)) = before {
        out.says = format!("{}; its bundle is damaged: {says}", out.says);
    }
    let candidate = |(met, checked): (&Met, Checked)| Candidate {
        sha256: met.certificate.sha256,
        place: met.place.clone(),
        acceptable: acceptable(&checked),
        findings: checked.found,
    };
    out.certificates = came.into_iter().map(candidate).collect();
    out
}

/// What a newer certificate has more of.
fn age(met: &Met) -> (Option<Time>, Option<Time>, Fingerprint) {
    (met.certificate.not_before, met.certificate.not_after, met.certificate.sha256)
}

fn first_reason(came: &[(&Met, Checked)]) -> String {
    let refused = came.iter().flat_map(|(_, c)| &c.found).filter(|f| f.severity == Severity::Refused).map(|f| f.says.as_str());
    let all: Vec<&str> = refused.collect();
    let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
    format!("{}{more}", all.first().unwrap_or(&"it cannot be taken"))
}

fn accepted(made: &Made, met: &Met, checked: &Checked, all: &Authorities, rules: &Rules<'_>) -> Option<Accepted> {
    let path = checked.path.as_ref()?;
    let links: Vec<&Met> = path.above.iter().map(|at| &all.link(*at).met).collect();
    let top = links.last().copied().unwrap_or(met);
    // A root is never sent along: who trusts it has it (RFC 8446 section 4.4.2).
    let chain: Vec<Met> = links.iter().filter(|m| !m.certificate.is_self_signed).map(|m| (*m).clone()).collect();
    let facts = Facts::of_certificate(&met.der);
    let issued = Issued::of(met, &facts.names, &chain, (top, path.root), &made.record, &checked.found, &rules.waivers.reason);
    Some(Accepted { made: made.clone(), certificate: met.clone(), chain, issued })
}

/// An end-entity certificate on a key that is not of a replacement.
fn stranger(met: &Met, inputs: &Inputs<'_>, rules: &Rules<'_>) -> Stranger {
    let certificate = &met.certificate;
    let key = certificate.key.spki;
    let name = show(&certificate.display_name());
    let in_any_form = |list: &HashSet<SpkiHash>| key.into_iter().chain(certificate.key.spki_raw).any(|k| list.contains(&k));
    let (check, says, ask) = if (inputs.is_old)(&certificate.sha256) {
        (Check::OldCertificate, format!("{name}: this is one of the old certificates, not a new one"), "send the CA the new request, request.pem")
    } else if in_any_form(rules.exposed) || in_any_form(rules.suspected) {
        let says = format!("{name}: the CA certified the old key again, which is exposed: the certificate is as compromised as the one it replaces");
        (Check::OldKey, says, "ask the CA for a certificate for the new request, request.pem, and to revoke this one")
    } else if in_any_form(rules.inventory) {
        let says = format!("{name}: its key was in the inventory before and is of no replacement");
        (Check::OldKey, says, "send the CA the new request, request.pem")
    } else {
        let says = format!("{name}: its key is of no replacement of this case");
        (Check::UnknownKey, says, "ask the CA whose request this answers; if it is of another case, give it there")
    };
    Stranger { sha256: certificate.sha256, place: met.place.clone(), refused: true, check: Some(check), says, ask }
}

/// A CA certificate that is in no chain that was found.
fn unused(met: &Met) -> Stranger {
    let says = format!("{}: a CA certificate that is in no chain here; left aside", show(&met.certificate.subject));
    Stranger { sha256: met.certificate.sha256, place: met.place.clone(), refused: false, check: None, says, ask: "" }
}
