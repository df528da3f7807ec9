//! What the rows of a manifest for one file say together.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::kind::Timing;
use super::manifest::Manifest;
use super::question::Question;
use crate::finding::{Code, Codes};
use crate::inventory::Few;
use crate::time::{Span, Time};

/// What the rows for one file say together.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// `uploads.csv:7`.
    pub(super) source: String,
    pub(super) span: Option<Span>,
    pub(super) accounts: Few<Arc<str>>,
    /// When the account was created, where that is what the span begins with.
    pub(super) account_created: Option<Time>,
    /// The rows that tell when name the archive that the file lies in.
    pub(super) of_archive: bool,
    /// What the rows say that name the path of the file, or of an archive that it is in, and nothing else:
    /// other content there has the same.
    pub(super) by_path: Option<Span>,
    /// When a row without an upload time says that the file was last changed, at the cutoff or later: an
    /// upper bound, and no record.
    pub(super) modified: Option<Time>,
    /// Rows whose time is empty, cannot be read or has not come yet: they clear nothing.
    pub(super) unusable: Vec<u32>,
    /// No row is certain to be about this file: they clear nothing.
    pub(super) doubtful: bool,
    pub(super) findings: Codes,
}

/// Which rows for a file have to be weighed with care.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// They may be about another file: they can expose this one, never clear it.
    pub(super) doubtful: BTreeSet<u32>,
    /// They name another hash than the file has: so can they.
    pub(super) contradicting: BTreeSet<u32>,
    /// They name the content by its hash, so that each is an upload of these bytes.
    pub(super) by_content: BTreeSet<u32>,
}

/// What one row says.
struct Said {
    row: u32,
    span: Span,
    /// When its account was created, where that is what the span begins with.
    created: Option<Time>,
}

