//! The recorded facts of certificates, requests and keys.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::json::content;
use crate::id::{Fingerprint, SpkiHash};
use crate::inventory::recorded::Facts;
use crate::pki::{Certificate, Issuer, KeyFacts, Request};

/// The facts that a case recorded, read one by one as they are asked for.
#[derive(Debug)]
pub(super) struct FactsOfCase<'a> {
    connection: &'a Connection,
    certificates: BTreeMap<Fingerprint, Option<(Arc<Certificate>, bool)>>,
    /// What could not be read.
    failed: HashSet<[u8; 32]>,
}

impl<'a> FactsOfCase<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, certificates: BTreeMap::new(), failed: HashSet::new() }
    }
}

impl Facts for FactsOfCase<'_> {
    fn lost(&self) -> usize {
        self.failed.len()
    }

    fn certificate(&mut self, sha256: &Fingerprint) -> Option<(Arc<Certificate>, bool)> {
        if let Some(known) = self.certificates.get(sha256) {
            return known.clone();
        }
        let sql = "SELECT c.facts, i.facts, issued_others FROM certificate c JOIN issuer i ON i.number = c.issuer WHERE sha256 = ?1";
        let read = || -> rusqlite::Result<Option<(Arc<Certificate>, bool)>> {
            let mut statement = self.connection.prepare(sql)?;
            let whole = |row: &rusqlite::Row<'_>| {
                let certificate: Certificate = content(row.get_ref(0)?.as_bytes()?)?;
                let issuer: Issuer = content(row.get_ref(1)?.as_bytes()?)?;
                Ok((
                    Arc::new(Certificate { sha256: *sha256, issuer: Arc::new(issuer), ..certificate }),
                    row.get(2)?,
                ))
            };
            statement.query_row([sha256.as_bytes()], whole).optional()
        };
        let found = read().ok().flatten();
        if found.is_none() {
            self.failed.insert(*sha256.as_bytes());
        }
        // The certificates of a bundle are asked for twice in a row; a million of them are not all kept.
        if self.certificates.len() >= KEPT {
            self.certificates.clear();
        }
        self.certificates.insert(*sha256, found.clone());
        found
    }

    fn request(&mut self, sha256: &Fingerprint) -> Option<Arc<Request>> {
        let read = || -> rusqlite::Result<Option<Arc<Request>>> {
            let mut statement = self.connection.prepare("SELECT facts FROM request WHERE sha256 = ?1")?;
            let whole = |row: &rusqlite::Row<'_>| {
                let request: Request = content(row.get_ref(0)?.as_bytes()?)?;
                Ok(Arc::new(Request { sha256: *sha256, ..request }))
            };
            statement.query_row([sha256.as_bytes()], whole).optional()
        };
        let found = read().ok().flatten();
        if found.is_none() {
            self.failed.insert(*sha256.as_bytes());
        }
        found
    }

    fn key(&mut self, spki: &SpkiHash) -> Option<Arc<KeyFacts>> {
        let read = || -> rusqlite::Result<Option<Arc<KeyFacts>>> {
            let mut statement = self.connection.prepare("SELECT facts FROM bare_key WHERE spki = ?1")?;
            statement.query_row([spki.as_bytes()], |row| content(row.get_ref(0)?.as_bytes()?)).optional()
        };
        let found = read().ok().flatten();
        if found.is_none() {
            self.failed.insert(*spki.as_bytes());
        }
        found
    }
}

/// Certificates whose facts are kept while they are put back.
const KEPT: usize = 1024;
