//! `case.db`: what a case remembers. SQLite, durable; the only module that knows so. Everything that changes
//! together is one transaction, so a run killed at any point leaves the case as it was before or as it is
//! after.

mod kept;
mod record;
mod save;

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};

pub use record::{RecordedFacts, Recording};

use super::Error;
use super::question::{Question, StoredRoot};
use crate::assess::Exposure;
use crate::files::{self, Access};
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::plan::ct::{Elsewhere, Listed};
use crate::plan::{Step, Word};
use crate::time::Time;

/// File name of the database in a case.
pub const DATABASE: &str = "case.db";

/// Each migration takes a database from the version of its index to the next one. They are only ever added
/// to.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE run(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, as_of INTEGER NOT NULL, version TEXT NOT NULL, incident TEXT NOT NULL) STRICT;
    -- One row per key of the inventory; story is its record as plan.json has it: certificates, places, evidence, verdicts.
    CREATE TABLE key(spki BLOB PRIMARY KEY, exposure TEXT NOT NULL, story TEXT NOT NULL) STRICT;
    -- The other encodings of a key that were met.
    CREATE TABLE key_form(raw BLOB PRIMARY KEY, spki BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE certificate(sha256 BLOB PRIMARY KEY, spki BLOB NOT NULL) STRICT, WITHOUT ROWID;
    -- closed: why the step is not in the plan any more.
    CREATE TABLE step(id TEXT PRIMARY KEY, place INTEGER NOT NULL, content TEXT NOT NULL, closed TEXT, closed_at INTEGER) STRICT;
    CREATE TABLE word(seq INTEGER PRIMARY KEY, step TEXT NOT NULL, content TEXT NOT NULL) STRICT;
    CREATE TABLE decision(seq INTEGER PRIMARY KEY, spki BLOB NOT NULL, content TEXT NOT NULL) STRICT;
",
    "
    -- Certificates on a key that a search found elsewhere; name tells them apart.
    CREATE TABLE elsewhere(spki BLOB NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY(spki, name)) STRICT, WITHOUT ROWID;
",
    "
    -- digest: of the story, so that one that did not change is not written again; NULL where it was written before there was one.
    CREATE TABLE key_now(spki BLOB PRIMARY KEY, exposure TEXT NOT NULL, digest BLOB, story TEXT NOT NULL) STRICT;
    INSERT INTO key_now(spki, exposure, story) SELECT spki, exposure, story FROM key ORDER BY spki;
    DROP TABLE key;
    ALTER TABLE key_now RENAME TO key;
",
    "
    -- A story is compared with the one that is there, and found by the certificates in it.
    ALTER TABLE key DROP COLUMN digest;
    DROP TABLE certificate;
",
    "
    -- The options that the case was made with; the last row of each scope counts, the others are its history.
    CREATE TABLE question(seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
    -- The roots by their numbers.
    CREATE TABLE root(number INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT;
    -- Files by their places, as the case met them first, with all that was ever found in them; rows: what the manifest said of the path, each once.
    CREATE TABLE file(root INTEGER NOT NULL, path BLOB NOT NULL, member TEXT NOT NULL, hash BLOB, last_hash BLOB, archive_hash BLOB,
        modified INTEGER, member_time INTEGER, rows TEXT, objects BLOB NOT NULL, unread TEXT, gone INTEGER NOT NULL, PRIMARY KEY(root, path, member)) STRICT, WITHOUT ROWID;
    -- The facts of every certificate, and of keys without one, so that they are known when their files are gone.
    CREATE TABLE certificate(sha256 BLOB PRIMARY KEY, issued_others INTEGER NOT NULL, issuer INTEGER NOT NULL, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- What certificates say of their issuers, which many have in common.
    CREATE TABLE issuer(number INTEGER PRIMARY KEY, facts TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE bare_key(spki BLOB PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- Keys that the case made.
    CREATE TABLE made(spki BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    -- Whether a run found anything; those of earlier versions did not say.
    ALTER TABLE run ADD COLUMN content INTEGER NOT NULL DEFAULT 1;
",
    "
    -- The facts of certification requests, so that they are known when their files are gone.
    CREATE TABLE request(sha256 BLOB PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
",
];

/// The open database of a case, held by whoever holds the lock of the case.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The same file, to flush it while it is written to. It goes after the connection: closing it gives up
    /// the locks that SQLite holds (POSIX).
    file: File,
    path: PathBuf,
}

/// A part of what a plan says, as `plan.json` has it, on its way into the database.
#[derive(Debug)]
pub enum Told {
    /// Keys and their records, in the order of their names.
    Keys(Vec<Story>, Records),
    /// Steps, in the order of the plan.
    Steps(Records),
    /// All is told. Without it what came before was cut off.
    End,
}

impl Orphan {
    /// The steps that its record lists.
    #[must_use]
    pub fn steps(&self) -> Vec<StepId> {
        #[derive(serde::Deserialize)]
        struct Listed {
            #[serde(default)]
            steps: Vec<StepId>,
        }
        serde_json::from_slice::<Listed>(&self.record).map(|listed| listed.steps).unwrap_or_default()
    }
}

impl Told {
    /// How much there is to write of it, about.
    fn octets(&self) -> usize {
        match self {
            Self::Keys(_, records) | Self::Steps(records) => records.text.len(),
            Self::End => 0,
        }
    }
}

/// A key whose record is told.
#[derive(Debug)]
pub struct Story {
    /// Its name.
    pub spki: SpkiHash,
    /// Its other encodings.
    pub forms: Vec<SpkiHash>,
    /// Its exposure, by name.
    pub exposure: &'static str,
}

/// Records in JSON, one behind the other in one piece of text.
#[derive(Debug, Default)]
pub struct Records {
    text: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Records {
    /// What stands between two records.
    const BETWEEN: &[u8] = b",\n";

    /// With room for so many octets of text.
    #[must_use]
    pub fn with_capacity(octets: usize) -> Self {
        Self { text: Vec::with_capacity(octets), places: Vec::new() }
    }

    /// Adds the record that `write` writes.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.places.is_empty() {
            self.text.extend_from_slice(Self::BETWEEN);
        }
        let from = self.text.len();
        write(&mut self.text);
        self.places.push(from..self.text.len());
    }

    /// All of them as elements of a JSON array, a line each.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// One by one; our own JSON is UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.text[place.clone()])
    }
}

/// A run, for the record.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// When.
    pub at: Time,
    /// The time for which standing was told.
    pub as_of: Time,
    /// The incident.
    pub incident: &'a str,
    /// The options that count.
    pub question: &'a Question,
    /// The roots, in their order.
    pub roots: &'a [StoredRoot],
    /// What was found.
    pub recording: Recording<'a>,
    /// Whether anything was found.
    pub found: bool,
    /// Keys that are only in the record: they stay.
    pub orphans: &'a [Orphan],
}

/// A key of which a case has nothing but its record.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// Its name.
    pub spki: SpkiHash,
    /// Its exposure.
    pub exposure: Exposure,
    /// The record, JSON as in `plan.json`.
    pub record: Vec<u8>,
}

/// The last run of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Name of the incident.
    pub incident: String,
    /// When it was.
    pub at: Time,
    /// Whether any certificate, key or other object was found.
    pub found: bool,
}

/// A step as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The step, with the status that it had when it was planned.
    pub step: Step,
    /// Why it is not in the plan any more, and since when.
    pub closed: Option<(String, Time)>,
}

