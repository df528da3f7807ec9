//! Floor 5: verdicts to an ordered plan. Pure.
//!
//! Steps are grouped by key and, where a CA has to act, by its operator, because revoking by proof of the
//! leaked key revokes all certificates on it that the CA knows of: no revocation is due before each member of
//! its group has a replacement in place and the owner has looked for others. What is only presumed or
//! undetermined is replaced like the exposed, but revoked only after its owner decided.

pub mod authority;
pub mod ca;
pub mod ct;
mod group;
mod inspect;
mod issuance;
mod model;
pub mod progress;
mod record;
pub mod risk;
pub mod selection;
pub mod step;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

use group::Group;

use crate::assess::{Assessment, Kind, Verdict};
use crate::id::{Fingerprint, ProfileHash, StepId};
use crate::inventory::Inventory;
use crate::parallel::{self, Ahead};

pub use authority::Authorities;
pub use issuance::{Authority, Issuance};
pub use model::{Given, Plan, Replacement};
pub use progress::{Mark, Word};
pub use record::{ReplacementRecord, SourceRecord};
pub use risk::Risk;
pub use selection::Selection;
pub use step::{Status, Step, StepKind};

impl Plan {
    /// Makes the plan.
    #[must_use]
    pub fn construct(inventory: &Inventory, assessment: &Assessment, given: &Given<'_>) -> Self {
        let threads = given.threads;
        let (((replacements, replacement_of), below), (authorities, voiding)) = parallel::join(
            threads,
            || (replacements(inventory, assessment), below(inventory, assessment)),
            || {
                (
                    Authorities::identify(inventory, assessment, given.cas, given.ccadb, given.chains),
                    voiding(assessment),
                )
            },
        );
        let mut plan = Self {
            steps: Vec::new(),
            replacements,
            steps_of_key: Vec::new(),
            replacement_of,
            order: order(inventory, assessment, &voiding, given),
            authorities,
            elsewhere: ct::Elsewhere::new(),
            voiding,
            below,
        };
        (plan.steps, plan.steps_of_key) = plan.groups(inventory, assessment, given);
        plan.inspect(inventory, assessment, given);
        plan
    }

    /// The steps of all keys in their order, and for each key of the inventory those that are its own.
    fn groups(
        &self,
        inventory: &Inventory,
        assessment: &Assessment,
        given: &Given<'_>,
    ) -> (Vec<Step>, Vec<Vec<StepId>>) {
        let (mut steps, mut of_key) = (Vec::new(), vec![Vec::new(); inventory.keys.len()]);
        let mut known: hashbrown::HashSet<StepId> = hashbrown::HashSet::new();
        let shares: Vec<&[u32]> = self.order.chunks(SHARE).collect();
        // Steps in one piece of memory, not one for each key: what another thread has to give back makes
        // threads wait for each other.
        let share = |number: usize| -> (Vec<(u32, Vec<StepId>)>, Vec<Step>) {
            let mut all = Vec::new();
            let ids = |key: &u32| {
                let before = all.len();
                all = Group { inventory, assessment, given, plan: self, key: *key }
                    .steps(std::mem::take(&mut all));
                (*key, all[before..].iter().map(|s| s.id).collect())
            };
            (shares[number].iter().map(ids).collect(), all)
        };
        let append = |(ids, group): (Vec<(u32, Vec<StepId>)>, Vec<Step>)| {
            ids.into_iter().for_each(|(key, ids)| of_key[key as usize] = ids);
            // A replacement shared by two keys has one replace and one deploy step.
            steps.extend(group.into_iter().filter(|s| known.insert(s.id)));
            Ok::<(), Infallible>(())
        };
        let Ok(()) =
            parallel::in_order(given.threads, shares.len(), AHEAD, share, |(ids, _)| ids.len(), append);
        steps.shrink_to_fit();
        (steps, of_key)
    }
}

/// Keys whose steps a thread makes at a time.
const SHARE: usize = 64;

/// Keys whose steps may wait for their turn.
const AHEAD: Ahead = Ahead { made: 64 * SHARE, handed: 64 * SHARE };

/// The CA certificates that the reasons of live certificates name.
fn voiding(assessment: &Assessment) -> HashSet<Fingerprint> {
    let live = assessment
        .certificates
        .iter()
        .filter(|c| c.verdict == Verdict::Reissue || c.verdict == Verdict::Decide);
    live.flat_map(|c| &c.because)
        .filter(|b| b.evidence == Kind::IssuerKey)
        .filter_map(|b| b.source.parse().ok())
        .collect()
}

