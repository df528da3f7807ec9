//! `plan.md`: the plan for people, in Markdown that shows names and never obeys them.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use super::planned::Planned;
use super::summary::Summary;
use super::view::{self, KEYS, Row, count};
use crate::assess::Verdict;
use crate::finding::{Code, Finding};
use crate::id::StepId;
use crate::pki::name::is_hidden;
use crate::pki::{Unread, show};
use crate::plan::{Risk, Status, Step, StepKind};
use crate::shell;
use crate::store::question::{self, OptionName, Value};

/// Makes hostile text plain text of Markdown: nothing in it can be markup, a link or HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = show(text);
    let mut rest = &*text;
    while let Some(at) = rest.bytes().position(|b| SPECIAL[usize::from(b)]) {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        match rest.as_bytes()[at] {
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            // Bare addresses become links in many readers; times stay legible in an editor.
            b':' => out.push_str(if behind.starts_with('/') { "&#58;" } else { ":" }),
            b'@' => out.push_str("&#64;"),
            special => out.extend(['\\', char::from(special)]),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What [`escape`] looks at: all of it ASCII, so that each is a character of its own.
const SPECIAL: [bool; 256] = {
    let special = b"&<>\\`*_[]|~#!$:@";
    let mut table = [false; 256];
    let mut i = 0;
    while i < special.len() {
        table[special[i] as usize] = true;
        i += 1;
    }
    table
};

/// What a `search` step says: no name from a certificate stands in it, and its crt.sh addresses may be links.
fn sentence(text: &str) -> String {
    escape(text).replace("https&#58;//crt.sh/?spkisha256=", "https://crt.sh/?spkisha256=")
}

/// Writes the whole text.
///
/// # Errors
/// Those of `out`.
pub fn write(planned: &Planned<'_>, out: &mut dyn Write) -> io::Result<()> {
    let incident = planned.incident;
    let summary = Summary::of(planned);
    let title = if incident.title.is_empty() { &incident.name } else { &incident.title };
    writeln!(out, "# {}\n", escape(title))?;
    if !incident.summary.is_empty() {
        writeln!(out, "{}\n", escape(incident.summary.trim()))?;
    }
    writeln!(
        out,
        "Everything uploaded before **{}** counts as exposed. Standing and order as of {}.\n",
        incident.cutoff, planned.clock.as_of
    )?;
    push_question(out, planned)?;
    writeln!(out, "| | |\n|---|---|")?;
    let ledger = planned.inventory.ledger();
    for (what, n) in [
        ("certificates to act on", summary.to_act_on),
        ("exposed, but expired", summary.expired),
        ("clear", summary.clear),
        ("of these on certificate dates alone, without an upload record", summary.clear_on_dates),
        (
            "of these taken as certificates of CAs by key usage, or by what they issued",
            summary.clear_by_chain_rule,
        ),
        ("keys confirmed exposed", summary.exposed_keys),
    ] {
        writeln!(out, "| {what} | {n} |")?;
    }
    writeln!(
        out,
        "| records seen = read + locked + unreadable + skipped | {} = {} + {} + {} + {} |\n",
        ledger.seen, ledger.read, ledger.locked, ledger.unreadable, ledger.skipped
    )?;
    if !incident.advice.is_empty() {
        out.write_all("## Know this first\n\n".as_bytes())?;
        for advice in &incident.advice {
            writeln!(out, "- {}", escape(advice))?;
        }
        writeln!(out)?;
    }
    push_first(out, planned)?;
    push_rows(out, planned, &[("Certificates to act on", Verdict::asks_for_action, Listed::All)])?;
    push_authorities(out, planned)?;
    push_steps(out, planned)?;
    push_inspections(out, planned)?;
    push_rows(
        out,
        planned,
        &[
            ("Exposed, but expired", |v| v == Verdict::Expired, Listed::First(EXPIRED)),
            ("Clear", |v| matches!(v, Verdict::Clear | Verdict::Revoked), Listed::UpTo(CLEAR)),
        ],
    )?;
    push_unread(out, planned)?;
    push_findings(out, planned)
}

/// What the plan rests on: the options that the case stores.
fn push_question(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let given = |(option, values): (OptionName, &[Value])| {
        let values: Vec<String> = values.iter().map(|v| escape(&question::name(option, v))).collect();
        format!("--{} {}", option.as_str(), values.join(", ")).trim_end().to_owned()
    };
    let options: Vec<String> = planned.question.options().map(given).collect();
    let options = if options.is_empty() { "none but the defaults".to_owned() } else { options.join("; ") };
    writeln!(
        out,
        "Paths: {}. Options: {options}. The case stores them; a later run needs only `-o CASE`.\n",
        escape(&planned.roots.names().join(", "))
    )
}

/// Findings that come before everything else.
const FIRST: &[Code] =
    &[Code::ExposureMilder, Code::ManifestFewMatches, Code::DecisionOutdated, Code::RetiredKeyPresent];

fn push_first(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let findings: Vec<&Finding> = FIRST
        .iter()
        .flat_map(|code| planned.assessment.findings.iter().filter(move |f| f.code == *code))
        .collect();
    if findings.is_empty() {
        return Ok(());
    }
    out.write_all("## Look at this first\n\n".as_bytes())?;
    list_findings(out, &findings)?;
    writeln!(out)
}

/// The CAs that have to act, and what each wants.
fn push_authorities(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let mut list: Vec<_> = planned.plan.authorities.list.iter().collect();
    if list.is_empty() {
        return Ok(());
    }
    list.sort_by_key(|a| std::cmp::Reverse(a.certificates));
    out.write_all("## Whose certificates they are, and what that CA wants\n\n".as_bytes())?;
    for authority in list.iter().take(AUTHORITIES) {
        let who = if authority.known { "" } else { ", operator unknown" };
        let count = count(authority.certificates as usize, "certificate");
        writeln!(
            out,
            "- **{}**{who}: {count} to act on; {}.",
            escape(&authority.name),
            escape(authority.because.trim_end_matches('.'))
        )?;
        for says in &authority.how {
            writeln!(out, "  - {}", escape(says))?;
        }
    }
    if list.len() > AUTHORITIES {
        writeln!(out, "- and {} more, in plan.json", list.len() - AUTHORITIES)?;
    }
    writeln!(out)
}

/// CAs that the text tells of; real incidents have a handful.
const AUTHORITIES: usize = 200;

fn push_steps(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let Planned { inventory, assessment, plan, .. } = *planned;
    if plan.order.is_empty() {
        return Ok(());
    }
    out.write_all("## What to do, most urgent first\n\nSteps are numbered within their key, ticked `[x]` when done and `[-]` when waived; the word in code is the name of the step. Revoking by proof of a key revokes **all** certificates on that key at that CA; ".as_bytes())?;
    out.write_all(
        "so no proof leaves before every member of its group has its replacement in place. With `&output=json` behind its address crt.sh answers "
            .as_bytes(),
    )?;
    out.write_all(
        "a search as data, for `certrecall mark CASE STEP searched --ct-export FILE`.\n".as_bytes(),
    )?;
    // Those of a plan are very many, and only the first keys are told of.
    let told: hashbrown::HashSet<StepId> =
        plan.order.iter().take(KEYS).flat_map(|key| &plan.steps_of_key[*key as usize]).copied().collect();
    let by_id: HashMap<&str, &Step> =
        plan.steps.iter().filter(|s| told.contains(&s.id)).map(|s| (s.id.as_str(), s)).collect();
    let requests: HashMap<&str, &String> = plan
        .replacements
        .iter()
        .filter_map(|r| Some((r.step.as_str(), planned.directories.get(&r.profile)?)))
        .collect();
    let mut shown = HashSet::new();
    for &key in plan.order.iter().take(KEYS) {
        let entry = &inventory.keys[key as usize];
        let verdict = &assessment.keys[key as usize];
        let names: Vec<String> = entry
            .certificates
            .iter()
            .map(|c| escape(&inventory.certificates[*c as usize].certificate.display_name()))
            .collect();
        let mut names = names;
        names.dedup();
        let most_urgent =
            entry.certificates.iter().map(|c| assessment.certificates[*c as usize].verdict).min();
        let title = match most_urgent {
            Some(most_urgent) => format!(
                "{}: {}",
                names.iter().take(4).cloned().collect::<Vec<_>>().join(", "),
                most_urgent.as_str()
            ),
            None => {
                let place = entry
                    .private_places()
                    .next()
                    .map(|o| escape(&inventory.files[o.file as usize].place.shown()));
                place.map_or_else(String::new, |place| format!("{place}: ")) + "a key without a certificate"
            }
        };
        writeln!(
            out,
            "\n### {title}\n\nKey `{}` ({} {}): **{}**.",
            entry.spki,
            escape(entry.facts.algorithm.as_str()),
            entry.facts.bits,
            verdict.exposure.as_str()
        )?;
        for because in verdict.because.iter().take(REASONS) {
            writeln!(out, "- {}", escape(&because.says(inventory)))?;
        }
        if verdict.because.len() > REASONS {
            writeln!(out, "- and {} more, in plan.json", count(verdict.because.len() - REASONS, "reason"))?;
        }
        let risk = Risk::of(inventory, assessment, &plan.voiding, planned.clock, key);
        let parts: Vec<String> =
            risk.because.iter().map(|p| format!("{} since {}", p.points, p.says)).collect();
        writeln!(out, "- Urgency {}: {}\n", risk.score, escape(&parts.join(", ")))?;
        let group = &plan.steps_of_key[key as usize];
        for (at, id) in group.iter().enumerate() {
            let Some(step) = by_id.get(id.as_str()) else { continue };
            let again = !shown.insert(id.as_str());
            push_step(
                out,
                step,
                at + 1,
                again,
                requests.get(id.as_str()).map(|directory| directory.as_str()),
                group,
            )?;
        }
    }
    if plan.order.len() > KEYS {
        let rest = plan.order.len() - KEYS;
        write!(
            out,
            "\n### And {} of less urgency\n\nTheir steps stand in plan.json, in this order; ",
            count(rest, "key")
        )?;
        write!(
            out,
            "`certrecall explain CASE NAME` tells those of one name or account, `certrecall status CASE` what can be done now, "
        )?;
        writeln!(out, "`certrecall status CASE --by account` (or `--by ca`) how far each is.")?;
    }
    writeln!(out)?;
    Ok(())
}

/// The steps about what could not be read or used.
fn push_inspections(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let steps: Vec<&Step> = planned.plan.steps.iter().filter(|s| s.kind == StepKind::Inspect).collect();
    if steps.is_empty() {
        return Ok(());
    }
    out.write_all("## What could not be read or used\n\n".as_bytes())?;
    for step in steps.iter().take(KEYS) {
        write!(out, "- [{}] **{}**: {}.", mark(step.status), step.kind.as_str(), escape(&step.says))?;
        push_needs(out, step, &[])?;
        writeln!(out, " `{}`", step.id)?;
    }
    if steps.len() > KEYS {
        writeln!(out, "- and {} more, in plan.json", steps.len() - KEYS)?;
    }
    writeln!(out)
}

/// One step: its line, with its number within its key, and the commands that do it.
fn push_step(
    out: &mut dyn Write,
    step: &Step,
    number: usize,
    again: bool,
    request: Option<&str>,
    group: &[StepId],
) -> io::Result<()> {
    let again = if again { " (the same step as above)" } else { "" };
    let says = if step.kind == StepKind::Search { sentence(&step.says) } else { escape(&step.says) };
    write!(out, "- [{}] {number}. **{}**{again}: {}.", mark(step.status), step.kind.as_str(), says)?;
    match request {
        Some(directory) => out.write_all(the_request(directory).as_bytes())?,
        // What only a search knows has no certificate here to make a request from.
        None if step.kind == StepKind::Replace && !step.certificates.is_empty() => {
            out.write_all(NO_REQUEST.as_bytes())?
        }
        None => {}
    }
    push_needs(out, step, group)?;
    writeln!(out, " `{}`", step.id)?;
    push_commands(out, step)
}

/// The text with each step ticked, or not, as its status is now; everything else stays as it is, notes of
/// people among it.
#[must_use]
pub fn with_marks(text: &str, steps: &[Step]) -> String {
    let by_id: HashMap<&str, Status> = steps.iter().map(|s| (s.id.as_str(), s.status)).collect();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let status = id_of(line).and_then(|id| by_id.get(id));
        match (status, ["- [ ]", "- [x]", "- [-]"].iter().find_map(|tick| line.strip_prefix(tick))) {
            (Some(status), Some(rest)) => out.extend(["- [", &mark(*status).to_string(), "]", rest]),
            _ => out.push_str(line),
        }
    }
    out
}

/// The text with the steps that searches added, each behind the search that found it (`behind`). The other
/// steps of that key get the numbers and the needs that follow; everything else stays as it is.
#[must_use]
pub fn with_found(text: &str, steps: &[Step], behind: &HashMap<StepId, Vec<StepId>>) -> String {
    if behind.is_empty() {
        return text.to_owned();
    }
    let by_id: HashMap<&str, &Step> = steps.iter().map(|s| (s.id.as_str(), s)).collect();
    let step_of = |line: &str| {
        if line.starts_with("- [") { id_of(line).and_then(|id| by_id.get(id).copied()) } else { None }
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Vec::with_capacity(text.len());
    for section in lines.chunk_by(|_, next| !next.starts_with("## ") && !next.starts_with("### ")) {
        let listed: Vec<StepId> =
            section.iter().filter_map(|line| step_of(line)).map(|step| step.id).collect();
        let new =
            |search: &StepId| behind.get(search).into_iter().flatten().filter(|id| !listed.contains(id));
        if listed.iter().all(|id| new(id).next().is_none()) {
            section.iter().for_each(|line| out.extend_from_slice(line.as_bytes()));
            continue;
        }
        let group: Vec<StepId> =
            listed.iter().flat_map(|id| std::iter::once(id).chain(new(id))).copied().collect();
        let number = |id: &StepId| group.iter().position(|other| other == id).map_or(0, |at| at + 1);
        for line in section {
            let Some(step) = step_of(line) else {
                out.extend_from_slice(line.as_bytes());
                continue;
            };
            push_renumbered(&mut out, line, step, number(&step.id), &group);
            for step in new(&step.id).filter_map(|id| by_id.get(id.as_str())) {
                // What is written to memory is written.
                let _ = push_step(&mut out, step, number(&step.id), false, None, &group);
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// The line of a step with another number, and with what it needs now.
fn push_renumbered(out: &mut Vec<u8>, line: &str, step: &Step, number: usize, group: &[StepId]) {
    // Text of the step is escaped, so no asterisk of it is without a backslash before.
    let tail = [" *After ", " *At once if ", " *Due "]
        .iter()
        .filter_map(|part| line.find(part))
        .chain(line.rfind(" `"))
        .min();
    let parts = tail.and_then(|tail| {
        let (tick, rest) = line[..tail].split_once("] ")?;
        Some((tick, rest.split_once(". ")?.1))
    });
    let Some((tick, body)) = parts else { return out.extend_from_slice(line.as_bytes()) };
    out.extend_from_slice(format!("{tick}] {number}. {body}").as_bytes());
    // What is written to memory is written.
    let _ = push_needs(out, step, group);
    out.extend_from_slice(format!(" `{}`\n", step.id).as_bytes());
}

/// What stands behind a `replace` step whose request is not made yet.
const NO_REQUEST: &str = " `certrecall rekey` makes the request, in replacements/.";

/// What stands there once it is.
fn the_request(directory: &str) -> String {
    format!(" The request: {}.", escape(&format!("{directory}/request.pem")))
}

/// The text as [`write()`] left it, with the requests that were made since: of each `replace` step the
/// directory.
#[must_use]
pub fn with_requests(text: &str, directories: &HashMap<StepId, String>) -> String {
    let by_id: HashMap<&str, &String> =
        directories.iter().map(|(id, directory)| (id.as_str(), directory)).collect();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let directory =
            if line.contains(NO_REQUEST) { id_of(line).and_then(|id| by_id.get(id)) } else { None };
        match directory {
            Some(directory) => out.push_str(&line.replacen(NO_REQUEST, &the_request(directory), 1)),
            None => out.push_str(line),
        }
    }
    out
}

/// The name of the step that a line is about.
fn id_of(line: &str) -> Option<&str> {
    line.trim_end().strip_suffix('`')?.rsplit_once('`').map(|(_, id)| id)
}

/// Reasons that the text repeats for one key.
const REASONS: usize = 8;

const fn mark(status: Status) -> char {
    match status {
        Status::Done => 'x',
        Status::Waived => '-',
        Status::Failed | Status::Ready | Status::Waiting => ' ',
    }
}

/// What a step waits for, by number within its key, by name elsewhere; and when it is due.
fn push_needs(out: &mut dyn Write, step: &Step, group: &[StepId]) -> io::Result<()> {
    let name = |need: &StepId| {
        group.iter().position(|id| id == need).map_or_else(|| format!("`{need}`"), |at| (at + 1).to_string())
    };
    if !step.needs.is_empty() {
        let needs: Vec<String> = step.needs.iter().map(name).collect();
        write!(out, " *After {}.*", needs.join(", "))?;
    }
    if let Some(first) = &step.or_after {
        write!(out, " *At once if {} is confirmed.*", name(first))?;
    }
    if let (Some(due), Some(source)) = (step.deadline, &step.deadline_source) {
        write!(out, " *Due {due}: {}.*", escape(source))?;
    }
    Ok(())
}

fn push_commands(out: &mut dyn Write, step: &Step) -> io::Result<()> {
    if step.commands.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  ```sh")?;
    for command in &step.commands {
        let line = shell::line(command);
        // A name that could end the block, or hide something in it, is for programs to read.
        if line.contains('`') || line.chars().any(is_hidden) {
            writeln!(out, "  # a command with unusual characters: see plan.json, step {}", step.id)?;
        } else {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out, "  ```\n")
}

/// A title, which certificates belong below it, and how many are listed one by one.
type Table = (&'static str, fn(Verdict) -> bool, Listed);

/// How many rows a table has.
enum Listed {
    /// All.
    All,
    /// The most urgent ones.
    First(usize),
    /// None if there are more than so many: they are counted by the evidence that clears them.
    UpTo(usize),
}

fn push_rows(out: &mut dyn Write, planned: &Planned<'_>, tables: &[Table]) -> io::Result<()> {
    for (title, wanted, listed) in tables {
        let mut certificates = view::select(planned, wanted);
        if certificates.is_empty() {
            continue;
        }
        writeln!(out, "## {title}\n")?;
        let most = match listed {
            Listed::UpTo(most) if certificates.len() > *most => {
                for (kind, n) in view::clear_counts(planned, &certificates) {
                    writeln!(out, "- {}", view::cleared(kind, n))?;
                }
                writeln!(out, "\nplan.json lists each of these {} with its reasons.\n", certificates.len())?;
                continue;
            }
            Listed::First(most) => *most,
            Listed::All | Listed::UpTo(_) => usize::MAX,
        };
        out.write_all("| certificate | verdict | exposure | standing | until | issued by | found in | why | new request |\n|---|---|---|---|---|---|---|---|---|\n".as_bytes())?;
        view::sort(planned, &mut certificates);
        for at in certificates.iter().take(most) {
            push_row(out, &view::row(planned, *at))?;
        }
        if certificates.len() > most {
            writeln!(
                out,
                "\nAnd {} of less urgency, in plan.json.",
                count(certificates.len() - most, "certificate")
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Clear certificates beyond this many are counted in the text, not listed.
const CLEAR: usize = 500;

/// Certificates that expired, for which nothing can be revoked, of which the text lists no more.
const EXPIRED: usize = 2000;

fn push_row(out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
    let places: Vec<String> = row.places.iter().map(|p| escape(p)).collect();
    let request = row.request.as_ref().map_or_else(String::new, |r| escape(&format!("{r}/request.pem")));
    let words = [row.verdict.as_str(), row.exposure.as_str(), row.standing.as_str()].join(" | ");
    let places = places.join("<br>");
    writeln!(
        out,
        "| {} | {words} | {} | {} | {places} | {} | {request} |",
        escape(&row.name),
        row.until,
        escape(&row.issuer),
        escape(&row.why)
    )?;
    Ok(())
}

fn push_unread(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let inventory = planned.inventory;
    if inventory.troubles.is_empty() && inventory.unnamed_keys.is_empty() {
        return Ok(());
    }
    out.write_all(
        "## Not read: look at these by hand\n\n| file | line | what | why |\n|---|---|---|---|\n".as_bytes(),
    )?;
    for trouble in &inventory.troubles {
        let (kind, reason, detail) = match &trouble.unread {
            Unread::Locked(reason, _) => ("locked", reason, ""),
            Unread::Skipped(reason, detail) => ("skipped", reason, detail.as_str()),
            Unread::Unreadable(reason, detail) => ("unreadable", reason, detail.as_str()),
        };
        let detail = if detail.is_empty() { reason.describe() } else { detail };
        let line = if trouble.line > 0 { trouble.line.to_string() } else { String::new() };
        writeln!(
            out,
            "| {} | {line} | {kind} | {reason}: {} |",
            escape(&inventory.files[trouble.file as usize].place.shown()),
            escape(detail)
        )?;
    }
    for key in &inventory.unnamed_keys {
        writeln!(
            out,
            "| {} | {} | private key | its public half cannot be computed, so nothing could be joined to it |",
            escape(&inventory.path(key)),
            key.line
        )?;
    }
    writeln!(out)?;
    Ok(())
}

fn push_findings(out: &mut dyn Write, planned: &Planned<'_>) -> io::Result<()> {
    let findings = &planned.assessment.findings;
    if findings.is_empty() {
        return Ok(());
    }
    let findings: Vec<&Finding> = findings.iter().filter(|f| !FIRST.contains(&f.code)).collect();
    if findings.is_empty() {
        return Ok(());
    }
    out.write_all("## Findings on the evidence\n\n".as_bytes())?;
    list_findings(out, &findings)
}

/// Findings by their codes, some of each, so that very many of one do not hide another.
fn list_findings(out: &mut dyn Write, findings: &[&Finding]) -> io::Result<()> {
    let mut by_code: Vec<(Code, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match by_code.iter_mut().find(|(code, _)| *code == finding.code) {
            Some((_, list)) => list.push(finding),
            None => by_code.push((finding.code, vec![finding])),
        }
    }
    for (code, list) in by_code {
        for finding in list.iter().take(FINDINGS) {
            writeln!(out, "- `{code}` {}: {}", escape(&finding.place), escape(&finding.says))?;
        }
        if list.len() > FINDINGS {
            writeln!(out, "- `{code}`: and {} more, in plan.json", list.len() - FINDINGS)?;
        }
    }
    Ok(())
}

/// Findings of one code that the text lists.
const FINDINGS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_markup() {
        assert_eq!(
            escape("[x](http://evil) <script> `a` | b"),
            "\\[x\\](http&#58;//evil) &lt;script&gt; \\`a\\` \\| b"
        );
        assert_eq!(escape("a\nb\u{202e}"), "a\\\\0Ab\\\\E2\\\\80\\\\AE");
        assert_eq!(escape("https://a http:\\//b 12:30:00 m:7"), "https&#58;//a http:\\\\//b 12:30:00 m:7");
        assert_eq!(sentence("see https://crt.sh/?spkisha256=ab: x"), "see https://crt.sh/?spkisha256=ab: x");
    }
}
