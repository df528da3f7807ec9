//! The whole story of one key, as a case keeps it, for people.

mod account;

use serde::Deserialize;

use super::summary::{Line, Tone};
use crate::assess::manifest::{host, normalise};
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::show;
use crate::plan::ct::Listed;
use crate::plan::selection::KeySubject;
use crate::plan::{Status, Step, Word};
use crate::read::INTO;
use crate::store::Kept;
use crate::time::Time;

pub use account::{AccountStory, NoPathAccounts};

/// What is read of the record of a key.
#[derive(Debug, Deserialize)]
pub struct KeyStory {
    /// Its name.
    pub spki_sha256: SpkiHash,
    #[serde(default)]
    spki_sha256_raw: Vec<SpkiHash>,
    key_algorithm: String,
    key_bits: u32,
    exposure: String,
    because: Vec<Because>,
    #[serde(default)]
    because_omitted: usize,
    #[serde(default)]
    accounts: Vec<String>,
    private_key_paths: Vec<String>,
    #[serde(default)]
    private_key_accounts: Vec<Vec<String>>,
    certificates: Vec<CertificateStory>,
    #[serde(default)]
    requests: Vec<RequestStory>,
    #[serde(default)]
    elsewhere: Vec<Listed>,
    #[serde(default)]
    steps: Vec<StepId>,
    risk: Option<RiskStory>,
}

#[derive(Debug, Deserialize)]
struct RiskStory {
    score: u32,
    because: Vec<PartStory>,
}

#[derive(Debug, Deserialize)]
struct PartStory {
    points: u32,
    says: String,
}

#[derive(Debug, Deserialize)]
struct IssuedStory {
    authority: Option<String>,
    because: String,
}

#[derive(Debug, Deserialize)]
struct Because {
    evidence: String,
    source: String,
    says: String,
    #[serde(default)]
    path: Option<String>,
    earliest: Option<Time>,
    latest: Option<Time>,
    #[serde(default)]
    findings: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct RequestStory {
    sha256: Fingerprint,
    subject: String,
    dns_names: Vec<String>,
    paths: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct CertificateStory {
    sha256: Fingerprint,
    standing: String,
    verdict: String,
    subject: String,
    issuer: String,
    serial: String,
    not_before: Option<Time>,
    not_after: Option<Time>,
    dns_names: Vec<String>,
    #[serde(default)]
    is_ca: bool,
    paths: Vec<String>,
    #[serde(default)]
    members: Vec<Option<String>>,
    #[serde(default)]
    path_accounts: Vec<Vec<String>>,
    #[serde(default)]
    because: Vec<Because>,
    sort: Option<String>,
    issued: Option<IssuedStory>,
}

impl KeyStory {
    /// Whether a person who says `name` can mean this key: a name, a subject or a place of one of its
    /// certificates, a place of the key, or an account.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        let (path, wanted) = (normalise(name), host(name));
        // As people read it: NFC or NFD, U-labels or A-labels.
        let same = |text: &String| {
            text.eq_ignore_ascii_case(name)
                || !(text.is_ascii() && name.is_ascii()) && normalise(text) == path
        };
        let same_host = |text: &String| same(text) || host(text) == wanted;
        // A place in archives has several names: its own, that of each of them, and each piece of the way.
        let part = |shown: &String| shown.contains(INTO) && parts(shown).any(|part| same(&part));
        let serial = serial(name);
        let common = |c: &CertificateStory| {
            crate::pki::name::common_name(&c.subject)
                .is_some_and(|n| n.eq_ignore_ascii_case(name) || host(&n) == wanted)
        };
        self.private_key_paths.iter().any(|path| same(path) || part(path))
            || self.accounts.iter().any(same)
            || self.requests.iter().any(|r| {
                let common =
                    crate::pki::name::common_names(&r.subject).iter().any(|n| n.eq_ignore_ascii_case(name));
                common
                    || r.dns_names.iter().any(same)
                    || same(&r.subject)
                    || r.paths.iter().any(|path| same(path) || part(path))
            })
            || self.certificates.iter().any(|c| {
                c.dns_names.iter().any(same_host)
                    || c.paths.iter().any(same)
                    || c.places().any(|place| same(&place) || part(&place))
                    || same(&c.subject)
                    || serial.as_deref().is_some_and(|serial| c.serial.trim_start_matches('0') == serial)
                    || common(c)
            })
    }

    /// Where its private half lies.
    #[must_use]
    pub fn copies(&self) -> &[String] {
        &self.private_key_paths
    }

    /// What people call it: by its first certificate that can still be used, else the first of all, else
    /// where the key lies.
    #[must_use]
    pub fn title(&self) -> String {
        let live = self.certificates.iter().find(|c| !matches!(c.standing.as_str(), "expired" | "revoked"));
        let Some(certificate) = live.or_else(|| self.certificates.first()) else {
            let first =
                self.private_key_paths.first().or_else(|| self.requests.first().map(RequestStory::name));
            return first.map_or_else(|| self.spki_sha256.to_string(), |name| show(name));
        };
        let name = certificate
            .dns_names
            .first()
            .cloned()
            .or_else(|| crate::pki::name::common_name(&certificate.subject));
        show(&name.unwrap_or_else(|| certificate.subject.clone()))
    }

    /// Its hashes, the canonical one first.
    #[must_use]
    pub fn names(&self) -> Vec<SpkiHash> {
        std::iter::once(self.spki_sha256).chain(self.spki_sha256_raw.iter().copied()).collect()
    }

    /// The certificates on it as a search would list them.
    pub fn listed(&self) -> impl Iterator<Item = Listed> {
        self.certificates.iter().map(|c| Listed {
            issuer: c.issuer.clone(),
            serial: Some(c.serial.clone()),
            names: c.dns_names.clone(),
            not_before: c.not_before,
            not_after: c.not_after,
            crt_sh_id: None,
            sha256: Some(c.sha256),
        })
    }

    /// The certificates on it that only searches know.
    #[must_use]
    pub fn elsewhere(&self) -> &[Listed] {
        &self.elsewhere
    }

    /// The parts by which steps are selected.
    #[must_use]
    pub fn subject(&self) -> KeySubject<'_> {
        let names = |c: &CertificateStory| {
            c.dns_names.iter().cloned().chain(crate::pki::name::common_name(&c.subject)).collect()
        };
        KeySubject {
            key: self.spki_sha256,
            accounts: &self.accounts,
            steps: &self.steps,
            certificates: self.certificates.iter().map(|c| (c.sha256, names(c))).collect(),
            elsewhere: &self.elsewhere,
        }
    }

