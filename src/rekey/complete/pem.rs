//! The files of a bundle, in PEM.

use std::path::Path;
use std::sync::Arc;

use super::gather::Met;
use crate::pki;
use crate::rekey::key::{pem, unpem};

/// The folder of a bundle, in that of its replacement.
pub const ISSUED: &str = "issued";

/// The certificate and what stands between it and the root, the certificate first.
pub const FULL_CHAIN: &str = "fullchain.pem";

/// The certificate alone.
pub const CERTIFICATE: &str = "cert.pem";

/// What stands between it and the root; empty if nothing does.
pub const CHAIN: &str = "chain.pem";

/// The record of a bundle.
pub const ISSUED_RECORD: &str = "issued.json";

/// The certificates of a file that was written here.
pub(super) fn certificates(text: &[u8], folder: &Path) -> Option<Vec<Met>> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let text = str::from_utf8(text).ok()?;
    let one = |block: &str| {
        let der = unpem("CERTIFICATE", block.as_bytes())?;
        let certificate = Arc::new(pki::cert::read(&der)?);
        Some(Met { certificate, der: der.into(), place: folder.to_string_lossy().into_owned() })
    };
    text.split_inclusive(END).map(one).collect()
}

/// The text of `fullchain.pem`.
pub(crate) fn full_chain(leaf: &Met, chain: &[Met]) -> Vec<u8> {
    std::iter::once(leaf).chain(chain).flat_map(|m| pem("CERTIFICATE", &m.der)).collect()
}
