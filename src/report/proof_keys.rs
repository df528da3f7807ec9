//! What is needed of the record of a key whose compromise may be proved.

use std::collections::BTreeMap;

use crate::assess::{Decision, Exposure, Kind, Standing};
use crate::id::{SpkiHash, StepId};
use crate::plan::ca::Cas;
use crate::plan::{Step, StepKind};
use crate::read::{INTO, Place};
use crate::rekey::proof::Compromised;
use crate::store::model::{CertificateRecord, KeyRecord};
use crate::time::Time;

impl CertificateRecord {
    /// Whether somebody issued it who can revoke it, now.
    fn can_be_revoked(&self, now: Time) -> bool {
        let over = self.not_after.is_some_and(|end| end < now);
        !self.is_self_signed && !over && self.standing != Standing::Expired
    }

    /// Where it can lie below this root.
    fn places_below(&self, root: u32) -> impl Iterator<Item = Place> {
        self.paths.iter().enumerate().flat_map(move |(i, path)| {
            let member = self.members.get(i).and_then(Option::as_deref);
            files(root, path)
                .map(|file| member.map_or_else(|| file.clone(), |member| file.with_member(member)))
        })
    }

    fn name(&self) -> &str {
        self.dns_names.first().unwrap_or(&self.subject)
    }
}

impl KeyRecord {
    /// Takes over what was decided since the plan was made; `decisions` are those that hold now.
    pub fn decide(&mut self, decisions: &BTreeMap<SpkiHash, Decision>) {
        let decision = std::iter::once(&self.spki_sha256)
            .chain(&self.spki_sha256_raw)
            .find_map(|name| decisions.get(name));
        // The first reason of a key that a person decided about is the decision.
        let was_decided = self.because.first().is_some_and(|reason| {
            [Kind::Decision, Kind::Misuse].iter().any(|kind| reason.evidence == kind.as_str())
        });
        self.exposure = match decision {
            Some(decision) if decision.exposed => Exposure::Exposed,
            Some(_) => Exposure::Cleared,
            // The decision was taken back, and what else is known of the key a plan has to judge.
            None if was_decided => Exposure::Undetermined,
            None => return,
        };
    }

    /// The steps that replace certificates on the key and are neither done nor waived, those whose deployment
    /// is listed left out. Proof of the key revokes what they are about while it is in use.
    #[must_use]
    pub fn open_replacements<'s>(&self, steps: &'s [Step]) -> Vec<&'s Step> {
        let is_of_key = |step: &Step| step.key == Some(self.spki_sha256) || self.steps.contains(&step.id);
        let open = |kind| {
            steps.iter().filter(move |s| s.kind == kind && !s.status.is_over()).filter(|s| is_of_key(s))
        };
        let deploys: Vec<&Step> = open(StepKind::Deploy).collect();
        let is_listed = |step: &Step| deploys.iter().any(|deploy| deploy.needs.contains(&step.id));
        let replaces: Vec<&Step> = open(StepKind::Replace).filter(|step| !is_listed(step)).collect();
        deploys.into_iter().chain(replaces).collect()
    }

    /// Whether it is meant by a step or the beginning of one, a host name, or the SHA-256 of a certificate or
    /// of itself.
    #[must_use]
    pub fn is_meant(&self, by: &str) -> bool {
        let step = |s: &StepId| {
            let name = s.as_str();
            name == by || (by.len() > "revoke-".len() && name.starts_with(by))
        };
        let certificate = |c: &CertificateRecord| {
            c.dns_names.iter().any(|n| n.eq_ignore_ascii_case(by))
                || crate::pki::name::common_name(&c.subject).is_some_and(|n| n.eq_ignore_ascii_case(by))
                || by.parse() == Ok(c.sha256)
                || c.replacement.as_ref().is_some_and(step)
        };
        by.parse().is_ok_and(|hash| self.spki_sha256 == hash || self.spki_sha256_raw.contains(&hash))
            || self.steps.iter().any(step)
            || self.certificates.iter().any(certificate)
    }

    /// What is needed for its proof.
    ///
    /// # Errors
    /// The reason, a sentence, if there is nothing to prove: it is not exposed for sure, or nobody has
    /// anything to revoke.
    pub fn compromised(&self, roots: usize, cas: &Cas, now: Time) -> Result<Compromised, String> {
        if self.exposure != Exposure::Exposed {
            return Err(match self.exposure {
                Exposure::NotExposed => {
                    "it is not exposed, and only what is compromised is proved; where that is wrong, say so with `certrecall mark`".to_owned()
                }
                other => {
                    let other = other.as_str();
                    format!("it is {other}, and what is not certain is not proved; decide it first with `certrecall mark CASE STEP confirmed`")
                }
            });
        }
        let live: Vec<&CertificateRecord> =
            self.certificates.iter().filter(|c| c.can_be_revoked(now)).collect();
        let Some(first) = live.first() else {
            return Err(
                "no certificate of a CA on it is valid any more, so there is nothing to revoke".to_owned()
            );
        };
        let (mut wordings, mut authorities) = (Vec::new(), Vec::new());
        for certificate in &live {
            let id = certificate
                .issued
                .as_ref()
                .and_then(|i| i.authority.as_deref())
                .unwrap_or(&certificate.issuer);
            let operator = cas.operator(id);
            let authority = operator.map_or_else(|| certificate.issuer.clone(), |o| o.name.clone());
            if !authorities.contains(&authority) {
                wordings.extend(Cas::proof_wordings(operator, &certificate.issuer));
                authorities.push(authority);
            }
        }
        let mut places: Vec<Place> = Vec::new();
        // The list of paths does not say which root each is below; the key itself tells.
        for root in 0..u32::try_from(roots).unwrap_or(0) {
            let shown = self.private_key_paths.iter().flat_map(|path| shown(root, path));
            for place in shown.chain(live.iter().flat_map(|c| c.places_below(root))) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Ok(Compromised {
            spki: self.spki_sha256,
            name: first.name().to_owned(),
            algorithm: self.key_algorithm.clone(),
            bits: self.key_bits,
            wordings,
            authorities,
            places,
        })
    }
}

