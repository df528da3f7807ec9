//! Which certificate is for which replacement, by its key.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::chain::Authorities;
use super::checks::{Asked, Checked, Rules, check};
use super::current::{self, Current};
use super::decision::{InPlace, decide};
use super::facts::Facts;
use super::gather::Met;
use super::judgement::Judged;
use super::model::{Expected, Inputs};
use super::names;
use super::record::{Issued, Root};
use super::revoked::Lists;
use super::strangers::{stranger, unused};
use crate::id::{Fingerprint, NameId, SpkiHash};
use crate::rekey::REQUEST;
use crate::rekey::key::unpem;

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
    let before: HashMap<usize, Result<Current, &'static str>> = (0..inputs.expected.len())
        .filter_map(|i| {
            Some((i, current::current(&inputs.case_dir.join(&inputs.expected[i].made.as_ref()?.directory))?))
        })
        .collect();
    let mut in_place: Vec<(usize, &Current)> =
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
    in_place: &[(usize, &Current)],
) -> Authorities {
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
        .and_then(|p| current::read_regular(&p).ok())
        .and_then(|text| unpem("CERTIFICATE REQUEST", &text))
        .unwrap_or_default();
    Asked {
        of_public: expected.of_public,
        facts: Facts::of_request(&request),
        subject: names::subject_of(&request).unwrap_or_default().to_vec(),
    }
}
