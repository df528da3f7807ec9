//! Everything that follows from a scene, as lines that a person can read. Hashes are shown as the names of
//! what they stand for.

use std::collections::HashMap;
use std::fmt::Write as _;

use certrecall::assess::Because;
use certrecall::id::StepId;
use certrecall::plan::progress::{self, Mark, Word};
use certrecall::plan::{Plan, Risk, Step, StepKind};
use certrecall::time::Time;

use super::{Scene, Told};
use crate::time;

impl Scene {
    /// Verdicts, reasons and findings; of the plan the kinds of the steps, and what is to be looked at.
    pub(super) fn verdicts(&self, told: &Told) -> String {
        let mut out = String::new();
        self.keys(&mut out, told);
        self.evidence(&mut out, told);
        for (key, ids) in
            told.inventory.keys.iter().zip(&told.plan.steps_of_key).filter(|(_, ids)| !ids.is_empty())
        {
            let kind =
                |id: &StepId| told.plan.steps.iter().find(|s| s.id == *id).map_or("?", |s| s.kind.as_str());
            let kinds: Vec<&str> = ids.iter().map(kind).collect();
            writeln!(out, "steps of {}: {}", key.spki, kinds.join(" ")).unwrap();
        }
        for step in told.plan.steps.iter().filter(|s| s.kind == StepKind::Inspect) {
            writeln!(out, "{}: {}", step.id.as_str(), step.says).unwrap();
        }
        self.named(out)
    }

    /// The same with the whole plan, and what people said of it.
    pub(super) fn whole(&self, told: &Told) -> String {
        let mut out = String::new();
        self.keys(&mut out, told);
        self.evidence(&mut out, told);
        self.steps(&mut out, told);
        self.cas_of(&mut out, told);
        self.progress(&mut out, told);
        self.named(out)
    }

    /// Names in the place of hashes.
    pub(super) fn named(&self, mut text: String) -> String {
        for (name, certificate) in &self.certificates {
            text = text.replace(&certificate.sha256().to_string(), &format!("<{name}>"));
        }
        for (name, key) in &self.keys {
            text = text.replace(&key.spki().to_string(), &format!("<key {name}>"));
        }
        text.replace(&self.folder.path().to_string_lossy().into_owned(), "")
    }

    fn keys(&self, out: &mut String, told: &Told) {
        let Told { inventory, assessment, .. } = told;
        for (name, key) in &self.keys {
            let Ok(at) = inventory.keys.binary_search_by_key(&key.spki(), |k| k.spki) else { continue };
            let verdict = &assessment.keys[at];
            let mut notes = Vec::new();
            if verdict.by_evidence != verdict.exposure {
                notes.push(format!("{} by evidence", verdict.by_evidence.as_str()));
            }
            notes.extend(verdict.on_certificate_dates.then(|| "on certificate dates".to_owned()));
            notes.extend(verdict.on_chain_rule.then(|| "on a chain rule".to_owned()));
            notes.extend(
                (verdict.exposure.is_suspect() && !verdict.spreads.is_suspect())
                    .then(|| "does not spread".to_owned()),
            );
            notes.extend((verdict.omitted > 0).then(|| format!("{} reasons omitted", verdict.omitted)));
            notes.extend(
                (!verdict.accounts.is_empty()).then(|| format!("accounts {}", verdict.accounts.join(" "))),
            );
            writeln!(out, "key {name}: {}{}", verdict.exposure.as_str(), bracketed(&notes)).unwrap();
            verdict.because.iter().for_each(|b| because(out, b, told));
            for at in &inventory.keys[at].certificates {
                let sha256 = inventory.certificates[*at as usize].certificate.sha256;
                let verdict = &assessment.certificates[*at as usize];
                writeln!(
                    out,
                    "  certificate {sha256}: {} {}",
                    verdict.standing.as_str(),
                    verdict.verdict.as_str()
                )
                .unwrap();
                verdict.because.iter().for_each(|b| because(out, b, told));
            }
        }
    }

