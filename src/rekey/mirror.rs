//! What an old certificate asks of its successor: read by tag, so that certificates which strict parsers
//! refuse are served too.

use super::change::{Action, Change};
use super::general_name::{self, plain_names};
use super::request::Wish;
use super::spec::NewKind;
use super::usage;
use crate::finding::{Code, Codes};
use crate::limits;
use crate::oid;
use crate::pki::der::{self, BOOLEAN, INTEGER, Reader, SEQUENCE, Tlv, context};
use crate::pki::seen::Seen;

/// The parts of a request that come from the old certificate.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// The content of the subject, as found until it is edited.
    pub(crate) subject: Vec<u8>,
    /// The extensions to ask for, in their old order.
    pub(crate) wishes: Vec<Wish>,
    /// What was kept, dropped, changed and added.
    pub(crate) changes: Vec<Change>,
    /// What is noteworthy.
    pub(crate) codes: Codes,
    /// Whether the old certificate says that nothing but a domain was validated for it.
    pub(crate) domain_validated: bool,
    /// Alternative names that are malformed, in DER: as they were, and as they are asked for, if they are.
    pub(crate) mended: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The fields of a certificate that matter here, as found.
struct Old<'a> {
    subject: Tlv<'a>,
    key: Tlv<'a>,
    extensions: Option<Tlv<'a>>,
}

/// Mirrors a certificate for a new key of this kind. `None` if not even its outer fields can be read.
pub(crate) fn mirror(certificate: &[u8], kind: NewKind) -> Option<Mirror> {
    let old = read(certificate)?;
    let subject = old.subject.content.to_vec();
    let mut out = Mirror {
        subject,
        wishes: Vec::new(),
        changes: Vec::new(),
        codes: Codes::NONE,
        domain_validated: false,
        mended: Vec::new(),
    };
    out.subject_change(&old);
    let (mut seen, mut beyond) = (Seen::default(), 0u64);
    if let Some(extensions) = old.extensions {
        let list = &mut extensions.reader().sequence().unwrap_or_else(|| extensions.reader());
        while let Some(extension) = list.any() {
            beyond += u64::from(!out.extension(extension, kind, &mut seen));
        }
        if beyond > 0 {
            out.codes.insert(Code::ExtensionNotRead);
            out.note(
                &format!("{beyond} more extensions"),
                Action::Dropped,
                "there are too many to report each",
            );
        }
        if !list.is_empty() {
            out.unreadable("the rest of the extensions");
        }
    }
    Some(out)
}

/// `TBSCertificate` (RFC 5280 section 4.1), by tag: version and everything after the key may be missing.
fn read(certificate: &[u8]) -> Option<Old<'_>> {
    let fields = &mut Reader::new(certificate).sequence()?.sequence()?;
    fields.tagged(context(0));
    fields.tagged(INTEGER)?;
    let _signature_algorithm = fields.tagged(SEQUENCE)?;
    let _issuer = fields.tagged(SEQUENCE)?;
    let _validity = fields.tagged(SEQUENCE)?;
    let subject = fields.tagged(SEQUENCE)?;
    let key = fields.tagged(SEQUENCE)?;
    Some(Old { subject, key, extensions: fields.find(|field| field.tag == context(3)) })
}

impl Mirror {
    /// Host names and addresses among the alternative names.
    pub(crate) fn plain_names(&self) -> Vec<String> {
        self.wish(oid::SUBJECT_ALT_NAME).map(|wish| plain_names(&wish.value)).unwrap_or_default()
    }

