//! What a plan changes in the database of its case: only what is not as it was.

use std::collections::{HashMap, HashSet};

use rusqlite::{Transaction, params};

use super::{Changes, Run, Story, content, json};
use crate::id::{Fingerprint, SpkiHash};
use crate::plan::Step;

/// Half of a SHA-256: what is written is told from what is there.
type Digest = [u8; 16];

fn digest(text: &[u8]) -> Digest {
    let mut out = [0; 16];
    out.copy_from_slice(&Fingerprint::of(text).as_bytes()[..16]);
    out
}

/// Brings the tables of keys up to date. Whether the stories came whole.
pub(super) fn keys(transaction: &Transaction<'_>, stories: impl Iterator<Item = Option<Story>>) -> rusqlite::Result<bool> {
    let mut select = transaction.prepare("SELECT spki, digest FROM key ORDER BY spki")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Option<Digest>>(1)?)))?;
    let before: Vec<([u8; 32], Option<Digest>)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut before = before.into_iter().peekable();
    let mut remove = transaction.prepare("DELETE FROM key WHERE spki = ?1")?;
    let mut add = transaction.prepare("INSERT INTO key(spki, exposure, digest, story) VALUES(?1, ?2, ?3, ?4)")?;
    let mut change = transaction.prepare("UPDATE key SET exposure = ?2, digest = ?3, story = ?4 WHERE spki = ?1")?;
    let (mut forms, mut whole) = (Vec::new(), false);
    for story in stories {
        let Some(story) = story else {
            whole = true;
            break;
        };
        while let Some((gone, _)) = before.next_if(|(spki, _)| spki < story.spki.as_bytes()) {
            remove.execute([gone])?;
        }
        let now = digest(&story.record);
        let known = before.next_if(|(spki, _)| spki == story.spki.as_bytes());
        // Our own JSON is UTF-8.
        let text = str::from_utf8(&story.record).unwrap_or_default();
        let values = params![story.spki.as_bytes(), story.exposure, now, text];
        match known {
            None => drop(add.execute(values)?),
            Some((_, digest)) if digest != Some(now) => drop(change.execute(values)?),
            Some(_) => {}
        }
        forms.extend(story.forms.iter().map(|raw| (*raw, story.spki)));
    }
    for (gone, _) in before {
        remove.execute([gone])?;
    }
    transaction.execute_batch("DELETE FROM key_form")?;
    let mut form = transaction.prepare("INSERT OR IGNORE INTO key_form(raw, spki) VALUES(?1, ?2)")?;
    for (raw, spki) in forms {
        form.execute(params![raw.as_bytes(), spki.as_bytes()])?;
    }
    Ok(whole)
}

/// Brings the table of certificates up to date. They come in the order of their hashes: so the index is appended to, never split.
pub(super) fn certificates(transaction: &Transaction<'_>, now: impl Iterator<Item = (Fingerprint, SpkiHash)> + Clone) -> rusqlite::Result<()> {
    let mut select = transaction.prepare("SELECT sha256, spki FROM certificate ORDER BY sha256")?;
    let mut rows = select.query([])?;
    let mut same = now.clone();
    loop {
        match (rows.next()?, same.next()) {
            (None, None) => return Ok(()),
            (Some(row), Some((sha256, spki)))
                if row.get::<_, [u8; 32]>(0)? == *sha256.as_bytes() && row.get::<_, [u8; 32]>(1)? == *spki.as_bytes() => {}
            _ => break,
        }
    }
    drop(rows);
    transaction.execute_batch("DELETE FROM certificate")?;
    let mut add = transaction.prepare("INSERT INTO certificate(sha256, spki) VALUES(?1, ?2)")?;
    for (sha256, spki) in now {
        add.execute(params![sha256.as_bytes(), spki.as_bytes()])?;
    }
    Ok(())
}

/// A step as it was.
struct Before {
    place: i64,
    closed: bool,
    digest: Digest,
}

/// Brings the list of steps up to date.
pub(super) fn steps(transaction: &Transaction<'_>, run: Run<'_>, steps: &[Step], why: impl Fn(&Step) -> String) -> rusqlite::Result<Changes> {
    let mut select = transaction.prepare("SELECT id, place, closed IS NOT NULL, content FROM step")?;
    let rows = select.query_map([], |row| {
        let before = Before { place: row.get(1)?, closed: row.get(2)?, digest: digest(row.get_ref(3)?.as_bytes()?) };
        Ok((row.get::<_, String>(0)?, before))
    })?;
    let before: HashMap<String, Before> = rows.collect::<rusqlite::Result<_>>()?;
    let mut changes = Changes::default();
    let mut put = transaction.prepare(
        "INSERT INTO step(id, place, content) VALUES(?1, ?2, ?3)
         ON CONFLICT(id) DO UPDATE SET place = excluded.place, content = excluded.content, closed = NULL, closed_at = NULL",
    )?;
    for (place, step) in steps.iter().enumerate() {
        let text = json(step)?;
        match before.get(step.id.as_str()) {
            Some(b) if !b.closed && b.place == place as i64 && b.digest == digest(text.as_bytes()) => continue,
            None => changes.added += 1,
            Some(b) if b.closed => changes.reopened += 1,
            Some(_) => {}
        }
        put.execute(params![step.id.as_str(), place as i64, text])?;
    }
    let now: HashSet<&str> = steps.iter().map(|s| s.id.as_str()).collect();
    let mut one = transaction.prepare("SELECT content FROM step WHERE id = ?1")?;
    let mut close = transaction.prepare("UPDATE step SET closed = ?2, closed_at = ?3 WHERE id = ?1")?;
    for (id, _) in before.iter().filter(|(id, b)| !b.closed && !now.contains(id.as_str())) {
        let gone: Step = one.query_row([id], |row| content(row.get_ref(0)?.as_bytes()?))?;
        close.execute(params![id, why(&gone), run.at.unix()])?;
        changes.closed += 1;
    }
    Ok(changes)
}