/// What hangs below each CA certificate that a reason names: the nearest exposed one, and those above that
/// one in turn.
fn below(inventory: &Inventory, assessment: &Assessment) -> HashMap<Fingerprint, Vec<u32>> {
    let voids = |at: usize| {
        let named = assessment.certificates[at].because.iter().find(|b| b.evidence == Kind::IssuerKey)?;
        named.source.parse::<Fingerprint>().ok()
    };
    let mut out: HashMap<Fingerprint, Vec<u32>> = HashMap::new();
    for i in 0..assessment.certificates.len() {
        let mut above = voids(i);
        for _ in 0..LEVELS {
            let Some(issuer) = above else { break };
            let all = out.entry(issuer).or_default();
            if all.last() == Some(&(i as u32)) {
                break;
            }
            all.push(i as u32);
            let at = inventory.certificates.binary_search_by_key(&issuer, |c| c.certificate.sha256);
            above = at.ok().and_then(voids);
        }
    }
    out
}

/// CAs above one another. OpenSSL follows 100 (`X509_VERIFY_PARAM_set_depth`); CAs that certify one another
/// have no end.
const LEVELS: usize = 100;

/// Groups the certificates that get a replacement by what they are for.
fn replacements(inventory: &Inventory, assessment: &Assessment) -> (Vec<Replacement>, Vec<Option<u32>>) {
    let mut groups: BTreeMap<ProfileHash, Vec<u32>> = BTreeMap::new();
    for (i, entry) in inventory.certificates.iter().enumerate() {
        let verdict = &assessment.certificates[i];
        let suspect = assessment.keys[entry.key as usize].exposure.is_suspect();
        // What becomes of a CA that names no host its owner decides, and who certifies one anew.
        let of_ca = verdict.verdict == Verdict::Decide
            || verdict.verdict == Verdict::Reissue && entry.is_ca() && !entry.certificate.names_host();
        if verdict.standing.is_live() && !of_ca && (suspect || verdict.verdict == Verdict::Reissue) {
            groups.entry(entry.certificate.profile).or_default().push(i as u32);
        }
    }
    let mut of = vec![None; inventory.certificates.len()];
    let mut out = Vec::with_capacity(groups.len());
    for (profile, replaces) in groups {
        let reissued = |i: u32| assessment.certificates[i as usize].verdict == Verdict::Reissue;
        // The newest, of a CA that is sound if there is one: that CA is asked.
        let newest = replaces.iter().copied().max_by_key(|i| {
            let certificate = &inventory.certificates[*i as usize].certificate;
            (!reissued(*i), certificate.not_before, certificate.sha256)
        });
        let Some(mirrors) = newest else { continue };
        replaces.iter().for_each(|i| of[*i as usize] = Some(out.len() as u32));
        let waits_for_new_ca = replaces.iter().all(|i| reissued(*i));
        out.push(Replacement {
            step: StepId::derive("replace", &[profile.as_bytes()]),
            profile,
            mirrors,
            replaces,
            waits_for_new_ca,
        });
    }
    (out, of)
}

/// Keys with something to do, the most urgent first.
fn order(
    inventory: &Inventory,
    assessment: &Assessment,
    voiding: &HashSet<Fingerprint>,
    given: &Given<'_>,
) -> Vec<u32> {
    let score = |k: u32| {
        concerns(inventory, assessment, k)
            .then(|| Risk::score(inventory, assessment, voiding, given.clock, k))
    };
    let scores = parallel::map(given.threads, inventory.keys.len(), || (), |(), i| score(i as u32));
    let mut keys: Vec<_> =
        scores.into_iter().zip(0u32..).filter_map(|(score, k)| Some((Reverse(score?), k))).collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, k)| k).collect()
}

/// Whether there is anything to do about a key: it is suspect itself, or a certificate on it hangs below an
/// exposed CA.
fn concerns(inventory: &Inventory, assessment: &Assessment, key: u32) -> bool {
    let reissue = |i: &u32| assessment.certificates[*i as usize].verdict == Verdict::Reissue;
    assessment.keys[key as usize].exposure.is_suspect()
        || inventory.keys[key as usize].certificates.iter().any(reissue)
}
