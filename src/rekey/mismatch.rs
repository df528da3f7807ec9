//! A key that was made before, for another place than the one it is to go to.

use super::record::Made;
use super::spec::NewKind;
use super::target::{Target, list};
use crate::finding::{Code, Finding};

impl Target {
    /// What is wrong with a key that was made before, for another place or for none.
    #[must_use]
    pub fn mismatch(&self, made: &Made) -> Option<Finding> {
        let record = &made.record;
        let kind = NewKind::named(&record.key_algorithm, record.key_bits);
        if kind.is_some_and(|kind| self.kinds.contains(&kind)) && self.formats.contains(&record.key_format) {
            return None;
        }
        let is = kind.map_or_else(|| record.key_algorithm.clone(), |kind| kind.spec().to_string());
        let says = format!(
            "{self} takes {} as {}, and the key made before is {is} as {}; to have another made, move {} out of the case and run this again",
            list(self.kinds.iter().map(|k| k.spec())),
            list(self.formats.iter()),
            record.key_format,
            made.directory
        );
        Some(Finding { code: Code::TargetMismatch, place: made.directory.clone(), says })
    }
}
