//! The command line as typed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use certrecall::files::Access;
use certrecall::plan::{Mark, Selection, StepKind};
use certrecall::store::question::{Given, OptionName};
use clap::{Parser, Subcommand, ValueEnum};

use super::complete::CompleteArgs;
use super::output_format::{CaseFormat, Format};
use super::rekey::{NewKeys, RekeyArgs};

/// Private keys leaked. certrecall tells which certificates that touches, makes their replacements, and plans how the old ones are revoked.
///
/// Nothing under the scanned paths is ever changed, and nothing is sent anywhere.
///
/// # Exit status
///
/// 0  nothing left to do
/// 1  exposed certificates remain to act on, or steps of the plan are open (never from scan)
/// 2  wrong usage, or an error that ended the run
/// 3  finished, but something was locked, unreadable or skipped and its inspect step is open, a request failed, or nothing was found
#[derive(Debug, Parser)]
#[command(
    name = "certrecall",
    version,
    max_term_width = 100,
    verbatim_doc_comment,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    /// When to use colour; NO_COLOR in the environment means never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job: inventory, verdicts, plan, new keys and requests, summary; offline
    Run(RunArgs),
    /// Inventory only, to standard output
    Scan(ScanArgs),
    /// Inventory, verdicts and an ordered plan in a case directory
    Plan(PlanArgs),
    /// New private keys and certification requests for a planned case
    Rekey(RekeyArgs),
    /// Match what the CA issued to the new keys, check it, and write bundles that servers take
    Complete(CompleteArgs),
    /// Write down what was done or decided about a step of the plan
    Mark(MarkArgs),
    /// Where a case stands: what is done, what can be done now, what is late
    Status(StatusArgs),
    /// The whole story of one key: where it was found, how it was judged, every certificate on it, every step
    Explain(ExplainArgs),
    /// Write a small incident to practise on
    Demo(DemoArgs),
    /// List the incident profiles, or print one as TOML to start from
    Incident(IncidentArgs),
}

/// How to read.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// Follow links to folders too (links to files are always followed)
    #[arg(long)]
    pub(crate) follow_symlinks: bool,
    /// How deep folders may nest [default: 512]
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<usize>,
    /// Largest file to read, in bytes or with K, M, G, T behind [default: 64G]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_file_size: Option<String>,
    /// Maximum number of unreadable items reported per file; the rest are summarised [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) max_broken: Option<u64>,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// How to judge.
#[derive(Debug, clap::Args)]
pub(crate) struct Judging {
    /// Incident profile: a built-in name or a TOML file [default: zendesk-2016]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) incident: Option<OsString>,
    /// What was uploaded before this time is exposed; overrides the profile
    #[arg(long, value_name = "TIME")]
    pub(crate) cutoff: Option<String>,
    /// Upload records: CSV, JSON or NDJSON with path or sha256, uploaded_at, account; may be given several
    /// times
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Vec<PathBuf>,
    /// A column of the manifest by its name: path, sha256, uploaded_at, modified_at, account,
    /// account_created_at, issuer, serial or host
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub(crate) map: Vec<String>,
    /// Text to remove from the beginning of every path in the manifest, such as s3://bucket/
    #[arg(long, value_name = "TEXT")]
    pub(crate) manifest_prefix: Option<String>,
    /// Zone of the manifest's times that have none, as an offset: UTC or +01:00 [default: any]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) manifest_zone: Option<String>,
    /// Order of day and month in dates such as 01/02/2016: dmy or mdy [default: both, unless the other rows
    /// leave one]
    #[arg(long, value_name = "ORDER")]
    pub(crate) date_order: Option<String>,
    /// When every file without a record of its own was uploaded
    #[arg(long, value_name = "TIME|FROM..TO")]
    pub(crate) uploaded: Option<String>,
    /// Where paths contain the day of the upload, such as {YYYY}/{MM}/{DD}
    #[arg(long, value_name = "PATTERN")]
    pub(crate) date_from_path: Option<String>,
    /// Clear a key by decision; SPKI is its spki_sha256
    #[arg(long, value_name = "SPKI=REASON")]
    pub(crate) clear: Vec<String>,
    /// Record observed misuse of this key, with a description
    #[arg(long, value_name = "SPKI=REASON")]
    pub(crate) misuse: Vec<String>,
    /// When you want it done; it becomes the deadline of what you have to do
    #[arg(long, value_name = "TIME")]
    pub(crate) due: Option<String>,
    /// Report standing as of this time; never used as evidence, and not stored
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Keys known to be compromised: SHA-256 of the SPKI in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) known_compromised: Option<PathBuf>,
    /// Do not clear a key on the dates of its certificates alone
    #[arg(long)]
    pub(crate) distrust_certificate_dates: bool,
    #[command(flatten)]
    pub(crate) authorities: AboutAuthorities,
}

