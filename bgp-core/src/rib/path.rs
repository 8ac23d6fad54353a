//! One path to one prefix, in sixteen octets.
//!
//! Everything else about a path is behind its ids: who said it ([`SourceId`]), what was said and what policy
//! made of it ([`AttrId`]). The two attribute ids are equal where policy changed nothing, so keeping what was
//! received costs four octets.

use super::attrs::AttrId;
use super::source::SourceId;
use crate::time::Instant;

/// What is kept of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Who said it.
    pub(super) source: SourceId,
    /// As received; [`AttrId::NONE`] in a slot that holds no path.
    pub(super) received: AttrId,
    /// After import policy; [`AttrId::NONE`] if policy refused it.
    pub(super) effective: AttrId,
    stamp: u32,
}

/// A claim about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flag(u32);

impl Flag {
    /// The last decision chose it.
    pub(super) const BEST: Self = Self(1 << 27);
    /// The last decision uses it, alone or beside the best.
    pub(super) const USED: Self = Self(1 << 28);
    /// Its attributes are not those that the last decision saw.
    pub(super) const CHANGED: Self = Self(1 << 29);
    /// It forwards elsewhere than the last decision saw.
    pub(super) const REROUTED: Self = Self(1 << 30);
    /// On the first slot of a prefix: a path that the last decision used is gone since.
    pub(super) const LOST: Self = Self(1 << 31);
}

impl Path {
    /// No path; what a prefix starts with.
    pub(super) const EMPTY: Self =
        Self { source: SourceId::NONE, received: AttrId::NONE, effective: AttrId::NONE, stamp: 0 };

    /// A path that was said at `now`.
    pub(super) fn new(source: SourceId, ids: (AttrId, AttrId), now: Instant) -> Self {
        let seconds = u32::try_from(now.since_start().as_secs()).unwrap_or(AGE_MASK).min(AGE_MASK);
        Self { source, received: ids.0, effective: ids.1, stamp: seconds }
    }

    /// The slot that this path leaves: it remembers whose it was and what the last decision made of it.
    pub(super) fn emptied(&self) -> Self {
        let mut slot = Self { source: self.source, ..Self::EMPTY };
        slot.copy_flags(self);
        slot
    }

    /// Sets or clears a flag.
    pub(super) const fn set(&mut self, flag: Flag, on: bool) {
        if on {
            self.stamp |= flag.0;
        } else {
            self.stamp &= !flag.0;
        }
    }

    /// Takes over every flag of `other`.
    pub(super) const fn copy_flags(&mut self, other: &Self) {
        self.stamp = self.stamp & AGE_MASK | other.stamp & !AGE_MASK;
    }

    /// True if the flag is set.
    pub(super) const fn has(&self, flag: Flag) -> bool {
        self.stamp & flag.0 != 0
    }

    /// True if the slot holds no path.
    pub(super) const fn is_empty(&self) -> bool {
        self.received.is_none()
    }

    /// When it was said, in seconds since the caller's start. Stands still after four years.
    pub(super) const fn said_at(&self) -> u32 {
        self.stamp & AGE_MASK
    }
}

const AGE_MASK: u32 = (1 << 27) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_takes_sixteen_octets() {
        assert_eq!(size_of::<Path>(), 16);
    }
}
