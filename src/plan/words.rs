//! What steps say.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::authority::{Authority, Issuance, is_short_lived};
use super::ca::{Ceiling, Reach, Sort};
use super::model::{Plan, Replacement};
use crate::assess::Exposure;
use crate::inventory::{Inventory, KeyEntry, RequestEntry};
use crate::pki::Certificate;
use crate::pki::name::shown;

pub(super) fn replace(
    mirrored: &Certificate,
    replacement: &Replacement,
    authority: Option<&Authority>,
    ceiling: Option<&Ceiling>,
) -> String {
    let name = mirrored.display_name();
    let count = replacement.replaces.len();
    let what = match count {
        1 => format!("serial {} of {}", mirrored.serial.to_hex(), mirrored.issuer.name),
        _ => format!("{count} certificates, the newest of {}", mirrored.issuer.name),
    };
    if replacement.waits_for_new_ca {
        return format!(
            "once the new CA stands, send it the new request for {name}; it replaces {what}, below an exposed CA"
        );
    }
    if mirrored.is_self_signed {
        return format!(
            "make a new certificate for {name} from the new key and request; the old one signed itself, so nobody can revoke it"
        );
    }
    let by = match authority.filter(|a| a.known) {
        Some(Authority { name, retired: Some(why), .. }) => {
            format!(" by another CA than {name} ({})", why.trim_end_matches('.'))
        }
        Some(authority) => format!(" by {}", authority.name),
        None => String::new(),
    };
    let should = |c: &Ceiling| c.should.map_or_else(String::new, |days| format!(", {days} recommended"));
    let limit = ceiling.map_or_else(String::new, |c| {
        format!(". Issued today it is valid for at most {} days{} ({})", c.days, should(c), c.source)
    });
    format!("have a new certificate issued{by} for {name} from the new request; it replaces {what}{limit}")
}

pub(super) fn inspect_file(path: &str, reasons: &BTreeMap<&'static str, usize>) -> String {
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(reason, n)| if *n > 1 { format!("{n} {reason}") } else { (*reason).to_owned() })
        .collect();
    let path = crate::pki::show(path);
    format!(
        "look at {path}, which could not be read completely ({}): what is in it may be a key or a certificate. {OR_CONFIRM}",
        reasons.join(", ")
    )
}

pub(super) fn inspect_format(format: &str, places: &[String]) -> String {
    let files = if places.len() == 1 { "1 file".to_owned() } else { format!("{} files", places.len()) };
    format!(
        "look at {files} of a format that is not opened ({}): {}. {OR_CONFIRM}",
        crate::pki::show(format),
        some(places)
    )
}

pub(super) fn inspect_rows(manifest: &str, paths: &[&str]) -> String {
    let files = if paths.len() == 1 {
        "1 file that it names".to_owned()
    } else {
        format!("{} files that it names", paths.len())
    };
    format!(
        "correct the manifest {manifest}: rows without a usable upload time leave {files} undetermined: {}. {OR_CONFIRM}",
        some(paths)
    )
}

/// How an `inspect` step ends.
const OR_CONFIRM: &str =
    "Run the plan again once it can be read, or mark the step confirmed with what was found";

/// The first of some places, and how many more there are.
fn some(places: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = places.iter().take(PLACES).map(|p| crate::pki::show(p.as_ref())).collect();
    let more =
        if places.len() > PLACES { format!(" and {} more", places.len() - PLACES) } else { String::new() };
    shown.join(", ") + &more
}

pub(super) fn deploy(
    mirrored: &Certificate,
    inventory: &Inventory,
    replacement: &Replacement,
    sort: Option<Sort>,
) -> String {
    let mut places: Vec<Cow<'_, str>> = Vec::new();
    for &i in &replacement.replaces {
        places.extend(inventory.certificates[i as usize].occurrences.iter().map(|o| inventory.path(o)));
    }
    places.sort_unstable();
    places.dedup();
    let check = match sort {
        Some(Sort::TlsClient) => {
            "put the new one on every list of clients that are allowed and take the old one off, since many servers look at no revocation"
        }
        Some(Sort::Smime) => {
            "publish it to those who write to you; the old key is still needed to read old mail, so archive it offline"
        }
        Some(Sort::CodeSigning) => "sign with it from now on, and sign anew what is still handed out",
        _ => "check that it is served",
    };
    format!(
        "install the new key and certificate for {} wherever the old one is in use, and {check}; the old one was found in {}",
        mirrored.display_name(),
        some(&places)
    )
}

/// Places that a sentence names before it counts the rest; the records name all.
const PLACES: usize = 5;

