//! Which column of a manifest is what: the usual names, and `--map`.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

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

/// The last of the usual names of a time of upload, which can be about anything.
const OF_ANYTHING: usize = 6;

/// Number of fields.
pub(super) const FIELDS: usize = 9;

impl Field {
    /// Every field, in the order of its number.
    pub const ALL: [Self; FIELDS] = [
        Self::Path,
        Self::Sha256,
        Self::UploadedAt,
        Self::Account,
        Self::AccountCreatedAt,
        Self::Issuer,
        Self::Serial,
        Self::Host,
        Self::ModifiedAt,
    ];

    /// Its name, which is also the first of its usual column names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.usual()[0]
    }

    /// The column names understood, in order of preference.
    #[must_use]
    pub const fn usual(self) -> &'static [&'static str] {
        match self {
            Self::Path => &[
                "path",
                "file",
                "filename",
                "file_name",
                "file_path",
                "filepath",
                "key",
                "object",
                "object_key",
                "s3_key",
                "blob",
                "dateiname",
                "datei",
                "dateipfad",
                "pfad",
                "nom_du_fichier",
                "nom_de_fichier",
                "fichier",
                "chemin",
                "chemin_du_fichier",
                "nombre_de_archivo",
                "nombre_del_archivo",
                "archivo",
                "nombre_de_fichero",
                "fichero",
                "ruta",
                "name",
            ],
            Self::Sha256 => &[
                "sha256",
                "sha_256",
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
                "hochgeladen_am",
                "hochgeladen",
                "hochladedatum",
                "upload_datum",
                "uploaddatum",
                "erstellt_am",
                "erstellt",
                "erstellungsdatum",
                "televerse_le",
                "date_de_televersement",
                "depose_le",
                "date_de_depot",
                "envoye_le",
                "date_d_envoi",
                "mis_en_ligne_le",
                "importe_le",
                "cree_le",
                "date_de_creation",
                "subido_el",
                "subido",
                "fecha_de_subida",
                "cargado_el",
                "fecha_de_carga",
                "creado_el",
                "creado",
                "fecha_de_creacion",
                "timestamp",
                "date",
                "datetime",
                "time",
                "datum",
                "fecha",
            ],
            Self::Account => &[
                "account",
                "account_id",
                "account_name",
                "customer",
                "customer_id",
                "tenant",
                "tenant_id",
                "subdomain",
                "owner",
                "user",
                "user_id",
                "konto",
                "kontonummer",
                "kunde",
                "kundennummer",
                "mandant",
                "benutzer",
                "compte",
                "client",
                "utilisateur",
                "cuenta",
                "cliente",
                "usuario",
            ],
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
                "konto_erstellt_am",
                "kunde_seit",
                "compte_cree_le",
                "client_depuis",
                "cuenta_creada_el",
                "cliente_desde",
            ],
            Self::Issuer => &[
                "issuer",
                "issuer_dn",
                "issuer_name",
                "certificate_issuer",
                "ca",
                "aussteller",
                "emetteur",
                "emisor",
            ],
            Self::Serial => &[
                "serial",
                "serial_number",
                "serialnumber",
                "certificate_serial",
                "seriennummer",
                "numero_de_serie",
            ],
            Self::Host => &[
                "host",
                "hostname",
                "host_name",
                "domain",
                "domain_name",
                "fqdn",
                "dns_name",
                "server_name",
                "common_name",
                "cn",
                "domane",
                "domaene",
                "domaine",
                "nom_de_domaine",
                "dominio",
            ],
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
                "geandert_am",
                "geaendert_am",
                "geandert",
                "geaendert",
                "anderungsdatum",
                "aenderungsdatum",
                "zuletzt_geandert",
                "zuletzt_geaendert",
                "letzte_anderung",
                "letzte_aenderung",
                "modifie_le",
                "modifie",
                "date_de_modification",
                "derniere_modification",
                "mis_a_jour_le",
                "modificado",
                "modificado_el",
                "fecha_de_modificacion",
                "ultima_modificacion",
                "actualizado_el",
            ],
        }
    }

    /// The names of columns of times that mean nothing else: `date` and the like can be about anything.
    const fn times(self) -> &'static [&'static str] {
        match self {
            Self::UploadedAt => self.usual().split_at(self.usual().len() - OF_ANYTHING).0,
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
            let (column, field) =
                value.rsplit_once('=').ok_or_else(|| format!("{value:?} is not of the form column=field"))?;
            let known = || Field::ALL.map(Field::as_str).join(", ");
            let field = Field::named(field.trim())
                .ok_or_else(|| format!("there is no field {:?}; there are {}", field.trim(), known()))?;
            if column.trim().is_empty() {
                return Err(format!("{value:?} names no column"));
            }
            if out.0.iter().any(|(_, f)| *f == field) {
                return Err(format!("{} is given twice", field.as_str()));
            }
            let column = clean(column);
            if let Some((_, other)) = out.0.iter().find(|(c, _)| *c == column) {
                return Err(format!(
                    "the column {column:?} is given as {} and as {}; a column is one thing",
                    other.as_str(),
                    field.as_str()
                ));
            }
            out.0.push((column, field));
        }
        Ok(out)
    }

    /// The column of each field among these heads, as clean names.
    pub(super) fn columns<'h>(
        &self,
        heads: impl Iterator<Item = &'h str> + Clone,
    ) -> [Option<usize>; FIELDS] {
        let at = |name: &str| heads.clone().position(|h| h == name);
        Field::ALL.map(|field| match self.of(field) {
            Some(column) => at(column),
            // What is mapped to one field is no longer another one by its usual name.
            None => field
                .usual()
                .iter()
                .filter(|n| self.0.iter().all(|(column, _)| column != *n))
                .find_map(|n| at(n)),
        })
    }

    /// Further columns that mean the same as the one of a field: of times that are named outright, every one
    /// counts, and none wins silently.
    pub(super) fn more<'h>(&self, field: Field, heads: impl Iterator<Item = &'h str> + Clone) -> Vec<usize> {
        let first = self.columns(heads.clone())[field as usize];
        let (Some(first), None) = (first, self.of(field)) else { return Vec::new() };
        let name = heads.clone().nth(first).unwrap_or_default();
        let same =
            |head: &str| head == name || field.times().contains(&head) && field.times().contains(&name);
        let free = |head: &str| self.0.iter().all(|(column, _)| column != head);
        heads
            .enumerate()
            .filter(|(at, head)| *at != first && same(head) && free(head))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether a column of this clean name can be a field at all.
    pub(super) fn can_use(&self, name: &str) -> bool {
        self.0.iter().any(|(column, _)| column == name)
            || Field::ALL.iter().any(|f| f.usual().contains(&name))
    }

    /// The first mapped column that is not among these heads.
    pub(super) fn missing<'h>(&self, heads: impl Iterator<Item = &'h str> + Clone) -> Option<&str> {
        self.0.iter().map(|(column, _)| &**column).find(|column| heads.clone().all(|h| h != *column))
    }

    fn of(&self, field: Field) -> Option<&str> {
        self.0.iter().find(|(_, f)| *f == field).map(|(column, _)| &**column)
    }
}

