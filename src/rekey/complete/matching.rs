//! Which certificate is for which replacement, by its key; and which of several counts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::bundle;
use super::chain::Authorities;
use super::check::{Check, Found, Severity};
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
use crate::time::{DAY, Time};

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
    /// Keys of damaged replacements, with where and why.
    pub damaged: &'a HashMap<SpkiHash, String>,
    /// Mozilla's roots, DER.
    pub public: &'a [&'a [u8]],
    /// How many threads.
    pub threads: usize,
}

/// Matches and checks everything that came.
#[must_use]
pub fn judge(inputs: &Inputs<'_>, rules: &Rules<'_>) -> Judged {
    let by_key: HashMap<SpkiHash, usize> = inputs
        .expected
        .iter()
        .enumerate()
        .filter_map(|(i, e)| e.made.as_ref().map(|m| (m.record.spki_sha256, i)))
        .collect();
    let ours = |met: &Met| met.certificate.key.spki.and_then(|key| by_key.get(&key).copied());
    let issuers: HashSet<NameId> = inputs
        .issued
        .certificates
        .iter()
        .filter(|m| !m.certificate.is_self_signed)
        .map(|m| m.certificate.issuer.id)
        .collect();
    let (mut candidates, mut above, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
    for met in &inputs.issued.certificates {
        match ours(met) {
            Some(at) => candidates.push((at, met)),
            None if met.certificate.is_ca || issuers.contains(&met.certificate.subject_id) => above.push(met),
            None => strangers.push(stranger(met, inputs, rules)),
        }
    }
    let before: HashMap<usize, Result<bundle::Current, &'static str>> = (0..inputs.expected.len())
        .filter_map(|i| {
            Some((i, bundle::current(&inputs.case_dir.join(&inputs.expected[i].made.as_ref()?.directory))?))
        })
        .collect();
    let mut in_place: Vec<(usize, &bundle::Current)> =
        before.iter().filter_map(|(i, b)| Some((*i, b.as_ref().ok()?))).collect();
    in_place.sort_unstable_by_key(|(i, _)| *i);
    let authorities = authorities(inputs, &candidates, &above, &in_place);
    let own = candidates.iter().map(|(_, m)| *m).chain(in_place.iter().map(|(_, b)| &b.certificate));
    let serials = own.chain(authorities.all()).map(|m| m.certificate.serial.content());
    let lists = Lists::read(inputs.issued.lists.iter().chain(&inputs.lists.lists), serials);
    let jobs: Vec<Job<'_>> = candidates.iter().map(|(at, met)| (*at, *met, None)).collect();
    let checked = check_all(&jobs, inputs, &authorities, &lists, rules);
    // What is in place is looked at again each time: since then it may have expired or been revoked.
    let jobs: Vec<Job<'_>> = in_place.iter().map(|(at, b)| (*at, &b.certificate, Some(&b.issued))).collect();
    let kept = check_all(&jobs, inputs, &authorities, &lists, rules);
    let used: BTreeSet<Fingerprint> = checked
        .iter()
        .chain(&kept)
        .filter_map(|c| c.path.as_ref())
        .flat_map(|p| &p.above)
        .map(|at| authorities.link(*at).met.certificate.sha256)
        .collect();
    strangers.extend(above.iter().filter(|m| !used.contains(&m.certificate.sha256)).map(|met| unused(met)));
    let mut of_each: Vec<Vec<(&Met, Checked)>> = inputs.expected.iter().map(|_| Vec::new()).collect();
    candidates.iter().zip(checked).for_each(|((at, met), checked)| of_each[*at].push((met, checked)));
    let mut kept: HashMap<usize, Checked> = in_place.iter().map(|(i, _)| *i).zip(kept).collect();
    let one = |(i, came): (usize, Vec<(&Met, Checked)>)| {
        let place = before.get(&i).map(|b| {
            b.as_ref().map_err(|says| *says).map(|current| InPlace::new(current, kept.remove(&i), rules))
        });
        decide(&inputs.expected[i], came, place, &authorities, rules)
    };
    Judged { replacements: of_each.into_iter().enumerate().map(one).collect(), strangers }
}

/// A certificate to be checked: for which replacement, and with the record of its bundle if it lies in one.
type Job<'a> = (usize, &'a Met, Option<&'a Issued>);

/// Everything that may stand above a certificate, with who vouches for it.
fn authorities(
    inputs: &Inputs<'_>,
    candidates: &[(usize, &Met)],
    above: &[&Met],
    in_place: &[(usize, &bundle::Current)],
) -> Authorities {
    use super::chain::Root;
    let mut all = Authorities::default();
    inputs.public.iter().for_each(|der| all.add_public(der));
    inputs.roots.certificates.iter().for_each(|met| all.add(met, Some(Root::Given)));
    above.iter().for_each(|met| all.add(met, None));
    inputs.chain.certificates.iter().for_each(|met| all.add(met, None));
    let kept = || in_place.iter().flat_map(|(_, b)| std::iter::once(&b.certificate).chain(&b.chain));
    in_place.iter().flat_map(|(_, b)| &b.chain).for_each(|met| all.add(met, None));
    // What was scanned may hold the certificates between, and the root of a private CA.
    let mut asked: HashSet<String> = HashSet::new();
    let mut names: Vec<String> = candidates
        .iter()
        .map(|(_, m)| m)
        .chain(above)
        .map(|m| m.certificate.issuer.name.to_string())
        .collect();
    names.extend(
        inputs.chain.certificates.iter().chain(kept()).map(|m| m.certificate.issuer.name.to_string()),
    );
    while let Some(name) = names.pop() {
        if !asked.insert(name.clone()) {
            continue;
        }
        for met in (inputs.inventory)(&name) {
            names.push(met.certificate.issuer.name.to_string());
            all.add(&met, met.certificate.is_self_signed.then_some(Root::Inventory));
        }
    }
    all
}

fn check_all(
    jobs: &[Job<'_>],
    inputs: &Inputs<'_>,
    all: &Authorities,
    lists: &Lists<'_>,
    rules: &Rules<'_>,
) -> Vec<Checked> {
    let one = |(at, met, kept): &Job<'_>| {
        check(met, &asked(inputs.case_dir, &inputs.expected[*at]), all, lists, rules, *kept)
    };
    let share = jobs.len().div_ceil(inputs.threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = jobs
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Vec<_>>()))
            .collect();
        // A worker ends by panic only if this module is wrong; the panic goes on here.
        workers
            .into_iter()
            .flat_map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// What the request of a replacement asks for. It was read and verified with the other files of the
/// replacement.
fn asked(case_dir: &Path, expected: &Expected) -> Asked {
    let path = expected.made.as_ref().map(|m| case_dir.join(&m.directory).join(REQUEST));
    let request = path
        .and_then(|p| bundle::read_regular(&p).ok())
        .and_then(|text| unpem("CERTIFICATE REQUEST", &text))
        .unwrap_or_default();
    Asked {
        of_public: expected.of_public,
        facts: Facts::of_request(&request),
        subject: names::subject_of(&request).unwrap_or_default().to_vec(),
    }
}

/// The bundle in place.
struct InPlace<'a> {
    current: &'a bundle::Current,
    /// Why it does not hold any more, the first reason.
    fails: Option<String>,
    found: Vec<Found>,
    waived: String,
}

