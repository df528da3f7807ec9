//! Which of the certificates that came for a replacement counts.

use std::collections::BTreeSet;

use super::chain::Authorities;
use super::check::{Found, Severity};
use super::checks::{Checked, Rules};
use super::current::Current;
use super::facts::Facts;
use super::gather::Met;
use super::judgement::{Accepted, Candidate, Judgement, State};
use super::model::Expected;
use super::pem::ISSUED;
use super::record::Issued;
use crate::pki::show;
use crate::rekey::Made;
use crate::time::{DAY, Time};

/// The bundle in place.
pub(super) struct InPlace<'a> {
    current: &'a Current,
    /// Why it does not hold any more, the first reason.
    fails: Option<String>,
    found: Vec<Found>,
    waived: String,
}

impl<'a> InPlace<'a> {
    pub(super) fn new(current: &'a Current, checked: Option<Checked>, rules: &Rules<'_>) -> Self {
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
pub(super) fn decide(
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
    let bundle = format!("{}/{}", directory.unwrap_or_default(), ISSUED);
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
