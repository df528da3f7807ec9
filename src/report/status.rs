//! Where a case stands: what is done, what can be done now, what is late, by account and by CA too, and what
//! was said last.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::line::{Line, Tone};
use super::view::count;
use crate::assess::incident;
use crate::id::{SpkiHash, StepId};
use crate::pki::show;
use crate::plan::{Status, Step, StepKind, Word};
use crate::store::Kept;
use crate::store::model::KeyRecord;
use crate::store::question::{OptionName, Question, StoredRoot};
use crate::time::Time;

/// The state of a case as numbers and lists.
#[derive(Debug, Serialize)]
pub struct CaseStatus<'a> {
    /// The time for which it is told.
    pub as_of: Time,
    /// Keys by exposure.
    pub keys: &'a BTreeMap<String, u64>,
    /// Steps by kind and status.
    pub steps: BTreeMap<StepKind, BTreeMap<Status, usize>>,
    /// Past their deadline.
    pub late: Vec<&'a Step>,
    /// What can be done now, most urgent first.
    pub ready: Vec<&'a Step>,
    /// What is not in the plan any more.
    pub closed: usize,
    /// The steps of each account, those with something late first, then the most urgent ones.
    pub accounts: Vec<Tally>,
    /// The steps that each CA has a part in, in the same order.
    pub authorities: Vec<Tally>,
    /// What was said last, newest first.
    pub words: Vec<&'a Word>,
    /// The options that the case was made with; none in a case of a version that did not store them.
    pub question: Option<&'a Question>,
    /// Those that `complete` was given.
    pub complete: Option<&'a Question>,
    /// The roots, in their order.
    pub roots: &'a [StoredRoot],
    /// Whether the last run found anything.
    pub found: bool,
}

/// What a case keeps besides its keys and steps.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The options of `plan`.
    pub question: Option<&'a Question>,
    /// The options of `complete`.
    pub complete: Option<&'a Question>,
    /// The roots.
    pub roots: &'a [StoredRoot],
    /// Whether the last run found anything.
    pub found: bool,
}

/// Steps of one account or of one CA.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The account, or the CA as steps name it.
    pub name: String,
    /// Past their deadline, whatever their status.
    pub late: usize,
    /// What can be done now.
    pub ready: usize,
    /// What waits for others.
    pub waiting: usize,
    /// Done, or waived.
    pub over: usize,
}

/// The steps of one key, and whose they are.
#[derive(Debug)]
pub struct Share {
    accounts: Vec<String>,
    steps: Vec<StepId>,
}

impl Share {
    /// That of a key.
    #[must_use]
    pub fn of(key: KeyRecord) -> Self {
        Self { accounts: key.accounts, steps: key.steps }
    }
}

/// A way to sum steps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whose upload it was.
    Account,
    /// Who has to issue, or to revoke.
    Authority,
}

impl<'a> CaseStatus<'a> {
    /// Counts. `shares`: of each key.
    #[must_use]
    pub fn of(
        keys: &'a BTreeMap<String, u64>,
        steps: &'a [Kept],
        words: &'a [Word],
        shares: &'a [Share],
        stored: Stored<'a>,
        as_of: Time,
    ) -> Self {
        let Stored { question, complete, roots, found } = stored;
        let open = || steps.iter().filter(|k| k.closed.is_none()).map(|k| &k.step);
        let mut by_kind: BTreeMap<StepKind, BTreeMap<Status, usize>> = BTreeMap::new();
        for step in open() {
            *by_kind.entry(step.kind).or_default().entry(step.status).or_default() += 1;
        }
        let late = open().filter(|s| is_late(s, as_of)).collect();
        let ready = open().filter(|s| s.status == Status::Ready).collect();
        let closed = steps.iter().filter(|k| k.closed.is_some()).count();
        let mut owners: HashMap<StepId, Vec<&str>> = HashMap::new();
        for share in shares {
            for step in &share.steps {
                owners.entry(*step).or_default().extend(share.accounts.iter().map(String::as_str));
            }
        }
        // Two keys of one account can share a step.
        owners.values_mut().for_each(|names| {
            names.sort_unstable();
            names.dedup();
        });
        let accounts = tallies(open(), as_of, |s| owners.get(&s.id).map_or(&[][..], Vec::as_slice));
        let authority = |s: &'a Step| s.authority.as_deref();
        let authorities = tallies(open(), as_of, |s| authority(s).into_iter().collect::<Vec<_>>());
        Self {
            as_of,
            keys,
            steps: by_kind,
            late,
            ready,
            closed,
            accounts,
            authorities,
            words: words.iter().rev().collect(),
            question,
            complete,
            roots,
            found,
        }
    }

    /// Every account, or every CA, with the number of its steps.
    #[must_use]
    pub fn table(&self, by: By) -> Vec<Line> {
        let mut out = Vec::new();
        self.push_tallies(&mut out, by, usize::MAX);
        if out.is_empty() {
            out.push(vec![(
                Tone::Good,
                if by == By::Account {
                    "no step is of an account that is known"
                } else {
                    "no step is for a CA"
                }
                .to_owned(),
            )]);
        }
        out
    }

