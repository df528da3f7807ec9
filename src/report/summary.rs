//! The summary for a person in a hurry: what is exposed and valid, exposed and expired, clear and why, not
//! read; what is new; what is next.

mod headline;
mod text;

use std::collections::HashSet;

use headline::Progress;
use text::Text;

use super::line::{Line, Tone};
use super::planned::Planned;
use super::view::{self, KEYS, Row, count};
use crate::assess::{Exposure, Kind, Verdict};
use crate::finding::{Code, Reason};
use crate::id::StepId;
use crate::pki::{Unread, show};
use crate::plan::{Status, StepKind};
use crate::shell;

pub use text::Shape;

/// Numbers for scripts and for the exit status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Certificates that somebody has to act on.
    pub to_act_on: usize,
    /// Exposed, presumed or undetermined, and past their end.
    pub expired: usize,
    /// Nothing to do.
    pub clear: usize,
    /// Of these, on certificate dates alone.
    pub clear_on_dates: usize,
    /// Of these, because they are taken as certificates of CAs by key usage, or by what they issued.
    pub clear_by_chain_rule: usize,
    /// Keys that are exposed for sure.
    pub exposed_keys: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(planned: &Planned<'_>) -> Self {
        let mut out = Self::default();
        for (entry, verdict) in planned.inventory.certificates.iter().zip(&planned.assessment.certificates) {
            match verdict.verdict {
                v if v.asks_for_action() => out.to_act_on += 1,
                Verdict::Expired => out.expired += 1,
                _ => out.clear += 1,
            }
            let on_dates = planned.assessment.keys[entry.key as usize].on_certificate_dates;
            out.clear_on_dates += usize::from(verdict.verdict == Verdict::Clear && on_dates);
            let by_chain_rule = planned.assessment.keys[entry.key as usize].on_chain_rule;
            out.clear_by_chain_rule += usize::from(verdict.verdict == Verdict::Clear && by_chain_rule);
        }
        out.exposed_keys = planned.assessment.keys.iter().filter(|k| k.exposure == Exposure::Exposed).count();
        out
    }
}

/// The summary, line by line.
#[must_use]
pub fn lines(planned: &Planned<'_>, shape: Shape<'_>) -> Vec<Line> {
    let mut out = Text(Vec::new());
    let incident = planned.incident;
    if shape.default_incident {
        out.line(&[(
            Tone::Plain,
            &format!("Incident {}, the default: --incident NAME|FILE chooses another, `certrecall incident` lists them", incident.name),
        )]);
    }
    let title = if incident.title.is_empty() { &incident.name } else { &incident.title };
    out.line(&[(Tone::Head, title)]);
    out.line(&[(
        Tone::Faint,
        &format!("uploaded before {} is exposed; standing as of {}", incident.cutoff, planned.clock.as_of),
    )]);
    out.first(planned, shape);
    let done = Progress::of(planned);
    let (open, over): (Vec<u32>, Vec<u32>) = view::sorted(planned, Verdict::asks_for_action)
        .into_iter()
        .partition(|at| done.is_open(planned, *at));
    out.headline(planned, &done, &open, &over);
    out.section(planned, Tone::Alarm, "Act on these", &open, shape);
    out.authorities(planned);
    let expired = view::sorted(planned, |v| v == Verdict::Expired);
    out.section(
        planned,
        Tone::Warn,
        "Exposed, but expired (nothing to revoke, keys to retire)",
        &expired,
        shape,
    );
    out.bare_keys(planned);
    out.requests(planned);
    out.clear(planned, &view::select(planned, |v| v == Verdict::Clear));
    out.unread(planned, shape);
    out.records(planned);
    out.replacements(planned, shape);
    out.next(planned, shape);
    out.0
}

/// Requests that the summary names, and places of each.
const REQUESTS: usize = 10;

/// CAs that the summary names.
const AUTHORITIES: usize = 8;

