//! `scan`: the inventory to standard output, as it is read.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use certrecall::case::inputs::now;
use certrecall::case::options;
use certrecall::read::{self, Found, Ledger, Options, Roots, ledger};
use certrecall::report::record;
use certrecall::store::Question;
use certrecall::store::question::Scope;

use super::args::ScanArgs;
use super::error::Error;
use super::exit::Outcome;
use super::format;
use super::output_format::Format;
use super::term::Terminal;

/// `certrecall scan`.
pub(crate) fn scan(args: &ScanArgs, terminal: &mut Terminal) -> Result<Outcome, Error> {
    let roots = Roots::open(&args.paths)?;
    let question = Question::resolve(Scope::Plan, None, &args.reading.question(), now())?.question;
    let options = Options { hash_files: false, ..options(&question, args.reading.threads)? };
    let listed = |item: &read::Item| args.all || !ledger::is_quiet(item);
    // Whole batches are written, so no buffer is needed between.
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let ledgers = match args.format {
        Format::Ndjson | Format::Json => {
            let end: &[u8] = if args.format == Format::Json { b",\n" } else { b"\n" };
            let add = |text: &mut Vec<u8>, found: Found| {
                for item in found.items.iter().filter(|i| listed(i)) {
                    record::push(text, &found.place, item);
                    text.extend_from_slice(end);
                }
            };
            let mut json = Json { first: true, enabled: args.format == Format::Json };
            json.open(&mut out)?;
            let ledgers =
                read::read(&roots, &options, Vec::new, add, |text: Vec<u8>| json.part(&mut out, &text))?;
            json.close(&mut out)?;
            ledgers
        }
        Format::Table | Format::Csv => {
            let new = || format::Rows::new(args.format);
            let add = |rows: &mut format::Rows, found: Found| rows.add(&found, listed);
            let mut all = format::Rows::new(args.format);
            all.head(&mut out)?;
            let ledgers = read::read(&roots, &options, new, add, |rows| all.part(&mut out, rows))?;
            all.close(&mut out)?;
            ledgers
        }
    };
    out.flush()?;
    drop(out);
    let mut sum = Ledger::default();
    ledgers.iter().for_each(|l| sum += *l);
    let Ledger { seen, read, locked, unreadable, skipped, .. } = sum;
    terminal.say(&format!(
        "{seen} seen = {read} read + {locked} locked + {unreadable} unreadable + {skipped} skipped"
    ));
    Ok(Outcome { to_act_on: false, incomplete: !sum.is_complete() })
}

/// A JSON array written in parts.
struct Json {
    first: bool,
    enabled: bool,
}

impl Json {
    fn open(&self, out: &mut impl io::Write) -> io::Result<()> {
        if self.enabled { out.write_all(b"[\n") } else { Ok(()) }
    }

    /// In a document each record ends in a comma; that of the last one is held back until another follows.
    fn part(&mut self, out: &mut impl io::Write, text: &[u8]) -> io::Result<()> {
        if !self.enabled || text.is_empty() {
            return out.write_all(text);
        }
        if !std::mem::replace(&mut self.first, false) {
            out.write_all(b",\n")?;
        }
        out.write_all(text.strip_suffix(b",\n").unwrap_or(text))
    }

    fn close(&self, out: &mut impl io::Write) -> io::Result<()> {
        if self.enabled { out.write_all(b"\n]\n") } else { Ok(()) }
    }
}
