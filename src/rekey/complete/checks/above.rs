//! Checks of what stands above a certificate, and of what holds for public ones alone.

use super::super::chain::{NoPath, Path};
use super::super::check::Check;
use super::super::record::Root;
use super::super::revoked::{Answer, Lists};
use super::Checking;
use crate::finding::Code;
use crate::id::SpkiHash;
use crate::oid;
use crate::plan::ca::Sort;
use crate::time::DAY;

/// A certificate that is valid for longer needs timestamps of three logs, else of two (the policies of Chrome
/// and Apple).
const LONG: i64 = 180 * DAY;

impl Checking<'_> {
    pub(super) fn chain(&mut self) -> Option<Path> {
        let found = match self.kept {
            Some(issued) => self.all.recorded(self.met, self.facts, issued, self.rules.now),
            None => self.all.find(self.met, self.facts, self.rules.now),
        };
        let path = match found {
            Ok(path) => path,
            Err(NoPath::Incomplete(issuer)) => {
                let says = format!(
                    "the certificate of {} is missing above it",
                    if issuer.is_empty() { "its issuer, which has no name" } else { &issuer }
                );
                let ask = "ask the CA for the whole chain, or give it with --chain FILE; a private root with --root FILE";
                self.tell(Check::ChainIncomplete, says, ask);
                return None;
            }
            Err(NoPath::Broken(why)) => {
                let ask = "ask the CA for a chain that holds, and give it with --chain FILE, or else for a certificate from a CA that may issue it";
                self.tell(
                    Check::ChainBroken,
                    format!("no certificate above it carries it: {}", why.join("; ")),
                    ask,
                );
                return None;
            }
        };
        if path.root == Root::Unknown {
            let top =
                path.above.last().map_or(&*self.met.certificate.subject, |at| self.all.link(*at).name());
            let says = match path.above.is_empty() {
                true => "it signed itself, and nobody vouches for it".to_owned(),
                false => format!(
                    "its chain ends in the root {top}, which is in no store here and was not in the inventory"
                ),
            };
            let ask = "give the root with --root FILE if you know it to be yours, from a source other than what the CA sent; --accept-unknown-root accepts it unseen";
            self.tell(Check::UnknownRoot, says, ask);
        }
        if self.asked.of_public && path.root != Root::Public {
            let says = "the old certificate was of a public CA, and the root of this one is in no public store: clients of strangers will refuse it";
            let ask = "ask a public CA, or give its root with --roots FILE if public stores have it; --waive other-ca --reason TEXT accepts it";
            self.tell(Check::OtherCa, says.to_owned(), ask);
        }
        if path.unchecked {
            let ask = "check it with a program that knows the algorithm; --waive signature-not-checked --reason TEXT accepts it";
            self.tell(
                Check::SignatureNotChecked,
                "a signature in its chain is of an algorithm that cannot be checked here".to_owned(),
                ask,
            );
        }
        Some(path)
    }

    /// Signatures of the certificate and of what stands between it and the root; the root's own decides
    /// nothing.
    pub(super) fn algorithms(&mut self, path: &Path, public: bool) {
        let between =
            path.above.iter().map(|at| &self.all.link(*at).met).filter(|m| !m.certificate.is_self_signed);
        let mut weak: Vec<String> = Vec::new();
        let mut short: Vec<String> = Vec::new();
        for met in std::iter::once(self.met).chain(between) {
            let certificate = &met.certificate;
            if is_weak(&certificate.issuer.algorithm) {
                weak.push(format!(
                    "{} is signed with {}",
                    certificate.display_name(),
                    certificate.issuer.algorithm
                ));
            }
            if met.certificate.sha256 != self.met.certificate.sha256
                && certificate.key.findings.contains(Code::WeakKey)
            {
                short.push(format!("the key of {} has {} bits", certificate.subject, certificate.key.bits));
            }
        }
        let rule = "no public CA may use it (CA/B Baseline Requirements 7.1.3.2)";
        let ask = "ask the CA to issue again with SHA-256 or better";
        match (weak.is_empty(), public) {
            (true, _) => {}
            (false, true) => {
                self.tell(Check::SignatureAlgorithm, format!("{}: {rule}", weak.join("; ")), ask)
            }
            (false, false) => self.tell(
                Check::WeakSignature,
                format!("{}: current software refuses that", weak.join("; ")),
                ask,
            ),
        }
        let ask = "ask the CA for a certificate under a CA with a longer key";
        match (short.is_empty(), public) {
            (true, _) => {}
            (false, true) => self.tell(Check::WeakKey, short.join("; "), ask),
            (false, false) => self.tell(
                Check::WeakSignature,
                format!("{}: current software refuses that", short.join("; ")),
                ask,
            ),
        }
    }

    pub(super) fn issuers(&mut self, path: &Path) {
        for at in &path.above {
            let link = self.all.link(*at);
            if let Some(key) = link.key().filter(|key| self.rules.is_suspect(key)) {
                let says = format!(
                    "the CA {} above it has the exposed key {key}: whoever has that can make certificates as good as this one",
                    link.name()
                );
                self.tell(Check::ExposedIssuer, says, "set up a new CA, and have the request signed by that");
            }
        }
    }

    pub(super) fn revocation(&mut self, path: &Path, lists: &Lists<'_>) {
        let exposed = |key: &SpkiHash| self.rules.is_suspect(key);
        for (what, answer) in lists.ask_path(self.met, self.facts, self.all, path, &exposed, self.rules.now) {
            match answer {
                Answer::Revoked(says) => self.tell(
                    Check::Revoked,
                    format!("{what} is {says}"),
                    "ask the CA why, and for a new certificate",
                ),
                Answer::Listed(says) => {
                    let ask = "ask the CA why, and for a new certificate, or give a list that is complete and of today; --waive listed-as-revoked --reason TEXT accepts it";
                    self.tell(Check::ListedAsRevoked, format!("{what} is {says}"), ask);
                }
                Answer::None(says) => self.tell(Check::RevocationNotTold, format!("of {what}: {says}"), ""),
                Answer::Good(_) | Answer::NotAsked => {}
            }
        }
    }

    /// What browsers and the CA/Browser Forum ask of public certificates.
    pub(super) fn public_rules(&mut self) {
        let certificate = &self.met.certificate;
        let sort = Sort::of(certificate);
        if let Some(says) = self.rules.cas.too_long(sort, certificate.not_before, certificate.not_after) {
            let most = self.rules.cas.max_validity_today(sort, self.rules.now).map_or(0, |c| c.days);
            self.tell(
                Check::TooLong,
                says,
                &format!("ask the CA for one of at most {most} days: clients refuse this one"),
            );
        }
        if sort != Sort::TlsServer {
            return;
        }
        let seconds = certificate
            .not_after
            .zip(certificate.not_before)
            .map_or(0, |(end, begin)| end.unix().saturating_sub(begin.unix()));
        let (needed, logs) = (if seconds > LONG { 3 } else { 2 }, self.facts.logs.len());
        if logs < needed {
            let says = format!(
                "it has timestamps of {logs} logs, and browsers ask for {needed} (RFC 6962; counted, not verified against the keys of the logs)"
            );
            let ask = "ask the CA to log it and to embed the timestamps; --waive timestamps --reason TEXT accepts it where no browser goes";
            self.tell(Check::Timestamps, says, ask);
        }
    }
}

/// Whether a signature algorithm rests on a hash that is broken for signatures.
fn is_weak(algorithm: &str) -> bool {
    let lower = algorithm.to_ascii_lowercase();
    let of_oiw = || oid::dotted(oid::RSA_SHA1_OIW).is_some_and(|dotted| dotted == lower);
    lower.starts_with("md") && lower.contains("with") || lower.contains("sha1") || of_oiw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_that_are_broken() {
        for (name, weak) in [
            ("sha1WithRSAEncryption", true),
            ("md5WithRSAEncryption", true),
            ("ecdsa-with-SHA1", true),
            ("dsa-with-sha1", true),
            ("1.3.14.3.2.29", true),
            ("sha256WithRSAEncryption", false),
            ("ecdsa-with-SHA384", false),
            ("ecdsa-with-SHA3-256", false),
            ("ml-dsa-44", false),
            ("ed25519", false),
        ] {
            assert_eq!(is_weak(name), weak, "{name}");
        }
    }
}
