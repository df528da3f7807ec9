//! The options of a case to what everything is judged by.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::error::Error;
use super::inputs::{known_in, moment, size, utf8};
use super::notice::{Notice, Watch};
use crate::assess::{self, Clock, Decision, Manifest, Mapping, PathPattern, Profile, Reading, parse_span};
use crate::engine::Criteria;
use crate::id::SpkiHash;
use crate::limits::Limits;
use crate::pki::show;
use crate::plan::ca::{Cas, Ccadb};
use crate::read::{self, Options};
use crate::store::Question;
use crate::store::question::{OptionName, Resolved, Value};
use crate::time::{Span, Time};

/// What is given with one run, and is not stored with the options.
#[derive(Debug, Clone, Copy)]
pub struct Judging<'a> {
    /// `--clear SPKI=REASON`.
    pub clear: &'a [String],
    /// `--misuse SPKI=REASON`.
    pub misuse: &'a [String],
    /// `--as-of TIME`.
    pub as_of: Option<&'a str>,
    /// The real time.
    pub now: Time,
}

/// The criteria that the options of the question give, whose files are read already.
pub(super) fn criteria(
    asked: &Judging<'_>,
    resolved: &mut Resolved,
    watch: &mut dyn Watch,
) -> Result<Criteria, Error> {
    let question = &resolved.question;
    let text = |option| question.text(option);
    let cutoff = text(OptionName::Cutoff).map(|t| moment("--cutoff", t)).transpose()?;
    let incident = profile(resolved)?.with(cutoff)?;
    let map: Vec<&str> = question.values(OptionName::Map).iter().filter_map(|v| v.value.0.to_str()).collect();
    let mapping = Mapping::parse(&map).map_err(|message| Error::Value { flag: "--map", message })?;
    if !map.is_empty() && !question.has(OptionName::Manifest) {
        return Err(Error::Value {
            flag: "--map",
            message: "it is about the columns of a manifest; give --manifest FILE as well".to_owned(),
        });
    }
    let reading = Reading::parse(text(OptionName::ManifestZone), text(OptionName::DateOrder))
        .map_err(|(flag, message)| Error::Value { flag, message })?;
    let manifest = || {
        let files = question.values(OptionName::Manifest);
        let names = names_of(files);
        let files: Vec<(String, &[u8])> = names
            .into_iter()
            .zip(files)
            .map(|(name, file)| (name, resolved.content(file.value.path())))
            .collect();
        if files.is_empty() {
            Ok(None)
        } else {
            Manifest::parse_with(&files, &mapping, text(OptionName::ManifestPrefix), reading).map(Some)
        }
    };
    // The two that take longest.
    let (manifest, cas) = std::thread::scope(|scope| {
        let cas = scope.spawn(|| cas_of(resolved));
        (manifest(), cas.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let uploaded = text(OptionName::Uploaded)
        .map(|t| parse_span(t).map_err(|message| Error::Value { flag: "--uploaded", message }));
    let now = asked.now;
    if incident.cutoff > now {
        watch.notice(Notice::CutoffAhead(incident.cutoff));
    }
    let as_of = asked.as_of.map_or(Ok(now), |t| moment("--as-of", t))?;
    let ahead = |span: &Span| span.earliest.filter(|t| *t > now);
    if let Ok(Some(time)) = uploaded.as_ref().map_or(Ok(None), |u| u.as_ref().map(ahead)) {
        return Err(Error::Value {
            flag: "--uploaded",
            message: format!("{time} has not come yet; nothing was uploaded then"),
        });
    }
    let date_from_path = text(OptionName::DateFromPath)
        .map(|t| PathPattern::parse(t).map_err(|message| Error::Value { flag: "--date-from-path", message }))
        .transpose()?;
    let known = question
        .values(OptionName::KnownCompromised)
        .first()
        .map(|file| known_in(file.value.path(), resolved.content(file.value.path())));
    let ccadb = question
        .values(OptionName::Ccadb)
        .first()
        .map(|file| ccadb(file.value.path(), resolved.content(file.value.path()), watch));
    let criteria = Criteria {
        manifest: manifest?,
        uploaded: uploaded.transpose()?,
        known_compromised: known.transpose()?,
        distrust_certificate_dates: question.has(OptionName::DistrustCertificateDates),
        date_from_path,
        decisions: decisions(asked)?,
        ccadb: ccadb.transpose()?,
        target: text(OptionName::Due).map(|t| moment("--due", t)).transpose()?,
        clock: Clock { now, as_of },
        ..Criteria::new(incident, cas?, now)
    };
    resolved.drop_contents();
    Ok(criteria)
}

/// Names for the files of a manifest in sources: the file name, with as many folders in front as tell them
/// apart.
fn names_of(files: &[Value]) -> Vec<String> {
    let parts: Vec<Vec<String>> = files
        .iter()
        .map(|f| f.value.path().components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect())
        .collect();
    let tail = |parts: &[String], n: usize| show(&parts[parts.len().saturating_sub(n)..].join("/"));
    let longest = parts.iter().map(Vec::len).max().unwrap_or(1);
    let distinct = |n: &usize| parts.iter().map(|p| tail(p, *n)).collect::<HashSet<_>>().len() == parts.len();
    let n = (1..=longest).find(distinct).unwrap_or(1);
    parts.iter().map(|p| tail(p, n)).collect()
}

/// Options of the reading stage, from the options of a case.
///
/// # Errors
/// [`Error::Value`].
pub fn options(question: &Question, threads: Option<usize>) -> Result<Options, Error> {
    let defaults = Limits::default();
    let number = |option: OptionName, flag, default: u64| match question.text(option) {
        Some(text) => size(text).map_err(|message| Error::Value { flag, message }),
        None => Ok(default),
    };
    let depth = number(OptionName::MaxDepth, "--max-depth", defaults.depth as u64)?;
    Ok(Options {
        follow_symlinks: question.has(OptionName::FollowSymlinks),
        hash_files: false,
        threads: threads.unwrap_or_else(|| Options::default().threads).max(1),
        limits: Limits {
            depth: usize::try_from(depth).unwrap_or(usize::MAX),
            file_size: number(OptionName::MaxFileSize, "--max-file-size", defaults.file_size)?,
            broken: number(OptionName::MaxBroken, "--max-broken", defaults.broken)?,
            ..defaults
        },
    })
}

/// The profile that the question names, else the default one.
fn profile(resolved: &Resolved) -> Result<Profile, Error> {
    let Some(value) = resolved.question.values(OptionName::Incident).first() else {
        return Ok(Profile::built_in(assess::incident::DEFAULT)?);
    };
    if value.content.is_none() {
        return Ok(Profile::built_in(&value.value.0.to_string_lossy())?);
    }
    let path = value.value.path();
    let text = utf8("incident profile", path, resolved.content(path))?;
    Ok(Profile::from_toml(&path.to_string_lossy(), text)?)
}

fn decisions(asked: &Judging<'_>) -> Result<BTreeMap<SpkiHash, Decision>, Error> {
    type Read = fn(&str, Time) -> Result<(SpkiHash, Decision), String>;
    let lists: [(&'static str, &[String], Read); 2] =
        [("--clear", asked.clear, Decision::clear), ("--misuse", asked.misuse, Decision::misuse)];
    let mut out = BTreeMap::new();
    for (flag, list, read) in lists {
        for text in list {
            let wrong = |message| Error::Value { flag, message };
            let (key, decision) = read(text, asked.now).map_err(wrong)?;
            if out.insert(key, decision).is_some() {
                return Err(wrong(format!("{key} is given twice")));
            }
        }
    }
    Ok(out)
}

/// What is known of CAs, with what the question of the case adds.
fn cas_of(resolved: &Resolved) -> Result<Cas, Error> {
    let mut cas = Cas::builtin()?;
    for file in resolved.question.values(OptionName::Cas) {
        let path = file.value.path();
        cas = cas.with(Cas::parse(
            &path.to_string_lossy(),
            utf8("file about CAs", path, resolved.content(path))?,
        )?)?;
    }
    for file in resolved.question.values(OptionName::Roots) {
        let found = read::certificates_in(resolved.content(file.value.path()));
        if found.is_empty() {
            return Err(Error::Value {
                flag: "--roots",
                message: format!("{:?} has no certificate in it", file.value.path()),
            });
        }
        found.iter().for_each(|der| {
            cas.add_root(der);
        });
    }
    Ok(cas)
}

/// CCADB's list. Rows that cannot be used are reported.
fn ccadb(path: &Path, bytes: &[u8], watch: &mut dyn Watch) -> Result<Ccadb, Error> {
    let list = Ccadb::read(bytes)
        .map_err(|e| Error::Value { flag: "--ccadb", message: format!("{path:?}: {e}") })?;
    if list.bad_rows > 0 {
        let first: Vec<String> =
            list.problems.iter().take(3).map(|p| format!("line {}: {}", p.line, show(&p.says))).collect();
        watch.notice(Notice::RowsOfCcadb { path: path.to_owned(), rows: list.bad_rows, first });
    }
    Ok(list)
}
