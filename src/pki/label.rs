//! Labels of PEM blocks, and what each promises.

use super::object::Object;

/// What a PEM label promises (RFC 7468, and what OpenSSL, GnuTLS and others write).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`, `X509 CERTIFICATE`.
    Certificate,
    /// `TRUSTED CERTIFICATE`: a certificate and OpenSSL's trust data behind it.
    TrustedCertificate,
    /// `X509 CRL`, `CRL`.
    Crl,
    /// `CERTIFICATE REQUEST`, `NEW CERTIFICATE REQUEST`.
    Request,
    /// `PRIVATE KEY` and every `... PRIVATE KEY` in DER.
    PrivateKey,
    /// `ENCRYPTED PRIVATE KEY`.
    EncryptedKey,
    /// `OPENSSH PRIVATE KEY`.
    OpenSsh,
    /// `PUBLIC KEY`, `RSA PUBLIC KEY` and the like.
    PublicKey,
    /// `... PARAMETERS`.
    Parameters(&'static str),
    /// `PKCS7`, `CMS`, `PKCS #7 SIGNED DATA`, `CERTIFICATE CHAIN`.
    Pkcs7,
    /// Known, and nothing of X.509 in it.
    Other,
    /// Not known.
    Unknown,
}

impl Label {
    /// Reads a label; case does not count.
    #[must_use]
    pub fn of(label: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" => Self::Certificate,
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" => Self::PrivateKey,
            _ => Self::rare(&label.to_ascii_uppercase()),
        }
    }

    fn rare(label: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" => Self::Certificate,
            b"TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            b"X509 CRL" | b"CRL" => Self::Crl,
            b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Self::Request,
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" | b"DSA PRIVATE KEY"
            | b"DH PRIVATE KEY" | b"ANY PRIVATE KEY" => Self::PrivateKey,
            b"ENCRYPTED PRIVATE KEY" => Self::EncryptedKey,
            b"OPENSSH PRIVATE KEY" => Self::OpenSsh,
            b"PUBLIC KEY" | b"RSA PUBLIC KEY" | b"EC PUBLIC KEY" | b"DSA PUBLIC KEY" => Self::PublicKey,
            b"EC PARAMETERS" | b"SM2 PARAMETERS" => Self::Parameters("ec"),
            b"DH PARAMETERS" | b"X9.42 DH PARAMETERS" | b"X942 DH PARAMETERS" => Self::Parameters("dh"),
            b"DSA PARAMETERS" => Self::Parameters("dsa"),
            b"PKCS7" | b"CMS" | b"PKCS #7 SIGNED DATA" | b"CERTIFICATE CHAIN" | b"CERTIFICATE SET" => {
                Self::Pkcs7
            }
            b"SSH2 PUBLIC KEY"
            | b"SSH SIGNATURE"
            | b"SSL SESSION PARAMETERS"
            | b"ATTRIBUTE CERTIFICATE"
            | b"OCSP RESPONSE"
            | b"OCSP REQUEST"
            | b"AGE ENCRYPTED FILE"
            | b"ECHCONFIG"
            | b"NAMED CURVE"
            | b"TSS2 PRIVATE KEY"
            | b"TSS2 KEY BLOB"
            | b"KEY BLOB"
            | b"SIGNATURE"
            | b"ALGORITHM"
            | b"PKCS11-PROVIDER URI"
            | b"PKCS#11 PROVIDER URI"
            | b"OPENVPN STATIC KEY V1"
            | b"TIMESTAMP QUERY"
            | b"TIMESTAMP RESPONSE" => Self::Other,
            _ if label.starts_with(b"PGP ")
                || label.starts_with(b"OPENVPN ")
                || label.starts_with(b"ENCRYPTED SIGSTORE") =>
            {
                Self::Other
            }
            _ => Self::Unknown,
        }
    }

    pub(super) const fn expects(self, object: &Object) -> bool {
        match self {
            Self::Certificate | Self::TrustedCertificate => matches!(object, Object::Certificate(_)),
            Self::Crl => matches!(object, Object::Crl(_)),
            Self::Request => matches!(object, Object::Request(_)),
            Self::PrivateKey | Self::OpenSsh => matches!(object, Object::PrivateKey(_)),
            Self::PublicKey => matches!(object, Object::PublicKey(_)),
            Self::Parameters(_) => matches!(object, Object::Parameters(_)),
            Self::EncryptedKey | Self::Pkcs7 | Self::Other | Self::Unknown => false,
        }
    }
}
