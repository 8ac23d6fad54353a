//! Randomness for jitter: a small generator that a seed fixes, so that a run can be repeated.

use core::time::Duration;

/// SplitMix64. Good enough to spread timers, which is all it is for.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Three quarters to all of `base` (RFC 4271 §10).
    pub(super) fn jittered(&mut self, base: Duration) -> Duration {
        let quarter = base / 4;
        base - quarter + self.below(quarter)
    }

    /// Anything from nothing to `most`.
    pub(super) fn below(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.next() % nanos.saturating_add(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_between_three_quarters_and_all() {
        let base = Duration::from_secs(120);
        let mut random = Random::new(7);
        for _ in 0..1000 {
            let jittered = random.jittered(base);
            assert!(jittered >= base * 3 / 4 && jittered <= base, "{jittered:?}");
        }
    }
}
