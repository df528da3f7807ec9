//! Arguments of `complete`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use certrecall::rekey::complete::{Check, Layout, Waiver};
use certrecall::store::question::{Given, OptionName};

use super::super::output_format::CaseFormat;
use super::super::passphrase::KeyPassphrase;

/// Arguments of `complete`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompleteArgs {
    /// The case directory
    pub(crate) case: PathBuf,
    /// Files and folders with what the CA issued, in any form that `scan` reads; - is standard input
    #[arg(required = true, value_name = "ISSUED")]
    pub(crate) issued: Vec<PathBuf>,
    /// Certificates that may stand between the issued one and its root
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,
    /// Roots that you vouch for, such as that of a private CA
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Vec<PathBuf>,
    /// Roots of public CAs beside those of Mozilla, as `plan` takes them
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Vec<PathBuf>,
    /// Your own CAs, TOML, as `plan` takes them
    #[arg(long, value_name = "FILE")]
    pub(crate) cas: Vec<PathBuf>,
    /// Revocation lists, beside those that came with the certificates
    #[arg(long, value_name = "FILE")]
    pub(crate) crl: Vec<PathBuf>,
    /// Form of the bundle beside the plain files: pem (these alone), haproxy, kubernetes, nginx, pkcs12 or
    /// zendesk
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: Vec<Layout>,
    /// Passphrase of PKCS #12 files: the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) export_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: KeyPassphrase,
    /// A name that may be missing
    #[arg(long, value_name = "NAME", requires = "reason")]
    pub(crate) waive_name: Vec<String>,
    /// A check that may fail: extended-key-usage, key-usage, listed-as-revoked, must-staple, other-ca,
    /// signature-not-checked or timestamps
    #[arg(long, value_name = "CHECK", requires = "reason", value_parser = check)]
    pub(crate) waive: Vec<Check>,
    /// Why that is accepted; it is kept with the certificate
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: Option<String>,
    /// Accept a chain whose root is in no store, was not in the inventory and was not given
    #[arg(long, requires = "reason")]
    pub(crate) accept_unknown_root: bool,
    /// Drop a stored option of complete from the case: accept-unknown-root, chain, crl, reason, root, waive
    /// or waive-name
    #[arg(long, value_name = "OPTION")]
    pub(crate) forget: Vec<OptionName>,
    /// Check everything and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: CaseFormat,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

impl CompleteArgs {
    /// The options that a case keeps: what vouches for certificates, and what is accepted of them.
    pub(crate) fn given(&self) -> Given {
        let files = |list: &[PathBuf]| list.iter().map(|p| p.clone().into_os_string()).collect::<Vec<_>>();
        let lists = [
            (OptionName::Chain, files(&self.chain)),
            (OptionName::Crl, files(&self.crl)),
            (OptionName::Reason, self.reason.iter().map(OsString::from).collect()),
            (OptionName::Root, files(&self.root)),
            (OptionName::Waive, self.waive.iter().map(|c| c.as_str().into()).collect()),
            (OptionName::WaiveName, self.waive_name.iter().map(OsString::from).collect()),
        ];
        let mut options: BTreeMap<_, _> =
            lists.into_iter().filter(|(_, values)| !values.is_empty()).collect();
        if self.accept_unknown_root {
            options.insert(OptionName::AcceptUnknownRoot, Vec::new());
        }
        Given { options, forget: self.forget.clone() }
    }
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("a reason is needed, in words".to_owned()) } else { Ok(text.to_owned()) }
}

fn check(text: &str) -> Result<Check, String> {
    let waivable = || {
        Check::ALL
            .iter()
            .filter(|c| c.waiver() == Waiver::Waive)
            .map(|c| c.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match Check::named(text) {
        Some(check) if check.waiver() == Waiver::Waive => Ok(check),
        Some(check) => Err(match check.waiver() {
            Waiver::AcceptUnknownRoot => "use --accept-unknown-root".to_owned(),
            Waiver::Name => "use --waive-name NAME".to_owned(),
            Waiver::Told => "it never keeps a certificate from being taken".to_owned(),
            _ => format!("what {check} finds cannot be accepted; these can: {}", waivable()),
        }),
        None => Err(format!("no such check; these can be waived: {}", waivable())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_waived_is_taken() {
        assert_eq!(check("must-staple"), Ok(Check::MustStaple));
        assert!(check("missing-name").unwrap_err().contains("--waive-name"));
        assert!(check("unknown-root").unwrap_err().contains("--accept-unknown-root"));
        assert!(check("expired").unwrap_err().contains("cannot be accepted"));
        assert!(check("nothing").unwrap_err().contains("no such check"));
    }
}
