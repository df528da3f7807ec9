//! The headline: a sentence that claims no more than the run rests on, and what has to be known before it.

use std::collections::HashSet;

use super::text::{Shape, Text};
use crate::finding::{Code, Finding};
use crate::id::StepId;
use crate::pki::show;
use crate::plan::StepKind;
use crate::report::line::Tone;
use crate::report::planned::Planned;
use crate::report::view::count;

/// How far the steps have come.
pub(super) struct Progress {
    /// Steps other than `inspect`, and how many of them are open.
    steps: usize,
    open: usize,
    /// Open `inspect` steps.
    inspect: usize,
    open_ids: HashSet<StepId>,
}

impl Progress {
    pub(super) fn of(planned: &Planned<'_>) -> Self {
        let mut out = Self { steps: 0, open: 0, inspect: 0, open_ids: HashSet::new() };
        for step in &planned.plan.steps {
            let open = !step.status.is_over();
            match step.kind {
                StepKind::Inspect => out.inspect += usize::from(open),
                _ => {
                    out.steps += 1;
                    out.open += usize::from(open);
                }
            }
            if open {
                out.open_ids.insert(step.id);
            }
        }
        out
    }

    /// Whether a step of the key of a certificate is open.
    pub(super) fn is_open(&self, planned: &Planned<'_>, certificate: u32) -> bool {
        let key = planned.inventory.certificates[certificate as usize].key;
        planned.plan.steps_of_key[key as usize].iter().any(|id| self.open_ids.contains(id))
    }
}

/// `1 step is`, `2 steps are`.
fn count_are(n: usize, what: &str) -> String {
    format!("{} {}", count(n, what), if n == 1 { "is" } else { "are" })
}

impl Text {
    /// What has to be known before anything else: what became less exposed, and a manifest that hardly fits.
    pub(super) fn first(&mut self, planned: &Planned<'_>, shape: Shape<'_>) {
        for (code, title) in [
            (Code::ExposureMilder, "Less exposed than before: look at each reason"),
            (Code::ManifestFewMatches, "The manifest hardly matches the files"),
            (Code::DecisionOutdated, "Decisions that do not hold any more"),
            (Code::RetiredKeyPresent, "Recorded as destroyed, but still there"),
        ] {
            let findings: Vec<&Finding> =
                planned.assessment.findings.iter().filter(|f| f.code == code).collect();
            if findings.is_empty() {
                continue;
            }
            self.head(Tone::Warn, title);
            for finding in findings.iter().take(shape.rows) {
                self.line(&[(Tone::Plain, &format!("  {}: {}", show(&finding.place), show(&finding.says)))]);
            }
            self.more(findings.len(), shape);
        }
    }

    /// What the run found, in a sentence that claims no more than it rests on.
    pub(super) fn headline(
        &mut self,
        planned: &Planned<'_>,
        progress: &Progress,
        open: &[u32],
        over: &[u32],
    ) {
        let Planned { inventory, incident, .. } = *planned;
        let unread = match progress.inspect {
            0 => String::new(),
            n => format!("; {} could not be read or used: see the inspect steps", count(n, "item")),
        };
        let tone = if progress.inspect == 0 { Tone::Good } else { Tone::Warn };
        if !inventory.has_content() && planned.orphans.is_empty() {
            let roots = planned.roots.names().join(", ");
            self.head(
                Tone::Warn,
                &format!("Nothing found: no certificate, key or request in {}{unread}", show(&roots)),
            );
            return self.line(&[(
                Tone::Plain,
                "  Nothing can be said about exposed keys: check the paths, and whether something is not mounted or not unpacked",
            )]);
        }
        let known_alone = planned.orphans.iter().filter(|o| o.exposure.is_suspect()).count();
        if known_alone > 0 {
            let keys = count_are(known_alone, "exposed key");
            self.head(
                Tone::Alarm,
                &format!("{keys} known from earlier runs alone: their files are gone, their steps stay open (`certrecall explain`)"),
            );
        }
        if !over.is_empty() || progress.steps > 0 && progress.open == 0 {
            let what = if over.is_empty() {
                count(progress.steps, "step")
            } else {
                count(over.len(), "certificate")
            };
            let done = if progress.open == 0 { "Done" } else { "Done so far" };
            self.head(tone, &format!("{done}: {what}{}", if open.is_empty() { unread.as_str() } else { "" }));
        }
        if !open.is_empty() || progress.steps > 0 && progress.open == 0 {
            return;
        }
        if progress.open > 0 {
            let what = if over.is_empty() && known_alone == 0 {
                "No exposed certificate is still valid, but "
            } else {
                ""
            };
            return self.head(
                Tone::Warn,
                &format!(
                    "{what}{} open, such as keys to search for and to destroy{unread}",
                    count_are(progress.open, "step")
                ),
            );
        }
        let certificates = inventory.certificates.len();
        let oldest = inventory.certificates.iter().filter_map(|c| c.certificate.not_before).min();
        let question = format!(
            "Is {} the right incident? --incident NAME|FILE and --cutoff TIME choose another",
            incident.name
        );
        let on_dates = || {
            (0..certificates).all(|at| {
                planned.assessment.keys[inventory.certificates[at].key as usize].on_certificate_dates
            })
        };
        match oldest.filter(|oldest| *oldest >= incident.cutoff) {
            Some(oldest) if !planned.has_old_file() => {
                self.head(
                    Tone::Warn,
                    &format!(
                        "Nothing in the input is older than the cutoff {}: the oldest certificate is of {}{unread}",
                        incident.cutoff,
                        oldest.day()
                    ),
                );
                self.line(&[(Tone::Plain, &format!("  {question}"))]);
            }
            _ if certificates > 0 && on_dates() => {
                let all = if certificates == 1 {
                    "The only certificate is".to_owned()
                } else {
                    format!("All {certificates} certificates are")
                };
                self.head(
                    Tone::Warn,
                    &format!("{all} clear on certificate dates alone, without an upload record{unread}"),
                );
                self.line(&[(Tone::Plain, &format!("  {question}"))]);
            }
            _ if progress.inspect > 0 => self.head(
                tone,
                &format!("No exposed certificate is still valid among those that could be read{unread}"),
            ),
            _ => self.head(tone, "No exposed certificate is still valid"),
        }
    }
}
