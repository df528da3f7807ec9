//! Arguments of `rekey`.

use std::path::PathBuf;

use certrecall::rekey::{KeyFormat, KeySpec};

use super::super::passphrase::KeyPassphrase;

/// Arguments of `rekey`.
#[derive(Debug, clap::Args)]
pub(crate) struct RekeyArgs {
    /// The case directory of an earlier plan
    pub(crate) case: PathBuf,
    /// Kind of the new keys: mirror, rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ecdsa-p521 or ed25519
    #[arg(long, value_name = "KIND", default_value = "mirror")]
    pub(crate) key: KeySpec,
    /// Form of the new keys: pkcs8, pkcs1 (RSA alone), sec1 (curves alone) or pkcs8-encrypted
    #[arg(long, value_name = "FORM", default_value = "pkcs8")]
    pub(crate) key_format: KeyFormat,
    #[command(flatten)]
    pub(crate) passphrase: KeyPassphrase,
    /// Keys known to be compromised, which no new one may be: SHA-256 of the SPKI in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) known_compromised: Option<PathBuf>,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}
