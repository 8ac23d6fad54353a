//! A set of prefix ids as a bitmap: one bit a prefix, a count, and a walk in order.
//!
//! "Told", "marked" and "behind" are all such sets. They grow to the highest id ever put in and are dropped
//! whole.

use alloc::vec::Vec;

use super::table::PrefixId;

/// A growing bitmap with a count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IdSet {
    words: Vec<u64>,
    len: usize,
}

impl IdSet {
    /// Puts `id` in; false if it was there.
    pub(super) fn insert(&mut self, id: PrefixId) -> bool {
        let (word, bit) = place(id);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += usize::from(is_new);
        is_new
    }

    /// Takes `id` out; false if it was not there.
    pub(super) fn remove(&mut self, id: PrefixId) -> bool {
        let (word, bit) = place(id);
        let Some(word) = self.words.get_mut(word) else { return false };
        let was_there = *word & bit != 0;
        *word &= !bit;
        self.len -= usize::from(was_there);
        was_there
    }

    /// Puts every id below `end` in.
    pub(super) fn fill(&mut self, end: usize) {
        let words = end.div_ceil(WORD);
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
        for word in self.words.iter_mut().take(end / WORD) {
            *word = u64::MAX;
        }
        if let (rest @ 1.., Some(word)) = (end % WORD, self.words.get_mut(end / WORD)) {
            *word |= (1 << rest) - 1;
        }
        self.len = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// Puts in all that `other` has.
    pub(super) fn union(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
        self.len = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// Takes everything out and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// True if `id` is in.
    pub(super) fn contains(&self, id: PrefixId) -> bool {
        let (word, bit) = place(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The first id at or after `from`.
    pub(super) fn next(&self, from: PrefixId) -> Option<PrefixId> {
        let (first, bit) = place(from);
        let mut mask = !(bit - 1);
        for (at, word) in self.words.iter().enumerate().skip(first) {
            let rest = word & mask;
            if rest != 0 {
                return u32::try_from(at * WORD + rest.trailing_zeros() as usize).ok().map(PrefixId);
            }
            mask = u64::MAX;
        }
        None
    }

    /// How many are in.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// True if none is in.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

const WORD: usize = 64;

const fn place(id: PrefixId) -> (usize, u64) {
    (id.0 as usize / WORD, 1 << (id.0 as usize % WORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_set_walks_in_order_and_counts() {
        let mut set = IdSet::default();
        set.fill(130);
        assert_eq!(set.len(), 130);
        assert!(set.remove(PrefixId(64)));
        assert!(!set.remove(PrefixId(64)));
        assert_eq!(set.next(PrefixId(64)), Some(PrefixId(65)));
        assert_eq!(set.next(PrefixId(130)), None);
        assert!(set.insert(PrefixId(1000)));
        assert_eq!(set.next(PrefixId(130)), Some(PrefixId(1000)));
        assert_eq!(set.len(), 130);
    }
}
