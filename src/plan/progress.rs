//! How far a plan has come: what people said about its steps, and what follows for the status of the others.
//! Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::step::{Status, Step, StepKind};
use crate::id::{SpkiHash, StepId};
use crate::time::Time;

/// What a person says of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The key of a suspicion counts as not compromised.
    Cleared,
    /// It is so, or it is done.
    Confirmed,
    /// The new certificate is in place.
    Deployed,
    /// The word before is taken back.
    Reopened,
    /// Other certificates on the key were looked for.
    Searched,
    /// The revocation was asked for; the clock of the CA runs from then.
    Sent,
    /// It will not be done.
    Waived,
}

impl Mark {
    /// Every mark by its name.
    pub const VALUES: &[(&str, Self)] = &[
        ("waived", Self::Waived),
        ("deployed", Self::Deployed),
        ("sent", Self::Sent),
        ("searched", Self::Searched),
        ("confirmed", Self::Confirmed),
        ("cleared", Self::Cleared),
        ("reopened", Self::Reopened),
    ];

    /// Its name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::VALUES.iter().find(|(_, mark)| *mark == self).map_or("", |(name, _)| name)
    }

    /// Whether it can be said of a step, else what can.
    ///
    /// # Errors
    /// [`DoesNotFit`], with the marks that do.
    pub fn fits(self, step: &Step) -> Result<(), DoesNotFit> {
        let own: &[Self] = match step.kind {
            StepKind::Decide if is_suspicion(step) => &[Self::Confirmed, Self::Cleared],
            StepKind::Deploy => &[Self::Deployed],
            StepKind::Revoke => &[Self::Sent],
            StepKind::Search => &[Self::Searched],
            StepKind::Decide
            | StepKind::Inspect
            | StepKind::Replace
            | StepKind::Retire
            | StepKind::Rotate
            | StepKind::Verify => &[Self::Confirmed],
        };
        if own.contains(&self) || matches!(self, Self::Waived | Self::Reopened) {
            return Ok(());
        }
        let fitting = own.iter().chain(&[Self::Waived, Self::Reopened]).map(|m| m.as_str()).collect();
        Err(DoesNotFit { mark: self, step: step.id, fitting })
    }

    const fn status(self) -> Option<Status> {
        match self {
            Self::Waived => Some(Status::Waived),
            Self::Reopened => None,
            _ => Some(Status::Done),
        }
    }
}

impl FromStr for Mark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::VALUES.iter().find(|(name, _)| *name == text).map(|(_, mark)| *mark).ok_or_else(|| {
            let names: Vec<&str> = Self::VALUES.iter().map(|(name, _)| *name).collect();
            format!("{text:?} is no status; write {}", names.join(", "))
        })
    }
}

/// A mark on a step of another kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoesNotFit {
    /// What was said.
    pub mark: Mark,
    /// Of what.
    pub step: StepId,
    /// What can be said of it.
    pub fitting: Vec<&'static str>,
}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be {}; it can be {}", self.step, self.mark.as_str(), self.fitting.join(", "))
    }
}

impl std::error::Error for DoesNotFit {}

/// One word of a person about one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The step.
    pub step: StepId,
    /// What is said of it.
    pub mark: Mark,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// Since when it is so.
    pub at: Time,
    /// When it was written down.
    pub recorded: Time,
}

impl Word {
    /// A plan says it, since more belongs to the step than when something was said of it ([`no_longer_all`]).
    fn is_more(&self) -> bool {
        self.mark == Mark::Reopened && self.by == BY
    }
}

/// Whether a step asks if a key that is only presumed or undetermined counts as compromised.
#[must_use]
pub fn is_suspicion(step: &Step) -> bool {
    step.key.is_some_and(|key| step.id == suspicion(&key))
}

/// The step that asks whether this key counts as compromised.
#[must_use]
pub fn suspicion(key: &SpkiHash) -> StepId {
    StepId::derive(StepKind::Decide.as_str(), &[key.as_bytes()])
}

