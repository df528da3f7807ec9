//! Objects by their hashes, while they are collected: nine octets for each, where a map with the hash in it
//! takes four times as much.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;

/// The number of each object. The hashes themselves stay in the objects.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The number, and what the table needs to grow without a look at all objects, which lie all over the
    /// memory.
    slots: HashTable<(u32, u32)>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Numbers {
    /// The number of the object with this hash.
    pub(super) fn find<'o>(&self, hash: &[u8; 32], hash_of: impl Fn(u32) -> &'o [u8; 32]) -> Option<u32> {
        let kept = (self.hasher.hash_one(hash) >> 32) as u32;
        self.slots.find(spread(kept), |(other, at)| *other == kept && hash_of(*at) == hash).map(|(_, at)| *at)
    }

    /// The number of the object with this hash. If there is none yet, the object gets the number `new`.
    /// `hash_of` tells the hash of an object.
    pub(super) fn find_or_add<'o>(
        &mut self,
        hash: &[u8; 32],
        new: u32,
        hash_of: impl Fn(u32) -> &'o [u8; 32],
    ) -> Option<u32> {
        if let Some(at) = self.find(hash, hash_of) {
            return Some(at);
        }
        let kept = (self.hasher.hash_one(hash) >> 32) as u32;
        self.slots.insert_unique(spread(kept), (kept, new), |(kept, _)| spread(*kept));
        None
    }
}

/// Both ends of it decide where an object lies.
const fn spread(kept: u32) -> u64 {
    (kept as u64) << 32 | kept as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hash_has_one_number() {
        let hashes: Vec<[u8; 32]> =
            (0..5000u32).map(|n| *crate::id::Fingerprint::of(&n.to_be_bytes()).as_bytes()).collect();
        let mut numbers = Numbers::default();
        for round in [None, Some(())] {
            for (at, hash) in (0..).zip(&hashes) {
                assert_eq!(numbers.find_or_add(hash, at, |i| &hashes[i as usize]), round.map(|()| at));
            }
        }
    }
}
