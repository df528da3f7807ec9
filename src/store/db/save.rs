//! What a plan changes in the database of its case: only what is not as it was.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Statement, Transaction, params};

use super::json::{content, json};
use crate::id::SpkiHash;
use crate::plan::Step;
use crate::store::interface::{Changes, KeyEntry, Orphan, PlanHeader, PlanList, PlanPart, Records, Run};
use crate::store::question::{Question, Scope, StoredRoot};
use crate::time::Time;

/// Brings all tables up to date with the parts of a plan. `None` if they were cut off.
pub(super) fn all(
    transaction: &Transaction<'_>,
    run: Run<'_>,
    parts: &mut dyn Iterator<Item = PlanPart>,
    steps: &[Step],
    why: &dyn Fn(&Step) -> String,
) -> rusqlite::Result<Option<Changes>> {
    transaction.execute(
        "INSERT INTO run(at, as_of, version, incident, content) VALUES(?1, ?2, ?3, ?4, ?5)",
        params![run.at.unix(), run.as_of.unix(), env!("CARGO_PKG_VERSION"), run.incident, run.found],
    )?;
    question(transaction, Scope::Plan, run.question, run.at)?;
    roots(transaction, run.roots)?;
    run.recording.save(transaction)?;
    let mut keys = Keys::begin(transaction, run.orphans)?;
    let mut list = Steps::begin(transaction, steps)?;
    let mut items = Items::begin(transaction)?;
    for part in parts {
        match part {
            PlanPart::Header(header) => put_header(transaction, &header)?,
            PlanPart::Items(list, records) => items.put(list, &records)?,
            PlanPart::Keys(entries, records) => keys.put(entries, &records)?,
            PlanPart::Steps(records) => list.put(&records)?,
            PlanPart::End => {
                items.end(transaction)?;
                keys.end(transaction)?;
                return list.end(transaction, run, why);
            }
        }
    }
    Ok(None)
}

fn put_header(transaction: &Transaction<'_>, header: &PlanHeader) -> rusqlite::Result<()> {
    let sql = "INSERT INTO plan(number, content) VALUES(0, ?1) ON CONFLICT(number) DO UPDATE SET content = excluded.content";
    transaction.execute(sql, [json(header)?]).map(drop)
}

/// The lists of the plan.
struct Items<'a> {
    /// How many records each list had.
    before: HashMap<String, i64>,
    /// How many each has now.
    now: BTreeMap<PlanList, i64>,
    is_same: Statement<'a>,
    put: Statement<'a>,
}

impl<'a> Items<'a> {
    fn begin(transaction: &'a Transaction<'_>) -> rusqlite::Result<Self> {
        let mut select = transaction.prepare("SELECT list, count(*) FROM plan_item GROUP BY list")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let before = rows.collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            before,
            now: BTreeMap::new(),
            is_same: transaction
                .prepare("SELECT content = ?3 FROM plan_item WHERE list = ?1 AND place = ?2")?,
            put: transaction.prepare(
                "INSERT INTO plan_item(list, place, content) VALUES(?1, ?2, ?3)
                 ON CONFLICT(list, place) DO UPDATE SET content = excluded.content",
            )?,
        })
    }

    fn put(&mut self, list: PlanList, records: &Records) -> rusqlite::Result<()> {
        let before = self.before.get(list.as_str()).copied().unwrap_or(0);
        let place = self.now.entry(list).or_default();
        for text in records.iter().map(as_text) {
            let values = params![list.as_str(), *place, text];
            if *place >= before || !self.is_same.query_row(values, |row| row.get(0))? {
                self.put.execute(values)?;
            }
            *place += 1;
        }
        Ok(())
    }

    fn end(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut remove = transaction.prepare("DELETE FROM plan_item WHERE list = ?1 AND place >= ?2")?;
        for list in self.before.keys() {
            let now = self.now.iter().find(|(other, _)| other.as_str() == list).map_or(0, |(_, n)| *n);
            remove.execute(params![list, now])?;
        }
        Ok(())
    }
}

/// A question, if it is not what it was.
pub(super) fn question(
    transaction: &Transaction<'_>,
    scope: Scope,
    question: &Question,
    now: Time,
) -> rusqlite::Result<()> {
    let last = "SELECT content FROM question WHERE scope = ?1 ORDER BY seq DESC LIMIT 1";
    let sql = format!("INSERT INTO question(scope, at, content) SELECT ?1, ?2, ?3 WHERE ?3 IS NOT ({last})");
    transaction.execute(&sql, params![scope.as_str(), now.unix(), json(question)?]).map(drop)
}

/// The roots by their numbers.
pub(super) fn roots(transaction: &Transaction<'_>, roots: &[StoredRoot]) -> rusqlite::Result<()> {
    let mut put =
        transaction.prepare("INSERT INTO root(number, content) VALUES(?1, ?2) ON CONFLICT(number) DO UPDATE SET content = excluded.content")?;
    roots
        .iter()
        .zip(0i64..)
        .try_for_each(|(root, number)| put.execute(params![number, json(root)?]).map(drop))
}

/// A record as SQLite takes text; a hundred megabytes of what is known to be UTF-8 are not checked again.
const fn as_text(record: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(record))
}

/// The tables of keys.
struct Keys<'a> {
    /// Those that are there and did not come yet.
    before: std::iter::Peekable<std::vec::IntoIter<[u8; 32]>>,
    forms: Vec<(SpkiHash, SpkiHash)>,
    /// A record is new, changed or gone.
    changed: bool,
    add: Statement<'a>,
    is_same: Statement<'a>,
    change: Statement<'a>,
    remove: Statement<'a>,
}

