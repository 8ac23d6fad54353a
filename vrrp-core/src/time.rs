//! Time as the caller gives it, and the unit that VRRP counts in.
//!
//! [`Instant`] is nanoseconds since a start of the caller's choice: `core` has no clock, and the machines here must
//! not have one either. [`Centiseconds`] is what the wire and the configuration speak (RFC 9568 §5.2.7); it becomes
//! a [`Duration`] before anything is computed, so neither units nor fractions get lost: RFC 9568 §6.1 divides by
//! 256, which whole centiseconds cannot show.

use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

use crate::types::{Priority, Version};

/// A point in time, in nanoseconds since the caller's start. Good for 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant(u64);

/// Hundredths of a second, the unit of VRRPv3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Centiseconds(u16);

impl Instant {
    /// The caller's start.
    pub const START: Self = Self(0);

    /// The point `since_start` after the start.
    #[must_use]
    pub fn from_start(since_start: Duration) -> Self {
        Self(whole_nanos(since_start))
    }

    /// How far this is from the start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// How far this is after `earlier`; zero if it is not.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Centiseconds {
    /// The longest interval that 12 bits can say (RFC 9568 §5.2.7).
    pub const LONGEST: Self = Self(4095);

    /// `count` hundredths.
    #[must_use]
    pub const fn new(count: u16) -> Self {
        Self(count)
    }

    /// Whole seconds, the unit of VRRPv2.
    #[must_use]
    pub fn from_seconds(seconds: u8) -> Self {
        Self(u16::from(seconds) * 100)
    }

    /// Milliseconds, the unit of the configuration file; nothing if they are not whole hundredths or too many.
    #[must_use]
    pub fn from_millis(millis: u32) -> Option<Self> {
        if millis.is_multiple_of(10) { u16::try_from(millis / 10).ok().map(Self) } else { None }
    }

    /// The count.
    #[must_use]
    pub const fn count(self) -> u16 {
        self.0
    }

    /// The count in milliseconds, for display.
    #[must_use]
    pub fn millis(self) -> u32 {
        u32::from(self.0) * 10
    }

    /// The whole seconds this is, as VRRPv2 must say it.
    #[must_use]
    pub fn whole_seconds(self) -> Option<u8> {
        if self.0.is_multiple_of(100) { u8::try_from(self.0 / 100).ok() } else { None }
    }

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::from(self.0) * 10)
    }
}

/// Skew_Time: what keeps Backups of different priority apart. In VRRPv3 a share of the Active's interval (RFC 9568
/// §6.1), in VRRPv2 of a second (RFC 3768 §6.1). Exact to the nanosecond.
#[must_use]
pub fn skew_time(version: Version, priority: Priority, interval: Centiseconds) -> Duration {
    let whole = match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval.duration(),
    };
    whole * (256 - u32::from(priority.get())) / 256
}

/// Active_Down_Interval: the silence after which a Backup takes over (RFC 9568 §6.1, RFC 3768 §6.1).
#[must_use]
pub fn active_down_interval(version: Version, priority: Priority, interval: Centiseconds) -> Duration {
    interval.duration() * 3 + skew_time(version, priority, interval)
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(whole_nanos(rhs)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

fn whole_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version, priority, interval in hundredths, skew and down interval in nanoseconds.
    const ROWS: [(Version, u8, u16, u64, u64); 9] = [
        (Version::V3, 100, 100, 609_375_000, 3_609_375_000),
        (Version::V3, 200, 100, 218_750_000, 3_218_750_000),
        (Version::V3, 254, 100, 7_812_500, 3_007_812_500),
        (Version::V3, 1, 100, 996_093_750, 3_996_093_750),
        (Version::V3, 200, 10, 21_875_000, 321_875_000),
        (Version::V3, 254, 1, 78_125, 30_078_125),
        (Version::V3, 100, 4095, 24_953_906_250, 147_803_906_250),
        (Version::V2, 100, 100, 609_375_000, 3_609_375_000),
        (Version::V2, 100, 300, 609_375_000, 9_609_375_000),
    ];

    #[test]
    fn skew_and_down_intervals_keep_every_fraction() {
        for (version, priority, interval, skew, down) in ROWS {
            let (priority, interval) = (Priority::new(priority).unwrap(), Centiseconds::new(interval));
            assert_eq!(skew_time(version, priority, interval), Duration::from_nanos(skew));
            assert_eq!(active_down_interval(version, priority, interval), Duration::from_nanos(down));
        }
    }

    #[test]
    fn neighbouring_priorities_never_share_a_skew() {
        for priority in 1..=253 {
            let skew = |p| skew_time(Version::V3, Priority::new(p).unwrap(), Centiseconds::new(1));
            assert!(skew(priority) > skew(priority + 1));
        }
    }

    #[test]
    fn units_change_only_where_nothing_is_lost() {
        assert_eq!(Centiseconds::from_millis(1000), Some(Centiseconds::new(100)));
        assert_eq!(Centiseconds::from_millis(1005), None);
        assert_eq!(Centiseconds::from_millis(1_000_000), None);
        assert_eq!(Centiseconds::new(300).whole_seconds(), Some(3));
        assert_eq!(Centiseconds::new(250).whole_seconds(), None);
        assert_eq!(Centiseconds::from_seconds(255).whole_seconds(), Some(255));
    }
}