    /// The certificates on it.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.certificates.iter().map(|c| c.sha256).collect()
    }

    /// Everything known of the key: where it lies and how that is known, its certificates, what is to be done
    /// and what was done.
    #[must_use]
    pub fn lines(&self, steps: &[Kept], words: &[Word]) -> Vec<Line> {
        let mut out = Vec::new();
        out.push(vec![(Tone::Head, format!("key {}", self.spki_sha256))]);
        out.push(plain(format!("  {} {}: {}", show(&self.key_algorithm), self.key_bits, self.exposure)));
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
            out.extend(risk.because.iter().map(|p| plain(format!("  {:>5}  {}", p.points, show(&p.says)))));
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

/// A serial number as programs print it (`0x0A1B`, `0A:1B`, `0a1b`), as records have it, without zeros in
/// front.
fn serial(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let plain: String =
        digits.chars().filter(|c| !matches!(c, ':' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let number = plain.strip_prefix('-').unwrap_or(&plain);
    (!number.is_empty() && number.chars().all(|c| c.is_ascii_hexdigit()))
        .then(|| plain.trim_start_matches('0').to_owned())
}

/// Every piece of a way into archives.
fn parts(shown: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = shown.split(INTO).collect();
    let mut pieces = Vec::new();
    for from in 0..parts.len() {
        pieces.extend((from + 1..=parts.len()).map(|to| parts[from..to].join(INTO)));
    }
    pieces.into_iter()
}

impl Because {
    fn push(&self, out: &mut Vec<Line>) {
        out.push(plain(format!("  {}", show(&self.says))));
        let span = match (self.earliest, self.latest) {
            (None, None) => String::new(),
            (Some(from), Some(to)) if from == to => format!(", uploaded at {from}"),
            (Some(from), Some(to)) => format!(", uploaded between {from} and {to}"),
            (Some(from), None) => format!(", uploaded at {from} or later"),
            (None, Some(to)) => format!(", uploaded at {to} or earlier"),
        };
        out.push(plain(format!("      evidence: {} ({}){span}", self.evidence, show(&self.source))));
        if !self.findings.is_empty() {
            out.push(plain(format!("      findings: {}", self.findings.join(", "))));
        }
    }
}

impl RequestStory {
    fn name(&self) -> &String {
        self.dns_names.first().unwrap_or(&self.subject)
    }

    fn push(&self, out: &mut Vec<Line>) {
        out.push(vec![(Tone::Head, format!("  {}", show(self.name())))]);
        out.push(plain(format!("      {}; sha256 {}", show(&self.subject), self.sha256)));
        out.extend(self.paths.iter().map(|p| plain(format!("      in {}", show(p)))));
    }
}

impl CertificateStory {
    /// Where it lies: paths, with the way into an archive.
    fn places(&self) -> impl Iterator<Item = String> {
        self.paths.iter().enumerate().map(|(i, path)| match self.members.get(i) {
            Some(Some(member)) => format!("{path}{INTO}{member}"),
            _ => path.clone(),
        })
    }

    fn push(&self, out: &mut Vec<Line>) {
        let name = self.dns_names.first().cloned().unwrap_or_else(|| self.subject.clone());
        out.push(vec![
            (Tone::Head, format!("  {}", show(&name))),
            (Tone::Plain, format!(": {}, {}", self.verdict, self.standing)),
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
            let sort = self.sort.as_deref().unwrap_or("certificate");
            out.push(plain(format!("      {sort} of {whose}{}", show(&issued.because))));
        }
        out.extend(self.places().map(|p| plain(format!("      in {}", show(&p)))));
        out.extend(self.because.iter().map(|b| plain(format!("      {}", show(&b.says)))));
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

fn section(out: &mut Vec<Line>, title: &str) {
    out.push(Vec::new());
    out.push(vec![(Tone::Head, title.to_owned())]);
}

fn plain(text: String) -> Line {
    vec![(Tone::Plain, text)]
}