impl Text {
    fn section(
        &mut self,
        planned: &Planned<'_>,
        tone: Tone,
        title: &str,
        certificates: &[u32],
        shape: Shape<'_>,
    ) {
        if certificates.is_empty() {
            return;
        }
        self.head(tone, &format!("{title}: {}", count(certificates.len(), "certificate")));
        self.sureness(planned, certificates);
        let assessed = &planned.assessment.certificates;
        let width = certificates
            .iter()
            .take(shape.rows)
            .map(|at| assessed[*at as usize].verdict.as_str().len())
            .max()
            .unwrap_or(0);
        for at in certificates.iter().take(shape.rows) {
            self.row(tone, &view::row(planned, *at), width, shape);
        }
        self.more(certificates.len(), shape);
    }

    /// Who has to issue and revoke.
    fn authorities(&mut self, planned: &Planned<'_>) {
        let mut list: Vec<_> = planned.plan.authorities.list.iter().collect();
        if list.is_empty() {
            return;
        }
        list.sort_by_key(|a| std::cmp::Reverse(a.certificates));
        self.head(Tone::Head, "By CA (plan.md has the requirements of each)");
        let named = |name: &str| show(name);
        let width =
            list.iter().take(AUTHORITIES).map(|a| named(&a.name).chars().count()).max().unwrap_or(0).min(60);
        for authority in list.iter().take(AUTHORITIES) {
            let sure = if authority.known { authority.confidence.describe() } else { "operator unknown" };
            self.line(&[
                (Tone::Plain, &format!("  {:<width$}  ", named(&authority.name))),
                (Tone::Plain, &count(authority.certificates as usize, "certificate")),
                (Tone::Faint, &format!("  {sure}")),
            ]);
        }
        if list.len() > AUTHORITIES {
            self.line(&[(Tone::Faint, &format!("  and {} more", list.len() - AUTHORITIES))]);
        }
    }

