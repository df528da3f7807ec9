//! The record of one key, as a case keeps it, for people.

mod account;

use super::line::{Line, Tone, plain, section};
use crate::pki::show;
use crate::plan::{Status, Step, Word};
use crate::store::Kept;
use crate::store::model::{BecauseRecord, CertificateRecord, KeyRecord, RequestRecord};
use crate::time::Time;

pub use account::{AccountStory, NoPathAccounts};

impl KeyRecord {
    /// Everything known of the key: where it lies and how that is known, its certificates, what is to be done
    /// and what was done.
    #[must_use]
    pub fn lines(&self, steps: &[Kept], words: &[Word]) -> Vec<Line> {
        let mut out = Vec::new();
        out.push(vec![(Tone::Head, format!("key {}", self.spki_sha256))]);
        out.push(plain(format!(
            "  {} {}: {}",
            show(&self.key_algorithm),
            self.key_bits,
            self.exposure.as_str()
        )));
        for raw in &self.spki_sha256_raw {
            out.push(plain(format!("  also met as {raw}, another encoding of it")));
        }
        if !self.accounts.is_empty() {
            out.push(plain(format!(
                "  uploaded by {}",
                self.accounts.iter().map(|a| show(a)).collect::<Vec<_>>().join(", ")
            )));
        }
        section(&mut out, "where its private half was found");
        if self.private_key_paths.is_empty() {
            out.push(plain("  nowhere here".to_owned()));
        }
        out.extend(self.private_key_paths.iter().map(|p| plain(format!("  {}", show(p)))));
        section(&mut out, "how it was judged");
        self.because.iter().for_each(|b| b.push(&mut out));
        if self.because_omitted > 0 {
            out.push(plain(format!("  and {} more, none of them stronger", self.because_omitted)));
        }
        section(&mut out, "certificates on it");
        if self.certificates.is_empty() {
            out.push(plain("  none here; search steps look for others".to_owned()));
        }
        for certificate in &self.certificates {
            certificate.push(&mut out);
        }
        if !self.requests.is_empty() {
            section(&mut out, "requests for certificates on it");
        }
        self.requests.iter().for_each(|r| r.push(&mut out));
        if let Some(risk) = &self.risk {
            section(&mut out, &format!("urgency {}", risk.score));
            out.extend(
                risk.because.iter().map(|p| plain(format!("  {:>5}  {}", p.points, show(&p.message)))),
            );
        }
        self.push_elsewhere(&mut out);
        self.push_steps(steps, words, &mut out);
        out
    }

    fn push_elsewhere(&self, out: &mut Vec<Line>) {
        if self.elsewhere.is_empty() {
            return;
        }
        section(out, "on it too, says a search, and not at hand");
        for listed in &self.elsewhere {
            let name = listed.names.first().map_or("a certificate", |n| n);
            out.push(vec![(Tone::Head, format!("  {}", show(name)))]);
            let serial = listed.serial.as_deref().unwrap_or("unknown");
            out.push(plain(format!("      serial {} of {}", show(serial), show(&listed.issuer))));
            let day = |t: Option<Time>| t.map_or_else(|| "unknown".to_owned(), Time::day);
            out.push(plain(format!(
                "      from {} until {}; {}",
                day(listed.not_before),
                day(listed.not_after),
                listed.address()
            )));
        }
    }

    fn push_steps(&self, steps: &[Kept], words: &[Word], out: &mut Vec<Line>) {
        let about = |step: &Step| {
            step.key == Some(self.spki_sha256)
                || self.certificates.iter().any(|c| step.certificates.contains(&c.sha256))
        };
        section(out, "steps");
        let mut any = false;
        for kept in steps.iter().filter(|k| about(&k.step)) {
            any = true;
            let status = kept.closed.as_ref().map_or(kept.step.status.as_str(), |_| "closed");
            out.push(vec![
                (tone(kept), format!("  {status:8}")),
                (Tone::Plain, format!("{}: {}", kept.step.id, show(&kept.step.says))),
            ]);
            if let Some((why, since)) = &kept.closed {
                out.push(plain(format!("          closed {since}: {}", show(why))));
            }
            if let (Some(deadline), Some(source)) = (kept.step.deadline, &kept.step.deadline_source) {
                out.push(plain(format!("          due {deadline}: {}", show(source))));
            }
            for word in words.iter().filter(|w| w.step == kept.step.id) {
                out.push(plain(format!(
                    "          {} {} by {}: {}",
                    word.at,
                    word.mark.as_str(),
                    show(&word.by),
                    show(&word.reason)
                )));
            }
        }
        if !any {
            out.push(plain("  none: nothing is to be done about it".to_owned()));
        }
    }
}

impl BecauseRecord {
    fn push(&self, out: &mut Vec<Line>) {
        out.push(plain(format!("  {}", show(&self.message))));
        let span = match (self.earliest, self.latest) {
            (None, None) => String::new(),
            (Some(from), Some(to)) if from == to => format!(", uploaded at {from}"),
            (Some(from), Some(to)) => format!(", uploaded between {from} and {to}"),
            (Some(from), None) => format!(", uploaded at {from} or later"),
            (None, Some(to)) => format!(", uploaded at {to} or earlier"),
        };
        out.push(plain(format!("      evidence: {} ({}){span}", self.evidence, show(&self.source))));
        if !self.findings.is_empty() {
            out.push(plain(format!(
                "      findings: {}",
                self.findings.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ")
            )));
        }
    }
}

impl RequestRecord {
    fn push(&self, out: &mut Vec<Line>) {
        out.push(vec![(Tone::Head, format!("  {}", show(self.name())))]);
        out.push(plain(format!("      {}; sha256 {}", show(&self.subject), self.sha256)));
        out.extend(self.paths.iter().map(|p| plain(format!("      in {}", show(p)))));
    }
}

impl CertificateRecord {
    fn push(&self, out: &mut Vec<Line>) {
        let name = self.dns_names.first().cloned().unwrap_or_else(|| self.subject.clone());
        out.push(vec![
            (Tone::Head, format!("  {}", show(&name))),
            (Tone::Plain, format!(": {}, {}", self.verdict.as_str(), self.standing.as_str())),
        ]);
        let day = |t: Option<Time>| t.map_or_else(|| "unknown".to_owned(), Time::day);
        out.push(plain(format!("      serial {} of {}", self.serial, show(&self.issuer))));
        out.push(plain(format!(
            "      from {} until {}; sha256 {}",
            day(self.not_before),
            day(self.not_after),
            self.sha256
        )));
        if let Some(issued) = &self.issued {
            let whose = issued.authority.as_deref().map_or_else(String::new, |a| format!("{}: ", show(a)));
            let sort = self.sort.map_or("certificate", |sort| sort.as_str());
            out.push(plain(format!("      {sort} of {whose}{}", show(&issued.because))));
        }
        out.extend(self.shown_places().map(|p| plain(format!("      in {}", show(&p)))));
        out.extend(self.because.iter().map(|b| plain(format!("      {}", show(&b.message)))));
    }
}

fn tone(kept: &Kept) -> Tone {
    match kept.step.status {
        _ if kept.closed.is_some() => Tone::Plain,
        Status::Ready => Tone::Warn,
        Status::Done | Status::Waived => Tone::Good,
        _ => Tone::Plain,
    }
}
