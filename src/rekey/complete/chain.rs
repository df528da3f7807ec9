//! From a certificate to a root, offline (RFC 5280 section 6.1): every signature verified, every issuer
//! looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::facts::Facts;
use super::gather::Met;
use super::names;
use super::record::{Issued, Root};
use crate::id::{Fingerprint, NameId, SpkiHash};
use crate::oid;
use crate::pki::{self, Checked, check_signature, signed_parts, spki_of};
use crate::plan::ca::Sort;
use crate::time::Time;

/// Certificates above one another that are followed. Public chains have two or three; the longest private
/// ones known have six.
const LONGEST: usize = 10;
/// Issuers tried for one certificate: CAs that certify each other criss-cross would be followed in
/// exponentially many ways.
const TRIES: usize = 2_048;
/// Reasons that are told why no issuer fits.
const TOLD: usize = 4;

/// `keyCertSign` (RFC 5280 section 4.2.1.3).
const KEY_CERT_SIGN: u16 = 1 << 5;

/// The roots of Mozilla's store that came with this program, DER.
#[must_use]
pub fn public_roots() -> Vec<&'static [u8]> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|root| root.as_ref()).collect()
}

/// One certificate that may stand above another.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) met: Met,
    pub(crate) facts: Facts,
    trust: Option<Root>,
    spki: Vec<u8>,
}

impl Link {
    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.met.certificate.subject
    }

    /// Its key.
    pub(crate) fn key(&self) -> Option<SpkiHash> {
        self.met.certificate.key.spki
    }
}

/// Every certificate that may stand above another.
#[derive(Debug, Default)]
pub(crate) struct Authorities {
    links: Vec<Link>,
    by_subject: HashMap<NameId, Vec<usize>>,
    by_fingerprint: HashMap<Fingerprint, usize>,
    /// Signatures of one link by another, checked once.
    checked: Mutex<HashMap<(usize, usize), Checked>>,
}

/// A chain: indices of the links above a certificate, the nearest first.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) above: Vec<usize>,
    pub(crate) root: Root,
    /// A signature in it could not be checked.
    pub(crate) unchecked: bool,
}

/// Why there is no chain.
#[derive(Debug)]
pub(crate) enum NoPath {
    /// Nothing of this name is at hand.
    Incomplete(String),
    /// What is at hand does not fit.
    Broken(Vec<String>),
}

impl Authorities {
    /// Adds a certificate; one that is there keeps the better of both trusts.
    pub(crate) fn add(&mut self, met: &Met, trust: Option<Root>) {
        let sha256 = met.certificate.sha256;
        if let Some(at) = self.by_fingerprint.get(&sha256) {
            let link = &mut self.links[*at];
            link.trust = link.trust.into_iter().chain(trust).min();
            return;
        }
        let Some(spki) = spki_of(&met.der).map(<[u8]>::to_vec) else { return };
        let at = self.links.len();
        self.by_fingerprint.insert(sha256, at);
        self.by_subject.entry(met.certificate.subject_id).or_default().push(at);
        self.links.push(Link { facts: Facts::of_certificate(&met.der), met: met.clone(), trust, spki });
    }

    /// Adds a root by its bytes.
    pub(crate) fn add_public(&mut self, der: &[u8]) {
        if let Some(certificate) = pki::cert::read(der) {
            let met = Met {
                certificate: Arc::new(certificate),
                der: der.into(),
                place: "the public roots".to_owned(),
            };
            self.add(&met, Some(Root::Public));
        }
    }

    /// The link at an index of a path.
    pub(crate) fn link(&self, at: usize) -> &Link {
        &self.links[at]
    }

