//! The files of a case about CAs: who runs them, and which roots are public.

use std::path::PathBuf;

use super::error::Error;
use super::inputs::{input, text};
use crate::plan::ca::Cas;
use crate::read;
use crate::store::Store;
use crate::store::question::{OptionName, Scope};

/// Files about CAs.
#[derive(Debug, Clone, Default)]
pub struct AuthorityFiles {
    /// The user's own CAs, TOML.
    pub cas: Vec<PathBuf>,
    /// Roots of public CAs beside those of Mozilla.
    pub roots: Vec<PathBuf>,
}

impl AuthorityFiles {
    /// Those given now, else those that the case stores.
    ///
    /// # Errors
    /// [`Error`]: one that is stored is not there any more.
    pub fn given_or_stored(self, store: &dyn Store) -> Result<Self, Error> {
        let stored = store.question(Scope::Plan)?.unwrap_or_default();
        // Each is looked at as `plan` looks at it: one that is gone is an error with both ways out.
        let or_stored = |given: Vec<PathBuf>, option| {
            if given.is_empty() { Ok::<_, Error>(stored.check(option)?.paths(option)) } else { Ok(given) }
        };
        Ok(Self {
            cas: or_stored(self.cas, OptionName::Cas)?,
            roots: or_stored(self.roots, OptionName::Roots)?,
        })
    }

    /// What is known of CAs, with what these files add.
    ///
    /// # Errors
    /// [`Error`]: a file cannot be read, or is not what it has to be.
    pub fn cas(&self) -> Result<Cas, Error> {
        let mut cas = Cas::builtin()?;
        for path in &self.cas {
            let name = path.to_string_lossy();
            cas = cas.with(Cas::parse(&name, &text("file about CAs", path)?)?)?;
        }
        self.roots()?.iter().for_each(|der| {
            cas.add_root(der);
        });
        Ok(cas)
    }

    /// The roots that the user says are public, DER.
    ///
    /// # Errors
    /// [`Error`]: a file cannot be read, or has no certificate in it.
    pub fn roots(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut out = Vec::new();
        for path in &self.roots {
            let found = read::certificates_in(&input("file of roots", path)?);
            if found.is_empty() {
                return Err(Error::Value {
                    flag: "--roots",
                    message: format!("{path:?} holds no certificate"),
                });
            }
            out.extend(found);
        }
        Ok(out)
    }
}
