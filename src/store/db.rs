//! `case.db`: a store in SQLite, durable; the only module that knows SQLite. Everything that changes together
//! is one transaction, so a run killed at any point leaves the case as it was before or as it is after.

mod facts;
mod json;
mod kept;
mod keys;
mod migrations;
mod record;
mod save;
mod steps;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Transaction};

use super::error::Error;
use super::interface::{Changes, Kept, LastRun, PlanHeader, PlanList, PlanPart, Run, SearchResult, Store};
use super::model::{KeyRecord, NameKey};
use super::names::{DATABASE, PLAN_JSON};
use super::question::{Question, Scope, StoredRoot};
use crate::assess::{Decision, Exposure};
use crate::files::{self, Access};
use crate::id::{SpkiHash, StepId};
use crate::inventory::RecordedFile;
use crate::inventory::recorded::Facts;
use crate::plan::ct::Elsewhere;
use crate::plan::{ReplacementRecord, Step, Word};
use crate::time::Time;

use migrations::MIGRATIONS;

/// The open database of a case.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    /// The same file, to flush it while it is written to. It goes after the connection: closing it gives up
    /// the locks that SQLite holds (POSIX).
    file: File,
    path: PathBuf,
}

impl Sqlite {
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
            && directory.join(PLAN_JSON).exists()
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
            // The size of pages holds for a database that is new; a record takes one or two thousand bytes.
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

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |error| Error::Database { path: path.clone(), error: Box::new(error) }
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        read(&self.connection).map_err(self.failed())
    }

    /// All that `write` writes, or nothing.
    fn write(&mut self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        write(&transaction).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// The record of a key.
    fn key_record(&self, text: &[u8]) -> Result<KeyRecord, Error> {
        serde_json::from_slice(text).map_err(|error| Error::Damaged { path: self.path.clone(), error })
    }
}

impl Store for Sqlite {
    fn has_plan(&self) -> Result<bool, Error> {
        self.read(kept::has_run)
    }

    fn begin(&mut self, question: &Question, roots: &[StoredRoot], now: Time) -> Result<(), Error> {
        self.write(|t| {
            save::question(t, Scope::Plan, question, now)?;
            save::roots(t, roots)
        })
    }

    fn save(
        &mut self,
        run: Run<'_>,
        parts: &mut dyn Iterator<Item = PlanPart>,
        steps: &[Step],
        why: &dyn Fn(&Step) -> String,
    ) -> Result<Changes, Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        // Pages of a database are read again.
        let saved = files::flushing(
            &self.file,
            |_| (),
            |wrote| save::all(&transaction, run, &mut parts.inspect(|part| wrote(part.octets())), steps, why),
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

    fn header(&self) -> Result<Option<PlanHeader>, Error> {
        self.read(kept::header)
    }

    fn each_item(&self, list: PlanList, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.read(|c| kept::each_item(c, list, each))
    }

    fn replacements(&self) -> Result<Vec<ReplacementRecord>, Error> {
        self.read(kept::replacements)
    }

    fn set_directories(&mut self, directories: &BTreeMap<StepId, String>) -> Result<(), Error> {
        self.write(|t| kept::set_directories(t, directories))
    }

    fn steps(&self) -> Result<Vec<Kept>, Error> {
        self.read(steps::steps)
    }

    fn words(&self) -> Result<Vec<Word>, Error> {
        self.read(steps::words)
    }

    fn record(&mut self, words: &[Word], decisions: &[(SpkiHash, Option<Decision>)]) -> Result<(), Error> {
        self.write(|t| {
            steps::add_words(t, words)?;
            steps::decide(t, decisions.iter().map(|(spki, decision)| (spki, decision.as_ref())))
        })
    }

    fn decide(&mut self, decisions: &BTreeMap<SpkiHash, Decision>) -> Result<(), Error> {
        self.write(|t| steps::decide(t, decisions.iter().map(|(spki, decision)| (spki, Some(decision)))))
    }

    fn decisions(&self) -> Result<BTreeMap<SpkiHash, Decision>, Error> {
        self.read(steps::decisions)
    }

    fn searched(&mut self, results: &[SearchResult<'_>]) -> Result<(), Error> {
        self.write(|t| steps::searched(t, results))
    }

    fn elsewhere(&self) -> Result<Elsewhere, Error> {
        self.read(steps::elsewhere)
    }

    fn key(&self, spki: &SpkiHash) -> Result<Option<KeyRecord>, Error> {
        self.read(|c| keys::key(c, spki))?.map(|text| self.key_record(&text)).transpose()
    }

    fn keys_named(&self, names: &BTreeSet<NameKey>) -> Result<Vec<KeyRecord>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = if self.read(keys::is_indexed)? {
            self.read(|c| keys::named(c, names))?
        } else {
            let mut index = keys::Index::default();
            self.each_key(&mut |record| index.add(&record))?;
            let found = index.find(names);
            // Who may only read the case, or has a full disk, gets an answer all the same.
            let _ = index.save(&self.connection);
            found
        };
        self.read(|c| keys::records(c, &found))?.iter().map(|text| self.key_record(text)).collect()
    }

    fn each_key(&self, each: &mut dyn FnMut(KeyRecord)) -> Result<(), Error> {
        let mut damaged = Ok(());
        self.each_key_text(&mut |text| match self.key_record(text) {
            Ok(record) => each(record),
            Err(error) => damaged = Err(error),
        })?;
        damaged
    }

    fn each_key_text(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.read(|c| keys::each(c, each))
    }

    fn key_hashes(&self) -> Result<HashSet<SpkiHash>, Error> {
        self.read(keys::hashes)
    }

    fn exposures(&self) -> Result<BTreeMap<String, u64>, Error> {
        self.read(keys::exposures)
    }

    fn exposure_of_keys(&self) -> Result<Vec<(SpkiHash, Exposure)>, Error> {
        self.read(keys::exposure_of_keys)
    }

    fn exposure(&self, spki: &SpkiHash) -> Result<Option<Exposure>, Error> {
        self.read(|c| keys::exposure(c, spki))
    }

    fn forms(&self) -> Result<Vec<(SpkiHash, SpkiHash)>, Error> {
        self.read(keys::forms)
    }

    fn question(&self, scope: Scope) -> Result<Option<Question>, Error> {
        self.read(|c| kept::question(c, scope))
    }

    fn keep_question(&mut self, scope: Scope, question: &Question, now: Time) -> Result<(), Error> {
        self.write(|t| save::question(t, scope, question, now))
    }

    fn roots(&self) -> Result<Vec<StoredRoot>, Error> {
        self.read(kept::roots)
    }

    fn last_run(&self) -> Result<Option<LastRun>, Error> {
        self.read(kept::last_run)
    }

    fn files(&self) -> Result<Vec<RecordedFile>, Error> {
        self.read(record::files)
    }

    fn facts(&self) -> Box<dyn Facts + '_> {
        Box::new(facts::FactsOfCase::new(&self.connection))
    }