    fn evidence(&self, out: &mut String, told: &Told) {
        let Told { inventory, assessment, .. } = told;
        let path = |file: u32| inventory.files[file as usize].place.shown().into_owned();
        for (file, span) in &assessment.path_rows {
            writeln!(out, "row by path for {}: {}", path(*file), ends(span.earliest, span.latest)).unwrap();
        }
        for (row, file) in &assessment.unusable_rows {
            writeln!(out, "unusable {row} for {}", path(*file)).unwrap();
        }
        if !assessment.uploaders.is_empty() {
            for (entry, key) in inventory.keys.iter().zip(0u32..) {
                for file in 0..inventory.files.len() as u32 {
                    let accounts = assessment.uploaders.of(file, key);
                    if !accounts.is_empty() && entry.private_places().any(|o| o.file == file) {
                        writeln!(out, "uploader of {} in {}: {}", entry.spki, path(file), accounts.join(" "))
                            .unwrap();
                    }
                }
            }
        }
        let told = |code| assessment.findings.iter().filter(|f| f.code == code).count();
        for (at, finding) in assessment.findings.iter().enumerate() {
            // Of very many the first, and the one that counts the others.
            let before = assessment.findings[..at].iter().filter(|f| f.code == finding.code).count();
            if told(finding.code) > 20 && before > 0 && before + 2 < told(finding.code) {
                continue;
            }
            writeln!(out, "finding {} {}: {}", finding.code.as_str(), finding.place, finding.says).unwrap();
        }
        for (code, count) in
            assessment.finding_counts.iter().filter(|(code, count)| told(**code) as u64 != **count)
        {
            writeln!(out, "count {} {count}", code.as_str()).unwrap();
        }
    }