/// What the user knows of CAs.
#[derive(Debug, clap::Args)]
pub(crate) struct AboutAuthorities {
    /// Your own CAs, TOML: who runs them, by which names, and the commands they take
    #[arg(long, value_name = "FILE")]
    pub(crate) cas: Vec<PathBuf>,
    /// CCADB's AllCertificateRecordsCSV: who runs which public CA, by certificate
    #[arg(long, value_name = "FILE")]
    pub(crate) ccadb: Option<PathBuf>,
    /// Roots of public CAs beside those of Mozilla
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Vec<PathBuf>,
}

/// What `run` and `plan` both need: what to read, how to judge, where to keep it.
///
/// A case stores these options: a later run needs only `-o CASE`.
#[derive(Debug, clap::Args)]
pub(crate) struct Planning {
    /// Files and folders to read; - is standard input; for a case that exists, its own paths if none are
    /// given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Case directory: new, empty, or made by an earlier run; what an earlier run was given is used again
    #[arg(short, long, value_name = "CASE")]
    pub(crate) output: PathBuf,
    /// Drop a stored option from the case, such as manifest or cutoff
    #[arg(long, value_name = "OPTION")]
    pub(crate) forget: Vec<OptionName>,
    /// Add a file or folder to the roots of the case
    #[arg(long, value_name = "PATH")]
    pub(crate) add: Vec<PathBuf>,
    /// A root of the case was moved: its recorded files have to be there, unchanged
    #[arg(long, value_name = "OLD=NEW", value_parser = moved)]
    pub(crate) relocate: Vec<(PathBuf, PathBuf)>,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Who works on the case: owner alone, or group for the group of its directory too (keys and proofs stay
    /// with the owner) [default: as it is; owner for a new case]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Access>,
}

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) planning: Planning,
    #[command(flatten)]
    pub(crate) keys: NewKeys,
}

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
pub(crate) struct ScanArgs {
    /// Files and folders to read; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,
    /// List files without PKI content too
    #[arg(long)]
    pub(crate) all: bool,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// List the certificates by verdict in this format (json is plan.json) instead of the summary
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
}

/// Arguments of `mark`.
#[derive(Debug, clap::Args)]
#[command(
    allow_missing_positional = true,
    override_usage = "certrecall mark [OPTIONS] <CASE> <STEP|@FILE> <STATUS>\n       certrecall mark [OPTIONS] <CASE> [--host NAME] [--account NAME] [--ca NAME] [--kind KIND] [--ready] <STATUS>"
)]
pub(crate) struct MarkArgs {
    /// The case directory
    pub(crate) case: PathBuf,
    /// The step, as plan.md names it, or the beginning of its name; @FILE for each of those that a file
    /// names, one a line (@- is standard input). Left out where --host, --account, --ca, --kind or --ready
    /// selects the steps
    pub(crate) step: Option<String>,
    /// confirmed (inspect, decide, replace, verify, retire, rotate), deployed (deploy), searched (search),
    /// sent (revoke), cleared (a suspicion), waived, or reopened to take back the mark before
    pub(crate) status: Mark,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    /// Why; it is kept with the name of who says so
    #[arg(long, value_name = "TEXT", required_unless_present = "ct_export")]
    pub(crate) reason: Option<String>,
    /// What the search of CT logs returned, as JSON of crt.sh or certspotter or as CSV; closes a search, and
    /// what it found joins the plan
    #[arg(long, value_name = "FILE")]
    pub(crate) ct_export: Option<PathBuf>,
    /// Since when it is so [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The person who decided or did it [default: the user that runs the command, as the system knows it]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How long to wait for another command that works on the case, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) wait: u32,
}