    /// How sure the exposure of these is, where that differs among them.
    fn sureness(&mut self, planned: &Planned<'_>, certificates: &[u32]) {
        let of = |at: &u32| {
            planned.assessment.keys[planned.inventory.certificates[*at as usize].key as usize].exposure
        };
        let words = [
            (Exposure::Exposed, "confirmed exposed"),
            (Exposure::Presumed, "presumed"),
            (Exposure::Undetermined, "undetermined"),
            (Exposure::NotExposed, "only below an exposed CA"),
            (Exposure::Cleared, "cleared, but below an exposed CA"),
        ];
        let parts =
            words.map(|(exposure, says)| (certificates.iter().filter(|at| of(at) == exposure).count(), says));
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, says)| format!("{n} {says}")).collect();
        if parts.len() > 1 {
            self.line(&[(Tone::Plain, &format!("  {}", parts.join(", ")))]);
        }
    }

    fn row(&mut self, tone: Tone, row: &Row<'_>, width: usize, shape: Shape<'_>) {
        let by = if row.issuer == "itself" { "self-signed".to_owned() } else { format!("by {}", row.issuer) };
        let standing = match row.standing {
            crate::assess::Standing::Valid => format!("valid to {}", row.until),
            crate::assess::Standing::Expired => format!("expired {}", row.until),
            standing => format!("{}, ends {}", standing.as_str(), row.until),
        };
        self.line(&[
            (Tone::Plain, "  "),
            (tone, &format!("{:<width$}", row.verdict.as_str())),
            (Tone::Plain, "  "),
            (Tone::Head, &row.name),
            (Tone::Plain, "  "),
            (Tone::Plain, &standing),
            (Tone::Faint, &format!("  {by}")),
        ]);
        self.line(&[(Tone::Faint, &format!("      in  {}", row.places.join(", ")))]);
        let sure = match row.exposure {
            Exposure::Presumed => "presumed: ",
            Exposure::Undetermined => "undetermined: ",
            _ => "",
        };
        // The degree of certainty is that of its own key.
        let (first, second) = match &row.also {
            Some(_) => ("", sure),
            None => (sure, ""),
        };
        self.line(&[(Tone::Plain, "      why "), (Tone::Warn, first), (Tone::Plain, &row.why)]);
        if let Some(also) = &row.also {
            self.line(&[(Tone::Plain, "      and "), (Tone::Warn, second), (Tone::Plain, also)]);
        }
        if let Some(directory) = &row.request {
            self.line(&[
                (Tone::Plain, "      new "),
                (Tone::Good, &format!("{}/{directory}/request.pem", shape.case)),
            ]);
        }
    }

    /// Requests on exposed keys: a renewal from one has a leaked key certified again.
    fn requests(&mut self, planned: &Planned<'_>) {
        let Planned { inventory, assessment, .. } = *planned;
        let suspect: Vec<_> = inventory
            .requests
            .iter()
            .filter(|r| assessment.keys[r.key as usize].exposure.is_suspect())
            .collect();
        if suspect.is_empty() {
            return;
        }
        self.head(
            Tone::Alarm,
            &format!(
                "{} on these keys: do not renew from them, or the leaked key is certified again",
                count(suspect.len(), "request")
            ),
        );
        for entry in suspect.iter().take(REQUESTS) {
            let places: Vec<_> = entry.occurrences.iter().take(REQUESTS).map(|o| inventory.path(o)).collect();
            self.line(&[
                (Tone::Head, &format!("  {}", show(&entry.request.display_name()))),
                (Tone::Faint, &format!("  in  {}", show(&places.join(", ")))),
            ]);
        }
        if suspect.len() > REQUESTS {
            self.line(&[(Tone::Faint, &format!("  and {} more", suspect.len() - REQUESTS))]);
        }
    }

    /// Exposed keys without any certificate here.
    fn bare_keys(&mut self, planned: &Planned<'_>) {
        let inventory = planned.inventory;
        let bare = inventory
            .keys
            .iter()
            .zip(&planned.assessment.keys)
            .filter(|(k, v)| k.certificates.is_empty() && v.exposure.is_suspect());
        let places: Vec<String> =
            bare.filter_map(|(k, _)| k.private_places().next()).map(|o| show(&inventory.path(o))).collect();
        if !places.is_empty() {
            self.head(
                Tone::Warn,
                &format!("Exposed or suspect without a certificate here: {}", count(places.len(), "key")),
            );
            for place in places.iter().take(10) {
                self.line(&[(Tone::Plain, "  "), (Tone::Plain, place)]);
            }
            if places.len() > 10 {
                self.line(&[(Tone::Faint, &format!("  and {} more", places.len() - 10))]);
            }
            self.line(&[(Tone::Faint, "  certificates elsewhere may use them: plan.md says where to look")]);
        }
    }

    fn clear(&mut self, planned: &Planned<'_>, clear: &[u32]) {
        if clear.is_empty() {
            return;
        }
        self.head(Tone::Good, &format!("Clear: {}", count(clear.len(), "certificate")));
        for (kind, n) in view::clear_counts(planned, clear) {
            let tone = if kind == Kind::CertificateDates { Tone::Warn } else { Tone::Plain };
            self.line(&[(tone, &format!("  {}", view::cleared(kind, n)))]);
        }
        let roots = Summary::of(planned).clear_by_chain_rule;
        if roots > 0 {
            let are = if roots == 1 { "1 is" } else { &format!("{roots} are") };
            let how = "by key usage, or by what they issued (ca-alone, chain-by-signature)";
            self.line(&[(Tone::Warn, &format!("  of these {are} taken as CAs' {how}"))]);
        }
    }

    fn unread(&mut self, planned: &Planned<'_>, shape: Shape<'_>) {
        let inventory = planned.inventory;
        let ledger = inventory.ledger();
        let unnamed = inventory.unnamed_keys.len();
        // What holds nothing of X.509, and links in archives, are in plan.json; a folder passed over as a
        // case of ours is said here, since anybody can make one look so.
        let is_other = |t: &&crate::inventory::Trouble| {
            matches!(t.unread, Unread::Skipped(Reason::OtherFormat | Reason::LinkInArchive, _))
        };
        let troubles: Vec<_> = inventory.troubles.iter().filter(|t| !is_other(t)).collect();
        if troubles.is_empty() && unnamed == 0 {
            return;
        }
        // The ledger counts what is there.
        let gone = match troubles.iter().filter(|t| inventory.is_gone(t.file)).count() {
            0 => String::new(),
            n => format!(", and {} of content that is gone", count(n, "item")),
        };
        let title = format!(
            "Not read: {} locked, {} unreadable, {} skipped{gone}; look at these by hand",
            ledger.locked,
            ledger.unreadable,
            ledger.skipped - ledger.harmless
        );
        self.head(Tone::Warn, &title);
        for trouble in troubles.iter().take(shape.rows) {
            let (kind, reason, detail) = match &trouble.unread {
                Unread::Locked(reason, _) => ("locked", reason, String::new()),
                Unread::Skipped(reason, detail) => ("skipped", reason, detail.clone()),
                Unread::Unreadable(reason, detail) => ("unreadable", reason, detail.clone()),
            };
            let place = show(&inventory.files[trouble.file as usize].place.shown());
            let line = if trouble.line > 0 { format!(":{}", trouble.line) } else { String::new() };
            let detail = if detail.is_empty() { reason.describe().to_owned() } else { show(&detail) };
            self.line(&[
                (Tone::Plain, "  "),
                (Tone::Warn, kind),
                (Tone::Plain, &format!("  {place}{line}")),
                (Tone::Faint, &format!("  {reason}: {detail}")),
            ]);
        }
        self.more(troubles.len(), shape);
        if unnamed > 0 {
            self.line(&[(
                Tone::Plain,
                &format!(
                    "  {} whose public half cannot be computed: nothing could be joined to them",
                    count(unnamed, "private key")
                ),
            )]);
        }
    }

    /// Where the manifest and the files do not fit together.
    fn records(&mut self, planned: &Planned<'_>) {
        let of = |code: Code| planned.assessment.finding_counts.get(&code).map_or(0, |n| *n as usize);
        let lines = [
            (of(Code::FileWithoutRecord), "file", "without a row in it"),
            (of(Code::ManifestRowUnmatched), "row", "without a file here"),
            (of(Code::ManifestRowBad), "row", "that could not be used"),
            (of(Code::ManifestRowDoubtful), "row", "with something doubtful"),
        ];
        if lines.iter().any(|(n, _, _)| *n > 0) {
            self.head(Tone::Warn, "Manifest: rows and files that do not match; plan.md names each");
            for (n, what, says) in lines.iter().filter(|(n, _, _)| *n > 0) {
                self.line(&[(Tone::Plain, &format!("  {} {says}", count(*n, what)))]);
            }
        }
        const SHOWN: &[Code] = &[
            Code::DecisionOutdated,
            Code::ExposureMilder,
            Code::FileWithoutRecord,
            Code::ManifestFewMatches,
            Code::ManifestRowBad,
            Code::ManifestRowDoubtful,
            Code::ManifestRowUnmatched,
            Code::RetiredKeyPresent,
        ];
        let others: Vec<_> = planned
            .assessment
            .finding_counts
            .iter()
            .filter(|(code, n)| !SHOWN.contains(code) && **n > 0)
            .collect();
        if !others.is_empty() {
            self.head(Tone::Warn, "Findings on the evidence; plan.md names each");
            for (code, n) in others {
                self.line(&[(Tone::Plain, &format!("  {n} {code}: {}", code.describe()))]);
            }
        }
    }

    fn replacements(&mut self, planned: &Planned<'_>, shape: Shape<'_>) {
        let Some((made, before)) = shape.made else { return };
        if planned.plan.replacements.is_empty() {
            return;
        }
        let says = match (made, before) {
            (0, 0) => return,
            (0, 1) => "Nothing to do: the 1 key and request already exists".to_owned(),
            (0, _) => format!("Nothing to do: all {before} keys and requests already exist"),
            (_, 0) => format!(
                "New: {}, each with its request, in {}/replacements",
                count(made, "private key"),
                shape.case
            ),
            _ => format!(
                "New: {}, each with its request; {before} were there already, in {}/replacements",
                count(made, "private key"),
                shape.case
            ),
        };
        self.head(Tone::Good, &says);
    }

    fn next(&mut self, planned: &Planned<'_>, shape: Shape<'_>) {
        let steps = &planned.plan.steps;
        if steps.iter().all(|s| s.status.is_over()) {
            return;
        }
        let ready =
            |kind: StepKind| steps.iter().filter(|s| s.kind == kind && s.status == Status::Ready).count();
        self.head(Tone::Head, "Next");
        let mut number = 0;
        let mut item = |out: &mut Self, text: String| {
            number += 1;
            out.line(&[(Tone::Plain, &format!("  {number}. {text}"))]);
        };
        if ready(StepKind::Decide) > 0 {
            item(
                self,
                format!("decide what only you can decide: {}", count(ready(StepKind::Decide), "decision")),
            );
        }
        let waiting =
            steps.iter().filter(|s| s.kind == StepKind::Replace && s.status == Status::Waiting).count();
        let open: HashSet<StepId> = steps.iter().filter(|s| !s.status.is_over()).map(|s| s.id).collect();
        if ready(StepKind::Inspect) > 0 {
            item(
                self,
                format!(
                    "look at what could not be read or used: {}",
                    count(ready(StepKind::Inspect), "inspect step")
                ),
            );
        }
        if planned
            .plan
            .replacements
            .iter()
            .any(|r| !planned.directories.contains_key(&r.profile) && open.contains(&r.step))
        {
            let command = shell::line(&["certrecall", "rekey", shape.case]);
            item(self, format!("make the new keys and requests, if these hosts are yours: {command}"));
        }
        let requested: HashSet<StepId> = planned
            .plan
            .replacements
            .iter()
            .filter(|r| planned.directories.contains_key(&r.profile))
            .map(|r| r.step)
            .collect();
        let to_issue = steps
            .iter()
            .filter(|s| s.kind == StepKind::Replace && s.status == Status::Ready && requested.contains(&s.id))
            .count();
        if to_issue > 0 {
            let more = if waiting > 0 {
                format!(" ({waiting} more once the new CA is there)")
            } else {
                String::new()
            };
            item(
                self,
                format!(
                    "have {} issued from the requests and install them{more}",
                    count(to_issue, "certificate")
                ),
            );
        }
        if ready(StepKind::Search) > 0 {
            item(
                self,
                format!(
                    "look for other certificates on the {}: the plan has the addresses",
                    count(ready(StepKind::Search), "key")
                ),
            );
        }
        if steps
            .iter()
            .any(|s| s.kind == StepKind::Revoke && !matches!(s.status, Status::Done | Status::Waived))
        {
            item(self, "only then have the old certificates revoked: proof of a key revokes all certificates on it that the CA knows of".to_owned());
        }
        if ready(StepKind::Verify) > 0 {
            item(self, format!("check that it happened: {}", count(ready(StepKind::Verify), "check")));
        }
        if ready(StepKind::Retire) > 0 {
            item(self, format!("destroy every copy of {}", count(ready(StepKind::Retire), "old key")));
        }
        let case = shape.case;
        if planned.plan.order.len() > KEYS {
            self.line(&[(Tone::Faint, &format!("  the steps of the {KEYS} most urgent keys: {case}/plan.md; all of them: {case}/plan.json"))]);
            self.line(&[(Tone::Faint, "  by account or CA: certrecall status --by account|ca; of one account or name: certrecall explain")]);
        } else {
            self.line(&[(Tone::Faint, &format!("  every step, in order: {case}/plan.md"))]);
        }
    }
}
