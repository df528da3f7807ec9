//! Object identifiers, as the content octets of their DER encoding, each with the document that assigns it.

/// Prints the dotted form of an OID's content octets; `None` when they are no OID.
#[must_use]
pub fn dotted(content: &[u8]) -> Option<String> {
    if content.is_empty() || content.len() > LONGEST || content.last().is_some_and(|b| b & 0x80 != 0) {
        return None;
    }
    let mut out = String::new();
    let mut value: u128 = 0;
    let mut first = true;
    for b in content {
        value = value.checked_mul(128)? | u128::from(b & 0x7f);
        if b & 0x80 != 0 {
            continue;
        }
        if first {
            let top = (value / 40).min(2);
            out.push_str(&format!("{top}.{}", value - top * 40));
            first = false;
        } else {
            out.push_str(&format!(".{value}"));
        }
        value = 0;
    }
    Some(out)
}

/// An OID of more octets is taken for an attack (an "OID bomb"), not for a name; the longest in use have
/// about 30.
const LONGEST: usize = 128;

// Public keys.
/// [RFC 8017] appendix C `rsaEncryption`.
pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// [RFC 8017] appendix C `id-RSASSA-PSS`.
pub const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// [RFC 8017] appendix C `id-RSAES-OAEP`.
pub const RSAES_OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07];
/// [RFC 5480] section 2.1.1 `id-ecPublicKey`.
pub const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// [RFC 3279] section 2.3.2 `id-dsa`.
pub const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
/// OIW `dsa`, the form before RFC 3279.
pub const DSA_OIW: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x0c];
/// PKCS #3 `dhKeyAgreement`.
pub const DH_PKCS3: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01];
/// [RFC 3279] section 2.3.3 `dhpublicnumber` (X9.42).
pub const DH_X942: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3e, 0x02, 0x01];
/// [RFC 8410] section 3 `id-X25519`.
pub const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
/// [RFC 8410] section 3 `id-X448`.
pub const X448: &[u8] = &[0x2b, 0x65, 0x6f];
/// [RFC 8410] section 3 `id-Ed25519`.
pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// [RFC 8410] section 3 `id-Ed448`.
pub const ED448: &[u8] = &[0x2b, 0x65, 0x71];
/// [RFC 9881] section 2 `id-ml-dsa-44`.
///
/// [RFC 9881]: https://www.rfc-editor.org/rfc/rfc9881
pub const ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];
/// RFC 9881 section 2 `id-ml-dsa-65`.
pub const ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12];
/// RFC 9881 section 2 `id-ml-dsa-87`.
pub const ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13];
/// [RFC 5480] section 2.1.1.1 `prime-field`, X9.62.
pub const PRIME_FIELD: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01];

// Curves (RFC 5480 section 2.1.1.1, SEC 2, RFC 5639).
/// `secp192r1` (P-192).
pub const P192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01];
/// `secp224r1` (P-224).
pub const P224: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x21];
/// `secp256r1` (P-256).
pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `secp384r1` (P-384).
pub const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// `secp521r1` (P-521).
pub const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// `secp256k1`.
pub const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
/// The arc of the brainpool r1 and t1 curves, [RFC 5639]; one more octet names the curve.
pub const BRAINPOOL: &[u8] = &[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01];

// Containers and encrypted keys.
/// [RFC 5652] section 5.1 `id-signedData`.
pub const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// [RFC 8018] section 6.2 `id-PBES2`.
pub const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// [RFC 5652] section 4 `id-data`.
pub const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// The arc of the PKCS #7 content types, RFC 2315 section 14; one more octet names the type.
pub const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
/// The arc of the S/MIME content types (RFC 7107 section 3.3); one more octet names the type.
pub const SMIME_CONTENT_TYPES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01];
/// Netscape `netscape-cert-sequence`, 2.16.840.1.113730.2.5.
pub const NETSCAPE_CERTIFICATE_SEQUENCE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x02, 0x05];
/// The arc of the PKCS #5 schemes (RFC 8018 appendix C).
pub const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
/// The arc of the PKCS #12 schemes (RFC 7292 appendix C).
pub const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];

// Extensions (RFC 5280 section 4.2) and attributes.
/// `subjectAltName`, section 4.2.1.6.
pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// `basicConstraints`, section 4.2.1.9.
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// `keyUsage`, section 4.2.1.3.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// `extKeyUsage`, section 4.2.1.12.
pub const EXT_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// `subjectKeyIdentifier`, section 4.2.1.2.
pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
/// `authorityKeyIdentifier`, section 4.2.1.1.
pub const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
/// `cRLDistributionPoints`, section 4.2.1.13.
pub const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
/// `authorityInfoAccess`, section 4.2.2.1.
pub const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
/// Embedded signed certificate timestamps, [RFC 6962] section 3.3.
pub const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
/// Precertificate poison, [RFC 6962] section 3.1.
pub const CT_POISON: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x03];
/// TLS feature ("must-staple"), [RFC 7633] section 4.
pub const TLS_FEATURE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18];
/// `extensionRequest`, [RFC 2985] section 5.4.2.
pub const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// `id-at-commonName`, RFC 5280 appendix A.1.
pub const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_forms() {
        assert_eq!(dotted(RSA).as_deref(), Some("1.2.840.113549.1.1.1"));
        assert_eq!(dotted(&[0x55, 0x1d, 0x11]).as_deref(), Some("2.5.29.17"));
        assert_eq!(dotted(&[0x2b, 0x65, 0x70]).as_deref(), Some("1.3.101.112"));
        assert_eq!(dotted(&[0x88, 0x37]).as_deref(), Some("2.999"));
        assert_eq!(dotted(&[]), None);
        assert_eq!(dotted(&[0x2a, 0x86]), None);
        assert_eq!(dotted(&[0xff; 200]), None);
    }
}
