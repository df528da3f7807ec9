//! What `complete` prints: a line for each replacement, and below it what was found.

use std::collections::HashMap;

use certrecall::id::StepId;
use certrecall::pki::show;
use certrecall::rekey::complete::{Found, LeftOut, Other, Severity, State, Stranger, Written};
use certrecall::report::json;
use certrecall::report::line::{Line, Tone};
use serde::Serialize;

use super::super::error::Error;
use super::super::output_format::CaseFormat;
use super::super::term::Terminal;
use super::done::Done;

/// The version of the document.
const SCHEMA: &str = "certrecall/complete/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    dry_run: bool,
    replacements: &'a [certrecall::rekey::complete::Judgement],
    strangers: &'a [Stranger],
    others: &'a [Other],
    written: &'a [Written],
    left_out: &'a [LeftOut],
}

pub(super) fn print(done: &Done, format: CaseFormat, terminal: &Terminal) -> Result<(), Error> {
    let Done { judged, issued, written, left_out, dry_run } = done;
    let counted = |state: &[State]| judged.replacements.iter().filter(|r| state.contains(&r.state)).count();
    match format {
        CaseFormat::Json => {
            let document = Document {
                schema: SCHEMA,
                dry_run: *dry_run,
                replacements: &judged.replacements,
                strangers: &judged.strangers,
                others: &issued.others,
                written,
                left_out,
            };
            let mut text = json::to_vec(&document);
            text.push(b'\n');
            terminal.data(&text)?;
        }
        CaseFormat::Table => terminal.print(&lines(done))?,
    }
    let refused = counted(&[State::Refused]) + judged.strangers.iter().filter(|s| s.refused).count();
    let reopened = match counted(&[State::Reopened]) {
        0 => String::new(),
        n => format!(", {n} reopened"),
    };
    terminal.say(&format!(
        "{} accepted{}, {} in place already, {} missing, {refused} refused{reopened}",
        counted(&[State::Accepted]),
        if *dry_run { " (a dry run: nothing was written)" } else { "" },
        counted(&[State::Complete]),
        counted(&[State::Missing, State::NotMade]),
    ));
    Ok(())
}

fn lines(done: &Done) -> Vec<Line> {
    let mut out = Vec::new();
    let mut written: HashMap<&StepId, Vec<&Written>> = HashMap::new();
    done.written.iter().for_each(|w| written.entry(&w.id).or_default().push(w));
    let mut left_out: HashMap<&StepId, Vec<&LeftOut>> = HashMap::new();
    done.left_out.iter().for_each(|l| left_out.entry(&l.id).or_default().push(l));
    let widest =
        done.judged.replacements.iter().map(|r| show(&r.name).chars().count()).max().unwrap_or(0).min(48);
    for one in &done.judged.replacements {
        let tone = match one.state {
            State::Accepted | State::Complete => Tone::Good,
            State::Refused | State::Reopened => Tone::Alarm,
            State::Missing | State::NotMade => Tone::Warn,
            State::Waived => Tone::Faint,
        };
        out.push(vec![
            (tone, format!("{:9}", one.state.as_str())),
            (Tone::Plain, format!(" {:widest$}  {}", show(&one.name), one.says)),
        ]);
        if !one.warns.is_empty() {
            out.push(vec![(Tone::Warn, "          warning: ".to_owned()), (Tone::Plain, one.warns.clone())]);
        }
        one.in_place.iter().for_each(|found| out.push(finding(found)));
        for candidate in &one.certificates {
            if one.certificates.len() > 1 || !candidate.acceptable {
                let what = if candidate.acceptable { "could be taken" } else { "refused" };
                out.push(faint(format!("          {} in {}: {what}", candidate.sha256, candidate.place)));
            }
            candidate.findings.iter().for_each(|found| out.push(finding(found)));
        }
        for written in written.get(&one.id).into_iter().flatten() {
            let layouts: String = written.layouts.iter().map(|l| format!(", {l}")).collect();
            out.push(faint(format!("          written: {}{layouts}", written.directory)));
        }
        for left in left_out.get(&one.id).into_iter().flatten() {
            out.push(vec![
                (Tone::Alarm, format!("          {} left out: ", left.layout)),
                (Tone::Plain, left.says.to_owned()),
            ]);
        }
    }
    for stranger in &done.judged.strangers {
        let (tone, what) = if stranger.refused { (Tone::Alarm, "refused") } else { (Tone::Faint, "aside") };
        let ask =
            if stranger.ask.is_empty() { String::new() } else { format!(". {}", capital(stranger.ask)) };
        out.push(vec![
            (tone, format!("{what:9}")),
            (Tone::Plain, format!(" {}{ask} ({})", stranger.says, stranger.place)),
        ]);
    }
    out.extend(done.issued.others.iter().map(|o| faint(format!("aside     {}: {}", o.place, o.what))));
    out
}

fn finding(found: &Found) -> Line {
    let (tone, word) = match found.severity {
        Severity::Refused => (Tone::Alarm, "refused"),
        Severity::Waived => (Tone::Warn, "waived"),
        Severity::Told => (Tone::Faint, "told"),
    };
    let ask = if found.ask.is_empty() || found.severity == Severity::Waived {
        String::new()
    } else {
        format!(". {}", capital(&found.ask))
    };
    vec![(tone, format!("          {word} {}: ", found.check)), (Tone::Plain, format!("{}{ask}", found.says))]
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn faint(text: String) -> Line {
    vec![(Tone::Faint, text)]
}