impl<'a> InPlace<'a> {
    fn new(current: &'a bundle::Current, checked: Option<Checked>, rules: &Rules<'_>) -> Self {
        let fails = checked.as_ref().filter(|c| !c.is_acceptable()).map(|c| first_reason(&c.found));
        let found = checked.map_or_else(Vec::new, |c| c.found);
        let earlier =
            found.iter().filter(|f| f.severity == Severity::Waived).all(|f| current.issued.waives(f));
        let reason = if earlier { &current.issued.reason } else { &rules.waivers.reason };
        Self {
            current,
            fails,
            waived: waived(
                found.iter().filter(|f| f.severity == Severity::Waived).map(|f| f.check.as_str()),
                reason,
            ),
            found,
        }
    }

    fn until(&self) -> String {
        until(self.current.issued.not_after)
    }
}

/// The checks that somebody accepts, and why.
fn waived<'a>(checks: impl Iterator<Item = &'a str>, reason: &str) -> String {
    let names: BTreeSet<&str> = checks.collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{}: {}", names.into_iter().collect::<Vec<_>>().join(", "), show(reason))
    }
}

fn until(end: Option<Time>) -> String {
    end.map_or_else(|| "an unknown day".to_owned(), Time::day)
}

/// Which of the certificates that came for a replacement counts.
fn decide(
    expected: &Expected,
    mut came: Vec<(&Met, Checked)>,
    place: Option<Result<InPlace<'_>, &'static str>>,
    all: &Authorities,
    rules: &Rules<'_>,
) -> Judgement {
    let (place, damage) = match place {
        Some(Ok(place)) => (Some(place), None),
        Some(Err(says)) => (None, Some(says)),
        None => (None, None),
    };
    let is_current =
        |met: &Met| place.as_ref().is_some_and(|p| p.current.issued.sha256 == met.certificate.sha256);
    // The newest first; of equal ones the one in place, then the one that came last.
    came.reverse();
    came.sort_by_key(|(met, _)| (std::cmp::Reverse(age(met)), !is_current(met)));
    let newest = came.iter().position(|(_, checked)| checked.is_acceptable());
    let holds = place.as_ref().filter(|p| p.fails.is_none());
    let mut out = Judgement {
        id: expected.id,
        name: expected.name.clone(),
        directory: expected.made.as_ref().map(|m| m.directory.clone()),
        state: State::Missing,
        sha256: place.as_ref().map(|p| p.current.issued.sha256),
        not_after: place.as_ref().and_then(|p| p.current.issued.not_after),
        says: String::new(),
        warns: String::new(),
        waived: holds.map(|p| p.waived.clone()).unwrap_or_default(),
        in_place: Vec::new(),
        certificates: Vec::new(),
        accepted: None,
    };
    (out.state, out.says) = match (newest, holds, &expected.made) {
        (Some(at), Some(place), _) if is_current(came[at].0) => {
            (State::Complete, format!("it is in place already, valid until {}", place.until()))
        }
        (Some(at), Some(place), _) if is_older(came[at].0, &place.current.certificate) => {
            out.warns = older(came[at].0, &place.current.certificate, out.directory.as_deref());
            (State::Complete, format!("a newer one is in place already, valid until {}", place.until()))
        }
        (Some(at), _, Some(made)) => {
            let (met, checked) = &came[at];
            out.accepted = accepted(made, met, checked, all, rules);
            let findings = checked.found.iter().filter(|f| f.severity == Severity::Waived);
            out.waived = waived(findings.map(|f| f.check.as_str()), &rules.waivers.reason);
            (out.sha256, out.not_after) = (Some(met.certificate.sha256), met.certificate.not_after);
            let others = if came.len() > 1 {
                format!("; of {} that came it is the newest that can be taken", came.len())
            } else {
                String::new()
            };
            (
                State::Accepted,
                format!(
                    "valid until {}, issued by {}{others}",
                    until(out.not_after),
                    show(&met.certificate.issuer.name)
                ),
            )
        }
        (_, Some(place), _) if !came.is_empty() => (
            State::Refused,
            format!("{}; the one in place stays, valid until {}", first_reason_of(&came), place.until()),
        ),
        (_, Some(place), _) => (State::Complete, format!("it came before, valid until {}", place.until())),
        _ => without(expected, &came, place.as_ref().and_then(|p| p.fails.as_deref())),
    };
    if let (State::Reopened, Some(place)) = (out.state, place) {
        out.in_place = place.found;
    }
    if let Some(says) = damage {
        out.says = format!("{}; its bundle is damaged: {says}", out.says);
    }
    let candidate = |(met, checked): (&Met, Checked)| Candidate {
        sha256: met.certificate.sha256,
        place: met.place.clone(),
        acceptable: checked.is_acceptable(),
        findings: checked.found,
    };
    out.certificates = came.into_iter().map(candidate).collect();
    out
}