    fn push_tallies(&self, out: &mut Vec<Line>, by: By, rows: usize) {
        let (title, flag, list) = match by {
            By::Account => ("by account", "account", &self.accounts),
            By::Authority => ("by CA", "ca", &self.authorities),
        };
        let shown = &list[..list.len().min(rows)];
        if shown.is_empty() {
            return;
        }
        let names: Vec<String> = shown.iter().map(|t| cut(&show(&t.name))).collect();
        let width = names.iter().map(|n| n.chars().count()).max().unwrap_or_default().max(title.len());
        let cells = |cells: [String; 4]| cells.map(|c| format!("{c:>8}")).concat();
        if !out.is_empty() {
            out.push(Vec::new());
        }
        let heads = cells(["late", "ready", "waiting", "done"].map(str::to_owned));
        out.push(vec![(Tone::Head, format!("{title:<0$}{heads}", width + 4))]);
        for (tally, name) in shown.iter().zip(&names) {
            let tone = match tally {
                t if t.late > 0 => Tone::Alarm,
                t if t.ready + t.waiting == 0 => Tone::Good,
                _ => Tone::Plain,
            };
            let counts = cells([tally.late, tally.ready, tally.waiting, tally.over].map(|n| n.to_string()));
            out.push(vec![(tone, format!("  {name:<0$}{counts}", width + 2))]);
        }
        if list.len() > rows {
            out.push(vec![(Tone::Faint, format!("  and {} more, with --by {flag}", list.len() - rows))]);
        }
    }

    /// Whether anything is left to do.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.steps.values().flat_map(BTreeMap::keys).any(|s| !s.is_over())
    }

    /// For people; `rows` of each list, the rest counted. `title` is what people call a key: not all steps
    /// say which one they are about.
    #[must_use]
    pub fn lines(&self, rows: usize, title: &dyn Fn(&SpkiHash) -> Option<String>) -> Vec<Line> {
        let mut out = self.question_lines();
        let keys: Vec<String> = self.keys.iter().map(|(exposure, n)| format!("{n} {exposure}")).collect();
        out.push(vec![
            (Tone::Head, "keys".to_owned()),
            (Tone::Plain, format!("  {}", if keys.is_empty() { "none".to_owned() } else { keys.join(", ") })),
        ]);
        out.push(vec![(Tone::Head, "steps".to_owned())]);
        for (kind, statuses) in &self.steps {
            let all: usize = statuses.values().sum();
            let over: usize = statuses.iter().filter(|(s, _)| s.is_over()).map(|(_, n)| n).sum();
            let detail: Vec<String> = statuses.iter().map(|(s, n)| format!("{n} {}", s.as_str())).collect();
            let tone = if over == all { Tone::Good } else { Tone::Plain };
            out.push(vec![
                (tone, format!("  {:8} {over} of {all}", kind.as_str())),
                (Tone::Faint, format!("  ({})", detail.join(", "))),
            ]);
        }
        if !self.found && self.steps.is_empty() {
            out.push(vec![(
                Tone::Warn,
                "  none, and nothing was found: no certificate, key or request".to_owned(),
            )]);
        } else if self.steps.is_empty() {
            out.push(vec![(Tone::Good, "  none: nothing is to be done".to_owned())]);
        }
        if self.closed > 0 {
            out.push(vec![(
                Tone::Faint,
                format!(
                    "  {} closed, since the plan does not need them any more",
                    count(self.closed, "step")
                ),
            )]);
        }
        list(&mut out, "late", Tone::Alarm, &self.late, rows, |s| {
            let source = s.deadline_source.as_deref().unwrap_or_default();
            format!(
                "due {}: {}: {} ({})",
                s.deadline.map_or_else(String::new, |d| d.to_string()),
                s.id,
                about(s, title),
                show(source)
            )
        });
        self.push_ready(&mut out, rows, title);
        self.push_tallies(&mut out, By::Authority, rows / 2);
        self.push_tallies(&mut out, By::Account, rows / 2);
        list(&mut out, "said last", Tone::Plain, &self.words, rows, |w| {
            format!(
                "{} {} {} by {}: {}",
                w.at,
                w.step,
                w.mark.as_str(),
                cut(&show(&w.by)),
                brief(&w.reason, SAID)
            )
        });
        out
    }

    /// What the case was judged by, which a later run uses again.
    fn question_lines(&self) -> Vec<Line> {
        let mut out = vec![vec![(Tone::Head, "question".to_owned())]];
        for root in self.roots {
            let moved =
                root.moved_from.last().map_or_else(String::new, |from| format!("  (moved from {from})"));
            out.push(vec![(Tone::Plain, format!("  path {}{moved}", root.absolute))]);
        }
        let Some(question) = self.question else {
            out.push(vec![(Tone::Warn, "  not stored: the case was made by an earlier version".to_owned())]);
            return out;
        };
        if !question.has(OptionName::Incident) {
            out.push(vec![
                (Tone::Plain, format!("  --incident {}", incident::DEFAULT)),
                (Tone::Faint, "  (the default)".to_owned()),
            ]);
        }
        for (option, values) in
            question.options().chain(self.complete.into_iter().flat_map(Question::options))
        {
            if values.is_empty() {
                out.push(vec![(Tone::Plain, format!("  --{}", option.as_str()))]);
            }
            for value in values {
                let content = value.content.as_ref().map_or_else(String::new, |c| {
                    format!("  (sha256 {}..., since {})", &c.sha256.to_string()[..12], c.since.day())
                });
                out.push(vec![
                    (Tone::Plain, format!("  --{} {}", option.as_str(), value.value)),
                    (Tone::Faint, content),
                ]);
            }
        }
        out
    }

    /// What can be done now: some of each kind, for of thousands nobody reads the first twenty alone.
    fn push_ready(&self, out: &mut Vec<Line>, rows: usize, title: &dyn Fn(&SpkiHash) -> Option<String>) {
        if self.ready.is_empty() {
            return;
        }
        let mut by_kind: Vec<(StepKind, Vec<&Step>)> = Vec::new();
        for step in &self.ready {
            match by_kind.iter_mut().find(|(kind, _)| *kind == step.kind) {
                Some((_, steps)) => steps.push(step),
                None => by_kind.push((step.kind, vec![step])),
            }
        }
        out.extend([Vec::new(), vec![(Tone::Warn, "can be done now, most urgent first".to_owned())]]);
        let each = (rows / by_kind.len()).max(3);
        for (kind, steps) in by_kind {
            // One that is left over takes no more room than saying so.
            let shown = if steps.len() <= each + 1 { steps.len() } else { each };
            out.extend(
                steps
                    .iter()
                    .take(shown)
                    .map(|s| vec![(Tone::Plain, format!("  {}: {}", s.id, about(s, title)))]),
            );
            if steps.len() > shown {
                out.push(vec![(
                    Tone::Faint,
                    format!("  and {} more to {}", steps.len() - shown, kind.as_str()),
                )]);
            }
        }
    }
}

