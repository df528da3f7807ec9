//! What a certificate is for, and whether a public CA issued it.

use serde::{Deserialize, Serialize};

use crate::pki::Certificate;

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
