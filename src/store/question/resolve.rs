//! The files that a question names, read and hashed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::option::{OptionName, Reference, Scope};
use super::stored::{Change, Content, Given, Question, QuestionError, Raw, Value, hash};
use crate::assess::incident;
use crate::id::Fingerprint;
use crate::limits;
use crate::time::Time;

/// A question with the contents of its files.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The options that count now, to be stored.
    pub question: Question,
    /// In what they differ from the stored ones, in the order of names.
    pub changes: Vec<Change>,
    pub(super) contents: BTreeMap<PathBuf, Vec<u8>>,
}

impl Resolved {
    /// The content of a file that the question names; empty for one that it does not name.
    #[must_use]
    pub fn content(&self, path: &Path) -> &[u8] {
        self.contents.get(path).map_or(&[], Vec::as_slice)
    }

    /// Frees the contents, which nothing needs once they are parsed.
    pub fn drop_contents(&mut self) {
        self.contents.clear();
    }

    /// Values as given now.
    pub(super) fn given(
        &mut self,
        option: OptionName,
        values: &[OsString],
        before: &[Value],
        now: Time,
    ) -> Result<Vec<Value>, QuestionError> {
        let one = |text: &OsString| {
            if !is_file(option, text) {
                return Ok(Value { value: Raw(text.clone()), content: None });
            }
            let path = std::path::absolute(Path::new(text)).unwrap_or_else(|_| PathBuf::from(text));
            let content = self.read(option, &path).map_err(|error| QuestionError::Given {
                option,
                path: PathBuf::from(text),
                error,
            })?;
            let value = Raw(path.into_os_string());
            let same = before
                .iter()
                .find(|b| b.value == value && hash(b) == Some(&content.sha256))
                .and_then(|b| b.content.clone());
            Ok(Value { value, content: Some(same.unwrap_or(Content { since: now, ..content })) })
        };
        values.iter().map(one).collect()
    }

    /// Values as the case stores them, with the contents that their files have now.
    pub(super) fn stored(
        &mut self,
        option: OptionName,
        values: &[Value],
        now: Time,
    ) -> Result<Vec<Value>, QuestionError> {
        let one = |before: &Value| {
            let path = before.value.path();
            let Some(content) = &before.content else { return Ok(before.clone()) };
            let wrong = |error| QuestionError::Stored { option, path: path.to_owned(), error };
            if content.piped {
                return Err(wrong(io::Error::new(
                    io::ErrorKind::NotSeekable,
                    "it was a pipe, which cannot be read again",
                )));
            }
            let read = self.read(option, path).map_err(wrong)?;
            let content =
                if read.sha256 == content.sha256 { content.clone() } else { Content { since: now, ..read } };
            Ok(Value { value: before.value.clone(), content: Some(content) })
        };
        values.iter().map(one).collect()
    }

    /// Reads a file up to the limit and keeps its content.
    fn read(&mut self, option: OptionName, path: &Path) -> Result<Content, io::Error> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if option.reference() == Reference::Path && meta.is_dir() {
            return Ok(Content { sha256: folder(path)?, since: Time::from_unix(0), piped: false });
        }
        let limit = limits::INPUT;
        let mut bytes = Vec::new();
        if meta.len() <= limit {
            file.take(limit + 1).read_to_end(&mut bytes)?;
        }
        if meta.len().max(bytes.len() as u64) > limit {
            let message = format!(
                "it has more than {limit} bytes, the limit of --{}; leave out what concerns nothing here",
                option.as_str()
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let sha256 = Fingerprint::of(&bytes);
        self.contents.insert(path.to_owned(), bytes);
        Ok(Content { sha256, since: Time::from_unix(0), piped: !meta.is_file() })
    }
}

impl Question {
    /// This question alone with one of its options, if the files that it names are there.
    ///
    /// # Errors
    /// [`QuestionError::Stored`].
    pub fn check(&self, option: OptionName) -> Result<Self, QuestionError> {
        let values = Resolved::default().stored(option, self.values(option), Time::from_unix(0))?;
        Ok(Self(if values.is_empty() { BTreeMap::new() } else { BTreeMap::from([(option, values)]) }))
    }

    /// Combines the stored question with what is given now: an option given again replaces the stored one, a
    /// list as a whole. Every file that is named is read and hashed.
    ///
    /// # Errors
    /// [`QuestionError`]; the stored question stays as it is then.
    pub fn resolve(
        scope: Scope,
        stored: Option<&Self>,
        given: &Given,
        now: Time,
    ) -> Result<Resolved, QuestionError> {
        let nothing = Self::default();
        let before = stored.unwrap_or(&nothing);
        for option in &given.forget {
            if given.options.contains_key(option) {
                return Err(QuestionError::Both(*option));
            }
            if !before.has(*option) {
                return Err(QuestionError::NotStored(*option));
            }
        }
        let mut out = Resolved::default();
        for option in
            OptionName::ALL.iter().copied().filter(|o| o.scope() == scope && !given.forget.contains(o))
        {
            let values = match (given.options.get(&option), before.0.get(&option)) {
                (Some(values), _) => out.given(option, values, before.values(option), now)?,
                (None, Some(values)) => out.stored(option, values, now)?,
                (None, None) => continue,
            };
            out.question.0.insert(option, values);
        }
        if stored.is_some() {
            out.changes =
                OptionName::ALL.iter().filter_map(|o| out.question.difference(before, *o)).collect();
        }
        Ok(out)
    }
}

/// Whether a value names a file.
fn is_file(option: OptionName, text: &OsStr) -> bool {
    match option.reference() {
        Reference::Text => false,
        Reference::File | Reference::Path => true,
        // A name that is neither built in nor a file is reported with those there are.
        Reference::NameOrFile => {
            Path::new(text).is_file() && incident::BUILT_IN.iter().all(|(name, _)| text != *name)
        }
    }
}

/// The digest of a folder: of the names and contents of everything below it, so that what is added to it is
/// reported.
fn folder(path: &Path) -> io::Result<Fingerprint> {
    let mut names = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let entry = entry?.path();
            if entry.is_dir() && !entry.is_symlink() { folders.push(entry) } else { names.push(entry) }
        }
    }
    names.sort();
    let mut text = Vec::new();
    for name in names {
        text.extend_from_slice(name.strip_prefix(path).unwrap_or(&name).as_os_str().as_bytes());
        text.push(0);
        let mut content = Vec::new();
        // What cannot be read is not used either.
        if let Ok(file) = File::open(&name)
            .and_then(|file| file.metadata().map(|meta| (file, meta)))
            .and_then(|(file, meta)| {
                if meta.is_file() { Ok(file) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) }
            })
        {
            file.take(limits::INPUT).read_to_end(&mut content)?;
        }
        text.extend_from_slice(Fingerprint::of(&content).as_bytes());
    }
    Ok(Fingerprint::of(&text))
}
