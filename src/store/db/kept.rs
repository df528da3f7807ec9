//! What a case keeps for its next run: the question, the roots, files and facts, exposures, and the keys that
//! it made.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};

use super::{LastRun, RecordedFacts, Store, content, record, save};
use crate::assess::Exposure;
use crate::id::SpkiHash;
use crate::inventory::RecordedFile;
use crate::store::Error;
use crate::store::question::{Question, Scope, StoredRoot};
use crate::time::Time;

impl Store {
    /// The question that the case was last judged by; `None` in a case of a version that did not store it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn question(&self, scope: Scope) -> Result<Option<Question>, Error> {
        let sql = "SELECT content FROM question WHERE scope = ?1 ORDER BY seq DESC LIMIT 1";
        self.connection
            .query_row(sql, [scope.as_str()], |row| content(row.get_ref(0)?.as_bytes()?))
            .optional()
            .map_err(self.failed())
    }

    /// Stores what a new case is to be judged by, before anything is read.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn begin(&mut self, question: &Question, roots: &[StoredRoot], now: Time) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        save::question(&transaction, Scope::Plan, question, now)
            .and_then(|()| save::roots(&transaction, roots))
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// Stores the options of a command other than `plan`, which stores its own with what it made of them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn keep_question(&mut self, scope: Scope, question: &Question, now: Time) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        save::question(&transaction, scope, question, now).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// The roots of the case in their order; none in a case of a version that did not store them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn roots(&self) -> Result<Vec<StoredRoot>, Error> {
        let read = || -> rusqlite::Result<Vec<StoredRoot>> {
            let mut statement = self.connection.prepare("SELECT content FROM root ORDER BY number")?;
            let rows = statement.query_map([], |row| content(row.get_ref(0)?.as_bytes()?))?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// The name of the incident of the last run, when that was, and whether it found anything.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn last_run(&self) -> Result<Option<LastRun>, Error> {
        let sql = "SELECT incident, at, content FROM run ORDER BY seq DESC LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(LastRun { incident: row.get(0)?, at: Time::from_unix(row.get(1)?), found: row.get(2)? })
        };
        self.connection.query_row(sql, [], read).optional().map_err(self.failed())
    }

    /// Every file that the case recorded.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn files(&self) -> Result<Vec<RecordedFile>, Error> {
        record::files(&self.connection).map_err(self.failed())
    }

    /// The other encodings of keys that were met, each with the name of its key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn forms(&self) -> Result<Vec<(SpkiHash, SpkiHash)>, Error> {
        let read = || -> rusqlite::Result<Vec<(SpkiHash, SpkiHash)>> {
            let mut statement = self.connection.prepare("SELECT raw, spki FROM key_form ORDER BY raw")?;
            let rows = statement.query_map([], |row| {
                Ok((SpkiHash::from_bytes(row.get(0)?), SpkiHash::from_bytes(row.get(1)?)))
            })?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// The recorded facts of certificates and keys.
    #[must_use]
    pub fn facts(&self) -> RecordedFacts<'_> {
        RecordedFacts::new(&self.connection)
    }

    /// The exposure of every key, by name.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn exposure_of_keys(&self) -> Result<Vec<(SpkiHash, Exposure)>, Error> {
        let read = || -> rusqlite::Result<Vec<(SpkiHash, Exposure)>> {
            let mut statement = self.connection.prepare("SELECT spki, exposure FROM key ORDER BY spki")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                // One of a name that this version does not know is careful reading.
                let exposure = Exposure::named(row.get_ref(1)?.as_str()?).unwrap_or(Exposure::Undetermined);
                out.push((SpkiHash::from_bytes(row.get(0)?), exposure));
            }
            Ok(out)
        };
        read().map_err(self.failed())
    }

    /// The exposure of one key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn exposure(&self, spki: &SpkiHash) -> Result<Option<Exposure>, Error> {
        let found =
            self.connection.query_row("SELECT exposure FROM key WHERE spki = ?1", [spki.as_bytes()], |row| {
                row.get::<_, String>(0)
            });
        Ok(found.optional().map_err(self.failed())?.and_then(|name| Exposure::named(&name)))
    }

    /// The keys that the case made, with the time at which it first knew of them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn made(&self) -> Result<BTreeMap<SpkiHash, Time>, Error> {
        let read = || -> rusqlite::Result<BTreeMap<SpkiHash, Time>> {
            let mut statement = self.connection.prepare("SELECT spki, at FROM made")?;
            let rows = statement
                .query_map([], |row| Ok((SpkiHash::from_bytes(row.get(0)?), Time::from_unix(row.get(1)?))))?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// Records keys that the case made; one that is recorded already keeps its time.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn add_made(&mut self, keys: impl Iterator<Item = (SpkiHash, Time)>) -> Result<(), Error> {
        let failed = self.failed();
        let transaction = self.connection.transaction().map_err(&failed)?;
        let write = || -> rusqlite::Result<()> {
            let mut put = transaction.prepare("INSERT OR IGNORE INTO made(spki, at) VALUES(?1, ?2)")?;
            keys.into_iter()
                .try_for_each(|(spki, at)| put.execute(params![spki.as_bytes(), at.unix()]).map(drop))
        };
        write().map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }
}