    /// Every certificate here.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Met> {
        self.links.iter().map(|l| &l.met)
    }

    /// The best chain above a certificate.
    pub(crate) fn find(&self, leaf: &Met, facts: &Facts, now: Time) -> Result<Path, NoPath> {
        if leaf.certificate.is_self_signed {
            let trust =
                self.by_fingerprint.get(&leaf.certificate.sha256).and_then(|at| self.links[*at].trust);
            return Ok(Path { above: Vec::new(), root: trust.unwrap_or(Root::Unknown), unchecked: false });
        }
        let mut search =
            Search { all: self, leaf, facts, now, best: None, told: Vec::new(), missing: None, tries: 0 };
        search.climb(&mut Vec::new(), false);
        match search {
            Search { best: Some(path), .. } => Ok(path),
            Search { told, .. } if !told.is_empty() => Err(NoPath::Broken(told)),
            Search { missing, .. } => {
                Err(NoPath::Incomplete(missing.unwrap_or_else(|| leaf.certificate.issuer.name.to_string())))
            }
        }
    }

    /// The chain of a bundle in place, as it lies there: it was found once, and is looked at again. Its root
    /// may be out of reach now.
    pub(crate) fn recorded(
        &self,
        leaf: &Met,
        facts: &Facts,
        issued: &Issued,
        now: Time,
    ) -> Result<Path, NoPath> {
        let at = |sha256: &Fingerprint| self.by_fingerprint.get(sha256).copied();
        let mut links = issued
            .chain
            .iter()
            .map(|a| at(&a.sha256).ok_or_else(|| a.subject.clone()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(NoPath::Incomplete)?;
        let root = at(&issued.root.sha256);
        links.extend(root.filter(|_| issued.root.sha256 != leaf.certificate.sha256));
        let search =
            Search { all: self, leaf, facts, now, best: None, told: Vec::new(), missing: None, tries: 0 };
        let (mut above, mut unchecked) = (Vec::new(), false);
        for at in links {
            let link = &self.links[at];
            let der = above.last().map_or(&leaf.der, |below: &usize| &self.links[*below].met.der);
            let signed = self.signed(above.last().copied(), der, at);
            let why = search.unfit(&above, link).or_else(|| {
                (signed == Checked::Invalid).then(|| "the signature is not by its key".to_owned())
            });
            if let Some(why) = why {
                return Err(NoPath::Broken(vec![format!("{}: {why}", link.name())]));
            }
            unchecked |= signed == Checked::NotSupported;
            above.push(at);
        }
        let trust = root
            .and_then(|at| self.links[at].trust)
            .map_or(issued.root.known, |now| now.min(issued.root.known));
        Ok(Path { above, root: trust, unchecked })
    }

    /// Whether the key of a link made the signature of another, or of a leaf.
    fn signed(&self, child: Option<usize>, der: &[u8], issuer: usize) -> Checked {
        // A poisoned map is still a map of finished checks.
        let known = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = child.and_then(|child| known().get(&(child, issuer)).copied()) {
            return checked;
        }
        let checked = verify(der, &self.links[issuer].spki);
        if let Some(child) = child {
            known().insert((child, issuer), checked);
        }
        checked
    }
}

/// Whether a key made the signature of a certificate or revocation list.
pub(crate) fn verify(der: &[u8], spki: &[u8]) -> Checked {
    signed_parts(der).map_or(Checked::Invalid, |(tbs, algorithm, signature)| {
        check_signature(tbs, algorithm, signature, spki)
    })
}

/// The search for chains above one certificate.
struct Search<'a> {
    all: &'a Authorities,
    leaf: &'a Met,
    facts: &'a Facts,
    now: Time,
    best: Option<Path>,
    told: Vec<String>,
    /// The first issuer name of which nothing is at hand.
    missing: Option<String>,
    tries: usize,
}