/// Sums steps up by the names that each has; the order of the steps is that of urgency.
fn tallies<'s, N: AsRef<[&'s str]>>(
    steps: impl Iterator<Item = &'s Step>,
    as_of: Time,
    names: impl Fn(&'s Step) -> N,
) -> Vec<Tally> {
    let mut at: HashMap<&str, usize> = HashMap::new();
    let mut out: Vec<Tally> = Vec::new();
    for step in steps {
        for name in names(step).as_ref() {
            let place = *at.entry(name).or_insert_with(|| {
                out.push(Tally { name: (*name).to_owned(), ..Tally::default() });
                out.len() - 1
            });
            let tally = &mut out[place];
            tally.late += usize::from(is_late(step, as_of));
            match step.status {
                Status::Ready => tally.ready += 1,
                status if status.is_over() => tally.over += 1,
                _ => tally.waiting += 1,
            }
        }
    }
    // The sort is stable.
    out.sort_by_key(|t| std::cmp::Reverse(t.late));
    out
}

fn is_late(step: &Step, as_of: Time) -> bool {
    !step.status.is_over() && step.deadline.is_some_and(|d| d < as_of)
}

/// Characters of a sentence that a list shows; `explain` has it whole.
pub const BRIEF: usize = 150;

/// Characters of what was said: what `complete` says of its checks, and why some were waived, is whole.
const SAID: usize = 500;

/// What a step is about, and its sentence.
fn about(step: &Step, title: &dyn Fn(&SpkiHash) -> Option<String>) -> String {
    let says = brief(&step.says, BRIEF);
    let name = step.key.as_ref().and_then(title).filter(|name| !says.contains(name.as_str()));
    name.map_or_else(|| says.clone(), |name| format!("{}: {says}", cut(&name)))
}

/// The beginning of a sentence, up to where one may pause.
#[must_use]
pub fn brief(says: &str, most: usize) -> String {
    let says = show(says);
    let Some((end, _)) = says.char_indices().nth(most) else { return says };
    let pause = [", ", "; ", ". "].iter().filter_map(|p| says[..end].rfind(p)).max();
    format!("{} ...", &says[..pause.unwrap_or(end)])
}

/// A name that leaves room for numbers.
fn cut(name: &str) -> String {
    name.char_indices().nth(60).map_or_else(|| name.to_owned(), |(end, _)| format!("{}...", &name[..end]))
}

fn list<T>(
    out: &mut Vec<Line>,
    title: &str,
    tone: Tone,
    items: &[T],
    rows: usize,
    words: impl Fn(&T) -> String,
) {
    if items.is_empty() {
        return;
    }
    out.push(Vec::new());
    out.push(vec![(tone, title.to_owned())]);
    out.extend(items.iter().take(rows).map(|i| vec![(Tone::Plain, format!("  {}", words(i)))]));
    if items.len() > rows {
        out.push(vec![(Tone::Faint, format!("  and {} more", items.len() - rows))]);
    }
}
