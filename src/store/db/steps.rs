//! Steps, what was recorded of them, decisions about keys, and what searches found.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use super::json::{content, json};
use crate::assess::Decision;
use crate::id::SpkiHash;
use crate::plan::Word;
use crate::plan::ct::Elsewhere;
use crate::store::interface::{Kept, SearchResult};
use crate::time::Time;

pub(super) fn steps(connection: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let sql = "SELECT content, closed, closed_at FROM step ORDER BY closed IS NOT NULL, place, id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let closed: Option<String> = row.get(1)?;
        let since: Option<i64> = row.get(2)?;
        Ok(Kept {
            step: content(row.get_ref(0)?.as_bytes()?)?,
            closed: closed.map(|why| (why, Time::from_unix(since.unwrap_or_default()))),
        })
    })?;
    rows.collect()
}

pub(super) fn words(connection: &Connection) -> rusqlite::Result<Vec<Word>> {
    let mut statement = connection.prepare("SELECT content FROM word ORDER BY seq")?;
    let rows = statement.query_map([], |row| content(row.get_ref(0)?.as_bytes()?))?;
    rows.collect()
}

pub(super) fn add_words(transaction: &Transaction<'_>, words: &[Word]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare("INSERT INTO word(step, content) VALUES(?1, ?2)")?;
    words.iter().try_for_each(|word| put.execute(params![word.step.as_str(), json(word)?]).map(drop))
}

/// Records decisions; none takes an earlier one back.
pub(super) fn decide<'a>(
    transaction: &Transaction<'_>,
    mut decisions: impl Iterator<Item = (&'a SpkiHash, Option<&'a Decision>)>,
) -> rusqlite::Result<()> {
    let mut put = transaction.prepare("INSERT INTO decision(spki, content) VALUES(?1, ?2)")?;
    decisions
        .try_for_each(|(spki, decision)| put.execute(params![spki.as_bytes(), json(&decision)?]).map(drop))
}

pub(super) fn decisions(connection: &Connection) -> rusqlite::Result<BTreeMap<SpkiHash, Decision>> {
    let mut statement = connection.prepare("SELECT spki, content FROM decision ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut out = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let spki = SpkiHash::from_bytes(row.get(0)?);
        match content::<Option<Decision>>(row.get_ref(1)?.as_bytes()?)? {
            Some(decision) => out.insert(spki, decision),
            None => out.remove(&spki),
        };
    }
    Ok(out)
}

pub(super) fn searched(transaction: &Transaction<'_>, results: &[SearchResult<'_>]) -> rusqlite::Result<()> {
    let mut listed =
        transaction.prepare("INSERT OR REPLACE INTO elsewhere(spki, name, content) VALUES(?1, ?2, ?3)")?;
    let mut step = transaction.prepare(
        "INSERT INTO step(id, place, content) VALUES(?1, coalesce((SELECT place FROM step WHERE id = ?2), 0), ?3)
         ON CONFLICT(id) DO UPDATE SET content = excluded.content, closed = NULL, closed_at = NULL",
    )?;
    for result in results {
        for found in result.found {
            listed.execute(params![result.key.as_bytes(), found.identity(), json(found)?])?;
        }
        if let Some(word) = result.word {
            add_words(transaction, std::slice::from_ref(word))?;
        }
        for changed in &result.steps {
            step.execute(params![changed.id.as_str(), result.search.id.as_str(), json(changed)?])?;
        }
    }
    Ok(())
}

pub(super) fn elsewhere(connection: &Connection) -> rusqlite::Result<Elsewhere> {
    let mut statement = connection.prepare("SELECT spki, content FROM elsewhere ORDER BY spki, name")?;
    let mut rows = statement.query([])?;
    let mut out = Elsewhere::new();
    while let Some(row) = rows.next()? {
        out.entry(SpkiHash::from_bytes(row.get(0)?)).or_default().push(content(row.get_ref(1)?.as_bytes()?)?);
    }
    Ok(out)
}
