//! The records of keys, and the index of their names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::assess::Exposure;
use crate::id::SpkiHash;
use crate::store::model::{KeyRecord, NameKey};

/// The record of the key of that name, in any encoding that was found.
pub(super) fn key(connection: &Connection, spki: &SpkiHash) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT story FROM key WHERE spki = coalesce((SELECT spki FROM key_form WHERE raw = ?1), ?1)";
    connection.query_row(sql, [spki.as_bytes()], |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec())).optional()
}

/// Calls `each` with the record of every key.
pub(super) fn each(connection: &Connection, each: &mut dyn FnMut(&[u8])) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT story FROM key ORDER BY spki")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get_ref(0)?.as_bytes()?);
    }
    Ok(())
}

/// The keys that the index has under any of these names.
pub(super) fn named(
    connection: &Connection,
    names: &BTreeSet<NameKey>,
) -> rusqlite::Result<BTreeSet<SpkiHash>> {
    let mut keys = BTreeSet::new();
    let mut find = connection.prepare("SELECT spki FROM name WHERE name = ?1")?;
    for name in names {
        find.query_map([name.as_str()], |row| row.get(0))?
            .try_for_each(|spki| spki.map(|spki| _ = keys.insert(SpkiHash::from_bytes(spki))))?;
    }
    Ok(keys)
}

/// The records of some keys, in their order.
pub(super) fn records(connection: &Connection, keys: &BTreeSet<SpkiHash>) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut read = connection.prepare("SELECT story FROM key WHERE spki = ?1")?;
    let mut out = Vec::with_capacity(keys.len());
    for spki in keys {
        out.extend(
            read.query_row([spki.as_bytes()], |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec())).optional()?,
        );
    }
    Ok(out)
}

/// Whether the index has every key.
pub(super) fn is_indexed(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS(SELECT 1 FROM indexed)", [], |row| row.get(0))
}

/// The index of names, as it is made.
#[derive(Default)]
pub(super) struct Index {
    names: Vec<(NameKey, SpkiHash)>,
}

impl Index {
    pub(super) fn add(&mut self, record: &KeyRecord) {
        self.names.extend(record.name_keys().into_iter().map(|name| (name, record.spki_sha256)));
    }

    /// The keys that it has under any of these names.
    pub(super) fn find(&self, names: &BTreeSet<NameKey>) -> BTreeSet<SpkiHash> {
        self.names.iter().filter(|(name, _)| names.contains(name)).map(|(_, spki)| *spki).collect()
    }

    /// Stores it: in its order, so that each page is written once.
    pub(super) fn save(mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.names.sort_unstable();
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch("DELETE FROM name")?;
        let mut put = transaction.prepare("INSERT INTO name(name, spki) VALUES(?1, ?2)")?;
        for (name, spki) in &self.names {
            put.execute(params![name.as_str(), spki.as_bytes()])?;
        }
        drop(put);
        transaction.execute_batch("INSERT OR IGNORE INTO indexed(number) VALUES(0)")?;
        transaction.commit()
    }
}

pub(super) fn hashes(connection: &Connection) -> rusqlite::Result<HashSet<SpkiHash>> {
    let mut statement = connection.prepare("SELECT spki FROM key UNION ALL SELECT raw FROM key_form")?;
    let rows = statement.query_map([], |row| Ok(SpkiHash::from_bytes(row.get(0)?)))?;
    rows.collect()
}

pub(super) fn exposures(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut statement = connection.prepare("SELECT exposure, count(*) FROM key GROUP BY exposure")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    rows.collect()
}

pub(super) fn exposure_of_keys(connection: &Connection) -> rusqlite::Result<Vec<(SpkiHash, Exposure)>> {
    let mut statement = connection.prepare("SELECT spki, exposure FROM key ORDER BY spki")?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        // One of a name that this version does not know is careful reading.
        let exposure = Exposure::named(row.get_ref(1)?.as_str()?).unwrap_or(Exposure::Undetermined);
        out.push((SpkiHash::from_bytes(row.get(0)?), exposure));
    }
    Ok(out)
}

pub(super) fn exposure(connection: &Connection, spki: &SpkiHash) -> rusqlite::Result<Option<Exposure>> {
    let sql = "SELECT exposure FROM key WHERE spki = ?1";
    let found = connection.query_row(sql, [spki.as_bytes()], |row| row.get::<_, String>(0)).optional()?;
    Ok(found.and_then(|name| Exposure::named(&name)))
}

pub(super) fn forms(connection: &Connection) -> rusqlite::Result<Vec<(SpkiHash, SpkiHash)>> {
    let mut statement = connection.prepare("SELECT raw, spki FROM key_form ORDER BY raw")?;
    let rows = statement
        .query_map([], |row| Ok((SpkiHash::from_bytes(row.get(0)?), SpkiHash::from_bytes(row.get(1)?))))?;
    rows.collect()
}