/// Sets the status of every step from the words, the last one about a step being the one that counts, and
/// from what each needs. A certificate that is deployed was issued. A revocation that was sent gives its
/// check the deadline of the CA.
pub fn apply(steps: &mut [Step], words: &[Word]) {
    let mut last: BTreeMap<&StepId, &Word> = BTreeMap::new();
    let mut position: BTreeMap<&StepId, usize> = BTreeMap::new();
    // The same, but for what a plan said because more belongs to the step: what was said before still holds
    // for the rest.
    let mut heard: BTreeMap<&StepId, (usize, &Word)> = BTreeMap::new();
    for (i, word) in words.iter().enumerate() {
        last.insert(&word.step, word);
        position.insert(&word.step, i);
        if !word.is_more() {
            heard.insert(&word.step, (i, word));
        }
    }
    let more: HashSet<StepId> = last.values().filter(|w| w.is_more()).map(|w| w.step).collect();
    // Taken back after it was deployed: what was issued does not hold any more.
    let reopened_since = |n: &StepId, deployed: usize| {
        last.get(n).is_some_and(|w| w.mark == Mark::Reopened)
            && position.get(n).is_some_and(|reopened| *reopened > deployed)
    };
    let deployed = |s: &Step| {
        heard
            .get(&s.id)
            .filter(|(_, w)| s.kind == StepKind::Deploy && w.mark == Mark::Deployed)
            .map(|(at, _)| *at)
    };
    let issued: HashSet<StepId> = steps
        .iter()
        .filter_map(|s| Some((s, deployed(s)?)))
        .flat_map(|(s, at)| s.needs.iter().filter(move |n| !reopened_since(n, at)).copied())
        .collect();
    last.retain(|_, word| word.mark.status().is_some());
    let replaces: HashSet<StepId> =
        steps.iter().filter(|s| s.kind == StepKind::Replace).map(|s| s.id).collect();
    let said = |id: &StepId| {
        last.get(id)
            .and_then(|w| w.mark.status())
            .or_else(|| (issued.contains(id) && replaces.contains(id)).then_some(Status::Done))
    };
    let sent: HashMap<StepId, Time> =
        heard.values().map(|(_, w)| w).filter(|w| w.mark == Mark::Sent).map(|w| (w.step, w.at)).collect();
    let not_asked: HashSet<StepId> = steps
        .iter()
        .filter(|s| s.kind == StepKind::Revoke && last.get(&s.id).is_some_and(|w| w.mark == Mark::Waived))
        .map(|s| s.id)
        .collect();
    let not_replaced: HashSet<StepId> = steps
        .iter()
        .filter(|s| s.kind == StepKind::Replace && last.get(&s.id).is_some_and(|w| w.mark == Mark::Waived))
        .map(|s| s.id)
        .collect();
    let over: HashSet<StepId> =
        steps.iter().map(|s| &s.id).filter(|id| said(id).is_some()).copied().collect();
    let decided = |id: &StepId| last.get(id).map(|w| w.mark);
    // What nobody said is waived, but follows from a decision; steps come after what they need.
    let mut dropped: HashSet<StepId> = HashSet::new();
    for step in steps {
        let first = step.or_after.as_ref().is_some_and(|d| decided(d) == Some(Mark::Confirmed));
        let asked = step.only_if.as_ref().is_none_or(|d| decided(d) == Some(Mark::Confirmed));
        // Cleared, or decided against: there is nothing to revoke. Only of a suspicion is a waiver no answer:
        // nobody decided.
        let against = step.only_if.as_ref().is_some_and(|d| match decided(d) {
            Some(Mark::Cleared) => true,
            Some(Mark::Waived) => step.key.is_none_or(|key| *d != suspicion(&key)),
            _ => false,
        });
        // A revocation that is not asked for is not checked, and what is not issued not deployed.
        let unasked = match step.kind {
            StepKind::Verify => step.needs.iter().any(|n| dropped.contains(n) || not_asked.contains(n)),
            StepKind::Deploy => step.needs.iter().any(|n| not_replaced.contains(n)),
            _ => false,
        };
        step.status = match said(&step.id) {
            Some(status) => status,
            None if against || unasked => {
                dropped.insert(step.id);
                Status::Waived
            }
            None if asked
                && (first || step.needs.iter().all(|n| over.contains(n) || dropped.contains(n))) =>
            {
                Status::Ready
            }
            None => Status::Waiting,
        };
        if let Some(clock) = step.clock.as_ref().filter(|_| step.kind == StepKind::Verify) {
            // Once all that was asked for is checked, the clock runs from when the rest is asked for.
            let runs = |n: &&StepId| !(more.contains(n) && more.contains(&step.id));
            let at = step.needs.iter().filter(runs).find_map(|n| sent.get(n));
            step.deadline = at.map(|at| at.plus(i64::from(clock.hours) * 3600));
            step.deadline_source = at.map(|_| clock.source.clone());
        }
    }
}

