//! What a case recorded of earlier runs, for the next one.

use std::collections::BTreeMap;

use super::history;
use crate::assess::{Exposure, Held};
use crate::engine::Past;
use crate::id::SpkiHash;
use crate::inventory::RecordedFile;
use crate::inventory::recorded::Facts;
use crate::plan::ct::Elsewhere;
use crate::store::{Error, Store};
use crate::time::Time;

/// What the database of a case has of earlier runs.
#[derive(Debug)]
pub(super) struct RecordedPast<'a> {
    store: &'a dyn Store,
    files: Vec<RecordedFile>,
    forms: Vec<(SpkiHash, SpkiHash)>,
    exposures: Vec<(SpkiHash, Exposure)>,
    same_criteria: bool,
    made: BTreeMap<SpkiHash, Time>,
    elsewhere: Elsewhere,
}

impl<'a> RecordedPast<'a> {
    /// Reads it. `same_criteria`: nothing was replaced on purpose since the last run.
    pub(super) fn read(store: &'a dyn Store, same_criteria: bool) -> Result<Self, Error> {
        Ok(Self {
            store,
            files: store.files()?,
            forms: store.forms()?,
            exposures: store.exposure_of_keys()?,
            same_criteria,
            made: store.made()?,
            elsewhere: store.elsewhere()?,
        })
    }

    /// Files and exposures, which are compared with those of this run.
    pub(super) fn into_parts(self) -> (Vec<RecordedFile>, Vec<(SpkiHash, Exposure)>) {
        (self.files, self.exposures)
    }
}

impl Past for RecordedPast<'_> {
    type Error = Error;

    fn files(&self) -> &[RecordedFile] {
        &self.files
    }

    fn facts(&self) -> Box<dyn Facts + '_> {
        self.store.facts()
    }

    fn forms(&self) -> &[(SpkiHash, SpkiHash)] {
        &self.forms
    }

    fn exposures(&self) -> &[(SpkiHash, Exposure)] {
        &self.exposures
    }

    fn same_criteria(&self) -> bool {
        self.same_criteria
    }

    fn held(&self, keys: &[SpkiHash]) -> Result<BTreeMap<SpkiHash, Held>, Error> {
        history::held(self.store, &self.exposures, keys)
    }

    fn made(&self) -> &BTreeMap<SpkiHash, Time> {
        &self.made
    }

    fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }
}