    /// Whether a host, address, mail address or URI is among the alternative names.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        let is = |n: Tlv<'_>| match n.tag {
            general_name::IP => general_name::address(n.content).is_some_and(|ip| name.parse() == Ok(ip)),
            general_name::DNS | general_name::EMAIL | general_name::URI => {
                n.content.eq_ignore_ascii_case(name.as_bytes())
            }
            _ => false,
        };
        self.wish(oid::SUBJECT_ALT_NAME)
            .and_then(|wish| elements(&wish.value))
            .is_some_and(|names| Iterator::any(&mut names.into_iter(), is))
    }

    /// Says anew what becomes of a part that was told of before; of what had become of it, the reason stays.
    pub(crate) fn replace(&mut self, what: &str, action: Action, reason: &str) {
        let told = |c: &&mut Change| c.what == what && c.action != Action::Dropped;
        let Some(change) = self.changes.iter_mut().find(told) else { return self.note(what, action, reason) };
        change.reason = if change.action == Action::Changed {
            format!("{}; {reason}", change.reason)
        } else {
            reason.to_owned()
        };
        change.action = action;
    }

    /// Adds something to what was told of a part.
    pub(crate) fn remark(&mut self, what: &str, says: &str) {
        if let Some(change) = self.changes.iter_mut().find(|c| c.what == what && c.action != Action::Dropped)
        {
            change.reason = format!("{}; {says}", change.reason);
        }
    }

    /// Another subject. Without any, the alternative names are critical (RFC 5280 section 4.2.1.6).
    pub(crate) fn set_subject(&mut self, subject: Vec<u8>) {
        self.subject = subject;
        if self.subject.is_empty()
            && let Some(wish) = self.wish_mut(oid::SUBJECT_ALT_NAME)
            && !wish.critical
        {
            wish.critical = true;
            self.note(
                "subjectAltName critical",
                Action::Added,
                "there is no subject, so the names are critical (RFC 5280 section 4.2.1.6)",
            );
        }
    }

    /// Other alternative names in the place of those there were.
    pub(crate) fn set_names(&mut self, value: Vec<u8>) {
        if let Some(wish) = self.wish_mut(oid::SUBJECT_ALT_NAME) {
            wish.value = value;
        }
    }

    pub(crate) fn wish_mut(&mut self, oid: &[u8]) -> Option<&mut Wish> {
        self.wishes.iter_mut().find(|wish| wish.oid == oid)
    }

    fn note(&mut self, what: &str, action: Action, reason: &str) {
        self.changes.push(Change::new(what, action, reason));
    }

    fn unreadable(&mut self, what: &str) {
        self.codes.insert(Code::ExtensionNotRead);
        self.note(what, Action::Dropped, "it could not be decoded");
    }

    pub(crate) fn wish(&self, oid: &[u8]) -> Option<&Wish> {
        self.wishes.iter().find(|wish| wish.oid == oid)
    }

    fn subject_change(&mut self, old: &Old<'_>) {
        if old.subject.raw == der::tlv(SEQUENCE, old.subject.content) {
            self.note("subject", Action::Kept, "byte by byte");
        } else {
            self.note(
                "subject",
                Action::Changed,
                "the length of the whole is written in DER; everything inside is kept byte by byte",
            );
        }
        if old.key.reader().sequence().and_then(|mut algorithm| algorithm.oid()) == Some(oid::RSASSA_PSS) {
            self.note(
                "id-RSASSA-PSS",
                Action::Changed,
                "the new key is a plain RSA key, which may sign with PSS padding too",
            );
        }
    }

    /// Decides about one extension. `false`: it is one too many to be told of, and asks for nothing.
    fn extension<'a>(&mut self, extension: Tlv<'a>, kind: NewKind, seen: &mut Seen<'a>) -> bool {
        let full = self.changes.len() >= limits::EXTENSIONS;
        match open(extension) {
            Some((oid, critical, value)) if (!full || is_mirrored(oid)) && seen.insert(oid) => {
                self.decide(oid, critical, value, kind)
            }
            _ if full => return false,
            Some((oid, ..)) => {
                self.codes.insert(Code::DuplicateExtension);
                self.note(&name_of(oid), Action::Dropped, "it occurs twice; the first one counts");
            }
            None => self.unreadable("an extension"),
        }
        true
    }

    /// Decides about an extension that is met for the first time.
    fn decide(&mut self, oid: &[u8], critical: bool, value: &[u8], kind: NewKind) {
        let name = name_of(oid);
        self.domain_validated |= oid == oid::CERTIFICATE_POLICIES && is_domain_validated(value);
        let copied = match oid {
            oid::SUBJECT_ALT_NAME => oid::SUBJECT_ALT_NAME,
            oid::KEY_USAGE => return self.key_usage(critical, value, kind),
            oid::EXT_KEY_USAGE => oid::EXT_KEY_USAGE,
            oid::TLS_FEATURE => oid::TLS_FEATURE,
            _ => return self.note(&name, Action::Dropped, why_dropped(oid, value)),
        };
        match elements(value) {
            None => self.unreadable(&name),
            // RFC 5280 sections 4.2.1.6 and 4.2.1.12: at least one element.
            Some(elements) if elements.is_empty() => self.note(&name, Action::Dropped, "it is empty"),
            Some(_) => {
                self.wishes.push(Wish { oid: copied, critical, value: value.to_vec() });
                self.note(
                    &name,
                    Action::Kept,
                    if critical { "byte by byte, critical" } else { "byte by byte" },
                );
            }
        }
    }

    fn key_usage(&mut self, critical: bool, old: &[u8], kind: NewKind) {
        let Some((value, changes)) = usage::fit(old, kind) else {
            return self.unreadable("keyUsage");
        };
        match changes.is_empty() {
            true if value == old => self.note(
                "keyUsage",
                Action::Kept,
                if critical { "byte by byte, critical" } else { "byte by byte" },
            ),
            true => {
                self.report(false, true);
                self.note("keyUsage", Action::Changed, "written in DER (X.690 section 11.2.2)");
            }
            false => self.note("keyUsage", Action::Changed, "fitted to the new key"),
        }
        self.changes.extend(changes);
        self.wishes.push(Wish { oid: oid::KEY_USAGE, critical, value });
    }

    /// Whether the certificate is for a server as far as it says: a single word may as well be the name of a
    /// person.
    pub(crate) fn serves(&self) -> bool {
        let Some(usages) = self.wish(oid::EXT_KEY_USAGE) else { return true };
        elements(&usages.value)
            .into_iter()
            .flatten()
            .any(|usage| matches!(usage.content, oid::SERVER_AUTH | oid::ANY_EXT_KEY_USAGE))
    }

    /// Notes that names of the old certificate are left out, and that some are written otherwise.
    pub(crate) fn report(&mut self, left_out: bool, written: bool) {
        let codes = [(left_out, Code::NameLeftOut), (written, Code::NameMended)];
        codes.into_iter().filter(|(is, _)| *is).for_each(|(_, code)| self.codes.insert(code));
    }
}

