//! What is wanted of which replacement: flags, and the rows of a file, checked before anything is made.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use certrecall::case::rekey::Wish;
use certrecall::id::{SpkiHash, StepId};
use certrecall::pki::dn;
use certrecall::plan::ReplacementRecord;
use certrecall::rekey::{Candidate, CommonName, NameEdit, Order, Target, WishRow, wishes};
use certrecall::store::Store;

use super::super::error::Error;
use super::RekeyArgs;

/// The orders of a run.
pub(crate) struct Orders {
    /// What the flags want of all.
    base: Order,
    /// What the file wants of each, and where it says so.
    rows: BTreeMap<StepId, (WishRow, String)>,
    /// The replacements named by `--only`; all if there are none.
    only: Vec<StepId>,
}

impl Orders {
    /// Reads flags and file.
    pub(crate) fn read(
        args: &RekeyArgs,
        store: &dyn Store,
        replacements: &[ReplacementRecord],
    ) -> Result<Self, Error> {
        let candidates = if args.only.is_empty() && args.replacements.is_none() {
            Vec::new()
        } else {
            candidates(store, replacements)?
        };
        let only = only(&args.only, &candidates)?;
        let single = args.subject.is_some() || !args.san.is_empty();
        let needs_only = |flag| Error::Value {
            flag,
            says: "it is for one certificate: say which with --only STEP|NAME|SHA256|SPKI".to_owned(),
        };
        match (single, args.common_name, only.as_slice()) {
            (true, _, [_]) => {}
            (true, ..) => return Err(needs_only(if args.subject.is_some() { "--subject" } else { "--san" })),
            (false, CommonName::Drop | CommonName::FirstSan, []) => return Err(needs_only("--common-name")),
            _ => {}
        }
        let value = |flag, says| Error::Value { flag, says };
        let names = args.san.clone();
        if let Some(name) = NameEdit::contradict(&names) {
            return Err(value("--san", format!("{name} is to be added and dropped")));
        }
        let base = Order {
            key: args.key,
            format: args.key_format,
            subject: args.subject.as_deref().map(dn::parse).transpose().map_err(|e| value("--subject", e))?,
            names,
            common_name: args.common_name,
            target: args
                .target
                .as_deref()
                .map(Target::named)
                .transpose()
                .map_err(|e| value("--target", e))?,
        };
        // Of all at once: no replacement at all could be made like this.
        if let Some(says) = base.target.as_ref().and_then(|target| target.refuses(base.key, base.format)) {
            return Err(value("--target", says));
        }
        let mut rows = BTreeMap::new();
        if let Some(path) = &args.replacements {
            let text = fs::read_to_string(path).map_err(|error| Error::Input {
                what: "file of replacements",
                path: path.clone(),
                error,
            })?;
            rows = wishes(&path.to_string_lossy(), &text, &candidates)
                .map_err(|wrong| value("--replacements", wrong.join("; ")))?;
        }
        if let ([one], true) = (only.as_slice(), single)
            && rows.get(one).is_some_and(|(row, _)| row.subject.is_some() || row.san.is_some())
        {
            return Err(value(
                "--replacements",
                format!("subject or san of {one} is in the file and on the command line; say it once"),
            ));
        }
        Ok(Self { base, rows, only })
    }

    /// What is wanted of one.
    pub(crate) fn of(&self, record: &ReplacementRecord) -> Wish<'_> {
        if !self.only.is_empty() && !self.only.contains(&record.id) {
            return Wish::Other;
        }
        match self.rows.get(&record.id) {
            Some((WishRow { skip: Some(reason), .. }, _)) => Wish::Skipped(reason),
            Some((row, _)) => Wish::Made(Box::new(row.over(self.base.clone()))),
            None => Wish::Made(Box::new(self.base.clone())),
        }
    }

    /// Where somebody said something of this one, so that it has to work out or nothing is made: a line of
    /// the file, or the flag.
    pub(crate) fn said_of(&self, record: &ReplacementRecord) -> Option<&str> {
        let row = self.rows.get(&record.id).map(|(_, place)| place.as_str());
        row.or_else(|| (self.base != Order::default() && self.only.contains(&record.id)).then_some("--only"))
    }

    /// Whether any key is to be encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        let encrypted = certrecall::rekey::KeyFormat::Pkcs8Encrypted;
        self.base.format == encrypted || self.rows.values().any(|(row, _)| row.key_format == Some(encrypted))
    }
}

/// The replacements with all that can name them.
pub(crate) fn candidates(
    store: &dyn Store,
    replacements: &[ReplacementRecord],
) -> Result<Vec<Candidate>, Error> {
    let mut keys: HashMap<StepId, Vec<SpkiHash>> = HashMap::new();
    store.each_key(&mut |record| {
        for step in record.certificates.iter().filter_map(|c| c.replacement) {
            keys.entry(step).or_default().extend(record.names());
        }
    })?;
    let candidate = |r: &ReplacementRecord| Candidate {
        id: r.id,
        name: r.name.clone(),
        certificates: r.replaces.clone(),
        keys: keys.remove(&r.id).unwrap_or_default(),
    };
    Ok(replacements.iter().map(candidate).collect())
}

/// The replacements that `--only` names; each value has to name one at least.
pub(crate) fn only(given: &[String], candidates: &[Candidate]) -> Result<Vec<StepId>, Error> {
    let mut out = Vec::new();
    for by in given {
        let before = out.len();
        out.extend(candidates.iter().filter(|c| c.is_meant(by)).map(|c| c.id));
        if out.len() == before {
            let says = format!(
                "no replacement of the plan is meant by {by:?}: give a step, a name, or the SHA-256 of a certificate or key"
            );
            return Err(Error::Value { flag: "--only", says });
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}