/// Which steps `mark` takes, where they are not named. All that is given has to hold; of these steps the open
/// ones are marked that the status fits.
#[derive(Debug, clap::Args)]
pub(crate) struct Selecting {
    /// Steps about a certificate with this DNS name
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Steps about keys that this account uploaded
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// Steps for this CA, by its id or its name
    #[arg(long, value_name = "NAME")]
    pub(crate) ca: Option<String>,
    /// Steps of this kind: decide, deploy, inspect, replace, retire, revoke, rotate, search or verify
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<StepKind>,
    /// Only steps that can be done now
    #[arg(long)]
    pub(crate) ready: bool,
    /// Do not ask before several selected steps are marked
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Selecting {
    /// The selection, if there is one.
    pub(crate) fn selection(&self) -> Option<Selection> {
        let Self { host, account, ca, kind, ready, yes: _ } = self;
        let selection = Selection {
            host: host.clone(),
            account: account.clone(),
            authority: ca.clone(),
            kind: *kind,
            ready: *ready,
        };
        (!selection.is_empty()).then_some(selection)
    }
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The case directory
    pub(crate) case: PathBuf,
    /// Tell what is late as of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Count the steps of each account, or of each CA, instead
    #[arg(long, value_name = "WHAT")]
    pub(crate) by: Option<TalliedBy>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: CaseFormat,
}

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The case directory
    pub(crate) case: PathBuf,
    /// A host name, subject, serial or path of a certificate, or the SHA-256 of a certificate or a public
    /// key; or an account, of which only what belongs to its own uploads is shown, so that it can be sent to
    /// the customer
    #[arg(value_name = "NAME|SHA256|SPKI")]
    pub(crate) what: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: CaseFormat,
}

/// What the steps of a case are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TalliedBy {
    /// Whose upload it was
    Account,
    /// Who has to issue, or to revoke
    Ca,
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where to write it; must be new or empty
    pub(crate) directory: PathBuf,
}

/// Arguments of `incident`.
#[derive(Debug, clap::Args)]
pub(crate) struct IncidentArgs {
    /// The profile to print
    pub(crate) name: Option<String>,
}

/// `OLD=NEW`.
fn moved(text: &str) -> Result<(PathBuf, PathBuf), String> {
    let (old, new) = text.split_once('=').ok_or("write OLD=NEW")?;
    if old.is_empty() || new.is_empty() {
        Err("write OLD=NEW".to_owned())
    } else {
        Ok((old.into(), new.into()))
    }
}

impl Reading {
    /// The options that belong to the question of a case.
    fn given(&self, options: &mut BTreeMap<OptionName, Vec<OsString>>) {
        if self.follow_symlinks {
            options.insert(OptionName::FollowSymlinks, Vec::new());
        }
        let numbers = [
            (OptionName::MaxDepth, self.max_depth.map(|n| n.to_string())),
            (OptionName::MaxFileSize, self.max_file_size.clone()),
            (OptionName::MaxBroken, self.max_broken.map(|n| n.to_string())),
        ];
        options.extend(numbers.into_iter().filter_map(|(name, value)| Some((name, vec![value?.into()]))));
    }
}

impl Reading {
    /// The same alone.
    pub(crate) fn question(&self) -> Given {
        let mut given = Given::default();
        self.given(&mut given.options);
        given
    }
}

impl Planning {
    /// The options that belong to the question of a case, as typed.
    pub(crate) fn given(&self) -> Given {
        let mut options = BTreeMap::new();
        self.reading.given(&mut options);
        let judging = &self.judging;
        let text = |t: &Option<String>| t.iter().map(OsString::from).collect::<Vec<_>>();
        let files = |list: &[PathBuf]| list.iter().map(|p| p.clone().into_os_string()).collect::<Vec<_>>();
        let given = [
            (OptionName::Cas, files(&judging.authorities.cas)),
            (OptionName::Ccadb, files(judging.authorities.ccadb.as_slice())),
            (OptionName::Cutoff, text(&judging.cutoff)),
            (OptionName::DateFromPath, text(&judging.date_from_path)),
            (OptionName::DateOrder, text(&judging.date_order)),
            (OptionName::Due, text(&judging.due)),
            (OptionName::Incident, judging.incident.iter().cloned().collect()),
            (OptionName::KnownCompromised, files(judging.known_compromised.as_slice())),
            (OptionName::Manifest, files(&judging.manifest)),
            (OptionName::ManifestPrefix, text(&judging.manifest_prefix)),
            (OptionName::ManifestZone, text(&judging.manifest_zone)),
            (OptionName::Map, judging.map.iter().map(OsString::from).collect()),
            (OptionName::Roots, files(&judging.authorities.roots)),
            (OptionName::Uploaded, text(&judging.uploaded)),
        ];
        options.extend(given.into_iter().filter(|(_, values)| !values.is_empty()));
        if judging.distrust_certificate_dates {
            options.insert(OptionName::DistrustCertificateDates, Vec::new());
        }
        Given { options, forget: self.forget.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }
}
