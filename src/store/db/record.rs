//! What a case records of the files it met, and of the objects in them, so that nothing is lost when a file
//! is.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::json::{content, json};
use crate::finding::Reason;
use crate::id::Fingerprint;
use crate::inventory::RecordedFile;
use crate::inventory::recorded::{RecordedKind, RecordedObject, RecordedUnread, record};
use crate::pki::{Issuer, Unread};
use crate::read::Place;
use crate::store::interface::Recording;
use crate::time::{Span, Time};

impl Recording<'_> {
    /// Brings the record up to date. What did not change is not written again.
    pub(super) fn save(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.files(transaction)?;
        self.certificates(transaction)?;
        self.requests(transaction)?;
        self.keys(transaction)
    }

    fn files(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare(
            "INSERT OR REPLACE INTO file(root, path, member, hash, last_hash, archive_hash, modified, member_time, rows, objects, unread, gone)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        let mut failed = Ok(());
        record(self.inventory, self.path_rows, self.before, &|root| self.roots.is_gone(root), &mut |file| {
            if failed.is_ok() {
                failed = insert(&mut put, file);
            }
        });
        failed
    }

    fn certificates(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut select = transaction.prepare("SELECT sha256, issued_others FROM certificate")?;
        let known: HashMap<[u8; 32], bool> =
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut put = transaction.prepare(
            "INSERT INTO certificate(sha256, issued_others, issuer, facts) VALUES(?1, ?2, ?3, ?4)",
        )?;
        let mut issuers = Issuers::new(transaction)?;
        let mut change =
            transaction.prepare("UPDATE certificate SET issued_others = ?2 WHERE sha256 = ?1")?;
        for entry in &self.inventory.certificates {
            let sha256 = entry.certificate.sha256.as_bytes();
            match known.get(sha256) {
                None => {
                    let issuer = issuers.number(&entry.certificate.issuer)?;
                    put.execute(params![sha256, entry.issued_others, issuer, json(&*entry.certificate)?])?;
                }
                // What was verified once stays verified.
                Some(false) if entry.issued_others => _ = change.execute(params![sha256, true])?,
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn requests(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare("INSERT OR IGNORE INTO request(sha256, facts) VALUES(?1, ?2)")?;
        for entry in &self.inventory.requests {
            put.execute(params![entry.request.sha256.as_bytes(), json(&*entry.request)?])?;
        }
        Ok(())
    }

    /// Keys without a certificate; those of the others are in their certificates.
    fn keys(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare("INSERT OR IGNORE INTO bare_key(spki, facts) VALUES(?1, ?2)")?;
        for key in self.inventory.keys.iter().filter(|k| k.certificates.is_empty()) {
            put.execute(params![key.spki.as_bytes(), json(&*key.facts)?])?;
        }
        Ok(())
    }
}

/// The numbers of issuers.
struct Issuers<'a> {
    add: rusqlite::Statement<'a>,
    find: rusqlite::Statement<'a>,
    /// Those met lately, by where they are in memory: certificates of one CA share theirs.
    known: HashMap<*const Issuer, i64>,
}

impl<'a> Issuers<'a> {
    fn new(transaction: &'a Transaction<'_>) -> rusqlite::Result<Self> {
        let add = transaction.prepare("INSERT OR IGNORE INTO issuer(facts) VALUES(?1)")?;
        let find = transaction.prepare("SELECT number FROM issuer WHERE facts = ?1")?;
        Ok(Self { add, find, known: HashMap::new() })
    }

    fn number(&mut self, issuer: &Arc<Issuer>) -> rusqlite::Result<i64> {
        if let Some(number) = self.known.get(&Arc::as_ptr(issuer)) {
            return Ok(*number);
        }
        let facts = json(&**issuer)?;
        self.add.execute([&facts])?;
        let number = self.find.query_row([&facts], |row| row.get(0))?;
        self.known.insert(Arc::as_ptr(issuer), number);
        Ok(number)
    }
}

fn insert(put: &mut rusqlite::Statement<'_>, file: &RecordedFile) -> rusqlite::Result<()> {
    let RecordedFile { place, hash, last_hash, archive_hash, modified, member_time, objects, unread, gone } =
        file;
    let mut packed = Vec::with_capacity(objects.len() * OBJECT);
    let mut rows: Vec<Span> = Vec::new();
    for object in objects {
        packed.push(
            RecordedKind::VALUES.iter().find(|(kind, _)| *kind == object.kind).map_or(0, |(_, octet)| *octet),
        );
        packed.push(u8::from(object.first) | u8::from(object.doubtful) << 1);
        let row = object.row.map(|row| {
            rows.iter().position(|r| *r == row).unwrap_or_else(|| {
                rows.push(row);
                rows.len() - 1
            })
        });
        // More rows than this for one file are taken for the last of them.
        packed.push(row.map_or(NO_ROW, |at| at.min(usize::from(NO_ROW - 1)) as u8));
        packed.extend_from_slice(&object.hash);
    }
    rows.truncate(usize::from(NO_ROW));
    let unread: Option<String> = if unread.is_empty() {
        None
    } else {
        Some(json(&unread.iter().map(UnreadRecord::of).collect::<Vec<_>>())?)
    };
    let rows = if rows.is_empty() {
        None
    } else {
        Some(json(&rows.iter().map(|r| (r.earliest, r.latest)).collect::<Vec<_>>())?)
    };
    put.execute(params![
        place.root,
        place.raw(),
        place.member().unwrap_or_default(),
        hash.as_ref().map(|h| h.as_bytes()),
        last_hash.as_ref().map(|h| h.as_bytes()),
        archive_hash.as_ref().map(|h| h.as_bytes()),
        modified.map(Time::unix),
        member_time.map(Time::unix),
        rows,
        packed,
        unread,
        gone
    ])?;
    Ok(())
}

/// Octets of a packed object: its kind, its flags, the number of the row that is about it, and its hash.
const OBJECT: usize = 35;

/// The number of no row.
const NO_ROW: u8 = u8::MAX;

#[derive(Serialize, Deserialize)]
struct UnreadRecord {
    index: u32,
    line: u32,
    label: Option<Box<str>>,
    kind: String,
    reason: String,
    detail: String,
    content: Fingerprint,
    row: Option<(Option<Time>, Option<Time>)>,
}

impl UnreadRecord {
    fn of(unread: &RecordedUnread) -> Self {
        let (kind, reason, detail) = match &unread.unread {
            Unread::Locked(reason, _) => ("locked", reason, String::new()),
            Unread::Skipped(reason, detail) => ("skipped", reason, detail.clone()),
            Unread::Unreadable(reason, detail) => ("unreadable", reason, detail.clone()),
        };
        let reason = reason.as_str().to_owned();
        let row = unread.row.map(|row| (row.earliest, row.latest));
        let RecordedUnread { index, line, ref label, content, .. } = *unread;
        Self { index, line, label: label.clone(), kind: kind.to_owned(), reason, detail, content, row }
    }

    fn unread(self) -> RecordedUnread {
        // A reason that this version does not know is still a reason.
        let reason =
            Reason::ALL.iter().copied().find(|r| r.as_str() == self.reason).unwrap_or(Reason::FormatNotRead);
        let unread = match self.kind.as_str() {
            "locked" => Unread::Locked(reason, None),
            "skipped" => Unread::Skipped(reason, self.detail),
            _ => Unread::Unreadable(reason, self.detail),
        };
        let row = self.row.map(|(earliest, latest)| Span { earliest, latest });
        RecordedUnread {
            index: self.index,
            line: self.line,
            label: self.label,
            unread,
            content: self.content,
            row,
        }
    }
}

/// Every recorded file, in the order of root, path and member.
pub(super) fn files(connection: &Connection) -> rusqlite::Result<Vec<RecordedFile>> {
    let mut statement = connection.prepare(
        "SELECT root, path, member, hash, last_hash, archive_hash, modified, member_time, rows, objects, unread, gone FROM file ORDER BY root, path, member",
    )?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let place = Place::new(row.get(0)?, row.get_ref(1)?.as_blob()?);
        let member = row.get_ref(2)?.as_str()?;
        let hash = |at: usize| -> rusqlite::Result<Option<Fingerprint>> {
            Ok(row.get::<_, Option<[u8; 32]>>(at)?.map(Fingerprint::from_bytes))
        };
        let time = |at: usize| -> rusqlite::Result<Option<Time>> {
            Ok(row.get::<_, Option<i64>>(at)?.map(Time::from_unix))
        };
        let rows: Option<Vec<(Option<Time>, Option<Time>)>> =
            row.get_ref(8)?.as_bytes_or_null()?.map(content).transpose()?;
        let rows: Vec<Span> =
            rows.into_iter().flatten().map(|(earliest, latest)| Span { earliest, latest }).collect();
        let unread: Option<Vec<UnreadRecord>> =
            row.get_ref(10)?.as_bytes_or_null()?.map(content).transpose()?;
        out.push(RecordedFile {
            place: if member.is_empty() { place } else { place.with_member(member) },
            hash: hash(3)?,
            last_hash: hash(4)?,
            archive_hash: hash(5)?,
            modified: time(6)?,
            member_time: time(7)?,
            objects: row
                .get_ref(9)?
                .as_blob()?
                .chunks_exact(OBJECT)
                .filter_map(|packed| object(packed, &rows))
                .collect(),
            unread: unread.into_iter().flatten().map(UnreadRecord::unread).collect(),
            gone: row.get(11)?,
        });
    }
    Ok(out)
}

fn object(packed: &[u8], rows: &[Span]) -> Option<RecordedObject> {
    let [octet, flags, row, hash @ ..] = packed else { return None };
    let (kind, _) = RecordedKind::VALUES.iter().find(|(_, known)| known == octet)?;
    let row = rows.get(usize::from(*row)).copied();
    Some(RecordedObject {
        kind: *kind,
        hash: hash.try_into().ok()?,
        first: flags & 1 != 0,
        row,
        doubtful: flags & 2 != 0,
    })
}