impl<'a> Keys<'a> {
    fn begin(transaction: &'a Transaction<'_>, orphans: &[Orphan]) -> rusqlite::Result<Self> {
        let mut select = transaction.prepare("SELECT spki FROM key ORDER BY spki")?;
        let mut before: Vec<[u8; 32]> =
            select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        // Records that cannot be read are in no part of the plan, and stay.
        let is_damaged = |spki: &[u8; 32]| {
            let at = orphans.binary_search_by_key(spki, |o| *o.spki.as_bytes());
            at.is_ok_and(|at| orphans[at].record.is_none())
        };
        before.retain(|spki| !is_damaged(spki));
        Ok(Self {
            before: before.into_iter().peekable(),
            forms: Vec::new(),
            changed: false,
            add: transaction.prepare("INSERT INTO key(spki, exposure, story) VALUES(?1, ?2, ?3)")?,
            is_same: transaction.prepare("SELECT exposure = ?2 AND story = ?3 FROM key WHERE spki = ?1")?,
            change: transaction.prepare("UPDATE key SET exposure = ?2, story = ?3 WHERE spki = ?1")?,
            remove: transaction.prepare("DELETE FROM key WHERE spki = ?1")?,
        })
    }

    fn put(&mut self, entries: Vec<KeyEntry>, records: &Records) -> rusqlite::Result<()> {
        for (KeyEntry { spki, forms, exposure }, text) in entries.into_iter().zip(records.iter()) {
            while let Some(gone) = self.before.next_if(|before| before < spki.as_bytes()) {
                self.changed = true;
                self.remove.execute([gone])?;
            }
            let text = as_text(text);
            let values = params![spki.as_bytes(), exposure, text];
            if self.before.next_if(|before| before == spki.as_bytes()).is_none() {
                self.changed = true;
                self.add.execute(values)?;
            } else if !self.is_same.query_row(values, |row| row.get(0))? {
                self.changed = true;
                self.change.execute(values)?;
            }
            self.forms.extend(forms.into_iter().map(|raw| (raw, spki)));
        }
        Ok(())
    }

    fn end(mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for gone in self.before {
            self.changed = true;
            self.remove.execute([gone])?;
        }
        if self.changed {
            transaction.execute_batch("DELETE FROM indexed")?;
        }
        transaction.execute_batch("DELETE FROM key_form")?;
        let mut form = transaction.prepare("INSERT OR IGNORE INTO key_form(raw, spki) VALUES(?1, ?2)")?;
        for (raw, spki) in self.forms {
            form.execute(params![raw.as_bytes(), spki.as_bytes()])?;
        }
        Ok(())
    }
}

/// A step as it was.
struct Before {
    place: i64,
    closed: bool,
}

/// The list of steps.
struct Steps<'a> {
    before: HashMap<String, Before>,
    now: &'a [Step],
    /// How many of them came.
    came: usize,
    is_same: Statement<'a>,
    put: Statement<'a>,
    changes: Changes,
}

impl<'a> Steps<'a> {
    fn begin(transaction: &'a Transaction<'_>, now: &'a [Step]) -> rusqlite::Result<Self> {
        let mut select = transaction.prepare("SELECT id, place, closed IS NOT NULL FROM step")?;
        let rows = select.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, Before { place: row.get(1)?, closed: row.get(2)? }))
        })?;
        let before = rows.collect::<rusqlite::Result<_>>()?;
        let put = transaction.prepare(
            "INSERT INTO step(id, place, content) VALUES(?1, ?2, ?3)
             ON CONFLICT(id) DO UPDATE SET place = excluded.place, content = excluded.content, closed = NULL, closed_at = NULL",
        )?;
        let is_same = transaction.prepare("SELECT content = ?2 FROM step WHERE id = ?1")?;
        Ok(Self { before, now, came: 0, is_same, put, changes: Changes::default() })
    }

    fn put(&mut self, records: &Records) -> rusqlite::Result<()> {
        for text in records.iter().map(as_text) {
            let Some(step) = self.now.get(self.came) else { return Ok(()) };
            let place = self.came as i64;
            self.came += 1;
            match self.before.get(step.id.as_str()) {
                Some(b)
                    if !b.closed
                        && b.place == place
                        && self.is_same.query_row(params![step.id.as_str(), text], |row| row.get(0))? =>
                {
                    continue;
                }
                None => self.changes.added += 1,
                Some(b) if b.closed => self.changes.reopened += 1,
                Some(_) => {}
            }
            self.put.execute(params![step.id.as_str(), place, text])?;
        }
        Ok(())
    }

    /// Closes those that are gone. `None` if not all came.
    fn end(
        self,
        transaction: &Transaction<'_>,
        run: Run<'_>,
        why: &dyn Fn(&Step) -> String,
    ) -> rusqlite::Result<Option<Changes>> {
        let Self { before, now, came, mut changes, .. } = self;
        if came < now.len() {
            return Ok(None);
        }
        let now: HashSet<&str> =
            if before.is_empty() { HashSet::new() } else { now.iter().map(|s| s.id.as_str()).collect() };
        let mut one = transaction.prepare("SELECT content FROM step WHERE id = ?1")?;
        let mut close = transaction.prepare("UPDATE step SET closed = ?2, closed_at = ?3 WHERE id = ?1")?;
        for (id, _) in before.iter().filter(|(id, b)| !b.closed && !now.contains(id.as_str())) {
            let gone: Step = one.query_row([id], |row| content(row.get_ref(0)?.as_bytes()?))?;
            close.execute(params![id, why(&gone), run.at.unix()])?;
            changes.closed += 1;
        }
        Ok(Some(changes))
    }
}