impl Rows {
    pub(super) fn weigh(
        manifest: &Manifest,
        rows: &[u32],
        (question, doubts): (&Question<'_>, &Doubts),
    ) -> Self {
        let cutoff = question.incident.cutoff;
        let mut out = Self::default();
        let mut accounts = Vec::new();
        let mut all: Vec<Said> = Vec::new();
        for &row in rows {
            accounts.extend(manifest.rows[row as usize].account.clone());
            all.extend(out.of_row(manifest, row, (question, doubts)));
        }
        let before = |said: &Said| Timing::of(said.span, cutoff) == Timing::Before;
        let is_certain = |said: &Said| {
            before(said) || !doubts.doubtful.contains(&said.row) || doubts.by_content.contains(&said.row)
        };
        let names_content = |said: &Said| doubts.by_content.contains(&said.row);
        if all.iter().any(|said| names_content(said) && before(said)) {
            // Each row that names the content is an upload of these bytes, and one before the cutoff is
            // enough.
            all.retain(|said| names_content(said) && before(said));
        } else if all.iter().any(|said| !names_content(said))
            && all.iter().filter(|said| !names_content(said)).all(before)
        {
            // A later upload of the same bytes undoes none before.
            all.retain(before);
        } else if all.iter().any(is_certain) {
            all.retain(is_certain);
        } else {
            out.doubtful = !all.is_empty();
            all.iter_mut().for_each(|said| (said.span.earliest, said.created) = (None, None));
        }
        for Said { span, created, .. } in &all {
            let first = out.span.and_then(|s| s.earliest);
            if created.is_some() && first.is_none_or(|f| span.earliest <= Some(f)) {
                out.account_created = *created;
            }
            out.span = Some(out.span.map_or(*span, |s| s.hull(*span)));
        }
        if out.span.and_then(|s| s.earliest) != out.account_created {
            out.account_created = None;
        }
        accounts.sort_unstable();
        accounts.dedup();
        out.accounts = accounts.into_iter().collect();
        out.source = manifest.source(&all.iter().map(|said| said.row).collect::<Vec<_>>());
        out
    }

    /// What a row says of an upload, if it is a record of one; what is wrong with it is noted.
    fn of_row(
        &mut self,
        manifest: &Manifest,
        number: u32,
        (question, doubts): (&Question<'_>, &Doubts),
    ) -> Option<Said> {
        let (cutoff, now) = (question.incident.cutoff, question.clock.now);
        let row = &manifest.rows[number as usize];
        // What has not come yet is no time of an upload: a row that says so knows none. It would clear, and
        // so it must not.
        let uploaded = Some(row.uploaded).filter(|s| !is_ahead(s.earliest, now)).unwrap_or_default();
        let mut span = uploaded;
        let created = manifest.account_created(row).filter(|c| *c <= now);
        // Nothing was uploaded or changed for an account before there was one: a row that says it was
        // contradicts itself.
        let is_before_account =
            |time: Option<Time>| time.zip(created).is_some_and(|(time, created)| time < created);
        let too_early = is_before_account(uploaded.latest) || is_before_account(row.modified);
        if too_early {
            self.findings.insert(Code::EvidenceDisagrees);
        }
        let mut contradicts = too_early || doubts.contradicting.contains(&number);
        // A change renews this time: it bounds an upload, and exposes where it is before the cutoff.
        match row.modified.filter(|m| !is_ahead(Some(*m), now)) {
            Some(modified) if uploaded.earliest.is_some_and(|e| modified < e) => {
                self.findings.insert(Code::EvidenceDisagrees);
                contradicts = true;
            }
            Some(modified) if uploaded != Span::default() => {
                span.latest = Some(span.latest.map_or(modified, |l| l.min(modified)))
            }
            Some(modified) if modified < cutoff => span.latest = Some(modified),
            Some(modified) if !contradicts => {
                self.modified = Some(self.modified.map_or(modified, |m| m.max(modified)))
            }
            _ => {}
        }
        let ahead =
            is_ahead(row.uploaded.earliest, now) || manifest.account_created(row).is_some_and(|c| c > now);
        if let Some(created) = created.filter(|_| !too_early) {
            span.earliest = Some(span.earliest.map_or(created, |e| e.max(created)));
        }
        // The age of its account is known all the same.
        if contradicts || (row.unusable || ahead) && created.is_none_or(|c| c < cutoff) {
            self.unusable.push(number);
        }
        // What contradicts itself may expose, and clears nothing.
        if contradicts && Timing::of(span, cutoff) != Timing::Before {
            return None;
        }
        // A row without an upload time is an upload record only where its account is too young.
        if uploaded == Span::default() && span.latest.is_none() && span.earliest.is_none_or(|e| e < cutoff) {
            return None;
        }
        let created =
            created.filter(|created| span.earliest == Some(*created) && uploaded.earliest != Some(*created));
        Some(Said { row: number, span, created })
    }

    /// The same of rows of which the first `of_path` name a path. `rows` are sorted afterwards, each once.
    pub(super) fn weigh_with_path(
        manifest: &Manifest,
        rows: &mut Vec<u32>,
        of_path: usize,
        asked: (&Question<'_>, &Doubts),
    ) -> Self {
        let (question, doubts) = asked;
        let alone = of_path > 0 && (of_path < rows.len() || !doubts.contradicting.is_empty());
        // What it says by its path, whatever the content there is.
        let nothing = Doubts::default();
        let path = alone
            .then(|| Self::weigh(manifest, &sorted(rows[..of_path].to_vec()), (question, &nothing)).span);
        *rows = sorted(std::mem::take(rows));
        let weighed = Self::weigh(manifest, rows, asked);
        let by_path = path.unwrap_or_else(|| weighed.span.filter(|_| of_path > 0));
        Self { by_path, ..weighed }
    }

    /// The same where it is only the last of several uploads, and not known which of them it was: there can
    /// have been earlier ones, but not before there was an account.
    pub(super) fn latest_of_several(
        mut self,
        manifest: &Manifest,
        rows: &[u32],
        question: &Question<'_>,
    ) -> Self {
        let created = |row: &u32| {
            manifest.account_created(&manifest.rows[*row as usize]).filter(|t| *t <= question.clock.now)
        };
        let created: Option<Vec<Time>> = rows.iter().map(created).collect();
        let created = created.and_then(|all| all.into_iter().min());
        if let Some(span) = &mut self.span {
            // A row that says it was before stays what it is.
            span.earliest = span.earliest.zip(created).map(|(earliest, created)| earliest.min(created));
            self.account_created = span.earliest.filter(|earliest| Some(*earliest) == created);
        }
        self
    }

    /// Closer rows that tell no time, with what others say that name the same file less closely.
    pub(super) fn filled_by(self, other: &Self) -> Self {
        let accounts = if self.accounts.is_empty() { other.accounts.clone() } else { self.accounts };
        let unusable = if self.unusable.is_empty() { other.unusable.clone() } else { self.unusable };
        let (findings, by_path, modified) =
            (self.findings.union(other.findings), self.by_path, self.modified.or(other.modified));
        let source =
            if other.span.is_some() || self.source.is_empty() { other.source.clone() } else { self.source };
        Self {
            source,
            accounts,
            unusable,
            findings,
            by_path,
            modified,
            doubtful: self.doubtful || other.doubtful,
            ..other.clone()
        }
    }

    /// Adds what the rows for its archive say: they fill in what these leave open. A contradiction is told,
    /// and if the archive was uploaded before, both count: neither is certain.
    pub(super) fn within(mut self, archive: &Self) -> Self {
        if self.accounts.is_empty() {
            self.accounts.clone_from(&archive.accounts);
        }
        self.findings = self.findings.union(archive.findings);
        self.by_path = self.by_path.or(archive.by_path);
        self.modified = self.modified.or(archive.modified);
        if self.unusable.is_empty() {
            self.unusable.clone_from(&archive.unusable);
        }
        match (&mut self.span, archive.span) {
            (Some(span), Some(outer)) if outer.latest >= span.earliest || outer.latest.is_none() => {
                fill(span, outer, &mut self.findings)
            }
            (Some(span), Some(outer)) => {
                *span = span.hull(outer);
                self.findings.insert(Code::EvidenceDisagrees);
                self.source = match (self.source.rsplit_once(':'), archive.source.rsplit_once(':')) {
                    (Some((own, _)), Some((other, lines))) if own == other => {
                        format!("{},{lines}", self.source)
                    }
                    _ => format!("{}; {}", self.source, archive.source),
                };
                self.account_created = self.account_created.filter(|created| span.earliest == Some(*created));
            }
            (None, Some(_)) => {
                let Self { accounts, findings, by_path, unusable, modified, .. } = self;
                return Self {
                    accounts,
                    findings,
                    by_path,
                    unusable,
                    modified,
                    of_archive: true,
                    ..archive.clone()
                };
            }
            (_, None) => {}
        }
        self
    }
}

fn sorted(mut rows: Vec<u32>) -> Vec<u32> {
    rows.sort_unstable();
    rows.dedup();
    rows
}

pub(super) fn is_ahead(time: Option<Time>, now: Time) -> bool {
    time.is_some_and(|t| t > now)
}

/// Fills open ends of `span` from weaker evidence that agrees with it; notes it where it does not.
pub(super) fn fill(span: &mut Span, weaker: Span, findings: &mut Codes) {
    if !span.meets(weaker) {
        findings.insert(Code::EvidenceDisagrees);
        return;
    }
    span.earliest = span.earliest.or(weaker.earliest);
    span.latest = span.latest.or(weaker.latest);
}