pub(super) fn search(key: &KeyEntry) -> String {
    let mut out = String::with_capacity(ROOM);
    out.push_str("look for certificates on this key that are not here, and for uses outside TLS (SSH, JWT, SAML, DKIM): ");
    for (i, hash) in std::iter::once(&key.spki).chain(&key.raw_forms).enumerate() {
        out.push_str(if i > 0 { " and " } else { "" });
        // Writing to a string cannot fail.
        let _ = write!(out, "https://crt.sh/?spkisha256={hash}");
    }
    out.push_str(", the portal of the CA, CAs of your own");
    out
}

/// Octets that a sentence about a key takes as a rule: there are very many of them, and each is to be one
/// piece of memory.
const ROOM: usize = 256;

pub(super) fn decide_ca(inventory: &Inventory, authorities: &[u32], exposure: Exposure) -> String {
    let how = match exposure {
        Exposure::Undetermined => "may be exposed",
        Exposure::Presumed => "is presumed to be exposed",
        _ => "is exposed",
    };
    format!(
        "the private key of the CA {} {how}: whoever has it can make certificates for any name, and revocation lists and OCSP answers of this CA prove nothing. Decide on a successor and set it up: a new CA on a new key, from which everything below is issued anew",
        subjects(inventory, authorities)
    )
}

pub(super) fn distribute_trust(inventory: &Inventory, authorities: &[u32]) -> String {
    format!(
        "distribute the new CA certificate to every trust store, pin and configuration that holds that of {}, beside it until nothing below it is in use",
        subjects(inventory, authorities)
    )
}

pub(super) fn verify_distrusted(inventory: &Inventory, roots: &[u32]) -> String {
    format!(
        "check that {} is trusted nowhere any more: it signed itself, so nobody can revoke it, and it stays valid wherever it is left in a trust store",
        subjects(inventory, roots)
    )
}

/// Offered where misuse is seen.
pub(super) const REVOKE_FIRST: &str = "the key is being misused: decide whether to revoke at once, before replacements are in place. That stops the misuse and takes down what still runs on the key; confirm to do so, waive to replace first. It cannot be taken back once it is sent";

/// The same where nobody can revoke.
pub(super) const DISTRUST_FIRST: &str = "the key is being misused, and nobody can revoke what signed itself: decide whether to take it out of every trust store at once, before its successor is in place. That stops the misuse and takes down what still runs on it; confirm to do so, waive to replace first";

pub(super) fn decide_expired_signer(inventory: &Inventory, signers: &[u32]) -> String {
    let issuers: Vec<&str> =
        signers.iter().map(|i| &*inventory.certificates[*i as usize].certificate.issuer.name).collect();
    let mut issuers = issuers;
    issuers.sort_unstable();
    issuers.dedup();
    format!(
        "{} expired, but signatures with a timestamp outlive it: decide whether to ask {} to revoke it as of the earliest possible compromise, so that signatures made after that are worth nothing (CA/B Forum Code Signing BR 4.9.5)",
        subjects(inventory, signers),
        issuers.join(" and ")
    )
}

fn subjects(inventory: &Inventory, certificates: &[u32]) -> String {
    let mut names: Vec<&str> =
        certificates.iter().map(|i| &*inventory.certificates[*i as usize].certificate.subject).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" and ")
}

/// `signed_itself`: it has a certificate of its own besides, on which what hangs below it stands.
pub(super) fn reissue_ca(authority: &Certificate, signed_itself: bool) -> String {
    if signed_itself {
        return format!(
            "the certificate of the CA {} that an exposed one made is void. It has one that it signed itself, on which what hangs below it stands: have those who trust the exposed CA trust that one, and take the void one out of every chain",
            authority.subject
        );
    }
    format!(
        "the CA {} hangs below an exposed one: once the new CA stands, have this one certified by it, or retire it with what hangs below it",
        authority.subject
    )
}

/// A request on an exposed key.
pub(super) fn decide_request(inventory: &Inventory, entry: &RequestEntry) -> String {
    let mut places: Vec<Cow<'_, str>> = entry.occurrences.iter().map(|o| inventory.path(o)).collect();
    places.sort_unstable();
    places.dedup();
    format!(
        "a certification request for {} asks for a certificate on this key ({}): whoever renews from it has this key certified again. Decide what becomes of it: find out what renews from it, let that make a new key, and delete the request; confirm when that is done",
        if entry.request.display_name().is_empty() {
            Cow::Borrowed("no name")
        } else {
            entry.request.display_name()
        },
        some(&places)
    )
}

