//! From keys to dense numbers: a hash index in parts, of which one grows at a time.
//!
//! A hash table that grows moves all it holds at once. For a million entries that would stop the router for a tenth
//! of a second; in parts it is a millisecond, and the rest of the index goes on as it is.

use alloc::vec::Vec;

use hashbrown::HashTable;

/// An index of numbers, found by the hash of what they stand for.
#[derive(Debug)]
pub(super) struct Shards(Vec<HashTable<u32>>);

impl Shards {
    /// An empty index.
    pub(super) fn new() -> Self {
        Self((0..SHARDS).map(|_| HashTable::new()).collect())
    }

    /// The part that `hash` belongs to.
    pub(super) fn part(&self, hash: u64) -> Option<&HashTable<u32>> {
        self.0.get(part_of(hash))
    }

    /// The same, to change.
    pub(super) fn part_mut(&mut self, hash: u64) -> Option<&mut HashTable<u32>> {
        self.0.get_mut(part_of(hash))
    }

    /// Gives memory back that is not in use; `hash` is that of what a number stands for.
    pub(super) fn shrink(&mut self, hash: impl Fn(u32) -> u64) {
        for part in &mut self.0 {
            part.shrink_to_fit(|&number| hash(number));
        }
    }

    /// How many numbers are in.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(HashTable::len).sum()
    }

    /// Octets of memory in use.
    pub(super) fn octets(&self) -> usize {
        self.0.iter().map(HashTable::allocation_size).sum()
    }
}

const SHARDS: usize = 64;

/// Bits that the hash table inside the part does not look at first.
const fn part_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}
