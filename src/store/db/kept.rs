//! What a case keeps for its next run: the question, the roots, the plan's header and lists, and the keys that
//! it made.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::json::{content, json};
use crate::id::{SpkiHash, StepId};
use crate::plan::ReplacementRecord;
use crate::store::interface::{LastRun, PlanHeader, PlanList};
use crate::store::question::{Question, Scope, StoredRoot};
use crate::time::Time;

pub(super) fn has_run(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS(SELECT 1 FROM run)", [], |row| row.get(0))
}

pub(super) fn question(connection: &Connection, scope: Scope) -> rusqlite::Result<Option<Question>> {
    let sql = "SELECT content FROM question WHERE scope = ?1 ORDER BY seq DESC LIMIT 1";
    connection.query_row(sql, [scope.as_str()], |row| content(row.get_ref(0)?.as_bytes()?)).optional()
}

pub(super) fn roots(connection: &Connection) -> rusqlite::Result<Vec<StoredRoot>> {
    let mut statement = connection.prepare("SELECT content FROM root ORDER BY number")?;
    let rows = statement.query_map([], |row| content(row.get_ref(0)?.as_bytes()?))?;
    rows.collect()
}

pub(super) fn last_run(connection: &Connection) -> rusqlite::Result<Option<LastRun>> {
    let sql = "SELECT incident, at, content FROM run ORDER BY seq DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(LastRun { incident: row.get(0)?, at: Time::from_unix(row.get(1)?), found: row.get(2)? })
    };
    connection.query_row(sql, [], read).optional()
}

pub(super) fn header(connection: &Connection) -> rusqlite::Result<Option<PlanHeader>> {
    connection
        .query_row("SELECT content FROM plan", [], |row| content(row.get_ref(0)?.as_bytes()?))
        .optional()
}

pub(super) fn each_item(
    connection: &Connection,
    list: PlanList,
    each: &mut dyn FnMut(&[u8]),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT content FROM plan_item WHERE list = ?1 ORDER BY place")?;
    let mut rows = statement.query([list.as_str()])?;
    while let Some(row) = rows.next()? {
        each(row.get_ref(0)?.as_bytes()?);
    }
    Ok(())
}

pub(super) fn replacements(connection: &Connection) -> rusqlite::Result<Vec<ReplacementRecord>> {
    let (mut out, mut damaged) = (Vec::new(), Ok(()));
    each_item(connection, PlanList::Replacements, &mut |text| match content(text) {
        Ok(record) => out.push(record),
        Err(error) => damaged = Err(error),
    })?;
    damaged.map(|()| out)
}

pub(super) fn set_directories(
    transaction: &Transaction<'_>,
    directories: &BTreeMap<StepId, String>,
) -> rusqlite::Result<()> {
    let mut put = transaction.prepare("UPDATE plan_item SET content = ?3 WHERE list = ?1 AND place = ?2")?;
    for (mut record, place) in replacements(transaction)?.into_iter().zip(0i64..) {
        let directory = directories.get(&record.id);
        if record.directory.as_ref() != directory {
            record.directory = directory.cloned();
            put.execute(params![PlanList::Replacements.as_str(), place, json(&record)?])?;
        }
    }
    Ok(())
}

pub(super) fn made(connection: &Connection) -> rusqlite::Result<BTreeMap<SpkiHash, Time>> {
    let mut statement = connection.prepare("SELECT spki, at FROM made")?;
    let rows = statement
        .query_map([], |row| Ok((SpkiHash::from_bytes(row.get(0)?), Time::from_unix(row.get(1)?))))?;
    rows.collect()
}

pub(super) fn add_made(transaction: &Transaction<'_>, keys: &[(SpkiHash, Time)]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare("INSERT OR IGNORE INTO made(spki, at) VALUES(?1, ?2)")?;
    keys.iter().try_for_each(|(spki, at)| put.execute(params![spki.as_bytes(), at.unix()]).map(drop))
}
