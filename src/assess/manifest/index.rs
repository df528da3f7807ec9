//! Rows by a name: one number a row, however many rows there are. The names themselves stay in the rows.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;

/// Rows in the order of the file, those of one name chained.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The first and the last row of each name.
    names: HashTable<(u32, u32)>,
    /// The next row of the same name; a row that is the last of its name names itself.
    next: Vec<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Index {
    /// Makes room for so many names, unless there are some.
    pub(super) fn expect(&mut self, names: usize) {
        if self.names.is_empty() {
            self.names.reserve(names, |_| 0);
        }
    }

    /// Adds a row and returns the last one of the same name before it; `name` returns that of any row added.
    /// A row without a name must not be added.
    pub(super) fn add<'r>(&mut self, row: u32, name: impl Fn(u32) -> &'r [u8]) -> Option<u32> {
        while self.next.len() <= row as usize {
            self.next.push(self.next.len() as u32);
        }
        let hash = self.hasher.hash_one(name(row));
        match self.names.find_mut(hash, |(first, _)| name(*first) == name(row)) {
            Some((_, last)) => {
                let before = *last;
                self.next[before as usize] = row;
                *last = row;
                Some(before)
            }
            None => {
                self.names.insert_unique(hash, (row, row), |(first, _)| self.hasher.hash_one(name(*first)));
                None
            }
        }
    }

    /// The rows of a name, in order.
    pub(super) fn rows<'r>(
        &self,
        wanted: &[u8],
        name: impl Fn(u32) -> &'r [u8],
    ) -> impl Iterator<Item = u32> {
        let first = self
            .names
            .find(self.hasher.hash_one(wanted), |(first, _)| name(*first) == wanted)
            .map(|(first, _)| *first);
        std::iter::successors(first, |row| Some(self.next[*row as usize]).filter(|next| next != row))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_name_are_chained_in_order() {
        let names = ["a", "b", "a", "", "a", "b"];
        let name = |row: u32| names[row as usize].as_bytes();
        let mut index = Index::default();
        let before: Vec<_> = (0..6).filter(|r| *r != 3).map(|row| index.add(row, name)).collect();
        assert_eq!(before, [None, None, Some(0), Some(2), Some(1)]);
        let rows = |wanted: &str| index.rows(wanted.as_bytes(), name).collect::<Vec<_>>();
        assert_eq!((rows("a"), rows("b"), rows("c")), (vec![0, 2, 4], vec![1, 5], vec![]));
        assert!(!index.is_empty() && Index::default().is_empty());
        assert_eq!(Index::default().rows(b"a", name).count(), 0);
    }
}