    fn steps(&self, out: &mut String, told: &Told) {
        let Told { inventory, assessment, plan, clock, .. } = told;
        for key in &plan.order {
            let risk = Risk::of(inventory, assessment, &plan.voiding, *clock, *key);
            assert_eq!(risk.score, Risk::score(inventory, assessment, &plan.voiding, *clock, *key));
            let parts: Vec<String> =
                risk.because.iter().map(|p| format!("{} {}", p.points, p.says)).collect();
            writeln!(
                out,
                "urgency {} of {}: {}",
                risk.score,
                inventory.keys[*key as usize].spki,
                parts.join("; ")
            )
            .unwrap();
        }
        let numbers = numbers(plan);
        let of = |ids: &[StepId]| {
            ids.iter()
                .map(|id| numbers.get(id).cloned().unwrap_or_else(|| "?".to_owned()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (step, number) in plan.steps.iter().zip(1..) {
            let Step {
                kind,
                status,
                needs,
                deadline,
                deadline_source,
                says,
                key,
                certificates,
                authority,
                clock,
                or_after,
                only_if,
                commands,
                ..
            } = step;
            // Whether a step is the same as in another plan is told by its id.
            let mut notes = vec![step.id.as_str().to_owned()];
            notes.extend((!needs.is_empty()).then(|| format!("needs {}", of(needs))));
            notes.extend(or_after.map(|id| format!("or after {}", of(&[id]))));
            notes.extend(only_if.map(|id| format!("only if {}", of(&[id]))));
            notes.extend(key.map(|key| format!("key {key}")));
            let mut names: Vec<String> = certificates.iter().map(|c| self.named(c.to_string())).collect();
            names.sort_unstable();
            notes.extend((!names.is_empty()).then(|| format!("certificates {}", names.join(" "))));
            notes.extend(authority.as_ref().map(|a| format!("by {a}")));
            notes.extend(clock.as_ref().map(|c| format!("{} h: {}", c.hours, c.source)));
            notes.extend(
                deadline.map(|t| format!("until {t}: {}", deadline_source.as_deref().unwrap_or_default())),
            );
            writeln!(out, "{number} {} {}{}", kind.as_str(), status.as_str(), bracketed(&notes)).unwrap();
            writeln!(out, "    {says}").unwrap();
            commands.iter().for_each(|command| writeln!(out, "    $ {}", command.join(" ")).unwrap());
        }
        for (key, ids) in inventory.keys.iter().zip(&plan.steps_of_key).filter(|(_, ids)| !ids.is_empty()) {
            writeln!(out, "steps of {}: {}", key.spki, of(ids)).unwrap();
        }
        for replacement in &plan.replacements {
            let name =
                |at: u32| self.named(inventory.certificates[at as usize].certificate.sha256.to_string());
            let mut all: Vec<String> = replacement.replaces.iter().map(|at| name(*at)).collect();
            all.sort_unstable();
            let waits = if replacement.waits_for_new_ca { ", waits for a new CA" } else { "" };
            writeln!(
                out,
                "replacement {}: mirrors {}, replaces {}{waits}",
                of(&[replacement.step]),
                name(replacement.mirrors),
                all.join(" ")
            )
            .unwrap();
            assert!(replacement.replaces.iter().all(|at| {
                plan.replacement_of[*at as usize]
                    .is_some_and(|r| plan.replacements[r as usize].step == replacement.step)
            }));
        }
        let mut voiding: Vec<String> = plan.voiding.iter().map(|c| self.named(c.to_string())).collect();
        voiding.sort_unstable();
        voiding.iter().for_each(|c| writeln!(out, "voids others: {c}").unwrap());
        for (key, list) in &plan.elsewhere {
            list.iter().for_each(|l| {
                writeln!(out, "elsewhere on {key}: {}", l.identity().replace('\n', " ")).unwrap()
            });
        }
    }

    fn cas_of(&self, out: &mut String, told: &Told) {
        let Told { inventory, plan, .. } = told;
        for authority in &plan.authorities.list {
            let known = if authority.known { "known" } else { "unknown" };
            writeln!(
                out,
                "CA {} ({}), {known}, {}, of {}: {}",
                authority.id,
                authority.name,
                authority.confidence.as_str(),
                authority.certificates,
                authority.because
            )
            .unwrap();
            if told.cas.wants_files(authority) {
                writeln!(out, "    its commands need files").unwrap();
            }
            authority.retired.iter().for_each(|why| writeln!(out, "    retired: {why}").unwrap());
            authority.how.iter().for_each(|how| writeln!(out, "    {how}").unwrap());
        }
        for name in self.certificates.keys() {
            let sha256 = self.certificates[name].sha256();
            let Ok(at) = inventory.certificates.binary_search_by_key(&sha256, |c| c.certificate.sha256)
            else {
                continue;
            };
            let Some(issuance) = plan.authorities.of(at as u32) else { continue };
            let authority = plan.authorities.authority_of(at as u32).map_or("none", |a| &a.id);
            let (sort, reach, confidence) =
                (issuance.sort.as_str(), issuance.reach.as_str(), issuance.confidence.as_str());
            writeln!(
                out,
                "issued {name}: {sort}, {reach}, CA {authority}, {confidence}: {}",
                issuance.because
            )
            .unwrap();
        }
    }

    /// What becomes of the steps when people say something of them: `N STATUS [T]`, several with commas
    /// between.
    fn progress(&self, out: &mut String, told: &Told) {
        let mut words: Vec<Word> = Vec::new();
        for (line, day) in self.said.iter().zip(1..) {
            for said in line.split(',') {
                let parts: Vec<&str> = said.split_whitespace().collect();
                let at = parts.get(2).map_or_else(|| Time::from_unix(day * 86_400), |t| time(t));
                let step = &told.plan.steps[parts[0].parse::<usize>().unwrap() - 1];
                let mark: Mark = parts[1].parse().unwrap();
                match mark.fits(step) {
                    Ok(()) => words.push(Word {
                        step: step.id,
                        mark,
                        reason: "because".to_owned(),
                        by: "alice".to_owned(),
                        at,
                        recorded: at,
                    }),
                    Err(error) => writeln!(out, "{said}: it can be {}", error.fitting.join(" ")).unwrap(),
                }
            }
            let mut steps = told.plan.steps.clone();
            progress::apply(&mut steps, &words);
            let status = |(step, number): (&Step, usize)| {
                let due = step.deadline.map(|t| format!(" until {t}")).unwrap_or_default();
                format!("{number} {}{due}", step.status.as_str())
            };
            let all: Vec<String> = steps.iter().zip(1..).map(status).collect();
            writeln!(out, "said {line}: {}", all.join(", ")).unwrap();
        }
    }
}

/// Steps by their place in the plan.
fn numbers(plan: &Plan) -> HashMap<StepId, String> {
    plan.steps.iter().zip(1..).map(|(step, number): (&Step, u32)| (step.id, number.to_string())).collect()
}

fn because(out: &mut String, because: &Because, told: &Told) {
    let codes: Vec<String> = because.findings.iter().map(|c| c.as_str().to_owned()).collect();
    let says = because.says(&told.inventory);
    writeln!(
        out,
        "  {} {} {}{}: {says}",
        because.evidence.as_str(),
        because.source,
        ends(because.earliest, because.latest),
        bracketed(&codes)
    )
    .unwrap();
}

fn ends(from: Option<Time>, to: Option<Time>) -> String {
    format!(
        "{}..{}",
        from.map(|t| t.to_string()).unwrap_or_default(),
        to.map(|t| t.to_string()).unwrap_or_default()
    )
}

fn bracketed(notes: &[String]) -> String {
    if notes.is_empty() { String::new() } else { format!(" [{}]", notes.join("; ")) }
}
