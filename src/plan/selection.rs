//! Steps chosen by what they are about instead of by name: a host, an account, a CA, a kind. Pure.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::ct::Listed;
use super::progress::Mark;
use super::step::{Status, Step, StepKind};
use crate::id::{Fingerprint, SpkiHash, StepId};

/// What a step has to be about; all that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// A DNS name, or the common name, of a certificate that the step is about, without regard to case.
    pub host: Option<String>,
    /// An account that uploaded a key of the step.
    pub account: Option<String>,
    /// The id or the name of the CA that has to act.
    pub authority: Option<String>,
    /// The kind of the step.
    pub kind: Option<StepKind>,
    /// Only what can be done now.
    pub ready: bool,
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, account, authority, kind, ready } = self;
        let texts =
            [("--host", host.as_deref()), ("--account", account.as_deref()), ("--ca", authority.as_deref())];
        let texts = texts.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {:?}", value?)));
        let kind = kind.map(|kind| format!("--kind {}", kind.as_str()));
        let all: Vec<String> = texts.chain(kind).chain(ready.then(|| "--ready".to_owned())).collect();
        f.write_str(&all.join(" "))
    }
}

/// What a selection needs of the record of one key.
#[derive(Debug, Clone)]
pub struct KeySubject<'a> {
    /// The key.
    pub key: SpkiHash,
    /// The accounts that uploaded it.
    pub accounts: &'a [String],
    /// Its steps.
    pub steps: &'a [StepId],
    /// The certificates on it, each with its names.
    pub certificates: Vec<(Fingerprint, Vec<String>)>,
    /// The certificates on it that only a search knows.
    pub elsewhere: &'a [Listed],
}

/// The keys, certificates and CAs that a selection means.
#[derive(Debug, Default)]
pub struct Subjects {
    certificates: HashSet<Fingerprint>,
    /// Keys of these certificates.
    keys: HashSet<SpkiHash>,
    /// Steps about certificates of that name that only a search knows.
    elsewhere: HashSet<StepId>,
    keys_of_account: HashSet<SpkiHash>,
    steps_of_account: HashSet<StepId>,
    /// Names of CAs by id.
    authorities: HashMap<String, String>,
}

impl Subjects {
    /// Nothing is known yet but the CAs of the plan, id and name.
    #[must_use]
    pub fn new(authorities: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { authorities: authorities.into_iter().collect(), ..Self::default() }
    }

    /// Notes what of a key the selection means.
    pub fn add(&mut self, selection: &Selection, subject: &KeySubject<'_>) {
        if let Some(host) = selection.host.as_deref().map(comparable) {
            let is_named = |names: &[String]| names.iter().any(|name| comparable(name) == host);
            for (sha256, _) in subject.certificates.iter().filter(|(_, names)| is_named(names)) {
                self.certificates.insert(*sha256);
                self.keys.insert(subject.key);
            }
            let named = subject.elsewhere.iter().filter(|listed| is_named(&listed.names));
            self.elsewhere.extend(named.map(|listed| listed.step_id(&subject.key)));
        }
        if selection.account.as_ref().is_some_and(|account| subject.accounts.contains(account)) {
            self.keys_of_account.insert(subject.key);
            self.steps_of_account.extend(subject.steps);
        }
    }

    fn is_of_host(&self, step: &Step) -> bool {
        match step.key {
            _ if !step.certificates.is_empty() => {
                step.certificates.iter().any(|c| self.certificates.contains(c))
            }
            // A replacement without a certificate is about one that only a search knows.
            _ if step.kind == StepKind::Replace => self.elsewhere.contains(&step.id),
            key => key.is_some_and(|key| self.keys.contains(&key)),
        }
    }

    fn is_of_account(&self, step: &Step) -> bool {
        self.steps_of_account.contains(&step.id)
            || step.key.is_some_and(|key| self.keys_of_account.contains(&key))
    }

    fn is_of_authority(&self, step: &Step, wanted: &str) -> bool {
        let Some(id) = step.authority.as_deref() else { return false };
        let name = self.authorities.get(id).map(String::as_str);
        id == wanted || name.is_some_and(|name| name.to_lowercase() == wanted.to_lowercase())
    }
}

/// The steps that a selection takes for a mark.
#[derive(Debug, Default)]
pub struct Selected<'s> {
    /// Those that are marked, in the order of the plan.
    pub steps: Vec<&'s Step>,
    /// How many others it means that are done or waived; of `reopened`, that are not.
    pub over: usize,
    /// How many others it means whose kind the mark does not fit.
    pub unfit: usize,
}

impl Selection {
    /// Whether anything is selected by it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for what only the records of keys have.
    #[must_use]
    pub const fn needs_keys(&self) -> bool {
        self.host.is_some() || self.account.is_some()
    }

    /// Whether it means a step.
    #[must_use]
    pub fn means(&self, step: &Step, subjects: &Subjects) -> bool {
        self.kind.is_none_or(|kind| step.kind == kind)
            && (!self.ready || step.status == Status::Ready)
            && (self.host.is_none() || subjects.is_of_host(step))
            && (self.account.is_none() || subjects.is_of_account(step))
            && self.authority.as_ref().is_none_or(|wanted| subjects.is_of_authority(step, wanted))
    }

    /// The steps that are marked: of those it means the open ones that the mark fits; `reopened` takes those
    /// that are done or waived.
    #[must_use]
    pub fn select<'s>(&self, mark: Mark, steps: &'s [Step], subjects: &Subjects) -> Selected<'s> {
        let mut out = Selected::default();
        for step in steps.iter().filter(|step| self.means(step, subjects)) {
            match (step.status.is_over() == (mark == Mark::Reopened), mark.fits(step)) {
                (_, Err(_)) => out.unfit += 1,
                (false, Ok(())) => out.over += 1,
                (true, Ok(())) => out.steps.push(step),
            }
        }
        out
    }
}

/// A name as hosts compare (RFC 4343), without the dot of the root.
fn comparable(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}
