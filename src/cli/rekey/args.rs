//! Arguments of `rekey`.

use std::path::PathBuf;

use certrecall::rekey::{CommonName, KeyFormat, KeySpec, NameEdit, Order, Target};

use super::super::error::Error;
use super::super::passphrase::KeyPassphrase;

/// Arguments of `rekey`.
#[derive(Debug, clap::Args)]
pub(crate) struct RekeyArgs {
    /// The case directory of an earlier plan
    pub(crate) case: PathBuf,
    /// Kind of the new keys: mirror, rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ecdsa-p521 or
    /// ed25519
    #[arg(long, value_name = "KIND", default_value = "mirror")]
    pub(crate) key: KeySpec,
    /// Form of the new keys: pkcs8, pkcs1 (RSA alone), sec1 (curves alone) or pkcs8-encrypted
    #[arg(long, value_name = "FORM", default_value = "pkcs8")]
    pub(crate) key_format: KeyFormat,
    /// Make this replacement and no other: a step, a name, or the SHA-256 of a certificate or old key; may be
    /// repeated
    #[arg(long, value_name = "STEP|NAME|SHA256|SPKI")]
    pub(crate) only: Vec<String>,
    /// Another subject (with --only): CN=www.example.com,O=Example,C=DE
    #[arg(long, value_name = "DN")]
    pub(crate) subject: Option<String>,
    /// A name to add or drop (with --only): add:NAME or drop:NAME, with dns:, ip:, email: or uri: before the
    /// name; may be repeated
    #[arg(long, value_name = "add:NAME|drop:NAME")]
    pub(crate) san: Vec<NameEdit>,
    /// What becomes of the common name (with --only): keep, drop or first-san
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(crate) common_name: CommonName,
    /// Wishes for single replacements: a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) replacements: Option<PathBuf>,
    /// Where key and certificate go, which decides about their form: zendesk
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Print what to do with the request of this replacement, ready to paste, and make nothing
    #[arg(long, value_name = "STEP|NAME|SHA256|SPKI")]
    pub(crate) show: Option<String>,
    /// Make proofs that keys are compromised, signed by these keys, instead of new keys; each is a kill
    /// switch (with --only or --all-exposed)
    #[arg(long)]
    pub(crate) proofs: bool,
    /// With --proofs: for every key that is exposed and has a certificate to revoke
    #[arg(long, requires = "proofs")]
    pub(crate) all_exposed: bool,
    /// With --proofs: passphrases of old keys, one a line
    #[arg(long, value_name = "FILE", requires = "proofs")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Your own CAs, TOML: who runs them, by which names, and what their commands need
    #[arg(long, value_name = "FILE")]
    pub(crate) cas: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: KeyPassphrase,
    /// Keys known to be compromised, which no new one may be: SHA-256 of the SPKI in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) known_compromised: Option<PathBuf>,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// The new keys of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewKeys {
    /// Kind of the new keys: mirror, rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ecdsa-p521 or
    /// ed25519
    #[arg(long, value_name = "KIND", default_value = "mirror")]
    key: KeySpec,
    /// Where key and certificate go, which decides about their form: zendesk
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

impl NewKeys {
    /// What is wanted of every replacement.
    pub(crate) fn order(&self) -> Result<Order, Error> {
        let value = |says| Error::Value { flag: "--target", says };
        let target = self.target.as_deref().map(Target::named).transpose().map_err(value)?;
        let order = Order { key: self.key, target, ..Order::default() };
        match order.target.as_ref().and_then(|target| target.refuses(order.key, order.format)) {
            Some(says) => Err(value(says)),
            None => Ok(order),
        }
    }
}
