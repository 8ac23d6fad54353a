//! Deadlines of a session, and the jitter that keeps routers from marching in step.
//!
//! HoldTimer and KeepaliveTimer are RFC 4271 §8.1.3, jitter is §10, SendHoldTimer is RFC 9687 §3. A timer is an
//! instant that is compared, so there is nothing to cancel.

use core::time::Duration;

use crate::time::Instant;

/// Why a session wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Something is queued: drain first.
    Drain,
    /// The peer must have spoken until then.
    Hold,
    /// We must speak then.
    Keepalive,
    /// The socket must have taken something until then.
    SendHold,
}

/// Hold and keepalive of an agreed session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timers {
    hold_time: Duration,
    keepalive_time: Duration,
    hold: Instant,
    keepalive: Instant,
}

/// A small generator (SplitMix64): its numbers spread timers and guard nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter(u64);

impl Timers {
    /// Starts both. A time of zero is a timer that never runs (RFC 4271 §4.2).
    pub(super) fn start(
        hold_time: Duration,
        keepalive_time: Duration,
        jitter: &mut Jitter,
        now: Instant,
    ) -> Self {
        let mut timers = Self { hold_time, keepalive_time, hold: now, keepalive: now };
        timers.restart_hold(now);
        timers.restart_keepalive(jitter, now);
        timers
    }

    /// The peer spoke.
    pub(super) fn restart_hold(&mut self, now: Instant) {
        self.hold = now + self.hold_time;
    }

    /// We spoke.
    pub(super) fn restart_keepalive(&mut self, jitter: &mut Jitter, now: Instant) {
        self.keepalive = now + jitter.shorten(self.keepalive_time);
    }

    /// When the peer is given up.
    pub(super) fn hold(&self) -> Option<Instant> {
        (!self.hold_time.is_zero()).then_some(self.hold)
    }

    /// When the next KEEPALIVE goes out.
    pub(super) fn keepalive(&self) -> Option<Instant> {
        (!self.keepalive_time.is_zero()).then_some(self.keepalive)
    }

    /// How long the socket may take nothing: eight minutes, or twice the hold time if that is more; for ever where
    /// there is no hold time (RFC 9687 §3).
    pub(super) fn send_hold_time(&self) -> Option<Duration> {
        (!self.hold_time.is_zero()).then(|| SEND_HOLD_TIME.max(self.hold_time.saturating_mul(2)))
    }
}

impl Jitter {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `duration` times a number from 0.75 up to 1 (RFC 4271 §10).
    pub(super) fn shorten(&mut self, duration: Duration) -> Duration {
        let share = 192 + (self.next() >> 58);
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos((nanos / 256).saturating_mul(share))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The hold time until both OPENs are known (RFC 4271 §8.2.2 suggests four minutes).
pub(super) const LARGE_HOLD_TIME: Duration = Duration::from_secs(240);

/// RFC 9687 §3.
const SEND_HOLD_TIME: Duration = Duration::from_secs(480);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_between_three_quarters_and_the_whole_and_varies() {
        let mut jitter = Jitter::new(7);
        let minute = Duration::from_secs(60);
        let drawn: alloc::vec::Vec<_> = (0..1000).map(|_| jitter.shorten(minute)).collect();
        assert!(drawn.iter().all(|one| *one >= minute * 3 / 4 && *one <= minute));
        assert!(drawn.iter().any(|one| *one < minute * 8 / 10));
        assert!(drawn.iter().any(|one| *one > minute * 95 / 100));
    }

    #[test]
    fn the_same_seed_gives_the_same_jitter() {
        let draw = |seed| Jitter::new(seed).shorten(Duration::from_secs(60));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn send_hold_time_is_eight_minutes_or_twice_the_hold_time() {
        let timers = |hold| {
            Timers::start(Duration::from_secs(hold), Duration::ZERO, &mut Jitter::new(0), Instant::START)
        };
        assert_eq!(timers(180).send_hold_time(), Some(Duration::from_secs(480)));
        assert_eq!(timers(300).send_hold_time(), Some(Duration::from_secs(600)));
        assert_eq!(timers(0).send_hold_time(), None);
    }
}
