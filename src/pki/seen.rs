//! Names that were met before, without comparing each with each: certificates can be made with millions of
//! extensions.

use std::collections::HashSet;

/// So many names are compared one by one, which is quicker for real certificates than hashing.
const FEW: usize = 32;

/// Names that were met.
#[derive(Debug, Default)]
pub(crate) struct Seen<'a> {
    few: Vec<&'a [u8]>,
    many: HashSet<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Adds a name. `false` if it was there.
    pub(crate) fn insert(&mut self, name: &'a [u8]) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.few.len() + self.many.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_new_once() {
        let names: Vec<_> = (0..1000u16).map(u16::to_be_bytes).collect();
        let mut seen = Seen::default();
        assert!(names.iter().all(|name| seen.insert(name)));
        assert!(!names.iter().any(|name| seen.insert(name)));
        assert_eq!(seen.len(), 1000);
    }
}
