//! The rows of a manifest by what they name.

use super::issuer;
use super::model::{Manifest, Row};
use super::names::{first_part, host, lower};
use crate::id::Fingerprint;
use crate::pki::Certificate;
use crate::time::Time;

impl Manifest {
    /// Rows for a normalised path.
    pub fn rows_for_path(&self, path: &str) -> impl Iterator<Item = u32> {
        self.by_path.rows(path.as_bytes(), |row| self.path_of(row))
    }

    /// Rows of which the path is this one after normalisation.
    pub(in crate::assess) fn rows_normalised(&self, path: &str) -> impl Iterator<Item = u32> {
        let others =
            self.normalised.index.rows(path.as_bytes(), |at| self.normalised.names[at as usize].1.as_bytes());
        self.rows_for_path(path).chain(others.map(|at| self.normalised.names[at as usize].0))
    }

    /// Whether the path of any row is another one after normalisation.
    pub(in crate::assess) const fn has_normalised(&self) -> bool {
        !self.normalised.names.is_empty()
    }

    /// The first parts of all paths in it.
    pub(in crate::assess) fn first_parts(&self) -> hashbrown::HashSet<&str> {
        let mut out = hashbrown::HashSet::new();
        let mut last = None;
        let normalised = self.normalised.names.iter().map(|(_, path)| &**path);
        for part in self.rows.iter().filter_map(|row| row.path.as_deref()).chain(normalised).map(first_part) {
            if last.replace(part) != Some(part) {
                out.insert(part);
            }
        }
        out
    }

    /// Rows for a hash.
    pub fn rows_for_hash(&self, hash: &Fingerprint) -> impl Iterator<Item = u32> {
        self.by_hash.rows(hash.as_bytes(), |row| self.hash_of(row))
    }

    fn path_of(&self, row: u32) -> &[u8] {
        self.rows[row as usize].path.as_deref().unwrap_or_default().as_bytes()
    }

    fn hash_of(&self, row: u32) -> &[u8] {
        self.rows[row as usize].sha256.as_ref().map_or(&[], |hash| hash.as_bytes())
    }

    /// Rows that name a certificate by issuer and serial number, and nothing stronger.
    pub(in crate::assess) fn rows_for_issuer(&self, certificate: &Certificate) -> Vec<u32> {
        if self.by_issuer.is_empty() {
            return Vec::new();
        }
        issuer::of_certificate(certificate)
            .filter_map(|name| self.by_issuer.get(&name))
            .flatten()
            .copied()
            .collect()
    }

    /// Rows that name a certificate by one of its `dNSName`s, and nothing stronger.
    pub(in crate::assess) fn rows_for_host(&self, certificate: &Certificate) -> Vec<u32> {
        if self.by_host.is_empty() {
            return Vec::new();
        }
        certificate
            .names
            .dns
            .iter()
            .filter_map(|name| self.by_host.get(&host(name)))
            .flatten()
            .copied()
            .collect()
    }

    /// Whether the host of a row was converted to an A-label.
    pub(in crate::assess) fn is_host_converted(&self, row: u32) -> bool {
        self.converted_hosts.contains(&row)
    }

    /// Whether a host name of a certificate has to be converted to be compared.
    pub(in crate::assess) fn converts_hosts(certificate: &Certificate) -> bool {
        certificate.names.dns.iter().any(|name| lower(name) != host(name))
    }

    /// Hosts of a certificate that rows name, and nothing stronger.
    pub(in crate::assess) fn hosts_of<'a>(
        &'a self,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = String> + 'a {
        let any = !self.by_host.is_empty();
        certificate
            .names
            .dns
            .iter()
            .filter(move |_| any)
            .map(host)
            .filter(|name| self.by_host.contains_key(name))
    }

    /// Rows that name a host, as [`Self::hosts_of`] writes it.
    pub(in crate::assess) fn rows_of_host(&self, host: &str) -> &[u32] {
        self.by_host.get(host).map_or(&[], Vec::as_slice)
    }

    /// Whether any row names a hash, so that files must be hashed.
    #[must_use]
    pub fn needs_hashes(&self) -> bool {
        !self.by_hash.is_empty()
    }

    /// Whether any row is found by the certificates in a file.
    pub(in crate::assess) fn needs_certificates(&self) -> bool {
        !(self.by_hash.is_empty() && self.by_issuer.is_empty() && self.by_host.is_empty())
    }

    /// The first moment at which the account of a row can have been created.
    pub(in crate::assess) fn account_created(&self, row: &Row) -> Option<Time> {
        self.accounts.get(row.account.as_ref()?)?.as_ref()?.created.earliest
    }
}
