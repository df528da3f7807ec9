//! What a certificate is for, whether a public CA can have issued it, and how long a replacement may be
//! valid.

use serde::{Deserialize, Serialize};

use super::{Cas, Ceiling, Confidence, Identified};
use crate::pki::Certificate;
use crate::plan::Issuance;
use crate::time::{DAY, Time};

/// What a certificate is for, as far as revocation and replacement differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// Servers: the rules of the CA/B Forum for TLS hold.
    TlsServer,
    /// Clients alone: remove it from lists of those allowed too, many servers look at no revocation.
    TlsClient,
    /// Mail.
    Smime,
    /// Programs: its signatures outlive it.
    CodeSigning,
    /// It issues others.
    Ca,
    /// Anything else.
    Other,
}

/// `keyUsage` bits, RFC 5280 section 4.2.1.3: digitalSignature, keyEncipherment, keyAgreement.
const OF_LEAVES: u16 = 1 << 0 | 1 << 2 | 1 << 4;
/// keyCertSign.
const KEY_CERT_SIGN: u16 = 1 << 5;

impl Sort {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsServer => "tls-server",
            Self::TlsClient => "tls-client",
            Self::Smime => "smime",
            Self::CodeSigning => "code-signing",
            Self::Ca => "ca",
            Self::Other => "other",
        }
    }

    /// By basic constraints, then extended usages (a server before all others), then, without those, by
    /// usages and names.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        let purpose = certificate.purpose;
        let signs_only =
            purpose.key_usage.is_some_and(|bits| bits & KEY_CERT_SIGN != 0 && bits & OF_LEAVES == 0);
        if certificate.is_ca || (purpose.extended.is_none() && signs_only) {
            return Self::Ca;
        }
        match purpose.extended {
            Some(e) if e.server => Self::TlsServer,
            Some(e) if e.code => Self::CodeSigning,
            Some(e) if e.email => Self::Smime,
            Some(e) if e.client => Self::TlsClient,
            Some(_) => Self::Other,
            None if !certificate.names.dns.is_empty() || !certificate.names.ip().is_empty() => {
                Self::TlsServer
            }
            None if !certificate.names.email().is_empty() => Self::Smime,
            None => Self::Other,
        }
    }
}

/// Whether a public CA issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Yes.
    Public,
    /// No.
    Private,
    /// It signed itself.
    SelfSigned,
    /// That cannot be told.
    Unknown,
}

impl Reach {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::SelfSigned => "self-signed",
            Self::Unknown => "unknown",
        }
    }
}

impl Cas {
    /// Whether a public CA issued it, and the sentence why.
    #[must_use]
    pub fn reach(&self, certificate: &Certificate, identified: &Identified<'_>) -> (Reach, String) {
        if certificate.is_self_signed {
            return match certificate.key.spki.filter(|key| self.is_public_root(key)) {
                Some(_) => (Reach::Public, "its key is that of a public root".to_owned()),
                None => {
                    (Reach::SelfSigned, "it signed itself: there is nobody who could revoke it".to_owned())
                }
            };
        }
        if let Some(operator) = identified.operator.filter(|o| o.is_private()) {
            return (Reach::Private, format!("{} is a private CA: {}", operator.name, identified.because));
        }
        let too_long = self.too_long(Sort::of(certificate), certificate.not_before, certificate.not_after);
        let by_key = matches!(identified.confidence, Confidence::Key | Confidence::KeyOfSubordinate);
        match (too_long, by_key || identified.publicly_known, identified.confidence) {
            (Some(why), true, _) => {
                (Reach::Public, format!("{}. Yet {why}: it was issued against the rules", identified.because))
            }
            (Some(why), false, _) => (Reach::Private, format!("{why}: no public CA issues that")),
            (None, true, _) | (None, _, Confidence::Host) => (Reach::Public, identified.because.clone()),
            (None, false, _) => (Reach::Unknown, identified.because.clone()),
        }
    }

    /// The rule for certificates of this sort issued at this time.
    #[must_use]
    pub fn ceiling(&self, sort: Sort, issued: Time) -> Option<&Ceiling> {
        self.ceilings
            .iter()
            .filter(|c| c.sort == sort && c.from.is_none_or(|from| from <= issued))
            .max_by_key(|c| c.from)
    }

    /// What the rules of `time` allow a replacement of this sort at a public CA; `None` where there is no
    /// rule.
    #[must_use]
    pub fn max_validity_today(&self, sort: Sort, time: Time) -> Option<&Ceiling> {
        self.ceiling(sort, time)
    }

    /// The rule for the replacement of a certificate, if a public CA issues it.
    #[must_use]
    pub fn replacement_ceiling(&self, issued: &Issuance, time: Time) -> Option<&Ceiling> {
        if matches!(issued.reach, Reach::Public) { self.max_validity_today(issued.sort, time) } else { None }
    }

    /// Says why it is valid for longer than any public CA was allowed to make it; `None` if it is not. Both
    /// ends of the validity belong to it (RFC 5280 section 4.1.2.5).
    #[must_use]
    pub fn too_long(&self, sort: Sort, not_before: Option<Time>, not_after: Option<Time>) -> Option<String> {
        let (from, to) = (not_before?, not_after?);
        let ceiling = self.ceiling(sort, from)?;
        let seconds = to.unix().saturating_sub(from.unix()).saturating_add(1);
        (seconds > i64::from(ceiling.days) * DAY).then(|| {
            // "Any amount of time greater than this [...] shall represent an additional day" (CA/B Forum TLS
            // BR 6.3.2).
            let days = seconds.saturating_add(DAY - 1).div_euclid(DAY);
            let says = format!(
                "it is valid for {days} days, and from {} at most {} days were allowed",
                from.day(),
                ceiling.days
            );
            format!("{says} ({})", ceiling.source)
        })
    }
}