/// Where a replacement stands for which nothing good came, and that has nothing good in place; `fails`: why
/// what is in place is not.
fn without(expected: &Expected, came: &[(&Met, Checked)], fails: Option<&str>) -> (State, String) {
    match fails {
        Some(why) if expected.planned && !expected.waived => {
            let came = if came.is_empty() {
                String::new()
            } else {
                format!("; what came is refused: {}", first_reason_of(came))
            };
            (State::Reopened, format!("the one in place does not hold any more: {why}{came}"))
        }
        _ if !came.is_empty() => (State::Refused, first_reason_of(came)),
        _ if expected.made.is_none() && !expected.waived => (
            State::NotMade,
            "it has no key and request, or damaged ones; `certrecall rekey` makes them".to_owned(),
        ),
        _ if expected.waived => (State::Waived, "somebody decided against it".to_owned()),
        _ if !expected.planned => (State::Waived, "the plan does not ask for it any more".to_owned()),
        _ => (State::Missing, "no certificate for its key came".to_owned()),
    }
}

/// CAs date back, and issue again with the dates of before: what is not older than this is taken as the newer
/// word.
const SAME_AGE: i64 = 2 * DAY;

/// Whether a certificate is clearly older than the one in place.
fn is_older(came: &Met, current: &Met) -> bool {
    came.certificate
        .not_before
        .zip(current.certificate.not_before)
        .is_some_and(|(came, current)| came.plus(SAME_AGE) < current)
}

