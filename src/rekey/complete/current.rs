//! The bundle that is beside a key, read back.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::gather::Met;
use super::pem::{CERTIFICATE, CHAIN, FULL_CHAIN, ISSUED, ISSUED_RECORD, certificates, full_chain};
use super::record::Issued;
use crate::files;

/// Files of a bundle are small; what is larger is something else. The largest real certificates have about
/// 100 KiB.
const LARGEST: u64 = 16 << 20;

/// A bundle that lies beside its key.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) issued: Issued,
    pub(crate) certificate: Met,
    pub(crate) chain: Vec<Met>,
}

/// The bundle of a replacement, or what is wrong with it; `None` if it has none.
pub(crate) fn current(replacement: &Path) -> Option<Result<Current, &'static str>> {
    let folder = replacement.join(ISSUED);
    fs::symlink_metadata(&folder).ok()?;
    Some(read(&folder))
}

/// A file of a case, which is a regular one and no link, and small: a FIFO or a device in its place does not
/// stop the run.
pub(super) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let file = files::open_regular(path)?;
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes)? as u64;
    if read > LARGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Reads the bundle in a folder.
pub(super) fn read(folder: &Path) -> Result<Current, &'static str> {
    let file = |name: &str, says| read_regular(&folder.join(name)).map_err(|_| says);
    let issued = Issued::from_json(&file(ISSUED_RECORD, "issued.json is missing or cannot be read")?)?;
    let certificate = certificates(&file(CERTIFICATE, "cert.pem is missing or cannot be read")?, folder)
        .ok_or("cert.pem is no certificate in PEM")?;
    let chain = certificates(&file(CHAIN, "chain.pem is missing or cannot be read")?, folder)
        .ok_or("chain.pem holds something else than certificates in PEM")?;
    let [certificate] = <[Met; 1]>::try_from(certificate).map_err(|_| "cert.pem is no certificate in PEM")?;
    if certificate.certificate.sha256 != issued.sha256 {
        return Err("cert.pem is another certificate than issued.json says");
    }
    if !chain.iter().map(|m| m.certificate.sha256).eq(issued.chain.iter().map(|a| a.sha256)) {
        return Err("chain.pem holds other certificates than issued.json says");
    }
    if file(FULL_CHAIN, "fullchain.pem is missing or cannot be read")? != full_chain(&certificate, &chain) {
        return Err("fullchain.pem is not cert.pem and chain.pem");
    }
    Ok(Current { issued, certificate, chain })
}
