//! Which column of a manifest is what: the usual names, and `--map`.

/// What a column can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Path of the file.
    Path,
    /// SHA-256 of the file, or of a certificate in it.
    Sha256,
    /// When it was uploaded.
    UploadedAt,
    /// Whose it is.
    Account,
    /// When that account was created.
    AccountCreatedAt,
    /// Issuer of a certificate in it.
    Issuer,
    /// Serial number of that certificate.
    Serial,
    /// A `dNSName` of its certificate.
    Host,
    /// When it was last changed: an upper bound of its upload, since a change renews it.
    ModifiedAt,
}

/// Number of fields.
pub(super) const FIELDS: usize = 9;

impl Field {
    /// Every field, in the order of its number.
    pub const ALL: [Self; FIELDS] =
        [Self::Path, Self::Sha256, Self::UploadedAt, Self::Account, Self::AccountCreatedAt, Self::Issuer, Self::Serial, Self::Host, Self::ModifiedAt];

    /// Its name, which is also the first of its usual column names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.usual()[0]
    }

    /// The column names understood, in order of preference.
    #[must_use]
    pub const fn usual(self) -> &'static [&'static str] {
        match self {
            Self::Path => {
                &["path", "file", "filename", "file_name", "file_path", "filepath", "key", "object", "object_key", "s3_key", "blob", "name"]
            }
            Self::Sha256 => &[
                "sha256",
                "sha-256",
                "file_sha256",
                "hash",
                "digest",
                "checksum",
                "fingerprint",
                "fingerprint_sha256",
                "certificate_sha256",
                "thumbprint",
            ],
            Self::UploadedAt => &[
                "uploaded_at",
                "uploaded",
                "upload_time",
                "upload_date",
                "uploadedat",
                "uploaded_on",
                "created_at",
                "createdat",
                "created",
                "creation_date",
                "timestamp",
                "date",
                "datetime",
                "time",
            ],
            Self::Account => {
                &["account", "account_id", "account_name", "customer", "customer_id", "tenant", "tenant_id", "subdomain", "owner", "user", "user_id"]
            }
            Self::AccountCreatedAt => &[
                "account_created_at",
                "account_created",
                "account_created_on",
                "account_creation_date",
                "account_creation_time",
                "customer_created_at",
                "customer_since",
                "tenant_created_at",
                "signup_date",
                "signed_up_at",
                "registered_at",
            ],
            Self::Issuer => &["issuer", "issuer_dn", "issuer_name", "certificate_issuer", "ca"],
            Self::Serial => &["serial", "serial_number", "serialnumber", "certificate_serial", "serial_decimal"],
            Self::Host => &["host", "hostname", "host_name", "domain", "domain_name", "fqdn", "dns_name", "server_name", "common_name", "cn"],
            Self::ModifiedAt => &[
                "modified_at",
                "modified",
                "last_modified",
                "lastmodified",
                "last_modified_at",
                "modification_time",
                "modification_date",
                "mtime",
                "updated_at",
                "updated",
                "last_updated",
                "lastupdated",
            ],
        }
    }

    /// The names of columns of times that mean nothing else: `date` and the like can be about anything.
    const fn times(self) -> &'static [&'static str] {
        match self {
            Self::UploadedAt => self.usual().split_at(10).0,
            Self::AccountCreatedAt | Self::ModifiedAt => self.usual(),
            _ => &[],
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == name)
    }
}

/// What `--map column=field` said; empty, the usual names count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Field)>);

impl Mapping {
    /// Reads values of `--map`, each `column=field`.
    ///
    /// # Errors
    /// The text of what is wrong with one of them.
    pub fn parse(values: &[impl AsRef<str>]) -> Result<Self, String> {
        let mut out = Self::default();
        for value in values.iter().map(AsRef::as_ref) {
            let (column, field) = value.rsplit_once('=').ok_or_else(|| format!("{value:?} is not of the form column=field"))?;
            let known = || Field::ALL.map(Field::as_str).join(", ");
            let field = Field::named(field.trim()).ok_or_else(|| format!("there is no field {:?}; there are {}", field.trim(), known()))?;
            if column.trim().is_empty() {
                return Err(format!("{value:?} names no column"));
            }
            if out.0.iter().any(|(_, f)| *f == field) {
                return Err(format!("{} is given twice", field.as_str()));
            }
            out.0.push((clean(column), field));
        }
        Ok(out)
    }

    /// The column of each field among these heads, as clean names.
    pub(super) fn columns<'h>(&self, heads: impl Iterator<Item = &'h str> + Clone) -> [Option<usize>; FIELDS] {
        let at = |name: &str| heads.clone().position(|h| h == name);
        Field::ALL.map(|field| match self.of(field) {
            Some(column) => at(column),
            // What is mapped to one field is no longer another one by its usual name.
            None => field.usual().iter().filter(|n| self.0.iter().all(|(column, _)| column != *n)).find_map(|n| at(n)),
        })
    }

    /// Further columns that mean the same as the one of a field: of times that are named outright, every one counts, and none wins silently.
    pub(super) fn more<'h>(&self, field: Field, heads: impl Iterator<Item = &'h str> + Clone) -> Vec<usize> {
        let first = self.columns(heads.clone())[field as usize];
        let (Some(first), None) = (first, self.of(field)) else { return Vec::new() };
        let name = heads.clone().nth(first).unwrap_or_default();
        let same = |head: &str| head == name || field.times().contains(&head) && field.times().contains(&name);
        let free = |head: &str| self.0.iter().all(|(column, _)| column != head);
        heads.enumerate().filter(|(at, head)| *at != first && same(head) && free(head)).map(|(at, _)| at).collect()
    }

    /// Whether a column of this clean name can be a field at all.
    pub(super) fn can_use(&self, name: &str) -> bool {
        self.0.iter().any(|(column, _)| column == name) || Field::ALL.iter().any(|f| f.usual().contains(&name))
    }

    /// The first mapped column that is not among these heads.
    pub(super) fn missing<'h>(&self, heads: impl Iterator<Item = &'h str> + Clone) -> Option<&str> {
        self.0.iter().map(|(column, _)| &**column).find(|column| heads.clone().all(|h| h != *column))
    }

    fn of(&self, field: Field) -> Option<&str> {
        self.0.iter().find(|(_, f)| *f == field).map(|(column, _)| &**column)
    }
}

/// A column name in the form in which names compare.
pub(super) fn clean(name: &str) -> String {
    name.trim().trim_matches('"').to_lowercase().replace([' ', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_columns_are_taken_from_their_usual_meaning() {
        let mapping = Mapping::parse(&["Created At=account_created_at", "a=b=path"]).unwrap();
        let heads = ["a=b", "created_at", "date"];
        let columns = mapping.columns(heads.into_iter());
        assert_eq!((columns[0], columns[2], columns[4]), (Some(0), Some(2), Some(1)));
        assert_eq!(mapping.missing(["x", "created_at"].into_iter()), Some("a=b"));
        for wrong in ["path", "x=nothing", "=path"] {
            assert!(Mapping::parse(&[wrong]).is_err(), "{wrong}");
        }
        assert!(Mapping::parse(&["x=path", "y=path"]).is_err());
    }

    #[test]
    fn no_name_is_usual_for_two_fields() {
        let mut names: Vec<_> = Field::ALL.iter().flat_map(|f| f.usual()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