/// The places that are shown like this: a file, or something in an archive; the first `!/` may be part of the
/// name of a folder.
fn shown(root: u32, shown: &str) -> impl Iterator<Item = Place> {
    let within = shown.match_indices(INTO).take(WAYS);
    let within = within.flat_map(move |(at, _)| {
        files(root, &shown[..at]).map(|archive| archive.with_member(&shown[at + INTO.len()..]))
    });
    files(root, shown).into_iter().chain(within)
}

/// Ways in which one place is taken apart.
const WAYS: usize = 8;

/// The files with this path, as it is or with its bytes that are no UTF-8.
fn files(root: u32, path: &str) -> [Place; 2] {
    [path.as_bytes(), &unescaped(path)].map(|raw| Place::new(root, raw))
}

/// A path with `\xHH` for bytes that are not UTF-8, back to its bytes.
fn unescaped(path: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let byte =
            tail.strip_prefix(b"x").and_then(|t| t.get(..2)).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, byte.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'\\', Some(byte)) => {
                out.push(byte);
                rest = &tail[3..];
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_lie_in_an_archive() {
        let places = |text| shown(1, text).collect::<std::collections::BTreeSet<_>>();
        let archive = Place::new(1, b"b.zip");
        assert_eq!(places("a.pem"), [Place::new(1, b"a.pem")].into());
        assert_eq!(
            places("b.zip!/a.pem"),
            [Place::new(1, b"b.zip!/a.pem"), archive.with_member("a.pem")].into()
        );
        assert!(places("b.zip!/c.zip!/a.pem").contains(&archive.with_member("c.zip!/a.pem")));
        assert!(places("b\\xff.zip!/a.pem").contains(&Place::new(1, b"b\xff.zip").with_member("a.pem")));
        assert_eq!(places(&"x!/".repeat(1_000)).len(), 1 + WAYS);
    }

    #[test]
    fn paths_come_back() {
        for (path, raw) in [
            ("a/b.pem", &b"a/b.pem"[..]),
            ("a\\xff.pem", b"a\xff.pem"),
            ("\\x", b"\\x"),
            ("\\xz0", b"\\xz0"),
            ("", b""),
        ] {
            assert_eq!(unescaped(path), raw);
        }
    }
}