/// A column name in the form in which names compare: lower case, without marks on letters, and `_` between
/// words.
pub(super) fn clean(name: &str) -> String {
    let name = name.trim().trim_matches('"').to_lowercase();
    let plain = if name.is_ascii() { name } else { name.nfd().filter(|c| !is_combining_mark(*c)).collect() };
    plain.replace([' ', '.', '-', '\'', '\u{2019}', '\u{a0}'], "_")
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
        for twice in
            [["x=path", "x=sha256"], ["Up At=uploaded_at", "up_at=modified_at"], ["a=host", "A=path"]]
        {
            assert!(Mapping::parse(&twice).is_err_and(|says| says.contains("is given as")), "{twice:?}");
        }
    }

    #[test]
    fn columns_in_other_languages() {
        let field = |head: &str| {
            let heads = [clean(head)];
            let columns = Mapping::default().columns(heads.iter().map(String::as_str));
            Field::ALL.into_iter().find(|f| columns[*f as usize].is_some())
        };
        for (heads, want) in [
            (
                &["Dateiname", "Datei", "Pfad", "Nom du fichier", "Fichier", "Archivo", "Nombre de archivo"]
                    [..],
                Field::Path,
            ),
            (
                &[
                    "Hochgeladen am",
                    "Erstellt am",
                    "Upload-Datum",
                    "T\u{e9}l\u{e9}vers\u{e9} le",
                    "Date de de\u{301}po\u{302}t",
                    "Date d\u{2019}envoi",
                    "Subido el",
                    "Fecha de subida",
                ],
                Field::UploadedAt,
            ),
            (
                &[
                    "Ge\u{e4}ndert am",
                    "Geaendert am",
                    "Modifi\u{e9} le",
                    "Derni\u{e8}re modification",
                    "Modificado",
                    "\u{da}ltima modificaci\u{f3}n",
                ],
                Field::ModifiedAt,
            ),
            (&["Konto", "Compte", "Cuenta"], Field::Account),
            (&["Seriennummer", "Num\u{e9}ro de s\u{e9}rie", "N\u{fa}mero de serie"], Field::Serial),
        ] {
            heads.iter().for_each(|head| assert_eq!(field(head), Some(want), "{head}"));
        }
        for name in &Field::UploadedAt.usual()[Field::UploadedAt.usual().len() - OF_ANYTHING..] {
            assert!(!Field::UploadedAt.times().contains(name));
        }
        assert!(Field::UploadedAt.times().contains(&"fecha_de_creacion"));
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
