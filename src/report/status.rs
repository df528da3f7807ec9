//! Where a case stands: what is done, what can be done now, what is late, what was said last.

use std::collections::BTreeMap;

use serde::Serialize;

use super::summary::{Line, Tone};
use super::view::count;
use crate::pki::show;
use crate::plan::{Status, Step, StepKind, Word};
use crate::store::Kept;
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
    /// What was said last, newest first.
    pub words: Vec<&'a Word>,
}

impl<'a> CaseStatus<'a> {
    /// Counts.
    #[must_use]
    pub fn of(keys: &'a BTreeMap<String, u64>, steps: &'a [Kept], words: &'a [Word], as_of: Time) -> Self {
        let open = || steps.iter().filter(|k| k.closed.is_none()).map(|k| &k.step);
        let mut by_kind: BTreeMap<StepKind, BTreeMap<Status, usize>> = BTreeMap::new();
        for step in open() {
            *by_kind.entry(step.kind).or_default().entry(step.status).or_default() += 1;
        }
        let late = open().filter(|s| !s.status.is_over() && s.deadline.is_some_and(|d| d < as_of)).collect();
        let ready = open().filter(|s| s.status == Status::Ready).collect();
        let closed = steps.iter().filter(|k| k.closed.is_some()).count();
        Self { as_of, keys, steps: by_kind, late, ready, closed, words: words.iter().rev().collect() }
    }

    /// Whether anything is left to do.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.steps.values().flat_map(BTreeMap::keys).any(|s| !s.is_over())
    }

    /// For people; `rows` of each list, the rest counted.
    #[must_use]
    pub fn lines(&self, rows: usize) -> Vec<Line> {
        let mut out = Vec::new();
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
            out.push(vec![(tone, format!("  {:8} {over} of {all}", kind.as_str())), (Tone::Faint, format!("  ({})", detail.join(", ")))]);
        }
        if self.steps.is_empty() {
            out.push(vec![(Tone::Good, "  none: nothing is to be done".to_owned())]);
        }
        if self.closed > 0 {
            out.push(vec![(Tone::Faint, format!("  {} closed, since the plan does not need them any more", count(self.closed, "step")))]);
        }
        list(&mut out, "late", Tone::Alarm, &self.late, rows, |s| {
            let source = s.deadline_source.as_deref().unwrap_or_default();
            format!("due {}: {}: {} ({})", s.deadline.map_or_else(String::new, |d| d.to_string()), s.id, show(&s.says), show(source))
        });
        list(&mut out, "can be done now", Tone::Warn, &self.ready, rows, |s| format!("{}: {}", s.id, show(&s.says)));
        list(&mut out, "said last", Tone::Plain, &self.words, rows, |w| {
            format!("{} {} {} by {}: {}", w.at, w.step, w.mark.as_str(), show(&w.by), show(&w.reason))
        });
        out
    }
}

fn list<T>(out: &mut Vec<Line>, title: &str, tone: Tone, items: &[T], rows: usize, words: impl Fn(&T) -> String) {
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