fn older(came: &Met, current: &Met, directory: Option<&str>) -> String {
    let day = |met: &Met| met.certificate.not_before.map_or_else(|| "an unknown day".to_owned(), Time::day);
    let bundle = format!("{}/{}", directory.unwrap_or_default(), bundle::ISSUED);
    format!(
        "the certificate {} in {} is valid from {} and the one in place from {}: it changes nothing. To take it all the same, move {bundle} out of the case and run this again",
        came.certificate.sha256,
        came.place,
        day(came),
        day(current)
    )
}

/// What a newer certificate has more of.
fn age(met: &Met) -> (Option<Time>, Option<Time>) {
    (met.certificate.not_before, met.certificate.not_after)
}

fn first_reason(found: &[Found]) -> String {
    let all: Vec<&str> =
        found.iter().filter(|f| f.severity == Severity::Refused).map(|f| f.says.as_str()).collect();
    let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
    format!("{}{more}", all.first().unwrap_or(&"it cannot be taken"))
}

fn first_reason_of(came: &[(&Met, Checked)]) -> String {
    first_reason(&came.iter().flat_map(|(_, c)| c.found.iter().cloned()).collect::<Vec<_>>())
}

fn accepted(
    made: &Made,
    met: &Met,
    checked: &Checked,
    all: &Authorities,
    rules: &Rules<'_>,
) -> Option<Accepted> {
    let path = checked.path.as_ref()?;
    let links: Vec<&Met> = path.above.iter().map(|at| &all.link(*at).met).collect();
    let top = links.last().copied().unwrap_or(met);
    // A root is never sent along: who trusts it has it (RFC 8446 section 4.4.2).
    let chain: Vec<Met> =
        links.iter().filter(|m| !m.certificate.is_self_signed).map(|m| (*m).clone()).collect();
    let facts = Facts::of_certificate(&met.der);
    let issued = Issued::of(
        met,
        &facts.names,
        &chain,
        (top, path.root),
        &made.record,
        &checked.found,
        &rules.waivers.reason,
    );
    Some(Accepted { made: made.clone(), certificate: met.clone(), chain, issued })
}

/// An end-entity certificate on a key that is not of a replacement.
fn stranger(met: &Met, inputs: &Inputs<'_>, rules: &Rules<'_>) -> Stranger {
    let certificate = &met.certificate;
    let key = certificate.key.spki;
    let name = show(&certificate.display_name());
    let in_any_form =
        |list: &HashSet<SpkiHash>| key.into_iter().chain(certificate.key.spki_raw).any(|k| list.contains(&k));
    let damage = key.and_then(|key| inputs.damaged.get(&key));
    let (check, says, ask) = if let Some(damage) = damage {
        let says = format!("{name}: it answers a request of this case, which is damaged: {damage}");
        let ask = "nothing is wrong with the certificate: put the files back as they were made, and run this again; without its key it is of no use, then move the directory out of the case and run `certrecall rekey`";
        (Check::DamagedCase, says, ask)
    } else if (inputs.is_old)(&certificate.sha256) {
        (
            Check::OldCertificate,
            format!("{name}: this is one of the old certificates, not a new one"),
            "send the CA the new request, request.pem",
        )
    } else if in_any_form(rules.exposed) || in_any_form(rules.suspected) {
        let says = format!(
            "{name}: the CA certified the old key again, which is exposed: the certificate is as compromised as the one it replaces"
        );
        (
            Check::OldKey,
            says,
            "ask the CA for a certificate for the new request, request.pem, and to revoke this one",
        )
    } else if in_any_form(rules.inventory) {
        let says = format!("{name}: its key was in the inventory before and is of no replacement");
        (Check::OldKey, says, "send the CA the new request, request.pem")
    } else {
        let says = format!("{name}: its key is of no replacement of this case");
        (
            Check::UnknownKey,
            says,
            "ask the CA whose request this answers; if it is of another case, give it there",
        )
    };
    Stranger {
        sha256: certificate.sha256,
        place: met.place.clone(),
        refused: true,
        check: Some(check),
        says,
        ask,
    }
}

/// A CA certificate that is in no chain that was found.
fn unused(met: &Met) -> Stranger {
    let says =
        format!("{}: a CA certificate that is in no chain here; left aside", show(&met.certificate.subject));
    Stranger {
        sha256: met.certificate.sha256,
        place: met.place.clone(),
        refused: false,
        check: None,
        says,
        ask: "",
    }
}