/// What was said of steps that are not in the plan any more and holds for new ones: the same is to be done
/// about the same key, the CA of the earlier ones was not known, and the same was said of all that cover the
/// new one's certificates. So a CA whose operator became known, and whose steps are called otherwise since,
/// is not asked twice. `earlier`: every step that ever was in the plan; `known`: whether an authority is an
/// operator: what was sent to one does not count as sent to another.
#[must_use]
pub fn carried_over(
    words: &[Word],
    earlier: &[Step],
    steps: &[Step],
    known: impl Fn(&str) -> bool,
    now: Time,
) -> Vec<Word> {
    let before: HashSet<&StepId> = earlier.iter().map(|s| &s.id).collect();
    let current: HashSet<&StepId> = steps.iter().map(|s| &s.id).collect();
    let mut last: HashMap<&StepId, &Word> = HashMap::new();
    for word in words {
        last.insert(&word.step, word);
    }
    let mut said: HashMap<(StepKind, SpkiHash), Vec<(&Step, &Word)>> = HashMap::new();
    for step in
        earlier.iter().filter(|s| !current.contains(&s.id) && !s.authority.as_deref().is_some_and(&known))
    {
        if let (Some(key), Some(word)) = (step.key, last.get(&step.id).filter(|w| w.mark.status().is_some()))
        {
            said.entry((step.kind, key)).or_default().push((step, word));
        }
    }
    let mut out = Vec::new();
    for step in steps
        .iter()
        .filter(|s| matches!(s.kind, StepKind::Revoke | StepKind::Verify) && !before.contains(&s.id))
    {
        let Some(said) = step.key.and_then(|key| said.get(&(step.kind, key))) else { continue };
        let covering = |c| said.iter().find(|(s, _)| s.certificates.contains(c)).map(|(_, word)| *word);
        let covered: Vec<&Word> =
            step.certificates.iter().map(covering).collect::<Option<_>>().unwrap_or_default();
        // Of several the first: the clock of the CA runs since then.
        if let Some(word) = covered.iter().min_by_key(|w| w.at)
            && covered.iter().all(|w| w.mark == word.mark)
        {
            let reason =
                format!("{} (said of {}, which is this step since its CA is known)", word.reason, word.step);
            out.push(Word { step: step.id, reason, recorded: now, ..(*word).clone() });
        }
    }
    out
}

/// Those of the steps of these names that need others which are open, and which these are.
pub fn missing<'a>(
    names: &HashSet<StepId>,
    steps: &'a [Step],
) -> impl Iterator<Item = (&'a Step, Vec<&'a StepId>)> {
    let open: HashSet<StepId> = steps.iter().filter(|s| !s.status.is_over()).map(|s| s.id).collect();
    let named = steps.iter().filter(|step| names.contains(&step.id));
    named
        .map(move |step| (step, step.needs.iter().filter(|need| open.contains(need)).collect::<Vec<_>>()))
        .filter(|(_, needs)| !needs.is_empty())
}

/// Takes back what was said of steps to which more belongs since: certificates for which nobody deployed,
/// sent or checked anything, copies of a key that nobody destroyed, encodings of it that nobody searched for.
/// What was said of deploying, of sending and of the decisions about the key holds for the others. `earlier`:
/// every step that ever was in the plan, as it was last; `grown`: what of the key of a step is new; `graver`:
/// whether its exposure is graver than in the last plan.
#[must_use]
pub fn no_longer_all(
    words: &[Word],
    earlier: &[Step],
    steps: &[Step],
    grown: &dyn Fn(&Step) -> Option<String>,
    graver: &dyn Fn(&Step) -> Option<String>,
    now: Time,
) -> Vec<Word> {
    let mut last: HashMap<&StepId, &Word> = HashMap::new();
    for word in words {
        last.insert(&word.step, word);
    }
    let before: HashMap<&StepId, &Step> =
        earlier.iter().filter(|s| last.contains_key(&s.id)).map(|s| (&s.id, s)).collect();
    let mut out = Vec::new();
    for step in steps {
        let (Some(word), Some(before)) = (last.get(&step.id), before.get(&step.id)) else { continue };
        let is_over = word.mark.status().is_some();
        let more = match step.kind {
            StepKind::Deploy | StepKind::Revoke | StepKind::Verify if is_over => {
                more_certificates(before, step)
            }
            // What was issued stands in for them too; that nothing has to be does not hold for them.
            StepKind::Replace if word.mark == Mark::Waived => more_certificates(before, step),
            StepKind::Retire | StepKind::Search if is_over => grown(step),
            _ => None,
        };
        // What was waived while less spoke against its key is not waived for what is known now.
        let more = more.or_else(|| if word.mark == Mark::Waived { graver(step) } else { None });
        if let Some(more) = more {
            let reason = format!("{more}; what was said before holds for the rest");
            out.push(Word {
                step: step.id,
                mark: Mark::Reopened,
                reason,
                by: BY.to_owned(),
                at: now,
                recorded: now,
            });
        }
    }
    out
}

/// The certificates of a step that it did not have before.
fn more_certificates(before: &Step, step: &Step) -> Option<String> {
    let known: HashSet<_> = before.certificates.iter().collect();
    let mut more = step.certificates.iter().filter(|c| !known.contains(c));
    let first = more.next()?;
    let others = match more.count() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(format!("the certificate with SHA-256 {first}{others} belongs to it since"))
}

/// Who says what a plan says.
const BY: &str = "certrecall plan";
