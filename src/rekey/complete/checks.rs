//! What has to hold before an issued certificate is believed. Each failure says what to ask the CA for.

mod above;

use std::collections::HashSet;

use super::chain::{Authorities, Path};
use super::check::{Check, Found, Severity, Waivers};
use super::facts::Facts;
use super::gather::Met;
use super::names;
use super::record::{Issued, Root};
use super::revoked::Lists;
use crate::finding::Code;
use crate::id::SpkiHash;
use crate::oid;
use crate::pki::{name, show};
use crate::plan::ca::{Cas, Sort};
use crate::rekey::usage;
use crate::time::{DAY, Time};

/// Names told one by one, of those that were not asked for.
const NAMES_TOLD: usize = 5;
/// Findings before missing names are only counted; a certificate can have a hundred thousand.
const MISSING_TOLD: usize = 100;

/// By what is judged.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The real time.
    pub now: Time,
    /// What is known of CAs.
    pub cas: &'a Cas,
    /// Keys that are exposed.
    pub exposed: &'a HashSet<SpkiHash>,
    /// Keys that are presumed exposed, or of which that cannot be told.
    pub suspected: &'a HashSet<SpkiHash>,
    /// Every key of the inventory, in every form met.
    pub inventory: &'a HashSet<SpkiHash>,
    /// What somebody accepts.
    pub waivers: &'a Waivers,
}

impl Rules<'_> {
    /// Whether a key may be in other hands.
    pub(crate) fn is_suspect(&self, key: &SpkiHash) -> bool {
        self.exposed.contains(key) || self.suspected.contains(key)
    }
}

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Whether a public CA issued the old certificate.
    pub(crate) of_public: bool,
    pub(crate) facts: Facts,
    /// The raw subject.
    pub(crate) subject: Vec<u8>,
}

/// What a certificate was found to be.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) found: Vec<Found>,
    pub(crate) path: Option<Path>,
}

impl Checked {
    /// Whether the certificate can be taken, or stay.
    pub(crate) fn is_acceptable(&self) -> bool {
        self.path.is_some() && self.found.iter().all(|f| f.severity != Severity::Refused)
    }
}

/// Checks one certificate for a key of ours. `kept`: it lies in its bundle, with this record; what was
/// accepted then stays accepted.
pub(crate) fn check(
    met: &Met,
    asked: &Asked,
    all: &Authorities,
    lists: &Lists<'_>,
    rules: &Rules<'_>,
    kept: Option<&Issued>,
) -> Checked {
    let facts = Facts::of_certificate(&met.der);
    let mut out = Checking { met, facts: &facts, asked, all, rules, kept, found: Vec::new() };
    out.key();
    out.kind();
    out.extensions();
    out.validity();
    out.names();
    out.subject();
    let path = out.chain();
    let of_public_root = path.as_ref().is_some_and(|p| p.root == Root::Public);
    out.usages(of_public_root);
    // Strangers are clients of a certificate that replaces a public one, whatever root was scanned or given,
    // unless somebody says that it moves to another CA on purpose: then it has the clients of that CA.
    let moves = out.moves();
    let public = of_public_root || asked.of_public && !moves;
    out.key_usage();
    if let Some(path) = &path {
        out.algorithms(path, public);
        out.issuers(path);
        out.revocation(path, lists);
    }
    if (public || moves) && path.is_some() {
        let from = out.found.len();
        out.public_rules();
        // What a public CA could not issue is still told.
        let over = out.found[from..].iter_mut().filter(|f| moves && f.severity == Severity::Refused);
        over.for_each(|f| f.severity = Severity::Waived);
    }
    let refused = out.found.iter_mut().filter(|f| f.severity == Severity::Refused);
    refused.filter(|f| kept.is_some_and(|kept| kept.waives(f))).for_each(|f| f.severity = Severity::Waived);
    Checked { found: out.found, path }
}

struct Checking<'a> {
    met: &'a Met,
    facts: &'a Facts,
    asked: &'a Asked,
    all: &'a Authorities,
    rules: &'a Rules<'a>,
    kept: Option<&'a Issued>,
    found: Vec<Found>,
}