impl Search<'_> {
    /// Goes on from the top of a path in every way.
    fn climb(&mut self, path: &mut Vec<usize>, unchecked: bool) {
        let all = self.all;
        let (top, der) = match path.last() {
            Some(at) => (&all.links[*at].met.certificate, &all.links[*at].met.der),
            None => (&self.leaf.certificate, &self.leaf.der),
        };
        let candidates = all.by_subject.get(&top.issuer.id).map_or(&[][..], Vec::as_slice);
        if candidates.is_empty() {
            self.missing.get_or_insert_with(|| top.issuer.name.to_string());
        }
        for &at in candidates {
            let link = &all.links[at];
            let repeats = |p: &usize| {
                all.links[*p].spki == link.spki
                    && all.links[*p].met.certificate.subject_id == link.met.certificate.subject_id
            };
            if !top.names_issuer(&link.met.certificate) || path.iter().any(repeats) {
                continue;
            }
            self.tries += 1;
            if self.tries > TRIES || path.len() >= LONGEST {
                return self
                    .tell("there are too many ways up from it; give the certificates of one".to_owned());
            }
            if let Some(why) = self.unfit(path, link) {
                self.tell(format!("{} (in {}): {why}", link.name(), link.met.place));
                continue;
            }
            let not_checked = match all.signed(path.last().copied(), der, at) {
                Checked::Valid => false,
                Checked::NotSupported => true,
                Checked::Invalid => {
                    self.tell(format!(
                        "{} (in {}): the signature is not by its key",
                        link.name(),
                        link.met.place
                    ));
                    continue;
                }
            };
            path.push(at);
            let root = link.trust.or_else(|| link.met.certificate.is_self_signed.then_some(Root::Unknown));
            match root {
                Some(root) => {
                    self.offer(Path { above: path.clone(), root, unchecked: unchecked || not_checked })
                }
                None => self.climb(path, unchecked || not_checked),
            }
            path.pop();
        }
    }

    fn offer(&mut self, path: Path) {
        let rank = |p: &Path| (p.unchecked, p.root, p.above.len());
        if self.best.as_ref().is_none_or(|best| rank(&path) < rank(best)) {
            self.best = Some(path);
        }
    }

    fn tell(&mut self, why: String) {
        if self.told.len() < TOLD && !self.told.contains(&why) {
            self.told.push(why);
        }
    }

    /// Why a certificate cannot be the next one above a path.
    fn unfit(&self, path: &[usize], link: &Link) -> Option<String> {
        let certificate = &link.met.certificate;
        // A root of version 1 cannot say that it is a CA.
        let old_root = certificate.is_self_signed && !link.facts.any;
        if !certificate.is_ca && !old_root {
            return Some("it is no CA certificate (RFC 5280 section 4.2.1.9)".to_owned());
        }
        if link.facts.key_usage.is_some_and(|bits| bits & KEY_CERT_SIGN == 0) {
            return Some(
                "its key usage does not allow it to sign certificates (RFC 5280 section 4.2.1.3)".to_owned(),
            );
        }
        if certificate.not_after.is_none_or(|end| end < self.now) {
            return Some(format!(
                "it expired{}",
                certificate.not_after.map_or_else(String::new, |t| format!(" on {}", t.day()))
            ));
        }
        if certificate.not_before.is_none_or(|begin| begin > self.now) {
            return Some("it is not yet valid".to_owned());
        }
        if let Some(oid) = link.facts.unknown_critical.first() {
            return Some(format!("its critical extension {oid} is not known here (RFC 5280 section 4.2)"));
        }
        if let Some(oid) = &link.facts.repeated {
            return Some(format!("its extension {oid} is there more than once (RFC 5280 section 4.2)"));
        }
        // Those that name themselves as issuer do not count (RFC 5280 section 4.2.1.9).
        let below = path
            .iter()
            .filter(|p| {
                self.all.links[**p].met.certificate.subject_id
                    != self.all.links[**p].met.certificate.issuer.id
            })
            .count();
        if link.facts.path_length.is_some_and(|most| below > most as usize) {
            return Some(format!(
                "it allows {} CAs below it, and there are {below} (RFC 5280 section 4.2.1.9)",
                link.facts.path_length.unwrap_or(0)
            ));
        }
        if !certificate.is_self_signed && !self.may_certify(&link.facts) {
            return Some("its extended key usage does not allow certificates for this use".to_owned());
        }
        let constraints = link.facts.constraints.as_deref()?;
        let of = |met: &Met, facts: &Facts| {
            names::violates(constraints, names::subject_of(&met.der).unwrap_or_default(), facts)
        };
        // Every certificate below it but CAs that name themselves as issuer (RFC 5280 section 6.1.3 (b) and
        // (c)).
        let cas = path
            .iter()
            .map(|at| &self.all.links[*at])
            .filter(|l| l.met.certificate.subject_id != l.met.certificate.issuer.id);
        let of_ca = |l: &Link| {
            of(&l.met, &l.facts).map(|why| format!("{why}, which is in the CA {} below it", l.name()))
        };
        of(self.leaf, self.facts).or_else(|| cas.into_iter().find_map(of_ca))
    }

    /// Whether the extended key usages of a CA leave room for what the certificate is for. No standard says
    /// so; everybody checks it (CA/B Baseline Requirements 7.1.2.10.6).
    fn may_certify(&self, above: &Facts) -> bool {
        let purpose = match Sort::of(&self.leaf.certificate) {
            Sort::TlsServer => 1,
            Sort::TlsClient => 2,
            Sort::CodeSigning => 3,
            Sort::Smime => 4,
            Sort::Ca | Sort::Other => return true,
        };
        let is = |usage: &Vec<u8>| {
            *usage == [oid::KEY_PURPOSE, &[purpose]].concat() || usage == oid::ANY_EXT_KEY_USAGE
        };
        above.usages.as_ref().is_none_or(|usages| usages.iter().any(is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_of_the_store_is_one() {
        let mut all = Authorities::default();
        let roots = public_roots();
        roots.iter().for_each(|der| all.add_public(der));
        assert!(roots.len() > 100 && all.links.len() == roots.len());
        for link in &all.links {
            assert!(
                link.met.certificate.is_self_signed && link.trust == Some(Root::Public),
                "{}",
                link.name()
            );
            let path = all.find(&link.met, &link.facts, Time::from_unix(0)).expect("a root is its own chain");
            assert_eq!((path.root, path.above.len()), (Root::Public, 0));
        }
    }
}
