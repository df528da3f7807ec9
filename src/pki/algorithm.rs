//! Names of signature algorithms.

use crate::oid;

/// Signature algorithms by the names their standards give them.
pub(crate) fn algorithm_name(content: &[u8]) -> Option<&'static str> {
    if let Some([last]) = content.strip_prefix(oid::PKCS1) {
        return Some(match last {
            2 => "md2WithRSAEncryption",
            4 => "md5WithRSAEncryption",
            5 => "sha1WithRSAEncryption",
            10 => "rsassaPss",
            11 => "sha256WithRSAEncryption",
            12 => "sha384WithRSAEncryption",
            13 => "sha512WithRSAEncryption",
            14 => "sha224WithRSAEncryption",
            _ => return None,
        });
    }
    if let Some(tail) = content.strip_prefix(oid::ECDSA) {
        return Some(match tail {
            [1] => "ecdsa-with-SHA1",
            [3, 1] => "ecdsa-with-SHA224",
            [3, 2] => "ecdsa-with-SHA256",
            [3, 3] => "ecdsa-with-SHA384",
            [3, 4] => "ecdsa-with-SHA512",
            _ => return None,
        });
    }
    if let Some([last]) = content.strip_prefix(oid::NIST_SIGNATURES) {
        return Some(match last {
            1 => "dsa-with-sha224",
            2 => "dsa-with-sha256",
            9 => "ecdsa-with-SHA3-224",
            10 => "ecdsa-with-SHA3-256",
            11 => "ecdsa-with-SHA3-384",
            12 => "ecdsa-with-SHA3-512",
            17 => "ml-dsa-44",
            18 => "ml-dsa-65",
            19 => "ml-dsa-87",
            _ => return None,
        });
    }
    match content {
        oid::ED25519 => Some("ed25519"),
        oid::ED448 => Some("ed448"),
        oid::DSA_SHA1 => Some("dsa-with-sha1"),
        oid::SM2_WITH_SM3 => Some("sm2-with-sm3"),
        _ => None,
    }
}