/// What a search found, and what follows from it.
#[derive(Debug)]
pub struct SearchResult<'a> {
    /// The step.
    pub search: &'a Step,
    /// The key that was searched for.
    pub key: &'a SpkiHash,
    /// The certificates found on it.
    pub found: &'a [Listed],
    /// The mark that closes the step, if it is closed.
    pub word: Option<&'a Word>,
    /// Steps that are new or changed.
    pub steps: Vec<&'a Step>,
}

/// What a new plan changed in the list of steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// New ones.
    pub added: usize,
    /// Gone ones, closed with a reason.
    pub closed: usize,
    /// Ones that were closed and are needed again.
    pub reopened: usize,
}

impl Store {
    /// Opens the database of the case at `directory`, or makes it; an older one is brought to the present
    /// form.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::NewerDatabase`], [`Error::Files`].
    pub(super) fn open(directory: &Path, access: Access) -> Result<Self, Error> {
        let path = directory.join(DATABASE);
        if !path.exists() {
            // Made by us, so that its mode is ours from the first moment; SQLite gives its journal the same.
            files::write_new_for(access, &path, b"")?;
        } else if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == 0)
            && directory.join(super::PLAN_JSON).exists()
        {
            // SQLite takes an empty file for a new database. Beside a plan it is one that was cut off, and
            // with it all that was said.
            return Err(Error::Database {
                path,
                error: "it is empty, though the case has a plan; with a copy of it, or without the file, `certrecall plan` goes on".into(),
            });
        }
        let failed = |error| Error::Database { path: path.clone(), error: Box::new(error) };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let absolute = std::fs::canonicalize(directory)
            .map_err(|error| Error::Io { path: directory.to_owned(), error })?
            .join(DATABASE);
        let mut connection = Connection::open_with_flags(&absolute, flags).map_err(failed)?;
        connection
            // The size of pages holds for a database that is new; a story takes one or two thousand bytes.
            .execute_batch("PRAGMA page_size = 16384; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")
            .map_err(failed)?;
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        let version = usize::try_from(version).unwrap_or(usize::MAX);
        if version > MIGRATIONS.len() {
            return Err(Error::NewerDatabase(path));
        }
        if version < MIGRATIONS.len() {
            let forward = |t: &Transaction<'_>| -> rusqlite::Result<()> {
                MIGRATIONS[version..].iter().try_for_each(|migration| t.execute_batch(migration))?;
                t.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len()))
            };
            let transaction = connection.transaction().map_err(failed)?;
            forward(&transaction).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        let file = File::open(&absolute).map_err(|error| Error::Io { path: path.clone(), error })?;
        Ok(Self { connection, file, path })
    }

    /// Whether a plan was ever finished.
    pub(super) fn has_plan(&self) -> Result<bool, Error> {
        self.connection
            .query_row("SELECT EXISTS(SELECT 1 FROM run)", [], |row| row.get(0))
            .map_err(self.failed())
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |error| Error::Database { path: path.clone(), error: Box::new(error) }
    }

    /// Replaces what is known of keys, and brings the list of steps up to date: steps keep what was said of
    /// them, those that are gone are closed with the reason that `why` gives. What did not change is not
    /// written again. `told` gives the records of all keys and of `steps`, each in their order, then
    /// [`Told::End`].
    ///
    /// # Errors
    /// [`Error::Database`]; nothing is changed then.
    pub fn save(
        &mut self,
        run: Run<'_>,
        told: impl Iterator<Item = Told>,
        steps: &[Step],
        why: impl Fn(&Step) -> String,
    ) -> Result<Changes, Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        transaction
            .execute(
                "INSERT INTO run(at, as_of, version, incident, content) VALUES(?1, ?2, ?3, ?4, ?5)",
                params![run.at.unix(), run.as_of.unix(), env!("CARGO_PKG_VERSION"), run.incident, run.found],
            )
            .map_err(&failed)?;
        // Pages of a database are read again.
        let saved = files::flushing(
            &self.file,
            |_| (),
            |wrote| {
                let told = told.inspect(|part| wrote(part.octets()));
                save::all(&transaction, run, told, steps, why)
            },
        );
        match saved
            .map_err(|error| Error::Database { path: self.path.clone(), error: Box::new(error) })?
            .map_err(&failed)?
        {
            Some(changes) => transaction.commit().map(|()| changes).map_err(&failed),
            None => Err(Error::Database {
                path: self.path.clone(),
                error: "what is known of keys and steps did not come whole".into(),
            }),
        }
    }

    /// Every step that ever was in the plan: those of today in their order, then those that are closed.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn steps(&self) -> Result<Vec<Kept>, Error> {
        let sql = "SELECT content, closed, closed_at FROM step ORDER BY closed IS NOT NULL, place, id";
        let read = || -> rusqlite::Result<Vec<Kept>> {
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let closed: Option<String> = row.get(1)?;
                let since: Option<i64> = row.get(2)?;
                Ok(Kept {
                    step: content(row.get_ref(0)?.as_bytes()?)?,
                    closed: closed.map(|why| (why, Time::from_unix(since.unwrap_or_default()))),
                })
            })?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// Every word said, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn words(&self) -> Result<Vec<Word>, Error> {
        let read = || -> rusqlite::Result<Vec<Word>> {
            let mut statement = self.connection.prepare("SELECT content FROM word ORDER BY seq")?;
            let rows = statement.query_map([], |row| content(row.get_ref(0)?.as_bytes()?))?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// Writes words down, and with them what they decide about keys (`None` takes an earlier decision back):
    /// all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn say<D: serde::Serialize>(
        &mut self,
        words: &[Word],
        decisions: &[(SpkiHash, Option<D>)],
    ) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        let write = || -> rusqlite::Result<()> {
            let mut put = transaction.prepare("INSERT INTO word(step, content) VALUES(?1, ?2)")?;
            for word in words {
                put.execute(params![word.step.as_str(), json(word)?])?;
            }
            let mut put = transaction.prepare("INSERT INTO decision(spki, content) VALUES(?1, ?2)")?;
            for (spki, decision) in decisions {
                put.execute(params![spki.as_bytes(), json(decision)?])?;
            }
            Ok(())
        };
        write().map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// Records what searches found, and with it the marks that close their steps and what changes in the list
    /// of steps: new ones have the place of their search. All of it or nothing.
    ///
    /// # Errors
    /// [`Error::Database`]; nothing is changed then.
    pub fn searched(&mut self, results: &[SearchResult<'_>]) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        let write = || -> rusqlite::Result<()> {
            let mut listed = transaction
                .prepare("INSERT OR REPLACE INTO elsewhere(spki, name, content) VALUES(?1, ?2, ?3)")?;
            let mut word = transaction.prepare("INSERT INTO word(step, content) VALUES(?1, ?2)")?;
            let mut step = transaction.prepare(
                "INSERT INTO step(id, place, content) VALUES(?1, coalesce((SELECT place FROM step WHERE id = ?2), 0), ?3)
                 ON CONFLICT(id) DO UPDATE SET content = excluded.content, closed = NULL, closed_at = NULL",
            )?;
            for result in results {
                for found in result.found {
                    listed.execute(params![result.key.as_bytes(), found.identity(), json(found)?])?;
                }
                if let Some(said) = result.word {
                    word.execute(params![said.step.as_str(), json(said)?])?;
                }
                for changed in &result.steps {
                    step.execute(params![changed.id.as_str(), result.search.id.as_str(), json(changed)?])?;
                }
            }
            Ok(())
        };
        write().map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// All certificates that searches found, by key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn elsewhere(&self) -> Result<Elsewhere, Error> {
        let read = || -> rusqlite::Result<Elsewhere> {
            let mut statement =
                self.connection.prepare("SELECT spki, content FROM elsewhere ORDER BY spki, name")?;
            let mut rows = statement.query([])?;
            let mut out = Elsewhere::new();
            while let Some(row) = rows.next()? {
                out.entry(SpkiHash::from_bytes(row.get(0)?))
                    .or_default()
                    .push(content(row.get_ref(1)?.as_bytes()?)?);
            }
            Ok(out)
        };
        read().map_err(self.failed())
    }

    /// Writes decisions about keys down.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn decide<D: serde::Serialize>(&mut self, decisions: &BTreeMap<SpkiHash, D>) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        for (spki, decision) in decisions {
            let text = json(decision).map_err(&failed)?;
            transaction
                .execute("INSERT INTO decision(spki, content) VALUES(?1, ?2)", params![spki.as_bytes(), text])
                .map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)
    }

    /// The decision that holds for each key: the last one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn decisions<D: serde::de::DeserializeOwned>(&self) -> Result<BTreeMap<SpkiHash, D>, Error> {
        let read = || -> rusqlite::Result<BTreeMap<SpkiHash, D>> {
            let mut statement = self.connection.prepare("SELECT spki, content FROM decision ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let spki = SpkiHash::from_bytes(row.get(0)?);
                match content::<Option<D>>(row.get_ref(1)?.as_bytes()?)? {
                    Some(decision) => out.insert(spki, decision),
                    None => out.remove(&spki),
                };
            }
            Ok(out)
        };
        read().map_err(self.failed())
    }

    /// The record of the key of that name, in any form met.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn key(&self, spki: &SpkiHash) -> Result<Option<Vec<u8>>, Error> {
        let sql =
            "SELECT story FROM key WHERE spki = coalesce((SELECT spki FROM key_form WHERE raw = ?1), ?1)";
        let found =
            self.connection.query_row(sql, [spki.as_bytes()], |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec()));
        found.optional().map_err(self.failed())
    }

    /// The record of the key of a certificate.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn key_of(&self, certificate: &Fingerprint) -> Result<Option<Vec<u8>>, Error> {
        let sql = "SELECT story FROM key WHERE instr(story, ?1) ORDER BY spki LIMIT 1";
        let named = format!("\"sha256\":\"{certificate}\"");
        let found = self.connection.query_row(sql, [named], |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec()));
        found.optional().map_err(self.failed())
    }

    /// Calls `each` with the record of every key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn each_key(&self, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare("SELECT story FROM key ORDER BY spki")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_bytes()?);
            }
            Ok(())
        };
        read().map_err(self.failed())
    }

    /// How many keys have each exposure.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn exposures(&self) -> Result<BTreeMap<String, u64>, Error> {
        let read = || -> rusqlite::Result<BTreeMap<String, u64>> {
            let mut statement =
                self.connection.prepare("SELECT exposure, count(*) FROM key GROUP BY exposure")?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            rows.collect()
        };
        read().map_err(self.failed())
    }
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn content<T: serde::de::DeserializeOwned>(text: &[u8]) -> rusqlite::Result<T> {
    serde_json::from_slice(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}
