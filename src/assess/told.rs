//! Findings, told one by one up to a bound and counted beyond it: a manifest of a million rows may fit
//! nowhere.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding};
use crate::limits;

/// Findings of one run.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Those that are told, in order.
    pub list: Vec<Finding>,
    /// How many there are of each code, told or not.
    pub counts: BTreeMap<Code, u64>,
}

impl Told {
    /// Counts one, and tells it unless there are too many of its code; `says` gives place and words.
    pub(crate) fn tell(&mut self, code: Code, says: impl FnOnce() -> (String, String)) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= limits::FINDINGS_TOLD {
            let (place, says) = says();
            self.list.push(Finding { code, place, says });
        }
    }

    /// Adds all of another, in its order.
    pub(super) fn extend(&mut self, other: &Self) {
        let before = self.counts.clone();
        for (code, count) in &other.counts {
            *self.counts.entry(*code).or_default() += count;
        }
        let mut room: BTreeMap<Code, u64> = BTreeMap::new();
        for finding in &other.list {
            let left = room.entry(finding.code).or_insert_with(|| {
                limits::FINDINGS_TOLD.saturating_sub(before.get(&finding.code).copied().unwrap_or(0))
            });
            if *left > 0 {
                *left -= 1;
                self.list.push(finding.clone());
            }
        }
    }

    /// Says of each code how many were not told.
    pub(crate) fn finish(mut self, place: &str) -> Self {
        for (code, count) in &self.counts {
            if *count > limits::FINDINGS_TOLD {
                let says = format!(
                    "and {} more, {count} in all: {}",
                    count - limits::FINDINGS_TOLD,
                    code.describe()
                );
                self.list.push(Finding { code: *code, place: place.to_owned(), says });
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_many_is_counted_and_said() {
        let mut rows = Told::default();
        (0..limits::FINDINGS_TOLD + 5)
            .for_each(|i| rows.tell(Code::ManifestRowBad, || (format!("m:{i}"), "bad".to_owned())));
        rows.tell(Code::FileWithoutRecord, || ("a".to_owned(), "none".to_owned()));
        let mut all = Told::default();
        all.tell(Code::ManifestRowBad, || ("first".to_owned(), String::new()));
        all.extend(&rows);
        let all = all.finish("m");
        assert_eq!(all.counts[&Code::ManifestRowBad], limits::FINDINGS_TOLD + 6);
        let told = all.list.iter().filter(|f| f.code == Code::ManifestRowBad).count() as u64;
        assert_eq!(told, limits::FINDINGS_TOLD + 1, "those told, and one for the others");
        assert!(
            all.list.last().is_some_and(|f| f.place == "m" && f.says.starts_with("and 6 more, 1006 in all")),
            "{:?}",
            all.list.last()
        );
    }
}