impl Checking<'_> {
    fn tell(&mut self, check: Check, says: String, ask: &str) {
        self.found.push(self.rules.waivers.found(check, None, says, ask));
    }

    /// Whether somebody accepts, now or when the bundle was made, that the CA of this one is in no public
    /// store.
    fn moves(&self) -> bool {
        let accepted =
            |f: &Found| f.severity == Severity::Waived || self.kept.is_some_and(|kept| kept.waives(f));
        self.found.iter().any(|f| f.check == Check::OtherCa && accepted(f))
    }

    fn key(&mut self) {
        let Some(key) = self.met.certificate.key.spki else { return };
        if self.rules.is_suspect(&key) {
            let says = format!(
                "its key {key} is on the case's list of exposed or suspected keys: the new key leaked as well"
            );
            self.tell(
                Check::OldKey,
                says,
                "move the directory of the replacement out of the case, make a new key with `certrecall rekey` and send its request to the CA",
            );
        } else if self.rules.inventory.contains(&key) {
            self.tell(
                Check::KeyInInventory,
                "its new key was found under the scanned paths; keep new keys away from where the old ones leaked".to_owned(),
                "",
            );
        }
        if self.met.certificate.key.findings.contains(Code::WeakKey) {
            self.tell(
                Check::WeakKey,
                "its key is too short for use today".to_owned(),
                "make a longer key and send its request to the CA",
            );
        }
    }

    fn kind(&mut self) {
        if self.met.certificate.is_ca {
            let says = "it is a CA certificate (basicConstraints CA:TRUE): whoever has its key could issue for any name";
            self.tell(
                Check::CaCertificate,
                says.to_owned(),
                "ask the CA for an end-entity certificate, and to revoke this one",
            );
        }
        if self.facts.poison {
            let says =
                "it is a precertificate (RFC 6962 section 3.1), which was made for certificate logs alone";
            self.tell(Check::Precertificate, says.to_owned(), "ask the CA for the certificate itself");
        }
        if let Some(oid) = self.facts.unknown_critical.first() {
            let says = format!(
                "its critical extension {oid} is not known here, and software that does not know it must refuse it (RFC 5280 section 4.2)"
            );
            self.tell(
                Check::CriticalExtension,
                says,
                "ask the CA what it is for, and for a certificate without it",
            );
        }
    }

    fn extensions(&mut self) {
        if let Some(oid) = &self.facts.repeated {
            let says = format!(
                "its extension {oid} is there more than once, and programs differ in which one they take (RFC 5280 section 4.2)"
            );
            self.tell(Check::RepeatedExtension, says, "ask the CA to issue again with each extension once");
        }
    }

    fn validity(&mut self) {
        let (now, certificate) = (self.rules.now, &self.met.certificate);
        match certificate.not_after {
            Some(end) if end >= now => {}
            Some(end) => self.tell(
                Check::Expired,
                format!("it expired on {end}"),
                "ask the CA for a new one from the same request",
            ),
            None => self.tell(
                Check::Expired,
                "its end date cannot be read".to_owned(),
                "ask the CA for one with a date that RFC 5280 allows",
            ),
        }
        match certificate.not_before {
            Some(begin) if begin <= now.plus(DAY) => {}
            Some(begin) => {
                let says = format!("it is valid from {begin} only, more than a day from now");
                self.tell(Check::NotYetValid, says, "wait until then, check the clock of this machine, or ask the CA for one that is valid now");
            }
            None => self.tell(
                Check::NotYetValid,
                "its first date cannot be read".to_owned(),
                "ask the CA for one with a date that RFC 5280 allows",
            ),
        }
    }

    fn names(&mut self) {
        let (wanted, there) = (&self.asked.facts.names, &self.facts.names);
        let ask = "ask the CA to issue again with every name of the request; --waive-name NAME --reason TEXT accepts it without";
        let mut more = 0;
        for name in names::missing(wanted, there) {
            let text = names::text(name);
            let told = self.found.len() < MISSING_TOLD;
            let wildcard = if told { names::wildcard_for(name, there) } else { None };
            let wildcard = wildcard
                .map(|w| format!("; {w} stands for it only where wildcards are understood"))
                .unwrap_or_default();
            let says = format!("the {} {text} is not in it{wildcard}", names::kind(name.0));
            let found = self.rules.waivers.found(Check::MissingName, Some(name), says, ask);
            match told || found.severity != Severity::Refused {
                true => self.found.push(found),
                false => more += 1,
            }
        }
        if more > 0 {
            self.tell(Check::MissingName, format!("{more} more names are not in it"), ask);
        }
        let extra = names::missing(there, wanted);
        if !extra.is_empty() {
            let shown: Vec<String> = extra
                .iter()
                .take(NAMES_TOLD)
                .map(|n| format!("{} {}", names::kind(n.0), names::text(n)))
                .collect();
            let more = if extra.len() > NAMES_TOLD {
                format!(" and {} more", extra.len() - NAMES_TOLD)
            } else {
                String::new()
            };
            self.tell(
                Check::ExtraName,
                format!("it has names that were not asked for: {}{more}", shown.join(", ")),
                "",
            );
        }
    }

    fn subject(&mut self) {
        let own = names::subject_of(&self.met.der).unwrap_or_default();
        let (own, asked) = (name::read(own), name::read(&self.asked.subject));
        if own.id != asked.id {
            let shown = |text: &str| if text.is_empty() { "empty".to_owned() } else { show(text) };
            self.tell(
                Check::SubjectChanged,
                format!("its subject is {}, and {} was asked for", shown(&own.text), shown(&asked.text)),
                "",
            );
        }
    }

    fn usages(&mut self, public: bool) {
        let there = self.facts.usages.as_deref();
        let has = |usage: &Vec<u8>| {
            there.is_none_or(|all| all.iter().any(|u| u == usage || u == oid::ANY_EXT_KEY_USAGE))
        };
        let lost: Vec<Vec<u8>> =
            self.asked.facts.usages.iter().flatten().filter(|u| !has(u)).cloned().collect();
        let serves = there.is_some_and(|all| all.iter().any(|u| u == oid::SERVER_AUTH));
        for usage in lost {
            if usage == oid::CLIENT_AUTH && public && serves {
                let says = "the usage clientAuth is gone: public CAs give it no more beside serverAuth (Chrome Root Program, 2026). Where this certificate identifies a client, that needs one of another CA";
                self.tell(Check::LostUsage, says.to_owned(), "");
            } else {
                let ask = "ask the CA to issue again from the profile that has it; --waive extended-key-usage --reason TEXT accepts it without";
                self.tell(
                    Check::ExtendedKeyUsage,
                    format!("the usage {} is not in it", usage_name(&usage)),
                    ask,
                );
            }
        }
        if self.asked.facts.must_staple && !self.facts.must_staple {
            let ask = "ask the CA to issue again with the TLS feature of the request (RFC 7633); --waive must-staple --reason TEXT accepts it without";
            self.tell(
                Check::MustStaple,
                "must-staple was asked for and is not in it: clients will not insist on an OCSP answer"
                    .to_owned(),
                ask,
            );
        }
    }

    fn key_usage(&mut self) {
        let Some(there) = self.facts.key_usage else { return };
        let serves = Sort::of(&self.met.certificate) == Sort::TlsServer;
        let wanted = self.asked.facts.key_usage.unwrap_or(if serves { usage::DIGITAL_SIGNATURE } else { 0 });
        let lost = wanted & !there;
        if lost & usage::DIGITAL_SIGNATURE != 0 {
            let ask = "ask the CA to issue again with it; --waive key-usage --reason TEXT accepts it without";
            self.tell(
                Check::KeyUsage,
                "its key usage lacks digitalSignature, without which no current TLS handshake works"
                    .to_owned(),
                ask,
            );
        }
        let names: Vec<&str> = usage::NAMES
            .iter()
            .enumerate()
            .filter(|(i, _)| *i > 0 && lost & 1 << i != 0)
            .map(|(_, n)| *n)
            .collect();
        if !names.is_empty() {
            self.tell(
                Check::LostUsage,
                format!("its key usage lacks {}, which the request asked for", names.join(", ")),
                "",
            );
        }
    }
}

/// What people call an extended key usage.
fn usage_name(usage: &[u8]) -> String {
    match usage {
        oid::SERVER_AUTH => "serverAuth".to_owned(),
        oid::CLIENT_AUTH => "clientAuth".to_owned(),
        oid::CODE_SIGNING => "codeSigning".to_owned(),
        oid::EMAIL_PROTECTION => "emailProtection".to_owned(),
        other => oid::dotted(other).unwrap_or_else(|| "without a readable name".to_owned()),
    }
}
