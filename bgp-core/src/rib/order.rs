//! A table in the order of its prefixes, for who reads it from the beginning to the end.
//!
//! Nothing keeps prefixes in order; whoever wants them so pays for it. A walk over all keys picks the next few
//! thousand out and puts those in order, and pages are cut from them; so of many pages one costs a walk, a page
//! itself no more than what is on it. Each of a few readers at the same time has a stretch of its own, known by where
//! it goes on; with more of them the one that has not read for the longest time pays for another walk. What comes
//! in behind a reader, or into its stretch, it does not see.

use alloc::vec::Vec;

use super::table::{PrefixId, Table};
use crate::types::Prefix;

/// Where the readers are.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Who read last is last.
    readers: Vec<Place>,
}

/// Where a reader is, and what it will read next.
#[derive(Debug, Default)]
struct Place {
    after: Option<Prefix>,
    /// The last one first.
    stretch: Vec<Prefix>,
}

impl Order {
    /// The first `count` prefixes with paths after `after`; from the beginning, as the table is now, if that is
    /// `None`.
    pub(super) fn page(&mut self, table: &Table, after: Option<Prefix>, count: usize) -> Vec<PrefixId> {
        let mut place = self.take(after);
        let page = place.read(table, count);
        if page.len() == count {
            self.readers.push(place);
        }
        page
    }

    /// Walks that are under way.
    #[cfg(test)]
    pub(super) fn readers(&self) -> usize {
        self.readers.len()
    }

    /// The place of whoever goes on from there, with room for it to be put back.
    fn take(&mut self, after: Option<Prefix>) -> Place {
        let known = self.readers.iter().position(|place| after.is_some() && place.after == after);
        if let Some(at) = known {
            return self.readers.remove(at);
        }
        if self.readers.len() >= READERS {
            self.readers.remove(0);
        }
        Place { after, stretch: Vec::new() }
    }
}

impl Place {
    fn read(&mut self, table: &Table, count: usize) -> Vec<PrefixId> {
        let mut page = Vec::new();
        while page.len() < count {
            let Some(prefix) = self.stretch.pop() else {
                self.stretch = table.first_after(self.after.as_ref(), STRETCH);
                if self.stretch.is_empty() {
                    break;
                }
                continue;
            };
            self.after = Some(prefix);
            page.extend(table.find(&prefix).filter(|&id| table.has_paths(id)));
        }
        page
    }
}

/// The first `count` of `keys` after `after` that `is_there` lets through, the last one first.
pub(super) fn first_after<K: Copy + Ord>(
    keys: impl Iterator<Item = (PrefixId, K)>,
    after: Option<K>,
    count: usize,
    is_there: impl Fn(PrefixId) -> bool,
) -> Vec<K> {
    let mut found = Vec::new();
    let mut last = None;
    for (id, key) in keys {
        let is_wanted = after.is_none_or(|after| key > after) && last.is_none_or(|last| key < last);
        if is_wanted && is_there(id) {
            found.push(key);
        }
        if found.len() > 2 * count {
            found.select_nth_unstable(count);
            found.truncate(count + 1);
            last = found.last().copied();
        }
    }
    found.sort_unstable();
    found.truncate(count);
    found.reverse();
    found
}

/// Prefixes put in order at once: a few milliseconds' work, beside the walk.
const STRETCH: usize = 1 << 15;
/// Readers that have a stretch of their own; an abandoned one is kept until others have come.
const READERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_found_whatever_the_order_they_stand_in() {
        let there = |id: PrefixId| id.0 % 7 != 3;
        for order in [|n: u32| n, |n: u32| 999 - n, |n: u32| n * 387 % 1000] {
            let keys = || (0..1000).map(|n| (PrefixId(n), order(n)));
            for (after, count) in [(None, 10), (Some(500), 1), (Some(990), 50), (None, 2000)] {
                let mut expected: Vec<_> = keys().filter(|(id, _)| there(*id)).map(|(_, key)| key).collect();
                expected.sort_unstable();
                expected.retain(|key| after.is_none_or(|after| *key > after));
                expected.truncate(count);
                expected.reverse();
                assert_eq!(first_after(keys(), after, count, there), expected);
            }
        }
    }
}