pub(super) fn decide_suspicion(exposure: Exposure) -> String {
    let why = if exposure == Exposure::Presumed {
        "the key itself was not found; it is presumed to have come along with its certificate"
    } else {
        "the evidence does not tell whether the key was uploaded before the cutoff"
    };
    format!(
        "{why}. Decide whether it counts as compromised: only then may its certificates be revoked for key compromise"
    )
}

/// What a `revoke` step says.
pub(super) struct Revoke<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) plan: &'a Plan,
    pub(super) authority: &'a str,
    pub(super) certificates: &'a [u32],
    /// It is offered not to wait for replacements.
    pub(super) at_once: bool,
}

impl Revoke<'_> {
    fn all(&self, is: impl Fn(&Issuance, &Certificate) -> bool) -> bool {
        let of = |i: &u32| {
            self.plan
                .authorities
                .of(*i)
                .is_some_and(|issued| is(issued, &self.inventory.certificates[*i as usize].certificate))
        };
        self.certificates.iter().all(of)
    }
}

impl fmt::Display for Revoke<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inventory, authority, certificates, .. } = self;
        let issuer = |i: &u32| &*inventory.certificates[*i as usize].certificate.issuer.name;
        // A serial number names a certificate only together with its issuer.
        let several = certificates.iter().any(|i| issuer(i) != issuer(&certificates[0]));
        let of = |i: &u32| if several { format!(" of {}", issuer(i)) } else { String::new() };
        let serial =
            |i: &u32| format!("{}{}", inventory.certificates[*i as usize].certificate.serial.to_hex(), of(i));
        let serials: Vec<String> = certificates.iter().take(PLACES).map(serial).collect();
        write!(f, "have {authority} revoke serial {}", serials.join(", "))?;
        if certificates.len() > PLACES {
            write!(f, " and {} more", certificates.len() - PLACES)?;
        }
        let private = self.all(|issued, _| issued.reach == Reach::Private);
        f.write_str(if private {
            " for keyCompromise, and publish it. A private CA revokes what is named: so name every certificate on the key, and do it after each replacement is in place"
        } else {
            " for keyCompromise. Proof of the key revokes all certificates on it that the CA knows of, known here or not, and starts its clock: so only after each replacement is in place"
        })?;
        if self.at_once {
            f.write_str(", unless it is decided to revoke at once")?;
        }
        if self.all(|issued, _| issued.sort == Sort::CodeSigning) {
            f.write_str(". Ask for the earliest possible compromise as its date: what was signed after that is then worth nothing (CA/B Forum Code Signing BR 4.9.5)")?;
        }
        let short = |issued: &Issuance, c: &Certificate| {
            issued.sort == Sort::TlsServer && is_short_lived(c.not_before, c.not_after)
        };
        if !private && self.all(short) {
            f.write_str(". It is short-lived, so a public CA need not revoke it (CA/B Forum TLS BR 4.9.1.1): letting it expire may be quicker, but have the key blocked")?;
        }
        Ok(())
    }
}

pub(super) fn verify_revoked(authority: &str, with_reason: bool) -> String {
    let why = if with_reason { " for keyCompromise" } else { " (its software records no reason)" };
    format!(
        "check in a fresh, signed revocation list or OCSP answer of {authority} that each is revoked{why}; absence from an old list proves nothing"
    )
}

pub(super) const VERIFY_REMOVED: &str = "check that the old certificate is served nowhere and trusted nowhere: remove it from trust stores and pins, since no revocation will reach those who have it";

pub(super) fn retire(inventory: &Inventory, key: &KeyEntry, reads_old_mail: bool) -> String {
    let paths: Vec<Cow<'_, str>> = key.private_places().map(|o| inventory.path(o)).collect();
    let mut places: Vec<Cow<'_, str>> = paths.iter().map(|path| shown(path)).collect();
    places.sort_unstable();
    places.dedup();
    let in_archive = key.private_places().any(|o| inventory.files[o.file as usize].place.member().is_some());
    let archive = if in_archive {
        "; what lies in an archive goes with the whole archive, or with a new one packed without it"
    } else {
        ""
    };
    let keep = if reads_old_mail {
        "keep one copy offline to read old mail, and the proofs"
    } else {
        "keep nothing but the proofs"
    };
    if places.is_empty() {
        return format!("destroy every copy of the old key; none was found here; {keep}");
    }
    let more =
        if places.len() > PLACES { format!(" and {} more", places.len() - PLACES) } else { String::new() };
    let mut out = String::with_capacity(ROOM);
    out.push_str("destroy every copy of the old key, among them ");
    for (i, place) in places.iter().take(PLACES).enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        out.push_str(place);
    }
    out.extend([&more, archive, "; ", keep]);
    out
}