/// Whether the extension of that name is asked for again.
fn is_mirrored(oid: &[u8]) -> bool {
    matches!(oid, oid::SUBJECT_ALT_NAME | oid::KEY_USAGE | oid::EXT_KEY_USAGE | oid::TLS_FEATURE)
}

/// `Extension` (RFC 5280 section 4.1): name, critical, value.
fn open(extension: Tlv<'_>) -> Option<(&[u8], bool, &[u8])> {
    let fields = &mut extension.reader();
    let oid = fields.oid()?;
    let critical = fields.tagged(BOOLEAN).is_some_and(|b| b.content.iter().any(|octet| *octet != 0));
    let value = fields.octet_string()?;
    (extension.tag == SEQUENCE && fields.is_empty()).then_some((oid, critical, value))
}

/// The elements of a SEQUENCE that can be read to its end and is followed by nothing.
fn elements(value: &[u8]) -> Option<Reader<'_>> {
    let (sequence, rest) = der::first(value)?;
    let walk = &mut sequence.reader();
    while walk.any().is_some() {}
    (sequence.tag == SEQUENCE && rest.is_empty() && walk.is_empty()).then(|| sequence.reader())
}

/// What people call an extension.
fn name_of(oid: &[u8]) -> String {
    let name = match oid {
        oid::SUBJECT_ALT_NAME => "subjectAltName",
        oid::BASIC_CONSTRAINTS => "basicConstraints",
        oid::KEY_USAGE => "keyUsage",
        oid::EXT_KEY_USAGE => "extendedKeyUsage",
        oid::SUBJECT_KEY_ID => "subjectKeyIdentifier",
        oid::AUTHORITY_KEY_ID => "authorityKeyIdentifier",
        oid::CRL_DISTRIBUTION_POINTS => "cRLDistributionPoints",
        oid::AUTHORITY_INFO_ACCESS => "authorityInfoAccess",
        oid::SCT_LIST => "signedCertificateTimestampList",
        oid::CT_POISON => "precertificatePoison",
        oid::TLS_FEATURE => "tlsFeature",
        oid::CERTIFICATE_POLICIES => "certificatePolicies",
        oid::NAME_CONSTRAINTS => "nameConstraints",
        _ => return oid::dotted(oid).unwrap_or_else(|| "an extension without a readable name".into()),
    };
    name.into()
}

/// Why an extension is not asked for.
fn why_dropped(oid: &[u8], value: &[u8]) -> &'static str {
    match oid {
        oid::AUTHORITY_KEY_ID => "it names the key of the CA, which sets it",
        oid::SUBJECT_KEY_ID => "it names the old key",
        oid::SCT_LIST | oid::CT_POISON => "it belongs to the old certificate alone",
        oid::CRL_DISTRIBUTION_POINTS | oid::AUTHORITY_INFO_ACCESS => {
            "it says where the CA publishes, and the CA sets it"
        }
        // CA:TRUE is encoded, CA:FALSE is the default and is not.
        oid::BASIC_CONSTRAINTS
            if elements(value).into_iter().flatten().any(|e| e.tag == BOOLEAN && e.content != [0]) =>
        {
            "a CA certificate is never asked for"
        }
        oid::BASIC_CONSTRAINTS => "no CA is the default, and the CA sets it",
        oid::CERTIFICATE_POLICIES => "it names the policies of the CA, which sets it",
        oid::NAME_CONSTRAINTS => "only a CA certificate may have it",
        _ => "the CA decides about it",
    }
}

/// Whether a `certificatePolicies` value (RFC 5280 section 4.2.1.4) says that a domain alone was validated:
/// 2.23.140.1.2.1, BR 7.1.6.1.
fn is_domain_validated(policies: &[u8]) -> bool {
    let all = Reader::new(policies).sequence();
    all.into_iter().flatten().any(|policy| policy.reader().oid() == Some(oid::DOMAIN_VALIDATED))
}
