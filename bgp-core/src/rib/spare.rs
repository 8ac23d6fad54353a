//! When memory of numbered slots is given back.
//!
//! Slots have numbers that others hold, so only free ones behind the last that is in use can go. Where the last one
//! stands is only looked for when most slots are free, and again each time that far fewer are in use than the
//! last time: that is a few looks while a table empties, and none while it is in use. A router's own routes come
//! first and stay; what peers sent lies behind them.

use alloc::vec::Vec;

/// What is remembered of the last look.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// How many slots were in use then, or have been since.
    used: usize,
}

impl Spare {
    /// How many of `slots` are worth keeping, if that is less than all; `free` are the numbers of those not in use.
    pub(super) fn look(&mut self, slots: usize, free: impl ExactSizeIterator<Item = u32>) -> Option<usize> {
        let used = slots.saturating_sub(free.len());
        self.used = self.used.max(used);
        if slots < WORTHWHILE || used > slots / 4 || used > self.used / FEWER {
            return None;
        }
        self.used = used;
        let end = end_of_used(slots, free);
        (end < slots).then_some(end)
    }
}

/// The number after the highest one that is not free.
fn end_of_used(slots: usize, free: impl Iterator<Item = u32>) -> usize {
    let mut is_free = alloc::vec![0u64; slots.div_ceil(64)];
    for slot in free {
        if let Some(word) = is_free.get_mut(slot as usize / 64) {
            *word |= 1 << (slot % 64);
        }
    }
    let is_used = |slot: &usize| is_free.get(slot / 64).is_some_and(|word| word & 1 << (slot % 64) == 0);
    (0..slots).rev().find(is_used).map_or(0, |last| last + 1)
}

/// Shortens a list of slots, and gives the memory back.
pub(super) fn cut<T>(slots: &mut Vec<T>, end: usize) {
    slots.truncate(end);
    slots.shrink_to_fit();
}

/// Fewer slots than this are no burden.
const WORTHWHILE: usize = 1 << 12;
/// Each look is for so many times fewer slots in use.
const FEWER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn free(used: &[u32]) -> Vec<u32> {
        (0..10_000).filter(|slot| !used.contains(slot)).collect()
    }

    #[test]
    fn slots_behind_the_last_one_in_use_are_spare() {
        for (used, expected) in
            [(&[][..], Some(0)), (&[0, 7], Some(8)), (&[63, 64], Some(65)), (&[3, 9_999], None)]
        {
            let mut spare = Spare { used: 10_000 };
            assert_eq!(spare.look(10_000, free(used).into_iter()), expected, "{used:?}");
        }
    }

    #[test]
    fn nobody_looks_while_the_table_is_in_use_or_as_empty_as_before() {
        let mut spare = Spare::default();
        assert_eq!(spare.look(10_000, 5_000..10_000u32), None, "half of it is in use");
        assert_eq!(spare.look(10_000, 2_000..10_000u32), None, "not far fewer than before");
        assert_eq!(spare.look(10_000, 600..10_000u32), Some(600));
        assert_eq!(spare.look(10_000, 500..10_000u32), None, "it was looked at 600");
        assert_eq!(spare.look(10_000, 0..10_000u32), Some(0));
        assert_eq!(spare.look(100, 0..100u32), None, "too few to care");
    }
}