    fn made(&self) -> Result<BTreeMap<SpkiHash, Time>, Error> {
        self.read(kept::made)
    }

    fn add_made(&mut self, keys: &[(SpkiHash, Time)]) -> Result<(), Error> {
        self.write(|t| kept::add_made(t, keys))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;

    /// As versions before the last migration but one wrote it.
    fn story(spki: &SpkiHash) -> String {
        format!(
            r#"{{"spki_sha256":"{spki}","key_algorithm":"ec","key_bits":256,"exposure":"exposed","because":[{{"evidence":"uploaded","source":"--uploaded","earliest":null,"latest":null,"says":"found in a.pem"}}],"private_key_paths":["a.pem"],"certificates":[],"steps":["{STEP}"]}}"#
        )
    }

    const STEP: &str = "search-ca5e40ca35cabc91";

    /// A database as a version left it.
    fn made_by(version: usize, path: &Path) {
        let connection = Connection::open(path).unwrap();
        MIGRATIONS[..version].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        connection.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        let spki = SpkiHash::of(b"key");
        let put = |sql: &str, values: &[&dyn rusqlite::ToSql]| _ = connection.execute(sql, values).unwrap();
        put("INSERT INTO run(at, as_of, version, incident) VALUES(7, 7, '0', 'n')", &[]);
        let record = story(&spki);
        put(
            "INSERT INTO key(spki, exposure, story) VALUES(?1, 'exposed', ?2)",
            params![spki.as_bytes(), record],
        );
        let step = format!(
            r#"{{"id":"{STEP}","kind":"search","status":"ready","needs":[],"deadline":null,"says":"look"}}"#
        );
        put("INSERT INTO step(id, place, content) VALUES(?1, 0, ?2)", params![STEP, step]);
        let word = format!(
            r#"{{"step":"{STEP}","mark":"searched","reason":"r","by":"Ada","at":"2026-11-30T00:00:00Z","recorded":"2026-11-30T00:00:00Z"}}"#
        );
        put("INSERT INTO word(step, content) VALUES(?1, ?2)", params![STEP, word]);
        let decision = r#"{"exposed":true,"reason":"r","by":"Ada","at":"2026-11-30T00:00:00Z"}"#;
        put("INSERT INTO decision(spki, content) VALUES(?1, ?2)", params![spki.as_bytes(), decision]);
    }

    #[test]
    fn a_database_of_every_earlier_version_opens_with_all_that_is_in_it() {
        for version in 1..=MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            made_by(version, &folder.path().join(DATABASE));
            // Twice: opened and brought forward, and opened as it is then.
            for _ in 0..2 {
                let store = Sqlite::open(folder.path(), Access::Owner).unwrap();
                let spki = SpkiHash::of(b"key");
                let record = store.key(&spki).unwrap().unwrap();
                assert_eq!(record.because[0].message, "found in a.pem", "version {version}");
                let steps = store.steps().unwrap();
                assert_eq!((steps.len(), &*steps[0].step.says), (1, "look"), "version {version}");
                assert_eq!(store.words().unwrap()[0].by, "Ada");
                assert!(store.decisions().unwrap()[&spki].exposed);
                assert_eq!(store.last_run().unwrap().unwrap().incident, "n");
                assert!(store.header().unwrap().is_none() && store.question(Scope::Plan).unwrap().is_none());
                let named = store.keys_named(&NameKey::meant_by("A.pem")).unwrap();
                assert_eq!(named, [record], "version {version}");
            }
        }
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DATABASE);
        made_by(MIGRATIONS.len(), &path);
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        let opened = Sqlite::open(folder.path(), Access::Owner);
        assert!(matches!(opened, Err(Error::NewerDatabase(_))));
    }
}
